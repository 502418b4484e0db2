//! The data elements of a header that Stylet uses, and their values as numbers and text.
//!
//! Absent and malformed are different facts: an absent element is `None`, a value that cannot be
//! read is an error that names the attribute and the value.

use dicom_core::dictionary::{DataDictionary as _, DataDictionaryEntry as _};
use dicom_dictionary_std::StandardDataDictionary;
use dicom_object::Tag;

use super::Problem;
use super::charset::CharacterSet;

/// Value of one element.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    /// Bytes as in the file.
    Bytes(Vec<u8>),
    /// Items of a sequence.
    Items(Vec<Elements>),
}

/// One element.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Element {
    /// Attribute tag.
    pub tag: Tag,
    /// Value representation as written; `None` with implicit VR.
    pub vr: Option<[u8; 2]>,
    /// Value.
    pub value: Value,
}

/// Elements of a data set or of one sequence item.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Elements {
    /// In the order of the file.
    pub list: Vec<Element>,
    /// Numbers are stored most significant byte first.
    pub big_endian: bool,
}

/// Name and number of an attribute as it is written in messages: `Rows (0028,0010)`.
pub(crate) fn attribute_name(tag: Tag) -> String {
    let number = format!("({:04X},{:04X})", tag.0, tag.1);
    let Some(entry) = StandardDataDictionary.by_tag(tag) else {
        return number;
    };
    let mut name = String::new();
    let mut previous_is_lower = false;
    for letter in entry.alias().chars() {
        if letter.is_uppercase() && previous_is_lower {
            name.push(' ');
        }
        previous_is_lower = letter.is_lowercase();
        name.push(letter);
    }
    format!("{name} {number}")
}

/// Text without the padding of DICOM values.
pub(crate) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\0')
}

impl Elements {
    /// The first element of a tag.
    pub fn get(&self, tag: Tag) -> Option<&Element> {
        self.list.iter().find(|element| element.tag == tag)
    }

    /// Bytes of a value; `None` where absent, empty or a sequence.
    pub fn bytes(&self, tag: Tag) -> Option<&[u8]> {
        match &self.get(tag)?.value {
            Value::Bytes(bytes) if !bytes.is_empty() => Some(bytes),
            _ => None,
        }
    }

    /// Items of a sequence; empty where absent.
    pub fn items(&self, tag: Tag) -> &[Self] {
        match self.get(tag).map(|element| &element.value) {
            Some(Value::Items(items)) => items,
            _ => &[],
        }
    }

    /// The first item of a sequence.
    pub fn item(&self, tag: Tag) -> Option<&Self> {
        self.items(tag).first()
    }

    /// Text in the default repertoire (codes, UIDs, numbers), padding removed, empty where absent.
    pub fn code(&self, tag: Tag) -> String {
        let bytes = self.bytes(tag).unwrap_or_default();
        trimmed(&String::from_utf8_lossy(bytes)).to_owned()
    }

    /// Text in the header's character set, padding removed, empty where absent.
    pub fn text(&self, tag: Tag, charset: &CharacterSet) -> String {
        let is_name = tag == dicom_dictionary_std::tags::PATIENT_NAME;
        charset.decode(self.bytes(tag).unwrap_or_default(), is_name)
    }

