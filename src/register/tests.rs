//! Whole registrations of a small body with a spine of boxes.

use std::ops::ControlFlow;

use super::*;
use crate::geometry::{
    CArmAngles, CArmPose, ConeBeam, Correction, Degrees, Lps, Point, Receptor, Vector,
    mean_point_distance_mm,
};
use crate::volume::attenuation::{Attenuation, AttenuationModel};
use crate::volume::drr::line_integrals;
use crate::volume::synthetic::SyntheticVolume;

const PIVOT: Point<Lps> = Point::new(2.0, 15.0, 1.0);

/// A cylinder of soft tissue with three vertebrae: a body, two pedicles and a spinous process each.
fn body() -> Attenuation {
    let mut volume = SyntheticVolume::new([90, 70, 75], [2.0, 2.0, 2.0])
        .at(Point::new(-89.0, -69.0, -74.0))
        .build(|at| {
            let [x, y, z] = at.to_array();
            if (x / 85.0).powi(2) + (y / 65.0).powi(2) > 1.0 {
                return -1000.0;
            }
            let along = (z + 17.0).rem_euclid(34.0) - 17.0;
            let inside = |dx: f64, dy: f64, half: [f64; 3]| {
                (x - dx).abs() < half[0] && (y - dy).abs() < half[1] && along.abs() < half[2]
            };
            let bone = inside(0.0, 10.0, [21.0, 14.0, 12.0])
                || inside(14.0, 28.0, [4.0, 6.0, 5.0])
                || inside(-14.0, 28.0, [4.0, 6.0, 5.0])
                || inside(z * 0.05, 45.0, [3.0, 11.0, 7.0]);
            if bone { 500.0 } else { 40.0 }
        });
    "HU".clone_into(&mut volume.modality_lut.unit);
    Attenuation::of(&volume, AttenuationModel::default()).unwrap()
}

fn beam(primary: f64) -> ConeBeam {
    let pose = CArmPose {
        angles: CArmAngles {
            primary: Degrees(primary),
            secondary: Degrees(4.0),
        },
        isocenter: PIVOT + Vector::new(6.0, -4.0, 5.0),
        source_to_detector_mm: 1000.0,
        source_to_isocenter_mm: 700.0,
    };
    pose.beam().unwrap()
}

fn receptor() -> Receptor {
    Receptor::centered([260, 260], 0.8)
}

/// The picture that a beam takes, in proportion to the intensity or, for a display, bone bright
/// without a word of it.
fn picture(body: &Attenuation, beam: &ConeBeam, for_display: bool) -> XrayPicture {
    let integrals = line_integrals(body, beam, &receptor(), &|| false).unwrap();
    let values: Vec<f32> = if for_display {
        integrals.iter().map(|l| 300.0 * l.sqrt()).collect()
    } else {
        integrals.iter().map(|l| 4000.0 * (-l).exp()).collect()
    };
    let look = if for_display {
        (Intensity::Displayed, Polarity::Unknown)
    } else {
        (Intensity::Linear, Polarity::BoneDark)
    };
    XrayPicture::new(receptor().size, &values, look, |_, _| true).unwrap()
}

fn settings(search: Search, size: f64) -> Settings {
    Settings {
        start: Correction {
            pivot: PIVOT,
            rotation_rad: Vector::new(0.010, -0.008, 0.009) * size,
            shift_mm: Vector::new(1.6, -1.1, 1.4) * size,
        },
        search,
        region_mm: 45.0,
    }
}

fn points() -> [Point<Lps>; 4] {
    [
        PIVOT,
        PIVOT + Vector::new(20.0, 0.0, 0.0),
        PIVOT + Vector::new(0.0, 20.0, 0.0),
        PIVOT + Vector::new(0.0, 0.0, 20.0),
    ]
}

