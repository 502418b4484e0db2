//! The plan over a real X-ray picture in the window: not registered, moved by hand, registered,
//! undone.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly anywhere"
)]

#[path = "common/app.rs"]
mod app;
#[path = "common/dicom_file.rs"]
mod dicom_file;
#[path = "common/picture_scene.rs"]
mod picture_scene;
#[path = "common/radiograph.rs"]
mod radiograph;

use app::{Home, TestApp};
use egui::{Event, Modifiers, PointerButton, vec2};
use egui_kittest::kittest::Queryable as _;
use picture_scene::{FRONTAL, LATERAL, Scene, add_needle, view};
use stylet::app::command::{Command, FileCommand, PlanCommand, Selection};
use stylet::app::registration_stage::{RegisteredView, RegistrationCommand, Standing};
use stylet::geometry::{Vector, mean_point_distance_mm};
use stylet::plan::{PictureRegistration, PlanEdit, RegisteredBy, RegistrationEdit, SeriesBinding};
use stylet::register::Search;
use stylet::study::{FrameOfReferenceUid, InstanceUid};

/// Leads the plan over the picture by its handle: the target follows the pointer.
fn lead_by_hand(app: &mut TestApp) {
    let place = |app: &TestApp| {
        let handle = app.harness.get_by_label("Move plan over picture");
        handle.rect().center()
    };
    let from = place(app);
    let to = from + vec2(24.0, -16.0);
    for event in [
        Event::PointerMoved(from),
        button(from, true),
        Event::PointerMoved(from + vec2(12.0, -8.0)),
        Event::PointerMoved(to),
        button(to, false),
    ] {
        app.harness.event(event);
        app.harness.run_steps(2);
    }
    app.settle();
    assert_eq!(view(app).standing, Standing::Moved);
    assert!((place(app) - to).length() < 1.5, "{:?} {to:?}", place(app));
    app.harness.get_by_label("Undo moves").click();
    app.settle();
    assert_eq!(view(app).standing, Standing::NotRegistered);
}

#[test]
fn a_plan_is_laid_over_a_picture_by_hand_and_by_likeness() {
    let home = Home::new();
    let mut scene = Scene::new(&home, false);
    scene.show(FRONTAL);
    let Scene {
        mut app,
        target,
        truth,
        frontal: beam,
        ..
    } = scene;
    assert_eq!(view(&app).standing, Standing::NotRegistered);
    app.harness.get_by_label(
        "Not registered: lies where the header says, with the target assumed at the isocentre",
    );
    app.harness
        .get_by_label("Left/right assumed: the file does not state it");

    lead_by_hand(&mut app);

    // By likeness, and it is part of the plan.
    app.harness.get_by_label("Register").click();
    app.settle();
    let found = view(&app);
    assert!(
        matches!(found.standing, Standing::Registered(_)),
        "{:?} {:?}",
        found.standing,
        app.harness
            .state()
            .state
            .registering
            .failure(&found.image, found.frame)
    );
    let seen = found.pixel_of(target).unwrap();
    let wanted = beam.pixel_of(target, &radiograph::receptor()).unwrap();
    let off = (glam::DVec2::from_array(seen) - wanted).length() * radiograph::PIXEL_MM * 0.7;
    assert!(off < 0.5, "{off} mm");
    let all = mean_point_distance_mm(&found.correction, &truth, &[target]);
    assert!(all < 5.0, "{all} mm, along the beam included");
    assert_eq!(registrations(&app), 1);

    // A landmark: the crosshair's point, clicked where it is.
    app.harness.state_mut().state.crosshair = target;
    app.harness
        .state_mut()
        .state
        .apply(RegistrationCommand::MarkAt(wanted.to_array()));
    app.settle();
    app.harness.get_by_label_contains("Landmark 1:");
    let found = view(&app);
    let distances = app.harness.state().state.landmark_distances(&found);
    assert!(distances[0].unwrap() < 0.5);

    for _ in 0..2 {
        app.harness.state_mut().state.apply(PlanCommand::Undo);
    }
    app.settle();
    assert_eq!(registrations(&app), 0);
    assert_eq!(view(&app).standing, Standing::NotRegistered);
}

#[test]
fn two_pictures_of_one_position_are_registered_jointly_and_only_when_chosen() {
    let home = Home::new();
    let mut scene = Scene::new(&home, true);
    scene.show(FRONTAL);
    let lateral = (InstanceUid::new(LATERAL[0]), 0);
    scene.apply(RegistrationCommand::With(Some(lateral.clone())));
    let chosen = scene.app.harness.state().state.registered_with();
    assert_eq!(chosen, Some(lateral));
    scene.app.harness.get_by_label("Register").click();
    scene.app.settle();
    assert_eq!(registrations(&scene.app), 2);
    assert!(scene.off_mm(&scene.frontal) < 0.5);
    let found = view(&scene.app);
    let all = mean_point_distance_mm(&found.correction, &scene.truth, &[scene.target]);
    assert!(all < 1.0, "{all} mm, along the beam included");
    let held = |view: &RegisteredView| match &view.standing {
        Standing::Registered(RegisteredBy::Likeness {
            views, uncertainty, ..
        }) => (*views, uncertainty.is_some()),
        other => panic!("{other:?}"),
    };
    assert_eq!(held(&found), (2, true));

    // The other picture lies right too, and takes no axes of the first for its own. Another study
    // or picture is a new choice.
    scene.show(LATERAL);
    assert_eq!(held(&view(&scene.app)), (2, false));
    assert!(scene.off_mm(&scene.lateral) < 0.5);
    scene.show(FRONTAL);
    assert_eq!(scene.app.harness.state().state.registered_with(), None);
    // Neither a picture of another study nor this one itself is a second view.
    for none in ["1.2.3.99", FRONTAL[0]] {
        let with = Some((InstanceUid::new(none), 0));
        scene.apply(RegistrationCommand::With(with));
        assert_eq!(scene.app.harness.state().state.registered_with(), None);
    }
}

