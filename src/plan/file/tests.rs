//! Plan files: written, read back, refused.

use super::*;
use crate::geometry::{Point, Vector};
use crate::plan::{
    BrushStroke, Color, DrawnShape, DrawnStructure, EndPlate, EndPlateFace, Intent, Measurement,
    MeasurementKind, Objection, VertebraCount, VertebraLabel,
};
use crate::study::Side;

const SMALLEST: &str = r#"{"schema":"stylet-plan/1","coordinate_system":"LPS","unit":"mm","patient_position":"HFP","trajectories":[{"name":"L4-5 right facet","entry":[-68,150,-12],"target":[-22,78,6],"needle":"quincke-22g-90"}]}"#;

fn parse(text: &str) -> Result<Plan, PlanFileError> {
    let path = Path::new("x.stylet.json");
    PlanFile::parse(text, path)?.plan(path)
}

#[test]
fn the_smallest_plan_of_the_docs_is_read() {
    let plan = parse(SMALLEST).unwrap();
    assert_eq!(plan.patient_position, Some(PatientPosition::HeadFirstProne));
    let needle = &plan.trajectories[0];
    assert_eq!(needle.name, "L4-5 right facet");
    assert!((needle.segment().unwrap().length_mm() - 87.316).abs() < 5e-4);
}

#[test]
fn what_is_written_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.stylet.json");
    let mut plan = parse(SMALLEST).unwrap();
    let id = plan.next_measurement_id();
    let points = vec![Point::new(0.1, 0.2, 0.3), Point::new(3., 4., 0.)];
    let drawn = Measurement::new(id, MeasurementKind::Distance, points);
    plan.apply(&PlanEdit::AddMeasurement(drawn)).unwrap();
    PlanFile::of(&plan, None).write(&path).unwrap();
    // Over an existing file too.
    PlanFile::of(&plan, Some(serde_json::json!({"zoom": 2})))
        .write(&path)
        .unwrap();
    let (file, back) = PlanFile::read(&path).unwrap();
    assert_eq!(back, plan);
    assert_eq!(file.view, Some(serde_json::json!({"zoom": 2})));
    assert!(file.unknown.is_empty());
    let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "no temporary file stays");
}

