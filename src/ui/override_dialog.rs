//! Asks why a plan is right although something stands against it.

use egui::{Button, Context, Id, Modal, RichText, TextEdit};

use super::theme;
use crate::app::AppState;
use crate::app::command::{CommandQueue, PlanCommand};
use crate::plan::{Objection, PlanEdit, TrajectoryId};

/// Most characters of a reason.
const LONGEST_REASON: usize = 400;

/// What is asked.
#[derive(Debug, Clone)]
pub struct Question {
    needle: TrajectoryId,
    objection: Objection,
    words: String,
    reason: String,
}

impl Question {
    /// Asks about an objection against a needle, in its words.
    pub fn about(needle: TrajectoryId, objection: Objection, words: &str) -> Self {
        Self {
            needle,
            objection,
            words: words.to_owned(),
            reason: String::new(),
        }
    }
}

fn key() -> Id {
    Id::unique("why is it overridden")
}

/// Opens the dialog.
pub fn ask(ctx: &Context, question: Question) {
    ctx.data_mut(|data| data.insert_temp(key(), question));
}

/// Draws the dialog while it is open.
pub fn override_ui(ctx: &Context, state: &AppState, queue: &mut CommandQueue) {
    let Some(mut question) = ctx.data(|data| data.get_temp::<Question>(key())) else {
        return;
    };
    let mut done = state.plan().trajectory(question.needle).is_none();
    let modal = Modal::new(Id::unique("override")).show(ctx, |ui| {
        ui.set_width(420.0);
        ui.heading(format!("Override: {}", question.objection.words()));
        ui.label(RichText::new(&question.words).color(theme::ERROR));
        ui.add_space(6.0);
        let label =
            ui.label("Why is the plan right all the same? It is kept with the plan and exported.");
        let field = TextEdit::multiline(&mut question.reason)
            .desired_rows(3)
            .char_limit(LONGEST_REASON)
            .desired_width(f32::INFINITY);
        let field = ui.add(field).labelled_by(label.id);
        if question.reason.is_empty() && !field.has_focus() {
            field.request_focus();
        }
        ui.add_space(6.0);
        ui.horizontal(|ui| {
            let given = !question.reason.trim().is_empty();
            let button = ui.add_enabled(given, Button::new("Override with this reason"));
            if button
                .on_disabled_hover_text("Write the reason first")
                .clicked()
            {
                let edit = PlanEdit::SetOverride {
                    id: question.needle,
                    objection: question.objection,
                    reason: Some(question.reason.clone()),
                };
                queue.push(PlanCommand::Edit("Override", edit));
                done = true;
            }
            done |= ui.button("Do not override").clicked();
        });
    });
    done |= modal.should_close();
    ctx.data_mut(|data| {
        if done {
            data.remove::<Question>(key());
        } else {
            data.insert_temp(key(), question);
        }
    });
}
