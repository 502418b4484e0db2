//! Procedure, level and side in the real window: chosen by label, checked, objected to,
//! overridden, undone, saved, recovered.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::exit,
    reason = "a test may fail loudly anywhere"
)]

#[path = "common/app.rs"]
mod app;

use std::io::BufRead as _;
use std::process::{Command, Stdio};
use std::sync::Arc;

use app::{Home, TestApp};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use stylet::app::command::{FileCommand, PlanCommand};
use stylet::geometry::Point;
use stylet::plan::procedure::Verdict;
use stylet::plan::{Objection, PlanEdit, PlanFile, SpineEdit, TrajectoryEnd, VertebraLabel};
use stylet::study::Side;
use stylet::volume::phantom::Truth;

const CHILD: &str = "STYLET_TEST_CHILD_HOME";
const NAME: &str = "L4-5 right, transforaminal, supraneural";

fn apply(app: &mut TestApp, command: PlanCommand) {
    app.harness.state_mut().state.apply(command);
}

/// The sample study with a labelled spine and the right L4-5 needle of its truth.
fn with_needle(home: &Home) -> TestApp {
    let mut app = TestApp::on_sample(home);
    let text = std::fs::read_to_string(home.study().join("truth.json")).unwrap();
    let truth: Truth = serde_json::from_str(&text).unwrap();
    for vertebra in &truth.vertebrae {
        let label = VertebraLabel {
            vertebra: vertebra.level.parse().unwrap(),
            body: Point::from_vec(vertebra.centre_lps_mm),
            spinous_process: Some(Point::from_vec(vertebra.spinous_tip_lps_mm)),
        };
        let edit = PlanEdit::Spine(SpineEdit::Label(label));
        apply(&mut app, PlanCommand::Edit("Label", edit));
    }
    let (entry, target) = home.truth("subpedicular", "L4", "right");
    app.go_to(target);
    apply(&mut app, PlanCommand::Place(TrajectoryEnd::Target, target));
    apply(&mut app, PlanCommand::Place(TrajectoryEnd::Entry, entry));
    app.settle();
    app
}

fn choose(app: &mut TestApp) {
    app.click_label("Procedure: Choose a procedure…");
    app.harness.get_by_label("Search procedures").focus();
    app.harness.run_steps(2);
    app.harness
        .get_by_label("Search procedures")
        .type_text("supraneural");
    app.harness.run_steps(3);
    app.click_label("1.2  Epidural steroid injection, transforaminal, supraneural");
    app.click_label("Choose level");
    app.click_label("L4-5");
    app.click_label("Side right");
    app.settle();
}

fn undo(app: &mut TestApp) {
    app.key(Modifiers::COMMAND, Key::Z);
}

