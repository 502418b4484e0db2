//! Writes CT volumes as classic CT Image Storage series (PS3.3 A.3), one file
//! per slice. Knows nothing of what the voxels show.

mod attributes;

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use dicom_dictionary_std::uids;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use glam::DVec3;
use rayon::prelude::*;

pub(crate) use attributes::decimal;

/// Intercept of the stored values; CT numbers below it cannot be written.
const RESCALE_INTERCEPT: i32 = -1024;
/// Identifies this writer in the file meta information (PS3.10 7.1).
pub(super) const IMPLEMENTATION_UID: &str = "2.25.251287633906574163021486543871249136582";
pub(super) const IMPLEMENTATION_NAME: &str = "STYLET";

/// Why a series could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteCtError {
    /// The caller asked to stop.
    #[error("Writing the CT series was cancelled")]
    Cancelled,
    /// Number of voxels and size of the series disagree, or a side is empty or over 65535.
    #[error("The CT series says {columns} x {rows} x {slices} voxels but has {found}")]
    Size {
        /// Columns.
        columns: usize,
        /// Rows.
        rows: usize,
        /// Slices.
        slices: usize,
        /// Voxels handed over.
        found: usize,
    },
    /// A CT number lies below what the stored values can hold.
    #[error("CT number {hu} HU is below -1024 HU and cannot be stored")]
    TooLow {
        /// The offending CT number.
        hu: i16,
    },
    /// The DICOM encoder refused an image.
    #[error("Cannot encode CT image {number}: {message}\nFile: {path}")]
    Encode {
        /// Instance number, from 1.
        number: usize,
        /// What the encoder said.
        message: String,
        /// Path of the image.
        path: PathBuf,
    },
    /// The file could not be written or renamed.
    #[error("Cannot write CT image {number}: {source}\nFile: {path}")]
    File {
        /// Instance number, from 1.
        number: usize,
        /// What the system said.
        source: std::io::Error,
        /// Path of the image.
        path: PathBuf,
    },
}

/// Window preset (PS3.3 C.11.2.1.2).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Window<'a> {
    /// Window Width, HU.
    pub width_hu: f64,
    /// Window Center, HU.
    pub center_hu: f64,
    /// Window Center & Width Explanation.
    pub explanation: &'a str,
}

/// A CT series to write.
#[derive(Debug, Clone, Copy)]
pub struct CtSeries<'a> {
    /// Patient's Name (0010,0010).
    pub patient_name: &'a str,
    /// Patient ID (0010,0020).
    pub patient_id: &'a str,
    /// Patient's Sex (0010,0040): `M`, `F`, `O` or empty.
    pub patient_sex: &'a str,
    /// Patient's Birth Date (0010,0030), YYYYMMDD or empty.
    pub patient_birth_date: &'a str,
    /// Study Instance UID.
    pub study_instance_uid: &'a str,
    /// Series Instance UID.
    pub series_instance_uid: &'a str,
    /// Frame of Reference UID.
    pub frame_of_reference_uid: &'a str,
    /// SOP Instance UIDs are this, a dot and the instance number.
    pub sop_instance_uid_root: &'a str,
    /// Study ID.
    pub study_id: &'a str,
    /// Study Description.
    pub study_description: &'a str,
    /// Series Description.
    pub series_description: &'a str,
    /// Series Number.
    pub series_number: u32,
    /// Study, series and acquisition date, YYYYMMDD.
    pub date: &'a str,
    /// Study, series and acquisition time, HHMMSS.
    pub time: &'a str,
    /// Body Part Examined, a defined term of PS3.16 annex L.
    pub body_part: &'a str,
    /// Derivation Description; the image is marked DERIVED\SECONDARY.
    pub derivation: &'a str,
    /// Patient Position (0018,5100).
    pub patient_position: &'a str,
    /// Centre of voxel (0, 0, 0), LPS mm.
    pub origin_lps_mm: DVec3,
    /// Direction in which the column index grows, unit LPS vector.
    pub column_direction: DVec3,
    /// Direction in which the row index grows, unit LPS vector.
    pub row_direction: DVec3,
    /// Direction in which the slice index grows, unit LPS vector.
    pub slice_direction: DVec3,
    /// Spacing along column, row and slice direction, mm.
    pub spacing_mm: [f64; 3],
    /// Columns of an image.
    pub columns: usize,
    /// Rows of an image.
    pub rows: usize,
    /// Images.
    pub slices: usize,
    /// CT numbers, HU, −1024 or above; columns run fastest, then rows, then slices.
    pub hu: &'a [i16],
    /// Window presets, first one the default.
    pub windows: &'a [Window<'a>],
}

/// Writes one file per slice into an existing folder: `IM0001.dcm` and so on.
///
/// Files are written in parallel, each under a temporary name and then renamed.
/// `progress` gets a fraction 0..=1 and cancels with `Break`.
pub fn write_ct_series(
    series: &CtSeries<'_>,
    folder: &Path,
    progress: &(dyn Fn(f64) -> ControlFlow<()> + Sync),
) -> Result<Vec<PathBuf>, WriteCtError> {
    check(series)?;
    let per_slice = series.columns * series.rows;
    let done = AtomicUsize::new(0);
    let cancelled = AtomicBool::new(false);
    series
        .hu
        .par_chunks(per_slice)
        .enumerate()
        .map(|(slice, hu)| {
            if cancelled.load(Ordering::Relaxed) {
                return Err(WriteCtError::Cancelled);
            }
            let path = folder.join(format!("IM{:04}.dcm", slice + 1));
            write_image(series, slice, hu, &path)?;
            let finished = done.fetch_add(1, Ordering::Relaxed) + 1;
            if progress(finished as f64 / series.slices as f64).is_break() {
                cancelled.store(true, Ordering::Relaxed);
            }
            Ok(path)
        })
        .collect()
}

