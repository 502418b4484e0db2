//! Where a line first meets a surface of a volume: bone, or the skin. A pure function of the
//! voxels in `f64`; what is picked in a picture comes from here, never from the picture.

use super::Volume;
use super::padding::{is_cut_off, value_in_air};
use crate::geometry::{Lps, Point, Vector};

/// Least HU of a bone surface: cortex, and cancellous bone of the healthy.
pub const BONE_SURFACE_HU: f64 = 200.0;

/// Samples along the line for the finest voxel edge.
const SAMPLES_PER_VOXEL: f64 = 2.0;
/// Halvings of the interval in which the surface lies: far below a thousandth of a voxel.
const HALVINGS: usize = 40;
/// Most samples along a line.
const MOST_SAMPLES: f64 = 1e6;

/// A surface that a line may meet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RaySurface {
    /// The value at the surface; higher behind it.
    pub threshold: f64,
    /// The values stay above it for so long, mm: what is thinner is noise, cloth, a table's shell.
    pub thickness_mm: f64,
    /// It is a surface only below air: not where the line enters the volume in the midst of it, as
    /// on the face at which a scan ends or the circle that was reconstructed, nor behind a missing
    /// slice.
    pub below_air: bool,
}

impl RaySurface {
    /// Bone.
    pub const BONE: Self = Self {
        threshold: BONE_SURFACE_HU,
        thickness_mm: 1.0,
        below_air: false,
    };

    /// The skin: half way between air and soft tissue, with a body behind it.
    pub const SKIN: Self = Self {
        threshold: -500.0,
        thickness_mm: 10.0,
        below_air: true,
    };

    /// The first place of the surface on the line from a point in a unit direction, between two
    /// distances from it, mm. Where the line starts within, in a cut, the start itself.
    ///
    /// Between voxel centres the values are interpolated linearly; voxels without an image count as
    /// air, whatever their number. `None` where the line meets no such surface, beyond the volume's
    /// ends and at missing slices, and where a surface that lies [below air](Self::below_air) is met
    /// from within: what comes behind is not the first one.
    pub fn first_on(
        &self,
        volume: &Volume,
        (from, direction): (Point<Lps>, Vector<Lps>),
        between_mm: [f64; 2],
    ) -> Option<Point<Lps>> {
        let [enter, leave] = inside_mm(volume, from, direction, between_mm)?;
        let step_mm = volume.finest_spacing_mm() / SAMPLES_PER_VOXEL;
        let count = ((leave - enter) / step_mm).ceil().clamp(1.0, MOST_SAMPLES);
        let step_mm = (leave - enter) / count;
        let value = |mm: f64| value_in_air(volume, from + direction * mm);
        let above = |mm: f64| value(mm).is_some_and(|value| value >= self.threshold);
        let place = |sample: usize| enter + step_mm * sample as f64;
        // The first sample of those above the threshold without a break.
        let mut begun: Option<usize> = None;
        for sample in 0..=count as usize {
            if !above(place(sample)) {
                begun = None;
                continue;
            }
            let first = *begun.get_or_insert(sample);
            if place(sample) - place(first) < self.thickness_mm {
                continue;
            }
            let before = first.checked_sub(1);
            if self.below_air && before.is_none_or(|before| value(place(before)).is_none()) {
                return None;
            }
            let Some(before) = before else {
                return Some(from + direction * place(first));
            };
            let (mut low, mut high) = (place(before), place(first));
            for _ in 0..HALVINGS {
                let middle = low.midpoint(high);
                if above(middle) {
                    high = middle;
                } else {
                    low = middle;
                }
            }
            let found = from + direction * high;
            let cut_off = self.below_air && is_cut_off(volume, (found, -direction), self.threshold);
            return (!cut_off).then_some(found);
        }
        None
    }
}

