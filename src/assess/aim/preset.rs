//! Usual views that a C-arm is set to with one click.

use super::{CArmSetup, Face};
use crate::geometry::CArmAngles;
use crate::plan::{EndPlateFace, Known, Spine, VertebraFrame};
use crate::study::{Side, Vertebra};

/// How far oblique a contralateral oblique is, degrees (clinical reference sheet, 1.1).
const CONTRALATERAL_DEG: f64 = 45.0;

/// A usual view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Preset {
    /// Straight front to back, no tilt.
    Ap,
    /// Straight from the side, no tilt, receptor on the side that is reached.
    Lateral,
    /// So many degrees oblique with the receptor on a side; the tilt stays.
    Oblique(f64, Side),
    /// 45° oblique with the receptor on the side across from this one; the tilt stays.
    ContralateralTo(Side),
    /// The superior end-plate of a vertebra edge-on; the oblique stays.
    SquareEndPlate(Vertebra),
}

impl Preset {
    /// The angles of the view, from where the C-arm stands `now`; why there are none otherwise.
    pub fn angles(
        self,
        now: CArmAngles,
        spine: &Spine,
        setup: &CArmSetup<'_>,
    ) -> Known<CArmAngles> {
        let face = Face::of(now);
        let [_, tilt] = face.place(now);
        let of = |place| reached_face(face, place, setup);
        Ok(match self {
            Self::Ap => of([0.0, 0.0]),
            Self::Lateral => lateral(now, face, setup),
            Self::Oblique(degrees, side) => of([side.sign() * degrees, tilt]),
            Self::ContralateralTo(side) => of([-side.sign() * CONTRALATERAL_DEG, tilt]),
            Self::SquareEndPlate(vertebra) => {
                let frame = VertebraFrame::of(spine, vertebra, EndPlateFace::Superior)?;
                CArmAngles {
                    primary: now.primary,
                    secondary: frame.squared_tilt(now.operator().oblique),
                }
            }
        })
    }
}

/// A view from this face, or from the other where the C-arm only reaches that: after a lateral
/// nobody knows by which face an AP is meant.
fn reached_face(face: Face, place: [f64; 2], setup: &CArmSetup<'_>) -> CArmAngles {
    let here = face.angles(place);
    let there = face.other().angles(place);
    let reached = |angles| setup.reach(angles).is_ok_and(|reach| reach.is_reached());
    if !reached(here) && reached(there) {
        there
    } else {
        here
    }
}

fn lateral(now: CArmAngles, face: Face, setup: &CArmSetup<'_>) -> CArmAngles {
    let [oblique, _] = face.place(now);
    let near = if oblique < 0.0 { -90.0 } else { 90.0 };
    let [near, far] = [near, -near].map(|oblique| face.angles([oblique, 0.0]));
    let reached = |angles| setup.reach(angles).is_ok_and(|reach| reach.is_reached());
    if !reached(near) && reached(far) {
        far
    } else {
        near
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Degrees, PatientPosition, Point};
    use crate::plan::{CArmLibrary, EndPlate, SpineEdit, VertebraLabel};

    fn pair(primary: f64, secondary: f64) -> CArmAngles {
        CArmAngles {
            primary: Degrees(primary),
            secondary: Degrees(secondary),
        }
    }

    #[test]
    fn presets_are_counted_from_the_face_the_receptor_is_at() {
        let profile = CArmLibrary::builtin().find("mobile-side-left").unwrap();
        let setup = CArmSetup::usual(profile, PatientPosition::from_code("HFP"));
        let spine = Spine::default();
        let of = |preset: Preset, now| preset.angles(now, &spine, &setup).unwrap();
        let behind = pair(155., -10.);
        assert_eq!(of(Preset::Ap, behind), pair(180., 0.));
        assert_eq!(
            of(Preset::Oblique(25.0, Side::Left), behind),
            pair(155., -10.)
        );
        assert_eq!(
            of(Preset::Oblique(45.0, Side::Right), behind),
            pair(-135., -10.)
        );
        assert_eq!(
            of(Preset::ContralateralTo(Side::Left), behind),
            pair(-135., -10.)
        );
        // Prone, this C-arm only brings its receptor to the patient's left.
        assert_eq!(of(Preset::Lateral, behind), pair(90., 0.));
        assert_eq!(of(Preset::Lateral, pair(-150., 0.)), pair(90., 0.));
        // Nor below the table.
        let front = pair(10., 5.);
        assert_eq!(of(Preset::Ap, front), pair(180., 0.));
        let supine = CArmSetup::usual(profile, PatientPosition::from_code("HFS"));
        let of = |preset: Preset, now| preset.angles(now, &spine, &supine).unwrap();
        assert_eq!(of(Preset::Ap, front), pair(0., 0.));
        assert_eq!(of(Preset::Oblique(25.0, Side::Left), front), pair(25., 5.));
        let plate = Preset::SquareEndPlate("L4".parse().unwrap());
        assert!(
            plate
                .angles(behind, &spine, &setup)
                .unwrap_err()
                .contains("Click")
        );
    }

    #[test]
    fn a_squared_end_plate_is_edge_on_in_the_beam() {
        let lean = 10.0_f64.to_radians();
        let vertebra: Vertebra = "L4".parse().unwrap();
        let mut spine = Spine::default();
        let points = [
            Point::new(0., 0., 0.),
            Point::new(0., 34.0 * lean.cos(), 34.0 * lean.sin()),
        ];
        for edit in [
            SpineEdit::Label(VertebraLabel {
                vertebra,
                body: Point::new(0., 15., -15.),
                spinous_process: Some(Point::new(0., 80., -20.)),
            }),
            SpineEdit::SetEndPlate(EndPlate {
                vertebra,
                face: EndPlateFace::Superior,
                points,
            }),
        ] {
            spine.apply(&edit).unwrap();
        }
        let profile = CArmLibrary::builtin().find("mobile-head").unwrap();
        let setup = CArmSetup::usual(profile, None);
        let normal = VertebraFrame::of(&spine, vertebra, EndPlateFace::Superior)
            .unwrap()
            .superior;
        for primary in [180., 155., -140., 0., 30.] {
            let found = Preset::SquareEndPlate(vertebra)
                .angles(pair(primary, -7.), &spine, &setup)
                .unwrap();
            assert_eq!(found.primary, Degrees(primary));
            assert!(found.receptor_direction().dot(normal).abs() < 1e-12);
        }
    }
}
