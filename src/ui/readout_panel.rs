//! The numbers of the selected needle, each with what it means and why it may be missing.

use egui::{Grid, RichText, Ui};

use super::format::{self, known};
use super::theme;
use crate::app::AppState;
use crate::assess::PathReadout;
use crate::geometry::NeedleAngles;
use crate::plan::{Known, Trajectory, phrase};

/// Draws the numbers.
pub fn readout_ui(ui: &mut Ui, needle: &Trajectory, state: &AppState) {
    let numbers = PathReadout::of(
        needle,
        state.patient_position(),
        state.catalogue,
        state.images(),
    );
    let plan = &numbers.plan;
    head(ui, "Depth");
    grid(ui, "depth", |ui| {
        row(
            ui,
            "Entry to target",
            known(&plan.length_mm, format::mm),
            "Length of the path as drawn",
        );
        row(
            ui,
            "Skin to target",
            known(&numbers.skin, |skin| format::mm(skin.depth_mm)),
            "Along the needle, from the skin found in the images",
        );
        row(
            ui,
            "Left outside",
            known(&plan.needle_reserve_mm, format::mm),
            "Length of the chosen needle less the path",
        );
        let unit = numbers.unit.clone();
        row(
            ui,
            "Value at target",
            known(&numbers.target_value, |value| format::value(value, &unit)),
            "Interpolated between the voxels around the target",
        );
    });
    warnings(ui, &numbers);
    head(ui, "CT angles");
    grid(ui, "ct", |ui| {
        let direction = plan.in_plane_direction.clone().unwrap_or("");
        row(
            ui,
            "In plane, from vertical",
            known(&plan.in_plane, |angle| {
                format!("{} {direction}", format::degrees(angle))
                    .trim()
                    .to_owned()
            }),
            "φ: in the axial plane from the sagittal (vertical) plane",
        );
        let word = plan
            .out_of_plane
            .as_ref()
            .map_or("", |angle| cranial(angle.0));
        row(
            ui,
            "Out of plane",
            known(&plan.out_of_plane, |angle| {
                format!("{} {word}", format::degrees(angle.abs()))
                    .trim()
                    .to_owned()
            }),
            "ψ: true cranio-caudal angle, where the tip points",
        );
        row(
            ui,
            "Lateral projection",
            known(&plan.sagittal_projected, format::signed_degrees),
            "ψs: the out-of-plane angle as seen on a lateral view; + tip cranial",
        );
        row(
            ui,
            "Gantry tilt",
            known(&plan.gantry_tilt, format::signed_degrees),
            "T: DICOM-signed tilt that brings the whole needle into one slice; − top of the gantry away from the table",
        );
    });
    spoken_ct(ui, needle, direction_of(plan));
    carm(ui, &numbers);
}

fn direction_of(plan: &crate::plan::TrajectoryReadout) -> &'static str {
    plan.in_plane_direction.clone().unwrap_or("")
}

fn spoken_ct(ui: &mut Ui, needle: &Trajectory, direction: &str) {
    let angles = needle
        .segment()
        .and_then(|segment| NeedleAngles::of(segment.vector()));
    if let Some(angles) = angles {
        ui.label(RichText::new(phrase::ct(angles, direction)).color(theme::FAINT));
    }
}

fn carm(ui: &mut Ui, numbers: &PathReadout) {
    let carm = &numbers.plan.carm;
    head(ui, "C-arm, needle end-on");
    match &carm.phrase {
        Ok(phrase) => ui.label(RichText::new(phrase).strong()),
        Err(reason) => ui.label(format::UNKNOWN).on_hover_text(reason),
    };
    grid(ui, "carm", |ui| {
        row(
            ui,
            "Oblique / tilt",
            pair(&carm.operator, |pair| (pair.oblique, pair.tilt)),
            "κ, τ from a straight posterior receptor: + toward patient left, + cephalad",
        );
        row(
            ui,
            "DICOM positioner",
            pair(&carm.dicom, |pair| (pair.primary, pair.secondary)),
            "α, β: + LAO, + cranial, for any patient position",
        );
        row(
            ui,
            "Console",
            pair(&carm.console, |pair| (pair.primary, pair.secondary)),
            "What a console shows that takes every patient for head first supine",
        );
        row(
            ui,
            "C-arm at table side",
            pair(&carm.side, |pair| (pair.orbital, pair.tilt)),
            "Orbital / tilt of a mobile C-arm that stands at the side of the table",
        );
    });
}

fn pair<T: Clone>(
    pair: &Known<T>,
    parts: impl FnOnce(T) -> (crate::geometry::Degrees, crate::geometry::Degrees),
) -> (String, Option<String>) {
    known(pair, |pair| {
        let (first, second) = parts(pair);
        format!(
            "{} / {}",
            format::signed_degrees(first),
            format::signed_degrees(second)
        )
    })
}

fn cranial(degrees: f64) -> &'static str {
    if degrees.abs() < 0.05 {
        ""
    } else if degrees > 0.0 {
        "cranial"
    } else {
        "caudal"
    }
}

/// What is wrong with the path as drawn.
fn warnings(ui: &mut Ui, numbers: &PathReadout) {
    let mut said = Vec::new();
    if let Ok(reserve_mm) = numbers.plan.needle_reserve_mm {
        if reserve_mm < 0.0 {
            said.push(format!(
                "The needle is {} too short for this path",
                format::mm(-reserve_mm)
            ));
        } else if reserve_mm < 10.0 {
            said.push(format!(
                "Only {} of the needle stay outside the skin",
                format::mm(reserve_mm)
            ));
        }
    }
    if let Ok(above_mm) = numbers.entry_above_skin_mm {
        if above_mm > 2.0 {
            said.push(format!(
                "The entry is {} outside the skin",
                format::mm(above_mm)
            ));
        } else if above_mm < -2.0 {
            said.push(format!(
                "The entry is {} below the skin",
                format::mm(-above_mm)
            ));
        }
    }
    for text in said {
        ui.label(RichText::new(text).color(theme::WARNING));
    }
}

pub(super) fn head(ui: &mut Ui, title: &str) {
    ui.add_space(6.0);
    ui.label(RichText::new(title).strong().color(theme::LABEL));
}

pub(super) fn grid(ui: &mut Ui, id: &str, rows: impl FnOnce(&mut Ui)) {
    Grid::new(id)
        .num_columns(2)
        .min_col_width(130.0)
        .spacing([8.0, 3.0])
        .show(ui, rows);
}

pub(super) fn row(
    ui: &mut Ui,
    label: &str,
    (text, reason): (String, Option<String>),
    meaning: &str,
) {
    ui.label(RichText::new(label).color(theme::FAINT))
        .on_hover_text(meaning);
    let value = ui.label(RichText::new(text).monospace());
    match reason {
        Some(reason) => value.on_hover_text(reason),
        None => value.on_hover_text(meaning),
    };
    ui.end_row();
}
