//! Markups of 3D Slicer read back: lines with Entry and Target as needles, other lines as
//! distances, angles as angles, point lists as marks.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::MarkupsError;
use crate::export::imported::{Collector, ImportedPlan};
use crate::geometry::{Lps, Point};
use crate::plan::MeasurementKind;

/// Largest file that is read, bytes; a point takes some 500.
const LARGEST_BYTES: u64 = 16 << 20;

#[derive(Deserialize)]
struct File {
    #[serde(default, rename = "@schema")]
    schema: String,
    markups: Vec<Markup>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Markup {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    coordinate_system: Option<String>,
    /// Text, or a code triple.
    #[serde(default)]
    coordinate_units: Option<serde_json::Value>,
    #[serde(default)]
    control_points: Vec<ControlPoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ControlPoint {
    #[serde(default)]
    label: String,
    /// Absent, null or of any length where the point is not placed.
    #[serde(default)]
    position: Option<Vec<Option<f64>>>,
    #[serde(default)]
    position_status: Option<String>,
}

/// Reads a markups file. It names no frame of reference: whoever opens it says that it belongs to
/// the open images.
pub fn import_markups(path: &Path) -> Result<ImportedPlan, MarkupsError> {
    let failed = |source| MarkupsError::Read {
        path: path.to_owned(),
        source,
    };
    let malformed = |reason: String| MarkupsError::Malformed {
        path: path.to_owned(),
        reason,
    };
    let size = fs::metadata(path).map_err(failed)?.len();
    if size > LARGEST_BYTES {
        return Err(malformed(format!(
            "it has {size} bytes, more than any plan; save the needles alone"
        )));
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let file: File = serde_json::from_str(&text).map_err(|error| malformed(error.to_string()))?;
    if !file.schema.is_empty() && !file.schema.contains("markups-") {
        return Err(malformed(format!(
            "its @schema is {:?}; save it from Slicer's Markups module",
            file.schema
        )));
    }
    let mut collector = Collector::default();
    for markup in &file.markups {
        take(&mut collector, markup);
    }
    Ok(collector.finish())
}

fn take(collector: &mut Collector, markup: &Markup) {
    let name = &markup.name;
    let Some(from_file) = conversion(markup) else {
        collector.leave(format!(
            "{name:?}: its coordinate system or unit is not LPS or RAS in mm or um"
        ));
        return;
    };
    let points: Vec<(&str, Point<Lps>)> = markup
        .control_points
        .iter()
        .filter_map(|control| Some((control.label.as_str(), placed(control, from_file)?)))
        .collect();
    if points.len() < markup.control_points.len() {
        collector.leave(format!("points of {name:?} that are not placed"));
    }
    match (markup.kind.as_str(), points.as_slice()) {
        (_, []) => collector.leave(format!("{name:?}, which has no point")),
        ("Line", [a, b]) => match needle([*a, *b]) {
            Some(ends) => {
                collector.needle(name, ends);
            }
            None => collector.measurement(name, MeasurementKind::Distance, vec![a.1, b.1]),
        },
        ("Angle", [a, apex, b]) => {
            collector.measurement(name, MeasurementKind::Angle, vec![a.1, apex.1, b.1]);
        }
        ("Fiducial", points) => {
            for (label, point) in points {
                let label = if label.is_empty() { name } else { *label };
                collector.mark(label.to_owned(), *point);
            }
        }
        (kind, _) => collector.leave(format!("{name:?}: {kind} is not taken")),
    }
}

/// Factors of x, y and z to LPS mm.
fn conversion(markup: &Markup) -> Option<[f64; 3]> {
    use serde_json::Value;
    let unit = match &markup.coordinate_units {
        None | Some(Value::Null) => Some("mm"),
        Some(Value::String(unit)) => Some(unit.as_str()),
        Some(Value::Array(code)) => code.first().and_then(Value::as_str),
        Some(_) => None,
    };
    let mm = match unit? {
        "mm" => 1.0,
        "um" => 1e-3,
        _ => return None,
    };
    // The schema's default is LPS.
    match markup.coordinate_system.as_deref().unwrap_or("LPS") {
        "LPS" => Some([mm, mm, mm]),
        "RAS" => Some([-mm, -mm, mm]),
        _ => None,
    }
}

fn placed(control: &ControlPoint, from_file: [f64; 3]) -> Option<Point<Lps>> {
    let defined = control.position_status.as_deref().unwrap_or("defined") == "defined";
    let numbers: Option<Vec<f64>> = control.position.as_ref()?.iter().copied().collect();
    let [x, y, z] = <[f64; 3]>::try_from(numbers?).ok()?;
    let [by_x, by_y, by_z] = from_file;
    defined.then(|| Point::new(x * by_x, y * by_y, z * by_z))
}

/// Entry and target, where the labels say which is which; the order alone says nothing.
fn needle(points: [(&str, Point<Lps>); 2]) -> Option<[Point<Lps>; 2]> {
    let is = |label: &str, word: &str| label.trim().eq_ignore_ascii_case(word);
    match points {
        [(a, entry), (b, target)] if is(a, "entry") && is(b, "target") => Some([entry, target]),
        [(a, target), (b, entry)] if is(a, "target") && is(b, "entry") => Some([entry, target]),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn import(text: &str) -> Result<ImportedPlan, MarkupsError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mrk.json");
        fs::write(&path, text).unwrap();
        import_markups(&path)
    }

    fn line(head: &str, first: &str, second: &str) -> String {
        format!(
            r#"{{"@schema":"https://x/markups-schema-v1.0.3.json#","markups":[{{"type":"Line",
               "name":"N"{head},"controlPoints":[
               {{"label":"{first}","position":[1,2,3]}},{{"label":"{second}","position":[4,6,3]}}]}}]}}"#
        )
    }

    #[test]
    fn labels_say_which_end_is_which_in_either_coordinate_system() {
        for (head, entry) in [
            ("", [1., 2., 3.]),
            (r#","coordinateSystem":"LPS""#, [1., 2., 3.]),
            (r#","coordinateSystem":"RAS""#, [-1., -2., 3.]),
            (r#","coordinateUnits":"um""#, [0.001, 0.002, 0.003]),
            (r#","coordinateUnits":["mm","UCUM","mm"]"#, [1., 2., 3.]),
        ] {
            let back = import(&line(head, "Entry", "Target")).unwrap();
            assert_eq!(
                back.plan.trajectories[0].entry,
                Some(entry.into()),
                "{head}"
            );
        }
        let turned = import(&line("", "target", "ENTRY")).unwrap();
        assert_eq!(
            turned.plan.trajectories[0].target,
            Some([1., 2., 3.].into())
        );
        let unnamed = import(&line("", "N-1", "N-2")).unwrap();
        assert!(unnamed.plan.trajectories.is_empty());
        assert_eq!(unnamed.plan.measurements[0].distance_mm(), Some(5.0));
        for head in [
            r#","coordinateSystem":"XYZ""#,
            r#","coordinateUnits":"inch""#,
        ] {
            let back = import(&line(head, "Entry", "Target")).unwrap();
            assert!(back.plan.is_empty() && back.left_out[0].contains("LPS or RAS"));
        }
    }

    #[test]
    fn other_markups_are_taken_as_far_as_they_go() {
        let back = import(
            r#"{"@schema":"markups-schema-v1.0.0","markups":[
            {"type":"Fiducial","name":"F","controlPoints":[
              {"label":"tip","position":[1,2,3],"positionStatus":"defined"},
              {"label":"","position":[0,0,0]},
              {"label":"later","position":null,"positionStatus":"undefined"}]},
            {"type":"Angle","name":"A","controlPoints":[{"position":[0,0,5]},
              {"position":[0,0,0]},{"position":[0,7,7]}]},
            {"type":"Curve","name":"C","controlPoints":[{"position":[0,0,5]}]},
            {"type":"Plane"}]}"#,
        )
        .unwrap();
        let names: Vec<_> = back.marks.iter().map(|mark| mark.name.as_str()).collect();
        assert_eq!(names, ["tip", "F"]);
        assert!((back.plan.measurements[0].angle().unwrap().0 - 45.0).abs() < 1e-12);
        let left = back.left_out.join("\n");
        for told in ["not placed", "Curve is not taken", "no point"] {
            assert!(left.contains(told), "{left}");
        }
    }

    #[test]
    fn what_is_no_markups_file_is_refused_with_its_name() {
        for text in [
            "",
            "{}",
            "[1]",
            r#"{"@schema":"stylet-plan/1","markups":[]}"#,
        ] {
            let error = import(text).unwrap_err().to_string();
            assert!(error.contains("a.mrk.json"), "{error}");
        }
    }
}
