//! Signed distances and smooth joins, in millimetres: negative inside, about
//! unit slope near the surface. Owns no anatomy.

use glam::{DVec2, DVec3};

/// Polynomial smooth minimum: joins two shapes with a fillet of `blend_mm`.
pub(super) fn smooth_min(a_mm: f64, b_mm: f64, blend_mm: f64) -> f64 {
    let h = (blend_mm - (a_mm - b_mm).abs()).max(0.0);
    a_mm.min(b_mm) - h * h / (4.0 * blend_mm)
}

/// Polynomial smooth maximum: intersects two shapes with a rounded edge.
pub(super) fn smooth_max(a_mm: f64, b_mm: f64, blend_mm: f64) -> f64 {
    -smooth_min(-a_mm, -b_mm, blend_mm)
}

/// 0 below `low`, 1 above `high`, eased between.
pub(super) fn ease(low: f64, high: f64, value: f64) -> f64 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

pub(super) fn lerp(a: f64, b: f64, t: f64) -> f64 {
    a + (b - a) * t
}

/// Distance to an axis-aligned ellipse, first order near its outline.
pub(super) fn ellipse(x_mm: f64, y_mm: f64, half: DVec2) -> f64 {
    let scaled = DVec2::new(x_mm / half.x, y_mm / half.y);
    let radius = scaled.length();
    if radius < 1e-6 {
        return -half.min_element();
    }
    let gradient = (scaled / half).length() / radius;
    (radius - 1.0) / gradient
}

/// Distance to an axis-aligned ellipsoid, first order near its surface.
pub(super) fn ellipsoid(p_mm: DVec3, half: DVec3) -> f64 {
    let scaled = p_mm / half;
    let radius = scaled.length();
    if radius < 1e-6 {
        return -half.min_element();
    }
    (radius - 1.0) * radius / (scaled / half).length()
}

/// Distance to an outline between an ellipse (`squareness` 0) and a rounded rectangle (1).
pub(super) fn superellipse(x_mm: f64, y_mm: f64, half: DVec2, squareness: f64) -> f64 {
    let s = DVec2::new(x_mm / half.x, y_mm / half.y);
    let r2 = s.length();
    if r2 < 1e-6 {
        return -half.min_element();
    }
    let sq = s * s;
    let r4 = sq.length().sqrt();
    let radius = lerp(r2, r4, squareness);
    let g2 = s / r2;
    let g4 = s * sq / (r4 * r4 * r4);
    let gradient = ((g2 + (g4 - g2) * squareness) / half).length();
    (radius - 1.0) / gradient
}

/// Distance to a box with rounded edges; `half` includes the rounding.
pub(super) fn rounded_box(p_mm: DVec3, half: DVec3, rounding_mm: f64) -> f64 {
    let q = p_mm.abs() - (half - DVec3::splat(rounding_mm));
    q.max(DVec3::ZERO).length() + q.max_element().min(0.0) - rounding_mm
}

/// Distance to a capsule whose radius changes along its axis, and the fraction along it.
pub(super) fn tapered_capsule(
    p_mm: DVec3,
    a_mm: DVec3,
    b_mm: DVec3,
    radii_mm: (f64, f64),
) -> (f64, f64) {
    let axis = b_mm - a_mm;
    let along = ((p_mm - a_mm).dot(axis) / axis.length_squared().max(1e-9)).clamp(0.0, 1.0);
    let distance = (p_mm - a_mm - axis * along).length() - lerp(radii_mm.0, radii_mm.1, along);
    (distance, along)
}

/// Box with sides along the axes, in model millimetres.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    pub(super) low_mm: DVec3,
    pub(super) high_mm: DVec3,
}

impl Bounds {
    pub(super) fn around(points_mm: &[DVec3], margin_mm: f64) -> Self {
        let low = points_mm.iter().copied().fold(DVec3::INFINITY, DVec3::min);
        let high = points_mm
            .iter()
            .copied()
            .fold(DVec3::NEG_INFINITY, DVec3::max);
        Self {
            low_mm: low - DVec3::splat(margin_mm),
            high_mm: high + DVec3::splat(margin_mm),
        }
    }
}

