//! Values of a volume along rays, as places in a table of colours.

use glam::{Mat3, Vec3};

use crate::render::transfer_table::TransferTable;
use crate::volume::{SliceStore, StoredVoxel, Volume};

/// The slices of a volume and what their stored values mean to a table.
pub(super) struct RayField<'a, T> {
    slices: Vec<&'a [T]>,
    columns: usize,
    /// Just below the greatest voxel coordinates, so that every cell has eight corners.
    last: Vec3,
    /// Place in the table = `scale` × stored value + `offset`.
    scale: f32,
    offset: f32,
}

impl<'a, T: StoredVoxel + Into<f32>> RayField<'a, T> {
    pub fn new(volume: &Volume, store: &'a SliceStore<T>, table: &TransferTable) -> Self {
        let lut = &volume.modality_lut;
        let [per_value, first] = table.place_from_value();
        let last = |n: usize| (n as f32 - 1.0) * (1.0 - 1e-6);
        Self {
            // A missing slice has no voxels.
            slices: store
                .all()
                .into_iter()
                .map(Option::unwrap_or_default)
                .collect(),
            columns: volume.size[0],
            last: Vec3::from(volume.size.map(last)),
            scale: (per_value * lut.slope) as f32,
            offset: (per_value * lut.intercept + first) as f32,
        }
    }

    /// Place in the table at voxel coordinates, brought into the volume; NaN where a slice is
    /// missing.
    #[inline]
    pub fn place_at(&self, at: Vec3) -> f32 {
        let at = at.max(Vec3::ZERO).min(self.last);
        // Coordinates are not negative: a cast cuts what `floor` would.
        let (x, y, z) = (
            at.x as i32 as usize,
            at.y as i32 as usize,
            at.z as i32 as usize,
        );
        let (across, down, along) = (at.x - x as f32, at.y - y as f32, at.z - z as f32);
        let start = y * self.columns + x;
        let cell = start..start + self.columns + 2;
        let (Some(near), Some(far)) = (
            self.slices.get(z).and_then(|slice| slice.get(cell.clone())),
            self.slices.get(z + 1).and_then(|slice| slice.get(cell)),
        ) else {
            return f32::NAN;
        };
        let near = in_slice(near, self.columns, across, down);
        let far = in_slice(far, self.columns, across, down);
        (near + along * (far - near)) * self.scale + self.offset
    }

    /// Gradient by central differences one voxel each way, places per mm along the axes of the
    /// view.
    pub fn gradient_at(&self, at: Vec3, view_from_gradient: &Mat3) -> Vec3 {
        let along = |axis: Vec3| self.place_at(at + axis) - self.place_at(at - axis);
        let per_voxel = Vec3::new(along(Vec3::X), along(Vec3::Y), along(Vec3::Z)) * 0.5;
        *view_from_gradient * per_voxel
    }
}

/// Between four voxels of a slice; `cell` starts at the first and ends at the last.
#[inline]
fn in_slice<T: Copy + Into<f32>>(cell: &[T], columns: usize, across: f32, down: f32) -> f32 {
    let between = |a: T, b: T| {
        let (a, b): (f32, f32) = (a.into(), b.into());
        a + across * (b - a)
    };
    let top = between(cell[0], cell[1]);
    let bottom = between(cell[columns], cell[columns + 1]);
    top + down * (bottom - top)
}
