//! Where the beam of an X-ray picture was in the CT's patient space, found by hand or by 2D/3D
//! registration; and the landmarks that check it.

use serde::{Deserialize, Deserializer, Serialize};
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
        #[serde(deserialize_with = "number_or_zero")]
        before: f64,
        /// The same at the end.
        #[serde(deserialize_with = "number_or_zero")]
        after: f64,
        /// What speaks against it, for people; `None` where nothing does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        doubt: Option<String>,
        /// How well it is held, along and about the axes of this picture; of pictures registered
        /// together only the first says it.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            deserialize_with = "whole_uncertainty"
        )]
        uncertainty: Option<RegistrationUncertainty>,
    },
}

impl RegisteredBy {
    /// Whether all numbers are finite.
    fn is_finite(&self) -> bool {
        let Self::Likeness {
            before,
            after,
            uncertainty,
            ..
        } = self
        else {
            return true;
        };
        let held = uncertainty.is_none_or(|held| {
            let pairs = [held.across_mm, held.tilt_deg];
            pairs.iter().flatten().all(|number| number.is_finite())
                && held.along_mm.is_finite()
                && held.roll_deg.is_finite()
        });
        before.is_finite() && after.is_finite() && held
    }
}

/// JSON has no word for what is no number: plans were written with `null` there, and must open. A
/// likeness of 0 says that nothing is known of it.
fn number_or_zero<'de, D: Deserializer<'de>>(file: D) -> Result<f64, D::Error> {
    Ok(Option::<f64>::deserialize(file)?.unwrap_or_default())
}

/// The same of the uncertainty: one that lacks a number says nothing.
fn whole_uncertainty<'de, D: Deserializer<'de>>(
    file: D,
) -> Result<Option<RegistrationUncertainty>, D::Error> {
    #[derive(Deserialize)]
    struct Written {
        across_mm: [Option<f64>; 2],
        along_mm: Option<f64>,
        tilt_deg: [Option<f64>; 2],
        roll_deg: Option<f64>,
    }
    let both = |[a, b]: [Option<f64>; 2]| Some([a?, b?]);
    let whole = |written: Written| {
        Some(RegistrationUncertainty {
            across_mm: both(written.across_mm)?,
            along_mm: written.along_mm?,
            tilt_deg: both(written.tilt_deg)?,
            roll_deg: written.roll_deg?,
        })
    };
    Ok(Option::<Written>::deserialize(file)?.and_then(whole))
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
    /// A likeness or deviation that is no number: the plan's file could not hold it.
    #[error(
        "The likeness of the registration is no number: move the plan nearer and register again"
    )]
    NotANumber,
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
        if !made.found.is_finite() {
            return Err(RegistrationEditError::NotANumber.into());
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
mod tests;
