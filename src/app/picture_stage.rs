//! Pictures on stage: the one that is shown, the run it belongs to, what is made from it.

use std::sync::Arc;
use std::time::Instant;

use super::derivation::{Derivation, Run};
use super::frame_cache::{FrameCache, Picture, stays};
use super::job::Waker;
use super::notice::{Notices, Severity};
use super::picture_tool::PictureTool;
use super::playback::Playback;
use super::presentation::Presentation;
use crate::study::{Frame, Instance, OverlayPlane, Series, StackKind};

/// Frames decoded ahead while a run stands.
const AHEAD_WHILE_STILL: usize = 3;

/// Pictures on stage.
pub struct PictureStage {
    /// Frame shown, 0-based in the stack.
    pub frame: usize,
    /// The run.
    pub playback: Playback,
    /// Subtraction and peak opacification.
    pub derivation: Derivation,
    /// Display shutters are drawn.
    pub show_shutter: bool,
    /// What is being drawn on it.
    pub tool: PictureTool,
    /// Look of the differences, once one was shown.
    pub(super) difference_look: Option<Presentation>,
    /// The last difference that its own window takes in.
    taken_in: Option<u64>,
    /// Their own window is of another mask or shift: the next one is made anew.
    own_is_stale: bool,
    cache: FrameCache,
    told_failure: bool,
}

/// The picture that is on the screen.
pub struct ShownPicture {
    /// Frame of the stack; of a peak picture the frame that it stands in for.
    pub index: usize,
    /// The decoded frame, which a derived picture takes the place of.
    pub decoded: Arc<Picture>,
    /// What is made from it, and a number that changes with that.
    pub derived: Option<(Arc<Frame>, u64)>,
    /// Its values are differences.
    pub is_difference: bool,
}

impl ShownPicture {
    /// Its samples.
    pub fn frame(&self) -> &Frame {
        match &self.derived {
            Some((frame, _)) => frame,
            None => &self.decoded.frame,
        }
    }
}

impl PictureStage {
    /// Of a stack of a series.
    pub(super) fn new(series: &Series, stack: usize) -> Self {
        let stack = series.stacks.get(stack);
        let frames = stack.map_or(&[][..], |stack| &stack.frames);
        let first = frames
            .first()
            .and_then(|at| series.instances.get(at.instance));
        // A list of single pictures has no times of its own.
        let one_file = frames
            .windows(2)
            .all(|pair| matches!(pair, [a, b] if a.instance == b.instance));
        let timing = first
            .filter(|_| one_file)
            .map(|instance| instance.picture.timing.clone());
        // Only runs have the control that shows the frames themselves again.
        let is_run = frames.len() > 1 && stack.is_some_and(|stack| stack.kind == StackKind::Cine);
        let subtract = first
            .filter(|_| is_run && one_file)
            .is_some_and(|instance| {
                let grey = instance.pixel_format.photometric.is_grey();
                grey && instance.picture.shown_subtracted && !instance.picture.masks.is_empty()
            });
        Self {
            frame: 0,
            playback: Playback::new(timing.unwrap_or_default(), frames.len()),
            derivation: Derivation::new(subtract),
            show_shutter: true,
            tool: PictureTool::default(),
            difference_look: None,
            taken_in: None,
            own_is_stale: false,
            cache: FrameCache::default(),
            told_failure: false,
        }
    }

    /// Whether pictures are being decoded or made.
    pub fn is_busy(&self) -> bool {
        self.cache.is_busy() || self.derivation.is_busy()
    }

    /// The picture shown, when decoded.
    pub fn picture(&self) -> Option<(usize, Arc<Picture>)> {
        let decoded = self.cache.get(self.frame)?;
        Some((self.frame, Arc::clone(decoded)))
    }

    /// The picture on the screen: the decoded one, or what is made from it.
    pub fn shown(&self) -> Option<ShownPicture> {
        let (index, decoded) = self.picture()?;
        let derived = self.derivation.picture(index);
        Some(ShownPicture {
            index,
            decoded,
            derived: derived.map(|(frame, serial)| (Arc::clone(frame), serial)),
            is_difference: self.derivation.is_difference(index),
        })
    }

