//! The plan file `*.stylet.json`: schema, reading, atomic writing.
//!
//! `docs/plan-file.md` documents the schema for people who write it.

mod entry;

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::{
    MeasurementId, PictureCalibration, PictureEdit, PictureLandmark, PictureRegistration, Plan,
    PlanEdit, RegistrationEdit, SeriesBinding, Spine, SpineEdit, StructureEdit,
};
use crate::geometry::PatientPosition;
use crate::study::StackGeometry;

pub use self::entry::{MeasurementEntry, PictureMeasurementEntry, StructureEntry, TrajectoryEntry};

/// Name and version of the schema this program writes.
pub const SCHEMA: &str = "stylet-plan/1";

/// Largest plan file that is read, bytes. A plan of a thousand needles is under a megabyte.
const LARGEST_BYTES: u64 = 16 << 20;

/// Why a plan file was not read or written.
#[derive(Debug, Error)]
pub enum PlanFileError {
    /// It could not be read.
    #[error("Cannot read the plan: {source}\nFile: {path}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It could not be written; what was there before is still there.
    #[error(
        "Cannot save the plan: {source}. The former file is unchanged; free some space or save elsewhere\nFile: {path}"
    )]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not a plan.
    #[error("This is not a readable plan: {reason}\nFile: {path}")]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
    /// It says something that this version does not know or must not guess.
    #[error("{what} is {found:?}, this version of Stylet reads {wanted:?}\nFile: {path}")]
    Unsupported {
        /// Which file.
        path: PathBuf,
        /// Which key.
        what: &'static str,
        /// Its value.
        found: String,
        /// The value that would do.
        wanted: &'static str,
    },
}

/// The file as it is written, version 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanFile {
    /// `stylet-plan/1`.
    pub schema: String,
    /// `LPS`, always.
    pub coordinate_system: String,
    /// `mm`, always.
    pub unit: String,
    /// Declared patient position.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patient_position: Option<PatientPosition>,
    /// The images it was drawn on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series: Option<SeriesBinding>,
    /// Needles.
    #[serde(default)]
    pub trajectories: Vec<TrajectoryEntry>,
    /// Measurements and marks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measurements: Vec<MeasurementEntry>,
    /// Measurements on pictures without a place in the patient.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub picture_measurements: Vec<PictureMeasurementEntry>,
    /// Calibrations of such pictures by hand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub picture_calibrations: Vec<PictureCalibration>,
    /// Where the beams of X-ray pictures were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registrations: Vec<PictureRegistration>,
    /// Points marked in both, the CT and a picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registration_landmarks: Vec<PictureLandmark>,
    /// What was declared of the spine.
    #[serde(default, skip_serializing_if = "Spine::is_empty")]
    pub spine: Spine,
    /// Structures drawn by hand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub structures: Vec<StructureEntry>,
    /// Files that structures were opened from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub structure_files: Vec<String>,
    /// Where the views looked when it was saved; kept as it is by readers that do not use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<serde_json::Value>,
    /// Keys that this version does not know, written back as they were.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

