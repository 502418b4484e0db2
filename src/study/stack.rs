//! Stacks: frames of one series that belong together by their geometry.

use crate::geometry::{Lps, Point, Transform, Vector, Voxel};

/// One frame of one file of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameRef {
    /// Index into [`super::Series::instances`].
    pub instance: usize,
    /// Frame of that file, 0-based.
    pub frame: usize,
}

/// What the frames of a stack are shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackKind {
    /// Parallel slices that fill a box: can be cut in any plane.
    Volume,
    /// Pictures that are looked at one by one.
    Images,
    /// Frames that follow one another in time.
    Cine,
}

impl StackKind {
    /// Word of the JSON output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Volume => "volume",
            Self::Images => "images",
            Self::Cine => "cine",
        }
    }
}

/// Grid of a volume stack.
///
/// Slice directions need not be normal to the slices: with a tilted gantry they are not, and the
/// map below stays exact.
#[derive(Debug, Clone, PartialEq)]
pub struct StackGeometry {
    /// Centre of the first voxel (column 0, row 0, slice 0), LPS mm.
    pub origin: Point<Lps>,
    /// Unit direction in which columns count up.
    pub column_direction: Vector<Lps>,
    /// Unit direction in which rows count up.
    pub row_direction: Vector<Lps>,
    /// Unit direction from one slice to the next.
    pub slice_direction: Vector<Lps>,
    /// mm between neighbouring columns, rows and slices.
    pub spacing_mm: [f64; 3],
    /// Slices of the grid. More than the stack has frames where slices are missing.
    pub slices: usize,
    /// For each frame of the stack, the grid slice it fills; ascending. Empty grid slices have no
    /// data and are never interpolated over.
    pub slice_of_frame: Vec<usize>,
    /// Set where frames are unevenly spaced: position of each frame in grid slices (fractional).
    /// The volume is then resampled along the slice direction.
    pub uneven_positions: Option<Vec<f64>>,
}

impl StackGeometry {
    /// Voxel (column, row, slice) → patient, mm.
    pub fn lps_from_voxel(&self) -> Transform<Lps, Voxel> {
        Transform::from_columns(
            (self.column_direction * self.spacing_mm[0]).0,
            (self.row_direction * self.spacing_mm[1]).0,
            (self.slice_direction * self.spacing_mm[2]).0,
            self.origin.0,
        )
    }
}

/// Frames in order, and what they form.
#[derive(Debug, Clone)]
pub struct Stack {
    /// What it is shown as.
    pub kind: StackKind,
    /// What tells it from the other stacks of its series, empty for the only one.
    pub name: String,
    /// Frames, sorted along the slice direction (volumes) or by file order.
    pub frames: Vec<FrameRef>,
    /// Rows of each frame.
    pub rows: usize,
    /// Columns of each frame.
    pub columns: usize,
    /// Grid, for volumes.
    pub geometry: Option<StackGeometry>,
    /// What a person must know before measuring on it.
    pub warnings: Vec<StackWarning>,
}

impl Stack {
    /// Voxels or pixels in all frames.
    pub fn voxels(&self) -> usize {
        self.rows * self.columns * self.frames.len()
    }
}

/// Something unusual about a stack, shown as a banner and in `scan --json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackWarning {
    /// Stable name of the kind.
    pub code: WarningCode,
    /// A sentence with the numbers.
    pub message: String,
}

/// Kinds of stack warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WarningCode {
    /// The slices are sheared against their normal; handled exactly.
    GantryTilt,
    /// Slices are missing between others; left empty.
    MissingSlices,
    /// Slice distances differ; resampled.
    UnevenSpacing,
    /// Slices at the same place; the first is used.
    DuplicateSlices,
    /// Position, orientation or spacing missing or wrong; no volume.
    NoGeometry,
    /// Several frames of reference in one series.
    MixedFramesOfReference,
    /// Lossy compression, or another change to the values.
    Lossy,
    /// Slices could not be read; left empty.
    UnreadableSlices,
}

impl WarningCode {
    /// Word of the JSON output.
    pub fn word(self) -> &'static str {
        match self {
            Self::GantryTilt => "gantry-tilt",
            Self::MissingSlices => "missing-slices",
            Self::UnevenSpacing => "uneven-spacing",
            Self::DuplicateSlices => "duplicate-slices",
            Self::NoGeometry => "no-geometry",
            Self::MixedFramesOfReference => "mixed-frames-of-reference",
            Self::Lossy => "lossy",
            Self::UnreadableSlices => "unreadable-slices",
        }
    }
}
