//! What is made from the frames of a run: subtraction of a mask, peak opacification.

mod making;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use self::making::{Gathered, make_mask, make_peak};
use super::frame_cache::FrameCache;
use super::job::{Job, JobEvent, Waker};
use super::shared;
use crate::dicom::{DicomError, decode_frame};
use crate::study::{Frame, FrameRef, Instance, Intensity, Mask, MaskItem, PeakKind, Series};

/// Why nothing is subtracted.
const NOT_GREY: &str = "only grey frames of one size can be subtracted";
/// Why no peak picture is made.
const NO_PEAK: &str = "no frame has a mask, or they differ in size or are in colour";

/// The frames of a stack.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    pub series: &'a Arc<Series>,
    pub frames: &'a [FrameRef],
}

impl Run<'_> {
    fn instance(&self, frame: usize) -> Option<(&Instance, usize)> {
        let at = self.frames.get(frame)?;
        Some((self.series.instances.get(at.instance)?, at.frame))
    }

    fn intensity(&self, frame: usize) -> Intensity {
        self.instance(frame)
            .and_then(|(instance, _)| instance.picture.intensity)
            .unwrap_or(Intensity::Unstated)
    }

    /// Place in the stack of another frame of the file that the frame at `at` belongs to.
    fn place_of(&self, frame: usize, at: usize) -> Option<usize> {
        let here = self.frames.get(at)?;
        let wanted = FrameRef {
            instance: here.instance,
            frame,
        };
        // Frames of a run follow one another. Never looked for one by one: a mask may have many.
        let near = (at + frame).checked_sub(here.frame);
        let near = near.filter(|&place| self.frames.get(place) == Some(&wanted));
        let key = |at: &FrameRef| (at.instance, at.frame);
        near.or_else(|| {
            let found = self.frames.binary_search_by_key(&key(&wanted), key);
            found.ok()
        })
    }

    fn decode(&self, frame: usize) -> Result<Frame, DicomError> {
        match self.instance(frame) {
            Some((instance, index)) => decode_frame(instance, index),
            None => Err(DicomError::Cancelled),
        }
    }
}

/// What is subtracted: by the file, or as a person chose.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct MaskChoice {
    /// Frame of the stack that a person chose as the mask of all frames.
    pub frame: Option<usize>,
    /// Pixels down and to the right that a person moved it.
    pub shift: Option<[f64; 2]>,
}

impl MaskChoice {
    /// Frames of the stack whose mean is the mask of a frame, and how it is moved.
    fn of(&self, run: Run<'_>, frame: usize) -> Option<(Vec<usize>, [f64; 2])> {
        if let Some(mask) = self.frame {
            return Some((vec![mask], self.shift.unwrap_or_default()));
        }
        let item = file_item(run, frame)?;
        let of_file = item.mask_frames(run.frames.get(frame)?.frame);
        let in_stack = |&index: &usize| run.place_of(index, frame);
        let frames: Option<Vec<usize>> = of_file.iter().map(in_stack).collect();
        let frames = frames.filter(|frames| !frames.is_empty())?;
        Some((frames, self.shift.unwrap_or(item.shift)))
    }
}

fn file_item(run: Run<'_>, frame: usize) -> Option<&MaskItem> {
    let at = run.frames.get(frame)?;
    let instance = run.series.instances.get(at.instance)?;
    instance.picture.mask(at.frame)
}

/// Frames that a mask is the mean of, and how it is moved.
type MaskKey = (Vec<usize>, [f64; 2]);

type MaskJob = Job<(), Result<Option<Mask>, DicomError>>;
type PeakJob = Job<(usize, usize), Result<Option<Gathered>, DicomError>>;

/// A picture that was made, with a number that no other one has.
struct Made {
    frame: Arc<Frame>,
    serial: u64,
}

impl Made {
    fn new(frame: Frame) -> Self {
        // Counted in the whole program: a stack that is opened again is no other key.
        static SERIAL: AtomicU64 = AtomicU64::new(1);
        Self {
            frame: Arc::new(frame),
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
        }
    }
}

/// What a peak picture depends on.
#[derive(Debug, Clone, Copy, PartialEq)]
struct PeakKey {
    kind: PeakKind,
    subtracted: Option<MaskChoice>,
}

