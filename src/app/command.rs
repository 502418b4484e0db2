//! Everything that can change the state, as plain data.

use std::path::PathBuf;

use glam::DVec2;

use super::aim_stage::AimCommand;
use super::camera::{Projection, StandardView};
use super::drr_stage::DrrCommand;
use super::entry_stage::EntryCommand;
use super::picture_commands::PictureCommand;
use super::presentation::Presentation;
use super::registration_stage::RegistrationCommand;
use super::structure_stage::StructureLook;
use super::tool::{PointerEvent, ToolKind};
use super::viewport::{Layout, Slab, ViewKind, ViewportId};
use super::volume_look::VolumeCommand;
use crate::export::package::ExportChoice;
use crate::geometry::{Lps, Point};
use crate::plan::{MeasurementId, PlanEdit, StructureId, TrajectoryEnd, TrajectoryId};
use crate::study::{SeriesUid, Vertebra, VoiLut, WindowLevel};

/// One change of the state. Panels and viewports push these; only `AppState::apply` acts on them.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// Files, studies, what is shown.
    Study(StudyCommand),
    /// The plan and its history.
    Plan(PlanCommand),
    /// The plan's file.
    File(FileCommand),
    /// Where the viewports look.
    View(ViewCommand),
    /// How the series looks.
    Look(LookCommand),
    /// How 3D views show the volume.
    Volume(VolumeCommand),
    /// The pointer did something over a viewport.
    Pointer(PointerEvent),
    /// Chooses the tool of the left button.
    Tool(ToolKind),
    /// Structures of the images on stage.
    Structures(StructureCommand),
    /// Pictures without a place in the patient: runs, radiographs.
    Picture(PictureCommand),
    /// The map of entries of the selected needle.
    Entries(EntryCommand),
    /// The aim of the C-arm at the needle.
    Aim(AimCommand),
    /// Simulated fluoroscopy.
    Drr(DrrCommand),
    /// The plan over an X-ray picture.
    Registration(RegistrationCommand),
    /// What leaves with the plan.
    Export(ExportCommand),
    /// Which vertebra the next click of a spine tool means, and whether clicks go upwards.
    Labelling(Vertebra, bool),
    /// Vertebra labels, midline and end-plates on or off.
    ShowSpine(bool),
    /// What is selected.
    Select(Selection),
    /// Forgets a notice that was read.
    DismissNotice(super::notice::Notice),
    /// Changes what survives a restart.
    Settings(super::settings::Settings),
}

/// Studies and series.
#[derive(Debug, Clone, PartialEq)]
pub enum StudyCommand {
    /// Reads headers of files and folders and adds what is found.
    Import(Vec<PathBuf>),
    /// Makes the sample study if need be and opens it.
    OpenSample,
    /// Stops the import.
    CancelImport,
    /// Shows a stack of a series.
    Show {
        /// Which series.
        series: SeriesUid,
        /// Which of its stacks.
        stack: usize,
    },
    /// Shows another frame of a picture stack.
    Frame(usize),
    /// Plays or stops a picture stack.
    Play(bool),
}

