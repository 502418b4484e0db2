//! A tile of rays through one plane of voxels after the other.
//!
//! The part of a plane that the tile's rays cross is copied into a small array, as `f32` and with
//! 0 beyond the volume. Its indices need no test, and the loops over rays no branch, so that
//! compilers vectorise them.

use super::joseph::{Job, Tile};
use crate::volume::attenuation::{Attenuation, BORDER};

/// Rays of a tile across and along the direction in which cells are contiguous.
pub(super) const TILE: [usize; 2] = [16, 256];

/// Rays of a tile.
pub(super) const RAYS: usize = TILE[0] * TILE[1];

/// Rays that are taken through a plane together.
const GROUP: usize = 64;

/// Cells of a row of the copy, a power of two.
const ROW: usize = 256;
const ROW_BITS: u32 = ROW.trailing_zeros();

/// Rows of the copy, a power of two.
const ROWS: usize = 32;

/// Cells of the copy; those after an index of it by a cell, a row, and both must be there too.
const CELLS: usize = ROW * ROWS;
const CELLS_AND_NEXT: usize = CELLS + ROW + 8;

/// Cells around what the rays cross, for rounding.
const MARGIN: f64 = 0.01;

/// Added to a number of less than 2²¹, it rounds it to a whole one that lies in the lowest bits:
/// unlike a cast, this is a single vector instruction everywhere.
const ROUNDING: f32 = 12_582_912.0;

/// Least and greatest index, along both axes of a plane, at which a tile's rays cross it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Footprint {
    pub(super) low: [f64; 2],
    pub(super) high: [f64; 2],
}

impl Footprint {
    /// Whether the copy has room for it.
    pub(super) fn fits(&self) -> bool {
        let [rows, row] = self.cells().map(|[_, count]| count);
        rows <= ROWS as isize && row <= ROW as isize
    }

    /// Index of the first cell and number of cells along both axes that interpolation may ask
    /// for.
    fn cells(&self) -> [[isize; 2]; 2] {
        [0, 1].map(|side| {
            let first = (self.low[side] - MARGIN).floor() as isize;
            let last = (self.high[side] + MARGIN).floor() as isize;
            [first, last.saturating_sub(first).saturating_add(2)]
        })
    }
}

/// Where the rays of a tile cross the planes of an axis: in plane n at start + n · step.
pub(super) struct Walk {
    /// The axis that planes are counted along, and the two axes of a plane.
    axes: [usize; 3],
    /// Cells to the next plane, and to the next cell along either axis of the plane.
    strides: [usize; 3],
    /// Less a half, for rounding down.
    start: [Vec<f32>; 2],
    step: [Vec<f32>; 2],
    /// First and last plane of each ray.
    ends: [Vec<f32>; 2],
    rays: usize,
    /// [`CELLS_AND_NEXT`] of them.
    copy: Vec<f32>,
}

/// The cell of the copy below each ray's crossing, and how far above it along both axes.
struct Crossing {
    index: [u32; GROUP],
    share: [[f32; GROUP]; 2],
}

impl Walk {
    pub(super) fn new(job: &Job<'_>, axes: [usize; 3], tile: Tile) -> Self {
        let [main, p, q] = axes;
        let size = job.attenuation.size;
        let stride = |axis: usize| size[axis + 1..].iter().product();
        let zero = || [vec![0.0; RAYS], vec![0.0; RAYS]];
        let mut walk = Self {
            axes,
            strides: axes.map(stride),
            start: zero(),
            step: zero(),
            ends: zero(),
            rays: tile.size[0] * tile.size[1],
            copy: vec![0.0; CELLS_AND_NEXT],
        };
        for (index, pixel) in tile.pixels(job.lanes_run_down).take(RAYS).enumerate() {
            let ray = job.ray(pixel);
            for (side, axis) in [p, q].into_iter().enumerate() {
                let step = ray[axis] / ray[main];
                walk.step[side][index] = step as f32;
                walk.start[side][index] = (job.source[axis] - job.source[main] * step - 0.5) as f32;
            }
            let ends = [job.source[main], job.source[main] + ray[main]];
            walk.ends[0][index] = ends[0].min(ends[1]) as f32;
            walk.ends[1][index] = ends[0].max(ends[1]) as f32;
        }
        walk
    }

