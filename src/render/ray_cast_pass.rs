//! Casts rays through a volume on the GPU, into a texture that [`super::ColorPass`] shows.

use std::sync::{Arc, Weak};

use bytemuck::{Pod, Zeroable};
use wgpu::util::DeviceExt as _;

use super::mesh_pass::MeshPass;
use super::mesh_scene::{MOST_VEILS, MeshScene};
use super::mesh_target::MESH_FORMAT;
use super::ray_cast_layout::{bind_layouts, pipeline};
use super::ray_frame::{RayFrame, RayRequest};
use super::ray_target::RayTarget;
use super::ray_volume::RayVolume;
use super::read_back::texture_bytes;
use super::transfer_table::TABLE_ENTRIES;
use super::volume_texture::{TexelKind, VolumeTexture};
use super::{RenderContext, RenderError};

/// Source of the shader, for the test that validates it without a GPU.
pub const RAY_CAST_SHADER: &str = include_str!("shader/ray_cast.wgsl");

/// Bytes of the uniform block.
pub const RAY_CAST_UNIFORM_BYTES: usize = size_of::<RayUniforms>();

/// Mirror of `struct Rays` in the shader, field by field.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct RayUniforms {
    origin: [f32; 4],
    right: [f32; 4],
    down: [f32; 4],
    forward: [f32; 4],
    across: [f32; 4],
    below: [f32; 4],
    cut: [f32; 4],
    cut_normal: [f32; 4],
    last: [f32; 4],
    half_size: [f32; 4],
    field: [f32; 4],
    background: [f32; 4],
    blocks: [u32; 4],
    modes: [u32; 4],
}

impl RayUniforms {
    fn of(
        source: &RayVolume,
        (frame, texture): (&RayFrame, &VolumeTexture),
        (veils, background): (usize, [u8; 3]),
    ) -> Self {
        let table = source.table();
        let [per_value, first] = table.place_from_value();
        let volume = source.volume();
        let lut = &volume.modality_lut;
        let rows = frame.view_from_gradient.transpose();
        let [r, g, b] = background.map(|c| f32::from(c) / 255.0);
        let [columns, block_rows, layers] = source.leaps().size.map(|n| n as u32);
        // Slices that were read may not have been brought to the device yet.
        let missing = texture.slices_there() < volume.size[2];
        Self {
            origin: frame.origin.extend(frame.step_mm).to_array(),
            right: frame.right.extend(frame.bend).to_array(),
            down: frame.down.extend(frame.bend_per_pixel).to_array(),
            forward: frame.forward.extend(frame.near_mm).to_array(),
            across: rows.x_axis.extend(0.0).to_array(),
            below: rows.y_axis.extend(0.0).to_array(),
            cut: frame.cut,
            cut_normal: frame.cut_normal.extend(frame.far_mm).to_array(),
            last: frame.last.extend(frame.slope).to_array(),
            half_size: [frame.half_size.x, frame.half_size.y, 0.0, 0.0],
            field: [
                (per_value * lut.slope) as f32,
                (per_value * lut.intercept + first) as f32,
                (source.function().edge_per_mm() * per_value) as f32,
                0.0,
            ],
            background: [r, g, b, 1.0],
            blocks: [columns, block_rows, layers, veils.min(MOST_VEILS) as u32],
            modes: [
                match texture.kind {
                    TexelKind::Signed => 0,
                    TexelKind::Unsigned => 1,
                    TexelKind::Float => 2,
                },
                table.first as u32,
                u32::from(missing),
                0,
            ],
        }
    }
}

/// Tables of a volume on the device. The weak reference keeps its address from being used again.
#[derive(Debug)]
struct Held {
    source: Weak<RayVolume>,
    distances: wgpu::TextureView,
    table: wgpu::TextureView,
}

/// Casts rays; keeps the tables of the last volume on the device.
#[derive(Debug)]
pub struct RayCastPass {
    layouts: [wgpu::BindGroupLayout; 2],
    pipeline: wgpu::RenderPipeline,
    held: Option<Held>,
}

impl RayCastPass {
    /// Without a volume.
    pub fn new(device: &wgpu::Device) -> Self {
        let layouts = bind_layouts(device);
        Self {
            pipeline: pipeline(device, &layouts, MESH_FORMAT),
            layouts,
            held: None,
        }
    }

