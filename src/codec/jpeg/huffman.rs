//! Huffman tables (ITU-T T.81 annex C and F.2.2.3).

use super::bits::Bits;
use crate::codec::CodecError;

/// Codes up to this length are found in one step.
const FAST_BITS: u32 = 10;

/// A table as a DHT marker defines it.
#[derive(Debug, Clone)]
pub(super) struct Huffman {
    /// For each start of a code: its length in the high byte and its symbol in the low one; 0 for
    /// longer codes and for none.
    fast: Box<[u16; 1 << FAST_BITS]>,
    /// For each length, the first 16 bits that are behind its codes.
    ends: [u32; 17],
    /// For each length, what leads from a code to its symbol.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Huffman {
    /// A table of codes by length, 1 to 16, and the symbols in the order of their codes.
    pub fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, CodecError> {
        let mut table = Self {
            fast: Box::new([0; 1 << FAST_BITS]),
            ends: [0; 17],
            offsets: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut index) = (0_u32, 0_usize);
        let lengths = counts.iter().zip(&mut table.ends[1..]);
        for (length, ((&count, end), offset)) in (1..).zip(lengths.zip(&mut table.offsets[1..])) {
            *offset = index as i32 - code as i32;
            let of_length = symbols.get(index..index + usize::from(count));
            for symbol in of_length.unwrap_or_default() {
                if let Some(shift) = FAST_BITS.checked_sub(length) {
                    let start = (code << shift) as usize;
                    let entries = table.fast.iter_mut().skip(start).take(1 << shift);
                    entries.for_each(|entry| *entry = (length as u16) << 8 | u16::from(*symbol));
                }
                code += 1;
            }
            index += usize::from(count);
            if code > 1 << length || index > symbols.len() {
                return Err(CodecError::Damaged(
                    "a Huffman table has more codes than fit".to_owned(),
                ));
            }
            *end = code << (16 - length);
            code <<= 1;
        }
        Ok(table)
    }

    /// The next symbol; 32 bits must be ready, 16 of which are left. `None` if no code begins
    /// like that.
    #[inline]
    pub fn symbol(&self, bits: &mut Bits<'_>) -> Option<u8> {
        let entry = self.fast[bits.peek(FAST_BITS) as usize];
        if entry == 0 {
            return self.long_symbol(bits);
        }
        bits.take(u32::from(entry >> 8));
        Some(entry as u8)
    }

    #[cold]
    fn long_symbol(&self, bits: &mut Bits<'_>) -> Option<u8> {
        let ahead = bits.peek(16);
        let mut lengths = (0..).zip(self.ends.iter().zip(&self.offsets));
        let (length, (_, offset)) = lengths.find(|(_, (end, _))| ahead < **end)?;
        bits.take(length);
        let code = (ahead >> (16 - length)) as i32;
        self.symbols
            .get(usize::try_from(code + offset).ok()?)
            .copied()
    }
}

/// Bits of a difference that [`Differences`] looks at in one step.
const WHOLE_BITS: u32 = 12;

/// Set where an entry of [`Differences`] is not a whole difference.
const PARTIAL: u32 = 0x80;

/// A table of lossless coding that gives most differences, code and value together, in one step.
#[derive(Debug)]
pub(super) struct Differences<'a> {
    /// For each start: the difference in the high half, then the length of code and value; or
    /// [`PARTIAL`].
    whole: Box<[u32; 1 << WHOLE_BITS]>,
    table: &'a Huffman,
}

impl<'a> Differences<'a> {
    /// The differences that `table` gives the categories of.
    pub fn new(table: &'a Huffman) -> Self {
        let mut whole = Box::new([PARTIAL; 1 << WHOLE_BITS]);
        for (start, entry) in (0_u32..).zip(whole.iter_mut()) {
            // The bits that are not known are zeros: right if they are not needed.
            let bytes = (u64::from(start) << (64 - WHOLE_BITS)).to_be_bytes();
            let mut bits = Bits::of_word(u64::from_be_bytes(bytes));
            if let Some(difference) = table.symbol(&mut bits).and_then(|s| value(s, &mut bits)) {
                let length = bits.taken_of_word();
                if length <= WHOLE_BITS {
                    *entry = u32::from(difference) << 16 | length;
                }
            }
        }
        Self { whole, table }
    }

    /// The next difference modulo 2¹⁶. 12 bits must be ready, and at least so many fewer than
    /// before are left.
    #[inline]
    pub fn next(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let entry = self.whole[bits.peek(WHOLE_BITS) as usize];
        if entry & PARTIAL == 0 {
            bits.take(entry & 0x7F);
            Some((entry >> 16) as u16)
        } else {
            self.long(bits)
        }
    }

    #[cold]
    #[inline(never)]
    fn long(&self, bits: &mut Bits<'_>) -> Option<u16> {
        bits.refill();
        let symbol = self.table.symbol(bits)?;
        let difference = value(symbol, bits);
        bits.refill();
        difference
    }
}

/// The difference of a category, T.81 table H.2: category 16 is 32768 and has no further bits.
#[inline]
fn value(category: u8, bits: &mut Bits<'_>) -> Option<u16> {
    match category {
        0..=15 => Some(bits.signed(u32::from(category)) as u16),
        16 => Some(0x8000),
        _ => None,
    }
}
