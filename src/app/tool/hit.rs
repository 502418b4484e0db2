//! What lies under the pointer: needle ends, shafts, measurements, crosshair lines.

use glam::DVec2;

use crate::app::AppState;
use crate::app::view_frame::ViewFrame;
use crate::app::viewport::ViewportId;
use crate::geometry::{Plane, Segment};
use crate::plan::{MeasurementId, StructureId, TrajectoryEnd, TrajectoryId};

/// Reach of a handle, screen points.
pub(super) const HANDLE_POINTS: f64 = 9.0;
/// Reach of a line, screen points.
pub(super) const LINE_POINTS: f64 = 5.0;
/// What lies this far off the plane still belongs to the picture, mm.
pub const NEAR_PLANE_MM: f64 = 3.0;

/// What a press would take hold of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// An end of a needle.
    End(TrajectoryId, TrajectoryEnd),
    /// The shaft of a needle.
    Shaft(TrajectoryId),
    /// A handle of a measurement (see [`super::measure::handles`]).
    Point(MeasurementId, usize),
    /// The line of a measurement.
    Measurement(MeasurementId),
    /// A handle of a drawn structure (see [`super::structure::handles`]).
    Structure(StructureId, usize),
    /// The middle of the crosshair.
    CrosshairMiddle,
    /// The line that another viewport's plane draws here.
    Line(ViewportId),
    /// The handle at the end of such a line, which turns it.
    LineHandle(ViewportId),
}

/// A line of another viewport's plane as it appears in this one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CrosshairLine {
    /// The viewport whose plane it is.
    pub of: ViewportId,
    /// Where the crosshair is, points.
    pub middle: DVec2,
    /// Unit direction on the screen.
    pub direction: DVec2,
}

impl CrosshairLine {
    /// Where its two turning handles sit.
    pub fn handles(&self, frame: &ViewFrame) -> [DVec2; 2] {
        let reach = 0.38 * frame.size_points[0].min(frame.size_points[1]);
        [
            self.middle + self.direction * reach,
            self.middle - self.direction * reach,
        ]
    }
}

/// Part of a needle within `reach_mm` of a plane, as fractions along it; `None` where none is.
pub fn part_near_plane(segment: Segment, plane: &Plane, reach_mm: f64) -> Option<(f64, f64)> {
    let from = plane.signed_distance_mm(segment.start);
    let to = plane.signed_distance_mm(segment.end);
    let span = to - from;
    if span.abs() < 1e-9 {
        return (from.abs() <= reach_mm).then_some((0.0, 1.0));
    }
    let (a, b) = ((-reach_mm - from) / span, (reach_mm - from) / span);
    let (start, end) = (a.min(b).max(0.0), a.max(b).min(1.0));
    (start <= end).then_some((start, end))
}

impl AppState {
    /// Half the thickness within which things belong to a viewport's picture, mm.
    pub fn reach_mm(&self, viewport: ViewportId) -> f64 {
        let slab_mm = self.viewport(viewport).map_or(0.0, |v| v.slab.thickness_mm);
        (slab_mm / 2.0).max(NEAR_PLANE_MM)
    }

    /// Lines that the planes of the other slice viewports draw in this one.
    pub fn crosshair_lines(&self, viewport: ViewportId, frame: &ViewFrame) -> Vec<CrosshairLine> {
        let follows = |id: ViewportId| self.viewport(id).is_none_or(|v| v.kind.follows_needle());
        if !self.show_crosshair || follows(viewport) {
            return Vec::new();
        }
        let mut lines: Vec<CrosshairLine> = Vec::new();
        for other in self.shown_viewports() {
            let plane = (other != viewport && !follows(other))
                .then(|| self.plane_of(other))
                .flatten();
            let Some(direction) = plane.and_then(|other| frame.plane.meeting_direction(&other))
            else {
                continue;
            };
            let on_screen = DVec2::new(
                direction.dot(frame.plane.right),
                direction.dot(frame.plane.down),
            );
            let line = CrosshairLine {
                of: other,
                middle: frame.points_of(self.crosshair),
                direction: on_screen,
            };
            // Two viewports of one plane draw one line.
            let twice = |old: &CrosshairLine| old.direction.perp_dot(line.direction).abs() < 1e-3;
            if !lines.iter().any(twice) {
                lines.push(line);
            }
        }
        lines
    }

