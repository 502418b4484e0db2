//! Expected values by hand and from random shifts of the points.

use super::*;
use crate::plan::{Measurement, MeasurementId, MeasurementKind, TrajectoryId};

/// Voxels of 0.5 × 0.5 × 3 mm along the axes of the body.
fn thick_slices() -> HalfVoxel {
    HalfVoxel([
        Vector::new(0.25, 0., 0.),
        Vector::new(0., 0.25, 0.),
        Vector::new(0., 0., 1.5),
    ])
}

/// Voxels of 0.6 × 0.9 × 2 mm of a grid that lies obliquely.
fn oblique() -> HalfVoxel {
    let columns = Vector::new(0.8, 0.6, 0.0);
    let slices = Vector::new(-0.36, 0.48, 0.8);
    let rows = slices.cross(columns);
    assert!((rows.length() - 1.0).abs() < 1e-12 && columns.dot(slices).abs() < 1e-12);
    HalfVoxel([columns * 0.3, rows * 0.45, slices * 1.0])
}

fn measured(kind: MeasurementKind, points: &[[f64; 3]]) -> Measurement {
    let points = points.iter().map(|&at| at.into()).collect();
    Measurement::new(MeasurementId(0), kind, points)
}

fn needle() -> Trajectory {
    let mut needle = Trajectory::new(TrajectoryId(0), "n".to_owned());
    needle.entry = Some([-68., 150., -12.].into());
    needle.target = Some([-22., 78., 6.].into());
    needle
}

fn near(found: f64, wanted: f64) {
    assert!(
        (found - wanted).abs() < 1e-3 * wanted.max(0.1),
        "{found}, not {wanted}"
    );
}

#[test]
fn lengths_by_hand() {
    // Along one axis both ends count with that axis alone: √2 times half a voxel.
    let across = measured(MeasurementKind::Distance, &[[0., 0., 0.], [40., 0., 0.]]);
    near(
        across.uncertainty_mm(&thick_slices()).unwrap(),
        0.25 * 2_f64.sqrt(),
    );
    let down = measured(MeasurementKind::Distance, &[[0., 0., 0.], [0., 0., 40.]]);
    near(
        down.uncertainty_mm(&thick_slices()).unwrap(),
        1.5 * 2_f64.sqrt(),
    );
    // n = (0.6, 0, 0.8): u² = 2 (0.15² + 1.2²).
    let slanted = measured(MeasurementKind::Distance, &[[0., 0., 0.], [30., 0., 40.]]);
    near(
        slanted.uncertainty_mm(&thick_slices()).unwrap(),
        2.925_f64.sqrt(),
    );
    assert_eq!(
        slanted.uncertainty(&thick_slices()),
        None,
        "a length is no angle"
    );
}

#[test]
fn angles_by_hand() {
    // In the slice: each end moves its ray by 0.25 mm in 10 mm, the apex both rays.
    let right = measured(
        MeasurementKind::Angle,
        &[[10., 0., 0.], [0., 0., 0.], [0., 10., 0.]],
    );
    let wanted = (4.0 * 0.025_f64.powi(2)).sqrt().to_degrees();
    near(right.uncertainty(&thick_slices()).unwrap().0, wanted);
    // At 0° the angle has a bend; it is known no better there.
    let closed = measured(
        MeasurementKind::Angle,
        &[[10., 0., 0.], [0., 0., 0.], [20., 0., 0.]],
    );
    assert!(closed.uncertainty(&thick_slices()).unwrap().0 > 1.0);
    let flat = measured(
        MeasurementKind::Angle,
        &[[0., 0., 0.], [0., 0., 0.], [20., 0., 0.]],
    );
    assert_eq!(flat.uncertainty(&thick_slices()), None);
}

#[test]
fn a_vertical_needle_is_not_known_better_than_a_slanted_one() {
    let mut vertical = needle();
    vertical.entry = Some([0., 60., 0.].into());
    vertical.target = Some([0., 0., 0.].into());
    let found = TrajectoryUncertainty::of(&vertical, None, &thick_slices()).unwrap();
    let wanted = (2_f64.sqrt() * 0.25 / 60.0).to_degrees();
    near(found.in_plane.unwrap().0, wanted);
    near(found.carm.unwrap()[0].0, wanted);
    near(found.length_mm, 2_f64.sqrt() * 0.25);
    near(
        found.out_of_plane.unwrap().0,
        (2_f64.sqrt() * 1.5 / 60.0).to_degrees(),
    );
    assert_eq!(
        (found.gantry_tilt, found.console, found.side),
        (None, None, None)
    );
    vertical.target = None;
    assert!(TrajectoryUncertainty::of(&vertical, None, &thick_slices()).is_none());
}

fn random(seed: &mut u64) -> f64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 11) as f64 / (1_u64 << 53) as f64
}

