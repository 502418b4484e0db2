//! The whole capture range at low resolution: every turn of a lattice, and for each all shifts at
//! once by matching the projection as a template.

use std::ops::ControlFlow;

use rayon::prelude::*;

use super::gradient::GradientField;
use super::level::Level;
use super::similarity::BLUR_PX;
use crate::geometry::{Correction, Receptor};
use crate::volume::drr::line_integrals;

/// How far and how finely to look.
#[derive(Debug, Clone, Copy)]
pub struct Lattice {
    /// Degrees about each axis on either side.
    pub turn_deg: f64,
    /// Steps of turns on either side.
    pub turn_steps: usize,
    /// mm along each axis on either side.
    pub shift_mm: f64,
    /// Candidates to return.
    pub candidates: usize,
}

/// A place worth climbing from.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Where.
    pub correction: Correction,
    /// Sum of the views' correlations.
    pub score: f64,
    /// 1, or −1 where light and dark of a view are the other way round.
    pub signs: Vec<f64>,
}

/// Correlations of a template with a picture at whole-pixel shifts of ±`reach` pixels.
struct ScoreMap {
    reach: usize,
    scores: Vec<f32>,
    /// mm at the pivot per pixel.
    pixel_mm: f64,
}

impl ScoreMap {
    /// Score where the anatomy lies (right, down) mm from where it is projected to.
    fn at(&self, right_mm: f64, down_mm: f64) -> f64 {
        let side = 2 * self.reach + 1;
        let last = (side - 1) as f64;
        let x = (right_mm / self.pixel_mm + self.reach as f64).clamp(0.0, last);
        let y = (down_mm / self.pixel_mm + self.reach as f64).clamp(0.0, last);
        let (x0, y0) = (x as usize, y as usize);
        let (x1, y1) = ((x0 + 1).min(side - 1), (y0 + 1).min(side - 1));
        let (fx, fy) = (x - x0 as f64, y - y0 as f64);
        let score = |x: usize, y: usize| f64::from(self.scores[y * side + x]);
        let top = score(x0, y0) * (1.0 - fx) + score(x1, y0) * fx;
        let bottom = score(x0, y1) * (1.0 - fx) + score(x1, y1) * fx;
        top * (1.0 - fy) + bottom * fy
    }
}

/// The best places of the lattice about `start`, best first; `None` when told to stop.
///
/// `fixed_signs` holds the sign of each view where it is known, 0 where both are tried.
pub fn search(
    level: &Level<'_>,
    start: &Correction,
    lattice: &Lattice,
    fixed_signs: &[f64],
    go_on: &(dyn Fn() -> ControlFlow<()> + Sync),
) -> Option<Vec<Candidate>> {
    let steps = lattice.turn_steps as i32;
    let side = 2 * steps + 1;
    let unit = lattice.turn_deg / f64::from(steps.max(1));
    let mut found: Vec<Candidate> = (0..side * side * side)
        .into_par_iter()
        .map(|index| {
            if go_on().is_break() {
                return None;
            }
            let turn = |place: i32| f64::from(index / place % side - steps) * unit;
            let six = [turn(1), turn(side), turn(side * side), 0.0, 0.0, 0.0];
            let turned = level.axes.moved(start, &six);
            Some(best_shifts(level, &turned, lattice, fixed_signs))
        })
        .collect::<Option<Vec<_>>>()?
        .into_iter()
        .flatten()
        .collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in found {
        if kept.len() == lattice.candidates {
            break;
        }
        if kept.iter().all(|other| apart(other, &candidate, unit)) {
            kept.push(candidate);
        }
    }
    Some(kept)
}

/// Whether two candidates would lead to different summits.
fn apart(a: &Candidate, b: &Candidate, unit_deg: f64) -> bool {
    let turn = (a.correction.rotation_rad - b.correction.rotation_rad).length();
    let shift = (a.correction.shift_mm - b.correction.shift_mm).length();
    turn.to_degrees() > 1.1 * unit_deg || shift > 4.0 || a.signs != b.signs
}

