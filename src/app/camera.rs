//! Where the 3D view looks from: an orbit about a patient point, as pure data.

use glam::{DMat3, DQuat, DVec2, DVec3};

use super::viewport::Posture;
use crate::geometry::{Lps, Plane, Point, Vector};
use crate::render::Eye;

/// Turn for each screen point that the pointer moves, degrees.
const DEGREES_PER_POINT: f64 = 0.5;
/// Distance of the viewer in perspective, mm: mild, as one looks at a patient on a table.
const VIEWER_MM: f64 = 1200.0;

/// Views that everybody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StandardView {
    /// From the front.
    Anterior,
    /// From behind.
    Posterior,
    /// From the patient's left.
    Left,
    /// From the patient's right.
    Right,
    /// From the head.
    Head,
    /// From the feet.
    Feet,
}

impl StandardView {
    /// All, in menu order.
    pub const ALL: [Self; 6] = [
        Self::Anterior,
        Self::Posterior,
        Self::Left,
        Self::Right,
        Self::Head,
        Self::Feet,
    ];

    /// Title shown.
    pub fn title(self) -> &'static str {
        match self {
            Self::Anterior => "From the front (A)",
            Self::Posterior => "From behind (P)",
            Self::Left => "From the left (L)",
            Self::Right => "From the right (R)",
            Self::Head => "From the head (H)",
            Self::Feet => "From the feet (F)",
        }
    }

    /// The view that a patient lying so is first seen in.
    pub fn first(posture: Posture) -> Self {
        match posture {
            Posture::Supine => Self::Anterior,
            Posture::Prone => Self::Posterior,
        }
    }

    /// Right and down of the picture. From head and feet up is where it is as the patient lies.
    fn axes(self, posture: Posture) -> [DVec3; 2] {
        let to_table = match posture {
            Posture::Supine => DVec3::Y,
            Posture::Prone => DVec3::NEG_Y,
        };
        match self {
            Self::Anterior => [DVec3::X, DVec3::NEG_Z],
            Self::Posterior => [DVec3::NEG_X, DVec3::NEG_Z],
            Self::Left => [DVec3::Y, DVec3::NEG_Z],
            Self::Right => [DVec3::NEG_Y, DVec3::NEG_Z],
            // Right is down × forward.
            Self::Head => [to_table.cross(DVec3::NEG_Z), to_table],
            Self::Feet => [to_table.cross(DVec3::Z), to_table],
        }
    }
}

/// How depth is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Projection {
    /// What is nearer is larger.
    #[default]
    Perspective,
    /// Parallel rays: lengths across the view compare at every depth.
    Parallel,
}

/// The camera of a 3D view. Its scale is the viewport's own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Camera {
    /// The patient point in the middle of the picture, about which it turns.
    pub target: Point<Lps>,
    /// Turns right, down and forward (x, y, z) into patient directions.
    pub orientation: DQuat,
    /// How depth is shown.
    pub projection: Projection,
}

impl Camera {
    /// A standard view of a patient lying so.
    pub fn standard(view: StandardView, posture: Posture, target: Point<Lps>) -> Self {
        let [right, down] = view.axes(posture);
        Self {
            target,
            orientation: orientation(right, down),
            projection: Projection::default(),
        }
    }

    /// Looks straight at a plane, its origin in the middle.
    pub fn facing(&self, plane: &Plane) -> Self {
        Self {
            target: plane.origin,
            orientation: orientation(plane.right.0, plane.down.0),
            ..*self
        }
    }

    /// Unit directions of the picture's right and down.
    pub fn axes(&self) -> [Vector<Lps>; 2] {
        [DVec3::X, DVec3::Y].map(|axis| Vector::from_vec(self.orientation * axis))
    }

    /// Unit direction away from the viewer.
    pub fn forward(&self) -> Vector<Lps> {
        Vector::from_vec(self.orientation * DVec3::Z)
    }

    /// The plane through the target that faces the viewer.
    pub fn plane(&self) -> Plane {
        let [right, down] = self.axes();
        Plane {
            origin: self.target,
            right,
            down,
        }
    }

    /// Turns so that what lies before the target follows the pointer: sideways about the
    /// patient's long axis, so that the head stays where it is, up and down about the picture's
    /// horizontal.
    pub fn orbit(&mut self, by_points: DVec2) {
        if !by_points.is_finite() {
            return;
        }
        let [yaw, pitch] = (by_points * DEGREES_PER_POINT)
            .to_array()
            .map(f64::to_radians);
        // Seen upside down, the front moves the other way.
        let [_, down] = self.axes();
        let yaw = if down.0.z > 1e-9 { yaw } else { -yaw };
        let turned =
            DQuat::from_rotation_z(yaw) * self.orientation * DQuat::from_rotation_x(-pitch);
        self.orientation = turned.normalize();
    }

    /// Turns the picture a quarter clockwise.
    pub fn roll_quarter(&mut self) {
        let quarter = DQuat::from_rotation_z(-std::f64::consts::FRAC_PI_2);
        self.orientation = (self.orientation * quarter).normalize();
    }

    /// Moves the picture by mm right and down at the target.
    pub fn pan(&mut self, shift_mm: DVec2) {
        let [right, down] = self.axes();
        self.target = self.target - right * shift_mm.x - down * shift_mm.y;
    }

    /// The eye for a picture of a size and a scale, both in the same pixels or points.
    pub fn eye(&self, size: [f64; 2], mm_per_pixel: f64) -> Eye {
        let [right, down] = self.axes();
        Eye {
            target: self.target,
            right,
            down,
            mm_per_pixel,
            size,
            viewer_mm: match self.projection {
                Projection::Perspective => Some(VIEWER_MM),
                Projection::Parallel => None,
            },
        }
    }

