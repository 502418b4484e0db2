use super::*;
use crate::app::command::PlanCommand;
use crate::app::job::no_waker;
use crate::app::settings::Folders;
use crate::geometry::{Lps, PatientPosition, Point};
use crate::plan::{PlanEdit, TrajectoryEnd};
use crate::volume::synthetic::SyntheticVolume;

/// A prone patient with one needle, the panel open, no images.
fn state() -> (tempfile::TempDir, AppState) {
    let folder = tempfile::tempdir().unwrap();
    let mut state = AppState::new(Folders::under(folder.path()), no_waker());
    let prone = Some(PatientPosition::HeadFirstProne);
    let edit = PlanEdit::SetPatientPosition(prone);
    state.apply(PlanCommand::Edit("Position", edit));
    state.apply(PlanCommand::NewNeedle);
    put(&mut state, TrajectoryEnd::Entry, Point::new(30., 58., 20.));
    put(&mut state, TrajectoryEnd::Target, Point::new(30., 30., 20.));
    state.apply(AimCommand::Open(true));
    (folder, state)
}

fn put(state: &mut AppState, end: TrajectoryEnd, to: Point<Lps>) {
    let id = state.plan().trajectories[0].id;
    let edit = PlanEdit::SetEnd { id, end, to };
    state.apply(PlanCommand::Edit("Place", edit));
}

fn finish(state: &mut AppState) {
    state.poll_aim();
    while state.aim.is_busy() {
        std::thread::yield_now();
        state.poll_aim();
    }
}

#[test]
fn no_map_is_made_of_slices_that_are_not_read() {
    let (_folder, mut state) = state();
    let empty = (0..20).fold(
        SyntheticVolume::new([60, 60, 20], [1., 1., 2.]),
        SyntheticVolume::without_slice,
    );
    let mut volume = empty.build(|_| 700.0);
    volume.modality_lut.unit = "HU".to_owned();
    let volume = Arc::new(volume);
    for _ in 0..3 * STILL_FRAMES {
        let told = state.go_on_with_map(Some((Arc::clone(&volume), true)));
        assert_eq!(told, Err("Waiting for the slices…".to_owned()));
        assert!(!state.aim.is_busy() && state.aim.map().is_none());
    }
    // Once they are read it is begun, with what is there then.
    while state
        .go_on_with_map(Some((Arc::clone(&volume), false)))
        .is_err()
    {
        assert!(state.aim.is_busy());
        std::thread::yield_now();
        state.aim.hear();
    }
    let shown = state.aim.map().unwrap();
    assert!(shown.has_bone);
    let cells = shown.map.whole.cells.iter().flatten();
    assert!(cells.filter_map(|cell| cell.bone).all(|bone| bone.at_least));
}

#[test]
fn a_map_of_another_needle_is_not_the_current_one() {
    let (_folder, mut state) = state();
    finish(&mut state);
    assert!(matches!(state.angle_map(), Some((_, true))));
    put(&mut state, TrajectoryEnd::Entry, Point::new(50., 58., 20.));
    // At once, before anything is computed.
    assert!(matches!(state.angle_map(), Some((_, false))));
    state.poll_aim();
    assert!(matches!(state.angle_map(), Some((_, false))));
    finish(&mut state);
    let (shown, is_current) = state.angle_map().unwrap();
    assert!(is_current && shown.task.entry == Some(Point::new(50., 58., 20.)));
    // One that fails leaves none behind.
    put(&mut state, TrajectoryEnd::Entry, Point::new(10., 58., 20.));
    let wanted = state.wanted_map().unwrap();
    state.aim.failed = Some((wanted, "No thread".to_owned()));
    state.poll_aim();
    assert!(state.angle_map().is_none());
    assert_eq!(state.aim.status(), Some("No thread"));
}

#[test]
fn a_map_is_begun_only_when_nothing_moves() {
    let (_folder, mut state) = state();
    finish(&mut state);
    for step in 1..=20 {
        let entry = Point::new(30. + f64::from(step), 58., 20.);
        put(&mut state, TrajectoryEnd::Entry, entry);
        state.poll_aim();
        assert!(state.aim.mapping.is_none(), "step {step}");
    }
    assert!(state.aim.is_busy(), "and is not forgotten");
    finish(&mut state);
    assert!(matches!(state.angle_map(), Some((_, true))));
}

#[test]
fn the_field_keeps_both_its_sides() {
    let (_folder, mut state) = state();
    state.apply(AimCommand::Profile("angiography-floor".to_owned()));
    assert_eq!(state.carm_field_mm(), [400.0, 300.0]);
    assert_eq!(state.drr.collimation_mm, Some([400.0, 300.0]));
    state.apply(DrrCommand::Collimate(Some([100.0, 90.0])));
    assert_eq!(state.carm_field_mm(), [400.0, 300.0]);
    state.apply(AimCommand::Field([220.0, 220.0]));
    assert_eq!(state.carm_field_mm(), [220.0; 2]);
    assert_eq!(state.drr.collimation_mm, None);
}

#[test]
fn the_views_of_a_needle_are_found_once_per_change_and_never_old() {
    let (_folder, mut state) = state();
    let mut former = state.needle_views().unwrap();
    assert!(Arc::ptr_eq(&former, &state.needle_views().unwrap()));
    let mut changed = |state: &mut AppState, what: &str| {
        let views = state.needle_views().unwrap();
        assert_ne!(*views, *former, "{what}");
        assert!(Arc::ptr_eq(&views, &state.needle_views().unwrap()));
        former = views;
    };
    put(&mut state, TrajectoryEnd::Entry, Point::new(50., 58., 20.));
    changed(&mut state, "entry");
    let supine = PlanEdit::SetPatientPosition(Some(PatientPosition::HeadFirstSupine));
    state.apply(PlanCommand::Edit("Position", supine));
    changed(&mut state, "position");
    state.apply(AimCommand::Profile("angiography-floor".to_owned()));
    changed(&mut state, "C-arm");
    state.apply(DrrCommand::Distances {
        source_to_detector_mm: 1150.0,
        source_to_isocenter_mm: 700.0,
    });
    changed(&mut state, "distances");
    state.apply(AimCommand::Field([30.0, 30.0]));
    changed(&mut state, "field");
    state.crosshair = Point::new(35., 30., 20.);
    state.apply(DrrCommand::Isocenter(IsocenterChoice::Crosshair));
    changed(&mut state, "isocentre");
    state.crosshair = Point::new(40., 30., 20.);
    changed(&mut state, "crosshair");
    state.apply(PlanCommand::Undo);
    changed(&mut state, "undo");
}
