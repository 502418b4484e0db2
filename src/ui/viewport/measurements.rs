//! Measurements and marks over a picture, and the one that is being drawn.

use egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, Ui, Vec2};

use super::overlay::{line, text};
use super::screen_of;
use crate::app::AppState;
use crate::app::command::Selection;
use crate::app::tool::measure::{handles, lies_near, lines};
use crate::app::view_frame::ViewFrame;
use crate::app::viewport::ViewportId;
use crate::geometry::{Lps, Point};
use crate::plan::{Measurement, MeasurementKind};
use crate::ui::glyphs::drawable;
use crate::ui::measured::Measured;
use crate::ui::{format, theme};

/// Distance of one line of text from the next, points.
const LINE_POINTS: f32 = 16.0;

/// Draws those that lie in the picture of a viewport, the draft and the probe.
pub fn paint(ui: &Ui, rect: Rect, id: ViewportId, state: &AppState, frame: &ViewFrame) {
    let canvas = Canvas {
        painter: &ui.painter_at(rect),
        rect,
        frame,
    };
    if state.plan_fits() {
        let reach_mm = state.reach_mm(id);
        for drawn in &state.plan().measurements {
            if lies_near(drawn, &frame.plane, reach_mm) {
                let selected = state.selection == Selection::Measurement(drawn.id);
                canvas.measurement(state, drawn, selected);
            }
        }
    }
    if let Some(draft) = state.draft.as_ref().filter(|draft| draft.viewport == id) {
        canvas.measurement(state, &draft.preview(&frame.plane), false);
    }
    if let Some(at) = state.probe {
        canvas.probe(state, at);
    }
}

struct Canvas<'a> {
    painter: &'a Painter,
    rect: Rect,
    frame: &'a ViewFrame,
}

