//! The simulated body: the best entry of each procedure keeps its stop margins and its oblique.

use std::sync::OnceLock;

use rayon::prelude::*;

use super::*;
use crate::assess::NeedleAudit;
use crate::assess::path::Images;
use crate::assess::sample_body::SampleBody;
use crate::plan::procedure::Verdict;
use crate::plan::{
    EndPlate, EndPlateFace, NeedleCatalogue, Plan, ProcedureLibrary, SpineEdit, TrajectoryId,
};
use crate::volume::phantom::{Target, TargetKind, labels};
use crate::volume::structure::{Structure, StructureSource, StructureTable};

/// Distances are computed this far, mm: as in the program.
const REACH_MM: f64 = 25.0;

/// Everything of the body that a path may meet but bone and muscle, with its distances.
fn structures() -> &'static [MeasuredStructure] {
    static FOUND: OnceLock<Vec<MeasuredStructure>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let table = StructureTable::bundled();
        let passed = ["bone", "muscle", "fat", "skin", "body"];
        let mut parts: Vec<(String, String, Vec<u8>)> = Vec::new();
        for label in labels() {
            let Some(kind) = table.kind_of(&label.name, None) else {
                continue;
            };
            if passed.contains(&kind.key.as_str()) {
                continue;
            }
            let whole = label.name.split(", a").next().unwrap().to_owned();
            let whole = whole.split(", n").next().unwrap().to_owned();
            match parts.iter_mut().find(|part| part.0 == whole) {
                Some(part) => part.2.push(label.number),
                None => parts.push((whole, kind.key.clone(), vec![label.number])),
            }
        }
        let body = SampleBody::shared();
        parts
            .into_par_iter()
            .filter_map(|(name, kind, numbers)| {
                let mask = Arc::new(body.mask(&numbers));
                mask.bounds()?;
                let field = DistanceField::new(Arc::clone(&mask), REACH_MM, &|| false).unwrap();
                let structure = Structure {
                    name,
                    code: None,
                    kind: Some(kind),
                    color: [255; 3],
                    mask,
                    frame_of_reference: None,
                    source: StructureSource::Drawn,
                };
                Some(MeasuredStructure {
                    structure: Arc::new(structure),
                    field: Ok(Arc::new(field)),
                })
            })
            .collect()
    })
}

/// The plan of the body: end-plates and midline from its truth.
fn plan() -> Plan {
    let truth = &SampleBody::shared().phantom.truth;
    let mut plan = Plan::default();
    let left = truth.midline.normal;
    let mut plates: Vec<_> = truth
        .vertebrae
        .iter()
        .map(|vertebra| {
            let up = vertebra.superior_normal;
            (
                vertebra.level.as_str(),
                vertebra.centre_lps_mm + up * 12.0,
                up,
            )
        })
        .collect();
    // The roof of the sacrum lies under the last disc.
    let last = truth.gaps.last().unwrap();
    plates.push(("S1", last.disc_centre_lps_mm, last.disc_normal));
    for (level, middle, up) in plates {
        let back = (left.cross(up) * -1.0).normalize_or_zero();
        let plate = EndPlate {
            vertebra: level.parse().unwrap(),
            face: EndPlateFace::Superior,
            points: [middle - back * 15.0, middle + back * 15.0].map(Point::from_vec),
        };
        plan.spine.apply(&SpineEdit::SetEndPlate(plate)).unwrap();
    }
    let first = truth.vertebrae.first().unwrap();
    let last = truth.vertebrae.last().unwrap();
    let points = [
        first.centre_lps_mm,
        last.centre_lps_mm,
        last.spinous_tip_lps_mm,
    ];
    let midline = SpineEdit::SetMidline(Some(points.map(Point::from_vec)));
    plan.spine.apply(&midline).unwrap();
    plan
}

