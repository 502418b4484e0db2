//! Proves what an import takes from folders, what it leaves out and why.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/dicom_file.rs"]
mod dicom_file;

use std::ops::ControlFlow;
use std::path::PathBuf;

use dicom_dictionary_std::tags;
use dicom_file::DicomFile;
use stylet::dicom::{DicomError, ImportReport, scan};
use stylet::study::{Series, Stack};
use tempfile::TempDir;

fn folder(files: &[DicomFile]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (index, file) in files.iter().enumerate() {
        // Names in no relation to positions.
        file.write(dir.path(), &format!("{:03}.dcm", index * 7 % 101));
    }
    dir
}

fn import(dir: &TempDir) -> ImportReport {
    scan(&[dir.path().to_owned()], &|_, _| ControlFlow::Continue(())).unwrap()
}

fn only_series(report: &ImportReport) -> &Series {
    assert_eq!(report.catalog.series().count(), 1, "{:?}", report.rejected);
    report.catalog.series().next().unwrap().1
}

fn only_stack(report: &ImportReport) -> &Stack {
    let series = only_series(report);
    assert_eq!(series.stacks.len(), 1);
    &series.stacks[0]
}

#[test]
fn a_rescale_that_cannot_be_read_rejects_the_file() {
    let mut files: Vec<_> = (0..4)
        .map(|i| DicomFile::slice(1, i, f64::from(i), 0))
        .collect();
    files.push(DicomFile::slice(1, 4, 4.0, 0).text(tags::RESCALE_SLOPE, *b"DS", "1,0"));
    files.push(DicomFile::slice(1, 5, 5.0, 0).text(tags::RESCALE_SLOPE, *b"DS", "0"));
    let report = import(&folder(&files));
    assert_eq!(only_stack(&report).frames.len(), 4);
    assert_eq!(report.rejected.len(), 2);
    let reasons: Vec<_> = report.rejected.iter().map(|r| r.reason.clone()).collect();
    for reason in &reasons {
        assert!(reason.contains("Rescale Slope (0028,1053)"), "{reason}");
    }
    assert!(reasons.iter().any(|reason| reason.contains("\"1,0\"")));
}

#[test]
fn a_mixed_folder_keeps_its_series_apart_and_lists_what_is_no_image() {
    let mut files: Vec<_> = (0..4)
        .map(|i| DicomFile::slice(1, i, f64::from(i), 0))
        .collect();
    files.extend((0..3).map(|i| DicomFile::slice(2, i, f64::from(i), 0)));
    let dir = folder(&files);
    std::fs::write(dir.path().join("notes.txt"), "not DICOM at all").unwrap();
    std::fs::write(dir.path().join("empty"), "").unwrap();
    std::fs::write(dir.path().join("DICOMDIR"), "an index").unwrap();
    DicomFile::slice(3, 1, 0., 0)
        .text(tags::SOP_CLASS_UID, *b"UI", "1.2.840.10008.5.1.4.1.1.88.11")
        .without(tags::PIXEL_DATA)
        .without(tags::ROWS)
        .write(dir.path(), "report.dcm");
    let report = import(&dir);
    let series: Vec<_> = report
        .catalog
        .series()
        .map(|(_, series)| (series.number, series.instances.len()))
        .collect();
    assert_eq!(series, [(Some(1), 4), (Some(2), 3)]);
    let rejected: Vec<_> = report
        .rejected
        .iter()
        .map(|r| {
            (
                r.path.file_name().unwrap().to_str().unwrap(),
                r.reason.as_str(),
            )
        })
        .collect();
    assert_eq!(
        rejected,
        [
            (
                "DICOMDIR",
                "the index of the disc is not used: not a DICOM file"
            ),
            ("empty", "the file is empty; copy it again"),
            ("notes.txt", "not a DICOM file"),
        ]
    );
    let objects = &report.catalog.studies[0].objects;
    assert_eq!(objects.len(), 1);
    assert_eq!(objects[0].type_name, "Structured report: Basic Text SR");
    assert_eq!(report.catalog.studies[0].patient.name, "Phantom^Lumbar");
}

