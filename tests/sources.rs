//! Proves where files may come from: discs with an index, zip archives, files without a mark; and
//! that what is no image is listed by name.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/dicom_file.rs"]
mod dicom_file;

use std::io::{Cursor, Write as _};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use dicom_dictionary_std::tags;
use dicom_file::{Attribute, DicomFile, items};
use dicom_object::Tag;
use stylet::dicom::{DicomError, ImportReport, decode_frame, scan};
use stylet::study::{ObjectKind, Study};
use tempfile::TempDir;
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

fn go(path: &Path) -> Result<ImportReport, DicomError> {
    scan(&[path.to_owned()], &|_, _| ControlFlow::Continue(()))
}

fn slice(number: i32) -> DicomFile {
    DicomFile::slice(1, number, f64::from(number), number as i16)
}

/// What was rejected, as `path: reason` below `root`.
fn rejected(report: &ImportReport, root: &Path) -> Vec<String> {
    let inner = |path: &Path| {
        path.strip_prefix(root)
            .unwrap_or(path)
            .display()
            .to_string()
    };
    report
        .rejected
        .iter()
        .map(|rejected| format!("{}: {}", inner(&rejected.path), rejected.reason))
        .collect()
}

fn only_study(report: &ImportReport) -> &Study {
    assert_eq!(report.catalog.studies.len(), 1);
    &report.catalog.studies[0]
}

fn files(report: &ImportReport) -> usize {
    report
        .catalog
        .series()
        .map(|(_, s)| s.instances.len())
        .sum()
}

// Discs.

fn text(tag: Tag, vr: [u8; 2], text: &str) -> Attribute {
    let mut bytes = text.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(b' ');
    }
    (tag, vr, bytes)
}

/// An index whose records point at one another in a circle.
fn dicomdir(listed: &[&str]) -> DicomFile {
    let records: Vec<Vec<Attribute>> = listed
        .iter()
        .map(|id| {
            vec![
                (
                    tags::OFFSET_OF_THE_NEXT_DIRECTORY_RECORD,
                    *b"UL",
                    vec![0x70, 1, 0, 0],
                ),
                (tags::RECORD_IN_USE_FLAG, *b"US", vec![0xff, 0xff]),
                (
                    tags::OFFSET_OF_REFERENCED_LOWER_LEVEL_DIRECTORY_ENTITY,
                    *b"UL",
                    vec![0x70, 1, 0, 0],
                ),
                text(tags::DIRECTORY_RECORD_TYPE, *b"CS", "IMAGE"),
                text(tags::REFERENCED_FILE_ID, *b"CS", id),
            ]
        })
        .collect();
    DicomFile::empty("1.2.840.10008.1.3.10").raw(
        tags::DIRECTORY_RECORD_SEQUENCE,
        *b"SQ",
        items(&records),
    )
}

/// A disc with two images in `DICOM`, as a CD shows them: lower case, versions.
fn disc(listed: &[&str]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("dicom")).unwrap();
    slice(1).write(&dir.path().join("dicom"), "im000001.;1");
    slice(2).write(&dir.path().join("dicom"), "IM000002");
    dicomdir(listed).write(dir.path(), "DICOMDIR");
    dir
}

#[test]
fn a_disc_is_opened_by_its_index_or_its_folder() {
    let dir = disc(&["DICOM\\IM000001", "DICOM\\IM000002"]);
    slice(3).write(dir.path(), "unlisted");
    for path in [dir.path().to_owned(), dir.path().join("DICOMDIR")] {
        let report = go(&path).unwrap();
        assert_eq!(files(&report), 3, "a file that is not listed is read too");
        assert_eq!(rejected(&report, dir.path()), [""; 0]);
    }
    // The index under another name, given itself; and the version of a CD.
    std::fs::rename(dir.path().join("DICOMDIR"), dir.path().join("index.bin")).unwrap();
    let report = go(&dir.path().join("index.bin")).unwrap();
    assert_eq!((files(&report), report.rejected.len()), (3, 0));
    std::fs::rename(dir.path().join("index.bin"), dir.path().join("dicomdir.;1")).unwrap();
    assert_eq!(files(&go(dir.path()).unwrap()), 3);
}

