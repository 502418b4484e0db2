//! Marker segments: where they are, and the tables in them (ITU-T T.81 annex B).

use super::frame::Frame;
use super::huffman::Huffman;
use crate::codec::CodecError;

/// An error of a stream that contradicts the standard.
pub(super) fn damaged(how: &str) -> CodecError {
    CodecError::Damaged(how.to_owned())
}

/// Steps through the markers of a stream.
#[derive(Debug)]
pub(super) struct Segments<'a> {
    pub stream: &'a [u8],
    pub position: usize,
}

impl<'a> Segments<'a> {
    /// A reader behind the start-of-image marker.
    pub fn new(stream: &'a [u8]) -> Result<Self, CodecError> {
        if !stream.starts_with(&[0xFF, 0xD8]) {
            return Err(damaged("it does not begin with a start-of-image marker"));
        }
        Ok(Self {
            stream,
            position: 2,
        })
    }

    /// The next marker, whatever stands before it; the end of the stream is an error.
    pub fn marker(&mut self) -> Result<u8, CodecError> {
        let rest = self.stream.get(self.position..).unwrap_or_default();
        let pairs = rest.windows(2).enumerate();
        for (at, pair) in pairs {
            if let [0xFF, marker @ 1..=0xFE] = *pair {
                self.position += at + 2;
                return Ok(marker);
            }
        }
        Err(CodecError::Truncated)
    }

    /// The parameters of the marker just read.
    pub fn parameters(&mut self) -> Result<&'a [u8], CodecError> {
        let rest = self.stream.get(self.position..).unwrap_or_default();
        let length = rest.first_chunk().ok_or(CodecError::Truncated)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length < 2 {
            return Err(damaged("a marker segment has no length"));
        }
        let parameters = rest.get(2..length).ok_or(CodecError::Truncated)?;
        self.position += length;
        Ok(parameters)
    }
}

/// One component of a scan.
#[derive(Debug, Clone, Copy)]
pub(super) struct ScanComponent {
    /// Which component of the frame.
    pub index: usize,
    /// Huffman tables for DC (or lossless) and AC, 0 to 3.
    pub tables: [usize; 2],
}

/// What a scan header says (T.81 B.2.3).
#[derive(Debug, Clone)]
pub(super) struct Scan {
    pub components: Vec<ScanComponent>,
    /// Ss and Se: the coefficients; the first is the predictor of a lossless scan.
    pub band: [usize; 2],
    /// Ah and Al: the bit positions before and after; the second is the point transform.
    pub bits: [u32; 2],
}

impl Scan {
    /// Reads the segment of a start-of-scan marker.
    pub fn read(segment: &[u8], frame: &Frame) -> Result<Self, CodecError> {
        let cut = || damaged("a scan header is cut");
        let (&count, rest) = segment.split_first().ok_or_else(cut)?;
        let count = usize::from(count);
        let (table, rest) = rest.split_at_checked(2 * count).ok_or_else(cut)?;
        let [first, last, bits, ..] = *rest else {
            return Err(cut());
        };
        let (pairs, _) = table.as_chunks::<2>();
        let mut components: Vec<ScanComponent> = Vec::with_capacity(count);
        for &[id, tables] in pairs {
            let mut known = frame.components.iter();
            let index = known.position(|component| component.id == id);
            let index = index.ok_or_else(|| damaged("a scan has a component of no frame"))?;
            if components.iter().any(|other| other.index == index) {
                return Err(damaged("a scan has a component twice"));
            }
            let tables = [usize::from(tables >> 4), usize::from(tables & 15)];
            components.push(ScanComponent { index, tables });
        }
        if components.is_empty() {
            return Err(damaged("a scan has no components"));
        }
        Ok(Self {
            components,
            band: [usize::from(first), usize::from(last)],
            bits: [u32::from(bits >> 4), u32::from(bits & 15)],
        })
    }
}

/// What is in force when a scan begins.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub dc: [Option<Huffman>; 4],
    pub ac: [Option<Huffman>; 4],
    /// In the zigzag order of the stream.
    pub quantization: [Option<[u16; 64]>; 4],
    /// Minimum coded units between restart markers; 0 for none.
    pub restart_interval: usize,
}

impl Tables {
    /// Reads the segment of a table `marker`; others say nothing.
    pub fn read(&mut self, marker: u8, segment: &[u8]) -> Result<(), CodecError> {
        match marker {
            0xC4 => self.read_huffman(segment),
            0xDB => self.read_quantization(segment),
            0xDD => {
                let interval = segment.first_chunk();
                let interval = interval.ok_or_else(|| damaged("a restart interval is cut"))?;
                self.restart_interval = usize::from(u16::from_be_bytes(*interval));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn read_huffman(&mut self, mut segment: &[u8]) -> Result<(), CodecError> {
        let cut = || damaged("a Huffman table is cut");
        while let Some((&name, rest)) = segment.split_first() {
            let (counts, rest) = rest.split_first_chunk::<16>().ok_or_else(cut)?;
            let total = counts.iter().map(|count| usize::from(*count)).sum();
            let (symbols, rest) = rest.split_at_checked(total).ok_or_else(cut)?;
            let class = match name >> 4 {
                0 => &mut self.dc,
                1 => &mut self.ac,
                _ => return Err(damaged("a Huffman table has an unknown class")),
            };
            let place = class.get_mut(usize::from(name & 15));
            let place = place.ok_or_else(|| damaged("a Huffman table has a number above 3"))?;
            *place = Some(Huffman::new(counts, symbols)?);
            segment = rest;
        }
        Ok(())
    }

    fn read_quantization(&mut self, mut segment: &[u8]) -> Result<(), CodecError> {
        let cut = || damaged("a quantization table is cut");
        while let Some((&name, rest)) = segment.split_first() {
            let width = match name >> 4 {
                0 => 1,
                1 => 2,
                _ => return Err(damaged("a quantization table has an unknown precision")),
            };
            let (bytes, rest) = rest.split_at_checked(64 * width).ok_or_else(cut)?;
            let mut table = [0; 64];
            for (value, bytes) in table.iter_mut().zip(bytes.chunks_exact(width)) {
                *value = bytes
                    .iter()
                    .fold(0, |high, low| high << 8 | u16::from(*low));
            }
            let place = self.quantization.get_mut(usize::from(name & 15));
            let place =
                place.ok_or_else(|| damaged("a quantization table has a number above 3"))?;
            *place = Some(table);
            segment = rest;
        }
        Ok(())
    }
}

/// The table of that number, which a scan needs.
pub(super) fn defined<'a, T>(
    tables: &'a [Option<T>; 4],
    number: usize,
    kind: &str,
) -> Result<&'a T, CodecError> {
    let table = tables.get(number).and_then(Option::as_ref);
    table.ok_or_else(|| CodecError::Damaged(format!("{kind} table {number} is not defined")))
}
