//! Voxels of one structure: a bit each, in the smallest box that holds them.

pub(super) mod runs;

use std::ops::Range;
use std::sync::Arc;

pub use runs::Run;

use crate::geometry::{Lps, Point, Transform, Voxel};

/// The grid that a mask lies on.
#[derive(Debug, Clone, PartialEq)]
pub struct MaskGrid {
    /// Columns, rows, slices.
    pub size: [usize; 3],
    /// Voxel (column, row, slice; integers are centres) → patient, mm.
    pub lps_from_voxel: Transform<Lps, Voxel>,
    /// The way back.
    pub voxel_from_lps: Transform<Voxel, Lps>,
    /// Distance between voxel centres along columns, rows and slices, mm.
    pub spacing_mm: [f64; 3],
}

/// Voxels of one structure. Everything outside its box is not part of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    grid: Arc<MaskGrid>,
    first: [usize; 3],
    size: [usize; 3],
    bits: Vec<u64>,
}

impl MaskGrid {
    /// `None` where the transform cannot be turned round or a size is 0.
    pub fn new(size: [usize; 3], lps_from_voxel: Transform<Lps, Voxel>) -> Option<Self> {
        let voxel_from_lps = lps_from_voxel.inverse()?;
        if size.contains(&0) {
            return None;
        }
        let step = |x: f64, y: f64, z: f64| {
            let vector = crate::geometry::Vector::<Voxel>::new(x, y, z);
            lps_from_voxel.vector(vector).length()
        };
        Some(Self {
            size,
            lps_from_voxel,
            voxel_from_lps,
            spacing_mm: [step(1., 0., 0.), step(0., 1., 0.), step(0., 0., 1.)],
        })
    }

    /// The voxel whose box holds a point; `None` outside the grid.
    pub fn voxel_at(&self, point: Point<Lps>) -> Option<[usize; 3]> {
        let at = (self.voxel_from_lps * point).0.round();
        let inside = |at: f64, size: usize| (at >= 0.0 && at < size as f64).then_some(at as usize);
        Some([
            inside(at.x, self.size[0])?,
            inside(at.y, self.size[1])?,
            inside(at.z, self.size[2])?,
        ])
    }

    /// Centre of a voxel, LPS mm.
    pub fn center(&self, voxel: [usize; 3]) -> Point<Lps> {
        let [column, row, slice] = voxel.map(|index| index as f64);
        self.lps_from_voxel * Point::new(column, row, slice)
    }

    /// Voxels in all; saturates.
    pub fn voxels(&self) -> usize {
        self.size.iter().fold(1, |all, &n| all.saturating_mul(n))
    }
}

impl Mask {
    /// The voxels of a box for which `is_part` holds, `first` to `first + size` (cut to the grid).
    pub fn from_fn(
        grid: Arc<MaskGrid>,
        first: [usize; 3],
        size: [usize; 3],
        is_part: impl Fn([usize; 3]) -> bool,
    ) -> Self {
        let first: [usize; 3] = std::array::from_fn(|axis| first[axis].min(grid.size[axis]));
        let size: [usize; 3] =
            std::array::from_fn(|axis| size[axis].min(grid.size[axis] - first[axis]));
        let mut mask = Self {
            bits: vec![0; (size[0] * size[1] * size[2]).div_ceil(64)],
            grid,
            first,
            size,
        };
        for z in 0..size[2] {
            for y in 0..size[1] {
                for x in 0..size[0] {
                    let voxel = [first[0] + x, first[1] + y, first[2] + z];
                    if is_part(voxel) {
                        mask.set(voxel, true);
                    }
                }
            }
        }
        mask
    }

    /// A mask without voxels, of the given box.
    pub fn empty(grid: Arc<MaskGrid>, first: [usize; 3], size: [usize; 3]) -> Self {
        Self::from_fn(grid, first, size, |_| false)
    }

    /// Its grid.
    pub fn grid(&self) -> &Arc<MaskGrid> {
        &self.grid
    }

    /// First voxel of its box.
    pub fn first(&self) -> [usize; 3] {
        self.first
    }

    /// Voxels of its box along each axis.
    pub fn size(&self) -> [usize; 3] {
        self.size
    }