#[test]
fn procedure_level_and_side_name_and_check_the_needle() {
    let home = Home::new();
    let mut app = with_needle(&home);
    let before = app.needle().clone();
    assert!(before.name.starts_with("Needle "));
    choose(&mut app);
    let needle = app.needle().clone();
    assert_eq!(needle.name, NAME);
    let intent = needle.intent.clone().unwrap();
    assert_eq!(intent.procedure, "transforaminal-supraneural");
    assert_eq!(intent.side, Some(Side::Right));

    // The needle reaches, or a longer one of those listed is proposed.
    let state = &app.harness.state().state;
    let audit = state.audit_of(needle.id).unwrap();
    let length = audit.ranges.last().unwrap();
    assert_eq!(length.verdict, Verdict::Kept, "{}", length.words);
    let reserve_mm = audit.path.plan.needle_reserve_mm.clone().unwrap();
    assert!(reserve_mm >= 10.0, "{reserve_mm}");
    let guard = &audit.guard;
    let keys = [&guard.side, &guard.level].map(|found| found.as_ref().unwrap().key());
    assert_eq!(keys, ["agrees", "agrees"]);
    for words in [
        "Side agrees",
        "Level agrees",
        "Oblique",
        "Target: Beneath the pedicle",
        "Clearances:",
        "Tolerance",
    ] {
        let mut shown = app.harness.query_all_by_label_contains(words);
        assert!(shown.next().is_some(), "{words}");
    }

    // One step each: side, level, procedure.
    undo(&mut app);
    assert_eq!(app.needle().intent.as_ref().unwrap().side, None);
    assert!(app.needle().name.starts_with("Needle "));
    undo(&mut app);
    assert_eq!(app.needle().intent.as_ref().unwrap().level, None);
    undo(&mut app);
    assert_eq!(*app.needle(), before);
    for _ in 0..3 {
        app.key(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    }
    assert_eq!(*app.needle(), needle);

    // Another level is allowed and said to be none of the procedure's.
    app.click_label("Choose level, now L4-5");
    app.harness.get_by_label("T10-11").click_accesskit();
    app.harness.run_steps(4);
    app.harness
        .get_by_label_contains("Not described for T10-11");
    undo(&mut app);

    // A name that was typed stays.
    let rename = PlanEdit::Rename {
        id: needle.id,
        name: "Mine".to_owned(),
    };
    apply(&mut app, PlanCommand::Edit("Rename", rename));
    app.settle();
    app.click_label("Side left");
    assert_eq!(app.needle().name, "Mine");
    assert_eq!(app.needle().intent.as_ref().unwrap().side, Some(Side::Left));
}

/// Declares the wrong side and overrides the objection in the window.
fn override_wrong_side(app: &mut TestApp) {
    choose(app);
    app.click_label("Side left");
    app.harness.get_by_label_contains("Wrong side:");
    app.click_label("Override wrong side…");
    // A blank reason does nothing.
    app.click_label("Override with this reason");
    assert!(app.needle().overrides.is_empty());
    let field = "Why is the plan right all the same? It is kept with the plan and exported.";
    let find = |node: &egui_kittest::Node<'_>| node.value().is_some();
    let fields: Vec<_> = app.harness.get_all_by_label(field).collect();
    fields.iter().find(|node| find(node)).unwrap().focus();
    app.harness.run_steps(2);
    let fields: Vec<_> = app.harness.get_all_by_label(field).collect();
    fields
        .iter()
        .find(|node| find(node))
        .unwrap()
        .type_text("mirrored images");
    app.harness.run_steps(3);
    app.click_label("Override with this reason");
    app.settle();
}

#[test]
fn a_wrong_side_is_objected_to_until_it_is_overridden_with_a_reason() {
    let home = Home::new();
    let mut app = with_needle(&home);
    override_wrong_side(&mut app);
    let needle = app.needle().clone();
    assert_eq!(needle.name, "L4-5 left, transforaminal, supraneural");
    assert_eq!(
        needle.override_of(Objection::WrongSide),
        Some("mirrored images")
    );
    let objects = |app: &TestApp| {
        let audit = app.harness.state().state.audit_of(needle.id).unwrap();
        let mut all = audit.objections.iter();
        all.any(|(objection, _)| *objection == Objection::WrongSide)
    };
    assert!(!objects(&app));
    app.harness
        .get_by_label_contains("Overridden, wrong side: mirrored images");
    assert!(app.harness.query_by_label("Override wrong side…").is_none());

    let path = home.path().join("overridden.stylet.json");
    let save = FileCommand::SaveAs(path.clone());
    app.harness.state_mut().state.apply(save);
    app.settle();
    let (_, plan) = PlanFile::read(&path).unwrap();
    assert_eq!(plan.trajectories[0].intent, needle.intent);
    assert_eq!(plan.trajectories[0].overrides, needle.overrides);

    app.click_label("Withdraw override of wrong side");
    assert!(objects(&app));
    app.harness.get_by_label("Override wrong side…");
    undo(&mut app);
    assert!(!objects(&app));
    // What was overridden was meant for this side and level.
    app.click_label("Side right");
    assert!(app.needle().overrides.is_empty());
    assert!(!objects(&app));
}

#[test]
fn an_audit_is_computed_once_until_something_changes() {
    let home = Home::new();
    let mut app = with_needle(&home);
    choose(&mut app);
    let id = app.needle().id;
    let audit = |app: &TestApp| app.harness.state().state.audit_of(id).unwrap();
    let first = audit(&app);
    app.harness.run_steps(3);
    assert!(Arc::ptr_eq(&first, &audit(&app)), "nothing has changed");
    // Also in the middle of a gesture, where the plan is changed in place otherwise.
    let target = app.needle().target.unwrap();
    apply(&mut app, PlanCommand::Begin("Move"));
    let mut last = first;
    for step in 1..=3 {
        let to = Point::new(target.0.x - f64::from(step), target.0.y, target.0.z);
        let end = TrajectoryEnd::Target;
        apply(
            &mut app,
            PlanCommand::Edit("Move", PlanEdit::SetEnd { id, end, to }),
        );
        let now = audit(&app);
        assert!(!Arc::ptr_eq(&last, &now));
        assert_ne!(last.path.plan.length_mm, now.path.plan.length_mm);
        last = now;
    }
    apply(&mut app, PlanCommand::Cancel);
}

#[test]
fn steps_and_radius_and_needle_follow_the_procedure() {
    let home = Home::new();
    let mut app = with_needle(&home);
    choose(&mut app);
    app.click_label("Steps");
    for words in ["Scotty-dog oblique", "Arterial flush", "contrast 0.5–2 mL"] {
        app.harness.get_by_label_contains(words);
    }
    app.click_label("Steps");
    assert!(
        app.harness
            .query_by_label_contains("Arterial flush")
            .is_none()
    );

    let id = app.needle().id;
    let radius = |radius_mm| PlanEdit::SetTargetRadius { id, radius_mm };
    apply(
        &mut app,
        PlanCommand::Edit("Target radius", radius(Some(1.0))),
    );
    app.settle();
    let audit = app.harness.state().state.audit_of(id).unwrap();
    assert_eq!(audit.tolerance.as_ref().unwrap().target_radius_mm, 1.0);
    app.click_label("Take the usual target radius");
    assert_eq!(app.needle().target_radius_mm, None);

    // Another needle than the proposed one is said to be so, and is one click away.
    let proposed = app.needle().needle.clone();
    let needle = Some("rf-22g-100".to_owned());
    apply(
        &mut app,
        PlanCommand::Edit("Needle", PlanEdit::SetNeedle { id, needle }),
    );
    app.settle();
    app.harness.get_by_label_contains("Lesion 11–15 mm [P25]");
    app.harness.get_by_label_contains("Take Quincke").click();
    app.harness.run_steps(4);
    assert_eq!(app.needle().needle, proposed);
}

fn victim(home: &Home) -> ! {
    let mut app = with_needle(home);
    override_wrong_side(&mut app);
    println!(
        "\nOVERRIDDEN {}",
        serde_json::to_string(&app.needle().intent).unwrap()
    );
    loop {
        std::thread::sleep(std::time::Duration::from_secs(1));
    }
}

/// Runs as the victim when the test below starts this very program again.
#[test]
fn victim_of_the_kill() {
    if let Ok(home) = std::env::var(CHILD) {
        victim(&Home::existing(home.into()));
    }
}

#[test]
fn intent_and_override_survive_a_kill() {
    let home = Home::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim_of_the_kill", "--nocapture"])
        .env(CHILD, home.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut lines = out.lines().map_while(Result::ok);
    let intent = lines
        .find_map(|line| Some(line.strip_prefix("OVERRIDDEN ")?.to_owned()))
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();

    let mut app = TestApp::on_sample(&home);
    app.click_label("Recover");
    app.settle();
    let needle = app.needle();
    assert_eq!(serde_json::to_string(&needle.intent).unwrap(), intent);
    assert_eq!(
        needle.override_of(Objection::WrongSide),
        Some("mirrored images")
    );
    assert_eq!(needle.name, "L4-5 left, transforaminal, supraneural");
}
