//! Folders, discs, archives and files → catalog. Only headers are read.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;

use super::catalog::{Header, catalog};
use super::header::Content;
use super::{DicomError, ImportReport, Problem, Progress, Rejected, find, header};
use crate::study::{Instance, OtherObject, SourcePath};

/// Files that are asked for at once: those of a network folder mostly wait for the network.
const THREADS: usize = 16;

/// Reads the headers of files, of everything under folders and of what archives hold, and groups
/// them.
///
/// A file that cannot be used never stops the rest: it is listed as rejected with its reason. An
/// error means that a given path cannot be opened at all, that there is no DICOM file, or that
/// `progress` said stop. A DICOMDIR is an index and is not listed; given itself, it stands for
/// its folder, and what it lists must be there. Symbolic links are followed, and reported where
/// they lead back to a parent or out of a disc. Archives are unpacked where they are given
/// themselves; the unpacked files live as long as the catalog.
pub fn scan(paths: &[PathBuf], progress: &Progress<'_>) -> Result<ImportReport, DicomError> {
    let mut rejected = Vec::new();
    let files = find::find_files(paths, &mut rejected, progress)?;
    let total = files.len();
    let read = with_threads(|| read_all(files, progress))?;
    let mut images: Vec<Header<Instance>> = Vec::new();
    let mut objects: Vec<Header<OtherObject>> = Vec::new();
    let mut any_dicom = false;
    for (path, outcome) in read {
        match outcome {
            Ok((facts, Content::Image(image))) => images.push((facts, image)),
            Ok((facts, Content::Object(object))) => objects.push((facts, object)),
            Ok((_, Content::Index)) => {}
            Err(problem) => {
                any_dicom |= !matches!(
                    problem,
                    Problem::Empty
                        | Problem::NotDicom
                        | Problem::Archive(_)
                        | Problem::Unreadable(_)
                );
                rejected.push(Rejected {
                    path: path.shown().to_owned(),
                    reason: problem.to_string(),
                });
            }
        }
    }
    rejected.sort_by(|a, b| a.path.cmp(&b.path));
    if images.is_empty() && objects.is_empty() && !any_dicom {
        return Err(nothing_found(paths, total, &rejected));
    }
    Ok(ImportReport {
        catalog: catalog(images, objects),
        rejected,
        files_seen: total,
    })
}

type Outcome = (SourcePath, Result<(header::Facts, Content), Problem>);

fn read_all(files: Vec<SourcePath>, progress: &Progress<'_>) -> Result<Vec<Outcome>, DicomError> {
    let done = AtomicUsize::new(0);
    let cancelled = AtomicBool::new(false);
    let total = files.len();
    let read: Vec<Option<Outcome>> = files
        .into_par_iter()
        .map(|path| {
            if cancelled.load(Ordering::Relaxed) {
                return None;
            }
            let outcome = header::read(&path);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if progress(done, total).is_break() {
                cancelled.store(true, Ordering::Relaxed);
            }
            Some((path, outcome))
        })
        .collect();
    if cancelled.into_inner() {
        return Err(DicomError::Cancelled);
    }
    Ok(read.into_iter().flatten().collect())
}

/// Runs `work` with more threads than processors, or as it is where they cannot be had.
fn with_threads<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(THREADS)
        .thread_name(|index| format!("header {index}"))
        .stack_size(8 << 20)
        .build();
    match pool {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

/// Nothing to show; names what else went wrong, because that may be the reason.
fn nothing_found(paths: &[PathBuf], files_seen: usize, rejected: &[Rejected]) -> DicomError {
    let not_dicom = Problem::NotDicom.to_string();
    let note = rejected
        .iter()
        .find(|rejected| rejected.reason != not_dicom)
        .map(|rejected| format!(" {}: {}.", rejected.path.display(), rejected.reason))
        .unwrap_or_default();
    DicomError::NothingFound {
        place: paths.first().cloned().unwrap_or_default(),
        files_seen,
        note,
    }
}
