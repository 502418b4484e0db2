//! Measurements on pictures that have no place in the patient, and calibrations of such pictures.
//!
//! They are bound to an image by its SOP Instance UID and kept in pixels; lengths follow from the
//! scale of the image, so that a later calibration changes them.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{MeasurementId, MeasurementKind, Plan, PlanEditError};
use crate::study::InstanceUid;

/// Farthest pixel place a plan accepts: no image has more rows or columns.
const FARTHEST_PIXEL: f64 = 65_536.0;
/// Sizes that an object used for calibration may have, mm.
const KNOWN_MM: std::ops::RangeInclusive<f64> = 0.1..=2000.0;

/// A place on a picture: column and row from 0, the centre of the first pixel is 0, 0.
pub type PixelPlace = [f64; 2];

/// A length or an angle on a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureMeasurement {
    /// Identity within the session, shared with the other measurements.
    pub id: MeasurementId,
    /// Image it was drawn on.
    pub image: InstanceUid,
    /// Frame of that image, 0-based.
    pub frame: usize,
    /// Distance, angle or Cobb angle.
    pub kind: MeasurementKind,
    /// As many places as the kind wants.
    pub points: Vec<PixelPlace>,
}

/// What of an object of known size is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KnownObject {
    /// A length between two points.
    Length,
    /// A sphere: two points of its outline on opposite sides.
    Sphere,
}

impl KnownObject {
    /// Words for what is known of it.
    pub fn words(self) -> &'static str {
        match self {
            Self::Length => "This length is",
            Self::Sphere => "Diameter of this sphere",
        }
    }
}

/// A calibration by hand, for all frames of an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PictureCalibration {
    /// Image it was made on.
    pub image: InstanceUid,
    /// Frame it was made on, 0-based.
    pub frame: usize,
    /// What was marked.
    pub object: KnownObject,
    /// Where.
    pub points: [PixelPlace; 2],
    /// Its size in the patient, mm.
    pub known_mm: f64,
}

/// One change of marks on pictures.
#[derive(Debug, Clone, PartialEq)]
pub enum PictureEdit {
    /// Adds a measurement; its id must be the plan's next one.
    Add(PictureMeasurement),
    /// Deletes one.
    Remove(MeasurementId),
    /// Moves one of its points.
    MovePoint {
        /// Which measurement.
        id: MeasurementId,
        /// Which of its points.
        point: usize,
        /// Where to.
        to: PixelPlace,
    },
    /// Moves all its points.
    Move {
        /// Which measurement.
        id: MeasurementId,
        /// Columns and rows.
        by: PixelPlace,
    },
    /// Calibrates an image, in place of a former calibration of it.
    Calibrate(PictureCalibration),
    /// Takes the calibration of an image back.
    RemoveCalibration(InstanceUid),
}

/// Why a mark on a picture was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PictureEditError {
    /// A place that no picture has.
    #[error("Column {0}, row {1} is not on a picture")]
    NotOnPicture(String, String),
    /// A kind that is drawn on slices only.
    #[error("{0} cannot be drawn on a picture; measure lengths and angles there")]
    NotForPictures(&'static str),
    /// An image that a plan cannot find again.
    #[error("This image has no SOP Instance UID: marks on it could not be found again")]
    NamelessImage,
    /// A calibration between two clicks at one place.
    #[error("The two clicks are less than a pixel apart; mark the whole length")]
    TooShortToCalibrate,
    /// A size that no object for calibration has.
    #[error("{0} mm cannot be used for calibration; give 0.1 to 2000 mm")]
    KnownSize(String),
}

/// All marks on pictures.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PictureMarks {
    /// Measurements in the order they were made.
    pub measurements: Vec<PictureMeasurement>,
    /// One at most for each image.
    pub calibrations: Vec<PictureCalibration>,
}

impl PictureMarks {
    /// Nothing measured or calibrated.
    pub fn is_empty(&self) -> bool {
        self.measurements.is_empty() && self.calibrations.is_empty()
    }

    /// The measurement of an id.
    pub fn measurement(&self, id: MeasurementId) -> Option<&PictureMeasurement> {
        self.measurements.iter().find(|drawn| drawn.id == id)
    }

    /// The calibration of an image.
    pub fn calibration(&self, image: &InstanceUid) -> Option<&PictureCalibration> {
        self.calibrations.iter().find(|made| &made.image == image)
    }

