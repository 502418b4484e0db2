//! Proves what `stylet slice` writes: from DICOM files to the numbers and greys of a plane, and
//! what it says where it cannot.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails like the test")]

#[path = "common/dicom_file.rs"]
mod dicom_file;

use std::path::Path;

use clap::Parser as _;
use dicom_file::DicomFile;
use stylet::cli::Cli;
use tempfile::TempDir;

/// 3 columns × 4 rows × 5 slices of 0.5 × 0.8 × 2 mm, first voxel at (-10, -20, 100); stored
/// values 1000 + column + 10 row + 100 slice, so HU are 1024 less.
fn ct() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for slice in 0..5_i16 {
        let values: Vec<i16> = (0..12)
            .map(|i| 1000 + i % 3 + 10 * (i / 3) + 100 * slice)
            .collect();
        DicomFile::slice(1, i32::from(slice), 100.0 + 2.0 * f64::from(slice), 0)
            .pixels(&values)
            .write(dir.path(), &format!("{slice}.dcm"));
    }
    dir
}

fn hu(column: f64, row: f64, slice: f64) -> f32 {
    (column + 10.0 * row + 100.0 * slice - 24.0) as f32
}

/// Runs `stylet slice FOLDER ARGUMENTS`; the message and exit code where it fails.
fn slice(folder: &Path, arguments: &str) -> Result<(), (u8, String)> {
    let mut line = vec!["stylet", "slice", folder.to_str().unwrap()];
    line.extend(arguments.split_whitespace());
    let cli = Cli::try_parse_from(line).map_err(|error| (2, error.to_string()))?;
    let ran = cli.command.unwrap().run();
    ran.map_err(|error| (error.exit_code(), error.to_string()))
}

fn npy(path: &Path) -> Vec<f32> {
    let bytes = std::fs::read(path).unwrap();
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    let numbers = bytes[header..].as_chunks::<4>().0.iter();
    numbers.map(|number| f32::from_le_bytes(*number)).collect()
}

#[test]
fn the_top_left_pixel_is_at_the_origin_and_outside_is_nan() {
    let ct = ct();
    let out = ct.path().join("out.npy");
    // Coronal through row 1, half a slice above slice 1 at the top, one slice down per pixel.
    let line = format!(
        "--origin -10,-19.2,103 --right 1,0,0 --down 0,0,-1 --mm-per-pixel 0.5 --size 4x2 \
         --npy {} --cpu",
        out.display()
    );
    slice(ct.path(), &line).unwrap();
    let values = npy(&out);
    assert_eq!(values.len(), 8);
    for (i, value) in values.iter().enumerate() {
        let (column, row) = ((i % 4) as f64, (i / 4) as f64);
        if column < 3.0 {
            let wanted = hu(column, 1.0, 1.5 - 0.25 * row);
            assert!((value - wanted).abs() < 1e-3, "{value} for {wanted} at {i}");
        } else {
            assert!(value.is_nan(), "{value} at {i}");
        }
    }
}

#[test]
fn a_standard_plane_is_centred_and_its_window_is_the_one_asked_for() {
    let ct = ct();
    let out = ct.path().join("out.png");
    // Axial through slice 2, centred on voxel (1, 1); 0.4 mm pixels fall on rows 0.5 apart.
    let line = format!(
        "--plane axial --at -9.5,-19.2,104 --mm-per-pixel 0.4 --size 1x3 --window 188,64 \
         --png {} --cpu",
        out.display()
    );
    slice(ct.path(), &line).unwrap();
    let picture = image::open(&out).unwrap().into_luma8();
    assert_eq!(picture.dimensions(), (1, 3));
    // LINEAR: (HU - 187.5) / 63 + 0.5 for 182, 187 and 192 HU.
    let wanted = [182.0, 187.0, 192.0].map(|hu| (((hu - 187.5) / 63.0 + 0.5) * 255.0_f64).round());
    for (grey, wanted) in picture.into_raw().into_iter().zip(wanted) {
        assert_eq!(f64::from(grey), wanted);
    }
}

#[test]
fn the_adapter_draws_what_the_oracle_computes() {
    let ct = ct();
    let (exact, drawn) = (ct.path().join("exact.npy"), ct.path().join("drawn.npy"));
    let line = |out: &Path| {
        format!(
            "--origin -10.2,-20.3,99.5 --right 0.6,0.8,0 --down 0,0,1 --mm-per-pixel 0.17 \
             --size 20x60 --slab 1.5 --mode mean --npy {}",
            out.display()
        )
    };
    slice(ct.path(), &format!("{} --cpu", line(&exact))).unwrap();
    // Where there is no adapter the processor draws, with a warning.
    slice(ct.path(), &line(&drawn)).unwrap();
    let (exact, drawn) = (npy(&exact), npy(&drawn));
    assert!(exact.iter().filter(|value| !value.is_nan()).count() > 300);
    for (exact, drawn) in exact.iter().zip(&drawn) {
        assert_eq!(exact.is_nan(), drawn.is_nan());
        assert!(
            exact.is_nan() || (exact - drawn).abs() < 0.01,
            "{drawn} for {exact}"
        );
    }
}

#[test]
fn what_cannot_be_done_is_told_with_the_right_exit_code() {
    let ct = ct();
    let rest = "--mm-per-pixel 1 --size 2x2 --cpu --npy";
    let out = ct.path().join("out.npy");
    let out = out.display();
    let at = "--plane axial --at 0,0,0";
    let (code, message) = slice(ct.path(), &format!("{at} --series 9.9 {rest} {out}")).unwrap_err();
    assert!(code == 1 && message.contains("9.9"), "{message}");
    let skewed = "--origin 0,0,0 --right 1,0,0 --down 1,1,0";
    let (code, message) = slice(ct.path(), &format!("{skewed} {rest} {out}")).unwrap_err();
    assert!(code == 2 && message.contains("--down"), "{message}");
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(
        slice(empty.path(), &format!("{at} {rest} {out}"))
            .unwrap_err()
            .0,
        1
    );
    let nowhere = ct.path().join("missing/out.npy");
    let line = format!("{at} {rest} {}", nowhere.display());
    let (code, message) = slice(ct.path(), &line).unwrap_err();
    assert!(code == 1 && message.contains("missing"), "{message}");
}
