//! Text of a header in its Specific Character Set (0008,0005): single-byte and multi-byte sets,
//! and the code extensions of ISO 2022 that switch between them (PS3.3 C.12.1.1.2, PS3.5 6.1 and
//! Annexes H to K).
//!
//! Text is for reading only, so nothing here fails: what has no meaning in the declared sets
//! becomes U+FFFD, the replacement character.

use encoding_rs::{EUC_JP, EUC_KR, Encoding, GB18030, GBK};

use super::elements::{Elements, trimmed};

/// Stands for bytes without a meaning.
const REPLACEMENT: char = char::REPLACEMENT_CHARACTER;

/// Meaning of bytes 21 to 7E.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Low {
    /// ISO 646, as good as always.
    Ascii,
    /// JIS X 0201 romaji: as ASCII, but for the overline at 7E.
    Romaji,
    /// JIS X 0208, two bytes a letter.
    Kanji,
    /// JIS X 0212, two bytes a letter.
    SupplementaryKanji,
}

/// Meaning of bytes A0 to FF.
#[derive(Debug, Clone, Copy, PartialEq)]
enum High {
    /// ISO 8859-1, whose upper half is that of Unicode.
    Latin1,
    /// Another set of one byte a letter.
    Single(&'static Encoding),
    /// JIS X 0201 katakana.
    Katakana,
    /// KS X 1001 or GB 2312, two bytes a letter.
    Double(&'static Encoding),
}

/// Character set of the text of a header.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) enum CharacterSet {
    /// None declared, or ASCII: in practice UTF-8 or Latin-1 where bytes above 7F occur.
    #[default]
    Undeclared,
    /// One that the standard does not know.
    Unknown,
    /// ISO_IR 192.
    Utf8,
    /// GB18030, or GBK which it contains.
    Chinese,
    /// One set, or several that escape sequences switch between.
    Iso(Iso2022),
}

/// What is in force at the start of a value and after a delimiter.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Iso2022 {
    low: Low,
    high: Option<High>,
    /// First upper set of the further values, for writers that leave out its escape sequence.
    spare: Option<High>,
}

impl CharacterSet {
    /// From Specific Character Set (0008,0005).
    pub fn of(header: &Elements) -> Self {
        Self::from_code(&header.code(dicom_dictionary_std::tags::SPECIFIC_CHARACTER_SET))
    }

    /// From the values of Specific Character Set, separated by backslashes.
    pub fn from_code(code: &str) -> Self {
        let mut terms = code.split('\\').map(normalised);
        let first = terms.next().unwrap_or_default();
        let further: Vec<String> = terms.filter(|term| !term.is_empty()).collect();
        match first.as_str() {
            "192" | "UTF8" => return Self::Utf8,
            "GB18030" | "GBK" => return Self::Chinese,
            "" | "6" if further.is_empty() => return Self::Undeclared,
            _ => {}
        }
        let first_sets = sets_of(&first);
        let spare = further.iter().find_map(|term| sets_of(term)?.1);
        match first_sets {
            Some((low, high)) => {
                // Sets of two bytes are invoked by an escape sequence, never from the start.
                let (high, own) = match high {
                    Some(High::Double(_)) => (None, high),
                    high => (high, None),
                };
                let low = match low {
                    Low::Romaji => Low::Romaji,
                    _ => Low::Ascii,
                };
                let spare = own.or(spare);
                Self::Iso(Iso2022 { low, high, spare })
            }
            // UTF-8 and GB18030 must stand alone, but do not always.
            None if further.iter().any(|term| term == "192") => Self::Utf8,
            None if further.iter().any(|term| term == "GB18030") => Self::Chinese,
            None => Self::Unknown,
        }
    }

