//! A 3D view: its picture, the words on it, what the pointer does over it.

use egui::{Align2, CursorIcon, Painter, PointerButton, Rect, Response, Role};
use egui::{Sense, Ui, WidgetInfo, pos2};
use glam::DVec2;

use super::end_mark::end_mark;
use super::labels::{scale_bar, series_text, sides};
use super::orientation_cube::cube_ui;
use super::overlay::text;
use super::pictures::Pictures;
use super::structure_overlay;
use super::transfer_editor::transfer_editor;
use super::volume_menu::volume_menu;
use super::{Pointed, screen, title_menu};
use crate::app::AppState;
use crate::app::camera::{Projection, StandardView};
use crate::app::command::{Command, CommandQueue, PlanCommand, StructureCommand, ViewCommand};
use crate::app::entry_stage::EntryCommand;
use crate::app::pick::{Pick, Picked};
use crate::app::settings::DragAction;
use crate::app::tool::ToolKind;
use crate::app::viewport::{ViewKind, Viewport, ViewportId};
use crate::geometry::{Lps, Point, Vector};
use crate::render::Eye;
use crate::ui::{format, theme};
use crate::volume::{Interpolation, value_at};

/// Enlargement of one notch of the wheel.
const NOTCH: f64 = 1.15;
/// Screen points of wheel travel that make one notch.
const POINTS_PER_NOTCH: f32 = 40.0;

/// Draws a 3D view. Returns where the pointer is.
pub fn scene_ui(
    ui: &mut Ui,
    rect: Rect,
    id: ViewportId,
    state: &AppState,
    (queue, pictures): (&mut CommandQueue, &mut Pictures),
) -> Option<Pointed> {
    let viewport = state.viewport(id)?;
    let size = [f64::from(rect.width()), f64::from(rect.height())];
    let response = ui.interact(rect, ui.scope_id().with("picture"), Sense::click_and_drag());
    let name = format!("{} view", viewport.kind.title());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &name));
    let Some(eye) = state.eye_of(id, size) else {
        ui.painter().rect_filled(rect, 0.0, theme::VIEW_GROUND);
        return None;
    };
    pictures.paint_scene(ui, rect, id, state, &eye);
    let painter = ui.painter_at(rect);
    structure_labels(&painter, rect, state, &eye);
    sides(&painter, rect, &eye.plane());
    series_text(&painter, rect, state);
    if viewport.camera.projection == Projection::Parallel {
        // In perspective one length has many sizes.
        let beside = rect.with_min_x(rect.left() + 84.0);
        scale_bar(&painter, beside, viewport.mm_per_point);
    }
    hint(&painter, rect, state);
    let pointed = handle(ui, &response, id, state, (&eye, queue));
    cube_ui(ui, rect, id, &eye, queue);
    if let Some(points) = pointed
        && !end_mark(&painter, rect, state, &eye, points)
        && let Some(pick) = state.pick(&eye, points)
    {
        pick_text(&painter, rect, state, (&pick, eye.ray(points, 0.0).1));
        if let Picked::Structure(name) = &pick.what {
            structure_overlay::pointer_label(&painter, rect, points, name);
        }
    }
    let contents = |ui: &mut Ui, queue: &mut CommandQueue| menu(ui, id, viewport, state, queue);
    title_menu(ui, rect, (id, viewport), queue, contents);
    volume_menu(ui, rect, state, queue);
    // One for all 3D views: they show the same colours.
    if first_3d(state) == Some(id) {
        transfer_editor(ui, rect, state, queue);
    }
    pointed.map(|points| Pointed {
        viewport: id,
        at: None,
        points,
    })
}

fn first_3d(state: &AppState) -> Option<ViewportId> {
    let is_3d = |id: &ViewportId| {
        let viewport = state.viewport(*id);
        viewport.is_some_and(|viewport| viewport.kind == ViewKind::Volume3d)
    };
    state.shown_viewports().into_iter().find(is_3d)
}

/// Names at their places; fainter where something hides them.
fn structure_labels(painter: &Painter, rect: Rect, state: &AppState, eye: &Eye) {
    for label in &state.scene.labels {
        let Some(pixel) = eye.pixel_of(label.at) else {
            continue;
        };
        let at = screen(rect, pixel);
        if !rect.contains(at) {
            continue;
        }
        let color = if state.is_hidden(eye, label.at) {
            theme::LABEL.gamma_multiply(0.55)
        } else {
            theme::LABEL
        };
        text(painter, at, Align2::CENTER_CENTER, &label.text, color);
    }
}

