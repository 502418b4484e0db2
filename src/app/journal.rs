//! The journal: every change is on disk before the next one, so that a killed program loses none.
//!
//! One file per running program, one line per change, each the whole plan (a few kilobytes). The
//! file is locked while its program lives; an unlocked one was left by a program that died.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::plan::{Plan, PlanFile, PlanFileError};

/// Why a journal is not kept.
#[derive(Debug, Error)]
pub enum JournalError {
    /// It could not be made or written.
    #[error(
        "Changes cannot be journalled ({source}); save often. Free some space or make the folder writable\nFile: {path}"
    )]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// One line of a journal.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    /// File the plan was opened from or saved to, if any.
    plan_path: Option<PathBuf>,
    /// The plan after the change.
    plan: PlanFile,
}

/// The journal of this program.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    file: File,
}

/// A plan that a program left behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Recovery {
    /// Its journal.
    journal: PathBuf,
    /// File the plan came from, if any.
    pub plan_path: Option<PathBuf>,
    /// The plan after its last change.
    pub plan: Plan,
    /// When that was.
    pub changed: Option<std::time::SystemTime>,
}

fn folder(data: &Path) -> PathBuf {
    data.join("journal")
}

impl Journal {
    /// Starts a journal of its own for this program.
    pub fn start(data: &Path) -> Result<Self, JournalError> {
        let folder = folder(data);
        let failed = |source| JournalError::Write {
            path: folder.clone(),
            source,
        };
        fs::create_dir_all(&folder).map_err(failed)?;
        for number in 0.. {
            let path = folder.join(format!("{}-{number}.jsonl", std::process::id()));
            match OpenOptions::new().append(true).create_new(true).open(&path) {
                Ok(file) => {
                    file.lock().map_err(failed)?;
                    return Ok(Self { path, file });
                }
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Err(failed(std::io::ErrorKind::AlreadyExists.into()))
    }

    /// Writes the plan as it is after a change.
    pub fn record(&mut self, plan: &Plan, plan_path: Option<&Path>) -> Result<(), JournalError> {
        let line = Line {
            plan_path: plan_path.map(Path::to_owned),
            plan: PlanFile::of(plan, None),
        };
        let failed = |source| JournalError::Write {
            path: self.path.clone(),
            source,
        };
        let mut text = serde_json::to_string(&line).map_err(|error| failed(error.into()))?;
        text.push('\n');
        // One write call: a kill leaves the line whole or cut, and a cut line is ignored.
        (&self.file).write_all(text.as_bytes()).map_err(failed)
    }

    /// Forgets all changes: the plan is saved, or given up by the person.
    pub fn clear(&mut self) {
        // A failure leaves an offer to recover something that is saved: a nuisance, not a loss.
        self.file.set_len(0).ok();
    }

    /// The handle to bring what was written to the disk itself; slow, for another thread.
    pub fn handle(&self) -> Option<File> {
        self.file.try_clone().ok()
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let empty = self
            .file
            .metadata()
            .is_ok_and(|metadata| metadata.len() == 0);
        if empty {
            fs::remove_file(&self.path).ok();
        }
    }
}

/// What programs that died left behind, newest first. Journals of running programs are skipped,
/// damaged lines too; a journal without any readable line is reported by name and kept.
pub fn find_recoveries(data: &Path) -> (Vec<Recovery>, Vec<PathBuf>) {
    let mut recoveries = Vec::new();
    let mut damaged = Vec::new();
    for entry in fs::read_dir(folder(data)).into_iter().flatten().flatten() {
        let path = entry.path();
        if path
            .extension()
            .is_none_or(|extension| extension != "jsonl")
        {
            continue;
        }
        let Ok(file) = File::open(&path) else {
            damaged.push(path);
            continue;
        };
        if file.try_lock_shared().is_err() {
            continue;
        }
        match last_plan(&path) {
            Some((plan_path, plan)) => recoveries.push(Recovery {
                changed: file
                    .metadata()
                    .and_then(|metadata| metadata.modified())
                    .ok(),
                journal: path,
                plan_path,
                plan,
            }),
            None if file.metadata().is_ok_and(|metadata| metadata.len() == 0) => {
                fs::remove_file(&path).ok();
            }
            None => damaged.push(path),
        }
    }
    recoveries.sort_by_key(|recovery| std::cmp::Reverse(recovery.changed));
    (recoveries, damaged)
}

fn last_plan(path: &Path) -> Option<(Option<PathBuf>, Plan)> {
    let bytes = fs::read(path).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let readable = |line: &str| -> Result<(Option<PathBuf>, Plan), PlanFileError> {
        let malformed = |reason: String| PlanFileError::Malformed {
            path: path.to_owned(),
            reason,
        };
        let line: Line =
            serde_json::from_str(line).map_err(|error| malformed(error.to_string()))?;
        Ok((line.plan_path, line.plan.plan(path)?))
    };
    text.lines().rev().find_map(|line| readable(line).ok())
}

impl Recovery {
    /// Deletes the journal: its plan is taken over, or given up.
    pub fn discard(&self) -> Result<(), JournalError> {
        fs::remove_file(&self.journal).map_err(|source| JournalError::Write {
            path: self.journal.clone(),
            source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{PlanEdit, Trajectory};

    fn plan(needles: usize) -> Plan {
        let mut plan = Plan::default();
        for _ in 0..needles {
            let id = plan.next_trajectory_id();
            let needle = Trajectory::new(id, plan.unused_needle_name());
            plan.apply(&PlanEdit::AddTrajectory(needle)).unwrap();
        }
        plan
    }

    #[test]
    fn a_journal_left_behind_gives_the_last_plan() {
        let data = tempfile::tempdir().unwrap();
        let mut journal = Journal::start(data.path()).unwrap();
        journal.record(&plan(1), None).unwrap();
        journal
            .record(&plan(2), Some(Path::new("a.stylet.json")))
            .unwrap();
        assert!(
            find_recoveries(data.path()).0.is_empty(),
            "its program still runs"
        );
        drop(journal);
        let (found, damaged) = find_recoveries(data.path());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].plan.trajectories.len(), 2);
        assert_eq!(
            found[0].plan_path.as_deref(),
            Some(Path::new("a.stylet.json"))
        );
        assert!(damaged.is_empty());
        found[0].discard().unwrap();
        assert!(find_recoveries(data.path()).0.is_empty());
    }

    #[test]
    fn a_cut_last_line_costs_only_that_line() {
        let data = tempfile::tempdir().unwrap();
        let mut journal = Journal::start(data.path()).unwrap();
        journal.record(&plan(1), None).unwrap();
        (&journal.file)
            .write_all(b"{\"plan_path\":null,\"plan\":{\"schema\":\"styl")
            .unwrap();
        drop(journal);
        let (found, _) = find_recoveries(data.path());
        assert_eq!(found[0].plan.trajectories.len(), 1);
    }

    #[test]
    fn saved_work_leaves_nothing_and_rubbish_is_named() {
        let data = tempfile::tempdir().unwrap();
        let mut journal = Journal::start(data.path()).unwrap();
        journal.record(&plan(1), None).unwrap();
        journal.clear();
        journal.record(&plan(2), None).unwrap();
        journal.clear();
        drop(journal);
        assert_eq!(fs::read_dir(folder(data.path())).unwrap().count(), 0);
        let rubbish = folder(data.path()).join("1-0.jsonl");
        fs::write(&rubbish, [0xff, 0xfe, b'\n', b'x']).unwrap();
        let (found, damaged) = find_recoveries(data.path());
        assert!(found.is_empty());
        assert_eq!(damaged, [rubbish]);
    }
}
