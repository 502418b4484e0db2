//! Runs registrations of the picture shown: starts the job, takes the result into the plan.

use std::sync::Arc;

use super::AppState;
use super::job::JobEvent;
use super::notice::Severity;
use super::registration_job::{JobView, RegistrationJob};
use super::registration_outline::Wanted;
use super::registration_stage::{Failure, RegisteredView};
use crate::geometry::{Correction, Lps, Point};
use crate::plan::{Fit, PictureRegistration, RegisteredBy, RegistrationEdit};
use crate::register::{Registration, Search, Settings, Verdict, ViewGeometry};
use crate::study::InstanceUid;

impl AppState {
    pub(super) fn start_registration(&mut self, search: Search) {
        let Ok(view) = self.registered_view() else {
            return;
        };
        // One that was chosen for another picture is not meant any more.
        self.registering.with = self.registered_with();
        self.registering.failure = None;
        self.registering.progress = 0.0;
        // What runs is given up for this one, also where this one cannot begin.
        self.registering.job = None;
        match self.registration_job(&view, search) {
            Ok(job) => self.registering.job = Some(job),
            Err(words) => {
                let pictures = vec![(view.image, view.frame)];
                self.registering.failure = Some(Failure { pictures, words });
            }
        }
    }

    fn registration_job(
        &self,
        view: &RegisteredView,
        search: Search,
    ) -> Result<RegistrationJob, String> {
        let ct = self.registration_ct()?;
        let mut views = vec![self.job_view(&view.image, view.frame)?];
        let mut start = (view.correction, view.isocenter);
        if let Some((image, frame)) = self.registered_with() {
            let other = self.job_view(&image, frame)?;
            start = self
                .put_on(&other)
                .filter(|_| view.is_untouched())
                .unwrap_or(start);
            views.push(other);
        }
        let (start, isocenter) = start;
        let settings = Settings {
            start,
            search,
            region_mm: Settings::REGION_MM,
        };
        RegistrationJob::start(ct, views, settings, isocenter, &self.waker)
    }

    /// Correction and isocentre that the plan was given on a picture, by hand or by registration:
    /// one patient position holds for both pictures.
    fn put_on(&self, other: &JobView) -> Option<(Correction, Point<Lps>)> {
        let put = self.view_of(&other.instance, other.frame).ok()?;
        (!put.is_untouched()).then_some((put.correction, put.isocenter))
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
        let kept = self.registering.outlines.ct();
        let drawn = self.registering.shown
            && self.registering.show_structures
            && kept.is_some_and(|ct| self.plan_lies_in(ct));
        let wanted = view.as_ref().filter(|_| drawn);
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
                    let job = self.registering.job.take();
                    let pictures = job.map_or_else(Vec::new, |job| job.views);
                    self.registering.failure = Some(Failure { pictures, words });
                }
            }
        }
    }

    fn take_registration(&mut self, job: Option<RegistrationJob>, found: &Registration) {
        let Some(job) = job else { return };
        let bound = self.plan().series.as_ref();
        if bound.is_some_and(|bound| bound.fit(&job.ct) == Fit::Different) {
            let words = "The registration ended after the plan went to other images: it is dropped";
            self.notices.add(Severity::Warning, words);
            return;
        }
        if found.verdict == Verdict::Failed {
            self.registering.failure = Some(Failure {
                pictures: job.views,
                words: found.verdict.sentence().to_owned(),
            });
            return;
        }
        let edit = RegistrationEdit::Set(registrations(&job, found));
        self.edit_registration("Register picture", edit);
        if let Some(doubt) = found.verdict.doubt() {
            let names: Vec<String> = job
                .views
                .iter()
                .map(|(image, frame)| self.picture_name(image, *frame))
                .collect();
            let words = format!("{}: {doubt}", names.join(" and "));
            self.notices.add(Severity::Warning, words);
        }
        // Where they began. What was moved on other pictures stays.
        self.registering.moves.forget(&job.views);
    }

    /// A picture of the catalogue in words.
    fn picture_name(&self, image: &InstanceUid, frame: usize) -> String {
        let found = self.catalog.series().find_map(|(_, series)| {
            let instances = &series.instances;
            let at = instances.iter().position(|one| one.uid == *image)?;
            let frames = instances.get(at)?.frames.len();
            Some((series.title(), instances.len(), at, frames))
        });
        let Some((mut name, images, at, frames)) = found else {
            return "Picture".to_owned();
        };
        if images > 1 {
            name = format!("{name}, image {}", at + 1);
        }
        if frames > 1 {
            name = format!("{name}, frame {}", frame + 1);
        }
        name
    }
}

/// What the plan keeps of a registration, one entry for each picture.
fn registrations(job: &RegistrationJob, found: &Registration) -> Vec<PictureRegistration> {
    let made = |(index, (image, frame)): (usize, &(InstanceUid, usize))| PictureRegistration {
        image: image.clone(),
        frame: *frame,
        isocenter_lps_mm: job.isocenter,
        correction: found.correction,
        found: RegisteredBy::Likeness {
            views: job.views.len(),
            before: found.before,
            after: found.after,
            doubt: found.verdict.doubt().map(str::to_owned),
            // Its axes are those of the first picture.
            uncertainty: found.uncertainty.filter(|_| index == 0),
        },
    };
    job.views.iter().enumerate().map(made).collect()
}
