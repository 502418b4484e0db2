//! Puts pictures in colour on the screen: made by the processor, or drawn by the mesh pass.

use std::collections::HashMap;

use super::mesh_target::MESH_FORMAT;
use super::window_pipeline::{Held, WindowPipelines};

/// Source of the shader, for the test that validates it without a GPU.
pub const COLOR_SHADER: &str = include_str!("shader/color.wgsl");

/// Bytes of the uniform block.
pub const COLOR_UNIFORM_BYTES: usize = 32;

/// How a picture lies on the screen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placing {
    /// Columns and rows of the screen that it covers.
    pub screen: [usize; 2],
    /// Picture pixels for one of the screen, each way: below 1 for a coarse picture.
    pub fineness: f32,
}

/// Draws pictures in colour into a window, one per viewport.
#[derive(Debug)]
pub struct ColorPass {
    pipelines: WindowPipelines,
    held: HashMap<u64, Held>,
}

impl ColorPass {
    /// For one target format; colours reach the screen unchanged whether it is sRGB or not.
    pub fn new(device: &wgpu::Device, target: wgpu::TextureFormat) -> Self {
        let shader = ("colours", COLOR_SHADER);
        let texels = wgpu::TextureSampleType::Float { filterable: false };
        Self {
            pipelines: WindowPipelines::new(device, shader, texels, target),
            held: HashMap::new(),
        }
    }

    /// Brings the picture of a viewport to the device: red, green, blue and a fourth byte without
    /// meaning, row by row. One that does not hold what its size says is not shown.
    pub fn put(
        &mut self,
        viewport: u64,
        (device, queue): (&wgpu::Device, &wgpu::Queue),
        (bytes, size): (&[u8], [usize; 2]),
        placing: Placing,
    ) {
        let limit = device.limits().max_texture_dimension_2d as usize;
        let fits = size.iter().all(|side| (1..=limit).contains(side));
        if !fits || bytes.len() != 4 * size[0] * size[1] {
            self.held.remove(&viewport);
            return;
        }
        let extent = wgpu::Extent3d {
            width: size[0] as u32,
            height: size[1] as u32,
            depth_or_array_layers: 1,
        };
        let same = |held: &Held| {
            held.texture.size() == extent
                && held.texture.usage().contains(wgpu::TextureUsages::COPY_DST)
        };
        if !self.held.get(&viewport).is_some_and(same) {
            let texture = device.create_texture(&wgpu::TextureDescriptor {
                label: Some("colours"),
                size: extent,
                mip_level_count: 1,
                sample_count: 1,
                dimension: wgpu::TextureDimension::D2,
                format: MESH_FORMAT,
                usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
                view_formats: &[],
            });
            self.hold(viewport, device, texture);
        }
        let Some(held) = self.held.get(&viewport) else {
            return;
        };
        queue.write_texture(
            held.texture.as_image_copy(),
            bytes,
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(4 * extent.width),
                rows_per_image: None,
            },
            extent,
        );
        self.place(viewport, queue, placing);
    }

    /// Shows a texture that is drawn on the device.
    pub fn show(
        &mut self,
        viewport: u64,
        (device, queue): (&wgpu::Device, &wgpu::Queue),
        texture: &wgpu::Texture,
        placing: Placing,
    ) {
        let same = |held: &Held| held.texture == *texture;
        if !self.held.get(&viewport).is_some_and(same) {
            self.hold(viewport, device, texture.clone());
        }
        self.place(viewport, queue, placing);
    }

    /// Shows nothing in a viewport any more.
    pub fn forget(&mut self, viewport: u64) {
        self.held.remove(&viewport);
    }

    fn hold(&mut self, viewport: u64, device: &wgpu::Device, texture: wgpu::Texture) {
        let held = self.pipelines.hold(device, texture, COLOR_UNIFORM_BYTES);
        self.held.insert(viewport, held);
    }

    fn place(&mut self, viewport: u64, queue: &wgpu::Queue, placing: Placing) {
        let Some(held) = self.held.get_mut(&viewport) else {
            return;
        };
        held.is_exact = placing.fineness == 1.0;
        let size = [held.texture.width(), held.texture.height()].map(|n| n as f32);
        let screen = placing.screen.map(|n| n as f32);
        let block = [
            [size[0], size[1], screen[0], screen[1]],
            [placing.fineness, 0.0, 0.0, 0.0],
        ];
        queue.write_buffer(&held.uniforms, 0, bytemuck::bytes_of(&block));
    }

    /// Draws the picture of a viewport over the render pass's viewport; nothing where there is
    /// none.
    pub fn paint(&self, viewport: u64, pass: &mut wgpu::RenderPass<'_>) {
        if let Some(held) = self.held.get(&viewport) {
            self.pipelines.paint(held, pass);
        }
    }
}
