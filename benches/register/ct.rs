//! The CT of the benchmark.

use std::ops::ControlFlow;
use std::path::PathBuf;

use stylet::dicom;
use stylet::geometry::{Lps, Point};
use stylet::study::{ModalityLut, Side, StackKind};
use stylet::volume::phantom::{PhantomGrid, TargetKind, generate};
use stylet::volume::synthetic::SyntheticVolume;
use stylet::volume::{Volume, load_volume};

/// Name, volume, target and the primary angle of a frontal view.
pub fn open() -> (String, Volume, Point<Lps>, f64) {
    let given = (
        std::env::var("STYLET_BENCH_CT"),
        std::env::var("STYLET_BENCH_TARGET"),
    );
    if let (Ok(folder), Ok(target)) = given {
        let numbers: Vec<f64> = target.split(',').filter_map(|n| n.parse().ok()).collect();
        let target: [f64; 3] = numbers.try_into().expect("STYLET_BENCH_TARGET as x,y,z");
        return (
            "CT".to_owned(),
            from_folder(PathBuf::from(folder)),
            Point::from(target),
            0.0,
        );
    }
    sample()
}

fn from_folder(folder: PathBuf) -> Volume {
    let report =
        dicom::scan(&[folder], &|_, _| ControlFlow::Continue(())).expect("a folder of DICOM files");
    let series = report
        .catalog
        .studies
        .iter()
        .flat_map(|study| &study.series);
    let (series, stack, _) = series
        .flat_map(|series| {
            series
                .stacks
                .iter()
                .enumerate()
                .map(move |(n, stack)| (series, n, stack))
        })
        .filter(|(_, _, stack)| stack.kind == StackKind::Volume)
        .max_by_key(|(_, _, stack)| stack.frames.len())
        .expect("a volume");
    load_volume(series, stack).expect("a CT").0
}

fn sample() -> (String, Volume, Point<Lps>, f64) {
    let phantom = generate(0, &PhantomGrid::full(), &|_| ControlFlow::Continue(()))
        .expect("the sample study");
    let grid = &phantom.grid;
    let [dx, dy, dz] = grid.spacing_mm;
    let origin = phantom.origin_lps_mm;
    let mut volume = SyntheticVolume::new([grid.columns, grid.rows, grid.slices], grid.spacing_mm)
        .at(Point::from_vec(origin))
        .along(
            stylet::geometry::Vector::from_vec(phantom.column_direction),
            stylet::geometry::Vector::from_vec(phantom.row_direction),
            stylet::geometry::Vector::from_vec(phantom.slice_direction),
        )
        .build(|at| {
            let from = at.0 - origin;
            let index = |along: f64, step: f64| (along / step).round() as usize;
            let column = index(from.dot(phantom.column_direction), dx);
            let row = index(from.dot(phantom.row_direction), dy);
            let slice = index(from.dot(phantom.slice_direction), dz);
            f64::from(phantom.hu[(slice * grid.rows + row) * grid.columns + column])
        });
    volume.modality_lut = ModalityLut {
        unit: "HU".to_owned(),
        ..volume.modality_lut
    };
    let target = phantom
        .truth
        .target(TargetKind::Subpedicular, "L4", Some(Side::Left))
        .expect("a target");
    let target = Point::from_vec(target.point_lps_mm);
    ("sample study".to_owned(), volume, target, 180.0)
}
