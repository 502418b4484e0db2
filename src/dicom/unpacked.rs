//! Private folders for what is unpacked from archives, and their removal.
//!
//! They hold images of patients. A folder is readable by its user only and goes with the last
//! series that was found in it, at the latest when the program ends. What a killed program left is
//! removed the next time an archive is opened.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use tempfile::TempDir;

const PREFIX: &str = "stylet-unpacked-";
/// Locked while the program that made the folder runs.
const LOCK: &str = "in-use";
/// A folder that was just made may not be locked yet.
const SETTLED: Duration = Duration::from_mins(1);

/// Folders of this program, for its end: a thread that still holds an image would keep one.
static PRESENT: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A private folder that is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct UnpackFolder {
    // Dropped first: a locked file keeps its folder on some systems.
    _lock: File,
    folder: TempDir,
}

impl UnpackFolder {
    /// Makes a folder where the system keeps temporary files.
    pub fn new() -> io::Result<Self> {
        Self::within(&tempfile::env::temp_dir())
    }

    fn within(place: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(PREFIX);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            builder.permissions(fs::Permissions::from_mode(0o700));
        }
        let folder = builder.tempdir_in(place)?;
        let lock = File::create_new(folder.path().join(LOCK))?;
        // Where files cannot be locked, nothing is swept either.
        lock.try_lock().ok();
        remove_abandoned(place, folder.path());
        if let Ok(mut present) = PRESENT.lock() {
            present.push(folder.path().to_owned());
        }
        Ok(Self {
            _lock: lock,
            folder,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for UnpackFolder {
    fn drop(&mut self) {
        if let Ok(mut present) = PRESENT.lock() {
            present.retain(|path| path != self.folder.path());
        }
    }
}

/// Removes what was unpacked from archives; nothing of them can be read afterwards. For the end
/// of the program.
pub fn remove_unpacked() {
    let present = PRESENT
        .lock()
        .map(|mut present| std::mem::take(&mut *present))
        .unwrap_or_default();
    for folder in present {
        fs::remove_dir_all(folder).ok();
    }
}

/// Removes what programs that were killed have left in the folder for temporary files.
pub fn sweep_unpacked() {
    let place = tempfile::env::temp_dir();
    // A file of our own says who this user is.
    if let Ok(own) = tempfile::tempdir_in(&place) {
        remove_abandoned(&place, own.path());
    }
}

/// Removes folders of this user that no running program holds.
fn remove_abandoned(place: &Path, own: &Path) {
    let Ok(entries) = fs::read_dir(place) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        if ours && path != own && is_abandoned(&path, own).unwrap_or(false) {
            fs::remove_dir_all(&path).ok();
        }
    }
}

fn is_abandoned(folder: &Path, own: &Path) -> io::Result<bool> {
    let metadata = fs::symlink_metadata(folder)?;
    if !metadata.is_dir() || !same_owner(&metadata, &fs::metadata(own)?) {
        return Ok(false);
    }
    if metadata.modified()?.elapsed().unwrap_or_default() < SETTLED {
        return Ok(false);
    }
    let lock = folder.join(LOCK);
    if !fs::symlink_metadata(&lock)?.is_file() {
        return Ok(false);
    }
    Ok(File::open(lock)?.try_lock().is_ok())
}

#[cfg(unix)]
fn same_owner(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    one.uid() == other.uid()
}

/// Temporary folders are the user's own on other systems.
#[cfg(not(unix))]
fn same_owner(_: &fs::Metadata, _: &fs::Metadata) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::SystemTime;

    #[test]
    fn a_folder_is_private_and_goes_when_dropped() {
        let place = tempfile::tempdir().unwrap();
        let folder = UnpackFolder::within(place.path()).unwrap();
        let path = folder.path().to_owned();
        assert!(path.is_dir());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        drop(folder);
        assert!(!path.exists());
    }

    #[test]
    fn what_a_killed_program_left_is_removed_and_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let make = |name: &str, with_lock: bool| {
            let folder = place.path().join(name);
            fs::create_dir(&folder).unwrap();
            fs::write(folder.join("000001"), "an image").unwrap();
            if with_lock {
                fs::write(folder.join(LOCK), "").unwrap();
            }
            let old = SystemTime::now() - Duration::from_hours(1);
            File::open(&folder).unwrap().set_modified(old).unwrap();
            folder
        };
        let left = make("stylet-unpacked-left", true);
        let held = make("stylet-unpacked-held", true);
        let other = make("something-else", true);
        let unmarked = make("stylet-unpacked-unmarked", false);
        let lock = File::open(held.join(LOCK)).unwrap();
        lock.lock().unwrap();
        let _folder = UnpackFolder::within(place.path()).unwrap();
        assert!(!left.exists());
        assert!(held.exists() && other.exists() && unmarked.exists());
    }
}
