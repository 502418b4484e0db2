//! Bits of a scan (ITU-T T.87 C.1.4: after a byte of ones, a zero bit is stuffed) and the codes
//! made of them (A.5.3).

use super::Stop;

/// Reads the entropy-coded bits up to the next marker.
///
/// Copied rather than lent to the rarer paths, so that it lives in registers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bits<'a> {
    /// Bytes not taken yet; neither the first byte of a pair of a byte of ones and a stuffed one is
    /// ever taken without the second.
    rest: &'a [u8],
    /// Bits taken and not used, from the highest. Those beyond `count` are zero or the bits of
    /// `rest` that will come there.
    buffer: u64,
    /// Bits in the buffer that count, below 64.
    count: u32,
}

impl<'a> Bits<'a> {
    pub fn new(rest: &'a [u8]) -> Self {
        Self {
            rest,
            buffer: 0,
            count: 0,
        }
    }

    /// Fills the buffer to at least 49 bits, if the scan has them.
    #[expect(
        clippy::inline_always,
        reason = "otherwise the bits do not stay in registers"
    )]
    #[inline(always)]
    fn refill(&mut self) {
        if let Some(bytes) = self.rest.first_chunk::<8>() {
            let word = u64::from_be_bytes(*bytes);
            if !has_byte_of_ones(word) {
                self.buffer |= word >> self.count;
                let taken = ((63 - self.count) >> 3) & 7;
                self.rest = self.rest.get(taken as usize..).unwrap_or_default();
                self.count += 8 * taken;
                return;
            }
        }
        *self = self.refilled_by_bytes();
    }

    #[cold]
    #[inline(never)]
    fn refilled_by_bytes(mut self) -> Self {
        while self.count <= 48 {
            match *self.rest {
                [0xFF, next @ 0..0x80, ref rest @ ..] => {
                    let pair = 0xFF << 7 | u64::from(next);
                    self.buffer |= pair << (49 - self.count);
                    self.count += 15;
                    self.rest = rest;
                }
                // A marker, or half a pair.
                [0xFF, ..] | [] => break,
                [byte, ref rest @ ..] => {
                    self.buffer |= u64::from(byte) << (56 - self.count);
                    self.count += 8;
                    self.rest = rest;
                }
            }
        }
        self
    }

    #[expect(
        clippy::inline_always,
        reason = "otherwise the bits do not stay in registers"
    )]
    #[inline(always)]
    fn skip(&mut self, count: u32) {
        self.buffer <<= count;
        self.count -= count;
    }

    /// The next `count` bits, at most 32.
    #[expect(
        clippy::inline_always,
        reason = "otherwise the bits do not stay in registers"
    )]
    #[inline(always)]
    pub fn take(&mut self, count: u32) -> Result<u32, Stop> {
        if self.count < count {
            self.refill();
            if self.count < count {
                return Err(Stop::Truncated);
            }
        }
        // Two steps, since a shift by all 64 bits is none.
        let value = (self.buffer >> 1) >> (63 - count);
        self.skip(count);
        Ok(value as u32)
    }

    /// A mapped error in the limited length Golomb code LG(k, limit) of A.5.3: as many zeros as the
    /// part above the lowest `k` bits says, a one, these bits; or `most_zeros` zeros (limit −
    /// qbpp − 1), a one, and the error less one in `escape_bits` bits (qbpp).
    #[expect(
        clippy::inline_always,
        reason = "otherwise the bits do not stay in registers"
    )]
    #[inline(always)]
    pub fn golomb(&mut self, k: u32, most_zeros: u32, escape_bits: u32) -> Result<u32, Stop> {
        if self.count < 32 {
            self.refill();
        }
        let zeros = self.buffer.leading_zeros();
        let length = zeros + 1 + k;
        if length <= self.count && zeros < most_zeros {
            let with_one = (self.buffer << zeros) >> (63 - k);
            self.skip(length);
            return Ok((zeros << k) + (with_one as u32 ^ (1 << k)));
        }
        let (bits, value) = self.long_golomb(k, most_zeros, escape_bits);
        *self = bits;
        value
    }

    /// The same for codes that are longer than what is in the buffer, or escapes.
    #[cold]
    #[inline(never)]
    fn long_golomb(
        mut self,
        k: u32,
        most_zeros: u32,
        escape_bits: u32,
    ) -> (Self, Result<u32, Stop>) {
        let mut zeros = 0;
        loop {
            self.refill();
            let more = self.buffer.leading_zeros().min(self.count);
            zeros += more;
            if zeros > most_zeros {
                return (self, Err(Stop::Damaged("a code is longer than allowed")));
            }
            if more < self.count {
                self.skip(more + 1);
                break;
            }
            if self.count == 0 {
                return (self, Err(Stop::Truncated));
            }
            self.skip(more);
        }
        let value = if zeros < most_zeros {
            self.take(k).map(|low| (zeros << k) + low)
        } else {
            self.take(escape_bits).map(|value| value + 1)
        };
        (self, value)
    }

    /// What follows the scan, from its marker on; an error if more is left of the scan than zeros
    /// and the bits that fill its last byte.
    pub fn finish(mut self) -> Result<&'a [u8], Stop> {
        // Up to 7 bits fill the last byte; if it is all ones, a stuffed one with 7 more follows.
        let mut most = 14;
        loop {
            self.refill();
            let left = (self.buffer >> 1) >> (63 - self.count);
            if left != 0 && self.count > most {
                return Err(Stop::Damaged("there is more than the samples"));
            }
            if self.count == 0 {
                return Ok(self.rest);
            }
            (self.buffer, self.count, most) = (0, 0, 0);
        }
    }
}

/// Whether one of the eight bytes is 0xFF.
#[inline]
fn has_byte_of_ones(word: u64) -> bool {
    // A byte of the inverse is zero: only there does subtracting one set the high bit that the
    // inverse does not have, up to false alarms above a true one.
    let low = 0x0101_0101_0101_0101;
    (!word).wrapping_sub(low) & word & (low << 7) != 0
}
