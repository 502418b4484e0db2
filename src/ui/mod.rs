//! The window: panels and viewports that read the state and send commands. Knows no DICOM.

pub mod angle_map_picture;
mod angle_map_scale;
mod banners;
mod carm_controls;
mod carm_panel;
mod carm_views;
mod check_list;
mod clearance_list;
pub mod dialogs;
mod entry_panel;
mod export_page;
pub mod format;
mod glyphs;
mod gpu;
mod launch;
mod leaving;
mod measured;
mod measurement_list;
mod menu_bar;
mod movement;
mod needle_chooser;
mod override_dialog;
mod pages;
mod picture_list;
mod picture_measured;
mod plan_panel;
mod procedure_panel;
mod procedure_steps;
mod profile_panel;
mod profile_plot;
mod readout_panel;
pub mod registration_panel;
mod rows;
mod shortcut;
mod side_panel;
mod spine_panel;
mod spine_readout;
mod start_screen;
mod status_bar;
mod structure_editor;
mod structure_keys;
mod structures_panel;
mod study_browser;
pub mod theme;
mod transport;
pub mod viewport;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use egui::{CentralPanel, Context, Frame, Margin, Panel, Ui};

use self::dialogs::{Dialogs, Wanted};
use self::export_page::{ExportPage, PageAnswer};
use self::launch::PictureTask;
pub use self::launch::{LaunchError, LaunchOptions, run};
use self::leaving::Then;
use self::menu_bar::Page;
use self::profile_panel::ProfilePanel;
use self::side_panel::{SideTab, side_panel_ui};
use self::study_browser::StudyBrowser;
use self::viewport::Pointed;
use self::viewport::pictures::Pictures;
use self::viewport::stack_view::StackView;
use crate::app::AppState;
use crate::app::action::Action;
use crate::app::command::{CommandQueue, FileCommand, StructureCommand, StudyCommand, ViewCommand};
use crate::app::drr_stage::DrrCommand;
use crate::app::effect::Effect;
use crate::app::import::is_plan;
use crate::app::notice::Severity;
use crate::app::settings::Folders;
use crate::app::stage::Stage;
use crate::app::tool::Gesture;
use crate::geometry::{CArmAngles, Degrees};

/// The program's window.
pub struct ViewerApp {
    /// The state; public for tests that read it.
    pub state: AppState,
    queue: CommandQueue,
    pictures: Pictures,
    stack_view: StackView,
    browser: StudyBrowser,
    dialogs: Dialogs,
    page: Option<Page>,
    export: Option<ExportPage>,
    side_tab: SideTab,
    profile: ProfilePanel,
    pointed: Option<Pointed>,
    leaving: Option<Then>,
    closing: bool,
    picture: Option<PictureTask>,
    last_frame: Instant,
}

impl ViewerApp {
    /// Builds the window's content and starts what the launch options ask for.
    pub fn new(cc: &eframe::CreationContext<'_>, folders: Folders, options: LaunchOptions) -> Self {
        cc.egui_ctx.set_visuals(theme::visuals());
        // Ctrl and plus scale the picture, not the window's text.
        cc.egui_ctx
            .options_mut(|options| options.zoom_with_keyboard = false);
        let ctx = cc.egui_ctx.clone();
        let mut state = AppState::new(folders, Arc::new(move || ctx.request_repaint()));
        let mut queue = CommandQueue::default();
        let images = structure_keys::open_label_maps(options.paths, &mut state, &mut queue);
        // Before the images: a small study may be on stage with the first frame.
        for command in queue.take() {
            state.apply(command);
        }
        if !images.is_empty() {
            state.apply(StudyCommand::Import(images));
        } else if options.sample {
            state.apply(StudyCommand::OpenSample);
        }
        if let Some(plan) = options.plan {
            state.apply(FileCommand::OpenAfterImport(plan));
        }
        if let Some([primary, secondary]) = options.carm_deg.map(|pair| pair.map(Degrees)) {
            state.apply(DrrCommand::Angles(CArmAngles { primary, secondary }));
        }
        let side_tab = options.panel.as_deref().and_then(SideTab::named);
        let mut pictures = Pictures::new(cc.wgpu_render_state.as_ref(), &cc.egui_ctx);
        let picture = options.screenshot.map(PictureTask::new);
        pictures.unhurried = picture.is_some() || options.unhurried;
        pictures.scenes.smooth_at_once = picture.is_some();
        let dialogs = Dialogs::new(options.own_dialogs);
        Self {
            state,
            queue,
            pictures,
            stack_view: StackView::default(),
            browser: StudyBrowser::default(),
            dialogs,
            page: None,
            export: None,
            side_tab: side_tab.unwrap_or_default(),
            profile: ProfilePanel::default(),
            pointed: None,
            leaving: None,
            closing: false,
            picture,
            last_frame: Instant::now(),
        }
    }

