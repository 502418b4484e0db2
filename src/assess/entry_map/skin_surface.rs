//! The skin as a dense mesh, found once per volume and used for every target.
//!
//! Surface nets (Gibson 1998): a vertex per cell that the skin passes, at the mean of where the
//! skin crosses the cell's edges, and a quad across every such edge.

use rayon::prelude::*;

use super::super::skin::{OutsideAir, SKIN_EDGE_HU};
use crate::budget::MEMORY;
use crate::geometry::{Lps, Mesh, Plane, Point, Vector, Voxel};
use crate::plan::Known;
use crate::volume::Volume;
use crate::volume::padding::{AIR_HU, is_cut_off};

/// Distance of the points, mm.
const SPACING_MM: f64 = 2.0;

/// No vertex in this cell.
const NONE: u32 = u32::MAX;

/// Points of the skin about 2 mm apart, joined to a surface.
#[derive(Debug)]
pub struct SkinSurface {
    /// The points, LPS mm; each within about half a voxel of the skin.
    pub points: Vec<Point<Lps>>,
    /// The same points with outward normals and triangles, to be painted.
    pub mesh: Mesh,
}

/// A piece of the line in which a plane cuts the skin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OutlinePiece {
    /// One end, LPS mm.
    pub from: Point<Lps>,
    /// The other end, LPS mm.
    pub to: Point<Lps>,
    /// The vertex of the skin whose colour it has.
    pub vertex: u32,
}

impl SkinSurface {
    /// Finds the skin of a CT volume. The reason is given where it is cancelled, or memory lacks.
    pub fn find(volume: &Volume, air: &OutsideAir, cancelled: &dyn Fn() -> bool) -> Known<Self> {
        let nodes = Nodes::find(volume, air, cancelled)?;
        let mut surface = Self {
            points: Vec::new(),
            mesh: Mesh::default(),
        };
        let [columns, rows, slices] = nodes.size.map(|n| n.saturating_sub(1));
        let mut below: Vec<u32> = vec![NONE; columns * rows];
        for slice in 0..slices {
            if cancelled() {
                return Err("Finding the skin was cancelled".to_owned());
            }
            let layer: Vec<Option<Point<Lps>>> = (0..columns * rows)
                .into_par_iter()
                .map(|index| nodes.vertex(volume, [index % columns, index / columns, slice]))
                .collect();
            let here: Vec<u32> = layer
                .into_iter()
                .map(|vertex| {
                    vertex.map_or(NONE, |point| {
                        surface.points.push(point);
                        surface.points.len() as u32 - 1
                    })
                })
                .collect();
            let layers = Layers {
                nodes: &nodes,
                columns,
                below: &below,
                here: &here,
                slice,
            };
            layers.add_triangles(&mut surface.mesh.triangles);
            below = here;
        }
        surface.finish();
        Ok(surface)
    }

    /// Positions and normals of the mesh.
    fn finish(&mut self) {
        self.mesh.positions = self
            .points
            .iter()
            .map(|point| point.to_array().map(|mm| mm as f32))
            .collect();
        let mut sums = vec![glam::DVec3::ZERO; self.points.len()];
        for triangle in &self.mesh.triangles {
            let [Some(a), Some(b), Some(c)] =
                triangle.map(|corner| self.points.get(corner as usize))
            else {
                continue;
            };
            let normal = (*b - *a).cross(*c - *a);
            for corner in triangle {
                if let Some(sum) = sums.get_mut(*corner as usize) {
                    *sum += normal.0;
                }
            }
        }
        self.mesh.normals = sums
            .into_iter()
            .map(|sum| sum.normalize_or_zero().as_vec3().to_array())
            .collect();
    }

    /// The vertex nearest to a point; `None` for no skin.
    pub fn nearest(&self, point: Point<Lps>) -> Option<usize> {
        let away = |index: &usize| {
            self.points
                .get(*index)
                .map_or(f64::INFINITY, |at| at.distance(point))
        };
        (0..self.points.len()).min_by(|a, b| away(a).total_cmp(&away(b)))
    }

