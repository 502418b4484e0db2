//! 3D views that the graphics card draws: how fine, and what becomes of those it cannot draw.

use std::collections::HashMap;
use std::time::Instant;

use egui::{Rect, Ui};

use super::super::gpu::{Gpu, SceneCallback};
use super::pictures::{Pictures, SETTLE};
use super::scene_grain::{COARSE_STEP, card_fineness};
use super::scene_pictures::{Wanted, placing};
use crate::app::viewport::ViewportId;

/// A view of a volume.
struct View {
    wanted: Wanted,
    since: Instant,
    /// Picture pixels for one of the screen, each way, while it moves and at rest. Chosen once: a
    /// picture that took long must not be drawn again.
    fineness: [Option<f64>; 2],
    painted: bool,
}

/// What the graphics card shows of volumes.
#[derive(Default)]
pub(super) struct OnCard {
    views: HashMap<ViewportId, View>,
}

impl OnCard {
    /// Forgets the views that were not painted since the last call, and the volumes in them.
    pub fn end_frame(&mut self) {
        self.views
            .retain(|_, view| std::mem::replace(&mut view.painted, false));
    }

    /// How fine the graphics card draws a view, at rest or while it moves, and whether it rests.
    /// Where nobody waits for it, it is a full one at once.
    fn fineness(
        &mut self,
        id: ViewportId,
        wanted: &Wanted,
        seconds_per_pixel: f64,
        at_rest_at_once: bool,
    ) -> (f64, bool) {
        let known = self.views.remove(&id).filter(|on| on.wanted == *wanted);
        let mut on = known.unwrap_or_else(|| View {
            wanted: wanted.clone(),
            since: Instant::now(),
            fineness: [None; 2],
            painted: true,
        });
        on.painted = true;
        let rests = at_rest_at_once || on.since.elapsed() >= SETTLE;
        let [moving, resting] = &mut on.fineness;
        let chosen = if rests { resting } else { moving };
        let pixels = wanted.pixels();
        let fineness =
            *chosen.get_or_insert_with(|| card_fineness(pixels, seconds_per_pixel, rests));
        self.views.insert(id, on);
        let least = if at_rest_at_once { 1.0 } else { 0.0 };
        (fineness.max(least), rests)
    }
}

impl Pictures {
    /// The graphics card draws what has changed; a volume as fine as it can in time. False where
    /// it cannot.
    pub(super) fn paint_scene_gpu(
        &mut self,
        ui: &Ui,
        rect: Rect,
        id: ViewportId,
        wanted: &Wanted,
    ) -> bool {
        let mut fineness = 1.0;
        if let Some(volume) = &wanted.volume {
            if !self.hold_volume(ui, volume.source.volume()) {
                return false;
            }
            let seconds = self.gpu.as_ref().map_or(0.0, Gpu::ray_seconds_per_pixel);
            let unhurried = self.unhurried;
            let (chosen, rests) = self.scenes.on_card.fineness(id, wanted, seconds, unhurried);
            fineness = chosen;
            if !rests {
                ui.ctx().request_repaint_after(SETTLE);
            }
        }
        let step = if fineness < 1.0 { COARSE_STEP } else { 1.0 };
        let callback = SceneCallback {
            viewport: id.0 as u64,
            scene: wanted.scene.clone(),
            eye: wanted.eye.finer(fineness),
            volume: wanted.volume.clone().map(|volume| (volume, step)),
            placing: placing(&wanted.eye, fineness),
        };
        let ready = self.gpu.as_mut().map(|gpu| gpu.make_scene_ready(&callback));
        if let Some(Err(error)) = ready {
            let words = format!("{error}. The processor draws the 3D views instead");
            self.scenes.trouble = Some((words, false));
            ui.ctx().request_repaint();
            return false;
        }
        ui.painter()
            .add(egui_wgpu::Callback::new_paint_callback(rect, callback));
        ready.is_some()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::camera::{Camera, StandardView};
    use crate::app::viewport::Posture;
    use crate::geometry::Point;
    use crate::render::{MeshScene, RayVolume, SeenVolume, TransferPreset};
    use crate::volume::block_ranges::BlockRanges;
    use crate::volume::synthetic::SyntheticVolume;

    #[test]
    fn a_view_that_is_not_painted_any_more_keeps_no_volume() {
        let volume = Arc::new(SyntheticVolume::new([9; 3], [1.; 3]).build(|p| 50.0 * p.0.x));
        let ranges = Arc::new(BlockRanges::find(&volume, &|| false).unwrap());
        let function = TransferPreset::Bone.function(&|_| 0.0).unwrap();
        let source = RayVolume::new(Arc::clone(&volume), ranges, function).unwrap();
        let origin = Point::new(0., 0., 0.);
        let camera = Camera::standard(StandardView::Posterior, Posture::Prone, origin);
        let wanted = Wanted {
            scene: MeshScene {
                items: Vec::new(),
                background: [0; 3],
            },
            eye: camera.eye([200.0, 100.0], 0.5),
            volume: Some(SeenVolume {
                source: Arc::new(source),
                cut: None,
            }),
        };
        let mut scenes = OnCard::default();
        let id = ViewportId(3);
        let first = scenes.fineness(id, &wanted, 1e-9, true);
        // Dearer than thought: the picture that is there stays.
        assert_eq!(scenes.fineness(id, &wanted, 1.0, true), first);
        drop(wanted);
        let volume = {
            let weak = Arc::downgrade(&volume);
            drop(volume);
            weak
        };
        scenes.end_frame();
        assert!(volume.upgrade().is_some(), "painted in this frame");
        scenes.end_frame();
        assert!(volume.upgrade().is_none());
    }
}
