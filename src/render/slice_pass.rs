//! Draws slices on the GPU: one triangle, and one uniform block per viewport.

use std::collections::HashMap;

use super::display::Display;
use super::grey_table::GreyTable;
use super::uniforms::{SLICE_UNIFORM_BYTES, SliceUniforms, TargetEncoding};
use super::volume_texture::VolumeTexture;
use crate::volume::SliceRequest;

/// Source of the shader, for the test that validates it without a GPU.
pub const SLICE_SHADER: &str = include_str!("shader/slice.wgsl");

/// What is written into the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SliceOutput {
    /// Display greys.
    Greys,
    /// Bits of the modality value and 1, or 0 and 0 where there is none.
    Values,
}

/// The pipeline for one target format.
#[derive(Debug)]
pub(crate) struct SlicePipeline {
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
    encoding: TargetEncoding,
}

/// What one picture is drawn from.
#[derive(Debug)]
pub(crate) struct SliceBlock {
    uniforms: wgpu::Buffer,
    bind_group: wgpu::BindGroup,
    table: GreyTable,
    /// [`VolumeTexture::id`] the bind group points to.
    volume: u64,
    used: bool,
}

impl SlicePipeline {
    pub(crate) fn new(
        device: &wgpu::Device,
        target: wgpu::TextureFormat,
        output: SliceOutput,
    ) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("slice"),
            source: wgpu::ShaderSource::Wgsl(SLICE_SHADER.into()),
        });
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("slice"),
            entries: &layout_entries(),
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("slice"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("slice"),
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
                entry_point: Some(match output {
                    SliceOutput::Greys => "fs_grey",
                    SliceOutput::Values => "fs_value",
                }),
                compilation_options: Default::default(),
                targets: &[Some(target.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        Self {
            pipeline,
            layout,
            encoding: if target.is_srgb() {
                TargetEncoding::Srgb
            } else {
                TargetEncoding::AsWritten
            },
        }
    }

    pub(crate) fn uniforms(
        &self,
        volume: &VolumeTexture,
        request: &SliceRequest,
        display: &Display,
    ) -> SliceUniforms {
        SliceUniforms::of(volume, request, display, self.encoding)
    }

    /// For pictures of `volume` that look like `display`, until one of the two changes.
    pub(crate) fn block(
        &self,
        (device, queue): (&wgpu::Device, &wgpu::Queue),
        volume: &VolumeTexture,
        display: &Display,
    ) -> SliceBlock {
        let table = GreyTable::new(device, queue, display);
        let uniforms = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("slice"),
            size: SLICE_UNIFORM_BYTES as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let view = wgpu::BindingResource::TextureView;
        let resources = [
            uniforms.as_entire_binding(),
            view(&volume.whole_view),
            view(&volume.float_view),
            view(&volume.present_view),
            view(&table.view),
        ];
        let entries: Vec<_> = (0..)
            .zip(resources)
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
            .collect();
        let bind_group = device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("slice"),
            layout: &self.layout,
            entries: &entries,
        });
        SliceBlock {
            uniforms,
            bind_group,
            table,
            volume: volume.id,
            used: true,
        }
    }

    pub(crate) fn draw(&self, block: &SliceBlock, pass: &mut wgpu::RenderPass<'_>) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &block.bind_group, &[]);
        pass.draw(0..3, 0..1);
    }
}

impl SliceBlock {
    pub(crate) fn write(&self, queue: &wgpu::Queue, uniforms: &SliceUniforms) {
        queue.write_buffer(&self.uniforms, 0, bytemuck::bytes_of(uniforms));
    }
}

/// Draws slices as greys into a window, several viewports per frame.
///
/// Each frame: [`Self::prepare`] every viewport, then [`Self::paint`] them in any order, then
/// [`Self::end_frame`]. The picture fills the render pass's viewport; it is sharp where that is
/// as many pixels as the request asks for.
#[derive(Debug)]
pub struct SlicePass {
    pipeline: SlicePipeline,
    blocks: HashMap<u64, SliceBlock>,
}

impl SlicePass {
    /// For one target format; greys reach the screen unchanged whether it is sRGB or not.
    pub fn new(device: &wgpu::Device, target: wgpu::TextureFormat) -> Self {
        Self {
            pipeline: SlicePipeline::new(device, target, SliceOutput::Greys),
            blocks: HashMap::new(),
        }
    }

    /// Says what a viewport shows in this frame.
    #[expect(
        clippy::too_many_arguments,
        reason = "the paint callback has device and queue in hand, and nothing to group them with"
    )]
    pub fn prepare(
        &mut self,
        viewport_id: u64,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        volume: &VolumeTexture,
        request: &SliceRequest,
        display: &Display,
    ) {
        let block = self
            .blocks
            .entry(viewport_id)
            .or_insert_with(|| self.pipeline.block((device, queue), volume, display));
        if block.volume != volume.id || !block.table.is_of(display) {
            *block = self.pipeline.block((device, queue), volume, display);
        }
        block.used = true;
        block.write(queue, &self.pipeline.uniforms(volume, request, display));
    }

    /// Draws what was prepared for a viewport; nothing where nothing was.
    pub fn paint(&self, viewport_id: u64, pass: &mut wgpu::RenderPass<'_>) {
        if let Some(block) = self.blocks.get(&viewport_id) {
            self.pipeline.draw(block, pass);
        }
    }

    /// Forgets viewports that were not prepared since the last call.
    pub fn end_frame(&mut self) {
        self.blocks
            .retain(|_, block| std::mem::replace(&mut block.used, false));
    }
}

fn layout_entries() -> [wgpu::BindGroupLayoutEntry; 5] {
    let texture = |binding, sample_type, view_dimension| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty: wgpu::BindingType::Texture {
            sample_type,
            view_dimension,
            multisampled: false,
        },
        count: None,
    };
    let unfiltered = wgpu::TextureSampleType::Float { filterable: false };
    [
        wgpu::BindGroupLayoutEntry {
            binding: 0,
            visibility: wgpu::ShaderStages::FRAGMENT,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: false,
                min_binding_size: wgpu::BufferSize::new(SLICE_UNIFORM_BYTES as u64),
            },
            count: None,
        },
        texture(
            1,
            wgpu::TextureSampleType::Sint,
            wgpu::TextureViewDimension::D3,
        ),
        texture(2, unfiltered, wgpu::TextureViewDimension::D3),
        texture(
            3,
            wgpu::TextureSampleType::Uint,
            wgpu::TextureViewDimension::D2,
        ),
        texture(
            4,
            wgpu::TextureSampleType::Uint,
            wgpu::TextureViewDimension::D2,
        ),
    ]
}
