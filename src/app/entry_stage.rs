//! The entry map of the selected needle: found and scored in the background while it is shown.

use std::sync::{Arc, Weak};

use super::AppState;
use super::command::{PlanCommand, Selection};
use super::job::{Job, JobEvent, on_own_threads};
use super::notice::Severity;
use super::score_color::{EXCLUDED, score_color};
use super::stage::Content;
use super::tool::{Gesture, Quiet, ToolKind};
use crate::assess::entry_map::score::Verdict;
use crate::assess::skin::OutsideAir;
use crate::assess::{EntryMap, EntryTask, SkinSurface};
use crate::geometry::{Lps, Point, Surface};
use crate::plan::{Known, PlanEdit, TrajectoryEnd, TrajectoryId};
use crate::volume::Volume;

/// What can be done with the entry map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum EntryCommand {
    /// Shows or hides it.
    Show(bool),
    /// Takes one of the best entries, by its place in the list.
    Take(usize),
    /// Takes the spot of the skin nearest to a patient point.
    TakeAt(Point<Lps>),
}

/// The skin of one volume and the air around it.
#[derive(Debug)]
struct Ground {
    skin: Arc<SkinSurface>,
    air: OutsideAir,
}

/// A finished map.
#[derive(Debug)]
pub struct ShownMap {
    /// The needle it is for.
    pub needle: TrajectoryId,
    /// What it goes by.
    pub task: EntryTask,
    /// Scores and the best entries.
    pub map: EntryMap,
    /// The skin that the scores belong to.
    pub skin: Arc<SkinSurface>,
    painted: Arc<Surface>,
}

impl ShownMap {
    /// Colour of a vertex of the skin: red, green, blue, opacity.
    pub fn color(&self, vertex: u32) -> [u8; 4] {
        color_of(self.map.verdicts.get(vertex as usize).copied())
    }
}

/// A needle and what its map goes by.
type Wanted = (TrajectoryId, EntryTask);

type Mapped = Known<(EntryMap, Arc<Surface>)>;

/// The entry map of one volume.
#[derive(Default)]
pub struct EntryStage {
    /// The map is asked for.
    pub shown: bool,
    volume: Weak<Volume>,
    ground: Option<Arc<Ground>>,
    finding: Option<Job<(), Known<Ground>>>,
    mapping: Option<(Wanted, Job<(), Mapped>)>,
    map: Option<Arc<ShownMap>>,
    failed: Option<(Option<Wanted>, String)>,
    status: Option<String>,
}

impl EntryStage {
    /// The map of the selected needle as it is now, once it is there.
    pub fn map(&self) -> Option<&Arc<ShownMap>> {
        self.map.as_ref()
    }

    /// Why there is no map, or what is being done for it.
    pub fn status(&self) -> Option<&str> {
        self.status.as_deref()
    }

    /// Whether it is being computed.
    pub fn is_busy(&self) -> bool {
        self.finding.is_some() || self.mapping.is_some()
    }

    fn hear(&mut self) {
        let found = self.finding.as_ref().map(Job::poll).unwrap_or_default();
        for event in found {
            match event {
                JobEvent::Progress(()) => continue,
                JobEvent::Finished(Ok(ground)) => self.ground = Some(Arc::new(ground)),
                JobEvent::Finished(Err(text)) | JobEvent::Died(text) => {
                    self.failed = Some((None, text));
                }
            }
            self.finding = None;
        }
        let Some(((needle, task), job)) = &self.mapping else {
            return;
        };
        let (needle, task, events) = (*needle, task.clone(), job.poll());
        for event in events {
            match event {
                JobEvent::Progress(()) => continue,
                JobEvent::Finished(Ok((map, painted))) => {
                    let skin = self.ground.as_ref().map(|ground| Arc::clone(&ground.skin));
                    self.map = skin.map(|skin| {
                        Arc::new(ShownMap {
                            needle,
                            task: task.clone(),
                            map,
                            skin,
                            painted,
                        })
                    });
                }
                JobEvent::Finished(Err(text)) | JobEvent::Died(text) => {
                    self.failed = Some((Some((needle, task.clone())), text));
                }
            }
            self.mapping = None;
        }
    }

