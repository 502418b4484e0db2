//! Measuring and marking in the real window: drawn, reshaped, worded, undone, saved and reopened.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly anywhere"
)]

#[path = "common/app.rs"]
mod app;

use app::{Home, TestApp, moved};
use egui::{Key, Modifiers};
use egui_kittest::kittest::Queryable as _;
use stylet::app::action::Action;
use stylet::app::command::{FileCommand, PlanCommand, ViewCommand};
use stylet::app::tool::ToolKind;
use stylet::app::viewport::{ViewKind, ViewportId};
use stylet::assess::{Region, RegionShape, Sampling};
use stylet::geometry::{Lps, Point, Vector};
use stylet::plan::{HalfVoxel, Measurement, MeasurementKind, PlanEdit, PlanFile, TrajectoryEnd};

fn drawn(app: &TestApp) -> Vec<Measurement> {
    app.harness.state().state.plan().measurements.clone()
}

fn last(app: &TestApp) -> Measurement {
    drawn(app).last().unwrap().clone()
}

/// A place in the body to measure at, brought into the views.
fn middle(home: &Home, app: &mut TestApp) -> Point<Lps> {
    let (_, target) = home.truth("facet_cleft", "L2-L3", "right");
    app.go_to(target);
    target
}

/// Chooses a tool of the button of the tool bar, whatever that is called just now.
fn choose(app: &mut TestApp, kind: MeasurementKind) {
    let action = match kind {
        MeasurementKind::Distance => Action::LengthTool,
        MeasurementKind::Angle => Action::AngleTool,
        kind => Action::MeasureTool(kind),
    };
    let key = action.shortcut().map(|key| format!(" {}", key.text()));
    let label = format!("{}{}", action.label(), key.unwrap_or_default());
    let title = match app.harness.state().state.tool {
        ToolKind::Measure(_) => app.harness.state().state.tool.title(),
        _ => "Measure",
    };
    app.click_label(&format!("{title}…"));
    app.click_label(&label);
    assert_eq!(app.harness.state().state.tool, ToolKind::Measure(kind));
}

fn off(at: Point<Lps>, x: f64, y: f64) -> Point<Lps> {
    at + Vector::new(x, y, 0.0)
}

fn click_at(app: &mut TestApp, kind: ViewKind, at: Point<Lps>) {
    let at = app.screen(kind, at);
    app.click(at);
}

fn said(app: &TestApp, part: &str) -> bool {
    app.harness.query_all_by_label_contains(part).count() > 0
}

/// Draws one of every kind on the axial slice through `at`.
fn draw_all(app: &mut TestApp, at: Point<Lps>) {
    choose(app, MeasurementKind::Distance);
    click_at(app, ViewKind::Axial, at);
    click_at(app, ViewKind::Axial, off(at, -30., 0.));
    choose(app, MeasurementKind::Angle);
    for point in [off(at, 20., 0.), at, off(at, 0., 20.)] {
        click_at(app, ViewKind::Axial, point);
    }
    choose(app, MeasurementKind::Cobb);
    for point in [(-40., -10.), (0., -10.), (-40., -30.), (0., -50.)] {
        click_at(app, ViewKind::Axial, off(at, point.0, point.1));
    }
    // A region by a drag, another by two clicks.
    choose(app, MeasurementKind::Ellipse);
    let from = app.screen(ViewKind::Axial, off(at, 30., -40.));
    let to = app.screen(ViewKind::Axial, off(at, 50., -24.));
    app.drag(from, to);
    choose(app, MeasurementKind::Rectangle);
    click_at(app, ViewKind::Axial, off(at, 10., -60.));
    click_at(app, ViewKind::Axial, off(at, 20., -70.));
    choose(app, MeasurementKind::Point);
    click_at(app, ViewKind::Axial, off(at, 5., -20.));
    choose(app, MeasurementKind::Arrow);
    click_at(app, ViewKind::Axial, off(at, -20., 10.));
    click_at(app, ViewKind::Axial, off(at, -40., 25.));
    app.settle();
}

