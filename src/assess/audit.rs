//! Everything a plan says of one needle: readouts, ranges of the procedure, distances to
//! structures, tolerance, and what stands against an export.

use std::sync::Arc;

use super::clearance::{Clearance, Margins, Shaft, Verdict};
use super::margins::{MarginTable, procedure_of};
use super::path::{Images, PathReadout};
use super::tolerance_cone::{ConeLimit, Obstacle, ToleranceCone, tolerance_cone};
use crate::geometry::{Degrees, PatientPosition, Segment};
use crate::plan::procedure::{Allowed, MeasuredPath, Part, RangeCheck, StructureMargin};
use crate::plan::{
    Guard, Known, Needle, NeedleCatalogue, Objection, Plan, ProcedureLibrary, SpineReadout,
    Trajectory,
};
use crate::volume::structure::{DistanceField, Reading, Structure};

/// Radius around the target that the tip must end in where neither plan nor procedure gives one,
/// mm: a proposal of ours, without clinical authority.
pub const DEFAULT_TARGET_RADIUS_MM: f64 = 2.0;

/// A structure that the target may lie in counts up to so many mm before the target: a proposal.
const ENDS_WITHIN_MM: f64 = 10.0;

/// A structure with its distances, or why there are none yet.
#[derive(Debug, Clone)]
pub struct MeasuredStructure {
    /// The structure.
    pub structure: Arc<Structure>,
    /// Its distances.
    pub field: Known<Arc<DistanceField>>,
}

/// What a needle is held against.
#[derive(Clone, Copy)]
pub struct AuditScene<'a> {
    /// The plan the needle is of.
    pub plan: &'a Plan,
    /// Declared or scanned patient position.
    pub position: Option<PatientPosition>,
    /// Needles to choose from.
    pub catalogue: &'a NeedleCatalogue,
    /// Procedures to choose from.
    pub library: &'a ProcedureLibrary,
    /// Voxels, where they are loaded.
    pub images: Option<Images<'a>>,
    /// Structures in the plan's frame of reference.
    pub structures: &'a [MeasuredStructure],
}

/// Distance to one structure and what its margin says.
#[derive(Debug, Clone, PartialEq)]
pub struct StructureClearance {
    /// Place in the scene's list.
    pub index: usize,
    /// Name shown.
    pub name: String,
    /// Distance and place, or why there is none.
    pub clearance: Known<Clearance>,
    /// The margin, where the procedure or the shared table has one.
    pub margin: Option<StructureMargin>,
    /// What the margin says; `None` without one.
    pub verdict: Option<Verdict>,
}

impl StructureClearance {
    /// Distance from the shaft, mm, a lower bound where it is beyond what was computed.
    pub fn gap_mm(&self) -> Option<f64> {
        self.clearance.as_ref().ok().map(|found| found.gap.mm())
    }

    /// The distance is only known to be at least this.
    pub fn is_bound(&self) -> bool {
        matches!(&self.clearance, Ok(found) if matches!(found.gap, Reading::AtLeast(_)))
    }
}

/// The tolerance cone with its limit by name.
#[derive(Debug, Clone, PartialEq)]
pub struct Tolerance {
    /// Largest angular error at the entry.
    pub half_angle: Degrees,
    /// Radius around the target it was computed for, mm.
    pub target_radius_mm: f64,
    /// The radius is a proposal of ours.
    pub is_default_radius: bool,
    /// What limits it, in words.
    pub limit: String,
}

/// Everything of one needle.
#[derive(Debug, Clone, PartialEq)]
pub struct NeedleAudit {
    /// Depth, angles, C-arm.
    pub path: PathReadout,
    /// About midline and end-plates.
    pub spine: SpineReadout,
    /// Declared side and level against the geometry.
    pub guard: Guard,
    /// Ranges of the procedure; empty without one.
    pub ranges: Vec<RangeCheck>,
    /// Distances to structures that matter, the worst first.
    pub clearances: Vec<StructureClearance>,
    /// Why the margins are not those of a procedure.
    pub margin_note: Option<String>,
    /// Largest angular error.
    pub tolerance: Known<Tolerance>,
    /// What stands against an export and was not overridden.
    pub objections: Vec<(Objection, String)>,
}

impl NeedleAudit {
    /// Holds `needle` of the scene's plan against everything that is known.
    pub fn of(needle: &Trajectory, scene: &AuditScene<'_>) -> Self {
        let path = PathReadout::of(needle, scene.position, scene.catalogue, scene.images);
        let spine = SpineReadout::of(needle, &scene.plan.spine);
        let guard = Guard::of(needle, &scene.plan.spine);
        let kind = needle
            .needle
            .as_deref()
            .and_then(|id| scene.catalogue.find(id));
        let table = MarginTable::of(scene.library, needle.intent.as_ref());
        let clearances = clearances(needle, kind, scene, &table);
        let mut objections = guard.objections(needle);
        objections.extend(stop_objection(needle, &clearances));
        Self {
            ranges: ranges(needle, kind, scene, (&path, &spine)),
            tolerance: tolerance(needle, kind, scene, &clearances),
            margin_note: table.note,
            path,
            spine,
            guard,
            clearances,
            objections,
        }
    }

