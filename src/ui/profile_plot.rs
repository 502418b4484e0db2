//! The curve of a path profile: values, tissues and structures over the depth.

use std::collections::HashMap;

use egui::{
    Align2, Color32, FontId, Painter, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, WidgetInfo,
};
use egui::{pos2, vec2};

use super::profile_panel::counted_from;
use super::{format, theme};
use crate::assess::NeedleProfile;
use crate::assess::profile::{ProfileRun, ProfileZero, STEP_MM};
use crate::assess::tissue::Tissue;

/// Colours of structures by name.
pub type Colors<'a> = HashMap<&'a str, [u8; 3]>;

/// Room for the numbers of the value axis, points.
const LEFT: f32 = 58.0;
/// Room for the depths, points.
const BOTTOM: f32 = 15.0;
/// Height of a band of names, points.
const BAND: f32 = 15.0;
/// Text of the plot, points.
const TEXT: f32 = 11.0;
/// HU shown where values go further: enough for fat to cortical bone.
const USUAL_HU: (f64, f64) = (-200.0, 1200.0);

/// Where depths and values lie on the screen.
struct Scale {
    curve: Rect,
    first_mm: f64,
    last_mm: f64,
    low: f64,
    high: f64,
}

impl Scale {
    fn of(profile: &NeedleProfile, curve: Rect) -> Self {
        let values = profile.values.iter().flatten().copied();
        let (mut low, mut high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |ends, value| {
            (ends.0.min(value), ends.1.max(value))
        });
        if profile.unit == "HU" {
            (low, high) = (low.max(USUAL_HU.0), high.clamp(300.0, USUAL_HU.1));
        }
        if low.partial_cmp(&high) != Some(std::cmp::Ordering::Less) {
            (low, high) = (low.min(0.0), low.max(0.0) + 1.0);
        }
        if !(low.is_finite() && high.is_finite()) {
            (low, high) = (0.0, 1.0);
        }
        Self {
            curve,
            first_mm: profile.first_mm,
            last_mm: profile.last_mm().max(profile.first_mm + STEP_MM),
            low,
            high,
        }
    }

    fn x(&self, depth_mm: f64) -> f32 {
        let share = (depth_mm - self.first_mm) / (self.last_mm - self.first_mm);
        self.curve.left() + self.curve.width() * share.clamp(0.0, 1.0) as f32
    }

    fn y(&self, value: f64) -> f32 {
        let share = (value - self.low) / (self.high - self.low);
        self.curve.bottom() - self.curve.height() * share.clamp(0.0, 1.0) as f32
    }

    fn depth_mm(&self, x: f32) -> f64 {
        let share = f64::from((x - self.curve.left()) / self.curve.width().max(1.0));
        self.first_mm + share.clamp(0.0, 1.0) * (self.last_mm - self.first_mm)
    }
}

/// Draws the curve over all the room that is left. Returns the depth that the pointer has moved to.
pub fn plot_ui(
    ui: &mut Ui,
    profile: &NeedleProfile,
    colors: &Colors<'_>,
    crosshair_mm: Option<f64>,
) -> Option<f64> {
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Path profile curve"));
    let painter = ui.painter_at(rect);
    let curve = Rect::from_min_max(
        rect.min + vec2(LEFT, 2.0),
        rect.max - vec2(6.0, BOTTOM + 2.0 * BAND),
    );
    let scale = Scale::of(profile, curve);
    painter.rect_filled(curve, 0.0, theme::VIEW_GROUND);
    for run in &profile.runs {
        bands(&painter, &scale, run, colors);
    }
    value_axis(&painter, &scale, &profile.unit);
    depth_axis(&painter, rect, &scale, profile);
    line(&painter, &scale, profile);
    marks(&painter, &scale, profile);
    if let Some(depth_mm) = crosshair_mm {
        upright(&painter, &scale, depth_mm, Stroke::new(1.5, Color32::WHITE));
    }
    let pointer = response.hover_pos().filter(|at| at.x >= curve.left())?;
    let depth_mm = scale.depth_mm(pointer.x);
    readout(&painter, &scale, profile, depth_mm);
    let moved = ui.input(|input| input.pointer.delta() != egui::Vec2::ZERO);
    moved.then_some(depth_mm)
}

fn small(painter: &Painter, at: Pos2, align: Align2, words: impl ToString, color: Color32) -> Rect {
    painter.text(at, align, words, FontId::proportional(TEXT), color)
}