/// What is made and how.
#[derive(Default)]
pub struct Derivation {
    /// A mask is subtracted.
    pub subtract: bool,
    /// Which one.
    pub mask: MaskChoice,
    /// All frames at once: the extreme of each pixel.
    pub peak: Option<PeakKind>,
    made_mask: Option<(Vec<usize>, Arc<Mask>)>,
    moved_mask: Option<(MaskKey, Arc<Mask>)>,
    making_mask: Option<(Vec<usize>, MaskJob)>,
    /// And how many frames it was made from.
    made_peak: Option<(PeakKey, Made, usize)>,
    making_peak: Option<(PeakKey, PeakJob, (usize, usize))>,
    shown: Option<(usize, Made)>,
    /// Masks that could not be made from their frames, and why: other frames may have others.
    failed_masks: HashMap<Vec<usize>, String>,
    failed_peak: Option<(PeakKey, String)>,
    /// Why nothing is made for the frame shown.
    trouble: Option<String>,
}

impl Derivation {
    /// With the mask of the file subtracted or not.
    pub(super) fn new(subtract: bool) -> Self {
        Self {
            subtract,
            ..Self::default()
        }
    }

    /// Whether something is being made.
    pub fn is_busy(&self) -> bool {
        self.making_mask.is_some() || self.making_peak.is_some()
    }

    /// Frames gathered and frames in all, while a peak picture is made.
    pub fn progress(&self) -> Option<(usize, usize)> {
        self.making_peak.as_ref().map(|(_, _, progress)| *progress)
    }

    /// Why nothing is made though it was asked for.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// The picture in place of a frame, and a number that no other picture has; `None` where the
    /// frame itself is shown.
    pub fn picture(&self, frame: usize) -> Option<(&Arc<Frame>, u64)> {
        let made = if let Some(key) = self.peak_key() {
            let (made, picture, _) = self.made_peak.as_ref()?;
            (*made == key).then_some(picture)
        } else {
            let (of_frame, picture) = self.shown.as_ref()?;
            (self.subtract && *of_frame == frame).then_some(picture)
        };
        made.map(|made| (&made.frame, made.serial))
    }

    /// Frames that the peak picture was made from: those without a mask are no part of a
    /// subtracted one.
    pub fn gathered(&self) -> Option<usize> {
        let made = self.made_peak.as_ref();
        let made = made.filter(|(key, ..)| Some(*key) == self.peak_key());
        made.map(|&(_, _, frames)| frames)
    }

    /// Whether a picture is a difference.
    pub fn is_difference(&self, frame: usize) -> bool {
        self.subtract && self.picture(frame).is_some()
    }

    /// Forgets what was made by another choice.
    pub fn changed(&mut self) {
        self.shown = None;
        self.moved_mask = None;
        self.trouble = None;
        // Asked for again, it is tried again.
        self.failed_masks.clear();
        self.failed_peak = None;
    }

    /// Pixels down and right that the mask of a frame is moved.
    pub(super) fn shift(&self, run: Run<'_>, frame: usize) -> [f64; 2] {
        let of_file = || file_item(run, frame).map_or([0.0; 2], |item| item.shift);
        let own_frame = self.mask.frame.is_some();
        let unstated = if own_frame { [0.0; 2] } else { of_file() };
        self.mask.shift.unwrap_or(unstated)
    }

    fn peak_key(&self) -> Option<PeakKey> {
        Some(PeakKey {
            kind: self.peak?,
            subtracted: self.subtract.then_some(self.mask),
        })
    }

    /// Makes what is missing for a frame. True where the picture has changed.
    pub(super) fn refresh(
        &mut self,
        run: Run<'_>,
        (frame, cache): (usize, &FrameCache),
        waker: &Waker,
    ) -> bool {
        self.trouble = None;
        if self.peak.is_some() {
            return self.refresh_peak(run, waker);
        }
        self.making_peak = None;
        if !self.subtract {
            self.making_mask = None;
            return self.shown.take().is_some();
        }
        if self.shown.as_ref().is_some_and(|(of, _)| *of == frame) {
            return false;
        }
        let Some(picture) = cache.get(frame) else {
            return false;
        };
        let Some((frames, shift)) = self.mask.of(run, frame) else {
            let reason = "the file has no mask for this frame; choose a mask frame";
            self.trouble = Some(reason.to_owned());
            return self.shown.take().is_some();
        };
        // Nobody waits for the mask of another choice or of a frame before.
        self.making_mask = self.making_mask.take().filter(|(of, _)| *of == frames);
        let Some(mask) = self.mask_of(run, (&frames, shift), cache, waker) else {
            self.trouble = self.failed_masks.get(&frames).cloned();
            return false;
        };
        let Some(difference) = mask.subtracted_from(&picture.frame) else {
            self.trouble = Some(NOT_GREY.to_owned());
            return false;
        };
        self.shown = Some((frame, Made::new(difference)));
        true
    }

