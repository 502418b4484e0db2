//! The document: the needles and measurements a person drew, and the edits they can make to it.
//!
//! Patient space (LPS mm) only; no voxels, no files' layout but its own, no screen.

pub mod carm_profile;
pub mod drawn_structure;
pub mod edit;
pub mod file;
pub mod guard;
pub mod intent;
pub mod lesion;
pub mod measurement;
pub mod needle;
pub mod phrase;
pub mod picture_marks;
pub mod procedure;
pub mod readout;
pub mod registration;
pub mod spine;
pub mod spine_frame;
pub mod spine_readout;
pub mod toml_reader;
pub mod trajectory;
pub mod uncertainty;

use serde::{Deserialize, Serialize};

pub use carm_profile::{CArmLibrary, CArmProfile, Reach};
pub use drawn_structure::{BrushStroke, DrawnShape, DrawnStructure, StructureEdit, StructureId};
pub use edit::{PlanEdit, PlanEditError};
pub use file::{PlanFile, PlanFileError};
pub use guard::{Finding, Guard};
pub use intent::{Intent, Objection, Override};
pub use lesion::{Lesion, LesionEllipsoid, LesionSize};
pub use measurement::{Measurement, MeasurementId, MeasurementKind};
pub use needle::{Needle, NeedleCatalogue, Tip};
pub use picture_marks::{
    KnownObject, PictureCalibration, PictureEdit, PictureEditError, PictureMarks,
    PictureMeasurement, PixelPlace,
};
pub use procedure::{Procedure, ProcedureLibrary};
pub use readout::{CArmReadout, Known, TrajectoryReadout};
pub use registration::{
    PictureLandmark, PictureRegistration, RegisteredBy, RegistrationEdit, RegistrationEditError,
    RegistrationUncertainty, Registrations,
};
pub use spine::{EndPlate, EndPlateFace, Spine, SpineEdit, VertebraCount, VertebraLabel};
pub use spine_frame::{Midline, MidlineSource, VertebraFrame};
pub use spine_readout::SpineReadout;
pub use toml_reader::FileProblem;
pub use trajectory::{Color, Trajectory, TrajectoryEnd, TrajectoryId};
pub use uncertainty::{HalfVoxel, TrajectoryUncertainty};

use crate::geometry::PatientPosition;
use crate::study::{FrameOfReferenceUid, SeriesUid};

/// What is planned for one patient position on one frame of reference.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Plan {
    /// How the patient lies when treated, for console and gantry angles. `None` = not known.
    pub patient_position: Option<PatientPosition>,
    /// The images it was drawn on; `None` for a plan written by hand, and for one begun on a picture
    /// until something is drawn in a volume.
    pub series: Option<SeriesBinding>,
    /// Needles in the order they were made.
    pub trajectories: Vec<Trajectory>,
    /// Measurements and marks in the order they were made.
    pub measurements: Vec<Measurement>,
    /// Measurements on pictures without a place in the patient, and their calibrations.
    pub pictures: PictureMarks,
    /// Where the beams of X-ray pictures were, and landmarks on them.
    pub registrations: Registrations,
    /// What was declared of the spine.
    pub spine: Spine,
    /// Structures drawn by hand, in the order they were made.
    pub structures: Vec<DrawnStructure>,
    /// Files that structures were opened from, to open them again.
    pub structure_files: Vec<String>,
    next_id: u64,
}

/// The images a plan belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeriesBinding {
    /// Series Instance UID.
    pub series_instance_uid: SeriesUid,
    /// Frame of Reference UID; coordinates mean nothing in another one.
    pub frame_of_reference_uid: Option<FrameOfReferenceUid>,
    /// SHA-256 of the grid (see [`file::geometry_hash`]), hex.
    pub geometry_sha256: String,
}

/// How a plan fits the images that are open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// The very series it was drawn on.
    SameSeries,
    /// Another series of the same frame of reference: coordinates hold, show a banner.
    SameFrameOfReference,
    /// The same series UID, but the grid has changed: show a banner.
    ChangedGeometry,
    /// The plan says nothing of its images.
    Unbound,
    /// Another patient, visit or frame of reference: coordinates mean nothing here.
    Different,
}

impl SeriesBinding {
    /// How a plan bound to `self` fits images that would be bound as `open`.
    pub fn fit(&self, open: &Self) -> Fit {
        let same_frame = match (&self.frame_of_reference_uid, &open.frame_of_reference_uid) {
            (Some(mine), Some(theirs)) => mine == theirs,
            // Without the UID only the series itself vouches for the coordinates.
            (None, None) => {
                let named = !self.series_instance_uid.as_str().is_empty();
                named && self.series_instance_uid == open.series_instance_uid
            }
            // Stacks of one series may differ in it; then only the very grid vouches.
            _ => {
                self.series_instance_uid == open.series_instance_uid
                    && self.geometry_sha256 == open.geometry_sha256
            }
        };
        if !same_frame {
            Fit::Different
        } else if self.series_instance_uid != open.series_instance_uid {
            Fit::SameFrameOfReference
        } else if self.geometry_sha256 != open.geometry_sha256 {
            Fit::ChangedGeometry
        } else {
            Fit::SameSeries
        }
    }
}

