//! Proves that nothing a file says makes the program take more memory than is allowed: the real
//! program, as a process, with a small budget.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails like the test")]

#[path = "common/dicom_file.rs"]
mod dicom_file;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use dicom_dictionary_std::{tags, uids};
use dicom_file::DicomFile;

fn stylet(home: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stylet"))
        .args(arguments)
        .env("STYLET_HOME", home)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_volume_over_the_budget_is_refused_with_both_sizes_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let side = 400_u16;
    for slice in 0..20 {
        DicomFile::slice(1, slice, f64::from(slice), 0)
            .number(tags::ROWS, side)
            .number(tags::COLUMNS, side)
            .pixels(&vec![7; usize::from(side) * usize::from(side)])
            .write(dir.path(), &format!("{slice}.dcm"));
    }
    let folder = dir.path().to_str().unwrap();
    let out = dir.path().join("out.npy");
    let line = |memory| {
        [
            "slice",
            folder,
            "--plane",
            "axial",
            "--at",
            "0,0,5",
            "--mm-per-pixel",
            "1",
            "--size",
            "8x8",
            "--npy",
            out.to_str().unwrap(),
            "--cpu",
            "--memory",
            memory,
        ]
    };
    let refused = stylet(dir.path(), &line("0.004"));
    let said = text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(
        said.contains("the volume needs 6 MB of memory") && said.contains("--memory"),
        "{said}"
    );
    let done = stylet(dir.path(), &line("0.5"));
    assert!(done.status.success(), "{}", text(&done.stderr));
}

#[test]
fn a_small_file_that_inflates_without_end_is_listed_and_the_rest_loads() {
    let dir = tempfile::tempdir().unwrap();
    DicomFile::slice(1, 1, 0.0, 5).write(dir.path(), "good.dcm");
    let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![0_u8; 1 << 20];
    for _ in 0..256 {
        packed.write_all(&zeros).unwrap();
    }
    let meta = DicomFile::slice(2, 1, 0.0, 5)
        .transfer_syntax(uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN)
        .bytes();
    // The file meta group, as far as the data set, which begins with SOP Class UID.
    let start = meta
        .windows(4)
        .position(|tag| tag == [8, 0, 0x16, 0])
        .unwrap();
    let bomb = [&meta[..start], &packed.finish().unwrap()].concat();
    std::fs::write(dir.path().join("bomb.dcm"), bomb).unwrap();
    let folder = dir.path().to_str().unwrap();
    let output = stylet(dir.path(), &["scan", folder, "--memory", "0.1", "--json"]);
    let said = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(said.contains("its inflated data set needs"), "{said}");
    assert!(
        said.contains("1.2.3.1"),
        "the good series is listed: {said}"
    );
}