#[test]
fn every_kind_is_drawn_undone_saved_and_reopened() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let at = middle(&home, &mut app);
    draw_all(&mut app, at);
    let kinds: Vec<MeasurementKind> = drawn(&app).iter().map(|drawn| drawn.kind).collect();
    assert_eq!(kinds, MeasurementKind::ALL);
    let all = drawn(&app);
    assert!((all[0].distance_mm().unwrap() - 30.0).abs() < 0.5);
    assert!((all[1].angle().unwrap().0 - 90.0).abs() < 2.0);
    // tan⁻¹(20 / 40)
    assert!((all[2].angle().unwrap().0 - 26.57).abs() < 2.0);
    let ellipse = Region::of(&all[3]).unwrap();
    assert!(ellipse.center.distance(off(at, 40., -32.)) < 0.7);
    let [a, b] = ellipse.half_axes;
    assert!((a.length() - 10.0).abs() < 0.5 && (b.length() - 8.0).abs() < 0.5);
    assert!(a.dot(b).abs() < 1e-9);
    assert!(
        Region::of(&all[4])
            .unwrap()
            .center
            .distance(off(at, 15., -65.))
            < 0.7
    );

    // The new arrow waits for its words.
    app.harness
        .event(egui::Event::Text("nerve root".to_owned()));
    app.harness.run_steps(3);
    app.key(Modifiers::NONE, Key::Enter);
    app.settle();
    assert_eq!(last(&app).text, "nerve root");
    assert!(said(&app, "Arrow 7: nerve root"), "the list says so");
    assert!(said(&app, "Distance 1: ") && said(&app, " SD "));

    // One step each, back to nothing and forth again.
    let whole = drawn(&app);
    for left in (0..=7).rev() {
        app.key(Modifiers::COMMAND, Key::Z);
        assert_eq!(
            drawn(&app).len(),
            if left == 7 { 7 } else { left },
            "{left} left"
        );
    }
    assert!(app.harness.state().state.plan().is_empty());
    for _ in 0..8 {
        app.key(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    }
    assert_eq!(drawn(&app), whole);

    let path = home.path().join("marks.stylet.json");
    let save = FileCommand::SaveAs(path.clone());
    app.harness.state_mut().state.apply(save);
    app.settle();
    drop(app);
    let app = TestApp::open(&home, vec![home.ct()], Some(path.clone()));
    let (_, plan) = PlanFile::read(&path).unwrap();
    for (again, before) in drawn(&app).iter().zip(&whole) {
        assert_eq!((again.kind, &again.text), (before.kind, &before.text));
        for (a, b) in again.points.iter().zip(&before.points) {
            assert!(a.distance(*b) < 1e-9);
        }
    }
    assert_eq!((drawn(&app).len(), plan.measurements.len()), (7, 7));
}

#[test]
fn handles_reshape_and_lines_move_and_escape_gives_back() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let at = middle(&home, &mut app);
    choose(&mut app, MeasurementKind::Rectangle);
    let from = app.screen(ViewKind::Axial, off(at, 10., -20.));
    let to = app.screen(ViewKind::Axial, off(at, 70., -80.));
    app.drag(from, to);
    app.key(Modifiers::NONE, Key::W);
    let before = last(&app);
    let region = Region::of(&before).unwrap();
    let [a, b] = region.half_axes;

    // An end of an axis: turned and stretched about the middle, the other as long as it was.
    let handle = app.screen(ViewKind::Axial, region.center + a);
    let led = app.screen(ViewKind::Axial, region.center + a * 1.4 + b * 0.8);
    app.drag(handle, led);
    let turned = Region::of(&last(&app)).unwrap();
    assert!(turned.center.distance(region.center) < 1e-9);
    assert!(turned.half_axes[0].length() > 1.2 * a.length());
    assert!((turned.half_axes[1].length() - b.length()).abs() < 1e-6);
    assert!(turned.half_axes[0].dot(turned.half_axes[1]).abs() < 1e-6);
    app.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(last(&app), before);

    // The line moves the whole; Escape gives it back.
    let edge = region.center + a + b * 0.7;
    let from = app.screen(ViewKind::Axial, edge);
    app.drag_part(from, moved(from, 12.0, 9.0));
    let shifted = last(&app);
    let by = shifted.points[0] - before.points[0];
    assert!(by.length() > 1.0);
    for (now, then) in shifted.points.iter().zip(&before.points) {
        assert!((*now - *then - by).length() < 1e-9);
    }
    app.key(Modifiers::NONE, Key::Escape);
    assert_eq!(last(&app), before);
    app.press(moved(from, 12.0, 9.0), false);

    // Selected by the press; deleted by the key.
    app.key(Modifiers::NONE, Key::Delete);
    assert!(drawn(&app).is_empty());
    app.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(drawn(&app).len(), 1);
}