    /// Numbers of a value written as text (DS, IS) or binary; `None` where absent or empty.
    pub fn numbers(&self, tag: Tag) -> Result<Option<Vec<f64>>, Problem> {
        let (Some(element), Some(bytes)) = (self.get(tag), self.bytes(tag)) else {
            return Ok(None);
        };
        let numbers = match element.vr.unwrap_or_else(|| implicit_vr(tag)) {
            [b'F', b'D'] => self.binary(bytes, f64::from_le_bytes, f64::from_be_bytes),
            [b'F', b'L'] => {
                let read = |read: fn([u8; 4]) -> f32| move |bytes| f64::from(read(bytes));
                self.binary(bytes, read(f32::from_le_bytes), read(f32::from_be_bytes))
            }
            [b'S', b'S'] => {
                let read = |read: fn([u8; 2]) -> i16| move |bytes| f64::from(read(bytes));
                self.binary(bytes, read(i16::from_le_bytes), read(i16::from_be_bytes))
            }
            [b'U', b'L'] => {
                let read = |read: fn([u8; 4]) -> u32| move |bytes| f64::from(read(bytes));
                self.binary(bytes, read(u32::from_le_bytes), read(u32::from_be_bytes))
            }
            [b'S', b'L'] => {
                let read = |read: fn([u8; 4]) -> i32| move |bytes| f64::from(read(bytes));
                self.binary(bytes, read(i32::from_le_bytes), read(i32::from_be_bytes))
            }
            [b'U', b'S'] | [b'O', b'W'] => {
                let read = |read: fn([u8; 2]) -> u16| move |bytes| f64::from(read(bytes));
                self.binary(bytes, read(u16::from_le_bytes), read(u16::from_be_bytes))
            }
            _ => {
                let text = String::from_utf8_lossy(bytes);
                if trimmed(&text).is_empty() {
                    return Ok(None);
                }
                text.split('\\')
                    .map(|part| trimmed(part).parse::<f64>().ok())
                    .collect()
            }
        };
        match numbers {
            Some(numbers) => Ok(Some(numbers)),
            None => Err(self.malformed(tag, "a number was expected")),
        }
    }

    fn binary<const N: usize>(
        &self,
        bytes: &[u8],
        little: impl Fn([u8; N]) -> f64,
        big: impl Fn([u8; N]) -> f64,
    ) -> Option<Vec<f64>> {
        let (chunks, rest) = bytes.as_chunks::<N>();
        if !rest.is_empty() {
            return None;
        }
        let read = |chunk: &[u8; N]| {
            if self.big_endian {
                big(*chunk)
            } else {
                little(*chunk)
            }
        };
        Some(chunks.iter().map(read).collect())
    }

    /// The first finite number of a value; not finite is malformed.
    pub fn number(&self, tag: Tag) -> Result<Option<f64>, Problem> {
        match self.numbers(tag)?.as_deref() {
            Some([first, ..]) if first.is_finite() => Ok(Some(*first)),
            Some(_) => Err(self.malformed(tag, "a finite number was expected")),
            None => Ok(None),
        }
    }

    /// Exactly `N` finite numbers.
    pub fn vector<const N: usize>(&self, tag: Tag) -> Result<Option<[f64; N]>, Problem> {
        let Some(numbers) = self.numbers(tag)? else {
            return Ok(None);
        };
        <[f64; N]>::try_from(numbers)
            .ok()
            .filter(|all| all.iter().all(|v| v.is_finite()))
            .map(Some)
            .ok_or_else(|| self.malformed(tag, &format!("{N} finite numbers were expected")))
    }

    /// A whole number of a value (US, SS, UL, IS …).
    pub fn integer(&self, tag: Tag) -> Result<Option<i64>, Problem> {
        match self.number(tag)? {
            Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => Ok(Some(number as i64)),
            Some(_) => Err(self.malformed(tag, "a whole number was expected")),
            None => Ok(None),
        }
    }

    /// The error for a value that cannot be read.
    pub fn malformed(&self, tag: Tag, expected: &str) -> Problem {
        Problem::Malformed {
            attribute: attribute_name(tag),
            value: self.shown(tag),
            expected: expected.to_owned(),
        }
    }

