//! What the pointer does over a viewport: gestures as a small state machine.
//!
//! A press first claims what lies under it (needle ends, shafts, points of measurements, crosshair
//! lines), then starts the active tool. A gesture changes the plan through one history step.

mod drag;
pub mod hit;
pub mod measure;
mod place;
mod region_bounds;
mod spine;
pub mod structure;

pub(super) use self::drag::Quiet;

use glam::DVec2;

pub use self::spine::{Labelling, SpineTool};
pub use self::structure::{StructureDrawing, StructureGesture, StructureTool};
use super::AppState;
use super::command::{Command, PlanCommand, ViewCommand};
use super::view_frame::ViewFrame;
use super::viewport::ViewportId;
use crate::geometry::{Lps, Point};
use crate::plan::{KnownObject, MeasurementId, MeasurementKind, TrajectoryEnd, TrajectoryId};
use crate::study::WindowLevel;

/// Tool of the left button.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ToolKind {
    /// Drag changes window width and level.
    #[default]
    Window,
    /// Click places one end of the selected needle (or of a new one).
    Place(TrajectoryEnd),
    /// Clicks or drags measure and mark.
    Measure(MeasurementKind),
    /// Clicks declare vertebrae, midline or end-plates.
    Spine(SpineTool),
    /// Clicks and drags draw or correct structures.
    Structure(StructureTool),
    /// Click on the coloured outline of an entry map takes that spot.
    TakeEntry,
    /// Click or drag moves the crosshair.
    Crosshair,
    /// Drag moves the picture.
    Pan,
    /// The value under the pointer stays shown where one clicks.
    Probe,
    /// Clicks mark an object of known size on a picture.
    Calibrate(KnownObject),
}

impl ToolKind {
    /// Name shown.
    pub fn title(self) -> &'static str {
        match self {
            Self::Window => "Window",
            Self::Place(TrajectoryEnd::Target) => "Target",
            Self::Place(TrajectoryEnd::Entry) => "Entry",
            Self::Measure(MeasurementKind::Distance) => "Length",
            Self::Measure(kind) => kind.word(),
            Self::Spine(tool) => tool.title(),
            Self::Structure(tool) => tool.title(),
            Self::TakeEntry => "Take entry",
            Self::Crosshair => "Crosshair",
            Self::Pan => "Pan",
            Self::Probe => "Probe",
            Self::Calibrate(_) => "Calibrate",
        }
    }
}

/// Pointer button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Button {
    /// Left.
    Primary,
    /// Right.
    Secondary,
    /// Wheel.
    Middle,
}

/// What the pointer did.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Phase {
    /// A button went down.
    Press(Button),
    /// Moved with a button down.
    Drag,
    /// The button went up.
    Release,
    /// Moved without a button; `true` with Shift.
    Hover {
        /// Shift is down.
        shift: bool,
    },
    /// Escape, or the window lost the focus.
    Abort,
}

/// One pointer event over a viewport.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PointerEvent {
    /// Which viewport.
    pub viewport: ViewportId,
    /// What lies under it.
    pub frame: ViewFrame,
    /// What happened.
    pub phase: Phase,
    /// Where, points from the viewport's top-left corner.
    pub at: DVec2,
}

impl PointerEvent {
    /// The patient point under the pointer.
    pub fn lps(&self) -> Point<Lps> {
        self.frame.lps_at(self.at)
    }
}

/// The gesture under way.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Gesture {
    /// None.
    #[default]
    Idle,
    /// One end of a needle follows the pointer.
    MoveEnd {
        /// Which needle.
        id: TrajectoryId,
        /// Which end.
        end: TrajectoryEnd,
        /// Patient point under the pointer at the last event.
        last: Point<Lps>,
    },
    /// A whole needle follows the pointer.
    MoveNeedle {
        /// Which needle.
        id: TrajectoryId,
        /// Patient point under the pointer at the last event.
        last: Point<Lps>,
    },
    /// A handle of a measurement follows the pointer.
    MovePoint {
        /// Which measurement.
        id: MeasurementId,
        /// Which of its handles (see [`measure::handles`]).
        point: usize,
        /// Patient point under the pointer at the last event.
        last: Point<Lps>,
    },
    /// A whole measurement follows the pointer.
    MoveMeasurement {
        /// Which measurement.
        id: MeasurementId,
        /// Patient point under the pointer at the last event.
        last: Point<Lps>,
    },
    /// A measurement is drawn with the button down: it may be a drag to its next point.
    Draw {
        /// Pointer at the press.
        from: DVec2,
    },
    /// A structure is drawn, brushed or reshaped.
    Structure(StructureGesture),
    /// The crosshair follows the pointer, freely or across one line only.
    MoveCrosshair {
        /// The viewport whose line is dragged; `None` moves the middle.
        line_of: Option<ViewportId>,
        /// Patient point under the pointer at the last event.
        last: Point<Lps>,
    },
    /// The plane of another viewport turns with its line.
    TurnLine {
        /// The viewport whose plane turns.
        line_of: ViewportId,
        /// Pointer at the last event.
        last: DVec2,
    },
    /// Window and level.
    Window {
        /// Window at the press.
        from: WindowLevel,
        /// Pointer at the press.
        start: DVec2,
    },
    /// The picture follows the pointer.
    Pan {
        /// Pointer at the last event.
        last: DVec2,
    },
    /// The picture grows upwards and shrinks downwards.
    Zoom {
        /// Pointer at the last event.
        last: DVec2,
        /// Pointer at the press.
        about: DVec2,
    },
}

/// A measurement whose points are being clicked.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What it will be.
    pub kind: MeasurementKind,
    /// Points so far.
    pub points: Vec<Point<Lps>>,
    /// Viewport it is drawn in.
    pub viewport: ViewportId,
    /// Where the next point would be.
    pub pointer: Point<Lps>,
}

impl AppState {
    /// Acts on a pointer event.
    pub(super) fn pointer(&mut self, event: &PointerEvent) {
        match event.phase {
            Phase::Press(button) => self.press(event, button),
            Phase::Drag => self.drag(event),
            Phase::Release => self.release(event),
            Phase::Hover { shift } => self.hover(event, shift),
            Phase::Abort => self.abort_gesture(),
        }
    }

    fn hover(&mut self, event: &PointerEvent, shift: bool) {
        if let Some(draft) = &mut self.draft {
            draft.pointer = event.lps();
        }
        self.drawing.pointer = Some(event.lps());
        if shift && !event_follows_needle(self, event.viewport) {
            self.apply(Command::View(ViewCommand::Crosshair(event.lps())));
        }
    }

    /// Drops the gesture under way and a half-drawn measurement.
    pub fn abort_gesture(&mut self) {
        if self.abort_picture_gesture() {
            return;
        }
        if matches!(self.gesture, Gesture::Draw { .. }) {
            self.gesture = Gesture::Idle;
            self.draft = None;
        } else if self.gesture != Gesture::Idle {
            self.gesture = Gesture::Idle;
            self.apply(Command::Plan(PlanCommand::Cancel));
        } else if !self.labelling.clicks.is_empty() {
            self.labelling.clicks.clear();
        } else if !self.drawing.points.is_empty() {
            self.drawing.points.clear();
        } else if self.draft.take().is_none() {
            self.tool = ToolKind::Window;
        }
    }
}

/// Whether a viewport is locked to the needle: the crosshair is not led from there.
fn event_follows_needle(state: &AppState, viewport: ViewportId) -> bool {
    state
        .viewport(viewport)
        .is_some_and(|viewport| viewport.kind.follows_needle())
}
