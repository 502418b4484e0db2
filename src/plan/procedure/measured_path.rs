//! What is known of a drawn path when it is held against a procedure.

use crate::geometry::{CArmAngles, Degrees, Lps, NeedleAngles, OperatorAngles, Vector};
use crate::plan::{Known, Needle};

/// What is known of a drawn path; a reason where something is not.
#[derive(Debug, Clone, PartialEq)]
pub struct MeasuredPath<'a> {
    /// Entry to target, LPS mm.
    pub path: Known<Vector<Lps>>,
    /// Skin to target along the path, mm.
    pub skin_depth_mm: Known<f64>,
    /// τ at which the end-plate the procedure names is seen edge-on (section 2.5, step 8).
    pub squared_tilt: Known<Degrees>,
    /// Entry from the midline plane in the axial plane, mm, + patient left.
    pub entry_from_midline_mm: Known<f64>,
    /// Entry caudal to the landmark that the target names, mm.
    pub entry_caudal_mm: Known<f64>,
    /// Between the path and the skin at the entry, 0–90°.
    pub skin_angle: Known<Degrees>,
    /// The needle chosen.
    pub needle: Option<&'a Needle>,
}

impl MeasuredPath<'_> {
    /// A path of which only the ends are known.
    pub fn drawn(path: Known<Vector<Lps>>) -> Self {
        Self {
            path,
            skin_depth_mm: Err("The skin along the path is not known".to_owned()),
            squared_tilt: Err("No end-plate is squared yet; click it twice".to_owned()),
            entry_from_midline_mm: Err("No midline yet; set it".to_owned()),
            entry_caudal_mm: Err("The landmark is not known".to_owned()),
            skin_angle: Err("The skin at the entry is not known".to_owned()),
            needle: None,
        }
    }

    /// κ and τ (2.6).
    pub(super) fn operator(&self) -> Known<OperatorAngles> {
        let path = self.path.clone()?;
        let angles = CArmAngles::of_needle(path).map(CArmAngles::operator);
        angles.ok_or_else(|| "Entry and target are at the same place".to_owned())
    }

    /// φ, refused along the body axis, where neither φ nor κ mean anything.
    pub(super) fn in_plane(&self) -> Known<f64> {
        let angles = NeedleAngles::of(self.path.clone()?);
        let angle = angles.and_then(|angles| angles.in_plane);
        let angle = angle.ok_or_else(|| "The needle runs along the body axis".to_owned())?;
        Ok(angle.0)
    }

    /// What the needle must reach: the path, or the skin beyond its drawn entry.
    pub(super) fn reach_mm(&self) -> Known<f64> {
        let length = self.path.clone()?.length();
        let depth = self.skin_depth_mm.as_ref();
        Ok(depth.map_or(length, |depth| depth.max(length)))
    }
}
