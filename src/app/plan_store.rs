//! The plan on disk: opening, saving, the lock against a second window, the recovery offers.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::AppState;
use super::command::{FileCommand, Selection};
use super::history::History;
use super::job::{Job, JobEvent};
use super::journal::{self, Journal, Recovery};
use super::notice::Severity;
use super::plan_import::is_foreign;
use super::plan_lock::PlanLock;
use super::view_keeping::KeptView;
use crate::geometry::{Lps, Point};
use crate::plan::{Plan, PlanFile, PlanFileError, SeriesBinding, TrajectoryId};

/// Where the plan lives and whether it is safe there.
#[derive(Debug, Default)]
pub struct PlanStore {
    /// The plan's file; `None` before the first save.
    pub path: Option<PathBuf>,
    /// The plan as last saved or opened.
    saved: Arc<Plan>,
    /// Held while this window has the file.
    lock: Option<PlanLock>,
    /// Keys of the file that this version does not know, kept for the next save.
    unknown: serde_json::Map<String, serde_json::Value>,
    /// Where the views looked, for the next save.
    pub(super) view: KeptView,
    /// Another window has the file: saving needs another name.
    pub in_use_elsewhere: bool,
    /// Plans of programs that died, to be offered.
    pub recoveries: Vec<Recovery>,
    journal: Option<Journal>,
    saving: Option<Saving>,
    /// Set when a save needs a name: the window asks for one.
    pub wants_name: bool,
    /// A save that would replace another file: the window asks first.
    pub overwrite: Option<PathBuf>,
    /// A save that waits for the one under way.
    save_again: Option<PathBuf>,
}

#[derive(Debug)]
struct Saving {
    job: Job<(), Result<(), PlanFileError>>,
    path: PathBuf,
    plan: Arc<Plan>,
    /// Lock of a new place, taken over when the save is through.
    lock: Option<PlanLock>,
}

impl PlanStore {
    /// Starts the journal and looks for what was left behind; failures are said, not fatal.
    pub fn start(&mut self, data: &Path) -> Vec<(Severity, String)> {
        let mut said = Vec::new();
        let (recoveries, damaged) = journal::find_recoveries(data);
        self.recoveries = recoveries;
        for path in damaged {
            said.push((
                Severity::Warning,
                format!(
                    "A journal cannot be read and is left where it is\nFile: {}",
                    path.display()
                ),
            ));
        }
        match Journal::start(data) {
            Ok(journal) => self.journal = Some(journal),
            Err(error) => said.push((Severity::Error, error.to_string())),
        }
        said
    }

    /// Whether the plan differs from its file.
    pub fn is_dirty(&self, plan: &Arc<Plan>) -> bool {
        !Arc::ptr_eq(&self.saved, plan) && *self.saved != **plan
    }

    /// A save is under way.
    pub fn is_saving(&self) -> bool {
        self.saving.is_some()
    }
}

impl AppState {
    pub(super) fn file(&mut self, command: FileCommand) {
        match command {
            FileCommand::New => {
                let position = self.volume().and_then(|volume| volume.patient_position);
                let fresh = Plan::for_images(position, self.stage_binding());
                self.replace_plan(fresh, None);
            }
            FileCommand::Open(path) => self.open_plan(&path),
            FileCommand::OpenAfterImport(path) => {
                if self.imports.is_busy() {
                    self.imports.then_plan = Some(path);
                } else {
                    self.open_plan(&path);
                }
            }
            FileCommand::Save => match self.store.path.clone() {
                Some(path) if !self.store.in_use_elsewhere => self.save_plan(path),
                _ => self.store.wants_name = true,
            },
            FileCommand::SaveAs(path) => {
                let path = with_suffix(path);
                if path.exists() && self.store.path.as_ref() != Some(&path) {
                    self.store.wants_name = false;
                    self.store.overwrite = Some(path);
                } else {
                    self.save_plan(path);
                }
            }
            FileCommand::SaveOver(path) => {
                self.store.overwrite = None;
                self.save_plan(path);
            }
            FileCommand::KeepOther => self.store.overwrite = None,
            FileCommand::Recover(index) => self.recover(index),
            FileCommand::RecoverLater => self.store.recoveries.clear(),
            FileCommand::DiscardRecovery(index) => {
                if index < self.store.recoveries.len() {
                    let recovery = self.store.recoveries.remove(index);
                    if let Err(error) = recovery.discard() {
                        self.notices.add(Severity::Warning, error.to_string());
                    }
                }
            }
        }
    }

