//! Values at any patient point, and pictures of planes, in plain `f64`: the oracle that the fast
//! back ends are tested against and that printed numbers come from.
//!
//! A point belongs to the volume within half a voxel of the outermost voxel centres; there the
//! outermost voxels are continued. The lower border belongs to it, the upper does not, as with
//! ITK's `ImageFunction::IsInsideBuffer`, so that pictures compare with SimpleITK's.

use rayon::prelude::*;

use super::Volume;
use super::slice_request::{SlabMode, SliceRequest};
use crate::geometry::{Lps, Point};

pub use super::slice_request::Interpolation;

/// Added to a voxel coordinate, in voxels, before it is rounded or compared with the border.
///
/// Pixels that fall exactly between two voxels, or on the border, then give the same answer in
/// every back end in spite of rounding.
pub const TIE_BIAS: f64 = 1.0 / 65_536.0;

/// A missing slice with no more than this share of a value does not make the value unknown.
pub const MISSING_SHARE: f64 = 1e-3;

/// The voxel nearest to a coordinate on one axis of `count` voxels, `None` outside.
pub fn nearest_index(at: f64, count: usize) -> Option<usize> {
    let rounded = (at + 0.5 + TIE_BIAS).floor();
    (rounded >= 0.0 && rounded < count as f64).then_some(rounded as usize)
}

/// The two voxels around a coordinate on one axis of `count` voxels and the share of the second;
/// `None` outside. Both are the same within half a voxel of the border.
pub fn linear_taps(at: f64, count: usize) -> Option<(usize, usize, f64)> {
    nearest_index(at, count)?;
    let last = (count - 1) as f64;
    let clamped = at.clamp(0.0, last);
    let low = clamped.floor();
    Some((low as usize, (low + 1.0).min(last) as usize, clamped - low))
}

/// Modality value at a patient point; `None` outside the volume and where a slice that the value
/// depends on is missing.
pub fn value_at(volume: &Volume, point: Point<Lps>, interpolation: Interpolation) -> Option<f64> {
    let at = (volume.voxel_from_lps * point).to_array();
    let stored = match interpolation {
        Interpolation::Nearest => nearest_stored(volume, at),
        Interpolation::Linear => linear_stored(volume, at),
    }?;
    let value = volume.modality_lut.apply(stored);
    (!value.is_nan()).then_some(value)
}

pub(super) fn nearest_stored(volume: &Volume, at: [f64; 3]) -> Option<f64> {
    let [columns, rows, slices] = volume.size;
    let column = nearest_index(at[0], columns)?;
    let row = nearest_index(at[1], rows)?;
    let slice = nearest_index(at[2], slices)?;
    volume.voxels.stored(slice, row * columns + column)
}

fn linear_stored(volume: &Volume, at: [f64; 3]) -> Option<f64> {
    let [columns, rows, slices] = volume.size;
    let (left, right, across) = linear_taps(at[0], columns)?;
    let (upper, lower, down) = linear_taps(at[1], rows)?;
    let (near, far, along) = linear_taps(at[2], slices)?;
    let in_slice = |slice: usize| {
        let stored =
            |row: usize, column: usize| volume.voxels.stored(slice, row * columns + column);
        let top = lerp(stored(upper, left)?, stored(upper, right)?, across);
        let bottom = lerp(stored(lower, left)?, stored(lower, right)?, across);
        Some(lerp(top, bottom, down))
    };
    match (in_slice(near), in_slice(far)) {
        (Some(near), Some(far)) => Some(lerp(near, far, along)),
        (Some(near), None) if along <= MISSING_SHARE => Some(near),
        (None, Some(far)) if along >= 1.0 - MISSING_SHARE => Some(far),
        _ => None,
    }
}

fn lerp(a: f64, b: f64, share: f64) -> f64 {
    a * (1.0 - share) + b * share
}

