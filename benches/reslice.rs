//! How long the processor takes for one frame of the window: three viewports that together fill
//! 1280 × 900 pixels, of a CT of 512 × 512 × 400 voxels.

#![expect(
    missing_docs,
    reason = "the macro of criterion makes an undocumented function"
)]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use stylet::geometry::{Degrees, Plane, Vector};
use stylet::render::Display;
use stylet::render::cpu::render_greys;
use stylet::volume::synthetic::SyntheticVolume;
use stylet::volume::{Interpolation, SlabMode, SliceRequest, Volume};

fn ct() -> Volume {
    SyntheticVolume::new([512, 512, 400], [0.7, 0.7, 0.8])
        .rescaled(1.0, -1024.0)
        .build(|p| {
            let [x, y, z] = p.to_array();
            1024.0 + 900.0 * (x * 0.31).sin() * (y * 0.23).sin() * (z * 0.17).cos()
        })
}

fn viewports(volume: &Volume) -> [SliceRequest; 3] {
    let centre = volume.center_lps();
    // Off the voxel centres, as almost always.
    let centre = centre + Vector::new(0.13, 0.29, 0.31);
    [
        Plane::axial(centre),
        Plane::coronal(centre),
        Plane::sagittal(centre),
    ]
    .map(|plane| SliceRequest::thin_centered(plane, 0.4, 427, 900))
}

fn turned(requests: &[SliceRequest; 3]) -> [SliceRequest; 3] {
    let axis = Vector::new(0.6, -0.3, 0.74);
    requests.map(|request| {
        let centre = request.lps_from_pixel(213.0, 449.5);
        let plane = request.plane.through(centre);
        let plane = plane.rotated(axis, Degrees(23.0)).unwrap_or(plane);
        SliceRequest::thin_centered(plane, request.mm_per_pixel, request.width, request.height)
    })
}

fn slab(requests: &[SliceRequest; 3], slab_mode: SlabMode) -> [SliceRequest; 3] {
    requests.map(|request| SliceRequest {
        // 21 samples, 0.7 mm apart.
        slab_mm: 14.0,
        slab_mode,
        ..request
    })
}

fn frames(c: &mut Criterion) {
    let volume = ct();
    let orthogonal = viewports(&volume);
    let oblique = turned(&orthogonal);
    let nearest = orthogonal.map(|request| SliceRequest {
        interpolation: Interpolation::Nearest,
        ..request
    });
    let display = Display::default();
    let mut group = c.benchmark_group("three viewports, 1280x900");
    group
        .measurement_time(Duration::from_secs(4))
        .sample_size(20);
    for (name, requests) in [
        ("nearest, orthogonal", nearest),
        ("trilinear, orthogonal", orthogonal),
        ("trilinear, oblique", oblique),
        ("MIP of 21, orthogonal", slab(&orthogonal, SlabMode::Mip)),
        ("MIP of 21, oblique", slab(&oblique, SlabMode::Mip)),
        ("mean of 21, orthogonal", slab(&orthogonal, SlabMode::Mean)),
        ("mean of 21, oblique", slab(&oblique, SlabMode::Mean)),
    ] {
        group.bench_function(name, |b| {
            b.iter(|| {
                for request in &requests {
                    black_box(render_greys(&volume, request, &display, &|| false));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, frames);
criterion_main!(benches);
