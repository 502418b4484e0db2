//! The window on the CT of the sample study and X-ray pictures of it, with a needle in the CT.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    reason = "each test program uses its own part, and may fail loudly anywhere"
)]

use dicom_dictionary_std::tags;
use egui_kittest::kittest::Queryable as _;
use stylet::app::command::{Command, PlanCommand, StudyCommand};
use stylet::app::registration_stage::RegisteredView;
use stylet::geometry::{CArmAngles, CArmPose, ConeBeam, Correction, Degrees, Lps, Point};
use stylet::plan::{PlanEdit, Trajectory};
use stylet::study::SeriesUid;

use crate::app::{Home, TestApp};
use crate::radiograph;

pub fn view(app: &TestApp) -> RegisteredView {
    app.harness.state().state.registered_view().unwrap()
}

/// Image and series of the frontal and the lateral picture.
pub const FRONTAL: [&str; 2] = ["1.2.3.78.1", "1.2.3.78"];
pub const LATERAL: [&str; 2] = ["1.2.3.79.1", "1.2.3.79"];

/// The window on the CT of the sample study and pictures of it by a C-arm that stood elsewhere than
/// their headers say, with a needle in the CT.
pub struct Scene {
    pub app: TestApp,
    pub target: Point<Lps>,
    pub truth: Correction,
    pub frontal: ConeBeam,
    pub lateral: ConeBeam,
}

impl Scene {
    pub fn new(home: &Home, with_lateral: bool) -> Self {
        let (entry, target) = home.truth("facet_cleft", "L3-L4", "right");
        let (study, _, attenuation) = radiograph::ct(&home.ct());
        let truth = radiograph::displaced(target);
        let frontal = truth.beam(&radiograph::header_beam(target));
        let folder = home.study().join("XA");
        std::fs::create_dir_all(&folder).unwrap();
        radiograph::picture(&study, &attenuation, &frontal).write(&folder, "1.dcm");
        let lateral = truth.beam(&side_beam(target));
        if with_lateral {
            radiograph::picture(&study, &attenuation, &lateral)
                .text(tags::SOP_INSTANCE_UID, *b"UI", LATERAL[0])
                .text(tags::SERIES_INSTANCE_UID, *b"UI", LATERAL[1])
                .text(tags::SERIES_DESCRIPTION, *b"LO", "Lateral")
                .text(tags::POSITIONER_PRIMARY_ANGLE, *b"DS", "90")
                .write(&folder, "2.dcm");
        }
        drop(attenuation);
        let mut app = TestApp::open(home, vec![home.ct(), folder], None);
        add_needle(&mut app, entry, target);
        Self {
            app,
            target,
            truth,
            frontal,
            lateral,
        }
    }

    /// Shows a picture and the tab beside it.
    pub fn show(&mut self, [_, series]: [&str; 2]) {
        self.apply(StudyCommand::Show {
            series: SeriesUid::new(series),
            stack: 0,
        });
        self.app.harness.get_by_label("X-ray").click();
        self.app.settle();
    }

    pub fn apply(&mut self, command: impl Into<Command>) {
        self.app.harness.state_mut().state.apply(command);
        self.app.settle();
    }

    /// mm in the patient between where the target is drawn and where the beam shows it.
    pub fn off_mm(&self, beam: &ConeBeam) -> f64 {
        let seen = view(&self.app).pixel_of(self.target).unwrap();
        let wanted = beam.pixel_of(self.target, &radiograph::receptor()).unwrap();
        (glam::DVec2::from_array(seen) - wanted).length() * radiograph::PIXEL_MM * 0.7
    }
}

fn side_beam(isocenter: Point<Lps>) -> ConeBeam {
    let pose = CArmPose {
        angles: CArmAngles {
            primary: Degrees(90.0),
            secondary: Degrees(0.0),
        },
        isocenter,
        source_to_detector_mm: 1000.0,
        source_to_isocenter_mm: 700.0,
    };
    pose.beam().unwrap()
}

pub fn add_needle(app: &mut TestApp, entry: Point<Lps>, target: Point<Lps>) {
    let state = &mut app.harness.state_mut().state;
    let id = state.plan().next_trajectory_id();
    let mut needle = Trajectory::new(id, "Facet".to_owned());
    (needle.entry, needle.target) = (Some(entry), Some(target));
    state.apply(PlanCommand::Edit(
        "New needle",
        PlanEdit::AddTrajectory(needle),
    ));
    app.settle();
}
