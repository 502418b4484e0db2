//! Choosing procedure, level and side of the selected needle.

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{
    Button, PopupCloseBehavior, Response, RichText, Role, ScrollArea, TextEdit, Ui, WidgetInfo,
};

use super::{procedure_steps, theme};
use crate::app::AppState;
use crate::app::command::{CommandQueue, PlanCommand};
use crate::app::intent::{LevelUse, intent_of, missing_choice};
use crate::plan::procedure::Laterality;
use crate::plan::{Intent, PlanEdit, Procedure, Trajectory};
use crate::study::Side;

/// Tallest list that drops down, points.
const LIST_POINTS: f32 = 420.0;

/// Draws the choice: one line until a procedure is chosen, then what it reaches.
pub fn procedure_ui(ui: &mut Ui, needle: &Trajectory, state: &AppState, queue: &mut CommandQueue) {
    let mut declare = |intent: Option<Intent>| {
        for command in state.declare(needle, intent) {
            queue.push(command);
        }
    };
    let chosen = needle.intent.as_ref();
    let procedure = chosen.and_then(|intent| state.library.find(&intent.procedure));
    procedure_menu(ui, state, (chosen, procedure), &mut declare);
    let (Some(intent), Some(procedure)) = (chosen, procedure) else {
        return;
    };
    ui.horizontal_wrapped(|ui| {
        level_menu(ui, state, (intent, procedure), &mut declare);
        side_choice(ui, (intent, procedure), &mut declare);
        procedure_steps::button_ui(ui);
    });
    procedure_steps::window_ui(ui.ctx(), state, (intent, procedure));
    if let Some(words) = missing_choice(procedure, intent) {
        ui.label(RichText::new(words).color(theme::WARNING));
    }
    if let Some(level) = intent.level
        && !procedure.applies_to(level)
    {
        let words = format!(
            "Not described for {}: its ranges may not hold there",
            level.spoken()
        );
        ui.label(RichText::new(words).color(theme::WARNING));
    }
    target_ui(ui, procedure);
    guard_ui(ui, state, procedure);
    proposal_ui(ui, needle, state, (procedure, queue));
}

/// The button that opens the list; its name is the procedure, in full in the hover text.
fn procedure_menu(
    ui: &mut Ui,
    state: &AppState,
    (chosen, procedure): (Option<&Intent>, Option<&Procedure>),
    declare: &mut impl FnMut(Option<Intent>),
) {
    let text = match (chosen, procedure) {
        (_, Some(procedure)) => procedure.title.clone(),
        (Some(unknown), None) => format!("{} (not in the library)", unknown.procedure),
        (None, None) => "Choose a procedure…".to_owned(),
    };
    ui.horizontal(|ui| {
        ui.label("Procedure");
        // Stays open while words are typed.
        let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
        let width = ui.available_width();
        let button = Button::new(&text).truncate().min_size([width, 0.0].into());
        let (response, _) = MenuButton::from_button(button).config(config).ui(ui, |ui| {
            let choice = procedure_list(ui, state, chosen);
            if let Some(choice) = choice {
                declare(match choice {
                    Choice::Procedure(procedure) => Some(intent_of(procedure, chosen)),
                    Choice::None => None,
                });
                ui.close();
            }
        });
        named(&response, &format!("Procedure: {text}"));
        response.on_hover_text(text);
    });
}

fn named(response: &Response, name: &str) {
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, name));
}

/// What was chosen in the list.
enum Choice<'a> {
    /// A procedure.
    Procedure(&'a Procedure),
    /// None any more.
    None,
}

