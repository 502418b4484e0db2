//! Draws surfaces on the GPU, into a texture of their own that [`super::ColorPass`] shows.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use bytemuck::{Pod, Zeroable};
use wgpu::util::DeviceExt as _;

use super::eye::Eye;
use super::mesh_scene::{MeshItem, MeshScene};
use super::mesh_target::{DEPTH_FORMAT, Edges, MESH_FORMAT, MeshTarget, Views};
use super::ray_target::RayTarget;
use super::read_back::texture_bytes;
use super::{RenderContext, RenderError};
use crate::geometry::Surface;

/// Source of the shader, for the test that validates it without a GPU.
pub const MESH_SHADER: &str = include_str!("shader/mesh.wgsl");

/// Bytes of the two uniform blocks: of the view and of an item.
pub const MESH_UNIFORM_BYTES: [usize; 2] = [size_of::<ViewUniforms>(), size_of::<[f32; 4]>()];

/// Mirror of `struct View` in the shader.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct ViewUniforms {
    clip_from_target: [[f32; 4]; 4],
    right: [f32; 4],
    down: [f32; 4],
    forward: [f32; 4],
    focus: [f32; 4],
    picture: [f32; 4],
}

impl ViewUniforms {
    fn of(eye: &Eye, reach_mm: f64) -> Self {
        // Composed in `f64` and moved to the target, cast once.
        let to_target = glam::DMat4::from_translation(eye.target.0);
        let clip = (eye.clip_from_lps(reach_mm) * to_target).as_mat4();
        let padded = |vec: glam::DVec3| vec.as_vec3().extend(0.0).to_array();
        let [width, height] = eye.size.map(|n| n as f32 / 2.0);
        let bend = eye.mm_per_pixel * eye.viewer_mm.map_or(0.0, f64::recip);
        Self {
            clip_from_target: clip.to_cols_array_2d(),
            right: padded(eye.right.0),
            down: padded(eye.down.0),
            forward: padded(eye.forward().0),
            focus: padded(eye.target.0),
            picture: [width, height, bend as f32, 0.0],
        }
    }
}

/// A corner as the shader reads it.
#[repr(C)]
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
struct Corner {
    position: [f32; 3],
    normal: [f32; 3],
    color: [u8; 4],
}

/// A surface on the device. The weak reference keeps its address from being used again.
#[derive(Debug)]
struct Held {
    surface: Weak<Surface>,
    corners: wgpu::Buffer,
    triangles: wgpu::Buffer,
    count: u32,
}

/// The three ways in which a surface is drawn.
#[derive(Debug)]
struct Pipelines {
    opaque: wgpu::RenderPipeline,
    /// Finds what of a translucent surface is nearest.
    nearest: wgpu::RenderPipeline,
    /// Draws that over what is behind it.
    over: wgpu::RenderPipeline,
}

/// Draws surfaces; keeps them on the device for as long as somebody has them.
#[derive(Debug)]
pub struct MeshPass {
    view_layout: wgpu::BindGroupLayout,
    item_layout: wgpu::BindGroupLayout,
    pipelines: HashMap<Edges, Pipelines>,
    held: HashMap<usize, Held>,
}