#[test]
fn files_without_preamble_meta_or_right_syntax_open() {
    let dir = tempfile::tempdir().unwrap();
    let slice = |i: i32| DicomFile::slice(1, i, f64::from(i), 0);
    std::fs::write(dir.path().join("bare"), slice(0).data_set()).unwrap();
    std::fs::write(dir.path().join("no-preamble"), &slice(1).bytes()[132..]).unwrap();
    // Explicit elements under an implicit syntax.
    slice(2)
        .transfer_syntax("1.2.840.10008.1.2")
        .write(dir.path(), "lies");
    let report = import(&dir);
    assert_eq!(only_stack(&report).frames.len(), 3, "{:?}", report.rejected);
}

#[test]
fn damaged_headers_are_rejected_one_by_one() {
    let dir = folder(&[0, 1, 2].map(|i| DicomFile::slice(1, i, f64::from(i), 0)));
    let whole = DicomFile::slice(1, 9, 9., 0).bytes();
    std::fs::write(dir.path().join("cut-header"), &whole[..400]).unwrap();
    let lie = DicomFile::slice(1, 8, 8., 0).number(tags::BITS_STORED, 17);
    lie.write(dir.path(), "bits");
    DicomFile::slice(1, 8, 8., 0)
        .text(tags::NUMBER_OF_FRAMES, *b"IS", "2000000000")
        .write(dir.path(), "frames");
    let report = import(&dir);
    assert_eq!(only_stack(&report).frames.len(), 3);
    let reason = |name: &str| {
        let found = report.rejected.iter().find(|r| r.path.ends_with(name));
        found.map(|r| r.reason.clone()).unwrap_or_default()
    };
    assert!(
        reason("cut-header").contains("damaged"),
        "{}",
        reason("cut-header")
    );
    assert!(
        reason("bits").contains("Bits Stored (0028,0101) is \"17\""),
        "{}",
        reason("bits")
    );
    assert!(
        reason("frames").contains("Number Of Frames"),
        "{}",
        reason("frames")
    );
}

#[test]
fn deep_nesting_is_refused_without_harm() {
    // 5,000 items in one another, each holding a wanted sequence.
    let mut value = Vec::new();
    for _ in 0..5_000 {
        value.extend([
            0x00, 0x52, 0x29, 0x92, b'S', b'Q', 0, 0, 0xFF, 0xFF, 0xFF, 0xFF,
        ]);
        value.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
    }
    let dir = folder(&[0, 1, 2].map(|i| DicomFile::slice(1, i, f64::from(i), 0)));
    let mut bytes = DicomFile::slice(1, 9, 9., 0)
        .without(tags::PIXEL_DATA)
        .bytes();
    bytes.extend(value);
    std::fs::write(dir.path().join("nested"), bytes).unwrap();
    let report = import(&dir);
    assert!(
        report.rejected[0].reason.contains("64 deep"),
        "{:?}",
        report.rejected
    );
}

#[test]
fn empty_folders_and_missing_paths_say_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let go = |path: PathBuf| scan(&[path], &|_, _| ControlFlow::Continue(()));
    let empty = go(dir.path().to_owned()).unwrap_err().to_string();
    assert!(empty.contains(&dir.path().display().to_string()), "{empty}");
    assert!(empty.contains("Choose the folder"), "{empty}");
    std::fs::write(dir.path().join("notes.txt"), "text").unwrap();
    let error = go(dir.path().to_owned()).unwrap_err();
    assert!(matches!(
        error,
        DicomError::NothingFound { files_seen: 1, .. }
    ));
    let missing = go(dir.path().join("nowhere")).unwrap_err().to_string();
    assert!(missing.contains("nowhere: cannot be read"), "{missing}");
}

