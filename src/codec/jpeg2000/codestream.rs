//! Markers of a codestream (ITU-T T.800 Annex A): its size, its tiles, and where their bytes lie.

use std::collections::BTreeMap;

use super::parameters::Parameters;
use crate::codec::{CodecError, Limits};

const SOC_SIZ: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
const SOT: u32 = 0xFF90;
const SOD: u32 = 0xFF93;
const EOC: u32 = 0xFFD9;
const EOC_BYTES: [u8; 2] = [0xFF, 0xD9];
const PPM: u32 = 0xFF60;
const CAP: u32 = 0xFF50;

/// Big-endian numbers from the front of a slice.
pub(super) struct Bytes<'a>(pub &'a [u8]);

impl<'a> Bytes<'a> {
    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], CodecError> {
        let (front, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(CodecError::Truncated)?;
        self.0 = rest;
        Ok(front)
    }

    /// The next 8 bits.
    pub fn u8(&mut self) -> Result<u32, CodecError> {
        Ok(self.take(1)?.iter().fold(0, |_, &byte| u32::from(byte)))
    }

    /// The next 16 bits.
    pub fn u16(&mut self) -> Result<u32, CodecError> {
        Ok(self.u8()? << 8 | self.u8()?)
    }

    /// The next 32 bits.
    pub fn u32(&mut self) -> Result<u32, CodecError> {
        Ok(self.u16()? << 16 | self.u16()?)
    }

    /// The segment after a marker, without its length.
    pub fn segment(&mut self) -> Result<&'a [u8], CodecError> {
        let length = self.u16()? as usize;
        self.take(
            length
                .checked_sub(2)
                .ok_or_else(|| damaged("a marker segment has no length"))?,
        )
    }
}

/// A rectangle of samples, the ends not included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub x0: u32,
    pub y0: u32,
    pub x1: u32,
    pub y1: u32,
}

impl Area {
    pub fn width(&self) -> usize {
        self.x1.saturating_sub(self.x0) as usize
    }
    pub fn height(&self) -> usize {
        self.y1.saturating_sub(self.y0) as usize
    }
    pub fn is_empty(&self) -> bool {
        self.width() == 0 || self.height() == 0
    }
}

/// Precision of a component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Component {
    pub bits: u32,
    pub signed: bool,
}

/// The SIZ marker (T.800 A.5.1).
#[derive(Debug)]
pub(super) struct Size {
    pub image: Area,
    tile: (u32, u32),
    origin: (u32, u32),
    tiles: (u32, u32),
    pub components: Vec<Component>,
}

impl Size {
    fn read(segment: &[u8], limits: &Limits, sample_bytes: usize) -> Result<Self, CodecError> {
        let mut bytes = Bytes(segment);
        bytes.u16()?;
        let (x1, y1, x0, y0) = (bytes.u32()?, bytes.u32()?, bytes.u32()?, bytes.u32()?);
        let image = Area { x0, y0, x1, y1 };
        let tile = (bytes.u32()?, bytes.u32()?);
        let origin = (bytes.u32()?, bytes.u32()?);
        let count = bytes.u16()? as usize;
        // Sums below stay in 32 bits.
        if image.is_empty() || x1.max(y1) > i32::MAX as u32 || count == 0 {
            return Err(damaged("the size marker holds no image"));
        }
        limits.check_size(image.height(), image.width(), count, sample_bytes)?;
        let starts = |origin: u32, tile: u32, image: u32| {
            tile > 0 && origin <= image && u64::from(origin) + u64::from(tile) > u64::from(image)
        };
        if !starts(origin.0, tile.0, x0) || !starts(origin.1, tile.1, y0) {
            return Err(damaged("the first tile lies outside the image"));
        }
        let tiles = (
            (x1 - origin.0).div_ceil(tile.0),
            (y1 - origin.1).div_ceil(tile.1),
        );
        if u64::from(tiles.0) * u64::from(tiles.1) > 65535 {
            return Err(damaged("there are more tiles than can be numbered"));
        }
        let components = (0..count).map(|_| {
            let precision = bytes.u8()?;
            if (bytes.u8()?, bytes.u8()?) != (1, 1) {
                return Err(CodecError::Unsupported(
                    "JPEG 2000 with subsampling".to_owned(),
                ));
            }
            Ok(Component {
                bits: (precision & 0x7F) + 1,
                signed: precision & 0x80 != 0,
            })
        });
        Ok(Self {
            image,
            tile,
            origin,
            tiles,
            components: components.collect::<Result<_, _>>()?,
        })
    }

    /// Number of tiles.
    pub fn tile_count(&self) -> u32 {
        self.tiles.0 * self.tiles.1
    }

    /// Where a tile lies in the image (T.800 B-7 to B-10).
    pub fn tile_area(&self, index: u32) -> Area {
        let (column, row) = (index % self.tiles.0, index / self.tiles.0);
        let edge = |origin: u32, size: u32, number: u32, low: u32, high: u32| {
            let edge = u64::from(origin) + u64::from(size) * u64::from(number);
            edge.clamp(u64::from(low), u64::from(high)) as u32
        };
        let Area { x0, y0, x1, y1 } = self.image;
        Area {
            x0: edge(self.origin.0, self.tile.0, column, x0, x1),
            y0: edge(self.origin.1, self.tile.1, row, y0, y1),
            x1: edge(self.origin.0, self.tile.0, column + 1, x0, x1),
            y1: edge(self.origin.1, self.tile.1, row + 1, y0, y1),
        }
    }
}

