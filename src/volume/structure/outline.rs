//! Where a plane cuts a structure: closed lines for the slice views.

use std::collections::HashMap;

use glam::{DVec2, DVec3};

use super::mask::Mask;
use crate::geometry::{Lps, Plane, Point, Vector};

/// Most samples along one side of the picture that is looked at; the step grows beyond it.
const MOST_SAMPLES: f64 = 2048.0;

/// A place between two samples, in half steps.
type Crossing = (i32, i32);

/// Samples of the plane: `origin + step * (column, row)`, in-plane mm.
struct Sampling {
    origin: DVec2,
    step: DVec2,
    columns: usize,
    rows: usize,
}

/// The closed lines in which a plane cuts a mask, in-plane mm (right, down) from the plane's
/// origin, the last point joined to the first; clockwise around the structure as seen on the
/// picture, anticlockwise around its holes.
///
/// In a plane along the grid's axes a line runs half-way between the centres of voxels inside and
/// outside; in any other plane half-way between samples `step_mm` apart, so that it is off by half
/// a step at most. Empty where the plane misses the structure. Two parts that touch only at a
/// corner have a line each.
pub fn outline(mask: &Mask, plane: &Plane, step_mm: f64) -> Vec<Vec<DVec2>> {
    let Some(sampling) = sampling(mask, plane, step_mm) else {
        return Vec::new();
    };
    let inside = sample(mask, plane, &sampling);
    let mut lines = outlines_of(&inside, sampling.columns);
    for point in lines.iter_mut().flatten() {
        *point = sampling.origin + *point * sampling.step;
    }
    lines
}

/// The closed lines around the samples of a picture that are set, in columns and rows, half-way
/// between samples inside and outside. The outermost samples must not be set.
pub(super) fn outlines_of(inside: &[bool], columns: usize) -> Vec<Vec<DVec2>> {
    let lines = join(&crossings(inside, columns));
    let points = |line: Vec<Crossing>| {
        let point = |(x, y)| DVec2::new(f64::from(x), f64::from(y)) / 2.0;
        line.into_iter().map(point).collect()
    };
    lines.into_iter().map(points).collect()
}

/// The rectangle of the plane that can hold the structure, with a sample more around it.
fn sampling(mask: &Mask, plane: &Plane, step_mm: f64) -> Option<Sampling> {
    let (first, size) = (mask.first(), mask.size());
    if size.contains(&0) || !(step_mm.is_finite() && step_mm > 0.0) {
        return None;
    }
    let grid = mask.grid();
    let (mut low, mut high) = (DVec2::INFINITY, DVec2::NEG_INFINITY);
    let (mut before, mut behind) = (false, false);
    for corner in 0..8 {
        let at = |axis: usize| {
            let far = if corner >> axis & 1 == 1 {
                size[axis]
            } else {
                0
            };
            (first[axis] + far) as f64 - 0.5
        };
        let corner = grid.lps_from_voxel * Point::new(at(0), at(1), at(2));
        let away = plane.signed_distance_mm(corner);
        before |= away <= 0.0;
        behind |= away >= 0.0;
        let in_plane = plane.in_plane_mm(corner);
        low = low.min(in_plane);
        high = high.max(in_plane);
    }
    if !(before && behind) {
        return None;
    }
    let aligned = |direction: Vector<Lps>| {
        let voxels = grid.voxel_from_lps.vector(direction).0.abs();
        let largest = voxels.max_element();
        (voxels.element_sum() - largest < 1e-6 * largest).then(|| 1.0 / largest)
    };
    let (step, origin) =
        if let (Some(right), Some(down)) = (aligned(plane.right), aligned(plane.down)) {
            let step = DVec2::new(right, down);
            // Samples are voxel centres, one and a half steps off the box.
            let centre = plane.in_plane_mm(grid.center(first));
            let back = ((centre - low) / step).ceil() + 1.0;
            (step, centre - back * step)
        } else {
            let least = (high - low).max_element() / MOST_SAMPLES;
            let step = DVec2::splat(step_mm.max(least));
            (step, low - step)
        };
    let count = ((high - origin) / step).ceil() + 2.0;
    Some(Sampling {
        origin,
        step,
        columns: count.x as usize,
        rows: count.y as usize,
    })
}

/// Whether each sample lies in the structure, row by row; the outermost never do.
fn sample(mask: &Mask, plane: &Plane, sampling: &Sampling) -> Vec<bool> {
    let to_voxel = mask.grid().voxel_from_lps;
    let across = to_voxel.vector(plane.right * sampling.step.x).0;
    let mut inside = vec![false; sampling.columns * sampling.rows];
    let (columns, rows) = (sampling.columns, sampling.rows);
    for (row, line) in inside.chunks_mut(columns).enumerate() {
        if row == 0 || row + 1 == rows {
            continue;
        }
        let start = sampling.origin + sampling.step * DVec2::new(0.0, row as f64);
        let start = (to_voxel * plane.point_at_mm(start)).0;
        for (column, place) in line.iter_mut().enumerate().skip(1) {
            if column + 1 == columns {
                break;
            }
            let voxel = (start + across * column as f64).round();
            *place = voxel.cmpge(DVec3::ZERO).all()
                && mask.contains(voxel.to_array().map(|at| at as usize));
        }
    }
    inside
}

