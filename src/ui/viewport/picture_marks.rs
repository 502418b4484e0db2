//! Measurements and calibrations over a picture that has no place in the patient.

use egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, Ui, vec2};

use super::overlay::{line, text};
use super::picture_view::PictureView;
use crate::app::AppState;
use crate::app::command::Selection;
use crate::app::picture_tool::{Drawing, PictureDraft, lines};
use crate::app::stage::Stage;
use crate::plan::{KnownObject, MeasurementKind, PixelPlace};
use crate::ui::picture_measured::measured;
use crate::ui::theme;

/// Draws those of the picture shown, and what is being drawn.
pub fn paint(ui: &Ui, area: Rect, state: &AppState, view: &PictureView) {
    let painter = ui.painter_at(area);
    let canvas = Canvas {
        painter: &painter,
        view,
        state,
    };
    for drawn in state.shown_picture_measurements() {
        let selected = state.selection == Selection::Measurement(drawn.id);
        canvas.measurement(drawn.kind, &drawn.points, selected);
    }
    if let Some((instance, frame)) = state.shown_image().filter(|_| state.pictures_fit())
        && let Some(made) = state.plan().pictures.calibration(&instance.uid)
        && made.frame == frame
    {
        let words = format!("{} mm", made.known_mm);
        canvas.object(made.object, made.points, &words);
    }
    let tool = state.stage.as_ref().and_then(Stage::pictures);
    let Some(tool) = tool.map(|pictures| &pictures.tool) else {
        return;
    };
    if let Some(marked) = &tool.marked {
        canvas.object(marked.object, marked.points, "? mm");
    }
    if let Some(draft) = &tool.draft {
        canvas.draft(draft);
    }
}

struct Canvas<'a> {
    painter: &'a Painter,
    view: &'a PictureView,
    state: &'a AppState,
}

impl Canvas<'_> {
    fn draft(&self, draft: &PictureDraft) {
        let mut points = draft.points.clone();
        points.push(draft.pointer);
        match (draft.drawing, points.as_slice()) {
            (Drawing::Measure(kind), _) => self.measurement(kind, &points, false),
            (Drawing::Calibrate(object), &[from, to]) => self.object(object, [from, to], "? mm"),
            (Drawing::Calibrate(_), _) => {}
        }
    }

    fn measurement(&self, kind: MeasurementKind, points: &[PixelPlace], selected: bool) {
        let color = if selected {
            Color32::WHITE
        } else {
            theme::MEASURE
        };
        let stroke = Stroke::new(if selected { 2.0 } else { 1.5 }, color);
        let pieces: Vec<[Pos2; 2]> = lines(kind, points)
            .into_iter()
            .map(|line| line.map(|place| self.view.screen(place)))
            .collect();
        for &[from, to] in &pieces {
            line(self.painter, from, to, stroke);
        }
        if let (MeasurementKind::Cobb, &[[a, b], [c, d]]) = (kind, pieces.as_slice()) {
            // Says which two lines belong together.
            let ends = [a.lerp(b, 0.5), c.lerp(d, 0.5)];
            let thin = Stroke::new(1.0, color.gamma_multiply(0.7));
            self.painter
                .extend(Shape::dashed_line(&ends, thin, 4.0, 4.0));
        }
        for &place in points {
            self.cross(self.view.screen(place), color);
        }
        let beside = match kind {
            MeasurementKind::Angle => points.get(1).or(points.last()),
            _ => points.last(),
        };
        if let Some(&place) = beside {
            let words = measured(kind, points, self.state).line;
            self.words(self.view.screen(place), &words, color);
        }
    }

    /// An object of known size: a line with ends, or the outline of a sphere.
    fn object(&self, object: KnownObject, points: [PixelPlace; 2], words: &str) {
        let [from, to] = points.map(|place| self.view.screen(place));
        let stroke = Stroke::new(1.5, theme::INFO);
        line(self.painter, from, to, stroke);
        if object == KnownObject::Sphere {
            let radius = from.distance(to) / 2.0;
            let edge = Stroke::new(3.0, theme::HALO);
            let middle = from.lerp(to, 0.5);
            self.painter.circle_stroke(middle, radius, edge);
            self.painter.circle_stroke(middle, radius, stroke);
        }
        for at in [from, to] {
            self.cross(at, theme::INFO);
        }
        self.words(to, words, theme::INFO);
    }

    fn words(&self, at: Pos2, words: &str, color: Color32) {
        if words.is_empty() {
            return;
        }
        // Towards the middle of the view, so that they are not cut off.
        let (x, align) = if at.x > self.painter.clip_rect().center().x {
            (-9.0, Align2::RIGHT_TOP)
        } else {
            (9.0, Align2::LEFT_TOP)
        };
        text(self.painter, at + vec2(x, 4.0), align, words, color);
    }

    fn cross(&self, at: Pos2, color: Color32) {
        let stroke = Stroke::new(1.2, color);
        for arm in [vec2(5.0, 0.0), vec2(0.0, 5.0)] {
            line(self.painter, at - arm, at + arm, stroke);
        }
    }
}
