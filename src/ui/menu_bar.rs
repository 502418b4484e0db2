//! Menus and tool bar, made from the action table.

use egui::containers::menu::MenuButton;
use egui::{Button, RichText, Ui};

use super::theme;
use crate::app::AppState;
use crate::app::action::{Action, Shortcut};
use crate::app::command::{CommandQueue, LookCommand};
use crate::app::tool::ToolKind;
use crate::app::viewport::Layout;
use crate::plan::{MeasurementKind, TrajectoryEnd};
use crate::study::VoiLut;

/// Menus with their actions; `None` draws a line.
const MENUS: [(&str, &[Option<Action>]); 6] = [
    (
        "Study",
        &[
            Some(Action::OpenFolder),
            Some(Action::OpenFiles),
            Some(Action::OpenSample),
            None,
            Some(Action::OpenStructures),
            None,
            Some(Action::Screenshot),
            Some(Action::SaveRadiograph),
            None,
            Some(Action::Quit),
        ],
    ),
    (
        "Plan",
        &[
            Some(Action::NewPlan),
            Some(Action::OpenPlan),
            Some(Action::SavePlan),
            Some(Action::SavePlanAs),
            Some(Action::Export),
            None,
            Some(Action::Undo),
            Some(Action::Redo),
            Some(Action::Delete),
        ],
    ),
    (
        "Needle",
        &[
            Some(Action::NewNeedle),
            Some(Action::Target),
            Some(Action::Entry),
            Some(Action::SnapEntry),
            Some(Action::GoToTarget),
            None,
            Some(Action::DuplicateNeedle),
            Some(Action::MirrorNeedle),
            Some(Action::LockNeedle),
            Some(Action::HideNeedle),
        ],
    ),
    (
        "Measure",
        &[
            Some(Action::LengthTool),
            Some(Action::AngleTool),
            Some(Action::MeasureTool(MeasurementKind::Cobb)),
            Some(Action::MeasureTool(MeasurementKind::Ellipse)),
            Some(Action::MeasureTool(MeasurementKind::Rectangle)),
            None,
            Some(Action::MeasureTool(MeasurementKind::Point)),
            Some(Action::MeasureTool(MeasurementKind::Arrow)),
            Some(Action::ProbeTool),
        ],
    ),
    (
        "View",
        &[
            Some(Action::LayoutOne),
            Some(Action::LayoutOnePlusThree),
            Some(Action::LayoutTwoByTwo),
            None,
            Some(Action::ResetView),
            Some(Action::ResetAll),
            Some(Action::FlipHorizontally),
            Some(Action::FlipVertically),
            Some(Action::RotateQuarter),
            None,
            Some(Action::ShowStructures),
            Some(Action::ShowCrosshair),
            Some(Action::ShowOverlays),
            Some(Action::Invert),
            Some(Action::Interpolation),
            None,
            Some(Action::Preset(0)),
            Some(Action::Preset(1)),
            Some(Action::Preset(2)),
            Some(Action::Preset(3)),
            Some(Action::Preset(4)),
            Some(Action::Preset(5)),
            Some(Action::OwnWindow),
            None,
            Some(Action::HidePatient),
        ],
    ),
    ("Help", &[Some(Action::Help)]),
];

/// Draws the menus. Returns what was chosen, and whether the settings or the skipped files were.
pub fn menus_ui(
    ui: &mut Ui,
    state: &AppState,
    queue: &mut CommandQueue,
) -> (Option<Action>, Option<Page>) {
    let mut chosen = None;
    let mut page = None;
    egui::MenuBar::new().ui(ui, |ui| {
        for (title, entries) in MENUS {
            ui.menu_button(title, |ui| {
                for entry in entries {
                    let Some(action) = entry else {
                        ui.separator();
                        continue;
                    };
                    let key = action.shortcut().map(Shortcut::text);
                    let mut button = Button::new(label_now(*action, state));
                    if let Some(key) = key {
                        button = button.shortcut_text(key);
                    }
                    if ui.add_enabled(action.is_enabled(state), button).clicked() {
                        chosen = Some(*action);
                        ui.close();
                    }
                }
                if title == "View" {
                    looks_menu(ui, state, queue);
                }
                let extra = match title {
                    "Study" => Some(("Skipped files…", Page::Skipped)),
                    "View" => Some(("Settings…", Page::Settings)),
                    "Help" => Some(("About Stylet", Page::About)),
                    _ => None,
                };
                if let Some((label, wanted)) = extra
                    && ui.button(label).clicked()
                {
                    page = Some(wanted);
                    ui.close();
                }
            });
        }
    });
    (chosen, page)
}

/// The windows and tables of the image's header, where it gives a choice.
fn looks_menu(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let Some(stage) = &state.stage else { return };
    let looks = stage.header_looks();
    if looks.len() < 2 {
        return;
    }
    ui.menu_button("Windows of the file", |ui| {
        for (index, voi) in looks.iter().enumerate() {
            let shown = stage.look().shows(voi);
            let name = look_name(index, voi);
            if ui.selectable_label(shown, name).clicked() {
                queue.push(LookCommand::Voi(voi.clone()));
                ui.close();
            }
        }
    });
}

