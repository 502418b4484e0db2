//! JPEG 2000 (ITU-T T.800) and High-Throughput JPEG 2000 (ITU-T T.814) → samples.
//!
//! Lossless streams of up to 30 bit-planes come out bit by bit; lossy ones are computed in 32-bit
//! floats with values in the middle of what the stream leaves open. A stream is all or nothing:
//! where a packet or a tile is missing it is an error, not a blurred picture.

mod block;
mod codestream;
mod context;
mod high_throughput;
mod high_throughput_bits;
mod high_throughput_codes;
mod mq;
mod packet;
mod parameters;
mod progression;
mod structure;
mod tag_tree;
mod tile;
mod wavelet;

use super::{CodecError, Limits};
use codestream::Codestream;

/// A decoded frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Samples of a pixel.
    pub components: usize,
    /// Samples, colours by pixel, row by row, little endian, each of the bytes asked for: two's
    /// complement where the stream has signed ones.
    pub bytes: Vec<u8>,
}

/// Decodes a codestream, bare or in JP2 boxes, into samples of `sample_bytes` (1 to 4) bytes.
///
/// Colours that the stream holds as luma and chroma (COD marker) come out as red, green and blue.
/// Besides the samples, decoding takes 4 bytes for each sample of the largest tile, and up to
/// about as much for its code-blocks where those are smaller than usual.
///
/// # Errors
/// Damaged and incomplete streams, components of other sizes than the image, coding of ITU-T
/// T.801, more samples than `limits` allow, and the deadline.
pub fn decode(stream: &[u8], sample_bytes: usize, limits: &Limits) -> Result<Frame, CodecError> {
    let stream = Codestream::read(stream, limits, sample_bytes)?;
    let bits = stream
        .size
        .components
        .iter()
        .map(|component| component.bits);
    if !(1..=4).contains(&sample_bytes) || bits.max().is_none_or(|b| b as usize > 8 * sample_bytes)
    {
        let what = format!("JPEG 2000 with samples longer than {sample_bytes} bytes");
        return Err(CodecError::Unsupported(what));
    }
    if stream.tiles.len() != stream.size.tile_count() as usize {
        return Err(CodecError::Truncated);
    }
    let (rows, columns) = (stream.size.image.height(), stream.size.image.width());
    let components = stream.size.components.len();
    let mut frame = tile::Frame {
        bytes: vec![0; rows * columns * components * sample_bytes],
        width: sample_bytes,
    };
    let mut decoder = block::BlockDecoder::new();
    for (&index, tile) in &stream.tiles {
        tile::decode_tile(&stream, index, tile, &mut decoder, &mut frame, limits)?;
    }
    Ok(Frame {
        rows,
        columns,
        components,
        bytes: frame.bytes,
    })
}

#[cfg(test)]
mod tests;
