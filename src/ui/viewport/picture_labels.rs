//! Words on a picture that is no volume: whose it is, which one, how it was taken, its window, its
//! scale, the value pointed at.

use egui::{Align2, Pos2, Rect, Ui, pos2};

use super::labels;
use super::overlay::text;
use super::picture_view::PictureView;
use crate::app::AppState;
use crate::app::picture_stage::ShownPicture;
use crate::app::stage::Stage;
use crate::study::{ProjectionGeometry, Samples};
use crate::ui::picture_measured::scale_words;
use crate::ui::{format, theme};

const EDGE: f32 = 8.0;
/// Distance of one line from the next, points.
const LINE: f32 = 17.0;

/// Draws all of them; with where the pointer is, where the picture lies, and its samples.
pub fn paint(
    ui: &Ui,
    area: Rect,
    state: &AppState,
    (pointer, view, shown): (Option<Pos2>, Option<PictureView>, Option<&ShownPicture>),
) {
    let Some(stage) = &state.stage else { return };
    let painter = ui.painter_at(area);
    let label = |at, align, words: &str| {
        text(&painter, at, align, words, theme::LABEL);
    };
    let corner = area.min + egui::vec2(EDGE, EDGE);
    // Lines of both corners end before the middle, so that none runs over another or the letters.
    let wide = labels::beside_letters(area);
    let first = labels::shortened(&painter, &which(stage), wide);
    label(corner, Align2::LEFT_TOP, &first);
    let taken = state.shown_image().and_then(|(instance, frame)| {
        let words = instance.picture.projection(frame).map(geometry_words);
        words.filter(|words| !words.is_empty())
    });
    let made = shown.and_then(|shown| made_words(stage, shown));
    for (line, words) in taken.into_iter().chain(made).enumerate() {
        let below = corner + egui::vec2(0.0, LINE * (line + 1) as f32);
        let words = labels::shortened(&painter, &words, wide);
        label(below, Align2::LEFT_TOP, &words);
    }
    let series = labels::series_lines(painter.ctx(), state);
    labels::corner_text(&painter, area, (&series, wide));
    sides(&painter, area, state);
    let Some(shown) = shown else { return };
    let corner = pos2(area.left() + EDGE, area.bottom() - EDGE);
    let color = matches!(shown.frame().samples, Samples::Rgb8(_));
    if !color {
        let window = labels::window_words(stage.shown_look(shown));
        label(corner, Align2::LEFT_BOTTOM, &window);
    }
    let above = corner - egui::vec2(0.0, if color { 0.0 } else { LINE });
    label(above, Align2::LEFT_BOTTOM, &scale_words(state));
    if let (Some(at), Some(view)) = (pointer, view)
        && view.place.contains(at)
    {
        let words = value_words(stage, shown, view.place_at(at));
        let corner = area.max - egui::vec2(EDGE, EDGE);
        label(corner, Align2::RIGHT_BOTTOM, &words);
    }
}

/// Number in the stack, and the number that the file gives its image.
fn which(stage: &Stage) -> String {
    let count = format!(
        "Picture {} of {}",
        stage.shown_frame() + 1,
        stage.frame_count()
    );
    let number = stage
        .leading_instance()
        .and_then(|(instance, _)| instance.number);
    match number {
        Some(number) => format!("{count}   Im {number}"),
        None => count,
    }
}

/// What the picture is made of, where it is no frame as it was stored.
fn made_words(stage: &Stage, shown: &ShownPicture) -> Option<String> {
    shown.derived.as_ref()?;
    let derivation = &stage.pictures()?.derivation;
    let subtracted = shown.is_difference.then(|| match derivation.mask.frame {
        Some(frame) => format!("less the mask frame {}", frame + 1),
        None => "less the mask of the file".to_owned(),
    });
    let all = stage.frame_count();
    let of = match derivation.gathered() {
        Some(frames) if frames < all => format!("{frames} of {all} frames"),
        _ => "all frames".to_owned(),
    };
    let peak = derivation
        .peak
        .map(|peak| format!("{} of {of}", peak.words()));
    let parts: Vec<String> = peak.into_iter().chain(subtracted).collect();
    Some(parts.join(", "))
}

/// `RAO 32.0°  CRA 2.0°   SID 1000 mm   SOD 700 mm`.
fn geometry_words(taken: &ProjectionGeometry) -> String {
    let mut parts = Vec::new();
    if let Some(angles) = taken.angles {
        let side = if angles.primary.0 < 0.0 { "RAO" } else { "LAO" };
        let tilt = if angles.secondary.0 < 0.0 {
            "CAU"
        } else {
            "CRA"
        };
        parts.push(format!(
            "{side} {}  {tilt} {}",
            format::degrees(angles.primary.abs()),
            format::degrees(angles.secondary.abs())
        ));
    }
    for (name, mm) in [
        ("SID", taken.source_to_detector_mm),
        ("SOD", taken.source_to_isocenter_mm),
    ] {
        parts.extend(mm.map(|mm| format!("{name} {mm:.0} mm")));
    }
    parts.join("   ")
}

/// Letters of Patient Orientation at the sides that rows and columns lead to and come from.
fn sides(painter: &egui::Painter, area: Rect, state: &AppState) {
    let Some((instance, _)) = state.shown_image() else {
        return;
    };
    let Some([rows, columns]) = &instance.picture.patient_orientation else {
        return;
    };
    let opposite = |letters: &str| -> String {
        let other = |letter| match letter {
            'A' => 'P',
            'P' => 'A',
            'L' => 'R',
            'R' => 'L',
            'H' => 'F',
            'F' => 'H',
            other => other,
        };
        letters.chars().map(other).collect()
    };
    let middle = area.center();
    for (at, align, letters) in [
        (
            pos2(area.right() - EDGE, middle.y),
            Align2::RIGHT_CENTER,
            rows.clone(),
        ),
        (
            pos2(area.left() + EDGE, middle.y),
            Align2::LEFT_CENTER,
            opposite(rows),
        ),
        (
            pos2(middle.x, area.bottom() - EDGE),
            Align2::CENTER_BOTTOM,
            columns.clone(),
        ),
        (
            pos2(middle.x, area.top() + EDGE),
            Align2::CENTER_TOP,
            opposite(columns),
        ),
    ] {
        text(painter, at, align, &letters, theme::LABEL);
    }
}

/// The pixel under the pointer and its value.
fn value_words(stage: &Stage, shown: &ShownPicture, [column, row]: [f64; 2]) -> String {
    let frame = shown.frame();
    let index = |at: f64, count: usize| (at.round().max(0.0) as usize).min(count.saturating_sub(1));
    let (column, row) = (index(column, frame.columns), index(row, frame.rows));
    let pixel = row * frame.columns + column;
    let value = match (&frame.samples, frame.samples.value(pixel)) {
        (Samples::Rgb8(pixels), _) => pixels
            .get(pixel)
            .map(|[r, g, b]| format!("red {r}, green {g}, blue {b}")),
        (_, Some(difference)) if shown.is_difference => {
            Some(format!("difference {}", format::value(difference, "")))
        }
        (_, Some(stored)) => Some(match stage.picture_value(stored) {
            Some(value) => format::value(value, stage.unit()),
            None => "padding".to_owned(),
        }),
        (_, None) => None,
    };
    let value = value.unwrap_or_default();
    format!("column {column}, row {row}   {value}")
}
