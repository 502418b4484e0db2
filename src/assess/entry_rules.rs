//! What an entry map of one needle goes by: its target, the rules of its procedure, and the
//! structures to keep away from.

#[cfg(test)]
mod sample_tests;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use super::audit::{AuditScene, MeasuredStructure};
use super::entry_map::{
    AngleRange, EntryMap, EntryRules, EntryScene, EntryWeights, Margin, Obstacle, SkinSurface,
};
use super::margins::{MarginTable, procedure_of};
use super::skin::OutsideAir;
use crate::geometry::{CArmAngles, Degrees, Lps, PatientPosition, Point, wrap_180};
use crate::plan::procedure::check::NEEDLE_RESERVE_MM;
use crate::plan::procedure::{
    Allowed, Bounds, Laterality, Part, Procedure, Quantity, StructureMargin,
};
use crate::plan::{Intent, Known, SpineReadout, Trajectory};
use crate::study::Side;
use crate::volume::Volume;
use crate::volume::structure::DistanceField;

/// Longest way of a map for a needle without a kind, mm: a proposal of ours.
const LONGEST_WITHOUT_NEEDLE_MM: f64 = 150.0;

/// Last part of the way in which a structure or bone that the needle may end in does not count,
/// mm; the same as in the audit. A proposal of ours.
const ENDS_WITHIN_MM: f64 = 10.0;

/// Last part of the way that may lie in bone where the procedure goes through it, mm: pedicle and
/// body as far as the front third. A proposal of ours.
const THROUGH_BONE_MM: f64 = 70.0;

/// A path comes no nearer to a structure than its target where it does so by less than this, mm:
/// distances at single points are interpolated.
const NO_NEARER_MM: f64 = 0.5;

/// How far outside the usual angles a path is still shown, degrees: a proposal of ours.
const ANGLE_SLACK_DEG: f64 = 10.0;

/// An end of a range that is not given, degrees.
const OPEN_DEG: f64 = 90.0;

/// A structure to keep away from, with its distances.
#[derive(Debug, Clone)]
pub struct EntryObstacle {
    /// Name shown.
    pub name: String,
    /// Distances to it.
    pub field: Arc<DistanceField>,
    /// Distances to keep.
    pub margin: Margin,
}

impl PartialEq for EntryObstacle {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.margin == other.margin
            && Arc::ptr_eq(&self.field, &other.field)
    }
}

/// Everything that an entry map of one needle depends on, beside the images. Two that are equal
/// give the same map.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryTask {
    /// Where to go, LPS mm.
    pub target: Point<Lps>,
    /// How the patient lies.
    pub position: Option<PatientPosition>,
    /// Rules.
    pub rules: EntryRules,
    /// Structures to keep away from.
    pub obstacles: Vec<EntryObstacle>,
    /// What the map does not look at and a person must, a sentence each.
    pub notes: Vec<String>,
    /// Stop margins that the target itself breaks, so that every entry does, a sentence each.
    pub faults: Vec<String>,
}

impl EntryTask {
    /// What the map of a needle goes by. Its entry is not looked at.
    ///
    /// The reason is given where there is no target.
    pub fn of(needle: &Trajectory, scene: &AuditScene<'_>) -> Known<Self> {
        let target = needle.target.ok_or("No target yet: place it first")?;
        let kind = needle
            .needle
            .as_deref()
            .and_then(|id| scene.catalogue.find(id));
        let table = MarginTable::of(scene.library, needle.intent.as_ref());
        let chosen = procedure_of(scene.library, needle.intent.as_ref()).ok();
        let mut notes: Vec<String> = table.note.clone().into_iter().collect();
        let longest_mm = if let Some(kind) = kind {
            (kind.length_mm - NEEDLE_RESERVE_MM).max(0.0)
        } else {
            notes.push(format!(
                "No needle chosen: entries up to {LONGEST_WITHOUT_NEEDLE_MM:.0} mm away"
            ));
            LONGEST_WITHOUT_NEEDLE_MM
        };
        let mut rules = EntryRules {
            longest_mm,
            oblique: None,
            tilt: None,
            angle_slack_deg: ANGLE_SLACK_DEG,
            may_cross_bone_last_mm: bone_mm(&table),
            needle_radius_mm: kind.map_or(0.0, |kind| kind.outer_diameter_mm / 2.0),
            weights: EntryWeights::default(),
        };
        if let Some((procedure, intent)) = chosen {
            rules.weights = weights(procedure);
            let angles = Angles::of(needle, scene, (procedure, intent));
            notes.extend(angles.note);
            (rules.oblique, rules.tilt) = (angles.oblique, angles.tilt);
        }
        let mut task = Self {
            target,
            position: scene.position,
            rules,
            obstacles: Vec::new(),
            notes,
            faults: Vec::new(),
        };
        task.add_structures(scene.structures, &table);
        Ok(task)
    }

