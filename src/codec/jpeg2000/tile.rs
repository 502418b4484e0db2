//! One tile: packets, code-blocks, wavelets and colour transform, into the samples of the frame.

use super::block::{BlockDecoder, CodedBlock};
use super::codestream::{Area, Bytes, Codestream, Tile, damaged};
use super::packet::PacketReader;
use super::progression::read_packets;
use super::structure::{Block, Resolution, TileComponent, count_precincts};
use super::wavelet::{Coefficient, invert};
use crate::codec::{CodecError, Limits};

/// Where decoded samples go: colours by pixel, little endian.
pub(super) struct Frame {
    pub bytes: Vec<u8>,
    pub width: usize,
}

/// Samples of a component before they are rounded.
enum Plane {
    Whole(Vec<i32>),
    Fraction(Vec<f32>),
}

/// Decodes a tile into its place.
pub(super) fn decode_tile(
    stream: &Codestream<'_>,
    index: u32,
    tile: &Tile<'_>,
    decoder: &mut BlockDecoder,
    frame: &mut Frame,
    limits: &Limits,
) -> Result<(), CodecError> {
    let area = stream.size.tile_area(index);
    let mut parameters = stream.parameters.for_tile();
    for header in &tile.headers {
        let mut bytes = Bytes(header);
        while !bytes.0.is_empty() {
            parameters.read(bytes.u16()?, bytes.segment()?, true)?;
        }
    }
    parameters.check()?;
    let packed = if parameters.has_packed {
        Some(parameters.packed.as_slice())
    } else {
        stream.has_packed_headers.then_some(tile.packed.as_slice())
    };
    // Each precinct has a packet, and each packet a byte: no tree grows beyond the stream.
    let mut precincts = 0_u64;
    for component in &parameters.components {
        precincts = precincts.saturating_add(count_precincts(area, component)?);
    }
    let bytes: usize = tile.bodies.iter().map(|body| body.len()).sum();
    if precincts > (bytes + packed.map_or(0, <[u8]>::len)) as u64 {
        return Err(CodecError::Truncated);
    }
    let components = stream.size.components.iter().zip(&parameters.components);
    let mut components: Vec<TileComponent<'_>> = components
        .map(|(component, parameters)| TileComponent::new(area, *component, parameters, limits))
        .collect::<Result<_, _>>()?;
    let mut reader = PacketReader::new(tile.bodies.clone(), packed);
    read_packets(&mut components, &parameters, &mut reader, limits)?;
    let mut planes = Vec::new();
    for component in &components {
        planes.push(if component.reversible {
            Plane::Whole(decode_component(component, decoder, limits)?)
        } else {
            Plane::Fraction(decode_component(component, decoder, limits)?)
        });
    }
    if parameters.transformed {
        undo_color_transform(&mut planes)?;
    }
    drop(components);
    for (number, plane) in planes.iter().enumerate() {
        limits.check_time()?;
        put(stream, area, number, plane, frame);
    }
    Ok(())
}

fn decode_component<T: Coefficient>(
    component: &TileComponent<'_>,
    decoder: &mut BlockDecoder,
    limits: &Limits,
) -> Result<Vec<T>, CodecError> {
    let (width, height) = (component.area.width(), component.area.height());
    let mut coefficients = vec![T::default(); width * height];
    for resolution in &component.resolutions {
        decode_blocks(component, resolution, decoder, &mut coefficients, limits)?;
    }
    invert(&mut coefficients, width, &component.resolutions, limits)?;
    Ok(coefficients)
}

fn decode_blocks<T: Coefficient>(
    component: &TileComponent<'_>,
    resolution: &Resolution<'_>,
    decoder: &mut BlockDecoder,
    coefficients: &mut [T],
    limits: &Limits,
) -> Result<(), CodecError> {
    let width = component.area.width();
    for precinct in &resolution.precincts {
        for (band, blocks) in resolution.bands.iter().zip(&precinct.bands) {
            for block in blocks.blocks.iter().filter(|block| block.passes > 0) {
                limits.check_time()?;
                let planes = (band.planes.checked_sub(block.empty_planes))
                    .filter(|planes| (1..31).contains(planes))
                    .ok_or_else(|| {
                        damaged("a code-block has an impossible number of bit-planes")
                    })?;
                decode_block(block, band.orientation, planes, decoder)?;
                shift_region(component.region_shift, block, decoder);
                let rows = coefficients.chunks_mut(width).skip(block.y);
                let coded = decoder.samples.chunks(block.width);
                for (row, coded) in rows.zip(coded).take(block.height) {
                    let row = row.get_mut(block.x..block.x + block.width);
                    for (to, &from) in row.unwrap_or_default().iter_mut().zip(coded) {
                        *to = T::from_coded(from, band.step);
                    }
                }
            }
        }
    }
    Ok(())
}

