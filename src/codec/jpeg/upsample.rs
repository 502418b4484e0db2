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
    /// Weighted sums of two rows.
    sums: Vec<u32>,
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
                let samples = rows(y).iter().map(|sample| u32::from(*sample));
                self.sums.clear();
                self.sums.extend(samples);
                self.spread([1, 2], 2);
            }
            Filter::Both => {
                let near = y / 2;
                let far = if y.is_multiple_of(2) {
                    near.saturating_sub(1)
                } else {
                    near + 1
                };
                let pairs = rows(near).iter().zip(rows(far));
                let sums = pairs.map(|(near, far)| 3 * u32::from(*near) + u32::from(*far));
                self.sums.clear();
                self.sums.extend(sums);
                self.spread([8, 7], 4);
            }
            Filter::Nearest => {
                let [h, v] = self.factors;
                let [largest_h, largest_v] = self.largest;
                let source = rows(y * v / largest_v);
                let nearest = (0..self.columns).map(|x| source.get(x * h / largest_h));
                self.full.clear();
                self.full.extend(nearest.map(|sample| sample.copied().unwrap_or_default()));
            }
        }
        &self.full
    }

    /// Doubles `sums` across; the weights add up to 2 to the power of `shift`. The reference decoder
    /// rounds left and right halves differently, against a drift: `rounding`.
    fn spread(&mut self, rounding: [u32; 2], shift: u32) {
        let [even, odd] = rounding;
        self.full.clear();
        let (Some(&first), Some(&last)) = (self.sums.first(), self.sums.last()) else {
            return;
        };
        let before = std::iter::once(&first).chain(&self.sums);
        let after = self.sums.iter().skip(1).chain(std::iter::once(&last));
        for ((&before, &here), &after) in before.zip(&self.sums).zip(after) {
            let left = (3 * here + before + even) >> shift;
            let right = (3 * here + after + odd) >> shift;
            self.full.extend([left as u16, right as u16]);
        }
    }
}
