//! Aiming the C-arm at the needle: which C-arm, the views of the needle, and the angle map, found
//! in the background while it is looked at.

use std::sync::{Arc, Weak};

use super::AppState;
use super::aim_views::ViewsCache;
use super::command::Command;
use super::drr_stage::{DrrCommand, IsocenterChoice};
use super::job::{Job, JobEvent, Waker, on_own_threads};
use super::settings::Settings;
use super::stage::Content;
use super::tool::Gesture;
use crate::assess::{AngleMap, AngleMapTask, CArmSetup};
use crate::plan::{CArmLibrary, CArmProfile, Known};
use crate::volume::Volume;

pub(super) const NO_NEEDLE: &str = "No needle with entry and target yet";

/// Frames that needle and C-arm must have stood still before a map is begun: each step of a wheel
/// and each pixel of a drag would begin one and throw away the one before.
const STILL_FRAMES: u8 = 4;

/// What can be done with the aim.
#[derive(Debug, Clone, PartialEq)]
pub enum AimCommand {
    /// The panel is looked at, or no longer: the angle map is found only then.
    Open(bool),
    /// Takes another C-arm, by its id, at its usual distances.
    Profile(String),
    /// Takes a field of view: width and height on the receptor, mm.
    Field([f64; 2]),
    /// What colours the angle map.
    Shade(MapShade),
}

/// What colours the angle map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MapShade {
    /// Bone in the beam over the target.
    #[default]
    Bone,
    /// Distance from the bull's-eye.
    BullsEye,
}

/// A finished map and what it was made of.
#[derive(Debug)]
pub struct ShownAngleMap {
    /// What it depends on.
    pub task: AngleMapTask,
    /// Its views.
    pub map: AngleMap,
    /// Whether bone could be measured: the images are there, and in HU.
    pub has_bone: bool,
}

/// What aims the C-arm.
pub struct AimStage {
    /// C-arms to choose from.
    pub carms: CArmLibrary,
    /// What colours the map.
    pub shade: MapShade,
    /// The panel is looked at.
    open: bool,
    profile: String,
    field_mm: [f64; 2],
    volume: Weak<Volume>,
    /// What is wanted and not begun, and the frames it has been wanted for.
    coming: Option<(AngleMapTask, u8)>,
    mapping: Option<(AngleMapTask, Job<(), Known<AngleMap>>)>,
    map: Option<Arc<ShownAngleMap>>,
    failed: Option<(AngleMapTask, String)>,
    status: Option<String>,
    pub(super) views: ViewsCache,
}

impl AimStage {
    /// With the C-arms to choose from, the one of an id taken, else the first.
    pub(super) fn new(carms: CArmLibrary, id: &str) -> Self {
        Self {
            profile: id.to_owned(),
            carms,
            shade: MapShade::default(),
            open: false,
            field_mm: [0.0; 2],
            volume: Weak::new(),
            coming: None,
            mapping: None,
            map: None,
            failed: None,
            status: None,
            views: ViewsCache::default(),
        }
    }

    /// The C-arm that was taken; `None` only where there is none at all.
    pub fn profile(&self) -> Option<&CArmProfile> {
        self.carms
            .find(&self.profile)
            .or_else(|| self.carms.profiles.first())
    }

    /// The last angle map, which may be one of a moment ago: [`AppState::angle_map`] knows.
    pub fn map(&self) -> Option<&Arc<ShownAngleMap>> {
        self.map.as_ref()
    }

    /// Why there is no map, or what is being done for it.
    pub fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    /// Whether the panel is looked at.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// Whether the map is being computed, or about to be.
    pub fn is_busy(&self) -> bool {
        self.mapping.is_some() || self.coming.is_some()
    }

