//! Code-blocks of High-Throughput JPEG 2000 (ITU-T T.814 clause 7): one clean-up pass, and at most
//! two that refine it by one bit-plane.

use super::block::{BLOCK_SAMPLES, CodedBlock};
use super::codestream::damaged;
use super::high_throughput_bits::{Backward, Forward, RunLengths};
use super::high_throughput_codes::{FIRST_ROW, OTHER_ROWS};
use crate::codec::CodecError;

/// What a code word says of a quad of 2 × 2 samples, numbered down the first column first.
#[derive(Clone, Copy, Default)]
struct Quad {
    /// Bits 4–7: which samples are significant; 8–11 and 12–15: ε₁ and ε_k; 3: an exponent follows.
    code: u32,
    /// The exponent that follows.
    exponent: u32,
}

impl Quad {
    fn significant(self) -> u32 {
        self.code >> 4 & 15
    }
    fn has_exponent(self) -> bool {
        self.code & 8 != 0
    }
}

/// The lowest samples of a row of quads, by column, one before the first and two after the last.
struct Above {
    significant: [u8; 1028],
    exponents: [u8; 1028],
}

/// Decodes a block into magnitudes times two, the middle of what is not coded included, with the
/// sign in the highest bit.
pub(super) fn decode(
    block: &CodedBlock<'_>,
    samples: &mut [u32; BLOCK_SAMPLES],
) -> Result<(), CodecError> {
    let (width, height) = (block.width, block.height);
    if width * height > BLOCK_SAMPLES || width > 1024 || height > 1024 {
        return Err(damaged("a code-block is larger than allowed"));
    }
    samples[..width * height].fill(0);
    let (clean_up, refinement) = match *block.segments {
        [(data, passes)] => ((data, passes), None),
        [(data, passes), refinement] => ((data, passes), Some(refinement)),
        _ => return Err(damaged("a code-block has too many segments")),
    };
    if clean_up.0.is_empty() {
        return Ok(());
    }
    // Three passes that are not there stand for one more bit-plane without a bit.
    let plane = (block.planes)
        .checked_sub(1 + (clean_up.1 - 1) / 3)
        .ok_or_else(|| damaged("a code-block has more passes than bit-planes"))?;
    decode_clean_up(block, clean_up.0, plane, samples)?;
    if let Some((data, passes)) = refinement.filter(|(data, _)| !data.is_empty()) {
        let plane = (plane.checked_sub(1))
            .ok_or_else(|| damaged("a code-block has more passes than bit-planes"))?;
        refine(block, data, passes, plane, samples);
    }
    Ok(())
}

/// The clean-up pass (T.814 7.3).
fn decode_clean_up(
    block: &CodedBlock<'_>,
    data: &[u8],
    plane: u32,
    samples: &mut [u32; BLOCK_SAMPLES],
) -> Result<(), CodecError> {
    let [.., before_last, last] = *data else {
        return Err(damaged("a clean-up pass is too short"));
    };
    let suffix = usize::from(last) << 4 | usize::from(before_last & 15);
    if suffix < 2 || suffix > data.len() || suffix > 4079 {
        return Err(damaged("a clean-up pass has an impossible length"));
    }
    let (magnitudes, codes) = data.split_at(data.len() - suffix);
    let mut magnitudes = Forward::new(magnitudes, 0xFF);
    let mut runs = RunLengths::new(codes);
    let mut words = Backward::of_codes(codes);
    let mut above = Above {
        significant: [0; 1028],
        exponents: [0; 1028],
    };
    for top in (0..block.height).step_by(2) {
        let mut left = 0;
        // What this row leaves for the next one.
        let mut next = Above {
            significant: [0; 1028],
            exponents: [0; 1028],
        };
        for x in (0..block.width).step_by(4) {
            let mut pair = [Quad::default(); 2];
            for (quad, x) in pair.iter_mut().zip([x, x + 2]) {
                if x >= block.width {
                    break;
                }
                let context = context(top, x, left, &above.significant);
                if context != 0 || runs.event() {
                    let codes = if top == 0 { &FIRST_ROW } else { &OTHER_ROWS };
                    let code = codes[(context << 7 | words.peek(7)) as usize & 1023];
                    let length = u32::from(code & 7);
                    if length == 0 {
                        return Err(damaged("a quad has no such code word"));
                    }
                    words.take(length);
                    quad.code = u32::from(code);
                }
                left = quad.significant();
            }
            read_exponents(&mut pair, top == 0, &mut runs, &mut words);
            for (quad, x) in pair.into_iter().zip([x, x + 2]) {
                if quad.significant() != 0 {
                    let predicted = predicted(quad, x, &above.exponents);
                    let bits = predicted + quad.exponent;
                    let place = (x, top);
                    put_quad(
                        block,
                        quad,
                        (bits, plane),
                        place,
                        &mut magnitudes,
                        (samples, &mut next),
                    )?;
                }
            }
        }
        above = next;
    }
    Ok(())
}

/// Context of a quad from its neighbours to the left and above (T.814 7.3.5).
fn context(top: usize, x: usize, left: u32, above: &[u8; 1028]) -> u32 {
    if top == 0 {
        return left >> 2 << 1 | left & 1 | left >> 1 & 1;
    }
    let at = |column: usize| u32::from(above.get(column).copied().unwrap_or(0));
    let north_west = at(x) | at(x + 1);
    let north_east = at(x + 2) | at(x + 3);
    north_west | u32::from(left & 0b1100 != 0) << 1 | north_east << 2
}

