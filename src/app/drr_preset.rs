//! The usual views of fluoroscopy, from how the patient lies and what was planned.

use super::AppState;
use super::viewport::Posture;
use crate::assess::aim::Face;
use crate::geometry::{CArmAngles, Degrees, OperatorAngles, wrap_180};
use crate::plan::{EndPlate, Known, Midline, VertebraFrame};
use crate::study::Side;

/// Oblique of the contralateral oblique view of the lumbar spine (clinical reference sheet, 1.1).
const CONTRALATERAL: f64 = 45.0;

/// Obliques below this have no side.
const STRAIGHT_DEG: f64 = 1.0;

/// A usual view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrrPreset {
    /// Straight: the receptor over the patient's back when prone, else over the front.
    Frontal,
    /// From the side; the receptor on this one.
    Lateral(Side),
    /// So many degrees from the straight view, the receptor toward this side. Counted from the face
    /// that the needle comes in by, so that the side of the needle is the ipsilateral one; without a
    /// needle from the upper face.
    Oblique(u8, Side),
    /// The line 45° toward the side that the needle does not come from, counted from the face that it
    /// comes in by; the receptor at the upper end of that line.
    ContralateralOblique,
    /// Tilts, at the oblique that there is, until the end-plate nearest to the isocentre is seen
    /// edge-on.
    SquareEndPlate,
}

impl DrrPreset {
    /// All, in menu order.
    pub const ALL: [Self; 9] = [
        Self::Frontal,
        Self::Lateral(Side::Left),
        Self::Lateral(Side::Right),
        Self::Oblique(25, Side::Left),
        Self::Oblique(25, Side::Right),
        Self::Oblique(45, Side::Left),
        Self::Oblique(45, Side::Right),
        Self::ContralateralOblique,
        Self::SquareEndPlate,
    ];

    /// Words of the menu.
    pub fn title(self) -> String {
        match self {
            Self::Frontal => "AP".to_owned(),
            Self::Lateral(side) => format!("Lateral, receptor {}", side.word()),
            Self::Oblique(degrees, side) => format!("Oblique {degrees}° {}", side.word()),
            Self::ContralateralOblique => "Contralateral oblique".to_owned(),
            Self::SquareEndPlate => "Square this end-plate".to_owned(),
        }
    }
}

impl AppState {
    /// Angles of a usual view, or what is missing for it.
    pub fn preset_angles(&self, preset: DrrPreset) -> Known<CArmAngles> {
        let tilt = Degrees(0.0);
        match preset {
            DrrPreset::Frontal => Ok(self.turned_toward(0.0)),
            DrrPreset::Lateral(side) => Ok(CArmAngles {
                primary: Degrees(90.0 * side.sign()),
                secondary: tilt,
            }),
            DrrPreset::Oblique(degrees, side) => {
                let face = self.needle_face().unwrap_or_else(|| self.lying());
                Ok(oblique(face, f64::from(degrees) * side.sign()))
            }
            DrrPreset::ContralateralOblique => {
                let away = -self.needle_side()?.sign();
                let upper = self.lying();
                let face = self.needle_face().unwrap_or(upper);
                // Seen from the other face the same line leaves on the other side.
                let swap = if face == upper { 1.0 } else { -1.0 };
                Ok(oblique(upper, CONTRALATERAL * away * swap))
            }
            DrrPreset::SquareEndPlate => self.squared(),
        }
    }

    /// So many degrees toward patient left from the straight view, without tilt.
    pub(super) fn turned_toward(&self, left_deg: f64) -> CArmAngles {
        oblique(self.lying(), left_deg)
    }

    /// The posture that has the face uppermost by which the needle comes in: prone for one from
    /// behind; `None` without a needle.
    fn needle_face(&self) -> Option<Posture> {
        let needle = self.followed_needle()?.segment()?;
        let angles = CArmAngles::of_needle(needle.vector())?;
        Some(match Face::of(angles) {
            Face::Posterior => Posture::Prone,
            Face::Anterior => Posture::Supine,
        })
    }

    /// As the plan declares, else as the images say.
    fn lying(&self) -> Posture {
        let position = self.patient_position();
        if position.is_some_and(crate::geometry::PatientPosition::is_prone) {
            Posture::Prone
        } else {
            Posture::Supine
        }
    }

