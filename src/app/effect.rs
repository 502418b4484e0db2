//! What each action of the table does, and when it can.

use super::AppState;
use super::action::Action;
use super::command::{
    Command, FileCommand, LookCommand, PlanCommand, Selection, StructureCommand, StudyCommand,
    ViewCommand,
};
use super::stage::Stage;
use super::structure_stage::StructureLook;
use super::tool::ToolKind;
use super::viewport::Layout;
use crate::geometry::{Lps, Point};
use crate::plan::{MeasurementKind, PictureEdit, PlanEdit, StructureEdit, TrajectoryEnd};
use crate::study::lut::WINDOW_PRESETS;

/// What an action needs from the window itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Commands for the state.
    Commands(Vec<Command>),
    /// Something only the window can do: a dialog, a page, leaving.
    Window(Action),
}

impl Action {
    /// Whether it can do anything now.
    pub fn is_enabled(self, state: &AppState) -> bool {
        let needle = state
            .selection
            .needle()
            .and_then(|id| state.plan().trajectory(id));
        let volume = state
            .stage
            .as_ref()
            .is_some_and(|stage| stage.volume().is_some());
        match self {
            Self::Undo => state.undo_label().is_some(),
            Self::Redo => state.redo_label().is_some(),
            Self::LengthTool | Self::AngleTool | Self::MeasureTool(MeasurementKind::Cobb) => {
                state.marks_pictures() || (volume && state.plan_fits())
            }
            Self::NewNeedle | Self::Target | Self::Entry | Self::MeasureTool(_) => {
                volume && state.plan_fits()
            }
            Self::Export => {
                let mut all = state.plan().trajectories.iter();
                state.plan_fits() && all.any(|needle| needle.segment().is_some())
            }
            Self::SaveRadiograph => state.drr_save_waits_for().is_none(),
            Self::SnapEntry => {
                needle.is_some_and(|needle| needle.segment().is_some() && !needle.locked)
            }
            Self::DuplicateNeedle | Self::MirrorNeedle | Self::LockNeedle | Self::HideNeedle => {
                needle.is_some()
            }
            Self::GoToTarget => needle.is_some_and(|needle| needle.target.is_some()),
            Self::Delete => state.selection != Selection::Nothing,
            Self::Play => state
                .stage
                .as_ref()
                .is_some_and(|s| s.volume().is_none() && s.frame_count() > 1),
            Self::ResetView | Self::ResetAll | Self::Invert | Self::Preset(_) | Self::OwnWindow => {
                state.stage.is_some()
            }
            Self::ShowOverlays => state.stage.as_ref().is_some_and(Stage::has_overlays),
            Self::ProbeTool
            | Self::OpenStructures
            | Self::CrosshairTool
            | Self::FlipHorizontally
            | Self::FlipVertically
            | Self::RotateQuarter
            | Self::Interpolation => volume,
            _ => true,
        }
    }

