//! The plan over a real X-ray picture: needles, target, outlines of structures, landmarks, and the
//! handles that move it by hand.

use egui::{
    Align2, Color32, CursorIcon, Painter, Pos2, Rect, Response, Role, Sense, Shape, Stroke, Ui,
    Vec2, WidgetInfo, pos2, vec2,
};

use super::overlay::{line, text};
use super::picture_view::PictureView;
use crate::app::AppState;
use crate::app::command::CommandQueue;
use crate::app::registration_stage::{RegisteredView, RegistrationCommand, Standing};
use crate::geometry::{OrientationLetters, letters_of};
use crate::plan::Trajectory;
use crate::ui::{registration_panel, theme};

/// Radius of the handles, points.
const HANDLE: f32 = 9.0;
/// Distance of the handle that turns from the one that moves, points.
const ARM: f32 = 90.0;
/// Distance of the lower letters from the edge, points.
const LOWER_EDGE: f32 = 8.0;
/// Distance of the strip from the edge, above the letters and the words in the corner, points.
const STRIP_EDGE: f32 = 50.0;
/// Degrees of tilt per point that the moving handle is dragged with Alt.
const TILT_PER_POINT: f64 = 0.05;

/// Draws the plan over the picture shown and moves it by its handles.
pub fn ui(ui: &Ui, area: Rect, state: &AppState, view: &PictureView, queue: &mut CommandQueue) {
    if !state.registering.shown {
        return;
    }
    let Ok(shown) = state.registered_view() else {
        return;
    };
    let painter = ui.painter_at(area);
    let canvas = Canvas {
        painter: &painter,
        view,
        shown: &shown,
    };
    canvas.outlines(state);
    for needle in state
        .plan()
        .trajectories
        .iter()
        .filter(|needle| !needle.hidden)
    {
        canvas.needle(needle);
    }
    canvas.landmarks(state);
    if !shown.geometry.sides_stated {
        canvas.sides(area);
    }
    strip(&painter, area, state, &shown);
    if state.registering.marking {
        mark(ui, area, view, queue);
    } else if !state.registering.is_registering(&shown.image, shown.frame) {
        // A move during it would be lost to its result.
        canvas.handles(ui, queue);
    }
}

struct Canvas<'a> {
    painter: &'a Painter,
    view: &'a PictureView,
    shown: &'a RegisteredView,
}