/// Standard deviation of a number, and the share of it within `stated`, when every point is off
/// evenly by up to half a voxel along each axis.
fn by_chance(
    points: &[Point<Lps>],
    half_voxel: &HalfVoxel,
    stated: f64,
    value: &dyn Fn(&[Point<Lps>]) -> f64,
) -> (f64, f64) {
    let (mut seed, runs) = (11, 40_000_u32);
    let here = value(points);
    let (mut squares, mut within) = (0.0, 0);
    for _ in 0..runs {
        let moved: Vec<Point<Lps>> = points
            .iter()
            .map(|&at| {
                half_voxel
                    .0
                    .into_iter()
                    .fold(at, |at, half| at + half * (2.0 * random(&mut seed) - 1.0))
            })
            .collect();
        let off = value(&moved) - here;
        squares += off * off;
        within += u32::from(off.abs() <= stated);
    }
    (
        (squares / f64::from(runs)).sqrt(),
        f64::from(within) / f64::from(runs),
    )
}

#[test]
fn random_shifts_of_the_points_scatter_as_stated() {
    for half_voxel in [thick_slices(), oblique()] {
        let needle = needle();
        let ends = [needle.entry.unwrap(), needle.target.unwrap()];
        let position = Some(PatientPosition::HeadFirstProne);
        let stated = TrajectoryUncertainty::of(&needle, position, &half_voxel).unwrap();
        let cobb = measured(
            MeasurementKind::Cobb,
            &[[0., 0., 0.], [40., 3., 9.], [0., 9., 50.], [41., 8., 30.]],
        );
        let angle = measured(
            MeasurementKind::Angle,
            &[[30., 5., 0.], [0., 0., 0.], [10., 40., 20.]],
        );
        let run = |points: &[Point<Lps>], stated: f64, value: &dyn Fn(&[Point<Lps>]) -> f64| {
            let (deviation, within) = by_chance(points, &half_voxel, stated, value);
            let ratio = stated / (3_f64.sqrt() * deviation);
            assert!((ratio - 1.0).abs() < 0.03, "{ratio} at {stated}");
            assert!((0.9..0.96).contains(&within), "{within} at {stated}");
        };
        let n = |points: &[Point<Lps>]| points[1] - points[0];
        let angles = |points: &[Point<Lps>]| NeedleAngles::of(n(points)).unwrap();
        let carm = |points: &[Point<Lps>]| CArmAngles::of_needle(n(points)).unwrap();
        run(&ends, stated.length_mm, &|p| n(p).length());
        run(&ends, stated.in_plane.unwrap().0, &|p| {
            angles(p).in_plane.unwrap().0
        });
        run(&ends, stated.out_of_plane.unwrap().0, &|p| {
            angles(p).out_of_plane.0
        });
        run(&ends, stated.carm.unwrap()[0].0, &|p| carm(p).primary.0);
        run(&ends, stated.carm.unwrap()[1].0, &|p| carm(p).secondary.0);
        run(&ends, stated.side.unwrap()[1].0, &|p| {
            carm(p).side_carm(PatientPosition::HeadFirstProne).tilt.0
        });
        for drawn in [cobb, angle] {
            let stated = drawn.uncertainty(&half_voxel).unwrap().0;
            let kind = drawn.kind;
            run(&drawn.points, stated, &|points| {
                let points = points.to_vec();
                Measurement::new(MeasurementId(0), kind, points)
                    .angle()
                    .unwrap()
                    .0
            });
        }
    }
}

#[test]
fn two_needles_apart() {
    let level = |y| Segment::new(Point::new(0., y, 0.), Point::new(40., y, 0.));
    let (distance_mm, angle) = of_pair(&thick_slices(), level(0.), level(20.));
    assert!(distance_mm.unwrap() > 0.25, "{distance_mm:?}");
    // 0.25 mm and 1.5 mm at each of the four ends over 40 mm.
    let wanted = (4.0_f64 * (0.25_f64.powi(2) + 1.5_f64.powi(2))).sqrt() / 40.0;
    near(angle.unwrap().0, wanted.to_degrees());
}

#[test]
fn half_a_voxel_of_a_grid() {
    let volume_grid = StackGeometry {
        origin: Point::new(0., 0., 0.),
        column_direction: Vector::new(0., 1., 0.),
        row_direction: Vector::new(0., 0., -1.),
        slice_direction: Vector::new(1., 0., 0.),
        spacing_mm: [0.5, 0.7, 4.0],
        slices: 3,
        slice_of_frame: vec![0, 1, 2],
        uneven_positions: None,
    };
    let half = HalfVoxel::of_grid(&volume_grid);
    assert_eq!(half.0[0], Vector::new(0., 0.25, 0.));
    assert_eq!(half.0[1], Vector::new(0., 0., -0.35));
    assert_eq!(half.0[2], Vector::new(2., 0., 0.));
}
