//! A program killed in the middle of a drag loses that drag and nothing else.

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

use app::{Home, TestApp, moved};
use egui_kittest::kittest::Queryable as _;
use stylet::app::command::{FileCommand, PlanCommand};
use stylet::app::viewport::ViewKind;
use stylet::geometry::Point;
use stylet::plan::{Measurement, MeasurementKind, PlanEdit, TrajectoryEnd};

const CHILD: &str = "STYLET_TEST_CHILD_HOME";

/// Adds one measurement or mark of every kind, with words.
fn mark_all(app: &mut TestApp) {
    for (index, kind) in MeasurementKind::ALL.into_iter().enumerate() {
        let state = &mut app.harness.state_mut().state;
        let id = state.plan().next_measurement_id();
        let at = |point: usize| Point::new(index as f64, point as f64 * 7.0, [0.0, 3.0][point % 2]);
        let mut drawn = Measurement::new(id, kind, (0..kind.points()).map(at).collect());
        drawn.text = format!("mark {index}");
        state.apply(PlanCommand::Edit("Mark", PlanEdit::AddMeasurement(drawn)));
    }
}

/// Draws a needle, moves its entry, and is killed in the middle of the next drag.
fn victim(home: &Home) -> ! {
    let mut app = TestApp::on_sample(home);
    let (entry, target) = home.truth("facet_cleft", "L2-L3", "right");
    app.go_to(target);
    let state = &mut app.harness.state_mut().state;
    state.apply(PlanCommand::Place(TrajectoryEnd::Target, target));
    state.apply(PlanCommand::Place(TrajectoryEnd::Entry, entry));
    mark_all(&mut app);
    app.settle();
    let placed = app.needle().clone();
    let at = app.screen(ViewKind::Axial, placed.target.unwrap());
    app.drag_part(at, moved(at, 30.0, 10.0));
    assert_ne!(app.needle(), &placed, "the drag is under way");
    println!(
        "\nDRAGGING {}",
        serde_json::to_string(&placed.entry).unwrap()
    );
    println!("TARGET {}", serde_json::to_string(&placed.target).unwrap());
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
fn a_kill_during_a_drag_loses_only_the_drag() {
    let home = Home::new();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "victim_of_the_kill", "--nocapture"])
        .env(CHILD, home.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut lines = out.lines().map_while(Result::ok);
    let mut after = |word: &str| {
        let line = lines.find(|line| line.starts_with(word));
        let line = line.unwrap_or_else(|| panic!("the other program never said {word}"));
        serde_json::from_str::<stylet::geometry::Point<stylet::geometry::Lps>>(&line[word.len()..])
            .unwrap()
    };
    let (entry, target) = (after("DRAGGING "), after("TARGET "));
    // SIGKILL on Unix: no handler, no destructor, no flush.
    child.kill().unwrap();
    child.wait().unwrap();

    let mut app = TestApp::on_sample(&home);
    app.harness.get_by_label_contains("ended without saving");
    app.click_label("Recover");
    app.settle();
    let needle = app.needle();
    assert!(needle.entry.unwrap().distance(entry) < 1e-9);
    assert!(needle.target.unwrap().distance(target) < 1e-9);
    let marks = &app.harness.state().state.plan().measurements;
    let kinds: Vec<MeasurementKind> = marks.iter().map(|drawn| drawn.kind).collect();
    assert_eq!(kinds, MeasurementKind::ALL);
    for (index, drawn) in marks.iter().enumerate() {
        assert_eq!(drawn.points.len(), drawn.kind.points());
        assert!((drawn.points[0].0.x - index as f64).abs() < 1e-9);
        assert_eq!(drawn.text, format!("mark {index}"));
    }
    assert!(
        app.harness.state().state.has_unsaved_changes(),
        "it still has to be saved"
    );

    // Saved, it is not offered again.
    let path = home.path().join("saved.stylet.json");
    app.harness
        .state_mut()
        .state
        .apply(FileCommand::SaveAs(path));
    app.settle();
    drop(app);
    let app = TestApp::on_sample(&home);
    assert!(
        app.harness
            .query_by_label_contains("ended without saving")
            .is_none()
    );
}

#[test]
fn a_second_window_on_a_plan_is_told() {
    let home = Home::new();
    let path = home.path().join("shared.stylet.json");
    let mut first = TestApp::on_sample(&home);
    first
        .harness
        .state_mut()
        .state
        .apply(PlanCommand::NewNeedle);
    first
        .harness
        .state_mut()
        .state
        .apply(FileCommand::SaveAs(path.clone()));
    first.settle();
    let second = TestApp::open(&home, vec![home.ct()], Some(path.clone()));
    assert!(second.says("open in another window"));
    drop(first);
    let third = TestApp::open(&home, vec![home.ct()], Some(path));
    assert!(!third.says("open in another window"));
}

#[test]
fn a_folder_that_cannot_be_written_says_so_and_keeps_the_plan() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    app.harness.state_mut().state.apply(PlanCommand::NewNeedle);
    // A file where a folder should be cannot be written into, not even by root.
    let blocked = home.path().join("file");
    std::fs::write(&blocked, "x").unwrap();
    let to = blocked.join("plan.stylet.json");
    app.harness.state_mut().state.apply(FileCommand::SaveAs(to));
    app.settle();
    assert!(app.says("Cannot save the plan"));
    assert!(app.harness.state().state.has_unsaved_changes());
    assert_eq!(app.harness.state().state.plan().trajectories.len(), 1);
}
