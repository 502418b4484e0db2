//! Structures in the real window: read from the study, listed, shown, found, named at the pointer,
//! drawn by hand, undone, saved, recovered, refused.

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
use stylet::app::AppState;
use stylet::app::command::{Command, FileCommand, Selection, StructureCommand, ViewCommand};
use stylet::app::structure_stage::ShownStructure;
use stylet::app::tool::ToolKind;
use stylet::app::viewport::ViewKind;
use stylet::geometry::{Lps, Plane, Point, Vector};
use stylet::plan::{DrawnShape, DrawnStructure, PlanFile};
use stylet::volume::phantom::{PhantomGrid, Truth, write_sample_study};

fn truth(home: &Home) -> Truth {
    let text = std::fs::read_to_string(home.study().join("truth.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn open(home: &Home) -> TestApp {
    let mut app = TestApp::open(home, vec![home.study()], None);
    app.click_label("Structures");
    app
}

fn state(app: &TestApp) -> &AppState {
    &app.harness.state().state
}

fn place_of(app: &TestApp, name: &str) -> usize {
    let mut items = state(app).structures.items().iter();
    let found = items.position(|item| item.structure.name == name);
    found.unwrap_or_else(|| panic!("no structure {name}"))
}

fn item<'a>(app: &'a TestApp, name: &str) -> &'a ShownStructure {
    &state(app).structures.items()[place_of(app, name)]
}

fn search(app: &mut TestApp, words: &str) {
    app.harness.get_by_label("Find structure").focus();
    app.harness.run_steps(2);
    app.harness.get_by_label("Find structure").type_text(words);
    app.harness.run_steps(3);
}

fn plane(app: &TestApp, kind: ViewKind) -> Plane {
    state(app).plane_of(app.viewport(kind)).unwrap()
}

/// Whether the outlines of a structure are drawn in a view: shown, and cut by its very plane.
fn is_outlined(app: &TestApp, kind: ViewKind, name: &str) -> bool {
    let drawn = state(app).drawn_structures();
    let mut drawn = drawn.filter(|item| item.structure.name == name);
    let Some(item) = drawn.next() else {
        return false;
    };
    let cut = state(app).outlines.of(&plane(app, kind)).unwrap();
    !cut.lines(&item.structure).unwrap().is_empty()
}

fn drawn(app: &TestApp) -> Vec<DrawnStructure> {
    state(app).plan().structures.clone()
}

fn l4(home: &Home) -> Point<Lps> {
    let truth = truth(home);
    let found = truth.vertebrae.iter().find(|v| v.level == "L4").unwrap();
    Point::from_vec(found.centre_lps_mm)
}

#[test]
fn the_anatomy_of_the_sample_is_listed_shown_found_and_named() {
    let home = Home::new();
    let mut app = open(&home);
    let count = state(&app).structures.items().len();
    assert!(count > 60, "{count} structures");
    assert!(state(&app).structures.warnings.is_empty());
    let words = format!("{count} structures");
    assert!(app.harness.query_all_by_label_contains(&words).count() > 0);

    // In the middle of L4: outlined where a plane cuts it, named at the pointer.
    let middle = l4(&home);
    app.go_to(middle);
    for kind in [ViewKind::Axial, ViewKind::Sagittal, ViewKind::Coronal] {
        assert!(is_outlined(&app, kind, "L4 vertebra"), "{kind:?}");
    }
    assert!(!is_outlined(&app, ViewKind::Axial, "T12 vertebra"));
    let names = state(&app).structure_names_at(middle);
    assert_eq!(names.first().map(String::as_str), Some("L4 vertebra"));
    let pointer = app.screen(ViewKind::Axial, middle);
    app.hover(pointer);
    assert!(
        app.harness
            .query_all_by_label_contains("L4 vertebra")
            .count()
            > 0
    );

    // Off: neither line nor surface, and a name in brackets.
    search(&mut app, "L4 vertebra");
    app.click_label("Show L4 vertebra");
    app.settle();
    assert!(!item(&app, "L4 vertebra").visible);
    assert!(!is_outlined(&app, ViewKind::Axial, "L4 vertebra"));
    let surfaces = &state(&app).scene.structures;
    assert!(
        surfaces
            .iter()
            .all(|s| s.name != "L4 vertebra" || !s.visible)
    );
    assert_eq!(state(&app).structure_names_at(middle)[0], "(L4 vertebra)");

    // Found again from elsewhere: shown, with the crosshair inside it.
    app.go_to(middle + Vector::new(60.0, 0.0, 80.0));
    app.click_label("Find L4 vertebra");
    app.settle();
    let place = state(&app).crosshair;
    let found = item(&app, "L4 vertebra");
    assert!(found.visible && found.structure.mask.contains_point(place));
    assert!(is_outlined(&app, ViewKind::Coronal, "L4 vertebra"));

    // All off and on, by key and by button.
    app.key(Modifiers::NONE, Key::Escape);
    app.harness.get_by_label("L4 vertebra").focus();
    let pointer = app.screen(ViewKind::Axial, place);
    app.click(pointer);
    app.key(Modifiers::NONE, Key::J);
    assert!(state(&app).drawn_structures().next().is_none());
    assert!(state(&app).structure_names_at(place).is_empty());
    app.key(Modifiers::NONE, Key::J);
    app.click_label("All off");
    app.settle();
    assert!(
        state(&app)
            .structures
            .items()
            .iter()
            .all(|item| !item.visible)
    );
    app.click_label("All on");
    app.settle();
    assert!(
        state(&app)
            .structures
            .items()
            .iter()
            .all(|item| item.visible)
    );
}

