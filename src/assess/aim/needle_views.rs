//! The views of one needle in the order they are taken: end-on, two from the side, AP, lateral,
//! what its end-plate and its procedure ask for.

use super::orthogonal::progress_beams;
use super::{CArmSetup, SeenNeedle, bulls_eye_about};
use crate::geometry::{
    CArmAngles, ConsoleAngles, Degrees, Lps, OperatorAngles, Segment, SideCArmAngles, Vector,
    needle_angle::angle_between, wrap_180,
};
use crate::plan::procedure::View;
use crate::plan::{
    EndPlateFace, Intent, Known, Procedure, Reach, Spine, SpineReadout, Trajectory, VertebraFrame,
    phrase,
};
use crate::study::Vertebra;

/// Views of a procedure nearer than this to another one are that one, degrees.
const SAME_VIEW_DEG: f64 = 0.5;

/// Off the isocentre by more than this, the target has a bull's-eye of its own, mm.
const OFF_CENTER_MM: f64 = 0.05;

/// What a view is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewPurpose {
    /// The needle as a point, once the target is at the isocentre.
    BullsEye,
    /// The needle as a point with the isocentre where it is.
    BullsEyeOffCenter,
    /// The needle at full length: first and second beam across it.
    Progress(u8),
    /// Straight front to back.
    Ap,
    /// Straight from the side.
    Lateral,
    /// AP with the superior end-plate of a vertebra edge-on.
    Squared(Vertebra),
    /// What the procedure asks for.
    Procedure,
}

impl ViewPurpose {
    /// In JSON.
    pub fn key(self) -> &'static str {
        match self {
            Self::BullsEye => "bulls_eye",
            Self::BullsEyeOffCenter => "bulls_eye_off_center",
            Self::Progress(1) => "progress_1",
            Self::Progress(_) => "progress_2",
            Self::Ap => "ap",
            Self::Lateral => "lateral",
            Self::Squared(_) => "squared",
            Self::Procedure => "procedure",
        }
    }
}

/// How far a progress view stands from another view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Apart {
    /// Between the two beams, 0–90°.
    pub angle: Degrees,
    /// From what: `lateral`, `AP`, `progress 1`.
    pub from: &'static str,
}

impl Apart {
    /// `50° from lateral`.
    pub fn words(self) -> String {
        format!("{:.0}° from {}", self.angle.0, self.from)
    }
}

/// One view of a needle.
#[derive(Debug, Clone, PartialEq)]
pub struct AimedView {
    /// What it is for.
    pub purpose: ViewPurpose,
    /// Name shown.
    pub title: String,
    /// What must be seen, where there is something to say.
    pub see: Option<String>,
    /// α, β: DICOM positioner pair.
    pub angles: CArmAngles,
    /// What a console shows that takes every patient for head first supine.
    pub console: Known<ConsoleAngles>,
    /// Mechanical angles of a C-arm at the table side.
    pub side: Known<SideCArmAngles>,
    /// As spoken.
    pub phrase: String,
    /// Of a progress view: the first from the lateral or AP it is meant to be like, the second from
    /// the first.
    pub apart: Option<Apart>,
    /// How the C-arm is set, and what bars it.
    pub reach: Known<Reach>,
    /// How the needle lies in it.
    pub seen: Known<SeenNeedle>,
}

/// All views of one needle.
#[derive(Debug, Clone, PartialEq)]
pub struct NeedleViews {
    /// In the order they are taken.
    pub views: Vec<AimedView>,
}

struct Wanted {
    purpose: ViewPurpose,
    title: String,
    see: Option<String>,
    angles: CArmAngles,
    apart: Option<Apart>,
}

impl NeedleViews {
    /// Aims at a needle; why it cannot be aimed at otherwise. `procedure` is what its intent names.
    pub fn of(
        needle: &Trajectory,
        spine: &Spine,
        procedure: Option<&Procedure>,
        setup: &CArmSetup<'_>,
    ) -> Known<Self> {
        let segment = needle
            .segment()
            .ok_or(match (needle.entry, needle.target) {
                (None, Some(_)) => "No entry yet",
                (Some(_), None) => "No target yet",
                _ => "No target and no entry yet",
            })?;
        let n = segment.vector();
        let bulls_eye = CArmAngles::of_needle(n).ok_or("Entry and target are at the same place")?;
        let aim = Aim {
            setup,
            segment,
            bulls_eye,
        };
        let mut wanted = aim.end_on();
        wanted.extend(aim.progress());
        wanted.extend(aim.plain());
        let readout = SpineReadout::of(needle, spine);
        let frame = readout.squared_to.ok().and_then(|vertebra| {
            let frame = VertebraFrame::of(spine, vertebra, EndPlateFace::Superior).ok()?;
            Some((vertebra, frame))
        });
        wanted.extend(frame.map(|(vertebra, frame)| aim.squared(vertebra, &frame)));
        if let Some((procedure, intent)) = procedure.zip(needle.intent.as_ref()) {
            let frame = frame.map(|(_, frame)| frame);
            aim.add_procedure(&mut wanted, procedure, intent, frame.as_ref());
        }
        let views = wanted.into_iter().map(|view| aim.finish(view)).collect();
        Ok(Self { views })
    }

