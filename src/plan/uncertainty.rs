//! How far off lengths and angles may be because a point is known to half a voxel only.
//!
//! Every point may be off by half a voxel along each axis of the voxel grid. Each of these shifts,
//! taken alone, moves the number by its slope; the shares of all points and axes add up in
//! quadrature, as for independent errors to first order (JCGM 100:2008, 5.1.2):
//!
//! ```text
//! u² = Σ over points p, Σ over axes k  (f(p + h_k) − f(p))²   with f taken as straight about p
//! ```
//!
//! `h_k` is half a voxel along axis k as a vector in the patient, so that grids that lie obliquely
//! and voxels that are no cubes count as they are. For a length that is
//! `u² = 2 Σ (n · h_k)²` with `n` the unit direction of the line.
//!
//! Half a voxel bounds an error that is spread evenly; ± is therefore √3 standard deviations and
//! holds in more than nine cases of ten. How well a person hits a spot, how the patient moves and
//! how the scanner distorts come on top and are not in it.

use super::Trajectory;
use crate::geometry::{
    CArmAngles, Degrees, Lps, NeedleAngles, PatientPosition, Point, Segment, Vector, needle_angle,
    wrap_180,
};
use crate::study::StackGeometry;

/// Share of the shift over which a slope is taken.
const STEP: f64 = 1e-4;

/// Half a voxel along columns, rows and slices as vectors in the patient, mm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HalfVoxel(pub [Vector<Lps>; 3]);

impl HalfVoxel {
    /// Of a grid of slices.
    pub fn of_grid(grid: &StackGeometry) -> Self {
        let [columns, rows, slices] = grid.spacing_mm;
        Self([
            grid.column_direction * (columns / 2.0),
            grid.row_direction * (rows / 2.0),
            grid.slice_direction * (slices / 2.0),
        ])
    }

    /// ± of a length in mm (or of any number that does not wrap round) that is computed from
    /// `points`; `None` where it cannot be computed.
    pub fn of_length(
        &self,
        points: &[Point<Lps>],
        length: impl Fn(&[Point<Lps>]) -> Option<f64>,
    ) -> Option<f64> {
        self.propagated(points, length, |to, from| to - from)
    }

    /// ± of an angle that is computed from `points`, 180° at most; `None` where it cannot be
    /// computed.
    pub fn of_angle(
        &self,
        points: &[Point<Lps>],
        angle: impl Fn(&[Point<Lps>]) -> Option<Degrees>,
    ) -> Option<Degrees> {
        let degrees = |points: &[Point<Lps>]| angle(points).map(|angle| angle.0);
        let apart = |to, from| wrap_180(Degrees(to - from)).0;
        let found = self.propagated(points, degrees, apart)?;
        // More says no more than that the angle is not known at all.
        Some(Degrees(found.min(180.0)))
    }

    fn propagated(
        &self,
        points: &[Point<Lps>],
        value: impl Fn(&[Point<Lps>]) -> Option<f64>,
        apart: impl Fn(f64, f64) -> f64,
    ) -> Option<f64> {
        let here = value(points)?;
        let mut moved = points.to_vec();
        let mut squares = 0.0;
        for (index, &point) in points.iter().enumerate() {
            for half in self.0 {
                // Both ways, and the steeper counts: an angle that is never below 0° has a bend
                // there, where a slope across it would be none.
                let mut slope = None;
                for step in [STEP, -STEP] {
                    *moved.get_mut(index)? = point + half * step;
                    let there = value(&moved).map(|there| apart(there, here).abs() / STEP);
                    slope = there.into_iter().chain(slope).reduce(f64::max);
                }
                *moved.get_mut(index)? = point;
                squares += slope?.powi(2);
            }
        }
        let sum = squares.sqrt();
        sum.is_finite().then_some(sum)
    }
}

/// ± of the numbers of one needle with two ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TrajectoryUncertainty {
    /// Of its length, and of every depth along it, mm.
    pub length_mm: f64,
    /// Of φ.
    pub in_plane: Option<Degrees>,
    /// Of ψ.
    pub out_of_plane: Option<Degrees>,
    /// Of ψs.
    pub sagittal_projected: Option<Degrees>,
    /// Of the gantry tilt.
    pub gantry_tilt: Option<Degrees>,
    /// Of α and β, and of κ and τ, which differ from them by a constant.
    pub carm: Option<[Degrees; 2]>,
    /// Of the console pair.
    pub console: Option<[Degrees; 2]>,
    /// Of orbital and tilt of a C-arm at the table side.
    pub side: Option<[Degrees; 2]>,
}

impl TrajectoryUncertainty {
    /// Propagates half a voxel at entry and target; `position` as declared. `None` while an end
    /// is missing.
    pub fn of(
        needle: &Trajectory,
        position: Option<PatientPosition>,
        half_voxel: &HalfVoxel,
    ) -> Option<Self> {
        let segment = needle.segment()?;
        let ends = [segment.start, segment.end];
        let along = |points: &[Point<Lps>]| match points {
            [entry, target] => Some(*target - *entry),
            _ => None,
        };
        let angle = |of: &dyn Fn(Vector<Lps>) -> Option<Degrees>| {
            half_voxel.of_angle(&ends, |points| of(along(points)?))
        };
        let pair = |of: &dyn Fn(Vector<Lps>) -> Option<[Degrees; 2]>| {
            let first = angle(&|n| of(n).map(|[first, _]| first))?;
            let second = angle(&|n| of(n).map(|[_, second]| second))?;
            Some([first, second])
        };
        Some(Self {
            length_mm: half_voxel.of_length(&ends, |points| along(points).map(Vector::length))?,
            in_plane: angle(&|n| NeedleAngles::of(n)?.in_plane),
            out_of_plane: angle(&|n| NeedleAngles::of(n).map(|angles| angles.out_of_plane)),
            sagittal_projected: angle(&|n| NeedleAngles::of(n)?.sagittal_projected),
            gantry_tilt: angle(&|n| needle_angle::gantry_tilt(n, position?)),
            carm: pair(&|n| CArmAngles::of_needle(n).map(|pair| [pair.primary, pair.secondary])),
            console: pair(&|n| {
                let console = CArmAngles::of_needle(n)?.console(position?);
                Some([console.primary, console.secondary])
            }),
            side: pair(&|n| {
                let side = CArmAngles::of_needle(n)?.side_carm(position?);
                Some([side.orbital, side.tilt])
            }),
        })
    }
}

/// ± of the length of a straight line, mm.
pub fn of_segment(half_voxel: &HalfVoxel, segment: Segment) -> Option<f64> {
    half_voxel.of_length(&[segment.start, segment.end], |points| match points {
        [from, to] => Some(from.distance(*to)),
        _ => None,
    })
}

/// ± of distance (mm) and angle between two needles.
pub fn of_pair(
    half_voxel: &HalfVoxel,
    mine: Segment,
    other: Segment,
) -> (Option<f64>, Option<Degrees>) {
    let ends = [mine.start, mine.end, other.start, other.end];
    let needles = |points: &[Point<Lps>]| match *points {
        [a, b, c, d] => Some((Segment::new(a, b), Segment::new(c, d))),
        _ => None,
    };
    let distance_mm = half_voxel.of_length(&ends, |points| {
        needles(points).map(|(a, b)| a.distance_to_segment_mm(b))
    });
    let angle = half_voxel.of_angle(&ends, |points| {
        let (a, b) = needles(points)?;
        needle_angle::angle_between(a.vector(), b.vector())
    });
    (distance_mm, angle)
}

#[cfg(test)]
mod tests;
