//! Pictures of a needle that leave the program: on the procedure sheet, as files, in the study.
//!
//! A [`Figure`] is the greys of one plane with the marks that lie on it. [`needle_figure`] makes
//! it from a volume, [`Figure::overlay`] gives the marks as lines and letters for a printed sheet,
//! [`Figure::burned_in`] gives finished pixels.

mod burn;
mod marks;
mod view;

pub use burn::FigureError;
pub use view::{FigureKind, NeedleScene, axial_plane, needle_figure};

use super::drawing::Xy;
use crate::geometry::OrientationLetters;

/// How a stretch of the needle lies to the picture's plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lies {
    /// In the plane: what is seen there is what the needle meets.
    InPlane,
    /// Before or behind it, projected: drawn dashed.
    Beside,
}

/// Something drawn over a picture. Positions are in pixels from the picture's upper left corner;
/// the centre of the first pixel is at (0.5, 0.5).
#[derive(Debug, Clone, PartialEq)]
pub enum Mark {
    /// A stretch of the needle.
    Shaft {
        /// End toward the hub.
        from: Xy,
        /// End toward the tip.
        to: Xy,
        /// Whether it lies in the plane.
        lies: Lies,
    },
    /// Skin entry.
    Entry(Xy),
    /// Target.
    Target(Xy),
    /// The needle seen end-on.
    BullsEye(Xy),
    /// A depth on the needle.
    Depth {
        /// Where on the needle.
        at: Xy,
        /// Millimetres from the skin entry.
        mm: u32,
    },
}

/// One picture with its marks.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// What it shows, in a few words.
    pub title: String,
    /// Columns and rows.
    pub size: [usize; 2],
    /// Edge of a pixel, mm in the patient.
    pub mm_per_pixel: f64,
    /// Display greys row by row, 0 black.
    pub greys: Vec<u8>,
    /// Directions at the edges.
    pub letters: OrientationLetters,
    /// Drawn over it.
    pub marks: Vec<Mark>,
}