impl Plan {
    /// An empty plan for the images that are open.
    pub fn for_images(position: Option<PatientPosition>, series: Option<SeriesBinding>) -> Self {
        Self {
            patient_position: position,
            series,
            ..Self::default()
        }
    }

    /// The needle of an id.
    pub fn trajectory(&self, id: TrajectoryId) -> Option<&Trajectory> {
        self.trajectories.iter().find(|needle| needle.id == id)
    }

    /// The measurement of an id.
    pub fn measurement(&self, id: MeasurementId) -> Option<&Measurement> {
        self.measurements.iter().find(|drawn| drawn.id == id)
    }

    /// The id the next new item will take.
    pub fn next_trajectory_id(&self) -> TrajectoryId {
        TrajectoryId(self.next_id)
    }

    /// The id the next new measurement will take.
    pub fn next_measurement_id(&self) -> MeasurementId {
        MeasurementId(self.next_id)
    }

    /// The drawn structure of an id.
    pub fn structure(&self, id: StructureId) -> Option<&DrawnStructure> {
        self.structures.iter().find(|drawn| drawn.id == id)
    }

    /// The id the next drawn structure will take.
    pub fn next_structure_id(&self) -> StructureId {
        StructureId(self.next_id)
    }

    /// Nothing drawn or declared.
    pub fn is_empty(&self) -> bool {
        self.pictures.is_empty() && self.is_empty_in_patient()
    }

    /// Nothing that has a place in the patient.
    pub fn is_empty_in_patient(&self) -> bool {
        self.trajectories.is_empty()
            && self.measurements.is_empty()
            && self.registrations.is_empty()
            && self.structures.is_empty()
            && self.structure_files.is_empty()
            && self.spine.is_empty()
    }

    /// A name for a new needle that no other has: `Needle 1`, `Needle 2` …
    pub fn unused_needle_name(&self) -> String {
        let taken = |name: &str| self.trajectories.iter().any(|needle| needle.name == name);
        (1..=self.trajectories.len() + 1)
            .map(|number| format!("Needle {number}"))
            .find(|name| !taken(name))
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binding(series: &str, frame: Option<&str>, hash: &str) -> SeriesBinding {
        SeriesBinding {
            series_instance_uid: SeriesUid::new(series),
            frame_of_reference_uid: frame.map(FrameOfReferenceUid::new),
            geometry_sha256: hash.to_owned(),
        }
    }

    #[test]
    fn the_frame_of_reference_decides_what_a_plan_fits() {
        let plan = binding("1.1", Some("9"), "a");
        for (open, fit) in [
            (binding("1.1", Some("9"), "a"), Fit::SameSeries),
            (binding("1.2", Some("9"), "b"), Fit::SameFrameOfReference),
            (binding("1.1", Some("9"), "b"), Fit::ChangedGeometry),
            (binding("1.2", Some("8"), "a"), Fit::Different),
            (binding("1.2", None, "a"), Fit::Different),
            (binding("1.1", None, "a"), Fit::SameSeries),
            (binding("1.1", None, "b"), Fit::Different),
        ] {
            assert_eq!(plan.fit(&open), fit, "{open:?}");
        }
    }

    #[test]
    fn a_plan_for_images_is_empty_and_knows_them() {
        let images = binding("1.1", Some("9"), "a");
        let plan = Plan::for_images(Some(PatientPosition::FeetFirstProne), Some(images.clone()));
        assert!(plan.is_empty());
        assert_eq!(
            plan.patient_position.map(PatientPosition::code),
            Some("FFP")
        );
        assert_eq!(plan.series, Some(images));
    }

    #[test]
    fn new_needles_take_the_first_free_name() {
        let mut plan = Plan::default();
        for _ in 0..2 {
            let id = plan.next_trajectory_id();
            let name = plan.unused_needle_name();
            plan.apply(&PlanEdit::AddTrajectory(Trajectory::new(id, name)))
                .unwrap();
        }
        assert_eq!(plan.unused_needle_name(), "Needle 3");
        let first = plan.trajectories[0].id;
        plan.apply(&PlanEdit::RemoveTrajectory(first)).unwrap();
        assert_eq!(plan.unused_needle_name(), "Needle 1");
        assert!(plan.trajectory(first).is_none() && !plan.is_empty());
        assert_ne!(plan.next_trajectory_id(), first, "ids are never used twice");
    }
}
