//! The ray-cast volume in the real window: chosen by its menu, cut along the needle, recoloured,
//! and above all a target picked on bone and an entry on the skin, checked against the voxels.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    clippy::exit,
    reason = "a test may fail loudly anywhere"
)]

#[path = "common/app.rs"]
mod app;

use std::sync::Arc;

use app::{Home, TestApp, moved};
use egui::{Key, Modifiers, Pos2};
use egui_kittest::kittest::Queryable as _;
use glam::DVec2;
use stylet::app::AppState;
use stylet::app::camera::StandardView;
use stylet::app::command::{Command, PlanCommand, ViewCommand};
use stylet::app::pick::Picked;
use stylet::app::pick_surface::Seen;
use stylet::app::scene::needle_surface;
use stylet::app::tool::ToolKind;
use stylet::app::viewport::ViewKind;
use stylet::app::volume_look::{NeedleCut, VolumeCommand};
use stylet::geometry::{Lps, Point, Vector};
use stylet::plan::{PlanEdit, TrajectoryEnd};
use stylet::render::cpu::mesh_layers::MeshLayers;
use stylet::render::{Eye, SeenVolume, TransferPreset};
use stylet::volume::sample::{Interpolation, value_at};

fn state(app: &mut TestApp) -> &mut AppState {
    &mut app.harness.state_mut().state
}

fn rect(app: &TestApp) -> egui::Rect {
    app.harness.get_by_label("3D view").rect()
}

fn eye(app: &TestApp) -> Eye {
    let size = rect(app).size();
    let size = [f64::from(size.x), f64::from(size.y)];
    let id = app.viewport(ViewKind::Volume3d);
    app.harness.state().state.eye_of(id, size).unwrap()
}

fn on_screen(app: &TestApp, at: Point<Lps>) -> Pos2 {
    let pixel = eye(app).pixel_of(at).unwrap();
    rect(app).min + egui::vec2(pixel.x as f32, pixel.y as f32)
}

fn show(app: &mut TestApp, preset: &str) {
    let before = match state(app).volume_look.preset() {
        Some(preset) => preset.title(),
        None => "Surfaces",
    };
    app.click_label(&format!("Show: {before}"));
    app.click_label(preset);
    app.key(Modifiers::NONE, Key::Escape);
    app.settle();
}

/// First point of a line where the values reach a threshold and stay there for 1 mm: tiny steps
/// through the voxels.
fn first_above(app: &TestApp, at: Pos2, threshold: f64, stays_mm: f64) -> Point<Lps> {
    let stage = app.harness.state().state.stage.as_ref().unwrap();
    let volume = Arc::clone(stage.volume().unwrap());
    let off = at - rect(app).min;
    let pixel = DVec2::new(f64::from(off.x), f64::from(off.y));
    let (from, direction) = eye(app).ray(pixel, 5000.0);
    let step = 0.02;
    let above = |mm: f64| {
        let value = value_at(&volume, from + direction * mm, Interpolation::Linear);
        value.is_some_and(|value| value >= threshold)
    };
    let mut begun: Option<f64> = None;
    for number in 0..400_000 {
        let mm = f64::from(number) * step;
        if !above(mm) {
            begun = None;
        } else if mm - *begun.get_or_insert(mm) >= stays_mm {
            return from + direction * begun.unwrap();
        }
    }
    panic!("nothing of {threshold} there")
}

/// A needle with both ends, selected.
fn place_needle(app: &mut TestApp, entry: Point<Lps>, target: Point<Lps>) {
    let state = state(app);
    state.apply(PlanCommand::NewNeedle);
    let id = state.plan().trajectories[0].id;
    for (end, to) in [
        (TrajectoryEnd::Entry, entry),
        (TrajectoryEnd::Target, target),
    ] {
        let edit = PlanEdit::SetEnd { id, end, to };
        state.apply(PlanCommand::Edit("Place", edit));
    }
    state.apply(Command::Tool(ToolKind::Window));
    app.settle();
}

/// The picture of the 3D view as it is drawn now.
fn picture(app: &TestApp) -> Vec<[u8; 3]> {
    let state = &app.harness.state().state;
    let eye = eye(app).finer(0.5);
    let needles = Arc::new(needle_surface(&state.scene_needles(), eye.mm_per_pixel));
    let scene = state.mesh_scene(&needles);
    let mut layers = MeshLayers::default();
    let drawn = match state.volume_look.rays() {
        Some(source) => {
            let volume = SeenVolume {
                source: Arc::clone(source),
                cut: state.cut_plane(&eye),
            };
            layers.render_volume((&volume, 1.0), &scene, &eye, &|| false)
        }
        None => layers.render(&scene, &eye, &|| false),
    };
    drawn.unwrap()
}