/// Function of height given at a few nodes, evaluated with a monotone cubic.
///
/// Outside its nodes it keeps the end values, so a structure never flares away.
#[derive(Debug, Clone)]
pub(super) struct Profile {
    nodes: Vec<(f64, f64, f64)>,
    table: Vec<f64>,
    start_mm: f64,
}

const PROFILE_STEP_MM: f64 = 0.5;

impl Profile {
    /// Builds a profile from (height in mm, value) pairs in any order.
    pub(super) fn new(mut pairs: Vec<(f64, f64)>) -> Self {
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        pairs.dedup_by(|a, b| (a.0 - b.0).abs() < 1e-6);
        let slope = |i: usize, j: usize| (pairs[j].1 - pairs[i].1) / (pairs[j].0 - pairs[i].0);
        let last = pairs.len().saturating_sub(1);
        let nodes: Vec<(f64, f64, f64)> = pairs
            .iter()
            .enumerate()
            .map(|(i, &(z, v))| {
                if i == 0 || i == last {
                    return (z, v, 0.0);
                }
                let (below, above) = (slope(i - 1, i), slope(i, i + 1));
                // Harmonic mean keeps the curve between its nodes (Fritsch-Carlson).
                let tangent = if below * above <= 0.0 {
                    0.0
                } else {
                    2.0 * below * above / (below + above)
                };
                (z, v, tangent)
            })
            .collect();
        let start_mm = nodes.first().map_or(0.0, |n| n.0);
        let end_mm = nodes.last().map_or(0.0, |n| n.0);
        let mut profile = Self {
            nodes,
            table: Vec::new(),
            start_mm,
        };
        let count = ((end_mm - start_mm) / PROFILE_STEP_MM).ceil() as usize + 2;
        profile.table = (0..count)
            .map(|i| profile.cubic(start_mm + i as f64 * PROFILE_STEP_MM))
            .collect();
        profile
    }

    fn cubic(&self, z_mm: f64) -> f64 {
        let Some(first) = self.nodes.first() else {
            return 0.0;
        };
        if z_mm <= first.0 {
            return first.1;
        }
        for pair in self.nodes.windows(2) {
            let (a, b) = (pair[0], pair[1]);
            if z_mm <= b.0 {
                let h = b.0 - a.0;
                let t = (z_mm - a.0) / h;
                let (t2, t3) = (t * t, t * t * t);
                return a.1 * (2.0 * t3 - 3.0 * t2 + 1.0)
                    + a.2 * h * (t3 - 2.0 * t2 + t)
                    + b.1 * (3.0 * t2 - 2.0 * t3)
                    + b.2 * h * (t3 - t2);
            }
        }
        self.nodes.last().map_or(0.0, |n| n.1)
    }

    /// Value at a height in mm.
    pub(super) fn at(&self, z_mm: f64) -> f64 {
        let position =
            ((z_mm - self.start_mm) / PROFILE_STEP_MM).clamp(0.0, (self.table.len() - 1) as f64);
        let index = (position as usize).min(self.table.len() - 2);
        lerp(
            self.table[index],
            self.table[index + 1],
            position - index as f64,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ellipse_distance_is_exact_on_the_axes() {
        let half = DVec2::new(20.0, 10.0);
        assert!((ellipse(21.0, 0.0, half) - 1.0).abs() < 1e-9);
        assert!((ellipse(0.0, 9.0, half) + 1.0).abs() < 1e-9);
        assert!((superellipse(21.0, 0.0, half, 0.5) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn profile_passes_through_its_nodes_without_overshoot() {
        let profile = Profile::new(vec![(0.0, 1.0), (10.0, 5.0), (20.0, 5.0), (30.0, 2.0)]);
        assert!((profile.at(10.0) - 5.0).abs() < 1e-9);
        assert!((0..300).all(|i| (1.0..=5.0 + 1e-9).contains(&profile.at(f64::from(i) * 0.1))));
        assert!((profile.at(99.0) - 2.0).abs() < 1e-9);
    }
}
