//! The plan with its undo history: one step per gesture, snapshots of the whole plan.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::geometry::PatientPosition;
use crate::plan::{Plan, PlanEdit, PlanEditError, SeriesBinding};

/// Steps that can be undone.
pub const UNDO_STEPS: usize = 100;

/// One step: the plan before it and what it was called.
#[derive(Debug, Clone)]
struct Step {
    label: String,
    plan: Arc<Plan>,
}

/// The plan, its past and its future.
///
/// A gesture is `begin`, any number of `edit`s, then `commit` or `cancel`. The plan is a few
/// kilobytes, so a step is a shared snapshot and nothing has to know how to undo itself.
#[derive(Debug, Default)]
pub struct History {
    plan: Arc<Plan>,
    undo: VecDeque<Step>,
    redo: Vec<Step>,
    open: Option<Step>,
}

impl History {
    /// A history that starts at `plan`.
    pub fn starting_at(plan: Plan) -> Self {
        Self {
            plan: Arc::new(plan),
            ..Self::default()
        }
    }

    /// The plan as it is now, in the middle of a gesture too.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Whether a gesture is under way.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether the gesture under way has changed anything.
    pub fn has_changed(&self) -> bool {
        self.open
            .as_ref()
            .is_some_and(|step| step.plan != self.plan)
    }

    /// Starts a gesture. One that is still open is committed first.
    pub fn begin(&mut self, label: &str) {
        self.commit();
        self.open = Some(Step {
            label: label.to_owned(),
            plan: Arc::clone(&self.plan),
        });
    }

    /// Changes the plan; outside a gesture the change is a step of its own.
    pub fn edit(&mut self, label: &str, edit: &PlanEdit) -> Result<(), PlanEditError> {
        let alone = self.open.is_none();
        if alone {
            self.begin(label);
        }
        let result = Arc::make_mut(&mut self.plan).apply(edit);
        if alone {
            self.commit();
        }
        result
    }

    /// Binds a plan that names no images to some, and takes how the patient lay there where nothing
    /// else is declared. What of its past and its future has a place in the patient is bound too:
    /// undo never leads to a needle without its images. A plan with nothing there, or with marks on
    /// pictures alone, belonged to none and does so again after undo.
    pub fn bind(&mut self, images: &SeriesBinding, position: Option<PatientPosition>) {
        let steps = self.undo.iter_mut().chain(&mut self.redo);
        let past = steps.chain(&mut self.open).map(|step| &mut step.plan);
        let past = past.filter(|plan| !plan.is_empty_in_patient());
        for plan in past.chain(std::iter::once(&mut self.plan)) {
            if plan.series.is_none() {
                let plan = Arc::make_mut(plan);
                plan.series = Some(images.clone());
                plan.patient_position = plan.patient_position.or(position);
            }
        }
    }

    /// Ends the gesture. True where it changed anything; otherwise it leaves no step.
    pub fn commit(&mut self) -> bool {
        let Some(step) = self.open.take() else {
            return false;
        };
        if step.plan == self.plan {
            // Not another plan, so not another place in memory: by that moves on pictures tell
            // whether a step came after them.
            self.plan = step.plan;
            return false;
        }
        if self.undo.len() == UNDO_STEPS {
            self.undo.pop_front();
        }
        self.undo.push_back(step);
        self.redo.clear();
        true
    }

    /// Drops the gesture: the plan is as it was when it began.
    pub fn cancel(&mut self) {
        if let Some(step) = self.open.take() {
            self.plan = step.plan;
        }
    }

    /// The images of the plan that the next redo leads to, if it names any.
    pub fn redo_images(&self) -> Option<&SeriesBinding> {
        self.redo.last()?.plan.series.as_ref()
    }

    /// Takes the last step back; during a gesture only the gesture. True where anything changed.
    pub fn undo(&mut self) -> bool {
        if self.open.is_some() {
            self.cancel();
            return true;
        }
        let Some(step) = self.undo.pop_back() else {
            return false;
        };
        let now = std::mem::replace(&mut self.plan, step.plan);
        self.redo.push(Step {
            label: step.label,
            plan: now,
        });
        true
    }

    /// Does the last undone step again. True where anything changed.
    pub fn redo(&mut self) -> bool {
        if self.open.is_some() {
            return false;
        }
        let Some(step) = self.redo.pop() else {
            return false;
        };
        let now = std::mem::replace(&mut self.plan, step.plan);
        self.undo.push_back(Step {
            label: step.label,
            plan: now,
        });
        true
    }

