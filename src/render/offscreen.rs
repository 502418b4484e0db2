//! The slice pass into a texture, read back: for files, tests and machines without a window.

use super::read_back::texture_bytes;
use super::slice_pass::SlicePipeline;
use super::{Display, RenderContext, RenderError, VolumeTexture, checked};
use crate::volume::{SliceRequest, Volume};

/// Uploads all slices that are there.
///
/// # Errors
/// Where the volume does not fit on the device, or the driver refuses it.
pub fn upload(context: &RenderContext, volume: &Volume) -> Result<VolumeTexture, RenderError> {
    checked(&context.device, || {
        let mut texture = VolumeTexture::new(&context.device, volume)?;
        while texture.update(&context.queue, volume) {
            // Hands the staged slices over before the next ones are staged.
            context.queue.submit([]);
        }
        Ok(texture)
    })?
}

/// Modality values row by row, NaN outside the volume and where slices are missing.
///
/// # Errors
/// Where the picture cannot be asked for, or the driver refuses to draw it.
pub fn offscreen_values(
    context: &RenderContext,
    volume: &VolumeTexture,
    request: &SliceRequest,
) -> Result<Vec<f32>, RenderError> {
    let bytes = checked(&context.device, || {
        let target = Target::new(context, request, wgpu::TextureFormat::Rg32Uint, 8)?;
        let pipeline = context.value_pipeline();
        target.draw(context, pipeline, volume, &Display::default())
    })??;
    let pairs = bytes.as_chunks::<8>().0.iter();
    Ok(pairs
        .map(|pair| {
            let (value, flag) = pair.split_at(4);
            if bytemuck::pod_read_unaligned::<u32>(flag) == 1 {
                bytemuck::pod_read_unaligned(value)
            } else {
                f32::NAN
            }
        })
        .collect())
}

/// Display greys row by row.
///
/// # Errors
/// As for [`offscreen_values`].
pub fn offscreen_greys(
    context: &RenderContext,
    volume: &VolumeTexture,
    request: &SliceRequest,
    display: &Display,
) -> Result<Vec<u8>, RenderError> {
    checked(&context.device, || {
        let target = Target::new(context, request, wgpu::TextureFormat::R8Unorm, 1)?;
        target.draw(context, context.grey_pipeline(), volume, display)
    })?
}

/// A texture to draw into.
struct Target<'a> {
    request: &'a SliceRequest,
    texture: wgpu::Texture,
    pixel_bytes: usize,
}

impl<'a> Target<'a> {
    fn new(
        context: &RenderContext,
        request: &'a SliceRequest,
        format: wgpu::TextureFormat,
        pixel_bytes: usize,
    ) -> Result<Self, RenderError> {
        request.check()?;
        let (width, height) = (request.width, request.height);
        let limit = context.device.limits().max_texture_dimension_2d;
        if width.max(height) > limit as usize {
            return Err(RenderError::PictureSize {
                width,
                height,
                limit,
            });
        }
        let texture = context.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("picture"),
            size: wgpu::Extent3d {
                width: width as u32,
                height: height as u32,
                depth_or_array_layers: 1,
            },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        Ok(Self {
            request,
            texture,
            pixel_bytes,
        })
    }

    /// Draws, and returns the rows without their padding.
    fn draw(
        &self,
        context: &RenderContext,
        pipeline: &SlicePipeline,
        volume: &VolumeTexture,
        display: &Display,
    ) -> Result<Vec<u8>, RenderError> {
        let block = pipeline.block((&context.device, &context.queue), volume, display);
        block.write(
            &context.queue,
            &pipeline.uniforms(volume, self.request, display),
        );
        let mut encoder = context.device.create_command_encoder(&Default::default());
        let view = self.texture.create_view(&Default::default());
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("picture"),
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
        pipeline.draw(&block, &mut pass);
        drop(pass);
        context.queue.submit([encoder.finish()]);
        let gpu = (&context.device, &context.queue);
        texture_bytes(gpu, &self.texture, self.pixel_bytes)
    }
}
