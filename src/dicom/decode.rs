//! Stored values of one frame.
//!
//! Uncompressed frames are read straight from their place in the file; compressed ones are handed
//! to a codec frame by frame. Masking to Bits Stored, sign extension and colour conversion are
//! done here, so that they are the same for every transfer syntax.

use dicom_dictionary_std::{tags, uids};

use super::codec::{Decoded, Stored};
use super::color;
use super::encoding::EXPLICIT_VR_BIG_ENDIAN;
use super::palette::Palette;
use super::source::ByteSource;
use super::{DicomError, Problem, codec, encapsulated, native, parse};
use crate::budget::MEMORY;
use crate::study::{Frame, Instance, OverlaySource, Photometric, SampleKind, Samples};

/// A frame larger than this is refused: no X-ray detector comes near it.
const LARGEST_FRAME_BYTES: usize = 1 << 28;
/// Bytes a codec may need for a sample besides the result: coefficients of 32 bits, twice.
const CODEC_BYTES_PER_SAMPLE: usize = 8;

/// Stored values of frame `frame` (0-based): masked to Bits Stored and sign-extended, grey as
/// stored (MONOCHROME1 is not inverted), colour as RGB with 8 bits a channel.
///
/// # Errors
/// The file names itself: unreadable, truncated ("holds X of Y bytes"), a transfer syntax without
/// decoder, or a stream that does not decode to what the header says.
pub fn decode_frame(instance: &Instance, frame: usize) -> Result<Frame, DicomError> {
    samples(instance, frame)
        .map(|samples| Frame {
            rows: instance.rows,
            columns: instance.columns,
            samples,
        })
        .map_err(|problem| DicomError::file(instance.path.shown(), problem))
}

/// Modality values of a decoded grey frame (stored × slope + intercept); empty for colour.
pub fn modality_values(instance: &Instance, frame: usize, decoded: &Frame) -> Vec<f32> {
    let lut = instance
        .frames
        .get(frame)
        .map(|header| header.modality_lut.clone())
        .unwrap_or_default();
    let value = |stored: f64| lut.apply(stored) as f32;
    match &decoded.samples {
        Samples::U8(v) => v.iter().map(|&s| value(f64::from(s))).collect(),
        Samples::I8(v) => v.iter().map(|&s| value(f64::from(s))).collect(),
        Samples::U16(v) => v.iter().map(|&s| value(f64::from(s))).collect(),
        Samples::I16(v) => v.iter().map(|&s| value(f64::from(s))).collect(),
        Samples::U32(v) => v.iter().map(|&s| value(f64::from(s))).collect(),
        Samples::I32(v) => v.iter().map(|&s| value(f64::from(s))).collect(),
        Samples::F32(v) => v.iter().map(|&s| value(f64::from(s))).collect(),
        Samples::F64(v) => v.iter().map(|&s| value(s)).collect(),
        Samples::Rgb8(_) => Vec::new(),
    }
}

pub(crate) fn samples(instance: &Instance, frame: usize) -> Result<Samples, Problem> {
    let frames = instance.frames.len();
    if frame >= frames {
        return Err(Problem::NoSuchFrame { frame, frames });
    }
    samples_in(&mut open(instance)?, instance, frame)
}

/// The bytes that positions of an instance refer to.
fn open(instance: &Instance) -> Result<ByteSource, Problem> {
    Ok(match instance.transfer_syntax.as_str() {
        uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN => parse::parse_file(&instance.path)?.source,
        _ => ByteSource::open(&instance.path)?,
    })
}

