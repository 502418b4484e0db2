//! What moves without the mouse: arrows, page keys, plus and minus, a run that plays.

use std::time::Instant;

use egui::Context;

use super::ViewerApp;
use crate::app::AppState;
use crate::app::command::{PlanCommand, ViewCommand};
use crate::app::picture_commands::PictureCommand;
use crate::app::stage::Stage;

/// mm that an arrow key moves the selection.
const NUDGE_MM: f64 = 0.5;

impl ViewerApp {
    /// Arrows, page keys, plus and minus.
    pub(super) fn movement_keys(&mut self, ctx: &Context) {
        let asked = ctx.memory(|memory| memory.top_modal_layer().is_some());
        if asked || ctx.egui_wants_keyboard_input() {
            return;
        }
        let viewport = self
            .pointed
            .map_or(self.state.active, |pointed| pointed.viewport);
        let mut nudge = glam::DVec2::ZERO;
        let (mut steps, mut factor) = (0.0, 1.0);
        ctx.input(|input| {
            let step = if input.modifiers.shift {
                10.0 * NUDGE_MM
            } else {
                NUDGE_MM
            };
            for (key, x, y) in [
                (egui::Key::ArrowLeft, -step, 0.0),
                (egui::Key::ArrowRight, step, 0.0),
                (egui::Key::ArrowUp, 0.0, -step),
                (egui::Key::ArrowDown, 0.0, step),
            ] {
                let times = input.num_presses(key) as f64;
                nudge += glam::DVec2::new(x, y) * times;
            }
            steps += input.num_presses(egui::Key::PageDown) as f64;
            steps -= input.num_presses(egui::Key::PageUp) as f64;
            let zooms = input.num_presses(egui::Key::Plus) + input.num_presses(egui::Key::Equals);
            factor *= 1.25_f64.powi(zooms as i32 - input.num_presses(egui::Key::Minus) as i32);
        });
        if self
            .state
            .stage
            .as_ref()
            .is_some_and(|stage| stage.pictures().is_some())
        {
            // The run's own: arrows step, whatever is selected.
            let by = nudge.x.signum() * f64::from(nudge.x != 0.0) + steps;
            if by != 0.0 {
                self.queue.push(PictureCommand::Step(by as i64));
            }
            return;
        }
        let picks_needle = self.state.selection.needle().is_some();
        if nudge != glam::DVec2::ZERO {
            if picks_needle {
                self.queue.push(PlanCommand::Nudge(viewport, nudge));
            } else {
                // Without a selection the arrows turn the pages, as in other viewers.
                self.queue.push(ViewCommand::Scroll(
                    viewport,
                    nudge.y.signum() + nudge.x.signum(),
                ));
            }
        }
        if steps != 0.0 {
            self.queue.push(ViewCommand::Scroll(viewport, steps));
        }
        if factor != 1.0 {
            let about_mm = glam::DVec2::ZERO;
            self.queue.push(ViewCommand::Zoom {
                viewport,
                factor,
                about_mm,
            });
        }
    }

    /// Lets a run go on, and asks for the next frame of the window in time for its next picture.
    pub(super) fn play(&mut self, ctx: &Context) {
        let playing = |state: &AppState| state.stage.as_ref().is_some_and(Stage::is_playing);
        if !playing(&self.state) {
            return;
        }
        self.state.apply(PictureCommand::Tick(Instant::now()));
        let pictures = self.state.stage.as_ref().and_then(Stage::pictures);
        if let Some(pictures) = pictures {
            log::trace!(
                target: "stylet::run",
                "frame {}, on screen {:.2} of {:.2} frames/s, {} bytes held",
                pictures.frame + 1,
                pictures.playback.shown_rate().unwrap_or_default(),
                pictures.playback.wanted_rate(),
                pictures.held_bytes()
            );
        }
        if let Some(wait) = pictures.and_then(|pictures| pictures.playback.next_in()) {
            ctx.request_repaint_after(wait);
        }
    }
}