/// Why there is less to see than one may expect.
fn hint(painter: &Painter, rect: Rect, state: &AppState) {
    let scene = &state.scene;
    let volume = state.stage.as_ref().and_then(|stage| stage.volume());
    let words = if state.volume_look.is_busy() {
        "Making the volume ready…"
    } else if scene.is_busy() {
        "Finding skin and bone…"
    } else if volume.is_some_and(|volume| volume.unit() != "HU") && scene.structures.is_empty() {
        "Skin and bone are found on CT only"
    } else {
        return;
    };
    let at = pos2(rect.center().x, rect.bottom() - 26.0);
    text(painter, at, Align2::CENTER_BOTTOM, words, theme::FAINT);
}

/// The value at a point, and the structures there.
fn tissue_words(state: &AppState, at: Point<Lps>) -> String {
    let volume = state.stage.as_ref().and_then(|stage| stage.volume());
    let value = volume.and_then(|volume| {
        let value = value_at(volume, at, Interpolation::Linear)?;
        Some(format::value(value, volume.unit()))
    });
    let names = state.structure_names_at(at).into_iter();
    value
        .into_iter()
        .chain(names)
        .collect::<Vec<_>>()
        .join(" · ")
}

/// What the pointer meets, and where.
fn pick_text(
    painter: &Painter,
    rect: Rect,
    state: &AppState,
    (pick, direction): (&Pick, Vector<Lps>),
) {
    let lines = [
        format::position(pick.point),
        picked_words(state, pick, direction),
    ];
    for (index, line) in lines.iter().enumerate() {
        let at = pos2(
            rect.right() - 8.0,
            rect.bottom() - 8.0 - index as f32 * 16.0,
        );
        text(painter, at, Align2::RIGHT_BOTTOM, line, theme::LABEL);
    }
}

/// What a ray in a unit direction meets.
fn picked_words(state: &AppState, pick: &Pick, direction: Vector<Lps>) -> String {
    match &pick.what {
        Picked::Needle(id) => state
            .plan()
            .trajectory(*id)
            .map_or_else(String::new, |needle| needle.name.clone()),
        Picked::Structure(name) => name.clone(),
        // The same words as where a click would place a target.
        Picked::Bone => state.dense_words(pick.point, direction),
        Picked::Tissue => tissue_words(state, pick.point),
        Picked::Skin => "Skin".to_owned(),
    }
}

/// Turns what the pointer did into commands; returns where it is, points, if over the view.
fn handle(
    ui: &Ui,
    response: &Response,
    id: ViewportId,
    state: &AppState,
    (eye, queue): (&Eye, &mut CommandQueue),
) -> Option<DVec2> {
    let pressed = ui.input(|input| input.pointer.any_pressed());
    if pressed && response.contains_pointer() {
        queue.push(ViewCommand::Activate(id));
    }
    let delta = response.drag_delta();
    let moved = DVec2::new(f64::from(delta.x), f64::from(delta.y));
    for (button, action) in [
        (PointerButton::Primary, DragAction::Tool),
        (PointerButton::Secondary, state.settings.secondary_drag),
        (PointerButton::Middle, state.settings.middle_drag),
    ] {
        if !response.dragged_by(button) || moved == DVec2::ZERO {
            continue;
        }
        match action {
            DragAction::Tool if state.tool == ToolKind::Pan => {
                queue.push(ViewCommand::Pan(id, moved * eye.mm_per_pixel));
            }
            DragAction::Tool => queue.push(ViewCommand::Orbit(id, moved)),
            DragAction::Pan => queue.push(ViewCommand::Pan(id, moved * eye.mm_per_pixel)),
            DragAction::Zoom => zoom(queue, id, 1.01_f64.powf(-moved.y), DVec2::ZERO),
            // Surfaces have no window.
            DragAction::Window => {}
        }
    }
    if response.double_clicked() && state.tool == ToolKind::Window {
        queue.push(ViewCommand::Maximise(id));
    }
    let hover = response.hover_pos()?;
    let from = hover - response.rect.min;
    let points = DVec2::new(f64::from(from.x), f64::from(from.y));
    let placing = match state.tool {
        ToolKind::Place(end) => Some(end),
        _ => None,
    };
    if let Some(end) = placing
        && response.clicked()
        // The second click of a double click would place the other end on this one.
        && !response.double_clicked()
        && let Some(pick) = state.pick_end(eye, points, end)
    {
        queue.push(PlanCommand::PlaceInSpace(end, pick.point));
    }
    // On the painted skin a click takes the spot; a drag still turns the view.
    if placing.is_none()
        && state.entries.map().is_some()
        && response.clicked()
        && let Some(pick) = state.pick(eye, points)
        && pick.what == Picked::Skin
    {
        queue.push(EntryCommand::TakeAt(pick.point));
    }
    let factor = wheel(ui);
    if factor != 1.0 {
        let middle = DVec2::from_array(eye.size) / 2.0;
        zoom(queue, id, factor, (points - middle) * eye.mm_per_pixel);
    }
    let icon = match () {
        () if placing.is_some() => CursorIcon::Crosshair,
        () if response.dragged() => CursorIcon::Grabbing,
        () => CursorIcon::Grab,
    };
    ui.set_cursor_icon(icon);
    Some(points)
}

