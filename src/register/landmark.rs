//! The check by hand: points that a person found in both, the CT and the picture.

use glam::DVec2;

use crate::geometry::{ConeBeam, Lps, Point, Receptor};

/// How far from its mark on the picture a point of the CT is projected, mm at the depth of the
/// point; `None` where it is not projected at all.
pub fn landmark_distance_mm(
    beam: &ConeBeam,
    receptor: &Receptor,
    point: Point<Lps>,
    pixel: [f64; 2],
) -> Option<f64> {
    let projected = beam.project(point)?;
    let marked = (DVec2::from_array(pixel) - DVec2::from_array(receptor.center))
        * DVec2::from_array(receptor.pixel_mm);
    Some((projected.receptor_mm - marked).length() / projected.magnification)
}

/// Mean over several; `None` without any.
pub fn mean_landmark_distance_mm(
    beam: &ConeBeam,
    receptor: &Receptor,
    pairs: impl IntoIterator<Item = (Point<Lps>, [f64; 2])>,
) -> Option<f64> {
    let distances: Vec<f64> = pairs
        .into_iter()
        .filter_map(|(point, pixel)| landmark_distance_mm(beam, receptor, point, pixel))
        .collect();
    let count = distances.len();
    (count > 0).then(|| distances.iter().sum::<f64>() / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{CArmAngles, CArmPose, Degrees};

    #[test]
    fn distances_are_those_in_the_patient() {
        let beam = CArmPose {
            angles: CArmAngles {
                primary: Degrees(0.0),
                secondary: Degrees(0.0),
            },
            isocenter: Point::new(0.0, 0.0, 0.0),
            source_to_detector_mm: 1000.0,
            source_to_isocenter_mm: 500.0,
        }
        .beam()
        .unwrap();
        let receptor = Receptor::centered([101, 101], 0.5);
        // Twice as large: 4 and 3 pixels of 0.5 mm are 2.5 mm on the receptor, 1.25 in the patient.
        let isocenter = Point::new(0.0, 0.0, 0.0);
        let one = landmark_distance_mm(&beam, &receptor, isocenter, [54.0, 47.0]).unwrap();
        assert!((one - 1.25).abs() < 1e-12);
        let pairs = [(isocenter, [54.0, 47.0]), (isocenter, [50.0, 50.0])];
        let mean = mean_landmark_distance_mm(&beam, &receptor, pairs).unwrap();
        assert!((mean - 0.625).abs() < 1e-12);
        assert_eq!(mean_landmark_distance_mm(&beam, &receptor, []), None);
    }
}
