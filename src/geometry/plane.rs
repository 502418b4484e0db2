//! Picture planes in patient space.

use glam::{DQuat, DVec2, DVec3};

use super::{Degrees, Lps, Point, Vector};

/// A plane with the axes of the picture shown on it.
///
/// `right` and `down` are orthonormal LPS directions of the picture; `right × down` points away
/// from the viewer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Plane {
    /// A point of the plane, LPS mm.
    pub origin: Point<Lps>,
    /// Unit direction of the picture's right.
    pub right: Vector<Lps>,
    /// Unit direction of the picture's down.
    pub down: Vector<Lps>,
}

impl Plane {
    /// A plane with the given picture axes; `down` is made perpendicular to `right`.
    ///
    /// `None` where the two are parallel, zero or not finite.
    pub fn new(origin: Point<Lps>, right: Vector<Lps>, down: Vector<Lps>) -> Option<Self> {
        if !origin.is_finite() {
            return None;
        }
        let right = right.direction()?;
        let across = down - right * right.dot(down);
        if across.length() < 1e-6 * down.length() {
            return None;
        }
        Some(Self {
            origin,
            right,
            down: across.direction()?,
        })
    }

    /// Axial plane seen from the feet, patient right at picture left.
    pub fn axial(origin: Point<Lps>) -> Self {
        Self::of_axes(origin, DVec3::X, DVec3::Y)
    }

    /// Coronal plane seen from the front, head up.
    pub fn coronal(origin: Point<Lps>) -> Self {
        Self::of_axes(origin, DVec3::X, DVec3::NEG_Z)
    }

    /// Sagittal plane seen from the patient's left, head up, front at picture left.
    pub fn sagittal(origin: Point<Lps>) -> Self {
        Self::of_axes(origin, DVec3::Y, DVec3::NEG_Z)
    }

    fn of_axes(origin: Point<Lps>, right: DVec3, down: DVec3) -> Self {
        Self {
            origin,
            right: Vector::from_vec(right),
            down: Vector::from_vec(down),
        }
    }

    /// Unit normal, away from the viewer.
    pub fn normal(&self) -> Vector<Lps> {
        self.right.cross(self.down)
    }

    /// Distance in mm of `point` behind the plane as seen by the viewer; negative in front.
    pub fn signed_distance_mm(&self, point: Point<Lps>) -> f64 {
        (point - self.origin).dot(self.normal())
    }

    /// Coordinates of `point` on the plane in mm (right, down) from the origin.
    pub fn in_plane_mm(&self, point: Point<Lps>) -> DVec2 {
        let from_origin = point - self.origin;
        DVec2::new(from_origin.dot(self.right), from_origin.dot(self.down))
    }

    /// The patient point at in-plane coordinates in mm (right, down) from the origin.
    pub fn point_at_mm(&self, in_plane: DVec2) -> Point<Lps> {
        self.origin + self.right * in_plane.x + self.down * in_plane.y
    }

    /// The nearest point of the plane.
    pub fn project(&self, point: Point<Lps>) -> Point<Lps> {
        point - self.normal() * self.signed_distance_mm(point)
    }

    /// The same plane through another point.
    pub fn through(&self, origin: Point<Lps>) -> Self {
        Self { origin, ..*self }
    }

    /// Moved along its normal by `mm` away from the viewer.
    pub fn moved_mm(&self, mm: f64) -> Self {
        self.through(self.origin + self.normal() * mm)
    }

    /// Turned about an axis through its origin, right-handed about `axis`.
    ///
    /// `None` for a zero axis.
    pub fn rotated(&self, axis: Vector<Lps>, by: Degrees) -> Option<Self> {
        let turn = DQuat::from_axis_angle(axis.direction()?.0, by.to_radians());
        Self::new(
            self.origin,
            Vector::from_vec(turn * self.right.0),
            Vector::from_vec(turn * self.down.0),
        )
    }

    /// Plane that contains the needle, entry at the top: down runs along `needle`, right is as
    /// near to `right_hint` as it can be.
    ///
    /// `None` for a needle of no length.
    pub fn along(origin: Point<Lps>, needle: Vector<Lps>, right_hint: Vector<Lps>) -> Option<Self> {
        let down = needle.direction()?;
        let hints = [right_hint, Vector::new(1., 0., 0.), Vector::new(0., 0., 1.)];
        hints.into_iter().find_map(|hint| {
            let right = hint - down * hint.dot(down);
            (right.length() > 1e-3 * hint.length().max(1e-9)).then_some(())?;
            Some(Self {
                origin,
                right: right.direction()?,
                down,
            })
        })
    }

