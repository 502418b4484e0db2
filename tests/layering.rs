//! The modules depend on one another in one direction, foreign crates stay in their layer, files
//! stay short. And the checker itself is checked.

#![expect(clippy::unwrap_used, reason = "a test may fail loudly anywhere")]

use std::path::{Path, PathBuf};

/// Lowest first; a layer may name those before it.
const LAYERS: [&str; 14] = [
    "budget", "geometry", "study", "plan", "codec", "dicom", "volume", "register", "assess",
    "export", "render", "app", "cli", "ui",
];

/// Foreign crates and the only layers that may name them.
const CRATES: [(&str, &[&str]); 8] = [
    ("dicom_object", &["dicom"]),
    ("dicom_core", &["dicom"]),
    ("dicom_pixeldata", &["dicom"]),
    ("wgpu", &["render"]),
    ("egui", &["ui"]),
    ("eframe", &["ui"]),
    ("rfd", &["ui"]),
    ("clap", &["cli"]),
];

const LONGEST_FILE: usize = 450;

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|suffix| suffix == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Code without comments and without the tests at the end of a file.
fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]").next().unwrap_or_default();
    body.lines()
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n")
}

/// What is wrong with a file of a layer.
fn faults(layer: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let code = code(text);
    let rank = |name: &str| LAYERS.iter().position(|layer| *layer == name);
    let mine = rank(layer).unwrap();
    for other in LAYERS {
        let above = rank(other).unwrap() > mine || (layer == "ui" && other == "cli");
        if above && code.contains(&format!("crate::{other}")) {
            faults.push(format!("{layer} names crate::{other}"));
        }
    }
    if code.contains("use crate::{") {
        faults.push(format!("{layer} groups layers in one use"));
    }
    for (name, layers) in CRATES {
        let named = code
            .split(|c: char| !c.is_alphanumeric() && c != '_' && c != ':')
            .any(|word| word == name || word.starts_with(&format!("{name}::")));
        if named && !layers.contains(&layer) {
            faults.push(format!("{layer} names the crate {name}"));
        }
    }
    if text.lines().count() > LONGEST_FILE {
        faults.push(format!("{} lines", text.lines().count()));
    }
    faults
}

#[test]
fn every_file_keeps_to_its_layer() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    for layer in LAYERS {
        for file in rust_files(&src.join(layer)) {
            // The seam between toolkit and graphics library.
            let folder = file
                .parent()
                .is_some_and(|folder| folder.ends_with("ui/gpu"));
            let seam = file.ends_with("ui/gpu.rs") || folder;
            let text = std::fs::read_to_string(&file).unwrap();
            for fault in faults(layer, &text) {
                if !(seam && fault.contains("wgpu")) {
                    all.push(format!(
                        "{}: {fault}",
                        file.strip_prefix(&src).unwrap().display()
                    ));
                }
            }
        }
    }
    assert!(all.is_empty(), "{}", all.join("\n"));
}

#[test]
fn the_checker_sees_what_it_should() {
    let of = |layer, text: &str| faults(layer, text).len();
    assert_eq!(of("plan", "use crate::geometry::Point;"), 0);
    assert_eq!(of("plan", "use crate::volume::Volume;"), 1);
    assert_eq!(of("geometry", "fn f() { crate::app::g() }"), 1);
    assert_eq!(of("plan", "use crate::{geometry, study};"), 1);
    assert_eq!(of("volume", "let x = dicom_object::open_file(p);"), 1);
    assert_eq!(of("dicom", "let x = dicom_object::open_file(p);"), 0);
    assert_eq!(of("app", "use egui::Ui;"), 1);
    assert_eq!(of("ui", "use crate::cli::Cli;"), 1);
    assert_eq!(of("plan", "// crate::volume is right of this\n"), 0);
    assert_eq!(of("plan", "#[cfg(test)]\nuse crate::volume::Volume;"), 0);
    assert_eq!(of("plan", &"\n".repeat(LONGEST_FILE + 1)), 1);
}
