//! Where the beam of an X-ray picture was in the CT's patient space, found by hand or by 2D/3D
//! registration; and the landmarks that check it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::edit::checked;
use super::{PictureEditError, PixelPlace, Plan, PlanEditError};
use crate::geometry::{Correction, Lps, Point};
use crate::study::InstanceUid;

/// Landmarks of one picture, and registrations of all, that a plan accepts.
const MOST: usize = 1000;

/// How well a registration is held: standard deviations along and about the axes of the (first)
/// picture.
///
/// They say how the parts of the pictures pull against each other; not what patient movement or a
/// wrong distance in the header adds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RegistrationUncertainty {
    /// Right and down, mm.
    pub across_mm: [f64; 2],
    /// Along the beam, mm: the weak direction of a single picture.
    pub along_mm: f64,
    /// About the picture's right and down axes, degrees.
    pub tilt_deg: [f64; 2],
    /// About the beam, degrees.
    pub roll_deg: f64,
}

/// How a registration was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RegisteredBy {
    /// Moved by hand, or confirmed as the header says.
    Hand,
    /// By likeness to the projection of the CT.
    Likeness {
        /// Pictures registered together.
        views: usize,
        /// Mean correlation of the gradients at the start, −1 to 1.
        before: f64,
        /// The same at the end.
        after: f64,
        /// What speaks against it, for people; `None` where nothing does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doubt: Option<String>,
        /// How well it is held.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        uncertainty: Option<RegistrationUncertainty>,
    },
}

/// The registration of one frame of a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PictureRegistration {
    /// SOP Instance UID.
    pub image: InstanceUid,
    /// Frame of the image, 0-based.
    #[serde(default)]
    pub frame: usize,
    /// Point of the CT that the isocentre was taken to be, LPS mm; the header does not say it.
    pub isocenter_lps_mm: Point<Lps>,
    /// Carries the header's beam about that isocentre to where it was in the patient.
    pub correction: Correction,
    /// How it was found.
    pub found: RegisteredBy,
}

/// One point that a person marked in both, the CT and a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PictureLandmark {
    /// SOP Instance UID.
    pub image: InstanceUid,
    /// Frame of the image, 0-based.
    #[serde(default)]
    pub frame: usize,
    /// In the CT, LPS mm.
    pub point_lps_mm: Point<Lps>,
    /// On the picture: column and row from 0.
    pub pixel: PixelPlace,
}

/// One change of registrations.
#[derive(Debug, Clone, PartialEq)]
pub enum RegistrationEdit {
    /// Registers pictures, each in place of a former registration of it.
    Set(Vec<PictureRegistration>),
    /// Takes the registration of a frame back; its landmarks stay.
    Remove(InstanceUid, usize),
    /// Adds a landmark.
    AddLandmark(PictureLandmark),
    /// Removes one of a frame's landmarks, counted from 0.
    RemoveLandmark(InstanceUid, usize, usize),
}

/// Why a registration was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum RegistrationEditError {
    /// Numbers that are no movement.
    #[error("The registration holds numbers that are no position")]
    NotAMovement,
    /// No such registration.
    #[error("This picture is not registered")]
    NotRegistered,
    /// No such landmark.
    #[error("This landmark is no longer in the plan")]
    NoLandmark,
    /// More than anyone marks.
    #[error("The plan holds {MOST} landmarks or registrations already: remove some")]
    TooMany,
}

/// All registrations of a plan.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Registrations {
    /// One at most for each frame.
    pub pictures: Vec<PictureRegistration>,
    /// Landmarks in the order they were marked.
    pub landmarks: Vec<PictureLandmark>,
}

impl Registrations {
    /// Nothing registered or marked.
    pub fn is_empty(&self) -> bool {
        self.pictures.is_empty() && self.landmarks.is_empty()
    }

    /// The registration of a frame (0-based).
    pub fn of(&self, image: &InstanceUid, frame: usize) -> Option<&PictureRegistration> {
        self.pictures
            .iter()
            .find(|made| &made.image == image && made.frame == frame)
    }

