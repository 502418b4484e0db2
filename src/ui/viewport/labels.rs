//! Words on a picture: sides, position, window, scale, values, banners.

use egui::{Align2, Color32, Painter, Rect, Stroke, Ui, pos2};

use super::Pointed;
use super::overlay::text;
use crate::app::AppState;
use crate::app::acquired::slice_words;
use crate::app::presentation::Presentation;
use crate::app::view_frame::ViewFrame;
use crate::app::viewport::{Viewport, ViewportId};
use crate::geometry::{AnatomicalPlane, Lps, OrientationLetters, Plane, Point};
use crate::ui::{format, glyphs, theme};
use crate::volume::{Interpolation, SlabMode, value_at};

const LINE: f32 = 16.0;
const EDGE: f32 = 8.0;

/// Draws all of them.
pub fn paint(
    ui: &Ui,
    rect: Rect,
    id: ViewportId,
    state: &AppState,
    (frame, pointed): (&ViewFrame, Option<Pointed>),
) {
    let painter = ui.painter_at(rect);
    sides(&painter, rect, &frame.plane);
    let Some(viewport) = state.viewport(id) else {
        return;
    };
    let place = pos2(rect.left() + EDGE, rect.top() + 28.0);
    let mut words = slice_position(viewport, frame, state);
    let volume = state.stage.as_ref().and_then(|stage| stage.volume());
    if let Some(slice) = volume.and_then(|volume| slice_words(volume, &frame.plane)) {
        words = format!("{slice} · {words}");
    }
    // The series has the other corner, where there is room for it.
    let taken = if has_series_text(rect) {
        240.0
    } else {
        2.0 * EDGE
    };
    let words = shortened(&painter, &words, rect.width() - taken);
    text(&painter, place, Align2::LEFT_TOP, &words, theme::LABEL);
    series_text(&painter, rect, state);
    look_text(&painter, rect, viewport, state);
    scale_bar(&painter, rect, frame.mm_per_point);
    if let Some(at) = pointed
        .filter(|pointed| pointed.viewport == id)
        .and_then(|pointed| pointed.at)
    {
        value_text(&painter, rect, state, at);
    }
}

/// What to do to see something in a needle view.
pub fn paint_empty(ui: &Ui, rect: Rect, viewport: &Viewport, state: &AppState) {
    let painter = ui.painter_at(rect);
    let content = if viewport.kind.follows_needle() && state.stage.is_some() {
        "Place a target (T) and an entry (E) to see along the needle"
    } else {
        ""
    };
    let font = egui::FontId::proportional(theme::LABEL_POINTS + 1.0);
    let galley = painter.layout(content.to_owned(), font, theme::FAINT, rect.width() - 40.0);
    painter.galley(rect.center() - galley.size() / 2.0, galley, theme::FAINT);
}

pub fn sides(painter: &Painter, rect: Rect, plane: &Plane) {
    let letters = OrientationLetters::of(plane);
    let middle = rect.center();
    for (at, align, letter) in [
        (
            pos2(rect.left() + EDGE, middle.y),
            Align2::LEFT_CENTER,
            &letters.left,
        ),
        (
            pos2(rect.right() - EDGE, middle.y),
            Align2::RIGHT_CENTER,
            &letters.right,
        ),
        (
            pos2(middle.x, rect.top() + EDGE),
            Align2::CENTER_TOP,
            &letters.up,
        ),
        (
            pos2(middle.x, rect.bottom() - EDGE),
            Align2::CENTER_BOTTOM,
            &letters.down,
        ),
    ] {
        text(painter, at, align, letter, Color32::WHITE);
    }
}

/// Where the plane lies: its one coordinate, or `oblique`.
fn slice_position(viewport: &Viewport, frame: &ViewFrame, state: &AppState) -> String {
    if viewport.kind.follows_needle() {
        let name = state
            .followed_needle()
            .map_or("", |needle| needle.name.as_str());
        let shift = viewport.shaft_mm;
        return match viewport.kind {
            crate::app::viewport::ViewKind::DownNeedle if shift == 0.0 => {
                format!("{name} · at the target")
            }
            crate::app::viewport::ViewKind::DownNeedle if shift > 0.0 => {
                format!("{name} · {} before the target", format::mm(shift))
            }
            crate::app::viewport::ViewKind::DownNeedle => {
                format!("{name} · {} past the target", format::mm(-shift))
            }
            _ if shift == 0.0 => name.to_owned(),
            _ => format!("{name} · {} off the needle", format::mm(shift.abs())),
        };
    }
    let [x, y, z] = frame.plane.origin.to_array();
    let side = |value: f64, plus: char, minus: char| {
        format!(
            "{} {:.1} mm",
            if value < 0.0 { minus } else { plus },
            value.abs()
        )
    };
    let normal = frame.plane.normal().0.abs();
    match AnatomicalPlane::of(&frame.plane) {
        Some(AnatomicalPlane::Axial) if normal.z > 0.999_999 => side(z, 'H', 'F'),
        Some(AnatomicalPlane::Sagittal) if normal.x > 0.999_999 => side(x, 'L', 'R'),
        Some(AnatomicalPlane::Coronal) if normal.y > 0.999_999 => side(y, 'P', 'A'),
        _ => format!("oblique through {}", format::position(state.crosshair)),
    }
}

