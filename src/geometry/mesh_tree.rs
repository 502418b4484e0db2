//! A tree of boxes over the triangles of a surface, to find what a ray meets first.

use glam::Vec3;

use super::Mesh;

/// Triangles in one leaf at most.
const LEAF: usize = 8;

/// One box: either a leaf with `count` triangles from `first`, or two boxes from `first`.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    low: Vec3,
    high: Vec3,
    first: u32,
    /// 0 for a box of two boxes.
    count: u32,
}

/// Where a ray meets a surface.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RayHit {
    /// Distance from the ray's origin in lengths of its direction; mm for a unit direction.
    pub distance: f32,
    /// Index of the triangle.
    pub triangle: usize,
}

/// A tree over one [`Mesh`], valid for that mesh only.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MeshTree {
    nodes: Vec<Node>,
    /// Triangles in the order of the leaves.
    order: Vec<u32>,
}

impl MeshTree {
    /// Sorts the triangles of a mesh into boxes. Triangles that name corners that are not there
    /// are left out.
    pub fn new(mesh: &Mesh) -> Self {
        let mut items: Vec<(u32, Vec3, Vec3)> = (0_u32..)
            .zip(&mesh.triangles)
            .filter_map(|(index, triangle)| {
                let [a, b, c] = corners(mesh, *triangle)?;
                Some((index, a.min(b).min(c), a.max(b).max(c)))
            })
            .collect();
        let mut tree = Self::default();
        if items.is_empty() {
            return tree;
        }
        tree.order.reserve(items.len());
        tree.nodes.push(EMPTY);
        // Halved along the longest side: a depth of log2(triangles), so the recursion is shallow.
        tree.build(0, &mut items);
        tree
    }

    fn build(&mut self, at: usize, items: &mut [(u32, Vec3, Vec3)]) {
        let low = items.iter().map(|i| i.1).fold(Vec3::INFINITY, Vec3::min);
        let high = items
            .iter()
            .map(|i| i.2)
            .fold(Vec3::NEG_INFINITY, Vec3::max);
        let mut node = Node {
            low,
            high,
            first: self.order.len() as u32,
            count: items.len() as u32,
        };
        if items.len() <= LEAF {
            self.order.extend(items.iter().map(|item| item.0));
            self.set(at, node);
            return;
        }
        let size = high - low;
        let axis = usize::from(size.y > size.x);
        let axis = if size.z > size[axis] { 2 } else { axis };
        let middle = items.len() / 2;
        let key = |item: &(u32, Vec3, Vec3)| item.1[axis] + item.2[axis];
        items.select_nth_unstable_by(middle, |a, b| key(a).total_cmp(&key(b)));
        let first = self.nodes.len();
        (node.first, node.count) = (first as u32, 0);
        self.nodes.extend([EMPTY; 2]);
        self.set(at, node);
        let (left, right) = items.split_at_mut(middle);
        self.build(first, left);
        self.build(first + 1, right);
    }

    fn set(&mut self, at: usize, node: Node) {
        if let Some(place) = self.nodes.get_mut(at) {
            *place = node;
        }
    }

    /// The first triangle of `mesh` that a ray meets nearer than `reach`, from either side.
    pub fn first_hit(
        &self,
        mesh: &Mesh,
        origin: Vec3,
        direction: Vec3,
        reach: f32,
    ) -> Option<RayHit> {
        let inverse = direction.recip();
        let mut best: Option<RayHit> = None;
        let mut reach = reach;
        let mut open = vec![0_u32];
        while let Some(index) = open.pop() {
            let Some(node) = self.nodes.get(index as usize) else {
                continue;
            };
            if !meets_box(node, origin, inverse, reach) {
                continue;
            }
            if node.count == 0 {
                open.extend([node.first, node.first + 1]);
                continue;
            }
            let range = node.first as usize..(node.first + node.count) as usize;
            for &triangle in self.order.get(range).unwrap_or_default() {
                let found = mesh
                    .triangles
                    .get(triangle as usize)
                    .and_then(|&triangle| corners(mesh, triangle))
                    .and_then(|corners| meets_triangle(corners, origin, direction));
                if let Some(distance) = found.filter(|distance| *distance < reach) {
                    reach = distance;
                    best = Some(RayHit {
                        distance,
                        triangle: triangle as usize,
                    });
                }
            }
        }
        best
    }
}

const EMPTY: Node = Node {
    low: Vec3::INFINITY,
    high: Vec3::NEG_INFINITY,
    first: 0,
    count: 0,
};

fn corners(mesh: &Mesh, triangle: [u32; 3]) -> Option<[Vec3; 3]> {
    let at = |index: u32| mesh.positions.get(index as usize).map(|p| Vec3::from(*p));
    let [a, b, c] = triangle;
    Some([at(a)?, at(b)?, at(c)?])
}

