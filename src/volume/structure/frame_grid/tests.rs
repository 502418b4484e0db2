use glam::DVec3;

use super::*;

fn planning() -> Arc<MaskGrid> {
    let to_lps = Transform::from_columns(
        DVec3::new(-0.5, 0., 0.),
        DVec3::new(0., -0.5, 0.),
        DVec3::new(0., 0., 2.),
        DVec3::new(10., 20., -30.),
    );
    Arc::new(MaskGrid::new([8, 6, 10], to_lps).unwrap())
}

fn plane(x: f64, z: f64) -> ImagePlane {
    ImagePlane {
        position: Point::new(x, 20., z),
        column_direction: Vector::new(-1., 0., 0.),
        row_direction: Vector::new(0., -1., 0.),
        column_spacing_mm: 0.5,
        row_spacing_mm: 0.5,
    }
}

fn of(planes: &[ImagePlane], stated: Option<f64>) -> Result<FrameGrid, String> {
    grid_of_frames(planes, [8, 6], [stated, None], &planning())
}

#[test]
fn frames_on_slices_of_the_volume_have_its_grid() {
    let found = of(
        &[plane(10., -12.), plane(10., -30.), plane(10., -26.)],
        None,
    )
    .unwrap();
    assert_eq!(found.slices, [9..10, 0..1, 2..3]);
    assert_eq!(*found.grid, *planning());
    // Half a slice beside them: a grid of their own.
    let found = of(&[plane(10., -29.), plane(10., -27.)], None).unwrap();
    assert_eq!(found.slices, [0..1, 1..2]);
    assert_eq!(found.grid.center([0, 0, 1]), Point::new(10., 20., -27.));
}

#[test]
fn sparse_frames_leave_gaps_and_tilted_ones_shear_the_grid() {
    let tilted = [(0.0, 1.0), (2.0, 5.0), (3.0, 7.0), (7.0, 15.0)];
    let planes = tilted.map(|(k, z)| plane(10.0 + k, z));
    let found = of(&planes, None).unwrap();
    assert_eq!(found.slices, [0..1, 2..3, 3..4, 7..8]);
    assert_eq!(found.grid.size, [8, 6, 8]);
    for (plane, slice) in planes.iter().zip(&found.slices) {
        let center = found.grid.center([0, 0, slice.start]);
        assert!(center.distance(plane.position) < 1e-9);
    }
    // The stated distance counts where positions are multiples of it.
    let every_other = [plane(10., 1.), plane(10., 5.), plane(10., 9.)];
    assert_eq!(
        of(&every_other, Some(2.0)).unwrap().slices,
        [0..1, 2..3, 4..5]
    );
    assert_eq!(
        of(&every_other, Some(3.0)).unwrap().slices,
        [0..1, 1..2, 2..3]
    );
    assert_eq!(
        of(&[plane(3., 1.)], None).unwrap().grid.spacing_mm,
        [0.5, 0.5, 2.0]
    );
}

#[test]
fn uneven_frames_are_continued_half_way_but_not_over_gaps() {
    let planes = [0., 1., 2.4, 3.4, 9.4].map(|z| plane(3., z));
    let found = of(&planes, None).unwrap();
    assert!(found.is_uneven);
    // 1 mm slices at 0 to 9; 2.4 reaches from 1.7 to 2.9, 3.4 from 2.9 and, with half the median
    // of 1.4 mm, to 4.1, 9.4 from 8.7 on.
    assert_eq!(found.slices, [0..1, 1..2, 2..3, 3..5, 9..10]);
    let planes = [0., 1., 2., 3.5, 5.].map(|z| plane(3., z));
    assert_eq!(of(&planes, None).unwrap().slices[3], 3..5);
}

#[test]
fn frames_that_make_no_grid_are_refused_by_number() {
    let mut turned = plane(10., -28.);
    turned.row_direction = Vector::new(0., 0., 1.);
    let said = |planes: &[ImagePlane]| of(planes, None).unwrap_err();
    assert!(said(&[plane(10., -30.), turned]).contains("frame 2 is not parallel"));
    let mut scaled = plane(10., -28.);
    scaled.row_spacing_mm = 0.6;
    assert!(said(&[plane(10., -30.), scaled]).contains("frame 2 has another pixel spacing"));
    let beside = [plane(10., 0.), plane(12., 2.), plane(10., 4.)];
    assert!(said(&beside).contains("frame 2 lies 2.0 mm beside"));
    let far = [plane(3., 0.), plane(3., 0.1), plane(3., 90_000.)];
    assert!(said(&far).contains("more than Stylet reads"));
    assert!(said(&[]).contains("no frames"));
}
