//! Contours → voxels. All contours of one plane together say by even and odd crossings what is
//! inside, so that holes and keyholes come out right; a plane counts half way to its neighbours.

use std::sync::Arc;

use super::MaskGrid;
use super::frame_grid::reaches;
use super::mask::Run;
use crate::geometry::{Lps, Point, Transform, Vector};

/// Contours nearer than this are of one plane, in mm.
const SAME_PLANE_MM: f64 = 0.01;
/// Points of a contour may lie this far from its plane, in slices of the grid.
const FLAT: f64 = 0.2;
/// Planes farther apart than this many median distances belong to separate parts. A plane that was
/// left out by mistake is not one.
const GAP: f64 = 3.5;
/// Most voxels along a side of a grid made for contours that lie across the volume.
const MOST_SIDE: f64 = 4096.0;

/// Contours in voxels of a grid: plane, and the points within it.
#[derive(Debug)]
struct Planar {
    slice: f64,
    points: Vec<[f64; 2]>,
}

/// The grid that contours are put on: `planning` where they are parallel to its slices, else one
/// along their own plane. `None` where they are not parallel to one another.
pub(super) fn grid_for(
    contours: &[Vec<Point<Lps>>],
    planning: &Arc<MaskGrid>,
) -> Option<Arc<MaskGrid>> {
    if planar(contours, planning).is_some() {
        return Some(Arc::clone(planning));
    }
    let own = Arc::new(own_grid(contours, planning)?);
    planar(contours, &own).map(|_| own)
}

/// Calls `found` with each run of voxels inside the contours, which are parallel to the slices of
/// the grid.
pub(super) fn rasterize<E>(
    contours: &[Vec<Point<Lps>>],
    grid: &MaskGrid,
    mut found: impl FnMut(Run) -> Result<(), E>,
) -> Result<(), E> {
    let mut contours = planar(contours, grid).unwrap_or_default();
    contours.sort_by(|a, b| a.slice.total_cmp(&b.slice));
    let near = SAME_PLANE_MM / grid.spacing_mm[2];
    let planes: Vec<&[Planar]> = contours.chunk_by(|a, b| b.slice - a.slice < near).collect();
    let places: Vec<f64> = planes
        .iter()
        .filter_map(|plane| Some(plane.first()?.slice))
        .collect();
    let mut reaches = reaches(&places, GAP);
    if let [single] = reaches.as_mut_slice() {
        // Half a slice of the grid to both sides.
        *single = [single[0], 0.5, 0.5];
    }
    let mut rows = Vec::new();
    for slice in 0..grid.size[2] {
        let at = slice as f64;
        let after = places.partition_point(|&place| place < at);
        let candidates = [after.checked_sub(1), Some(after)];
        let nearest = candidates
            .into_iter()
            .flatten()
            .filter_map(|index| Some((index, *reaches.get(index)?)))
            .min_by(|a, b| (a.1[0] - at).abs().total_cmp(&(b.1[0] - at).abs()));
        let Some((index, [place, before, behind])) = nearest else {
            continue;
        };
        // Rounding must not open a seam between two planes.
        let inside = at >= place - before - 1e-6 && at <= place + behind + 1e-6;
        let Some(plane) = planes.get(index).filter(|_| inside) else {
            continue;
        };
        crossings(plane, grid.size[1], &mut rows);
        for (row, crossings) in rows.iter_mut().enumerate() {
            crossings.sort_by(f64::total_cmp);
            let (pairs, _) = crossings.as_chunks::<2>();
            for [from, to] in pairs {
                let column = |x: f64| x.ceil().clamp(0.0, grid.size[0] as f64) as u32;
                let run = Run {
                    slice: slice as u32,
                    row: row as u32,
                    first: column(*from),
                    end: column(*to),
                };
                if run.first < run.end {
                    found(run)?;
                }
            }
        }
    }
    Ok(())
}