    /// Look of the difference on the screen; `None` where a frame is shown as it is.
    pub(super) fn look_of_difference(&mut self) -> Option<&mut Presentation> {
        let differs = self.shown().is_some_and(|shown| shown.is_difference);
        self.difference_look.as_mut().filter(|_| differs)
    }

    /// Another mask or shift was chosen: what the differences before it took in holds no more.
    pub(super) fn forget_own_of_differences(&mut self) {
        self.own_is_stale = true;
    }

    /// The own window of the differences takes in all that were shown: a mask frame less itself,
    /// or one before the medium comes, would make black and white of all that follow. What a
    /// person has chosen stays.
    pub(super) fn settle_difference_look(&mut self, low_is_bright: bool) {
        if !self.derivation.subtract {
            let chosen = |look: &Presentation| !look.is_own() || look.is_inverted();
            self.difference_look = self.difference_look.take().filter(chosen);
            return;
        }
        let Some(shown) = self.shown().filter(|shown| shown.is_difference) else {
            return;
        };
        let serial = shown.derived.as_ref().map(|(_, serial)| *serial);
        if self.difference_look.is_some() && self.taken_in == serial {
            return;
        }
        self.taken_in = serial;
        let range = Presentation::difference_range(shown.frame());
        let new = Presentation::new(None, "", Some(range)).with_low_bright(low_is_bright);
        match &mut self.difference_look {
            Some(look) if !self.own_is_stale && look.own.window.width >= new.own.window.width => {}
            Some(look) => look.set_own(&new.own),
            None => self.difference_look = Some(new),
        }
        self.own_is_stale = false;
    }

    /// Why the picture cannot be shown, if it cannot.
    pub fn failure(&self) -> Option<&str> {
        self.cache.failure(self.frame)
    }

    /// Bytes of the decoded frames.
    pub fn held_bytes(&self) -> u64 {
        self.cache.bytes()
    }

    /// Shows a frame; decodes it and those after it where they are not there.
    pub(super) fn show(&mut self, frame: usize, run: Run<'_>, waker: &Waker) {
        self.frame = frame;
        if self.playback.frame() != frame {
            self.playback.go_to(frame);
        }
        self.fill(run, waker);
    }

    /// Lets the run go on. True where another frame is shown.
    pub(super) fn tick(&mut self, now: Instant, run: Run<'_>, waker: &Waker) -> bool {
        let cache = &self.cache;
        let next = self.playback.tick(now, &|frame| cache.is_ready(frame));
        if let Some(frame) = next {
            self.frame = frame;
        }
        self.fill(run, waker);
        next.is_some()
    }

    fn fill(&mut self, run: Run<'_>, waker: &Waker) {
        let bytes = run
            .frames
            .get(self.frame)
            .and_then(|at| run.series.instances.get(at.instance))
            .map_or(1, |instance| bytes_of_frame(instance));
        let most = FrameCache::ahead(bytes);
        let count = if self.playback.playing {
            most
        } else {
            most.min(AHEAD_WHILE_STILL)
        };
        let mut wanted = vec![self.frame];
        wanted.extend(self.playback.frames_ahead(count));
        self.cache.want(wanted, (run.series, run.frames), waker);
        self.derivation
            .refresh(run, (self.frame, &self.cache), waker);
    }

    /// True where the picture shown has just come.
    pub(super) fn poll(&mut self, run: Run<'_>, notices: &mut Notices, waker: &Waker) -> bool {
        let come = self.cache.poll();
        self.derivation.poll();
        self.fill(run, waker);
        if let Some(reason) = self.failure()
            && !self.told_failure
        {
            notices.add(Severity::Error, reason.to_owned());
            self.told_failure = true;
        }
        come.contains(&self.frame)
    }
}

/// Bytes of a decoded frame of a file, with overlays that are its own.
fn bytes_of_frame(instance: &Instance) -> u64 {
    let format = &instance.pixel_format;
    let sample = u64::from(format.bits_allocated.div_ceil(8).max(1));
    let samples = u64::from(format.samples_per_pixel.max(1));
    let own: usize = if stays(instance) {
        0
    } else {
        let pixels = |plane: &OverlayPlane| plane.rows * plane.columns;
        instance.overlays.iter().map(pixels).sum()
    };
    (instance.rows * instance.columns) as u64 * sample * samples + own as u64
}
