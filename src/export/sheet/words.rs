//! Numbers as they are printed.

use crate::geometry::Degrees;
use crate::plan::Known;

/// Stands where a number is not known.
pub const UNKNOWN: &str = "–";

/// One decimal with a true minus sign, never `−0.0`; a dash for what is no number.
pub fn decimal(value: f64) -> String {
    if !value.is_finite() {
        return UNKNOWN.to_owned();
    }
    let text = format!("{value:.1}");
    match text.as_str() {
        "-0.0" => "0.0".to_owned(),
        _ => text.replace('-', "−"),
    }
}

/// `12.3°`.
pub fn degrees(value: Degrees) -> String {
    format!("{}°", decimal(value.0))
}

/// `+12.3°` or `−12.3°`, for angles whose sign says a direction.
pub fn signed_degrees(value: Degrees) -> String {
    let text = decimal(value.0);
    let plus = value.0.is_finite() && !text.starts_with('−') && text != "0.0";
    format!("{}{text}°", if plus { "+" } else { "" })
}

/// `2` or `2.5`: margins and sizes as people write them.
pub fn short(value: f64) -> String {
    let text = decimal(value);
    text.strip_suffix(".0").unwrap_or(&text).to_owned()
}

/// Value and note of a number: the texts that `known` gives, or a dash and the reason.
pub fn or_reason<T>(
    number: &Known<T>,
    known: impl FnOnce(&T) -> (String, String),
) -> (String, String) {
    match number {
        Ok(number) => known(number),
        Err(reason) => (UNKNOWN.to_owned(), reason.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_on_screen() {
        assert_eq!(decimal(87.316), "87.3");
        assert_eq!(decimal(-0.04), "0.0");
        assert_eq!(decimal(-12.34), "−12.3");
        assert_eq!(decimal(f64::NAN), "–");
        assert_eq!(signed_degrees(Degrees(14.02)), "+14.0°");
        assert_eq!(signed_degrees(Degrees(-147.4)), "−147.4°");
        assert_eq!(signed_degrees(Degrees(0.01)), "0.0°");
        assert_eq!(signed_degrees(Degrees(f64::INFINITY)), "–°");
        assert_eq!((short(2.0), short(2.5)), ("2".to_owned(), "2.5".to_owned()));
    }
}
