//! `stylet readout` as a process: worked examples, random needles against an independent
//! computation, and messages for what is wrong.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly anywhere"
)]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use glam::{DMat3, DVec3};
use serde_json::{Value, json};

fn stylet(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stylet"))
        .args(args)
        .output()
        .unwrap()
}

fn write_plan(folder: &Path, position: &str, needles: &[(DVec3, DVec3)]) -> String {
    let trajectories: Vec<Value> = needles
        .iter()
        .enumerate()
        .map(|(index, (entry, target))| {
            json!({"name": index.to_string(), "entry": entry.to_array(), "target": target.to_array(),
                   "needle": "quincke-22g-90"})
        })
        .collect();
    let plan = json!({"schema": "stylet-plan/1", "coordinate_system": "LPS", "unit": "mm",
        "patient_position": position, "trajectories": trajectories});
    let path = folder.join(format!("{position}.stylet.json"));
    std::fs::write(&path, plan.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn readout(path: &str) -> Vec<Value> {
    let output = stylet(&["readout", path, "--json"]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    value["trajectories"].as_array().unwrap().clone()
}

/// The room as a body is laid into it: turned end for end for feet first, then rolled. Nothing of
/// the program's own tables is used.
fn room_from_patient(code: &str) -> DMat3 {
    let half_turn = if code.starts_with("FF") {
        std::f64::consts::PI
    } else {
        0.0
    };
    let roll_deg: f64 = match &code[2..] {
        "S" => 0.0,
        "P" => 180.0,
        "DR" => -90.0,
        _ => 90.0,
    };
    DMat3::from_rotation_y(half_turn) * DMat3::from_rotation_z(roll_deg.to_radians())
}

/// Angles that turn a receptor in front of the patient (0, −1, 0) into direction `d`: first about
/// x by the secondary, then about z by the primary angle; found by search, not by formula.
fn positioner(d: DVec3) -> (f64, f64) {
    let miss = |a: f64, b: f64| {
        let turned = DMat3::from_rotation_z(a) * DMat3::from_rotation_x(-b) * DVec3::NEG_Y;
        turned.distance(d)
    };
    let (mut best, mut step) = ((0.0, 0.0), 1.0_f64);
    for a in -12..12 {
        for b in -6..=6 {
            let pair = (f64::from(a) * 0.2618, f64::from(b) * 0.2618);
            if miss(pair.0, pair.1) < miss(best.0, best.1) {
                best = pair;
            }
        }
    }
    while step > 1e-9 {
        let around = [(step, 0.0), (-step, 0.0), (0.0, step), (0.0, -step)];
        let next = around
            .iter()
            .map(|(a, b)| (best.0 + a, best.1 + b))
            .min_by(|x, y| miss(x.0, x.1).total_cmp(&miss(y.0, y.1)))
            .unwrap();
        if miss(next.0, next.1) < miss(best.0, best.1) {
            best = next;
        } else {
            step *= 0.5;
        }
    }
    (best.0.to_degrees(), best.1.to_degrees())
}

fn random(seed: &mut u64) -> f64 {
    *seed = seed
        .wrapping_mul(6_364_136_223_846_793_005)
        .wrapping_add(1_442_695_040_888_963_407);
    (*seed >> 11) as f64 / (1_u64 << 53) as f64
}

fn turned_apart(a: f64, b: f64) -> f64 {
    (a - b + 540.0).rem_euclid(360.0) - 180.0
}

#[test]
fn random_needles_in_all_positions_match_a_search_over_rotations() {
    let folder = tempfile::tempdir().unwrap();
    let mut seed = 7;
    let mut worst = 0.0_f64;
    for code in ["HFS", "HFP", "FFS", "FFP", "HFDR", "HFDL", "FFDR", "FFDL"] {
        let mut needles = Vec::new();
        while needles.len() < 60 {
            let mut point = || {
                DVec3::new(random(&mut seed), random(&mut seed), random(&mut seed)) * 300.0 - 150.0
            };
            let (entry, target) = (point(), point());
            let n = (target - entry).try_normalize().unwrap();
            // Near the poles the primary angle is not defined well enough to compare.
            if n.z.abs() < 0.99 && (room_from_patient(code) * n).z.abs() < 0.99 {
                needles.push((entry, target));
            }
        }
        let path = write_plan(folder.path(), code, &needles);
        for ((entry, target), read) in needles.iter().zip(readout(&path)) {
            let number = |key: &str| read[key].as_f64().unwrap();
            let carm = |key: &str| read["carm"][key].as_f64().unwrap();
            let n = (*target - *entry).try_normalize().unwrap();
            let length_mm = entry.distance(*target);
            assert!((number("length_mm") - length_mm).abs() < 1e-9);
            let (primary, secondary) = positioner(-n);
            let (console, console_secondary) = positioner(room_from_patient(code) * -n);
            let in_axial = DVec3::new(n.x, n.y, 0.0).try_normalize().unwrap();
            let on_lateral = DVec3::new(0.0, n.y, n.z).try_normalize().unwrap();
            let room = room_from_patient(code) * n;
            // The slice plane holds the room's X and a column turned by T about it: the needle
            // lies in it where its part along the normal is none.
            let tilt = number("gantry_tilt_deg").to_radians();
            let normal = DVec3::new(0.0, -tilt.sin(), tilt.cos());
            let errors = [
                turned_apart(carm("primary_deg"), primary),
                carm("secondary_deg") - secondary,
                turned_apart(carm("console_primary_deg"), console),
                carm("console_secondary_deg") - console_secondary,
                turned_apart(carm("oblique_deg"), 180.0 - primary),
                carm("tilt_deg") - secondary,
                number("in_plane_deg") - in_axial.y.abs().acos().to_degrees(),
                number("out_of_plane_deg") - (90.0 - n.angle_between(DVec3::Z).to_degrees()),
                number("sagittal_projected_deg").abs() - on_lateral.y.abs().acos().to_degrees(),
                normal.dot(room).asin().to_degrees(),
            ];
            worst = errors
                .iter()
                .fold(worst, |worst, error| worst.max(error.abs()));
            assert!(worst < 0.01, "{code} {entry} {target}: {errors:?}");
        }
    }
    println!("largest difference {worst:.2e} degrees");
}

#[test]
fn a_needle_on_images_has_its_skin_depth_and_value() {
    use stylet::volume::phantom::{PhantomGrid, write_sample_study};
    let folder = tempfile::tempdir().unwrap();
    let go = &|_| std::ops::ControlFlow::Continue(());
    write_sample_study(0, &PhantomGrid::coarse(), folder.path(), go).unwrap();
    let text = std::fs::read_to_string(folder.path().join("truth.json")).unwrap();
    let truth: Value = serde_json::from_str(&text).unwrap();
    let targets = truth["targets"].as_array().unwrap();
    let facets: Vec<&Value> = targets
        .iter()
        .filter(|t| t["kind"] == "facet_cleft" && !t["path"].is_null())
        .collect();
    assert!(facets.len() >= 8);
    let point = |v: &Value| DVec3::from_array(serde_json::from_value(v.clone()).unwrap());
    let needles: Vec<(DVec3, DVec3)> = facets
        .iter()
        .map(|t| (point(&t["path"]["entry_lps_mm"]), point(&t["point_lps_mm"])))
        .collect();
    let plan = write_plan(folder.path(), "HFP", &needles);
    let study = folder.path().join("CT");
    let output = stylet(&[
        "readout",
        &plan,
        "--study",
        study.to_str().unwrap(),
        "--json",
    ]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let value: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (read, (entry, target)) in value["trajectories"]
        .as_array()
        .unwrap()
        .iter()
        .zip(&needles)
    {
        let skin_mm = read["skin_depth_mm"].as_f64().unwrap();
        // The truth's entry lies on the skin; the coarse grid has voxels of 3 mm.
        assert!((skin_mm - entry.distance(*target)).abs() < 3.0, "{read:#}");
        assert_eq!(read["target_value_unit"], "HU");
        assert!(read["target_value"].as_f64().unwrap() > -200.0);
    }
}

#[test]
fn wrong_plans_get_a_sentence_and_exit_code_1() {
    let folder = tempfile::tempdir().unwrap();
    let mut all = String::new();
    for (name, text) in [
        ("cut", "{\"schema\":\"stylet-plan/1\","),
        (
            "other",
            "{\"schema\":\"stylet-plan/7\",\"coordinate_system\":\"LPS\",\"unit\":\"mm\"}",
        ),
        (
            "nan",
            "{\"schema\":\"stylet-plan/1\",\"coordinate_system\":\"LPS\",\"unit\":\"mm\",\"trajectories\":[{\"name\":\"n\",\"entry\":[1e300,0,0]}]}",
        ),
        ("empty", ""),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let output = stylet(&["readout", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{name}");
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(message.contains(name), "{message} does not name the file");
        assert!(!message.contains("panicked"), "{message}");
        writeln!(all, "{message}").unwrap();
    }
    assert!(all.contains("stylet-plan/7"), "{all}");
    assert_eq!(stylet(&["readout"]).status.code(), Some(2));
    assert_eq!(
        stylet(&["readout", "/nowhere/plan.json"]).status.code(),
        Some(1)
    );
}
