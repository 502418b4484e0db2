//! The editor of the colours and opacities of a ray-cast volume: points over a histogram that are
//! dragged, added, recoloured and taken away.

use egui::{
    Align2, Button, Color32, DragValue, FontId, Id, Painter, Pos2, Rect, Role, Sense, Shape,
};
use egui::{Stroke, Ui, WidgetInfo, pos2, vec2};

use crate::app::AppState;
use crate::app::command::CommandQueue;
use crate::app::volume_look::VolumeCommand;
use crate::render::transfer_function::MOST_OPACITY;
use crate::render::{TransferFunction, TransferPoint};
use crate::ui::theme;
use crate::volume::block_ranges::BlockRanges;

/// Size of the plot, points.
const PLOT: egui::Vec2 = vec2(330.0, 120.0);
/// Radius of a point, points.
const KNOB: f32 = 6.0;
/// HU at the right border: cortex; what lies above is pinned there.
const USUAL_TOP_HU: f64 = 1400.0;
/// Room below the first point for a drag to lower values, HU.
const BELOW_HU: f64 = 250.0;
/// The least above it, HU.
const LEAST_ABOVE_HU: f64 = 500.0;

/// Values along the plot, opacities up it.
struct Scale {
    plot: Rect,
    low: f64,
    high: f64,
}

impl Scale {
    /// The values that the plot goes from and to.
    fn range(function: &TransferFunction, ranges: &BlockRanges, unit: &str) -> [f64; 2] {
        let [first, last] = function.span();
        if unit == "HU" {
            // Where all points lie high there, the plot goes with them.
            let high = if first + LEAST_ABOVE_HU > USUAL_TOP_HU {
                last.max(first + LEAST_ABOVE_HU)
            } else {
                USUAL_TOP_HU
            };
            [(first - BELOW_HU).max(-1100.0), high]
        } else {
            let low = ranges.percentile(0.02).min(first);
            [low, ranges.percentile(0.9995).max(last)]
        }
    }

    fn new(plot: Rect, [low, high]: [f64; 2]) -> Self {
        Self {
            plot,
            low,
            high: high.max(low + 1e-6),
        }
    }

    /// The value of a point that is dragged to a place; one that lies beyond the plot and is
    /// pinned to its border keeps it while it is dragged up and down there.
    fn dragged(&self, value: f64, x: f32) -> f64 {
        let is_pinned = (value > self.high && x >= self.plot.right() - 2.0 * KNOB)
            || (value < self.low && x <= self.plot.left() + 2.0 * KNOB);
        if is_pinned { value } else { self.value(x) }
    }

    fn x(&self, value: f64) -> f32 {
        let share = (value - self.low) / (self.high - self.low);
        self.plot.left() + self.plot.width() * share.clamp(0.0, 1.0) as f32
    }

    fn at(&self, point: &TransferPoint) -> Pos2 {
        let up = (point.opacity_per_mm / MOST_OPACITY) as f32;
        pos2(
            self.x(point.value),
            self.plot.bottom() - self.plot.height() * up,
        )
    }

    /// Within the plot.
    fn value(&self, x: f32) -> f64 {
        let share = f64::from((x - self.plot.left()) / self.plot.width()).clamp(0.0, 1.0);
        self.low + share * (self.high - self.low)
    }

    fn opacity(&self, y: f32) -> f64 {
        let share = f64::from((self.plot.bottom() - y) / self.plot.height());
        (share * MOST_OPACITY).clamp(0.0, MOST_OPACITY)
    }
}

/// Shows the editor in a window of its own, where it is asked for.
pub fn transfer_editor(ui: &Ui, rect: Rect, state: &AppState, queue: &mut CommandQueue) {
    let Some(rays) = state.volume_look.rays() else {
        return;
    };
    if !state.volume_look.shows_editor() {
        return;
    }
    let mut open = true;
    egui::Window::new("Colours and opacity of the volume")
        .id(Id::unique("transfer editor"))
        .default_pos(beside(rect, ui.ctx().content_rect()))
        .resizable(false)
        .open(&mut open)
        .show(ui.ctx(), |ui| {
            let unit = rays.volume().unit();
            contents(ui, (rays.function(), rays.ranges()), unit, queue);
            ui.horizontal(|ui| {
                let edited = state.volume_look.is_edited();
                let reset = Button::new("Back to the preset");
                if ui.add_enabled(edited, reset).clicked() {
                    queue.push(VolumeCommand::ResetFunction);
                }
                ui.weak("Double-click the plot to add a point");
            });
        });
    if !open {
        queue.push(VolumeCommand::Editor(false));
    }
}

