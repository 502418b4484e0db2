//! Decoded frames of a stack of pictures: a bounded number of them, decoded ahead of the one that
//! is shown, so that a long run plays without being held in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::job::{Job, JobEvent, Waker};
use super::overlay_stage::{Overlays, drawn};
use super::shared;
use crate::budget::{MEMORY, Reservation};
use crate::dicom::{DicomError, decode_frame};
use crate::study::{Frame, FrameRef, Instance, OverlayBitmap, OverlayPlane, OverlaySource, Series};

/// A decoded picture with what its file draws over it.
pub struct Picture {
    /// Its samples.
    pub frame: Frame,
    /// Its overlays.
    pub overlays: Overlays,
    /// Bytes of its samples, and of overlays that it does not share.
    bytes: u64,
    /// That memory; `None` where the account was full and it is shown all the same.
    _booked: Option<Reservation>,
    /// Memory of overlays that it shares.
    _shared: Option<Arc<Reservation>>,
}

/// Overlays that lie over all frames of a file, while any of them is held.
#[derive(Default)]
struct Still {
    instance: usize,
    overlays: Option<Weak<[OverlayBitmap]>>,
    booked: Weak<Reservation>,
}

impl Still {
    fn overlays(&self) -> Option<Overlays> {
        self.overlays.as_ref()?.upgrade()
    }
}

type DecodeJob = Job<(), Result<Picture, DicomError>>;

/// Most bytes of decoded frames: short runs are decoded once, long ones pass through. The one that
/// is shown is kept whatever it takes.
const MOST_BYTES: u64 = 96 << 20;
/// They take no more than this share of what the program may use.
const SHARE_OF_MEMORY: u64 = 8;
/// Frames decoded ahead, at most.
const MOST_AHEAD: usize = 48;

/// The frames.
#[derive(Default)]
pub struct FrameCache {
    held: HashMap<usize, Arc<Picture>>,
    decoding: BTreeMap<usize, DecodeJob>,
    failed: HashMap<usize, String>,
    /// The frame that is shown, then those that are shown after it.
    wanted: Vec<usize>,
    still: Arc<Mutex<Still>>,
}

/// Whether the overlays of a file are the same over all its frames, of which there are several.
pub(super) fn stays(instance: &Instance) -> bool {
    let still =
        |plane: &OverlayPlane| plane.frames.is_none() && plane.source == OverlaySource::Data;
    instance.frames.len() > 1 && instance.overlays.iter().all(still)
}

/// Bytes of overlays.
fn bits_of(overlays: &[OverlayBitmap]) -> u64 {
    overlays.iter().map(|one| one.bits.len() as u64).sum()
}

/// Bytes that decoded frames may take.
fn most_bytes() -> u64 {
    MOST_BYTES.min(MEMORY.limit() / SHARE_OF_MEMORY)
}

/// Frames that are decoded at a time: one processor is left to the window.
fn workers() -> usize {
    let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    processors.saturating_sub(1).clamp(1, 4)
}

impl FrameCache {
    /// A frame, when it is there.
    pub fn get(&self, frame: usize) -> Option<&Arc<Picture>> {
        self.held.get(&frame)
    }

    /// Why a frame cannot be shown, if it cannot.
    pub fn failure(&self, frame: usize) -> Option<&str> {
        self.failed.get(&frame).map(String::as_str)
    }

    /// Whether a frame is there, or known not to come.
    pub fn is_ready(&self, frame: usize) -> bool {
        self.held.contains_key(&frame) || self.failed.contains_key(&frame)
    }

    /// Whether frames are being decoded.
    pub fn is_busy(&self) -> bool {
        !self.decoding.is_empty()
    }

    /// Bytes of all frames that are there.
    pub fn bytes(&self) -> u64 {
        let own: u64 = self.held.values().map(|picture| picture.bytes).sum();
        // While they are being read, which nobody waits for here, none are held.
        let still = self.still.try_lock().ok();
        let still = still.and_then(|still| still.overlays());
        own + still.map_or(0, |overlays| bits_of(&overlays))
    }

    /// Frames that may be decoded ahead where each takes so many bytes.
    pub fn ahead(frame_bytes: u64) -> usize {
        // A quarter is left for frames that were shown already.
        let room = most_bytes() / 4 * 3 / frame_bytes.max(1);
        (room as usize).saturating_sub(1).min(MOST_AHEAD)
    }

    /// Says what is shown and what comes next, and decodes what is missing.
    pub fn want(
        &mut self,
        wanted: Vec<usize>,
        (series, frames): (&Arc<Series>, &[FrameRef]),
        waker: &Waker,
    ) {
        self.wanted = wanted;
        let missing: Vec<usize> = self
            .wanted
            .iter()
            .copied()
            .filter(|frame| !self.is_ready(*frame) && !self.decoding.contains_key(frame))
            .collect();
        for frame in missing {
            // What is looked at does not wait for what was asked for before.
            let most = workers() + usize::from(self.wanted.first() == Some(&frame));
            if self.decoding.len() >= most {
                break;
            }
            let Some(&reference) = frames.get(frame) else {
                continue;
            };
            let (series, still) = (Arc::clone(series), Arc::clone(&self.still));
            let job = Job::spawn("decode", shared(waker), move |_| {
                decode(&series, reference, &still)
            });
            match job {
                Ok(job) => {
                    self.decoding.insert(frame, job);
                }
                Err(error) => {
                    self.failed.insert(frame, error.to_string());
                }
            }
        }
    }