#[test]
fn listed_files_that_are_missing_are_named() {
    let dir = disc(&["DICOM\\IM000001", "DICOM\\IM000009"]);
    let report = go(&dir.path().join("DICOMDIR")).unwrap();
    assert_eq!(files(&report), 2);
    let expected = Path::new("DICOM").join("IM000009");
    assert_eq!(
        rejected(&report, dir.path()),
        [format!(
            "{}: listed in the DICOMDIR but not on the disc",
            expected.display()
        )]
    );
    // The index alone was copied.
    let alone = tempfile::tempdir().unwrap();
    dicomdir(&["A\\B"]).write(alone.path(), "DICOMDIR");
    let error = go(alone.path()).unwrap_err().to_string();
    assert!(error.contains("No DICOM file found"), "{error}");
    assert!(error.contains("listed in the DICOMDIR"), "{error}");
}

#[test]
fn an_index_cannot_lead_out_of_its_folder() {
    let outer = tempfile::tempdir().unwrap();
    slice(7).write(outer.path(), "SECRET");
    let root = outer.path().join("disc");
    std::fs::create_dir(&root).unwrap();
    slice(1).write(&root, "IM1");
    let absolute = outer.path().join("SECRET").display().to_string();
    dicomdir(&[
        "..\\SECRET",
        "IM1",
        "C:\\SECRET",
        &absolute,
        "A\\..\\..\\SECRET",
    ])
    .write(&root, "DICOMDIR");
    let report = go(&root).unwrap();
    assert_eq!(files(&report), 1);
    let reasons = rejected(&report, &root);
    assert_eq!(reasons.len(), 4, "{reasons:?}");
    let refused = reasons
        .iter()
        .filter(|r| r.contains("does not lie below"))
        .count();
    assert_eq!(refused, 3, "{reasons:?}");
    // An absolute path is looked for under the folder, and is not there.
    assert!(
        reasons.iter().any(|r| r.ends_with("not on the disc")),
        "{reasons:?}"
    );
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_of_a_disc_are_not_followed() {
    let outer = tempfile::tempdir().unwrap();
    slice(7).write(outer.path(), "SECRET");
    let root = outer.path().join("disc");
    std::fs::create_dir(&root).unwrap();
    slice(1).write(&root, "IM1");
    std::os::unix::fs::symlink(outer.path().join("SECRET"), root.join("IM2")).unwrap();
    std::os::unix::fs::symlink(root.join("IM1"), root.join("IM3")).unwrap();
    assert_eq!(
        files(&go(&root).unwrap()),
        3,
        "an ordinary folder follows them"
    );
    dicomdir(&["IM1", "IM2", "IM3"]).write(&root, "DICOMDIR");
    let report = go(&root).unwrap();
    assert_eq!(files(&report), 2);
    let reasons = rejected(&report, &root);
    assert!(
        reasons[0].starts_with("IM2: a symbolic link that leads out"),
        "{reasons:?}"
    );
}

#[test]
fn a_damaged_index_hides_nothing() {
    let dir = disc(&[]);
    let mut bytes = dicomdir(&["DICOM\\IM000001"]).bytes();
    bytes.truncate(bytes.len() - 10);
    std::fs::write(dir.path().join("DICOMDIR"), bytes).unwrap();
    let report = go(dir.path()).unwrap();
    assert_eq!(files(&report), 2);
    let reasons = rejected(&report, dir.path());
    assert!(
        reasons[0].starts_with("DICOMDIR: the index of the disc is not used: the file is damaged"),
        "{reasons:?}"
    );
}

// Archives.

fn stored() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Stored)
}

fn deflated() -> SimpleFileOptions {
    SimpleFileOptions::default().compression_method(CompressionMethod::Deflated)
}

