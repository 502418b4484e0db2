//! Measurements on pictures as a list: what they say, where they are, their end.

use egui::{RichText, Ui};

use super::picture_measured::measured;
use super::theme;
use crate::app::AppState;
use crate::app::command::{Command, CommandQueue, PlanCommand, Selection};
use crate::app::picture_commands::PictureCommand;
use crate::plan::{PictureEdit, PictureMeasurement, PlanEdit};

/// Draws the list; nothing where nothing is measured on pictures.
pub fn picture_measurements_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let all = &state.plan().pictures.measurements;
    if all.is_empty() {
        return;
    }
    ui.separator();
    ui.label(RichText::new("Measurements on pictures").strong());
    if state
        .stage
        .as_ref()
        .is_some_and(|stage| stage.pictures().is_some())
        && !state.pictures_fit()
    {
        let words = "They belong to images of another patient, or to some that are not open.";
        ui.label(RichText::new(words).color(theme::WARNING));
        return;
    }
    for (index, drawn) in all.iter().enumerate() {
        row_ui(ui, (index, drawn), state, queue);
    }
}

fn row_ui(
    ui: &mut Ui,
    (index, drawn): (usize, &PictureMeasurement),
    state: &AppState,
    queue: &mut CommandQueue,
) {
    let selected = state.selection == Selection::Measurement(drawn.id);
    let shown = state.shown_image();
    let same_image = shown.is_some_and(|(instance, _)| instance.uid == drawn.image);
    let here = same_image && shown.is_some_and(|(_, frame)| frame == drawn.frame);
    let name = format!("{} {}", drawn.kind.word(), index + 1);
    // Its scale is that of its own picture, which is not the one shown.
    let (words, meaning) = if here {
        let said = measured(drawn.kind, &drawn.points, state);
        (format!("{name}: {}", said.line), said.meaning)
    } else {
        let of = if same_image {
            ""
        } else {
            " of another picture"
        };
        let words = format!("{name}: on frame {}{of}", drawn.frame + 1);
        (words, "Click to go there".to_owned())
    };
    ui.horizontal(|ui| {
        let row = ui.selectable_label(selected, words).on_hover_text(meaning);
        if row.clicked() {
            queue.push(Command::Select(Selection::Measurement(drawn.id)));
            queue.push(PictureCommand::GoTo(drawn.id));
        }
        if selected && ui.button("Delete").clicked() {
            let edit = PlanEdit::Picture(PictureEdit::Remove(drawn.id));
            queue.push(PlanCommand::Edit("Delete measurement", edit));
        }
    });
}
