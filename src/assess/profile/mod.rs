//! Profile of a needle: values, tissues and structures along it, by depth from the skin.

mod contact;
mod structures;
#[cfg(test)]
mod tests;

pub use contact::{Contact, ContactKind};
pub use structures::{NamedMask, StructureClass, StructureRun};

use super::skin::OutsideAir;
use super::tissue::{Line, Sample, Tissue, TissueRun};
use crate::geometry::{Lps, Point, Vector};
use crate::plan::{Known, Trajectory};
use crate::volume::Volume;
use crate::volume::sample::{Interpolation, value_at};

/// Distance of the samples, mm.
pub const STEP_MM: f64 = 0.25;

/// How far beyond the target a profile may be asked to go, mm.
pub const BEYOND_TARGET_MM: f64 = 20.0;

/// Least stretch shown before the skin, mm.
const BEFORE_SKIN_MM: f64 = 5.0;

/// Longest stretch shown before the skin, mm: an entry drawn far off the body adds nothing.
const MOST_BEFORE_SKIN_MM: f64 = 100.0;

/// Longest profile, mm: longer than any body is thick and any needle.
const LONGEST_MM: f64 = 1500.0;

/// An edge of a structure this near to an edge of a tissue is the same edge, mm: a segmentation
/// is no finer than its voxels.
const SAME_EDGE_MM: f64 = 1.0;

/// What depth 0 is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProfileZero {
    /// The skin.
    Skin,
    /// The drawn entry, and why the skin is not known.
    Entry(String),
}

/// A stretch of one tissue in one structure.
#[derive(Debug, Clone, PartialEq)]
pub struct ProfileRun {
    /// Where it starts, mm from the skin.
    pub from_mm: f64,
    /// Where it ends, mm from the skin.
    pub to_mm: f64,
    /// Tissue by CT number; `None` outside the images and where values are not HU.
    pub tissue: Option<Tissue>,
    /// Name of the segmented structure that most of it lies in.
    pub structure: Option<String>,
    /// Mean modality value; `None` outside the images.
    pub mean_value: Option<f64>,
}

/// What one needle passes, by depth along its line: 0 mm at the skin, negative outside.
#[derive(Debug, Clone, PartialEq)]
pub struct NeedleProfile {
    /// What depth 0 is.
    pub zero: ProfileZero,
    /// Depth of the first value, mm.
    pub first_mm: f64,
    /// Modality values every [`STEP_MM`], trilinear; `None` outside the images.
    pub values: Vec<Option<f64>>,
    /// Unit of the values: `HU`, another word, or empty.
    pub unit: String,
    /// Depth of the target, mm.
    pub target_mm: f64,
    /// Tissues and structures in order, without gaps: what is painted.
    pub runs: Vec<ProfileRun>,
    /// Every stretch inside a structure, however short, by the voxels of its mask.
    pub structures: Vec<StructureRun>,
    /// What the operator will feel or pass up to the target, by depth.
    pub contacts: Vec<Contact>,
    target: Point<Lps>,
    inwards: Vector<Lps>,
}

/// The images and structures a profile is taken from.
#[derive(Clone, Copy)]
pub struct ProfileScene<'a> {
    /// Voxels.
    pub volume: &'a Volume,
    /// The air around the patient, or why it is not known.
    pub air: &'a Known<OutsideAir>,
    /// Segmented structures in the same frame of reference.
    pub structures: &'a [NamedMask<'a>],
}