    /// The line in which a plane cuts the skin, in pieces no longer than a triangle.
    pub fn outline(&self, plane: &Plane) -> Vec<OutlinePiece> {
        let height = |corner: u32| {
            let point = *self.points.get(corner as usize)?;
            Some((corner, point, plane.signed_distance_mm(point)))
        };
        let mut pieces = Vec::new();
        for triangle in &self.mesh.triangles {
            let [Some(a), Some(b), Some(c)] = triangle.map(height) else {
                continue;
            };
            let mut ends = [(a, b), (b, c), (c, a)]
                .into_iter()
                .filter(|(one, other)| (one.2 < 0.0) != (other.2 < 0.0))
                .map(|(one, other)| {
                    let share = one.2 / (one.2 - other.2);
                    let nearer = if share < 0.5 { one.0 } else { other.0 };
                    (one.1.lerp(other.1, share), nearer)
                });
            if let (Some((from, vertex)), Some((to, _))) = (ends.next(), ends.next()) {
                pieces.push(OutlinePiece { from, to, vertex });
            }
        }
        pieces
    }
}

/// Every second or third voxel along each axis: body or air around the patient.
struct Nodes {
    size: [usize; 3],
    step: [usize; 3],
    body: Vec<bool>,
    mirrored: bool,
}

impl Nodes {
    fn find(volume: &Volume, air: &OutsideAir, cancelled: &dyn Fn() -> bool) -> Known<Self> {
        let step: [usize; 3] = std::array::from_fn(|axis| {
            ((SPACING_MM / volume.geometry.spacing_mm[axis]).round() as usize).max(1)
        });
        let size: [usize; 3] = std::array::from_fn(|axis| volume.size[axis].div_ceil(step[axis]));
        let count: usize = size.iter().product();
        let _booked = MEMORY
            .reserve(count as u64, "the skin")
            .map_err(|error| error.to_string())?;
        let [columns, rows, slices] = size;
        let mut body = Vec::with_capacity(count);
        for slice in 0..slices {
            if cancelled() {
                return Err("Finding the skin was cancelled".to_owned());
            }
            body.par_extend((0..columns * rows).into_par_iter().map(|index| {
                let voxel = [
                    index % columns * step[0],
                    index / columns * step[1],
                    slice * step[2],
                ];
                let open = seen(volume, voxel).is_some_and(|value| value < SKIN_EDGE_HU);
                !(open && air.is_beside(voxel))
            }));
        }
        Ok(Self {
            size,
            step,
            body,
            mirrored: volume.lps_from_voxel.0.matrix3.determinant() < 0.0,
        })
    }

    fn is_body(&self, [column, row, slice]: [usize; 3]) -> bool {
        let index = (slice * self.size[1] + row) * self.size[0] + column;
        self.body.get(index).copied().unwrap_or(false)
    }

    /// Mean of the crossings on the edges of a cell; `None` where the skin does not pass it, or
    /// where the images end at the circle that was reconstructed.
    fn vertex(&self, volume: &Volume, cell: [usize; 3]) -> Option<Point<Lps>> {
        let mut corners = [[0; 3]; 8];
        let mut is_body = [false; 8];
        for (corner, (node, body)) in corners.iter_mut().zip(&mut is_body).enumerate() {
            *node = std::array::from_fn(|axis| cell[axis] + (corner >> axis & 1));
            *body = self.is_body(*node);
        }
        if is_body == [is_body[0]; 8] {
            return None;
        }
        let (mut sum, mut count) = (glam::DVec3::ZERO, 0.0);
        for axis in 0..3 {
            for corner in (0..8).filter(|corner| corner >> axis & 1 == 0) {
                let other = corner | 1 << axis;
                if is_body[corner] == is_body[other] {
                    continue;
                }
                sum += self.crossing(volume, corners[corner], axis, is_body[corner]);
                count += 1.0;
            }
        }
        let at = volume.lps_from_voxel * Point::<Voxel>::from_vec(sum / count);
        let corners = corners.map(|node| std::array::from_fn(|axis| node[axis] * self.step[axis]));
        if corners.iter().any(|&voxel| volume.is_blank_voxel(voxel)) {
            let outwards = outwards(volume, &corners, is_body)?;
            return (!is_cut_off(volume, (at, outwards), SKIN_EDGE_HU)).then_some(at);
        }
        Some(at)
    }

