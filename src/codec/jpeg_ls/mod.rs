//! JPEG-LS (ITU-T T.87, ISO/IEC 14495-1): lossless and near-lossless, 2 to 16 bits, up to four
//! components in any order, restart markers, preset parameters.
//!
//! Not read: mapping tables, subsampled components, point transforms, a height that comes after
//! the first scan, and the extensions of part 2.

mod bits;
mod color;
mod context;
#[cfg(test)]
mod encoder;
mod header;
mod preset;
mod scan;

use color::Transform;
use header::Header;
use preset::Coding;

use super::{CodecError, Image, Limits, Plane};

/// Why a scan does not go on; small, for the innermost loops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Truncated,
    Damaged(&'static str),
}

impl From<Stop> for CodecError {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Truncated => Self::Truncated,
            Stop::Damaged(what) => Self::Damaged(what.to_owned()),
        }
    }
}

/// What a stream says about its image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Info {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Samples of a pixel.
    pub components: usize,
    /// Bits of a sample.
    pub bits: u32,
    /// Most by which a sample may differ from what was coded (NEAR of the first scan).
    pub near: u8,
}

/// Reads what the first headers say, without decoding.
///
/// # Errors
/// No JPEG-LS stream, or one that [`decode`] would refuse for its first headers.
pub fn read_info(stream: &[u8]) -> Result<Info, CodecError> {
    let mut header = Header::default();
    let scan = header.read_to_scan(&mut after_start(stream)?)?;
    Ok(Info {
        rows: header.rows,
        columns: header.columns,
        components: header.components.len(),
        bits: header.bits,
        near: scan.near,
    })
}

/// Decodes an image. A missing end marker does no harm if all samples are there.
///
/// # Errors
/// See [`CodecError`]. What is found damaged: values that the standard does not allow, errors
/// outside their range, scans with fewer or more bits than their samples take.
pub fn decode(stream: &[u8], limits: &Limits) -> Result<Image, CodecError> {
    let mut rest = after_start(stream)?;
    let mut header = Header::default();
    let first = header.read_to_scan(&mut rest)?;
    let (rows, columns, bits) = (header.rows, header.columns, header.bits);
    let components = header.components.len();
    let wide = bits > 8;
    let count = limits.check_size(rows, columns, components, if wide { 2 } else { 1 })?;
    let samples = if wide {
        let mut samples = vec![0_u16; count];
        decode_scans(rest, header, first, limits, &mut samples)?;
        Plane::U16(samples)
    } else {
        let mut samples = vec![0_u8; count];
        decode_scans(rest, header, first, limits, &mut samples)?;
        Plane::U8(samples)
    };
    Ok(Image {
        rows,
        columns,
        components,
        bits,
        samples,
    })
}

/// A sample as it is stored.
trait Sample: Copy + Into<i32> {
    fn narrow(value: i32) -> Self;
}

impl Sample for u8 {
    fn narrow(value: i32) -> Self {
        value as Self
    }
}

impl Sample for u16 {
    fn narrow(value: i32) -> Self {
        value as Self
    }
}

/// What follows the start of image.
fn after_start(stream: &[u8]) -> Result<&[u8], CodecError> {
    stream
        .strip_prefix(&[0xFF, 0xD8])
        .ok_or_else(|| CodecError::Damaged("it does not begin like a JPEG-LS image".to_owned()))
}

/// Decodes scans until every component has its samples.
fn decode_scans<T: Sample>(
    mut rest: &[u8],
    mut header: Header,
    first: header::ScanHeader,
    limits: &Limits,
    samples: &mut [T],
) -> Result<(), CodecError> {
    let (rows, columns, bits) = (header.rows, header.columns, header.bits);
    let components = header.components.len();
    let stride = columns * components;
    let mut done = vec![false; components];
    let mut scan = first;
    loop {
        for &component in &scan.components {
            let done = done.get_mut(component);
            if done.is_none_or(|done| std::mem::replace(done, true)) {
                let message = "a component comes twice".to_owned();
                return Err(CodecError::Damaged(message));
            }
        }
        let coding = Coding::new(header.preset, bits, scan.near)?;
        let put = |row: usize, lines: &[&[i32]]| {
            let row = samples.get_mut(row * stride..).unwrap_or_default();
            match (components, lines) {
                (1, [line, ..]) => {
                    for (sample, &value) in row.iter_mut().zip(*line) {
                        *sample = T::narrow(value);
                    }
                }
                (3, [a, b, c, ..]) if scan.components == [0, 1, 2] => {
                    let (pixels, _) = row.as_chunks_mut::<3>();
                    for (((pixel, a), b), c) in pixels.iter_mut().zip(*a).zip(*b).zip(*c) {
                        *pixel = [*a, *b, *c].map(T::narrow);
                    }
                }
                _ => {
                    for (&component, line) in scan.components.iter().zip(lines) {
                        let row = row.iter_mut().skip(component).step_by(components);
                        for (sample, &value) in row.zip(*line) {
                            *sample = T::narrow(value);
                        }
                    }
                }
            }
        };
        let shape = (rows, columns, scan.components.len());
        let (order, interval) = (scan.interleave, header.restart_interval);
        scan::decode(&mut rest, coding, shape, order, interval, limits, put)?;
        if done.iter().all(|done| *done) {
            break;
        }
        scan = header.read_to_scan(&mut rest)?;
    }
    undo_transform(samples, header.transform, components, bits)
}

fn undo_transform<T: Sample>(
    samples: &mut [T],
    transform: Transform,
    components: usize,
    bits: u32,
) -> Result<(), CodecError> {
    if transform == Transform::None {
        return Ok(());
    }
    if components != 3 {
        let message = "a colour transform needs three components".to_owned();
        return Err(CodecError::Damaged(message));
    }
    let (pixels, _) = samples.as_chunks_mut::<3>();
    for pixel in pixels {
        *pixel = transform
            .undo(pixel.map(Into::into), 1 << bits)
            .map(T::narrow);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
