//! A triangle surface made ready to be drawn and pointed at: checked, bounded, sorted into boxes.

use std::sync::OnceLock;

use glam::{DVec3, Vec3};

use super::mesh_tree::MeshTree;
use super::{Lps, Mesh, Point, Vector};

/// A checked surface; shared by `Arc`, whose address says which one it is.
#[derive(Debug, Default)]
pub struct Surface {
    mesh: Mesh,
    /// Red, green, blue and opacity of each corner, multiplied with the colour of the surface.
    colors: Option<Vec<[u8; 4]>>,
    low: Vec3,
    high: Vec3,
    tree: OnceLock<MeshTree>,
}

impl Surface {
    /// Takes a mesh. Triangles of corners that are not there or not finite are dropped; missing
    /// normals become 0, which is drawn as seen edge-on.
    pub fn new(mut mesh: Mesh) -> Self {
        mesh.normals.resize(mesh.positions.len(), [0.0; 3]);
        let positions = &mesh.positions;
        mesh.triangles.retain(|triangle| {
            triangle.iter().all(|&corner| {
                let at = positions.get(corner as usize);
                at.is_some_and(|at| at.iter().all(|x| x.is_finite()))
            })
        });
        let (mut low, mut high) = (Vec3::INFINITY, Vec3::NEG_INFINITY);
        for &corner in mesh.triangles.iter().flatten() {
            if let Some(at) = mesh.positions.get(corner as usize) {
                (low, high) = (low.min((*at).into()), high.max((*at).into()));
            }
        }
        if mesh.is_empty() {
            (low, high) = (Vec3::ZERO, Vec3::ZERO);
        }
        Self {
            mesh,
            colors: None,
            low,
            high,
            tree: OnceLock::new(),
        }
    }

    /// With a colour for each corner; without where there are not as many as corners.
    pub fn with_colors(mut self, colors: Vec<[u8; 4]>) -> Self {
        self.colors = (colors.len() == self.mesh.positions.len()).then_some(colors);
        self
    }

    /// Its triangles.
    pub fn mesh(&self) -> &Mesh {
        &self.mesh
    }

    /// Colours of the corners, as many as these.
    pub fn colors(&self) -> Option<&[[u8; 4]]> {
        self.colors.as_deref()
    }

    /// Corners of the box around it, LPS mm; `None` where it is empty.
    pub fn bounds(&self) -> Option<[Point<Lps>; 2]> {
        let point = |at: Vec3| Point::from_vec(at.as_dvec3());
        (!self.mesh.is_empty()).then(|| [point(self.low), point(self.high)])
    }

    /// Sorts the triangles into boxes now, so that the first [`Self::first_hit`] need not.
    pub fn prepare(&self) {
        self.tree();
    }

    fn tree(&self) -> &MeshTree {
        self.tree.get_or_init(|| MeshTree::new(&self.mesh))
    }

    /// Distance in mm from `origin` to the first point met along a unit direction, nearer than
    /// `reach_mm`; from either side.
    pub fn first_hit(
        &self,
        origin: Point<Lps>,
        direction: Vector<Lps>,
        reach_mm: f64,
    ) -> Option<f64> {
        // Starts at the box, so that `f32` is as fine there as the corners are.
        let middle = DVec3::midpoint(self.low.as_dvec3(), self.high.as_dvec3());
        let half = (self.high - self.low).length() * 0.5;
        let skipped = ((middle - origin.0).dot(direction.0) - f64::from(half) - 1.0).max(0.0);
        let start = (origin + direction * skipped).0.as_vec3();
        let reach = (reach_mm - skipped) as f32;
        let hit = self
            .tree()
            .first_hit(&self.mesh, start, direction.0.as_vec3(), reach)?;
        Some(skipped + f64::from(hit.distance))
    }
}

#[cfg(test)]
mod tests {
    use super::super::solid;
    use super::*;

    #[test]
    fn broken_triangles_are_dropped_and_the_rest_is_bounded() {
        let mesh = Mesh {
            positions: vec![
                [0.0, 0.0, 0.0],
                [2.0, 0.0, 0.0],
                [0.0, 3.0, -1.0],
                [f32::NAN, 900.0, 0.0],
            ],
            normals: Vec::new(),
            triangles: vec![[0, 1, 2], [0, 1, 3], [0, 1, 7]],
        };
        let surface = Surface::new(mesh).with_colors(vec![[1, 2, 3, 4]; 3]);
        assert_eq!(surface.mesh().triangles, [[0, 1, 2]]);
        assert_eq!(surface.mesh().normals.len(), 4);
        assert!(surface.colors().is_none(), "one colour short");
        let [low, high] = surface.bounds().unwrap();
        assert_eq!(
            (low, high),
            (Point::new(0., 0., -1.), Point::new(2., 3., 0.))
        );
        assert_eq!(Surface::new(Mesh::default()).bounds(), None);
    }

    #[test]
    fn a_far_ray_meets_it_to_a_hundredth_of_a_mm() {
        let ball = Surface::new(solid::sphere(Point::new(300., -200., 900.), 50.0, 5));
        let direction = Vector::new(0., 0., -1.);
        let hit = ball.first_hit(Point::new(300., -200., 3000.), direction, f64::INFINITY);
        // 3000 - 950; a corner of the ball may not lie there: its facets are up to 0.03 mm flat.
        assert!((hit.unwrap() - 2050.0).abs() < 0.04, "{hit:?}");
        let short = ball.first_hit(Point::new(300., -200., 3000.), direction, 2049.0);
        assert_eq!(short, None);
    }
}
