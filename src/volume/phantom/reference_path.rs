//! Straight reference paths from the skin of the back to a target that miss bone,
//! dura and kidneys. Starts from the nominal angles of the procedure tables.

use glam::DVec3;

use super::survey::Survey;
use super::truth::ReferencePath;

/// Distance a reference path keeps from bone, mm.
const CLEAR_OF_BONE_MM: f64 = 0.8;
/// Distance a reference path keeps from the dura and the kidneys, mm.
const CLEAR_OF_ORGANS_MM: f64 = 2.0;
/// Step along a path, mm.
const STEP_MM: f64 = 1.0;
/// Longest path tried, mm.
const LONGEST_MM: f64 = 200.0;
/// Nominal direction of a path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Approach {
    /// κ, positive when the entry lies lateral.
    pub(super) oblique_deg: f64,
    /// τ, + cephalad receptor.
    pub(super) tilt_deg: f64,
    /// Part of the path at the target that may touch bone or dura.
    pub(super) free_from_mm: f64,
}

impl Survey<'_> {
    /// Straight path in the nominal direction or the nearest clear one.
    pub(super) fn path(
        &self,
        target_lps_mm: DVec3,
        side: f64,
        approach: Approach,
    ) -> Option<ReferencePath> {
        let mut offsets: Vec<(f64, f64)> = Vec::new();
        for oblique in -9..=6_i32 {
            for tilt in -6..=7_i32 {
                offsets.push((f64::from(oblique) * 3.0, f64::from(tilt) * 4.0));
            }
        }
        let cost = |o: &(f64, f64)| o.0 * o.0 + 0.6 * o.1 * o.1;
        offsets.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
        offsets.into_iter().find_map(|(oblique, tilt)| {
            let tried = Approach {
                oblique_deg: approach.oblique_deg + oblique,
                tilt_deg: approach.tilt_deg + tilt,
                free_from_mm: approach.free_from_mm,
            };
            self.straight(target_lps_mm, side, tried)
        })
    }

    fn straight(
        &self,
        target_lps_mm: DVec3,
        side: f64,
        approach: Approach,
    ) -> Option<ReferencePath> {
        let outward = outward(side, approach);
        let mut length = 0.0;
        loop {
            length += STEP_MM;
            let p_lps = target_lps_mm + outward * length;
            let skin = self.skin_mm(p_lps);
            if skin >= 0.0 {
                break;
            }
            if length > LONGEST_MM || (length > approach.free_from_mm && !self.clear(p_lps)) {
                return None;
            }
        }
        let (mut inside, mut outside) = (length - STEP_MM, length);
        for _ in 0..30 {
            let middle = 0.5 * (inside + outside);
            if self.skin_mm(target_lps_mm + outward * middle) < 0.0 {
                inside = middle;
            } else {
                outside = middle;
            }
        }
        Some(ReferencePath {
            entry_lps_mm: target_lps_mm + outward * outside,
            length_mm: outside,
            oblique_deg: approach.oblique_deg,
            tilt_deg: approach.tilt_deg,
        })
    }

    fn clear(&self, p_lps_mm: DVec3) -> bool {
        let p = self.model_mm(p_lps_mm);
        self.bone_mm(p) > CLEAR_OF_BONE_MM
            && self.scene.canal.sac_distance(p) > CLEAR_OF_ORGANS_MM
            && self
                .kidneys
                .iter()
                .all(|kidney| kidney.distance_mm(p) > CLEAR_OF_ORGANS_MM)
    }
}

/// Direction from a target towards the skin (reference 0.2: entry lateral and tilt).
fn outward(side: f64, approach: Approach) -> DVec3 {
    let (sin_k, cos_k) = approach.oblique_deg.to_radians().sin_cos();
    let (sin_t, cos_t) = approach.tilt_deg.to_radians().sin_cos();
    // A cephalad receptor means the entry lies towards the head of the target.
    DVec3::new(side * sin_k * cos_t, cos_k * cos_t, sin_t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lateral_entry_lies_further_out() {
        let approach = Approach {
            oblique_deg: 30.0,
            tilt_deg: 10.0,
            free_from_mm: 0.0,
        };
        let d = outward(-1.0, approach);
        assert!(d.x < 0.0 && d.y > 0.0 && d.z > 0.0);
        assert!((d.length() - 1.0).abs() < 1e-12);
    }
}