impl Canvas<'_> {
    fn screen(&self, point: crate::geometry::Point<crate::geometry::Lps>) -> Option<Pos2> {
        self.shown
            .pixel_of(point)
            .map(|place| self.view.screen(place))
    }

    fn needle(&self, needle: &Trajectory) {
        let color = theme::needle_color(needle.color);
        let ends = [needle.entry, needle.target].map(|end| end.and_then(|end| self.screen(end)));
        if let [Some(entry), Some(target)] = ends {
            let stroke = Stroke::new(2.0, color);
            if self.shown.standing == Standing::NotRegistered {
                let dashes = Shape::dashed_line(&[entry, target], stroke, 8.0, 6.0);
                self.painter.extend(dashes);
            } else {
                line(self.painter, entry, target, stroke);
            }
            self.painter
                .circle_stroke(entry, 4.0, Stroke::new(1.5, color));
        }
        if let [_, Some(target)] = ends {
            let stroke = Stroke::new(1.5, color);
            for arm in [vec2(7.0, 0.0), vec2(0.0, 7.0)] {
                line(self.painter, target - arm, target + arm, stroke);
            }
            let at = target + vec2(10.0, 8.0);
            text(self.painter, at, Align2::LEFT_TOP, &needle.name, color);
        }
    }

    /// Marks on the picture, each with a line to where its point of the CT is seen.
    fn landmarks(&self, state: &AppState) {
        let shown = self.shown;
        let marks = state
            .plan()
            .registrations
            .landmarks_of(&shown.image, shown.frame);
        for (index, mark) in marks.enumerate() {
            let at = self.view.screen(mark.pixel);
            let stroke = Stroke::new(1.5, theme::MEASURE);
            for arm in [vec2(5.0, 5.0), vec2(5.0, -5.0)] {
                line(self.painter, at - arm, at + arm, stroke);
            }
            if let Some(seen) = self.screen(mark.point_lps_mm) {
                line(self.painter, at, seen, Stroke::new(1.0, theme::MEASURE));
                self.painter.circle_stroke(seen, 4.0, stroke);
            }
            let number = (index + 1).to_string();
            let beside = at + vec2(8.0, -8.0);
            text(
                self.painter,
                beside,
                Align2::LEFT_BOTTOM,
                &number,
                theme::MEASURE,
            );
        }
    }

    /// Letters of the sides as the beam is taken to lie, where the file states none: so that a
    /// mirrored picture shows itself.
    fn sides(&self, area: Rect) {
        let letters = side_letters(self.shown);
        let (middle, edge) = (area.center(), 8.0);
        for (at, align, letters) in [
            (
                pos2(area.right() - edge, middle.y),
                Align2::RIGHT_CENTER,
                &letters.right,
            ),
            (
                pos2(area.left() + edge, middle.y),
                Align2::LEFT_CENTER,
                &letters.left,
            ),
            (
                pos2(middle.x, area.bottom() - LOWER_EDGE),
                Align2::CENTER_BOTTOM,
                &letters.down,
            ),
            (
                pos2(middle.x, area.top() + edge),
                Align2::CENTER_TOP,
                &letters.up,
            ),
        ] {
            text(
                self.painter,
                at,
                align,
                &format!("{letters}?"),
                theme::WARNING,
            );
        }
    }

    fn outlines(&self, state: &AppState) {
        let found = state.registering.outlines();
        for outline in found.lines(&self.shown.image, self.shown.frame) {
            let color = theme::needle_color(outline.color).gamma_multiply(0.8);
            let stroke = Stroke::new(1.2, color);
            for line in &outline.lines {
                let points = line.iter().map(|&at| self.view.screen(at)).collect();
                self.painter.add(Shape::closed_line(points, stroke));
            }
        }
    }

    fn handles(&self, ui: &Ui, queue: &mut CommandQueue) {
        let Some(middle) = self.screen(self.shown.correction.pivot) else {
            return;
        };
        if !self.painter.clip_rect().contains(middle) {
            return;
        }
        let moving = self.handle(ui, "Move plan over picture", middle, CursorIcon::Move);
        if moving.dragged() {
            let by = moving.drag_delta();
            let tilts = ui.input(|input| input.modifiers.alt || input.modifiers.ctrl);
            if by != Vec2::ZERO {
                queue.push(RegistrationCommand::Move(self.moved(by, tilts)));
            }
        }
        let end = middle + vec2(ARM, 0.0);
        let arm = Stroke::new(1.0, theme::FAINT);
        let dashes = Shape::dashed_line(&[middle, end], arm, 3.0, 4.0);
        self.painter.extend(dashes);
        let turning = self.handle(ui, "Turn plan over picture", end, CursorIcon::Grab);
        if let (true, Some(at)) = (turning.dragged(), turning.interact_pointer_pos()) {
            let (from, to) = (at - turning.drag_delta() - middle, at - middle);
            let deg = f64::from(to.angle() - from.angle()).to_degrees();
            if deg != 0.0 && deg.abs() < 90.0 {
                let roll = deg * self.mirrored();
                queue.push(RegistrationCommand::Move([0.0, 0.0, roll, 0.0, 0.0, 0.0]));
            }
        }
    }

    /// −1 on a mirrored picture, where turns look the other way round.
    fn mirrored(&self) -> f64 {
        let [right, down] = self.shown.geometry.receptor.pixel_mm;
        (right * down).signum()
    }

    /// How the C-arm must move for the plan to follow the pointer.
    fn moved(&self, by: Vec2, tilts: bool) -> [f64; 6] {
        let per_pixel = self.view.points_per_pixel();
        let receptor = &self.shown.geometry.receptor;
        let beam = self.shown.beam();
        let magnification = beam
            .project(self.shown.correction.pivot)
            .map_or(1.0, |at| at.magnification);
        if tilts {
            let sign = receptor.pixel_mm.map(f64::signum);
            let right = f64::from(by.x) * TILT_PER_POINT * sign[0];
            let down = f64::from(by.y) * TILT_PER_POINT * sign[1];
            return [down, -right, 0.0, 0.0, 0.0, 0.0];
        }
        let mm = |points: f32, per_pixel: f32, pixel_mm: f64| {
            f64::from(points / per_pixel.max(1e-6)) * pixel_mm / magnification
        };
        let right = mm(by.x, per_pixel.x, receptor.pixel_mm[0]);
        let down = mm(by.y, per_pixel.y, receptor.pixel_mm[1]);
        [0.0, 0.0, 0.0, -right, -down, 0.0]
    }

    fn handle(&self, ui: &Ui, label: &str, at: Pos2, cursor: CursorIcon) -> Response {
        let rect = Rect::from_center_size(at, Vec2::splat(2.0 * HANDLE));
        let response = ui
            .interact(rect, ui.scope_id().with(label), Sense::drag())
            .on_hover_cursor(cursor);
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, label));
        let color = if response.hovered() || response.dragged() {
            Color32::WHITE
        } else {
            theme::OVERLAY
        };
        self.painter
            .circle_stroke(at, HANDLE, Stroke::new(3.0, theme::HALO));
        self.painter
            .circle_stroke(at, HANDLE, Stroke::new(1.5, color));
        response
    }
}

