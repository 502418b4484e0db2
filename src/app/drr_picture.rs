//! Takes the pictures of the C-arm in the background: a coarse one at once while it moves, the
//! full one when it stands.

use std::sync::{Arc, Weak};
use std::time::Instant;

use rayon::prelude::*;

use super::AppState;
use super::drr_stage::{DrrPicture, DrrStage, Shadow};
use super::job::{CancelToken, Job, JobEvent, Waker, on_own_threads};
use super::settings::BackEnd;
use super::stage::Content;
use super::viewport::ViewKind;
use crate::geometry::{CArmPose, Receptor, Surface};
use crate::plan::Known;
use crate::render::{AdapterKind, DrrPass, DrrTexture, RenderContext};
use crate::volume::Volume;
use crate::volume::attenuation::{Attenuation, AttenuationModel};
use crate::volume::drr::line_integrals;
use crate::volume::structure::shadow;

/// Longest that a coarse picture may take, s.
const COARSE_BUDGET_S: f64 = 0.06;

/// Coarsest pixels, in pixels of the full picture.
const COARSEST: f64 = 8.0;

/// What projects the volume on stage.
struct Projector {
    full: Arc<Attenuation>,
    half: Arc<Attenuation>,
    gpu: Option<Gpu>,
}

/// A graphics card of its own and the volume on it.
struct Gpu {
    context: RenderContext,
    pass: DrrPass,
    texture: DrrTexture,
}

/// What a picture depends on.
#[derive(Debug, Clone)]
struct Wanted {
    pose: CArmPose,
    receptor: Receptor,
    model: AttenuationModel,
    /// Surfaces of the structures shown, and their colours.
    structures: Vec<(Arc<Surface>, [u8; 3])>,
}

impl PartialEq for Wanted {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = self.structures.iter().zip(&other.structures);
        self.pose == other.pose
            && self.receptor == other.receptor
            && self.model == other.model
            && self.structures.len() == other.structures.len()
            && pairs.all(|(a, b)| Arc::ptr_eq(&a.0, &b.0) && a.1 == b.1)
    }
}

/// A picture that was taken.
struct Shot {
    picture: DrrPicture,
    /// How long it took, s.
    seconds: f64,
    /// The graphics driver refused it: the processor made it.
    refused: bool,
}

/// The pictures of one volume.
#[derive(Default)]
pub(super) struct DrrPictures {
    volume: Weak<Volume>,
    model: Option<(AttenuationModel, BackEnd)>,
    projector: Option<Arc<Projector>>,
    building: Option<Job<(), Known<Projector>>>,
    failed: Option<String>,
    /// `None` from a job that was cancelled.
    taking: Option<(Wanted, bool, Job<(), Option<Shot>>)>,
    shown: Option<(Wanted, Arc<DrrPicture>)>,
    status: Option<String>,
    /// Seconds per pixel of a coarse picture; learnt.
    seconds_per_pixel: Option<f64>,
    due: bool,
}

impl DrrPictures {
    pub(super) fn shown(&self) -> Option<&Arc<DrrPicture>> {
        self.shown.as_ref().map(|(_, picture)| picture)
    }

    pub(super) fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    pub(super) fn is_busy(&self) -> bool {
        self.building.is_some() || self.taking.is_some() || self.due
    }

    fn hear(&mut self) {
        let built = self.building.as_ref().map(Job::poll).unwrap_or_default();
        for event in built {
            match event {
                JobEvent::Progress(()) => continue,
                JobEvent::Finished(Ok(projector)) => self.projector = Some(Arc::new(projector)),
                JobEvent::Finished(Err(text)) | JobEvent::Died(text) => self.failed = Some(text),
            }
            self.building = None;
        }
        let Some((wanted, _, job)) = &self.taking else {
            return;
        };
        let (wanted, events) = (wanted.clone(), job.poll());
        for event in events {
            match event {
                JobEvent::Progress(()) => continue,
                JobEvent::Finished(Some(shot)) => {
                    let (picture, seconds) = (shot.picture, shot.seconds);
                    if shot.refused {
                        self.projector = self.projector.take().map(Projector::without_gpu);
                    }
                    log::trace!(
                        target: "stylet::drr",
                        "{} of {} pixels in {:.1} ms",
                        if picture.full { "full picture" } else { "coarse picture" },
                        picture.integrals.len(),
                        seconds * 1000.0
                    );
                    if !picture.full {
                        let pixels = picture.integrals.len().max(1) as f64;
                        self.seconds_per_pixel = Some(seconds / pixels);
                    }
                    self.shown = Some((wanted.clone(), Arc::new(picture)));
                }
                JobEvent::Finished(None) => {}
                JobEvent::Died(text) => self.failed = Some(text),
            }
            self.taking = None;
        }
    }

