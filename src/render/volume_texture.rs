//! The voxels of a volume on the GPU, exact, uploaded slice by slice as they arrive.

use std::sync::atomic::{AtomicU64, Ordering};

use super::RenderError;
use crate::budget::{MEMORY, Reservation};
use crate::geometry::{Lps, Transform, Voxel};
use crate::study::ModalityLut;
use crate::volume::{Volume, Voxels};

/// Most bytes handed over by one [`VolumeTexture::update`], so that a frame stays short.
const UPLOAD_BYTES: usize = 64 << 20;

static NEXT_ID: AtomicU64 = AtomicU64::new(1);

/// What the texels stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TexelKind {
    Signed,
    Unsigned,
    Float,
}

/// A volume's voxels in a 3D texture, with everything a pass needs to know of the volume.
///
/// 16 bit voxels lie in `R16Sint` (unsigned ones by their bits), others in `R32Float`; both are
/// read unfiltered, which is exact and runs on every adapter.
#[derive(Debug)]
pub struct VolumeTexture {
    pub(crate) id: u64,
    pub(crate) kind: TexelKind,
    pub(crate) size: [usize; 3],
    pub(crate) modality_lut: ModalityLut,
    pub(crate) voxel_from_lps: Transform<Voxel, Lps>,
    pub(crate) finest_spacing_mm: f64,
    pub(crate) whole_view: wgpu::TextureView,
    pub(crate) float_view: wgpu::TextureView,
    pub(crate) present_view: wgpu::TextureView,
    /// Memory of a software adapter's texture, which is the machine's.
    _booked: Option<Reservation>,
    voxels: wgpu::Texture,
    present: wgpu::Texture,
    /// 1 for each slice that lies in the texture.
    uploaded: Vec<u8>,
}

impl VolumeTexture {
    /// Room for a volume; [`Self::update`] fills it.
    ///
    /// Refuses a volume that is larger than the device allows or has memory for.
    pub fn new(device: &wgpu::Device, volume: &Volume) -> Result<Self, RenderError> {
        let size = volume.size;
        let limits = device.limits();
        let limit = limits
            .max_texture_dimension_3d
            .min(limits.max_texture_dimension_2d);
        if size.iter().any(|&n| n == 0 || n > limit as usize) {
            return Err(RenderError::VolumeSize { size, limit });
        }
        let extent = wgpu::Extent3d {
            width: size[0] as u32,
            height: size[1] as u32,
            depth_or_array_layers: size[2] as u32,
        };
        let kind = match volume.voxels {
            Voxels::I16(_) => TexelKind::Signed,
            Voxels::U16(_) => TexelKind::Unsigned,
            Voxels::F32(_) => TexelKind::Float,
        };
        let (format, other) = match kind {
            TexelKind::Float => (wgpu::TextureFormat::R32Float, wgpu::TextureFormat::R16Sint),
            _ => (wgpu::TextureFormat::R16Sint, wgpu::TextureFormat::R32Float),
        };
        let software = device.adapter_info().device_type == wgpu::DeviceType::Cpu;
        let bytes = size.iter().product::<usize>() * volume.voxels.bytes_per_voxel();
        let booked = software
            .then(|| MEMORY.reserve(bytes as u64, "the graphics driver's copy of the volume"))
            .transpose()?;
        let scope = device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let voxels = texture(device, extent, wgpu::TextureDimension::D3, format);
        let unused = texture(
            device,
            wgpu::Extent3d::default(),
            wgpu::TextureDimension::D3,
            other,
        );
        let slices = wgpu::Extent3d {
            width: size[2] as u32,
            ..wgpu::Extent3d::default()
        };
        let present = texture(
            device,
            slices,
            wgpu::TextureDimension::D2,
            wgpu::TextureFormat::R8Uint,
        );
        if pollster::block_on(scope.pop()).is_some() {
            return Err(RenderError::VolumeMemory {
                size,
                mebibytes: bytes >> 20,
            });
        }
        let view = |texture: &wgpu::Texture| texture.create_view(&Default::default());
        let (whole_view, float_view) = match kind {
            TexelKind::Float => (view(&unused), view(&voxels)),
            _ => (view(&voxels), view(&unused)),
        };
        Ok(Self {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            kind,
            size,
            modality_lut: volume.modality_lut.clone(),
            voxel_from_lps: volume.voxel_from_lps,
            finest_spacing_mm: volume.finest_spacing_mm(),
            whole_view,
            float_view,
            present_view: view(&present),
            _booked: booked,
            voxels,
            present,
            uploaded: vec![0; size[2]],
        })
    }

    /// Uploads slices that have arrived since, as many as a frame can bear.
    ///
    /// True where there were any: draw this frame, and call again for the next. The volume must
    /// be the one the texture was made for.
    pub fn update(&mut self, queue: &wgpu::Queue, volume: &Volume) -> bool {
        if volume.size != self.size {
            return false;
        }
        let slice_bytes = self.size[0] * self.size[1] * volume.voxels.bytes_per_voxel();
        let mut room = UPLOAD_BYTES;
        let mut any = false;
        for slice in 0..self.size[2] {
            if self.uploaded[slice] == 0
                && let Some(bytes) = slice_as_bytes(&volume.voxels, slice)
            {
                self.write_slice(queue, slice, bytes);
                self.uploaded[slice] = 1;
                any = true;
                room = room.saturating_sub(slice_bytes);
                if room == 0 {
                    break;
                }
            }
        }
        if any {
            queue.write_texture(
                self.present.as_image_copy(),
                &self.uploaded,
                wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: None,
                    rows_per_image: None,
                },
                self.present.size(),
            );
        }
        any
    }

    /// Slices that lie in the texture.
    pub fn slices_there(&self) -> usize {
        self.uploaded.iter().map(|&there| usize::from(there)).sum()
    }

    /// Bytes of the voxels on the GPU.
    pub fn bytes(&self) -> usize {
        let voxel = match self.kind {
            TexelKind::Float => 4,
            TexelKind::Signed | TexelKind::Unsigned => 2,
        };
        self.size.iter().product::<usize>() * voxel
    }

    fn write_slice(&self, queue: &wgpu::Queue, slice: usize, bytes: &[u8]) {
        let row_bytes = bytes.len() / self.size[1];
        queue.write_texture(
            wgpu::TexelCopyTextureInfo {
                origin: wgpu::Origin3d {
                    z: slice as u32,
                    ..wgpu::Origin3d::ZERO
                },
                ..self.voxels.as_image_copy()
            },
            bytes,
            wgpu::TexelCopyBufferLayout {
                offset: 0,
                bytes_per_row: Some(row_bytes as u32),
                rows_per_image: Some(self.size[1] as u32),
            },
            wgpu::Extent3d {
                depth_or_array_layers: 1,
                ..self.voxels.size()
            },
        );
    }
}

fn slice_as_bytes(voxels: &Voxels, slice: usize) -> Option<&[u8]> {
    match voxels {
        Voxels::I16(store) => store.slice(slice).map(bytemuck::cast_slice),
        Voxels::U16(store) => store.slice(slice).map(bytemuck::cast_slice),
        Voxels::F32(store) => store.slice(slice).map(bytemuck::cast_slice),
    }
}

fn texture(
    device: &wgpu::Device,
    size: wgpu::Extent3d,
    dimension: wgpu::TextureDimension,
    format: wgpu::TextureFormat,
) -> wgpu::Texture {
    device.create_texture(&wgpu::TextureDescriptor {
        label: Some("volume"),
        size,
        mip_level_count: 1,
        sample_count: 1,
        dimension,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    })
}
