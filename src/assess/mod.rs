//! What a planned path meets in the images.

pub mod entry_map;
pub mod path;
pub mod profile;
#[cfg(test)]
mod sample_body;
pub mod skin;
pub mod tissue;

pub use entry_map::{EntryMap, SkinSurface};
pub use path::{PathReadout, ReadoutJson};
pub use profile::NeedleProfile;
pub use skin::{OutsideAir, SkinCrossing};