    /// The landmarks of a frame (0-based).
    pub fn landmarks_of<'a>(
        &'a self,
        image: &'a InstanceUid,
        frame: usize,
    ) -> impl Iterator<Item = &'a PictureLandmark> {
        let marked = self.landmarks.iter();
        marked.filter(move |mark| &mark.image == image && mark.frame == frame)
    }

    fn set(&mut self, made: &PictureRegistration) -> Result<(), PlanEditError> {
        named(&made.image)?;
        let numbers = made.correction.is_finite() && made.correction.angle_deg() <= 180.0 + 1e-6;
        if !numbers {
            return Err(RegistrationEditError::NotAMovement.into());
        }
        checked(made.isocenter_lps_mm)?;
        checked(made.correction.pivot)?;
        checked(Point::from_vec(made.correction.shift_mm.0))?;
        let same =
            |other: &PictureRegistration| other.image == made.image && other.frame == made.frame;
        self.pictures.retain(|other| !same(other));
        if self.pictures.len() >= MOST {
            return Err(RegistrationEditError::TooMany.into());
        }
        self.pictures.push(made.clone());
        Ok(())
    }

    fn add_landmark(&mut self, mark: &PictureLandmark) -> Result<(), PlanEditError> {
        named(&mark.image)?;
        checked(mark.point_lps_mm)?;
        super::picture_marks::checked(mark.pixel)?;
        if self.landmarks.len() >= MOST {
            return Err(RegistrationEditError::TooMany.into());
        }
        self.landmarks.push(mark.clone());
        Ok(())
    }

    fn remove_landmark(
        &mut self,
        image: &InstanceUid,
        frame: usize,
        which: usize,
    ) -> Result<(), PlanEditError> {
        let of_frame = |mark: &PictureLandmark| &mark.image == image && mark.frame == frame;
        let places = self.landmarks.iter().enumerate();
        let place = places
            .filter(|(_, mark)| of_frame(mark))
            .map(|(place, _)| place)
            .nth(which);
        self.landmarks
            .remove(place.ok_or(RegistrationEditError::NoLandmark)?);
        Ok(())
    }
}

fn named(image: &InstanceUid) -> Result<(), PlanEditError> {
    if image.as_str().is_empty() {
        return Err(PictureEditError::NamelessImage.into());
    }
    Ok(())
}

