//! Two patterns of contrast medium (clinical reference sheet, 1.27.2): a neurogram and a dorsal
//! epidurogram, as they come up after the injection begins.

use glam::DVec3;

use super::anatomy::{L5, MOBILE};
use super::contrast_medium::{Course, Room, STEP_MM};
use super::label::{self, Side, VERTEBRA_NAMES};
use super::splat::Splat;
use super::truth::{ContrastTruth, Target};

/// Where the medium goes.
pub(super) struct Flow {
    /// In the order in which they come.
    pub(super) splats: Vec<Splat>,
    /// Some of the places it reaches, in that order.
    pub(super) places: Vec<ContrastTruth>,
}

impl Flow {
    fn of(mut splats: Vec<Splat>, mut places: Vec<ContrastTruth>) -> Self {
        splats.retain(|splat| splat.mass_mm2 > 0.0);
        splats.sort_by(|a, b| a.arrives_s.total_cmp(&b.arrives_s));
        places.sort_by(|a, b| a.arrives_s.total_cmp(&b.arrives_s));
        Self { splats, places }
    }
}

fn reached(point_lps_mm: DVec3, arrives_s: f64, place: &str) -> ContrastTruth {
    ContrastTruth {
        point_lps_mm,
        arrives_s: (arrives_s * 1000.0).round() / 1000.0,
        place: place.to_owned(),
    }
}

/// Medium injected under a pedicle: a puddle at the tip, the root's sheath outwards ("railroad")
/// and inwards to the sac, and the epidural space beside it. None without that root.
pub(super) fn neurogram(room: &Room<'_>, target: &Target) -> Option<Flow> {
    /// How far it runs along the root, and in the epidural space.
    const OUT_MM: f64 = 38.0;
    const EPIDURAL_MM: f64 = 18.0;
    let side = target.side?;
    let level = VERTEBRA_NAMES.iter().position(|l| *l == target.level)?;
    let tip = target.point_lps_mm;
    let course = room.course(level, side)?;
    let nearest = (0..course.len()).min_by(|a, b| {
        let off = |index: &usize| {
            course
                .get(*index)
                .map_or(f64::INFINITY, |at| at.0.distance(tip))
        };
        off(a).total_cmp(&off(b))
    })?;
    let mut places = vec![reached(tip, 0.05, "needle tip under the pedicle")];

    let outwards = course.get(nearest..)?;
    let outwards = outwards
        .get(..(OUT_MM / STEP_MM) as usize)
        .unwrap_or(outwards);
    let out = |mm: f64| {
        let way = mm / OUT_MM;
        (0.25 + 1.9 * way.powf(1.2), 0.95 * (1.0 - 0.55 * way * way))
    };
    let mut splats = room.in_sheath(outwards, &out);
    for mm in [12.0, 24.0, 36.0] {
        if let Some(&(at, _)) = outwards.get((mm / STEP_MM) as usize) {
            places.push(reached(at, out(mm).0, "root, outwards of the foramen"));
        }
    }

    let inwards: Course = course.iter().take(nearest + 1).rev().copied().collect();
    let inward = |mm: f64| (0.25 + mm / 16.0, 0.9);
    splats.extend(room.in_sheath(&inwards, &inward));
    let &(axilla, _) = inwards.last()?;
    let at_axilla_s = inward(inwards.len() as f64 * STEP_MM).0;
    places.push(reached(axilla, at_axilla_s, "root at the dural sac"));

    let puddle = |at: DVec3| {
        let mm = at.distance(tip);
        (mm < 5.5).then(|| (0.05 + mm / 14.0, 0.65 * (1.0 - mm / 8.0)))
    };
    let near = (tip, DVec3::splat(6.0));
    splats.extend(room.in_fat(near, &[label::FORAMINAL_FAT], &puddle));

    let epidural = |at: DVec3| {
        let mm = at.distance(axilla);
        let [lateral, _] = room.in_canal(at);
        let share = 0.85 * room.patch(at, 0.05) * (1.0 - mm / EPIDURAL_MM);
        let comes = mm < EPIDURAL_MM && lateral * side.sign() > 0.25;
        comes.then(|| (at_axilla_s + 1.5 * (mm / EPIDURAL_MM).powf(1.4), share))
    };
    let around = (axilla, DVec3::splat(EPIDURAL_MM));
    splats.extend(room.in_fat(around, &[label::EPIDURAL_FAT], &epidural));
    Some(Flow::of(splats, places))
}

