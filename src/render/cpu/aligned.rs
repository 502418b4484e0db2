//! Pictures whose columns, rows and normal run along the voxel grid: interpolation falls apart
//! into one step per axis, and positions are worked out once per axis in `f64`.

use super::row::{Fold, Greatest, Least, Sum, lerp};
use super::{Combination, Job, MISSING, RowPainter, Source};
use crate::volume::sample::{MISSING_SHARE, linear_taps, nearest_index};
use crate::volume::{Interpolation, StoredVoxel};

/// How far, in voxels over a whole picture, an axis may run off the grid.
const GRID_TOLERANCE: f64 = 1e-5;

/// Shares below are as good as none.
const NO_SHARE: f64 = 1e-6;

/// Samples of a slab that are kept at a time where it runs along the stored rows.
const SLAB_CHUNK: usize = 64;

/// Which voxel axis (0 column, 1 row, 2 slice) each axis of the picture runs along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Axes {
    across: usize,
    down: usize,
    normal: usize,
}

impl Axes {
    /// `None` where the picture does not run along the grid.
    pub(super) fn of(job: &Job) -> Option<Self> {
        let along = |step: glam::DVec3, count: usize| {
            let reach = (step * (count - 1) as f64).abs().to_array();
            let axis = usize::from(reach[1] > reach[0]);
            let axis = if reach[2] > reach[axis] { 2 } else { axis };
            let others = (0..3).filter(|&other| other != axis);
            others
                .map(|other| reach[other])
                .all(|off| off < GRID_TOLERANCE)
                .then_some(axis)
        };
        // One pixel runs nowhere: it takes an axis that is free.
        let across = along(job.grid.right, job.width)?;
        let down = along(job.grid.down, job.height)?;
        let down = if down == across && job.height == 1 {
            (across + 1) % 3
        } else {
            down
        };
        let across = if down == across && job.width == 1 {
            (down + 1) % 3
        } else {
            across
        };
        let normal = 3_usize.checked_sub(across + down)?;
        let samples = along(job.grid.along, job.grid.samples)?;
        let fits = across != down && (job.grid.samples == 1 || samples == normal);
        fits.then_some(Self {
            across,
            down,
            normal,
        })
    }

    /// Whether the picture is easier drawn mirrored about its diagonal: stored rows then lie along
    /// its rows, or along its normal with stored columns along its rows.
    pub(super) fn is_transposed(self) -> bool {
        self.down == 0 || (self.normal == 0 && self.across == 2)
    }

    /// Of the mirrored picture.
    pub(super) fn transposed(self) -> Self {
        Self {
            across: self.down,
            down: self.across,
            ..self
        }
    }
}

/// Between which two voxels a position lies.
#[derive(Debug, Clone, Copy)]
struct Tap {
    low: usize,
    high: usize,
    share: f32,
}

impl Tap {
    fn at(at: f64, count: usize, interpolation: Interpolation) -> Option<Self> {
        let (low, high, share) = match interpolation {
            Interpolation::Nearest => {
                let index = nearest_index(at, count)?;
                (index, index, 0.0)
            }
            Interpolation::Linear => linear_taps(at, count)?,
        };
        let (low, high, share) = if share < NO_SHARE {
            (low, low, 0.0)
        } else if share > 1.0 - NO_SHARE {
            (high, high, 0.0)
        } else {
            (low, high, share as f32)
        };
        Some(Self { low, high, share })
    }
}

/// Draws rows of a picture along the grid.
pub(super) struct Painter<'a, T> {
    source: &'a Source<'a, T>,
    axes: Axes,
    columns: usize,
    combine: Combination,
    /// First pixel of a row inside the volume.
    first: usize,
    /// Those inside, one after the other.
    across: Vec<Tap>,
    down: Vec<Option<Tap>>,
    /// Samples of the slab inside.
    normal: Vec<Tap>,
}

/// Buffers of one task.
#[derive(Default)]
pub(super) struct Scratch {
    line: Vec<f32>,
    total: Vec<f32>,
    block: Vec<f32>,
}

