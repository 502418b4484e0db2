//! Moves of the plan over real X-ray pictures in the window: kept for each picture, undone, not lost
//! to a registration.

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

use app::Home;
use picture_scene::{FRONTAL, LATERAL, Scene, view};
use stylet::app::command::PlanCommand;
use stylet::app::registration_stage::{RegistrationCommand, Standing};
use stylet::plan::{PictureRegistration, PlanEdit, RegisteredBy, RegistrationEdit, SeriesBinding};
use stylet::register::Search;
use stylet::study::{FrameOfReferenceUid, InstanceUid};

#[test]
fn each_picture_keeps_its_own_move_and_undo_takes_it_back_first() {
    let home = Home::new();
    let mut scene = Scene::new(&home, true);
    let standing = |scene: &Scene| view(&scene.app).standing;
    scene.show(FRONTAL);
    scene.apply(RegistrationCommand::Move([0.0, 0.0, 0.0, 3.0, 0.0, 0.0]));
    scene.apply(RegistrationCommand::Move([0.0, 0.0, 0.0, 2.0, 0.0, 0.0]));
    let put = view(&scene.app).correction;
    scene.show(LATERAL);
    assert_eq!(standing(&scene), Standing::NotRegistered);
    scene.apply(RegistrationCommand::Move([0.0, 0.0, 0.0, 1.0, 0.0, 0.0]));
    scene.show(FRONTAL);
    assert_eq!(standing(&scene), Standing::Moved);
    assert_eq!(view(&scene.app).correction, put);

    // A step of the plan that is newer goes first.
    scene.apply(RegistrationCommand::MarkAt([100.0, 100.0]));
    let state = |scene: &Scene| {
        let state = &scene.app.harness.state().state;
        let marks = state.plan().registrations.landmarks.len();
        (marks, state.plan().trajectories.len())
    };
    assert_eq!(state(&scene), (1, 1));
    scene.apply(PlanCommand::Undo);
    assert_eq!(state(&scene), (0, 1));
    assert_eq!(view(&scene.app).correction, put);
    let label = |scene: &Scene| {
        let state = &scene.app.harness.state().state;
        state.undo_label().map(str::to_owned)
    };
    assert_eq!(label(&scene).as_deref(), Some("Move plan over picture"));
    scene.apply(PlanCommand::Undo);
    assert_eq!(standing(&scene), Standing::NotRegistered);
    assert_eq!(state(&scene), (0, 1), "the needle is still there");
    scene.apply(PlanCommand::Redo);
    assert_eq!(view(&scene.app).correction, put);
    // That of the other picture is no business of this one.
    scene.apply(RegistrationCommand::Accept);
    scene.show(LATERAL);
    assert_eq!(standing(&scene), Standing::Moved);
}

#[test]
fn nothing_is_moved_while_it_is_registered_and_what_cannot_begin_ends_what_runs() {
    let home = Home::new();
    let mut scene = Scene::new(&home, false);
    let bound = scene.app.harness.state().state.stage_binding().unwrap();
    scene.show(FRONTAL);
    let state = &mut scene.app.harness.state_mut().state;
    let six = [0.0, 0.0, 0.0, 2.0, 0.0, 0.0];
    state.apply(RegistrationCommand::Move(six));
    state.apply(RegistrationCommand::Register(Search::Wide));
    assert!(state.registering.is_running());
    let before = state.registered_view().unwrap();
    assert_eq!(before.standing, Standing::Moved);
    state.apply(RegistrationCommand::Reset);
    state.apply(PlanCommand::Undo);
    state.apply(RegistrationCommand::Move([0.0, 0.0, 0.0, 3.0, 0.0, 0.0]));
    state.apply(RegistrationCommand::Accept);
    let after = state.registered_view().unwrap();
    assert_eq!(after.correction, before.correction);
    assert_eq!(after.standing, Standing::Moved);
    // The series has been cut again since: the plan lies in no CT that is open.
    let elsewhere = SeriesBinding {
        frame_of_reference_uid: Some(FrameOfReferenceUid::new("1.2.3.99.1")),
        geometry_sha256: "0".repeat(64),
        ..bound
    };
    let edit = PlanEdit::Bind(Some(elsewhere));
    state.history.edit("Bind", &edit).unwrap();
    state.apply(RegistrationCommand::Register(Search::Near));
    assert!(!state.registering.is_running());
    let (image, frame) = (&before.image, before.frame);
    assert!(state.registering.failure(image, frame).is_some());
}

#[test]
fn a_joint_registration_starts_where_the_other_picture_was_put() {
    let home = Home::new();
    let mut scene = Scene::new(&home, true);
    let made = PictureRegistration {
        image: InstanceUid::new(LATERAL[0]),
        frame: 0,
        isocenter_lps_mm: scene.target,
        correction: scene.truth,
        found: RegisteredBy::Hand,
    };
    let edit = RegistrationEdit::Set(vec![made]);
    scene.show(FRONTAL);
    scene.apply(PlanCommand::Edit("Register", PlanEdit::Registration(edit)));
    let lateral = (InstanceUid::new(LATERAL[0]), 0);
    scene.apply(RegistrationCommand::With(Some(lateral)));
    scene.apply(RegistrationCommand::Register(Search::Near));
    let Standing::Registered(RegisteredBy::Likeness { before, after, .. }) =
        view(&scene.app).standing
    else {
        panic!("not registered")
    };
    assert!(before > 0.9 * after, "{before} {after}");
    assert!(scene.off_mm(&scene.frontal) < 0.5);
}
