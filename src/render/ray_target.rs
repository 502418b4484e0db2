//! The textures that a ray-cast picture and the surfaces in it are drawn into.

use super::RenderError;
use super::adapter::checked;
use super::mesh_scene::MOST_VEILS;
use super::mesh_target::{DEPTH_FORMAT, MESH_FORMAT};

/// Depths of surfaces as the bits of an `f32`: OpenGL reads no texels of depth textures, and not
/// every adapter writes floats.
pub(super) const DEPTH_BITS_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::R32Uint;

/// The textures of one picture: opaque surfaces, veils each in a layer, and the finished picture.
#[derive(Debug)]
pub struct RayTarget {
    /// The finished picture.
    pub picture: wgpu::Texture,
    pub(super) color: wgpu::Texture,
    pub(super) depth: wgpu::Texture,
    pub(super) veil_colors: wgpu::Texture,
    pub(super) veil_depths: wgpu::Texture,
    /// Finds the nearest surface of a layer; nothing of it is read.
    depth_test: wgpu::Texture,
}

impl RayTarget {
    /// Textures of a size with room for so many veils, [`MOST_VEILS`] at most. `Err` where the
    /// device allows no such size or has no memory for it.
    pub fn new(
        device: &wgpu::Device,
        [width, height]: [usize; 2],
        veils: usize,
    ) -> Result<Self, RenderError> {
        let limit = device.limits().max_texture_dimension_2d;
        let fits = 1..=limit as usize;
        if !fits.contains(&width) || !fits.contains(&height) {
            return Err(RenderError::PictureSize {
                width,
                height,
                limit,
            });
        }
        let texture = |format, layers: usize, usage| {
            device.create_texture(&wgpu::TextureDescriptor {
                label: Some("rays"),
                size: wgpu::Extent3d {
                    width: width as u32,
                    height: height as u32,
                    depth_or_array_layers: layers as u32,
                },
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format,
                usage,
                view_formats: &[],
            })
        };
        let drawn = wgpu::TextureUsages::RENDER_ATTACHMENT;
        let read = wgpu::TextureUsages::TEXTURE_BINDING;
        let veils = veil_layers(veils);
        checked(device, || Self {
            picture: texture(MESH_FORMAT, 1, drawn | read | wgpu::TextureUsages::COPY_SRC),
            color: texture(MESH_FORMAT, 1, drawn | read),
            depth: texture(DEPTH_BITS_FORMAT, 1, drawn | read),
            veil_colors: texture(MESH_FORMAT, veils, drawn | read),
            veil_depths: texture(DEPTH_BITS_FORMAT, veils, drawn | read),
            depth_test: texture(DEPTH_FORMAT, 1, drawn),
        })
    }

    /// Columns and rows.
    pub fn size(&self) -> [usize; 2] {
        [self.picture.width(), self.picture.height()].map(|n| n as usize)
    }

    /// Whether so many veils have room.
    pub fn holds(&self, veils: usize) -> bool {
        veils.min(MOST_VEILS) <= self.veil_colors.depth_or_array_layers() as usize
    }

    /// A view of a whole texture, an array where it is to be read as one.
    pub(super) fn whole(
        texture: &wgpu::Texture,
        dimension: wgpu::TextureViewDimension,
    ) -> wgpu::TextureView {
        texture.create_view(&wgpu::TextureViewDescriptor {
            dimension: Some(dimension),
            ..Default::default()
        })
    }

    /// Views that a layer of surfaces is drawn into, the opaque ones or a veil: colours, bits of
    /// the depths, and what finds the nearest.
    pub(super) fn layer(&self, veil: Option<usize>) -> [wgpu::TextureView; 3] {
        let (color, depth) = match veil {
            None => (&self.color, &self.depth),
            Some(_) => (&self.veil_colors, &self.veil_depths),
        };
        let layer = veil.unwrap_or(0) as u32;
        [(color, layer), (depth, layer), (&self.depth_test, 0)].map(|(texture, layer)| {
            texture.create_view(&wgpu::TextureViewDescriptor {
                dimension: Some(wgpu::TextureViewDimension::D2),
                base_array_layer: layer,
                array_layer_count: Some(1),
                ..Default::default()
            })
        })
    }
}

/// Layers of a texture for so many veils. On OpenGL a texture of one layer is taken for no array,
/// and one of six for a cube.
fn veil_layers(veils: usize) -> usize {
    match veils.clamp(2, MOST_VEILS) {
        6 => 7,
        layers => layers,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_veil_has_a_layer_and_no_driver_takes_them_for_something_else() {
        for veils in 0..=2 * MOST_VEILS {
            let layers = veil_layers(veils);
            assert!(layers >= veils.min(MOST_VEILS), "{layers} for {veils}");
            assert!(
                layers >= 2 && !layers.is_multiple_of(6),
                "{layers} for {veils}"
            );
            // Few enough for the memory that a pixel may take.
            assert!(layers <= 7, "{layers} for {veils}");
        }
    }
}
