//! Folders and files → catalog. Only headers are read.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use rayon::prelude::*;
use walkdir::WalkDir;

use super::header::FileHeader;
use super::{DicomError, ImportReport, Problem, Progress, Rejected, group, header};
use crate::budget::Reservation;
use crate::study::{Catalog, Series, SeriesUid, Study, StudyUid};

/// Reads the headers of files and of everything under folders, and groups them.
///
/// A file that cannot be used never stops the rest: it is listed as rejected with its reason. An
/// error means that a given path cannot be opened at all, that there is no DICOM file, or that
/// `progress` said stop. A DICOMDIR is an index and is not listed; given itself, it stands for
/// its folder. Symbolic links are followed, and reported where they lead back to a parent.
pub fn scan(paths: &[PathBuf], progress: &Progress<'_>) -> Result<ImportReport, DicomError> {
    let mut rejected = Vec::new();
    let files = find_files(paths, &mut rejected, progress)?;
    let done = AtomicUsize::new(0);
    let cancelled = AtomicBool::new(false);
    let total = files.len();
    let read: Vec<_> = files
        .into_par_iter()
        .map(|path| {
            if cancelled.load(Ordering::Relaxed) {
                return Outcome::Skipped;
            }
            let outcome = read(path);
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if progress(done, total).is_break() {
                cancelled.store(true, Ordering::Relaxed);
            }
            outcome
        })
        .collect();
    if cancelled.into_inner() {
        return Err(DicomError::Cancelled);
    }
    let mut headers = Vec::new();
    let mut any_dicom = false;
    for outcome in read {
        match outcome {
            Outcome::Image(header) => headers.push(*header),
            Outcome::Rejected(path, problem) => {
                any_dicom |= !matches!(
                    problem,
                    Problem::Empty | Problem::NotDicom | Problem::Unreadable(_)
                );
                rejected.push(Rejected {
                    path,
                    reason: problem.to_string(),
                });
            }
            Outcome::Skipped => {}
        }
    }
    if headers.is_empty() && !any_dicom {
        return Err(nothing_found(paths, total, &rejected));
    }
    rejected.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(ImportReport {
        catalog: catalog(headers),
        rejected,
        files_seen: total,
    })
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

enum Outcome {
    Image(Box<FileHeader>),
    Rejected(PathBuf, Problem),
    Skipped,
}

fn read(path: PathBuf) -> Outcome {
    match header::read(&path) {
        Ok(header) => Outcome::Image(Box::new(header)),
        Err(Problem::NoPixelData(name)) if name == DIRECTORY_CLASS => Outcome::Skipped,
        Err(problem) => Outcome::Rejected(path, problem),
    }
}

/// Name of the SOP class of a DICOMDIR in the dictionary.
const DIRECTORY_CLASS: &str = "Media Storage Directory Storage";

/// Regular files under the paths, sorted, each once.
fn find_files(
    paths: &[PathBuf],
    rejected: &mut Vec<Rejected>,
    progress: &Progress<'_>,
) -> Result<Vec<PathBuf>, DicomError> {
    let mut files = Vec::new();
    for path in paths {
        let metadata = std::fs::metadata(path)
            .map_err(|error| DicomError::file(path, Problem::Unreadable(error)))?;
        if !metadata.is_dir() && !is_directory_file(path) {
            files.push(path.clone());
            continue;
        }
        let folder = if metadata.is_dir() {
            path.as_path()
        } else {
            path.parent()
                .filter(|parent| !parent.as_os_str().is_empty())
                .unwrap_or(Path::new("."))
        };
        // Hidden files are looked at too: exports exist whose folders begin with a dot.
        for entry in WalkDir::new(folder).follow_links(true) {
            match entry {
                Ok(entry) if entry.file_type().is_dir() => {}
                Ok(entry) if is_directory_file(entry.path()) => {}
                Ok(entry) => {
                    files.push(entry.into_path());
                    let often_enough = files.len() % 256 == 0;
                    if often_enough && progress(0, files.len()) == ControlFlow::Break(()) {
                        return Err(DicomError::Cancelled);
                    }
                }
                Err(error) => rejected.push(unwalkable(folder, &error)),
            }
        }
    }
    files.sort();
    files.dedup();
    Ok(files)
}

fn is_directory_file(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.eq_ignore_ascii_case("DICOMDIR"))
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

/// Headers, sorted by path, → studies (newest first) → series (by number) → stacks.
fn catalog(headers: Vec<FileHeader>) -> Catalog {
    let mut studies: BTreeMap<StudyUid, Vec<FileHeader>> = BTreeMap::new();
    for header in headers {
        studies
            .entry(header.study_uid.clone())
            .or_default()
            .push(header);
    }
    let mut studies: Vec<Study> = studies
        .into_iter()
        .filter_map(|(uid, headers)| study(uid, headers))
        .collect();
    studies.sort_by(|a, b| b.date.cmp(&a.date).then_with(|| a.uid.cmp(&b.uid)));
    Catalog { studies }
}

fn study(uid: StudyUid, headers: Vec<FileHeader>) -> Option<Study> {
    let first = headers.first()?;
    let mut study = Study {
        uid,
        date: first.study_date.clone(),
        description: first.study_description.clone(),
        patient: first.patient.clone(),
        series: Vec::new(),
    };
    let mut all: BTreeMap<(SeriesUid, Option<PathBuf>), Vec<FileHeader>> = BTreeMap::new();
    for header in headers {
        // Files that do not say which series they are of have nothing in common.
        let alone = header
            .series_uid
            .as_str()
            .is_empty()
            .then(|| header.instance.path.clone());
        all.entry((header.series_uid.clone(), alone))
            .or_default()
            .push(header);
    }
    let series: Vec<Vec<FileHeader>> = all.into_values().collect();
    study.series = series
        .into_par_iter()
        .filter_map(|headers| series_of(headers).map(Arc::new))
        .collect();
    study
        .series
        .sort_by(|a, b| a.number.cmp(&b.number).then_with(|| a.uid.cmp(&b.uid)));
    Some(study)
}

fn series_of(headers: Vec<FileHeader>) -> Option<Series> {
    let first = headers.first()?;
    let mut series = Series {
        uid: first.series_uid.clone(),
        study_uid: first.study_uid.clone(),
        modality: first.modality.clone(),
        number: first.series_number,
        description: first.series_description.clone(),
        patient_position: first.patient_position,
        instances: Vec::new(),
        stacks: Vec::new(),
        booked: None,
    };
    let mut booked: Option<Reservation> = None;
    for header in headers {
        series.instances.push(Arc::new(header.instance));
        match &mut booked {
            Some(all) => all.absorb(header.booked),
            None => booked = Some(header.booked),
        }
    }
    series.booked = booked.map(Arc::new);
    series.stacks = group::stacks(&series.instances, &series.modality);
    Some(series)
}
