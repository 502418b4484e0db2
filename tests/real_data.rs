//! Proves that stored values of real files equal an independent decode, and that each image that
//! is not read is one that cannot be. Skipped, visibly, where the collections are absent.
//!
//! A collection is a folder with an index, `INDEX.tsv`, in it or beside it: for each file the
//! first 12 hex digits of the SHA-256 of all decoded samples, in the byte order of the file, made
//! with pydicom and pylibjpeg. Where our samples are another thing (colours of a palette, colours
//! of more than 8 bits) or decoders round differently (lossy compression), a folder of references
//! holds the samples themselves as `SHA.raw`, SHA as in the index; without it such files are
//! counted as not compared.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "real_data/collection.rs"]
mod collection;
#[path = "real_data/comparison.rs"]
mod comparison;
#[path = "real_data/known.rs"]
mod known;
#[path = "real_data/refusals.rs"]
mod refusals;

use std::path::Path;

use collection::Collection;
use comparison::{Outcome, Table, decoded};

/// The two collections: the one of the project and that of public packages.
#[test]
fn stored_values_equal_an_independent_decode() {
    for (variable, fallback, fewest) in [
        ("STYLET_TEST_DATA", "../shared/data/real", 300),
        ("STYLET_REGISTRY_DATA", "target/real-data", 200),
    ] {
        let Some(collection) = Collection::find(variable, fallback) else {
            continue;
        };
        let table = Table::of(&collection);
        table.print(&collection);
        assert!(table.wrong().is_empty(), "{}", table.wrong().join("\n"));
        assert!(
            table.surprises().is_empty(),
            "{}",
            table.surprises().join("\n")
        );
        assert!(
            table.count(|o| *o == Outcome::Identical) > fewest,
            "too few were compared"
        );
    }
}

/// Largest difference from the uncompressed original: none where the syntax is lossless; the near
/// parameter that the streams state for JPEG-LS.
fn allowed(syntax: &str) -> Option<f64> {
    match syntax {
        "J2KR" | "JLSL" | "JPLL" | "RLE" => Some(0.0),
        "JLSN" => Some(4.0),
        _ => None,
    }
}

/// The compression samples of DICOM's working group 4 against their uncompressed originals.
#[test]
fn compressed_samples_equal_their_originals() {
    let Some(collection) = Collection::find("STYLET_TEST_DATA", "../shared/data/real") else {
        return;
    };
    let root = collection.folder.join("robyoung_dicom-test-files_WG04");
    let mut lossless = 0;
    let mut faults = Vec::new();
    for path in files(&root) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let Some((image, syntax)) = name.split_once('_').filter(|(_, syntax)| *syntax != "UNC")
        else {
            continue;
        };
        let original = decoded(&root.join(format!("REF/{image}_UNC"))).unwrap();
        let difference = match decoded(&path) {
            Ok(samples) => comparison::difference(&samples, &original),
            Err(error) if refusals::why(&name, &error).is_some() => continue,
            Err(error) => {
                faults.push(error);
                continue;
            }
        };
        println!("{name}: largest difference {difference:?}");
        let Some(difference) = difference else {
            faults.push(format!("{name}: another size"));
            continue;
        };
        if let Some(allowed) = allowed(syntax) {
            lossless += usize::from(allowed == 0.0);
            if difference > allowed {
                faults.push(format!("{name}: {syntax} differs by {difference}"));
            }
        }
    }
    println!("{lossless} lossless samples");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.push(path);
        }
    }
    all.sort();
    all
}
