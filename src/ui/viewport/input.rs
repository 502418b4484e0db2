//! Pointer input over a viewport → events and commands.

use egui::{CursorIcon, PointerButton, Response, Ui};
use glam::DVec2;

use super::{Pointed, scroll};
use crate::app::AppState;
use crate::app::command::{Command, CommandQueue, StructureCommand, ViewCommand};
use crate::app::tool::hit::Hit;
use crate::app::tool::{Button, Gesture, Phase, PointerEvent, ToolKind};
use crate::app::view_frame::ViewFrame;
use crate::app::viewport::ViewportId;

/// Screen points of wheel travel that make one slice.
const POINTS_PER_SLICE: f32 = 40.0;

const BUTTONS: [(PointerButton, Button); 3] = [
    (PointerButton::Primary, Button::Primary),
    (PointerButton::Secondary, Button::Secondary),
    (PointerButton::Middle, Button::Middle),
];

/// Turns what the pointer did into commands; returns where it is, if over the viewport.
pub fn handle(
    ui: &Ui,
    response: &Response,
    id: ViewportId,
    state: &AppState,
    (frame, queue): (&ViewFrame, &mut CommandQueue),
) -> Option<Pointed> {
    let points_of = |at: egui::Pos2| {
        let from = at - response.rect.min;
        DVec2::new(f64::from(from.x), f64::from(from.y))
    };
    let event = |phase, at| {
        Command::Pointer(PointerEvent {
            viewport: id,
            frame: *frame,
            phase,
            at: points_of(at),
        })
    };
    let mut mine = false;
    if let Some(at) = response.interact_pointer_pos() {
        for (theirs, ours) in BUTTONS {
            // A press is known by the button, not by the drag that may follow: a click that does
            // not move places a needle end.
            let pressed = ui.input(|input| input.pointer.button_pressed(theirs));
            if pressed && response.contains_pointer() {
                queue.push(event(Phase::Press(ours), press_origin(ui).unwrap_or(at)));
                mine = true;
            }
        }
        let moved = ui.input(|input| input.pointer.delta() != egui::Vec2::ZERO);
        if response.dragged() && moved {
            queue.push(event(Phase::Drag, at));
            mine = true;
        }
        let released = BUTTONS
            .iter()
            .any(|(theirs, _)| ui.input(|input| input.pointer.button_released(*theirs)));
        if released {
            queue.push(event(Phase::Release, at));
            mine = true;
        }
    }
    if response.double_clicked() && state.tool == ToolKind::Window {
        queue.push(ViewCommand::Maximise(id));
    }
    let hover = response.hover_pos()?;
    let shift = ui.input(|input| input.modifiers.shift);
    let moved = ui.input(|input| input.pointer.delta() != egui::Vec2::ZERO);
    if !mine && moved && (shift || state.draft.is_some() || !state.drawing.points.is_empty()) {
        queue.push(event(Phase::Hover { shift }, hover));
    }
    wheel(ui, id, state, (frame, points_of(hover)), queue);
    cursor(ui, id, state, (frame, points_of(hover)));
    let points = points_of(hover);
    Some(Pointed {
        viewport: id,
        at: Some(frame.lps_at(points)),
        points,
    })
}

fn press_origin(ui: &Ui) -> Option<egui::Pos2> {
    ui.input(|input| input.pointer.press_origin())
}

/// Wheel scrolls slices, with Ctrl it scales about the pointer, or the brush that is in hand.
fn wheel(
    ui: &Ui,
    id: ViewportId,
    state: &AppState,
    (frame, at): (&ViewFrame, DVec2),
    queue: &mut CommandQueue,
) {
    let zoom = ui.input(egui::InputState::zoom_delta);
    if (zoom - 1.0).abs() > 1e-4 && state.is_brushing() {
        queue.push(StructureCommand::ScaleBrush(f64::from(zoom)));
        return;
    }
    if (zoom - 1.0).abs() > 1e-4 {
        let middle = DVec2::from_array(frame.size_points) / 2.0;
        queue.push(ViewCommand::Zoom {
            viewport: id,
            factor: f64::from(zoom),
            about_mm: (at - middle) * frame.mm_per_point,
        });
        return;
    }
    // Raw wheel events, not the smoothed scroll: one notch is one slice, whatever the machine.
    let steps: f32 = ui.input(|input| {
        input
            .events
            .iter()
            .map(|event| match event {
                egui::Event::MouseWheel {
                    unit,
                    delta,
                    modifiers,
                    ..
                } if !modifiers.ctrl && !modifiers.command => match unit {
                    egui::MouseWheelUnit::Line => delta.y,
                    egui::MouseWheelUnit::Point => delta.y / POINTS_PER_SLICE,
                    egui::MouseWheelUnit::Page => delta.y * 10.0,
                },
                _ => 0.0,
            })
            .sum()
    });
    let key = wheel_rest_id(id);
    let pending = ui.data(|data| data.get_temp::<f32>(key)).unwrap_or(0.0) + steps;
    let whole = pending.trunc();
    ui.data_mut(|data| data.insert_temp(key, pending - whole));
    if whole != 0.0 {
        // Wheel up goes to the viewer.
        scroll(queue, id, f64::from(-whole));
    }
}

fn wheel_rest_id(id: ViewportId) -> egui::Id {
    egui::Id::unique(("wheel rest", id.0))
}

/// The cursor says what a press would do.
fn cursor(ui: &Ui, id: ViewportId, state: &AppState, (frame, at): (&ViewFrame, DVec2)) {
    let placing = matches!(
        state.tool,
        ToolKind::Place(_)
            | ToolKind::Measure(_)
            | ToolKind::Structure(_)
            | ToolKind::Probe
            | ToolKind::TakeEntry
    );
    let icon = match state.gesture {
        Gesture::MoveEnd { .. }
        | Gesture::MoveNeedle { .. }
        | Gesture::MovePoint { .. }
        | Gesture::MoveMeasurement { .. } => CursorIcon::Grabbing,
        Gesture::Pan { .. } => CursorIcon::AllScroll,
        Gesture::Zoom { .. } => CursorIcon::ZoomIn,
        Gesture::MoveCrosshair { .. } => CursorIcon::Move,
        Gesture::TurnLine { .. } => CursorIcon::Alias,
        Gesture::Window { .. } | Gesture::Draw { .. } | Gesture::Structure(_) => {
            CursorIcon::Crosshair
        }
        Gesture::Idle if placing => CursorIcon::Crosshair,
        Gesture::Idle => match state.hit(id, frame, at) {
            Some(
                Hit::End(..)
                | Hit::Shaft(_)
                | Hit::Point(..)
                | Hit::Measurement(_)
                | Hit::Structure(..),
            ) => CursorIcon::Grab,
            Some(Hit::CrosshairMiddle | Hit::Line(_)) => CursorIcon::Move,
            Some(Hit::LineHandle(_)) => CursorIcon::Alias,
            None => match state.tool {
                ToolKind::Pan => CursorIcon::AllScroll,
                ToolKind::Crosshair => CursorIcon::Move,
                _ => CursorIcon::Default,
            },
        },
    };
    ui.set_cursor_icon(icon);
}
