//! Needles as 3D Slicer markups, `.mrk.json` of schema 1.0.3, and markups back as a plan.

mod read;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use thiserror::Error;

pub use read::import_markups;

use crate::dicom::atomic_file;
use crate::export::quantity::{NamedQuantity, Unit};
use crate::export::record::{NeedleRecord, PlanRecord};
use crate::geometry::{Lps, Point};
use crate::plan::Color;
use crate::study::report::Code;

/// Identifies the schema. Slicer compares it as text; it need not be found there.
const SCHEMA: &str = "https://raw.githubusercontent.com/slicer/slicer/master/Modules/Loadable/\
                      Markups/Resources/Schema/markups-schema-v1.0.3.json#";

/// Why markups were not written or read.
#[derive(Debug, Error)]
pub enum MarkupsError {
    /// Nothing to write.
    #[error("The plan has no needle with both an entry and a target; place them, then export")]
    NoNeedle,
    /// The file system refuses.
    #[error("Cannot write {}: {source}. Choose a folder you may write to", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It could not be read.
    #[error("Cannot read {}: {source}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is not a markups file.
    #[error("{}: not a markups file: {reason}", path.display())]
    Malformed {
        /// Which file.
        path: PathBuf,
        /// Where and why.
        reason: String,
    },
}

/// Writes one file with a line for each needle.
pub fn export_markups(record: &PlanRecord, path: &Path) -> Result<(), MarkupsError> {
    let failed = |source| MarkupsError::Write {
        path: path.to_owned(),
        source,
    };
    if record.needles.is_empty() {
        return Err(MarkupsError::NoNeedle);
    }
    let markups: Vec<Value> = record.needles.iter().enumerate().map(line).collect();
    let file = json!({"@schema": SCHEMA, "markups": markups});
    let mut text = serde_json::to_string_pretty(&file).map_err(|error| failed(error.into()))?;
    text.push('\n');
    atomic_file::write(path, text.as_bytes()).map_err(failed)
}

fn line((index, needle): (usize, &NeedleRecord)) -> Value {
    let color = Color::of_index(index).0.map(|part| f64::from(part) / 255.0);
    let points = [
        ("Entry", needle.entry, "at the skin"),
        ("Target", needle.target, "at the tip"),
    ];
    let points: Vec<Value> = points.into_iter().enumerate().map(control_point).collect();
    json!({
        "type": "Line",
        "name": needle.name,
        "coordinateSystem": "LPS",
        "coordinateUnits": "mm",
        "locked": true,
        "fixedNumberOfControlPoints": true,
        "labelFormat": "%N-%d",
        "lastUsedControlPointNumber": 2,
        "controlPoints": points,
        "measurements": measurements(needle),
        "display": {
            "visibility": true,
            "opacity": 1.0,
            "color": color,
            "selectedColor": color,
            "propertiesLabelVisibility": true,
            "pointLabelsVisibility": true,
            "textScale": 3.0,
            "lineThickness": 0.2,
            "handlesInteractive": false,
            "snapMode": "unconstrained",
        },
    })
}

fn control_point((index, (label, point, description)): (usize, (&str, Point<Lps>, &str))) -> Value {
    json!({
        "id": (index + 1).to_string(),
        "label": label,
        "description": description,
        "associatedNodeID": "",
        "position": point.to_array(),
        // The axes of Slicer's RAS space, said in LPS.
        "orientation": [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0],
        "selected": true,
        "locked": true,
        "visibility": true,
        "positionStatus": "defined",
    })
}

/// The length under the name that Slicer computes itself, then every other number.
fn measurements(needle: &NeedleRecord) -> Vec<Value> {
    let length_mm = needle.entry.distance(needle.target);
    let length = Code::new("410668003", "SCT", "Length");
    let of = |quantity: &NamedQuantity| {
        let code = quantity.quantity.code();
        (quantity.key(), quantity.value, quantity.unit, code)
    };
    let numbers = needle.quantities.iter().map(of);
    let clearance = |clearance: &crate::export::record::Clearance| {
        let name = format!("clearance to {}", clearance.structure);
        let code = Code::new("clearance", crate::export::quantity::SCHEME, "Clearance");
        (name, clearance.distance_mm, Unit::Millimetre, code)
    };
    let first = ("length".to_owned(), length_mm, Unit::Millimetre, length);
    std::iter::once((first, true))
        .chain(numbers.map(|number| (number, false)))
        .chain(
            needle
                .clearances
                .iter()
                .map(clearance)
                .map(|one| (one, false)),
        )
        .map(|((name, value, unit, code), enabled)| {
            json!({
                "name": name,
                // Slicer computes what is enabled anew; it knows the length only.
                "enabled": enabled,
                "value": value,
                "units": unit.code().value,
                "printFormat": "%-#4.4g %s",
                "quantityCode": [code.value, code.scheme, code.meaning],
            })
        })
        .collect()
}