    /// Counts the frames that a task has been wanted for; true once they are enough.
    fn stands_still(&mut self, wanted: &AngleMapTask) -> bool {
        let frames = match &self.coming {
            Some((task, frames)) if task == wanted => frames.saturating_add(1),
            _ => 0,
        };
        self.coming = (frames < STILL_FRAMES).then(|| (wanted.clone(), frames));
        self.coming.is_none()
    }

    /// Forgets what is wanted and what is being done for it.
    fn stop(&mut self) {
        self.coming = None;
        self.mapping = None;
    }

    fn hear(&mut self) {
        let Some((task, job)) = &self.mapping else {
            return;
        };
        let (task, events) = (task.clone(), job.poll());
        for event in events {
            match event {
                JobEvent::Progress(()) => continue,
                JobEvent::Finished(Ok(map)) => {
                    let cells = map.whole.cells.iter().flatten();
                    let has_bone = cells.clone().any(|cell| cell.bone.is_some());
                    let task = task.clone();
                    self.map = Some(Arc::new(ShownAngleMap {
                        task,
                        map,
                        has_bone,
                    }));
                }
                JobEvent::Finished(Err(text)) | JobEvent::Died(text) => {
                    self.failed = Some((task.clone(), text));
                }
            }
            self.mapping = None;
        }
    }

    fn compute(&mut self, task: AngleMapTask, volume: Option<Arc<Volume>>, waker: Waker) {
        let wanted = task.clone();
        let job = Job::spawn("angle map", waker, move |sink| {
            let token = sink.cancel_token().clone();
            on_own_threads("angle map", || {
                task.map(volume.as_deref(), &|| token.is_cancelled())
            })
        });
        match job {
            // The former job ends with its place.
            Ok(job) => self.mapping = Some((wanted, job)),
            Err(error) => self.failed = Some((wanted, error.to_string())),
        }
    }
}

