//! Reads the elements of a header from the bytes of a file, up to its pixel data (PS3.5 7, PS3.10 7).
//!
//! Files are not trusted: every length is checked against what is left of its parent, sequences
//! nest 64 deep at most, and nothing is allocated that the file does not hold. Elements that
//! Stylet does not use are stepped over without reading them.

use std::path::Path;

use dicom_dictionary_std::{tags, uids};
use dicom_object::Tag;

use super::Problem;
use super::archive::is_archive;
use super::elements::{Element, Elements, Value, attribute_name};
use super::encoding::{
    Encoding, Head, IMPLICIT_LITTLE, UNDEFINED, element_head, encoding_at, looks_like_an_element,
    overlong, read_meta, syntax_of,
};
use super::source::ByteSource;
use super::wanted::{self, Wanted};
use crate::budget::{MEMORY, Reservation, size};
use crate::study::Repair;

/// Deeper nesting is refused; real objects stay below 10.
const DEEPEST: usize = 64;
/// More attributes than Stylet reads of any image or item; lookups go through all of them.
const MOST_ATTRIBUTES: usize = 512;
/// A deflated data set may grow to this multiple of its size, within bounds: real ones shrink
/// tenfold, a bomb a thousandfold, and inflating takes about a second a GiB.
const MOST_INFLATION: u64 = 100;
const FEWEST_INFLATED: u64 = 1 << 28;
const LARGEST_INFLATED: u64 = 1 << 30;
/// Memory is booked in steps of this size.
const BOOKING_STEP: u64 = 1 << 16;
const ITEM: Tag = Tag(0xFFFE, 0xE000);
const ITEM_END: Tag = Tag(0xFFFE, 0xE00D);
const SEQUENCE_END: Tag = Tag(0xFFFE, 0xE0DD);

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

/// Where the bits of an overlay lie: (60xx,3000).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct OverlayElement {
    /// Its group.
    pub group: u16,
    /// Value representation as written.
    pub vr: Option<[u8; 2]>,
    /// Position of the value, as for [`PixelElement`].
    pub offset: u64,
    /// Length of the value.
    pub length: u64,
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
    /// Where the bits of overlays are.
    pub overlay_data: Vec<OverlayElement>,
    /// The bytes the positions refer to.
    pub source: ByteSource,
    /// What was put right on the way.
    pub repairs: Vec<Repair>,
}

/// Opens a file and reads its header up to the pixel data.
pub(crate) fn parse_file(path: impl AsRef<Path>) -> Result<Parsed, Problem> {
    parse(ByteSource::open(path)?)
}

/// Reads a header up to the pixel data.
pub(crate) fn parse(source: ByteSource) -> Result<Parsed, Problem> {
    parse_wanted(source, wanted::IMAGES)
}

/// Reads what is wanted of a header up to the pixel data.
pub(crate) fn parse_wanted(mut source: ByteSource, wanted: Wanted) -> Result<Parsed, Problem> {
    if source.len() == 0 {
        return Err(Problem::Empty);
    }
    // One read from the start serves files with and without a preamble.
    let beginning = source.len().min(132) as usize;
    source.bytes(0, beginning)?;
    // The mark may lack its preamble, cut off by a careless program.
    let mark = [128, 0]
        .into_iter()
        .find(|&at| matches!(source.bytes(at, 4), Ok(b"DICM")));
    // Without either the letters may stand there by chance, as part of a value.
    let by_chance = |source: &mut _| !has_meta_at(source, 132) && looks_like_an_element(source);
    let start = match mark {
        Some(128) if by_chance(&mut source) => 0,
        Some(at) => at + 4,
        None => 0,
    };
    if start == 0 && !looks_like_an_element(&mut source) {
        return Err(match source.bytes(0, 4) {
            Ok(head) if is_archive(head) => {
                Problem::Archive("a zip archive; open it by itself".to_owned())
            }
            _ => Problem::NotDicom,
        });
    }
    let (declared, data_start) = read_meta(&mut source, start)?;
    let mut repairs = Vec::new();
    if declared.is_none() {
        repairs.push(Repair::EncodingGuessed);
    }
    let (mut source, data_start) =
        if declared.as_deref() == Some(uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN) {
            let (inflated, whole) = inflate(&mut source, data_start)?;
            if !whole {
                repairs.push(Repair::InflatedInPart);
            }
            (inflated, 0)
        } else {
            (source, data_start)
        };
    let encoding = encoding_at(&mut source, data_start, declared.as_deref());
    let transfer_syntax = declared.unwrap_or_else(|| syntax_of(encoding).to_owned());
    let end = source.len();
    let mut parser = Parser {
        source: &mut source,
        pixels: None,
        booked: MEMORY.reserve(0, "the header")?,
        kept: 0,
        overlay_data: Vec::new(),
        wanted,
    };
    let (elements, _) = parser.data_set(data_start, end, encoding, 0)?;
    let (pixels, overlay_data) = (parser.pixels, parser.overlay_data);
    Ok(Parsed {
        elements,
        transfer_syntax,
        pixels,
        overlay_data,
        source,
        repairs,
    })
}

