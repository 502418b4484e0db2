//! The measurements and marks of the plan as a list: what they say, their words, their end.

use egui::{RichText, TextEdit, Ui};

use super::measured::Measured;
use super::theme;
use crate::app::AppState;
use crate::app::command::{Command, CommandQueue, PlanCommand, Selection, ViewCommand};
use crate::geometry::{Lps, Point};
use crate::plan::{Measurement, MeasurementId, MeasurementKind, PlanEdit};

/// Most characters of the words of a mark.
const LONGEST_TEXT: usize = crate::plan::measurement::LONGEST_TEXT;

/// Draws the list; nothing where nothing is measured.
pub fn measurements_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let measurements = &state.plan().measurements;
    if measurements.is_empty() {
        return;
    }
    ui.separator();
    ui.label(RichText::new("Measurements").strong());
    for (index, drawn) in measurements.iter().enumerate() {
        let selected = state.selection == Selection::Measurement(drawn.id);
        let measured = Measured::of(ui.ctx(), drawn, state);
        let row = ui.selectable_label(selected, row_text(index, drawn, &measured));
        let row = if measured.meaning.is_empty() {
            row
        } else {
            row.on_hover_text(&measured.meaning)
        };
        if row.clicked() {
            queue.push(Command::Select(Selection::Measurement(drawn.id)));
            if let Some(middle) = middle(drawn) {
                queue.push(ViewCommand::CenterOn(middle));
            }
        }
        if selected {
            words_ui(ui, drawn, queue);
        }
    }
    if !matches!(state.selection, Selection::Measurement(_)) {
        let key = new_mark_key(ui);
        ui.data_mut(|data| data.remove::<MeasurementId>(key));
    }
}

fn row_text(index: usize, drawn: &Measurement, measured: &Measured) -> String {
    let name = format!("{} {}", drawn.kind.word(), index + 1);
    let said = [drawn.text.clone(), measured.lines.join(", ")];
    let said: Vec<String> = said.into_iter().filter(|part| !part.is_empty()).collect();
    if said.is_empty() {
        return name;
    }
    format!("{name}: {}", said.join(" – "))
}

/// What the views are brought to.
fn middle(drawn: &Measurement) -> Option<Point<Lps>> {
    match (drawn.kind, drawn.points.as_slice()) {
        (MeasurementKind::Distance, [a, b]) => Some(a.lerp(*b, 0.5)),
        (MeasurementKind::Angle, [_, apex, _]) => Some(*apex),
        (MeasurementKind::Cobb, [a, b, c, d]) => Some(a.lerp(*b, 0.5).lerp(c.lerp(*d, 0.5), 0.5)),
        (_, points) => points.first().copied(),
    }
}

fn new_mark_key(ui: &Ui) -> egui::Id {
    ui.scope_id().with("mark with the keyboard")
}

/// The words beside it: typed text becomes one step when the field is left.
fn words_ui(ui: &mut Ui, drawn: &Measurement, queue: &mut CommandQueue) {
    let id = drawn.id;
    let key = ui.scope_id().with(("words", id.0));
    let mut words = ui
        .data(|data| data.get_temp::<String>(key))
        .unwrap_or_else(|| drawn.text.clone());
    ui.horizontal(|ui| {
        let label = ui.label(RichText::new("Words").color(theme::FAINT));
        let room = (ui.available_width() - 60.0).max(60.0);
        let edit = TextEdit::singleline(&mut words)
            .char_limit(LONGEST_TEXT)
            .desired_width(room);
        let response = ui.add(edit).labelled_by(label.id);
        if response.changed() {
            ui.data_mut(|data| data.insert_temp(key, words.clone()));
        }
        if response.lost_focus() {
            ui.data_mut(|data| data.remove::<String>(key));
            let text = words.trim().to_owned();
            if text != drawn.text {
                let edit = PlanEdit::SetMeasurementText { id, text };
                queue.push(PlanCommand::Edit("Words of a mark", edit));
            }
        }
        if ui
            .button("Delete")
            .on_hover_text("Delete this measurement (Delete)")
            .clicked()
        {
            let edit = PlanEdit::RemoveMeasurement(id);
            queue.push(PlanCommand::Edit("Delete measurement", edit));
        }
        // An arrow without words is about to get some.
        let mark_key = new_mark_key(ui);
        let known = ui.data(|data| data.get_temp::<MeasurementId>(mark_key)) == Some(id);
        // The click that drew it must be over, or its end would take the keyboard away again.
        let busy = ui.input(|input| input.pointer.any_down() || input.pointer.any_released());
        if !known && busy {
            ui.request_repaint();
        } else if !known {
            ui.data_mut(|data| data.insert_temp(mark_key, id));
            if drawn.kind == MeasurementKind::Arrow && drawn.text.is_empty() {
                response.request_focus();
            }
        }
    });
}
