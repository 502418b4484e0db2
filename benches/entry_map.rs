//! Time to find the skin of the sample study (512 × 512 × 344) and to score it for a target with ten
//! structures with distance fields as the program computes them.

#![expect(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark may panic and has no readers of its items"
)]

use std::hint::black_box;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use stylet::assess::entry_map::{
    AngleRange, EntryRules, EntryScene, EntryWeights, Margin, Obstacle,
};
use stylet::assess::{EntryMap, OutsideAir, SkinSurface};
use stylet::geometry::{Degrees, Lps, PatientPosition, Point, Transform, Vector};
use stylet::study::{ModalityLut, Side};
use stylet::volume::Volume;
use stylet::volume::phantom::{Phantom, PhantomGrid, TargetKind, generate};
use stylet::volume::structure::{DistanceField, Mask, MaskGrid};
use stylet::volume::synthetic::SyntheticVolume;

/// Edge of the grid of a structure, voxels of 1 mm.
const EDGE: usize = 16;

/// A ball of 6 mm with its distances as the program computes them.
fn ball(centre: Point<Lps>) -> DistanceField {
    let corner = centre.0 - EDGE as f64 / 2.0;
    let axes = [glam::DVec3::X, glam::DVec3::Y, glam::DVec3::Z];
    let lps_from_voxel = Transform::from_columns(axes[0], axes[1], axes[2], corner);
    let grid = MaskGrid::new([EDGE; 3], lps_from_voxel).expect("a grid");
    let mask = Mask::from_fn(Arc::new(grid), [0; 3], [EDGE; 3], |voxel| {
        let at = corner + glam::DVec3::from_array(voxel.map(|n| n as f64));
        at.distance(centre.0) <= 6.0
    });
    DistanceField::new(Arc::new(mask), 25.0, &|| false).expect("distances")
}

fn volume(phantom: &Phantom) -> Volume {
    let grid = &phantom.grid;
    let [dx, dy, dz] = grid.spacing_mm;
    let origin = phantom.origin_lps_mm;
    let mut volume = SyntheticVolume::new([grid.columns, grid.rows, grid.slices], grid.spacing_mm)
        .at(Point::from_vec(origin))
        .along(
            Vector::from_vec(phantom.column_direction),
            Vector::from_vec(phantom.row_direction),
            Vector::from_vec(phantom.slice_direction),
        )
        .build(|at| {
            let from = at.0 - origin;
            let index = |along: f64, step: f64| (along / step).round() as usize;
            let column = index(from.dot(phantom.column_direction), dx);
            let row = index(from.dot(phantom.row_direction), dy);
            let slice = index(from.dot(phantom.slice_direction), dz);
            f64::from(phantom.hu[(slice * grid.rows + row) * grid.columns + column])
        });
    "HU".clone_into(&mut volume.modality_lut.unit);
    volume.modality_lut = ModalityLut {
        unit: "HU".to_owned(),
        ..volume.modality_lut
    };
    volume
}

fn entry_map(criterion: &mut Criterion) {
    let phantom = generate(0, &PhantomGrid::full(), &|_| ControlFlow::Continue(()))
        .expect("the sample study");
    let volume = volume(&phantom);
    let target = phantom
        .truth
        .target(TargetKind::Subpedicular, "L4", Some(Side::Right))
        .expect("a target");
    let target = Point::from_vec(target.point_lps_mm);
    let fields: Vec<DistanceField> = (0..10)
        .map(|index| {
            let turn = f64::from(index) * 0.628;
            ball(target + Vector::new(30.0 * turn.cos(), 30.0 * turn.sin() - 5.0, turn))
        })
        .collect();
    let obstacles: Vec<Obstacle<'_>> = fields
        .iter()
        .map(|field| Obstacle {
            name: "structure",
            field,
            margin: Margin {
                stop_mm: 2.0,
                warn_mm: 10.0,
                free_last_mm: 0.0,
            },
        })
        .collect();
    let usual = EntryRules {
        longest_mm: 150.0,
        oblique: Some(AngleRange::toward(
            Side::Right,
            Degrees(20.0),
            Degrees(30.0),
        )),
        tilt: Some(AngleRange::new(Degrees(-10.0), Degrees(10.0))),
        angle_slack_deg: 20.0,
        may_cross_bone_last_mm: 5.0,
        needle_radius_mm: 0.36,
        weights: EntryWeights::default(),
    };
    let any_angle = EntryRules {
        oblique: None,
        tilt: None,
        ..usual.clone()
    };
    let mut group = criterion.benchmark_group("entry_map");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(10));
    group.bench_function("outside_air", |b| {
        b.iter(|| black_box(OutsideAir::find(&volume, &|| false)).is_ok());
    });
    let air = OutsideAir::find(&volume, &|| false).expect("a CT");
    group.bench_function("skin_surface", |b| {
        b.iter(|| black_box(SkinSurface::find(&volume, &air, &|| false)).is_ok());
    });
    let skin = SkinSurface::find(&volume, &air, &|| false).expect("skin");
    println!("{} points of skin", skin.points.len());
    for (name, rules) in [("usual_angles", &usual), ("any_angle", &any_angle)] {
        let scene = EntryScene {
            volume: &volume,
            air: &air,
            position: Some(PatientPosition::HeadFirstProne),
            target,
            obstacles: &obstacles,
            rules,
        };
        let map = EntryMap::of(&scene, &skin, &|| false).expect("a map");
        println!("{name}: {:?}, {} best", map.excluded, map.best.len());
        group.bench_function(name, |b| {
            b.iter(|| black_box(EntryMap::of(&scene, &skin, &|| false)).is_ok());
        });
    }
    group.finish();
}

criterion_group!(benches, entry_map);
criterion_main!(benches);
