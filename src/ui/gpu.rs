//! The seam between the toolkit's painter and the passes: the only place of `ui` that names
//! the graphics library.

mod scene;

use std::sync::{Arc, Mutex, PoisonError, Weak};

use egui::PaintCallbackInfo;
use egui_wgpu::{CallbackResources, CallbackTrait, RenderState, ScreenDescriptor, wgpu};

use crate::render::{
    AdapterKind, ColorPass, Display, GreyPicture, GroundPass, PicturePass, Placing, RenderError,
    SlicePass, VolumeTexture, checked,
};
use crate::volume::{SliceRequest, Volume};

pub use scene::SceneCallback;
use scene::Scenes;

/// The volume on the graphics card and the pass that cuts it.
struct Resources {
    pass: SlicePass,
    pictures: PicturePass,
    colors: ColorPass,
    ground: GroundPass,
    /// Made when the first 3D view is shown.
    scenes: Option<Scenes>,
    texture: Option<VolumeTexture>,
}

/// The graphics device of the window.
pub struct Gpu {
    state: RenderState,
    kind: AdapterKind,
    /// The volume on the card; a weak reference keeps its address from being used again.
    held: Option<Weak<Volume>>,
    /// What the driver refused where nobody asked whether it would.
    failure: Arc<Mutex<Option<String>>>,
}

impl Gpu {
    /// Prepares on the window's device what shows pictures and cuts slices; `Err` where the
    /// driver refuses that. From here on nothing that it refuses ends the program: the window of
    /// `ctx` is drawn anew, with what takes its place.
    pub fn new(state: &RenderState, ctx: &egui::Context) -> Result<Self, RenderError> {
        let (device, format) = (&state.device, state.target_format);
        let resources = checked(device, || Resources {
            pass: SlicePass::new(device, format),
            pictures: PicturePass::new(device, format),
            colors: ColorPass::new(device, format),
            ground: GroundPass::new(device, format),
            scenes: None,
            texture: None,
        })?;
        state.renderer.write().callback_resources.insert(resources);
        let failure = Arc::new(Mutex::new(None));
        let (noted, ctx) = (Arc::clone(&failure), ctx.clone());
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            if note(&noted, &error) {
                ctx.request_repaint();
            }
        }));
        Ok(Self {
            state: state.clone(),
            kind: AdapterKind::of(&state.adapter.get_info()),
            held: None,
            failure,
        })
    }

    /// What the driver refused while it drew, where it did: it is not to be used any more.
    pub fn failure(&self) -> Option<RenderError> {
        let noted = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        noted.clone().map(RenderError::Refused)
    }

    /// Takes everything off the card.
    pub fn close(self) {
        let mut renderer = self.state.renderer.write();
        renderer.callback_resources.remove::<Resources>();
    }

    /// A graphics card, not a software driver.
    pub fn is_hardware(&self) -> bool {
        self.kind == AdapterKind::Hardware
    }

    /// What the driver calls itself.
    pub fn name(&self) -> String {
        self.state.adapter.get_info().name
    }

    /// Brings a volume, and slices that came since, to the card. The one before it goes.
    ///
    /// True where more is to be brought in the next frame.
    pub fn hold(&mut self, volume: &Arc<Volume>) -> Result<bool, RenderError> {
        let mut renderer = self.state.renderer.write();
        let Some(resources) = renderer.callback_resources.get_mut::<Resources>() else {
            return Ok(false);
        };
        let held = self.held.as_ref();
        if !held.is_some_and(|held| std::ptr::eq(held.as_ptr(), Arc::as_ptr(volume))) {
            resources.texture = None;
            self.held = None;
            resources.texture = Some(VolumeTexture::new(&self.state.device, volume)?);
            self.held = Some(Arc::downgrade(volume));
        }
        let texture = resources.texture.as_mut();
        Ok(texture.is_some_and(|texture| texture.update(&self.state.queue, volume)))
    }

    /// Brings a picture that the processor made to the driver.
    pub fn put(&self, viewport: u64, picture: &GreyPicture<'_>) {
        let mut renderer = self.state.renderer.write();
        if let Some(resources) = renderer.callback_resources.get_mut::<Resources>() {
            let (device, queue) = (&self.state.device, &self.state.queue);
            resources.pictures.put(viewport, device, queue, picture);
        }
    }

    /// Brings a picture in colour that the processor made to the driver: four bytes a pixel.
    pub fn put_colors(&self, viewport: u64, picture: (&[u8], [usize; 2]), placing: Placing) {
        let mut renderer = self.state.renderer.write();
        if let Some(resources) = renderer.callback_resources.get_mut::<Resources>() {
            let gpu = (&self.state.device, &self.state.queue);
            resources.colors.put(viewport, gpu, picture, placing);
        }
    }

    /// Drops what viewports that are gone have left, and a volume that is.
    pub fn end_frame(&mut self) {
        let mut renderer = self.state.renderer.write();
        if let Some(resources) = renderer.callback_resources.get_mut::<Resources>() {
            resources.pass.end_frame();
            if let Some(scenes) = &mut resources.scenes {
                scenes.end_frame();
            }
            let gone = |held: &Weak<Volume>| held.strong_count() == 0;
            if self.held.as_ref().is_some_and(gone) {
                self.held = None;
                resources.texture = None;
            }
        }
    }
}

