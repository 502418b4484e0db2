//! The lock that tells a second window that a plan is open in a first one.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

/// A plan that this window has; the lock goes when it is dropped or the program ends, however.
#[derive(Debug)]
pub struct PlanLock {
    /// Holds the lock; `None` where none can be made (a read-only folder, no locks there).
    held: Option<(File, PathBuf)>,
}

/// Another window has the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InUse;

impl PlanLock {
    /// Takes a plan for this window.
    ///
    /// The lock is a file beside the plan: a lock on the plan itself would end with the rename of
    /// the next save.
    pub fn take(plan: &Path) -> Result<Self, InUse> {
        let name = plan.file_name().unwrap_or_default().to_string_lossy();
        let path = plan.with_file_name(format!(".{name}.lock"));
        let mut options = OpenOptions::new();
        let Ok(file) = options.write(true).create(true).truncate(false).open(&path) else {
            return Ok(Self { held: None });
        };
        match file.try_lock() {
            Ok(()) => Ok(Self {
                held: Some((file, path)),
            }),
            Err(TryLockError::WouldBlock) => Err(InUse),
            Err(TryLockError::Error(_)) => Ok(Self { held: None }),
        }
    }
}

impl Drop for PlanLock {
    fn drop(&mut self) {
        if let Some((file, path)) = self.held.take() {
            // Removed while still locked, so that nobody else's lock is removed.
            fs::remove_file(path).ok();
            drop(file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_window_cannot_take_the_same_plan() {
        let folder = tempfile::tempdir().unwrap();
        let plan = folder.path().join("a.stylet.json");
        let first = PlanLock::take(&plan).unwrap();
        assert_eq!(PlanLock::take(&plan).unwrap_err(), InUse);
        drop(first);
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            0,
            "no file is left"
        );
        assert!(PlanLock::take(&plan).unwrap().held.is_some());
        let nowhere = folder.path().join("gone/a.json");
        assert!(PlanLock::take(&nowhere).unwrap().held.is_none());
    }
}
