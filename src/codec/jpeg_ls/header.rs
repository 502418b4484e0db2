//! Marker segments (ITU-T T.87 annex C).

use super::color::Transform;
use super::preset::Preset;
use crate::codec::CodecError;

/// What the segments up to a scan say.
#[derive(Debug, Clone, Default)]
pub(super) struct Header {
    pub rows: usize,
    pub columns: usize,
    /// Bits of a sample, 2 to 16.
    pub bits: u32,
    /// Identifiers of the components.
    pub components: Vec<u8>,
    pub preset: Preset,
    /// Lines between restart markers; 0 for none.
    pub restart_interval: usize,
    pub transform: Transform,
    /// Size of an oversize image, rows and columns.
    oversize: Option<(usize, usize)>,
}

/// Order of the samples in a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Interleave {
    /// One component, or line by line the lines of all.
    Line,
    /// Pixel by pixel the samples of all.
    Sample,
}

/// What the header of a scan says.
#[derive(Debug, Clone)]
pub(super) struct ScanHeader {
    /// Components of the scan, as places in those of the frame.
    pub components: Vec<usize>,
    pub near: u8,
    pub interleave: Interleave,
}

fn damaged(what: &str) -> CodecError {
    CodecError::Damaged(what.to_owned())
}

fn unsupported<T>(what: &str) -> Result<T, CodecError> {
    Err(CodecError::Unsupported(what.to_owned()))
}

/// A marker and the content of its segment, taken from the front of `rest`.
fn segment<'a>(rest: &mut &'a [u8]) -> Result<(u8, &'a [u8]), CodecError> {
    let (marker, after) = loop {
        match **rest {
            // Fill bytes (T.81 B.1.1.2).
            [0xFF, 0xFF, ..] => *rest = rest.get(1..).unwrap_or_default(),
            [0xFF, marker, ref after @ ..] => break (marker, after),
            [] | [0xFF] => return Err(CodecError::Truncated),
            _ => return Err(damaged("a marker was expected")),
        }
    };
    if matches!(marker, 0x00..=0x01 | 0xD0..=0xD9) {
        *rest = after;
        return Ok((marker, &[]));
    }
    let (length, _) = after.split_first_chunk().ok_or(CodecError::Truncated)?;
    let length = usize::from(u16::from_be_bytes(*length));
    if length < 2 {
        return Err(damaged("a segment is shorter than its length"));
    }
    let content = after.get(2..length).ok_or(CodecError::Truncated)?;
    *rest = after.get(length..).unwrap_or_default();
    Ok((marker, content))
}

/// Big endian number.
fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |n, &byte| n << 8 | usize::from(byte))
}

/// Takes the restart marker number `count` from the front of `rest`.
pub(super) fn restart(rest: &mut &[u8], count: usize) -> Result<(), CodecError> {
    match segment(rest)? {
        (marker, _) if usize::from(marker) == 0xD0 + count % 8 => Ok(()),
        (0xD9, _) => Err(CodecError::Truncated),
        _ => Err(damaged("a restart marker was expected")),
    }
}

impl Header {
    /// Reads up to and with the header of the next scan; `rest` becomes what follows it.
    ///
    /// # Errors
    /// `Truncated` at the end of the image or of the stream, else what is wrong or not read.
    pub fn read_to_scan(&mut self, rest: &mut &[u8]) -> Result<ScanHeader, CodecError> {
        loop {
            match segment(rest)? {
                (0xF7, content) => self.frame(content)?,
                (0xF8, content) => self.parameters(content)?,
                (0xDA, content) => return self.scan(content),
                (0xDD, content @ ([_, _] | [_, _, _] | [_, _, _, _])) => {
                    self.restart_interval = number(content);
                }
                (0xE8, [b'm', b'r', b'f', b'x', transform, ..]) => {
                    self.transform = Transform::from_number(*transform)?;
                }
                (0xE0..=0xEF | 0xFE, _) => {}
                (0xD9, _) => return Err(CodecError::Truncated),
                (0xDC, _) => return unsupported("a JPEG-LS image whose height comes last"),
                (0xF9, _) => return unsupported("JPEG-LS part 2"),
                (0xC0..=0xCF, _) => return unsupported("another JPEG process in a JPEG-LS image"),
                (marker, _) => {
                    return Err(CodecError::Damaged(format!(
                        "marker FF{marker:02X} is out of place"
                    )));
                }
            }
        }
    }