impl<'a, T: StoredVoxel> Painter<'a, T> {
    pub(super) fn new(job: &Job, axes: &Axes, source: &'a Source<'a, T>) -> Self {
        let taps = |step: glam::DVec3, count: usize, axis: usize| -> Vec<Option<Tap>> {
            (0..count)
                .map(|i| {
                    let at = job.grid.origin[axis] + step[axis] * i as f64;
                    Tap::at(at, job.size[axis], job.interpolation)
                })
                .collect()
        };
        let across = taps(job.grid.right, job.width, axes.across);
        let first = across.iter().position(Option::is_some).unwrap_or(0);
        let normal = taps(job.grid.along, job.grid.samples, axes.normal);
        Self {
            source,
            axes: *axes,
            columns: job.size[0],
            combine: job.combine,
            first,
            across: across.into_iter().flatten().collect(),
            down: taps(job.grid.down, job.height, axes.down),
            normal: normal.into_iter().flatten().collect(),
        }
    }

    /// The slices a tap needs and the share of the second; `None` where one is missing.
    fn slices(&self, tap: Tap) -> Option<(&'a [T], &'a [T], f32)> {
        let (near, far) = (self.source.slice(tap.low), self.source.slice(tap.high));
        match (near, far) {
            (Some(near), Some(far)) => Some((near, far, tap.share)),
            (Some(near), None) if tap.share <= MISSING_SHARE as f32 => Some((near, near, 0.0)),
            (None, Some(far)) if tap.share >= 1.0 - MISSING_SHARE as f32 => Some((far, far, 0.0)),
            _ => None,
        }
    }

    /// Picture rows along stored rows.
    fn paint_along<F: Fold>(&self, down: Tap, scratch: &mut Scratch, pixels: &mut [f32]) {
        let (from, to) = ends(&self.across);
        let Scratch { line, total, .. } = scratch;
        line.clear();
        line.resize(to - from + 2, 0.0);
        total.clear();
        total.resize(to - from + 2, 0.0);
        pixels.fill(F::EMPTY);
        let averages = self.averages();
        let mut found = 0_usize;
        for &normal in &self.normal {
            let (row, slice) = if self.axes.down == 1 {
                (down, normal)
            } else {
                (normal, down)
            };
            let Some(slices) = self.slices(slice) else {
                continue;
            };
            found += 1;
            self.blend_rows(row, slices, from, line);
            if averages {
                for (sum, &value) in total.iter_mut().zip(&*line) {
                    *sum += value;
                }
                continue;
            }
            for (pixel, tap) in pixels.iter_mut().zip(&self.across) {
                let at = tap.low - from;
                F::add(pixel, lerp(line[at], line[at + 1], tap.share));
            }
        }
        if found == 0 {
            pixels.fill(MISSING);
        } else if averages {
            let share = 1.0 / found as f32;
            for (pixel, tap) in pixels.iter_mut().zip(&self.across) {
                let at = tap.low - from;
                *pixel = lerp(total[at], total[at + 1], tap.share) * share;
            }
        }
    }

    /// One line of the volume along its stored rows, the last value twice.
    fn blend_rows(&self, row: Tap, slices: (&[T], &[T], f32), from: usize, line: &mut [f32]) {
        let (near, far, along) = slices;
        let count = line.len() - 1;
        let (upper, lower) = (
            row.low * self.columns + from,
            row.high * self.columns + from,
        );
        let (line, last) = line.split_at_mut(count);
        let (a, b) = (&near[upper..][..count], &near[lower..][..count]);
        let (c, d) = (&far[upper..][..count], &far[lower..][..count]);
        match (row.share > 0.0, along > 0.0) {
            (false, false) => {
                for (value, &a) in line.iter_mut().zip(a) {
                    *value = a.to_f32();
                }
            }
            (true, false) => blend_two(line, a, b, row.share),
            (false, true) => blend_two(line, a, c, along),
            (true, true) => {
                let corners = a.iter().zip(b).zip(c.iter().zip(d));
                for (value, ((&a, &b), (&c, &d))) in line.iter_mut().zip(corners) {
                    let near = lerp(a.to_f32(), b.to_f32(), row.share);
                    let far = lerp(c.to_f32(), d.to_f32(), row.share);
                    *value = lerp(near, far, along);
                }
            }
        }
        last[0] = line[count - 1];
    }

