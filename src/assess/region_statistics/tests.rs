//! Expected values by counting voxels and by hand.

use super::*;
use crate::plan::MeasurementId;
use crate::volume::synthetic::{StoredAs, SyntheticVolume};

/// 20 × 20 × 6 voxels of 1 × 1 × 3 mm, 10 HU a column, 1 HU a row, 100 HU a slice.
fn steps() -> SyntheticVolume {
    SyntheticVolume::new([20, 20, 6], [1., 1., 3.]).stored_as(StoredAs::F32)
}

fn stepped(at: Point<Lps>) -> f64 {
    10.0 * at.0.x + at.0.y + 100.0 / 3.0 * at.0.z
}

fn region(shape: RegionShape, center: [f64; 3], a: [f64; 3], b: [f64; 3]) -> Region {
    Region {
        shape,
        center: center.into(),
        half_axes: [a.into(), b.into()],
    }
}

fn near(found: f64, wanted: f64) {
    let scale = wanted.abs().max(1.0);
    assert!(
        (found - wanted).abs() < 1e-5 * scale,
        "{found}, not {wanted}"
    );
}

#[test]
fn a_rectangle_on_a_slice_takes_the_voxels_inside_it() {
    let volume = steps().build(stepped);
    let drawn = region(
        RegionShape::Rectangle,
        [10., 10., 6.],
        [2., 0., 0.],
        [0., 1., 0.],
    );
    let found = drawn.statistics(&volume).unwrap();
    // Columns 8–12 and rows 9–11 of slice 2, edges included.
    assert_eq!((found.samples, found.sampling), (15, Sampling::Voxels));
    near(found.mean, 310.0);
    // Variances of −2 … 2 and −1 … 1 over all: 2 and 2/3.
    near(
        found.standard_deviation,
        (100.0 * 2.0 + 2.0 / 3.0_f64).sqrt(),
    );
    near(found.minimum, 289.0);
    near(found.maximum, 331.0);
    near(found.area_mm2, 8.0);
}

#[test]
fn an_ellipse_takes_the_centres_within_its_edge() {
    let volume = steps().build(stepped);
    let count = |a: [f64; 3], b: [f64; 3]| {
        let drawn = region(RegionShape::Ellipse, [10., 10., 6.], a, b);
        drawn.statistics(&volume).unwrap().samples
    };
    // Lattice points in a disc of radius 2, and in the ellipse 2 × 1.
    assert_eq!(count([2., 0., 0.], [0., 2., 0.]), 13);
    assert_eq!(count([2., 0., 0.], [0., 1., 0.]), 7);
    // Turned by 45°, radius √2 along each: the same disc as upright.
    assert_eq!(count([1., 1., 0.], [-1., 1., 0.]), 9);
    let disc = region(
        RegionShape::Ellipse,
        [10., 10., 6.],
        [2., 0., 0.],
        [0., 1., 0.],
    );
    near(disc.area_mm2(), 2.0 * std::f64::consts::PI);
    near(disc.statistics(&volume).unwrap().mean, 310.0);
}

#[test]
fn the_modality_table_is_applied() {
    let volume = SyntheticVolume::new([8, 8, 3], [1., 1., 1.])
        .rescaled(2.0, -1000.0)
        .build(|at| at.0.x);
    let drawn = region(
        RegionShape::Rectangle,
        [4., 4., 1.],
        [1., 0., 0.],
        [0., 1., 0.],
    );
    let found = drawn.statistics(&volume).unwrap();
    near(found.mean, -992.0);
    near(found.minimum, -994.0);
    near(found.standard_deviation, 2.0 * (2.0_f64 / 3.0).sqrt());
}

#[test]
fn any_layer_of_voxels_counts_as_stored_and_anything_else_is_interpolated() {
    let volume = steps().build(stepped);
    let sampling = |center: [f64; 3], a: [f64; 3], b: [f64; 3]| {
        let drawn = region(RegionShape::Rectangle, center, a, b);
        let found = drawn.statistics(&volume).unwrap();
        (found.sampling, found.samples)
    };
    // A sagittal layer through column 7: 5 rows by 3 slices.
    let sagittal = sampling([7., 10., 6.], [0., 2., 0.], [0., 0., 3.]);
    assert_eq!(sagittal, (Sampling::Voxels, 15));
    // Between two columns: a grid of 1 mm, 5 × 7.
    let between = sampling([7.5, 10., 6.], [0., 2., 0.], [0., 0., 3.]);
    assert_eq!(between, (Sampling::Interpolated, 35));
    // Half way between slices, and on a slice but tilted.
    let above = sampling([10., 10., 7.5], [2., 0., 0.], [0., 1., 0.]);
    assert_eq!(above, (Sampling::Interpolated, 15));
    let tilted = sampling([10., 10., 6.], [2., 0., 0.5], [0., 1., 0.]);
    assert_eq!(tilted.0, Sampling::Interpolated);
}

