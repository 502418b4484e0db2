//! Coding passes of one code-block (ITU-T T.800 Annex D).
//!
//! A word of state covers a column of four rows: whether each of its samples and their neighbours
//! is significant, so that a context is one shift and one look-up.

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
    fn vertically_causal(self) -> bool {
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
            (true, _) if start % 3 == 0 => 1,
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
    width: usize,
    height: usize,
    orientation: usize,
    causal: bool,
}

impl BlockDecoder {
    /// Memory for blocks of every size.
    pub fn new() -> Self {
        Self {
            flags: Box::new([0; BLOCK_SAMPLES]),
            samples: Box::new([0; BLOCK_SAMPLES]),
            contexts: Contexts::new(),
            width: 0,
            height: 0,
            orientation: 0,
            causal: false,
        }
    }

    /// Decodes a block into `samples`.
    pub fn decode(&mut self, block: &CodedBlock<'_>) -> Result<(), CodecError> {
        let CodedBlock { width, height, .. } = *block;
        if width * height > BLOCK_SAMPLES || width > 1024 || height > 1024 {
            return Err(damaged("a code-block is larger than allowed"));
        }
        (self.width, self.height) = (width, height);
        self.orientation = block.orientation & 3;
        self.causal = block.style.vertically_causal();
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
            let one = 2 << plane;
            match pass % 3 {
                1 => self.significance(source, one),
                2 => self.refinement(source, one),
                _ => {
                    self.clean_up(source, one);
                    if block.style.has_segmentation_symbols() {
                        let symbol = (0..4).fold(0, |bits, _| {
                            bits << 1 | source.bit(&mut self.contexts, UNIFORM)
                        });
                        if symbol != 0xA {
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

    /// Reads the sign of a sample that became significant and tells its neighbours.
    #[inline(always)]
    fn set_significant<S: BitSource>(
        &mut self,
        source: &mut S,
        column: usize,
        row: u32,
        state: &mut u32,
    ) -> u32 {
        let flags = &mut self.flags;
        let at = |place: usize| place & (BLOCK_SAMPLES - 1);
        let (west, east) = (at(column.wrapping_sub(1)), at(column + 1));
        let sign = if S::RAW {
            source.bit(&mut self.contexts, 0)
        } else {
            let index = *state >> (3 * row) & 0xAA
                | *state >> (SIGN_SHIFT - 1 + row) & 1
                | (flags[west] >> (SIGN_SHIFT + row) & 1) << 2
                | (flags[east] >> (SIGN_SHIFT + row) & 1) << 4
                | (*state >> (SIGN_SHIFT + 1 + row) & 1) << 6;
            let code = SIGN[(index & 255) as usize];
            let bit = source.bit(&mut self.contexts, usize::from(code & 31));
            bit ^ u32::from(code >> 7)
        };
        flags[west] |= 1 << (3 * row + 5);
        *state |= SIGNIFICANT << (3 * row) | sign << (SIGN_SHIFT + row);
        flags[east] |= 1 << (3 * row + 3);
        let stride = self.width + 2;
        if row == 0 && !self.causal {
            let north = column.wrapping_sub(stride);
            flags[at(north.wrapping_sub(1))] |= 1 << 17;
            flags[at(north)] |= 1 << 16 | sign << 31;
            flags[at(north + 1)] |= 1 << 15;
        }
        if row == 3 {
            let south = column + stride;
            flags[at(south - 1)] |= 1 << 2;
            flags[at(south)] |= 1 << 1 | sign << (SIGN_SHIFT - 1);
            flags[at(south + 1)] |= 1;
        }
        sign
    }

    #[inline(always)]
    fn zero_coding<S: BitSource>(&mut self, source: &mut S, state: u32, row: u32) -> u32 {
        let window = (state >> (3 * row) & 0x1FF) as usize;
        let context = usize::from(ZERO_CODING[self.orientation & 3][window]);
        source.bit(&mut self.contexts, context)
    }

    /// Significance propagation (T.800 D.3.1).
    fn significance<S: BitSource>(&mut self, source: &mut S, one: u32) {
        let mut bits = source.clone();
        let (width, height) = (self.width, self.height);
        for stripe in 0..height.div_ceil(4) {
            let rows = (height - 4 * stripe).min(4) as u32;
            let first = (stripe + 1) * (width + 2) + 1;
            for x in 0..width {
                let column = (first + x) & (BLOCK_SAMPLES - 1);
                let mut state = self.flags[column];
                if state & WINDOWS == 0 {
                    continue;
                }
                for row in 0..rows {
                    let window = state >> (3 * row);
                    if window & SIGNIFICANT != 0 || window & NEIGHBOURS == 0 {
                        continue;
                    }
                    if self.zero_coding(&mut bits, state, row) == 1 {
                        let sign = self.set_significant(&mut bits, column, row, &mut state);
                        let sample = (4 * stripe + row as usize) * width + x;
                        self.samples[sample & (BLOCK_SAMPLES - 1)] = one | one >> 1 | sign << 31;
                    }
                    state |= VISITED << row;
                }
                self.flags[column] = state;
            }
        }
        *source = bits;
    }

    /// Magnitude refinement (T.800 D.3.3).
    fn refinement<S: BitSource>(&mut self, source: &mut S, one: u32) {
        let mut bits = source.clone();
        let (width, height) = (self.width, self.height);
        let half = one >> 1;
        for stripe in 0..height.div_ceil(4) {
            let rows = (height - 4 * stripe).min(4) as u32;
            let first = (stripe + 1) * (width + 2) + 1;
            for x in 0..width {
                let column = (first + x) & (BLOCK_SAMPLES - 1);
                let mut state = self.flags[column];
                if state & (SIGNIFICANT | SIGNIFICANT << 3 | SIGNIFICANT << 6 | SIGNIFICANT << 9)
                    == 0
                {
                    continue;
                }
                for row in 0..rows {
                    let window = state >> (3 * row);
                    if window & SIGNIFICANT == 0 || state & VISITED << row != 0 {
                        continue;
                    }
                    let context = if state & REFINED << row != 0 {
                        16
                    } else {
                        14 + usize::from(window & NEIGHBOURS != 0)
                    };
                    let bit = bits.bit(&mut self.contexts, context);
                    let sample = (4 * stripe + row as usize) * width + x;
                    let value = &mut self.samples[sample & (BLOCK_SAMPLES - 1)];
                    *value = if bit == 1 {
                        value.wrapping_add(half)
                    } else {
                        value.wrapping_sub(half)
                    };
                    state |= REFINED << row;
                }
                self.flags[column] = state;
            }
        }
        *source = bits;
    }

    /// Clean-up (T.800 D.3.4).
    fn clean_up<S: BitSource>(&mut self, source: &mut S, one: u32) {
        let mut bits = source.clone();
        let (width, height) = (self.width, self.height);
        for stripe in 0..height.div_ceil(4) {
            let rows = (height - 4 * stripe).min(4) as u32;
            let first = (stripe + 1) * (width + 2) + 1;
            for x in 0..width {
                let column = (first + x) & (BLOCK_SAMPLES - 1);
                let mut state = self.flags[column];
                let mut row = 0;
                let mut known = false;
                if state == 0 && rows == 4 {
                    if bits.bit(&mut self.contexts, ZERO_RUN) == 0 {
                        continue;
                    }
                    row = bits.bit(&mut self.contexts, UNIFORM) << 1;
                    row |= bits.bit(&mut self.contexts, UNIFORM);
                    known = true;
                }
                while row < rows {
                    let coded = SIGNIFICANT << (3 * row) | VISITED << row;
                    if state & coded == 0
                        && (known || self.zero_coding(&mut bits, state, row) == 1)
                    {
                        let sign = self.set_significant(&mut bits, column, row, &mut state);
                        let sample = (4 * stripe + row as usize) * width + x;
                        self.samples[sample & (BLOCK_SAMPLES - 1)] = one | one >> 1 | sign << 31;
                    }
                    known = false;
                    row += 1;
                }
                self.flags[column] = state & !ALL_VISITED;
            }
        }
        *source = bits;
    }
}

fn damaged(what: &str) -> CodecError {
    CodecError::Damaged(what.to_owned())
}
