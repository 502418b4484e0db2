//! Writes a generated phantom as a study on disk: CT images, label map and truth.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::noise::mix;
use super::{Label, Phantom, PhantomError, PhantomGrid, generate, labels};
use crate::dicom::write_ct::{CtSeries, Window, write_ct_series};

/// Files of a written sample study.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleStudy {
    /// CT images from the feet up, `CT/IM0001.dcm` first.
    pub ct_files: Vec<PathBuf>,
    /// Truth as JSON.
    pub truth_path: PathBuf,
    /// Label map: one byte per voxel, ordered as the CT; `labels.json` beside it explains it.
    pub labels_path: PathBuf,
}

/// Share of the work that is generating rather than writing.
const GENERATING: f64 = 0.85;

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
    let ct_folder = folder.join("CT");
    fs::create_dir_all(&ct_folder).map_err(|source| PhantomError::File {
        path: ct_folder.clone(),
        source,
    })?;
    let uids = Uids::of(seed, grid);
    let ct_files = write_ct_series(&series(&phantom, &uids), &ct_folder, &|share| {
        progress(GENERATING + share * (1.0 - GENERATING))
    })?;
    let truth_path = folder.join("truth.json");
    write_whole(&truth_path, &serde_json::to_vec_pretty(&phantom.truth)?)?;
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
        truth_path,
        labels_path,
    })
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
struct Uids {
    study: String,
    series: String,
    frame_of_reference: String,
    images: String,
}

impl Uids {
    fn of(seed: u64, grid: &PhantomGrid) -> Self {
        let size = (grid.columns as u64) << 40 | (grid.rows as u64) << 20 | grid.slices as u64;
        let base = mix(seed ^ mix(size));
        Self {
            study: uid(base, 1),
            series: uid(base, 2),
            frame_of_reference: uid(base, 3),
            images: uid(base, 4),
        }
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

fn series<'a>(phantom: &'a Phantom, uids: &'a Uids) -> CtSeries<'a> {
    CtSeries {
        patient_name: "Stylet^Sample Lumbar",
        patient_id: "STYLET-0",
        patient_sex: "O",
        patient_birth_date: "19700101",
        study_instance_uid: &uids.study,
        series_instance_uid: &uids.series,
        frame_of_reference_uid: &uids.frame_of_reference,
        sop_instance_uid_root: &uids.images,
        study_id: "SAMPLE",
        study_description: "Sample lumbar spine",
        series_description: "Lumbar spine prone, simulated",
        series_number: 2,
        date: "20260101",
        time: "120000",
        body_part: "LSPINE",
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
