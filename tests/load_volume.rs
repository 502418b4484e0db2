//! Proves what loading makes of slices: exact stored values, visible holes where files are
//! damaged, interpolation between uneven slices but never over gaps.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/dicom_file.rs"]
mod dicom_file;

use std::ops::ControlFlow;
use std::sync::Mutex;

use dicom_dictionary_std::tags;
use dicom_file::DicomFile;
use stylet::dicom::{decode_frame, modality_values, read_instance, scan};
use stylet::geometry::Point;
use stylet::study::{Samples, Series};
use stylet::volume::{
    Interpolation, VolumeError, Voxels, empty_volume, fill_volume, load_volume, value_at,
};
use tempfile::TempDir;

fn series_in(dir: &TempDir) -> Series {
    let report = scan(&[dir.path().to_owned()], &|_, _| ControlFlow::Continue(())).unwrap();
    (**report.catalog.largest_volume().unwrap().0).clone()
}

fn folder(files: &[DicomFile]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (index, file) in files.iter().enumerate() {
        file.write(dir.path(), &format!("{index:03}.dcm"));
    }
    dir
}

#[test]
fn stored_values_are_kept_and_hu_follow_the_rescale() {
    let dir = folder(&[0, 1, 2].map(|i| DicomFile::slice(1, i, f64::from(i), (i * 100) as i16)));
    let (volume, report) = load_volume(&series_in(&dir), 0).unwrap();
    assert_eq!(report.failed, []);
    assert!(matches!(volume.voxels, Voxels::I16(_)));
    assert_eq!(volume.size, [3, 4, 3]);
    assert_eq!(volume.unit(), "HU");
    assert_eq!(volume.voxels.stored(2, 11), Some(200.0));
    assert_eq!(volume.value_at_voxel(0, 0, 1), Some(-924.0));
    assert_eq!(volume.value_at_voxel(3, 0, 1), None);
}

#[test]
fn a_bad_slice_among_many_stays_empty_and_is_reported() {
    let dir = folder(&[0, 1, 2, 3, 4].map(|i| DicomFile::slice(1, i, f64::from(i), 5)));
    let bad = dir.path().join("002.dcm");
    let bytes = std::fs::read(&bad).unwrap();
    std::fs::write(&bad, &bytes[..bytes.len() - 10]).unwrap();
    let (volume, report) = load_volume(&series_in(&dir), 0).unwrap();
    assert_eq!(report.failed.len(), 1);
    let (slice, path, reason) = &report.failed[0];
    assert_eq!((*slice, path), (2, &bad));
    assert!(reason.contains("holds 14 of 24 bytes"), "{reason}");
    assert_eq!(volume.value_at_voxel(0, 0, 2), None);
    assert_eq!(volume.voxels.filled(), 4);
}

#[test]
fn slices_arrive_from_the_first_outwards_and_loading_can_stop() {
    let files: Vec<_> = (0..9)
        .map(|i| DicomFile::slice(1, i, f64::from(i), 0))
        .collect();
    let dir = folder(&files);
    let series = series_in(&dir);
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let seen = Mutex::new(Vec::new());
    let volume = empty_volume(&series, 0).unwrap();
    assert_eq!(volume.voxels.filled(), 0);
    let result = one.install(|| {
        fill_volume(&volume, &series, 0, 6, &|slice, done, total| {
            assert_eq!(total, 9);
            seen.lock().unwrap().push(slice);
            if done == 4 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        })
    });
    assert!(matches!(result, Err(VolumeError::Cancelled)));
    assert_eq!(*seen.lock().unwrap(), [6, 5, 7, 4]);
    // Filling again reads only the rest.
    let count = Mutex::new(0);
    fill_volume(&volume, &series, 0, 0, &|_, _, _| {
        *count.lock().unwrap() += 1;
        ControlFlow::Continue(())
    })
    .unwrap();
    assert_eq!((*count.lock().unwrap(), volume.voxels.filled()), (5, 9));
}

#[test]
fn slices_with_different_rescale_become_modality_values() {
    let files: Vec<_> = (0..3)
        .map(|i| {
            DicomFile::slice(1, i, f64::from(i), 10)
                .text(tags::MODALITY, *b"CS", "PT")
                .text(tags::RESCALE_TYPE, *b"LO", "BQML")
                .text(tags::RESCALE_INTERCEPT, *b"DS", "0")
                .text(tags::RESCALE_SLOPE, *b"DS", &format!("{}.5", i + 1))
        })
        .collect();
    let (volume, _) = load_volume(&series_in(&folder(&files)), 0).unwrap();
    assert!(matches!(volume.voxels, Voxels::F32(_)));
    assert_eq!(volume.unit(), "BQML");
    assert_eq!(volume.value_at_voxel(0, 0, 0), Some(15.0));
    assert_eq!(volume.value_at_voxel(0, 0, 2), Some(35.0));
}

#[test]
fn unsigned_slices_keep_their_full_range() {
    let files: Vec<_> = (0..3)
        .map(|i| DicomFile::slice(1, i, f64::from(i), -1).number(tags::PIXEL_REPRESENTATION, 0))
        .collect();
    let (volume, _) = load_volume(&series_in(&folder(&files)), 0).unwrap();
    assert!(matches!(volume.voxels, Voxels::U16(_)));
    assert_eq!(volume.voxels.stored(0, 0), Some(65535.0));
}