    /// Opens a plan file if it belongs to the images that are open.
    fn open_plan(&mut self, path: &Path) {
        if is_foreign(path) {
            self.open_foreign(path);
            return;
        }
        let (file, plan) = match PlanFile::read(path) {
            Ok(read) => read,
            Err(error) => {
                self.notices.add(Severity::Error, error.to_string());
                return;
            }
        };
        if self.fit_or_refuse(&plan, path).is_err() {
            return;
        }
        self.replace_plan(plan, Some(path.to_owned()));
        self.store.unknown = file.unknown;
        self.store.view = KeptView::read(file.view);
        let lock = PlanLock::take(path);
        self.store.in_use_elsewhere = lock.is_err();
        self.store.lock = lock.ok();
        if self.store.in_use_elsewhere {
            let text = format!(
                "This plan is open in another window. Changes here can only be saved under \
                 another name\nFile: {}",
                path.display()
            );
            self.notices.add(Severity::Warning, text);
        } else {
            self.notices
                .add(Severity::Info, format!("Opened {}", path.display()));
        }
        self.restore_arrangement();
        self.look_at_plan();
    }

    /// Selects the first needle and looks at it, at once and where its images come on stage later.
    fn look_at_plan(&mut self) {
        if let Some((id, target)) = self.first_target() {
            self.selection = Selection::Needle(id, None);
            self.center_on(target);
        }
        self.look_where_kept();
    }

    /// The first needle, if its target is placed.
    pub(super) fn first_target(&self) -> Option<(TrajectoryId, Point<Lps>)> {
        let first = self.plan().trajectories.first()?;
        Some((first.id, first.target?))
    }

    fn replace_plan(&mut self, plan: Plan, path: Option<PathBuf>) {
        self.history = History::starting_at(plan);
        self.selection = Selection::Nothing;
        self.gesture = super::tool::Gesture::Idle;
        self.draft = None;
        self.registering.forget_plan();
        self.store.saved = Arc::clone(self.history.plan());
        self.store.path = path;
        self.store.lock = None;
        self.store.in_use_elsewhere = false;
        self.store.unknown = serde_json::Map::new();
        self.store.view = KeptView::default();
        if let Some(journal) = &mut self.store.journal {
            journal.clear();
        }
    }

    /// Takes a plan out of a file of another format: it has no file of its own yet.
    pub(super) fn replace_by_imported(&mut self, mut plan: Plan, binding: Option<SeriesBinding>) {
        plan.series = binding;
        self.replace_plan(plan, None);
        self.store.saved = Arc::new(Plan::default());
        self.store.view = KeptView::read(None);
        self.journal();
        self.look_at_plan();
    }

    fn recover(&mut self, index: usize) {
        if index >= self.store.recoveries.len() {
            return;
        }
        if self.has_unsaved_changes() {
            self.notices.add(
                Severity::Warning,
                "Save the present plan first: recovering would replace it",
            );
            return;
        }
        let recovery = self.store.recoveries[index].clone();
        if self
            .fit_or_refuse(
                &recovery.plan,
                recovery
                    .plan_path
                    .as_deref()
                    .unwrap_or(Path::new("(not saved)")),
            )
            .is_err()
        {
            return;
        }
        self.store.recoveries.remove(index);
        self.replace_plan(recovery.plan.clone(), recovery.plan_path.clone());
        // Differs from its file until it is saved, and stands in our own journal before the old
        // one goes.
        self.store.saved = Arc::new(Plan::default());
        self.store.view = KeptView::read(None);
        if let Some(path) = &recovery.plan_path {
            let lock = PlanLock::take(path);
            self.store.in_use_elsewhere = lock.is_err();
            self.store.lock = lock.ok();
            if let Ok((file, _)) = PlanFile::read(path) {
                self.store.unknown = file.unknown;
                self.store.view = KeptView::read(file.view);
            }
        }
        if !self.journal() {
            // Nothing else holds this plan yet: its old journal stays.
            return;
        }
        if let Err(error) = recovery.discard() {
            self.notices.add(Severity::Warning, error.to_string());
        }
        self.notices
            .add(Severity::Info, "The plan was recovered; save it to keep it");
        self.look_at_plan();
    }