impl MeshPass {
    /// Without surfaces.
    pub fn new(device: &wgpu::Device) -> Self {
        let layout = |visibility, bytes: usize| {
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: Some("surfaces"),
                entries: &[wgpu::BindGroupLayoutEntry {
                    binding: 0,
                    visibility,
                    ty: wgpu::BindingType::Buffer {
                        ty: wgpu::BufferBindingType::Uniform,
                        has_dynamic_offset: false,
                        min_binding_size: wgpu::BufferSize::new(bytes as u64),
                    },
                    count: None,
                }],
            })
        };
        let [view_bytes, item_bytes] = MESH_UNIFORM_BYTES;
        Self {
            view_layout: layout(wgpu::ShaderStages::VERTEX_FRAGMENT, view_bytes),
            item_layout: layout(wgpu::ShaderStages::FRAGMENT, item_bytes),
            pipelines: HashMap::new(),
            held: HashMap::new(),
        }
    }

    /// Brings what is new of a scene to the device and records its drawing into `target`. Of a
    /// scene seen through an eye that cannot be looked through only the background is drawn, and
    /// a surface too large for the device is left out.
    pub fn draw(
        &mut self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        (scene, eye): (&MeshScene, &Eye),
        target: &MeshTarget,
    ) {
        self.ready(device, scene, target.edges);
        let Some(pipelines) = self.pipelines.get(&target.edges) else {
            return;
        };
        let views = Views::of(target);
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("surfaces"),
            color_attachments: &[Some(views.color(scene.background))],
            depth_stencil_attachment: Some(views.depth()),
            ..Default::default()
        });
        if !eye.is_usable() {
            return;
        }
        let uniforms = ViewUniforms::of(eye, scene.reach_mm(eye));
        let view = bind_group(device, &self.view_layout, bytemuck::bytes_of(&uniforms));
        pass.set_bind_group(0, &view, &[]);
        for item in scene.opaque() {
            self.draw_item(device, &mut pass, item, &[&pipelines.opaque]);
        }
        for item in scene.translucent(eye) {
            let both = [&pipelines.nearest, &pipelines.over];
            self.draw_item(device, &mut pass, item, &both);
        }
    }

    /// Records the drawing of a scene's surfaces for a ray-cast picture: the opaque ones together,
    /// each veil apart with its opacity.
    pub(super) fn draw_apart(
        &mut self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        (scene, eye, reach_mm): (&MeshScene, &Eye, f64),
        target: &RayTarget,
    ) {
        self.ready(device, scene, Edges::Stepped);
        let Some(pipelines) = self.pipelines.get(&Edges::Stepped) else {
            return;
        };
        let uniforms = ViewUniforms::of(eye, reach_mm);
        let view = bind_group(device, &self.view_layout, bytemuck::bytes_of(&uniforms));
        let veils = scene.veils(eye).into_iter().enumerate();
        let veils = veils.map(|(veil, items)| (Some(veil), items));
        let layers = std::iter::once((None, scene.opaque().collect())).chain(veils);
        for (veil, items) in layers {
            let [color, depth] = target.layer(veil);
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("surfaces"),
                color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                    view: &color,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations {
                        load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT),
                        store: wgpu::StoreOp::Store,
                    },
                })],
                depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                    view: &depth,
                    depth_ops: Some(wgpu::Operations {
                        load: wgpu::LoadOp::Clear(1.0),
                        store: wgpu::StoreOp::Store,
                    }),
                    stencil_ops: None,
                }),
                ..Default::default()
            });
            if !eye.is_usable() {
                continue;
            }
            pass.set_bind_group(0, &view, &[]);
            for item in items {
                // Without blending: the nearest stays, with its opacity.
                self.draw_item(device, &mut pass, item, &[&pipelines.opaque]);
            }
        }
    }

    /// Brings what is new of a scene to the device and makes what draws it.
    fn ready(&mut self, device: &wgpu::Device, scene: &MeshScene, edges: Edges) {
        self.held.retain(|_, held| held.surface.strong_count() > 0);
        for item in &scene.items {
            self.hold(device, &item.surface);
        }
        if !self.pipelines.contains_key(&edges) {
            let pipelines = self.pipelines_of(device, edges);
            self.pipelines.insert(edges, pipelines);
        }
    }

    fn draw_item(
        &self,
        device: &wgpu::Device,
        pass: &mut wgpu::RenderPass<'_>,
        item: &MeshItem,
        pipelines: &[&wgpu::RenderPipeline],
    ) {
        let Some(held) = self.held.get(&key(&item.surface)) else {
            return;
        };
        let [r, g, b] = item.color.map(|c| f32::from(c) / 255.0);
        let color = [r, g, b, item.opacity];
        let group = bind_group(device, &self.item_layout, bytemuck::bytes_of(&color));
        pass.set_bind_group(1, &group, &[]);
        pass.set_vertex_buffer(0, held.corners.slice(..));
        pass.set_index_buffer(held.triangles.slice(..), wgpu::IndexFormat::Uint32);
        for pipeline in pipelines {
            pass.set_pipeline(pipeline);
            pass.draw_indexed(0..held.count, 0, 0..1);
        }
    }

    fn hold(&mut self, device: &wgpu::Device, surface: &Arc<Surface>) {
        let mesh = surface.mesh();
        let limit = device.limits().max_buffer_size;
        let bytes = |count: usize, each: usize| (count * each) as u64;
        let fits = bytes(mesh.positions.len(), size_of::<Corner>()) <= limit
            && bytes(mesh.triangles.len(), size_of::<[u32; 3]>()) <= limit;
        if mesh.is_empty() || !fits || self.held.contains_key(&key(surface)) {
            return;
        }
        let color = |index: usize| {
            let colors = surface.colors().and_then(|colors| colors.get(index));
            colors.copied().unwrap_or([255; 4])
        };
        let places = mesh.positions.iter().zip(&mesh.normals).enumerate();
        let corners: Vec<Corner> = places
            .map(|(index, (&position, &normal))| Corner {
                position,
                normal,
                color: color(index),
            })
            .collect();
        let buffer = |contents: &[u8], usage| {
            device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
                label: Some("surface"),
                contents,
                usage,
            })
        };
        let held = Held {
            surface: Arc::downgrade(surface),
            corners: buffer(bytemuck::cast_slice(&corners), wgpu::BufferUsages::VERTEX),
            triangles: buffer(
                bytemuck::cast_slice(&mesh.triangles),
                wgpu::BufferUsages::INDEX,
            ),
            count: (3 * mesh.triangles.len()) as u32,
        };
        self.held.insert(key(surface), held);
    }

    fn pipelines_of(&self, device: &wgpu::Device, edges: Edges) -> Pipelines {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("surfaces"),
            source: wgpu::ShaderSource::Wgsl(MESH_SHADER.into()),
        });
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("surfaces"),
            bind_group_layouts: &[Some(&self.view_layout), Some(&self.item_layout)],
            immediate_size: 0,
        });
        let make = |compare, write_depth, blend, write_mask| {
            device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
                label: Some("surfaces"),
                layout: Some(&layout),
                vertex: wgpu::VertexState {
                    module: &module,
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
                    count: edges.samples(),
                    ..Default::default()
                },
                fragment: Some(wgpu::FragmentState {
                    module: &module,
                    entry_point: Some("fs_main"),
                    compilation_options: Default::default(),
                    targets: &[Some(wgpu::ColorTargetState {
                        format: MESH_FORMAT,
                        blend,
                        write_mask,
                    })],
                }),
                multiview_mask: None,
                cache: None,
            })
        };
        let all = wgpu::ColorWrites::ALL;
        Pipelines {
            opaque: make(wgpu::CompareFunction::Less, true, None, all),
            nearest: make(
                wgpu::CompareFunction::Less,
                true,
                None,
                wgpu::ColorWrites::empty(),
            ),
            over: make(
                wgpu::CompareFunction::Equal,
                false,
                Some(wgpu::BlendState::ALPHA_BLENDING),
                all,
            ),
        }
    }
}

