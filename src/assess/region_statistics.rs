//! Mean, spread, extremes and area of an ellipse or rectangle that lies in any plane.
//!
//! Which samples count:
//!
//! - A region that lies in a layer of voxels (a slice as it was acquired, or the same along rows or
//!   columns; no farther from it than 1 % of a voxel anywhere) takes the stored voxels whose centres
//!   lie inside or on its edge, each once and as stored, as DICOM viewers do.
//! - Any other region takes a regular grid in its own plane: through its middle, along its half
//!   axes, at the finest voxel spacing, trilinear. Interpolation smooths: the standard deviation is
//!   then smaller than that of the voxels.
//!
//! The standard deviation is that of the population (divided by n, not n − 1), as OHIF shows it.
//! The area is that of the drawn shape, not of the samples.

use thiserror::Error;

use crate::geometry::{Lps, Point, Vector};
use crate::plan::{Measurement, MeasurementKind};
use crate::volume::Volume;
use crate::volume::sample::{Interpolation, linear_taps, value_at};

/// Farthest that a region may lie from a layer of voxels to count as lying in it, voxels.
const IN_LAYER: f64 = 0.01;
/// What lies no farther outside than this share of a half axis lies on the edge.
const EDGE: f64 = 1e-9;
/// Half axes shorter than this enclose nothing, mm.
const SHORTEST_MM: f64 = 1e-3;
/// Most samples of one region: beyond any volume's diagonal layer at its finest spacing.
const MOST_SAMPLES: f64 = 16_000_000.0;

/// What is enclosed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegionShape {
    /// An ellipse.
    Ellipse,
    /// A rectangle.
    Rectangle,
}

/// A flat region in the patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Region {
    /// What is enclosed.
    pub shape: RegionShape,
    /// Its middle, LPS mm.
    pub center: Point<Lps>,
    /// Two half axes at right angles to one another, mm.
    pub half_axes: [Vector<Lps>; 2],
}

/// What a region holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RegionStatistics {
    /// Mean of the modality values.
    pub mean: f64,
    /// Their standard deviation (population).
    pub standard_deviation: f64,
    /// Least value.
    pub minimum: f64,
    /// Greatest value.
    pub maximum: f64,
    /// Area of the drawn shape, mm².
    pub area_mm2: f64,
    /// Samples taken.
    pub samples: usize,
    /// Whether they are stored voxels.
    pub sampling: Sampling,
}

/// What the samples of a region are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// Stored voxels of one layer.
    Voxels,
    /// A grid in the region's plane, trilinear.
    Interpolated,
}

/// Why a region has no statistics.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum RegionError {
    /// Not an ellipse or a rectangle, or one without an area.
    #[error("The region has no area; draw it larger")]
    Flat,
    /// Some of it is beyond the voxels.
    #[error("Part of the region lies outside the images; move it inside")]
    Outside,
    /// A slice is missing, or not read yet.
    #[error("Part of the region lies on a slice that is missing or not read yet")]
    MissingSlice,
    /// Pixels that stand for no image.
    #[error("Part of the region lies on pixels that the file marks as no image; move it off them")]
    Padding,
    /// Smaller than the voxels.
    #[error("No voxel's centre lies in the region; draw it larger")]
    NoSample,
    /// Absurdly many samples.
    #[error("The region needs more than 16 million samples; draw it smaller")]
    TooLarge,
}

impl Region {
    /// The region of an ellipse or rectangle of a plan; `None` for other kinds and for one whose
    /// half axes enclose nothing. A second half axis that is not quite at right angles is made so.
    pub fn of(drawn: &Measurement) -> Option<Self> {
        let shape = match drawn.kind {
            MeasurementKind::Ellipse => RegionShape::Ellipse,
            MeasurementKind::Rectangle => RegionShape::Rectangle,
            _ => return None,
        };
        let [center, first, second] = *drawn.points.as_slice() else {
            return None;
        };
        let (first, second) = (first - center, second - center);
        let along = first.direction()?;
        let second = second - along * second.dot(along);
        let wide = first.length().min(second.length()) >= SHORTEST_MM;
        wide.then_some(Self {
            shape,
            center,
            half_axes: [first, second],
        })
    }

    /// Area in mm².
    pub fn area_mm2(&self) -> f64 {
        let [a, b] = self.half_axes.map(Vector::length);
        a * b
            * match self.shape {
                RegionShape::Ellipse => std::f64::consts::PI,
                RegionShape::Rectangle => 4.0,
            }
    }

