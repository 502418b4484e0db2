//! Puts pictures that the processor made on the screen.

use std::collections::HashMap;

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

/// A picture on the device.
#[derive(Debug)]
struct Held {
    texture: wgpu::Texture,
    uniforms: wgpu::Buffer,
    bind_group: wgpu::BindGroup,
}

/// Draws grey pictures into a window, one per viewport.
#[derive(Debug)]
pub struct PicturePass {
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    is_srgb: bool,
    held: HashMap<u64, Held>,
}

impl PicturePass {
    /// For one target format; greys reach the screen unchanged whether it is sRGB or not.
    pub fn new(device: &wgpu::Device, target: wgpu::TextureFormat) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("picture"),
            source: wgpu::ShaderSource::Wgsl(PICTURE_SHADER.into()),
        });
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("picture"),
            entries: &layout_entries(),
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("picture"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("picture"),
            layout: Some(&pipeline_layout),
            vertex: wgpu::VertexState {
                module: &module,
                entry_point: Some("vs_main"),
                compilation_options: Default::default(),
                buffers: &[],
            },
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(wgpu::FragmentState {
                module: &module,
                entry_point: Some("fs_main"),
                compilation_options: Default::default(),
                targets: &[Some(target.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        Self {
            pipeline,
            layout,
            is_srgb: target.is_srgb(),
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
            self.held.insert(viewport, self.hold(device, size));
        }
        let Some(held) = self.held.get(&viewport) else {
            return;
        };
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
        let block = [
            width,
            height,
            picture.coarse as u32,
            u32::from(self.is_srgb),
        ];
        queue.write_buffer(&held.uniforms, 0, bytemuck::bytes_of(&block));
    }

    fn hold(&self, device: &wgpu::Device, size: wgpu::Extent3d) -> Held {
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("picture"),
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::R8Uint,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("picture"),
            size: PICTURE_UNIFORM_BYTES as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("picture"),
            layout: &self.layout,
            entries: &[
                wgpu::BindGroupEntry {
                    binding: 0,
                    resource: uniforms.as_entire_binding(),
                },
                wgpu::BindGroupEntry {
                    binding: 1,
                    resource: wgpu::BindingResource::TextureView(&view),
                },
            ],
        });
        Held {
            texture,
            uniforms,
            bind_group,
        }
    }

    /// Draws the picture of a viewport over the render pass's viewport; nothing where none was
    /// put.
    pub fn paint(&self, viewport: u64, pass: &mut wgpu::RenderPass<'_>) {
        if let Some(held) = self.held.get(&viewport) {
            pass.set_pipeline(&self.pipeline);
            pass.set_bind_group(0, &held.bind_group, &[]);
            pass.draw(0..3, 0..1);
        }
    }
}

fn layout_entries() -> [wgpu::BindGroupLayoutEntry; 2] {
    let entry = |binding, ty| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty,
        count: None,
    };
    [
        entry(
            0,
            wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: false,
                min_binding_size: None,
            },
        ),
        entry(
            1,
            wgpu::BindingType::Texture {
                sample_type: wgpu::TextureSampleType::Uint,
                view_dimension: wgpu::TextureViewDimension::D2,
                multisampled: false,
            },
        ),
    ]
}