    /// Records the drawing of a volume, whose voxels lie in `texture`, and of the surfaces in it.
    ///
    /// False where nothing can be drawn: an eye that cannot be looked through, a volume that
    /// [`Self::hold`] refuses.
    pub fn draw(
        &mut self,
        (device, queue): (&wgpu::Device, &wgpu::Queue),
        (encoder, meshes): (&mut wgpu::CommandEncoder, &mut MeshPass),
        (source, texture): (&Arc<RayVolume>, &VolumeTexture),
        (scene, request): (&MeshScene, &RayRequest),
        target: &RayTarget,
    ) -> bool {
        let Some(frame) = RayFrame::new(source.volume(), request) else {
            return false;
        };
        if self.hold(device, queue, source).is_err() {
            return false;
        }
        let eye = &request.eye;
        meshes.draw_apart(device, encoder, (scene, eye, request.reach_mm), target);
        let veils = scene.veils(eye).len();
        let uniforms = RayUniforms::of(source, (&frame, texture), (veils, scene.background));
        let Some(held) = &self.held else { return false };
        let groups = self.groups(device, &uniforms, (held, texture), target);
        let view = target.picture.create_view(&Default::default());
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("rays"),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: &view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color::BLACK),
                    store: wgpu::StoreOp::Store,
                },
            })],
            ..Default::default()
        });
        pass.set_pipeline(&self.pipeline);
        for (index, group) in groups.iter().enumerate() {
            pass.set_bind_group(index as u32, group, &[]);
        }
        pass.draw(0..3, 0..1);
        true
    }

    fn groups(
        &self,
        device: &wgpu::Device,
        uniforms: &RayUniforms,
        (held, texture): (&Held, &VolumeTexture),
        target: &RayTarget,
    ) -> [wgpu::BindGroup; 2] {
        use wgpu::TextureViewDimension::{D2, D2Array};
        let block = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some("rays"),
            contents: bytemuck::bytes_of(uniforms),
            usage: wgpu::BufferUsages::UNIFORM,
        });
        let surfaces = [
            RayTarget::whole(&target.color, D2),
            RayTarget::whole(&target.depth, D2),
            RayTarget::whole(&target.veil_colors, D2Array),
            RayTarget::whole(&target.veil_depths, D2Array),
        ];
        let volume = [
            &texture.whole_view,
            &texture.float_view,
            &texture.present_view,
            &held.distances,
            &held.table,
        ];
        let view = |view| wgpu::BindingResource::TextureView(view);
        let volume = std::iter::once(block.as_entire_binding()).chain(volume.map(view));
        let group = |layout, resources: Vec<wgpu::BindingResource<'_>>| {
            let entries: Vec<_> = (0..)
                .zip(resources)
                .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
                .collect();
            device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some("rays"),
                layout,
                entries: &entries,
            })
        };
        let [first, second] = &self.layouts;
        [
            group(first, volume.collect()),
            group(second, surfaces.iter().map(view).collect()),
        ]
    }

    /// Brings the tables of a volume to the device, where the last one's are not its own. `Err`
    /// where it has more blocks than the device has room for.
    pub fn hold(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        source: &Arc<RayVolume>,
    ) -> Result<(), RenderError> {
        let same = |held: &Held| std::ptr::eq(held.source.as_ptr(), Arc::as_ptr(source));
        if self.held.as_ref().is_some_and(same) {
            return Ok(());
        }
        self.held = None;
        let blocks = source.leaps().size.map(|n| n as u32);
        let limits = device.limits();
        let (widest, limit) = (
            limits.max_texture_dimension_2d,
            limits.max_texture_dimension_3d,
        );
        if TABLE_ENTRIES as u32 > widest {
            return Err(RenderError::PictureSize {
                width: TABLE_ENTRIES,
                height: 3,
                limit: widest,
            });
        }
        if blocks.iter().any(|&n| n == 0 || n > limit) {
            let size = source.volume().size;
            return Err(RenderError::VolumeSize { size, limit });
        }
        let upload = |size, dimension, format, bytes: &[u8]| {
            let descriptor = wgpu::TextureDescriptor {
                label: Some("rays"),
                size,
                mip_level_count: 1,
                sample_count: 1,
                dimension,
                format,
                usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
                view_formats: &[],
            };
            let order = wgpu::util::TextureDataOrder::LayerMajor;
            let texture = device.create_texture_with_data(queue, &descriptor, order, bytes);
            texture.create_view(&Default::default())
        };
        let [width, height, depth_or_array_layers] = blocks;
        let distances = upload(
            wgpu::Extent3d {
                width,
                height,
                depth_or_array_layers,
            },
            wgpu::TextureDimension::D3,
            wgpu::TextureFormat::R8Uint,
            &source.leaps().distances,
        );
        let table = source.table();
        let moments: Vec<[f32; 4]> = table.moments.iter().map(|&m| [m, 0.0, 0.0, 0.0]).collect();
        let rows = [&table.entries[..], &table.sums, &moments].concat();
        let table = upload(
            wgpu::Extent3d {
                width: TABLE_ENTRIES as u32,
                height: 3,
                depth_or_array_layers: 1,
            },
            wgpu::TextureDimension::D2,
            wgpu::TextureFormat::Rgba32Float,
            bytemuck::cast_slice(&rows),
        );
        self.held = Some(Held {
            source: Arc::downgrade(source),
            distances,
            table,
        });
        Ok(())
    }
}

/// A ray-cast picture, red, green, blue row by row: for files and tests.
pub fn offscreen_rays(
    context: &RenderContext,
    (source, texture): (&Arc<RayVolume>, &VolumeTexture),
    scene: &MeshScene,
    request: &RayRequest,
) -> Result<Vec<[u8; 3]>, RenderError> {
    let gpu = (&context.device, &context.queue);
    let veils = scene.veils(&request.eye).len();
    let target = RayTarget::new(gpu.0, request.eye.size.map(|n| n as usize), veils)?;
    let mut encoder = gpu.0.create_command_encoder(&Default::default());
    let mut meshes = MeshPass::new(gpu.0);
    let mut rays = RayCastPass::new(gpu.0);
    rays.hold(gpu.0, gpu.1, source)?;
    rays.draw(
        gpu,
        (&mut encoder, &mut meshes),
        (source, texture),
        (scene, request),
        &target,
    );
    gpu.1.submit([encoder.finish()]);
    let bytes = texture_bytes(gpu, &target.picture, 4)?;
    let pixels = bytes.as_chunks::<4>().0.iter();
    Ok(pixels.map(|&[r, g, b, _]| [r, g, b]).collect())
}
