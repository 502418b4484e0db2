//! The entry map in the real window: a target with its procedure, the map, its best entry, the
//! path profile of the needle that comes of it; undo.

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
use egui_kittest::kittest::{NodeT as _, Queryable as _};
use stylet::app::command::{PlanCommand, ViewCommand};
use stylet::app::tool::ToolKind;
use stylet::app::viewport::ViewKind;
use stylet::assess::NeedleAudit;
use stylet::geometry::{Lps, Point, Segment};
use stylet::plan::{Intent, PlanEdit, TrajectoryEnd};
use stylet::study::Side;

fn audit(app: &TestApp) -> NeedleAudit {
    app.harness.state().state.audit(app.needle())
}

fn apply(app: &mut TestApp, command: PlanCommand) {
    app.harness.state_mut().state.apply(command);
    app.harness.run_steps(2);
}

/// A needle to the right L4-5 facet joint with its procedure; no entry yet.
fn aimed(app: &mut TestApp, home: &Home) -> Point<Lps> {
    let (_, target) = home.truth("facet_cleft", "L4-L5", "right");
    apply(app, PlanCommand::NewNeedle);
    apply(app, PlanCommand::Place(TrajectoryEnd::Target, target));
    let intent = Intent {
        procedure: "facet-joint".to_owned(),
        level: Some("L4-L5".parse().unwrap()),
        side: Some(Side::Right),
    };
    let id = app.needle().id;
    let edit = PlanEdit::SetIntent {
        id,
        intent: Some(intent),
    };
    apply(app, PlanCommand::Edit("Choose procedure", edit));
    target
}

#[test]
fn the_best_entry_is_taken_from_the_list_and_its_profile_says_what_it_meets() {
    let home = Home::new();
    let mut app = TestApp::open(&home, vec![home.study()], None);
    let target = aimed(&mut app, &home);
    app.harness.get_by_label_contains("No profile yet");

    app.click_label("Entry map");
    app.click_label("Show entry map");
    app.settle();
    let state = &app.harness.state().state;
    let map = state.entries.map().unwrap();
    assert_eq!(map.needle, app.needle().id);
    assert!(!map.map.best.is_empty(), "{:?}", map.map.excluded);
    assert!(state.scene.painted_skin.is_some());
    let best = map.map.best[0].entry;
    app.harness.get_by_label_contains("are entries");

    app.click_label("Take entry 1");
    app.settle();
    let entry = app.needle().entry.unwrap();
    assert!(entry.distance(best) < 3.0, "{entry:?} for {best:?}");
    let found = audit(&app);
    assert!(!found.breaks_stop_margin(), "{:?}", found.objections);
    assert!(!found.clearances.is_empty());
    // The map does not depend on the entry: it stays as it was.
    assert!(app.harness.state().state.entries.map().is_some());

    // The sentence of the profile names the skin and what the needle ends in.
    let sentence = app.harness.get_by_label_contains("skin 0,");
    let node = sentence.accesskit_node();
    let words = node.label().or_else(|| node.value()).unwrap();
    assert!(
        ["facet joint", "vertebra", "bone"]
            .iter()
            .any(|word| words.contains(word)),
        "{words}"
    );
    assert!(words.contains("target") && words.ends_with("mm"), "{words}");

    // Hovering the curve leads the crosshair along the needle.
    let curve = app.harness.get_by_label("Path profile curve").rect();
    let line = Segment::new(entry + (entry - target), target + (target - entry));
    let mut depths = Vec::new();
    for share in [0.35_f32, 0.7] {
        let at = egui::pos2(curve.left() + share * curve.width(), curve.center().y);
        app.hover(at);
        app.settle();
        let crosshair = app.harness.state().state.crosshair;
        assert!(line.distance_to_point_mm(crosshair) < 0.1, "{crosshair:?}");
        depths.push(crosshair.distance(entry));
    }
    assert!(depths[1] > depths[0] + 5.0, "{depths:?}");

    app.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(app.needle().entry, None, "undo takes it back");
    app.key(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert_eq!(app.needle().entry, Some(entry));

    app.click_label("Path profile");
    app.settle();
    assert!(app.harness.query_by_label("Path profile curve").is_none());
    assert!(!app.harness.state().state.settings.show_profile);
}

#[test]
fn a_spot_of_the_outline_is_taken_in_a_slice_and_an_excluded_one_is_not() {
    let home = Home::new();
    let mut app = TestApp::open(&home, vec![home.study()], None);
    let target = aimed(&mut app, &home);
    app.click_label("Entry map");
    app.click_label("Show entry map");
    app.settle();
    let best = {
        let map = app.harness.state().state.entries.map().unwrap();
        map.map.best[0].entry
    };
    app.go_to(best);
    // Without the tool a click in a slice keeps its meaning.
    let place = app.screen(ViewKind::Axial, best);
    app.click(place);
    assert_eq!(app.needle().entry, None);
    app.click_label("Take entry in a slice");
    assert_eq!(app.harness.state().state.tool, ToolKind::TakeEntry);
    // The middle of the body is no skin.
    app.go_to(target);
    let inside = app.screen(ViewKind::Axial, target);
    app.click(inside);
    assert_eq!(app.needle().entry, None);
    assert!(app.says("coloured outline"));
    app.go_to(best);
    let place = app.screen(ViewKind::Axial, best);
    app.click(place);
    app.settle();
    let entry = app.needle().entry.unwrap();
    assert!(entry.distance(best) < 4.0, "{entry:?} for {best:?}");
    assert_eq!(app.harness.state().state.tool, ToolKind::Window);

    // A target that moves takes its map with it at once.
    let id = app.needle().id;
    let edit = PlanEdit::SetEnd {
        id,
        end: TrajectoryEnd::Target,
        to: Point::from_vec(target.0 + glam::DVec3::new(0.0, 0.0, 3.0)),
    };
    let before = app.harness.state().state.entries.map().unwrap().task.target;
    let state = &mut app.harness.state_mut().state;
    state.apply(PlanCommand::Edit("Move target", edit));
    state.poll();
    assert!(state.entries.map().is_none() && state.scene.painted_skin.is_none());
    app.settle();
    let state = &app.harness.state().state;
    assert_ne!(state.entries.map().unwrap().task.target, before);
    app.harness.state_mut().state.apply(ViewCommand::ResetAll);
    app.click_label("Show entry map");
    app.settle();
    assert!(app.harness.state().state.scene.painted_skin.is_none());
}