/// A picture row by row, modality values, NaN where there is none.
///
/// Samples of a slab without a value are skipped.
pub fn reslice_exact(volume: &Volume, request: &SliceRequest) -> Vec<f32> {
    let mut picture = vec![f32::NAN; request.width * request.height];
    if request.check().is_err() {
        return picture;
    }
    let slab = request.slab_samples(volume.finest_spacing_mm());
    let normal = request.plane.normal();
    let value_of = |column: usize, row: usize| {
        let centre = request.lps_from_pixel(column as f64, row as f64);
        let samples = (0..slab.count).filter_map(|sample| {
            let point = centre + normal * slab.offset_mm(sample);
            value_at(volume, point, request.interpolation)
        });
        match request.slab_mode {
            SlabMode::Mip => samples.reduce(f64::max),
            SlabMode::Minip => samples.reduce(f64::min),
            SlabMode::Mean => {
                let (sum, count) = samples.fold((0.0, 0), |(s, n), value| (s + value, n + 1));
                (count > 0).then(|| sum / f64::from(count))
            }
        }
    };
    picture
        .par_chunks_mut(request.width)
        .enumerate()
        .for_each(|(row, pixels)| {
            for (column, pixel) in pixels.iter_mut().enumerate() {
                *pixel = value_of(column, row).map_or(f32::NAN, |value| value as f32);
            }
        });
    picture
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Plane, Vector};
    use crate::volume::synthetic::{StoredAs, SyntheticVolume};

    /// 5 × 6 × 7 voxels of 1 × 2 × 3 mm at (10, 20, 30), values linear in patient space.
    fn gradient() -> Volume {
        SyntheticVolume::new([5, 6, 7], [1., 2., 3.])
            .at(Point::new(10., 20., 30.))
            .stored_as(StoredAs::F32)
            .build(|p| 3.0 * p.0.x - 2.0 * p.0.y + 0.5 * p.0.z)
    }

    #[test]
    fn a_linear_gradient_is_reproduced_exactly() {
        let volume = gradient();
        for at in [
            [10., 20., 30.],
            [12.25, 27.5, 40.],
            [14., 30., 48.],
            [11.1, 22.2, 33.3],
        ] {
            let point = Point::from(at);
            let wanted = 3.0 * at[0] - 2.0 * at[1] + 0.5 * at[2];
            let found = value_at(&volume, point, Interpolation::Linear).unwrap();
            assert!(
                (found - wanted).abs() < 1e-4,
                "{found} for {wanted} at {at:?}"
            );
        }
    }

    #[test]
    fn the_volume_ends_half_a_voxel_beyond_its_outermost_centres() {
        let volume = gradient();
        let value = |x, y, z| value_at(&volume, Point::new(x, y, z), Interpolation::Linear);
        let first = value(10., 20., 30.);
        assert_eq!(value(9.5, 19.0, 28.5), first, "lower border belongs to it");
        assert_eq!(value(9.49, 20., 30.), None);
        assert_eq!(value(14.49, 30., 48.), value(14., 30., 48.));
        assert_eq!(value(14.5, 30., 48.), None, "upper border does not");
        assert_eq!(value(14., 31., 48.), None);
        assert_eq!(value(14., 30., 49.5), None);
        assert_eq!(value(f64::NAN, 30., 48.), None);
    }

    #[test]
    fn nearest_takes_the_closest_voxel_and_halves_go_up() {
        let volume = SyntheticVolume::new([4, 1, 1], [2., 2., 2.]).build(|p| p.0.x * 10.0);
        let value = |x| value_at(&volume, Point::new(x, 0., 0.), Interpolation::Nearest);
        assert_eq!(value(0.9), Some(0.0));
        assert_eq!(value(1.0), Some(20.0));
        assert_eq!(value(1.0 - 1e-9), Some(20.0));
        assert_eq!(value(6.9), Some(60.0));
        assert_eq!(value(7.0), None);
    }

    #[test]
    fn one_bright_voxel_spreads_by_its_shares() {
        let volume = SyntheticVolume::new([3, 3, 3], [1., 1., 1.])
            .build(|p| if p.0 == glam::DVec3::ONE { 800.0 } else { 0.0 });
        let value = |x, y, z| value_at(&volume, Point::new(x, y, z), Interpolation::Linear);
        assert_eq!(value(1., 1., 1.), Some(800.0));
        assert_eq!(value(1.5, 1., 1.), Some(400.0));
        assert_eq!(value(1.5, 0.5, 1.5), Some(100.0));
        assert_eq!(value(1.25, 1., 0.75), Some(450.0));
        assert_eq!(value(2., 1., 1.), Some(0.0));
    }

    #[test]
    fn slabs_take_greatest_least_and_mean_of_their_samples() {
        // Values 0, 10, 20, 90, 40 along z, 1 mm apart; a 2 mm slab about z = 2 takes 10, 20, 90.
        let along = [0.0, 10.0, 20.0, 90.0, 40.0];
        let volume = SyntheticVolume::new([1, 1, 5], [1., 1., 1.]).build(|p| along[p.0.z as usize]);
        let value = |z, slab_mm, slab_mode| {
            let request = SliceRequest {
                slab_mm,
                slab_mode,
                ..SliceRequest::thin(Plane::axial(Point::new(0., 0., z)), 1.0, 1, 1)
            };
            reslice_exact(&volume, &request)[0]
        };
        assert_eq!(value(2.0, 2.0, SlabMode::Mip), 90.0);
        assert_eq!(value(2.0, 2.0, SlabMode::Minip), 10.0);
        assert_eq!(value(2.0, 2.0, SlabMode::Mean), 40.0);
        // Half of the slab lies outside: only 90 and 40 count.
        assert_eq!(value(4.0, 2.0, SlabMode::Mean), 65.0);
        assert!(value(9.0, 2.0, SlabMode::Mip).is_nan());
        assert_eq!(value(9.0, 12.0, SlabMode::Mip), 90.0);
    }

    #[test]
    fn a_missing_slice_gives_no_value_near_it() {
        let volume = SyntheticVolume::new([2, 2, 4], [1., 1., 1.])
            .without_slice(2)
            .build(|p| p.0.z);
        let value = |z| value_at(&volume, Point::new(0., 0., z), Interpolation::Linear);
        assert_eq!(value(1.0), Some(1.0));
        assert_eq!(value(1.0005), Some(1.0));
        assert_eq!(value(1.01), None);
        assert_eq!(value(2.0), None);
        assert_eq!(value(2.5), None);
        assert_eq!(value(3.0), Some(3.0));
        let nearest = value_at(&volume, Point::new(0., 0., 1.4), Interpolation::Nearest);
        assert_eq!(nearest, Some(1.0));
    }

    #[test]
    fn the_modality_values_are_interpolated_and_compared() {
        // Slope -2: the greatest modality value is the least stored one.
        let volume = SyntheticVolume::new([1, 1, 3], [1., 1., 1.])
            .rescaled(-2.0, 100.0)
            .build(|p| p.0.z * 10.0);
        let request = SliceRequest {
            slab_mm: 2.0,
            ..SliceRequest::thin(Plane::axial(Point::new(0., 0., 1.)), 1.0, 1, 1)
        };
        assert_eq!(reslice_exact(&volume, &request), vec![100.0]);
    }

    #[test]
    fn a_picture_has_its_first_pixel_at_the_planes_origin() {
        let volume = gradient();
        let plane = Plane::new(
            Point::new(11., 21., 33.),
            Vector::new(0., 1., 0.),
            Vector::new(0., 0., 1.),
        )
        .unwrap();
        let picture = reslice_exact(&volume, &SliceRequest::thin(plane, 2.0, 3, 2));
        let wanted = |row: f64, column: f64| {
            3.0 * 11.0 - 2.0 * (21.0 + 2.0 * column) + 0.5 * (33.0 + 2.0 * row)
        };
        for row in 0..2 {
            for column in 0..3 {
                let found = f64::from(picture[row * 3 + column]);
                assert!((found - wanted(row as f64, column as f64)).abs() < 1e-5);
            }
        }
    }
}
