//! What is on stage: the stack that is shown, while it loads and after.

use std::sync::Arc;

use super::AppState;
use super::job::Waker;
use super::notice::{Notices, Severity};
use super::picture_stage::PictureStage;
use super::presentation::{Presentation, percentile_range};
use super::viewport::ViewportId;
use super::volume_stage::VolumeStage;
use crate::assess::path::Images;
use crate::geometry::PatientPosition;
use crate::plan::file::geometry_hash;
use crate::plan::{Fit, SeriesBinding};
use crate::study::{
    Frame, Photometric, Samples, Series, SeriesUid, Stack, StackKind, StackWarning,
};
use crate::volume::Volume;

/// The stack that is shown.
pub struct Stage {
    /// Its series.
    pub series: Arc<Series>,
    /// Which of the series' stacks.
    pub stack: usize,
    /// How it looks.
    pub presentation: Presentation,
    /// Voxels or pictures.
    pub content: Content,
    /// A picture stack plays.
    pub playing: bool,
}

/// Voxels or pictures.
pub enum Content {
    /// Can be cut in any plane.
    Volume(VolumeStage),
    /// Looked at one by one.
    Pictures(PictureStage),
}

impl Stage {
    fn stack(&self) -> Option<&Stack> {
        self.series.stacks.get(self.stack)
    }

    /// The volume, if it is one.
    pub fn volume(&self) -> Option<&Arc<Volume>> {
        match &self.content {
            Content::Volume(stage) => Some(&stage.volume),
            Content::Pictures(_) => None,
        }
    }

    /// Whether a job of it runs.
    pub fn is_busy(&self) -> bool {
        match &self.content {
            Content::Volume(stage) => stage.is_busy(),
            Content::Pictures(stage) => stage.is_busy(),
        }
    }

    /// Slices read and slices in all, while it loads.
    pub fn progress(&self) -> Option<(usize, usize)> {
        match &self.content {
            Content::Volume(stage) if stage.is_loading() => {
                Some((stage.loaded, self.stack()?.frames.len()))
            }
            _ => None,
        }
    }

    /// The frame of a picture stack that is shown; 0 for a volume.
    pub fn shown_frame(&self) -> usize {
        match &self.content {
            Content::Pictures(stage) => stage.frame,
            Content::Volume(_) => 0,
        }
    }

    /// Frames of the stack.
    pub fn frame_count(&self) -> usize {
        self.stack().map_or(0, |stack| stack.frames.len())
    }

    /// Sentences a person must know before measuring on it.
    pub fn banners(&self) -> Vec<String> {
        let warnings = self.stack().map_or(&[][..], |stack| &stack.warnings);
        let mut banners: Vec<String> = warnings.iter().map(StackWarning::sentence).collect();
        if let Content::Volume(stage) = &self.content {
            banners.extend(stage.unreadable.clone());
        }
        banners
    }

    /// The picture shown, when decoded, with its number.
    pub fn picture(&self) -> Option<(usize, Arc<Frame>)> {
        match &self.content {
            Content::Pictures(stage) => stage.picture(),
            Content::Volume(_) => None,
        }
    }

    /// Why the picture cannot be shown, if it cannot.
    pub fn picture_failure(&self) -> Option<&str> {
        match &self.content {
            Content::Pictures(stage) => stage.failure(),
            Content::Volume(_) => None,
        }
    }

    /// Whether the file shows low values bright.
    pub fn is_monochrome1(&self) -> bool {
        let first = self.stack().and_then(|stack| stack.frames.first());
        first
            .and_then(|frame| self.series.instances.get(frame.instance))
            .is_some_and(|instance| instance.pixel_format.photometric == Photometric::Monochrome1)
    }

    /// Modality value of a stored value of the picture shown.
    pub fn picture_value(&self, stored: f64) -> Option<f64> {
        let Content::Pictures(stage) = &self.content else {
            return None;
        };
        let frame = self.stack()?.frames.get(stage.frame)?;
        let header = self
            .series
            .instances
            .get(frame.instance)?
            .frames
            .get(frame.frame)?;
        Some(header.modality_lut.apply(stored))
    }

    /// Milliseconds a frame stays when playing: what the file says, else 100.
    pub fn frame_time_ms(&self) -> f64 {
        let stated = self
            .series
            .instances
            .iter()
            .find_map(|instance| instance.frame_time_ms);
        stated
            .filter(|ms| ms.is_finite() && *ms > 1.0)
            .unwrap_or(100.0)
    }

    /// Shows another frame; decodes it where it is not there.
    pub fn show_frame(&mut self, frame: usize, waker: &Waker) {
        let frame = frame.min(self.frame_count().saturating_sub(1));
        let reference = self
            .stack()
            .and_then(|stack| stack.frames.get(frame).copied());
        let series = Arc::clone(&self.series);
        if let (Content::Pictures(stage), Some(reference)) = (&mut self.content, reference) {
            stage.show(frame, (series, reference), waker);
        }
    }

    fn poll(&mut self, notices: &mut Notices, waker: &Waker) {
        match &mut self.content {
            Content::Volume(stage) => {
                if stage.poll(notices, waker) {
                    self.settle_window();
                }
            }
            Content::Pictures(stage) => {
                if stage.poll(notices) {
                    self.settle_window();
                }
            }
        }
    }

