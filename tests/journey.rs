//! The whole journey in the real window: open, click target and entry, drag, undo, save, reopen,
//! the same numbers.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::exit,
    reason = "a test may fail loudly anywhere"
)]

#[path = "common/app.rs"]
mod app;

use app::{Home, TestApp, moved};
use egui::{Key, Modifiers};
use stylet::app::command::FileCommand;
use stylet::app::viewport::ViewKind;
use stylet::assess::PathReadout;
use stylet::geometry::Point;
use stylet::plan::PlanFile;

fn readout(app: &TestApp) -> PathReadout {
    let state = &app.harness.state().state;
    PathReadout::of(
        app.needle(),
        state.patient_position(),
        state.catalogue,
        state.images(),
    )
}

/// Places a needle on the right L2-3 facet by two clicks with the tools of the tool bar.
fn place(app: &mut TestApp, home: &Home) {
    let (entry, target) = home.truth("facet_cleft", "L2-L3", "right");
    app.go_to(target);
    app.click_label("Target");
    let at = app.screen(ViewKind::Axial, target);
    app.click(at);
    // The entry tool follows by itself.
    let flat = Point::new(entry.0.x, entry.0.y, target.0.z);
    let at = app.screen(ViewKind::Axial, flat);
    app.click(at);
    app.settle();
    let needle = app.needle();
    let miss_mm = needle.target.unwrap().distance(target);
    assert!(miss_mm < 0.5, "the target is {miss_mm} mm off the click");
}

#[test]
fn open_click_drag_undo_save_reopen() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    assert!(app.harness.state().state.stage.is_some());
    place(&mut app, &home);

    // The entry was snapped to the skin, so depth and length agree.
    let numbers = readout(&app);
    let (length_mm, skin_mm) = (
        numbers.plan.length_mm.clone().unwrap(),
        numbers.skin.clone().unwrap().depth_mm,
    );
    assert!((length_mm - skin_mm).abs() < 0.3, "{length_mm} {skin_mm}");
    assert!(
        numbers.plan.carm.console.is_ok(),
        "the sample says how the patient lies"
    );

    // Drag the entry sideways: one undo step takes the whole drag back.
    let before = app.needle().clone();
    let from = app.screen(ViewKind::Axial, before.entry.unwrap());
    app.drag(from, moved(from, 40.0, 6.0));
    let dragged = app.needle().clone();
    assert!(dragged.entry.unwrap().distance(before.entry.unwrap()) > 5.0);
    assert_eq!(dragged.target, before.target);
    app.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(app.needle(), &before);
    app.key(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(app.needle(), &dragged);
    app.settle();
    let numbers = readout(&app);

    // Save, start anew with the images and the plan: the same numbers.
    let path = home.path().join("l2-3.stylet.json");
    let save = FileCommand::SaveAs(path.clone());
    app.harness.state_mut().state.apply(save);
    app.settle();
    assert!(app.says("Saved"), "a notice says so");
    assert!(!app.harness.state().state.has_unsaved_changes());
    drop(app);
    let mut app = TestApp::open(&home, vec![home.ct()], Some(path.clone()));
    app.settle();
    assert_eq!(readout(&app), numbers);
    let (file, _) = PlanFile::read(&path).unwrap();
    assert!(file.series.is_some(), "the plan is bound to its images");
}

#[test]
fn the_shaft_drags_as_a_whole_and_escape_gives_it_back() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    place(&mut app, &home);
    let before = app.needle().clone();
    let segment = before.segment().unwrap();
    let from = app.screen(ViewKind::Axial, segment.at(0.5));
    app.drag_part(from, moved(from, 15.0, 0.0));
    let during = app.needle().clone();
    let shift = during.entry.unwrap() - before.entry.unwrap();
    assert!(shift.length() > 1.0);
    assert!((during.target.unwrap() - before.target.unwrap() - shift).length() < 1e-9);
    app.key(Modifiers::NONE, Key::Escape);
    assert_eq!(app.needle(), &before);
}

#[test]
fn keys_place_nudge_and_delete() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let (_, target) = home.truth("facet_cleft", "L2-L3", "right");
    app.go_to(target);
    let at = app.screen(ViewKind::Axial, target);
    app.hover(at);
    app.key(Modifiers::NONE, Key::T);
    let placed = app.needle().target.unwrap();
    assert!(placed.distance(target) < 0.5);
    // Prone axial pictures have patient right at the right: the arrow moves 0.5 mm to the right.
    app.key(Modifiers::NONE, Key::ArrowRight);
    let nudged = app.needle().target.unwrap();
    assert!((nudged - placed - stylet::geometry::Vector::new(-0.5, 0., 0.)).length() < 1e-9);
    app.key(Modifiers::NONE, Key::Delete);
    assert!(app.harness.state().state.plan().is_empty());
}

