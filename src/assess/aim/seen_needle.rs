//! How a needle lies in one view: where its ends fall on the receptor, and how nearly end-on.

use glam::DVec2;

use crate::geometry::{
    CArmAngles, CArmPose, Degrees, Lps, Point, Segment, Vector, needle_angle::angle_between,
};
use crate::plan::Known;

/// A needle in one view. Places on the receptor are mm from the central ray, right and down, as
/// in [`crate::geometry::Projected`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SeenNeedle {
    /// Where the entry falls.
    pub entry_mm: DVec2,
    /// Where the target falls.
    pub target_mm: DVec2,
    /// Distance of the two on the receptor, mm: 0 in a true bull's-eye.
    pub apart_on_receptor_mm: f64,
    /// The same at the depth of the target, mm.
    pub apart_at_target_mm: f64,
    /// Target from the central ray, mm on the receptor.
    pub off_center_on_receptor_mm: f64,
    /// Target from the central ray, mm at the target itself.
    pub off_center_mm: f64,
    /// Between the ray through the target and the needle, 0–180°: 0 = end-on with the receptor on
    /// the entry side, 180 = end-on with the tube there.
    pub from_end_on: Degrees,
    /// Share of its length that is not foreshortened, 0–1: the sine of that angle.
    pub shown_share: f64,
    /// Whether the target falls within the field.
    pub target_in_field: bool,
    /// Whether the entry falls within the field.
    pub entry_in_field: bool,
}

impl SeenNeedle {
    /// Projects a needle (entry to target) exactly; why there is no picture otherwise.
    pub fn of(pose: &CArmPose, needle: Segment, field_mm: [f64; 2]) -> Known<Self> {
        let beam = pose
            .beam()
            .ok_or("SOD must be above 0 and below SID, and angles and isocentre numbers")?;
        let project = |point, name: &str| {
            beam.project(point)
                .ok_or_else(|| format!("The {name} lies at or behind the X-ray source"))
        };
        let entry = project(needle.start, "entry")?;
        let target = project(needle.end, "target")?;
        let from_end_on = angle_between(-needle.vector(), needle.end - beam.source)
            .ok_or("Entry and target are at the same place")?;
        let apart_on_receptor_mm = entry.receptor_mm.distance(target.receptor_mm);
        let off_center_on_receptor_mm = target.receptor_mm.length();
        let in_field = |at: DVec2| {
            let [width, height] = field_mm;
            at.x.abs() <= width / 2.0 && at.y.abs() <= height / 2.0
        };
        Ok(Self {
            entry_mm: entry.receptor_mm,
            target_mm: target.receptor_mm,
            apart_on_receptor_mm,
            apart_at_target_mm: apart_on_receptor_mm / target.magnification,
            off_center_on_receptor_mm,
            off_center_mm: off_center_on_receptor_mm / target.magnification,
            from_end_on,
            shown_share: from_end_on.to_radians().sin(),
            target_in_field: in_field(target.receptor_mm),
            entry_in_field: in_field(entry.receptor_mm),
        })
    }
}

