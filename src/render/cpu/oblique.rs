//! Pictures in any direction: voxel coordinates advance along a row in fixed point, and the ends
//! of what lies inside are worked out first, so that the inner loop asks nothing.

use std::ops::Range;

use glam::DVec3;

use super::row::{Fold, Greatest, Least, Sum, lerp};
use super::{Combination, Job, MISSING, RowPainter, Source};
use crate::volume::sample::{MISSING_SHARE, TIE_BIAS};
use crate::volume::{Interpolation, StoredVoxel};

/// Voxel coordinates with 32 bits after the point: no drift over a row, no rounding to speak of.
type Fixed = [i64; 3];

const ONE: i64 = 1 << 32;

fn fixed(vec: DVec3) -> Fixed {
    vec.to_array().map(|at| (at * ONE as f64).round() as i64)
}

/// A position after a number of steps. Wraps only where the result is not inside any volume.
fn stepped(at: Fixed, step: Fixed, steps: usize) -> Fixed {
    std::array::from_fn(|i| at[i].wrapping_add(step[i].wrapping_mul(steps as i64)))
}

/// Share of the next voxel; exact to 24 bits.
#[inline]
fn share(at: i64) -> f32 {
    const UNIT: f32 = 1.0 / 16_777_216.0;
    (at as u32 >> 8) as i32 as f32 * UNIT
}

/// Draws rows of a picture in any direction.
pub(super) struct Painter<'a, T> {
    source: &'a Source<'a, T>,
    job: &'a Job,
    /// Positions that belong to the volume, per axis.
    inside: [Range<i64>; 3],
    /// Positions with a voxel on either side, per axis.
    between: [Range<i64>; 3],
}

/// Buffers of one task.
#[derive(Default)]
pub(super) struct Scratch {
    /// Samples per pixel, for means.
    counts: Vec<u32>,
    /// Pixels with a sample in a missing slice, as often as there are such samples.
    skipped: Vec<usize>,
}

/// One sample of every pixel of a row.
struct Line {
    /// Voxel coordinates of pixel 0.
    start: DVec3,
    /// Pixel that `at` belongs to.
    pixel: usize,
    at: Fixed,
    step: Fixed,
}

impl Line {
    fn at(&self, pixel: usize) -> Fixed {
        stepped(self.at, self.step, pixel - self.pixel)
    }

    /// Pixels of `within` whose position lies in the box.
    fn pixels_in(&self, bounds: &[Range<i64>; 3], within: Range<usize>) -> Range<usize> {
        let is_in = |pixel: usize| {
            let at = self.at(pixel);
            at.iter().zip(bounds).all(|(at, bound)| bound.contains(at))
        };
        let Range { mut start, mut end } = within;
        while start < end && !is_in(start) {
            start += 1;
        }
        while start < end && !is_in(end - 1) {
            end -= 1;
        }
        start..end
    }
}

impl<'a, T: StoredVoxel> Painter<'a, T> {
    pub(super) fn new(job: &'a Job, source: &'a Source<'a, T>) -> Self {
        let low = -ONE / 2 - (TIE_BIAS * ONE as f64) as i64;
        Self {
            source,
            job,
            inside: job.size.map(|n| low..low + n as i64 * ONE),
            between: job.size.map(|n| 0..(n as i64 - 1) * ONE),
        }
    }

    /// Where the line may be inside a box, with a pixel to spare at either end.
    fn reach(&self, start: DVec3, bounds: &[Range<i64>; 3]) -> Range<usize> {
        let (mut first, mut last) = (0.0_f64, self.job.width as f64 - 1.0);
        let steps = self.job.grid.right.to_array();
        for ((bound, at), step) in bounds.iter().zip(start.to_array()).zip(steps) {
            let low = bound.start as f64 / ONE as f64 - at;
            let high = bound.end as f64 / ONE as f64 - at;
            if step.abs() < 1e-12 {
                // The whole row is on one side; a step this small never crosses.
                if low > 1e-6 || high < -1e-6 {
                    return 0..0;
                }
            } else {
                let (a, b) = (low / step, high / step);
                first = first.max(a.min(b).floor() - 1.0);
                last = last.min(a.max(b).ceil() + 1.0);
            }
        }
        if first > last {
            return 0..0;
        }
        first as usize..last as usize + 1
    }

