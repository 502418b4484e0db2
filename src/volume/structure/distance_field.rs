//! The signed distance to a structure around it, to be asked at any point.
//!
//! Distances are those to the surface of the union of the voxel boxes, positive outside, negative
//! inside. They are exact at voxel centres; between them the trilinear value is off by less than
//! half a voxel's diagonal, by far the most at single corners. [`DistanceField::to_segment`]
//! finishes on the voxel boxes themselves and is exact outside.

use std::sync::Arc;

use glam::{DVec3, I64Vec3};
use thiserror::Error;

use super::distance_transform::signed_distance_map;
use super::mask::Mask;
use crate::budget::{MEMORY, OverBudget, Reservation};
use crate::geometry::{Lps, Point, Voxel};

/// Farthest that a field may reach, mm.
pub const FARTHEST_REACH_MM: f64 = 500.0;

/// Cosine up to which two axes of a grid count as perpendicular: headers round their direction
/// cosines. It makes a distance wrong by a thousandth of itself at most.
const PERPENDICULAR: f64 = 1e-3;

/// Why there is no field.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum DistanceFieldError {
    /// No voxels.
    #[error("The structure has no voxels, so there is no distance to it; leave it out")]
    Empty,
    /// Axes that are not perpendicular.
    #[error(
        "The structure lies on a sheared grid (its axes meet at {0:.2}° instead of 90°, as with a \
         tilted gantry), on which distances are not exact; segment a series without tilt"
    )]
    Sheared(f64),
    /// A reach that makes no sense.
    #[error("A distance field reaches between 0 and {FARTHEST_REACH_MM} mm, not {0} mm")]
    Reach(f64),
    /// It does not fit.
    #[error(transparent)]
    Memory(#[from] OverBudget),
    /// Stopped on request.
    #[error("Stopped")]
    Stopped,
}

/// A distance, or what is known of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Reading {
    /// Signed distance to the surface, mm.
    Mm(f64),
    /// Beyond the field: at least so many mm.
    AtLeast(f64),
}

impl Reading {
    /// The number, whichever it is: what can be relied on as a lower bound.
    pub fn mm(self) -> f64 {
        match self {
            Self::Mm(mm) | Self::AtLeast(mm) => mm,
        }
    }
}

/// Distances to one structure, on the lattice of its mask and a margin around it.
#[derive(Debug)]
pub struct DistanceField {
    mask: Arc<Mask>,
    /// Voxel of the mask's grid that the first value belongs to; may lie outside the grid.
    first: I64Vec3,
    size: [usize; 3],
    spacing_mm: DVec3,
    /// The smallest box that holds all voxel boxes, grid mm (see [`Self::to_grid_mm`]).
    bounds_mm: [DVec3; 2],
    reach_mm: f64,
    values: Vec<f32>,
    _booked: Reservation,
}

