//! The seam between the toolkit's painter and the passes: the only place of `ui` that names
//! the graphics library.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use egui::PaintCallbackInfo;
use egui_wgpu::{CallbackResources, CallbackTrait, RenderState, ScreenDescriptor, wgpu};

use crate::render::{
    AdapterKind, ColorPass, Display, Edges, Eye, GreyPicture, MeshPass, MeshScene, MeshTarget,
    PicturePass, Placing, RayCastPass, RayTarget, RenderError, SeenVolume, SlicePass,
    VolumeTexture,
};
use crate::volume::{SliceRequest, Volume};

/// The volume on the graphics card and the pass that cuts it.
struct Resources {
    pass: SlicePass,
    pictures: PicturePass,
    meshes: MeshPass,
    rays: RayCastPass,
    colors: ColorPass,
    /// What was drawn last of each viewport's scene, and into what.
    drawn: HashMap<u64, Drawn>,
    texture: Option<VolumeTexture>,
}

/// What a scene was drawn into.
enum Target {
    Surfaces(MeshTarget),
    Volume(RayTarget),
}

/// A scene that was drawn: into what, the surfaces, the eye, the volume, and how many of its
/// slices were there.
struct Drawn {
    target: Target,
    scene: MeshScene,
    eye: Eye,
    volume: Option<(SeenVolume, f64)>,
    slices: usize,
}

/// The graphics device of the window.
pub struct Gpu {
    state: RenderState,
    kind: AdapterKind,
    /// The volume on the card; a weak reference keeps its address from being used again.
    held: Option<Weak<Volume>>,
}

impl Gpu {
    /// Prepares the slice pass on the window's device.
    pub fn new(state: &RenderState) -> Self {
        let pass = SlicePass::new(&state.device, state.target_format);
        let resources = Resources {
            pass,
            pictures: PicturePass::new(&state.device, state.target_format),
            meshes: MeshPass::new(&state.device),
            rays: RayCastPass::new(&state.device),
            colors: ColorPass::new(&state.device, state.target_format),
            drawn: HashMap::new(),
            texture: None,
        };
        state.renderer.write().callback_resources.insert(resources);
        Self {
            state: state.clone(),
            kind: AdapterKind::of(&state.adapter.get_info()),
            held: None,
        }
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

    /// Drops what viewports that are gone have left.
    pub fn end_frame(&mut self) {
        let mut renderer = self.state.renderer.write();
        if let Some(resources) = renderer.callback_resources.get_mut::<Resources>() {
            resources.pass.end_frame();
        }
    }
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

/// One viewport's surfaces, drawn on the card where they have changed.
pub struct SceneCallback {
    /// Which viewport.
    pub viewport: u64,
    /// What it shows.
    pub scene: MeshScene,
    /// Where it is seen from.
    pub eye: Eye,
    /// The volume among the surfaces, and its steps for one of the finest.
    pub volume: Option<(SeenVolume, f64)>,
    /// How the picture lies on the screen.
    pub placing: Placing,
}

impl SceneCallback {
    /// Whether this is what was drawn.
    fn is_in(&self, drawn: &Drawn, slices: usize) -> bool {
        drawn.scene == self.scene
            && drawn.eye == self.eye
            && drawn.volume == self.volume
            && (self.volume.is_none() || drawn.slices == slices)
    }

    /// Records the drawing, into the old target where that fits.
    fn draw(
        &self,
        (device, queue): (&wgpu::Device, &wgpu::Queue),
        encoder: &mut wgpu::CommandEncoder,
        resources: &mut Resources,
        old: Option<Target>,
    ) -> Result<Target, RenderError> {
        let size = self.eye.size.map(|n| n as usize);
        let Some(((volume, step), texture)) = self.volume.as_ref().zip(resources.texture.as_ref())
        else {
            let target = match old {
                Some(Target::Surfaces(target)) if target.size() == size => target,
                _ => MeshTarget::new(device, size, Edges::Smooth)?,
            };
            let seen = (&self.scene, &self.eye);
            resources.meshes.draw(device, encoder, seen, &target);
            return Ok(Target::Surfaces(target));
        };
        let veils = self.scene.veils(&self.eye).len();
        let target = match old {
            Some(Target::Volume(target)) if target.size() == size && target.holds(veils) => target,
            _ => RayTarget::new(device, size, veils)?,
        };
        let request = volume.request(&self.scene, &self.eye, *step);
        resources.rays.draw(
            (device, queue),
            (encoder, &mut resources.meshes),
            (&volume.source, texture),
            (&self.scene, &request),
            &target,
        );
        Ok(Target::Volume(target))
    }
}

impl CallbackTrait for SceneCallback {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        _screen: &ScreenDescriptor,
        encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let Some(resources) = resources.get_mut::<Resources>() else {
            return Vec::new();
        };
        let slices = resources
            .texture
            .as_ref()
            .map_or(0, VolumeTexture::slices_there);
        let old = resources.drawn.remove(&self.viewport);
        let drawn = match old {
            Some(old) if self.is_in(&old, slices) => old,
            old => {
                let old = old.map(|old| old.target);
                match self.draw((device, queue), encoder, resources, old) {
                    Ok(target) => Drawn {
                        target,
                        scene: self.scene.clone(),
                        eye: self.eye,
                        volume: self.volume.clone(),
                        slices,
                    },
                    Err(error) => {
                        log::warn!("{error}");
                        return Vec::new();
                    }
                }
            }
        };
        let picture = match &drawn.target {
            Target::Surfaces(target) => &target.picture,
            Target::Volume(target) => &target.picture,
        };
        resources
            .colors
            .show(self.viewport, (device, queue), picture, self.placing);
        resources.drawn.insert(self.viewport, drawn);
        Vec::new()
    }

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
