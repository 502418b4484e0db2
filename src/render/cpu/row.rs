//! Inner loops over a row of pixels, one per way of combining samples.

/// Folds samples into a pixel of a row.
pub(super) trait Fold {
    /// Pixel before any sample.
    const EMPTY: f32;
    /// Adds a sample.
    fn add(pixel: &mut f32, sample: f32);
}

/// Keeps the greatest sample.
pub(super) struct Greatest;
/// Keeps the least sample.
pub(super) struct Least;
/// Adds samples up.
pub(super) struct Sum;

impl Fold for Greatest {
    const EMPTY: f32 = f32::NEG_INFINITY;
    #[inline]
    fn add(pixel: &mut f32, sample: f32) {
        // One instruction, unlike `f32::max` with its rules for NaN.
        *pixel = if sample > *pixel { sample } else { *pixel };
    }
}

impl Fold for Least {
    const EMPTY: f32 = f32::INFINITY;
    #[inline]
    fn add(pixel: &mut f32, sample: f32) {
        *pixel = if sample < *pixel { sample } else { *pixel };
    }
}

impl Fold for Sum {
    const EMPTY: f32 = 0.0;
    #[inline]
    fn add(pixel: &mut f32, sample: f32) {
        *pixel += sample;
    }
}

/// Between two values.
#[inline]
pub(super) fn lerp(a: f32, b: f32, share: f32) -> f32 {
    a + share * (b - a)
}
