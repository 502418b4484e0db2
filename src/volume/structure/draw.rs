//! Structures made by hand: sphere, tube along points, region grown from a point, brush.

use std::sync::Arc;

use glam::DVec3;
use thiserror::Error;

use super::mask::{Mask, MaskGrid};
use crate::geometry::{Lps, Point, Segment};
use crate::volume::Volume;

/// How many voxels are looked at between two questions whether to stop.
const BETWEEN_STOPS: usize = 1 << 14;

/// Why nothing was drawn.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum DrawError {
    /// A number that makes no sense.
    #[error("A radius of {0} mm cannot be drawn; it lies above 0 and up to {MOST_RADIUS_MM} mm")]
    Radius(f64),
    /// No points, or some that are not finite.
    #[error("There is no point to draw at; click at least one")]
    Points,
    /// It would have no voxel.
    #[error("This place is outside the images; click in them")]
    Outside,
    /// The grid is not that of the images.
    #[error("The structure's grid of {grid:?} voxels is not that of the images, {volume:?}")]
    OtherGrid {
        /// Of the grid.
        grid: [usize; 3],
        /// Of the images.
        volume: [usize; 3],
    },
    /// The seed is not in the range.
    #[error("The value {value:.0} at this point is not between {low:.0} and {high:.0}")]
    Seed {
        /// Value there.
        value: f64,
        /// Least allowed.
        low: f64,
        /// Greatest allowed.
        high: f64,
    },
    /// It runs out of what was meant.
    #[error("The region has more than {0} voxels; narrow its range of values")]
    TooLarge(usize),
    /// Stopped on request.
    #[error("Stopped")]
    Stopped,
}

/// Largest radius drawn, mm.
pub const MOST_RADIUS_MM: f64 = 250.0;

/// The grid of a volume; `None` for one whose transform cannot be turned round.
pub fn grid_of(volume: &Volume) -> Option<MaskGrid> {
    MaskGrid::new(volume.size, volume.lps_from_voxel)
}

/// All voxels whose centre lies within `radius_mm` of a point, and the voxel that holds it.
///
/// # Errors
/// For a radius or centre that makes no sense or lies outside.
pub fn sphere(grid: Arc<MaskGrid>, center: Point<Lps>, radius_mm: f64) -> Result<Mask, DrawError> {
    tube(grid, &[center], radius_mm)
}

/// All voxels whose centre lies within `radius_mm` of a line through points, and those that the
/// line goes through, so that a thin nerve is never interrupted.
///
/// # Errors
/// For a radius or points that make no sense or lie outside.
pub fn tube(grid: Arc<MaskGrid>, points: &[Point<Lps>], radius_mm: f64) -> Result<Mask, DrawError> {
    let (first, size) = bounds(&grid, points, radius_mm)?;
    let mut mask = Mask::empty(Arc::clone(&grid), first, size);
    for piece in pieces(points) {
        mark(&mut mask, &grid, piece, radius_mm, true)?;
    }
    if mask.count() == 0 {
        return Err(DrawError::Outside);
    }
    Ok(mask.trimmed())
}

/// A mask with a sphere added to it or taken from it.
///
/// # Errors
/// For a radius or centre that makes no sense.
pub fn brush(
    mask: &Mask,
    center: Point<Lps>,
    radius_mm: f64,
    add: bool,
) -> Result<Mask, DrawError> {
    let grid = Arc::clone(mask.grid());
    let piece = Segment::new(center, center);
    let (first, size) = bounds(&grid, &[center], radius_mm)?;
    let mut painted = if add {
        let low: [usize; 3] = std::array::from_fn(|axis| first[axis].min(mask.first()[axis]));
        let high = |axis: usize| {
            (first[axis] + size[axis]).max(mask.first()[axis] + mask.size()[axis]) - low[axis]
        };
        let mut larger = Mask::empty(Arc::clone(&grid), low, std::array::from_fn(high));
        for voxel in mask.voxels() {
            larger.set(voxel, true);
        }
        larger
    } else {
        mask.clone()
    };
    mark(&mut painted, &grid, piece, radius_mm, add)?;
    Ok(painted.trimmed())
}