    /// Its edge as a closed line; four corners of a rectangle, `corners` points of an ellipse.
    pub fn outline(&self, corners: usize) -> Vec<Point<Lps>> {
        let [a, b] = self.half_axes;
        match self.shape {
            RegionShape::Rectangle => [(1., 1.), (-1., 1.), (-1., -1.), (1., -1.)]
                .map(|(u, v)| self.center + a * u + b * v)
                .to_vec(),
            RegionShape::Ellipse => (0..corners)
                .map(|corner| {
                    let turn = std::f64::consts::TAU * corner as f64 / corners as f64;
                    self.center + a * turn.cos() + b * turn.sin()
                })
                .collect(),
        }
    }

    /// Inside or on the edge, given as shares of the half axes.
    fn holds(&self, u: f64, v: f64) -> bool {
        match self.shape {
            RegionShape::Ellipse => u * u + v * v <= 1.0 + EDGE,
            RegionShape::Rectangle => u.abs().max(v.abs()) <= 1.0 + EDGE,
        }
    }

    /// Mean, spread and extremes of the modality values inside.
    pub fn statistics(&self, volume: &Volume) -> Result<RegionStatistics, RegionError> {
        let [a, b] = self.half_axes;
        if !(a.length() >= SHORTEST_MM && b.length() >= SHORTEST_MM) {
            return Err(RegionError::Flat);
        }
        let in_voxels = InVoxels::of(self, volume);
        if !in_voxels.inside(volume.size) {
            return Err(RegionError::Outside);
        }
        let mut sums = Sums::default();
        let sampling = if let Some(axis) = in_voxels.layer_across() {
            self.add_voxels(volume, &in_voxels, axis, &mut sums)?;
            Sampling::Voxels
        } else {
            self.add_grid(volume, &mut sums)?;
            Sampling::Interpolated
        };
        if sums.count == 0 {
            return Err(RegionError::NoSample);
        }
        Ok(RegionStatistics {
            mean: sums.mean,
            standard_deviation: (sums.squares / sums.count as f64).max(0.0).sqrt(),
            minimum: sums.minimum,
            maximum: sums.maximum,
            area_mm2: self.area_mm2(),
            samples: sums.count,
            sampling,
        })
    }

