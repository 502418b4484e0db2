//! The GPU pass and the processor's projector give the line integrals of the oracle, from all
//! sides. The GPU's part is skipped, visibly, where there is no adapter at all.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a helper of a test fails like the test"
)]

use stylet::geometry::{CArmAngles, CArmPose, ConeBeam, Degrees, Point, Receptor, Vector};
use stylet::render::{DrrPass, DrrTexture, RenderContext, RenderError};
use stylet::volume::attenuation::{Attenuation, AttenuationModel};
use stylet::volume::drr::line_integrals;
use stylet::volume::drr::march::line_integrals_marched;
use stylet::volume::synthetic::SyntheticVolume;

/// A body of 40 HU with bones and gas in it, on a slightly turned grid.
fn body() -> Attenuation {
    let (s, c) = 0.2_f64.sin_cos();
    let mut volume = SyntheticVolume::new([96, 80, 60], [1.2, 1.2, 2.0])
        .at(Point::new(-55.0, -60.0, -60.0))
        .along(
            Vector::new(c, s, 0.0),
            Vector::new(-s, c, 0.0),
            Vector::new(0.0, 0.0, 1.0),
        )
        .build(|p| {
            let [x, y, z] = p.to_array();
            let skin = (x / 50.0).hypot(y / 40.0);
            let bone = (x / 14.0).hypot((y - 12.0) / 12.0).hypot((z % 30.0) / 14.0);
            let smooth = |r: f64| 1.0 / (1.0 + (20.0 * (r - 1.0)).exp());
            -1000.0 + 1040.0 * smooth(skin) + 600.0 * smooth(bone)
        });
    "HU".clone_into(&mut volume.modality_lut.unit);
    Attenuation::of(&volume, AttenuationModel::default()).unwrap()
}

fn views() -> Vec<(String, ConeBeam)> {
    [
        (0., 0.),
        (90., 0.),
        (45., 0.),
        (155., -10.),
        (-135., 20.),
        (30., 60.),
        (-5., 88.),
    ]
    .map(|(primary, secondary)| {
        let pose = CArmPose {
            angles: CArmAngles {
                primary: Degrees(primary),
                secondary: Degrees(secondary),
            },
            isocenter: Point::new(4.0, 6.0, -3.0),
            source_to_detector_mm: 1000.0,
            source_to_isocenter_mm: 700.0,
        };
        (format!("{primary}, {secondary}"), pose.beam().unwrap())
    })
    .to_vec()
}

fn receptor() -> Receptor {
    Receptor {
        size: [150, 133],
        pixel_mm: [1.4, 1.5],
        center: [70.0, 61.5],
    }
}

/// Greatest difference, and the greatest of the wanted values.
fn greatest(found: &[f32], wanted: &[f32]) -> (f32, f32) {
    assert_eq!(found.len(), wanted.len());
    let differences = found.iter().zip(wanted).map(|(a, b)| (a - b).abs());
    let most = wanted.iter().copied().fold(0.0, f32::max);
    // `max` would pass over NaN.
    (
        differences.fold(0.0, |a, b| if b <= a { a } else { b }),
        most,
    )
}

#[test]
fn the_processor_agrees_with_the_ray_march() {
    let body = body();
    for (name, beam) in views() {
        let found = line_integrals(&body, &beam, &receptor(), &|| false).unwrap();
        let wanted = line_integrals_marched(&body, &beam, &receptor(), 0.4);
        let (difference, most) = greatest(&found, &wanted);
        println!("{name}: {difference} of {most}");
        assert!(
            most > 1.0 && difference < 0.02 * most,
            "{name}: {difference} of {most}"
        );
    }
}

#[test]
fn the_graphics_adapter_agrees_with_the_processor() {
    let context = match RenderContext::offscreen() {
        Ok(context) => context,
        Err(RenderError::NoAdapter { reason }) => {
            println!("SKIPPED: no graphics adapter ({reason})");
            return;
        }
        Err(error) => panic!("{error}"),
    };
    println!("adapter: {}", context.adapter_name());
    let body = body();
    let pass = DrrPass::new(&context.device).unwrap();
    let gpu = (&context.device, &context.queue);
    let texture = DrrTexture::new(gpu.0, gpu.1, &body).unwrap();
    let mut views = views();
    // A source and a receptor within the body.
    views.push((
        "inside".to_owned(),
        ConeBeam {
            source: Point::new(0.0, 20.0, 0.0),
            receptor_center: Point::new(0.0, -15.0, 0.0),
            right: Vector::new(1.0, 0.0, 0.0),
            down: Vector::new(0.0, 0.0, -1.0),
        },
    ));
    for (name, beam) in views {
        let found = pass
            .line_integrals(gpu, &texture, &beam, &receptor())
            .unwrap();
        let wanted = line_integrals(&body, &beam, &receptor(), &|| false).unwrap();
        let (difference, most) = greatest(&found, &wanted);
        println!("{name}: {difference} of {most}");
        // Rays that begin and end within the body may count a plane more at either end.
        let share = if name == "inside" { 0.06 } else { 0.01 };
        assert!(
            most > 0.3 && difference < share * most,
            "{name}: {difference} of {most}"
        );
    }
}
