//! Outlines of structures over a picture, what is being drawn, the name at the pointer.

use std::f64::consts::TAU;

use egui::{Align2, Color32, Painter, Pos2, Rect, Shape, Stroke, Ui, pos2, vec2};
use glam::DVec2;

use super::{Pointed, screen, screen_of};
use crate::app::AppState;
use crate::app::structure_outlines::Cut;
use crate::app::structure_stage::ShownStructure;
use crate::app::tool::hit::NEAR_PLANE_MM;
use crate::app::tool::structure::{handles, with_handle};
use crate::app::tool::{Gesture, StructureGesture, ToolKind};
use crate::app::view_frame::ViewFrame;
use crate::geometry::{Lps, Point};
use crate::plan::{BrushStroke, Color, DrawnShape};
use crate::ui::theme;

/// Width of an outline, points.
const WIDTH: f32 = 1.3;
/// That of the selected structure.
const SELECTED_WIDTH: f32 = 2.2;
/// Corners of a circle.
const CIRCLE_CORNERS: u32 = 48;
/// Names at the pointer.
const MOST_NAMES: usize = 2;

/// Draws the outlines of one plane, and what is being drawn in it.
pub fn paint(ui: &Ui, rect: Rect, state: &AppState, frame: &ViewFrame) {
    let painter = ui.painter_at(rect);
    if let Some(cut) = state.outlines.of(&frame.plane) {
        for item in state.drawn_structures() {
            outline(&painter, rect, state, (frame, cut, item));
        }
    }
    if !state.plan_fits() {
        return;
    }
    if let Some(drawn) = state.selected_drawn().filter(|drawn| !drawn.hidden) {
        handle_marks(&painter, rect, frame, (&drawn.shape, drawn.color));
    }
    under_way(&painter, rect, state, frame);
}

fn outline(
    painter: &Painter,
    rect: Rect,
    state: &AppState,
    (frame, cut, item): (&ViewFrame, &Cut, &ShownStructure),
) {
    let Some(lines) = cut.lines(&item.structure) else {
        return;
    };
    let selected =
        item.drawn.is_some() && state.selected_drawn().map(|drawn| drawn.id) == item.drawn;
    let width = if selected { SELECTED_WIDTH } else { WIDTH };
    let [r, g, b] = item.structure.color;
    let stroke = Stroke::new(width, Color32::from_rgb(r, g, b));
    let seen = rect.expand(4.0);
    for line in lines.iter() {
        let points: Vec<Pos2> = line
            .iter()
            .map(|&at| screen_of(rect, frame, cut.plane().point_at_mm(at)))
            .collect();
        if Rect::from_points(&points).intersects(seen) {
            closed(painter, points, stroke);
        }
    }
}

/// A closed line with a dark edge.
fn closed(painter: &Painter, points: Vec<Pos2>, stroke: Stroke) {
    let halo = Stroke::new(stroke.width + 1.6, theme::HALO);
    painter.add(Shape::closed_line(points.clone(), halo));
    painter.add(Shape::closed_line(points, stroke));
}

fn color32(color: Color) -> Color32 {
    theme::needle_color(color)
}

fn handle_marks(
    painter: &Painter,
    rect: Rect,
    frame: &ViewFrame,
    (shape, color): (&DrawnShape, Color),
) {
    let edge = Stroke::new(1.5, Color32::WHITE);
    for at in handles(shape) {
        if frame.plane.signed_distance_mm(at).abs() <= NEAR_PLANE_MM {
            let at = screen_of(rect, frame, at);
            painter.circle(at, 4.5, color32(color), edge);
        }
    }
}

/// The preview of a gesture or of a tube that is being clicked, and the brush.
fn under_way(painter: &Painter, rect: Rect, state: &AppState, frame: &ViewFrame) {
    match &state.gesture {
        Gesture::Structure(StructureGesture::Sphere {
            center, radius_mm, ..
        }) => ball(painter, rect, frame, (*center, *radius_mm)),
        Gesture::Structure(StructureGesture::Stroke { stroke, .. }) => {
            brushed(painter, rect, frame, stroke);
        }
        Gesture::Structure(StructureGesture::Handle { id, handle, at, .. }) => {
            if let Some(drawn) = state.plan().structure(*id) {
                let shape = with_handle(&drawn.shape, *handle, *at);
                skeleton(painter, rect, frame, &shape);
                handle_marks(painter, rect, frame, (&shape, drawn.color));
            }
        }
        _ => {}
    }
    if !state.drawing.points.is_empty() {
        let pointer = state.drawing.pointer;
        let points = state
            .drawing
            .points
            .iter()
            .copied()
            .chain(pointer)
            .collect();
        let radius_mm = state.drawing.tube_radius_mm;
        let tube = DrawnShape::Tube { points, radius_mm };
        skeleton(painter, rect, frame, &tube);
        handle_marks(painter, rect, frame, (&tube, Color([255, 255, 255])));
    }
}

