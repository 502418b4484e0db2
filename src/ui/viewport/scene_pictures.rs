//! Pictures of 3D views: drawn by the graphics card, or by the processor as fine as it can while
//! something moves and in finer and finer steps, in the background, once nothing does.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Color32, ColorImage, Rect, TextureHandle, TextureOptions, Ui, pos2};

use super::super::gpu::ColorCallback;
use super::pictures::{Pictures, SETTLE};
use super::scene_card::OnCard;
use super::scene_grain::{COARSE_STEP, COARSEST_RAYS, Grain, SMOOTH, learned};
use crate::app::AppState;
use crate::app::job::{Job, JobEvent, on_own_threads};
use crate::app::scene::{SceneNeedle, needle_surface};
use crate::app::viewport::ViewportId;
use crate::geometry::Surface;
use crate::render::cpu::mesh_layers::{MeshLayers, is_large};
use crate::render::{Eye, MeshScene, Placing, SeenVolume};

/// Time that the processor may take for a 3D view while it moves.
const BUDGET: Duration = Duration::from_millis(28);
/// The same for one that shows a volume.
const RAY_BUDGET: Duration = Duration::from_millis(50);
/// Coarsest picture while something moves: one pixel for so many, each way.
const COARSEST: usize = 4;

/// What a picture shows.
#[derive(Clone, PartialEq)]
pub(super) struct Wanted {
    pub scene: MeshScene,
    pub eye: Eye,
    pub volume: Option<SeenVolume>,
}

impl Wanted {
    fn draw(
        &self,
        layers: &mut MeshLayers,
        grain: Grain,
        cancel: &(dyn Fn() -> bool + Sync),
    ) -> Option<Vec<[u8; 3]>> {
        let eye = self.eye.finer(grain.fineness());
        match &self.volume {
            Some(volume) => {
                let volume = (volume, grain.ray_step());
                layers.render_volume(volume, &self.scene, &eye, cancel)
            }
            None => layers.render(&self.scene, &eye, cancel),
        }
    }

    /// Of the screen.
    pub fn pixels(&self) -> f64 {
        self.eye.size[0] * self.eye.size[1]
    }
}

/// A finer picture being made.
type Refining = Job<(), (Grain, Option<Vec<[u8; 3]>>)>;

struct Shown {
    /// Where there is no driver to give the picture to (tests without one).
    texture: Option<TextureHandle>,
    wanted: Wanted,
    grain: Grain,
    changed: Instant,
    refining: Option<Refining>,
    /// A finer picture cannot be made.
    is_last: bool,
    painted: bool,
}

/// Needles as they were when their surface was made, and mm per point.
type NeedlesMade = (Vec<SceneNeedle>, f64, Arc<Surface>);

/// The pictures of all 3D views.
pub struct ScenePictures {
    shown: HashMap<ViewportId, Shown>,
    layers: HashMap<ViewportId, MeshLayers>,
    needles: HashMap<ViewportId, NeedlesMade>,
    /// What the graphics card shows of volumes.
    pub(super) on_card: OnCard,
    /// Why the graphics card does not draw 3D views, and whether it was said.
    pub(super) trouble: Option<(String, bool)>,
    /// Seconds per pixel of the last pictures of surfaces, and of volumes.
    seconds_per_pixel: [f64; 2],
    /// Smooth edges at once: for screenshots.
    pub smooth_at_once: bool,
}

impl Default for ScenePictures {
    fn default() -> Self {
        Self {
            shown: HashMap::new(),
            layers: HashMap::new(),
            needles: HashMap::new(),
            on_card: OnCard::default(),
            trouble: None,
            seconds_per_pixel: [1.5e-7, 8e-7],
            smooth_at_once: false,
        }
    }
}

impl ScenePictures {
    /// Whether every picture on the screen is a full one.
    pub fn is_settled(&self) -> bool {
        let full = |shown: &Shown| matches!(shown.grain, Grain::Fine(_));
        self.shown.values().all(full)
    }

    /// Forgets the views that were not painted since the last call.
    pub fn end_frame(&mut self) {
        self.shown
            .retain(|_, shown| std::mem::replace(&mut shown.painted, false));
        self.on_card.end_frame();
        let shown = &self.shown;
        self.layers.retain(|id, _| shown.contains_key(id));
    }

    /// Forgets all pictures: what showed them is gone.
    pub(super) fn forget_all(&mut self) {
        self.shown.clear();
        self.on_card = OnCard::default();
    }

    /// Why the graphics card does not draw 3D views, once.
    pub(super) fn take_new_trouble(&mut self) -> Option<String> {
        let (words, said) = self.trouble.as_mut()?;
        (!std::mem::replace(said, true)).then(|| words.clone())
    }