impl DistanceField {
    /// Computes the field of a structure up to `reach_mm` beyond its box, wherever the images end.
    ///
    /// A structure that is cut by the border of the images ends there: nothing beyond is known.
    ///
    /// # Errors
    /// See [`DistanceFieldError`].
    pub fn new(
        mask: Arc<Mask>,
        reach_mm: f64,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Result<Self, DistanceFieldError> {
        if !(0.0..=FARTHEST_REACH_MM).contains(&reach_mm) {
            return Err(DistanceFieldError::Reach(reach_mm));
        }
        if let Some(angle_deg) = sheared(&mask) {
            return Err(DistanceFieldError::Sheared(angle_deg));
        }
        let (low, count) = mask.bounds().ok_or(DistanceFieldError::Empty)?;
        let spacing = mask.grid().spacing_mm;
        // One voxel more than the reach, since values lie at centres.
        let margin = spacing.map(|spacing| (reach_mm / spacing).ceil() as usize + 1);
        let size: [usize; 3] =
            std::array::from_fn(|axis| count[axis].saturating_add(2 * margin[axis]));
        let first = std::array::from_fn(|axis| low[axis] as i64 - margin[axis] as i64);
        let voxels = size
            .iter()
            .fold(1_u64, |all, &n| all.saturating_mul(n as u64));
        let booked = MEMORY.reserve(
            voxels.saturating_mul(size_of::<f32>() as u64),
            "a distance field",
        )?;
        let values =
            signed_distance_map(&mask, first, size, stop).ok_or(DistanceFieldError::Stopped)?;
        let spacing_mm = DVec3::from_array(spacing);
        let corner = |voxel: [usize; 3]| (DVec3::from(voxel.map(|n| n as f64)) - 0.5) * spacing_mm;
        let high = std::array::from_fn(|axis| low[axis] + count[axis]);
        Ok(Self {
            bounds_mm: [corner(low), corner(high)],
            mask,
            first: I64Vec3::from_array(first),
            size,
            spacing_mm,
            reach_mm,
            values,
            _booked: booked,
        })
    }

    /// The structure.
    pub fn mask(&self) -> &Arc<Mask> {
        &self.mask
    }

    /// How far the field reaches, mm; beyond, only lower bounds are known.
    pub fn reach_mm(&self) -> f64 {
        self.reach_mm
    }

    /// Bytes of its values.
    pub fn bytes(&self) -> u64 {
        (self.values.len() * size_of::<f32>()) as u64
    }

    /// Half the diagonal of a voxel, mm: no trilinear value is off by more.
    pub fn half_diagonal_mm(&self) -> f64 {
        self.spacing_mm.length() / 2.0
    }

    /// Signed distance from a point to the surface, trilinear; beyond the field the distance to
    /// the box of the structure as a lower bound.
    pub fn at(&self, point: Point<Lps>) -> Reading {
        self.at_mm(self.to_grid_mm(point))
    }

    /// Coordinates along the grid's perpendicular axes, mm from the middle of its first voxel:
    /// distances are the same as in LPS.
    pub(super) fn to_grid_mm(&self, point: Point<Lps>) -> DVec3 {
        (self.mask.grid().voxel_from_lps * point).0 * self.spacing_mm
    }

    /// Patient point of coordinates along the axes.
    pub(super) fn lps_at(&self, at: DVec3) -> Point<Lps> {
        self.mask.grid().lps_from_voxel * Point::<Voxel>::from_vec(at / self.spacing_mm)
    }

    /// Distance between voxel centres along the three axes, mm.
    pub(super) fn spacing_mm(&self) -> DVec3 {
        self.spacing_mm
    }

    /// [`Self::at`] in grid mm.
    pub(super) fn at_mm(&self, at: DVec3) -> Reading {
        self.cell(at).map_or_else(
            || Reading::AtLeast(distance_to_box(at, self.bounds_mm)),
            |cell| Reading::Mm(cell.value()),
        )
    }

    /// Direction away from the structure at a place of the field, grid axes; zero where it has
    /// none.
    pub(super) fn away_mm(&self, at: DVec3) -> DVec3 {
        self.cell(at).map_or(DVec3::ZERO, |cell| {
            (cell.slope() / self.spacing_mm).normalize_or_zero()
        })
    }

    /// The eight values around a place.
    fn cell(&self, at: DVec3) -> Option<Cell> {
        let place = at / self.spacing_mm - self.first.as_dvec3();
        let low = place.floor();
        let [columns, rows, slices] = self.size;
        let last = DVec3::new(columns as f64, rows as f64, slices as f64) - 1.0;
        if !(place.cmpge(DVec3::ZERO).all() && low.cmplt(last).all()) {
            return None;
        }
        let start = low.x as usize + columns * (low.y as usize + rows * low.z as usize);
        let pair = |index: usize| {
            let pair = self.values.get(index..index + 2)?;
            <[f32; 2]>::try_from(pair).ok()
        };
        let below = start + columns * rows;
        Some(Cell {
            values: [
                pair(start)?,
                pair(start + columns)?,
                pair(below)?,
                pair(below + columns)?,
            ],
            share: place - low,
        })
    }
}

/// Values at the corners of a cell: pairs along columns; rows, then slices.
struct Cell {
    values: [[f32; 2]; 4],
    share: DVec3,
}

impl Cell {
    fn value(&self) -> f64 {
        let along = |[a, b]: [f32; 2]| lerp(f64::from(a), f64::from(b), self.share.x);
        let [a, b, c, d] = self.values.map(along);
        lerp(
            lerp(a, b, self.share.y),
            lerp(c, d, self.share.y),
            self.share.z,
        )
    }