    fn find_skin(&mut self, volume: &Arc<Volume>, air: &OutsideAir, waker: super::job::Waker) {
        let (volume, air) = (Arc::clone(volume), air.clone());
        let job = Job::spawn("skin", waker, move |sink| {
            let token = sink.cancel_token().clone();
            on_own_threads("skin", || {
                let skin = SkinSurface::find(&volume, &air, &|| token.is_cancelled())?;
                let skin = Arc::new(skin);
                Ok(Ground { skin, air })
            })
        });
        match job {
            Ok(job) => self.finding = Some(job),
            Err(error) => self.failed = Some((None, error.to_string())),
        }
    }

    fn compute(&mut self, volume: &Arc<Volume>, wanted: Wanted, waker: super::job::Waker) {
        let Some(ground) = self.ground.clone() else {
            return;
        };
        let (volume, task) = (Arc::clone(volume), wanted.1.clone());
        let job = Job::spawn("entry map", waker, move |sink| {
            let token = sink.cancel_token().clone();
            on_own_threads("entry map", || {
                let cancelled = || token.is_cancelled();
                let map = task.map((&volume, &ground.air), &ground.skin, &cancelled)?;
                let painted = painted(&ground.skin, &map);
                Ok((map, painted))
            })
        });
        match job {
            // The former job ends with its place.
            Ok(job) => self.mapping = Some((wanted, job)),
            Err(error) => self.failed = Some((Some(wanted), error.to_string())),
        }
    }
}

fn color_of(verdict: Option<Verdict>) -> [u8; 4] {
    match verdict.and_then(Verdict::score) {
        Some(score) => {
            let [r, g, b] = score_color(f64::from(score));
            [r, g, b, 255]
        }
        None => EXCLUDED,
    }
}

/// The skin in the colours of its scores.
fn painted(skin: &SkinSurface, map: &EntryMap) -> Arc<Surface> {
    let colors = map.verdicts.iter().map(|verdict| color_of(Some(*verdict)));
    let surface = Surface::new(skin.mesh.clone()).with_colors(colors.collect());
    surface.prepare();
    Arc::new(surface)
}

impl AppState {
    /// Starts what the shown map needs, takes what is found, and takes the map away as soon as it
    /// no longer is the one of the selected needle.
    pub(super) fn poll_entries(&mut self) {
        let staged = match self.stage.as_ref().map(|stage| &stage.content) {
            Some(Content::Volume(stage)) => Some(Arc::clone(&stage.volume)),
            _ => None,
        };
        let now = staged.as_ref().map_or_else(Weak::new, Arc::downgrade);
        if !now.ptr_eq(&self.entries.volume) {
            self.entries = EntryStage {
                shown: self.entries.shown,
                volume: now,
                ..EntryStage::default()
            };
        }
        self.entries.hear();
        if !self.entries.shown {
            self.entries.mapping = None;
            self.entries.map = None;
            self.entries.failed = None;
            self.entries.status = None;
        } else if let Err(why) = self.go_on_with_entries(staged.as_ref()) {
            self.entries.status = Some(why);
        } else {
            self.entries.status = None;
        }
        let painted = self
            .entries
            .map
            .as_ref()
            .map(|map| Arc::clone(&map.painted));
        self.scene.painted_skin = painted;
    }