/// A shape by its line and by the circles that its plane cuts out of its balls.
fn skeleton(painter: &Painter, rect: Rect, frame: &ViewFrame, shape: &DrawnShape) {
    match shape {
        DrawnShape::Sphere { center, radius_mm } => {
            ball(painter, rect, frame, (*center, *radius_mm));
        }
        DrawnShape::Tube { points, radius_mm } => {
            let line: Vec<Pos2> = points
                .iter()
                .map(|&at| screen_of(rect, frame, at))
                .collect();
            let dashes = Stroke::new(1.2, theme::LABEL);
            painter.extend(Shape::dashed_line(&line, dashes, 6.0, 4.0));
            for &at in points {
                ball(painter, rect, frame, (at, *radius_mm));
            }
        }
        DrawnShape::Region { .. } => {}
    }
}

/// The circle in which the plane cuts a ball; nothing where it misses it.
fn ball(painter: &Painter, rect: Rect, frame: &ViewFrame, (center, radius_mm): (Point<Lps>, f64)) {
    let off_mm = frame.plane.signed_distance_mm(center);
    let square = radius_mm * radius_mm - off_mm * off_mm;
    if square <= 0.0 {
        return;
    }
    let radius = square.sqrt() / frame.mm_per_point;
    let middle = frame.points_of(center);
    let corner = |n: u32| {
        let angle = TAU * f64::from(n) / f64::from(CIRCLE_CORNERS);
        screen(rect, middle + DVec2::from_angle(angle) * radius)
    };
    let points: Vec<Pos2> = (0..CIRCLE_CORNERS).map(corner).collect();
    closed(painter, points, Stroke::new(1.3, theme::LABEL));
}

fn brushed(painter: &Painter, rect: Rect, frame: &ViewFrame, stroke: &BrushStroke) {
    let color = if stroke.erase {
        theme::ERROR
    } else {
        theme::INFO
    };
    let radius = (stroke.radius_mm / frame.mm_per_point) as f32;
    for &at in &stroke.points {
        let off_mm = frame.plane.signed_distance_mm(at).abs();
        if off_mm <= stroke.radius_mm {
            let at = screen_of(rect, frame, at);
            painter.circle_filled(at, radius, color.gamma_multiply(0.25));
        }
    }
}

/// The name of what lies under the pointer, beside it; the ring of the brush about it.
pub fn name_at_pointer(ui: &Ui, rect: Rect, state: &AppState, pointed: Option<Pointed>) {
    let Some((pointed, at)) = pointed.and_then(|pointed| Some((pointed, pointed.at?))) else {
        return;
    };
    let painter = ui.painter_at(rect);
    if state.is_brushing()
        && let Some(frame) = state.frame_of(
            pointed.viewport,
            [f64::from(rect.width()), f64::from(rect.height())],
        )
    {
        ball(&painter, rect, &frame, (at, state.drawing.brush_radius_mm));
    }
    let leading = !matches!(state.gesture, Gesture::Idle);
    if leading || matches!(state.tool, ToolKind::Measure(_)) {
        return;
    }
    let mut names = state.structure_names_at(at);
    names.truncate(MOST_NAMES);
    if !names.is_empty() {
        pointer_label(&painter, rect, pointed.points, &names.join("\n"));
    }
}

/// Words beside the pointer, on a dark ground, inside the picture.
pub fn pointer_label(painter: &Painter, rect: Rect, points: DVec2, words: &str) {
    let font = egui::FontId::proportional(theme::LABEL_POINTS);
    let galley = painter.layout(words.to_owned(), font, theme::LABEL, rect.width() * 0.6);
    let size = galley.size();
    let pointer = screen(rect, points);
    // Below and to the right, where the hand does not hide it; on the other side at the border.
    let x = if pointer.x + 18.0 + size.x > rect.right() - 4.0 {
        pointer.x - 12.0 - size.x
    } else {
        pointer.x + 18.0
    };
    let y = (pointer.y + 14.0).min(rect.bottom() - 6.0 - size.y);
    let place = Align2::LEFT_TOP.anchor_size(pos2(x.max(rect.left() + 6.0), y), size);
    painter.rect_filled(place.expand2(vec2(5.0, 2.0)), 3.0, theme::HALO);
    painter.galley(place.min, galley, theme::LABEL);
}