    /// What undo would take back.
    pub fn undo_label(&self) -> Option<&str> {
        let open = self.open.as_ref();
        open.or(self.undo.back()).map(|step| step.label.as_str())
    }

    /// What redo would do again.
    pub fn redo_label(&self) -> Option<&str> {
        self.redo.last().map(|step| step.label.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Point, Vector};
    use crate::plan::{Trajectory, TrajectoryId};

    fn with_needle() -> (History, TrajectoryId) {
        let mut history = History::default();
        let id = history.plan().next_trajectory_id();
        let mut needle = Trajectory::new(id, "n".to_owned());
        needle.target = Some(Point::new(0., 0., 0.));
        history
            .edit("Add needle", &PlanEdit::AddTrajectory(needle))
            .unwrap();
        (history, id)
    }

    fn x(history: &History) -> f64 {
        history.plan().trajectories[0].target.unwrap().0.x
    }

    fn step(id: TrajectoryId) -> PlanEdit {
        PlanEdit::MoveTrajectory {
            id,
            by: Vector::new(1., 0., 0.),
        }
    }

    #[test]
    fn a_gesture_of_many_edits_is_one_step() {
        let (mut history, id) = with_needle();
        history.begin("Move needle");
        for _ in 0..20 {
            history.edit("", &step(id)).unwrap();
        }
        assert!(history.commit());
        assert_eq!(
            (x(&history), history.undo_label()),
            (20.0, Some("Move needle"))
        );
        assert!(history.undo());
        assert_eq!(
            (x(&history), history.redo_label()),
            (0.0, Some("Move needle"))
        );
        assert!(history.redo());
        assert_eq!(x(&history), 20.0);
    }

    #[test]
    fn undo_mid_drag_only_drops_the_drag() {
        let (mut history, id) = with_needle();
        history.begin("Move needle");
        history.edit("", &step(id)).unwrap();
        assert!(history.is_open());
        assert!(history.undo());
        assert_eq!(x(&history), 0.0);
        assert_eq!(history.undo_label(), Some("Add needle"));
        assert!(!history.redo(), "a dropped gesture cannot be redone");
    }

    #[test]
    fn a_gesture_without_change_leaves_no_step_and_a_new_one_drops_the_future() {
        let (mut history, id) = with_needle();
        history.begin("Nothing");
        assert!(!history.commit());
        assert_eq!(history.undo_label(), Some("Add needle"));
        history.edit("Move", &step(id)).unwrap();
        history.undo();
        history.edit("Other", &step(id)).unwrap();
        assert_eq!(history.redo_label(), None);
    }

    #[test]
    fn a_hundred_steps_can_be_taken_back() {
        let (mut history, id) = with_needle();
        for _ in 0..150 {
            history.edit("Nudge", &step(id)).unwrap();
        }
        let undone = std::iter::from_fn(|| history.undo().then_some(())).count();
        assert_eq!(undone, UNDO_STEPS);
        assert_eq!(x(&history), 50.0);
    }

    #[test]
    fn what_is_bound_was_so_in_the_past_and_stays_so_in_the_future() {
        let (mut history, id) = with_needle();
        history.edit("Move", &step(id)).unwrap();
        let lies = PlanEdit::SetPatientPosition(Some(PatientPosition::HeadFirstProne));
        history.edit("Patient position", &lies).unwrap();
        history.undo();
        let images = |series: &str| SeriesBinding {
            series_instance_uid: crate::study::SeriesUid::new(series),
            frame_of_reference_uid: None,
            geometry_sha256: String::new(),
        };
        let supine = Some(PatientPosition::HeadFirstSupine);
        history.bind(&images("1.1"), supine);
        history.bind(&images("1.2"), None);
        let mut seen = vec![Arc::clone(history.plan())];
        while history.undo() {
            seen.push(Arc::clone(history.plan()));
        }
        assert_eq!(seen.len(), 3);
        let empty = seen.pop().unwrap();
        assert!(empty.is_empty_in_patient() && empty.series.is_none());
        for plan in seen {
            assert_eq!(plan.series, Some(images("1.1")));
            assert_eq!(plan.patient_position, supine);
        }
        while history.redo() {}
        // What a person chose stays chosen.
        let plan = history.plan();
        assert_eq!(plan.series, Some(images("1.1")));
        assert_eq!(plan.patient_position, Some(PatientPosition::HeadFirstProne));
    }

    #[test]
    fn a_refused_edit_is_no_step() {
        let (mut history, _) = with_needle();
        assert!(history.edit("Move", &step(TrajectoryId(99))).is_err());
        assert_eq!(history.undo_label(), Some("Add needle"));
    }
}
