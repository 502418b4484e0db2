//! Entropy-coded segments without their byte stuffing, and the bits in them.
//!
//! ITU-T T.81 B.1.1.5 and F.1.2.3: in a segment every byte `FF` is followed by `00`; any other
//! follower makes it a marker, which ends the segment.

/// Zeros behind a segment, so that whole words can be read up to its last bit.
const PADDING: usize = 16;

/// A scan's compressed bytes, cut at the restart markers.
#[derive(Debug)]
pub(super) struct Entropy<'a> {
    stream: &'a [u8],
    position: usize,
    /// The current segment without stuffing, then [`PADDING`].
    segment: Vec<u8>,
}

impl<'a> Entropy<'a> {
    /// The segments that begin at `position`.
    pub fn new(stream: &'a [u8], position: usize) -> Self {
        let segment = Vec::new();
        Self {
            stream,
            position,
            segment,
        }
    }

    /// Reads the next segment and the marker that ends it, which is left behind only if it is a
    /// restart; `None` where the stream ends instead.
    pub fn advance(&mut self) -> Option<u8> {
        self.segment.clear();
        let mut rest = self.stream.get(self.position..).unwrap_or_default();
        let marker = loop {
            let plain = bytes_before_ff(rest);
            let (before, after) = rest.split_at(plain);
            self.segment.extend_from_slice(before);
            rest = after;
            // Fill bytes may stand before a marker and, though they should not, before a zero.
            let fill = rest.iter().take_while(|byte| **byte == 0xFF).count();
            match rest.get(fill) {
                None => {
                    self.position = self.stream.len();
                    self.drop_padding();
                    break None;
                }
                Some(0) => {
                    self.segment.push(0xFF);
                    rest = rest.get(fill + 1..).unwrap_or_default();
                }
                Some(&marker) => {
                    let is_restart = matches!(marker, 0xD0..=0xD7);
                    let behind = self.stream.len() - rest.len();
                    self.position = behind + if is_restart { fill + 1 } else { 0 };
                    break Some(marker);
                }
            }
        };
        self.segment.extend([0; PADDING]);
        marker
    }

    /// Zeros that fill the stream up to an even length or to the size of a buffer: whole bytes of
    /// them do not end a segment, which is filled up with ones (T.81 F.1.2.3).
    fn drop_padding(&mut self) {
        while self.segment.pop_if(|byte| *byte == 0).is_some() {}
    }

    /// The bits of the current segment.
    pub fn bits(&self) -> Bits<'_> {
        Bits {
            padded: &self.segment,
            next: 0,
            word: 0,
            count: 0,
        }
    }

    /// Where in the stream the marker behind the current segment stands.
    pub fn position(&self) -> usize {
        self.position
    }
}

/// Bytes before the first `FF`, eight looked at in one step.
fn bytes_before_ff(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    let (words, _) = bytes.as_chunks::<8>();
    // A byte of the complement that is zero borrows into its top bit.
    let has_ff = |word: &[u8; 8]| {
        let inverse = !u64::from_ne_bytes(*word);
        inverse.wrapping_sub(ONES) & !inverse & TOPS != 0
    };
    let start = 8 * words.iter().take_while(|word| !has_ff(word)).count();
    let tail = bytes.get(start..).unwrap_or_default();
    let more = tail.iter().position(|byte| *byte == 0xFF);
    start + more.unwrap_or(tail.len())
}

/// Bits of one segment, first bit highest. Behind its end come zeros, and [`Self::overrun`] says
/// so afterwards: cheaper than a check for each bit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bits<'a> {
    padded: &'a [u8],
    /// First byte that is not counted in `word`.
    next: usize,
    /// The next bits from the highest down. Below the `count` ones there may be more, which are
    /// those that follow in `padded`, so that putting them in again changes nothing.
    word: u64,
    count: u32,
}