#[test]
fn escape_drops_what_is_half_drawn_and_then_the_tool() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let at = middle(&home, &mut app);
    app.key(Modifiers::NONE, Key::Q);
    let from = app.screen(ViewKind::Axial, off(at, 10., -20.));
    app.drag_part(from, moved(from, 40.0, 30.0));
    assert!(app.harness.state().state.draft.is_some());
    app.key(Modifiers::NONE, Key::Escape);
    app.press(moved(from, 40.0, 30.0), false);
    assert!(drawn(&app).is_empty() && app.harness.state().state.draft.is_none());
    let tool = |app: &TestApp| app.harness.state().state.tool;
    assert_eq!(tool(&app), ToolKind::Measure(MeasurementKind::Ellipse));
    app.key(Modifiers::NONE, Key::Escape);
    assert_eq!(tool(&app), ToolKind::Window);

    // A double click is one corner, not a region of no size.
    app.key(Modifiers::NONE, Key::Q);
    app.click(from);
    app.click(moved(from, 1.0, 1.0));
    assert!(drawn(&app).is_empty() && app.harness.state().state.draft.is_some());
    app.click(moved(from, 30.0, 40.0));
    assert_eq!(drawn(&app).len(), 1);
}

#[test]
fn a_cobb_angle_is_two_drags_in_any_plane() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let at = middle(&home, &mut app);
    app.key(Modifiers::NONE, Key::U);
    let place = |y: f64, z: f64| at + Vector::new(0.0, y, z);
    for (from, to) in [
        (place(-50., 20.), place(-10., 20.)),
        (place(-50., -10.), place(-10., -25.)),
    ] {
        let (from, to) = (
            app.screen(ViewKind::Sagittal, from),
            app.screen(ViewKind::Sagittal, to),
        );
        app.drag(from, to);
    }
    let cobb = last(&app);
    assert_eq!(cobb.kind, MeasurementKind::Cobb);
    // tan⁻¹(15 / 40)
    assert!((cobb.angle().unwrap().0 - 20.56).abs() < 2.0);
    assert!(
        cobb.points
            .iter()
            .all(|point| (point.0.x - at.0.x).abs() < 1e-6)
    );
}

#[test]
fn regions_lie_in_the_plane_of_a_needle_view_and_say_their_values_there() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let (entry, target) = home.truth("facet_cleft", "L2-L3", "right");
    app.go_to(target);
    let state = &mut app.harness.state_mut().state;
    state.apply(PlanCommand::Place(TrajectoryEnd::Target, target));
    let tilted = entry + Vector::new(-9.0, 0.0, 15.0);
    state.apply(PlanCommand::Place(TrajectoryEnd::Entry, tilted));
    app.settle();
    let kind = ViewCommand::Kind(ViewportId(3), ViewKind::AlongNeedle);
    app.harness.state_mut().state.apply(kind);
    app.settle();
    let id = app.viewport(ViewKind::AlongNeedle);
    let plane = app.harness.state().state.plane_of(id).unwrap();
    assert!(plane.normal().0.z.abs() < 0.99, "an oblique plane");
    choose(&mut app, MeasurementKind::Ellipse);
    let middle = app.needle().segment().unwrap().at(0.6);
    let corner = |x: f64, y: f64| middle + plane.right * x + plane.down * y;
    let from = app.screen(ViewKind::AlongNeedle, corner(4., -8.));
    let to = app.screen(ViewKind::AlongNeedle, corner(24., 8.));
    app.drag(from, to);
    let region = Region::of(&last(&app)).unwrap();
    let normal = plane.normal();
    assert!(plane.signed_distance_mm(region.center).abs() < 1e-6);
    assert!(
        region
            .half_axes
            .iter()
            .all(|half| half.dot(normal).abs() < 1e-6)
    );
    let volume = app.harness.state().state.images().unwrap().volume;
    let found = region.statistics(volume).unwrap();
    assert_eq!(found.sampling, Sampling::Interpolated);
    assert!(said(
        &app,
        &format!("Ellipse 1: mean {:.1} HU", found.mean).replace('-', "−")
    ));
}

