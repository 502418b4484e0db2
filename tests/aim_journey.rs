//! Aiming the C-arm in the real window: from a needle to its bull's-eye, by the list of views and
//! by the angle map; another C-arm; the isocentre elsewhere.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::exit,
    reason = "a test may fail loudly anywhere"
)]

#[path = "common/app.rs"]
mod app;
#[path = "common/dicom_file.rs"]
mod dicom_file;
#[path = "common/radiograph.rs"]
mod radiograph;

use std::sync::Arc;

use app::{Home, TestApp};
use egui_kittest::kittest::Queryable as _;
use stylet::app::aim_stage::AimCommand;
use stylet::app::command::{PlanCommand, StudyCommand, ViewCommand};
use stylet::geometry::{CArmAngles, Degrees, Lps, PatientPosition, Point, Segment};
use stylet::plan::{PlanEdit, TrajectoryEnd};
use stylet::study::SeriesUid;
use stylet::ui::angle_map_picture::{LABEL, scale_in};

fn apply(app: &mut TestApp, command: impl Into<stylet::app::command::Command>) {
    app.harness.state_mut().state.apply(command);
    app.harness.run_steps(2);
}

/// The reference needle of the sample's right L4-5 facet joint, the patient prone.
fn planned(app: &mut TestApp, home: &Home) -> Segment {
    let (entry, target) = home.truth("facet_cleft", "L4-L5", "right");
    apply(app, PlanCommand::NewNeedle);
    apply(app, PlanCommand::Place(TrajectoryEnd::Target, target));
    apply(app, PlanCommand::Place(TrajectoryEnd::Entry, entry));
    let prone = PlanEdit::SetPatientPosition(Some(PatientPosition::HeadFirstProne));
    apply(app, PlanCommand::Edit("Patient position", prone));
    app.settle();
    app.needle().segment().unwrap()
}

fn angles(app: &TestApp) -> CArmAngles {
    app.harness.state().state.drr.angles
}

fn near(a: CArmAngles, b: CArmAngles) -> bool {
    (a.receptor_direction() - b.receptor_direction()).length() < 1e-6
}

/// Where entry and target fall on the receptor as the C-arm stands, mm apart.
fn apart_mm(app: &TestApp, needle: Segment) -> f64 {
    let state = &app.harness.state().state;
    let setup = state.carm_setup().unwrap();
    let beam = setup.pose(angles(app), needle.end).beam().unwrap();
    let falls = |point| beam.project(point).unwrap().receptor_mm;
    falls(needle.start).distance(falls(needle.end))
}

#[test]
fn the_c_arm_goes_from_the_needle_to_its_bulls_eye_and_through_the_map() {
    let home = Home::new();
    let mut app = TestApp::open(&home, vec![home.study()], None);
    let needle = planned(&mut app, &home);
    assert!(
        app.harness.state().state.aim.map().is_none(),
        "nobody looks at it yet"
    );

    app.click_label("C-arm");
    app.settle();
    assert!(
        apart_mm(&app, needle) > 5.0,
        "AP is no bull's-eye of this needle"
    );
    app.click_label("Go to Bull's-eye");
    app.settle();
    assert!(near(
        angles(&app),
        CArmAngles::of_needle(needle.vector()).unwrap()
    ));
    assert!(apart_mm(&app, needle) < 0.01, "the needle is end-on");
    app.click_label("Show simulated fluoroscopy");
    app.settle();
    let picture = Arc::clone(app.harness.state().state.drr.picture().unwrap());
    let falls = |point| picture.beam.project(point).unwrap().receptor_mm;
    assert!(falls(needle.start).distance(falls(needle.end)) < 0.01);

    // The map is there with bone of the sample, and a click on AP goes there.
    let shown = Arc::clone(app.harness.state().state.aim.map().unwrap());
    assert!(shown.has_bone);
    let node = app.harness.get_by_label(LABEL);
    node.scroll_to_me();
    app.settle();
    let scale = scale_in(&shown, app.harness.get_by_label(LABEL).rect());
    let ap = CArmAngles {
        primary: Degrees(180.0),
        secondary: Degrees(0.0),
    };
    app.click(scale.place(ap));
    app.settle();
    assert!(near(angles(&app), ap), "{:?}", angles(&app));
    let picture = app.harness.state().state.drr.picture().unwrap();
    assert!(near(picture.pose.angles, ap), "the picture follows");

    // Between the marks a click takes whole degrees near the pointer.
    let wanted = CArmAngles {
        primary: Degrees(-150.0),
        secondary: Degrees(30.0),
    };
    app.click(scale.place(wanted));
    app.settle();
    let found = angles(&app);
    assert!(
        (found.primary.0 - wanted.primary.0).abs() <= 1.0,
        "{found:?}"
    );
    assert!(
        (found.secondary.0 - wanted.secondary.0).abs() <= 1.0,
        "{found:?}"
    );
    assert_eq!(found.primary.0.fract(), 0.0);
    // And back on the mark of the bull's-eye, exactly.
    app.click(scale.place(shown.map.bulls_eye.unwrap()));
    app.settle();
    assert!(apart_mm(&app, needle) < 0.01);
}

