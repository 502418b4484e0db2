//! The entry map in words: on and off, its legend, what it excludes, the best entries.

use egui::{Button, CollapsingHeader, Color32, RichText, ScrollArea, Sense, Ui, WidgetInfo};

use super::{format, theme};
use crate::app::AppState;
use crate::app::command::{Command, CommandQueue, ViewCommand};
use crate::app::entry_stage::{EntryCommand, ShownMap};
use crate::app::score_color::{EXCLUDED, score_color};
use crate::app::tool::ToolKind;
use crate::assess::entry_map::BestEntry;
use crate::geometry::OperatorAngles;

/// Height of the legend's bar, points.
const BAR: f32 = 12.0;

/// Draws the panel.
pub fn entry_panel_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            let mut shown = state.entries.shown;
            if ui.checkbox(&mut shown, "Show entry map").changed() {
                queue.push(EntryCommand::Show(shown));
            }
            if !shown {
                let words = "Colours the skin by how well it serves as the entry to the target of \
                             the selected needle: clearance, length, angles, bone on the way.";
                ui.label(RichText::new(words).color(theme::FAINT));
                return;
            }
            if let Some(status) = state.entries.status() {
                ui.label(RichText::new(status).color(theme::WARNING));
            }
            if let Some(map) = state.entries.map() {
                map_ui(ui, state, map, queue);
            }
        });
}

fn map_ui(ui: &mut Ui, state: &AppState, map: &ShownMap, queue: &mut CommandQueue) {
    if let Some(needle) = state.plan().trajectory(map.needle) {
        let color = theme::needle_color(needle.color);
        ui.label(RichText::new(&needle.name).color(color).strong());
    }
    legend_ui(ui);
    for fault in map.task.faults.iter().chain(&map.map.faults) {
        ui.label(RichText::new(fault).color(theme::ERROR));
    }
    for note in &map.task.notes {
        ui.label(RichText::new(note).color(theme::WARNING).small());
    }
    ui.separator();
    best_ui(ui, map, queue);
    ui.separator();
    let armed = state.tool == ToolKind::TakeEntry;
    let hint = "Click on the coloured outline of the skin in a slice, or without this tool on the \
                painted skin in a 3D view";
    if ui
        .selectable_label(armed, "Take entry in a slice")
        .on_hover_text(hint)
        .clicked()
    {
        let next = if armed {
            ToolKind::Window
        } else {
            ToolKind::TakeEntry
        };
        queue.push(Command::Tool(next));
    }
    excluded_ui(ui, map);
}

fn legend_ui(ui: &mut Ui) {
    let width = ui.available_width().min(260.0);
    let (rect, response) = ui.allocate_exact_size(egui::vec2(width, BAR), Sense::hover());
    let words = "Colours of the entry map: dark blue is poor, yellow is good, grey is excluded";
    response.widget_info(|| WidgetInfo::labeled(egui::Role::Image, true, words));
    let steps = 64;
    for step in 0..steps {
        let share = f64::from(step) / f64::from(steps - 1);
        let [r, g, b] = score_color(share);
        let left = rect.left() + width * step as f32 / steps as f32;
        let piece = egui::Rect::from_min_max(
            egui::pos2(left, rect.top()),
            egui::pos2(left + width / steps as f32 + 0.5, rect.bottom()),
        );
        ui.painter()
            .rect_filled(piece, 0.0, Color32::from_rgb(r, g, b));
    }
    ui.horizontal(|ui| {
        ui.set_width(width);
        ui.label(RichText::new("0 poor").small());
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(RichText::new("100 good").small());
        });
    });
    ui.horizontal(|ui| {
        let (spot, _) = ui.allocate_exact_size(egui::vec2(BAR, BAR), Sense::hover());
        let [r, g, b, _] = EXCLUDED;
        ui.painter()
            .rect_filled(spot, 0.0, Color32::from_rgb(r, g, b));
        ui.label(RichText::new("excluded, see-through in 3D").small());
    });
}

fn best_ui(ui: &mut Ui, map: &ShownMap, queue: &mut CommandQueue) {
    if map.map.best.is_empty() {
        let words = "No spot of the skin is an entry to this target. What excludes them is below.";
        ui.label(RichText::new(words).color(theme::WARNING));
        return;
    }
    ui.label(RichText::new("Best entries").strong());
    for (place, best) in map.map.best.iter().enumerate() {
        entry_ui(ui, place, best, queue);
    }
}

fn entry_ui(ui: &mut Ui, place: usize, best: &BestEntry, queue: &mut CommandQueue) {
    let number = place + 1;
    let assessment = &best.assessment;
    let score = f64::from(assessment.verdict.score().unwrap_or(0.0));
    ui.horizontal(|ui| {
        let (spot, _) = ui.allocate_exact_size(egui::vec2(BAR, BAR), Sense::hover());
        let [r, g, b] = score_color(score);
        ui.painter()
            .rect_filled(spot, 2.0, Color32::from_rgb(r, g, b));
        ui.label(RichText::new(format!("{number}   {:.0}", 100.0 * score)).strong());
        ui.label(format::mm(assessment.length_mm));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            let take = ui.add(Button::new("Take"));
            let words = format!("Take entry {number}");
            take.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &words));
            if take.clicked() {
                queue.push(EntryCommand::Take(place));
            }
            let go = ui.add(Button::new("Go"));
            let words = format!("Go to entry {number}");
            go.widget_info(|| WidgetInfo::labeled(egui::Role::Button, true, &words));
            if go.clicked() {
                queue.push(ViewCommand::CenterOn(best.entry));
            }
        });
    });
    ui.label(RichText::new(angles(assessment.angles)).color(theme::FAINT));
    CollapsingHeader::new(format!("Reasons for entry {number}"))
        .id_salt(("reasons", place))
        .show(ui, |ui| {
            for reason in &assessment.reasons {
                let share = format!(
                    "{:.0} of 100, weight {}",
                    100.0 * reason.share,
                    reason.weight
                );
                ui.label(&reason.text).on_hover_text(&share);
                ui.label(RichText::new(share).color(theme::FAINT).small());
            }
        });
}

/// `25.0° to the patient's right, 4.0° caudal`.
fn angles(angles: OperatorAngles) -> String {
    let side = if angles.oblique.0 < 0.0 {
        "right"
    } else {
        "left"
    };
    let oblique = match format::decimal(angles.oblique.0.abs()).as_str() {
        "0.0" => "0.0° oblique".to_owned(),
        number => format!("{number}° oblique, from the {side}"),
    };
    format!("{oblique}, {}", format::tilt(angles.tilt))
}

fn excluded_ui(ui: &mut Ui, map: &ShownMap) {
    let all = map.map.verdicts.len();
    let excluded: usize = map.map.excluded.iter().map(|(_, count)| count).sum();
    let names = map.task.names();
    let left = all.saturating_sub(excluded);
    ui.label(format!("{left} of {all} spots of the skin are entries"));
    for (why, count) in &map.map.excluded {
        let words = format!("{count} {}", why.words(&names));
        ui.label(RichText::new(words).color(theme::FAINT).small());
    }
}
