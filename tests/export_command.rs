//! `stylet export` as a process: what it writes, what others say of it, and what it refuses.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly anywhere"
)]

#[path = "common/sample_plan.rs"]
mod sample_plan;

use std::path::{Path, PathBuf};
use std::process::Command;

use sample_plan::{Sample, said, stylet, text};
use stylet::dicom::read_sr::read_sr;
use stylet::export::imported::ImportedPlan;
use stylet::export::markups::import_markups;
use stylet::export::sr::import_sr;
use stylet::plan::PlanFile;

const FACET: [&str; 3] = ["facet_cleft", "L3-L4", "right"];
const PROCEDURE: &str = "facet-joint";

/// Standard output and error of a program; `None`, said aloud, where it is not installed.
fn run(program: &str, arguments: &[&str]) -> Option<String> {
    let Ok(done) = Command::new(program).args(arguments).output() else {
        eprintln!("SKIPPED: {program} is not installed");
        return None;
    };
    let out = String::from_utf8_lossy(&done.stdout).into_owned();
    Some(out + &String::from_utf8_lossy(&done.stderr))
}

/// Largest difference of a coordinate between a plan file and what an export gives back.
fn difference_mm(plan: &str, back: &ImportedPlan) -> f64 {
    let (_, plan) = PlanFile::read(Path::new(plan)).unwrap();
    assert_eq!(plan.trajectories.len(), back.plan.trajectories.len());
    let pairs = plan.trajectories.iter().zip(&back.plan.trajectories);
    pairs
        .flat_map(|(a, b)| [(a.entry, b.entry), (a.target, b.target)])
        .map(|(a, b)| (a.unwrap().0 - b.unwrap().0).abs().max_element())
        .fold(0.0, f64::max)
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn export(plan: &str, sample: &Sample, out: &Path, more: &[&str]) -> std::process::Output {
    std::fs::create_dir_all(out).unwrap();
    let file = |name: &str| text(&out.join(name));
    let (sr, markups, csv) = (file("a-sr.dcm"), file("a.mrk.json"), file("a.csv"));
    let (pdf, png, captures) = (file("a.pdf"), file("png"), file("captures"));
    let study = sample.study();
    let mut args = vec![
        "export",
        plan,
        "--study",
        &study,
        "--sr",
        &sr,
        "--markups",
        &markups,
        "--csv",
        &csv,
        "--pdf",
        &pdf,
        "--png",
        &png,
        "--captures",
        &captures,
    ];
    args.extend(more);
    stylet(&args)
}

#[test]
fn every_file_is_there_and_comes_back() {
    let sample = Sample::new();
    let needles = [
        sample.needle("facet", FACET, (PROCEDURE, "right")),
        sample.needle(
            "facet",
            ["facet_cleft", "L4-L5", "right"],
            (PROCEDURE, "right"),
        ),
    ];
    let plan = sample.plan("two.stylet.json", &needles);
    let out = sample.path("out");
    let output = export(&plan, &sample, &out, &[]);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(
        names(&out),
        [
            "a-facet-2.pdf",
            "a-facet.pdf",
            "a-sr.dcm",
            "a.csv",
            "a.mrk.json",
            "captures",
            "png"
        ]
    );
    assert_eq!(names(&out.join("png")).len(), 6);
    assert_eq!(names(&out.join("captures")).len(), 6);
    let listed = String::from_utf8_lossy(&output.stdout).lines().count();
    assert_eq!(listed, 2 + 3 + 6 + 6);

    let back = import_sr(&read_sr(&out.join("a-sr.dcm")).unwrap(), None);
    assert!(back.own && back.left_out.is_empty(), "{:?}", back.left_out);
    let far = difference_mm(&plan, &back);
    eprintln!("report and back: {far} mm");
    assert!(far <= 0.01);
    let [first, second] = &back.needles[..] else {
        panic!("two needles")
    };
    assert_ne!(first.tracking_uid, second.tracking_uid);
    assert_eq!(first.procedure.as_ref().unwrap().id, PROCEDURE);
    assert_eq!(first.level, Some("L3-L4".parse().unwrap()));
    assert!(
        back.plan
            .trajectories
            .iter()
            .all(|one| one.needle.is_some())
    );
    let markups = import_markups(&out.join("a.mrk.json")).unwrap();
    assert!(difference_mm(&plan, &markups) <= 0.01);
    let table = std::fs::read_to_string(out.join("a.csv")).unwrap();
    assert_eq!(table.lines().count(), 3);
    assert!(
        table.contains("tolerance_cone_deg") && table.contains("clearance_to"),
        "{table}"
    );
    others_agree(&out);
}

/// Programs of others look at the files, where they are installed.
fn others_agree(out: &Path) {
    let sr = text(&out.join("a-sr.dcm"));
    let captures = out.join("captures");
    let pictures: Vec<PathBuf> = names(&captures).iter().map(|n| captures.join(n)).collect();
    for file in std::iter::once(sr.clone()).chain(pictures.iter().map(|path| text(path))) {
        if let Some(said) = run("dciodvfy", &["-new", &file]) {
            let errors: Vec<&str> = said.lines().filter(|l| l.starts_with("Error")).collect();
            assert!(errors.is_empty(), "{file}\n{}", errors.join("\n"));
        }
    }
    if let Some(printed) = run("dsrdump", &[&sr]) {
        assert!(printed.contains("Planned needle trajectory"), "{printed}");
        assert!(
            !printed.lines().any(|line| line.starts_with("E:")),
            "{printed}"
        );
    }
    let pdf = text(&out.join("a-facet.pdf"));
    if let Some(said) = run("qpdf", &["--check", &pdf]) {
        assert!(
            said.contains("No syntax or stream encoding errors"),
            "{said}"
        );
    }
    if let Some(printed) = run("pdftotext", &["-layout", &pdf, "-"]) {
        for part in [
            "L3-4",
            "RIGHT",
            "CLEARANCE",
            "RANGES",
            "TARGET",
            "VIEWS",
            "STOP IF",
        ] {
            assert!(
                printed.contains(part),
                "{part} is not on the sheet\n{printed}"
            );
        }
    }
}

#[test]
fn nothing_is_written_while_the_guard_objects() {
    let sample = Sample::new();
    let wrong = sample.needle("facet", FACET, (PROCEDURE, "left"));
    let sac = sample.in_the_sac("L3");
    for (name, needle, part) in [
        ("side", wrong, "left is declared"),
        ("stop", sac, "the stop margin is broken"),
    ] {
        let plan = sample.plan(&format!("{name}.stylet.json"), &[needle]);
        let out = sample.path(name);
        let output = export(&plan, &sample, &out, &[]);
        assert_eq!(output.status.code(), Some(1));
        let said = said(&output);
        assert!(said.contains(part) && said.contains("override"), "{said}");
        assert!(names(&out).is_empty(), "{:?}", names(&out));
    }
}

#[test]
fn an_override_lets_it_out_and_stands_on_the_sheet() {
    let sample = Sample::new();
    let mut wrong = sample.needle("facet", FACET, (PROCEDURE, "left"));
    wrong["overrides"] =
        serde_json::json!([{"objection": "wrong-side", "reason": "mirrored series"}]);
    let plan = sample.plan("meant.stylet.json", &[wrong]);
    let out = sample.path("meant");
    let output = export(&plan, &sample, &out, &["--paper", "letter"]);
    assert!(output.status.success(), "{}", said(&output));
    let pdf = text(&out.join("a.pdf"));
    if let Some(printed) = run("pdftotext", &["-layout", &pdf, "-"]) {
        assert!(printed.contains("OVERRIDDEN"), "{printed}");
        assert!(printed.contains("mirrored series"), "{printed}");
    }
}

#[test]
fn an_anonymous_export_names_nobody() {
    let sample = Sample::new();
    let report = stylet(&["scan", &sample.study(), "--json"]);
    let scan: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
    let patient = &scan["studies"][0]["patient"];
    let telling: Vec<String> = ["name", "id"]
        .iter()
        .filter_map(|key| patient[key].as_str())
        .flat_map(|text| text.split(['^', ' ', '-']))
        // The program's own name stands in every file it writes.
        .filter(|word| word.len() >= 4 && !word.eq_ignore_ascii_case("stylet"))
        .map(str::to_owned)
        .collect();
    assert!(!telling.is_empty(), "{patient}");
    let name = format!("facet of {}", telling[0]);
    let needle = sample.needle(&name, FACET, (PROCEDURE, "right"));
    let plan = sample.plan(&format!("{}.stylet.json", telling[0]), &[needle]);
    let out = sample.path("hidden");
    let output = export(&plan, &sample, &out, &["--anonymous"]);
    assert!(output.status.success(), "{}", said(&output));
    let files = [out.clone(), out.join("png"), out.join("captures")]
        .iter()
        .flat_map(|folder| names(folder).into_iter().map(|name| folder.join(name)))
        .filter(|path| path.is_file())
        .collect::<Vec<_>>();
    for path in &files {
        let bytes = std::fs::read(path).unwrap();
        for word in &telling {
            let found = bytes
                .windows(word.len())
                .any(|part| part == word.as_bytes());
            assert!(!found, "{word} in {}", path.display());
            assert!(!path.file_name().unwrap().to_str().unwrap().contains(word));
        }
    }
    if let Some(printed) = run("pdftotext", &["-layout", &text(&out.join("a.pdf")), "-"]) {
        assert!(printed.contains("Patient and study hidden"), "{printed}");
        for word in &telling {
            assert!(!printed.contains(word.as_str()), "{word}\n{printed}");
        }
    }
}

#[test]
fn wrong_words_end_with_2() {
    let sample = Sample::new();
    let needle = sample.needle("facet", FACET, (PROCEDURE, "right"));
    let plan = sample.plan("p.stylet.json", &[needle]);
    let study = sample.study();
    let nothing = stylet(&["export", &plan, "--study", &study]);
    assert_eq!(nothing.status.code(), Some(2));
    assert!(said(&nothing).contains("--pdf"));
    let out = sample.path("none");
    let other = export(&plan, &sample, &out, &["--needle", "L9"]);
    assert_eq!(other.status.code(), Some(2), "{}", said(&other));
    assert!(said(&other).contains("facet") && names(&out).is_empty());
    // A folder that is not there is told, and the other files are written.
    let (sr, csv) = (
        text(&sample.path("gone/a.dcm")),
        text(&sample.path("a.csv")),
    );
    let half = stylet(&[
        "export", &plan, "--study", &study, "--sr", &sr, "--csv", &csv,
    ]);
    assert_eq!(half.status.code(), Some(1));
    assert!(said(&half).contains("gone"), "{}", said(&half));
    assert!(sample.path("a.csv").is_file());
}
