//! How wrong the angle may be: the largest error at the entry with which the needle still reaches
//! its target and keeps every stop margin.

use std::f64::consts::TAU;

use glam::DVec3;

use super::clearance::Shaft;
use crate::geometry::{Degrees, Lps, Plane, Point, Segment, Vector};
use crate::volume::structure::{DistanceField, Reading};

/// No cone is wider: beyond, the path is another one.
pub const WIDEST_DEG: f64 = 45.0;

/// Directions of the error that are tried besides those towards each structure. A plane beside
/// the needle lets it turn by a / cos of the angle to its normal: between two of these directions
/// the least is missed by 0.4 % at most.
const DIRECTIONS: usize = 36;

/// Finest step of the angle, radians: 0.05 mm at the tip of a needle of 150 mm.
const FINEST: f64 = 3e-4;

/// A structure whose margin counts.
#[derive(Debug, Clone, Copy)]
pub struct Obstacle<'a> {
    /// Its distances.
    pub field: &'a DistanceField,
    /// Nearer than this the shaft's surface must not come, mm.
    pub stop_mm: f64,
    /// As for [`super::clearance::Clearance::of`].
    pub ignore_within_mm_of_target: f64,
}

/// What does not let the angle be more wrong.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ConeLimit {
    /// The target would be missed.
    Target,
    /// A structure comes too near.
    Structure {
        /// Its place among the obstacles.
        obstacle: usize,
        /// Unit direction across the needle into which the tip then goes; `None` where the margin
        /// is not even kept without an error.
        towards: Option<Vector<Lps>>,
        /// Point of the wrong needle's axis that comes too near.
        at: Point<Lps>,
    },
    /// [`WIDEST_DEG`].
    Widest,
}

/// The largest error of the angle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ToleranceCone {
    /// Half the opening of the cone about the planned needle, with its tip at the entry.
    pub half_angle: Degrees,
    /// What limits it.
    pub limit: ConeLimit,
}

/// An obstacle near enough to matter.
struct Near<'a> {
    index: usize,
    obstacle: Obstacle<'a>,
    /// Part of the shaft that counts, from the entry.
    length_mm: f64,
    /// Distance of the axis beyond what the radius and the margin take.
    slack_mm: f64,
    /// Across the needle towards the structure, radians from the first axis.
    azimuth: Option<f64>,
}

/// The planned direction and two across it.
struct Turning {
    pivot: Point<Lps>,
    along: DVec3,
    across: [DVec3; 2],
}

impl Turning {
    fn sideways(&self, azimuth: f64) -> DVec3 {
        self.across[0] * azimuth.cos() + self.across[1] * azimuth.sin()
    }

    fn segment(&self, azimuth: f64, angle: f64, length_mm: f64) -> Segment {
        let direction = self.along * angle.cos() + self.sideways(azimuth) * angle.sin();
        let end = self.pivot + Vector::from_vec(direction * length_mm);
        Segment::new(self.pivot, end)
    }
}

/// The angle in radians by which a needle turned about its entry misses by `miss_mm`: the two tips
/// and the entry make a triangle with two equal sides. It is never more than half a turn.
pub fn angle_of_miss(miss_mm: f64, length_mm: f64) -> f64 {
    2.0 * (miss_mm / (2.0 * length_mm)).clamp(0.0, 1.0).asin()
}

