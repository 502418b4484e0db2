//! Ellipsoids of revolution and the ellipses in which planes cut them.

use std::f64::consts::TAU;

use glam::{DVec2, DVec3};

use super::{Lps, Plane, Point, Vector};

/// An ellipsoid of revolution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spheroid {
    /// Its middle, LPS mm.
    pub center: Point<Lps>,
    /// Unit direction of the axis it is turned about.
    axis: DVec3,
    /// Half of its length along the axis, mm.
    half_length_mm: f64,
    /// Its largest radius across the axis, mm.
    radius_mm: f64,
}

impl Spheroid {
    /// `None` for an axis of no length, or a size that is not positive and finite.
    pub fn new(
        center: Point<Lps>,
        axis: Vector<Lps>,
        half_length_mm: f64,
        radius_mm: f64,
    ) -> Option<Self> {
        let sound = |mm: f64| mm.is_finite() && mm > 0.0;
        if !(center.is_finite() && sound(half_length_mm) && sound(radius_mm)) {
            return None;
        }
        Some(Self {
            center,
            axis: axis.direction()?.0,
            half_length_mm,
            radius_mm,
        })
    }

    /// The product `aᵀ Q b` of the quadratic form whose value is 1 on the surface.
    fn form(&self, a: DVec3, b: DVec3) -> f64 {
        let (along_a, along_b) = (a.dot(self.axis), b.dot(self.axis));
        let across = a.dot(b) - along_a * along_b;
        across / self.radius_mm.powi(2) + along_a * along_b / self.half_length_mm.powi(2)
    }

    /// Whether a point lies inside or on the surface.
    pub fn contains(&self, point: Point<Lps>) -> bool {
        let from_center = (point - self.center).0;
        self.form(from_center, from_center) <= 1.0
    }

    /// The ellipse in which a plane cuts it, as `corners` points in order; `None` where the plane
    /// passes it by.
    ///
    /// On the plane the form is `uᵀ M u + 2 b·u + k`; with the triangular root L of M every point
    /// of the ellipse is `u = −M⁻¹ b + √(1 − k₀) L⁻ᵀ (cos θ, sin θ)`.
    pub fn cut(&self, plane: &Plane, corners: usize) -> Option<Vec<Point<Lps>>> {
        let (right, down) = (plane.right.0, plane.down.0);
        let from_center = (plane.origin - self.center).0;
        let (m_rr, m_rd, m_dd) = (
            self.form(right, right),
            self.form(right, down),
            self.form(down, down),
        );
        let b = DVec2::new(self.form(from_center, right), self.form(from_center, down));
        // The form is positive definite, and so is its part on the plane.
        let det = m_rr * m_dd - m_rd * m_rd;
        let middle = -DVec2::new(m_dd * b.x - m_rd * b.y, m_rr * b.y - m_rd * b.x) / det;
        let left_over = 1.0 - (self.form(from_center, from_center) + b.dot(middle));
        if !(left_over.is_finite() && left_over > 0.0) {
            return None;
        }
        let l_rr = m_rr.sqrt();
        let l_dr = m_rd / l_rr;
        let l_dd = (m_dd - l_dr * l_dr).sqrt();
        let ellipse = (0..corners).map(|corner| {
            let (sin, cos) = (TAU * corner as f64 / corners as f64).sin_cos();
            let y = sin / l_dd;
            let x = (cos - l_dr * y) / l_rr;
            plane.point_at_mm(middle + DVec2::new(x, y) * left_over.sqrt())
        });
        Some(ellipse.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 15 mm long and 4.4 mm wide about a direction in no plane of the axes.
    fn lesion() -> Spheroid {
        let axis = Vector::new(1.0, -2.0, 0.5);
        Spheroid::new(Point::new(3.0, 4.0, 5.0), axis, 7.5, 2.2).unwrap()
    }

    #[test]
    fn cuts_along_and_across_have_its_own_sizes() {
        let lesion = lesion();
        let axis = Vector::from_vec(lesion.axis);
        let along = Plane::along(lesion.center, axis, Vector::new(1., 0., 0.)).unwrap();
        let ellipse = lesion.cut(&along, 720).unwrap();
        let far = |direction: Vector<Lps>| {
            let reach = |at: &Point<Lps>| (*at - lesion.center).dot(direction);
            ellipse.iter().map(reach).fold(0.0, f64::max)
        };
        assert!((far(along.down) - 7.5).abs() < 1e-3);
        assert!((far(along.right) - 2.2).abs() < 1e-3);
        // Halfway to the pole the circle has a radius of 2.2 · √(1 − ¼).
        let across = Plane::across(lesion.center, axis, Vector::new(0., 0., 1.)).unwrap();
        let across = across.through(lesion.center + axis * 3.75);
        for at in lesion.cut(&across, 36).unwrap() {
            let radius = at.distance(across.origin);
            assert!((radius - 2.2 * 0.75_f64.sqrt()).abs() < 1e-9, "{radius}");
        }
    }

    #[test]
    fn every_point_of_a_cut_lies_on_the_plane_and_on_the_surface() {
        let lesion = lesion();
        for plane in [
            Plane::axial(Point::new(0., 0., 4.0)),
            Plane::sagittal(Point::new(5.0, 0., 0.)),
            Plane::coronal(Point::new(0., 6.5, 0.)),
        ] {
            for at in lesion.cut(&plane, 48).unwrap() {
                let off = (at - lesion.center).0;
                assert!((lesion.form(off, off) - 1.0).abs() < 1e-9);
                assert!(plane.signed_distance_mm(at).abs() < 1e-9);
                let inwards = at + (lesion.center - at) * 0.01;
                assert!(lesion.contains(inwards));
            }
        }
        assert_eq!(lesion.cut(&Plane::axial(Point::new(0., 0., 15.)), 48), None);
        assert!(!lesion.contains(Point::new(0., 0., 0.)));
        let none = Vector::new(0., 0., 0.);
        assert_eq!(Spheroid::new(lesion.center, none, 1.0, 1.0), None);
        assert_eq!(
            Spheroid::new(lesion.center, Vector::new(1., 0., 0.), 0.0, 1.0),
            None
        );
    }
}
