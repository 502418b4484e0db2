//! Frames that dicom-pixeldata refuses or decodes wrongly, decoded by the codecs below it.
//!
//! Each function is only called in the case that its caller names.

use std::io::Read as _;

use jxl_oxide::{AllocTracker, JxlImage};

use super::markers::{FrameShape, StreamSize};

/// Memory of the JPEG XL decoder besides what it needs for each sample.
const JPEG_XL_BYTES: usize = 64 << 20;
/// Its memory for each sample: several planes of floats.
const JPEG_XL_BYTES_PER_SAMPLE: usize = 32;

/// Most memory that the JPEG XL decoder may take for a frame of so many samples.
pub(crate) fn jpeg_xl_memory(samples: usize) -> usize {
    JPEG_XL_BYTES + JPEG_XL_BYTES_PER_SAMPLE * samples
}

/// Samples of a JPEG XL image, scaled back from fractions to integers of its own bits, `width`
/// bytes each. Its size is compared with the header before anything is decoded.
pub(crate) fn jpeg_xl(
    stream: &[u8],
    expected: FrameShape,
    width: usize,
) -> Result<Vec<u8>, String> {
    let count = expected.rows * expected.columns * expected.components;
    let most = jpeg_xl_memory(count);
    let image = JxlImage::builder()
        .alloc_tracker(AllocTracker::with_limit(most))
        .read(stream)
        .map_err(|error| error.to_string())?;
    let bits = image.image_header().metadata.bit_depth.bits_per_sample();
    let gray = image.pixel_format().is_grayscale();
    let size = StreamSize {
        rows: image.height() as usize,
        columns: image.width() as usize,
        components: if gray { 1 } else { 3 },
        bits: bits as usize,
    };
    size.check_shape(expected)?;
    let render = image.render_frame(0).map_err(|error| error.to_string())?;
    let mut samples = render.stream_no_alpha();
    let mut values = vec![0_f32; count];
    if samples.write_to_buffer(&mut values) != count {
        return Err("pixels are missing".to_owned());
    }
    let largest = ((1_u64 << bits.min(32)) - 1) as f32;
    let stored = values
        .into_iter()
        .map(|value| (value * largest).round().clamp(0.0, largest) as u32);
    Ok(stored
        .flat_map(|value| value.to_le_bytes().into_iter().take(width))
        .collect())
}

/// At most `limit` bytes of a deflated stream.
pub(crate) fn deflate(stream: &[u8], limit: usize) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    flate2::read::DeflateDecoder::new(stream)
        .take(limit as u64)
        .read_to_end(&mut bytes)
        .map_err(|error| error.to_string())?;
    Ok(bytes)
}