/// Whether a view is wide enough for patient, date and series.
fn has_series_text(rect: Rect) -> bool {
    rect.width() >= 420.0
}

pub fn series_text(painter: &Painter, rect: Rect, state: &AppState) {
    if has_series_text(rect) {
        // A long name must not run over the title in the other corner.
        let wide = rect.width() - 210.0;
        corner_text(painter, rect, (&series_lines(painter.ctx(), state), wide));
    }
}

/// Width that a line at the top has on its side of the letters in the middle.
pub fn beside_letters(rect: Rect) -> f32 {
    /// Half of three wide letters and a gap.
    const HALF_LETTERS: f32 = 26.0;
    (rect.width() / 2.0 - EDGE - HALF_LETTERS).max(0.0)
}

/// Patient, date and series, unless the person wants no names.
pub fn series_lines(context: &egui::Context, state: &AppState) -> Vec<String> {
    let Some(stage) = &state.stage else {
        return Vec::new();
    };
    let study = state
        .catalog
        .find_series(&stage.series.uid)
        .map(|(study, _)| study);
    let mut lines = Vec::new();
    if let Some(study) = study {
        if !state.settings.hide_patient {
            let name =
                format::person_name(&study.patient.name, |part| glyphs::can_draw(context, part));
            // A radiograph may be all there is to tell two patients of one name apart.
            // On a line of its own, so that a long name does not push it out.
            let id = Some(study.patient.id.clone()).filter(|_| stage.volume().is_none());
            lines.push(name);
            lines.extend(id);
        }
        lines.push(format::date(&study.date));
    }
    lines.push(format!(
        "{} {}",
        stage.series.modality,
        stage.series.title()
    ));
    lines.retain(|line| !line.is_empty());
    let stack = stage.series.stacks.get(stage.stack);
    lines.extend(
        stack
            .map(|stack| stack.name.clone())
            .filter(|name| !name.is_empty()),
    );
    lines
}

/// Lines in the upper right corner, not wider than `wide`; the first leaves room for the letters
/// beside it.
pub fn corner_text(painter: &Painter, rect: Rect, (lines, wide): (&[String], f32)) {
    for (index, content) in lines.iter().enumerate() {
        let wide = if index == 0 {
            wide.min(beside_letters(rect))
        } else {
            wide
        };
        let at = pos2(rect.right() - EDGE, rect.top() + EDGE + index as f32 * LINE);
        text(
            painter,
            at,
            Align2::RIGHT_TOP,
            &shortened(painter, &glyphs::drawable(painter.ctx(), content), wide),
            theme::LABEL,
        );
    }
}

/// Text that fits a width, with an ellipsis where it was cut.
pub fn shortened(painter: &Painter, content: &str, wide: f32) -> String {
    let width = |content: &str| {
        let font = egui::FontId::proportional(theme::LABEL_POINTS);
        painter
            .layout_no_wrap(content.to_owned(), font, Color32::WHITE)
            .size()
            .x
    };
    if width(content) <= wide {
        return content.to_owned();
    }
    let mut kept: Vec<char> = content.chars().collect();
    while kept.len() > 3 {
        kept.pop();
        let cut: String = kept.iter().chain(['…'].iter()).collect();
        if width(&cut) <= wide {
            return cut;
        }
    }
    content.chars().take(3).collect()
}

fn look_text(painter: &Painter, rect: Rect, viewport: &Viewport, state: &AppState) {
    let Some(look) = state.presentation() else {
        return;
    };
    let mut lines = Vec::new();
    if viewport.slab.thickness_mm > 0.0 {
        let mode = match viewport.slab.mode {
            SlabMode::Mip => "MIP",
            SlabMode::Minip => "MinIP",
            SlabMode::Mean => "Mean",
        };
        lines.push(format!("{mode} {}", format::mm(viewport.slab.thickness_mm)));
    }
    lines.push(window_words(look));
    for (index, content) in lines.iter().rev().enumerate() {
        let at = pos2(
            rect.left() + EDGE,
            rect.bottom() - EDGE - index as f32 * LINE,
        );
        text(painter, at, Align2::LEFT_BOTTOM, content, theme::LABEL);
    }
}

