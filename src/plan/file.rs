//! The plan file `*.stylet.json`: schema, reading, atomic writing.
//!
//! `docs/plan-file.md` documents the schema for people who write it.

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::{Color, Measurement, MeasurementKind, Plan, PlanEdit, SeriesBinding, Trajectory};
use crate::geometry::{Lps, PatientPosition, Point};
use crate::study::StackGeometry;

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
    /// Distances and angles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub measurements: Vec<MeasurementEntry>,
    /// Where the views looked when it was saved; kept as it is by readers that do not use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<serde_json::Value>,
    /// Keys that this version does not know (`structures` …), written back as they were.
    #[serde(flatten)]
    pub unknown: serde_json::Map<String, serde_json::Value>,
}

/// One needle in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrajectoryEntry {
    /// As spoken.
    pub name: String,
    /// LPS mm.
    #[serde(default)]
    pub entry: Option<Point<Lps>>,
    /// LPS mm.
    #[serde(default)]
    pub target: Option<Point<Lps>>,
    /// Catalogue id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needle: Option<String>,
    /// `#rrggbb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
    /// Refuses to be moved.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub locked: bool,
    /// Not drawn.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
}

/// One distance or angle in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasurementEntry {
    /// `distance` or `angle`.
    pub kind: MeasurementKind,
    /// LPS mm.
    pub points: Vec<Point<Lps>>,
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
            measurements: plan
                .measurements
                .iter()
                .map(|drawn| MeasurementEntry {
                    kind: drawn.kind,
                    points: drawn.points.clone(),
                })
                .collect(),
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
            let id = plan.next_trajectory_id();
            let needle = Trajectory {
                id,
                name: entry.name.clone(),
                entry: entry.entry,
                target: entry.target,
                needle: entry.needle.clone(),
                color: entry.color.unwrap_or(Color::of_index(id.0 as usize)),
                locked: entry.locked,
                hidden: entry.hidden,
            };
            plan.apply(&PlanEdit::AddTrajectory(needle))
                .map_err(|error| refused(format!("trajectory {:?}: {error}", entry.name)))?;
        }
        for (index, entry) in self.measurements.iter().enumerate() {
            let drawn = Measurement {
                id: plan.next_measurement_id(),
                kind: entry.kind,
                points: entry.points.clone(),
            };
            plan.apply(&PlanEdit::AddMeasurement(drawn))
                .map_err(|error| refused(format!("measurement {}: {error}", index + 1)))?;
        }
        Ok(plan)
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

impl TrajectoryEntry {
    fn of(needle: &Trajectory) -> Self {
        Self {
            name: needle.name.clone(),
            entry: needle.entry,
            target: needle.target,
            needle: needle.needle.clone(),
            color: Some(needle.color),
            locked: needle.locked,
            hidden: needle.hidden,
        }
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
mod tests {
    use super::*;
    use crate::geometry::Vector;

    const SMALLEST: &str = r#"{"schema":"stylet-plan/1","coordinate_system":"LPS","unit":"mm","patient_position":"HFP","trajectories":[{"name":"L4-5 right facet","entry":[-68,150,-12],"target":[-22,78,6],"needle":"quincke-22g-90"}]}"#;

    fn parse(text: &str) -> Result<Plan, PlanFileError> {
        let path = Path::new("x.stylet.json");
        PlanFile::parse(text, path)?.plan(path)
    }

    #[test]
    fn the_smallest_plan_of_the_docs_is_read() {
        let plan = parse(SMALLEST).unwrap();
        assert_eq!(plan.patient_position, Some(PatientPosition::HeadFirstProne));
        let needle = &plan.trajectories[0];
        assert_eq!(needle.name, "L4-5 right facet");
        assert!((needle.segment().unwrap().length_mm() - 87.316).abs() < 5e-4);
    }

    #[test]
    fn what_is_written_is_read_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.stylet.json");
        let mut plan = parse(SMALLEST).unwrap();
        let id = plan.next_measurement_id();
        let points = vec![Point::new(0.1, 0.2, 0.3), Point::new(3., 4., 0.)];
        let drawn = Measurement {
            id,
            kind: MeasurementKind::Distance,
            points,
        };
        plan.apply(&PlanEdit::AddMeasurement(drawn)).unwrap();
        PlanFile::of(&plan, None).write(&path).unwrap();
        // Over an existing file too.
        PlanFile::of(&plan, Some(serde_json::json!({"zoom": 2})))
            .write(&path)
            .unwrap();
        let (file, back) = PlanFile::read(&path).unwrap();
        assert_eq!(back, plan);
        assert_eq!(file.view, Some(serde_json::json!({"zoom": 2})));
        assert!(file.unknown.is_empty());
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "no temporary file stays");
    }

    #[test]
    fn keys_of_a_later_version_are_kept() {
        let with = SMALLEST.replacen('{', r#"{"structures":[{"name":"sac"}],"#, 1);
        let file = PlanFile::parse(&with, Path::new("x.stylet.json")).unwrap();
        assert_eq!(file.unknown["structures"][0]["name"], "sac");
        let text = serde_json::to_string(&file).unwrap();
        assert!(text.contains(r#""structures":[{"name":"sac"}]"#), "{text}");
    }

    #[test]
    fn other_frames_units_and_versions_are_refused_by_name() {
        for (from, to, named) in [
            ("stylet-plan/1", "stylet-plan/9", "stylet-plan/9"),
            ("\"LPS\"", "\"RAS\"", "RAS"),
            ("\"mm\"", "\"cm\"", "cm"),
            ("\"HFP\"", "\"ABC\"", "ABC"),
            ("[-68,150,-12]", "[-68,150]", "invalid length"),
            ("[-68,150,-12]", "[-68,150,1e9]", "±10 m"),
            ("\"unit\":\"mm\",", "", "unit"),
            ("}]}", "}]", "EOF"),
        ] {
            let error = parse(&SMALLEST.replacen(from, to, 1))
                .unwrap_err()
                .to_string();
            assert!(error.contains(named), "{error} lacks {named}");
            assert!(error.contains("x.stylet.json"), "{error}");
        }
    }

    #[test]
    fn a_failed_write_keeps_the_former_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gone").join("plan.stylet.json");
        let plan = parse(SMALLEST).unwrap();
        let error = PlanFile::of(&plan, None).write(&path).unwrap_err();
        assert!(error.to_string().contains("unchanged"), "{error}");
    }

    #[test]
    fn the_grid_hash_changes_with_the_grid_only() {
        let geometry = StackGeometry {
            origin: Point::new(0.0, -0.0, 5.0),
            column_direction: Vector::new(1., 0., 0.),
            row_direction: Vector::new(0., 1., 0.),
            slice_direction: Vector::new(0., 0., 1.),
            spacing_mm: [0.5, 0.5, 1.0],
            slices: 3,
            slice_of_frame: vec![0, 1, 2],
            uneven_positions: None,
        };
        let hash = geometry_hash([4, 5, 3], &geometry);
        assert_eq!(hash.len(), 64);
        let mut same = geometry.clone();
        same.origin = Point::new(0.0, 0.0, 5.000_001);
        assert_eq!(geometry_hash([4, 5, 3], &same), hash);
        assert_ne!(geometry_hash([4, 5, 4], &geometry), hash);
        same.spacing_mm[2] = 1.01;
        assert_ne!(geometry_hash([4, 5, 3], &same), hash);
    }
}
