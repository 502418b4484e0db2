//! What a fluoroscope makes of line integrals: collimation, scatter, blur of focal spot and
//! scintillator, quantum noise at a constant dose in the middle of the picture, and its processing
//! for the display: logarithm, less of what is coarse and more of what is fine.

use rayon::prelude::*;

use super::noise::{bell, mix};
use super::shape::ease;
use crate::geometry::Receptor;

/// Stored values have this many bits.
pub(super) const BITS: u16 = 12;
/// Stored value of the mean intensity in the middle, and of e times as much more than that.
const MIDDLE_VALUE: f32 = 2100.0;
const VALUE_PER_E: f32 = 850.0;
/// Share of what is coarser than this on the receptor that the display leaves out, so that the
/// spine shows beside thick and beside thin parts of the body.
const HARMONIZED: f32 = 0.72;
const HARMONIZED_MM: f64 = 13.0;
/// Share of what is finer than this that the display adds.
const SHARPENED: f32 = 0.9;
const SHARPENED_MM: f64 = 1.6;
/// Scatter behind the grid as a share of the primary beam, and how far it spreads.
const SCATTER_SHARE: f32 = 0.55;
const SCATTER_MM: f64 = 24.0;
/// Standard deviation of the blur of focal spot (0.6 mm) and scintillator on the receptor.
const BLUR_MM: f64 = 0.27;
/// Width of the half-shadow of a collimator blade.
const PENUMBRA_MM: f64 = 1.6;
/// Share of the picture, about its middle, that the dose is held constant in.
const DOSE_FIELD: f64 = 0.45;
/// Pixels on a side of the coarse grid that scatter is computed on.
const COARSE: usize = 8;

/// Open field between the collimator blades: mm on the receptor from the central ray, left, right,
/// top and bottom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Blades(pub(super) [f64; 4]);

impl Blades {
    /// First and last open column and row, counted from 1.
    pub(super) fn edges(self, receptor: &Receptor) -> [u32; 4] {
        let [left, right, top, bottom] = self.0;
        let edge = |axis: usize, mm: f64| {
            let index = receptor.center[axis] + mm / receptor.pixel_mm[axis];
            (index.round() + 1.0).clamp(1.0, receptor.size[axis] as f64) as u32
        };
        [edge(0, left), edge(0, right), edge(1, top), edge(1, bottom)]
    }

    /// Share of the beam that passes to a pixel.
    fn open(self, receptor: &Receptor, column: usize, row: usize) -> f32 {
        let [left, right, top, bottom] = self.0;
        let x = (column as f64 - receptor.center[0]) * receptor.pixel_mm[0];
        let y = (row as f64 - receptor.center[1]) * receptor.pixel_mm[1];
        let inside = (x - left).min(right - x).min(y - top).min(bottom - y);
        ease(-0.5 * PENUMBRA_MM, 0.5 * PENUMBRA_MM, inside) as f32
    }
}

/// A receptor in a collimated beam.
pub(super) struct Detector {
    receptor: Receptor,
    open: Vec<f32>,
    /// Quanta in a pixel of mean intensity.
    quanta: f32,
    taps: Vec<f32>,
}

/// What stays the same in all frames of a run: scatter, the dose that the generator found, and
/// what the display takes off for being coarse.
pub(super) struct Exposure {
    scatter: Vec<f32>,
    mean: f32,
    lift: Vec<f32>,
}

impl Detector {
    pub(super) fn new(receptor: Receptor, blades: Blades, quanta: f32) -> Self {
        let columns = receptor.size[0].max(1);
        let open = (0..receptor.size.iter().product())
            .map(|index: usize| blades.open(&receptor, index % columns, index / columns))
            .collect();
        Self {
            taps: gaussian(BLUR_MM / receptor.pixel_mm[0], 2),
            receptor,
            open,
            quanta,
        }
    }

    /// Intensity behind the patient, were there no blades.
    fn primary(&self, integrals: &[f32]) -> Vec<f32> {
        let mut primary = vec![0.0; self.open.len()];
        primary
            .par_iter_mut()
            .zip(integrals)
            .for_each(|(pixel, integral)| *pixel = (-integral).exp());
        self.blurred(&primary)
    }

    /// Finds scatter and dose for a picture.
    pub(super) fn expose(&self, integrals: &[f32]) -> Exposure {
        let primary = self.primary(integrals);
        let field = primary.iter().zip(&self.open);
        let field: Vec<f32> = field.map(|(direct, open)| direct * open).collect();
        let mut scatter = self.coarse(&field, SCATTER_MM);
        for value in &mut scatter {
            *value *= SCATTER_SHARE;
        }
        // Without the blades, which would shine into it.
        let mut lift = self.coarse(integrals, HARMONIZED_MM);
        let middle = self.middle_mean(&lift);
        for value in &mut lift {
            *value = HARMONIZED * (*value - middle);
        }
        let direct = self.middle_mean(&primary);
        Exposure {
            mean: (direct + self.middle_mean(&scatter)).max(f32::MIN_POSITIVE),
            scatter,
            lift,
        }
    }