/// Procedure, kind of target, and how the levels of target and procedure are called.
/// A procedure, the kind of its target, and its levels in the truth and in the sheet.
type Case = (
    &'static str,
    TargetKind,
    &'static [(&'static str, &'static str)],
);

const CASES: [Case; 9] = [
    ("facet-joint", TargetKind::FacetCleft, &GAPS),
    ("medial-branch-block", TargetKind::MedialBranch, &BRANCHES),
    ("interlaminar", TargetKind::InterlaminarParamedian, &GAPS),
    (
        "transforaminal-supraneural",
        TargetKind::Subpedicular,
        &[("L3", "L3-L4"), ("L4", "L4-L5"), ("L5", "L5-S1")],
    ),
    ("transforaminal-infraneural", TargetKind::Kambin, &GAPS),
    ("transforaminal-s1", TargetKind::S1Foramen, &[("S1", "S1")]),
    (
        "sacroiliac-joint",
        TargetKind::SacroiliacJoint,
        &[("S2", "S2")],
    ),
    ("discography", TargetKind::Disc, &GAPS),
    (
        "vertebroplasty",
        TargetKind::TranspedicularBody,
        &[("L3", "L3"), ("L4", "L4"), ("L5", "L5")],
    ),
];
const GAPS: [(&str, &str); 3] = [("L3-L4", "L3-L4"), ("L4-L5", "L4-L5"), ("L5-S1", "L5-S1")];
const BRANCHES: [(&str, &str); 4] = [("L3", "L3"), ("L4", "L4"), ("L5", "L5"), ("S1", "S1")];

/// The body with the skin and the air around it.
struct Ground {
    air: Known<OutsideAir>,
    skin: SkinSurface,
    plan: Plan,
}

impl Ground {
    fn scene(&self) -> AuditScene<'_> {
        AuditScene {
            plan: &self.plan,
            position: Some(PatientPosition::HeadFirstProne),
            catalogue: NeedleCatalogue::builtin(),
            library: ProcedureLibrary::builtin(),
            images: Some(Images {
                volume: &SampleBody::shared().volume,
                air: &self.air,
            }),
            structures: structures(),
        }
    }

    fn map(&self, task: &EntryTask) -> EntryMap {
        let images = (&SampleBody::shared().volume, self.air.as_ref().unwrap());
        task.map(images, &self.skin, &|| false).unwrap()
    }

    /// Whether any entry of the map lies in both usual ranges, by its angles alone.
    fn has_usual(&self, task: &EntryTask, map: &EntryMap) -> bool {
        let entries = map.verdicts.iter().zip(&self.skin.points);
        entries
            .filter(|(verdict, _)| verdict.score().is_some())
            .any(|(_, at)| {
                let seen = CArmAngles::of_needle(task.target - *at).unwrap().operator();
                let keeps = |range: Option<AngleRange>, angle| {
                    range.is_none_or(|range| range.excess_deg(angle) <= 0.0)
                };
                keeps(task.rules.oblique, seen.oblique) && keeps(task.rules.tilt, seen.tilt)
            })
    }
}

/// Whether the straight path of the truth keeps to the angles and meets no bone in these
/// voxels: an entry map must then find some entry. Thin gaps between bones are closed by the
/// partial volume of a coarse grid, and some true paths leave the ranges of the sheet.
fn bars_nothing(task: &EntryTask, target: &Target) -> bool {
    let Some(path) = target.path else {
        return false;
    };
    let entry = Point::from_vec(path.entry_lps_mm);
    let seen = CArmAngles::of_needle(task.target - entry)
        .unwrap()
        .operator();
    let within = |range: Option<AngleRange>, angle| {
        range.is_none_or(|range| range.excess_deg(angle) <= task.rules.angle_slack_deg)
    };
    let outwards = (entry - task.target).direction().unwrap();
    let free_mm = task.rules.may_cross_bone_last_mm;
    let steps = ((path.length_mm - 3.0 - free_mm) / 0.5) as usize;
    let meets_bone = (0..steps).any(|step| {
        let at = task.target + outwards * (free_mm + step as f64 * 0.5);
        let volume = &SampleBody::shared().volume;
        let value = crate::volume::value_at(volume, at, crate::volume::Interpolation::Linear);
        value.is_some_and(|value| value > crate::assess::entry_map::score::BONE_HU)
    });
    within(task.rules.oblique, seen.oblique) && within(task.rules.tilt, seen.tilt) && !meets_bone
}

