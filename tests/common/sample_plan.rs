//! Plans on a coarse sample study, and the program as a process.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test program uses its own part, and may fail loudly anywhere"
)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};
use stylet::volume::phantom::{PhantomGrid, write_sample_study};

/// A folder with the sample study, its truth and room for plans.
pub struct Sample {
    folder: tempfile::TempDir,
    truth: Value,
}

impl Sample {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let go = &|_| std::ops::ControlFlow::Continue(());
        write_sample_study(0, &PhantomGrid::coarse(), &folder.path().join("study"), go).unwrap();
        let text = std::fs::read_to_string(folder.path().join("study/truth.json")).unwrap();
        Self {
            truth: serde_json::from_str(&text).unwrap(),
            folder,
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn study(&self) -> String {
        text(&self.path("study"))
    }

    /// A needle on a target of the truth, meant for a side.
    pub fn needle(
        &self,
        name: &str,
        [kind, level, side]: [&str; 3],
        (procedure, declared): (&str, &str),
    ) -> Value {
        let targets = self.truth["targets"].as_array().unwrap();
        let found = targets
            .iter()
            .find(|t| t["kind"] == kind && t["level"] == level && t["side"] == side)
            .unwrap_or_else(|| panic!("no {side} {kind} at {level} in truth.json"));
        json!({
            "name": name,
            "entry": found["path"]["entry_lps_mm"],
            "target": found["point_lps_mm"],
            "needle": "quincke-22g-127",
            "intent": {"procedure": procedure, "level": level, "side": declared},
        })
    }

    /// The middle of the dural sac at a level: a target that no path may have.
    pub fn in_the_sac(&self, level: &str) -> Value {
        let vertebra = self.vertebra(level);
        let center = point(&vertebra["centre_lps_mm"]);
        let spinous = point(&vertebra["spinous_tip_lps_mm"]);
        let at = |share: f64| -> Vec<f64> {
            (0..3)
                .map(|axis| center[axis] + share * (spinous[axis] - center[axis]))
                .collect()
        };
        // The canal lies a good third of the way from the middle of the body to the spinous tip.
        json!({"name": "through the sac", "entry": at(1.2), "target": at(0.4),
               "needle": "quincke-22g-127"})
    }

    fn vertebra(&self, level: &str) -> &Value {
        let all = self.truth["vertebrae"].as_array().unwrap();
        all.iter().find(|v| v["level"] == level).unwrap()
    }

    /// The vertebrae of the truth as a person would have labelled them.
    pub fn spine(&self) -> Value {
        let all = self.truth["vertebrae"].as_array().unwrap();
        let labels: Vec<Value> = all
            .iter()
            .map(|v| {
                json!({"vertebra": v["level"], "body": v["centre_lps_mm"],
                       "spinous_process": v["spinous_tip_lps_mm"]})
            })
            .collect();
        json!({"labels": labels})
    }

    /// Writes a plan and gives its path.
    pub fn plan(&self, name: &str, needles: &[Value]) -> String {
        let plan = json!({"schema": "stylet-plan/1", "coordinate_system": "LPS", "unit": "mm",
            "patient_position": "HFP", "spine": self.spine(), "trajectories": needles});
        let path = self.path(name);
        std::fs::write(&path, plan.to_string()).unwrap();
        text(&path)
    }
}

fn point(value: &Value) -> [f64; 3] {
    serde_json::from_value(value.clone()).unwrap()
}

pub fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

pub fn stylet(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_stylet"))
        .args(args)
        .output()
        .unwrap()
}

pub fn said(output: &Output) -> String {
    format!(
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
