//! The C-arm: which one, how it stands, the views of the needle, the angle map.

use std::sync::Arc;

use egui::{Button, ComboBox, DragValue, RichText, Role, ScrollArea, Ui, WidgetInfo};

use super::angle_map_picture::{Mark, angle_map_ui, legend_ui};
use super::carm_controls::carm_controls_ui;
use super::carm_views::{carm_views_ui, pair, reach_mark};
use super::{format, plan_panel, theme};
use crate::app::AppState;
use crate::app::aim_stage::{AimCommand, MapShade, ShownAngleMap};
use crate::app::command::CommandQueue;
use crate::app::drr_preset::DrrPreset;
use crate::app::drr_stage::DrrCommand;
use crate::assess::aim::{Cell, ViewPurpose};
use crate::assess::{CArmSetup, NeedleViews};
use crate::geometry::{CArmAngles, Degrees, wrap_180};
use crate::plan::phrase;
use crate::study::Side;

/// How far from the bull's-eye a clearer view is looked for: a needle still looks short there
/// (a proposal of ours).
const CLEAREST_WITHIN: Degrees = Degrees(10.0);

/// Draws the panel.
pub fn carm_panel_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            profile_ui(ui, state, queue);
            plan_panel::position_ui(ui, state, queue);
            let Some(setup) = state.carm_setup() else {
                return;
            };
            ui.separator();
            angles_ui(ui, state, &setup, queue);
            presets_ui(ui, queue);
            ui.separator();
            carm_controls_ui(ui, state, &setup, queue);
            ui.separator();
            if let Some(words) = why_no_needle_is_aimed_at(state) {
                ui.label(RichText::new(words).color(theme::WARNING));
                return;
            }
            let views = state.needle_views();
            carm_views_ui(ui, state, &views, queue);
            ui.separator();
            map_ui(ui, state, &setup, &marks(views.as_deref().ok()), queue);
        });
}

/// `None` where the plan belongs to the images shown.
fn why_no_needle_is_aimed_at(state: &AppState) -> Option<&'static str> {
    if state.plan_fits() {
        return None;
    }
    // A picture of the patient is no stranger's image, but it has no room to aim in.
    Some(if state.pictures_fit() {
        "X-ray pictures are shown. Needles are aimed at on the CT of the plan: show that series."
    } else {
        "The open plan belongs to other images."
    })
}

fn profile_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let taken = state.aim.profile();
    let label = ui.label("Which C-arm");
    ComboBox::from_id_salt("carm profile")
        .selected_text(taken.map_or("none", |profile| profile.title.as_str()))
        .width(ui.available_width() - 8.0)
        .truncate()
        .show_ui(ui, |ui| {
            for profile in &state.aim.carms.profiles {
                let is_taken = taken.is_some_and(|taken| taken.id == profile.id);
                if ui.selectable_label(is_taken, &profile.title).clicked() {
                    queue.push(AimCommand::Profile(profile.id.clone()));
                }
            }
        })
        .response
        .labelled_by(label.id);
    if let Some(profile) = taken {
        let [first, second] = profile.parking.axes();
        let limit = |index: usize| {
            let range = profile.angles.get(index)?;
            Some((range.bounds.min()?, range.bounds.max()?))
        };
        if let (Some(a), Some(b)) = (limit(0), limit(1)) {
            let ends = |(min, max): (f64, f64)| format!("{}° to {}°", whole(min), whole(max));
            let proposal = if profile.is_proposal() {
                ", proposal"
            } else {
                ""
            };
            let words = format!(
                "{}: {} {}, {} {}{proposal}",
                profile.parking.words(),
                first.name(),
                ends(a),
                second.name(),
                ends(b)
            );
            ui.label(RichText::new(words).color(theme::FAINT).small());
        }
    }
}

/// Whole degrees with a true minus sign.
fn whole(degrees: f64) -> String {
    let minus = if degrees < 0.0 { "−" } else { "" };
    format!("{minus}{:.0}", degrees.abs())
}

