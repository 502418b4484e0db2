//! Distances of the selected needle from the midline, and its angles about a vertebra.

use egui::Ui;

use super::format::{self, known};
use super::readout_panel::{grid, head, row};
use crate::app::AppState;
use crate::plan::Trajectory;
use crate::study::Side;

/// Draws the numbers, where anything was declared of the spine.
pub fn spine_readout_ui(ui: &mut Ui, needle: &Trajectory, state: &AppState) {
    let spine = &state.plan().spine;
    if spine.is_empty() {
        return;
    }
    let Some(audit) = state.audit_of(needle.id) else {
        return;
    };
    let numbers = &audit.spine;
    head(ui, "Spine");
    grid(ui, "spine", |ui| {
        row(
            ui,
            "Entry from midline",
            known(&numbers.entry_offset_mm, lateral),
            "Across the midline plane",
        );
        row(
            ui,
            "Target from midline",
            known(&numbers.target_offset_mm, lateral),
            "Across the midline plane",
        );
        row(
            ui,
            "Tip runs",
            known(&numbers.heading, str::to_owned),
            "Toward the midline or away from it",
        );
        let squared = numbers.squared_to.as_ref().map_or_else(
            |_| "Tilt from squared end-plate".to_owned(),
            |vertebra| format!("Tilt from squared {vertebra}"),
        );
        row(
            ui,
            &squared,
            known(&numbers.relative_tilt, format::tilt),
            "Receptor tilt less the tilt that shows the superior end-plate edge-on",
        );
        row(
            ui,
            "Oblique / tilt about it",
            known(&numbers.vertebra_angles, |angles| {
                format!(
                    "{} / {}",
                    format::degrees(angles.oblique.abs()),
                    format::tilt(angles.tilt)
                )
            }),
            "Angles about the vertebra's own axes instead of the patient's",
        );
    });
}

/// `20.1 mm left`.
pub fn lateral(offset_mm: f64) -> String {
    match format::mm(offset_mm.abs()).as_str() {
        "0.0 mm" => "0.0 mm".to_owned(),
        text => format!("{text} {}", Side::of(offset_mm).word()),
    }
}
