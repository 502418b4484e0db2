//! Proves to which images a plan belongs when it is begun on a picture, and that the view it keeps
//! is that of its own images, whatever is on the screen when it is opened and saved.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly anywhere"
)]

#[path = "common/dicom_file.rs"]
mod dicom_file;
#[path = "common/xa_run.rs"]
mod xa_run;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use dicom_dictionary_std::tags;
use dicom_file::DicomFile;
use serde_json::{Value, json};
use stylet::app::AppState;
use stylet::app::command::{FileCommand, LookCommand, PlanCommand, StudyCommand, ViewCommand};
use stylet::app::settings::Folders;
use stylet::app::viewport::{Layout, ViewKind};
use stylet::geometry::{Lps, PatientPosition, Point};
use stylet::plan::{
    MeasurementKind, PictureEdit, PictureMeasurement, PlanEdit, PlanFile, TrajectoryEnd,
};
use stylet::study::{InstanceUid, SeriesUid, WindowLevel};

const CT: &str = "1.2.3.1";
/// A CT of the same patient in another frame of reference, made head first prone.
const OTHER_CT: &str = "1.2.3.3";
/// An MR in the frame of reference of the first CT.
const MR: &str = "1.2.3.5";
/// Thick slices in the frame of reference of the first CT.
const SLAB: &str = "1.2.3.7";
/// A run made head first prone.
const RUN: &str = "1.2.3.77";

const SIDE: u16 = 40;

/// A window on a folder of one patient.
struct Desk {
    state: AppState,
    folder: tempfile::TempDir,
}

fn write_images(folder: &Path) {
    let slice = |series: u32, number: u16, z: f64| {
        DicomFile::slice(series, i32::from(number), z, 0)
            .number(tags::COLUMNS, SIDE)
            .number(tags::ROWS, SIDE)
            .text(tags::PIXEL_SPACING, *b"DS", "1\\1")
            .pixels(&vec![0; usize::from(SIDE * SIDE)])
    };
    let word = |file: DicomFile, tag, text: &str| file.text(tag, *b"CS", text);
    for number in 0..20 {
        let z = f64::from(number);
        slice(1, number, z).write(folder, &format!("ct{number}"));
        let other = slice(3, number, z).text(tags::FRAME_OF_REFERENCE_UID, *b"UI", "1.8");
        let other = word(other, tags::PATIENT_POSITION, "HFP");
        other.write(folder, &format!("other{number}"));
        let mr = word(slice(5, number, z), tags::MODALITY, "MR")
            .text(tags::WINDOW_CENTER, *b"DS", "900")
            .text(tags::WINDOW_WIDTH, *b"DS", "1800");
        mr.write(folder, &format!("mr{number}"));
        if number < 4 {
            slice(7, number, z * 3.0).write(folder, &format!("slab{number}"));
        }
    }
    let run = word(xa_run::run(3, 16), tags::PATIENT_POSITION, "HFP");
    run.write(folder, "run.dcm");
}

