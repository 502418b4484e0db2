//! The plan aims the C-arm: the views of a needle, how it lies in each, whether a C-arm reaches
//! them, and what bone lies over the target from every side.

pub mod angle_map;
pub mod beam_bone;
mod json;
pub mod needle_views;
mod orthogonal;
pub mod seen_needle;

pub use angle_map::{AngleGrid, AngleMap, AngleMapTask, Cell, Face};
pub use beam_bone::{BEAM_BONE_HU, BeamBone};
pub use json::{AimJson, bone_of};
pub use needle_views::{AimedView, Apart, NeedleViews, ViewPurpose};
pub use seen_needle::{SeenNeedle, bulls_eye_about};

use crate::geometry::{CArmAngles, CArmPose, Lps, PatientPosition, Point};
use crate::plan::{CArmProfile, Known, Reach};

/// Why no reach is known.
const NO_POSITION: &str = "The patient position (HFS, HFP …) is not known; declare it in the plan";

/// The C-arm that a needle is aimed with, and how it stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CArmSetup<'a> {
    /// How it stands and turns.
    pub profile: &'a CArmProfile,
    /// How the patient lies; `None` = not known, and then no reach is.
    pub position: Option<PatientPosition>,
    /// The point it turns about; `None` = the target of the needle.
    pub isocenter: Option<Point<Lps>>,
    /// SID, mm.
    pub source_to_detector_mm: f64,
    /// SOD, mm.
    pub source_to_isocenter_mm: f64,
    /// Width and height of the field on the receptor, mm.
    pub field_mm: [f64; 2],
}

impl<'a> CArmSetup<'a> {
    /// A C-arm at its usual distances with its whole receptor, the target at the isocentre.
    pub fn usual(profile: &'a CArmProfile, position: Option<PatientPosition>) -> Self {
        Self {
            profile,
            position,
            isocenter: None,
            source_to_detector_mm: profile.usual_sid_mm,
            source_to_isocenter_mm: profile.usual_sod_mm,
            field_mm: profile.receptor_mm(),
        }
    }

    /// How it stands in a view of a target.
    pub fn pose(&self, angles: CArmAngles, target: Point<Lps>) -> CArmPose {
        CArmPose {
            angles,
            isocenter: self.isocenter.unwrap_or(target),
            source_to_detector_mm: self.source_to_detector_mm,
            source_to_isocenter_mm: self.source_to_isocenter_mm,
        }
    }

    /// How it is set to a view, and what bars it.
    pub fn reach(&self, angles: CArmAngles) -> Known<Reach> {
        let position = self.position.ok_or(NO_POSITION)?;
        Ok(self.profile.reach(angles, position))
    }
}
