//! 3D views on the graphics card: what draws them, what was drawn last, and how long it took.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use egui::PaintCallbackInfo;
use egui_wgpu::{CallbackResources, CallbackTrait, ScreenDescriptor, wgpu};

use super::{Gpu, Resources};
use crate::render::{
    AdapterKind, Edges, Eye, MeshPass, MeshScene, MeshTarget, Placing, RayCastPass, RayTarget,
    RenderError, SeenVolume, VolumeTexture, checked,
};

/// Seconds that a pixel of a volume takes at first: a modest graphics card, and an imitated one.
const FIRST_SECONDS_PER_PIXEL: [f64; 2] = [2e-8, 4e-7];
/// So long a picture is waited for to learn how long it takes.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// What a scene is drawn into.
enum Target {
    Surfaces(Box<MeshTarget>),
    Volume(Box<RayTarget>),
}

impl Target {
    fn picture(&self) -> &wgpu::Texture {
        match self {
            Self::Surfaces(target) => &target.picture,
            Self::Volume(target) => &target.picture,
        }
    }
}

/// What was drawn: the surfaces, the eye, the volume and how many of its slices were there.
struct Drawn {
    scene: MeshScene,
    eye: Eye,
    volume: Option<(SeenVolume, f64)>,
    slices: usize,
}

struct View {
    target: Target,
    drawn: Option<Drawn>,
    /// Asked for since the last frame ended.
    wanted: bool,
}

/// What draws 3D views; made when the first one is shown.
pub(super) struct Scenes {
    meshes: MeshPass,
    rays: Option<RayCastPass>,
    views: HashMap<u64, View>,
    /// Of a volume, with the finest steps.
    seconds_per_pixel: f64,
    /// How many slices lay on the card at the last picture of a volume.
    slices: usize,
}

impl Scenes {
    fn new(device: &wgpu::Device, kind: AdapterKind) -> Self {
        let mut meshes = MeshPass::new(device);
        meshes.make_ready(device, Edges::Smooth);
        let [hardware, software] = FIRST_SECONDS_PER_PIXEL;
        Self {
            meshes,
            rays: None,
            views: HashMap::new(),
            seconds_per_pixel: match kind {
                AdapterKind::Hardware => hardware,
                AdapterKind::Software => software,
            },
            slices: 0,
        }
    }

    /// Makes what a view needs; `Err` where the driver refuses it.
    fn make_ready(
        &mut self,
        (device, queue): (&wgpu::Device, &wgpu::Queue),
        wanted: &SceneCallback,
    ) -> Result<(), RenderError> {
        let size = wanted.eye.size.map(|n| n as usize);
        let old = self.views.remove(&wanted.viewport);
        let (old, drawn) = old.map_or((None, None), |old| (Some(old.target), old.drawn));
        let (target, drawn) = if let Some((volume, _)) = &wanted.volume {
            self.make_rays_ready(device)?;
            if let Some(rays) = &mut self.rays {
                checked(device, || rays.hold(device, queue, &volume.source))??;
            }
            let veils = wanted.scene.veils(&wanted.eye).len();
            match old {
                Some(Target::Volume(old)) if old.size() == size && old.holds(veils) => {
                    (Target::Volume(old), drawn)
                }
                // The old textures go before the new ones are made.
                old => {
                    drop(old);
                    let new = RayTarget::new(device, size, veils)?;
                    (Target::Volume(Box::new(new)), None)
                }
            }
        } else {
            match old {
                Some(Target::Surfaces(old)) if old.size() == size => (Target::Surfaces(old), drawn),
                old => {
                    drop(old);
                    let target = MeshTarget::new(device, size, Edges::Smooth)?;
                    (Target::Surfaces(Box::new(target)), None)
                }
            }
        };
        let view = View {
            target,
            drawn,
            wanted: true,
        };
        self.views.insert(wanted.viewport, view);
        Ok(())
    }

    fn make_rays_ready(&mut self, device: &wgpu::Device) -> Result<(), RenderError> {
        if self.rays.is_none() {
            let meshes = &mut self.meshes;
            let make = || {
                meshes.make_layers_ready(device);
                RayCastPass::new(device)
            };
            self.rays = Some(checked(device, make)?);
        }
        Ok(())
    }