/// The list with its field to search in.
fn procedure_list<'a>(
    ui: &mut Ui,
    state: &'a AppState,
    chosen: Option<&Intent>,
) -> Option<Choice<'a>> {
    ui.set_width(400.0);
    let key = ui.scope_id().with("words");
    let mut words = ui
        .data(|data| data.get_temp::<String>(key))
        .unwrap_or_default();
    let field = TextEdit::singleline(&mut words)
        .hint_text("Search: words of the name, or the section")
        .desired_width(f32::INFINITY);
    let field = ui.add(field);
    field.widget_info(|| WidgetInfo::labeled(Role::TextInput, true, "Search procedures"));
    if field.changed() {
        ui.data_mut(|data| data.insert_temp(key, words.clone()));
    }
    let mut choice = None;
    ScrollArea::vertical()
        .max_height(LIST_POINTS)
        .show(ui, |ui| {
            let mut found = 0;
            for procedure in in_order(&state.library.procedures) {
                if !is_meant(procedure, &words) {
                    continue;
                }
                found += 1;
                let text = format!("{}  {}", procedure.section, procedure.title);
                let current = chosen.is_some_and(|intent| intent.procedure == procedure.id);
                let row = ui.add(Button::selectable(current, text).wrap());
                if row.on_hover_text(&procedure.target.short).clicked() {
                    choice = Some(Choice::Procedure(procedure));
                }
            }
            if found == 0 {
                ui.label(RichText::new("No procedure has these words").color(theme::FAINT));
            }
            if chosen.is_some() {
                ui.separator();
                if ui.button("No procedure").clicked() {
                    choice = Some(Choice::None);
                }
            }
        });
    if choice.is_some() {
        ui.data_mut(|data| data.remove::<String>(key));
    }
    choice
}

/// By section of the sheet: 1.2 before 1.10.
fn in_order(procedures: &[Procedure]) -> Vec<&Procedure> {
    let number = |procedure: &Procedure| -> Vec<u32> {
        let parts = procedure.section.split('.');
        parts.map(|part| part.parse().unwrap_or(u32::MAX)).collect()
    };
    let mut sorted: Vec<&Procedure> = procedures.iter().collect();
    sorted.sort_by_cached_key(|procedure| number(procedure));
    sorted
}

/// Whether every word that was typed stands somewhere in what a procedure is called.
fn is_meant(procedure: &Procedure, words: &str) -> bool {
    let called = [
        &procedure.title,
        &procedure.needle_words,
        &procedure.section,
        &procedure.id,
    ]
    .map(|part| part.to_lowercase())
    .join(" ");
    let words = words.to_lowercase();
    words.split_whitespace().all(|word| called.contains(word))
}

fn level_menu(
    ui: &mut Ui,
    state: &AppState,
    (intent, procedure): (&Intent, &Procedure),
    declare: &mut impl FnMut(Option<Intent>),
) {
    let text = match intent.level {
        Some(level) => format!("Level {}", level.spoken()),
        None => "Level…".to_owned(),
    };
    let (response, _) = MenuButton::new(text).ui(ui, |ui| {
        ui.set_min_width(150.0);
        ScrollArea::vertical()
            .max_height(LIST_POINTS)
            .show(ui, |ui| {
                let mut before = None;
                for (level, use_of) in state.level_choices(procedure) {
                    if before.is_some_and(|before| before != use_of) {
                        ui.separator();
                    }
                    if before != Some(use_of) && use_of == LevelUse::NotDescribed {
                        ui.label(RichText::new("Not described for these").color(theme::WARNING));
                    }
                    before = Some(use_of);
                    let usual = if use_of == LevelUse::Usual {
                        " (usual)"
                    } else {
                        ""
                    };
                    let text = format!("{}{usual}", level.spoken());
                    if ui
                        .selectable_label(intent.level == Some(level), text)
                        .clicked()
                    {
                        let level = Some(level);
                        declare(Some(Intent {
                            level,
                            ..intent.clone()
                        }));
                        ui.close();
                    }
                }
            });
    });
    let name = intent.level.map_or_else(
        || "Choose level".to_owned(),
        |level| format!("Choose level, now {}", level.spoken()),
    );
    named(&response, &name);
}

