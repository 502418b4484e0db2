//! The plan: its needles, what the selected one is, its coordinates, the measurements.

use egui::{ComboBox, DragValue, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo};

use super::check_list::{checks_ui, objections_ui};
use super::measurement_list::measurements_ui;
use super::needle_chooser::needle_chooser_ui;
use super::picture_list::picture_measurements_ui;
use super::procedure_panel::procedure_ui;
use super::readout_panel::readout_ui;
use super::spine_readout::spine_readout_ui;
use super::{format, theme};
use crate::app::AppState;
use crate::app::action::Action;
use crate::app::command::{Command, CommandQueue, PlanCommand, Selection, ViewCommand};
use crate::geometry::{Lps, PatientPosition, Point};
use crate::plan::{Color, PlanEdit, Trajectory, TrajectoryEnd, uncertainty};

/// Draws the panel.
pub fn plan_panel_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) -> Option<Action> {
    let mut action = None;
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        ui.label(RichText::new("Plan").strong());
        ui.label(RichText::new(file_words(state)).color(theme::FAINT));
    });
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            position_ui(ui, state, queue);
            ui.separator();
            if state.plan_fits() {
                needles_ui(ui, state, queue);
                let selected = state
                    .selection
                    .needle()
                    .and_then(|id| state.plan().trajectory(id));
                if let Some(needle) = selected {
                    ui.separator();
                    procedure_ui(ui, needle, state, queue);
                    objections_ui(ui, needle, state, queue);
                    action = needle_ui(ui, needle, state, queue);
                    ui.separator();
                    checks_ui(ui, needle, state, queue);
                    readout_ui(ui, needle, state);
                    spine_readout_ui(ui, needle, state);
                }
                pairs_ui(ui, state);
                measurements_ui(ui, state, queue);
            } else {
                ui.label(
                    RichText::new("The open plan belongs to other images.").color(theme::WARNING),
                );
            }
            picture_measurements_ui(ui, state, queue);
        });
    action
}

fn file_words(state: &AppState) -> String {
    let name = state.store.path.as_ref().and_then(|path| path.file_name());
    let name = name.map_or("not saved yet".into(), |name| {
        name.to_string_lossy().into_owned()
    });
    match (state.has_unsaved_changes(), state.store.is_saving()) {
        (_, true) => format!("{name} – saving…"),
        (true, _) => format!("{name} (changed)"),
        (false, _) if state.plan().is_empty() && state.store.path.is_none() => String::new(),
        (false, _) => name,
    }
}

fn position_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let current = state.patient_position();
    let words = |position: Option<PatientPosition>| {
        position.map_or("not known".to_owned(), |p| {
            format!("{} · {}", p.code(), p.words())
        })
    };
    ui.horizontal(|ui| {
        let label = ui.label("Patient lies");
        let combo = ComboBox::from_id_salt("patient position")
            .selected_text(words(current))
            .width(ui.available_width() - 8.0);
        combo
            .show_ui(ui, |ui| {
                for position in PatientPosition::ALL {
                    let choice = Some(position);
                    if ui
                        .selectable_label(current == choice, words(choice))
                        .clicked()
                    {
                        let edit = PlanEdit::SetPatientPosition(choice);
                        queue.push(PlanCommand::Edit("Patient position", edit));
                    }
                }
            })
            .response
            .labelled_by(label.id);
    });
    let scanned = state.stage_position();
    if let (Some(scanned), Some(current)) = (scanned, current)
        && scanned != current
    {
        let text = format!(
            "The images were made {}: organs and path may lie differently",
            scanned.words()
        );
        ui.label(RichText::new(text).color(theme::WARNING).small());
    }
}

fn needles_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    if state.plan().trajectories.is_empty() {
        let hint = "No needle yet. Put the pointer on the target and press T, then on the skin and press E.";
        ui.label(RichText::new(hint).color(theme::FAINT));
        return;
    }
    let half_voxel = state.half_voxel();
    for needle in &state.plan().trajectories {
        let selected = state.selection.needle() == Some(needle.id);
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(egui::vec2(12.0, 12.0), egui::Sense::hover());
            ui.painter()
                .rect_filled(rect, 2.0, theme::needle_color(needle.color));
            let length = needle
                .segment()
                .map_or(format::UNKNOWN.to_owned(), |segment| {
                    let off = half_voxel.and_then(|half| uncertainty::of_segment(&half, segment));
                    format::mm_off(segment.length_mm(), off)
                });
            let marks = match (needle.locked, needle.hidden) {
                (true, true) => " (locked, hidden)",
                (true, false) => " (locked)",
                (false, true) => " (hidden)",
                (false, false) => "",
            };
            let text = format!("{}{marks}  {length}", needle.name);
            let label = egui::Button::selectable(selected, text).truncate();
            if ui.add(label).clicked() {
                queue.push(Command::Select(Selection::Needle(needle.id, None)));
                if let Some(target) = needle.target {
                    queue.push(ViewCommand::CenterOn(target));
                }
            }
        });
    }
}

fn needle_ui(
    ui: &mut Ui,
    needle: &Trajectory,
    state: &AppState,
    queue: &mut CommandQueue,
) -> Option<Action> {
    let id = needle.id;
    name_ui(ui, needle, queue);
    needle_chooser_ui(ui, needle, state, queue);
    ui.horizontal(|ui| {
        for color in Color::PALETTE {
            let (rect, response) =
                ui.allocate_exact_size(egui::vec2(18.0, 18.0), egui::Sense::click());
            let name = format!("Colour {}", String::from(color));
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
            ui.painter()
                .rect_filled(rect.shrink(2.0), 3.0, theme::needle_color(color));
            if color == needle.color {
                let edge = egui::Stroke::new(2.0, egui::Color32::WHITE);
                ui.painter()
                    .rect_stroke(rect, 3.0, edge, egui::StrokeKind::Inside);
            }
            if response.clicked() {
                queue.push(PlanCommand::Edit(
                    "Colour",
                    PlanEdit::SetColor { id, color },
                ));
            }
        }
    });
    end_ui(ui, needle, TrajectoryEnd::Entry, queue);
    end_ui(ui, needle, TrajectoryEnd::Target, queue);
    needle_buttons(ui, needle, state)
}

