//! Wrong-side and wrong-level guard: what was declared against where the needle lies
//! (clinical reference sheet, section 5, gate a).

use super::readout::Known;
use super::spine_frame::{Midline, place_along};
use super::{Objection, Spine, Trajectory};
use crate::study::anatomy::Region;
use crate::study::{Level, Side};

/// A point nearer to the midline than this has no side, mm.
const NO_SIDE_MM: f64 = 3.0;
/// Where targets named by a vertebra lie about its middle, in vertebrae. On the sample anatomy
/// those of section 1 of the sheet lie from −0.42 (medial branch) to +0.24 (below the pedicle).
const ABOUT_VERTEBRA: [f64; 2] = [-0.48, 0.48];
/// Where targets named by a gap lie below the upper vertebra's middle, in vertebrae: on the sample
/// from 0.14 (below the L5 pedicle) to 0.87 (inferior recess of a facet joint).
const ABOUT_GAP: [f64; 2] = [0.1, 1.1];
/// So far beyond, a target lies at another level, in vertebrae.
const DISAGREES: f64 = 0.2;

/// What the guard finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// Declared and drawn agree; how, in words.
    Agrees(String),
    /// They cannot be compared yet; why.
    Unknown(String),
    /// Near the border between two levels, in words.
    Doubtful(String),
    /// They contradict one another, in words.
    Disagrees(String),
}

impl Finding {
    /// The sentence of it.
    pub fn words(&self) -> &str {
        match self {
            Self::Agrees(words)
            | Self::Unknown(words)
            | Self::Doubtful(words)
            | Self::Disagrees(words) => words,
        }
    }

    /// `agrees`, `unknown`, `doubtful` or `disagrees`, as in JSON.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Agrees(_) => "agrees",
            Self::Unknown(_) => "unknown",
            Self::Doubtful(_) => "doubtful",
            Self::Disagrees(_) => "disagrees",
        }
    }
}

/// Both comparisons of one needle; `None` where nothing was declared to compare with.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Guard {
    /// Declared side against the midline.
    pub side: Option<Finding>,
    /// Declared level against the labelled vertebrae.
    pub level: Option<Finding>,
}

impl Guard {
    /// Compares what `needle` is meant for with where it lies.
    pub fn of(needle: &Trajectory, spine: &Spine) -> Self {
        let Some(intent) = &needle.intent else {
            return Self::default();
        };
        Self {
            side: intent
                .side
                .map(|side| settle(side_finding(needle, spine, side))),
            level: intent
                .level
                .map(|level| settle(level_finding(needle, spine, level))),
        }
    }

    /// What stands against an export and was not overridden, with the sentence of each.
    pub fn objections(&self, needle: &Trajectory) -> Vec<(Objection, String)> {
        [
            (Objection::WrongSide, &self.side),
            (Objection::WrongLevel, &self.level),
        ]
        .into_iter()
        .filter_map(|(objection, finding)| match finding {
            Some(Finding::Disagrees(words)) if needle.override_of(objection).is_none() => {
                Some((objection, words.clone()))
            }
            _ => None,
        })
        .collect()
    }
}

fn settle(finding: Known<Finding>) -> Finding {
    finding.unwrap_or_else(Finding::Unknown)
}

fn side_finding(needle: &Trajectory, spine: &Spine, declared: Side) -> Known<Finding> {
    let target = needle.target.ok_or("No target yet")?;
    let midline = Midline::of(spine)?;
    let (target_mm, target_side) = midline.lateral(target);
    // A target in the middle (disc, vertebral body, epidural space) has the side of its entry.
    let (what, off_mm, side) = if target_mm >= NO_SIDE_MM {
        ("target", target_mm, target_side)
    } else {
        let entry = needle.entry.ok_or("No entry yet")?;
        let (entry_mm, entry_side) = midline.lateral(entry);
        if entry_mm < NO_SIDE_MM {
            return Ok(Finding::Doubtful(format!(
                "{} is declared, but target and entry lie in the midline",
                declared.word()
            )));
        }
        ("entry", entry_mm, entry_side)
    };
    let words = format!(
        "the {what} lies {off_mm:.0} mm {} of the midline",
        side.word()
    );
    Ok(if side == declared {
        Finding::Agrees(words)
    } else {
        Finding::Disagrees(format!("{} is declared, but {words}", declared.word()))
    })
}

