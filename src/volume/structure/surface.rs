//! Surfaces of equal value in a volume.

use glam::{DVec3, Vec3};

use crate::geometry::{Mesh, Point};
use crate::volume::Volume;

/// The surface where the values of a volume cross `threshold`, by surface nets (Gibson, MICCAI
/// 1998) over every `stride`-th voxel each way; closed where the volume ends.
///
/// `None` when cancelled.
pub fn iso_surface(
    volume: &Volume,
    threshold: f64,
    stride: usize,
    cancel: &(dyn Fn() -> bool + Sync),
) -> Option<Mesh> {
    let stride = stride.max(1);
    // One more node on each side, outside the volume, which is below the threshold.
    let nodes = volume.size.map(|n| n.div_ceil(stride) + 2);
    let [nx, ny, nz] = nodes;
    let layer = |z: usize| -> Vec<f32> {
        let mut values = Vec::with_capacity(nx * ny);
        for y in 0..ny {
            for x in 0..nx {
                let at = [x, y, z].map(|n| n.checked_sub(1).map(|n| n * stride));
                let value = match at {
                    [Some(x), Some(y), Some(z)] => volume.value_at_voxel(x, y, z),
                    _ => None,
                };
                values.push(value.map_or(-1.0, |value| (value - threshold) as f32));
            }
        }
        values
    };
    let mut mesh = Mesh::default();
    let mut below = layer(0);
    let mut corners_below: Vec<u32> = vec![u32::MAX; nx * ny];
    for z in 0..nz.saturating_sub(1) {
        if cancel() {
            return None;
        }
        let above = layer(z + 1);
        let mut corners = vec![u32::MAX; nx * ny];
        for y in 0..ny - 1 {
            for x in 0..nx - 1 {
                let Some(at) = net_corner([&below, &above], x, y, nx) else {
                    continue;
                };
                let node = DVec3::new(x as f64, y as f64, z as f64) + at;
                let voxel = (node - 1.0) * stride as f64;
                let place = volume.lps_from_voxel * Point::from_vec(voxel);
                corners[y * nx + x] = mesh.positions.len() as u32;
                mesh.positions.push(place.0.as_vec3().to_array());
            }
        }
        let value = |x: usize, y: usize| below[y * nx + x];
        let mut quad = |a: u32, b: u32, c: u32, d: u32, flipped: bool| {
            let [b, d] = if flipped { [d, b] } else { [b, d] };
            mesh.triangles.extend([[a, b, c], [a, c, d]]);
        };
        for y in 1..ny - 1 {
            for x in 1..nx - 1 {
                let here = value(x, y) > 0.0;
                let cell = |list: &[u32], x: usize, y: usize| list[y * nx + x];
                if here != (above[y * nx + x] > 0.0) {
                    let around = [(x - 1, y - 1), (x, y - 1), (x, y), (x - 1, y)];
                    let [a, b, c, d] = around.map(|(x, y)| cell(&corners, x, y));
                    quad(a, b, c, d, !here);
                }
                if z > 0 && here != (value(x + 1, y) > 0.0) {
                    quad(
                        cell(&corners_below, x, y - 1),
                        cell(&corners_below, x, y),
                        cell(&corners, x, y),
                        cell(&corners, x, y - 1),
                        !here,
                    );
                }
                if z > 0 && here != (value(x, y + 1) > 0.0) {
                    quad(
                        cell(&corners_below, x - 1, y),
                        cell(&corners, x - 1, y),
                        cell(&corners, x, y),
                        cell(&corners_below, x, y),
                        !here,
                    );
                }
            }
        }
        (below, corners_below) = (above, corners);
    }
    let turned = volume.lps_from_voxel.0.matrix3.determinant() < 0.0;
    if turned {
        mesh.triangles.iter_mut().for_each(|t| t.swap(1, 2));
    }
    mesh.normals = normals(&mesh);
    Some(mesh)
}

fn net_corner(layers: [&[f32]; 2], x: usize, y: usize, nx: usize) -> Option<DVec3> {
    let value = |n: usize| layers[n >> 2][(y + (n >> 1 & 1)) * nx + x + (n & 1)];
    let values: [f32; 8] = std::array::from_fn(value);
    let inside = values.iter().filter(|v| **v > 0.0).count();
    if inside == 0 || inside == 8 {
        return None;
    }
    let place = |n: usize| DVec3::new((n & 1) as f64, (n >> 1 & 1) as f64, (n >> 2) as f64);
    let (mut sum, mut count) = (DVec3::ZERO, 0.0);
    for a in 0..8_usize {
        for bit in [1, 2, 4] {
            let b = a | bit;
            if a != b && (values[a] > 0.0) != (values[b] > 0.0) {
                let share = f64::from(values[a] / (values[a] - values[b]));
                sum += place(a).lerp(place(b), share);
                count += 1.0;
            }
        }
    }
    Some(sum / count)
}

fn normals(mesh: &Mesh) -> Vec<[f32; 3]> {
    let mut normals = vec![Vec3::ZERO; mesh.positions.len()];
    for t in &mesh.triangles {
        let [a, b, c] = t.map(|n| Vec3::from(mesh.positions[n as usize]));
        let normal = (b - a).cross(c - a);
        for &n in t {
            normals[n as usize] += normal;
        }
    }
    normals
        .iter()
        .map(|n| n.normalize_or_zero().to_array())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::synthetic::SyntheticVolume;

    #[test]
    fn a_ball_has_its_radius_and_faces_outwards_at_every_stride() {
        let middle = Point::new(20., 18., 16.);
        let volume = SyntheticVolume::new([41, 37, 33], [1., 1., 1.])
            .build(|p| 1000.0 - 100.0 * p.distance(middle));
        for stride in [1, 2] {
            let mesh = iso_surface(&volume, 0.0, stride, &|| false).unwrap();
            assert!(mesh.triangles.len() > 200);
            for (at, normal) in mesh.positions.iter().zip(&mesh.normals) {
                let out = Vec3::from(*at).as_dvec3() - middle.0;
                assert!((out.length() - 10.0).abs() < 0.25 * stride as f64, "{out}");
                let normal = Vec3::from(*normal).as_dvec3();
                assert!(out.normalize_or_zero().dot(normal) > 0.85, "{out} {normal}");
            }
            // Closed: every side of a triangle is one of another, run the other way.
            let sides = |t: &[u32; 3]| [[t[0], t[1]], [t[1], t[2]], [t[2], t[0]]];
            let all: std::collections::HashSet<[u32; 2]> =
                mesh.triangles.iter().flat_map(sides).collect();
            assert!(all.iter().all(|[a, b]| all.contains(&[*b, *a])));
        }
        assert!(iso_surface(&volume, 0.0, 1, &|| true).is_none());
    }
}
