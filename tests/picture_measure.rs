//! The journey of a person with a run: play it, stop, measure, calibrate, undo, save, open again.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test may fail loudly anywhere"
)]

#[path = "common/app.rs"]
mod app;
#[path = "common/dicom_file.rs"]
mod dicom_file;
#[path = "common/xa_run.rs"]
mod xa_run;

use std::time::{Duration, Instant};

use app::{Home, TestApp};
use dicom_dictionary_std::tags;
use egui::{Key, Modifiers, Pos2};
use egui_kittest::kittest::Queryable as _;
use stylet::app::command::{FileCommand, StudyCommand};
use stylet::app::picture_commands::PictureCommand;
use stylet::plan::{KnownObject, MeasurementKind, PictureMeasurement, PlanFile};

use dicom_file::{DicomFile, items};
use xa_run::{GEOMETRY, masked, run, stating};

const SIDE: usize = 64;

/// The window on a run of `frames` frames, 0.14 mm a pixel at the isocentre.
fn on_run(home: &Home, frames: usize) -> TestApp {
    let file = stating(run(frames, SIDE), &GEOMETRY);
    on_file(home, &stating(file, &[(tags::FRAME_TIME, "20")]))
}

/// The window on a file.
fn on_file(home: &Home, file: &DicomFile) -> TestApp {
    let folder = home.path().join("run");
    std::fs::create_dir_all(&folder).unwrap();
    file.write(&folder, "run.dcm");
    let mut app = TestApp::open(home, vec![folder], None);
    let state = &mut app.harness.state_mut().state;
    let (_, series) = state.catalog.series().next().unwrap();
    let series = series.uid.clone();
    state.apply(StudyCommand::Show { series, stack: 0 });
    app.settle();
    app
}

/// Where the centre of a pixel is: the picture is square and fitted into the middle.
fn at(app: &TestApp, [column, row]: [f64; 2]) -> Pos2 {
    let area = app.harness.get_by_label("Picture view").rect();
    let side = area.width().min(area.height());
    let share = |place: f64| ((place + 0.5) / SIDE as f64 - 0.5) as f32;
    area.center() + egui::vec2(share(column), share(row)) * side
}

fn click(app: &mut TestApp, place: [f64; 2]) {
    let at = at(app, place);
    app.click(at);
}

fn drawn(app: &TestApp) -> Vec<PictureMeasurement> {
    let plan = app.harness.state().state.plan();
    plan.pictures.measurements.clone()
}

fn says(app: &TestApp, part: &str) -> bool {
    app.harness.query_all_by_label_contains(part).count() > 0
}

fn frame(app: &TestApp) -> usize {
    let stage = app.harness.state().state.stage.as_ref();
    stage.unwrap().shown_frame()
}

