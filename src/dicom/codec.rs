//! Compressed streams → samples, one frame at a time.
//!
//! JPEG, JPEG-LS and JPEG 2000 are decoded by [`crate::codec`], JPEG XL by its own crate, regular
//! RLE and small deflated frames by dicom-pixeldata. Streams are not trusted: size, components and
//! precision are read from them first and compared with the header, what a codec panics on becomes an error of that frame, and what it returns must have
//! the size of the frame.

use dicom_dictionary_std::uids;

use super::guard::guarded;
use super::markers::{FrameShape, JPEG_END, StreamSize, has_jpeg_end, jpeg_2000_markers};
use super::pixeldata::Layout;
use super::time_limit::within;
use super::{Problem, direct, rle};
use crate::budget::{MEMORY, frame_deadline};
use crate::codec::{Limits, Plane, jpeg as jpeg_stream, jpeg_ls, jpeg2000};
use crate::study::{Instance, Photometric};

/// Most that a deflated frame may become on its way to the right size.
const LARGEST_INFLATED_BYTES: usize = 1 << 28;

/// What a codec made of a frame.
pub(crate) struct Decoded {
    /// Samples of Bits Allocated, colours by pixel, values in the low bits.
    pub samples: Stored,
    /// Bits of a sample that count; the sign is in the highest of them.
    pub bits: u16,
    /// The highest of them.
    pub high_bit: u16,
    /// Colours are luma and chroma.
    pub is_ybr: bool,
}

/// Samples as a codec leaves them, so that 16-bit ones need no copy.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Stored {
    /// Little endian.
    Bytes(Vec<u8>),
    /// 16 bits each.
    Words(Vec<u16>),
    /// Laid out as uncompressed pixel data is, planes and single bits too.
    Native(Vec<u8>),
}