    /// Images that anything is marked on, each once.
    pub fn images(&self) -> Vec<&InstanceUid> {
        let mut all: Vec<&InstanceUid> = self
            .measurements
            .iter()
            .map(|drawn| &drawn.image)
            .chain(self.calibrations.iter().map(|made| &made.image))
            .collect();
        all.sort();
        all.dedup();
        all
    }

    fn found(&mut self, id: MeasurementId) -> Result<&mut PictureMeasurement, PlanEditError> {
        let found = self.measurements.iter_mut().find(|drawn| drawn.id == id);
        found.ok_or(PlanEditError::NoMeasurement(id))
    }
}

pub(super) fn checked(place: PixelPlace) -> Result<PixelPlace, PlanEditError> {
    let near = |c: &f64| c.is_finite() && c.abs() <= FARTHEST_PIXEL;
    if place.iter().all(near) {
        Ok(place)
    } else {
        let [column, row] = place.map(|c| c.to_string());
        Err(PictureEditError::NotOnPicture(column, row).into())
    }
}

impl Plan {
    /// Applies one change of marks on pictures; on an error nothing has changed.
    pub(super) fn apply_to_pictures(&mut self, edit: &PictureEdit) -> Result<(), PlanEditError> {
        match edit {
            PictureEdit::Add(drawn) => self.add_to_picture(drawn),
            PictureEdit::Remove(id) => {
                self.pictures.found(*id)?;
                self.pictures.measurements.retain(|drawn| drawn.id != *id);
                Ok(())
            }
            PictureEdit::MovePoint { id, point, to } => {
                let to = checked(*to)?;
                let place = self.pictures.found(*id)?.points.get_mut(*point);
                *place.ok_or(PlanEditError::NoMeasurement(*id))? = to;
                Ok(())
            }
            PictureEdit::Move {
                id,
                by: [right, down],
            } => {
                let drawn = self.pictures.found(*id)?;
                let moved = drawn
                    .points
                    .iter()
                    .map(|[column, row]| checked([column + right, row + down]));
                drawn.points = moved.collect::<Result<_, _>>()?;
                Ok(())
            }
            PictureEdit::Calibrate(made) => self.calibrate(made),
            PictureEdit::RemoveCalibration(image) => {
                let calibrations = &mut self.pictures.calibrations;
                calibrations.retain(|made| &made.image != image);
                Ok(())
            }
        }
    }

    fn add_to_picture(&mut self, drawn: &PictureMeasurement) -> Result<(), PlanEditError> {
        let kind = drawn.kind.word();
        let measures = matches!(
            drawn.kind,
            MeasurementKind::Distance | MeasurementKind::Angle | MeasurementKind::Cobb
        );
        if !measures {
            return Err(PictureEditError::NotForPictures(kind).into());
        }
        let (wanted, given) = (drawn.kind.points(), drawn.points.len());
        if wanted != given {
            return Err(PlanEditError::PointCount {
                kind,
                wanted,
                given,
            });
        }
        if drawn.image.as_str().is_empty() {
            return Err(PictureEditError::NamelessImage.into());
        }
        for &place in &drawn.points {
            checked(place)?;
        }
        self.take_id(drawn.id.0)?;
        self.pictures.measurements.push(drawn.clone());
        Ok(())
    }

