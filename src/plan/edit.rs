//! Every change a plan can undergo, applied all or not at all.

use thiserror::Error;

use super::drawn_structure::{self, StructureEdit, StructureId};
use super::{
    Color, Intent, Measurement, MeasurementId, Objection, Override, PictureEdit, PictureEditError,
    Plan, RegistrationEdit, RegistrationEditError, SeriesBinding, SpineEdit, Trajectory,
    TrajectoryEnd, TrajectoryId,
};
use crate::geometry::{Lps, PatientPosition, Point, Vector};

/// One change.
#[derive(Debug, Clone, PartialEq)]
pub enum PlanEdit {
    /// Adds a needle; its id must be the plan's next one.
    AddTrajectory(Trajectory),
    /// Deletes a needle.
    RemoveTrajectory(TrajectoryId),
    /// Places or moves one end.
    SetEnd {
        /// Which needle.
        id: TrajectoryId,
        /// Which end.
        end: TrajectoryEnd,
        /// Where to, LPS mm.
        to: Point<Lps>,
    },
    /// Moves the whole needle.
    MoveTrajectory {
        /// Which needle.
        id: TrajectoryId,
        /// How far, mm.
        by: Vector<Lps>,
    },
    /// Renames a needle.
    Rename {
        /// Which needle.
        id: TrajectoryId,
        /// New name, not blank.
        name: String,
    },
    /// Chooses a needle of the catalogue, or none.
    SetNeedle {
        /// Which needle.
        id: TrajectoryId,
        /// Catalogue id.
        needle: Option<String>,
    },
    /// Changes the colour.
    SetColor {
        /// Which needle.
        id: TrajectoryId,
        /// New colour.
        color: Color,
    },
    /// Locks or unlocks.
    SetLocked {
        /// Which needle.
        id: TrajectoryId,
        /// Refuse to be moved.
        locked: bool,
    },
    /// Hides or shows.
    SetHidden {
        /// Which needle.
        id: TrajectoryId,
        /// Not drawn.
        hidden: bool,
    },
    /// Adds a distance or angle; its id must be the plan's next one.
    AddMeasurement(Measurement),
    /// Deletes a distance or angle.
    RemoveMeasurement(MeasurementId),
    /// Moves one point of a distance or angle.
    MoveMeasurementPoint {
        /// Which measurement.
        id: MeasurementId,
        /// Which of its points.
        point: usize,
        /// Where to, LPS mm.
        to: Point<Lps>,
    },
    /// Says what a needle is meant for, or that it is meant for nothing in particular. Overrides
    /// were given for the former intent and go.
    SetIntent {
        /// Which needle.
        id: TrajectoryId,
        /// Procedure, level and side.
        intent: Option<Intent>,
    },
    /// Sets the radius around the target, or goes back to the procedure's own.
    SetTargetRadius {
        /// Which needle.
        id: TrajectoryId,
        /// 0.1 to 50 mm.
        radius_mm: Option<f64>,
    },
    /// Overrides an objection with a reason, or (`None`) takes the override back.
    SetOverride {
        /// Which needle.
        id: TrajectoryId,
        /// Against what.
        objection: Objection,
        /// Why, not blank.
        reason: Option<String>,
    },
    /// Changes what is declared of the spine.
    Spine(SpineEdit),
    /// Changes the marks on pictures without a place in the patient.
    Picture(PictureEdit),
    /// Changes how X-ray pictures are registered.
    Registration(RegistrationEdit),
    /// Changes the structures drawn by hand.
    Structure(StructureEdit),
    /// Remembers which files structures were opened from.
    SetStructureFiles(Vec<String>),
    /// Moves all points of a measurement.
    MoveMeasurement {
        /// Which measurement.
        id: MeasurementId,
        /// How far, mm.
        by: Vector<Lps>,
    },
    /// Changes the words beside a measurement.
    SetMeasurementText {
        /// Which measurement.
        id: MeasurementId,
        /// New words, 200 characters at most; may be empty.
        text: String,
    },
    /// Declares how the patient lies when treated.
    SetPatientPosition(Option<PatientPosition>),
    /// Binds the plan to the images it is drawn on.
    Bind(Option<SeriesBinding>),
}

