//! Line integrals as greys, as film or as fluoroscopy shows them (clinical reference sheet, 4.3).

/// How line integrals look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Film {
    /// Bone is white, as on a radiograph.
    #[default]
    Radiograph,
    /// Bone is dark, as on a fluoroscopy screen.
    Fluoroscopy,
}

/// Share of the pixels below black and above white.
pub const CLIPPED: f64 = 0.005;

/// Share of the greatest line integral below which a pixel is beside the patient or at the edge
/// of the skin, as the dose control of a C-arm takes it.
pub const EDGE: f32 = 0.25;

/// Exponent of the greys: of the brightness after inverting, so that the middle is lifted in both
/// looks.
pub const GAMMA: f64 = 0.7;

/// Line integrals at which the greys begin and end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FilmRange {
    /// 0.5th percentile of what the beam shows.
    pub low: f32,
    /// 99.5th percentile.
    pub high: f32,
}

impl FilmRange {
    /// From the pixels that are shown; air alone gives the range 0–1.
    ///
    /// Pixels that see little (`EDGE`) do not count: with air or the edge of the skin in the
    /// picture, all else would be one grey.
    pub fn of(integrals: &[f32]) -> Self {
        let mut shown: Vec<f32> = integrals.iter().copied().filter(|&v| v > 0.0).collect();
        let edge = EDGE * percentile(&mut shown, 1.0 - CLIPPED);
        shown.retain(|&integral| integral >= edge);
        let low = percentile(&mut shown, CLIPPED);
        let high = percentile(&mut shown, 1.0 - CLIPPED);
        if high > low && high.is_finite() {
            Self { low, high }
        } else {
            Self {
                low: 0.0,
                high: 1.0,
            }
        }
    }

    /// Grey of a line integral; NaN is black.
    pub fn grey(self, film: Film, integral: f32) -> u8 {
        let share = f64::from((integral - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        let bright = match film {
            Film::Radiograph => share,
            Film::Fluoroscopy => 1.0 - share,
        };
        (bright.powf(GAMMA) * 255.0).round() as u8
    }

    /// Greys of a picture.
    pub fn greys(self, film: Film, integrals: &[f32]) -> Vec<u8> {
        /// Steps between low and high: a table is faster than a power for each pixel.
        const STEPS: usize = 4096;
        let table: Vec<u8> = (0..=STEPS)
            .map(|step| {
                let share = step as f32 / STEPS as f32;
                self.grey(film, self.low + share * (self.high - self.low))
            })
            .collect();
        let scale = STEPS as f32 / (self.high - self.low);
        let grey = |&integral: &f32| {
            let step = ((integral - self.low) * scale + 0.5).clamp(0.0, STEPS as f32);
            table.get(step as usize).copied().unwrap_or(0)
        };
        integrals.iter().map(grey).collect()
    }
}

/// The value that a share of all is below; 0 of none.
fn percentile(values: &mut [f32], share: f64) -> f32 {
    let last = values.len().saturating_sub(1);
    let index = (share * last as f64).round() as usize;
    if index < values.len() {
        *values.select_nth_unstable_by(index, f32::total_cmp).1
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_percent_is_clipped_at_either_end_and_air_does_not_count() {
        // 1 to 1000 above 1000, as many pixels of air, and the edge of the skin.
        let mut integrals: Vec<f32> = (1..=1000).map(|v| 1000.0 + v as f32).collect();
        integrals.extend(vec![0.0; 1000]);
        integrals.extend((1..=300).map(|v| v as f32));
        let range = FilmRange::of(&integrals);
        let range = FilmRange {
            low: range.low - 1000.0,
            high: range.high - 1000.0,
        };
        assert!(
            (range.low - 6.0).abs() <= 1.0 && (range.high - 995.0).abs() <= 1.0,
            "{range:?}"
        );
        assert_eq!(range.grey(Film::Radiograph, 0.0), 0);
        assert_eq!(range.grey(Film::Radiograph, 1000.0), 255);
        assert_eq!(range.grey(Film::Fluoroscopy, 1000.0), 0);
        // Half way: 0.5 to the power of 0.7 is 0.6156.
        let half = f32::midpoint(range.low, range.high);
        assert_eq!(range.grey(Film::Radiograph, half), 157);
        assert_eq!(range.grey(Film::Fluoroscopy, half), 157);
        let quarter = range.low + (range.high - range.low) / 4.0;
        // 0.75 to the power of 0.7 is 0.8176.
        assert_eq!(range.grey(Film::Fluoroscopy, quarter), 208);
    }

    #[test]
    fn the_table_gives_the_greys_of_the_formula() {
        let integrals: Vec<f32> = (0..2000)
            .map(|v| (v as f32 * 0.37).sin().abs() * 7.0)
            .collect();
        let range = FilmRange::of(&integrals);
        for film in [Film::Radiograph, Film::Fluoroscopy] {
            for (found, &integral) in range.greys(film, &integrals).iter().zip(&integrals) {
                let wanted = range.grey(film, integral);
                assert!(
                    found.abs_diff(wanted) <= 1,
                    "{found} for {wanted} at {integral}"
                );
            }
        }
    }

    #[test]
    fn pictures_of_nothing_have_a_range_too() {
        for nothing in [vec![], vec![0.0; 9], vec![2.5; 9], vec![f32::NAN; 9]] {
            let range = FilmRange::of(&nothing);
            assert_eq!(
                range,
                FilmRange {
                    low: 0.0,
                    high: 1.0
                }
            );
            assert_eq!(range.greys(Film::Radiograph, &nothing).len(), nothing.len());
        }
    }
}