    /// The first view of a purpose.
    pub fn find(&self, purpose: ViewPurpose) -> Option<&AimedView> {
        self.views.iter().find(|view| view.purpose == purpose)
    }
}

/// A receptor pair from what an operator says.
pub(super) fn of_operator(operator: OperatorAngles) -> CArmAngles {
    CArmAngles {
        primary: wrap_180(Degrees(180.0 - operator.oblique.0)),
        secondary: operator.tilt,
    }
}

fn spoken(oblique_deg: f64, tilt_deg: f64) -> CArmAngles {
    of_operator(OperatorAngles {
        oblique: Degrees(oblique_deg),
        tilt: Degrees(tilt_deg),
    })
}

struct Aim<'a> {
    setup: &'a CArmSetup<'a>,
    segment: Segment,
    bulls_eye: CArmAngles,
}

impl Aim<'_> {
    fn end_on(&self) -> Vec<Wanted> {
        let mut views = vec![Wanted {
            purpose: ViewPurpose::BullsEye,
            title: "Bull's-eye".to_owned(),
            see: Some("Entry over target: the needle is a point".to_owned()),
            angles: self.bulls_eye,
            apart: None,
        }];
        let sod_mm = self.setup.source_to_isocenter_mm;
        let off_center = self
            .setup
            .isocenter
            .filter(|isocenter| isocenter.distance(self.segment.end) > OFF_CENTER_MM)
            .and_then(|isocenter| bulls_eye_about(isocenter, self.segment, sod_mm));
        views.extend(off_center.map(|angles| Wanted {
            purpose: ViewPurpose::BullsEyeOffCenter,
            title: "Bull's-eye, isocentre as it is".to_owned(),
            see: Some("Entry over target without moving the C-arm over the patient".to_owned()),
            angles,
            apart: None,
        }));
        views
    }

    fn progress(&self) -> Vec<Wanted> {
        let n = self.segment.vector();
        let Some(beams) = progress_beams(n, self.setup, |angles| self.effort(angles)) else {
            return Vec::new();
        };
        let like = if beams.like_lateral { "lateral" } else { "AP" };
        let (plain, apart) = (beams.from_plain, beams.apart);
        [
            (1, beams.first, plain, like),
            (2, beams.second, apart, "progress 1"),
        ]
        .map(|(place, angles, angle, from)| {
            let apart = Apart { angle, from };
            // The search gives such a second beam only where there is no better one.
            let alone = place == 2 && self.is_out_of_reach(angles);
            let why = if alone {
                "; nothing that is reached stands well apart from progress 1"
            } else {
                ""
            };
            Wanted {
                purpose: ViewPurpose::Progress(place),
                title: format!("Progress {place}"),
                see: Some(format!("The needle from the side, {}{why}", apart.words())),
                angles,
                apart: Some(apart),
            }
        })
        .into()
    }

    fn is_out_of_reach(&self, angles: CArmAngles) -> bool {
        matches!(self.setup.reach(angles), Ok(reach) if !reach.is_reached())
    }

    /// AP and lateral with the receptor on the side that is reached.
    fn plain(&self) -> [Wanted; 2] {
        let behind = self.segment.vector().0.y <= 0.0;
        let ap = if behind {
            spoken(0.0, 0.0)
        } else {
            spoken(180.0, 0.0)
        };
        let view = |purpose, title: &str, angles| Wanted {
            purpose,
            title: title.to_owned(),
            see: None,
            angles: self.reached_side(angles),
            apart: None,
        };
        let left = spoken(90.0, 0.0);
        let right = opposite(left);
        let lateral = if self.effort(right) < self.effort(left) {
            right
        } else {
            left
        };
        [
            view(ViewPurpose::Ap, "AP", ap),
            view(ViewPurpose::Lateral, "Lateral", lateral),
        ]
    }

    fn squared(&self, vertebra: Vertebra, frame: &VertebraFrame) -> Wanted {
        let oblique = if self.segment.vector().0.y <= 0.0 {
            0.0
        } else {
            180.0
        };
        let tilt = frame.squared_tilt(Degrees(oblique));
        Wanted {
            purpose: ViewPurpose::Squared(vertebra),
            title: format!("AP, {vertebra} end-plate squared"),
            see: Some(format!("The superior end-plate of {vertebra} edge-on")),
            angles: self.reached_side(spoken(oblique, tilt.0)),
            apart: None,
        }
    }

    fn add_procedure(
        &self,
        wanted: &mut Vec<Wanted>,
        procedure: &Procedure,
        intent: &Intent,
        frame: Option<&VertebraFrame>,
    ) {
        // Where the plan names no side, ipsilateral is where the needle comes from.
        let side = intent.side.map_or_else(
            || self.bulls_eye.operator().oblique.0.signum(),
            crate::study::Side::sign,
        );
        let from_plate = intent
            .level
            .is_some_and(|level| procedure.endplate(level).is_some());
        let frame = frame.filter(|_| from_plate);
        for view in &procedure.views {
            let lateral = view.oblique.is_none()
                && ["lateral", "true lateral"].contains(&view.name.to_lowercase().as_str());
            let angles = asked_for(view, side, frame).map(|angles| self.reached_side(angles));
            let same = wanted.iter_mut().find(|one| match one.purpose {
                ViewPurpose::Lateral if lateral => true,
                ViewPurpose::Ap | ViewPurpose::Lateral | ViewPurpose::Squared(_) => {
                    angles.is_some_and(|angles| apart_deg(one.angles, angles) < SAME_VIEW_DEG)
                }
                _ => false,
            });
            match (same, angles) {
                (Some(same), _) => {
                    same.see = Some(match same.see.take() {
                        Some(see) => format!("{see}; {}", view.see),
                        None => view.see.clone(),
                    });
                }
                (None, Some(angles)) => wanted.push(Wanted {
                    purpose: ViewPurpose::Procedure,
                    title: view.name.clone(),
                    see: Some(view.see.clone()),
                    angles,
                    apart: None,
                }),
                // A sweep, a CT plane, a pedicle axis: nothing to set a C-arm to.
                (None, None) => {}
            }
        }
    }

    /// The receptor on this side, or on the other where only that is reached.
    fn reached_side(&self, angles: CArmAngles) -> CArmAngles {
        let other = opposite(angles);
        let reached = |angles| {
            self.setup
                .reach(angles)
                .is_ok_and(|reach| reach.is_reached())
        };
        if !reached(angles) && reached(other) {
            other
        } else {
            angles
        }
    }

    /// How much a view asks for beyond the bull's-eye: degrees to turn, and far more for what is
    /// out of reach. Without a known reach the angle between the beams.
    fn effort(&self, angles: CArmAngles) -> f64 {
        match (self.setup.reach(angles), self.setup.reach(self.bulls_eye)) {
            (Ok(reach), Ok(from)) => reach.turn_to(&from).0 + 1000.0 * reach.beyond().0,
            _ => apart_deg(angles, self.bulls_eye),
        }
    }

    fn finish(&self, view: Wanted) -> AimedView {
        let angles = view.angles;
        let position = self.setup.position.ok_or(super::NO_POSITION);
        let pose = self.setup.pose(angles, self.segment.end);
        let phrase = match view.purpose {
            ViewPurpose::BullsEye => phrase::carm(angles),
            _ => phrase::view(angles),
        };
        AimedView {
            purpose: view.purpose,
            title: view.title,
            see: view.see,
            angles,
            console: position
                .map(|position| angles.console(position))
                .map_err(str::to_owned),
            side: position
                .map(|position| angles.side_carm(position))
                .map_err(str::to_owned),
            phrase,
            apart: view.apart,
            reach: self.setup.reach(angles),
            seen: SeenNeedle::of(&pose, self.segment, self.setup.field_mm),
        }
    }
}

