//! Text out of files, which may be in any script: what the fonts of this machine can draw of it.
//!
//! The fonts that come with the window have Latin, Greek and Cyrillic letters. Others are looked
//! for among the fonts of the system, when they are first needed.

use std::borrow::Cow;

use egui::{Context, FontFamily, FontId};

use super::theme;

/// Whether every letter can be drawn.
pub fn can_draw(ctx: &Context, text: &str) -> bool {
    let font = FontId::new(theme::LABEL_POINTS, FontFamily::Proportional);
    text.is_ascii() || ctx.fonts_mut(|fonts| fonts.has_glyphs(&font, text))
}

/// Text whose letters can all be drawn: each other one becomes a question mark, so that a person
/// sees that something is there.
pub fn drawable<'a>(ctx: &Context, text: &'a str) -> Cow<'a, str> {
    if can_draw(ctx, text) {
        return Cow::Borrowed(text);
    }
    let font = FontId::new(theme::LABEL_POINTS, FontFamily::Proportional);
    let drawn = ctx.fonts_mut(|fonts| {
        text.chars()
            .map(|letter| {
                if fonts.has_glyph(&font, letter) {
                    letter
                } else {
                    '?'
                }
            })
            .collect()
    });
    Cow::Owned(drawn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_without_a_font_are_replaced() {
        let ctx = Context::default();
        let mut seen = Vec::new();
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            let ctx = ui.ctx();
            seen = vec![
                drawable(ctx, "Buc, Jérôme").into_owned(),
                drawable(ctx, "Люкceмбypг").into_owned(),
                drawable(ctx, "山 x").into_owned(),
            ];
            assert!(can_draw(ctx, "Διονυσιος"));
            assert!(!can_draw(ctx, "山田"), "no system fonts in a bare context");
        });
        output.textures_delta.clear();
        assert_eq!(seen[seen.len() - 3..], ["Buc, Jérôme", "Люкceмбypг", "? x"]);
    }
}
