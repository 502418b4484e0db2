//! Measurements and marks under the pointer: drawn by clicks or drags, taken hold of, reshaped.

use glam::DVec2;

use super::hit::{HANDLE_POINTS, Hit, LINE_POINTS, distance_to_piece};
use super::{Draft, Gesture, PointerEvent};
use crate::app::AppState;
use crate::app::command::{Command, PlanCommand, Selection};
use crate::app::view_frame::ViewFrame;
use crate::app::viewport::ViewportId;
use crate::assess::Region;
use crate::geometry::{Lps, Plane, Point, Segment, Vector};
use crate::plan::{Measurement, MeasurementId, MeasurementKind, PlanEdit};

/// Travel that makes a press a drag and not a click, screen points.
const DRAG_POINTS: f64 = 4.0;
/// A region's axis this near to the picture's right or down is laid onto it, as sine.
const UPRIGHT: f64 = 0.05;
/// Corners of the line that stands for an ellipse.
const ELLIPSE_CORNERS: usize = 72;

/// The lines of a measurement, also of one that is not complete.
pub fn lines(drawn: &Measurement) -> Vec<Segment> {
    let segment = |pair: &[Point<Lps>]| match *pair {
        [from, to] => Some(Segment::new(from, to)),
        _ => None,
    };
    match drawn.kind {
        MeasurementKind::Cobb => drawn.points.chunks(2).filter_map(segment).collect(),
        MeasurementKind::Ellipse | MeasurementKind::Rectangle => {
            let outline = Region::of(drawn).map(|region| region.outline(ELLIPSE_CORNERS));
            let outline = outline.unwrap_or_default();
            let next = outline.iter().cycle().skip(1);
            let edges = outline.iter().zip(next);
            edges.map(|(&from, &to)| Segment::new(from, to)).collect()
        }
        _ => drawn.points.windows(2).filter_map(segment).collect(),
    }
}

/// Where it can be taken hold of: its points, and of a region the far ends of its axes too.
pub fn handles(drawn: &Measurement) -> Vec<Point<Lps>> {
    let mut handles = drawn.points.clone();
    if let Some(region) = Region::of(drawn) {
        handles.extend(region.half_axes.map(|half| region.center - half));
    }
    handles
}

/// Whether a measurement lies in a picture: no point farther from the plane than `reach_mm`.
pub fn lies_near(drawn: &Measurement, plane: &Plane, reach_mm: f64) -> bool {
    let near = |&at: &Point<Lps>| plane.signed_distance_mm(at).abs() <= reach_mm;
    drawn.points.iter().all(near)
}

/// Middle and ends of the half axes of a region between two corners, upright on a plane; `None`
/// where it would have no area.
fn between_corners(plane: &Plane, from: Point<Lps>, to: Point<Lps>) -> Option<[Point<Lps>; 3]> {
    let (from, to) = (plane.in_plane_mm(from), plane.in_plane_mm(to));
    let half = (to - from).abs() / 2.0;
    if half.min_element() < 1e-3 {
        return None;
    }
    let middle = plane.point_at_mm((from + to) / 2.0);
    Some([
        middle,
        middle + plane.right * half.x,
        middle + plane.down * half.y,
    ])
}

/// Points of a region after one of its handles (see [`handles`]) was led to `to`: that axis turns
/// and stretches within the region's plane, the other keeps its length and stays at right angles.
fn reshaped(
    drawn: &Measurement,
    handle: usize,
    to: Point<Lps>,
    plane: &Plane,
) -> Option<[Point<Lps>; 3]> {
    let region = Region::of(drawn)?;
    let [a, b] = region.half_axes;
    let normal = a.cross(b).direction()?;
    let led = match handle {
        1 | 2 => to - region.center,
        _ => region.center - to,
    };
    let led = upright(led - normal * led.dot(normal), plane);
    let along = led.direction()?;
    let halves = match handle {
        1 | 3 => [led, normal.cross(along) * b.length()],
        _ => [along.cross(normal) * a.length(), led],
    };
    let [a, b] = halves.map(|half| region.center + half);
    Some([region.center, a, b])
}

/// The vector, laid onto the picture's right or down where it nearly points there.
fn upright(vector: Vector<Lps>, plane: &Plane) -> Vector<Lps> {
    let length = vector.length();
    for axis in [plane.right, plane.down] {
        let along = vector.dot(axis);
        let on_axis = axis * along;
        if (vector - on_axis).length() < UPRIGHT * length {
            return on_axis;
        }
    }
    vector
}

impl Draft {
    /// What is drawn so far, the pointer taken as the next point.
    pub fn preview(&self, plane: &Plane) -> Measurement {
        let mut points = self.points.clone();
        points.push(self.pointer);
        Measurement::new(
            MeasurementId(u64::MAX),
            self.kind,
            completed(self.kind, &points, plane).unwrap_or(points),
        )
    }
}

fn is_region(kind: MeasurementKind) -> bool {
    matches!(kind, MeasurementKind::Ellipse | MeasurementKind::Rectangle)
}

/// Clicks that complete a kind: a region is drawn from corner to corner.
fn clicks(kind: MeasurementKind) -> usize {
    if is_region(kind) { 2 } else { kind.points() }
}

