//! The fast back end against the oracle.

use super::*;
use crate::geometry::{Degrees, Plane, Point, Vector};
use crate::study::WindowLevel;
use crate::volume::sample::reslice_exact;
use crate::volume::synthetic::{StoredAs, SyntheticVolume};

/// A picture to compare: name, request.
type Case = (String, SliceRequest);

fn volume(stored_as: StoredAs, slope: f64) -> Volume {
    SyntheticVolume::new([23, 19, 17], [0.8, 0.7, 1.9])
        .at(Point::new(-9., 4., 100.))
        .along(
            Vector::new(0., 1., 0.),
            Vector::new(0., 0., -1.),
            Vector::new(-1., 0., 0.),
        )
        .stored_as(stored_as)
        .rescaled(slope, -20.0)
        .without_slice(6)
        .without_slice(16)
        .build(|p| {
            let [x, y, z] = p.to_array();
            ((x * 1.9).sin() + (y * 1.3).cos() * (z * 0.9).sin()) * 400.0 + 900.0
        })
}

fn cases() -> Vec<Case> {
    let centre = Point::new(-24., 11., 94.);
    let mut planes = vec![
        ("axial".to_owned(), Plane::axial(centre)),
        ("coronal".to_owned(), Plane::coronal(centre)),
        ("sagittal".to_owned(), Plane::sagittal(centre)),
        (
            "upside down".to_owned(),
            Plane::new(centre, Vector::new(0., -1., 0.), Vector::new(1., 0., 0.)).unwrap(),
        ),
        (
            "mirrored".to_owned(),
            Plane::new(centre, Vector::new(0., 0., -1.), Vector::new(-1., 0., 0.)).unwrap(),
        ),
        (
            "columns".to_owned(),
            Plane::new(centre, Vector::new(0., 0., 1.), Vector::new(0., -1., 0.)).unwrap(),
        ),
    ];
    for turn in 1..8 {
        let angle = Degrees(f64::from(turn) * 37.0);
        let axis = Vector::new(f64::from(turn % 3) - 0.4, 0.7, f64::from(turn % 2) - 0.3);
        let plane = Plane::coronal(centre).rotated(axis, angle).unwrap();
        planes.push((format!("turn {turn}"), plane));
    }
    let in_plane = Plane::sagittal(centre).rotated(Vector::new(1., 0., 0.), Degrees(20.0));
    planes.push(("turned in its plane".to_owned(), in_plane.unwrap()));
    let mut cases = Vec::new();
    for (name, plane) in planes {
        for (slab_mm, slab_mode) in [
            (0.0, SlabMode::Mip),
            (5.1, SlabMode::Mip),
            (5.1, SlabMode::Minip),
            (5.1, SlabMode::Mean),
            (150.0, SlabMode::Mip),
            (150.0, SlabMode::Mean),
        ] {
            for interpolation in [Interpolation::Linear, Interpolation::Nearest] {
                let request = SliceRequest {
                    slab_mm,
                    slab_mode,
                    interpolation,
                    ..SliceRequest::thin_centered(plane, 0.533, 83, 71)
                };
                let name = format!("{name}, {slab_mm} mm {slab_mode:?}, {interpolation:?}");
                cases.push((name, request));
            }
        }
    }
    cases
}

fn go_on() -> bool {
    false
}

/// Pixels that are valued in only one of the pictures or differ by more than `tolerance`.
fn outliers(found: &[f32], wanted: &[f32], tolerance: f32) -> usize {
    found
        .iter()
        .zip(wanted)
        .filter(|(a, b)| a.is_nan() != b.is_nan() || (*a - *b).abs() > tolerance)
        .count()
}