    /// Whether a stop margin is broken, overridden or not.
    pub fn breaks_stop_margin(&self) -> bool {
        self.clearances
            .iter()
            .any(|found| found.verdict == Some(Verdict::Stop))
    }
}

fn stop_objection(
    needle: &Trajectory,
    clearances: &[StructureClearance],
) -> Option<(Objection, String)> {
    let broken: Vec<&str> = clearances
        .iter()
        .filter(|found| found.verdict == Some(Verdict::Stop))
        .map(|found| found.name.as_str())
        .collect();
    if broken.is_empty() || needle.override_of(Objection::StopMargin).is_some() {
        return None;
    }
    let words = format!("the stop margin is broken: {}", broken.join(", "));
    Some((Objection::StopMargin, words))
}

fn ranges(
    needle: &Trajectory,
    kind: Option<&Needle>,
    scene: &AuditScene<'_>,
    (path, spine): (&PathReadout, &SpineReadout),
) -> Vec<RangeCheck> {
    let Ok((procedure, intent)) = procedure_of(scene.library, needle.intent.as_ref()) else {
        return Vec::new();
    };
    let Some(level) = intent.level else {
        return Vec::new();
    };
    let segment = needle
        .segment()
        .map(Segment::vector)
        .ok_or_else(|| "No target and entry yet".to_owned());
    let squared = match (&path.plan.carm.operator, &spine.relative_tilt) {
        (Ok(seen), Ok(relative)) => Ok(Degrees(seen.tilt.0 - relative.0)),
        (Err(reason), _) | (_, Err(reason)) => Err(reason.clone()),
    };
    let measured = MeasuredPath {
        skin_depth_mm: path.skin.clone().map(|skin| skin.depth_mm),
        squared_tilt: squared,
        entry_from_midline_mm: spine.entry_offset_mm.clone(),
        // The target is the landmark where the sheet counts from one (the apex of the hiatus).
        entry_caudal_mm: match (needle.entry, needle.target) {
            (Some(entry), Some(target)) => Ok(target.0.z - entry.0.z),
            _ => Err("No target and entry yet".to_owned()),
        },
        skin_angle: skin_angle(needle, scene),
        needle: kind,
        ..MeasuredPath::drawn(segment)
    };
    procedure.check(level, intent.side, &measured)
}

fn skin_angle(needle: &Trajectory, scene: &AuditScene<'_>) -> Known<Degrees> {
    let images = scene
        .images
        .ok_or("No images: open the study (readout: give --study)")?;
    let air = images.air.as_ref().map_err(Clone::clone)?;
    air.skin_angle_deg(images.volume, needle).map(Degrees)
}

/// The shaft that margins of a part are for.
fn shaft_of(needle: &Trajectory, kind: Option<&Needle>, part: Part) -> Known<Shaft> {
    let axis = needle.segment().ok_or("No target and entry yet")?;
    let radius_mm = kind.map_or(0.0, |kind| kind.outer_diameter_mm / 2.0);
    let length_mm = axis.length_mm();
    let axis = match part {
        Part::Path => axis,
        Part::Tip => {
            let active_mm = kind.and_then(|kind| kind.active_tip_mm).unwrap_or(0.1);
            let from = 1.0 - (active_mm / length_mm.max(1e-9)).clamp(1e-6, 1.0);
            Segment::new(axis.at(from), axis.end)
        }
    };
    Ok(Shaft::new(axis, radius_mm))
}

fn clearances(
    needle: &Trajectory,
    kind: Option<&Needle>,
    scene: &AuditScene<'_>,
    table: &MarginTable,
) -> Vec<StructureClearance> {
    if needle.segment().is_none() {
        return Vec::new();
    }
    let mut all = Vec::new();
    for (index, measured) in scene.structures.iter().enumerate() {
        let structure = &measured.structure;
        let margins = table.for_structure(structure);
        let of = |margin: Option<&StructureMargin>| {
            let (clearance, verdict) = held(needle, kind, measured, margin);
            StructureClearance {
                index,
                name: structure.name.clone(),
                clearance,
                margin: margin.cloned(),
                verdict,
            }
        };
        if margins.is_empty() {
            // Muscle and fat are passed by every needle; what nobody knows is still measured.
            if structure.kind.is_none() {
                all.push(of(None));
            }
            continue;
        }
        all.extend(margins.into_iter().map(|margin| of(Some(margin))));
    }
    all.sort_by(|a, b| {
        let rank = |found: &StructureClearance| match &found.verdict {
            Some(Verdict::Stop) => 0,
            Some(Verdict::Warn) => 1,
            Some(Verdict::Unknown(_)) => 2,
            Some(Verdict::Clear) => 3,
            None => 4,
        };
        let gap = |found: &StructureClearance| found.gap_mm().unwrap_or(f64::INFINITY);
        rank(a).cmp(&rank(b)).then(gap(a).total_cmp(&gap(b)))
    });
    all
}

