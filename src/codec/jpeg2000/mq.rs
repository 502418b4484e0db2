//! The two entropy decoders of code-blocks: the MQ arithmetic decoder (ITU-T T.800 Annex C) and the
//! raw bits of the lazy mode (D.6).

#![expect(
    clippy::inline_always,
    reason = "a third of the time goes where the steps of a coding pass are called"
)]

/// Contexts of a code-block (T.800 Table D.7).
pub(super) const ZERO_RUN: usize = 17;
/// The context whose probabilities never change.
pub(super) const UNIFORM: usize = 18;

/// Qe, next state after a more and after a less probable symbol, and whether the sense of the more
/// probable symbol is switched (T.800 Table C.2).
const STATES: [(u32, u32, u32, u32); 47] = [
    (0x5601, 1, 1, 1),
    (0x3401, 2, 6, 0),
    (0x1801, 3, 9, 0),
    (0x0AC1, 4, 12, 0),
    (0x0521, 5, 29, 0),
    (0x0221, 38, 33, 0),
    (0x5601, 7, 6, 1),
    (0x5401, 8, 14, 0),
    (0x4801, 9, 14, 0),
    (0x3801, 10, 14, 0),
    (0x3001, 11, 17, 0),
    (0x2401, 12, 18, 0),
    (0x1C01, 13, 20, 0),
    (0x1601, 29, 21, 0),
    (0x5601, 15, 14, 1),
    (0x5401, 16, 14, 0),
    (0x5101, 17, 15, 0),
    (0x4801, 18, 16, 0),
    (0x3801, 19, 17, 0),
    (0x3401, 20, 18, 0),
    (0x3001, 21, 19, 0),
    (0x2801, 22, 19, 0),
    (0x2401, 23, 20, 0),
    (0x2201, 24, 21, 0),
    (0x1C01, 25, 22, 0),
    (0x1801, 26, 23, 0),
    (0x1601, 27, 24, 0),
    (0x1401, 28, 25, 0),
    (0x1201, 29, 26, 0),
    (0x1101, 30, 27, 0),
    (0x0AC1, 31, 28, 0),
    (0x09C1, 32, 29, 0),
    (0x08A1, 33, 30, 0),
    (0x0521, 34, 31, 0),
    (0x0441, 35, 32, 0),
    (0x02A1, 36, 33, 0),
    (0x0221, 37, 34, 0),
    (0x0141, 38, 35, 0),
    (0x0111, 39, 36, 0),
    (0x0085, 40, 37, 0),
    (0x0049, 41, 38, 0),
    (0x0025, 42, 39, 0),
    (0x0015, 43, 40, 0),
    (0x0009, 44, 41, 0),
    (0x0005, 45, 42, 0),
    (0x0001, 45, 43, 0),
    (0x5601, 46, 46, 0),
];

/// States by twice their number plus the more probable symbol: Qe in the low 16 bits, then 7 bits
/// each for the successors, the symbol in the highest bit. The length spares bound checks.
static PACKED: [u32; 128] = packed_states();

const fn packed_states() -> [u32; 128] {
    let mut packed = [0; 128];
    let mut index = 0;
    while index < 94 {
        let (qe, more, less, switch) = STATES[index / 2];
        let symbol = index as u32 & 1;
        let after_more = more * 2 + symbol;
        let after_less = less * 2 + (symbol ^ switch);
        packed[index] = qe | after_more << 16 | after_less << 23 | symbol << 31;
        index += 1;
    }
    packed
}

/// Adaptive state of all contexts; 32 places spare bound checks.
#[derive(Clone)]
pub(super) struct Contexts([u32; 32]);

impl Contexts {
    /// The states at the start of a code-block (T.800 Table D.7).
    pub fn new() -> Self {
        let mut states = [PACKED[0]; 32];
        states[0] = PACKED[4 * 2];
        states[ZERO_RUN] = PACKED[3 * 2];
        states[UNIFORM] = PACKED[46 * 2];
        Self(states)
    }
}

/// Where the bits of coding passes come from.
pub(super) trait BitSource: Clone {
    /// Bits are stored as they are, signs too.
    const RAW: bool;

    /// The next bit in a context.
    fn bit(&mut self, contexts: &mut Contexts, context: usize) -> u32;
}

/// The arithmetic decoder.
#[derive(Clone)]
pub(super) struct MqDecoder<'a> {
    data: &'a [u8],
    position: usize,
    interval: u32,
    code: u32,
    left: u32,
}

impl<'a> MqDecoder<'a> {
    /// INITDEC (T.800 C.3.5). Past its end the data goes on with ones.
    pub fn new(data: &'a [u8]) -> Self {
        let mut decoder = Self {
            data,
            position: 0,
            interval: 0x8000,
            code: 0,
            left: 0,
        };
        decoder.code = decoder.byte(0) << 16;
        decoder.byte_in();
        decoder.code <<= 7;
        decoder.left -= 7;
        decoder
    }

