//! The smallest distance between a straight piece and a structure.
//!
//! The field is walked along in steps that its slope of one allows, and the nearest voxels that it
//! leads to are then measured themselves, so that the answer does not depend on interpolation.

use glam::{DVec3, IVec3};

use super::distance_field::{DistanceField, Reading};
use crate::geometry::{Lps, Point, Segment};

/// Places of the segment whose voxels are measured, the nearest first.
const MEASURED: usize = 8;

/// Where a segment comes closest to a structure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SegmentDistance {
    /// Smallest signed distance from the segment to the surface, mm. Outside that to the nearest
    /// voxel box, inside, where it says how deep the segment lies, to within half a voxel.
    pub reading: Reading,
    /// Fraction 0–1 along the segment of the place where it is reached.
    pub fraction: f64,
    /// Nearest point of the structure, where it was measured.
    pub on_structure: Option<Point<Lps>>,
}

#[derive(Clone, Copy)]
struct Sample {
    fraction: f64,
    mm: f64,
    known: bool,
}

/// The best measured voxel.
#[derive(Clone, Copy)]
struct Measured {
    mm: f64,
    fraction: f64,
    voxel: IVec3,
}

impl DistanceField {
    /// Smallest distance from a segment to the structure.
    ///
    /// Above `enough_mm` the answer is a lower bound only, which costs less.
    pub fn to_segment(&self, segment: Segment, enough_mm: f64) -> SegmentDistance {
        let ends = [self.to_grid_mm(segment.start), self.to_grid_mm(segment.end)];
        let samples = self.walk(ends);
        let lowest = samples
            .iter()
            .copied()
            .min_by(|a, b| a.mm.total_cmp(&b.mm))
            .unwrap_or(Sample {
                fraction: 0.0,
                mm: f64::INFINITY,
                known: false,
            });
        let slack = self.half_diagonal_mm();
        if !lowest.known || lowest.mm - 2.0 * slack > enough_mm {
            // Between two samples the distance can be lower by half a step.
            let mm = if lowest.known {
                lowest.mm - 2.0 * slack
            } else {
                (lowest.mm - slack).max(0.0)
            };
            return SegmentDistance {
                reading: Reading::AtLeast(mm),
                fraction: lowest.fraction,
                on_structure: None,
            };
        }
        let measured = self.measure(ends, &samples, lowest.mm + 2.0 * slack);
        let depth = (lowest.mm < 0.0).then_some((lowest.mm, lowest.fraction));
        // What is farther than the field allows is not the nearest voxel.
        let believed = measured.filter(|found| found.mm <= lowest.mm.max(0.0) + slack);
        let Some(found) = believed else {
            return SegmentDistance {
                reading: Reading::Mm(lowest.mm),
                fraction: lowest.fraction,
                on_structure: None,
            };
        };
        let (mm, fraction) = depth.unwrap_or((found.mm, found.fraction));
        // Part of the segment may lie beyond the field, where it could be nearer still.
        let beyond_mm = samples
            .iter()
            .filter(|sample| !sample.known)
            .map(|sample| sample.mm - slack)
            .fold(f64::INFINITY, f64::min);
        if beyond_mm < mm {
            return SegmentDistance {
                reading: Reading::AtLeast(beyond_mm.max(0.0)),
                fraction,
                on_structure: None,
            };
        }
        let on_axis = ends[0].lerp(ends[1], found.fraction);
        let [low, high] = self.voxel_box(found.voxel);
        SegmentDistance {
            reading: Reading::Mm(mm),
            fraction,
            on_structure: Some(if depth.is_some() {
                segment.at(fraction)
            } else {
                self.lps_at(on_axis.clamp(low, high))
            }),
        }
    }

    /// Values along the segment, closest together where the structure is nearest.
    fn walk(&self, [start, end]: [DVec3; 2]) -> Vec<Sample> {
        let length = start.distance(end);
        let step = self.spacing_mm().min_element();
        let sample = |fraction: f64| {
            let reading = self.at_mm(start.lerp(end, fraction));
            Sample {
                fraction,
                mm: reading.mm(),
                known: matches!(reading, Reading::Mm(_)),
            }
        };
        if !length.is_finite() || length <= f64::MIN_POSITIVE {
            return vec![sample(0.0)];
        }
        let mut best = [0.0, 0.25, 0.5, 0.75, 1.0]
            .map(|fraction| sample(fraction).mm)
            .into_iter()
            .fold(f64::INFINITY, f64::min);
        let slack = 4.0 * self.half_diagonal_mm();
        let mut samples = Vec::with_capacity(64);
        let mut at_mm = 0.0;
        while at_mm < length {
            let next = sample(at_mm / length);
            best = best.min(next.mm);
            samples.push(next);
            at_mm += (next.mm - best - slack).max(step);
        }
        samples.push(sample(1.0));
        samples
    }

