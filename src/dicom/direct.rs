//! Frames that dicom-pixeldata refuses or decodes wrongly, decoded by the codecs below it.
//!
//! Each function is only called in the case that its caller names.

use std::io::Read as _;

/// Samples of a JPEG 2000 stream of `rows` × `columns`, `width` bytes each.
pub(crate) fn jpeg_2000(
    stream: &[u8],
    (rows, columns): (usize, usize),
    components: usize,
    width: usize,
) -> Result<Vec<u8>, String> {
    // The decoder is strict unless told otherwise: the rest of a cut stream would come out smooth
    // and wrong.
    let image = jpeg2k::Image::from_bytes(stream).map_err(|error| error.to_string())?;
    let decoded = image.components();
    if decoded.len() != components {
        return Err(format!("{} components were decoded", decoded.len()));
    }
    let stride = width * components;
    let mut bytes = vec![0; rows * columns * stride];
    for (index, component) in decoded.iter().enumerate() {
        if (component.width() as usize, component.height() as usize) != (columns, rows) {
            return Err("a component is smaller than the image".to_owned());
        }
        // The low bytes are the stored value whether stream and header agree on the sign or not.
        for (pixel, sample) in bytes.chunks_exact_mut(stride).zip(component.data()) {
            let target = pixel.iter_mut().skip(index * width).take(width);
            for (place, byte) in target.zip(sample.to_le_bytes()) {
                *place = byte;
            }
        }
    }
    Ok(bytes)
}

/// Samples of a JPEG XL image, scaled back from fractions to integers of its own `bits`.
pub(crate) fn jpeg_xl(
    image: &jxl_oxide::JxlImage,
    count: usize,
    bits: u32,
    width: usize,
) -> Result<Vec<u8>, String> {
    let render = image.render_frame(0).map_err(|error| error.to_string())?;
    let mut stream = render.stream_no_alpha();
    let mut values = vec![0_f32; count];
    if stream.write_to_buffer(&mut values) != count {
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