    fn needles(&mut self, id: ViewportId, state: &AppState, mm_per_point: f64) -> Arc<Surface> {
        let now = state.scene_needles();
        let made = self.needles.get(&id);
        if let Some((_, _, surface)) =
            made.filter(|(needles, scale, _)| *needles == now && *scale == mm_per_point)
        {
            return Arc::clone(surface);
        }
        let surface = Arc::new(needle_surface(&now, mm_per_point));
        self.needles
            .insert(id, (now, mm_per_point, Arc::clone(&surface)));
        surface
    }

    /// How coarse a picture must be to be made within the budget.
    fn grain(&self, id: ViewportId, wanted: &Wanted) -> Grain {
        let Wanted { scene, eye, .. } = wanted;
        if wanted.volume.is_some() {
            let seconds = wanted.pixels() * self.seconds_per_pixel[1];
            let over = (seconds / RAY_BUDGET.as_secs_f64()).sqrt().ceil() as usize;
            // Never the finest at once: its steps along the rays take twice as long.
            return Grain::Coarse(over.clamp(1, COARSEST_RAYS));
        }
        let large = |scene: &MeshScene| -> Vec<_> {
            scene
                .items
                .iter()
                .filter(|i| is_large(i))
                .cloned()
                .collect()
        };
        let rests = self.shown.get(&id).is_some_and(|shown| {
            let before = &shown.wanted;
            before.eye == *eye && before.volume.is_none() && large(&before.scene) == large(scene)
        });
        if rests {
            // What is large is kept from the last picture: only needles are drawn.
            return Grain::Fine(1);
        }
        let seconds = wanted.pixels() * self.seconds_per_pixel[0];
        let over = (seconds / BUDGET.as_secs_f64()).sqrt().ceil() as usize;
        match over.clamp(1, COARSEST) {
            1 => Grain::Fine(1),
            coarse => Grain::Coarse(coarse),
        }
    }
}

impl Pictures {
    /// Draws the 3D view of a viewport as its eye, in points, sees it.
    pub fn paint_scene(
        &mut self,
        ui: &Ui,
        rect: Rect,
        id: ViewportId,
        state: &AppState,
        eye: &Eye,
    ) {
        let needles = self.scenes.needles(id, state, eye.mm_per_pixel);
        let scene = state.mesh_scene(&needles);
        let scale = f64::from(ui.ctx().pixels_per_point());
        let eye = Eye {
            size: eye.size.map(|points| (points * scale).round().max(1.0)),
            mm_per_pixel: eye.mm_per_pixel / scale,
            ..*eye
        };
        let volume = state.volume_look.rays().map(|source| SeenVolume {
            source: Arc::clone(source),
            cut: state.cut_plane(&eye),
        });
        let wanted = Wanted { scene, eye, volume };
        let on_card = self.uses_gpu(state.settings.back_end) && self.scenes.trouble.is_none();
        if on_card && self.paint_scene_gpu(ui, rect, id, &wanted) {
            return;
        }
        let known = self.scenes.shown.get(&id);
        // Rays are worth their time only once nothing more is to come.
        let waits = wanted.volume.is_some() && state.is_busy();
        let unhurried = match (self.unhurried, self.scenes.smooth_at_once) {
            (_, true) | (true, false) if waits => Some(Grain::Coarse(COARSEST_RAYS)),
            (_, true) => Some(Grain::Fine(SMOOTH)),
            (true, false) => Some(Grain::Fine(1)),
            (false, false) => None,
        };
        let same = |shown: &&Shown| shown.wanted == wanted;
        let known = known.filter(same).map(|shown| shown.grain);
        match (known, unhurried) {
            (Some(grain), Some(due)) if grain != due && !waits => {
                self.render_scene(ui, id, wanted, due);
            }
            (Some(_), _) => self.refine_scene(ui, id),
            (None, due) => {
                let grain = due.unwrap_or_else(|| self.scenes.grain(id, &wanted));
                self.render_scene(ui, id, wanted, grain);
            }
        }
        self.show_scene(ui, rect, id);
    }

    fn render_scene(&mut self, ui: &Ui, id: ViewportId, wanted: Wanted, grain: Grain) {
        let start = Instant::now();
        let layers = self.scenes.layers.entry(id).or_default();
        let Some(colors) = wanted.draw(layers, grain, &|| false) else {
            return;
        };
        let drawn = colors.len().max(1) as f64;
        let seconds = start.elapsed().as_secs_f64() / drawn;
        let shown = self.scenes.shown.get(&id);
        // Kept layers of surfaces make a picture cheaper than the next one may be.
        let is_whole = wanted.volume.is_some() || shown.is_none_or(|s| s.wanted.eye != wanted.eye);
        let [surfaces, rays] = &mut self.scenes.seconds_per_pixel;
        let (usual, seconds) = match wanted.volume {
            // Of coarse pictures, whose steps along the rays are fewer.
            Some(_) => (rays, seconds * grain.ray_step() / COARSE_STEP),
            None => (surfaces, seconds),
        };
        *usual = learned(*usual, seconds, is_whole);
        self.put_scene(ui, id, (wanted, grain), &colors);
    }

