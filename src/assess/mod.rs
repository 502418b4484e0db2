//! What a planned path meets in the images.

pub mod path;
pub mod region_statistics;
pub mod skin;

pub use path::{PathReadout, ReadoutJson};
pub use region_statistics::{Region, RegionError, RegionShape, RegionStatistics, Sampling};
pub use skin::{OutsideAir, SkinCrossing};
