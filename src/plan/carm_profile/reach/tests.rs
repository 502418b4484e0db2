use super::*;
use crate::plan::carm_profile::CArmLibrary;

fn profile(id: &str) -> &'static CArmProfile {
    CArmLibrary::builtin().find(id).unwrap()
}

fn pair(primary: f64, secondary: f64) -> CArmAngles {
    CArmAngles {
        primary: Degrees(primary),
        secondary: Degrees(secondary),
    }
}

fn position(code: &str) -> PatientPosition {
    PatientPosition::from_code(code).unwrap()
}

/// Section 2.8: what each worked example asks of a C-arm at the side and of one at the head.
#[test]
fn worked_examples_are_set_as_in_the_sheet_and_reached_or_not() {
    let rows = [
        ("HFP", (155., -10.), (-24.6, -11.0), (-25., -10.), true),
        ("HFP", (-135., 20.), (41.6, 27.2), (45., 20.), false),
        ("HFS", (30., 15.), (28.9, 17.2), (30., 15.), true),
        ("FFP", (155., -10.), (24.6, 11.0), (25., 10.), true),
        ("HFP", (-160., -45.), (14.0, -46.8), (20., -45.), true),
        ("HFDR", (170., -35.), (53.8, -76.1), (80., -35.), false),
    ];
    for (code, dicom, side, head, left_reaches) in rows {
        let angles = pair(dicom.0, dicom.1);
        let at_side = profile("mobile-side-left").reach(angles, position(code));
        let at_head = profile("angiography-floor").reach(angles, position(code));
        for (reach, wanted) in [(&at_side, side), (&at_head, head)] {
            let [first, second] = reach.settings;
            assert!((first.angle.0 - wanted.0).abs() < 0.06, "{code} {reach:?}");
            assert!((second.angle.0 - wanted.1).abs() < 0.06, "{code} {reach:?}");
        }
        assert_eq!(at_side.is_reached(), left_reaches, "{code} {at_side:?}");
        assert!(at_head.is_reached(), "{code} {at_head:?}");
    }
}

#[test]
fn a_broken_limit_is_named_with_how_much() {
    let reach = profile("mobile-side-left").reach(pair(170., -35.), position("HFDR"));
    assert_eq!(
        reach.broken_words(),
        "orbital 13.8° beyond 40.0°, tilt 16.1° beyond −60.0°"
    );
    assert_eq!(reach.setting_words(), "orbital 53.8°, tilt −76.1°");
    // Steeper than 45° caudal: only the second axis of a fixed system.
    let reach = profile("angiography-floor").reach(pair(-160., -47.5), position("HFP"));
    assert_eq!(reach.broken_words(), "secondary 2.5° beyond −45.0°");
    assert!((reach.beyond().0 - 2.5).abs() < 1e-9);
    // A limit itself is reached.
    let reach = profile("angiography-floor").reach(pair(-160., -45.), position("HFP"));
    assert!(reach.is_reached() && reach.broken_words().is_empty());
}

#[test]
fn a_lateral_is_reached_with_the_receptor_at_the_stand() {
    // Head first, prone: the patient's left is the observer's left.
    let prone = position("HFP");
    for (id, left, right) in [
        ("mobile-side-left", true, false),
        ("mobile-side-right", false, true),
        ("mobile-head", true, true),
        ("angiography-floor", true, true),
    ] {
        let reached = |primary| profile(id).reach(pair(primary, 0.), prone).is_reached();
        assert_eq!((reached(90.), reached(-90.)), (left, right), "{id}");
    }
    // Along the cross-arm any tilt is the same beam; noise must not choose one.
    let reach = profile("mobile-side-left").reach(pair(90.0, 1e-9), prone);
    assert_eq!(reach.setting_words(), "orbital −90.0°, tilt 0.0°");
}

