//! Distances to a segmented structure, for the entry map: quick first, exact where it matters.

use super::clearance_field::ClearanceField;
use crate::geometry::{Lps, Point, Segment};
use crate::volume::structure::DistanceField;

impl ClearanceField for DistanceField {
    fn distance_mm(&self, point: Point<Lps>) -> f64 {
        self.at(point).mm()
    }

    /// What trilinear values between voxel centres may be off by.
    fn slack_mm(&self) -> f64 {
        self.half_diagonal_mm()
    }

    /// The same measure that clearances are audited with, so that map and audit agree.
    fn segment_mm(&self, segment: Segment, _enough_mm: f64) -> Option<f64> {
        Some(self.to_segment(segment, f64::INFINITY).reading.mm())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use glam::DVec3;

    use super::super::Ray;
    use super::*;
    use crate::geometry::{Transform, Vector};
    use crate::volume::structure::{Mask, MaskGrid};

    /// A ball of 6 mm on a grid of 1 × 1.5 × 2 mm.
    fn ball() -> Arc<Mask> {
        let size = [60, 40, 30];
        let spacing = DVec3::new(1.0, 1.5, 2.0);
        let lps_from_voxel =
            Transform::from_columns(DVec3::X * 1.0, DVec3::Y * 1.5, DVec3::Z * 2.0, DVec3::ZERO);
        let grid = Arc::new(MaskGrid::new(size, lps_from_voxel).unwrap());
        let middle = DVec3::splat(30.0);
        let mask = Mask::from_fn(grid, [0; 3], size, |voxel| {
            let at = DVec3::from_array(voxel.map(|n| n as f64)) * spacing;
            at.distance(middle) <= 6.0
        });
        Arc::new(mask.trimmed())
    }

    #[test]
    fn a_way_has_the_clearance_that_the_audit_measures() {
        let field = DistanceField::new(ball(), 25.0, &|| false).unwrap();
        for step in 0..60 {
            let aside = f64::from(step) * 0.35;
            let ray = Ray {
                target: Point::new(30.0 + aside, -10.0, 31.3),
                outwards: Vector::new(0.0, 1.0, 0.0),
                length_mm: 80.0,
            };
            let axis = Segment::new(ray.at(80.0), ray.at(0.0));
            let audited = field.to_segment(axis, f64::INFINITY).reading.mm();
            let found = ray.clearance_mm(&field, 0.0, 8.0, 2.0);
            if (2.0..8.0).contains(&audited) {
                assert!((found - audited).abs() < 1e-9, "{found} for {audited}");
            }
            assert_eq!(found < 2.0, audited < 2.0, "{found} for {audited}");
            assert_eq!(found >= 8.0, audited >= 8.0, "{found} for {audited}");
        }
    }
}
