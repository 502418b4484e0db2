//! One viewport: its place, its input, its picture, what is drawn on it.

mod coarse_slice;
mod drr_view;
mod end_mark;
mod entry_outline;
mod input;
mod labels;
mod measurements;
mod needle_to_scale;
mod orientation_cube;
mod overlay;
pub mod overlay_planes;
mod picture_labels;
mod picture_marks;
mod picture_texture;
mod picture_view;
pub mod pictures;
mod registered_overlay;
mod scene3d;
mod scene_card;
mod scene_grain;
pub mod scene_pictures;
mod screen_picture;
mod spine_overlay;
pub mod stack_view;
mod structure_overlay;
mod transfer_editor;
mod volume_menu;

use egui::containers::menu::{MenuButton, MenuConfig};
use egui::{
    PopupCloseBehavior, Rect, Role, Sense, Stroke, StrokeKind, Ui, UiBuilder, WidgetInfo, pos2,
};
use glam::DVec2;

use self::pictures::Pictures;
use super::theme;
use crate::app::AppState;
use crate::app::command::{Command, CommandQueue, ViewCommand};
use crate::app::view_frame::ViewFrame;
use crate::app::viewport::{Slab, ViewKind, Viewport, ViewportId};
use crate::geometry::{Lps, Point};
use crate::volume::SlabMode;

/// Where the pointer is, if over a viewport.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pointed {
    /// Which viewport.
    pub viewport: ViewportId,
    /// The patient point under it on a slice; a 3D view points at surfaces, which is too coarse
    /// to place anything by.
    pub at: Option<Point<Lps>>,
    /// Points from the viewport's top-left corner.
    pub points: DVec2,
}

/// Draws all viewports of the layout into `area`. Returns where the pointer is.
pub fn grid_ui(
    ui: &mut Ui,
    area: Rect,
    state: &AppState,
    queue: &mut CommandQueue,
    pictures: &mut Pictures,
) -> Option<Pointed> {
    let mut pointed = None;
    for id in state.shown_viewports() {
        let cell = match state.maximised {
            Some(_) => [0.0, 0.0, 1.0, 1.0],
            None => state.layout.cell(id.0),
        };
        let corner = |x: f32, y: f32| {
            pos2(
                area.left() + x * area.width(),
                area.top() + y * area.height(),
            )
        };
        let rect =
            Rect::from_min_max(corner(cell[0], cell[1]), corner(cell[2], cell[3])).shrink(1.0);
        let rect = on_pixels(ui, rect);
        let mut child = ui.new_child(UiBuilder::new().id_salt(("viewport", id.0)).max_rect(rect));
        child.set_clip_rect(rect.intersect(ui.clip_rect()));
        pointed = pointed.or(viewport_ui(&mut child, rect, id, state, (queue, pictures)));
    }
    pointed
}

/// A rectangle whose edges lie on physical pixels, so that picture pixels are screen pixels.
fn on_pixels(ui: &Ui, rect: Rect) -> Rect {
    let scale = ui.ctx().pixels_per_point();
    let round = |value: f32| (value * scale).round() / scale;
    Rect::from_min_max(
        pos2(round(rect.left()), round(rect.top())),
        pos2(round(rect.right()), round(rect.bottom())),
    )
}

fn viewport_ui(
    ui: &mut Ui,
    rect: Rect,
    id: ViewportId,
    state: &AppState,
    (queue, pictures): (&mut CommandQueue, &mut Pictures),
) -> Option<Pointed> {
    let viewport = state.viewport(id)?;
    let size = [f64::from(rect.width()), f64::from(rect.height())];
    if state.viewport_size(id) != size {
        queue.push(ViewCommand::Resized(id, size));
    }
    if viewport.kind == ViewKind::Volume3d {
        let pointed = scene3d::scene_ui(ui, rect, id, state, (queue, pictures));
        border(ui, rect, viewport, state.active == id);
        return pointed;
    }
    if viewport.kind == ViewKind::Drr {
        drr_view::drr_ui(ui, rect, id, state, (queue, pictures));
        border(ui, rect, viewport, state.active == id);
        return None;
    }
    let response = ui.interact(rect, ui.scope_id().with("picture"), Sense::click_and_drag());
    let name = format!("{} view", viewport.kind.title());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &name));
    let frame = state.frame_of(id, size);
    // A picture covers the whole viewport; a ground under it would be painted for nothing.
    if frame.is_none() {
        ui.painter().rect_filled(rect, 0.0, theme::VIEW_GROUND);
    }

    let pointed = if let Some(frame) = frame {
        pictures.paint(ui, rect, id, state, &frame);
        pictures.paint_overlays(ui, rect, id, state, &frame);
        structure_overlay::paint(ui, rect, state, &frame);
        entry_outline::paint(ui, rect, id, state, &frame);
        spine_overlay::paint(ui, rect, state, &frame);
        overlay::paint(ui, rect, id, state, &frame);
        let pointed = input::handle(ui, &response, id, state, (&frame, queue));
        labels::paint(ui, rect, id, state, (&frame, pointed));
        structure_overlay::name_at_pointer(ui, rect, state, pointed);
        pointed
    } else {
        labels::paint_empty(ui, rect, viewport, state);
        None
    };
    let contents = |ui: &mut Ui, queue: &mut CommandQueue| slice_menu(ui, id, viewport, queue);
    title_menu(ui, rect, (id, viewport), queue, contents);
    border(ui, rect, viewport, state.active == id);
    pointed
}

