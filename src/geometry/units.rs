//! Degrees, the one unit that needs a type of its own (millimetres are a name suffix).

use serde::{Deserialize, Serialize};

/// An angle in degrees.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Degrees(pub f64);

impl Degrees {
    /// From radians.
    pub fn from_radians(radians: f64) -> Self {
        Self(radians.to_degrees())
    }

    /// In radians, for a trigonometric call.
    pub fn to_radians(self) -> f64 {
        self.0.to_radians()
    }

    /// Magnitude.
    pub fn abs(self) -> Self {
        Self(self.0.abs())
    }
}

impl std::ops::Neg for Degrees {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

/// `degrees` brought into (−180, 180].
///
/// ```
/// use stylet::geometry::{Degrees, wrap_180};
/// assert_eq!(wrap_180(Degrees(205.0)), Degrees(-155.0));
/// assert_eq!(wrap_180(Degrees(-180.0)), Degrees(180.0));
/// ```
pub fn wrap_180(degrees: Degrees) -> Degrees {
    let wrapped = degrees.0.rem_euclid(360.0);
    Degrees(if wrapped > 180.0 {
        wrapped - 360.0
    } else {
        wrapped
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radians_round_trip_and_sign() {
        assert!((Degrees::from_radians(std::f64::consts::FRAC_PI_6).0 - 30.0).abs() < 1e-12);
        assert!((Degrees(30.0).to_radians() - std::f64::consts::FRAC_PI_6).abs() < 1e-12);
        assert_eq!(Degrees(-4.0).abs(), Degrees(4.0));
        assert_eq!(-Degrees(4.0), Degrees(-4.0));
    }

    #[test]
    fn wraps_into_the_half_open_turn() {
        for (given, wanted) in [(540.0, 180.0), (-190.0, 170.0), (0.0, 0.0), (359.0, -1.0)] {
            assert_eq!(wrap_180(Degrees(given)), Degrees(wanted));
        }
    }
}
