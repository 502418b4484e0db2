//! What a planned path meets in the images.

pub mod aim;
pub mod audit;
pub mod audit_json;
pub mod clearance;
pub mod entry_map;
pub mod entry_rules;
pub mod margins;
pub mod path;
pub mod profile;
pub mod region_statistics;
#[cfg(test)]
mod sample_body;
pub mod skin;
pub mod tissue;
pub mod tolerance_cone;

pub use aim::{AimJson, AngleMap, AngleMapTask, CArmSetup, NeedleViews};
pub use audit::{AuditScene, MeasuredStructure, NeedleAudit, StructureClearance, Tolerance};
pub use audit_json::AuditJson;
pub use clearance::{Clearance, Margins, Shaft, Verdict};
pub use entry_map::{EntryMap, SkinSurface};
pub use entry_rules::EntryTask;
pub use margins::MarginTable;
pub use path::{PathReadout, ReadoutJson};
pub use profile::NeedleProfile;
pub use region_statistics::{Region, RegionError, RegionShape, RegionStatistics, Sampling};
pub use skin::{OutsideAir, SkinCrossing};
pub use tolerance_cone::{ConeLimit, Obstacle, ToleranceCone, tolerance_cone};