#[test]
fn an_oblique_region_reads_a_linear_field_exactly() {
    let volume = steps().build(stepped);
    // Half axes 3 mm along (1, 0, 1)/√2 and 2 mm along y.
    let s = 3.0 / 2_f64.sqrt();
    let drawn = region(
        RegionShape::Rectangle,
        [9.3, 9.1, 7.2],
        [s, 0., s],
        [0., 2., 0.],
    );
    let found = drawn.statistics(&volume).unwrap();
    assert_eq!(
        (found.samples, found.sampling),
        (7 * 5, Sampling::Interpolated)
    );
    near(found.mean, stepped([9.3, 9.1, 7.2].into()));
    // Steps of 1 mm: −3 … 3 along the slope, −2 … 2 across it; variances 4 and 2.
    let slope = (10.0 + 100.0 / 3.0) / 2_f64.sqrt();
    near(
        found.standard_deviation,
        (slope * slope * 4.0 + 2.0_f64).sqrt(),
    );
    near(found.maximum - found.mean, 3.0 * slope + 2.0);
    near(found.area_mm2, 24.0);
}

#[test]
fn oblique_grids_of_voxels_are_counted_in_their_own_layers() {
    let columns = Vector::new(0.8, 0.6, 0.0);
    let slices = Vector::new(0.0, 0.0, 1.0);
    let rows = slices.cross(columns);
    let volume = SyntheticVolume::new([20, 20, 4], [0.5, 0.5, 2.0])
        .along(columns, rows, slices)
        .build(|_| 7.0);
    let center = Point::new(0., 0., 2.) + columns * 5.0 + rows * 5.0;
    let drawn = Region {
        shape: RegionShape::Rectangle,
        center,
        half_axes: [columns * 1.0, rows * 0.5],
    };
    let found = drawn.statistics(&volume).unwrap();
    assert_eq!((found.samples, found.sampling), (15, Sampling::Voxels));
    assert_eq!((found.mean, found.standard_deviation), (7.0, 0.0));
}

#[test]
fn no_numbers_where_there_is_no_image() {
    let whole = steps().build(stepped);
    let cut = steps().without_slice(2).build(stepped);
    let at = |z: f64, half: f64| {
        region(
            RegionShape::Ellipse,
            [10., 10., z],
            [half, 0., 0.],
            [0., half, 0.],
        )
    };
    assert_eq!(at(6., 12.).statistics(&whole), Err(RegionError::Outside));
    assert_eq!(at(60., 2.).statistics(&whole), Err(RegionError::Outside));
    assert_eq!(
        at(f64::NAN, 2.).statistics(&whole),
        Err(RegionError::Outside)
    );
    assert_eq!(at(6., 2.).statistics(&cut), Err(RegionError::MissingSlice));
    assert_eq!(at(7., 2.).statistics(&cut), Err(RegionError::MissingSlice));
    assert!(at(9., 2.).statistics(&cut).is_ok());
    assert_eq!(at(6., 0.0).statistics(&whole), Err(RegionError::Flat));
    let mut small = at(6., 0.2);
    small.center = Point::new(10.5, 10.5, 6.);
    assert_eq!(small.statistics(&whole), Err(RegionError::NoSample));
}

#[test]
fn pixels_that_stand_for_no_image_are_refused() {
    let mut volume = steps().build(|at| if at.0.x < 5.0 { -2000.0 } else { 40.0 });
    volume.padding = Some([-2000.0, -2000.0]);
    let at = |x: f64, z: f64| {
        region(
            RegionShape::Rectangle,
            [x, 10., z],
            [2., 0., 0.],
            [0., 1., 0.],
        )
    };
    assert!(at(8., 6.).statistics(&volume).is_ok());
    assert_eq!(at(6., 6.).statistics(&volume), Err(RegionError::Padding));
    // Interpolated next to it, the values would be mixed with it.
    assert!(at(8., 7.).statistics(&volume).is_ok());
    assert_eq!(at(6.9, 7.).statistics(&volume), Err(RegionError::Padding));
}

#[test]
fn regions_of_a_plan() {
    let drawn = |kind, points: [[f64; 3]; 3]| {
        Measurement::new(MeasurementId(0), kind, points.map(Point::from).to_vec())
    };
    let points = [[1., 1., 1.], [4., 1., 1.], [2., 3., 1.]];
    let region = Region::of(&drawn(MeasurementKind::Ellipse, points)).unwrap();
    // Written by hand with a slanted second axis: made square to the first.
    assert_eq!(region.half_axes[1], Vector::new(0., 2., 0.));
    let outline = region.outline(4);
    assert!(outline[1].distance(Point::new(1., 3., 1.)) < 1e-12);
    let angle = Region::of(&drawn(MeasurementKind::Angle, points));
    assert_eq!(angle, None);
    let flat = [[1., 1., 1.], [4., 1., 1.], [2., 1., 1.]];
    assert_eq!(Region::of(&drawn(MeasurementKind::Ellipse, flat)), None);
}
