//! Writes CT volumes as classic CT Image Storage series (PS3.3 A.3), one file
//! per slice. Knows nothing of what the voxels show.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use glam::DVec3;
use rayon::prelude::*;

/// Intercept of the stored values; CT numbers below it cannot be written.
const RESCALE_INTERCEPT: i32 = -1024;
/// Identifies this writer in the file meta information (PS3.10 7.1).
const IMPLEMENTATION_UID: &str = "2.25.251287633906574163021486543871249136582";
const IMPLEMENTATION_NAME: &str = "STYLET";

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
    put_patient_and_study(&mut image, series);
    put_series(&mut image, series);
    put_plane(&mut image, series, slice, &uid);
    put_pixels(&mut image, series, hu);
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

fn text(image: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    image.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

fn texts(image: &mut InMemDicomObject, tag: Tag, vr: VR, values: &[String]) {
    image.put(DataElement::new(
        tag,
        vr,
        PrimitiveValue::Strs(values.iter().cloned().collect()),
    ));
}

fn put_patient_and_study(image: &mut InMemDicomObject, series: &CtSeries<'_>) {
    let rows = [
        (tags::PATIENT_NAME, VR::PN, series.patient_name),
        (tags::PATIENT_ID, VR::LO, series.patient_id),
        (tags::PATIENT_BIRTH_DATE, VR::DA, series.patient_birth_date),
        (tags::PATIENT_SEX, VR::CS, series.patient_sex),
        (tags::STUDY_INSTANCE_UID, VR::UI, series.study_instance_uid),
        (tags::STUDY_DATE, VR::DA, series.date),
        (tags::STUDY_TIME, VR::TM, series.time),
        (tags::STUDY_ID, VR::SH, series.study_id),
        (tags::ACCESSION_NUMBER, VR::SH, ""),
        (tags::REFERRING_PHYSICIAN_NAME, VR::PN, ""),
        (tags::STUDY_DESCRIPTION, VR::LO, series.study_description),
    ];
    for (tag, vr, value) in rows {
        text(image, tag, vr, value);
    }
}

fn put_series(image: &mut InMemDicomObject, series: &CtSeries<'_>) {
    let number = series.series_number.to_string();
    let rows = [
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
        (tags::MODALITY, VR::CS, "CT"),
        (
            tags::SERIES_INSTANCE_UID,
            VR::UI,
            series.series_instance_uid,
        ),
        (tags::SERIES_NUMBER, VR::IS, &number),
        (tags::SERIES_DATE, VR::DA, series.date),
        (tags::SERIES_TIME, VR::TM, series.time),
        (tags::SERIES_DESCRIPTION, VR::LO, series.series_description),
        (tags::BODY_PART_EXAMINED, VR::CS, series.body_part),
        (tags::PATIENT_POSITION, VR::CS, series.patient_position),
        (
            tags::FRAME_OF_REFERENCE_UID,
            VR::UI,
            series.frame_of_reference_uid,
        ),
        (tags::POSITION_REFERENCE_INDICATOR, VR::LO, ""),
        (tags::MANUFACTURER, VR::LO, "Stylet"),
        (tags::MANUFACTURER_MODEL_NAME, VR::LO, "Phantom"),
        (tags::SOFTWARE_VERSIONS, VR::LO, "1"),
        (tags::KVP, VR::DS, "120"),
        (tags::GANTRY_DETECTOR_TILT, VR::DS, "0"),
        (tags::CONVOLUTION_KERNEL, VR::SH, "STANDARD"),
    ];
    for (tag, vr, value) in rows {
        text(image, tag, vr, value);
    }
}

/// Decimal string of at most 16 characters (PS3.5 6.2, VR DS).
fn decimal(value: f64) -> String {
    let mut text = format!("{value:.6}");
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    if text == "-0" { "0".into() } else { text }
}

fn put_plane(image: &mut InMemDicomObject, series: &CtSeries<'_>, slice: usize, uid: &str) {
    let [column_mm, row_mm, slice_mm] = series.spacing_mm;
    let position = series.origin_lps_mm + series.slice_direction * (slice as f64 * slice_mm);
    let decimals = |values: &[f64]| values.iter().map(|v| decimal(*v)).collect::<Vec<_>>();
    let orientation: Vec<f64> = series
        .column_direction
        .to_array()
        .into_iter()
        .chain(series.row_direction.to_array())
        .collect();
    let location = position.dot(series.column_direction.cross(series.row_direction));
    let number = (slice + 1).to_string();
    let rows = [
        (tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
        (tags::SOP_INSTANCE_UID, VR::UI, uid),
        (tags::INSTANCE_NUMBER, VR::IS, &number),
        (tags::ACQUISITION_NUMBER, VR::IS, "1"),
        (tags::ACQUISITION_DATE, VR::DA, series.date),
        (tags::ACQUISITION_TIME, VR::TM, series.time),
        (tags::CONTENT_DATE, VR::DA, series.date),
        (tags::CONTENT_TIME, VR::TM, series.time),
        (tags::DERIVATION_DESCRIPTION, VR::ST, series.derivation),
        (tags::IMAGE_COMMENTS, VR::LT, series.derivation),
        (tags::BURNED_IN_ANNOTATION, VR::CS, "NO"),
    ];
    for (tag, vr, value) in rows {
        text(image, tag, vr, value);
    }
    let image_type = ["DERIVED", "SECONDARY", "AXIAL"].map(String::from);
    texts(image, tags::IMAGE_TYPE, VR::CS, &image_type);
    texts(
        image,
        tags::PIXEL_SPACING,
        VR::DS,
        &decimals(&[row_mm, column_mm]),
    );
    texts(
        image,
        tags::IMAGE_ORIENTATION_PATIENT,
        VR::DS,
        &decimals(&orientation),
    );
    texts(
        image,
        tags::IMAGE_POSITION_PATIENT,
        VR::DS,
        &decimals(&position.to_array()),
    );
    text(image, tags::SLICE_THICKNESS, VR::DS, &decimal(slice_mm));
    text(
        image,
        tags::SPACING_BETWEEN_SLICES,
        VR::DS,
        &decimal(slice_mm),
    );
    text(image, tags::SLICE_LOCATION, VR::DS, &decimal(location));
}

fn put_pixels(image: &mut InMemDicomObject, series: &CtSeries<'_>, hu: &[i16]) {
    let shorts = [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, series.rows as u16),
        (tags::COLUMNS, series.columns as u16),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 16),
        (tags::HIGH_BIT, 15),
        (tags::PIXEL_REPRESENTATION, 0),
    ];
    for (tag, value) in shorts {
        image.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    text(
        image,
        tags::PHOTOMETRIC_INTERPRETATION,
        VR::CS,
        "MONOCHROME2",
    );
    text(
        image,
        tags::RESCALE_INTERCEPT,
        VR::DS,
        &RESCALE_INTERCEPT.to_string(),
    );
    text(image, tags::RESCALE_SLOPE, VR::DS, "1");
    text(image, tags::RESCALE_TYPE, VR::LO, "HU");
    if !series.windows.is_empty() {
        let list = |value: &dyn Fn(&Window<'_>) -> String| {
            series.windows.iter().map(value).collect::<Vec<_>>()
        };
        texts(
            image,
            tags::WINDOW_CENTER,
            VR::DS,
            &list(&|w| decimal(w.center_hu)),
        );
        texts(
            image,
            tags::WINDOW_WIDTH,
            VR::DS,
            &list(&|w| decimal(w.width_hu)),
        );
        let explanations = list(&|w| w.explanation.to_owned());
        texts(
            image,
            tags::WINDOW_CENTER_WIDTH_EXPLANATION,
            VR::LO,
            &explanations,
        );
    }
    // `check` holds every value at or above the intercept, so the difference fits 16 bits unsigned.
    let stored: Vec<u16> = hu
        .iter()
        .map(|value| (i32::from(*value) - RESCALE_INTERCEPT) as u16)
        .collect();
    image.put(DataElement::new(
        tags::PIXEL_DATA,
        VR::OW,
        PrimitiveValue::U16(stored.into()),
    ));
}