    fn index(&self, voxel: [usize; 3]) -> Option<usize> {
        let mut index = 0;
        for axis in (0..3).rev() {
            let at = voxel[axis].checked_sub(self.first[axis])?;
            if at >= self.size[axis] {
                return None;
            }
            index = index * self.size[axis] + at;
        }
        Some(index)
    }

    /// Whether a voxel is part of the structure.
    pub fn contains(&self, voxel: [usize; 3]) -> bool {
        self.index(voxel)
            .and_then(|index| Some(self.bits.get(index / 64)? >> (index % 64) & 1 == 1))
            .unwrap_or(false)
    }

    /// Whether the voxel at a point is part of the structure.
    pub fn contains_point(&self, point: Point<Lps>) -> bool {
        self.grid
            .voxel_at(point)
            .is_some_and(|voxel| self.contains(voxel))
    }

    /// Puts a voxel in or out; false where it lies outside the box.
    pub fn set(&mut self, voxel: [usize; 3], part: bool) -> bool {
        let Some(index) = self.index(voxel) else {
            return false;
        };
        let Some(word) = self.bits.get_mut(index / 64) else {
            return false;
        };
        let bit = 1 << (index % 64);
        if part {
            *word |= bit;
        } else {
            *word &= !bit;
        }
        true
    }

    /// Voxels that are part of it.
    pub fn count(&self) -> usize {
        self.bits
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// All voxels that are part of it, columns fastest.
    pub fn voxels(&self) -> impl Iterator<Item = [usize; 3]> + '_ {
        let [columns, rows, _] = self.size;
        self.bits
            .iter()
            .enumerate()
            .flat_map(move |(place, &word)| {
                let mut left = word;
                std::iter::from_fn(move || {
                    if left == 0 {
                        return None;
                    }
                    let index = place * 64 + left.trailing_zeros() as usize;
                    left &= left - 1;
                    Some([
                        self.first[0] + index % columns,
                        self.first[1] + index / columns % rows,
                        self.first[2] + index / columns / rows,
                    ])
                })
            })
    }

    /// Hands out the unbroken runs of columns that are part of it in one row of one slice of the
    /// grid, from low to high. Whole words are skipped, which a voxel at a time cannot.
    pub fn row_runs(&self, row: usize, slice: usize, mut each: impl FnMut(Range<usize>)) {
        let Some(start) = self.index([self.first[0], row, slice]) else {
            return;
        };
        let end = start + self.size[0];
        let column = |index: usize| self.first[0] + index - start;
        let mut at = start;
        while let Some(low) = self.next_bit(at, end, true) {
            let high = self.next_bit(low, end, false).unwrap_or(end);
            each(column(low)..column(high));
            at = high;
        }
    }

    /// Index of the first bit of the given value in `from..end`.
    fn next_bit(&self, from: usize, end: usize, value: bool) -> Option<usize> {
        let flip = if value { 0 } else { u64::MAX };
        let mut at = from;
        while at < end {
            let word = (self.bits.get(at / 64)? ^ flip) >> (at % 64);
            if word != 0 {
                let found = at + word.trailing_zeros() as usize;
                return (found < end).then_some(found);
            }
            at = (at / 64 + 1) * 64;
        }
        None
    }

    /// First voxel and size of the smallest box that holds its voxels; `None` for an empty one.
    pub fn bounds(&self) -> Option<([usize; 3], [usize; 3])> {
        let mut low = [usize::MAX; 3];
        let mut high = [0; 3];
        for slice in self.first[2]..self.first[2] + self.size[2] {
            for row in self.first[1]..self.first[1] + self.size[1] {
                self.row_runs(row, slice, |run| {
                    for (axis, [from, to]) in
                        [[run.start, run.end], [row, row + 1], [slice, slice + 1]]
                            .into_iter()
                            .enumerate()
                    {
                        low[axis] = low[axis].min(from);
                        high[axis] = high[axis].max(to);
                    }
                });
            }
        }
        (low[0] != usize::MAX).then(|| (low, std::array::from_fn(|axis| high[axis] - low[axis])))
    }

