//! Surfaces to look at: of a structure, and of a value in the images (skin, bone).
//!
//! Surface nets (Gibson, Constrained Elastic Surface Nets, 1998): a corner in every cell of eight
//! lattice points that the surface passes, joined across each crossed edge.

use glam::{DVec3, Vec3};
use thiserror::Error;

use super::mask::Mask;
use crate::geometry::{Lps, Mesh, Point, Transform, Voxel};
use crate::volume::Volume;

/// Most triangles of one surface.
pub const MOST_TRIANGLES: usize = 8_000_000;

/// Turns in which a mask's steps are smoothed; no corner leaves its cell.
const SMOOTHING: usize = 10;

/// Value of what is not there: far below every threshold of the images.
const NOTHING: f32 = -1e9;

/// Why there is no surface.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SurfaceError {
    /// Too fine.
    #[error("The surface has more than {MOST_TRIANGLES} triangles; use a coarser step")]
    TooLarge,
    /// Stopped on request.
    #[error("Stopped")]
    Stopped,
}

/// The surface of a mask in LPS, closed, also where the images end.
///
/// `stride` voxels along each axis become one, which holds the structure where at least half of
/// them do: 1 keeps all, 2 takes an eighth of the time and loses what is thinner than a voxel.
///
/// # Errors
/// See [`SurfaceError`].
pub fn mask_surface(
    mask: &Mask,
    stride: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Mesh, SurfaceError> {
    let Some((first, count)) = mask.bounds() else {
        return Ok(Mesh::default());
    };
    let stride = stride.max(1);
    // A lattice point more on either side closes it.
    let size = count.map(|n| n.div_ceil(stride) + 2);
    let share = 1.0 / (stride * stride * stride) as f32;
    let fill = |slice: usize, values: &mut [f32]| {
        values.fill(0.0);
        let Some(slice) = slice.checked_sub(1) else {
            return;
        };
        for z in 0..stride {
            for y in 0..count[1] {
                let row = (y / stride + 1) * size[0] + 1;
                mask.row_runs(first[1] + y, first[2] + slice * stride + z, |run| {
                    for column in run {
                        let at = row + (column - first[0]) / stride;
                        if let Some(value) = values.get_mut(at) {
                            *value += share;
                        }
                    }
                });
            }
        }
    };
    let mut net = Net::new(size, 0.5 - f32::EPSILON);
    net.build(&fill, stop)?;
    net.smooth();
    let step = stride as f64;
    let offset = DVec3::from(first.map(|n| n as f64)) + (step - 1.0) / 2.0 - step;
    Ok(net.mesh(mask.grid().lps_from_voxel, step, offset))
}

/// The surface where a volume's modality value passes `threshold` (skin −500 HU, bone 200 HU), in
/// LPS, towards lower values; open where the images end. Every `stride`-th voxel is looked at.
///
/// # Errors
/// See [`SurfaceError`].
pub fn iso_surface(
    volume: &Volume,
    threshold: f64,
    stride: usize,
    stop: &dyn Fn() -> bool,
) -> Result<Mesh, SurfaceError> {
    let stride = stride.max(1);
    let size = volume.size.map(|n| n.div_ceil(stride));
    let fill = |slice: usize, values: &mut [f32]| {
        for (row, line) in values.chunks_mut(size[0].max(1)).enumerate() {
            for (column, value) in line.iter_mut().enumerate() {
                let voxel = [column, row, slice].map(|index| index * stride);
                let found = volume.value_unless_padded(voxel, threshold);
                *value = found.map_or(NOTHING, |value| value as f32);
            }
        }
    };
    let mut net = Net::new(size, threshold as f32);
    net.build(&fill, stop)?;
    Ok(net.mesh(volume.lps_from_voxel, stride as f64, DVec3::ZERO))
}

/// A surface that is being made, in lattice coordinates.
struct Net {
    size: [usize; 3],
    level: f32,
    corners: Vec<Vec3>,
    triangles: Vec<[u32; 3]>,
}

/// No corner in this cell.
const NONE: u32 = u32::MAX;

impl Net {
    fn new(size: [usize; 3], level: f32) -> Self {
        Self {
            size,
            level,
            corners: Vec::new(),
            triangles: Vec::new(),
        }
    }

    /// Goes through the lattice two slices at a time.
    fn build(
        &mut self,
        fill: &dyn Fn(usize, &mut [f32]),
        stop: &dyn Fn() -> bool,
    ) -> Result<(), SurfaceError> {
        let [columns, rows, slices] = self.size;
        if columns < 2 || rows < 2 || slices < 2 {
            return Ok(());
        }
        let mut near = vec![0.0; columns * rows];
        let mut far = vec![0.0; columns * rows];
        let mut before = vec![NONE; columns * rows];
        let mut cells = vec![NONE; columns * rows];
        fill(0, &mut near);
        for slice in 0..slices - 1 {
            if stop() {
                return Err(SurfaceError::Stopped);
            }
            fill(slice + 1, &mut far);
            self.place_corners([&near, &far], slice, &mut cells);
            self.join([&near, &far], [&before, &cells], slice);
            if self.triangles.len() > MOST_TRIANGLES {
                return Err(SurfaceError::TooLarge);
            }
            std::mem::swap(&mut near, &mut far);
            std::mem::swap(&mut before, &mut cells);
        }
        Ok(())
    }

    /// A corner in every cell between two slices that has lattice points on both sides: the mean
    /// of the places where its edges are crossed.
    fn place_corners(&mut self, [near, far]: [&[f32]; 2], slice: usize, cells: &mut [u32]) {
        let [columns, rows, _] = self.size;
        let level = self.level;
        cells.fill(NONE);
        for row in 0..rows - 1 {
            let (Some(a), Some(b)) = (line(near, row, columns), line(near, row + 1, columns))
            else {
                continue;
            };
            let (Some(c), Some(d)) = (line(far, row, columns), line(far, row + 1, columns)) else {
                continue;
            };
            let windows = a.windows(2).zip(b.windows(2));
            let windows = windows.zip(c.windows(2).zip(d.windows(2)));
            for (column, ((a, b), (c, d))) in windows.enumerate() {
                let (&[v0, v1], &[v2, v3], &[v4, v5], &[v6, v7]) = (a, b, c, d) else {
                    continue;
                };
                let values = [v0, v1, v2, v3, v4, v5, v6, v7];
                let above = values.iter().filter(|&&value| value >= level).count();
                if above == 0 || above == 8 {
                    continue;
                }
                let base = Vec3::new(column as f32, row as f32, slice as f32);
                if let Some(cell) = cells.get_mut(row * columns + column) {
                    *cell = self.corners.len() as u32;
                }
                self.corners.push(base + middle(values, level));
            }
        }
    }

    /// Two triangles across each crossed edge whose four cells are there.
    fn join(&mut self, [near, far]: [&[f32]; 2], [before, cells]: [&[u32]; 2], slice: usize) {
        let [columns, rows, _] = self.size;
        for row in 0..rows {
            for column in 0..columns {
                let at = row * columns + column;
                // The cell that begins here is beside all three edges that begin here.
                if cells.get(at).is_none_or(|&cell| cell == NONE) {
                    continue;
                }
                let inside = |values: &[f32], at: usize| {
                    values.get(at).is_some_and(|&value| value >= self.level)
                };
                let here = inside(near, at);
                let cell = |layer: &[u32], at: Option<usize>| {
                    at.and_then(|at| layer.get(at).copied()).unwrap_or(NONE)
                };
                let left = (column > 0).then(|| at.wrapping_sub(1));
                let up = (row > 0).then(|| at.wrapping_sub(columns));
                let left_up = left.and(up).map(|up| up.wrapping_sub(1));
                let mut quads = [None; 3];
                if slice > 0 && column + 1 < columns && inside(near, at + 1) != here {
                    quads[0] = Some([
                        cell(before, up),
                        cell(before, Some(at)),
                        cell(cells, Some(at)),
                        cell(cells, up),
                    ]);
                }
                if slice > 0 && row + 1 < rows && inside(near, at + columns) != here {
                    quads[1] = Some([
                        cell(before, left),
                        cell(cells, left),
                        cell(cells, Some(at)),
                        cell(before, Some(at)),
                    ]);
                }
                if inside(far, at) != here {
                    quads[2] = Some([
                        cell(cells, left_up),
                        cell(cells, up),
                        cell(cells, Some(at)),
                        cell(cells, left),
                    ]);
                }
                for [a, b, c, d] in quads.into_iter().flatten() {
                    if [a, b, c, d].contains(&NONE) {
                        continue;
                    }
                    // Anticlockwise seen from where the edge goes, which is outside if it starts
                    // inside.
                    self.triangles.extend(if here {
                        [[a, b, c], [a, c, d]]
                    } else {
                        [[a, c, b], [a, d, c]]
                    });
                }
            }
        }
    }

    /// Draws each corner to the middle of its neighbours, within its cell, and every other turn
    /// a little farther away from it, so that nothing shrinks (Taubin, A Signal Processing
    /// Approach to Fair Surface Design, 1995).
    fn smooth(&mut self) {
        let cells: Vec<Vec3> = self.corners.iter().map(|corner| corner.floor()).collect();
        let mut sums = vec![(Vec3::ZERO, 0.0_f32); self.corners.len()];
        for turn in 0..SMOOTHING {
            let by = if turn % 2 == 0 { 0.5 } else { -0.53 };
            sums.fill((Vec3::ZERO, 0.0));
            for &triangle in &self.triangles {
                let [a, b, c] = triangle.map(|corner| corner as usize);
                for (to, from) in [(a, b), (b, c), (c, a)] {
                    // Each edge is in two triangles, once in either direction.
                    if let (Some(sum), Some(&corner)) = (sums.get_mut(to), self.corners.get(from)) {
                        sum.0 += corner;
                        sum.1 += 1.0;
                    }
                }
            }
            for ((corner, cell), (sum, count)) in self.corners.iter_mut().zip(&cells).zip(&sums) {
                if *count > 0.0 {
                    *corner = corner
                        .lerp(*sum / *count, by)
                        .clamp(*cell, *cell + Vec3::ONE);
                }
            }
        }
    }

    /// In LPS: `offset + step * lattice` is the voxel.
    fn mesh(self, lps_from_voxel: Transform<Lps, Voxel>, step: f64, offset: DVec3) -> Mesh {
        let mirrored = lps_from_voxel.0.matrix3.determinant() < 0.0;
        let positions: Vec<Vec3> = self
            .corners
            .iter()
            .map(|corner| {
                let voxel = Point::from_vec(corner.as_dvec3() * step + offset);
                (lps_from_voxel * voxel).0.as_vec3()
            })
            .collect();
        let mut normals = vec![Vec3::ZERO; positions.len()];
        let mut triangles = self.triangles;
        for triangle in &mut triangles {
            if mirrored {
                triangle.swap(1, 2);
            }
            let at = triangle.map(|corner| positions.get(corner as usize).copied());
            let [Some(a), Some(b), Some(c)] = at else {
                continue;
            };
            // Twice its area long, so that large triangles count for more.
            let normal = (b - a).cross(c - a);
            for corner in *triangle {
                if let Some(sum) = normals.get_mut(corner as usize) {
                    *sum += normal;
                }
            }
        }
        Mesh {
            positions: positions.iter().map(Vec3::to_array).collect(),
            normals: normals
                .iter()
                .map(|sum| sum.normalize_or(Vec3::Z).to_array())
                .collect(),
            triangles,
        }
    }
}

fn line(values: &[f32], row: usize, columns: usize) -> Option<&[f32]> {
    values.get(row * columns..(row + 1) * columns)
}

/// Mean of the places where the twelve edges of a cell are crossed. Bit 0 of a corner's number is
/// its column, bit 1 its row, bit 2 its slice.
fn middle(values: [f32; 8], level: f32) -> Vec3 {
    let mut sum = Vec3::ZERO;
    let mut count = 0.0;
    for (from, &a) in values.iter().enumerate() {
        for axis in 0..3 {
            let to = from | 1 << axis;
            let Some(&b) = values.get(to).filter(|_| to != from) else {
                continue;
            };
            if (a >= level) == (b >= level) {
                continue;
            }
            let place = |bit: usize| (from >> bit & 1) as f32;
            let mut at = Vec3::new(place(0), place(1), place(2));
            at[axis] = ((level - a) / (b - a)).clamp(0.0, 1.0);
            sum += at;
            count += 1.0;
        }
    }
    sum / f32::max(count, 1.0)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::f64::consts::PI;
    use std::sync::Arc;

    use super::*;
    use crate::volume::structure::draw::{grid_of, sphere, tube};
    use crate::volume::synthetic::{StoredAs, SyntheticVolume};

    fn go_on() -> bool {
        false
    }

    /// Values fall from 100 by 10 for each mm from the origin; rows run to the front.
    fn volume() -> Volume {
        SyntheticVolume::new([60, 50, 40], [1., 1.2, 1.5])
            .at(Point::new(-30., 29.4, -30.))
            .along(
                crate::geometry::Vector::new(1., 0., 0.),
                crate::geometry::Vector::new(0., -1., 0.),
                crate::geometry::Vector::new(0., 0., 1.),
            )
            .stored_as(StoredAs::F32)
            .build(|p| 100.0 - 10.0 * p.0.length())
    }

    /// Volume within a surface, mm³: positive where its triangles are seen anticlockwise.
    fn enclosed(mesh: &Mesh) -> f64 {
        let corner = |at: u32| Vec3::from(mesh.positions[at as usize]).as_dvec3();
        let cone = |&[a, b, c]: &[u32; 3]| corner(a).dot(corner(b).cross(corner(c))) / 6.0;
        mesh.triangles.iter().map(cone).sum()
    }

    fn is_closed(mesh: &Mesh) -> bool {
        let mut edges: HashMap<(u32, u32), i32> = HashMap::new();
        for &[a, b, c] in &mesh.triangles {
            for (from, to) in [(a, b), (b, c), (c, a)] {
                *edges.entry((from.min(to), from.max(to))).or_default() +=
                    if from < to { 1 } else { -1 };
            }
        }
        edges.values().all(|&both_ways| both_ways == 0)
    }

    #[test]
    fn a_value_has_its_sphere_and_normals_point_outwards() {
        let volume = volume();
        for stride in [1, 2] {
            let mesh = iso_surface(&volume, 0.0, stride, &go_on).unwrap();
            assert!(is_closed(&mesh));
            let wanted = 4.0 / 3.0 * PI * 1000.0;
            let found = enclosed(&mesh);
            assert!(
                (found / wanted - 1.0).abs() < 0.04 * stride as f64,
                "{found} for {wanted}"
            );
            for (position, normal) in mesh.positions.iter().zip(&mesh.normals) {
                let (position, normal) = (Vec3::from(*position), Vec3::from(*normal));
                assert!((position.length() - 10.0).abs() < 0.25 * stride as f32);
                assert!(normal.dot(position.normalize()) > 0.95);
            }
        }
        assert!(iso_surface(&volume, 0.0, 1, &|| true).is_err());
        assert!(iso_surface(&volume, 5000.0, 1, &go_on).unwrap().is_empty());
    }

    #[test]
    fn a_mask_has_a_smooth_closed_surface_at_its_place() {
        let grid = Arc::new(grid_of(&volume()).unwrap());
        let center = Point::new(3.0, -4.0, 2.0);
        let ball = sphere(Arc::clone(&grid), center, 12.0).unwrap();
        for stride in [1, 2] {
            let mesh = mask_surface(&ball, stride, &go_on).unwrap();
            assert!(is_closed(&mesh));
            let wanted = 4.0 / 3.0 * PI * 1728.0;
            let found = enclosed(&mesh);
            assert!(
                (found / wanted - 1.0).abs() < 0.05 * stride as f64,
                "{stride}: {found} for {wanted}"
            );
            for (position, normal) in mesh.positions.iter().zip(&mesh.normals) {
                let away = Vec3::from(*position) - center.0.as_vec3();
                assert!((away.length() - 12.0).abs() < 1.0 * stride as f32);
                assert!(away.normalize().dot(Vec3::from(*normal)) > 0.8);
            }
        }
        let empty = Mask::empty(grid, [0; 3], [5; 3]);
        assert!(mask_surface(&empty, 1, &go_on).unwrap().is_empty());
    }

    #[test]
    fn a_nerve_of_one_voxel_is_not_lost() {
        let grid = Arc::new(grid_of(&volume()).unwrap());
        let ends = [Point::new(-20., 0., 0.), Point::new(20., 6., 9.)];
        let mesh = mask_surface(&tube(grid, &ends, 0.1).unwrap(), 1, &go_on).unwrap();
        let reaches = |x: f32| mesh.positions.iter().any(|p| (p[0] - x).abs() < 1.0);
        assert!((-20..=20).all(|x| reaches(x as f32)));
        assert!(enclosed(&mesh) > 0.0 && is_closed(&mesh));
    }
}
