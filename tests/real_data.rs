//! Proves that stored values of real files equal an independent decode (pydicom with pylibjpeg,
//! recorded in the collection's index). Skipped, visibly, where the collection is absent.
//!
//! The index gives the first 12 hex digits of the SHA-256 of all decoded samples in the byte order
//! of the file. Left out are files whose samples are not comparable byte for byte: lossy JPEG
//! (decoders round differently), palettes (the index has the indices, we give colours).

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use stylet::dicom::{decode_frame, decode_overlays, read_instance};
use stylet::study::Samples;

fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("STYLET_TEST_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/real"),
        PathBuf::from,
    );
    if folder.join("../INDEX.tsv").is_file() {
        return Some(folder);
    }
    println!(
        "SKIPPED: no real DICOM data at {}; set STYLET_TEST_DATA",
        folder.display()
    );
    None
}

fn bytes(samples: &Samples) -> Vec<u8> {
    match samples {
        Samples::U8(v) => v.clone(),
        Samples::I8(v) => bytemuck::cast_slice(v).to_vec(),
        Samples::U16(v) => bytemuck::cast_slice(v).to_vec(),
        Samples::I16(v) => bytemuck::cast_slice(v).to_vec(),
        Samples::U32(v) => bytemuck::cast_slice(v).to_vec(),
        Samples::I32(v) => bytemuck::cast_slice(v).to_vec(),
        Samples::F32(v) => bytemuck::cast_slice(v).to_vec(),
        Samples::F64(v) => bytemuck::cast_slice(v).to_vec(),
        Samples::Rgb8(v) => v.as_flattened().to_vec(),
    }
}

/// Lowest and highest of the values that lossy JPEG 2000 has in the index.
fn range(samples: &Samples) -> (i32, i32) {
    let values: Vec<i32> = match samples {
        Samples::U8(v) => v.iter().map(|&s| s.into()).collect(),
        Samples::U16(v) => v.iter().map(|&s| s.into()).collect(),
        Samples::I16(v) => v.iter().map(|&s| s.into()).collect(),
        Samples::Rgb8(v) => v.as_flattened().iter().map(|&s| s.into()).collect(),
        _ => Vec::new(),
    };
    let low = values.iter().min().copied().unwrap_or(i32::MIN);
    (low, values.iter().max().copied().unwrap_or(i32::MAX))
}

/// Whether the one frame of a file has the range that the index states ("ok -3..12"), to one level:
/// the 9/7 wavelet is computed in floats, whose last bits depend on the order of operations.
fn range_is(path: &Path, stated: &str) -> bool {
    let Ok(instance) = read_instance(path) else {
        return false;
    };
    let stated = stated.trim_start_matches("ok ").split_once("..");
    let stated = stated.and_then(|(low, high)| Some((low.parse().ok()?, high.parse().ok()?)));
    let near = |a: i32, b: i32| a.abs_diff(b) <= 1;
    let frame = decode_frame(&instance, 0).map(|frame| range(&frame.samples));
    match (frame, stated) {
        (Ok((low, high)), Some((l, h))) => near(low, l) && near(high, h),
        _ => false,
    }
}

/// Hash of all frames as the index has it, or why there is none.
fn pixel_hash(path: &Path, big_endian: bool) -> Result<String, String> {
    let instance = read_instance(path).map_err(|error| error.to_string())?;
    let mut hash = Sha256::new();
    for frame in 0..instance.frames.len() {
        let decoded = decode_frame(&instance, frame).map_err(|error| error.to_string())?;
        let mut bytes = bytes(&decoded.samples);
        if big_endian && matches!(decoded.samples, Samples::I16(_) | Samples::U16(_)) {
            bytes.chunks_exact_mut(2).for_each(<[u8]>::reverse);
        }
        hash.update(&bytes);
    }
    let digest = hash.finalize();
    let first = digest.iter().take(6);
    Ok(first.fold(String::new(), |text, byte| format!("{text}{byte:02x}")))
}