fn check(series: &CtSeries<'_>) -> Result<(), WriteCtError> {
    let side = |count: usize| (1..=usize::from(u16::MAX)).contains(&count);
    let voxels = series
        .columns
        .saturating_mul(series.rows)
        .saturating_mul(series.slices);
    if !side(series.columns) || !side(series.rows) || voxels == 0 || voxels != series.hu.len() {
        return Err(WriteCtError::Size {
            columns: series.columns,
            rows: series.rows,
            slices: series.slices,
            found: series.hu.len(),
        });
    }
    match series.hu.iter().copied().min() {
        Some(hu) if i32::from(hu) < RESCALE_INTERCEPT => Err(WriteCtError::TooLow { hu }),
        _ => Ok(()),
    }
}

fn write_image(
    series: &CtSeries<'_>,
    slice: usize,
    hu: &[i16],
    path: &Path,
) -> Result<(), WriteCtError> {
    let number = slice + 1;
    let encode = |message: String| WriteCtError::Encode {
        number,
        message,
        path: path.to_path_buf(),
    };
    let file = |source: std::io::Error| WriteCtError::File {
        number,
        source,
        path: path.to_path_buf(),
    };
    let uid = format!("{}.{number}", series.sop_instance_uid_root);
    let mut image = InMemDicomObject::new_empty();
    attributes::put(&mut image, series, slice, &uid);
    attributes::put_pixels(&mut image, series, hu);
    let meta = FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(uids::CT_IMAGE_STORAGE)
        .media_storage_sop_instance_uid(uid)
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        .implementation_class_uid(IMPLEMENTATION_UID)
        .implementation_version_name(IMPLEMENTATION_NAME);
    let object = image
        .with_meta(meta)
        .map_err(|source| encode(source.to_string()))?;
    let mut bytes = Vec::with_capacity(hu.len() * 2 + 4096);
    object
        .write_all(&mut bytes)
        .map_err(|source| encode(source.to_string()))?;
    let part = path.with_extension("part");
    fs::write(&part, &bytes).map_err(file)?;
    fs::rename(&part, path).map_err(file)
}

#[cfg(test)]
mod tests {
    use dicom_dictionary_std::tags;
    use dicom_object::open_file;

    use super::*;

    fn series(hu: &[i16]) -> CtSeries<'_> {
        CtSeries {
            patient_name: "Test^Series",
            patient_id: "T-1",
            patient_sex: "O",
            patient_birth_date: "",
            study_instance_uid: "2.25.1",
            series_instance_uid: "2.25.2",
            frame_of_reference_uid: "2.25.3",
            sop_instance_uid_root: "2.25.4",
            study_id: "1",
            study_description: "Test",
            series_description: "Test",
            series_number: 1,
            date: "20260101",
            time: "120000",
            body_part: "LSPINE",
            derivation: "Simulated",
            patient_position: "HFP",
            origin_lps_mm: DVec3::new(10.5, 20.25, -30.125),
            column_direction: -DVec3::X,
            row_direction: -DVec3::Y,
            slice_direction: DVec3::Z,
            spacing_mm: [0.75, 0.5, 2.0],
            columns: 3,
            rows: 2,
            slices: 2,
            hu,
            windows: &[Window {
                width_hu: 400.0,
                center_hu: 40.0,
                explanation: "SOFT TISSUE",
            }],
        }
    }

    #[test]
    fn geometry_and_values_read_back() {
        let hu: Vec<i16> = (0..12).map(|i| i * 300 - 1024).collect();
        let folder = tempfile::tempdir().unwrap();
        let run = |_: f64| ControlFlow::Continue(());
        let files = write_ct_series(&series(&hu), folder.path(), &run).unwrap();
        let image = open_file(&files[1]).unwrap();
        let numbers = |tag| -> Vec<f64> { image.element(tag).unwrap().to_multi_float64().unwrap() };
        assert_eq!(
            numbers(tags::IMAGE_POSITION_PATIENT),
            [10.5, 20.25, -28.125]
        );
        assert_eq!(
            numbers(tags::PIXEL_SPACING),
            [0.5, 0.75],
            "row spacing comes first"
        );
        assert_eq!(
            numbers(tags::IMAGE_ORIENTATION_PATIENT),
            [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0]
        );
        let stored = image
            .element(tags::PIXEL_DATA)
            .unwrap()
            .to_multi_int::<u16>()
            .unwrap();
        let back: Vec<i32> = stored
            .iter()
            .map(|v| i32::from(*v) + RESCALE_INTERCEPT)
            .collect();
        assert_eq!(
            back,
            hu[6..].iter().map(|v| i32::from(*v)).collect::<Vec<_>>()
        );
    }

    #[test]
    fn values_below_the_intercept_and_wrong_sizes_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let run = |_: f64| ControlFlow::Continue(());
        let low = write_ct_series(&series(&[-1025; 12]), folder.path(), &run);
        assert!(matches!(low, Err(WriteCtError::TooLow { hu: -1025 })));
        let short = write_ct_series(&series(&[0; 11]), folder.path(), &run);
        assert!(matches!(short, Err(WriteCtError::Size { found: 11, .. })));
    }

    #[test]
    fn writing_stops_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let hu = [0; 12];
        let mut long = series(&hu);
        long.slices = 12;
        long.columns = 1;
        long.rows = 1;
        let result = write_ct_series(&long, folder.path(), &|_| ControlFlow::Break(()));
        assert!(matches!(result, Err(WriteCtError::Cancelled)));
    }
}
