//! Structures of the volume on stage: read from files and made from what was drawn, each with its
//! distances and its surface, all in the background.

use std::sync::{Arc, Weak};

use super::AppState;
use super::job::Job;
use super::notice::{Notices, Severity};
use crate::assess::MeasuredStructure;
use crate::geometry::{Lps, Point, Surface};
use crate::plan::{DrawnShape, DrawnStructure, Known, StructureId};
use crate::study::SourcePath;
use crate::volume::Volume;
use crate::volume::structure::read::Loaded;
use crate::volume::structure::{DistanceField, Structure, StructureSource, StructureTable};

/// Distances are computed this far from a structure, mm: beyond the largest margin (20 mm, bowel)
/// with room for a needle's radius and a tolerance cone.
pub const REACH_MM: f64 = 25.0;
/// How structures are shown, all together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StructureLook {
    /// Outlines, surfaces and names are shown.
    pub shown: bool,
    /// Opacity of the surfaces in the 3D view, 0–1.
    pub opacity: f32,
}

impl Default for StructureLook {
    fn default() -> Self {
        Self {
            shown: true,
            opacity: 1.0,
        }
    }
}

/// Label maps that were opened together with images and wait for those.
#[derive(Debug)]
pub struct AwaitedMaps {
    /// What was on stage when they were opened.
    pub before: Weak<Volume>,
    /// Their files.
    pub paths: Vec<std::path::PathBuf>,
}

/// Structures shown at most; a file may hold thousands of lesions.
pub const MOST_STRUCTURES: usize = 2000;

/// A structure as it is shown.
#[derive(Debug, Clone)]
pub struct ShownStructure {
    /// What it is and where.
    pub structure: Arc<Structure>,
    /// Drawn in the views.
    pub visible: bool,
    /// The drawn structure of the plan it is made from.
    pub drawn: Option<StructureId>,
    /// Its surface for the 3D view, once it is made.
    pub surface: Option<Arc<Surface>>,
    /// Voxels of it.
    pub voxels: usize,
}

/// Voxels that are looked at for the place of a structure.
const MOST_LOOKED_AT: usize = 200_000;

impl ShownStructure {
    /// A point inside it, near its middle, LPS mm: where `find` goes. `None` without voxels.
    pub fn place(&self) -> Option<Point<Lps>> {
        let mask = &self.structure.mask;
        let middle = mask.centroid()?;
        let here = mask.grid().voxel_at(middle);
        if let Some(voxel) = here.filter(|&voxel| mask.contains(voxel)) {
            // The centre of the voxel: between two voxels rounding would say which is meant.
            return Some(mask.grid().center(voxel));
        }
        // A bent one has its middle outside.
        let step = (self.voxels / MOST_LOOKED_AT).max(1);
        let centers = mask.voxels().step_by(step);
        centers
            .map(|voxel| mask.grid().center(voxel))
            .min_by(|a, b| a.distance(middle).total_cmp(&b.distance(middle)))
    }

    /// What kind it is, in words.
    pub fn kind_word(&self) -> &str {
        let key = self.structure.kind.as_deref();
        let kind = key.and_then(|key| StructureTable::bundled().kind(key));
        kind.map_or(key.unwrap_or("Other"), |kind| &kind.name)
    }
}

impl AppState {
    /// Names of the structures at a patient point, the smallest first; those that are hidden in
    /// brackets. None while structures are off.
    pub fn structure_names_at(&self, point: Point<Lps>) -> Vec<String> {
        if !self.structure_look.shown {
            return Vec::new();
        }
        let found = self.structures.at(point).into_iter();
        found
            .filter_map(|index| self.structures.items.get(index))
            .map(|item| {
                let name = &item.structure.name;
                if item.visible {
                    name.clone()
                } else {
                    format!("({name})")
                }
            })
            .collect()
    }
}

/// A file that is being read.
pub(super) type ReadJob = Job<(), Result<Loaded, String>>;

/// Surface and distances of one structure.
pub(super) type Prepared = (Option<Arc<Surface>>, Known<Arc<DistanceField>>);

/// Structures of one volume.
#[derive(Default)]
pub struct StructureStage {
    pub(super) volume: Weak<Volume>,
    pub(super) items: Vec<ShownStructure>,
    pub(super) measured: Vec<MeasuredStructure>,
    pub(super) files: Vec<SourcePath>,
    pub(super) waiting: Vec<SourcePath>,
    /// Series and objects of the catalog, and files of the plan, when files were looked for.
    pub(super) sought: (usize, Vec<String>),
    pub(super) reading: Option<(SourcePath, ReadJob)>,
    pub(super) drawing: Option<(DrawnStructure, Job<(), Known<Structure>>)>,
    pub(super) made_from: Vec<(StructureId, DrawnShape)>,
    pub(super) preparing: Option<(Arc<Structure>, Job<(), Prepared>)>,
    pub(super) booked: Vec<crate::budget::Reservation>,
    /// What a person must know of the files, a sentence each.
    pub warnings: Vec<String>,
    pub(super) generation: u64,
}

impl StructureStage {
    /// All, in the order of the list.
    pub fn items(&self) -> &[ShownStructure] {
        &self.items
    }

    /// The same with their distances, index for index.
    pub fn measured(&self) -> &[MeasuredStructure] {
        &self.measured
    }

    /// Changes whenever what is drawn may have changed.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether files are being read or distances computed.
    pub fn is_busy(&self) -> bool {
        self.reading.is_some()
            || !self.waiting.is_empty()
            || self.drawing.is_some()
            || self.preparing.is_some()
    }