    fn panels(&mut self, ui: &mut Ui) {
        let mut chosen = Vec::new();
        // The window is cleared with the panels' colour: no second ground under anything, which
        // a software rasteriser would have to paint.
        let bar = Frame::new().inner_margin(Margin::symmetric(8, 2));
        let side = Frame::new().inner_margin(Margin::symmetric(8, 2));
        Panel::top("menus").frame(bar).show(ui, |ui| {
            let (action, page) = menu_bar::menus_ui(ui, &self.state, &mut self.queue);
            chosen.extend(action);
            self.page = page.or(self.page);
            chosen.extend(menu_bar::tools_ui(ui, &self.state));
        });
        let back_end = self.pictures.back_end_text(self.state.settings.back_end);
        Panel::bottom("status").frame(bar).show(ui, |ui| {
            status_bar::status_bar_ui(ui, &self.state, &mut self.queue, (self.pointed, &back_end));
        });
        Panel::left("studies")
            .frame(side)
            .default_size(220.0)
            .size_range(150.0..=360.0)
            .show(ui, |ui| {
                self.browser.ui(ui, &self.state, &mut self.queue);
            });
        if let Some(report) = self.browser.as_plan.take() {
            self.after_saving(Then::OpenPlan(report), ui.ctx());
        }
        if self.state.stage.is_some() || !self.state.plan().is_empty() {
            Panel::right("plan")
                .frame(side)
                .default_size(theme::SIDE_POINTS)
                .size_range(250.0..=460.0)
                .show(ui, |ui| {
                    let tab = &mut self.side_tab;
                    chosen.extend(side_panel_ui(ui, tab, &self.state, &mut self.queue));
                });
        }
        if let Some(height) = self.profile.height(&self.state) {
            let panel = Panel::bottom("profile").frame(bar).resizable(false);
            panel.exact_size(height).show(ui, |ui| {
                self.profile.ui(ui, &self.state, &mut self.queue);
            });
        }
        if self
            .state
            .stage
            .as_ref()
            .is_some_and(|stage| stage.pictures().is_some())
        {
            Panel::bottom("run")
                .frame(bar)
                .resizable(false)
                .show(ui, |ui| {
                    transport::transport_ui(ui, &self.state, &mut self.queue);
                });
        }
        banners::banners_ui(ui, &self.state);
        CentralPanel::default().frame(Frame::NONE).show(ui, |ui| {
            chosen.extend(self.middle(ui));
        });
        for action in chosen {
            self.act(action, ui.ctx());
        }
    }

    fn middle(&mut self, ui: &mut Ui) -> Option<Action> {
        let area = ui.max_rect();
        self.pointed = None;
        match &self.state.stage {
            None => return start_screen::start_screen_ui(ui, &self.state),
            Some(stage) if stage.volume().is_none() => {
                let seams = (&mut self.queue, &self.pictures);
                self.stack_view.ui(ui, area, &self.state, seams);
            }
            Some(_) => {
                self.pointed =
                    viewport::grid_ui(ui, area, &self.state, &mut self.queue, &mut self.pictures);
            }
        }
        None
    }

