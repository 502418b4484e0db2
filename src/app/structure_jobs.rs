//! The jobs behind the structures on stage: reading files, making masks of what was drawn,
//! measuring; and what structure commands do.

use std::path::PathBuf;
use std::sync::{Arc, Weak};

use super::AppState;
use super::command::{PlanCommand, StructureCommand, ViewCommand};
use super::job::{Job, JobEvent, on_own_threads};
use super::notice::Severity;
use super::scene::{SceneLabel, SceneStructure};
use super::stage::Content;
use super::structure_drawing::drawn_mask;
use super::structure_stage::{AwaitedMaps, Prepared, REACH_MM, ShownStructure, StructureStage};
use crate::geometry::Surface;
use crate::plan::{PlanEdit, StructureEdit, StructureId};
use crate::study::SourcePath;
use crate::volume::Volume;
use crate::volume::structure::read::{self, Planning};
use crate::volume::structure::surface::mask_surface;
use crate::volume::structure::{DistanceField, Mask, Structure};

/// Voxels along each axis that become one in the surface of a structure. Coarser where there is
/// much: a torso's skin needs no half millimetres.
pub(super) fn stride_of(mask: &Mask) -> usize {
    if mask.count() > 2_000_000 { 2 } else { 1 }
}

fn prepare(structure: &Structure, stop: &(dyn Fn() -> bool + Sync)) -> Prepared {
    let stride = stride_of(&structure.mask);
    let surface = mask_surface(&structure.mask, stride, stop)
        .ok()
        .map(|mesh| {
            let surface = Surface::new(mesh);
            surface.prepare();
            Arc::new(surface)
        });
    let field = DistanceField::new(Arc::clone(&structure.mask), REACH_MM, stop)
        .map(Arc::new)
        .map_err(|error| error.to_string());
    (surface, field)
}

impl AppState {
    /// Opens files with structures for the volume on stage and remembers them in the plan.
    pub(super) fn open_structures(&mut self, paths: Vec<PathBuf>) {
        let mut files = self.plan().structure_files.clone();
        for path in paths {
            let name = path.display().to_string();
            if !files.contains(&name) {
                files.push(name);
            }
            let path = SourcePath::from(path);
            if !self.structures.files.contains(&path) {
                self.structures.files.push(path.clone());
                self.structures.waiting.push(path);
            }
        }
        if files != self.plan().structure_files {
            let edit = PlanEdit::SetStructureFiles(files);
            self.apply(PlanCommand::Edit("Open structures", edit));
        }
        self.poll_structures();
    }

    /// Starts over where other images are on stage; goes on reading, drawing and measuring.
    pub(super) fn poll_structures(&mut self) {
        let staged = match self.stage.as_ref().map(|stage| &stage.content) {
            Some(Content::Volume(stage)) => Some((Arc::clone(&stage.volume), stage.is_loading())),
            _ => None,
        };
        let now = staged
            .as_ref()
            .map_or_else(Weak::new, |(volume, _)| Arc::downgrade(volume));
        if !now.ptr_eq(&self.structures.volume) {
            self.structures = StructureStage {
                volume: now,
                generation: self.structures.generation + 1,
                ..StructureStage::default()
            };
            self.outlines.clear();
        }
        if staged.is_some() {
            self.find_structure_files();
            let now = &self.structures.volume;
            if let Some(maps) = self.label_maps.take_if(|maps| !maps.before.ptr_eq(now)) {
                self.open_structures(maps.paths);
                return;
            }
        }
        self.hear_structures();
        let Some((volume, loading)) = staged else {
            return;
        };
        // The images come first.
        if loading {
            return;
        }
        self.read_next(&volume);
        self.draw_next(&volume);
        self.prepare_next();
        self.show_in_scene();
    }