fn tissue_color(tissue: Option<Tissue>) -> Color32 {
    match tissue {
        None => Color32::from_gray(40),
        Some(Tissue::Air | Tissue::Gas) => Color32::from_rgb(28, 36, 48),
        Some(Tissue::Skin) => Color32::from_rgb(150, 104, 84),
        Some(Tissue::Fat) => Color32::from_rgb(130, 112, 44),
        Some(Tissue::Soft) => Color32::from_rgb(122, 54, 50),
        Some(Tissue::Fluid) => Color32::from_rgb(40, 92, 130),
        Some(Tissue::CancellousBone) => Color32::from_rgb(142, 134, 112),
        Some(Tissue::CorticalBone) => Color32::from_rgb(206, 200, 182),
        Some(Tissue::ContrastOrMetal) => Color32::from_rgb(176, 96, 190),
    }
}

/// Black or white, whichever is read better on a ground.
fn ink(ground: Color32) -> Color32 {
    let [r, g, b, _] = ground.to_array().map(f32::from);
    if 0.3 * r + 0.59 * g + 0.11 * b > 120.0 {
        Color32::BLACK
    } else {
        theme::LABEL
    }
}

/// A run as a piece of the band of tissues and of that of structures, with its names where they
/// fit.
fn bands(painter: &Painter, scale: &Scale, run: &ProfileRun, colors: &Colors<'_>) {
    let (left, right) = (scale.x(run.from_mm), scale.x(run.to_mm));
    let top = scale.curve.bottom() + 1.0;
    let word = run.tissue.map_or("no values", Tissue::word);
    let ground = tissue_color(run.tissue);
    band(painter, [left, right], top, (word, ground));
    if let Some(name) = &run.structure {
        let [r, g, b] = colors.get(name.as_str()).copied().unwrap_or([120; 3]);
        let ground = Color32::from_rgb(r, g, b);
        band(painter, [left, right], top + BAND, (name, ground));
        let shade = Rect::from_x_y_ranges(left..=right, scale.curve.y_range());
        painter.rect_filled(shade, 0.0, ground.gamma_multiply(0.16));
    }
}

fn band(painter: &Painter, [left, right]: [f32; 2], top: f32, (name, ground): (&str, Color32)) {
    let rect = Rect::from_min_max(pos2(left, top), pos2(right, top + BAND - 1.0));
    painter.rect_filled(rect, 0.0, ground);
    let galley = painter.layout_no_wrap(name.to_owned(), FontId::proportional(TEXT), ink(ground));
    if galley.size().x + 4.0 <= rect.width() {
        let at = Align2::CENTER_CENTER.anchor_size(rect.center(), galley.size());
        painter.galley(at.min, galley, ink(ground));
    }
}

fn value_axis(painter: &Painter, scale: &Scale, unit: &str) {
    let step = round_step((scale.high - scale.low) / 3.0);
    let mut value = (scale.low / step).ceil() * step;
    while value <= scale.high && step > 0.0 {
        let y = scale.y(value);
        let line = [pos2(scale.curve.left(), y), pos2(scale.curve.right(), y)];
        painter.line_segment(line, Stroke::new(1.0, theme::FRAME));
        let at = pos2(scale.curve.left() - 4.0, y.max(scale.curve.top() + 5.0));
        let words = format::value(value, unit);
        small(painter, at, Align2::RIGHT_CENTER, words, theme::FAINT);
        value += step;
    }
}

fn depth_axis(painter: &Painter, rect: Rect, scale: &Scale, profile: &NeedleProfile) {
    let y = rect.bottom() - BOTTOM;
    let per_point = (scale.last_mm - scale.first_mm) / f64::from(scale.curve.width().max(1.0));
    let step = round_step(60.0 * per_point).max(1.0);
    let words = counted_from(profile);
    let title = pos2(rect.right() - 6.0, y + 1.0);
    let title = small(painter, title, Align2::RIGHT_TOP, words, theme::FAINT);
    let mut depth_mm = (scale.first_mm / step).ceil() * step;
    while depth_mm <= scale.last_mm {
        let x = scale.x(depth_mm);
        if x + 12.0 < title.left() {
            let words = format!("{:.0}", depth_mm.round() + 0.0).replace('-', "−");
            small(
                painter,
                pos2(x, y + 1.0),
                Align2::CENTER_TOP,
                words,
                theme::FAINT,
            );
        }
        let top = scale.curve.bottom();
        painter.line_segment(
            [pos2(x, top - 3.0), pos2(x, top)],
            Stroke::new(1.0, theme::FAINT),
        );
        depth_mm += step;
    }
    let names = pos2(scale.curve.left() - 4.0, scale.curve.bottom() + BAND / 2.0);
    small(painter, names, Align2::RIGHT_CENTER, "tissue", theme::FAINT);
    let names = names + vec2(0.0, BAND);
    small(
        painter,
        names,
        Align2::RIGHT_CENTER,
        "structure",
        theme::FAINT,
    );
}

