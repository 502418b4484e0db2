//! Colour samples → RGB with 8 bits a channel (PS3.3 C.7.6.3.1.2, C.7.6.3.1.5).

use dicom_dictionary_std::tags;
use dicom_object::Tag;

use super::Problem;
use super::elements::{Elements, attribute_name};
use crate::study::{Photometric, Samples};

/// Samples with 8 bits: those stored in more lose their lowest bits.
pub(crate) fn to_8_bit(samples: &Samples, bits_stored: u16) -> Vec<u8> {
    let shift = bits_stored.saturating_sub(8);
    match samples {
        Samples::U8(v) => v.clone(),
        Samples::I8(v) => v.iter().map(|&s| s as u8).collect(),
        Samples::U16(v) => v.iter().map(|&s| (s >> shift) as u8).collect(),
        Samples::I16(v) => v.iter().map(|&s| (s as u16 >> shift) as u8).collect(),
        Samples::U32(v) => v.iter().map(|&s| (s >> shift) as u8).collect(),
        _ => Vec::new(),
    }
}

/// Bytes by pixel → pixels.
pub(crate) fn triples(bytes: &[u8]) -> Vec<[u8; 3]> {
    bytes.as_chunks::<3>().0.to_vec()
}

/// Luma and chroma by pixel → RGB.
pub(crate) fn from_ybr(bytes: &[u8], photometric: &Photometric) -> Vec<[u8; 3]> {
    let partial = is_partial(photometric);
    let (pixels, _) = bytes.as_chunks::<3>();
    pixels.iter().map(|pixel| rgb_of(*pixel, partial)).collect()
}

/// Pairs of pixels with one chroma (Y1 Y2 Cb Cr) → RGB.
pub(crate) fn from_ybr_422(bytes: &[u8], photometric: &Photometric) -> Vec<[u8; 3]> {
    let partial = is_partial(photometric);
    let (pairs, _) = bytes.as_chunks::<4>();
    pairs
        .iter()
        .flat_map(|&[y1, y2, cb, cr]| {
            [rgb_of([y1, cb, cr], partial), rgb_of([y2, cb, cr], partial)]
        })
        .collect()
}

fn is_partial(photometric: &Photometric) -> bool {
    matches!(photometric, Photometric::Ybr(name) if name.starts_with("YBR_PARTIAL"))
}

fn rgb_of([y, cb, cr]: [u8; 3], partial: bool) -> [u8; 3] {
    let [y, cb, cr] = [f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0];
    let rgb = if partial {
        let y = 1.1644 * (y - 16.0);
        [
            y + 1.5960 * cr,
            y - 0.3917 * cb - 0.8130 * cr,
            y + 2.0173 * cb,
        ]
    } else {
        [
            y + 1.402 * cr,
            y - 0.344_136 * cb - 0.714_136 * cr,
            y + 1.772 * cb,
        ]
    };
    rgb.map(|v| v.round().clamp(0.0, 255.0) as u8)
}

/// Palette Color Lookup Tables.
#[derive(Debug, PartialEq)]
pub(crate) struct Palette {
    /// Stored value of the first entry.
    first: i64,
    entries: Vec<[u8; 3]>,
}

impl Palette {
    /// From the header.
    pub fn of(header: &Elements) -> Result<Self, Problem> {
        if header
            .get(tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA)
            .is_some()
        {
            return Err(Problem::Unsupported(
                "a segmented palette is not read; convert the file to RGB".to_owned(),
            ));
        }
        let (first, red) = channel(
            header,
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        )?;
        let (_, green) = channel(
            header,
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        )?;
        let (_, blue) = channel(
            header,
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        )?;
        let entries = red
            .into_iter()
            .zip(green)
            .zip(blue)
            .map(|((r, g), b)| [r, g, b])
            .collect();
        Ok(Self { first, entries })
    }

    /// Colours of stored values; those outside the table take its first or last entry.
    pub fn apply(&self, samples: &Samples) -> Samples {
        let last = self.entries.len().saturating_sub(1) as i64;
        let color = |index: usize| {
            let stored = samples.value(index).unwrap_or_default() as i64;
            let entry = (stored - self.first).clamp(0, last) as usize;
            self.entries.get(entry).copied().unwrap_or_default()
        };
        Samples::Rgb8((0..samples.len()).map(color).collect())
    }
}

/// First stored value and 8-bit entries of one channel.
fn channel(header: &Elements, descriptor: Tag, data: Tag) -> Result<(i64, Vec<u8>), Problem> {
    let Some([count, first, bits]) = header.vector::<3>(descriptor)? else {
        return Err(Problem::Missing(attribute_name(descriptor)));
    };
    let bytes = header
        .bytes(data)
        .ok_or_else(|| Problem::Missing(attribute_name(data)))?;
    // 65,536 does not fit the 16 bits of the descriptor.
    let count = if count == 0.0 {
        65_536
    } else {
        count as u16 as usize
    };
    // Some writers put 8-bit entries into 16-bit words, so the length decides, not the bits.
    let entries: Vec<u8> = if bytes.len() >= 2 * count {
        let (words, _) = bytes.as_chunks::<2>();
        let words = words.iter().take(count).map(|word| {
            if header.big_endian {
                u16::from_be_bytes(*word)
            } else {
                u16::from_le_bytes(*word)
            }
        });
        let largest = words.clone().max().unwrap_or_default();
        let shift = if bits > 8.0 && largest > 0xFF { 8 } else { 0 };
        words.map(|word| (word >> shift) as u8).collect()
    } else {
        bytes.iter().take(count).copied().collect()
    };
    if entries.len() < count {
        return Err(header.malformed(
            descriptor,
            &format!("the table has {} entries", entries.len()),
        ));
    }
    Ok((first as i64, entries))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_and_chroma_become_the_colours_of_the_standard() {
        let full = Photometric::Ybr("YBR_FULL".to_owned());
        assert_eq!(from_ybr(&[128, 128, 128], &full), [[128; 3]]);
        assert_eq!(from_ybr(&[76, 85, 255], &full), [[254, 0, 0]]);
        assert_eq!(from_ybr_422(&[10, 20, 128, 128], &full), [[10; 3], [20; 3]]);
        let partial = Photometric::Ybr("YBR_PARTIAL_422".to_owned());
        assert_eq!(
            from_ybr_422(&[16, 235, 128, 128], &partial),
            [[0; 3], [255; 3]]
        );
    }

    #[test]
    fn palette_indices_outside_the_table_take_its_ends() {
        let palette = Palette {
            first: 10,
            entries: vec![[1; 3], [2; 3]],
        };
        let colors = palette.apply(&Samples::U8(vec![0, 10, 11, 200]));
        assert_eq!(colors, Samples::Rgb8(vec![[1; 3], [1; 3], [2; 3], [2; 3]]));
    }

    #[test]
    fn deep_colours_keep_their_upper_bits() {
        assert_eq!(
            to_8_bit(&Samples::U16(vec![0x0FFF, 0x0800]), 12),
            [255, 128]
        );
    }
}