    /// Drops a picture that no other will follow, or not soon, where it is not of this pose.
    fn drop_old(&mut self, pose: &CArmPose) {
        let other = |(wanted, _): &(Wanted, _)| wanted.pose != *pose;
        let turned = self.projector.is_none() && self.shown.as_ref().is_some_and(other);
        if self.failed.is_some() || turned {
            self.shown = None;
        }
    }

    fn build(
        &mut self,
        volume: &Arc<Volume>,
        model: AttenuationModel,
        (back_end, waker): (BackEnd, Waker),
    ) {
        let volume = Arc::clone(volume);
        let job = Job::spawn("attenuation", waker, move |_| {
            on_own_threads("attenuation", || Projector::of(&volume, model, back_end))
        });
        match job {
            Ok(job) => self.building = Some(job),
            Err(error) => self.failed = Some(error.to_string()),
        }
    }

    /// Sees to it that the wanted picture comes.
    fn take(&mut self, wanted: Wanted, waker: &Waker) {
        let Some(projector) = &self.projector else {
            return;
        };
        let here = self.shown.as_ref().filter(|(shown, _)| *shown == wanted);
        let full_next = match here {
            Some((_, picture)) if picture.full => {
                self.taking = None;
                return;
            }
            Some(_) => true,
            None => projector.gpu.is_some(),
        };
        match &self.taking {
            // A coarse picture of a moment ago is soon there, and shows that something moves.
            Some((_, false, _)) => return,
            Some((running, true, _)) if *running == wanted => return,
            _ => {}
        }
        let receptor = if full_next {
            wanted.receptor
        } else {
            let pixels = wanted.receptor.size.iter().product::<usize>() as f64;
            let seconds = pixels * self.seconds_per_pixel.unwrap_or(2e-6);
            let factor = (seconds / COARSE_BUDGET_S).sqrt();
            wanted.receptor.coarser(factor.clamp(2.0, COARSEST))
        };
        let (projector, now) = (Arc::clone(projector), wanted.clone());
        let job = Job::spawn("drr", super::shared(waker), move |sink| {
            let token = sink.cancel_token().clone();
            on_own_threads("drr", || {
                projector.take(&now, (receptor, full_next), &token)
            })
        });
        match job {
            // A former job ends with its place.
            Ok(job) => self.taking = Some((wanted, full_next, job)),
            Err(error) => self.failed = Some(error.to_string()),
        }
    }
}

impl Projector {
    fn of(volume: &Volume, model: AttenuationModel, back_end: BackEnd) -> Known<Self> {
        let full = Attenuation::of(volume, model).map_err(|error| error.to_string())?;
        let half = full.halved().map_err(|error| error.to_string())?;
        let gpu = match back_end {
            BackEnd::Cpu => None,
            BackEnd::Auto => Gpu::of(&full, |kind| kind == AdapterKind::Hardware),
            BackEnd::Gpu => Gpu::of(&full, |_| true),
        };
        Ok(Self {
            full: Arc::new(full),
            half: Arc::new(half),
            gpu,
        })
    }

    /// The same on the processor alone.
    fn without_gpu(self: Arc<Self>) -> Arc<Self> {
        Arc::new(Self {
            full: Arc::clone(&self.full),
            half: Arc::clone(&self.half),
            gpu: None,
        })
    }

    fn take(
        &self,
        wanted: &Wanted,
        (receptor, full): (Receptor, bool),
        token: &CancelToken,
    ) -> Option<Shot> {
        let beam = wanted.pose.beam()?;
        let start = Instant::now();
        let on_gpu = self.gpu.as_ref().filter(|_| full).map(|gpu| {
            let device = (&gpu.context.device, &gpu.context.queue);
            gpu.pass
                .line_integrals(device, &gpu.texture, &beam, &receptor)
        });
        let refused = matches!(on_gpu, Some(Err(_)));
        if let Some(Err(error)) = &on_gpu {
            log::warn!("{error}. The processor makes the simulated radiographs instead");
        }
        let attenuation = if full { &self.full } else { &self.half };
        let integrals = match on_gpu {
            Some(Ok(integrals)) => integrals,
            _ => line_integrals(attenuation, &beam, &receptor, &|| token.is_cancelled())?,
        };
        let seconds = start.elapsed().as_secs_f64();
        let shadow_of = |(surface, color): &(Arc<Surface>, [u8; 3])| Shadow {
            color: *color,
            lines: shadow(surface.mesh(), &beam, &receptor),
        };
        let shadows = wanted.structures.par_iter().map(shadow_of).collect();
        let picture = DrrPicture {
            pose: wanted.pose,
            beam,
            receptor,
            model: wanted.model,
            shadows,
            integrals: Arc::new(integrals),
            full,
        };
        Some(Shot {
            picture,
            seconds,
            refused,
        })
    }
}

