//! The cube in the corner of a 3D view: shows how the patient is turned, and takes one to a
//! standard view by a click on a face.

use egui::{Align2, Color32, Pos2, Rect, Role, Sense, Shape, Stroke, Ui, Vec2, WidgetInfo};
use egui::{pos2, vec2};

use super::overlay::text;
use crate::app::camera::StandardView;
use crate::app::command::{CommandQueue, ViewCommand};
use crate::app::viewport::ViewportId;
use crate::geometry::{Lps, Vector};
use crate::render::Eye;
use crate::ui::theme;

/// Half an edge, points.
const HALF: f64 = 21.0;
/// Distance of its middle from the left and the lower border, points.
const MARGIN: f32 = 46.0;
/// Faces that are seen at less than this are not drawn.
const LEAST_FACING: f64 = 0.02;

/// Draws the cube and looks whether a face is clicked.
pub fn cube_ui(ui: &mut Ui, rect: Rect, id: ViewportId, eye: &Eye, queue: &mut CommandQueue) {
    let middle = pos2(rect.left() + MARGIN, rect.bottom() - MARGIN);
    let painter = ui.painter_at(rect);
    painter.circle_filled(middle, 38.0, Color32::from_black_alpha(70));
    for view in StandardView::ALL {
        let (normal, letter, color) = face(view);
        let facing = -normal.dot(eye.forward());
        if facing < LEAST_FACING {
            continue;
        }
        let corners = corners(eye, middle, normal);
        let center = middle + across(eye, normal, HALF);
        // The largest square about the middle of the face that no other face covers.
        let reach = (1.6 * HALF * facing).max(8.0) as f32;
        let spot = Rect::from_center_size(center, Vec2::splat(reach));
        let response = ui.interact(spot, ui.scope_id().with(("cube", letter)), Sense::click());
        let name = format!("Cube, {}", view.title());
        response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
        let light = 0.16 + 0.26 * facing as f32;
        let fill = if response.hovered() {
            color.gamma_multiply(0.7)
        } else {
            color.gamma_multiply(light)
        };
        let edge = Stroke::new(1.0, theme::LABEL.gamma_multiply(0.6));
        painter.add(Shape::convex_polygon(corners, fill, edge));
        if facing > 0.25 {
            text(
                &painter,
                center,
                Align2::CENTER_CENTER,
                letter,
                theme::LABEL,
            );
        }
        if response.on_hover_text(view.title()).clicked() {
            queue.push(ViewCommand::Activate(id));
            queue.push(ViewCommand::Stand(id, view));
        }
    }
}

/// Where a face looks, its letter and its colour.
fn face(view: StandardView) -> (Vector<Lps>, &'static str, Color32) {
    match view {
        StandardView::Anterior => (Vector::new(0., -1., 0.), "A", theme::CORONAL),
        StandardView::Posterior => (Vector::new(0., 1., 0.), "P", theme::CORONAL),
        StandardView::Left => (Vector::new(1., 0., 0.), "L", theme::SAGITTAL),
        StandardView::Right => (Vector::new(-1., 0., 0.), "R", theme::SAGITTAL),
        StandardView::Head => (Vector::new(0., 0., 1.), "H", theme::AXIAL),
        StandardView::Feet => (Vector::new(0., 0., -1.), "F", theme::AXIAL),
    }
}

/// A patient direction as it appears, points.
fn across(eye: &Eye, direction: Vector<Lps>, points: f64) -> Vec2 {
    let by = |axis| (direction.dot(axis) * points) as f32;
    vec2(by(eye.right), by(eye.down))
}

/// The corners of a face in order.
fn corners(eye: &Eye, middle: Pos2, normal: Vector<Lps>) -> Vec<Pos2> {
    let [x, y, z] = normal.to_array();
    let first = Vector::new(y, z, x);
    let second = normal.cross(first);
    let signs = [(1.0, 1.0), (1.0, -1.0), (-1.0, -1.0), (-1.0, 1.0)];
    let corner = |(a, b)| {
        let to = normal.0 + first.0 * a + second.0 * b;
        middle + across(eye, Vector::from_vec(to), HALF)
    };
    signs.map(corner).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::camera::Camera;
    use crate::app::viewport::Posture;
    use crate::geometry::Point;

    #[test]
    fn each_standard_view_shows_its_own_face_squarely() {
        for view in StandardView::ALL {
            let camera = Camera::standard(view, Posture::Supine, Point::new(0., 0., 0.));
            let eye = camera.eye([100.0; 2], 1.0);
            let (normal, letter, _) = face(view);
            assert!((normal.dot(eye.forward()) + 1.0).abs() < 1e-9, "{view:?}");
            assert!(view.title().contains(&format!("({letter})")));
            let corners = corners(&eye, pos2(0.0, 0.0), normal);
            assert!(corners.iter().all(|at| {
                (f64::from(at.x.abs()) - HALF).abs() < 1e-4
                    && (f64::from(at.y.abs()) - HALF).abs() < 1e-4
            }));
        }
    }
}
