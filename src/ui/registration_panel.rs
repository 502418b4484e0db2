//! The plan over a real X-ray picture, in words and numbers: how it was registered, how sure that
//! is, moving by hand, the check on landmarks.

use egui::{
    Button, Color32, ComboBox, DragValue, ProgressBar, RichText, Role, ScrollArea, Ui, WidgetInfo,
};

use super::{format, theme};
use crate::app::AppState;
use crate::app::command::CommandQueue;
use crate::app::registration_stage::{RegisteredView, RegistrationCommand, Standing};
use crate::plan::{RegisteredBy, RegistrationUncertainty};
use crate::register::Search;

/// Name, unit and place in the six numbers of a field that moves the plan.
const FIELDS: [(&str, &str, usize); 6] = [
    ("Right", " mm", 3),
    ("Down", " mm", 4),
    ("Away from the tube", " mm", 5),
    ("Tilt up and down", "°", 0),
    ("Tilt left and right", "°", 1),
    ("Turn in the picture", "°", 2),
];

/// Said of pictures without Patient Orientation.
pub const SIDES_ASSUMED: &str = "Left/right assumed: the file does not state it";

/// Draws the panel.
pub fn registration_panel_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            let shown = match state.registered_view() {
                Ok(shown) => shown,
                Err(words) => {
                    ui.label("The plan over a real X-ray picture");
                    ui.label(RichText::new(words).color(theme::FAINT));
                    return;
                }
            };
            let (words, color) = standing(state, &shown);
            ui.label(RichText::new(words).color(color).strong());
            if !shown.geometry.sides_stated {
                ui.label(RichText::new(SIDES_ASSUMED).color(theme::WARNING));
            }
            details(ui, &shown);
            show_ui(ui, state, queue);
            ui.separator();
            register_ui(ui, state, &shown, queue);
            ui.separator();
            // A move during a registration would be lost to its result.
            let registering = state.registering.is_registering(&shown.image, shown.frame);
            ui.add_enabled_ui(!registering, |ui| hand_ui(ui, &shown, queue));
            ui.separator();
            landmarks_ui(ui, state, &shown, queue);
        });
}

/// How the position came about, in one line, and in which colour.
pub fn standing(state: &AppState, shown: &RegisteredView) -> (String, Color32) {
    let progress = state.registering.progress(&shown.image, shown.frame);
    if progress.is_some() {
        return ("Registering…".to_owned(), theme::LABEL);
    }
    let registered = match shown.registered_frame {
        Some(frame) => format!("Registered at frame {}", frame + 1),
        None => "Registered".to_owned(),
    };
    match &shown.standing {
        Standing::NotRegistered => (
            "Not registered: lies where the header says, with the target assumed at the isocentre"
                .to_owned(),
            theme::WARNING,
        ),
        Standing::Moved => (
            "Not registered: moved by hand, not accepted".to_owned(),
            theme::WARNING,
        ),
        Standing::Registered(RegisteredBy::Hand) => (format!("{registered} by hand"), theme::INFO),
        Standing::Registered(RegisteredBy::Likeness { after, doubt, .. }) => match doubt {
            None => (format!("{registered}: likeness {after:.2}"), theme::INFO),
            Some(_) => (
                format!("{registered} with doubt: likeness {after:.2}"),
                theme::WARNING,
            ),
        },
    }
}

fn details(ui: &mut Ui, shown: &RegisteredView) {
    if shown.registered_frame.is_some() {
        let words = "The C-arm's angles and distances are the same in this frame: the position holds \
                     while neither the patient nor the table moves";
        ui.label(RichText::new(words).color(theme::FAINT));
    }
    let Standing::Registered(RegisteredBy::Likeness {
        views,
        before,
        after,
        doubt,
        uncertainty,
    }) = &shown.standing
    else {
        return;
    };
    if let Some(doubt) = doubt {
        ui.label(RichText::new(doubt).color(theme::WARNING));
    }
    let together = match views {
        1 => "one picture".to_owned(),
        n => format!("{n} pictures together"),
    };
    let words = format!("Likeness {before:.2} at the start, {after:.2} now, from {together}");
    ui.label(RichText::new(words).color(theme::FAINT));
    if let Some(held) = uncertainty {
        ui.label(RichText::new(held_words(held)).color(theme::FAINT));
    }
}

fn held_words(held: &RegistrationUncertainty) -> String {
    let across = held.across_mm[0].max(held.across_mm[1]);
    let tilt = held.tilt_deg[0].max(held.tilt_deg[1]);
    format!(
        "Held by the picture (1 SD): {} mm across, {} mm along the beam, {tilt:.1}° of tilt, {:.1}° \
         of turn. Movement of the patient since the CT comes on top",
        format::decimal(across),
        format::decimal(held.along_mm),
        held.roll_deg
    )
}

fn show_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let mut shown = state.registering.shown;
    if ui.checkbox(&mut shown, "Plan over this picture").changed() {
        queue.push(RegistrationCommand::Show(shown));
    }
    let mut outlines = state.registering.show_structures;
    let choice = ui.add_enabled_ui(shown, |ui| {
        ui.checkbox(&mut outlines, "Outlines of structures")
    });
    if choice.inner.changed() {
        queue.push(RegistrationCommand::ShowStructures(outlines));
    }
    if shown && state.registering.show_structures {
        for note in state.registering.outlines().notes() {
            ui.label(RichText::new(note).color(theme::WARNING));
        }
    }
}

