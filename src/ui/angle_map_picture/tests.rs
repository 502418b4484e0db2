use super::*;
use crate::assess::{AngleMapTask, CArmSetup, aim::BeamBone};
use crate::geometry::{PatientPosition, Point};
use crate::plan::CArmLibrary;

fn shown(code: &str, entry: [f64; 3]) -> ShownAngleMap {
    let profile = CArmLibrary::builtin().find("angiography-floor").unwrap();
    let setup = CArmSetup::usual(profile, PatientPosition::from_code(code));
    let task = AngleMapTask::of(Point::new(0., 0., 0.), Some(Point::from(entry)), &setup);
    let map = task.map(None, &|| false).unwrap();
    ShownAngleMap {
        task,
        map,
        has_bone: false,
    }
}

#[test]
fn places_and_views_are_inverse_and_sides_are_those_of_the_picture() {
    let outer = Rect::from_min_size(pos2(10.0, 20.0), vec2(330.0, 160.0));
    let at = |scale: &MapScale, oblique: f64, tilt: f64| scale.at([oblique, tilt]);
    // From behind a receptor that swings to the patient's left goes to the picture's left.
    let behind = shown("HFP", [30., 70., 0.]);
    let scale = scale_in(&behind, outer);
    assert!(at(&scale, 30.0, 0.0).x < at(&scale, 0.0, 0.0).x);
    assert!(
        at(&scale, 0.0, 20.0).y < at(&scale, 0.0, 0.0).y,
        "cranial is up"
    );
    // From the front it goes to the right, as LAO does.
    let front = shown("HFS", [30., -70., 0.]);
    let mirrored = scale_in(&front, outer);
    assert!(at(&mirrored, 30.0, 0.0).x > at(&mirrored, 0.0, 0.0).x);
    for scale in [scale, mirrored] {
        let place = [25.0, -12.5];
        let back = scale.face.place(scale.angles(scale.at(place)).unwrap());
        assert!((back[0] - 25.0).abs() < 1e-3 && (back[1] + 12.5).abs() < 1e-3);
        assert!(scale.angles(pos2(0.0, 0.0)).is_none());
    }
}

#[test]
fn less_bone_is_lighter_and_out_of_reach_is_dim() {
    let cell = |mm: f64, beyond: f64| Cell {
        from_bulls_eye: Some(Degrees(10.0)),
        bone: Some(BeamBone {
            mm,
            at_least: false,
        }),
        beyond: Some(Degrees(beyond)),
    };
    let light = |color: Color32| u32::from(color.r()) + u32::from(color.g()) + u32::from(color.b());
    let color = |cell: &Cell| light(cell_color(Some(cell), MapShade::Bone, true));
    assert!(color(&cell(0.0, 0.0)) > color(&cell(40.0, 0.0)));
    assert!(color(&cell(40.0, 0.0)) > color(&cell(90.0, 0.0)));
    assert!(color(&cell(0.0, 3.0)) < color(&cell(0.0, 0.0)) / 2);
    // Without bone the distance from the bull's-eye colours it.
    let near = cell_color(Some(&cell(90.0, 0.0)), MapShade::Bone, false);
    assert!(light(near) > color(&cell(90.0, 0.0)));
}