fn zip(entries: &[(&str, Vec<u8>, SimpleFileOptions)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes, options) in entries {
        zip.start_file(*name, *options).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn write(dir: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn an_archive_is_read_like_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let bytes = zip(&[
        ("disc/DICOM/IM1", slice(1).bytes(), deflated()),
        ("disc/DICOM/IM2", slice(2).bytes(), stored()),
        (
            "disc/DICOM/deep/im3",
            slice(3).bytes(),
            deflated().large_file(true),
        ),
        ("disc/viewer.exe", vec![7; 5000], deflated()),
        ("disc/more.zip", zip(&[("x", vec![1], stored())]), stored()),
        (
            "disc/DICOMDIR",
            dicomdir(&["DICOM\\IM1", "DICOM\\DEEP\\IM3", "DICOM\\IM9"]).bytes(),
            deflated(),
        ),
    ]);
    for name in ["study.zip", "study.dcm", "study"] {
        let path = write(&dir, name, &bytes);
        let report = go(&path).unwrap();
        let (_, series) = report.catalog.series().next().unwrap();
        let shown: Vec<_> = series
            .instances
            .iter()
            .map(|instance| {
                instance
                    .path
                    .shown()
                    .strip_prefix(&path)
                    .unwrap()
                    .to_owned()
            })
            .collect();
        let expected = ["disc/DICOM/IM1", "disc/DICOM/IM2", "disc/DICOM/deep/im3"];
        assert_eq!(shown, expected.map(PathBuf::from), "{name}");
        assert_eq!(
            rejected(&report, &path),
            [
                "disc/DICOM/IM9: listed in the DICOMDIR but not on the disc",
                "disc/more.zip: an archive inside an archive; unpack it and open it by itself",
                "disc/viewer.exe: not a DICOM file",
            ]
        );
        // The pixels are there as long as the catalog, and not longer.
        let instance = &series.instances[1];
        let frame = decode_frame(instance, 0).unwrap();
        assert_eq!(frame.samples.value(0), Some(2.0));
        let on_disk: &Path = instance.path.as_ref();
        let folder = on_disk.parent().unwrap().to_owned();
        assert!(folder.is_dir() && !on_disk.starts_with(dir.path()));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(&folder).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        drop(report);
        assert!(!folder.exists(), "patient data stays behind");
    }
}

#[test]
fn an_archive_in_a_folder_is_named() {
    let dir = tempfile::tempdir().unwrap();
    slice(1).write(dir.path(), "IM1");
    write(&dir, "old.zip", &zip(&[("a", slice(2).bytes(), stored())]));
    let report = go(dir.path()).unwrap();
    assert_eq!(files(&report), 1);
    assert_eq!(
        rejected(&report, dir.path()),
        ["old.zip: a zip archive; open it by itself"]
    );
}

#[test]
fn names_in_an_archive_reach_no_file() {
    let dir = tempfile::tempdir().unwrap();
    let evil = [
        "../../evil",
        "/evil",
        "C:\\evil",
        "a/../../evil",
        "evil\0",
        "a\x1b[2J",
    ];
    let entries: Vec<_> = evil
        .iter()
        .enumerate()
        .map(|(i, name)| (*name, slice(i as i32).bytes(), stored()))
        .collect();
    let path = write(&dir, "evil.zip", &zip(&entries));
    let report = go(&path).unwrap();
    assert_eq!(files(&report), evil.len(), "{:?}", report.rejected);
    for (_, series) in report.catalog.series() {
        for instance in &series.instances {
            let shown = instance.path.display().to_string();
            assert!(instance.path.shown().starts_with(&path), "{shown}");
            assert!(!shown.contains("..") && !shown.contains('\x1b'), "{shown}");
        }
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

/// Offset of the record of an entry in the central directory.
fn central(bytes: &[u8]) -> usize {
    bytes.windows(4).position(|w| w == b"PK\x01\x02").unwrap()
}

#[test]
fn encrypted_and_foreign_entries_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let of = |change: &dyn Fn(&mut Vec<u8>, usize)| {
        let mut bytes = zip(&[
            ("IM1", slice(1).bytes(), stored()),
            ("IM2", slice(2).bytes(), stored()),
        ]);
        let at = central(&bytes);
        change(&mut bytes, at);
        let path = write(&dir, "a.zip", &bytes);
        let report = go(&path).unwrap();
        assert_eq!(files(&report), 1);
        rejected(&report, &path).concat()
    };
    let encrypted = of(&|bytes, at| {
        bytes[at + 8] |= 1;
        bytes[6] |= 1;
    });
    assert!(
        encrypted.starts_with("IM1: encrypted; unpack the archive"),
        "{encrypted}"
    );
    let lzma = of(&|bytes, at| {
        bytes[at + 10] = 14;
        bytes[8] = 14;
    });
    assert!(lzma.starts_with("IM1: compressed by the method"), "{lzma}");
    // A byte of the pixel data is wrong: the checksum says so.
    let flipped = of(&|bytes, _| bytes[500] ^= 0xff);
    assert!(flipped.starts_with("IM1: the file is damaged"), "{flipped}");
    // It states fewer bytes than it has.
    let short = of(&|bytes, at| {
        for place in [at + 24, 22] {
            bytes[place..place + 4].copy_from_slice(&400_u32.to_le_bytes());
        }
    });
    assert!(short.starts_with("IM1: "), "{short}");
}

#[test]
fn a_zip_bomb_is_refused_before_it_is_unpacked() {
    let dir = tempfile::tempdir().unwrap();
    // 1100 MiB of zeros behind a header, in 1 MB: the size is stated…
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer
        .start_file("IM1", deflated().large_file(true))
        .unwrap();
    writer.write_all(&slice(1).bytes()).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..1100 {
        writer.write_all(&zeros).unwrap();
    }
    let mut bytes = writer.finish().unwrap().into_inner();
    let path = write(&dir, "bomb.zip", &bytes);
    let error = go(&path).unwrap_err().to_string();
    assert!(error.contains("would unpack to 1100 MiB"), "{error}");
    assert!(error.contains("bomb.zip"), "{error}");
    // … or belied: the entry ends where its stated size does. The size is in a zip64 field.
    let at = central(&bytes);
    let zip64 = bytes[at..]
        .windows(4)
        .position(|w| w == [1, 0, 16, 0] || w == [1, 0, 8, 0]);
    let place = match zip64 {
        Some(field) => at + field + 4,
        None => at + 24,
    };
    let width = if zip64.is_some() { 8 } else { 4 };
    bytes[place..place + width].copy_from_slice(&100_000_u64.to_le_bytes()[..width]);
    let path = write(&dir, "liar.zip", &bytes);
    let error = go(&path).unwrap_err().to_string();
    assert!(error.contains("IM1: the file is damaged"), "{error}");
}

#[test]
fn an_archive_that_cannot_be_read_says_so_and_a_scan_of_one_can_be_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = zip(&[("IM1", slice(1).bytes(), stored())]);
    let whole = write(&dir, "whole.zip", &bytes);
    bytes.truncate(bytes.len() / 2);
    let error = go(&write(&dir, "half.zip", &bytes))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("half.zip") && error.contains("copy it again"),
        "{error}"
    );
    let stopped = scan(&[whole], &|_, _| ControlFlow::Break(()));
    assert!(matches!(stopped, Err(DicomError::Cancelled)));
    let empty = write(&dir, "empty.zip", &zip(&[]));
    let error = go(&empty).unwrap_err().to_string();
    assert!(error.contains("No DICOM file found"), "{error}");
}

// Other objects.

fn object(sop_class: &str, modality: &str, series: u32) -> DicomFile {
    DicomFile::empty(sop_class)
        .text(tags::SOP_INSTANCE_UID, *b"UI", &format!("1.2.3.{series}.1"))
        .text(tags::STUDY_INSTANCE_UID, *b"UI", "1.2.3")
        .text(
            tags::SERIES_INSTANCE_UID,
            *b"UI",
            &format!("1.2.3.{series}"),
        )
        .text(tags::SERIES_NUMBER, *b"IS", &series.to_string())
        .text(tags::MODALITY, *b"CS", modality)
}

/// A slice, four objects that are no images, and two images without pixels.
fn folder_of_objects() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    slice(1).write(dir.path(), "ct");
    let series_item = vec![text(tags::SERIES_INSTANCE_UID, *b"UI", "1.2.3.1")];
    let evidence = items(&[vec![(
        tags::REFERENCED_SERIES_SEQUENCE,
        *b"SQ",
        items(std::slice::from_ref(&series_item)),
    )]]);
    object("1.2.840.10008.5.1.4.1.1.88.11", "SR", 2)
        .raw(
            tags::CONCEPT_NAME_CODE_SEQUENCE,
            *b"SQ",
            items(&[vec![text(tags::CODE_MEANING, *b"LO", "Radiology Report")]]),
        )
        .raw(
            tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE,
            *b"SQ",
            evidence,
        )
        .write(dir.path(), "sr");
    let referenced = items(&[vec![
        text(tags::FRAME_OF_REFERENCE_UID, *b"UI", "1.2.3.9"),
        (
            tags::RT_REFERENCED_STUDY_SEQUENCE,
            *b"SQ",
            items(&[vec![(
                tags::RT_REFERENCED_SERIES_SEQUENCE,
                *b"SQ",
                items(&[series_item]),
            )]]),
        ),
    ]]);
    object("1.2.840.10008.5.1.4.1.1.481.3", "RTSTRUCT", 3)
        .text(tags::STRUCTURE_SET_LABEL, *b"SH", "Plan A")
        .raw(
            tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE,
            *b"SQ",
            referenced,
        )
        .write(dir.path(), "rtstruct");
    object("1.2.840.10008.5.1.4.1.1.104.1", "DOC", 4)
        .text(tags::DOCUMENT_TITLE, *b"ST", "Discharge letter")
        .raw(tags::ENCAPSULATED_DOCUMENT, *b"OB", b"%PDF-1.4".to_vec())
        .write(dir.path(), "pdf");
    object("1.3.12.2.1107.5.9.1", "OT", 5).write(dir.path(), "vendor");
    // An image class without pixels has lost them, a segmentation too.
    object("1.2.840.10008.5.1.4.1.1.2", "CT", 6).write(dir.path(), "x1");
    object("1.2.840.10008.5.1.4.1.1.66.4", "SEG", 7)
        .number(tags::ROWS, 4)
        .write(dir.path(), "x2");
    dir
}

