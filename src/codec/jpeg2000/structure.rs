//! Resolutions, sub-bands, precincts and code-blocks of a tile (ITU-T T.800 Annex B).

use super::block::BlockStyle;
use super::codestream::{Area, Component, damaged};
use super::parameters::{CodingStyle, ComponentParameters};
use super::tag_tree::TagTree;
use crate::codec::{CodecError, Limits};

/// Bytes that a code-block and its share of the tag trees cost, rounded up.
const BLOCK_BYTES: usize = 192;

/// Passes of a code-block that share one entropy coder.
#[derive(Debug)]
pub(super) struct Segment<'a> {
    pub passes: u32,
    pub most: u32,
    pub data: Vec<&'a [u8]>,
}

/// A code-block and what packets have said of it.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// Place among the coefficients of the tile-component.
    pub x: usize,
    pub y: usize,
    pub width: usize,
    pub height: usize,
    pub style: BlockStyle,
    pub included: bool,
    /// Bit-planes without a bit, from the highest.
    pub empty_planes: u32,
    pub length_bits: u32,
    pub passes: u32,
    pub segments: Vec<Segment<'a>>,
}

/// Code-blocks of one sub-band in a precinct.
#[derive(Debug)]
pub(super) struct BandBlocks<'a> {
    pub columns: usize,
    pub inclusion: TagTree,
    pub empty_planes: TagTree,
    pub blocks: Vec<Block<'a>>,
}

/// A precinct: one packet for each layer.
#[derive(Debug)]
pub(super) struct Precinct<'a> {
    /// Where it starts on the reference grid.
    pub x: u64,
    pub y: u64,
    /// Layers that have been read.
    pub layers: u32,
    pub bands: Vec<BandBlocks<'a>>,
}

/// A sub-band.
#[derive(Debug)]
pub(super) struct Band {
    /// 0 LL, 1 HL, 2 LH, 3 HH.
    pub orientation: usize,
    area: Area,
    /// Where it starts among the coefficients of the tile-component.
    offset: (usize, usize),
    /// Bit-planes, the empty ones of code-blocks included.
    pub planes: u32,
    /// Quantisation step (T.800 E-3).
    pub step: f32,
}

/// A resolution of a tile-component.
#[derive(Debug)]
pub(super) struct Resolution<'a> {
    pub area: Area,
    pub bands: Vec<Band>,
    pub precincts: Vec<Precinct<'a>>,
}

/// A component within a tile.
#[derive(Debug)]
pub(super) struct TileComponent<'a> {
    pub area: Area,
    pub reversible: bool,
    pub region_shift: u32,
    pub resolutions: Vec<Resolution<'a>>,
}

/// `value` over two to the `power`, rounded up.
fn ceil_shift(value: u32, power: u32) -> u32 {
    ((u64::from(value) + (1_u64 << power) - 1) >> power) as u32
}

/// How the precincts of a resolution lie (T.800 B-16).
struct Grid {
    left: u32,
    top: u32,
    columns: u64,
    rows: u64,
}

fn resolution_area(area: Area, coding: &CodingStyle, resolution: u32) -> Area {
    let power = coding.levels - resolution;
    Area {
        x0: ceil_shift(area.x0, power),
        y0: ceil_shift(area.y0, power),
        x1: ceil_shift(area.x1, power),
        y1: ceil_shift(area.y1, power),
    }
}

fn precinct_grid(area: Area, (wide, high): (u32, u32)) -> Grid {
    let (left, top) = (area.x0 >> wide, area.y0 >> high);
    let count = |from: u32, to: u32, power: u32| u64::from(ceil_shift(to, power) - from);
    let empty = area.is_empty();
    Grid {
        left,
        top,
        columns: if empty { 0 } else { count(left, area.x1, wide) },
        rows: if empty { 0 } else { count(top, area.y1, high) },
    }
}

/// Precincts of a tile-component, to be compared with the bytes there are before they are made.
pub(super) fn count_precincts(
    area: Area,
    parameters: &ComponentParameters,
) -> Result<u64, CodecError> {
    let coding = coding(parameters)?;
    let counts = (0..).zip(&coding.precincts).map(|(resolution, &powers)| {
        let grid = precinct_grid(resolution_area(area, coding, resolution), powers);
        grid.columns.saturating_mul(grid.rows)
    });
    Ok(counts.fold(0, u64::saturating_add))
}

fn coding(parameters: &ComponentParameters) -> Result<&CodingStyle, CodecError> {
    (parameters.coding.as_ref()).ok_or_else(|| damaged("the coding style is missing"))
}

impl TileComponent<'_> {
    /// Lays a tile-component out.
    pub fn new(
        area: Area,
        component: Component,
        parameters: &ComponentParameters,
        limits: &Limits,
    ) -> Result<Self, CodecError> {
        let coding = coding(parameters)?;
        let mut blocks = 0;
        let mut resolutions = Vec::new();
        let mut lower = Area {
            x0: 0,
            y0: 0,
            x1: 0,
            y1: 0,
        };
        for (number, &powers) in (0..).zip(&coding.precincts) {
            limits.check_time()?;
            let resolution_area = resolution_area(area, coding, number);
            let mut bands = Vec::new();
            let orientations = if number == 0 { 0..1 } else { 1..4 };
            for orientation in orientations {
                bands.push(band(
                    area,
                    component,
                    parameters,
                    number,
                    orientation,
                    &lower,
                )?);
            }
            let mut resolution = Resolution {
                area: resolution_area,
                bands,
                precincts: Vec::new(),
            };
            lay_out(
                &mut resolution,
                coding,
                area,
                (number, powers),
                &mut blocks,
                limits,
            )?;
            lower = resolution_area;
            resolutions.push(resolution);
        }
        Ok(Self {
            area,
            reversible: coding.reversible,
            region_shift: parameters.region_shift,
            resolutions,
        })
    }
}

