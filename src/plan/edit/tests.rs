//! Edits that are applied and edits that are refused.

use super::*;
use crate::plan::MeasurementKind;

fn plan_with_needle() -> (Plan, TrajectoryId) {
    let mut plan = Plan::default();
    let id = plan.next_trajectory_id();
    let mut needle = Trajectory::new(id, "L4-5 right facet".to_owned());
    needle.entry = Some(Point::new(-68., 150., -12.));
    needle.target = Some(Point::new(-22., 78., 6.));
    plan.apply(&PlanEdit::AddTrajectory(needle)).unwrap();
    (plan, id)
}

#[test]
fn edits_change_what_they_name() {
    let (mut plan, id) = plan_with_needle();
    let to = Point::new(1., 2., 3.);
    for edit in [
        PlanEdit::SetEnd {
            id,
            end: TrajectoryEnd::Entry,
            to,
        },
        PlanEdit::MoveTrajectory {
            id,
            by: Vector::new(1., 1., 1.),
        },
        PlanEdit::Rename {
            id,
            name: " new ".to_owned(),
        },
        PlanEdit::SetNeedle { id, needle: None },
        PlanEdit::SetColor {
            id,
            color: Color([1, 2, 3]),
        },
        PlanEdit::SetHidden { id, hidden: true },
        PlanEdit::SetLocked { id, locked: true },
        PlanEdit::SetPatientPosition(Some(PatientPosition::HeadFirstProne)),
    ] {
        plan.apply(&edit).unwrap();
    }
    let needle = plan.trajectory(id).unwrap();
    assert_eq!(needle.entry, Some(Point::new(2., 3., 4.)));
    assert_eq!(needle.target, Some(Point::new(-21., 79., 7.)));
    assert_eq!(
        (needle.name.as_str(), needle.needle.as_ref()),
        ("new", None)
    );
    assert!(needle.hidden && needle.locked && needle.color == Color([1, 2, 3]));
    assert_eq!(plan.patient_position, Some(PatientPosition::HeadFirstProne));
}

#[test]
fn a_refused_edit_leaves_the_plan_as_it_was() {
    let (mut plan, id) = plan_with_needle();
    plan.apply(&PlanEdit::SetLocked { id, locked: true })
        .unwrap();
    let gone = TrajectoryId(99);
    let far = Point::new(f64::NAN, 0., 0.);
    let next = plan.next_measurement_id();
    let short = Measurement::new(next, MeasurementKind::Angle, vec![]);
    for edit in [
        PlanEdit::MoveTrajectory {
            id,
            by: Vector::new(1., 0., 0.),
        },
        PlanEdit::SetEnd {
            id,
            end: TrajectoryEnd::Target,
            to: Point::new(0., 0., 0.),
        },
        PlanEdit::SetEnd {
            id,
            end: TrajectoryEnd::Target,
            to: far,
        },
        PlanEdit::Rename {
            id,
            name: "  ".to_owned(),
        },
        PlanEdit::RemoveTrajectory(gone),
        PlanEdit::AddTrajectory(Trajectory::new(id, "twice".to_owned())),
        PlanEdit::AddMeasurement(short),
        PlanEdit::RemoveMeasurement(MeasurementId(7)),
        PlanEdit::MoveMeasurementPoint {
            id: MeasurementId(7),
            point: 0,
            to: Point::new(0., 0., 0.),
        },
    ] {
        let before = plan.clone();
        assert!(plan.apply(&edit).is_err(), "{edit:?}");
        assert_eq!(plan, before);
    }
    let error = plan.apply(&PlanEdit::MoveTrajectory {
        id,
        by: Vector::new(1., 0., 0.),
    });
    assert!(error.unwrap_err().to_string().contains("unlock"));
}

#[test]
fn measurements_are_added_moved_and_removed() {
    let mut plan = Plan::default();
    let id = plan.next_measurement_id();
    let points = vec![Point::new(0., 0., 0.), Point::new(3., 4., 0.)];
    let drawn = Measurement::new(id, MeasurementKind::Distance, points);
    plan.apply(&PlanEdit::AddMeasurement(drawn)).unwrap();
    let to = Point::new(0., 4., 0.);
    plan.apply(&PlanEdit::MoveMeasurementPoint { id, point: 0, to })
        .unwrap();
    assert_eq!(plan.measurement(id).unwrap().distance_mm(), Some(3.0));
    assert!(
        plan.apply(&PlanEdit::MoveMeasurementPoint { id, point: 2, to })
            .is_err()
    );
    plan.apply(&PlanEdit::RemoveMeasurement(id)).unwrap();
    assert!(plan.is_empty());
}

#[test]
fn a_binding_can_be_set_and_cleared() {
    let mut plan = Plan::default();
    let binding = SeriesBinding {
        series_instance_uid: crate::study::SeriesUid::new("1.2"),
        frame_of_reference_uid: None,
        geometry_sha256: String::new(),
    };
    plan.apply(&PlanEdit::Bind(Some(binding.clone()))).unwrap();
    assert_eq!(plan.series, Some(binding));
    plan.apply(&PlanEdit::Bind(None)).unwrap();
    assert_eq!(plan.series, None);
}
