//! Vertebra labels, end-plates and the midline over a picture.

use egui::{Align2, Painter, Rect, Shape, Stroke, Ui};

use super::overlay::text;
use super::screen_of;
use crate::app::AppState;
use crate::app::tool::ToolKind;
use crate::app::view_frame::ViewFrame;
use crate::geometry::{Lps, Plane, Point, Vector};
use crate::plan::{Midline, VertebraLabel};
use crate::ui::theme;

/// A label this far from a plane that runs along the spine is still shown there, mm.
const ALONG_REACH_MM: f64 = 45.0;
/// The same for a plane across the spine: half a vertebra.
const ACROSS_REACH_MM: f64 = 14.0;

/// Draws what is declared of the spine over the picture of one viewport.
pub fn paint(ui: &Ui, rect: Rect, state: &AppState, frame: &ViewFrame) {
    if !state.show_spine || !state.plan_fits() {
        return;
    }
    let painter = ui.painter_at(rect);
    let spine = &state.plan().spine;
    if let Ok(midline) = Midline::of(spine) {
        midline_line(&painter, rect, frame, &midline);
    }
    for plate in &spine.end_plates {
        let near = |at: &Point<Lps>| frame.plane.signed_distance_mm(*at).abs() < 5.0;
        if plate.points.iter().all(near) {
            let [from, to] = plate.points.map(|at| screen_of(rect, frame, at));
            painter.line_segment([from, to], Stroke::new(3.5, theme::HALO));
            painter.line_segment([from, to], Stroke::new(1.5, theme::SPINE));
        }
    }
    for label in &spine.labels {
        draw_label(&painter, rect, frame, label);
    }
    if let ToolKind::Spine(_) = state.tool {
        for &at in &state.labelling.clicks {
            let at = screen_of(rect, frame, at);
            painter.circle(at, 4.0, theme::HALO, Stroke::new(1.5, theme::SPINE));
        }
    }
}

/// How far from a plane labels are shown in it, mm.
fn reach_mm(plane: &Plane) -> f64 {
    let across = plane.normal().dot(Vector::new(0., 0., 1.)).abs();
    if across > 0.7 {
        ACROSS_REACH_MM
    } else {
        ALONG_REACH_MM
    }
}

fn draw_label(painter: &Painter, rect: Rect, frame: &ViewFrame, label: &VertebraLabel) {
    let off_mm = frame.plane.signed_distance_mm(label.body).abs();
    let reach_mm = reach_mm(&frame.plane);
    if off_mm > reach_mm {
        return;
    }
    let at = screen_of(rect, frame, label.body);
    if !rect.shrink(4.0).contains(at) {
        return;
    }
    // Fainter the farther off, never so faint that it cannot be read.
    let near = 1.0 - 0.5 * (off_mm / reach_mm) as f32;
    let color = theme::SPINE.gamma_multiply(near);
    let name = label.vertebra.to_string();
    text(painter, at, Align2::CENTER_CENTER, &name, color);
    let tip = label
        .spinous_process
        .filter(|&tip| frame.plane.signed_distance_mm(tip).abs() <= 5.0);
    if let Some(tip) = tip {
        painter.circle_stroke(
            screen_of(rect, frame, tip),
            3.0,
            Stroke::new(1.2, theme::SPINE),
        );
    }
}

/// Where the midline plane crosses the picture.
fn midline_line(painter: &Painter, rect: Rect, frame: &ViewFrame, midline: &Midline) {
    let plane = &frame.plane;
    let across = plane.normal().dot(midline.left).abs();
    if across > 0.9 {
        // Seen flat: a line would be anywhere.
        return;
    }
    let Some(along) = plane.normal().cross(midline.left).direction() else {
        return;
    };
    // The point of the picture's middle that lies in the midline.
    let toward = plane.normal().cross(along);
    let slope = toward.dot(midline.left);
    if slope.abs() < 1e-6 {
        return;
    }
    let on_line = plane.origin - toward * (midline.offset_mm(plane.origin) / slope);
    let far_mm = frame.mm_per_point * f64::from(rect.width() + rect.height());
    let ends = [on_line - along * far_mm, on_line + along * far_mm];
    let [from, to] = ends.map(|at| screen_of(rect, frame, at));
    let stroke = Stroke::new(1.0, theme::SPINE.gamma_multiply(0.55));
    painter.extend(Shape::dashed_line(&[from, to], stroke, 10.0, 7.0));
}