    /// Picture rows along stored columns, the slab along stored rows.
    fn paint_through<F: Fold>(&self, down: Tap, scratch: &mut Scratch, pixels: &mut [f32]) {
        let Some(slices) = self.slices(down) else {
            pixels.fill(MISSING);
            return;
        };
        let (first_row, last_row) = ends(&self.across);
        let averages = self.averages();
        pixels.fill(F::EMPTY);
        let Scratch { line, block, total } = scratch;
        total.clear();
        total.resize(last_row - first_row + 2, 0.0);
        for normal in self.normal.chunks(SLAB_CHUNK) {
            let (from, to) = ends(normal);
            line.clear();
            line.resize(to - from + 2, 0.0);
            block.clear();
            for row in first_row..=last_row {
                let row = Tap {
                    low: row,
                    high: row,
                    share: 0.0,
                };
                self.blend_rows(row, slices, from, line);
                block.extend(normal.iter().map(|tap| {
                    let at = tap.low - from;
                    lerp(line[at], line[at + 1], tap.share)
                }));
            }
            let samples = normal.len();
            if averages {
                for (sum, values) in total.iter_mut().zip(block.chunks(samples)) {
                    *sum += values.iter().sum::<f32>();
                }
                continue;
            }
            for (pixel, tap) in pixels.iter_mut().zip(&self.across) {
                let low = &block[(tap.low - first_row) * samples..][..samples];
                let high = &block[(tap.high - first_row) * samples..][..samples];
                fold_between::<F>(pixel, low, high, tap.share);
            }
        }
        if averages {
            let share = 1.0 / self.normal.len() as f32;
            for (pixel, tap) in pixels.iter_mut().zip(&self.across) {
                let (low, high) = (tap.low - first_row, tap.high - first_row);
                *pixel = lerp(total[low], total[high], tap.share) * share;
            }
        }
    }

    /// Means are formed before the last interpolation, which changes nothing; so is one sample.
    fn averages(&self) -> bool {
        self.combine == Combination::Mean || self.normal.len() == 1
    }

    fn paint_inside<F: Fold>(&self, down: Tap, scratch: &mut Scratch, pixels: &mut [f32]) {
        if self.axes.across == 0 {
            self.paint_along::<F>(down, scratch, pixels);
        } else {
            self.paint_through::<F>(down, scratch, pixels);
        }
    }
}

impl<T: StoredVoxel> RowPainter for Painter<'_, T> {
    type Scratch = Scratch;

    fn scratch(&self) -> Scratch {
        Scratch::default()
    }

    fn paint(&self, row: usize, scratch: &mut Scratch, pixels: &mut [f32]) {
        pixels.fill(f32::NAN);
        let Some(down) = self.down[row] else {
            return;
        };
        if self.across.is_empty() || self.normal.is_empty() {
            return;
        }
        let pixels = &mut pixels[self.first..][..self.across.len()];
        match self.combine {
            Combination::Greatest => self.paint_inside::<Greatest>(down, scratch, pixels),
            Combination::Least => self.paint_inside::<Least>(down, scratch, pixels),
            Combination::Mean => self.paint_inside::<Sum>(down, scratch, pixels),
        }
    }
}

/// Least and greatest voxel of taps in order, either way; 0 for none.
fn ends(taps: &[Tap]) -> (usize, usize) {
    let (Some(first), Some(last)) = (taps.first(), taps.last()) else {
        return (0, 0);
    };
    (first.low.min(last.low), first.high.max(last.high))
}

fn blend_two<T: StoredVoxel>(line: &mut [f32], a: &[T], b: &[T], share: f32) {
    for ((value, &a), &b) in line.iter_mut().zip(a).zip(b) {
        *value = lerp(a.to_f32(), b.to_f32(), share);
    }
}

/// Folds the values between two runs into a pixel, four at a time.
fn fold_between<F: Fold>(pixel: &mut f32, low: &[f32], high: &[f32], share: f32) {
    let mut lanes = [F::EMPTY; 4];
    let ((lows, low_rest), (highs, high_rest)) = (low.as_chunks::<4>(), high.as_chunks::<4>());
    for (low, high) in lows.iter().zip(highs) {
        for lane in 0..4 {
            F::add(&mut lanes[lane], lerp(low[lane], high[lane], share));
        }
    }
    for lane in lanes {
        F::add(pixel, lane);
    }
    for (&low, &high) in low_rest.iter().zip(high_rest) {
        F::add(pixel, lerp(low, high, share));
    }
}
