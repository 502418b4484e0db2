//! How far the selected needle passes from each structure, and how wrong its angle may be.

use egui::{CollapsingHeader, Color32, DragValue, RichText, Role, Ui, WidgetInfo};

use super::{format, rows, theme};
use crate::app::AppState;
use crate::app::command::{CommandQueue, PlanCommand, ViewCommand};
use crate::assess::audit::DEFAULT_TARGET_RADIUS_MM;
use crate::assess::{NeedleAudit, StructureClearance, Verdict};
use crate::plan::procedure::{Allowed, Part, StructureMargin};
use crate::plan::{PlanEdit, Trajectory};

/// So many of those beyond every margin are listed, the nearest.
const NEAREST: usize = 5;

/// Draws the list and the tolerance; nothing where there is neither path nor structure.
pub fn clearances_ui(
    ui: &mut Ui,
    needle: &Trajectory,
    state: &AppState,
    (audit, queue): (&NeedleAudit, &mut CommandQueue),
) {
    if needle.segment().is_none() {
        return;
    }
    let title = RichText::new(summary(audit)).strong().color(worst(audit));
    CollapsingHeader::new(title)
        .id_salt("clearances")
        .default_open(true)
        .show_unindented(ui, |ui| {
            if let Some(note) = &audit.margin_note {
                ui.label(RichText::new(note).color(theme::FAINT));
            }
            list_ui(ui, audit, queue);
            if let Some(progress) = state.structures.progress() {
                ui.label(RichText::new(progress).color(theme::FAINT));
            }
            tolerance_ui(ui, needle, state, (audit, queue));
        });
}

