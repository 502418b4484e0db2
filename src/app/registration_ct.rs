//! The CT behind a picture: the one that was on stage before it, kept with the outlines of its
//! structures, and whether it is the one that the plan lies in.

use std::sync::Arc;

use super::AppState;
use super::registration_job::CtSource;
use super::stage::Stage;
use crate::plan::file::geometry_hash;
use crate::plan::{Fit, SeriesBinding};
use crate::study::{Series, Stack, StackKind};
use crate::volume::Volume;

/// What a plan in a volume would be bound to.
fn of_volume(volume: &Volume) -> SeriesBinding {
    SeriesBinding {
        series_instance_uid: volume.series.clone(),
        frame_of_reference_uid: volume.frame_of_reference.clone(),
        geometry_sha256: geometry_hash(volume.size, &volume.geometry),
    }
}

/// The same of a stack that is not loaded; `None` where it is no volume.
fn of_stack(series: &Series, stack: &Stack) -> Option<SeriesBinding> {
    let grid = stack.geometry.as_ref()?;
    let instance = series.instances.get(stack.frames.first()?.instance);
    Some(SeriesBinding {
        series_instance_uid: series.uid.clone(),
        frame_of_reference_uid: instance.and_then(|first| first.frame_of_reference.clone()),
        geometry_sha256: geometry_hash([stack.columns, stack.rows, grid.slices], grid),
    })
}

/// How well a stack is the one of the plan; less is better.
fn rank(fit: Fit) -> u8 {
    match fit {
        Fit::SameSeries => 0,
        Fit::ChangedGeometry => 1,
        _ => 2,
    }
}

impl AppState {
    /// Keeps the CT on stage when a picture takes its place, and lets it go when another volume
    /// does.
    pub(super) fn keep_ct(&mut self, next: StackKind) {
        // Chosen and said of what was on stage.
        self.registering.with = None;
        self.registering.failure = None;
        self.registering.marking = false;
        if next == StackKind::Volume {
            self.registering.ct = None;
            self.registering.outlines.clear();
            return;
        }
        if let Some(volume) = self.stage.as_ref().and_then(Stage::volume).cloned() {
            let of = of_volume(&volume);
            self.registering.ct = Some(volume);
            let items = self.structures.items().iter();
            let shown = items.filter(|item| item.visible);
            self.registering.outlines.keep(shown, of);
            if self.structures.is_reading() {
                self.registering.outlines.miss_some();
            }
        }
    }

    /// Whether positions of the plan mean something in a CT: it was drawn there; or it says nothing
    /// of its images, and the CT is of the patient whose picture is on stage.
    pub(super) fn plan_lies_in(&self, ct: &SeriesBinding) -> bool {
        if let Some(bound) = &self.plan().series {
            return bound.fit(ct) != Fit::Different;
        }
        let found = self.catalog.find_series(&ct.series_instance_uid);
        let stage = self.stage.as_ref();
        stage
            .is_some_and(|stage| found.is_some_and(|(study, _)| self.is_same_patient(stage, study)))
    }

    /// Whether the crosshair was put into a CT that the plan lies in.
    pub(super) fn crosshair_is_in_plan(&self) -> bool {
        let kept = self.registering.ct.as_deref().map(of_volume);
        kept.is_some_and(|of| self.plan_lies_in(&of))
    }

    /// The CT that the plan lies in, and what a plan in it would be bound to.
    pub(super) fn registration_ct(&self) -> Result<(CtSource, SeriesBinding), String> {
        let whole = |volume: &&Arc<Volume>| {
            volume.modality == "CT" && volume.voxels.filled() == volume.size[2]
        };
        if let Some(volume) = self.registering.ct.as_ref().filter(whole) {
            let of = of_volume(volume);
            if self.plan_lies_in(&of) {
                return Ok((CtSource::Loaded(Arc::clone(volume)), of));
            }
        }
        let series = self.catalog.series().map(|(_, series)| series);
        let stacks = series
            .filter(|series| series.modality == "CT")
            .flat_map(|series| {
                let all = series.stacks.iter().enumerate();
                all.filter_map(move |(at, stack)| Some((series, at, of_stack(series, stack)?)))
            });
        let bound = self.plan().series.as_ref();
        let fitting = stacks.filter_map(|(series, at, of)| {
            let fit = bound?.fit(&of);
            (fit != Fit::Different).then_some((rank(fit), series, at, of))
        });
        let (_, series, at, of) = fitting.min_by_key(|found| found.0).ok_or_else(|| {
            "The plan lies in no CT that is open: a registration needs one. Open the CT study, and \
             look at the CT before the picture"
                .to_owned()
        })?;
        Ok((CtSource::Series(Arc::clone(series), at), of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::command::PlanCommand;
    use crate::app::job::no_waker;
    use crate::app::settings::Folders;
    use crate::plan::PlanEdit;
    use crate::study::{FrameOfReferenceUid, SeriesUid};

    #[test]
    fn two_cts_without_a_frame_of_reference_are_not_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = AppState::new(Folders::under(folder.path()), no_waker());
        let ct = |series: &str, frame: Option<&str>| SeriesBinding {
            series_instance_uid: SeriesUid::new(series),
            frame_of_reference_uid: frame.map(FrameOfReferenceUid::new),
            geometry_sha256: String::new(),
        };
        // A plan that names no images lies in nothing that is not of the patient on stage.
        assert!(!state.plan_lies_in(&ct("1.2", None)));
        let bind = |binding| PlanCommand::Edit("Bind", PlanEdit::Bind(Some(binding)));
        state.apply(bind(ct("1.2", None)));
        assert!(state.plan_lies_in(&ct("1.2", None)));
        assert!(!state.plan_lies_in(&ct("1.3", None)));
        state.apply(bind(ct("1.2", Some("1.9"))));
        assert!(state.plan_lies_in(&ct("1.3", Some("1.9"))));
        assert!(!state.plan_lies_in(&ct("1.3", Some("1.8"))));
        assert!(!state.crosshair_is_in_plan());
    }
}
