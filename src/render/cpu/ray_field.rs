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
        let differences = self.differences_within(at).unwrap_or_else(|| {
            let along = |axis: Vec3| self.place_at(at + axis) - self.place_at(at - axis);
            Vec3::new(along(Vec3::X), along(Vec3::Y), along(Vec3::Z))
        });
        *view_from_gradient * (differences * 0.5)
    }

    /// Differences between the places one voxel on and one voxel back along each axis.
    ///
    /// The six places lie at the same share of their cells: 32 voxels hold them all, where they
    /// would be fetched 48 times one by one. `None` at the border of the volume and beside a
    /// missing slice.
    #[inline]
    fn differences_within(&self, at: Vec3) -> Option<Vec3> {
        let at = at.max(Vec3::ZERO).min(self.last);
        let (x, y, z) = (
            at.x as i32 as usize,
            at.y as i32 as usize,
            at.z as i32 as usize,
        );
        if x == 0 || y == 0 || z == 0 || x + 2 >= self.columns {
            return None;
        }
        let (across, down, along) = (at.x - x as f32, at.y - y as f32, at.z - z as f32);
        let columns = self.columns;
        let corner = (y - 1) * columns + x - 1;
        let patch = |z: usize| {
            let patch = self.slices.get(z)?.get(corner..corner + 3 * columns + 4)?;
            let row = |n: usize| patch.get(n * columns..n * columns + 4);
            Some([row(0)?, row(1)?, row(2)?, row(3)?])
        };
        let back = value_in(&patch(z - 1)?, across, down);
        let near = slopes_in(&patch(z)?, across, down);
        let far = slopes_in(&patch(z + 1)?, across, down);
        let beyond = value_in(&patch(z + 2)?, across, down);
        let between = |a: f32, b: f32| a + along * (b - a);
        let differences = Vec3::new(
            between(near.x, far.x),
            between(near.y, far.y),
            between(far.z, beyond) - between(back, near.z),
        );
        Some(differences * self.scale)
    }
}

/// Four rows of four voxels.
type Patch<'a, T> = [&'a [T]; 4];

/// The value in the middle cell of a patch.
#[inline]
fn value_in<T: Copy + Into<f32>>(rows: &Patch<'_, T>, across: f32, down: f32) -> f32 {
    let [_, top, below, _] = rows;
    let (top, below) = (pair(top, 1, across), pair(below, 1, across));
    top + down * (below - top)
}

/// Differences along the row and down the column, and the value, in the middle cell of a patch.
#[inline]
fn slopes_in<T: Copy + Into<f32>>(rows: &Patch<'_, T>, across: f32, down: f32) -> Vec3 {
    let [above, top, below, under] = rows;
    let between = |a: f32, b: f32| a + down * (b - a);
    let slope = |row: &[T]| pair(row, 2, across) - pair(row, 0, across);
    let [a, b, c, d] = [above, top, below, under].map(|row| pair(row, 1, across));
    Vec3::new(
        between(slope(top), slope(below)),
        between(c, d) - between(a, b),
        between(b, c),
    )
}

/// Between two neighbours of a row of four.
#[inline]
fn pair<T: Copy + Into<f32>>(row: &[T], first: usize, across: f32) -> f32 {
    let (a, b): (f32, f32) = (row[first].into(), row[first + 1].into());
    a + across * (b - a)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::transfer_function::{TransferFunction, TransferPoint};
    use crate::volume::Voxels;
    use crate::volume::synthetic::SyntheticVolume;

    #[test]
    fn differences_of_a_patch_are_those_of_six_places() {
        let mut volume = SyntheticVolume::new([7, 6, 5], [1.0, 1.0, 1.0]).build(|p| {
            let [x, y, z] = p.to_array();
            (x * 1.3).sin() * 300.0 + (y * y - z * x) * 40.0 + z * z * z * 11.0
        });
        volume.modality_lut.slope = 1.5;
        let Voxels::I16(store) = &volume.voxels else {
            unreachable!("synthetic volumes hold whole numbers");
        };
        let points = vec![
            TransferPoint::new(0.0, [0; 3], 0.0),
            TransferPoint::new(900.0, [255; 3], 0.9),
        ];
        let function = TransferFunction::new(points, 50.0).unwrap();
        let table = TransferTable::new(&function, [-1024.0, 3071.0]);
        let field = RayField::new(&volume, store, &table);
        let places = |at: Vec3| {
            let along = |axis: Vec3| field.place_at(at + axis) - field.place_at(at - axis);
            Vec3::new(along(Vec3::X), along(Vec3::Y), along(Vec3::Z))
        };
        for at in [
            Vec3::new(1.0, 1.0, 1.0),
            Vec3::new(2.3, 3.7, 1.9),
            Vec3::new(4.9, 3.1, 2.5),
        ] {
            let found = field.differences_within(at).unwrap();
            let wanted = places(at);
            assert!(
                (found - wanted).length() < 1e-3 * wanted.length(),
                "{at}: {found} {wanted}"
            );
        }
        // Where the six places would leave the volume they are brought back into it.
        for at in [
            Vec3::new(0.4, 2.0, 2.0),
            Vec3::new(5.2, 2.0, 2.0),
            Vec3::new(2.0, 2.0, 3.6),
        ] {
            assert_eq!(field.differences_within(at), None);
            assert_eq!(field.gradient_at(at, &Mat3::IDENTITY), places(at) * 0.5);
        }
    }
}
