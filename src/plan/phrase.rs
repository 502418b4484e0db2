//! Angles as interventionists say them (clinical reference sheet, section 2.9).

use crate::geometry::{CArmAngles, Degrees, NeedleAngles};

/// `cephalad` for receptor or needle toward the head.
fn tilt_word(degrees: Degrees) -> &'static str {
    if degrees.0 > 0.0 {
        "cephalad"
    } else {
        "caudal"
    }
}

/// Whole degrees of an angle's size; interventionists round, the number beside it does not.
fn whole(degrees: Degrees) -> i64 {
    degrees.0.abs().round() as i64
}

/// The bull's-eye position in words: `25° left oblique, 10° caudal tilt; needle 10° cephalad`.
///
/// Counted from a straight posterior receptor for a beam that leaves at the back, and as LAO/RAO,
/// CRA/CAU for one that leaves at the front (section 2.5, steps 4 and 5).
pub fn carm(dicom: CArmAngles) -> String {
    let view = view(dicom);
    // The needle points the other way than the receptor: psi = -tau (section 2.6).
    match whole(dicom.secondary) {
        0 => view,
        _ if is_anterior(dicom) => view,
        degrees => format!("{view}; needle {degrees}° {}", tilt_word(-dicom.secondary)),
    }
}

/// Any view in the same words, which say nothing of a needle: `AP, 20° cephalad tilt`.
pub fn view(dicom: CArmAngles) -> String {
    let operator = dicom.operator();
    let (oblique, tilt) = (operator.oblique, operator.tilt);
    if is_anterior(dicom) {
        return anterior(dicom);
    }
    let side = if oblique.0 > 0.0 { "left" } else { "right" };
    let tilt_text = match whole(tilt) {
        0 => "no tilt".to_owned(),
        degrees => format!("{degrees}° {} tilt", tilt_word(tilt)),
    };
    if oblique.0.abs() <= 3.0 {
        format!("AP, {tilt_text}")
    } else if oblique.0.abs() >= 87.0 {
        format!("lateral (receptor {side}), {tilt_text}")
    } else {
        format!("{}° {side} oblique, {tilt_text}", whole(oblique))
    }
}

/// Whether the beam leaves at the front, well beyond a lateral.
fn is_anterior(dicom: CArmAngles) -> bool {
    dicom.operator().oblique.0.abs() > 93.0
}

fn anterior(dicom: CArmAngles) -> String {
    let primary = match (whole(dicom.primary), dicom.primary.0 > 0.0) {
        (0, _) => "AP".to_owned(),
        (degrees, true) => format!("LAO {degrees}°"),
        (degrees, false) => format!("RAO {degrees}°"),
    };
    let secondary = match (whole(dicom.secondary), dicom.secondary.0 > 0.0) {
        (0, _) => String::new(),
        (degrees, true) => format!(", CRA {degrees}°"),
        (degrees, false) => format!(", CAU {degrees}°"),
    };
    format!("{primary}{secondary}")
}

/// CT angles in words: `25° from vertical toward right, 10° cranial out of plane`.
pub fn ct(angles: NeedleAngles, direction: &str) -> String {
    let in_plane = match angles.in_plane {
        Some(degrees) if whole(degrees) == 0 => "vertical".to_owned(),
        Some(degrees) => format!("{}° from vertical {direction}", whole(degrees)),
        None => "along the body axis".to_owned(),
    };
    let out = angles.out_of_plane;
    match (whole(out), out.0 > 0.0) {
        (0, _) => format!("{in_plane}, in plane"),
        (degrees, true) => format!("{in_plane}, {degrees}° cranial out of plane"),
        (degrees, false) => format!("{in_plane}, {degrees}° caudal out of plane"),
    }
}

/// Where the tip runs in the plane of a CT slice, with `medial` or `lateral` where the midline is
/// known: `toward right (medial)`.
pub fn direction(toward: &str, heading: Option<&str>) -> String {
    match heading {
        Some(word @ ("medial" | "lateral")) if toward.starts_with("toward") => {
            format!("{toward} ({word})")
        }
        _ => toward.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Vector;

    fn pair(primary: f64, secondary: f64) -> CArmAngles {
        CArmAngles {
            primary: Degrees(primary),
            secondary: Degrees(secondary),
        }
    }

    #[test]
    fn the_examples_of_section_2_8_are_spoken_as_there() {
        for (dicom, spoken) in [
            (
                pair(155., -10.),
                "25° left oblique, 10° caudal tilt; needle 10° cephalad",
            ),
            (
                pair(-135., 20.),
                "45° right oblique, 20° cephalad tilt; needle 20° caudal",
            ),
            (pair(30., 15.), "LAO 30°, CRA 15°"),
            (
                pair(-160., -45.),
                "20° right oblique, 45° caudal tilt; needle 45° cephalad",
            ),
            (
                pair(-147.4, -11.9),
                "33° right oblique, 12° caudal tilt; needle 12° cephalad",
            ),
            (pair(178., 0.2), "AP, no tilt"),
            (pair(90., 0.0), "lateral (receptor left), no tilt"),
            (
                pair(-92., 5.0),
                "lateral (receptor right), 5° cephalad tilt; needle 5° caudal",
            ),
            (pair(-0.3, -20.0), "AP, CAU 20°"),
        ] {
            assert_eq!(carm(dicom), spoken);
        }
    }

    #[test]
    fn a_view_that_is_no_bulls_eye_says_nothing_of_the_needle() {
        for (dicom, spoken) in [
            (pair(155., -10.), "25° left oblique, 10° caudal tilt"),
            (pair(90., 12.), "lateral (receptor left), 12° cephalad tilt"),
            (pair(30., 15.), "LAO 30°, CRA 15°"),
            (pair(180., 0.), "AP, no tilt"),
        ] {
            assert_eq!(view(dicom), spoken);
        }
    }

    #[test]
    fn medial_and_lateral_are_said_where_the_midline_is_known() {
        assert_eq!(
            direction("toward right", Some("medial")),
            "toward right (medial)"
        );
        assert_eq!(
            direction("toward left", Some("lateral")),
            "toward left (lateral)"
        );
        assert_eq!(direction("toward left", Some("straight")), "toward left");
        assert_eq!(direction("toward left", None), "toward left");
        assert_eq!(direction("vertical", Some("medial")), "vertical");
    }

    #[test]
    fn ct_angles_name_both_directions() {
        let of = |x, y, z| NeedleAngles::of(Vector::new(x, y, z)).unwrap();
        assert_eq!(
            ct(of(-0.416, -0.893, 0.174), "toward right"),
            "25° from vertical toward right, 10° cranial out of plane"
        );
        assert_eq!(ct(of(0., -1., 0.), "vertical"), "vertical, in plane");
        assert_eq!(
            ct(of(0., 0., -1.), "vertical"),
            "along the body axis, 90° caudal out of plane"
        );
    }
}
