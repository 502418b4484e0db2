//! What a registration found, how sure it is, and what to think of it.

use super::similarity::Similarity;
use super::symmetric::{SixBySix, inverse, product};
use crate::geometry::Correction;
use crate::plan::RegistrationUncertainty;

/// Mean correlation below which nothing was found.
const LEAST_FOUND: f64 = 0.15;
/// Mean correlation from which a registration is taken for good.
///
/// Measured on 200 simulated starts (50 each of one and of two views, on a real CT and on the sample
/// study): of 197 that nothing else spoke against, 193 were right, within 3 mm with one view and
/// 1 mm with two, and 4 were not. This bound doubts 21 of the right ones, and 3 of the wrong ones; the
/// one that passes was 3.15 mm off along the beam of a single picture.
const LEAST_GOOD: f64 = 0.6;
/// How much farther off registrations are than the pull of their patches says: patches share the
/// faults of the CT's grid and of the search. On the same starts, those of one view from
/// [`LEAST_GOOD`] on, 84 % lay within one standard deviation along the beam after this factor and
/// 98 % within two; without it 78 % lay within two.
const SPREAD: f64 = 2.2;
/// A second place this near to the best one in correlation makes it doubtful.
const RIVAL: f64 = 0.9;
/// Most of a deviation across the beam of a good registration, mm.
const MOST_ACROSS_MM: f64 = 1.0;
/// Farthest from the start: beyond it another vertebra may have been found.
const FARTHEST_MM: f64 = 18.0;
const FARTHEST_DEG: f64 = 10.0;

/// What to think of a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// One clear place, well held.
    Converged,
    /// Found, but look twice.
    Doubtful(Doubt),
    /// Nothing alike was found.
    Failed,
}

/// What speaks against a registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The pictures are little alike.
    Unlike,
    /// Another place is nearly as good.
    Rival,
    /// The picture does not hold it well across the beam.
    Loose,
    /// It is far from where it started: perhaps another vertebra.
    Far,
    /// One picture alone, taken more from the side than from front or back.
    LoneLateral,
}

impl Verdict {
    /// One word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Converged => "converged",
            Self::Doubtful(_) => "doubtful",
            Self::Failed => "failed",
        }
    }

    /// What speaks against it, if it was found; `None` where nothing does.
    pub fn doubt(self) -> Option<&'static str> {
        matches!(self, Self::Doubtful(_)).then(|| self.sentence())
    }

    /// What it means and what to do.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::Converged => "The projection of the CT lies on the picture: check it by eye",
            Self::Doubtful(Doubt::Unlike) => {
                "Doubtful: the projection and the picture are less alike than where a registration \
                 is sure to be right. Check landmarks"
            }
            Self::Doubtful(Doubt::Rival) => {
                "Doubtful: another position fits nearly as well. Start nearer, or add a second view"
            }
            Self::Doubtful(Doubt::Loose) => {
                "Doubtful: the picture does not hold the position well. Check landmarks, or add a \
                 second view"
            }
            Self::Doubtful(Doubt::Far) => {
                "Doubtful: the position is far from the start, perhaps of another vertebra. Check \
                 the level"
            }
            Self::Doubtful(Doubt::LoneLateral) => {
                "Doubtful: one picture from the side, in which left and right lie over one another. \
                 Add a second view, or check landmarks"
            }
            Self::Failed => {
                "Not registered: nothing in the picture looks like the projection of the CT. Move \
                 it nearer by hand, or check that picture and CT are of one patient and region"
            }
        }
    }
}

/// How well a summit is held, from the slopes of single patches there (the sandwich estimate with
/// patches as clusters). `None` where a way to move is not held at all.
pub(super) fn uncertainty(summit: &Similarity) -> Option<RegistrationUncertainty> {
    let bread = inverse(&summit.curvature)?;
    let mut filling: SixBySix = [[0.0; 6]; 6];
    for patch in &summit.patches {
        for (row, cells) in filling.iter_mut().enumerate() {
            for (column, cell) in cells.iter_mut().enumerate() {
                // Patches overlap by half, so that neighbours are not independent: twice.
                *cell += 2.0 * patch.slope[row] * patch.slope[column];
            }
        }
    }
    let covariance = product(&product(&bread, &filling), &bread);
    let deviation: [f64; 6] = std::array::from_fn(|k| SPREAD * covariance[k][k].max(0.0).sqrt());
    let [a, b, c, x, y, z] = deviation;
    let finite = deviation.iter().all(|d| d.is_finite());
    finite.then_some(RegistrationUncertainty {
        across_mm: [x, y],
        along_mm: z,
        tilt_deg: [a, b],
        roll_deg: c,
    })
}

