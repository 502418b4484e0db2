//! Gradients of a picture after a Gaussian blur, levelled so that no edge outshouts the others.

/// Gradients row by row.
#[derive(Debug, Clone, Default)]
pub struct GradientField {
    /// Columns and rows.
    pub size: [usize; 2],
    /// Per pixel to the right.
    pub right: Vec<f32>,
    /// Per pixel down.
    pub down: Vec<f32>,
}

/// Gaussian and its derivative as one-sided taps: index 0 is the middle.
struct Kernel {
    smooth: Vec<f32>,
    slope: Vec<f32>,
}

impl Kernel {
    fn new(sigma_px: f32) -> Self {
        let radius = (3.0 * sigma_px).ceil().max(1.0) as usize;
        let bell = |at: usize| (-0.5 * (at as f32 / sigma_px).powi(2)).exp();
        let sum: f32 = bell(0) + 2.0 * (1..=radius).map(bell).sum::<f32>();
        let moment: f32 = 2.0
            * (1..=radius)
                .map(|at| (at * at) as f32 * bell(at))
                .sum::<f32>();
        Self {
            smooth: (0..=radius).map(|at| bell(at) / sum).collect(),
            // A ramp of slope 1 gives 1.
            slope: (0..=radius)
                .map(|at| at as f32 * bell(at) / moment)
                .collect(),
        }
    }

    fn radius(&self) -> usize {
        self.smooth.len() - 1
    }
}

/// Reach in pixels of the filter of a width.
pub fn reach(sigma_px: f32) -> usize {
    Kernel::new(sigma_px).radius()
}

/// Share of the strongest gradient below which there is none but rounding: it is far below the noise
/// of any picture.
const LEAST_OF_STRONGEST: f32 = 1e-4;

/// Least knee whose square is still a number of full precision.
const LEAST_KNEE: f32 = 1e-15;

/// The value below which a share of the values lie; 0 without any.
fn nth(values: &mut [f32], share: f64) -> f32 {
    if values.is_empty() {
        return 0.0;
    }
    let at = ((values.len() - 1) as f64 * share.clamp(0.0, 1.0)) as usize;
    *values.select_nth_unstable_by(at, f32::total_cmp).1
}

impl GradientField {
    /// Of a picture, row by row. Beyond the border the border is continued.
    pub fn of(values: &[f32], size: [usize; 2], sigma_px: f32) -> Self {
        let kernel = Kernel::new(sigma_px);
        let smooth = |at: f32, a: f32, b: f32, tap: usize| at + kernel.smooth[tap] * (a + b);
        let slope = |at: f32, a: f32, b: f32, tap: usize| at + kernel.slope[tap] * (b - a);
        let [columns, rows] = size;
        // Along the rows first.
        let mut blurred = vec![0.0; values.len()];
        let mut sloped = vec![0.0; values.len()];
        for row in 0..rows {
            let line = &values[row * columns..(row + 1) * columns];
            let to = row * columns..(row + 1) * columns;
            let (blurred, sloped) = (&mut blurred[to.clone()], &mut sloped[to]);
            for column in 0..columns {
                let mut sums = (kernel.smooth[0] * line[column], 0.0);
                for tap in 1..=kernel.radius() {
                    let a = line[column.saturating_sub(tap)];
                    let b = line[(column + tap).min(columns - 1)];
                    sums = (smooth(sums.0, a, b, tap), slope(sums.1, a, b, tap));
                }
                (blurred[column], sloped[column]) = sums;
            }
        }
        // Then along the columns, whole rows at a time.
        let mut field = Self {
            size,
            right: vec![0.0; values.len()],
            down: vec![0.0; values.len()],
        };
        for row in 0..rows {
            let to = row * columns..(row + 1) * columns;
            let right = &mut field.right[to.clone()];
            let down = &mut field.down[to.clone()];
            for (out, &value) in right.iter_mut().zip(&sloped[to]) {
                *out = kernel.smooth[0] * value;
            }
            for tap in 1..=kernel.radius() {
                let above = row.saturating_sub(tap) * columns;
                let below = (row + tap).min(rows - 1) * columns;
                for column in 0..columns {
                    let (a, b) = (sloped[above + column], sloped[below + column]);
                    right[column] = smooth(right[column], a, b, tap);
                    let (a, b) = (blurred[above + column], blurred[below + column]);
                    down[column] = slope(down[column], a, b, tap);
                }
            }
        }
        field
    }

