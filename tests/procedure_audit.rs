//! The procedures on the sample anatomy: a path to each reference target, entered at the middle of
//! the ranges of its procedure, keeps every check of its own; the same path moved through the dural
//! sac is stopped.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly anywhere")]

use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};

use glam::DVec3;
use stylet::assess::path::Images;
use stylet::assess::{AuditScene, MeasuredStructure, NeedleAudit, OutsideAir, Verdict};
use stylet::dicom;
use stylet::geometry::{CArmAngles, Degrees, PatientPosition, Point};
use stylet::plan::procedure::{Quantity, Verdict as RangeVerdict};
use stylet::plan::{
    EndPlate, EndPlateFace, Intent, Known, NeedleCatalogue, Plan, PlanEdit, Procedure,
    ProcedureLibrary, SpineEdit, SpineReadout, Trajectory, VertebraFrame, VertebraLabel,
};
use stylet::study::{Level, Side, SourcePath};
use stylet::volume::phantom::{PhantomGrid, Target, TargetKind, Truth, write_sample_study};
use stylet::volume::structure::DistanceField;
use stylet::volume::structure::read::{Planning, read};
use stylet::volume::{Volume, load_volume};

struct Sample {
    volume: Volume,
    air: Known<OutsideAir>,
    structures: Vec<MeasuredStructure>,
    truth: Truth,
    plan: Plan,
    _folder: tempfile::TempDir,
}

/// The sample study at 0.96 × 0.96 × 1.36 mm, through its files.
fn sample() -> &'static Sample {
    static SAMPLE: OnceLock<Sample> = OnceLock::new();
    SAMPLE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let grid = PhantomGrid::of(384, 252);
        let study =
            write_sample_study(0, &grid, folder.path(), &|_| ControlFlow::Continue(())).unwrap();
        let report = dicom::scan(&[folder.path().join("CT")], &|_, _| {
            ControlFlow::Continue(())
        })
        .unwrap();
        let (series, stack) = report.catalog.largest_volume().unwrap();
        let (volume, _) = load_volume(series, stack).unwrap();
        let air = OutsideAir::find(&volume, &|| false);
        let planning = Planning::of(&volume).unwrap();
        let file = SourcePath::from(folder.path().join("SEG/labels.dcm"));
        let loaded = read(&file, &planning, &|| false).unwrap();
        let structures = loaded.structures.into_iter().map(measured).collect();
        let text = std::fs::read_to_string(&study.truth_path).unwrap();
        let truth: Truth = serde_json::from_str(&text).unwrap();
        Sample {
            plan: plan(&truth),
            volume,
            air,
            structures,
            truth,
            _folder: folder,
        }
    })
}

fn measured(structure: stylet::volume::structure::Structure) -> MeasuredStructure {
    let structure = Arc::new(structure);
    // What no margin asks for needs no distances.
    let passed = matches!(structure.kind.as_deref(), Some("fat" | "muscle"));
    let field = if passed {
        Err("not needed".to_owned())
    } else {
        DistanceField::new(Arc::clone(&structure.mask), 25.0, &|| false)
            .map(Arc::new)
            .map_err(|error| error.to_string())
    };
    MeasuredStructure { structure, field }
}