    /// The moved mask, where it is made.
    fn mask_of(
        &mut self,
        run: Run<'_>,
        (frames, shift): (&[usize], [f64; 2]),
        cache: &FrameCache,
        waker: &Waker,
    ) -> Option<Arc<Mask>> {
        let is_made = |made: &(Vec<usize>, Arc<Mask>)| made.0 == frames;
        if !self.made_mask.as_ref().is_some_and(is_made) {
            let of_held = match frames {
                &[one] => cache
                    .get(one)
                    .and_then(|held| Mask::of(&[&held.frame], run.intensity(one))),
                _ => None,
            };
            let Some(mask) = of_held else {
                self.start_mask(run, frames, waker);
                return None;
            };
            self.made_mask = Some((frames.to_vec(), Arc::new(mask)));
        }
        let (_, mask) = self.made_mask.as_ref()?;
        let is_moved = |((of, by), _): &(MaskKey, _)| of == frames && *by == shift;
        if !self.moved_mask.as_ref().is_some_and(is_moved) {
            let key = (frames.to_vec(), shift);
            let moved = if shift == [0.0; 2] {
                Arc::clone(mask)
            } else {
                Arc::new(mask.moved(shift))
            };
            self.moved_mask = Some((key, moved));
        }
        self.moved_mask.as_ref().map(|(_, mask)| Arc::clone(mask))
    }

    fn start_mask(&mut self, run: Run<'_>, frames: &[usize], waker: &Waker) {
        let under_way = |making: &(Vec<usize>, MaskJob)| making.0 == frames;
        let failed = self.failed_masks.contains_key(frames);
        if failed || self.making_mask.as_ref().is_some_and(under_way) {
            return;
        }
        let (series, refs) = (Arc::clone(run.series), run.frames.to_vec());
        let wanted = frames.to_vec();
        let job = Job::spawn("mask", shared(waker), move |sink| {
            let run = Run {
                series: &series,
                frames: &refs,
            };
            make_mask(run, &wanted, &|| !sink.cancel_token().is_cancelled())
        });
        self.making_mask = job.ok().map(|job| (frames.to_vec(), job));
    }

    fn refresh_peak(&mut self, run: Run<'_>, waker: &Waker) -> bool {
        let Some(key) = self.peak_key() else {
            return false;
        };
        let is_made = self
            .made_peak
            .as_ref()
            .is_some_and(|(made, ..)| *made == key);
        let making = self
            .making_peak
            .as_ref()
            .is_some_and(|(made, ..)| *made == key);
        let failed = self.failed_peak.as_ref().filter(|(of, _)| *of == key);
        self.trouble = failed.map(|(_, reason)| reason.clone());
        if is_made || making || self.trouble.is_some() {
            return false;
        }
        let (series, refs) = (Arc::clone(run.series), run.frames.to_vec());
        let job = Job::spawn("peak", shared(waker), move |sink| {
            let run = Run {
                series: &series,
                frames: &refs,
            };
            make_peak(run, key, &|done| {
                sink.progress((done, refs.len())).is_continue()
            })
        });
        self.making_peak = job.ok().map(|job| (key, job, (0, run.frames.len())));
        false
    }

    /// Hears what the jobs say.
    pub(super) fn poll(&mut self) {
        let events = self.making_mask.as_ref().map(|(_, job)| job.poll());
        for event in events.unwrap_or_default() {
            if let Some(made) = outcome(event, NOT_GREY)
                && let Some((frames, _)) = self.making_mask.take()
            {
                match made {
                    Ok(mask) => self.made_mask = Some((frames, Arc::new(mask))),
                    Err(reason) => {
                        self.failed_masks.insert(frames, reason);
                    }
                }
            }
        }
        let events = self.making_peak.as_ref().map(|(_, job, _)| job.poll());
        for event in events.unwrap_or_default() {
            if let (JobEvent::Progress(done), Some((_, _, progress))) =
                (&event, &mut self.making_peak)
            {
                *progress = *done;
            }
            if let Some(made) = outcome(event, NO_PEAK)
                && let Some((key, ..)) = self.making_peak.take()
            {
                match made {
                    Ok((frame, count)) => self.made_peak = Some((key, Made::new(frame), count)),
                    Err(reason) => self.failed_peak = Some((key, reason)),
                }
            }
        }
    }
}

/// What a job has made, or why not; `None` while it goes on.
fn outcome<P, T>(
    event: JobEvent<P, Result<Option<T>, DicomError>>,
    misfit: &str,
) -> Option<Result<T, String>> {
    match event {
        JobEvent::Progress(_) => None,
        JobEvent::Finished(Ok(made)) => Some(made.ok_or_else(|| misfit.to_owned())),
        JobEvent::Finished(Err(error)) => Some(Err(error.to_string())),
        JobEvent::Died(text) => Some(Err(text)),
    }
}
