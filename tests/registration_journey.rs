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
#[path = "common/radiograph.rs"]
mod radiograph;

use app::{Home, TestApp};
use egui::{Event, Modifiers, PointerButton, vec2};
use egui_kittest::kittest::Queryable as _;
use stylet::app::command::{PlanCommand, StudyCommand};
use stylet::app::registration_stage::{RegisteredView, RegistrationCommand, Standing};
use stylet::geometry::mean_point_distance_mm;
use stylet::plan::{PlanEdit, Trajectory};
use stylet::study::SeriesUid;

fn view(app: &TestApp) -> RegisteredView {
    app.harness.state().state.registered_view().unwrap()
}

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
    let (entry, target) = home.truth("facet_cleft", "L3-L4", "right");
    let (study, _, attenuation) = radiograph::ct(&home.ct());
    let truth = radiograph::displaced(target);
    let beam = truth.beam(&radiograph::header_beam(target));
    let folder = home.study().join("XA");
    std::fs::create_dir_all(&folder).unwrap();
    radiograph::picture(&study, &attenuation, &beam).write(&folder, "1.dcm");
    drop(attenuation);
    let mut app = TestApp::open(&home, vec![home.ct(), folder], None);
    {
        let state = &mut app.harness.state_mut().state;
        let id = state.plan().next_trajectory_id();
        let mut needle = Trajectory::new(id, "Facet".to_owned());
        (needle.entry, needle.target) = (Some(entry), Some(target));
        let add = PlanEdit::AddTrajectory(needle);
        state.apply(PlanCommand::Edit("New needle", add));
        state.apply(StudyCommand::Show {
            series: SeriesUid::new("1.2.3.78"),
            stack: 0,
        });
    }
    app.settle();
    app.harness.get_by_label("X-ray").click();
    app.settle();
    assert_eq!(view(&app).standing, Standing::NotRegistered);
    app.harness
        .get_by_label("Not registered: the plan lies where the header says");

    lead_by_hand(&mut app);

    // By likeness, and it is part of the plan.
    app.harness.get_by_label("Register").click();
    app.settle();
    let found = view(&app);
    assert!(
        matches!(found.standing, Standing::Registered(_)),
        "{:?} {:?}",
        found.standing,
        app.harness.state().state.registering.failure()
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