fn best_shifts(
    level: &Level<'_>,
    turned: &Correction,
    lattice: &Lattice,
    fixed_signs: &[f64],
) -> Vec<Candidate> {
    let maps: Vec<Option<ScoreMap>> = level
        .views
        .iter()
        .map(|view| score_map(level, view, turned, lattice.shift_mm))
        .collect();
    let sign_choices = choices(fixed_signs);
    let step = 2.0;
    let count = (lattice.shift_mm / step).ceil() as i32;
    let depth = if level.views.len() > 1 { count } else { 0 };
    let mut best: Vec<Option<Candidate>> = vec![None; sign_choices.len()];
    for z in -depth..=depth {
        for y in -count..=count {
            for x in -count..=count {
                let six = [
                    0.0,
                    0.0,
                    0.0,
                    f64::from(x) * step,
                    f64::from(y) * step,
                    f64::from(z) * step,
                ];
                let correction = level.axes.moved(turned, &six);
                let moved = correction.shift_mm - turned.shift_mm;
                for (signs, best) in sign_choices.iter().zip(&mut best) {
                    let score: f64 = (maps.iter().zip(&level.views).zip(signs))
                        .filter_map(|((map, view), sign)| {
                            // The arm moves one way, the anatomy in its picture the other.
                            let right = -moved.dot(view.header.right);
                            let down = -moved.dot(view.header.down);
                            Some(sign * map.as_ref()?.at(right, down))
                        })
                        .sum();
                    // What is no number would never be replaced as the best.
                    let score = if score.is_nan() {
                        f64::NEG_INFINITY
                    } else {
                        score
                    };
                    if best.as_ref().is_none_or(|best| score > best.score) {
                        *best = Some(Candidate {
                            correction,
                            score,
                            signs: signs.clone(),
                        });
                    }
                }
            }
        }
    }
    best.into_iter().flatten().collect()
}

/// All choices of signs that the known ones leave.
pub fn choices(fixed: &[f64]) -> Vec<Vec<f64>> {
    let mut all = vec![Vec::new()];
    for &sign in fixed {
        let options = if sign == 0.0 {
            vec![1.0, -1.0]
        } else {
            vec![sign]
        };
        all = all
            .into_iter()
            .flat_map(|signs: Vec<f64>| {
                options
                    .iter()
                    .map(move |&sign| [&signs[..], &[sign]].concat())
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    all
}

fn score_map(
    level: &Level<'_>,
    view: &super::level::LevelView,
    turned: &Correction,
    shift_mm: f64,
) -> Option<ScoreMap> {
    let beam = turned.beam(&view.header);
    let pixel_mm = view.receptor.pixel_mm[0] / beam.project(turned.pivot)?.magnification;
    let reach = (shift_mm / pixel_mm).ceil() as usize;
    let size = view.receptor.size;
    let inner = size.map(|n| n.saturating_sub(2 * reach));
    if inner.iter().any(|&n| n < 8) {
        return None;
    }
    let template_receptor = Receptor {
        size: inner,
        pixel_mm: view.receptor.pixel_mm,
        center: view.receptor.center.map(|at| at - reach as f64),
    };
    let picture = line_integrals(level.attenuation, &beam, &template_receptor, &|| false)?;
    let mut template = GradientField::of(&picture, inner, BLUR_PX);
    let knee = template.quantile(super::similarity::KNEE_QUANTILE, |_| true);
    template.level(knee);
    let fixed = &view.fixed;
    let side = 2 * reach + 1;
    let energy: f32 = template
        .right
        .iter()
        .zip(&template.down)
        .map(|(a, b)| a * a + b * b)
        .sum();
    let mut scores = vec![0.0; side * side];
    for dy in 0..side {
        for dx in 0..side {
            let (mut both, mut fixed_energy) = (0.0_f32, 0.0_f32);
            for row in 0..inner[1] {
                let from = (row + dy) * size[0] + dx;
                let range = from..from + inner[0];
                let line = row * inner[0]..(row + 1) * inner[0];
                let fixed_lines = fixed.field.right[range.clone()]
                    .iter()
                    .zip(&fixed.field.down[range]);
                let lines = template.right[line.clone()]
                    .iter()
                    .zip(&template.down[line]);
                for ((fr, fd), (tr, td)) in fixed_lines.zip(lines) {
                    both += fr * tr + fd * td;
                    fixed_energy += fr * fr + fd * fd;
                }
            }
            scores[dy * side + dx] = both / (fixed_energy * energy).sqrt().max(1e-6);
        }
    }
    Some(ScoreMap {
        reach,
        scores,
        pixel_mm,
    })
}