    /// Adds what the rays meet in a plane. `ENDED`: rays begin or end within the volume.
    pub(super) fn add<const ENDED: bool>(
        &mut self,
        attenuation: &Attenuation,
        plane: usize,
        footprint: Footprint,
        sums: &mut [f32; RAYS],
    ) {
        let [[first_p, rows], [first_q, row]] = footprint.cells();
        self.copy_cells(attenuation, plane, [first_p, first_q], [rows, row]);
        let Some(copy) = self.copy.first_chunk::<CELLS_AND_NEXT>() else {
            return;
        };
        let plane = plane as f32;
        let groups = sums.as_chunks_mut::<GROUP>().0.iter_mut().enumerate();
        for (group, sums) in groups.take(self.rays.div_ceil(GROUP)) {
            let crossing = self.cross(group, plane, [first_p, first_q]);
            for (ray, sum) in sums.iter_mut().enumerate() {
                let at = crossing.index[ray] as usize % CELLS;
                let along = |at: usize| {
                    let (low, high) = (copy[at], copy[at + 1]);
                    low + crossing.share[1][ray] * (high - low)
                };
                let (low, high) = (along(at), along(at + ROW));
                let mut value = low + crossing.share[0][ray] * (high - low);
                if ENDED {
                    let [from, to] = [0, 1].map(|end| self.ends[end][group * GROUP + ray]);
                    value = if plane >= from && plane <= to {
                        value
                    } else {
                        0.0
                    };
                }
                *sum += value;
            }
        }
    }

    /// Where a group of rays crosses a plane.
    fn cross(&self, group: usize, plane: f32, first: [isize; 2]) -> Crossing {
        let of_group = |values: &Vec<f32>| {
            let groups = values.as_chunks::<GROUP>().0;
            groups.get(group).copied().unwrap_or([0.0; GROUP])
        };
        let (start, step) = (
            self.start.each_ref().map(of_group),
            self.step.each_ref().map(of_group),
        );
        let mut crossing = Crossing {
            index: [0; GROUP],
            share: [[0.0; GROUP]; 2],
        };
        let [rounding_p, rounding_q] = first.map(|first| ROUNDING - first as f32);
        for ray in 0..GROUP {
            let at_p = start[0][ray] + plane * step[0][ray];
            let at_q = start[1][ray] + plane * step[1][ray];
            let (rounded_p, rounded_q) = (at_p + rounding_p, at_q + rounding_q);
            crossing.share[0][ray] = at_p - (rounded_p - rounding_p) + 0.5;
            crossing.share[1][ray] = at_q - (rounded_q - rounding_q) + 0.5;
            crossing.index[ray] =
                (rounded_p.to_bits() << ROW_BITS).wrapping_add(rounded_q.to_bits());
        }
        crossing
    }

    /// Copies rows of cells of a plane from `first` on, 0 where there are none.
    fn copy_cells(
        &mut self,
        attenuation: &Attenuation,
        plane: usize,
        first: [isize; 2],
        count: [isize; 2],
    ) {
        let [_, p, q] = self.axes;
        let [_, stride_p, stride_q] = self.strides;
        let end = attenuation.size[q] as isize;
        let (low, high) = (first[1].clamp(0, end), (first[1] + count[1]).clamp(0, end));
        let before = (low - first[1]) as usize;
        let length = (high - low) as usize;
        let rows = (first[0]..first[0] + count[0]).zip(self.copy.chunks_exact_mut(ROW));
        for (row, copy) in rows {
            let inside = row >= BORDER as isize && row < attenuation.size[p] as isize;
            let from =
                plane * self.strides[0] + row.max(0) as usize * stride_p + low as usize * stride_q;
            let cells = attenuation.cells.get(from..).filter(|_| inside);
            let copied = copy.get_mut(before..before + length);
            let (Some(cells), Some(copied)) = (cells, copied) else {
                copy.fill(0.0);
                continue;
            };
            if stride_q == 1 {
                for (copy, &cell) in copied.iter_mut().zip(cells) {
                    *copy = f32::from(cell);
                }
            } else {
                for (copy, &cell) in copied.iter_mut().zip(cells.iter().step_by(stride_q)) {
                    *copy = f32::from(cell);
                }
            }
            if (length as isize) < count[1] {
                let (left, rest) = copy.split_at_mut(before.min(copy.len()));
                left.fill(0.0);
                if let Some(right) = rest.get_mut(length..) {
                    right.fill(0.0);
                }
            }
        }
    }
}
