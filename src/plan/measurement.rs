//! Measurements and marks in patient space: lengths, angles, regions, points, arrows.

use serde::{Deserialize, Serialize};

use super::edit::{checked, checked_text};
use super::{HalfVoxel, Plan, PlanEditError};
use crate::geometry::{Degrees, Lps, Point, needle_angle};

/// Identifies a measurement within one session; never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MeasurementId(pub u64);

/// What is measured or marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MeasurementKind {
    /// Between two points, mm.
    Distance,
    /// At the second of three points, degrees.
    Angle,
    /// Between the line of the first two points and that of the last two, degrees.
    Cobb,
    /// An ellipse: its middle and the ends of two half axes at right angles to one another.
    Ellipse,
    /// A rectangle: its middle and the middles of two neighbouring sides.
    Rectangle,
    /// A point with the value there.
    Point,
    /// An arrow with words: its tip, then its tail.
    Arrow,
}

impl MeasurementKind {
    /// All, in menu order.
    pub const ALL: [Self; 7] = [
        Self::Distance,
        Self::Angle,
        Self::Cobb,
        Self::Ellipse,
        Self::Rectangle,
        Self::Point,
        Self::Arrow,
    ];

    /// Points that make it complete.
    pub fn points(self) -> usize {
        match self {
            Self::Point => 1,
            Self::Distance | Self::Arrow => 2,
            Self::Angle | Self::Ellipse | Self::Rectangle => 3,
            Self::Cobb => 4,
        }
    }

    /// Word shown and spoken.
    pub fn word(self) -> &'static str {
        match self {
            Self::Distance => "Distance",
            Self::Angle => "Angle",
            Self::Cobb => "Cobb angle",
            Self::Ellipse => "Ellipse",
            Self::Rectangle => "Rectangle",
            Self::Point => "Point",
            Self::Arrow => "Arrow",
        }
    }
}

/// Most words of a mark, characters.
pub const LONGEST_TEXT: usize = 200;

/// One measurement or mark.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Identity within the session.
    pub id: MeasurementId,
    /// What is measured.
    pub kind: MeasurementKind,
    /// As many points as the kind wants, LPS mm; for an angle the apex is the middle one.
    pub points: Vec<Point<Lps>>,
    /// Words beside it; empty for none.
    pub text: String,
}

impl Measurement {
    /// One without words.
    pub fn new(id: MeasurementId, kind: MeasurementKind, points: Vec<Point<Lps>>) -> Self {
        Self {
            id,
            kind,
            points,
            text: String::new(),
        }
    }

    /// Distance in mm; `None` for everything else.
    pub fn distance_mm(&self) -> Option<f64> {
        self.distance_of(&self.points)
    }

    /// Angle 0–180° at the apex, or Cobb angle 0–90° between two lines; `None` for everything else
    /// and where two points coincide.
    pub fn angle(&self) -> Option<Degrees> {
        self.angle_of(&self.points)
    }

    /// ± of the distance, mm; `None` for everything else.
    pub fn uncertainty_mm(&self, half_voxel: &HalfVoxel) -> Option<f64> {
        half_voxel.of_length(&self.points, |points| self.distance_of(points))
    }

    /// ± of the angle; `None` where there is none.
    pub fn uncertainty(&self, half_voxel: &HalfVoxel) -> Option<Degrees> {
        half_voxel.of_angle(&self.points, |points| self.angle_of(points))
    }

    fn distance_of(&self, points: &[Point<Lps>]) -> Option<f64> {
        match (self.kind, points) {
            (MeasurementKind::Distance, [a, b]) => Some(a.distance(*b)),
            _ => None,
        }
    }

    fn angle_of(&self, points: &[Point<Lps>]) -> Option<Degrees> {
        match (self.kind, points) {
            (MeasurementKind::Angle, [a, apex, b]) => {
                needle_angle::angle_between(*a - *apex, *b - *apex)
            }
            (MeasurementKind::Cobb, [a, b, c, d]) => {
                let angle = needle_angle::angle_between(*b - *a, *d - *c)?;
                // Lines have no direction: the smaller of the two angles is meant.
                Some(Degrees(angle.0.min(180.0 - angle.0)))
            }
            _ => None,
        }
    }
}

impl Plan {
    /// Adds a measurement that is complete and lies in the patient.
    pub(super) fn add_measurement(&mut self, drawn: &Measurement) -> Result<(), PlanEditError> {
        let (wanted, given) = (drawn.kind.points(), drawn.points.len());
        if wanted != given {
            let kind = drawn.kind.word();
            return Err(PlanEditError::PointCount {
                kind,
                wanted,
                given,
            });
        }
        for &point in &drawn.points {
            checked(point)?;
        }
        checked_text(&drawn.text)?;
        self.take_id(drawn.id.0)?;
        self.measurements.push(drawn.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(kind: MeasurementKind, points: &[[f64; 3]]) -> Measurement {
        Measurement::new(
            MeasurementId(0),
            kind,
            points.iter().map(|&p| p.into()).collect(),
        )
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
