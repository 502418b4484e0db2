//! Presses, drags and releases: taking hold of things and leading them about.

use glam::DVec2;

use super::hit::Hit;
use super::{Button, Gesture, PointerEvent, ToolKind};
use crate::app::AppState;
use crate::app::command::{Command, LookCommand, PlanCommand, Selection, ViewCommand};
use crate::app::notice::Severity;
use crate::app::presentation::Presentation;
use crate::app::settings::DragAction;
use crate::geometry::{Degrees, Lps, Plane, Point, Vector};
use crate::plan::{PlanEdit, TrajectoryEnd, TrajectoryId};

impl AppState {
    pub(super) fn press(&mut self, event: &PointerEvent, button: Button) {
        // A second button ends what the first began; nothing stays half done.
        self.finish_gesture();
        self.apply(Command::View(ViewCommand::Activate(event.viewport)));
        let action = match button {
            Button::Primary => DragAction::Tool,
            Button::Secondary => self.settings.secondary_drag,
            Button::Middle => self.settings.middle_drag,
        };
        let last = event.at;
        match action {
            DragAction::Tool => self.press_primary(event),
            DragAction::Pan => self.gesture = Gesture::Pan { last },
            DragAction::Zoom => self.gesture = Gesture::Zoom { last, about: last },
            DragAction::Window => self.start_window(event),
        }
    }

    fn press_primary(&mut self, event: &PointerEvent) {
        // While an end or point is being placed, a click places it, whatever lies there.
        let placing = matches!(
            self.tool,
            ToolKind::Place(_)
                | ToolKind::Measure(_)
                | ToolKind::Spine(_)
                | ToolKind::Structure(_)
                | ToolKind::TakeEntry
        );
        let hit = if placing {
            None
        } else {
            self.hit(event.viewport, &event.frame, event.at)
        };
        if let Some(hit) = hit {
            self.take_hold(hit, event);
            return;
        }
        match self.tool {
            ToolKind::Window => self.start_window(event),
            ToolKind::Pan => self.gesture = Gesture::Pan { last: event.at },
            ToolKind::Crosshair => self.start_crosshair(event),
            ToolKind::Probe => self.probe = Some(event.lps()),
            ToolKind::Place(end) => self.click_end(end, event),
            ToolKind::TakeEntry => self.click_take_entry(event),
            ToolKind::Measure(kind) => self.press_measure(kind, event),
            ToolKind::Spine(tool) => self.click_spine(tool, event),
            ToolKind::Structure(tool) => self.press_structure(tool, event),
            // For pictures only.
            ToolKind::Calibrate(_) => {}
        }
    }

    fn start_window(&mut self, event: &PointerEvent) {
        if let Some(look) = self.presentation() {
            self.gesture = Gesture::Window {
                from: look.window,
                start: event.at,
            };
        }
    }

    fn start_crosshair(&mut self, event: &PointerEvent) {
        let last = event.lps();
        self.apply(Command::View(ViewCommand::Crosshair(last)));
        self.gesture = Gesture::MoveCrosshair {
            line_of: None,
            last,
        };
    }

    fn take_hold(&mut self, hit: Hit, event: &PointerEvent) {
        let last = event.lps();
        if let Hit::End(id, _) | Hit::Shaft(id) = hit
            && let Some(needle) = self.plan().trajectory(id).filter(|needle| needle.locked)
        {
            let text = format!("{} is locked; unlock it (K) to move it", needle.name);
            self.notices.add(Severity::Warning, text);
            self.apply(Command::Select(Selection::Needle(id, None)));
            return;
        }
        match hit {
            Hit::End(id, end) => {
                self.apply(Command::Select(Selection::Needle(id, Some(end))));
                self.apply(Command::Plan(PlanCommand::Begin(match end {
                    TrajectoryEnd::Entry => "Move entry",
                    TrajectoryEnd::Target => "Move target",
                })));
                self.gesture = Gesture::MoveEnd { id, end, last };
            }
            Hit::Shaft(id) => {
                self.apply(Command::Select(Selection::Needle(id, None)));
                self.apply(Command::Plan(PlanCommand::Begin("Move needle")));
                self.gesture = Gesture::MoveNeedle { id, last };
            }
            Hit::Point(id, point) => {
                self.apply(Command::Select(Selection::Measurement(id)));
                self.apply(Command::Plan(PlanCommand::Begin("Move point")));
                self.gesture = Gesture::MovePoint { id, point, last };
            }
            Hit::Measurement(id) => {
                self.apply(Command::Select(Selection::Measurement(id)));
                self.apply(Command::Plan(PlanCommand::Begin("Move measurement")));
                self.gesture = Gesture::MoveMeasurement { id, last };
            }
            Hit::Structure(id, handle) => self.hold_structure((id, handle), event),
            Hit::CrosshairMiddle => {
                self.gesture = Gesture::MoveCrosshair {
                    line_of: None,
                    last,
                };
            }
            Hit::Line(of) => {
                self.gesture = Gesture::MoveCrosshair {
                    line_of: Some(of),
                    last,
                };
            }
            Hit::LineHandle(line_of) => {
                self.gesture = Gesture::TurnLine {
                    line_of,
                    last: event.at,
                };
            }
        }
    }

