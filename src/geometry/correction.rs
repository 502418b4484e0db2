//! How a C-arm stands apart from where a picture's header puts it.

use glam::{DMat3, DQuat};

use serde::{Deserialize, Serialize};

use super::{ConeBeam, Lps, Point, Vector};

/// A rigid movement of the whole C-arm in the patient: a turn about a pivot, then a shift.
///
/// The header says where the beam is in the equipment, not in the CT; the patient has moved since,
/// and the numbers are rounded. The correction carries the header's beam to where it was in the
/// CT's patient space. Two pictures of one patient position share one correction.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    /// Point of the patient that the turn leaves in place, near the target.
    #[serde(rename = "pivot_lps_mm")]
    pub pivot: Point<Lps>,
    /// Axis times angle, right-handed, radians.
    #[serde(rename = "rotation_vector_rad")]
    pub rotation_rad: Vector<Lps>,
    /// Shift after the turn, mm.
    pub shift_mm: Vector<Lps>,
}

impl Correction {
    /// The header is right.
    pub fn none(pivot: Point<Lps>) -> Self {
        Self {
            pivot,
            rotation_rad: Vector::new(0.0, 0.0, 0.0),
            shift_mm: Vector::new(0.0, 0.0, 0.0),
        }
    }

    /// The beam of the header where it was in the patient.
    pub fn beam(&self, header: &ConeBeam) -> ConeBeam {
        header.moved(self.pivot, self.rotation_rad, self.shift_mm)
    }

    /// This correction, followed by a further turn about the pivot and a further shift.
    #[must_use]
    pub fn then(&self, rotation_rad: Vector<Lps>, shift_mm: Vector<Lps>) -> Self {
        let more = DQuat::from_scaled_axis(rotation_rad.0);
        let rotation = more * DQuat::from_scaled_axis(self.rotation_rad.0);
        Self {
            pivot: self.pivot,
            // The shorter way round.
            rotation_rad: Vector::from_vec(shorter(rotation).to_scaled_axis()),
            shift_mm: Vector::from_vec(more * self.shift_mm.0) + shift_mm,
        }
    }

    /// The same movement written about another pivot.
    #[must_use]
    pub fn about(&self, pivot: Point<Lps>) -> Self {
        let apart = pivot - self.pivot;
        let turned = Vector::from_vec(DQuat::from_scaled_axis(self.rotation_rad.0) * apart.0);
        Self {
            pivot,
            rotation_rad: self.rotation_rad,
            shift_mm: self.shift_mm + (turned - apart),
        }
    }

    /// Where a point of the CT lies for the beam of the header: the opposite movement.
    pub fn patient_point(&self, point: Point<Lps>) -> Point<Lps> {
        let back = DMat3::from_quat(DQuat::from_scaled_axis(self.rotation_rad.0)).transpose();
        self.pivot + Vector::from_vec(back * (point - self.pivot - self.shift_mm).0)
    }

    /// Angle of the turn in degrees.
    pub fn angle_deg(&self) -> f64 {
        self.rotation_rad.length().to_degrees()
    }

    /// Whether all numbers are finite.
    pub fn is_finite(&self) -> bool {
        self.pivot.is_finite() && self.rotation_rad.is_finite() && self.shift_mm.is_finite()
    }
}

/// One degree, radians: the unit of turns, so that near the pivot it moves about as much
/// as the unit of shifts, 1 mm.
const DEGREE: f64 = std::f64::consts::PI / 180.0;

/// Directions along and about which a picture's beam is moved: those of the picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ViewAxes {
    /// The picture's right, down, and the way of the central ray.
    pub directions: [Vector<Lps>; 3],
}

impl ViewAxes {
    /// Of a view.
    pub fn of(beam: &ConeBeam) -> Self {
        Self {
            directions: [beam.right, beam.down, beam.forward()],
        }
    }

    fn vector(&self, along: [f64; 3]) -> Vector<Lps> {
        let [a, b, c] = self.directions;
        a * along[0] + b * along[1] + c * along[2]
    }

    /// A correction moved further: turns in degrees about the three directions, then shifts in mm.
    pub fn moved(&self, from: &Correction, six: &[f64; 6]) -> Correction {
        let [a, b, c, x, y, z] = *six;
        from.then(
            self.vector([a, b, c].map(|deg| deg * DEGREE)),
            self.vector([x, y, z]),
        )
    }
}

