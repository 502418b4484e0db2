//! Reads the elements of a header from the bytes of a file, up to its pixel data (PS3.5 7, PS3.10 7).
//!
//! Files are not trusted: every length is checked against what is left of its parent, sequences
//! nest 64 deep at most, and nothing is allocated that the file does not hold. Elements that
//! Stylet does not use are stepped over without reading them.

use std::path::Path;

use dicom_dictionary_std::{tags, uids};
use dicom_object::Tag;

use super::Problem;
use super::elements::{Element, Elements, Value, attribute_name, trimmed};
use super::source::ByteSource;
use super::wanted;

/// Deeper nesting is refused; real objects stay below 10.
const DEEPEST: usize = 64;
/// Values longer than this are not read; the longest in use is a 65,536-entry lookup table.
const LONGEST_VALUE: u64 = 1 << 20;
/// A deflated data set may grow to this size.
const LARGEST_INFLATED: u64 = 1 << 31;
const UNDEFINED: u32 = u32::MAX;
const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

/// Retired in 2006, but still in archives.
pub(crate) const EXPLICIT_VR_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// Where the samples lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct PixelElement {
    /// Pixel Data, Float Pixel Data or Double Float Pixel Data.
    pub tag: Tag,
    /// Value representation as written.
    pub vr: Option<[u8; 2]>,
    /// Position of the value in the file (in the inflated data set for deflated files).
    pub offset: u64,
    /// Length of the value; `None` for encapsulated pixel data.
    pub length: Option<u64>,
}

/// A header as parsed.
#[derive(Debug)]
pub(crate) struct Parsed {
    /// Elements before the pixel data.
    pub elements: Elements,
    /// Transfer Syntax UID, or the one the bytes look like where the file does not say.
    pub transfer_syntax: String,
    /// Where the pixel data is, if there is any.
    pub pixels: Option<PixelElement>,
    /// The bytes the positions refer to.
    pub source: ByteSource,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Encoding {
    explicit: bool,
    big_endian: bool,
}

const IMPLICIT_LITTLE: Encoding = Encoding {
    explicit: false,
    big_endian: false,
};
const EXPLICIT_LITTLE: Encoding = Encoding {
    explicit: true,
    big_endian: false,
};

/// Opens a file and reads its header up to the pixel data.
pub(crate) fn parse_file(path: &Path) -> Result<Parsed, Problem> {
    parse(ByteSource::open(path)?)
}

/// Reads a header up to the pixel data.
pub(crate) fn parse(mut source: ByteSource) -> Result<Parsed, Problem> {
    let start = match source.bytes(128, 4) {
        Ok(b"DICM") => 132,
        _ => 0,
    };
    if start == 0 && !looks_like_an_element(&mut source) {
        return Err(Problem::NotDicom);
    }
    let (declared, data_start) = read_meta(&mut source, start)?;
    let (mut source, data_start) =
        if declared.as_deref() == Some(uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) {
            (
                ByteSource::from_memory(inflate(&mut source, data_start)?),
                0,
            )
        } else {
            (source, data_start)
        };
    let encoding = encoding_at(&mut source, data_start, declared.as_deref());
    let transfer_syntax = declared.unwrap_or_else(|| syntax_of(encoding).to_owned());
    let end = source.len();
    let mut parser = Parser {
        source: &mut source,
        pixels: None,
    };
    let (elements, _) = parser.data_set(data_start, end, encoding, 0)?;
    let pixels = parser.pixels;
    Ok(Parsed {
        elements,
        transfer_syntax,
        pixels,
        source,
    })
}

fn syntax_of(encoding: Encoding) -> &'static str {
    match (encoding.explicit, encoding.big_endian) {
        (false, _) => uids::IMPLICIT_VR_LITTLE_ENDIAN,
        (true, false) => uids::EXPLICIT_VR_LITTLE_ENDIAN,
        (true, true) => EXPLICIT_VR_BIG_ENDIAN,
    }
}

