//! Pictures on stage: decoded one by one, a few kept.

use std::collections::VecDeque;
use std::sync::Arc;

use super::job::{Job, JobEvent, Waker};
use super::notice::{Notices, Severity};
use super::shared;
use crate::study::{Frame, FrameRef, Series};

type DecodeJob = Job<(), Result<Frame, crate::dicom::DicomError>>;

/// Pictures on stage.
#[derive(Default)]
pub struct PictureStage {
    /// Frame shown, 0-based in the stack.
    pub frame: usize,
    decoded: VecDeque<(usize, Arc<Frame>)>,
    decoding: Option<(usize, DecodeJob)>,
    failed: Option<(usize, String)>,
}

/// Decoded pictures that are kept, and the most bytes of them; the one shown is always kept.
const KEPT_PICTURES: usize = 8;
const KEPT_BYTES: usize = 256 << 20;

impl PictureStage {
    /// Whether a picture is being decoded.
    pub fn is_busy(&self) -> bool {
        self.decoding.is_some()
    }

    /// The picture shown, when decoded.
    pub fn picture(&self) -> Option<(usize, Arc<Frame>)> {
        let found = self.decoded.iter().find(|(frame, _)| *frame == self.frame);
        found.map(|(frame, decoded)| (*frame, Arc::clone(decoded)))
    }

    /// Why the picture cannot be shown, if it cannot.
    pub fn failure(&self) -> Option<&str> {
        let (frame, reason) = self.failed.as_ref()?;
        (*frame == self.frame).then_some(reason.as_str())
    }

    /// Shows a frame of a series; decodes it where it is not there.
    pub(super) fn show(
        &mut self,
        frame: usize,
        (series, reference): (Arc<Series>, FrameRef),
        waker: &Waker,
    ) {
        self.frame = frame;
        let there = self.decoded.iter().any(|(index, _)| *index == frame);
        let under_way = self
            .decoding
            .as_ref()
            .is_some_and(|(index, _)| *index == frame);
        if there || under_way {
            return;
        }
        let job = Job::spawn("decode", shared(waker), move |_| {
            match series.instances.get(reference.instance) {
                Some(instance) => crate::dicom::decode_frame(instance, reference.frame),
                None => Err(crate::dicom::DicomError::Cancelled),
            }
        });
        self.decoding = job.ok().map(|job| (frame, job));
    }

    fn kept_bytes(&self) -> usize {
        self.decoded
            .iter()
            .map(|(_, frame)| frame.samples.bytes())
            .sum()
    }

    /// True where a picture has just come.
    pub(super) fn poll(&mut self, notices: &mut Notices) -> bool {
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
                self.decoded.push_back((frame, Arc::new(decoded)));
                while self.decoded.len() > 1
                    && (self.decoded.len() > KEPT_PICTURES || self.kept_bytes() > KEPT_BYTES)
                {
                    self.decoded.pop_front();
                }
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
