//! Points on bone and skin under the pointer of a 3D view: where targets and entries are placed.
//! They come from the voxels and surfaces, in `f64`; never from the picture.

use glam::DVec2;

use super::AppState;
use super::pick::FAR_MM;
use super::tool::ToolKind;
use crate::geometry::{Lps, Plane, Point, Vector};
use crate::plan::TrajectoryEnd;
use crate::render::Eye;
use crate::render::ray_pick::{SEEN, seen_at_mm};
use crate::volume::ray_surface::RaySurface;

/// So far behind a picked surface it is asked what lies there, mm.
const BEHIND_MM: f64 = 1.0;

/// A point under the pointer where an end of a needle can be placed.
#[derive(Debug, Clone, PartialEq)]
pub struct EndPick {
    /// The point, LPS mm.
    pub point: Point<Lps>,
    /// What it lies on.
    pub what: String,
}

impl AppState {
    /// Where a click places an end of a needle: a target on bone, or on a structure before it; an
    /// entry on the skin, whatever is shown of it.
    ///
    /// `None` beside the patient, and where the images are no CT and no surface is shown.
    pub fn pick_end(&self, eye: &Eye, at: DVec2, end: TrajectoryEnd) -> Option<EndPick> {
        let ray = eye.ray(at, FAR_MM / 2.0);
        let (surface, whole) = match end {
            TrajectoryEnd::Entry => (RaySurface::SKIN, [0.0, FAR_MM]),
            TrajectoryEnd::Target => (RaySurface::BONE, self.kept_mm(eye, ray)?),
        };
        let volume = self.volume().filter(|volume| volume.unit() == "HU");
        let found = volume.and_then(|volume| surface.first_on(volume, ray, whole));
        if end == TrajectoryEnd::Entry {
            let point = found.or_else(|| self.pick_skin(eye, at))?;
            return Some(EndPick {
                point,
                what: "Skin".to_owned(),
            });
        }
        let bone_mm = found.map_or(FAR_MM, |point| (point - ray.0).dot(ray.1));
        let nearest = self.structure_hit(ray, bone_mm);
        if let Some((distance, name)) = nearest {
            return Some(EndPick {
                point: ray.0 + ray.1 * distance,
                what: name,
            });
        }
        let point = found?;
        let names = self.structure_names_at(point + ray.1 * BEHIND_MM);
        let what = match names.first() {
            Some(name) => format!("Bone · {name}"),
            None => "Bone".to_owned(),
        };
        Some(EndPick { point, what })
    }

    /// The tool after an end was placed in a 3D view: the other end, where that is not there yet.
    pub fn tool_after(&self, placed: TrajectoryEnd) -> ToolKind {
        let needle = self.selection.needle();
        let needle = needle.and_then(|id| self.plan().trajectory(id));
        let missing = match placed {
            TrajectoryEnd::Target => needle.is_none_or(|needle| needle.entry.is_none()),
            TrajectoryEnd::Entry => needle.is_none_or(|needle| needle.target.is_none()),
        };
        match (placed, missing) {
            (TrajectoryEnd::Target, true) => ToolKind::Place(TrajectoryEnd::Entry),
            (TrajectoryEnd::Entry, true) => ToolKind::Place(TrajectoryEnd::Target),
            (_, false) => ToolKind::Window,
        }
    }

    /// Distance along a ray to the tissue that one sees there in the ray-cast volume.
    pub(super) fn seen_tissue(&self, eye: &Eye, ray: (Point<Lps>, Vector<Lps>)) -> Option<f64> {
        let source = self.volume_look.rays()?;
        seen_at_mm(source, ray, self.kept_mm(eye, ray)?, SEEN)
    }

    /// Distances along a ray between which the volume is not cut away.
    fn kept_mm(&self, eye: &Eye, (from, direction): (Point<Lps>, Vector<Lps>)) -> Option<[f64; 2]> {
        let mut kept = [0.0, FAR_MM];
        if let Some(plane) = self.cut_plane(eye) {
            kept = kept_by(&plane, from, direction, kept)?;
        }
        Some(kept)
    }
}

/// The part of a ray on the side that the normal of a plane points to.
fn kept_by(
    plane: &Plane,
    from: Point<Lps>,
    direction: Vector<Lps>,
    [near, far]: [f64; 2],
) -> Option<[f64; 2]> {
    let start = plane.signed_distance_mm(from);
    let rate = plane.normal().dot(direction);
    let crossing = -start / rate;
    let kept = if rate > 1e-12 {
        [near.max(crossing), far]
    } else if rate < -1e-12 {
        [near, far.min(crossing)]
    } else if start >= 0.0 {
        [near, far]
    } else {
        return None;
    };
    (kept[0] < kept[1]).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ray_is_kept_on_one_side_of_a_plane() {
        let plane = Plane::axial(Point::new(0., 0., 10.));
        let normal = plane.normal();
        let from = plane.origin - normal * 30.0;
        let all = [0.0, 100.0];
        assert_eq!(kept_by(&plane, from, normal, all), Some([30.0, 100.0]));
        let after = plane.origin + normal * 30.0;
        assert_eq!(kept_by(&plane, after, -normal, all), Some([0.0, 30.0]));
        assert_eq!(kept_by(&plane, from, -normal, all), None);
        let beside = plane.right;
        assert_eq!(kept_by(&plane, from, beside, all), None);
        assert_eq!(kept_by(&plane, after, beside, all), Some(all));
    }
}
