//! How long the processor and the graphics driver take for one ray-cast picture of 1280 × 900
//! pixels: of the series in the folder that `STYLET_BENCH_SERIES` names, else of a synthetic CT of
//! 512 × 512 × 400 voxels; whole, and as coarse as while it moves.

#![expect(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark may panic and has no readers of its items"
)]

use std::hint::black_box;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use stylet::dicom::scan;
use stylet::geometry::Vector;
use stylet::render::cpu::mesh_layers::MeshLayers;
use stylet::render::offscreen::upload;
use stylet::render::ray_cast_pass::offscreen_rays;
use stylet::render::{Eye, MeshScene, RayVolume, RenderContext, SeenVolume};
use stylet::render::{TransferFunction, TransferPoint, TransferPreset};
use stylet::volume::block_ranges::BlockRanges;
use stylet::volume::synthetic::SyntheticVolume;
use stylet::volume::{Volume, load_volume};

fn ct() -> Volume {
    if let Some(folder) = std::env::var_os("STYLET_BENCH_SERIES") {
        let go_on = |_: usize, _: usize| ControlFlow::Continue(());
        let report = scan(&[PathBuf::from(folder)], &go_on).expect("a folder");
        let (series, stack) = report.catalog.largest_volume().expect("a volume");
        return load_volume(series, stack).expect("its voxels").0;
    }
    SyntheticVolume::new([512, 512, 400], [0.7, 0.7, 0.8])
        .rescaled(1.0, -1024.0)
        .build(|p| {
            let [x, y, z] = p.to_array();
            1024.0 + 900.0 * (x * 0.11).sin() * (y * 0.13).sin() * (z * 0.09).cos()
        })
}

/// The colours and opacities that the peers' benchmark gives to VTK.
fn peers() -> TransferFunction {
    let point = TransferPoint::new;
    let points = vec![
        point(120.0, [222, 124, 74], 0.0),
        point(150.0, [230, 128, 77], 0.045),
        point(220.0, [241, 175, 134], 0.15),
        point(300.0, [255, 230, 204], 0.279),
        point(500.0, [255, 234, 213], 0.6),
        point(1500.0, [255, 255, 255], 0.9),
    ];
    TransferFunction::new(points, 60.0).expect("ascending points")
}

fn pictures(c: &mut Criterion) {
    let volume = Arc::new(ct());
    let mut group = c.benchmark_group("volume rendering, 1280x900");
    group
        .measurement_time(Duration::from_secs(6))
        .sample_size(10);
    group.bench_function("block ranges", |b| {
        b.iter(|| black_box(BlockRanges::find(&volume, &|| false)));
    });
    let ranges = Arc::new(BlockRanges::find(&volume, &|| false).expect("not stopped"));
    let forward = Vector::new(0.3, 0.9, -0.1)
        .direction()
        .expect("a direction");
    let right = forward.cross(Vector::new(0., 0., 1.));
    let right = right.direction().expect("a direction");
    let eye = Eye {
        target: volume.center_lps(),
        right,
        down: forward.cross(right),
        mm_per_pixel: 0.45,
        size: [1280.0, 900.0],
        viewer_mm: Some(1200.0),
    };
    let scene = MeshScene::default();
    let presets = TransferPreset::CT.map(|preset| {
        let function = preset.function(&|share| ranges.percentile(share));
        (preset.title(), function.expect("a function"))
    });
    let context = RenderContext::offscreen().ok();
    let texture = context.as_ref().and_then(|gpu| upload(gpu, &volume).ok());
    for (name, function) in presets.into_iter().chain([("as the peers", peers())]) {
        let source = RayVolume::new(Arc::clone(&volume), Arc::clone(&ranges), function);
        let source = Arc::new(source.expect("a solid volume"));
        let seen = SeenVolume {
            source: Arc::clone(&source),
            cut: None,
        };
        for (words, fineness, step) in [("full", 1.0, 1.0), ("moving, a quarter", 0.25, 2.0)] {
            let eye = eye.finer(fineness);
            group.bench_function(format!("{name}, processor, {words}"), |b| {
                b.iter(|| {
                    let mut layers = MeshLayers::default();
                    black_box(layers.render_volume((&seen, step), &scene, &eye, &|| false))
                });
            });
            if let (Some(gpu), Some(texture)) = (&context, &texture) {
                let request = seen.request(&scene, &eye, step);
                group.bench_function(format!("{name}, {}, {words}", gpu.adapter_name()), |b| {
                    b.iter(|| black_box(offscreen_rays(gpu, (&source, texture), &scene, &request)));
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, pictures);
criterion_main!(benches);
