//! Pictures of the viewports: from the graphics card, or from the processor as textures.
//!
//! Where the only graphics driver is a software one, the processor's own threads are several
//! times faster than that driver. Both back ends take the same request and give the same greys.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use egui::{Color32, ColorImage, Rect, TextureHandle, TextureOptions, Ui, pos2};
use egui_wgpu::RenderState;
use glam::DVec2;

use super::super::gpu::{Gpu, PictureCallback, SliceCallback};
use super::coarse_slice::coarsened;
use super::drr_view::DrrTextures;
use super::overlay_planes::OverlayTextures;
use super::scene_pictures::ScenePictures;
use super::screen_of;
use crate::app::AppState;
use crate::app::job::{Job, JobEvent};
use crate::app::settings::BackEnd;
use crate::app::stage::Content;
use crate::app::view_frame::ViewFrame;
use crate::app::viewport::{Viewport, ViewportId};
use crate::geometry::Point;
use crate::render::{Display, GreyPicture, RenderError, cpu};
use crate::volume::{SliceRequest, Volume};

/// Time that the processor may take for one viewport while something moves.
const BUDGET: Duration = Duration::from_millis(14);
/// After this long without a change the full picture is made.
pub(super) const SETTLE: Duration = Duration::from_millis(90);
/// Coarsest picture while something moves: one pixel for so many, each way.
const COARSEST: usize = 6;

/// Equal only for the very same volume.
#[derive(Debug, Clone)]
struct SameVolume(Weak<Volume>);

impl PartialEq for SameVolume {
    fn eq(&self, other: &Self) -> bool {
        self.0.ptr_eq(&other.0)
    }
}

/// All that decides what a picture looks like.
#[derive(Debug, Clone, PartialEq)]
struct Wanted {
    /// Weak: keeps the address from being used again by another volume.
    volume: SameVolume,
    filled: usize,
    request: SliceRequest,
    display: Display,
}

struct Shown {
    /// Where there is no driver to give the picture to (tests without one).
    texture: Option<TextureHandle>,
    wanted: Wanted,
    /// One picture pixel for so many screen pixels.
    coarse: usize,
    /// Picture pixels as texture pixels.
    size: [usize; 2],
    changed: Instant,
    refining: Option<Job<(), Option<Vec<u8>>>>,
}

/// The pictures of all viewports and how they are made.
pub struct Pictures {
    shown: HashMap<ViewportId, Shown>,
    overlays: OverlayTextures,
    pub(super) drr: DrrTextures,
    /// Pictures of the 3D views.
    pub scenes: ScenePictures,
    /// Seconds per slab sample of the last pictures.
    seconds_per_sample: f64,
    pub(super) gpu: Option<Gpu>,
    gpu_usable: bool,
    /// A sentence about the back end that could not be used.
    trouble: Option<String>,
    trouble_said: bool,
    /// Always full pictures, at once: for screenshots and tests.
    pub unhurried: bool,
}

impl Pictures {
    /// Chooses the back end for the graphics device of a window, if there is one.
    pub fn new(render_state: Option<&RenderState>, ctx: &egui::Context) -> Self {
        let gpu = render_state.map(|state| Gpu::new(state, ctx));
        let (gpu, trouble) = match gpu.transpose() {
            Ok(gpu) => (gpu, None),
            Err(error) => (None, Some(instead(&error))),
        };
        let gpu_usable = gpu.as_ref().is_some_and(Gpu::is_hardware);
        Self {
            shown: HashMap::new(),
            overlays: OverlayTextures::default(),
            drr: DrrTextures::default(),
            scenes: ScenePictures::default(),
            seconds_per_sample: 4e-9,
            gpu,
            gpu_usable,
            trouble,
            trouble_said: false,
            unhurried: false,
        }
    }

    pub(super) fn uses_gpu(&self, choice: BackEnd) -> bool {
        match choice {
            BackEnd::Auto => self.gpu_usable && self.trouble.is_none(),
            BackEnd::Cpu => false,
            BackEnd::Gpu => self.gpu.is_some() && self.trouble.is_none(),
        }
    }

    /// The window's graphics driver, where the processor makes the pictures and it only shows them.
    pub(super) fn software_driver(&self, choice: BackEnd) -> Option<&Gpu> {
        self.gpu.as_ref().filter(|_| !self.uses_gpu(choice))
    }

    /// Why the graphics card is not used, once.
    pub fn take_new_trouble(&mut self) -> Option<String> {
        if let Some(error) = self.gpu.as_ref().and_then(Gpu::failure) {
            self.trouble.get_or_insert_with(|| instead(&error));
            // What it holds is of no use any more: the toolkit shows the pictures.
            if let Some(gpu) = self.gpu.take() {
                gpu.close();
            }
            self.shown.clear();
            self.scenes.forget_all();
        }
        if self.trouble_said || self.trouble.is_none() {
            return self.scenes.take_new_trouble();
        }
        self.trouble_said = self.trouble.is_some();
        self.trouble.clone()
    }