impl Plan {
    /// Applies one change of registrations; on an error nothing has changed.
    pub(super) fn apply_to_registrations(
        &mut self,
        edit: &RegistrationEdit,
    ) -> Result<(), PlanEditError> {
        match edit {
            RegistrationEdit::Set(made) => {
                let mut changed = self.registrations.clone();
                for made in made {
                    changed.set(made)?;
                }
                self.registrations = changed;
                Ok(())
            }
            RegistrationEdit::Remove(image, frame) => {
                if self.registrations.of(image, *frame).is_none() {
                    return Err(RegistrationEditError::NotRegistered.into());
                }
                let others = &mut self.registrations.pictures;
                others.retain(|made| &made.image != image || made.frame != *frame);
                Ok(())
            }
            RegistrationEdit::AddLandmark(mark) => self.registrations.add_landmark(mark),
            RegistrationEdit::RemoveLandmark(image, frame, which) => {
                self.registrations.remove_landmark(image, *frame, *which)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::Vector;
    use crate::plan::{PlanEdit, PlanFile};
    use std::path::Path;

    fn made(image: &str, shift: f64) -> PictureRegistration {
        let pivot = Point::new(1.0, 2.0, 3.0);
        PictureRegistration {
            image: InstanceUid::new(image),
            frame: 0,
            isocenter_lps_mm: pivot,
            correction: Correction {
                pivot,
                rotation_rad: Vector::new(0.01, -0.02, 0.03),
                shift_mm: Vector::new(shift, 0.0, -2.5),
            },
            found: RegisteredBy::Likeness {
                views: 2,
                before: 0.1,
                after: 0.7,
                doubt: None,
                uncertainty: Some(RegistrationUncertainty {
                    across_mm: [0.1, 0.2],
                    along_mm: 1.5,
                    tilt_deg: [0.1, 0.2],
                    roll_deg: 0.05,
                }),
            },
        }
    }

    fn mark(column: f64) -> PictureLandmark {
        PictureLandmark {
            image: InstanceUid::new("1.2"),
            frame: 0,
            point_lps_mm: Point::new(9.0, 8.0, 7.0),
            pixel: [column, 20.0],
        }
    }

    fn apply(plan: &mut Plan, edit: RegistrationEdit) -> Result<(), PlanEditError> {
        plan.apply(&PlanEdit::Registration(edit))
    }

    #[test]
    fn a_picture_has_one_registration_and_keeps_its_landmarks() {
        let mut plan = Plan::default();
        apply(&mut plan, RegistrationEdit::AddLandmark(mark(10.0))).unwrap();
        apply(&mut plan, RegistrationEdit::AddLandmark(mark(30.0))).unwrap();
        for shift in [4.0, 5.0] {
            let both = vec![made("1.2", shift), made("1.3", shift)];
            apply(&mut plan, RegistrationEdit::Set(both)).unwrap();
        }
        let image = InstanceUid::new("1.2");
        assert_eq!(plan.registrations.pictures.len(), 2);
        let found = plan.registrations.of(&image, 0).unwrap();
        assert_eq!(found.correction.shift_mm.0.x, 5.0);
        assert!(plan.registrations.of(&image, 1).is_none());
        apply(&mut plan, RegistrationEdit::Remove(image.clone(), 0)).unwrap();
        assert_eq!(
            apply(&mut plan, RegistrationEdit::Remove(image.clone(), 0)),
            Err(RegistrationEditError::NotRegistered.into())
        );
        let first = RegistrationEdit::RemoveLandmark(image.clone(), 0, 0);
        apply(&mut plan, first.clone()).unwrap();
        let left: Vec<f64> = plan
            .registrations
            .landmarks_of(&image, 0)
            .map(|mark| mark.pixel[0])
            .collect();
        assert_eq!(left, [30.0]);
        apply(&mut plan, first.clone()).unwrap();
        assert_eq!(
            apply(&mut plan, first),
            Err(RegistrationEditError::NoLandmark.into())
        );
    }

    #[test]
    fn what_is_no_movement_is_refused_as_a_whole() {
        let mut plan = Plan::default();
        let mut wrong = made("1.3", f64::NAN);
        let edit = RegistrationEdit::Set(vec![made("1.2", 0.0), wrong.clone()]);
        assert!(apply(&mut plan, edit).is_err() && plan.is_empty());
        wrong = made("", 0.0);
        assert!(apply(&mut plan, RegistrationEdit::Set(vec![wrong])).is_err());
        let mut far = mark(1.0);
        far.pixel[1] = f64::INFINITY;
        assert!(apply(&mut plan, RegistrationEdit::AddLandmark(far)).is_err());
    }

    #[test]
    fn the_plan_file_keeps_them_and_older_files_have_none() {
        let mut plan = Plan::default();
        apply(&mut plan, RegistrationEdit::Set(vec![made("1.2", 4.0)])).unwrap();
        apply(&mut plan, RegistrationEdit::AddLandmark(mark(10.0))).unwrap();
        let text = serde_json::to_string(&PlanFile::of(&plan, None)).unwrap();
        assert!(text.contains("\"rotation_vector_rad\":[0.01,-0.02,0.03]"));
        let path = Path::new("a plan");
        let back = PlanFile::parse(&text, path).unwrap().plan(path).unwrap();
        assert_eq!(back.registrations, plan.registrations);
        let older = PlanFile::of(&Plan::default(), None);
        let text = serde_json::to_string(&older).unwrap();
        assert!(!text.contains("registration"));
    }
}
