//! Masks out of runs: neighbouring voxels of one row. Readers collect runs, which are small and
//! say the box before any bit is set.

use std::sync::Arc;

use glam::DVec3;

use super::{Mask, MaskGrid};
use crate::geometry::Transform;

/// Voxels `first..end` of one row of one slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Slice.
    pub slice: u32,
    /// Row.
    pub row: u32,
    /// First column.
    pub first: u32,
    /// Column after the last.
    pub end: u32,
}

impl Run {
    /// The runs of a row whose voxels `is_part` says.
    pub fn of_row(
        [slice, row]: [u32; 2],
        columns: usize,
        is_part: impl Fn(usize) -> bool,
        mut found: impl FnMut(Self),
    ) {
        let mut first = None;
        for column in 0..=columns {
            let part = column < columns && is_part(column);
            match (first, part) {
                (None, true) => first = Some(column),
                (Some(start), false) => {
                    found(Self {
                        slice,
                        row,
                        first: start as u32,
                        end: column as u32,
                    });
                    first = None;
                }
                _ => {}
            }
        }
    }
}

/// The box of runs on a grid: its first voxel and its size; all 0 without a voxel on the grid.
pub fn box_of_runs(grid: &MaskGrid, runs: &[Run]) -> ([usize; 3], [usize; 3]) {
    let mut low = [usize::MAX; 3];
    let mut high = [0; 3];
    for run in runs.iter().filter_map(|run| on_grid(grid, *run)) {
        let start = [run.first, run.row, run.slice].map(|index| index as usize);
        let end = [run.end, run.row + 1, run.slice + 1].map(|index| index as usize);
        for axis in 0..3 {
            low[axis] = low[axis].min(start[axis]);
            high[axis] = high[axis].max(end[axis]);
        }
    }
    if high[0] == 0 {
        return ([0; 3], [0; 3]);
    }
    (low, std::array::from_fn(|axis| high[axis] - low[axis]))
}

/// Memory of a mask with a box of this size.
pub fn bytes_of_box(size: [usize; 3]) -> u64 {
    let voxels = size
        .iter()
        .fold(1_u64, |all, &n| all.saturating_mul(n as u64));
    voxels.div_ceil(64).saturating_mul(8)
}

/// The part of a run that lies on the grid.
fn on_grid(grid: &MaskGrid, run: Run) -> Option<Run> {
    let [columns, rows, slices] = grid.size;
    let end = (run.end as usize).min(columns) as u32;
    let inside = (run.row as usize) < rows && (run.slice as usize) < slices && run.first < end;
    inside.then_some(Run { end, ..run })
}

impl Mask {
    /// A mask without voxels on a grid of one voxel.
    pub(in crate::volume::structure) fn nowhere() -> Self {
        let one = Transform::from_columns(DVec3::X, DVec3::Y, DVec3::Z, DVec3::ZERO);
        let grid = MaskGrid {
            size: [1; 3],
            lps_from_voxel: one,
            voxel_from_lps: Transform::from_columns(DVec3::X, DVec3::Y, DVec3::Z, DVec3::ZERO),
            spacing_mm: [1.0; 3],
        };
        Self::from_runs(Arc::new(grid), &[])
    }

    /// The mask of runs, in the smallest box that holds them. Runs may overlap; what lies outside
    /// the grid is left out.
    pub fn from_runs(grid: Arc<MaskGrid>, runs: &[Run]) -> Self {
        let (first, size) = box_of_runs(&grid, runs);
        let mut bits = vec![0_u64; (bytes_of_box(size) / 8) as usize];
        for run in runs.iter().filter_map(|run| on_grid(&grid, *run)) {
            let row = run.row as usize - first[1];
            let slice = run.slice as usize - first[2];
            let start = (slice * size[1] + row) * size[0];
            let from = start + run.first as usize - first[0];
            let to = start + run.end as usize - first[0];
            set_bits(&mut bits, from, to);
        }
        Self {
            grid,
            first,
            size,
            bits,
        }
    }
}

/// Sets bits `from..to`.
fn set_bits(bits: &mut [u64], from: usize, to: usize) {
    let mut at = from;
    while at < to {
        let within = at % 64;
        let count = (64 - within).min(to - at);
        let ones = if count == 64 {
            u64::MAX
        } else {
            ((1 << count) - 1) << within
        };
        if let Some(word) = bits.get_mut(at / 64) {
            *word |= ones;
        }
        at += count;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid() -> Arc<MaskGrid> {
        let to_lps = Transform::from_columns(DVec3::X, DVec3::Y, DVec3::Z, DVec3::ZERO);
        Arc::new(MaskGrid::new([200, 50, 40], to_lps).unwrap())
    }

    #[test]
    fn a_mask_from_runs_is_the_mask_from_a_function() {
        let part = |[x, y, z]: [usize; 3]| (x * 7 + y * 3 + z) % 11 < 6 && x > 3 && y > 1 && z > 4;
        let mut runs = Vec::new();
        for slice in 0..40 {
            for row in 0..50 {
                let is_part = |x: usize| part([x, row, slice]);
                Run::of_row([slice as u32, row as u32], 200, is_part, |run| {
                    runs.push(run);
                });
            }
        }
        let mask = Mask::from_runs(grid(), &runs);
        let wanted = Mask::from_fn(grid(), [0; 3], [200, 50, 40], part);
        assert_eq!(mask.count(), wanted.count());
        assert!(mask.voxels().eq(wanted.voxels()));
        assert_eq!(mask.first(), wanted.trimmed().first());
        assert_eq!(mask.size(), wanted.trimmed().size());
    }

    #[test]
    fn overlapping_runs_count_once_and_nothing_lies_beyond_the_grid() {
        let run = |slice, row, first, end| Run {
            slice,
            row,
            first,
            end,
        };
        let runs = [
            run(1, 2, 190, 500),
            run(1, 2, 180, 195),
            run(40, 0, 0, 9),
            run(0, 50, 0, 9),
        ];
        let mask = Mask::from_runs(grid(), &runs);
        assert_eq!(mask.count(), 20);
        assert_eq!((mask.first(), mask.size()), ([180, 2, 1], [20, 1, 1]));
        let none = Mask::from_runs(grid(), &[run(0, 0, 9, 9), run(0, 0, 300, 400)]);
        assert_eq!((none.count(), none.size()), (0, [0; 3]));
    }
}