#[test]
fn every_structure_is_found_inside_itself() {
    let home = Home::new();
    let mut app = open(&home);
    for index in 0..state(&app).structures.items().len() {
        let shown = state(&app).structures.items()[index].clone();
        if shown.voxels == 0 {
            continue;
        }
        let go = StructureCommand::GoTo(index);
        app.harness.state_mut().state.apply(go);
        let at = state(&app).crosshair;
        let name = &shown.structure.name;
        assert!(shown.structure.mask.contains_point(at), "{name}: {at:?}");
    }
}

#[test]
fn outlines_belong_to_the_plane_that_is_shown() {
    let home = Home::new();
    let mut app = open(&home);
    let middle = l4(&home);
    app.go_to(middle);
    for step in 0..6 {
        let at = middle + Vector::new(0.0, 0.0, 7.0 * f64::from(step));
        app.harness
            .state_mut()
            .state
            .apply(ViewCommand::Crosshair(at));
        // Also before anything new was cut.
        let shown = plane(&app, ViewKind::Axial);
        if let Some(cut) = state(&app).outlines.of(&shown) {
            assert!(cut.plane().signed_distance_mm(at).abs() < 1e-6);
        }
        app.settle();
        let cut = state(&app).outlines.of(&shown).unwrap();
        for item in state(&app).drawn_structures() {
            let mask = &item.structure.mask;
            for point in cut.lines(&item.structure).unwrap().iter().flatten() {
                // A line runs between a voxel inside and one outside: one inside is near.
                let at = cut.plane().point_at_mm(*point);
                assert!(shown.signed_distance_mm(at).abs() < 1e-6);
                let voxel = (mask.grid().voxel_from_lps * at).0;
                let near = |x: i32, y: i32| {
                    let near = voxel + glam::DVec3::new(f64::from(x), f64::from(y), 0.0) / 2.0;
                    let at = mask.grid().lps_from_voxel * Point::from_vec(near);
                    mask.contains_point(at)
                };
                let is_near = (-2..=2).any(|x| (-2..=2).any(|y| near(x, y)));
                assert!(is_near, "{} {at:?}", item.structure.name);
            }
        }
    }
}

/// Draws a sphere, a tube and a region with a stroke on the axial slice through `at`.
fn draw_all(app: &mut TestApp, at: Point<Lps>) {
    app.go_to(at);
    let middle = app.screen(ViewKind::Axial, at);
    let rim = app.screen(ViewKind::Axial, at + Vector::new(12.0, 0.0, 0.0));
    app.click_label("Sphere");
    app.drag(middle, rim);

    app.click_label("Tube");
    for x in [-20.0, 0.0, 25.0] {
        let point = app.screen(ViewKind::Axial, at + Vector::new(x, 30.0, 0.0));
        app.click(point);
    }
    app.key(Modifiers::NONE, Key::Enter);
    app.settle();

    app.click_label("Region");
    app.click(middle);
    app.settle();
    app.click_label("Brush +");
    app.drag(middle, moved(middle, 60.0, 0.0));
}