fn zoom(queue: &mut CommandQueue, viewport: ViewportId, factor: f64, about_mm: DVec2) {
    queue.push(ViewCommand::Zoom {
        viewport,
        factor,
        about_mm,
    });
}

/// Enlargement asked for by the wheel, with Ctrl or without.
fn wheel(ui: &Ui) -> f64 {
    ui.input(|input| {
        let notches: f32 = input
            .events
            .iter()
            .map(|event| match event {
                egui::Event::MouseWheel {
                    unit,
                    delta,
                    modifiers,
                    ..
                } if !modifiers.ctrl && !modifiers.command => match unit {
                    egui::MouseWheelUnit::Line => delta.y,
                    egui::MouseWheelUnit::Point => delta.y / POINTS_PER_NOTCH,
                    egui::MouseWheelUnit::Page => delta.y * 4.0,
                },
                _ => 0.0,
            })
            .sum();
        NOTCH.powf(f64::from(notches)) * f64::from(input.zoom_delta())
    })
}

/// The menu of a 3D view, below the kinds of view.
fn menu(
    ui: &mut Ui,
    id: ViewportId,
    viewport: &Viewport,
    state: &AppState,
    queue: &mut CommandQueue,
) {
    for view in StandardView::ALL {
        if ui.button(view.title()).clicked() {
            queue.push(ViewCommand::Stand(id, view));
        }
    }
    let needle = state.followed_needle().is_some();
    let down = ui.add_enabled(needle, egui::Button::new("Down the needle"));
    if down.clicked() {
        queue.push(ViewCommand::DownNeedle(id));
    }
    ui.separator();
    let (mut skin, mut bone) = (state.scene.show_skin, state.scene.show_bone);
    if ui.checkbox(&mut skin, "Skin").changed() {
        queue.push(ViewCommand::ShowSkin(skin));
    }
    if ui.checkbox(&mut bone, "Bone").changed() {
        queue.push(ViewCommand::ShowBone(bone));
    }
    let mut labels = state.show_spine;
    if ui.checkbox(&mut labels, "Vertebra labels").changed() {
        queue.push(Command::ShowSpine(labels));
    }
    let mut look = state.structure_look;
    if ui.checkbox(&mut look.shown, "Structures").changed() {
        queue.push(StructureCommand::Look(look));
    }
    let mut parallel = viewport.camera.projection == Projection::Parallel;
    if ui.checkbox(&mut parallel, "Parallel rays").changed() {
        let projection = if parallel {
            Projection::Parallel
        } else {
            Projection::Perspective
        };
        queue.push(ViewCommand::Project(id, projection));
    }
    ui.separator();
    for (label, command) in [
        ("Reset view", ViewCommand::Reset(id)),
        ("Rotate 90°", ViewCommand::RotateQuarter(id)),
        ("Maximise / restore", ViewCommand::Maximise(id)),
    ] {
        if ui.button(label).clicked() {
            queue.push(command);
            ui.close();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::job::no_waker;
    use crate::app::settings::Folders;

    #[test]
    fn what_is_as_dense_as_bone_is_not_called_bone() {
        let folder = tempfile::tempdir().unwrap();
        let state = AppState::new(Folders::under(folder.path()), no_waker());
        let pick = Pick {
            point: Point::new(0., 0., 0.),
            what: Picked::Bone,
        };
        let words = picked_words(&state, &pick, Vector::new(0., 1., 0.));
        assert_eq!(words, "≥ 200 HU");
    }
}