fn angles_ui(ui: &mut Ui, state: &AppState, setup: &CArmSetup<'_>, queue: &mut CommandQueue) {
    let now = state.drr.angles;
    let (mut primary, mut secondary) = (now.primary.0, now.secondary.0);
    egui::Grid::new("carm angles")
        .num_columns(2)
        .show(ui, |ui| {
            for (name, hint, value, most) in [
                (
                    "LAO + / RAO −",
                    "Primary positioner angle, DICOM",
                    &mut primary,
                    360.0,
                ),
                (
                    "CRA + / CAU −",
                    "Secondary positioner angle, DICOM",
                    &mut secondary,
                    90.0,
                ),
            ] {
                let label = ui.label(name).on_hover_text(hint);
                let drag = DragValue::new(value)
                    .speed(0.25)
                    .range(-most..=most)
                    .fixed_decimals(1)
                    .suffix("°");
                ui.add(drag).labelled_by(label.id);
                ui.end_row();
            }
        });
    if primary != now.primary.0 || secondary != now.secondary.0 {
        queue.push(DrrCommand::Angles(CArmAngles {
            primary: wrap_180(Degrees(primary)),
            secondary: Degrees(secondary),
        }));
    }
    ui.label(RichText::new(phrase::view(now)).strong());
    if let Some(position) = setup.position {
        let console = now.console(position);
        let side = now.side_carm(position);
        let words = format!(
            "console {}, table side {}",
            pair(console.primary, console.secondary),
            pair(side.orbital, side.tilt)
        );
        ui.label(RichText::new(words).color(theme::FAINT));
    }
    let reach = setup.reach(now);
    ui.horizontal_wrapped(|ui| {
        reach_mark(ui, &reach);
        let (words, color) = match &reach {
            Ok(reach) if reach.is_reached() => (reach.words(), theme::FAINT),
            Ok(reach) => (reach.words(), theme::WARNING),
            Err(reason) => (reason.clone(), theme::WARNING),
        };
        ui.label(RichText::new(words).color(color));
    });
}

fn presets_ui(ui: &mut Ui, queue: &mut CommandQueue) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for preset in DrrPreset::ALL {
            let title = preset.title();
            let button = ui.add(Button::new(short(preset)).small());
            button.widget_info(|| WidgetInfo::labeled(Role::Button, true, &title));
            if button.on_hover_text(&title).clicked() {
                queue.push(DrrCommand::Preset(preset));
            }
        }
    });
}

/// A preset in a few letters.
fn short(preset: DrrPreset) -> String {
    let letter = |side| match side {
        Side::Left => 'L',
        Side::Right => 'R',
    };
    match preset {
        DrrPreset::Frontal => "AP".to_owned(),
        DrrPreset::Lateral(side) => format!("Lateral {}", letter(side)),
        DrrPreset::Oblique(degrees, side) => format!("{degrees}° {}", letter(side)),
        DrrPreset::ContralateralOblique => "Contralateral".to_owned(),
        DrrPreset::SquareEndPlate => "Square end-plate".to_owned(),
    }
}

fn map_ui(
    ui: &mut Ui,
    state: &AppState,
    setup: &CArmSetup<'_>,
    marks: &[Mark],
    queue: &mut CommandQueue,
) {
    let shade = state.aim.shade;
    ui.horizontal(|ui| {
        ui.label(RichText::new("Angle map").strong());
        for (words, choice) in [("Bone", MapShade::Bone), ("Bull's-eye", MapShade::BullsEye)] {
            if ui.selectable_label(shade == choice, words).clicked() {
                queue.push(AimCommand::Shade(choice));
            }
        }
    });
    if let Some(status) = state.aim.status() {
        ui.label(RichText::new(status).color(theme::FAINT));
    }
    let Some((shown, is_current)) = state.angle_map() else {
        return;
    };
    if !is_current {
        old_map_ui(ui, shown, shade);
        return;
    }
    let now = state.drr.angles;
    let pointing = angle_map_ui(ui, shown, shade, marks, Some(now));
    if let Some(angles) = pointing.clicked {
        queue.push(DrrCommand::Angles(angles));
    }
    let (name, angles) = match pointing.hovered {
        Some(hovered) => ("Pointer", hovered),
        None => ("Now", now),
    };
    ui.label(format!("{name}: {}", phrase::view(angles)));
    let words = numbers(shown, angles, setup);
    ui.label(RichText::new(words).color(theme::FAINT));
    clearest_ui(ui, shown, queue);
    legend_ui(ui, shade, shown.has_bone);
    if !shown.has_bone {
        let words = "No bone: a CT in HU must be open.";
        ui.label(RichText::new(words).color(theme::FAINT).small());
    }
}