/// The plan and its history.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanCommand {
    /// Starts a gesture of a name.
    Begin(&'static str),
    /// Changes the plan; on its own it is a step of that name.
    Edit(&'static str, PlanEdit),
    /// Ends the gesture.
    Commit,
    /// Drops the gesture.
    Cancel,
    /// Takes a step back.
    Undo,
    /// Does a step again.
    Redo,
    /// Adds an empty needle and selects it.
    NewNeedle,
    /// Copies a needle and selects the copy.
    Duplicate(TrajectoryId),
    /// Copies a needle to the other side of the body and selects the copy.
    Mirror(TrajectoryId),
    /// Moves the entry along the needle to the skin.
    SnapEntry(TrajectoryId),
    /// Places an end of the selected needle, or of a new one, at a patient point.
    Place(TrajectoryEnd, Point<Lps>),
    /// The same for a point picked in a 3D view: shows it in the slices, and takes up the tool for
    /// the other end.
    PlaceInSpace(TrajectoryEnd, Point<Lps>),
    /// Moves the selection by screen-like steps: mm right and down in a viewport.
    Nudge(ViewportId, DVec2),
}

/// The plan's file.
#[derive(Debug, Clone, PartialEq)]
pub enum FileCommand {
    /// Starts an empty plan.
    New,
    /// Opens a plan file.
    Open(PathBuf),
    /// Opens a plan file once a running import has brought its images.
    OpenAfterImport(PathBuf),
    /// Saves where it came from; asks for a place where there is none.
    Save,
    /// Saves elsewhere; asks where another file is there.
    SaveAs(PathBuf),
    /// Saves over another file.
    SaveOver(PathBuf),
    /// Leaves the other file as it is.
    KeepOther,
    /// Takes the plan of a program that ended without saving.
    Recover(usize),
    /// Leaves what can be recovered for the next start.
    RecoverLater,
    /// Deletes that plan for good.
    DiscardRecovery(usize),
}

/// Where the viewports look.
#[derive(Debug, Clone, PartialEq)]
pub enum ViewCommand {
    /// Arrangement.
    Layout(Layout),
    /// One viewport over the whole area, or back.
    Maximise(ViewportId),
    /// Gives a viewport another kind.
    Kind(ViewportId, ViewKind),
    /// Makes a viewport the one that keys act on.
    Activate(ViewportId),
    /// Moves the crosshair; all slice views follow.
    Crosshair(Point<Lps>),
    /// Scrolls by whole slices, + away from the viewer.
    Scroll(ViewportId, f64),
    /// Moves the picture by mm right and down.
    Pan(ViewportId, DVec2),
    /// Scales about a point of the viewport; a factor above 1 enlarges.
    Zoom {
        /// Which viewport.
        viewport: ViewportId,
        /// Enlargement.
        factor: f64,
        /// mm right and down of the picture's middle that stay where they are.
        about_mm: DVec2,
    },
    /// Turns a 3D view as the pointer moved by points right and down.
    Orbit(ViewportId, DVec2),
    /// Looks from a standard side in a 3D view.
    Stand(ViewportId, StandardView),
    /// Looks from the entry to the target of the needle in a 3D view.
    DownNeedle(ViewportId),
    /// How depth is shown in a 3D view.
    Project(ViewportId, Projection),
    /// Skin of the 3D view on or off.
    ShowSkin(bool),
    /// Bone of the 3D view on or off.
    ShowBone(bool),
    /// Changes the slab.
    Slab(ViewportId, Slab),
    /// Mirrors left to right.
    FlipHorizontally(ViewportId),
    /// Turns upside down.
    FlipVertically(ViewportId),
    /// Turns a quarter clockwise.
    RotateQuarter(ViewportId),
    /// Back to the default view of its kind.
    Reset(ViewportId),
    /// All viewports back to their defaults.
    ResetAll,
    /// Crosshair lines on or off.
    ShowCrosshair(bool),
    /// Overlay planes of the images on or off.
    ShowOverlays(bool),
    /// A viewport has this size now, points.
    Resized(ViewportId, [f64; 2]),
    /// Brings a patient point into all slice views.
    CenterOn(Point<Lps>),
}

/// Structures of the images on stage.
#[derive(Debug, Clone, PartialEq)]
pub enum StructureCommand {
    /// Reads segmentations, structure sets or label maps.
    Open(Vec<PathBuf>),
    /// The same for the volume that is on stage next: they were opened together with its images.
    OpenWithImages(Vec<PathBuf>),
    /// Shows or hides one, by its place in the list.
    Show(usize, bool),
    /// Shows or hides some, by their places, in one step.
    ShowSet(Vec<usize>, bool),
    /// Shows or hides all.
    ShowAll(bool),
    /// Outlines, surfaces and names of all, and how strong the surfaces are.
    Look(StructureLook),
    /// Radius of the next tube, of the brush, and reach of the next region, mm.
    DrawWith {
        /// Radius of tubes.
        tube_radius_mm: f64,
        /// Radius of the brush.
        brush_radius_mm: f64,
        /// Reach of regions.
        reach_mm: f64,
    },
    /// Changes the brush by a factor.
    ScaleBrush(f64),
    /// Ends the tube that is being clicked.
    FinishTube,
    /// Brings the middle of one into the views.
    GoTo(usize),
}

/// What leaves with the plan.
#[derive(Debug, Clone, PartialEq)]
pub enum ExportCommand {
    /// Writes files.
    Write(Box<ExportChoice>),
    /// Stops after the one being written.
    Cancel,
}

/// How the series looks.
#[derive(Debug, Clone, PartialEq)]
pub enum LookCommand {
    /// A window.
    Window(WindowLevel),
    /// The image's own window.
    OwnWindow,
    /// A window or table of the image's header.
    Voi(VoiLut),
    /// The whole look.
    Set(Presentation),
    /// White and black exchanged.
    ToggleInvert,
    /// Nearest or linear.
    ToggleInterpolation,
}

/// What is selected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Selection {
    /// Nothing.
    #[default]
    Nothing,
    /// A needle, and the part of it that keys move; `None` is the whole.
    Needle(TrajectoryId, Option<TrajectoryEnd>),
    /// A distance or angle.
    Measurement(MeasurementId),
    /// A structure drawn by hand.
    Structure(StructureId),
}

impl Selection {
    /// The selected needle.
    pub fn needle(self) -> Option<TrajectoryId> {
        match self {
            Self::Needle(id, _) => Some(id),
            _ => None,
        }
    }
}

macro_rules! from {
    ($($part:ident($command:ident)),*) => {$(
        impl From<$command> for Command {
            fn from(command: $command) -> Self {
                Self::$part(command)
            }
        }
    )*};
}
from!(
    Study(StudyCommand),
    Plan(PlanCommand),
    File(FileCommand),
    View(ViewCommand),
    Look(LookCommand),
    Volume(VolumeCommand),
    Structures(StructureCommand),
    Picture(PictureCommand),
    Entries(EntryCommand),
    Aim(AimCommand),
    Drr(DrrCommand),
    Registration(RegistrationCommand)
);

/// Commands of one frame, in order.
#[derive(Debug, Default)]
pub struct CommandQueue(Vec<Command>);

impl CommandQueue {
    /// Adds one at the end.
    pub fn push(&mut self, command: impl Into<Command>) {
        self.0.push(command.into());
    }

    /// Takes all.
    pub fn take(&mut self) -> Vec<Command> {
        std::mem::take(&mut self.0)
    }

    /// Nothing to do.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
