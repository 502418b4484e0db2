//! Turns tissues into slices: each tissue is evaluated only in its box, block by
//! block, and composited over what lies below it by its coverage of the voxel.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use glam::{DVec2, DVec3};
use rayon::prelude::*;

use super::ct::Scanner;
use super::shape::{Bounds, ease, lerp};
use super::warp::Warp;
use super::{PhantomError, PhantomGrid};

/// Content of one voxel while tissues are painted over each other.
#[derive(Debug, Clone, Copy)]
pub(super) struct Voxel {
    pub(super) hu: f32,
    pub(super) label: u8,
    /// Width over which a surface fades, about one voxel.
    pub(super) width_mm: f64,
}

impl Voxel {
    /// Lays a tissue over the voxel by the share its signed distance implies.
    pub(super) fn cover(&mut self, distance_mm: f64, hu: f32, label: u8) {
        let share = (0.5 - distance_mm / self.width_mm).min(1.0);
        if share <= 0.0 {
            return;
        }
        self.hu += (hu - self.hu) * share as f32;
        if share >= 0.5 {
            self.label = label;
        }
    }

    /// Lays bone over the voxel: a shell of compact bone around a core.
    pub(super) fn cover_bone(
        &mut self,
        distance_mm: f64,
        shell: (f64, f32),
        core_hu: f32,
        label: u8,
    ) {
        self.cover(distance_mm, shell.1, label);
        self.cover(distance_mm + shell.0, core_hu, label);
    }
}

/// Something that can be painted into the volume, in model space.
pub(super) trait Tissue: Sync + Send {
    /// Box outside which the tissue paints nothing.
    fn bounds(&self) -> Bounds;

    /// Distance beyond which nothing is painted around this point, roughly.
    fn reach_mm(&self, p_mm: DVec3) -> f64;

    /// Paints the tissue at one point.
    fn paint(&self, p_mm: DVec3, voxel: &mut Voxel);

    /// Looks at the middle of a block once, so that its voxels need not all be tested.
    fn block(&self, centre_mm: DVec3, margin_mm: f64) -> Block {
        Block {
            is_reached: self.reach_mm(centre_mm) <= margin_mm,
            layer: Layer::Mixed,
        }
    }

    /// Paints the tissue at a point of a block.
    fn paint_in(&self, _block: Block, p_mm: DVec3, voxel: &mut Voxel) {
        self.paint(p_mm, voxel);
    }
}

/// What is known of a whole block of voxels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// The tissue may paint in this block.
    pub(super) is_reached: bool,
    /// Layer of the trunk the block lies in.
    pub(super) layer: Layer,
}

/// Layers of the trunk, from outside in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layer {
    /// Border of two layers, or not looked at.
    Mixed,
    /// Subcutaneous fat, away from skin and fascia.
    Fat,
    /// Inside the fascia, perhaps in the wall.
    Deep,
    /// Inside the abdominal wall.
    Inside,
}

/// Side of the blocks that are tested before their voxels.
const BLOCK_MM: f64 = 6.0;
/// Pixels between exact evaluations of the warp within a slice.
const WARP_STEP: usize = 8;
/// The warp and imperfect distances may bring a surface this much closer than it claims.
const SLOPE_ALLOWANCE: f64 = 1.5;

struct SliceBuffers {
    voxels: Vec<Voxel>,
    points_mm: Vec<DVec3>,
}

/// Paints all tissues in order and images the result slice by slice.
pub(super) fn voxelize(
    space: &GridSpace,
    tissues: &[Box<dyn Tissue>],
    scene: (&Warp, &Scanner),
    progress: &(dyn Fn(f64) -> ControlFlow<()> + Sync),
) -> Result<(Vec<i16>, Vec<u8>), PhantomError> {
    let (warp, scanner) = scene;
    let grid = &space.grid;
    let per_slice = grid.columns * grid.rows;
    let mut hu = vec![0_i16; per_slice * grid.slices];
    let mut labels = vec![0_u8; per_slice * grid.slices];
    let cancelled = AtomicBool::new(false);
    let done = AtomicUsize::new(0);
    let boxes: Vec<Bounds> = tissues.iter().map(|tissue| tissue.bounds()).collect();
    let width_mm = 0.5 * (grid.spacing_mm[0] + grid.spacing_mm[1]).max(grid.spacing_mm[2]);
    let empty = Voxel {
        hu: scanner.air_hu(),
        label: super::label::AIR,
        width_mm,
    };
    hu.par_chunks_mut(per_slice)
        .zip(labels.par_chunks_mut(per_slice))
        .enumerate()
        .for_each_init(
            || SliceBuffers {
                voxels: vec![empty; per_slice],
                points_mm: vec![DVec3::ZERO; per_slice],
            },
            |buffers, (slice, (hu, labels))| {
                if cancelled.load(Ordering::Relaxed) {
                    return;
                }
                buffers.voxels.fill(empty);
                space.model_points(slice, warp, &mut buffers.points_mm);
                for (tissue, bounds) in tissues.iter().zip(&boxes) {
                    paint_slice(space, slice, (tissue.as_ref(), bounds), buffers);
                }
                scanner.image(space, slice, &buffers.voxels, hu);
                for (label, voxel) in labels.iter_mut().zip(&buffers.voxels) {
                    *label = voxel.label;
                }
                let finished = done.fetch_add(1, Ordering::Relaxed) + 1;
                if progress(finished as f64 / grid.slices as f64).is_break() {
                    cancelled.store(true, Ordering::Relaxed);
                }
            },
        );
    if cancelled.into_inner() {
        return Err(PhantomError::Cancelled);
    }
    Ok((hu, labels))
}