    /// Why there is no map yet.
    fn go_on_with_entries(&mut self, volume: Option<&Arc<Volume>>) -> Known<()> {
        let wanted = match self.wanted_entries() {
            Ok(wanted) => wanted,
            Err(reason) => {
                self.entries.map = None;
                self.entries.mapping = None;
                return Err(reason);
            }
        };
        let map = self.entries.map.as_ref();
        if map.is_some_and(|map| map.needle == wanted.0 && map.task == wanted.1) {
            return Ok(());
        }
        self.entries.map = None;
        let volume = volume.ok_or("No images are open")?;
        if let Some((failed, why)) = &self.entries.failed
            && failed.as_ref().is_none_or(|failed| *failed == wanted)
        {
            return Err(why.clone());
        }
        if self.entries.ground.is_none() {
            if self.entries.finding.is_none() {
                let images = self.images().ok_or("No images are open")?;
                let air = images.air.as_ref().map_err(Clone::clone)?.clone();
                let waker = super::shared(&self.waker);
                self.entries.find_skin(volume, &air, waker);
            }
            return Err("Finding the skin…".to_owned());
        }
        let running = self.entries.mapping.as_ref();
        if running.is_none_or(|(running, _)| *running != wanted) && self.gesture == Gesture::Idle {
            let waker = super::shared(&self.waker);
            self.entries.compute(volume, wanted, waker);
        }
        Err("Scoring the skin…".to_owned())
    }

    /// The needle that the map is for and what the map goes by, or what is missing.
    fn wanted_entries(&self) -> Known<Wanted> {
        let images = self.images().ok_or("No images of this plan are open")?;
        images.air.as_ref().map_err(Clone::clone)?;
        let selected = self.selection.needle();
        let needles = &self.plan().trajectories;
        let needle = selected
            .and_then(|id| self.plan().trajectory(id))
            .or_else(|| needles.iter().find(|needle| needle.target.is_some()))
            .ok_or("No needle yet: place a target first")?;
        let task = EntryTask::of(needle, &self.audit_scene())?;
        if self.structures.is_busy() {
            let words = "Waiting for the distances to the structures…";
            return Err(words.to_owned());
        }
        Ok((needle.id, task))
    }

    pub(super) fn entry_command(&mut self, command: EntryCommand) {
        match command {
            EntryCommand::Show(shown) => {
                self.entries.shown = shown;
                if !shown && self.tool == ToolKind::TakeEntry {
                    self.tool = ToolKind::Window;
                }
                self.poll_entries();
            }
            EntryCommand::Take(place) => {
                let Some(map) = self.entries.map.clone() else {
                    return;
                };
                if let Some(best) = map.map.best.get(place) {
                    self.take_entry(map.needle, best.entry);
                }
            }
            EntryCommand::TakeAt(point) => self.take_entry_at(point),
        }
    }

    /// Takes a spot of the skin, or says why it is none.
    fn take_entry_at(&mut self, point: Point<Lps>) {
        let Some(map) = self.entries.map.clone() else {
            let text = "No entry map is shown; turn it on in the panel “Entry”";
            self.notices.add(Severity::Info, text);
            return;
        };
        let vertex = map.skin.nearest(point);
        let verdict = vertex.and_then(|vertex| map.map.verdicts.get(vertex).copied());
        match verdict {
            Some(Verdict::Scored(_)) => self.take_entry(map.needle, point),
            Some(Verdict::Excluded(exclusion)) => {
                let why = exclusion.words(&map.task.names());
                let text = format!(
                    "Not taken: {why}. Choose a coloured spot, or place the entry by hand (E)"
                );
                self.notices.add(Severity::Warning, text);
            }
            None => {}
        }
    }

    fn take_entry(&mut self, id: TrajectoryId, to: Point<Lps>) {
        self.finish_gesture();
        let end = TrajectoryEnd::Entry;
        self.apply(PlanCommand::Begin("Take entry"));
        let edit = PlanEdit::SetEnd { id, end, to };
        self.apply(PlanCommand::Edit("Take entry", edit));
        // The skin of the map is as fine as its grid; that along the needle is finer.
        self.snap_entry(id, Quiet::Yes);
        self.apply(PlanCommand::Commit);
        self.selection = Selection::Needle(id, Some(end));
        if self.tool == ToolKind::TakeEntry {
            self.tool = ToolKind::Window;
        }
    }
}