    /// Text of a value without its padding and without control characters. In a person name the
    /// sets of the first value come back into force at `^` and `=`.
    pub fn decode(self, bytes: &[u8], is_name: bool) -> String {
        let ascii = bytes.is_ascii() && !bytes.contains(&0x1b);
        let text = match self {
            _ if ascii && !matches!(self, Self::Iso(_)) => {
                String::from_utf8_lossy(bytes).into_owned()
            }
            Self::Undeclared if bytes.contains(&0x1b) => {
                let high = Some(High::Latin1);
                let (low, spare) = (Low::Ascii, None);
                Iso2022 { low, high, spare }.decode(bytes, is_name)
            }
            Self::Undeclared => match std::str::from_utf8(bytes) {
                Ok(text) => text.to_owned(),
                Err(_) => bytes.iter().copied().map(char::from).collect(),
            },
            Self::Unknown | Self::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Self::Chinese => GB18030.decode_without_bom_handling(bytes).0.into_owned(),
            Self::Iso(sets) => sets.decode(bytes, is_name),
        };
        readable(trimmed(&text))
    }
}

/// Without control characters: text is shown in lists and on terminals, which would obey them.
fn readable(text: &str) -> String {
    if !text.contains(char::is_control) {
        return text.to_owned();
    }
    text.chars()
        .filter_map(|letter| match letter {
            '\t' | '\n' | '\r' | '\u{c}' => Some(' '),
            '\u{80}'..='\u{9f}' => Some(REPLACEMENT),
            letter if letter.is_control() => None,
            letter => Some(letter),
        })
        .collect()
}

/// The number of a defined term: `ISO_IR 100`, `ISO 2022 IR 100` and what writers make of them.
fn normalised(term: &str) -> String {
    let letters: String = trimmed(term)
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| letter.to_ascii_uppercase())
        .collect();
    let number = letters
        .strip_prefix("ISO2022IR")
        .or_else(|| letters.strip_prefix("ISOIR"));
    number.unwrap_or(&letters).to_owned()
}

/// Sets of a defined term (PS3.3 tables C.12-2 to C.12-4).
fn sets_of(term: &str) -> Option<(Low, Option<High>)> {
    let single = |set| Some((Low::Ascii, Some(High::Single(set))));
    match term {
        "" | "6" => Some((Low::Ascii, None)),
        "100" => Some((Low::Ascii, Some(High::Latin1))),
        "101" => single(encoding_rs::ISO_8859_2),
        "109" => single(encoding_rs::ISO_8859_3),
        "110" => single(encoding_rs::ISO_8859_4),
        "144" => single(encoding_rs::ISO_8859_5),
        "127" => single(encoding_rs::ISO_8859_6),
        "126" => single(encoding_rs::ISO_8859_7),
        "138" => single(encoding_rs::ISO_8859_8),
        // Equal to ISO 8859-9 from A0 on.
        "148" => single(encoding_rs::WINDOWS_1254),
        "203" => single(encoding_rs::ISO_8859_15),
        // Equal to TIS 620 from A1 on.
        "166" => single(encoding_rs::WINDOWS_874),
        "13" => Some((Low::Romaji, Some(High::Katakana))),
        "87" => Some((Low::Kanji, None)),
        "159" => Some((Low::SupplementaryKanji, None)),
        "149" => Some((Low::Ascii, Some(High::Double(EUC_KR)))),
        "58" => Some((Low::Ascii, Some(High::Double(GBK)))),
        _ => None,
    }
}

/// What an escape sequence puts in force.
enum Switch {
    Low(Low),
    High(High),
}

/// Sequence after ESC and its length (PS3.3 tables C.12-3 and C.12-4).
fn escape(after: &[u8]) -> Option<(Switch, usize)> {
    let high = |term| Some(Switch::High(sets_of(term)?.1?));
    let (switch, length) = match after {
        [b'(', b'B', ..] => (Switch::Low(Low::Ascii), 2),
        [b'(', b'J', ..] => (Switch::Low(Low::Romaji), 2),
        [b'$', b'(', b'D', ..] => (Switch::Low(Low::SupplementaryKanji), 3),
        [b'$', b'(', b'B', ..] => (Switch::Low(Low::Kanji), 3),
        [b'$', b')', b'C', ..] => (high("149")?, 3),
        [b'$', b')', b'A', ..] => (high("58")?, 3),
        // `$@` invokes the edition of 1978.
        [b'$', b'B' | b'@', ..] => (Switch::Low(Low::Kanji), 2),
        [b')', b'I', ..] => (high("13")?, 2),
        [b'-', last, ..] => {
            let term = match last {
                b'A' => "100",
                b'B' => "101",
                b'C' => "109",
                b'D' => "110",
                b'L' => "144",
                b'G' => "127",
                b'F' => "126",
                b'H' => "138",
                b'M' => "148",
                b'b' => "203",
                b'T' => "166",
                _ => return None,
            };
            (high(term)?, 2)
        }
        _ => return None,
    };
    Some((switch, length))
}

