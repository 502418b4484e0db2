//! Packets (ITU-T T.800 B.9, B.10): which code-blocks have new passes, and how many bytes.

use super::codestream::{Bytes, damaged};
use super::structure::{Block, Precinct, Segment};
use crate::codec::CodecError;

/// Bits of a packet header, with a zero stuffed after every byte of ones.
pub(super) struct HeaderBits<'a> {
    bytes: Bytes<'a>,
    byte: u32,
    left: u32,
}

impl<'a> HeaderBits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes: Bytes(bytes),
            byte: 0,
            left: 0,
        }
    }

    /// The next bit.
    pub fn bit(&mut self) -> Result<u32, CodecError> {
        if self.left == 0 {
            self.left = if self.byte == 0xFF { 7 } else { 8 };
            self.byte = self.bytes.u8()?;
        }
        self.left -= 1;
        Ok(self.byte >> self.left & 1)
    }

    fn bits(&mut self, count: u32) -> Result<u32, CodecError> {
        (0..count).try_fold(0, |value, _| Ok(value << 1 | self.bit()?))
    }

    /// What follows the header.
    fn end(mut self) -> Result<&'a [u8], CodecError> {
        if self.byte == 0xFF {
            self.bytes.u8()?;
        }
        Ok(self.bytes.0)
    }

    /// Number of new coding passes (T.800 Table B.4).
    fn passes(&mut self) -> Result<u32, CodecError> {
        for (base, width) in [(1, 1), (2, 1), (3, 2), (6, 5)] {
            let bits = self.bits(width)?;
            if bits + 1 != 1 << width {
                return Ok(base + bits);
            }
        }
        Ok(37 + self.bits(7)?)
    }
}

/// Where packets and, if they lie elsewhere, their headers are read from.
pub(super) struct PacketReader<'a> {
    bodies: std::vec::IntoIter<&'a [u8]>,
    body: &'a [u8],
    packed: Option<&'a [u8]>,
}

impl<'a> PacketReader<'a> {
    /// Packets of the parts of a tile.
    pub fn new(bodies: Vec<&'a [u8]>, packed: Option<&'a [u8]>) -> Self {
        Self {
            bodies: bodies.into_iter(),
            body: &[],
            packed,
        }
    }

    /// Reads the packet of a precinct and a layer.
    pub fn read(&mut self, precinct: &mut Precinct<'a>, layer: u32) -> Result<(), CodecError> {
        // A packet lies within one tile-part.
        while self.body.is_empty() {
            match self.bodies.next() {
                Some(body) => self.body = body,
                None if self.packed.is_some() => break,
                None => return Err(CodecError::Truncated),
            }
        }
        // SOP and EPH markers may be left out also where the header announces them.
        if let [0xFF, 0x91, 0, 4, _, _, rest @ ..] = self.body {
            self.body = rest;
        }
        let mut bits = HeaderBits::new(self.packed.unwrap_or(self.body));
        let mut lengths = Vec::new();
        if bits.bit()? == 1 {
            for (band, blocks) in precinct.bands.iter_mut().enumerate() {
                for index in 0..blocks.blocks.len() {
                    let place = (index % blocks.columns, index / blocks.columns);
                    let Some(block) = blocks.blocks.get_mut(index) else {
                        continue;
                    };
                    let included = if block.included {
                        bits.bit()? == 1
                    } else {
                        blocks.inclusion.is_below(&mut bits, place, layer + 1)?
                    };
                    if !included {
                        continue;
                    }
                    if !block.included {
                        block.included = true;
                        while !blocks.empty_planes.is_below(
                            &mut bits,
                            place,
                            block.empty_planes + 1,
                        )? {
                            block.empty_planes += 1;
                            if block.empty_planes > 74 {
                                return Err(damaged("a code-block has too many bit-planes"));
                            }
                        }
                    }
                    read_lengths(&mut bits, block, (band, index), &mut lengths)?;
                }
            }
        }
        let mut rest = bits.end()?;
        if let [0xFF, 0x92, after @ ..] = rest {
            rest = after;
        }
        match &mut self.packed {
            Some(packed) => *packed = rest,
            None => self.body = rest,
        }
        let mut body = Bytes(self.body);
        for ((band, index), segment, length) in lengths {
            let data = body.take(length)?;
            let block = precinct
                .bands
                .get_mut(band)
                .and_then(|b| b.blocks.get_mut(index));
            if let Some(segment) = block.and_then(|block| block.segments.get_mut(segment)) {
                segment.data.push(data);
            }
        }
        self.body = body.0;
        Ok(())
    }
}

type Length = ((usize, usize), usize, usize);

/// Passes and bytes that a packet adds to a code-block (T.800 B.10.6, B.10.7).
fn read_lengths(
    bits: &mut HeaderBits<'_>,
    block: &mut Block<'_>,
    place: (usize, usize),
    lengths: &mut Vec<Length>,
) -> Result<(), CodecError> {
    let mut passes = bits.passes()?;
    while bits.bit()? == 1 {
        block.length_bits += 1;
        if block.length_bits > 31 {
            return Err(damaged("a packet header is damaged"));
        }
    }
    while passes > 0 {
        let most = block.style.most_passes(block.passes, passes);
        let room = match block.segments.last() {
            Some(last) if last.passes < last.most => last.most - last.passes,
            _ => {
                block.segments.push(Segment {
                    passes: 0,
                    most,
                    data: Vec::new(),
                });
                most
            }
        };
        let added = room.min(passes);
        let width = block.length_bits + added.ilog2();
        if width > 32 {
            return Err(damaged("a packet header is damaged"));
        }
        let length = bits.bits(width)? as usize;
        let segment = block.segments.len() - 1;
        if let Some(last) = block.segments.last_mut() {
            last.passes += added;
        }
        block.passes += added;
        passes -= added;
        lengths.push((place, segment, length));
    }
    Ok(())
}