    /// Whether structures are still to come: files being read, drawn ones being made.
    pub(super) fn is_reading(&self) -> bool {
        self.reading.is_some() || !self.waiting.is_empty() || self.drawing.is_some()
    }

    /// What is being done, for the status line.
    pub fn progress(&self) -> Option<String> {
        if let Some((path, _)) = &self.reading {
            let name = path.display().to_string();
            let name = name
                .rsplit(['/', '\\'])
                .next()
                .unwrap_or_default()
                .to_owned();
            return Some(format!("Reading structures: {name}"));
        }
        let all = self.measured.len();
        let open = self.unprepared().count();
        (open > 0).then(|| format!("Measuring structures {} of {all}", all - open))
    }

    /// Places in the list of the structures at a patient point, shown or hidden, the smallest
    /// first.
    pub fn at(&self, point: Point<Lps>) -> Vec<usize> {
        let mut found: Vec<usize> = (0..self.items.len())
            .filter(|&index| {
                let item = self.items.get(index);
                item.is_some_and(|item| item.structure.mask.contains_point(point))
            })
            .collect();
        found.sort_by_key(|&index| self.items.get(index).map_or(usize::MAX, |item| item.voxels));
        found
    }

    pub(super) fn unprepared(&self) -> impl Iterator<Item = usize> + '_ {
        self.measured
            .iter()
            .enumerate()
            .filter(|(_, measured)| matches!(&measured.field, Err(why) if why == NOT_YET))
            .map(|(index, _)| index)
    }

    pub(super) fn push(&mut self, structure: Structure, drawn: Option<&DrawnStructure>) {
        if self.items.len() >= MOST_STRUCTURES {
            return;
        }
        let structure = Arc::new(structure);
        let voxels = structure.mask.count();
        self.items.push(ShownStructure {
            structure: Arc::clone(&structure),
            visible: drawn.map_or_else(|| shown_at_first(&structure), |drawn| !drawn.hidden),
            drawn: drawn.map(|drawn| drawn.id),
            surface: None,
            voxels,
        });
        let why = if voxels == 0 {
            "The structure has no voxels"
        } else {
            NOT_YET
        };
        self.measured.push(MeasuredStructure {
            structure,
            field: Err(why.to_owned()),
        });
        self.generation += 1;
    }

    pub(super) fn remove_drawn(&mut self, id: StructureId) {
        while let Some(index) = self.items.iter().position(|item| item.drawn == Some(id)) {
            self.items.remove(index);
            self.measured.remove(index);
        }
        self.made_from.retain(|(made, _)| *made != id);
        self.generation += 1;
    }

    /// Shows or hides one.
    pub(super) fn set_visible(&mut self, index: usize, visible: bool) {
        if let Some(item) = self.items.get_mut(index) {
            item.visible = visible;
            self.generation += 1;
        }
    }

    pub(super) fn take_read(
        &mut self,
        path: &SourcePath,
        result: Result<Loaded, String>,
        notices: &mut Notices,
    ) {
        match result {
            Ok(loaded) => {
                let count = loaded.structures.len();
                log::debug!(target: "stylet::structures", "{count} structures read");
                let room = MOST_STRUCTURES.saturating_sub(self.items.len());
                if count > room {
                    self.warnings.push(format!(
                        "{count} structures are in {}; {room} of them are shown",
                        path.display()
                    ));
                }
                for structure in loaded.structures {
                    self.push(structure, None);
                }
                for warning in loaded.warnings {
                    notices.add(Severity::Warning, warning.clone());
                    self.warnings.push(warning);
                }
                self.booked.push(loaded.booked);
            }
            Err(reason) => {
                notices.add(Severity::Error, reason.clone());
                self.warnings.push(reason);
            }
        }
    }

    pub(super) fn take_prepared(&mut self, structure: &Arc<Structure>, (surface, field): Prepared) {
        let place = self
            .items
            .iter()
            .position(|item| Arc::ptr_eq(&item.structure, structure));
        let Some(index) = place else { return };
        if let Some(item) = self.items.get_mut(index) {
            item.surface = surface;
        }
        if let Some(measured) = self.measured.get_mut(index) {
            measured.field = field;
        }
        self.generation += 1;
    }
}

/// Why a structure has no distances while they are still to be computed.
pub const NOT_YET: &str = "Its distances are still being computed";

/// Fat, muscle, skin and the body as a whole would hide the rest.
fn shown_at_first(structure: &Structure) -> bool {
    !matches!(
        structure.kind.as_deref(),
        Some("fat" | "muscle" | "skin" | "body")
    )
}

impl StructureStage {
    /// Takes over name, kind, colour and visibility of a drawn structure; its mask stays.
    pub(super) fn keep_up(&mut self, drawn: &DrawnStructure) {
        let place = self
            .items
            .iter()
            .position(|item| item.drawn == Some(drawn.id));
        let Some(index) = place else { return };
        let (Some(item), Some(measured)) =
            (self.items.get_mut(index), self.measured.get_mut(index))
        else {
            return;
        };
        if item.visible == drawn.hidden {
            item.visible = !drawn.hidden;
            self.generation += 1;
        }
        let now = &item.structure;
        if now.name == drawn.name && now.kind == drawn.kind && now.color == drawn.color.0 {
            return;
        }
        let changed = Arc::new(Structure {
            name: drawn.name.clone(),
            kind: drawn.kind.clone(),
            color: drawn.color.0,
            source: StructureSource::Drawn,
            ..(**now).clone()
        });
        item.structure = Arc::clone(&changed);
        measured.structure = changed;
        self.generation += 1;
    }
}
