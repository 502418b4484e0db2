//! A plan leaves as a report, as markups, as a table and as pictures, and comes back: on a CT
//! series made here, with a patient whose name is hard to write. Programs of others look at the
//! files where they are installed; where one is not, that is said.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;

use glam::DVec3;
use stylet::assess::PathReadout;
use stylet::dicom::identity::{self, ANONYMOUS_NAME, Identity};
use stylet::dicom::read_sr::read_sr;
use stylet::dicom::write_ct::{CtSeries, write_ct_series};
use stylet::export::capture::{Picture, export_captures};
use stylet::export::csv::export_csv;
use stylet::export::imported::ImportedPlan;
use stylet::export::markups::{export_markups, import_markups};
use stylet::export::quantity::{NamedQuantity, Quantity};
use stylet::export::record::{Clearance, NeedleRecord, PlanRecord, ProcedureRecord, evidence_of};
use stylet::export::sr::{PlanSrError, export_sr, import_sr};
use stylet::geometry::{Lps, PatientPosition, Point};
use stylet::plan::{NeedleCatalogue, Plan, PlanEdit, Trajectory};
use stylet::study::report::Code;
use stylet::study::{FrameOfReferenceUid, Samples, SeriesUid, Side, StudyUid};

const PATIENT: &str = "Müller-O'Neil^Jörg=漢字^太郎";
const FRAME: &str = "2.25.3";

/// A CT series of four slices, its files in the order of the slices.
fn series(folder: &Path) -> Vec<PathBuf> {
    let hu = vec![40; 16 * 16 * 4];
    let series = CtSeries {
        patient_name: PATIENT,
        patient_id: "Ü-4711",
        patient_sex: "M",
        patient_birth_date: "19500102",
        study_instance_uid: "2.25.1",
        series_instance_uid: "2.25.2",
        frame_of_reference_uid: FRAME,
        sop_instance_uid_root: "2.25.4",
        study_id: "S1",
        study_description: "Wirbelsäule",
        series_description: "Planning",
        series_number: 3,
        date: "20260101",
        time: "120000",
        body_part: "LSPINE",
        derivation: "Made for a test",
        patient_position: "HFP",
        origin_lps_mm: DVec3::new(-8.0, -8.0, -2.0),
        column_direction: DVec3::X,
        row_direction: DVec3::Y,
        slice_direction: DVec3::Z,
        spacing_mm: [1.0, 1.0, 1.25],
        columns: 16,
        rows: 16,
        slices: 4,
        hu: &hu,
        windows: &[],
    };
    write_ct_series(&series, folder, &|_| ControlFlow::Continue(())).unwrap()
}

/// The needles: names with quotes, separators, other scripts, and one far too long.
fn plan() -> Plan {
    let mut plan = Plan::for_images(Some(PatientPosition::HeadFirstProne), None);
    let long = "sehr langer Name ".repeat(20);
    let needles: [(&str, [f64; 3], [f64; 3]); 4] = [
        (
            "L4-5 right, \"facet\" \\ joint",
            [-68.0, 150.0, -12.0],
            [-22.0, 78.0, 6.0],
        ),
        (
            "=HYPERLINK(\"x\")",
            [0.1 + 0.2, 1.0 / 3.0, -1e-7],
            [33.333333333333336, -2.0_f64.sqrt(), 1234.567890123456],
        ),
        (
            "L5–S1 左",
            [-123.456789012345, 200.0, -987.654321],
            [-60.000000000001, 99.99999999, -950.1],
        ),
        (&long, [1e-12, 55.5, 7.0], [0.0, 0.0, 0.0]),
    ];
    for (name, entry, target) in needles {
        let id = plan.next_trajectory_id();
        let needle = Trajectory {
            entry: Some(entry.into()),
            target: Some(target.into()),
            ..Trajectory::new(id, name.trim().to_owned())
        };
        plan.apply(&PlanEdit::AddTrajectory(needle)).unwrap();
    }
    plan
}

