//! Transfer functions: which colour and opacity a value of a volume has in a ray-cast picture.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Most points of a function: more cannot be told apart in an editor.
pub const MOST_POINTS: usize = 24;
/// Highest opacity of one millimetre.
pub const MOST_OPACITY: f64 = 0.99;

/// One point of a transfer function; between two points everything changes evenly.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct TransferPoint {
    /// Modality value (HU in CT).
    pub value: f64,
    /// Red, green, blue.
    pub color: [u8; 3],
    /// What share of the light a millimetre of it stops, 0–[`MOST_OPACITY`].
    pub opacity_per_mm: f64,
}

impl TransferPoint {
    /// A point.
    pub const fn new(value: f64, color: [u8; 3], opacity_per_mm: f64) -> Self {
        Self {
            value,
            color,
            opacity_per_mm,
        }
    }
}

/// Why points make no transfer function.
#[derive(Debug, Clone, Copy, PartialEq, Error)]
pub enum TransferFunctionError {
    /// Too few or too many.
    #[error("A transfer function has 2 to {MOST_POINTS} points, not {0}")]
    Count(usize),
    /// A value or edge that is no number, or values out of order.
    #[error("The values of a transfer function must be numbers that ascend; {0} does not")]
    Order(f64),
    /// An opacity that is none.
    #[error("The opacity of a millimetre must lie between 0 and {MOST_OPACITY}, not at {0}")]
    Opacity(f64),
    /// A gradient that is none.
    #[error("The gradient of full shading must be above 0 per mm, not {0}")]
    Edge(f64),
}

/// Colour and opacity of every value; checked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct TransferFunction {
    points: Vec<TransferPoint>,
    edge_per_mm: f64,
}

/// As it stands in a file.
#[derive(Deserialize)]
struct Unchecked {
    points: Vec<TransferPoint>,
    edge_per_mm: f64,
}

impl TryFrom<Unchecked> for TransferFunction {
    type Error = TransferFunctionError;

    fn try_from(file: Unchecked) -> Result<Self, Self::Error> {
        Self::new(file.points, file.edge_per_mm)
    }
}

impl TransferFunction {
    /// From points in ascending order of their values, and the gradient (values per mm) from which
    /// on a place is shaded as a surface. What changes less is noise and is lit evenly.
    pub fn new(
        points: Vec<TransferPoint>,
        edge_per_mm: f64,
    ) -> Result<Self, TransferFunctionError> {
        if !(2..=MOST_POINTS).contains(&points.len()) {
            return Err(TransferFunctionError::Count(points.len()));
        }
        let mut below = f64::NEG_INFINITY;
        for point in &points {
            if !point.value.is_finite() || point.value <= below {
                return Err(TransferFunctionError::Order(point.value));
            }
            below = point.value;
            if !(0.0..=MOST_OPACITY).contains(&point.opacity_per_mm) {
                return Err(TransferFunctionError::Opacity(point.opacity_per_mm));
            }
        }
        if !(edge_per_mm.is_finite() && edge_per_mm > 0.0) {
            return Err(TransferFunctionError::Edge(edge_per_mm));
        }
        Ok(Self {
            points,
            edge_per_mm,
        })
    }

    /// Its points, values ascending.
    pub fn points(&self) -> &[TransferPoint] {
        &self.points
    }

    /// Gradient of full shading, values per mm.
    pub fn edge_per_mm(&self) -> f64 {
        self.edge_per_mm
    }

    /// Least and greatest value of its points.
    pub fn span(&self) -> [f64; 2] {
        let value = |point: Option<&TransferPoint>| point.map_or(0.0, |point| point.value);
        [value(self.points.first()), value(self.points.last())]
    }

    /// Colour (0–1) and opacity of a millimetre of a value. Before the first and after the last
    /// point it is that of the point.
    pub fn at(&self, value: f64) -> ([f64; 3], f64) {
        let after = self.points.partition_point(|point| point.value <= value);
        let low = self.points.get(after.saturating_sub(1));
        let high = self.points.get(after).or(low);
        let (Some(low), Some(high)) = (low, high) else {
            return ([0.0; 3], 0.0);
        };
        let width = high.value - low.value;
        let share = if width > 0.0 {
            ((value - low.value) / width).clamp(0.0, 1.0)
        } else {
            0.0
        };
        let mix = |a: f64, b: f64| a + share * (b - a);
        let [low_color, high_color] = [low, high].map(|p| p.color.map(|c| f64::from(c) / 255.0));
        let color = glam::DVec3::from(low_color).lerp(glam::DVec3::from(high_color), share);
        (
            color.to_array(),
            mix(low.opacity_per_mm, high.opacity_per_mm),
        )
    }

    /// Extinction of a value, 1/mm: a millimetre lets exp(−extinction) through.
    pub fn extinction_at(&self, value: f64) -> f64 {
        extinction_of(self.at(value).1)
    }