    /// The side that the needle comes from; for a straight one that of its target.
    fn needle_side(&self) -> Known<Side> {
        let missing = "The contralateral view is that of a needle: place one with entry and target";
        let needle = self.followed_needle().ok_or(missing)?;
        let segment = needle.segment().ok_or(missing)?;
        let angles = CArmAngles::of_needle(segment.vector()).ok_or(missing)?;
        let OperatorAngles { oblique, .. } = angles.operator();
        // From behind, + oblique is an entry on the left; from the front the same holds for sin.
        let aside = oblique.to_radians().sin();
        if aside.abs() > Degrees(STRAIGHT_DEG).to_radians().sin() {
            return Ok(Side::of(aside));
        }
        if let Ok(midline) = Midline::of(&self.plan().spine) {
            return Ok(midline.lateral(segment.end).1);
        }
        let why = "The needle is straight, and without a midline its side is not known: click the \
                   midline";
        Err(why.to_owned())
    }

    /// The tilt that shows an end-plate edge-on at the oblique that there is (2.5 item 8).
    fn squared(&self) -> Known<CArmAngles> {
        let spine = &self.plan().spine;
        let isocenter = self.drr_isocenter();
        let away = |plate: &&EndPlate| {
            let [a, b] = plate.points;
            a.lerp(b, 0.5).distance(isocenter)
        };
        let plate = spine
            .end_plates
            .iter()
            .min_by(|a, b| away(a).total_cmp(&away(b)))
            .ok_or("No end-plate yet: click one with the end-plate tool")?;
        let frame = VertebraFrame::of(spine, plate.vertebra, plate.face)?;
        let oblique = self.drr.angles.operator().oblique;
        Ok(CArmAngles {
            primary: self.drr.angles.primary,
            secondary: frame.squared_tilt(oblique),
        })
    }
}