const ATTRIBUTES: [wgpu::VertexAttribute; 3] =
    wgpu::vertex_attr_array![0 => Float32x3, 1 => Float32x3, 2 => Unorm8x4];

/// The address of a surface.
fn key(surface: &Arc<Surface>) -> usize {
    Arc::as_ptr(surface) as usize
}

fn bind_group(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    contents: &[u8],
) -> wgpu::BindGroup {
    let buffer = device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
        label: Some("surfaces"),
        contents,
        usage: wgpu::BufferUsages::UNIFORM,
    });
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some("surfaces"),
        layout,
        entries: &[wgpu::BindGroupEntry {
            binding: 0,
            resource: buffer.as_entire_binding(),
        }],
    })
}

/// The picture of a scene, red, green, blue row by row: for files and tests.
pub fn offscreen_meshes(
    context: &RenderContext,
    scene: &MeshScene,
    eye: &Eye,
    edges: Edges,
) -> Result<Vec<[u8; 3]>, RenderError> {
    let gpu = (&context.device, &context.queue);
    let target = MeshTarget::new(gpu.0, eye.size.map(|n| n as usize), edges)?;
    let mut encoder = gpu.0.create_command_encoder(&Default::default());
    MeshPass::new(gpu.0).draw(gpu.0, &mut encoder, (scene, eye), &target);
    gpu.1.submit([encoder.finish()]);
    let bytes = texture_bytes(gpu, &target.picture, 4)?;
    let pixels = bytes.as_chunks::<4>().0.iter();
    Ok(pixels.map(|&[r, g, b, _]| [r, g, b]).collect())
}
