//! Pictures that are no volume: radiographs, runs, secondary captures, looked at one by one.

use egui::{Align2, PointerButton, Pos2, Rect, Response, Role, Sense, Ui, Vec2, WidgetInfo, vec2};

use super::overlay::{former_slice, text};
use super::overlay_planes::OverlayTextures;
use super::picture_texture::{PictureTexture, ShownStack};
use super::picture_view::PictureView;
use super::pictures::Pictures;
use super::screen_picture::ground_about;
use super::{picture_labels, picture_marks, registered_overlay};
use crate::app::AppState;
use crate::app::command::{CommandQueue, LookCommand, StudyCommand};
use crate::app::picture_commands::PictureCommand;
use crate::app::picture_stage::{PictureStage, ShownPicture};
use crate::app::picture_tool::{PicturePointer, PictureTool};
use crate::app::presentation::Presentation;
use crate::app::stage::Stage;
use crate::app::tool::{Button, Phase, ToolKind};
use crate::study::Frame;
use crate::ui::theme;

/// Zoom limits, times the size that fits.
const ZOOMS: std::ops::RangeInclusive<f32> = 0.05..=60.0;

/// The picture as it is looked at.
#[derive(Default)]
pub struct StackView {
    texture: PictureTexture,
    overlays: OverlayTextures,
    zoom: f32,
    pan: Vec2,
    shown: Option<ShownStack>,
}

impl StackView {
    /// Draws the shown frame of a picture stack into `area`.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        area: Rect,
        state: &AppState,
        (queue, pictures): (&mut CommandQueue, &Pictures),
    ) {
        let Some(stage) = &state.stage else { return };
        let response = ui.interact(
            area,
            ui.scope_id().with("stack view"),
            Sense::click_and_drag(),
        );
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Picture view"));
        let painter = ui.painter_at(area);
        let stack = Some(ShownStack::of(stage));
        if self.shown != stack {
            self.shown = stack;
            self.reset();
        }
        let shown = stage.shown_picture();
        let view = shown
            .as_ref()
            .map(|shown| self.place(area, stage, shown.frame()));
        if let (Some(shown), Some(view)) = (&shown, &view) {
            self.paint(ui, area, (state, pictures), (shown, view));
        } else {
            painter.rect_filled(area, 0.0, theme::VIEW_GROUND);
            let words = stage.picture_failure().unwrap_or("Reading…");
            let center = area.center();
            text(&painter, center, Align2::CENTER_CENTER, words, theme::FAINT);
        }
        self.input(ui, &response, state, (view.as_ref(), queue));
        if let Some(view) = &view {
            registered_overlay::ui(ui, area, state, view, queue);
        }
        let pointed = response.hover_pos();
        picture_labels::paint(ui, area, state, (pointed, view, shown.as_ref()));
    }

    /// Fits the picture into the view again.
    pub fn reset(&mut self) {
        self.zoom = 1.0;
        self.pan = Vec2::ZERO;
    }

    /// The picture and all that lies on it, in this order.
    fn paint(
        &mut self,
        ui: &Ui,
        area: Rect,
        (state, pictures): (&AppState, &Pictures),
        (shown, view): (&ShownPicture, &PictureView),
    ) {
        let Some(stage) = &state.stage else { return };
        let painter = ui.painter_at(area);
        self.texture.hold(stage, shown);
        let software = pictures.software_driver(state.settings.back_end);
        ground_about(&painter, (area, view.place), software);
        self.texture.paint(&painter, view.place, software);
        if state.show_overlays {
            let on_screen = |column: f32, row: f32| {
                view.screen([f64::from(column) - 0.5, f64::from(row) - 0.5])
            };
            let overlays = &shown.decoded.overlays;
            self.overlays.paint(&painter, overlays, on_screen);
        }
        reference(&painter, area, state, view);
        picture_marks::paint(ui, area, state, view);
    }

    fn place(&self, area: Rect, stage: &Stage, frame: &Frame) -> PictureView {
        // Rows and columns may be unequally spaced; the picture keeps the true shape.
        let aspect = stage
            .leading_instance()
            .and_then(|(instance, _)| instance.pixel_aspect)
            .map_or(1.0, |[row, column]| (row / column) as f32);
        let size = vec2(frame.columns as f32, frame.rows as f32 * aspect);
        let fit = (area.width() / size.x).min(area.height() / size.y);
        PictureView {
            place: Rect::from_center_size(area.center() + self.pan, size * fit * self.zoom),
            size: [frame.columns, frame.rows],
        }
    }

    /// Zooms so that what is under `about` stays there.
    fn zoom_about(&mut self, factor: f32, about: Pos2, area: Rect) {
        let zoom = (self.zoom * factor).clamp(*ZOOMS.start(), *ZOOMS.end());
        let from = about - area.center();
        self.pan = from - (from - self.pan) * (zoom / self.zoom);
        self.zoom = zoom;
    }

    fn input(
        &mut self,
        ui: &Ui,
        response: &Response,
        state: &AppState,
        (view, queue): (Option<&PictureView>, &mut CommandQueue),
    ) {
        let Some(stage) = &state.stage else { return };
        let Some(pictures) = stage.pictures() else {
            return;
        };
        if response.double_clicked() && state.tool == ToolKind::Window {
            self.reset();
        }
        if let Some(view) = view {
            pointer(ui, response, state, (view, queue));
        }
        let by = response.drag_delta();
        let pans = state.tool == ToolKind::Pan && !pictures.tool.holds();
        let drags_window =
            !draws(state.tool) && !pans && !pictures.tool.holds() && by != Vec2::ZERO;
        if response.dragged_by(PointerButton::Primary) && drags_window {
            let (right, down) = (f64::from(by.x), f64::from(by.y));
            let window = Presentation::dragged(stage.look().window, right, down);
            queue.push(LookCommand::Window(window));
        } else if response.dragged_by(PointerButton::Middle)
            || (pans && response.dragged_by(PointerButton::Primary))
        {
            self.pan += by;
        } else if response.dragged_by(PointerButton::Secondary) {
            self.zoom_about(1.01_f32.powf(-by.y), response.rect.center(), response.rect);
        }
        let Some(pointed) = response.hover_pos() else {
            return;
        };
        let zoom = ui.input(egui::InputState::zoom_delta);
        if zoom != 1.0 {
            self.zoom_about(zoom, pointed, response.rect);
        }
        turn_pages(ui, pictures, queue);
    }
}

