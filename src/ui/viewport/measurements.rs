//! Measurements and marks over a picture, and the one that is being drawn.

use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Shape, Stroke, Ui, Vec2};

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
/// Words farther than this from what they belong to are joined to it by a line, points.
const LEADER_POINTS: f32 = 24.0;

/// Draws the lines of those that lie in the picture of a viewport, and of the draft.
pub fn paint_lines(ui: &Ui, rect: Rect, id: ViewportId, state: &AppState, frame: &ViewFrame) {
    let canvas = Canvas::new(ui, rect, frame);
    for (drawn, selected) in shown(id, state, frame) {
        let color = color(selected);
        let stroke = Stroke::new(if selected { 2.0 } else { 1.5 }, color);
        canvas.lines(&drawn, stroke);
        canvas.marks(&drawn, color, selected);
    }
}

/// Writes what they say, where nothing else is written: not over `taken`, nor over one another.
pub fn paint_words(
    ui: &Ui,
    rect: Rect,
    id: ViewportId,
    state: &AppState,
    (frame, mut taken): (&ViewFrame, Vec<Rect>),
) {
    let canvas = Canvas::new(ui, rect, frame);
    let mut shown = shown(id, state, frame);
    // An arrow without its words beside it points at nothing.
    shown.sort_by_key(|(drawn, _)| drawn.kind != MeasurementKind::Arrow);
    for (drawn, selected) in shown {
        taken.extend(canvas.words(state, &drawn, color(selected), &taken));
    }
    if let Some(at) = state.probe {
        canvas.probe(state, at);
    }
}

/// Measurements in the picture and whether each is chosen; the draft last.
fn shown(id: ViewportId, state: &AppState, frame: &ViewFrame) -> Vec<(Measurement, bool)> {
    let mut shown = Vec::new();
    if state.plan_fits() {
        let reach_mm = state.reach_mm(id);
        let all = state.plan().measurements.iter();
        let near = all.filter(|drawn| lies_near(drawn, &frame.plane, reach_mm));
        shown.extend(near.map(|drawn| {
            let selected = state.selection == Selection::Measurement(drawn.id);
            (drawn.clone(), selected)
        }));
    }
    let draft = state.draft.as_ref().filter(|draft| draft.viewport == id);
    shown.extend(draft.map(|draft| (draft.preview(&frame.plane), false)));
    shown
}

fn color(selected: bool) -> Color32 {
    if selected {
        Color32::WHITE
    } else {
        theme::MEASURE
    }
}

struct Canvas<'a> {
    painter: Painter,
    rect: Rect,
    frame: &'a ViewFrame,
}

impl<'a> Canvas<'a> {
    fn new(ui: &Ui, rect: Rect, frame: &'a ViewFrame) -> Self {
        Self {
            painter: ui.painter_at(rect),
            rect,
            frame,
        }
    }