/// The voxels with values from `low` to `high` that hang together with that at `seed` by their
/// faces.
///
/// # Errors
/// For a seed outside the images or the range, a region of more than `most_voxels`, and where
/// `stop` says so.
pub fn grow(
    volume: &Volume,
    grid: Arc<MaskGrid>,
    seed: Point<Lps>,
    [low, high]: [f64; 2],
    most_voxels: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Mask, DrawError> {
    if grid.size != volume.size {
        return Err(DrawError::OtherGrid {
            grid: grid.size,
            volume: volume.size,
        });
    }
    let start = grid.voxel_at(seed).ok_or(DrawError::Outside)?;
    let value_at = |[x, y, z]: [usize; 3]| volume.value_at_voxel(x, y, z);
    let value = value_at(start).ok_or(DrawError::Outside)?;
    if !(low..=high).contains(&value) {
        return Err(DrawError::Seed { value, low, high });
    }
    let mut region = Mask::empty(Arc::clone(&grid), [0; 3], grid.size);
    region.set(start, true);
    let mut open = vec![start];
    let mut count = 1;
    let mut looked_at = 0_usize;
    while let Some(voxel) = open.pop() {
        looked_at += 1;
        if looked_at.is_multiple_of(BETWEEN_STOPS) && stop() {
            return Err(DrawError::Stopped);
        }
        for axis in 0..3 {
            for at in [voxel[axis].wrapping_sub(1), voxel[axis] + 1] {
                let mut beside = voxel;
                beside[axis] = at;
                if at >= grid.size[axis] || region.contains(beside) {
                    continue;
                }
                if value_at(beside).is_some_and(|value| (low..=high).contains(&value)) {
                    region.set(beside, true);
                    open.push(beside);
                    count += 1;
                    if count > most_voxels {
                        return Err(DrawError::TooLarge(most_voxels));
                    }
                }
            }
        }
    }
    Ok(region.trimmed())
}

/// The pieces between points; one of no length for a single point.
fn pieces(points: &[Point<Lps>]) -> impl Iterator<Item = Segment> + '_ {
    let single = match points {
        &[point] => Some(Segment::new(point, point)),
        _ => None,
    };
    let between = points.windows(2).filter_map(|pair| match pair {
        &[a, b] => Some(Segment::new(a, b)),
        _ => None,
    });
    single.into_iter().chain(between)
}

/// The part of the grid that points and a radius around them can reach.
fn bounds(
    grid: &MaskGrid,
    points: &[Point<Lps>],
    radius_mm: f64,
) -> Result<([usize; 3], [usize; 3]), DrawError> {
    if !(radius_mm > 0.0 && radius_mm <= MOST_RADIUS_MM) {
        return Err(DrawError::Radius(radius_mm));
    }
    if points.is_empty() || !points.iter().all(|point| point.is_finite()) {
        return Err(DrawError::Points);
    }
    // The farthest that a ball reaches along a voxel axis is its radius times the row's length.
    let rows = grid.voxel_from_lps.0.matrix3.transpose();
    let reach = DVec3::new(
        rows.x_axis.length(),
        rows.y_axis.length(),
        rows.z_axis.length(),
    ) * radius_mm
        + 1.0;
    let (mut low, mut high) = (DVec3::INFINITY, DVec3::NEG_INFINITY);
    for point in points {
        let at = (grid.voxel_from_lps * *point).0;
        low = low.min(at - reach);
        high = high.max(at + reach);
    }
    let size = DVec3::from(grid.size.map(|n| n as f64));
    let low = low.floor().clamp(DVec3::ZERO, size);
    let high = (high.ceil() + 1.0).clamp(low, size);
    let whole = |at: DVec3| at.to_array().map(|at| at as usize);
    Ok((whole(low), whole(high - low)))
}

