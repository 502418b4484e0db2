//! `stylet check` as a process: exit codes, numbers that are those of `readout`, and what cannot
//! be checked is never clear.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly anywhere"
)]

#[path = "common/sample_plan.rs"]
mod sample_plan;

use sample_plan::{Sample, said, stylet};
use serde_json::{Value, json};

fn check(plan: &str, study: &str, more: &[&str]) -> (Option<i32>, Value, String) {
    let mut args = vec!["check", plan, "--study", study, "--json"];
    args.extend(more);
    let output = stylet(&args);
    let value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), value, errors)
}

const FACET: [&str; 3] = ["facet_cleft", "L3-L4", "right"];
const PROCEDURE: &str = "facet-joint";

#[test]
fn a_sound_needle_passes_and_one_through_the_sac_is_stopped() {
    let sample = Sample::new();
    let sound = sample.needle("L3-4 right facet", FACET, (PROCEDURE, "right"));
    let plan = sample.plan("sound.stylet.json", std::slice::from_ref(&sound));
    let (code, value, errors) = check(&plan, &sample.study(), &[]);
    assert_eq!(code, Some(0), "{errors}\n{value:#}");
    let needle = &value["trajectories"][0];
    assert_eq!(needle["guard"]["side"]["finding"], "agrees");
    assert_eq!(needle["guard"]["level"]["finding"], "agrees");
    assert!(needle["objections"].as_array().unwrap().is_empty());
    assert!(needle["tolerance"]["half_angle_deg"].as_f64().unwrap() > 0.0);
    assert!(needle["spine"]["entry_from_midline_mm"].as_f64().unwrap() < -5.0);
    let ranges = needle["ranges"].as_array().unwrap();
    assert!(
        ranges
            .iter()
            .any(|r| r["range"] == "needle_length_mm" && r["verdict"] == "kept")
    );
    // The study's own segmentation is held against, and every distance has a verdict.
    let clearances = needle["clearances"].as_array().unwrap();
    assert!(!value["structures"].as_array().unwrap().is_empty());
    assert!(
        clearances
            .iter()
            .any(|c| c["kind"] == "dura" && c["verdict"] == "clear")
    );
    for found in clearances {
        let unknown = found["verdict"] == "unknown";
        assert!(unknown || !found["distance_mm"].is_null(), "{found:#}");
        assert!(!unknown || !found["reason"].is_null(), "{found:#}");
    }
    // The readouts are those of `readout`.
    let args = ["readout", &plan, "--study", &sample.study(), "--json"];
    let readout: Value = serde_json::from_slice(&stylet(&args).stdout).unwrap();
    for (key, number) in readout["trajectories"][0].as_object().unwrap() {
        assert_eq!(&needle[key], number, "{key}");
    }

    let plan = sample.plan("sac.stylet.json", &[sound, sample.in_the_sac("L3")]);
    let (code, value, errors) = check(&plan, &sample.study(), &[]);
    assert_eq!(code, Some(1), "{errors}");
    assert!(
        errors.contains("through the sac: the stop margin is broken"),
        "{errors}"
    );
    assert!(!errors.contains("L3-4 right facet:"), "{errors}");
    assert_eq!(value["stop_margin_broken"], true);
    assert_eq!(value["trajectories"][0]["stop_margin_broken"], false);
    let worst = &value["trajectories"][1]["clearances"][0];
    assert_eq!(worst["verdict"], "stop");
    assert!(worst["distance_mm"].as_f64().unwrap() < 0.0, "{worst:#}");
    let text = said(&stylet(&["check", &plan, "--study", &sample.study()]));
    assert!(
        text.contains("STOP") && text.contains("OBJECTION"),
        "{text}"
    );
}

#[test]
fn a_broken_stop_margin_stays_broken_when_it_was_overridden() {
    let sample = Sample::new();
    let mut through = sample.in_the_sac("L4");
    through["overrides"] = json!([{"objection": "stop-margin", "reason": "a spinal tap"}]);
    let plan = sample.plan("tap.stylet.json", &[through]);
    let (code, value, errors) = check(&plan, &sample.study(), &[]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("overridden: a spinal tap"), "{errors}");
    let objection = &value["trajectories"][0]["objections"][0];
    assert_eq!(objection["overridden"], true);
    assert_eq!(objection["override_reason"], "a spinal tap");
}

#[test]
fn the_wrong_side_ends_with_1_until_it_is_overridden() {
    let sample = Sample::new();
    let mut wrong = sample.needle("facet", FACET, (PROCEDURE, "left"));
    let plan = sample.plan("wrong.stylet.json", std::slice::from_ref(&wrong));
    let (code, value, errors) = check(&plan, &sample.study(), &[]);
    assert_eq!(code, Some(1));
    assert!(errors.contains("left is declared"), "{errors}");
    assert_eq!(
        value["trajectories"][0]["objections"][0]["objection"],
        "wrong-side"
    );
    wrong["overrides"] = json!([{"objection": "wrong-side", "reason": "mirrored series"}]);
    let plan = sample.plan("meant.stylet.json", &[wrong]);
    let (code, _, errors) = check(&plan, &sample.study(), &[]);
    assert_eq!(code, Some(0), "{errors}");
}

#[test]
fn input_that_cannot_be_used_ends_with_2_and_a_sentence() {
    let sample = Sample::new();
    let plan = sample.plan("p.stylet.json", &[sample.in_the_sac("L4")]);
    let nowhere = sample.path("nowhere");
    let nowhere = nowhere.to_str().unwrap();
    let junk = sample.path("junk.nii");
    std::fs::write(&junk, "not a label map").unwrap();
    let junk = junk.to_str().unwrap();
    let study = sample.study();
    for (args, part) in [
        (vec!["check", nowhere, "--study", &study], "nowhere"),
        (vec!["check", &plan, "--study", nowhere], "nowhere"),
        (vec!["check", &plan], "--study"),
        (
            vec!["check", &plan, "--study", &study, "--structures", junk],
            "junk.nii",
        ),
        (
            vec!["check", &plan, "--study", &study, "--needles", nowhere],
            "nowhere",
        ),
        (
            vec!["check", &plan, "--study", &study, "--procedures", nowhere],
            "nowhere",
        ),
    ] {
        let output = stylet(&args);
        assert_eq!(output.status.code(), Some(2), "{args:?} {}", said(&output));
        assert!(output.stdout.is_empty());
        assert!(said(&output).contains(part), "{}", said(&output));
    }
}

#[test]
fn drawn_structures_count_and_an_unfinished_needle_is_not_clear() {
    let sample = Sample::new();
    let sound = sample.needle("facet", FACET, (PROCEDURE, "right"));
    let middle: Vec<f64> = (0..3)
        .map(|axis| {
            let at = |end: &str| sound[end][axis].as_f64().unwrap();
            f64::midpoint(at("entry"), at("target"))
        })
        .collect();
    let plan = json!({"schema": "stylet-plan/1", "coordinate_system": "LPS", "unit": "mm",
        "trajectories": [sound, {"name": "half", "target": middle}],
        "structures": [{"name": "graft artery", "kind": "artery",
            "drawn": {"shape": "sphere", "center": middle, "radius_mm": 4.0}}]});
    let path = sample.path("drawn.stylet.json");
    std::fs::write(&path, plan.to_string()).unwrap();
    let (code, value, errors) = check(path.to_str().unwrap(), &sample.study(), &[]);
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains("graft artery"), "{errors}");
    let half = &value["trajectories"][1];
    assert!(half["length_mm"].is_null() && half["tolerance"]["half_angle_deg"].is_null());
    assert!(half["clearances"].as_array().unwrap().is_empty());
}