/// Labels, midline and end-plates as the truth has them.
fn plan(truth: &Truth) -> Plan {
    let mut plan = Plan::default();
    let mut edit = |edit| plan.apply(&PlanEdit::Spine(edit)).unwrap();
    let left = truth.midline.normal;
    for vertebra in &truth.vertebrae {
        let name = vertebra.level.parse().unwrap();
        edit(SpineEdit::Label(VertebraLabel {
            vertebra: name,
            body: Point::from_vec(vertebra.centre_lps_mm),
            spinous_process: Some(Point::from_vec(vertebra.spinous_tip_lps_mm)),
        }));
        edit(SpineEdit::SetEndPlate(plate(
            name,
            EndPlateFace::Superior,
            vertebra.centre_lps_mm + vertebra.superior_normal * 13.0,
            vertebra.superior_normal,
            left,
        )));
    }
    let (l5, disc) = (
        truth.vertebrae.last().unwrap().centre_lps_mm,
        truth.gaps.last().unwrap(),
    );
    let s1 = disc.disc_centre_lps_mm + (disc.disc_centre_lps_mm - l5);
    edit(SpineEdit::Label(VertebraLabel {
        vertebra: "S1".parse().unwrap(),
        body: Point::from_vec(s1),
        spinous_process: None,
    }));
    edit(SpineEdit::SetEndPlate(plate(
        "S1".parse().unwrap(),
        EndPlateFace::Superior,
        disc.disc_centre_lps_mm - disc.disc_normal * (disc.disc_height_mm / 2.0),
        disc.disc_normal,
        left,
    )));
    plan
}

fn plate(
    vertebra: stylet::study::Vertebra,
    face: EndPlateFace,
    middle: DVec3,
    normal: DVec3,
    left: DVec3,
) -> EndPlate {
    let back = normal.cross(left).normalize_or_zero();
    EndPlate {
        vertebra,
        face,
        points: [-12.0, 12.0].map(|off| Point::from_vec(middle + back * off)),
    }
}

fn scene(sample: &Sample) -> AuditScene<'_> {
    AuditScene {
        plan: &sample.plan,
        position: Some(PatientPosition::HeadFirstProne),
        catalogue: NeedleCatalogue::builtin(),
        library: ProcedureLibrary::builtin(),
        images: Some(Images {
            volume: &sample.volume,
            air: &sample.air,
        }),
        structures: &sample.structures,
    }
}

/// Procedures with the kinds of their reference targets. A facet joint has two (1.7): at L5-S1 the
/// cleft lies so far lateral that oblique and entry ranges of the sheet exclude one another there,
/// and the inferior recess is what both leave.
const PROCEDURES: [(&str, &[TargetKind]); 11] = [
    (
        "facet-joint",
        &[TargetKind::FacetCleft, TargetKind::FacetInferiorRecess],
    ),
    ("medial-branch-block", &[TargetKind::MedialBranch]),
    (
        "interlaminar",
        &[
            TargetKind::InterlaminarParamedian,
            TargetKind::InterlaminarMidline,
        ],
    ),
    ("transforaminal-supraneural", &[TargetKind::Subpedicular]),
    ("transforaminal-infraneural", &[TargetKind::Kambin]),
    ("transforaminal-s1", &[TargetKind::S1Foramen]),
    ("caudal", &[TargetKind::SacralHiatus]),
    ("sacroiliac-joint", &[TargetKind::SacroiliacJoint]),
    ("discography", &[TargetKind::Disc]),
    ("vertebroplasty", &[TargetKind::TranspedicularBody]),
    ("lumbar-sympathetic", &[TargetKind::SympatheticChain]),
];

/// What an audit holds against a needle: ranges not kept or not known, stop margins, objections.
fn faults(audit: &NeedleAudit) -> Vec<String> {
    let ranges = audit
        .ranges
        .iter()
        .filter(|range| range.verdict != RangeVerdict::Kept)
        .map(|range| format!("{} {}", range.verdict.sign(), range.words));
    let stopped = audit
        .clearances
        .iter()
        .filter(|found| found.verdict == Some(Verdict::Stop))
        .map(|found| format!("stop: {} at {:?} mm", found.name, found.gap_mm()));
    let objections = audit.objections.iter().map(|(_, words)| words.clone());
    ranges.chain(stopped).chain(objections).collect()
}

