//! Values that a grown region takes, from those around its seed.

use crate::geometry::{Lps, Point};
use crate::volume::Volume;

/// Bounds for growing from a seed: two standard deviations about the mean of the 3 × 3 × 3 voxels
/// around it, one unit at least and wide enough for the seed itself. `None` outside the images.
pub fn bounds_about(volume: &Volume, seed: Point<Lps>) -> Option<[f64; 2]> {
    let at = (volume.voxel_from_lps * seed).0.round();
    let value = |offset: [f64; 3]| {
        let [column, row, slice] = (at + glam::DVec3::from_array(offset)).to_array();
        let inside = column >= 0.0 && row >= 0.0 && slice >= 0.0;
        let value = || volume.value_at_voxel(column as usize, row as usize, slice as usize);
        if inside { value() } else { None }
    };
    let own = value([0.0; 3])?;
    let steps = [-1.0, 0.0, 1.0];
    let around = steps.into_iter().flat_map(|x| {
        steps
            .into_iter()
            .flat_map(move |y| steps.into_iter().map(move |z| [x, y, z]))
    });
    let values: Vec<f64> = around.filter_map(value).filter(|v| v.is_finite()).collect();
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let square = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count;
    let half = (2.0 * square.sqrt()).max(1.0);
    let bounds = [(mean - half).min(own), (mean + half).max(own)];
    bounds
        .iter()
        .all(|bound| bound.is_finite())
        .then_some(bounds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::synthetic::SyntheticVolume;

    #[test]
    fn bounds_of_a_region_are_two_deviations_about_the_seed() {
        // 0 and 20 in layers: of 27 voxels about an even layer 9 are 20 and 18 are 0, or the
        // other way round.
        let volume = SyntheticVolume::new([9, 9, 9], [1.0; 3]).build(|p| {
            if (p.0.z.round() as i64).rem_euclid(2) == 0 {
                20.0
            } else {
                0.0
            }
        });
        let middle = volume.center_lps();
        let own = volume.value_at_voxel(4, 4, 4).unwrap();
        let share: f64 = 1.0 / 3.0;
        let mean = if own > 10.0 {
            20.0 * share
        } else {
            20.0 * (1.0 - share)
        };
        let deviation = 20.0 * (share * (1.0 - share)).sqrt();
        let [low, high] = bounds_about(&volume, middle).unwrap();
        assert!((low - (mean - 2.0 * deviation)).abs() < 1e-9, "{low}");
        assert!((high - (mean + 2.0 * deviation)).abs() < 1e-9, "{high}");
        assert_eq!(bounds_about(&volume, Point::new(500., 0., 0.)), None);
    }

    #[test]
    fn even_ground_still_gives_a_width() {
        let volume = SyntheticVolume::new([5, 5, 5], [1.0; 3]).build(|_| 40.0);
        let bounds = bounds_about(&volume, volume.center_lps());
        assert_eq!(bounds, Some([39.0, 41.0]));
    }
}
