//! The side and level guard on the sample anatomy: every target of the sample agrees with its own
//! name, and with no other level or side.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly anywhere")]

use std::ops::ControlFlow;
use stylet::geometry::Point;
use stylet::plan::{Guard, Intent, Spine, SpineEdit, Trajectory, TrajectoryId, VertebraLabel};
use stylet::study::{Level, Side};
use stylet::volume::phantom::{PhantomGrid, Target, TargetKind, Truth, generate};

fn truth() -> Truth {
    generate(0, &PhantomGrid::coarse(), &|_| ControlFlow::Continue(()))
        .unwrap()
        .truth
}

fn spine(truth: &Truth) -> Spine {
    let mut spine = Spine::default();
    for vertebra in &truth.vertebrae {
        let label = VertebraLabel {
            vertebra: vertebra.level.parse().unwrap(),
            body: Point::from_vec(vertebra.centre_lps_mm),
            spinous_process: Some(Point::from_vec(vertebra.spinous_tip_lps_mm)),
        };
        spine.apply(&SpineEdit::Label(label)).unwrap();
    }
    // S1 as a person would click it: as far below the L5-S1 disc as L5 lies above it.
    let (l5, disc) = (
        truth.vertebrae.last().unwrap().centre_lps_mm,
        truth.gaps.last().unwrap().disc_centre_lps_mm,
    );
    let label = VertebraLabel {
        vertebra: "S1".parse().unwrap(),
        body: Point::from_vec(disc + (disc - l5)),
        spinous_process: None,
    };
    spine.apply(&SpineEdit::Label(label)).unwrap();
    spine
}

fn needle(target: &Target, level: Level, side: Option<Side>) -> Option<Trajectory> {
    let path = target.path?;
    let mut needle = Trajectory::new(TrajectoryId(0), "n".to_owned());
    needle.target = Some(Point::from_vec(target.point_lps_mm));
    needle.entry = Some(Point::from_vec(path.entry_lps_mm));
    needle.intent = Some(Intent {
        procedure: "any".to_owned(),
        level: Some(level),
        side,
    });
    Some(needle)
}

/// The levels a person may declare for a target of the sample.
fn declared(target: &Target) -> Level {
    match target.kind {
        TargetKind::SacroiliacJoint | TargetKind::SacralHiatus => "S3".parse().unwrap(),
        _ => target.level.parse().unwrap(),
    }
}

#[test]
fn every_target_of_the_sample_lies_where_it_says() {
    let truth = truth();
    let spine = spine(&truth);
    let mut compared = 0;
    for target in &truth.targets {
        let Some(needle) = needle(target, declared(target), target.side) else {
            continue;
        };
        let guard = Guard::of(&needle, &spine);
        let what = format!(
            "{:?} {} {:?}: {guard:?}",
            target.kind, target.level, target.side
        );
        assert!(guard.objections(&needle).is_empty(), "{what}");
        assert_eq!(guard.level.as_ref().unwrap().key(), "agrees", "{what}");
        if let Some(side) = &guard.side {
            assert_eq!(side.key(), "agrees", "{what}");
        }
        compared += 1;
    }
    assert!(compared > 80, "{compared} targets with a path");
}

#[test]
fn the_other_side_and_a_level_too_high_or_low_are_objected_to() {
    let truth = truth();
    let spine = spine(&truth);
    let count = spine.count_or_usual();
    for target in &truth.targets {
        let level = declared(target);
        for (side, up) in [
            (target.side.map(Side::opposite), None),
            (target.side, Some(true)),
            (target.side, Some(false)),
        ] {
            let moved = match up {
                None => Some(level),
                Some(up) => {
                    let step = |v| if up { count.above(v) } else { count.below(v) };
                    match level {
                        Level::At(v) => step(v).map(Level::At),
                        Level::Between(u, l) => {
                            Some((step(u), step(l))).and_then(|(u, l)| Some(Level::Between(u?, l?)))
                        }
                    }
                }
            };
            let Some(needle) = moved.and_then(|level| needle(target, level, side)) else {
                continue;
            };
            let guard = Guard::of(&needle, &spine);
            let found = guard.objections(&needle).len();
            let what = format!(
                "{:?} {} {side:?} {up:?}: {guard:?}",
                target.kind, target.level
            );
            match up {
                None => assert_eq!(found, usize::from(side.is_some()), "{what}"),
                // Sacral levels are one bone; one vertebra off between two bodies may be doubtful.
                Some(_) if level.lower() >= "S1".parse().unwrap() => {}
                Some(_) => assert_ne!(guard.level.unwrap().key(), "agrees", "{what}"),
            }
        }
    }
}
