//! What the ray-cast shader is given, and its pipeline.

use super::ray_cast_pass::RAY_CAST_SHADER;

/// Layouts of the two groups: the volume, the surfaces.
pub(super) fn bind_layouts(device: &wgpu::Device) -> [wgpu::BindGroupLayout; 2] {
    use wgpu::TextureSampleType::{Float, Sint, Uint};
    use wgpu::TextureViewDimension::{D2, D2Array, D3};
    let unfiltered = Float { filterable: false };
    let texture = |sample_type, view_dimension| wgpu::BindingType::Texture {
        sample_type,
        view_dimension,
        multisampled: false,
    };
    let uniform = wgpu::BindingType::Buffer {
        ty: wgpu::BufferBindingType::Uniform,
        has_dynamic_offset: false,
        min_binding_size: None,
    };
    let volume = [
        uniform,
        texture(Sint, D3),
        texture(unfiltered, D3),
        texture(Uint, D2),
        texture(Uint, D3),
        texture(unfiltered, D2),
    ];
    let surfaces = [
        texture(unfiltered, D2),
        texture(Uint, D2),
        texture(unfiltered, D2Array),
        texture(Uint, D2Array),
    ];
    let layout = |types: &[wgpu::BindingType]| {
        let entries: Vec<_> = (0..)
            .zip(types)
            .map(|(binding, &ty)| wgpu::BindGroupLayoutEntry {
                binding,
                visibility: wgpu::ShaderStages::FRAGMENT,
                ty,
                count: None,
            })
            .collect();
        device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("rays"),
            entries: &entries,
        })
    };
    [layout(&volume), layout(&surfaces)]
}

/// The pipeline, for targets of a format.
pub(super) fn pipeline(
    device: &wgpu::Device,
    layouts: &[wgpu::BindGroupLayout; 2],
    format: wgpu::TextureFormat,
) -> wgpu::RenderPipeline {
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some("rays"),
        source: wgpu::ShaderSource::Wgsl(RAY_CAST_SHADER.into()),
    });
    let [first, second] = layouts;
    let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
        label: Some("rays"),
        bind_group_layouts: &[Some(first), Some(second)],
        immediate_size: 0,
    });
    device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some("rays"),
        layout: Some(&layout),
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
            targets: &[Some(format.into())],
        }),
        multiview_mask: None,
        cache: None,
    })
}
