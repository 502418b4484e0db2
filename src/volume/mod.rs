//! Voxels in patient space: what every number and every picture of a volume stack comes from.
//!
//! Slices are stored as they are in the files and arrive one by one, so that a volume can be
//! looked at while it loads and a slice that cannot be read stays visibly empty.

pub mod attenuation;
pub mod block_ranges;
pub mod drr;
mod fill;
pub mod load;
pub mod padding;
pub mod phantom;
pub mod ray_surface;
pub mod sample;
pub mod slice_request;
pub mod structure;
pub mod synthetic;
pub mod voxels;

use crate::geometry::{Lps, PatientPosition, Point, Transform, Voxel};
use crate::study::{FrameOfReferenceUid, ModalityLut, SeriesUid, StackGeometry};

pub use load::{LoadReport, OnSlice, VolumeError, empty_volume, fill_volume, load_volume};
pub use sample::value_at;
pub use slice_request::{Interpolation, SampleGrid, SlabMode, SliceRequest, SliceRequestError};
pub use voxels::{SliceStore, StoredVoxel, Voxels};

/// A box of voxels with its place in the patient.
#[derive(Debug)]
pub struct Volume {
    /// Series it was read from.
    pub series: SeriesUid,
    /// Frame of reference of that series; plans fit only where it is equal.
    pub frame_of_reference: Option<FrameOfReferenceUid>,
    /// How the patient lay, if the header says.
    pub patient_position: Option<PatientPosition>,
    /// Modality of the series (`CT`, `MR` …).
    pub modality: String,
    /// Columns, rows, slices.
    pub size: [usize; 3],
    /// Voxel (column, row, slice) → patient, mm.
    pub lps_from_voxel: Transform<Lps, Voxel>,
    /// The way back.
    pub voxel_from_lps: Transform<Voxel, Lps>,
    /// Grid it was built from.
    pub geometry: StackGeometry,
    /// Stored values → modality values, the same for all slices. `Voxels::F32` already holds
    /// modality values where the files disagree, with slope 1 here.
    pub modality_lut: ModalityLut,
    /// Least and greatest of the `voxels`' values that mark pixels without an image, where all
    /// slices agree on them.
    pub padding: Option<[f64; 2]>,
    /// Stored values.
    pub voxels: Voxels,
}

impl Volume {
    /// Unit of the modality values: `HU`, another word of the header, or empty.
    pub fn unit(&self) -> &str {
        &self.modality_lut.unit
    }

    /// Modality value of one voxel; `None` outside and where the slice is missing.
    pub fn value_at_voxel(&self, column: usize, row: usize, slice: usize) -> Option<f64> {
        let [columns, rows, _] = self.size;
        if column >= columns || row >= rows {
            return None;
        }
        let stored = self.voxels.stored(slice, row * columns + column)?;
        Some(self.modality_lut.apply(stored))
    }

    /// Patient position of the middle of the box.
    pub fn center_lps(&self) -> Point<Lps> {
        let [columns, rows, slices] = self.size.map(|n| (n.max(1) - 1) as f64 / 2.0);
        self.lps_from_voxel * Point::new(columns, rows, slices)
    }

    /// The eight outermost voxel centres.
    pub fn corners_lps(&self) -> [Point<Lps>; 8] {
        let last = self.size.map(|n| (n.max(1) - 1) as f64);
        std::array::from_fn(|corner| {
            let pick = |axis: usize| {
                if corner >> axis & 1 == 1 {
                    last[axis]
                } else {
                    0.0
                }
            };
            self.lps_from_voxel * Point::new(pick(0), pick(1), pick(2))
        })
    }

    /// Whether a patient point lies within half a voxel of the outermost voxel centres; the
    /// upper border does not belong to it, as in [`sample`].
    pub fn contains(&self, point: Point<Lps>) -> bool {
        let at = (self.voxel_from_lps * point).0.to_array();
        at.iter()
            .zip(self.size)
            .all(|(&at, n)| sample::nearest_index(at, n).is_some())
    }

    /// Smallest voxel edge in mm.
    pub fn finest_spacing_mm(&self) -> f64 {
        self.geometry
            .spacing_mm
            .into_iter()
            .fold(f64::INFINITY, f64::min)
    }
}
