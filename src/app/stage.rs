//! What is on stage: the stack that is shown, while it loads and after.

use std::collections::VecDeque;
use std::sync::Arc;

use super::AppState;
use super::job::{Job, JobEvent, Waker};
use super::notice::{Notices, Severity};
use super::presentation::{Presentation, percentile_range};
use super::shared;
use super::viewport::ViewportId;
use crate::assess::OutsideAir;
use crate::assess::path::Images;
use crate::geometry::PatientPosition;
use crate::plan::file::geometry_hash;
use crate::plan::{Fit, Known, SeriesBinding};
use crate::study::{Frame, Photometric, Samples, Series, SeriesUid, Stack, StackKind};
use crate::volume::Volume;
use crate::volume::load::{self, LoadReport, VolumeError};

type LoadJob = Job<usize, Result<LoadReport, VolumeError>>;

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

/// A volume on stage.
pub struct VolumeStage {
    /// Its voxels, filling while it loads.
    pub volume: Arc<Volume>,
    /// Air around the patient, for the skin.
    pub air: Known<OutsideAir>,
    /// Slices read so far.
    pub loaded: usize,
    loading: Option<LoadJob>,
    finding_air: Option<Job<(), Known<OutsideAir>>>,
}

/// Pictures on stage.
pub struct PictureStage {
    /// Frame shown, 0-based in the stack.
    pub frame: usize,
    /// Zoom: screen points per pixel; 0 fits the picture into the view.
    pub points_per_pixel: f64,
    /// Shift of the picture, points.
    pub pan_points: [f64; 2],
    decoded: VecDeque<(usize, Arc<Frame>)>,
    decoding: Option<(usize, Job<(), Result<Frame, crate::dicom::DicomError>>)>,
    failed: Option<(usize, String)>,
}

