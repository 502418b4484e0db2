//! Keeps the layers of the last pictures of a scene, so that what has not changed is not drawn
//! again: a needle that is dragged before a still spine costs as little as the needle.

use std::sync::Arc;

use super::Cancel;
use super::mesh::{Layer, composite, render_layer};
use crate::render::eye::Eye;
use crate::render::mesh_scene::{MeshItem, MeshScene};

/// Surfaces of fewer triangles are drawn together, apart from the large ones: needles and marks.
const SMALL: usize = 5_000;

/// What a layer shows.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    items: Vec<MeshItem>,
    eye: Eye,
    reach_mm: f64,
}

/// Layers of the last pictures, the latest last.
#[derive(Debug, Default)]
pub struct MeshLayers {
    kept: Vec<(Key, Arc<Layer>)>,
}

impl MeshLayers {
    /// The picture of a scene, red, green, blue row by row.
    ///
    /// `None` when cancelled, and for an eye that cannot be looked through.
    pub fn render(
        &mut self,
        scene: &MeshScene,
        eye: &Eye,
        cancel: Cancel<'_>,
    ) -> Option<Vec<[u8; 3]>> {
        let reach_mm = scene.reach_mm(eye);
        let (large, small): (Vec<_>, Vec<_>) = scene.opaque().partition(|item| is_large(item));
        let opaque = [large, small]
            .iter()
            .map(|items| self.layer(items, eye, reach_mm, cancel))
            .collect::<Option<Vec<_>>>()?;
        let translucent = scene
            .translucent(eye)
            .into_iter()
            .map(|item| self.layer(&[item], eye, reach_mm, cancel))
            .collect::<Option<Vec<_>>>()?;
        // Those of this picture and of the one before it.
        let most = 2 * (opaque.len() + translucent.len());
        let surplus = self.kept.len().saturating_sub(most);
        self.kept.drain(..surplus);
        let size = eye.size.map(|n| n as usize);
        let opaque: Vec<&Layer> = opaque.iter().map(|layer| &**layer).collect();
        let translucent: Vec<&Layer> = translucent.iter().map(|layer| &**layer).collect();
        Some(composite(size, &opaque, &translucent, scene.background))
    }

    fn layer(
        &mut self,
        items: &[&MeshItem],
        eye: &Eye,
        reach_mm: f64,
        cancel: Cancel<'_>,
    ) -> Option<Arc<Layer>> {
        let key = Key {
            items: items.iter().map(|item| (*item).clone()).collect(),
            eye: *eye,
            reach_mm,
        };
        if let Some(at) = self.kept.iter().position(|(kept, _)| *kept == key) {
            let found = self.kept.remove(at);
            let layer = Arc::clone(&found.1);
            self.kept.push(found);
            return Some(layer);
        }
        let layer = Arc::new(render_layer(items, eye, reach_mm, cancel)?);
        self.kept.push((key, Arc::clone(&layer)));
        Some(layer)
    }
}

/// Whether a surface takes long to draw.
pub fn is_large(item: &MeshItem) -> bool {
    item.surface.mesh().triangles.len() >= SMALL
}

#[cfg(test)]
mod tests {
    use super::super::mesh::render_meshes;
    use super::*;
    use crate::geometry::{Point, Segment, Surface, Vector, solid};

    #[test]
    fn kept_layers_give_the_same_picture_and_only_what_moved_is_drawn() {
        let item = |mesh, opacity| MeshItem {
            surface: Arc::new(Surface::new(mesh)),
            color: [90, 160, 230],
            opacity,
        };
        let center = Point::new(0., 0., 0.);
        let still = [
            item(solid::sphere(center, 40.0, 5), 0.3),
            item(solid::sphere(center, 20.0, 4), 1.0),
        ];
        let needle = |x: f64| {
            let shaft = Segment::new(Point::new(x, -60., 0.), Point::new(x, 10., 8.));
            item(solid::tube(shaft, [1.5, 1.5], 12), 1.0)
        };
        let eye = Eye {
            target: center,
            right: Vector::new(1., 0., 0.),
            down: Vector::new(0., 0., -1.),
            mm_per_pixel: 0.8,
            size: [120.0, 90.0],
            viewer_mm: Some(900.0),
        };
        let mut layers = MeshLayers::default();
        let mut before = Vec::new();
        for x in [-10.0, -5.0, 0.0, 12.0] {
            let mut items = still.to_vec();
            items.push(needle(x));
            let scene = MeshScene {
                items,
                background: [5; 3],
            };
            let picture = layers.render(&scene, &eye, &|| false).unwrap();
            assert_eq!(
                Some(&picture),
                render_meshes(&scene, &eye, &|| false).as_ref()
            );
            assert_ne!(picture, before);
            before = picture;
        }
        // Skin, bone with needle, and the empty layer of large surfaces; of two pictures.
        assert_eq!(layers.kept.len(), 6);
    }
}
