//! Overlay planes of a header, and their bits over one frame (PS3.3 C.9.2, PS3.5 8.1.2).

use dicom_dictionary_std::tags;
use dicom_object::Tag;

use super::charset::CharacterSet;
use super::elements::Elements;
use super::parse::{self, OverlayElement};
use super::{DicomError, Problem, decode, native};
use crate::budget::MEMORY;
use crate::study::{
    Instance, OverlayBitmap, OverlayKind, OverlayPlane, OverlaySource, PixelFormat, SampleKind,
};

/// Overlays larger than the largest frame are lies.
const MOST_PIXELS: usize = 1 << 28;

/// The usable overlay planes of a header. They are for display only: one that is malformed or
/// whose bits the file does not hold is left out.
pub(crate) fn planes(
    header: &Elements,
    data: &[OverlayElement],
    format: &PixelFormat,
    charset: &CharacterSet,
) -> Vec<OverlayPlane> {
    (0x6000..=0x601E)
        .step_by(2)
        .filter_map(|group| {
            let bits = data.iter().find(|element| element.group == group);
            plane(header, group, bits, format, charset)
        })
        .collect()
}

fn plane(
    header: &Elements,
    group: u16,
    data: Option<&OverlayElement>,
    format: &PixelFormat,
    charset: &CharacterSet,
) -> Option<OverlayPlane> {
    let word = |element| word(header, Tag(group, element));
    let size = |element| word(element).map(usize::from).filter(|&size| size > 0);
    let (rows, columns) = (size(0x0010)?, size(0x0011)?);
    let text_number = |element| {
        let number = header.integer(Tag(group, element)).ok().flatten()?;
        usize::try_from(number).ok()
    };
    let frames = text_number(0x0015).filter(|&frames| frames > 0);
    let source = if let Some(data) = data {
        let bits = rows
            .checked_mul(columns)?
            .checked_mul(frames.unwrap_or(1))?;
        let held = data.length.checked_mul(8)? >= bits as u64;
        (held && rows * columns <= MOST_PIXELS).then_some(OverlaySource::Data)?
    } else {
        let bit = word(0x0102)?;
        let low = format.high_bit + 1 - format.bits_stored;
        let unused = bit < low || bit > format.high_bit;
        let within = |size: usize, tag| {
            let image = header.integer(tag).ok().flatten();
            image.is_some_and(|image| size as i64 <= image)
        };
        let fits = format.samples_per_pixel == 1
            && format.kind == SampleKind::Integer
            && within(rows, tags::ROWS)
            && within(columns, tags::COLUMNS)
            && bit < format.bits_allocated;
        (unused && fits).then_some(OverlaySource::PixelBit(bit))?
    };
    Some(OverlayPlane {
        group,
        rows,
        columns,
        origin: origin(header, group),
        first_frame: word(0x0051).map_or(0, |first| usize::from(first.max(1)) - 1),
        frames,
        kind: if header.code(Tag(group, 0x0040)) == "R" {
            OverlayKind::Region
        } else {
            OverlayKind::Graphics
        },
        label: [0x1500, 0x0022]
            .map(|element| header.text(Tag(group, element), charset))
            .into_iter()
            .find(|text| !text.is_empty())
            .unwrap_or_default(),
        source,
    })
}

/// A US value, whatever VR was written.
fn word(header: &Elements, tag: Tag) -> Option<u16> {
    let bytes = *header.bytes(tag)?.first_chunk::<2>()?;
    Some(if header.big_endian {
        u16::from_be_bytes(bytes)
    } else {
        u16::from_le_bytes(bytes)
    })
}

/// Overlay Origin (60xx,0050), SS; 1\1 where it is not stated.
fn origin(header: &Elements, group: u16) -> [i32; 2] {
    let Some(&[a, b, c, d]) = header
        .bytes(Tag(group, 0x0050))
        .and_then(|bytes| bytes.first_chunk::<4>())
    else {
        return [1, 1];
    };
    [[a, b], [c, d]].map(|bytes| {
        i32::from(if header.big_endian {
            i16::from_be_bytes(bytes)
        } else {
            i16::from_le_bytes(bytes)
        })
    })
}

