//! Plain distances and angles between points in patient space.

use serde::{Deserialize, Serialize};

use crate::geometry::{Degrees, Lps, Point, needle_angle};

/// Identifies a measurement within one session; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MeasurementId(pub u64);

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MeasurementKind {
    /// Between two points, mm.
    Distance,
    /// At the second of three points, degrees.
    Angle,
}

impl MeasurementKind {
    /// Points that make it complete.
    pub fn points(self) -> usize {
        match self {
            Self::Distance => 2,
            Self::Angle => 3,
        }
    }

    /// Word shown and spoken.
    pub fn word(self) -> &'static str {
        match self {
            Self::Distance => "Distance",
            Self::Angle => "Angle",
        }
    }
}

/// One distance or angle.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Identity within the session.
    pub id: MeasurementId,
    /// What is measured.
    pub kind: MeasurementKind,
    /// As many points as the kind wants, LPS mm; for an angle the apex is the middle one.
    pub points: Vec<Point<Lps>>,
}

impl Measurement {
    /// Distance in mm; `None` for an angle.
    pub fn distance_mm(&self) -> Option<f64> {
        match (self.kind, self.points.as_slice()) {
            (MeasurementKind::Distance, [a, b]) => Some(a.distance(*b)),
            _ => None,
        }
    }

    /// Angle 0–180° at the apex; `None` for a distance and where two points coincide.
    pub fn angle(&self) -> Option<Degrees> {
        match (self.kind, self.points.as_slice()) {
            (MeasurementKind::Angle, [a, apex, b]) => {
                needle_angle::angle_between(*a - *apex, *b - *apex)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(kind: MeasurementKind, points: &[[f64; 3]]) -> Measurement {
        Measurement {
            id: MeasurementId(0),
            kind,
            points: points.iter().map(|&p| p.into()).collect(),
        }
    }

    #[test]
    fn distances_and_angles_by_hand() {
        let length = measured(MeasurementKind::Distance, &[[1., 2., 3.], [4., 6., 15.]]);
        assert_eq!(length.distance_mm(), Some(13.0));
        assert_eq!(length.angle(), None);
        let angle = measured(
            MeasurementKind::Angle,
            &[[0., 0., 5.], [0., 0., 0.], [0., 7., 7.]],
        );
        assert!((angle.angle().unwrap().0 - 45.0).abs() < 1e-12);
        assert_eq!(angle.distance_mm(), None);
        let flat = measured(
            MeasurementKind::Angle,
            &[[0., 0., 0.], [0., 0., 0.], [0., 7., 7.]],
        );
        assert_eq!(flat.angle(), None);
        assert_eq!(MeasurementKind::Angle.points(), 3);
        assert_eq!(MeasurementKind::Distance.word(), "Distance");
    }
}
