//! Simple solids as triangle surfaces: tube, cone, ball and disc, for what is drawn to scale.

use std::collections::HashMap;
use std::f64::consts::TAU;

use glam::{DVec3, Vec3};

use super::{Lps, Mesh, Point, Segment, Vector};

/// Adds the triangles of one mesh to another.
pub fn append(mesh: &mut Mesh, more: &Mesh) {
    let first = mesh.positions.len() as u32;
    mesh.positions.extend(&more.positions);
    mesh.normals.extend(&more.normals);
    let moved = |triangle: &[u32; 3]| triangle.map(|corner| corner + first);
    mesh.triangles.extend(more.triangles.iter().map(moved));
}

/// A closed tube about a segment, of `sides` facets (3 at least); radii in mm at its start and
/// its end, so that an end of 0 makes a cone. Empty for a segment of no length.
pub fn tube(about: Segment, radii_mm: [f64; 2], sides: usize) -> Mesh {
    let mut mesh = Mesh::default();
    let Some(along) = about.vector().direction() else {
        return mesh;
    };
    let sides = sides.max(3);
    let (u, v) = across(along);
    let slope = (radii_mm[0] - radii_mm[1]) / about.length_mm();
    for (end, radius_mm) in [(about.start, radii_mm[0]), (about.end, radii_mm[1])] {
        for side in 0..sides {
            let (sin, cos) = (TAU * side as f64 / sides as f64).sin_cos();
            let outwards = u * cos + v * sin;
            let normal = outwards + along * slope;
            push(&mut mesh, end + outwards * radius_mm, normal);
        }
    }
    let n = sides as u32;
    for side in 0..n {
        let next = (side + 1) % n;
        mesh.triangles.push([side, next, n + next]);
        mesh.triangles.push([side, n + next, n + side]);
    }
    append(&mut mesh, &disc(about.start, -along, radii_mm[0], sides));
    append(&mut mesh, &disc(about.end, along, radii_mm[1], sides));
    mesh
}

/// A flat disc of `sides` corners (3 at least) that faces along `normal`; empty for a normal of
/// no length or no radius.
pub fn disc(center: Point<Lps>, normal: Vector<Lps>, radius_mm: f64, sides: usize) -> Mesh {
    let mut mesh = Mesh::default();
    let Some(normal) = normal.direction().filter(|_| radius_mm > 0.0) else {
        return mesh;
    };
    let (u, v) = across(normal);
    push(&mut mesh, center, normal);
    let sides = sides.max(3);
    for side in 0..sides {
        let (sin, cos) = (TAU * side as f64 / sides as f64).sin_cos();
        push(&mut mesh, center + (u * cos + v * sin) * radius_mm, normal);
    }
    let n = sides as u32;
    let fan = (0..n).map(|side| [0, 1 + side, 1 + (side + 1) % n]);
    mesh.triangles.extend(fan);
    mesh
}

/// A ball as an icosahedron whose facets are split in four `splits` times (7 at most):
/// 20 · 4^splits triangles.
pub fn sphere(center: Point<Lps>, radius_mm: f64, splits: usize) -> Mesh {
    let golden = f64::midpoint(1.0, 5.0_f64.sqrt());
    let mut corners = Vec::new();
    for [x, y, z] in [[0.0, 1.0, golden], [1.0, golden, 0.0], [golden, 0.0, 1.0]] {
        // Three rectangles at right angles: the even permutations of (0, ±1, ±φ).
        for signs in [[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]] {
            let corner = if x == 0.0 {
                DVec3::new(0.0, y * signs[0], z * signs[1])
            } else if z == 0.0 {
                DVec3::new(x * signs[0], y * signs[1], 0.0)
            } else {
                DVec3::new(x * signs[0], 0.0, z * signs[1])
            };
            corners.push(corner / (1.0 + golden * golden).sqrt());
        }
    }
    let mut triangles = facets(&corners);
    for _ in 0..splits.min(7) {
        split(&mut corners, &mut triangles);
    }
    let mut mesh = Mesh {
        triangles,
        ..Mesh::default()
    };
    for corner in corners {
        let outwards = Vector::from_vec(corner);
        push(&mut mesh, center + outwards * radius_mm, outwards);
    }
    mesh
}

/// The triangles of neighbouring corners of a unit icosahedron, counter-clockwise from outside.
fn facets(corners: &[DVec3]) -> Vec<[u32; 3]> {
    // Neighbours stand at cos 63.4° = 0.447, all others at less.
    let near = |a: DVec3, b: DVec3| a.dot(b) > 0.4;
    let mut found = Vec::new();
    for (i, &a) in corners.iter().enumerate() {
        for (j, &b) in corners.iter().enumerate().skip(i + 1) {
            for (k, &c) in corners.iter().enumerate().skip(j + 1) {
                if near(a, b) && near(b, c) && near(a, c) {
                    let turned = (b - a).cross(c - a).dot(a) < 0.0;
                    let [j, k] = if turned { [k, j] } else { [j, k] };
                    found.push([i, j, k].map(|n| n as u32));
                }
            }
        }
    }
    found
}