/// Stored values of a frame out of a file that is open already: many frames of one file are read
/// without opening, and for deflated files inflating, it again.
pub(crate) fn samples_in(
    source: &mut ByteSource,
    instance: &Instance,
    frame: usize,
) -> Result<Samples, Problem> {
    let frames = instance.frames.len();
    if frame >= frames {
        return Err(Problem::NoSuchFrame { frame, frames });
    }
    let format = &instance.pixel_format;
    let frame_bits = instance.rows
        * instance.columns
        * usize::from(format.samples_per_pixel)
        * usize::from(format.bits_allocated);
    if frame_bits / 8 > LARGEST_FRAME_BYTES {
        return Err(Problem::Unsupported(format!(
            "a frame of {} × {} pixels is larger than Stylet reads ({} MiB); export it smaller",
            instance.columns,
            instance.rows,
            LARGEST_FRAME_BYTES >> 20
        )));
    }
    let frame_bytes = frame_bits.div_ceil(8);
    if is_native(&instance.transfer_syntax) {
        let _booked = MEMORY.reserve(2 * frame_bytes as u64, "the frame")?;
        return native_samples(source, instance, frame);
    }
    if instance.pixel_data.length.is_some() {
        return Err(Problem::Damaged(format!(
            "its pixel data is not encapsulated as the transfer syntax {} demands; \
             export the series uncompressed",
            instance.transfer_syntax
        )));
    }
    codec::check_supported(&instance.transfer_syntax)?;
    if matches!(format.bits_allocated, 2..=7 | 17..=31) {
        return Err(Problem::Unsupported(format!(
            "compressed samples of {} bits allocated are not read; export the series uncompressed",
            format.bits_allocated
        )));
    }
    let samples = instance.rows * instance.columns * usize::from(format.samples_per_pixel);
    let working = 3 * frame_bytes + CODEC_BYTES_PER_SAMPLE * samples;
    let _booked = MEMORY.reserve(working as u64, "the compressed frame")?;
    let at = instance.pixel_data.offset;
    let bytes =
        encapsulated::frame_bytes(source, instance.path.as_ref(), at, (frame, frames), || {
            parse::parse_file(&instance.path).map(|parsed| parsed.elements)
        })?;
    if instance.transfer_syntax == uids::ENCAPSULATED_UNCOMPRESSED_EXPLICIT_VR_LITTLE_ENDIAN {
        let needs = frame_bits.div_ceil(8);
        if bytes.len() < needs {
            return Err(Problem::Truncated {
                holds: bytes.len() as u64,
                needs: needs as u64,
            });
        }
        return finish(
            instance,
            native::unpack(&bytes, 0, instance),
            is_ybr(instance),
        );
    }
    finish_decoded(instance, codec::decode(instance, frame, bytes)?)
}

/// What a codec returned → samples as promised.
fn finish_decoded(instance: &Instance, decoded: Decoded) -> Result<Samples, Problem> {
    let format = &instance.pixel_format;
    // Bits above the stored ones are no overshoot of a lossy stream where an overlay lies in them.
    let overlaid = instance
        .overlays
        .iter()
        .any(|plane| matches!(plane.source, OverlaySource::PixelBit(_)));
    let (bits, high_bit) = if overlaid {
        (format.bits_stored, format.high_bit)
    } else {
        (decoded.bits, decoded.high_bit)
    };
    let place = (bits, high_bit);
    finish(
        instance,
        match decoded.samples {
            Stored::Bytes(bytes) => native::unpack_decoded(&bytes, place, instance),
            Stored::Words(words) => native::unpack_words(words, place, instance),
            Stored::Native(bytes) => native::unpack(&bytes, 0, instance),
        },
        decoded.is_ybr,
    )
}

fn is_native(transfer_syntax: &str) -> bool {
    matches!(
        transfer_syntax,
        uids::IMPLICIT_VR_LITTLE_ENDIAN
            | uids::EXPLICIT_VR_LITTLE_ENDIAN
            | EXPLICIT_VR_BIG_ENDIAN
            | uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
    )
}

/// Whether uncompressed colours are luma and chroma. `YBR_ICT` and `YBR_RCT` exist in JPEG 2000
/// only: with them in the header of an uncompressed file, its samples were decoded to RGB.
fn is_ybr(instance: &Instance) -> bool {
    matches!(&instance.pixel_format.photometric,
        Photometric::Ybr(name) if !matches!(name.as_str(), "YBR_ICT" | "YBR_RCT"))
}