/// Angles that see a needle exactly end-on about an isocentre that need not be its target, receptor
/// on the entry side: the ray through the target runs along the needle (2.5 step 7).
///
/// `None` for a needle of no length, and where the target is so far off that no such view is: it
/// must be nearer to the isocentre than the source.
pub fn bulls_eye_about(
    isocenter: Point<Lps>,
    needle: Segment,
    source_to_isocenter_mm: f64,
) -> Option<CArmAngles> {
    let n: Vector<Lps> = needle.vector().direction()?;
    let off = needle.end - isocenter;
    // The source lies on the line of the needle beyond the target, SOD from the isocentre:
    // |off + n·s| = SOD, the root beyond the target.
    let along = off.dot(n);
    let square = along * along - off.dot(off) + source_to_isocenter_mm * source_to_isocenter_mm;
    let beyond_mm = square.max(0.0).sqrt() - along;
    let usable = square > 0.0 && beyond_mm > 0.0 && off.length() < source_to_isocenter_mm;
    let source = needle.end + n * beyond_mm;
    usable
        .then(|| CArmAngles::of_receptor(isocenter - source))
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELD: [f64; 2] = [300.0, 300.0];

    fn needle(entry: [f64; 3], target: [f64; 3]) -> Segment {
        Segment::new(entry.into(), target.into())
    }

    fn pose(angles: CArmAngles, isocenter: Point<Lps>) -> CArmPose {
        let [source_to_detector_mm, source_to_isocenter_mm] = CArmPose::MOBILE_MM;
        CArmPose {
            angles,
            isocenter,
            source_to_detector_mm,
            source_to_isocenter_mm,
        }
    }

    fn seen(needle: Segment, isocenter: Point<Lps>) -> SeenNeedle {
        let angles = CArmAngles::of_needle(needle.vector()).unwrap();
        SeenNeedle::of(&pose(angles, isocenter), needle, FIELD).unwrap()
    }

    #[test]
    fn entry_and_target_coincide_with_the_target_at_the_isocentre() {
        let needle = needle([-68., 150., -12.], [-22., 78., 6.]);
        let seen = seen(needle, needle.end);
        assert!(seen.apart_on_receptor_mm < 1e-9 && seen.off_center_mm < 1e-9);
        assert!(seen.from_end_on.0 < 1e-9 && seen.shown_share < 1e-9);
        assert!(seen.target_in_field && seen.entry_in_field);
    }

    /// Section 2.5 step 7: 10, 30 and 50 mm off the central ray at SOD 700 are 0.8°, 2.5° and
    /// 4.1°, and smear an 80 mm needle over about 1.5, 4.4 and 7.3 mm (to first order) of receptor.
    #[test]
    fn off_centre_targets_smear_the_needle_as_in_the_sheet() {
        for (off_mm, angle, smear_mm) in [(10., 0.8, 1.5), (30., 2.5, 4.4), (50., 4.1, 7.3)] {
            // Straight from behind: the needle runs along −y, the receptor lies behind.
            let needle = needle([0., 80., 0.], [0., 0., 0.]);
            let seen = seen(needle, Point::new(off_mm, 0., 0.));
            assert!((seen.from_end_on.0 - angle).abs() < 0.06, "{seen:?}");
            // 1000 · off · 80 / (700 · 780) exactly.
            let exact_mm = 1000.0 * off_mm * 80.0 / (700.0 * 780.0);
            assert!((seen.apart_on_receptor_mm - exact_mm).abs() < 1e-9);
            assert!(
                (seen.apart_on_receptor_mm - smear_mm).abs() < 0.1,
                "{seen:?}"
            );
            assert!((seen.apart_at_target_mm - exact_mm * 0.7).abs() < 1e-9);
            assert!((seen.off_center_mm - off_mm).abs() < 1e-9);
            assert!((seen.off_center_on_receptor_mm - off_mm / 0.7).abs() < 1e-9);
        }
    }

    #[test]
    fn the_corrected_angles_see_an_off_centre_needle_end_on() {
        let needle = needle([53.3, 111.4, -13.9], [20., 40., 0.]);
        let isocenter = Point::new(-25., 60., 30.);
        let angles = bulls_eye_about(isocenter, needle, 700.0).unwrap();
        let seen = SeenNeedle::of(&pose(angles, isocenter), needle, FIELD).unwrap();
        assert!(seen.apart_on_receptor_mm < 1e-9, "{seen:?}");
        assert!(seen.from_end_on.0 < 1e-9 && seen.off_center_mm > 40.0);
        // With the target at the isocentre nothing is to be corrected.
        let plain = CArmAngles::of_needle(needle.vector()).unwrap();
        let same = bulls_eye_about(needle.end, needle, 700.0).unwrap();
        assert!((plain.primary.0 - same.primary.0).abs() < 1e-9);
        // Beyond the source there is no such view.
        assert!(bulls_eye_about(Point::new(0., 0., 900.), needle, 700.0).is_none());
    }

    #[test]
    fn a_beam_across_the_needle_shows_its_whole_length() {
        let needle = needle([0., 80., 0.], [0., 0., 0.]);
        let lateral = CArmAngles {
            primary: Degrees(90.0),
            secondary: Degrees(0.0),
        };
        let seen = SeenNeedle::of(&pose(lateral, needle.end), needle, [100.0, 300.0]).unwrap();
        assert!((seen.shown_share - 1.0).abs() < 1e-12);
        assert!((seen.apart_at_target_mm - 80.0).abs() < 1e-9);
        // 80 mm enlarged to 114 mm lie outside of a field of 100 mm.
        assert!(seen.target_in_field && !seen.entry_in_field);
        let mut wrong = pose(lateral, needle.end);
        wrong.source_to_isocenter_mm = 1100.0;
        assert!(
            SeenNeedle::of(&wrong, needle, FIELD)
                .unwrap_err()
                .contains("SOD")
        );
        let far = Segment::new(Point::new(-800., 0., 0.), needle.end);
        let behind = SeenNeedle::of(&pose(lateral, needle.end), far, FIELD);
        assert!(behind.unwrap_err().contains("entry lies"));
    }
}