    fn save_plan(&mut self, path: PathBuf) {
        self.store.wants_name = false;
        // Two saves at once could end in either order.
        if self.store.saving.is_some() {
            self.store.save_again = Some(path);
            return;
        }
        let moved = self.store.path.as_deref() != Some(path.as_path());
        let mut lock = None;
        if moved || self.store.lock.is_none() {
            let Ok(taken) = PlanLock::take(&path) else {
                let text = format!(
                    "Not saved: that plan is open in another window. Choose another name\nFile: {}",
                    path.display()
                );
                self.notices.add(Severity::Error, text);
                return;
            };
            lock = Some(taken);
        }
        self.bind_to_images();
        let view = self.view_to_keep();
        let plan = Arc::clone(self.history.plan());
        let mut file = PlanFile::of(&plan, Some(view));
        file.unknown.clone_from(&self.store.unknown);
        let to = path.clone();
        match Job::spawn("save", Arc::clone(&self.waker), move |_| file.write(&to)) {
            Ok(job) => {
                self.store.saving = Some(Saving {
                    job,
                    path,
                    plan,
                    lock,
                });
            }
            Err(error) => self
                .notices
                .add(Severity::Error, format!("Not saved: {error}")),
        }
    }

    /// A plan written by hand belongs to the images on which a person saves it. One with marks on
    /// pictures alone belongs to no volume yet.
    fn bind_to_images(&mut self) {
        let drawn = !self.plan().is_empty_in_patient();
        if drawn && self.plan().series.is_none() && self.plan_fits() {
            self.bind_to_stage();
        }
    }

    /// Hears what the save says.
    pub(super) fn poll_saving(&mut self) {
        let Some(saving) = &self.store.saving else {
            return;
        };
        for event in saving.job.poll() {
            match event {
                JobEvent::Progress(()) => {}
                JobEvent::Finished(Ok(())) => self.saved(),
                JobEvent::Finished(Err(error)) => {
                    self.store.saving = None;
                    self.notices.add(Severity::Error, error.to_string());
                }
                JobEvent::Died(text) => {
                    self.store.saving = None;
                    self.notices
                        .add(Severity::Error, format!("Not saved: {text}"));
                }
            }
            if self.store.saving.is_none() {
                break;
            }
        }
        if self.store.saving.is_none()
            && let Some(path) = self.store.save_again.take()
        {
            self.save_plan(path);
        }
    }

    fn saved(&mut self) {
        let Some(saving) = self.store.saving.take() else {
            return;
        };
        self.notices
            .add(Severity::Info, format!("Saved {}", saving.path.display()));
        self.store.saved = saving.plan;
        self.store.path = Some(saving.path);
        if saving.lock.is_some() {
            self.store.lock = saving.lock;
        }
        self.store.in_use_elsewhere = false;
        // What was drawn while the save ran stays in the journal.
        if !self.store.is_dirty(self.history.plan())
            && let Some(journal) = &mut self.store.journal
        {
            journal.clear();
        }
    }

    /// Puts the plan as it is into the journal. False where it could not.
    pub(super) fn journal(&mut self) -> bool {
        let Some(journal) = &mut self.store.journal else {
            return false;
        };
        if let Err(error) = journal.record(self.history.plan(), self.store.path.as_deref()) {
            self.notices.add(Severity::Error, error.to_string());
            return false;
        }
        if let Some(handle) = journal.handle() {
            // A power cut may lose what only the system's cache holds; syncing can take long.
            let sync = move || handle.sync_data().ok();
            std::thread::Builder::new()
                .name("journal".to_owned())
                .spawn(sync)
                .ok();
        }
        true
    }

    /// Forgets the journal: the person chose to leave without saving.
    pub fn abandon_changes(&mut self) {
        if let Some(journal) = &mut self.store.journal {
            journal.clear();
        }
        self.store.saved = Arc::clone(self.history.plan());
    }

    /// Whether leaving now would lose changes.
    pub fn has_unsaved_changes(&self) -> bool {
        self.store.is_dirty(self.history.plan())
    }
}

/// The name with the plan suffix, unless it has one.
fn with_suffix(path: PathBuf) -> PathBuf {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    if path
        .extension()
        .is_some_and(|suffix| suffix.eq_ignore_ascii_case("json"))
    {
        path
    } else {
        path.with_file_name(format!("{name}.stylet.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_get_the_suffix_once() {
        for (given, wanted) in [
            ("a", "a.stylet.json"),
            ("b/a.stylet.json", "b/a.stylet.json"),
            ("x.json", "x.json"),
        ] {
            assert_eq!(with_suffix(PathBuf::from(given)), PathBuf::from(wanted));
        }
    }
}
