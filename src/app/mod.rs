//! State and behaviour without widgets: the document, what is shown, and what commands do to them.

pub mod acquired;
pub mod action;
pub mod aim_stage;
mod aim_views;
mod audit;
pub mod camera;
mod camera_commands;
pub mod carried;
pub mod command;
pub mod derivation;
mod drr_picture;
pub mod drr_preset;
mod drr_save;
pub mod drr_stage;
pub mod effect;
pub mod entry_stage;
pub mod export_stage;
pub mod frame_cache;
pub mod history;
pub mod import;
pub mod intent;
pub mod job;
pub mod journal;
mod kept_look;
mod libraries;
pub mod notice;
pub mod overlay_stage;
pub mod pick;
pub mod pick_surface;
pub mod picture_commands;
pub mod picture_stage;
pub mod picture_tool;
pub mod plan_commands;
mod plan_fit;
pub mod plan_import;
pub mod plan_lock;
pub mod plan_store;
pub mod playback;
pub mod presentation;
mod registration_ct;
mod registration_job;
mod registration_moves;
pub mod registration_outline;
mod registration_run;
pub mod registration_stage;
pub mod scene;
pub mod score_color;
pub mod settings;
pub mod stage;
pub mod structure_drawing;
mod structure_jobs;
pub mod structure_outlines;
pub mod structure_stage;
pub mod tool;
pub mod view_commands;
pub mod view_frame;
mod view_keeping;
pub mod viewport;
pub mod volume_look;
pub mod volume_stage;

use std::sync::Arc;

use self::aim_stage::AimStage;
use self::carried::FormerSlice;
use self::command::{Command, ExportCommand, LookCommand, Selection, StudyCommand};
use self::drr_stage::DrrStage;
use self::entry_stage::EntryStage;
use self::history::History;
use self::import::Imports;
use self::job::Waker;
use self::notice::{Notices, Severity};
use self::plan_store::PlanStore;
use self::presentation::Presentation;
use self::scene::Scene;
use self::settings::{Folders, Settings};
use self::stage::Stage;
use self::structure_outlines::StructureOutlines;
use self::structure_stage::{AwaitedMaps, StructureLook, StructureStage};
use self::tool::{Draft, Gesture, Labelling, StructureDrawing, ToolKind};
use self::viewport::{Layout, Posture, ViewKind, Viewport, ViewportId};
use self::volume_look::VolumeLook;
use crate::geometry::{Lps, PatientPosition, Point};
use crate::plan::{NeedleCatalogue, Plan, ProcedureLibrary};
use crate::study::Catalog;

/// Everything the program knows. Read by panels; changed by [`AppState::apply`] only.
pub struct AppState {
    /// What imports have found.
    pub catalog: Catalog,
    /// Files that were skipped, and why.
    pub rejected: Vec<crate::dicom::Rejected>,
    /// The series that is shown.
    pub stage: Option<Stage>,
    /// The plan and its history.
    pub history: History,
    /// The plan's file.
    pub store: PlanStore,
    /// Viewports; the layout shows the first ones.
    pub viewports: Vec<Viewport>,
    /// Arrangement.
    pub layout: Layout,
    /// Arrangement and kinds before a thin slab changed them.
    arranged: Option<(Layout, Vec<ViewKind>)>,
    /// The slice that was looked at before this stack was shown.
    former: Option<FormerSlice>,
    /// The viewport that fills the whole area, if one does.
    pub maximised: Option<ViewportId>,
    /// The viewport that keys act on.
    pub active: ViewportId,
    /// Point all slice views pass through, LPS mm.
    pub crosshair: Point<Lps>,
    /// Crosshair lines are drawn.
    pub show_crosshair: bool,
    /// Overlay planes of the images are drawn.
    pub show_overlays: bool,
    /// What is selected.
    pub selection: Selection,
    /// Tool of the left button.
    pub tool: ToolKind,
    /// Gesture under way.
    pub gesture: Gesture,
    /// Measurement being clicked.
    pub draft: Option<Draft>,
    /// Which vertebra the next click of a spine tool means.
    pub labelling: Labelling,
    /// Vertebra labels, midline and end-plates are drawn.
    pub show_spine: bool,
    /// Point whose value stays shown.
    pub probe: Option<Point<Lps>>,
    /// What the 3D view shows beside the needles.
    pub scene: Scene,
    /// How the 3D views show the volume.
    pub volume_look: VolumeLook,
    /// Structures of the volume on stage.
    pub structures: StructureStage,
    /// Label maps that were opened together with images, until those are on stage.
    label_maps: Option<AwaitedMaps>,
    /// How they are shown.
    pub structure_look: StructureLook,
    /// Their outlines in the planes shown.
    pub outlines: StructureOutlines,
    /// What the drawing tools draw with.
    pub drawing: StructureDrawing,
    /// The map of entries of the selected needle.
    pub entries: EntryStage,
    /// The C-arm, aimed at the needle.
    pub aim: AimStage,
    /// Simulated fluoroscopy.
    pub drr: DrrStage,
    /// The plan over an X-ray picture.
    pub registering: registration_stage::RegistrationStage,
    /// Messages.
    pub notices: Notices,
    /// Habits.
    pub settings: Settings,
    /// Needles to choose from.
    pub catalogue: &'static NeedleCatalogue,
    /// Procedures to choose from.
    pub library: &'static ProcedureLibrary,
    /// What was set for the stacks that were shown.
    kept_looks: kept_look::KeptLooks,
    /// Running imports and loads.
    pub imports: Imports,
    audits: audit::AuditCache,
    /// Running export.
    pub exports: export_stage::ExportStage,
    /// A report or markups being read as a plan.
    pub plan_import: plan_import::PlanImport,
    sizes: [[f64; 2]; 4],
    folders: Folders,
    waker: Waker,
}

