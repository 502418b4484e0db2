//! The CT at the resolutions of a registration.

use rayon::prelude::*;

use super::projector::Attenuation;
use crate::geometry::{Lps, Point, Transform, Vector, Voxel};

/// Means of blocks of `factor` voxels along each axis.
pub fn coarser(fine: &Attenuation, factor: [usize; 3]) -> Attenuation {
    let size: [usize; 3] = std::array::from_fn(|k| (fine.size[k] / factor[k]).max(1));
    let factor: [usize; 3] = std::array::from_fn(|k| factor[k].min(fine.size[k]));
    let mut per_mm = vec![0.0_f32; size.iter().product()];
    let share = 1.0 / factor.iter().product::<usize>() as f32;
    per_mm
        .par_chunks_mut(size[0] * size[1])
        .enumerate()
        .for_each(|(slice, values)| {
            for z in slice * factor[2]..(slice + 1) * factor[2] {
                for row in 0..size[1] * factor[1] {
                    let from = (z * fine.size[1] + row) * fine.size[0];
                    let line = &fine.per_mm[from..from + size[0] * factor[0]];
                    let to = (row / factor[1]) * size[0];
                    for (value, block) in values[to..to + size[0]].iter_mut().zip(line.chunks_exact(factor[0])) {
                        *value += block.iter().sum::<f32>() * share;
                    }
                }
            }
        });
    let column = |axis: usize| {
        let mut unit = [0.0; 3];
        unit[axis] = factor[axis] as f64;
        fine.lps_from_voxel.vector(Vector::<Voxel>::from(unit)).0
    };
    let first = factor.map(|n| (n as f64 - 1.0) / 2.0);
    let origin = fine.lps_from_voxel * Point::from(first);
    let lps_from_voxel: Transform<Lps, Voxel> =
        Transform::from_columns(column(0), column(1), column(2), origin.0);
    Attenuation {
        size,
        per_mm,
        voxel_from_lps: lps_from_voxel.inverse().unwrap_or(fine.voxel_from_lps),
        lps_from_voxel,
    }
}

/// Voxels to put together so that none is larger than `mm`, along each axis.
pub fn factor_for(fine: &Attenuation, mm: f64) -> [usize; 3] {
    std::array::from_fn(|axis| {
        let mut unit = [0.0; 3];
        unit[axis] = 1.0;
        let spacing = fine.lps_from_voxel.vector(Vector::<Voxel>::from(unit)).length();
        ((mm / spacing + 0.01) as usize).max(1)
    })
}