/// Notes the first error: the rest follow from it, in every frame. True for that one.
fn note(noted: &Mutex<Option<String>>, error: &wgpu::Error) -> bool {
    let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
    let first = noted.is_none();
    if first {
        log::error!("{error}");
        *noted = Some(error.to_string());
    }
    first
}

/// One viewport's picture of this frame.
pub struct SliceCallback {
    /// Which viewport.
    pub viewport: u64,
    /// What it shows.
    pub request: SliceRequest,
    /// How it looks.
    pub display: Display,
}

impl CallbackTrait for SliceCallback {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        _screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        if let Some(Resources {
            pass,
            texture: Some(texture),
            ..
        }) = resources.get_mut::<Resources>()
        {
            pass.prepare(
                self.viewport,
                device,
                queue,
                texture,
                &self.request,
                &self.display,
            );
        }
        Vec::new()
    }

    fn paint(
        &self,
        _info: PaintCallbackInfo,
        render_pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        if let Some(resources) = resources.get::<Resources>() {
            resources.pass.paint(self.viewport, render_pass);
        }
    }
}

/// One viewport's picture that the processor made.
pub struct PictureCallback {
    /// Which viewport.
    pub viewport: u64,
}

impl CallbackTrait for PictureCallback {
    fn paint(
        &self,
        _info: PaintCallbackInfo,
        render_pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        if let Some(resources) = resources.get::<Resources>() {
            resources.pictures.paint(self.viewport, render_pass);
        }
    }
}

/// One viewport's picture in colour that the processor made.
pub struct ColorCallback {
    /// Which viewport.
    pub viewport: u64,
}

impl CallbackTrait for ColorCallback {
    fn paint(
        &self,
        _info: PaintCallbackInfo,
        render_pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        if let Some(resources) = resources.get::<Resources>() {
            resources.colors.paint(self.viewport, render_pass);
        }
    }
}

/// The black ground of a view.
pub struct GroundCallback;

impl CallbackTrait for GroundCallback {
    fn paint(
        &self,
        _info: PaintCallbackInfo,
        render_pass: &mut wgpu::RenderPass<'static>,
        resources: &CallbackResources,
    ) {
        if let Some(resources) = resources.get::<Resources>() {
            resources.ground.paint(render_pass);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use egui_kittest::wgpu::{create_render_state, default_wgpu_setup};

    use super::*;
    use crate::render::check_graphics;

    /// A window's device without a window; `None` where no driver offers one.
    pub(in crate::ui) fn render_state() -> Option<RenderState> {
        if let Err(error) = check_graphics() {
            println!("SKIPPED: {error}");
            return None;
        }
        let options = egui_wgpu::RendererOptions::PREDICTABLE;
        Some(create_render_state(default_wgpu_setup(), options))
    }

    /// Whether there is something to draw with.
    pub(in crate::ui) fn can_draw(state: &RenderState) -> bool {
        let renderer = state.renderer.read();
        renderer.callback_resources.get::<Resources>().is_some()
    }

    impl Gpu {
        /// Asks the driver for what none gives, where nobody asks whether it does.
        pub(in crate::ui) fn ask_too_much(&self) {
            drop(self.state.device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("refused"),
                size: 16,
                usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::MAP_WRITE,
                mapped_at_creation: false,
            }));
        }
    }
}