/// The needle nearest to the middle of oblique and tilt range that keeps every check; else what is
/// held against the one in the middle.
fn passing(
    procedure: &Procedure,
    target: &Target,
    level: Level,
    sample: &Sample,
) -> Result<(Trajectory, [f64; 2]), Vec<String>> {
    let mut shares: Vec<[f64; 2]> = (0..25)
        .map(|n| [f64::from(n % 5) / 4.0, f64::from(n / 5) / 4.0])
        .collect();
    let off = |at: &[f64; 2]| (at[0] - 0.5).powi(2) + (at[1] - 0.5).powi(2);
    shares.sort_by(|a, b| off(a).total_cmp(&off(b)));
    let mut first = Vec::new();
    for at in shares {
        let found = needle(procedure, target, level, at, sample)
            .map_err(|why| vec![why])
            .and_then(|needle| {
                let faults = faults(&NeedleAudit::of(&needle, &scene(sample)));
                faults.is_empty().then_some(needle).ok_or(faults)
            });
        match found {
            Ok(needle) => return Ok((needle, at)),
            Err(faults) if first.is_empty() => first = faults,
            Err(_) => {}
        }
    }
    Err(first)
}

/// The same needle moved so that its tip lies in the middle of the dural sac at its height, or at
/// the lower end of the sac.
fn through_the_sac(needle: &Trajectory, sample: &Sample) -> Trajectory {
    let sac = sample
        .structures
        .iter()
        .find(|measured| measured.structure.kind.as_deref() == Some("dura"))
        .unwrap();
    let mask = &sac.structure.mask;
    let target = needle.target.unwrap();
    let height = |voxel| (mask.grid().center(voxel).0.z - target.0.z).abs();
    let nearest = mask.voxels().map(height).fold(f64::INFINITY, f64::min);
    let slice: Vec<DVec3> = mask
        .voxels()
        .filter(|&voxel| height(voxel) < nearest + 0.1)
        .map(|voxel| mask.grid().center(voxel).0)
        .collect();
    let middle = slice.iter().sum::<DVec3>() / slice.len() as f64;
    let by = Point::from_vec(middle) - target;
    Trajectory {
        target: Some(target + by),
        entry: needle.entry.map(|entry| entry + by),
        ..needle.clone()
    }
}

#[test]
fn reference_targets_pass_and_a_path_through_the_sac_is_stopped() {
    let sample = sample();
    let library = ProcedureLibrary::builtin();
    let l3: stylet::study::Vertebra = "L3".parse().unwrap();
    let (mut passed, mut in_the_middle) = (0, 0);
    for (id, kinds) in PROCEDURES {
        let procedure = library.find(id).unwrap_or_else(|| panic!("{id}"));
        let mut levels: Vec<(String, Option<Side>)> = sample
            .truth
            .targets
            .iter()
            .filter(|target| kinds.contains(&target.kind))
            .filter(|target| target.kind != TargetKind::InterlaminarMidline)
            .map(|target| (target.level.clone(), target.side))
            .collect();
        levels.dedup();
        for (name, side) in levels {
            let of_level = |kind: &TargetKind| {
                let midline = *kind == TargetKind::InterlaminarMidline;
                sample.truth.target(*kind, &name, side.filter(|_| !midline))
            };
            let targets: Vec<Target> = kinds
                .iter()
                .filter_map(of_level)
                .map(|target| Target {
                    side,
                    ..target.clone()
                })
                .collect();
            let Some(level) = targets
                .first()
                .and_then(|target| level_of(procedure, target))
            else {
                continue;
            };
            if level.upper() < l3 {
                continue;
            }
            let what = format!("{id} {name} {side:?}");
            let mut held = Vec::new();
            let found = targets.iter().find_map(|target| {
                let found = passing(procedure, target, level, sample);
                found
                    .map_err(|faults| held.push((target.kind, faults)))
                    .ok()
            });
            let Some((needle, at)) = found else {
                panic!("{what}: {held:?}");
            };
            println!(
                "{what}: at {at:?} of the ranges, {} other targets held off",
                held.len()
            );
            passed += 1;
            in_the_middle += usize::from(at == [0.5, 0.5] && held.is_empty());
            let moved = NeedleAudit::of(&through_the_sac(&needle, sample), &scene(sample));
            assert!(moved.breaks_stop_margin(), "{what} through the sac");
            let named = |found: &stylet::assess::StructureClearance| found.name == "Dural sac";
            let sac = moved.clearances.iter().find(|found| named(found)).unwrap();
            assert_eq!(sac.verdict, Some(Verdict::Stop), "{what}: {sac:?}");
        }
    }
    println!("{passed} passed, {in_the_middle} of them in the middle of oblique and tilt");
    assert!(
        passed >= 40 && in_the_middle * 2 > passed,
        "{passed} {in_the_middle}"
    );
}