impl AppState {
    /// The C-arm as it stands; `None` only where there is none at all.
    pub fn carm_setup(&self) -> Option<CArmSetup<'_>> {
        let isocenter = match self.drr.isocenter {
            IsocenterChoice::Target => None,
            IsocenterChoice::Crosshair | IsocenterChoice::Fixed(_) => Some(self.drr_isocenter()),
        };
        Some(CArmSetup {
            profile: self.aim.profile()?,
            position: self.patient_position(),
            isocenter,
            source_to_detector_mm: self.drr.source_to_detector_mm,
            source_to_isocenter_mm: self.drr.source_to_isocenter_mm,
            field_mm: self.drr.half_opening_mm().map(|half| 2.0 * half),
        })
    }

    /// Takes another C-arm, also for the next start; an id that is not known changes nothing.
    fn take_carm(&mut self, id: String) {
        if self.aim.carms.find(&id).is_none() {
            return;
        }
        self.aim.profile.clone_from(&id);
        self.set_up_carm();
        let settings = Settings {
            carm: id,
            ..self.settings.clone()
        };
        self.apply(Command::Settings(settings));
    }

    /// Puts the C-arm at its usual distances, with its whole receptor.
    pub(super) fn set_up_carm(&mut self) {
        let Some(profile) = self.aim.profile() else {
            return;
        };
        let distances = DrrCommand::Distances {
            source_to_detector_mm: profile.usual_sid_mm,
            source_to_isocenter_mm: profile.usual_sod_mm,
        };
        let field_mm = profile.receptor_mm();
        self.drr_command(distances);
        self.take_field(field_mm);
    }

    /// Width and height of the field that was taken, mm on the receptor; the picture itself is
    /// square.
    pub fn carm_field_mm(&self) -> [f64; 2] {
        let [width, height] = self.aim.field_mm;
        let edge = self.drr.field_mm;
        if width.max(height) == edge {
            [width, height]
        } else {
            [edge; 2]
        }
    }

    /// Takes a field of view: the picture is square, a field that is not is collimated.
    fn take_field(&mut self, [width, height]: [f64; 2]) {
        self.aim.field_mm = [width, height];
        self.drr_command(DrrCommand::Field(width.max(height)));
        let opening = (width != height).then_some([width, height]);
        self.drr_command(DrrCommand::Collimate(opening));
    }

    /// The last angle map, and whether it is the one of the needle and the C-arm as they are now;
    /// one that is not may be shown, but nothing may be read from it.
    pub fn angle_map(&self) -> Option<(&Arc<ShownAngleMap>, bool)> {
        let shown = self.aim.map.as_ref()?;
        let is_current = self.wanted_map().is_ok_and(|wanted| wanted == shown.task);
        Some((shown, is_current))
    }

    /// Starts the map that is looked at and takes it when it is found. The one before stays until
    /// then, for [`AppState::angle_map`] to call it old; it goes where no other comes.
    pub(super) fn poll_aim(&mut self) {
        let staged = match self.stage.as_ref().map(|stage| &stage.content) {
            Some(Content::Volume(stage)) if self.plan_fits() => {
                Some((Arc::clone(&stage.volume), stage.is_loading()))
            }
            _ => None,
        };
        let now = staged
            .as_ref()
            .map_or_else(Weak::new, |(volume, _)| Arc::downgrade(volume));
        if !now.ptr_eq(&self.aim.volume) {
            self.aim.volume = now;
            self.aim.map = None;
            self.aim.stop();
            self.aim.failed = None;
        }
        self.aim.hear();
        if !self.aim.open {
            self.aim.stop();
            self.aim.status = None;
            return;
        }
        self.aim.status = self.go_on_with_map(staged).err();
    }

    /// Why there is no map yet. `staged`: the images, and whether they are still being read.
    fn go_on_with_map(&mut self, staged: Option<(Arc<Volume>, bool)>) -> Known<()> {
        let wanted = match self.wanted_map() {
            Ok(wanted) => wanted,
            Err(reason) => {
                self.aim.map = None;
                self.aim.stop();
                return Err(reason);
            }
        };
        if self.aim.map.as_ref().is_some_and(|map| map.task == wanted) {
            self.aim.stop();
            return Ok(());
        }
        if let Some((failed, why)) = &self.aim.failed
            && *failed == wanted
        {
            let why = why.clone();
            self.aim.map = None;
            self.aim.stop();
            return Err(why);
        }
        // Slices that are not read yet would count as no bone.
        if staged.as_ref().is_some_and(|(_, loading)| *loading) {
            self.aim.stop();
            return Err("Waiting for the slices…".to_owned());
        }
        let looking = Err("Looking through the patient from every side…".to_owned());
        if matches!(&self.aim.mapping, Some((running, _)) if *running == wanted) {
            return looking;
        }
        // What runs is of another needle or C-arm.
        self.aim.mapping = None;
        if self.gesture != Gesture::Idle {
            self.aim.coming = None;
        } else if self.aim.stands_still(&wanted) {
            let waker = super::shared(&self.waker);
            let volume = staged.map(|(volume, _)| volume);
            self.aim.compute(wanted, volume, waker);
        } else {
            // No input need follow: asks for the next frame.
            (self.waker)();
        }
        looking
    }

    fn wanted_map(&self) -> Known<AngleMapTask> {
        let needle = self.followed_needle().ok_or(NO_NEEDLE)?;
        let target = needle.target.ok_or("No target yet")?;
        let setup = self.carm_setup().ok_or("There is no C-arm to aim")?;
        Ok(AngleMapTask::of(target, needle.entry, &setup))
    }

    pub(super) fn aim_command(&mut self, command: AimCommand) {
        match command {
            AimCommand::Open(open) => self.aim.open = open,
            AimCommand::Profile(id) => self.take_carm(id),
            AimCommand::Field(field_mm) => self.take_field(field_mm),
            AimCommand::Shade(shade) => self.aim.shade = shade,
        }
        self.poll_aim();
    }
}

#[cfg(test)]
mod tests;
