//! The 3D view in the real window: it shows skin, bone and needle, turns with the pointer, resets,
//! and gets along with everything that slice views do.

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
use glam::DVec2;
use stylet::app::camera::{Projection, StandardView};
use stylet::app::command::ViewCommand;
use stylet::app::pick::Picked;
use stylet::app::viewport::{Layout, ViewKind, Viewport};
use stylet::geometry::OrientationLetters;

fn view(app: &TestApp) -> &Viewport {
    let id = app.viewport(ViewKind::Volume3d);
    app.harness.state().state.viewport(id).unwrap()
}

fn rect(app: &TestApp) -> egui::Rect {
    app.harness.get_by_label("3D view").rect()
}

#[test]
fn the_3d_view_turns_with_the_pointer_and_resets() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let before = view(&app).clone();
    // The sample lies prone: seen from behind, patient right at picture right.
    let letters = OrientationLetters::of(&before.camera.plane());
    assert_eq!((letters.right.as_str(), letters.up.as_str()), ("R", "H"));
    let scene = &app.harness.state().state.scene;
    let triangles = |surface: Option<&std::sync::Arc<stylet::geometry::Surface>>| {
        surface.map_or(0, |surface| surface.mesh().triangles.len())
    };
    assert!(triangles(scene.skin()) > 5_000 && triangles(scene.bone()) > 5_000);

    let middle = rect(&app).center();
    app.drag(middle, moved(middle, 60.0, -15.0));
    let turned = view(&app).clone();
    assert_ne!(turned.camera.orientation, before.camera.orientation);
    assert_eq!(turned.camera.target, before.camera.target);
    assert_eq!(turned.mm_per_point, before.mm_per_point);
    app.hover(middle);
    app.key(Modifiers::NONE, Key::R);
    app.settle();
    let again = view(&app).camera;
    assert!(again.orientation.angle_between(before.camera.orientation) < 1e-9);
    assert_eq!(again.target, before.camera.target);
}

#[test]
fn pointing_names_what_is_there() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let (_, target) = home.truth("facet_cleft", "L2-L3", "right");
    let id = app.viewport(ViewKind::Volume3d);
    let size = rect(&app).size();
    let size = [f64::from(size.x), f64::from(size.y)];
    let state = &mut app.harness.state_mut().state;
    let eye = state.eye_of(id, size).unwrap();
    // Bone over the facet, skin beside the spine, nothing in the corner.
    let over = state.pick(&eye, eye.pixel_of(target).unwrap()).unwrap();
    assert_eq!(over.what, Picked::Bone);
    assert!(over.point.distance(target) < 25.0, "{over:?}");
    let skin = state
        .pick_skin(&eye, eye.pixel_of(target).unwrap())
        .unwrap();
    // The back of a prone patient is nearer to the viewer: more posterior.
    assert!(skin.0.y > over.point.0.y + 5.0, "{skin:?} {over:?}");
    assert_eq!(state.pick(&eye, DVec2::new(3.0, 3.0)), None);
    state.apply(ViewCommand::ShowBone(false));
    let through = state.pick(&eye, eye.pixel_of(target).unwrap()).unwrap();
    assert_eq!(through.what, Picked::Skin);
    state.apply(ViewCommand::ShowSkin(false));
    assert_eq!(state.pick(&eye, eye.pixel_of(target).unwrap()), None);
}

#[test]
fn every_view_command_and_key_leaves_the_3d_view_usable() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let id = app.viewport(ViewKind::Volume3d);
    let middle = rect(&app).center();
    app.hover(middle);
    for key in [
        Key::T,
        Key::E,
        Key::PageDown,
        Key::ArrowLeft,
        Key::Plus,
        Key::O,
        Key::P,
        Key::L,
        Key::Escape,
        Key::Escape,
    ] {
        app.key(Modifiers::NONE, key);
    }
    let state = &mut app.harness.state_mut().state;
    assert!(
        state.plan().trajectories.iter().all(|n| n.target.is_none()),
        "nothing is placed"
    );
    let before = state.viewport(id).unwrap().clone();
    for command in [
        ViewCommand::Scroll(id, 3.0),
        ViewCommand::FlipHorizontally(id),
        ViewCommand::FlipVertically(id),
        ViewCommand::Crosshair(state.crosshair),
        ViewCommand::CenterOn(state.crosshair),
        ViewCommand::DownNeedle(id),
    ] {
        state.apply(command);
    }
    // Nothing of these is for a 3D view; above all it is never mirrored.
    assert_eq!(state.viewport(id).unwrap(), &before);
    for view in StandardView::ALL {
        state.apply(ViewCommand::Stand(id, view));
    }
    state.apply(ViewCommand::Project(id, Projection::Parallel));
    state.apply(ViewCommand::RotateQuarter(id));
    state.apply(ViewCommand::Pan(id, DVec2::new(20.0, -5.0)));
    state.apply(ViewCommand::Zoom {
        viewport: id,
        factor: 2.0,
        about_mm: DVec2::new(30.0, 10.0),
    });
    state.apply(ViewCommand::Layout(Layout::OnePlusThree));
    state.apply(ViewCommand::Maximise(id));
    app.settle();
    assert!(rect(&app).width() > 500.0, "it fills the area");
    let state = &mut app.harness.state_mut().state;
    state.apply(ViewCommand::Kind(id, ViewKind::AlongNeedle));
    state.apply(ViewCommand::Kind(id, ViewKind::Volume3d));
    assert_eq!(
        state.viewport(id).unwrap().camera.projection,
        Projection::default()
    );
    app.settle();
}
