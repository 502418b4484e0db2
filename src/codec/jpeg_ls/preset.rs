//! Coding parameters of a scan (ITU-T T.87 A.2.1, C.2.4.1.1).

use crate::codec::CodecError;

/// Values of a preset coding parameters segment; zero stands for the default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Preset {
    pub max_value: u16,
    pub thresholds: [u16; 3],
    pub reset: u16,
}

/// What a scan is coded with. Names of the standard in brackets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Coding {
    /// Largest sample (MAXVAL).
    pub max_value: i32,
    /// Largest difference between samples and what was coded (NEAR); 0 for lossless.
    pub near: i32,
    /// Limits between gradients (T1, T2, T3).
    pub thresholds: [i32; 3],
    /// Count at which contexts are halved (RESET).
    pub reset: u32,
    /// How many different errors there are (RANGE).
    pub range: i32,
    /// Bits of a mapped error in an escape code (qbpp).
    pub error_bits: u32,
    /// Most bits of a code (LIMIT).
    pub limit: u32,
}

impl Coding {
    /// Parameters for samples of `bits` bits (2 to 16) coded to within `near`.
    ///
    /// # Errors
    /// A value outside the range that C.2.4.1.1 allows.
    pub fn new(preset: Preset, bits: u32, near: u8) -> Result<Self, CodecError> {
        let near = i32::from(near);
        let max_value = match i32::from(preset.max_value) {
            0 => (1 << bits) - 1,
            value => value,
        };
        within("MAXVAL", max_value, 1, (1 << bits) - 1)?;
        within("NEAR", near, 0, 255.min(max_value / 2))?;
        let mut thresholds = default_thresholds(max_value, near);
        let mut lowest = near + 1;
        let names = ["T1", "T2", "T3"];
        for ((threshold, given), name) in thresholds.iter_mut().zip(preset.thresholds).zip(names) {
            if given != 0 {
                *threshold = i32::from(given);
            }
            within(name, *threshold, lowest, max_value)?;
            lowest = *threshold;
        }
        let reset = match i32::from(preset.reset) {
            0 => 64,
            value => value,
        };
        within("RESET", reset, 3, 255.max(max_value))?;
        let range = (max_value + 2 * near) / (2 * near + 1) + 1;
        let sample_bits = bits_for(max_value + 1).max(2);
        Ok(Self {
            max_value,
            near,
            thresholds,
            reset: reset as u32,
            range,
            error_bits: bits_for(range),
            limit: 2 * (sample_bits + sample_bits.max(8)),
        })
    }

    /// Distance between samples that differ by an error of one.
    pub fn step(&self) -> i32 {
        2 * self.near + 1
    }

    /// Lossless with a power of two as the range: errors wrap by cutting bits off.
    pub fn is_plain(&self) -> bool {
        self.near == 0 && self.range.count_ones() == 1
    }

    /// Class −4 to 4 of a difference of samples (A.3.3).
    pub fn class(&self, difference: i32) -> i8 {
        let size = difference.abs();
        let above = self.thresholds.iter().filter(|&&t| size >= t).count();
        let class = above as i8 + i8::from(size > self.near);
        if difference < 0 { -class } else { class }
    }
}

fn within(name: &str, value: i32, lowest: i32, highest: i32) -> Result<(), CodecError> {
    if (lowest..=highest).contains(&value) {
        return Ok(());
    }
    Err(CodecError::Damaged(format!(
        "{name} is {value}, {lowest} to {highest} was expected"
    )))
}

/// Bits that `count` different values need.
fn bits_for(count: i32) -> u32 {
    (count - 1).checked_ilog2().map_or(0, |log| log + 1)
}

/// T1, T2 and T3 where the stream gives none (C.2.4.1.1.1).
fn default_thresholds(max_value: i32, near: i32) -> [i32; 3] {
    let basic = if max_value >= 128 {
        let factor = (max_value.min(4095) + 128) / 256;
        [
            factor + 2 + 3 * near,
            4 * factor + 3 + 5 * near,
            17 * factor + 4 + 7 * near,
        ]
    } else {
        let factor = 256 / (max_value + 1);
        [
            (3 / factor + 3 * near).max(2),
            (7 / factor + 5 * near).max(3),
            (21 / factor + 7 * near).max(4),
        ]
    };
    let mut lowest = near + 1;
    basic.map(|threshold| {
        if (lowest..=max_value).contains(&threshold) {
            lowest = threshold;
        }
        lowest
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_those_of_the_standard() {
        // Table C.3 for 8 bits; the others by the formulas of C.2.4.1.1.1.
        let coding = |bits, near| Coding::new(Preset::default(), bits, near).unwrap();
        assert_eq!(coding(8, 0).thresholds, [3, 7, 21]);
        assert_eq!(coding(12, 0).thresholds, [18, 67, 276]);
        assert_eq!(coding(16, 0).thresholds, [18, 67, 276]);
        assert_eq!(coding(2, 0).thresholds, [2, 3, 3]);
        assert_eq!(coding(8, 3).thresholds, [12, 22, 42]);
        let eight = coding(8, 0);
        assert_eq!((eight.range, eight.error_bits, eight.limit), (256, 8, 32));
        let sixteen = coding(16, 2);
        assert_eq!(
            (sixteen.range, sixteen.error_bits, sixteen.limit),
            (13_108, 14, 64)
        );
    }

    #[test]
    fn values_out_of_range_are_named() {
        let good = Preset {
            max_value: 255,
            thresholds: [3, 7, 21],
            reset: 64,
        };
        assert!(Coding::new(good, 8, 0).is_ok());
        let bad = |preset: Preset, near, word: &str| {
            let error = Coding::new(preset, 8, near).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        };
        let with = |thresholds| Preset { thresholds, ..good };
        bad(
            Preset {
                max_value: 256,
                ..good
            },
            0,
            "MAXVAL",
        );
        bad(Preset { reset: 2, ..good }, 0, "RESET");
        bad(Preset { reset: 256, ..good }, 0, "RESET");
        bad(with([8, 7, 21]), 0, "T2");
        bad(with([3, 22, 21]), 0, "T3");
        bad(with([3, 7, 256]), 0, "T3");
        bad(with([3, 7, 21]), 3, "T1");
        bad(good, 128, "NEAR");
    }

    #[test]
    fn differences_are_classed() {
        let coding = Coding::new(Preset::default(), 8, 0).unwrap();
        let classes =
            [-21, -20, -7, -6, -3, -2, -1, 0, 1, 2, 3, 6, 7, 20, 21].map(|d| coding.class(d));
        assert_eq!(
            classes,
            [-4, -3, -3, -2, -2, -1, -1, 0, 1, 1, 2, 2, 3, 3, 4]
        );
        let near = Coding::new(Preset::default(), 8, 2).unwrap();
        assert_eq!([-3, -2, 2, 3].map(|d| near.class(d)), [-1, 0, 0, 1]);
    }
}
