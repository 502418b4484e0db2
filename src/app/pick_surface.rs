//! Points on bone and skin under the pointer of a 3D view: where targets and entries are placed.
//! They come from the voxels and surfaces, in `f64`; never from the picture.

use glam::DVec2;

use super::AppState;
use super::command::{Command, ViewCommand};
use super::pick::FAR_MM;
use super::tool::ToolKind;
use crate::geometry::{Lps, Plane, Point, Vector};
use crate::plan::TrajectoryEnd;
use crate::render::Eye;
use crate::render::ray_pick::{SEEN, seen_at_mm};
use crate::volume::ray_surface::{BONE_SURFACE_HU, RaySurface};

/// So far behind a picked surface it is asked what lies there, mm.
const BEHIND_MM: f64 = 1.0;

/// A picked point this far from what is seen lies on something else, mm: more than the surfaces
/// and the soft edges of tissues are off.
const APART_MM: f64 = 3.0;

/// How a point lies to what one sees under the pointer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Seen {
    /// On it.
    Here,
    /// So far before it, mm: it is left out of the picture, or too thin to be seen.
    Before(f64),
    /// So far behind it, mm: something covers it.
    Behind(f64),
    /// Nothing is seen there.
    Nowhere,
}

/// A point under the pointer where an end of a needle can be placed.
#[derive(Debug, Clone, PartialEq)]
pub struct EndPick {
    /// The point, LPS mm.
    pub point: Point<Lps>,
    /// What it lies on.
    pub what: String,
    /// Where it lies to what is seen; an entry is on the skin, shown or not.
    pub seen: Seen,
}

impl AppState {
    /// Where a click places an end of a needle: a target on bone, or on a structure before it; an
    /// entry on the skin, whatever is shown of it.
    ///
    /// `None` beside the patient, where a CT ends in the body, and where the images are no CT and no
    /// surface is shown.
    pub fn pick_end(&self, eye: &Eye, at: DVec2, end: TrajectoryEnd) -> Option<EndPick> {
        let ray = eye.seen_ray(at, FAR_MM / 2.0);
        let (surface, whole) = match end {
            TrajectoryEnd::Entry => (RaySurface::SKIN, [0.0, FAR_MM]),
            TrajectoryEnd::Target => (RaySurface::BONE, self.kept_mm(eye, ray)?),
        };
        let volume = self.volume().filter(|volume| volume.unit() == "HU");
        let found = volume.and_then(|volume| surface.first_on(volume, ray, whole));
        if end == TrajectoryEnd::Entry {
            // Surfaces are closed where the scan ends, also in the midst of the body.
            let point = match volume {
                Some(_) => found?,
                None => self.pick_skin(eye, at)?,
            };
            return Some(EndPick {
                point,
                what: "Skin".to_owned(),
                seen: Seen::Here,
            });
        }
        let bone_mm = found.map_or(FAR_MM, |point| (point - ray.0).dot(ray.1));
        let nearest = self.structure_hit(ray, bone_mm);
        if let Some((distance, name)) = nearest {
            return Some(EndPick {
                point: ray.0 + ray.1 * distance,
                what: name,
                seen: self.seen_from(eye, ray, distance),
            });
        }
        let point = found?;
        let what = self.dense_words(point, ray.1);
        let seen = self.seen_from(eye, ray, bone_mm);
        Some(EndPick { point, what, seen })
    }

    /// What a point lies on where the values reach those of bone, met in a unit direction: bone,
    /// but as well contrast, calcification or metal; the structure there, if there is one.
    pub fn dense_words(&self, point: Point<Lps>, direction: Vector<Lps>) -> String {
        let names = self.structure_names_at(point + direction * BEHIND_MM);
        let dense = format!("≥ {BONE_SURFACE_HU:.0} HU");
        match names.first() {
            Some(name) => format!("{name} ({dense})"),
            None => dense,
        }
    }

    /// How a point at a distance along a ray lies to what one sees there.
    fn seen_from(&self, eye: &Eye, ray: (Point<Lps>, Vector<Lps>), distance: f64) -> Seen {
        let scene = &self.scene;
        let is_plain = self.volume_look.rays().is_none();
        let bone = scene.bone().filter(|_| scene.show_bone && is_plain);
        let surfaces = bone.into_iter().chain(&scene.painted_skin);
        let nearest = surfaces
            .filter_map(|surface| surface.first_hit(ray.0, ray.1, FAR_MM))
            .chain(self.structure_hit(ray, FAR_MM).map(|(mm, _)| mm))
            .chain(self.seen_tissue(eye, ray))
            .min_by(f64::total_cmp);
        match nearest.map(|seen_mm| distance - seen_mm) {
            None => Seen::Nowhere,
            Some(mm) if mm > APART_MM => Seen::Behind(mm),
            Some(mm) if mm < -APART_MM => Seen::Before(-mm),
            Some(_) => Seen::Here,
        }
    }

    /// Places an end that was picked in a 3D view, shows the place in the slices and takes up the
    /// tool for the other end. Where it is refused, as on a locked needle, the tool stays.
    pub(super) fn place_in_space(&mut self, end: TrajectoryEnd, at: Point<Lps>) {
        let next = self.tool_after(end);
        let before = self.selected_end(end);
        self.place_end(end, at);
        let now = self.selected_end(end);
        if now.is_none() || (now == before && now != Some(at)) {
            return;
        }
        self.apply(Command::Tool(next));
        if end == TrajectoryEnd::Target && self.settings.crosshair_follows_needle {
            self.apply(ViewCommand::CenterOn(at));
        }
    }

    fn selected_end(&self, end: TrajectoryEnd) -> Option<Point<Lps>> {
        let needle = self.plan().trajectory(self.selection.needle()?)?;
        match end {
            TrajectoryEnd::Target => needle.target,
            TrajectoryEnd::Entry => needle.entry,
        }
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
