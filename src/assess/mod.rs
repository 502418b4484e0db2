//! What a planned path meets in the images.

pub mod path;
pub mod skin;

pub use path::{PathReadout, ReadoutJson};
pub use skin::{OutsideAir, SkinCrossing};