    pub(super) fn drag(&mut self, event: &PointerEvent) {
        // Taken out for the time of the event; every branch puts its successor back.
        let gesture = std::mem::take(&mut self.gesture);
        self.gesture = match gesture {
            Gesture::Idle => {
                if self.tool == ToolKind::Probe && self.probe.is_some() {
                    self.probe = Some(event.lps());
                }
                Gesture::Idle
            }
            Gesture::MoveEnd { id, end, last } => self.drag_end(event, (id, end), last),
            Gesture::MoveNeedle { id, last } => {
                let by = event.lps() - last;
                let edit = PlanEdit::MoveTrajectory { id, by };
                self.apply(Command::Plan(PlanCommand::Edit("Move needle", edit)));
                self.lead_crosshair(event, last);
                let last = self.pointed_now(event);
                Gesture::MoveNeedle { id, last }
            }
            Gesture::MovePoint { id, point, last } => self.drag_handle(event, (id, point), last),
            Gesture::MoveMeasurement { id, last } => self.drag_measurement(event, id, last),
            Gesture::Draw { from } => {
                if let Some(draft) = &mut self.draft {
                    draft.pointer = event.lps();
                }
                Gesture::Draw { from }
            }
            Gesture::Structure(gesture) => Gesture::Structure(Self::drag_structure(gesture, event)),
            Gesture::MoveCrosshair { line_of, last } => self.drag_crosshair(event, line_of, last),
            Gesture::TurnLine { line_of, last } => self.turn_line(event, line_of, last),
            Gesture::Window { from, start } => {
                let by = event.at - start;
                let window = Presentation::dragged(from, by.x, by.y);
                self.apply(Command::Look(LookCommand::Window(window)));
                Gesture::Window { from, start }
            }
            Gesture::Pan { last } => {
                let by_mm = (event.at - last) * event.frame.mm_per_point;
                self.apply(Command::View(ViewCommand::Pan(event.viewport, by_mm)));
                Gesture::Pan { last: event.at }
            }
            Gesture::Zoom { last, about } => {
                let factor = 1.01_f64.powf(last.y - event.at.y);
                let middle = DVec2::from_array(event.frame.size_points) / 2.0;
                self.apply(Command::View(ViewCommand::Zoom {
                    viewport: event.viewport,
                    factor,
                    about_mm: (about - middle) * event.frame.mm_per_point,
                }));
                Gesture::Zoom {
                    last: event.at,
                    about,
                }
            }
        };
    }

    /// Moves an end by as much as the pointer moved in the plane, so that an end off the plane
    /// keeps its distance from it.
    fn drag_end(
        &mut self,
        event: &PointerEvent,
        (id, end): (TrajectoryId, TrajectoryEnd),
        last: Point<Lps>,
    ) -> Gesture {
        // A needle view moves with its needle: the shift is taken in the frame of the event only.
        let by = event.lps() - last;
        let place = self
            .plan()
            .trajectory(id)
            .and_then(|needle| needle.end(end));
        if let Some(place) = place {
            let edit = PlanEdit::SetEnd {
                id,
                end,
                to: place + by,
            };
            self.apply(Command::Plan(PlanCommand::Edit("Move needle", edit)));
            self.lead_crosshair(event, last);
        }
        let last = self.pointed_now(event);
        Gesture::MoveEnd { id, end, last }
    }

