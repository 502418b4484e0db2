//! Simulated fluoroscopy in the real window: the picture comes, follows the pointer and the
//! presets, shows the needle with the geometry of its beam, and is saved as DICOM.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly anywhere"
)]

#[path = "common/app.rs"]
mod app;

use std::ops::ControlFlow;
use std::sync::Arc;

use app::{Home, TestApp, moved};
use egui_kittest::kittest::Queryable as _;
use stylet::app::command::{PlanCommand, ViewCommand};
use stylet::app::drr_stage::{DrrCommand, DrrPicture, PIXELS};
use stylet::app::viewport::ViewKind;
use stylet::geometry::CArmAngles;
use stylet::plan::TrajectoryEnd;
use stylet::study::ShutterShape;
use stylet::volume::drr::Film;

const VIEW: &str = "Simulated fluoroscopy view";

fn picture(app: &TestApp) -> Arc<DrrPicture> {
    Arc::clone(app.harness.state().state.drr.picture().unwrap())
}

#[test]
fn a_needle_is_seen_end_on_from_its_angles_and_the_picture_is_saved() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    // From the 3D view's own menu.
    app.click_label("3D");
    app.click_label("Simulated fluoroscopy");
    app.settle();
    app.harness.get_by_label(VIEW);
    let first = picture(&app);
    assert!(first.full && first.receptor.size == [PIXELS; 2]);
    // The sample lies prone: the receptor over the back, patient left at picture left.
    assert!((first.pose.angles.primary.0 - 180.0).abs() < 1e-9);
    assert!(first.beam.right.0.x < -0.999);
    // Bone, soft tissue and air beside the patient.
    let most = first.integrals.iter().copied().fold(0.0, f32::max);
    assert!(most > 2.0, "{most}");

    let (entry, target) = home.truth("facet_cleft", "L2-L3", "right");
    let state = &mut app.harness.state_mut().state;
    state.apply(PlanCommand::NewNeedle);
    state.apply(PlanCommand::Place(TrajectoryEnd::Target, target));
    state.apply(PlanCommand::Place(TrajectoryEnd::Entry, entry));
    let along = CArmAngles::of_needle(target - entry).unwrap();
    state.apply(DrrCommand::Angles(along));
    app.settle();
    let end_on = picture(&app);
    assert!(end_on.pose.isocenter.distance(target) < 1e-9);
    let at = |point| end_on.beam.project(point).unwrap().receptor_mm;
    assert!((at(entry) - at(target)).length() < 0.01, "bull's-eye");
    assert_eq!(end_on.pose.angles, along);

    // Dragging to the right turns the patient to the right under the receptor.
    let middle = app.harness.get_by_label(VIEW).rect().center();
    app.drag(middle, moved(middle, 50.0, 20.0));
    let turned = picture(&app).pose.angles;
    let by = stylet::geometry::wrap_180(stylet::geometry::Degrees(
        turned.primary.0 - along.primary.0,
    ));
    assert!((by.0 + 15.0).abs() < 1.0, "{by:?}");
    assert!((turned.secondary.0 - along.secondary.0 - 6.0).abs() < 1.0);

    // A preset from the menu of the view, and film greys.
    app.click_label("Simulated fluoroscopy");
    app.click_label("Oblique 25° right");
    app.settle();
    assert!((picture(&app).pose.angles.primary.0 + 155.0).abs() < 1e-9);
    let film = picture(&app).greys(Film::Radiograph, None);
    let fluoroscopy = picture(&app).greys(Film::Fluoroscopy, None);
    let whitest = film
        .iter()
        .zip(&fluoroscopy)
        .filter(|(film, _)| **film == 255);
    assert!(whitest.clone().count() > 100);
    // The last white step is 0.3 % of the range below the end, (0.003)^0.7 of 255 from black.
    assert!(whitest.clone().all(|(_, dark)| *dark < 6), "bone");

    // Saved through the menu.
    let folder = home.path().join("saved");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("radiograph.dcm");
    let state = &mut app.harness.state_mut().state;
    state.apply(DrrCommand::Collimate(Some([100.0, 60.0])));
    state.apply(DrrCommand::Save(file.clone()));
    app.settle();
    assert!(app.says("Saved the simulated radiograph"));
    let report = stylet::dicom::scan(&[folder], &|_, _| ControlFlow::Continue(())).unwrap();
    let (_, series) = report.catalog.series().next().unwrap();
    assert_eq!(series.modality, "XA");
    // Any viewer shows it as collimated as it was here.
    let shown = picture(&app);
    let opening = app.harness.state().state.drr.opening(&shown.receptor);
    let [left, right, top, bottom] = opening.unwrap().map(|edge| edge as i64 + 1);
    let shutter = &series.instances[0].picture.shutter;
    let open = ShutterShape::Rectangle {
        rows: [top, bottom],
        columns: [left, right],
    };
    assert_eq!((shutter.shapes.as_slice(), shutter.grey), (&[open][..], 0));
}