/// Decoded pictures that are kept.
const KEPT_PICTURES: usize = 8;

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
            Content::Volume(stage) => stage.loading.is_some() || stage.finding_air.is_some(),
            Content::Pictures(stage) => stage.decoding.is_some(),
        }
    }

    /// Slices read and slices in all, while it loads.
    pub fn progress(&self) -> Option<(usize, usize)> {
        match &self.content {
            Content::Volume(stage) if stage.loading.is_some() => {
                Some((stage.loaded, self.stack()?.frames.len()))
            }
            _ => None,
        }
    }

    /// Frames of the stack.
    pub fn frame_count(&self) -> usize {
        self.stack().map_or(0, |stack| stack.frames.len())
    }

    /// Sentences a person must know before measuring on it.
    pub fn banners(&self) -> Vec<String> {
        let warnings = self.stack().map_or(&[][..], |stack| &stack.warnings);
        warnings
            .iter()
            .map(|warning| warning.message.clone())
            .collect()
    }

    /// The picture shown, when decoded, and whether low values are bright in the file.
    pub fn picture(&self) -> Option<(usize, Arc<Frame>)> {
        let Content::Pictures(stage) = &self.content else {
            return None;
        };
        let found = stage
            .decoded
            .iter()
            .find(|(frame, _)| *frame == stage.frame);
        found.map(|(frame, decoded)| (*frame, Arc::clone(decoded)))
    }

    /// Why the picture cannot be shown, if it cannot.
    pub fn picture_failure(&self) -> Option<&str> {
        match &self.content {
            Content::Pictures(stage) => stage
                .failed
                .as_ref()
                .filter(|(frame, _)| *frame == stage.frame)
                .map(|(_, reason)| reason.as_str()),
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
        let series = Arc::clone(&self.series);
        let reference = self
            .stack()
            .and_then(|stack| stack.frames.get(frame).copied());
        let Content::Pictures(stage) = &mut self.content else {
            return;
        };
        stage.frame = frame;
        let there = stage.decoded.iter().any(|(index, _)| *index == frame);
        let under_way = stage
            .decoding
            .as_ref()
            .is_some_and(|(index, _)| *index == frame);
        let Some(reference) = reference.filter(|_| !there && !under_way) else {
            return;
        };
        let job = Job::spawn("decode", shared(waker), move |_| {
            let instance = series.instances.get(reference.instance).map(Arc::clone);
            match instance {
                Some(instance) => crate::dicom::decode_frame(&instance, reference.frame),
                None => Err(crate::dicom::DicomError::Cancelled),
            }
        });
        stage.decoding = job.ok().map(|job| (frame, job));
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

impl VolumeStage {
    /// True where the load has just ended.
    fn poll(&mut self, notices: &mut Notices, waker: &Waker) -> bool {
        let mut ended = false;
        for event in self.loading.as_ref().map(Job::poll).unwrap_or_default() {
            match event {
                JobEvent::Progress(done) => self.loaded = self.loaded.max(done),
                JobEvent::Finished(result) => {
                    ended = true;
                    say_load_result(result, notices);
                }
                JobEvent::Died(text) => {
                    ended = true;
                    notices.add(Severity::Error, format!("Loading stopped: {text}"));
                }
            }
        }
        if ended {
            self.loading = None;
            self.start_finding_air(waker);
        }
        for event in self.finding_air.as_ref().map(Job::poll).unwrap_or_default() {
            match event {
                JobEvent::Progress(()) => {}
                JobEvent::Finished(air) => self.air = air,
                JobEvent::Died(text) => self.air = Err(format!("Finding the skin failed: {text}")),
            }
            self.finding_air = None;
        }
        ended
    }

    fn start_finding_air(&mut self, waker: &Waker) {
        let volume = Arc::clone(&self.volume);
        let job = Job::spawn("skin", shared(waker), move |sink| {
            let token = sink.cancel_token().clone();
            OutsideAir::find(&volume, &|| token.is_cancelled())
        });
        self.finding_air = job.ok();
    }
}

fn say_load_result(result: Result<LoadReport, VolumeError>, notices: &mut Notices) {
    match result {
        Ok(report) => {
            let count = report.failed.len();
            if let Some((_, path, reason)) = report.failed.first() {
                let text = format!(
                    "{count} of the slices could not be read and are left empty (hatched). First: \
                     {reason}\nFile: {}",
                    path.display()
                );
                notices.add(Severity::Warning, text);
            }
        }
        Err(error) => notices.add(Severity::Error, error.to_string()),
    }
}

impl PictureStage {
    /// True where a picture has just come.
    fn poll(&mut self, notices: &mut Notices) -> bool {
        let Some((frame, job)) = &self.decoding else {
            return false;
        };
        let frame = *frame;
        let Some(event) = job.poll().pop() else {
            return false;
        };
        self.decoding = None;
        match event {
            JobEvent::Progress(()) => false,
            JobEvent::Finished(Ok(decoded)) => {
                if self.decoded.len() == KEPT_PICTURES {
                    self.decoded.pop_front();
                }
                self.decoded.push_back((frame, Arc::new(decoded)));
                true
            }
            JobEvent::Finished(Err(error)) => {
                self.failed = Some((frame, error.to_string()));
                notices.add(Severity::Error, error.to_string());
                false
            }
            JobEvent::Died(text) => {
                self.failed = Some((frame, text.clone()));
                notices.add(Severity::Error, text);
                false
            }
        }
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
        let content = if kind == StackKind::Volume {
            self.volume_content(&series, stack)
        } else {
            Some(Content::Pictures(PictureStage {
                frame: 0,
                points_per_pixel: 0.0,
                pan_points: [0.0; 2],
                decoded: VecDeque::new(),
                decoding: None,
                failed: None,
            }))
        };
        let Some(content) = content else { return };
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

    fn volume_content(&mut self, series: &Arc<Series>, stack: usize) -> Option<Content> {
        let volume = match load::empty_volume(series, stack) {
            Ok(volume) => Arc::new(volume),
            Err(error) => {
                self.notices.add(Severity::Error, error.to_string());
                return None;
            }
        };
        let (filling, source) = (Arc::clone(&volume), Arc::clone(series));
        let first = volume.size[2] / 2;
        let loading = Job::spawn("load", shared(&self.waker), move |sink| {
            load::fill_volume(&filling, &source, stack, first, &|_, done, _| {
                sink.progress(done)
            })
        });
        match loading {
            Ok(loading) => Some(Content::Volume(VolumeStage {
                volume,
                air: Err("The images are still loading".to_owned()),
                loaded: 0,
                loading: Some(loading),
                finding_air: None,
            })),
            Err(error) => {
                self.notices
                    .add(Severity::Error, format!("Not loaded: {error}"));
                None
            }
        }
    }

    fn after_show(&mut self) {
        let posture = self.posture();
        if let Some(volume) = self.stage.as_ref().and_then(Stage::volume) {
            let middle = volume.center_lps();
            for viewport in &mut self.viewports {
                let (kind, slab) = (viewport.kind, viewport.slab);
                *viewport = super::viewport::Viewport::new(kind, posture);
                viewport.slab = slab;
            }
            self.crosshair = middle;
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
