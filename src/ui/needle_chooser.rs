//! Choosing the needle of a path out of the catalogue, by what it is.

use egui::{ComboBox, RichText, Ui};

use super::theme;
use crate::app::AppState;
use crate::app::command::{CommandQueue, PlanCommand};
use crate::plan::procedure::{SourcedRange, Unit};
use crate::plan::{Lesion, Needle, PlanEdit, Trajectory};

/// Draws the list and, where the needle heats, what it heats.
pub fn needle_chooser_ui(
    ui: &mut Ui,
    needle: &Trajectory,
    state: &AppState,
    queue: &mut CommandQueue,
) {
    let catalogue = state.catalogue;
    let chosen = needle.needle.as_deref().and_then(|id| catalogue.find(id));
    ui.horizontal(|ui| {
        let label = ui.label("Needle");
        let text = match (&needle.needle, chosen) {
            (Some(_), Some(chosen)) => chosen.name.clone(),
            (Some(unknown), None) => format!("{unknown} (not in the catalogue)"),
            (None, _) => "none chosen".to_owned(),
        };
        ComboBox::from_id_salt("needle type")
            .selected_text(text)
            .width(ui.available_width() - 8.0)
            .height(420.0)
            .show_ui(ui, |ui| {
                for (kind, needles) in by_kind(&catalogue.needles) {
                    ui.label(RichText::new(kind).color(theme::FAINT).small());
                    for choice in needles {
                        let current = needle.needle.as_deref() == Some(choice.id.as_str());
                        let row = ui.selectable_label(current, &choice.name);
                        if row.on_hover_text(words(choice)).clicked() {
                            let edit = PlanEdit::SetNeedle {
                                id: needle.id,
                                needle: Some(choice.id.clone()),
                            };
                            queue.push(PlanCommand::Edit("Choose needle", edit));
                        }
                    }
                }
            })
            .response
            .labelled_by(label.id);
    });
    for lesion in chosen.into_iter().flat_map(|chosen| &chosen.lesions) {
        ui.label(RichText::new(lesion_words(lesion)).color(theme::FAINT));
    }
}

/// Needles under the words of what they are, both in the order of the catalogue.
fn by_kind(needles: &[Needle]) -> Vec<(&str, Vec<&Needle>)> {
    let mut groups: Vec<(&str, Vec<&Needle>)> = Vec::new();
    for needle in needles {
        match groups.iter_mut().find(|(kind, _)| *kind == needle.kind) {
            Some((_, group)) => group.push(needle),
            None => groups.push((&needle.kind, vec![needle])),
        }
    }
    groups
}

fn words(needle: &Needle) -> String {
    let active = needle
        .active_tip_mm
        .map_or(String::new(), |mm| format!(", active tip {mm} mm"));
    format!(
        "{} mm across, {} mm usable{active} [{}]",
        needle.outer_diameter_mm, needle.length_mm, needle.source
    )
}

/// `Lesion 11–15 mm (P25) by 2.2–4.4 mm (P24) at 80–85 °C (P23) for 60–120 s (P23)`.
pub fn lesion_words(lesion: &Lesion) -> String {
    let other = |range: &SourcedRange, unit: &str| {
        // The bounds know lengths and angles only.
        let words = range.bounds.words(Unit::Mm).replace(" mm", "");
        format!("{words} {unit} [{}]", range.source)
    };
    let note = lesion
        .note
        .as_ref()
        .map_or(String::new(), |note| format!(". {note}"));
    format!(
        "Lesion {} by {}, at {} for {}{note}",
        other(&lesion.length_mm, "mm"),
        other(&lesion.diameter_mm, "mm"),
        other(&lesion.temperature_c, "°C"),
        other(&lesion.time_s, "s"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::NeedleCatalogue;

    #[test]
    fn every_needle_stands_once_under_its_kind() {
        let all = &NeedleCatalogue::builtin().needles;
        let groups = by_kind(all);
        let count: usize = groups.iter().map(|(_, group)| group.len()).sum();
        assert_eq!(count, all.len());
        let mut kinds: Vec<&str> = groups.iter().map(|(kind, _)| *kind).collect();
        kinds.dedup();
        assert_eq!(kinds.len(), groups.len());
        assert_eq!(groups[0].0, "spinal, Quincke point");
    }

    #[test]
    fn lesions_name_their_conditions_and_sources() {
        let needle = NeedleCatalogue::builtin().find("rf-22g-100").unwrap();
        assert_eq!(
            lesion_words(&needle.lesions[0]),
            "Lesion 11–15 mm [P25] by 2.2–4.4 mm [P24], at 80–85 °C [P23] for 60–120 s [P23]. \
             Small conventional tip"
        );
    }
}
