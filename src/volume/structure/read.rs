//! Any file that holds structures → structures, with words for what a person must know.

use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;

use super::kind::StructureTable;
use super::{Code, Mask, MaskGrid, Structure, StructureSource, nifti, segmentation, structure_set};
use crate::budget::{MEMORY, OverBudget, Reservation};
use crate::dicom::DicomError;
use crate::study::{FrameOfReferenceUid, ObjectKind, OtherObject, SeriesUid, SourcePath, Study};
use crate::volume::Volume;

/// Colour of what nobody knows.
const UNKNOWN_COLOR: [u8; 3] = [220, 220, 220];
/// Bytes that say what a file is.
const BEGINNING: usize = 348;

/// Why a file gives no structures.
#[derive(Debug, thiserror::Error)]
pub enum StructureFileError {
    /// The caller asked to stop.
    #[error("Reading the structures was cancelled")]
    Cancelled,
    /// The DICOM reader refused it.
    #[error("The structures cannot be read: {0}")]
    Dicom(#[from] DicomError),
    /// It would take more memory than is allowed.
    #[error("The structures cannot be read: {0}")]
    OverBudget(#[from] OverBudget),
    /// The system does not give it out.
    #[error("The structures cannot be read: {source}\nFile: {path}")]
    File {
        /// What the system said.
        source: std::io::Error,
        /// The file as shown to the person.
        path: String,
    },
    /// Its content does not do.
    #[error("The structures cannot be used: {reason}\nFile: {path}")]
    Refused {
        /// Why, and what would do.
        reason: String,
        /// The file as shown to the person.
        path: String,
    },
}

impl StructureFileError {
    pub(super) fn refused(path: &SourcePath, reason: String) -> Self {
        Self::Refused {
            reason,
            path: path.display().to_string(),
        }
    }

    pub(super) fn file(path: &SourcePath, source: std::io::Error) -> Self {
        Self::File {
            source,
            path: path.display().to_string(),
        }
    }
}

/// The volume that structures are read for.
#[derive(Debug, Clone)]
pub struct Planning {
    /// Its grid.
    pub grid: Arc<MaskGrid>,
    /// Its frame of reference.
    pub frame_of_reference: Option<FrameOfReferenceUid>,
    /// Its series.
    pub series: SeriesUid,
}

impl Planning {
    /// That of a volume; `None` where its grid is flat.
    pub fn of(volume: &Volume) -> Option<Self> {
        Some(Self {
            grid: Arc::new(MaskGrid::new(volume.size, volume.lps_from_voxel)?),
            frame_of_reference: volume.frame_of_reference.clone(),
            series: volume.series.clone(),
        })
    }

    /// Whether positions of a file mean the same here: its frame of reference is equal or, where
    /// one side has none, it was drawn on this series or lies on its very grid.
    pub(super) fn check_frame(
        &self,
        frame: Option<&FrameOfReferenceUid>,
        drawn_on: &[SeriesUid],
        same_grid: bool,
    ) -> Result<(), String> {
        match (frame, &self.frame_of_reference) {
            (Some(other), Some(own)) if other == own => Ok(()),
            (Some(other), Some(own)) => Err(format!(
                "they are in the frame of reference {other}, the volume shown is in {own}; open the \
                 series they were drawn on"
            )),
            _ if same_grid || drawn_on.contains(&self.series) => Ok(()),
            (other, _) => Err(format!(
                "{} no frame of reference, and they were not drawn on the series shown ({}); open \
                 the series they were drawn on",
                if other.is_none() {
                    "they have"
                } else {
                    "the volume shown has"
                },
                self.series
            )),
        }
    }
}

/// What a file gave.
#[derive(Debug)]
pub struct Loaded {
    /// Structures in the order of the file. Those without a voxel are among them.
    pub structures: Vec<Structure>,
    /// What a person must know of them, a sentence each.
    pub warnings: Vec<String>,
    /// Memory of the masks: to be kept as long as they are.
    pub booked: Reservation,
}

impl Loaded {
    pub(super) fn new(warnings: Vec<String>) -> Result<Self, OverBudget> {
        Ok(Self {
            structures: Vec::new(),
            warnings,
            booked: MEMORY.reserve(0, "the masks of the structures")?,
        })
    }

    pub(super) fn push(&mut self, structure: Structure) {
        self.structures.push(structure);
    }

    /// One sentence for all that have no voxel.
    fn say_empty(&mut self) {
        let empty: Vec<&str> = self
            .structures
            .iter()
            .filter(|structure| structure.mask.count() == 0)
            .map(|structure| structure.name.as_str())
            .collect();
        let (named, rest) = empty.split_at(empty.len().min(5));
        if !named.is_empty() {
            let more = match rest.len() {
                0 => String::new(),
                count => format!(" and {count} more"),
            };
            let sentence = format!("empty, without a voxel: {}{more}", named.join(", "));
            self.warnings.push(sentence);
        }
    }
}

/// Reads a DICOM segmentation, an RT structure set or a NIfTI label map, for a volume.
///
/// Segmentations and label maps keep their own grid, contours are put on that of the volume.
/// `cancel` is asked now and then; true stops.
///
/// # Errors
/// See [`StructureFileError`]; the file names itself.
pub fn read(
    path: &SourcePath,
    planning: &Planning,
    cancel: &dyn Fn() -> bool,
) -> Result<Loaded, StructureFileError> {
    let mut beginning = Vec::new();
    File::open(path)
        .and_then(|file| file.take(BEGINNING as u64).read_to_end(&mut beginning))
        .map_err(|source| StructureFileError::file(path, source))?;
    let mut loaded = if nifti::is_nifti(path.as_ref(), &beginning) {
        nifti::read(path, planning, cancel)?
    } else if is_structure_set(path)? {
        structure_set::read(path, planning, cancel)?
    } else {
        segmentation::read(path, planning, cancel)?
    };
    loaded.say_empty();
    // They are read far away from the file: in a list of all structures, on a terminal.
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    for warning in &mut loaded.warnings {
        *warning = format!("{name}: {warning}");
    }
    Ok(loaded)
}

fn is_structure_set(path: &SourcePath) -> Result<bool, StructureFileError> {
    let sop_class = crate::dicom::sop_class(path)?;
    Ok(ObjectKind::of(&sop_class) == Some(ObjectKind::RtStructureSet))
}

/// A file of a study that [`read`] takes.
#[derive(Debug, Clone)]
pub struct StructureFile {
    /// The file.
    pub path: SourcePath,
    /// Its title, else that of its series, else what it is.
    pub title: String,
    /// What it is: [`ObjectKind::Segmentation`] or [`ObjectKind::RtStructureSet`].
    pub kind: ObjectKind,
    /// Its frame of reference.
    pub frame_of_reference: Option<FrameOfReferenceUid>,
}

/// Files of a study that hold structures. Segmentations are among its series, because they have
/// pixels; structure sets among its other objects.
pub fn structure_files(study: &Study) -> Vec<StructureFile> {
    let segmentations = study.series.iter().flat_map(|series| {
        let segmentation =
            |sop_class: &str| ObjectKind::of(sop_class) == Some(ObjectKind::Segmentation);
        series
            .instances
            .iter()
            .filter(move |instance| segmentation(&instance.sop_class))
            .map(|instance| StructureFile {
                path: instance.path.clone(),
                title: series.title(),
                kind: ObjectKind::Segmentation,
                frame_of_reference: instance.frame_of_reference.clone(),
            })
    });
    let contours = |object: &&OtherObject| object.kind == ObjectKind::RtStructureSet;
    let sets = study
        .objects
        .iter()
        .filter(contours)
        .map(|object| StructureFile {
            path: object.path.clone(),
            title: object.list_title().to_owned(),
            kind: object.kind,
            frame_of_reference: object.frame_of_reference.clone(),
        });
    segmentations.chain(sets).collect()
}

/// A structure without voxels: kind and colour by codes and name. The first code is its own.
pub(super) fn describe(
    name: String,
    codes: &[Code],
    color: Option<[u8; 3]>,
    source: StructureSource,
) -> Structure {
    let table = StructureTable::bundled();
    let kind = codes
        .iter()
        .find_map(|code| table.kind_of(&name, Some(code)))
        .or_else(|| table.kind_of(&name, None));
    Structure {
        kind: kind.map(|kind| kind.key.clone()),
        color: color
            .or(kind.map(|kind| kind.color))
            .unwrap_or(UNKNOWN_COLOR),
        code: codes.first().cloned(),
        name,
        mask: Arc::new(Mask::nowhere()),
        frame_of_reference: None,
        source,
    }
}
