//! The simulated body as a volume with masks, for tests of this layer.

use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};

use crate::geometry::{Lps, PatientPosition, Point, Transform, Vector, Voxel};
use crate::study::{ModalityLut, SeriesUid, StackGeometry};
use crate::volume::phantom::{Phantom, PhantomGrid, generate, labels};
use crate::volume::structure::{Mask, MaskGrid};
use crate::volume::{SliceStore, Volume, Voxels};

/// A simulated body on a grid.
pub(crate) struct SampleBody {
    /// Voxels, as loaded from its files.
    pub volume: Volume,
    /// What it was made from.
    pub phantom: Phantom,
    grid: Arc<MaskGrid>,
}

impl SampleBody {
    /// The design body on a grid of 1.44 × 1.44 × 2 mm, made once for all tests.
    pub fn shared() -> &'static Self {
        static BODY: OnceLock<SampleBody> = OnceLock::new();
        BODY.get_or_init(|| Self::new(&PhantomGrid::of(256, 172)))
    }

    fn new(grid: &PhantomGrid) -> Self {
        let phantom = generate(0, grid, &|_| ControlFlow::Continue(())).unwrap();
        let geometry = StackGeometry {
            origin: Point::from_vec(phantom.origin_lps_mm),
            column_direction: Vector::from_vec(phantom.column_direction),
            row_direction: Vector::from_vec(phantom.row_direction),
            slice_direction: Vector::from_vec(phantom.slice_direction),
            spacing_mm: phantom.grid.spacing_mm,
            slices: grid.slices,
            slice_of_frame: (0..grid.slices).collect(),
            uneven_positions: None,
        };
        let lps_from_voxel: Transform<Lps, Voxel> = geometry.lps_from_voxel();
        let store = SliceStore::new(grid.slices, grid.rows * grid.columns);
        for (slice, values) in phantom.hu.chunks(grid.rows * grid.columns).enumerate() {
            assert!(store.fill(slice, values.into()));
        }
        let size = [grid.columns, grid.rows, grid.slices];
        let volume = Volume {
            series: SeriesUid::new("2.25.3"),
            frame_of_reference: None,
            patient_position: Some(PatientPosition::HeadFirstProne),
            modality: "CT".to_owned(),
            size,
            lps_from_voxel,
            voxel_from_lps: lps_from_voxel.inverse().unwrap(),
            geometry,
            modality_lut: ModalityLut {
                unit: "HU".to_owned(),
                ..ModalityLut::default()
            },
            padding: None,
            voxels: Voxels::I16(store),
        };
        Self {
            grid: Arc::new(MaskGrid::new(size, lps_from_voxel).unwrap()),
            volume,
            phantom,
        }
    }

    /// Name of a label.
    pub fn name(label: u8) -> String {
        let table = labels();
        table
            .iter()
            .find(|row| row.number == label)
            .map(|row| row.name.clone())
            .unwrap()
    }

    /// Label at a voxel.
    pub fn label_at(&self, [column, row, slice]: [usize; 3]) -> u8 {
        let grid = &self.phantom.grid;
        self.phantom.labels[(slice * grid.rows + row) * grid.columns + column]
    }

    /// Label of the voxel at a point.
    pub fn label_at_point(&self, point: Point<Lps>) -> Option<u8> {
        self.grid.voxel_at(point).map(|voxel| self.label_at(voxel))
    }

    /// Whether the voxel at a point or one around it has one of some labels.
    pub fn is_beside(&self, point: Point<Lps>, numbers: &[u8]) -> bool {
        let Some(voxel) = self.grid.voxel_at(point) else {
            return false;
        };
        (0..27).any(|offset: usize| {
            let steps = [offset % 3, offset / 3 % 3, offset / 9];
            let beside: [usize; 3] = std::array::from_fn(|axis| {
                (voxel[axis] + steps[axis])
                    .saturating_sub(1)
                    .min(self.grid.size[axis] - 1)
            });
            numbers.contains(&self.label_at(beside))
        })
    }

    /// Voxels of some labels.
    pub fn mask(&self, numbers: &[u8]) -> Mask {
        let all = Mask::from_fn(Arc::clone(&self.grid), [0; 3], self.grid.size, |voxel| {
            numbers.contains(&self.label_at(voxel))
        });
        all.trimmed()
    }
}
