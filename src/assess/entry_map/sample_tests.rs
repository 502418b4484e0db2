//! The simulated body: the entries of its reference paths are entries of the map.

use super::*;
use crate::assess::sample_body::SampleBody;
use crate::assess::skin::OutsideAir;
use crate::geometry::{Degrees, PatientPosition};
use crate::volume::phantom::{Target, TargetKind};

/// Usual ranges about the reference angles, and how far bone may be crossed at the target, mm.
fn rules(target: &Target, oblique_deg: f64, tilt_deg: f64) -> EntryRules {
    let about =
        |deg: f64, half: f64| Some(AngleRange::new(Degrees(deg - half), Degrees(deg + half)));
    EntryRules {
        longest_mm: 150.0,
        oblique: about(oblique_deg, 10.0),
        tilt: about(tilt_deg, 10.0),
        angle_slack_deg: 10.0,
        may_cross_bone_last_mm: match target.kind {
            TargetKind::TranspedicularBody => 70.0,
            TargetKind::SacroiliacJoint => 12.0,
            _ => 6.0,
        },
        needle_radius_mm: 0.36,
        weights: EntryWeights::default(),
    }
}

#[test]
fn reference_paths_of_the_sample_are_entries() {
    let body = SampleBody::shared();
    let air = OutsideAir::find(&body.volume, &|| false).unwrap();
    let skin = SkinSurface::find(&body.volume, &air, &|| false).unwrap();
    let (mut exact, mut paths) = (0, 0);
    for target in &body.phantom.truth.targets {
        let Some(path) = target.path else { continue };
        let entry = Point::from_vec(path.entry_lps_mm);
        let side = target.side.map_or(1.0, crate::study::Side::sign);
        let rules = rules(target, side * path.oblique_deg, path.tilt_deg);
        let scene = EntryScene {
            volume: &body.volume,
            air: &air,
            position: Some(PatientPosition::HeadFirstProne),
            target: Point::from_vec(target.point_lps_mm),
            obstacles: &[],
            rules: &rules,
        };
        let what = format!("{:?} {} {:?}", target.kind, target.level, target.side);
        let nearest = skin.nearest(entry).unwrap();
        assert!(skin.points[nearest].distance(entry) < 2.0, "{what}");
        let verdict = scene.verdict(entry, skin.normal(nearest));
        paths += 1;
        if verdict.score().is_some_and(|score| score > 0.5) {
            exact += 1;
            continue;
        }
        // A gap that the path clears by less than a voxel of this grid has an entry beside it.
        assert_eq!(verdict, Verdict::Excluded(Exclusion::Bone), "{what}");
        let beside = (0..skin.points.len()).any(|vertex| {
            skin.points[vertex].distance(entry) < 5.0
                && scene
                    .verdict(skin.points[vertex], skin.normal(vertex))
                    .score()
                    > Some(0.5)
        });
        assert!(beside, "{what}");
    }
    eprintln!("{exact} of {paths}");
    assert!(paths == 102 && exact >= 98, "{exact} of {paths}");
}
