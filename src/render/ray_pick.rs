//! The place that one sees under the pointer in a ray-cast picture, in `f64` from the voxels.

use super::ray_volume::RayVolume;
use crate::geometry::{Lps, Point, Vector};
use crate::volume::ray_surface::inside_mm;
use crate::volume::sample::{Interpolation, value_at};

/// Share of the light that a place and what lies before it must stop to count as seen.
pub const SEEN: f64 = 0.5;
/// Samples along the line for the finest voxel edge.
const SAMPLES_PER_VOXEL: f64 = 4.0;
/// Most samples along a line.
const MOST_SAMPLES: f64 = 1e6;

/// Distance from a point in a unit direction, between two distances, mm, at which a share of the
/// light has been stopped; `None` where it is not before the line leaves the volume.
pub fn seen_at_mm(
    source: &RayVolume,
    (from, direction): (Point<Lps>, Vector<Lps>),
    between_mm: [f64; 2],
    share: f64,
) -> Option<f64> {
    let volume = source.volume();
    let [enter, leave] = inside_mm(volume, from, direction, between_mm)?;
    let step_mm = volume.finest_spacing_mm() / SAMPLES_PER_VOXEL;
    let count = ((leave - enter) / step_mm).ceil().clamp(1.0, MOST_SAMPLES);
    let step_mm = (leave - enter) / count;
    let wanted = -(1.0 - share.clamp(0.0, 0.999)).ln();
    let mut gathered = 0.0;
    for sample in 0..count as usize {
        let begin = enter + step_mm * sample as f64;
        let middle = from + direction * (begin + step_mm / 2.0);
        let value = value_at(volume, middle, Interpolation::Linear);
        let extinction = value.map_or(0.0, |value| source.function().extinction_at(value));
        let more = extinction * step_mm;
        if more > 0.0 && gathered + more >= wanted {
            return Some(begin + step_mm * (wanted - gathered) / more);
        }
        gathered += more;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::render::transfer_function::{TransferFunction, TransferPoint};
    use crate::volume::block_ranges::BlockRanges;
    use crate::volume::synthetic::SyntheticVolume;

    #[test]
    fn half_of_the_light_is_stopped_after_one_half_value_layer() {
        // From y = 0 on 100, which stops half of the light in 2 mm; a voxel of transition before.
        let volume = SyntheticVolume::new([10, 200, 10], [1., 0.5, 1.])
            .at(Point::new(0., -50., 0.))
            .build(|p| if p.0.y < -0.1 { 0.0 } else { 100.0 });
        let ranges = Arc::new(BlockRanges::find(&volume, &|| false).unwrap());
        let points = vec![
            TransferPoint::new(99.0, [0; 3], 0.0),
            TransferPoint::new(100.0, [255; 3], 1.0 - 0.5_f64.sqrt()),
        ];
        let function = TransferFunction::new(points, 50.0).unwrap();
        let source = RayVolume::new(Arc::new(volume), ranges, function).unwrap();
        let line = (Point::new(4., -100., 4.), Vector::new(0., 1., 0.));
        let found = seen_at_mm(&source, line, [0.0, 500.0], SEEN).unwrap();
        assert!((found - 102.0).abs() < 0.07, "{found}");
        // Starting within, and too short a way.
        let cut = seen_at_mm(&source, line, [120.0, 500.0], SEEN).unwrap();
        assert!((cut - 122.0).abs() < 1e-6, "{cut}");
        assert_eq!(seen_at_mm(&source, line, [0.0, 101.0], SEEN), None);
    }
}
