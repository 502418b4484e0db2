//! What is on stage: the stack that is shown, while it loads and after.

use std::sync::Arc;

use super::AppState;
use super::derivation::Run;
use super::frame_cache::Picture;
use super::job::Waker;
use super::notice::{Notices, Severity};
use super::picture_stage::{PictureStage, ShownPicture};
use super::presentation::{Presentation, percentile_range};
use super::viewport::ViewportId;
use super::volume_stage::VolumeStage;
use crate::assess::path::Images;
use crate::geometry::PatientPosition;
use crate::plan::file::geometry_hash;
use crate::plan::{Fit, HalfVoxel, SeriesBinding};
use crate::study::{
    FrameRef, Instance, InstanceUid, Series, SeriesUid, Stack, StackKind, StackWarning, VoiLut,
};
use crate::volume::Volume;

/// The stack that is shown.
pub struct Stage {
    /// Its series.
    pub series: Arc<Series>,
    /// Which of the series' stacks.
    pub stack: usize,
    /// How it looks; differences have a look of their own, see [`Stage::look`].
    pub presentation: Presentation,
    /// Voxels or pictures.
    pub content: Content,
    /// The file whose values the look was taken from, where no header gives one.
    look_from: Option<InstanceUid>,
}

/// Voxels or pictures.
pub enum Content {
    /// Can be cut in any plane.
    Volume(Box<VolumeStage>),
    /// Looked at one by one.
    Pictures(Box<PictureStage>),
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
                Some((stage.loaded, stage.slices_to_read()))
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
    pub fn picture(&self) -> Option<(usize, Arc<Picture>)> {
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

    /// The file of a frame of the stack, and which of its frames it is.
    fn instance_of(&self, frame: usize) -> Option<(&Instance, usize)> {
        let at: FrameRef = *self.stack()?.frames.get(frame)?;
        Some((self.series.instances.get(at.instance)?, at.frame))
    }

    /// The frame that the look is taken from: the picture shown, or the first of a volume.
    fn leading_frame(&self) -> usize {
        match &self.content {
            Content::Pictures(stage) => stage.frame,
            Content::Volume(_) => 0,
        }
    }

    /// The file of the picture shown, or of the first slice, and which of its frames it is.
    pub fn leading_instance(&self) -> Option<(&Instance, usize)> {
        self.instance_of(self.leading_frame())
    }

    /// Whether greys of the picture shown run the other way than those of the first: what is
    /// inverted is the stack, but files of one list may differ.
    pub fn is_reversed(&self) -> bool {
        let low_is_bright = |frame| {
            self.instance_of(frame)
                .is_some_and(|(instance, _)| instance.low_is_bright)
        };
        low_is_bright(0) != low_is_bright(self.leading_frame())
    }

    /// Windows and tables of the header, of the picture shown or of the first slice.
    pub fn header_looks(&self) -> &[VoiLut] {
        let header = self
            .leading_instance()
            .and_then(|(instance, frame)| instance.frames.get(frame));
        header.map_or(&[], |header| &*header.voi)
    }

    /// Whether any of its files has overlay planes.
    pub fn has_overlays(&self) -> bool {
        let frames = self.stack().map_or(&[][..], |stack| &stack.frames);
        frames.iter().any(|at| {
            let instance = self.series.instances.get(at.instance);
            instance.is_some_and(|instance| !instance.overlays.is_empty())
        })
    }

    /// Modality value of a stored value of the picture shown; `None` for padding.
    pub fn picture_value(&self, stored: f64) -> Option<f64> {
        let Content::Pictures(_) = &self.content else {
            return None;
        };
        let (instance, frame) = self.leading_instance()?;
        let header = instance.frames.get(frame)?;
        (!instance.is_padding(stored)).then(|| header.modality_lut.apply(stored))
    }

    /// The pictures, if it is no volume.
    pub fn pictures(&self) -> Option<&PictureStage> {
        match &self.content {
            Content::Pictures(stage) => Some(stage),
            Content::Volume(_) => None,
        }
    }

    /// The picture on the screen: the decoded one, or what is made from it.
    pub fn shown_picture(&self) -> Option<ShownPicture> {
        self.pictures()?.shown()
    }

    /// How the picture on the screen looks: differences and frames each in their own way.
    pub fn shown_look(&self, shown: &ShownPicture) -> &Presentation {
        let pictures = self.pictures().filter(|_| shown.is_difference);
        let of_differences = pictures.and_then(|stage| stage.difference_look.as_ref());
        of_differences.unwrap_or(&self.presentation)
    }

    /// The look of what is on the screen: what a person reads there and changes.
    pub fn look(&self) -> &Presentation {
        let shown = self.shown_picture();
        shown.map_or(&self.presentation, |shown| self.shown_look(&shown))
    }

    pub(super) fn look_mut(&mut self) -> &mut Presentation {
        let of_difference = match &mut self.content {
            Content::Pictures(stage) => stage.look_of_difference(),
            Content::Volume(_) => None,
        };
        of_difference.unwrap_or(&mut self.presentation)
    }

    /// Pixels down and right that the mask of the frame shown is moved.
    pub fn mask_shift(&self) -> [f64; 2] {
        let (Some(stack), Some(pictures)) = (self.stack(), self.pictures()) else {
            return [0.0; 2];
        };
        let run = Run {
            series: &self.series,
            frames: &stack.frames,
        };
        pictures.derivation.shift(run, pictures.frame)
    }

    /// Whether a run plays.
    pub fn is_playing(&self) -> bool {
        self.pictures().is_some_and(|stage| stage.playback.playing)
    }

    /// Changes the pictures, if there are any, and what follows from that.
    pub(super) fn with_pictures(
        &mut self,
        waker: &Waker,
        change: impl FnOnce(&mut PictureStage, Run<'_>, &Waker),
    ) {
        let series = Arc::clone(&self.series);
        let Some(stack) = series.stacks.get(self.stack) else {
            return;
        };
        let run = Run {
            series: &series,
            frames: &stack.frames,
        };
        if let Content::Pictures(stage) = &mut self.content {
            change(stage, run, waker);
            self.settle_look();
        }
    }

    /// Shows another frame; decodes it where it is not there.
    pub fn show_frame(&mut self, frame: usize, waker: &Waker) {
        let frame = frame.min(self.frame_count().saturating_sub(1));
        self.with_pictures(waker, |stage, run, waker| stage.show(frame, run, waker));
    }

    fn poll(&mut self, notices: &mut Notices, waker: &Waker) {
        match &mut self.content {
            Content::Volume(stage) => {
                if stage.poll(notices, waker) {
                    self.settle_look();
                }
            }
            Content::Pictures(_) => self.with_pictures(waker, |stage, run, waker| {
                stage.poll(run, notices, waker);
            }),
        }
    }

    /// The image's own look: that of the header of the picture shown; where neither header nor
    /// modality gives one, from the values once they are there. What the person has chosen stays.
    fn settle_look(&mut self) {
        self.settle_difference_look();
        if let Content::Pictures(_) = self.content {
            if let Some(voi) = self.header_looks().first().cloned() {
                self.look_from = None;
                self.presentation.set_own(&voi);
                return;
            }
        } else if !self.header_looks().is_empty() {
            return;
        }
        // The frames of one file keep one look, so that a run does not flicker.
        let file = self
            .leading_instance()
            .map(|(instance, _)| instance.uid.clone());
        if self.unit() == "HU" || (self.look_from.is_some() && self.look_from == file) {
            return;
        }
        let range = match &self.content {
            Content::Volume(stage) => percentile_range(&stage.volume),
            Content::Pictures(_) => self.picture_range(),
        };
        if range.is_some() {
            let own = Presentation::new(None, self.unit(), range).own;
            self.presentation.set_own(&own);
            if self.volume().is_none() {
                self.look_from = file;
            }
        }
    }

    /// Differences have a look of their own beside that of the frames.
    fn settle_difference_look(&mut self) {
        let low_is_bright = self
            .instance_of(0)
            .is_some_and(|(instance, _)| instance.low_is_bright);
        if let Content::Pictures(stage) = &mut self.content {
            stage.settle_difference_look(low_is_bright);
        }
    }

    fn picture_range(&self) -> Option<(f64, f64)> {
        let (_, picture) = self.picture()?;
        let (instance, index) = self.leading_instance()?;
        Presentation::range_of(instance, index, &picture.frame)
    }

    /// Unit of the values of the picture shown or of the volume.
    pub fn unit(&self) -> &str {
        self.leading_instance()
            .and_then(|(instance, frame)| instance.frames.get(frame))
            .map_or("", |header| header.modality_lut.unit.as_str())
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
        self.keep_look();
        self.see_view();
        self.keep_ct(kind);
        let content = if kind == StackKind::Volume {
            match VolumeStage::load(&series, stack, &self.waker) {
                Ok(stage) => Content::Volume(Box::new(stage)),
                Err(reason) => {
                    self.notices.add(Severity::Error, reason);
                    return;
                }
            }
        } else {
            Content::Pictures(Box::new(PictureStage::new(&series, stack)))
        };
        let mut stage = Stage {
            series,
            stack,
            presentation: Presentation::new(None, "", None),
            content,
            look_from: None,
        };
        let low_is_bright = stage
            .instance_of(0)
            .is_some_and(|(instance, _)| instance.low_is_bright);
        stage.presentation = Presentation::new(stage.header_looks().first(), stage.unit(), None)
            .with_low_bright(low_is_bright);
        self.restore_look(&mut stage);
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
        } else if !self.plan_fits() && self.registered_view().is_err() {
            self.notices.add(
                Severity::Warning,
                "The open plan was drawn on other images: its needles are not shown here. Open its \
                 own study, or start a new plan",
            );
        }
        self.look_where_kept();
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
            (None, _) => {
                let stage = self.stage.as_ref();
                stage.is_none_or(|stage| self.marks_are_of_patient(stage))
            }
        }
    }

    /// Half a voxel of the images, for the ± of lengths and angles, where the plan belongs to them.
    pub fn half_voxel(&self) -> Option<HalfVoxel> {
        let images = self.images()?;
        Some(HalfVoxel::of_grid(&images.volume.geometry))
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