    /// Mean of the part of a picture that the dose is held constant in.
    fn middle_mean(&self, picture: &[f32]) -> f32 {
        let [columns, rows] = self.receptor.size;
        let within = |index: usize, count: usize| {
            (index as f64 / count as f64 - 0.5).abs() < 0.5 * DOSE_FIELD
        };
        let (mut sum, mut count) = (0.0_f64, 0.0_f64);
        for (index, value) in picture.iter().enumerate() {
            if within(index % columns.max(1), columns) && within(index / columns.max(1), rows) {
                sum += f64::from(*value);
                count += 1.0;
            }
        }
        (sum / count.max(1.0)) as f32
    }

    /// Stored values of one frame; `noise` is another number for each.
    pub(super) fn take(&self, integrals: &[f32], exposure: &Exposure, noise: u64) -> Vec<u16> {
        let primary = self.primary(integrals);
        let grain = self.grain(noise);
        let mut seen = vec![0.0_f32; primary.len()];
        seen.par_iter_mut()
            .zip(primary.par_iter().zip(&exposure.scatter))
            .zip(grain.par_iter().zip(&exposure.lift))
            .for_each(|((seen, (direct, scattered)), (grain, lift))| {
                let quanta = (direct + scattered) / exposure.mean * self.quanta;
                let quanta = quanta.max(0.25);
                // Poisson noise, near enough to a normal one.
                let counted = (quanta + grain * quanta.sqrt()).max(0.25);
                *seen = (counted / self.quanta).ln() + lift;
            });
        self.display(&seen)
    }

    /// Sharpens the logarithm and stores it; what the blades cover is shuttered to black.
    fn display(&self, seen: &[f32]) -> Vec<u16> {
        let most = f32::from(u16::MAX >> (16 - BITS));
        let reach = (2.5 * SHARPENED_MM / self.receptor.pixel_mm[0]).ceil() as i32;
        let sigma = SHARPENED_MM / self.receptor.pixel_mm[0];
        let soft = blur(seen, self.receptor.size[0], &gaussian(sigma, reach));
        let mut values = vec![0_u16; seen.len()];
        values
            .par_iter_mut()
            .zip(seen.par_iter().zip(&soft).zip(&self.open))
            .filter(|(_, (_, open))| **open > 0.0)
            .for_each(|(value, ((seen, soft), open))| {
                let sharp = seen + SHARPENED * (seen - soft);
                let stored = MIDDLE_VALUE + VALUE_PER_E * (sharp + open.ln());
                *value = stored.clamp(0.0, most).round() as u16;
            });
        values
    }

    /// Noise of unit spread, as fine as the scintillator leaves it.
    fn grain(&self, noise: u64) -> Vec<f32> {
        let seed = mix(noise);
        let mut white = vec![0.0; self.open.len()];
        white
            .par_iter_mut()
            .enumerate()
            .for_each(|(index, grain)| *grain = bell(mix(seed ^ index as u64)));
        let squares: f32 = self.taps.iter().map(|tap| tap * tap).sum();
        let mut grain = self.blurred(&white);
        // The blur takes the noise down by the sum of its squared taps.
        grain.par_iter_mut().for_each(|grain| *grain /= squares);
        grain
    }

    fn blurred(&self, picture: &[f32]) -> Vec<f32> {
        blur(picture, self.receptor.size[0], &self.taps)
    }

    /// A picture without what is finer than a spread in mm on the receptor.
    fn coarse(&self, picture: &[f32], spread_mm: f64) -> Vec<f32> {
        let [columns, rows] = self.receptor.size;
        let (wide, high) = (columns.div_ceil(COARSE), rows.div_ceil(COARSE));
        let mut coarse = vec![0.0_f32; wide * high];
        for (index, value) in picture.iter().enumerate() {
            let (column, row) = (index % columns, index / columns);
            let (cell_column, cell_row) = (column / COARSE, row / COARSE);
            // Cells at the right and lower border may be cut.
            let pixels =
                COARSE.min(columns - cell_column * COARSE) * COARSE.min(rows - cell_row * COARSE);
            if let Some(cell) = coarse.get_mut(cell_row * wide + cell_column) {
                *cell += value / pixels as f32;
            }
        }
        // Three boxes make a Gaussian.
        let sigma = spread_mm / self.receptor.pixel_mm[0] / COARSE as f64;
        let reach = ((4.0 * sigma * sigma + 1.0).sqrt() * 0.5).round() as usize;
        let taps = vec![1.0 / (2 * reach + 1) as f32; 2 * reach + 1];
        for _ in 0..3 {
            coarse = blur(&coarse, wide, &taps);
        }
        let at = |column: usize, row: usize| {
            let index = row.min(high - 1) * wide + column.min(wide - 1);
            coarse.get(index).copied().unwrap_or(0.0)
        };
        (0..columns * rows)
            .map(|index| {
                let place = |pixel: usize| {
                    let cell = ((pixel as f32 + 0.5) / COARSE as f32 - 0.5).max(0.0);
                    (cell as usize, cell.fract())
                };
                let (column, right) = place(index % columns);
                let (row, low) = place(index / columns);
                let line = |row| at(column, row) * (1.0 - right) + at(column + 1, row) * right;
                line(row) * (1.0 - low) + line(row + 1) * low
            })
            .collect()
    }
}

