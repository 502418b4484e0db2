//! Saves the picture of the C-arm as a DICOM file, in the background.

use std::path::PathBuf;
use std::sync::Arc;

use super::AppState;
use super::drr_stage::{DrrPicture, DrrStage};
use super::job::{Job, JobEvent};
use super::notice::Severity;
use super::stage::Content;
use crate::export::radiograph::Radiograph;
use crate::geometry::Receptor;

impl DrrStage {
    /// First and last open column and row of a picture, from 0; `None` where all is open.
    pub fn opening(&self, receptor: &Receptor) -> Option<[usize; 4]> {
        self.collimation_mm?;
        let half = self.half_opening_mm();
        let edges = [0, 1].map(|axis| {
            let last = receptor.size[axis].saturating_sub(1) as f64;
            let reach = half[axis] / receptor.pixel_mm[axis];
            let at = |sign: f64| (receptor.center[axis] + sign * reach).clamp(0.0, last);
            [at(-1.0).ceil() as usize, at(1.0).floor() as usize]
        });
        Some([edges[0][0], edges[0][1], edges[1][0], edges[1][1]])
    }
}

impl AppState {
    /// Why the picture cannot be saved now.
    pub fn drr_save_waits_for(&self) -> Option<&'static str> {
        let drr = &self.drr;
        // One of a moment ago stays while no view shows the C-arm: its angles are others.
        let of_now = |picture: &DrrPicture| {
            picture.full
                && picture.pose == self.drr_pose()
                && picture.receptor == drr.receptor()
                && picture.model == drr.model
        };
        match drr.picture() {
            Some(_) if drr.is_busy() => Some("The picture is still being made"),
            Some(picture) if of_now(picture) => None,
            _ => Some(
                "No simulated radiograph of the C-arm as it stands is shown: give a view that kind",
            ),
        }
    }

    pub(super) fn save_drr(&mut self, path: PathBuf) {
        if let Some(why) = self.drr_save_waits_for() {
            self.notices
                .add(Severity::Warning, format!("Not saved: {why}"));
            return;
        }
        let staged = self.stage.as_ref().and_then(|stage| match &stage.content {
            Content::Volume(volume) => {
                Some((Arc::clone(&volume.volume), Arc::clone(&stage.series)))
            }
            Content::Pictures(_) => None,
        });
        let (Some(picture), Some((volume, series))) = (self.drr.picture().cloned(), staged) else {
            return;
        };
        let film = self.drr.film;
        let opening = self.drr.opening(&picture.receptor);
        let job = Job::spawn("save radiograph", super::shared(&self.waker), move |_| {
            let radiograph = Radiograph {
                pose: &picture.pose,
                receptor: &picture.receptor,
                integrals: &picture.integrals,
                model: picture.model,
                film,
                opening,
            };
            radiograph
                .write_dicom(&path, &volume, &series)
                .map(|()| path)
                .map_err(|error| error.to_string())
        });
        match job {
            Ok(job) => self.drr.saving = Some(job),
            Err(error) => self.notices.add(Severity::Error, error.to_string()),
        }
    }

    pub(super) fn poll_drr_saving(&mut self) {
        let events = self.drr.saving.as_ref().map(Job::poll).unwrap_or_default();
        for event in events {
            let (severity, words) = match event {
                JobEvent::Progress(()) => continue,
                JobEvent::Finished(Ok(path)) => {
                    let words = format!("Saved the simulated radiograph: {}", path.display());
                    (Severity::Info, words)
                }
                JobEvent::Finished(Err(words)) | JobEvent::Died(words) => (Severity::Error, words),
            };
            self.notices.add(severity, words);
            self.drr.saving = None;
        }
    }
}
