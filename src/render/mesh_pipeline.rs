//! The pipelines that draw surfaces, and what a corner is to them.

use bytemuck::{Pod, Zeroable};

use super::mesh_pass::MESH_SHADER;
use super::mesh_target::{DEPTH_FORMAT, Edges, MESH_FORMAT};
use super::ray_target::DEPTH_BITS_FORMAT;

/// A corner as the shader reads it.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
pub(super) struct Corner {
    pub position: [f32; 3],
    pub normal: [f32; 3],
    pub color: [u8; 4],
}

const ATTRIBUTES: [wgpu::VertexAttribute; 3] =
    wgpu::vertex_attr_array![0 => Float32x3, 1 => Float32x3, 2 => Unorm8x4];

/// The three ways in which a surface is drawn into a picture of surfaces.
#[derive(Debug)]
pub(super) struct Pipelines {
    pub opaque: wgpu::RenderPipeline,
    /// Finds what of a translucent surface is nearest.
    pub nearest: wgpu::RenderPipeline,
    /// Draws that over what is behind it.
    pub over: wgpu::RenderPipeline,
}

impl Pipelines {
    /// For the layouts of the view's and the item's group.
    pub fn new(device: &wgpu::Device, layouts: [&wgpu::BindGroupLayout; 2], edges: Edges) -> Self {
        let maker = Maker::new(device, layouts);
        let make = |compare, write_depth, blend, write_mask| {
            let target = wgpu::ColorTargetState {
                format: MESH_FORMAT,
                blend,
                write_mask,
            };
            let fragment = ("fs_main", &[Some(target)][..]);
            maker.pipeline(fragment, (compare, write_depth), edges.samples())
        };
        let all = wgpu::ColorWrites::ALL;
        let none = wgpu::ColorWrites::empty();
        let blending = Some(wgpu::BlendState::ALPHA_BLENDING);
        Self {
            opaque: make(wgpu::CompareFunction::Less, true, None, all),
            nearest: make(wgpu::CompareFunction::Less, true, None, none),
            over: make(wgpu::CompareFunction::Equal, false, blending, all),
        }
    }
}

/// Draws the nearest of the surfaces, without blending, with its opacity and its depth: what the
/// ray caster reads.
pub(super) fn layer_pipeline(
    device: &wgpu::Device,
    layouts: [&wgpu::BindGroupLayout; 2],
) -> wgpu::RenderPipeline {
    let targets = [Some(MESH_FORMAT.into()), Some(DEPTH_BITS_FORMAT.into())];
    let nearest = (wgpu::CompareFunction::Less, true);
    Maker::new(device, layouts).pipeline(("fs_layer", &targets), nearest, 1)
}

/// What all pipelines have in common.
struct Maker<'a> {
    device: &'a wgpu::Device,
    module: wgpu::ShaderModule,
    layout: wgpu::PipelineLayout,
}

impl<'a> Maker<'a> {
    fn new(device: &'a wgpu::Device, layouts: [&wgpu::BindGroupLayout; 2]) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("surfaces"),
            source: wgpu::ShaderSource::Wgsl(MESH_SHADER.into()),
        });
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("surfaces"),
            bind_group_layouts: &layouts.map(Some),
            immediate_size: 0,
        });
        Self {
            device,
            module,
            layout,
        }
    }

    fn pipeline(
        &self,
        (entry_point, targets): (&str, &[Option<wgpu::ColorTargetState>]),
        (compare, write_depth): (wgpu::CompareFunction, bool),
        samples: u32,
    ) -> wgpu::RenderPipeline {
        let descriptor = wgpu::RenderPipelineDescriptor {
            label: Some("surfaces"),
            layout: Some(&self.layout),
            vertex: wgpu::VertexState {
                module: &self.module,
                entry_point: Some("vs_main"),
                compilation_options: Default::default(),
                buffers: &[Some(wgpu::VertexBufferLayout {
                    array_stride: size_of::<Corner>() as u64,
                    step_mode: wgpu::VertexStepMode::Vertex,
                    attributes: &ATTRIBUTES,
                })],
            },
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: Some(wgpu::DepthStencilState {
                format: DEPTH_FORMAT,
                depth_write_enabled: Some(write_depth),
                depth_compare: Some(compare),
                stencil: Default::default(),
                bias: Default::default(),
            }),
            multisample: wgpu::MultisampleState {
                count: samples,
                ..Default::default()
            },
            fragment: Some(wgpu::FragmentState {
                module: &self.module,
                entry_point: Some(entry_point),
                compilation_options: Default::default(),
                targets,
            }),
            multiview_mask: None,
            cache: None,
        };
        self.device.create_render_pipeline(&descriptor)
    }
}
