//! Which adapter draws, what to ask it for, and what to say when there is none.

use thiserror::Error;

use crate::volume::SliceRequestError;

/// Whether an adapter is a graphics card or imitates one on the processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AdapterKind {
    /// Draws faster than the processor.
    Hardware,
    /// Draws several times slower than `render::cpu`.
    Software,
}

impl AdapterKind {
    /// By what the driver says of itself, and by the names of the known imitations.
    pub fn of(info: &wgpu::AdapterInfo) -> Self {
        const IMITATIONS: [&str; 6] = [
            "llvmpipe",
            "lavapipe",
            "softpipe",
            "swiftshader",
            "warp",
            "basic render",
        ];
        let names = format!("{} {} {}", info.name, info.driver, info.driver_info).to_lowercase();
        let software = info.device_type == wgpu::DeviceType::Cpu
            || IMITATIONS.iter().any(|name| names.contains(name));
        if software {
            Self::Software
        } else {
            Self::Hardware
        }
    }
}

/// Why something cannot be drawn on the GPU.
#[derive(Debug, Error)]
pub enum RenderError {
    /// No driver offers an adapter.
    #[error("No graphics adapter was found: {reason}\n{}", install_hint())]
    NoAdapter {
        /// What each graphics interface answered.
        reason: String,
    },
    /// The adapter gave no device.
    #[error(
        "The graphics adapter {adapter} cannot be used: {reason}\n{}",
        install_hint()
    )]
    NoDevice {
        /// Its name.
        adapter: String,
        /// What the driver answered.
        reason: String,
    },
    /// A side of the volume is longer than the device allows, or empty.
    #[error(
        "A volume of {} × {} × {} voxels does not fit on this graphics adapter, which allows 1 to {limit} voxels a side",
        size[0], size[1], size[2]
    )]
    VolumeSize {
        /// Columns, rows, slices.
        size: [usize; 3],
        /// Longest side.
        limit: u32,
    },
    /// The device has no memory for the volume.
    #[error(
        "The graphics adapter has no memory for a volume of {} × {} × {} voxels ({mebibytes} MiB)",
        size[0], size[1], size[2]
    )]
    VolumeMemory {
        /// Columns, rows, slices.
        size: [usize; 3],
        /// What it would take.
        mebibytes: usize,
    },
    /// A software adapter keeps its copy of the volume in the machine's memory.
    #[error(transparent)]
    OverBudget(#[from] crate::budget::OverBudget),
    /// The picture is larger than the device allows.
    #[error(
        "A picture of {width} × {height} pixels does not fit on this graphics adapter, which allows {limit} pixels a side"
    )]
    PictureSize {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
        /// Longest side.
        limit: u32,
    },
    /// The device has no memory left.
    #[error("The graphics adapter has no memory left: {0}")]
    NoMemory(String),
    /// The driver refused a shader, a pipeline or a texture.
    #[error("The graphics driver refused what the program asked of it: {0}")]
    Refused(String),
    /// The picture cannot be asked for.
    #[error(transparent)]
    Request(#[from] SliceRequestError),
    /// The picture was drawn but could not be fetched.
    #[error("The picture cannot be read back from the graphics adapter: {0}")]
    ReadBack(String),
}

/// What to install so that there is an adapter.
fn install_hint() -> &'static str {
    if cfg!(target_os = "linux") {
        "Install a Vulkan driver: your graphics card's own, or the software one of Mesa \
         (packages libvulkan1 and mesa-vulkan-drivers on Debian and Ubuntu, mesa-vulkan-drivers \
         on Fedora, vulkan-swrast on Arch)"
    } else if cfg!(target_os = "windows") {
        "Install the current driver of your graphics card from its maker"
    } else {
        "Update the operating system, which brings its graphics drivers"
    }
}

/// Device to ask an adapter for: everything it has, so that large volumes fit.
pub fn device_descriptor(adapter: &wgpu::Adapter) -> wgpu::DeviceDescriptor<'static> {
    wgpu::DeviceDescriptor {
        label: Some("stylet"),
        required_limits: adapter.limits(),
        ..Default::default()
    }
}

/// Makes things on a device. `Err` with the driver's words where it refused any of them, which
/// would end the program otherwise.
pub fn checked<T>(device: &wgpu::Device, make: impl FnOnce() -> T) -> Result<T, RenderError> {
    use wgpu::ErrorFilter::{Internal, OutOfMemory, Validation};
    let scopes = [OutOfMemory, Validation, Internal].map(|kind| device.push_error_scope(kind));
    let made = make();
    // The last one opened is to be closed first.
    let errors = scopes
        .into_iter()
        .rev()
        .filter_map(|scope| pollster::block_on(scope.pop()));
    match errors.last() {
        None => Ok(made),
        Some(error @ wgpu::Error::OutOfMemory { .. }) => {
            Err(RenderError::NoMemory(error.to_string()))
        }
        Some(error) => Err(RenderError::Refused(error.to_string())),
    }
}

/// Any adapter at all, the fastest of the best kind there is.
pub(crate) fn any_adapter() -> Result<wgpu::Adapter, RenderError> {
    let descriptor = wgpu::InstanceDescriptor::new_without_display_handle_from_env();
    let instance = wgpu::Instance::new(descriptor);
    let options = wgpu::RequestAdapterOptions {
        power_preference: wgpu::PowerPreference::HighPerformance,
        ..Default::default()
    };
    pollster::block_on(instance.request_adapter(&options)).map_err(|error| RenderError::NoAdapter {
        reason: error.to_string(),
    })
}

/// A device without a window.
pub(crate) fn open_without_window() -> Result<(wgpu::Device, wgpu::Queue), RenderError> {
    let adapter = any_adapter()?;
    pollster::block_on(adapter.request_device(&device_descriptor(&adapter))).map_err(|error| {
        RenderError::NoDevice {
            adapter: adapter.get_info().name,
            reason: error.to_string(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imitations_are_recognised_by_type_and_by_name() {
        let info = |device_type, name: &str| wgpu::AdapterInfo {
            name: name.to_owned(),
            ..wgpu::AdapterInfo::new(device_type, wgpu::Backend::Vulkan)
        };
        let kind = |device_type, name| AdapterKind::of(&info(device_type, name));
        use wgpu::DeviceType::{Cpu, DiscreteGpu, Other};
        assert_eq!(kind(Cpu, "?"), AdapterKind::Software);
        assert_eq!(kind(Other, "llvmpipe (LLVM 15.0.6)"), AdapterKind::Software);
        assert_eq!(
            kind(Other, "Microsoft Basic Render Driver"),
            AdapterKind::Software
        );
        assert_eq!(kind(DiscreteGpu, "Some Card 4000"), AdapterKind::Hardware);
    }

    #[test]
    fn messages_name_the_numbers_and_what_to_install() {
        let size = RenderError::VolumeSize {
            size: [512, 512, 5000],
            limit: 2048,
        };
        assert!(size.to_string().contains("512 × 512 × 5000"));
        assert!(size.to_string().contains("2048"));
        let none = RenderError::NoAdapter {
            reason: "vulkan: no driver".to_owned(),
        };
        assert!(none.to_string().contains("nstall") || none.to_string().contains("Update"));
    }
}