/// Where the columns and rows of a picture lead to in the patient, as its beam is taken to lie.
fn side_letters(shown: &RegisteredView) -> OrientationLetters {
    let beam = shown.beam();
    let sign = shown.geometry.receptor.pixel_mm.map(f64::signum);
    let (right, down) = (beam.right * sign[0], beam.down * sign[1]);
    OrientationLetters {
        left: letters_of(-right),
        right: letters_of(right),
        up: letters_of(-down),
        down: letters_of(down),
    }
}

/// One line at the bottom of the picture: how the position came about.
fn strip(painter: &Painter, area: Rect, state: &AppState, shown: &RegisteredView) {
    let (mut words, color) = registration_panel::standing(state, shown);
    if !shown.geometry.sides_stated {
        words = format!("{words}\n{}", registration_panel::SIDES_ASSUMED);
    }
    let at = area.center_bottom() - vec2(0.0, STRIP_EDGE);
    let galley = painter.layout_no_wrap(
        words,
        egui::FontId::proportional(theme::LABEL_POINTS),
        color,
    );
    let rect = Align2::CENTER_BOTTOM.anchor_size(at, galley.size());
    painter.rect_filled(rect.expand2(vec2(10.0, 5.0)), 4.0, theme::BANNER_GROUND);
    painter.galley(rect.min, galley, color);
}

/// Waits for the click that marks a landmark.
fn mark(ui: &Ui, area: Rect, view: &PictureView, queue: &mut CommandQueue) {
    let response = ui
        .interact(area, ui.scope_id().with("mark landmark"), Sense::click())
        .on_hover_cursor(CursorIcon::Crosshair);
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, "Mark the landmark here"));
    if let (true, Some(at)) = (response.clicked(), response.interact_pointer_pos()) {
        queue.push(RegistrationCommand::MarkAt(view.place_at(at)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{CArmAngles, Correction, Degrees, Point, Receptor};
    use crate::register::ViewGeometry;
    use crate::study::InstanceUid;

    #[test]
    fn letters_say_which_side_is_taken_for_which() {
        let isocenter = Point::new(0.0, 0.0, 0.0);
        let letters = |primary: f64, pixel_mm: [f64; 2]| {
            let mut receptor = Receptor::centered([100, 100], 0.5);
            receptor.pixel_mm = pixel_mm;
            let geometry = ViewGeometry {
                angles: CArmAngles {
                    primary: Degrees(primary),
                    secondary: Degrees(0.0),
                },
                source_to_detector_mm: 1000.0,
                source_to_isocenter_mm: 700.0,
                receptor,
                sides_stated: false,
            };
            let found = side_letters(&RegisteredView {
                image: InstanceUid::new("1.2"),
                frame: 0,
                geometry,
                isocenter,
                header: geometry.beam(isocenter).unwrap(),
                correction: Correction::none(isocenter),
                standing: Standing::NotRegistered,
                registered_frame: None,
            });
            [found.left, found.right, found.up, found.down].concat()
        };
        // Receptor in front of the patient: the patient's left on the right (2.3).
        assert_eq!(letters(0.0, [0.5, 0.5]), "RLHF");
        assert_eq!(letters(180.0, [0.5, 0.5]), "LRHF");
        assert_eq!(letters(180.0, [-0.5, 0.5]), "RLHF");
    }
}
