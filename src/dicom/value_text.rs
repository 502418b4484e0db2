//! Text cut and cleaned to what a value representation holds (PS3.5 6.2).

/// What a value representation allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TextVr {
    /// Long String: 64 characters, no backslash.
    Lo,
    /// Short String: 16 characters, no backslash.
    Sh,
    /// Person Name: 64 characters in each of three groups, no backslash.
    Pn,
    /// Short Text: 1024 characters.
    St,
    /// Unlimited Text.
    Ut,
    /// Code String: 16 of capitals, digits, space and underscore.
    Cs,
    /// Date, 8 digits.
    Da,
    /// Time, up to 14 digits and a point.
    Tm,
}

/// The text as it may be written. Control characters are dropped, a backslash becomes a slash
/// where it would part values, and what is too long loses its end; nothing else is changed.
pub(crate) fn fit(vr: TextVr, text: &str) -> String {
    match vr {
        TextVr::Lo => single_line(text, 64),
        TextVr::Sh => single_line(text, 16),
        TextVr::Pn => person_name(text),
        TextVr::St => paragraphs(text, 1024),
        TextVr::Ut => paragraphs(text, 1 << 20),
        TextVr::Cs => code_string(text),
        TextVr::Da => whole(text, |t| {
            t.len() == 8 && t.bytes().all(|b| b.is_ascii_digit())
        }),
        TextVr::Tm => whole(text, |t| {
            let (digits, fraction) = t.split_once('.').unwrap_or((t, "0"));
            let number = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
            matches!(digits.len(), 2 | 4 | 6)
                && number(digits)
                && number(fraction)
                && (1..=6).contains(&fraction.len())
        }),
    }
}

fn single_line(text: &str, longest: usize) -> String {
    let clean: String = text
        .trim()
        .chars()
        .filter(|letter| !letter.is_control())
        .map(|letter| if letter == '\\' { '/' } else { letter })
        .take(longest)
        .collect();
    clean.trim_end().to_owned()
}

fn paragraphs(text: &str, longest: usize) -> String {
    let clean: String = text
        .chars()
        .filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\r'))
        .take(longest)
        .collect();
    clean.trim_end().to_owned()
}

/// A name of more than three groups or five components loses what is beyond.
fn person_name(text: &str) -> String {
    let group = |group: &str| {
        let components: Vec<&str> = group.split('^').take(5).collect();
        single_line(&components.join("^"), 64)
    };
    let groups: Vec<String> = text.split('=').take(3).map(group).collect();
    groups.join("=").trim_end_matches('=').to_owned()
}

fn code_string(text: &str) -> String {
    text.trim()
        .to_uppercase()
        .chars()
        .filter(|letter| matches!(letter, 'A'..='Z' | '0'..='9' | ' ' | '_'))
        .take(16)
        .collect()
}

/// The text where it is right, else nothing: half a date is another date.
fn whole(text: &str, is_right: impl Fn(&str) -> bool) -> String {
    let text = text.trim();
    if is_right(text) {
        text.to_owned()
    } else {
        String::new()
    }
}

/// A number as Decimal String: at most 16 characters, as precise as they allow.
pub(crate) fn decimal_string(value: f64) -> String {
    let plain = |places: usize| {
        let text = format!("{value:.places$}");
        if text.contains('.') {
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        } else {
            text
        }
    };
    let fits = |text: &String| text.len() <= 16;
    // Small numbers lose significant digits in plain notation.
    let small = value != 0.0 && value.abs() < 1e-4;
    let text = if small || value.abs() >= 1e15 {
        (0..=14)
            .rev()
            .map(|places| format!("{value:.places$e}"))
            .find(fits)
    } else {
        (0..=14).rev().map(plain).find(fits)
    };
    match text.as_deref() {
        None | Some("-0") => "0".to_owned(),
        Some(text) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_keeps_to_its_representation() {
        let long = "é".repeat(100);
        for (vr, text, wanted) in [
            (TextVr::Lo, " a\\b\u{7} ", "a/b".to_owned()),
            (TextVr::Lo, long.as_str(), "é".repeat(64)),
            (
                TextVr::Sh,
                "12345678901234567890",
                "1234567890123456".to_owned(),
            ),
            (TextVr::Ut, "a\\b\nc\u{1b}", "a\\b\nc".to_owned()),
            (
                TextVr::Pn,
                "A^B^C^D^E^F=漢^字=x=y",
                "A^B^C^D^E=漢^字=x".to_owned(),
            ),
            (TextVr::Pn, "Müller^Jörg==", "Müller^Jörg".to_owned()),
            (TextVr::Cs, "l-spine", "LSPINE".to_owned()),
            (TextVr::Da, "2026.01.01", String::new()),
            (TextVr::Da, "20260101", "20260101".to_owned()),
            (TextVr::Tm, "120000.5", "120000.5".to_owned()),
            (TextVr::Tm, "12:00", String::new()),
        ] {
            assert_eq!(fit(vr, text), wanted, "{vr:?} {text}");
        }
        assert_eq!(fit(TextVr::Pn, &long).chars().count(), 64);
    }

    #[test]
    fn decimal_strings_are_short_and_as_precise_as_they_can_be() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (12.5, "12.5"),
            (-147.4, "-147.4"),
            (1.0 / 3.0, "0.33333333333333"),
            (-22.123456789012345, "-22.123456789012"),
        ] {
            assert_eq!(decimal_string(value), text);
        }
        for value in [
            1e-9_f64 / 3.0,
            -1e-7 / 7.0,
            1e15 / 3.0,
            87.31551981177229,
            -1e20 / 3.0,
            1e300,
        ] {
            let text = decimal_string(value);
            let read: f64 = text.parse().unwrap();
            assert!(
                text.len() <= 16 && (read / value - 1.0).abs() < 1e-8,
                "{value} {text}"
            );
        }
    }
}