impl NeedleProfile {
    /// Profile of a needle to its target and `beyond_mm` (up to [`BEYOND_TARGET_MM`]) past it.
    ///
    /// The reason is given where the needle has no two ends, or is longer than any body.
    pub fn of(needle: &Trajectory, scene: &ProfileScene<'_>, beyond_mm: f64) -> Known<Self> {
        let target = needle.target.ok_or("No target yet")?;
        let entry = needle.entry.ok_or("No entry yet")?;
        let inwards = (target - entry)
            .direction()
            .ok_or("Entry and target are at the same place")?;
        let skin = scene
            .air
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|air| air.crossing(scene.volume, needle));
        let drawn_mm = entry.distance(target);
        let (zero, target_mm) = match skin {
            Ok(skin) => (ProfileZero::Skin, skin.depth_mm),
            Err(reason) => (ProfileZero::Entry(reason), drawn_mm),
        };
        if target_mm.is_nan() || target_mm > LONGEST_MM {
            return Err(format!(
                "The needle is longer than {LONGEST_MM:.0} mm: no profile"
            ));
        }
        let before_mm = match zero {
            ProfileZero::Skin => (drawn_mm - target_mm).clamp(BEFORE_SKIN_MM, MOST_BEFORE_SKIN_MM),
            ProfileZero::Entry(_) => 0.0,
        };
        let steps_before = (before_mm / STEP_MM).ceil();
        let end_mm = target_mm + beyond_mm.clamp(0.0, BEYOND_TARGET_MM);
        let count = (steps_before + (end_mm / STEP_MM).floor()) as usize + 1;
        let mut profile = Self {
            zero,
            first_mm: -steps_before * STEP_MM,
            values: Vec::new(),
            unit: scene.volume.unit().to_owned(),
            target_mm,
            runs: Vec::new(),
            structures: Vec::new(),
            contacts: Vec::new(),
            target,
            inwards,
        };
        profile.values = (0..count)
            .map(|index| {
                let point = profile.sample_point(index);
                // What has no image is no air before the skin, but where that was told from it.
                let is_before = index as f64 * STEP_MM + profile.first_mm < 0.0;
                let is_air = is_before && scene.volume.is_padding_like_air();
                let seen = is_air || !scene.volume.is_blank_at(point);
                value_at(scene.volume, point, Interpolation::Linear).filter(|_| seen)
            })
            .collect();
        profile.read(scene);
        Ok(profile)
    }

    fn read(&mut self, scene: &ProfileScene<'_>) {
        let inside = structures::inside(scene.structures, self.values.len(), |index| {
            self.sample_point(index)
        });
        self.structures = inside.runs(scene.structures, self.first_mm, STEP_MM);
        let tissues = if self.unit == "HU" {
            let samples: Vec<Sample> = self
                .values
                .iter()
                .zip(inside.hints(scene.structures))
                .map(|(&hu, hint)| Sample { hu, hint })
                .collect();
            let line = Line {
                samples: &samples,
                first_mm: self.first_mm,
                step_mm: STEP_MM,
            };
            line.tissue_runs()
        } else {
            vec![TissueRun {
                from_mm: self.first_mm,
                to_mm: self.last_mm(),
                tissue: None,
            }]
        };
        self.runs = self.cut(&tissues, &inside.finest(), scene.structures);
        self.contacts = contact::contacts(self, &tissues);
    }

    /// Cuts the tissues where structures start and end, and names the pieces.
    fn cut(
        &self,
        tissues: &[TissueRun],
        finest: &[Option<usize>],
        structures: &[NamedMask<'_>],
    ) -> Vec<ProfileRun> {
        let mut edges_mm: Vec<f64> = tissues.iter().map(|run| run.from_mm).collect();
        edges_mm.push(self.last_mm());
        let changes = finest
            .windows(2)
            .enumerate()
            .filter(|(_, pair)| pair.first() != pair.last())
            .map(|(index, _)| self.depth_mm(index) + STEP_MM / 2.0);
        let near = |edge_mm: &f64| {
            tissues.iter().all(|run| {
                (run.from_mm - edge_mm).abs() > SAME_EDGE_MM
                    && (run.to_mm - edge_mm).abs() > SAME_EDGE_MM
            })
        };
        edges_mm.extend(changes.filter(near));
        edges_mm.sort_by(f64::total_cmp);
        let mut runs: Vec<ProfileRun> = Vec::new();
        for piece in edges_mm.windows(2) {
            let &[from_mm, to_mm] = piece else { continue };
            if to_mm <= from_mm {
                continue;
            }
            let middle_mm = f64::midpoint(from_mm, to_mm);
            let tissue = tissues
                .iter()
                .find(|run| run.from_mm <= middle_mm && middle_mm < run.to_mm)
                .and_then(|run| run.tissue);
            let structure = most_frequent(
                self.indices(from_mm, to_mm)
                    .map(|index| finest.get(index).copied().flatten()),
            )
            .and_then(|index| structures.get(index))
            .map(|structure| structure.name.to_owned());
            match runs.last_mut() {
                Some(last) if last.tissue == tissue && last.structure == structure => {
                    last.to_mm = to_mm;
                }
                _ => runs.push(ProfileRun {
                    from_mm,
                    to_mm,
                    tissue,
                    structure,
                    mean_value: None,
                }),
            }
        }
        for run in &mut runs {
            run.mean_value = self.mean(run.from_mm, run.to_mm);
        }
        runs
    }

    fn mean(&self, from_mm: f64, to_mm: f64) -> Option<f64> {
        let (mut sum, mut count) = (0.0, 0.0);
        for value in self
            .indices(from_mm, to_mm)
            .filter_map(|index| *self.values.get(index)?)
        {
            sum += value;
            count += 1.0;
        }
        (count > 0.0).then(|| sum / count)
    }

    /// Samples between two depths, both included.
    fn indices(&self, from_mm: f64, to_mm: f64) -> std::ops::Range<usize> {
        let index = |at_mm: f64| ((at_mm - self.first_mm) / STEP_MM).max(0.0);
        let first = index(from_mm).ceil() as usize;
        let end = (index(to_mm).floor() as usize + 1).min(self.values.len());
        // A piece shorter than a step has its nearest sample.
        if first < end {
            first..end
        } else {
            end.saturating_sub(1)..end
        }
    }

    fn depth_mm(&self, index: usize) -> f64 {
        self.first_mm + index as f64 * STEP_MM
    }

    fn sample_point(&self, index: usize) -> Point<Lps> {
        self.point_at(self.depth_mm(index))
    }

    /// Depth of the last value, mm.
    pub fn last_mm(&self) -> f64 {
        self.depth_mm(self.values.len().max(1) - 1)
    }

    /// The point of the needle's line at a depth, LPS mm: where the crosshair goes.
    pub fn point_at(&self, depth_mm: f64) -> Point<Lps> {
        self.target + self.inwards * (depth_mm - self.target_mm)
    }

    /// Depth of the point of the needle's line that is nearest to `point`, mm.
    pub fn depth_of(&self, point: Point<Lps>) -> f64 {
        self.target_mm + (point - self.target).dot(self.inwards)
    }

    /// The run at a depth.
    pub fn run_at(&self, depth_mm: f64) -> Option<&ProfileRun> {
        self.runs
            .iter()
            .find(|run| run.from_mm <= depth_mm && depth_mm < run.to_mm)
    }

    /// The value nearest to a depth.
    pub fn value_at(&self, depth_mm: f64) -> Option<f64> {
        let index = ((depth_mm - self.first_mm) / STEP_MM).round();
        if index.is_nan() || index < 0.0 {
            return None;
        }
        *self.values.get(index as usize)?
    }

    /// Contacts in one line: `skin 0, fascia 18, L4 vertebra 46, target 46 mm`.
    pub fn sentence(&self) -> String {
        contact::sentence(&self.contacts)
    }
}

/// The most frequent of some structures, the first met where two are as frequent.
fn most_frequent(structures: impl Iterator<Item = Option<usize>>) -> Option<usize> {
    let mut counts: Vec<(Option<usize>, usize)> = Vec::new();
    for structure in structures {
        match counts.iter_mut().find(|(known, _)| *known == structure) {
            Some((_, count)) => *count += 1,
            None => counts.push((structure, 1)),
        }
    }
    counts
        .iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .and_then(|(structure, _)| *structure)
}
