//! Needles and crosshair over a picture.

use egui::{Align2, Color32, FontId, Painter, Pos2, Rect, Shape, Stroke, Ui, pos2};

use super::labels::shortened;
use super::needle_to_scale::{self, NeedleDrawing};
use super::{measurements, screen, screen_of};
use crate::app::AppState;
use crate::app::command::Selection;
use crate::app::view_frame::ViewFrame;
use crate::app::viewport::ViewportId;
use crate::geometry::{Lps, Plane, Point};
use crate::plan::{Trajectory, TrajectoryEnd, TrajectoryReadout, TrajectoryUncertainty};
use crate::ui::{format, theme};

/// Draws everything that lies over the picture of one viewport.
pub fn paint(ui: &Ui, rect: Rect, id: ViewportId, state: &AppState, frame: &ViewFrame) {
    let painter = ui.painter_at(rect);
    crosshair(&painter, rect, id, state, frame);
    let on_screen = |at: Point<Lps>| screen_of(rect, frame, at);
    former_slice(&painter, rect, state, (&frame.plane, &on_screen));
    measurements::paint_lines(ui, rect, id, state, frame);
    let mut taken = Vec::new();
    if state.plan_fits() {
        for needle in state
            .plan()
            .trajectories
            .iter()
            .filter(|needle| !needle.hidden)
        {
            taken.extend(draw_needle(
                ui,
                &painter,
                (rect, id),
                state,
                (frame, needle),
            ));
        }
    }
    measurements::paint_words(ui, rect, id, state, (frame, taken));
}

/// A line with a dark edge, so that it is seen on bone and on air.
pub(super) fn line(painter: &Painter, from: Pos2, to: Pos2, stroke: Stroke) {
    painter.line_segment([from, to], Stroke::new(stroke.width + 2.0, theme::HALO));
    painter.line_segment([from, to], stroke);
}

/// Text with a dark shadow.
pub fn text(painter: &Painter, at: Pos2, align: Align2, text: &str, color: Color32) -> Rect {
    let font = FontId::proportional(theme::LABEL_POINTS);
    // One shadow, not an outline of four: a software rasteriser pays for every glyph again.
    painter.text(
        at + egui::vec2(1.0, 1.0),
        align,
        text,
        font.clone(),
        theme::HALO,
    );
    painter.text(at, align, text, font, color)
}

fn crosshair(painter: &Painter, rect: Rect, id: ViewportId, state: &AppState, frame: &ViewFrame) {
    let far = f64::from(rect.width() + rect.height());
    for crossing in state.crosshair_lines(id, frame) {
        let Some(other) = state.viewport(crossing.of) else {
            continue;
        };
        let color = theme::plane_color(other.kind);
        let stroke = Stroke::new(1.0, color.gamma_multiply(0.75));
        // A gap in the middle leaves what is pointed at free.
        for sign in [-1.0, 1.0] {
            let along = crossing.direction * sign;
            let from = screen(rect, crossing.middle + along * 14.0);
            painter.line_segment([from, screen(rect, crossing.middle + along * far)], stroke);
        }
        for handle in crossing.handles(frame) {
            painter.circle(screen(rect, handle), 3.5, theme::HALO, stroke);
        }
    }
}

/// The line in which the slice that was looked at in the former stack cuts a picture, with its
/// name. Shown with the crosshair, and only within one frame of reference.
pub fn former_slice(
    painter: &Painter,
    rect: Rect,
    state: &AppState,
    (plane, on_screen): (&Plane, &dyn Fn(Point<Lps>) -> Pos2),
) {
    let former = state.former_slice().filter(|_| state.show_crosshair);
    let Some((former, cut)) = former.and_then(|former| Some((former, former.cut(plane)?))) else {
        return;
    };
    let (from, to) = (on_screen(cut.start), on_screen(cut.end));
    let stroke = Stroke::new(1.2, theme::REFERENCE);
    // The dark edge is what shows it on bright and noisy pictures.
    painter.line_segment([from, to], Stroke::new(3.2, theme::HALO));
    painter.extend(Shape::dashed_line(&[from, to], stroke, 8.0, 4.0));
    let left = if from.x <= to.x { from } else { to };
    let inside = rect.shrink(10.0).clamp(left);
    let words = shortened(painter, &former.title, rect.width() * 0.45);
    let at = inside + egui::vec2(2.0, -2.0);
    text(painter, at, Align2::LEFT_BOTTOM, &words, theme::REFERENCE);
}

