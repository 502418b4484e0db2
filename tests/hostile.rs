//! Proves what becomes of broken, odd and malicious files: a sentence that a radiographer can act
//! on or the exact values, and never the end of the program.

#![expect(
    clippy::unwrap_used,
    clippy::too_many_lines,
    reason = "a test may panic, and a table of cases is as long as it is"
)]

#[path = "hostile/case.rs"]
mod case;
#[path = "common/dicom_file.rs"]
mod dicom_file;
#[path = "hostile/geometry.rs"]
mod geometry;
#[path = "hostile/header.rs"]
mod header;
#[path = "hostile/jpeg.rs"]
mod jpeg;
#[path = "hostile/pixels.rs"]
mod pixels;
#[cfg(unix)]
#[path = "hostile/places.rs"]
mod places;
#[cfg(target_os = "linux")]
#[path = "hostile/process.rs"]
mod process;
#[path = "hostile/streams.rs"]
mod streams;

use case::Case;

/// Every file that is made by hand.
fn cases() -> Vec<Case> {
    [
        header::cases(),
        pixels::cases(),
        streams::cases(),
        jpeg::cases(),
        geometry::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[test]
fn each_file_opens_with_its_values_or_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let mut faults = Vec::new();
    for case in cases() {
        let path = folder.path().join("case.dcm");
        std::fs::write(&path, &case.bytes).unwrap();
        let start = std::time::Instant::now();
        let (fault, message) = case.check(&path);
        println!(
            "{:5.2} s  {} -> {message}",
            start.elapsed().as_secs_f32(),
            case.name
        );
        faults.extend(fault);
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}
