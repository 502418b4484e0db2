//! Simulated radiographs on the GPU: the line integrals of [`crate::volume::drr`].

use glam::{DVec2, DVec3};

use super::read_back::texture_bytes;
use super::{RenderError, checked};
use crate::budget::{MEMORY, Reservation};
use crate::geometry::{ConeBeam, Lps, Receptor, Transform, Voxel};
use crate::volume::attenuation::{Attenuation, BORDER};

/// Source of the shader, for the test that validates it without a GPU.
pub const DRR_SHADER: &str = include_str!("shader/drr.wgsl");

/// Bytes of the uniform block.
pub const DRR_UNIFORM_BYTES: usize = size_of::<DrrUniforms>();

/// Planes of cells handed over at once.
const SLAB: usize = 32;

#[repr(C)]
#[derive(Debug, Clone, Copy, bytemuck::Pod, bytemuck::Zeroable)]
struct DrrUniforms {
    source: [f32; 4],
    first: [f32; 4],
    right: [f32; 4],
    down: [f32; 4],
    size: [f32; 4],
    scale: [f32; 4],
    center: [f32; 4],
}

/// An attenuation volume on the GPU.
#[derive(Debug)]
pub struct DrrTexture {
    view: wgpu::TextureView,
    /// Cells, slowest axis first.
    size: [usize; 3],
    unit_per_mm: f64,
    cell_from_lps: Transform<Voxel, Lps>,
    /// Memory of a software adapter's texture, which is the machine's.
    _booked: Option<Reservation>,
}

impl DrrTexture {
    /// Uploads a volume; refuses one that is larger than the device allows or has memory for.
    ///
    /// # Errors
    /// Also where the driver refuses it otherwise; see [`RenderError`].
    pub fn new(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        attenuation: &Attenuation,
    ) -> Result<Self, RenderError> {
        checked(device, || Self::uploaded(device, queue, attenuation))?
    }

    fn uploaded(
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        attenuation: &Attenuation,
    ) -> Result<Self, RenderError> {
        let size = attenuation.size;
        let limit = device.limits().max_texture_dimension_3d;
        if size.iter().any(|&n| n == 0 || n > limit as usize) {
            return Err(RenderError::VolumeSize { size, limit });
        }
        let bytes = attenuation.bytes();
        let software = device.adapter_info().device_type == wgpu::DeviceType::Cpu;
        let booked = software
            .then(|| {
                MEMORY.reserve(
                    bytes as u64,
                    "the graphics driver's copy of the attenuation",
                )
            })
            .transpose()?;
        let [slow, middle, fast] = size.map(|n| n as u32);
        let scope = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("attenuation"),
            size: wgpu::Extent3d {
                width: fast,
                height: middle,
                depth_or_array_layers: slow,
            },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D3,
            format: wgpu::TextureFormat::R16Uint,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        if pollster::block_on(scope.pop()).is_some() {
            let mebibytes = bytes >> 20;
            return Err(RenderError::VolumeMemory { size, mebibytes });
        }
        let slabs = attenuation.cells.chunks(SLAB * size[1] * size[2]);
        for (slab, cells) in slabs.enumerate() {
            queue.write_texture(
                wgpu::TexelCopyTextureInfo {
                    origin: wgpu::Origin3d {
                        z: (slab * SLAB) as u32,
                        ..wgpu::Origin3d::ZERO
                    },
                    ..texture.as_image_copy()
                },
                bytemuck::cast_slice(cells),
                wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(2 * fast),
                    rows_per_image: Some(middle),
                },
                wgpu::Extent3d {
                    width: fast,
                    height: middle,
                    depth_or_array_layers: (cells.len() / (size[1] * size[2])) as u32,
                },
            );
            // Hands a slab over before the next one is staged.
            queue.submit([]);
        }
        Ok(Self {
            view: texture.create_view(&wgpu::TextureViewDescriptor::default()),
            size,
            unit_per_mm: attenuation.unit_per_mm,
            cell_from_lps: attenuation.cell_from_lps,
            _booked: booked,
        })
    }

    /// The axes of the texture are those of the cells in opposite order.
    fn uniforms(&self, beam: &ConeBeam, receptor: &Receptor) -> DrrUniforms {
        let cell = |at| (self.cell_from_lps * at).0;
        let pixel = |column, row| cell(beam.point_of(DVec2::new(column, row), receptor));
        let (source, first) = (cell(beam.source), pixel(0.0, 0.0));
        let texel = |v: DVec3| [v.z as f32, v.y as f32, v.x as f32, 0.0];
        let [slow, middle, fast] = self.size.map(|n| n as f32);
        let [wide_mm, high_mm] = receptor.pixel_mm;
        let [column, row] = receptor.center;
        DrrUniforms {
            source: texel(source),
            first: texel(first - source),
            right: texel(pixel(1.0, 0.0) - first),
            down: texel(pixel(0.0, 1.0) - first),
            size: [fast, middle, slow, BORDER as f32],
            scale: [
                beam.source_to_detector_mm() as f32,
                wide_mm as f32,
                high_mm as f32,
                self.unit_per_mm as f32,
            ],
            center: [column as f32, row as f32, 0.0, 0.0],
        }
    }
}

/// The pipeline that projects.
#[derive(Debug)]
pub struct DrrPass {
    pipeline: wgpu::RenderPipeline,
    layout: wgpu::BindGroupLayout,
}

impl DrrPass {
    /// For one device.
    ///
    /// # Errors
    /// [`RenderError::Refused`] where the driver refuses the shader or the pipeline.
    pub fn new(device: &wgpu::Device) -> Result<Self, RenderError> {
        checked(device, || Self::made(device))
    }