    /// A value as shown in a message: text, or a list of numbers or bytes, shortened.
    pub fn shown(&self, tag: Tag) -> String {
        const LONGEST: usize = 48;
        let bytes = self.bytes(tag).unwrap_or_default();
        // Whole binary numbers, and more than is shown of any of them.
        let bytes = bytes.get(..8 * LONGEST).unwrap_or(bytes);
        let mut text = if bytes.iter().all(|b| (0x20..0x7f).contains(b)) {
            trimmed(&String::from_utf8_lossy(bytes)).to_owned()
        } else {
            let numbers = self.get(tag).and_then(|element| match element.vr? {
                [b'F', b'D'] => self.binary(bytes, f64::from_le_bytes, f64::from_be_bytes),
                [b'U', b'S'] => self.binary(
                    bytes,
                    |b| f64::from(u16::from_le_bytes(b)),
                    |b| f64::from(u16::from_be_bytes(b)),
                ),
                _ => None,
            });
            match numbers {
                Some(numbers) => numbers
                    .iter()
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
                    .join("\\"),
                None => String::from_utf8_lossy(bytes).escape_default().to_string(),
            }
        };
        if text.len() > LONGEST {
            text = text.chars().take(LONGEST).collect::<String>() + "…";
        }
        text
    }
}

/// VR of the attributes that Stylet reads as binary numbers, from the data dictionary.
fn implicit_vr(tag: Tag) -> [u8; 2] {
    use dicom_core::dictionary::VirtualVr;
    // Smallest Pixel Value and the like are US or SS; the caller knows the sign.
    match StandardDataDictionary
        .by_tag(tag)
        .map(dicom_core::dictionary::DataDictionaryEntry::vr)
    {
        Some(VirtualVr::Exact(vr)) => vr.to_bytes(),
        Some(VirtualVr::Xs) => *b"US",
        Some(VirtualVr::Ox | VirtualVr::Px) => *b"OW",
        _ => *b"UN",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dicom_dictionary_std::tags;

    fn header(tag: Tag, vr: Option<&[u8; 2]>, bytes: &[u8]) -> Elements {
        Elements {
            list: vec![Element {
                tag,
                vr: vr.copied(),
                value: Value::Bytes(bytes.to_vec()),
            }],
            big_endian: false,
        }
    }

    #[test]
    fn absent_is_none_and_malformed_names_attribute_and_value() {
        let header = header(tags::RESCALE_SLOPE, Some(b"DS"), b"1,5 ");
        assert_eq!(header.number(tags::RESCALE_INTERCEPT).unwrap(), None);
        let error = header.number(tags::RESCALE_SLOPE).unwrap_err().to_string();
        assert!(error.contains("Rescale Slope (0028,1053)"), "{error}");
        assert!(error.contains("\"1,5\""), "{error}");
    }

    #[test]
    fn numbers_are_read_in_every_encoding() {
        let spacing = header(tags::PIXEL_SPACING, Some(b"DS"), b"0.5\\0.7 ");
        assert_eq!(
            spacing.vector::<2>(tags::PIXEL_SPACING).unwrap(),
            Some([0.5, 0.7])
        );
        let nan = header(tags::PIXEL_SPACING, Some(b"DS"), b"nan\\1");
        assert!(nan.vector::<2>(tags::PIXEL_SPACING).is_err());
        let rows = header(tags::ROWS, None, &[0, 2]);
        assert_eq!(rows.integer(tags::ROWS).unwrap(), Some(512));
        let odd = header(tags::ROWS, Some(b"US"), &[0, 2, 1]);
        assert!(odd.integer(tags::ROWS).is_err());
        let empty = header(tags::RESCALE_SLOPE, Some(b"DS"), b"  ");
        assert_eq!(empty.number(tags::RESCALE_SLOPE).unwrap(), None);
        let mut big = header(tags::ROWS, Some(b"US"), &[2, 0]);
        big.big_endian = true;
        assert_eq!(big.integer(tags::ROWS).unwrap(), Some(512));
    }

    #[test]
    fn attributes_have_readable_names() {
        assert_eq!(
            attribute_name(tags::IMAGE_ORIENTATION_PATIENT),
            "Image Orientation Patient (0020,0037)"
        );
        assert_eq!(attribute_name(Tag(0x0009, 0x1001)), "(0009,1001)");
    }
}