/// Share of the pixels that differ clearly.
fn change(a: &[[u8; 3]], b: &[[u8; 3]]) -> f64 {
    let far = |(a, b): &(&[u8; 3], &[u8; 3])| (0..3).any(|n| a[n].abs_diff(b[n]) > 20);
    a.iter().zip(b).filter(far).count() as f64 / a.len() as f64
}

#[test]
fn a_target_is_picked_on_bone_and_an_entry_on_the_skin() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    show(&mut app, "Bone");
    assert!(state(&mut app).volume_look.rays().is_some());
    let (_, facet) = home.truth("facet_cleft", "L2-L3", "right");
    let spot = on_screen(&app, facet);
    app.hover(spot);
    app.key(Modifiers::NONE, Key::T);
    assert_eq!(state(&mut app).tool, ToolKind::Place(TrajectoryEnd::Target));
    let wanted = first_above(&app, spot, 200.0, 1.0);
    app.click(spot);
    let target = app.needle().target.unwrap();
    let stage = app.harness.state().state.stage.as_ref().unwrap();
    let half_voxel_mm = stage.volume().unwrap().finest_spacing_mm() / 2.0;
    assert!(
        target.distance(wanted) < half_voxel_mm.min(0.1),
        "{target:?} {wanted:?}"
    );
    // The back of the facet, not far from its cleft.
    assert!(target.distance(facet) < 25.0, "{target:?} {facet:?}");
    assert!(
        state(&mut app).crosshair.distance(target) < 1e-9,
        "the slices follow"
    );

    // Now the entry, beside it.
    assert_eq!(state(&mut app).tool, ToolKind::Place(TrajectoryEnd::Entry));
    let beside = moved(spot, 18.0, 6.0);
    let wanted = first_above(&app, beside, -500.0, 10.0);
    app.click(beside);
    app.settle();
    let entry = app.needle().entry.unwrap();
    assert!(entry.distance(wanted) < 1.0, "{entry:?} {wanted:?}");
    assert_eq!(state(&mut app).tool, ToolKind::Window);
    app.key(Modifiers::COMMAND, Key::Z);
    assert!(app.needle().entry.is_none() && app.needle().target == Some(target));
    app.key(Modifiers::COMMAND, Key::Z);
    assert!(state(&mut app).plan().trajectories.is_empty());
}

#[test]
fn surfaces_are_picked_without_a_volume_and_nothing_beside_the_patient() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let (_, facet) = home.truth("facet_cleft", "L2-L3", "right");
    let spot = on_screen(&app, facet);
    app.hover(spot);
    app.key(Modifiers::NONE, Key::T);
    let corner = rect(&app).right_top() + egui::vec2(-30.0, 40.0);
    app.click(corner);
    assert!(state(&mut app).plan().trajectories.is_empty());
    assert_eq!(state(&mut app).tool, ToolKind::Place(TrajectoryEnd::Target));
    let wanted = first_above(&app, spot, 200.0, 1.0);
    app.click(spot);
    assert!(app.needle().target.unwrap().distance(wanted) < 0.1);
    assert!(app.needle().entry.is_none());
}