fn paint_slice(
    space: &GridSpace,
    slice: usize,
    (tissue, bounds): (&dyn Tissue, &Bounds),
    buffers: &mut SliceBuffers,
) {
    let grid = &space.grid;
    let Some((columns, rows)) = space.pixel_range(slice, bounds) else {
        return;
    };
    let block = (BLOCK_MM / grid.spacing_mm[0]).round().max(1.0) as usize;
    let half_diagonal =
        0.5 * block as f64 * DVec2::new(grid.spacing_mm[0], grid.spacing_mm[1]).length();
    let margin_mm = half_diagonal * SLOPE_ALLOWANCE + grid.spacing_mm[0];
    for row in rows.clone().step_by(block) {
        let row_end = (row + block).min(rows.end);
        for column in columns.clone().step_by(block) {
            let column_end = (column + block).min(columns.end);
            let centre =
                usize::midpoint(row, row_end) * grid.columns + usize::midpoint(column, column_end);
            let centre = centre.min(buffers.points_mm.len() - 1);
            let known = tissue.block(buffers.points_mm[centre], margin_mm);
            if !known.is_reached {
                continue;
            }
            for r in row..row_end {
                let span = r * grid.columns + column..r * grid.columns + column_end;
                let points = &buffers.points_mm[span.clone()];
                for (voxel, point) in buffers.voxels[span].iter_mut().zip(points) {
                    tissue.paint_in(known, *point, voxel);
                }
            }
        }
    }
}

/// Where the voxels of a grid lie in the patient and in the model.
#[derive(Debug, Clone)]
pub(super) struct GridSpace {
    pub(super) grid: PhantomGrid,
    pub(super) origin_lps_mm: DVec3,
    pub(super) column_direction: DVec3,
    pub(super) row_direction: DVec3,
    pub(super) slice_direction: DVec3,
    /// Subtracted from a patient point to reach the model (before warping).
    pub(super) model_origin_lps_mm: DVec3,
}

impl GridSpace {
    /// Patient position of a voxel centre, mm.
    pub(super) fn lps_mm(&self, column: f64, row: f64, slice: f64) -> DVec3 {
        let [dc, dr, ds] = self.grid.spacing_mm;
        self.origin_lps_mm
            + self.column_direction * (column * dc)
            + self.row_direction * (row * dr)
            + self.slice_direction * (slice * ds)
    }

    fn model_points(&self, slice: usize, warp: &Warp, points_mm: &mut [DVec3]) {
        let (columns, rows) = (self.grid.columns, self.grid.rows);
        let knots_across = columns / WARP_STEP + 2;
        let knots_down = rows / WARP_STEP + 2;
        let shift: Vec<DVec3> = (0..knots_across * knots_down)
            .map(|knot| {
                let (column, row) = (
                    (knot % knots_across) * WARP_STEP,
                    (knot / knots_across) * WARP_STEP,
                );
                let p =
                    self.lps_mm(column as f64, row as f64, slice as f64) - self.model_origin_lps_mm;
                warp.shift_mm(p)
            })
            .collect();
        for row in 0..rows {
            let fy = (row % WARP_STEP) as f64 / WARP_STEP as f64;
            let base = (row / WARP_STEP) * knots_across;
            let start = self.lps_mm(0.0, row as f64, slice as f64) - self.model_origin_lps_mm;
            let step = self.column_direction * self.grid.spacing_mm[0];
            for column in 0..columns {
                let fx = (column % WARP_STEP) as f64 / WARP_STEP as f64;
                let knot = base + column / WARP_STEP;
                let near = shift[knot].lerp(shift[knot + 1], fx);
                let far = shift[knot + knots_across].lerp(shift[knot + knots_across + 1], fx);
                points_mm[row * columns + column] =
                    start + step * column as f64 + near.lerp(far, fy);
            }
        }
    }

    /// Pixels of a slice that a model box can reach, or none.
    fn pixel_range(
        &self,
        slice: usize,
        bounds: &Bounds,
    ) -> Option<(std::ops::Range<usize>, std::ops::Range<usize>)> {
        let slack = DVec3::splat(Warp::LARGEST_MM + self.grid.spacing_mm[0]);
        let low = bounds.low_mm - slack + self.model_origin_lps_mm - self.origin_lps_mm;
        let high = bounds.high_mm + slack + self.model_origin_lps_mm - self.origin_lps_mm;
        let interval = |direction: DVec3| {
            let (a, b) = (low * direction, high * direction);
            (a.min(b).element_sum(), a.max(b).element_sum())
        };
        let z = slice as f64 * self.grid.spacing_mm[2];
        let (z_low, z_high) = interval(self.slice_direction);
        if z < z_low || z > z_high {
            return None;
        }
        let pixels = |direction: DVec3, spacing_mm: f64, count: usize| {
            let (from, to) = interval(direction);
            let first = (from / spacing_mm).floor().clamp(0.0, count as f64) as usize;
            let last = ((to / spacing_mm).ceil() + 1.0).clamp(0.0, count as f64) as usize;
            first..last
        };
        let columns = pixels(
            self.column_direction,
            self.grid.spacing_mm[0],
            self.grid.columns,
        );
        let rows = pixels(self.row_direction, self.grid.spacing_mm[1], self.grid.rows);
        (!columns.is_empty() && !rows.is_empty()).then_some((columns, rows))
    }
}

/// Blends two CT numbers across a border of `width_mm` centred at distance 0.
pub(super) fn blend_hu(inside_hu: f32, outside_hu: f32, distance_mm: f64, width_mm: f64) -> f32 {
    lerp(
        f64::from(inside_hu),
        f64::from(outside_hu),
        ease(-width_mm, width_mm, distance_mm),
    ) as f32
}
