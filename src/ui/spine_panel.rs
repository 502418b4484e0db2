//! Labels of the vertebrae, their number, midline and end-plates.

use egui::{ComboBox, RichText, ScrollArea, Ui};

use super::{format, theme};
use crate::app::AppState;
use crate::app::command::{Command, CommandQueue, PlanCommand, ViewCommand};
use crate::app::tool::{SpineTool, ToolKind};
use crate::plan::{
    EndPlateFace, Midline, PlanEdit, SpineEdit, VertebraCount, VertebraFrame, VertebraLabel,
};
use crate::study::Vertebra;

/// Draws the panel.
pub fn spine_panel_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            if !state.plan_fits() {
                let words = "The open plan belongs to other images.";
                ui.label(RichText::new(words).color(theme::WARNING));
                return;
            }
            let mut shown = state.show_spine;
            if ui.checkbox(&mut shown, "Show labels and midline").changed() {
                queue.push(Command::ShowSpine(shown));
            }
            count_ui(ui, state, queue);
            ui.separator();
            next_ui(ui, state, queue);
            labels_ui(ui, state, queue);
            ui.separator();
            midline_ui(ui, state, queue);
            ui.separator();
            plates_ui(ui, state, queue);
        });
}

fn edit(queue: &mut CommandQueue, label: &'static str, edit: SpineEdit) {
    queue.push(PlanCommand::Edit(label, PlanEdit::Spine(edit)));
}

fn count_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let declared = state.plan().spine.count;
    let words = |count: Option<VertebraCount>| count.map_or("not declared", VertebraCount::words);
    let label = ui.label("Transitional anatomy");
    ComboBox::from_id_salt("vertebra count")
        .selected_text(words(declared))
        .width(ui.available_width() - 8.0)
        .show_ui(ui, |ui| {
            let all = std::iter::once(None).chain(VertebraCount::ALL.map(Some));
            for choice in all {
                if ui
                    .selectable_label(declared == choice, words(choice))
                    .clicked()
                {
                    edit(queue, "Vertebra count", SpineEdit::SetCount(choice));
                }
            }
        })
        .response
        .labelled_by(label.id);
    if declared.is_none() && !state.plan().spine.labels.is_empty() {
        let words = "Count from the last rib and from the sacrum, then declare it.";
        ui.label(RichText::new(words).color(theme::WARNING).small());
    }
}

fn tool_button(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue, tool: SpineTool) {
    let armed = state.tool == ToolKind::Spine(tool);
    if ui.selectable_label(armed, tool.title()).clicked() {
        let next = if armed {
            ToolKind::Window
        } else {
            ToolKind::Spine(tool)
        };
        queue.push(Command::Tool(next));
        // Spinous processes start at the first that is missing.
        if tool == SpineTool::SpinousProcess
            && !armed
            && let Some(vertebra) = state.next_without_spinous()
        {
            queue.push(Command::Labelling(vertebra, state.labelling.upwards));
        }
    }
}

fn next_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let labelling = &state.labelling;
    ui.horizontal(|ui| {
        let label = ui.label("Next click");
        let count = state.plan().spine.count_or_usual();
        ComboBox::from_id_salt("next vertebra")
            .selected_text(labelling.next.to_string())
            .width(64.0)
            .show_ui(ui, |ui| {
                let all =
                    std::iter::successors("C1".parse::<Vertebra>().ok(), |&at| count.below(at));
                for vertebra in all {
                    let chosen = labelling.next == vertebra;
                    if ui.selectable_label(chosen, vertebra.to_string()).clicked() {
                        queue.push(Command::Labelling(vertebra, labelling.upwards));
                    }
                }
            })
            .response
            .labelled_by(label.id);
        for (upwards, words) in [(true, "then up"), (false, "then down")] {
            if ui
                .selectable_label(labelling.upwards == upwards, words)
                .clicked()
            {
                queue.push(Command::Labelling(labelling.next, upwards));
            }
        }
    });
    ui.horizontal_wrapped(|ui| {
        tool_button(ui, state, queue, SpineTool::Body);
        tool_button(ui, state, queue, SpineTool::SpinousProcess);
    });
    if let Some(prompt) = state.spine_prompt() {
        ui.label(RichText::new(prompt).color(theme::INFO));
    }
}