/// Where the editor opens: beside the view whose colours it changes, where the window has room.
fn beside(view: Rect, window: Rect) -> Pos2 {
    let top = view.top() + 40.0;
    let taken = PLOT.x + 110.0;
    if view.left() - taken >= window.left() {
        pos2(view.left() - taken, top)
    } else if view.right() + taken <= window.right() {
        pos2(view.right() + 10.0, top)
    } else {
        pos2(view.left() + 90.0, top)
    }
}

fn contents(
    ui: &mut Ui,
    (function, ranges): (&TransferFunction, &BlockRanges),
    unit: &str,
    queue: &mut CommandQueue,
) {
    let (area, response) = ui.allocate_exact_size(PLOT + vec2(16.0, 26.0), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Opacity over the value"));
    let plot = Rect::from_min_size(area.min + vec2(8.0, 8.0), PLOT);
    // While a point is dragged the plot stays: it goes by the points, and would run from the drag.
    let held = ui.scope_id().with("held range");
    let range = ui.data(|data| data.get_temp::<Option<[f64; 2]>>(held));
    let is_down = ui.input(|input| input.pointer.any_down());
    let range = range.flatten().filter(|_| is_down);
    let range = range.unwrap_or_else(|| Scale::range(function, ranges, unit));
    let scale = Scale::new(plot, range);
    let painter = ui.painter_at(area);
    painter.rect_filled(plot, 0.0, theme::VIEW_GROUND);
    histogram(&painter, &scale, ranges);
    curve(&painter, &scale, function);
    axis(&painter, &scale, unit);
    if response.double_clicked()
        && let Some(at) = response.interact_pointer_pos()
    {
        let changed = function.with_point_at(scale.value(at.x));
        queue.push(VolumeCommand::Function(changed));
    }
    let memory = ui.scope_id().with("chosen point");
    let mut chosen = ui.data(|data| data.get_temp::<usize>(memory)).unwrap_or(0);
    chosen = chosen.min(function.points().len().saturating_sub(1));
    let mut is_dragged = false;
    for (index, point) in function.points().iter().enumerate() {
        let center = scale.at(point);
        let spot = Rect::from_center_size(center, egui::Vec2::splat(2.0 * KNOB + 4.0));
        let id = ui.scope_id().with(("point", index));
        let knob = ui.interact(spot, id, Sense::click_and_drag());
        let name = format!("Point {} at {:.0} {unit}", index + 1, point.value);
        knob.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        if knob.drag_started() || knob.clicked() {
            chosen = index;
        }
        is_dragged |= knob.dragged();
        if knob.dragged()
            && let Some(at) = knob.interact_pointer_pos()
        {
            let to = TransferPoint {
                value: scale.dragged(point.value, at.x),
                opacity_per_mm: scale.opacity(at.y),
                ..*point
            };
            queue.push(VolumeCommand::Function(function.with_point(index, to)));
        }
        let [r, g, b] = point.color;
        let ring = match (index == chosen, knob.hovered()) {
            (true, _) => Stroke::new(2.5, Color32::WHITE),
            (false, true) => Stroke::new(2.0, theme::LABEL),
            (false, false) => Stroke::new(1.0, theme::FAINT),
        };
        painter.circle(center, KNOB, Color32::from_rgb(r, g, b), ring);
    }
    ui.data_mut(|data| {
        data.insert_temp(memory, chosen);
        data.insert_temp(held, is_dragged.then_some(range));
    });
    if let Some(point) = function.points().get(chosen) {
        numbers(ui, function, (chosen, point), unit, queue);
    }
}

/// The chosen point as numbers.
fn numbers(
    ui: &mut Ui,
    function: &TransferFunction,
    (index, point): (usize, &TransferPoint),
    unit: &str,
    queue: &mut CommandQueue,
) {
    let mut to = *point;
    ui.horizontal(|ui| {
        let label = ui.label(format!("Point {}", index + 1));
        let suffix = if unit.is_empty() {
            String::new()
        } else {
            format!(" {unit}")
        };
        let [first, last] = function.span();
        let value = DragValue::new(&mut to.value)
            .speed((last - first) / 400.0)
            .max_decimals(0)
            .suffix(suffix);
        ui.add(value).labelled_by(label.id);
        let label = ui.label("opacity of 1 mm");
        let mut percent = 100.0 * to.opacity_per_mm;
        let opacity = DragValue::new(&mut percent)
            .range(0.0..=100.0 * MOST_OPACITY)
            .max_decimals(0)
            .suffix(" %");
        if ui.add(opacity).labelled_by(label.id).changed() {
            to.opacity_per_mm = percent / 100.0;
        }
        let label = ui.label("colour");
        ui.color_edit_button_srgb(&mut to.color)
            .labelled_by(label.id);
        let several = function.points().len() > 2;
        if ui.add_enabled(several, Button::new("Remove")).clicked() {
            queue.push(VolumeCommand::Function(function.without_point(index)));
        }
    });
    if to != *point {
        queue.push(VolumeCommand::Function(function.with_point(index, to)));
    }
}

/// How often values occur, each column by the logarithm.
fn histogram(painter: &Painter, scale: &Scale, ranges: &BlockRanges) {
    let most = ranges.histogram.iter().copied().max().unwrap_or(0).max(1) as f64;
    let [low, high] = ranges.whole;
    let bins = ranges.histogram.len().max(1) as f64;
    let value = |bin: f64| low + (high - low) * bin / bins;
    for (bin, &count) in ranges.histogram.iter().enumerate() {
        let ends = [bin as f64, bin as f64 + 1.0].map(value);
        if ends[1] < scale.low || ends[0] > scale.high || count == 0 {
            continue;
        }
        let share = (count as f64).ln_1p() / most.ln_1p();
        let top = scale.plot.bottom() - scale.plot.height() * share as f32;
        let column = Rect::from_min_max(
            pos2(scale.x(ends[0]), top),
            pos2(scale.x(ends[1]), scale.plot.bottom()),
        );
        painter.rect_filled(column, 0.0, Color32::from_gray(58));
    }
}

fn curve(painter: &Painter, scale: &Scale, function: &TransferFunction) {
    let mut line: Vec<Pos2> = function
        .points()
        .iter()
        .map(|point| scale.at(point))
        .collect();
    if let (Some(first), Some(last)) = (line.first().copied(), line.last().copied()) {
        line.insert(0, pos2(scale.plot.left(), first.y));
        line.push(pos2(scale.plot.right(), last.y));
    }
    painter.add(Shape::line(line, Stroke::new(1.5, theme::LABEL)));
}

fn axis(painter: &Painter, scale: &Scale, unit: &str) {
    let font = FontId::proportional(11.0);
    let below = scale.plot.bottom() + 3.0;
    let write = |at: Pos2, align, words: String| {
        painter.text(at, align, words, font.clone(), theme::FAINT);
    };
    write(
        pos2(scale.plot.left(), below),
        Align2::LEFT_TOP,
        format!("{:.0} {unit}", scale.low),
    );
    write(
        pos2(scale.plot.right(), below),
        Align2::RIGHT_TOP,
        format!("{:.0} {unit}", scale.high),
    );
    let middle = pos2(scale.plot.center().x, below);
    write(
        middle,
        Align2::CENTER_TOP,
        "opacity of a millimetre over the value".to_owned(),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::synthetic::SyntheticVolume;

    #[test]
    fn the_plot_holds_points_however_high_they_lie() {
        let volume = SyntheticVolume::new([4, 4, 4], [1.; 3]).build(|p| p.0.x);
        let ranges = BlockRanges::find(&volume, &|| false).unwrap();
        let range = |values: [f64; 2]| {
            let points = values.map(|value| TransferPoint::new(value, [255; 3], 0.5));
            let function = TransferFunction::new(points.to_vec(), 50.0).unwrap();
            Scale::range(&function, &ranges, "HU")
        };
        assert_eq!(range([150.0, 3000.0]), [-100.0, USUAL_TOP_HU]);
        for first in [1000.0, 1400.0, 1650.0, 2500.0] {
            for last in [first + 1.0, first + 2000.0] {
                let [low, high] = range([first, last]);
                assert!(low < first && high >= first + 500.0, "{low} to {high}");
                assert!(high >= last, "{low} to {high}");
            }
        }
    }
}