/// So many degrees toward patient left from a receptor over the upper face, without tilt.
fn oblique(upper: Posture, left_deg: f64) -> CArmAngles {
    let primary = match upper {
        Posture::Prone => wrap_180(Degrees(180.0 - left_deg)),
        Posture::Supine => Degrees(left_deg),
    };
    CArmAngles {
        primary,
        secondary: Degrees(0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::command::PlanCommand;
    use crate::app::drr_stage::DrrCommand;
    use crate::app::job::no_waker;
    use crate::app::settings::Folders;
    use crate::geometry::{PatientPosition, Point};
    use crate::plan::{EndPlateFace, PlanEdit, SpineEdit, TrajectoryEnd};

    fn state(position: &str) -> (tempfile::TempDir, AppState) {
        let folder = tempfile::tempdir().unwrap();
        let mut state = AppState::new(Folders::under(folder.path()), no_waker());
        let position = PatientPosition::from_code(position);
        let edit = PlanEdit::SetPatientPosition(position);
        state.apply(PlanCommand::Edit("Position", edit));
        (folder, state)
    }

    fn angles(state: &AppState, preset: DrrPreset) -> (f64, f64) {
        let angles = state.preset_angles(preset).unwrap();
        (angles.primary.0, angles.secondary.0)
    }

    #[test]
    fn the_receptor_is_over_the_back_of_a_prone_patient() {
        let (_folder, prone) = state("HFP");
        assert_eq!(angles(&prone, DrrPreset::Frontal), (180.0, 0.0));
        // 2.8, example 1: a left oblique of 25° is a primary angle of 155°.
        let left = DrrPreset::Oblique(25, Side::Left);
        assert_eq!(angles(&prone, left), (155.0, 0.0));
        let right = DrrPreset::Oblique(45, Side::Right);
        assert_eq!(angles(&prone, right), (-135.0, 0.0));
        let (_folder, supine) = state("HFS");
        assert_eq!(angles(&supine, DrrPreset::Frontal), (0.0, 0.0));
        assert_eq!(angles(&supine, left), (25.0, 0.0));
        for state in [&prone, &supine] {
            assert_eq!(angles(state, DrrPreset::Lateral(Side::Right)), (-90.0, 0.0));
        }
    }

    #[test]
    fn the_contralateral_oblique_is_away_from_the_needle() {
        let (_folder, mut state) = state("HFP");
        let preset = DrrPreset::ContralateralOblique;
        assert!(state.preset_angles(preset).unwrap_err().contains("needle"));
        // From the left and behind (2.8, example 1): the receptor goes 45° to the right.
        put_needle(&mut state, Point::new(53.3, 111.4, -13.9));
        assert_eq!(angles(&state, preset), (-135.0, 0.0));
    }

    /// A needle from `entry` to a target on the left.
    fn put_needle(state: &mut AppState, entry: Point<crate::geometry::Lps>) {
        state.apply(PlanCommand::NewNeedle);
        let id = state.plan().trajectories[0].id;
        for (end, to) in [
            (TrajectoryEnd::Entry, entry),
            (TrajectoryEnd::Target, Point::new(20.0, 40.0, 0.0)),
        ] {
            let edit = PlanEdit::SetEnd { id, end, to };
            state.apply(PlanCommand::Edit("Place", edit));
        }
    }

    #[test]
    fn obliques_are_those_of_the_needle_however_the_patient_lies() {
        // From the left and 20° off straight behind; from the left and 30° off straight in front.
        let behind = Point::new(20.0 + 34.2, 40.0 + 94.0, 0.0);
        let before = Point::new(20.0 + 50.0, 40.0 - 86.6, 0.0);
        for (code, entry, contralateral, ipsilateral) in [
            ("HFP", behind, -135.0, 155.0),
            ("HFS", behind, 45.0, 155.0),
            ("HFS", before, -45.0, 25.0),
            ("HFP", before, 135.0, 25.0),
        ] {
            let (_folder, mut state) = state(code);
            put_needle(&mut state, entry);
            let preset = |preset| state.preset_angles(preset).unwrap();
            let away = preset(DrrPreset::ContralateralOblique);
            assert_eq!(away.primary.0, contralateral, "{code} {entry:?}");
            let toward = preset(DrrPreset::Oblique(25, Side::Left));
            assert_eq!(toward.primary.0, ipsilateral, "{code} {entry:?}");
            // What the pictures show is the line: 45° on the far side of straight, 25° on the near.
            let needle = state.followed_needle().unwrap().segment().unwrap();
            let n = needle.vector().direction().unwrap();
            let off = |angles: CArmAngles| {
                let along = angles.receptor_direction().dot(n).abs();
                along.min(1.0).acos().to_degrees()
            };
            let from_straight = if entry == behind { 20.0 } else { 30.0 };
            assert!((off(away) - 45.0 - from_straight).abs() < 0.1, "{code}");
            assert!(off(toward) < 6.0, "{code}");
        }
    }

    #[test]
    fn squaring_tilts_until_the_end_plate_is_seen_edge_on() {
        let (_folder, mut state) = state("HFP");
        let preset = DrrPreset::SquareEndPlate;
        assert!(
            state
                .preset_angles(preset)
                .unwrap_err()
                .contains("end-plate")
        );
        let tilt = 10.0_f64.to_radians();
        // Its back edge 10° lower than its front: the beam from behind comes from the feet.
        let back = Point::new(0.0, 30.0 * tilt.cos(), -30.0 * tilt.sin());
        let spine = [
            SpineEdit::SetMidline(Some([
                Point::new(0.0, 0.0, 40.0),
                Point::new(0.0, 0.0, -40.0),
                Point::new(0.0, 60.0, 0.0),
            ])),
            SpineEdit::SetEndPlate(EndPlate {
                vertebra: "L4".parse().unwrap(),
                face: EndPlateFace::Superior,
                points: [Point::new(0.0, 0.0, 0.0), back],
            }),
        ];
        for edit in spine {
            state.apply(PlanCommand::Edit("Spine", PlanEdit::Spine(edit)));
        }
        for primary in [180.0, 150.0, -140.0] {
            state.apply(DrrCommand::Angles(CArmAngles {
                primary: Degrees(primary),
                secondary: Degrees(3.0),
            }));
            let squared = state.preset_angles(preset).unwrap();
            assert_eq!(squared.primary, Degrees(primary));
            let plate = crate::geometry::Vector::new(0.0, tilt.sin(), tilt.cos());
            let across = squared.receptor_direction().dot(plate);
            assert!(across.abs() < 1e-9, "{primary}: {across}");
        }
    }
}