    /// Files of the study in the volume's frame of reference, and those the plan remembers. They
    /// are looked for again when more was imported and when another plan is open.
    fn find_structure_files(&mut self) {
        let studies = self.catalog.studies.iter();
        let count = studies
            .map(|study| study.series.len() + study.objects.len())
            .sum();
        let remembered: &[String] = if self.plan_fits() {
            &self.plan().structure_files
        } else {
            &[]
        };
        let sought = &self.structures.sought;
        if sought.0 == count && sought.1 == remembered {
            return;
        }
        let sought = (count, remembered.to_vec());
        let Some(stage) = &self.stage else { return };
        let Some(volume) = stage.volume() else { return };
        let found = self
            .catalog
            .studies
            .iter()
            .filter(|study| {
                study
                    .series
                    .iter()
                    .any(|series| Arc::ptr_eq(series, &stage.series))
            })
            .flat_map(read::structure_files)
            .filter(|file| {
                file.frame_of_reference.is_some()
                    && file.frame_of_reference == volume.frame_of_reference
            })
            .map(|file| file.path);
        let mut files: Vec<SourcePath> = found.collect();
        let remembered = sought.1.iter().map(PathBuf::from);
        files.extend(remembered.map(SourcePath::from));
        self.structures.sought = sought;
        for path in files {
            if !self.structures.files.contains(&path) {
                self.structures.files.push(path.clone());
                self.structures.waiting.push(path);
            }
        }
    }

    fn hear_structures(&mut self) {
        let stage = &mut self.structures;
        if let Some((path, job)) = &stage.reading {
            let path = path.clone();
            for event in job.poll() {
                match event {
                    JobEvent::Progress(()) => {}
                    JobEvent::Finished(result) => {
                        stage.take_read(&path, result, &mut self.notices);
                        stage.reading = None;
                    }
                    JobEvent::Died(text) => {
                        let reason = format!("Structures not read: {text}");
                        stage.take_read(&path, Err(reason), &mut self.notices);
                        stage.reading = None;
                    }
                }
            }
        }
        if let Some((drawn, job)) = &stage.drawing {
            let drawn = drawn.clone();
            for event in job.poll() {
                let made = match event {
                    JobEvent::Progress(()) => continue,
                    JobEvent::Finished(made) => made,
                    JobEvent::Died(text) => Err(text),
                };
                stage.drawing = None;
                stage.remove_drawn(drawn.id);
                stage.made_from.push((drawn.id, drawn.shape.clone()));
                match made {
                    Ok(structure) => stage.push(structure, Some(&drawn)),
                    Err(reason) => {
                        let text = format!("{}: {reason}", drawn.name);
                        self.notices.add(Severity::Warning, text);
                    }
                }
            }
        }
        if let Some((structure, job)) = &stage.preparing {
            let structure = Arc::clone(structure);
            for event in job.poll() {
                let prepared = match event {
                    JobEvent::Progress(()) => continue,
                    JobEvent::Finished(prepared) => prepared,
                    JobEvent::Died(text) => (None, Err(text)),
                };
                stage.preparing = None;
                stage.take_prepared(&structure, prepared);
            }
        }
    }

    fn read_next(&mut self, volume: &Arc<Volume>) {
        if self.structures.reading.is_some() || self.structures.waiting.is_empty() {
            return;
        }
        let path = self.structures.waiting.remove(0);
        let (source, volume) = (path.clone(), Arc::clone(volume));
        let job = Job::spawn("structures", super::shared(&self.waker), move |sink| {
            let token = sink.cancel_token().clone();
            let planning = Planning::of(&volume).ok_or("The images have no grid to draw on")?;
            on_own_threads("structures", || {
                read::read(&source, &planning, &|| token.is_cancelled())
            })
            .map_err(|error| error.to_string())
        });
        match job {
            Ok(job) => self.structures.reading = Some((path, job)),
            Err(error) => self
                .notices
                .add(Severity::Error, format!("Structures not read: {error}")),
        }
    }

    /// Makes the masks of what was drawn since.
    fn draw_next(&mut self, volume: &Arc<Volume>) {
        if self.structures.drawing.is_some() {
            return;
        }
        let drawn = if self.plan_fits() {
            self.plan().structures.clone()
        } else {
            Vec::new()
        };
        let gone: Vec<StructureId> = self
            .structures
            .made_from
            .iter()
            .map(|(id, _)| *id)
            .filter(|id| drawn.iter().all(|drawn| drawn.id != *id))
            .collect();
        for id in gone {
            self.structures.remove_drawn(id);
        }
        for drawn in &drawn {
            self.structures.keep_up(drawn);
        }
        let open = drawn.into_iter().find(|drawn| {
            let made = self.structures.made_from.iter();
            !made
                .clone()
                .any(|(id, shape)| *id == drawn.id && *shape == drawn.shape)
        });
        let Some(drawn) = open else { return };
        let (wanted, volume) = (drawn.clone(), Arc::clone(volume));
        let job = Job::spawn("drawn structure", super::shared(&self.waker), move |sink| {
            let token = sink.cancel_token().clone();
            drawn_mask(&wanted, &volume, &|| token.is_cancelled())
        });
        if let Ok(job) = job {
            self.structures.drawing = Some((drawn, job));
        }
    }