/// 1, 2 or 5 times a power of ten, not below `least`.
fn round_step(least: f64) -> f64 {
    if !(least > 0.0 && least.is_finite()) {
        return 1.0;
    }
    let ten = 10.0_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|step| step * ten);
    steps
        .into_iter()
        .find(|step| *step >= least)
        .unwrap_or(10.0 * ten)
}

fn line(painter: &Painter, scale: &Scale, profile: &NeedleProfile) {
    let mut piece: Vec<Pos2> = Vec::new();
    let stroke = Stroke::new(1.6, theme::NEEDLE_VIEW);
    for (index, value) in profile.values.iter().enumerate() {
        if let Some(value) = value {
            let depth_mm = profile.first_mm + index as f64 * STEP_MM;
            piece.push(pos2(scale.x(depth_mm), scale.y(*value)));
        } else if !piece.is_empty() {
            painter.add(Shape::line(std::mem::take(&mut piece), stroke));
        }
    }
    if !piece.is_empty() {
        painter.add(Shape::line(piece, stroke));
    }
}

fn upright(painter: &Painter, scale: &Scale, depth_mm: f64, stroke: Stroke) {
    let x = scale.x(depth_mm);
    let ends = [
        pos2(x, scale.curve.top()),
        pos2(x, scale.curve.bottom() + 2.0 * BAND),
    ];
    painter.line_segment(ends, Stroke::new(stroke.width + 1.5, theme::HALO));
    painter.line_segment(ends, stroke);
}

fn marks(painter: &Painter, scale: &Scale, profile: &NeedleProfile) {
    let zero = match profile.zero {
        ProfileZero::Skin => "skin",
        ProfileZero::Entry(_) => "entry",
    };
    for (depth_mm, word) in [(0.0, zero), (profile.target_mm, "target")] {
        upright(painter, scale, depth_mm, Stroke::new(1.5, theme::WARNING));
        let at = pos2(scale.x(depth_mm) + 3.0, scale.curve.top());
        small(painter, at, Align2::LEFT_TOP, word, theme::WARNING);
    }
}

/// Depth, value, tissue and structure under the pointer.
fn readout(painter: &Painter, scale: &Scale, profile: &NeedleProfile, depth_mm: f64) {
    upright(painter, scale, depth_mm, Stroke::new(1.0, theme::INFO));
    let mut words = vec![format::mm(depth_mm)];
    if let Some(value) = profile.value_at(depth_mm) {
        words.push(format::value(value, &profile.unit));
    }
    if let Some(run) = profile.run_at(depth_mm) {
        words.extend(run.tissue.map(|tissue| tissue.word().to_owned()));
        words.extend(run.structure.clone());
    }
    let words = words.join("   ");
    let galley = painter.layout_no_wrap(words, FontId::proportional(12.0), theme::LABEL);
    let x = scale.x(depth_mm);
    let to_left = x + galley.size().x + 14.0 > scale.curve.right();
    let left = if to_left {
        x - galley.size().x - 8.0
    } else {
        x + 8.0
    };
    let at = pos2(left.max(scale.curve.left()), scale.curve.top() + 14.0);
    let ground = Rect::from_min_size(at, galley.size()).expand(3.0);
    painter.rect_filled(ground, 2.0, theme::HALO);
    painter.galley(at, galley, theme::LABEL);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round_and_not_too_small() {
        for (least, wanted) in [
            (0.7, 1.0),
            (1.1, 2.0),
            (3.0, 5.0),
            (7.0, 10.0),
            (430.0, 500.0),
        ] {
            assert!((round_step(least) - wanted).abs() < 1e-9, "{least}");
        }
        assert_eq!(round_step(f64::NAN), 1.0);
        assert_eq!(round_step(0.0), 1.0);
    }
}
