//! Puts pictures that the processor made on the screen.

use std::collections::HashMap;

use super::window_pipeline::{Held, WindowPipelines};

/// Source of the shader, for the test that validates it without a GPU.
pub const PICTURE_SHADER: &str = include_str!("shader/picture.wgsl");

/// Bytes of the uniform block.
pub const PICTURE_UNIFORM_BYTES: usize = 16;

/// One grey picture and how it lies on the screen.
#[derive(Debug, Clone, Copy)]
pub struct GreyPicture<'a> {
    /// Greys row by row.
    pub greys: &'a [u8],
    /// Columns and rows of it.
    pub size: [usize; 2],
    /// Columns and rows of the screen that it covers.
    pub screen: [usize; 2],
    /// Screen pixels, each way, that one of its pixels stands for.
    pub coarse: usize,
}

/// Draws grey pictures into a window, one per viewport.
#[derive(Debug)]
pub struct PicturePass {
    pipelines: WindowPipelines,
    held: HashMap<u64, Held>,
}

impl PicturePass {
    /// For one target format; greys reach the screen unchanged whether it is sRGB or not.
    pub fn new(device: &wgpu::Device, target: wgpu::TextureFormat) -> Self {
        let shader = ("picture", PICTURE_SHADER);
        let texels = wgpu::TextureSampleType::Uint;
        Self {
            pipelines: WindowPipelines::new(device, shader, texels, target),
            held: HashMap::new(),
        }
    }

    /// Brings the picture of a viewport to the device. One that does not hold what its size says
    /// is not shown.
    pub fn put(
        &mut self,
        viewport: u64,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        picture: &GreyPicture<'_>,
    ) {
        let [columns, rows] = picture.size;
        let limit = device.limits().max_texture_dimension_2d as usize;
        let fits = (1..=limit).contains(&columns) && (1..=limit).contains(&rows);
        if !fits || picture.greys.len() != columns * rows {
            self.held.remove(&viewport);
            return;
        }
        let size = wgpu::Extent3d {
            width: columns as u32,
            height: rows as u32,
            depth_or_array_layers: 1,
        };
        let same = |held: &Held| held.texture.size() == size;
        if !self.held.get(&viewport).is_some_and(same) {
            let texture = grey_texture(device, size);
            let held = self.pipelines.hold(device, texture, PICTURE_UNIFORM_BYTES);
            self.held.insert(viewport, held);
        }
        let Some(held) = self.held.get_mut(&viewport) else {
            return;
        };
        held.is_exact = picture.coarse == 1;
        queue.write_texture(
            held.texture.as_image_copy(),
            picture.greys,
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(size.width),
                rows_per_image: None,
            },
            size,
        );
        let [width, height] = picture.screen.map(|n| n as u32);
        let block = [width, height, picture.coarse as u32, 0];
        queue.write_buffer(&held.uniforms, 0, bytemuck::bytes_of(&block));
    }

    /// Draws the picture of a viewport over the render pass's viewport; nothing where none was
    /// put.
    pub fn paint(&self, viewport: u64, pass: &mut wgpu::RenderPass<'_>) {
        if let Some(held) = self.held.get(&viewport) {
            self.pipelines.paint(held, pass);
        }
    }
}

fn grey_texture(device: &wgpu::Device, size: wgpu::Extent3d) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some("picture"),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: wgpu::TextureFormat::R8Uint,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    })
}
