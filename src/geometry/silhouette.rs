//! The outline of a surface as a point source casts it.

use glam::DVec3;

use super::{Lps, Mesh, Point};

/// Edges between triangles that face a point and triangles that do not, and edges of the rim.
///
/// Projected from that point they hold the outline of the surface, and the folds within it.
pub fn silhouette(mesh: &Mesh, from: Point<Lps>) -> Vec<[Point<Lps>; 2]> {
    let corner = |index: u32| {
        let at = mesh.positions.get(index as usize)?;
        Some(DVec3::from_array(at.map(f64::from)))
    };
    let mut edges: Vec<(u32, u32, bool)> = Vec::with_capacity(3 * mesh.triangles.len());
    for &[a, b, c] in &mesh.triangles {
        let (Some(pa), Some(pb), Some(pc)) = (corner(a), corner(b), corner(c)) else {
            continue;
        };
        let faces = (pb - pa).cross(pc - pa).dot(from.0 - pa) > 0.0;
        for (from, to) in [(a, b), (b, c), (c, a)] {
            edges.push((from.min(to), from.max(to), faces));
        }
    }
    edges.sort_unstable();
    let mut found = Vec::new();
    for same in edges.chunk_by(|x, y| (x.0, x.1) == (y.0, y.1)) {
        let facing = same.iter().filter(|(_, _, faces)| *faces).count();
        let on_outline = same.len() == 1 || (facing > 0 && facing < same.len());
        if let ([(a, b, _), ..], true) = (same, on_outline)
            && let (Some(a), Some(b)) = (corner(*a), corner(*b))
        {
            found.push([Point::from_vec(a), Point::from_vec(b)]);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A cube from 0 to 1, two triangles a side, outwards.
    fn cube() -> Mesh {
        let positions = (0..8_u32)
            .map(|n| [n & 1, n >> 1 & 1, n >> 2 & 1].map(|bit| bit as f32))
            .collect();
        let sides = [
            [0, 2, 3, 1],
            [4, 5, 7, 6],
            [0, 1, 5, 4],
            [2, 6, 7, 3],
            [0, 4, 6, 2],
            [1, 3, 7, 5],
        ];
        let triangles = sides
            .iter()
            .flat_map(|&[a, b, c, d]| [[a, b, c], [a, c, d]])
            .collect();
        Mesh {
            positions,
            normals: Vec::new(),
            triangles,
        }
    }

    #[test]
    fn a_cube_seen_from_above_is_outlined_by_its_upper_side() {
        let found = silhouette(&cube(), Point::new(0.5, 0.5, 10.0));
        assert_eq!(found.len(), 4);
        assert!(found.iter().flatten().all(|at| at.0.z == 1.0));
        // From beside a corner, three sides are seen: six edges around them.
        let corner = silhouette(&cube(), Point::new(10.0, 10.0, 10.0));
        assert_eq!(corner.len(), 6);
    }

    #[test]
    fn an_open_surface_has_its_rim() {
        let mut open = cube();
        open.triangles.truncate(2);
        let found = silhouette(&open, Point::new(0.5, 0.5, 10.0));
        assert_eq!(found.len(), 4);
    }
}
