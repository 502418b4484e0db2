//! What `stylet register` prints.

use std::fmt::Write as _;

use glam::DVec2;
use serde_json::{Value, json};

use super::{Found, Opened};
use crate::geometry::CArmAngles;

/// Everything found, as JSON.
pub(super) fn json(found: &Found<'_>) -> Value {
    let registration = &found.registration;
    let correction = &registration.correction;
    json!({
        "verdict": registration.verdict.word(),
        "sentence": registration.verdict.sentence(),
        "ct_series_instance_uid": found.volume_series,
        "target_lps_mm": found.target,
        "isocenter_lps_mm": found.isocenter,
        "likeness_before": registration.before,
        "likeness_after": registration.after,
        "correction": {
            "pivot_lps_mm": correction.pivot,
            "rotation_vector_rad": correction.rotation_rad,
            "shift_mm": correction.shift_mm,
            "angle_deg": correction.angle_deg(),
        },
        "uncertainty": registration.uncertainty,
        "pictures": found
            .opened
            .iter()
            .zip(&registration.reversed)
            .map(|(opened, &reversed)| picture(found, opened, reversed))
            .collect::<Vec<_>>(),
    })
}

fn picture(found: &Found<'_>, opened: &Opened, reversed: bool) -> Value {
    let beam = found.registration.correction.beam(&opened.header);
    let angles = CArmAngles::of_receptor(beam.forward());
    let pixel = |point| {
        let at = beam.pixel_of(point, &opened.geometry.receptor)?;
        Some([at.x, at.y])
    };
    let needles: Vec<Value> = found
        .plan
        .trajectories
        .iter()
        .map(|needle| {
            json!({
                "name": needle.name,
                "entry_px": needle.entry.and_then(pixel),
                "target_px": needle.target.and_then(pixel),
            })
        })
        .collect();
    json!({
        "path": opened.path,
        "sop_instance_uid": opened.instance.uid,
        "frame": found.args.frame,
        // As it is shown: low values may be the bright ones.
        "bone_bright": reversed != opened.instance.low_is_bright,
        "sides_stated": opened.geometry.sides_stated,
        "header_primary_deg": opened.geometry.angles.primary.0,
        "header_secondary_deg": opened.geometry.angles.secondary.0,
        "primary_deg": angles.map(|angles| angles.primary.0),
        "secondary_deg": angles.map(|angles| angles.secondary.0),
        "source_lps_mm": beam.source,
        "receptor_center_lps_mm": beam.receptor_center,
        "right": beam.right,
        "down": beam.down,
        "target_px": pixel(found.target),
        "needles": needles,
    })
}

/// The same for people, in short.
pub(super) fn text(found: &Found<'_>) -> String {
    let registration = &found.registration;
    let correction = &registration.correction;
    let [x, y, z] = correction.shift_mm.to_array();
    let mut text = format!(
        "{}\nLikeness {:.2} before, {:.2} after\nTurned by {:.1}°, shifted by {x:.1}, {y:.1}, {z:.1} mm (LPS) about the target",
        registration.verdict.sentence(),
        registration.before,
        registration.after,
        correction.angle_deg(),
    );
    if let Some(held) = registration.uncertainty {
        // Writing to a string cannot fail.
        write!(
            text,
            "\nHeld within {:.1} mm across and {:.1} mm along the beam of the first picture (1 SD)",
            held.across_mm[0].max(held.across_mm[1]),
            held.along_mm
        )
        .ok();
    }
    for opened in &found.opened {
        let beam = correction.beam(&opened.header);
        let at = beam.pixel_of(found.target, &opened.geometry.receptor);
        let path = opened.path.display().to_string();
        text.push_str(&picture_lines(&path, at, opened.geometry.sides_stated));
    }
    text
}

/// Where the target lies on a picture, and whether its sides are assumed: that concerns the whole
/// picture, whether or not the target is on it.
fn picture_lines(path: &str, target: Option<DVec2>, sides_stated: bool) -> String {
    let mut lines = match target {
        Some(at) => format!("\nTarget at column {:.1}, row {:.1} of {path}", at.x, at.y),
        None => format!("\nTarget not in the beam of {path}"),
    };
    if !sides_stated {
        lines.push_str("\nLeft/right assumed: the file does not state it");
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assumed_sides_are_said_wherever_the_target_lies() {
        for target in [Some(DVec2::new(3.0, 4.04)), None] {
            assert!(picture_lines("a.dcm", target, false).contains("Left/right assumed"));
            assert!(!picture_lines("a.dcm", target, true).contains("assumed"));
        }
        let lines = picture_lines("a.dcm", Some(DVec2::new(3.0, 4.04)), true);
        assert_eq!(lines, "\nTarget at column 3.0, row 4.0 of a.dcm");
    }
}