    /// The patient point under the pointer on the plane as it is now: a needle view turns with its
    /// needle, and the wheel may have turned a page.
    pub(super) fn pointed_now(&self, event: &PointerEvent) -> Point<Lps> {
        self.frame_of(event.viewport, event.frame.size_points)
            .map_or_else(|| event.lps(), |frame| frame.lps_at(event.at))
    }

    /// What the pointer moved within its plane since `last`.
    fn moved_in_plane(event: &PointerEvent, last: Point<Lps>) -> Vector<Lps> {
        let by = event.lps() - last;
        let normal = event.frame.plane.normal();
        by - normal * by.dot(normal)
    }

    /// Lets the other slice views follow what is dragged, so that it stays in their planes.
    fn lead_crosshair(&mut self, event: &PointerEvent, last: Point<Lps>) {
        let slice_view = self
            .viewport(event.viewport)
            .is_some_and(|viewport| !viewport.kind.follows_needle());
        if slice_view && self.settings.crosshair_follows_needle {
            let to = self.crosshair + Self::moved_in_plane(event, last);
            self.apply(Command::View(ViewCommand::Crosshair(to)));
        }
    }

    fn drag_crosshair(
        &mut self,
        event: &PointerEvent,
        line_of: Option<super::ViewportId>,
        last: Point<Lps>,
    ) -> Gesture {
        let by = Self::moved_in_plane(event, last);
        let by = match line_of.and_then(|of| self.plane_of(of)) {
            // Along a line nothing changes: only the part across it counts.
            Some(plane) => plane.normal() * by.dot(plane.normal()),
            None => by,
        };
        let to = self.crosshair + by;
        self.apply(Command::View(ViewCommand::Crosshair(to)));
        let last = self.pointed_now(event);
        Gesture::MoveCrosshair { line_of, last }
    }

    fn turn_line(
        &mut self,
        event: &PointerEvent,
        line_of: super::ViewportId,
        last: DVec2,
    ) -> Gesture {
        let middle = event.frame.points_of(self.crosshair);
        let (from, to) = (last - middle, event.at - middle);
        // Clockwise on the screen is right-handed about the normal, which points away.
        let turn = Degrees::from_radians(from.perp_dot(to).atan2(from.dot(to)));
        let axis = event.frame.plane.normal();
        let crosshair = self.crosshair;
        if let Some(viewport) = self.viewport_mut(line_of) {
            let plane = Plane {
                origin: crosshair,
                right: viewport.right,
                down: viewport.down,
            };
            if let Some(turned) = plane.rotated(axis, turn) {
                viewport.right = turned.right;
                viewport.down = turned.down;
            }
        }
        Gesture::TurnLine {
            line_of,
            last: event.at,
        }
    }

    pub(super) fn release(&mut self, event: &PointerEvent) {
        let drawn_from = match self.gesture {
            Gesture::Draw { from } => Some(from),
            _ => None,
        };
        if let Gesture::Structure(_) = self.gesture {
            self.drag(event);
        }
        self.finish_gesture();
        if let Some(draft) = &mut self.draft {
            draft.pointer = event.lps();
        }
        if let Some(from) = drawn_from {
            self.release_measure(from, event);
        }
    }

    /// Ends the gesture under way and keeps what it did.
    pub fn finish_gesture(&mut self) {
        self.finish_picture_gesture();
        let gesture = std::mem::take(&mut self.gesture);
        match gesture {
            Gesture::MoveEnd { id, end, .. } => {
                let snaps = end == TrajectoryEnd::Entry && self.settings.snap_entry_to_skin;
                // A click that only selects the entry leaves it where it is.
                if snaps && self.history.has_changed() {
                    self.snap_entry(id, Quiet::Yes);
                }
                self.apply(Command::Plan(PlanCommand::Commit));
            }
            Gesture::MoveNeedle { .. }
            | Gesture::MovePoint { .. }
            | Gesture::MoveMeasurement { .. } => {
                self.apply(Command::Plan(PlanCommand::Commit));
            }
            Gesture::Structure(gesture) => self.finish_structure(gesture),
            _ => {}
        }
    }
}

/// Whether a snap that fails says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quiet {
    /// It was not asked for by itself.
    Yes,
    /// It was.
    No,
}