#[test]
fn what_is_out_of_reach_or_off_centre_is_said() {
    let home = Home::new();
    let mut app = TestApp::open(&home, vec![home.study()], None);
    let needle = planned(&mut app, &home);
    app.click_label("C-arm");
    app.settle();
    // Supine, a receptor behind the patient would be below the table.
    let supine = PlanEdit::SetPatientPosition(Some(PatientPosition::HeadFirstSupine));
    apply(&mut app, PlanCommand::Edit("Patient position", supine));
    apply(
        &mut app,
        AimCommand::Profile("angiography-floor".to_owned()),
    );
    app.settle();
    let state = &app.harness.state().state;
    assert_eq!(state.settings.carm, "angiography-floor");
    assert_eq!(state.drr.source_to_isocenter_mm, 750.0);
    app.click_label("Go to Bull's-eye");
    app.settle();
    assert!(
        app.harness
            .query_all_by_label_contains("out of reach: primary")
            .next()
            .is_some()
    );

    // The isocentre 30 mm beside the target: a residual, and angles that undo it.
    let beside: Point<Lps> = needle.end + stylet::geometry::Vector::new(0.0, 0.0, 30.0);
    apply(&mut app, ViewCommand::Crosshair(beside));
    app.click_label("at crosshair");
    app.settle();
    // What moves, and in whose directions.
    let way = "Isocentre to target: C-arm 0 mm to the patient's left, 0 mm down, 30 mm toward the \
               feet (or the table the opposite way)";
    app.harness.get_by_label(way);
    assert!(apart_mm(&app, needle) > 1.0);
    assert!(app.harness.query_all_by_label_contains("entry").count() > 0);
    app.click_label("Go to Bull's-eye, isocentre as it is");
    app.settle();
    assert!(apart_mm(&app, needle) < 0.01);
    app.click_label("at target");
    app.settle();
    assert!(
        apart_mm(&app, needle) > 1.0,
        "the corrected angles hold only there"
    );
}

#[test]
fn a_map_of_a_moment_ago_takes_nobody_anywhere() {
    let home = Home::new();
    let mut app = TestApp::open(&home, vec![home.study()], None);
    let needle = planned(&mut app, &home);
    app.click_label("C-arm");
    app.settle();
    app.harness.get_by_label("Clearest within 10°");
    let shown = Arc::clone(app.harness.state().state.aim.map().unwrap());
    app.harness.get_by_label(LABEL).scroll_to_me();
    app.settle();
    // The needle moves; its map is not there yet.
    let beside = needle.start + stylet::geometry::Vector::new(8.0, 0.0, 0.0);
    let state = &mut app.harness.state_mut().state;
    state.apply(PlanCommand::Place(TrajectoryEnd::Entry, beside));
    app.harness.step();
    app.harness.get_by_label("Being drawn…");
    assert!(app.harness.query_by_label("Clearest within 10°").is_none());
    let before = angles(&app);
    let scale = scale_in(&shown, app.harness.get_by_label(LABEL).rect());
    let at = scale.place(shown.map.bulls_eye.unwrap());
    let press = |pressed| egui::Event::PointerButton {
        pos: at,
        button: egui::PointerButton::Primary,
        pressed,
        modifiers: egui::Modifiers::NONE,
    };
    for event in [egui::Event::PointerMoved(at), press(true), press(false)] {
        app.harness.event(event);
    }
    app.harness.step();
    assert_eq!(angles(&app), before, "the old bull's-eye is no place to go");
    app.settle();
    assert!(app.harness.query_by_label("Being drawn…").is_none());
    app.harness.get_by_label("Clearest within 10°");
}

#[test]
fn a_picture_of_the_patient_is_not_called_other_images() {
    let home = Home::new();
    let (entry, target) = home.truth("facet_cleft", "L3-L4", "right");
    let (study, _, attenuation) = radiograph::ct(&home.ct());
    let beam = radiograph::header_beam(target);
    let folder = home.study().join("XA");
    std::fs::create_dir_all(&folder).unwrap();
    radiograph::picture(&study, &attenuation, &beam).write(&folder, "1.dcm");
    let mut app = TestApp::open(&home, vec![home.ct(), folder], None);
    apply(&mut app, PlanCommand::NewNeedle);
    apply(&mut app, PlanCommand::Place(TrajectoryEnd::Target, target));
    apply(&mut app, PlanCommand::Place(TrajectoryEnd::Entry, entry));
    app.click_label("C-arm");
    let picture = StudyCommand::Show {
        series: SeriesUid::new("1.2.3.78"),
        stack: 0,
    };
    apply(&mut app, picture);
    app.settle();
    let said = |words| app.harness.query_all_by_label_contains(words).count();
    assert_eq!(said("X-ray pictures are shown"), 1);
    assert_eq!(said("belongs to other images"), 0);
}
