//! Text that fits: breaking, shrinking, shortening.

use crate::export::typeface::{Weight, width_em};

/// Millimetres in a point of type.
pub const MM_PER_PT: f64 = 25.4 / 72.0;

/// Width of a line, mm.
pub fn width_mm(text: &str, weight: Weight, pt: f64) -> f64 {
    width_em(weight, text) * pt * MM_PER_PT
}

/// The text in lines no wider than `room_mm`, broken at spaces and, where one word is wider, in
/// the word. At least one line.
pub fn wrap(text: &str, weight: Weight, pt: f64, room_mm: f64) -> Vec<String> {
    let fits = |line: &str| width_mm(line, weight, pt) <= room_mm;
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let joined = if line.is_empty() {
            word.to_owned()
        } else {
            format!("{line} {word}")
        };
        if fits(&joined) {
            line = joined;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for letter in word.chars() {
            line.push(letter);
            if !fits(&line) && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, letter.to_string()));
            }
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// The text, or as much of it as fits and an ellipsis.
pub fn shortened(text: &str, weight: Weight, pt: f64, room_mm: f64) -> String {
    if width_mm(text, weight, pt) <= room_mm {
        return text.to_owned();
    }
    let mut kept: String = text.to_owned();
    while kept.pop().is_some() {
        let short = format!("{}…", kept.trim_end());
        if width_mm(&short, weight, pt) <= room_mm {
            return short;
        }
    }
    String::new()
}

/// At most `most` lines, the last one ending in an ellipsis where some are left out.
pub fn first_lines(
    mut lines: Vec<String>,
    most: usize,
    weight: Weight,
    (pt, room_mm): (f64, f64),
) -> Vec<String> {
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = shortened(&format!("{last} …"), weight, pt, room_mm);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "Scotty-dog oblique (aim under the chin), AP, lateral";

    #[test]
    fn lines_keep_every_word_and_their_width() {
        for room in [12.0, 20.0, 33.0, 200.0] {
            let lines = wrap(TEXT, Weight::Regular, 8.0, room);
            assert_eq!(lines.join(" ").replace(' ', ""), TEXT.replace(' ', ""));
            for line in &lines {
                assert!(width_mm(line, Weight::Regular, 8.0) <= room, "{line}");
            }
        }
        assert_eq!(wrap(TEXT, Weight::Regular, 8.0, 200.0), [TEXT]);
        assert_eq!(wrap("", Weight::Bold, 8.0, 10.0), [""]);
        let broken = wrap("1.2.840.113619.2.55.3.604688", Weight::Bold, 8.0, 15.0);
        assert!(broken.len() > 1);
        assert_eq!(broken.concat(), "1.2.840.113619.2.55.3.604688");
    }

    #[test]
    fn what_is_left_out_is_marked() {
        let short = shortened(TEXT, Weight::Regular, 8.0, 30.0);
        assert!(short.ends_with('…') && TEXT.starts_with(short.trim_end_matches('…')));
        assert!(width_mm(&short, Weight::Regular, 8.0) <= 30.0);
        assert_eq!(shortened("L4", Weight::Regular, 8.0, 30.0), "L4");
        assert_eq!(shortened("L4", Weight::Regular, 8.0, 0.1), "");
        let lines = wrap(TEXT, Weight::Regular, 8.0, 20.0);
        let two = first_lines(lines, 2, Weight::Regular, (8.0, 20.0));
        assert_eq!(two.len(), 2);
        assert!(two[1].ends_with('…'), "{two:?}");
    }
}
