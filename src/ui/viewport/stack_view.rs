//! Pictures that are no volume: radiographs, runs, secondary captures, looked at one by one.

use egui::{
    Align2, Color32, ColorImage, Rect, Role, Sense, TextureHandle, TextureOptions, Ui, WidgetInfo,
    pos2,
};

use super::labels;
use super::overlay::text;
use crate::app::AppState;
use crate::app::command::{CommandQueue, LookCommand, StudyCommand};
use crate::app::presentation::Presentation;
use crate::app::stage::Stage;
use crate::render::Display;
use crate::study::{Frame, Samples};
use crate::ui::{format, glyphs, theme};

/// The picture as a texture, kept while nothing changes.
#[derive(Default)]
pub struct StackView {
    texture: Option<(TextureHandle, TextureKey)>,
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
        if let Some((index, frame)) = &picture {
            self.upload(ui, (*index, stack), stage, frame);
        }
        let mut place = None;
        if let (Some((_, frame)), Some((texture, _))) = (&picture, &self.texture) {
            let fitted = self.place(area, stage, frame);
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            painter.image(texture.id(), fitted, whole, Color32::WHITE);
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
        words(
            ui,
            area,
            state,
            (
                &response,
                place,
                picture.as_ref().map(|(_, frame)| &**frame),
            ),
        );
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
            .series
            .instances
            .first()
            .and_then(|instance| instance.pixel_aspect)
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

fn words(
    ui: &Ui,
    area: Rect,
    state: &AppState,
    (response, place, frame): (&egui::Response, Option<Rect>, Option<&Frame>),
) {
    let Some(stage) = &state.stage else { return };
    let painter = ui.painter_at(area);
    let index = match &stage.content {
        crate::app::stage::Content::Pictures(pictures) => pictures.frame,
        crate::app::stage::Content::Volume(_) => 0,
    };
    let count = format!("Picture {} of {}", index + 1, stage.frame_count());
    let corner = area.min + egui::vec2(8.0, 8.0);
    text(&painter, corner, Align2::LEFT_TOP, &count, theme::LABEL);
    let title = format!("{} {}", stage.series.modality, stage.series.title());
    let title = glyphs::drawable(ui.ctx(), &title);
    let title = labels::shortened(&painter, &title, area.width() - 200.0);
    text(
        &painter,
        pos2(area.right() - 8.0, area.top() + 8.0),
        Align2::RIGHT_TOP,
        &title,
        theme::LABEL,
    );
    let look = &stage.presentation;
    let window = format!("W {:.0}  L {:.0}", look.window.width, look.window.center);
    text(
        &painter,
        pos2(area.left() + 8.0, area.bottom() - 8.0),
        Align2::LEFT_BOTTOM,
        &window,
        theme::LABEL,
    );
    let (Some(at), Some(place), Some(frame)) = (response.hover_pos(), place, frame) else {
        return;
    };
    if !place.contains(at) {
        return;
    }
    let column = ((at.x - place.left()) / place.width() * frame.columns as f32) as usize;
    let row = ((at.y - place.top()) / place.height() * frame.rows as f32) as usize;
    let stored = frame.samples.value(row * frame.columns + column);
    let value = stored.and_then(|stored| stage.picture_value(stored));
    let value = value.map_or(String::new(), |value| format::value(value, ""));
    let words = format!("column {column}, row {row}   {value}");
    text(
        &painter,
        area.max - egui::vec2(8.0, 8.0),
        Align2::RIGHT_BOTTOM,
        &words,
        theme::LABEL,
    );
}

fn greys(stage: &Stage, frame: &Frame) -> ColorImage {
    let size = [frame.columns, frame.rows];
    if let Samples::Rgb8(pixels) = &frame.samples {
        let flat: Vec<u8> = pixels.iter().flatten().copied().collect();
        return ColorImage::from_rgb(size, &flat);
    }
    let look = &stage.presentation;
    let display = Display {
        window: look.window,
        function: look.function,
        invert: look.invert,
        background: 0,
    };
    let greys: Vec<u8> = (0..frame.samples.len())
        .map(|index| {
            let value = frame
                .samples
                .value(index)
                .and_then(|stored| stage.picture_value(stored));
            display.grey_of(value.unwrap_or(f64::NAN))
        })
        .collect();
    ColorImage::from_gray(size, &greys)
}
