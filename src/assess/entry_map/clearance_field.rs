//! Distances to a structure, and the smallest one along a path.

use crate::geometry::{Lps, Point, Segment, Vector};

/// Step where the path is as near as it gets, mm. The result is below the true distance by no
/// more than half of it.
const FINE_STEP_MM: f64 = 0.2;

/// Distances to the surface of one structure, anywhere.
pub trait ClearanceField: Sync {
    /// Distance from a point to the structure's surface, mm; 0 or less inside. Where the field
    /// does not reach, a lower bound that grows with the distance from what it covers.
    ///
    /// Between two points it changes by no more than their distance.
    fn distance_mm(&self, point: Point<Lps>) -> f64;

    /// How far [`Self::distance_mm`] may be off, mm.
    fn slack_mm(&self) -> f64 {
        0.0
    }

    /// Smallest distance from a segment to the structure's surface, mm, exact or a lower bound;
    /// asked for where the slack could change a verdict. Above `enough_mm` a lower bound will do.
    fn segment_mm(&self, _segment: Segment, _enough_mm: f64) -> Option<f64> {
        None
    }
}

/// A straight way from a target outwards.
#[derive(Debug, Clone, Copy)]
pub struct Ray {
    /// Where it starts.
    pub target: Point<Lps>,
    /// Unit vector towards the skin.
    pub outwards: Vector<Lps>,
    /// Target to skin, mm.
    pub length_mm: f64,
}

impl Ray {
    /// The point a distance from the target.
    pub fn at(&self, mm: f64) -> Point<Lps> {
        self.target + self.outwards * mm
    }

    /// Smallest distance of the part from `from_mm` outwards to a structure, mm; distances above
    /// `enough_mm` are not told apart, and the search ends below `stop_mm`.
    ///
    /// Never above the true distance: between two samples the distance cannot fall below half of
    /// their sum less their separation (each changes by no more than the way).
    ///
    /// Where the field's own slack leaves open whether a margin is kept, the segment is measured.
    pub fn clearance_mm(
        &self,
        field: &dyn ClearanceField,
        from_mm: f64,
        enough_mm: f64,
        stop_mm: f64,
    ) -> f64 {
        let slack_mm = field.slack_mm();
        let enough = enough_mm + slack_mm;
        let bound_mm = self.bound_mm(field, from_mm, (enough, stop_mm - slack_mm));
        if bound_mm >= enough || bound_mm < stop_mm - slack_mm {
            return bound_mm.min(enough_mm);
        }
        let part = Segment::new(
            self.at(self.length_mm),
            self.at(from_mm.min(self.length_mm)),
        );
        field
            .segment_mm(part, enough_mm)
            .unwrap_or(bound_mm)
            .min(enough_mm)
    }

    fn bound_mm(
        &self,
        field: &dyn ClearanceField,
        from_mm: f64,
        (enough_mm, stop_mm): (f64, f64),
    ) -> f64 {
        let mut at_mm = from_mm.min(self.length_mm);
        let mut here_mm = field.distance_mm(self.at(at_mm));
        let mut least_mm = here_mm.min(enough_mm);
        let mut bound_mm = least_mm;
        while at_mm < self.length_mm && bound_mm >= stop_mm {
            // A NaN distance steps finely rather than for ever.
            let step_mm = (here_mm - least_mm).max(0.0) + FINE_STEP_MM;
            let next_mm = (at_mm + step_mm).min(self.length_mm);
            let there_mm = field.distance_mm(self.at(next_mm));
            bound_mm = bound_mm.min((here_mm + there_mm - (next_mm - at_mm)) / 2.0);
            least_mm = least_mm.min(there_mm);
            (at_mm, here_mm) = (next_mm, there_mm);
        }
        bound_mm
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A ball.
    pub(crate) struct Ball(pub Point<Lps>, pub f64);

    impl ClearanceField for Ball {
        fn distance_mm(&self, point: Point<Lps>) -> f64 {
            point.distance(self.0) - self.1
        }
    }

    #[test]
    fn the_least_distance_along_a_way_is_found_from_below() {
        for step in 0..400 {
            let turn = f64::from(step) * 0.731;
            let ball = Ball(
                Point::new(
                    30.0 * turn.sin(),
                    40.0 + 30.0 * (1.7 * turn).cos(),
                    8.0 * turn.cos(),
                ),
                3.0,
            );
            let ray = Ray {
                target: Point::new(0., 0., 0.),
                outwards: Vector::new(0., 1., 0.),
                length_mm: 80.0,
            };
            let nearest = ray.at(ball.0.0.y.clamp(5.0, 80.0));
            let exact = nearest.distance(ball.0) - 3.0;
            let found = ray.clearance_mm(&ball, 5.0, 1e3, f64::NEG_INFINITY);
            assert!(
                found <= exact + 1e-9 && found >= exact - 0.1,
                "{found} for {exact}"
            );
            let capped = ray.clearance_mm(&ball, 5.0, 12.0, f64::NEG_INFINITY);
            let wanted = exact.min(12.0);
            assert!(
                capped <= wanted + 1e-9 && capped >= wanted - 0.1,
                "{capped} for {wanted}"
            );
            let stopped = ray.clearance_mm(&ball, 5.0, 1e3, 8.0);
            assert_eq!(stopped < 8.0, found < 8.0);
        }
    }
}