fn labels_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let labels = &state.plan().spine.labels;
    if labels.is_empty() {
        let hint = "No vertebra labelled. Choose the first one, press “Label vertebrae”, and click \
                    one body after the other in the sagittal view.";
        ui.label(RichText::new(hint).color(theme::FAINT));
        return;
    }
    for label in labels {
        label_row(ui, label, queue);
    }
    ui.horizontal(|ui| {
        ui.label("Rename all");
        for (by, words, hint) in [
            (-1, "one up", "Every label becomes the vertebra above it"),
            (1, "one down", "Every label becomes the vertebra below it"),
        ] {
            if ui.button(words).on_hover_text(hint).clicked() {
                edit(queue, "Rename labels", SpineEdit::Shift(by));
            }
        }
    });
}

fn label_row(ui: &mut Ui, label: &VertebraLabel, queue: &mut CommandQueue) {
    ui.horizontal(|ui| {
        let name = label.vertebra.to_string();
        if ui
            .button(&name)
            .on_hover_text(format!("Go to {name}"))
            .clicked()
        {
            queue.push(ViewCommand::CenterOn(label.body));
        }
        let tip = match label.spinous_process {
            Some(_) => "body and spinous process",
            None => "body",
        };
        ui.label(RichText::new(tip).color(theme::FAINT));
        let remove = ui
            .small_button("×")
            .on_hover_text(format!("Remove the label {name}"));
        remove.widget_info(|| {
            egui::WidgetInfo::labeled(egui::Role::Button, true, format!("Remove label {name}"))
        });
        if remove.clicked() {
            edit(
                queue,
                "Remove label",
                SpineEdit::RemoveLabel(label.vertebra),
            );
        }
    });
}

fn midline_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    ui.horizontal(|ui| {
        ui.label(RichText::new("Midline").strong());
        tool_button(ui, state, queue, SpineTool::Midline);
        if state.plan().spine.midline.is_some() && ui.button("Clear").clicked() {
            edit(queue, "Clear midline", SpineEdit::SetMidline(None));
        }
    });
    let (words, color) = match Midline::of(&state.plan().spine) {
        Ok(midline) => (midline.source.words().to_owned(), theme::TEXT),
        Err(reason) => (reason, theme::FAINT),
    };
    ui.label(RichText::new(words).color(color));
}

fn plates_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    ui.label(RichText::new("End-plates").strong());
    ui.horizontal_wrapped(|ui| {
        ui.label(format!("of {}:", state.labelling.next));
        tool_button(
            ui,
            state,
            queue,
            SpineTool::EndPlate(EndPlateFace::Superior),
        );
        tool_button(
            ui,
            state,
            queue,
            SpineTool::EndPlate(EndPlateFace::Inferior),
        );
    });
    let spine = &state.plan().spine;
    for plate in &spine.end_plates {
        ui.horizontal(|ui| {
            let name = format!("{} {}", plate.vertebra, plate.face.word());
            ui.label(&name);
            let squared = VertebraFrame::of(spine, plate.vertebra, plate.face)
                .map(|frame| frame.squared_tilt(crate::geometry::Degrees(0.0)));
            match squared {
                Ok(tilt) => ui.label(format!("squared by {} from AP", format::tilt(tilt))),
                Err(reason) => ui.label(RichText::new(reason).color(theme::FAINT)),
            };
            let remove = ui.small_button("×");
            remove.widget_info(|| {
                egui::WidgetInfo::labeled(
                    egui::Role::Button,
                    true,
                    format!("Remove end-plate {name}"),
                )
            });
            if remove.clicked() {
                let gone = SpineEdit::RemoveEndPlate(plate.vertebra, plate.face);
                edit(queue, "Remove end-plate", gone);
            }
        });
    }
}
