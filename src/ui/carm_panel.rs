//! The C-arm: which one, how it stands, the views of the needle, the angle map.

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
use crate::assess::CArmSetup;
use crate::assess::aim::{Cell, ViewPurpose};
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
            if !state.plan_fits() {
                let words = "The open plan belongs to other images.";
                ui.label(RichText::new(words).color(theme::WARNING));
                return;
            }
            carm_views_ui(ui, state, queue);
            ui.separator();
            map_ui(ui, state, &setup, queue);
        });
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
            Ok(reach) if reach.is_reached() => {
                (format!("reached: {}", reach.setting_words()), theme::FAINT)
            }
            Ok(reach) => (
                format!("out of reach: {}", reach.broken_words()),
                theme::WARNING,
            ),
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

fn map_ui(ui: &mut Ui, state: &AppState, setup: &CArmSetup<'_>, queue: &mut CommandQueue) {
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
    let Some(shown) = state.aim.map() else {
        return;
    };
    let now = state.drr.angles;
    let marks = marks(state);
    let pointing = angle_map_ui(ui, shown, shade, &marks, Some(now));
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
    if let Some((angles, cell)) = shown.map.clearest_near(CLEAREST_WITHIN) {
        let bone = cell
            .bone
            .map_or(String::new(), |bone| format!(", bone {}", bone.words()));
        let within = format!("{:.0}°", CLEAREST_WITHIN.0);
        let hint = format!("Reached, and with the least bone within {within} of the bull's-eye");
        ui.horizontal_wrapped(|ui| {
            let go = ui.add(Button::new(format!("Clearest within {within}")).small());
            if go.on_hover_text(hint).clicked() {
                queue.push(DrrCommand::Angles(angles));
            }
            let words = format!("{}{bone}", phrase::view(angles));
            ui.label(RichText::new(words).color(theme::FAINT).small());
        });
    }
    legend_ui(ui, shade, shown.has_bone);
    if !shown.has_bone {
        let words = "No bone: a CT in HU must be open.";
        ui.label(RichText::new(words).color(theme::FAINT).small());
    }
}

/// The marks of the views that have one.
fn marks(state: &AppState) -> Vec<Mark> {
    let Ok(views) = state.needle_views() else {
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
        Ok(reach) => format!("out of reach: {}", reach.broken_words()),
        Err(_) => "reach not known".to_owned(),
    });
    parts.join(" · ")
}
