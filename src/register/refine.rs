//! Uphill from a start: damped Gauss–Newton steps on the likeness (Levenberg–Marquardt).

use std::ops::ControlFlow;

use super::level::Level;
use super::similarity::Similarity;
use super::symmetric::solve;
use crate::geometry::Correction;

/// When to stop climbing.
#[derive(Debug, Clone, Copy)]
pub struct Climb {
    /// Steps at most.
    pub steps: usize,
    /// mm and degrees below which a step changes nothing.
    pub least_step: f64,
}

/// Where a climb ended.
#[derive(Debug, Clone)]
pub struct Summit {
    /// Correction there.
    pub correction: Correction,
    /// Likeness there, with slopes and curvature of the last place where they were found.
    pub similarity: Similarity,
}

/// Steps that use the same changes.
const STEPS_PER_CHANGES: usize = 3;

/// Climbs; `None` when told to stop.
pub fn climb(
    level: &Level<'_>,
    from: &Correction,
    signs: &[f64],
    until: &Climb,
    go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
) -> Option<Summit> {
    let mut changes = level.changes(from);
    let mut here = Summit {
        correction: *from,
        similarity: level.slopes(from, &changes, signs),
    };
    let (mut damping, mut age) = (1e-2, 0);
    for _ in 0..until.steps {
        if go_on().is_break() {
            return None;
        }
        let Some(six) = step(&here.similarity, damping) else {
            break;
        };
        let length = six.iter().map(|x| x * x).sum::<f64>().sqrt();
        if length < until.least_step || damping > 1e3 {
            break;
        }
        let to = level.axes.moved(&here.correction, &six);
        let there = level.slopes(&to, &changes, signs);
        let higher = there.weighted > here.similarity.weighted;
        if higher {
            damping = (damping * 0.3_f64).max(1e-4);
            here = Summit {
                correction: to,
                similarity: there,
            };
            age += 1;
        } else if age == 0 {
            damping *= 5.0;
        }
        if age == STEPS_PER_CHANGES || (!higher && age > 0) {
            changes = level.changes(&here.correction);
            here.similarity = level.slopes(&here.correction, &changes, signs);
            age = 0;
        }
    }
    Some(here)
}

/// (H + λ·diag H + a little)⁻¹ · slope, no more than 6 mm or degrees along any axis.
fn step(at: &Similarity, damping: f64) -> Option<[f64; 6]> {
    const LONGEST: f64 = 6.0;
    let mut matrix = at.curvature;
    let trace: f64 = (0..6).map(|k| matrix[k][k]).sum();
    for (k, row) in matrix.iter_mut().enumerate() {
        row[k] += damping * row[k] + 1e-6 * trace;
    }
    let six = solve(&matrix, &at.slope)?;
    let longest = six.iter().fold(0.0_f64, |most, x| most.max(x.abs()));
    let scale = (LONGEST / longest.max(1e-12)).min(1.0);
    Some(six.map(|x| x * scale))
}