    /// Scale at which all points are in a picture of a size, mm per point.
    pub fn fitting_scale(&self, points: &[Point<Lps>], size_points: [f64; 2]) -> f64 {
        let size = size_points.map(|points| points.max(16.0));
        let unit = self.eye([0.0; 2], 1.0);
        let across = points.iter().filter_map(|&point| unit.pixel_of(point));
        let needed = across
            .map(|at| (2.0 * at.x.abs() / size[0]).max(2.0 * at.y.abs() / size[1]))
            .fold(0.0, f64::max);
        // A little room, so that nothing seems cut.
        (1.03 * needed).clamp(0.01, 50.0)
    }
}

fn orientation(right: DVec3, down: DVec3) -> DQuat {
    DQuat::from_mat3(&DMat3::from_cols(right, down, right.cross(down))).normalize()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::OrientationLetters;

    fn letters(camera: &Camera) -> [String; 4] {
        let letters = OrientationLetters::of(&camera.plane());
        [letters.left, letters.up, letters.right, letters.down]
    }

    #[test]
    fn standard_views_have_their_letters_on_the_right_side() {
        let at = Point::new(1., 2., 3.);
        for (view, supine, prone) in [
            (
                StandardView::Anterior,
                ["R", "H", "L", "F"],
                ["R", "H", "L", "F"],
            ),
            // From behind, patient right is at picture right.
            (
                StandardView::Posterior,
                ["L", "H", "R", "F"],
                ["L", "H", "R", "F"],
            ),
            (
                StandardView::Left,
                ["A", "H", "P", "F"],
                ["A", "H", "P", "F"],
            ),
            (
                StandardView::Right,
                ["P", "H", "A", "F"],
                ["P", "H", "A", "F"],
            ),
            (
                StandardView::Feet,
                ["R", "A", "L", "P"],
                ["L", "P", "R", "A"],
            ),
            (
                StandardView::Head,
                ["L", "A", "R", "P"],
                ["R", "P", "L", "A"],
            ),
        ] {
            for (posture, wanted) in [(Posture::Supine, supine), (Posture::Prone, prone)] {
                let camera = Camera::standard(view, posture, at);
                assert_eq!(letters(&camera), wanted, "{view:?} {posture:?}");
                assert_eq!(camera.target, at);
                // The viewer stands where the view says.
                let toward = -camera.forward();
                let name = crate::geometry::letters_of(toward);
                assert!(
                    view.title().contains(&format!("({name})")),
                    "{view:?} {name}"
                );
            }
        }
    }

    #[test]
    fn a_drag_turns_what_lies_in_front_along_with_the_pointer() {
        for view in [
            StandardView::Posterior,
            StandardView::Left,
            StandardView::Anterior,
        ] {
            let camera = Camera::standard(view, Posture::Supine, Point::new(0., 0., 0.));
            let front = camera.target - camera.forward() * 50.0;
            for by in [
                DVec2::new(20., 0.),
                DVec2::new(0., 20.),
                DVec2::new(-14., 9.),
            ] {
                let mut turned = camera;
                turned.orbit(by);
                let eye = |camera: &Camera| camera.eye([200.0; 2], 1.0);
                let moved = eye(&turned).pixel_of(front).unwrap() - DVec2::splat(100.0);
                assert!(
                    moved.dot(by) > 0.9 * moved.length() * by.length(),
                    "{moved} {by}"
                );
            }
        }
    }

    #[test]
    fn turning_sideways_keeps_the_head_up_and_half_a_turn_shows_the_other_side() {
        let mut camera = Camera::standard(
            StandardView::Anterior,
            Posture::Supine,
            Point::new(0., 0., 0.),
        );
        (0..360).for_each(|_| camera.orbit(DVec2::new(1.0, 0.0)));
        assert_eq!(letters(&camera), ["L", "H", "R", "F"]);
        let [_, down] = camera.axes();
        assert!((down.0 + DVec3::Z).length() < 1e-9);
        camera.orbit(DVec2::new(f64::NAN, 0.0));
        assert!(camera.orientation.is_normalized());
    }

    #[test]
    fn a_quarter_turn_is_clockwise() {
        let mut camera = Camera::standard(
            StandardView::Anterior,
            Posture::Supine,
            Point::new(0., 0., 0.),
        );
        camera.roll_quarter();
        // What was up (H) is right, what was left (R) is up.
        assert_eq!(letters(&camera), ["F", "R", "H", "L"]);
    }

    #[test]
    fn panning_moves_the_picture_and_fitting_shows_every_point() {
        for projection in [Projection::Parallel, Projection::Perspective] {
            let mut camera =
                Camera::standard(StandardView::Left, Posture::Supine, Point::new(5., 0., 0.));
            camera.projection = projection;
            let target = camera.target;
            camera.pan(DVec2::new(30., -10.));
            let at = camera.eye([100.0; 2], 0.5).pixel_of(target).unwrap();
            assert!((at - DVec2::new(110., 30.)).length() < 1e-9, "{at}");
            let points = [
                Point::new(-100., 80., 20.),
                Point::new(90., -60., -150.),
                Point::new(0., 10., 140.),
            ];
            let size = [300.0, 500.0];
            let scale = camera.fitting_scale(&points, size);
            let eye = camera.eye(size, scale);
            let places = points.map(|point| eye.pixel_of(point).unwrap());
            let inside = |at: DVec2| at.min_element() >= 0.0 && at.x <= 300.0 && at.y <= 500.0;
            assert!(places.into_iter().all(inside), "{places:?}");
            let margin = |at: DVec2| at.x.min(300.0 - at.x).min(at.y).min(500.0 - at.y);
            let least = places.into_iter().map(margin).fold(f64::INFINITY, f64::min);
            assert!(least < 12.0, "no more room than needed: {least}");
        }
    }
}
