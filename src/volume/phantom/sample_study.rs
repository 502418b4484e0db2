//! Writes a generated phantom as a study on disk: CT images, label map and truth.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::companion::Companion;
use super::noise::mix;
use super::{
    Label, Phantom, PhantomError, PhantomGrid, Truth, generate, labels, sample_structures,
};
use crate::dicom::identity::Identity;
use crate::dicom::write_ct::{CtSeries, Window, write_ct_series};
use crate::dicom::write_object::Moment;
use crate::dicom::write_segmentation::NewSegmentation;
use crate::study::{FrameOfReferenceUid, StudyUid};

/// Files of a written sample study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleStudy {
    /// CT images from the feet up, `CT/IM0001.dcm` first.
    pub ct_files: Vec<PathBuf>,
    /// The label map as a DICOM segmentation, `SEG/labels.dcm`.
    pub segmentation_path: PathBuf,
    /// Truth as JSON.
    pub truth_path: PathBuf,
    /// Label map: one byte per voxel, ordered as the CT; `labels.json` beside it explains it.
    pub labels_path: PathBuf,
}

/// Share of the work that is generating rather than writing.
const GENERATING: f64 = 0.75;
/// Share of the writing that is writing the images rather than the rest.
const IMAGES: f64 = 0.48;

#[derive(Serialize)]
struct LabelMap<'a> {
    /// Columns, rows, slices; columns run fastest.
    size: [usize; 3],
    spacing_mm: [f64; 3],
    origin_lps_mm: [f64; 3],
    column_direction: [f64; 3],
    row_direction: [f64; 3],
    slice_direction: [f64; 3],
    labels: &'a [Label],
}

/// Makes the sample study of `seed` and writes it into `folder`.
///
/// Files appear under their name only once complete. The same seed and grid give the same bytes.
pub fn write_sample_study(
    seed: u64,
    grid: &PhantomGrid,
    folder: &Path,
    progress: &(dyn Fn(f64) -> ControlFlow<()> + Sync),
) -> Result<SampleStudy, PhantomError> {
    let phantom = generate(seed, grid, &|share| progress(share * GENERATING))?;
    write_ct(&phantom, &Uids::of(seed, grid), folder, &|share| {
        progress(GENERATING + share * (1.0 - GENERATING))
    })
}

/// Writes CT, segmentation, truth and label map.
pub(super) fn write_ct(
    phantom: &Phantom,
    uids: &Uids,
    folder: &Path,
    progress: &(dyn Fn(f64) -> ControlFlow<()> + Sync),
) -> Result<SampleStudy, PhantomError> {
    let ct_folder = folder.join("CT");
    let seg_folder = folder.join("SEG");
    for folder in [&ct_folder, &seg_folder] {
        fs::create_dir_all(folder).map_err(|source| PhantomError::File {
            path: folder.clone(),
            source,
        })?;
    }
    let series = series(phantom, uids);
    let ct_files = write_ct_series(&series, &ct_folder, &|share| progress(share * IMAGES))?;
    let segmentation_path = seg_folder.join("labels.dcm");
    let images = uids.image_uids(phantom.grid.slices);
    let segmentation = segmentation(&series, uids, &images);
    sample_structures::write(phantom, &segmentation, &segmentation_path, &|share| {
        progress(IMAGES + share * (1.0 - IMAGES))
    })?;
    let truth_path = write_truth(&phantom.truth, folder)?;
    let labels_path = folder.join("labels.bin");
    write_whole(&labels_path, &phantom.labels)?;
    let table = labels();
    let map = LabelMap {
        size: [phantom.grid.columns, phantom.grid.rows, phantom.grid.slices],
        spacing_mm: phantom.grid.spacing_mm,
        origin_lps_mm: phantom.origin_lps_mm.to_array(),
        column_direction: phantom.column_direction.to_array(),
        row_direction: phantom.row_direction.to_array(),
        slice_direction: phantom.slice_direction.to_array(),
        labels: &table,
    };
    write_whole(
        &folder.join("labels.json"),
        &serde_json::to_vec_pretty(&map)?,
    )?;
    Ok(SampleStudy {
        ct_files,
        segmentation_path,
        truth_path,
        labels_path,
    })
}

