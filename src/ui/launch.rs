//! Opening the window: graphics preflight, window options, pictures of the window to a file.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use egui::{ColorImage, Context};
use thiserror::Error;

use super::ViewerApp;
use crate::app::notice::Severity;
use crate::app::settings::{Folders, SettingsError};

/// What to open, and how.
#[derive(Debug, Clone, Default)]
pub struct LaunchOptions {
    /// Images.
    pub paths: Vec<PathBuf>,
    /// Plan to open on them.
    pub plan: Option<PathBuf>,
    /// Opens the sample study where no images are given.
    pub sample: bool,
    /// Saves a picture of the window here when all is loaded, then leaves.
    pub screenshot: Option<PathBuf>,
    /// Name of the side panel that is open at first: its title in small letters, with hyphens.
    pub panel: Option<String>,
    /// Primary and secondary angle of the simulated fluoroscopy at first, degrees.
    pub carm_deg: Option<[f64; 2]>,
    /// Size of the window, points.
    pub size: Option<[f32; 2]>,
    /// Always full pictures, at once; for tests.
    pub unhurried: bool,
    /// Never the system's file dialogs; for tests.
    pub own_dialogs: bool,
}

/// Why there is no window.
#[derive(Debug, Error)]
pub enum LaunchError {
    /// No folder for the program's own files.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// No graphics driver answers.
    #[error(transparent)]
    Graphics(#[from] crate::render::RenderError),
    /// The window system refused.
    #[error(
        "The window cannot be opened: {0}. On Linux install libxkbcommon-x11-0, libvulkan1 and mesa-vulkan-drivers (or libegl1 and libgl1-mesa-dri), and check that DISPLAY or WAYLAND_DISPLAY is set"
    )]
    Window(String),
    /// The picture was not saved.
    #[error("{0}")]
    Picture(String),
}

/// Outcome of a picture asked for on the command line, for the exit code.
type Outcome = Arc<Mutex<Option<Result<(), String>>>>;

/// Opens the window and stays until it is closed.
pub fn run(options: LaunchOptions) -> Result<(), LaunchError> {
    let folders = Folders::of_user()?;
    crate::render::check_graphics()?;
    let size = options.size.unwrap_or([1440.0, 900.0]);
    let native = native_options(size);
    let wants_picture = options.screenshot.is_some();
    let outcome: Outcome = Arc::default();
    let for_app = Arc::clone(&outcome);
    let opened = eframe::run_native(
        "Stylet",
        native,
        Box::new(move |cc| {
            let mut app = ViewerApp::new(cc, folders, options);
            if let Some(task) = &mut app.picture {
                task.outcome = Some(for_app);
            }
            Ok(Box::new(app))
        }),
    );
    opened.map_err(|error| LaunchError::Window(error.to_string()))?;
    if !wants_picture {
        return Ok(());
    }
    let said = outcome.lock().ok().and_then(|mut outcome| outcome.take());
    said.unwrap_or_else(|| Err("The window was closed before its picture was taken".to_owned()))
        .map_err(LaunchError::Picture)
}

fn native_options(size: [f32; 2]) -> eframe::NativeOptions {
    let mut setup = egui_wgpu::WgpuSetupCreateNew::without_display_handle();
    setup.device_descriptor = Arc::new(crate::render::device_descriptor);
    eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Stylet")
            .with_app_id("stylet")
            .with_inner_size(size)
            .with_min_inner_size([800.0, 560.0])
            .with_drag_and_drop(true),
        // Greys must reach the screen as they were computed.
        dithering: false,
        multisampling: 0,
        wgpu_options: egui_wgpu::WgpuConfiguration {
            wgpu_setup: egui_wgpu::WgpuSetup::CreateNew(setup),
            ..Default::default()
        },
        ..Default::default()
    }
}

/// Longest wait for images before a picture is given up.
const LONGEST_WAIT: Duration = Duration::from_mins(3);
/// Frames without change before the picture is taken: panels take a few to find their sizes.
const CALM_FRAMES: u32 = 12;

/// A picture of the window to be saved.
pub struct PictureTask {
    path: PathBuf,
    started: Instant,
    calm: u32,
    image: Arc<Mutex<Option<Arc<ColorImage>>>>,
    asked: bool,
    leaves: bool,
    outcome: Option<Outcome>,
}

impl PictureTask {
    /// As soon as everything is loaded; leaves the program afterwards.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path,
            started: Instant::now(),
            calm: 0,
            image: Arc::default(),
            asked: false,
            leaves: true,
            outcome: None,
        }
    }

    /// Of the window as it is.
    pub fn of_now(path: PathBuf) -> Self {
        Self {
            leaves: false,
            ..Self::new(path)
        }
    }
}

impl ViewerApp {
    /// Goes on with a picture that was asked for.
    pub(super) fn take_picture(&mut self, ctx: &Context) {
        let settled = self.is_settled() && !self.state.imports.has_pictures_to_make();
        let Some(task) = &mut self.picture else {
            return;
        };
        if let Some(image) = task.image.lock().ok().and_then(|mut image| image.take()) {
            let saved = save(&task.path, &image);
            self.picture_done(ctx, saved);
            return;
        }
        if task.asked {
            return;
        }
        if task.started.elapsed() > LONGEST_WAIT {
            self.picture_done(
                ctx,
                Err("The images were not loaded within three minutes".to_owned()),
            );
            return;
        }
        task.calm = if settled { task.calm + 1 } else { 0 };
        if task.calm < CALM_FRAMES {
            ctx.request_repaint_after(Duration::from_millis(20));
            return;
        }
        task.asked = true;
        let (slot, waker) = (Arc::clone(&task.image), ctx.clone());
        ctx.request_screenshot(move |image| {
            if let Ok(mut slot) = slot.lock() {
                *slot = Some(image);
            }
            waker.request_repaint();
        });
    }

    fn picture_done(&mut self, ctx: &Context, saved: Result<(), String>) {
        let Some(task) = self.picture.take() else {
            return;
        };
        match &saved {
            Ok(()) => self
                .state
                .notices
                .add(Severity::Info, format!("Saved {}", task.path.display())),
            Err(reason) => self.state.notices.add(Severity::Error, reason.clone()),
        }
        if let Some(outcome) = task.outcome
            && let Ok(mut slot) = outcome.lock()
        {
            *slot = Some(saved);
        }
        if task.leaves {
            self.closing = true;
            ctx.send_viewport_cmd(egui::ViewportCommand::Close);
        }
    }
}

fn save(path: &std::path::Path, image: &ColorImage) -> Result<(), String> {
    let [width, height] = image.size.map(|n| n as u32);
    let bytes: Vec<u8> = image
        .pixels
        .iter()
        .flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()])
        .collect();
    image::RgbImage::from_raw(width, height, bytes)
        .ok_or_else(|| "The picture has no pixels".to_owned())?
        .save_with_format(path, image::ImageFormat::Png)
        .map_err(|error| format!("Cannot save the picture: {error}\nFile: {}", path.display()))
}