    fn put_scene(
        &mut self,
        ui: &Ui,
        id: ViewportId,
        (wanted, grain): (Wanted, Grain),
        colors: &[[u8; 3]],
    ) {
        let eye = wanted.eye.finer(grain.fineness());
        let size = eye.size.map(|n| n as usize);
        let old = self
            .scenes
            .shown
            .remove(&id)
            .and_then(|shown| shown.texture);
        let texture = if let Some(gpu) = &self.gpu {
            let bytes: Vec<u8> = colors
                .iter()
                .flat_map(|&[r, g, b]| [r, g, b, 255])
                .collect();
            let placing = placing(&wanted.eye, grain.fineness());
            gpu.put_colors(id.0 as u64, (&bytes, size), placing);
            None
        } else {
            let image = ColorImage::from_rgb(size, bytemuck::cast_slice(colors));
            let mut texture = old.unwrap_or_else(|| {
                let empty = ColorImage::default();
                let name = format!("scene {}", id.0);
                ui.ctx().load_texture(name, empty, TextureOptions::LINEAR)
            });
            texture.set(image, TextureOptions::LINEAR);
            Some(texture)
        };
        let shown = Shown {
            texture,
            wanted,
            grain,
            changed: Instant::now(),
            refining: None,
            is_last: false,
            painted: true,
        };
        self.scenes.shown.insert(id, shown);
    }

    fn show_scene(&mut self, ui: &Ui, rect: Rect, id: ViewportId) {
        let Some(shown) = self.scenes.shown.get_mut(&id) else {
            return;
        };
        shown.painted = true;
        if shown.grain != Grain::Fine(SMOOTH) && !shown.is_last && !self.unhurried {
            ui.ctx().request_repaint_after(SETTLE);
        }
        if let Some(texture) = &shown.texture {
            let scale = ui.ctx().pixels_per_point();
            let fineness = shown.grain.fineness() as f32;
            let extent = texture.size_vec2() / fineness / scale;
            let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
            let place = Rect::from_min_size(rect.min, extent);
            ui.painter_at(rect)
                .image(texture.id(), place, whole, Color32::WHITE);
        } else {
            let viewport = id.0 as u64;
            let callback = ColorCallback { viewport };
            ui.painter()
                .add(egui_wgpu::Callback::new_paint_callback(rect, callback));
        }
    }

    /// Makes finer pictures in the background once nothing has changed for a while.
    fn refine_scene(&mut self, ui: &Ui, id: ViewportId) {
        let unhurried = self.unhurried;
        let Some(shown) = self.scenes.shown.get_mut(&id) else {
            return;
        };
        if shown.grain == Grain::Fine(SMOOTH) || shown.is_last || unhurried {
            return;
        }
        if let Some(job) = &shown.refining {
            if let Some(event) = job.poll().pop() {
                let (wanted, changed) = (shown.wanted.clone(), shown.changed);
                shown.refining = None;
                // What could not be drawn now cannot be in the next frame either.
                shown.is_last = true;
                if let JobEvent::Finished((grain, Some(colors))) = event {
                    self.put_scene(ui, id, (wanted, grain), &colors);
                    if let Some(shown) = self.scenes.shown.get_mut(&id) {
                        // The next finer one need not wait.
                        shown.changed = changed;
                    }
                }
            }
            return;
        }
        if shown.changed.elapsed() < SETTLE {
            return;
        }
        let wanted = shown.wanted.clone();
        let grain = match wanted.volume {
            Some(_) => shown.grain.finer(),
            None => Grain::Fine(SMOOTH),
        };
        let ctx = ui.ctx().clone();
        let waker = Arc::new(move || ctx.request_repaint());
        let job = Job::spawn("refine 3D", waker, move |sink| {
            let token = sink.cancel_token().clone();
            let draw = || wanted.draw(&mut MeshLayers::default(), grain, &|| token.is_cancelled());
            // Rays take long: the shared threads stay free for the views that move.
            let colors = match wanted.volume {
                Some(_) => on_own_threads("refine", draw),
                None => draw(),
            };
            (grain, colors)
        });
        shown.refining = job.ok();
    }
}

pub(super) fn placing(screen: &Eye, fineness: f64) -> Placing {
    Placing {
        screen: screen.size.map(|n| n as usize),
        fineness: fineness as f32,
    }
}