/// The overlays that lie over frame `frame` (0-based) of a file, in the order of their groups.
///
/// # Errors
/// The file names itself where it cannot be read, or where the words that hold the bits do not
/// decode.
pub fn decode_overlays(
    instance: &Instance,
    frame: usize,
) -> Result<Vec<OverlayBitmap>, DicomError> {
    bitmaps(instance, frame).map_err(|problem| DicomError::file(instance.path.shown(), problem))
}

fn bitmaps(instance: &Instance, frame: usize) -> Result<Vec<OverlayBitmap>, Problem> {
    let over: Vec<(&OverlayPlane, usize)> = instance
        .overlays
        .iter()
        .filter_map(|plane| Some((plane, plane.bitmap_over(frame)?)))
        .collect();
    let mut parsed = None;
    let mut words = None;
    let mut all = Vec::with_capacity(over.len());
    let mut booked = MEMORY.reserve(0, "the overlays")?;
    for (plane, number) in over {
        booked.grow((plane.rows * plane.columns) as u64)?;
        let bits = match plane.source {
            OverlaySource::Data => {
                let parsed = match &mut parsed {
                    Some(parsed) => parsed,
                    None => parsed.insert(parse::parse_file(&instance.path)?),
                };
                data_bits(parsed, plane, number)?
            }
            OverlaySource::PixelBit(bit) => {
                let words = match &words {
                    Some(words) => words,
                    None => words.insert(whole_words(instance, frame)?),
                };
                // The plane may be smaller than the image it lies in.
                let bits = |row: usize| {
                    let at = row * instance.columns;
                    (0..plane.columns).map(move |column| (row, column, at + column))
                };
                (0..plane.rows)
                    .flat_map(bits)
                    .map(|(row, column, at)| {
                        let inside = row < instance.rows && column < instance.columns;
                        let word = words.get(at).copied().filter(|_| inside);
                        (word.unwrap_or_default() >> bit & 1) as u8
                    })
                    .collect()
            }
        };
        all.push(OverlayBitmap {
            group: plane.group,
            kind: plane.kind,
            rows: plane.rows,
            columns: plane.columns,
            origin: plane.origin,
            bits,
        });
    }
    Ok(all)
}

/// Bits of bitmap `number` from Overlay Data: the first in the lowest bit of the first word, rows
/// and frames without gaps.
fn data_bits(
    parsed: &mut parse::Parsed,
    plane: &OverlayPlane,
    number: usize,
) -> Result<Vec<u8>, Problem> {
    let gone = || Problem::Damaged("it has changed since it was imported".to_owned());
    let element = *parsed
        .overlay_data
        .iter()
        .find(|element| element.group == plane.group)
        .ok_or_else(gone)?;
    let count = plane.rows * plane.columns;
    let first_bit = number.checked_mul(count).ok_or_else(gone)?;
    // From a whole word on, so that words of big endian files can be turned.
    let first_byte = first_bit / 16 * 2;
    let end = (first_bit + count).div_ceil(16) * 2;
    let end = (end as u64).min(element.length);
    let length = end.checked_sub(first_byte as u64).ok_or_else(gone)?;
    let mut bytes = vec![0; length as usize];
    parsed
        .source
        .read_into(element.offset + first_byte as u64, &mut bytes)?;
    if parsed.elements.big_endian && element.vr != Some(*b"OB") {
        native::swap_bytes(&mut bytes, 2);
    }
    Ok(native::unpack_bits(
        &bytes,
        first_bit - 8 * first_byte,
        count,
    ))
}

/// Whole words of a frame, with the bits that are not the image.
fn whole_words(instance: &Instance, frame: usize) -> Result<Vec<u32>, Problem> {
    let format = &instance.pixel_format;
    let whole = Instance {
        pixel_format: PixelFormat {
            bits_stored: format.bits_allocated,
            high_bit: format.bits_allocated - 1,
            signed: false,
            ..format.clone()
        },
        ..instance.clone()
    };
    let samples = decode::samples(&whole, frame)?;
    Ok((0..samples.len())
        .map(|index| samples.value(index).unwrap_or_default() as u32)
        .collect())
}