    /// Words for the status bar: who makes the pictures.
    pub fn back_end_text(&self, choice: BackEnd) -> String {
        match (&self.gpu, self.uses_gpu(choice)) {
            (Some(gpu), true) => format!("graphics: {}", gpu.name()),
            _ => "graphics: processor".to_owned(),
        }
    }

    /// Draws the picture of a viewport.
    pub fn paint(
        &mut self,
        ui: &Ui,
        rect: Rect,
        id: ViewportId,
        state: &AppState,
        frame: &ViewFrame,
    ) {
        let Some(stage) = &state.stage else { return };
        let (Some(volume), Some(viewport)) = (stage.volume(), state.viewport(id)) else {
            return;
        };
        let scale = ui.ctx().pixels_per_point();
        let pixels = |points: f32| ((points * scale).round() as usize).max(1);
        let (width, height) = (pixels(rect.width()), pixels(rect.height()));
        let look = &stage.presentation;
        let mm_per_pixel = frame.mm_per_point / f64::from(scale);
        let corner = DVec2::new(0.5 - width as f64 / 2.0, 0.5 - height as f64 / 2.0) * mm_per_pixel;
        let wanted = Wanted {
            volume: SameVolume(Arc::downgrade(volume)),
            filled: volume.voxels.filled(),
            request: SliceRequest {
                plane: frame.plane.through(frame.plane.point_at_mm(corner)),
                mm_per_pixel,
                width,
                height,
                slab_mm: viewport.slab.thickness_mm,
                slab_mode: viewport.slab.mode,
                interpolation: look.interpolation,
            },
            display: look.display(),
        };
        if self.uses_gpu(state.settings.back_end) {
            self.paint_gpu(ui, rect, id, volume, &wanted);
        } else {
            self.paint_cpu(ui, rect, id, volume, wanted);
        }
    }

    fn paint_gpu(
        &mut self,
        ui: &Ui,
        rect: Rect,
        id: ViewportId,
        volume: &Arc<Volume>,
        wanted: &Wanted,
    ) {
        if !self.hold_volume(ui, volume) {
            return;
        }
        let callback = SliceCallback {
            viewport: id.0 as u64,
            request: wanted.request,
            display: wanted.display.clone(),
        };
        ui.painter()
            .add(egui_wgpu::Callback::new_paint_callback(rect, callback));
    }

    /// Brings a volume to the graphics card; false where it cannot be.
    pub(super) fn hold_volume(&mut self, ui: &Ui, volume: &Arc<Volume>) -> bool {
        let Some(gpu) = &mut self.gpu else {
            return false;
        };
        match gpu.hold(volume) {
            Ok(false) => true,
            Ok(true) => {
                ui.ctx().request_repaint();
                true
            }
            Err(error) => {
                self.trouble = Some(instead(&error));
                ui.ctx().request_repaint();
                false
            }
        }
    }

    fn paint_cpu(
        &mut self,
        ui: &Ui,
        rect: Rect,
        id: ViewportId,
        volume: &Arc<Volume>,
        wanted: Wanted,
    ) {
        let mut fresh = true;
        let current = self
            .shown
            .get(&id)
            .is_some_and(|shown| shown.wanted == wanted);
        if current {
            fresh = self.refine(ui, id, volume);
        } else {
            let coarse = self.coarseness(volume, &wanted);
            self.render(ui, id, volume, wanted, coarse);
        }
        let Some(shown) = self.shown.get(&id) else {
            return;
        };
        if !fresh || shown.coarse > 1 {
            ui.ctx().request_repaint_after(SETTLE);
        }
        let Some(texture) = &shown.texture else {
            let callback = PictureCallback {
                viewport: id.0 as u64,
            };
            let callback = egui_wgpu::Callback::new_paint_callback(rect, callback);
            ui.painter().add(callback);
            return;
        };
        let scale = ui.ctx().pixels_per_point();
        let extent = shown.size.map(|n| (n * shown.coarse) as f32 / scale);
        let place = Rect::from_min_size(rect.min, egui::vec2(extent[0], extent[1]));
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        ui.painter_at(rect)
            .image(texture.id(), place, whole, Color32::WHITE);
    }

    /// How coarse a picture must be to be made within the budget.
    fn coarseness(&self, volume: &Volume, wanted: &Wanted) -> usize {
        if self.unhurried {
            return 1;
        }
        let request = &wanted.request;
        let along = request.slab_samples(volume.finest_spacing_mm()).count;
        let samples = (request.width * request.height * along) as f64;
        let seconds = samples * self.seconds_per_sample;
        let over = seconds / BUDGET.as_secs_f64();
        (over.sqrt().ceil() as usize).clamp(1, COARSEST)
    }