fn level_finding(needle: &Trajectory, spine: &Spine, declared: Level) -> Known<Finding> {
    let target = needle.target.ok_or("No target yet")?;
    let count = spine.count_or_usual();
    let place_of = |vertebra| {
        let place = count.place(vertebra).ok_or_else(|| {
            format!("The declared number of vertebrae has no {vertebra}; declare another")
        });
        place.map(f64::from)
    };
    let upper = place_of(declared.upper())?;
    let place = match place_along(spine, target) {
        Ok(place) => place,
        Err(reason) => return below_labels(needle, spine, declared).ok_or(reason),
    };
    let [mut low, mut high] = match declared {
        Level::At(_) => ABOUT_VERTEBRA.map(|off| upper + off),
        Level::Between(..) => ABOUT_GAP.map(|off| upper + off),
    };
    // The sacrum is one bone, and its lower parts are seldom labelled.
    if matches!(declared, Level::At(at) if at.region() >= Region::Sacral) {
        let first_sacral = f64::from(7 + count.thoracic + count.lumbar + 1);
        low = first_sacral + ABOUT_VERTEBRA[0];
        high = f64::INFINITY;
    }
    let beyond = (low - place).max(place - high).max(0.0);
    let words = format!("the target lies at {}", place_words(spine, place));
    let declared = declared.spoken();
    Ok(if beyond <= 0.0 {
        Finding::Agrees(words)
    } else if beyond < DISAGREES {
        Finding::Doubtful(format!("{declared} is declared, and {words}: count again"))
    } else {
        Finding::Disagrees(format!("{declared} is declared, but {words}"))
    })
}

/// A sacral target far below the last label is where it was declared.
fn below_labels(needle: &Trajectory, spine: &Spine, declared: Level) -> Option<Finding> {
    let sacral = declared.upper().region() >= Region::Sacral;
    let last = spine.labels.last()?;
    let target = needle.target?;
    (sacral && last.vertebra.region() >= Region::Lumbar && target.0.z < last.body.0.z)
        .then(|| Finding::Agrees(format!("the target lies below {}", last.vertebra)))
}

