//! Time to scan and to load a synthetic series of 400 slices of 512 × 512, 16 bit, or the series in
//! the folder that `STYLET_BENCH_SERIES` names.

#![expect(
    clippy::expect_used,
    missing_docs,
    reason = "a benchmark may panic and has no readers of its items"
)]

#[path = "../tests/common/dicom_file.rs"]
mod dicom_file;

use std::hint::black_box;
use std::io::Read as _;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use criterion::{Criterion, criterion_group, criterion_main};
use dicom_dictionary_std::tags;
use dicom_file::DicomFile;
use stylet::dicom::scan;
use stylet::volume::load_volume;

const SLICES: i32 = 400;

fn write_series(folder: &Path) -> Vec<PathBuf> {
    (0..SLICES)
        .map(|i| {
            let values: Vec<i16> = (0..512 * 512).map(|v| ((v + i) % 3000) as i16).collect();
            DicomFile::slice(1, i, f64::from(i) * 0.7, 0)
                .number(tags::ROWS, 512)
                .number(tags::COLUMNS, 512)
                .pixels(&values)
                .write(folder, &format!("{i:04}.dcm"))
        })
        .collect()
}

fn load(criterion: &mut Criterion) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let (files, folder) = match std::env::var_os("STYLET_BENCH_SERIES") {
        Some(series) => {
            let entries = std::fs::read_dir(&series).expect("a folder");
            let files = entries.map(|entry| entry.expect("an entry").path());
            (files.collect(), [PathBuf::from(series)])
        }
        None => (write_series(dir.path()), [dir.path().to_owned()]),
    };
    let go_on = |_: usize, _: usize| ControlFlow::Continue(());
    let mut group = criterion.benchmark_group("400 slices");
    group.sample_size(10);
    group.bench_function("scan headers", |bencher| {
        bencher.iter(|| scan(&folder, &go_on).expect("a series"));
    });
    let report = scan(&folder, &go_on).expect("a series");
    let (series, stack) = report.catalog.largest_volume().expect("a volume");
    group.bench_function("load volume", |bencher| {
        bencher.iter(|| load_volume(series, stack).expect("a volume"));
    });
    // What the machine needs at least: the files read one after another into one buffer.
    group.bench_function("read files", |bencher| {
        let mut buffer = vec![0; 128 * 1024];
        bencher.iter(|| {
            for file in &files {
                let mut file = std::fs::File::open(file).expect("a file");
                while file.read(&mut buffer).expect("bytes") > 0 {
                    black_box(&buffer);
                }
            }
        });
    });
    group.finish();
}

criterion_group!(benches, load);
criterion_main!(benches);
