//! What makes an entry good, bad or impossible. A procedure fills it in.

use crate::geometry::Degrees;
use crate::study::Side;

/// Rules for the entries of one target.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryRules {
    /// Longest way from skin to target, mm: the needle's usable length less its reserve.
    pub longest_mm: f64,
    /// Usual oblique κ, degrees, as [`OperatorAngles`](crate::geometry::OperatorAngles): +
    /// receptor toward patient left. `None` = any.
    pub oblique: Option<AngleRange>,
    /// Usual tilt τ, degrees, + receptor toward the head. `None` = any.
    pub tilt: Option<AngleRange>,
    /// How far outside the usual ranges a path may still be, degrees; worse is excluded.
    pub angle_slack_deg: f64,
    /// Last part of the way in which bone may be crossed, mm; 0 = none.
    pub may_cross_bone_last_mm: f64,
    /// Half the outer diameter of the needle, mm: distances are from its shaft, not its axis.
    pub needle_radius_mm: f64,
    /// How much each rule counts.
    pub weights: EntryWeights,
}

/// How much each rule counts in the score: the score is the mean of the shares weighted by these.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EntryWeights {
    /// Distance to structures: 0 at the stop margin, 1 from the warn margin on; the worst counts.
    pub clearance: f64,
    /// Length: 1 for no length, 0 at the longest.
    pub length: f64,
    /// Angles: 1 in the usual ranges, 0 at the slack; the worse of both counts.
    pub angle: f64,
    /// Bone crossed near the target: 1 for none, 0 for all that is allowed.
    pub bone: f64,
}

impl Default for EntryWeights {
    /// Clearance before angles before length: an engineering proposal (clinical.md 0.3 `[E]`).
    fn default() -> Self {
        Self {
            clearance: 4.0,
            length: 1.0,
            angle: 2.0,
            bone: 1.0,
        }
    }
}

/// Angles from one to another, counter-clockwise, so that a range may pass 180°.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct AngleRange {
    /// First angle.
    pub from: Degrees,
    /// Last angle, at most a turn further.
    pub to: Degrees,
}

impl AngleRange {
    /// Both given as they are, the smaller first.
    pub fn new(a: Degrees, b: Degrees) -> Self {
        if a <= b {
            Self { from: a, to: b }
        } else {
            Self { from: b, to: a }
        }
    }

    /// Angles toward the side of the target (ipsilateral, + in clinical.md) as signed angles.
    pub fn toward(side: Side, from: Degrees, to: Degrees) -> Self {
        Self::new(Degrees(side.sign() * from.0), Degrees(side.sign() * to.0))
    }

    /// How far an angle lies outside, degrees; 0 inside.
    pub fn excess_deg(self, angle: Degrees) -> f64 {
        let width = self.to.0 - self.from.0;
        let beyond_from = (angle.0 - self.from.0).rem_euclid(360.0);
        if beyond_from <= width {
            return 0.0;
        }
        (beyond_from - width).min(360.0 - beyond_from)
    }
}

/// Distances a needle keeps from one structure (clinical.md 0.3).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Margin {
    /// Nearer is excluded, mm.
    pub stop_mm: f64,
    /// Nearer costs, mm.
    pub warn_mm: f64,
    /// Last part of the way that is not looked at, mm: for a structure that the target touches.
    pub free_last_mm: f64,
}

/// Why a place on the skin is no entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Exclusion {
    /// Longer than the needle reaches.
    TooLong,
    /// On the side that lies on the table, or the needle would come from below.
    Table,
    /// The needle would meet the skin nearly flat, or from inside.
    Flat,
    /// Too far outside the usual angles.
    Angles,
    /// The way leaves the body: another fold, limb or the table lies between.
    OffBody,
    /// The way leaves the images.
    OutsideImages,
    /// Bone in the way.
    Bone,
    /// Gas or lung in the way.
    Gas,
    /// The stop margin of a structure is broken; its index.
    Structure(usize),
}

impl Exclusion {
    /// Named for a person; `structures` are the names by index.
    pub fn words(self, structures: &[&str]) -> String {
        match self {
            Self::TooLong => "too far from the target".to_owned(),
            Self::Table => "on the table side".to_owned(),
            Self::Flat => "too flat to the skin".to_owned(),
            Self::Angles => "outside the angles".to_owned(),
            Self::OffBody => "the path leaves the body".to_owned(),
            Self::OutsideImages => "the path leaves the images".to_owned(),
            Self::Bone => "bone in the way".to_owned(),
            Self::Gas => "gas or lung in the way".to_owned(),
            Self::Structure(index) => format!(
                "too near to {}",
                structures.get(index).copied().unwrap_or("a structure")
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn excess_counts_from_the_nearer_end_also_across_the_turn() {
        let right = AngleRange::toward(Side::Right, Degrees(20.0), Degrees(30.0));
        assert_eq!(right, AngleRange::new(Degrees(-30.0), Degrees(-20.0)));
        for (angle, wanted) in [
            (-25.0, 0.0),
            (-20.0, 0.0),
            (-10.0, 10.0),
            (-45.0, 15.0),
            (25.0, 45.0),
        ] {
            assert!(
                (right.excess_deg(Degrees(angle)) - wanted).abs() < 1e-9,
                "{angle}"
            );
        }
        let front = AngleRange::new(Degrees(150.0), Degrees(210.0));
        assert_eq!(front.excess_deg(Degrees(-170.0)), 0.0);
        assert!((front.excess_deg(Degrees(-140.0)) - 10.0).abs() < 1e-9);
    }
}
