//! The oracle: each ray in small equal steps, trilinear, in `f64`.

use glam::DVec2;
use rayon::prelude::*;

use crate::geometry::{ConeBeam, Receptor};
use crate::volume::attenuation::Attenuation;

/// As [`super::line_integrals`], by the midpoints of steps of at most `step_mm`.
pub fn line_integrals_marched(
    attenuation: &Attenuation,
    beam: &ConeBeam,
    receptor: &Receptor,
    step_mm: f64,
) -> Vec<f32> {
    let [columns, rows] = receptor.size;
    let integral = |index: usize| {
        let pixel = DVec2::new((index % columns) as f64, (index / columns) as f64);
        line_integral_marched(attenuation, beam, receptor, (pixel, step_mm)) as f32
    };
    (0..columns * rows).into_par_iter().map(integral).collect()
}

/// The same for one ray, to a column and row (fractional).
pub fn line_integral_marched(
    attenuation: &Attenuation,
    beam: &ConeBeam,
    receptor: &Receptor,
    (pixel, step_mm): (DVec2, f64),
) -> f64 {
    let end = beam.point_of(pixel, receptor);
    let (from, to) = (
        (attenuation.cell_from_lps * beam.source).to_array(),
        (attenuation.cell_from_lps * end).to_array(),
    );
    // Shares of the way between source and receptor within the box.
    let (mut first, mut last) = (0.0_f64, 1.0_f64);
    for axis in 0..3 {
        let (along, most) = (to[axis] - from[axis], attenuation.size[axis] as f64);
        if along.abs() < 1e-12 {
            if !(from[axis] > 0.0 && from[axis] < most) {
                return 0.0;
            }
        } else {
            let (a, b) = (-from[axis] / along, (most - from[axis]) / along);
            first = first.max(a.min(b));
            last = last.min(a.max(b));
        }
    }
    let length_mm = beam.source.distance(end) * (last - first);
    if !(length_mm > 0.0 && step_mm > 0.0) {
        return 0.0;
    }
    let steps = (length_mm / step_mm).ceil();
    let sum: f64 = (0..steps as usize)
        .map(|step| {
            let share = first + (last - first) * (step as f64 + 0.5) / steps;
            let at = std::array::from_fn(|axis| from[axis] + (to[axis] - from[axis]) * share);
            attenuation.units_at(at)
        })
        .sum();
    sum * attenuation.unit_per_mm * length_mm / steps
}
