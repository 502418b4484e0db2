//! What the pointer meets in the 3D view.

use glam::DVec2;

use super::AppState;
use super::scene::{SceneNeedle, drawn_radius_mm};
use super::viewport::{ViewKind, ViewportId};
use crate::geometry::{Lps, Point, Segment, Vector};
use crate::plan::TrajectoryId;
use crate::render::Eye;

/// Farther from the viewer than anything, mm.
pub(super) const FAR_MM: f64 = 1e5;
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
    /// What one sees there of the volume.
    Tissue,
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
        let ray = eye.seen_ray(at, FAR_MM / 2.0);
        let mut best: Option<(f64, Picked)> = None;
        let mut take = |distance: Option<f64>, what: &dyn Fn() -> Picked| {
            if let Some(distance) = distance
                && best.as_ref().is_none_or(|(nearest, _)| distance < *nearest)
            {
                best = Some((distance, what()));
            }
        };
        let scene = &self.scene;
        if let Some((distance, name)) = self.structure_hit(ray, FAR_MM) {
            take(Some(distance), &|| Picked::Structure(name.clone()));
        }
        let plain = self.volume_look.rays().is_none();
        take(self.seen_tissue(eye, ray), &|| Picked::Tissue);
        if let Some(bone) = scene.bone().filter(|_| scene.show_bone && plain) {
            take(bone.first_hit(ray.0, ray.1, FAR_MM), &|| Picked::Bone);
        }
        if let Some(painted) = &scene.painted_skin {
            take(painted.first_hit(ray.0, ray.1, FAR_MM), &|| Picked::Skin);
        }
        for needle in self.scene_needles() {
            take(needle_hit(&needle, ray, eye), &|| Picked::Needle(needle.id));
        }
        let Some((distance, what)) = best else {
            return plain.then_some(Pick {
                point: self.pick_skin(eye, at)?,
                what: Picked::Skin,
            });
        };
        let point = ray.0 + ray.1 * distance;
        Some(Pick { point, what })
    }

    /// Distance along a ray to the first visible structure, and its name.
    pub(super) fn structure_hit(
        &self,
        (from, direction): (Point<Lps>, Vector<Lps>),
        reach_mm: f64,
    ) -> Option<(f64, String)> {
        let shown = self.scene.structures.iter().filter(|s| s.visible);
        let hits = shown.filter_map(|structure| {
            let distance = structure.surface.first_hit(from, direction, reach_mm)?;
            Some((distance, &structure.name))
        });
        let nearest = hits.min_by(|a, b| a.0.total_cmp(&b.0));
        nearest.map(|(distance, name)| (distance, name.clone()))
    }

    /// The first point of the skin under a place of the picture, whatever lies behind it.
    pub fn pick_skin(&self, eye: &Eye, at: DVec2) -> Option<Point<Lps>> {
        let scene = &self.scene;
        let plain = || scene.skin().filter(|_| scene.show_skin);
        let skin = scene.painted_skin.as_ref().or_else(plain)?;
        let (from, direction) = eye.seen_ray(at, FAR_MM / 2.0);
        let distance = skin.first_hit(from, direction, FAR_MM)?;
        Some(from + direction * distance)
    }

    /// Whether a point of the scene lies behind something that is not seen through.
    pub fn is_hidden(&self, eye: &Eye, point: Point<Lps>) -> bool {
        let Some(pixel) = eye.pixel_of(point) else {
            return true;
        };
        let (from, direction) = eye.seen_ray(pixel, FAR_MM / 2.0);
        let reach = (point - from).length() - LABEL_SLACK_MM;
        let scene = &self.scene;
        let opaque = |s: &&super::scene::SceneStructure| s.visible && s.opacity >= 1.0;
        let structures = scene.structures.iter().filter(opaque).map(|s| &s.surface);
        let volume = self.volume_look.rays().is_some();
        let bone = scene.bone().filter(|_| scene.show_bone || volume);
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::camera::{Camera, StandardView};
    use crate::app::command::PlanCommand;
    use crate::app::job::no_waker;
    use crate::app::pick_surface::Seen;
    use crate::app::scene::SceneStructure;
    use crate::app::settings::Folders;
    use crate::app::viewport::Posture;
    use crate::geometry::{Surface, solid};
    use crate::plan::{PlanEdit, TrajectoryEnd};

    fn structure(name: &str, at: Point<Lps>, radius_mm: f64, opacity: f32) -> SceneStructure {
        SceneStructure {
            name: name.to_owned(),
            surface: Arc::new(Surface::new(solid::sphere(at, radius_mm, 4))),
            color: [200; 3],
            opacity,
            visible: true,
        }
    }

    #[test]
    fn the_pointer_finds_the_nearest_thing_and_says_what_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = AppState::new(Folders::under(folder.path()), no_waker());
        let origin = Point::new(0., 0., 0.);
        state.scene.structures = vec![
            structure("L4 vertebra", origin, 20.0, 1.0),
            structure("Aorta", Point::new(0., -40., 0.), 10.0, 0.5),
        ];
        state.scene.painted_skin = None;
        let eye = Camera::standard(StandardView::Posterior, Posture::Prone, origin)
            .eye([200.0, 160.0], 0.5);
        let middle = DVec2::new(100.0, 80.0);
        // From behind the vertebra is first, from the front the aorta.
        let pick = state.pick(&eye, middle).unwrap();
        assert_eq!(pick.what, Picked::Structure("L4 vertebra".to_owned()));
        assert!(
            pick.point.distance(Point::new(0., 20., 0.)) < 0.1,
            "{pick:?}"
        );
        let front = Camera::standard(StandardView::Anterior, Posture::Prone, origin)
            .eye([200.0, 160.0], 0.5);
        let what = |state: &AppState| state.pick(&front, middle).map(|pick| pick.what);
        assert_eq!(what(&state), Some(Picked::Structure("Aorta".to_owned())));
        state.scene.structures[1].visible = false;
        assert_eq!(
            what(&state),
            Some(Picked::Structure("L4 vertebra".to_owned()))
        );
        // Beside everything there is nothing.
        assert_eq!(state.pick(&eye, DVec2::new(2.0, 2.0)), None);
        // A label behind the vertebra is hidden, one before it is not.
        assert!(state.is_hidden(&eye, Point::new(0., -40., 0.)));
        assert!(!state.is_hidden(&eye, Point::new(0., 22., 0.)));
        assert!(!state.is_hidden(&eye, Point::new(40., -40., 0.)));
    }

    #[test]
    fn what_lies_before_the_picture_is_not_picked() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = AppState::new(Folders::under(folder.path()), no_waker());
        let origin = Point::new(0., 0., 0.);
        let eye = Eye {
            viewer_mm: Some(400.0),
            ..Camera::standard(StandardView::Posterior, Posture::Prone, origin)
                .eye([200.0, 160.0], 0.5)
        };
        // The picture begins 40 mm from the viewer.
        let before = origin - eye.forward() * 375.0;
        state.scene.structures = vec![
            structure("Table", before, 10.0, 1.0),
            structure("L4 vertebra", origin, 20.0, 1.0),
        ];
        let middle = DVec2::new(100.0, 80.0);
        let pick = state.pick(&eye, middle).unwrap();
        assert_eq!(pick.what, Picked::Structure("L4 vertebra".to_owned()));
        let target = state.pick_end(&eye, middle, TrajectoryEnd::Target).unwrap();
        assert_eq!(target.what, "L4 vertebra");
        assert_eq!(target.seen, Seen::Here);
        assert!(!state.is_hidden(&eye, pick.point));
    }

    #[test]
    fn needles_are_found_within_a_few_points_of_their_shaft() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = AppState::new(Folders::under(folder.path()), no_waker());
        state.apply(PlanCommand::NewNeedle);
        let id = state.plan().trajectories[0].id;
        let path = Segment::new(Point::new(-30., 60., 10.), Point::new(10., 0., 0.));
        for (end, to) in [
            (TrajectoryEnd::Entry, path.start),
            (TrajectoryEnd::Target, path.end),
        ] {
            let edit = PlanEdit::SetEnd { id, end, to };
            state.apply(PlanCommand::Edit("Place", edit));
        }
        let eye = Camera::standard(StandardView::Left, Posture::Prone, Point::new(0., 0., 0.))
            .eye([300.0, 300.0], 0.5);
        let on_shaft = path.at(0.37);
        let at = eye.pixel_of(on_shaft).unwrap();
        let pick = state.pick(&eye, at + DVec2::new(0.0, 3.0)).unwrap();
        assert_eq!(pick.what, Picked::Needle(id));
        assert!(pick.point.distance(on_shaft) < 3.0, "{pick:?}");
        assert_eq!(state.pick(&eye, at + DVec2::new(0.0, 12.0)), None);
    }
}
