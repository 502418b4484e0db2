//! Paths that were given → files to read: folders are walked, archives unpacked, and the indexes
//! of discs compared with what is there.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::source::ByteSource;
use super::{DicomError, Problem, Progress, Rejected, archive, media_directory};
use crate::study::SourcePath;

/// What a given file is opened as.
enum Given {
    File,
    /// An index stands for its folder.
    Index,
    Archive,
}

/// Files to read, sorted by what they are called, each once; what cannot be is added to
/// `rejected`.
pub(crate) fn find_files(
    paths: &[PathBuf],
    rejected: &mut Vec<Rejected>,
    progress: &Progress<'_>,
) -> Result<Vec<SourcePath>, DicomError> {
    let mut walk = Walk::default();
    for path in paths {
        let metadata = std::fs::metadata(path)
            .map_err(|error| DicomError::file(path, Problem::Unreadable(error)))?;
        if metadata.is_dir() {
            walk.folder(path, rejected, progress)?;
            continue;
        }
        match given(path) {
            Given::File => walk.files.push(path.as_path().into()),
            Given::Archive => archive::unpack(path, &mut walk.files, rejected, progress)?,
            Given::Index => {
                walk.indexes.push(path.as_path().into());
                walk.folder(media_directory::folder_of(path), rejected, progress)?;
            }
        }
    }
    Ok(walk.finish(rejected))
}

/// By name, or by the first bytes: suffixes say nothing.
fn given(path: &Path) -> Given {
    if media_directory::is_directory_name(path.file_name()) {
        return Given::Index;
    }
    let Ok(mut source) = ByteSource::open(path) else {
        // Said when it is read.
        return Given::File;
    };
    let count = source.len().min(1024) as usize;
    match source.bytes(0, count) {
        Ok(head) if archive::is_archive(head) => Given::Archive,
        Ok(head) if media_directory::is_directory(head) => Given::Index,
        _ => Given::File,
    }
}

#[derive(Default)]
struct Walk {
    files: Vec<SourcePath>,
    indexes: Vec<SourcePath>,
    met_links: bool,
}

impl Walk {
    fn folder(
        &mut self,
        folder: &Path,
        rejected: &mut Vec<Rejected>,
        progress: &Progress<'_>,
    ) -> Result<(), DicomError> {
        // Hidden files are looked at too: exports exist whose folders begin with a dot.
        for entry in WalkDir::new(folder).follow_links(true) {
            match entry {
                Ok(entry) => {
                    self.met_links |= entry.path_is_symlink();
                    if entry.file_type().is_dir() {
                        continue;
                    }
                    self.files.push(entry.into_path().into());
                    let often_enough = self.files.len().is_multiple_of(256);
                    if often_enough && progress(0, self.files.len()) == ControlFlow::Break(()) {
                        return Err(DicomError::Cancelled);
                    }
                }
                Err(error) => rejected.push(unwalkable(folder, &error)),
            }
        }
        Ok(())
    }

    /// Files without the indexes, which are checked.
    fn finish(mut self, rejected: &mut Vec<Rejected>) -> Vec<SourcePath> {
        let (named, mut files): (Vec<_>, Vec<_>) = self
            .files
            .into_iter()
            .partition(|file| media_directory::is_directory_name(file.file_name()));
        self.indexes.extend(named);
        self.indexes.sort();
        self.indexes.dedup();
        files.retain(|file| !self.indexes.contains(file));
        files.sort();
        files.dedup();
        if self.met_links {
            for index in &self.indexes {
                let outside: HashSet<PathBuf> = media_directory::outside(index.shown(), &files)
                    .into_iter()
                    .collect();
                files.retain(|file| !outside.contains(file.shown()));
                rejected.extend(outside.into_iter().map(|path| Rejected {
                    path,
                    reason: "a symbolic link that leads out of the disc; not followed".to_owned(),
                }));
            }
        }
        for index in &self.indexes {
            rejected.extend(media_directory::check(index, &files));
        }
        files
    }
}

fn unwalkable(folder: &Path, error: &walkdir::Error) -> Rejected {
    let reason = match (error.loop_ancestor(), error.io_error()) {
        (Some(ancestor), _) => format!(
            "a symbolic link that leads back to {}; not followed",
            ancestor.display()
        ),
        (None, Some(error)) => format!("cannot be read: {error}"),
        (None, None) => error.to_string(),
    };
    Rejected {
        path: error.path().unwrap_or(folder).to_owned(),
        reason,
    }
}