/// The tolerance cone of a needle that turns about its entry and keeps its length.
///
/// The needle reaches its target while its tip, without [`Shaft::beyond_target_mm`], is within
/// `target_radius_mm` of it. Structures are asked in every direction of the error, and the worst
/// direction decides; beyond their fields the distance to their box counts, which is on the safe
/// side. The same input gives the same cone.
///
/// # Errors
/// Why there is none, for the person.
pub fn tolerance_cone(
    shaft: &Shaft,
    target_radius_mm: f64,
    obstacles: &[Obstacle<'_>],
) -> Result<ToleranceCone, String> {
    let whole = shaft.counted(0.0)?;
    if !(target_radius_mm.is_finite() && target_radius_mm >= 0.0) {
        return Err("The target has no radius".to_owned());
    }
    let plane = Plane::across(whole.start, whole.vector(), Vector::new(0.0, 0.0, -1.0))
        .ok_or("Entry and target are the same point")?;
    let turning = Turning {
        pivot: whole.start,
        along: plane.normal().0,
        across: [plane.right.0, plane.down.0],
    };
    let target_limit = angle_of_miss(target_radius_mm, shaft.axis.length_mm());
    let widest = WIDEST_DEG.to_radians();
    let (mut largest, mut limit) = if target_limit <= widest {
        (target_limit, ConeLimit::Target)
    } else {
        (widest, ConeLimit::Widest)
    };
    let mut near = Vec::new();
    for (index, obstacle) in obstacles.iter().enumerate() {
        let found = near_obstacle(&turning, shaft, (index, *obstacle), largest);
        match found? {
            Found::Far => {}
            Found::Broken(at) => {
                return Ok(ToleranceCone {
                    half_angle: Degrees(0.0),
                    limit: ConeLimit::Structure {
                        obstacle: index,
                        towards: None,
                        at,
                    },
                });
            }
            Found::Near(found) => near.push(found),
        }
    }
    near.sort_by(|a, b| a.slack_mm.total_cmp(&b.slack_mm));
    for near in &near {
        let around = (0..DIRECTIONS).map(|n| n as f64 * TAU / DIRECTIONS as f64);
        for azimuth in near.azimuth.into_iter().chain(around) {
            if let Some((angle, fraction)) = first_break(&turning, near, shaft, azimuth, largest) {
                largest = angle;
                let wrong = turning.segment(azimuth, angle, near.length_mm);
                limit = ConeLimit::Structure {
                    obstacle: near.index,
                    towards: Some(Vector::from_vec(turning.sideways(azimuth))),
                    at: wrong.at(fraction),
                };
            }
        }
    }
    Ok(ToleranceCone {
        half_angle: Degrees(largest.to_degrees()),
        limit,
    })
}

enum Found<'a> {
    Far,
    Broken(Point<Lps>),
    Near(Near<'a>),
}

/// The obstacle seen from the planned needle.
fn near_obstacle<'a>(
    turning: &Turning,
    shaft: &Shaft,
    (index, obstacle): (usize, Obstacle<'a>),
    largest: f64,
) -> Result<Found<'a>, String> {
    if !obstacle.stop_mm.is_finite() {
        return Err("A stop margin is not a number".to_owned());
    }
    let planned = shaft.counted(obstacle.ignore_within_mm_of_target)?;
    let length_mm = planned.length_mm();
    let needed_mm = shaft.radius_mm + obstacle.stop_mm;
    let farthest_mm = 2.0 * length_mm * (largest / 2.0).sin();
    let found = obstacle.field.to_segment(planned, needed_mm + farthest_mm);
    let slack_mm = found.reading.mm() - needed_mm;
    let at = planned.at(found.fraction);
    if slack_mm < 0.0 {
        return match found.reading {
            Reading::Mm(_) => Ok(Found::Broken(at)),
            Reading::AtLeast(_) => Err(format!(
                "Distances were computed up to {:.0} mm only, less than the margin needs",
                obstacle.field.reach_mm()
            )),
        };
    }
    if slack_mm >= farthest_mm {
        return Ok(Found::Far);
    }
    let azimuth = found.on_structure.map(|on_structure| {
        let away = (on_structure - at).0;
        away.dot(turning.across[1])
            .atan2(away.dot(turning.across[0]))
    });
    Ok(Found::Near(Near {
        index,
        obstacle,
        length_mm,
        slack_mm,
        azimuth,
    }))
}

