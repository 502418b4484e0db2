//! How a projection picture was taken: angles of the C-arm, distances, spacing on the receptor
//! (PS3.3 C.8.7.5 XA Positioner, C.8.19.6 for enhanced files; clinical reference sheet, 2.4).

use std::ops::RangeInclusive;

use crate::geometry::CArmAngles;

/// Shape of the field of view (0018,1147).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldShape {
    /// `RECTANGLE`.
    Rectangle,
    /// `ROUND`.
    Round,
    /// `HEXAGONAL`.
    Hexagonal,
}

/// The part of the receptor that the picture shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FieldOfView {
    /// Its shape.
    pub shape: FieldShape,
    /// Row (vertical) and column (horizontal) dimension on the receptor, mm; the diameter twice
    /// for a round one.
    pub size_mm: [f64; 2],
}

/// What a file says of one frame. Each value was read and is possible, or is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ProjectionGeometry {
    /// Positioner Primary and Secondary Angle (0018,1510/1511) of this frame.
    pub angles: Option<CArmAngles>,
    /// SID: Distance Source to Detector (0018,1110), mm.
    pub source_to_detector_mm: Option<f64>,
    /// SOD: Distance Source to Isocenter (0018,9402) or, in X-ray angiography and fluoroscopy,
    /// Distance Source to Patient (0018,1111), mm. Always less than SID where that is known.
    pub source_to_isocenter_mm: Option<f64>,
    /// Estimated Radiographic Magnification Factor (0018,1114), SID over SOD, 1 or more.
    pub magnification: Option<f64>,
    /// Imager Pixel Spacing (0018,1164): mm on the receptor between rows and between columns.
    pub imager_spacing_mm: Option<[f64; 2]>,
    /// Object Pixel Spacing in Center of Beam (0018,9404): mm in the patient between rows and
    /// between columns.
    pub object_spacing_mm: Option<[f64; 2]>,
    /// Field of View (0018,1147/1149).
    pub field_of_view: Option<FieldOfView>,
}

impl ProjectionGeometry {
    /// Any distance about an X-ray tube, mm: read and written.
    pub const DISTANCES_MM: RangeInclusive<f64> = 1.0..=20_000.0;
    /// Any spacing of pixels on a receptor, mm: read and written.
    pub const SPACINGS_MM: RangeInclusive<f64> = 1e-4..=100.0;

    /// SID over SOD, where both are known.
    pub fn distance_ratio(&self) -> Option<f64> {
        Some(self.source_to_detector_mm? / self.source_to_isocenter_mm?)
    }

    /// How much larger the receptor shows what lies at the isocentre: the factor of the file, else
    /// that of its distances.
    pub fn magnification_at_isocenter(&self) -> Option<f64> {
        self.magnification.or_else(|| self.distance_ratio())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factor_of_the_file_goes_before_that_of_the_distances() {
        // Clinical sheet 2.4: 1000 over 700 is 1.4286.
        let distances = ProjectionGeometry {
            source_to_detector_mm: Some(1000.0),
            source_to_isocenter_mm: Some(700.0),
            ..ProjectionGeometry::default()
        };
        let ratio = distances.magnification_at_isocenter().unwrap();
        assert!((ratio - 1.428_571).abs() < 1e-6);
        let stated = ProjectionGeometry {
            magnification: Some(1.3),
            ..distances
        };
        assert_eq!(stated.magnification_at_isocenter(), Some(1.3));
        let half = ProjectionGeometry {
            source_to_isocenter_mm: None,
            ..distances
        };
        assert_eq!(half.magnification_at_isocenter(), None);
    }
}
