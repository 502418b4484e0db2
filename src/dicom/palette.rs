//! Palette Color Lookup Tables → RGB with 8 bits a channel (PS3.3 C.7.6.3.1.5, C.7.6.3.1.6,
//! C.7.9.2). The alpha table of some palettes is not for display.

use dicom_dictionary_std::tags;
use dicom_object::Tag;

use super::Problem;
use super::elements::{Elements, attribute_name};
use super::lookup::{self, Descriptor};
use crate::study::Samples;

/// Descriptor, table and segmented table of red, green and blue.
const CHANNELS: [[Tag; 3]; 3] = [
    [
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ],
    [
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ],
    [
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
        tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
        tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
    ],
];

/// The colours of a palette.
#[derive(Debug, PartialEq)]
pub(crate) struct Palette {
    /// Stored value of the first entry.
    first: i64,
    entries: Vec<[u8; 3]>,
}

impl Palette {
    /// From the header of an image whose stored values are `signed` or not.
    pub fn of(header: &Elements, signed: bool) -> Result<Self, Problem> {
        let mut first = 0;
        let mut tables = [const { Vec::new() }; 3];
        let mut deep = false;
        for (index, (table, [descriptor, data, segmented])) in
            tables.iter_mut().zip(CHANNELS).enumerate()
        {
            let described = lookup::descriptor(header, descriptor, signed)?;
            *table = if header.get(data).is_none() && header.get(segmented).is_some() {
                expanded(header, segmented, described)?
            } else {
                lookup::entries(header, data, described.count)?
            };
            if index == 0 {
                first = described.first;
            }
            // Some writers say 16 bits and put bytes into the words: 16 bits in one channel are
            // 16 bits in all, but none in any is 8.
            deep |= described.bits > 8 && table.iter().any(|&entry| entry > 0xFF);
        }
        let shift = if deep { 8 } else { 0 };
        let [red, green, blue] = tables;
        let entries = red
            .into_iter()
            .zip(green)
            .zip(blue)
            .map(|((r, g), b)| [r, g, b].map(|entry| (entry >> shift) as u8))
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

/// A segmented table written out.
fn expanded(header: &Elements, tag: Tag, described: Descriptor) -> Result<Vec<u16>, Problem> {
    let bytes = header
        .bytes(tag)
        .ok_or_else(|| Problem::Missing(attribute_name(tag)))?;
    let deep = described.bits > 8;
    let data: Vec<u16> = if deep {
        lookup::words(header, bytes).collect()
    } else if header.big_endian && header.get(tag).is_some_and(|e| e.vr != Some(*b"OB")) {
        let pairs = lookup::words(header, bytes).flat_map(u16::to_le_bytes);
        pairs.map(u16::from).collect()
    } else {
        bytes.iter().copied().map(u16::from).collect()
    };
    let segments = Segments {
        data: &data,
        deep,
        most: described.count,
    };
    let mut entries = Vec::with_capacity(described.count);
    let complete = segments.expand(&mut entries).is_some();
    if !complete || entries.len() < described.count {
        return Err(Problem::Malformed {
            attribute: attribute_name(tag),
            value: format!("{} entries", entries.len()),
            expected: format!("segments that make {} were expected", described.count),
        });
    }
    Ok(entries)
}

/// Segments of a table (C.7.9.2): opcode, length, values.
struct Segments<'a> {
    data: &'a [u16],
    /// Values have 16 bits.
    deep: bool,
    /// Entries of the table; what comes after them is padding.
    most: usize,
}

impl Segments<'_> {
    /// Appends all entries; `None` where a segment is not what the clause allows.
    fn expand(&self, entries: &mut Vec<u16>) -> Option<()> {
        let mut at = 0;
        while entries.len() < self.most && at < self.data.len() {
            let (opcode, length) = (self.data.get(at)?, usize::from(*self.data.get(at + 1)?));
            if *opcode != 2 {
                at = self.segment(at, entries)?;
                continue;
            }
            // The position to copy from is in bytes, its least significant part first.
            let parts = if self.deep { 2 } else { 4 };
            let bits = if self.deep { 16 } else { 8 };
            let offset = self.data.get(at + 2..at + 2 + parts)?;
            let offset = offset
                .iter()
                .rev()
                .fold(0_u64, |sum, &part| sum << bits | u64::from(part));
            let mut from = usize::try_from(offset / if self.deep { 2 } else { 1 }).ok()?;
            for _ in 0..length {
                from = self.segment(from, entries)?;
            }
            at += 2 + parts;
        }
        entries.truncate(self.most);
        Some(())
    }