impl Bits<'_> {
    /// The bits of one word, to look codes up ahead of a stream.
    pub fn of_word(word: u64) -> Self {
        Self {
            padded: &[],
            next: 0,
            word,
            count: 63,
        }
    }

    /// How many bits of [`Self::of_word`] were taken.
    pub fn taken_of_word(&self) -> u32 {
        63_u32.wrapping_sub(self.count)
    }

    /// Makes at least 56 bits ready.
    #[inline]
    pub fn refill(&mut self) {
        if let Some(bytes) = self.padded.get(self.next..)
            && let Some(bytes) = bytes.first_chunk::<8>()
        {
            self.word |= u64::from_be_bytes(*bytes) >> self.count;
            let taken = (63 - self.count) >> 3;
            self.next += taken as usize;
            self.count += 8 * taken;
        } else {
            // More than the padding is used up: the overrun can no longer go unnoticed.
            self.count = 63;
        }
    }

    /// The next `length` bits of those ready, up to 32, without taking them.
    #[inline]
    pub fn peek(&self, length: u32) -> u32 {
        ((self.word >> 1) >> (63 - (length & 63))) as u32
    }

    /// Takes `length` bits of those ready.
    #[inline]
    pub fn take(&mut self, length: u32) {
        self.word <<= length & 63;
        self.count = self.count.wrapping_sub(length);
    }

    /// Takes `length` bits of those ready, up to 16, as a number.
    #[inline]
    pub fn number(&mut self, length: u32) -> u32 {
        let value = self.peek(length);
        self.take(length);
        value
    }

    /// Takes one bit after making bits ready.
    #[inline]
    pub fn bit(&mut self) -> bool {
        self.refill();
        self.number(1) == 1
    }

    /// Takes `length` bits of those ready, up to 15, as a signed difference or coefficient: EXTEND
    /// of T.81 F.2.2.1.
    #[inline]
    pub fn signed(&mut self, length: u32) -> i32 {
        let value = self.number(length) as i32;
        let is_negative = value < (1 << length) >> 1;
        value - if is_negative { (1 << length) - 1 } else { 0 }
    }

    /// Whether more bits were taken than the segment has.
    pub fn overrun(&self) -> bool {
        let taken = (8 * self.next) as i64 - i64::from(self.count as i32);
        taken > 8 * (self.padded.len() as i64 - PADDING as i64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stuffing_goes_and_markers_end_a_segment() {
        let stream = [
            9, 0xFF, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0xFF, 0xFF, 0xD3, 0xAB, 0xFF, 0xFF, 0, 0xFF, 0xD9,
        ];
        let mut entropy = Entropy::new(&stream, 1);
        assert_eq!(entropy.advance(), Some(0xD3));
        assert_eq!(entropy.segment[..9], [0xFF, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(entropy.segment.len(), 9 + PADDING);
        assert_eq!(entropy.advance(), Some(0xD9));
        assert_eq!(entropy.segment[..2], [0xAB, 0xFF]);
        assert_eq!(entropy.position(), 18);
        let mut cut = Entropy::new(&stream[..12], 1);
        assert_eq!(cut.advance(), None);
        assert_eq!(cut.segment.len(), 9 + PADDING);
    }

    #[test]
    fn the_first_ff_is_found_wherever_it_is() {
        for length in 0..40 {
            for at in 0..=length {
                let mut bytes = vec![0x7F; length];
                bytes.iter_mut().skip(at).for_each(|byte| *byte = 0xFF);
                assert_eq!(bytes_before_ff(&bytes), at);
            }
        }
        assert_eq!(bytes_before_ff(&[0xFE, 0x00, 0x80, 0x01, 1, 2, 3, 4]), 8);
    }

    #[test]
    fn the_last_bit_is_no_overrun_and_the_next_one_is() {
        let bytes: Vec<u8> = (0..20).collect();
        let mut entropy = Entropy::new(&bytes, 0);
        entropy.advance();
        let mut bits = entropy.bits();
        for byte in 0..20 {
            bits.refill();
            assert_eq!(bits.number(3), byte >> 5);
            assert_eq!(bits.number(5), byte & 31);
            assert!(!bits.overrun());
        }
        for _ in 0..1000 {
            assert!(!bits.bit());
            assert!(bits.overrun());
        }
    }

    /// T.81 table F.1: the values of each category.
    #[test]
    fn differences_are_extended_as_in_table_f_1() {
        let stream = [0b0100_0110, 0b1100_0111, 0b0111_1000, 0, 0, 0, 0, 0];
        let mut entropy = Entropy::new(&stream, 0);
        entropy.advance();
        let mut bits = entropy.bits();
        bits.refill();
        let values = [0, 1, 1, 2, 2, 2, 2, 3, 3, 4, 4].map(|length| bits.signed(length));
        assert_eq!(values, [0, -1, 1, -3, -2, 2, 3, -7, 7, -8, 8]);
    }
}