    /// Change of the value per voxel along each axis.
    fn slope(&self) -> DVec3 {
        let along = |[a, b]: [f32; 2]| lerp(f64::from(a), f64::from(b), self.share.x);
        let [a, b, c, d] = self.values.map(along);
        let [dx0, dx1, dx2, dx3] = self.values.map(|[a, b]| f64::from(b - a));
        DVec3::new(
            lerp(
                lerp(dx0, dx1, self.share.y),
                lerp(dx2, dx3, self.share.y),
                self.share.z,
            ),
            lerp(b - a, d - c, self.share.z),
            lerp(c, d, self.share.y) - lerp(a, b, self.share.y),
        )
    }
}

fn lerp(a: f64, b: f64, share: f64) -> f64 {
    a + (b - a) * share
}

/// Distance from a place to a box, 0 in it.
fn distance_to_box(at: DVec3, [low, high]: [DVec3; 2]) -> f64 {
    (low - at).max(at - high).max(DVec3::ZERO).length()
}

/// Angle between the two axes that are farthest from perpendicular, if it matters.
fn sheared(mask: &Mask) -> Option<f64> {
    let matrix = mask.grid().lps_from_voxel.0.matrix3;
    let axis = |column: usize| matrix.col(column).normalize_or_zero();
    let cosine = [(0, 1), (0, 2), (1, 2)]
        .map(|(a, b)| axis(a).dot(axis(b)).abs())
        .into_iter()
        .fold(0.0, f64::max);
    (cosine > PERPENDICULAR).then(|| cosine.min(1.0).acos().to_degrees())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Transform;
    use crate::volume::structure::MaskGrid;

    fn grid(third: DVec3) -> Arc<MaskGrid> {
        let to_lps = Transform::from_columns(
            DVec3::X * 0.5,
            DVec3::Y,
            third,
            DVec3::new(-10., -20., -30.),
        );
        Arc::new(MaskGrid::new([40, 40, 40], to_lps).unwrap())
    }

    fn cuboid(third: DVec3) -> Arc<Mask> {
        let part = |voxel: [usize; 3]| voxel.iter().all(|n| (10..20).contains(n));
        Arc::new(Mask::from_fn(grid(third), [0; 3], [40; 3], part))
    }

    fn go_on() -> bool {
        false
    }

    #[test]
    fn distances_to_a_cuboid_by_hand() {
        // Voxels 10 to 19: x −5.25 to −0.25, y −10.5 to −0.5, z −11 to 9 mm.
        let field = DistanceField::new(cuboid(DVec3::Z * 2.0), 12.0, &go_on).unwrap();
        for (point, wanted) in [
            ([4.75, -5.0, 0.0], 5.0),
            ([-8.25, 3.5, 0.0], 5.0), // 3 and 4 off an edge
            ([-3.0, -5.0, 18.0], 9.0),
            ([-0.25, -5.0, 0.0], 0.0),
            ([-1.75, -5.0, 0.0], -1.5),
            ([-1.0, -5.0, 0.0], -0.75),
        ] {
            let Reading::Mm(mm) = field.at(point.into()) else {
                panic!("{point:?} lies in the field");
            };
            assert!((mm - wanted).abs() < 0.05, "{mm} for {wanted} at {point:?}");
        }
        let beyond = field.at(Point::new(40.0, -5.0, 0.0));
        assert_eq!(beyond, Reading::AtLeast(40.25));
        let reaches = field.at(Point::new(11.7, -5.0, 0.0));
        assert!(matches!(reaches, Reading::Mm(mm) if (mm - 11.95).abs() < 0.05));
    }

    #[test]
    fn the_field_points_away_and_goes_beyond_the_grid() {
        let part = |[x, _, _]: [usize; 3]| x == 0;
        let mask = Mask::from_fn(grid(DVec3::Z), [0; 3], [40; 3], part);
        let field = DistanceField::new(Arc::new(mask), 6.0, &go_on).unwrap();
        let at = field.to_grid_mm(Point::new(-14.0, 0.0, -10.0));
        assert!((field.at_mm(at).mm() - 3.75).abs() < 1e-6);
        assert!((field.away_mm(at) - DVec3::NEG_X).length() < 1e-6);
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        let refusal = |mask, reach_mm| DistanceField::new(mask, reach_mm, &go_on).unwrap_err();
        let empty = Arc::new(Mask::empty(grid(DVec3::Z), [0; 3], [40; 3]));
        assert_eq!(refusal(empty, 10.0), DistanceFieldError::Empty);
        let sheared = refusal(cuboid(DVec3::new(0.0, 0.5, 2.0)), 10.0);
        assert!(sheared.to_string().contains("75.96°"), "{sheared}");
        let nan = refusal(cuboid(DVec3::Z), f64::NAN);
        assert!(matches!(nan, DistanceFieldError::Reach(_)));
        let stopped = DistanceField::new(cuboid(DVec3::Z), 10.0, &|| true);
        assert_eq!(stopped.unwrap_err(), DistanceFieldError::Stopped);
    }
}