    /// Measures the voxels that the lowest places of the walk lead to.
    fn measure(&self, ends: [DVec3; 2], samples: &[Sample], below_mm: f64) -> Option<Measured> {
        let mut lowest: Vec<Sample> = Vec::with_capacity(16);
        for (at, sample) in samples.iter().enumerate() {
            let mm = |other: Option<&Sample>| other.map_or(f64::INFINITY, |other| other.mm);
            let before = at.checked_sub(1).and_then(|at| samples.get(at));
            // The lowest of all may be hidden by interpolation, so that its neighbours count too.
            let valley =
                sample.mm <= mm(before) + 0.1 && sample.mm <= mm(samples.get(at + 1)) + 0.1;
            if valley && sample.known && sample.mm <= below_mm {
                lowest.push(*sample);
            }
        }
        lowest.sort_by(|a, b| a.mm.total_cmp(&b.mm));
        let mut best: Option<Measured> = None;
        for sample in lowest.iter().take(MEASURED) {
            let landed = self.descend(ends[0].lerp(ends[1], sample.fraction));
            self.climb(ends, landed, &mut best);
        }
        best
    }

    /// Follows the field down to the surface.
    fn descend(&self, from: DVec3) -> IVec3 {
        let mut at = from;
        let close = self.spacing_mm().min_element() / 4.0;
        for _ in 0..24 {
            let mm = self.at_mm(at).mm();
            if mm <= close {
                break;
            }
            let away = self.away_mm(at);
            if away == DVec3::ZERO {
                break;
            }
            // Not all the way: between two parts of a structure the slope points between them.
            at -= away * mm * 0.6;
        }
        (at / self.spacing_mm()).round().as_ivec3()
    }

    /// Goes from voxel to voxel of the structure as long as that brings it closer to the segment.
    fn climb(&self, ends: [DVec3; 2], from: IVec3, best: &mut Option<Measured>) {
        let mut middle = from;
        // Each turn is an improvement; the bound is for a field that makes no sense.
        for _ in 0..64 {
            let before = best.map_or(f64::INFINITY, |best| best.mm);
            for step in 0..125 {
                let voxel = middle + IVec3::new(step % 5 - 2, step / 5 % 5 - 2, step / 25 - 2);
                self.try_voxel(ends, voxel, best);
            }
            match best {
                Some(best) if best.mm < before => middle = best.voxel,
                _ => break,
            }
        }
    }

    fn try_voxel(&self, ends: [DVec3; 2], voxel: IVec3, best: &mut Option<Measured>) {
        let Ok(index) = voxel.to_array().try_into_usize() else {
            return;
        };
        if !self.mask().contains(index) {
            return;
        }
        let (mm, fraction) = segment_to_box(ends, self.voxel_box(voxel));
        if best.is_none_or(|best| mm < best.mm) {
            *best = Some(Measured {
                mm,
                fraction,
                voxel,
            });
        }
    }

    fn voxel_box(&self, voxel: IVec3) -> [DVec3; 2] {
        let middle = voxel.as_dvec3();
        [
            (middle - 0.5) * self.spacing_mm(),
            (middle + 0.5) * self.spacing_mm(),
        ]
    }
}

trait TryIntoUsize {
    fn try_into_usize(self) -> Result<[usize; 3], std::num::TryFromIntError>;
}

impl TryIntoUsize for [i32; 3] {
    fn try_into_usize(self) -> Result<[usize; 3], std::num::TryFromIntError> {
        let [x, y, z] = self;
        Ok([x.try_into()?, y.try_into()?, z.try_into()?])
    }
}

