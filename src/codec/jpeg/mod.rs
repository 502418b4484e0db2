//! JPEG (ITU-T T.81): lossless, sequential and progressive frames with Huffman codes.
//!
//! | Process | Marker | Bits |
//! |---|---|---|
//! | Baseline, extended sequential DCT (1, 2, 4) | SOF0, SOF1 | 8, 12 |
//! | Progressive DCT (6, 8, 10, 12) | SOF2 | 8, 12 |
//! | Lossless (14) | SOF3 | 2 to 16 |
//!
//! Arithmetic coding and hierarchical frames are refused by name. Samples come as coded: colours
//! are not converted. A stream that lacks its end marker is read if all samples are there; if not,
//! or if bits are no code, there is an error and no made-up sample.

mod bits;
mod blocks;
mod frame;
mod huffman;
mod idct;
mod lossless;
mod planes;
mod progressive;
mod restart;
mod segments;
mod sequential;
#[cfg(test)]
mod tests;
mod upsample;

use self::bits::Entropy;
use self::frame::Frame;
pub use self::frame::Process;
use self::planes::Planes;
use self::progressive::Coefficients;
use self::segments::{Scan, Segments, Tables, damaged};
use super::{CodecError, Image, Limits, Plane};

/// What a stream says about itself before its first scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// How it is coded.
    pub process: Process,
    /// Rows; 0 where a marker behind the first scan has them.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Bits of a sample.
    pub bits: u32,
    /// Samples of a pixel.
    pub components: usize,
    /// Color transform of the Adobe marker.
    pub adobe_transform: Option<u8>,
    /// There is a JFIF marker.
    pub jfif: bool,
}

/// Reads the markers up to the frame header.
pub fn header(stream: &[u8]) -> Result<Header, CodecError> {
    let mut segments = Segments::new(stream)?;
    let (mut adobe_transform, mut jfif) = (None, false);
    loop {
        let marker = segments.marker()?;
        if has_no_parameters(marker) {
            continue;
        }
        let parameters = segments.parameters()?;
        match marker {
            0xE0 => jfif |= parameters.starts_with(b"JFIF\0"),
            0xEE if parameters.starts_with(b"Adobe") => {
                adobe_transform = parameters.get(11).copied();
            }
            _ if is_frame(marker) => {
                let frame = Frame::read(marker, parameters)?;
                return Ok(Header {
                    process: frame.process,
                    rows: frame.rows,
                    columns: frame.columns,
                    bits: frame.precision,
                    components: frame.components.len(),
                    adobe_transform,
                    jfif,
                });
            }
            0xD8..=0xDA | 0xDE | 0xDF => return Err(out_of_place(marker)),
            _ => {}
        }
    }
}

/// Decodes a stream.
pub fn decode(stream: &[u8], limits: &Limits) -> Result<Image, CodecError> {
    let mut segments = Segments::new(stream)?;
    let mut tables = Tables::default();
    let mut decoder: Option<Decoder> = None;
    loop {
        let marker = segments.marker()?;
        if has_no_parameters(marker) {
            continue;
        }
        if matches!(marker, 0xD8 | 0xD9 | 0xDE | 0xDF) {
            return Err(out_of_place(marker));
        }
        let parameters = segments.parameters()?;
        match (marker, &mut decoder) {
            (0xDA, None) => return Err(out_of_place(marker)),
            (0xDA, Some(decoder)) => {
                decoder.read_scan(&mut segments, parameters, &tables, limits)?;
                if decoder.is_complete() {
                    break;
                }
            }
            (_, None) if is_frame(marker) => {
                decoder = Some(Decoder::new(Frame::read(marker, parameters)?));
            }
            (_, Some(_)) if is_frame(marker) => return Err(out_of_place(marker)),
            _ => tables.read(marker, parameters)?,
        }
    }
    match decoder {
        Some(decoder) => decoder.finish(limits),
        None => Err(damaged("there is no frame")),
    }
}

/// Start of frame, of all processes and of JPEG-LS.
fn is_frame(marker: u8) -> bool {
    matches!(marker, 0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF | 0xF7)
}