    fn calibrate(&mut self, made: &PictureCalibration) -> Result<(), PlanEditError> {
        let [from, to] = made.points;
        checked(from)?;
        checked(to)?;
        if made.image.as_str().is_empty() {
            return Err(PictureEditError::NamelessImage.into());
        }
        let [across, down] = [from[0] - to[0], from[1] - to[1]];
        if across.hypot(down) < 1.0 {
            return Err(PictureEditError::TooShortToCalibrate.into());
        }
        if !KNOWN_MM.contains(&made.known_mm) {
            return Err(PictureEditError::KnownSize(made.known_mm.to_string()).into());
        }
        let calibrations = &mut self.pictures.calibrations;
        calibrations.retain(|former| former.image != made.image);
        calibrations.push(made.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::PlanEdit;

    fn measurement(plan: &Plan, points: &[PixelPlace]) -> PictureMeasurement {
        PictureMeasurement {
            id: plan.next_measurement_id(),
            image: InstanceUid::new("1.2.3"),
            frame: 4,
            kind: MeasurementKind::Distance,
            points: points.to_vec(),
        }
    }

    fn calibration(known_mm: f64, to: PixelPlace) -> PictureCalibration {
        PictureCalibration {
            image: InstanceUid::new("1.2.3"),
            frame: 0,
            object: KnownObject::Sphere,
            points: [[10.0, 10.0], to],
            known_mm,
        }
    }

    fn apply(plan: &mut Plan, edit: PictureEdit) -> Result<(), PlanEditError> {
        plan.apply(&PlanEdit::Picture(edit))
    }

    #[test]
    fn measurements_are_added_moved_and_removed() {
        let mut plan = Plan::default();
        let drawn = measurement(&plan, &[[0.0, 0.0], [30.0, 40.0]]);
        let id = drawn.id;
        apply(&mut plan, PictureEdit::Add(drawn)).unwrap();
        assert!(!plan.is_empty());
        assert_ne!(plan.next_trajectory_id().0, id.0, "ids are shared");
        let by = [1.0, -2.0];
        apply(&mut plan, PictureEdit::Move { id, by }).unwrap();
        let (point, to) = (1, [5.0, 5.0]);
        apply(&mut plan, PictureEdit::MovePoint { id, point, to }).unwrap();
        let places = &plan.pictures.measurement(id).unwrap().points;
        assert_eq!(places, &[[1.0, -2.0], [5.0, 5.0]]);
        apply(&mut plan, PictureEdit::Remove(id)).unwrap();
        assert!(plan.is_empty());
        let gone = apply(&mut plan, PictureEdit::Remove(id));
        assert_eq!(gone, Err(PlanEditError::NoMeasurement(id)));
    }

    #[test]
    fn what_cannot_be_on_a_picture_is_refused() {
        let mut plan = Plan::default();
        let good = measurement(&plan, &[[0.0, 0.0], [3.0, 4.0]]);
        let refused = |wrong: PictureMeasurement| {
            let mut plan = Plan::default();
            apply(&mut plan, PictureEdit::Add(wrong)).unwrap_err()
        };
        let few = measurement(&plan, &[[0.0, 0.0]]);
        assert!(matches!(refused(few), PlanEditError::PointCount { .. }));
        let far = measurement(&plan, &[[0.0, f64::NAN], [3.0, 4.0]]);
        let off = PictureEditError::NotOnPicture("0".to_owned(), "NaN".to_owned());
        assert_eq!(refused(far), off.into());
        let nameless = PictureMeasurement {
            image: InstanceUid::new(""),
            ..good.clone()
        };
        assert_eq!(refused(nameless), PictureEditError::NamelessImage.into());
        let ellipse = PictureMeasurement {
            kind: MeasurementKind::Ellipse,
            ..good.clone()
        };
        let not_here = PictureEditError::NotForPictures("Ellipse");
        assert_eq!(refused(ellipse), not_here.into());
        apply(&mut plan, PictureEdit::Add(good.clone())).unwrap();
        let again = apply(&mut plan, PictureEdit::Add(good));
        assert!(matches!(again, Err(PlanEditError::WrongId(_))));
    }

    #[test]
    fn an_image_has_one_calibration_of_a_possible_size() {
        let mut plan = Plan::default();
        let made = |known_mm, to| PictureEdit::Calibrate(calibration(known_mm, to));
        apply(&mut plan, made(25.0, [60.0, 10.0])).unwrap();
        apply(&mut plan, made(30.0, [70.0, 10.0])).unwrap();
        let image = InstanceUid::new("1.2.3");
        assert_eq!(plan.pictures.calibrations.len(), 1);
        assert_eq!(plan.pictures.calibration(&image).unwrap().known_mm, 30.0);
        assert_eq!(plan.pictures.images(), [&image]);
        for wrong in [0.0, -3.0, 1e9, f64::NAN] {
            assert!(apply(&mut plan, made(wrong, [60.0, 10.0])).is_err());
        }
        let point = apply(&mut plan, made(25.0, [10.0, 10.5]));
        assert_eq!(point, Err(PictureEditError::TooShortToCalibrate.into()));
        apply(&mut plan, PictureEdit::RemoveCalibration(image)).unwrap();
        assert!(plan.is_empty());
    }
}
