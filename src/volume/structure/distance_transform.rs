//! Exact signed Euclidean distance transform of a mask on its own grid.
//!
//! The distance is that to the surface of the union of the voxel boxes: positive at the centres of
//! voxels outside, negative at those inside, never between minus and plus half a spacing.
//!
//! The squared distance to a box is a sum over the axes, so that one axis is done after the other,
//! each by the lower envelope of parabolas (Felzenszwalb and Huttenlocher, Distance Transforms of
//! Sampled Functions, 2012; Meijster et al. 2000 for distances that are not to points). A box is
//! nearest at one of its faces: the parabolas sit on the faces between voxels, and a voxel also
//! keeps its own value. On a line along an axis nothing beyond a voxel of the other side can be
//! nearest, which gives the distances inside and outside in one go, run by run.

use std::ops::Range;

use rayon::prelude::*;

use super::mask::Mask;

/// Columns that are turned and worked on together: a cache line wide.
const TILE: usize = 16;

/// Part of the distance map in mm over a box of the mask's lattice, columns fastest.
///
/// The box starts at voxel `first`, which may lie outside the grid, and has `size` voxels. All
/// voxels of the mask must lie in it; what lies beyond counts as outside the structure. Infinite
/// for a mask without voxels. `None` when `stop` says so. Axes are taken as perpendicular.
pub fn signed_distance_map(
    mask: &Mask,
    first: [i64; 3],
    size: [usize; 3],
    stop: &(dyn Fn() -> bool + Sync),
) -> Option<Vec<f32>> {
    let [columns, rows, slices] = size;
    if size.contains(&0) {
        return Some(Vec::new());
    }
    let spacing = mask.grid().spacing_mm;
    // Zeros cost nothing until they are written, which the threads do.
    let mut map = vec![0.0; columns * rows * slices];
    let stopped = map
        .par_chunks_mut(columns * rows)
        .enumerate()
        .any(|(slice, plane)| {
            plane.fill(f32::INFINITY);
            let Ok(slice) = usize::try_from(first[2] + slice as i64) else {
                return stop();
            };
            along_columns(mask, first, slice, plane, columns);
            let lines: &mut Vec<&mut [f32]> = &mut plane.chunks_mut(columns).collect();
            along_lines(lines, &mut Scratch::new(rows, spacing[1]), |value| value);
            stop()
        });
    if stopped {
        return None;
    }
    let mut of_row: Vec<Vec<&mut [f32]>> = (0..rows).map(|_| Vec::with_capacity(slices)).collect();
    for plane in map.chunks_mut(columns * rows) {
        for (lines, line) in of_row.iter_mut().zip(plane.chunks_mut(columns)) {
            lines.push(line);
        }
    }
    let stopped = of_row.par_iter_mut().any(|lines| {
        let signed_root = |squared: f32| squared.abs().sqrt().copysign(squared);
        along_lines(lines, &mut Scratch::new(slices, spacing[2]), signed_root);
        stop()
    });
    (!stopped).then_some(map)
}

/// Signed squared distances along the rows of one slice, from the runs of its voxels.
fn along_columns(mask: &Mask, first: [i64; 3], slice: usize, plane: &mut [f32], columns: usize) {
    let spacing = mask.grid().spacing_mm[0];
    let squared = |voxels: usize| ((voxels as f64 + 0.5) * spacing).powi(2) as f32;
    for (row, line) in plane.chunks_mut(columns).enumerate() {
        let Ok(row) = usize::try_from(first[1] + row as i64) else {
            continue;
        };
        let mut gap: Option<usize> = None;
        mask.row_runs(row, slice, |run| {
            let [from, to] = [run.start, run.end].map(|column| {
                let column = column as i64 - first[0];
                column.clamp(0, columns as i64) as usize
            });
            fill(line, gap.unwrap_or(0)..from, |x| {
                let right = from - 1 - x;
                squared(gap.map_or(right, |gap| right.min(x - gap)))
            });
            fill(line, from..to, |x| -squared((x - from).min(to - 1 - x)));
            gap = Some(to);
        });
        if let Some(gap) = gap {
            fill(line, gap..columns, |x| squared(x - gap));
        }
    }
}

fn fill(line: &mut [f32], range: Range<usize>, value: impl Fn(usize) -> f32) {
    let start = range.start;
    for (at, place) in line.get_mut(range).into_iter().flatten().enumerate() {
        *place = value(start + at);
    }
}