/// The parts of a tile in the order of the stream.
#[derive(Debug, Default)]
pub(super) struct Tile<'a> {
    /// Markers and their segments between SOT and SOD.
    pub headers: Vec<&'a [u8]>,
    /// Packets.
    pub bodies: Vec<&'a [u8]>,
    /// Packet headers of the main header (PPM), if they are there.
    pub packed: Vec<u8>,
}

/// A codestream taken apart.
pub(super) struct Codestream<'a> {
    pub size: Size,
    pub parameters: Parameters,
    pub tiles: BTreeMap<u32, Tile<'a>>,
    pub has_packed_headers: bool,
}

impl<'a> Codestream<'a> {
    /// Reads a codestream, bare or in JP2 boxes (T.800 Annex I).
    pub fn read(stream: &'a [u8], limits: &Limits, width: usize) -> Result<Self, CodecError> {
        let start = stream
            .windows(4)
            .position(|window| window == SOC_SIZ)
            .ok_or_else(|| damaged("it has no size marker"))?;
        let mut bytes = Bytes(stream.get(start + 4..).unwrap_or_default());
        let size = Size::read(bytes.segment()?, limits, width)?;
        let mut parameters = Parameters::new(size.components.len());
        let mut packed = Vec::new();
        let mut packed_headers = Vec::new();
        loop {
            match bytes.u16()? {
                SOT => break,
                PPM => {
                    let segment = bytes.segment()?;
                    if let Some((number, headers)) = segment.split_first() {
                        packed.push((*number, headers));
                    }
                }
                CAP => check_capabilities(bytes.segment()?)?,
                marker => parameters.read(marker, bytes.segment()?, false)?,
            }
        }
        parameters.check()?;
        let has_packed_headers = !packed.is_empty();
        if has_packed_headers {
            packed_headers = split_packed(packed)?;
        }
        let mut codestream = Self {
            size,
            parameters,
            tiles: BTreeMap::new(),
            has_packed_headers,
        };
        let mut packed_headers = packed_headers.into_iter();
        codestream.read_tiles(bytes, &mut packed_headers, limits)?;
        Ok(codestream)
    }

    /// Tile-parts from behind the first SOT marker.
    fn read_tiles(
        &mut self,
        mut bytes: Bytes<'a>,
        packed: &mut impl Iterator<Item = Vec<u8>>,
        limits: &Limits,
    ) -> Result<(), CodecError> {
        loop {
            limits.check_time()?;
            // The length counts from the marker, which is taken already.
            let part = bytes.0;
            let mut segment = Bytes(bytes.segment()?);
            let (index, length) = (segment.u16()?, segment.u32()? as usize);
            if index >= self.size.tile_count() {
                return Err(damaged("a tile lies outside the image"));
            }
            let mut rest = if length == 0 {
                // The last one: up to the end of the codestream.
                let end = part.windows(2).rposition(|pair| pair == EOC_BYTES);
                let end = end.ok_or(CodecError::Truncated)?;
                bytes = Bytes(part.get(end..).unwrap_or_default());
                Bytes(part.get(10..end).ok_or(CodecError::Truncated)?)
            } else {
                let length = length.checked_sub(2);
                let length = length.ok_or_else(|| damaged("a tile-part has no length"))?;
                let (part, after) = part.split_at_checked(length).ok_or(CodecError::Truncated)?;
                bytes = Bytes(after);
                Bytes(part.get(10..).ok_or(CodecError::Truncated)?)
            };
            let header = rest.0;
            while rest.u16()? != SOD {
                rest.segment()?;
            }
            let tile = self.tiles.entry(index).or_default();
            let header = header.get(..header.len() - rest.0.len() - 2);
            tile.headers.push(header.unwrap_or_default());
            tile.bodies.push(rest.0);
            if let Some(headers) = packed.next() {
                tile.packed.extend(headers);
            }
            match bytes.u16() {
                Ok(SOT) => {}
                Ok(EOC) => return Ok(()),
                _ => return Err(CodecError::Truncated),
            }
        }
    }
}

/// What the CAP marker asks for beyond Part 1 (T.800 A.5.2): only Part 15 is read.
fn check_capabilities(segment: &[u8]) -> Result<(), CodecError> {
    let parts = Bytes(segment).u32()?;
    if parts & !(1 << 17) != 0 {
        let what = format!("JPEG 2000 with the capabilities {parts:#x}");
        return Err(CodecError::Unsupported(what));
    }
    Ok(())
}

/// Packet headers of each tile-part out of the PPM segments (T.800 A.7.4).
fn split_packed(mut segments: Vec<(u8, &[u8])>) -> Result<Vec<Vec<u8>>, CodecError> {
    segments.sort_by_key(|(number, _)| *number);
    let all: Vec<u8> = segments
        .into_iter()
        .flat_map(|(_, bytes)| bytes.to_vec())
        .collect();
    let mut bytes = Bytes(&all);
    let mut parts = Vec::new();
    while !bytes.0.is_empty() {
        let length = bytes.u32()? as usize;
        parts.push(bytes.take(length)?.to_vec());
    }
    Ok(parts)
}

pub(super) fn damaged(what: &str) -> CodecError {
    CodecError::Damaged(what.to_owned())
}
