//! Coding passes of one code-block (ITU-T T.800 Annex D).
//!
//! A word of state covers a column of four rows: whether each of its samples and their neighbours
//! is significant, so that a context is one shift and one look-up.

#![expect(
    clippy::inline_always,
    reason = "a third of the time goes where the steps of a coding pass are called"
)]

use super::context::{SIGN, ZERO_CODING};
use super::mq::{BitSource, Contexts, MqDecoder, RawBits, UNIFORM, ZERO_RUN};
use crate::codec::CodecError;

/// Most samples of a code-block (T.800 Table A.18).
pub(super) const BLOCK_SAMPLES: usize = 4096;

// State of a column: 3 × 6 significances from the bit of the sample north-west of the first row,
// three to a row; then four visited, four refined, and six signs of the column's own samples from
// the one north of the first row.
const SIGNIFICANT: u32 = 1 << 4;
const NEIGHBOURS: u32 = 0x1EF;
const WINDOWS: u32 = 0x3FFFF;
const ALL_SIGNIFICANT: u32 = SIGNIFICANT * 0o1111;
const VISITED: u32 = 1 << 18;
const ALL_VISITED: u32 = 0xF << 18;
const REFINED: u32 = 1 << 22;
const SIGN_SHIFT: u32 = 27;

/// How code-blocks are coded (T.800 Table A.19).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockStyle(pub u8);

impl BlockStyle {
    /// Later passes hold raw bits.
    pub fn bypass(self) -> bool {
        self.0 & 1 != 0
    }
    fn resets_contexts(self) -> bool {
        self.0 & 2 != 0
    }
    /// Each pass ends its own segment.
    pub fn ends_each_pass(self) -> bool {
        self.0 & 4 != 0
    }
    /// Rows below a stripe do not count as neighbours.
    pub fn vertically_causal(self) -> bool {
        self.0 & 8 != 0
    }
    fn has_segmentation_symbols(self) -> bool {
        self.0 & 32 != 0
    }
    /// Most passes of the segment that starts at pass `start`, of which `coming` are announced
    /// (T.800 D.4.2 and Table D.9; T.814 B.3).
    pub fn most_passes(self, start: u32, coming: u32) -> u32 {
        if self.high_throughput() {
            // Placeholders, three by three, belong to the clean-up pass; then all that refine it.
            return if start == 0 {
                (coming - 1) / 3 * 3 + 1
            } else {
                2
            };
        }
        if self.ends_each_pass() {
            return 1;
        }
        match (self.bypass(), start) {
            (false, _) => u32::MAX,
            (true, 0..10) => 10 - start,
            (true, _) if start.is_multiple_of(3) => 1,
            (true, _) => 3 - start % 3,
        }
    }

    /// Blocks are coded by ITU-T T.814.
    pub fn high_throughput(self) -> bool {
        self.0 & 64 != 0
    }
}

/// What is to be decoded.
pub(super) struct CodedBlock<'a> {
    pub width: usize,
    pub height: usize,
    /// 0 LL, 1 HL, 2 LH, 3 HH.
    pub orientation: usize,
    /// Bit-planes that the block codes, without its empty ones.
    pub planes: u32,
    pub style: BlockStyle,
    /// Bytes and number of passes of each segment.
    pub segments: &'a [(&'a [u8], u32)],
}

/// Working memory for one block after the other.
pub(super) struct BlockDecoder {
    flags: Box<[u32; BLOCK_SAMPLES]>,
    /// Magnitudes times two, the half being the middle of what is not coded; the sign is in the
    /// highest bit. Row by row.
    pub samples: Box<[u32; BLOCK_SAMPLES]>,
    contexts: Contexts,
}

impl BlockDecoder {
    /// Memory for blocks of every size.
    pub fn new() -> Self {
        Self {
            flags: Box::new([0; BLOCK_SAMPLES]),
            samples: Box::new([0; BLOCK_SAMPLES]),
            contexts: Contexts::new(),
        }
    }

    /// Decodes a block into `samples`.
    pub fn decode(&mut self, block: &CodedBlock<'_>) -> Result<(), CodecError> {
        let CodedBlock { width, height, .. } = *block;
        if width * height > BLOCK_SAMPLES || width > 1024 || height > 1024 {
            return Err(damaged("a code-block is larger than allowed"));
        }
        self.samples[..width * height].fill(0);
        self.flags[..(width + 2) * (height.div_ceil(4) + 2)].fill(0);
        self.contexts = Contexts::new();
        let mut pass = 0;
        for &(data, passes) in block.segments {
            let end = pass + passes;
            // T.800 Table D.9: raw from the fifth bit-plane on, clean-up passes never.
            let raw = block.style.bypass() && pass >= 10 && pass % 3 != 0;
            if raw {
                self.passes(block, &mut RawBits::new(data), pass..end)?;
            } else {
                self.passes(block, &mut MqDecoder::new(data), pass..end)?;
            }
            pass = end;
        }
        Ok(())
    }