#[test]
fn every_length_and_angle_says_how_far_it_may_be_off() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let at = middle(&home, &mut app);
    let state = &mut app.harness.state_mut().state;
    let id = state.plan().next_measurement_id();
    let line = vec![at, off(at, -30., 0.)];
    let line = Measurement::new(id, MeasurementKind::Distance, line);
    state.apply(PlanCommand::Edit(
        "Measure length",
        PlanEdit::AddMeasurement(line.clone()),
    ));
    app.settle();
    let volume = app.harness.state().state.images().unwrap().volume;
    let half = HalfVoxel::of_grid(&volume.geometry);
    let by_hand = volume.geometry.spacing_mm[0] / 2_f64.sqrt();
    assert!((line.uncertainty_mm(&half).unwrap() - by_hand).abs() < 1e-3);
    assert!(said(&app, &format!("Distance 1: 30.0 ± {by_hand:.1} mm")));
    app.click_label(&format!("Distance 1: 30.0 ± {by_hand:.1} mm"));
    let there = app.harness.state().state.crosshair;
    assert!(
        there.distance(off(at, -15., 0.)) < 0.1,
        "the views go there"
    );
}

/// Values of the coarse study, seed 0, as numpy 2 and scipy 1 computed them from the files (stored
/// pixels with slope and intercept; `map_coordinates` of order 1 for the oblique ones).
#[test]
fn statistics_of_the_simulated_study_are_those_of_numpy() {
    let home = Home::new();
    let app = TestApp::on_sample(&home);
    let volume = app.harness.state().state.images().unwrap().volume;
    let center = Point::new(-1.175, -103.0125, -406.956_127);
    let flat = [Vector::new(24., 7., 0.), Vector::new(-4.2, 14.4, 0.)];
    let slanted = [Vector::new(12., 0., 16.), Vector::new(0., 15., 0.)];
    // shape, half axes, samples, mean, standard deviation, least, greatest, area
    let wanted = [
        (
            RegionShape::Ellipse,
            flat,
            141,
            [183.326_241, 229.913_474, -125.0, 687.0, 1_178.097_245],
        ),
        (
            RegionShape::Rectangle,
            flat,
            180,
            [178.1, 228.079_423, -125.0, 687.0, 1500.0],
        ),
        (
            RegionShape::Ellipse,
            slanted,
            111,
            [202.297_383, 172.365_992, -38.890_999, 535.585, 942.477_796],
        ),
        (
            RegionShape::Rectangle,
            slanted,
            143,
            [205.866_077, 177.352_454, -71.872_5, 535.585, 1200.0],
        ),
    ];
    for (shape, half_axes, samples, numbers) in wanted {
        let region = Region {
            shape,
            center,
            half_axes,
        };
        let found = region.statistics(volume).unwrap();
        let kind = if half_axes == flat {
            Sampling::Voxels
        } else {
            Sampling::Interpolated
        };
        assert_eq!(
            (found.samples, found.sampling),
            (samples, kind),
            "{shape:?}"
        );
        let [mean, deviation, least, greatest, area_mm2] = numbers;
        for (found, wanted) in [
            (found.mean, mean),
            (found.standard_deviation, deviation),
            (found.minimum, least),
            (found.maximum, greatest),
            (found.area_mm2, area_mm2),
        ] {
            assert!(
                (found - wanted).abs() < 1e-4,
                "{shape:?}: {found}, not {wanted}"
            );
        }
    }
}
