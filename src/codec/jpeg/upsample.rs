//! Components of fewer samples than the image, brought to its size.
//!
//! T.81 leaves the filter open; these are the reference decoder's: a triangle where there is half
//! as many samples across, or across and down, else the nearest sample. The triangle takes the
//! samples to be centred between those of the image (JFIF 1.02), 3/4 of the nearer and 1/4 of the
//! farther one.

use super::frame::{Component, Frame};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Filter {
    None,
    /// Triangle across.
    Across,
    /// Triangle across and down.
    Both,
    Nearest,
}

/// How one component becomes as large as the image.
#[derive(Debug)]
pub(super) struct Upsampling {
    filter: Filter,
    /// Columns and rows of the component.
    pub size: [usize; 2],
    factors: [usize; 2],
    largest: [usize; 2],
    columns: usize,
    /// Weighted sums of two rows, or one row, with one more at both ends.
    sums: Vec<u16>,
    full: Vec<u16>,
}

impl Upsampling {
    /// For a component of a frame.
    pub fn new(frame: &Frame, component: &Component) -> Self {
        let largest = frame.largest_factors();
        let [h, v] = component.factors;
        let size = frame.size_of(component);
        let is_wide = size[0] > 2;
        let filter = if component.factors == largest {
            Filter::None
        } else if is_wide && largest == [2 * h, v] {
            Filter::Across
        } else if is_wide && largest == [2 * h, 2 * v] {
            Filter::Both
        } else {
            Filter::Nearest
        };
        Self {
            filter,
            size,
            factors: component.factors,
            largest,
            columns: frame.columns,
            sums: Vec::new(),
            full: Vec::new(),
        }
    }

    /// Row `y` of the image from the rows of the component, which are asked for by number; at
    /// least as long as the image is wide.
    pub fn row<'a>(&'a mut self, y: usize, rows: impl Fn(usize) -> &'a [u16]) -> &'a [u16] {
        match self.filter {
            Filter::None => return rows(y),
            Filter::Across => {
                let source = rows(y);
                self.spread([1, 2], 2, source.iter().copied());
            }
            Filter::Both => {
                let near = y / 2;
                let far = if y.is_multiple_of(2) {
                    near.saturating_sub(1)
                } else {
                    near + 1
                };
                let pairs = rows(near).iter().zip(rows(far));
                self.spread([8, 7], 4, pairs.map(|(near, far)| 3 * near + far));
            }
            Filter::Nearest => {
                let [h, v] = self.factors;
                let [largest_h, largest_v] = self.largest;
                let source = rows(y * v / largest_v);
                let nearest = (0..self.columns).map(|x| source.get(x * h / largest_h));
                self.full.clear();
                self.full
                    .extend(nearest.map(|sample| sample.copied().unwrap_or_default()));
            }
        }
        &self.full
    }

    /// Doubles `sums` across; the weights add up to 2 to the power of `shift`, 16 at most, so that
    /// samples of 12 bits stay below 2¹⁶. The reference decoder rounds left and right halves
    /// differently, against a drift: `rounding`.
    fn spread(&mut self, rounding: [u16; 2], shift: u32, sums: impl Iterator<Item = u16>) {
        self.sums.clear();
        self.sums.push(0);
        self.sums.extend(sums);
        // The neighbours of the first and the last one are they themselves.
        let last = self.sums.last().copied().unwrap_or_default();
        self.sums.push(last);
        if let [outside, first, ..] = self.sums.as_mut_slice() {
            *outside = *first;
        }
        let [even, odd] = rounding;
        self.full.resize(2 * self.sums.len().saturating_sub(2), 0);
        let (pairs, _) = self.full.as_chunks_mut::<2>();
        for (pair, around) in pairs.iter_mut().zip(self.sums.windows(3)) {
            if let [before, here, after] = *around {
                *pair = [
                    (3 * here + before + even) >> shift,
                    (3 * here + after + odd) >> shift,
                ];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::jpeg::frame::Process;

    fn upsampling(largest: [usize; 2], factors: [usize; 2], columns: usize) -> Upsampling {
        let component = |id, factors| Component {
            id,
            factors,
            quantization: 0,
        };
        let frame = Frame {
            process: Process::Sequential,
            precision: 12,
            rows: 4,
            columns,
            components: vec![component(1, largest), component(2, factors)],
        };
        Upsampling::new(&frame, &frame.components[1])
    }

    #[test]
    fn half_across_is_three_quarters_and_one() {
        let samples = [100, 200, 0, 4095];
        let mut across = upsampling([2, 1], [1, 1], 8);
        assert_eq!(across.size, [4, 4]);
        // 3/4 of the nearer and 1/4 of the farther one, plus 1/4 or 2/4 before rounding down.
        let row = across.row(0, |_| &samples);
        assert_eq!(row, [100, 125, 175, 150, 50, 1024, 3071, 4095]);
    }

    #[test]
    fn half_both_ways_takes_the_nearer_row_three_times() {
        let rows: [[u16; 4]; 2] = [[0; 4], [160, 160, 160, 160]];
        let mut both = upsampling([2, 2], [1, 1], 8);
        assert_eq!(both.size, [4, 2]);
        let mut first = |y| both.row(y, |row| &rows[row.min(1)])[0];
        assert_eq!([first(0), first(1), first(2), first(3)], [0, 40, 120, 160]);
        let brightest = [[4095; 4]; 2];
        assert_eq!(both.row(1, |row| &brightest[row]), [4095; 8]);
    }

    #[test]
    fn other_factors_take_the_nearest_sample() {
        let samples = [1, 2, 3];
        let mut third = upsampling([3, 2], [1, 2], 8);
        assert_eq!(third.row(1, |_| &samples), [1, 1, 1, 2, 2, 2, 3, 3]);
        let mut narrow = upsampling([2, 1], [1, 1], 4);
        assert_eq!(narrow.row(0, |_| &samples[..2]), [1, 1, 2, 2]);
        let mut down = upsampling([1, 2], [1, 1], 3);
        assert_eq!(down.row(3, |row| &samples[row..=row])[0], 2);
    }
}