    #[inline(always)]
    fn byte(&self, position: usize) -> u32 {
        self.data
            .get(position)
            .map_or(0xFF, |&byte| u32::from(byte))
    }

    /// BYTEIN (T.800 C.3.4).
    #[inline(always)]
    fn byte_in(&mut self) {
        let next = self.byte(self.position + 1);
        if self.byte(self.position) == 0xFF {
            if next > 0x8F {
                self.code += 0xFF00;
                self.left = 8;
            } else {
                self.position += 1;
                self.code += next << 9;
                self.left = 7;
            }
        } else {
            self.position += 1;
            self.code += next << 8;
            self.left = 8;
        }
    }

    /// RENORMD (T.800 C.3.3), as many places at once as there are bits.
    #[inline(always)]
    fn renormalise(&mut self) {
        let mut places = self.interval.leading_zeros() - 16;
        self.interval <<= places;
        while places > self.left {
            self.code <<= self.left;
            places -= self.left;
            self.byte_in();
        }
        self.code <<= places;
        self.left -= places;
    }
}

impl BitSource for MqDecoder<'_> {
    const RAW: bool = false;

    /// DECODE (T.800 C.3.2).
    #[inline(always)]
    fn bit(&mut self, contexts: &mut Contexts, context: usize) -> u32 {
        let state = contexts.0[context & 31];
        let qe = state & 0xFFFF;
        let symbol = state >> 31;
        self.interval -= qe;
        let more = if self.code >> 16 < qe {
            let more = self.interval < qe;
            self.interval = qe;
            more
        } else {
            self.code -= qe << 16;
            if self.interval & 0x8000 != 0 {
                return symbol;
            }
            self.interval >= qe
        };
        let next = if more { state >> 16 } else { state >> 23 };
        contexts.0[context & 31] = PACKED[(next & 127) as usize];
        self.renormalise();
        symbol ^ u32::from(!more)
    }
}

/// Bits as they are, with a zero stuffed after every byte of ones (T.800 D.6).
#[derive(Clone)]
pub(super) struct RawBits<'a> {
    data: &'a [u8],
    position: usize,
    byte: u32,
    left: u32,
}

impl<'a> RawBits<'a> {
    /// Starts at the first byte.
    pub fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            position: 0,
            byte: 0,
            left: 0,
        }
    }
}

impl BitSource for RawBits<'_> {
    const RAW: bool = true;

    fn bit(&mut self, _: &mut Contexts, _: usize) -> u32 {
        if self.left == 0 {
            self.left = if self.byte == 0xFF { 7 } else { 8 };
            self.byte = self
                .data
                .get(self.position)
                .map_or(0xFF, |&byte| u32::from(byte));
            self.position += 1;
        }
        self.left -= 1;
        self.byte >> self.left & 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_of_the_standard_is_decoded() {
        // ITU-T T.88 H.2, which T.800 Annex C shares its decoder with: one context, state 0.
        let coded = [
            0x84, 0xC7, 0x3B, 0xFC, 0xE1, 0xA1, 0x43, 0x04, 0x02, 0x20, 0x00, 0x00, 0x41, 0x0D,
            0xBB, 0x86, 0xF4, 0x31, 0x7F, 0xFF, 0x88, 0xFF, 0x37, 0x47, 0x1A, 0xDB, 0x6A, 0xDF,
            0xFF, 0xAC,
        ];
        let expected = [
            0x00, 0x02, 0x00, 0x51, 0x00, 0x00, 0x00, 0xC0, 0x03, 0x52, 0x87, 0x2A, 0xAA, 0xAA,
            0xAA, 0xAA, 0x82, 0xC0, 0x20, 0x00, 0xFC, 0xD7, 0x9E, 0xF6, 0xBF, 0x7F, 0xED, 0x90,
            0x4F, 0x46, 0xA3, 0xBF,
        ];
        let mut decoder = MqDecoder::new(&coded);
        let mut contexts = Contexts::new();
        let decoded = expected.map(|_| {
            (0..8).fold(0_u8, |byte, _| {
                byte << 1 | decoder.bit(&mut contexts, 1) as u8
            })
        });
        assert_eq!(decoded, expected);
    }

    #[test]
    fn raw_bits_skip_the_stuffed_zero() {
        let mut bits = RawBits::new(&[0xFF, 0x7F, 0x80]);
        let mut contexts = Contexts::new();
        let read: Vec<u32> = (0..16).map(|_| bits.bit(&mut contexts, 0)).collect();
        assert_eq!(read, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
        assert_eq!(bits.bit(&mut contexts, 0), 0);
    }
}