/// Gaussian taps up to `reach` pixels each way.
fn gaussian(sigma_pixels: f64, reach: i32) -> Vec<f32> {
    let weight = |offset: i32| (-0.5 * (f64::from(offset) / sigma_pixels.max(0.05)).powi(2)).exp();
    let raw: Vec<f64> = (-reach..=reach).map(weight).collect();
    let total: f64 = raw.iter().sum();
    raw.iter().map(|weight| (weight / total) as f32).collect()
}

/// Blurs rows, then columns; the border is continued.
fn blur(picture: &[f32], columns: usize, taps: &[f32]) -> Vec<f32> {
    let columns = columns.max(1);
    let rows = picture.len() / columns;
    let reach = taps.len() / 2;
    let held = |index: usize, tap: usize, count: usize| {
        (index + tap)
            .saturating_sub(reach)
            .min(count.saturating_sub(1))
    };
    let mut across = vec![0.0_f32; picture.len()];
    across
        .par_chunks_mut(columns)
        .zip(picture.par_chunks(columns))
        .for_each(|(out, line)| {
            for (column, pixel) in out.iter_mut().enumerate() {
                let taps = taps.iter().enumerate();
                *pixel = taps
                    .filter_map(|(tap, weight)| {
                        Some(weight * line.get(held(column, tap, line.len()))?)
                    })
                    .sum();
            }
        });
    let mut down = vec![0.0_f32; picture.len()];
    down.par_chunks_mut(columns)
        .enumerate()
        .for_each(|(row, out)| {
            for (tap, weight) in taps.iter().enumerate() {
                let from = held(row, tap, rows) * columns;
                let line = across.get(from..from + columns).unwrap_or_default();
                for (pixel, value) in out.iter_mut().zip(line) {
                    *pixel += weight * value;
                }
            }
        });
    down
}

/// Window Center and Window Width that show what lies between the blades.
pub(super) fn window(values: &[u16], receptor: &Receptor, edges: [u32; 4]) -> [f64; 2] {
    /// Shares of the pixels that may be all black and all white.
    const CLIPPED: [f64; 2] = [0.01, 0.97];
    let columns = receptor.size[0].max(1);
    let [left, right, top, bottom] = edges.map(|edge| edge as usize);
    let mut counts = vec![0_usize; 1 << BITS];
    let mut total = 0;
    for (index, value) in values.iter().enumerate() {
        let (column, row) = (index % columns + 1, index / columns + 1);
        let inside = (left..=right).contains(&column) && (top..=bottom).contains(&row);
        if let Some(count) = counts.get_mut(usize::from(*value)).filter(|_| inside) {
            *count += 1;
            total += 1;
        }
    }
    let below = |share: f64| {
        let wanted = share * f64::from(total);
        let mut sum = 0.0;
        let found = counts.iter().position(|count| {
            sum += *count as f64;
            sum >= wanted
        });
        found.unwrap_or(0) as f64
    };
    let [low, high] = CLIPPED.map(below);
    [f64::midpoint(low, high), (high - low).max(1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detector(quanta: f32) -> Detector {
        let receptor = Receptor::centered([128, 96], 0.4);
        Detector::new(receptor, Blades([-20.0, 20.0, -15.0, 15.0]), quanta)
    }

    /// Mean and spread of the middle of a picture of a flat field.
    fn flat(quanta: f32) -> [f64; 2] {
        let detector = detector(quanta);
        let flat = vec![4.0; 128 * 96];
        let values = detector.take(&flat, &detector.expose(&flat), 5);
        let middle: Vec<f64> = (30..66)
            .flat_map(|row| (40..88).map(move |column| row * 128 + column))
            .map(|index| f64::from(values[index]))
            .collect();
        let mean = middle.iter().sum::<f64>() / middle.len() as f64;
        let variance = middle.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / middle.len() as f64;
        [mean, variance.sqrt()]
    }

    #[test]
    fn four_times_the_quanta_halve_the_noise_and_keep_the_mean() {
        let ([mean, noise], [_, finer]) = (flat(600.0), flat(2400.0));
        assert!((mean - f64::from(MIDDLE_VALUE)).abs() < 40.0, "{mean}");
        assert!((noise / finer - 2.0).abs() < 0.1, "{noise} {finer}");
        // At least the noise of the quanta: sharpening adds to it.
        assert!(noise > f64::from(VALUE_PER_E) / 600.0_f64.sqrt(), "{noise}");
    }

    #[test]
    fn twice_the_attenuation_is_darker_and_the_blades_are_darkest() {
        let detector = detector(1e9);
        let integrals: Vec<f32> = (0..128 * 96)
            .map(|index| if index % 128 < 64 { 4.0 } else { 4.5 })
            .collect();
        let values = detector.take(&integrals, &detector.expose(&integrals), 1);
        let at = |column: usize| values[48 * 128 + column];
        assert!(at(56) > at(72) && at(72) > 0);
        assert_eq!(at(2), 0);
    }
}
