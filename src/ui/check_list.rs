//! What is held against a needle: ranges of its procedure, declared side and level, what stands
//! against an export.

use egui::{
    Button, CollapsingHeader, Color32, Frame, Margin, RichText, Role, Stroke, Ui, WidgetInfo,
};

use super::clearance_list::clearances_ui;
use super::override_dialog::{self, Question};
use super::{format, rows, theme};
use crate::app::AppState;
use crate::app::command::{CommandQueue, PlanCommand};
use crate::assess::NeedleAudit;
use crate::plan::procedure::{RangeCheck, Verdict};
use crate::plan::{Finding, Objection, PlanEdit, Trajectory};

/// Draws what keeps the plan from being exported, and what was overridden.
pub fn objections_ui(ui: &mut Ui, needle: &Trajectory, state: &AppState, queue: &mut CommandQueue) {
    let Some(audit) = state.audit_of(needle.id) else {
        return;
    };
    for (objection, words) in &audit.objections {
        let frame = Frame::new()
            .stroke(Stroke::new(1.5, theme::ERROR))
            .inner_margin(Margin::symmetric(8, 5))
            .corner_radius(3.0);
        frame.show(ui, |ui| {
            let title = format!("× {}: ", capital(objection.words()));
            rows::line(ui, &[(&title, theme::ERROR), (words, theme::TEXT)]);
            let button = ui.add(Button::new("Override…").small());
            let name = format!("Override {}…", objection.words());
            button.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
            let why = "The plan cannot be exported until the needle or its procedure is changed, or \
                       the reason why it is right is written down";
            if button.on_hover_text(why).clicked() {
                override_dialog::ask(ui.ctx(), Question::about(needle.id, *objection, words));
            }
        });
    }
    for taken in &needle.overrides {
        let still = is_objected(&audit, taken.objection);
        ui.horizontal_wrapped(|ui| {
            let words = format!("Overridden, {}: ", taken.objection.words());
            let now = if still {
                ""
            } else {
                " (nothing is objected to now)"
            };
            rows::line(
                ui,
                &[
                    (&words, theme::WARNING),
                    (&taken.reason, theme::TEXT),
                    (now, theme::FAINT),
                ],
            );
            let button = ui.add(Button::new("Withdraw").small());
            let name = format!("Withdraw override of {}", taken.objection.words());
            button.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
            if button.clicked() {
                let edit = PlanEdit::SetOverride {
                    id: needle.id,
                    objection: taken.objection,
                    reason: None,
                };
                queue.push(PlanCommand::Edit("Withdraw override", edit));
            }
        });
    }
    override_dialog::override_ui(ui.ctx(), state, queue);
}