/// One parabola of the lower envelope, in units of the spacing.
#[derive(Clone, Copy)]
struct Parabola {
    /// Place of its face: face `p` lies between samples `p − 1` and `p`.
    face: usize,
    /// Its least value plus the square of the place.
    lift: f64,
    /// Where it begins to be the lowest.
    from: f64,
}

/// Working room of one thread for lines of one axis.
struct Scratch {
    spacing: f64,
    tile: Vec<[f32; TILE]>,
    envelope: Vec<Parabola>,
    /// 1 / 2n.
    halves: Vec<f64>,
}

impl Scratch {
    fn new(length: usize, spacing: f64) -> Self {
        Self {
            spacing,
            tile: vec![[0.0; TILE]; length],
            envelope: Vec::with_capacity(length + 1),
            halves: (0..=length).map(|n| 0.5 / n as f64).collect(),
        }
    }
}

/// Goes across the lines: the next axis, for all columns, a tile at a time, since a cache line of
/// each would otherwise be fetched for every value.
fn along_lines(lines: &mut [&mut [f32]], scratch: &mut Scratch, finish: impl Fn(f32) -> f32) {
    let columns = lines.first().map_or(0, |line| line.len());
    for left in (0..columns).step_by(TILE) {
        let width = TILE.min(columns - left);
        for (turned, line) in scratch.tile.iter_mut().zip(lines.iter()) {
            for (place, &value) in turned.iter_mut().zip(line.iter().skip(left)) {
                *place = value;
            }
        }
        for column in 0..width {
            along_line(column, scratch);
        }
        for (turned, line) in scratch.tile.iter().zip(lines.iter_mut()) {
            for (&value, place) in turned.iter().zip(line.iter_mut().skip(left)) {
                *place = finish(value);
            }
        }
    }
}

/// One column of a tile, run by run of one side of the surface.
fn along_line(column: usize, scratch: &mut Scratch) {
    let Scratch {
        spacing,
        tile,
        envelope,
        halves,
    } = scratch;
    let of = |row: &[f32; TILE]| row.get(column).copied().unwrap_or(f32::INFINITY);
    let per_square = 1.0 / (*spacing * *spacing);
    let mut rest = tile.as_mut_slice();
    let mut begun = false;
    while let Some(first) = rest.first() {
        let inside = of(first) < 0.0;
        let mut hull = Hull::new(envelope, halves);
        // Beyond the ends of the line is outside, whose surface an inside run has there.
        if begun || inside {
            hull.add(0, 0.0);
        }
        let mut before = f32::INFINITY;
        let mut count = 0;
        for row in rest.iter() {
            let value = of(row);
            if (value < 0.0) != inside {
                break;
            }
            let least = value.abs().min(before);
            before = value.abs();
            if count > 0 && least < f32::INFINITY {
                hull.add(count, f64::from(least) * per_square);
            }
            count += 1;
        }
        if count < rest.len() || inside {
            hull.add(count, 0.0);
        }
        let known = hull.finish();
        let (run, behind) = rest.split_at_mut(count);
        if known {
            lower(run, column, *spacing, envelope);
        }
        rest = behind;
        begun = true;
    }
}

/// The lower envelope while it grows; its last parabola is kept at hand.
struct Hull<'a> {
    below: &'a mut Vec<Parabola>,
    halves: &'a [f64],
    top: Option<Parabola>,
}

impl<'a> Hull<'a> {
    fn new(below: &'a mut Vec<Parabola>, halves: &'a [f64]) -> Self {
        below.clear();
        Self {
            below,
            halves,
            top: None,
        }
    }

    /// Adds a parabola beyond all others.
    fn add(&mut self, face: usize, least: f64) {
        let lift = least + (face * face) as f64;
        let mut from = 0.0;
        while let Some(top) = self.top {
            let half = self.halves.get(face - top.face).copied().unwrap_or(0.0);
            from = (lift - top.lift) * half;
            if from > top.from {
                self.below.push(top);
                break;
            }
            from = 0.0;
            self.top = self.below.pop();
        }
        self.top = Some(Parabola { face, lift, from });
    }

    fn finish(self) -> bool {
        self.below.extend(self.top);
        !self.below.is_empty()
    }
}