/// Restarts and TEM, which may stand anywhere as remains of a damaged scan.
fn has_no_parameters(marker: u8) -> bool {
    matches!(marker, 0x01 | 0xD0..=0xD7)
}

fn out_of_place(marker: u8) -> CodecError {
    match marker {
        0xDE | 0xDF => CodecError::Unsupported("hierarchical JPEG".to_owned()),
        0xD9 => damaged("it ends before all samples have come"),
        _ => CodecError::Damaged(format!("marker {marker:02X} is out of place")),
    }
}

/// A frame while its scans are read.
#[derive(Debug)]
struct Decoder {
    frame: Frame,
    /// From the first scan on, when the number of rows is known.
    state: Option<State>,
}

#[derive(Debug)]
enum State {
    Lossless(lossless::Samples),
    Sequential(Planes),
    Progressive(Coefficients),
}

impl Decoder {
    fn new(frame: Frame) -> Self {
        Self { frame, state: None }
    }

    /// Decodes the scan whose header was just read.
    fn read_scan(
        &mut self,
        segments: &mut Segments<'_>,
        parameters: &[u8],
        tables: &Tables,
        limits: &Limits,
    ) -> Result<(), CodecError> {
        let scan = Scan::read(parameters, &self.frame)?;
        let entropy = Entropy::new(segments.stream, segments.position);
        let frame = &mut self.frame;
        let state = match &mut self.state {
            Some(state) => state,
            none => {
                if frame.rows == 0 {
                    frame.rows = rows_behind_scan(segments)?;
                }
                none.insert(match frame.process {
                    Process::Lossless => State::Lossless(lossless::Samples::new(frame, limits)?),
                    Process::Sequential => State::Sequential(Planes::new(frame, limits)?),
                    Process::Progressive => State::Progressive(Coefficients::new(frame, limits)?),
                })
            }
        };
        segments.position = match state {
            State::Lossless(samples) => samples.read_scan(frame, &scan, tables, entropy, limits),
            State::Sequential(planes) => {
                sequential::read_scan(frame, &scan, tables, entropy, limits, planes)
            }
            State::Progressive(all) => all.read_scan(frame, &scan, tables, entropy, limits),
        }?;
        Ok(())
    }

    fn is_complete(&self) -> bool {
        match &self.state {
            None => false,
            Some(State::Lossless(samples)) => samples.is_complete(&self.frame),
            Some(State::Sequential(planes)) => planes.is_complete(),
            Some(State::Progressive(coefficients)) => coefficients.is_complete(),
        }
    }

    fn finish(self, limits: &Limits) -> Result<Image, CodecError> {
        let frame = &self.frame;
        let samples = match self.state {
            Some(State::Sequential(planes)) => planes.pixels(frame, limits)?,
            Some(State::Progressive(coefficients)) => {
                coefficients.planes(frame, limits)?.pixels(frame, limits)?
            }
            Some(State::Lossless(lossless)) if frame.precision > 8 => Plane::U16(lossless.samples),
            Some(State::Lossless(lossless)) => {
                Plane::U8(lossless.samples.into_iter().map(|s| s as u8).collect())
            }
            None => return Err(damaged("there is no scan")),
        };
        Ok(Image {
            rows: frame.rows,
            columns: frame.columns,
            components: frame.components.len(),
            bits: frame.precision,
            samples,
        })
    }
}

/// The number of rows from the DNL marker behind the first scan: T.81 B.2.5.
fn rows_behind_scan(segments: &Segments<'_>) -> Result<usize, CodecError> {
    let mut entropy = Entropy::new(segments.stream, segments.position);
    while matches!(entropy.advance(), Some(0xD0..=0xD7)) {}
    let mut behind = Segments {
        stream: segments.stream,
        position: entropy.position(),
    };
    if behind.marker()? != 0xDC {
        return Err(damaged("the number of rows is nowhere"));
    }
    let rows = behind.parameters()?.first_chunk().copied();
    match rows.map(u16::from_be_bytes) {
        Some(rows) if rows > 0 => Ok(usize::from(rows)),
        _ => Err(damaged("the frame has no rows")),
    }
}