    /// What a press at `at` (points in the viewport) takes hold of.
    pub fn hit(&self, viewport: ViewportId, frame: &ViewFrame, at: DVec2) -> Option<Hit> {
        let drawn = || {
            self.hit_end(viewport, frame, at)
                .or_else(|| self.hit_handle(viewport, frame, at))
                .or_else(|| self.hit_structure(viewport, frame, at))
                .or_else(|| self.hit_shaft(viewport, frame, at))
                .or_else(|| self.hit_measurement(viewport, frame, at))
        };
        // A plan of other images is not drawn here, so nothing of it can be taken hold of.
        let found = if self.plan_fits() { drawn() } else { None };
        found.or_else(|| self.hit_crosshair(viewport, frame, at))
    }

    fn hit_end(&self, viewport: ViewportId, frame: &ViewFrame, at: DVec2) -> Option<Hit> {
        let reach_mm = self.reach_mm(viewport);
        let mut best: Option<(f64, Hit)> = None;
        for needle in self.plan().trajectories.iter().filter(|n| !n.hidden) {
            // Target before entry, so that it wins where both lie on one spot.
            for end in [TrajectoryEnd::Target, TrajectoryEnd::Entry] {
                let Some(place) = needle.end(end) else {
                    continue;
                };
                let far = frame.points_of(place).distance(at);
                let off_mm = frame.plane.signed_distance_mm(place).abs();
                let near = far <= HANDLE_POINTS && off_mm <= reach_mm;
                if near && best.is_none_or(|(nearest, _)| far < nearest) {
                    best = Some((far, Hit::End(needle.id, end)));
                }
            }
        }
        best.map(|(_, hit)| hit)
    }

    fn hit_shaft(&self, viewport: ViewportId, frame: &ViewFrame, at: DVec2) -> Option<Hit> {
        let reach_mm = self.reach_mm(viewport);
        let shown = self.plan().trajectories.iter().filter(|n| !n.hidden);
        shown
            .filter_map(|needle| {
                let segment = needle.segment()?;
                let (from, to) = part_near_plane(segment, &frame.plane, reach_mm)?;
                let from = frame.points_of(segment.at(from));
                let to = frame.points_of(segment.at(to));
                let far = distance_to_piece(at, from, to);
                (far <= LINE_POINTS + 1.0).then_some((far, needle.id))
            })
            .min_by(|a, b| a.0.total_cmp(&b.0))
            .map(|(_, id)| Hit::Shaft(id))
    }

    fn hit_crosshair(&self, viewport: ViewportId, frame: &ViewFrame, at: DVec2) -> Option<Hit> {
        let lines = self.crosshair_lines(viewport, frame);
        let middle = lines.first()?.middle;
        if middle.distance(at) <= HANDLE_POINTS {
            return Some(Hit::CrosshairMiddle);
        }
        let handle = lines.iter().find(|line| {
            line.handles(frame)
                .iter()
                .any(|handle| handle.distance(at) <= HANDLE_POINTS)
        });
        if let Some(line) = handle {
            return Some(Hit::LineHandle(line.of));
        }
        let off = |line: &CrosshairLine| line.direction.perp_dot(at - line.middle).abs();
        lines
            .iter()
            .filter(|line| off(line) <= LINE_POINTS - 1.0)
            .min_by(|a, b| off(a).total_cmp(&off(b)))
            .map(|line| Hit::Line(line.of))
    }
}

/// Distance in points from `at` to the piece between two points.
pub(super) fn distance_to_piece(at: DVec2, from: DVec2, to: DVec2) -> f64 {
    let along = to - from;
    let squared = along.length_squared();
    let share = if squared > 0.0 {
        ((at - from).dot(along) / squared).clamp(0.0, 1.0)
    } else {
        0.0
    };
    at.distance(from + along * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;

    #[test]
    fn the_part_of_a_needle_near_a_plane() {
        let plane = Plane::axial(Point::new(0., 0., 0.));
        let needle = Segment::new(Point::new(0., 0., -10.), Point::new(0., 40., 30.));
        assert_eq!(part_near_plane(needle, &plane, 2.0), Some((0.2, 0.3)));
        assert_eq!(part_near_plane(needle, &plane, 10.0), Some((0.0, 0.5)));
        let above = Segment::new(Point::new(0., 0., 5.), Point::new(9., 0., 5.));
        assert_eq!(part_near_plane(above, &plane, 2.0), None);
        assert_eq!(part_near_plane(above, &plane, 5.0), Some((0.0, 1.0)));
    }

    #[test]
    fn distances_to_a_piece_on_the_screen() {
        let (from, to) = (DVec2::new(0., 0.), DVec2::new(10., 0.));
        assert_eq!(distance_to_piece(DVec2::new(5., 3.), from, to), 3.0);
        assert_eq!(distance_to_piece(DVec2::new(13., 4.), from, to), 5.0);
        assert_eq!(distance_to_piece(DVec2::new(3., 4.), from, from), 5.0);
    }
}
