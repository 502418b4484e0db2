//! Runs registrations of the picture shown: finds the CT of the plan, starts the job, takes the
//! result into the plan.

use std::sync::Arc;

use super::AppState;
use super::job::JobEvent;
use super::notice::Severity;
use super::registration_job::{CtSource, JobView, RegistrationJob};
use super::registration_outline::Wanted;
use super::stage::Stage;
use crate::plan::{PictureRegistration, RegisteredBy, RegistrationEdit};
use crate::register::{Registration, Search, Settings, Verdict, ViewGeometry};
use crate::study::{InstanceUid, Series, StackKind};
use crate::volume::Volume;

impl AppState {
    /// Keeps the CT on stage when a picture takes its place, and lets it go when another volume
    /// does.
    pub(super) fn keep_ct(&mut self, next: StackKind) {
        if next == StackKind::Volume {
            self.registering.ct = None;
            self.registering.outlines.clear();
            return;
        }
        if let Some(volume) = self.stage.as_ref().and_then(Stage::volume).cloned() {
            self.registering.ct = Some(volume);
            let items = self.structures.items().iter();
            let shown = items.filter(|item| item.visible);
            self.registering.outlines.keep(shown);
        }
        self.registering.marking = false;
    }

    /// The CT that the plan lies in.
    fn registration_ct(&self) -> Result<CtSource, String> {
        let bound = self.plan().series.as_ref();
        let frame_of_reference = bound.and_then(|bound| bound.frame_of_reference_uid.as_ref());
        let whole = |volume: &&Arc<Volume>| {
            volume.modality == "CT"
                && volume.voxels.filled() == volume.size[2]
                && (bound.is_none() || volume.frame_of_reference.as_ref() == frame_of_reference)
        };
        if let Some(volume) = self.registering.ct.as_ref().filter(whole) {
            return Ok(CtSource::Loaded(Arc::clone(volume)));
        }
        let stack_of = |series: &Arc<Series>| {
            let stacks = &series.stacks;
            let volume = stacks.iter().position(|stack| stack.geometry.is_some())?;
            (series.modality == "CT").then(|| CtSource::Series(Arc::clone(series), volume))
        };
        let own = bound.and_then(|bound| self.catalog.find_series(&bound.series_instance_uid));
        let same_frame = |series: &&Arc<Series>| {
            let first = series.instances.first();
            let frame = first.and_then(|instance| instance.frame_of_reference.as_ref());
            frame.is_some() && frame == frame_of_reference
        };
        let others = self.catalog.series().map(|(_, series)| series);
        own.and_then(|(_, series)| stack_of(series))
            .or_else(|| others.filter(same_frame).find_map(stack_of))
            .ok_or_else(|| {
                "The plan lies in no CT that is open: a registration needs one. Open the CT study"
                    .to_owned()
            })
    }

    pub(super) fn start_registration(&mut self, search: Search) {
        self.registering.failure = None;
        self.registering.progress = 0.0;
        match self.registration_job(search) {
            Ok(job) => self.registering.job = Some(job),
            Err(words) => self.registering.failure = Some(words),
        }
    }

    fn registration_job(&self, search: Search) -> Result<RegistrationJob, String> {
        let view = self.registered_view()?;
        let ct = self.registration_ct()?;
        let mut views = vec![self.job_view(&view.image, view.frame)?];
        if let Some((image, frame)) = &self.registering.with
            && *image != view.image
        {
            views.push(self.job_view(image, *frame)?);
        }
        let settings = Settings {
            start: view.correction,
            search,
            region_mm: Settings::REGION_MM,
        };
        RegistrationJob::start(ct, views, settings, view.isocenter, &self.waker)
    }

    fn job_view(&self, image: &InstanceUid, frame: usize) -> Result<JobView, String> {
        let mut all = self
            .catalog
            .series()
            .flat_map(|(_, series)| &series.instances);
        let instance = all
            .find(|instance| instance.uid == *image)
            .ok_or("The second picture is no longer open")?;
        let size = [instance.columns, instance.rows];
        let geometry =
            ViewGeometry::of(&instance.picture, frame, size).map_err(|error| error.to_string())?;
        Ok(JobView {
            instance: Arc::clone(instance),
            frame,
            geometry,
        })
    }

    pub(super) fn poll_registration(&mut self) {
        let view = self.registered_view().ok();
        let wanted = view
            .as_ref()
            .filter(|_| self.registering.shown && self.registering.show_structures);
        let wanted = wanted.map(|view| Wanted {
            picture: (view.image.clone(), view.frame),
            beam: view.beam(),
            receptor: view.geometry.receptor,
        });
        let waker = super::shared(&self.waker);
        self.registering.outlines.poll(wanted, &waker);
        let events = self.registering.job.as_ref().map(RegistrationJob::poll);
        for event in events.unwrap_or_default() {
            match event {
                JobEvent::Progress(share) => {
                    self.registering.progress = share.max(self.registering.progress);
                }
                JobEvent::Finished(Ok(found)) => {
                    let job = self.registering.job.take();
                    self.take_registration(job, &found);
                }
                JobEvent::Finished(Err(words)) | JobEvent::Died(words) => {
                    self.registering.job = None;
                    self.registering.failure = Some(words);
                }
            }
        }
    }

    fn take_registration(&mut self, job: Option<RegistrationJob>, found: &Registration) {
        let Some(job) = job else { return };
        if found.verdict == Verdict::Failed {
            self.registering.failure = Some(found.verdict.sentence().to_owned());
            return;
        }
        let made = job.views.iter().map(|(image, frame)| PictureRegistration {
            image: image.clone(),
            frame: *frame,
            isocenter_lps_mm: job.isocenter,
            correction: found.correction,
            found: RegisteredBy::Likeness {
                views: job.views.len(),
                before: found.before,
                after: found.after,
                doubt: found.verdict.doubt().map(str::to_owned),
                uncertainty: found.uncertainty,
            },
        });
        let edit = RegistrationEdit::Set(made.collect());
        self.edit_registration("Register picture", edit);
        self.registering.moved = None;
        if let Some(doubt) = found.verdict.doubt() {
            self.notices.add(Severity::Warning, doubt.to_owned());
        }
    }
}
