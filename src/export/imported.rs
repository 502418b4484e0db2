//! What a file of another program, or an export of our own, gives back to a plan.

use std::collections::BTreeMap;

use crate::export::quantity::NamedQuantity;
use crate::export::record::ProcedureRecord;
use crate::geometry::{Lps, Point};
use crate::plan::{Measurement, MeasurementKind, Plan, PlanEdit, Trajectory, TrajectoryId};
use crate::study::{FrameOfReferenceUid, Level, Side, StudyUid};

/// A plan made of a file, and what was left in it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ImportedPlan {
    /// Needles and measurements. Not bound to images: the file says nothing of their grid.
    pub plan: Plan,
    /// What the file says of the needles besides their ends.
    pub needles: Vec<ImportedNeedle>,
    /// Single points.
    pub marks: Vec<Mark>,
    /// Frame of reference of all points; `None` where the file states none.
    pub frame_of_reference: Option<FrameOfReferenceUid>,
    /// Study it belongs to.
    pub study: Option<StudyUid>,
    /// Stylet wrote it.
    pub own: bool,
    /// What was not taken, in words, each with its count.
    pub left_out: Vec<String>,
}

/// What a report of our own says of one needle.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedNeedle {
    /// The needle in the plan.
    pub id: TrajectoryId,
    /// Tracking Unique Identifier.
    pub tracking_uid: String,
    /// What is done.
    pub procedure: Option<ProcedureRecord>,
    /// Where.
    pub level: Option<Level>,
    /// On which side.
    pub side: Option<Side>,
    /// Needle in words.
    pub needle_text: String,
    /// Numbers as they were when it was written. They are for comparison: the program computes
    /// its own.
    pub quantities: Vec<NamedQuantity>,
}

/// A point with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// What it is called.
    pub name: String,
    /// LPS mm.
    pub point: Point<Lps>,
}

/// Collects what a file holds, and counts what is left.
#[derive(Default)]
pub(super) struct Collector {
    pub imported: ImportedPlan,
    left: BTreeMap<String, usize>,
}

/// More things than a person would draw; a file that has more holds a surface or a mask.
const MOST_THINGS: usize = 10_000;

impl Collector {
    /// Notes that something was not taken, and why.
    pub fn leave(&mut self, what: impl Into<String>) {
        *self.left.entry(what.into()).or_default() += 1;
    }

    fn is_full(&mut self) -> bool {
        let plan = &self.imported.plan;
        let things = plan.trajectories.len() + plan.measurements.len() + self.imported.marks.len();
        if things >= MOST_THINGS {
            self.leave(format!("more than {MOST_THINGS} points and lines"));
        }
        things >= MOST_THINGS
    }

    /// Adds a needle; `None` where the plan refuses it.
    pub fn needle(&mut self, name: &str, ends: [Point<Lps>; 2]) -> Option<TrajectoryId> {
        if self.is_full() {
            return None;
        }
        let plan = &mut self.imported.plan;
        let id = plan.next_trajectory_id();
        let name = match name.trim() {
            "" => plan.unused_needle_name(),
            name => name.to_owned(),
        };
        let [entry, target] = ends;
        let needle = Trajectory {
            entry: Some(entry),
            target: Some(target),
            needle: None,
            ..Trajectory::new(id, name.clone())
        };
        match plan.apply(&PlanEdit::AddTrajectory(needle)) {
            Ok(()) => Some(id),
            Err(error) => {
                self.leave(format!("needle {name:?}: {error}"));
                None
            }
        }
    }

    /// Adds a distance or an angle.
    pub fn measurement(&mut self, name: &str, kind: MeasurementKind, points: Vec<Point<Lps>>) {
        if self.is_full() {
            return;
        }
        let id = self.imported.plan.next_measurement_id();
        let drawn = Measurement::new(id, kind, points);
        if let Err(error) = self.imported.plan.apply(&PlanEdit::AddMeasurement(drawn)) {
            self.leave(format!("{} {name:?}: {error}", kind.word().to_lowercase()));
        }
    }

    /// Adds a point.
    pub fn mark(&mut self, name: String, point: Point<Lps>) {
        const FARTHEST_MM: f64 = 10_000.0;
        if self.is_full() {
            return;
        }
        if point.is_finite() && point.0.abs().max_element() <= FARTHEST_MM {
            self.imported.marks.push(Mark { name, point });
        } else {
            self.leave("points beyond ±10 m");
        }
    }

    /// What was collected.
    pub fn finish(self) -> ImportedPlan {
        let left_out = self.left.into_iter().map(|(what, count)| match count {
            1 => what,
            count => format!("{count} × {what}"),
        });
        ImportedPlan {
            left_out: left_out.collect(),
            ..self.imported
        }
    }
}