    /// Frame header (C.2.2).
    fn frame(&mut self, content: &[u8]) -> Result<(), CodecError> {
        if !self.components.is_empty() {
            return Err(damaged("there are two frame headers"));
        }
        let [bits, r0, r1, c0, c1, count, ref list @ ..] = *content else {
            return Err(damaged("the frame header is too short"));
        };
        if !(2..=16).contains(&bits) {
            return Err(CodecError::Damaged(format!(
                "samples have {bits} bits, 2 to 16 were expected"
            )));
        }
        let (components, _) = list.as_chunks::<3>();
        if components.len() != usize::from(count) || list.len() != 3 * components.len() {
            return Err(damaged("the frame header has another length than it says"));
        }
        if !(1..=4).contains(&count) {
            return Err(CodecError::Unsupported(format!(
                "a JPEG-LS image with {count} components"
            )));
        }
        let first = components.first().map_or(0, |[_, sampling, _]| *sampling);
        if components.iter().any(|[_, sampling, _]| *sampling != first) {
            return unsupported("a JPEG-LS image with subsampled components");
        }
        self.bits = u32::from(bits);
        self.rows = number(&[r0, r1]);
        self.columns = number(&[c0, c1]);
        self.components = components.iter().map(|[id, _, _]| *id).collect();
        Ok(())
    }

    /// JPEG-LS preset parameters (C.2.4.1).
    fn parameters(&mut self, content: &[u8]) -> Result<(), CodecError> {
        match *content {
            [1, ref values @ ..] if values.len() == 10 => {
                let (values, _) = values.as_chunks::<2>();
                let mut values = values.iter().map(|bytes| u16::from_be_bytes(*bytes));
                let mut next = || values.next().unwrap_or_default();
                self.preset = Preset {
                    max_value: next(),
                    thresholds: [next(), next(), next()],
                    reset: next(),
                };
                Ok(())
            }
            // Mapping tables; only a scan that asks for one is refused.
            [2 | 3, ..] => Ok(()),
            [4, width @ 2..=4, ref sizes @ ..] if sizes.len() == 2 * usize::from(width) => {
                let (rows, columns) = sizes.split_at(usize::from(width));
                self.oversize = Some((number(rows), number(columns)));
                Ok(())
            }
            [1..=4, ..] | [] => Err(damaged("preset parameters have a wrong length")),
            [kind, ..] => Err(CodecError::Unsupported(format!(
                "JPEG-LS with preset parameters of type {kind}"
            ))),
        }
    }

    /// Scan header (C.2.3).
    fn scan(&mut self, content: &[u8]) -> Result<ScanHeader, CodecError> {
        if self.components.is_empty() {
            return Err(damaged("a scan comes before the frame header"));
        }
        if let (0, 0, Some((rows, columns))) = (self.rows, self.columns, self.oversize) {
            (self.rows, self.columns) = (rows, columns);
        }
        if self.rows == 0 {
            return unsupported("a JPEG-LS image whose height comes last");
        }
        if self.columns == 0 {
            return Err(damaged("the image has no columns"));
        }
        let wrong = || damaged("the scan header has another length than it says");
        let (count, rest) = content.split_first().ok_or_else(wrong)?;
        let (list, [near, interleave, point_transform]) =
            rest.split_last_chunk::<3>().ok_or_else(wrong)?;
        let (selectors, odd) = list.as_chunks::<2>();
        if selectors.len() != usize::from(*count) || !odd.is_empty() || selectors.is_empty() {
            return Err(wrong());
        }
        let mut components = Vec::new();
        for [id, table] in selectors {
            if *table != 0 {
                return unsupported("JPEG-LS with a mapping table");
            }
            let place = self.components.iter().position(|known| known == id);
            let place = place.ok_or_else(|| damaged("a scan has a component of its own"))?;
            if components.contains(&place) {
                return Err(damaged("a scan has a component twice"));
            }
            components.push(place);
        }
        if point_transform & 0x0F != 0 {
            return unsupported("JPEG-LS with a point transform");
        }
        let interleave = match interleave {
            0 | 1 | 2 if components.len() == 1 => Interleave::Line,
            1 => Interleave::Line,
            2 => Interleave::Sample,
            _ => return Err(damaged("a scan has an unknown order of samples")),
        };
        Ok(ScanHeader {
            components,
            near: *near,
            interleave,
        })
    }
}
