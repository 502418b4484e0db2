//! `stylet register` as a process: finds a C-arm that stood elsewhere than the header says, and says
//! in a sentence what cannot be registered.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly anywhere"
)]

#[path = "common/dicom_file.rs"]
mod dicom_file;
#[path = "common/radiograph.rs"]
mod radiograph;
#[path = "common/sample_plan.rs"]
mod sample_plan;

use dicom_dictionary_std::tags;
use dicom_file::DicomFile;
use glam::DVec2;
use sample_plan::{Sample, said, stylet};
use serde_json::Value;
use stylet::geometry::{Lps, Point};

const FACET: [&str; 3] = ["facet_cleft", "L3-L4", "right"];

fn target(needle: &Value) -> Point<Lps> {
    serde_json::from_value(needle["target"].clone()).unwrap()
}

fn written(sample: &Sample, name: &str, file: &DicomFile) -> String {
    let path = file.write(&sample.path(""), name);
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_displaced_c_arm_is_found_and_kept_in_the_plan() {
    let sample = Sample::new();
    let needle = sample.needle("L3-4 right facet", FACET, ("facet-joint", "right"));
    let at = target(&needle);
    let plan = sample.plan("plan.stylet.json", &[needle]);
    let (study, _, attenuation) = radiograph::ct(&sample.path("study/CT"));
    let truth = radiograph::displaced(at).beam(&radiograph::header_beam(at));
    let picture = radiograph::picture(&study, &attenuation, &truth);
    let image = written(&sample, "frontal.dcm", &picture);
    let out = sample.path("registered.stylet.json");
    let out = out.to_str().unwrap();
    let study = sample.study();
    let args = [
        "register", &image, "--study", &study, "--plan", &plan, "--save", out, "--json",
    ];
    let output = stylet(&args);
    let found: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(output.status.code(), Some(0), "{found:#}");
    assert_eq!(found["verdict"], "converged", "{found:#}");
    let numbers = |value: &Value| -> Vec<f64> { serde_json::from_value(value.clone()).unwrap() };
    // Where the target really is on the picture, within half a millimetre in the patient.
    let seen = numbers(&found["pictures"][0]["target_px"]);
    let wanted = truth.pixel_of(at, &radiograph::receptor()).unwrap();
    let off = (DVec2::new(seen[0], seen[1]) - wanted).length() * radiograph::PIXEL_MM * 0.7;
    assert!(off < 0.5, "{off} mm off: {found:#}");
    assert!(found["likeness_after"].as_f64().unwrap() > 0.6);
    assert!(found["likeness_before"].as_f64() < found["likeness_after"].as_f64());
    assert!(found["uncertainty"]["along_mm"].as_f64().unwrap() > 0.0);
    let entry = numbers(&found["pictures"][0]["needles"][0]["entry_px"]);
    assert_eq!(entry.len(), 2);
    // The plan that was written holds the same.
    let text = std::fs::read_to_string(out).unwrap();
    let kept: Value = serde_json::from_str(&text).unwrap();
    let made = &kept["registrations"][0];
    assert_eq!(made["image"], "1.2.3.78.1");
    assert_eq!(
        made["correction"]["shift_mm"],
        found["correction"]["shift_mm"]
    );
}

#[test]
fn what_cannot_be_registered_is_said_in_a_sentence() {
    let sample = Sample::new();
    let at = target(&sample.needle("Needle", FACET, ("facet-joint", "right")));
    let (study, _, attenuation) = radiograph::ct(&sample.path("study/CT"));
    let header = radiograph::header_beam(at);
    let good = radiograph::picture(&study, &attenuation, &header);
    let point = at.to_array().map(|mm| mm.to_string()).join(",");
    let refused = |name: &str, file: &DicomFile, study: &str, words: &str| {
        let image = written(&sample, name, file);
        let output = stylet(&["register", &image, "--study", study, "--at", &point]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", said(&output));
        assert!(said(&output).contains(words), "{name}: {}", said(&output));
    };
    let ct = sample.study();
    let without = |tag| good.clone().without(tag);
    refused(
        "spacing.dcm",
        &without(tags::IMAGER_PIXEL_SPACING),
        &ct,
        "no Imager Pixel Spacing",
    );
    refused(
        "angles.dcm",
        &without(tags::POSITIONER_PRIMARY_ANGLE),
        &ct,
        "does not say the angles of the C-arm",
    );
    let beyond = good
        .clone()
        .text(tags::POSITIONER_PRIMARY_ANGLE, *b"DS", "270");
    refused("beyond.dcm", &beyond, &ct, "-180 to 180 was expected");
    refused(
        "distance.dcm",
        &without(tags::DISTANCE_SOURCE_TO_DETECTOR),
        &ct,
        "from the detector",
    );
    // An MR instead of a CT.
    let mr = sample.path("mr");
    std::fs::create_dir_all(&mr).unwrap();
    for number in 0..6 {
        let slice = DicomFile::slice(7, number, f64::from(number) * 2.0, 100).text(
            tags::MODALITY,
            *b"CS",
            "MR",
        );
        slice.write(&mr, &format!("{number}.dcm"));
    }
    refused("good.dcm", &good, mr.to_str().unwrap(), "needs a CT volume");
    // No target.
    let image = written(&sample, "good.dcm", &good);
    let output = stylet(&["register", &image, "--study", &ct]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).contains("Give --plan or --at"));
    // One picture is no second view of itself.
    let copy = written(&sample, "copy.dcm", &good);
    let output = stylet(&["register", &image, &copy, "--study", &ct, "--at", &point]);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("The same picture is given twice"));
}

