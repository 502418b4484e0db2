//! Needle direction → CT angles and gantry tilt (clinical reference sheet, section 2.6).

use super::{Degrees, Lps, PatientPosition, Vector};

/// The angles of a needle as a CT operator reads them.
///
/// `n` below is the unit vector from skin entry to target in LPS.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NeedleAngles {
    /// φ, 0–90°: angle in the axial plane from vertical (2.9). `None` for a needle along z,
    /// which has no direction in that plane.
    pub in_plane: Option<Degrees>,
    /// ψ, −90…90°: out of the axial plane, + where the tip points to the head.
    pub out_of_plane: Degrees,
    /// ψs, −90…90°: ψ as seen on a lateral view. `None` for a needle along x, which is a point
    /// there.
    pub sagittal_projected: Option<Degrees>,
}

/// Below this, a component of a unit vector is taken as none (about 0.00006°).
const NO_COMPONENT: f64 = 1e-6;

impl NeedleAngles {
    /// Angles of a needle that runs along `direction` (any length), entry to target.
    ///
    /// `None` for a zero or non-finite direction.
    pub fn of(direction: Vector<Lps>) -> Option<Self> {
        let n = direction.direction()?.0;
        Some(Self {
            in_plane: (n.x.hypot(n.y) > NO_COMPONENT)
                .then(|| Degrees::from_radians(n.x.abs().atan2(n.y.abs()))),
            out_of_plane: Degrees::from_radians(n.z.clamp(-1.0, 1.0).asin()),
            sagittal_projected: (n.y.hypot(n.z) > NO_COMPONENT)
                .then(|| Degrees::from_radians(n.z.atan2(n.y.abs()))),
        })
    }
}

/// Gantry/Detector Tilt (0018,1120) that brings the whole needle into one slice (2.10).
///
/// Negative = the top of the gantry leans away from where the table enters. `None` for a needle
/// that no tilt can bring in (none of it runs vertically in the room) and for a zero direction.
pub fn gantry_tilt(direction: Vector<Lps>, position: PatientPosition) -> Option<Degrees> {
    let n_room = position.to_room(direction.direction()?);
    (n_room.y.abs() > NO_COMPONENT).then(|| Degrees::from_radians((n_room.z / n_room.y).atan()))
}

/// Angle between two directions, 0–180°; `None` where one of them is zero.
pub fn angle_between(a: Vector<Lps>, b: Vector<Lps>) -> Option<Degrees> {
    let (a, b) = (a.direction()?, b.direction()?);
    // atan2 keeps full precision for nearly parallel needles, where acos loses half the digits.
    Some(Degrees::from_radians(a.cross(b).length().atan2(a.dot(b))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Point;

    fn close(angle: Option<Degrees>, wanted: f64, tolerance: f64) {
        let angle = angle.unwrap().0;
        assert!((angle - wanted).abs() < tolerance, "{angle}, not {wanted}");
    }

    fn direction(entry: [f64; 3], target: [f64; 3]) -> Vector<Lps> {
        Point::from(target) - Point::from(entry)
    }

    #[test]
    fn worked_examples_of_section_2_8() {
        // entry, target, φ, ψ, ψs, position, gantry tilt; the sheet rounds to one decimal.
        use PatientPosition::{FeetFirstProne, HeadFirstProne, HeadFirstSupine};
        let rows = [
            (
                [53.3, 111.4, -13.9],
                [20., 40., 0.],
                25.0,
                10.0,
                11.0,
                HeadFirstProne,
                11.0,
            ),
            (
                [-76.4, 76.4, 39.3],
                [0., 0., 0.],
                45.0,
                -20.0,
                -27.2,
                HeadFirstProne,
                -27.2,
            ),
            (
                [48.5, -65.3, 23.3],
                [5., 10., 0.],
                30.0,
                -15.0,
                -17.2,
                HeadFirstSupine,
                -17.2,
            ),
            (
                [53.3, 111.4, -13.9],
                [20., 40., 0.],
                25.0,
                10.0,
                11.0,
                FeetFirstProne,
                -11.0,
            ),
            (
                [-45.8, 119.8, -63.6],
                [-24., 60., 0.],
                20.0,
                45.0,
                46.8,
                HeadFirstProne,
                46.8,
            ),
            (
                [-68., 150., -12.],
                [-22., 78., 6.],
                32.6,
                11.9,
                14.0,
                HeadFirstProne,
                14.0,
            ),
        ];
        for (entry, target, in_plane, out_of_plane, projected, position, tilt) in rows {
            let n = direction(entry, target);
            let angles = NeedleAngles::of(n).unwrap();
            close(angles.in_plane, in_plane, 0.06);
            close(Some(angles.out_of_plane), out_of_plane, 0.06);
            close(angles.sagittal_projected, projected, 0.06);
            close(gantry_tilt(n, position), tilt, 0.06);
        }
    }

    #[test]
    fn what_has_no_angle_says_so() {
        assert_eq!(NeedleAngles::of(Vector::new(0., 0., 0.)), None);
        let along_z = NeedleAngles::of(Vector::new(0., 0., -40.)).unwrap();
        assert_eq!(along_z.in_plane, None);
        close(Some(along_z.out_of_plane), -90.0, 1e-9);
        let along_x = NeedleAngles::of(Vector::new(5., 0., 0.)).unwrap();
        assert_eq!(along_x.sagittal_projected, None);
        close(along_x.in_plane, 90.0, 1e-9);
        assert_eq!(
            gantry_tilt(Vector::new(5., 0., 3.), PatientPosition::HeadFirstSupine),
            None
        );
        // On the side, a needle along patient x is vertical in the room.
        close(
            gantry_tilt(
                Vector::new(5., 0., 5.),
                PatientPosition::HeadFirstDecubitusRight,
            ),
            -45.0,
            1e-9,
        );
    }

    #[test]
    fn angles_between_needles_by_hand() {
        close(
            angle_between(Vector::new(1., 0., 0.), Vector::new(1., 1., 0.)),
            45.0,
            1e-12,
        );
        close(
            angle_between(Vector::new(0., 2., 0.), Vector::new(0., -3., 0.)),
            180.0,
            1e-12,
        );
        close(
            angle_between(Vector::new(0., 1., 0.), Vector::new(1e-7, 1., 0.)),
            5.729_578e-6,
            1e-11,
        );
        assert_eq!(
            angle_between(Vector::new(0., 0., 0.), Vector::new(1., 0., 0.)),
            None
        );
    }
}