    fn act(&mut self, action: Action, ctx: &Context) {
        if !action.is_enabled(&self.state) {
            return;
        }
        if matches!(action, Action::ResetView | Action::ResetAll) {
            self.stack_view.reset();
        }
        match action.effect(&self.state, self.pointed.and_then(|pointed| pointed.at)) {
            Effect::Commands(commands) => commands
                .into_iter()
                .for_each(|command| self.queue.push(command)),
            Effect::Window(action) => self.window_action(action, ctx),
        }
    }

    fn window_action(&mut self, action: Action, ctx: &Context) {
        match action {
            Action::OpenFolder => self.ask(Wanted::Folder, ctx),
            Action::OpenFiles => self.ask(Wanted::Files, ctx),
            Action::OpenStructures => self.ask(Wanted::Structures, ctx),
            Action::OpenPlan => self.ask(Wanted::Plan, ctx),
            Action::SavePlanAs => self.ask(Wanted::SavePlan, ctx),
            Action::Export => self.export = Some(ExportPage::new(&self.state)),
            Action::Screenshot => self.ask(Wanted::SavePicture, ctx),
            Action::SaveRadiograph => self.ask(Wanted::SaveRadiograph, ctx),
            Action::NewPlan => self.after_saving(Then::NewPlan, ctx),
            Action::Quit => self.after_saving(Then::Close, ctx),
            Action::Help => {
                self.page = if self.page.is_some() {
                    None
                } else {
                    Some(Page::Help)
                }
            }
            Action::Cancel => self.cancel(),
            _ => {}
        }
    }

    /// Escape: closes the page, else drops the gesture, draft or tool.
    fn cancel(&mut self) {
        if self.page.take().is_none() {
            self.state.abort_gesture();
        }
    }

    fn ask(&mut self, wanted: Wanted, ctx: &Context) {
        let ctx = ctx.clone();
        self.dialogs
            .ask(wanted, Arc::new(move || ctx.request_repaint()));
    }

    fn answered(&mut self, wanted: Wanted, paths: Vec<PathBuf>, ctx: &Context) {
        match (wanted, paths.first()) {
            (_, None) => {}
            (Wanted::Folder | Wanted::Files, _) => self.open(paths, ctx),
            (Wanted::Structures, _) => self.queue.push(StructureCommand::Open(paths)),
            (Wanted::Plan, Some(path)) => self.after_saving(Then::OpenPlan(path.clone()), ctx),
            (Wanted::SavePlan, Some(path)) => self.queue.push(FileCommand::SaveAs(path.clone())),
            (Wanted::ExportFolder, Some(path)) => {
                if let Some(page) = &mut self.export {
                    page.folder = Some(path.clone());
                }
            }
            (Wanted::SaveRadiograph, Some(path)) => {
                self.queue.push(DrrCommand::Save(path.clone()));
            }
            (Wanted::SavePicture, Some(path)) => {
                self.picture = Some(PictureTask::of_now(path.clone()));
            }
        }
    }

    /// Opens what was chosen or dropped: images, or a plan after asking about the present one.
    fn open(&mut self, paths: Vec<PathBuf>, ctx: &Context) {
        let (plans, images): (Vec<_>, Vec<_>) = paths.into_iter().partition(|path| is_plan(path));
        let images = structure_keys::open_label_maps(images, &mut self.state, &mut self.queue);
        if !images.is_empty() {
            self.queue.push(StudyCommand::Import(images));
        }
        if let Some(plan) = plans.into_iter().next() {
            self.after_saving(Then::OpenPlan(plan), ctx);
        }
    }