fn border(ui: &Ui, rect: Rect, viewport: &Viewport, active: bool) {
    let color = theme::plane_color(viewport.kind);
    let stroke = if active {
        Stroke::new(2.0, color)
    } else {
        Stroke::new(1.0, theme::FRAME)
    };
    ui.painter()
        .rect_stroke(rect, 0.0, stroke, StrokeKind::Inside);
}

/// The title in the corner, a button that opens the viewport's own menu: the kinds of view, then
/// `contents`.
fn title_menu(
    ui: &mut Ui,
    rect: Rect,
    (id, viewport): (ViewportId, &Viewport),
    queue: &mut CommandQueue,
    contents: impl FnOnce(&mut Ui, &mut CommandQueue),
) {
    let place = Rect::from_min_size(rect.min + egui::vec2(6.0, 4.0), egui::vec2(170.0, 20.0));
    let mut bar = ui.new_child(UiBuilder::new().id_salt("menu").max_rect(place));
    let title = egui::RichText::new(viewport.kind.title())
        .color(theme::plane_color(viewport.kind))
        .strong();
    bar.style_mut().visuals.widgets.inactive.weak_bg_fill = theme::HALO;
    bar.style_mut().visuals.widgets.inactive.bg_stroke = Stroke::NONE;
    // Stays open while a number is typed.
    let config = MenuConfig::new().close_behavior(PopupCloseBehavior::CloseOnClickOutside);
    MenuButton::new(title).config(config).ui(&mut bar, |ui| {
        for kind in ViewKind::ALL {
            if ui
                .selectable_label(viewport.kind == kind, kind.title())
                .clicked()
            {
                queue.push(ViewCommand::Kind(id, kind));
                ui.close();
            }
        }
        ui.separator();
        contents(ui, queue);
    });
}

/// What the menu of a slice view offers beside the kinds.
fn slice_menu(ui: &mut Ui, id: ViewportId, viewport: &Viewport, queue: &mut CommandQueue) {
    slab_menu(ui, id, viewport, queue);
    ui.separator();
    for (label, command) in [
        ("Reset view", ViewCommand::Reset(id)),
        ("Flip left–right", ViewCommand::FlipHorizontally(id)),
        ("Flip up–down", ViewCommand::FlipVertically(id)),
        ("Rotate 90°", ViewCommand::RotateQuarter(id)),
        ("Maximise / restore", ViewCommand::Maximise(id)),
    ] {
        if ui.button(label).clicked() {
            queue.push(command);
            ui.close();
        }
    }
}

fn slab_menu(ui: &mut Ui, id: ViewportId, viewport: &Viewport, queue: &mut CommandQueue) {
    let mut slab = viewport.slab;
    ui.horizontal(|ui| {
        let label = ui.label("Slab");
        ui.add(
            egui::Slider::new(&mut slab.thickness_mm, 0.0..=Slab::THICKEST_MM)
                .suffix(" mm")
                .step_by(0.5),
        )
        .labelled_by(label.id);
    });
    ui.horizontal(|ui| {
        for (mode, title) in [
            (SlabMode::Mip, "MIP"),
            (SlabMode::Minip, "MinIP"),
            (SlabMode::Mean, "Mean"),
        ] {
            ui.selectable_value(&mut slab.mode, mode, title);
        }
    });
    if slab != viewport.slab {
        queue.push(ViewCommand::Slab(id, slab));
    }
}

/// Puts a command in the queue for a scroll of `steps`.
fn scroll(queue: &mut CommandQueue, id: ViewportId, steps: f64) {
    queue.push(Command::View(ViewCommand::Scroll(id, steps)));
}

/// A point of the viewport on the screen.
fn screen(rect: Rect, points: DVec2) -> egui::Pos2 {
    rect.min + egui::vec2(points.x as f32, points.y as f32)
}

/// Where a patient point appears on the screen.
fn screen_of(rect: Rect, frame: &ViewFrame, at: Point<Lps>) -> egui::Pos2 {
    screen(rect, frame.points_of(at))
}
