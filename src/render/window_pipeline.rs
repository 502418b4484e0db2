//! Pipelines that put a picture on the window: a triangle over the viewport, a block of uniforms
//! and a texture that is fetched, not sampled.

/// The pipelines of one shader: for pictures shown pixel for pixel, and for coarser or finer ones.
///
/// They are apart because a software rasteriser computes both sides of every branch.
#[derive(Debug)]
pub(super) struct WindowPipelines {
    exact: wgpu::RenderPipeline,
    smoothed: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    label: &'static str,
}

impl WindowPipelines {
    /// For a shader with the constants `IS_COARSE` and `WANTS_LINEAR_LIGHT`, and one target
    /// format: values reach the screen unchanged whether it is sRGB or not.
    pub fn new(
        device: &wgpu::Device,
        (label, shader): (&'static str, &str),
        texels: wgpu::TextureSampleType,
        target: wgpu::TextureFormat,
    ) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(label),
            source: wgpu::ShaderSource::Wgsl(shader.into()),
        });
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(label),
            entries: &layout_entries(texels),
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(label),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = |is_coarse: bool| {
            let constants = [
                ("IS_COARSE", f64::from(u8::from(is_coarse))),
                ("WANTS_LINEAR_LIGHT", f64::from(u8::from(target.is_srgb()))),
            ];
            device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
                label: Some(label),
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
                    compilation_options: wgpu::PipelineCompilationOptions {
                        constants: &constants,
                        ..Default::default()
                    },
                    targets: &[Some(target.into())],
                }),
                multiview_mask: None,
                cache: None,
            })
        };
        Self {
            exact: pipeline(false),
            smoothed: pipeline(true),
            layout,
            label,
        }
    }

    /// Binds a block of uniforms of so many bytes and a texture.
    pub fn hold(
        &self,
        device: &wgpu::Device,
        texture: wgpu::Texture,
        uniform_bytes: usize,
    ) -> Held {
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(self.label),
            size: uniform_bytes as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(self.label),
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
            is_exact: false,
        }
    }

    /// Draws a picture over the render pass's viewport.
    pub fn paint(&self, held: &Held, pass: &mut wgpu::RenderPass<'_>) {
        pass.set_pipeline(if held.is_exact {
            &self.exact
        } else {
            &self.smoothed
        });
        pass.set_bind_group(0, &held.bind_group, &[]);
        pass.draw(0..3, 0..1);
    }
}

/// A picture on the device.
#[derive(Debug)]
pub(super) struct Held {
    /// Its pixels.
    pub texture: wgpu::Texture,
    /// How it lies on the screen.
    pub uniforms: wgpu::Buffer,
    bind_group: wgpu::BindGroup,
    /// One of its pixels is one of the screen.
    pub is_exact: bool,
}

fn layout_entries(texels: wgpu::TextureSampleType) -> [wgpu::BindGroupLayoutEntry; 2] {
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
                sample_type: texels,
                view_dimension: wgpu::TextureViewDimension::D2,
                multisampled: false,
            },
        ),
    ]
}
