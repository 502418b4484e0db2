//! Millimetres on a picture: from which source, or why there are none (clinical reference sheet,
//! 2.4; PS3.3 10.7.1.3).
//!
//! Spacing on the receptor of an X-ray is no size in the patient: what lies nearer to the tube is
//! shown larger. Millimetres are given only where the file or a person says by how much.

use super::ultrasound_region::{UltrasoundRegion, region_of};
use super::{Instance, ProjectionGeometry};

/// Pixel Spacing Calibration Type (0028,0A02).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpacingCalibration {
    /// `GEOMETRY`: corrected for the magnification of a known or assumed depth.
    Geometry,
    /// `FIDUCIAL`: from an object of known size in the picture.
    Fiducial,
}

/// Where the millimetres of a picture come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ScaleSource {
    /// Pixel Spacing that the file marks as calibrated.
    Calibrated(SpacingCalibration),
    /// Imager Pixel Spacing over Estimated Radiographic Magnification Factor, this one, of the
    /// isocentre.
    MagnificationFactor(f64),
    /// The same in a file that does not say which depth its factor is for: CR, DX, mammography.
    FactorOfUnknownDepth(f64),
    /// Imager Pixel Spacing over SID/SOD, this ratio.
    Distances(f64),
    /// A slice through the patient: Pixel Spacing is a size in the patient.
    Slice,
    /// The calibration of an ultrasound region.
    Ultrasound,
    /// A person measured something of known size.
    Own,
}

impl ScaleSource {
    /// Unit and source, as written beside every length and on the picture.
    pub fn label(self) -> String {
        match self {
            Self::Calibrated(_) => "mm (calibrated)".to_owned(),
            Self::MagnificationFactor(factor) | Self::FactorOfUnknownDepth(factor) => {
                format!("mm (ERMF {factor:.2})")
            }
            Self::Distances(ratio) => format!("mm (SID/SOD {ratio:.2})"),
            Self::Slice => "mm (slice)".to_owned(),
            Self::Ultrasound => "mm (ultrasound region)".to_owned(),
            Self::Own => "mm (own calibration)".to_owned(),
        }
    }

    /// What it rests on, and at which depth it holds.
    pub fn meaning(self) -> String {
        match self {
            Self::Calibrated(SpacingCalibration::Geometry) => {
                "Pixel Spacing of the file, which says that it was corrected for magnification. It \
                 holds at the depth that was assumed there"
                    .to_owned()
            }
            Self::Calibrated(SpacingCalibration::Fiducial) => {
                "Pixel Spacing of the file, which says that it was calibrated on an object of \
                 known size. It holds at the depth of that object"
                    .to_owned()
            }
            Self::MagnificationFactor(factor) => format!(
                "Imager Pixel Spacing divided by the magnification factor of the file ({factor:.3}). \
                 It holds at the depth of the isocentre; what is nearer to the tube is shorter"
            ),
            Self::FactorOfUnknownDepth(factor) => format!(
                "Imager Pixel Spacing divided by the magnification factor of the file ({factor:.3}). \
                 It holds at the depth the factor was stated for, which the file does not name; \
                 what is nearer to the tube is shorter"
            ),
            Self::Distances(ratio) => format!(
                "Imager Pixel Spacing divided by SID/SOD of the file ({ratio:.3}). It holds at the \
                 depth of the isocentre; what is nearer to the tube is shorter"
            ),
            Self::Slice => "Pixel Spacing of a slice through the patient".to_owned(),
            Self::Ultrasound => {
                "Calibration of the region of the ultrasound picture that both ends lie in"
                    .to_owned()
            }
            Self::Own => "Calibrated by hand on an object of known size. It holds at the depth of \
                          that object"
                .to_owned(),
        }
    }
}

/// Millimetres of a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PixelScale {
    /// mm between rows and between columns.
    pub mm: [f64; 2],
    /// Where they come from.
    pub source: ScaleSource,
}

/// Vector from one pixel place (column, row) to another, with rows and columns of such a size.
fn along([row_size, column_size]: [f64; 2], from: [f64; 2], to: [f64; 2]) -> [f64; 2] {
    let [from_column, from_row] = from;
    let [to_column, to_row] = to;
    [
        (to_column - from_column) * column_size,
        (to_row - from_row) * row_size,
    ]
}

