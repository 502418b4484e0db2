//! Zip archives, unpacked into a private folder that lives as long as what was found in it.
//!
//! Everything behind the scan reads files by position, many times and from several threads, so
//! what is DICOM in an archive becomes files again. No name from inside an archive reaches the
//! file system: the files are numbered, and the names are for lists and messages only. Sizes are
//! bounded before and while data is inflated, because an archive of a few kilobytes can hold
//! terabytes of zeros.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zip::{CompressionMethod, ZipArchive};

use super::encoding::looks_like_an_element;
use super::guard::guarded;
use super::source::ByteSource;
use super::unpacked::UnpackFolder;
use super::{DicomError, Problem, Progress, Rejected};
use crate::study::SourcePath;

/// More files than any disc or export has.
const MOST_ENTRIES: u64 = 200_000;
/// What an archive may unpack to, however large it is.
const LARGEST_TOTAL: u64 = 64 << 30;
/// What any archive may unpack to, however small it is.
const ALWAYS_ALLOWED: u64 = 1 << 30;
/// Images shrink to a half or a tenth, a blank one to a hundredth.
const MOST_SHRUNK: u64 = 100;
/// Inflated and written at once; also how often a cancel is noticed.
const CHUNK: usize = 256 * 1024;
/// Enough to tell DICOM from anything else.
const HEAD: usize = 1024;

/// Whether a file begins like a zip archive, an empty one or a part of a split one included.
pub(crate) fn is_archive(head: &[u8]) -> bool {
    matches!(
        head,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] | [b'P', b'K', 7, 8, ..]
    )
}

/// Unpacks what is DICOM in an archive and adds it to `files`; what is left out goes to
/// `rejected`.
pub(crate) fn unpack(
    archive: &Path,
    files: &mut Vec<SourcePath>,
    rejected: &mut Vec<Rejected>,
    progress: &Progress<'_>,
) -> Result<(), DicomError> {
    let whole = |problem| DicomError::file(archive, problem);
    let mut source = ByteSource::open(archive).map_err(|error| whole(error.into()))?;
    let size = source.len();
    check_count(&mut source).map_err(whole)?;
    let zip = File::open(archive).map_err(|error| whole(error.into()))?;
    let mut zip = guarded(|| ZipArchive::new(io::BufReader::new(zip)))
        .unwrap_or(Err(zip::result::ZipError::FileNotFound))
        .map_err(|error| whole(damaged(&error)))?;
    check_total(&zip, size).map_err(whole)?;
    let folder = UnpackFolder::new().map_err(|error| whole(no_folder(&error)))?;
    let mut unpacker = Unpacker {
        archive,
        folder: Arc::new(folder),
        progress,
        total: zip.len(),
    };
    for index in 0..zip.len() {
        if progress(index, zip.len()).is_break() {
            return Err(DicomError::Cancelled);
        }
        match unpacker.entry(&mut zip, index) {
            Ok(Some(file)) => files.push(file),
            Ok(None) => {}
            Err(Stop::Entry(path, problem)) => rejected.push(Rejected {
                path,
                reason: problem.to_string(),
            }),
            Err(Stop::Archive(problem)) => return Err(whole(problem)),
            Err(Stop::Cancelled) => return Err(DicomError::Cancelled),
        }
    }
    Ok(())
}

/// Number of entries by the end record (APPNOTE 4.3.16, 4.3.14), before memory is spent on them.
fn check_count(source: &mut ByteSource) -> Result<(), Problem> {
    const END: &[u8] = b"PK\x05\x06";
    const END_64: &[u8] = b"PK\x06\x06";
    // The record is 22 bytes long and followed by a comment of at most 65,535.
    let start = source.len().saturating_sub(22 + 65_535 + 256);
    let tail = source.rest(start)?;
    let count = |signature: &[u8], at: usize, width: usize| {
        let found = tail.windows(4).rposition(|four| four == signature)?;
        let bytes = tail.get(found + at..found + at + width)?;
        Some(
            bytes
                .iter()
                .rev()
                .fold(0, |all, &byte| all << 8 | u64::from(byte)),
        )
    };
    let Some(entries) = count(END, 10, 2) else {
        let text = "it is cut short or not a zip archive; copy it again".to_owned();
        return Err(Problem::Damaged(text));
    };
    let entries = entries.max(count(END_64, 32, 8).unwrap_or(0));
    if entries > MOST_ENTRIES {
        return Err(Problem::Archive(format!(
            "the archive says it holds {entries} files, more than the {MOST_ENTRIES} that Stylet \
             reads; unpack it and open the folder"
        )));
    }
    Ok(())
}

