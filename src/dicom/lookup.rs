//! Look-up tables of a header: LUT Descriptor and LUT Data (PS3.3 C.11.1.1, C.11.2.1.1, C.7.6.3.1.5).

use dicom_dictionary_std::tags;
use dicom_object::Tag;

use super::Problem;
use super::elements::{Elements, attribute_name};
use crate::study::LookupTable;

/// Three values of a LUT Descriptor.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Descriptor {
    /// Number of entries.
    pub count: usize,
    /// Input value of the first entry.
    pub first: i64,
    /// Bits of an entry.
    pub bits: u16,
}

/// Reads a descriptor. Its second value is US or SS; which, the VR says only where it is SS:
/// writers put US for the signed values too, so the caller says whether inputs are `signed`.
pub(crate) fn descriptor(header: &Elements, tag: Tag, signed: bool) -> Result<Descriptor, Problem> {
    let Some([count, first, bits]) = header.vector::<3>(tag)? else {
        return Err(Problem::Missing(attribute_name(tag)));
    };
    // Through 16 bits: whatever VR was written, count and bits are unsigned.
    let word = |value: f64| value as i64 as u16;
    Ok(Descriptor {
        // 65,536 does not fit the 16 bits of the descriptor.
        count: match word(count) {
            0 => 1 << 16,
            count => usize::from(count),
        },
        first: if signed || first < 0.0 {
            i64::from(word(first) as i16)
        } else {
            i64::from(word(first))
        },
        bits: word(bits),
    })
}

/// Entries of a table: 16-bit words, or bytes where there are too few bytes for words.
pub(crate) fn entries(header: &Elements, tag: Tag, count: usize) -> Result<Vec<u16>, Problem> {
    let bytes = header
        .bytes(tag)
        .ok_or_else(|| Problem::Missing(attribute_name(tag)))?;
    // Some writers put 8-bit entries into 16-bit words, so the length decides, not the bits.
    let entries: Vec<u16> = if bytes.len() >= 2 * count {
        words(header, bytes).take(count).collect()
    } else if header.big_endian && header.get(tag).is_some_and(|e| e.vr != Some(*b"OB")) {
        // Two entries to a word, the first in its low byte.
        let pairs = words(header, bytes).flat_map(u16::to_le_bytes);
        pairs.map(u16::from).take(count).collect()
    } else {
        bytes.iter().take(count).copied().map(u16::from).collect()
    };
    if entries.len() < count {
        return Err(Problem::Malformed {
            attribute: attribute_name(tag),
            value: format!("{} entries", entries.len()),
            expected: format!("the descriptor says {count}"),
        });
    }
    Ok(entries)
}

/// Bytes as 16-bit words in the byte order of the file.
pub(crate) fn words<'a>(header: &Elements, bytes: &'a [u8]) -> impl Iterator<Item = u16> + 'a {
    let big_endian = header.big_endian;
    let (words, _) = bytes.as_chunks::<2>();
    words.iter().map(move |word| {
        if big_endian {
            u16::from_be_bytes(*word)
        } else {
            u16::from_le_bytes(*word)
        }
    })
}

/// The table of an item of a Modality or VOI LUT Sequence; `signed` as for [`descriptor`].
pub(crate) fn table(item: &Elements, signed: bool) -> Result<LookupTable, Problem> {
    let Descriptor { count, first, bits } = descriptor(item, tags::LUT_DESCRIPTOR, signed)?;
    let entries = entries(item, tags::LUT_DATA, count)?;
    LookupTable::new(first, bits, entries)
        .ok_or_else(|| Problem::Missing(attribute_name(tags::LUT_DATA)))
}

#[cfg(test)]
mod tests {
    use super::super::elements::{Element, Value};
    use super::*;

    fn item(vr: [u8; 2], descriptor: [u16; 3], data: &[u8], big_endian: bool) -> Elements {
        let words = descriptor.map(|word| {
            if big_endian {
                word.to_be_bytes()
            } else {
                word.to_le_bytes()
            }
        });
        let element = |tag, vr, bytes: &[u8]| Element {
            tag,
            vr: Some(vr),
            value: Value::Bytes(bytes.to_vec()),
        };
        Elements {
            list: vec![
                element(tags::LUT_DESCRIPTOR, vr, words.as_flattened()),
                element(tags::LUT_DATA, *b"OW", data),
            ],
            big_endian,
        }
    }

    #[test]
    fn the_first_value_is_signed_where_the_inputs_are() {
        let data = [1, 0, 2, 0];
        let first = |vr, first, signed| {
            let item = item(vr, [2, first, 16], &data, false);
            table(&item, signed).unwrap().first()
        };
        assert_eq!(first(*b"US", 0xFC00, true), -1024);
        assert_eq!(first(*b"US", 0xFC00, false), 0xFC00);
        assert_eq!(first(*b"SS", 0xFC00, false), -1024);
    }

    #[test]
    fn zero_entries_are_65536_and_fewer_are_refused() {
        let data = vec![7; 2 << 16];
        let full = table(&item(*b"US", [0, 0, 16], &data, false), false).unwrap();
        assert_eq!(full.entries().len(), 65_536);
        let error = table(&item(*b"US", [0, 0, 16], &data[..99], false), false).unwrap_err();
        let error = error.to_string();
        assert!(
            error.contains("LUTData") && error.contains("65536"),
            "{error}"
        );
    }

    #[test]
    fn bytes_and_words_are_told_apart_by_their_length() {
        let entries = |bits, data: &[u8], big| {
            let item = item(*b"US", [4, 0, bits], data, big);
            table(&item, false).unwrap().entries().to_vec()
        };
        assert_eq!(entries(8, &[1, 2, 3, 4], false), [1, 2, 3, 4]);
        assert_eq!(entries(8, &[2, 1, 4, 3], true), [1, 2, 3, 4]);
        assert_eq!(entries(8, &[1, 0, 2, 0, 3, 0, 4, 0], false), [1, 2, 3, 4]);
        assert_eq!(
            entries(16, &[1, 2, 0, 1, 0, 2, 0, 3], true),
            [0x102, 1, 2, 3]
        );
    }
}
