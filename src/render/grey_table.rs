//! The greys of a VOI LUT table on the graphics device.

use std::sync::Arc;

use super::display::Display;
use crate::study::LookupTable;

/// Entries a row of the texture.
const ROW: u32 = 256;

/// A texture with the greys of a table, or with a single texel where the look is none.
#[derive(Debug)]
pub(crate) struct GreyTable {
    pub view: wgpu::TextureView,
    table: Option<Arc<LookupTable>>,
}

impl GreyTable {
    pub(crate) fn new(device: &wgpu::Device, queue: &wgpu::Queue, display: &Display) -> Self {
        let greys = match &display.table {
            Some(table) => table.greys(),
            None => vec![0],
        };
        let width = ROW.min(greys.len() as u32);
        let size = wgpu::Extent3d {
            width,
            height: greys.len() as u32 / width,
            depth_or_array_layers: 1,
        };
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("grey table"),
            size,
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::R8Uint,
            usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
            view_formats: &[],
        });
        queue.write_texture(
            texture.as_image_copy(),
            &greys,
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(width),
                rows_per_image: None,
            },
            size,
        );
        Self {
            view: texture.create_view(&wgpu::TextureViewDescriptor::default()),
            table: display.table.clone(),
        }
    }

    /// Whether it holds the table of a look.
    pub(crate) fn is_of(&self, display: &Display) -> bool {
        self.table == display.table
    }
}