impl Stored {
    fn byte_count(&self) -> usize {
        match self {
            Self::Bytes(bytes) | Self::Native(bytes) => bytes.len(),
            Self::Words(words) => 2 * words.len(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Family {
    Jpeg,
    JpegLs,
    Jpeg2000,
    JpegXl,
    Rle,
    Deflate,
}

fn family(transfer_syntax: &str) -> Option<Family> {
    Some(match transfer_syntax {
        uid if is_jpeg(uid) => Family::Jpeg,
        uids::JPEGLS_LOSSLESS | uids::JPEGLS_NEAR_LOSSLESS => Family::JpegLs,
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

/// JPEG of any process, the retired transfer syntaxes of PS3.6 annex A included.
fn is_jpeg(transfer_syntax: &str) -> bool {
    let number = transfer_syntax.strip_prefix("1.2.840.10008.1.2.4.");
    matches!(number.and_then(|n| n.parse().ok()), Some(50_u8..=66 | 70))
}

/// Refuses transfer syntaxes without a decoder, by name and with what to do.
pub(crate) fn check_supported(transfer_syntax: &str) -> Result<(), Problem> {
    if transfer_syntax == uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN
        || family(transfer_syntax).is_some()
    {
        return Ok(());
    }
    let name = match transfer_syntax {
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
pub(crate) fn decode(
    instance: &Instance,
    frame: usize,
    stream: Vec<u8>,
) -> Result<Decoded, Problem> {
    let failed = |message: String| Problem::Codec { frame, message };
    let Some(family) = family(&instance.transfer_syntax) else {
        check_supported(&instance.transfer_syntax)?;
        return Err(failed("no decoder".to_owned()));
    };
    let run = || match family {
        Family::Jpeg => jpeg(instance, &stream),
        Family::JpegLs => jpeg_ls(instance, &stream),
        Family::Jpeg2000 => jpeg_2000(instance, stream),
        Family::JpegXl => jpeg_xl(instance, stream),
        Family::Rle => rle_lossless(instance, stream),
        Family::Deflate => deflate(instance, stream),
    };
    let decoded = guarded(run)
        .unwrap_or_else(|| Err("the stream is damaged".to_owned()))
        .map_err(failed)?;
    let expected = match decoded.samples {
        Stored::Native(_) => native_bytes(instance),
        _ => expected_bytes(instance),
    };
    let made = decoded.samples.byte_count();
    if made != expected {
        return Err(Problem::Codec {
            frame,
            message: format!("{made} bytes instead of {expected}"),
        });
    }
    Ok(decoded)
}

/// Bytes of one sample.
pub(crate) fn sample_bytes(instance: &Instance) -> usize {
    usize::from(instance.pixel_format.bits_allocated).div_ceil(8)
}

fn expected_samples(instance: &Instance) -> usize {
    instance.rows * instance.columns * usize::from(instance.pixel_format.samples_per_pixel)
}

fn expected_bytes(instance: &Instance) -> usize {
    expected_samples(instance) * sample_bytes(instance)
}

/// Bytes of an uncompressed frame.
fn native_bytes(instance: &Instance) -> usize {
    let bits = usize::from(instance.pixel_format.bits_allocated);
    (expected_samples(instance) * bits).div_ceil(8)
}

fn header_says_ybr(instance: &Instance) -> bool {
    matches!(instance.pixel_format.photometric, Photometric::Ybr(_))
}

/// What dicom-pixeldata is told, with samples of `width` bytes.
fn layout(instance: &Instance, width: usize) -> Layout<'_> {
    Layout {
        transfer_syntax: &instance.transfer_syntax,
        rows: instance.rows,
        columns: instance.columns,
        samples_per_pixel: instance.pixel_format.samples_per_pixel,
        bits_allocated: 8 * width as u16,
    }
}

/// What our own decoders may spend on a frame.
fn limits(instance: &Instance) -> Limits {
    Limits {
        bytes: expected_bytes(instance),
        deadline: Some(frame_deadline(expected_samples(instance))),
    }
}

/// Decoded samples as ones of Bits Allocated.
fn stored(samples: Plane, instance: &Instance) -> Result<Stored, String> {
    Ok(match (samples, sample_bytes(instance)) {
        (Plane::U8(samples), 1) => Stored::Bytes(samples),
        (Plane::U8(samples), 2) => Stored::Words(samples.into_iter().map(u16::from).collect()),
        (Plane::U16(samples), 1) => Stored::Bytes(samples.into_iter().map(|s| s as u8).collect()),
        (Plane::U16(samples), 2) => Stored::Words(samples),
        (_, bytes) => return Err(format!("{} bits allocated are not read here", 8 * bytes)),
    })
}

/// Which bits of a lossless stream count, and the highest of them: those that the header says
/// where the stream has cells that reach that high, else the lowest `bits`.
fn counting_bits(instance: &Instance, precision: u16, bits: u16) -> (u16, u16) {
    let format = &instance.pixel_format;
    if format.high_bit >= format.bits_stored && precision > format.high_bit {
        (format.bits_stored, format.high_bit)
    } else {
        (bits, bits - 1)
    }
}

/// Whatever process the stream says: transfer syntaxes are wrong at times.
fn jpeg(instance: &Instance, stream: &[u8]) -> Result<Decoded, String> {
    let header = jpeg_stream::header(stream).map_err(|error| error.to_string())?;
    let size = StreamSize {
        // Where the number of rows comes later, that of the samples is compared.
        rows: if header.rows == 0 {
            instance.rows
        } else {
            header.rows
        },
        columns: header.columns,
        components: header.components,
        bits: header.bits as usize,
    };
    size.check(instance)?;
    let image =
        jpeg_stream::decode(stream, &limits(instance)).map_err(|error| error.to_string())?;
    let lossless = header.process == jpeg_stream::Process::Lossless;
    // Without an Adobe marker the header's word counts; lossy JPEG in a JFIF wrapper is luma and
    // chroma whatever the header says.
    let is_ybr = image.components == 3
        && match header.adobe_transform {
            Some(transform) => transform == 1,
            None => header_says_ybr(instance) || (header.jfif && !lossless),
        };
    // Lossy streams may overshoot Bits Stored: cutting there would wrap values.
    let (bits, high_bit) = if lossless {
        counting_bits(
            instance,
            image.bits as u16,
            instance.pixel_format.bits_stored,
        )
    } else {
        let bits = instance.pixel_format.bits_stored.max(image.bits as u16);
        (bits, bits - 1)
    };
    Ok(Decoded {
        samples: stored(image.samples, instance)?,
        bits,
        high_bit,
        is_ybr,
    })
}

fn jpeg_ls(instance: &Instance, stream: &[u8]) -> Result<Decoded, String> {
    let info = jpeg_ls::read_info(stream).map_err(|error| error.to_string())?;
    let size = StreamSize {
        rows: info.rows,
        columns: info.columns,
        components: info.components,
        bits: info.bits as usize,
    };
    size.check(instance)?;
    let image = jpeg_ls::decode(stream, &limits(instance)).map_err(|error| error.to_string())?;
    let samples = stored(image.samples, instance)?;
    let format = &instance.pixel_format;
    // Near-lossless samples may overshoot Bits Stored, where cutting would wrap them. Lossless ones
    // may have something else above it, and signed ones need not have their sign there.
    let bits = if info.near > 0 && !format.signed {
        format.bits_stored.max(info.bits as u16)
    } else {
        format.bits_stored
    };
    let (bits, high_bit) = match info.near {
        0 => counting_bits(instance, info.bits as u16, bits),
        _ => (bits, bits - 1),
    };
    Ok(Decoded {
        samples,
        bits,
        high_bit,
        is_ybr: header_says_ybr(instance),
    })
}

fn jpeg_2000(instance: &Instance, mut stream: Vec<u8>) -> Result<Decoded, String> {
    let markers = jpeg_2000_markers(&stream).ok_or("the JPEG 2000 stream has no size marker")?;
    let size = &markers.size;
    size.check(instance)?;
    if !has_jpeg_end(&mut stream) {
        // What is missing before the end is still noticed: the decoder is strict.
        stream.extend(JPEG_END);
    }
    let limits = limits(instance);
    // The low bytes are the stored value whether stream and header agree on the sign or not.
    let decoded = jpeg2000::decode(&stream, sample_bytes(instance), &limits);
    let bytes = decoded.map_err(|error| error.to_string())?.bytes;
    // Lossy streams may overshoot Bits Stored, and some state another sign than the header: the
    // stream's own precision says where the sign is, cutting at Bits Stored would wrap values.
    let bits = instance.pixel_format.bits_stored.max(size.bits as u16);
    let is_ybr = !markers.transformed
        && matches!(&instance.pixel_format.photometric, Photometric::Ybr(name) if name.starts_with("YBR_FULL"));
    let (bits, high_bit) = counting_bits(instance, size.bits as u16, bits);
    Ok(Decoded {
        samples: Stored::Bytes(bytes),
        bits,
        high_bit,
        is_ybr,
    })
}

fn jpeg_xl(instance: &Instance, stream: Vec<u8>) -> Result<Decoded, String> {
    // dicom-pixeldata sets no limits, stretches other depths than 8 and 16 bits to the full range,
    // and leaves alpha between the colours.
    let (shape, width) = (FrameShape::of(instance), sample_bytes(instance));
    let samples = expected_samples(instance);
    let needs = direct::jpeg_xl_memory(samples) as u64;
    let booked = MEMORY.reserve(needs, "the JPEG XL frame");
    let _booked = booked.map_err(|error| error.to_string())?;
    let deadline = frame_deadline(samples);
    let work = move || direct::jpeg_xl(&stream, shape, width);
    let bytes =
        within(instance.path.as_ref(), deadline, work).map_err(|error| error.to_string())??;
    // The decoder returns RGB also where the stream holds recompressed luma and chroma.
    Ok(Decoded {
        samples: Stored::Bytes(bytes),
        bits: instance.pixel_format.bits_stored,
        high_bit: instance.pixel_format.bits_stored - 1,
        is_ybr: false,
    })
}

fn rle_lossless(instance: &Instance, stream: Vec<u8>) -> Result<Decoded, String> {
    let samples = usize::from(instance.pixel_format.samples_per_pixel);
    let pixels = instance.rows * instance.columns;
    let width = sample_bytes(instance);
    let layout = layout(instance, width);
    // dicom-pixeldata panics on lies about segments and missing pixels, unpacks what follows the
    // pixels without a limit or refuses it, and does not read 32 bits.
    let regular = width <= 2 && rle::is_regular(&stream, pixels, samples * width);
    // dicom-pixeldata refuses large frames that shrank more than 32-fold.
    let bytes = if regular && !layout.trips_ratio_guard(stream.len(), 32) {
        layout.decode(stream)?
    } else {
        rle::decode(&stream, pixels, samples, width)
            .ok_or("the RLE segments do not hold the image")?
    };
    Ok(Decoded {
        samples: Stored::Bytes(bytes),
        bits: instance.pixel_format.bits_stored,
        // Segments are the bytes of whole cells (annex G), with whatever else is in them.
        high_bit: instance.pixel_format.high_bit,
        is_ybr: header_says_ybr(instance),
    })
}

fn deflate(instance: &Instance, stream: Vec<u8>) -> Result<Decoded, String> {
    let expected = native_bytes(instance);
    // dicom-pixeldata inflates without a limit; a deflated stream grows 1032-fold at most.
    let mut bytes = if stream.len() <= LARGEST_INFLATED_BYTES / 1032 {
        layout(instance, 1).decode(stream)?
    } else {
        direct::deflate(&stream, expected)?
    };
    bytes.truncate(expected);
    let format = &instance.pixel_format;
    Ok(Decoded {
        samples: Stored::Native(bytes),
        bits: format.bits_stored,
        high_bit: format.high_bit,
        is_ybr: header_says_ybr(instance),
    })
}

#[cfg(test)]
mod tests;
