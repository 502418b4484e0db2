//! Whether a plan belongs to the images that are open.

use std::path::Path;

use super::AppState;
use super::command::PlanCommand;
use super::notice::Severity;
use super::stage::Stage;
use crate::plan::file::geometry_hash;
use crate::plan::{Fit, Plan, PlanEdit, SeriesBinding};
use crate::study::{InstanceUid, Study};

/// The plan does not belong to the open images; a notice has said so.
pub(super) struct Misfit;

impl AppState {
    /// Refuses a plan that does not belong to the open images; a notice says why.
    pub(super) fn fit_or_refuse(&mut self, plan: &Plan, path: &Path) -> Result<(), Misfit> {
        let (Some(bound), Some(open)) = (&plan.series, self.stage_binding()) else {
            return Ok(());
        };
        if bound.fit(&open) != Fit::Different {
            return Ok(());
        }
        let text = format!(
            "This plan was drawn on other images (frame of reference {}, open is {}): its \
             positions mean nothing here. Open its own study first\nFile: {}",
            uid_tail(bound),
            uid_tail(&open),
            path.display()
        );
        self.notices.add(Severity::Error, text);
        Err(Misfit)
    }

    /// What one must know of the plan on the images that are open now; `None` for its own series
    /// and while nothing is drawn.
    pub fn fit_banner(&self) -> Option<&'static str> {
        let open = self
            .stage_binding()
            .filter(|_| !self.plan().is_empty_in_patient())?;
        let fit = self
            .plan()
            .series
            .as_ref()
            .map_or(Fit::Unbound, |bound| bound.fit(&open));
        match fit {
            Fit::SameSeries => None,
            Fit::Unbound => {
                Some("This plan does not say which images it was drawn on: check it against them")
            }
            Fit::SameFrameOfReference => Some(
                "This plan was drawn on another series of the same examination: the positions \
                 hold, the picture may differ",
            ),
            Fit::ChangedGeometry if self.bound_to_another_stack() => Some(
                "This plan was drawn on another stack of this series: the positions hold, the \
                 picture may differ",
            ),
            Fit::ChangedGeometry => {
                Some("The slices of this series have changed since the plan was drawn: check it")
            }
            Fit::Different => {
                Some("The open plan belongs to other images: its needles are not shown")
            }
        }
    }
}

impl AppState {
    /// Whether marks of the plan may be put on the pictures on stage: it holds nothing of another
    /// patient. What it belongs to must be among the studies that are open.
    pub fn pictures_fit(&self) -> bool {
        let Some(stage) = self
            .stage
            .as_ref()
            .filter(|stage| stage.pictures().is_some())
        else {
            return false;
        };
        let bound = self.plan().series.as_ref().is_none_or(|bound| {
            let found = self.catalog.find_series(&bound.series_instance_uid);
            found.is_some_and(|(study, _)| self.is_same_patient(stage, study))
        });
        bound && self.marks_are_of_patient(stage)
    }

    /// Whether pictures that the plan has marks on, if any, are of the patient on stage.
    pub(super) fn marks_are_of_patient(&self, stage: &Stage) -> bool {
        let here = |image: &&InstanceUid| {
            let mut shown = stage.series.instances.iter();
            shown.any(|instance| instance.uid == **image)
        };
        let marked = self.plan().pictures.images();
        let elsewhere: Vec<&InstanceUid> =
            marked.into_iter().filter(|image| !here(image)).collect();
        elsewhere.is_empty()
            || self.catalog.series().any(|(study, series)| {
                let mut uids = series.instances.iter().map(|instance| &instance.uid);
                self.is_same_patient(stage, study) && uids.any(|uid| elsewhere.contains(&uid))
            })
    }

    pub(super) fn is_same_patient(&self, stage: &Stage, study: &Study) -> bool {
        let Some((shown, _)) = self.catalog.find_series(&stage.series.uid) else {
            return false;
        };
        let known = !shown.patient.id.is_empty() || !shown.patient.name.is_empty();
        study.uid == shown.uid || (known && study.patient == shown.patient)
    }

    /// Whether the picture shown can be measured on.
    pub fn marks_pictures(&self) -> bool {
        let stage = self.stage.as_ref().and_then(Stage::pictures);
        stage.is_some_and(|stage| stage.picture().is_some()) && self.pictures_fit()
    }

    /// Whether a change is one of marks on the pictures on stage.
    pub(super) fn changes_pictures(&self, command: &PlanCommand) -> bool {
        let on_pictures = matches!(
            command,
            PlanCommand::Begin(_)
                | PlanCommand::Edit(_, PlanEdit::Picture(_) | PlanEdit::Registration(_))
                | PlanCommand::Undo
                | PlanCommand::Redo
        );
        on_pictures && self.pictures_fit()
    }

    /// Whether the next redo leads to a plan of other images than those on stage.
    pub(super) fn redo_leads_to_others(&self) -> bool {
        let images = self.history.redo_images().zip(self.stage_binding());
        images.is_some_and(|(bound, open)| bound.fit(&open) == Fit::Different)
    }

    /// Binds a plan that names no images to the volume on stage, once something was drawn there:
    /// the positions mean nothing elsewhere. `was_empty`: nothing had a place in the patient before.
    pub(super) fn bind_drawn(&mut self, edit: &PlanEdit, was_empty: bool) {
        if self.plan().series.is_some() || !has_place(edit) {
            return;
        }
        if self.bind_to_stage() && !was_empty {
            self.notices.add(
                Severity::Warning,
                "This plan did not say which images it was drawn on. It was changed on these, so \
                 that it belongs to them now: check all of it against them",
            );
        }
    }

    /// Binds the plan to the volume on stage, if there is one. A position that a person chose
    /// stays; else it is that of the volume, never that of a picture.
    pub(super) fn bind_to_stage(&mut self) -> bool {
        let position = self.volume().and_then(|volume| volume.patient_position);
        let binding = self.stage_binding();
        if let Some(binding) = &binding {
            self.history.bind(binding, position);
        }
        binding.is_some()
    }

    /// Whether the plan was drawn on another stack of the series that is shown: another echo,
    /// another slab.
    fn bound_to_another_stack(&self) -> bool {
        let (Some(stage), Some(bound)) = (&self.stage, &self.plan().series) else {
            return false;
        };
        stage.series.stacks.iter().any(|stack| {
            stack.geometry.as_ref().is_some_and(|grid| {
                let size = [stack.columns, stack.rows, grid.slices];
                geometry_hash(size, grid) == bound.geometry_sha256
            })
        })
    }
}

/// Whether an edit puts something into the patient.
fn has_place(edit: &PlanEdit) -> bool {
    matches!(
        edit,
        PlanEdit::AddTrajectory(_)
            | PlanEdit::SetEnd { .. }
            | PlanEdit::MoveTrajectory { .. }
            | PlanEdit::AddMeasurement(_)
            | PlanEdit::MoveMeasurement { .. }
            | PlanEdit::MoveMeasurementPoint { .. }
            | PlanEdit::Spine(_)
            | PlanEdit::Structure(_)
            | PlanEdit::SetStructureFiles(_)
    )
}

fn uid_tail(binding: &SeriesBinding) -> String {
    let uid = binding
        .frame_of_reference_uid
        .as_ref()
        .map_or("none", |uid| uid.as_str());
    let start = uid
        .char_indices()
        .rev()
        .nth(11)
        .map_or(0, |(index, _)| index);
    format!("…{}", &uid[start..])
}
