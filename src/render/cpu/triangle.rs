//! Triangles in the picture: snapped corners, which pixels they cover, how deep they lie there.

use glam::{Mat4, Vec3};

/// Parts of a pixel that corners are snapped to.
const PARTS: f32 = 256.0;
/// Largest snapped coordinate: products of two stay far from overflow.
const FARTHEST: f32 = 1e9;

/// A corner of a triangle in the picture.
#[derive(Debug, Clone, Copy)]
pub(super) struct Corner {
    /// 1/256 pixels.
    x: i32,
    y: i32,
    depth: f32,
    /// 1 / w; NaN for one that cannot be drawn.
    pub(super) inverse_w: f32,
}

/// A patient point, mm from the target, in the picture.
pub(super) fn corner(clip: Mat4, half_size: [f32; 2], at: Vec3) -> Corner {
    let clip = clip * at.extend(1.0);
    let inverse_w = clip.w.recip();
    let x = (clip.x * inverse_w + 1.0) * half_size[0] * PARTS;
    let y = (1.0 - clip.y * inverse_w) * half_size[1] * PARTS;
    let drawn = clip.w > 0.0 && x.abs() < FARTHEST && y.abs() < FARTHEST;
    Corner {
        x: x.round_ties_even() as i32,
        y: y.round_ties_even() as i32,
        depth: clip.z * inverse_w,
        inverse_w: if drawn { inverse_w } else { f32::NAN },
    }
}

/// Left, top, right and bottom pixel whose centres the box of a triangle covers.
pub(super) fn pixels_of(corners: [Corner; 3], width: usize, height: usize) -> Option<[usize; 4]> {
    let [a, b, c] = corners;
    let half = PARTS as i32 / 2;
    let first = |low: i32| ((low + half - 1) >> 8).max(0);
    let last = |high: i32, count: usize| ((high - half) >> 8).min(count as i32 - 1);
    let (left, top) = (first(a.x.min(b.x).min(c.x)), first(a.y.min(b.y).min(c.y)));
    let (right, bottom) = (
        last(a.x.max(b.x).max(c.x), width),
        last(a.y.max(b.y).max(c.y), height),
    );
    let covered = left <= right && top <= bottom;
    covered.then(|| [left, top, right, bottom].map(|n| n as usize))
}

/// Twice the area to the left of the line from `a` to `b`, as seen from a point, 1/256 pixels.
fn side(a: Corner, b: Corner, x: i64, y: i64) -> i64 {
    (i64::from(b.x) - i64::from(a.x)) * (y - i64::from(a.y))
        - (i64::from(b.y) - i64::from(a.y)) * (x - i64::from(a.x))
}

/// Middle of a pixel in 1/256 pixels.
fn middle(pixel: usize) -> i64 {
    pixel as i64 * 256 + 128
}

/// Where a pixel lies as seen from the three sides of a triangle; all 0 or more inside.
pub(super) struct Edges {
    pub(super) sides: [i64; 3],
    pub(super) step_x: [i64; 3],
    step_y: [i64; 3],
    pub(super) depth: f32,
    pub(super) depth_x: f32,
    depth_y: f32,
}

impl Edges {
    pub(super) fn new(corners: [Corner; 3], left: usize, top: usize) -> Option<Self> {
        let [a, b, c] = corners;
        let area = side(a, b, i64::from(c.x), i64::from(c.y));
        if area == 0 {
            return None;
        }
        // Seen from either side.
        let [a, b, c] = if area > 0 { [a, b, c] } else { [a, c, b] };
        let (x, y) = (middle(left), middle(top));
        let lines = [(b, c), (c, a), (a, b)];
        let sides = lines.map(|(from, to)| side(from, to, x, y));
        let step_x = lines.map(|(from, to)| (i64::from(from.y) - i64::from(to.y)) * 256);
        let step_y = lines.map(|(from, to)| (i64::from(to.x) - i64::from(from.x)) * 256);
        let whole = 1.0 / area.abs() as f64;
        let depths = [a, b, c].map(|corner| f64::from(corner.depth));
        let mean = |shares: [i64; 3]| -> f32 {
            let pairs = shares.iter().zip(depths);
            pairs.map(|(s, d)| *s as f64 * whole * d).sum::<f64>() as f32
        };
        Some(Self {
            sides,
            step_x,
            step_y,
            depth: mean(sides),
            depth_x: mean(step_x),
            depth_y: mean(step_y),
        })
    }

    pub(super) fn next_row(&mut self) {
        for (side, step) in self.sides.iter_mut().zip(self.step_y) {
            *side += step;
        }
        self.depth += self.depth_y;
    }
}

/// Shares of the three corners at a pixel, as they are in space.
pub(super) fn shares(corners: [Corner; 3], x: usize, y: usize) -> Option<[f32; 3]> {
    let [a, b, c] = corners;
    let (x, y) = (middle(x), middle(y));
    let flat = [(b, c), (c, a), (a, b)].map(|(from, to)| side(from, to, x, y) as f32);
    let weights = [
        flat[0] * a.inverse_w,
        flat[1] * b.inverse_w,
        flat[2] * c.inverse_w,
    ];
    let sum: f32 = weights.iter().sum();
    (sum != 0.0).then(|| weights.map(|weight| weight / sum))
}