/// Puts the voxels around a piece in or out.
fn mark(
    mask: &mut Mask,
    grid: &MaskGrid,
    piece: Segment,
    radius_mm: f64,
    part: bool,
) -> Result<(), DrawError> {
    let (first, size) = bounds(grid, &[piece.start, piece.end], radius_mm)?;
    for z in first[2]..first[2] + size[2] {
        for y in first[1]..first[1] + size[1] {
            for x in first[0]..first[0] + size[0] {
                if piece.distance_to_point_mm(grid.center([x, y, z])) <= radius_mm {
                    mask.set([x, y, z], part);
                }
            }
        }
    }
    let finest = grid.spacing_mm.into_iter().fold(f64::INFINITY, f64::min);
    let steps = (piece.length_mm() / finest * 4.0).ceil().clamp(1.0, 1e6);
    for step in 0..=steps as usize {
        if let Some(voxel) = grid.voxel_at(piece.at(step as f64 / steps)) {
            mask.set(voxel, part);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::volume::synthetic::SyntheticVolume;

    /// A ball of 10 mm with value 100 and a bar from it to the left, on 1 × 1 × 2 mm.
    fn volume() -> Volume {
        SyntheticVolume::new([60, 50, 30], [1., 1., 2.])
            .at(Point::new(-30., -25., -30.))
            .build(|p| {
                let bar = p.0.x > 0.0 && p.0.y.abs() < 1.5 && p.0.z.abs() < 1.5;
                if p.0.length() < 10.0 {
                    100.0
                } else if bar {
                    60.0
                } else {
                    0.0
                }
            })
    }

    fn grid() -> Arc<MaskGrid> {
        Arc::new(grid_of(&volume()).unwrap())
    }

    #[test]
    fn a_sphere_has_its_volume_and_a_small_one_its_voxel() {
        let ball = sphere(grid(), Point::new(0.3, 0.2, 0.1), 9.0).unwrap();
        let wanted = 4.0 / 3.0 * PI * 729.0;
        assert!((ball.count() as f64 * 2.0 / wanted - 1.0).abs() < 0.02);
        let small = sphere(grid(), Point::new(0.4, 0.4, 0.9), 0.1).unwrap();
        assert_eq!(small.voxels().collect::<Vec<_>>(), [[30, 25, 15]]);
        let cut = sphere(grid(), Point::new(-30.0, 0.0, 0.0), 5.0).unwrap();
        assert_eq!(cut.first()[0], 0);
        assert_eq!(
            sphere(grid(), Point::new(500., 0., 0.), 5.0),
            Err(DrawError::Outside)
        );
        for radius_mm in [0.0, -1.0, f64::NAN, 1e9] {
            let refused = sphere(grid(), Point::new(0., 0., 0.), radius_mm);
            assert!(matches!(refused, Err(DrawError::Radius(_))));
        }
    }

    #[test]
    fn a_tube_goes_round_its_corner_without_a_gap() {
        let corner = [
            Point::new(-20., 0., 0.),
            Point::new(10., 0., 0.),
            Point::new(10., 15., 10.),
        ];
        let nerve = tube(grid(), &corner, 0.2).unwrap();
        for piece in corner.windows(2) {
            for step in 0..=100 {
                let at = piece[0].lerp(piece[1], f64::from(step) / 100.0);
                assert!(nerve.contains_point(at), "{at:?}");
            }
        }
        let vessel = tube(grid(), &corner[..2], 4.0).unwrap();
        let wanted = PI * 16.0 * 30.0 + 4.0 / 3.0 * PI * 64.0;
        assert!((vessel.count() as f64 * 2.0 / wanted - 1.0).abs() < 0.05);
        assert_eq!(tube(grid(), &[], 2.0), Err(DrawError::Points));
    }

    #[test]
    fn a_region_grows_to_its_border_and_no_further() {
        let volume = volume();
        let seed = Point::new(0., 0., 0.);
        let go_on = || false;
        let grow = |range, most| grow(&volume, grid(), seed, range, most, &go_on);
        let ball = grow([90.0, 110.0], 10_000).unwrap();
        assert!(
            ball.voxels()
                .all(|voxel| grid().center(voxel).0.length() < 10.0)
        );
        let wanted = 4.0 / 3.0 * PI * 1000.0;
        assert!((ball.count() as f64 * 2.0 / wanted - 1.0).abs() < 0.05);
        let with_bar = grow([50.0, 110.0], 10_000).unwrap();
        assert!(with_bar.contains_point(Point::new(28., 0., 0.)));
        assert_eq!(grow([50.0, 110.0], 500), Err(DrawError::TooLarge(500)));
        assert!(matches!(
            grow([200.0, 300.0], 500),
            Err(DrawError::Seed { value: 100.0, .. })
        ));
    }

    #[test]
    fn a_brush_adds_and_takes_away() {
        let ball = sphere(grid(), Point::new(0., 0., 0.), 6.0).unwrap();
        let more = brush(&ball, Point::new(12., 0., 0.), 3.0, true).unwrap();
        assert!(more.contains_point(Point::new(12., 0., 0.)));
        assert!(ball.voxels().all(|voxel| more.contains(voxel)));
        let less = brush(&more, Point::new(12., 0., 0.), 3.5, false).unwrap();
        assert!(less.voxels().eq(ball.voxels()));
        let nothing = brush(&less, Point::new(0., 0., 0.), 50.0, false).unwrap();
        assert_eq!(nothing.count(), 0);
    }
}