    fn render(&mut self, ui: &Ui, id: ViewportId, volume: &Volume, wanted: Wanted, coarse: usize) {
        let request = coarsened(&wanted.request, coarse);
        let start = Instant::now();
        let Some(greys) = cpu::render_greys(volume, &request, &wanted.display, &|| false) else {
            return;
        };
        let along = request.slab_samples(volume.finest_spacing_mm()).count;
        let samples = (request.width * request.height * along) as f64;
        let seconds = start.elapsed().as_secs_f64() / samples.max(1.0);
        // Follows changes of the load quickly and single outliers slowly.
        self.seconds_per_sample = 0.7 * self.seconds_per_sample + 0.3 * seconds;
        let size = [request.width, request.height];
        self.put(ui, id, (wanted, coarse, size), &greys);
    }

    fn put(
        &mut self,
        ui: &Ui,
        id: ViewportId,
        (wanted, coarse, size): (Wanted, usize, [usize; 2]),
        greys: &[u8],
    ) {
        let screen = [wanted.request.width, wanted.request.height];
        let old = self.shown.remove(&id).and_then(|shown| shown.texture);
        let texture = if let Some(gpu) = &self.gpu {
            let picture = GreyPicture {
                greys,
                size,
                screen,
                coarse,
            };
            gpu.put(id.0 as u64, &picture);
            None
        } else {
            Some(upload(
                ui,
                old,
                (id, coarse),
                ColorImage::from_gray(size, greys),
            ))
        };
        let shown = Shown {
            texture,
            wanted,
            coarse,
            size,
            changed: Instant::now(),
            refining: None,
        };
        self.shown.insert(id, shown);
    }

    /// Makes the full picture in the background once nothing has changed for a while. True where
    /// nothing is left to do.
    fn refine(&mut self, ui: &Ui, id: ViewportId, volume: &Arc<Volume>) -> bool {
        let Some(shown) = self.shown.get_mut(&id) else {
            return true;
        };
        if shown.coarse == 1 {
            return true;
        }
        if let Some(job) = &shown.refining {
            let Some(event) = job.poll().pop() else {
                return false;
            };
            let wanted = shown.wanted.clone();
            shown.refining = None;
            if let JobEvent::Finished(Some(greys)) = event {
                let size = [wanted.request.width, wanted.request.height];
                self.put(ui, id, (wanted, 1, size), &greys);
            }
            return true;
        }
        if shown.changed.elapsed() < SETTLE {
            return false;
        }
        let (volume, request, display) = (
            Arc::clone(volume),
            shown.wanted.request,
            shown.wanted.display.clone(),
        );
        let ctx = ui.ctx().clone();
        let waker = Arc::new(move || ctx.request_repaint());
        let job = Job::spawn("refine", waker, move |sink| {
            let token = sink.cancel_token().clone();
            cpu::render_greys(&volume, &request, &display, &|| token.is_cancelled())
        });
        shown.refining = job.ok();
        false
    }

    /// Draws the overlay planes of the slice that a viewport shows as it was acquired.
    pub fn paint_overlays(
        &mut self,
        ui: &Ui,
        rect: Rect,
        id: ViewportId,
        state: &AppState,
        frame: &ViewFrame,
    ) {
        let thin = |viewport: &Viewport| viewport.slab.thickness_mm <= 0.0;
        let Some(Content::Volume(stage)) = state.stage.as_ref().map(|stage| &stage.content) else {
            return;
        };
        if !state.show_overlays || !state.viewport(id).is_some_and(thin) {
            return;
        }
        let volume = &stage.volume;
        let Some((slice, overlays)) = stage.overlays.on_plane(volume, &frame.plane) else {
            return;
        };
        let screen = |column: f32, row: f32| {
            let voxel = Point::new(f64::from(column) - 0.5, f64::from(row) - 0.5, slice as f64);
            screen_of(rect, frame, volume.lps_from_voxel * voxel)
        };
        self.overlays.paint(&ui.painter_at(rect), overlays, screen);
    }

    /// All viewports of this frame are known: what others have left goes.
    pub fn end_frame(&mut self) {
        self.scenes.end_frame();
        if let Some(gpu) = &mut self.gpu {
            gpu.end_frame();
        }
    }

    /// Whether every picture on the screen is a full one.
    pub fn is_settled(&self) -> bool {
        self.shown.values().all(|shown| shown.coarse == 1) && self.scenes.is_settled()
    }
}

fn instead(error: &RenderError) -> String {
    format!("{error}. The processor makes the pictures instead")
}

/// The picture as a texture of the toolkit: full ones pixel for pixel, coarse ones smoothed.
fn upload(
    ui: &Ui,
    old: Option<TextureHandle>,
    (id, coarse): (ViewportId, usize),
    image: ColorImage,
) -> TextureHandle {
    let options = if coarse == 1 {
        TextureOptions::NEAREST
    } else {
        TextureOptions::LINEAR
    };
    match old {
        Some(mut texture) => {
            texture.set(image, options);
            texture
        }
        None => ui
            .ctx()
            .load_texture(format!("slice {}", id.0), image, options),
    }
}

#[cfg(test)]
mod tests;