    fn add_structures(&mut self, structures: &[MeasuredStructure], table: &MarginTable) {
        if structures.is_empty() {
            let words = "No structures are open: only bone, gas and skin are looked at";
            self.notes.push(words.to_owned());
        }
        for measured in structures {
            let structure = &measured.structure;
            // Bone is taken from the images, which place it more finely than voxels of a mask.
            if structure.kind.as_deref() == Some("bone") {
                continue;
            }
            for margin in table.for_structure(structure) {
                if margin.allowed == Allowed::Cross && margin.stop_mm.is_none() {
                    continue;
                }
                match &measured.field {
                    Ok(field) => self.add(&structure.name, field, margin),
                    Err(reason) => {
                        let words = format!("{} is not looked at: {reason}", structure.name);
                        self.notes.push(words);
                    }
                }
            }
        }
    }

    fn add(&mut self, name: &str, field: &Arc<DistanceField>, margin: &StructureMargin) {
        let at_target_mm = field.at(self.target).mm();
        // Without a figure what is named to be avoided is not gone through.
        let stop_mm = margin.stop_mm.unwrap_or(0.0);
        let warn_mm = margin.warn_mm.unwrap_or(stop_mm).max(stop_mm);
        if margin.part == Part::Tip {
            // Every entry has the same tip; only its direction differs.
            if at_target_mm < stop_mm {
                self.notes.push(format!(
                    "The tip is to keep {stop_mm} mm from {name}; the target lies {at_target_mm:.1} \
                     mm away"
                ));
            }
            return;
        }
        let farthest_mm = self.rules.longest_mm + self.rules.needle_radius_mm + warn_mm;
        if at_target_mm > farthest_mm {
            return;
        }
        let names_no_figure = margin.stop_mm.is_none() && margin.warn_mm.is_none();
        let may_end = margin.allowed == Allowed::End;
        // What the target lies in is the way in, however long: a disc to its nucleus.
        if (may_end || names_no_figure) && at_target_mm <= field.half_diagonal_mm() {
            return;
        }
        let shaft_mm = at_target_mm - self.rules.needle_radius_mm;
        let mut kept_mm = stop_mm;
        if !may_end && at_target_mm > 0.0 && shaft_mm < stop_mm {
            kept_mm = shaft_mm - NO_NEARER_MM;
            self.faults.push(format!(
                "The target lies {at_target_mm:.1} mm from {name}: stop below {stop_mm}. No entry \
                 keeps that margin; shown are those that come no nearer than the target itself"
            ));
        }
        self.obstacles.push(EntryObstacle {
            name: name.to_owned(),
            field: Arc::clone(field),
            margin: Margin {
                stop_mm: kept_mm,
                warn_mm,
                free_last_mm: if may_end { ENDS_WITHIN_MM } else { 0.0 },
            },
        });
    }

    /// Computes the map on a skin. The reason is given where it is cancelled.
    pub fn map(
        &self,
        images: (&Volume, &OutsideAir),
        skin: &SkinSurface,
        cancelled: &dyn Fn() -> bool,
    ) -> Known<EntryMap> {
        let obstacles: Vec<Obstacle<'_>> = self
            .obstacles
            .iter()
            .map(|obstacle| Obstacle {
                name: &obstacle.name,
                field: obstacle.field.as_ref(),
                margin: obstacle.margin,
            })
            .collect();
        let (volume, air) = images;
        let scene = EntryScene {
            volume,
            air,
            position: self.position,
            target: self.target,
            obstacles: &obstacles,
            rules: &self.rules,
        };
        EntryMap::of(&scene, skin, cancelled)
    }

    /// Names of the obstacles, as [`Exclusion::words`](super::entry_map::Exclusion::words) wants.
    pub fn names(&self) -> Vec<&str> {
        let obstacles = self.obstacles.iter();
        obstacles.map(|obstacle| obstacle.name.as_str()).collect()
    }
}