/// Why a change was refused.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PlanEditError {
    /// No such needle.
    #[error("Needle {} is no longer in the plan", .0.0)]
    NoTrajectory(TrajectoryId),
    /// No such measurement or point.
    #[error("Measurement {} is no longer in the plan", .0.0)]
    NoMeasurement(MeasurementId),
    /// Locked.
    #[error("{0:?} is locked; unlock it to move it")]
    Locked(String),
    /// A coordinate is NaN or infinite, or absurdly far away.
    #[error("{0:?} is not a position in the patient; coordinates must be within ±10 m")]
    NotAPosition([String; 3]),
    /// The id is taken or not the next one.
    #[error("Id {0} cannot be used for a new item")]
    WrongId(u64),
    /// An empty name.
    #[error("A needle needs a name")]
    NoName,
    /// No such drawn structure.
    #[error("Structure {} is no longer in the plan", .0.0)]
    NoStructure(StructureId),
    /// A radius that nothing in a body has.
    #[error("A radius of {0} mm cannot be used; give 0.1 to 200 mm")]
    Radius(String),
    /// Too few or too many points of a shape.
    #[error("The shape needs {least} points or more (10 000 at most), not {given}")]
    ShapePoints {
        /// Points wanted.
        least: usize,
        /// Points given.
        given: usize,
    },
    /// Bounds of a region the wrong way round.
    #[error("No value lies between {0} and {1}; give the lower bound first")]
    Bounds(String, String),
    /// Three clicks that do not span a sagittal plane.
    #[error("The three clicks do not span a sagittal plane; click the midline farther apart")]
    NotAPlane,
    /// Two clicks on an end-plate too near to one another.
    #[error("The two clicks on the end-plate are less than 5 mm apart; click its front and back")]
    PlateTooShort,
    /// A shift of labels past the end of the spine.
    #[error("The labels cannot be shifted past the end of the spine")]
    EndOfSpine,
    /// A count that no spine has.
    #[error("A spine of {0} thoracic and {1} lumbar vertebrae is not known")]
    NoSuchCount(u8, u8),
    /// A label that the declared count does not have.
    #[error("{0} is labelled, but the declared number of vertebrae has none; rename it first")]
    LabelNotInCount(String),
    /// More words than fit beside a mark.
    #[error("{0} characters are too many beside a mark; write 200 at most")]
    TextTooLong(usize),
    /// An override without a reason.
    #[error("An override needs a reason")]
    NoReason,
    /// A mark on a picture.
    #[error(transparent)]
    Picture(#[from] PictureEditError),
    /// A registration.
    #[error(transparent)]
    Registration(#[from] RegistrationEditError),
    /// A measurement with too few or too many points.
    #[error("{kind} needs {wanted} points, not {given}")]
    PointCount {
        /// Word of the kind.
        kind: &'static str,
        /// Points wanted.
        wanted: usize,
        /// Points given.
        given: usize,
    },
}

/// Farthest coordinate a plan accepts, mm: no scanner's patient space reaches beyond 10 m.
const FARTHEST_MM: f64 = 10_000.0;

/// The point, unless no scanner could have it.
pub(super) fn checked(point: Point<Lps>) -> Result<Point<Lps>, PlanEditError> {
    if point
        .to_array()
        .iter()
        .all(|c| c.is_finite() && c.abs() <= FARTHEST_MM)
    {
        Ok(point)
    } else {
        Err(PlanEditError::NotAPosition(
            point.to_array().map(|c| c.to_string()),
        ))
    }
}

pub(super) fn checked_text(text: &str) -> Result<(), PlanEditError> {
    match text.chars().count() {
        count if count > super::measurement::LONGEST_TEXT => Err(PlanEditError::TextTooLong(count)),
        _ => Ok(()),
    }
}

impl Plan {
    /// Applies one change; on an error the plan is as before.
    pub fn apply(&mut self, edit: &PlanEdit) -> Result<(), PlanEditError> {
        match edit {
            PlanEdit::AddTrajectory(needle) => self.add_trajectory(needle),
            PlanEdit::RemoveTrajectory(id) => {
                self.found(*id)?;
                self.trajectories.retain(|needle| needle.id != *id);
                Ok(())
            }
            PlanEdit::SetEnd { id, end, to } => {
                let to = checked(*to)?;
                *self.movable(*id)?.end_mut(*end) = Some(to);
                Ok(())
            }
            PlanEdit::MoveTrajectory { id, by } => self.move_trajectory(*id, *by),
            PlanEdit::Rename { id, name } => self.rename(*id, name.trim()),
            PlanEdit::SetNeedle { id, needle } => {
                self.found(*id)?.needle.clone_from(needle);
                Ok(())
            }
            PlanEdit::SetColor { id, color } => {
                self.found(*id)?.color = *color;
                Ok(())
            }
            PlanEdit::SetLocked { id, locked } => {
                self.found(*id)?.locked = *locked;
                Ok(())
            }
            PlanEdit::SetHidden { id, hidden } => {
                self.found(*id)?.hidden = *hidden;
                Ok(())
            }
            PlanEdit::AddMeasurement(_)
            | PlanEdit::RemoveMeasurement(_)
            | PlanEdit::MoveMeasurementPoint { .. }
            | PlanEdit::MoveMeasurement { .. }
            | PlanEdit::SetMeasurementText { .. } => self.apply_to_measurement(edit),
            PlanEdit::SetIntent { id, intent } => {
                let needle = self.found(*id)?;
                if needle.intent != *intent {
                    needle.intent.clone_from(intent);
                    needle.overrides.clear();
                }
                Ok(())
            }
            PlanEdit::SetTargetRadius { id, radius_mm } => self.set_target_radius(*id, *radius_mm),
            PlanEdit::SetOverride {
                id,
                objection,
                reason,
            } => self.set_override(*id, *objection, reason.as_deref()),
            PlanEdit::Spine(edit) => self.spine.apply(edit),
            PlanEdit::Picture(edit) => self.apply_to_pictures(edit),
            PlanEdit::Registration(edit) => self.apply_to_registrations(edit),
            PlanEdit::Structure(edit) => self.apply_to_structures(edit),
            PlanEdit::SetStructureFiles(files) => {
                self.structure_files.clone_from(files);
                Ok(())
            }
            PlanEdit::SetPatientPosition(position) => {
                self.patient_position = *position;
                Ok(())
            }
            PlanEdit::Bind(series) => {
                self.series.clone_from(series);
                Ok(())
            }
        }
    }

    fn apply_to_measurement(&mut self, edit: &PlanEdit) -> Result<(), PlanEditError> {
        match edit {
            PlanEdit::AddMeasurement(drawn) => self.add_measurement(drawn),
            PlanEdit::RemoveMeasurement(id) => {
                self.measurement(*id)
                    .ok_or(PlanEditError::NoMeasurement(*id))?;
                self.measurements.retain(|drawn| drawn.id != *id);
                Ok(())
            }
            PlanEdit::MoveMeasurementPoint { id, point, to } => {
                let to = checked(*to)?;
                let place = self.drawn(*id)?.points.get_mut(*point);
                *place.ok_or(PlanEditError::NoMeasurement(*id))? = to;
                Ok(())
            }
            PlanEdit::MoveMeasurement { id, by } => {
                let drawn = self.drawn(*id)?;
                let moved = drawn.points.iter().map(|&at| checked(at + *by));
                drawn.points = moved.collect::<Result<_, _>>()?;
                Ok(())
            }
            PlanEdit::SetMeasurementText { id, text } => {
                checked_text(text)?;
                text.trim().clone_into(&mut self.drawn(*id)?.text);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn apply_to_structures(&mut self, edit: &StructureEdit) -> Result<(), PlanEditError> {
        if let StructureEdit::Add(drawn) = edit {
            drawn.shape.check()?;
            if drawn.name.trim().is_empty() {
                return Err(PlanEditError::NoName);
            }
            self.take_id(drawn.id.0)?;
        }
        drawn_structure::apply(&mut self.structures, edit)
    }

    fn rename(&mut self, id: TrajectoryId, name: &str) -> Result<(), PlanEditError> {
        if name.is_empty() {
            return Err(PlanEditError::NoName);
        }
        name.clone_into(&mut self.found(id)?.name);
        Ok(())
    }

    fn set_target_radius(
        &mut self,
        id: TrajectoryId,
        radius_mm: Option<f64>,
    ) -> Result<(), PlanEditError> {
        let wrong = radius_mm.filter(|radius_mm| !(0.1..=50.0).contains(radius_mm));
        if let Some(radius_mm) = wrong {
            return Err(PlanEditError::Radius(radius_mm.to_string()));
        }
        self.found(id)?.target_radius_mm = radius_mm;
        Ok(())
    }

    fn found(&mut self, id: TrajectoryId) -> Result<&mut Trajectory, PlanEditError> {
        let found = self.trajectories.iter_mut().find(|needle| needle.id == id);
        found.ok_or(PlanEditError::NoTrajectory(id))
    }

    fn drawn(&mut self, id: MeasurementId) -> Result<&mut Measurement, PlanEditError> {
        let found = self.measurements.iter_mut().find(|drawn| drawn.id == id);
        found.ok_or(PlanEditError::NoMeasurement(id))
    }

    fn movable(&mut self, id: TrajectoryId) -> Result<&mut Trajectory, PlanEditError> {
        let needle = self.found(id)?;
        if needle.locked {
            return Err(PlanEditError::Locked(needle.name.clone()));
        }
        Ok(needle)
    }

    fn set_override(
        &mut self,
        id: TrajectoryId,
        objection: Objection,
        reason: Option<&str>,
    ) -> Result<(), PlanEditError> {
        let reason = reason.map(str::trim);
        if reason.is_some_and(str::is_empty) {
            return Err(PlanEditError::NoReason);
        }
        let overrides = &mut self.found(id)?.overrides;
        overrides.retain(|taken| taken.objection != objection);
        overrides.extend(reason.map(|reason| Override {
            objection,
            reason: reason.to_owned(),
        }));
        Ok(())
    }

    pub(super) fn take_id(&mut self, id: u64) -> Result<(), PlanEditError> {
        if id != self.next_id {
            return Err(PlanEditError::WrongId(id));
        }
        self.next_id += 1;
        Ok(())
    }

    fn add_trajectory(&mut self, needle: &Trajectory) -> Result<(), PlanEditError> {
        for end in [needle.entry, needle.target].into_iter().flatten() {
            checked(end)?;
        }
        if needle.name.trim().is_empty() {
            return Err(PlanEditError::NoName);
        }
        self.take_id(needle.id.0)?;
        self.trajectories.push(needle.clone());
        Ok(())
    }

    fn move_trajectory(&mut self, id: TrajectoryId, by: Vector<Lps>) -> Result<(), PlanEditError> {
        let needle = self.movable(id)?;
        let moved = |end: Option<Point<Lps>>| end.map(|end| checked(end + by)).transpose();
        let (entry, target) = (moved(needle.entry)?, moved(needle.target)?);
        needle.entry = entry;
        needle.target = target;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
