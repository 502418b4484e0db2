//! Colours of the scores of entries: dark blue is poor, yellow is good.
//!
//! The steps are those of viridis (van der Walt and Smith, matplotlib 2015, CC0): lightness rises
//! evenly, so that the order is seen without colour vision and in greys.

/// Nine steps of the scale from 0 to 1.
const STEPS: [[u8; 3]; 9] = [
    [68, 1, 84],
    [71, 44, 122],
    [59, 81, 139],
    [44, 113, 142],
    [33, 144, 141],
    [39, 173, 129],
    [92, 200, 99],
    [170, 220, 50],
    [253, 231, 37],
];

/// Where there is no entry; see-through in the 3D view.
pub const EXCLUDED: [u8; 4] = [128, 128, 128, 90];

/// Colour of a score from 0 to 1; what is no number counts as 0.
pub fn score_color(score: f64) -> [u8; 3] {
    let score = if score.is_nan() { 0.0 } else { score };
    let place = score.clamp(0.0, 1.0) * (STEPS.len() - 1) as f64;
    let low = (place.floor() as usize).min(STEPS.len() - 2);
    let share = place - low as f64;
    let step = |index: usize| STEPS.get(index).copied().unwrap_or_default();
    let (from, to) = (step(low), step(low + 1));
    std::array::from_fn(|channel| {
        let pair = from.get(channel).zip(to.get(channel));
        let mixed = pair.map(|(a, b)| f64::from(*a) * (1.0 - share) + f64::from(*b) * share);
        mixed.unwrap_or_default().round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_is_always_lighter() {
        let light = |score: f64| {
            let [r, g, b] = score_color(score).map(f64::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        for step in 0..40 {
            let score = f64::from(step) / 40.0;
            assert!(light(score + 1.0 / 40.0) > light(score), "{score}");
        }
        assert_eq!(score_color(0.0), STEPS[0]);
        assert_eq!(score_color(1.0), STEPS[8]);
        assert_eq!(score_color(f64::NAN), STEPS[0]);
    }
}
