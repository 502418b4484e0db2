//! A real picture as registration sees it: attenuation-like values, and which of them count.

use thiserror::Error;

use crate::budget::{MEMORY, OverBudget, Reservation};
use crate::geometry::Receptor;

/// What a stored value says of the radiation (Pixel Intensity Relationship, (0028,1040)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intensity {
    /// Proportional to the beam that arrived (`LIN`): −ln of it is a line integral.
    Linear,
    /// Proportional to its logarithm (`LOG`), or processed for display (`DISP`), or unknown.
    Displayed,
}

/// Whether larger values mean more or less in the way of the beam.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polarity {
    /// Larger values where more radiation arrived: bone dark, as in fluoroscopy.
    BoneDark,
    /// Larger values behind bone, as on film.
    BoneBright,
    /// The header does not say: both are tried.
    Unknown,
}

/// Why values make no picture.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum XrayPictureError {
    /// Not as many values as pixels, or no pixel.
    #[error("{values} values do not make a picture of {} × {} pixels", size[0], size[1])]
    Size {
        /// Columns and rows.
        size: [usize; 2],
        /// Values given.
        values: usize,
    },
    /// No memory.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
}

/// A picture to be registered: running sums of its values, from which the mean of any rectangle
/// follows.
#[derive(Debug)]
pub struct XrayPicture {
    /// Columns and rows.
    size: [usize; 2],
    /// Sums of the values that count, and of their number, above and left of each pixel; one more
    /// than pixels each way.
    sums: Vec<[f64; 2]>,
    /// Below it a value has no logarithm worth having.
    floor: f64,
    intensity: Intensity,
    polarity: Polarity,
    _booked: Reservation,
}

impl XrayPicture {
    /// From values row by row; those that are not finite or for which `counts` (column, row) is
    /// false (shutters, padding) are left out.
    pub fn new(
        size: [usize; 2],
        values: &[f32],
        (intensity, polarity): (Intensity, Polarity),
        counts: impl Fn(usize, usize) -> bool,
    ) -> Result<Self, XrayPictureError> {
        let [columns, rows] = size;
        if values.is_empty() || Some(values.len()) != columns.checked_mul(rows) {
            let values = values.len();
            return Err(XrayPictureError::Size { size, values });
        }
        let width = columns + 1;
        let bytes = width * (rows + 1) * size_of::<[f64; 2]>();
        let booked = MEMORY.reserve(bytes as u64, "a picture to be registered")?;
        let mut sums = vec![[0.0; 2]; width * (rows + 1)];
        let mut largest = 0.0_f32;
        for (row, line) in values.chunks_exact(columns).enumerate() {
            let mut run = [0.0; 2];
            for (column, &value) in line.iter().enumerate() {
                if value.is_finite() && counts(column, row) {
                    run[0] += f64::from(value);
                    run[1] += 1.0;
                    largest = largest.max(value);
                }
                let above = sums[row * width + column + 1];
                sums[(row + 1) * width + column + 1] = [above[0] + run[0], above[1] + run[1]];
            }
        }
        Ok(Self {
            size,
            sums,
            floor: f64::from(largest) * 1e-4 + f64::MIN_POSITIVE,
            intensity,
            polarity,
            _booked: booked,
        })
    }

    /// What the header says of light and dark.
    pub fn polarity(&self) -> Polarity {
        self.polarity
    }

    /// Mean of what counts in a rectangle of pixel edges (left, top, right, bottom), and the share
    /// of its area that counts.
    fn mean(&self, edges: [f64; 4]) -> (f64, f64) {
        let [left, top, right, bottom] = edges;
        // A negative spacing mirrors an axis.
        let (left, right) = (left.min(right), left.max(right));
        let (top, bottom) = (top.min(bottom), top.max(bottom));
        let corners = [(top, left), (top, right), (bottom, left), (bottom, right)];
        let [a, b, c, d] = corners.map(|(row, column)| self.sum_to(row, column));
        let sum: [f64; 2] = std::array::from_fn(|k| d[k] - b[k] - c[k] + a[k]);
        let area = ((right - left) * (bottom - top)).max(f64::MIN_POSITIVE);
        (sum[0] / sum[1].max(1e-6), sum[1] / area)
    }