    /// Appends a discrete or linear segment; the position after it. An indirect one must not be
    /// copied by another.
    fn segment(&self, at: usize, entries: &mut Vec<u16>) -> Option<usize> {
        let (opcode, length) = (self.data.get(at)?, usize::from(*self.data.get(at + 1)?));
        match opcode {
            // Would never end.
            _ if length == 0 => None,
            0 => {
                entries.extend(self.data.get(at + 2..at + 2 + length)?);
                Some(at + 2 + length)
            }
            1 => {
                let from = f64::from(*entries.last()?);
                let to = f64::from(*self.data.get(at + 2)?);
                let value = |step: usize| from + (to - from) * step as f64 / length as f64;
                entries.extend((1..=length).map(|step| value(step).round() as u16));
                Some(at + 3)
            }
            _ => None,
        }
        .filter(|_| entries.len() <= self.most + usize::from(u16::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::super::elements::{Element, Value};
    use super::*;

    fn header(
        bits: u16,
        count: u16,
        first: u16,
        channels: [&[u8]; 3],
        segmented: bool,
    ) -> Elements {
        let descriptor = [count, first, bits].map(u16::to_le_bytes);
        let element = |tag, vr: &[u8; 2], bytes: &[u8]| Element {
            tag,
            vr: Some(*vr),
            value: Value::Bytes(bytes.to_vec()),
        };
        let list = CHANNELS.iter().zip(channels).flat_map(|(tags, data)| {
            let tag = if segmented { tags[2] } else { tags[1] };
            [
                element(tags[0], b"US", descriptor.as_flattened()),
                element(tag, b"OW", data),
            ]
        });
        Elements {
            list: list.collect(),
            big_endian: false,
        }
    }

    fn bytes(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn palette_indices_outside_the_table_take_its_ends() {
        let channel = [1, 2];
        let file = header(8, 2, 10, [&channel; 3], false);
        let colors = Palette::of(&file, false).unwrap();
        let colors = colors.apply(&Samples::U8(vec![0, 10, 11, 200]));
        assert_eq!(colors, Samples::Rgb8(vec![[1; 3], [1; 3], [2; 3], [2; 3]]));
        // The first index is signed where the stored values are.
        let file = header(8, 2, 0xFFFF, [&channel; 3], false);
        let colors = Palette::of(&file, true).unwrap();
        let colors = colors.apply(&Samples::I8(vec![-2, -1, 0]));
        assert_eq!(colors, Samples::Rgb8(vec![[1; 3], [1; 3], [2; 3]]));
    }

    #[test]
    fn one_deep_channel_makes_all_of_them_deep() {
        let (faint, full) = (bytes(&[0, 0x00FF]), bytes(&[0, 0xFF00]));
        let of = |channels: [&[u8]; 3]| Palette::of(&header(16, 2, 0, channels, false), false);
        assert_eq!(
            of([&faint, &full, &full]).unwrap().entries[1],
            [0, 255, 255]
        );
        // Bytes in words.
        assert_eq!(of([&faint, &faint, &faint]).unwrap().entries[1], [255; 3]);
    }

    #[test]
    fn segments_are_written_out_as_the_clause_says() {
        // C.7.9.2: discrete 3 values, linear 4 steps to 0x5000, then both once more from byte 0.
        let words = [0, 3, 0x1000, 0x2000, 0x1000, 1, 4, 0x5000, 2, 2, 0, 0];
        let file = header(16, 14, 0, [&bytes(&words); 3], true);
        let colors = Palette::of(&file, false).unwrap().entries;
        let red: Vec<u8> = colors.iter().map(|color| color[0]).collect();
        let once = [0x10, 0x20, 0x10, 0x20, 0x30, 0x40, 0x50];
        assert_eq!(red, [once, once].concat());
        // 8 bits: the offset has four parts; a linear copy begins at the last value.
        let data = [0, 1, 0, 1, 2, 100, 2, 1, 3, 0, 0, 0];
        let file = header(8, 5, 0, [&data; 3], true);
        let colors = Palette::of(&file, false).unwrap().entries;
        let red: Vec<u8> = colors.iter().map(|color| color[0]).collect();
        assert_eq!(red, [0, 50, 100, 100, 100]);
    }

    #[test]
    fn segments_that_lie_are_refused() {
        for data in [
            &[1, 2, 9][..],             // linear without a value before it
            &[0, 9, 1, 2],              // cut
            &[7, 1, 1],                 // unknown
            &[0, 1, 5],                 // too few
            &[2, 1, 0, 0, 0, 0],        // copies itself
            &[0, 1, 5, 2, 1, 99, 0, 0], // copies from nowhere
        ] {
            let file = header(8, 4, 0, [data; 3], true);
            let error = Palette::of(&file, false).unwrap_err().to_string();
            assert!(error.contains("Segmented Red"), "{error}");
        }
    }
}