/// The exponent that the row above lets expect (T.814 7.3.7).
fn predicted(quad: Quad, x: usize, above: &[u8; 1028]) -> u32 {
    if quad.significant().is_power_of_two() {
        return 1;
    }
    let highest = above.get(x..x + 4).and_then(|four| four.iter().max());
    highest.map_or(1, |&highest| u32::from(highest).saturating_sub(1).max(1))
}

/// Exponents of a pair of quads, their parts interleaved (T.814 7.3.6).
fn read_exponents(
    pair: &mut [Quad; 2],
    first_row: bool,
    runs: &mut RunLengths<'_>,
    words: &mut Backward<'_>,
) {
    let [first, second] = pair;
    let both = first.has_exponent() && second.has_exponent();
    let more = if first_row && both && runs.event() {
        2
    } else {
        0
    };
    let mut prefixes = [0; 2];
    if first.has_exponent() {
        prefixes[0] = prefix(words);
    }
    // In the first row a large exponent without that event has a small one beside it.
    let short = first_row && both && more == 0 && prefixes[0] > 2;
    if short {
        second.exponent = 1 + words.read(1);
    } else if second.has_exponent() {
        prefixes[1] = prefix(words);
    }
    let suffixes = prefixes.map(|prefix| match prefix {
        3 => words.read(1),
        5 => words.read(5),
        _ => 0,
    });
    let extensions = suffixes.map(|suffix| if suffix >= 28 { words.read(4) } else { 0 });
    for (number, quad) in [first, second].into_iter().enumerate() {
        if prefixes[number] > 0 {
            quad.exponent = more + prefixes[number] + suffixes[number] + 4 * extensions[number];
        }
    }
}

fn prefix(words: &mut Backward<'_>) -> u32 {
    let (value, length) = match words.peek(3) {
        0b001 | 0b011 | 0b101 | 0b111 => (1, 1),
        0b010 | 0b110 => (2, 2),
        0b100 => (3, 3),
        _ => (5, 3),
    };
    words.take(length);
    value
}

/// Magnitudes and signs of a quad (T.814 7.3.8).
fn put_quad(
    block: &CodedBlock<'_>,
    quad: Quad,
    (bits, plane): (u32, u32),
    (x, top): (usize, usize),
    magnitudes: &mut Forward<'_>,
    (samples, next): (&mut [u32; BLOCK_SAMPLES], &mut Above),
) -> Result<(), CodecError> {
    if bits + plane > 31 {
        return Err(damaged("a coefficient has too many bits"));
    }
    for number in 0..4 {
        if quad.significant() >> number & 1 == 0 {
            continue;
        }
        let known = quad.code >> (12 + number) & 1;
        let count = bits - known;
        let value = magnitudes.read(count) | (quad.code >> (8 + number) & known) << count;
        // The lowest bit is the sign; the rest is one less than the magnitude.
        let odd = u64::from(value | 1);
        let coded = (odd + 2) << plane;
        let (column, row) = (x + number / 2, top + number % 2);
        if coded >> 31 != 0 || column >= block.width || row >= block.height {
            return Err(damaged("a coefficient lies outside its code-block"));
        }
        if let Some(sample) = samples.get_mut(row * block.width + column) {
            *sample = coded as u32 | value << 31;
        }
        if number % 2 == 1 {
            next.significant[column + 1] = 1;
            next.exponents[column + 1] = (64 - odd.leading_zeros()) as u8;
        }
    }
    Ok(())
}

/// Significance propagation and magnitude refinement (T.814 7.4, 7.5), one bit-plane below.
fn refine(
    block: &CodedBlock<'_>,
    data: &[u8],
    passes: u32,
    plane: u32,
    samples: &mut [u32; BLOCK_SAMPLES],
) {
    let (width, height) = (block.width, block.height);
    let before: Vec<bool> = (samples.iter().take(width * height))
        .map(|&sample| sample != 0)
        .collect();
    let mut bits = Forward::new(data, 0);
    let mut found = Vec::new();
    for top in (0..height).step_by(4) {
        for left in (0..width).step_by(4) {
            for x in left..width.min(left + 4) {
                for y in top..height.min(top + 4) {
                    let end = if block.style.vertically_causal() {
                        height.min(top + 4)
                    } else {
                        height
                    };
                    if samples[y * width + x] == 0
                        && has_neighbour(samples, width, (x, y), end)
                        && bits.read(1) == 1
                    {
                        // Two bits: the plane itself, and the middle of what is below it.
                        samples[y * width + x] = 3 << plane;
                        found.push(y * width + x);
                    }
                }
            }
            for place in found.drain(..) {
                samples[place] |= bits.read(1) << 31;
            }
        }
    }
    if passes < 2 {
        return;
    }
    let mut bits = Backward::of_refinement(data);
    for top in (0..height).step_by(4) {
        for x in 0..width {
            for y in top..height.min(top + 4) {
                let place = y * width + x;
                if before.get(place).is_some_and(|&before| before) {
                    let bit = bits.read(1);
                    samples[place] =
                        samples[place] & !(2 << plane) | bit << (plane + 1) | 1 << plane;
                }
            }
        }
    }
}

/// Whether a sample around is significant, in rows before `end`.
fn has_neighbour(
    samples: &[u32; BLOCK_SAMPLES],
    width: usize,
    (x, y): (usize, usize),
    end: usize,
) -> bool {
    (y.saturating_sub(1)..end.min(y + 2)).any(|row| {
        let columns = x.saturating_sub(1)..width.min(x + 2);
        samples[row * width..][columns]
            .iter()
            .any(|&sample| sample != 0)
    })
}
