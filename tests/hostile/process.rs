//! The real program on all hostile files, with limits of the system on its time and memory.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::cases;
use crate::dicom_file::DicomFile;

/// Address space, which bounds memory from above; the threads' stacks and the system's arenas are
/// in it, of which there are few here.
const MOST_KILOBYTES: u32 = 2 << 20;
/// Memory that the program may book, GiB.
const BUDGET: &str = "0.5";

/// Runs the program with at most so many seconds of processor time, so that a busy machine does
/// not matter. The system kills what takes more.
fn stylet(seconds: usize, arguments: &[&str]) -> Output {
    let limits = format!("ulimit -v {MOST_KILOBYTES}; ulimit -t {seconds}; exec \"$0\" \"$@\"");
    Command::new("sh")
        .args(["-c", &limits, env!("CARGO_BIN_EXE_stylet")])
        .args(arguments)
        .args(["--memory", BUDGET])
        .env("RAYON_NUM_THREADS", "2")
        .env("MALLOC_ARENA_MAX", "2")
        .output()
        .unwrap()
}

/// Asserts that a run ended by itself with 0 or 1.
fn ended_well(what: &str, output: &Output) {
    let says = String::from_utf8_lossy(&output.stderr);
    assert!(
        matches!(output.status.code(), Some(0 | 1)) && !says.contains("panicked"),
        "{what}: {} {says}",
        output.status
    );
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn no_file_takes_the_program_down_or_hides_a_good_series() {
    let folder = tempfile::tempdir().unwrap();
    let out = tempfile::tempdir().unwrap();
    let mut files = Vec::new();
    for (index, case) in cases().into_iter().enumerate() {
        let path = folder.path().join(format!("{index:03}.dcm"));
        std::fs::write(&path, &case.bytes).unwrap();
        files.push((case.name, path));
    }
    for slice in 0..3 {
        let file = DicomFile::slice(77, slice, f64::from(slice), 5);
        file.write(folder.path(), &format!("good{slice}"));
    }
    let scanned = stylet(2 * files.len(), &["scan", text(folder.path()), "--json"]);
    ended_well("scan", &scanned);
    let found: Value = serde_json::from_slice(&scanned.stdout).unwrap();
    let good = found["studies"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|study| study["series"].as_array().unwrap())
        .find(|series| series["series_instance_uid"] == "1.2.3.77")
        .unwrap();
    assert_eq!(good["instances"], 3);
    assert_eq!(good["stacks"][0]["kind"], "volume");
    for (name, path) in files {
        let npy = out.path().join("frame.npy");
        let decoded = stylet(2, &["decode", text(&path), "--npy", text(&npy)]);
        ended_well(name, &decoded);
    }
}
