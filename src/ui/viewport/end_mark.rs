//! The mark under the pointer of a 3D view where a click would place a target or an entry.

use egui::{Align2, Painter, Rect, Stroke, vec2};
use glam::DVec2;

use super::overlay::text;
use super::screen;
use crate::app::AppState;
use crate::app::pick_surface::{EndPick, Seen};
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
        let volume = state.stage.as_ref().and_then(|stage| stage.volume());
        let is_ct = volume.is_some_and(|volume| volume.unit() == "HU");
        let words = nothing_words(end, is_ct);
        text(painter, below, Align2::LEFT_TOP, words, theme::FAINT);
        return true;
    };
    let place = eye.pixel_of(pick.point).map_or(at, |at| screen(rect, at));
    painter.circle_stroke(place, RING, Stroke::new(3.0, theme::HALO));
    painter.circle_stroke(place, RING, Stroke::new(1.5, theme::LABEL));
    painter.circle_filled(place, 1.5, theme::LABEL);
    let (words, is_warning) = pick_words(&pick);
    let color = if is_warning {
        theme::WARNING
    } else {
        theme::LABEL
    };
    let words = format!("{word}: {words}");
    text(painter, below, Align2::LEFT_TOP, &words, color);
    let second = below + vec2(0.0, 16.0);
    let position = format::position(pick.point);
    text(painter, second, Align2::LEFT_TOP, &position, theme::LABEL);
    true
}

/// What a picked point lies on, and whether it is something else than what one sees.
fn pick_words(pick: &EndPick) -> (String, bool) {
    let what = &pick.what;
    match pick.seen {
        Seen::Here => (what.clone(), false),
        Seen::Before(mm) => (format!("{what}, {mm:.0} mm before what you see"), true),
        Seen::Behind(mm) => (format!("{what}, {mm:.0} mm behind what you see"), true),
        Seen::Nowhere => (format!("{what}, not shown here"), true),
    }
}

fn nothing_words(end: TrajectoryEnd, is_ct: bool) -> &'static str {
    match (end, is_ct) {
        (TrajectoryEnd::Target, true) => "No bone here",
        (TrajectoryEnd::Entry, true) => "No skin in the images here",
        (TrajectoryEnd::Target, false) => "Bone is found on CT only: place the target in a slice",
        (TrajectoryEnd::Entry, false) => "Skin is found on CT only: place the entry in a slice",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;

    #[test]
    fn a_point_that_is_not_what_one_sees_says_so() {
        let pick = |seen| EndPick {
            point: Point::new(0., 0., 0.),
            what: "≥ 200 HU".to_owned(),
            seen,
        };
        let words = |seen| pick_words(&pick(seen));
        assert_eq!(words(Seen::Here), ("≥ 200 HU".to_owned(), false));
        let behind = "≥ 200 HU, 24 mm behind what you see";
        assert_eq!(words(Seen::Behind(23.6)), (behind.to_owned(), true));
        assert!(words(Seen::Before(4.0)).0.contains("4 mm before"));
        assert!(words(Seen::Nowhere).1);
        assert!(nothing_words(TrajectoryEnd::Target, false).contains("CT only"));
    }
}
