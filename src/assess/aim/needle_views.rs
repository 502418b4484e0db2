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
        }));
        views
    }

    fn progress(&self) -> Vec<Wanted> {
        let n = self.segment.vector();
        let Some(beams) = progress_beams(n, self.setup, |angles| self.effort(angles)) else {
            return Vec::new();
        };
        let like = if beams.like_lateral { "lateral" } else { "AP" };
        let apart = format!(
            "The needle at full length, {:.0}° from progress 1",
            beams.apart.0
        );
        [
            (
                1,
                format!("The needle at full length, nearest to {like}"),
                beams.first,
            ),
            (2, apart, beams.second),
        ]
        .map(|(place, see, angles)| Wanted {
            purpose: ViewPurpose::Progress(place),
            title: format!("Progress {place}"),
            see: Some(see),
            angles,
        })
        .into()
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
mod tests {
    use super::*;
    use crate::geometry::{PatientPosition, Point};
    use crate::plan::{
        CArmLibrary, EndPlate, ProcedureLibrary, SpineEdit, TrajectoryId, VertebraLabel,
    };
    use crate::study::Side;

    fn needle(entry: [f64; 3], target: [f64; 3]) -> Trajectory {
        let mut needle = Trajectory::new(TrajectoryId(0), "n".to_owned());
        needle.entry = Some(entry.into());
        needle.target = Some(target.into());
        needle
    }

    /// Row 1 of section 2.8: left L4-5, head first prone.
    fn row_1() -> Trajectory {
        needle([53.3, 111.4, -13.9], [20., 40., 0.])
    }

    fn setup(id: &str, code: &str) -> CArmSetup<'static> {
        let profile = CArmLibrary::builtin().find(id).unwrap();
        CArmSetup::usual(profile, PatientPosition::from_code(code))
    }

    fn views(needle: &Trajectory, spine: &Spine, setup: &CArmSetup<'_>) -> NeedleViews {
        let intent = needle.intent.as_ref();
        let procedure =
            intent.and_then(|intent| ProcedureLibrary::builtin().find(&intent.procedure));
        NeedleViews::of(needle, spine, procedure, setup).unwrap()
    }

    fn l4(spine: &mut Spine) {
        let lean = 10.0_f64.to_radians();
        let vertebra = "L4".parse().unwrap();
        for edit in [
            SpineEdit::Label(VertebraLabel {
                vertebra,
                body: Point::new(0., 15., -15.),
                spinous_process: Some(Point::new(0., 80., -20.)),
            }),
            SpineEdit::SetEndPlate(EndPlate {
                vertebra,
                face: EndPlateFace::Superior,
                points: [
                    Point::new(0., 0., 0.),
                    Point::new(0., 34.0 * lean.cos(), 34.0 * lean.sin()),
                ],
            }),
        ] {
            spine.apply(&edit).unwrap();
        }
    }

    #[test]
    fn the_five_views_of_the_first_worked_example() {
        let found = views(
            &row_1(),
            &Spine::default(),
            &setup("angiography-floor", "HFP"),
        );
        let purposes: Vec<ViewPurpose> = found.views.iter().map(|view| view.purpose).collect();
        use ViewPurpose::{Ap, BullsEye, Lateral, Progress};
        assert_eq!(purposes, [BullsEye, Progress(1), Progress(2), Ap, Lateral]);
        let bulls_eye = found.find(BullsEye).unwrap();
        assert_eq!(
            bulls_eye.phrase,
            "25° left oblique, 10° caudal tilt; needle 10° cephalad"
        );
        let console = bulls_eye.console.as_ref().unwrap();
        assert!(
            (console.primary.0 + 25.0).abs() < 0.06 && (console.secondary.0 + 10.0).abs() < 0.06
        );
        let side = bulls_eye.side.as_ref().unwrap();
        assert!((side.orbital.0 + 24.6).abs() < 0.06 && (side.tilt.0 + 11.0).abs() < 0.06);
        assert!(bulls_eye.seen.as_ref().unwrap().apart_on_receptor_mm < 1e-9);
        for place in [1, 2] {
            let seen = found.find(Progress(place)).unwrap().seen.clone().unwrap();
            assert!((seen.shown_share - 1.0).abs() < 1e-9, "{seen:?}");
        }
        let phrase = |purpose| found.find(purpose).unwrap().phrase.as_str();
        assert_eq!(phrase(Ap), "AP, no tilt");
        // The receptor already leans left.
        assert_eq!(phrase(Lateral), "lateral (receptor left), no tilt");
        assert!(
            found
                .views
                .iter()
                .all(|view| view.reach.as_ref().unwrap().is_reached())
        );
    }

    #[test]
    fn the_receptor_goes_where_the_c_arm_lets_it() {
        let prone = |id: &str| {
            let found = views(&row_1(), &Spine::default(), &setup(id, "HFP"));
            found.find(ViewPurpose::Lateral).unwrap().phrase.clone()
        };
        assert!(prone("mobile-side-left").contains("receptor left"));
        assert!(prone("mobile-side-right").contains("receptor right"));
        // Supine, a receptor at the back would hang below the table.
        let found = views(
            &row_1(),
            &Spine::default(),
            &setup("angiography-floor", "HFS"),
        );
        let ap = found.find(ViewPurpose::Ap).unwrap();
        assert!(ap.angles.primary.0.abs() < 1e-9 && ap.phrase == "AP");
        // The bull's-eye keeps the receptor on the entry side and says what is broken.
        let bulls_eye = found.find(ViewPurpose::BullsEye).unwrap();
        let reach = bulls_eye.reach.as_ref().unwrap();
        assert_eq!(reach.broken_words(), "primary 35.0° beyond 120.0°");
        assert_eq!(bulls_eye.angles.primary.0.round(), 155.0);
    }

    #[test]
    fn what_the_procedure_asks_for_is_taken_on_its_side() {
        let mut needle = row_1();
        needle.intent = Some(Intent {
            procedure: "interlaminar".to_owned(),
            level: Some("L4-L5".parse().unwrap()),
            side: Some(Side::Left),
        });
        let setup = setup("angiography-floor", "HFP");
        let found = views(&needle, &Spine::default(), &setup);
        let oblique = found.views.last().unwrap();
        assert_eq!(oblique.title, "Contralateral oblique");
        assert_eq!(oblique.phrase, "45° right oblique, no tilt");
        let ap = found.find(ViewPurpose::Ap).unwrap();
        assert!(ap.see.is_some() && found.find(ViewPurpose::Lateral).unwrap().see.is_some());
        needle.intent.as_mut().unwrap().side = Some(Side::Right);
        let found = views(&needle, &Spine::default(), &setup);
        assert_eq!(
            found.views.last().unwrap().phrase,
            "45° left oblique, no tilt"
        );
    }

    #[test]
    fn a_clicked_end_plate_is_squared_and_tilts_the_scotty_dog() {
        let mut spine = Spine::default();
        l4(&mut spine);
        let mut needle = row_1();
        needle.intent = Some(Intent {
            procedure: "transforaminal-supraneural".to_owned(),
            level: Some("L4-L5".parse().unwrap()),
            side: Some(Side::Left),
        });
        let found = views(&needle, &spine, &setup("angiography-floor", "HFP"));
        let squared = found
            .find(ViewPurpose::Squared("L4".parse().unwrap()))
            .unwrap();
        assert_eq!(squared.phrase, "AP, 10° cephalad tilt");
        let dog = found
            .views
            .iter()
            .find(|view| view.title.starts_with("Scotty"))
            .unwrap();
        // 25–45° in the file; at κ 35 the plate is edge-on at atan(tan 10° · cos 35°) = 8.2°.
        assert_eq!(dog.phrase, "35° left oblique, 8° cephalad tilt");
    }

    #[test]
    fn an_isocentre_elsewhere_gives_a_residual_and_its_own_bulls_eye() {
        let mut setup = setup("angiography-floor", "HFP");
        setup.isocenter = Some(Point::new(30., 45., 10.));
        let found = views(&row_1(), &Spine::default(), &setup);
        let seen = |purpose| found.find(purpose).unwrap().seen.clone().unwrap();
        let plain = seen(ViewPurpose::BullsEye);
        assert!(
            plain.apart_at_target_mm > 0.5 && plain.off_center_mm > 10.0,
            "{plain:?}"
        );
        assert!(seen(ViewPurpose::BullsEyeOffCenter).apart_on_receptor_mm < 1e-9);
    }

    #[test]
    fn what_is_missing_is_said() {
        let setup = CArmSetup {
            position: None,
            ..setup("angiography-floor", "HFP")
        };
        let found = views(&row_1(), &Spine::default(), &setup);
        let bulls_eye = found.find(ViewPurpose::BullsEye).unwrap();
        assert!(
            bulls_eye
                .reach
                .as_ref()
                .unwrap_err()
                .contains("patient position")
        );
        assert!(bulls_eye.console.is_err() && bulls_eye.seen.is_ok());
        let mut half = row_1();
        half.entry = None;
        let none = NeedleViews::of(&half, &Spine::default(), None, &setup);
        assert_eq!(none, Err("No entry yet".to_owned()));
        half.entry = half.target;
        let none = NeedleViews::of(&half, &Spine::default(), None, &setup);
        assert!(none.unwrap_err().contains("same place"));
    }
}