    /// With a point moved, between its neighbours.
    pub fn with_point(&self, index: usize, to: TransferPoint) -> Self {
        let mut changed = self.clone();
        let neighbour = |index: Option<usize>| Some(self.points.get(index?)?.value);
        let [first, last] = self.span();
        // Room for a drag at the ends; in between values stay apart.
        let apart = 1e-3 * (last - first).max(1e-6);
        let low = neighbour(index.checked_sub(1)).map_or(f64::NEG_INFINITY, |v| v + apart);
        let high = neighbour(index.checked_add(1)).map_or(f64::INFINITY, |v| v - apart);
        if let Some(point) = changed.points.get_mut(index)
            && to.value.is_finite()
            && to.opacity_per_mm.is_finite()
            && low <= high
        {
            *point = TransferPoint {
                value: to.value.clamp(low, high),
                opacity_per_mm: to.opacity_per_mm.clamp(0.0, MOST_OPACITY),
                ..to
            };
        }
        changed
    }

    /// With a point more on its course, at a value; the same where there is no room.
    pub fn with_point_at(&self, value: f64) -> Self {
        let (color, opacity_per_mm) = self.at(value);
        let color = color.map(|c| (c * 255.0).round() as u8);
        let mut points = self.points.clone();
        let at = points.partition_point(|point| point.value < value);
        points.insert(at, TransferPoint::new(value, color, opacity_per_mm));
        Self::new(points, self.edge_per_mm).unwrap_or_else(|_| self.clone())
    }

    /// Without a point; the same where only two are left.
    pub fn without_point(&self, index: usize) -> Self {
        let mut points = self.points.clone();
        if index < points.len() {
            points.remove(index);
        }
        Self::new(points, self.edge_per_mm).unwrap_or_else(|_| self.clone())
    }
}

/// Extinction, 1/mm, that makes a millimetre so opaque.
pub(super) fn extinction_of(opacity_per_mm: f64) -> f64 {
    -(-opacity_per_mm.clamp(0.0, MOST_OPACITY)).ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp() -> TransferFunction {
        let points = vec![
            TransferPoint::new(100.0, [0, 0, 0], 0.0),
            TransferPoint::new(200.0, [255, 100, 0], 0.5),
            TransferPoint::new(400.0, [255, 255, 255], 0.9),
        ];
        TransferFunction::new(points, 50.0).unwrap()
    }

    #[test]
    fn between_points_everything_changes_evenly_and_beyond_them_nothing() {
        let ramp = ramp();
        assert_eq!(ramp.at(150.0), ([0.5, 50.0 / 255.0, 0.0], 0.25));
        assert_eq!(ramp.at(-3000.0), ([0.0; 3], 0.0));
        assert_eq!(ramp.at(5000.0), ([1.0; 3], 0.9));
        assert!((ramp.at(250.0).1 - 0.6).abs() < 1e-12);
        // Half of the light: one half-value layer, ln 2.
        assert!((ramp.extinction_at(200.0) - std::f64::consts::LN_2).abs() < 1e-12);
        assert_eq!(ramp.extinction_at(100.0), 0.0);
    }

    #[test]
    fn what_is_no_function_is_refused_with_the_number() {
        let with = |points: Vec<TransferPoint>| TransferFunction::new(points, 50.0);
        let point = |value, opacity| TransferPoint::new(value, [0; 3], opacity);
        let text = |result: Result<TransferFunction, TransferFunctionError>| {
            result.unwrap_err().to_string()
        };
        assert!(text(with(vec![point(0.0, 0.0)])).contains("not 1"));
        let many = (0..99).map(|n| point(f64::from(n), 0.0)).collect();
        assert!(text(with(many)).contains("99"));
        assert!(text(with(vec![point(7.0, 0.0), point(7.0, 0.1)])).contains('7'));
        assert!(text(with(vec![point(f64::NAN, 0.0), point(7.0, 0.1)])).contains("NaN"));
        assert!(text(with(vec![point(0.0, 0.0), point(7.0, 1.5)])).contains("1.5"));
        let flat = TransferFunction::new(ramp().points().to_vec(), 0.0);
        assert!(text(flat).contains("per mm"));
    }

    #[test]
    fn a_function_survives_a_file_and_a_damaged_one_is_refused() {
        let text = serde_json::to_string(&ramp()).unwrap();
        assert_eq!(
            serde_json::from_str::<TransferFunction>(&text).unwrap(),
            ramp()
        );
        let damaged = text.replace("200.0", "20.0");
        let error = serde_json::from_str::<TransferFunction>(&damaged).unwrap_err();
        assert!(error.to_string().contains("ascend"), "{error}");
    }

    #[test]
    fn points_are_moved_between_their_neighbours_added_and_taken_away() {
        let ramp = ramp();
        let moved = ramp.with_point(1, TransferPoint::new(9000.0, [1, 2, 3], 7.0));
        let point = moved.points()[1];
        assert!(point.value < 400.0 && point.value > 399.0, "{point:?}");
        assert_eq!(
            (point.color, point.opacity_per_mm),
            ([1, 2, 3], MOST_OPACITY)
        );
        let last = ramp.with_point(2, TransferPoint::new(900.0, [9; 3], 0.3));
        assert_eq!(last.span(), [100.0, 900.0]);
        assert_eq!(ramp.with_point(8, point), ramp);
        let more = ramp.with_point_at(300.0);
        assert_eq!(more.points().len(), 4);
        for value in [120.0, 260.0, 300.0, 390.0] {
            assert!((more.at(value).1 - ramp.at(value).1).abs() < 1e-9);
        }
        assert_eq!(ramp.with_point_at(200.0), ramp, "there is one already");
        assert_eq!(more.without_point(2), ramp);
        assert_eq!(ramp.without_point(0).without_point(0).points().len(), 2);
    }
}
