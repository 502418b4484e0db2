//! Every change a plan can undergo, applied all or not at all.

use thiserror::Error;

use super::{
    Color, Measurement, MeasurementId, Plan, SeriesBinding, Trajectory, TrajectoryEnd, TrajectoryId,
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

fn checked(point: Point<Lps>) -> Result<Point<Lps>, PlanEditError> {
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
            PlanEdit::Rename { id, name } => {
                let name = name.trim();
                if name.is_empty() {
                    return Err(PlanEditError::NoName);
                }
                name.clone_into(&mut self.found(*id)?.name);
                Ok(())
            }
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
            PlanEdit::AddMeasurement(drawn) => self.add_measurement(drawn),
            PlanEdit::RemoveMeasurement(id) => {
                self.measurement(*id)
                    .ok_or(PlanEditError::NoMeasurement(*id))?;
                self.measurements.retain(|drawn| drawn.id != *id);
                Ok(())
            }
            PlanEdit::MoveMeasurementPoint { id, point, to } => {
                let to = checked(*to)?;
                let drawn = self.measurements.iter_mut().find(|drawn| drawn.id == *id);
                let place = drawn.and_then(|drawn| drawn.points.get_mut(*point));
                *place.ok_or(PlanEditError::NoMeasurement(*id))? = to;
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

    fn found(&mut self, id: TrajectoryId) -> Result<&mut Trajectory, PlanEditError> {
        let found = self.trajectories.iter_mut().find(|needle| needle.id == id);
        found.ok_or(PlanEditError::NoTrajectory(id))
    }

    fn movable(&mut self, id: TrajectoryId) -> Result<&mut Trajectory, PlanEditError> {
        let needle = self.found(id)?;
        if needle.locked {
            return Err(PlanEditError::Locked(needle.name.clone()));
        }
        Ok(needle)
    }

    fn take_id(&mut self, id: u64) -> Result<(), PlanEditError> {
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

    fn add_measurement(&mut self, drawn: &Measurement) -> Result<(), PlanEditError> {
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
        self.take_id(drawn.id.0)?;
        self.measurements.push(drawn.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::MeasurementKind;

    fn plan_with_needle() -> (Plan, TrajectoryId) {
        let mut plan = Plan::default();
        let id = plan.next_trajectory_id();
        let mut needle = Trajectory::new(id, "L4-5 right facet".to_owned());
        needle.entry = Some(Point::new(-68., 150., -12.));
        needle.target = Some(Point::new(-22., 78., 6.));
        plan.apply(&PlanEdit::AddTrajectory(needle)).unwrap();
        (plan, id)
    }

    #[test]
    fn edits_change_what_they_name() {
        let (mut plan, id) = plan_with_needle();
        let to = Point::new(1., 2., 3.);
        for edit in [
            PlanEdit::SetEnd {
                id,
                end: TrajectoryEnd::Entry,
                to,
            },
            PlanEdit::MoveTrajectory {
                id,
                by: Vector::new(1., 1., 1.),
            },
            PlanEdit::Rename {
                id,
                name: " new ".to_owned(),
            },
            PlanEdit::SetNeedle { id, needle: None },
            PlanEdit::SetColor {
                id,
                color: Color([1, 2, 3]),
            },
            PlanEdit::SetHidden { id, hidden: true },
            PlanEdit::SetLocked { id, locked: true },
            PlanEdit::SetPatientPosition(Some(PatientPosition::HeadFirstProne)),
        ] {
            plan.apply(&edit).unwrap();
        }
        let needle = plan.trajectory(id).unwrap();
        assert_eq!(needle.entry, Some(Point::new(2., 3., 4.)));
        assert_eq!(needle.target, Some(Point::new(-21., 79., 7.)));
        assert_eq!(
            (needle.name.as_str(), needle.needle.as_ref()),
            ("new", None)
        );
        assert!(needle.hidden && needle.locked && needle.color == Color([1, 2, 3]));
        assert_eq!(plan.patient_position, Some(PatientPosition::HeadFirstProne));
    }

    #[test]
    fn a_refused_edit_leaves_the_plan_as_it_was() {
        let (mut plan, id) = plan_with_needle();
        plan.apply(&PlanEdit::SetLocked { id, locked: true })
            .unwrap();
        let gone = TrajectoryId(99);
        let far = Point::new(f64::NAN, 0., 0.);
        let next = plan.next_measurement_id();
        let short = Measurement {
            id: next,
            kind: MeasurementKind::Angle,
            points: vec![],
        };
        for edit in [
            PlanEdit::MoveTrajectory {
                id,
                by: Vector::new(1., 0., 0.),
            },
            PlanEdit::SetEnd {
                id,
                end: TrajectoryEnd::Target,
                to: Point::new(0., 0., 0.),
            },
            PlanEdit::SetEnd {
                id,
                end: TrajectoryEnd::Target,
                to: far,
            },
            PlanEdit::Rename {
                id,
                name: "  ".to_owned(),
            },
            PlanEdit::RemoveTrajectory(gone),
            PlanEdit::AddTrajectory(Trajectory::new(id, "twice".to_owned())),
            PlanEdit::AddMeasurement(short),
            PlanEdit::RemoveMeasurement(MeasurementId(7)),
            PlanEdit::MoveMeasurementPoint {
                id: MeasurementId(7),
                point: 0,
                to: Point::new(0., 0., 0.),
            },
        ] {
            let before = plan.clone();
            assert!(plan.apply(&edit).is_err(), "{edit:?}");
            assert_eq!(plan, before);
        }
        let error = plan.apply(&PlanEdit::MoveTrajectory {
            id,
            by: Vector::new(1., 0., 0.),
        });
        assert!(error.unwrap_err().to_string().contains("unlock"));
    }

    #[test]
    fn measurements_are_added_moved_and_removed() {
        let mut plan = Plan::default();
        let id = plan.next_measurement_id();
        let points = vec![Point::new(0., 0., 0.), Point::new(3., 4., 0.)];
        let drawn = Measurement {
            id,
            kind: MeasurementKind::Distance,
            points,
        };
        plan.apply(&PlanEdit::AddMeasurement(drawn)).unwrap();
        let to = Point::new(0., 4., 0.);
        plan.apply(&PlanEdit::MoveMeasurementPoint { id, point: 0, to })
            .unwrap();
        assert_eq!(plan.measurement(id).unwrap().distance_mm(), Some(3.0));
        assert!(
            plan.apply(&PlanEdit::MoveMeasurementPoint { id, point: 2, to })
                .is_err()
        );
        plan.apply(&PlanEdit::RemoveMeasurement(id)).unwrap();
        assert!(plan.is_empty());
    }

    #[test]
    fn a_binding_can_be_set_and_cleared() {
        let mut plan = Plan::default();
        let binding = SeriesBinding {
            series_instance_uid: crate::study::SeriesUid::new("1.2"),
            frame_of_reference_uid: None,
            geometry_sha256: String::new(),
        };
        plan.apply(&PlanEdit::Bind(Some(binding.clone()))).unwrap();
        assert_eq!(plan.series, Some(binding));
        plan.apply(&PlanEdit::Bind(None)).unwrap();
        assert_eq!(plan.series, None);
    }
}