/// `L4`, or `L4-5` between two.
fn place_words(spine: &Spine, place: f64) -> String {
    let count = spine.count_or_usual();
    let name = |place: f64| {
        let all = std::iter::successors("C1".parse().ok(), |&at| count.below(at));
        all.into_iter().nth((place as usize).saturating_sub(1))
    };
    let near = place.round();
    if (place - near).abs() <= 0.3 {
        return name(near).map_or_else(|| format!("{near:.0}"), |vertebra| vertebra.to_string());
    }
    match (name(place.floor()), name(place.ceil())) {
        (Some(upper), Some(lower)) => Level::Between(upper, lower).spoken(),
        (Some(only), None) | (None, Some(only)) => only.to_string(),
        (None, None) => format!("{place:.1}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;
    use crate::plan::{Intent, SpineEdit, TrajectoryId, VertebraLabel};

    /// L2 to S1, 35 mm apart, the midline at x = 0.
    fn spine() -> Spine {
        let mut spine = Spine::default();
        for (index, name) in ["L2", "L3", "L4", "L5", "S1"].into_iter().enumerate() {
            let z = 105.0 - 35.0 * index as f64;
            let label = VertebraLabel {
                vertebra: name.parse().unwrap(),
                body: Point::new(0., 0., z),
                spinous_process: Some(Point::new(0., 70., z - 10.0)),
            };
            spine.apply(&SpineEdit::Label(label)).unwrap();
        }
        spine
    }

    fn needle(level: &str, side: Option<Side>, target: [f64; 3], entry: [f64; 3]) -> Trajectory {
        let mut needle = Trajectory::new(TrajectoryId(0), "n".to_owned());
        needle.intent = Some(Intent {
            procedure: "any".to_owned(),
            level: Some(level.parse().unwrap()),
            side,
        });
        needle.target = Some(target.into());
        needle.entry = Some(entry.into());
        needle
    }

    fn keys(needle: &Trajectory) -> [&'static str; 2] {
        let guard = Guard::of(needle, &spine());
        [guard.side, guard.level].map(|finding| finding.map_or("-", |finding| finding.key()))
    }

    #[test]
    fn declared_and_drawn_are_compared() {
        let right = Some(Side::Right);
        // L4 lies at z 35, L5 at 0.
        for (level, side, target, entry, expected) in [
            (
                "L4-L5",
                right,
                [-20., 40., 17.],
                [-50., 90., 17.],
                ["agrees", "agrees"],
            ),
            (
                "L4-L5",
                right,
                [20., 40., 17.],
                [50., 90., 17.],
                ["disagrees", "agrees"],
            ),
            (
                "L4-L5",
                right,
                [-20., 40., 34.],
                [-50., 90., 34.],
                ["agrees", "doubtful"],
            ),
            (
                "L4-L5",
                right,
                [-20., 40., 66.],
                [-50., 90., 66.],
                ["agrees", "disagrees"],
            ),
            (
                "L4-L5",
                right,
                [1., 0., 17.],
                [-80., 60., 17.],
                ["agrees", "agrees"],
            ),
            (
                "L4-L5",
                right,
                [1., 0., 17.],
                [80., 60., 17.],
                ["disagrees", "agrees"],
            ),
            (
                "L4-L5",
                right,
                [1., 0., 17.],
                [2., 90., 17.],
                ["doubtful", "agrees"],
            ),
            ("L4", None, [0., 0., 40.], [0., 90., 40.], ["-", "agrees"]),
            ("L4", None, [0., 0., 4.], [0., 90., 4.], ["-", "disagrees"]),
            (
                "S3",
                None,
                [0., 50., -110.],
                [0., 90., -120.],
                ["-", "agrees"],
            ),
            (
                "S1",
                None,
                [0., 50., 30.],
                [0., 90., 30.],
                ["-", "disagrees"],
            ),
        ] {
            assert_eq!(
                keys(&needle(level, side, target, entry)),
                expected,
                "{level} {target:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_compared_is_not_taken_for_agreement() {
        let drawn = needle("L4-L5", Some(Side::Left), [20., 40., 17.], [50., 90., 17.]);
        let guard = Guard::of(&drawn, &Spine::default());
        assert_eq!(guard.side.as_ref().unwrap().key(), "unknown");
        assert_eq!(guard.level.as_ref().unwrap().key(), "unknown");
        assert!(guard.objections(&drawn).is_empty());
        let without = Trajectory {
            intent: None,
            ..drawn
        };
        assert_eq!(Guard::of(&without, &spine()), Guard::default());
    }

    #[test]
    fn an_override_with_a_reason_lets_the_plan_out() {
        let mut wrong = needle("L3", Some(Side::Left), [-20., 40., 17.], [-50., 90., 17.]);
        let guard = Guard::of(&wrong, &spine());
        let objections: Vec<_> = guard.objections(&wrong);
        assert_eq!(objections.len(), 2);
        assert!(
            objections[0]
                .1
                .contains("left is declared, but the target lies 20 mm right")
        );
        assert!(
            objections[1]
                .1
                .contains("L3 is declared, but the target lies at L4-5")
        );
        for objection in [Objection::WrongSide, Objection::WrongLevel] {
            wrong.overrides.push(crate::plan::Override {
                objection,
                reason: "mirror plan".to_owned(),
            });
        }
        assert!(guard.objections(&wrong).is_empty());
    }
}
