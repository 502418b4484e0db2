//! What the window says before anything is open.

use egui::{Align, Layout, RichText, Ui};

use super::theme;
use crate::app::AppState;
use crate::app::action::Action;

/// Draws it; returns what was chosen.
pub fn start_screen_ui(ui: &mut Ui, state: &AppState) -> Option<Action> {
    let mut chosen = None;
    ui.with_layout(Layout::top_down(Align::Center), |ui| {
        ui.add_space((ui.available_height() / 2.0 - 150.0).max(20.0));
        ui.label(RichText::new("Stylet").size(38.0).strong());
        ui.label(RichText::new("Needle paths for image-guided spine interventions").size(15.0).color(theme::FAINT));
        ui.add_space(26.0);
        for action in [Action::OpenFolder, Action::OpenSample, Action::OpenPlan] {
            let button = egui::Button::new(RichText::new(action.label()).size(16.0)).min_size(egui::vec2(240.0, 36.0));
            if ui.add_enabled(!state.imports.is_busy(), button).clicked() {
                chosen = Some(action);
            }
            ui.add_space(4.0);
        }
        ui.add_space(10.0);
        ui.label(RichText::new("or drop a folder or files here").color(theme::FAINT));
        ui.add_space(26.0);
        ui.label(
            RichText::new("Planning and teaching software, not a certified medical device").color(theme::WARNING),
        );
    });
    chosen
}
