//! Line integrals through a volume, by Joseph's method.

use glam::DVec3;
use rayon::prelude::*;

use crate::geometry::{ConeBeam, Point, Receptor, Transform, Lps, Voxel};

/// Linear attenuation per mm on a grid.
#[derive(Debug)]
pub struct Attenuation {
    /// Columns, rows, slices.
    pub size: [usize; 3],
    /// Per mm.
    pub per_mm: Vec<f32>,
    /// Patient → voxel.
    pub voxel_from_lps: Transform<Voxel, Lps>,
    /// Voxel → patient.
    pub lps_from_voxel: Transform<Lps, Voxel>,
}

/// Line integrals row by row.
pub fn line_integrals(volume: &Attenuation, beam: &ConeBeam, receptor: &Receptor) -> Vec<f32> {
    let [columns, rows] = receptor.size;
    let mut picture = vec![0.0_f32; columns * rows];
    let source = (volume.voxel_from_lps * beam.source).0;
    picture
        .par_chunks_mut(columns * 4)
        .enumerate()
        .for_each(|(block, pixels)| {
            for (index, pixel) in pixels.iter_mut().enumerate() {
                let (row, column) = (block * 4 + index / columns, index % columns);
                let at = beam.point_of(glam::DVec2::new(column as f64, row as f64), receptor);
                *pixel = integral(volume, source, at, at.distance(beam.source));
            }
        });
    picture
}

fn integral(volume: &Attenuation, source: DVec3, to: Point<Lps>, length_mm: f64) -> f32 {
    let end = (volume.voxel_from_lps * to).0;
    let step = end - source;
    let size = volume.size;
    let absolute = step.abs();
    let (axis, a, b) = if absolute.x >= absolute.y && absolute.x >= absolute.z {
        (0, 1, 2)
    } else if absolute.y >= absolute.z {
        (1, 0, 2)
    } else {
        (2, 0, 1)
    };
    let strides = [1, size[0], size[0] * size[1]];
    let per_plane = 1.0 / step[axis];
    // Planes lo..=hi of the leading axis where both others are inside.
    let (mut lo, mut hi) = (0.0_f64, (size[axis] - 1) as f64);
    for other in [a, b] {
        let slope = step[other] * per_plane;
        let start = source[other] - source[axis] * slope;
        let last = (size[other] - 1) as f64 - 1e-3;
        if slope.abs() < 1e-12 {
            if start < 1e-3 || start > last {
                return 0.0;
            }
            continue;
        }
        let (one, two) = ((1e-3 - start) / slope, (last - start) / slope);
        lo = lo.max(one.min(two));
        hi = hi.min(one.max(two));
    }
    let (lo, hi) = (lo.ceil().max(0.0), hi.floor());
    if !(lo <= hi) {
        return 0.0;
    }
    let (lo, hi) = (lo as usize, hi as usize);
    let slopes = [step[a] * per_plane, step[b] * per_plane];
    let at = [
        (source[a] + (lo as f64 - source[axis]) * slopes[0]) as f32,
        (source[b] + (lo as f64 - source[axis]) * slopes[1]) as f32,
    ];
    let slopes = slopes.map(|s| s as f32);
    let (sa, sb, sk) = (strides[a], strides[b], strides[axis]);
    let data = &volume.per_mm[..];
    let mut sum = 0.0_f32;
    for k in lo..=hi {
        let n = (k - lo) as f32;
        let (pa, pb) = (at[0] + n * slopes[0], at[1] + n * slopes[1]);
        let (ia, ib) = (pa as usize, pb as usize);
        let (fa, fb) = (pa - ia as f32, pb - ib as f32);
        let base = k * sk + ia * sa + ib * sb;
        let (v00, v10, v01, v11) = (
            data[base],
            data[base + sa],
            data[base + sb],
            data[base + sa + sb],
        );
        let top = v00 + fa * (v10 - v00);
        let bottom = v01 + fa * (v11 - v01);
        sum += top + fb * (bottom - top);
    }
    sum * (length_mm * per_plane.abs()) as f32
}
