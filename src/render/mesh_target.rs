//! The textures that surfaces are drawn into.

use super::RenderError;
use super::adapter::checked;

/// What is drawn into; display values, not linear light.
pub const MESH_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

pub(super) const DEPTH_FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Depth32Float;

/// How edges are drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Edges {
    /// One sample a pixel, as the processor does it.
    Stepped,
    /// Four samples a pixel, which every adapter offers.
    Smooth,
}

impl Edges {
    pub(super) fn samples(self) -> u32 {
        match self {
            Self::Stepped => 1,
            Self::Smooth => 4,
        }
    }
}

/// The textures one picture is drawn into.
#[derive(Debug)]
pub struct MeshTarget {
    /// The finished picture.
    pub picture: wgpu::Texture,
    samples: Option<wgpu::Texture>,
    depth: wgpu::Texture,
    /// How its edges are drawn.
    pub edges: Edges,
}

impl MeshTarget {
    /// Textures of a size. `Err` where the device allows no such size or has no memory for it.
    pub fn new(
        device: &wgpu::Device,
        [width, height]: [usize; 2],
        edges: Edges,
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
        let texture = |format, sample_count, usage| {
            device.create_texture(&wgpu::TextureDescriptor {
                label: Some("surfaces"),
                size: wgpu::Extent3d {
                    width: width as u32,
                    height: height as u32,
                    depth_or_array_layers: 1,
                },
                mip_level_count: 1,
                sample_count,
                dimension: wgpu::TextureDimension::D2,
                format,
                usage,
                view_formats: &[],
            })
        };
        let drawn = wgpu::TextureUsages::RENDER_ATTACHMENT;
        let read = wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_SRC;
        let count = edges.samples();
        checked(device, || Self {
            picture: texture(MESH_FORMAT, 1, drawn | read),
            samples: (count > 1).then(|| texture(MESH_FORMAT, count, drawn)),
            depth: texture(DEPTH_FORMAT, count, drawn),
            edges,
        })
    }

    /// Columns and rows.
    pub fn size(&self) -> [usize; 2] {
        [self.picture.width(), self.picture.height()].map(|n| n as usize)
    }
}

/// Views of a target's textures, alive while a pass is recorded.
pub(super) struct Views {
    picture: wgpu::TextureView,
    samples: Option<wgpu::TextureView>,
    depth: wgpu::TextureView,
}

impl Views {
    pub(super) fn of(target: &MeshTarget) -> Self {
        let view = |texture: &wgpu::Texture| texture.create_view(&Default::default());
        Self {
            picture: view(&target.picture),
            samples: target.samples.as_ref().map(view),
            depth: view(&target.depth),
        }
    }

    pub(super) fn color(&self, background: [u8; 3]) -> wgpu::RenderPassColorAttachment<'_> {
        let [r, g, b] = background.map(|c| f64::from(c) / 255.0);
        let background = wgpu::Color { r, g, b, a: 1.0 };
        wgpu::RenderPassColorAttachment {
            view: self.samples.as_ref().unwrap_or(&self.picture),
            depth_slice: None,
            resolve_target: self.samples.as_ref().map(|_| &self.picture),
            ops: wgpu::Operations {
                load: wgpu::LoadOp::Clear(background),
                store: if self.samples.is_some() {
                    wgpu::StoreOp::Discard
                } else {
                    wgpu::StoreOp::Store
                },
            },
        }
    }

    pub(super) fn depth(&self) -> wgpu::RenderPassDepthStencilAttachment<'_> {
        wgpu::RenderPassDepthStencilAttachment {
            view: &self.depth,
            depth_ops: Some(wgpu::Operations {
                load: wgpu::LoadOp::Clear(1.0),
                store: wgpu::StoreOp::Discard,
            }),
            stencil_ops: None,
        }
    }
}
