//! What a planned path meets in the images.

pub mod clearance;
pub mod path;
pub mod skin;
pub mod tolerance_cone;

pub use clearance::{Clearance, Margins, Shaft, Verdict};
pub use path::{PathReadout, ReadoutJson};
pub use skin::{OutsideAir, SkinCrossing};
pub use tolerance_cone::{ConeLimit, Obstacle, ToleranceCone, tolerance_cone};
