//! The typeface of printed sheets and picture labels: which characters it has, how wide they are
//! and their outlines.
//!
//! DejaVu Sans Condensed, cut down to Latin, Greek, Cyrillic and the signs that measurements need
//! (`assets/fonts`). Scripts that would need shaping are not in it, so that no name is drawn wrong:
//! what it lacks becomes [`REPLACEMENT`].

use std::sync::OnceLock;

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider as _};

/// Stands where the typeface has no character.
pub const REPLACEMENT: char = '□';

/// Height of capitals and digits, in parts of the type size.
pub const CAP_HEIGHT_EM: f64 = 0.729;

/// Depth of letters below the base line, in parts of the type size.
pub const DESCENT_EM: f64 = 0.236;

/// Stroke of the letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Weight {
    /// For text.
    Regular,
    /// For numbers and headings.
    Bold,
}

impl Weight {
    /// Both, in the order of their fonts in a file.
    pub const ALL: [Self; 2] = [Self::Regular, Self::Bold];

    /// The TrueType file.
    pub fn file(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("../../assets/fonts/DejaVuSansCondensed.ttf"),
            Self::Bold => include_bytes!("../../assets/fonts/DejaVuSansCondensed-Bold.ttf"),
        }
    }

    /// PostScript name without the mark of a subset.
    pub fn name(self) -> &'static str {
        match self {
            Self::Regular => "DejaVuSansCondensed",
            Self::Bold => "DejaVuSansCondensed-Bold",
        }
    }

    /// The parsed file; `None` where it is damaged, which a test rules out.
    pub fn font(self) -> Option<&'static FontRef<'static>> {
        static FONTS: OnceLock<[Option<FontRef<'static>>; 2]> = OnceLock::new();
        let [regular, bold] =
            FONTS.get_or_init(|| Self::ALL.map(|weight| FontRef::new(weight.file()).ok()));
        match self {
            Self::Regular => regular.as_ref(),
            Self::Bold => bold.as_ref(),
        }
    }
}

/// The glyph of a character; `None` where the typeface has none.
pub fn glyph(weight: Weight, letter: char) -> Option<GlyphId> {
    weight.font()?.charmap().map(letter)
}

/// Advance of a glyph in parts of the type size.
pub fn advance_em(weight: Weight, glyph: GlyphId) -> f64 {
    weight
        .font()
        .and_then(|font| {
            font.glyph_metrics(Size::new(1.0), LocationRef::default())
                .advance_width(glyph)
        })
        .map_or(0.0, f64::from)
}

/// Width of a line of text in parts of the type size.
pub fn width_em(weight: Weight, text: &str) -> f64 {
    let Some(font) = weight.font() else {
        return 0.0;
    };
    let (letters, metrics) = (
        font.charmap(),
        font.glyph_metrics(Size::new(1.0), LocationRef::default()),
    );
    text.chars()
        .filter_map(|letter| letters.map(letter))
        .filter_map(|glyph| metrics.advance_width(glyph))
        .map(f64::from)
        .sum()
}

/// The text with everything replaced that cannot be drawn: control characters and line breaks by
/// a space, characters that the typeface lacks by [`REPLACEMENT`].
pub fn drawable(text: &str) -> String {
    text.chars()
        .filter_map(|letter| {
            let kept = if letter.is_control() || letter.is_whitespace() {
                ' '
            } else if is_invisible(letter) {
                return None;
            } else if glyph(Weight::Regular, letter).is_some()
                && glyph(Weight::Bold, letter).is_some()
            {
                letter
            } else {
                REPLACEMENT
            };
            Some(kept)
        })
        .collect()
}

/// Marks of direction and joining that have no shape of their own.
fn is_invisible(letter: char) -> bool {
    matches!(letter, '\u{00ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Draws a glyph's outline, y up, in parts of the type size.
pub fn outline(weight: Weight, glyph: GlyphId, pen: &mut impl OutlinePen) {
    let Some(shape) = weight
        .font()
        .and_then(|font| font.outline_glyphs().get(glyph))
    else {
        return;
    };
    let settings = DrawSettings::unhinted(Size::new(1.0), LocationRef::default());
    // A damaged glyph stays empty; the embedded files have none.
    if let Err(error) = shape.draw(settings, pen) {
        log::warn!("glyph {glyph} of {} is not drawn: {error}", weight.name());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_europe_and_the_signs_of_measurements_are_there() {
        let text = "Łukasz Øß Ğ ẞ Đặng Ωφκτψ Жанна Ђ ± × ° ✓ ✗ µ – − → ≥ ≤ ² □ • … ’ „";
        for weight in Weight::ALL {
            for letter in text.chars() {
                assert!(glyph(weight, letter).is_some(), "{weight:?} {letter:?}");
            }
        }
        assert_eq!(drawable(text), text.replace("ẞ", &drawable("ẞ")));
    }

    #[test]
    fn digits_are_equally_wide_so_that_columns_align() {
        for weight in Weight::ALL {
            let zero = width_em(weight, "0");
            assert!(zero > 0.4 && zero < 0.8, "{zero}");
            for digit in ["1", "4", "7", "9"] {
                assert_eq!(width_em(weight, digit), zero);
            }
            assert!((width_em(weight, "0000") - 4.0 * zero).abs() < 1e-6);
        }
    }

    #[test]
    fn what_it_lacks_is_seen_as_lacking() {
        assert_eq!(drawable("山田 Taro"), "□□ Taro");
        assert_eq!(drawable("עמית"), "□□□□");
        assert_eq!(drawable("a\nb\tc\u{200f}"), "a b c");
        assert_eq!(drawable("\u{7}"), " ");
    }
}