fn go_on(_: f64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

#[test]
fn two_views_find_the_place_from_the_edge_of_the_capture_range() {
    let body = body();
    let beams = [beam(0.0), beam(90.0)];
    let pictures = beams.map(|beam| picture(&body, &beam, false));
    let views: Vec<View<'_>> = pictures
        .iter()
        .zip(&beams)
        .map(|(picture, &header)| View {
            picture,
            receptor: receptor(),
            header,
        })
        .collect();
    let settings = settings(Search::Wide, 5.0);
    let truth = Correction::none(PIVOT);
    let before = mean_point_distance_mm(&settings.start, &truth, &points());
    assert!(before > 10.0, "{before}");
    let found = register(&body, &views, &settings, &go_on).unwrap();
    let after = mean_point_distance_mm(&found.correction, &truth, &points());
    assert!(after < 0.5, "{after} mm: {found:?}");
    assert_eq!(found.verdict, Verdict::Converged);
    assert!(found.after > 0.8 && found.before < 0.6, "{found:?}");
    assert_eq!(found.reversed, [false, false]);
}

#[test]
fn a_picture_for_display_is_found_whichever_way_round_it_is() {
    let body = body();
    let header = beam(25.0);
    let picture = picture(&body, &header, true);
    let view = View {
        picture: &picture,
        receptor: receptor(),
        header,
    };
    let found = register(&body, &[view], &settings(Search::Near, 1.0), &go_on).unwrap();
    assert_eq!(found.reversed, [true]);
    // One view holds it across the beam, and says that along it is the weak direction.
    let off = found.correction.patient_point(PIVOT) - PIVOT;
    let across = (off - header.forward() * off.dot(header.forward())).length();
    assert!(across < 0.3, "{across} mm: {found:?}");
    let held = found.uncertainty.unwrap();
    assert!(held.along_mm > 3.0 * held.across_mm[0], "{held:?}");
}

#[test]
fn one_picture_from_the_side_is_never_taken_for_good() {
    let body = body();
    let alone = |primary: f64| {
        let header = beam(primary);
        let picture = picture(&body, &header, false);
        let view = View {
            picture: &picture,
            receptor: receptor(),
            header,
        };
        let near = settings(Search::Near, 0.2);
        register(&body, &[view], &near, &go_on).unwrap().verdict
    };
    assert_eq!(alone(0.0), Verdict::Converged);
    for primary in [90.0, -90.0, 60.0] {
        assert!(alone(primary).doubt().is_some(), "{primary}");
    }
}

#[test]
fn what_shows_nothing_is_not_registered() {
    let body = body();
    let header = beam(0.0);
    let blank = XrayPicture::new(
        receptor().size,
        &vec![500.0; 260 * 260],
        (Intensity::Linear, Polarity::BoneDark),
        |_, _| true,
    )
    .unwrap();
    let view = |picture| View {
        picture,
        receptor: receptor(),
        header,
    };
    let near = settings(Search::Near, 1.0);
    let found = register(&body, &[view(&blank)], &near, &go_on);
    assert_eq!(found.unwrap_err(), RegisterError::NothingToCompare(1));
    assert_eq!(
        register(&body, &[], &near, &go_on).unwrap_err(),
        RegisterError::NoView
    );
    // Noise has gradients, but not those of the CT.
    let noise: Vec<f32> = (0..260 * 260_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 20) as f32 + 50.0)
        .collect();
    let look = (Intensity::Linear, Polarity::BoneDark);
    let noise = XrayPicture::new(receptor().size, &noise, look, |_, _| true).unwrap();
    let found = register(&body, &[view(&noise)], &near, &go_on).unwrap();
    assert_eq!(found.verdict, Verdict::Failed, "{found:?}");
    // The target behind the source.
    let mut behind = near;
    behind.start.shift_mm = Vector::new(0.0, -2000.0, 0.0);
    let picture = picture(&body, &header, false);
    let found = register(&body, &[view(&picture)], &behind, &go_on);
    assert_eq!(found.unwrap_err(), RegisterError::TargetOutside(1));
}

#[test]
fn a_registration_can_be_stopped() {
    let body = body();
    let header = beam(0.0);
    let picture = picture(&body, &header, false);
    let view = View {
        picture: &picture,
        receptor: receptor(),
        header,
    };
    for search in [Search::Wide, Search::Near] {
        let stop = |_: f64| ControlFlow::Break(());
        let found = register(&body, &[view], &settings(search, 1.0), &stop);
        assert_eq!(found.unwrap_err(), RegisterError::Cancelled);
    }
}