/// Whether clicks of a tool draw on pictures.
fn draws(tool: ToolKind) -> bool {
    matches!(tool, ToolKind::Measure(_) | ToolKind::Calibrate(_))
}

/// Tells the state what the left button does over the picture.
fn pointer(
    ui: &Ui,
    response: &Response,
    state: &AppState,
    (view, queue): (&PictureView, &mut CommandQueue),
) {
    let pictures = state.stage.as_ref().and_then(Stage::pictures);
    let tool = pictures.map(|pictures| &pictures.tool);
    let Some(at) = response.interact_pointer_pos().or(response.hover_pos()) else {
        return;
    };
    let per_pixel = view.points_per_pixel();
    let mut tell = |phase, at: Pos2| {
        queue.push(PictureCommand::Pointer(PicturePointer {
            phase,
            at: view.place_at(at),
            points_per_pixel: [f64::from(per_pixel.x), f64::from(per_pixel.y)],
        }));
    };
    let (pressed, released, moved) = ui.input(|input| {
        (
            input.pointer.primary_pressed(),
            input.pointer.primary_released(),
            input.pointer.delta() != Vec2::ZERO,
        )
    });
    let over = response.hovered() || response.dragged();
    if pressed && over {
        // Where it went down: a quick hand has moved on since.
        let down = ui.input(|input| input.pointer.press_origin());
        tell(Phase::Press(Button::Primary), down.unwrap_or(at));
    }
    if released && (draws(state.tool) || tool.is_some_and(PictureTool::holds)) {
        tell(Phase::Release, at);
    } else if response.dragged_by(PointerButton::Primary) && moved {
        tell(Phase::Drag, at);
    } else if moved && tool.is_some_and(|tool| tool.draft.is_some()) {
        tell(Phase::Hover { shift: false }, at);
    }
}

fn turn_pages(ui: &Ui, pictures: &PictureStage, queue: &mut CommandQueue) {
    let steps: f32 = ui.input(|input| {
        let wheel = |event: &egui::Event| match event {
            egui::Event::MouseWheel {
                delta, modifiers, ..
            } if !modifiers.ctrl => delta.y.signum(),
            _ => 0.0,
        };
        input.events.iter().map(wheel).sum()
    });
    if steps != 0.0 {
        let to = pictures.frame as i64 - steps as i64;
        queue.push(StudyCommand::Frame(to.max(0) as usize));
    }
}

/// The line of the former stack's slice, where the picture's place in the patient is known.
fn reference(painter: &egui::Painter, area: Rect, state: &AppState, view: &PictureView) {
    let placed = state.stage.as_ref().and_then(Stage::picture_plane);
    let Some((placed, plane)) = placed.and_then(|placed| Some((placed, placed.plane()?))) else {
        return;
    };
    let on_screen = |at| view.screen(placed.pixel_from_lps(at));
    former_slice(painter, area, state, (&plane, &on_screen));
}