/// Takes the envelope where it is lower than what is there.
fn lower(run: &mut [[f32; TILE]], column: usize, spacing: f64, envelope: &[Parabola]) {
    let square = spacing * spacing;
    let mut later = envelope.iter();
    let Some(mut at) = later.next() else {
        return;
    };
    let mut next = later.next();
    for (sample, row) in run.iter_mut().enumerate() {
        let place = sample as f64 + 0.5;
        while let Some(parabola) = next.filter(|next| next.from < place) {
            at = parabola;
            next = later.next();
        }
        // (place − face)² + least, as the lift holds the square of the face.
        let found = (at.lift + place * (place - 2.0 * at.face as f64)) * square;
        if let Some(value) = row.get_mut(column) {
            *value = value.abs().min(found as f32).copysign(*value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use glam::DVec3;

    use super::*;
    use crate::geometry::Transform;
    use crate::volume::structure::MaskGrid;

    const SPACING_MM: [f64; 3] = [0.7, 0.9, 2.0];

    fn mask(size: [usize; 3], is_part: impl Fn([usize; 3]) -> bool) -> Mask {
        let [x, y, z] = SPACING_MM;
        let to_lps =
            Transform::from_columns(DVec3::X * x, DVec3::NEG_Y * y, DVec3::Z * z, DVec3::ZERO);
        Mask::from_fn(
            Arc::new(MaskGrid::new(size, to_lps).unwrap()),
            [0; 3],
            size,
            is_part,
        )
    }

    /// Smallest distance from a voxel's centre to a box of the other side, over all of them.
    fn brute_force(mask: &Mask, first: [i64; 3], size: [usize; 3]) -> Vec<f32> {
        let inside = |at: [i64; 3]| {
            let [x, y, z] = at.map(usize::try_from);
            matches!((x, y, z), (Ok(x), Ok(y), Ok(z)) if mask.contains([x, y, z]))
        };
        let all = || {
            let range = |axis: usize| first[axis] - 1..=first[axis] + size[axis] as i64;
            range(2).flat_map(move |z| range(1).flat_map(move |y| range(0).map(move |x| [x, y, z])))
        };
        let border = |at: &[i64; 3]| {
            (0..3).any(|axis| at[axis] < first[axis] || at[axis] >= first[axis] + size[axis] as i64)
        };
        all()
            .filter(|at| !border(at))
            .map(|at| {
                let side = inside(at);
                let nearest = all()
                    .filter(|&other| inside(other) != side)
                    .map(|other| {
                        (0..3)
                            .map(|axis| {
                                let steps = (at[axis] - other[axis]).abs() as f64;
                                ((steps - 0.5).max(0.0) * SPACING_MM[axis]).powi(2)
                            })
                            .sum::<f64>()
                    })
                    .fold(f64::INFINITY, f64::min);
                (if side {
                    -nearest.sqrt()
                } else {
                    nearest.sqrt()
                }) as f32
            })
            .collect()
    }

    #[test]
    fn every_value_is_that_of_all_voxel_boxes() {
        let sparse = |[x, y, z]: [usize; 3]| (x * 31 + y * 17 + z * 57 + x * y) % 97 == 0;
        let ball = |[x, y, z]: [usize; 3]| {
            let away = |at: usize| (at as f64 - 6.0).powi(2);
            away(x) + away(y) + away(z) < 22.0
        };
        let dense = |voxel: [usize; 3]| !sparse(voxel);
        let lone = |voxel: [usize; 3]| voxel == [3, 9, 2];
        for (name, part) in [
            ("sparse", &sparse as &dyn Fn([usize; 3]) -> bool),
            ("ball", &ball),
            ("dense", &dense),
            ("lone voxel", &lone),
        ] {
            let mask = mask([14, 11, 9], part);
            for (first, size) in [([0; 3], [14, 11, 9]), ([-3, -2, -4], [20, 16, 15])] {
                let map = signed_distance_map(&mask, first, size, &|| false).unwrap();
                let wanted = brute_force(&mask, first, size);
                for (at, (found, wanted)) in map.iter().zip(&wanted).enumerate() {
                    assert!(
                        (found - wanted).abs() < 1e-5,
                        "{name} {at}: {found} {wanted}"
                    );
                }
            }
        }
    }

    #[test]
    fn an_empty_mask_is_infinitely_far_and_a_stop_is_heeded() {
        let nothing = mask([5, 4, 3], |_| false);
        let map = signed_distance_map(&nothing, [0; 3], [5, 4, 3], &|| false).unwrap();
        assert!(map.len() == 60 && map.iter().all(|&mm| mm == f32::INFINITY));
        assert!(signed_distance_map(&nothing, [0; 3], [5, 4, 3], &|| true).is_none());
        assert_eq!(
            signed_distance_map(&nothing, [0; 3], [0, 4, 3], &|| false),
            Some(Vec::new())
        );
    }
}
