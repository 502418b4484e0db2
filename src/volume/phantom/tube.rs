//! Round tubes along smooth curves: the common shape of nerves, vessels, ribs and gut.

use glam::DVec3;

use super::shape::{Bounds, tapered_capsule};

/// Curve with a radius at each point.
#[derive(Debug, Clone)]
pub(super) struct Tube {
    points_mm: Vec<DVec3>,
    radii_mm: Vec<f64>,
}

impl Tube {
    /// Smooth curve through `nodes` of (point, radius), with `pieces` parts per span.
    pub(super) fn new(nodes: &[(DVec3, f64)], pieces: usize) -> Self {
        let last = nodes.len().saturating_sub(1);
        let get = |i: usize| nodes[i.min(last)];
        let mut points_mm = Vec::new();
        let mut radii_mm = Vec::new();
        for span in 0..last {
            let (p0, p1, p2, p3) = (
                get(span.saturating_sub(1)).0,
                get(span).0,
                get(span + 1).0,
                get(span + 2).0,
            );
            for piece in 0..pieces {
                let t = piece as f64 / pieces as f64;
                let (t2, t3) = (t * t, t * t * t);
                let p = p1 * 2.0
                    + (p2 - p0) * t
                    + (p0 * 2.0 - p1 * 5.0 + p2 * 4.0 - p3) * t2
                    + (p1 * 3.0 - p0 - p2 * 3.0 + p3) * t3;
                points_mm.push(p * 0.5);
                radii_mm.push(get(span).1 + (get(span + 1).1 - get(span).1) * t);
            }
        }
        points_mm.push(get(last).0);
        radii_mm.push(get(last).1);
        Self {
            points_mm,
            radii_mm,
        }
    }

    /// Points along the curve and the radius at each.
    pub(super) fn points_mm(&self) -> impl Iterator<Item = (DVec3, f64)> {
        let radii = self.radii_mm.iter().copied();
        self.points_mm.iter().copied().zip(radii)
    }

    /// Distance to the tube's surface.
    pub(super) fn distance(&self, p_mm: DVec3) -> f64 {
        let mut nearest = f64::INFINITY;
        for (ends, radii) in self.points_mm.windows(2).zip(self.radii_mm.windows(2)) {
            nearest = nearest.min(tapered_capsule(p_mm, ends[0], ends[1], (radii[0], radii[1])).0);
        }
        nearest
    }

    /// Box around the tube.
    pub(super) fn bounds(&self, margin_mm: f64) -> Bounds {
        let thickest = self.radii_mm.iter().copied().fold(0.0, f64::max);
        Bounds::around(&self.points_mm, thickest + margin_mm)
    }
}