    /// Once values are there: a window from them, where neither header nor modality gave one and
    /// the person has not chosen one.
    fn settle_window(&mut self) {
        let stated = self.header_window().is_some() || self.unit() == "HU";
        let untouched = self.presentation.window == self.presentation.own.0;
        if stated || !untouched {
            return;
        }
        let range = match &self.content {
            Content::Volume(stage) => percentile_range(&stage.volume),
            Content::Pictures(_) => self
                .picture()
                .and_then(|(_, frame)| self.picture_range(&frame)),
        };
        let invert = self.presentation.invert;
        let unit = self.unit().to_owned();
        if range.is_some() {
            self.presentation = Presentation::new(None, &unit, range);
            self.presentation.invert = invert;
        }
    }

    fn picture_range(&self, frame: &Frame) -> Option<(f64, f64)> {
        if matches!(frame.samples, Samples::Rgb8(_)) {
            return None;
        }
        let mut values: Vec<f64> = (0..frame.samples.len())
            .step_by((frame.samples.len() / 50_000).max(1))
            .filter_map(|index| self.picture_value(frame.samples.value(index)?))
            .filter(|value| value.is_finite())
            .collect();
        values.sort_by(f64::total_cmp);
        let last = values.len().checked_sub(1)?;
        let at = |share: f64| values.get((last as f64 * share) as usize).copied();
        at(0.005).zip(at(0.995))
    }

    fn header_window(&self) -> Option<&crate::study::VoiLut> {
        let frame = self.stack()?.frames.first()?;
        self.series.instances.get(frame.instance)?.windows.first()
    }

    fn unit(&self) -> &str {
        let first = self.stack().and_then(|stack| stack.frames.first());
        first
            .and_then(|frame| {
                let instance = self.series.instances.get(frame.instance)?;
                Some(instance.frames.get(frame.frame)?.modality_lut.unit.as_str())
            })
            .unwrap_or("")
    }
}

impl AppState {
    /// Puts a stack on stage and starts to load it.
    pub(super) fn show(&mut self, uid: &SeriesUid, stack: usize) {
        let Some(series) = self
            .catalog
            .find_series(uid)
            .map(|(_, series)| Arc::clone(series))
        else {
            return;
        };
        let Some(kind) = series.stacks.get(stack).map(|stack| stack.kind) else {
            return;
        };
        self.finish_gesture();
        self.draft = None;
        self.remember_slice();
        let content = if kind == StackKind::Volume {
            match VolumeStage::load(&series, stack, &self.waker) {
                Ok(stage) => Content::Volume(stage),
                Err(reason) => {
                    self.notices.add(Severity::Error, reason);
                    return;
                }
            }
        } else {
            Content::Pictures(PictureStage::default())
        };
        let mut stage = Stage {
            series,
            stack,
            presentation: Presentation::new(None, "", None),
            content,
            playing: false,
        };
        stage.presentation = Presentation::new(stage.header_window(), stage.unit(), None);
        stage.presentation.invert = stage.is_monochrome1();
        stage.show_frame(0, &self.waker);
        self.stage = Some(stage);
        self.probe = None;
        self.after_show();
    }

    fn after_show(&mut self) {
        if self.stage.as_ref().and_then(Stage::volume).is_some() {
            self.arrange();
            self.carry_crosshair();
            (0..self.viewports.len())
                .for_each(|n| self.apply(super::command::ViewCommand::Reset(ViewportId(n))));
        }
        if self.plan().is_empty() && !self.has_unsaved_changes() && self.store.path.is_none() {
            self.apply(super::command::FileCommand::New);
        } else if !self.plan_fits() {
            self.notices.add(
                Severity::Warning,
                "The open plan was drawn on other images: its needles are not shown here. Open its \
                 own study, or start a new plan",
            );
        }
    }

    pub(super) fn poll_stage(&mut self) {
        if let Some(stage) = &mut self.stage {
            stage.poll(&mut self.notices, &self.waker);
        }
    }

    /// Patient position that the images state.
    pub fn stage_position(&self) -> Option<PatientPosition> {
        self.stage
            .as_ref()
            .and_then(|stage| stage.series.patient_position)
    }

    /// What a plan drawn on the images would be bound to; `None` for pictures.
    pub fn stage_binding(&self) -> Option<SeriesBinding> {
        let volume = self.stage.as_ref()?.volume()?;
        Some(SeriesBinding {
            series_instance_uid: volume.series.clone(),
            frame_of_reference_uid: volume.frame_of_reference.clone(),
            geometry_sha256: geometry_hash(volume.size, &volume.geometry),
        })
    }

    /// Whether the plan belongs to the images on stage, so that it may be drawn and read there.
    pub fn plan_fits(&self) -> bool {
        match (&self.plan().series, self.stage_binding()) {
            (Some(bound), Some(open)) => bound.fit(&open) != Fit::Different,
            (Some(_), None) => self.stage.is_none(),
            (None, _) => true,
        }
    }

    /// The voxels and the air around the patient, where the plan belongs to them.
    pub fn images(&self) -> Option<Images<'_>> {
        match &self.stage.as_ref()?.content {
            Content::Volume(stage) if self.plan_fits() => Some(Images {
                volume: &stage.volume,
                air: &stage.air,
            }),
            _ => None,
        }
    }
}
