//! How fine the pictures of 3D views are made, by the time that they took of late.

/// Coarsest picture of a volume while something moves: one pixel for so many, each way.
pub(super) const COARSEST_RAYS: usize = 8;
/// Steps along the rays while something moves, for one of the finest.
pub(super) const COARSE_STEP: f64 = 2.0;
/// Picture pixels for one of the screen, each way, that make smooth edges.
pub(super) const SMOOTH: usize = 2;
/// Seconds that the graphics card may take for a volume that moves, and for one that rests. The
/// system takes the card from a program that draws for two seconds.
const CARD_SECONDS: [f64; 2] = [0.03, 0.5];
/// Most pixels that the graphics card draws of a volume: 32 to 72 bytes of its memory each, as
/// room is needed for two to seven veils.
const MOST_CARD_PIXELS: f64 = 12e6;

/// Picture pixels and screen pixels, one of the two 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Grain {
    /// One picture pixel for so many of the screen, each way.
    Coarse(usize),
    /// So many picture pixels for one of the screen, each way.
    Fine(usize),
}

impl Grain {
    pub fn fineness(self) -> f64 {
        match self {
            Self::Coarse(n) => 1.0 / n as f64,
            Self::Fine(n) => n as f64,
        }
    }

    /// The next finer picture of a view that rests.
    pub fn finer(self) -> Self {
        match self {
            Self::Coarse(n) if n > 3 => Self::Coarse(2),
            Self::Coarse(_) => Self::Fine(1),
            Self::Fine(_) => Self::Fine(SMOOTH),
        }
    }

    /// Steps along rays, for one of the finest.
    pub fn ray_step(self) -> f64 {
        match self {
            Self::Coarse(_) => COARSE_STEP,
            Self::Fine(_) => 1.0,
        }
    }
}

/// Picture pixels for one of the screen, each way, that a graphics card draws in time: of a volume
/// on so many screen pixels, at rest or while it moves, where a pixel with the finest steps takes
/// so many seconds. At rest never coarser than half: somebody looks at it.
pub(super) fn card_fineness(pixels: f64, seconds_per_pixel: f64, rests: bool) -> f64 {
    let [moving_s, resting_s] = CARD_SECONDS;
    let fits = |fineness: &f64| {
        let drawn = pixels * fineness * fineness;
        let step = if *fineness < 1.0 { COARSE_STEP } else { 1.0 };
        let seconds = drawn * seconds_per_pixel / step;
        drawn <= MOST_CARD_PIXELS && seconds <= if rests { resting_s } else { moving_s }
    };
    let smooth = rests.then_some(SMOOTH as f64);
    let coarsest = if rests {
        0.5
    } else {
        1.0 / COARSEST_RAYS as f64
    };
    let finer = smooth.into_iter().chain([1.0, 0.5, 0.25]);
    finer
        .filter(|fineness| *fineness > coarsest)
        .find(fits)
        .unwrap_or(coarsest)
}

/// Seconds per pixel after a picture that took so many: one drawn as a whole, or one that kept a
/// part of the last, which says nothing where it was cheap.
pub(super) fn learned(usual: f64, now: f64, is_whole: bool) -> f64 {
    if is_whole || now > 0.5 * usual {
        0.7 * usual + 0.3 * now
    } else {
        usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_dear_picture_cheaper_ones_make_the_view_fine_again() {
        let after = |is_whole| (0..20).fold(1e-5, |usual, _| learned(usual, 1e-7, is_whole));
        assert!(after(true) < 2e-7, "{}", after(true));
        assert_eq!(after(false), 1e-5, "kept layers say nothing");
        assert!(learned(1e-7, 1e-5, false) > 1e-6);
    }

    #[test]
    fn the_card_draws_no_more_than_it_can_in_time_and_memory() {
        let fast = 1e-9;
        assert_eq!(card_fineness(1e6, fast, false), 1.0);
        assert_eq!(card_fineness(1e6, fast, true), 2.0);
        // A view of 3840 × 2160: twice as fine would be 33 million pixels.
        assert_eq!(card_fineness(8.3e6, fast, true), 1.0);
        assert_eq!(card_fineness(8.3e6, fast, false), 1.0);
        // A slow card: as coarse as it must be, and never a second at rest.
        assert_eq!(card_fineness(1e6, 4e-7, false), 0.25);
        assert_eq!(card_fineness(1e6, 4e-7, true), 1.0);
        assert_eq!(card_fineness(1e6, 1e-3, false), 0.125);
        assert_eq!(card_fineness(1e6, 1e-3, true), 0.5);
        assert_eq!(card_fineness(1e6, f64::NAN, false), 0.125);
    }
}
