//! Smooth displacement that takes the exact symmetry out of the model.

use glam::DVec3;

use super::noise::NoiseField;

/// Low-frequency displacement between the patient and the model.
#[derive(Debug, Clone)]
pub(super) struct Warp {
    noise: NoiseField,
}

const AMPLITUDE_MM: DVec3 = DVec3::new(1.5, 1.1, 0.8);
const CELL_MM: f64 = 46.0;

impl Warp {
    /// Upper bound on the displacement along any axis, mm.
    pub(super) const LARGEST_MM: f64 = 2.0;

    pub(super) fn new(seed: u64) -> Self {
        Self {
            noise: NoiseField::new(seed ^ 0x5741_5250),
        }
    }

    /// What to add to a patient point (in model axes) to reach the model, mm.
    pub(super) fn shift_mm(&self, p_mm: DVec3) -> DVec3 {
        let q = p_mm / CELL_MM;
        let component = |offset: f64| {
            self.noise
                .at(q.x + offset, q.y + 1.7 * offset, q.z - offset)
        };
        AMPLITUDE_MM * DVec3::new(component(3.3), component(17.9), component(41.1))
    }

    /// Patient point whose warped image is `q_mm`, by fixed-point iteration.
    pub(super) fn unwarp_mm(&self, q_mm: DVec3) -> DVec3 {
        let mut p = q_mm;
        for _ in 0..12 {
            p = q_mm - self.shift_mm(p);
        }
        p
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unwarping_undoes_the_warp() {
        let warp = Warp::new(5);
        for i in 0..50 {
            let q = DVec3::new(
                f64::from(i) * 3.1 - 70.0,
                f64::from(i) * 1.7 - 20.0,
                f64::from(i) * 5.3 - 100.0,
            );
            let p = warp.unwarp_mm(q);
            assert!((p + warp.shift_mm(p) - q).length() < 1e-6);
            assert!(warp.shift_mm(p).abs().max_element() <= Warp::LARGEST_MM);
        }
    }
}