/// Length of any escape sequence after ESC: intermediate bytes 20 to 2F, then one final byte.
fn escape_length(after: &[u8]) -> usize {
    let between = after
        .iter()
        .take_while(|byte| (0x20..=0x2f).contains(*byte))
        .count();
    (between + 1).min(after.len())
}

impl Iso2022 {
    fn decode(self, bytes: &[u8], is_name: bool) -> String {
        let (mut low, mut high) = (self.low, self.high);
        let mut text = String::with_capacity(bytes.len());
        let mut rest = bytes;
        while let Some((&byte, after)) = rest.split_first() {
            rest = after;
            match byte {
                0x1b => {
                    let length = match escape(after) {
                        Some((Switch::Low(set), length)) => {
                            low = set;
                            length
                        }
                        Some((Switch::High(set), length)) => {
                            high = Some(set);
                            length
                        }
                        None => escape_length(after),
                    };
                    rest = after.get(length..).unwrap_or_default();
                }
                0x21..=0x7e => {
                    let second = after.first().copied().filter(|b| (0x21..0x7f).contains(b));
                    match (low, second) {
                        (Low::Kanji, Some(second)) => {
                            decode_into(&mut text, EUC_JP, &[byte | 0x80, second | 0x80]);
                            rest = after.get(1..).unwrap_or_default();
                        }
                        (Low::SupplementaryKanji, Some(second)) => {
                            decode_into(&mut text, EUC_JP, &[0x8f, byte | 0x80, second | 0x80]);
                            rest = after.get(1..).unwrap_or_default();
                        }
                        _ => {
                            let is_delimiter =
                                byte == b'\\' || (is_name && matches!(byte, b'^' | b'='));
                            if is_delimiter {
                                // Where the first value has no upper set, writers go on with the
                                // one they switched to.
                                (low, high) = (self.low, self.high.or(high));
                            }
                            text.push(match (low, byte) {
                                (Low::Romaji, 0x7e) => '\u{203e}',
                                _ => char::from(byte),
                            });
                        }
                    }
                }
                0xa0..=0xff => {
                    let used = high_letter(&mut text, high.or(self.spare), byte, after);
                    rest = after.get(used..).unwrap_or_default();
                }
                0x80..=0x9f => text.push(REPLACEMENT),
                _ => {
                    if matches!(byte, b'\n' | b'\r' | 0x0c | b'\t') {
                        (low, high) = (self.low, self.high.or(high));
                    }
                    text.push(char::from(byte));
                }
            }
        }
        text
    }
}

/// Adds a letter that begins with `byte`; how many of the bytes after it belong to it.
fn high_letter(text: &mut String, set: Option<High>, byte: u8, after: &[u8]) -> usize {
    match set {
        Some(High::Latin1) => text.push(char::from(byte)),
        Some(High::Single(set)) => decode_into(text, set, &[byte]),
        Some(High::Katakana) => text.push(match byte {
            0xa1..=0xdf => char::from_u32(0xff61 + u32::from(byte - 0xa1)).unwrap_or(REPLACEMENT),
            _ => REPLACEMENT,
        }),
        Some(High::Double(set)) => match after.first() {
            Some(&second) if second >= 0xa1 => {
                decode_into(text, set, &[byte, second]);
                return 1;
            }
            _ => text.push(REPLACEMENT),
        },
        None => text.push(REPLACEMENT),
    }
    0
}

fn decode_into(text: &mut String, set: &'static Encoding, bytes: &[u8]) {
    text.push_str(&set.decode_without_bom_handling(bytes).0);
}

#[cfg(test)]
mod tests;
