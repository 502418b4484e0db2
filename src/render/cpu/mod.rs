//! Pictures on the processor: faster than a software GPU, and as good as the oracle.
//!
//! Planes along the voxel grid are cut row by row (`aligned`), all others sample by sample with
//! fixed-point steps (`oblique`). Both leave a row of stored values; here it becomes modality
//! values or greys. Where the volume's `F32` values are not finite the result is unspecified.

mod aligned;
pub mod mesh;
pub mod mesh_layers;
mod oblique;
pub mod ray_cast;
mod ray_field;
mod row;
mod triangle;

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::display::{Display, GreyCurve};
use crate::study::ModalityLut;
use crate::volume::{
    Interpolation, SampleGrid, SlabMode, SliceRequest, SliceStore, StoredVoxel, Volume, Voxels,
};

/// Rows that one task draws.
const BAND_ROWS: usize = 8;

/// Stored "value" of a pixel whose slices are missing; NaN is outside the volume.
const MISSING: f32 = f32::INFINITY;

/// Says that the picture is no longer wanted; asked every few rows.
pub type Cancel<'a> = &'a (dyn Fn() -> bool + Sync);

/// Modality values row by row, NaN outside the volume and where slices are missing.
///
/// `None` when cancelled. A request that [`SliceRequest::check`] refuses gives NaN everywhere.
pub fn render_values(
    volume: &Volume,
    request: &SliceRequest,
    cancel: Cancel<'_>,
) -> Option<Vec<f32>> {
    let lut = volume.modality_lut.clone();
    render(volume, request, cancel, f32::NAN, &|stored, _, values| {
        let (slope, intercept) = (lut.slope as f32, lut.intercept as f32);
        for (value, &stored) in values.iter_mut().zip(stored) {
            *value = if stored.is_finite() {
                stored * slope + intercept
            } else {
                f32::NAN
            };
        }
    })
}

/// Display greys row by row, with the background outside and stripes where slices are missing.
///
/// `None` when cancelled.
pub fn render_greys(
    volume: &Volume,
    request: &SliceRequest,
    display: &Display,
    cancel: Cancel<'_>,
) -> Option<Vec<u8>> {
    let curve = GreyCurve::of(display, &volume.modality_lut);
    let background = display.background;
    render(
        volume,
        request,
        cancel,
        background,
        &|stored, row, greys| {
            curve.map_row(stored, greys);
            for (column, (grey, &stored)) in greys.iter_mut().zip(stored).enumerate() {
                if !stored.is_finite() {
                    *grey = if stored == MISSING {
                        display.missing_grey(column, row)
                    } else {
                        background
                    };
                }
            }
        },
    )
}

/// What a row of stored values becomes: row of the picture, its pixels.
type Finish<'a, P> = &'a (dyn Fn(&[f32], usize, &mut [P]) + Sync);

fn render<P: Copy + Send + Sync>(
    volume: &Volume,
    request: &SliceRequest,
    cancel: Cancel<'_>,
    outside: P,
    finish: Finish<'_, P>,
) -> Option<Vec<P>> {
    let grid = SampleGrid::of(request, &volume.voxel_from_lps, volume.finest_spacing_mm());
    if request.check().is_err() || !grid.is_finite() || volume.size.contains(&0) {
        return Some(vec![outside; request.width * request.height]);
    }
    let job = Job {
        size: volume.size,
        grid,
        width: request.width,
        height: request.height,
        combine: Combination::of(request.slab_mode, &volume.modality_lut),
        interpolation: request.interpolation,
    };
    match &volume.voxels {
        Voxels::I16(store) => draw(&job, store, cancel, outside, finish),
        Voxels::U16(store) => draw(&job, store, cancel, outside, finish),
        Voxels::F32(store) => draw(&job, store, cancel, outside, finish),
    }
}

/// Everything about a picture but its voxels.
#[derive(Debug, Clone, Copy)]
struct Job {
    size: [usize; 3],
    grid: SampleGrid,
    width: usize,
    height: usize,
    combine: Combination,
    interpolation: Interpolation,
}

impl Job {
    /// The picture mirrored about its diagonal.
    fn transposed(&self) -> Self {
        let grid = SampleGrid {
            right: self.grid.down,
            down: self.grid.right,
            ..self.grid
        };
        Self {
            grid,
            width: self.height,
            height: self.width,
            ..*self
        }
    }
}

/// How samples along the normal become one stored value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Combination {
    Greatest,
    Least,
    Mean,
}