fn decode_block(
    block: &Block<'_>,
    orientation: usize,
    planes: u32,
    decoder: &mut BlockDecoder,
) -> Result<(), CodecError> {
    // Layers cut the bytes of a segment into pieces.
    let joined: Vec<Vec<u8>> = (block.segments.iter())
        .map(|segment| match segment.data.as_slice() {
            [_] => Vec::new(),
            pieces => pieces.concat(),
        })
        .collect();
    let segments: Vec<(&[u8], u32)> = (block.segments.iter().zip(&joined))
        .map(|(segment, joined)| match segment.data.as_slice() {
            [piece] => (*piece, segment.passes),
            _ => (joined.as_slice(), segment.passes),
        })
        .collect();
    let coded = CodedBlock {
        width: block.width,
        height: block.height,
        orientation,
        planes,
        style: block.style,
        segments: &segments,
    };
    if block.style.high_throughput() {
        super::high_throughput::decode(&coded, &mut decoder.samples)
    } else {
        decoder.decode(&coded)
    }
}

/// Puts a region of interest back to the bit-planes of the rest (T.800 H.1).
fn shift_region(shift: u32, block: &Block<'_>, decoder: &mut BlockDecoder) {
    if shift == 0 {
        return;
    }
    let samples = decoder.samples.iter_mut().take(block.width * block.height);
    for sample in samples {
        let magnitude = *sample & 0x7FFF_FFFF;
        if magnitude.checked_shr(shift + 1).unwrap_or(0) != 0 {
            *sample = *sample & 0x8000_0000 | magnitude >> shift;
        }
    }
}

/// T.800 Annex G.
fn undo_color_transform(planes: &mut [Plane]) -> Result<(), CodecError> {
    match planes {
        [
            Plane::Whole(first),
            Plane::Whole(second),
            Plane::Whole(third),
            ..,
        ] => {
            for ((y, u), v) in first.iter_mut().zip(second).zip(third) {
                let green = y.wrapping_sub(u.wrapping_add(*v) >> 2);
                (*y, *u, *v) = (v.wrapping_add(green), green, u.wrapping_add(green));
            }
            Ok(())
        }
        [
            Plane::Fraction(first),
            Plane::Fraction(second),
            Plane::Fraction(third),
            ..,
        ] => {
            for ((y, b), r) in first.iter_mut().zip(second).zip(third) {
                let red = *y + 1.402 * *r;
                let green = *y - 0.344_13 * *b - 0.714_14 * *r;
                (*y, *b, *r) = (red, green, *y + 1.772 * *b);
            }
            Ok(())
        }
        _ => Err(damaged("its colours are transformed but not alike")),
    }
}

/// Writes a component into the frame, within the range of its precision.
fn put(stream: &Codestream<'_>, area: Area, number: usize, plane: &Plane, frame: &mut Frame) {
    let Some(component) = stream.size.components.get(number) else {
        return;
    };
    let half = 1_i64 << (component.bits - 1);
    let (offset, low, high) = if component.signed {
        (0, -half, half - 1)
    } else {
        (half, 0, 2 * half - 1)
    };
    let whole = |value: i32| (i64::from(value) + offset).clamp(low, high) as u32;
    let fraction = |value: f32| (value.round_ties_even() as i64 + offset).clamp(low, high) as u32;
    match plane {
        Plane::Whole(values) => put_values(stream, area, number, values, whole, frame),
        Plane::Fraction(values) => put_values(stream, area, number, values, fraction, frame),
    }
}

fn put_values<T: Copy>(
    stream: &Codestream<'_>,
    area: Area,
    number: usize,
    values: &[T],
    stored: impl Fn(T) -> u32,
    frame: &mut Frame,
) {
    let image = stream.size.image;
    let stride = stream.size.components.len() * frame.width;
    let rows = frame.bytes.chunks_mut(image.width() * stride);
    let rows = rows.skip((area.y0 - image.y0) as usize);
    let first = (area.x0 - image.x0) as usize * stride;
    for (row, values) in rows.zip(values.chunks(area.width())) {
        let row = row.get_mut(first..).unwrap_or_default();
        match (stride, frame.width) {
            (2, 2) => {
                for (to, &from) in row.as_chunks_mut::<2>().0.iter_mut().zip(values) {
                    *to = (stored(from) as u16).to_le_bytes();
                }
            }
            _ => {
                for (pixel, &from) in row.chunks_exact_mut(stride).zip(values) {
                    let to = pixel
                        .iter_mut()
                        .skip(number * frame.width)
                        .take(frame.width);
                    for (to, byte) in to.zip(stored(from).to_le_bytes()) {
                        *to = byte;
                    }
                }
            }
        }
    }
}