/// Medium injected behind the sac, off the midline: the dorsal fat of that side upwards and
/// downwards, with vacuoles; less on the other side and in front; then the sleeves of the roots.
pub(super) fn epidurogram(room: &Room<'_>, target: &Target) -> Option<Flow> {
    const UP_MM: f64 = 48.0;
    const DOWN_MM: f64 = 36.0;
    let side = target.side?;
    let tip = target.point_lps_mm;
    // The front slows down as the room behind it fills.
    let front_s = |at: DVec3| {
        let up = at.z - tip.z;
        let way = up.abs() / if up > 0.0 { UP_MM } else { DOWN_MM };
        (way < 1.0).then(|| (0.1 + 1.9 * way.powf(1.35), way))
    };
    let fat = |at: DVec3| {
        let (arrives_s, way) = front_s(at)?;
        let [lateral, posterior] = room.in_canal(at);
        let across = lateral * side.sign();
        // Sides and depths that it reaches later and fills less.
        let (late_s, vacuoles, most) = match (across > -0.2, posterior > 0.35) {
            (true, true) => (0.0, 0.16, 0.9),
            (true, false) => (0.35, -0.02, 0.65),
            (false, true) => (0.45, -0.22, 0.5),
            (false, false) => (0.8, -0.5, 0.4),
        };
        let share = most * room.patch(at, vacuoles) * (1.0 - 0.5 * way * way);
        Some((arrives_s + late_s + 0.15 * lateral.abs(), share))
    };
    let around = (tip, DVec3::new(24.0, 32.0, UP_MM));
    let mut splats = room.in_fat(around, &[label::EPIDURAL_FAT], &fat);
    let mut places = vec![reached(tip, 0.1, "needle tip behind the sac")];
    for (mm, place) in [
        (0.6 * UP_MM, "epidural space, upwards"),
        (-0.6 * DOWN_MM, "epidural space, downwards"),
    ] {
        let at = tip + DVec3::Z * mm;
        if let Some((arrives_s, _)) = front_s(at) {
            places.push(reached(at, arrives_s, place));
        }
    }
    for (level, of, most) in [
        (L5 - 1, side, 0.8),
        (L5, side, 0.9),
        (L5, other(side), 0.35),
        (MOBILE, side, 0.5),
    ] {
        let Some(course) = room.course(level, of) else {
            continue;
        };
        let Some((axilla, (begins_s, _))) =
            course.first().and_then(|&(at, _)| Some((at, front_s(at)?)))
        else {
            continue;
        };
        let sleeve = |mm: f64| (begins_s + 0.35 + mm / 45.0, most * (1.0 - mm / 30.0));
        let part = course.get(..(26.0 / STEP_MM) as usize).unwrap_or(&course);
        splats.extend(room.in_sheath(part, &sleeve));
        places.push(reached(axilla, begins_s + 0.35, "sleeve of a root"));
    }
    Some(Flow::of(splats, places))
}

fn other(side: Side) -> Side {
    match side {
        Side::Left => Side::Right,
        Side::Right => Side::Left,
    }
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use super::super::scene::Scene;
    use super::super::truth::TargetKind;
    use super::super::{PhantomGrid, generate};
    use super::*;

    #[test]
    fn medium_starts_at_the_tip_and_goes_where_the_patterns_say() {
        let go = &|_| ControlFlow::Continue(());
        let phantom = generate(0, &PhantomGrid::of(96, 86), go).unwrap();
        let scene = Scene::new(0).unwrap();
        let room = Room::new(&phantom, &scene);
        let truth = &phantom.truth;
        let target = |kind, level| truth.target(kind, level, Some(Side::Left)).unwrap();

        let tip = target(TargetKind::Subpedicular, "L4");
        let flow = neurogram(&room, tip).unwrap();
        let way = |splat: &Splat| splat.at_lps_mm.distance(tip.point_lps_mm);
        let first = flow.splats.iter().take(20).map(way).fold(0.0, f64::max);
        assert!(first < 12.0, "{first}");
        // Infero-lateral of the pedicle, on the left.
        let last = flow
            .splats
            .iter()
            .map(|s| s.at_lps_mm.z)
            .fold(1e9, f64::min);
        assert!(tip.point_lps_mm.z - last > 25.0);
        let middle = truth.midline.point_lps_mm.x;
        assert!(flow.splats.iter().all(|s| s.at_lps_mm.x > middle - 3.0));
        assert!(flow.splats.is_sorted_by_key(|s| s.arrives_s));
        assert!(
            flow.splats.last().unwrap().arrives_s < 3.2,
            "within the run"
        );

        let tip = target(TargetKind::InterlaminarParamedian, "L4-L5");
        let flow = epidurogram(&room, tip).unwrap();
        let mass = |side: f64| -> f64 {
            let here = flow.splats.iter();
            here.filter(|s| (s.at_lps_mm.x - middle) * side > 0.0)
                .map(|s| s.mass_mm2)
                .sum()
        };
        assert!(mass(1.0) > 1.5 * mass(-1.0), "asymmetric, more on its side");
        assert!(
            flow.splats.last().unwrap().arrives_s < 3.2,
            "within the run"
        );
    }
}