/// The level a person declares for a target of the sample.
fn level_of(procedure: &Procedure, target: &Target) -> Option<Level> {
    let at: Level = target.level.parse().unwrap();
    if procedure.applies_to(at) {
        return Some(at);
    }
    // Named by the vertebra above in the truth, by the gap in the sheet.
    procedure
        .levels
        .iter()
        .copied()
        .find(|level| matches!(level, Level::Between(upper, _) if Level::At(*upper) == at))
        .or_else(|| (procedure.without_level).then(|| procedure.levels[0]))
}

/// A needle to the target at shares of the procedure's oblique and tilt ranges, its entry on the
/// skin.
fn needle(
    procedure: &Procedure,
    target: &Target,
    level: Level,
    [across, along]: [f64; 2],
    sample: &Sample,
) -> Result<Trajectory, String> {
    let mut needle = Trajectory::new(sample.plan.next_trajectory_id(), "n".to_owned());
    needle.target = Some(Point::from_vec(target.point_lps_mm));
    needle.intent = Some(Intent {
        procedure: procedure.id.clone(),
        level: Some(level),
        side: target.side,
    });
    let squared_to = SpineReadout::of(&needle, &sample.plan.spine).squared_to;
    let frame = squared_to.and_then(|vertebra| {
        VertebraFrame::of(&sample.plan.spine, vertebra, EndPlateFace::Superior)
    });
    let sign = target.side.map_or(1.0, Side::sign);
    let of = |quantity, share: f64| {
        let bounds = procedure.range(quantity, level)?.bounds;
        Some(bounds.min()? + share * (bounds.max()? - bounds.min()?))
    };
    let at = Point::from_vec(target.point_lps_mm);
    let direction = if procedure.id == "caudal" {
        // Upwards into the canal: the skin angle decides, found by its caudal offset.
        let angle = (15.0 + 40.0 * along).to_radians();
        stylet::geometry::Vector::new(0.0, -angle.sin(), angle.cos())
    } else {
        let oblique = sign * of(Quantity::Oblique, across).ok_or("no oblique")?;
        let squared = frame.map(|frame| frame.squared_tilt(Degrees(oblique)).0);
        let tilt = match (
            of(Quantity::Tilt, along),
            of(Quantity::TiltToEndplate, along),
            squared,
        ) {
            (_, Some(relative), Ok(squared)) => relative + squared,
            (Some(tilt), _, _) => tilt,
            (None, None, Ok(squared)) => squared,
            (_, _, Err(reason)) => return Err(reason),
        };
        let angles = CArmAngles {
            primary: stylet::geometry::wrap_180(Degrees(180.0 - oblique)),
            secondary: Degrees(tilt),
        };
        -angles.receptor_direction()
    };
    needle.entry = Some(at - direction * 60.0);
    let air = sample.air.as_ref().map_err(Clone::clone)?;
    let skin = air.crossing(&sample.volume, &needle)?;
    needle.entry = Some(skin.at);
    let proposal = procedure.propose_needle(NeedleCatalogue::builtin(), skin.depth_mm);
    needle.needle = proposal.ok().map(|proposal| proposal.needle.id.clone());
    Ok(needle)
}