#[expect(clippy::too_many_lines, reason = "one journey, told in order")]
#[test]
fn structures_are_drawn_changed_undone_saved_and_recovered() {
    let home = Home::new();
    let mut app = open(&home);
    let at = l4(&home);
    draw_all(&mut app, at);
    let made = drawn(&app);
    assert_eq!(made.len(), 3, "{made:?}");
    let DrawnShape::Sphere { center, radius_mm } = made[0].shape else {
        panic!("{:?}", made[0].shape);
    };
    assert!(center.distance(at) < 0.6, "{center:?} {at:?}");
    assert!((radius_mm - 12.0).abs() < 0.8, "{radius_mm}");
    let DrawnShape::Tube { points, .. } = &made[1].shape else {
        panic!("{:?}", made[1].shape);
    };
    assert_eq!(points.len(), 3);
    let DrawnShape::Region {
        low, high, strokes, ..
    } = &made[2].shape
    else {
        panic!("{:?}", made[2].shape);
    };
    assert!(low < high && strokes.len() == 1 && strokes[0].points.len() > 2);

    // Each is a structure with voxels, an outline and a name.
    for name in ["Sphere 1", "Tube 1", "Region 1"] {
        assert!(item(&app, name).voxels > 0, "{name}");
        assert!(is_outlined(&app, ViewKind::Axial, name), "{name}");
    }
    let ball = item(&app, "Sphere 1").structure.mask.trimmed();
    let voxel_mm3 = {
        let grid = ball.grid();
        let edge = |v: [usize; 3]| grid.center(v) - grid.center([0; 3]);
        edge([1, 0, 0])
            .cross(edge([0, 1, 0]))
            .dot(edge([0, 0, 1]))
            .abs()
    };
    let volume_mm3 = ball.count() as f64 * voxel_mm3;
    let exact_mm3 = 4.0 / 3.0 * std::f64::consts::PI * radius_mm.powi(3);
    assert!(
        (volume_mm3 / exact_mm3 - 1.0).abs() < 0.1,
        "{volume_mm3} {exact_mm3}"
    );

    // One stroke is one step; so is the region.
    app.key(Modifiers::COMMAND, Key::Z);
    app.settle();
    let DrawnShape::Region { strokes, .. } = &drawn(&app)[2].shape else {
        panic!("no region");
    };
    assert!(strokes.is_empty());
    app.key(Modifiers::COMMAND, Key::Z);
    app.settle();
    assert_eq!(drawn(&app).len(), 2);
    assert!(
        state(&app)
            .structures
            .items()
            .iter()
            .all(|s| s.structure.name != "Region 1")
    );
    for _ in 0..2 {
        app.key(Modifiers::COMMAND | Modifiers::SHIFT, Key::Z);
    }
    app.settle();
    assert_eq!(drawn(&app), made);

    // The middle of the selected sphere is a handle: one drag, one step.
    app.click_label("All off");
    app.settle();
    app.harness
        .state_mut()
        .state
        .apply(StructureCommand::ShowAll(true));
    let sphere = Selection::Structure(made[0].id);
    app.harness.state_mut().state.apply(Command::Select(sphere));
    let window = Command::Tool(ToolKind::Window);
    app.harness.state_mut().state.apply(window);
    app.go_to(at);
    let from = app.screen(ViewKind::Axial, center);
    let aim = center + Vector::new(6.0, -15.0, 0.0);
    let to = app.screen(ViewKind::Axial, aim);
    app.drag(from, to);
    let DrawnShape::Sphere {
        center: led,
        radius_mm: same,
    } = drawn(&app)[0].shape
    else {
        panic!("no sphere");
    };
    assert!(led.distance(aim) < 0.6 && same == radius_mm, "{led:?}");

    // Saved, read back, and opened again as structures.
    let file = home.path().join("drawn.stylet.json");
    app.harness
        .state_mut()
        .state
        .apply(FileCommand::SaveAs(file.clone()));
    app.settle();
    let kept = drawn(&app);
    assert_eq!(PlanFile::read(&file).unwrap().1.structures.len(), 3);
    drop(app);
    let app = TestApp::open(&home, vec![home.study()], Some(file));
    let shapes = |all: &[DrawnStructure]| {
        let parts = all.iter().map(|d| (d.name.clone(), d.shape.clone()));
        parts.collect::<Vec<_>>()
    };
    assert_eq!(shapes(&drawn(&app)), shapes(&kept));
    assert!(item(&app, "Tube 1").voxels > 0);
}

