//! Every command a person can give by menu or key, once: label, tooltip, shortcut, when it works.
//!
//! Menus, tool bar, keys and the F1 page are all made from this table.

use super::AppState;
use super::command::{
    Command, FileCommand, LookCommand, PlanCommand, Selection, StudyCommand, ViewCommand,
};
use super::tool::ToolKind;
use super::viewport::Layout;
use crate::plan::{MeasurementKind, PlanEdit, TrajectoryEnd};
use crate::study::lut::WINDOW_PRESETS;

/// A key of a shortcut, without naming the toolkit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A letter or digit.
    Char(char),
    /// Function key.
    F(u8),
    /// Delete.
    Delete,
    /// Escape.
    Escape,
    /// Space bar.
    Space,
}

/// Shortcut: key, with Ctrl (Command on a Mac), with Shift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shortcut {
    /// Ctrl or Command.
    pub ctrl: bool,
    /// Shift.
    pub shift: bool,
    /// The key.
    pub key: Key,
}

impl Shortcut {
    /// As shown: `Ctrl+Shift+Z`.
    pub fn text(self) -> String {
        let key = match self.key {
            Key::Char(c) => c.to_ascii_uppercase().to_string(),
            Key::F(n) => format!("F{n}"),
            Key::Delete => "Delete".to_owned(),
            Key::Escape => "Esc".to_owned(),
            Key::Space => "Space".to_owned(),
        };
        let ctrl = if self.ctrl { "Ctrl+" } else { "" };
        let shift = if self.shift { "Shift+" } else { "" };
        format!("{ctrl}{shift}{key}")
    }
}

/// A command of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Asks for a folder.
    OpenFolder,
    /// Asks for files.
    OpenFiles,
    /// Opens the sample study.
    OpenSample,
    /// Starts an empty plan.
    NewPlan,
    /// Asks for a plan file.
    OpenPlan,
    /// Saves the plan.
    SavePlan,
    /// Saves the plan elsewhere.
    SavePlanAs,
    /// Saves a picture of the window.
    Screenshot,
    /// Leaves.
    Quit,
    /// Takes a step back.
    Undo,
    /// Does it again.
    Redo,
    /// New needle.
    NewNeedle,
    /// Target at the pointer, or the target tool.
    Target,
    /// Entry at the pointer, or the entry tool.
    Entry,
    /// Entry to the skin.
    SnapEntry,
    /// Copies the needle.
    DuplicateNeedle,
    /// Copies it to the other side.
    MirrorNeedle,
    /// Locks or unlocks it.
    LockNeedle,
    /// Hides or shows it.
    HideNeedle,
    /// Deletes what is selected.
    Delete,
    /// Brings the selected needle's target into the views.
    GoToTarget,
    /// Window tool.
    WindowTool,
    /// Pan tool.
    PanTool,
    /// Crosshair tool.
    CrosshairTool,
    /// Distance tool.
    LengthTool,
    /// Angle tool.
    AngleTool,
    /// Probe tool.
    ProbeTool,
    /// Drops the gesture, draft or tool.
    Cancel,
    /// Plays or stops a run.
    Play,
    /// Default view of the active viewport.
    ResetView,
    /// Default view of all.
    ResetAll,
    /// Mirrors the active picture.
    FlipHorizontally,
    /// Turns it upside down.
    FlipVertically,
    /// Turns it a quarter.
    RotateQuarter,
    /// One viewport.
    LayoutOne,
    /// One and three.
    LayoutOnePlusThree,
    /// Two by two.
    LayoutTwoByTwo,
    /// Crosshair lines on or off.
    ShowCrosshair,
    /// White and black exchanged.
    Invert,
    /// Nearest or linear.
    Interpolation,
    /// A window preset, 0–5.
    Preset(usize),
    /// The image's own window.
    OwnWindow,
    /// Patient names on or off.
    HidePatient,
    /// The list of keys.
    Help,
}

/// What an action needs from the window itself.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Commands for the state.
    Commands(Vec<Command>),
    /// Something only the window can do: a dialog, a page, leaving.
    Window(Action),
}