/// What a registration found.
#[derive(Debug, Clone, PartialEq)]
pub struct Registration {
    /// Carries the header's beam to where it was in the patient.
    pub correction: Correction,
    /// Mean correlation of the gradients at the start, −1 to 1.
    pub before: f64,
    /// The same at the end.
    pub after: f64,
    /// How well it is held; `None` where it is not.
    pub uncertainty: Option<RegistrationUncertainty>,
    /// For each view whether light and dark are the other way round than its header says, or than
    /// dark bone where it says nothing.
    pub reversed: Vec<bool>,
    /// What to think of it.
    pub verdict: Verdict,
}

/// What to think of a summit with other summits (mean correlations) beside it, so far from the
/// start.
///
/// Of 20 simulated starts with one lateral of the sample study 11 ended more than 2 mm off, up to
/// 79 mm, and 5 of these passed all other checks: a lone lateral is never taken for good.
pub(super) fn verdict(
    after: f64,
    rivals: &[f64],
    uncertainty: Option<&RegistrationUncertainty>,
    (from_start_mm, from_start_deg): (f64, f64),
    is_lone_lateral: bool,
) -> Verdict {
    if after.is_nan() || after < LEAST_FOUND {
        return Verdict::Failed;
    }
    let loose = uncertainty.is_none_or(|u| u.across_mm.iter().any(|mm| *mm > MOST_ACROSS_MM));
    let far = from_start_mm > FARTHEST_MM || from_start_deg > FARTHEST_DEG;
    if after < LEAST_GOOD {
        Verdict::Doubtful(Doubt::Unlike)
    } else if rivals.iter().any(|rival| *rival > RIVAL * after) {
        Verdict::Doubtful(Doubt::Rival)
    } else if loose {
        Verdict::Doubtful(Doubt::Loose)
    } else if far {
        Verdict::Doubtful(Doubt::Far)
    } else if is_lone_lateral {
        Verdict::Doubtful(Doubt::LoneLateral)
    } else {
        Verdict::Converged
    }
}

#[cfg(test)]
mod tests {
    use super::super::similarity::PatchScore;
    use super::*;

    fn held() -> RegistrationUncertainty {
        RegistrationUncertainty {
            across_mm: [0.1, 0.1],
            along_mm: 2.0,
            tilt_deg: [0.3, 0.3],
            roll_deg: 0.1,
        }
    }

    #[test]
    fn every_doubt_is_named() {
        let near = (3.0, 2.0);
        let of = |after, rivals: &[f64], sure: Option<&RegistrationUncertainty>, from| {
            verdict(after, rivals, sure, from, false)
        };
        let sure = held();
        assert_eq!(of(0.6, &[0.3], Some(&sure), near), Verdict::Converged);
        assert_eq!(of(0.1, &[], Some(&sure), near), Verdict::Failed);
        assert_eq!(of(f64::NAN, &[], Some(&sure), near), Verdict::Failed);
        let doubt = |doubt| Verdict::Doubtful(doubt);
        assert_eq!(of(0.2, &[], Some(&sure), near), doubt(Doubt::Unlike));
        // 4.5 mm off along the beam, and nothing else to see it by.
        assert_eq!(of(0.591, &[], Some(&sure), near), doubt(Doubt::Unlike));
        assert_eq!(of(0.6, &[0.58], Some(&sure), near), doubt(Doubt::Rival));
        assert_eq!(of(0.6, &[], None, near), doubt(Doubt::Loose));
        assert_eq!(of(0.6, &[], Some(&sure), (25.0, 1.0)), doubt(Doubt::Far));
        let alone = verdict(0.9, &[0.3], Some(&sure), near, true);
        assert_eq!(alone, doubt(Doubt::LoneLateral));
        assert_eq!(verdict(0.1, &[], Some(&sure), near, true), Verdict::Failed);
    }

    #[test]
    fn opposite_pulls_of_patches_are_the_uncertainty() {
        // Two patches that pull by ±3 against a curvature of 2 in one direction: √(2·(9 + 9)) / 2,
        // times the measured spread.
        let patch = |pull: f64| PatchScore {
            correlation: 0.5,
            slope: [0.0, 0.0, 0.0, pull, 0.0, 0.0],
        };
        let mut summit = Similarity {
            patches: vec![patch(3.0), patch(-3.0)],
            ..Similarity::default()
        };
        for k in 0..6 {
            summit.curvature[k][k] = 2.0;
        }
        let found = uncertainty(&summit).unwrap();
        assert!((found.across_mm[0] - 3.0 * SPREAD).abs() < 1e-12);
        assert_eq!(found.along_mm, 0.0);
        summit.curvature[5][5] = 0.0;
        assert!(uncertainty(&summit).is_none());
    }
}