#[test]
fn another_plan_takes_neither_a_running_registration_nor_a_move() {
    let home = Home::new();
    let mut scene = Scene::new(&home, false);
    scene.show(FRONTAL);
    let plan = home.path().join("other.stylet.json");
    let target = scene.target.to_array();
    let text = format!(
        r#"{{"schema": "stylet-plan/1", "coordinate_system": "LPS", "unit": "mm",
            "trajectories": [{{"name": "Other", "entry": [0, 0, 0], "target": {target:?}}}]}}"#
    );
    std::fs::write(&plan, text).unwrap();
    scene.apply(RegistrationCommand::Move([0.0, 0.0, 0.0, 3.0, 0.0, 0.0]));
    assert_eq!(view(&scene.app).standing, Standing::Moved);
    let state = &mut scene.app.harness.state_mut().state;
    state.apply(RegistrationCommand::Register(Search::Near));
    assert!(state.registering.is_running());
    state.apply(FileCommand::Open(plan));
    assert!(!state.registering.is_running());
    scene.app.settle();
    assert_eq!(scene.app.needle().name, "Other");
    assert_eq!(registrations(&scene.app), 0);
    assert_eq!(view(&scene.app).standing, Standing::NotRegistered);
}

#[test]
fn a_move_stays_where_it_is_when_another_needle_is_selected() {
    let home = Home::new();
    let mut scene = Scene::new(&home, false);
    let apart = Vector::new(-20.0, 10.0, 15.0);
    let (entry, target) = (scene.target + apart * 3.0, scene.target + apart);
    add_needle(&mut scene.app, entry, target);
    scene.show(FRONTAL);
    scene.apply(RegistrationCommand::Move([0.0, 0.0, 2.0, 3.0, 0.0, 0.0]));
    let seen = |scene: &Scene| view(&scene.app).pixel_of(scene.target).unwrap();
    let needles = &scene.app.harness.state().state.plan().trajectories;
    let ids: Vec<_> = needles.iter().map(|needle| needle.id).collect();
    let mut places = Vec::new();
    for id in ids {
        scene.apply(Command::Select(Selection::Needle(id, None)));
        places.push(seen(&scene));
    }
    assert_eq!(places[0], places[1]);
    assert_eq!(view(&scene.app).standing, Standing::Moved);
}

#[test]
fn a_still_c_arm_is_registered_in_all_frames_of_a_run() {
    let home = Home::new();
    let mut scene = Scene::new(&home, false);
    scene.show(FRONTAL);
    let made = PictureRegistration {
        image: InstanceUid::new(FRONTAL[0]),
        frame: 3,
        isocenter_lps_mm: scene.target,
        correction: scene.truth,
        found: RegisteredBy::Hand,
    };
    let edit = RegistrationEdit::Set(vec![made]);
    scene.apply(PlanCommand::Edit("Register", PlanEdit::Registration(edit)));
    let found = view(&scene.app);
    assert_eq!(found.registered_frame, Some(3));
    assert_eq!(found.correction, scene.truth);
    let label = "Registered at frame 4 by hand";
    scene.app.harness.get_by_label(label);
    scene
        .app
        .harness
        .get_by_label("Remove registration")
        .click();
    scene.app.settle();
    assert_eq!(view(&scene.app).standing, Standing::NotRegistered);
    assert_eq!(registrations(&scene.app), 0);
}

#[test]
fn a_ct_that_the_plan_does_not_lie_in_gives_nothing_to_the_picture() {
    let home = Home::new();
    let mut scene = Scene::new(&home, true);
    // The same series has been cut again since: another frame of reference and grid.
    let bound = scene.app.harness.state().state.stage_binding().unwrap();
    let elsewhere = SeriesBinding {
        frame_of_reference_uid: Some(FrameOfReferenceUid::new("1.2.3.99.1")),
        geometry_sha256: "0".repeat(64),
        ..bound
    };
    let edit = PlanEdit::Bind(Some(elsewhere));
    scene.apply(PlanCommand::Edit("Bind", edit));
    scene.show(FRONTAL);
    scene.apply(RegistrationCommand::MarkAt([100.0, 100.0]));
    assert!(
        scene
            .app
            .says("the crosshair was not put into the CT of this plan")
    );
    let state = &scene.app.harness.state().state;
    assert!(state.plan().registrations.landmarks.is_empty());
    scene.app.harness.get_by_label("Register").click();
    scene.app.settle();
    let words = "The plan lies in no CT that is open";
    scene.app.harness.get_by_label_contains(words);
    // Of this picture and no other.
    let registering = &scene.app.harness.state().state.registering;
    assert!(
        registering
            .failure(&InstanceUid::new(FRONTAL[0]), 0)
            .is_some()
    );
    assert!(
        registering
            .failure(&InstanceUid::new(FRONTAL[0]), 1)
            .is_none()
    );
    assert!(
        registering
            .failure(&InstanceUid::new(LATERAL[0]), 0)
            .is_none()
    );
    scene.show(LATERAL);
    assert!(scene.app.harness.query_by_label_contains(words).is_none());
}

fn registrations(app: &TestApp) -> usize {
    let state = &app.harness.state().state;
    state.plan().registrations.pictures.len()
}

fn button(at: egui::Pos2, pressed: bool) -> Event {
    Event::PointerButton {
        pos: at,
        button: PointerButton::Primary,
        pressed,
        modifiers: Modifiers::NONE,
    }
}