/// Whether the file meta group or the first group of a data set begins at `at`.
fn has_meta_at(source: &mut ByteSource, at: u64) -> bool {
    matches!(source.bytes(at, 2), Ok([0x02 | 0x08, 0x00] | [0x00, 0x08]))
}

/// The inflated data set, its memory booked as it grows, and whether it inflated to its end.
fn inflate(source: &mut ByteSource, at: u64) -> Result<(ByteSource, bool), Problem> {
    use std::io::Read as _;
    const CHUNK: u64 = 1 << 20;
    let left = source.len().saturating_sub(at);
    let most = left.saturating_mul(MOST_INFLATION);
    let most = most.clamp(FEWEST_INFLATED, LARGEST_INFLATED);
    let mut booked = MEMORY.reserve(left, "its inflated data set")?;
    let packed = source.rest(at)?;
    let mut decoder = flate2::read::DeflateDecoder::new(&*packed);
    let mut inflated = Vec::new();
    let whole = loop {
        // Twice, because a growing vector holds its old memory while it moves.
        booked.grow(2 * CHUNK)?;
        match (&mut decoder).take(CHUNK).read_to_end(&mut inflated) {
            Ok(0) => break true,
            Ok(_) if inflated.len() as u64 > most => {
                return Err(Problem::Damaged(format!(
                    "its data set inflates to more than {}; export the series again",
                    size(most)
                )));
            }
            Ok(_) => {}
            // What was inflated before the damage may still hold the whole image.
            Err(_) if !inflated.is_empty() => break false,
            Err(error) => {
                return Err(Problem::Damaged(format!(
                    "its data set cannot be inflated: {error}; copy the file again"
                )));
            }
        }
    };
    Ok((ByteSource::from_memory(inflated).booked(booked), whole))
}

/// Whether a tag is met for the first time: the first element counts, as everywhere.
fn is_new(list: &[Element], tag: Tag) -> Result<bool, Problem> {
    if list.iter().any(|element| element.tag == tag) {
        return Ok(false);
    }
    if list.len() < MOST_ATTRIBUTES {
        return Ok(true);
    }
    Err(Problem::Damaged(format!(
        "it holds more than {MOST_ATTRIBUTES} attributes of one image; export the series again"
    )))
}

struct Parser<'a> {
    source: &'a mut ByteSource,
    pixels: Option<PixelElement>,
    booked: Reservation,
    /// Bytes of what is kept, booked or not.
    kept: u64,
    overlay_data: Vec<OverlayElement>,
    wanted: Wanted,
}

impl Parser<'_> {
    /// Books memory of something that is kept.
    fn keep(&mut self, bytes: u64) -> Result<(), Problem> {
        self.kept += bytes;
        while self.kept > self.booked.bytes() {
            self.booked.grow(BOOKING_STEP)?;
        }
        Ok(())
    }

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
                "its sequences nest more than {DEEPEST} deep; export the series again"
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
            let keep = (self.wanted.sequence)(head.tag) && is_new(list, head.tag)?;
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
        let wanted_value = (self.wanted.value)(head.tag) && length <= self.wanted.longest_value;
        if depth == 0 && wanted::is_overlay_data(head.tag) {
            if self.overlay_data.len() < MOST_ATTRIBUTES {
                self.overlay_data.push(OverlayElement {
                    group: head.tag.0,
                    vr: head.vr,
                    offset: head.value_at,
                    length,
                });
            }
        } else if (self.wanted.sequence)(head.tag) && is_new(list, head.tag)? {
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
        } else if wanted_value && is_new(list, head.tag)? {
            self.keep(length + size_of::<Element>() as u64)?;
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
                        "{} stands where a sequence item should; copy the file again",
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
                self.keep(2 * size_of::<Elements>() as u64)?;
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