fn band(
    area: Area,
    component: Component,
    parameters: &ComponentParameters,
    resolution: u32,
    orientation: usize,
    lower: &Area,
) -> Result<Band, CodecError> {
    let coding = coding(parameters)?;
    let right = orientation & 1 != 0;
    let below = orientation & 2 != 0;
    // T.800 B-15.
    let level = coding.levels + u32::from(resolution > 0) - resolution;
    let edge = |value: u32, high: bool| {
        let half = if high { 1_u64 << (level - 1) } else { 0 };
        ceil_shift(u64::from(value).saturating_sub(half) as u32, level)
    };
    let quantization =
        (parameters.quantization.as_ref()).ok_or_else(|| damaged("the quantisation is missing"))?;
    let number = orientation.saturating_sub(1) as u32;
    let (exponent, mantissa) = quantization.step(resolution, number)?;
    let gain = u32::from(right) + u32::from(below);
    let range = (component.bits + gain) as i32 - exponent as i32;
    let step = if coding.reversible {
        1.0
    } else {
        (1.0 + mantissa as f32 / 2048.0) * 2.0_f32.powi(range)
    };
    let offset = |high: bool, size: usize| if high { size } else { 0 };
    Ok(Band {
        orientation,
        area: Area {
            x0: edge(area.x0, right),
            y0: edge(area.y0, below),
            x1: edge(area.x1, right),
            y1: edge(area.y1, below),
        },
        offset: (offset(right, lower.width()), offset(below, lower.height())),
        planes: quantization.planes(exponent) + parameters.region_shift,
        step,
    })
}

/// Makes the precincts and code-blocks of a resolution.
fn lay_out(
    resolution: &mut Resolution<'_>,
    coding: &CodingStyle,
    tile: Area,
    (number, powers): (u32, (u32, u32)),
    blocks: &mut usize,
    limits: &Limits,
) -> Result<(), CodecError> {
    let grid = precinct_grid(resolution.area, powers);
    let level = coding.levels - number;
    // Precincts and code-blocks halve with the sub-bands.
    let half = u32::from(number > 0);
    let (wide, high) = (powers.0 - half, powers.1 - half);
    let block = (coding.block.0.min(wide), coding.block.1.min(high));
    for row in 0..grid.rows {
        limits.check_time()?;
        for column in 0..grid.columns {
            let (x, y) = (u64::from(grid.left) + column, u64::from(grid.top) + row);
            let mut bands = Vec::with_capacity(resolution.bands.len());
            for band in &resolution.bands {
                let cut = |number: u64, power: u32, low: u32, high: u32| {
                    (number << power).clamp(u64::from(low), u64::from(high.max(low))) as u32
                };
                let Area { x0, y0, x1, y1 } = band.area;
                let area = Area {
                    x0: cut(x, wide, x0, x1),
                    y0: cut(y, high, y0, y1),
                    x1: cut(x + 1, wide, x0, x1),
                    y1: cut(y + 1, high, y0, y1),
                };
                bands.push(band_blocks(
                    band,
                    area,
                    coding.style,
                    block,
                    blocks,
                    limits,
                )?);
            }
            resolution.precincts.push(Precinct {
                x: (x << powers.0 << level).max(u64::from(tile.x0)),
                y: (y << powers.1 << level).max(u64::from(tile.y0)),
                layers: 0,
                bands,
            });
        }
    }
    Ok(())
}

fn band_blocks<'a>(
    band: &Band,
    area: Area,
    style: BlockStyle,
    (wide, high): (u32, u32),
    count: &mut usize,
    limits: &Limits,
) -> Result<BandBlocks<'a>, CodecError> {
    let range = |low: u32, end: u32, power: u32| {
        if area.is_empty() {
            0..0
        } else {
            low >> power..ceil_shift(end, power)
        }
    };
    let (columns, rows) = (range(area.x0, area.x1, wide), range(area.y0, area.y1, high));
    let size = (columns.len(), rows.len());
    *count += size.0 * size.1;
    if *count > (1 << 16) + limits.bytes / BLOCK_BYTES * 4 {
        return Err(CodecError::Unsupported(
            "JPEG 2000 in so small blocks".to_owned(),
        ));
    }
    let mut blocks = Vec::with_capacity(size.0 * size.1);
    for row in rows {
        for column in columns.clone() {
            let (x0, y0) = ((column << wide).max(area.x0), (row << high).max(area.y0));
            let (x1, y1) = (
                ((column + 1) << wide).min(area.x1),
                ((row + 1) << high).min(area.y1),
            );
            blocks.push(Block {
                x: band.offset.0 + (x0 - band.area.x0) as usize,
                y: band.offset.1 + (y0 - band.area.y0) as usize,
                width: (x1 - x0) as usize,
                height: (y1 - y0) as usize,
                style,
                included: false,
                empty_planes: 0,
                length_bits: 3,
                passes: 0,
                segments: Vec::new(),
            });
        }
    }
    Ok(BandBlocks {
        columns: size.0,
        inclusion: TagTree::new(size.0, size.1),
        empty_planes: TagTree::new(size.0, size.1),
        blocks,
    })
}
