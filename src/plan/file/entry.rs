//! Items of a plan as they stand in its file.

use serde::{Deserialize, Serialize};

use crate::geometry::{Lps, Point};
use crate::plan::{
    Color, DrawnShape, DrawnStructure, Intent, Measurement, MeasurementId, MeasurementKind,
    Override, PictureMarks, PictureMeasurement, PixelPlace, StructureId, Trajectory, TrajectoryId,
};
use crate::study::InstanceUid;

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
    /// Procedure, level and side.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<Intent>,
    /// Radius around the target that the tip must end in, mm.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_radius_mm: Option<f64>,
    /// Objections overridden with a reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<Override>,
}

/// One measurement or mark in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MeasurementEntry {
    /// `distance`, `angle`, `cobb`, `ellipse`, `rectangle`, `point` or `arrow`.
    pub kind: MeasurementKind,
    /// LPS mm.
    pub points: Vec<Point<Lps>>,
    /// Words beside it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

/// One measurement on a picture in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PictureMeasurementEntry {
    /// SOP Instance UID.
    pub image: InstanceUid,
    /// Frame of the image, 0-based.
    #[serde(default)]
    pub frame: usize,
    /// `distance`, `angle` or `cobb`.
    pub kind: MeasurementKind,
    /// Column and row of each point; the centre of the first pixel is 0, 0.
    pub points: Vec<PixelPlace>,
}

impl PictureMeasurementEntry {
    /// The measurement of an entry, with the id it is to have.
    pub fn measurement(&self, id: MeasurementId) -> PictureMeasurement {
        PictureMeasurement {
            id,
            image: self.image.clone(),
            frame: self.frame,
            kind: self.kind,
            points: self.points.clone(),
        }
    }
}

/// The entries of all measurements on pictures.
pub(super) fn of_pictures(marks: &PictureMarks) -> Vec<PictureMeasurementEntry> {
    let entry = |drawn: &PictureMeasurement| PictureMeasurementEntry {
        image: drawn.image.clone(),
        frame: drawn.frame,
        kind: drawn.kind,
        points: drawn.points.clone(),
    };
    marks.measurements.iter().map(entry).collect()
}

/// One structure drawn by hand in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StructureEntry {
    /// Name shown.
    pub name: String,
    /// What it is: a key of `assets/structures.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// `#rrggbb`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub color: Option<Color>,
    /// Not drawn.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub hidden: bool,
    /// What it was drawn with.
    pub drawn: DrawnShape,
}

impl TrajectoryEntry {
    /// The entry of a needle.
    pub fn of(needle: &Trajectory) -> Self {
        Self {
            name: needle.name.clone(),
            entry: needle.entry,
            target: needle.target,
            needle: needle.needle.clone(),
            color: Some(needle.color),
            locked: needle.locked,
            hidden: needle.hidden,
            intent: needle.intent.clone(),
            target_radius_mm: needle.target_radius_mm,
            overrides: needle.overrides.clone(),
        }
    }

    /// The needle of an entry, with the id it is to have.
    pub fn needle(&self, id: TrajectoryId) -> Trajectory {
        Trajectory {
            id,
            name: self.name.clone(),
            entry: self.entry,
            target: self.target,
            needle: self.needle.clone(),
            color: self.color.unwrap_or(Color::of_index(id.0 as usize)),
            locked: self.locked,
            hidden: self.hidden,
            intent: self.intent.clone(),
            target_radius_mm: self.target_radius_mm,
            overrides: self.overrides.clone(),
        }
    }
}

impl MeasurementEntry {
    /// The entry of a measurement.
    pub fn of(drawn: &Measurement) -> Self {
        Self {
            kind: drawn.kind,
            points: drawn.points.clone(),
            text: drawn.text.clone(),
        }
    }

    /// The measurement of an entry, with the id it is to have.
    pub fn measurement(&self, id: MeasurementId) -> Measurement {
        Measurement {
            id,
            kind: self.kind,
            points: self.points.clone(),
            text: self.text.clone(),
        }
    }
}

impl StructureEntry {
    /// The entry of a drawn structure.
    pub fn of(drawn: &DrawnStructure) -> Self {
        Self {
            name: drawn.name.clone(),
            kind: drawn.kind.clone(),
            color: Some(drawn.color),
            hidden: drawn.hidden,
            drawn: drawn.shape.clone(),
        }
    }

    /// The drawn structure of an entry, with the id it is to have.
    pub fn structure(&self, id: StructureId) -> DrawnStructure {
        DrawnStructure {
            id,
            name: self.name.clone(),
            kind: self.kind.clone(),
            color: self.color.unwrap_or(Color::of_index(id.0 as usize)),
            hidden: self.hidden,
            shape: self.drawn.clone(),
        }
    }
}
