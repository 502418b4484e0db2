//! The bit streams of High-Throughput code-blocks (ITU-T T.814 clause 7.1).

/// Bits from the front, lowest first, one fewer after a byte of ones.
pub(super) struct Forward<'a> {
    data: std::slice::Iter<'a, u8>,
    /// What follows the data.
    fill: u8,
    last: u8,
    buffer: u64,
    count: u32,
}

impl<'a> Forward<'a> {
    pub fn new(data: &'a [u8], fill: u8) -> Self {
        Self {
            data: data.iter(),
            fill,
            last: 0,
            buffer: 0,
            count: 0,
        }
    }

    /// The next up to 32 bits.
    pub fn read(&mut self, count: u32) -> u32 {
        while self.count < count {
            let byte = self.data.next().map_or(self.fill, |&byte| byte);
            let bits = if self.last == 0xFF { 7 } else { 8 };
            self.buffer |= u64::from(byte) << self.count;
            self.buffer &= (1 << (self.count + bits)) - 1;
            self.count += bits;
            self.last = byte;
        }
        let value = self.buffer & ((1 << count) - 1);
        self.buffer >>= count;
        self.count -= count;
        value as u32
    }
}

/// Bits from the back, lowest first; seven of a byte of ones before one above 0x8F.
pub(super) struct Backward<'a> {
    data: std::iter::Rev<std::slice::Iter<'a, u8>>,
    last: u8,
    buffer: u64,
    count: u32,
}

impl<'a> Backward<'a> {
    /// Code words of quads: they start in the upper half of the last byte but one.
    pub fn of_codes(data: &'a [u8]) -> Self {
        let (front, half) = match data {
            [front @ .., half, _] => (front, half | 15),
            _ => (data, 0xFF),
        };
        let bits = half >> 4;
        Self {
            data: front.iter().rev(),
            last: half,
            buffer: u64::from(if bits & 7 == 7 { bits & 7 } else { bits }),
            count: if bits & 7 == 7 { 3 } else { 4 },
        }
    }

    /// Bits of the magnitude refinement pass.
    pub fn of_refinement(data: &'a [u8]) -> Self {
        Self {
            data: data.iter().rev(),
            last: 0xFF,
            buffer: 0,
            count: 0,
        }
    }

    /// The next bits, which stay; zeros follow the last.
    pub fn peek(&mut self, count: u32) -> u32 {
        while self.count < count {
            let byte = self.data.next().copied().unwrap_or(0);
            let bits = if self.last > 0x8F && byte & 0x7F == 0x7F {
                7
            } else {
                8
            };
            self.buffer |= u64::from(byte & (0xFF >> (8 - bits))) << self.count;
            self.count += bits;
            self.last = byte;
        }
        (self.buffer & ((1 << count) - 1)) as u32
    }

    /// Takes bits that have been seen.
    pub fn take(&mut self, count: u32) {
        self.buffer >>= count;
        self.count = self.count.saturating_sub(count);
    }

    /// The next bits.
    pub fn read(&mut self, count: u32) -> u32 {
        let bits = self.peek(count);
        self.take(count);
        bits
    }
}

/// Adaptive run lengths of events (MEL, T.814 7.3.3).
pub(super) struct RunLengths<'a> {
    data: &'a [u8],
    position: usize,
    byte: u8,
    left: u32,
    state: usize,
    run: u32,
    ends: bool,
}

/// Exponents of runs by state (T.814 Table 2).
const EXPONENTS: [u32; 13] = [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 4, 5];

impl<'a> RunLengths<'a> {
    /// Of the bytes that start with run lengths and end with code words.
    pub fn new(data: &'a [u8]) -> Self {
        Self {
            data,
            position: 0,
            byte: 0,
            left: 0,
            state: 0,
            run: 0,
            ends: false,
        }
    }

    fn bit(&mut self) -> u32 {
        if self.left == 0 {
            self.left = if self.byte == 0xFF { 7 } else { 8 };
            // The last two bytes give their length in place of these bits.
            self.byte = match self.data.len().saturating_sub(self.position) {
                0 | 1 => 0xFF,
                2 => self.data.get(self.position).map_or(0xFF, |byte| byte | 15),
                _ => self.data.get(self.position).copied().unwrap_or(0xFF),
            };
            self.position += 1;
        }
        self.left -= 1;
        u32::from(self.byte) >> self.left & 1
    }

    /// Whether the event happens.
    pub fn event(&mut self) -> bool {
        if self.run == 0 && !self.ends {
            let exponent = EXPONENTS.get(self.state).copied().unwrap_or(5);
            if self.bit() == 1 {
                self.run = 1 << exponent;
                self.state = 12.min(self.state + 1);
            } else {
                self.run = (0..exponent).fold(0, |run, _| run << 1 | self.bit());
                self.state = self.state.saturating_sub(1);
                self.ends = true;
            }
        }
        if self.run > 0 {
            self.run -= 1;
            return false;
        }
        self.ends = false;
        true
    }
}
