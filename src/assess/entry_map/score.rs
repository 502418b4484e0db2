//! One place on the skin as an entry: what excludes it, or how good it is, and why.

use super::clearance_field::{ClearanceField, Ray};
use super::rules::{EntryRules, Exclusion, Margin};
use crate::assess::skin::{OutsideAir, SKIN_EDGE_HU};
use crate::geometry::{CArmAngles, Degrees, Lps, OperatorAngles, PatientPosition, Point, Vector};
use crate::volume::Volume;
use crate::volume::sample::{Interpolation, value_at};

/// Bone starts above what soft tissue, disc and flavum reach (110, clinical.md 4.1 `[K]`) with
/// room for noise, and below thin cortex in a scan (300 `[K]`). Enhanced kidney and vessels reach
/// it too: they are in the way as well.
pub const BONE_HU: f64 = 200.0;

/// Step along a way while looking for bone and gas, mm: near the edge of a CT voxel.
const STEP_MM: f64 = 0.75;

/// Last part at the skin, where partial volume and small folds are not looked at, mm.
const AT_SKIN_MM: f64 = 3.0;

/// Least cosine between needle and outward normal of the skin: 80° from upright `[E]`.
const FLATTEST_COSINE: f64 = 0.17;

/// The table side: skin that faces down by more than 30° below the horizontal, or a needle that
/// comes from more than 10° below it; sines `[E]`.
const SKIN_DOWN_SINE: f64 = 0.5;
const NEEDLE_UP_SINE: f64 = 0.17;

/// Largest clearance told apart in the reasons, mm.
const FAR_MM: f64 = 100.0;

/// A structure that paths keep away from.
#[derive(Clone, Copy)]
pub struct Obstacle<'a> {
    /// Name shown.
    pub name: &'a str,
    /// Distances to it.
    pub field: &'a dyn ClearanceField,
    /// Distances to keep.
    pub margin: Margin,
}

/// A target with all that decides on its entries.
#[derive(Clone, Copy)]
pub struct EntryScene<'a> {
    /// CT voxels.
    pub volume: &'a Volume,
    /// The air around the patient.
    pub air: &'a OutsideAir,
    /// How the patient lies when treated; `None` = no side is taken for the table side.
    pub position: Option<PatientPosition>,
    /// Where to go.
    pub target: Point<Lps>,
    /// Structures to keep away from.
    pub obstacles: &'a [Obstacle<'a>],
    /// Rules of the procedure.
    pub rules: &'a EntryRules,
}

/// What a place on the skin is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict {
    /// Score, 0 to 1.
    Scored(f32),
    /// No entry.
    Excluded(Exclusion),
}

impl Verdict {
    /// The score, where there is one.
    pub fn score(self) -> Option<f32> {
        match self {
            Self::Scored(score) => Some(score),
            Self::Excluded(_) => None,
        }
    }
}

/// One rule applied to an entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// 0 (as bad as allowed) to 1.
    pub share: f64,
    /// The rule's weight.
    pub weight: f64,
    /// In words, with the numbers: `clearance 3.1 mm to right L4 root: warn below 4`.
    pub text: String,
}

/// An entry with its reasons.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// Worth of it.
    pub verdict: Verdict,
    /// Skin to target, mm.
    pub length_mm: f64,
    /// Oblique and tilt of the needle.
    pub angles: OperatorAngles,
    /// Distance from the shaft to each obstacle, mm, outside its free last part; up to 100.
    pub clearances_mm: Vec<f64>,
    /// Why, rule by rule; what excludes it comes first.
    pub reasons: Vec<Reason>,
}

/// Shares of the rules, 0 to 1.
#[derive(Debug, Clone, Copy)]
struct Shares {
    clearance: f64,
    length: f64,
    angle: f64,
    bone: f64,
}