/// What a window or table of a header is called.
fn look_name(index: usize, voi: &VoiLut) -> String {
    let name = match voi.explanation.as_str() {
        "" => format!("{}", index + 1),
        name => name.to_owned(),
    };
    match voi.table {
        Some(_) => format!("{name}   table"),
        None => format!(
            "{name}   W {:.0}  L {:.0}",
            voi.window.width, voi.window.center
        ),
    }
}

/// A page over the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Page {
    /// Keys and mouse.
    Help,
    /// Files that were skipped.
    Skipped,
    /// Habits.
    Settings,
    /// What this is.
    About,
}

/// The label with what it would undo or redo, or a tick for a switch that is on.
fn label_now(action: Action, state: &AppState) -> String {
    let ticked = |on: bool| format!("{}{}", if on { "• " } else { "" }, action.label());
    match action {
        Action::Undo => match state.undo_label() {
            Some(label) => format!("Undo: {label}"),
            None => action.label().to_owned(),
        },
        Action::Redo => match state.redo_label() {
            Some(label) => format!("Redo: {label}"),
            None => action.label().to_owned(),
        },
        Action::ShowStructures => ticked(state.structure_look.shown),
        Action::ShowCrosshair => ticked(state.show_crosshair),
        Action::ShowOverlays => ticked(state.show_overlays),
        Action::Invert => ticked(state.presentation().is_some_and(|look| look.invert)),
        Action::HidePatient => ticked(state.settings.hide_patient),
        _ => action.label().to_owned(),
    }
}

/// Draws the tool bar. Returns what was chosen.
pub fn tools_ui(ui: &mut Ui, state: &AppState) -> Option<Action> {
    let mut chosen = None;
    let mut picked = None;
    let mut tool = |ui: &mut Ui, action: Action, on: bool| {
        let text = RichText::new(action.label()).size(14.0);
        let button = Button::selectable(on, text).min_size(egui::vec2(0.0, 26.0));
        let tip = match action.shortcut() {
            Some(shortcut) => format!("{} ({})", action.label(), shortcut.text()),
            None => action.label().to_owned(),
        };
        if ui
            .add_enabled(action.is_enabled(state), button)
            .on_hover_text(tip)
            .clicked()
        {
            chosen = Some(action);
        }
    };
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 3.0;
        for (action, kind) in [
            (Action::WindowTool, ToolKind::Window),
            (Action::PanTool, ToolKind::Pan),
            (Action::CrosshairTool, ToolKind::Crosshair),
        ] {
            tool(ui, action, state.tool == kind);
        }
        ui.separator();
        tool(ui, Action::NewNeedle, false);
        for (action, kind) in [
            (Action::Target, ToolKind::Place(TrajectoryEnd::Target)),
            (Action::Entry, ToolKind::Place(TrajectoryEnd::Entry)),
        ] {
            tool(ui, action, state.tool == kind);
        }
        ui.separator();
        if let Some(action) = measure_button(ui, state) {
            picked = Some(action);
        }
        tool(ui, Action::ProbeTool, state.tool == ToolKind::Probe);
        ui.separator();
        tool(ui, Action::Undo, false);
        tool(ui, Action::Redo, false);
        ui.separator();
        for (action, layout) in [
            (Action::LayoutOne, Layout::One),
            (Action::LayoutOnePlusThree, Layout::OnePlusThree),
            (Action::LayoutTwoByTwo, Layout::TwoByTwo),
        ] {
            tool(
                ui,
                action,
                state.layout == layout && state.maximised.is_none(),
            );
        }
        ui.separator();
        ui.label(
            RichText::new("Not a medical device")
                .color(theme::FAINT)
                .small(),
        );
    });
    picked.or(chosen)
}

/// All measuring tools behind one button, which names the one in use.
fn measure_button(ui: &mut Ui, state: &AppState) -> Option<Action> {
    let mut chosen = None;
    let title = match state.tool {
        ToolKind::Measure(_) => state.tool.title(),
        _ => "Measure",
    };
    let active = matches!(state.tool, ToolKind::Measure(_));
    let text = RichText::new(format!("{title}…")).size(14.0);
    let button = Button::selectable(active, text).min_size(egui::vec2(0.0, 26.0));
    let enabled = Action::LengthTool.is_enabled(state);
    ui.add_enabled_ui(enabled, |ui| {
        MenuButton::from_button(button).ui(ui, |ui| {
            for kind in MeasurementKind::ALL {
                let action = match kind {
                    MeasurementKind::Distance => Action::LengthTool,
                    MeasurementKind::Angle => Action::AngleTool,
                    kind => Action::MeasureTool(kind),
                };
                let on = state.tool == ToolKind::Measure(kind);
                let mut entry = Button::selectable(on, action.label());
                if let Some(shortcut) = action.shortcut() {
                    entry = entry.shortcut_text(shortcut.text());
                }
                if ui.add(entry).clicked() {
                    chosen = Some(action);
                    ui.close();
                }
            }
        });
    });
    chosen
}