/// The points of a measurement from those that were clicked; `None` while some are missing and
/// where a region has no area.
fn completed(
    kind: MeasurementKind,
    clicked: &[Point<Lps>],
    plane: &Plane,
) -> Option<Vec<Point<Lps>>> {
    match *clicked {
        [from, to] if is_region(kind) => Some(between_corners(plane, from, to)?.to_vec()),
        _ if clicked.len() == kind.points() && !is_region(kind) => Some(clicked.to_vec()),
        _ => None,
    }
}

impl AppState {
    /// A press with a measuring tool: one more point, and the begin of a drag to the next.
    pub(super) fn press_measure(&mut self, kind: MeasurementKind, event: &PointerEvent) {
        self.add_point(kind, event);
        if self.draft.is_some() {
            self.gesture = Gesture::Draw { from: event.at };
        }
    }

    /// The end of a drag with a measuring tool: the point where it ended counts.
    pub(super) fn release_measure(&mut self, from: DVec2, event: &PointerEvent) {
        let kind = self.draft.as_ref().map(|draft| draft.kind);
        if let Some(kind) = kind
            && from.distance(event.at) > DRAG_POINTS
        {
            self.add_point(kind, event);
        }
    }

    /// Adds a point to the measurement being drawn; the last one completes it.
    fn add_point(&mut self, kind: MeasurementKind, event: &PointerEvent) {
        let at = event.lps();
        let mut draft = match self.draft.take() {
            Some(draft) if draft.kind == kind && draft.viewport == event.viewport => draft,
            _ => Draft {
                kind,
                points: Vec::new(),
                viewport: event.viewport,
                pointer: at,
            },
        };
        draft.pointer = at;
        // The second click of a double click is no point.
        let again = draft
            .points
            .last()
            .is_some_and(|&last| event.frame.points_of(last).distance(event.at) < DRAG_POINTS);
        if !again {
            draft.points.push(at);
        }
        if draft.points.len() < clicks(kind) {
            self.draft = Some(draft);
            return;
        }
        let Some(points) = completed(kind, &draft.points, &event.frame.plane) else {
            // A region as flat as a line: its second corner is still to come.
            draft.points.pop();
            self.draft = Some(draft);
            return;
        };
        let id = self.plan().next_measurement_id();
        let edit = PlanEdit::AddMeasurement(Measurement::new(id, kind, points));
        self.apply(Command::Plan(PlanCommand::Edit(label(kind), edit)));
        if self.plan().measurement(id).is_some() {
            self.selection = Selection::Measurement(id);
        }
    }

    fn measurements_near(
        &self,
        viewport: ViewportId,
        plane: Plane,
    ) -> impl Iterator<Item = &Measurement> {
        let reach_mm = self.reach_mm(viewport);
        // The last one was drawn over the others.
        let all = self.plan().measurements.iter().rev();
        all.filter(move |drawn| lies_near(drawn, &plane, reach_mm))
    }

    /// A handle of a measurement under the pointer.
    pub(super) fn hit_handle(
        &self,
        viewport: ViewportId,
        frame: &ViewFrame,
        at: DVec2,
    ) -> Option<Hit> {
        let mut near = self.measurements_near(viewport, frame.plane);
        near.find_map(|drawn| {
            let selected = self.selection == Selection::Measurement(drawn.id);
            let far = |place: Point<Lps>| frame.points_of(place).distance(at);
            // The nearest one: those of a small region lie close together.
            let (index, _) = handles(drawn)
                .into_iter()
                .map(far)
                .enumerate()
                // The middle of a region is the picture's until the region is chosen.
                .filter(|&(index, _)| index > 0 || selected || !is_region(drawn.kind))
                .filter(|&(_, far)| far <= HANDLE_POINTS)
                .min_by(|a, b| a.1.total_cmp(&b.1))?;
            Some(Hit::Point(drawn.id, index))
        })
    }

    /// The line of a measurement under the pointer.
    pub(super) fn hit_measurement(
        &self,
        viewport: ViewportId,
        frame: &ViewFrame,
        at: DVec2,
    ) -> Option<Hit> {
        let touched = |line: Segment| {
            let [from, to] = [line.start, line.end].map(|end| frame.points_of(end));
            distance_to_piece(at, from, to) <= LINE_POINTS
        };
        self.measurements_near(viewport, frame.plane)
            .find(|drawn| lines(drawn).into_iter().any(touched))
            .map(|drawn| Hit::Measurement(drawn.id))
    }

    /// A handle follows the pointer.
    pub(super) fn drag_handle(
        &mut self,
        event: &PointerEvent,
        (id, handle): (MeasurementId, usize),
        last: Point<Lps>,
    ) -> Gesture {
        let by = event.lps() - last;
        let place = |state: &Self| {
            let drawn = state.plan().measurement(id)?;
            handles(drawn).get(handle).copied()
        };
        let Some(to) = place(self).map(|at| at + by) else {
            return Gesture::Idle;
        };
        for edit in self.handle_edits((id, handle), to, &event.frame.plane) {
            self.apply(Command::Plan(PlanCommand::Edit("Move point", edit)));
        }
        // A handle that was laid onto an axis still knows where it was led, or a slow hand could
        // never lead it away again.
        let short = place(self).map_or(Vector::new(0., 0., 0.), |at| to - at);
        Gesture::MovePoint {
            id,
            point: handle,
            last: self.pointed_now(event) - short,
        }
    }

