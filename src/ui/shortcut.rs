//! Keys of the action table in the toolkit's terms.

use egui::{Context, KeyboardShortcut, Modifiers};

use crate::app::action::{Action, Key, Shortcut};

fn key_of(key: Key) -> Option<egui::Key> {
    match key {
        Key::Char(c) => egui::Key::from_name(&c.to_ascii_uppercase().to_string()),
        Key::F(n) => egui::Key::from_name(&format!("F{n}")),
        Key::Delete => Some(egui::Key::Delete),
        Key::Escape => Some(egui::Key::Escape),
        Key::Space => Some(egui::Key::Space),
    }
}

fn shortcut_of(shortcut: Shortcut) -> Option<KeyboardShortcut> {
    let mut modifiers = Modifiers::NONE;
    if shortcut.ctrl {
        modifiers |= Modifiers::COMMAND;
    }
    if shortcut.shift {
        modifiers |= Modifiers::SHIFT;
    }
    Some(KeyboardShortcut::new(modifiers, key_of(shortcut.key)?))
}

/// Actions whose keys were pressed in this frame. None while a text is being typed, so that a
/// letter in a needle's name is a letter.
pub fn pressed(ctx: &Context) -> Vec<Action> {
    // A question over the window or an open menu has the keyboard for itself.
    if ctx.memory(|memory| memory.top_modal_layer().is_some()) || egui::Popup::is_any_open(ctx) {
        return Vec::new();
    }
    let typing = ctx.egui_wants_keyboard_input();
    let mut keyed: Vec<(Action, KeyboardShortcut)> = Action::all()
        .into_iter()
        .filter_map(|action| Some((action, shortcut_of(action.shortcut()?)?)))
        .filter(|(action, shortcut)| {
            let of_text = matches!(action, Action::Undo | Action::Redo);
            !typing || (shortcut.modifiers.command && !of_text)
        })
        .collect();
    // Ctrl+Shift+Z must be asked for before Ctrl+Z, which would match it too.
    keyed.sort_by_key(|(_, shortcut)| !shortcut.modifiers.shift);
    ctx.input_mut(|input| {
        keyed
            .into_iter()
            .filter(|(_, shortcut)| input.consume_shortcut(shortcut))
            .map(|(action, _)| action)
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shortcut_of_the_table_is_a_key_of_the_toolkit() {
        for action in Action::all() {
            if let Some(shortcut) = action.shortcut() {
                assert!(shortcut_of(shortcut).is_some(), "{action:?}");
            }
        }
    }
}
