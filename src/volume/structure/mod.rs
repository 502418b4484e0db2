//! Segmented structures: which voxels of a grid belong to them, what they are called and coded.
//!
//! A structure keeps the grid it was segmented on; nothing is resampled, so that a distance is as
//! exact as the segmentation is.

mod collect;
mod contours;
pub mod distance_field;
mod distance_transform;
pub mod draw;
mod frame_grid;
pub mod kind;
mod label_names;
pub mod mask;
mod name_words;
mod nifti;
mod nifti_header;
pub mod outline;
pub mod read;
mod segment_distance;
mod segmentation;
pub mod shadow;
mod structure_set;
pub mod surface;

use std::sync::Arc;

pub use distance_field::{DistanceField, DistanceFieldError, Reading};
pub use distance_transform::signed_distance_map;
pub use kind::{Kind, StructureTable};
pub use mask::{Mask, MaskGrid, Run};
pub use outline::outline;
pub use read::{Loaded, Planning, StructureFileError};
pub use segment_distance::SegmentDistance;
pub use shadow::shadow;
pub use surface::{iso_surface, mask_surface};

use crate::study::FrameOfReferenceUid;

/// A coded concept: code, scheme (`SCT`, `FMA`, `99…`) and meaning (PS3.16).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Code {
    /// Code Value.
    pub value: String,
    /// Coding Scheme Designator.
    pub scheme: String,
    /// Code Meaning.
    pub meaning: String,
}

/// Where a structure comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StructureSource {
    /// A file: DICOM segmentation, structure set or label map, as shown to the person.
    File(String),
    /// Drawn by hand; the plan holds what it was made from.
    Drawn,
}

/// One structure.
#[derive(Debug, Clone)]
pub struct Structure {
    /// Name shown: `L4 vertebra`, `Right L5 nerve root`.
    pub name: String,
    /// What it is, coded, where the source says so.
    pub code: Option<Code>,
    /// Key of its kind in `assets/structures.toml` (`bone`, `nerve`, `dura`, `artery` …), which
    /// margins and colours go by; `None` for a name nobody knows.
    pub kind: Option<String>,
    /// Colour drawn, red green blue.
    pub color: [u8; 3],
    /// Its voxels.
    pub mask: Arc<Mask>,
    /// Frame of reference of its grid.
    pub frame_of_reference: Option<FrameOfReferenceUid>,
    /// Where it comes from.
    pub source: StructureSource,
}