/// Sum of the sizes that the archive states; the real ones are held to them.
fn check_total(zip: &ZipArchive<io::BufReader<File>>, size: u64) -> Result<(), Problem> {
    let total = (0..zip.len())
        .filter_map(|index| zip.by_index_data(index).ok())
        .map(|entry| entry.size())
        .fold(0_u64, u64::saturating_add);
    let allowed = size
        .saturating_mul(MOST_SHRUNK)
        .clamp(ALWAYS_ALLOWED, LARGEST_TOTAL);
    if total > allowed {
        return Err(Problem::Archive(format!(
            "the archive has {} MiB and would unpack to {} MiB, more than the {} MiB that Stylet \
             allows; unpack it and open the folder",
            size >> 20,
            total >> 20,
            allowed >> 20
        )));
    }
    Ok(())
}

fn damaged(error: &zip::result::ZipError) -> Problem {
    Problem::Damaged(format!("{error}; copy the archive again"))
}

fn no_folder(error: &io::Error) -> Problem {
    Problem::Archive(format!(
        "there is no place to unpack the archive to: {error}\nFolder: {}",
        tempfile::env::temp_dir().display()
    ))
}

/// Why an entry does not become a file.
enum Stop {
    /// It alone is left out.
    Entry(PathBuf, Problem),
    /// Nothing more can be unpacked.
    Archive(Problem),
    Cancelled,
}

struct Unpacker<'a> {
    archive: &'a Path,
    folder: Arc<UnpackFolder>,
    progress: &'a Progress<'a>,
    total: usize,
}

impl Unpacker<'_> {
    /// One entry as a file; `None` for folders.
    fn entry(
        &mut self,
        zip: &mut ZipArchive<io::BufReader<File>>,
        index: usize,
    ) -> Result<Option<SourcePath>, Stop> {
        let numbered = || self.archive.join(format!("entry {}", index + 1));
        let entry = zip
            .by_index_data(index)
            .map_err(|error| Stop::Entry(numbered(), damaged(&error)))?;
        let shown = entry.name().map_or_else(
            |_| numbered(),
            |name| shown_name(self.archive, &name, index),
        );
        if entry.is_dir() {
            return Ok(None);
        }
        let refused = |text: &str| Stop::Entry(shown.clone(), Problem::Archive(text.to_owned()));
        if entry.encrypted() {
            let text = "encrypted; unpack the archive with its password and open the folder";
            return Err(refused(text));
        }
        if entry.is_symlink() {
            return Err(refused("a symbolic link inside an archive; not followed"));
        }
        let method = entry.compression();
        if !matches!(
            method,
            CompressionMethod::Stored | CompressionMethod::Deflated
        ) {
            return Err(refused(&format!(
                "compressed by the method {method}, which Stylet does not read; unpack the \
                 archive and open the folder"
            )));
        }
        let size = entry.size();
        let unpacked = guarded(|| {
            let mut reader = zip
                .by_index(index)
                .map_err(|error| Stop::Entry(shown.clone(), damaged(&error)))?;
            self.write(&mut reader, size, &shown, index)
        });
        unpacked.unwrap_or_else(|| Err(refused("damaged inside the archive; copy it again")))
    }

    /// Inflates an entry into a file, if it is DICOM.
    fn write(
        &self,
        reader: &mut impl Read,
        size: u64,
        shown: &Path,
        index: usize,
    ) -> Result<Option<SourcePath>, Stop> {
        let unreadable = |error: &io::Error| {
            let text = format!("{error}; copy the archive again");
            Stop::Entry(shown.to_owned(), Problem::Damaged(text))
        };
        let mut head = Vec::new();
        let limited = &mut *reader;
        limited
            .take(size.min(HEAD as u64))
            .read_to_end(&mut head)
            .map_err(|error| unreadable(&error))?;
        check_head(&head).map_err(|problem| Stop::Entry(shown.to_owned(), problem))?;
        let path = self.folder.path().join(format!("{index:06}"));
        let unwritable = |error: &io::Error| Stop::Archive(no_space(error, self.folder.path()));
        let mut file = File::create_new(&path).map_err(|error| unwritable(&error))?;
        file.write_all(&head).map_err(|error| unwritable(&error))?;
        let mut written = head.len() as u64;
        let mut chunk = vec![0; CHUNK];
        let remove = |stop| {
            // What is left over goes with the folder.
            std::fs::remove_file(&path).ok();
            stop
        };
        loop {
            let count = match reader.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                // A wrong checksum at the end included.
                Err(error) => return Err(remove(unreadable(&error))),
            };
            written += count as u64;
            if written > size {
                let text = format!("it inflates to more than the {size} bytes that it states");
                return Err(remove(Stop::Entry(
                    shown.to_owned(),
                    Problem::Damaged(text),
                )));
            }
            let bytes = chunk.get(..count).unwrap_or_default();
            if let Err(error) = file.write_all(bytes) {
                return Err(remove(unwritable(&error)));
            }
            if (self.progress)(index, self.total).is_break() {
                return Err(Stop::Cancelled);
            }
        }
        let keeper: Arc<UnpackFolder> = Arc::clone(&self.folder);
        Ok(Some(SourcePath::unpacked(path, shown.to_owned(), keeper)))
    }
}