    /// Takes in what has been decoded. Returns the frames that have come or failed.
    pub fn poll(&mut self) -> Vec<usize> {
        let mut come = Vec::new();
        for (&frame, job) in &self.decoding {
            match job.poll().pop() {
                None | Some(JobEvent::Progress(())) => continue,
                Some(JobEvent::Finished(Ok(picture))) => {
                    self.held.insert(frame, Arc::new(picture));
                }
                Some(JobEvent::Finished(Err(error))) => {
                    self.failed.insert(frame, error.to_string());
                }
                Some(JobEvent::Died(text)) => {
                    self.failed.insert(frame, text);
                }
            }
            come.push(frame);
        }
        for frame in &come {
            self.decoding.remove(frame);
        }
        if !come.is_empty() {
            self.evict();
        }
        come
    }

    /// Drops frames until the rest fits: first what nobody waits for, then what is shown last.
    fn evict(&mut self) {
        let mut bytes = self.bytes();
        let most = most_bytes();
        if bytes <= most {
            return;
        }
        let rank = |frame: &usize| self.wanted.iter().position(|wanted| wanted == frame);
        let mut held: Vec<(usize, usize)> = self
            .held
            .keys()
            .map(|frame| (rank(frame).unwrap_or(usize::MAX), *frame))
            .collect();
        held.sort_unstable();
        while bytes > most
            && let Some((rank, frame)) = held.pop()
            && rank > 0
        {
            if let Some(picture) = self.held.remove(&frame) {
                bytes = bytes.saturating_sub(picture.bytes);
            }
        }
    }
}

fn decode(
    series: &Series,
    reference: FrameRef,
    still: &Mutex<Still>,
) -> Result<Picture, DicomError> {
    let Some(instance) = series.instances.get(reference.instance) else {
        return Err(DicomError::Cancelled);
    };
    let frame = decode_frame(instance, reference.frame)?;
    let mut bytes = frame.samples.bytes() as u64;
    let (overlays, shared) = if stays(instance) {
        shared_overlays(instance, reference, still)
    } else {
        let own = drawn(instance, reference.frame);
        bytes += bits_of(&own);
        (own, None)
    };
    Ok(Picture {
        _booked: MEMORY.reserve(bytes, "the frames of the run").ok(),
        _shared: shared,
        overlays,
        bytes,
        frame,
    })
}

/// Overlays that another frame of the file has read already, else those of this one.
fn shared_overlays(
    instance: &Instance,
    reference: FrameRef,
    still: &Mutex<Still>,
) -> (Overlays, Option<Arc<Reservation>>) {
    if instance.overlays.is_empty() {
        return (Overlays::default(), None);
    }
    // Held while they are read: the others wait for them instead of reading them too.
    let mut still = still.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(overlays) = still.overlays()
        && still.instance == reference.instance
    {
        return (overlays, still.booked.upgrade());
    }
    let overlays = drawn(instance, reference.frame);
    let booked = MEMORY.reserve(bits_of(&overlays), "the overlays of the run");
    let booked = booked.ok().map(Arc::new);
    *still = Still {
        instance: reference.instance,
        overlays: Some(Arc::downgrade(&overlays)),
        booked: booked.as_ref().map_or_else(Weak::new, Arc::downgrade),
    };
    (overlays, booked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Samples;

    fn picture(bytes: usize) -> Arc<Picture> {
        Arc::new(Picture {
            frame: Frame {
                rows: 1,
                columns: bytes,
                samples: Samples::U8(vec![0; bytes]),
            },
            overlays: Arc::from([]),
            bytes: bytes as u64,
            _booked: None,
            _shared: None,
        })
    }

    #[test]
    fn what_is_shown_last_goes_first_and_what_is_shown_stays() {
        let part = most_bytes() as usize / 4 + 1;
        let mut cache = FrameCache {
            wanted: vec![5, 6, 7],
            ..FrameCache::default()
        };
        for frame in [3, 4, 5, 6, 7] {
            cache.held.insert(frame, picture(part));
            cache.evict();
        }
        let mut held: Vec<usize> = cache.held.keys().copied().collect();
        held.sort_unstable();
        assert_eq!(held, [5, 6, 7], "frames that were shown before are gone");
        assert!(cache.bytes() <= most_bytes());
        cache.wanted = vec![9];
        cache.held.insert(9, picture(4 * part));
        cache.evict();
        assert_eq!(cache.held.len(), 1, "one larger than all room is kept");
        assert!(cache.get(9).is_some());
    }

    #[test]
    fn large_frames_are_decoded_less_far_ahead() {
        assert_eq!(FrameCache::ahead(1), MOST_AHEAD);
        assert_eq!(FrameCache::ahead(u64::MAX), 0);
        let few = FrameCache::ahead(most_bytes() / 8);
        assert!((4..=5).contains(&few), "{few}");
    }
}
