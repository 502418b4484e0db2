//! Rules from procedures, checked by hand.

use super::*;
use crate::plan::{
    EndPlate, EndPlateFace, NeedleCatalogue, Plan, ProcedureLibrary, SpineEdit, TrajectoryId,
};

fn needle(procedure: Option<&str>, level: &str, side: Option<Side>) -> Trajectory {
    let mut needle = Trajectory::new(TrajectoryId(0), "n".to_owned());
    needle.target = Some(Point::new(20., 40., 0.));
    needle.intent = procedure.map(|procedure| Intent {
        procedure: procedure.to_owned(),
        level: Some(level.parse().unwrap()),
        side,
    });
    needle
}

fn task(needle: &Trajectory, plan: &Plan) -> EntryTask {
    let scene = AuditScene {
        plan,
        position: None,
        catalogue: NeedleCatalogue::builtin(),
        library: ProcedureLibrary::builtin(),
        images: None,
        structures: &[],
    };
    EntryTask::of(needle, &scene).unwrap()
}

fn range(from: f64, to: f64) -> AngleRange {
    AngleRange::new(Degrees(from), Degrees(to))
}

#[test]
fn without_a_procedure_any_angle_counts_and_the_needle_bounds_the_length() {
    let found = task(&needle(None, "L4", None), &Plan::default());
    // The default needle is 90 mm long, 10 mm are kept, 22 G is 0.72 mm thick.
    assert_eq!(found.rules.longest_mm, 80.0);
    assert!((found.rules.needle_radius_mm - 0.36).abs() < 0.01);
    assert_eq!((found.rules.oblique, found.rules.tilt), (None, None));
    assert_eq!(found.rules.may_cross_bone_last_mm, 0.0);
    assert!(found.notes.iter().any(|note| note.contains("No procedure")));
    let mut bare = needle(None, "L4", None);
    bare.needle = None;
    let found = task(&bare, &Plan::default());
    assert_eq!(
        (found.rules.longest_mm, found.rules.needle_radius_mm),
        (150.0, 0.0)
    );
    bare.target = None;
    let plan = Plan::default();
    let scene = AuditScene {
        plan: &plan,
        position: None,
        catalogue: NeedleCatalogue::builtin(),
        library: ProcedureLibrary::builtin(),
        images: None,
        structures: &[],
    };
    assert!(EntryTask::of(&bare, &scene).is_err());
}

#[test]
fn obliques_take_the_sign_of_the_side() {
    let of = |side| {
        let needle = needle(Some("facet-joint"), "L4-L5", side);
        task(&needle, &Plan::default()).rules
    };
    let (left, right) = (of(Some(Side::Left)), of(Some(Side::Right)));
    let Some(given) = left.oblique else { panic!() };
    assert!(given.from.0 > 0.0 && given.to.0 <= 45.0, "{given:?}");
    assert_eq!(right.oblique, Some(range(-given.to.0, -given.from.0)));
    assert_eq!(left.tilt, Some(range(-10.0, 10.0)));
    assert_eq!(left.may_cross_bone_last_mm, 10.0, "it may end on bone");
    assert_eq!(of(None).oblique, None, "a side must be chosen");
    let through = task(
        &needle(Some("vertebroplasty"), "L4", Some(Side::Left)),
        &Plan::default(),
    );
    assert_eq!(through.rules.may_cross_bone_last_mm, 70.0);
}

#[test]
fn a_tilt_to_an_end_plate_is_turned_into_one_of_the_patient() {
    // An L5 end-plate that τ = 20° squares at κ 0: atan(tan 20° · cos κ) at κ 20 and 30° is 18.88
    // and 17.50. Relative −10 to 0: from 8.88 to 17.50 where it holds at both ends.
    let mut plan = Plan::default();
    let lean = 20.0_f64.to_radians();
    for edit in [
        SpineEdit::SetMidline(Some([
            Point::new(0., 0., 0.),
            Point::new(0., 60., 0.),
            Point::new(0., 30., 90.),
        ])),
        SpineEdit::SetEndPlate(EndPlate {
            vertebra: "L5".parse().unwrap(),
            face: EndPlateFace::Superior,
            points: [
                Point::new(0., 0., 0.),
                Point::new(0., 34.0 * lean.cos(), 34.0 * lean.sin()),
            ],
        }),
    ] {
        plan.spine.apply(&edit).unwrap();
    }
    let needle = needle(
        Some("transforaminal-supraneural"),
        "L4-L5",
        Some(Side::Right),
    );
    let found = task(&needle, &plan);
    assert_eq!(found.rules.oblique, Some(range(-30.0, -20.0)));
    let tilt = found.rules.tilt.unwrap();
    assert!((tilt.from.0 - 8.88).abs() < 0.02, "{tilt:?}");
    assert!((tilt.to.0 - 17.50).abs() < 0.02, "{tilt:?}");
    let open = task(&needle, &Plan::default());
    assert_eq!(open.rules.tilt, None);
    assert!(open.notes.iter().any(|note| note.contains("end-plate")));
}
