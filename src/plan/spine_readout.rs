//! A needle's numbers about the declared spine: distances from the midline, angles about a vertebra.

use super::readout::Known;
use super::spine::EndPlateFace;
use super::spine_frame::{Midline, VertebraFrame};
use super::{Spine, Trajectory};
use crate::geometry::{CArmAngles, Degrees, OperatorAngles, Segment};
use crate::study::{Level, Vertebra};

/// What the declared spine adds to the readouts of a needle.
#[derive(Debug, Clone, PartialEq)]
pub struct SpineReadout {
    /// Entry from the midline, mm; + on the patient's left.
    pub entry_offset_mm: Known<f64>,
    /// Target from the midline, mm; + on the patient's left.
    pub target_offset_mm: Known<f64>,
    /// Whether the tip runs `medial`, `lateral` or `straight`.
    pub heading: Known<&'static str>,
    /// The vertebra whose superior end-plate the two below are counted from.
    pub squared_to: Known<Vertebra>,
    /// τ less the tilt that squares that end-plate at the needle's oblique: + cephalad.
    pub relative_tilt: Known<Degrees>,
    /// κ, τ about that vertebra's own axes.
    pub vertebra_angles: Known<OperatorAngles>,
}

impl SpineReadout {
    /// Computes everything for `needle`.
    pub fn of(needle: &Trajectory, spine: &Spine) -> Self {
        let midline = Midline::of(spine);
        let offset = |point: Option<_>, missing: &str| {
            let point = point.ok_or_else(|| missing.to_owned())?;
            midline
                .as_ref()
                .map(|midline| midline.offset_mm(point))
                .map_err(Clone::clone)
        };
        let entry_offset_mm = offset(needle.entry, "No entry yet");
        let target_offset_mm = offset(needle.target, "No target yet");
        let heading = match (&entry_offset_mm, &target_offset_mm) {
            (Ok(entry_mm), Ok(target_mm)) => Ok(heading(*entry_mm, *target_mm)),
            (Err(reason), _) | (_, Err(reason)) => Err(reason.clone()),
        };
        let squared_to = squared_vertebra(needle, spine);
        let frame = squared_to
            .clone()
            .and_then(|vertebra| VertebraFrame::of(spine, vertebra, EndPlateFace::Superior));
        let path = needle
            .segment()
            .map(Segment::vector)
            .ok_or_else(|| "No target and entry yet".to_owned());
        let operator = path.clone().and_then(|path| {
            let angles = CArmAngles::of_needle(path).map(CArmAngles::operator);
            angles.ok_or_else(|| "Entry and target are at the same place".to_owned())
        });
        let relative_tilt = match (&frame, &operator) {
            (Ok(frame), Ok(seen)) => Ok(Degrees(seen.tilt.0 - frame.squared_tilt(seen.oblique).0)),
            (Err(reason), _) | (_, Err(reason)) => Err(reason.clone()),
        };
        let vertebra_angles = frame.and_then(|frame| {
            let angles = frame.operator_angles(path?);
            angles.ok_or_else(|| "Entry and target are at the same place".to_owned())
        });
        Self {
            entry_offset_mm,
            target_offset_mm,
            heading,
            squared_to,
            relative_tilt,
            vertebra_angles,
        }
    }
}

/// Less than half a millimetre nearer or farther counts as neither.
fn heading(entry_mm: f64, target_mm: f64) -> &'static str {
    // Across the midline the tip runs medial first; what counts is where it comes from.
    let toward_midline = (entry_mm - target_mm) * entry_mm.signum();
    if toward_midline > 0.5 {
        "medial"
    } else if toward_midline < -0.5 {
        "lateral"
    } else {
        "straight"
    }
}

