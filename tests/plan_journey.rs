//! One needle from nothing to the files that leave the room, as a person does it: procedure, level
//! and side, the target, the best entry of the map, a drag, the export page.

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
use egui_kittest::kittest::Queryable as _;
use stylet::app::command::{FileCommand, PlanCommand};
use stylet::app::viewport::ViewKind;
use stylet::geometry::{Lps, Point};
use stylet::plan::procedure::Verdict;
use stylet::plan::{PlanEdit, SpineEdit, VertebraLabel};

/// Labels the vertebrae of the sample, so that side and level can be checked.
fn label_spine(app: &mut TestApp, home: &Home) {
    let text = std::fs::read_to_string(home.study().join("truth.json")).unwrap();
    let truth: serde_json::Value = serde_json::from_str(&text).unwrap();
    for vertebra in truth["vertebrae"].as_array().unwrap() {
        let point = |key: &str| serde_json::from_value(vertebra[key].clone()).unwrap();
        let label = VertebraLabel {
            vertebra: vertebra["level"].as_str().unwrap().parse().unwrap(),
            body: point("centre_lps_mm"),
            spinous_process: Some(point("spinous_tip_lps_mm")),
        };
        let edit = PlanEdit::Spine(SpineEdit::Label(label));
        let command = PlanCommand::Edit("Label", edit);
        app.harness.state_mut().state.apply(command);
    }
}

fn choose_procedure(app: &mut TestApp) {
    app.click_label("Procedure: Choose a procedure…");
    app.harness.get_by_label("Search procedures").focus();
    app.harness.run_steps(2);
    let search = app.harness.get_by_label("Search procedures");
    search.type_text("facet");
    app.harness.run_steps(3);
    app.click_label("1.7  Facet joint injection, intra-articular");
    app.click_label("Choose level");
    app.click_label("L4-5");
    app.click_label("Side right");
    app.settle();
}

fn ends(app: &TestApp) -> (Point<Lps>, Point<Lps>) {
    let needle = app.needle();
    (needle.entry.unwrap(), needle.target.unwrap())
}

#[test]
fn procedure_target_best_entry_drag_export() {
    let home = Home::new();
    let mut app = TestApp::open(&home, vec![home.study()], None);
    label_spine(&mut app, &home);
    app.click_label("New needle");
    choose_procedure(&mut app);
    let name = "L4-5 right, facet joint";
    assert_eq!(app.needle().name, name);

    let (_, wanted) = home.truth("facet_cleft", "L4-L5", "right");
    app.go_to(wanted);
    app.key(Modifiers::NONE, Key::T);
    let at = app.screen(ViewKind::Axial, wanted);
    app.click(at);
    app.key(Modifiers::NONE, Key::Escape);
    app.settle();
    assert!(app.needle().target.unwrap().distance(wanted) < 0.6);

    app.click_label("Entry map");
    app.click_label("Show entry map");
    app.settle();
    let map = app.harness.state().state.entries.map().unwrap();
    assert!(!map.map.best.is_empty(), "{:?}", map.map.excluded);
    app.click_label("Take entry 1");
    app.settle();
    let (taken, target) = ends(&app);
    let audit = |app: &TestApp| app.harness.state().state.audit(app.needle());
    let found = audit(&app);
    assert!(!found.breaks_stop_margin(), "{:?}", found.objections);
    let mut ranges = found.ranges.iter();
    assert!(ranges.any(|range| range.verdict == Verdict::Kept));

    // Adjusted by hand, in the slice through the entry.
    app.go_to(taken);
    let from = app.screen(ViewKind::Axial, taken);
    app.drag(from, moved(from, -4.0, 0.0));
    let (entry, kept) = ends(&app);
    let shift_mm = entry.distance(taken);
    assert!((0.5..15.0).contains(&shift_mm), "moved by {shift_mm} mm");
    assert_eq!(kept, target);
    let found = audit(&app);
    assert!(!found.breaks_stop_margin(), "{:?}", found.objections);

    let folder = home.path().join("out");
    std::fs::create_dir_all(&folder).unwrap();
    let save = FileCommand::SaveAs(folder.join("l4-5.stylet.json"));
    app.harness.state_mut().state.apply(save);
    app.settle();
    app.key(Modifiers::COMMAND, Key::E);
    assert!(app.harness.query_by_label("Blocked").is_none());
    app.click_label("Slicer markups");
    app.click_label("Export");
    app.settle();
    assert!(app.says("Exported"));
    for file in ["l4-5-sheet.pdf", "l4-5-sr.dcm", "l4-5.mrk.json"] {
        let bytes = std::fs::read(folder.join(file)).unwrap();
        assert!(bytes.len() > 1000, "{file}");
    }
    // What left is what was drawn.
    let report = FileCommand::Open(folder.join("l4-5-sr.dcm"));
    app.harness.state_mut().state.apply(report);
    app.settle();
    let (entry_back, target_back) = ends(&app);
    assert!(entry_back.distance(entry) < 0.01 && target_back.distance(target) < 0.01);
    assert_eq!(app.needle().name, name);
}
