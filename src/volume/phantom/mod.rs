//! Sample study generator: a parametric lumbar spine CT, T12 to the coccyx, with
//! a label map and the truth about every target of the clinical reference sheet.
//!
//! The patient lies prone, head first. Anatomy comes from the tables in
//! `sample-data/` (sections 3 and 4.1 of the sheet); nothing stems from a patient.

mod anatomy;
mod bone;
mod canal;
mod companion;
mod complete_study;
mod contrast_flow;
mod contrast_medium;
mod ct;
mod disc;
mod facet;
mod fluoroscopy;
mod gluteal;
mod gut;
mod kidney;
mod label;
#[cfg(test)]
mod measurements;
mod mr;
mod mr_series;
mod muscles;
mod nerves;
mod noise;
mod organs;
mod pelvis;
mod pose;
mod radiograph;
mod reference_path;
mod ribs;
mod sacral_curve;
mod sacrum;
mod sample_structures;
mod sample_study;
mod scene;
mod shape;
mod skin_field;
mod soft_tissue;
mod splat;
mod survey;
mod targets;
#[cfg(test)]
mod tests;
mod truth;
mod tube;
mod vertebra;
mod vessels;
mod voxelize;
mod warp;
mod xray_detector;

use std::ops::ControlFlow;

use glam::DVec3;
use serde::{Deserialize, Serialize};

pub use complete_study::{CompleteStudy, STUDY_FOLDERS, write_complete_study};
pub use label::{GAP_NAMES, Label, Side, VERTEBRA_NAMES, labels};
pub use sample_study::{SampleStudy, write_sample_study};
pub use truth::{
    CanalTruth, ContrastTruth, GanglionTruth, GapTruth, Midline, NeedleTruth, PlaneTruth,
    ProjectionTruth, ReferencePath, SkinField, Target, TargetKind, Truth, VertebraTruth,
};

use super::{SliceStore, Volume, Voxels};
use crate::geometry::{Point, Transform, Vector};
use crate::study::{ModalityLut, SeriesUid, StackGeometry};
use scene::Scene;
use voxelize::{GridSpace, voxelize};

