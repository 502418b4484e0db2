//! Lines of several colours that wrap as one sentence.

use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, Label, Response, Sense, TextStyle, Ui};

/// Text in parts of their own colours.
pub fn job_of(ui: &Ui, parts: &[(&str, Color32)]) -> LayoutJob {
    let font = TextStyle::Body.resolve(ui.style());
    let mut job = LayoutJob::default();
    for (text, color) in parts {
        job.append(text, 0.0, TextFormat::simple(font.clone(), *color));
    }
    job
}

/// A wrapped line of parts.
pub fn line(ui: &mut Ui, parts: &[(&str, Color32)]) -> Response {
    let job = job_of(ui, parts);
    ui.add(Label::new(job).wrap())
}

/// A wrapped line of parts that can be clicked.
pub fn clickable(ui: &mut Ui, parts: &[(&str, Color32)]) -> Response {
    let job = job_of(ui, parts);
    ui.add(
        Label::new(job)
            .wrap()
            .selectable(false)
            .sense(Sense::click()),
    )
}

#[cfg(test)]
mod tests {
    use crate::ui::glyphs::can_draw;

    #[test]
    fn the_signs_can_be_drawn() {
        let ctx = egui::Context::default();
        let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
            for sign in ["√", "×", "≥", "–", "·", "±", "•", "…"] {
                assert!(can_draw(ui.ctx(), sign), "{sign}");
            }
        });
        output.textures_delta.clear();
    }
}
