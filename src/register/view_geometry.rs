//! What a picture's header must say before its rays are known in the patient.

use thiserror::Error;

use crate::geometry::{CArmAngles, CArmPose, ConeBeam, Lps, Point, Receptor, Vector};
use crate::study::PictureHeader;

/// Farthest from straight that a stated orientation may be: cos 60°.
const LEAST_AGREEMENT: f64 = 0.5;

/// Why a plan cannot be laid over a picture.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ViewGeometryError {
    /// A slice through the patient.
    #[error("It is a slice through the patient, no projection")]
    NotAProjection,
    /// No Positioner Primary and Secondary Angle, or impossible ones.
    #[error(
        "It does not say the angles of the C-arm (Positioner Primary and Secondary Angle){0}: a \
         plan cannot be laid over it"
    )]
    NoAngles(String),
    /// No SID.
    #[error(
        "It does not say how far the source is from the detector (Distance Source to Detector): a \
         plan cannot be laid over it"
    )]
    NoSourceToDetector,
    /// Neither SOD nor a magnification factor.
    #[error(
        "It says neither how far the source is from the isocentre nor a magnification factor: a \
         plan cannot be laid over it"
    )]
    NoSourceToIsocenter,
    /// No spacing on the receptor.
    #[error(
        "It has no Imager Pixel Spacing, so that nothing on it has a size: a plan cannot be laid \
         over it"
    )]
    NoSpacing,
    /// The distances or spacings make no beam.
    #[error("Its distances and spacing make no beam: a plan cannot be laid over it")]
    NoBeam,
    /// Rows and columns that do not lie as the angles say.
    #[error(
        "Its Patient Orientation ({0}) does not fit its angles: turned pictures cannot be used"
    )]
    Turned(String),
    /// Turned or mirrored, from where nobody says.
    #[error(
        "It was turned or mirrored after it was taken (Field of View Rotation, Field of View \
         Horizontal Flip) and does not say where the patient's sides are (Patient Orientation): a \
         plan cannot be laid over it"
    )]
    TurnedFromReceptor,
}

/// X-ray geometry of one picture: where its rays run about the isocentre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ViewGeometry {
    /// DICOM positioner angles.
    pub angles: CArmAngles,
    /// SID, mm.
    pub source_to_detector_mm: f64,
    /// SOD, mm.
    pub source_to_isocenter_mm: f64,
    /// The picture's pixels as they are stored; a spacing is negative along a mirrored axis.
    pub receptor: Receptor,
    /// The file states where both rows and columns lead to (Patient Orientation). Without it, left
    /// and right are assumed.
    pub sides_stated: bool,
}

impl ViewGeometry {
    /// Of a frame (0-based) of a picture of columns × rows, the central ray in its middle.
    ///
    /// Patient Orientation (0020,0020) says whether the picture is mirrored (2.3); without it, it
    /// is taken to be as seen from behind the receptor, unless the file says that it was turned or
    /// mirrored since: which way the receptor itself counts its pixels, no attribute says.
    pub fn of(
        header: &PictureHeader,
        frame: usize,
        size: [usize; 2],
    ) -> Result<Self, ViewGeometryError> {
        if header.is_section {
            return Err(ViewGeometryError::NotAProjection);
        }
        let projection = header.projection(frame).copied().unwrap_or_default();
        let angles = projection.angles.ok_or_else(|| {
            let why = header.problems.iter().find(|text| text.contains("Angle"));
            ViewGeometryError::NoAngles(why.map_or_else(String::new, |text| {
                format!(" ({})", text.trim_end_matches('.'))
            }))
        })?;
        let factor = projection.magnification;
        let (sid, sod) = (
            projection.source_to_detector_mm,
            projection.source_to_isocenter_mm,
        );
        let sid = sid
            .or_else(|| Some(sod? * factor?))
            .ok_or(ViewGeometryError::NoSourceToDetector)?;
        let sod = sod
            .or_else(|| factor.map(|factor| sid / factor))
            .ok_or(ViewGeometryError::NoSourceToIsocenter)?;
        let on_object = projection.object_spacing_mm;
        let spacing = projection
            .imager_spacing_mm
            .or_else(|| on_object.map(|mm| mm.map(|mm| mm * sid / sod)))
            .ok_or(ViewGeometryError::NoSpacing)?;
        let [row_mm, column_mm] = spacing;
        let sides = sides(angles, header.patient_orientation.as_ref())?;
        let sides_stated = sides.iter().all(Option::is_some);
        if header.turned_from_receptor && !sides_stated {
            return Err(ViewGeometryError::TurnedFromReceptor);
        }
        let mirrored = sides.map(|side| side == Some(Side::Mirrored));
        let mut receptor = Receptor::centered(size, column_mm);
        receptor.pixel_mm = [
            if mirrored[0] { -column_mm } else { column_mm },
            if mirrored[1] { -row_mm } else { row_mm },
        ];
        let found = Self {
            angles,
            source_to_detector_mm: sid,
            source_to_isocenter_mm: sod,
            receptor,
            sides_stated,
        };
        let possible =
            found.beam(Point::new(0.0, 0.0, 0.0)).is_some() && row_mm > 0.0 && column_mm > 0.0;
        possible.then_some(found).ok_or(ViewGeometryError::NoBeam)
    }

