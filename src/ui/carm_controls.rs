//! Distances, field, collimation, isocentre and look of the C-arm's picture.

use egui::{Button, ComboBox, DragValue, RichText, Ui};

use super::theme;
use crate::app::AppState;
use crate::app::aim_stage::AimCommand;
use crate::app::command::{CommandQueue, ViewCommand};
use crate::app::drr_stage::{DrrCommand, IsocenterChoice, LEAST_OPENING_MM};
use crate::app::viewport::{ViewKind, ViewportId};
use crate::assess::CArmSetup;
use crate::plan::procedure::Bounds;
use crate::volume::drr::Film;

/// Draws the controls.
pub fn carm_controls_ui(
    ui: &mut Ui,
    state: &AppState,
    setup: &CArmSetup<'_>,
    queue: &mut CommandQueue,
) {
    egui::Grid::new("carm controls")
        .num_columns(2)
        .show(ui, |ui| {
            distances_ui(ui, state, setup, queue);
            field_ui(ui, state, setup, queue);
            collimation_ui(ui, state, queue);
            isocenter_ui(ui, state, queue);
            look_ui(ui, state, queue);
        });
    let (sid, sod) = (setup.source_to_detector_mm, setup.source_to_isocenter_mm);
    for fault in setup.profile.distance_faults(sid, sod) {
        ui.label(RichText::new(fault).color(theme::WARNING).small());
    }
    way_to_target_ui(ui, state, setup);
    picture_ui(ui, state, queue);
}

fn distances_ui(ui: &mut Ui, state: &AppState, setup: &CArmSetup<'_>, queue: &mut CommandQueue) {
    let (sid, sod) = (
        state.drr.source_to_detector_mm,
        state.drr.source_to_isocenter_mm,
    );
    let (mut new_sid, mut new_sod) = (sid, sod);
    for (name, hint, value, bounds) in [
        (
            "SID",
            "Source to receptor",
            &mut new_sid,
            setup.profile.sid_mm.bounds,
        ),
        (
            "SOD",
            "Source to isocentre",
            &mut new_sod,
            setup.profile.sod_mm.bounds,
        ),
    ] {
        let label = ui.label(name).on_hover_text(hint);
        distance_ui(ui, value, bounds).labelled_by(label.id);
        ui.end_row();
    }
    if new_sid != sid || new_sod != sod {
        queue.push(DrrCommand::Distances {
            source_to_detector_mm: new_sid,
            source_to_isocenter_mm: new_sod,
        });
    }
}

fn field_ui(ui: &mut Ui, state: &AppState, setup: &CArmSetup<'_>, queue: &mut CommandQueue) {
    let now = state.carm_field_mm();
    let label = ui.label("Field").on_hover_text("What the receptor takes");
    ComboBox::from_id_salt("carm field")
        .selected_text(field_words(now))
        .show_ui(ui, |ui| {
            for field in &setup.profile.fields {
                let choice = [field.width_mm, field.height_mm];
                if ui
                    .selectable_label(choice == now, field_words(choice))
                    .clicked()
                {
                    queue.push(AimCommand::Field(choice));
                }
            }
        })
        .response
        .labelled_by(label.id);
    ui.end_row();
}

fn collimation_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    // The picture is square: outside of a field that is not it is closed for good.
    let whole = state.carm_field_mm();
    let mut opening = state.drr.collimation_mm.unwrap_or(whole);
    let before = opening;
    let hint = "Width and height of the open part, mm on the receptor";
    ui.label("Collimation").on_hover_text(hint);
    ui.horizontal(|ui| {
        let names = ["Collimation width", "Collimation height"];
        for ((mm, most), name) in opening.iter_mut().zip(whole).zip(names) {
            let drag = DragValue::new(mm)
                .speed(1.0)
                .range(LEAST_OPENING_MM..=most)
                .fixed_decimals(0);
            let response = ui.add(drag).on_hover_text(name);
            response
                .ctx
                .accesskit_node_builder(response.id, |node| node.set_label(name));
        }
        let is_open = opening == whole;
        if ui
            .add_enabled(!is_open, Button::new("Open").small())
            .clicked()
        {
            queue.push(AimCommand::Field(whole));
        }
    });
    if opening != before {
        queue.push(DrrCommand::Collimate(Some(opening)));
    }
    ui.end_row();
}

fn isocenter_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let now = state.drr.isocenter;
    ui.label("Isocentre");
    ui.horizontal(|ui| {
        for (words, choice) in [
            ("at target", IsocenterChoice::Target),
            ("at crosshair", IsocenterChoice::Crosshair),
        ] {
            if ui.selectable_label(now == choice, words).clicked() {
                queue.push(DrrCommand::Isocenter(choice));
            }
        }
        if let IsocenterChoice::Fixed(_) = now {
            ui.label(RichText::new("fixed").color(theme::FAINT));
        }
    });
    ui.end_row();
}

fn look_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    ui.label("Greys");
    ui.horizontal(|ui| {
        for (words, hint, choice) in [
            ("fluoroscopy", "Bone is dark", Film::Fluoroscopy),
            ("film", "Bone is white", Film::Radiograph),
        ] {
            let chosen = state.drr.film == choice;
            if ui
                .selectable_label(chosen, words)
                .on_hover_text(hint)
                .clicked()
            {
                queue.push(DrrCommand::Film(choice));
            }
        }
    });
    ui.end_row();
}

/// Puts the picture into the 3D viewport, or the active one, where none shows it.
fn picture_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let place = |kind| state.viewports.iter().position(|one| one.kind == kind);
    if place(ViewKind::Drr).is_none() {
        let viewport = place(ViewKind::Volume3d).map_or(state.active, ViewportId);
        if ui.button("Show simulated fluoroscopy").clicked() {
            queue.push(ViewCommand::Kind(viewport, ViewKind::Drr));
        }
    }
}

/// A distance that can be set, or the one that is fixed.
fn distance_ui(ui: &mut Ui, value: &mut f64, bounds: Bounds) -> egui::Response {
    let (min, max) = (bounds.min().unwrap_or(1.0), bounds.max().unwrap_or(3000.0));
    if max - min < 1.0 && *value == min {
        return ui.label(format!("{min:.0} mm, fixed"));
    }
    ui.add(
        DragValue::new(value)
            .speed(2.0)
            .range(min..=max)
            .fixed_decimals(0)
            .suffix(" mm"),
    )
}

fn field_words([width, height]: [f64; 2]) -> String {
    format!("{width:.0} × {height:.0} mm")
}

/// How the isocentre is brought to the target, where it is not there.
fn way_to_target_ui(ui: &mut Ui, state: &AppState, setup: &CArmSetup<'_>) {
    let target = state.followed_needle().and_then(|needle| needle.target);
    let (Some(from), Some(to), Some(position)) = (setup.isocenter, target, setup.position) else {
        return;
    };
    let way = setup.profile.recentering(from, to, position);
    let words = format!("Isocentre to target: {}", way.words());
    ui.label(RichText::new(words).color(theme::FAINT).small());
    for broken in way.broken {
        let words = format!("Out of travel: {broken}");
        ui.label(RichText::new(words).color(theme::WARNING).small());
    }
}