/// The record of the plan on the series in a folder.
fn record(folder: &Path) -> PlanRecord {
    let files = series(folder);
    let report =
        stylet::dicom::scan(&[folder.to_owned()], &|_, _| ControlFlow::Continue(())).unwrap();
    let (_, found) = report
        .catalog
        .find_series(&SeriesUid::new("2.25.2"))
        .unwrap();
    let plan = plan();
    let identity = identity::read(&files[0]).unwrap();
    let mut record = PlanRecord::new(&plan, Some(identity), vec![evidence_of(found)]);
    record.observer = Some("Planér^Ænne".to_owned());
    let catalogue = NeedleCatalogue::builtin();
    let frame = record.frame_of_reference.clone();
    for trajectory in &plan.trajectories {
        let readout = PathReadout::of(trajectory, plan.patient_position, catalogue, None);
        let needle = NeedleRecord::of(trajectory, &readout, catalogue, frame.as_ref()).unwrap();
        record.needles.push(needle);
    }
    let first = &mut record.needles[0];
    first.procedure = Some(ProcedureRecord {
        id: "facet-injection-intra-articular".to_owned(),
        title: "Facet joint injection, intra-articular".to_owned(),
        code: None,
    });
    first.level = Some("L4-L5".parse().unwrap());
    first.side = Some(Side::Right);
    first
        .quantities
        .push(NamedQuantity::mm(Quantity::TargetRadius, 2.0));
    first.clearances = vec![
        Clearance {
            structure: "Spinal cord".to_owned(),
            code: Some(Code::new("2748008", "SCT", "Spinal cord")),
            distance_mm: 1.0 / 3.0,
            depth_mm: Some(80.1),
        },
        Clearance {
            structure: "@nerve, \"L4\" right".to_owned(),
            code: None,
            distance_mm: -0.25,
            depth_mm: None,
        },
    ];
    let last = record.needles.last_mut().unwrap();
    last.level = Some("S1".parse().unwrap());
    last.procedure = Some(ProcedureRecord {
        id: "s1-transforaminal".to_owned(),
        title: "S1 transforaminal".to_owned(),
        code: Some(Code::new("387713003", "SCT", "Surgical procedure")),
    });
    record
}

/// Largest difference of any coordinate.
fn difference_mm(imported: &ImportedPlan, record: &PlanRecord) -> f64 {
    assert_eq!(imported.plan.trajectories.len(), record.needles.len());
    let needles = imported.plan.trajectories.iter().zip(&record.needles);
    needles
        .flat_map(|(back, needle)| {
            let far =
                |a: Option<Point<Lps>>, b: Point<Lps>| (a.unwrap().0 - b.0).abs().max_element();
            [
                far(back.entry, needle.entry),
                far(back.target, needle.target),
            ]
        })
        .fold(0.0, f64::max)
}

/// Standard output and error of a program; `None`, said aloud, where it is not installed.
fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let Ok(done) = Command::new(program).args(arguments).output() else {
        eprintln!("SKIPPED: {program} is not installed");
        return None;
    };
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    Some(text + &String::from_utf8_lossy(&done.stderr))
}

fn assert_no_errors(file: &Path) {
    if let Some(said) = run("dciodvfy", &["-new", file.to_str().unwrap()]) {
        let errors: Vec<_> = said
            .lines()
            .filter(|line| line.starts_with("Error"))
            .collect();
        let warnings: Vec<_> = said
            .lines()
            .filter(|line| line.starts_with("Warning"))
            .collect();
        eprintln!(
            "dciodvfy: {} errors, {} warnings",
            errors.len(),
            warnings.len()
        );
        assert!(errors.is_empty(), "{}", errors.join("\n"));
        // Codes of our own, a side that is not known, and what an anonymous file leaves empty.
        let expected = |line: &&&str| {
            line.contains("99STYLET")
                || line.contains("2.25.121265133884283218443767465909804563073")
                || ["Laterality", "DICOMDIR", "ANONYMOUS"]
                    .iter()
                    .any(|word| line.contains(word))
        };
        let others: Vec<_> = warnings.iter().filter(|line| !expected(line)).collect();
        assert!(others.is_empty(), "{others:?}");
    }
}