/// Writes `truth.json`.
pub(super) fn write_truth(truth: &Truth, folder: &Path) -> Result<PathBuf, PhantomError> {
    let path = folder.join("truth.json");
    write_whole(&path, &serde_json::to_vec_pretty(truth)?)?;
    Ok(path)
}

/// Writes under a temporary name first, so that no half-written file is ever read.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), PhantomError> {
    let part = path.with_extension("part");
    fs::write(&part, bytes)
        .and_then(|()| fs::rename(&part, path))
        .map_err(|source| PhantomError::File {
            path: path.to_path_buf(),
            source,
        })
}

/// Unique identifiers derived from the seed and the grid.
pub(super) struct Uids {
    base: u64,
    study: String,
    series: String,
    frame_of_reference: String,
    images: String,
    segmentation_series: String,
    segmentation: String,
    dimensions: String,
}

impl Uids {
    pub(super) fn of(seed: u64, grid: &PhantomGrid) -> Self {
        let size = (grid.columns as u64) << 40 | (grid.rows as u64) << 20 | grid.slices as u64;
        let base = mix(seed ^ mix(size));
        Self {
            base,
            study: uid(base, 1),
            series: uid(base, 2),
            frame_of_reference: uid(base, 3),
            images: uid(base, 4),
            segmentation_series: uid(base, 5),
            segmentation: uid(base, 6),
            dimensions: uid(base, 7),
        }
    }

    /// Those of the images, as the CT writer makes them.
    fn image_uids(&self, slices: usize) -> Vec<String> {
        let numbers = 1..=slices;
        numbers
            .map(|number| format!("{}.{number}", self.images))
            .collect()
    }
}

/// A `2.25.` identifier (PS3.5 B.2) from a name-based UUID with version and variant set.
fn uid(base: u64, kind: u64) -> String {
    let high = mix(base ^ (kind << 8));
    let low = mix(high ^ 0x5354_594C_4554);
    let bits = (u128::from(high) << 64) | u128::from(low);
    let versioned = (bits & !(0xF_u128 << 76)) | (0x8_u128 << 76);
    let uuid = (versioned & !(0x3_u128 << 62)) | (0x2_u128 << 62);
    format!("2.25.{uuid}")
}

/// Whose study it is.
struct Patient {
    name: &'static str,
    id: &'static str,
    sex: &'static str,
    birth_date: &'static str,
}

const PATIENT: Patient = Patient {
    name: "Stylet^Sample Lumbar",
    id: "STYLET-0",
    sex: "O",
    birth_date: "19700101",
};
const STUDY_ID: &str = "SAMPLE";
const STUDY_DESCRIPTION: &str = "Sample lumbar spine";
const DATE: &str = "20260101";
const TIME: &str = "120000";
const BODY_PART: &str = "LSPINE";

/// What the other series share with the CT.
pub(super) fn companion(uids: &Uids) -> Companion {
    let base = uids.base;
    Companion {
        identity: Identity {
            patient_name: PATIENT.name.to_owned(),
            patient_id: PATIENT.id.to_owned(),
            birth_date: PATIENT.birth_date.to_owned(),
            sex: PATIENT.sex.to_owned(),
            study_date: DATE.to_owned(),
            study_time: TIME.to_owned(),
            study_id: STUDY_ID.to_owned(),
            study_description: STUDY_DESCRIPTION.to_owned(),
            body_part: BODY_PART.to_owned(),
            ..Identity::of_study(StudyUid::new(&uids.study))
        },
        frame_of_reference: FrameOfReferenceUid::new(&uids.frame_of_reference),
        made: Moment {
            date: DATE.to_owned(),
            time: TIME.to_owned(),
        },
        uids: Box::new(move |number| {
            let kind = u64::from(number) << 8;
            [uid(base, kind), uid(base, kind | 1)]
        }),
    }
}

