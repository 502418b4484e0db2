//! Pictures of 3D views: drawn by the graphics card, or by the processor as fine as it can while
//! something moves and with smooth edges once nothing does.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::{Color32, ColorImage, Rect, TextureHandle, TextureOptions, Ui, pos2};

use super::super::gpu::{ColorCallback, SceneCallback};
use super::pictures::{Pictures, SETTLE};
use crate::app::AppState;
use crate::app::job::{Job, JobEvent};
use crate::app::scene::{SceneNeedle, needle_surface};
use crate::app::viewport::ViewportId;
use crate::geometry::Surface;
use crate::render::cpu::mesh_layers::{MeshLayers, is_large};
use crate::render::{Eye, MeshScene, Placing, cpu};

/// Time that the processor may take for a 3D view while it moves.
const BUDGET: Duration = Duration::from_millis(28);
/// Coarsest picture while something moves: one pixel for so many, each way.
const COARSEST: usize = 4;
/// Picture pixels for one of the screen, each way, that make smooth edges.
const SMOOTH: usize = 2;

/// Picture pixels and screen pixels, one of the two 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grain {
    /// One picture pixel for so many of the screen, each way.
    Coarse(usize),
    /// So many picture pixels for one of the screen, each way.
    Fine(usize),
}

impl Grain {
    fn fineness(self) -> f64 {
        match self {
            Self::Coarse(n) => 1.0 / n as f64,
            Self::Fine(n) => n as f64,
        }
    }
}

struct Shown {
    /// Where there is no driver to give the picture to (tests without one).
    texture: Option<TextureHandle>,
    wanted: (MeshScene, Eye),
    grain: Grain,
    changed: Instant,
    refining: Option<Job<(), Option<Vec<[u8; 3]>>>>,
    painted: bool,
}

/// Needles as they were when their surface was made, and mm per point.
type NeedlesMade = (Vec<SceneNeedle>, f64, Arc<Surface>);

/// The pictures of all 3D views.
pub struct ScenePictures {
    shown: HashMap<ViewportId, Shown>,
    layers: HashMap<ViewportId, MeshLayers>,
    needles: HashMap<ViewportId, NeedlesMade>,
    /// Seconds per pixel of the last pictures.
    seconds_per_pixel: f64,
    /// Smooth edges at once: for screenshots.
    pub smooth_at_once: bool,
}

impl Default for ScenePictures {
    fn default() -> Self {
        Self {
            shown: HashMap::new(),
            layers: HashMap::new(),
            needles: HashMap::new(),
            seconds_per_pixel: 1.5e-7,
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
        let shown = &self.shown;
        self.layers.retain(|id, _| shown.contains_key(id));
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
    fn grain(&self, id: ViewportId, wanted: &(MeshScene, Eye)) -> Grain {
        let (scene, eye) = wanted;
        let large = |scene: &MeshScene| -> Vec<_> {
            scene
                .items
                .iter()
                .filter(|i| is_large(i))
                .cloned()
                .collect()
        };
        let rests = self.shown.get(&id).is_some_and(|shown| {
            let (before, old_eye) = &shown.wanted;
            old_eye == eye && large(before) == large(scene)
        });
        if rests {
            // What is large is kept from the last picture: only needles are drawn.
            return Grain::Fine(1);
        }
        let seconds = eye.size[0] * eye.size[1] * self.seconds_per_pixel;
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
        if self.uses_gpu(state.settings.back_end) {
            let callback = SceneCallback {
                viewport: id.0 as u64,
                scene,
                eye,
                placing: placing(&eye, 1.0),
            };
            ui.painter()
                .add(egui_wgpu::Callback::new_paint_callback(rect, callback));
            return;
        }
        let wanted = (scene, eye);
        let known = self.scenes.shown.get(&id);
        if known.is_some_and(|shown| shown.wanted == wanted) {
            self.refine_scene(ui, id);
        } else {
            let grain = match (self.unhurried, self.scenes.smooth_at_once) {
                (_, true) => Grain::Fine(SMOOTH),
                (true, false) => Grain::Fine(1),
                (false, false) => self.scenes.grain(id, &wanted),
            };
            self.render_scene(ui, id, wanted, grain);
        }
        self.show_scene(ui, rect, id);
    }

    fn render_scene(&mut self, ui: &Ui, id: ViewportId, wanted: (MeshScene, Eye), grain: Grain) {
        let eye = wanted.1.finer(grain.fineness());
        let start = Instant::now();
        let layers = self.scenes.layers.entry(id).or_default();
        let Some(colors) = layers.render(&wanted.0, &eye, &|| false) else {
            return;
        };
        let seconds = start.elapsed().as_secs_f64() / (eye.size[0] * eye.size[1]).max(1.0);
        let usual = &mut self.scenes.seconds_per_pixel;
        // Kept layers make a picture cheaper than the next one may be: learns from dear ones only.
        if seconds > 0.5 * *usual {
            *usual = 0.7 * *usual + 0.3 * seconds;
        }
        self.put_scene(ui, id, (wanted, grain), &colors);
    }

    fn put_scene(
        &mut self,
        ui: &Ui,
        id: ViewportId,
        (wanted, grain): ((MeshScene, Eye), Grain),
        colors: &[[u8; 3]],
    ) {
        let eye = wanted.1.finer(grain.fineness());
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
            let placing = placing(&wanted.1, grain.fineness());
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
            painted: true,
        };
        self.scenes.shown.insert(id, shown);
    }

    fn show_scene(&mut self, ui: &Ui, rect: Rect, id: ViewportId) {
        let Some(shown) = self.scenes.shown.get_mut(&id) else {
            return;
        };
        shown.painted = true;
        if shown.grain != Grain::Fine(SMOOTH) && !self.unhurried {
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

    /// Makes the picture with smooth edges in the background once nothing has changed for a while.
    fn refine_scene(&mut self, ui: &Ui, id: ViewportId) {
        let unhurried = self.unhurried;
        let Some(shown) = self.scenes.shown.get_mut(&id) else {
            return;
        };
        if shown.grain == Grain::Fine(SMOOTH) || unhurried {
            return;
        }
        if let Some(job) = &shown.refining {
            if let Some(event) = job.poll().pop() {
                let wanted = shown.wanted.clone();
                shown.refining = None;
                if let JobEvent::Finished(Some(colors)) = event {
                    self.put_scene(ui, id, (wanted, Grain::Fine(SMOOTH)), &colors);
                }
            }
            return;
        }
        if shown.changed.elapsed() < SETTLE {
            return;
        }
        let (scene, eye) = shown.wanted.clone();
        let eye = eye.finer(Grain::Fine(SMOOTH).fineness());
        let ctx = ui.ctx().clone();
        let waker = Arc::new(move || ctx.request_repaint());
        let job = Job::spawn("refine surfaces", waker, move |sink| {
            let token = sink.cancel_token().clone();
            cpu::mesh::render_meshes(&scene, &eye, &|| token.is_cancelled())
        });
        shown.refining = job.ok();
    }
}

fn placing(screen: &Eye, fineness: f64) -> Placing {
    Placing {
        screen: screen.size.map(|n| n as usize),
        fineness: fineness as f32,
    }
}
