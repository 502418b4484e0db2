//! Fetches a drawn texture from the device.

use super::RenderError;

/// Rows of a copy into a buffer start at multiples of this.
const ROW_ALIGNMENT: usize = wgpu::COPY_BYTES_PER_ROW_ALIGNMENT as usize;

/// Bytes of a texture row by row; waits until all that was submitted before is drawn.
pub fn texture_bytes(
    (device, queue): (&wgpu::Device, &wgpu::Queue),
    texture: &wgpu::Texture,
    pixel_bytes: usize,
) -> Result<Vec<u8>, RenderError> {
    let failed = |error: &dyn std::fmt::Display| RenderError::ReadBack(error.to_string());
    let (width, height) = (texture.width() as usize, texture.height() as usize);
    let row_bytes = width * pixel_bytes;
    let padded_row_bytes = row_bytes.next_multiple_of(ROW_ALIGNMENT);
    let bytes = (padded_row_bytes * height) as u64;
    let limits = device.limits();
    if bytes > limits.max_buffer_size {
        return Err(RenderError::PictureSize {
            width,
            height,
            limit: limits.max_texture_dimension_2d,
        });
    }
    let buffer = device.create_buffer(&wgpu::BufferDescriptor {
        label: Some("picture"),
        size: bytes,
        usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
        mapped_at_creation: false,
    });
    let mut encoder = device.create_command_encoder(&Default::default());
    encoder.copy_texture_to_buffer(
        texture.as_image_copy(),
        wgpu::TexelCopyBufferInfo {
            buffer: &buffer,
            layout: wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(padded_row_bytes as u32),
                rows_per_image: None,
            },
        },
        texture.size(),
    );
    queue.submit([encoder.finish()]);
    let (done, answer) = crossbeam_channel::bounded(1);
    buffer.map_async(wgpu::MapMode::Read, .., move |mapped| {
        // Nobody waits where polling has failed.
        done.send(mapped).ok();
    });
    device
        .poll(wgpu::PollType::wait_indefinitely())
        .map_err(|error| failed(&error))?;
    answer
        .recv()
        .map_err(|error| failed(&error))?
        .map_err(|error| failed(&error))?;
    let mapped = buffer
        .get_mapped_range(..)
        .map_err(|error| failed(&error))?;
    let mut rows = Vec::with_capacity(row_bytes * height);
    for row in mapped.chunks(padded_row_bytes) {
        rows.extend_from_slice(&row[..row_bytes]);
    }
    Ok(rows)
}