#[test]
fn typed_letters_in_a_name_are_no_commands() {
    use egui_kittest::kittest::Queryable as _;
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    place(&mut app, &home);
    app.harness.get_by_label("Name").click();
    app.harness.run_steps(3);
    app.key(Modifiers::COMMAND, Key::A);
    app.harness
        .event(egui::Event::Text("Left target".to_owned()));
    app.harness.run_steps(3);
    app.key(Modifiers::NONE, Key::Enter);
    app.settle();
    assert_eq!(app.needle().name, "Left target");
    assert_eq!(app.harness.state().state.plan().trajectories.len(), 1);
}

#[test]
fn a_plan_of_another_patient_is_refused_by_name() {
    let home = Home::new();
    let plan = home.path().join("other.stylet.json");
    let text = r#"{"schema":"stylet-plan/1","coordinate_system":"LPS","unit":"mm",
        "series":{"series_instance_uid":"1.2.3","frame_of_reference_uid":"1.2.9","geometry_sha256":""},
        "trajectories":[{"name":"n","entry":[0,0,0],"target":[0,0,9]}]}"#;
    std::fs::write(&plan, text).unwrap();
    let app = TestApp::open(&home, vec![home.ct()], Some(plan));
    assert!(app.harness.state().state.plan().is_empty());
    assert!(app.says("other images") && app.says("other.stylet.json"));
}

#[test]
fn measured_lengths_and_angles_stand_in_the_plan() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let (_, target) = home.truth("facet_cleft", "L2-L3", "right");
    app.go_to(target);
    app.key(Modifiers::NONE, Key::L);
    let beside = target + stylet::geometry::Vector::new(-30., 0., 0.);
    for at in [target, beside] {
        let at = app.screen(ViewKind::Axial, at);
        app.click(at);
    }
    let drawn = app.harness.state().state.plan().measurements.clone();
    let length_mm = drawn[0].distance_mm().unwrap();
    assert!((length_mm - 30.0).abs() < 0.5, "{length_mm}");
}

#[test]
fn nothing_is_drawn_while_nothing_changes() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    app.harness.run_steps(10);
    // `run` ends at once where no repaint was asked for.
    let steps = app.harness.run();
    assert!(steps <= 2, "{steps} frames were drawn");
}

#[test]
fn a_second_button_ends_a_drag_and_keeps_it() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    place(&mut app, &home);
    let before = app.needle().clone();
    let from = app.screen(ViewKind::Axial, before.target.unwrap());
    app.drag_part(from, moved(from, 20.0, 10.0));
    let dragged = app.needle().clone();
    app.harness.event(egui::Event::PointerButton {
        pos: moved(from, 20.0, 10.0),
        button: egui::PointerButton::Middle,
        pressed: true,
        modifiers: Modifiers::NONE,
    });
    app.harness.run_steps(2);
    assert!(!app.harness.state().state.history.is_open());
    assert_eq!(app.needle(), &dragged);
}

#[test]
fn one_notch_of_the_wheel_during_a_drag_is_one_slice_and_no_more() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    place(&mut app, &home);
    let before = app.needle().clone();
    let from = app.screen(ViewKind::Axial, before.segment().unwrap().at(0.5));
    app.drag_part(from, moved(from, 10.0, 0.0));
    app.harness.event(egui::Event::MouseWheel {
        unit: egui::MouseWheelUnit::Line,
        delta: egui::vec2(0.0, -1.0),
        phase: egui::TouchPhase::Move,
        source: egui::MouseWheelSource::Unknown,
        modifiers: Modifiers::NONE,
    });
    app.harness.run_steps(3);
    for step in 1_u8..10 {
        app.hover(moved(from, 10.0 + f32::from(step), 0.0));
    }
    let z_mm = |needle: &stylet::plan::Trajectory| needle.target.unwrap().0.z;
    let carried_mm = (z_mm(app.needle()) - z_mm(&before)).abs();
    let slice_mm = 4.0;
    assert!(
        (carried_mm - slice_mm).abs() < 0.2,
        "one slice of {slice_mm} mm, not {carried_mm} mm"
    );
}

#[test]
fn a_double_click_places_one_end() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let (_, target) = home.truth("facet_cleft", "L2-L3", "right");
    app.go_to(target);
    app.click_label("Target");
    let at = app.screen(ViewKind::Axial, target);
    app.click(at);
    app.click(moved(at, 1.0, 1.0));
    assert!(app.needle().target.is_some() && app.needle().entry.is_none());
}

#[test]
fn another_file_is_replaced_only_when_asked() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    place(&mut app, &home);
    let path = home.path().join("other.stylet.json");
    std::fs::write(&path, "somebody else's").unwrap();
    app.harness
        .state_mut()
        .state
        .apply(FileCommand::SaveAs(path.clone()));
    app.settle();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "somebody else's");
    app.click_label("Replace it");
    app.settle();
    assert!(PlanFile::read(&path).is_ok());
}
