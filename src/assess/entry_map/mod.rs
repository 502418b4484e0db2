//! Entry map: every place on the skin as an entry to one target, scored or excluded, and why.
//!
//! [`SkinSurface`] is found once per volume; [`EntryMap::of`] scores it for one target. Each
//! verdict stands beside the vertex of the mesh that it belongs to.

pub mod clearance_field;
pub mod rules;
#[cfg(test)]
mod sample_tests;
pub mod score;
pub mod skin_surface;
mod structure_clearance;
#[cfg(test)]
mod tests;

pub use clearance_field::{ClearanceField, Ray};
pub use rules::{AngleRange, EntryRules, EntryWeights, Exclusion, Margin};
pub use score::{Assessment, EntryScene, Obstacle, Reason, Verdict};
pub use skin_surface::{OutlinePiece, SkinSurface};

use rayon::prelude::*;

use crate::geometry::{Lps, Point, Vector};
use crate::plan::Known;

/// Entries in the list.
const LISTED: usize = 5;

/// Least distance of the entries in the list, mm.
const APART_MM: f64 = 10.0;

/// Places scored between two looks at whether to stop.
const CHUNK: usize = 4096;

/// The skin scored for one target.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryMap {
    /// One for each vertex of the skin.
    pub verdicts: Vec<Verdict>,
    /// How many vertices each reason excludes, the most frequent first.
    pub excluded: Vec<(Exclusion, usize)>,
    /// The best entries, at least 10 mm apart, at most five: those within the usual angles before
    /// those outside, each in the order of their scores.
    pub best: Vec<BestEntry>,
    /// What makes every entry impossible, in words; mostly empty.
    pub faults: Vec<String>,
}

/// One of the best entries.
#[derive(Debug, Clone, PartialEq)]
pub struct BestEntry {
    /// Vertex of the skin.
    pub vertex: usize,
    /// Where it is, LPS mm.
    pub entry: Point<Lps>,
    /// Why it is good.
    pub assessment: Assessment,
}

impl EntryMap {
    /// Scores every vertex of the skin. The reason is given where it is cancelled.
    pub fn of(
        scene: &EntryScene<'_>,
        skin: &SkinSurface,
        cancelled: &dyn Fn() -> bool,
    ) -> Known<Self> {
        let mut verdicts = Vec::with_capacity(skin.points.len());
        for first in (0..skin.points.len()).step_by(CHUNK) {
            if cancelled() {
                return Err("The entry map was cancelled".to_owned());
            }
            let end = (first + CHUNK).min(skin.points.len());
            let verdict = |vertex: usize| {
                skin.points
                    .get(vertex)
                    .map_or(Verdict::Excluded(Exclusion::Flat), |point| {
                        scene.verdict(*point, skin.normal(vertex))
                    })
            };
            verdicts.par_extend((first..end).into_par_iter().map(verdict));
        }
        Ok(Self {
            excluded: counts(&verdicts),
            best: best(scene, skin, &verdicts),
            faults: scene.target_faults(),
            verdicts,
        })
    }
}

impl SkinSurface {
    /// Outward unit normal at a vertex.
    pub fn normal(&self, vertex: usize) -> Option<Vector<Lps>> {
        let [x, y, z] = self.mesh.normals.get(vertex)?.map(f64::from);
        Some(Vector::new(x, y, z))
    }
}

fn counts(verdicts: &[Verdict]) -> Vec<(Exclusion, usize)> {
    let mut counts = std::collections::BTreeMap::new();
    for verdict in verdicts {
        if let Verdict::Excluded(exclusion) = verdict {
            *counts.entry(*exclusion).or_insert(0) += 1;
        }
    }
    let mut counts: Vec<(Exclusion, usize)> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    counts
}

fn best(scene: &EntryScene<'_>, skin: &SkinSurface, verdicts: &[Verdict]) -> Vec<BestEntry> {
    let mut scored: Vec<(bool, f32, usize)> = verdicts
        .iter()
        .enumerate()
        .filter_map(|(vertex, verdict)| {
            let score = verdict.score()?;
            let usual = scene.is_within_usual_angles(*skin.points.get(vertex)?);
            Some((usual, score, vertex))
        })
        .collect();
    // Equal scores in the order of the vertices, so that the list is the same every time.
    scored.sort_by(|a, b| {
        let usual_first = b.0.cmp(&a.0);
        usual_first.then(b.1.total_cmp(&a.1)).then(a.2.cmp(&b.2))
    });
    let mut best: Vec<BestEntry> = Vec::new();
    for (_, _, vertex) in scored {
        if best.len() == LISTED {
            break;
        }
        let Some(&entry) = skin.points.get(vertex) else {
            continue;
        };
        if best
            .iter()
            .any(|known| known.entry.distance(entry) < APART_MM)
        {
            continue;
        }
        if let Some(assessment) = scene.assess(entry, skin.normal(vertex)) {
            best.push(BestEntry {
                vertex,
                entry,
                assessment,
            });
        }
    }
    best
}
