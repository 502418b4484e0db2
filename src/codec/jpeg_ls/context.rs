//! What was learnt from the samples before, by the gradients around them (ITU-T T.87 A.6, A.7.2).

use super::preset::Coding;

/// Statistics of the errors where gradients are alike.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context {
    /// Sum of the errors' sizes (A).
    sum: u32,
    /// Sum of the errors less what the correction took (B).
    bias: i32,
    /// How many (N).
    count: u16,
    /// Correction of the prediction (C), −128 to 127.
    pub correction: i16,
    /// Low bits of the next error's code (k), kept because it is needed sooner than `sum`.
    k: u16,
    /// −1 where small errors of either sign change places in lossless coding (A.5.2), else 0.
    flip: i16,
}

impl Context {
    pub fn new(coding: &Coding) -> Self {
        let sum = first_sum(coding);
        Self {
            sum,
            bias: 0,
            count: 1,
            correction: 0,
            k: low_bits(sum, 1) as u16,
            flip: 0,
        }
    }

    /// Bits of an error's code that are written as they are (A.5.1).
    #[inline]
    pub fn k(&self) -> u32 {
        u32::from(self.k)
    }

    /// A mapped error → the error (A.5.2, backwards).
    #[inline]
    pub fn unmap<const PLAIN: bool>(&self, mapped: u32, coding: &Coding) -> i32 {
        let error = (mapped >> 1) as i32 ^ -((mapped & 1) as i32);
        if PLAIN || coding.near == 0 {
            error ^ i32::from(self.flip)
        } else {
            error
        }
    }

    /// Learns from an error (A.6.1, A.6.2).
    ///
    /// Masks of −1 and 0 instead of conditions: which way they go is as good as random, and a
    /// branch that is guessed wrong costs more than all of this.
    #[inline]
    pub fn update<const PLAIN: bool>(&mut self, error: i32, coding: &Coding) {
        let (mut sum, mut bias) = (self.sum, self.bias);
        let mut count = u32::from(self.count);
        sum += error.unsigned_abs();
        bias += if PLAIN { error } else { error * coding.step() };
        if count == coding.reset {
            (sum, bias, count) = halved(sum, bias, count);
        }
        count += 1;
        let n = count as i32;
        let low = is_negative(bias + n - 1);
        let high = is_negative(-bias);
        bias += (n & low) - (n & high);
        let too_low = is_negative(bias + n - 1);
        let too_high = is_negative(-bias);
        bias = (bias & !(too_low | too_high)) | ((1 - n) & too_low);
        let c = i32::from(self.correction);
        let down = low & is_negative(-128 - c);
        let up = high & is_negative(c - 127);
        let k = low_bits(sum, count);
        *self = Self {
            sum,
            bias,
            count: count as u16,
            correction: (c + down - up) as i16,
            k: k as u16,
            flip: (is_negative(k as i32 - 1) & is_negative(2 * bias + n - 1)) as i16,
        };
    }
}

/// Rare enough to be left to a branch.
#[cold]
#[inline(never)]
fn halved(sum: u32, bias: i32, count: u32) -> (u32, i32, u32) {
    (sum >> 1, bias >> 1, count >> 1)
}

/// −1 for numbers below zero, else 0.
#[inline]
fn is_negative(value: i32) -> i32 {
    value >> 31
}

/// Statistics of samples that end a run (A.7.2).
#[derive(Debug, Clone, Copy)]
pub(super) struct RunContext {
    sum: u32,
    count: u32,
    /// Errors below zero (Nn).
    negative: u32,
}

impl RunContext {
    pub fn new(coding: &Coding) -> Self {
        Self {
            sum: first_sum(coding),
            count: 1,
            negative: 0,
        }
    }

    /// Low bits of the code; `like_above` is the run interruption type (RItype), 1 where the
    /// samples to the left and above are alike.
    pub fn k(&self, like_above: u32) -> u32 {
        low_bits(self.sum + (self.count >> 1) * like_above, self.count)
    }

    /// A mapped error → the error.
    pub fn unmap(&self, mapped: u32, k: u32, like_above: u32) -> i32 {
        let twice = mapped + like_above;
        let odd = twice & 1;
        let size = twice.div_ceil(2) as i32;
        let odd_is_negative = k != 0 || 2 * self.negative >= self.count;
        if odd_is_negative == (odd == 1) {
            -size
        } else {
            size
        }
    }

    pub fn update(&mut self, error: i32, mapped: u32, like_above: u32, coding: &Coding) {
        self.negative += u32::from(error < 0);
        self.sum += (mapped + 1 - like_above) >> 1;
        if self.count == coding.reset {
            self.sum >>= 1;
            self.count >>= 1;
            self.negative >>= 1;
        }
        self.count += 1;
    }
}

/// A at the start (A.8 of the initialisations in A.2.1).
fn first_sum(coding: &Coding) -> u32 {
    ((coding.range as u32 + 32) / 64).max(2)
}

/// Smallest k with `count` · 2^k ≥ `sum` (A.5.1); `count` is not zero.
#[inline]
fn low_bits(sum: u32, count: u32) -> u32 {
    // Logarithms give it or one less; with the bits of `count` they are never below zero.
    let k = (sum | count | 1).ilog2() - (count | 1).ilog2();
    k + u32::from(count << k < sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_bits_are_those_of_the_loop() {
        let by_loop = |sum: u32, count: u32| (0..).find(|k| u64::from(count) << k >= sum.into());
        for count in (1..70).chain([254, 255, 256, 65_535]) {
            for sum in (0..3000).chain([65_535, 65_536, 1 << 21, (1 << 21) + 1]) {
                assert_eq!(
                    Some(low_bits(sum, count)),
                    by_loop(sum, count),
                    "{sum} {count}"
                );
            }
        }
    }
}