/// Width and level, or the name of the table that is shown instead.
pub fn window_words(look: &Presentation) -> String {
    let shown = match &look.table {
        Some(_) if look.is_own() && !look.own.explanation.is_empty() => {
            format!("Table {}", look.own.explanation)
        }
        Some(_) => "Table of the file".to_owned(),
        None => {
            // Values of some PET and maps lie far below 1.
            let digits = if look.window.width < 10.0 {
                (2.0 - look.window.width.max(1e-12).log10().floor()) as usize
            } else {
                0
            };
            let (width, center) = (look.window.width, look.window.center);
            format!("W {width:.digits$}  L {center:.digits$}")
        }
    };
    let inverted = if look.is_inverted() { " inverted" } else { "" };
    format!("{shown}{inverted}")
}

/// A bar of a round length near the lower left edge.
pub fn scale_bar(painter: &Painter, rect: Rect, mm_per_point: f64) {
    let widest_mm = f64::from(rect.width()) * 0.25 * mm_per_point;
    let length_mm = [500.0, 200.0, 100.0, 50.0, 20.0, 10.0, 5.0, 2.0, 1.0]
        .into_iter()
        .find(|&mm| mm <= widest_mm);
    let Some(length_mm) = length_mm else { return };
    let points = (length_mm / mm_per_point) as f32;
    let y = rect.bottom() - EDGE - 2.6 * LINE;
    let (left, right) = (rect.left() + EDGE, rect.left() + EDGE + points);
    for (stroke, color) in [(4.0, theme::HALO), (1.5, theme::LABEL)] {
        let stroke = Stroke::new(stroke, color);
        painter.line_segment([pos2(left, y), pos2(right, y)], stroke);
        for x in [left, right] {
            painter.line_segment([pos2(x, y - 4.0), pos2(x, y + 4.0)], stroke);
        }
    }
    let label = if length_mm >= 10.0 {
        format!("{:.0} cm", length_mm / 10.0)
    } else {
        format!("{length_mm:.0} mm")
    };
    text(
        painter,
        pos2(right + 6.0, y),
        Align2::LEFT_CENTER,
        &label,
        theme::LABEL,
    );
}

/// Value and position under the pointer.
fn value_text(painter: &Painter, rect: Rect, state: &AppState, pointed: Point<Lps>) {
    let volume = state.stage.as_ref().and_then(|stage| stage.volume());
    let value = volume.and_then(|volume| {
        let value = value_at(volume, pointed, Interpolation::Linear)?;
        Some(format::value(value, volume.unit()))
    });
    let lines = [format::position(pointed), value.unwrap_or_default()];
    for (index, content) in lines.iter().enumerate() {
        let at = pos2(
            rect.right() - EDGE,
            rect.bottom() - EDGE - index as f32 * LINE,
        );
        text(painter, at, Align2::RIGHT_BOTTOM, content, theme::LABEL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_ends_beside_the_letters_in_the_middle() {
        let name = "Nameparts^Of^Somebody ".repeat(12);
        for wide in [300.0, 420.0, 1000.0] {
            let rect = Rect::from_min_size(pos2(0.0, 0.0), egui::vec2(wide, 300.0));
            let top = pos2(rect.center().x, rect.top() + EDGE);
            let mut letters = Rect::NOTHING;
            let ctx = egui::Context::default();
            let mut output = ctx.run_ui(egui::RawInput::default(), |ui| {
                let painter = ui.painter_at(rect);
                corner_text(&painter, rect, (std::slice::from_ref(&name), wide - 210.0));
                letters = text(&painter, top, Align2::CENTER_TOP, "LPH", theme::LABEL);
            });
            output.textures_delta.clear();
            let names = output
                .shapes
                .iter()
                .filter_map(|clipped| match &clipped.shape {
                    egui::Shape::Text(text) if text.galley.job.text.starts_with("Nam") => {
                        Some(text.visual_bounding_rect())
                    }
                    _ => None,
                });
            assert!(names.clone().count() > 0);
            for name in names {
                assert!(!name.intersects(letters), "{wide}: {name} {letters}");
                assert!(name.width() > 40.0, "it is still to be read");
            }
        }
    }
}
