//! How long one simulated radiograph takes: 512 × 512 pixels through the series in the folder that
//! `STYLET_BENCH_SERIES` names, else through a synthetic CT of 512 × 512 × 400 voxels; and a coarse
//! one as while the C-arm moves.

#![expect(
    missing_docs,
    reason = "the macro of criterion makes an undocumented function"
)]

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use stylet::dicom::scan;
use stylet::geometry::{CArmAngles, CArmPose, ConeBeam, Degrees, Lps, Point, Receptor};
use stylet::render::{DrrPass, DrrTexture, RenderContext};
use stylet::volume::attenuation::{Attenuation, AttenuationModel};
use stylet::volume::drr::line_integrals;
use stylet::volume::synthetic::SyntheticVolume;
use stylet::volume::{Volume, load_volume};

fn series(folder: std::ffi::OsString) -> Option<Volume> {
    let go_on = |_: usize, _: usize| ControlFlow::Continue(());
    let report = scan(&[PathBuf::from(folder)], &go_on).ok()?;
    let (series, stack) = report.catalog.largest_volume()?;
    Some(load_volume(series, stack).ok()?.0)
}

/// A body of 320 × 230 mm with lungs, a spine and a table, as wide as a scanner's field.
fn ct() -> Volume {
    let mut volume = SyntheticVolume::new([512, 512, 400], [0.7, 0.7, 1.0])
        .at(Point::new(-178.85, -178.85, -199.5))
        .build(|p| {
            let [x, y, z] = p.to_array();
            let skin = (x / 160.0).hypot(y / 115.0);
            let lung = ((x.abs() - 75.0) / 55.0).hypot(y / 80.0).hypot(z / 150.0);
            let bone = (x / 22.0).hypot((y - 60.0) / 24.0);
            let table = y > 135.0 && y < 150.0;
            let grain = 20.0 * (x * 2.9).sin() * (y * 3.1).sin() * (z * 2.3).cos();
            match () {
                () if bone < 1.0 => 400.0 + 10.0 * grain,
                () if lung < 1.0 => -850.0 + grain,
                () if skin < 1.0 => 40.0 + grain,
                () if table => -200.0,
                () => -1000.0,
            }
        });
    "HU".clone_into(&mut volume.modality_lut.unit);
    volume
}

fn beam(isocenter: Point<Lps>, primary: f64, secondary: f64) -> Option<ConeBeam> {
    let pose = CArmPose {
        angles: CArmAngles {
            primary: Degrees(primary),
            secondary: Degrees(secondary),
        },
        isocenter,
        source_to_detector_mm: 1500.0,
        source_to_isocenter_mm: 1000.0,
    };
    pose.beam()
}

fn radiographs(c: &mut Criterion) {
    let Some(volume) = std::env::var_os("STYLET_BENCH_SERIES").map_or_else(|| Some(ct()), series)
    else {
        return;
    };
    let center = volume.center_lps();
    let Ok(whole) = Attenuation::of(&volume, AttenuationModel::default()) else {
        return;
    };
    let Ok(half) = whole.halved() else { return };
    let receptor = Receptor::centered([512, 512], 600.0 / 512.0);
    let mut group = c.benchmark_group("drr");
    group
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500));
    group.bench_function("attenuation", |b| {
        b.iter(|| Attenuation::of(black_box(&volume), AttenuationModel::default()));
    });
    let (Some(ap), Some(oblique)) = (beam(center, 0.0, 0.0), beam(center, 30.0, 15.0)) else {
        return;
    };
    let views = [("ap", ap), ("oblique", oblique)];
    for (name, beam) in &views {
        group.bench_function(format!("processor, {name}"), |b| {
            b.iter(|| line_integrals(&whole, black_box(beam), &receptor, &|| false));
        });
        group.bench_function(format!("processor, {name}, coarse"), |b| {
            let coarse = receptor.coarser(2.0);
            b.iter(|| line_integrals(&half, black_box(beam), &coarse, &|| false));
        });
    }
    let Ok(context) = RenderContext::offscreen() else {
        return;
    };
    let gpu = (&context.device, &context.queue);
    let Ok(texture) = DrrTexture::new(gpu.0, gpu.1, &whole) else {
        return;
    };
    let Ok(pass) = DrrPass::new(gpu.0) else {
        return;
    };
    for (name, beam) in &views {
        group.bench_function(format!("graphics, {name}"), |b| {
            b.iter(|| pass.line_integrals(gpu, &texture, black_box(beam), &receptor));
        });
    }
}

criterion_group!(benches, radiographs);
criterion_main!(benches);