    /// Adds the voxels of the layer across `axis` whose centres lie inside.
    fn add_voxels(
        &self,
        volume: &Volume,
        in_voxels: &InVoxels,
        axis: usize,
        sums: &mut Sums,
    ) -> Result<(), RegionError> {
        let mut ranges = in_voxels.ranges(volume.size);
        let layer = in_voxels.center[axis].round().max(0.0) as usize;
        ranges[axis] = layer..layer + 1;
        let [columns, rows, slices] = ranges;
        let [a, b] = self.half_axes;
        for slice in slices {
            for row in rows.clone() {
                for column in columns.clone() {
                    let voxel = Point::new(column as f64, row as f64, slice as f64);
                    let from = volume.lps_from_voxel * voxel - self.center;
                    if self.holds(from.dot(a) / a.dot(a), from.dot(b) / b.dot(b)) {
                        sums.add(voxel_value(volume, column, row, slice)?);
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds a grid in the region's plane at the finest spacing.
    fn add_grid(&self, volume: &Volume, sums: &mut Sums) -> Result<(), RegionError> {
        let step_mm = volume.finest_spacing_mm();
        let [a, b] = self.half_axes;
        let [reach_a, reach_b] = [a, b].map(|half| (half.length() / step_mm + EDGE).floor());
        if !((2.0 * reach_a + 1.0) * (2.0 * reach_b + 1.0) <= MOST_SAMPLES) {
            return Err(RegionError::TooLarge);
        }
        let share_a = step_mm / a.length();
        let share_b = step_mm / b.length();
        for down in -(reach_b as i64)..=reach_b as i64 {
            for across in -(reach_a as i64)..=reach_a as i64 {
                let (u, v) = (across as f64 * share_a, down as f64 * share_b);
                if self.holds(u, v) {
                    sums.add(sampled(volume, self.center + a * u + b * v)?);
                }
            }
        }
        Ok(())
    }
}

/// A region in voxel coordinates.
struct InVoxels {
    center: [f64; 3],
    /// Farthest that it reaches from its middle along each axis.
    reach: [f64; 3],
}

impl InVoxels {
    fn of(region: &Region, volume: &Volume) -> Self {
        let [a, b] = region
            .half_axes
            .map(|half| volume.voxel_from_lps.vector(half).to_array());
        let reach = |axis: usize| match region.shape {
            RegionShape::Ellipse => a[axis].hypot(b[axis]),
            RegionShape::Rectangle => a[axis].abs() + b[axis].abs(),
        };
        Self {
            center: (volume.voxel_from_lps * region.center).to_array(),
            reach: [reach(0), reach(1), reach(2)],
        }
    }

    /// All of it within half a voxel of the outermost voxel centres.
    fn inside(&self, size: [usize; 3]) -> bool {
        (0..3).all(|axis| {
            let (at, reach) = (self.center[axis], self.reach[axis]);
            // False for NaN too.
            at - reach >= -0.5 - EDGE && at + reach <= size[axis] as f64 - 0.5 + EDGE
        })
    }

    /// The axis across the layer of voxels that it lies in, if it lies in one.
    fn layer_across(&self) -> Option<usize> {
        // Slices first: what lies in one is read as acquired.
        [2, 1, 0].into_iter().find(|&axis| {
            let at = self.center[axis];
            (at - at.round()).abs() + self.reach[axis] <= IN_LAYER
        })
    }

    fn ranges(&self, size: [usize; 3]) -> [std::ops::Range<usize>; 3] {
        std::array::from_fn(|axis| {
            let (at, reach) = (self.center[axis], self.reach[axis] + EDGE);
            let first = (at - reach).ceil().max(0.0) as usize;
            let last = (at + reach).floor().max(-1.0) + 1.0;
            first..(last as usize).min(size[axis])
        })
    }
}

fn is_padding(volume: &Volume, stored: f64) -> bool {
    volume
        .padding
        .is_some_and(|[least, greatest]| (least..=greatest).contains(&stored))
}

fn voxel_value(
    volume: &Volume,
    column: usize,
    row: usize,
    slice: usize,
) -> Result<f64, RegionError> {
    let [columns, ..] = volume.size;
    let stored = volume
        .voxels
        .stored(slice, row * columns + column)
        .ok_or(RegionError::MissingSlice)?;
    let value = volume.modality_lut.apply(stored);
    if value.is_nan() || is_padding(volume, stored) {
        return Err(RegionError::Padding);
    }
    Ok(value)
}

/// Trilinear value; no voxel that it depends on may be padding.
fn sampled(volume: &Volume, at: Point<Lps>) -> Result<f64, RegionError> {
    if volume.padding.is_some() {
        let voxel = (volume.voxel_from_lps * at).to_array();
        let [columns, rows, slices] = volume.size;
        let taps = |axis: usize, count| linear_taps(voxel[axis], count);
        let (Some(x), Some(y), Some(z)) = (taps(0, columns), taps(1, rows), taps(2, slices)) else {
            return Err(RegionError::Outside);
        };
        for slice in [z.0, z.1] {
            for row in [y.0, y.1] {
                for column in [x.0, x.1] {
                    let stored = volume.voxels.stored(slice, row * columns + column);
                    if stored.is_some_and(|stored| is_padding(volume, stored)) {
                        return Err(RegionError::Padding);
                    }
                }
            }
        }
    }
    match value_at(volume, at, Interpolation::Linear) {
        Some(value) => Ok(value),
        None if volume.contains(at) => Err(RegionError::MissingSlice),
        None => Err(RegionError::Outside),
    }
}

/// Running mean and squared deviations (Welford 1962): no loss where the mean is large.
struct Sums {
    count: usize,
    mean: f64,
    squares: f64,
    minimum: f64,
    maximum: f64,
}

impl Default for Sums {
    fn default() -> Self {
        Self {
            count: 0,
            mean: 0.0,
            squares: 0.0,
            minimum: f64::INFINITY,
            maximum: f64::NEG_INFINITY,
        }
    }
}

impl Sums {
    fn add(&mut self, value: f64) {
        self.count += 1;
        let off = value - self.mean;
        self.mean += off / self.count as f64;
        self.squares += off * (value - self.mean);
        self.minimum = self.minimum.min(value);
        self.maximum = self.maximum.max(value);
    }
}

#[cfg(test)]
mod tests;
