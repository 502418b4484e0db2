//! DICOMDIR: the index of a disc, and whether the disc holds what it lists (PS3.3 F, PS3.10 8).
//!
//! The index decides nothing about what is shown: everything in its folder is read anyway, because
//! a wrong index must not hide an image. It tells what should be there and is not. Records are
//! taken in the order they are stored in, so wrong offsets between them cannot lead anywhere.
//! Names are looked up among the files that were found under the folder, never opened, so nothing
//! outside of it can be reached.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use dicom_dictionary_std::{tags, uids};

use super::elements::Elements;
use super::{Rejected, parse};
use crate::study::SourcePath;

/// Whether a file is named as an index of a disc: `DICOMDIR`, `dicomdir;1` …
pub(crate) fn is_directory_name(name: Option<&OsStr>) -> bool {
    name.is_some_and(|name| key(&name.to_string_lossy()) == "DICOMDIR")
}

/// A name as discs are compared: without case, version (`;1`) and the dot of an empty suffix
/// (ISO 9660 7.5).
fn key(name: &str) -> String {
    let name = name.split_once(';').map_or(name, |(name, _)| name);
    name.trim_end_matches('.').trim().to_uppercase()
}

/// Whether these are the first bytes of an index, whatever its name.
pub(crate) fn is_directory(head: &[u8]) -> bool {
    let class = uids::MEDIA_STORAGE_DIRECTORY_STORAGE.as_bytes();
    head.windows(class.len()).any(|window| window == class)
}

/// Compares the index `directory` with the `files` found under its folder.
///
/// Returns one entry for each listed file that is missing or would lie outside of the folder, and
/// one for the index itself where it cannot be read.
pub(crate) fn check(directory: &SourcePath, files: &[SourcePath]) -> Vec<Rejected> {
    let rejected = |path: &Path, reason: String| Rejected {
        path: path.to_owned(),
        reason,
    };
    let header = match parse::parse_file(directory) {
        Ok(parsed) => parsed.elements,
        Err(problem) => {
            let reason = format!("the index of the disc is not used: {problem}");
            return vec![rejected(directory.shown(), reason)];
        }
    };
    let root = folder_of(directory.shown());
    let present: HashSet<Vec<String>> = files
        .iter()
        .filter_map(|file| file.shown().strip_prefix(root).ok())
        .map(|inner| {
            inner
                .iter()
                .map(|part| key(&part.to_string_lossy()))
                .collect()
        })
        .collect();
    let mut missing = Vec::new();
    for record in header.items(tags::DIRECTORY_RECORD_SEQUENCE) {
        // 0 marks a record that is no longer in use (PS3.3 F.3.2.2).
        if matches!(record.integer(tags::RECORD_IN_USE_FLAG), Ok(Some(0))) {
            continue;
        }
        match file_id(record) {
            None => {}
            Some(Ok(parts)) => {
                let wanted: Vec<String> = parts.iter().map(|part| key(part)).collect();
                if !present.contains(&wanted) {
                    let place = parts.iter().fold(root.to_owned(), |at, part| at.join(part));
                    let reason = "listed in the DICOMDIR but not on the disc".to_owned();
                    missing.push(rejected(&place, reason));
                }
            }
            Some(Err(name)) => missing.push(rejected(
                directory.shown(),
                format!("lists {name:?}, which does not lie below its folder; not opened"),
            )),
        }
    }
    missing.sort_by(|a, b| a.path.cmp(&b.path));
    missing.dedup();
    missing
}

/// Folder of an index; `.` where its path is only a name.
pub(crate) fn folder_of(directory: &Path) -> &Path {
    directory
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Components of Referenced File ID (0004,1500), or the whole as text where one of them would
/// lead out of the folder. Some writers use slashes, or begin with a separator.
fn file_id(record: &Elements) -> Option<Result<Vec<String>, String>> {
    let name = record.code(tags::REFERENCED_FILE_ID);
    let parts: Vec<String> = name
        .split(['\\', '/'])
        .map(|part| part.trim_matches(|c: char| c.is_whitespace() || c == '\0'))
        .filter(|part| !matches!(*part, "" | "."))
        .map(ToOwned::to_owned)
        .collect();
    if parts.is_empty() {
        return None;
    }
    let leads_out = |part: &String| part == ".." || part.contains([':', '\0']);
    Some(if parts.iter().any(leads_out) {
        Err(name)
    } else {
        Ok(parts)
    })
}

/// Files under the folder of an index that are reached through symbolic links and lie elsewhere.
pub(crate) fn outside(directory: &Path, files: &[SourcePath]) -> Vec<PathBuf> {
    let root = folder_of(directory);
    let Ok(real_root) = root.canonicalize() else {
        return Vec::new();
    };
    files
        .iter()
        .map(SourcePath::shown)
        .filter(|file| file.starts_with(root))
        .filter(|file| {
            file.canonicalize()
                .is_ok_and(|real| !real.starts_with(&real_root))
        })
        .map(Path::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_on_discs() {
        assert_eq!(key("im000001.dcm;1"), "IM000001.DCM");
        assert_eq!(key("IM1.;1"), "IM1");
        for name in ["DICOMDIR", "dicomdir", "DICOMDIR.;1", "DicomDir;1"] {
            assert!(is_directory_name(Some(OsStr::new(name))), "{name}");
        }
        assert!(!is_directory_name(Some(OsStr::new("DICOMDIR2"))));
        assert!(!is_directory_name(None));
    }
}