/// Whether an objection would stand without its override.
fn is_objected(audit: &NeedleAudit, objection: Objection) -> bool {
    let disagrees = |finding: &Option<Finding>| matches!(finding, Some(Finding::Disagrees(_)));
    match objection {
        Objection::WrongSide => disagrees(&audit.guard.side),
        Objection::WrongLevel => disagrees(&audit.guard.level),
        Objection::StopMargin => audit.breaks_stop_margin(),
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    format!("{first}{}", letters.as_str())
}

/// Draws side, level, ranges and clearances of a needle.
pub fn checks_ui(ui: &mut Ui, needle: &Trajectory, state: &AppState, queue: &mut CommandQueue) {
    let Some(audit) = state.audit_of(needle.id) else {
        return;
    };
    if needle.intent.is_some() {
        let title = RichText::new(summary(&audit)).strong().color(worst(&audit));
        CollapsingHeader::new(title)
            .id_salt("checks")
            .default_open(true)
            .show_unindented(ui, |ui| {
                finding_ui(ui, "Side", audit.guard.side.as_ref());
                finding_ui(ui, "Level", audit.guard.level.as_ref());
                for check in &audit.ranges {
                    range_ui(ui, check);
                }
                if audit.ranges.is_empty() {
                    let words = "Its ranges show once the level is chosen";
                    ui.label(RichText::new(words).color(theme::FAINT));
                }
            });
    }
    clearances_ui(ui, needle, state, (&audit, queue));
}

/// `Checks: 4 √  1 !  2 ?`.
fn summary(audit: &NeedleAudit) -> String {
    let mut words = "Checks:".to_owned();
    for wanted in [Verdict::Kept, Verdict::Broken, Verdict::Unknown] {
        let ranges = audit.ranges.iter().filter(|check| check.verdict == wanted);
        let findings = [&audit.guard.side, &audit.guard.level]
            .into_iter()
            .flatten();
        let found = ranges.count() + findings.filter(|found| look(found).0 == wanted).count();
        if found > 0 {
            words.extend(["  ", &found.to_string(), " ", sign(wanted)]);
        }
    }
    words
}

fn worst(audit: &NeedleAudit) -> Color32 {
    let findings = [&audit.guard.side, &audit.guard.level];
    let disagrees = |found: &&Option<Finding>| matches!(found, Some(Finding::Disagrees(_)));
    if findings.iter().any(disagrees) {
        return theme::ERROR;
    }
    let verdicts = audit.ranges.iter().map(|check| check.verdict);
    let all = verdicts.chain(findings.into_iter().flatten().map(|found| look(found).0));
    let mut color = theme::INFO;
    for verdict in all {
        match verdict {
            Verdict::Broken => return theme::WARNING,
            Verdict::Unknown => color = theme::LABEL,
            Verdict::Kept => {}
        }
    }
    color
}

/// The sign of a verdict in letters that the bundled font has: ✓ is missing from it, and √ is not.
fn sign(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Kept => "√",
        Verdict::Broken | Verdict::Unknown => verdict.sign(),
    }
}

/// How a finding counts, its word and its colour.
fn look(found: &Finding) -> (Verdict, &'static str, Color32) {
    match found {
        Finding::Agrees(_) => (Verdict::Kept, "agrees", theme::INFO),
        Finding::Unknown(_) => (Verdict::Unknown, "not known", theme::FAINT),
        Finding::Doubtful(_) => (Verdict::Broken, "doubtful", theme::WARNING),
        Finding::Disagrees(_) => (Verdict::Broken, "disagrees", theme::ERROR),
    }
}

fn finding_ui(ui: &mut Ui, what: &str, found: Option<&Finding>) {
    let Some(found) = found else { return };
    let (verdict, word, color) = look(found);
    let head = format!("{} {what} {word}: ", sign(verdict));
    rows::line(ui, &[(&head, color), (found.words(), theme::TEXT)]);
}

/// One range: sign, what, the number, the range; what it rests on in the hover text.
fn range_ui(ui: &mut Ui, check: &RangeCheck) {
    let color = match check.verdict {
        Verdict::Kept => theme::INFO,
        Verdict::Broken => theme::WARNING,
        Verdict::Unknown => theme::FAINT,
    };
    let (value, reason) = format::known(&check.value_words(), |words| words);
    let sign = format!("{} ", sign(check.verdict));
    let name = format!("{} ", check.name);
    let proposal = if check.proposal { "  proposal" } else { "" };
    let range = format!("   {}{proposal}", check.range_words());
    let value_color = if check.verdict == Verdict::Broken {
        theme::WARNING
    } else {
        theme::TEXT
    };
    let row = rows::line(
        ui,
        &[
            (&sign, color),
            (&name, theme::FAINT),
            (&value, value_color),
            (&range, theme::FAINT),
        ],
    );
    let mut words = check.words.clone();
    words.extend(reason.map(|reason| format!("\n{reason}")));
    words.extend(["\nSource: ", &check.source.to_string()]);
    if check.source.is_unverified() {
        words.push_str(" (recall or without a mark: verify)");
    }
    row.on_hover_text(words);
}