/// Smallest distance between a segment and a box, and the fraction along the segment where it is.
///
/// The square of the distance is convex along the segment and quadratic between the places where
/// the segment passes a face plane: its slope is zero in the one piece where it changes sign.
fn segment_to_box([start, end]: [DVec3; 2], [low, high]: [DVec3; 2]) -> (f64, f64) {
    let along = end - start;
    let out = |t: f64| {
        let at = start + along * t;
        (at - high).max(DVec3::ZERO) - (low - at).max(DVec3::ZERO)
    };
    let slope = |t: f64| out(t).dot(along);
    let (mut from, mut to) = (0.0_f64, 1.0_f64);
    for axis in 0..3 {
        for face in [low[axis], high[axis]] {
            let t = (face - start[axis]) / along[axis];
            if t > from && t < to {
                if slope(t) <= 0.0 {
                    from = t;
                } else {
                    to = t;
                }
            }
        }
    }
    let (left, right) = (slope(from), slope(to));
    let t = if left >= 0.0 {
        from
    } else if right <= 0.0 {
        to
    } else {
        from + (to - from) * left / (left - right)
    };
    (out(t).length(), t)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::geometry::Transform;
    use crate::volume::structure::{Mask, MaskGrid};

    /// A turned grid of 0.7 × 0.8 × 1.5 mm.
    fn grid() -> Arc<MaskGrid> {
        let turn = glam::DMat3::from_rotation_z(0.4) * glam::DMat3::from_rotation_x(-0.3);
        let to_lps = Transform::from_columns(
            turn.col(0) * 0.7,
            turn.col(1) * -0.8,
            turn.col(2) * 1.5,
            DVec3::new(-12., 30., 5.),
        );
        Arc::new(MaskGrid::new([60, 50, 40], to_lps).unwrap())
    }

    fn field(is_part: impl Fn([usize; 3]) -> bool) -> DistanceField {
        let mask = Mask::from_fn(grid(), [0; 3], [60, 50, 40], is_part);
        DistanceField::new(Arc::new(mask), 25.0, &|| false).unwrap()
    }

    /// A bent rod and a lone voxel.
    fn rod([x, y, z]: [usize; 3]) -> bool {
        let away = |a: usize, b: f64| a as f64 - b;
        let bend = 20.0 + (z as f64 * 0.2).sin() * 6.0;
        away(x, bend).powi(2) + away(y, 25.0).powi(2) < 9.0 || [x, y, z] == [45, 10, 8]
    }

    fn pseudo_random(seed: &mut u64) -> f64 {
        *seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*seed >> 11) as f64 / (1_u64 << 53) as f64
    }

    #[test]
    fn segments_are_as_far_as_the_nearest_of_all_voxel_boxes() {
        let field = field(rod);
        let grid = grid();
        let mut seed = 7;
        let mut through = 0;
        for _ in 0..300 {
            let mut point = || {
                let [x, y, z] = [60.0, 50.0, 40.0].map(|n| pseudo_random(&mut seed) * n);
                grid.lps_from_voxel * Point::new(x, y, z)
            };
            let segment = Segment::new(point(), point());
            let ends = [
                field.to_grid_mm(segment.start),
                field.to_grid_mm(segment.end),
            ];
            let nearest = field
                .mask()
                .voxels()
                .map(|voxel| {
                    let voxel = IVec3::from_array(voxel.map(|n| n as i32));
                    segment_to_box(ends, field.voxel_box(voxel)).0
                })
                .fold(f64::INFINITY, f64::min);
            let found = field.to_segment(segment, f64::INFINITY);
            let Reading::Mm(mm) = found.reading else {
                panic!("{found:?} within the field");
            };
            assert!((mm.max(0.0) - nearest).abs() < 1e-9, "{mm} for {nearest}");
            if nearest <= 0.0 {
                through += 1;
                continue;
            }
            let on_structure = found.on_structure.unwrap();
            let on_axis = segment.at(found.fraction);
            assert!((on_axis.distance(on_structure) - mm).abs() < 1e-9);
            assert!((segment.distance_to_point_mm(on_structure) - mm).abs() < 1e-9);
            let quick = field.to_segment(segment, mm / 2.0).reading.mm();
            assert!(quick <= mm + 1e-9 && quick > mm / 2.0);
        }
        assert!((20..280).contains(&through), "{through} hit the structure");
    }

    #[test]
    fn a_segment_and_a_box_by_hand() {
        let cube = [DVec3::splat(-1.0), DVec3::splat(1.0)];
        for (start, end, wanted) in [
            ([3., -5., 0.], [3., 5., 0.], 2.0),            // past a face
            ([4., 5., 0.], [9., 5., 0.], 5.0),             // an end off an edge: 3, 4
            ([3., 0., 0.], [0., 3., 0.], 0.5_f64.sqrt()),  // across an edge
            ([-3., 0., 0.], [3., 0.5, 0.2], 0.0),          // through
            ([0.2, 0.1, 0.], [0.3, 0., 0.], 0.0),          // within
            ([1., 3., 5.], [1., 3., 5.], 20.0_f64.sqrt()), // a point
        ] {
            let ends = [DVec3::from_array(start), DVec3::from_array(end)];
            let (mm, t) = segment_to_box(ends, cube);
            assert!((mm - wanted).abs() < 1e-12, "{mm} for {wanted}");
            assert!((0.0..=1.0).contains(&t));
        }
    }

    #[test]
    fn beyond_the_field_only_a_bound_is_given() {
        let field = field(rod);
        let far = |x: f64| Segment::new(Point::new(x, 400., 0.), Point::new(x, 500., 30.));
        let found = field.to_segment(far(0.0), f64::INFINITY);
        let Reading::AtLeast(mm) = found.reading else {
            panic!("{found:?} beyond the field");
        };
        assert!(mm > 300.0 && mm < 400.0);
        assert_eq!(found.on_structure, None);
    }
}