    /// Sums over what lies above and left of a place on the pixel edges, parts of pixels included.
    fn sum_to(&self, row: f64, column: f64) -> [f64; 2] {
        let [columns, rows] = self.size.map(|n| n as f64);
        let (row, column) = (row.clamp(0.0, rows), column.clamp(0.0, columns));
        let (top, left) = (
            row.floor().min(rows - 1.0),
            column.floor().min(columns - 1.0),
        );
        let (down, right) = (row - top, column - left);
        let width = self.size[0] + 1;
        let first = top as usize * width + left as usize;
        let at = |index: usize| self.sums.get(index).copied().unwrap_or([0.0; 2]);
        let (a, b) = (at(first), at(first + 1));
        let (c, d) = (at(first + width), at(first + width + 1));
        std::array::from_fn(|k| {
            let above = a[k] + right * (b[k] - a[k]);
            let below = c[k] + right * (d[k] - c[k]);
            above + down * (below - above)
        })
    }

    /// The picture on another receptor of the same plane, whose pixels are not smaller; NaN where
    /// less than `LEAST_SHARE` of a pixel counts. Larger values mean more in the way of the beam,
    /// except where the polarity is unknown.
    pub fn resampled(&self, own: &Receptor, wanted: &Receptor) -> Vec<f32> {
        const LEAST_SHARE: f64 = 0.75;
        let edge = |axis: usize, pixel: f64| {
            let mm = (pixel - wanted.center[axis]) * wanted.pixel_mm[axis];
            mm / own.pixel_mm[axis] + own.center[axis] + 0.5
        };
        let [columns, rows] = wanted.size;
        let mut values = Vec::with_capacity(columns * rows);
        for row in 0..rows {
            let (top, bottom) = (edge(1, row as f64 - 0.5), edge(1, row as f64 + 0.5));
            for column in 0..columns {
                let (left, right) = (edge(0, column as f64 - 0.5), edge(0, column as f64 + 0.5));
                let (mean, share) = self.mean([left, top, right, bottom]);
                let value = match self.intensity {
                    _ if share < LEAST_SHARE => f64::NAN,
                    Intensity::Linear => -mean.max(self.floor).ln(),
                    Intensity::Displayed => -mean,
                };
                values.push(match self.polarity {
                    Polarity::BoneBright => -value as f32,
                    Polarity::BoneDark | Polarity::Unknown => value as f32,
                });
            }
        }
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(intensity: Intensity, polarity: Polarity) -> XrayPicture {
        let values: Vec<f32> = (0..64).map(|i| (i % 8) as f32 + 1.0).collect();
        XrayPicture::new([8, 8], &values, (intensity, polarity), |column, row| {
            (column, row) != (7, 7)
        })
        .unwrap()
    }

    #[test]
    fn larger_pixels_hold_means_and_what_does_not_count_is_left_out() {
        let own = Receptor::centered([8, 8], 0.5);
        let wanted = own.coarser(2.0);
        let picture = ramp(Intensity::Displayed, Polarity::BoneBright);
        let means = picture.resampled(&own, &wanted);
        assert!(
            means
                .iter()
                .zip([1.5, 3.5, 5.5, 7.5])
                .all(|(a, b)| (a - b).abs() < 1e-6)
        );
        // Three of the last four count: (7 + 8 + 7) / 3, above the least share.
        assert!((means[15] - 22.0 / 3.0).abs() < 1e-5);
        let look = (Intensity::Displayed, Polarity::Unknown);
        let nothing = XrayPicture::new([8, 8], &[1.0; 64], look, |column, _| column < 4).unwrap();
        let means = nothing.resampled(&own, &wanted);
        assert!(means[1] == -1.0 && means[2].is_nan());
    }

    #[test]
    fn a_linear_picture_becomes_a_line_integral() {
        let own = Receptor::centered([8, 8], 0.5);
        let dark = ramp(Intensity::Linear, Polarity::BoneDark).resampled(&own, &own);
        assert!((dark[4] + 5.0_f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn a_mirrored_spacing_mirrors_the_picture() {
        let own = Receptor::centered([8, 8], 0.5);
        let mirrored = Receptor {
            pixel_mm: [-0.5, 0.5],
            ..own
        };
        let picture = ramp(Intensity::Displayed, Polarity::BoneBright);
        let row = picture.resampled(&mirrored, &own);
        assert!((row[0] - 8.0).abs() < 1e-6 && (row[7] - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_picture_needs_as_many_values_as_pixels() {
        let made = |size| {
            let look = (Intensity::Linear, Polarity::Unknown);
            XrayPicture::new(size, &[0.0; 6], look, |_, _| true).is_ok()
        };
        assert!(made([2, 3]) && !made([3, 3]) && !made([0, 3]));
    }
}