/// A needle of a procedure at its true target, long enough.
fn needle(
    scene: &AuditScene<'_>,
    procedure: &Procedure,
    target: &Target,
    level: &str,
) -> Trajectory {
    let path_mm = target.path.map_or(120.0, |path| path.length_mm + 25.0);
    let proposed = procedure.propose_needle(scene.catalogue, path_mm).unwrap();
    let mut needle = Trajectory::new(TrajectoryId(1), procedure.id.clone());
    needle.target = Some(Point::from_vec(target.point_lps_mm));
    needle.needle = Some(proposed.needle.id.clone());
    needle.intent = Some(Intent {
        procedure: procedure.id.clone(),
        level: Some(level.parse().unwrap()),
        side: target.side,
    });
    needle
}

#[test]
fn the_best_entry_keeps_the_stop_margins_and_the_oblique_range() {
    let body = SampleBody::shared();
    let air = OutsideAir::find(&body.volume, &|| false).unwrap();
    let ground = Ground {
        skin: SkinSurface::find(&body.volume, &air, &|| false).unwrap(),
        air: Ok(air),
        plan: plan(),
    };
    let scene = ground.scene();
    let (mut targets, mut found, mut kept, mut wrong) = (0, 0, 0, Vec::new());
    for (id, kind, levels) in CASES {
        let procedure = scene.library.find(id).unwrap();
        for ((at, level), side) in levels
            .iter()
            .flat_map(|l| Side::BOTH.map(|side| (*l, side)))
        {
            let what = format!("{id} {level} {side:?}");
            let target = body.phantom.truth.target(kind, at, Some(side)).unwrap();
            let mut needle = needle(&scene, procedure, target, level);
            let task = EntryTask::of(&needle, &scene).unwrap();
            let map = ground.map(&task);
            targets += 1;
            let Some(best) = map.best.first() else {
                eprintln!(
                    "{what}: no entry; straight path in the truth: {}",
                    target.path.is_some()
                );
                needle.entry = target.path.map(|path| Point::from_vec(path.entry_lps_mm));
                let stopped = NeedleAudit::of(&needle, &scene).breaks_stop_margin();
                if !stopped && bars_nothing(&task, target) {
                    wrong.push(format!("{what}: no entry, {:?}", map.excluded));
                }
                continue;
            };
            found += 1;
            needle.entry = Some(best.entry);
            let audit = NeedleAudit::of(&needle, &scene);
            // What the target itself breaks is said before any entry is chosen.
            for broken in &audit.clearances {
                let stops = broken.verdict == Some(crate::assess::clearance::Verdict::Stop);
                let said = task.faults.iter().any(|fault| fault.contains(&broken.name));
                if stops && !said {
                    wrong.push(format!("{what}: too near to {}", broken.name));
                }
            }
            let oblique = audit
                .ranges
                .iter()
                .find(|check| check.quantity == Some(Quantity::Oblique));
            let oblique = oblique.unwrap();
            if oblique.verdict == Verdict::Kept {
                kept += 1;
            } else if ground.has_usual(&task, &map) {
                wrong.push(format!("{what}: {} though another keeps it", oblique.words));
            }
            eprintln!(
                "{what}: {:?}, {}; {:?}",
                best.assessment.verdict, oblique.words, task.faults
            );
        }
    }
    eprintln!("{targets} targets, {found} with an entry, {kept} within the oblique");
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(targets, 48);
}
