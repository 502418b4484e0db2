//! One needle of the `check` command's JSON.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::audit::{NeedleAudit, StructureClearance, Tolerance};
use super::clearance::Verdict;
use super::path::ReadoutJson;
use crate::plan::procedure::{Allowed, Part, RangeCheck};
use crate::plan::{Finding, Known, Objection, SpineReadout, Trajectory};

/// Readouts, spine, guard, ranges, clearances, tolerance and objections under the names that
/// `docs/cli.md` gives: numbers or null, and why null.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct AuditJson(pub Value);

impl AuditJson {
    /// Collects what `audit` says of `needle`. `standing` are its objections, overridden or not.
    pub fn of(
        needle: &Trajectory,
        audit: &NeedleAudit,
        standing: &[(Objection, String, Option<String>)],
    ) -> Self {
        let ReadoutJson(mut object) = ReadoutJson::of(&needle.name, &audit.path);
        let intent = needle.intent.as_ref();
        let objections: Vec<Value> = standing
            .iter()
            .map(|(objection, words, reason)| {
                json!({
                    "objection": objection,
                    "words": words,
                    "overridden": reason.is_some(),
                    "override_reason": reason,
                })
            })
            .collect();
        let clearances: Vec<Value> = audit.clearances.iter().map(clearance).collect();
        let ranges: Vec<Value> = audit.ranges.iter().map(range).collect();
        for (key, value) in [
            ("needle", json!(needle.needle)),
            ("procedure", json!(intent.map(|intent| &intent.procedure))),
            ("level", json!(intent.and_then(|intent| intent.level))),
            ("side", json!(intent.and_then(|intent| intent.side))),
            ("spine", spine(&audit.spine)),
            (
                "guard",
                json!({
                    "side": audit.guard.side.as_ref().map(finding),
                    "level": audit.guard.level.as_ref().map(finding),
                }),
            ),
            ("ranges", Value::Array(ranges)),
            ("clearances", Value::Array(clearances)),
            ("margin_note", json!(audit.margin_note)),
            ("tolerance", tolerance(&audit.tolerance)),
            ("objections", Value::Array(objections)),
            ("stop_margin_broken", json!(audit.breaks_stop_margin())),
            ("unchecked", json!(unchecked(audit))),
        ] {
            object[key] = value;
        }
        Self(object)
    }
}

/// Margins whose distance is not known: never to be taken for kept.
pub fn unchecked(audit: &NeedleAudit) -> usize {
    let unknown = |found: &&StructureClearance| matches!(found.verdict, Some(Verdict::Unknown(_)));
    audit.clearances.iter().filter(unknown).count()
}

fn finding(finding: &Finding) -> Value {
    json!({"finding": finding.key(), "words": finding.words()})
}

/// Numbers under their keys and, under `reasons`, why some are null.
struct Numbers {
    object: Map<String, Value>,
    reasons: Map<String, Value>,
}

impl Numbers {
    fn new() -> Self {
        Self {
            object: Map::new(),
            reasons: Map::new(),
        }
    }

    fn add(&mut self, key: &str, value: Known<Value>) {
        let value = value.unwrap_or_else(|reason| {
            self.reasons.insert(key.to_owned(), Value::String(reason));
            Value::Null
        });
        self.object.insert(key.to_owned(), value);
    }

    fn finish(mut self) -> Value {
        if !self.reasons.is_empty() {
            self.object
                .insert("reasons".to_owned(), Value::Object(self.reasons));
        }
        Value::Object(self.object)
    }
}

fn spine(spine: &SpineReadout) -> Value {
    let mut numbers = Numbers::new();
    let mm = |value: &Known<f64>| value.clone().map(|mm| json!(mm));
    numbers.add("entry_from_midline_mm", mm(&spine.entry_offset_mm));
    numbers.add("target_from_midline_mm", mm(&spine.target_offset_mm));
    numbers.add("heading", spine.heading.clone().map(|word| json!(word)));
    let squared = spine.squared_to.clone().map(|vertebra| json!(vertebra));
    numbers.add("squared_to", squared);
    let tilt = spine.relative_tilt.clone().map(|tilt| json!(tilt.0));
    numbers.add("relative_tilt_deg", tilt);
    let angles = &spine.vertebra_angles;
    let oblique = angles.clone().map(|pair| json!(pair.oblique.0));
    numbers.add("vertebra_oblique_deg", oblique);
    let tilt = angles.clone().map(|pair| json!(pair.tilt.0));
    numbers.add("vertebra_tilt_deg", tilt);
    numbers.finish()
}

fn range(check: &RangeCheck) -> Value {
    let verdict = match check.verdict {
        crate::plan::procedure::Verdict::Kept => "kept",
        crate::plan::procedure::Verdict::Broken => "broken",
        crate::plan::procedure::Verdict::Unknown => "unknown",
    };
    json!({
        "range": check.quantity.map_or("needle_length_mm", |quantity| quantity.key()),
        "value": check.value.as_ref().ok(),
        "reason": check.value.as_ref().err(),
        "min": check.min,
        "max": check.max,
        "verdict": verdict,
        "proposal": check.proposal,
        "source": check.source.to_string(),
        "words": check.words,
    })
}

fn clearance(found: &StructureClearance) -> Value {
    let (verdict, reason) = match &found.verdict {
        None => ("no-margin", None),
        Some(Verdict::Clear) => ("clear", None),
        Some(Verdict::Warn) => ("warn", None),
        Some(Verdict::Stop) => ("stop", None),
        Some(Verdict::Unknown(reason)) => ("unknown", Some(reason)),
    };
    let known = found.clearance.as_ref().ok();
    let margin = found.margin.as_ref();
    json!({
        "structure": found.name,
        "kind": margin.map(|margin| &margin.kind),
        "distance_mm": found.gap_mm(),
        "at_least": found.is_bound(),
        "along_mm": known.map(|known| known.along_mm),
        "enters_at_mm": known.and_then(|known| known.enters_at_mm),
        "on_axis_lps_mm": known.map(|known| known.on_axis),
        "part": margin.map(|margin| match margin.part {
            Part::Path => "path",
            Part::Tip => "tip",
        }),
        "allowed": margin.map(|margin| match margin.allowed {
            Allowed::No => "no",
            Allowed::End => "end",
            Allowed::Cross => "cross",
        }),
        "stop_mm": margin.and_then(|margin| margin.stop_mm),
        "warn_mm": margin.and_then(|margin| margin.warn_mm),
        "source": margin.map(|margin| margin.source.to_string()),
        "verdict": verdict,
        "reason": reason.or(found.clearance.as_ref().err()),
    })
}

fn tolerance(tolerance: &Known<Tolerance>) -> Value {
    match tolerance {
        Ok(found) => json!({
            "half_angle_deg": found.half_angle.0,
            "target_radius_mm": found.target_radius_mm,
            "is_default_radius": found.is_default_radius,
            "limit": found.limit,
        }),
        Err(reason) => json!({
            "half_angle_deg": null,
            "target_radius_mm": null,
            "reasons": {"half_angle_deg": reason},
        }),
    }
}