    /// Draws a view where it has changed. `None` where it cannot be drawn.
    fn draw(
        &mut self,
        (device, queue): (&wgpu::Device, &wgpu::Queue),
        wanted: &SceneCallback,
        texture: Option<&VolumeTexture>,
    ) -> Option<&wgpu::Texture> {
        let view = self.views.get_mut(&wanted.viewport)?;
        let slices = texture.map_or(0, VolumeTexture::slices_there);
        let same = |drawn: &Drawn| wanted.is_in(drawn, slices);
        if !view.drawn.as_ref().is_some_and(same) {
            view.drawn = None;
            let mut encoder = device.create_command_encoder(&Default::default());
            match (&view.target, &wanted.volume) {
                (Target::Surfaces(target), None) => {
                    let seen = (&wanted.scene, &wanted.eye);
                    self.meshes.draw(device, &mut encoder, seen, target);
                    queue.submit([encoder.finish()]);
                }
                (Target::Volume(target), Some((volume, step))) => {
                    let is_drawn = self.rays.as_mut()?.draw(
                        (device, queue),
                        (&mut encoder, &mut self.meshes),
                        (&volume.source, texture?),
                        (
                            &wanted.scene,
                            &volume.request(&wanted.scene, &wanted.eye, *step),
                        ),
                        target,
                    );
                    if !is_drawn {
                        return None;
                    }
                    let seconds = step * seconds_for((device, queue), encoder);
                    let pixels = wanted.eye.size[0] * wanted.eye.size[1];
                    // Else slices on their way to the card were waited for too.
                    if std::mem::replace(&mut self.slices, slices) == slices {
                        let now = seconds / pixels.max(1.0);
                        self.seconds_per_pixel = learned(self.seconds_per_pixel, now);
                    }
                }
                _ => return None,
            }
            view.drawn = Some(Drawn {
                scene: wanted.scene.clone(),
                eye: wanted.eye,
                volume: wanted.volume.clone(),
                slices,
            });
        }
        Some(view.target.picture())
    }

    /// Forgets the views that were not asked for since the last call, and the volumes in them.
    pub(super) fn end_frame(&mut self) {
        self.views
            .retain(|_, view| std::mem::replace(&mut view.wanted, false));
    }
}

/// Submits what was recorded and waits for it.
fn seconds_for(
    (device, queue): (&wgpu::Device, &wgpu::Queue),
    encoder: wgpu::CommandEncoder,
) -> f64 {
    let start = Instant::now();
    let submitted = queue.submit([encoder.finish()]);
    let wait = wgpu::PollType::Wait {
        submission_index: Some(submitted),
        timeout: Some(LONGEST_WAIT),
    };
    if let Err(error) = device.poll(wait) {
        log::warn!("The graphics card draws a volume slowly: {error}");
    }
    start.elapsed().as_secs_f64()
}

/// Follows dearer pictures at once, so that none takes long twice, and cheaper ones by halves.
fn learned(usual: f64, now: f64) -> f64 {
    if now > usual {
        now
    } else {
        usual.midpoint(now)
    }
}

impl Gpu {
    /// Makes what a 3D view is drawn with: pipelines, tables, textures. `Err` where the driver
    /// refuses any of it or has no memory for it.
    pub fn make_scene_ready(&mut self, wanted: &SceneCallback) -> Result<(), RenderError> {
        let mut renderer = self.state.renderer.write();
        let Some(resources) = renderer.callback_resources.get_mut::<Resources>() else {
            return Ok(());
        };
        let device = &self.state.device;
        if resources.scenes.is_none() {
            let kind = self.kind;
            resources.scenes = Some(checked(device, || Scenes::new(device, kind))?);
        }
        match &mut resources.scenes {
            Some(scenes) => scenes.make_ready((device, &self.state.queue), wanted),
            None => Ok(()),
        }
    }

    /// Seconds that a pixel of a volume took of late, with the finest steps along the rays.
    pub fn ray_seconds_per_pixel(&self) -> f64 {
        let renderer = self.state.renderer.read();
        let resources = renderer.callback_resources.get::<Resources>();
        let scenes = resources.and_then(|resources| resources.scenes.as_ref());
        let [hardware, software] = FIRST_SECONDS_PER_PIXEL;
        let first = if self.is_hardware() {
            hardware
        } else {
            software
        };
        scenes.map_or(first, |scenes| scenes.seconds_per_pixel)
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
}

impl CallbackTrait for SceneCallback {
    fn prepare(
        &self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        _screen: &ScreenDescriptor,
        _encoder: &mut wgpu::CommandEncoder,
        resources: &mut CallbackResources,
    ) -> Vec<wgpu::CommandBuffer> {
        let Some(Resources {
            scenes: Some(scenes),
            colors,
            texture,
            ..
        }) = resources.get_mut::<Resources>()
        else {
            return Vec::new();
        };
        let gpu = (device, queue);
        match scenes.draw(gpu, self, texture.as_ref()) {
            Some(picture) => colors.show(self.viewport, gpu, picture, self.placing),
            None => colors.forget(self.viewport),
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
            resources.colors.paint(self.viewport, render_pass);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_a_picture_is_learned_both_ways() {
        assert_eq!(learned(1.0, 8.0), 8.0);
        let after = (0..6).fold(8.0, |usual, _| learned(usual, 0.5));
        assert!(after < 0.7, "{after}");
    }
}
