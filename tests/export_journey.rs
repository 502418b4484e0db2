//! A needle leaves through the export page of the real window and comes back; the guard blocks.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::exit,
    reason = "a test may fail loudly anywhere"
)]

#[path = "common/app.rs"]
mod app;

use std::path::PathBuf;

use app::{Home, TestApp};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use stylet::app::command::{FileCommand, PlanCommand};
use stylet::plan::{Intent, Plan, PlanEdit, SpineEdit, Trajectory, VertebraLabel};
use stylet::study::Side;

const PROCEDURE: &str = "facet-joint";

/// Applies an edit as the panels do.
fn edit(app: &mut TestApp, edit: PlanEdit) {
    let command = PlanCommand::Edit("Test", edit);
    app.harness.state_mut().state.apply(command);
}

/// A needle on the right L3-4 facet joint that is meant for a side, on a labelled spine.
fn place(app: &mut TestApp, home: &Home, side: Side) {
    let (entry, target) = home.truth("facet_cleft", "L3-L4", "right");
    let text = std::fs::read_to_string(home.study().join("truth.json")).unwrap();
    let truth: serde_json::Value = serde_json::from_str(&text).unwrap();
    for vertebra in truth["vertebrae"].as_array().unwrap() {
        let point = |key: &str| serde_json::from_value(vertebra[key].clone()).unwrap();
        let label = VertebraLabel {
            vertebra: vertebra["level"].as_str().unwrap().parse().unwrap(),
            body: point("centre_lps_mm"),
            spinous_process: Some(point("spinous_tip_lps_mm")),
        };
        edit(app, PlanEdit::Spine(SpineEdit::Label(label)));
    }
    let id = app.harness.state().state.plan().next_trajectory_id();
    let needle = Trajectory {
        entry: Some(entry),
        target: Some(target),
        needle: Some("quincke-22g-127".to_owned()),
        ..Trajectory::new(id, "L3-4 right facet".to_owned())
    };
    edit(app, PlanEdit::AddTrajectory(needle));
    set_side(app, side);
    app.settle();
}

fn set_side(app: &mut TestApp, side: Side) {
    let id = app.needle().id;
    let intent = Some(Intent {
        procedure: PROCEDURE.to_owned(),
        level: Some("L3-L4".parse().unwrap()),
        side: Some(side),
    });
    edit(app, PlanEdit::SetIntent { id, intent });
    app.settle();
}

/// Chooses a folder through the program's own browser.
fn choose_folder(app: &mut TestApp, folder: &std::path::Path) {
    app.click_label("Folder…");
    let field = app
        .harness
        .get_by(|node| node.label().as_deref() == Some("Folder") && node.value().is_some());
    field.focus();
    app.harness.run_steps(2);
    app.key(Modifiers::COMMAND, Key::A);
    app.harness
        .event(egui::Event::Text(folder.display().to_string()));
    app.harness.run_steps(3);
    app.click_label("Use this folder");
}

fn saved(home: &Home, app: &mut TestApp) -> PathBuf {
    let path = home.path().join("out").join("l3-4.stylet.json");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    app.harness
        .state_mut()
        .state
        .apply(FileCommand::SaveAs(path.clone()));
    app.settle();
    path
}

fn far_mm(plan: &Plan, wanted: &Trajectory) -> f64 {
    let back = &plan.trajectories[0];
    let far = |a: Option<stylet::geometry::Point<stylet::geometry::Lps>>, b| {
        let (a, b): (_, Option<_>) = (a.unwrap(), b);
        a.distance(b.unwrap())
    };
    far(back.entry, wanted.entry).max(far(back.target, wanted.target))
}

#[test]
fn a_needle_leaves_through_the_page_and_comes_back() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    place(&mut app, &home, Side::Right);
    let drawn = app.needle().clone();
    saved(&home, &mut app);
    // Beside the plan's own file, and elsewhere by the browser.
    app.key(Modifiers::COMMAND, Key::E);
    for label in ["Slicer markups", "Table (CSV)", "Pictures (PNG)"] {
        app.click_label(label);
    }
    let folder = home.path().join("elsewhere");
    std::fs::create_dir_all(&folder).unwrap();
    choose_folder(&mut app, &folder);
    app.click_label("Export");
    app.settle();
    assert!(app.says("Exported"), "a notice says so");
    for name in [
        "l3-4-sr.dcm",
        "l3-4.mrk.json",
        "l3-4.csv",
        "l3-4-sheet.pdf",
        "l3-4-pictures",
    ] {
        assert!(folder.join(name).exists(), "{name}");
    }
    assert!(
        app.harness.query_by_label("Folder…").is_none(),
        "the page closed"
    );

    for name in ["l3-4-sr.dcm", "l3-4.mrk.json"] {
        let open = FileCommand::Open(folder.join(name));
        app.harness.state_mut().state.apply(open);
        app.settle();
        assert!(app.says("as a new plan"), "{name}");
        let state = &app.harness.state().state;
        let far = far_mm(state.plan(), &drawn);
        eprintln!("{name} and back: {far} mm");
        assert!(far <= 0.01);
        assert!(state.plan_fits() && state.has_unsaved_changes() && state.store.path.is_none());
        if name.ends_with("dcm") {
            assert_eq!(app.needle().intent, drawn.intent);
            assert_eq!(app.needle().needle, drawn.needle);
            assert_eq!(app.needle().name, drawn.name);
        }
    }
    // Opening asks first: the plan that came back is not saved.
    let report = folder.join("l3-4-sr.dcm");
    app.harness
        .state_mut()
        .state
        .apply(stylet::app::command::StudyCommand::Import(vec![report]));
    app.settle();
    app.click_label("Open as plan");
    app.settle();
    assert!(app.harness.query_by_label("Discard changes").is_some());
    app.click_label("Discard changes");
    app.settle();
    assert_eq!(app.needle().intent, drawn.intent);
}

#[test]
fn the_wrong_side_blocks_the_page_and_the_command() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    place(&mut app, &home, Side::Left);
    let plan = saved(&home, &mut app);
    app.key(Modifiers::COMMAND, Key::E);
    app.settle();
    assert!(app.harness.query_by_label("Blocked").is_some());
    let sentence = "left is declared";
    assert!(app.harness.query_by_label_contains(sentence).is_some());
    app.click_label("Export");
    app.settle();
    assert!(!plan.with_file_name("l3-4-sr.dcm").exists());
    assert!(!app.says("Exported"));
    app.click_label("Close");
    // Put right, it leaves.
    set_side(&mut app, Side::Right);
    app.key(Modifiers::COMMAND, Key::E);
    app.settle();
    assert!(app.harness.query_by_label("Blocked").is_none());
    app.click_label("Export");
    app.settle();
    assert!(plan.with_file_name("l3-4-sr.dcm").exists());
}
