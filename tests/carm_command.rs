//! `stylet carm` as a process: a worked example, random needles against an independent
//! computation, and messages for what is wrong.

#![allow(
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly anywhere"
)]

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

fn write_plan(folder: &Path, position: Option<&str>, needles: &[(DVec3, DVec3)]) -> String {
    let trajectories: Vec<Value> = needles
        .iter()
        .enumerate()
        .map(|(index, (entry, target))| {
            json!({"name": index.to_string(), "entry": entry.to_array(), "target": target.to_array(),
                   "needle": "quincke-22g-90"})
        })
        .collect();
    let mut plan = json!({"schema": "stylet-plan/1", "coordinate_system": "LPS", "unit": "mm",
        "trajectories": trajectories});
    if let Some(position) = position {
        plan["patient_position"] = json!(position);
    }
    let path = folder.join("aim.stylet.json");
    std::fs::write(&path, plan.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

fn carm(args: &[&str]) -> Value {
    let mut all = vec!["carm"];
    all.extend(args);
    all.push("--json");
    let output = stylet(&all);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn view<'a>(needle: &'a Value, purpose: &str) -> &'a Value {
    let views = needle["views"].as_array().unwrap();
    let found = views.iter().find(|view| view["purpose"] == purpose);
    found.unwrap_or_else(|| panic!("no {purpose} in {needle}"))
}

fn number(value: &Value) -> f64 {
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}

/// Row 1 of the sheet's worked examples.
const ROW_1: (DVec3, DVec3) = (DVec3::new(53.3, 111.4, -13.9), DVec3::new(20.0, 40.0, 0.0));

#[test]
fn the_first_worked_example_is_aimed_in_all_forms() {
    let folder = tempfile::tempdir().unwrap();
    let plan = write_plan(folder.path(), Some("HFP"), &[ROW_1]);
    let value = carm(&[&plan, "--profile", "mobile-side-left"]);
    assert_eq!(value["profile"], "mobile-side-left");
    assert_eq!(value["patient_position"], "HFP");
    assert_eq!(value["source_to_detector_mm"], 1000.0);
    let needle = &value["needles"][0];
    let bulls_eye = view(needle, "bulls_eye");
    assert_eq!(
        bulls_eye["phrase"],
        "25° left oblique, 10° caudal tilt; needle 10° cephalad"
    );
    for (key, wanted) in [
        ("primary_deg", 155.0),
        ("secondary_deg", -10.0),
        ("oblique_deg", 25.0),
        ("tilt_deg", -10.0),
        ("console_primary_deg", -25.0),
        ("console_secondary_deg", -10.0),
        ("side_orbital_deg", -24.6),
        ("side_tilt_deg", -11.0),
    ] {
        assert!((number(&bulls_eye[key]) - wanted).abs() < 0.06, "{key}");
    }
    let reach = &bulls_eye["reach"];
    assert_eq!(reach["reached"], true);
    assert!((number(&reach["settings"]["orbital_deg"]) + 24.6).abs() < 0.06);
    assert!(number(&bulls_eye["seen"]["apart_on_receptor_mm"]) < 1e-6);
    assert!(bulls_eye["bone_mm"].is_null());
    let why = bulls_eye["reasons"]["bone_mm"].as_str().unwrap();
    assert!(why.contains("--study"), "{why}");
    for purpose in ["progress_1", "progress_2"] {
        let share = number(&view(needle, purpose)["seen"]["shown_share"]);
        assert!((share - 1.0).abs() < 1e-9, "{purpose}");
    }
    // What is reached across this needle is a sliver: the second view is the orthogonal one, and
    // says that it is out of reach.
    let [first, second] = ["progress_1", "progress_2"].map(|purpose| view(needle, purpose));
    assert!((number(&first["apart_deg"]) - 50.0).abs() < 1.0);
    assert_eq!(first["apart_from"], "lateral");
    assert!((number(&second["apart_deg"]) - 90.0).abs() < 1e-6);
    assert_eq!(second["apart_from"], "progress 1");
    assert_eq!(first["reach"]["reached"], true);
    assert_eq!(second["reach"]["reached"], false);
    assert!(view(needle, "ap").get("apart_deg").is_none());
    assert_eq!(view(needle, "ap")["phrase"], "AP, no tilt");
    assert_eq!(
        view(needle, "lateral")["phrase"],
        "lateral (receptor left), no tilt"
    );
    // The other way round only the console and the machine change.
    let turned = carm(&[&plan, "--position", "FFP", "--profile", "angiography-floor"]);
    let turned = view(&turned["needles"][0], "bulls_eye");
    assert_eq!(turned["primary_deg"], bulls_eye["primary_deg"]);
    assert!((number(&turned["console_primary_deg"]) - 25.0).abs() < 0.06);
    assert!((number(&turned["console_secondary_deg"]) - 10.0).abs() < 0.06);
}

/// Where a point falls, by turning the patient instead of the C-arm: the beam then runs along −y
/// of a supine patient, as DICOM's own zero position has it. Shares no formula with the program.
fn falls(point: DVec3, isocenter: DVec3, angles: [f64; 2], sid: f64, sod: f64) -> [f64; 2] {
    let [primary, secondary] = angles.map(f64::to_radians);
    // The C-arm is brought from zero to its place by a turn about x (cranial: the receptor leaves
    // −y toward +z), then one about z (LAO: from −y toward +x).
    let turn = DMat3::from_rotation_z(primary) * DMat3::from_rotation_x(-secondary);
    let at = turn.transpose() * (point - isocenter);
    let depth = sod - at.y;
    [at.x * sid / depth, -at.z * sid / depth]
}

/// Numbers that look random and are the same every time.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6364136223846793005)
            .wrapping_add(1442695040888963407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn between(&mut self, least: f64, greatest: f64) -> f64 {
        least + (greatest - least) * self.next()
    }

    fn point(&mut self, reach_mm: f64) -> DVec3 {
        DVec3::from_array([0; 3].map(|_| self.between(-reach_mm, reach_mm)))
    }
}

#[test]
fn random_needles_fall_where_an_independent_computation_puts_them() {
    let mut noise = Noise(7);
    let needles: Vec<(DVec3, DVec3)> = (0..400)
        .map(|_| {
            let target = noise.point(120.0);
            let way = loop {
                let way = noise.point(1.0);
                if (0.2..1.0).contains(&way.length()) {
                    break way.try_normalize().unwrap() * noise.between(30.0, 180.0);
                }
            };
            (target + way, target)
        })
        .collect();
    let folder = tempfile::tempdir().unwrap();
    let plan = write_plan(folder.path(), Some("HFS"), &needles);
    let isocenter = DVec3::new(12.0, -7.5, 33.0);
    let at = "12,-7.5,33";
    for (sid, sod, about) in [(1000.0, 700.0, None), (1180.0, 745.0, Some(isocenter))] {
        let (sid_text, sod_text) = (sid.to_string(), sod.to_string());
        let mut args = vec![plan.as_str(), "--sid", &sid_text, "--sod", &sod_text];
        if about.is_some() {
            args.extend(["--isocenter", at]);
        }
        let value = carm(&args);
        let mut worst_mm = 0.0_f64;
        let mut seen = 0;
        for ((entry, target), aimed) in needles.iter().zip(value["needles"].as_array().unwrap()) {
            for view in aimed["views"].as_array().unwrap() {
                let angles = ["primary_deg", "secondary_deg"].map(|key| number(&view[key]));
                let center = about.unwrap_or(*target);
                for (point, key) in [
                    (entry, "entry_on_receptor_mm"),
                    (target, "target_on_receptor_mm"),
                ] {
                    let wanted = falls(*point, center, angles, sid, sod);
                    let found = &view["seen"][key];
                    for (axis, wanted) in wanted.into_iter().enumerate() {
                        worst_mm = worst_mm.max((number(&found[axis]) - wanted).abs());
                        seen += 1;
                    }
                }
            }
            // End-on: with the target at the isocentre, or corrected for where it is.
            let purpose = about.map_or("bulls_eye", |_| "bulls_eye_off_center");
            let apart_mm = number(&view(aimed, purpose)["seen"]["apart_on_receptor_mm"]);
            assert!(apart_mm < 0.01, "{apart_mm} mm");
        }
        assert!(seen >= 400 * 5 * 4);
        assert!(worst_mm < 0.01, "{worst_mm} mm on the receptor");
    }
}

#[test]
fn text_names_limits_and_reasons() {
    let folder = tempfile::tempdir().unwrap();
    // Row 6: on the side, a C-arm at the table side cannot get there.
    let entry = DVec3::new(10.0, 91.5, -40.2);
    let plan = write_plan(
        folder.path(),
        Some("HFDR"),
        &[(entry, DVec3::new(0.0, 35.0, 0.0))],
    );
    let output = stylet(&["carm", &plan]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success());
    for words in [
        "[mobile-side-left]",
        "head first, right side down (HFDR)",
        "proposals in part",
        "out of reach: orbital 13.8° beyond 40.0°, tilt 16.0° beyond −60.0° (needs orbital 53.8°, \
         tilt −76.0°)",
        "from progress 1)",
        "entry from target 0.00 mm on the receptor",
    ] {
        assert!(text.contains(words), "{words} in {text}");
    }
    let plan = write_plan(folder.path(), None, &[ROW_1]);
    let value = carm(&[&plan]);
    let bulls_eye = view(&value["needles"][0], "bulls_eye");
    assert!(bulls_eye["reach"].is_null() && bulls_eye["console_primary_deg"].is_null());
    let why = bulls_eye["reasons"]["reach"].as_str().unwrap();
    assert!(why.contains("patient position"), "{why}");
}

#[test]
fn what_makes_no_sense_is_refused_in_words() {
    let folder = tempfile::tempdir().unwrap();
    let plan = write_plan(folder.path(), Some("HFP"), &[ROW_1]);
    for (args, words) in [
        (vec!["--profile", "flying"], "there are mobile-side-left"),
        (vec!["--position", "LYING"], "no patient position"),
        (vec!["--sid", "700", "--sod", "900"], "below SID"),
        (vec!["--sid", "NaN"], "below SID"),
        (vec!["--isocenter", "1,2"], "X,Y,Z"),
        (vec!["--carms", "nowhere/at/all"], "No folder of C-arms"),
    ] {
        let mut all = vec!["carm", plan.as_str()];
        all.extend(args);
        let output = stylet(&all);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(words), "{told}");
    }
    // An own C-arm is taken by its id, a bad file is warned of by line.
    let carms = folder.path().join("carms");
    std::fs::create_dir(&carms).unwrap();
    let ours = include_str!("../assets/carms/mobile-head.toml");
    let own = ours.replacen("\"mobile-head\"", "\"theatre-3\"", 1);
    std::fs::write(carms.join("own.toml"), own).unwrap();
    std::fs::write(carms.join("bad.toml"), ours.replacen("sid_mm", "sid_cm", 1)).unwrap();
    let carms = carms.to_str().unwrap();
    let output = stylet(&["carm", &plan, "--carms", carms, "--profile", "theatre-3"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{told}");
    assert!(
        told.contains("bad.toml, line") && told.contains("write sid_mm"),
        "{told}"
    );
    assert!(String::from_utf8_lossy(&output.stdout).contains("[theatre-3]"));
    // Distances that a C-arm does not have are warned of and used.
    let output = stylet(&["carm", &plan, "--sid", "1300", "--json"]);
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && told.contains("SID 1300 mm"),
        "{told}"
    );
}