#[test]
fn values_agree_with_the_oracle_in_every_direction_mode_and_type() {
    for (stored_as, slope) in [
        (StoredAs::I16, 1.0),
        (StoredAs::U16, -0.5),
        (StoredAs::F32, 2.0),
    ] {
        let volume = volume(stored_as, slope);
        for (name, request) in cases() {
            let wanted = reslice_exact(&volume, &request);
            let found = render_values(&volume, &request, &go_on).unwrap();
            assert_eq!(found.len(), 83 * 71);
            let outliers = outliers(&found, &wanted, 0.01);
            let seen = wanted.iter().filter(|value| !value.is_nan()).count();
            assert!(seen > 300, "{name} shows only {seen} pixels");
            assert!(outliers <= 1, "{name}, {stored_as:?}: {outliers} of {seen}");
        }
    }
}

#[test]
fn greys_agree_with_the_oracle_and_missing_slices_are_striped() {
    let volume = volume(StoredAs::I16, 1.0);
    let display = Display {
        window: WindowLevel::new(900.0, 700.0),
        background: 9,
        ..Display::default()
    };
    for (name, request) in cases() {
        let values = reslice_exact(&volume, &request);
        let greys = render_greys(&volume, &request, &display, &go_on).unwrap();
        let wrong = values
            .iter()
            .zip(&greys)
            .enumerate()
            .filter(|(i, (value, grey))| {
                if value.is_nan() {
                    let (column, row) = (i % request.width, i / request.width);
                    let may = [display.background, display.missing_grey(column, row)];
                    !may.contains(grey)
                } else {
                    grey.abs_diff(display.grey_of(f64::from(**value))) > 1
                }
            });
        let wrong = wrong.count();
        assert!(wrong <= 1, "{name}: {wrong} wrong greys");
    }
    // Slice 6 lies at x = -20.4: all of this plane is missing, and striped.
    let request = SliceRequest::thin(Plane::sagittal(Point::new(-20.4, 5., 99.)), 0.5, 12, 12);
    let greys = render_greys(&volume, &request, &display, &go_on).unwrap();
    for (i, &grey) in greys.iter().enumerate() {
        assert_eq!(grey, display.missing_grey(i % 12, i / 12));
    }
}

#[test]
fn odd_requests_give_pictures_without_values() {
    let volume = volume(StoredAs::I16, 1.0);
    let centre = volume.center_lps();
    let thin = SliceRequest::thin_centered(Plane::axial(centre), 0.5, 7, 5);
    let values = |request| render_values(&volume, &request, &go_on).unwrap();
    for request in [
        SliceRequest {
            mm_per_pixel: f64::NAN,
            ..thin
        },
        SliceRequest {
            mm_per_pixel: 0.0,
            ..thin
        },
        SliceRequest {
            slab_mm: -1.0,
            ..thin
        },
        SliceRequest {
            plane: thin.plane.through(Point::new(1e300, 0., 0.)),
            ..thin
        },
        SliceRequest {
            plane: thin.plane.through(Point::new(5e11, -5e11, 3.)),
            ..thin
        },
    ] {
        let picture = values(request);
        assert_eq!(picture.len(), 35);
        assert!(picture.iter().all(|value| value.is_nan()), "{request:?}");
    }
    assert!(values(SliceRequest { width: 0, ..thin }).is_empty());
    // Giant pixels: only the middle one meets the volume.
    let giant = SliceRequest::thin_centered(
        Plane::axial(centre)
            .rotated(Vector::new(1., 2., 3.), Degrees(33.0))
            .unwrap(),
        1e9,
        7,
        5,
    );
    let seen = values(giant);
    assert_eq!(seen.iter().filter(|value| !value.is_nan()).count(), 1);
    let one = values(SliceRequest::thin(Plane::axial(centre), 1.0, 1, 1));
    assert!(!one[0].is_nan());
}

#[test]
fn a_cancelled_picture_is_none() {
    let volume = volume(StoredAs::I16, 1.0);
    for plane in [
        Plane::axial(volume.center_lps()),
        Plane::coronal(volume.center_lps()),
        Plane::sagittal(volume.center_lps()),
    ] {
        let request = SliceRequest::thin_centered(plane, 0.5, 64, 64);
        assert!(render_values(&volume, &request, &|| true).is_none());
        assert!(render_greys(&volume, &request, &Display::default(), &|| true).is_none());
    }
}
