//! A registration in the background: loads what is missing, registers, says how far it is.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::job::{Job, JobEvent, JobSink, Waker, on_own_threads};
use crate::dicom;
use crate::geometry::{Lps, Point};
use crate::plan::SeriesBinding;
use crate::register::{
    Registration, Settings, View, ViewGeometry, XrayPicture, picture_of, register,
};
use crate::study::{Instance, InstanceUid, Series};
use crate::volume::attenuation::{Attenuation, AttenuationModel};
use crate::volume::{Volume, load_volume};

/// Share of the time that reading and preparing take.
const PREPARED: f64 = 0.2;

/// Where the CT comes from.
pub(super) enum CtSource {
    /// It is there.
    Loaded(Arc<Volume>),
    /// To be read: the series and which of its stacks.
    Series(Arc<Series>, usize),
}

/// A picture to be registered.
pub(super) struct JobView {
    /// Its file.
    pub instance: Arc<Instance>,
    /// Which frame, 0-based.
    pub frame: usize,
    /// What its header says.
    pub geometry: ViewGeometry,
}

/// A running registration.
pub(super) struct RegistrationJob {
    /// Images and frames that are registered.
    pub views: Vec<(InstanceUid, usize)>,
    /// Point of the CT that the isocentre is taken to be.
    pub isocenter: Point<Lps>,
    /// The CT: a plan elsewhere does not take the answer.
    pub ct: SeriesBinding,
    job: Job<f64, Result<Registration, String>>,
}

impl RegistrationJob {
    /// Starts it.
    pub fn start(
        (ct, bound): (CtSource, SeriesBinding),
        views: Vec<JobView>,
        settings: Settings,
        isocenter: Point<Lps>,
        waker: &Waker,
    ) -> Result<Self, String> {
        let names = views
            .iter()
            .map(|view| (view.instance.uid.clone(), view.frame))
            .collect();
        let job = Job::spawn("registration", Arc::clone(waker), move |sink| {
            on_own_threads("registration", || {
                run(ct, &views, &settings, (isocenter, sink))
            })
        });
        Ok(Self {
            views: names,
            isocenter,
            ct: bound,
            job: job.map_err(|error| error.to_string())?,
        })
    }

    /// What it has said since the last time.
    pub fn poll(&self) -> Vec<JobEvent<f64, Result<Registration, String>>> {
        self.job.poll()
    }
}

type Sink = JobSink<f64, Result<Registration, String>>;

fn run(
    ct: CtSource,
    views: &[JobView],
    settings: &Settings,
    (isocenter, sink): (Point<Lps>, &Sink),
) -> Result<Registration, String> {
    let words = |error: &dyn std::fmt::Display| error.to_string();
    let mut opened: Vec<(XrayPicture, &JobView)> = Vec::new();
    for view in views {
        let decoded = dicom::decode_frame(&view.instance, view.frame).map_err(|e| words(&e))?;
        let picture = picture_of(&view.instance, view.frame, &decoded).map_err(|e| words(&e))?;
        opened.push((picture, view));
    }
    let volume = match ct {
        CtSource::Loaded(volume) => volume,
        CtSource::Series(series, stack) => {
            let (volume, _) = load_volume(&series, stack).map_err(|e| words(&e))?;
            Arc::new(volume)
        }
    };
    if sink.progress(PREPARED / 2.0).is_break() {
        return Err("The registration was cancelled".to_owned());
    }
    let model = AttenuationModel::default();
    let attenuation = Attenuation::of(&volume, model).map_err(|e| words(&e))?;
    drop(volume);
    let views: Option<Vec<View<'_>>> = opened
        .iter()
        .map(|(picture, view)| {
            Some(View {
                picture,
                receptor: view.geometry.receptor,
                header: view.geometry.beam(isocenter)?,
            })
        })
        .collect();
    let views = views.ok_or("The distances of a picture make no beam")?;
    let on_progress =
        |share: f64| -> ControlFlow<()> { sink.progress(PREPARED + (1.0 - PREPARED) * share) };
    register(&attenuation, &views, settings, &on_progress).map_err(|e| words(&e))
}
