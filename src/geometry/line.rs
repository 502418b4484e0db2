//! Line segments in patient space: lengths, closest points and distances.

use super::{Lps, Plane, Point, Vector};

/// A straight piece from `start` to `end`, LPS mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// First end.
    pub start: Point<Lps>,
    /// Second end.
    pub end: Point<Lps>,
}

impl Segment {
    /// From its two ends.
    pub fn new(start: Point<Lps>, end: Point<Lps>) -> Self {
        Self { start, end }
    }

    /// Start to end.
    pub fn vector(self) -> Vector<Lps> {
        self.end - self.start
    }

    /// Length in mm.
    pub fn length_mm(self) -> f64 {
        self.vector().length()
    }

    /// The point a fraction `t` along, 0 at the start.
    pub fn at(self, t: f64) -> Point<Lps> {
        self.start.lerp(self.end, t)
    }

    /// Fraction 0–1 along the segment of its point closest to `point`; 0 for one of no length.
    pub fn closest_fraction(self, point: Point<Lps>) -> f64 {
        let along = self.vector();
        let squared = along.dot(along);
        if squared <= f64::MIN_POSITIVE {
            return 0.0;
        }
        ((point - self.start).dot(along) / squared).clamp(0.0, 1.0)
    }

    /// Distance in mm to a point.
    pub fn distance_to_point_mm(self, point: Point<Lps>) -> f64 {
        self.at(self.closest_fraction(point)).distance(point)
    }

    /// Smallest distance in mm to another segment, ends included (Ericson, Real-Time Collision
    /// Detection, 5.1.9).
    pub fn distance_to_segment_mm(self, other: Self) -> f64 {
        let (d1, d2, r) = (self.vector(), other.vector(), self.start - other.start);
        let (a, e, b) = (d1.dot(d1), d2.dot(d2), d1.dot(d2));
        let (c, f) = (d1.dot(r), d2.dot(r));
        if a <= f64::MIN_POSITIVE {
            return other.distance_to_point_mm(self.start);
        }
        if e <= f64::MIN_POSITIVE {
            return self.distance_to_point_mm(other.start);
        }
        let denominator = a * e - b * b;
        let mut s = if denominator > 1e-12 * a * e {
            ((b * f - c * e) / denominator).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let mut t = (b * s + f) / e;
        if t < 0.0 {
            t = 0.0;
            s = (-c / a).clamp(0.0, 1.0);
        } else if t > 1.0 {
            t = 1.0;
            s = ((b - c) / a).clamp(0.0, 1.0);
        }
        self.at(s).distance(other.at(t))
    }

    /// Fraction along the segment where it crosses `plane`; `None` where it does not, also for a
    /// segment that lies in the plane.
    pub fn crossing_fraction(self, plane: &Plane) -> Option<f64> {
        let (from, to) = (
            plane.signed_distance_mm(self.start),
            plane.signed_distance_mm(self.end),
        );
        let span = from - to;
        if span.abs() < 1e-9 {
            return None;
        }
        let t = from / span;
        (0.0..=1.0).contains(&t).then_some(t)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(a: [f64; 3], b: [f64; 3]) -> Segment {
        Segment::new(a.into(), b.into())
    }

    #[test]
    fn lengths_and_points_along() {
        let s = segment([-68., 150., -12.], [-22., 78., 6.]);
        // Hand check of section 2.8 row 7: sqrt(2116 + 5184 + 324).
        assert!((s.length_mm() - 87.316).abs() < 5e-4);
        assert_eq!(s.at(0.5), Point::new(-45., 114., -3.));
        assert_eq!(s.vector(), Vector::new(46., -72., 18.));
    }

    #[test]
    fn distances_to_points_clamp_to_the_ends() {
        let s = segment([0., 0., 0.], [10., 0., 0.]);
        assert_eq!(s.closest_fraction(Point::new(2.5, 3., 0.)), 0.25);
        assert_eq!(s.distance_to_point_mm(Point::new(4., 3., 4.)), 5.0);
        assert_eq!(s.distance_to_point_mm(Point::new(-3., 4., 0.)), 5.0);
        let dot = segment([1., 1., 1.], [1., 1., 1.]);
        assert_eq!(dot.distance_to_point_mm(Point::new(1., 1., 3.)), 2.0);
    }

    #[test]
    fn distances_between_segments_by_hand() {
        let s = segment([0., 0., 0.], [10., 0., 0.]);
        for (other, wanted) in [
            (segment([5., -5., 3.], [5., 5., 3.]), 3.0), // crossing, 3 above
            (segment([0., 4., 0.], [10., 4., 0.]), 4.0), // parallel
            (segment([13., 4., 0.], [20., 4., 0.]), 5.0), // past the end
            (segment([-3., 0., 4.], [-3., 0., 9.]), 5.0), // before the start
            (segment([2., 0., 7.], [2., 0., 7.]), 7.0),  // a point
            (segment([5., -1., 0.], [5., 1., 0.]), 0.0), // intersecting
        ] {
            assert!((s.distance_to_segment_mm(other) - wanted).abs() < 1e-12);
            assert!((other.distance_to_segment_mm(s) - wanted).abs() < 1e-12);
        }
    }

    #[test]
    fn crosses_a_plane_where_it_should() {
        let plane = Plane::axial(Point::new(0., 0., 5.));
        assert_eq!(
            segment([0., 0., 0.], [0., 0., 20.]).crossing_fraction(&plane),
            Some(0.25)
        );
        assert_eq!(
            segment([0., 0., 6.], [0., 0., 20.]).crossing_fraction(&plane),
            None
        );
        assert_eq!(
            segment([0., 0., 5.], [9., 0., 5.]).crossing_fraction(&plane),
            None
        );
    }
}
