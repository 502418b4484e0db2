//! Deterministic randomness: a counter hash, a small generator for the seed,
//! and a periodic value-noise field for texture. Owns no anatomy.

use glam::DVec3;

/// Mixes a 64-bit counter into 64 well distributed bits (splitmix64).
pub(super) fn mix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Sum of four 16-bit fields of `bits`, scaled to mean 0 and SD 1.
///
/// Near enough to a normal deviate for image noise, and several times cheaper.
pub(super) fn bell(bits: u64) -> f32 {
    let sum = (bits & 0xFFFF) + ((bits >> 16) & 0xFFFF) + ((bits >> 32) & 0xFFFF) + (bits >> 48);
    // Four uniform 16-bit fields: mean 131070, SD 65536 / sqrt(3).
    (sum as f32 - 131_070.0) * (1.0 / 37_837.2)
}

/// Sequence of deviates that one seed always yields again.
#[derive(Debug, Clone)]
pub(super) struct Deviates {
    state: u64,
}

impl Deviates {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: mix(seed) }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix(self.state)
    }

    /// Uniform in 0..1.
    pub(super) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Uniform between the two bounds.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }

    /// Normal-like deviate, held within ±1.5 so that no organ turns pathological.
    pub(super) fn normal(&mut self) -> f64 {
        f64::from(bell(self.next())).clamp(-1.5, 1.5)
    }
}

const SIDE: usize = 64;

/// Periodic trilinear value noise: values in -1..1, one lattice cell per unit.
#[derive(Debug, Clone)]
pub(super) struct NoiseField {
    lattice: Vec<f32>,
}

impl NoiseField {
    pub(super) fn new(seed: u64) -> Self {
        let lattice = (0..SIDE * SIDE * SIDE)
            .map(|index| {
                let bits = mix(seed.wrapping_mul(0x1000_0001).wrapping_add(index as u64));
                ((bits >> 40) as f32) * (2.0 / 16_777_216.0) - 1.0
            })
            .collect();
        Self { lattice }
    }

    /// Noise at a position in lattice cells.
    pub(super) fn at(&self, x: f64, y: f64, z: f64) -> f64 {
        let (ix, fx) = cell(x);
        let (iy, fy) = cell(y);
        let (iz, fz) = cell(z);
        let (jx, jy, jz) = ((ix + 1) % SIDE, (iy + 1) % SIDE, (iz + 1) % SIDE);
        let row = |y: usize, z: usize| {
            let base = (z * SIDE + y) * SIDE;
            self.lattice[base + ix] * (1.0 - fx) + self.lattice[base + jx] * fx
        };
        let near = row(iy, iz) * (1.0 - fy) + row(jy, iz) * fy;
        let far = row(iy, jz) * (1.0 - fy) + row(jy, jz) * fy;
        f64::from(near * (1.0 - fz) + far * fz)
    }

    /// Noise at `p_mm`, stretched to `scale_mm` per cell along each axis.
    pub(super) fn scaled(&self, p_mm: DVec3, scale_mm: DVec3) -> f64 {
        self.at(
            p_mm.x / scale_mm.x,
            p_mm.y / scale_mm.y,
            p_mm.z / scale_mm.z,
        )
    }

    /// Two octaves of noise at `p_mm` with cells of `scale_mm`.
    pub(super) fn rough(&self, p_mm: DVec3, scale_mm: f64) -> f64 {
        let q = p_mm / scale_mm;
        let fine = q * 2.17;
        0.7 * self.at(q.x, q.y, q.z) + 0.3 * self.at(fine.x + 11.3, fine.y + 5.7, fine.z + 23.1)
    }
}

/// Trabecular texture: fine vertical struts over broad patches, in -1..1.
pub(super) fn trabeculae(noise: &NoiseField, p_mm: DVec3) -> f64 {
    let struts = noise.scaled(p_mm, DVec3::new(1.25, 1.25, 2.4));
    let patches = noise.at(p_mm.x / 6.0 + 9.0, p_mm.y / 6.0, p_mm.z / 7.0);
    0.75 * struts + 0.35 * patches
}

/// Lattice index and eased fraction of a coordinate in cells.
fn cell(value: f64) -> (usize, f32) {
    // Biased so that truncation is the floor: cheaper than a call to `floor`.
    let biased = value + 1_048_576.0;
    let whole = biased as u64;
    let fraction = (biased - whole as f64) as f32;
    let eased = fraction * fraction * (3.0 - 2.0 * fraction);
    ((whole % SIDE as u64) as usize, eased)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bell_has_mean_zero_and_unit_spread() {
        let values: Vec<f64> = (0..200_000).map(|i| f64::from(bell(mix(i)))).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64;
        assert!(mean.abs() < 0.01, "{mean}");
        assert!((variance.sqrt() - 1.0).abs() < 0.01, "{variance}");
    }

    #[test]
    fn noise_field_repeats_after_its_period_and_is_continuous() {
        let field = NoiseField::new(3);
        assert!((field.at(1.3, 2.4, 3.5) - field.at(65.3, 2.4, -60.5)).abs() < 1e-5);
        assert!((field.at(1.999_99, 2.4, 3.5) - field.at(2.000_01, 2.4, 3.5)).abs() < 1e-3);
    }
}