#[test]
fn a_report_comes_back_as_the_plan_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(folder.path());
    let path = folder.path().join("plan-sr.dcm");
    export_sr(&record, &path).unwrap();
    keep(&path);
    let report = read_sr(&path).unwrap();
    assert_eq!(report.identity.as_ref().unwrap().patient_name, PATIENT);
    assert!(!report.complete && !report.verified);
    let frame = FrameOfReferenceUid::new(FRAME);
    let back = import_sr(&report, Some(&frame));
    assert!(back.own && back.left_out.is_empty(), "{:?}", back.left_out);
    assert_eq!(back.frame_of_reference, Some(frame));
    assert_eq!(back.study, Some(StudyUid::new("2.25.1")));
    assert_eq!(
        back.plan.patient_position,
        Some(PatientPosition::HeadFirstProne)
    );
    let difference = difference_mm(&back, &record);
    eprintln!("largest difference of a coordinate: {difference} mm");
    assert_eq!(difference, 0.0);
    for ((needle, trajectory), wanted) in back
        .needles
        .iter()
        .zip(&back.plan.trajectories)
        .zip(&record.needles)
    {
        assert_eq!(trajectory.id, needle.id);
        assert_eq!(trajectory.name, wanted.name);
        assert_eq!(trajectory.needle, wanted.needle_id);
        assert_eq!(needle.tracking_uid, wanted.tracking_uid);
        assert_eq!(needle.needle_text, wanted.needle_text);
        assert_eq!((needle.level, needle.side), (wanted.level, wanted.side));
        let ids = |one: &Option<ProcedureRecord>| one.as_ref().map(|one| one.id.clone());
        assert_eq!(ids(&needle.procedure), ids(&wanted.procedure));
        // The ends are numbers of their own only in the report.
        assert_eq!(needle.quantities, wanted.quantities);
    }
}

#[test]
fn a_needle_without_numbers_keeps_its_path() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = record(folder.path());
    record.needles.truncate(1);
    record.needles[0].quantities.clear();
    record.needles[0].clearances.clear();
    let path = folder.path().join("plan-sr.dcm");
    export_sr(&record, &path).unwrap();
    let back = import_sr(&read_sr(&path).unwrap(), None);
    assert_eq!(difference_mm(&back, &record), 0.0, "{:?}", back.left_out);
    let length = back.needles[0].quantities[0];
    assert_eq!(length.quantity, Quantity::PathLength);
    assert_eq!(
        length.value,
        record.needles[0].entry.distance(record.needles[0].target)
    );
}

#[test]
fn validators_of_others_find_no_error() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(folder.path());
    let path = folder.path().join("plan-sr.dcm");
    for record in [record.clone(), record.anonymous()] {
        export_sr(&record, &path).unwrap();
        assert_no_errors(&path);
        let file = path.to_str().unwrap();
        if let Some(printed) = run("dsrdump", &[file]) {
            assert!(printed.contains("Planned needle trajectory"), "{printed}");
            assert!(
                !printed.lines().any(|line| line.starts_with("E:")),
                "{printed}"
            );
        }
        let (xml, again) = (
            folder.path().join("sr.xml"),
            folder.path().join("again.dcm"),
        );
        let said = run("dsr2xml", &[file, xml.to_str().unwrap()]);
        if said.is_some()
            && let Some(said) = run("xml2dsr", &[xml.to_str().unwrap(), again.to_str().unwrap()])
        {
            let report = read_sr(&again).unwrap_or_else(|error| panic!("{error} {said}"));
            let back = import_sr(&report, None);
            // Text of XML readers is trimmed, and coordinates have 32 bits.
            assert!(difference_mm(&back, &record) < 2e-3, "{:?}", back.left_out);
        }
    }
}

