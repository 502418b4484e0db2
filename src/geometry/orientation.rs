//! Directions in words and letters: R L A P H F.

use super::{Lps, Plane, Vector};

/// Letters of a patient direction, the strongest first, for example `"L"` or `"PL"`.
///
/// A component counts where it is more than 20 % of the length, so that a tilt of a few degrees
/// keeps one letter (PS3.3 C.7.6.1.1.1 with F for foot, H for head). Empty for a zero direction.
pub fn letters_of(direction: Vector<Lps>) -> String {
    let Some(unit) = direction.direction() else {
        return String::new();
    };
    let mut parts = [
        (unit.0.x, 'L', 'R'),
        (unit.0.y, 'P', 'A'),
        (unit.0.z, 'H', 'F'),
    ];
    parts.sort_by(|a, b| b.0.abs().total_cmp(&a.0.abs()));
    parts
        .into_iter()
        .filter(|(size, ..)| size.abs() > 0.2)
        .map(|(size, plus, minus)| if size > 0.0 { plus } else { minus })
        .collect()
}

/// Letters at the four edges of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrientationLetters {
    /// At the left edge.
    pub left: String,
    /// At the right edge.
    pub right: String,
    /// At the upper edge.
    pub up: String,
    /// At the lower edge.
    pub down: String,
}

impl OrientationLetters {
    /// Letters of the picture on `plane`.
    pub fn of(plane: &Plane) -> Self {
        Self {
            left: letters_of(-plane.right),
            right: letters_of(plane.right),
            up: letters_of(-plane.down),
            down: letters_of(plane.down),
        }
    }
}

/// The three planes anatomists name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AnatomicalPlane {
    /// Across the long axis.
    Axial,
    /// Parallel to the median plane.
    Sagittal,
    /// Parallel to the chest.
    Coronal,
}

impl AnatomicalPlane {
    /// The plane whose normal is within about 10° of an axis; `None` for an oblique one.
    pub fn of(plane: &Plane) -> Option<Self> {
        const COS_10_DEG: f64 = 0.984_807_753;
        let normal = plane.normal().0.abs();
        if normal.z > COS_10_DEG {
            Some(Self::Axial)
        } else if normal.x > COS_10_DEG {
            Some(Self::Sagittal)
        } else if normal.y > COS_10_DEG {
            Some(Self::Coronal)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Degrees, Point};

    #[test]
    fn letters_name_the_direction_with_the_strongest_first() {
        for (direction, letters) in [
            ([1., 0., 0.], "L"),
            ([-1., 0., 0.], "R"),
            ([0., -1., 0.], "A"),
            ([0., 0., -2.], "F"),
            ([0.5, 0.8, 0.], "PL"),
            ([-0.3, 0.4, 0.85], "HPR"),
            ([0.1, 0.05, 1.0], "H"),
            ([0., 0., 0.], ""),
        ] {
            assert_eq!(letters_of(Vector::from(direction)), letters);
        }
    }

    #[test]
    fn axial_supine_has_the_right_side_at_the_left() {
        let letters = OrientationLetters::of(&Plane::axial(Point::new(0., 0., 0.)));
        assert_eq!(
            [letters.left, letters.right, letters.up, letters.down],
            ["R", "L", "A", "P"].map(String::from)
        );
        let sagittal = OrientationLetters::of(&Plane::sagittal(Point::new(0., 0., 0.)));
        assert_eq!((sagittal.left.as_str(), sagittal.up.as_str()), ("A", "H"));
    }

    #[test]
    fn planes_are_named_until_they_are_oblique() {
        let axial = Plane::axial(Point::new(0., 0., 0.));
        let turn = |degrees| {
            axial
                .rotated(Vector::new(1., 0., 0.), Degrees(degrees))
                .unwrap()
        };
        assert_eq!(
            AnatomicalPlane::of(&turn(9.0)),
            Some(AnatomicalPlane::Axial)
        );
        assert_eq!(AnatomicalPlane::of(&turn(30.0)), None);
        assert_eq!(
            AnatomicalPlane::of(&turn(90.0)),
            Some(AnatomicalPlane::Coronal)
        );
        assert_eq!(
            AnatomicalPlane::of(&Plane::sagittal(Point::new(0., 0., 0.))),
            Some(AnatomicalPlane::Sagittal)
        );
    }
}