#[test]
fn objects_that_are_no_images_are_listed_by_name() {
    let dir = folder_of_objects();
    let report = go(dir.path()).unwrap();
    let study = only_study(&report);
    assert_eq!(study.series.len(), 1);
    let listed: Vec<_> = study
        .objects
        .iter()
        .map(|object| {
            (
                object.kind,
                object.type_name.as_str(),
                object.title.as_str(),
            )
        })
        .collect();
    assert_eq!(
        listed,
        [
            (
                ObjectKind::StructuredReport,
                "Structured report: Basic Text SR",
                "Radiology Report"
            ),
            (ObjectKind::RtStructureSet, "RT structure set", "Plan A"),
            (
                ObjectKind::EncapsulatedDocument,
                "Encapsulated PDF",
                "Discharge letter"
            ),
            (ObjectKind::Other, "Other object", ""),
        ]
    );
    for object in &study.objects[..2] {
        let about: Vec<_> = object
            .referenced_series
            .iter()
            .map(stylet::study::SeriesUid::as_str)
            .collect();
        assert_eq!(about, ["1.2.3.1"], "{}", object.type_name);
    }
    let frame = study.objects[1].frame_of_reference.as_ref().unwrap();
    assert_eq!(frame.as_str(), "1.2.3.9");
    let reasons = rejected(&report, dir.path());
    assert_eq!(reasons.len(), 2);
    assert!(
        reasons.iter().all(|r| r.contains("which should have some")),
        "{reasons:?}"
    );
}

