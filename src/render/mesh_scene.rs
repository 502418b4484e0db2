//! What a picture of surfaces shows, as plain data, and how both back ends shade it.
//!
//! Opaque surfaces hide what is behind them. Of a translucent one only the part nearest to the
//! viewer is drawn, over what lies behind it: the far side of a skin would only cloud the view.
//! Translucent surfaces are drawn from the one whose nearest point is farthest.

use std::sync::Arc;

use super::eye::Eye;
use crate::geometry::{Point, Surface};

/// Light that reaches a surface seen edge-on.
pub const AMBIENT: f32 = 0.26;
/// More light on one that faces the viewer.
pub const DIFFUSE: f32 = 0.74;
/// Gloss on one that faces the viewer.
pub const SHINE: f32 = 0.10;
/// How narrow the gloss is.
pub const SHINE_POWER: f32 = 24.0;
/// What of the light reaches the inside of a surface.
pub const INSIDE: f32 = 0.62;
/// How much darker the farthest things are than the nearest.
pub const FADE: f32 = 0.38;
/// How much of its clearness a translucent surface loses where it is seen edge-on.
pub const RIM: f32 = 0.55;

/// Surfaces reach from the target by whole multiples of this, mm, so that a needle that moves
/// leaves the depths of everything else as they are.
const REACH_STEP_MM: f64 = 200.0;

/// Translucent surfaces in a picture with a volume lie in so many veils at most.
pub const MOST_VEILS: usize = 6;

/// Light of a place in a volume whose values hardly change: of no surface.
pub const EVEN: f32 = 0.72;

/// One surface of a picture.
#[derive(Debug, Clone)]
pub struct MeshItem {
    /// Its triangles; the address says which surface it is.
    pub surface: Arc<Surface>,
    /// Red, green, blue.
    pub color: [u8; 3],
    /// 0 invisible, 1 opaque.
    pub opacity: f32,
}

impl MeshItem {
    /// Whether something is seen through it.
    pub fn is_translucent(&self) -> bool {
        self.opacity < 1.0
    }
}

impl PartialEq for MeshItem {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.surface, &other.surface)
            && self.color == other.color
            && self.opacity.to_bits() == other.opacity.to_bits()
    }
}

/// All surfaces of a picture.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MeshScene {
    /// In any order.
    pub items: Vec<MeshItem>,
    /// Behind everything.
    pub background: [u8; 3],
}

impl MeshScene {
    /// How far from the plane of the target everything lies at most, mm, rounded up.
    pub fn reach_mm(&self, eye: &Eye) -> f64 {
        self.reach_with_mm(eye, 0.0)
    }

    /// The same for a picture that also shows something up to `other_mm` from the target.
    pub fn reach_with_mm(&self, eye: &Eye, other_mm: f64) -> f64 {
        let farthest = self
            .items
            .iter()
            .filter_map(|item| item.surface.bounds())
            .flat_map(corners)
            .map(|corner| corner.distance(eye.target))
            .fold(other_mm.max(1.0), f64::max);
        (farthest / REACH_STEP_MM).ceil() * REACH_STEP_MM
    }

    /// Visible opaque surfaces.
    pub fn opaque(&self) -> impl Iterator<Item = &MeshItem> {
        self.items.iter().filter(|item| !item.is_translucent())
    }

    /// Visible translucent surfaces in the order in which they are drawn.
    pub fn translucent(&self, eye: &Eye) -> Vec<&MeshItem> {
        let nearest = |item: &MeshItem| {
            let depths = item.surface.bounds().into_iter().flat_map(corners);
            depths
                .map(|corner| eye.depth_mm(corner))
                .fold(f64::INFINITY, f64::min)
        };
        let seen = self.items.iter().filter(|item| item.is_translucent());
        let mut ordered: Vec<&MeshItem> = seen.filter(|item| item.opacity > 0.0).collect();
        ordered.sort_by(|a, b| nearest(b).total_cmp(&nearest(a)));
        ordered
    }

    /// Translucent surfaces as veils that hang in a volume: each its own where they are few, else
    /// neighbours in depth share one, of which the nearest place is drawn.
    pub fn veils(&self, eye: &Eye) -> Vec<Vec<&MeshItem>> {
        let ordered = self.translucent(eye);
        let share = ordered.len().div_ceil(MOST_VEILS).max(1);
        ordered.chunks(share).map(<[_]>::to_vec).collect()
    }
}

/// The eight corners of a box.
fn corners<S>([low, high]: [Point<S>; 2]) -> [Point<S>; 8] {
    let (low, high) = (low.0, high.0);
    std::array::from_fn(|n| {
        let pick = |axis: usize| if n >> axis & 1 == 0 { low } else { high };
        Point::new(pick(0).x, pick(1).y, pick(2).z)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Vector, solid};

    #[test]
    fn translucent_surfaces_are_drawn_from_the_back() {
        let item = |y: f64, radius_mm: f64, opacity: f32| MeshItem {
            surface: Arc::new(Surface::new(solid::sphere(
                Point::new(0., y, 0.),
                radius_mm,
                1,
            ))),
            color: [255; 3],
            opacity,
        };
        let scene = MeshScene {
            items: vec![
                item(0., 90., 0.2),
                item(40., 10., 0.5),
                item(-40., 10., 0.5),
                item(0., 5., 1.0),
                item(0., 300., 0.0),
            ],
            background: [0; 3],
        };
        let eye = Eye {
            target: Point::new(0., 0., 0.),
            right: Vector::new(1., 0., 0.),
            down: Vector::new(0., 0., -1.),
            mm_per_pixel: 1.0,
            size: [100.0; 2],
            viewer_mm: None,
        };
        // From the front: y grows away from the viewer; the large skin is nearest.
        let order = scene.translucent(&eye);
        let wanted = [&scene.items[1], &scene.items[2], &scene.items[0]];
        assert_eq!(order, wanted);
        assert_eq!(scene.opaque().count(), 1);
        // 300 mm of radius: the corner of the box is 520 mm away.
        assert_eq!(scene.reach_mm(&eye), 600.0);
    }
}