/// Why a sample study could not be made.
#[derive(Debug, thiserror::Error)]
pub enum PhantomError {
    /// The caller asked to stop.
    #[error("The sample study was cancelled")]
    Cancelled,
    /// The grid has no voxels, too many, or a spacing that is not positive.
    #[error("The sample study cannot be made on this grid: {columns} x {rows} x {slices} voxels")]
    Grid {
        /// Columns asked for.
        columns: usize,
        /// Rows asked for.
        rows: usize,
        /// Slices asked for.
        slices: usize,
    },
    /// An embedded table is not valid TOML.
    #[error("The embedded table {name} cannot be read: {source}")]
    Table {
        /// Table name.
        name: &'static str,
        /// What the parser said.
        source: Box<toml::de::Error>,
    },
    /// A row is missing, has the wrong number of values, or names no source.
    #[error("The embedded table row {row} is missing or malformed")]
    Row {
        /// Section and name of the row.
        row: String,
    },
    /// The CT series could not be written.
    #[error(transparent)]
    Write(#[from] crate::dicom::write_ct::WriteCtError),
    /// The segmentation could not be written.
    #[error(transparent)]
    Segmentation(#[from] crate::dicom::write_segmentation::WriteSegmentationError),
    /// An MR or fluoroscopy image could not be written.
    #[error(transparent)]
    Image(#[from] crate::dicom::write_object::WriteObjectError),
    /// The volume cannot be projected.
    #[error(transparent)]
    Attenuation(#[from] super::attenuation::AttenuationError),
    /// A file beside the series could not be written.
    #[error("Cannot write the sample study: {source}\nFile: {path}")]
    File {
        /// Path that failed.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The truth or label table could not be put into JSON.
    #[error("Cannot write the sample study as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Voxel grid of a sample study; the body it covers is always the same.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhantomGrid {
    /// Voxels along a row of the image.
    pub columns: usize,
    /// Rows of the image.
    pub rows: usize,
    /// Images.
    pub slices: usize,
    /// Distances between voxel centres along column, row and slice direction, mm.
    pub spacing_mm: [f64; 3],
}

/// Field of view, mm: wide enough for the skin over the hips.
const FIELD_MM: f64 = 368.0;
/// Length scanned, mm: T12 to below the coccyx.
const LENGTH_MM: f64 = 344.0;
/// Largest grid accepted, about four times the full one.
const MOST_VOXELS: usize = 400_000_000;

impl PhantomGrid {
    /// The grid of the delivered sample: 512 × 512 × 344 at 0.72 × 0.72 × 1 mm.
    pub fn full() -> Self {
        Self::of(512, 344)
    }

    /// A small grid over the same body for tests: 128 × 128 × 86.
    pub fn coarse() -> Self {
        Self::of(128, 86)
    }

    /// A square grid over the same body.
    pub fn of(columns: usize, slices: usize) -> Self {
        let in_plane = FIELD_MM / columns.max(1) as f64;
        Self {
            columns,
            rows: columns,
            slices,
            spacing_mm: [in_plane, in_plane, LENGTH_MM / slices.max(1) as f64],
        }
    }

    fn check(&self) -> Result<(), PhantomError> {
        let voxels = self
            .columns
            .saturating_mul(self.rows)
            .saturating_mul(self.slices);
        let positive = self.spacing_mm.iter().all(|s| s.is_finite() && *s > 0.0);
        if voxels == 0 || voxels > MOST_VOXELS || !positive {
            return Err(PhantomError::Grid {
                columns: self.columns,
                rows: self.rows,
                slices: self.slices,
            });
        }
        Ok(())
    }
}

/// A generated volume in scanner orientation, head first prone.
#[derive(Debug, Clone)]
pub struct Phantom {
    /// Grid of the voxels.
    pub grid: PhantomGrid,
    /// Centre of voxel (0, 0, 0), LPS mm.
    pub origin_lps_mm: DVec3,
    /// Direction in which the column index grows, unit LPS vector.
    pub column_direction: DVec3,
    /// Direction in which the row index grows, unit LPS vector.
    pub row_direction: DVec3,
    /// Direction in which the slice index grows, unit LPS vector.
    pub slice_direction: DVec3,
    /// CT numbers in HU; columns run fastest, then rows, then slices.
    pub hu: Vec<i16>,
    /// Label numbers, ordered as `hu`; see [`labels`].
    pub labels: Vec<u8>,
    /// Truth about the targets.
    pub truth: Truth,
}

impl Phantom {
    /// The CT as a volume.
    fn volume(&self) -> Volume {
        let vector = |v: DVec3| Vector::from(v.to_array());
        let geometry = StackGeometry {
            origin: Point::from(self.origin_lps_mm.to_array()),
            column_direction: vector(self.column_direction),
            row_direction: vector(self.row_direction),
            slice_direction: vector(self.slice_direction),
            spacing_mm: self.grid.spacing_mm,
            slices: self.grid.slices,
            slice_of_frame: (0..self.grid.slices).collect(),
            uneven_positions: None,
        };
        let lps_from_voxel = geometry.lps_from_voxel();
        let per_slice = self.grid.columns * self.grid.rows;
        let store = SliceStore::new(self.grid.slices, per_slice);
        for (slice, hu) in self.hu.chunks(per_slice.max(1)).enumerate() {
            store.fill(slice, hu.into());
        }
        Volume {
            series: SeriesUid::new("2.25.0"),
            frame_of_reference: None,
            patient_position: None,
            modality: "CT".to_owned(),
            size: [self.grid.columns, self.grid.rows, self.grid.slices],
            lps_from_voxel,
            // The directions of a phantom are perpendicular and its spacings above 0.
            voxel_from_lps: lps_from_voxel.inverse().unwrap_or_else(|| {
                Transform::from_columns(DVec3::X, DVec3::Y, DVec3::Z, DVec3::NAN)
            }),
            geometry,
            modality_lut: ModalityLut {
                unit: "HU".to_owned(),
                ..ModalityLut::default()
            },
            padding: None,
            voxels: Voxels::I16(store),
        }
    }
}

/// Where the centre of L3 lies in the patient frame of the study, LPS mm.
///
/// Off zero on purpose: code that forgets an origin shows.
const MODEL_ORIGIN_LPS_MM: DVec3 = DVec3::new(4.0, -152.0, -418.0);
/// Middle of the field of view, model mm.
const FIELD_CENTRE_MM: DVec3 = DVec3::new(0.0, -18.0, 0.0);
/// Lowest slice below the S1 end-plate centre, mm.
const BELOW_SACRUM_MM: f64 = 128.0;

fn grid_space(grid: &PhantomGrid, scene: &Scene) -> GridSpace {
    let (column_direction, row_direction, slice_direction) = (-DVec3::X, -DVec3::Y, DVec3::Z);
    let half = |count: usize, spacing_mm: f64| 0.5 * (count as f64 - 1.0) * spacing_mm;
    let bottom_mm = scene.pose.sacrum.origin_mm.z - BELOW_SACRUM_MM + 0.5 * grid.spacing_mm[2];
    let origin = MODEL_ORIGIN_LPS_MM + FIELD_CENTRE_MM
        - column_direction * half(grid.columns, grid.spacing_mm[0])
        - row_direction * half(grid.rows, grid.spacing_mm[1]);
    GridSpace {
        grid: grid.clone(),
        origin_lps_mm: DVec3::new(origin.x, origin.y, MODEL_ORIGIN_LPS_MM.z + bottom_mm),
        column_direction,
        row_direction,
        slice_direction,
        model_origin_lps_mm: MODEL_ORIGIN_LPS_MM,
    }
}

/// Makes a sample volume.
///
/// `seed` 0 is the design body of the tables; any other seed varies size, lordosis
/// and the numbers of each level within their spread. The same seed and grid give
/// the same bytes. `progress` gets a fraction 0..=1 and cancels with `Break`.
pub fn generate(
    seed: u64,
    grid: &PhantomGrid,
    progress: &(dyn Fn(f64) -> ControlFlow<()> + Sync),
) -> Result<Phantom, PhantomError> {
    grid.check()?;
    let scene = Scene::new(seed)?;
    let space = grid_space(grid, &scene);
    let tissues = scene.tissues()?;
    let (hu, labels) = voxelize(&space, &tissues, (&scene.warp, &scene.scanner), progress)?;
    Ok(Phantom {
        grid: space.grid.clone(),
        origin_lps_mm: space.origin_lps_mm,
        column_direction: space.column_direction,
        row_direction: space.row_direction,
        slice_direction: space.slice_direction,
        hu,
        labels,
        truth: survey::survey(seed, &scene)?,
    })
}
