//! Compressed streams → samples, one frame at a time.
//!
//! Streams are not trusted: size, components and precision are read from them first and compared
//! with the header, and what a codec panics on becomes an error of that frame.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dicom_dictionary_std::uids;

use super::markers::{StreamSize, jpeg_2000_markers, jpeg_markers};
use super::{Problem, rle};
use crate::study::{Instance, Photometric};

/// What a codec made of a frame.
pub(crate) struct Decoded {
    /// Little endian samples of Bits Allocated, colours by pixel, values in the low bits.
    pub bytes: Vec<u8>,
    /// Bits of a sample that count, from the lowest; the sign is in the highest of them.
    pub bits: u16,
    /// Colours are luma and chroma.
    pub is_ybr: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Family {
    Jpeg,
    Jpeg2000,
    JpegXl,
    Rle,
    Deflate,
}

fn family(transfer_syntax: &str) -> Option<Family> {
    Some(match transfer_syntax {
        uids::JPEG_BASELINE8_BIT
        | uids::JPEG_EXTENDED12_BIT
        | uids::JPEG_LOSSLESS
        | uids::JPEG_LOSSLESS_SV1 => Family::Jpeg,
        uids::JPEG2000_LOSSLESS
        | uids::JPEG2000
        | uids::JPEG2000MC_LOSSLESS
        | uids::JPEG2000MC
        | uids::HTJ2K_LOSSLESS
        | uids::HTJ2K_LOSSLESS_RPCL
        | uids::HTJ2K => Family::Jpeg2000,
        uids::JPEGXL_LOSSLESS | uids::JPEGXLJPEG_RECOMPRESSION | uids::JPEGXL => Family::JpegXl,
        uids::RLE_LOSSLESS => Family::Rle,
        uids::DEFLATED_IMAGE_FRAME_COMPRESSION => Family::Deflate,
        _ => return None,
    })
}

/// Refuses transfer syntaxes without a decoder, by name and with what to do.
pub(crate) fn check_supported(transfer_syntax: &str) -> Result<(), Problem> {
    if transfer_syntax == uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN
        || family(transfer_syntax).is_some()
    {
        return Ok(());
    }
    let name = match transfer_syntax {
        uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => "JPEG-LS",
        uid if uid.starts_with("1.2.840.10008.1.2.4.107")
            || uid.starts_with("1.2.840.10008.1.2.4.108") =>
        {
            "HEVC video"
        }
        uid if uid.starts_with("1.2.840.10008.1.2.4.10") => "MPEG video",
        uid if uid.starts_with("1.2.840.10008.1.2.7") => "SMPTE ST 2110 video",
        _ => "this",
    };
    Err(Problem::Unsupported(format!(
        "{name} compression (transfer syntax {transfer_syntax}) is not read; \
         export the series uncompressed"
    )))
}

/// Decodes one frame of a supported transfer syntax.
pub(crate) fn decode(instance: &Instance, frame: usize, stream: &[u8]) -> Result<Decoded, Problem> {
    let failed = |message: String| Problem::Codec { frame, message };
    let Some(family) = family(&instance.transfer_syntax) else {
        check_supported(&instance.transfer_syntax)?;
        return Err(failed("no decoder".to_owned()));
    };
    let run = || match family {
        Family::Jpeg => jpeg(instance, stream),
        Family::Jpeg2000 => jpeg_2000(instance, stream),
        Family::JpegXl => jpeg_xl(instance, stream),
        Family::Rle => rle_lossless(instance, stream),
        Family::Deflate => deflate(instance, stream),
    };
    // The codecs have been seen to panic on damaged streams.
    let decoded = catch_unwind(AssertUnwindSafe(run))
        .unwrap_or_else(|_| Err("the stream is damaged".to_owned()))
        .map_err(failed)?;
    let expected = expected_bytes(instance);
    if decoded.bytes.len() != expected {
        return Err(Problem::Codec {
            frame,
            message: format!("{} bytes instead of {expected}", decoded.bytes.len()),
        });
    }
    Ok(decoded)
}

/// Bytes of one sample.
pub(crate) fn sample_bytes(instance: &Instance) -> usize {
    usize::from(instance.pixel_format.bits_allocated).div_ceil(8)
}

fn expected_bytes(instance: &Instance) -> usize {
    instance.rows
        * instance.columns
        * usize::from(instance.pixel_format.samples_per_pixel)
        * sample_bytes(instance)
}

fn header_says_ybr(instance: &Instance) -> bool {
    matches!(instance.pixel_format.photometric, Photometric::Ybr(_))
}

fn jpeg(instance: &Instance, stream: &[u8]) -> Result<Decoded, String> {
    let markers = jpeg_markers(stream).ok_or("the JPEG stream has no frame header")?;
    markers.size.check(instance)?;
    if !markers.lossless && markers.size.bits > 8 {
        return Err(
            "12-bit lossy JPEG (process 4) is not read; export the series uncompressed".to_owned(),
        );
    }
    let color = markers.size.components == 3;
    let mut decoder = jpeg_decoder::Decoder::new(stream);
    decoder.set_max_decoding_buffer_size(expected_bytes(instance));
    if color {
        // "RGB" means as it is: the conversion is ours, for the header knows what the stream
        // often does not say.
        decoder.set_color_transform(jpeg_decoder::ColorTransform::RGB);
    }
    let bytes = decoder.decode().map_err(|error| error.to_string())?;
    // Without an Adobe marker the header's word counts; lossy JPEG in a JFIF wrapper is luma and
    // chroma whatever the header says.
    let is_ybr = color
        && match markers.adobe_transform {
            Some(transform) => transform == 1,
            None => header_says_ybr(instance) || (markers.jfif && !markers.lossless),
        };
    let decoded_bytes = if markers.size.bits > 8 { 2 } else { 1 };
    let bytes = match (decoded_bytes, sample_bytes(instance)) {
        (1, 1) => bytes,
        (1, 2) => bytes.into_iter().flat_map(|byte| [byte, 0]).collect(),
        // The decoder gives 16-bit samples in the order of this machine.
        (2, 2) => bytes
            .as_chunks::<2>()
            .0
            .iter()
            .flat_map(|word| u16::from_ne_bytes(*word).to_le_bytes())
            .collect(),
        _ => return Err("JPEG with 32 bits allocated is not read".to_owned()),
    };
    Ok(Decoded {
        bytes,
        bits: instance.pixel_format.bits_stored,
        is_ybr,
    })
}

fn jpeg_2000(instance: &Instance, stream: &[u8]) -> Result<Decoded, String> {
    let (size, transformed) =
        jpeg_2000_markers(stream).ok_or("the JPEG 2000 stream has no size marker")?;
    size.check(instance)?;
    // Strict: the rest of a cut stream would otherwise come out smooth and wrong.
    let parameters = jpeg2k::DecodeParameters::new().strict(true);
    let image =
        jpeg2k::Image::from_bytes_with(stream, parameters).map_err(|error| error.to_string())?;
    let components = image.components();
    if components.len() != size.components {
        return Err(format!("{} components were decoded", components.len()));
    }
    let pixels = instance.rows * instance.columns;
    let (width, stride) = (
        sample_bytes(instance),
        sample_bytes(instance) * components.len(),
    );
    let mut bytes = vec![0; expected_bytes(instance)];
    for (index, component) in components.iter().enumerate() {
        if (component.width() as usize, component.height() as usize)
            != (instance.columns, instance.rows)
        {
            return Err("a component is smaller than the image".to_owned());
        }
        // The low bytes are the stored value whether stream and header agree on the sign or not.
        let samples = component.data().iter().take(pixels);
        for (pixel, sample) in bytes.chunks_exact_mut(stride).zip(samples) {
            let from = index * width;
            for (target, byte) in pixel
                .iter_mut()
                .skip(from)
                .take(width)
                .zip(sample.to_le_bytes())
            {
                *target = byte;
            }
        }
    }
    // Lossy streams may overshoot Bits Stored, and some state another sign than the header: the
    // stream's own precision says where the sign is, cutting at Bits Stored would wrap values.
    let bits = instance.pixel_format.bits_stored.max(size.bits as u16);
    let is_ybr = !transformed
        && matches!(&instance.pixel_format.photometric, Photometric::Ybr(name) if name.starts_with("YBR_FULL"));
    Ok(Decoded {
        bytes,
        bits,
        is_ybr,
    })
}

fn jpeg_xl(instance: &Instance, stream: &[u8]) -> Result<Decoded, String> {
    let image = jxl_oxide::JxlImage::builder()
        .read(stream)
        .map_err(|error| error.to_string())?;
    let bits = image.image_header().metadata.bit_depth.bits_per_sample();
    let size = StreamSize {
        rows: image.height() as usize,
        columns: image.width() as usize,
        components: if image.pixel_format().is_grayscale() {
            1
        } else {
            3
        },
        bits: bits as usize,
    };
    size.check(instance)?;
    let render = image.render_frame(0).map_err(|error| error.to_string())?;
    let mut stream = render.stream_no_alpha();
    let count = size.rows * size.columns * size.components;
    let mut values = vec![0_f32; count];
    if stream.write_to_buffer(&mut values) != count {
        return Err("pixels are missing".to_owned());
    }
    // Integer samples come as fractions of the largest value of their own depth.
    let largest = ((1_u64 << bits.min(32)) - 1) as f32;
    let stored = values
        .into_iter()
        .map(|value| (value * largest).round().clamp(0.0, largest) as u32);
    let width = sample_bytes(instance);
    let bytes = stored
        .flat_map(|value| value.to_le_bytes().into_iter().take(width))
        .collect();
    // The decoder returns RGB also where the stream holds recompressed luma and chroma.
    Ok(Decoded {
        bytes,
        bits: instance.pixel_format.bits_stored,
        is_ybr: false,
    })
}

fn rle_lossless(instance: &Instance, stream: &[u8]) -> Result<Decoded, String> {
    let samples = usize::from(instance.pixel_format.samples_per_pixel);
    let pixels = instance.rows * instance.columns;
    let bytes = rle::decode(stream, pixels, samples, sample_bytes(instance))
        .ok_or("the RLE segments do not hold the image")?;
    Ok(Decoded {
        bytes,
        bits: instance.pixel_format.bits_stored,
        is_ybr: header_says_ybr(instance),
    })
}

fn deflate(instance: &Instance, stream: &[u8]) -> Result<Decoded, String> {
    use std::io::Read as _;
    let bits = expected_bytes(instance);
    let mut packed = Vec::new();
    flate2::read::DeflateDecoder::new(stream)
        .take(bits as u64)
        .read_to_end(&mut packed)
        .map_err(|error| error.to_string())?;
    let bytes = match instance.pixel_format.bits_allocated {
        1 => (0..bits)
            .map(|bit| packed.get(bit / 8).map_or(0, |byte| byte >> (bit % 8) & 1))
            .collect(),
        _ => packed,
    };
    Ok(Decoded {
        bytes,
        bits: instance.pixel_format.bits_stored,
        is_ybr: header_says_ybr(instance),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unread_syntaxes_are_named() {
        for (uid, word) in [
            (uids::JPEGLS_LOSSLESS, "JPEG-LS"),
            (uids::MPEG4HP41, "MPEG"),
            (uids::HEVCMP51, "HEVC"),
            ("1.2.3", "1.2.3"),
        ] {
            let message = check_supported(uid).unwrap_err().to_string();
            assert!(message.contains(word) && message.contains(uid), "{message}");
        }
        assert!(check_supported(uids::RLE_LOSSLESS).is_ok());
    }
}