    /// Strength below which `share` of the pixels lie that `counts` names; 0 without any gradient.
    ///
    /// Where most of them have none (a coned picture filled up with black, a thin slab), that of
    /// those which have: rounding alone would set the strength otherwise, or nothing.
    pub fn quantile(&self, share: f64, counts: impl Fn(usize) -> bool) -> f32 {
        let mut strengths: Vec<f32> = (0..self.right.len())
            .filter(|&at| counts(at))
            .map(|at| self.right[at].hypot(self.down[at]))
            .filter(|strength| strength.is_finite())
            .collect();
        let found = nth(&mut strengths, share);
        let least = strengths.iter().copied().fold(0.0, f32::max) * LEAST_OF_STRONGEST;
        if found >= least {
            return found;
        }
        strengths.retain(|strength| *strength >= least);
        nth(&mut strengths, share)
    }

    /// Levels the strengths: g / √(|g|² + knee²). Weak gradients (noise) stay weak, and beyond the
    /// knee a needle or a shutter counts no more than an edge of bone. All 0 where the knee is none:
    /// then there is no gradient to compare.
    pub fn level(&mut self, knee: f32) {
        let usable = knee >= LEAST_KNEE && knee.is_finite();
        if !usable {
            self.right.fill(0.0);
            self.down.fill(0.0);
            return;
        }
        for (right, down) in self.right.iter_mut().zip(&mut self.down) {
            let scale = (right.mul_add(*right, *down * *down) + knee * knee)
                .sqrt()
                .recip();
            *right *= scale;
            *down *= scale;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slanted_plane_has_its_slopes_as_gradient() {
        let size = [40, 30];
        let values: Vec<f32> = (0..1200)
            .map(|at| 0.5 * (at % 40) as f32 - 2.0 * (at / 40) as f32)
            .collect();
        let field = GradientField::of(&values, size, 1.5);
        let middle = 15 * 40 + 20;
        assert!((field.right[middle] - 0.5).abs() < 1e-4);
        assert!((field.down[middle] + 2.0).abs() < 1e-4);
    }

    #[test]
    fn a_blurred_step_has_the_height_of_a_gaussian() {
        let values: Vec<f32> = (0..1600)
            .map(|at| f32::from(u8::from(at % 40 >= 20)))
            .collect();
        let field = GradientField::of(&values, [40, 40], 2.0);
        // Half a pixel from the edge of a unit step: 1/(σ√2π) · exp(−0.5²/2σ²) = 0.1933.
        assert!((field.right[20 * 40 + 20] - 0.1933).abs() < 0.004);
        assert!(field.down[20 * 40 + 20].abs() < 1e-6);
    }

    #[test]
    fn what_has_no_gradient_is_levelled_to_nothing() {
        let mut field = GradientField::of(&[7.0; 100], [10, 10], 1.0);
        let knee = field.quantile(0.8, |_| true);
        assert_eq!(knee, 0.0);
        field.level(knee);
        assert!(field.right.iter().chain(&field.down).all(|g| *g == 0.0));
    }

    #[test]
    fn a_coned_picture_filled_with_black_is_levelled_by_what_it_shows() {
        // One tenth of the columns hold a ramp, the others are constant.
        let values: Vec<f32> = (0..4000).map(|at| (at % 100).min(10) as f32).collect();
        let mut field = GradientField::of(&values, [100, 40], 1.0);
        let knee = field.quantile(0.8, |_| true);
        assert!(knee > 0.5 && knee <= 1.001, "{knee}");
        field.level(knee);
        assert!((field.right[2005] - 0.5_f32.sqrt()).abs() < 0.05);
        assert_eq!(field.right[2080], 0.0);
    }

    #[test]
    fn levelling_halves_strong_and_weak_alike_towards_one() {
        let mut field = GradientField {
            size: [3, 1],
            right: vec![3.0, 400.0, 0.0],
            down: vec![4.0, 300.0, 0.05],
        };
        assert_eq!(field.quantile(0.5, |_| true), 5.0);
        field.level(5.0);
        assert!((field.right[0].hypot(field.down[0]) - 0.5_f32.sqrt()).abs() < 1e-6);
        assert!((field.right[1].hypot(field.down[1]) - 1.0).abs() < 1e-4);
        assert!((field.down[2] - 0.01).abs() < 1e-4);
    }
}
