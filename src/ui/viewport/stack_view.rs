//! Pictures that are no volume: radiographs, runs, secondary captures, looked at one by one.

use egui::{
    Align2, Color32, ColorImage, Rect, Role, Sense, TextureHandle, TextureOptions, Ui, WidgetInfo,
    pos2,
};

use super::overlay::{former_slice, text};
use super::overlay_planes::OverlayTextures;
use super::picture_labels;
use crate::app::AppState;
use crate::app::command::{CommandQueue, LookCommand, StudyCommand};
use crate::app::presentation::Presentation;
use crate::app::stage::Stage;
use crate::render::frame_greys;
use crate::study::{Frame, Samples};
use crate::ui::theme;

/// The picture as a texture, kept while nothing changes.
#[derive(Default)]
pub struct StackView {
    texture: Option<(TextureHandle, TextureKey)>,
    overlays: OverlayTextures,
    zoom: f32,
    pan: egui::Vec2,
    shown: Option<(usize, usize)>,
}

#[derive(PartialEq, Clone)]
struct TextureKey {
    frame: usize,
    stack: (usize, usize),
    look: Presentation,
}

impl StackView {
    /// Draws the shown frame of a picture stack into `area`.
    pub fn ui(&mut self, ui: &mut Ui, area: Rect, state: &AppState, queue: &mut CommandQueue) {
        let Some(stage) = &state.stage else { return };
        let response = ui.interact(
            area,
            ui.scope_id().with("stack view"),
            Sense::click_and_drag(),
        );
        response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Picture view"));
        let painter = ui.painter_at(area);
        painter.rect_filled(area, 0.0, theme::VIEW_GROUND);
        let stack = (std::sync::Arc::as_ptr(&stage.series) as usize, stage.stack);
        if self.shown != Some(stack) {
            self.shown = Some(stack);
            self.zoom = 1.0;
            self.pan = egui::Vec2::ZERO;
        }
        let picture = stage.picture();
        if let Some((index, picture)) = &picture {
            self.upload(ui, (*index, stack), stage, &picture.frame);
        }
        let mut place = None;
        if let (Some((_, picture)), Some((texture, _))) = (&picture, &self.texture) {
            let fitted = self.place(area, stage, &picture.frame);
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            painter.image(texture.id(), fitted, whole, Color32::WHITE);
            if state.show_overlays {
                let (columns, rows) = (picture.frame.columns as f32, picture.frame.rows as f32);
                self.overlays
                    .paint(&painter, &picture.overlays, |column, row| {
                        let share = egui::vec2(column / columns, row / rows);
                        fitted.min + share * fitted.size()
                    });
            }
            reference(&painter, area, state, (fitted, &picture.frame));
            place = Some(fitted);
        } else {
            let words = stage.picture_failure().unwrap_or("Reading…");
            text(
                &painter,
                area.center(),
                Align2::CENTER_CENTER,
                words,
                theme::FAINT,
            );
        }
        self.input(ui, &response, stage, queue);
        let frame = picture.as_ref().map(|(_, picture)| &picture.frame);
        picture_labels::paint(ui, area, state, (response.hover_pos(), place, frame));
    }

    fn upload(
        &mut self,
        ui: &Ui,
        (frame_index, stack): (usize, (usize, usize)),
        stage: &Stage,
        frame: &Frame,
    ) {
        let key = TextureKey {
            frame: frame_index,
            stack,
            look: stage.presentation.clone(),
        };
        if self.texture.as_ref().is_some_and(|(_, old)| *old == key) {
            return;
        }
        let image = greys(stage, frame);
        if let Some((texture, old)) = &mut self.texture {
            texture.set(image, TextureOptions::LINEAR);
            *old = key;
        } else {
            let texture = ui
                .ctx()
                .load_texture("picture", image, TextureOptions::LINEAR);
            self.texture = Some((texture, key));
        }
    }

    fn place(&self, area: Rect, stage: &Stage, frame: &Frame) -> Rect {
        // Rows and columns may be unequally spaced; the picture keeps the true shape.
        let aspect = stage
            .leading_instance()
            .and_then(|(instance, _)| instance.pixel_aspect)
            .map_or(1.0, |[row, column]| (row / column) as f32);
        let size = egui::vec2(frame.columns as f32, frame.rows as f32 * aspect);
        let fit = (area.width() / size.x).min(area.height() / size.y);
        Rect::from_center_size(area.center() + self.pan, size * fit * self.zoom)
    }

    fn input(
        &mut self,
        ui: &Ui,
        response: &egui::Response,
        stage: &Stage,
        queue: &mut CommandQueue,
    ) {
        let by = response.drag_delta();
        if response.dragged_by(egui::PointerButton::Primary) && by != egui::Vec2::ZERO {
            let window =
                Presentation::dragged(stage.presentation.window, f64::from(by.x), f64::from(by.y));
            queue.push(LookCommand::Window(window));
        } else if response.dragged_by(egui::PointerButton::Middle) {
            self.pan += by;
        } else if response.dragged_by(egui::PointerButton::Secondary) {
            self.zoom = (self.zoom * 1.01_f32.powf(-by.y)).clamp(0.05, 40.0);
        }
        if response.hover_pos().is_none() {
            return;
        }
        let zoom = ui.input(egui::InputState::zoom_delta);
        self.zoom = (self.zoom * zoom).clamp(0.05, 40.0);
        let steps: f32 = ui.input(|input| {
            input
                .events
                .iter()
                .map(|event| match event {
                    egui::Event::MouseWheel {
                        delta, modifiers, ..
                    } if !modifiers.ctrl => delta.y.signum(),
                    _ => 0.0,
                })
                .sum()
        });
        if steps != 0.0 {
            let crate::app::stage::Content::Pictures(pictures) = &stage.content else {
                return;
            };
            let to = pictures.frame as i64 - steps as i64;
            queue.push(StudyCommand::Frame(to.max(0) as usize));
        }
    }
}

/// The line of the former stack's slice, where the picture's place in the patient is known.
fn reference(
    painter: &egui::Painter,
    area: Rect,
    state: &AppState,
    (place, frame): (Rect, &Frame),
) {
    let placed = state.stage.as_ref().and_then(Stage::picture_plane);
    let Some((placed, plane)) = placed.and_then(|placed| Some((placed, placed.plane()?))) else {
        return;
    };
    let size = egui::vec2(frame.columns.max(1) as f32, frame.rows.max(1) as f32);
    let on_screen = |at| {
        let [column, row] = placed.pixel_from_lps(at);
        let share = egui::vec2(column as f32 + 0.5, row as f32 + 0.5) / size;
        place.min + share * place.size()
    };
    former_slice(painter, area, state, (&plane, &on_screen));
}

/// Colours as they are; greys through the look, with padding black whichever way they run.
fn greys(stage: &Stage, frame: &Frame) -> ColorImage {
    let size = [frame.columns, frame.rows];
    if let Samples::Rgb8(pixels) = &frame.samples {
        return ColorImage::from_rgb(size, pixels.as_flattened());
    }
    let mut display = stage.presentation.display();
    display.invert ^= stage.is_reversed();
    let greys = stage
        .leading_instance()
        .and_then(|(instance, index)| frame_greys(frame, instance, index, &display))
        .unwrap_or_else(|| vec![0; size[0] * size[1]]);
    ColorImage::from_gray(size, &greys)
}
