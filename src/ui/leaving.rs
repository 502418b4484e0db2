//! Unsaved changes before something takes the plan away: asking, saving, going on.

use std::path::PathBuf;

use egui::{Context, Ui};

use super::ViewerApp;
use super::pages::{self, LeaveChoice};
use crate::app::command::FileCommand;

/// What to do once unsaved changes are dealt with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Then {
    /// Leave the program.
    Close,
    /// Start an empty plan.
    NewPlan,
    /// Open another plan.
    OpenPlan(PathBuf),
}

impl ViewerApp {
    /// Does something that would lose changes, after asking.
    pub(super) fn after_saving(&mut self, then: Then, ctx: &Context) {
        if self.state.has_unsaved_changes() {
            self.leaving = Some(then);
        } else {
            self.go_on(then, ctx);
        }
    }

    pub(super) fn go_on(&mut self, then: Then, ctx: &Context) {
        match then {
            Then::Close => {
                self.closing = true;
                ctx.send_viewport_cmd(egui::ViewportCommand::Close);
            }
            Then::NewPlan => self.queue.push(FileCommand::New),
            Then::OpenPlan(path) => self.queue.push(FileCommand::OpenAfterImport(path)),
        }
    }

    pub(super) fn leave(&mut self, ui: &mut Ui) {
        // A save that was asked for here has been done: go on.
        if !self.state.has_unsaved_changes() && !self.state.store.is_saving() {
            if let Some(then) = self.leaving.take() {
                self.go_on(then, ui.ctx());
            }
            return;
        }
        if self.state.store.is_saving() || self.dialogs.is_open() {
            return;
        }
        match pages::leave_ui(ui) {
            Some(LeaveChoice::Save) => self.queue.push(FileCommand::Save),
            Some(LeaveChoice::Discard) => {
                // Another plan takes the place of this one, or nothing does: until then it stays.
                if self.leaving == Some(Then::Close) {
                    self.state.abandon_changes();
                }
                if let Some(then) = self.leaving.take() {
                    self.go_on(then, ui.ctx());
                }
            }
            Some(LeaveChoice::Stay) => self.leaving = None,
            None => {}
        }
    }
}