#[test]
fn a_drawn_structure_outlives_a_program_that_ends_without_saving() {
    let home = Home::new();
    let mut app = open(&home);
    draw_all(&mut app, l4(&home));
    let made = drawn(&app);
    drop(app);
    let mut app = TestApp::open(&home, vec![home.study()], None);
    app.harness.state_mut().state.apply(FileCommand::Recover(0));
    app.settle();
    let names = |all: &[DrawnStructure]| -> Vec<_> {
        all.iter()
            .map(|d| (d.name.clone(), d.shape.clone()))
            .collect()
    };
    assert_eq!(names(&drawn(&app)), names(&made));
}

#[test]
fn a_segmentation_of_another_frame_of_reference_is_refused_with_words() {
    let home = Home::new();
    let mut app = open(&home);
    let before = state(&app).structures.items().len();
    // The label map of another body.
    let other = home.path().join("other");
    let go = &|_| std::ops::ControlFlow::Continue(());
    write_sample_study(1, &PhantomGrid::coarse(), &other, go).unwrap();
    let file = other.join("SEG/labels.dcm");
    app.harness
        .state_mut()
        .state
        .apply(StructureCommand::Open(vec![file]));
    app.settle();
    assert_eq!(state(&app).structures.items().len(), before);
    assert!(app.says("frame of reference"));
    let warnings = &state(&app).structures.warnings;
    assert!(
        warnings
            .iter()
            .any(|words| words.contains("frame of reference")),
        "{warnings:?}"
    );
    app.harness.run_steps(2);
    assert!(
        app.harness
            .query_all_by_label_contains("frame of reference")
            .count()
            > 0
    );
}

/// A NIfTI-1 label map of one label, `edge` voxels of 1 mm each way, about a patient point.
fn label_map(center: Point<Lps>, edge: i16) -> Vec<u8> {
    let mut file = vec![0; 352];
    let mut put = |at: usize, bytes: &[u8]| file[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &348_i32.to_le_bytes());
    for (index, dim) in [3, edge, edge, edge, 1, 1, 1, 1].into_iter().enumerate() {
        put(40 + 2 * index, &i16::to_le_bytes(dim));
    }
    put(70, &2_i16.to_le_bytes());
    put(72, &8_i16.to_le_bytes());
    put(108, &352_f32.to_le_bytes());
    put(254, &1_i16.to_le_bytes());
    // NIfTI counts right and front as positive, DICOM left and back.
    let at = center.to_array();
    let half = f32::from(edge) / 2.0;
    let first = [-at[0] as f32, -at[1] as f32, at[2] as f32].map(|mm| mm - half);
    for (row, first) in first.into_iter().enumerate() {
        put(280 + 16 * row + 4 * row, &1_f32.to_le_bytes());
        put(280 + 16 * row + 12, &first.to_le_bytes());
    }
    put(344, b"n+1\0");
    file.resize(352 + (edge as usize).pow(3), 1);
    file
}

#[test]
fn a_label_map_that_comes_with_its_images_waits_for_them() {
    let home = Home::new();
    let l4 = l4(&home);
    let map = home.path().join("found.nii");
    std::fs::write(&map, label_map(l4, 12)).unwrap();
    let app = TestApp::open(&home, vec![map, home.study().join("CT")], None);
    let items = state(&app).structures.items();
    assert_eq!(items.len(), 1, "{:?}", state(&app).structures.warnings);
    let place = items[0].place().unwrap();
    assert!(place.distance(l4) < 12.0, "{place:?} for {l4:?}");
}