impl Canvas<'_> {
    fn at(&self, point: Point<Lps>) -> Pos2 {
        screen_of(self.rect, self.frame, point)
    }

    fn measurement(&self, state: &AppState, drawn: &Measurement, selected: bool) {
        let color = if selected {
            Color32::WHITE
        } else {
            theme::MEASURE
        };
        let stroke = Stroke::new(if selected { 2.0 } else { 1.5 }, color);
        self.lines(drawn, stroke);
        self.marks(drawn, color, selected);
        self.words(state, drawn, color);
    }

    fn lines(&self, drawn: &Measurement, stroke: Stroke) {
        let pieces: Vec<[Pos2; 2]> = lines(drawn)
            .into_iter()
            .map(|line| [self.at(line.start), self.at(line.end)])
            .collect();
        // All dark edges first, or those of one piece would cut into the next.
        for &[from, to] in &pieces {
            let edge = Stroke::new(stroke.width + 2.0, theme::HALO);
            self.painter.line_segment([from, to], edge);
        }
        for &[from, to] in &pieces {
            self.painter.line_segment([from, to], stroke);
        }
        match (drawn.kind, pieces.as_slice()) {
            (MeasurementKind::Cobb, &[[a, b], [c, d]]) => {
                // Says which two lines belong together.
                let ends = [a.lerp(b, 0.5), c.lerp(d, 0.5)];
                let thin = Stroke::new(1.0, stroke.color.gamma_multiply(0.7));
                self.painter
                    .extend(Shape::dashed_line(&ends, thin, 4.0, 4.0));
            }
            (MeasurementKind::Arrow, &[[tip, tail]]) => self.arrow_head(tip, tail, stroke),
            _ => {}
        }
    }

    fn arrow_head(&self, tip: Pos2, tail: Pos2, stroke: Stroke) {
        let along = (tail - tip).normalized();
        if !along.is_finite() || along == Vec2::ZERO {
            return;
        }
        let back = tip + along * 12.0;
        let corners = vec![tip, back + along.rot90() * 5.0, back - along.rot90() * 5.0];
        let edge = Stroke::new(1.0, theme::HALO);
        self.painter
            .add(Shape::convex_polygon(corners, stroke.color, edge));
    }

    /// Ends and handles: crosses where a line ends, small squares where a chosen region is led.
    fn marks(&self, drawn: &Measurement, color: Color32, selected: bool) {
        match drawn.kind {
            MeasurementKind::Ellipse | MeasurementKind::Rectangle => {
                for place in handles(drawn).into_iter().filter(|_| selected) {
                    let square = Rect::from_center_size(self.at(place), Vec2::splat(7.0));
                    let edge = Stroke::new(1.2, color);
                    let inside = egui::StrokeKind::Middle;
                    self.painter.rect(square, 0.0, theme::HALO, edge, inside);
                }
            }
            MeasurementKind::Arrow => {
                if let Some(&tail) = drawn.points.get(1).filter(|_| selected) {
                    self.cross(self.at(tail), color);
                }
            }
            _ => {
                for &place in &drawn.points {
                    self.cross(self.at(place), color);
                }
            }
        }
    }

    fn cross(&self, at: Pos2, color: Color32) {
        let stroke = Stroke::new(1.2, color);
        for arm in [egui::vec2(5.0, 0.0), egui::vec2(0.0, 5.0)] {
            line(self.painter, at - arm, at + arm, stroke);
        }
    }

    /// Words and numbers beside it, within the picture.
    fn words(&self, state: &AppState, drawn: &Measurement, color: Color32) {
        let ctx = self.painter.ctx();
        let mut said = Measured::of(ctx, drawn, state).lines;
        if !drawn.text.is_empty() {
            said.insert(0, drawable(ctx, &drawn.text).into_owned());
        }
        let Some((place, align)) = self.text_place(drawn).filter(|_| !said.is_empty()) else {
            return;
        };
        let height = LINE_POINTS * said.len() as f32;
        let floor = (self.rect.bottom() - height - 4.0).max(self.rect.top());
        let top = place.y.clamp(self.rect.top(), floor);
        for (index, content) in said.iter().enumerate() {
            let at = Pos2::new(place.x, top + LINE_POINTS * index as f32);
            text(self.painter, at, align, content, color);
        }
    }

    fn text_place(&self, drawn: &Measurement) -> Option<(Pos2, Align2)> {
        let right = (egui::vec2(9.0, 4.0), Align2::LEFT_TOP);
        let (at, (offset, align)) = match (drawn.kind, drawn.points.as_slice()) {
            (MeasurementKind::Angle, [_, apex, ..]) => (self.at(*apex), right),
            (MeasurementKind::Arrow, [tip, tail]) => {
                let (tip, tail) = (self.at(*tip), self.at(*tail));
                // Beyond the tail, so that the words do not lie on the shaft.
                if tail.x < tip.x {
                    (tail, (egui::vec2(-7.0, -8.0), Align2::RIGHT_TOP))
                } else {
                    (tail, (egui::vec2(7.0, -8.0), Align2::LEFT_TOP))
                }
            }
            (MeasurementKind::Ellipse | MeasurementKind::Rectangle, _) => {
                let outline = lines(drawn).into_iter().map(|line| self.at(line.start));
                let rightmost = outline.reduce(|a, b| if b.x > a.x { b } else { a })?;
                (rightmost, right)
            }
            (_, points) => (self.at(*points.last()?), right),
        };
        let place = at + offset;
        // Over the border it goes to the other side.
        let crowded = align == Align2::LEFT_TOP && self.rect.right() - place.x < 96.0;
        if crowded {
            let place = Pos2::new(at.x - offset.x, place.y);
            return Some((place, Align2::RIGHT_TOP));
        }
        Some((place, align))
    }

    fn probe(&self, state: &AppState, at: Point<Lps>) {
        if self.frame.plane.signed_distance_mm(at).abs() > 0.5 {
            return;
        }
        let Some(volume) = state.stage.as_ref().and_then(|stage| stage.volume()) else {
            return;
        };
        let value = crate::volume::value_at(volume, at, crate::volume::Interpolation::Linear);
        let content = value.map_or(format::UNKNOWN.to_owned(), |value| {
            format::value(value, volume.unit())
        });
        let place = self.at(at);
        self.cross(place, theme::MEASURE);
        let place = place + egui::vec2(9.0, 4.0);
        text(
            self.painter,
            place,
            Align2::LEFT_TOP,
            &content,
            theme::MEASURE,
        );
    }
}
