//! What a person can do with pictures: play, step, subtract, gather, measure, calibrate.

use std::time::Instant;

use super::AppState;
use super::command::{PlanCommand, Selection};
use super::derivation::MaskChoice;
use super::picture_tool::PicturePointer;
use super::stage::Stage;
use crate::plan::{MeasurementId, PictureEdit, PlanEdit};
use crate::study::{PeakKind, Repeat};

/// One change of the pictures on stage.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum PictureCommand {
    /// Lets a run go on to a time.
    Tick(Instant),
    /// Goes so many frames on or back, and stops.
    Step(i64),
    /// Plays so many times as fast as the file says.
    Speed(f64),
    /// In which order.
    Repeat(Repeat),
    /// Subtracts a mask or not.
    Subtract(bool),
    /// The mask: of the file or chosen.
    Mask(MaskChoice),
    /// Gathers all frames, or shows them one by one again.
    Peak(Option<PeakKind>),
    /// Draws display shutters or not.
    ShowShutter(bool),
    /// The pointer did something over the picture.
    Pointer(PicturePointer),
    /// Gives the object that is marked its size, mm.
    Calibrate(f64),
    /// Takes the calibration of the picture shown back.
    RemoveCalibration,
    /// Brings the picture of a measurement on stage.
    GoTo(MeasurementId),
}

impl AppState {
    pub(super) fn picture_command(&mut self, command: PictureCommand) {
        match command {
            PictureCommand::Tick(now) => self.tick(now),
            PictureCommand::Step(by) => {
                let at = self.stage.as_ref().map_or(0, Stage::shown_frame) as i64;
                self.play(false);
                let to = at.saturating_add(by).max(0) as usize;
                self.show_picture(to);
            }
            PictureCommand::Pointer(event) => self.picture_pointer(&event),
            PictureCommand::Calibrate(known_mm) => self.calibrate_picture(known_mm),
            PictureCommand::RemoveCalibration => self.remove_calibration(),
            PictureCommand::GoTo(id) => self.go_to_picture(id),
            _ => self.change_run(command),
        }
    }

    fn change_run(&mut self, command: PictureCommand) {
        let Some(stage) = &mut self.stage else { return };
        stage.with_pictures(&self.waker, |pictures, run, waker| {
            let derivation = &mut pictures.derivation;
            match command {
                PictureCommand::Speed(speed) if speed.is_finite() && speed > 0.0 => {
                    pictures.playback.speed = speed;
                }
                PictureCommand::Repeat(repeat) => pictures.playback.set_repeat(repeat),
                PictureCommand::ShowShutter(shown) => pictures.show_shutter = shown,
                PictureCommand::Subtract(subtract) => {
                    derivation.subtract = subtract;
                    derivation.changed();
                }
                PictureCommand::Mask(choice) => {
                    let within = |frame: &usize| *frame < run.frames.len();
                    derivation.mask = MaskChoice {
                        frame: choice.frame.filter(within),
                        shift: choice.shift.filter(|by| by.iter().all(|by| by.is_finite())),
                    };
                    derivation.changed();
                    pictures.forget_own_of_differences();
                }
                PictureCommand::Peak(kind) => {
                    derivation.peak = kind;
                    derivation.changed();
                }
                _ => {}
            }
            pictures.show(pictures.frame, run, waker);
        });
    }

    fn tick(&mut self, now: Instant) {
        let Some(stage) = self.stage.as_mut().filter(|stage| stage.is_playing()) else {
            return;
        };
        stage.with_pictures(&self.waker, |pictures, run, waker| {
            pictures.tick(now, run, waker);
        });
    }

    pub(super) fn play(&mut self, playing: bool) {
        if playing {
            self.finish_picture_gesture();
        }
        let Some(stage) = &mut self.stage else { return };
        stage.with_pictures(&self.waker, |pictures, run, waker| {
            pictures.playback.play(playing);
            pictures.tool.drop_unfinished();
            pictures.show(pictures.playback.frame(), run, waker);
        });
    }

    pub(super) fn show_picture(&mut self, frame: usize) {
        self.finish_picture_gesture();
        if let Some(stage) = &mut self.stage {
            stage.with_pictures(&self.waker, |pictures, _, _| {
                pictures.tool.drop_unfinished();
            });
            stage.show_frame(frame, &self.waker);
        }
    }

    fn remove_calibration(&mut self) {
        let image = self.shown_image().map(|(instance, _)| instance.uid.clone());
        if let Some(image) = image {
            let edit = PlanEdit::Picture(PictureEdit::RemoveCalibration(image));
            self.plan_command(PlanCommand::Edit("Remove calibration", edit));
        }
    }

    fn go_to_picture(&mut self, id: MeasurementId) {
        let Some(drawn) = self.plan().pictures.measurement(id).cloned() else {
            return;
        };
        self.selection = Selection::Measurement(id);
        let place = self.catalog.series().find_map(|(_, series)| {
            let instance = series
                .instances
                .iter()
                .position(|instance| instance.uid == drawn.image)?;
            let found = series
                .stacks
                .iter()
                .enumerate()
                .find_map(|(stack, frames)| {
                    let frame = frames
                        .frames
                        .iter()
                        .position(|at| at.instance == instance && at.frame == drawn.frame)?;
                    Some((stack, frame))
                });
            found.map(|(stack, frame)| (series.uid.clone(), stack, frame))
        });
        let Some((uid, stack, frame)) = place else {
            return;
        };
        let shown = self
            .stage
            .as_ref()
            .is_some_and(|stage| stage.series.uid == uid && stage.stack == stack);
        if !shown {
            self.show(&uid, stack);
        }
        self.play(false);
        self.show_picture(frame);
    }
}
