//! A look-up table of a header: modality and VOI LUT sequences (PS3.3 C.11.1.1, C.11.2.1.1).

/// Output values by input value, without interpolation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupTable {
    first: i64,
    bits: u16,
    entries: Box<[u16]>,
}

impl LookupTable {
    /// Table whose first entry belongs to input value `first`; `bits` is the third value of the
    /// LUT Descriptor. `None` without any entry.
    ///
    /// Entries that do not fit `bits` raise it to what holds them: their scale must not wrap.
    pub fn new(first: i64, bits: u16, entries: Vec<u16>) -> Option<Self> {
        let largest = *entries.iter().max()?;
        let needed = (u16::BITS - largest.leading_zeros()).max(1) as u16;
        let stated = if (1..=16).contains(&bits) { bits } else { 16 };
        Some(Self {
            first,
            bits: stated.max(needed),
            entries: entries.into(),
        })
    }

    /// Input value of the first entry.
    pub fn first(&self) -> i64 {
        self.first
    }

    /// Entries, in the order of their input values.
    pub fn entries(&self) -> &[u16] {
        &self.entries
    }

    /// Output of an input value: the nearest whole one's entry, the first or last entry outside.
    /// NaN stays NaN.
    pub fn value(&self, input: f64) -> f64 {
        if input.is_nan() {
            return f64::NAN;
        }
        f64::from(self.entry((input + 0.5).floor() - self.first as f64))
    }

    /// Display value 0–1 of an input value: the output as a share of what `bits` can hold.
    pub fn share(&self, input: f64) -> f64 {
        self.value(input) / self.most()
    }

    /// Greys 0–255 by `input - first`, the last one repeated to 65,536 of them, for back ends.
    pub fn greys(&self) -> Vec<u8> {
        let most = self.most();
        (0..1_u32 << 16)
            .map(|index| (255.0 * f64::from(self.entry(f64::from(index))) / most).round() as u8)
            .collect()
    }

    fn most(&self) -> f64 {
        f64::from((1_u32 << self.bits) - 1)
    }

    /// Casts saturate, so that what lies outside takes the ends.
    fn entry(&self, index: f64) -> u16 {
        let last = self.entries.len().saturating_sub(1);
        let index = (index as usize).min(last);
        self.entries.get(index).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_outside_take_the_ends_and_fractions_the_nearest() {
        // C.11.1.1: below the first mapped value the first entry, above the last the last.
        let table = LookupTable::new(-2, 12, vec![10, 20, 4095]).unwrap();
        for (input, output) in [
            (-9e9, 10.),
            (-2.0, 10.),
            (-1.4, 20.),
            (0.0, 4095.),
            (7., 4095.),
        ] {
            assert_eq!(table.value(input), output, "{input}");
        }
        assert!(table.value(f64::NAN).is_nan());
        assert_eq!(table.share(0.0), 1.0);
        let greys = table.greys();
        assert_eq!(
            (greys.len(), greys[0], greys[1], greys[65_535]),
            (65_536, 1, 1, 255)
        );
    }

    #[test]
    fn entries_beyond_the_stated_bits_raise_them() {
        assert!(LookupTable::new(0, 8, Vec::new()).is_none());
        let table = LookupTable::new(0, 8, vec![0, 1023]).unwrap();
        assert_eq!((table.share(1.0), table.share(0.0)), (1.0, 0.0));
        let odd = LookupTable::new(0, 0, vec![0, 65_535]).unwrap();
        assert_eq!(odd.share(1.0), 1.0);
    }
}