    fn at(&self, point: Point<Lps>) -> Pos2 {
        screen_of(self.rect, self.frame, point)
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
            line(&self.painter, at - arm, at + arm, stroke);
        }
    }

    /// Words and numbers beside it; returns where they are.
    fn words(
        &self,
        state: &AppState,
        drawn: &Measurement,
        color: Color32,
        taken: &[Rect],
    ) -> Option<Rect> {
        let ctx = self.painter.ctx();
        let mut said = Measured::of(ctx, drawn, state).lines;
        if !drawn.text.is_empty() {
            said.insert(0, drawable(ctx, &drawn.text).into_owned());
        }
        if said.is_empty() {
            return None;
        }
        let font = FontId::proportional(theme::LABEL_POINTS);
        let width = |content: &String| {
            let galley = self
                .painter
                .layout_no_wrap(content.clone(), font.clone(), color);
            galley.size().x
        };
        let width = said.iter().map(width).fold(0.0, f32::max);
        let size = egui::vec2(width, LINE_POINTS * said.len() as f32);
        let place = self.free_place(&self.places(drawn, size)?, size, taken);
        self.leader(drawn, place, color);
        for (index, content) in said.iter().enumerate() {
            let at = place.min + egui::vec2(0.0, LINE_POINTS * index as f32);
            text(&self.painter, at, Align2::LEFT_TOP, content, color);
        }
        Some(place)
    }

    /// A thin line from words that had to give way to what they belong to.
    fn leader(&self, drawn: &Measurement, words: Rect, color: Color32) {
        let line_ends = lines(drawn).into_iter().map(|line| line.start);
        let nearest = line_ends
            .chain(drawn.points.iter().copied())
            .map(|point| self.at(point))
            .min_by(|a, b| {
                words
                    .distance_to_pos(*a)
                    .total_cmp(&words.distance_to_pos(*b))
            });
        if let Some(nearest) = nearest.filter(|at| words.distance_to_pos(*at) > LEADER_POINTS) {
            let ends = [words.clamp(nearest), nearest];
            let thin = Stroke::new(1.0, color.gamma_multiply(0.6));
            self.painter
                .extend(Shape::dashed_line(&ends, thin, 2.0, 3.0));
        }
    }

    /// The first of some places that is free; else the first one moved down until it is, or as it
    /// is where all is full.
    fn free_place(&self, places: &[Pos2], size: Vec2, taken: &[Rect]) -> Rect {
        let picture = self.rect.shrink(3.0);
        let free = |place: &Rect| {
            let whole = picture.contains_rect(*place);
            whole && !taken.iter().any(|other| other.intersects(*place))
        };
        let at = |&place: &Pos2| Rect::from_min_size(place, size);
        let inside = |place: Rect| {
            let room = (picture.size() - size).max(Vec2::ZERO);
            let min = place.min.clamp(picture.min, picture.min + room);
            Rect::from_min_size(min, size)
        };
        let first = places.first().map_or(picture, at);
        let lower = (1..20_u8).map(|step| {
            let by = egui::vec2(0.0, LINE_POINTS / 2.0 * f32::from(step));
            inside(first).translate(by)
        });
        let found = places.iter().map(at).chain(lower).find(free);
        found.unwrap_or_else(|| inside(first))
    }

    /// Top-left corners that words of a size may have, best first.
    fn places(&self, drawn: &Measurement, size: Vec2) -> Option<Vec<Pos2>> {
        let around = |anchor: Rect| {
            let (left, right) = (anchor.left() - 9.0 - size.x, anchor.right() + 9.0);
            let (above, below) = (anchor.top() - 4.0 - size.y, anchor.bottom() + 4.0);
            let middle = anchor.center() - size / 2.0;
            vec![
                Pos2::new(right, below),
                Pos2::new(right, above),
                Pos2::new(left, below),
                Pos2::new(left, above),
                Pos2::new(middle.x, below),
                Pos2::new(middle.x, above),
            ]
        };
        let point = |at: Pos2| around(Rect::from_min_max(at, at));
        Some(match (drawn.kind, drawn.points.as_slice()) {
            (MeasurementKind::Angle, [_, apex, ..]) => point(self.at(*apex)),
            (MeasurementKind::Arrow, [tip, tail]) => {
                let (tip, tail) = (self.at(*tip), self.at(*tail));
                // Beyond the tail, so that the words do not lie on the shaft.
                let x = if tail.x < tip.x { -7.0 - size.x } else { 7.0 };
                let beyond = tail + egui::vec2(x, -size.y / 2.0);
                let beside = if tail.y < tip.y { -4.0 - size.y } else { 4.0 };
                let back = if tail.x < tip.x { 0.0 } else { -size.x };
                vec![beyond, tail + egui::vec2(back, beside)]
            }
            (MeasurementKind::Ellipse | MeasurementKind::Rectangle, _) => {
                let outline: Vec<Pos2> = lines(drawn)
                    .into_iter()
                    .map(|line| self.at(line.start))
                    .collect();
                let edge = Rect::from_points(&outline);
                let level = edge.center().y - size.y / 2.0;
                let mut places = vec![
                    Pos2::new(edge.right() + 9.0, level),
                    Pos2::new(edge.left() - 9.0 - size.x, level),
                ];
                places.extend(around(edge));
                places
            }
            (_, points) => point(self.at(*points.last()?)),
        })
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
            &self.painter,
            place,
            Align2::LEFT_TOP,
            &content,
            theme::MEASURE,
        );
    }
}