impl AppState {
    /// An empty state; starts the journal under `folders` and looks for what was left behind.
    pub fn new(folders: Folders, waker: Waker) -> Self {
        let settings = Settings::load(&folders);
        settings.apply_memory();
        let mut notices = Notices::default();
        let (catalogue, library) = libraries::load(&folders, &mut notices);
        let carms = libraries::carms(&folders, &mut notices);
        let mut state = Self {
            catalog: Catalog::default(),
            rejected: Vec::new(),
            stage: None,
            history: History::default(),
            store: PlanStore::default(),
            viewports: default_viewports(Posture::Supine),
            layout: Layout::default(),
            arranged: None,
            former: None,
            maximised: None,
            active: ViewportId(0),
            crosshair: Point::new(0., 0., 0.),
            show_crosshair: true,
            show_overlays: true,
            labelling: Labelling::default(),
            show_spine: true,
            selection: Selection::default(),
            tool: ToolKind::default(),
            gesture: Gesture::default(),
            draft: None,
            probe: None,
            scene: Scene::default(),
            volume_look: VolumeLook::default(),
            structures: StructureStage::default(),
            label_maps: None,
            structure_look: StructureLook::default(),
            outlines: StructureOutlines::default(),
            drawing: StructureDrawing::default(),
            entries: EntryStage::default(),
            aim: AimStage::new(carms, &settings.carm),
            drr: DrrStage::default(),
            registering: registration_stage::RegistrationStage::default(),
            notices,
            settings,
            catalogue,
            library,
            kept_looks: kept_look::KeptLooks::default(),
            imports: Imports::default(),
            audits: audit::AuditCache::default(),
            exports: export_stage::ExportStage::default(),
            plan_import: plan_import::PlanImport::default(),
            sizes: [[512.0, 512.0]; 4],
            folders,
            waker,
        };
        state.set_up_carm();
        for (severity, text) in state.store.start(&state.folders.data) {
            state.notices.add(severity, text);
        }
        state
    }

    /// The plan as it is now.
    pub fn plan(&self) -> &Plan {
        self.history.plan()
    }

    /// Folders of the program's own files.
    pub fn folders(&self) -> &Folders {
        &self.folders
    }