/// Whether an entry is worth unpacking, by its first bytes.
fn check_head(head: &[u8]) -> Result<(), Problem> {
    if is_archive(head) {
        return Err(Problem::Archive(
            "an archive inside an archive; unpack it and open it by itself".to_owned(),
        ));
    }
    let marked = head.get(128..132) == Some(b"DICM");
    if marked || looks_like_an_element(&mut ByteSource::from_memory(head.to_vec())) {
        return Ok(());
    }
    Err(Problem::NotDicom)
}

fn no_space(error: &io::Error, folder: &Path) -> Problem {
    if matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    ) {
        return Problem::Archive(format!(
            "the disk is full, so the archive cannot be unpacked; free some space, or set TMPDIR \
             to a folder with more\nFolder: {}",
            folder.display()
        ));
    }
    Problem::Archive(format!(
        "the archive cannot be unpacked: {error}\nFolder: {}",
        folder.display()
    ))
}

/// `archive.zip/folder/file`, without parts that would lead elsewhere.
fn shown_name(archive: &Path, name: &str, index: usize) -> PathBuf {
    let parts: Vec<String> = name
        .split(['/', '\\'])
        .filter(|part| !matches!(*part, "" | "." | "..") && !part.ends_with(':'))
        .map(|part| part.chars().filter(|letter| !letter.is_control()).collect())
        .collect();
    if parts.is_empty() {
        return archive.join(format!("entry {}", index + 1));
    }
    parts
        .iter()
        .fold(archive.to_owned(), |path, part| path.join(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_under_the_archive() {
        let archive = Path::new("a.zip");
        for (name, shown) in [
            ("DICOM/IM1", "a.zip/DICOM/IM1"),
            ("../../etc/passwd", "a.zip/etc/passwd"),
            ("/etc/passwd", "a.zip/etc/passwd"),
            ("C:\\x\\..\\y", "a.zip/x/y"),
            ("a\x1b[31m/b", "a.zip/a[31m/b"),
            ("..", "a.zip/entry 5"),
        ] {
            assert_eq!(shown_name(archive, name, 4), Path::new(shown));
        }
    }

    #[test]
    fn the_number_of_entries_is_read_before_they_are() {
        let end = |count: u16| {
            let mut bytes = vec![0; 100];
            bytes.extend(b"PK\x05\x06\0\0\0\0");
            bytes.extend(count.to_le_bytes());
            bytes.extend(count.to_le_bytes());
            bytes.extend([0; 10]);
            bytes
        };
        assert!(check_count(&mut ByteSource::from_memory(end(7))).is_ok());
        let mut huge = b"PK\x06\x06".to_vec();
        huge.extend([0; 28]);
        huge.extend(5_000_000_u64.to_le_bytes());
        huge.extend([0; 16]);
        huge.extend(end(u16::MAX));
        let error = check_count(&mut ByteSource::from_memory(huge)).unwrap_err();
        assert!(error.to_string().contains("5000000 files"), "{error}");
        let cut = check_count(&mut ByteSource::from_memory(
            b"PK\x03\x04 and no end".to_vec(),
        ));
        assert!(cut.unwrap_err().to_string().contains("cut short"));
    }
}
