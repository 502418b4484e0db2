//! Outlines of structures as the beam of a picture casts them, found in the background.

use std::sync::Arc;

use super::job::{Job, JobEvent, Waker};
use super::structure_stage::ShownStructure;
use crate::geometry::{ConeBeam, Receptor, Surface, silhouette};
use crate::plan::{Color, PixelPlace};
use crate::study::InstanceUid;

/// A structure of the CT that is not on stage any more.
#[derive(Debug, Clone)]
struct Kept {
    name: String,
    color: Color,
    surface: Arc<Surface>,
}

/// The outline of one structure on a picture: lines from place to place (column, row).
#[derive(Debug, Clone)]
pub struct ProjectedOutline {
    /// Of which structure.
    pub name: String,
    /// In its colour.
    pub color: Color,
    /// Its lines.
    pub lines: Vec<[PixelPlace; 2]>,
}

/// What the outlines are for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted {
    /// Image and frame.
    pub picture: (InstanceUid, usize),
    /// Its beam.
    pub beam: ConeBeam,
    /// Its pixels.
    pub receptor: Receptor,
}

/// Outlines over the picture shown.
#[derive(Default)]
pub struct ProjectedOutlines {
    kept: Arc<Vec<Kept>>,
    found: Option<(Wanted, Vec<ProjectedOutline>)>,
    running: Option<(Wanted, Job<(), Vec<ProjectedOutline>>)>,
}

impl ProjectedOutlines {
    /// Those on a frame of an image; of where its beam was just before, while the next are being
    /// found.
    pub fn lines(&self, image: &InstanceUid, frame: usize) -> &[ProjectedOutline] {
        let here = |of: &Wanted| of.picture.0 == *image && of.picture.1 == frame;
        match &self.found {
            Some((of, lines)) if here(of) => lines,
            _ => &[],
        }
    }

    pub(super) fn is_busy(&self) -> bool {
        self.running.is_some()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Keeps the surfaces of structures.
    pub(super) fn keep<'a>(&mut self, structures: impl Iterator<Item = &'a ShownStructure>) {
        self.clear();
        let kept = structures.filter_map(|item| {
            Some(Kept {
                name: item.structure.name.clone(),
                color: Color(item.structure.color),
                surface: Arc::clone(item.surface.as_ref()?),
            })
        });
        self.kept = Arc::new(kept.collect());
    }

    /// Finds what is wanted and not there yet.
    pub(super) fn poll(&mut self, wanted: Option<Wanted>, waker: &Waker) {
        let events = self.running.as_ref().map(|(_, job)| job.poll());
        for event in events.unwrap_or_default() {
            if let (Some((of, _)), JobEvent::Finished(lines)) = (&self.running, event) {
                self.found = Some((of.clone(), lines));
            }
            self.running = None;
        }
        let Some(wanted) = wanted else {
            self.found = None;
            return;
        };
        let there = self.found.as_ref().is_some_and(|(of, _)| *of == wanted);
        if there || self.running.is_some() || self.kept.is_empty() {
            return;
        }
        let kept = Arc::clone(&self.kept);
        let of = wanted.clone();
        let job = Job::spawn("projected outlines", Arc::clone(waker), move |sink| {
            let token = sink.cancel_token().clone();
            let going = kept.iter().take_while(|_| !token.is_cancelled());
            going.map(|kept| outline(kept, &of)).collect()
        });
        if let Ok(job) = job {
            self.running = Some((wanted, job));
        }
    }
}

fn outline(kept: &Kept, wanted: &Wanted) -> ProjectedOutline {
    let (beam, receptor) = (&wanted.beam, &wanted.receptor);
    let place = |point| Some(beam.pixel_of(point, receptor)?.to_array());
    let edges = silhouette(kept.surface.mesh(), beam.source);
    ProjectedOutline {
        name: kept.name.clone(),
        color: kept.color,
        lines: edges
            .into_iter()
            .filter_map(|[a, b]| Some([place(a)?, place(b)?]))
            .collect(),
    }
}
