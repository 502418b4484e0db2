//! Proves what is carried from one stack to the next: crosshair, needles and the line of the
//! former slice within one frame of reference, nothing between two; and how views are arranged.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/dicom_file.rs"]
mod dicom_file;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dicom_dictionary_std::tags;
use dicom_file::DicomFile;
use stylet::app::AppState;
use stylet::app::command::{PlanCommand, StudyCommand, ViewCommand};
use stylet::app::settings::Folders;
use stylet::app::viewport::{Layout, ViewKind};
use stylet::geometry::{Plane, Point};
use stylet::study::SeriesUid;

/// An open folder of series 1 to 4: axial, sagittal in the same frame of reference, axial in
/// another one, axial in none.
struct Desk {
    state: AppState,
    _folder: tempfile::TempDir,
}

impl Desk {
    fn open(write: impl Fn(&Path)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let images = folder.path().join("images");
        std::fs::create_dir(&images).unwrap();
        write(&images);
        let folders = Folders::under(&folder.path().join("home"));
        let mut state = AppState::new(folders, Arc::new(|| {}));
        state.apply(StudyCommand::Import(vec![images]));
        let mut desk = Self {
            state,
            _folder: folder,
        };
        desk.wait();
        desk
    }

    fn wait(&mut self) {
        let start = Instant::now();
        loop {
            self.state.poll();
            let ready = |stage: &stylet::app::stage::Stage| !stage.is_busy();
            if self.state.stage.as_ref().is_some_and(ready) {
                return;
            }
            assert!(start.elapsed() < Duration::from_mins(1), "never loaded");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn show(&mut self, series: u32, stack: usize) {
        let series = SeriesUid::new(&format!("1.2.3.{series}"));
        self.state.apply(StudyCommand::Show { series, stack });
        self.wait();
        let shown = self.state.stage.as_ref().unwrap();
        assert_eq!(shown.stack, stack);
    }

    fn says(&self, part: &str) -> bool {
        let mut notices = self.state.notices.iter();
        notices.any(|notice| notice.text.contains(part))
    }
}

fn four_series(folder: &Path) {
    let frame = |file: DicomFile, uid: &str| file.text(tags::FRAME_OF_REFERENCE_UID, *b"UI", uid);
    for i in 0..9 {
        let at = f64::from(i);
        let axial = |series| {
            DicomFile::slice(series, i, at, 0)
                .number(tags::COLUMNS, 12)
                .pixels(&[0; 48])
        };
        frame(axial(1), "1.9").write(folder, &format!("a{i}"));
        let sagittal = DicomFile::slice(2, i, 0., 0)
            .position([-11.0 + at, -20., 8.])
            .orientation([0., 1., 0., 0., 0., -1.]);
        frame(sagittal, "1.9").write(folder, &format!("s{i}"));
        frame(axial(3), "1.8").write(folder, &format!("b{i}"));
        let nowhere = axial(4).without(tags::FRAME_OF_REFERENCE_UID);
        nowhere.write(folder, &format!("n{i}"));
    }
}

#[test]
fn the_crosshair_goes_over_within_one_frame_of_reference() {
    let mut desk = Desk::open(four_series);
    desk.show(1, 0);
    let at = Point::new(-8.2, -19.5, 7.0);
    desk.state.apply(ViewCommand::Crosshair(at));
    desk.show(2, 0);
    // On the nearest sagittal slice, 0.2 mm away; unchanged within the slice.
    assert!(desk.state.crosshair.distance(Point::new(-8.0, -19.5, 7.0)) < 1e-9);
    assert!(!desk.says("frame of reference"));
    let former = desk.state.former_slice().unwrap();
    let cut = former.cut(&Plane::sagittal(desk.state.crosshair)).unwrap();
    assert!((cut.start.0.z - 7.0).abs() < 1e-9 && (cut.end.0.z - 7.0).abs() < 1e-9);
    // Four rows of 0.8 mm.
    assert!((cut.length_mm() - 3.2).abs() < 1e-9, "{}", cut.length_mm());
}

#[test]
fn nothing_goes_over_between_frames_of_reference_and_it_is_said() {
    for other in [3, 4] {
        let mut desk = Desk::open(four_series);
        desk.show(1, 0);
        let middle = desk.state.crosshair;
        let at = Point::new(-8.2, -19.5, 7.0);
        desk.state.apply(ViewCommand::Crosshair(at));
        desk.show(other, 0);
        assert_eq!(desk.state.crosshair, middle);
        assert!(desk.says("do not share a frame of reference"));
        assert!(desk.state.former_slice().is_none());
    }
    // None is not the same as none.
    let mut desk = Desk::open(four_series);
    desk.show(4, 0);
    desk.show(4, 0);
    assert!(desk.state.former_slice().is_none());
}

#[test]
fn needles_go_over_within_one_frame_of_reference_only() {
    let mut desk = Desk::open(four_series);
    desk.show(1, 0);
    desk.state.apply(PlanCommand::NewNeedle);
    assert_eq!(desk.state.fit_banner(), None);
    desk.show(2, 0);
    assert!(desk.state.plan_fits());
    let banner = desk.state.fit_banner().unwrap();
    assert!(banner.contains("another series of the same examination"));
    for other in [3, 4] {
        desk.show(other, 0);
        assert!(!desk.state.plan_fits());
        let banner = desk.state.fit_banner().unwrap();
        assert!(banner.contains("not shown"), "{banner}");
    }
}

#[test]
fn needles_of_one_slab_belong_to_the_other_slabs_of_its_series() {
    let mut desk = Desk::open(discs);
    desk.show(2, 0);
    desk.state.apply(PlanCommand::NewNeedle);
    desk.show(2, 1);
    assert!(desk.state.plan_fits());
    let banner = desk.state.fit_banner().unwrap();
    assert!(banner.contains("another stack of this series"), "{banner}");
}

/// Series 1: 40 thin slices. Series 2: two slabs of 4 thick ones, tilted by 20°.
fn discs(folder: &Path) {
    let (columns, rows) = (40_u16, 40_u16);
    let wide = |file: DicomFile| {
        file.number(tags::COLUMNS, columns)
            .number(tags::ROWS, rows)
            .text(tags::PIXEL_SPACING, *b"DS", "1\\1")
            .pixels(&vec![0; usize::from(columns * rows)])
    };
    for i in 0..40 {
        let slice = wide(DicomFile::slice(1, i, f64::from(i), 0));
        slice.write(folder, &format!("a{i}"));
    }
    let (sin, cos) = 20_f64.to_radians().sin_cos();
    for i in 0..8 {
        let (along, slab) = (f64::from(i % 4) * 3.0, f64::from(i / 4));
        let at = [-10., -20. - sin * along, cos * along - 60. * slab];
        let slice = DicomFile::slice(2, i, 0., 0)
            .position(at)
            .orientation([1., 0., 0., 0., cos, sin]);
        wide(slice).write(folder, &format!("d{i}"));
    }
}

#[test]
fn a_thin_slab_is_shown_large_as_acquired_and_the_layout_comes_back() {
    let mut desk = Desk::open(discs);
    desk.show(1, 0);
    assert_eq!(desk.state.layout, Layout::TwoByTwo);
    for stack in [0, 1] {
        desk.show(2, stack);
        assert_eq!(desk.state.layout, Layout::OnePlusThree);
        let view = &desk.state.viewports[0];
        assert_eq!(view.kind, ViewKind::Axial);
        let grid = &desk
            .state
            .stage
            .as_ref()
            .unwrap()
            .volume()
            .unwrap()
            .geometry;
        assert!(
            (view.down - grid.row_direction).length() < 1e-9,
            "{:?}",
            view.down
        );
    }
    desk.show(1, 0);
    assert_eq!(desk.state.layout, Layout::TwoByTwo);
    assert!((desk.state.viewports[0].down.0.y - 1.0).abs() < 1e-12);
    // What a person chooses stays.
    desk.show(2, 0);
    desk.state.apply(ViewCommand::Layout(Layout::One));
    desk.show(1, 0);
    assert_eq!(desk.state.layout, Layout::One);
    desk.show(2, 1);
    assert_eq!(desk.state.layout, Layout::One);
}