/// What a procedure asks for, where it says how far oblique: the middle of its ranges, squared to
/// the end-plate it counts from where that is known and it gives no tilt.
fn asked_for(view: &View, side: f64, frame: Option<&VertebraFrame>) -> Option<CArmAngles> {
    let oblique = side * view.oblique.as_ref()?.bounds.middle()?;
    let tilt = match (&view.tilt, frame) {
        (Some(tilt), _) => tilt.bounds.middle()?,
        (None, Some(frame)) => frame.squared_tilt(Degrees(oblique)).0,
        (None, None) => 0.0,
    };
    Some(spoken(oblique, tilt))
}

/// Tube and receptor exchanged.
fn opposite(angles: CArmAngles) -> CArmAngles {
    CArmAngles {
        primary: wrap_180(Degrees(angles.primary.0 + 180.0)),
        // Not a negative zero.
        secondary: Degrees(0.0 - angles.secondary.0),
    }
}

/// Between the beams of two views, 0–180°.
pub(super) fn apart_deg(a: CArmAngles, b: CArmAngles) -> f64 {
    let (a, b): (Vector<Lps>, Vector<Lps>) = (a.receptor_direction(), b.receptor_direction());
    angle_between(a, b).map_or(0.0, |angle| angle.0)
}

#[cfg(test)]
mod tests;