    fn handle_edits(
        &self,
        (id, handle): (MeasurementId, usize),
        to: Point<Lps>,
        plane: &Plane,
    ) -> Vec<PlanEdit> {
        let Some(drawn) = self.plan().measurement(id) else {
            return Vec::new();
        };
        if !is_region(drawn.kind) {
            let point = handle;
            return vec![PlanEdit::MoveMeasurementPoint { id, point, to }];
        }
        match (handle, drawn.points.first()) {
            (0, Some(&middle)) => vec![PlanEdit::MoveMeasurement {
                id,
                by: to - middle,
            }],
            _ => reshaped(drawn, handle, to, plane)
                .into_iter()
                .flatten()
                .enumerate()
                .skip(1)
                .map(|(point, to)| PlanEdit::MoveMeasurementPoint { id, point, to })
                .collect(),
        }
    }

    /// A whole measurement follows the pointer.
    pub(super) fn drag_measurement(
        &mut self,
        event: &PointerEvent,
        id: MeasurementId,
        last: Point<Lps>,
    ) -> Gesture {
        let by = event.lps() - last;
        let edit = PlanEdit::MoveMeasurement { id, by };
        self.apply(Command::Plan(PlanCommand::Edit("Move measurement", edit)));
        let last = self.pointed_now(event);
        Gesture::MoveMeasurement { id, last }
    }
}

fn label(kind: MeasurementKind) -> &'static str {
    match kind {
        MeasurementKind::Distance => "Measure length",
        MeasurementKind::Angle | MeasurementKind::Cobb => "Measure angle",
        MeasurementKind::Ellipse | MeasurementKind::Rectangle => "Measure region",
        MeasurementKind::Point | MeasurementKind::Arrow => "Mark",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane() -> Plane {
        Plane::sagittal(Point::new(5., 0., 0.))
    }

    fn region(points: [Point<Lps>; 3]) -> Measurement {
        Measurement::new(MeasurementId(0), MeasurementKind::Ellipse, points.to_vec())
    }

    #[test]
    fn a_region_lies_between_the_corners_that_were_clicked() {
        // On a sagittal plane right is +y and down is −z; the second corner may be anywhere.
        let (from, to) = (Point::new(5., 30., 10.), Point::new(5., 10., 40.));
        let [middle, right, down] = between_corners(&plane(), from, to).unwrap();
        assert_eq!(middle, Point::new(5., 20., 25.));
        assert_eq!(right, Point::new(5., 30., 25.));
        assert_eq!(down, Point::new(5., 20., 10.));
        let beside = Point::new(5., 30., 40.);
        assert_eq!(between_corners(&plane(), from, beside), None, "a line");
        // A corner of another slice counts where it appears.
        let before = Point::new(9., 30., 10.);
        assert_eq!(between_corners(&plane(), before, to).unwrap()[0], middle);
    }

    #[test]
    fn a_led_handle_keeps_the_axes_at_right_angles() {
        let drawn = region([[5., 0., 0.], [5., 8., 0.], [5., 0., -3.]].map(Point::from));
        for handle in 1..=4 {
            let to = Point::new(9., 7., 9.);
            let [middle, a, b] = reshaped(&drawn, handle, to, &plane()).unwrap();
            let (a, b) = (a - middle, b - middle);
            assert!(a.dot(b).abs() < 1e-9 && a.0.x.abs() < 1e-9 && b.0.x.abs() < 1e-9);
            let long = 130_f64.sqrt();
            let lengths = if handle % 2 == 1 {
                [long, 3.0]
            } else {
                [8.0, long]
            };
            assert!((a.length() - lengths[0]).abs() < 1e-9, "{handle}");
            assert!((b.length() - lengths[1]).abs() < 1e-9, "{handle}");
            let led = handles(&region([middle, middle + a, middle + b]))[handle];
            assert!(
                led.distance(Point::new(5., 7., 9.)) < 1e-9,
                "{handle}: {led:?}"
            );
        }
        // Almost upright is upright.
        let [_, a, _] = reshaped(&drawn, 1, Point::new(5., 9., 0.2), &plane()).unwrap();
        assert_eq!(a, Point::new(5., 9., 0.));
    }

    #[test]
    fn lines_of_every_kind() {
        let count = |kind: MeasurementKind| {
            let points = [[0., 0., 0.], [4., 0., 0.], [0., 3., 0.], [9., 9., 0.]];
            let points = points.iter().take(kind.points()).map(|&at| at.into());
            lines(&Measurement::new(MeasurementId(0), kind, points.collect())).len()
        };
        let counts = MeasurementKind::ALL.map(count);
        assert_eq!(counts, [1, 2, 2, ELLIPSE_CORNERS, 4, 0, 1]);
    }
}