    /// The C-arm about an isocentre.
    pub fn pose(&self, isocenter: Point<Lps>) -> CArmPose {
        CArmPose {
            angles: self.angles,
            isocenter,
            source_to_detector_mm: self.source_to_detector_mm,
            source_to_isocenter_mm: self.source_to_isocenter_mm,
        }
    }

    /// Its beam about an isocentre; `None` where that is not finite.
    pub fn beam(&self, isocenter: Point<Lps>) -> Option<ConeBeam> {
        self.pose(isocenter).beam()
    }
}

/// Which way the pixels of an axis count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// As seen from behind the receptor.
    Plain,
    /// Against it.
    Mirrored,
}

/// How columns and rows count against (2.3); `None` where the file does not state it.
fn sides(
    angles: CArmAngles,
    orientation: Option<&[String; 2]>,
) -> Result<[Option<Side>; 2], ViewGeometryError> {
    let mut sides = [None; 2];
    let Some(letters) = orientation else {
        return Ok(sides);
    };
    let (right, up) = angles.image_axes();
    let turned = || ViewGeometryError::Turned(letters.join("\\"));
    for (side, (letters, axis)) in sides
        .iter_mut()
        .zip([(&letters[0], right), (&letters[1], -up)])
    {
        let Some(stated) = direction(letters) else {
            continue;
        };
        let agreement = stated.dot(axis);
        if agreement.abs() < LEAST_AGREEMENT {
            return Err(turned());
        }
        *side = Some(if agreement < 0.0 {
            Side::Mirrored
        } else {
            Side::Plain
        });
    }
    Ok(sides)
}