    /// The one door: acts on a command.
    pub fn apply(&mut self, command: impl Into<Command>) {
        match command.into() {
            Command::Study(command) => self.study(command),
            Command::Plan(command) => self.plan_command(command),
            Command::File(command) => self.file(command),
            Command::View(command) => self.view(command),
            Command::Look(command) => self.look(command),
            Command::Volume(command) => self.volume_command(command),
            Command::Pointer(event) => self.pointer(&event),
            Command::Tool(tool) => {
                self.abort_picture_gesture();
                self.tool = tool;
                self.draft = None;
                self.labelling.clicks.clear();
                self.drawing.points.clear();
            }
            Command::Structures(command) => self.structure_command(command),
            Command::Picture(command) => self.picture_command(command),
            Command::Entries(command) => self.entry_command(command),
            Command::Aim(command) => self.aim_command(command),
            Command::Drr(command) => self.drr_command(command),
            Command::Registration(command) => self.registration_command(command),
            Command::Export(ExportCommand::Write(choice)) => self.export(*choice),
            Command::Export(ExportCommand::Cancel) => self.cancel_export(),
            Command::Labelling(next, upwards) => self.set_labelling(next, upwards),
            Command::ShowSpine(shown) => self.show_spine = shown,
            Command::Select(selection) => self.selection = selection,
            Command::DismissNotice(notice) => self.notices.dismiss(&notice),
            Command::Settings(settings) => {
                self.settings = settings;
                self.settings.apply_memory();
                if let Err(error) = self.settings.save(&self.folders) {
                    self.notices.add(Severity::Warning, error.to_string());
                }
            }
        }
    }

    /// Hears what running jobs say. Call once a frame before drawing.
    pub fn poll(&mut self) {
        self.poll_imports();
        self.poll_stage();
        self.poll_structures();
        self.poll_outlines();
        self.poll_scene();
        self.poll_volume_look();
        self.poll_entries();
        self.poll_aim();
        self.poll_drr();
        self.poll_registration();
        self.poll_saving();
        self.poll_export();
        self.poll_plan_import();
    }

    /// Whether any job runs; the window then looks again soon.
    pub fn is_busy(&self) -> bool {
        self.imports.is_busy()
            || self.store.is_saving()
            || self.exports.is_busy()
            || self.plan_import.is_busy()
            || self.structures.is_busy()
            || self.outlines.is_busy()
            || self.scene.is_busy()
            || self.volume_look.is_busy()
            || self.entries.is_busy()
            || self.aim.is_busy()
            || self.drr.is_busy()
            || self.registering.is_busy()
            || self.stage.as_ref().is_some_and(Stage::is_busy)
    }

    fn study(&mut self, command: StudyCommand) {
        match command {
            StudyCommand::Import(paths) => self.import(paths),
            StudyCommand::OpenSample => self.open_sample(),
            StudyCommand::CancelImport => self.imports.cancel(),
            StudyCommand::Show { series, stack } => self.show(&series, stack),
            StudyCommand::Frame(frame) => self.show_picture(frame),
            StudyCommand::Play(playing) => self.play(playing),
        }
    }

    fn look(&mut self, command: LookCommand) {
        let Some(look) = self.stage.as_mut().map(Stage::look_mut) else {
            return;
        };
        match command {
            LookCommand::Window(window) => look.set_window(window),
            LookCommand::OwnWindow => look.take(&look.own.clone()),
            LookCommand::Voi(voi) => look.take(&voi),
            LookCommand::Set(presentation) => *look = presentation,
            LookCommand::ToggleInvert => look.invert = !look.invert,
            LookCommand::ToggleInterpolation => {
                use crate::volume::Interpolation::{Linear, Nearest};
                look.interpolation = match look.interpolation {
                    Linear => Nearest,
                    Nearest => Linear,
                };
            }
        }
    }

    /// Look of what is shown of the series.
    pub fn presentation(&self) -> Option<&Presentation> {
        self.stage.as_ref().map(Stage::look)
    }

    /// How the patient lies: as the plan declares, else as the volume on stage says. A picture does
    /// not count: it may have been taken after the patient was turned.
    pub fn patient_position(&self) -> Option<PatientPosition> {
        let declared = self.plan().patient_position;
        declared.or_else(|| self.volume()?.patient_position)
    }
}

/// The four viewports of a fresh window.
fn default_viewports(posture: Posture) -> Vec<Viewport> {
    [
        ViewKind::Axial,
        ViewKind::Sagittal,
        ViewKind::Coronal,
        ViewKind::Volume3d,
    ]
    .map(|kind| Viewport::new(kind, posture))
    .to_vec()
}

/// Shares a waker.
fn shared(waker: &Waker) -> Waker {
    Arc::clone(waker)
}