#[test]
fn a_run_is_played_measured_calibrated_undone_and_saved() {
    let home = Home::new();
    let mut app = on_run(&home, 30);
    assert!(says(&app, "50.0 frames/s (file)"));
    app.click_label("Play");
    let start = Instant::now();
    while frame(&app) < 3 {
        app.harness.step();
        std::thread::sleep(Duration::from_millis(5));
        assert!(start.elapsed() < Duration::from_mins(1), "it never played");
    }
    app.key(Modifiers::NONE, Key::Space);
    app.settle();
    let stopped = frame(&app);
    app.key(Modifiers::NONE, Key::ArrowRight);
    app.settle();
    assert_eq!(frame(&app), (stopped + 1).min(29));
    app.key(Modifiers::NONE, Key::ArrowLeft);
    app.settle();
    let shown = frame(&app);

    // 30 columns and 40 rows are 50 pixels of 0.14 mm.
    app.key(Modifiers::NONE, Key::L);
    click(&mut app, [10.0, 10.0]);
    click(&mut app, [40.0, 50.0]);
    let measured = drawn(&app);
    assert_eq!(measured.len(), 1);
    assert_eq!(
        (measured[0].kind, measured[0].frame),
        (MeasurementKind::Distance, shown)
    );
    assert!(says(&app, "7.0 mm (SID/SOD 1.43)"));

    // A calibration on 20 columns that are 25 mm: 1.25 mm a pixel.
    app.click_label("Calibrate on a length");
    click(&mut app, [20.0, 60.0]);
    click(&mut app, [40.0, 60.0]);
    app.click_label("Calibrate");
    let made = app
        .harness
        .state()
        .state
        .plan()
        .pictures
        .calibrations
        .clone();
    assert_eq!((made.len(), made[0].object), (1, KnownObject::Length));
    let length = |app: &TestApp| {
        let state = &app.harness.state().state;
        let scale = state.picture_scale(&[]).unwrap();
        let [from, to] = [measured[0].points[0], measured[0].points[1]];
        scale.distance_mm(from, to)
    };
    assert!((length(&app) - 62.5).abs() < 0.5, "{}", length(&app));
    assert!(says(&app, "mm (own calibration)"));

    app.key(Modifiers::COMMAND, Key::Z);
    assert!(
        says(&app, "7.0 mm (SID/SOD 1.43)"),
        "the file's scale again"
    );
    app.key(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    assert!(says(&app, "mm (own calibration)"));

    let path = home.path().join("run.stylet.json");
    let state = &mut app.harness.state_mut().state;
    state.apply(FileCommand::SaveAs(path.clone()));
    app.settle();
    let (_, saved) = PlanFile::read(&path).unwrap();
    assert_eq!(saved.pictures.calibrations, made);
    assert_eq!(saved.pictures.measurements[0].points, measured[0].points);
    assert_eq!(saved.pictures.measurements[0].image.as_str(), "1.2.3.77.1");
}

/// The view that a plan keeps is that of its CT: opened beside a picture, it leaves the picture its
/// own, and it is still there when the plan is saved.
#[test]
fn the_window_of_a_plan_leaves_the_picture_its_own() {
    let home = Home::new();
    let mut app = on_run(&home, 3);
    app.key(Modifiers::NONE, Key::L);
    click(&mut app, [10.0, 10.0]);
    click(&mut app, [40.0, 50.0]);
    let path = home.path().join("run.stylet.json");
    let state = &mut app.harness.state_mut().state;
    state.apply(FileCommand::SaveAs(path.clone()));
    app.settle();

    let text = std::fs::read_to_string(&path).unwrap();
    let mut plan: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(plan["view"]["window"].is_null(), "none was seen yet");
    plan["view"]["window"] = serde_json::json!({"center": 40.0, "width": 400.0});
    plan["view"]["crosshair"] = serde_json::json!([1.0, 2.0, 3.0]);
    let again = home.path().join("again.stylet.json");
    std::fs::write(&again, plan.to_string()).unwrap();
    let window = |app: &TestApp| app.harness.state().state.presentation().unwrap().window;
    let before = window(&app);
    let state = &mut app.harness.state_mut().state;
    state.apply(FileCommand::Open(again.clone()));
    app.settle();
    assert_eq!(drawn(&app).len(), 1, "the plan was opened");
    assert_eq!(window(&app), before);
    app.harness.state_mut().state.apply(FileCommand::Save);
    app.settle();
    let text = std::fs::read_to_string(&again).unwrap();
    let saved: serde_json::Value = serde_json::from_str(&text).unwrap();
    for key in ["window", "crosshair"] {
        assert_eq!(saved["view"][key], plan["view"][key], "{key}");
    }
}

#[test]
fn angles_are_drawn_points_led_and_measurements_deleted() {
    let home = Home::new();
    let mut app = on_run(&home, 3);
    app.key(Modifiers::NONE, Key::A);
    for place in [[50.0, 30.0], [20.0, 30.0], [20.0, 5.0]] {
        click(&mut app, place);
    }
    assert!(says(&app, "90.0°") || says(&app, "90.1°") || says(&app, "89.9°"));
    app.key(Modifiers::NONE, Key::U);
    for place in [[10.0, 40.0], [50.0, 40.0], [10.0, 50.0], [30.0, 60.0]] {
        click(&mut app, place);
    }
    let kinds: Vec<MeasurementKind> = drawn(&app).iter().map(|drawn| drawn.kind).collect();
    assert_eq!(kinds, [MeasurementKind::Angle, MeasurementKind::Cobb]);
    // atan(10 / 20)
    assert!(says(&app, "26."), "the Cobb angle");

    // With the window tool a point follows the pointer, as one step.
    app.key(Modifiers::NONE, Key::W);
    let (from, to) = (at(&app, [50.0, 30.0]), at(&app, [45.0, 55.0]));
    app.drag(from, to);
    assert!(says(&app, "135.0°") || says(&app, "135.1°") || says(&app, "134.9°"));
    app.key(Modifiers::COMMAND, Key::Z);
    let back = drawn(&app)[0].points[0];
    assert!((back[0] - 50.0).abs() < 0.5 && (back[1] - 30.0).abs() < 0.5);

    // On another frame they are listed, and a click leads back.
    app.key(Modifiers::NONE, Key::ArrowRight);
    app.settle();
    assert!(says(&app, "Angle 1: on frame 1"));
    app.click_label("Angle 1: on frame 1");
    app.settle();
    assert_eq!(frame(&app), 0);
    app.key(Modifiers::NONE, Key::Delete);
    assert_eq!(drawn(&app).len(), 1);
}

/// Rows of the left half are twice as far apart as its columns; those of the right half are not.
#[test]
fn angles_in_a_region_of_an_ultrasound_picture_are_those_in_the_tissue() {
    let home = Home::new();
    let region = |columns: [u32; 2], delta_y: f64| {
        let word = |tag, value: u16| (tag, *b"US", value.to_le_bytes().to_vec());
        let place = |tag, value: u32| (tag, *b"UL", value.to_le_bytes().to_vec());
        let delta = |tag, value: f64| (tag, *b"FD", value.to_le_bytes().to_vec());
        vec![
            word(tags::REGION_SPATIAL_FORMAT, 1),
            word(tags::PHYSICAL_UNITS_X_DIRECTION, 3),
            word(tags::PHYSICAL_UNITS_Y_DIRECTION, 3),
            place(tags::REGION_LOCATION_MIN_X0, columns[0]),
            place(tags::REGION_LOCATION_MIN_Y0, 0),
            place(tags::REGION_LOCATION_MAX_X1, columns[1]),
            place(tags::REGION_LOCATION_MAX_Y1, SIDE as u32 - 1),
            delta(tags::PHYSICAL_DELTA_X, 0.01),
            delta(tags::PHYSICAL_DELTA_Y, delta_y),
        ]
    };
    let regions = items(&[region([0, 31], 0.02), region([32, 63], 0.01)]);
    let file = run(3, SIDE).text(tags::MODALITY, *b"CS", "US").raw(
        tags::SEQUENCE_OF_ULTRASOUND_REGIONS,
        *b"SQ",
        regions,
    );
    let mut app = on_file(&home, &file);
    let near = |app: &TestApp, words: [&str; 3]| words.iter().any(|words| says(app, words));
    // 20 columns and 10 rows are 2 mm each: 45°. On the screen they would be 26.6°.
    app.key(Modifiers::NONE, Key::A);
    for place in [[28.0, 30.0], [8.0, 30.0], [28.0, 40.0]] {
        click(&mut app, place);
    }
    assert!(near(&app, ["44.9°", "45.0°", "45.1°"]));
    app.key(Modifiers::NONE, Key::U);
    for place in [[8.0, 10.0], [28.0, 10.0], [8.0, 5.0], [28.0, 25.0]] {
        click(&mut app, place);
    }
    // atan(20 · 0.2 / (20 · 0.1)); on the screen 45°.
    assert!(near(&app, ["63.3°", "63.4°", "63.5°"]));
}

/// The first frame of a subtracted run has no mask: its own window follows the pointer, and that
/// of the differences stays.
#[test]
fn a_drag_changes_the_window_of_what_is_on_the_screen() {
    let home = Home::new();
    let mut app = on_file(&home, &masked(run(8, SIDE), &[1, 2], [3, 8]));
    let command = |app: &mut TestApp, command: PictureCommand| {
        app.harness.state_mut().state.apply(command);
        app.settle();
    };
    let window = |app: &TestApp| {
        let stage = app.harness.state().state.stage.as_ref().unwrap();
        let shown = stage.shown_picture().unwrap();
        stage.shown_look(&shown).window
    };
    let stored = window(&app);
    command(&mut app, PictureCommand::Subtract(true));
    command(&mut app, PictureCommand::Step(4));
    let differences = window(&app);
    assert_ne!(differences, stored);
    command(&mut app, PictureCommand::Step(-4));
    assert_eq!(window(&app), stored);
    app.key(Modifiers::NONE, Key::W);
    let (from, to) = (at(&app, [20.0, 40.0]), at(&app, [30.0, 40.0]));
    app.drag(from, to);
    let wider = window(&app);
    assert!(wider.width > stored.width, "{wider:?}");
    assert_eq!(wider.center, stored.center);
    command(&mut app, PictureCommand::Step(4));
    assert_eq!(window(&app), differences);
    app.drag(from, to);
    assert!(window(&app).width > differences.width);
    command(&mut app, PictureCommand::Step(-4));
    assert_eq!(window(&app), wider);
}

#[test]
fn a_mark_that_is_undone_while_it_is_led_follows_the_pointer_no_more() {
    let home = Home::new();
    let mut app = on_run(&home, 3);
    app.key(Modifiers::NONE, Key::L);
    click(&mut app, [10.0, 10.0]);
    click(&mut app, [40.0, 10.0]);
    let before = drawn(&app);
    app.key(Modifiers::NONE, Key::W);
    let window = |app: &TestApp| {
        app.harness
            .state()
            .state
            .stage
            .as_ref()
            .unwrap()
            .presentation
            .window
    };
    let look = window(&app);
    let (from, half, to) = (
        at(&app, [40.0, 10.0]),
        at(&app, [40.0, 30.0]),
        at(&app, [50.0, 50.0]),
    );
    app.drag_part(from, half);
    assert_ne!(drawn(&app), before);
    app.key(Modifiers::COMMAND, Key::Z);
    assert_eq!(drawn(&app), before);
    app.hover(to);
    app.hover(half);
    app.press(half, false);
    app.settle();
    assert_eq!(drawn(&app), before, "it stays where it was");
    assert_eq!(window(&app), look, "and the window is not led instead");
    app.key(Modifiers::COMMAND, Key::Z);
    assert!(drawn(&app).is_empty(), "the step before it");
}

#[test]
fn an_object_marked_on_one_picture_calibrates_no_other() {
    let home = Home::new();
    let folder = home.path().join("two");
    std::fs::create_dir_all(&folder).unwrap();
    for number in ["1", "2"] {
        run(1, SIDE)
            .text(
                tags::SOP_INSTANCE_UID,
                *b"UI",
                &format!("1.2.3.77.{number}"),
            )
            .text(tags::INSTANCE_NUMBER, *b"IS", number)
            .write(&folder, &format!("{number}.dcm"));
    }
    let mut app = TestApp::open(&home, vec![folder], None);
    let state = &mut app.harness.state_mut().state;
    let (_, series) = state.catalog.series().next().unwrap();
    let series = series.uid.clone();
    state.apply(StudyCommand::Show { series, stack: 0 });
    app.settle();
    let mark = |app: &mut TestApp| {
        click(app, [20.0, 60.0]);
        click(app, [40.0, 60.0]);
        app.harness.get_by_label("Calibrate");
    };
    let made = |app: &TestApp| {
        let plan = app.harness.state().state.plan();
        plan.pictures.calibrations.clone()
    };
    app.click_label("Calibrate on a sphere");
    mark(&mut app);
    app.key(Modifiers::NONE, Key::ArrowRight);
    app.settle();
    assert_eq!(frame(&app), 1);
    assert!(app.harness.query_by_label("Calibrate").is_none());
    let state = &mut app.harness.state_mut().state;
    state.apply(PictureCommand::Calibrate(25.0));
    assert!(made(&app).is_empty(), "the mark was on the other picture");
    mark(&mut app);
    app.click_label("Calibrate");
    assert_eq!(made(&app).len(), 1);
    assert_eq!(made(&app)[0].image.as_str(), "1.2.3.77.2");
}

#[test]
fn a_plan_of_another_patient_takes_no_marks_of_these_pictures() {
    let home = Home::new();
    let mut app = on_run(&home, 3);
    app.key(Modifiers::NONE, Key::L);
    click(&mut app, [10.0, 10.0]);
    click(&mut app, [40.0, 10.0]);
    assert_eq!(drawn(&app).len(), 1);
    // The same plan over the run of another patient.
    let folder = home.path().join("other");
    std::fs::create_dir_all(&folder).unwrap();
    run(3, SIDE)
        .text(tags::PATIENT_ID, *b"LO", "P2")
        .text(tags::PATIENT_NAME, *b"PN", "Other^Body")
        .text(tags::STUDY_INSTANCE_UID, *b"UI", "1.9")
        .text(tags::SERIES_INSTANCE_UID, *b"UI", "1.9.1")
        .text(tags::SOP_INSTANCE_UID, *b"UI", "1.9.1.1")
        .write(&folder, "run.dcm");
    let state = &mut app.harness.state_mut().state;
    state.apply(StudyCommand::Import(vec![folder]));
    app.settle();
    let state = &mut app.harness.state_mut().state;
    let series = stylet::study::SeriesUid::new("1.9.1");
    state.apply(StudyCommand::Show { series, stack: 0 });
    app.settle();
    app.key(Modifiers::NONE, Key::L);
    click(&mut app, [10.0, 20.0]);
    click(&mut app, [40.0, 20.0]);
    assert_eq!(drawn(&app).len(), 1, "nothing is added");
    assert!(says(&app, "another patient"));
}