#[test]
fn presets_show_other_tissues_and_say_what_is_under_the_pointer() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let mut before = picture(&app);
    for preset in TransferPreset::CT {
        show(&mut app, preset.title());
        assert_eq!(state(&mut app).volume_look.preset(), Some(preset));
        let now = picture(&app);
        assert!(change(&before, &now) > 0.03, "{preset:?}");
        before = now;
    }
    // Muscle hides the facet; bone does not.
    let (_, facet) = home.truth("facet_cleft", "L2-L3", "right");
    let seen = |app: &TestApp| {
        let eye = eye(app);
        let at = eye.pixel_of(facet).unwrap();
        let pick = app.harness.state().state.pick(&eye, at).unwrap();
        assert_eq!(pick.what, Picked::Tissue);
        eye.depth_mm(pick.point)
    };
    let muscle = seen(&app);
    // A target is picked on the bone behind the muscle, and says how far behind what is seen.
    let picked = |app: &TestApp| {
        let eye = eye(app);
        let at = eye.pixel_of(facet).unwrap();
        let state = &app.harness.state().state;
        let pick = state.pick_end(&eye, at, TrajectoryEnd::Target).unwrap();
        let seen = state.pick(&eye, at).unwrap();
        (pick.seen, pick.point.distance(seen.point), pick.what)
    };
    let (how, apart_mm, what) = picked(&app);
    assert!(what.contains("≥ 200 HU"), "{what}");
    match how {
        Seen::Behind(mm) => assert!(mm > 5.0 && (mm - apart_mm).abs() < 1e-6, "{mm}"),
        other => panic!("{other:?}"),
    }
    show(&mut app, "Bone");
    let (how, apart_mm, _) = picked(&app);
    assert!(how == Seen::Here && apart_mm < 3.0, "{how:?} {apart_mm}");
    let bone = seen(&app);
    assert!(bone > muscle + 5.0, "{bone} {muscle}");
    // The choice is a habit: it is there after a restart.
    drop(app);
    let mut again = TestApp::on_sample(&home);
    assert_eq!(
        state(&mut again).volume_look.preset(),
        Some(TransferPreset::Bone)
    );
    show(&mut again, "Surfaces");
    assert!(state(&mut again).volume_look.rays().is_none());
}

#[test]
fn the_volume_is_cut_open_along_the_needle() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let (entry, target) = home.truth("facet_cleft", "L2-L3", "right");
    place_needle(&mut app, entry, target);
    show(&mut app, "Muscle");
    let id = app.viewport(ViewKind::Volume3d);
    state(&mut app).apply(ViewCommand::Stand(id, StandardView::Head));
    app.settle();
    let whole = picture(&app);
    let mut cuts = Vec::new();
    for cut in NeedleCut::ALL {
        state(&mut app).apply(VolumeCommand::Cut(Some(cut)));
        app.settle();
        let eye = eye(&app);
        let plane = app.harness.state().state.cut_plane(&eye).unwrap();
        for end in [entry, target] {
            assert!(plane.signed_distance_mm(end).abs() < 1e-6, "{cut:?}");
        }
        // The viewer stands on the side that is taken away.
        let viewer = eye.target - eye.forward() * eye.viewer_mm.unwrap();
        assert!(plane.signed_distance_mm(viewer) < 0.0, "{cut:?}");
        let now = picture(&app);
        assert!(change(&whole, &now) > 0.02, "{cut:?}");
        cuts.push(plane);
        // What is picked lies behind the cut.
        let at = eye.pixel_of(target).unwrap() + DVec2::new(4.0, 3.0);
        if let Some(pick) = app
            .harness
            .state()
            .state
            .pick_end(&eye, at, TrajectoryEnd::Target)
        {
            assert!(plane.signed_distance_mm(pick.point) > -1e-6);
        }
    }
    let along = cuts[0].normal().dot(cuts[1].normal());
    assert!(along.abs() < 1e-6, "at right angles");
    state(&mut app).apply(VolumeCommand::Cut(None));
    assert_eq!(picture(&app), whole);
}

#[test]
fn the_colours_are_edited_by_dragging_a_point_and_brought_back() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    show(&mut app, "Bone");
    state(&mut app).apply(VolumeCommand::Editor(true));
    app.settle();
    let function = |app: &mut TestApp| {
        let rays = state(app).volume_look.rays().unwrap();
        rays.function().clone()
    };
    let before = function(&mut app);
    let knob = app
        .harness
        .get_by_label("Point 3 at 280 HU")
        .rect()
        .center();
    app.drag(knob, moved(knob, 10.0, -30.0));
    let after = function(&mut app);
    let [old, new] = [&before, &after].map(|function| function.points()[2]);
    assert!(new.opacity_per_mm > old.opacity_per_mm + 0.1, "{new:?}");
    assert!(new.value > old.value + 10.0, "{new:?}");
    assert!(state(&mut app).volume_look.is_edited());
    assert_eq!(after.points()[1], before.points()[1]);
    app.click_label("Back to the preset");
    app.settle();
    assert_eq!(function(&mut app), before);
}