#[test]
fn another_frame_of_reference_is_refused_by_its_uid() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(folder.path());
    let path = folder.path().join("plan-sr.dcm");
    export_sr(&record, &path).unwrap();
    let other = FrameOfReferenceUid::new("2.25.99");
    let back = import_sr(&read_sr(&path).unwrap(), Some(&other));
    assert!(back.plan.trajectories.is_empty());
    let left = back.left_out.join("; ");
    assert!(
        left.contains("2.25.3") && left.contains("2.25.99") && left.contains('4'),
        "{left}"
    );
    let moved = PlanRecord {
        frame_of_reference: Some(other),
        ..record
    };
    let error = export_sr(&moved, &path).unwrap_err();
    assert!(
        matches!(error, PlanSrError::OtherFrameOfReference { .. }),
        "{error}"
    );
}

#[test]
fn without_a_study_a_report_is_refused_and_markups_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = record(folder.path());
    record.identity = None;
    let path = folder.path().join("x");
    let error = export_sr(&record, &path).unwrap_err();
    assert!(error.to_string().contains("no study is open"), "{error}");
    assert!(!path.exists());
    export_markups(&record, &path).unwrap();
    export_csv(&record, &path).unwrap();
    record.needles.clear();
    let error = export_csv(&record, &path).unwrap_err();
    assert!(error.to_string().contains("no needle"), "{error}");
    let nowhere = folder.path().join("gone").join("x");
    record.identity = Some(Identity::of_study(StudyUid::new("2.25.1")));
    assert!(matches!(
        export_sr(&record, &nowhere),
        Err(PlanSrError::NoNeedle)
    ));
}

#[test]
fn an_anonymous_record_names_nobody_in_any_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut record = record(folder.path());
    record.needles[2].name = "Jörg L5".to_owned();
    let hidden = record.anonymous();
    assert_eq!(hidden.needles[2].name, "Needle 3");
    assert_ne!(
        hidden.needles[2].tracking_uid,
        record.needles[2].tracking_uid
    );
    let identity = hidden.identity.as_ref().unwrap();
    assert_eq!(identity.patient_name, ANONYMOUS_NAME);
    assert!(identity.patient_id.starts_with("ANON-"));
    assert_eq!(identity.study.as_str(), "2.25.1");
    let out = tempfile::tempdir().unwrap();
    let path = |name: &str| out.path().join(name);
    export_sr(&hidden, &path("a.dcm")).unwrap();
    export_markups(&hidden, &path("a.mrk.json")).unwrap();
    export_csv(&hidden, &path("a.csv")).unwrap();
    capture(&hidden, out.path());
    for entry in std::fs::read_dir(out.path()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        for telling in [
            "ller-O'Neil",
            "rg L5",
            "漢字",
            "4711",
            "19500102",
            "20260101",
            "Plan\u{e9}r",
            "Wirbel",
        ] {
            let found = bytes
                .windows(telling.len())
                .any(|part| part == telling.as_bytes());
            assert!(!found, "{telling}");
        }
    }
}

#[test]
fn markups_come_back_as_needles() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(folder.path());
    let path = folder.path().join("plan.mrk.json");
    export_markups(&record, &path).unwrap();
    keep(&path);
    let back = import_markups(&path).unwrap();
    assert!(back.left_out.is_empty(), "{:?}", back.left_out);
    assert_eq!(difference_mm(&back, &record), 0.0);
    assert_eq!(back.plan.trajectories[2].name, record.needles[2].name);
}

#[test]
fn a_table_has_one_row_for_each_needle() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(folder.path());
    let path = folder.path().join("plan.csv");
    export_csv(&record, &path).unwrap();
    keep(&path);
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 1 + record.needles.len());
    assert!(lines[0].starts_with("needle,tracking_uid,"));
    assert!(lines[0].contains("path_length_mm") && lines[0].contains("carm_primary_deg"));
    assert!(
        lines[1].starts_with("\"L4-5 right, \"\"facet\"\" \\ joint\","),
        "{}",
        lines[1]
    );
    assert!(
        lines[2].starts_with("\"'=HYPERLINK(\"\"x\"\")\","),
        "{}",
        lines[2]
    );
}