#[test]
fn a_simulated_radiograph_registers_where_it_was_taken() {
    let sample = Sample::new();
    let needle = sample.needle("L3-4 right facet", FACET, ("facet-joint", "right"));
    let plan = sample.plan("plan.stylet.json", &[needle]);
    let image = sample.path("drr.dcm");
    let (image, study) = (image.to_str().unwrap(), sample.study());
    let output = stylet(&[
        "drr",
        &study,
        "--plan",
        &plan,
        "--primary",
        "160",
        "--secondary",
        "-8",
        "--size",
        "300x240",
        "--pixel-mm",
        "0.7",
        "--film",
        "film",
        "--cpu",
        "--dicom",
        image,
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let args = [
        "register", image, "--study", &study, "--plan", &plan, "--near", "--json",
    ];
    let output = stylet(&args);
    let found: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", said(&output)));
    assert_eq!(found["verdict"], "converged", "{found:#}");
    let numbers = |value: &Value| -> Vec<f64> { serde_json::from_value(value.clone()).unwrap() };
    let shift = numbers(&found["correction"]["shift_mm"]);
    assert!(shift.iter().all(|mm| mm.abs() < 1.0), "{found:#}");
    assert!(found["correction"]["angle_deg"].as_f64().unwrap() < 0.5);
    // The target is the isocentre: in the middle, across the beam within a third of a millimetre.
    let seen = numbers(&found["pictures"][0]["target_px"]);
    let off = (DVec2::new(seen[0], seen[1]) - DVec2::new(149.5, 119.5)).length() * 0.7 * 0.7;
    assert!(off < 0.3, "{off} mm: {found:#}");
    assert_eq!(found["pictures"][0]["sides_stated"], true);
    assert_eq!(found["pictures"][0]["bone_bright"], true);
}

#[test]
fn pictures_and_plans_of_another_patient_or_place_are_refused() {
    let sample = Sample::new();
    let needle = sample.needle("Needle", FACET, ("facet-joint", "right"));
    let at = target(&needle);
    let (study, series, attenuation) = radiograph::ct(&sample.path("study/CT"));
    let header = radiograph::header_beam(at);
    let good = radiograph::picture(&study, &attenuation, &header);
    let (ct, plan) = (sample.study(), sample.plan("plan.stylet.json", &[needle]));
    let elsewhere = good
        .clone()
        .text(tags::STUDY_INSTANCE_UID, *b"UI", "1.2.3.77");
    let other = elsewhere
        .clone()
        .text(tags::PATIENT_ID, *b"LO", "another patient");
    let image = written(&sample, "other.dcm", &other);
    let run = |image: &str, plan: &str| {
        stylet(&[
            "register",
            image,
            "--study",
            &ct,
            "--plan",
            plan,
            "--near",
            "--series",
            series.uid.as_str(),
        ])
    };
    let output = run(&image, &plan);
    assert_eq!(output.status.code(), Some(2), "{}", said(&output));
    assert!(said(&output).contains("of another patient than the CT"));
    // Who is not named may be anyone.
    let unnamed = elsewhere
        .without(tags::PATIENT_ID)
        .without(tags::PATIENT_NAME)
        .text(tags::PHOTOMETRIC_INTERPRETATION, *b"CS", "MONOCHROME1");
    let image = written(&sample, "unnamed.dcm", &unnamed);
    let output = run(&image, &plan);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("Left/right assumed"));

    let mut bound: Value = serde_json::from_str(&std::fs::read_to_string(&plan).unwrap()).unwrap();
    bound["series"] = serde_json::json!({
        "series_instance_uid": "1.2.3.55",
        "frame_of_reference_uid": "1.2.3.56",
        "geometry_sha256": "0".repeat(64),
    });
    let path = sample.path("bound.stylet.json");
    std::fs::write(&path, bound.to_string()).unwrap();
    let output = run(&image, path.to_str().unwrap());
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    assert!(said(&output).contains("drawn on other images"));
}
