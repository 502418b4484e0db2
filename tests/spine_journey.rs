//! Labelling the spine in the real window: vertebrae in order, spinous processes, midline,
//! end-plate; undo, saving and reading back.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::exit,
    reason = "a test may fail loudly anywhere"
)]

#[path = "common/app.rs"]
mod app;

use app::{Home, TestApp};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use stylet::app::command::FileCommand;
use stylet::app::tool::ToolKind;
use stylet::app::viewport::ViewKind;
use stylet::geometry::Point;
use stylet::plan::{Midline, MidlineSource, PlanFile};
use stylet::volume::phantom::Truth;

fn truth(home: &Home) -> Truth {
    let text = std::fs::read_to_string(home.study().join("truth.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn click_sagittal(app: &mut TestApp, at: Point<stylet::geometry::Lps>) {
    app.go_to(at);
    let place = app.screen(ViewKind::Sagittal, at);
    app.click(place);
}

fn names(app: &TestApp) -> Vec<String> {
    let spine = &app.harness.state().state.plan().spine;
    spine
        .labels
        .iter()
        .map(|label| label.vertebra.to_string())
        .collect()
}

/// What the window asks for.
fn prompt(app: &TestApp) -> String {
    app.harness.state().state.spine_prompt().unwrap_or_default()
}

#[test]
fn vertebrae_are_labelled_one_click_each_and_give_a_midline() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let truth = truth(&home);
    app.click_label("Spine");
    app.click_label("Label vertebrae");
    app.settle();
    assert!(prompt(&app).contains("middle of the body of L5"));
    // From L5 upwards, one click each.
    for vertebra in truth.vertebrae.iter().rev().take(4) {
        click_sagittal(&mut app, Point::from_vec(vertebra.centre_lps_mm));
    }
    assert_eq!(names(&app), ["L2", "L3", "L4", "L5"]);
    app.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(names(&app), ["L3", "L4", "L5"]);
    app.key(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(names(&app), ["L2", "L3", "L4", "L5"]);

    app.click_label("Spinous processes");
    app.settle();
    assert!(prompt(&app).contains("spinous process of L5"));
    for vertebra in truth.vertebrae.iter().rev().take(4) {
        click_sagittal(&mut app, Point::from_vec(vertebra.spinous_tip_lps_mm));
    }
    let state = &app.harness.state().state;
    assert_eq!(state.tool, ToolKind::Window, "all are clicked");
    let midline = Midline::of(&state.plan().spine).unwrap();
    assert_eq!(midline.source, MidlineSource::SpinousProcesses);
    let true_left = truth.midline.normal;
    let turned = midline.left.0.dot(true_left).clamp(-1.0, 1.0).acos();
    assert!(turned.to_degrees() < 1.0, "{} degrees", turned.to_degrees());

    // One too many: all names move together.
    app.click_label("one down");
    assert_eq!(names(&app), ["L3", "L4", "L5", "S1"]);
    app.key(Modifiers::COMMAND, Key::Z);

    // The end-plate of the vertebra chosen next, two clicks.
    let l5 = truth.vertebrae.last().unwrap();
    let up = l5.superior_normal;
    let back = true_left.cross(up) * -1.0;
    let middle = l5.centre_lps_mm + up * 12.0;
    app.harness
        .state_mut()
        .state
        .apply(stylet::app::command::Command::Labelling(
            "L5".parse().unwrap(),
            true,
        ));
    app.click_label("Superior end-plate");
    for off in [-12.0, 12.0] {
        click_sagittal(&mut app, Point::from_vec(middle + back * off));
    }
    let spine = app.harness.state().state.plan().spine.clone();
    assert_eq!(spine.end_plates.len(), 1);
    let frame = stylet::plan::VertebraFrame::of(
        &spine,
        "L5".parse().unwrap(),
        stylet::plan::EndPlateFace::Superior,
    )
    .unwrap();
    let off = frame
        .superior
        .0
        .dot(up)
        .clamp(-1.0, 1.0)
        .acos()
        .to_degrees();
    assert!(off < 3.0, "{off} degrees off the true end-plate");
    app.settle();
    let said = app.harness.query_by_label_contains("squared by");
    assert!(said.is_some());

    let path = home.path().join("spine.stylet.json");
    app.harness
        .state_mut()
        .state
        .apply(FileCommand::SaveAs(path.clone()));
    app.settle();
    let (_, plan) = PlanFile::read(&path).unwrap();
    assert_eq!(plan.spine, spine);
}

#[test]
fn escape_drops_clicks_first_and_the_tool_next() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let truth = truth(&home);
    app.click_label("Spine");
    app.click_label("Click midline");
    click_sagittal(&mut app, Point::from_vec(truth.midline.point_lps_mm));
    assert_eq!(app.harness.state().state.labelling.clicks.len(), 1);
    app.key(Modifiers::NONE, Key::Escape);
    let state = &app.harness.state().state;
    assert!(state.labelling.clicks.is_empty() && state.tool != ToolKind::Window);
    app.key(Modifiers::NONE, Key::Escape);
    assert_eq!(app.harness.state().state.tool, ToolKind::Window);
    assert!(app.harness.state().state.plan().spine.is_empty());
}