/// The distances between which a line passes the box of a volume, within half a voxel of the
/// outermost centres; `None` where it does not.
pub fn inside_mm(
    volume: &Volume,
    from: Point<Lps>,
    direction: Vector<Lps>,
    [near_mm, far_mm]: [f64; 2],
) -> Option<[f64; 2]> {
    let start = (volume.voxel_from_lps * from).0.to_array();
    let along = volume.voxel_from_lps.vector(direction).0.to_array();
    let (mut enter, mut leave) = (near_mm, far_mm);
    for ((start, along), count) in start.into_iter().zip(along).zip(volume.size) {
        let ends = [-0.5, count as f64 - 0.5].map(|end| (end - start) / along);
        if along.abs() > 1e-12 {
            enter = enter.max(ends[0].min(ends[1]));
            leave = leave.min(ends[0].max(ends[1]));
        } else if !(-0.5..count as f64 - 0.5).contains(&start) {
            return None;
        }
    }
    (enter < leave && enter.is_finite() && leave.is_finite()).then_some([enter, leave])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::padding::tests::patient_in_circle;
    use crate::volume::sample::{Interpolation, value_at};
    use crate::volume::synthetic::SyntheticVolume;

    const LINE: [f64; 2] = [0.0, 500.0];

    /// A body of 0 HU with a ball of bone (blurred edges), air about it, and a thin table below.
    fn volume() -> Volume {
        SyntheticVolume::new([60, 80, 50], [1., 0.8, 2.])
            .at(Point::new(-30., -32., -50.))
            .build(|p| {
                let edge = |inside_mm: f64, low: f64, high: f64| {
                    low + (high - low) * (0.5 + inside_mm / 3.0).clamp(0.0, 1.0)
                };
                let body = edge(24.0 - p.0.y.hypot(p.0.x), -1000.0, 0.0);
                let bone = edge(10.0 - p.0.length(), 0.0, 400.0);
                let table = edge(0.6 - (p.0.y - 29.0).abs(), 0.0, 1200.0);
                body + bone + table
            })
    }

    #[test]
    fn a_line_meets_bone_where_the_ball_has_its_surface() {
        let volume = volume();
        for toward in [[0., 1., 0.], [0.3, -0.8, 0.1], [-0.2, 0.5, -0.6]] {
            let direction = Vector::from(toward).direction().unwrap();
            let from = Point::new(0., 0., 0.) - direction * 100.0;
            let found = RaySurface::BONE
                .first_on(&volume, (from, direction), LINE)
                .unwrap();
            // 200 of 400 HU: exactly at the radius.
            let radius_mm = found.distance(Point::new(0., 0., 0.));
            assert!((radius_mm - 10.0).abs() < 0.15, "{radius_mm}");
            let value = value_at(&volume, found, Interpolation::Linear).unwrap();
            assert!((value - 200.0).abs() < 1e-6, "{value}");
        }
    }

    #[test]
    fn the_skin_is_met_behind_the_table_and_not_on_it() {
        let volume = volume();
        let from = Point::new(2.0, 200.0, 5.0);
        let up = Vector::new(0., -1., 0.);
        let table = RaySurface {
            thickness_mm: 0.0,
            ..RaySurface::SKIN
        };
        let on_table = table.first_on(&volume, (from, up), LINE).unwrap();
        assert!(on_table.0.y > 28.0, "{on_table:?}");
        let skin = RaySurface::SKIN
            .first_on(&volume, (from, up), LINE)
            .unwrap();
        assert!(
            (skin.0.y - (24.0_f64 * 24.0 - 4.0).sqrt()).abs() < 0.1,
            "{skin:?}"
        );
    }

    #[test]
    fn the_face_at_which_a_scan_ends_is_no_skin() {
        // The scan ends in the body, at z = 48; a hole of air in it, as of a lung.
        let volume = SyntheticVolume::new([60, 80, 50], [1., 0.8, 2.])
            .at(Point::new(-30., -32., -50.))
            .build(|p| {
                let in_body = p.0.y.hypot(p.0.x) < 24.0;
                let in_hole = (p.0 - glam::DVec3::new(0., 0., 10.)).length() < 8.0;
                if in_body && !in_hole { 40.0 } else { -1000.0 }
            });
        let from_head = (Point::new(0., 2., 300.), Vector::new(0., 0., -1.));
        assert_eq!(RaySurface::SKIN.first_on(&volume, from_head, LINE), None);
        // From the side there is skin, and beside the body a slanted line comes to it.
        let from_left = (Point::new(200., 0., 46.), Vector::new(-1., 0., 0.));
        let found = RaySurface::SKIN.first_on(&volume, from_left, LINE).unwrap();
        assert!((found.0.x - 23.5).abs() < 1.0, "{found:?}");
        // Bone that the scan cuts through is met on the face.
        let bone = RaySurface {
            threshold: 0.0,
            ..RaySurface::BONE
        };
        let found = bone.first_on(&volume, from_head, LINE).unwrap();
        assert!((found.0.z - 49.0).abs() < 1e-3, "{found:?}");
        // Nor is what lies behind a slice that is missing.
        let lost = SyntheticVolume::new([20, 20, 60], [1., 1., 1.])
            .without_slice(40)
            .build(|p| if p.0.z < 30.0 { 40.0 } else { -1000.0 });
        let line = (Point::new(10., 10., 100.), Vector::new(0., 0., -1.));
        let found = RaySurface::SKIN.first_on(&lost, line, LINE).unwrap();
        assert!((found.0.z - 29.5).abs() < 0.6, "{found:?}");
        let hidden = SyntheticVolume::new([20, 20, 60], [1., 1., 1.])
            .without_slice(30)
            .build(|p| if p.0.z < 30.0 { 40.0 } else { -1000.0 });
        assert_eq!(RaySurface::SKIN.first_on(&hidden, line, LINE), None);
    }

    /// From all sides: direction of the line to the middle, and where it met the skin.
    fn skin_about(volume: &Volume) -> Vec<(f64, Option<Point<Lps>>)> {
        let sides = (0..72).map(|side| f64::from(side) * 5.0);
        let found = sides.map(|angle_deg| {
            let (sin, cos) = angle_deg.to_radians().sin_cos();
            let out = Vector::new(cos, sin, 0.);
            let line = (Point::new(0., 0., 1.) + out * 300.0, -out);
            (angle_deg, RaySurface::SKIN.first_on(volume, line, LINE))
        });
        found.collect()
    }

    #[test]
    fn the_circle_that_was_reconstructed_is_no_skin_where_it_cuts_the_patient() {
        for padding in [-3024.0, -1024.0, 3000.0] {
            // The flanks reach 90 mm, front and back 60 mm.
            let cut = patient_in_circle(75.0, padding);
            for (angle_deg, found) in skin_about(&cut) {
                let (sin, cos) = angle_deg.to_radians().sin_cos();
                let skin_mm = (cos / 90.0).hypot(sin / 60.0).recip();
                if skin_mm > 76.0 {
                    assert_eq!(found, None, "{padding} at {angle_deg}°");
                } else if skin_mm < 70.0 {
                    let away = found.unwrap().0.truncate().length() - skin_mm;
                    assert!(away.abs() < 1.0, "{padding} at {angle_deg}°: {away}");
                }
            }
        }
    }

    #[test]
    fn skin_is_met_from_all_sides_of_a_patient_within_the_circle() {
        for padding in [-3024.0, -1024.0, 3000.0] {
            let whole = patient_in_circle(96.0, padding);
            for (angle_deg, found) in skin_about(&whole) {
                let (sin, cos) = angle_deg.to_radians().sin_cos();
                let skin_mm = (cos / 90.0).hypot(sin / 60.0).recip();
                let away = found.unwrap().0.truncate().length() - skin_mm;
                assert!(away.abs() < 1.0, "{padding} at {angle_deg}°: {away}");
            }
        }
    }

    #[test]
    fn padding_is_no_bone_whatever_its_number() {
        let volume = patient_in_circle(75.0, 3000.0);
        let line = (Point::new(300., 0., 1.), Vector::new(-1., 0., 0.));
        assert_eq!(RaySurface::BONE.first_on(&volume, line, LINE), None);
    }

    #[test]
    fn a_line_that_starts_within_meets_its_start_and_one_beside_nothing() {
        let volume = volume();
        let down = Vector::new(0., 0., -1.);
        let within = Point::new(1., 1., 2.);
        let found = RaySurface::BONE
            .first_on(&volume, (within, down), LINE)
            .unwrap();
        assert_eq!(found, within);
        // Past the ball, out of the reach given, away from the volume.
        let beside = Point::new(15., 0., 60.);
        assert_eq!(
            RaySurface::BONE.first_on(&volume, (beside, down), LINE),
            None
        );
        let above = Point::new(0., 0., 60.);
        assert_eq!(
            RaySurface::BONE.first_on(&volume, (above, down), [0.0, 40.0]),
            None
        );
        assert_eq!(
            RaySurface::BONE.first_on(&volume, (above, -down), LINE),
            None
        );
        let nan = Point::new(f64::NAN, 0., 0.);
        assert_eq!(RaySurface::BONE.first_on(&volume, (nan, down), LINE), None);
    }
}