impl Action {
    /// All, in the order of the F1 page.
    pub fn all() -> Vec<Self> {
        use Action::*;
        let mut all = vec![
            OpenFolder,
            OpenFiles,
            OpenSample,
            NewPlan,
            OpenPlan,
            SavePlan,
            SavePlanAs,
            Screenshot,
            Quit,
            Undo,
            Redo,
            NewNeedle,
            Target,
            Entry,
            SnapEntry,
            DuplicateNeedle,
            MirrorNeedle,
            LockNeedle,
            HideNeedle,
            Delete,
            GoToTarget,
            WindowTool,
            PanTool,
            CrosshairTool,
            LengthTool,
            AngleTool,
            ProbeTool,
            Cancel,
            Play,
            ResetView,
            ResetAll,
            FlipHorizontally,
            FlipVertically,
            RotateQuarter,
            LayoutOne,
            LayoutOnePlusThree,
            LayoutTwoByTwo,
            ShowCrosshair,
            Invert,
            Interpolation,
        ];
        all.extend((0..WINDOW_PRESETS.len()).map(Preset));
        all.extend([OwnWindow, HidePatient, Help]);
        all
    }

    /// Text of menus and buttons.
    pub fn label(self) -> &'static str {
        match self {
            Self::OpenFolder => "Open folder…",
            Self::OpenFiles => "Open files…",
            Self::OpenSample => "Open sample study",
            Self::NewPlan => "New plan",
            Self::OpenPlan => "Open plan…",
            Self::SavePlan => "Save plan",
            Self::SavePlanAs => "Save plan as…",
            Self::Screenshot => "Save picture of the window…",
            Self::Quit => "Quit",
            Self::Undo => "Undo",
            Self::Redo => "Redo",
            Self::NewNeedle => "New needle",
            Self::Target => "Target",
            Self::Entry => "Entry",
            Self::SnapEntry => "Snap entry to skin",
            Self::DuplicateNeedle => "Duplicate needle",
            Self::MirrorNeedle => "Mirror to other side",
            Self::LockNeedle => "Lock / unlock needle",
            Self::HideNeedle => "Hide / show needle",
            Self::Delete => "Delete selected",
            Self::GoToTarget => "Go to target",
            Self::WindowTool => "Window",
            Self::PanTool => "Pan",
            Self::CrosshairTool => "Crosshair",
            Self::LengthTool => "Length",
            Self::AngleTool => "Angle",
            Self::ProbeTool => "Probe",
            Self::Cancel => "Cancel gesture or tool",
            Self::Play => "Play / stop run",
            Self::ResetView => "Reset view",
            Self::ResetAll => "Reset all views",
            Self::FlipHorizontally => "Flip left–right",
            Self::FlipVertically => "Flip up–down",
            Self::RotateQuarter => "Rotate 90°",
            Self::LayoutOne => "One view",
            Self::LayoutOnePlusThree => "One and three views",
            Self::LayoutTwoByTwo => "Two by two views",
            Self::ShowCrosshair => "Crosshair lines",
            Self::Invert => "Invert greys",
            Self::Interpolation => "Smooth / pixels",
            Self::Preset(index) => WINDOW_PRESETS
                .get(index)
                .map_or("Preset", |preset| preset.name),
            Self::OwnWindow => "Image's own window",
            Self::HidePatient => "Hide patient names",
            Self::Help => "Keys and mouse",
        }
    }

    /// Its key.
    pub fn shortcut(self) -> Option<Shortcut> {
        let plain = |key| {
            Some(Shortcut {
                ctrl: false,
                shift: false,
                key,
            })
        };
        let ctrl = |c| {
            Some(Shortcut {
                ctrl: true,
                shift: false,
                key: Key::Char(c),
            })
        };
        let ctrl_shift = |c| {
            Some(Shortcut {
                ctrl: true,
                shift: true,
                key: Key::Char(c),
            })
        };
        let char = |c| plain(Key::Char(c));
        match self {
            Self::OpenFolder => ctrl('o'),
            Self::OpenFiles => ctrl_shift('o'),
            Self::OpenPlan => ctrl('l'),
            Self::SavePlan => ctrl('s'),
            Self::SavePlanAs => ctrl_shift('s'),
            Self::Quit => ctrl('q'),
            Self::Undo => ctrl('z'),
            Self::Redo => ctrl_shift('z'),
            Self::NewNeedle => char('n'),
            Self::Target => char('t'),
            Self::Entry => char('e'),
            Self::SnapEntry => char('s'),
            Self::DuplicateNeedle => ctrl('d'),
            Self::MirrorNeedle => char('m'),
            Self::LockNeedle => char('k'),
            Self::HideNeedle => char('h'),
            Self::Delete => plain(Key::Delete),
            Self::GoToTarget => char('g'),
            Self::WindowTool => char('w'),
            Self::CrosshairTool => char('c'),
            Self::LengthTool => char('l'),
            Self::AngleTool => char('a'),
            Self::ProbeTool => char('p'),
            Self::Cancel => plain(Key::Escape),
            Self::Play => plain(Key::Space),
            Self::ResetView => char('r'),
            Self::FlipHorizontally => char('f'),
            Self::FlipVertically => char('v'),
            Self::RotateQuarter => char('o'),
            Self::LayoutOne => plain(Key::F(2)),
            Self::LayoutOnePlusThree => plain(Key::F(3)),
            Self::LayoutTwoByTwo => plain(Key::F(4)),
            Self::ShowCrosshair => char('x'),
            Self::Invert => char('i'),
            Self::Interpolation => char('b'),
            Self::Preset(index) => char(char::from(b'1' + index as u8)),
            Self::OwnWindow => char('0'),
            Self::Help => plain(Key::F(1)),
            Self::OpenSample
            | Self::NewPlan
            | Self::Screenshot
            | Self::PanTool
            | Self::ResetAll
            | Self::HidePatient => None,
        }
    }

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
            Self::Undo => state.history.undo_label().is_some(),
            Self::Redo => state.history.redo_label().is_some(),
            Self::NewNeedle | Self::Target | Self::Entry => volume && state.plan_fits(),
            Self::LengthTool | Self::AngleTool | Self::ProbeTool | Self::CrosshairTool => volume,
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
            Self::FlipHorizontally
            | Self::FlipVertically
            | Self::RotateQuarter
            | Self::Interpolation => volume,
            _ => true,
        }
    }

    /// What it does now. `pointer`: the patient point under the pointer, if it is over a viewport.
    pub fn effect(
        self,
        state: &AppState,
        pointer: Option<crate::geometry::Point<crate::geometry::Lps>>,
    ) -> Effect {
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
            Self::NewPlan
            | Self::OpenFolder
            | Self::OpenFiles
            | Self::OpenPlan
            | Self::SavePlanAs
            | Self::Screenshot
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
            Self::ProbeTool => one(Command::Tool(ToolKind::Probe)),
            Self::Cancel => Effect::Window(self),
            Self::Play => {
                let playing = state.stage.as_ref().is_some_and(|stage| stage.playing);
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
            Self::ShowCrosshair => view(ViewCommand::ShowCrosshair(!state.show_crosshair)),
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
            return vec![
                PlanCommand::Edit("Delete measurement", PlanEdit::RemoveMeasurement(id)).into(),
            ];
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_actions_share_a_key_or_a_label() {
        let all = Action::all();
        for (index, action) in all.iter().enumerate() {
            for other in &all[index + 1..] {
                assert_ne!(action.label(), other.label());
                let (mine, theirs) = (action.shortcut(), other.shortcut());
                assert!(mine.is_none() || mine != theirs, "{action:?} and {other:?}");
            }
        }
    }

    #[test]
    fn the_keys_of_the_conventions_are_bound() {
        for (action, text) in [
            (Action::Target, "T"),
            (Action::Entry, "E"),
            (Action::WindowTool, "W"),
            (Action::LengthTool, "L"),
            (Action::AngleTool, "A"),
            (Action::ProbeTool, "P"),
            (Action::Play, "Space"),
            (Action::ResetView, "R"),
            (Action::Preset(0), "1"),
            (Action::Preset(5), "6"),
            (Action::OwnWindow, "0"),
            (Action::Undo, "Ctrl+Z"),
            (Action::Redo, "Ctrl+Shift+Z"),
            (Action::Help, "F1"),
        ] {
            assert_eq!(action.shortcut().unwrap().text(), text);
        }
    }
}
