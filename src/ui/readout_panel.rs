//! The numbers of the selected needle, each with what it means and why it may be missing.

use egui::{Grid, RichText, Ui};

use super::format::{self, known};
use super::theme;
use crate::app::AppState;
use crate::assess::PathReadout;
use crate::geometry::{Degrees, NeedleAngles};
use crate::plan::{Known, Trajectory, phrase};

/// Draws the numbers.
pub fn readout_ui(ui: &mut Ui, needle: &Trajectory, state: &AppState) {
    let Some(audit) = state.audit_of(needle.id) else {
        return;
    };
    let numbers = &audit.path;
    let plan = &numbers.plan;
    // Depths along the needle are as sure as its length.
    let length_off = numbers.uncertainty.map(|off| off.length_mm);
    let mm = |value| format::mm_off(value, length_off);
    head(ui, "Depth");
    grid(ui, "depth", |ui| {
        row(
            ui,
            "Entry to target",
            known(&plan.length_mm, mm),
            "Length of the path as drawn",
        );
        row(
            ui,
            "Skin to target",
            known(&numbers.skin, |skin| mm(skin.depth_mm)),
            "Along the needle, from the skin found in the images",
        );
        row(
            ui,
            "Left outside",
            known(&plan.needle_reserve_mm, mm),
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
    warnings(ui, numbers);
    ct(ui, numbers);
    let heading = audit.spine.heading.as_ref().ok().copied();
    spoken_ct(ui, needle, &phrase::direction(direction_of(plan), heading));
    carm(ui, numbers);
    let off = match numbers.uncertainty {
        Some(_) => "± is half a voxel of the images at entry and target",
        None => "No ±: it needs the images of the plan",
    };
    ui.label(RichText::new(off).color(theme::FAINT).small());
}

fn ct(ui: &mut Ui, numbers: &PathReadout) {
    let (plan, off) = (&numbers.plan, numbers.uncertainty);
    head(ui, "CT angles");
    grid(ui, "ct", |ui| {
        let direction = plan.in_plane_direction.clone().unwrap_or("");
        row(
            ui,
            "In plane, from vertical",
            known(&plan.in_plane, |angle| {
                worded(angle, off.and_then(|off| off.in_plane), direction)
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
                worded(angle.abs(), off.and_then(|off| off.out_of_plane), word)
            }),
            "ψ: true cranio-caudal angle, where the tip points",
        );
        row(
            ui,
            "Lateral projection",
            known(&plan.sagittal_projected, |angle| {
                signed(angle, off.and_then(|off| off.sagittal_projected))
            }),
            "ψs: the out-of-plane angle as seen on a lateral view; + tip cranial",
        );
        row(
            ui,
            "Gantry tilt",
            known(&plan.gantry_tilt, |angle| {
                signed(angle, off.and_then(|off| off.gantry_tilt))
            }),
            "T: DICOM-signed tilt that brings the whole needle into one slice; − top of the gantry away from the table",
        );
    });
}

/// An angle with its ±, and below it the word that says where it points.
fn worded(angle: Degrees, off: Option<Degrees>, word: &str) -> String {
    let gap = if off.is_some() { '\n' } else { ' ' };
    let number = format::degrees_off(angle, off);
    format!("{number}{gap}{word}").trim_end().to_owned()
}

fn signed(angle: Degrees, off: Option<Degrees>) -> String {
    format::with_off(format::signed_degrees(angle), off)
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
    let (carm, off) = (&numbers.plan.carm, numbers.uncertainty);
    let carm_off = off.and_then(|off| off.carm);
    head(ui, "C-arm, needle end-on");
    match &carm.phrase {
        Ok(phrase) => ui.label(RichText::new(phrase).strong()),
        Err(reason) => ui.label(format::UNKNOWN).on_hover_text(reason),
    };
    grid(ui, "carm", |ui| {
        row(
            ui,
            "Oblique / tilt",
            pair(&carm.operator, carm_off, |pair| [pair.oblique, pair.tilt]),
            "κ, τ from a straight posterior receptor: + toward patient left, + cephalad",
        );
        row(
            ui,
            "DICOM positioner",
            pair(&carm.dicom, carm_off, |pair| [pair.primary, pair.secondary]),
            "α, β: + LAO, + cranial, for any patient position",
        );
        row(
            ui,
            "Console",
            pair(&carm.console, off.and_then(|off| off.console), |pair| {
                [pair.primary, pair.secondary]
            }),
            "What a console shows that takes every patient for head first supine",
        );
        row(
            ui,
            "C-arm at table side",
            pair(&carm.side, off.and_then(|off| off.side), |pair| {
                [pair.orbital, pair.tilt]
            }),
            "Orbital / tilt of a mobile C-arm that stands at the side of the table",
        );
    });
}

/// Two angles of one position, one below the other where each has its ±.
fn pair<T: Clone>(
    pair: &Known<T>,
    off: Option<[Degrees; 2]>,
    parts: impl FnOnce(T) -> [Degrees; 2],
) -> (String, Option<String>) {
    known(pair, |pair| {
        let [first, second] = parts(pair);
        match off {
            Some([first_off, second_off]) => format!(
                "{}\n{}",
                signed(first, Some(first_off)),
                signed(second, Some(second_off))
            ),
            None => format!("{} / {}", signed(first, None), signed(second, None)),
        }
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
