//! The lists of a procedure sheet out of procedure, guard and audit.

use super::audited::{AuditedNeedle, AuditedPlan};
use super::sheet::Lists;
use crate::plan::procedure::{Bounds, SourcedRange, Statement, Unit, View};
use crate::plan::{Finding, Objection};

/// All lists of one needle; `hide` takes away what tells who the patient is.
pub(super) fn lists_of(
    needle: &AuditedNeedle,
    audited: &AuditedPlan,
    hide: &dyn Fn(&str) -> String,
) -> Lists {
    let procedure = needle.procedure.as_ref();
    let shared = &audited.shared;
    // One line each: what the blocks ask for in detail would push the procedure's own off the page.
    let blocks = shared.checklist.iter().map(|block| block.title.clone());
    let mut lists = Lists {
        overrides: overrides(needle, hide),
        checklist: blocks.collect(),
        stop_rules: shared.stop_rules.iter().map(sentence).collect(),
        notes: notes(needle),
        ..Lists::default()
    };
    let Some(procedure) = procedure else {
        return lists;
    };
    let before = |own: &[Statement], rest: &mut Vec<String>| {
        let own: Vec<String> = own.iter().map(sentence).collect();
        rest.splice(0..0, own);
    };
    before(&procedure.checklist, &mut lists.checklist);
    before(&procedure.stop_rules, &mut lists.stop_rules);
    lists.views = procedure.views.iter().map(view).collect();
    let ends = procedure.end_point.iter();
    lists.end_point = ends
        .chain(&procedure.contrast_pattern)
        .map(sentence)
        .collect();
    // One entry, so that none is left out where the page is full.
    let volumes: Vec<String> = procedure
        .volumes
        .iter()
        .map(|volume| format!("{} {}", volume.what, range(&volume.ml, Unit::Ml)))
        .collect();
    lists.volumes = vec![volumes.join("; ")];
    lists
}

fn sentence(statement: &Statement) -> String {
    if statement.source.is_proposal() {
        format!("{} (proposal)", statement.text)
    } else {
        statement.text.clone()
    }
}

fn range(range: &SourcedRange, unit: Unit) -> String {
    let proposal = if range.is_proposal() {
        " (proposal)"
    } else {
        ""
    };
    let note = range.note.as_deref().map(|note| format!(", {note}"));
    let bounds = range.bounds.words(unit);
    format!("{bounds}{}{proposal}", note.unwrap_or_default())
}

fn view(view: &View) -> String {
    let side = |bounds: &SourcedRange| match (bounds.bounds.min(), bounds.bounds.max()) {
        (Some(min), _) if min > 0.0 => " ipsilateral",
        (_, Some(max)) if max < 0.0 => " contralateral",
        _ => "",
    };
    let oblique = view.oblique.as_ref();
    let oblique = oblique.map(|oblique| format!("oblique {}{}", degrees(oblique), side(oblique)));
    let tilt = view.tilt.as_ref();
    let tilt = tilt.map(|tilt| format!("tilt {} (+ cephalad)", degrees(tilt)));
    let angles: Vec<String> = oblique.into_iter().chain(tilt).collect();
    match angles.as_slice() {
        [] => format!("{}: {}", view.name, view.see),
        angles => format!("{} ({}): {}", view.name, angles.join(", "), view.see),
    }
}

/// Bounds of an angle; a single one without the tolerance it is checked with.
fn degrees(range: &SourcedRange) -> String {
    match range.bounds {
        Bounds::About(value) => Bounds::Exactly(value).words(Unit::Degrees),
        bounds => bounds.words(Unit::Degrees),
    }
}

fn overrides(needle: &AuditedNeedle, hide: &dyn Fn(&str) -> String) -> Vec<String> {
    needle
        .standing()
        .into_iter()
        .filter_map(|(objection, words, reason)| {
            let title = match objection {
                Objection::WrongSide => "WRONG SIDE",
                Objection::WrongLevel => "WRONG LEVEL",
                Objection::StopMargin => "STOP MARGIN",
            };
            let reason = hide(&reason?);
            Some(format!("{title}: {}. Reason given: {reason}", hide(&words)))
        })
        .collect()
}

/// What a person must know and no table of the sheet has room for.
fn notes(needle: &AuditedNeedle) -> Vec<String> {
    let audit = &needle.audit;
    let mut notes = Vec::new();
    for (what, finding) in [("Side", &audit.guard.side), ("Level", &audit.guard.level)] {
        match finding {
            Some(Finding::Unknown(words)) => notes.push(format!("{what} NOT CHECKED: {words}")),
            Some(Finding::Doubtful(words)) => notes.push(format!("{what} IN DOUBT: {words}")),
            _ => {}
        }
    }
    notes.extend(audit.margin_note.clone());
    if let Ok(tolerance) = &audit.tolerance {
        let proposal = if tolerance.is_default_radius {
            " (proposal)"
        } else {
            ""
        };
        notes.push(format!(
            "Tolerance: target radius {:.1} mm{proposal}, limited by {}",
            tolerance.target_radius_mm, tolerance.limit
        ));
    }
    let without: Vec<String> = audit
        .clearances
        .iter()
        .filter(|found| found.verdict.is_none())
        .filter_map(|found| {
            let least = if found.is_bound() { "more than " } else { "" };
            Some(format!("{} {least}{:.1} mm", found.name, found.gap_mm()?))
        })
        .take(4)
        .collect();
    if !without.is_empty() {
        notes.push(format!("Measured, no margin known: {}", without.join(", ")));
    }
    notes
}