/// Slab test; a ray along a side of the box (0 × ∞) counts as a hit, which only costs time.
fn meets_box(node: &Node, origin: Vec3, inverse: Vec3, reach: f32) -> bool {
    let (a, b) = (
        (node.low - origin) * inverse,
        (node.high - origin) * inverse,
    );
    let (near, far) = (a.min(b), a.max(b));
    let enter = near.x.max(near.y).max(near.z).max(0.0);
    let leave = far.x.min(far.y).min(far.z).min(reach);
    // `f32::max` and `min` drop the NaN of 0 × ∞.
    enter <= leave * (1.0 + 1e-5)
}

/// Distance along a ray to a triangle (Möller and Trumbore, Journal of Graphics Tools 2(1), 1997).
fn meets_triangle([a, b, c]: [Vec3; 3], origin: Vec3, direction: Vec3) -> Option<f32> {
    let (ab, ac) = (b - a, c - a);
    let across = direction.cross(ac);
    let determinant = ab.dot(across);
    if determinant.abs() < f32::MIN_POSITIVE {
        return None;
    }
    let from = origin - a;
    let u = from.dot(across) / determinant;
    let turned = from.cross(ab);
    let v = direction.dot(turned) / determinant;
    let distance = ac.dot(turned) / determinant;
    // A hair over the border, so that no ray slips between two neighbours.
    let inside = u >= -1e-5 && v >= -1e-5 && u + v <= 1.0 + 1e-5;
    (inside && distance > 0.0).then_some(distance)
}

#[cfg(test)]
mod tests {
    use super::super::solid;
    use super::*;
    use crate::geometry::Point;

    fn brute(mesh: &Mesh, origin: Vec3, direction: Vec3) -> Option<f32> {
        let hits = mesh
            .triangles
            .iter()
            .filter_map(|&triangle| meets_triangle(corners(mesh, triangle)?, origin, direction));
        hits.min_by(f32::total_cmp)
    }

    #[test]
    fn rays_meet_a_sphere_where_the_formula_says() {
        let mesh = solid::sphere(Point::new(10., 20., 30.), 8.0, 4);
        let tree = MeshTree::new(&mesh);
        let cast = |x, y, z, dx, dy, dz| {
            tree.first_hit(&mesh, Vec3::new(x, y, z), Vec3::new(dx, dy, dz), 1e6)
        };
        // Through the middle along each axis: the surface is 8 mm from the centre; the facets lie
        // up to 0.02 mm inside.
        for hit in [
            cast(-90., 20., 30., 1., 0., 0.),
            cast(10., -80., 30., 0., 1., 0.),
            cast(10., 20., 130., 0., 0., -1.),
        ] {
            let distance = hit.unwrap().distance;
            assert!((distance - 92.0).abs() < 0.05, "{distance}");
        }
        // From inside, too; and past it, not at all.
        let from_inside = cast(10., 20., 30., 0., 0., 1.).unwrap().distance;
        assert!((from_inside - 8.0).abs() < 0.05);
        assert_eq!(cast(-90., 29., 30., 1., 0., 0.), None);
        assert_eq!(cast(30., 20., 30., 1., 0., 0.), None);
        // Beyond the reach there is nothing.
        let short = tree.first_hit(&mesh, Vec3::new(-90., 20., 30.), Vec3::X, 91.0);
        assert_eq!(short, None);
    }

    #[test]
    fn the_tree_finds_what_looking_at_every_triangle_finds() {
        let mut mesh = solid::sphere(Point::new(0., 0., 0.), 20.0, 3);
        solid::append(&mut mesh, &solid::sphere(Point::new(5., 30., -9.), 12.0, 2));
        let tree = MeshTree::new(&mesh);
        let mut seed = 7_u64;
        let mut next = || {
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
        };
        let mut met = 0;
        for _ in 0..2000 {
            let origin = Vec3::new(next(), next(), next()) * 80.0;
            let direction = Vec3::new(next(), next(), next());
            let found = tree
                .first_hit(&mesh, origin, direction, f32::INFINITY)
                .map(|hit| hit.distance);
            assert_eq!(found, brute(&mesh, origin, direction));
            met += usize::from(found.is_some());
        }
        assert!(met > 100, "only {met} rays met anything");
    }

    #[test]
    fn empty_and_broken_meshes_are_met_nowhere() {
        let none = MeshTree::new(&Mesh::default());
        assert_eq!(
            none.first_hit(&Mesh::default(), Vec3::ZERO, Vec3::X, 1.0),
            None
        );
        let broken = Mesh {
            triangles: vec![[0, 1, 9]],
            ..Mesh::default()
        };
        let tree = MeshTree::new(&broken);
        assert_eq!(tree.first_hit(&broken, Vec3::ZERO, Vec3::X, 1.0), None);
    }
}
