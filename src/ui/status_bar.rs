//! The line at the bottom: what runs, the latest message, the value under the pointer.

use egui::{ProgressBar, RichText, Ui};

use super::viewport::Pointed;
use super::{format, theme};
use crate::app::AppState;
use crate::app::command::{Command, CommandQueue, StudyCommand};
use crate::app::notice::Severity;
use crate::volume::{Interpolation, value_at};

/// Draws the line.
pub fn status_bar_ui(
    ui: &mut Ui,
    state: &AppState,
    queue: &mut CommandQueue,
    (pointed, back_end): (Option<Pointed>, &str),
) {
    ui.horizontal(|ui| {
        ui.set_height(22.0);
        progress_ui(ui, state, queue);
        if let Some(prompt) = state.spine_prompt() {
            ui.label(RichText::new(prompt).color(theme::SPINE));
        }
        if let Some(prompt) = state.structure_prompt() {
            ui.label(RichText::new(prompt).color(theme::INFO));
        }
        if let Some(notice) = state.notices.latest() {
            let color = match notice.severity {
                Severity::Info => theme::INFO,
                Severity::Warning => theme::WARNING,
                Severity::Error => theme::ERROR,
            };
            if ui.button("×").on_hover_text("Dismiss").clicked() {
                queue.push(Command::DismissNotice(notice.clone()));
            }
            let first = notice.text.lines().next().unwrap_or_default();
            let wide = (ui.available_width() - 430.0).max(120.0);
            let label = egui::Label::new(RichText::new(first).color(color)).truncate();
            ui.scope(|ui| {
                ui.set_max_width(wide);
                ui.add(label).on_hover_text(&notice.text);
            });
        }
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.label(RichText::new(back_end).color(theme::FAINT).small());
            if let Some(at) = pointed.and_then(|pointed| pointed.at) {
                let volume = state.stage.as_ref().and_then(|stage| stage.volume());
                let value = volume.and_then(|volume| {
                    let value = value_at(volume, at, Interpolation::Linear)?;
                    Some(format::value(value, volume.unit()))
                });
                let words = format!("{}   {}", format::position(at), value.unwrap_or_default());
                ui.label(RichText::new(words).monospace());
                ui.add_space(12.0);
                let names = state.structure_names_at(at);
                let few = names.iter().take(3).map(String::as_str);
                let names = few.collect::<Vec<_>>().join(" · ");
                ui.add(egui::Label::new(RichText::new(names).color(theme::LABEL)).truncate());
            }
        });
    });
}

fn progress_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let bar = |share: f64, text: String| {
        ProgressBar::new(share as f32)
            .desired_width(230.0)
            .text(text)
    };
    if let Some((done, total)) = state.imports.scanned {
        let share = if total > 0 {
            done as f64 / total as f64
        } else {
            0.0
        };
        ui.add(bar(share, format!("Reading headers {done} of {total}")));
        if ui.button("Cancel").clicked() {
            queue.push(StudyCommand::CancelImport);
        }
    } else if let Some(share) = state.imports.sample_made {
        ui.add(bar(
            share,
            format!("Making the sample study {:.0} %", share * 100.0),
        ));
        if ui.button("Cancel").clicked() {
            queue.push(StudyCommand::CancelImport);
        }
    } else if let Some((done, total)) = state
        .stage
        .as_ref()
        .and_then(super::super::app::stage::Stage::progress)
    {
        let share = done as f64 / total.max(1) as f64;
        ui.add(bar(share, format!("Reading slices {done} of {total}")));
    }
}