/// Length between two pixel places (column, row), in the unit of `size` (of rows, of columns).
pub fn length(size: [f64; 2], from: [f64; 2], to: [f64; 2]) -> f64 {
    let [right, down] = along(size, from, to);
    right.hypot(down)
}

/// Angle from 0 to 180° between two lines of pixel places (column, row) each; `None` where one of
/// them has no length.
pub fn angle_deg(size: [f64; 2], first: [[f64; 2]; 2], second: [[f64; 2]; 2]) -> Option<f64> {
    let [ax, ay] = along(size, first[0], first[1]);
    let [bx, by] = along(size, second[0], second[1]);
    let short = ax.hypot(ay) < 1e-9 || bx.hypot(by) < 1e-9;
    (!short).then(|| {
        let (cross, dot) = (ax * by - ay * bx, ax * bx + ay * by);
        cross.abs().atan2(dot).to_degrees()
    })
}

impl PixelScale {
    /// mm between two pixel places (column, row).
    pub fn distance_mm(&self, from: [f64; 2], to: [f64; 2]) -> f64 {
        length(self.mm, from, to)
    }

    /// From an object of known size between two pixel places (column, row), for pixels of such a
    /// shape (row and column size, relative). `None` where the places coincide.
    pub fn of_known(known_mm: f64, shape: [f64; 2], from: [f64; 2], to: [f64; 2]) -> Option<Self> {
        let seen = length(shape, from, to);
        let usable = seen > 1e-9 && known_mm > 0.0 && known_mm.is_finite();
        usable.then(|| Self {
            mm: shape.map(|size| size * known_mm / seen),
            source: ScaleSource::Own,
        })
    }
}

impl Instance {
    /// Row and column size of its pixels, relative to one another; 1 and 1 where not stated.
    pub fn pixel_shape(&self) -> [f64; 2] {
        self.pixel_aspect
            .map_or([1.0, 1.0], |[row, column]| [row / column, 1.0])
    }

    /// The millimetres that the file gives a frame.
    ///
    /// # Errors
    /// Why there are none, to go after "pixels": a part of a sentence.
    pub fn file_scale(&self, frame: usize) -> Result<PixelScale, &'static str> {
        let picture = &self.picture;
        if let (Some(mm), Some(calibration)) =
            (picture.pixel_spacing_mm, picture.spacing_calibration)
        {
            let source = ScaleSource::Calibrated(calibration);
            return Ok(PixelScale { mm, source });
        }
        let placed = self.frames.get(frame).and_then(|header| header.plane);
        if let Some(plane) = placed.filter(|_| picture.is_section) {
            return Ok(PixelScale {
                mm: [plane.row_spacing_mm, plane.column_spacing_mm],
                source: ScaleSource::Slice,
            });
        }
        if !picture.regions.is_empty() {
            return Err("calibrated in its regions only");
        }
        let unknown = ProjectionGeometry::default();
        let taken = picture.projection(frame).unwrap_or(&unknown);
        of_projection(taken, picture.is_isocentric).ok_or(
            match (picture.imager_spacing_mm(frame), picture.pixel_spacing_mm) {
                (None, None) => "no spacing in the file",
                (None, Some(_)) => "Pixel Spacing is not marked as calibrated",
                (Some(_), _) => "spacing on the receptor only, no magnification",
            },
        )
    }

    /// The millimetres between places (column, row) of a frame: as [`Self::file_scale`], or those
    /// of the ultrasound region that all lie in.
    pub fn scale_at(&self, frame: usize, places: &[[f64; 2]]) -> Result<PixelScale, &'static str> {
        let of_region = |region: &UltrasoundRegion| PixelScale {
            mm: region.mm,
            source: ScaleSource::Ultrasound,
        };
        self.file_scale(frame).or_else(|reason| {
            let region = region_of(&self.picture.regions, places).map(of_region);
            region.ok_or(reason)
        })
    }
}