#[test]
fn a_segmentation_keeps_its_pictures_and_gets_its_name() {
    let dir = tempfile::tempdir().unwrap();
    slice(1)
        .text(tags::SOP_CLASS_UID, *b"UI", "1.2.840.10008.5.1.4.1.1.66.4")
        .text(tags::MODALITY, *b"CS", "SEG")
        .write(dir.path(), "seg");
    let report = go(dir.path()).unwrap();
    let (_, series) = report.catalog.series().next().unwrap();
    assert_eq!(series.object_kind(), Some(ObjectKind::Segmentation));
    assert_eq!(series.stacks.len(), 1);
}

// Files without marks.

#[test]
fn files_without_preamble_meta_or_transfer_syntax_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let file = slice(1);
    let implicit = file.data_set_in("1.2.840.10008.1.2");
    let big = file.data_set_in("1.2.840.10008.1.2.2");
    let mut no_syntax = vec![0; 128];
    no_syntax.extend(b"DICM");
    no_syntax.extend(&implicit);
    let mut no_preamble = file.bytes()[132..].to_vec();
    let group_length = 12;
    no_preamble.drain(..group_length);
    let group_lengths = {
        let mut bytes = vec![8, 0, 0, 0, 4, 0, 0, 0, 0, 1, 0, 0];
        bytes.extend(&implicit);
        bytes
    };
    // The mark of a preamble by chance, in a value of a file without one.
    let filler = |count: usize| {
        let image_type = format!("{}DICM, by chance", "X".repeat(count));
        let file = file.clone().without(tags::SOP_CLASS_UID);
        file.text(tags::IMAGE_TYPE, *b"CS", &image_type).data_set()
    };
    // Its head is 8 bytes long.
    let by_chance = filler(120);
    assert_eq!(&by_chance[128..132], b"DICM");
    for (name, bytes, syntax) in [
        ("mark by chance", by_chance, "1.2.840.10008.1.2.1"),
        ("explicit.txt", file.data_set(), "1.2.840.10008.1.2.1"),
        ("implicit.jpg", implicit, "1.2.840.10008.1.2"),
        ("big", big, "1.2.840.10008.1.2.2"),
        ("mark without meta", no_syntax, "1.2.840.10008.1.2"),
        (
            "meta without preamble or length",
            no_preamble,
            "1.2.840.10008.1.2.1",
        ),
        ("group length first", group_lengths, "1.2.840.10008.1.2"),
    ] {
        let path = write(&dir, name, &bytes);
        let report = go(&path).unwrap();
        let (_, series) = report.catalog.series().next().unwrap();
        let instance = &series.instances[0];
        assert_eq!(instance.transfer_syntax, syntax, "{name}");
        let frame = decode_frame(instance, 0).unwrap();
        assert_eq!(frame.samples.value(3), Some(1.0), "{name}");
    }
}