/// The smallest angle below `largest` at which a needle turned into one direction breaks the
/// margin, and the fraction along it where; `None` if it does not.
///
/// Turning by an angle moves no point of the needle farther than its length times the angle, so
/// that a slack lets so much of the angle be passed over in either direction.
fn first_break(
    turning: &Turning,
    near: &Near<'_>,
    shaft: &Shaft,
    azimuth: f64,
    largest: f64,
) -> Option<(f64, f64)> {
    let needed_mm = shaft.radius_mm + near.obstacle.stop_mm;
    let slack = |angle: f64| {
        let wrong = turning.segment(azimuth, angle, near.length_mm);
        let enough_mm = needed_mm + near.length_mm * largest;
        let found = near.obstacle.field.to_segment(wrong, enough_mm);
        (found.reading.mm() - needed_mm, found.fraction)
    };
    let mut good = 0.0;
    let mut angle = near.slack_mm / near.length_mm;
    // From here on the needle at the largest angle vouches for itself.
    let (at_largest_mm, _) = slack(largest);
    let safe_from = largest - at_largest_mm.max(0.0) / near.length_mm;
    while angle < largest && (at_largest_mm < 0.0 || angle < safe_from) {
        let (slack_mm, _) = slack(angle);
        if slack_mm < 0.0 {
            break;
        }
        good = angle;
        angle += (slack_mm / near.length_mm).max(FINEST);
    }
    let mut bad = angle.min(largest);
    if angle >= safe_from && at_largest_mm >= 0.0 {
        return None;
    }
    let (mut slack_mm, mut fraction) = slack(bad);
    while bad - good > FINEST / 8.0 {
        let middle = f64::midpoint(good, bad);
        (slack_mm, fraction) = match slack(middle) {
            (mm, at) if mm < 0.0 => {
                bad = middle;
                (mm, at)
            }
            _ => {
                good = middle;
                (slack_mm, fraction)
            }
        };
    }
    (slack_mm < 0.0).then_some((good, fraction))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::geometry::Transform;
    use crate::volume::structure::{Mask, MaskGrid};

    /// Voxels of 0.5 × 1 × 1 mm whose centres lie in a box, LPS mm.
    fn field(low: [f64; 3], high: [f64; 3]) -> DistanceField {
        let to_lps = Transform::from_columns(
            DVec3::X * 0.5,
            DVec3::Y,
            DVec3::Z,
            DVec3::new(-29.75, -29.5, -39.5),
        );
        let grid = Arc::new(MaskGrid::new([120, 160, 80], to_lps).unwrap());
        let part = |voxel: [usize; 3]| {
            let at = grid.center(voxel).0;
            at.cmpge(low.into()).all() && at.cmple(high.into()).all()
        };
        let mask = Mask::from_fn(Arc::clone(&grid), [0; 3], [120, 160, 80], part);
        DistanceField::new(Arc::new(mask), 30.0, &|| false).unwrap()
    }

    /// Straight down from y = 100 to the origin, 1 mm thick.
    fn needle() -> Shaft {
        Shaft::new(
            Segment::new([0., 100., 0.].into(), [0., 0., 0.].into()),
            0.5,
        )
    }

    fn obstacle(field: &DistanceField) -> Obstacle<'_> {
        Obstacle {
            field,
            stop_mm: 2.0,
            ignore_within_mm_of_target: 0.0,
        }
    }

    #[test]
    fn without_structures_the_target_limits_in_closed_form() {
        for (radius_mm, half_angle_deg) in [
            (0.0, 0.0),
            (3.0, 1.718_938_0),   // 2 asin(3 / 200)
            (20.0, 11.478_340_9), // 2 asin(20 / 200)
        ] {
            let cone = tolerance_cone(&needle(), radius_mm, &[]).unwrap();
            assert!(
                (cone.half_angle.0 - half_angle_deg).abs() < 1e-6,
                "{cone:?}"
            );
            assert_eq!(cone.limit, ConeLimit::Target);
        }
        let wide = tolerance_cone(&needle(), 90.0, &[]).unwrap();
        assert_eq!(wide.half_angle, Degrees(45.0));
        assert_eq!(wide.limit, ConeLimit::Widest);
    }

    #[test]
    fn a_wall_beside_the_needle_limits_towards_it() {
        // 5 mm to the left: 2.5 mm are left, and the tip goes there at asin(2.5 / 100).
        let wall = field([5.0, -30.0, -40.0], [20.0, 130.0, 40.0]);
        let cone = tolerance_cone(&needle(), 10.0, &[obstacle(&wall)]).unwrap();
        let wanted = 0.025_f64.asin().to_degrees();
        assert!(
            (cone.half_angle.0 - wanted).abs() < 0.005,
            "{cone:?} {wanted}"
        );
        assert!(cone.half_angle.0 <= wanted + 1e-9);
        let ConeLimit::Structure {
            obstacle: 0,
            towards: Some(towards),
            at,
        } = cone.limit
        else {
            panic!("{cone:?}");
        };
        assert!((towards - Vector::new(1.0, 0.0, 0.0)).length() < 1e-3);
        assert!(at.distance(Point::new(2.5, 0.0, 0.0)) < 0.1, "{at:?}");
        // The same wall leaves a small target alone.
        let small = tolerance_cone(&needle(), 1.0, &[obstacle(&wall)]).unwrap();
        assert_eq!(small.limit, ConeLimit::Target);
        assert_eq!(small, tolerance_cone(&needle(), 1.0, &[]).unwrap());
    }

    #[test]
    fn a_post_that_is_only_met_on_the_way_out_limits_too() {
        // A thin post halfway down, from x = 6 on, of 4 mm: a needle that has gone past it on the
        // other side of the cone would be clear again.
        let post = field([6.0, 48.0, -2.0], [7.0, 52.0, 2.0]);
        let near = Obstacle {
            stop_mm: 0.0,
            ..obstacle(&post)
        };
        let cone = tolerance_cone(&needle(), 60.0, &[near]).unwrap();
        // 0.5 mm from the corner at x = 6, y = 48, which is 52 mm below the entry.
        let corner = 6.0_f64.hypot(52.0);
        let wanted = (6.0_f64 / 52.0).atan() - (0.5 / corner).asin();
        assert!(
            (cone.half_angle.0 - wanted.to_degrees()).abs() < 0.01,
            "{cone:?}"
        );
    }

    #[test]
    fn a_broken_margin_leaves_no_cone_and_bad_numbers_no_answer() {
        let wall = field([2.0, -30.0, -40.0], [20.0, 130.0, 40.0]);
        let cone = tolerance_cone(&needle(), 5.0, &[obstacle(&wall)]).unwrap();
        assert_eq!(cone.half_angle, Degrees(0.0));
        assert!(matches!(
            cone.limit,
            ConeLimit::Structure { towards: None, .. }
        ));
        assert!(tolerance_cone(&needle(), f64::NAN, &[]).is_err());
        let nan = Obstacle {
            stop_mm: f64::NAN,
            ..obstacle(&wall)
        };
        assert!(tolerance_cone(&needle(), 5.0, &[nan]).is_err());
        let below = field([-20.0, -30.0, -40.0], [20.0, 0.0, 40.0]);
        let on_bone = obstacle(&below);
        let without_tip = Obstacle {
            ignore_within_mm_of_target: 10.0,
            ..on_bone
        };
        let half = |obstacle| {
            tolerance_cone(&needle(), 2.0, &[obstacle])
                .unwrap()
                .half_angle
        };
        assert_eq!(half(on_bone), Degrees(0.0));
        assert!(half(without_tip).0 > 1.0);
    }
}