    /// Where the skin crosses the edge from a node along an axis, in voxels: walked from the air.
    fn crossing(
        &self,
        volume: &Volume,
        node: [usize; 3],
        axis: usize,
        body_first: bool,
    ) -> glam::DVec3 {
        let first: [usize; 3] = std::array::from_fn(|axis| node[axis] * self.step[axis]);
        let steps = self.step[axis];
        let value = |along: usize| {
            let mut voxel = first;
            voxel[axis] += if body_first { steps - along } else { along };
            seen(volume, voxel)
        };
        // Half way, where a slice is missing.
        let mut along = steps as f64 / 2.0;
        for next in 1..=steps {
            let (Some(air), Some(here)) = (value(next - 1), value(next)) else {
                break;
            };
            if here >= SKIN_EDGE_HU {
                let share = ((SKIN_EDGE_HU - air) / (here - air)).clamp(0.0, 1.0);
                along = (next - 1) as f64 + share;
                break;
            }
        }
        if body_first {
            along = steps as f64 - along;
        }
        let mut at = first.map(|index| index as f64);
        at[axis] += along;
        glam::DVec3::from_array(at)
    }
}

/// HU of a voxel, that of air where there is no image; `None` where the slice is missing.
fn seen(volume: &Volume, voxel: [usize; 3]) -> Option<f64> {
    if volume.is_blank_voxel(voxel) {
        return Some(AIR_HU);
    }
    volume.value_at_voxel(voxel[0], voxel[1], voxel[2])
}

/// Unit direction from the corners of a cell in the body to those out of it.
fn outwards(volume: &Volume, corners: &[[usize; 3]; 8], is_body: [bool; 8]) -> Option<Vector<Lps>> {
    let middle = |of_body: bool| {
        let (mut sum, mut count) = (glam::DVec3::ZERO, 0.0);
        for (corner, body) in corners.iter().zip(is_body) {
            if body == of_body {
                sum += glam::DVec3::from_array(corner.map(|index| index as f64));
                count += 1.0;
            }
        }
        volume.lps_from_voxel * Point::<Voxel>::from_vec(sum / count)
    };
    (middle(false) - middle(true)).direction()
}

/// Two layers of cells and the vertices in them.
struct Layers<'a> {
    nodes: &'a Nodes,
    columns: usize,
    below: &'a [u32],
    here: &'a [u32],
    slice: usize,
}

impl Layers<'_> {
    /// Quads across the edges of the nodes on the lower side of this layer and of those through it.
    fn add_triangles(&self, triangles: &mut Vec<[u32; 3]>) {
        let rows = self.here.len() / self.columns.max(1);
        for row in 0..rows {
            for column in 0..self.columns {
                let node = [column, row, self.slice];
                let body = self.nodes.is_body(node);
                let beside = |axis: usize| {
                    let mut next = node;
                    next[axis] += 1;
                    self.nodes.is_body(next)
                };
                // Cells around an edge, counter-clockwise about its axis.
                let (x, y) = (column, row);
                let (before_x, before_y) = (x.checked_sub(1), y.checked_sub(1));
                if let (true, Some(y1)) = (body != beside(0), before_y) {
                    let quad = [(true, x, y1), (true, x, y), (false, x, y), (false, x, y1)];
                    // About +x the order is y before z: lower layer first.
                    self.add_quad(quad, body, triangles);
                }
                if let (true, Some(x1)) = (body != beside(1), before_x) {
                    let quad = [(true, x1, y), (false, x1, y), (false, x, y), (true, x, y)];
                    self.add_quad(quad, body, triangles);
                }
                if let (true, Some(x1), Some(y1)) = (body != beside(2), before_x, before_y) {
                    let quad = [
                        (false, x1, y1),
                        (false, x, y1),
                        (false, x, y),
                        (false, x1, y),
                    ];
                    self.add_quad(quad, body, triangles);
                }
            }
        }
    }

    fn add_quad(
        &self,
        cells: [(bool, usize, usize); 4],
        body_first: bool,
        triangles: &mut Vec<[u32; 3]>,
    ) {
        let corners = cells.map(|(is_below, column, row)| {
            let layer = if is_below { self.below } else { self.here };
            layer
                .get(row * self.columns + column)
                .copied()
                .unwrap_or(NONE)
        });
        if corners.contains(&NONE) {
            return;
        }
        let [a, b, c, d] = corners;
        if body_first == self.nodes.mirrored {
            triangles.extend([[a, c, b], [a, d, c]]);
        } else {
            triangles.extend([[a, b, c], [a, c, d]]);
        }
    }
}