    /// Adds one sample to every pixel of a row.
    fn add_samples<F: Fold>(&self, start: DVec3, scratch: &mut Scratch, pixels: &mut [f32]) {
        let reach = self.reach(start, &self.inside);
        let line = Line {
            start,
            pixel: reach.start,
            at: fixed(start + self.job.grid.right * reach.start as f64),
            step: fixed(self.job.grid.right),
        };
        let inside = line.pixels_in(&self.inside, reach);
        if inside.is_empty() {
            return;
        }
        if self.job.combine == Combination::Mean {
            for count in &mut scratch.counts[inside.clone()] {
                *count += 1;
            }
        }
        if self.job.interpolation == Interpolation::Nearest {
            self.add_nearest::<F>(&line, inside, scratch, pixels);
            return;
        }
        let spare = self.reach(line.start, &self.between);
        let between =
            spare.start.clamp(inside.start, inside.end)..spare.end.clamp(inside.start, inside.end);
        let between = line.pixels_in(&self.between, between);
        if between.is_empty() {
            self.add_at_border::<F>(&line, inside, scratch, pixels);
            return;
        }
        self.add_at_border::<F>(&line, inside.start..between.start, scratch, pixels);
        self.add_between::<F>(&line, between.clone(), scratch, pixels);
        self.add_at_border::<F>(&line, between.end..inside.end, scratch, pixels);
    }

    fn add_nearest<F: Fold>(
        &self,
        line: &Line,
        range: Range<usize>,
        scratch: &mut Scratch,
        pixels: &mut [f32],
    ) {
        let columns = self.job.size[0];
        let half = ONE / 2 + (TIE_BIAS * ONE as f64) as i64;
        let mut at = line.at(range.start).map(|at| at + half);
        for pixel in range {
            let [column, row, slice] = at.map(|at| (at >> 32) as usize);
            let stored = self.source.slices[slice].get(row * columns + column);
            match stored {
                Some(stored) => F::add(&mut pixels[pixel], stored.to_f32()),
                None => scratch.skip(pixel),
            }
            at = stepped(at, line.step, 1);
        }
    }

    /// Where all eight voxels are there to be asked for.
    fn add_between<F: Fold>(
        &self,
        line: &Line,
        range: Range<usize>,
        scratch: &mut Scratch,
        pixels: &mut [f32],
    ) {
        let columns = self.job.size[0];
        let slices = &self.source.slices[..];
        let [dx, dy, dz] = line.step;
        let [mut x, mut y, mut z] = line.at(range.start);
        let first = range.start;
        for (pixel, out) in (first..).zip(&mut pixels[range]) {
            let index = (y >> 32) as usize * columns + (x >> 32) as usize;
            let slice = (z >> 32) as usize;
            let cell = index..index + columns + 2;
            // A missing slice is empty, so this is also the test for one.
            if let Some(&[near, far]) = slices.get(slice..slice + 2)
                && let (Some(near), Some(far)) = (near.get(cell.clone()), far.get(cell))
            {
                let (across, down) = (share(x), share(y));
                let near = in_slice(near, columns, across, down);
                let far = in_slice(far, columns, across, down);
                F::add(out, lerp(near, far, share(z)));
            } else {
                match self.border_value([x, y, z]) {
                    Some(stored) => F::add(out, stored),
                    None => scratch.skip(pixel),
                }
            }
            x = x.wrapping_add(dx);
            y = y.wrapping_add(dy);
            z = z.wrapping_add(dz);
        }
    }