fn series<'a>(phantom: &'a Phantom, uids: &'a Uids) -> CtSeries<'a> {
    CtSeries {
        patient_name: PATIENT.name,
        patient_id: PATIENT.id,
        patient_sex: PATIENT.sex,
        patient_birth_date: PATIENT.birth_date,
        study_instance_uid: &uids.study,
        series_instance_uid: &uids.series,
        frame_of_reference_uid: &uids.frame_of_reference,
        sop_instance_uid_root: &uids.images,
        study_id: STUDY_ID,
        study_description: STUDY_DESCRIPTION,
        series_description: "Lumbar spine prone, simulated",
        series_number: 2,
        date: DATE,
        time: TIME,
        body_part: BODY_PART,
        derivation: "Simulated by Stylet; not a patient",
        patient_position: "HFP",
        origin_lps_mm: phantom.origin_lps_mm,
        column_direction: phantom.column_direction,
        row_direction: phantom.row_direction,
        slice_direction: phantom.slice_direction,
        spacing_mm: phantom.grid.spacing_mm,
        columns: phantom.grid.columns,
        rows: phantom.grid.rows,
        slices: phantom.grid.slices,
        hu: &phantom.hu,
        windows: &WINDOWS,
    }
}

/// What the segmentation says of itself and shares with the images. Its box is not known yet.
fn segmentation<'a>(
    series: &CtSeries<'a>,
    uids: &'a Uids,
    images: &'a [String],
) -> NewSegmentation<'a> {
    NewSegmentation {
        patient_name: series.patient_name,
        patient_id: series.patient_id,
        patient_sex: series.patient_sex,
        patient_birth_date: series.patient_birth_date,
        study_instance_uid: series.study_instance_uid,
        study_id: series.study_id,
        study_description: series.study_description,
        date: series.date,
        time: series.time,
        series_instance_uid: &uids.segmentation_series,
        sop_instance_uid: &uids.segmentation,
        dimension_organization_uid: &uids.dimensions,
        series_number: 3,
        series_description: "Labelled anatomy, simulated",
        content_label: "ANATOMY",
        content_description: "Labelled anatomy of the sample study",
        algorithm: "Stylet phantom",
        frame_of_reference_uid: series.frame_of_reference_uid,
        image_series_uid: series.series_instance_uid,
        image_class_uid: CT_IMAGE_CLASS,
        image_uids: images,
        origin_lps_mm: series.origin_lps_mm,
        column_direction: series.column_direction,
        row_direction: series.row_direction,
        slice_direction: series.slice_direction,
        spacing_mm: series.spacing_mm,
        columns: series.columns,
        rows: series.rows,
        segments: &[],
    }
}

/// CT Image Storage.
const CT_IMAGE_CLASS: &str = "1.2.840.10008.5.1.4.1.1.2";

/// Presets written into each image.
const WINDOWS: [Window<'static>; 2] = [
    Window {
        width_hu: 400.0,
        center_hu: 40.0,
        explanation: "SOFT TISSUE",
    },
    Window {
        width_hu: 2000.0,
        center_hu: 400.0,
        explanation: "BONE",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_short_enough_and_differ() {
        let grid = PhantomGrid::coarse();
        let (a, b) = (Uids::of(0, &grid), Uids::of(1, &grid));
        for name in [
            &a.study,
            &a.series,
            &a.frame_of_reference,
            &a.images,
            &b.study,
        ] {
            assert!(name.len() <= 44 && name.starts_with("2.25."), "{name}");
        }
        assert_ne!(a.study, b.study);
        assert_ne!(a.study, a.series);
    }
}