/// Whether a file without the `DICM` mark begins with an element of group 0002 or 0008.
fn looks_like_an_element(source: &mut ByteSource) -> bool {
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
fn read_meta(source: &mut ByteSource, start: u64) -> Result<(Option<String>, u64), Problem> {
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
fn encoding_at(source: &mut ByteSource, at: u64, declared: Option<&str>) -> Encoding {
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

fn inflate(source: &mut ByteSource, at: u64) -> Result<Vec<u8>, Problem> {
    use std::io::Read as _;
    let packed = source.rest(at)?;
    let mut inflated = Vec::new();
    let result = flate2::read::DeflateDecoder::new(&*packed)
        .take(LARGEST_INFLATED)
        .read_to_end(&mut inflated);
    match result {
        Ok(size) if size as u64 == LARGEST_INFLATED => Err(Problem::Damaged(format!(
            "its data set inflates to more than {} GiB",
            LARGEST_INFLATED >> 30
        ))),
        Ok(_) => Ok(inflated),
        // What was inflated before the damage may still hold the whole image.
        Err(_) if !inflated.is_empty() => Ok(inflated),
        Err(error) => Err(Problem::Damaged(format!(
            "its data set cannot be inflated: {error}"
        ))),
    }
}

fn overlong(tag: Tag, length: u64, left: u64) -> Problem {
    Problem::Damaged(format!(
        "{} says it is {length} bytes long, but only {left} are left; copy the file again",
        attribute_name(tag)
    ))
}

struct Head {
    tag: Tag,
    vr: Option<[u8; 2]>,
    length: u32,
    value_at: u64,
}

/// Tag, VR and length of the element at `at`.
fn element_head(
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

struct Parser<'a> {
    source: &'a mut ByteSource,
    pixels: Option<PixelElement>,
}

impl Parser<'_> {
    /// Elements from `at` to `end`, to an item delimiter, or to the pixel data at depth 0; and
    /// the position after them.
    fn data_set(
        &mut self,
        mut at: u64,
        end: u64,
        encoding: Encoding,
        depth: usize,
    ) -> Result<(Elements, u64), Problem> {
        if depth > DEEPEST {
            return Err(Problem::Damaged(format!(
                "its sequences nest more than {DEEPEST} deep"
            )));
        }
        let mut list = Vec::new();
        while at < end {
            // Trailing bytes too short for an element are padding of careless writers.
            if depth == 0 && end - at < 8 {
                break;
            }
            let head = element_head(self.source, at, end, encoding)?;
            if head.tag == ITEM_END {
                at = head.value_at;
                break;
            }
            if depth == 0
                && matches!(
                    head.tag,
                    tags::PIXEL_DATA | tags::FLOAT_PIXEL_DATA | tags::DOUBLE_FLOAT_PIXEL_DATA
                )
            {
                self.pixels = Some(PixelElement {
                    tag: head.tag,
                    vr: head.vr,
                    offset: head.value_at,
                    length: (head.length != UNDEFINED).then_some(u64::from(head.length)),
                });
                break;
            }
            at = self.element(&head, end, encoding, depth, &mut list)?;
        }
        Ok((
            Elements {
                list,
                big_endian: encoding.big_endian,
            },
            at,
        ))
    }

    /// Keeps or steps over one element; the position after it.
    fn element(
        &mut self,
        head: &Head,
        end: u64,
        encoding: Encoding,
        depth: usize,
        list: &mut Vec<Element>,
    ) -> Result<u64, Problem> {
        let left = end - head.value_at.min(end);
        if head.length == UNDEFINED {
            let inner = match head.vr {
                // An unknown sequence is written in implicit VR little endian (PS3.5 6.2.2).
                Some([b'U', b'N']) => IMPLICIT_LITTLE,
                Some([b'S', b'Q']) | None => encoding,
                Some(_) => return Err(overlong(head.tag, u64::from(head.length), left)),
            };
            let keep = wanted::is_sequence(head.tag);
            let (items, next) = self.items(head.value_at, end, inner, depth, keep)?;
            if keep {
                list.push(Element {
                    tag: head.tag,
                    vr: head.vr,
                    value: Value::Items(items),
                });
            }
            return Ok(next);
        }
        let length = u64::from(head.length);
        if length > left {
            return Err(overlong(head.tag, length, left));
        }
        let next = head.value_at + length;
        if wanted::is_sequence(head.tag) {
            let inner = match head.vr {
                Some([b'U', b'N']) => IMPLICIT_LITTLE,
                _ => encoding,
            };
            let (items, _) = self.items(head.value_at, next, inner, depth, true)?;
            list.push(Element {
                tag: head.tag,
                vr: head.vr,
                value: Value::Items(items),
            });
        } else if wanted::is_value(head.tag) && length <= LONGEST_VALUE {
            let bytes = self.source.bytes(head.value_at, length as usize)?.to_vec();
            list.push(Element {
                tag: head.tag,
                vr: head.vr,
                value: Value::Bytes(bytes),
            });
        }
        Ok(next)
    }

    /// Items of a sequence that ends at `end` or with its delimiter; and the position after it.
    fn items(
        &mut self,
        mut at: u64,
        end: u64,
        encoding: Encoding,
        depth: usize,
        keep: bool,
    ) -> Result<(Vec<Elements>, u64), Problem> {
        let mut items = Vec::new();
        while at < end {
            let head = element_head(self.source, at, end, encoding)?;
            match head.tag {
                SEQUENCE_END => return Ok((items, head.value_at)),
                ITEM => {}
                tag => {
                    return Err(Problem::Damaged(format!(
                        "{} stands where a sequence item should",
                        attribute_name(tag)
                    )));
                }
            }
            let left = end - head.value_at;
            let item_end = match head.length {
                UNDEFINED => end,
                length if u64::from(length) <= left => head.value_at + u64::from(length),
                length => return Err(overlong(head.tag, u64::from(length), left)),
            };
            if !keep && head.length != UNDEFINED {
                at = item_end;
                continue;
            }
            let (item, next) = self.data_set(head.value_at, item_end, encoding, depth + 1)?;
            if keep {
                items.push(item);
            }
            at = if head.length == UNDEFINED {
                next
            } else {
                item_end
            };
        }
        Ok((items, at))
    }
}