fn split(corners: &mut Vec<DVec3>, triangles: &mut Vec<[u32; 3]>) {
    let mut halves: HashMap<[u32; 2], u32> = HashMap::new();
    let mut finer = Vec::with_capacity(4 * triangles.len());
    for &[a, b, c] in &*triangles {
        let [ab, bc, ca] = [[a, b], [b, c], [c, a]].map(|[from, to]| {
            let key = [from.min(to), from.max(to)];
            *halves.entry(key).or_insert_with(|| {
                let at = |n: u32| corners.get(n as usize).copied().unwrap_or_default();
                let middle = (at(from) + at(to)).normalize_or_zero();
                corners.push(middle);
                corners.len() as u32 - 1
            })
        });
        finer.extend([[a, ab, ca], [ab, b, bc], [ca, bc, c], [ab, bc, ca]]);
    }
    *triangles = finer;
}

fn push(mesh: &mut Mesh, at: Point<Lps>, normal: Vector<Lps>) {
    mesh.positions.push(at.0.as_vec3().to_array());
    let unit: Vec3 = normal.0.as_vec3().normalize_or_zero();
    mesh.normals.push(unit.to_array());
}

/// Two unit directions at right angles to a unit direction and to one another; the three are
/// right-handed.
fn across(along: Vector<Lps>) -> (Vector<Lps>, Vector<Lps>) {
    let (u, v) = along.0.any_orthonormal_pair();
    let (u, v) = (Vector::from_vec(u), Vector::from_vec(v));
    if u.cross(v).dot(along) > 0.0 {
        (u, v)
    } else {
        (v, u)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Volume of a closed surface by the divergence theorem: positive where the corners run
    /// counter-clockwise seen from outside.
    fn volume(mesh: &Mesh) -> f64 {
        let at = |n: u32| Vec3::from(mesh.positions[n as usize]).as_dvec3();
        let six: f64 = mesh
            .triangles
            .iter()
            .map(|&[a, b, c]| at(a).dot(at(b).cross(at(c))))
            .sum();
        six / 6.0
    }

    #[test]
    fn a_ball_is_closed_and_as_large_as_it_should_be() {
        let ball = sphere(Point::new(1., -2., 3.), 5.0, 4);
        assert_eq!(ball.triangles.len(), 20 * 256);
        // Euler: corners - edges + faces = 2, with 3/2 edges a face.
        assert_eq!(ball.positions.len() + 20 * 256 - 30 * 256, 2);
        let wanted = 4.0 / 3.0 * std::f64::consts::PI * 125.0;
        let found = volume(&ball);
        assert!((found / wanted - 1.0).abs() < 0.005, "{found} of {wanted}");
        for (position, normal) in ball.positions.iter().zip(&ball.normals) {
            let out = (Vec3::from(*position) - Vec3::new(1., -2., 3.)) / 5.0;
            assert!((out - Vec3::from(*normal)).length() < 1e-6);
        }
    }

    #[test]
    fn tubes_and_cones_hold_what_the_formula_says() {
        let about = Segment::new(Point::new(3., 0., 0.), Point::new(3., 8., 6.));
        let pi = std::f64::consts::PI;
        for (radii, wanted) in [
            ([2.0, 2.0], pi * 4.0 * 10.0),
            ([3.0, 0.0], pi * 9.0 * 10.0 / 3.0),
        ] {
            let found = volume(&tube(about, radii, 96));
            assert!((found / wanted - 1.0).abs() < 0.002, "{found} of {wanted}");
        }
        let point = Segment::new(about.start, about.start);
        assert!(tube(point, [1.0, 1.0], 8).is_empty());
        assert!(disc(about.start, Vector::new(0., 0., 0.), 1.0, 8).is_empty());
    }

    #[test]
    fn a_disc_faces_along_its_normal() {
        let mesh = disc(Point::new(0., 0., 4.), Vector::new(0., 0., 2.), 3.0, 12);
        for &[a, b, c] in &mesh.triangles {
            let at = |n: u32| Vec3::from(mesh.positions[n as usize]);
            assert!((at(b) - at(a)).cross(at(c) - at(a)).z > 0.0);
        }
        assert!(mesh.normals.iter().all(|n| *n == [0.0, 0.0, 1.0]));
    }
}
