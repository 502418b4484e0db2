use glam::DVec2;

use super::line_integrals;
use super::march::{line_integral_marched, line_integrals_marched};
use crate::geometry::{CArmAngles, CArmPose, ConeBeam, Degrees, Point, Receptor, Vector};
use crate::volume::Volume;
use crate::volume::attenuation::{Attenuation, AttenuationModel};
use crate::volume::synthetic::{SyntheticVolume, ct_cylinder};

fn beam(primary: f64, secondary: f64) -> ConeBeam {
    let pose = CArmPose {
        angles: CArmAngles {
            primary: Degrees(primary),
            secondary: Degrees(secondary),
        },
        isocenter: Point::new(3.0, -4.0, 5.0),
        source_to_detector_mm: 1000.0,
        source_to_isocenter_mm: 700.0,
    };
    pose.beam().unwrap()
}

/// Smooth blobs of up to bone on an oblique grid of unequal spacings.
fn blobs() -> Attenuation {
    let turn = 0.3_f64;
    let (s, c) = turn.sin_cos();
    let mut volume: Volume = SyntheticVolume::new([50, 44, 36], [1.1, 1.3, 2.1])
        .at(Point::new(-25.0, -30.0, -35.0))
        .along(
            Vector::new(c, s, 0.0),
            Vector::new(-s, c, 0.0),
            Vector::new(0.0, 0.0, 1.0),
        )
        .build(|p| {
            let wave = (p.0.x / 9.0).sin() * (p.0.y / 7.0).cos() + (p.0.z / 11.0).sin();
            500.0 * wave + 200.0
        });
    "HU".clone_into(&mut volume.modality_lut.unit);
    Attenuation::of(&volume, AttenuationModel::default()).unwrap()
}

/// Root mean square of the difference, and of what it differs from.
fn rms(found: &[f32], wanted: &[f32]) -> (f64, f64) {
    let mean_square = |values: &mut dyn Iterator<Item = f32>| {
        let (sum, count) = values.fold((0.0, 0), |(sum, count), value| {
            (sum + f64::from(value) * f64::from(value), count + 1)
        });
        (sum / f64::from(count)).sqrt()
    };
    let mut difference = found.iter().zip(wanted).map(|(a, b)| a - b);
    (
        mean_square(&mut difference),
        mean_square(&mut wanted.iter().copied()),
    )
}

const NEVER: &(dyn Fn() -> bool + Sync) = &|| false;

#[test]
fn joseph_agrees_with_the_ray_march_from_all_sides() {
    let attenuation = blobs();
    // 45 and 90 degrees of tilt: planes of all three axes, tiles of two axes; an odd receptor.
    let receptor = Receptor {
        size: [61, 47],
        pixel_mm: [3.0, 4.0],
        center: [28.0, 25.0],
    };
    for (primary, secondary) in [
        (0., 0.),
        (90., 0.),
        (180., -20.),
        (45., 10.),
        (-135., 45.),
        (30., 60.),
        (10., 90.),
    ] {
        let beam = beam(primary, secondary);
        let found = line_integrals(&attenuation, &beam, &receptor, NEVER).unwrap();
        let wanted = line_integrals_marched(&attenuation, &beam, &receptor, 0.1);
        let (difference, size) = rms(&found, &wanted);
        assert!(size > 0.5, "{size} at {primary}, {secondary}");
        assert!(
            difference < 0.01 * size,
            "{difference} of {size} at {primary}, {secondary}"
        );
    }
}

#[test]
fn water_attenuates_by_its_coefficient_times_its_thickness() {
    // A cylinder of 50 mm radius along z, 40 HU: a chord of 100 mm through the middle.
    let attenuation = Attenuation::of(&ct_cylinder(50.0, 0.0), Default::default()).unwrap();
    let per_mm = AttenuationModel::default().per_mm(40.0);
    let receptor = Receptor::centered([1, 1], 1.0);
    for primary in [0.0, 20.0, 90.0, 135.0] {
        let mut beam = beam(primary, 0.0);
        let shift = Point::new(3.0, -4.0, 5.0) - Point::new(0.0, 0.0, 0.0);
        beam.source = beam.source - shift;
        beam.receptor_center = beam.receptor_center - shift;
        let found = line_integrals(&attenuation, &beam, &receptor, NEVER).unwrap()[0];
        let wanted = 100.0 * per_mm;
        assert!(
            (f64::from(found) - wanted).abs() < 0.01 * wanted,
            "{found} for {wanted} at {primary}"
        );
    }
}

#[test]
fn rays_begin_at_the_source_and_end_at_the_receptor() {
    // Source in the middle of the cylinder and receptor still inside: 40 mm of it.
    let attenuation = Attenuation::of(&ct_cylinder(80.0, 0.0), Default::default()).unwrap();
    let beam = ConeBeam {
        source: Point::new(0.0, 0.0, 0.0),
        receptor_center: Point::new(0.0, -40.0, 0.0),
        right: Vector::new(1.0, 0.0, 0.0),
        down: Vector::new(0.0, 0.0, -1.0),
    };
    let receptor = Receptor::centered([3, 3], 2.0);
    let found = line_integrals(&attenuation, &beam, &receptor, NEVER).unwrap();
    let wanted = AttenuationModel::default().per_mm(40.0) * 40.0;
    // Planes are 1 mm apart, so the ends are known to 1 mm.
    assert!(
        (f64::from(found[4]) - wanted).abs() < 0.03 * wanted,
        "{}",
        found[4]
    );
    let marched = line_integral_marched(&attenuation, &beam, &receptor, (DVec2::ONE, 0.01));
    assert!((marched - wanted).abs() < 1e-3 * wanted);
}

#[test]
fn a_picture_that_is_no_longer_wanted_is_not_finished() {
    let receptor = Receptor::centered([64, 64], 2.0);
    assert!(line_integrals(&blobs(), &beam(0.0, 0.0), &receptor, &|| true).is_none());
}

#[test]
fn a_receptor_beside_the_patient_sees_nothing() {
    let mut receptor = Receptor::centered([40, 40], 1.0);
    receptor.center = [-4000.0, 0.0];
    let found = line_integrals(&blobs(), &beam(0.0, 0.0), &receptor, NEVER).unwrap();
    assert!(found.iter().all(|&value| value == 0.0));
}
