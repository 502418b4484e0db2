//! Pictures of volumes, on the GPU and on the processor. The only module that names wgpu; knows
//! no GUI.
//!
//! Two back ends draw the same [`SliceRequest`](crate::volume::SliceRequest) with the same
//! result, tested against the oracle [`crate::volume::sample`]: [`SlicePass`] where there is a
//! graphics card, [`cpu`] where the adapter only imitates one ([`AdapterKind`]). So do
//! [`MeshPass`] and [`cpu::mesh`] for a [`MeshScene`] of surfaces seen by an [`Eye`].

pub mod adapter;
pub mod color_pass;
pub mod cpu;
pub mod display;
pub mod drr_pass;
pub mod eye;
mod frame_greys;
mod grey_table;
pub mod ground_pass;
pub mod leap_map;
pub mod mesh_pass;
mod mesh_pipeline;
pub mod mesh_scene;
pub mod mesh_target;
pub mod offscreen;
pub mod picture_pass;
pub mod pyramid;
mod ray_cast_layout;
pub mod ray_cast_pass;
mod ray_frame;
pub mod ray_pick;
pub mod ray_target;
pub mod ray_volume;
mod read_back;
mod resample;
pub mod slice_pass;
pub mod transfer_function;
pub mod transfer_presets;
pub mod transfer_table;
pub mod uniforms;
pub mod volume_texture;
mod window_pipeline;

use std::sync::OnceLock;

use slice_pass::{SliceOutput, SlicePipeline};

pub use adapter::{AdapterKind, RenderError, checked, device_descriptor};
pub use color_pass::{ColorPass, Placing};
pub use display::Display;
pub use drr_pass::{DrrPass, DrrTexture};
pub use eye::Eye;
pub use frame_greys::{difference_greys, frame_greys};
pub use ground_pass::GroundPass;
pub use mesh_pass::MeshPass;
pub use mesh_scene::{MeshItem, MeshScene};
pub use mesh_target::{Edges, MeshTarget};
pub use picture_pass::{GreyPicture, PicturePass};
pub use pyramid::{PictureLevel, PicturePart, Pixels};
pub use ray_cast_pass::RayCastPass;
pub use ray_frame::RayRequest;
pub use ray_target::RayTarget;
pub use ray_volume::{RayVolume, SeenVolume};
pub use resample::ScreenGrid;
pub use slice_pass::SlicePass;
pub use transfer_function::{TransferFunction, TransferPoint};
pub use transfer_presets::TransferPreset;
pub use volume_texture::VolumeTexture;

/// A device and the passes that draw with it.
#[derive(Debug)]
pub struct RenderContext {
    /// Device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    /// Draws slices into the target format.
    pub slice_pass: SlicePass,
    adapter: wgpu::AdapterInfo,
    greys: OnceLock<SlicePipeline>,
    values: OnceLock<SlicePipeline>,
}

impl RenderContext {
    /// With the device of a window and the format of its surface.
    pub fn from_existing(
        device: wgpu::Device,
        queue: wgpu::Queue,
        target_format: wgpu::TextureFormat,
    ) -> Self {
        Self {
            slice_pass: SlicePass::new(&device, target_format),
            adapter: device.adapter_info(),
            device,
            queue,
            greys: OnceLock::new(),
            values: OnceLock::new(),
        }
    }

    /// With a device of its own and no window.
    ///
    /// # Errors
    /// Where there is no adapter, or its driver refuses what every picture needs.
    pub fn offscreen() -> Result<Self, RenderError> {
        let (device, queue) = adapter::open_without_window()?;
        checked(&device, || {
            Self::from_existing(device.clone(), queue, wgpu::TextureFormat::Rgba8Unorm)
        })
    }

    /// Whether the adapter is a graphics card.
    pub fn adapter_kind(&self) -> AdapterKind {
        AdapterKind::of(&self.adapter)
    }

    /// Name of the adapter, as its driver gives it.
    pub fn adapter_name(&self) -> &str {
        &self.adapter.name
    }

    fn grey_pipeline(&self) -> &SlicePipeline {
        self.greys.get_or_init(|| {
            let format = wgpu::TextureFormat::R8Unorm;
            SlicePipeline::new(&self.device, format, SliceOutput::Greys)
        })
    }

    fn value_pipeline(&self) -> &SlicePipeline {
        self.values.get_or_init(|| {
            let format = wgpu::TextureFormat::Rg32Uint;
            SlicePipeline::new(&self.device, format, SliceOutput::Values)
        })
    }
}

/// Looks for any graphics adapter, before a window is opened that would fail without one.
pub fn check_graphics() -> Result<(), RenderError> {
    adapter::any_adapter().map(|_| ())
}