/// How much of the end of the way may lie in bone, mm.
fn bone_mm(table: &MarginTable) -> f64 {
    match table.allowed("bone") {
        Allowed::Cross => THROUGH_BONE_MM,
        Allowed::End => ENDS_WITHIN_MM,
        Allowed::No => 0.0,
    }
}

fn weights(procedure: &Procedure) -> EntryWeights {
    let given = &procedure.entry_map;
    EntryWeights {
        clearance: given.clearance,
        length: given.length,
        angle: given.angle,
        bone: given.bone_crossing,
    }
}

/// Usual angles as the signed ones of an operator.
#[derive(Debug, Default)]
struct Angles {
    oblique: Option<AngleRange>,
    tilt: Option<AngleRange>,
    note: Option<String>,
}

impl Angles {
    fn of(
        needle: &Trajectory,
        scene: &AuditScene<'_>,
        (procedure, intent): (&Procedure, &Intent),
    ) -> Self {
        let Some(level) = intent.level else {
            return Self {
                note: Some("No level chosen: any angle counts as usual".to_owned()),
                ..Self::default()
            };
        };
        let mut angles = Self::default();
        let range = |quantity| procedure.range(quantity, level).map(|range| range.bounds);
        if let Some(bounds) = range(Quantity::Oblique) {
            match oblique(bounds, procedure.laterality, intent.side) {
                Ok(range) => angles.oblique = Some(range),
                Err(reason) => angles.note = Some(reason),
            }
        }
        let mut ends = range(Quantity::Tilt).map(ends_deg);
        if let Some(bounds) = range(Quantity::TiltToEndplate) {
            match squared_deg(needle, scene, angles.oblique) {
                Ok(squared) => {
                    let (min, max) = ends_deg(bounds);
                    let relative = (min + squared.1, max + squared.0);
                    ends = Some(both(ends, relative));
                }
                Err(reason) => {
                    let words = format!("The tilt to the end-plate is not looked at: {reason}");
                    angles.note.get_or_insert(words);
                }
            }
        }
        angles.tilt = ends.map(|(min, max)| AngleRange::new(Degrees(min), Degrees(max)));
        angles
    }
}

fn ends_deg(bounds: Bounds) -> (f64, f64) {
    (
        bounds.min().unwrap_or(-OPEN_DEG),
        bounds.max().unwrap_or(OPEN_DEG),
    )
}

/// What two ranges have in common; the second, which is the patient's own, where that is nothing.
fn both(first: Option<(f64, f64)>, second: (f64, f64)) -> (f64, f64) {
    let common = first.map(|first| (first.0.max(second.0), first.1.min(second.1)));
    common.filter(|(min, max)| min <= max).unwrap_or(second)
}

/// The oblique range with the sign of the side; sizes on both sides where there is no side.
fn oblique(bounds: Bounds, laterality: Laterality, side: Option<Side>) -> Known<AngleRange> {
    let (min, max) = ends_deg(bounds);
    match (laterality, side) {
        (Laterality::Sided, None) => Err("Choose left or right: any oblique counts".to_owned()),
        (Laterality::Midline, _) | (_, None) => {
            Ok(AngleRange::new(Degrees(-max.abs()), Degrees(max.abs())))
        }
        (_, Some(side)) => Ok(AngleRange::toward(side, Degrees(min), Degrees(max))),
    }
}

/// Least and greatest τ that squares the end-plate over the range of κ, degrees.
fn squared_deg(
    needle: &Trajectory,
    scene: &AuditScene<'_>,
    oblique: Option<AngleRange>,
) -> Known<(f64, f64)> {
    let target = needle.target.ok_or("No target yet")?;
    let ends = oblique.map_or([0.0; 2], |range| [range.from.0, range.to.0]);
    let mut squared = Vec::new();
    for oblique in ends {
        // A level path at this oblique: what it lacks to the end-plate is the end-plate's own tilt.
        let seen = CArmAngles {
            primary: wrap_180(Degrees(180.0 - oblique)),
            secondary: Degrees(0.0),
        };
        let mut trial = needle.clone();
        trial.entry = Some(target + seen.receptor_direction() * 100.0);
        let relative = SpineReadout::of(&trial, &scene.plan.spine).relative_tilt?;
        squared.push(-relative.0);
    }
    let least = squared.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = squared.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Ok((least, greatest))
}