#[test]
fn the_last_points_of_the_colours_follow_the_pointer_and_no_further() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    show(&mut app, "Bone");
    state(&mut app).apply(VolumeCommand::Editor(true));
    app.settle();
    let points = |app: &mut TestApp| {
        let rays = state(app).volume_look.rays().unwrap();
        rays.function().points().to_vec()
    };
    let first = points(&mut app)[0];
    let knob = |app: &TestApp, name: &str| app.harness.get_by_label(name).rect().center();
    let at = knob(&app, "Point 1 at 125 HU");
    app.drag(at, moved(at, -20.0, 0.0));
    // The plot of 330 points goes from 250 HU below the first point to 1400 HU.
    let wanted = first.value - 20.0 * (1400.0 + 250.0 - first.value) / 330.0;
    let found = points(&mut app)[0].value;
    assert!((found - wanted).abs() < 10.0, "{found} {wanted}");
    // One beyond the plot is pinned to its border: dragged down there it keeps its value.
    let at = knob(&app, "Point 6 at 3071 HU");
    app.drag(at, moved(at, 1.0, 40.0));
    let last = points(&mut app)[5];
    assert!(
        last.value == 3071.0 && last.opacity_per_mm < 0.9,
        "{last:?}"
    );
}

#[test]
fn a_volume_that_left_the_stage_is_kept_by_no_picture() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    show(&mut app, "Bone");
    let volume = {
        let stage = state(&mut app).stage.as_ref().unwrap();
        Arc::downgrade(stage.volume().unwrap())
    };
    assert!(volume.upgrade().is_some());
    state(&mut app).stage = None;
    app.settle();
    assert!(volume.upgrade().is_none());
}

#[test]
fn a_locked_needle_keeps_its_target_and_the_tool_stays() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    show(&mut app, "Bone");
    let (entry, target) = home.truth("facet_cleft", "L2-L3", "right");
    place_needle(&mut app, entry, target);
    let state = state(&mut app);
    let id = state.plan().trajectories[0].id;
    let lock = PlanEdit::SetLocked { id, locked: true };
    state.apply(PlanCommand::Edit("Lock", lock));
    let tool = ToolKind::Place(TrajectoryEnd::Target);
    state.apply(Command::Tool(tool));
    let aside = target + Vector::new(9.0, 0.0, 0.0);
    state.apply(PlanCommand::PlaceInSpace(TrajectoryEnd::Target, aside));
    assert_eq!(state.plan().trajectories[0].target, Some(target));
    assert_eq!(state.tool, tool);
}

#[test]
fn the_cut_turns_with_the_view_along_the_needle() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let (entry, target) = home.truth("facet_cleft", "L2-L3", "right");
    place_needle(&mut app, entry, target);
    show(&mut app, "Bone");
    let id = app.viewport(ViewKind::Volume3d);
    let other = stylet::app::viewport::ViewportId((id.0 + 1) % 4);
    state(&mut app).apply(ViewCommand::Kind(other, ViewKind::AlongNeedle));
    state(&mut app).apply(VolumeCommand::Cut(Some(NeedleCut::Along)));
    app.settle();
    let plane = |app: &TestApp| app.harness.state().state.cut_plane(&eye(app)).unwrap();
    let before = plane(&app);
    let along = app.viewport(ViewKind::AlongNeedle);
    let viewport = &mut state(&mut app).viewports[along.0];
    viewport.roll.0 += 90.0;
    viewport.shaft_mm += 7.0;
    let turned = plane(&app);
    assert!(turned.normal().dot(before.normal()).abs() < 1e-6);
    for end in [entry, target] {
        assert!(
            turned.signed_distance_mm(end).abs() < 1e-6,
            "still along the needle"
        );
    }
}

#[test]
fn the_cube_and_the_needle_turn_the_view() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let middle = rect(&app).center();
    app.drag(middle, moved(middle, 50.0, 40.0));
    app.click_label("Cube, From the head (H)");
    app.settle();
    let toward = -eye(&app).forward();
    assert!(
        (toward.0 - Vector::<Lps>::new(0., 0., 1.).0).length() < 1e-9,
        "{toward:?}"
    );

    let (entry, target) = home.truth("facet_cleft", "L2-L3", "right");
    place_needle(&mut app, entry, target);
    let id = app.viewport(ViewKind::Volume3d);
    state(&mut app).apply(ViewCommand::DownNeedle(id));
    let eye = eye(&app);
    let middle = DVec2::from_array(eye.size) / 2.0;
    for end in [entry, target] {
        assert!((eye.pixel_of(end).unwrap() - middle).length() < 1e-6);
    }
    assert!(
        eye.depth_mm(entry) < eye.depth_mm(target),
        "seen from the entry"
    );
}
