//! The one place where numbers become text on the screen.

use crate::geometry::{CArmAngles, Degrees, Lps, Point};
use crate::plan::Known;
pub use crate::study::person::{date, person_name};

/// Shown where a number cannot be computed.
pub const UNKNOWN: &str = "–";

/// `62.4 mm`.
pub fn mm(value: f64) -> String {
    format!("{} mm", decimal(value))
}

/// `12.3°`, signed as it is.
pub fn degrees(value: Degrees) -> String {
    format!("{}°", decimal(value.0))
}

/// `62.4 ± 0.6 mm`; without ± where that is not known.
pub fn mm_off(value: f64, off: Option<f64>) -> String {
    match off {
        Some(off) => format!("{} ± {} mm", decimal(value), off_digits(off)),
        None => mm(value),
    }
}

/// `25.0° ± 0.5°`; without ± where that is not known.
pub fn degrees_off(value: Degrees, off: Option<Degrees>) -> String {
    with_off(degrees(value), off)
}

/// An angle as it stands with its ±, if that is known.
pub fn with_off(angle: String, off: Option<Degrees>) -> String {
    match off {
        Some(off) => format!("{angle} ± {}°", off_digits(off.0)),
        None => angle,
    }
}

/// One decimal, but never none: nothing is known without error.
fn off_digits(off: f64) -> String {
    decimal(off.abs().max(0.1))
}

/// `+12.3°` or `−12.3°`: for angles whose sign says a direction.
pub fn signed_degrees(value: Degrees) -> String {
    let text = decimal(value.0);
    let plus = if text.starts_with('−') || text == "0.0" {
        ""
    } else {
        "+"
    };
    format!("{plus}{text}°")
}

/// `12.3° cephalad` or `12.3° caudal`: the tilt of a receptor.
pub fn tilt(value: Degrees) -> String {
    let word = if value.0 < 0.0 { "caudal" } else { "cephalad" };
    match decimal(value.0.abs()).as_str() {
        "0.0" => "0.0°".to_owned(),
        number => format!("{number}° {word}"),
    }
}

/// `LAO 25° CRA 10°`: DICOM positioner angles, whole degrees.
pub fn positioner(angles: CArmAngles) -> String {
    let one = |angle: Degrees, [plus, minus]: [&str; 2]| {
        let degrees = angle.0.round();
        let word = if degrees < 0.0 { minus } else { plus };
        format!("{word} {:.0}°", degrees.abs())
    };
    format!(
        "{} {}",
        one(angles.primary, ["LAO", "RAO"]),
        one(angles.secondary, ["CRA", "CAU"])
    )
}

/// A modality value with its unit: `143 HU`.
pub fn value(value: f64, unit: &str) -> String {
    let number = if value != 0.0 && value.abs() < 0.1 {
        // Three digits that say something: values of some PET and maps lie far below 1.
        let digits = (2.0 - value.abs().log10().floor()).min(12.0) as usize;
        format!("{value:.digits$}")
    } else if value.abs() < 10.0 && value.fract() != 0.0 {
        format!("{value:.2}")
    } else {
        format!("{:.0}", value.round() + 0.0)
    };
    format!("{} {unit}", number.replace('-', "−"))
        .trim_end()
        .to_owned()
}

/// A mean or spread with its unit: `45.2 HU`, one digit more than [`value`].
pub fn statistic(number: f64, unit: &str) -> String {
    // Hounsfield units are whole numbers: a second digit of their mean says nothing.
    if number.abs() < 10.0 && unit != "HU" {
        return value(number, unit);
    }
    format!("{} {unit}", decimal(number)).trim_end().to_owned()
}

/// `L 12.3  P 45.6  H 7.8`: an LPS position with the side named instead of a sign.
pub fn position(at: Point<Lps>) -> String {
    let part = |value: f64, plus: char, minus: char| {
        format!(
            "{} {:.1}",
            if value < 0.0 { minus } else { plus },
            value.abs()
        )
    };
    let [x, y, z] = at.to_array();
    format!(
        "{}  {}  {}",
        part(x, 'L', 'R'),
        part(y, 'P', 'A'),
        part(z, 'H', 'F')
    )
}