#[test]
fn what_lies_half_a_degree_from_a_reached_beam_is_reached() {
    let side = profile("mobile-side-left");
    let prone = position("HFP");
    // Beside the cross-arm: at 0.1° from it a tilt of 90° is asked for, and seen as one of 60°.
    for secondary in [0.0, 1e-7, 0.1, -0.1, 0.3] {
        let reach = side.reach(pair(90.0, secondary), prone);
        assert!(reach.is_reached(), "{secondary}: {reach:?}");
        let [_, tilt] = reach.settings;
        assert!(tilt.angle.0.abs() <= 60.0, "{secondary}: {reach:?}");
    }
    let reach = side.reach(pair(90.0, 4.0), prone);
    assert_eq!(reach.broken_words(), "tilt 30.0° beyond 60.0°");
    // At a plain limit as well: it is set to the limit.
    let head = profile("angiography-floor");
    let reach = head.reach(pair(-160.0, -45.4), prone);
    assert_eq!(reach.words(), "reached: primary 20.0°, secondary −45.0°");
    assert!(!head.reach(pair(-160.0, -45.6), prone).is_reached());
}

#[test]
fn the_setting_beside_a_broken_limit_is_the_one_that_breaks_it() {
    // Straight sideways with 5° more: over the top of the orbital, not 175° of tilt.
    let reach = profile("mobile-side-left").reach(pair(85.0, 0.0), position("HFP"));
    assert_eq!(
        reach.words(),
        "out of reach: orbital 5.0° beyond −90.0° (needs orbital −95.0°, tilt 0.0°)"
    );
    let words = profile("mobile-side-left")
        .reach(pair(155.0, -10.0), position("HFP"))
        .words();
    assert_eq!(words, "reached: orbital −24.6°, tilt −11.0°");
}

#[test]
fn a_way_over_the_top_is_found_where_the_limits_allow_it() {
    let mut wide = profile("angiography-floor").clone();
    wide.angles[0].bounds = Bounds::Between(-30.0, 30.0);
    wide.angles[1].bounds = Bounds::Between(-150.0, 150.0);
    // Receptor below the table: 180° about the outer axis, or over the top of the inner one.
    let reach = wide.reach(pair(0.0, -50.0), position("HFP"));
    assert_eq!(reach.setting_words(), "primary 0.0°, secondary −130.0°");
    assert!(reach.is_reached());
    let usual = profile("angiography-floor").reach(pair(0.0, -50.0), position("HFP"));
    assert!(!usual.is_reached());
}

#[test]
fn moving_the_isocentre_is_held_against_the_whole_way() {
    let from = Point::new(0., 0., 0.);
    let mobile = profile("mobile-side-left");
    let moved = mobile.recentering(from, Point::new(30., -10., 400.), position("HFP"));
    assert_eq!(moved.room_mm, [-30., 10., 400.]);
    assert!(
        moved.broken.is_empty(),
        "a mobile stand rolls along the table"
    );
    let prone = "C-arm 30 mm to the patient's left, 10 mm down, 400 mm toward the head (or the table \
                 the opposite way)";
    assert_eq!(moved.words(), prone);
    // Feet first the head end of the table is where the feet are: the words are the patient's.
    let to = Point::new(-30., -10., 400.);
    let moved = mobile.recentering(from, to, position("FFS"));
    assert_eq!(moved.room_mm, [30., -10., -400.]);
    let supine = "C-arm 30 mm to the patient's right, 10 mm up, 400 mm toward the head (or the \
                  table the opposite way)";
    assert_eq!(moved.words(), supine);
    let moved = mobile.recentering(from, to, position("HFDR"));
    let on_a_side = "C-arm 10 mm toward the patient's front, 30 mm down, 400 mm toward the head (or \
                     the table the opposite way)";
    assert_eq!(moved.words(), on_a_side);
    let moved = mobile.recentering(from, Point::new(250., 0., 0.), position("HFP"));
    assert_eq!(
        moved.broken,
        ["250 mm across the table, its whole way is 200 mm"]
    );
    let fixed = profile("angiography-floor");
    assert_eq!(fixed.distance_faults(1000.0, 750.0), Vec::<String>::new());
    let faults = fixed.distance_faults(1300.0, 600.0);
    assert_eq!(faults.len(), 2);
    assert!(faults[0].contains("SID 1300 mm") && faults[0].contains("900–1200 mm (K)"));
}
