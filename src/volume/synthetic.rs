//! Small volumes of known values, for tests and benchmarks.

use glam::DVec3;

use super::{SliceStore, Volume, Voxels};
use crate::geometry::{Lps, Point, Transform, Vector, Voxel};
use crate::study::{ModalityLut, SeriesUid, StackGeometry};

/// What the values of a synthetic volume are stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StoredAs {
    /// Signed 16 bit, rounded.
    I16,
    /// Unsigned 16 bit, rounded.
    U16,
    /// 32 bit floating point.
    F32,
}

/// A volume in the making: a grid, and what its values are stored as.
#[derive(Debug, Clone)]
pub struct SyntheticVolume {
    size: [usize; 3],
    geometry: StackGeometry,
    stored_as: StoredAs,
    modality_lut: ModalityLut,
    missing: Vec<usize>,
}

impl SyntheticVolume {
    /// Columns, rows and slices along +x, +y and +z, first voxel centre at the origin, 16 bit
    /// signed, slope 1. Every count and spacing (mm) must be above 0.
    pub fn new(size: [usize; 3], spacing_mm: [f64; 3]) -> Self {
        assert!(size.iter().all(|&n| n > 0) && spacing_mm.iter().all(|&mm| mm > 0.0));
        Self {
            size,
            geometry: StackGeometry {
                origin: Point::new(0., 0., 0.),
                column_direction: Vector::new(1., 0., 0.),
                row_direction: Vector::new(0., 1., 0.),
                slice_direction: Vector::new(0., 0., 1.),
                spacing_mm,
                slices: size[2],
                slice_of_frame: (0..size[2]).collect(),
                uneven_positions: None,
            },
            stored_as: StoredAs::I16,
            modality_lut: ModalityLut::default(),
            missing: Vec::new(),
        }
    }

    /// Centre of the first voxel, LPS mm.
    pub fn at(mut self, origin: Point<Lps>) -> Self {
        self.geometry.origin = origin;
        self
    }

    /// Unit directions of columns, rows and slices; independent of one another, not necessarily
    /// perpendicular.
    pub fn along(mut self, columns: Vector<Lps>, rows: Vector<Lps>, slices: Vector<Lps>) -> Self {
        assert!(columns.cross(rows).dot(slices).abs() > 1e-3);
        self.geometry.column_direction = columns;
        self.geometry.row_direction = rows;
        self.geometry.slice_direction = slices;
        self
    }

    /// Type of the stored values.
    pub fn stored_as(mut self, stored_as: StoredAs) -> Self {
        self.stored_as = stored_as;
        self
    }

    /// Slope and intercept of the modality LUT; `build` takes stored values.
    pub fn rescaled(mut self, slope: f64, intercept: f64) -> Self {
        self.modality_lut = ModalityLut {
            slope,
            intercept,
            ..ModalityLut::default()
        };
        self
    }

    /// Leaves a slice empty.
    pub fn without_slice(mut self, slice: usize) -> Self {
        self.missing.push(slice);
        self
    }

    /// Fills it with stored values, each a function of the voxel centre's patient position.
    pub fn build(self, stored: impl Fn(Point<Lps>) -> f64) -> Volume {
        let lps_from_voxel = self.geometry.lps_from_voxel();
        let at = |slice: usize, row: usize, column: usize| {
            stored(lps_from_voxel * Point::new(column as f64, row as f64, slice as f64))
        };
        let voxels = match self.stored_as {
            StoredAs::I16 => Voxels::I16(self.fill(&at, |value| value.round() as i16)),
            StoredAs::U16 => Voxels::U16(self.fill(&at, |value| value.round() as u16)),
            StoredAs::F32 => Voxels::F32(self.fill(&at, |value| value as f32)),
        };
        Volume {
            series: SeriesUid::new("2.25.1"),
            frame_of_reference: None,
            patient_position: None,
            modality: "CT".to_owned(),
            size: self.size,
            lps_from_voxel,
            // Exists: the constructor and `along` refuse flat grids.
            voxel_from_lps: lps_from_voxel.inverse().unwrap_or_else(nowhere),
            geometry: self.geometry,
            modality_lut: self.modality_lut,
            padding: None,
            voxels,
        }
    }

    fn fill<T: super::StoredVoxel>(
        &self,
        at: &impl Fn(usize, usize, usize) -> f64,
        stored: impl Fn(f64) -> T,
    ) -> SliceStore<T> {
        let [columns, rows, slices] = self.size;
        let store = SliceStore::new(slices, rows * columns);
        for slice in (0..slices).filter(|slice| !self.missing.contains(slice)) {
            let voxels = (0..rows * columns)
                .map(|index| stored(at(slice, index / columns, index % columns)))
                .collect();
            store.fill(slice, voxels);
        }
        store
    }
}

fn nowhere() -> Transform<Voxel, Lps> {
    Transform::from_columns(DVec3::X, DVec3::Y, DVec3::Z, DVec3::NAN)
}

/// A prone CT cylinder of 40 HU about the body axis in air, with a gas channel along its middle.
///
/// 200 × 200 × 40 voxels of 1 × 1 × 2 mm, the patient origin in the middle. Its edges are blurred
/// over one voxel, as a scanner blurs them.
pub fn ct_cylinder(radius_mm: f64, gas_radius_mm: f64) -> Volume {
    let share = |outside_mm: f64| (0.5 - outside_mm).clamp(0.0, 1.0);
    let mut volume = SyntheticVolume::new([200, 200, 40], [1.0, 1.0, 2.0])
        .at(Point::new(-99.5, -99.5, -39.0))
        .build(|at| {
            let r_mm = at.0.x.hypot(at.0.y);
            let gas = share(r_mm - gas_radius_mm) * f64::from(gas_radius_mm > 0.0);
            -1000.0 + 1040.0 * (share(r_mm - radius_mm) - gas)
        });
    "HU".clone_into(&mut volume.modality_lut.unit);
    volume.patient_position = Some(crate::geometry::PatientPosition::HeadFirstProne);
    volume.frame_of_reference = Some(crate::study::FrameOfReferenceUid::new("2.25.2"));
    volume
}