impl PlanFile {
    /// The file of a plan and, if wanted, where the views look.
    pub fn of(plan: &Plan, view: Option<serde_json::Value>) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            coordinate_system: "LPS".to_owned(),
            unit: "mm".to_owned(),
            patient_position: plan.patient_position,
            series: plan.series.clone(),
            trajectories: plan.trajectories.iter().map(TrajectoryEntry::of).collect(),
            measurements: plan.measurements.iter().map(MeasurementEntry::of).collect(),
            picture_measurements: entry::of_pictures(&plan.pictures),
            picture_calibrations: plan.pictures.calibrations.clone(),
            registrations: plan.registrations.pictures.clone(),
            registration_landmarks: plan.registrations.landmarks.clone(),
            spine: plan.spine.clone(),
            structures: plan.structures.iter().map(StructureEntry::of).collect(),
            structure_files: plan.structure_files.clone(),
            view,
            unknown: serde_json::Map::new(),
        }
    }

    /// Reads a file and the plan in it.
    pub fn read(path: &Path) -> Result<(Self, Plan), PlanFileError> {
        let failed = |source| PlanFileError::Read {
            path: path.to_owned(),
            source,
        };
        let size = fs::metadata(path).map_err(failed)?.len();
        if size > LARGEST_BYTES {
            return Err(PlanFileError::Malformed {
                path: path.to_owned(),
                reason: format!("it has {size} bytes, more than any plan"),
            });
        }
        let text = fs::read_to_string(path).map_err(failed)?;
        let file = Self::parse(&text, path)?;
        let plan = file.plan(path)?;
        Ok((file, plan))
    }

    /// Reads the text of a file; `path` is for messages.
    pub fn parse(text: &str, path: &Path) -> Result<Self, PlanFileError> {
        let malformed = |reason: String| PlanFileError::Malformed {
            path: path.to_owned(),
            reason,
        };
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| malformed(error.to_string()))?;
        for (what, wanted) in [
            ("schema", SCHEMA),
            ("coordinate_system", "LPS"),
            ("unit", "mm"),
        ] {
            let found = value.get(what).and_then(serde_json::Value::as_str);
            let Some(found) = found else {
                return Err(malformed(format!(
                    "it has no {what:?}; expected {wanted:?}"
                )));
            };
            if found != wanted {
                return Err(PlanFileError::Unsupported {
                    path: path.to_owned(),
                    what,
                    found: found.to_owned(),
                    wanted,
                });
            }
        }
        serde_json::from_value(value).map_err(|error| malformed(error.to_string()))
    }

    /// The plan in it; every rule that holds for edits holds here too.
    pub fn plan(&self, path: &Path) -> Result<Plan, PlanFileError> {
        let mut plan = Plan {
            patient_position: self.patient_position,
            series: self.series.clone(),
            ..Plan::default()
        };
        let refused = |what: String| PlanFileError::Malformed {
            path: path.to_owned(),
            reason: what,
        };
        for entry in &self.trajectories {
            let needle = entry.needle(plan.next_trajectory_id());
            plan.apply(&PlanEdit::AddTrajectory(needle))
                .map_err(|error| refused(format!("trajectory {:?}: {error}", entry.name)))?;
        }
        for (index, entry) in self.measurements.iter().enumerate() {
            let drawn = entry.measurement(plan.next_measurement_id());
            plan.apply(&PlanEdit::AddMeasurement(drawn))
                .map_err(|error| refused(format!("measurement {}: {error}", index + 1)))?;
        }
        let pictures = self.picture_edits(&plan);
        for (index, edit) in pictures.into_iter().enumerate() {
            plan.apply(&PlanEdit::Picture(edit))
                .map_err(|error| refused(format!("mark {} on a picture: {error}", index + 1)))?;
        }
        for edit in self.registration_edits() {
            plan.apply(&PlanEdit::Registration(edit))
                .map_err(|error| refused(format!("registration: {error}")))?;
        }
        for entry in &self.structures {
            let drawn = entry.structure(plan.next_structure_id());
            plan.apply(&PlanEdit::Structure(StructureEdit::Add(drawn)))
                .map_err(|error| refused(format!("structure {:?}: {error}", entry.name)))?;
        }
        plan.structure_files.clone_from(&self.structure_files);
        for edit in spine_edits(&self.spine) {
            plan.apply(&PlanEdit::Spine(edit))
                .map_err(|error| refused(format!("spine: {error}")))?;
        }
        Ok(plan)
    }

    /// The edits that register pictures and mark landmarks on them.
    fn registration_edits(&self) -> impl Iterator<Item = RegistrationEdit> {
        let marks = self.registration_landmarks.iter().cloned();
        std::iter::once(RegistrationEdit::Set(self.registrations.clone()))
            .chain(marks.map(RegistrationEdit::AddLandmark))
    }

    /// The edits that measure on pictures and calibrate them.
    fn picture_edits(&self, plan: &Plan) -> Vec<PictureEdit> {
        let first = plan.next_measurement_id().0;
        let ids = (first..).map(MeasurementId);
        let measured = self.picture_measurements.iter().zip(ids);
        let measured = measured.map(|(entry, id)| PictureEdit::Add(entry.measurement(id)));
        let calibrated = self.picture_calibrations.iter().cloned();
        measured
            .chain(calibrated.map(PictureEdit::Calibrate))
            .collect()
    }

    /// Writes it: a temporary file beside it, synced, then renamed over it.
    pub fn write(&self, path: &Path) -> Result<(), PlanFileError> {
        let failed = |source| PlanFileError::Write {
            path: path.to_owned(),
            source,
        };
        let mut text = serde_json::to_string_pretty(self).map_err(|error| failed(error.into()))?;
        text.push('\n');
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let mut temporary = tempfile::Builder::new()
            .prefix(".stylet-")
            .suffix(".tmp")
            .tempfile_in(folder)
            .map_err(failed)?;
        temporary.write_all(text.as_bytes()).map_err(failed)?;
        temporary.as_file().sync_all().map_err(failed)?;
        keep_permissions(path, temporary.as_file()).map_err(failed)?;
        temporary
            .persist(path)
            .map_err(|error| failed(error.error))?;
        // The rename itself must survive a power cut; folders cannot be synced everywhere.
        if let Ok(folder) = fs::File::open(folder) {
            folder.sync_all().ok();
        }
        Ok(())
    }
}

/// The edits that declare a spine, so that every rule that holds for edits holds for files.
fn spine_edits(spine: &Spine) -> Vec<SpineEdit> {
    let mut edits = vec![SpineEdit::SetCount(spine.count)];
    edits.extend(spine.labels.iter().copied().map(SpineEdit::Label));
    edits.push(SpineEdit::SetMidline(spine.midline));
    edits.extend(spine.end_plates.iter().copied().map(SpineEdit::SetEndPlate));
    edits
}

/// Gives the new file the permissions of the one it replaces, or those a new file would have.
fn keep_permissions(path: &Path, file: &fs::File) -> std::io::Result<()> {
    match fs::metadata(path) {
        Ok(metadata) => file.set_permissions(metadata.permissions()),
        #[cfg(unix)]
        Err(_) => {
            use std::os::unix::fs::PermissionsExt as _;
            file.set_permissions(fs::Permissions::from_mode(0o644))
        }
        #[cfg(not(unix))]
        Err(_) => Ok(()),
    }
}

/// SHA-256 (hex) over the grid of a volume: size, then origin, directions and spacing rounded to
/// 0.0001, each as decimal text. Two readings of the same files agree, a changed grid does not.
pub fn geometry_hash(size: [usize; 3], geometry: &StackGeometry) -> String {
    let mut numbers: Vec<f64> = geometry.origin.to_array().to_vec();
    for direction in [
        geometry.column_direction,
        geometry.row_direction,
        geometry.slice_direction,
    ] {
        numbers.extend(direction.to_array());
    }
    numbers.extend(geometry.spacing_mm);
    let mut hash = Sha256::new();
    hash.update(format!("{size:?}"));
    for number in numbers {
        // Adding zero makes -0.0 and 0.0 the same text.
        let rounded = (number * 1e4).round() / 1e4 + 0.0;
        hash.update(format!("{rounded:.4};"));
    }
    let mut text = String::with_capacity(64);
    for byte in hash.finalize() {
        // Writing to a string cannot fail.
        write!(text, "{byte:02x}").ok();
    }
    text
}

#[cfg(test)]
mod tests;