impl Gpu {
    /// The adapter with the volume on it; `None` where it cannot be used: the processor can.
    fn of(attenuation: &Attenuation, usable: impl Fn(AdapterKind) -> bool) -> Option<Self> {
        let context = RenderContext::offscreen().ok()?;
        if !usable(context.adapter_kind()) {
            return None;
        }
        let texture = DrrTexture::new(&context.device, &context.queue, attenuation).ok()?;
        let pass = DrrPass::new(&context.device).ok()?;
        Some(Self {
            context,
            pass,
            texture,
        })
    }
}

impl AppState {
    /// Sees to it that the picture of the C-arm as it stands now comes where one is on the screen.
    pub(super) fn poll_drr(&mut self) {
        let staged = match self.stage.as_ref().map(|stage| &stage.content) {
            Some(Content::Volume(stage)) => Some((Arc::clone(&stage.volume), stage.is_loading())),
            _ => None,
        };
        let now = staged
            .as_ref()
            .map_or_else(Weak::new, |(volume, _)| Arc::downgrade(volume));
        if !self.drr.turned {
            self.drr.angles = self.turned_toward(0.0);
        }
        let model = (self.drr.model, self.settings.back_end);
        let pictures = &mut self.drr.pictures;
        if !now.ptr_eq(&pictures.volume) || pictures.model != Some(model) {
            let same_volume = now.ptr_eq(&pictures.volume);
            *pictures = DrrPictures {
                volume: now,
                model: Some(model),
                // Until the new one is there.
                shown: pictures.shown.take().filter(|_| same_volume),
                seconds_per_pixel: pictures.seconds_per_pixel,
                ..DrrPictures::default()
            };
        }
        pictures.hear();
        self.poll_drr_saving();
        let pictures = &mut self.drr.pictures;
        pictures.due = false;
        let shown = self.shown_viewports().into_iter().any(|id| {
            let viewport = self.viewport(id);
            viewport.is_some_and(|viewport| viewport.kind == ViewKind::Drr)
        });
        if !self.viewports.iter().any(|one| one.kind == ViewKind::Drr) {
            // Its memory is needed elsewhere.
            self.drr.pictures.projector = None;
            self.drr.pictures.taking = None;
        }
        if shown {
            let status = self.go_on_with_drr(staged.as_ref()).err();
            let pose = self.drr_pose();
            let pictures = &mut self.drr.pictures;
            pictures.status = status;
            pictures.drop_old(&pose);
        }
    }

    /// Surfaces of the structures that are drawn over the picture.
    fn drr_structures(&self) -> Vec<(Arc<Surface>, [u8; 3])> {
        if !(self.drr.show_structures && self.structure_look.shown) {
            return Vec::new();
        }
        let shown = self.scene.structures.iter().filter(|one| one.visible);
        shown
            .map(|one| (Arc::clone(&one.surface), one.color))
            .collect()
    }

    /// Why there is no picture yet.
    fn go_on_with_drr(&mut self, staged: Option<&(Arc<Volume>, bool)>) -> Known<()> {
        let (volume, loading) = staged.ok_or("A simulated radiograph needs a CT volume")?;
        let waker = super::shared(&self.waker);
        let wanted = Wanted {
            pose: self.drr_pose(),
            receptor: self.drr.receptor(),
            model: self.drr.model,
            structures: self.drr_structures(),
        };
        if wanted.pose.beam().is_none() {
            return Err("The C-arm turns about a point that is nowhere".to_owned());
        }
        let back_end = self.settings.back_end;
        let DrrStage {
            pictures, model, ..
        } = &mut self.drr;
        if let Some(why) = &pictures.failed {
            return Err(why.clone());
        }
        if pictures.projector.is_none() {
            if pictures.building.is_none() {
                if *loading {
                    pictures.due = true;
                    return Err("Waiting for the slices…".to_owned());
                }
                pictures.build(volume, *model, (back_end, waker));
            }
            return Err("Preparing the attenuation…".to_owned());
        }
        pictures.take(wanted, &waker);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