    /// The same voxels in the smallest box that holds them.
    pub fn trimmed(&self) -> Self {
        let Some((low, size)) = self.bounds() else {
            return Self::empty(Arc::clone(&self.grid), [0; 3], [0; 3]);
        };
        let mut trimmed = Self::empty(Arc::clone(&self.grid), low, size);
        for voxel in self.voxels() {
            trimmed.set(voxel, true);
        }
        trimmed
    }

    /// Middle of its voxels, LPS mm; `None` for an empty one.
    pub fn centroid(&self) -> Option<Point<Lps>> {
        let mut sum = glam::DVec3::ZERO;
        let mut count = 0.0;
        for [x, y, z] in self.voxels() {
            sum += glam::DVec3::new(x as f64, y as f64, z as f64);
            count += 1.0;
        }
        (count > 0.0).then(|| self.grid.lps_from_voxel * Point::from_vec(sum / count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use glam::DVec3;

    fn grid() -> Arc<MaskGrid> {
        let to_lps = Transform::from_columns(
            DVec3::new(0.5, 0., 0.),
            DVec3::new(0., 1., 0.),
            DVec3::new(0., 0., 2.),
            DVec3::new(-10., 0., 5.),
        );
        Arc::new(MaskGrid::new([100, 50, 40], to_lps).unwrap())
    }

    #[test]
    fn voxels_are_kept_found_and_counted() {
        let ball = |[x, y, z]: [usize; 3]| {
            let at = |a: usize, b: f64| (a as f64 - b).powi(2);
            at(x, 30.0) + at(y, 20.0) + at(z, 10.0) <= 25.0
        };
        let mask = Mask::from_fn(grid(), [0; 3], [100, 50, 40], ball);
        assert_eq!(mask.count(), 515, "lattice points in a ball of radius 5");
        assert_eq!(mask.voxels().count(), 515);
        assert!(mask.voxels().all(ball));
        let trimmed = mask.trimmed();
        assert_eq!((trimmed.first(), trimmed.size()), ([25, 15, 5], [11; 3]));
        assert!(trimmed.voxels().eq(mask.voxels()));
        let middle = trimmed.centroid().unwrap();
        assert!(middle.distance(Point::new(5., 20., 25.)) < 1e-9);
        assert!(trimmed.contains_point(middle));
        assert!(!trimmed.contains_point(Point::new(500., 0., 0.)));
    }

    #[test]
    fn runs_are_the_voxels_of_a_row() {
        let pick =
            |[x, y, z]: [usize; 3]| (x * 7 + y * 13 + z * 5) % 11 < 6 && !(70..80).contains(&x);
        let mask = Mask::from_fn(grid(), [3, 2, 1], [96, 5, 4], pick);
        let mut found = Vec::new();
        for slice in 0..40 {
            for row in 0..50 {
                let mut last = None;
                mask.row_runs(row, slice, |run| {
                    assert!(last.is_none_or(|last| last < run.start), "unbroken runs");
                    last = Some(run.end);
                    found.extend(run.map(|column| [column, row, slice]));
                });
            }
        }
        assert!(found.into_iter().eq(mask.voxels()));
        assert_eq!(mask.bounds(), Some(([3, 2, 1], [96, 5, 4])));
        assert_eq!(Mask::empty(grid(), [3, 2, 1], [96, 5, 4]).bounds(), None);
    }

    #[test]
    fn nothing_lies_outside_the_box_or_the_grid() {
        let mut mask = Mask::empty(grid(), [90, 40, 30], [50; 3]);
        assert_eq!(mask.size(), [10, 10, 10]);
        assert!(mask.set([99, 49, 39], true) && mask.contains([99, 49, 39]));
        assert!(!mask.set([89, 49, 39], true));
        assert!(!mask.contains([0, 0, 0]));
        assert!(mask.set([99, 49, 39], false));
        assert_eq!(mask.trimmed().count(), 0);
        assert_eq!(mask.centroid(), None);
        assert!(MaskGrid::new([0, 1, 1], grid().lps_from_voxel).is_none());
        assert_eq!(grid().spacing_mm, [0.5, 1.0, 2.0]);
    }
}
