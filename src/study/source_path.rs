//! Where a file lies, and what it is called where a person reads it.
//!
//! The two differ for files out of an archive: they are unpacked under a private folder with names
//! that mean nothing, and are shown as `archive.zip/folder/file`.

use std::any::Any;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Display, Path, PathBuf};
use std::sync::Arc;

/// A file to read (`AsRef<Path>`) and to name ([`SourcePath::shown`]).
#[derive(Clone)]
pub struct SourcePath {
    on_disk: PathBuf,
    unpacked: Option<Unpacked>,
}

#[derive(Clone)]
struct Unpacked {
    shown: PathBuf,
    /// Never read: while it lives, the unpacked files do.
    _keeper: Arc<dyn Any + Send + Sync>,
}

impl SourcePath {
    /// A file that was unpacked to `on_disk` and is called `shown`. `keeper` removes it when the
    /// last file that shares it is dropped.
    pub fn unpacked(on_disk: PathBuf, shown: PathBuf, keeper: Arc<dyn Any + Send + Sync>) -> Self {
        Self {
            on_disk,
            unpacked: Some(Unpacked {
                shown,
                _keeper: keeper,
            }),
        }
    }

    /// The name for messages and lists: the path, or archive and name inside it.
    pub fn shown(&self) -> &Path {
        match &self.unpacked {
            Some(unpacked) => &unpacked.shown,
            None => &self.on_disk,
        }
    }

    /// The name for messages and lists as text.
    pub fn display(&self) -> Display<'_> {
        self.shown().display()
    }

    /// Last part of the name for messages and lists.
    pub fn file_name(&self) -> Option<&OsStr> {
        self.shown().file_name()
    }
}

impl AsRef<Path> for SourcePath {
    fn as_ref(&self) -> &Path {
        &self.on_disk
    }
}

impl From<PathBuf> for SourcePath {
    fn from(path: PathBuf) -> Self {
        Self {
            on_disk: path,
            unpacked: None,
        }
    }
}

impl From<&Path> for SourcePath {
    fn from(path: &Path) -> Self {
        path.to_owned().into()
    }
}

impl fmt::Debug for SourcePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown().fmt(f)
    }
}

impl PartialEq for SourcePath {
    fn eq(&self, other: &Self) -> bool {
        self.on_disk == other.on_disk
    }
}

impl Eq for SourcePath {}

impl PartialOrd for SourcePath {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SourcePath {
    /// By what is shown, so that lists are in the order a person expects.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.shown(), &self.on_disk).cmp(&(other.shown(), &other.on_disk))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unpacked_file_is_read_in_one_place_and_named_by_another() {
        let keeper: Arc<dyn Any + Send + Sync> = Arc::new(());
        let file = SourcePath::unpacked("unpacked/000001".into(), "a.zip/IM 1".into(), keeper);
        assert_eq!(file.as_ref(), Path::new("unpacked/000001"));
        assert_eq!(file.display().to_string(), "a.zip/IM 1");
        assert_eq!(file.file_name(), Some(OsStr::new("IM 1")));
        assert!(!format!("{file:?}").contains("unpacked/"));
        let plain = SourcePath::from(Path::new("b/IM2"));
        assert_eq!(plain.shown(), plain.as_ref());
        assert!(file < plain, "by what is shown");
    }
}