impl Desk {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let images = folder.path().join("images");
        std::fs::create_dir(&images).unwrap();
        write_images(&images);
        let folders = Folders::under(&folder.path().join("home"));
        let mut state = AppState::new(folders, Arc::new(|| {}));
        state.apply(StudyCommand::Import(vec![images]));
        let mut desk = Self { state, folder };
        desk.wait();
        desk
    }

    fn wait(&mut self) {
        let start = Instant::now();
        loop {
            self.state.poll();
            if self.state.stage.is_some() && !self.state.is_busy() {
                return;
            }
            assert!(start.elapsed() < Duration::from_mins(1), "never ready");
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    fn show(&mut self, series: &str) {
        let uid = SeriesUid::new(series);
        let show = StudyCommand::Show {
            series: uid.clone(),
            stack: 0,
        };
        self.state.apply(show);
        self.wait();
        assert_eq!(self.state.stage.as_ref().unwrap().series.uid, uid);
    }

    /// Marks a length on the run, which is on stage.
    fn measure(&mut self) {
        let drawn = PictureMeasurement {
            id: self.state.plan().next_measurement_id(),
            image: InstanceUid::new("1.2.3.77.1"),
            frame: 0,
            kind: MeasurementKind::Distance,
            points: vec![[2.0, 2.0], [9.0, 9.0]],
        };
        let edit = PlanEdit::Picture(PictureEdit::Add(drawn));
        self.state.apply(PlanCommand::Edit("Measure", edit));
        assert!(!self.state.plan().pictures.is_empty());
    }

    fn target(&mut self, at: Point<Lps>) {
        let place = PlanCommand::Place(TrajectoryEnd::Target, at);
        self.state.apply(place);
    }

    fn declare(&mut self, code: &str) {
        let edit = PlanEdit::SetPatientPosition(PatientPosition::from_code(code));
        self.state
            .apply(PlanCommand::Edit("Patient position", edit));
    }

    fn series(&self) -> Option<&str> {
        let bound = self.state.plan().series.as_ref();
        bound.map(|bound| bound.series_instance_uid.as_str())
    }

    fn lies(&self) -> Option<&'static str> {
        let position = self.state.plan().patient_position;
        position.map(PatientPosition::code)
    }

    fn says(&self, part: &str) -> bool {
        let mut notices = self.state.notices.iter();
        notices.any(|notice| notice.text.contains(part))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Saves, and gives what is in the file then.
    fn save(&mut self, name: &str) -> Value {
        let path = self.path(name);
        self.state.apply(FileCommand::SaveOver(path.clone()));
        self.wait();
        PlanFile::read(&path).unwrap();
        serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap()
    }

    fn open_plan(&mut self, name: &str) {
        let path = self.path(name);
        self.state.apply(FileCommand::Open(path.clone()));
        self.wait();
        assert_eq!(self.state.store.path, Some(path), "it was opened");
    }

    fn window(&self) -> WindowLevel {
        self.state.presentation().unwrap().window
    }
}

fn inside() -> Point<Lps> {
    Point::new(5.0, -5.0, 10.0)
}

#[test]
fn a_plan_begun_on_a_picture_belongs_to_the_ct_its_needles_are_drawn_in() {
    let mut desk = Desk::open();
    desk.show(CT);
    desk.show(RUN);
    assert_eq!((desk.series(), desk.lies()), (None, None));
    assert_eq!(desk.state.patient_position(), None);
    desk.measure();
    desk.show(CT);
    desk.target(inside());
    assert_eq!(desk.series(), Some(CT));
    assert_eq!(desk.lies(), Some("HFS"), "that of the CT, not of the run");
    assert_eq!(desk.state.fit_banner(), None);

    desk.show(OTHER_CT);
    assert!(!desk.state.plan_fits());
    let before = desk.state.plan().clone();
    desk.target(Point::new(1.0, 1.0, 1.0));
    desk.state.apply(PlanCommand::Undo);
    assert_eq!(desk.state.plan(), &before, "nothing is changed from here");
    desk.save("a.stylet.json");
    desk.show(RUN);
    let saved = desk.save("a.stylet.json");
    assert_eq!(saved["series"]["series_instance_uid"], CT);
    assert_eq!(saved["patient_position"], "HFS");
    desk.show(CT);
    desk.open_plan("a.stylet.json");
    assert_eq!(desk.state.plan().trajectories.len(), 1);
}

#[test]
fn what_lies_in_the_patient_decides_not_what_is_looked_at() {
    let mut desk = Desk::open();
    desk.show(RUN);
    desk.measure();
    desk.show(CT);
    // Marks on a picture alone belong to no volume yet.
    assert!(desk.save("marks.stylet.json")["series"].is_null());
    desk.show(OTHER_CT);
    desk.target(inside());
    assert_eq!((desk.series(), desk.lies()), (Some(OTHER_CT), Some("HFP")));
    desk.state.apply(PlanCommand::Undo);
    assert!(desk.state.plan().is_empty_in_patient());
    assert_eq!(desk.series(), None, "marks alone belong to no volume again");
    desk.show(CT);
    desk.state.apply(PlanCommand::Redo);
    assert!(desk.state.plan().is_empty_in_patient(), "not in this CT");
    desk.show(OTHER_CT);
    desk.state.apply(PlanCommand::Redo);
    assert_eq!(desk.state.plan().trajectories.len(), 1);
    assert_eq!(desk.series(), Some(OTHER_CT));
    // A click on the wrong CT, taken back, bars the right one no more.
    desk.state.apply(PlanCommand::Undo);
    desk.show(CT);
    desk.target(inside());
    assert_eq!((desk.series(), desk.lies()), (Some(CT), Some("HFS")));
    assert_eq!(desk.state.plan().pictures.measurements.len(), 1);
}

#[test]
fn a_position_that_a_person_chose_stays() {
    let mut desk = Desk::open();
    desk.show(RUN);
    desk.declare("FFDR");
    desk.measure();
    desk.show(CT);
    assert_eq!(desk.lies(), Some("FFDR"));
    desk.target(inside());
    assert_eq!((desk.series(), desk.lies()), (Some(CT), Some("FFDR")));
    desk.state.apply(PlanCommand::Undo);
    desk.show(RUN);
    let saved = desk.save("a.stylet.json");
    assert_eq!(saved["patient_position"], "FFDR");
}

#[test]
fn a_plan_written_by_hand_belongs_to_the_images_it_is_changed_on() {
    let mut desk = Desk::open();
    let text = json!({
        "schema": "stylet-plan/1", "coordinate_system": "LPS", "unit": "mm",
        "trajectories": [{"name": "a", "entry": null, "target": [5, -5, 10]}],
    });
    let path = desk.path("hand.stylet.json");
    std::fs::write(&path, text.to_string()).unwrap();
    desk.show(CT);
    desk.open_plan("hand.stylet.json");
    assert!(desk.state.fit_banner().is_some());
    desk.target(Point::new(6.0, -5.0, 10.0));
    assert_eq!(desk.series(), Some(CT));
    assert!(desk.says("check all of it"));
    desk.state.apply(PlanCommand::Undo);
    desk.show(OTHER_CT);
    assert!(!desk.state.plan_fits(), "undo leaves the images");
    let saved = desk.save("hand.stylet.json");
    assert_eq!(saved["series"]["series_instance_uid"], CT);

    // One that is only looked at belongs to the images it is saved on, and stays so.
    std::fs::write(&path, text.to_string()).unwrap();
    desk.open_plan("hand.stylet.json");
    let saved = desk.save("hand.stylet.json");
    assert_eq!(saved["series"]["series_instance_uid"], OTHER_CT);
    desk.state.apply(PlanCommand::Undo);
    assert_eq!(desk.series(), Some(OTHER_CT));
}

const KEPT: WindowLevel = WindowLevel {
    center: 300.0,
    width: 1500.0,
};

/// A plan with a needle in the CT, saved there, with crosshair and window set, and the place of
/// the crosshair.
fn saved_in_ct(desk: &mut Desk) -> Value {
    desk.show(CT);
    desk.target(inside());
    let at = ViewCommand::Crosshair(Point::new(-4.0, -10.0, 3.0));
    desk.state.apply(at);
    desk.state.apply(LookCommand::Window(KEPT));
    desk.save("a.stylet.json")["view"].clone()
}

#[test]
fn a_save_beside_other_images_keeps_the_view_of_the_plans_own() {
    let mut desk = Desk::open();
    let kept = saved_in_ct(&mut desk);
    assert_eq!(kept["crosshair"], json!([-4.0, -10.0, 3.0]));
    assert_eq!(kept["window"], json!({"center": 300.0, "width": 1500.0}));
    for other in [RUN, MR, OTHER_CT] {
        desk.show(other);
        if other != RUN {
            desk.state.apply(ViewCommand::Crosshair(inside()));
        }
        let window = WindowLevel::new(7.0, 70.0);
        desk.state.apply(LookCommand::Window(window));
        assert_eq!(desk.save("a.stylet.json")["view"], kept, "{other}");
    }
    // What was seen in the CT after the last save counts, also when it is saved beside it.
    desk.show(CT);
    desk.state.apply(ViewCommand::Crosshair(inside()));
    desk.show(RUN);
    let view = desk.save("a.stylet.json")["view"].clone();
    assert_eq!(view["crosshair"], json!([5.0, -5.0, 10.0]));
}

#[test]
fn a_plan_opened_beside_a_picture_is_looked_at_where_it_says_once_its_ct_comes() {
    let mut desk = Desk::open();
    saved_in_ct(&mut desk);
    let mut fresh = Desk::open();
    std::fs::copy(desk.path("a.stylet.json"), fresh.path("a.stylet.json")).unwrap();
    fresh.show(RUN);
    let own = fresh.window();
    fresh.open_plan("a.stylet.json");
    assert_eq!(fresh.window(), own);
    // Positions hold in the MR, its values are others.
    fresh.show(MR);
    assert_eq!(fresh.state.crosshair, Point::new(-4.0, -10.0, 3.0));
    assert_eq!(fresh.window(), WindowLevel::new(900.0, 1800.0));
    fresh.state.apply(ViewCommand::Crosshair(inside()));
    fresh.show(CT);
    assert_eq!(fresh.window(), KEPT);
    assert_eq!(fresh.state.crosshair, inside(), "it is looked at once");
}

#[test]
fn the_first_target_is_looked_at_where_a_file_names_no_place() {
    let mut desk = Desk::open();
    saved_in_ct(&mut desk);
    let path = desk.path("a.stylet.json");
    let mut file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    // What cannot be read spoils nothing else.
    file["view"]["crosshair"] = json!("in the middle");
    file["view"]["note"] = json!({"by": "a script"});
    file["note"] = json!(1);
    std::fs::write(&path, file.to_string()).unwrap();
    desk.show(RUN);
    desk.open_plan("a.stylet.json");
    let saved = desk.save("a.stylet.json");
    assert_eq!(saved["view"], file["view"]);
    assert_eq!(saved["note"], file["note"]);
    desk.show(CT);
    assert_eq!(desk.state.crosshair, inside());
    assert_eq!(desk.window(), KEPT);
    let saved = desk.save("a.stylet.json");
    assert_eq!(saved["view"]["crosshair"], json!([5.0, -5.0, 10.0]));
    assert_eq!(saved["view"]["note"], file["view"]["note"]);
}

#[test]
fn the_arrangement_of_a_thin_slab_is_not_that_of_the_plan() {
    let mut desk = Desk::open();
    let kept = saved_in_ct(&mut desk);
    assert_eq!(kept["layout"], "two-by-two");
    desk.show(SLAB);
    assert_eq!(desk.state.layout, Layout::OnePlusThree);
    let view = desk.save("a.stylet.json")["view"].clone();
    assert_eq!(view["layout"], "two-by-two");
    assert_eq!(view["viewports"], kept["viewports"]);
    // Opened on the slab, that of the plan comes after it.
    let path = desk.path("a.stylet.json");
    let mut file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    file["view"]["layout"] = json!("one");
    file["view"]["viewports"] = json!(["coronal", "unheard-of", "drr"]);
    std::fs::write(&path, file.to_string()).unwrap();
    desk.open_plan("a.stylet.json");
    assert_eq!(desk.state.layout, Layout::OnePlusThree);
    desk.show(CT);
    assert_eq!(desk.state.layout, Layout::One);
    let kinds: Vec<ViewKind> = desk.state.viewports.iter().map(|view| view.kind).collect();
    assert_eq!(
        kinds,
        [
            ViewKind::Coronal,
            ViewKind::Sagittal,
            ViewKind::Drr,
            ViewKind::Volume3d
        ]
    );
}