impl EntryScene<'_> {
    /// Worth of a place on the skin. `outwards_of_skin` is the skin's normal there, `None` to
    /// leave out the rules that need it.
    pub fn verdict(&self, entry: Point<Lps>, outwards_of_skin: Option<Vector<Lps>>) -> Verdict {
        match self.shares(entry, outwards_of_skin) {
            Ok(shares) => Verdict::Scored(self.score(shares)),
            Err(exclusion) => Verdict::Excluded(exclusion),
        }
    }

    fn score(&self, shares: Shares) -> f32 {
        let weights = &self.rules.weights;
        let sum = weights.clearance + weights.length + weights.angle + weights.bone;
        if sum.is_nan() || sum <= 0.0 {
            return 0.0;
        }
        let weighted = weights.clearance * shares.clearance
            + weights.length * shares.length
            + weights.angle * shares.angle
            + weights.bone * shares.bone;
        (weighted / sum).clamp(0.0, 1.0) as f32
    }

    /// The cheap rules first: most places fall to them.
    fn shares(
        &self,
        entry: Point<Lps>,
        outwards_of_skin: Option<Vector<Lps>>,
    ) -> Result<Shares, Exclusion> {
        let ray = self.ray(entry).ok_or(Exclusion::Flat)?;
        if ray.length_mm.is_nan() || ray.length_mm > self.rules.longest_mm {
            return Err(Exclusion::TooLong);
        }
        self.check_side(&ray, outwards_of_skin)?;
        let angle = self.angle_share(angles_of(&ray)).ok_or(Exclusion::Angles)?;
        let bone_mm = self.bone_mm(&ray)?;
        let mut clearance: f64 = 1.0;
        for (index, obstacle) in self.obstacles.iter().enumerate() {
            let margin = &obstacle.margin;
            let radius_mm = self.rules.needle_radius_mm;
            let axis_mm = ray.clearance_mm(
                obstacle.field,
                margin.free_last_mm,
                margin.warn_mm.max(margin.stop_mm) + radius_mm + 1.0,
                margin.stop_mm + radius_mm,
            );
            let share = clearance_share(margin, axis_mm - radius_mm);
            clearance = clearance.min(share.ok_or(Exclusion::Structure(index))?);
        }
        Ok(Shares {
            clearance,
            length: 1.0 - ray.length_mm / self.rules.longest_mm,
            angle,
            bone: self.bone_share(bone_mm),
        })
    }

    fn ray(&self, entry: Point<Lps>) -> Option<Ray> {
        let way = entry - self.target;
        Some(Ray {
            target: self.target,
            outwards: way.direction()?,
            length_mm: way.length(),
        })
    }

    fn check_side(&self, ray: &Ray, skin: Option<Vector<Lps>>) -> Result<(), Exclusion> {
        if skin.is_some_and(|normal| normal.dot(ray.outwards) < FLATTEST_COSINE) {
            return Err(Exclusion::Flat);
        }
        let Some(position) = self.position else {
            return Ok(());
        };
        let skin_is_down = skin.is_some_and(|normal| position.to_room(normal).y > SKIN_DOWN_SINE);
        if skin_is_down || position.to_room(ray.outwards).y > NEEDLE_UP_SINE {
            return Err(Exclusion::Table);
        }
        Ok(())
    }

    /// How far the worse of both angles lies outside its usual range, degrees.
    fn excess_deg(&self, angles: OperatorAngles) -> f64 {
        let beyond = |range: Option<super::AngleRange>, angle: Degrees| {
            range.map_or(0.0, |range| range.excess_deg(angle))
        };
        beyond(self.rules.oblique, angles.oblique).max(beyond(self.rules.tilt, angles.tilt))
    }

    /// Whether oblique and tilt of an entry lie in their usual ranges.
    pub(super) fn is_within_usual_angles(&self, entry: Point<Lps>) -> bool {
        self.ray(entry)
            .is_some_and(|ray| self.excess_deg(angles_of(&ray)) <= 0.0)
    }

    fn angle_share(&self, angles: OperatorAngles) -> Option<f64> {
        let excess_deg = self.excess_deg(angles);
        if excess_deg <= 0.0 {
            return Some(1.0);
        }
        (excess_deg <= self.rules.angle_slack_deg)
            .then(|| 1.0 - excess_deg / self.rules.angle_slack_deg)
    }

    /// Bone crossed in the last part, where it is allowed, mm; or what bars the way.
    fn bone_mm(&self, ray: &Ray) -> Result<f64, Exclusion> {
        let mut bone_mm = 0.0;
        let steps = (ray.length_mm / STEP_MM) as usize;
        for step in 0..=steps {
            let at_mm = step as f64 * STEP_MM;
            let point = ray.at(at_mm);
            let at_skin = at_mm > ray.length_mm - AT_SKIN_MM;
            match value_at(self.volume, point, Interpolation::Linear) {
                None if at_skin => {}
                None => return Err(Exclusion::OutsideImages),
                Some(hu) if hu > BONE_HU => {
                    if at_mm > self.rules.may_cross_bone_last_mm {
                        return Err(Exclusion::Bone);
                    }
                    bone_mm += STEP_MM;
                }
                Some(hu) if hu < SKIN_EDGE_HU && !at_skin => {
                    return Err(if self.air.is_outside(self.volume, point) {
                        Exclusion::OffBody
                    } else {
                        Exclusion::Gas
                    });
                }
                Some(_) => {}
            }
        }
        Ok(bone_mm)
    }

    fn bone_share(&self, bone_mm: f64) -> f64 {
        if bone_mm <= 0.0 {
            return 1.0;
        }
        (1.0 - bone_mm / self.rules.may_cross_bone_last_mm.max(STEP_MM)).max(0.0)
    }

    /// The verdict with all numbers and reasons; for the place under the mouse or a list.
    pub fn assess(
        &self,
        entry: Point<Lps>,
        outwards_of_skin: Option<Vector<Lps>>,
    ) -> Option<Assessment> {
        let ray = self.ray(entry)?;
        let angles = angles_of(&ray);
        let verdict = self.verdict(entry, outwards_of_skin);
        let radius_mm = self.rules.needle_radius_mm;
        let clearances_mm: Vec<f64> = self
            .obstacles
            .iter()
            .map(|obstacle| {
                let from_mm = obstacle.margin.free_last_mm;
                let axis_mm = ray.clearance_mm(obstacle.field, from_mm, FAR_MM, f64::NEG_INFINITY);
                axis_mm - radius_mm
            })
            .collect();
        let mut reasons = Vec::new();
        if let Verdict::Excluded(exclusion) = verdict {
            let names: Vec<&str> = self
                .obstacles
                .iter()
                .map(|obstacle| obstacle.name)
                .collect();
            reasons.push(Reason {
                share: 0.0,
                weight: 0.0,
                text: exclusion.words(&names),
            });
        }
        reasons.push(self.clearance_reason(&clearances_mm));
        reasons.push(self.angle_reason(angles));
        reasons.push(Reason {
            share: (1.0 - ray.length_mm / self.rules.longest_mm).clamp(0.0, 1.0),
            weight: self.rules.weights.length,
            text: format!(
                "{:.0} mm of at most {:.0} mm",
                ray.length_mm, self.rules.longest_mm
            ),
        });
        reasons.extend(self.bone_reason(&ray));
        Some(Assessment {
            verdict,
            length_mm: ray.length_mm,
            angles,
            clearances_mm,
            reasons,
        })
    }

    fn clearance_reason(&self, clearances_mm: &[f64]) -> Reason {
        let share_of = |pair: &(&Obstacle<'_>, &f64)| clearance_share(&pair.0.margin, *pair.1);
        let worst = self.obstacles.iter().zip(clearances_mm).min_by(|a, b| {
            let order = |pair: &(&Obstacle<'_>, &f64)| share_of(pair).unwrap_or(-1.0);
            order(a).total_cmp(&order(b)).then(a.1.total_cmp(b.1))
        });
        let (share, text) = match worst {
            None => (1.0, "no structures to keep away from".to_owned()),
            Some(pair) => {
                let (obstacle, mm) = pair;
                let Margin {
                    stop_mm, warn_mm, ..
                } = obstacle.margin;
                let words = match share_of(&pair) {
                    None => format!("stop below {stop_mm}"),
                    Some(share) if share < 1.0 => format!("warn below {warn_mm}"),
                    Some(_) => format!("warn {warn_mm}"),
                };
                let text = format!("clearance {mm:.1} mm to {}: {words}", obstacle.name);
                (share_of(&pair).unwrap_or(0.0), text)
            }
        };
        Reason {
            share,
            weight: self.rules.weights.clearance,
            text,
        }
    }

    fn angle_reason(&self, angles: OperatorAngles) -> Reason {
        let mut text = format!(
            "{:.0}° oblique, {:.0}° tilt",
            angles.oblique.0, angles.tilt.0
        );
        for (range, angle, name) in [
            (self.rules.oblique, angles.oblique, "oblique"),
            (self.rules.tilt, angles.tilt, "tilt"),
        ] {
            if let Some(range) = range.filter(|range| range.excess_deg(angle) > 0.0) {
                let (from, to) = (range.from.0, range.to.0);
                text = format!("{text}, {name} outside {from:.0} to {to:.0}°");
            }
        }
        Reason {
            share: self.angle_share(angles).unwrap_or(0.0),
            weight: self.rules.weights.angle,
            text,
        }
    }

    fn bone_reason(&self, ray: &Ray) -> Option<Reason> {
        let bone_mm = self.bone_mm(ray).ok()?;
        let text = if bone_mm > 0.0 {
            format!(
                "{bone_mm:.0} mm of bone in the last {:.0} mm",
                self.rules.may_cross_bone_last_mm
            )
        } else {
            "no bone in the way".to_owned()
        };
        Some(Reason {
            share: self.bone_share(bone_mm),
            weight: self.rules.weights.bone,
            text,
        })
    }

    /// What makes every entry of this target impossible, in words: shown above the map.
    pub fn target_faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for obstacle in self.obstacles {
            let mm = obstacle.field.distance_mm(self.target) - self.rules.needle_radius_mm;
            let stop_mm = obstacle.margin.stop_mm;
            if obstacle.margin.free_last_mm <= 0.0 && mm < stop_mm {
                faults.push(format!(
                    "The target lies {mm:.1} mm from {}: stop below {stop_mm}",
                    obstacle.name
                ));
            }
        }
        match value_at(self.volume, self.target, Interpolation::Linear) {
            None => faults.push("The target is outside the images".to_owned()),
            Some(hu) if hu > BONE_HU && self.rules.may_cross_bone_last_mm <= 0.0 => {
                faults.push(format!(
                    "The target lies in bone ({hu:.0} HU) and the procedure crosses none"
                ));
            }
            Some(_) => {}
        }
        faults
    }
}

fn angles_of(ray: &Ray) -> OperatorAngles {
    // A unit vector always has angles.
    CArmAngles::of_receptor(ray.outwards).map_or(
        OperatorAngles {
            oblique: Degrees(0.0),
            tilt: Degrees(0.0),
        },
        CArmAngles::operator,
    )
}

/// 0 at the stop margin, 1 from the warn margin on; `None` below the stop margin or for NaN.
fn clearance_share(margin: &Margin, shaft_mm: f64) -> Option<f64> {
    if shaft_mm.is_nan() || shaft_mm < margin.stop_mm {
        return None;
    }
    let width_mm = margin.warn_mm - margin.stop_mm;
    if width_mm.is_nan() || width_mm <= 0.0 {
        return Some(1.0);
    }
    Some(((shaft_mm - margin.stop_mm) / width_mm).clamp(0.0, 1.0))
}
