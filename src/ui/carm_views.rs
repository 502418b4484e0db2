//! The views of the needle in order: one click turns the C-arm there.

use std::sync::Arc;

use egui::{Button, Color32, RichText, Role, Sense, Stroke, Ui, WidgetInfo, vec2};

use super::{format, theme};
use crate::app::AppState;
use crate::app::command::CommandQueue;
use crate::app::drr_stage::DrrCommand;
use crate::assess::NeedleViews;
use crate::assess::aim::{AimedView, ViewPurpose};
use crate::geometry::{CArmAngles, Degrees};
use crate::plan::{Known, Reach};

/// Off the central ray by less than this, nothing is said, mm.
const CENTERED_MM: f64 = 0.05;

/// Diameter of the mark of the reach, points.
const MARK: f32 = 10.0;

/// Draws the list.
pub fn carm_views_ui(
    ui: &mut Ui,
    state: &AppState,
    views: &Known<Arc<NeedleViews>>,
    queue: &mut CommandQueue,
) {
    if let Some(needle) = state.followed_needle() {
        let color = theme::needle_color(needle.color);
        ui.label(RichText::new(&needle.name).color(color).strong());
    }
    let views = match views {
        Ok(views) => &views.views,
        Err(reason) => {
            ui.label(RichText::new(reason).color(theme::WARNING));
            return;
        }
    };
    let now = state.drr.angles;
    for view in views {
        view_ui(ui, view, is_at(now, view.angles), queue);
    }
}

/// Whether the C-arm stands at a view, to what is shown of it.
fn is_at(now: CArmAngles, view: CArmAngles) -> bool {
    (now.receptor_direction() - view.receptor_direction()).length() < 1e-3
}

fn view_ui(ui: &mut Ui, view: &AimedView, is_now: bool, queue: &mut CommandQueue) {
    ui.horizontal(|ui| {
        reach_mark(ui, &view.reach);
        let title = RichText::new(&view.title).strong();
        let button = ui.add(Button::selectable(is_now, title));
        let words = format!("Go to {}", view.title);
        button.widget_info(|| WidgetInfo::selected(Role::Button, true, is_now, &words));
        let clicked = button.clicked();
        button.on_hover_ui(|ui| hover_ui(ui, view));
        if clicked {
            queue.push(DrrCommand::Angles(view.angles));
        }
        if let Some(words) = off_center(view) {
            ui.label(RichText::new(words).color(theme::WARNING).small());
        }
    });
    let words = match view.apart {
        Some(apart) => format!("{} · {}", view.phrase, apart.words()),
        None => view.phrase.clone(),
    };
    ui.label(RichText::new(words).color(theme::FAINT));
    if let Some(reach) = view.reach.as_ref().ok().filter(|reach| !reach.is_reached()) {
        let words = reach.words();
        ui.label(RichText::new(words).color(theme::WARNING).small());
    }
    ui.add_space(3.0);
}

/// What is wrong with a view because the target is not at the isocentre.
fn off_center(view: &AimedView) -> Option<String> {
    let seen = view.seen.as_ref().ok()?;
    if !seen.target_in_field {
        return Some("target outside the field".to_owned());
    }
    if view.purpose == ViewPurpose::BullsEye && seen.apart_at_target_mm > CENTERED_MM {
        return Some(format!("entry {} off", format::mm(seen.apart_at_target_mm)));
    }
    (seen.off_center_mm > CENTERED_MM)
        .then(|| format!("off-centre {}", format::mm(seen.off_center_mm)))
}

/// A filled green dot = reached, an orange ring = not, a grey ring = not known.
pub fn reach_mark(ui: &mut Ui, reach: &Known<Reach>) {
    let (rect, response) = ui.allocate_exact_size(vec2(MARK, MARK), Sense::hover());
    let (words, color, filled) = match reach {
        Ok(reach) if reach.is_reached() => ("reached", theme::INFO, true),
        Ok(_) => ("out of reach", theme::WARNING, false),
        Err(_) => ("reach not known", theme::FAINT, false),
    };
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, words));
    response.on_hover_text(words);
    let radius = MARK / 2.0 - 1.5;
    if filled {
        ui.painter().circle_filled(rect.center(), radius, color);
    } else {
        let stroke = Stroke::new(1.8, color);
        ui.painter().circle_stroke(rect.center(), radius, stroke);
    }
}

fn hover_ui(ui: &mut Ui, view: &AimedView) {
    let line = |ui: &mut Ui, name: &str, words: String, color: Color32| {
        ui.horizontal(|ui| {
            ui.label(RichText::new(name).color(theme::FAINT));
            ui.label(RichText::new(words).color(color));
        });
    };
    let plain = theme::TEXT;
    line(
        ui,
        "DICOM primary / secondary",
        pair(view.angles.primary, view.angles.secondary),
        plain,
    );
    if let Ok(console) = &view.console {
        line(
            ui,
            "Console",
            pair(console.primary, console.secondary),
            plain,
        );
    }
    if let Ok(side) = &view.side {
        line(
            ui,
            "C-arm at table side",
            pair(side.orbital, side.tilt),
            plain,
        );
    }
    match &view.reach {
        Ok(reach) if reach.is_reached() => line(ui, "Set to", reach.setting_words(), theme::INFO),
        Ok(reach) => line(ui, "Reach", reach.words(), theme::WARNING),
        Err(reason) => line(ui, "Reach", reason.clone(), theme::WARNING),
    }
    match &view.seen {
        Ok(seen) => {
            let words = format!(
                "{} on the receptor, {} at the target",
                format::mm(seen.apart_on_receptor_mm),
                format::mm(seen.apart_at_target_mm)
            );
            line(ui, "Entry from target", words, plain);
            let share = format!("{:.0} %", 100.0 * seen.shown_share);
            line(ui, "Length shown", share, plain);
        }
        Err(reason) => line(ui, "Picture", reason.clone(), theme::WARNING),
    }
    if let Some(see) = &view.see {
        ui.label(see);
    }
}

/// `155.0° / −10.0°`.
pub fn pair(first: Degrees, second: Degrees) -> String {
    format!(
        "{}° / {}°",
        format::decimal(first.0),
        format::decimal(second.0)
    )
}