    /// What it does now. `pointer`: the patient point under the pointer, if it is over a viewport.
    pub fn effect(self, state: &AppState, pointer: Option<Point<Lps>>) -> Effect {
        let one = |command: Command| Effect::Commands(vec![command]);
        let view = |command: ViewCommand| one(Command::View(command));
        let look = |command: LookCommand| one(Command::Look(command));
        let plan = |command: PlanCommand| one(Command::Plan(command));
        let place = |end| match pointer {
            Some(at) => plan(PlanCommand::Place(end, at)),
            None => one(Command::Tool(ToolKind::Place(end))),
        };
        match self {
            Self::OpenSample => one(StudyCommand::OpenSample.into()),
            Self::Cancel
            | Self::NewPlan
            | Self::OpenFolder
            | Self::OpenFiles
            | Self::OpenStructures
            | Self::OpenPlan
            | Self::SavePlanAs
            | Self::Export
            | Self::Screenshot
            | Self::SaveRadiograph
            | Self::Quit
            | Self::Help => Effect::Window(self),
            Self::SavePlan => one(FileCommand::Save.into()),
            Self::Undo => plan(PlanCommand::Undo),
            Self::Redo => plan(PlanCommand::Redo),
            Self::NewNeedle => plan(PlanCommand::NewNeedle),
            Self::Target => place(TrajectoryEnd::Target),
            Self::Entry => place(TrajectoryEnd::Entry),
            Self::SnapEntry
            | Self::DuplicateNeedle
            | Self::MirrorNeedle
            | Self::LockNeedle
            | Self::HideNeedle
            | Self::Delete
            | Self::GoToTarget => Effect::Commands(self.on_selection(state)),
            Self::WindowTool => one(Command::Tool(ToolKind::Window)),
            Self::PanTool => one(Command::Tool(ToolKind::Pan)),
            Self::CrosshairTool => one(Command::Tool(ToolKind::Crosshair)),
            Self::LengthTool => one(Command::Tool(ToolKind::Measure(MeasurementKind::Distance))),
            Self::AngleTool => one(Command::Tool(ToolKind::Measure(MeasurementKind::Angle))),
            Self::MeasureTool(kind) => one(Command::Tool(ToolKind::Measure(kind))),
            Self::ProbeTool => one(Command::Tool(ToolKind::Probe)),
            Self::Play => {
                let playing = state.stage.as_ref().is_some_and(Stage::is_playing);
                one(StudyCommand::Play(!playing).into())
            }
            Self::ResetView => view(ViewCommand::Reset(state.active)),
            Self::ResetAll => view(ViewCommand::ResetAll),
            Self::FlipHorizontally => view(ViewCommand::FlipHorizontally(state.active)),
            Self::FlipVertically => view(ViewCommand::FlipVertically(state.active)),
            Self::RotateQuarter => view(ViewCommand::RotateQuarter(state.active)),
            Self::LayoutOne => view(ViewCommand::Layout(Layout::One)),
            Self::LayoutOnePlusThree => view(ViewCommand::Layout(Layout::OnePlusThree)),
            Self::LayoutTwoByTwo => view(ViewCommand::Layout(Layout::TwoByTwo)),
            Self::ShowStructures => one(StructureCommand::Look(StructureLook {
                shown: !state.structure_look.shown,
                ..state.structure_look
            })
            .into()),
            Self::ShowCrosshair => view(ViewCommand::ShowCrosshair(!state.show_crosshair)),
            Self::ShowOverlays => view(ViewCommand::ShowOverlays(!state.show_overlays)),
            Self::Invert => look(LookCommand::ToggleInvert),
            Self::Interpolation => look(LookCommand::ToggleInterpolation),
            Self::Preset(index) => match WINDOW_PRESETS.get(index) {
                Some(preset) => look(LookCommand::Window(preset.window)),
                None => Effect::Commands(Vec::new()),
            },
            Self::OwnWindow => look(LookCommand::OwnWindow),
            Self::HidePatient => {
                let mut settings = state.settings.clone();
                settings.hide_patient = !settings.hide_patient;
                one(Command::Settings(settings))
            }
        }
    }

    fn on_selection(self, state: &AppState) -> Vec<Command> {
        if let (Self::Delete, Selection::Measurement(id)) = (self, state.selection) {
            let edit = if state.plan().pictures.measurement(id).is_some() {
                PlanEdit::Picture(PictureEdit::Remove(id))
            } else {
                PlanEdit::RemoveMeasurement(id)
            };
            return vec![PlanCommand::Edit("Delete measurement", edit).into()];
        }
        if let (Self::Delete, Selection::Structure(id)) = (self, state.selection) {
            let edit = PlanEdit::Structure(StructureEdit::Remove(id));
            return vec![PlanCommand::Edit("Delete structure", edit).into()];
        }
        let selected = state
            .selection
            .needle()
            .and_then(|id| state.plan().trajectory(id));
        let Some(needle) = selected else {
            return Vec::new();
        };
        let id = needle.id;
        let edit = |label, edit| PlanCommand::Edit(label, edit).into();
        match self {
            Self::SnapEntry => vec![PlanCommand::SnapEntry(id).into()],
            Self::DuplicateNeedle => vec![PlanCommand::Duplicate(id).into()],
            Self::MirrorNeedle => vec![PlanCommand::Mirror(id).into()],
            Self::LockNeedle => {
                vec![edit(
                    "Lock needle",
                    PlanEdit::SetLocked {
                        id,
                        locked: !needle.locked,
                    },
                )]
            }
            Self::HideNeedle => {
                vec![edit(
                    "Hide needle",
                    PlanEdit::SetHidden {
                        id,
                        hidden: !needle.hidden,
                    },
                )]
            }
            Self::Delete => vec![edit("Delete needle", PlanEdit::RemoveTrajectory(id))],
            Self::GoToTarget => needle
                .target
                .map(|target| ViewCommand::CenterOn(target).into())
                .into_iter()
                .collect(),
            _ => Vec::new(),
        }
    }
}