impl Combination {
    /// In stored values: a falling modality LUT swaps greatest and least.
    fn of(mode: SlabMode, lut: &ModalityLut) -> Self {
        match (mode, lut.slope < 0.0) {
            (SlabMode::Mip, false) | (SlabMode::Minip, true) => Self::Greatest,
            (SlabMode::Minip, false) | (SlabMode::Mip, true) => Self::Least,
            (SlabMode::Mean, _) => Self::Mean,
        }
    }
}

/// The slices of a volume as they are now; an absent one is empty.
struct Source<'a, T> {
    slices: Vec<&'a [T]>,
}

impl<'a, T: StoredVoxel> Source<'a, T> {
    fn of(store: &'a SliceStore<T>) -> Self {
        let slices = store.all().into_iter().map(Option::unwrap_or_default);
        Self {
            slices: slices.collect(),
        }
    }

    fn slice(&self, slice: usize) -> Option<&'a [T]> {
        self.slices.get(slice).copied().filter(|s| !s.is_empty())
    }
}

/// Draws one row of stored values into the given pixels.
trait RowPainter: Sync {
    /// Buffers of one task.
    type Scratch;
    fn scratch(&self) -> Self::Scratch;
    fn paint(&self, row: usize, scratch: &mut Self::Scratch, pixels: &mut [f32]);
}

fn draw<T: StoredVoxel, P: Copy + Send + Sync>(
    job: &Job,
    store: &SliceStore<T>,
    cancel: Cancel<'_>,
    outside: P,
    finish: Finish<'_, P>,
) -> Option<Vec<P>> {
    let source = Source::of(store);
    let mut picture = vec![outside; job.width * job.height];
    let done = match aligned::Axes::of(job) {
        None => bands(
            &oblique::Painter::new(job, &source),
            job,
            cancel,
            &mut picture,
            finish,
        ),
        Some(axes) if axes.is_transposed() => {
            let turned = job.transposed();
            let painter = aligned::Painter::new(&turned, &axes.transposed(), &source);
            let mut stored = vec![f32::NAN; picture.len()];
            let keep: Finish<'_, f32> = &|row, _, kept| kept.copy_from_slice(row);
            bands(&painter, &turned, cancel, &mut stored, keep)
                && transposed_bands(&stored, job, cancel, &mut picture, finish)
        }
        Some(axes) => {
            let painter = aligned::Painter::new(job, &axes, &source);
            bands(&painter, job, cancel, &mut picture, finish)
        }
    };
    done.then_some(picture)
}

/// Paints all rows, a band per task; false when cancelled.
fn bands<P: Send, R: RowPainter>(
    painter: &R,
    job: &Job,
    cancel: Cancel<'_>,
    picture: &mut [P],
    finish: Finish<'_, P>,
) -> bool {
    each_band(picture, job.width, cancel, |first_row, rows| {
        let mut scratch = painter.scratch();
        let mut stored = vec![f32::NAN; job.width];
        for (row, pixels) in (first_row..).zip(rows.chunks_mut(job.width)) {
            painter.paint(row, &mut scratch, &mut stored);
            finish(&stored, row, pixels);
        }
    })
}

/// Finishes a picture whose stored values lie mirrored about the diagonal; false when cancelled.
fn transposed_bands<P: Send>(
    stored: &[f32],
    job: &Job,
    cancel: Cancel<'_>,
    picture: &mut [P],
    finish: Finish<'_, P>,
) -> bool {
    each_band(picture, job.width, cancel, |first_row, rows| {
        let mut line = vec![f32::NAN; job.width];
        for (row, pixels) in (first_row..).zip(rows.chunks_mut(job.width)) {
            for (pixel, column) in line.iter_mut().zip(stored.chunks(job.height)) {
                *pixel = column[row];
            }
            finish(&line, row, pixels);
        }
    })
}

fn each_band<P: Send>(
    picture: &mut [P],
    width: usize,
    cancel: Cancel<'_>,
    work: impl Fn(usize, &mut [P]) + Sync,
) -> bool {
    let cancelled = AtomicBool::new(false);
    picture
        .par_chunks_mut(width * BAND_ROWS)
        .enumerate()
        .for_each(|(band, rows)| {
            if cancelled.load(Ordering::Relaxed) || cancel() {
                cancelled.store(true, Ordering::Relaxed);
            } else {
                work(band * BAND_ROWS, rows);
            }
        });
    !cancelled.into_inner()
}

#[cfg(test)]
mod tests;