fn side_choice(
    ui: &mut Ui,
    (intent, procedure): (&Intent, &Procedure),
    declare: &mut impl FnMut(Option<Intent>),
) {
    let choices: &[(&str, &str, Option<Side>)] = match procedure.laterality {
        Laterality::Midline => {
            ui.label(RichText::new("midline").color(theme::FAINT));
            return;
        }
        Laterality::Sided => &[
            ("Left", "Side left", Some(Side::Left)),
            ("Right", "Side right", Some(Side::Right)),
        ],
        Laterality::Either => &[
            ("Left", "Side left", Some(Side::Left)),
            ("Midline", "Side midline", None),
            ("Right", "Side right", Some(Side::Right)),
        ],
    };
    for (text, name, side) in choices {
        let current = intent.side == *side;
        let response = ui.selectable_label(current, *text);
        response.widget_info(|| WidgetInfo::selected(Role::Button, true, current, *name));
        if response.clicked() {
            let side = *side;
            declare(Some(Intent {
                side,
                ..intent.clone()
            }));
        }
    }
}

/// What is reached, in one line; the rest is in the hover text.
fn target_ui(ui: &mut Ui, procedure: &Procedure) {
    let target = &procedure.target;
    let mut long = format!("{} [{}]", target.long, target.source);
    if let (Some(radius_mm), Some(source)) = (target.radius_mm, &target.radius_source) {
        let proposal = if source.is_proposal() {
            ", proposal"
        } else {
            ""
        };
        let within = format!("\nWithin {radius_mm} mm [{source}{proposal}]");
        long.push_str(&within);
    }
    let text = RichText::new(format!("Target: {}", target.short)).color(theme::FAINT);
    ui.label(text).on_hover_text(long);
}

/// What must be there before planning and is not.
fn guard_ui(ui: &mut Ui, state: &AppState, procedure: &Procedure) {
    let Some(guard) = &procedure.guard else {
        return;
    };
    let there = |kind: &String| {
        let mut items = state.structures.items().iter();
        items.any(|item| item.structure.kind.as_ref() == Some(kind))
    };
    let missing: Vec<&str> = guard
        .requires
        .iter()
        .filter(|kind| !there(kind))
        .map(String::as_str)
        .collect();
    let mut words = guard.text.clone();
    if !missing.is_empty() {
        words.extend([". Not segmented yet: ", &missing.join(", ")]);
    }
    ui.label(RichText::new(words).color(theme::WARNING))
        .on_hover_text(format!("[{}]", guard.source));
}

/// The needle the procedure proposes, where another one is chosen.
fn proposal_ui(
    ui: &mut Ui,
    needle: &Trajectory,
    state: &AppState,
    (procedure, queue): (&Procedure, &mut CommandQueue),
) {
    match state.proposed_needle(procedure, needle) {
        Ok(proposed) if needle.needle.as_ref() == Some(&proposed.id) => {}
        Ok(proposed) => {
            let button = Button::new(format!("Take {}", proposed.name)).small();
            let words = format!("The procedure's needle for this path: {}", proposed.reason);
            if ui.add(button).on_hover_text(words).clicked() {
                let edit = PlanEdit::SetNeedle {
                    id: needle.id,
                    needle: Some(proposed.id),
                };
                queue.push(PlanCommand::Edit("Choose needle", edit));
            }
        }
        Err(reason) => {
            ui.label(RichText::new(reason).color(theme::WARNING));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ProcedureLibrary;

    #[test]
    fn the_list_is_searched_by_words_and_ordered_by_section() {
        let all = &ProcedureLibrary::builtin().procedures;
        let found = |words: &str| -> Vec<&str> {
            let sorted = in_order(all).into_iter();
            let meant = sorted.filter(|procedure| is_meant(procedure, words));
            meant.map(|procedure| procedure.id.as_str()).collect()
        };
        assert_eq!(
            found("Transforaminal KAMBIN"),
            ["transforaminal-infraneural"]
        );
        assert_eq!(found("no such words"), Vec::<&str>::new());
        assert_eq!(found("").len(), all.len());
        let of = |id: &str| found("").iter().position(|there| *there == id);
        assert!(of("transforaminal-supraneural") < of("medial-branch-rf-cooled"));
        assert!(of("medial-branch-rf-cooled") < of("sacroiliac-joint"));
    }
}