/// `Clearances: 1 stop, 2 near`.
fn summary(audit: &NeedleAudit) -> String {
    let count = |wanted: fn(&Verdict) -> bool| {
        let verdicts = audit
            .clearances
            .iter()
            .filter_map(|found| found.verdict.as_ref());
        verdicts.filter(|verdict| wanted(verdict)).count()
    };
    let parts: Vec<String> = [
        (count(|verdict| *verdict == Verdict::Stop), "× stop"),
        (count(|verdict| *verdict == Verdict::Warn), "! near"),
        (
            count(|verdict| matches!(verdict, Verdict::Unknown(_))),
            "? not known",
        ),
        (count(|verdict| *verdict == Verdict::Clear), "√ clear"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    if parts.is_empty() {
        return "Clearances: no structures".to_owned();
    }
    format!("Clearances: {}", parts.join("  "))
}

fn worst(audit: &NeedleAudit) -> Color32 {
    let first = audit.clearances.first();
    first.map_or(theme::FAINT, |found| look(found.verdict.as_ref()).1)
}

/// Sign with word, and colour.
fn look(verdict: Option<&Verdict>) -> (&'static str, Color32) {
    match verdict {
        Some(Verdict::Stop) => ("× stop", theme::ERROR),
        Some(Verdict::Warn) => ("! near", theme::WARNING),
        Some(Verdict::Unknown(_)) => ("? not known", theme::LABEL),
        Some(Verdict::Clear) => ("√ clear", theme::INFO),
        None => ("– no margin", theme::FAINT),
    }
}

/// Those that must be seen, and how many stay behind.
fn listed(clearances: &[StructureClearance], all: bool) -> Vec<&StructureClearance> {
    if all {
        return clearances.iter().collect();
    }
    let matters = |found: &StructureClearance| {
        let broken = matches!(found.verdict, Some(Verdict::Stop | Verdict::Warn));
        broken || found.clearance.is_ok() && matches!(found.verdict, Some(Verdict::Unknown(_)))
    };
    let (mut shown, rest): (Vec<_>, Vec<_>) = clearances.iter().partition(|found| matters(found));
    let mut rest: Vec<_> = rest
        .into_iter()
        .filter(|found| found.clearance.is_ok())
        .collect();
    rest.sort_by(|a, b| {
        let gap = |found: &StructureClearance| found.gap_mm().unwrap_or(f64::INFINITY);
        gap(a).total_cmp(&gap(b))
    });
    shown.extend(rest.into_iter().take(NEAREST));
    shown
}

fn list_ui(ui: &mut Ui, audit: &NeedleAudit, queue: &mut CommandQueue) {
    let key = ui.scope_id().with("all clearances");
    let mut all: bool = ui.data(|data| data.get_temp(key)).unwrap_or_default();
    let shown = listed(&audit.clearances, all);
    for found in &shown {
        clearance_ui(ui, found, queue);
    }
    let unmeasured: Vec<&str> = audit
        .clearances
        .iter()
        .filter(|found| found.clearance.is_err())
        .map(|found| found.name.as_str())
        .collect();
    if !unmeasured.is_empty() && !all {
        let words = format!("? {} not measured", unmeasured.len());
        ui.label(RichText::new(words).color(theme::WARNING))
            .on_hover_text(unmeasured.join(", "));
    }
    let hidden = audit.clearances.len() - shown.len();
    if hidden > 0 || all {
        let text = if all {
            "Show the nearest only".to_owned()
        } else {
            format!("Show all {}", audit.clearances.len())
        };
        if ui.small_button(text).clicked() {
            all = !all;
            ui.data_mut(|data| data.insert_temp(key, all));
        }
    }
}

/// One structure; a click brings the nearest place of the needle into the views.
fn clearance_ui(ui: &mut Ui, found: &StructureClearance, queue: &mut CommandQueue) {
    let (sign, color) = look(found.verdict.as_ref());
    let at_tip = found
        .margin
        .as_ref()
        .is_some_and(|margin| margin.part == Part::Tip);
    let part = if at_tip { " (tip)" } else { "" };
    let name = format!("  {}{part}  ", found.name);
    let gap = gap_words(found);
    // On a line of its own: beside a name it would break somewhere else in every row.
    let mut said: Vec<String> = found.margin.iter().map(margin_words).collect();
    if let Ok(clearance) = &found.clearance {
        said.push(format!("at {}", format::mm(clearance.along_mm)));
    }
    let rest = if said.is_empty() {
        String::new()
    } else {
        format!("\n     {}", said.join(" · "))
    };
    let parts = [
        (sign, color),
        (name.as_str(), theme::TEXT),
        (gap.as_str(), color),
        (rest.as_str(), theme::FAINT),
    ];
    let row = rows::clickable(ui, &parts);
    let clicked = row.clicked();
    row.on_hover_text(hover_words(found));
    if let (true, Ok(clearance)) = (clicked, &found.clearance) {
        queue.push(ViewCommand::CenterOn(clearance.on_axis));
    }
}

/// `1.3 mm`, `≥ 24.6 mm`, `−1.2 mm, enters at 43.0 mm`.
fn gap_words(found: &StructureClearance) -> String {
    let Ok(clearance) = &found.clearance else {
        return format::UNKNOWN.to_owned();
    };
    let bound = if found.is_bound() { "≥ " } else { "" };
    let entered = clearance.enters_at_mm.map_or(String::new(), |at_mm| {
        format!(", enters at {}", format::mm(at_mm))
    });
    format!("{bound}{}{entered}", format::mm(clearance.gap.mm()))
}

/// `stop 2 / warn 4 mm`, or what may be done with the structure instead.
pub fn margin_words(margin: &StructureMargin) -> String {
    let figures = match (margin.stop_mm, margin.warn_mm) {
        (Some(stop_mm), Some(warn_mm)) => format!("stop {stop_mm} / warn {warn_mm} mm"),
        (Some(stop_mm), None) => format!("stop {stop_mm} mm"),
        (None, Some(warn_mm)) => format!("warn {warn_mm} mm"),
        (None, None) => String::new(),
    };
    let allowed = match margin.allowed {
        Allowed::No if figures.is_empty() => "avoid, no figure given",
        Allowed::No => "",
        Allowed::End => "may end in it",
        Allowed::Cross => "may be crossed",
    };
    let always = if margin.warn_always {
        "entering it warns"
    } else {
        ""
    };
    let parts = [figures.as_str(), allowed, always];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

fn hover_words(found: &StructureClearance) -> String {
    let mut lines = Vec::new();
    match &found.clearance {
        Ok(clearance) => lines.push(format!(
            "Shaft surface to structure, nearest {} from the entry{}",
            format::mm(clearance.along_mm),
            if found.is_bound() {
                "; farther than distances were computed"
            } else {
                ""
            }
        )),
        Err(reason) => lines.push(reason.clone()),
    }
    if let Some(Verdict::Unknown(reason)) = &found.verdict {
        lines.push(reason.clone());
    }
    if let Some(margin) = &found.margin {
        let proposal = if margin.source.is_proposal() {
            ", proposal"
        } else {
            ""
        };
        lines.push(format!("{} [{}{proposal}]", margin.why, margin.source));
    } else {
        lines.push("No margin is given for what nobody knows".to_owned());
    }
    lines.dedup();
    lines.join("\n")
}

fn tolerance_ui(
    ui: &mut Ui,
    needle: &Trajectory,
    state: &AppState,
    (audit, queue): (&NeedleAudit, &mut CommandQueue),
) {
    let of_procedure = needle
        .intent
        .as_ref()
        .and_then(|intent| state.library.find(&intent.procedure))
        .and_then(|procedure| procedure.target.radius_mm);
    match &audit.tolerance {
        Ok(tolerance) => {
            let angle = format!("{} ", format::degrees(tolerance.half_angle));
            let limit = format!("limited by {}", tolerance.limit);
            let parts = [
                ("Tolerance ", theme::FAINT),
                (angle.as_str(), theme::TEXT),
                (limit.as_str(), theme::FAINT),
            ];
            rows::line(ui, &parts).on_hover_text(
                "Largest angular error at the entry that still reaches the target within its radius \
                 and keeps every stop margin",
            );
        }
        Err(reason) => {
            ui.label(RichText::new("Tolerance –").color(theme::FAINT))
                .on_hover_text(reason);
        }
    }
    let used = needle.target_radius_mm.or(of_procedure);
    let mut radius_mm = used.unwrap_or(DEFAULT_TARGET_RADIUS_MM);
    ui.horizontal(|ui| {
        ui.label(RichText::new("Target radius").color(theme::FAINT));
        let field = DragValue::new(&mut radius_mm)
            .speed(0.05)
            .range(0.1..=50.0)
            .fixed_decimals(1)
            .suffix(" mm");
        let response = ui.add(field);
        response.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, "Target radius mm"));
        let set = |radius_mm| PlanEdit::SetTargetRadius {
            id: needle.id,
            radius_mm,
        };
        if response.drag_started() {
            queue.push(PlanCommand::Begin("Target radius"));
        }
        if response.changed() && Some(radius_mm) != used {
            queue.push(PlanCommand::Edit("Target radius", set(Some(radius_mm))));
        }
        if response.drag_stopped() {
            queue.push(PlanCommand::Commit);
        }
        let words = match (needle.target_radius_mm, of_procedure) {
            (Some(_), _) => {
                let button = ui.small_button("×");
                let name = "Take the usual target radius";
                button.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
                if button.on_hover_text(name).clicked() {
                    queue.push(PlanCommand::Edit("Target radius", set(None)));
                }
                return;
            }
            (None, Some(_)) => "of the procedure",
            (None, None) => "proposal",
        };
        ui.label(RichText::new(words).color(theme::FAINT));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::Clearance;
    use crate::geometry::Point;
    use crate::volume::structure::Reading;

    fn found(index: usize, mm: f64, verdict: Option<Verdict>) -> StructureClearance {
        StructureClearance {
            index,
            name: format!("s{index}"),
            clearance: Ok(Clearance {
                gap: Reading::Mm(mm),
                along_mm: 40.0,
                on_axis: Point::new(0., 0., 0.),
                on_structure: None,
                enters_at_mm: None,
            }),
            margin: None,
            verdict,
        }
    }

    #[test]
    fn what_breaks_a_margin_is_always_listed_and_the_nearest_besides() {
        let mut all = vec![
            found(0, -1.0, Some(Verdict::Stop)),
            found(1, 3.0, Some(Verdict::Warn)),
        ];
        all.extend((2..12).map(|index| found(index, 30.0 - index as f64, Some(Verdict::Clear))));
        let indices = |all: &[StructureClearance], every: bool| -> Vec<usize> {
            listed(all, every)
                .into_iter()
                .map(|found| found.index)
                .collect()
        };
        assert_eq!(indices(&all, false), [0, 1, 11, 10, 9, 8, 7]);
        assert_eq!(indices(&all, true).len(), 12);
    }

    #[test]
    fn gaps_say_what_they_are() {
        let mut one = found(0, 1.26, None);
        assert_eq!(gap_words(&one), "1.3 mm");
        if let Ok(clearance) = &mut one.clearance {
            clearance.gap = Reading::AtLeast(24.6);
        }
        assert_eq!(gap_words(&one), "≥ 24.6 mm");
        if let Ok(clearance) = &mut one.clearance {
            clearance.gap = Reading::Mm(-1.2);
            clearance.enters_at_mm = Some(43.0);
        }
        assert_eq!(gap_words(&one), "−1.2 mm, enters at 43.0 mm");
        one.clearance = Err("Not yet".to_owned());
        assert_eq!(gap_words(&one), "–");
    }
}