    /// Plane across the needle, seen from the entry toward the target; `down_hint` chooses the
    /// roll.
    ///
    /// `None` for a needle of no length.
    pub fn across(origin: Point<Lps>, needle: Vector<Lps>, down_hint: Vector<Lps>) -> Option<Self> {
        let view = needle.direction()?;
        let hints = [down_hint, Vector::new(0., 0., -1.), Vector::new(0., 1., 0.)];
        hints.into_iter().find_map(|hint| {
            let down = hint - view * hint.dot(view);
            (down.length() > 1e-3 * hint.length().max(1e-9)).then_some(())?;
            let down = down.direction()?;
            Some(Self {
                origin,
                right: down.cross(view),
                down,
            })
        })
    }

    /// Direction of the line in which this plane meets `other`, `None` where they are parallel.
    pub fn meeting_direction(&self, other: &Self) -> Option<Vector<Lps>> {
        let along = self.normal().cross(other.normal());
        (along.length() > 1e-6).then(|| along.direction())?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_planes_look_the_way_the_conventions_say() {
        let at = Point::new(1., 2., 3.);
        // Axial from the feet looks to the head, coronal to the back, sagittal to the right.
        assert_eq!(Plane::axial(at).normal(), Vector::new(0., 0., 1.));
        assert_eq!(Plane::coronal(at).normal(), Vector::new(0., 1., 0.));
        assert_eq!(Plane::sagittal(at).normal(), Vector::new(-1., 0., 0.));
    }

    #[test]
    fn distances_projections_and_coordinates_by_hand() {
        let plane = Plane::coronal(Point::new(0., 10., 0.));
        let p = Point::new(4., 13., -6.);
        assert_eq!(plane.signed_distance_mm(p), 3.0);
        assert_eq!(plane.in_plane_mm(p), DVec2::new(4., 6.));
        assert_eq!(plane.project(p), Point::new(4., 10., -6.));
        assert_eq!(
            plane.point_at_mm(DVec2::new(4., 6.)),
            Point::new(4., 10., -6.)
        );
        assert_eq!(plane.moved_mm(2.0).origin, Point::new(0., 12., 0.));
        assert_eq!(plane.through(p).origin, p);
    }

    #[test]
    fn axes_are_made_orthonormal_or_refused() {
        let plane = Plane::new(
            Point::new(0., 0., 0.),
            Vector::new(2., 0., 0.),
            Vector::new(5., 3., 0.),
        )
        .unwrap();
        assert_eq!(plane.right, Vector::new(1., 0., 0.));
        assert_eq!(plane.down, Vector::new(0., 1., 0.));
        let right = Vector::new(1., 0., 0.);
        assert!(Plane::new(Point::new(0., 0., 0.), right, right).is_none());
        assert!(Plane::new(Point::new(0., 0., 0.), right, Vector::new(0., 0., 0.)).is_none());
        assert!(Plane::new(Point::new(f64::NAN, 0., 0.), right, Vector::new(0., 1., 0.)).is_none());
    }

    #[test]
    fn turning_a_plane_is_right_handed() {
        // A quarter turn about +z takes right (+x) to +y.
        let turned = Plane::axial(Point::new(0., 0., 0.))
            .rotated(Vector::new(0., 0., 2.), Degrees(90.0))
            .unwrap();
        assert!((turned.right - Vector::new(0., 1., 0.)).length() < 1e-12);
        assert!((turned.down - Vector::new(-1., 0., 0.)).length() < 1e-12);
        assert!(
            turned
                .rotated(Vector::new(0., 0., 0.), Degrees(5.0))
                .is_none()
        );
    }

    #[test]
    fn needle_planes_contain_and_cross_the_needle() {
        let needle = Vector::new(46., -72., 18.);
        let entry = Point::new(-68., 150., -12.);
        let along = Plane::along(entry, needle, Vector::new(1., 0., 0.)).unwrap();
        assert!(along.signed_distance_mm(entry + needle).abs() < 1e-12);
        assert!(along.down.dot(needle) > 87.3);
        assert!(along.right.0.x > 0.0);
        let across = Plane::across(entry, needle, Vector::new(0., 0., -1.)).unwrap();
        assert!((across.normal() - needle.direction().unwrap()).length() < 1e-12);
        assert!(across.down.0.z < 0.0);
        // A hint along the needle falls back to another axis.
        let hint_along = Plane::along(entry, Vector::new(3., 0., 0.), Vector::new(1., 0., 0.));
        assert!(hint_along.is_some());
        assert!(Plane::across(entry, Vector::new(0., 0., 0.), needle).is_none());
        assert!(Plane::along(entry, Vector::new(0., 0., 0.), needle).is_none());
    }

    #[test]
    fn planes_meet_in_a_line() {
        let at = Point::new(0., 0., 0.);
        let line = Plane::axial(at)
            .meeting_direction(&Plane::coronal(at))
            .unwrap();
        assert!(line.0.x.abs() > 0.999_999);
        assert!(
            Plane::axial(at)
                .meeting_direction(&Plane::axial(Point::new(0., 0., 9.)))
                .is_none()
        );
    }
}
