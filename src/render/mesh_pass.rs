//! Draws surfaces on the GPU, into a texture of their own that [`super::ColorPass`] shows.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use bytemuck::{Pod, Zeroable};
use wgpu::util::DeviceExt as _;

use super::eye::Eye;
use super::mesh_pipeline::{Corner, Pipelines, layer_pipeline};
use super::mesh_scene::{MeshItem, MeshScene};
use super::mesh_target::{Edges, MeshTarget, Views};
use super::ray_target::RayTarget;
use super::read_back::texture_bytes;
use super::{RenderContext, RenderError};
use crate::geometry::Surface;

/// Source of the shader, for the test that validates it without a GPU.
pub const MESH_SHADER: &str = include_str!("shader/mesh.wgsl");

/// Bytes of the two uniform blocks: of the view and of an item.
pub const MESH_UNIFORM_BYTES: [usize; 2] = [size_of::<ViewUniforms>(), size_of::<[f32; 4]>()];

/// The bits of depth 1.0, as a texture of whole numbers is cleared.
const FARTHEST: wgpu::Color = wgpu::Color {
    r: 0x3f80_0000 as f64,
    ..wgpu::Color::TRANSPARENT
};

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

/// A surface on the device. The weak reference keeps its address from being used again.
#[derive(Debug)]
struct Held {
    surface: Weak<Surface>,
    corners: wgpu::Buffer,
    triangles: wgpu::Buffer,
    count: u32,
}

/// Draws surfaces; keeps them on the device for as long as somebody has them.
#[derive(Debug)]
pub struct MeshPass {
    view_layout: wgpu::BindGroupLayout,
    item_layout: wgpu::BindGroupLayout,
    pipelines: HashMap<Edges, Pipelines>,
    /// For the layers of a ray-cast picture.
    layer: Option<wgpu::RenderPipeline>,
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
            layer: None,
            held: HashMap::new(),
        }
    }

    /// Makes the pipelines of [`Self::draw`] now, where one can ask whether the driver takes them.
    pub fn make_ready(&mut self, device: &wgpu::Device, edges: Edges) {
        let layouts = [&self.view_layout, &self.item_layout];
        self.pipelines
            .entry(edges)
            .or_insert_with(|| Pipelines::new(device, layouts, edges));
    }

    /// Makes the pipeline of surfaces in a ray-cast picture now.
    pub fn make_layers_ready(&mut self, device: &wgpu::Device) {
        let layouts = [&self.view_layout, &self.item_layout];
        self.layer
            .get_or_insert_with(|| layer_pipeline(device, layouts));
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
        self.make_ready(device, target.edges);
        self.hold_all(device, scene);
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
        self.make_layers_ready(device);
        self.hold_all(device, scene);
        let Some(pipeline) = &self.layer else {
            return;
        };
        let uniforms = ViewUniforms::of(eye, reach_mm);
        let view = bind_group(device, &self.view_layout, bytemuck::bytes_of(&uniforms));
        let veils = scene.veils(eye).into_iter().enumerate();
        let veils = veils.map(|(veil, items)| (Some(veil), items));
        let layers = std::iter::once((None, scene.opaque().collect())).chain(veils);
        for (veil, items) in layers {
            let [color, depth, depth_test] = target.layer(veil);
            let attachment = |view, clear| {
                Some(wgpu::RenderPassColorAttachment {
                    view,
                    depth_slice: None,
                    resolve_target: None,
                    ops: wgpu::Operations {
                        load: wgpu::LoadOp::Clear(clear),
                        store: wgpu::StoreOp::Store,
                    },
                })
            };
            let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
                label: Some("surfaces"),
                color_attachments: &[
                    attachment(&color, wgpu::Color::TRANSPARENT),
                    attachment(&depth, FARTHEST),
                ],
                depth_stencil_attachment: Some(wgpu::RenderPassDepthStencilAttachment {
                    view: &depth_test,
                    depth_ops: Some(wgpu::Operations {
                        load: wgpu::LoadOp::Clear(1.0),
                        store: wgpu::StoreOp::Discard,
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
                self.draw_item(device, &mut pass, item, &[pipeline]);
            }
        }
    }

    /// Brings what is new of a scene to the device, and drops what nobody has any more.
    fn hold_all(&mut self, device: &wgpu::Device, scene: &MeshScene) {
        self.held.retain(|_, held| held.surface.strong_count() > 0);
        for item in &scene.items {
            self.hold(device, &item.surface);
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
}

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
