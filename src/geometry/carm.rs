//! C-arm angles of a beam and of a needle's bull's-eye view (clinical reference sheet, 2.3–2.7).
//!
//! `d` is the unit vector from isocentre to image receptor, the direction of photon travel.

use glam::DVec3;

use super::{Degrees, Lps, PatientPosition, Vector, wrap_180};

/// DICOM positioner angles about the patient (PS3.3 C.8.7.5.1.2), any patient position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CArmAngles {
    /// α, (0018,1510), −180…180°: + receptor toward patient left (LAO), − right (RAO).
    pub primary: Degrees,
    /// β, (0018,1511), −90…90°: + receptor toward the head (CRA), − toward the feet (CAU).
    pub secondary: Degrees,
}

impl CArmAngles {
    /// Angles of the receptor direction `d` (2.2). `None` for a zero direction.
    pub fn of_receptor(d: Vector<Lps>) -> Option<Self> {
        d.direction().map(|d| Self::of_unit(d.0))
    }

    /// Angles that see a needle end-on, receptor on the entry side: d = −n (2.5).
    ///
    /// `None` for a needle of no length.
    pub fn of_needle(entry_to_target: Vector<Lps>) -> Option<Self> {
        Self::of_receptor(-entry_to_target)
    }

    fn of_unit(d: DVec3) -> Self {
        // +0.0 turns a negative zero into zero, which would read as ±180°.
        Self {
            primary: wrap_180(Degrees::from_radians((d.x + 0.0).atan2(-d.y + 0.0))),
            secondary: Degrees::from_radians((d.z.clamp(-1.0, 1.0) + 0.0).asin()),
        }
    }

    /// Unit receptor direction d (2.1).
    pub fn receptor_direction(self) -> Vector<Lps> {
        let (sin_a, cos_a) = self.primary.to_radians().sin_cos();
        let (sin_b, cos_b) = self.secondary.to_radians().sin_cos();
        Vector::new(sin_a * cos_b, -cos_a * cos_b, sin_b)
    }

    /// Image axes on the receptor, seen back toward the source: right (u) and up (v) (2.3).
    pub fn image_axes(self) -> (Vector<Lps>, Vector<Lps>) {
        let (sin_a, cos_a) = self.primary.to_radians().sin_cos();
        let (sin_b, cos_b) = self.secondary.to_radians().sin_cos();
        (
            Vector::new(cos_a, sin_a, 0.0),
            Vector::new(-sin_a * sin_b, cos_a * sin_b, cos_b),
        )
    }

    /// What a console shows that takes every patient for head first supine (2.8).
    pub fn console(self, position: PatientPosition) -> ConsoleAngles {
        let angles = Self::of_unit(position.to_room(self.receptor_direction()));
        ConsoleAngles {
            primary: angles.primary,
            secondary: angles.secondary,
        }
    }

    /// The operator's oblique and tilt, counted from a straight posterior receptor (2.6).
    pub fn operator(self) -> OperatorAngles {
        OperatorAngles {
            oblique: wrap_180(Degrees(180.0 - self.primary.0)),
            tilt: self.secondary,
        }
    }

    /// Orbital and tilt of a mobile C-arm parked at the table side, tilt outermost (2.11).
    pub fn side_carm(self, position: PatientPosition) -> SideCArmAngles {
        let d = position.to_room(self.receptor_direction());
        // Straight to the side the tilt changes nothing: none, not what rounding makes of it.
        let is_lateral = d.y.hypot(d.z) < 1e-9;
        let tilt = if is_lateral {
            0.0
        } else {
            (d.z + 0.0).atan2(-d.y + 0.0)
        };
        SideCArmAngles {
            orbital: Degrees::from_radians(d.x.clamp(-1.0, 1.0).asin()),
            tilt: Degrees::from_radians(tilt),
        }
    }
}

/// Angles on an equipment console that does not know how the patient lies.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ConsoleAngles {
    /// α_eq, −180…180°.
    pub primary: Degrees,
    /// β_eq, −90…90°.
    pub secondary: Degrees,
}

/// Angles from straight posterior, as spoken for a prone patient.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OperatorAngles {
    /// κ, −180…180°: + receptor toward patient left.
    pub oblique: Degrees,
    /// τ, −90…90°: + receptor toward the head.
    pub tilt: Degrees,
}

