//! One viewport's screen area in patient space: the border between screen points and LPS.

use glam::DVec2;

use crate::geometry::{Lps, Plane, Point};

/// The plane under a viewport at one moment, with its scale and size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ViewFrame {
    /// Plane shown; its origin is in the middle of the viewport.
    pub plane: Plane,
    /// Patient mm per screen point.
    pub mm_per_point: f64,
    /// Width and height in screen points.
    pub size_points: [f64; 2],
}

impl ViewFrame {
    fn middle(&self) -> DVec2 {
        DVec2::from_array(self.size_points) / 2.0
    }

    /// The patient point at screen points from the viewport's top-left corner.
    pub fn lps_at(&self, points: DVec2) -> Point<Lps> {
        self.plane
            .point_at_mm((points - self.middle()) * self.mm_per_point)
    }

    /// Where a patient point, moved onto the plane, appears: points from the top-left corner.
    pub fn points_of(&self, at: Point<Lps>) -> DVec2 {
        self.plane.in_plane_mm(at) / self.mm_per_point + self.middle()
    }

    /// Whether points lie inside the viewport, at least `margin` from its border.
    pub fn contains(&self, points: DVec2, margin: f64) -> bool {
        points.cmpge(DVec2::splat(margin)).all()
            && points
                .cmple(DVec2::from_array(self.size_points) - margin)
                .all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screen_points_and_patient_points_are_inverse() {
        let frame = ViewFrame {
            plane: Plane::sagittal(Point::new(5., 10., 20.)),
            mm_per_point: 0.5,
            size_points: [400.0, 300.0],
        };
        assert_eq!(
            frame.lps_at(DVec2::new(200., 150.)),
            Point::new(5., 10., 20.)
        );
        // 10 points right is 5 mm to the back, 10 down is 5 mm to the feet.
        let at = frame.lps_at(DVec2::new(210., 160.));
        assert_eq!(at, Point::new(5., 15., 15.));
        assert_eq!(frame.points_of(at), DVec2::new(210., 160.));
        assert!(frame.contains(DVec2::new(399., 1.), 0.0));
        assert!(!frame.contains(DVec2::new(399., 1.), 2.0));
    }
}