/// Writes a picture of red, green and blue stripes, twice, and gives the first file.
fn capture(record: &PlanRecord, folder: &Path) -> PathBuf {
    let colors = [[255, 0, 0], [0, 255, 0], [0, 0, 255]];
    let rgb: Vec<u8> = (0..5 * 3).flat_map(|pixel| colors[pixel % 3]).collect();
    let picture = Picture {
        title: "Axial through the needle",
        size: [5, 3],
        rgb: &rgb,
        tells_patient: false,
    };
    let mut files = export_captures(record, &[picture, picture], folder).unwrap();
    assert_eq!(files.len(), 2);
    files.remove(0)
}

#[test]
fn pictures_are_valid_and_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(folder.path());
    let path = capture(&record, folder.path());
    keep(&path);
    assert_no_errors(&path);
    let image = stylet::dicom::read_instance(&path).unwrap();
    assert_eq!((image.columns, image.rows), (5, 3));
    let frame = stylet::dicom::decode_frame(&image, 0).unwrap();
    let row = [
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [255, 0, 0],
        [0, 255, 0],
    ];
    assert!(matches!(frame.samples, Samples::Rgb8(pixels) if pixels.starts_with(&row)));
    // A body part that may be paired, and none at all, need Laterality.
    let mut paired = record.clone();
    for (body_part, side) in [("KNEE", "L"), ("KNEE", ""), ("", "")] {
        let identity = paired.identity.as_mut().unwrap();
        identity.body_part = body_part.to_owned();
        identity.laterality = side.to_owned();
        assert_no_errors(&capture(&paired, folder.path()));
    }
    let telling = Picture {
        title: "Named",
        size: [1, 1],
        rgb: &[0; 3],
        tells_patient: true,
    };
    let error = export_captures(&record.anonymous(), &[telling], folder.path()).unwrap_err();
    assert!(error.to_string().contains("Named"), "{error}");
    let wrong = Picture {
        size: [2, 1],
        ..telling
    };
    let error = export_captures(&record, &[wrong], folder.path()).unwrap_err();
    assert!(error.to_string().contains("2 x 1"), "{error}");
}

/// Reports of others: what each holds was looked up with `dsrdump`.
#[test]
fn reports_of_other_programs_open_as_far_as_they_hold_points() {
    let folder = std::env::var_os("STYLET_TEST_DATA")
        .map_or_else(|| PathBuf::from("../shared/data/real"), PathBuf::from);
    for (file, marks, told) in [
        (
            "highdicom/test_files/sr_document_with_multiple_groups.dcm",
            1,
            "on images",
        ),
        ("highdicom/test_files/sr_document.dcm", 0, "on images"),
        ("dcmqi/sr-example/sr.dcm", 0, "number without coordinates"),
    ] {
        let path = folder.join(file);
        if !path.exists() {
            eprintln!("SKIPPED: {} is not there", path.display());
            continue;
        }
        let back = import_sr(&read_sr(&path).unwrap(), None);
        assert!(!back.own && back.plan.is_empty(), "{file}");
        assert_eq!(back.marks.len(), marks, "{file}");
        let left = back.left_out.join("; ");
        eprintln!("{file}: {left}");
        assert!(left.contains(told), "{file}: {left}");
    }
}

/// Copies a file to the folder of `STYLET_KEEP_EXPORTS`, for a look by hand.
fn keep(path: &Path) {
    if let Some(folder) = std::env::var_os("STYLET_KEEP_EXPORTS") {
        let name = path.file_name().unwrap();
        std::fs::copy(path, Path::new(&folder).join(name)).unwrap();
    }
}
