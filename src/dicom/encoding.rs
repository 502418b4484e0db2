//! How a data set is written: transfer syntax, byte order, explicit or implicit VR, and the head
//! of one element (PS3.5 7, PS3.10 7).

use dicom_dictionary_std::{tags, uids};
use dicom_object::Tag;

use super::Problem;
use super::elements::{attribute_name, trimmed};
use super::source::ByteSource;

/// Length of values that end with a delimiter.
pub(crate) const UNDEFINED: u32 = u32::MAX;

/// Retired in 2006, but still in archives.
pub(crate) const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// Byte order and VR of a data set.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Encoding {
    pub explicit: bool,
    pub big_endian: bool,
}

pub(crate) const IMPLICIT_LITTLE: Encoding = Encoding {
    explicit: false,
    big_endian: false,
};
const EXPLICIT_LITTLE: Encoding = Encoding {
    explicit: true,
    big_endian: false,
};

pub(crate) fn syntax_of(encoding: Encoding) -> &'static str {
    match (encoding.explicit, encoding.big_endian) {
        (false, _) => uids::IMPLICIT_VR_LITTLE_ENDIAN,
        (true, false) => uids::EXPLICIT_VR_LITTLE_ENDIAN,
        (true, true) => EXPLICIT_VR_BIG_ENDIAN,
    }
}

/// Whether a file without the `DICM` mark begins with an element of group 0002 or 0008.
pub(crate) fn looks_like_an_element(source: &mut ByteSource) -> bool {
    let len = source.len();
    let Ok(&[g0, g1, e0, e1, a, b, c, d]) = source
        .bytes(0, 8)
        .map(|bytes| <&[u8; 8]>::try_from(bytes).unwrap_or(&[0; 8]))
    else {
        return false;
    };
    let group = u16::from_le_bytes([g0, g1]);
    let element = u16::from_le_bytes([e0, e1]);
    let known_group = matches!(group, 0x0002 | 0x0008) && element <= 0x0100;
    let big = u16::from_be_bytes([g0, g1]) == 0x0008 && u16::from_be_bytes([e0, e1]) <= 0x0100;
    let is_vr = is_vr([a, b]);
    let implicit_length = u64::from(u32::from_le_bytes([a, b, c, d]));
    (known_group && (is_vr || implicit_length < len.min(1024))) || (big && is_vr)
}

fn is_vr(letters: [u8; 2]) -> bool {
    letters.iter().all(u8::is_ascii_uppercase)
}

/// The transfer syntax the file states, if any, and where the data set begins. The group length
/// is not relied on: it is wrong or missing in many files.
pub(crate) fn read_meta(
    source: &mut ByteSource,
    start: u64,
) -> Result<(Option<String>, u64), Problem> {
    let mut at = start;
    let mut syntax = None;
    while let Ok(&[g0, g1, e0, e1, v0, v1]) = source
        .bytes(at, 6)
        .map(|bytes| <&[u8; 6]>::try_from(bytes).unwrap_or(&[0; 6]))
    {
        if u16::from_le_bytes([g0, g1]) != 0x0002 {
            break;
        }
        // Some writers leave the meta group in implicit VR.
        let encoding = if is_vr([v0, v1]) {
            EXPLICIT_LITTLE
        } else {
            IMPLICIT_LITTLE
        };
        let tag = Tag(0x0002, u16::from_le_bytes([e0, e1]));
        let head = element_head(source, at, source.len(), encoding)?;
        let length = u64::from(head.length);
        if head.length == UNDEFINED || length > source.len() - head.value_at {
            return Err(overlong(tag, length, source.len() - head.value_at));
        }
        if tag == tags::TRANSFER_SYNTAX_UID && length < 256 {
            let bytes = source.bytes(head.value_at, length as usize)?;
            let uid = trimmed(&String::from_utf8_lossy(bytes)).to_owned();
            syntax = Some(uid).filter(|uid| !uid.is_empty());
        }
        at = head.value_at + length;
    }
    Ok((syntax, at))
}

/// How the data set is written: as declared, unless its first element plainly is not.
pub(crate) fn encoding_at(source: &mut ByteSource, at: u64, declared: Option<&str>) -> Encoding {
    let big_endian = match declared {
        Some(uid) => uid == EXPLICIT_VR_BIG_ENDIAN,
        None => matches!(source.bytes(at, 2), Ok([0x00, 0x08])),
    };
    let declared_explicit = declared.is_some_and(|uid| uid != uids::IMPLICIT_VR_LITTLE_ENDIAN);
    let explicit = match source.bytes(at, 6) {
        // A length whose low bytes are two capital letters is 16 KB or more: no first element is.
        Ok(&[_, _, _, _, a, b]) => is_vr([a, b]),
        _ => declared_explicit,
    };
    Encoding {
        explicit,
        big_endian: big_endian && explicit,
    }
}

pub(crate) fn overlong(tag: Tag, length: u64, left: u64) -> Problem {
    Problem::Damaged(format!(
        "{} says it is {length} bytes long, but only {left} are left; copy the file again",
        attribute_name(tag)
    ))
}

/// Head of one element.
pub(crate) struct Head {
    pub tag: Tag,
    pub vr: Option<[u8; 2]>,
    pub length: u32,
    pub value_at: u64,
}

/// Tag, VR and length of the element at `at`.
pub(crate) fn element_head(
    source: &mut ByteSource,
    at: u64,
    end: u64,
    encoding: Encoding,
) -> Result<Head, Problem> {
    let cut = || Problem::Damaged("it ends in the middle of an element; copy it again".to_owned());
    if end.saturating_sub(at) < 8 {
        return Err(cut());
    }
    let &[g0, g1, e0, e1, a, b, c, d] =
        <&[u8; 8]>::try_from(source.bytes(at, 8)?).map_err(|_| cut())?;
    let u16_of = |bytes| {
        if encoding.big_endian {
            u16::from_be_bytes(bytes)
        } else {
            u16::from_le_bytes(bytes)
        }
    };
    let u32_of = |bytes| {
        if encoding.big_endian {
            u32::from_be_bytes(bytes)
        } else {
            u32::from_le_bytes(bytes)
        }
    };
    let tag = Tag(u16_of([g0, g1]), u16_of([e0, e1]));
    // Items have no VR; and explicit files exist in which single elements have none either.
    if !encoding.explicit || tag.0 == 0xFFFE || !is_vr([a, b]) {
        return Ok(Head {
            tag,
            vr: None,
            length: u32_of([a, b, c, d]),
            value_at: at + 8,
        });
    }
    let vr = [a, b];
    let long = matches!(
        &vr,
        b"OB"
            | b"OD"
            | b"OF"
            | b"OL"
            | b"OV"
            | b"OW"
            | b"SQ"
            | b"SV"
            | b"UC"
            | b"UN"
            | b"UR"
            | b"UT"
            | b"UV"
    );
    let (length, value_at) = if long {
        if end - at < 12 {
            return Err(cut());
        }
        let bytes = <[u8; 4]>::try_from(source.bytes(at + 8, 4)?).map_err(|_| cut())?;
        (u32_of(bytes), at + 12)
    } else {
        (u32::from(u16_of([c, d])), at + 8)
    };
    Ok(Head {
        tag,
        vr: Some(vr),
        length,
        value_at,
    })
}