/// Mechanical angles of a C-arm that stands at the side of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SideCArmAngles {
    /// o, −90…90°: inner rotation along the C.
    pub orbital: Degrees,
    /// t, −180…180°: outer rotation about the cross-arm.
    pub tilt: Degrees,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;

    fn close(angle: Degrees, wanted: f64, what: &str) {
        assert!(
            (angle.0 - wanted).abs() < 0.07,
            "{what}: {}, not {wanted}",
            angle.0
        );
    }

    #[test]
    fn a_lateral_beam_needs_no_tilt_at_the_table_side() {
        for (primary, orbital) in [(90.0, -90.0), (-90.0, 90.0)] {
            let angles = CArmAngles {
                primary: Degrees(primary),
                secondary: Degrees(0.0),
            };
            let side = angles.side_carm(PatientPosition::from_code("HFP").unwrap());
            close(side.orbital, orbital, "orbital");
            assert_eq!(side.tilt, Degrees(0.0));
        }
    }

    #[test]
    fn worked_examples_of_section_2_8() {
        // entry, target, position, (κ, τ), (α, β), (α_eq, β_eq), (o, t)
        let rows = [
            (
                [53.3, 111.4, -13.9],
                [20., 40., 0.],
                "HFP",
                (25., -10.),
                (155., -10.),
                (-25., -10.),
                (-24.6, -11.0),
            ),
            (
                [-76.4, 76.4, 39.3],
                [0., 0., 0.],
                "HFP",
                (-45., 20.),
                (-135., 20.),
                (45., 20.),
                (41.6, 27.2),
            ),
            (
                [48.5, -65.3, 23.3],
                [5., 10., 0.],
                "HFS",
                (150., 15.),
                (30., 15.),
                (30., 15.),
                (28.9, 17.2),
            ),
            (
                [53.3, 111.4, -13.9],
                [20., 40., 0.],
                "FFP",
                (25., -10.),
                (155., -10.),
                (25., 10.),
                (24.6, 11.0),
            ),
            (
                [-45.8, 119.8, -63.6],
                [-24., 60., 0.],
                "HFP",
                (-20., -45.),
                (-160., -45.),
                (20., -45.),
                (14.0, -46.8),
            ),
            (
                [10., 91.5, -40.2],
                [0., 35., 0.],
                "HFDR",
                (10., -35.),
                (170., -35.),
                (80., -35.),
                (53.8, -76.1),
            ),
            (
                [-68., 150., -12.],
                [-22., 78., 6.],
                "HFP",
                (-32.6, -11.9),
                (-147.4, -11.9),
                (32.6, -11.9),
                (31.8, -14.0),
            ),
        ];
        for (entry, target, code, operator, dicom, console, side) in rows {
            let position = PatientPosition::from_code(code).unwrap();
            let needle = Point::from(target) - Point::from(entry);
            let angles = CArmAngles::of_needle(needle).unwrap();
            close(angles.primary, dicom.0, "alpha");
            close(angles.secondary, dicom.1, "beta");
            close(angles.operator().oblique, operator.0, "kappa");
            close(angles.operator().tilt, operator.1, "tau");
            close(angles.console(position).primary, console.0, "alpha eq");
            close(angles.console(position).secondary, console.1, "beta eq");
            close(angles.side_carm(position).orbital, side.0, "orbital");
            close(angles.side_carm(position).tilt, side.1, "side tilt");
        }
    }

    #[test]
    fn the_standards_own_anchors_hold() {
        // PS3.3 C.8.7.5.1.2: (0, 0) receptor anterior, LAO 90 at patient left, CRA 90 at the head.
        for (pair, d) in [
            ((0., 0.), [0., -1., 0.]),
            ((90., 0.), [1., 0., 0.]),
            ((0., 90.), [0., 0., 1.]),
        ] {
            let angles = CArmAngles {
                primary: Degrees(pair.0),
                secondary: Degrees(pair.1),
            };
            assert!((angles.receptor_direction() - Vector::from(d)).length() < 1e-12);
        }
        // A beam from straight behind is 180°, never −180° or a negative zero's whim.
        let behind = CArmAngles::of_receptor(Vector::new(-0.0, 1.0, 0.0)).unwrap();
        assert_eq!(behind.primary, Degrees(180.0));
        assert_eq!(CArmAngles::of_needle(Vector::new(0., 0., 0.)), None);
    }

    #[test]
    fn image_axes_are_those_of_section_2_3() {
        let ap = CArmAngles {
            primary: Degrees(0.0),
            secondary: Degrees(0.0),
        };
        assert_eq!(
            ap.image_axes(),
            (Vector::new(1., 0., 0.), Vector::new(0., 0., 1.))
        );
        // u × v = d for any pair.
        let angles = CArmAngles {
            primary: Degrees(-147.4),
            secondary: Degrees(-11.9),
        };
        let (u, v) = angles.image_axes();
        assert!((u.cross(v) - angles.receptor_direction()).length() < 1e-12);
    }

    #[test]
    fn mobile_carm_compounds_match_the_table_of_section_2_7() {
        // (κ, τ) prone; the table states the magnitudes for a right oblique, HFP.
        for ((kappa, tau), (orbital, tilt)) in [
            ((25., -10.), (24.6, -11.0)),
            ((45., 20.), (41.6, 27.2)),
            ((30., 15.), (28.9, 17.2)),
            ((20., -45.), (14.0, -46.8)),
        ] {
            let angles = CArmAngles {
                primary: wrap_180(Degrees(180.0 + kappa)),
                secondary: Degrees(tau),
            };
            let side = angles.side_carm(PatientPosition::HeadFirstProne);
            close(side.orbital, orbital, "orbital");
            close(side.tilt, tilt, "tilt");
        }
    }

    #[test]
    fn angles_and_directions_are_inverse() {
        for step in 0..2000_u32 {
            let primary = f64::from(step) * 0.1799 - 179.9;
            let secondary = (f64::from(step) * 7.13) % 178.0 - 89.0;
            let angles = CArmAngles {
                primary: Degrees(primary),
                secondary: Degrees(secondary),
            };
            let back = CArmAngles::of_receptor(angles.receptor_direction()).unwrap();
            assert!((back.primary.0 - primary).abs() < 1e-9);
            assert!((back.secondary.0 - secondary).abs() < 1e-9);
        }
    }
}
