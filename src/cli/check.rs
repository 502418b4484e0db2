//! `stylet check`: every needle of a plan against procedure, structures and spine.

use clap::Args;
use serde_json::{Value, json};

use super::plan_audit::{AuditArgs, PlanAudit};
use super::{CliError, print_json, print_line, warn_line};
use crate::assess::audit_json::unchecked;
use crate::assess::clearance::Verdict;
use crate::assess::{AuditJson, MeasuredStructure, StructureClearance};
use crate::export::audited::AuditedNeedle;
use crate::plan::Finding;

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    #[command(flatten)]
    given: AuditArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Prints what every needle keeps and breaks.
///
/// # Errors
/// Exit code 1 when a stop margin is broken, overridden or not, or side or level are wrong and not
/// overridden; 2 when something cannot be read.
pub fn run(args: &CheckArgs) -> Result<(), CliError> {
    let audit = args.given.audit()?;
    if args.json {
        print_json(&json_of(&audit))?;
    } else {
        for needle in &audit.audited.needles {
            print_needle(needle)?;
        }
    }
    let needles = &audit.audited.needles;
    if needles.is_empty() {
        warn_line("the plan has no needle: nothing was checked");
    }
    if audit.structures.measured.is_empty() {
        warn_line(
            "there are no structures: clearances are not known; give --structures, or draw them",
        );
    }
    let unknown: usize = needles.iter().map(|needle| unchecked(&needle.audit)).sum();
    if unknown > 0 {
        warn_line(&format!(
            "{unknown} margins could not be checked, which does not mean that they are kept"
        ));
    }
    let broken: Vec<String> = needles.iter().flat_map(faults).collect();
    if broken.is_empty() {
        Ok(())
    } else {
        Err(CliError::Failure(broken.join("\n")))
    }
}

/// Sentences that end the command with exit code 1.
fn faults(needle: &AuditedNeedle) -> Vec<String> {
    let blocks = |(objection, words, reason): crate::export::audited::Standing| {
        let stops = objection == crate::plan::Objection::StopMargin;
        let overridden = match &reason {
            Some(reason) => format!(" (overridden: {reason})"),
            None => String::new(),
        };
        (stops || reason.is_none()).then(|| format!("{}: {words}{overridden}", needle.name))
    };
    needle.standing().into_iter().filter_map(blocks).collect()
}

fn json_of(audit: &PlanAudit) -> Value {
    let needles = &audit.audited.needles;
    let one = |needle: &AuditedNeedle| {
        AuditJson::of(&needle.trajectory, &needle.audit, &needle.standing())
    };
    let structure = |measured: &MeasuredStructure| {
        let structure = &measured.structure;
        json!({
            "name": structure.name,
            "kind": structure.kind,
            "code": structure.code.as_ref().map(|code| json!({
                "value": code.value, "scheme": code.scheme, "meaning": code.meaning,
            })),
            "voxels": structure.mask.count(),
            "reason": measured.field.as_ref().err(),
        })
    };
    let all = &audit.structures;
    let faults: Vec<String> = needles.iter().flat_map(faults).collect();
    json!({
        "trajectories": needles.iter().map(one).collect::<Vec<_>>(),
        "structures": all.measured.iter().map(structure).collect::<Vec<_>>(),
        "warnings": all.warnings,
        "stop_margin_broken": needles.iter().any(|needle| needle.audit.breaks_stop_margin()),
        "unchecked": needles.iter().map(|needle| unchecked(&needle.audit)).sum::<usize>(),
        "faults": faults,
    })
}

fn print_needle(needle: &AuditedNeedle) -> Result<(), CliError> {
    let audit = &needle.audit;
    super::readout::print_text(&needle.name, &audit.path)?;
    let row = |label: &str, text: &str| print_line(&format!("  {label:<28} {text}"));
    let mm = |value: &Result<f64, String>| match value {
        Ok(mm) => format!(
            "{:.1} mm {}",
            mm.abs(),
            if *mm < 0.0 { "right" } else { "left" }
        ),
        Err(why) => format!("– ({why})"),
    };
    row("entry from midline", &mm(&audit.spine.entry_offset_mm))?;
    row("target from midline", &mm(&audit.spine.target_offset_mm))?;
    let tilt = match &audit.spine.relative_tilt {
        Ok(tilt) => format!("{:.1}°", tilt.0),
        Err(why) => format!("– ({why})"),
    };
    row("tilt to squared end-plate", &tilt)?;
    let finding = |finding: &Option<Finding>| match finding {
        Some(finding) => format!("{}: {}", finding.key(), finding.words()),
        None => "not declared".to_owned(),
    };
    row("side", &finding(&audit.guard.side))?;
    row("level", &finding(&audit.guard.level))?;
    for check in &audit.ranges {
        let sign = check.verdict.sign();
        print_line(&format!("  {sign} {}", check.words))?;
    }
    if let Some(note) = &audit.margin_note {
        row("margins", note)?;
    }
    let tolerance = match &audit.tolerance {
        Ok(found) => format!(
            "{:.1}°, target radius {:.1} mm{}, limited by {}",
            found.half_angle.0,
            found.target_radius_mm,
            if found.is_default_radius {
                " (proposal)"
            } else {
                ""
            },
            found.limit
        ),
        Err(why) => format!("– ({why})"),
    };
    row("tolerance at the hub", &tolerance)?;
    // What is clear and beyond what was measured is only counted; JSON has all.
    let far = |found: &&StructureClearance| {
        found.is_bound() && matches!(found.verdict, Some(Verdict::Clear) | None)
    };
    for found in audit.clearances.iter().filter(|found| !far(found)) {
        print_line(&format!("  {}", clearance(found)))?;
    }
    let farther = audit.clearances.iter().filter(far).count();
    if farther > 0 {
        print_line(&format!(
            "  ok   {farther} more, farther away than was measured"
        ))?;
    }
    for (_, words, reason) in needle.standing() {
        match reason {
            Some(reason) => print_line(&format!("  OVERRIDDEN {words} ({reason})"))?,
            None => print_line(&format!("  OBJECTION {words}"))?,
        }
    }
    Ok(())
}

fn clearance(found: &StructureClearance) -> String {
    let sign = match &found.verdict {
        Some(Verdict::Stop) => "STOP",
        Some(Verdict::Warn) => "warn",
        Some(Verdict::Unknown(_)) => "?   ",
        Some(Verdict::Clear) => "ok  ",
        None => "    ",
    };
    let distance = match (&found.clearance, found.gap_mm()) {
        (Ok(_), Some(mm)) if found.is_bound() => format!("more than {mm:.1} mm"),
        (Ok(known), Some(mm)) => format!("{mm:.1} mm at {:.0} mm", known.along_mm),
        (Err(why), _) => format!("– ({why})"),
        (Ok(_), None) => "–".to_owned(),
    };
    let margin = found.margin.as_ref();
    let end = |name: &str, mm: Option<f64>| {
        mm.map_or_else(String::new, |mm| format!(", {name} below {mm} mm"))
    };
    let margins = format!(
        "{}{}",
        end("stop", margin.and_then(|margin| margin.stop_mm)),
        end("warn", margin.and_then(|margin| margin.warn_mm))
    );
    format!("{sign} {:<32} {distance}{margins}", found.name)
}