/// Where the edges of a plane cross the middle of each row.
fn crossings(plane: &[Planar], count: usize, rows: &mut Vec<Vec<f64>>) {
    rows.resize_with(count, Vec::new);
    rows.iter_mut().for_each(Vec::clear);
    for contour in plane {
        let next = contour.points.iter().cycle().skip(1);
        for (&[x0, y0], &[x1, y1]) in contour.points.iter().zip(next) {
            let (low, high) = (y0.min(y1), y0.max(y1));
            // The lower end belongs to an edge, the upper does not.
            let from = low.ceil().clamp(0.0, count as f64) as usize;
            let to = high.ceil().clamp(0.0, count as f64) as usize;
            for (row, crossings) in rows.iter_mut().enumerate().take(to).skip(from) {
                crossings.push(x0 + (row as f64 - y0) / (y1 - y0) * (x1 - x0));
            }
        }
    }
}

/// Contours in voxels; `None` where one is not parallel to the slices.
fn planar(contours: &[Vec<Point<Lps>>], grid: &MaskGrid) -> Option<Vec<Planar>> {
    let in_voxels = |contour: &Vec<Point<Lps>>| {
        let points = contour.iter().map(|&point| (grid.voxel_from_lps * point).0);
        let (mut low, mut high, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
        let mut flat = Vec::with_capacity(contour.len());
        for point in points {
            (low, high) = (low.min(point.z), high.max(point.z));
            sum += point.z;
            flat.push([point.x, point.y]);
        }
        (high - low <= FLAT).then(|| Planar {
            slice: sum / flat.len() as f64,
            points: flat,
        })
    };
    contours.iter().map(in_voxels).collect()
}

/// A grid whose slices are the planes of contours, with the finest spacing of the volume.
fn own_grid(contours: &[Vec<Point<Lps>>], planning: &MaskGrid) -> Option<MaskGrid> {
    let normal = contours
        .iter()
        .map(|c| area(c))
        .max_by(|a, b| a.length().total_cmp(&b.length()));
    let normal = normal?.direction()?;
    let axes = [[1., 0., 0.], [0., 1., 0.], [0., 0., 1.]].map(|[x, y, z]| Vector::new(x, y, z));
    let across = axes
        .into_iter()
        .min_by(|a, b| a.dot(normal).abs().total_cmp(&b.dot(normal).abs()))?;
    let columns = (across - normal * across.dot(normal)).direction()?;
    let rows = normal.cross(columns);
    let finest = planning
        .spacing_mm
        .into_iter()
        .fold(f64::INFINITY, f64::min);
    let origin = *contours.first()?.first()?;
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    let mut places = Vec::new();
    for contour in contours {
        for (index, point) in contour.iter().enumerate() {
            let from = *point - origin;
            let at = [from.dot(columns), from.dot(rows), from.dot(normal)];
            for axis in 0..3 {
                low[axis] = low[axis].min(at[axis]);
                high[axis] = high[axis].max(at[axis]);
            }
            if index == 0 {
                places.push(at[2]);
            }
        }
    }
    places.sort_by(f64::total_cmp);
    let steps = places.windows(2).map(|pair| pair[1] - pair[0]);
    let step = steps
        .filter(|&step| step > SAME_PLANE_MM)
        .fold(f64::INFINITY, f64::min);
    let step = if step.is_finite() { step } else { finest };
    let spacing = [finest, finest, step];
    // A voxel more around, for the half steps at the ends.
    let sides: [f64; 3] =
        std::array::from_fn(|axis| (high[axis] - low[axis]) / spacing[axis] + 3.0);
    if sides.iter().any(|side| !(*side <= MOST_SIDE)) {
        return None;
    }
    let corner = origin
        + columns * (low[0] - spacing[0])
        + rows * (low[1] - spacing[1])
        + normal * (low[2] - spacing[2]);
    let to_lps = Transform::from_columns(
        (columns * spacing[0]).0,
        (rows * spacing[1]).0,
        (normal * spacing[2]).0,
        corner.0,
    );
    MaskGrid::new(sides.map(|side| side as usize + 1), to_lps)
}

/// The area of a contour along its normal (Newell's sum).
fn area(contour: &[Point<Lps>]) -> Vector<Lps> {
    let next = contour.iter().cycle().skip(1);
    let sum = contour
        .iter()
        .zip(next)
        .fold(glam::DVec3::ZERO, |sum, (a, b)| sum + a.0.cross(b.0));
    // Far from the origin the products are large; the sum of a closed contour is not.
    Vector::from_vec(sum)
}

#[cfg(test)]
mod tests {
    use glam::DVec3;

    use super::*;
    use crate::volume::structure::Mask;

    /// 40 × 30 × 20 voxels of 1 × 1 × 2 mm.
    fn grid() -> Arc<MaskGrid> {
        let to_lps =
            Transform::from_columns(DVec3::X, DVec3::Y, DVec3::new(0., 0., 2.), DVec3::ZERO);
        Arc::new(MaskGrid::new([40, 30, 20], to_lps).unwrap())
    }

    fn square(low: f64, high: f64, z: f64) -> Vec<Point<Lps>> {
        [[low, low], [high, low], [high, high], [low, high]]
            .map(|[x, y]| Point::new(x, y, z))
            .to_vec()
    }

    fn mask(contours: &[Vec<Point<Lps>>]) -> Mask {
        let grid = grid_for(contours, &grid()).unwrap();
        let mut runs = Vec::new();
        let done: Result<(), ()> = rasterize(contours, &grid, |run| {
            runs.push(run);
            Ok(())
        });
        done.unwrap();
        Mask::from_runs(grid, &runs)
    }

    #[test]
    fn a_square_has_its_pixels_and_reaches_half_way() {
        // 10 × 10 columns and rows, planes at 8 and 12 mm: slices 4 and 6, the one between them
        // and half the distance beyond, slices 3 and 7.
        let mask = mask(&[square(4.5, 14.5, 8.0), square(4.5, 14.5, 12.0)]);
        assert_eq!((mask.first(), mask.size()), ([5, 5, 3], [10, 10, 5]));
        assert_eq!(mask.count(), 500);
    }

    #[test]
    fn holes_and_keyholes_are_outside() {
        let hole = mask(&[square(4.5, 14.5, 8.0), square(7.5, 10.5, 8.0)]);
        assert_eq!(hole.count(), 100 - 9);
        assert!(!hole.contains([9, 9, 4]));
        let mut keyhole = square(4.5, 14.5, 8.0);
        keyhole.push(keyhole[0]);
        keyhole.extend(
            [
                [7.5, 7.5],
                [7.5, 10.5],
                [10.5, 10.5],
                [10.5, 7.5],
                [7.5, 7.5],
            ]
            .map(|[x, y]| Point::new(x, y, 8.0)),
        );
        let keyhole = mask(&[keyhole]);
        assert!(keyhole.voxels().eq(hole.voxels()));
    }

    #[test]
    fn separate_parts_stay_separate_and_a_missing_plane_is_filled() {
        let at = |z: f64| square(4.5, 14.5, z);
        let parts = mask(&[at(2.), at(4.), at(6.), at(8.), at(30.), at(32.)]);
        let slices: Vec<usize> = (0..20).filter(|&z| parts.contains([9, 9, z])).collect();
        assert_eq!(slices, [1, 2, 3, 4, 15, 16]);
        let missing = mask(&[at(2.), at(4.), at(8.), at(10.)]);
        let slices: Vec<usize> = (0..20).filter(|&z| missing.contains([9, 9, z])).collect();
        assert_eq!(slices, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn planes_finer_than_slices_give_the_nearest() {
        let contours: Vec<_> = (0..20)
            .map(|k| square(4.5, if k % 2 == 0 { 14.5 } else { 9.5 }, f64::from(k)))
            .collect();
        let mask = mask(&contours);
        assert_eq!(mask.count(), 10 * 100, "every second plane lies on a slice");
    }

    #[test]
    fn contours_across_the_slices_get_a_grid_of_their_own() {
        let sagittal = |x: f64| {
            [[4., 4.], [14., 4.], [14., 24.], [4., 24.]]
                .map(|[y, z]| Point::new(x, y, z))
                .to_vec()
        };
        let mask = mask(&[sagittal(10.0), sagittal(13.0), sagittal(16.0)]);
        let volume: f64 = mask.count() as f64 * mask.grid().spacing_mm.iter().product::<f64>();
        assert!((volume - 9.0 * 10.0 * 20.0).abs() < 1e-6, "{volume}");
        assert!(mask.contains_point(Point::new(13.0, 9.0, 14.0)));
        assert!(!mask.contains_point(Point::new(19.0, 9.0, 14.0)));
        // Two that are not parallel fit no grid.
        assert!(grid_for(&[sagittal(10.0), square(4., 14., 8.)], &grid()).is_none());
    }
}