fn register_ui(ui: &mut Ui, state: &AppState, shown: &RegisteredView, queue: &mut CommandQueue) {
    if state.registering.is_running() {
        match state.registering.progress(&shown.image, shown.frame) {
            Some(share) => ui.add(ProgressBar::new(share as f32).text("Registering")),
            None => ui.label("Another picture is being registered"),
        };
        if ui.button("Cancel registration").clicked() {
            queue.push(RegistrationCommand::Cancel);
        }
        return;
    }
    second_view_ui(ui, state, queue);
    ui.horizontal(|ui| {
        let wide = ui.button("Register").on_hover_text(
            "Lays the projection of the CT over the picture, within 14 mm and 5° of where the plan \
             lies now. Half a vertebra farther it would take the next one: move it near first",
        );
        if wide.clicked() {
            queue.push(RegistrationCommand::Register(Search::Wide));
        }
        let near = ui
            .button("Refine")
            .on_hover_text("The same, but only from where the plan lies now");
        if near.clicked() {
            queue.push(RegistrationCommand::Register(Search::Near));
        }
        if matches!(shown.standing, Standing::Registered(_))
            && ui.button("Remove registration").clicked()
        {
            queue.push(RegistrationCommand::Remove);
        }
    });
    if let Some(words) = state.registering.failure(&shown.image, shown.frame) {
        ui.label(RichText::new(words).color(theme::ERROR));
    }
}

fn second_view_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let others = state.other_views();
    if others.is_empty() {
        return;
    }
    let chosen = state.registered_with();
    let chosen = chosen.as_ref();
    let name = chosen
        .and_then(|(image, _)| others.iter().find(|(_, other)| other == image))
        .map_or("Only this picture", |(title, _)| title.as_str());
    let response = ComboBox::from_id_salt("second view")
        .selected_text(name)
        .width(ui.available_width() - 8.0)
        .truncate()
        .show_ui(ui, |ui| {
            if ui
                .selectable_label(chosen.is_none(), "Only this picture")
                .clicked()
            {
                queue.push(RegistrationCommand::With(None));
            }
            for (title, image) in &others {
                let here = chosen.is_some_and(|(chosen, _)| chosen == image);
                if ui.selectable_label(here, title).clicked() {
                    queue.push(RegistrationCommand::With(Some((image.clone(), 0))));
                }
            }
        })
        .response;
    response.widget_info(|| WidgetInfo::labeled(Role::ComboBox, true, "Register together with"));
    response.on_hover_text(
        "A second picture of the same patient position, the C-arm turned about the same isocentre: \
         it holds what one picture cannot, the way along its beam",
    );
}

fn hand_ui(ui: &mut Ui, shown: &RegisteredView, queue: &mut CommandQueue) {
    ui.label(RichText::new("Move by hand").strong());
    let words = "Drag the ring at the target; with Alt or Ctrl it tilts. Drag the ring beside it to \
                 turn. Numbers move the plan by steps.";
    ui.label(RichText::new(words).color(theme::FAINT));
    egui::Grid::new("move by hand")
        .num_columns(2)
        .show(ui, |ui| {
            for (name, unit, place) in FIELDS {
                ui.label(name);
                let mut by = 0.0;
                let field = ui.add(
                    DragValue::new(&mut by)
                        .speed(0.1)
                        .fixed_decimals(1)
                        .suffix(unit),
                );
                field.widget_info(|| WidgetInfo::labeled(Role::SpinButton, true, name));
                if by != 0.0 {
                    queue.push(RegistrationCommand::Move(of_field(shown, place, by)));
                }
                ui.end_row();
            }
        });
    ui.horizontal(|ui| {
        let moved = shown.standing == Standing::Moved;
        let untouched = shown.standing == Standing::NotRegistered;
        if ui.add_enabled(moved, Button::new("Undo moves")).clicked() {
            queue.push(RegistrationCommand::Reset);
        }
        let accept = ui.add_enabled(moved || untouched, Button::new("Accept as it lies"));
        if accept.clicked() {
            queue.push(RegistrationCommand::Accept);
        }
    });
}

/// How the C-arm moves for the plan to go so far along a field: against it where it shifts.
fn of_field(shown: &RegisteredView, place: usize, by: f64) -> [f64; 6] {
    let sign = shown.geometry.receptor.pixel_mm.map(f64::signum);
    let mut six = [0.0; 6];
    let signed = match place {
        3 => -by * sign[0],
        4 => -by * sign[1],
        5 => -by,
        2 => by * sign[0] * sign[1],
        _ => by,
    };
    if let Some(cell) = six.get_mut(place) {
        *cell = signed;
    }
    six
}

fn landmarks_ui(ui: &mut Ui, state: &AppState, shown: &RegisteredView, queue: &mut CommandQueue) {
    ui.label(RichText::new("Check on landmarks").strong());
    let distances = state.landmark_distances(shown);
    for (index, distance) in distances.iter().enumerate() {
        ui.horizontal(|ui| {
            let off = distance.map_or_else(|| format::UNKNOWN.to_owned(), format::mm);
            ui.label(format!("Landmark {}: {off} off", index + 1));
            let remove = ui.small_button("Remove");
            remove.widget_info(|| {
                let name = format!("Remove landmark {}", index + 1);
                WidgetInfo::labeled(Role::Button, true, name)
            });
            if remove.clicked() {
                queue.push(RegistrationCommand::RemoveMark(index));
            }
        });
    }
    let known: Vec<f64> = distances.iter().copied().flatten().collect();
    if known.len() > 1 {
        let mean = known.iter().sum::<f64>() / known.len() as f64;
        let words = format!("Mean {} in the patient", format::mm(mean));
        ui.label(RichText::new(words).strong());
    }
    let mut marking = state.registering.marking;
    let words = "Put the crosshair on a point in the CT, come back, and click where the picture \
                 shows it";
    let toggle = ui.toggle_value(&mut marking, "Mark the crosshair's point");
    if toggle.on_hover_text(words).changed() {
        queue.push(RegistrationCommand::Mark(marking));
    }
}
