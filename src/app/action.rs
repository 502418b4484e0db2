//! Every command a person can give by menu or key, once: label, tooltip, shortcut, when it works.
//!
//! Menus, tool bar, keys and the F1 page are all made from this table.

use crate::plan::MeasurementKind;
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
    /// Asks for segmentations, structure sets or label maps.
    OpenStructures,
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
    /// Asks what leaves with the plan.
    Export,
    /// Saves a picture of the window.
    Screenshot,
    /// Saves the simulated radiograph as DICOM.
    SaveRadiograph,
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
    /// Tool of another measurement or mark.
    MeasureTool(MeasurementKind),
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
    /// Outlines, surfaces and names of structures on or off.
    ShowStructures,
    /// Crosshair lines on or off.
    ShowCrosshair,
    /// Overlay planes of the images on or off.
    ShowOverlays,
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

impl Action {
    /// All, in the order of the F1 page.
    pub fn all() -> Vec<Self> {
        let mut all = vec![
            Self::OpenFolder,
            Self::OpenFiles,
            Self::OpenStructures,
            Self::OpenSample,
            Self::NewPlan,
            Self::OpenPlan,
            Self::SavePlan,
            Self::SavePlanAs,
            Self::Export,
            Self::Screenshot,
            Self::SaveRadiograph,
            Self::Quit,
            Self::Undo,
            Self::Redo,
            Self::NewNeedle,
            Self::Target,
            Self::Entry,
            Self::SnapEntry,
            Self::DuplicateNeedle,
            Self::MirrorNeedle,
            Self::LockNeedle,
            Self::HideNeedle,
            Self::Delete,
            Self::GoToTarget,
            Self::WindowTool,
            Self::PanTool,
            Self::CrosshairTool,
            Self::LengthTool,
            Self::AngleTool,
            Self::MeasureTool(MeasurementKind::Cobb),
            Self::MeasureTool(MeasurementKind::Ellipse),
            Self::MeasureTool(MeasurementKind::Rectangle),
            Self::MeasureTool(MeasurementKind::Point),
            Self::MeasureTool(MeasurementKind::Arrow),
            Self::ProbeTool,
            Self::Cancel,
            Self::Play,
            Self::ResetView,
            Self::ResetAll,
            Self::FlipHorizontally,
            Self::FlipVertically,
            Self::RotateQuarter,
            Self::LayoutOne,
            Self::LayoutOnePlusThree,
            Self::LayoutTwoByTwo,
            Self::ShowStructures,
            Self::ShowCrosshair,
            Self::ShowOverlays,
            Self::Invert,
            Self::Interpolation,
        ];
        all.extend((0..WINDOW_PRESETS.len()).map(Self::Preset));
        all.extend([Self::OwnWindow, Self::HidePatient, Self::Help]);
        all
    }

    /// Text of menus and buttons.
    pub fn label(self) -> &'static str {
        match self {
            Self::OpenFolder => "Open folder…",
            Self::OpenFiles => "Open files…",
            Self::OpenStructures => "Open structures…",
            Self::OpenSample => "Open sample study",
            Self::NewPlan => "New plan",
            Self::OpenPlan => "Open plan…",
            Self::SavePlan => "Save plan",
            Self::SavePlanAs => "Save plan as…",
            Self::Export => "Export…",
            Self::Screenshot => "Save picture of the window…",
            Self::SaveRadiograph => "Save simulated radiograph…",
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
            Self::MeasureTool(kind) => kind.word(),
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
            Self::ShowStructures => "Structures and names",
            Self::ShowCrosshair => "Crosshair lines",
            Self::ShowOverlays => "Image overlays",
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
            Self::Export => ctrl('e'),
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
            Self::MeasureTool(kind) => match kind {
                MeasurementKind::Cobb => char('u'),
                MeasurementKind::Ellipse => char('q'),
                MeasurementKind::Point => char('d'),
                _ => None,
            },
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
            Self::ShowStructures => char('j'),
            Self::ShowCrosshair => char('x'),
            Self::ShowOverlays => char('y'),
            Self::Invert => char('i'),
            Self::Interpolation => char('b'),
            Self::Preset(index) => char(char::from(b'1' + index as u8)),
            Self::OwnWindow => char('0'),
            Self::Help => plain(Key::F(1)),
            Self::OpenSample
            | Self::OpenStructures
            | Self::NewPlan
            | Self::Screenshot
            | Self::SaveRadiograph
            | Self::PanTool
            | Self::ResetAll
            | Self::HidePatient => None,
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