#[test]
fn uneven_slices_are_interpolated_but_gaps_stay_empty() {
    // Steps 2, 2, 1.5, 2, then a gap of 9.1, then 2, 2.
    let at = [0.0, 2.0, 4.0, 5.5, 7.5, 16.6, 18.6, 20.6];
    let files: Vec<_> = (0..8)
        .map(|i| DicomFile::slice(1, i, at[i as usize], (at[i as usize] * 100.0) as i16))
        .collect();
    let dir = folder(&files);
    let series = series_in(&dir);
    let (volume, report) = load_volume(&series, 0).unwrap();
    assert_eq!(report.failed, []);
    let spacing = volume.geometry.spacing_mm[2];
    let mut empty = 0;
    for slice in 0..volume.size[2] {
        let z = slice as f64 * spacing;
        if let Some(value) = volume.voxels.stored(slice, 0) {
            // The values rise linearly with z, so interpolation gives them back.
            assert!((value - z * 100.0).abs() <= 1.0, "{z}: {value}");
        } else {
            assert!((7.5..16.6).contains(&z), "{z}");
            empty += 1;
        }
    }
    assert_eq!(empty, 6);
}

#[test]
fn acquired_slices_of_an_uneven_stack_are_shown_as_they_are() {
    // 3 mm apart, then 7 mm: a grid of 1 mm has a slice at each of them.
    let at = [0.0, 3.0, 6.0, 9.0, 12.0, 19.0, 26.0, 33.0];
    let value = |i: i32| [5, 900, -300, 77, 1000, 3, -8, 512][i as usize];
    let files: Vec<_> = (0..8)
        .map(|i| DicomFile::slice(1, i, at[i as usize], value(i)))
        .collect();
    let (volume, _) = load_volume(&series_in(&folder(&files)), 0).unwrap();
    assert!((volume.geometry.spacing_mm[2] - 1.0).abs() < 1e-9);
    for i in 0..8 {
        let point = Point::new(-10.0, -20.0, at[i as usize]);
        let found = value_at(&volume, point, Interpolation::Linear);
        assert_eq!(found, Some(f64::from(value(i)) - 1024.0), "slice {i}");
    }
}

#[test]
fn a_tilted_ct_has_its_values_where_the_patient_has_them() {
    // A function of the patient position, sampled in slices tilted by 20° against the table.
    let hu = |p: [f64; 3]| 40.0 * p[0] - 30.0 * p[1] + 25.0 * p[2];
    let (sin, cos) = 20_f64.to_radians().sin_cos();
    let (columns, rows) = (12_u16, 10_u16);
    let position = |i: i32| [-10.0, -20.0, f64::from(i) * 2.5];
    let files: Vec<_> = (0..9)
        .map(|i| {
            let [x, y, z] = position(i);
            let pixel = |n: u16| {
                let (column, row) = (f64::from(n % columns) * 0.5, f64::from(n / columns) * 0.8);
                hu([x + column, y + row * cos, z + row * sin]).round() as i16
            };
            DicomFile::slice(1, 9 - i, z, 0)
                .orientation([1., 0., 0., 0., cos, sin])
                .number(tags::COLUMNS, columns)
                .number(tags::ROWS, rows)
                .text(tags::RESCALE_INTERCEPT, *b"DS", "0")
                .pixels(&(0..columns * rows).map(pixel).collect::<Vec<_>>())
        })
        .collect();
    let (volume, _) = load_volume(&series_in(&folder(&files)), 0).unwrap();
    let mut inside = 0;
    for n in 0..600 {
        let share = |step: usize| (n * step % 101) as f64 / 101.0;
        let point = [
            -10.0 + share(37) * 5.5,
            -20.0 + share(53) * 7.0,
            share(71) * 22.0,
        ];
        let point = Point::from(point);
        if let Some(found) = value_at(&volume, point, Interpolation::Linear) {
            let voxel = (volume.voxel_from_lps * point).to_array();
            // Beyond the outermost centres the border is continued.
            if voxel
                .iter()
                .zip(volume.size)
                .all(|(at, n)| (0.0..=n as f64 - 1.0).contains(at))
            {
                inside += 1;
                let wanted = hu(point.to_array());
                assert!((found - wanted).abs() <= 0.51, "{found} for {wanted}");
            }
        }
    }
    assert!(inside > 300, "{inside}");
}

#[test]
fn frames_decode_to_stored_values_and_name_what_is_wrong() {
    let dir = tempfile::tempdir().unwrap();
    let two = DicomFile::slice(1, 1, 0., 0)
        .text(tags::NUMBER_OF_FRAMES, *b"IS", "2")
        .number(tags::BITS_STORED, 12)
        .number(tags::HIGH_BIT, 11)
        .pixels(&(0..24).map(|v| v - 12).collect::<Vec<i16>>());
    let path = two.write(dir.path(), "two.dcm");
    let instance = read_instance(&path).unwrap();
    let second = decode_frame(&instance, 1).unwrap();
    assert_eq!(second.samples, Samples::I16((0..12).collect()));
    assert_eq!(modality_values(&instance, 1, &second)[1], -1023.0);
    let error = decode_frame(&instance, 2).unwrap_err().to_string();
    assert!(error.contains("two.dcm: there is no frame 3"), "{error}");
    let ls = DicomFile::slice(1, 1, 0., 0).transfer_syntax("1.2.840.10008.1.2.4.100");
    let mut bytes = ls.without(tags::PIXEL_DATA).bytes();
    bytes.extend([
        0xE0, 0x7F, 0x10, 0, b'O', b'B', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF,
    ]);
    bytes.extend([
        0xFE, 0xFF, 0, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0,
    ]);
    let path = dir.path().join("video.dcm");
    std::fs::write(&path, bytes).unwrap();
    let instance = read_instance(&path).unwrap();
    let error = decode_frame(&instance, 0).unwrap_err().to_string();
    assert!(
        error.contains("video.dcm: MPEG video compression"),
        "{error}"
    );
}