    fn add_at_border<F: Fold>(
        &self,
        line: &Line,
        range: Range<usize>,
        scratch: &mut Scratch,
        pixels: &mut [f32],
    ) {
        if range.is_empty() {
            return;
        }
        let mut at = line.at(range.start);
        for pixel in range {
            match self.border_value(at) {
                Some(stored) => F::add(&mut pixels[pixel], stored),
                None => scratch.skip(pixel),
            }
            at = stepped(at, line.step, 1);
        }
    }

    /// Linear value anywhere inside; `None` where a slice it needs is missing.
    fn border_value(&self, at: Fixed) -> Option<f32> {
        let [columns, rows, slices] = self.job.size;
        let tap = |at: i64, count: usize| {
            let at = at.clamp(0, (count as i64 - 1) * ONE);
            let low = (at >> 32) as usize;
            (low, (low + 1).min(count - 1), share(at))
        };
        let (left, right, across) = tap(at[0], columns);
        let (upper, lower, down) = tap(at[1], rows);
        let (near, far, along) = tap(at[2], slices);
        let in_slice = |slice: usize| {
            let voxels = self.source.slice(slice)?;
            let (upper, lower) = (&voxels[upper * columns..], &voxels[lower * columns..]);
            let top = lerp(upper[left].to_f32(), upper[right].to_f32(), across);
            let bottom = lerp(lower[left].to_f32(), lower[right].to_f32(), across);
            Some(lerp(top, bottom, down))
        };
        match (in_slice(near), in_slice(far)) {
            (Some(near), Some(far)) => Some(lerp(near, far, along)),
            (Some(near), None) if along <= MISSING_SHARE as f32 => Some(near),
            (None, Some(far)) if along >= 1.0 - MISSING_SHARE as f32 => Some(far),
            _ => None,
        }
    }

    fn paint_with<F: Fold>(&self, row: usize, scratch: &mut Scratch, pixels: &mut [f32]) {
        let grid = &self.job.grid;
        let averages = self.job.combine == Combination::Mean;
        scratch.reset(if averages { pixels.len() } else { 0 });
        pixels.fill(F::EMPTY);
        for sample in 0..grid.samples {
            self.add_samples::<F>(grid.at(0, row, sample), scratch, pixels);
        }
        if averages {
            for (pixel, &count) in pixels.iter_mut().zip(&scratch.counts) {
                *pixel = if count > 0 {
                    *pixel / count as f32
                } else {
                    f32::NAN
                };
            }
        } else {
            for pixel in pixels.iter_mut().filter(|pixel| **pixel == F::EMPTY) {
                *pixel = f32::NAN;
            }
        }
        for &pixel in &scratch.skipped {
            if pixels[pixel].is_nan() {
                pixels[pixel] = MISSING;
            }
        }
    }
}

impl Scratch {
    fn reset(&mut self, counted: usize) {
        self.counts.clear();
        self.counts.resize(counted, 0);
        self.skipped.clear();
    }

    /// A sample of this pixel was inside, but its slice is missing.
    #[cold]
    fn skip(&mut self, pixel: usize) {
        if let Some(count) = self.counts.get_mut(pixel) {
            *count -= 1;
        }
        self.skipped.push(pixel);
    }
}

/// Between four voxels of a slice; `cell` starts at the first and ends at the last.
#[inline]
fn in_slice<T: StoredVoxel>(cell: &[T], columns: usize, across: f32, down: f32) -> f32 {
    let top = lerp(cell[0].to_f32(), cell[1].to_f32(), across);
    let bottom = lerp(cell[columns].to_f32(), cell[columns + 1].to_f32(), across);
    lerp(top, bottom, down)
}

impl<T: StoredVoxel> RowPainter for Painter<'_, T> {
    type Scratch = Scratch;

    fn scratch(&self) -> Scratch {
        Scratch::default()
    }

    fn paint(&self, row: usize, scratch: &mut Scratch, pixels: &mut [f32]) {
        match self.job.combine {
            Combination::Greatest => self.paint_with::<Greatest>(row, scratch, pixels),
            Combination::Least => self.paint_with::<Least>(row, scratch, pixels),
            Combination::Mean => self.paint_with::<Sum>(row, scratch, pixels),
        }
    }
}