fn native_samples(
    source: &mut ByteSource,
    instance: &Instance,
    frame: usize,
) -> Result<Samples, Problem> {
    let Some(length) = instance.pixel_data.length else {
        return Err(Problem::Damaged(
            "its pixel data is compressed, but the transfer syntax says it is not; \
             export the series uncompressed"
                .to_owned(),
        ));
    };
    let big_endian = instance.transfer_syntax == EXPLICIT_VR_BIG_ENDIAN;
    let format = &instance.pixel_format;
    if matches!(&format.photometric, Photometric::Ybr(name) if name.ends_with("420")) {
        return Err(Problem::Unsupported(
            "YBR_PARTIAL_420 exists in compressed files only; convert the file to RGB".to_owned(),
        ));
    }
    let pixels = instance.rows * instance.columns;
    let bits = |samples: usize| (pixels * samples) as u64 * u64::from(format.bits_allocated);
    let full = usize::from(format.samples_per_pixel);
    let holds = length.min(source.len().saturating_sub(instance.pixel_data.offset));
    // Files exist that say 4:2:2 and hold the chroma of every pixel.
    let subsampled = matches!(&format.photometric, Photometric::Ybr(name) if name.ends_with("422"))
        && holds.saturating_mul(8) < bits(full) * instance.frames.len() as u64;
    if subsampled && instance.columns % 2 == 1 {
        // PS3.3 C.7.6.3.1.2: two pixels share their chroma; how the last one of a row is written
        // would be a guess.
        return Err(Problem::Damaged(format!(
            "its {} columns cannot share colours in pairs; export the series as RGB",
            instance.columns
        )));
    }
    let frame_bits = bits(if subsampled { 2 } else { full });
    let needs = (frame_bits * instance.frames.len() as u64).div_ceil(8);
    let start_bit = frame_bits * frame as u64;
    let end = (start_bit + frame_bits).div_ceil(8);
    if end > holds {
        return Err(Problem::Truncated { holds, needs });
    }
    let base = instance.pixel_data.offset;
    let at = base + start_bit / 8;
    if let Some(samples) = native::read_directly(source, at, instance, big_endian)? {
        return Ok(samples);
    }
    let word = if big_endian {
        big_endian_word(instance)?
    } else {
        1
    };
    // Whole words, also where a frame begins or ends in the middle of one.
    let first = start_bit / 8 / word as u64 * word as u64;
    let last = end.next_multiple_of(word as u64).min(holds);
    let mut bytes = vec![0; last.saturating_sub(first) as usize];
    source.read_into(base + first, &mut bytes)?;
    native::swap_bytes(&mut bytes, word);
    if subsampled {
        let start = (start_bit / 8 - first) as usize;
        return Ok(Samples::Rgb8(color::from_ybr_422(
            bytes.get(start..).unwrap_or_default(),
            &format.photometric,
        )));
    }
    let first_bit = (start_bit - 8 * first) as usize;
    let raw = native::unpack(&bytes, first_bit, instance);
    finish(instance, raw, is_ybr(instance))
}

/// Bytes that change places in big endian files: those of a sample, or of a 16-bit word where
/// smaller samples are packed into words (PS3.5 8.1.1, D.3).
fn big_endian_word(instance: &Instance) -> Result<usize, Problem> {
    let allocated = instance.pixel_format.bits_allocated;
    if matches!(allocated, 16 | 32 | 64) {
        return Ok(usize::from(allocated / 8));
    }
    let words = parse::parse_file(&instance.path)?
        .pixels
        .is_some_and(|pixels| pixels.vr == Some(*b"OW"));
    Ok(if words { 2 } else { 1 })
}

/// Stored samples → samples as promised: colours as RGB.
fn finish(instance: &Instance, raw: Samples, is_ybr: bool) -> Result<Samples, Problem> {
    let format = &instance.pixel_format;
    match &format.photometric {
        Photometric::PaletteColor => {
            let header = parse::parse_file(&instance.path)?.elements;
            // Colour look-up tables may come without the image asking for one.
            Ok(Palette::of(&header, format.signed)?.apply(&raw))
        }
        Photometric::Other(name) if format.samples_per_pixel == 3 => {
            Err(Problem::Unsupported(format!(
                "{} {name:?} is not read; convert the file to RGB",
                super::elements::attribute_name(tags::PHOTOMETRIC_INTERPRETATION)
            )))
        }
        _ if format.samples_per_pixel == 1 => Ok(raw),
        _ if matches!(raw, Samples::I32(_)) => Err(Problem::Unsupported(
            "signed colour of 32 bits is not read; export the series with 8 bits".to_owned(),
        )),
        _ if format.kind != SampleKind::Integer => Err(Problem::Unsupported(
            "colour in floating point is not read".to_owned(),
        )),
        photometric => {
            let bytes = color::to_8_bit(&raw, format.bits_stored);
            Ok(Samples::Rgb8(if is_ybr {
                color::from_ybr(&bytes, photometric)
            } else {
                color::triples(&bytes)
            }))
        }
    }
}
