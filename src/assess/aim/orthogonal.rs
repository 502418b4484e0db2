//! The two progress views: beams across the needle, which show it at full length, as far apart as
//! the C-arm lets them be.
//!
//! Beams at right angles to the needle form a circle about it. Where the C-arm does not reach one of
//! them it may lean out of the circle by a few degrees, which shows nearly the whole length. Of what
//! is reached the pair is taken that stands farthest apart, 90° at best; among pairs alike the one
//! whose first beam is nearest to a lateral (to AP for a needle that runs more sideways than front
//! to back). Where no reached pair is worth its name the first beam is the reached one nearest to a
//! lateral, and the second the beam at right angles to it, with what bars it. Without a known reach,
//! and where nothing is reached, the geometry alone decides.

use super::CArmSetup;
use crate::geometry::needle_angle::angle_between;
use crate::geometry::{CArmAngles, Degrees, Lps, Vector};

/// Lines of the search about the needle; a degree apart.
const LINES: u32 = 180;

/// How far a beam may lean out of the circle, degrees: the cosine, 98 % of the length, is still seen
/// (a proposal of ours).
const MOST_LEAN_DEG: u32 = 10;

/// What a second reached beam must win over the first alone, degrees between the two with all costs
/// taken off: nearer beams hardly tell what lies behind what (a proposal of ours).
const LEAST_APART_DEG: f64 = 30.0;

/// Degrees between the beams that a degree of lean, and one away from the lateral, must win.
const LEAN_COST: f64 = 3.0;
const TURN_COST: f64 = 0.5;

/// Angle between two lines, 0–90°.
fn between_lines(a: Vector<Lps>, b: Vector<Lps>) -> f64 {
    angle_between(a, b).map_or(0.0, |angle| angle.0.min(180.0 - angle.0))
}

/// Two beams across a needle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ProgressBeams {
    /// Receptor direction of the first.
    pub first: CArmAngles,
    /// Receptor direction of the second.
    pub second: CArmAngles,
    /// Between the two beams, 0–90°.
    pub apart: Degrees,
    /// Between the first and a lateral or AP, 0–90°.
    pub from_plain: Degrees,
    /// The first is meant to be like a lateral; else like an AP.
    pub like_lateral: bool,
}

/// One beam of the search.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    beam: Vector<Lps>,
    angles: CArmAngles,
    /// Out of the circle, degrees.
    lean: f64,
    /// From the lateral or AP, degrees.
    off: f64,
}

/// The search about one needle.
struct Circle<'a, P> {
    needle: Vector<Lps>,
    anchor: Vector<Lps>,
    setup: &'a CArmSetup<'a>,
    preferred: P,
}

impl<P: Fn(CArmAngles) -> f64> Circle<'_, P> {
    fn candidate(&self, beam: Vector<Lps>, lean: f64) -> Option<Candidate> {
        Some(Candidate {
            beam,
            angles: CArmAngles::of_receptor(beam)?,
            lean,
            off: between_lines(beam, self.anchor),
        })
    }

    /// The receptor on the preferred side of a line across the needle.
    fn geometric(&self, line: Vector<Lps>) -> Option<Candidate> {
        let [a, b] = [line, -line].map(|beam| self.candidate(beam, 0.0));
        let (a, b) = (a?, b?);
        let is_b = (self.preferred)(b.angles) < (self.preferred)(a.angles);
        Some(if is_b { b } else { a })
    }

    /// The reached beam that leans least out of a line across the needle; of beams alike that with
    /// the receptor on the preferred side.
    fn reached(&self, line: Vector<Lps>) -> Option<Candidate> {
        (0..=MOST_LEAN_DEG).find_map(|lean| {
            let lean = f64::from(lean);
            let (sin, cos) = lean.to_radians().sin_cos();
            let beams = [1.0, -1.0].map(|side| line * cos + self.needle * (side * sin));
            let [a, b] = beams;
            let ends = [a, -a, b, -b]
                .into_iter()
                .take(if lean > 0.0 { 4 } else { 2 })
                .filter_map(|beam| self.candidate(beam, lean));
            ends.filter(
                |one| matches!(self.setup.reach(one.angles), Ok(reach) if reach.is_reached()),
            )
            .min_by(|a, b| (self.preferred)(a.angles).total_cmp(&(self.preferred)(b.angles)))
        })
    }
}

/// The two that stand farthest apart, what they lean and turn away taken off; the one nearest to the
/// lateral alone where a second wins too little.
fn best_pair(reached: &[Candidate]) -> Option<(Candidate, Option<Candidate>)> {
    let lean = |one: &Candidate| LEAN_COST * one.lean;
    let cost = |one: &Candidate| TURN_COST * one.off + lean(one);
    // Equal to what is seen: the first found, which is the nearest to the lateral, stays.
    let near = |worth: f64| (worth * 1e6).round();
    let alone = reached
        .iter()
        .min_by(|a, b| near(cost(a)).total_cmp(&near(cost(b))))?;
    let mut best = (near(LEAST_APART_DEG - cost(alone)), *alone, None);
    for first in reached {
        for second in reached {
            let along = first.beam.dot(second.beam).abs().min(1.0);
            let apart = along.acos().to_degrees();
            let worth = near(apart - cost(first) - lean(second));
            if worth > best.0 {
                best = (worth, *first, Some(*second));
            }
        }
    }
    let (_, first, second) = best;
    Some((first, second))
}

/// The beams for a needle of unit direction `n`; `preferred` orders the two receptor sides of a
/// beam. `None` for a direction that is none.
pub(super) fn progress_beams(
    n: Vector<Lps>,
    setup: &CArmSetup<'_>,
    preferred: impl Fn(CArmAngles) -> f64,
) -> Option<ProgressBeams> {
    let needle = n.direction()?;
    let like_lateral = needle.0.x.abs() <= needle.0.y.abs().max(needle.0.z.abs());
    let anchor = if like_lateral {
        Vector::new(1.0, 0.0, 0.0)
    } else {
        Vector::new(0.0, 1.0, 0.0)
    };
    let ideal = (anchor - needle * anchor.dot(needle)).direction()?;
    let across = needle.cross(ideal).direction()?;
    let circle = Circle {
        needle,
        anchor,
        setup,
        preferred,
    };
    let reached: Vec<Candidate> = if setup.position.is_some() {
        (0..LINES)
            .filter_map(|step| {
                // 0, 1, −1, 2 …: from the lateral outwards.
                let side = if step % 2 == 0 { -1.0 } else { 1.0 };
                let turn = (side * f64::from(step.div_ceil(2))).to_radians();
                circle.reached(ideal * turn.cos() + across * turn.sin())
            })
            .collect()
    } else {
        Vec::new()
    };
    let (first, second) = match best_pair(&reached) {
        Some(found) => found,
        None => (circle.geometric(ideal)?, None),
    };
    let second = match second {
        Some(second) => second,
        None => circle.geometric(needle.cross(first.beam).direction()?)?,
    };
    Some(ProgressBeams {
        first: first.angles,
        second: second.angles,
        apart: Degrees(between_lines(first.beam, second.beam)),
        from_plain: Degrees(first.off),
        like_lateral,
    })
}

#[cfg(test)]
mod tests;
