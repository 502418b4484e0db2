//! The mark under the pointer of a 3D view where a click would place a target or an entry.

use egui::{Align2, Painter, Rect, Stroke, vec2};
use glam::DVec2;

use super::overlay::text;
use super::screen;
use crate::app::AppState;
use crate::app::tool::ToolKind;
use crate::plan::TrajectoryEnd;
use crate::render::Eye;
use crate::ui::{format, theme};

/// Radius of the ring, points.
const RING: f32 = 7.0;

/// Draws it while a tool places ends. True where it is drawn.
pub fn end_mark(painter: &Painter, rect: Rect, state: &AppState, eye: &Eye, points: DVec2) -> bool {
    let ToolKind::Place(end) = state.tool else {
        return false;
    };
    let at = screen(rect, points);
    let word = match end {
        TrajectoryEnd::Target => "Target",
        TrajectoryEnd::Entry => "Entry",
    };
    let below = at + vec2(12.0, 12.0);
    let Some(pick) = state.pick_end(eye, points, end) else {
        let words = match end {
            TrajectoryEnd::Target => "No bone here",
            TrajectoryEnd::Entry => "No skin here",
        };
        text(painter, below, Align2::LEFT_TOP, words, theme::FAINT);
        return true;
    };
    let place = eye.pixel_of(pick.point).map_or(at, |at| screen(rect, at));
    painter.circle_stroke(place, RING, Stroke::new(3.0, theme::HALO));
    painter.circle_stroke(place, RING, Stroke::new(1.5, theme::LABEL));
    painter.circle_filled(place, 1.5, theme::LABEL);
    let words = format!("{word}: {}", pick.what);
    text(painter, below, Align2::LEFT_TOP, &words, theme::LABEL);
    let second = below + vec2(0.0, 16.0);
    let position = format::position(pick.point);
    text(painter, second, Align2::LEFT_TOP, &position, theme::LABEL);
    true
}
