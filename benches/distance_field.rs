//! Time for the signed distances of a whole volume of 512 × 512 × 400 voxels to a spine-like
//! structure, for the field of one vertebra, and for a needle's clearance to it.

#![expect(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark may panic and has no readers of its items"
)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use glam::DVec3;
use stylet::assess::{Clearance, Shaft};
use stylet::geometry::{Segment, Transform};
use stylet::volume::structure::{DistanceField, Mask, MaskGrid, signed_distance_map};

const SIZE: [usize; 3] = [512, 512, 400];

fn grid() -> Arc<MaskGrid> {
    let to_lps =
        Transform::from_columns(DVec3::X * 0.7, DVec3::Y * 0.7, DVec3::Z * 0.8, DVec3::ZERO);
    Arc::new(MaskGrid::new(SIZE, to_lps).expect("a grid"))
}

/// Vertebrae of 24 mm radius and ridges on them, every 35 mm.
fn spine(grid: &Arc<MaskGrid>) -> Mask {
    Mask::from_fn(Arc::clone(grid), [0; 3], SIZE, |voxel| {
        let at = grid.center(voxel).0;
        let level = (at.z / 35.0).round() * 35.0;
        let away = at - DVec3::new(180.0, 180.0, level);
        let ridge = 3.0 * (away.y.atan2(away.x) * 7.0).sin() * (at.z * 0.4).cos();
        away.length() + ridge < 24.0
    })
}

fn distances(criterion: &mut Criterion) {
    let grid = grid();
    let spine = spine(&grid);
    let mut group = criterion.benchmark_group("distance");
    group.sample_size(10);
    group.bench_function("whole volume", |bencher| {
        bencher.iter(|| signed_distance_map(&spine, [0; 3], SIZE, &|| false).expect("a map"));
    });
    let vertebra = Mask::from_fn(Arc::clone(&grid), [210, 210, 120], [95, 95, 80], |voxel| {
        spine.contains(voxel)
    });
    let vertebra = Arc::new(vertebra);
    let field = || DistanceField::new(Arc::clone(&vertebra), 30.0, &|| false).expect("a field");
    group.bench_function("field of a vertebra", |bencher| bencher.iter(field));
    let field = field();
    let needle = Segment::new([230., 330., 150.].into(), [212., 190., 140.].into());
    let shaft = Shaft::new(needle, 0.36);
    group.bench_function("clearance", |bencher| {
        bencher.iter(|| Clearance::of(black_box(&shaft), &field, 0.0).expect("a clearance"));
    });
    group.finish();
}

criterion_group!(benches, distances);
criterion_main!(benches);
