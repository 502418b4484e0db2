//! The menu in a 3D view that says how the volume is shown: surfaces or tissues, cut or whole.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{Button, PopupCloseBehavior, Rect, RichText, Stroke, Ui, UiBuilder, vec2};

use crate::app::AppState;
use crate::app::command::CommandQueue;
use crate::app::volume_look::{NeedleCut, VolumeCommand, presets};
use crate::render::TransferPreset;
use crate::ui::theme;

/// Beside the title of the view.
const PLACE: egui::Vec2 = vec2(46.0, 4.0);

/// Draws the menu's button, and the menu where it is open.
pub fn volume_menu(ui: &mut Ui, rect: Rect, state: &AppState, queue: &mut CommandQueue) {
    let Some(volume) = state.stage.as_ref().and_then(|stage| stage.volume()) else {
        return;
    };
    let place = Rect::from_min_size(rect.min + PLACE, vec2(190.0, 20.0));
    let mut bar = ui.new_child(UiBuilder::new().id_salt("volume menu").max_rect(place));
    bar.style_mut().visuals.widgets.inactive.weak_bg_fill = theme::HALO;
    bar.style_mut().visuals.widgets.inactive.bg_stroke = Stroke::NONE;
    let look = &state.volume_look;
    let mut words = format!("Show: {}", title(look.preset()));
    if look.preset().is_some() && look.is_edited() {
        words += " (changed)";
    }
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    let button = RichText::new(words).color(theme::LABEL);
    MenuButton::new(button).config(config).ui(&mut bar, |ui| {
        let offered = presets(volume).iter().copied().map(Some);
        for preset in std::iter::once(None).chain(offered) {
            let chosen = look.preset() == preset;
            if ui.radio(chosen, title(preset)).clicked() {
                queue.push(VolumeCommand::Show(preset));
            }
        }
        ui.separator();
        let shown = look.preset().is_some();
        let mut editor = look.shows_editor();
        let editing = egui::Checkbox::new(&mut editor, "Change colours and opacity");
        if ui.add_enabled(shown, editing).changed() {
            queue.push(VolumeCommand::Editor(editor));
            // The menu would lie over the editor that it opened.
            ui.close();
        }
        let reset = ui.add_enabled(
            shown && look.is_edited(),
            Button::new("Colours of the preset"),
        );
        if reset.clicked() {
            queue.push(VolumeCommand::ResetFunction);
        }
        ui.separator();
        let can_cut = shown && state.followed_needle().is_some();
        ui.add_enabled_ui(can_cut, |ui| {
            let cuts = NeedleCut::ALL.map(Some);
            for cut in std::iter::once(None).chain(cuts) {
                let words = cut.map_or("Whole", NeedleCut::title);
                if ui.radio(look.cut() == cut, words).clicked() {
                    queue.push(VolumeCommand::Cut(cut));
                }
            }
        })
        .response
        .on_disabled_hover_text("Needs tissues shown and a needle with target and entry");
    });
}

fn title(preset: Option<TransferPreset>) -> &'static str {
    preset.map_or("Surfaces", TransferPreset::title)
}