/// The map of a moment ago, until the one that is wanted is there: greyed, with nothing to read from
/// it and nowhere to go.
fn old_map_ui(ui: &mut Ui, shown: &Arc<ShownAngleMap>, shade: MapShade) {
    ui.label(RichText::new("Being drawn…").color(theme::FAINT));
    ui.scope(|ui| {
        ui.disable();
        angle_map_ui(ui, shown, shade, &[], None);
    });
}

fn clearest_ui(ui: &mut Ui, shown: &ShownAngleMap, queue: &mut CommandQueue) {
    let Some((angles, cell)) = shown.map.clearest_near(CLEAREST_WITHIN) else {
        return;
    };
    let bone = cell
        .bone
        .map_or(String::new(), |bone| format!(", bone {}", bone.words()));
    let within = format!("{:.0}°", CLEAREST_WITHIN.0);
    let hint = clearest_hint(&cell, &within);
    ui.horizontal_wrapped(|ui| {
        let go = ui.add(Button::new(format!("Clearest within {within}")).small());
        if go.on_hover_text(hint).clicked() {
            queue.push(DrrCommand::Angles(angles));
        }
        let words = format!("{}{bone}", phrase::view(angles));
        ui.label(RichText::new(words).color(theme::FAINT).small());
    });
}

/// What the clearest view is, and what is not known of it.
fn clearest_hint(cell: &Cell, within: &str) -> String {
    let reached = match cell.beyond {
        Some(_) => "Reached, with the",
        None => "Reach not known; the",
    };
    let seen = match cell.bone {
        Some(bone) if bone.at_least => ". No beam there lies in the images with all its bone",
        _ => "",
    };
    format!("{reached} least bone within {within} of the bull's-eye{seen}")
}

/// The marks of the views that have one.
fn marks(views: Option<&NeedleViews>) -> Vec<Mark> {
    let Some(views) = views else {
        return Vec::new();
    };
    [
        ("AP", ViewPurpose::Ap),
        ("lat", ViewPurpose::Lateral),
        ("1", ViewPurpose::Progress(1)),
        ("2", ViewPurpose::Progress(2)),
    ]
    .into_iter()
    .filter_map(|(words, purpose)| {
        let angles = views.find(purpose)?.angles;
        Some(Mark { words, angles })
    })
    .collect()
}

/// What the map says of a view, in words.
fn numbers(shown: &ShownAngleMap, angles: CArmAngles, setup: &CArmSetup<'_>) -> String {
    let cell: Option<&Cell> = shown.map.nearest(angles);
    let mut parts = Vec::new();
    // The angle and the reach exactly, bone from the nearest view of the map.
    if let Some(exact) = shown.task.cell(angles, None) {
        parts.extend(
            exact
                .from_bulls_eye
                .map(|angle| format!("{} from the bull's-eye", format::degrees(angle))),
        );
    }
    let bone = cell.and_then(|cell| cell.bone);
    parts.extend(bone.map(|bone| format!("bone {}", bone.words())));
    parts.push(match setup.reach(angles) {
        Ok(reach) if reach.is_reached() => "reached".to_owned(),
        Ok(reach) => reach.words(),
        Err(_) => "reach not known".to_owned(),
    });
    parts.join(" · ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::assess::aim::BeamBone;

    #[test]
    fn the_clearest_view_says_reached_only_where_that_is_known() {
        let cell = |beyond: Option<f64>, at_least| Cell {
            from_bulls_eye: None,
            bone: Some(BeamBone { mm: 3.0, at_least }),
            beyond: beyond.map(Degrees),
        };
        let hint = |beyond, at_least| clearest_hint(&cell(beyond, at_least), "10°");
        assert!(hint(Some(0.0), false).starts_with("Reached"));
        assert!(hint(None, false).starts_with("Reach not known"));
        assert!(!hint(None, false).contains("images") && hint(None, true).contains("images"));
    }
}