    fn passes<S: BitSource>(
        &mut self,
        block: &CodedBlock<'_>,
        source: &mut S,
        passes: std::ops::Range<u32>,
    ) -> Result<(), CodecError> {
        for pass in passes {
            // The first bit-plane has a clean-up pass only.
            let plane = (block.planes)
                .checked_sub(1 + pass.div_ceil(3))
                .ok_or_else(|| damaged("a code-block has more passes than bit-planes"))?;
            let mut planes = Planes {
                flags: &mut self.flags,
                samples: &mut self.samples,
                contexts: &mut self.contexts,
                zero_coding: &ZERO_CODING[block.orientation & 3],
                width: block.width,
                height: block.height,
                causal: block.style.vertically_causal(),
                one: 2 << plane,
            };
            match pass % 3 {
                1 => planes.significance(source),
                2 => planes.refinement(source),
                _ => {
                    planes.clean_up(source);
                    if block.style.has_segmentation_symbols() {
                        let symbol = (0..4).fold(0, |bits, _| {
                            bits << 1 | source.bit(&mut self.contexts, UNIFORM)
                        });
                        // Encoders cut lossy blocks short, so that the symbol comes out wrong.
                        if symbol != 0xA && plane == 0 {
                            return Err(damaged("a segmentation symbol is wrong"));
                        }
                    }
                }
            }
            if block.style.resets_contexts() {
                self.contexts = Contexts::new();
            }
        }
        Ok(())
    }
}

/// What the passes of a block work on.
struct Planes<'p> {
    flags: &'p mut [u32; BLOCK_SAMPLES],
    samples: &'p mut [u32; BLOCK_SAMPLES],
    contexts: &'p mut Contexts,
    zero_coding: &'static [u8; 512],
    width: usize,
    height: usize,
    causal: bool,
    /// Twice the value of the bit-plane.
    one: u32,
}

/// A column of four rows.
#[derive(Clone, Copy)]
struct Column {
    /// Its word of state.
    at: usize,
    /// Its first sample.
    sample: usize,
}