/// The declared vertebra (of two the one whose end-plate lies nearer to the target), else the one
/// whose end-plate lies nearest.
fn squared_vertebra(needle: &Trajectory, spine: &Spine) -> Known<Vertebra> {
    let declared = needle.intent.as_ref().and_then(|intent| intent.level);
    if let Some(level) = declared {
        let clicked = |vertebra| {
            let plate = spine.end_plate(vertebra, EndPlateFace::Superior)?;
            let middle = plate.points[0].lerp(plate.points[1], 0.5);
            let off_mm = needle.target.map_or(0.0, |target| middle.distance(target));
            Some((off_mm, vertebra))
        };
        // Below a pedicle the beam is squared to that vertebra, in a disc to the one below it.
        let nearest = [clicked(level.lower()), clicked(level.upper())]
            .into_iter()
            .flatten()
            .min_by(|a, b| a.0.total_cmp(&b.0));
        return match (nearest, level) {
            (Some((_, vertebra)), _) => Ok(vertebra),
            (None, Level::At(vertebra)) => Err(format!(
                "Click the superior end-plate of {vertebra} to square it"
            )),
            (None, Level::Between(upper, lower)) => Err(format!(
                "Click the superior end-plate of {upper} or {lower} to square it"
            )),
        };
    }
    let target = needle.target.ok_or("No target yet")?;
    spine
        .end_plates
        .iter()
        .filter(|plate| plate.face == EndPlateFace::Superior)
        .min_by(|a, b| {
            let far = |plate: &super::EndPlate| plate.points[0].distance(target);
            far(a).total_cmp(&far(b))
        })
        .map(|plate| plate.vertebra)
        .ok_or_else(|| "No end-plate clicked yet".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;
    use crate::plan::{EndPlate, SpineEdit, TrajectoryId};

    #[test]
    fn between_two_vertebrae_the_nearer_end_plate_is_squared() {
        let plate = |name: &str, z| {
            SpineEdit::SetEndPlate(EndPlate {
                vertebra: name.parse().unwrap(),
                face: EndPlateFace::Superior,
                points: [Point::new(0., 0., z), Point::new(0., 34., z)],
            })
        };
        let mut spine = Spine::default();
        let mut needle = Trajectory::new(TrajectoryId(0), "n".to_owned());
        needle.intent = Some(crate::plan::Intent {
            procedure: "any".to_owned(),
            level: Some("L4-L5".parse().unwrap()),
            side: None,
        });
        needle.target = Some(Point::new(20., 40., 0.));
        let squared = |needle: &Trajectory, spine: &Spine| {
            let found = SpineReadout::of(needle, spine).squared_to;
            found.map(|vertebra| vertebra.to_string())
        };
        let why = squared(&needle, &spine).unwrap_err();
        assert!(why.contains("L4 or L5"), "{why}");
        for edit in [plate("L4", 14.0), plate("L5", -23.0)] {
            spine.apply(&edit).unwrap();
        }
        assert_eq!(
            squared(&needle, &spine).as_deref(),
            Ok("L4"),
            "below a pedicle"
        );
        needle.target = Some(Point::new(0., 17., -18.));
        assert_eq!(squared(&needle, &spine).as_deref(), Ok("L5"), "in the disc");
    }

    #[test]
    fn numbers_about_the_spine_of_the_first_worked_example() {
        // 2.8 example 1: left L4-5, κ 25, τ −10, with the midline at x = 0 and an L5 end-plate that
        // is squared by τ +20 at κ 0.
        let mut needle = Trajectory::new(TrajectoryId(0), "n".to_owned());
        needle.entry = Some(Point::new(53.3, 111.4, -13.9));
        needle.target = Some(Point::new(20., 40., 0.));
        let mut spine = Spine::default();
        let nothing = SpineReadout::of(&needle, &spine);
        assert!(nothing.entry_offset_mm.is_err() && nothing.relative_tilt.is_err());
        let lean = 20.0_f64.to_radians();
        for edit in [
            SpineEdit::SetMidline(Some([
                Point::new(0., 0., 0.),
                Point::new(0., 60., 0.),
                Point::new(0., 30., 90.),
            ])),
            SpineEdit::SetEndPlate(EndPlate {
                vertebra: "L5".parse().unwrap(),
                face: EndPlateFace::Superior,
                points: [
                    Point::new(0., 34.0 * lean.cos(), 34.0 * lean.sin()),
                    Point::new(0., 0., 0.),
                ],
            }),
        ] {
            spine.apply(&edit).unwrap();
        }
        let readout = SpineReadout::of(&needle, &spine);
        assert_eq!(readout.entry_offset_mm, Ok(53.3));
        assert_eq!(readout.target_offset_mm, Ok(20.0));
        assert_eq!(readout.heading, Ok("medial"));
        assert_eq!(readout.squared_to.unwrap().to_string(), "L5");
        // τ_SEP = −atan2(−sin 20 cos 25, cos 20) = 18.26°; −10 − 18.26 = −28.26.
        let relative = readout.relative_tilt.unwrap();
        assert!((relative.0 + 28.26).abs() < 0.05, "{relative:?}");
        assert!(readout.vertebra_angles.is_ok());
    }
}
