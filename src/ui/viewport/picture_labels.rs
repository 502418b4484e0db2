//! Words on a picture that is no volume: whose it is, which one, its window, the value pointed at.

use egui::{Align2, Pos2, Rect, Ui, pos2};

use super::labels;
use super::overlay::text;
use crate::app::AppState;
use crate::app::stage::{Content, Stage};
use crate::study::{Frame, Samples};
use crate::ui::{format, theme};

const EDGE: f32 = 8.0;

/// Draws all of them; with where the pointer is, where the picture lies, and its samples.
pub fn paint(
    ui: &Ui,
    area: Rect,
    state: &AppState,
    (pointer, place, frame): (Option<Pos2>, Option<Rect>, Option<&Frame>),
) {
    let Some(stage) = &state.stage else { return };
    let painter = ui.painter_at(area);
    let corner = area.min + egui::vec2(EDGE, EDGE);
    text(
        &painter,
        corner,
        Align2::LEFT_TOP,
        &which(stage),
        theme::LABEL,
    );
    labels::corner_text(&painter, area, &labels::series_lines(painter.ctx(), state));
    let color = frame.is_some_and(|frame| matches!(frame.samples, Samples::Rgb8(_)));
    if !color {
        let corner = pos2(area.left() + EDGE, area.bottom() - EDGE);
        let window = labels::window_words(&stage.presentation);
        text(&painter, corner, Align2::LEFT_BOTTOM, &window, theme::LABEL);
    }
    let (Some(at), Some(place), Some(frame)) = (pointer, place, frame) else {
        return;
    };
    if place.contains(at) {
        let words = value_words(stage, frame, at, place);
        let corner = area.max - egui::vec2(EDGE, EDGE);
        text(&painter, corner, Align2::RIGHT_BOTTOM, &words, theme::LABEL);
    }
}

/// Number in the stack, and the number that the file gives its image.
fn which(stage: &Stage) -> String {
    let index = match &stage.content {
        Content::Pictures(pictures) => pictures.frame,
        Content::Volume(_) => 0,
    };
    let count = format!("Picture {} of {}", index + 1, stage.frame_count());
    let number = stage
        .leading_instance()
        .and_then(|(instance, _)| instance.number);
    match number {
        Some(number) => format!("{count}   Im {number}"),
        None => count,
    }
}

/// The pixel under the pointer and its value.
fn value_words(stage: &Stage, frame: &Frame, at: Pos2, place: Rect) -> String {
    let index = |along: f32, extent: f32, count: usize| {
        ((along / extent * count as f32) as usize).min(count.saturating_sub(1))
    };
    let column = index(at.x - place.left(), place.width(), frame.columns);
    let row = index(at.y - place.top(), place.height(), frame.rows);
    let pixel = row * frame.columns + column;
    let value = match (&frame.samples, frame.samples.value(pixel)) {
        (Samples::Rgb8(pixels), _) => pixels
            .get(pixel)
            .map(|[r, g, b]| format!("red {r}, green {g}, blue {b}")),
        (_, Some(stored)) => Some(match stage.picture_value(stored) {
            Some(value) => format::value(value, stage.unit()),
            None => "padding".to_owned(),
        }),
        (_, None) => None,
    };
    let value = value.unwrap_or_default();
    format!("column {column}, row {row}   {value}")
}