impl Planes<'_> {
    /// Calls `column` for each column of each stripe with the number of its rows.
    #[inline(always)]
    fn for_columns(&mut self, mut column: impl FnMut(&mut Self, Column, u32)) {
        let width = self.width;
        for stripe in 0..self.height.div_ceil(4) {
            let rows = (self.height - 4 * stripe).min(4) as u32;
            let first = (stripe + 1) * (width + 2) + 1;
            for x in 0..width {
                let place = Column {
                    at: (first + x) & (BLOCK_SAMPLES - 1),
                    sample: 4 * stripe * width + x,
                };
                column(self, place, rows);
            }
        }
    }

    #[inline(always)]
    fn sample(&mut self, column: Column, row: u32) -> &mut u32 {
        &mut self.samples[(column.sample + row as usize * self.width) & (BLOCK_SAMPLES - 1)]
    }

    /// Reads the sign of a sample that became significant, and tells its neighbours.
    #[inline(always)]
    fn set_significant<S: BitSource>(
        &mut self,
        bits: &mut S,
        column: Column,
        row: u32,
        state: &mut u32,
    ) {
        let at = |place: usize| place & (BLOCK_SAMPLES - 1);
        let (west, east) = (at(column.at.wrapping_sub(1)), at(column.at + 1));
        let flags = &mut *self.flags;
        let sign = if S::RAW {
            bits.bit(self.contexts, 0)
        } else {
            let index = *state >> (3 * row) & 0xAA
                | *state >> (SIGN_SHIFT - 1 + row) & 1
                | (flags[west] >> (SIGN_SHIFT + row) & 1) << 2
                | (flags[east] >> (SIGN_SHIFT + row) & 1) << 4
                | (*state >> (SIGN_SHIFT + 1 + row) & 1) << 6;
            let code = SIGN[(index & 255) as usize];
            let bit = bits.bit(self.contexts, usize::from(code & 31));
            bit ^ u32::from(code >> 7)
        };
        flags[west] |= 1 << (3 * row + 5);
        *state |= SIGNIFICANT << (3 * row) | sign << (SIGN_SHIFT + row);
        flags[east] |= 1 << (3 * row + 3);
        let stride = self.width + 2;
        if row == 0 && !self.causal {
            let north = column.at.wrapping_sub(stride);
            flags[at(north.wrapping_sub(1))] |= 1 << 17;
            flags[at(north)] |= 1 << 16 | sign << 31;
            flags[at(north + 1)] |= 1 << 15;
        }
        if row == 3 {
            let south = column.at + stride;
            flags[at(south - 1)] |= 1 << 2;
            flags[at(south)] |= 1 << 1 | sign << (SIGN_SHIFT - 1);
            flags[at(south + 1)] |= 1;
        }
        *self.sample(column, row) = self.one | self.one >> 1 | sign << 31;
    }

    #[inline(always)]
    fn zero_coding<S: BitSource>(&mut self, bits: &mut S, state: u32, row: u32) -> u32 {
        let window = (state >> (3 * row) & 0x1FF) as usize;
        bits.bit(self.contexts, usize::from(self.zero_coding[window]))
    }

    #[inline(always)]
    fn significance_at<S: BitSource>(
        &mut self,
        bits: &mut S,
        column: Column,
        row: u32,
        state: &mut u32,
    ) {
        let window = *state >> (3 * row);
        if window & SIGNIFICANT == 0 && window & NEIGHBOURS != 0 {
            if self.zero_coding(bits, *state, row) == 1 {
                self.set_significant(bits, column, row, state);
            }
            *state |= VISITED << row;
        }
    }

    /// Significance propagation (T.800 D.3.1).
    fn significance<S: BitSource>(&mut self, source: &mut S) {
        // A copy stays in registers.
        let mut bits = source.clone();
        self.for_columns(|planes, column, rows| {
            let mut state = planes.flags[column.at];
            if state & WINDOWS == 0 {
                return;
            }
            if rows == 4 {
                planes.significance_at(&mut bits, column, 0, &mut state);
                planes.significance_at(&mut bits, column, 1, &mut state);
                planes.significance_at(&mut bits, column, 2, &mut state);
                planes.significance_at(&mut bits, column, 3, &mut state);
            } else {
                for row in 0..rows {
                    planes.significance_at(&mut bits, column, row, &mut state);
                }
            }
            planes.flags[column.at] = state;
        });
        *source = bits;
    }

    #[inline(always)]
    fn refinement_at<S: BitSource>(
        &mut self,
        bits: &mut S,
        column: Column,
        row: u32,
        state: &mut u32,
    ) {
        let window = *state >> (3 * row);
        if window & SIGNIFICANT != 0 && *state & VISITED << row == 0 {
            let context = if *state & REFINED << row != 0 {
                16
            } else {
                14 + usize::from(window & NEIGHBOURS != 0)
            };
            let bit = bits.bit(self.contexts, context);
            // Up where the bit is set, else down.
            let down = bit.wrapping_sub(1);
            let change = (self.one >> 1 ^ down).wrapping_sub(down);
            let value = self.sample(column, row);
            *value = value.wrapping_add(change);
            *state |= REFINED << row;
        }
    }

    /// Magnitude refinement (T.800 D.3.3).
    fn refinement<S: BitSource>(&mut self, source: &mut S) {
        let mut bits = source.clone();
        self.for_columns(|planes, column, rows| {
            let mut state = planes.flags[column.at];
            if state & ALL_SIGNIFICANT == 0 {
                return;
            }
            if rows == 4 {
                planes.refinement_at(&mut bits, column, 0, &mut state);
                planes.refinement_at(&mut bits, column, 1, &mut state);
                planes.refinement_at(&mut bits, column, 2, &mut state);
                planes.refinement_at(&mut bits, column, 3, &mut state);
            } else {
                for row in 0..rows {
                    planes.refinement_at(&mut bits, column, row, &mut state);
                }
            }
            planes.flags[column.at] = state;
        });
        *source = bits;
    }

    #[inline(always)]
    fn clean_up_at<S: BitSource>(
        &mut self,
        bits: &mut S,
        column: Column,
        row: u32,
        state: &mut u32,
    ) {
        let coded = SIGNIFICANT << (3 * row) | VISITED << row;
        if *state & coded == 0 && self.zero_coding(bits, *state, row) == 1 {
            self.set_significant(bits, column, row, state);
        }
    }

    /// Clean-up (T.800 D.3.4).
    fn clean_up<S: BitSource>(&mut self, source: &mut S) {
        let mut bits = source.clone();
        self.for_columns(|planes, column, rows| {
            let mut state = planes.flags[column.at];
            if state == 0 && rows == 4 {
                if bits.bit(planes.contexts, ZERO_RUN) == 0 {
                    return;
                }
                let high = bits.bit(planes.contexts, UNIFORM);
                let first = high << 1 | bits.bit(planes.contexts, UNIFORM);
                planes.set_significant(&mut bits, column, first, &mut state);
                for row in first + 1..4 {
                    if planes.zero_coding(&mut bits, state, row) == 1 {
                        planes.set_significant(&mut bits, column, row, &mut state);
                    }
                }
                planes.flags[column.at] = state;
                return;
            }
            if rows == 4 {
                planes.clean_up_at(&mut bits, column, 0, &mut state);
                planes.clean_up_at(&mut bits, column, 1, &mut state);
                planes.clean_up_at(&mut bits, column, 2, &mut state);
                planes.clean_up_at(&mut bits, column, 3, &mut state);
            } else {
                for row in 0..rows {
                    planes.clean_up_at(&mut bits, column, row, &mut state);
                }
            }
            planes.flags[column.at] = state & !ALL_VISITED;
        });
        *source = bits;
    }
}

fn damaged(what: &str) -> CodecError {
    CodecError::Damaged(what.to_owned())
}