#[test]
fn an_import_can_be_cancelled() {
    let dir = folder(&[0, 1, 2].map(|i| DicomFile::slice(1, i, f64::from(i), 0)));
    let result = scan(&[dir.path().to_owned()], &|done, total| {
        assert!(done <= total && total == 3);
        ControlFlow::Break(())
    });
    assert!(matches!(result, Err(DicomError::Cancelled)));
}

#[cfg(unix)]
#[test]
fn symbolic_links_are_followed_but_not_in_circles() {
    let dir = folder(&[0, 1].map(|i| DicomFile::slice(1, i, f64::from(i), 0)));
    let elsewhere = folder(&[DicomFile::slice(1, 2, 2., 0)]);
    std::os::unix::fs::symlink(dir.path(), dir.path().join("loop")).unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), dir.path().join("linked")).unwrap();
    std::os::unix::fs::symlink("/nowhere/at/all", dir.path().join("dangling")).unwrap();
    let report = import(&dir);
    assert_eq!(only_stack(&report).frames.len(), 3);
    assert_eq!(report.rejected.len(), 2, "{:?}", report.rejected);
    assert!(
        report.rejected[1].reason.contains("leads back"),
        "{:?}",
        report.rejected
    );
}

#[cfg(unix)]
#[test]
fn unreadable_files_and_pipes_are_listed_not_waited_for() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = folder(&[0, 1, 2].map(|i| DicomFile::slice(1, i, f64::from(i), 0)));
    let locked = DicomFile::slice(1, 3, 3., 0).write(dir.path(), "locked.dcm");
    std::fs::set_permissions(&locked, std::fs::Permissions::from_mode(0o000)).unwrap();
    if std::fs::read(&locked).is_ok() {
        // Run by root, who may read everything.
        return;
    }
    let report = import(&dir);
    assert_eq!(only_stack(&report).frames.len(), 3);
    assert!(report.rejected[0].reason.contains("cannot be read"));
}

#[test]
fn two_patients_under_one_uid_stay_apart() {
    let folder = tempfile::tempdir().unwrap();
    for slice in 0..4 {
        let z = f64::from(slice);
        let of = |id: &str, name: &str| {
            DicomFile::slice(1, slice, z, 7)
                .text(tags::PATIENT_ID, *b"LO", id)
                .text(tags::PATIENT_NAME, *b"PN", name)
        };
        of("A", "ALPHA^ANNA").write(folder.path(), &format!("a{slice}"));
        of("B", "BRAVO^BEN").write(folder.path(), &format!("b{slice}"));
    }
    let report = scan(&[folder.path().to_owned()], &|_, _| {
        ControlFlow::Continue(())
    })
    .unwrap();
    let mut found: Vec<_> = report
        .catalog
        .studies
        .iter()
        .map(|study| (study.patient.id.clone(), study.series[0].instances.len()))
        .collect();
    found.sort();
    assert_eq!(found, [("A".to_owned(), 4), ("B".to_owned(), 4)]);
    let uids: std::collections::HashSet<_> = report.catalog.series().map(|(_, s)| &s.uid).collect();
    assert_eq!(uids.len(), 2);
}

#[test]
fn slices_without_series_uid_are_one_series_where_their_frame_of_reference_says_so() {
    let folder = tempfile::tempdir().unwrap();
    for slice in 0..4 {
        DicomFile::slice(1, slice, f64::from(slice), 7)
            .without(tags::SERIES_INSTANCE_UID)
            .write(folder.path(), &format!("{slice}"));
    }
    let report = scan(&[folder.path().to_owned()], &|_, _| {
        ControlFlow::Continue(())
    })
    .unwrap();
    let series: Vec<_> = report.catalog.series().collect();
    assert_eq!(series.len(), 1);
    assert_eq!(series[0].1.stacks[0].frames.len(), 4);
    assert!(!series[0].1.uid.as_str().is_empty());
}