fn draw_needle(
    ui: &Ui,
    painter: &Painter,
    (rect, id): (Rect, ViewportId),
    state: &AppState,
    (frame, needle): (&ViewFrame, &Trajectory),
) -> Option<Rect> {
    let selected = state.selection.needle() == Some(needle.id);
    let color = theme::needle_color(needle.color);
    let reach_mm = state.reach_mm(id);
    if let Some(segment) = needle.segment() {
        let kind = needle.needle.as_deref();
        let drawing = NeedleDrawing {
            rect,
            frame,
            path: segment,
            kind: kind.and_then(|id| state.catalogue.find(id)),
            color,
            selected,
        };
        needle_to_scale::shaft(painter, &drawing);
        needle_to_scale::lesions(ui, painter, &drawing);
    }
    for end in [TrajectoryEnd::Entry, TrajectoryEnd::Target] {
        let Some(at) = needle.end(end) else { continue };
        let near = frame.plane.signed_distance_mm(at).abs() <= reach_mm;
        let grabbed = state.selection == Selection::Needle(needle.id, Some(end));
        handle(
            painter,
            screen_of(rect, frame, at),
            end,
            (color, near, grabbed),
        );
    }
    // Once on the screen is enough: where the person works, and along the needle.
    let here = state.active == id
        || state
            .viewport(id)
            .is_some_and(|viewport| viewport.kind.follows_needle());
    let at = needle.entry.filter(|_| selected && here)?;
    let target = needle.target.map(|target| screen_of(rect, frame, target));
    beside(
        painter,
        rect,
        (screen_of(rect, frame, at), target),
        state,
        needle,
    )
}

/// Entry: a square. Target: a disc with a dot. Hollow where the end is off the plane.
fn handle(
    painter: &Painter,
    at: Pos2,
    end: TrajectoryEnd,
    (color, near, grabbed): (Color32, bool, bool),
) {
    let color = if near {
        color
    } else {
        color.gamma_multiply(0.5)
    };
    let size = if near { 5.0 } else { 3.5 };
    let edge = Stroke::new(
        if grabbed { 2.5 } else { 1.5 },
        if grabbed { Color32::WHITE } else { color },
    );
    let fill = if near {
        theme::HALO
    } else {
        Color32::TRANSPARENT
    };
    match end {
        TrajectoryEnd::Entry => {
            let square = Rect::from_center_size(at, egui::Vec2::splat(size * 1.8));
            painter.rect(square, 1.0, fill, edge, egui::StrokeKind::Middle);
        }
        TrajectoryEnd::Target => {
            painter.circle(at, size, fill, edge);
            if near {
                painter.circle_filled(at, 1.6, color);
            }
        }
    }
}

/// Length and CT angles beside the entry of the selected needle; returns where they are.
fn beside(
    painter: &Painter,
    rect: Rect,
    (entry, target): (Pos2, Option<Pos2>),
    state: &AppState,
    needle: &Trajectory,
) -> Option<Rect> {
    let readout = TrajectoryReadout::of(needle, state.patient_position(), state.catalogue);
    let length_mm = readout.length_mm.ok()?;
    let off = state
        .half_voxel()
        .and_then(|half| TrajectoryUncertainty::of(needle, state.patient_position(), &half));
    let length_off = off.map(|off| off.length_mm);
    let mut lines = vec![needle.name.clone(), format::mm_off(length_mm, length_off)];
    if let (Ok(in_plane), Ok(out)) = (readout.in_plane, readout.out_of_plane) {
        let out_off = off.and_then(|off| off.out_of_plane);
        lines.push(format::degrees_off(
            in_plane,
            off.and_then(|off| off.in_plane),
        ));
        let size = format::degrees_off(out.abs(), out_off);
        lines.push(match out.0 {
            flat if flat.abs() < 0.05 => format::with_off("in plane".to_owned(), out_off),
            up if up > 0.0 => format!("{size} cranial"),
            _ => format!("{size} caudal"),
        });
    }
    // On the side that the shaft leaves free, while there is room.
    let free_right = target.map_or(entry.x < rect.center().x, |target| target.x <= entry.x);
    let room = 130.0;
    let to_right = if free_right {
        rect.right() - entry.x > room
    } else {
        entry.x - rect.left() < room
    };
    let (offset, align) = if to_right {
        (12.0, Align2::LEFT_TOP)
    } else {
        (-12.0, Align2::RIGHT_TOP)
    };
    let x = (entry.x + offset).clamp(rect.left() + 8.0, rect.right() - 8.0);
    let y = (entry.y - 8.0).clamp(
        rect.top() + 28.0,
        (rect.bottom() - 80.0).max(rect.top() + 28.0),
    );
    let color = theme::needle_color(needle.color);
    // Names of procedures are longer than the room beside a needle.
    let widest = if to_right {
        rect.right() - 6.0 - x
    } else {
        x - rect.left() - 6.0
    };
    let written = lines.iter().enumerate().map(|(index, content)| {
        let at = pos2(x, y + index as f32 * 16.0);
        let content = shortened(painter, content, widest);
        text(painter, at, align, &content, color)
    });
    written.reduce(Rect::union)
}
