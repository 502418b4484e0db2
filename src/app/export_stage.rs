//! Exports in the background: what leaves of the plan that is open.

use std::path::PathBuf;

use super::AppState;
use super::job::{Job, JobEvent, on_own_threads};
use super::notice::Severity;
use super::stage::Content;
use crate::export::audited::AuditedPlan;
use crate::export::package::{ExportChoice, ExportError, ExportImages, Exported, Package};

/// The running export and what the last one gave.
#[derive(Default)]
pub struct ExportStage {
    job: Option<Job<(usize, usize), Result<Exported, ExportError>>>,
    /// Kinds of file that are done and all, while an export runs.
    pub progress: Option<(usize, usize)>,
    /// What the last export wrote and why the rest is missing; `None` before the first.
    pub last: Option<Exported>,
}

impl ExportStage {
    /// Whether an export runs.
    pub fn is_busy(&self) -> bool {
        self.job.is_some()
    }
}

impl AppState {
    /// The plan with everything that is said of it now.
    pub fn audited_plan(&self) -> AuditedPlan {
        AuditedPlan::of(&self.audit_scene())
    }

    /// What the plan that is open gives for an export.
    pub fn export_package(&self) -> Package {
        let images = match self.stage.as_ref() {
            Some(stage) if self.plan_fits() => match &stage.content {
                Content::Volume(volume) => Some(ExportImages {
                    volume: std::sync::Arc::clone(&volume.volume),
                    series: std::sync::Arc::clone(&stage.series),
                    window: stage.presentation.window,
                    function: stage.presentation.function,
                }),
                Content::Pictures(_) => None,
            },
            _ => None,
        };
        let name = self.store.path.as_ref().and_then(|path| path.file_name());
        Package {
            audited: self.audited_plan(),
            images,
            plan_file: name.unwrap_or_default().to_string_lossy().into_owned(),
            catalogue: self.catalogue,
        }
    }

    /// Why an export must wait: what is not loaded or measured yet would be missing from it.
    pub fn export_waits_for(&self) -> Option<String> {
        let loading = self.stage.as_ref().is_some_and(
            |stage| matches!(&stage.content, Content::Volume(volume) if volume.is_loading()),
        );
        if loading {
            return Some("The images are still being read".to_owned());
        }
        let busy = self.structures.is_busy() || self.structures.unprepared().next().is_some();
        busy.then(|| {
            let progress = self.structures.progress();
            progress.unwrap_or_else(|| "Structures are still being read".to_owned())
        })
    }

    /// Starts an export; nothing is written while an objection stands.
    pub(super) fn export(&mut self, choice: ExportChoice) {
        if self.exports.is_busy() {
            return;
        }
        if let Some(why) = self.export_waits_for() {
            self.notices
                .add(Severity::Warning, format!("Not exported: {why}"));
            return;
        }
        let package = self.export_package();
        let job = Job::spawn("export", super::shared(&self.waker), move |sink| {
            on_own_threads("export", || {
                package.write(&choice, &|done, all| sink.progress((done, all)))
            })
        });
        match job {
            Ok(job) => {
                self.exports.job = Some(job);
                self.exports.progress = Some((0, 0));
                self.exports.last = None;
            }
            Err(error) => self
                .notices
                .add(Severity::Error, format!("Not exported: {error}")),
        }
    }

    /// Stops the export after the file being written.
    pub(super) fn cancel_export(&mut self) {
        self.exports.job = None;
        self.exports.progress = None;
    }

    /// Hears what the export says.
    pub(super) fn poll_export(&mut self) {
        let Some(job) = &self.exports.job else { return };
        for event in job.poll() {
            let done = match event {
                JobEvent::Progress(progress) => {
                    self.exports.progress = Some(progress);
                    continue;
                }
                JobEvent::Finished(Ok(done)) => done,
                JobEvent::Finished(Err(error)) => Exported {
                    failures: vec![error.to_string()],
                    ..Exported::default()
                },
                JobEvent::Died(text) => Exported {
                    failures: vec![format!("Not exported: {text}")],
                    ..Exported::default()
                },
            };
            self.exports.job = None;
            self.exports.progress = None;
            self.tell_exported(&done);
            self.exports.last = Some(done);
            return;
        }
    }

    fn tell_exported(&mut self, done: &Exported) {
        let folder = done.files.first().and_then(|file| file.parent());
        if let Some(folder) = folder.map(PathBuf::from) {
            let files = match done.files.len() {
                1 => "1 file".to_owned(),
                count => format!("{count} files"),
            };
            let text = format!("Exported {files} to {}", folder.display());
            self.notices.add(Severity::Info, text);
        }
        for failure in &done.failures {
            self.notices.add(Severity::Error, failure.clone());
        }
    }
}
