//! What one must know before measuring, in a strip above the pictures.

use egui::{Frame, Panel, RichText, Ui};

use super::theme;
use crate::app::AppState;

/// Draws the strip where there is anything to say.
pub fn banners_ui(ui: &mut Ui, state: &AppState) {
    let lines = banners(state);
    if lines.is_empty() {
        return;
    }
    let frame = Frame::new().fill(theme::BANNER_GROUND).inner_margin(4.0);
    Panel::top("banners").frame(frame).show(ui, |ui| {
        for line in lines {
            let text = RichText::new(line).color(theme::WARNING);
            ui.add(egui::Label::new(text).wrap());
        }
    });
}

fn banners(state: &AppState) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    if let Some(stage) = &state.stage {
        lines.extend(stage.banners());
    }
    lines.extend(state.fit_banner().map(str::to_owned));
    if state.store.in_use_elsewhere {
        lines.push(
            "This plan is open in another window: save changes under another name".to_owned(),
        );
    }
    lines
}