fn held(
    needle: &Trajectory,
    kind: Option<&Needle>,
    measured: &MeasuredStructure,
    margin: Option<&StructureMargin>,
) -> (Known<Clearance>, Option<Verdict>) {
    let part = margin.map_or(Part::Path, |margin| margin.part);
    let found = shaft_of(needle, kind, part).and_then(|shaft| {
        let field = measured.field.as_ref().map_err(Clone::clone)?;
        Ok((shaft, Clearance::of(&shaft, field, 0.0)?, field))
    });
    let (shaft, clearance, field) = match found {
        Ok(found) => found,
        Err(reason) => {
            let verdict = margin.map(|_| Verdict::Unknown(reason.clone()));
            return (Err(reason), verdict);
        }
    };
    let verdict = margin.map(|margin| match margin.allowed {
        // Margins of a structure that may be touched are those its procedure names itself.
        Allowed::Cross if margin.stop_mm.is_none() => Verdict::Clear,
        Allowed::End => match Clearance::of(&shaft, field, ENDS_WITHIN_MM) {
            Ok(before_end) if before_end.passes_through() => Verdict::Warn,
            Ok(before_end) => by_margin(&before_end, margin),
            // A path shorter than the part that does not count.
            Err(_) => Verdict::Clear,
        },
        Allowed::Cross | Allowed::No => by_margin(&clearance, margin),
    });
    (Ok(clearance), verdict)
}

fn by_margin(clearance: &Clearance, margin: &StructureMargin) -> Verdict {
    if let Some(stop_mm) = margin.stop_mm {
        let warn_mm = margin.warn_mm.unwrap_or(stop_mm);
        return clearance.verdict(Margins { stop_mm, warn_mm });
    }
    let near = match (margin.warn_mm, clearance.gap) {
        (Some(warn_mm), Reading::Mm(mm)) => mm < warn_mm,
        (Some(warn_mm), Reading::AtLeast(mm)) if mm < warn_mm => {
            return Verdict::Unknown(format!("At least {mm:.1} mm away, as far as was computed"));
        }
        _ => false,
    };
    // Named to be avoided, without a figure: going through it is worth a word.
    if near || clearance.passes_through() && margin.allowed == Allowed::No {
        Verdict::Warn
    } else {
        Verdict::Clear
    }
}

fn tolerance(
    needle: &Trajectory,
    kind: Option<&Needle>,
    scene: &AuditScene<'_>,
    clearances: &[StructureClearance],
) -> Known<Tolerance> {
    let procedure = procedure_of(scene.library, needle.intent.as_ref()).ok();
    let of_procedure = procedure.and_then(|(procedure, _)| procedure.target.radius_mm);
    let given = needle.target_radius_mm.or(of_procedure);
    let target_radius_mm = given.unwrap_or(DEFAULT_TARGET_RADIUS_MM);
    let shaft = shaft_of(needle, kind, Part::Path)?;
    let counted: Vec<(&StructureClearance, f64)> = clearances
        .iter()
        .filter_map(|found| {
            let margin = found.margin.as_ref()?;
            let counts = margin.part == Part::Path && margin.allowed == Allowed::No;
            Some((found, margin.stop_mm.filter(|_| counts)?))
        })
        .collect();
    let obstacles: Vec<(usize, Obstacle<'_>)> = counted
        .iter()
        .filter_map(|(found, stop_mm)| {
            let field = scene.structures.get(found.index)?.field.as_ref().ok()?;
            let obstacle = Obstacle {
                field,
                stop_mm: *stop_mm,
                ignore_within_mm_of_target: 0.0,
            };
            Some((found.index, obstacle))
        })
        .collect();
    let bare: Vec<Obstacle<'_>> = obstacles.iter().map(|(_, obstacle)| *obstacle).collect();
    let cone: ToleranceCone = tolerance_cone(&shaft, target_radius_mm, &bare)?;
    let limit = match cone.limit {
        ConeLimit::Target => format!("the target's radius of {target_radius_mm:.1} mm"),
        ConeLimit::Widest => "nothing near".to_owned(),
        ConeLimit::Structure { obstacle, .. } => obstacles
            .get(obstacle)
            .and_then(|(index, _)| scene.structures.get(*index))
            .map_or_else(
                || "a structure".to_owned(),
                |measured| measured.structure.name.clone(),
            ),
    };
    Ok(Tolerance {
        half_angle: cone.half_angle,
        target_radius_mm,
        is_default_radius: given.is_none(),
        limit,
    })
}
