//! A round body with a plate of bone and a forbidden ball: the answer is known.

use super::clearance_field::tests::Ball;
use super::*;
use crate::assess::skin::OutsideAir;
use crate::geometry::{Degrees, PatientPosition, Plane};
use crate::study::Side;
use crate::volume::Volume;
use crate::volume::synthetic::ct_cylinder;

/// Radius of the body, mm; its axis is the z axis.
const RADIUS_MM: f64 = 60.0;

fn rules() -> EntryRules {
    EntryRules {
        longest_mm: 90.0,
        oblique: None,
        tilt: None,
        angle_slack_deg: 20.0,
        may_cross_bone_last_mm: 0.0,
        needle_radius_mm: 0.35,
        weights: EntryWeights::default(),
    }
}

struct Body {
    volume: Volume,
    air: OutsideAir,
    skin: SkinSurface,
}

impl Body {
    fn new() -> Self {
        let volume = ct_cylinder(RADIUS_MM, 0.0);
        let air = OutsideAir::find(&volume, &|| false).unwrap();
        let skin = SkinSurface::find(&volume, &air, &|| false).unwrap();
        Self { volume, air, skin }
    }

    fn scene<'a>(&'a self, rules: &'a EntryRules, obstacles: &'a [Obstacle<'a>]) -> EntryScene<'a> {
        EntryScene {
            volume: &self.volume,
            air: &self.air,
            position: Some(PatientPosition::HeadFirstProne),
            target: Point::new(0.0, 10.0, 0.0),
            obstacles,
            rules,
        }
    }

    fn map(&self, rules: &EntryRules, obstacles: &[Obstacle<'_>]) -> EntryMap {
        EntryMap::of(&self.scene(rules, obstacles), &self.skin, &|| false).unwrap()
    }
}

fn margin(stop_mm: f64, warn_mm: f64) -> Margin {
    Margin {
        stop_mm,
        warn_mm,
        free_last_mm: 0.0,
    }
}

#[test]
fn the_skin_lies_where_it_is_and_faces_outwards() {
    let Body { skin, .. } = Body::new();
    assert!(skin.points.len() > 4000, "{}", skin.points.len());
    for (vertex, point) in skin.points.iter().enumerate() {
        let radius_mm = point.0.x.hypot(point.0.y);
        assert!((radius_mm - RADIUS_MM).abs() < 0.4, "{radius_mm}");
        let outwards = Vector::<Lps>::new(point.0.x, point.0.y, 0.0)
            .direction()
            .unwrap();
        assert!(skin.normal(vertex).unwrap().dot(outwards) > 0.9);
    }
    // The mesh covers the body between its first and last slice: 2πr by 78 mm.
    let area_mm2: f64 = skin
        .mesh
        .triangles
        .iter()
        .map(|corners| {
            let [a, b, c] = corners.map(|corner| skin.points[corner as usize]);
            (b - a).cross(c - a).length() / 2.0
        })
        .sum();
    let wanted = std::f64::consts::TAU * RADIUS_MM * 76.0;
    assert!(
        (area_mm2 / wanted - 1.0).abs() < 0.02,
        "{area_mm2} for {wanted}"
    );
    // An axial plane cuts it in a circle.
    let outline = skin.outline(&Plane::axial(Point::new(0.0, 0.0, 3.3)));
    let length_mm: f64 = outline
        .iter()
        .map(|piece| piece.from.distance(piece.to))
        .sum();
    let wanted = std::f64::consts::TAU * RADIUS_MM;
    assert!((length_mm / wanted - 1.0).abs() < 0.02, "{length_mm}");
    assert!(outline.iter().all(|piece| {
        piece.from.distance(skin.points[piece.vertex as usize]) < 4.0
            && (piece.from.0.z - 3.3).abs() < 1e-9
    }));
}

#[test]
fn the_nearest_skin_wins_where_nothing_is_in_the_way() {
    let body = Body::new();
    let map = body.map(&rules(), &[]);
    let best = &map.best[0];
    // Straight behind the target, 50 mm deep; the mesh is 2 mm dense.
    assert!(
        best.entry.distance(Point::new(0.0, 60.0, 0.0)) < 3.0,
        "{:?}",
        best.entry
    );
    assert!((best.assessment.length_mm - 50.0).abs() < 0.5);
    // Every rule full but the length: (4 + 1·(1 − 50/90) + 2 + 1) / 8.
    let wanted = (7.0 + 40.0 / 90.0) / 8.0;
    let score = f64::from(best.assessment.verdict.score().unwrap());
    assert!((score - wanted).abs() < 2e-3, "{score}");
    assert_eq!(map.best.len(), 5);
    for (index, one) in map.best.iter().enumerate() {
        for other in &map.best[index + 1..] {
            assert!(one.entry.distance(other.entry) >= 10.0);
            assert!(one.assessment.verdict.score() >= other.assessment.verdict.score());
        }
    }
    assert_eq!(map.verdicts.len(), body.skin.points.len());
    assert_eq!(map, body.map(&rules(), &[]), "the same every time");
}

#[test]
fn the_table_side_and_far_places_are_excluded_by_position() {
    let (body, rules) = (Body::new(), rules());
    let map = body.map(&rules, &[]);
    for (point, verdict) in body.skin.points.iter().zip(&map.verdicts) {
        let target = Point::new(0.0, 10.0, 0.0);
        let (mm, down) = (
            point.distance(target),
            (target.0.y - point.0.y) / point.distance(target),
        );
        match verdict {
            Verdict::Excluded(Exclusion::TooLong) => assert!(mm > 90.0),
            Verdict::Excluded(Exclusion::Table) => {
                assert!(mm <= 90.0 && (point.0.y < -20.0 || down > 0.1))
            }
            Verdict::Scored(_) => assert!(mm <= 90.0 && point.0.y > -31.0 && down <= 0.17),
            Verdict::Excluded(other) => assert_eq!(*other, Exclusion::Flat),
        }
    }
    let supine = EntryScene {
        position: Some(PatientPosition::HeadFirstSupine),
        ..body.scene(&rules, &[])
    };
    let behind = Point::new(0.0, 60.0, 0.0);
    let out = Vector::new(0.0, 1.0, 0.0);
    assert_eq!(
        supine.verdict(behind, Some(out)),
        Verdict::Excluded(Exclusion::Table)
    );
    let of_none = EntryScene {
        position: None,
        ..supine
    };
    assert!(of_none.verdict(behind, Some(out)).score().is_some());
    assert_eq!(
        map.excluded.iter().map(|(_, n)| n).sum::<usize>(),
        map.verdicts
            .iter()
            .filter(|verdict| verdict.score().is_none())
            .count()
    );
}

#[test]
fn a_ball_and_a_plate_of_bone_turn_the_best_way_aside() {
    let mut body = Body::new();
    // Bone from x = −70 to +6, 30 mm behind the axis: the way is free on the left only.
    let plate = |at: Point<Lps>| at.0.x < 6.0 && (at.0.y - 30.0).abs() < 2.5;
    body.volume = crate::volume::synthetic::SyntheticVolume::new([200, 200, 40], [1.0, 1.0, 2.0])
        .at(Point::new(-99.5, -99.5, -39.0))
        .build(|at| {
            let inside = at.0.x.hypot(at.0.y) < RADIUS_MM;
            match (inside, plate(at)) {
                (false, _) => -1000.0,
                (true, true) => 600.0,
                (true, false) => 40.0,
            }
        });
    "HU".clone_into(&mut body.volume.modality_lut.unit);
    // A forbidden ball beyond the end of the plate, about the way that would be shortest.
    let ball = Ball(Point::new(16.0, 38.0, 0.0), 4.0);
    let obstacles = [Obstacle {
        name: "left nerve",
        field: &ball,
        margin: margin(2.0, 4.0),
    }];
    let bare = body.map(&rules(), &[]);
    let (target, past) = (Point::new(0.0, 10.0, 0.0), |entry: Point<Lps>| {
        // Where the way passes the plate.
        let share = (30.0 - 10.0) / (entry.0.y - 10.0);
        entry.0.x * share
    });
    let first = &bare.best[0];
    assert!(
        first.entry.0.y > 30.0 && (6.0..10.0).contains(&past(first.entry)),
        "{first:?}"
    );
    assert!(
        bare.excluded
            .iter()
            .any(|(why, count)| *why == Exclusion::Bone && *count > 100)
    );
    let map = body.map(&rules(), &obstacles);
    let mut stopped = 0;
    for (point, verdict) in body.skin.points.iter().zip(&map.verdicts) {
        let segment = crate::geometry::Segment::new(target, *point);
        let shaft_mm = segment.distance_to_point_mm(ball.0) - 4.0 - 0.35;
        match verdict {
            Verdict::Scored(_) => assert!(shaft_mm >= 2.0, "{point:?}"),
            Verdict::Excluded(Exclusion::Structure(0)) => {
                assert!(shaft_mm < 2.1, "{point:?}");
                stopped += 1;
            }
            Verdict::Excluded(_) => {}
        }
    }
    assert!(stopped > 100, "{stopped}");
    let best = &map.best[0];
    let shaft_mm =
        crate::geometry::Segment::new(target, best.entry).distance_to_point_mm(ball.0) - 4.35;
    assert!((best.assessment.clearances_mm[0] - shaft_mm).abs() <= 0.11);
    assert!(
        shaft_mm > 3.4,
        "the weights ask for nearly the full warn margin: {shaft_mm}"
    );
}

#[test]
fn angles_outside_the_range_cost_and_then_exclude() {
    let body = Body::new();
    let rules = EntryRules {
        oblique: Some(AngleRange::toward(
            Side::Right,
            Degrees(20.0),
            Degrees(30.0),
        )),
        tilt: Some(AngleRange::new(Degrees(-5.0), Degrees(5.0))),
        ..rules()
    };
    let scene = body.scene(&rules, &[]);
    let at = |oblique_deg: f64, tilt_deg: f64| {
        let (kappa, tau) = (oblique_deg.to_radians(), tilt_deg.to_radians());
        let out = Vector::new(kappa.sin() * tau.cos(), kappa.cos() * tau.cos(), tau.sin());
        scene.assess(scene.target + out * 45.0, None).unwrap()
    };
    let angle = |assessment: &Assessment| assessment.reasons[1].clone();
    let good = at(-25.0, 3.0);
    assert_eq!(angle(&good).share, 1.0);
    assert_eq!(angle(&good).text, "-25° oblique, 3° tilt");
    let off = at(-40.0, 0.0);
    assert!((angle(&off).share - 0.5).abs() < 1e-6);
    assert_eq!(
        angle(&off).text,
        "-40° oblique, 0° tilt, oblique outside -30 to -20°"
    );
    assert!(good.verdict.score() > off.verdict.score());
    assert_eq!(at(-51.0, 0.0).verdict, Verdict::Excluded(Exclusion::Angles));
    assert_eq!(
        at(25.0, 0.0).verdict,
        Verdict::Excluded(Exclusion::Angles),
        "wrong side"
    );
    let steep = at(-25.0, 26.0);
    assert_eq!(steep.reasons[0].text, "outside the angles");
    let map = body.map(&rules, &[]);
    assert!(map.best.iter().all(|best| best.entry.0.x < -10.0));
}

#[test]
fn gas_folds_and_bone_near_the_target_bar_the_way_as_the_rules_say() {
    let body = Body::new();
    let gassy = ct_cylinder(RADIUS_MM, 5.0);
    let rules = rules();
    let scene = EntryScene {
        volume: &gassy,
        target: Point::new(0.0, -20.0, 0.0),
        ..body.scene(&rules, &[])
    };
    assert_eq!(
        scene.verdict(Point::new(0.0, 60.0, 0.0), None),
        Verdict::Excluded(Exclusion::Gas)
    );
    // Beyond the skin: a table or a limb there is not reached through the body.
    let scene = body.scene(&rules, &[]);
    assert_eq!(
        scene.verdict(Point::new(0.0, 75.0, 0.0), None),
        Verdict::Excluded(Exclusion::OffBody)
    );
    assert_eq!(
        scene.verdict(scene.target, None),
        Verdict::Excluded(Exclusion::Flat)
    );
    let high = EntryScene {
        target: Point::new(0.0, 0.0, 39.0),
        ..scene
    };
    assert_eq!(
        high.verdict(Point::new(0.0, 50.0, 60.0), None),
        Verdict::Excluded(Exclusion::OutsideImages)
    );
    // A target on a nerve is named once, not once per entry.
    let ball = Ball(Point::new(0.0, 11.0, 0.0), 1.0);
    let obstacles = [Obstacle {
        name: "root",
        field: &ball,
        margin: margin(2.0, 4.0),
    }];
    let map = body.map(&rules, &obstacles);
    assert!(map.best.is_empty());
    assert_eq!(
        map.faults,
        ["The target lies -0.3 mm from root: stop below 2"]
    );
    // The part at the target may be left free.
    let free = [Obstacle {
        margin: Margin {
            free_last_mm: 8.0,
            ..margin(2.0, 4.0)
        },
        ..obstacles[0]
    }];
    let map = body.map(&rules, &free);
    assert!(map.faults.is_empty() && map.best.len() == 5);
    assert_eq!(
        EntryMap::of(&body.scene(&rules, &[]), &body.skin, &|| true),
        Err("The entry map was cancelled".to_owned())
    );
    assert!(SkinSurface::find(&body.volume, &body.air, &|| true).is_err());
}