/// Lossy JPEG of 12 bits in all its processes, and what DCMTK 3.6.7 decodes it to
/// (`dcmdjpeg +cn`): few decoders read it, and ours has the same integer arithmetic.
const LOSSY_12_BIT: [(&str, &str); 9] = [
    (
        "cornerstone3D/CT0012.fragmented_no_bot_jpeg_baseline.51.dcm",
        "a62ceec7a17a",
    ),
    (
        "cornerstone3D/CTImage.dcm_JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51.dcm",
        "85e3b617e00d",
    ),
    (
        "cornerstone3D/CTImage.dcm_JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm",
        "85e3b617e00d",
    ),
    (
        "cornerstone3D/CTImage.dcm_JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55.dcm",
        "85e3b617e00d",
    ),
    (
        "dcm4che/dcm4che-test-data/src/main/resources/NM1_JPLY",
        "d30242775a41",
    ),
    (
        "orthanc-tests/TransferSyntaxes/1.2.840.10008.1.2.4.51.dcm",
        "5da33a3a0886",
    ),
    (
        "robyoung_dicom-test-files_WG04/JPLY/MR2_JPLY",
        "4454a6f4a51e",
    ),
    (
        "robyoung_dicom-test-files_WG04/JPLY/MR4_JPLY",
        "05ea6ae7a49c",
    ),
    (
        "robyoung_dicom-test-files_WG04/JPLY/XA1_JPLY",
        "d5f60be5c70a",
    ),
];

#[test]
fn lossy_jpeg_of_12_bits_equals_dcmtk() {
    let Some(folder) = data() else { return };
    for (path, expected) in LOSSY_12_BIT {
        let hash = pixel_hash(&folder.join(path), false);
        assert_eq!(hash.as_deref(), Ok(expected), "{path}");
    }
}

#[test]
fn stored_values_equal_an_independent_decode() {
    let Some(folder) = data() else { return };
    let index = fs::read_to_string(folder.join("../INDEX.tsv")).unwrap();
    let mut lines = index.lines();
    let names: Vec<&str> = lines.next().unwrap().split('\t').collect();
    let column = |name: &str| names.iter().position(|n| *n == name).unwrap();
    let [path, syntax, photometric, decode, pixhash] =
        ["path", "ts", "pi", "decode", "pixhash"].map(column);
    let (mut same, mut near, mut refused, mut wrong) = (0, 0, 0, Vec::new());
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let comparable = cells[decode].starts_with("ok")
            && cells[photometric] != "PALETTE COLOR"
            && !cells[syntax].contains("Baseline")
            && !cells[syntax].contains("Extended");
        if !comparable {
            continue;
        }
        let big_endian = cells[syntax].contains("Big Endian");
        match pixel_hash(&folder.join(cells[path]), big_endian) {
            Ok(hash) if hash == cells[pixhash] => same += 1,
            Ok(_)
                if cells[syntax].ends_with("JPEG 2000 Image Compression")
                    && range_is(&folder.join(cells[path]), cells[decode]) =>
            {
                near += 1;
            }
            Ok(_) => wrong.push(format!("{}: other values", cells[path])),
            Err(error) if error.contains("is not read") => refused += 1,
            Err(error) => wrong.push(error),
        }
    }
    println!("{same} files equal, {near} lossy ones near, {refused} refused by name");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(same > 300, "{same}");
    assert!(near < 15, "{near}");
}

/// Overlay planes in unused bits (counted by hand from the words of the file) and in elements of
/// their own (pydicom's `overlay_array`).
#[test]
fn overlays_have_as_many_pixels_as_an_independent_reader_finds() {
    let Some(folder) = data() else { return };
    let path = folder.join("weasis-dicom-tools/org/dcm4che3/img/overlay.dcm");
    let instance = read_instance(&path).unwrap();
    let overlays = decode_overlays(&instance, 0).unwrap();
    let drawn: Vec<_> = overlays
        .iter()
        .map(|overlay| (overlay.group, overlay.drawn_pixels()))
        .collect();
    assert_eq!(
        drawn,
        [(0x6000, 532), (0x6002, 537), (0x6004, 603), (0x6006, 606)]
    );
}