#[test]
fn while_the_c_arm_moves_a_coarse_picture_comes_first() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let id = app.viewport(ViewKind::Volume3d);
    let state = &mut app.harness.state_mut().state;
    state.apply(ViewCommand::Kind(id, ViewKind::Drr));
    app.settle();
    let before = picture(&app);
    let state = &mut app.harness.state_mut().state;
    state.apply(DrrCommand::Turn {
        primary: stylet::geometry::Degrees(10.0),
        secondary: stylet::geometry::Degrees(0.0),
    });
    let next = loop {
        app.harness.run_steps(1);
        let now = picture(&app);
        if !Arc::ptr_eq(&now, &before) {
            break now;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    };
    assert!(!next.full || next.receptor.size == [PIXELS; 2]);
    app.settle();
    assert!(picture(&app).full);
    assert_eq!(picture(&app).pose.angles, next.pose.angles);
}

#[test]
fn a_picture_of_before_is_not_shown_for_where_the_c_arm_stands_now() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let id = app.viewport(ViewKind::Volume3d);
    let state = &mut app.harness.state_mut().state;
    state.apply(ViewCommand::Kind(id, ViewKind::Drr));
    app.settle();
    let before = picture(&app);
    // What projects goes with the last view of this kind; the C-arm is aimed from its panel.
    let state = &mut app.harness.state_mut().state;
    state.apply(ViewCommand::Kind(id, ViewKind::Axial));
    app.settle();
    let state = &mut app.harness.state_mut().state;
    state.apply(DrrCommand::Turn {
        primary: stylet::geometry::Degrees(30.0),
        secondary: stylet::geometry::Degrees(0.0),
    });
    state.apply(ViewCommand::Kind(id, ViewKind::Drr));
    app.harness.run_steps(1);
    let shown = app.harness.state().state.drr.picture().cloned();
    assert!(shown.is_none_or(|now| now.pose != before.pose));
    app.settle();
    assert!(picture(&app).full && picture(&app).pose != before.pose);
}

#[test]
fn views_that_show_slices_and_the_simulated_one_get_along() {
    let home = Home::new();
    let mut app = TestApp::on_sample(&home);
    let id = app.viewport(ViewKind::Volume3d);
    let state = &mut app.harness.state_mut().state;
    state.apply(ViewCommand::Kind(id, ViewKind::Drr));
    for command in [
        ViewCommand::Scroll(id, 3.0),
        ViewCommand::Pan(id, glam::DVec2::new(5.0, 5.0)),
        ViewCommand::FlipHorizontally(id),
        ViewCommand::FlipVertically(id),
        ViewCommand::RotateQuarter(id),
        ViewCommand::Reset(id),
        ViewCommand::Maximise(id),
    ] {
        state.apply(command);
    }
    app.settle();
    app.harness.get_by_label(VIEW);
    assert!(picture(&app).full);
    app.harness
        .state_mut()
        .state
        .apply(ViewCommand::Kind(id, ViewKind::Axial));
    app.settle();
    app.harness.get_by_label("Axial view");
}
