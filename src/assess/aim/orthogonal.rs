//! The two progress views: beams at right angles to the needle, which show it at full length.
//!
//! Such beams form a circle about the needle. The first is the one nearest to a lateral (to AP for
//! a needle that runs more sideways than front to back) that the C-arm reaches; the second, among
//! those it reaches, stands as nearly as possible at right angles to the first. Without a known
//! reach the geometry alone decides, and a beam that cannot be reached is given with its verdict.

use super::CArmSetup;
use crate::geometry::needle_angle::angle_between;
use crate::geometry::{CArmAngles, Degrees, Lps, Vector};

/// Steps of the search about the needle; a quarter of a degree.
const STEPS: u32 = 1440;

/// Angle between two lines, 0–90°.
fn between_lines(a: Vector<Lps>, b: Vector<Lps>) -> f64 {
    angle_between(a, b).map_or(0.0, |angle| angle.0.min(180.0 - angle.0))
}

/// Two beams across a needle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ProgressBeams {
    /// Receptor direction nearest to a lateral or AP.
    pub first: CArmAngles,
    /// Receptor direction most across the first.
    pub second: CArmAngles,
    /// Between the two beams, 0–90°.
    pub apart: Degrees,
    /// The first is meant to be like a lateral; else like an AP.
    pub like_lateral: bool,
}

/// The beams for a needle of unit direction `n`; `preferred` orders the two receptor sides of a
/// beam. `None` for a direction that is none.
pub(super) fn progress_beams(
    n: Vector<Lps>,
    setup: &CArmSetup<'_>,
    preferred: impl Fn(CArmAngles) -> f64,
) -> Option<ProgressBeams> {
    let n = n.direction()?;
    let like_lateral = n.0.x.abs() <= n.0.y.abs().max(n.0.z.abs());
    let anchor = if like_lateral {
        Vector::new(1.0, 0.0, 0.0)
    } else {
        Vector::new(0.0, 1.0, 0.0)
    };
    let first_ideal = (anchor - n * anchor.dot(n)).direction()?;
    let across = n.cross(first_ideal).direction()?;
    let circle: Vec<Vector<Lps>> = (0..STEPS)
        .map(|step| {
            let turn = std::f64::consts::TAU * f64::from(step) / f64::from(STEPS);
            first_ideal * turn.cos() + across * turn.sin()
        })
        .collect();
    let reached = |beam: &&Vector<Lps>| {
        let reach = CArmAngles::of_receptor(**beam).map(|angles| setup.reach(angles));
        matches!(reach, Some(Ok(reach)) if reach.is_reached())
    };
    let reachable: Vec<Vector<Lps>> = circle.iter().filter(reached).copied().collect();
    // Ties (both receptor sides of one line) go to the preferred side.
    let best = |worth: &dyn Fn(Vector<Lps>) -> f64, ideal: Vector<Lps>| {
        let both = [ideal, -ideal];
        let candidates = if reachable.is_empty() {
            both.as_slice()
        } else {
            reachable.as_slice()
        };
        let angles = candidates
            .iter()
            .filter_map(|beam| Some((worth(*beam), CArmAngles::of_receptor(*beam)?, *beam)));
        angles.min_by(|a, b| {
            let near = |x: f64| (x * 1e6).round();
            let by_worth = near(a.0).total_cmp(&near(b.0));
            by_worth.then_with(|| preferred(a.1).total_cmp(&preferred(b.1)))
        })
    };
    let (_, first, first_beam) = best(&|beam| between_lines(beam, anchor), first_ideal)?;
    let second_ideal = n.cross(first_beam).direction()?;
    let (_, second, second_beam) = best(&|beam| -between_lines(beam, first_beam), second_ideal)?;
    Some(ProgressBeams {
        first,
        second,
        apart: Degrees(between_lines(first_beam, second_beam)),
        like_lateral,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::PatientPosition;
    use crate::plan::CArmLibrary;

    fn beams(n: [f64; 3], id: &str, position: Option<&str>) -> ProgressBeams {
        let profile = CArmLibrary::builtin().find(id).unwrap();
        let position = position.and_then(PatientPosition::from_code);
        let setup = CArmSetup::usual(profile, position);
        progress_beams(Vector::from(n), &setup, |angles| angles.primary.0.abs()).unwrap()
    }

    #[test]
    fn both_beams_cross_the_needle_and_the_first_is_nearly_lateral() {
        // Row 1 of section 2.8: 25° left oblique, 10° caudal tilt.
        let n = [-0.416, -0.893, 0.174];
        let unit = Vector::<Lps>::from(n).direction().unwrap();
        for (id, position) in [
            ("angiography-floor", Some("HFP")),
            ("mobile-side-right", Some("HFP")),
            ("mobile-head", Some("HFS")),
            ("mobile-side-left", None),
        ] {
            let found = beams(n, id, position);
            for angles in [found.first, found.second] {
                let dot = angles.receptor_direction().dot(unit);
                assert!(dot.abs() < 1e-9, "{id} {found:?}");
            }
            assert!(found.like_lateral);
            // The needle leans 24.6° out of the sagittal plane; no beam across it is nearer to a
            // lateral than that.
            let lateral = Vector::new(1.0, 0.0, 0.0);
            let off = between_lines(found.first.receptor_direction(), lateral);
            assert!((off - 24.6).abs() < 0.3, "{id} {off}");
            let profile = CArmLibrary::builtin().find(id).unwrap();
            if let Some(position) = position.and_then(PatientPosition::from_code) {
                for angles in [found.first, found.second] {
                    assert!(
                        profile.reach(angles, position).is_reached(),
                        "{id} {found:?}"
                    );
                }
                assert!(found.apart.0 > 40.0, "{id} {found:?}");
            } else {
                assert!((found.apart.0 - 90.0).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn the_second_beam_of_an_upright_needle_ends_at_the_tilt_of_the_c_arm() {
        // Straight from behind only laterals cross the needle; 45° of tilt set them 45° apart.
        let found = beams([0., -1., 0.], "angiography-floor", Some("HFP"));
        assert!((found.first.primary.0.abs() - 90.0).abs() < 1e-9);
        assert!(found.first.secondary.0.abs() < 1e-9);
        assert!((found.apart.0 - 45.0).abs() < 1e-6, "{found:?}");
        assert!((found.second.secondary.0.abs() - 45.0).abs() < 1e-6);
    }

    #[test]
    fn a_needle_from_the_side_is_followed_in_ap() {
        let found = beams([-1., -0.2, 0.1], "angiography-floor", Some("HFP"));
        assert!(!found.like_lateral);
        let ap = Vector::new(0.0, 1.0, 0.0);
        assert!(between_lines(found.first.receptor_direction(), ap) < 12.0);
        // The tube stays below the table: the receptor is behind a prone patient.
        assert!(found.first.receptor_direction().0.y > 0.0);
    }
}
