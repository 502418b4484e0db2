use super::*;
use crate::geometry::PatientPosition;
use crate::plan::CArmLibrary;

/// Unit direction of the needle of a bull's-eye κ, τ (2.6), entry to target.
fn of_operator(oblique: f64, tilt: f64) -> [f64; 3] {
    let (sin_k, cos_k) = oblique.to_radians().sin_cos();
    let (sin_t, cos_t) = tilt.to_radians().sin_cos();
    [-sin_k * cos_t, -cos_k * cos_t, -sin_t]
}

fn position(code: &str) -> PatientPosition {
    PatientPosition::from_code(code).unwrap()
}

fn beams(n: [f64; 3], id: &str, code: Option<&str>) -> ProgressBeams {
    let profile = CArmLibrary::builtin().find(id).unwrap();
    let setup = CArmSetup::usual(profile, code.map(position));
    let preferred = |angles: CArmAngles| match setup.reach(angles) {
        Ok(reach) => angles.primary.0.abs() + 1000.0 * reach.beyond().0,
        Err(_) => angles.primary.0.abs(),
    };
    progress_beams(Vector::from(n), &setup, preferred).unwrap()
}

fn reached(angles: CArmAngles, id: &str, code: &str) -> bool {
    let profile = CArmLibrary::builtin().find(id).unwrap();
    profile.reach(angles, position(code)).is_reached()
}

/// Share of the needle's length that a beam shows.
fn shown(angles: CArmAngles, n: [f64; 3]) -> f64 {
    let unit = Vector::<Lps>::from(n).direction().unwrap();
    let along = angles.receptor_direction().dot(unit);
    (1.0 - along * along).sqrt()
}

#[test]
fn both_beams_cross_the_needle_at_right_angles_where_the_c_arm_allows_it() {
    // Row 1 of section 2.8: 25° left oblique, 10° caudal tilt.
    let n = [-0.416, -0.893, 0.174];
    for (id, code) in [
        ("angiography-floor", Some("HFP")),
        ("angiography-ceiling", Some("HFP")),
        ("mobile-side-left", None),
    ] {
        let found = beams(n, id, code);
        for angles in [found.first, found.second] {
            assert!(shown(angles, n) > 0.98, "{id} {found:?}");
            assert!(code.is_none_or(|code| reached(angles, id, code)), "{id}");
        }
        assert!(found.like_lateral);
        assert!(found.apart.0 > 60.0, "{id} {found:?}");
        // The needle leans 24.6° out of the sagittal plane: no beam across it is nearer to a
        // lateral than that, and what is said is what is there.
        let lateral = Vector::new(1.0, 0.0, 0.0);
        let off = between_lines(found.first.receptor_direction(), lateral);
        assert!((off - found.from_plain.0).abs() < 1e-9 && off > 14.0);
        if code.is_none() {
            assert!((found.apart.0 - 90.0).abs() < 1e-6 && (off - 24.6).abs() < 0.3);
        }
    }
}

#[test]
fn where_only_a_sliver_is_reached_the_second_beam_is_the_orthogonal_one_out_of_reach() {
    let id = "mobile-side-left";
    // The sheet's first example, straight from behind, and 5° beside it: what is reached of the
    // circle is a few degrees, one lateral, nothing.
    for n in [
        [-0.416, -0.893, 0.174],
        of_operator(0.0, 0.0),
        of_operator(5.0, -5.0),
    ] {
        let found = beams(n, id, Some("HFP"));
        assert!(reached(found.first, id, "HFP"), "{n:?} {found:?}");
        assert!(!reached(found.second, id, "HFP"), "{n:?} {found:?}");
        assert!((found.apart.0 - 90.0).abs() < 1e-6, "{n:?} {found:?}");
        assert!(shown(found.first, n) > 0.98 && shown(found.second, n) > 1.0 - 1e-9);
    }
    for n in [of_operator(0.0, 0.0), of_operator(5.0, -5.0)] {
        let found = beams(n, id, Some("HFP"));
        assert!(
            found.from_plain.0 < 1.0,
            "a lateral, or a hair from it: {found:?}"
        );
    }
}

#[test]
fn a_little_change_of_the_needle_changes_the_beams_a_little() {
    let id = "mobile-side-left";
    let mut before: Option<ProgressBeams> = None;
    for step in 0..=20 {
        let found = beams(of_operator(0.0, 0.4 * f64::from(step)), id, Some("HFP"));
        if let Some(before) = before {
            for (now, then) in [(found.first, before.first), (found.second, before.second)] {
                let moved = between_lines(now.receptor_direction(), then.receptor_direction());
                assert!(moved < 6.0, "step {step}: {moved}");
            }
        }
        before = Some(found);
    }
}

#[test]
fn an_upright_needle_is_followed_in_two_tilted_laterals() {
    // Straight from behind only laterals cross the needle; 45° of tilt each way set them 90° apart.
    let n = [0., -1., 0.];
    let found = beams(n, "angiography-floor", Some("HFP"));
    assert!((found.apart.0 - 90.0).abs() < 1e-6, "{found:?}");
    assert!((found.from_plain.0 - 45.0).abs() < 1e-6, "{found:?}");
    for angles in [found.first, found.second] {
        assert!((angles.primary.0.abs() - 90.0).abs() < 1e-9);
        assert!(reached(angles, "angiography-floor", "HFP"));
    }
}

#[test]
fn a_needle_from_the_side_is_followed_in_ap() {
    let found = beams([-1., -0.2, 0.1], "angiography-floor", Some("HFP"));
    assert!(!found.like_lateral);
    let ap = Vector::new(0.0, 1.0, 0.0);
    let off = between_lines(found.first.receptor_direction(), ap);
    assert!((off - found.from_plain.0).abs() < 1e-9);
    assert!(found.apart.0 > 60.0, "{found:?}");
    // The tube stays below the table: the receptor is behind a prone patient.
    assert!(found.first.receptor_direction().0.y > 0.0);
}