    fn prepare_next(&mut self) {
        let stage = &mut self.structures;
        // What was drawn anew meanwhile is not measured to its end.
        let gone = stage.preparing.as_ref().is_some_and(|(structure, _)| {
            let mut items = stage.items.iter();
            !items.any(|item| Arc::ptr_eq(&item.structure.mask, &structure.mask))
        });
        if gone {
            stage.preparing = None;
        }
        if stage.preparing.is_some() || stage.reading.is_some() {
            return;
        }
        let next = stage.unprepared().next();
        let Some(item) = next.and_then(|index| stage.items.get(index)) else {
            return;
        };
        let structure = Arc::clone(&item.structure);
        let wanted = Arc::clone(&structure);
        let job = Job::spawn("distances", super::shared(&self.waker), move |sink| {
            let token = sink.cancel_token().clone();
            on_own_threads("distances", || prepare(&wanted, &|| token.is_cancelled()))
        });
        if let Ok(job) = job {
            stage.preparing = Some((structure, job));
        }
    }

    /// Surfaces of the structures and names of the vertebrae, as the 3D view takes them.
    fn show_in_scene(&mut self) {
        let named = self.show_spine && self.plan_fits();
        let labels = self.plan().spine.labels.iter().filter(|_| named);
        self.scene.labels = labels
            .map(|label| SceneLabel {
                text: label.vertebra.to_string(),
                at: label.body,
            })
            .collect();
        self.scene.structures = self
            .structures
            .items
            .iter()
            .filter_map(|item| {
                Some(SceneStructure {
                    name: item.structure.name.clone(),
                    surface: Arc::clone(item.surface.as_ref()?),
                    color: item.structure.color,
                    opacity: self.structure_look.opacity,
                    visible: item.visible && self.structure_look.shown,
                })
            })
            .collect();
    }
}

impl AppState {
    pub(super) fn structure_command(&mut self, command: StructureCommand) {
        match command {
            StructureCommand::Open(paths) => self.open_structures(paths),
            StructureCommand::OpenWithImages(paths) => {
                let before = Weak::clone(&self.structures.volume);
                self.label_maps = Some(AwaitedMaps { before, paths });
            }
            StructureCommand::Show(index, visible) => self.show_structure(index, visible),
            StructureCommand::ShowAll(visible) => {
                let all = 0..self.structures.items.len();
                self.show_structures(all, visible);
            }
            StructureCommand::ShowSet(some, visible) => self.show_structures(some, visible),
            StructureCommand::Look(look) => self.structure_look = look,
            StructureCommand::DrawWith {
                tube_radius_mm,
                brush_radius_mm,
                reach_mm,
            } => {
                self.drawing.tube_radius_mm = tube_radius_mm;
                self.drawing.brush_radius_mm = brush_radius_mm;
                self.drawing.reach_mm = reach_mm;
            }
            StructureCommand::ScaleBrush(factor) => self.scale_brush(factor),
            StructureCommand::FinishTube => self.finish_tube(),
            StructureCommand::GoTo(index) => {
                let item = self.structures.items.get(index);
                if let Some(place) = item.and_then(ShownStructure::place) {
                    self.apply(ViewCommand::CenterOn(place));
                }
            }
        }
    }

    /// Several at once: one step for those that are part of the plan.
    fn show_structures(&mut self, some: impl IntoIterator<Item = usize>, visible: bool) {
        let label = if visible {
            "Show structures"
        } else {
            "Hide structures"
        };
        self.finish_gesture();
        self.apply(PlanCommand::Begin(label));
        for index in some {
            let now = self.structures.items.get(index).map(|item| item.visible);
            if now == Some(!visible) {
                self.show_structure(index, visible);
            }
        }
        self.apply(PlanCommand::Commit);
    }

    /// Whether a drawn one is hidden is part of the plan.
    fn show_structure(&mut self, index: usize, visible: bool) {
        let drawn = self.structures.items.get(index).and_then(|item| item.drawn);
        match drawn {
            Some(id) => {
                let edit = StructureEdit::SetHidden(id, !visible);
                let label = if visible {
                    "Show structure"
                } else {
                    "Hide structure"
                };
                let edit = PlanEdit::Structure(edit);
                self.apply(PlanCommand::Edit(label, edit));
            }
            None => self.structures.set_visible(index, visible),
        }
    }
}