/// The text of a number that may be unknown, and the reason if it is.
pub fn known<T: Clone>(
    number: &Known<T>,
    text: impl FnOnce(T) -> String,
) -> (String, Option<String>) {
    match number {
        Ok(number) => (text(number.clone()), None),
        Err(reason) => (UNKNOWN.to_owned(), Some(reason.clone())),
    }
}

/// One decimal with a true minus sign, and never "−0.0".
pub fn decimal(value: f64) -> String {
    let text = format!("{value:.1}");
    match text.as_str() {
        "-0.0" => "0.0".to_owned(),
        _ => text.replace('-', "−"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_on_a_worklist() {
        assert_eq!(mm(87.316), "87.3 mm");
        assert_eq!(mm(-0.04), "0.0 mm");
        assert_eq!(signed_degrees(Degrees(11.94)), "+11.9°");
        assert_eq!(signed_degrees(Degrees(-27.2)), "−27.2°");
        assert_eq!(degrees(Degrees(0.0)), "0.0°");
        assert_eq!(value(-1000.2, "HU"), "−1000 HU");
        assert_eq!(value(0.25, ""), "0.25");
        assert_eq!(
            position(Point::new(-68., 150., -12.)),
            "R 68.0  P 150.0  F 12.0"
        );
    }

    #[test]
    fn what_is_off_stands_beside_and_is_never_nothing() {
        assert_eq!(mm_off(62.41, Some(0.58)), "62.4 ± 0.6 mm");
        assert_eq!(mm_off(62.41, None), "62.4 mm");
        assert_eq!(mm_off(62.41, Some(0.01)), "62.4 ± 0.1 mm");
        assert_eq!(
            degrees_off(Degrees(25.0), Some(Degrees(0.5))),
            "25.0° ± 0.5°"
        );
        let signed = signed_degrees(Degrees(-27.2));
        assert_eq!(with_off(signed, Some(Degrees(1.0))), "−27.2° ± 1.0°");
        assert_eq!(statistic(45.24, "HU"), "45.2 HU");
        assert_eq!(statistic(-1000.04, "HU"), "−1000.0 HU");
        assert_eq!(statistic(3.384, "HU"), "3.4 HU");
        assert_eq!(statistic(1.234, ""), "1.23");
    }

    #[test]
    fn positions_of_a_c_arm_read_as_on_its_console() {
        let words = |primary, secondary| {
            positioner(CArmAngles {
                primary: Degrees(primary),
                secondary: Degrees(secondary),
            })
        };
        assert_eq!(words(25.2, 9.8), "LAO 25° CRA 10°");
        assert_eq!(words(-135.0, -20.4), "RAO 135° CAU 20°");
        assert_eq!(words(-0.2, 0.0), "LAO 0° CRA 0°");
    }

    #[test]
    fn unknown_is_a_dash_with_its_reason() {
        let unknown: Known<f64> = Err("No entry yet".to_owned());
        assert_eq!(
            known(&unknown, mm),
            ("–".to_owned(), Some("No entry yet".to_owned()))
        );
        assert_eq!(known(&Ok(1.0), mm), ("1.0 mm".to_owned(), None));
    }

    #[test]
    fn names_and_dates() {
        let all = |name| person_name(name, |_| true);
        let latin = |name| person_name(name, str::is_ascii);
        assert_eq!(all("Doe^Jane^^Dr"), "Doe, Jane Dr");
        let yamada = "Yamada^Tarou=山田^太郎=やまだ^たろう";
        assert_eq!(all(yamada), "Yamada, Tarou (山田 太郎)");
        assert_eq!(latin(yamada), "Yamada, Tarou");
        assert_eq!(all("Wang^XiaoDong=王^小东="), "Wang, XiaoDong (王 小东)");
        assert_eq!(all("=山田^太郎"), "山田 太郎");
        assert_eq!(latin("=山田^太郎"), "山田 太郎", "better than nothing");
        assert_eq!(latin("ﾔﾏﾀﾞ^ﾀﾛｳ=Yamada^Tarou"), "Yamada Tarou");
        assert_eq!(all(""), "(no name)");
        assert_eq!(all("^^=^"), "(no name)");
        assert_eq!(date("20260122"), "2026-01-22");
        assert_eq!(date("1999"), "1999");
    }
}