    fn made(device: &wgpu::Device) -> Self {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some("drr"),
            source: wgpu::ShaderSource::Wgsl(DRR_SHADER.into()),
        });
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some("drr"),
            entries: &layout_entries(),
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("drr"),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some("drr"),
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
                entry_point: Some("fs_integral"),
                compilation_options: Default::default(),
                targets: &[Some(wgpu::TextureFormat::R32Uint.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        Self { pipeline, layout }
    }

    /// −ln(I/I0) for each receptor pixel row by row, as
    /// [`line_integrals`](crate::volume::drr::line_integrals); waits for the device.
    ///
    /// # Errors
    /// Where the picture is too large for the device, and where the driver refuses to draw it or
    /// to give it back: nothing of that ends the program.
    pub fn line_integrals(
        &self,
        gpu: (&wgpu::Device, &wgpu::Queue),
        volume: &DrrTexture,
        beam: &ConeBeam,
        receptor: &Receptor,
    ) -> Result<Vec<f32>, RenderError> {
        let (device, _) = gpu;
        let [width, height] = receptor.size;
        let limit = device.limits().max_texture_dimension_2d;
        if !(1..=limit as usize).contains(&width) || !(1..=limit as usize).contains(&height) {
            return Err(RenderError::PictureSize {
                width,
                height,
                limit,
            });
        }
        checked(device, || self.drawn(gpu, volume, (beam, receptor)))?
    }

    fn drawn(
        &self,
        gpu: (&wgpu::Device, &wgpu::Queue),
        volume: &DrrTexture,
        (beam, receptor): (&ConeBeam, &Receptor),
    ) -> Result<Vec<f32>, RenderError> {
        let (device, queue) = gpu;
        let [width, height] = receptor.size;
        let target = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("drr"),
            size: wgpu::Extent3d {
                width: width as u32,
                height: height as u32,
                depth_or_array_layers: 1,
            },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::R32Uint,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let bind_group = self.bind(gpu, volume, &volume.uniforms(beam, receptor));
        let mut encoder = device.create_command_encoder(&Default::default());
        let view = target.create_view(&Default::default());
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("drr"),
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
        pass.set_bind_group(0, &bind_group, &[]);
        pass.draw(0..3, 0..1);
        drop(pass);
        queue.submit([encoder.finish()]);
        let bytes = texture_bytes(gpu, &target, size_of::<f32>())?;
        Ok(bytemuck::pod_collect_to_vec(&bytes))
    }

    fn bind(
        &self,
        (device, queue): (&wgpu::Device, &wgpu::Queue),
        volume: &DrrTexture,
        uniforms: &DrrUniforms,
    ) -> wgpu::BindGroup {
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("drr"),
            size: DRR_UNIFORM_BYTES as u64,
            usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        queue.write_buffer(&buffer, 0, bytemuck::bytes_of(uniforms));
        device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("drr"),
            layout: &self.layout,
            entries: &[
                wgpu::BindGroupEntry {
                    binding: 0,
                    resource: buffer.as_entire_binding(),
                },
                wgpu::BindGroupEntry {
                    binding: 1,
                    resource: wgpu::BindingResource::TextureView(&volume.view),
                },
            ],
        })
    }
}

fn layout_entries() -> [wgpu::BindGroupLayoutEntry; 2] {
    let visible = |binding, ty| wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::FRAGMENT,
        ty,
        count: None,
    };
    [
        visible(
            0,
            wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: false,
                min_binding_size: wgpu::BufferSize::new(DRR_UNIFORM_BYTES as u64),
            },
        ),
        visible(
            1,
            wgpu::BindingType::Texture {
                sample_type: wgpu::TextureSampleType::Uint,
                view_dimension: wgpu::TextureViewDimension::D3,
                multisampled: false,
            },
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{CArmAngles, CArmPose, Degrees, Point};
    use crate::render::RenderContext;
    use crate::volume::attenuation::AttenuationModel;
    use crate::volume::synthetic::ct_cylinder;

    #[test]
    fn what_the_driver_refuses_is_an_error_and_not_the_end() {
        let Ok(context) = RenderContext::offscreen() else {
            println!("SKIPPED: no graphics adapter");
            return;
        };
        let gpu = (&context.device, &context.queue);
        let body = Attenuation::of(&ct_cylinder(60.0, 0.0), AttenuationModel::default()).unwrap();
        let texture = DrrTexture::new(gpu.0, gpu.1, &body).unwrap();
        let pose = CArmPose {
            angles: CArmAngles {
                primary: Degrees(0.0),
                secondary: Degrees(0.0),
            },
            isocenter: Point::new(0., 0., 0.),
            source_to_detector_mm: 1000.0,
            source_to_isocenter_mm: 700.0,
        };
        let (beam, receptor) = (pose.beam().unwrap(), Receptor::centered([16, 8], 4.0));
        let mut pass = DrrPass::new(gpu.0).unwrap();
        let drawn = pass.line_integrals(gpu, &texture, &beam, &receptor);
        assert_eq!(drawn.unwrap().len(), 16 * 8);
        // As if the driver knew another layout: what is bound does not fit it.
        let descriptor = wgpu::BindGroupLayoutDescriptor {
            label: Some("another"),
            entries: &layout_entries()[..1],
        };
        pass.layout = gpu.0.create_bind_group_layout(&descriptor);
        let error = pass.line_integrals(gpu, &texture, &beam, &receptor);
        assert!(matches!(error, Err(RenderError::Refused(_))), "{error:?}");
    }
}
