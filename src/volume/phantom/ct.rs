//! Imaging of a painted slice: in-plane blur, correlated noise that grows with
//! the tissue the beam crosses, and slight cupping.

use super::PhantomError;
use super::anatomy::Tables;
use super::noise::{bell, mix};
use super::shape::ease;
use super::voxelize::{GridSpace, Voxel};

/// Lowest CT number written; the scanner's scale ends there.
const LOWEST_HU: f32 = -1024.0;

/// Point spread and noise of the simulated scanner.
#[derive(Debug, Clone)]
pub(super) struct Scanner {
    seed: u64,
    noise_hu: f32,
    blur_mm: f64,
    air_hu: f32,
}

impl Scanner {
    pub(super) fn new(tables: &Tables, seed: u64) -> Result<Self, PhantomError> {
        Ok(Self {
            seed: mix(seed ^ 0x4E4F_4953),
            noise_hu: tables.scalar("ct", "noise_hu")? as f32,
            blur_mm: tables.scalar("ct", "blur_mm")?,
            air_hu: tables.hu("air")?,
        })
    }

    pub(super) fn air_hu(&self) -> f32 {
        self.air_hu
    }

    /// Images one slice.
    ///
    /// White noise goes in before the blur, so its grain has the size of the point spread.
    pub(super) fn image(&self, space: &GridSpace, slice: usize, voxels: &[Voxel], hu: &mut [i16]) {
        let grid = &space.grid;
        let taps = taps(self.blur_mm / grid.spacing_mm[0]);
        let squares: f32 = taps.iter().map(|t| t * t).sum();
        // A separable kernel damps white noise by the sum of its squared taps.
        let white_hu = self.noise_hu / squares;
        let columns = grid.columns;
        let mut raw = vec![0.0_f32; voxels.len()];
        let slice_seed = mix(self.seed.wrapping_add(slice as u64));
        for (row, line) in raw.chunks_mut(columns).enumerate() {
            let drop = row as f32 / grid.rows as f32 - 0.5;
            for (column, out) in line.iter_mut().enumerate() {
                let index = row * columns + column;
                let value = voxels[index].hu;
                let across = column as f32 / columns as f32 - 0.5;
                let central = 1.0 - 2.2 * (across * across + drop * drop);
                let in_body = if value < -700.0 { 0.45 } else { 1.0 };
                let noise = bell(mix(slice_seed ^ index as u64))
                    * white_hu
                    * in_body
                    * (0.72 + 0.36 * central);
                let cupping = if value > -300.0 { -5.0 * central } else { 0.0 };
                *out = value + noise + cupping;
            }
        }
        let mut across = vec![0.0_f32; raw.len()];
        for (line, out) in raw.chunks(columns).zip(across.chunks_mut(columns)) {
            blur_line(line, out, &taps);
        }
        let reach = taps.len() / 2;
        for (row, out) in hu.chunks_mut(columns).enumerate() {
            let mut sum = vec![0.0_f32; columns];
            for (tap, weight) in taps.iter().enumerate() {
                let source = (row + tap).saturating_sub(reach).min(grid.rows - 1) * columns;
                for (s, v) in sum.iter_mut().zip(&across[source..source + columns]) {
                    *s += weight * v;
                }
            }
            for (pixel, s) in out.iter_mut().zip(&sum) {
                *pixel = s.clamp(LOWEST_HU, 3071.0).round() as i16;
            }
        }
    }
}

fn blur_line(line: &[f32], out: &mut [f32], taps: &[f32]) {
    let reach = taps.len() / 2;
    for (column, pixel) in out.iter_mut().enumerate() {
        let mut sum = 0.0;
        for (tap, weight) in taps.iter().enumerate() {
            let source = (column + tap).saturating_sub(reach).min(line.len() - 1);
            sum += weight * line[source];
        }
        *pixel = sum;
    }
}

/// Five Gaussian taps for a spread given in pixels.
fn taps(sigma_pixels: f64) -> [f32; 5] {
    let sigma = sigma_pixels.max(0.05);
    let weight = |offset: f64| (-0.5 * (offset / sigma).powi(2)).exp();
    let raw = [weight(2.0), weight(1.0), 1.0, weight(1.0), weight(2.0)];
    let total: f64 = raw.iter().sum();
    raw.map(|w| (w / total) as f32)
}

/// Share of fat at a point of a streaky muscle, from noise in -1..1.
pub(super) fn fat_share(noise: f64, threshold: f64) -> f32 {
    ease(threshold, threshold + 0.35, noise) as f32
}
