//! A volume on stage: filling while it loads, then the air around the patient.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::job::{Job, JobEvent, Waker, on_own_threads};
use super::notice::{Notices, Severity};
use super::overlay_stage::OverlayStage;
use super::shared;
use crate::assess::OutsideAir;
use crate::plan::Known;
use crate::study::{Series, StackWarning, WarningCode};
use crate::volume::Volume;
use crate::volume::load::{self, LoadReport, VolumeError};

type LoadJob = Job<usize, Result<LoadReport, VolumeError>>;

/// Slices that are read before the load waits for the first of them to be on the screen.
const FIRST_SLICES: usize = 4;

/// Longest such wait: nobody may be drawing.
const LONGEST_HOLD: Duration = Duration::from_millis(700);

/// How far the first picture of a volume is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FirstFrame {
    Awaited,
    Drawing,
    Drawn,
}

/// A volume on stage.
pub struct VolumeStage {
    /// Its voxels, filling while it loads.
    pub volume: Arc<Volume>,
    /// Air around the patient, for the skin.
    pub air: Known<OutsideAir>,
    /// Slices read so far.
    pub loaded: usize,
    /// A sentence about slices that could not be read, for as long as they are shown.
    pub unreadable: Option<String>,
    /// Overlay planes of its slices.
    pub overlays: OverlayStage,
    first_frame: FirstFrame,
    on_screen: Arc<AtomicBool>,
    loading: Option<LoadJob>,
    finding_air: Option<Job<(), Known<OutsideAir>>>,
}

impl VolumeStage {
    /// Starts to read the slices of a stack, the middle one first.
    pub fn load(series: &Arc<Series>, stack: usize, waker: &Waker) -> Result<Self, String> {
        let volume = load::empty_volume(series, stack).map_err(|error| error.to_string())?;
        let volume = Arc::new(volume);
        let (filling, source) = (Arc::clone(&volume), Arc::clone(series));
        let overlays = OverlayStage::read(series, stack, waker);
        let first = volume.size[2] / 2;
        let on_screen = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&on_screen);
        let loading = Job::spawn("load", shared(waker), move |sink| {
            let started = Instant::now();
            let fill = |most: usize| {
                load::fill_volume(&filling, &source, stack, first, &|_, done, _| {
                    if done >= most {
                        return ControlFlow::Break(());
                    }
                    sink.progress(done)
                })
            };
            on_own_threads("load", || {
                // Cut short on purpose: what it read stays.
                fill(FIRST_SLICES).ok();
            });
            while !seen.load(Ordering::Relaxed) && started.elapsed() < LONGEST_HOLD {
                if sink.progress(FIRST_SLICES).is_break() {
                    break;
                }
                std::thread::sleep(Duration::from_millis(2));
            }
            on_own_threads("load", || fill(usize::MAX))
        });
        Ok(Self {
            volume,
            air: Err("The images are still loading".to_owned()),
            loaded: 0,
            unreadable: None,
            overlays,
            first_frame: FirstFrame::Awaited,
            on_screen,
            loading: Some(loading.map_err(|error| format!("Not loaded: {error}"))?),
            finding_air: None,
        })
    }

    /// Whether slices are being read or the skin is being found.
    pub fn is_busy(&self) -> bool {
        self.is_loading() || self.finding_air.is_some() || self.overlays.is_busy()
    }

    /// Slices of the grid that are read; those of gaps are not.
    pub fn slices_to_read(&self) -> usize {
        let sources = self.volume.geometry.slice_sources();
        sources.iter().flatten().count()
    }

    /// Whether slices are being read.
    pub fn is_loading(&self) -> bool {
        self.loading.is_some()
    }

    /// True where the load has just ended.
    pub(super) fn poll(&mut self, notices: &mut Notices, waker: &Waker) -> bool {
        let mut ended = false;
        for event in self.loading.as_ref().map(Job::poll).unwrap_or_default() {
            match event {
                JobEvent::Progress(done) => self.loaded = self.loaded.max(done),
                JobEvent::Finished(result) => {
                    ended = true;
                    self.unreadable = say_load_result(result, notices);
                }
                JobEvent::Died(text) => {
                    ended = true;
                    notices.add(Severity::Error, format!("Loading stopped: {text}"));
                }
            }
        }
        self.overlays.poll();
        self.tell_on_screen(waker);
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

    /// Lets the load go on once a frame with the first slices has been drawn.
    fn tell_on_screen(&mut self, waker: &Waker) {
        match self.first_frame {
            FirstFrame::Awaited if self.loaded > 0 => {
                // The frame that follows this poll draws them; the one after knows it is done.
                self.first_frame = FirstFrame::Drawing;
                waker();
            }
            FirstFrame::Drawing => {
                self.first_frame = FirstFrame::Drawn;
                let slices = self.volume.size[2];
                log::debug!("first picture with {} of {slices} slices read", self.loaded);
                self.on_screen.store(true, Ordering::Relaxed);
            }
            _ => {}
        }
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

/// Says what a load came to; gives the banner for slices that are left empty.
fn say_load_result(
    result: Result<LoadReport, VolumeError>,
    notices: &mut Notices,
) -> Option<String> {
    let report = match result {
        Ok(report) => report,
        Err(error) => {
            notices.add(Severity::Error, error.to_string());
            return None;
        }
    };
    let (_, path, reason) = report.failed.first()?;
    let banner = match report.failed.len() {
        1 => "1 slice could not be read and is left empty (striped)".to_owned(),
        count => format!("{count} slices could not be read and are left empty (striped)"),
    };
    let text = format!("{banner}. First: {reason}\nFile: {}", path.display());
    notices.add(Severity::Warning, text);
    let warning = StackWarning {
        code: WarningCode::UnreadableSlices,
        message: format!("{banner}. Copy the series again from the archive."),
    };
    Some(warning.sentence())
}
