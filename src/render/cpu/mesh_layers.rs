//! Keeps the layers of the last pictures of a scene, so that what has not changed is not drawn
//! again: a needle that is dragged before a still spine costs as little as the needle.

use std::sync::Arc;

use super::Cancel;
use super::mesh::{Layer, composite, render_layer};
use super::ray_cast::{Surroundings, render_rays};
use crate::render::eye::Eye;
use crate::render::mesh_scene::{MeshItem, MeshScene};
use crate::render::ray_volume::SeenVolume;

/// Surfaces of fewer triangles are drawn together, apart from the large ones: needles and marks.
const SMALL: usize = 5_000;

/// What a layer shows.
#[derive(Debug, Clone, PartialEq)]
struct Key {
    items: Vec<MeshItem>,
    eye: Eye,
    reach_mm: f64,
}

/// Layers of one picture.
struct Drawn {
    opaque: Vec<Arc<Layer>>,
    translucent: Vec<Arc<Layer>>,
}

impl Drawn {
    fn split(&self) -> (Vec<&Layer>, Vec<&Layer>) {
        (plain(&self.opaque), plain(&self.translucent))
    }
}

fn plain(layers: &[Arc<Layer>]) -> Vec<&Layer> {
    layers.iter().map(|layer| &**layer).collect()
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
        let veils = scene.translucent(eye).into_iter().map(|item| vec![item]);
        let drawn = self.layers(scene, veils.collect(), (eye, reach_mm), cancel)?;
        let (opaque, translucent) = drawn.split();
        let size = eye.size.map(|n| n as usize);
        Some(composite(size, &opaque, &translucent, scene.background))
    }

    /// The picture of a volume among the surfaces of a scene, with steps along the rays so many
    /// times as long as the finest; red, green, blue row by row.
    ///
    /// `None` when cancelled, and for an eye that cannot be looked through.
    pub fn render_volume(
        &mut self,
        (volume, coarse): (&SeenVolume, f64),
        scene: &MeshScene,
        eye: &Eye,
        cancel: Cancel<'_>,
    ) -> Option<Vec<[u8; 3]>> {
        let request = volume.request(scene, eye, coarse);
        let drawn = self.layers(scene, scene.veils(eye), (eye, request.reach_mm), cancel)?;
        let (opaque, veils) = drawn.split();
        let around = Surroundings {
            opaque: &opaque,
            veils: &veils,
            background: scene.background,
        };
        render_rays(&volume.source, &request, around, cancel)
    }

    /// Layers of the opaque surfaces and of the groups of translucent ones.
    fn layers(
        &mut self,
        scene: &MeshScene,
        veils: Vec<Vec<&MeshItem>>,
        (eye, reach_mm): (&Eye, f64),
        cancel: Cancel<'_>,
    ) -> Option<Drawn> {
        let (large, small): (Vec<_>, Vec<_>) = scene.opaque().partition(|item| is_large(item));
        let opaque = [large, small]
            .iter()
            .map(|items| self.layer(items, eye, reach_mm, cancel))
            .collect::<Option<Vec<_>>>()?;
        let translucent = veils
            .iter()
            .map(|items| self.layer(items, eye, reach_mm, cancel))
            .collect::<Option<Vec<_>>>()?;
        // Those of this picture and of the one before it.
        let most = 2 * (opaque.len() + translucent.len());
        let surplus = self.kept.len().saturating_sub(most);
        self.kept.drain(..surplus);
        Some(Drawn {
            opaque,
            translucent,
        })
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