/// Direction that letters such as `L`, `PF` or `LAH` mean, the first weighing most; `None` where
/// they mean none.
fn direction(letters: &str) -> Option<Vector<Lps>> {
    let mut sum = Vector::new(0.0, 0.0, 0.0);
    let mut weight = 1.0;
    for letter in letters.chars() {
        let axis = match letter {
            'L' => Vector::new(1.0, 0.0, 0.0),
            'R' => Vector::new(-1.0, 0.0, 0.0),
            'P' => Vector::new(0.0, 1.0, 0.0),
            'A' => Vector::new(0.0, -1.0, 0.0),
            'H' => Vector::new(0.0, 0.0, 1.0),
            'F' => Vector::new(0.0, 0.0, -1.0),
            _ => return None,
        };
        sum = sum + axis * weight;
        weight *= 0.5;
    }
    sum.direction()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Degrees;
    use crate::study::ProjectionGeometry;

    fn header(primary: f64, orientation: Option<[&str; 2]>) -> PictureHeader {
        PictureHeader {
            projections: vec![ProjectionGeometry {
                angles: Some(CArmAngles {
                    primary: Degrees(primary),
                    secondary: Degrees(0.0),
                }),
                source_to_detector_mm: Some(1000.0),
                source_to_isocenter_mm: Some(700.0),
                imager_spacing_mm: Some([0.3, 0.4]),
                ..ProjectionGeometry::default()
            }],
            patient_orientation: orientation.map(|letters| letters.map(str::to_owned)),
            ..PictureHeader::default()
        }
    }

    fn of(header: &PictureHeader) -> Result<ViewGeometry, ViewGeometryError> {
        ViewGeometry::of(header, 0, [500, 400])
    }

    #[test]
    fn a_frontal_picture_shows_the_patients_left_on_the_right() {
        let view = of(&header(0.0, Some(["L", "F"]))).unwrap();
        let beam = view.beam(Point::new(0.0, 0.0, 0.0)).unwrap();
        // 7 mm to the left are 10 mm on the receptor, 25 columns of 0.4 mm; 7 mm to the head are
        // 33.3 rows of 0.3 mm upwards.
        let at = beam
            .pixel_of(Point::new(7.0, 0.0, 7.0), &view.receptor)
            .unwrap();
        assert!((at.x - (249.5 + 25.0)).abs() < 1e-9);
        assert!((at.y - (199.5 - 10.0 / 0.3)).abs() < 1e-9);
    }

    #[test]
    fn a_mirrored_picture_is_known_by_its_orientation() {
        // Receptor behind: without a word, patient left is on the left (2.3) …
        let plain = of(&header(180.0, None)).unwrap();
        let stated = of(&header(180.0, Some(["R", "F"]))).unwrap();
        assert_eq!(plain.receptor, stated.receptor);
        assert!(stated.sides_stated && !plain.sides_stated);
        // … and a system that turns it as a film on a viewing box says so.
        let turned = of(&header(180.0, Some(["L", "F"]))).unwrap();
        assert_eq!(turned.receptor.pixel_mm, [-0.4, 0.3]);
        let beam = turned.beam(Point::new(0.0, 0.0, 0.0)).unwrap();
        let at = beam
            .pixel_of(Point::new(7.0, 0.0, 0.0), &turned.receptor)
            .unwrap();
        assert!((at.x - (249.5 + 25.0)).abs() < 1e-9);
        let quarter = of(&header(0.0, Some(["F", "L"])));
        assert!(matches!(quarter, Err(ViewGeometryError::Turned(_))));
        assert!(of(&header(25.0, Some(["LP", "F"]))).is_ok());
    }

    #[test]
    fn a_flip_from_an_unknown_side_is_refused() {
        let flipped = |orientation| {
            let turned_from_receptor = true;
            of(&PictureHeader {
                turned_from_receptor,
                ..header(0.0, orientation)
            })
        };
        assert_eq!(flipped(None), Err(ViewGeometryError::TurnedFromReceptor));
        // Patient Orientation speaks of the pixels as they are stored, after all turns.
        assert_eq!(
            flipped(Some(["R", "F"])).unwrap().receptor.pixel_mm,
            [-0.4, 0.3]
        );
    }

    #[test]
    fn what_is_missing_is_said() {
        let missing = |change: fn(&mut ProjectionGeometry)| {
            let mut header = header(0.0, None);
            header.projections.iter_mut().for_each(change);
            of(&header).unwrap_err().to_string()
        };
        assert!(missing(|p| p.imager_spacing_mm = None).contains("Imager Pixel Spacing"));
        assert!(missing(|p| p.angles = None).contains("angles of the C-arm"));
        assert!(missing(|p| p.source_to_detector_mm = None).contains("detector"));
        assert!(missing(|p| p.source_to_isocenter_mm = None).contains("isocentre"));
        let mut wrong = header(0.0, None);
        wrong.projections.clear();
        wrong.problems = vec!["Positioner Primary Angle is \"270\": an angle from -180 to 180 was expected. It is not used.".to_owned()];
        assert!(of(&wrong).unwrap_err().to_string().contains("\"270\""));
    }

    #[test]
    fn the_magnification_factor_stands_in_for_a_distance() {
        let mut factor = header(0.0, None);
        factor.projections[0].source_to_isocenter_mm = None;
        factor.projections[0].magnification = Some(1.25);
        assert!((of(&factor).unwrap().source_to_isocenter_mm - 800.0).abs() < 1e-9);
    }
}