#[test]
fn keys_of_a_later_version_are_kept() {
    let with = SMALLEST.replacen('{', r#"{"later":[{"name":"sac"}],"#, 1);
    let file = PlanFile::parse(&with, Path::new("x.stylet.json")).unwrap();
    assert_eq!(file.unknown["later"][0]["name"], "sac");
    let text = serde_json::to_string(&file).unwrap();
    assert!(text.contains(r#""later":[{"name":"sac"}]"#), "{text}");
}

#[test]
fn other_frames_units_and_versions_are_refused_by_name() {
    for (from, to, named) in [
        ("stylet-plan/1", "stylet-plan/9", "stylet-plan/9"),
        ("\"LPS\"", "\"RAS\"", "RAS"),
        ("\"mm\"", "\"cm\"", "cm"),
        ("\"HFP\"", "\"ABC\"", "ABC"),
        ("[-68,150,-12]", "[-68,150]", "invalid length"),
        ("[-68,150,-12]", "[-68,150,1e9]", "±10 m"),
        ("\"unit\":\"mm\",", "", "unit"),
        ("}]}", "}]", "EOF"),
    ] {
        let error = parse(&SMALLEST.replacen(from, to, 1))
            .unwrap_err()
            .to_string();
        assert!(error.contains(named), "{error} lacks {named}");
        assert!(error.contains("x.stylet.json"), "{error}");
    }
}

#[test]
fn a_failed_write_keeps_the_former_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gone").join("plan.stylet.json");
    let plan = parse(SMALLEST).unwrap();
    let error = PlanFile::of(&plan, None).write(&path).unwrap_err();
    assert!(error.to_string().contains("unchanged"), "{error}");
}

#[test]
fn the_grid_hash_changes_with_the_grid_only() {
    let geometry = StackGeometry {
        origin: Point::new(0.0, -0.0, 5.0),
        column_direction: Vector::new(1., 0., 0.),
        row_direction: Vector::new(0., 1., 0.),
        slice_direction: Vector::new(0., 0., 1.),
        spacing_mm: [0.5, 0.5, 1.0],
        slices: 3,
        slice_of_frame: vec![0, 1, 2],
        uneven_positions: None,
    };
    let hash = geometry_hash([4, 5, 3], &geometry);
    assert_eq!(hash.len(), 64);
    let mut same = geometry.clone();
    same.origin = Point::new(0.0, 0.0, 5.000_001);
    assert_eq!(geometry_hash([4, 5, 3], &same), hash);
    assert_ne!(geometry_hash([4, 5, 4], &geometry), hash);
    same.spacing_mm[2] = 1.01;
    assert_ne!(geometry_hash([4, 5, 3], &same), hash);
}

/// A plan with one of everything that can be drawn or declared.
fn full_plan() -> Plan {
    let mut plan = parse(SMALLEST).unwrap();
    let p = Point::new;
    let kinds = MeasurementKind::ALL;
    for kind in kinds {
        let points = (0..kind.points())
            .map(|n| p(n as f64, (n * n) as f64, 0.5))
            .collect();
        let mut drawn = Measurement::new(plan.next_measurement_id(), kind, points);
        drawn.text = format!("a {}", kind.word());
        plan.apply(&PlanEdit::AddMeasurement(drawn)).unwrap();
    }
    let shapes = [
        DrawnShape::Sphere {
            center: p(1., 2., 3.),
            radius_mm: 4.0,
        },
        DrawnShape::Tube {
            points: vec![p(0., 0., 0.), p(0., 0., 9.), p(0., 5., 20.)],
            radius_mm: 2.5,
        },
        DrawnShape::Region {
            seed: p(1., 1., 1.),
            low: 150.0,
            high: 3000.0,
            reach_mm: 60.0,
            strokes: vec![BrushStroke {
                points: vec![p(2., 2., 2.)],
                radius_mm: 3.0,
                erase: true,
            }],
        },
    ];
    for shape in shapes {
        let drawn = DrawnStructure {
            id: plan.next_structure_id(),
            name: shape.word().to_owned(),
            kind: Some("nerve_root".to_owned()),
            color: Color([9, 8, 7]),
            hidden: true,
            shape,
        };
        plan.apply(&PlanEdit::Structure(StructureEdit::Add(drawn)))
            .unwrap();
    }
    declare(&mut plan);
    plan
}

/// Declares a spine, an intent with an override, and files.
fn declare(plan: &mut Plan) {
    let needle = plan.trajectories[0].id;
    let p = Point::new;
    let count = VertebraCount {
        thoracic: 12,
        lumbar: 6,
    };
    let l4 = "L4".parse().unwrap();
    let label = VertebraLabel {
        vertebra: l4,
        body: p(0., 20., 40.),
        spinous_process: Some(p(0., 80., 30.)),
    };
    let plate = EndPlate {
        vertebra: l4,
        face: EndPlateFace::Superior,
        points: [p(0., 0., 55.), p(0., 34., 57.)],
    };
    let midline = [p(0., 0., 0.), p(0., 80., 10.), p(0., 20., 90.)];
    let intent = Intent {
        procedure: "transforaminal-supraneural".to_owned(),
        level: Some("L4-5".parse().unwrap()),
        side: Some(Side::Right),
    };
    for edit in [
        PlanEdit::Spine(SpineEdit::SetCount(Some(count))),
        PlanEdit::Spine(SpineEdit::Label(label)),
        PlanEdit::Spine(SpineEdit::SetEndPlate(plate)),
        PlanEdit::Spine(SpineEdit::SetMidline(Some(midline))),
        PlanEdit::SetIntent {
            id: needle,
            intent: Some(intent),
        },
        PlanEdit::SetTargetRadius {
            id: needle,
            radius_mm: Some(2.5),
        },
        PlanEdit::SetOverride {
            id: needle,
            objection: Objection::WrongSide,
            reason: Some(" crossing needle, agreed ".to_owned()),
        },
        PlanEdit::SetStructureFiles(vec!["seg/labels.dcm".to_owned()]),
    ] {
        plan.apply(&edit).unwrap();
    }
}

#[test]
fn everything_that_can_be_drawn_or_declared_is_read_back() {
    let plan = full_plan();
    let text = serde_json::to_string_pretty(&PlanFile::of(&plan, None)).unwrap();
    let back = parse(&text).unwrap();
    assert_eq!(back, plan);
    assert_eq!(back.measurements.len(), 7);
    assert_eq!(
        back.trajectories[0].override_of(Objection::WrongSide),
        Some("crossing needle, agreed")
    );
    let removed = PlanEdit::SetIntent {
        id: plan.trajectories[0].id,
        intent: None,
    };
    let mut changed = plan.clone();
    changed.apply(&removed).unwrap();
    assert!(changed.trajectories[0].overrides.is_empty());
}

#[test]
fn a_wrong_part_of_a_plan_is_named() {
    let text = serde_json::to_string(&PlanFile::of(&full_plan(), None)).unwrap();
    for (from, to, named) in [
        ("\"L4-L5\"", "\"L4-L9\"", "L9"),
        ("\"radius_mm\":4.0", "\"radius_mm\":-4.0", "-4"),
        ("\"shape\":\"sphere\"", "\"shape\":\"cube\"", "cube"),
        ("\"wrong-side\"", "\"no-side\"", "no-side"),
        ("\"lumbar\":6", "\"lumbar\":9", "9 lumbar"),
        (
            "\"vertebra\":\"L4\",\"body\"",
            "\"vertebra\":\"Q4\",\"body\"",
            "Q4",
        ),
    ] {
        assert!(text.contains(from), "{from}");
        let error = parse(&text.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(named), "{error} lacks {named}");
    }
}