/// Marching squares: from each crossing of the border the next one.
///
/// A cell is walked from corner to corner. A line enters it where that walk leaves the structure
/// and leaves it where the walk came in, so that it is the other way round in the next cell and
/// all pieces join.
fn crossings(inside: &[bool], columns: usize) -> HashMap<Crossing, Crossing> {
    let mut next = HashMap::new();
    let rows = inside.chunks(columns).zip(inside.chunks(columns).skip(1));
    for (row, (upper, lower)) in rows.enumerate() {
        for (column, pairs) in upper.windows(2).zip(lower.windows(2)).enumerate() {
            let (&[a, b], &[d, c]) = pairs else { continue };
            if a == b && b == c && c == d {
                continue;
            }
            let (x, y) = (2 * column as i32, 2 * row as i32);
            let edges = [(x + 1, y), (x + 2, y + 1), (x + 1, y + 2), (x, y + 1)];
            let corners = [a, b, c, d];
            for end in 0..4 {
                if corners[end] && !corners[(end + 1) % 4] {
                    let mut start = end;
                    while corners[(start + 3) % 4] {
                        start = (start + 3) % 4;
                    }
                    next.insert(edges[end], edges[(start + 3) % 4]);
                }
            }
        }
    }
    next
}

/// Chains crossings to closed lines, always in the same order, without points in the middle of
/// straight pieces.
fn join(next: &HashMap<Crossing, Crossing>) -> Vec<Vec<Crossing>> {
    let mut starts: Vec<Crossing> = next.keys().copied().collect();
    starts.sort_unstable_by_key(|&(x, y)| (y, x));
    let mut left = next.clone();
    let mut lines = Vec::new();
    for start in starts {
        let mut line = Vec::new();
        let mut at = start;
        while let Some(then) = left.remove(&at) {
            line.push(at);
            at = then;
        }
        if line.is_empty() {
            continue;
        }
        let turns = |index: usize| {
            let count = line.len();
            let at = |index: usize| line.get(index % count).copied().unwrap_or_default();
            let (before, here, after) = (at(index + count - 1), at(index), at(index + 1));
            (here.0 - before.0, here.1 - before.1) != (after.0 - here.0, after.1 - here.1)
        };
        lines.push(
            line.iter()
                .enumerate()
                .filter(|&(index, _)| turns(index))
                .map(|(_, &crossing)| crossing)
                .collect(),
        );
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;
    use std::sync::Arc;

    use super::*;
    use crate::geometry::{Degrees, Transform};
    use crate::volume::structure::MaskGrid;

    fn mask(is_part: impl Fn(Point<Lps>) -> bool) -> Mask {
        let to_lps = Transform::from_columns(
            DVec3::X * 0.5,
            DVec3::NEG_Y * 0.8,
            DVec3::Z,
            DVec3::new(-20., 20., -15.),
        );
        let grid = Arc::new(MaskGrid::new([80, 50, 30], to_lps).unwrap());
        let part = |voxel| is_part(grid.center(voxel));
        Mask::from_fn(Arc::clone(&grid), [0; 3], [80, 50, 30], part)
    }

    /// Signed area: positive clockwise on a picture whose second axis points down.
    fn area(line: &[DVec2]) -> f64 {
        let after = line.iter().cycle().skip(1);
        line.iter()
            .zip(after)
            .map(|(a, b)| a.perp_dot(*b))
            .sum::<f64>()
            / 2.0
    }

    #[test]
    fn a_block_is_cut_half_way_between_voxels() {
        // Centres x −5 to 5 (21 of them), y −4 to 4 (11).
        let block = mask(|p| p.0.x.abs() < 5.1 && p.0.y.abs() < 4.1 && p.0.z.abs() < 6.0);
        let plane = Plane::axial(Point::new(1.0, 2.0, 0.2));
        let lines = outline(&block, &plane, 1.0);
        assert_eq!(lines.len(), 1);
        let (low, high) = lines[0].iter().fold(
            (DVec2::INFINITY, DVec2::NEG_INFINITY),
            |(low, high), point| (low.min(*point), high.max(*point)),
        );
        assert!((low - DVec2::new(-6.25, -6.4)).length() < 1e-9, "{low}");
        assert!((high - DVec2::new(4.25, 2.4)).length() < 1e-9, "{high}");
        assert_eq!(lines[0].len(), 8, "straight pieces and cut corners");
        // 10.5 × 8.8 mm less four corners of half of 0.25 × 0.4 mm.
        assert!((area(&lines[0]) - (92.4 - 0.2)).abs() < 1e-9);
        assert!(outline(&block, &plane.moved_mm(20.0), 1.0).is_empty());
        assert!(outline(&block, &plane, f64::NAN).is_empty());
    }

    #[test]
    fn a_turned_plane_cuts_a_shell_in_two_circles() {
        let shell = mask(|p| (6.0..11.0).contains(&p.0.length()));
        let plane = Plane::axial(Point::new(0.0, 0.0, 0.0))
            .rotated(Vector::new(1.0, 0.4, 0.0), Degrees(31.0))
            .unwrap();
        let mut areas: Vec<f64> = outline(&shell, &plane, 0.25)
            .iter()
            .map(|line| area(line))
            .collect();
        areas.sort_by(f64::total_cmp);
        assert_eq!(areas.len(), 2, "{areas:?}");
        assert!((areas[0] / (-PI * 36.0) - 1.0).abs() < 0.05, "{areas:?}");
        assert!((areas[1] / (PI * 121.0) - 1.0).abs() < 0.03, "{areas:?}");
    }

    #[test]
    fn parts_that_touch_at_a_corner_stay_apart() {
        let checks =
            mask(|p| (p.0.x > 0.1) == (p.0.y > 0.1) && p.0.x.abs() < 3.0 && p.0.y.abs() < 3.0);
        let lines = outline(&checks, &Plane::axial(Point::new(0., 0., 0.)), 1.0);
        assert_eq!(lines.len(), 2);
        assert!(lines.iter().all(|line| area(line) > 0.0));
    }
}