    fn modals(&mut self, ui: &mut Ui) {
        if let Some((wanted, paths)) = self.dialogs.ui(ui) {
            self.answered(wanted, paths, ui.ctx());
        }
        if let Some(page) = self.page
            && pages::page_ui(ui, page, &self.state, &mut self.queue)
        {
            self.page = None;
        }
        self.export_ui(ui);
        pages::recovery_ui(ui, &self.state, &mut self.queue);
        pages::overwrite_ui(ui, &self.state, &mut self.queue);
        if self.leaving.is_some() && self.state.store.overwrite.is_none() {
            self.leave(ui);
        }
        if std::mem::take(&mut self.state.store.wants_name) {
            self.ask(Wanted::SavePlan, ui.ctx());
        }
    }

    fn export_ui(&mut self, ui: &mut Ui) {
        // The question for a folder stands alone.
        if self.dialogs.is_open() {
            return;
        }
        let Some(page) = &mut self.export else { return };
        match page.ui(ui, &self.state, &mut self.queue) {
            Some(PageAnswer::ChooseFolder) => self.ask(Wanted::ExportFolder, ui.ctx()),
            Some(PageAnswer::Close) => self.export = None,
            None => {}
        }
    }

    fn dropped(&mut self, ctx: &Context) {
        let paths: Vec<PathBuf> = ctx.input(|input| {
            input
                .raw
                .dropped_files
                .iter()
                .map(|file| file.path().to_owned())
                .collect()
        });
        if !paths.is_empty() {
            self.open(paths, ctx);
        }
    }

    /// Time since the frame before, for the frame log (`RUST_LOG=stylet::frame=trace`).
    fn since_last_frame_ms(&mut self) -> f64 {
        let last = std::mem::replace(&mut self.last_frame, Instant::now());
        last.elapsed().as_secs_f64() * 1000.0
    }

    /// Whether nothing runs and every picture is a full one.
    pub fn is_settled(&self) -> bool {
        !self.state.is_busy() && self.pictures.is_settled()
    }
}

impl eframe::App for ViewerApp {
    fn clear_color(&self, _visuals: &egui::Visuals) -> [f32; 4] {
        theme::PANEL.to_normalized_gamma_f32()
    }

    fn logic(&mut self, ctx: &Context, _frame: &mut eframe::Frame) {
        self.state.poll();
        if let Some(trouble) = self.pictures.take_new_trouble() {
            self.state.notices.add(Severity::Warning, trouble);
        }
        let lost_focus = ctx.input(|input| {
            input
                .events
                .iter()
                .any(|event| matches!(event, egui::Event::WindowFocused(false)))
        });
        if lost_focus && self.state.gesture != Gesture::Idle {
            self.state.abort_gesture();
        }
        if ctx.input(|input| input.viewport().close_requested()) && !self.closing {
            if self.state.has_unsaved_changes() {
                ctx.send_viewport_cmd(egui::ViewportCommand::CancelClose);
                self.leaving = Some(Then::Close);
            } else {
                self.closing = true;
            }
        }
    }

    fn ui(&mut self, ui: &mut Ui, _frame: &mut eframe::Frame) {
        let ctx = ui.ctx().clone();
        for action in shortcut::pressed(&ctx) {
            // A key acts where the pointer is.
            if let Some(pointed) = self.pointed {
                self.state.apply(ViewCommand::Activate(pointed.viewport));
            }
            self.act(action, &ctx);
        }
        self.movement_keys(&ctx);
        structure_keys::structure_keys(&ctx, &self.state, &mut self.queue);
        self.dropped(&ctx);
        self.play(&ctx);
        self.panels(ui);
        self.pictures.end_frame();
        self.modals(ui);
        let commands = self.queue.take();
        if !commands.is_empty() {
            for command in commands {
                self.state.apply(command);
            }
            ctx.request_repaint();
        }
        // A release can be missed: the button went up without a frame, or its viewport is gone.
        if !ctx.input(|input| input.pointer.any_down()) {
            self.state.finish_gesture();
        }
        if self.picture.is_some() {
            self.take_picture(&ctx);
        }
        let slices = self.state.stage.as_ref().and_then(Stage::progress);
        log::trace!(
            target: "stylet::frame",
            "drawn after {:.1} ms, slices read {slices:?}",
            self.since_last_frame_ms()
        );
    }
}
