//! What the pointer meets in the 3D view.

use glam::DVec2;

use super::AppState;
use super::scene::{SceneNeedle, drawn_radius_mm};
use super::viewport::{ViewKind, ViewportId};
use crate::geometry::{Lps, Point, Segment, Vector};
use crate::plan::TrajectoryId;
use crate::render::Eye;

/// Farther from the viewer than anything, mm.
const FAR_MM: f64 = 1e5;
/// A needle is met this near, points.
const NEEDLE_POINTS: f64 = 4.0;
/// Something this little before a label does not hide it, mm: the label stands on a surface.
const LABEL_SLACK_MM: f64 = 6.0;

/// A thing of the 3D view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked {
    /// A needle.
    Needle(TrajectoryId),
    /// A structure, by its name.
    Structure(String),
    /// Bone of the context.
    Bone,
    /// The skin, painted or not.
    Skin,
}

/// What the pointer meets, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Pick {
    /// The point met, LPS mm.
    pub point: Point<Lps>,
    /// What it belongs to.
    pub what: Picked,
}

impl AppState {
    /// The eye of a 3D view of a size in points; `None` for other views.
    pub fn eye_of(&self, id: ViewportId, size_points: [f64; 2]) -> Option<Eye> {
        let viewport = self.viewport(id)?;
        let eye = viewport.camera.eye(size_points, viewport.mm_per_point);
        (viewport.kind == ViewKind::Volume3d && eye.is_usable()).then_some(eye)
    }

    /// What lies under a place of the picture, points: the nearest thing. The plain skin counts
    /// only where nothing is behind it, since one looks through it.
    pub fn pick(&self, eye: &Eye, at: DVec2) -> Option<Pick> {
        let ray = eye.ray(at, FAR_MM / 2.0);
        let mut best: Option<(f64, Picked)> = None;
        let mut take = |distance: Option<f64>, what: &dyn Fn() -> Picked| {
            if let Some(distance) = distance
                && best.as_ref().is_none_or(|(nearest, _)| distance < *nearest)
            {
                best = Some((distance, what()));
            }
        };
        let scene = &self.scene;
        for structure in scene.structures.iter().filter(|s| s.visible) {
            let found = structure.surface.first_hit(ray.0, ray.1, FAR_MM);
            take(found, &|| Picked::Structure(structure.name.clone()));
        }
        if let Some(bone) = scene.bone().filter(|_| scene.show_bone) {
            take(bone.first_hit(ray.0, ray.1, FAR_MM), &|| Picked::Bone);
        }
        if let Some(painted) = &scene.painted_skin {
            take(painted.first_hit(ray.0, ray.1, FAR_MM), &|| Picked::Skin);
        }
        for needle in self.scene_needles() {
            take(needle_hit(&needle, ray, eye), &|| Picked::Needle(needle.id));
        }
        let Some((distance, what)) = best else {
            return Some(Pick {
                point: self.pick_skin(eye, at)?,
                what: Picked::Skin,
            });
        };
        let point = ray.0 + ray.1 * distance;
        Some(Pick { point, what })
    }

    /// The first point of the skin under a place of the picture, whatever lies behind it.
    pub fn pick_skin(&self, eye: &Eye, at: DVec2) -> Option<Point<Lps>> {
        let scene = &self.scene;
        let plain = || scene.skin().filter(|_| scene.show_skin);
        let skin = scene.painted_skin.as_ref().or_else(plain)?;
        let (from, direction) = eye.ray(at, FAR_MM / 2.0);
        let distance = skin.first_hit(from, direction, FAR_MM)?;
        Some(from + direction * distance)
    }

    /// Whether a point of the scene lies behind something that is not seen through.
    pub fn is_hidden(&self, eye: &Eye, point: Point<Lps>) -> bool {
        let Some(pixel) = eye.pixel_of(point) else {
            return true;
        };
        let (from, direction) = eye.ray(pixel, FAR_MM / 2.0);
        let reach = (point - from).length() - LABEL_SLACK_MM;
        let scene = &self.scene;
        let opaque = |s: &&super::scene::SceneStructure| s.visible && s.opacity >= 1.0;
        let structures = scene.structures.iter().filter(opaque).map(|s| &s.surface);
        let bone = scene.bone().filter(|_| scene.show_bone);
        structures
            .chain(bone)
            .chain(&scene.painted_skin)
            .any(|surface| surface.first_hit(from, direction, reach).is_some())
    }
}

/// Distance along a ray to a needle that passes within a few points of it.
fn needle_hit(
    needle: &SceneNeedle,
    (from, direction): (Point<Lps>, Vector<Lps>),
    eye: &Eye,
) -> Option<f64> {
    let ray = Segment::new(from, from + direction * FAR_MM);
    // The place of the shaft nearest to the ray, in steps finer than the reach of the pointer.
    let steps = 400;
    let places = (0..=steps).map(|n| needle.path.at(f64::from(n) / f64::from(steps)));
    let off = |place: &Point<Lps>| ray.distance_to_point_mm(*place);
    let nearest = places.min_by(|a, b| off(a).total_cmp(&off(b)))?;
    let reach_mm = (NEEDLE_POINTS * eye.mm_per_pixel)
        .max(drawn_radius_mm(needle, eye.mm_per_pixel))
        .max(needle.path.length_mm() / f64::from(steps));
    (off(&nearest) <= reach_mm).then(|| (nearest - from).dot(direction))
}