fn shorter(rotation: DQuat) -> DQuat {
    if rotation.w < 0.0 {
        -rotation
    } else {
        rotation
    }
}

/// Mean distance in mm between where two corrections put the same points of the patient: the
/// target registration error where one of them is the truth. 0 without points.
pub fn mean_point_distance_mm(a: &Correction, b: &Correction, points: &[Point<Lps>]) -> f64 {
    let sum: f64 = points
        .iter()
        .map(|&point| a.patient_point(point).distance(b.patient_point(point)))
        .sum();
    sum / points.len().max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{CArmAngles, CArmPose, Degrees};

    fn beam() -> ConeBeam {
        CArmPose {
            angles: CArmAngles {
                primary: Degrees(25.0),
                secondary: Degrees(-10.0),
            },
            isocenter: Point::new(5.0, 20.0, -30.0),
            source_to_detector_mm: 1000.0,
            source_to_isocenter_mm: 700.0,
        }
        .beam()
        .unwrap()
    }

    fn some() -> Correction {
        Correction {
            pivot: Point::new(12.0, 40.0, -7.0),
            rotation_rad: Vector::new(0.05, -0.08, 0.03),
            shift_mm: Vector::new(4.0, -9.0, 6.0),
        }
    }

    #[test]
    fn moving_the_arm_and_moving_the_patient_back_give_the_same_picture() {
        let point = Point::new(-20.0, 55.0, 31.0);
        let moved = some().beam(&beam()).project(point).unwrap();
        let back = beam().project(some().patient_point(point)).unwrap();
        assert!((moved.receptor_mm - back.receptor_mm).length() < 1e-9);
    }

    #[test]
    fn corrections_in_a_row_are_one_correction() {
        let (turn, shift) = (Vector::new(-0.02, 0.04, 0.06), Vector::new(1.0, 2.0, -3.0));
        let one = some().then(turn, shift).beam(&beam());
        let two = some().beam(&beam()).moved(some().pivot, turn, shift);
        assert!(one.source.distance(two.source) < 1e-9);
        assert!((one.right - two.right).length() < 1e-12);
        assert!(one.receptor_center.distance(two.receptor_center) < 1e-9);
    }

    #[test]
    fn another_pivot_says_the_same_movement() {
        let other = some().about(Point::new(-100.0, 0.0, 80.0));
        let (one, two) = (some().beam(&beam()), other.beam(&beam()));
        assert!(one.source.distance(two.source) < 1e-9);
        assert!((one.down - two.down).length() < 1e-12);
    }

    #[test]
    fn the_distance_of_a_pure_shift_is_its_length() {
        let pivot = Point::new(1.0, 2.0, 3.0);
        let mut shifted = Correction::none(pivot);
        shifted.shift_mm = Vector::new(2.0, -3.0, 6.0);
        let points = [pivot, Point::new(40.0, 0.0, 0.0)];
        let apart = mean_point_distance_mm(&Correction::none(pivot), &shifted, &points);
        assert!((apart - 7.0).abs() < 1e-12);
        // A turn of 0.1 rad about z, 30 mm away from the pivot: 2 × 30 × sin 0.05.
        let mut turned = Correction::none(pivot);
        turned.rotation_rad = Vector::new(0.0, 0.0, 0.1);
        let away = [pivot + Vector::new(30.0, 0.0, 0.0)];
        let apart = mean_point_distance_mm(&Correction::none(pivot), &turned, &away);
        assert!((apart - 60.0 * 0.05_f64.sin()).abs() < 1e-12);
    }

    #[test]
    fn steps_turn_about_and_shift_along_the_axes_of_the_view() {
        let axes = ViewAxes {
            directions: [
                Vector::new(1.0, 0.0, 0.0),
                Vector::new(0.0, 0.0, -1.0),
                Vector::new(0.0, 1.0, 0.0),
            ],
        };
        let from = Correction::none(Point::new(1.0, 2.0, 3.0));
        let moved = axes.moved(&from, &[0.0, 0.0, 2.0, 0.0, 4.0, 0.0]);
        assert!((moved.angle_deg() - 2.0).abs() < 1e-9);
        assert!(moved.rotation_rad.0.y > 0.0);
        assert_eq!(moved.shift_mm, Vector::new(0.0, 0.0, -4.0));
    }
}