fn of_projection(taken: &ProjectionGeometry, is_isocentric: bool) -> Option<PixelScale> {
    let spacing = taken.imager_spacing_mm?;
    let (by, source) = match (taken.magnification, taken.distance_ratio()) {
        (Some(factor), _) if is_isocentric => (factor, ScaleSource::MagnificationFactor(factor)),
        (Some(factor), _) => (factor, ScaleSource::FactorOfUnknownDepth(factor)),
        (None, Some(ratio)) => (ratio, ScaleSource::Distances(ratio)),
        (None, None) => return None,
    };
    Some(PixelScale {
        mm: spacing.map(|mm| mm / by),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spacing_on_the_receptor_is_divided_by_the_magnification() {
        let taken = ProjectionGeometry {
            imager_spacing_mm: Some([0.3, 0.2]),
            source_to_detector_mm: Some(1000.0),
            source_to_isocenter_mm: Some(700.0),
            ..ProjectionGeometry::default()
        };
        let scale = of_projection(&taken, true).unwrap();
        assert!((scale.mm[0] - 0.21).abs() < 1e-12 && (scale.mm[1] - 0.14).abs() < 1e-12);
        assert_eq!(scale.source.label(), "mm (SID/SOD 1.43)");
        // 100 columns and 0 rows are 14 mm, 3 and 4 steps of 10 and 15 …
        assert!((scale.distance_mm([10.0, 5.0], [110.0, 5.0]) - 14.0).abs() < 1e-9);
        let oblique = scale.distance_mm([0.0, 0.0], [3.0 / 0.14, 4.0 / 0.21]);
        assert!((oblique - 5.0).abs() < 1e-9);
        let stated = ProjectionGeometry {
            magnification: Some(1.5),
            ..taken
        };
        let scale = of_projection(&stated, true).unwrap();
        assert_eq!(scale.source.label(), "mm (ERMF 1.50)");
        assert!((scale.mm[0] - 0.2).abs() < 1e-12);
        assert!(scale.source.meaning().contains("isocentre"));
        // Only angiography and fluoroscopy state the factor of the isocentre.
        let radiograph = of_projection(&stated, false).unwrap();
        assert_eq!(
            (radiograph.mm, radiograph.source.label()),
            (scale.mm, scale.source.label())
        );
        let meaning = radiograph.source.meaning();
        assert!(!meaning.contains("isocentre"), "{meaning}");
        assert!(meaning.contains("the depth the factor was stated for"));
        let bare = ProjectionGeometry {
            source_to_isocenter_mm: None,
            ..taken
        };
        assert_eq!(of_projection(&bare, true), None);
    }

    #[test]
    fn an_object_of_known_size_gives_the_scale_of_pixels_of_any_shape() {
        // Rows twice as far apart as columns: 30 columns and 20 rows are 50 column widths.
        let scale = PixelScale::of_known(25.0, [2.0, 1.0], [10.0, 10.0], [40.0, 30.0]).unwrap();
        assert_eq!(scale.mm, [1.0, 0.5]);
        assert_eq!(scale.source.label(), "mm (own calibration)");
        assert_eq!(scale.distance_mm([0.0, 0.0], [0.0, 7.0]), 7.0);
        let nothing = PixelScale::of_known(25.0, [1.0, 1.0], [3.0, 3.0], [3.0, 3.0]);
        assert_eq!(nothing, None);
    }

    #[test]
    fn angles_are_those_on_the_screen() {
        let corner = [[0.0, 0.0], [10.0, 0.0]];
        let up = |size| angle_deg(size, corner, [[0.0, 0.0], [10.0, 10.0]]).unwrap();
        assert!((up([1.0, 1.0]) - 45.0).abs() < 1e-12);
        // Rows √3 times as far apart: 60°.
        assert!((up([3.0_f64.sqrt(), 1.0]) - 60.0).abs() < 1e-12);
        let back = [[10.0, 0.0], [0.0, 0.0]];
        assert_eq!(angle_deg([1.0, 1.0], corner, back), Some(180.0));
        assert_eq!(
            angle_deg([1.0, 1.0], corner, [[4.0, 4.0], [4.0, 4.0]]),
            None
        );
    }
}