fn needle_buttons(ui: &mut Ui, needle: &Trajectory, state: &AppState) -> Option<Action> {
    let mut action = None;
    let lock = if needle.locked { "Unlock" } else { "Lock" };
    let hide = if needle.hidden { "Show" } else { "Hide" };
    ui.horizontal_wrapped(|ui| {
        for (label, wanted) in [
            ("Snap to skin", Action::SnapEntry),
            ("Go to target", Action::GoToTarget),
            (lock, Action::LockNeedle),
            (hide, Action::HideNeedle),
            ("Duplicate", Action::DuplicateNeedle),
            ("Mirror", Action::MirrorNeedle),
            ("Delete", Action::Delete),
        ] {
            let key = wanted
                .shortcut()
                .map(|shortcut| format!(" ({})", shortcut.text()))
                .unwrap_or_default();
            let button = ui.add_enabled(wanted.is_enabled(state), egui::Button::new(label));
            if button
                .on_hover_text(format!("{}{key}", wanted.label()))
                .clicked()
            {
                action = Some(wanted);
            }
        }
    });
    action
}

/// The name: typed text becomes one step when the field is left.
fn name_ui(ui: &mut Ui, needle: &Trajectory, queue: &mut CommandQueue) {
    let key = ui.scope_id().with(("name", needle.id.0));
    let mut name = ui
        .data(|data| data.get_temp::<String>(key))
        .unwrap_or_else(|| needle.name.clone());
    ui.horizontal(|ui| {
        let label = ui.label("Name");
        let edit = TextEdit::singleline(&mut name).desired_width(f32::INFINITY);
        let response = ui.add(edit).labelled_by(label.id);
        if response.changed() {
            ui.data_mut(|data| data.insert_temp(key, name.clone()));
        }
        if response.lost_focus() {
            ui.data_mut(|data| data.remove::<String>(key));
            let name = name.trim().to_owned();
            if !name.is_empty() && name != needle.name {
                queue.push(PlanCommand::Edit(
                    "Rename",
                    PlanEdit::Rename {
                        id: needle.id,
                        name,
                    },
                ));
            }
        }
    });
}

/// Coordinates of one end as numbers; a drag over a number is one step.
fn end_ui(ui: &mut Ui, needle: &Trajectory, end: TrajectoryEnd, queue: &mut CommandQueue) {
    let (word, label) = match end {
        TrajectoryEnd::Entry => ("Entry", "Set entry"),
        TrajectoryEnd::Target => ("Target", "Set target"),
    };
    ui.horizontal(|ui| {
        ui.add_sized([42.0, 18.0], egui::Label::new(word).selectable(false));
        let Some(at) = needle.end(end) else {
            ui.label(RichText::new("not placed").color(theme::FAINT));
            return;
        };
        let mut values = at.to_array();
        let mut changed = false;
        let mut stopped = false;
        for (value, axis) in values.iter_mut().zip(["x", "y", "z"]) {
            let drag = DragValue::new(value)
                .speed(0.25)
                .fixed_decimals(1)
                .prefix(format!("{axis} "));
            let response = ui.add_enabled(!needle.locked, drag);
            let name = format!("{word} {axis} mm");
            response.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, &name));
            if response.drag_started() {
                queue.push(PlanCommand::Begin(label));
            }
            changed |= response.changed();
            stopped |= response.drag_stopped();
        }
        let to = Point::<Lps>::from(values);
        if changed && to != at {
            let id = needle.id;
            queue.push(PlanCommand::Edit(label, PlanEdit::SetEnd { id, end, to }));
        }
        if stopped {
            queue.push(PlanCommand::Commit);
        }
    });
}

fn pairs_ui(ui: &mut Ui, state: &AppState) {
    let Some(selected) = state
        .selection
        .needle()
        .and_then(|id| state.plan().trajectory(id))
    else {
        return;
    };
    let Some(mine) = selected.segment() else {
        return;
    };
    let others: Vec<_> = state
        .plan()
        .trajectories
        .iter()
        .filter(|other| other.id != selected.id)
        .filter_map(|other| Some((other, other.segment()?)))
        .collect();
    if others.is_empty() {
        return;
    }
    ui.separator();
    ui.label(RichText::new("To the other needles").strong());
    for (other, segment) in others {
        let angle = crate::geometry::needle_angle::angle_between(mine.vector(), segment.vector());
        let off = state.half_voxel();
        let off = off.map(|half| uncertainty::of_pair(&half, mine, segment));
        let (distance_off, angle_off) = off.unwrap_or((None, None));
        let angle = angle.map_or(format::UNKNOWN.to_owned(), |angle| {
            format::degrees_off(angle, angle_off)
        });
        let distance = format::mm_off(mine.distance_to_segment_mm(segment), distance_off);
        ui.horizontal(|ui| {
            let (rect, _) = ui.allocate_exact_size(egui::vec2(12.0, 12.0), egui::Sense::hover());
            ui.painter()
                .rect_filled(rect, 2.0, theme::needle_color(other.color));
            ui.add(egui::Label::new(format!("{}: {distance}, {angle}", other.name)).truncate());
        });
    }
}
