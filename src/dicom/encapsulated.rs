//! Fragments of encapsulated pixel data → the compressed bytes of one frame (PS3.5 A.4).

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::Problem;
use super::source::ByteSource;
use crate::budget::MEMORY;

/// Most fragments of a file that are remembered, and of how many files.
const REMEMBERED_FRAGMENTS: usize = 1 << 16;
const REMEMBERED_FILES: usize = 4;

/// One fragment: position and length of its bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fragment {
    offset: u64,
    length: u64,
}

/// Where the frames of a file lie.
#[derive(Debug)]
struct FrameMap {
    fragments: Vec<Fragment>,
    /// First fragment of each frame.
    starts: Vec<usize>,
}

impl FrameMap {
    fn of_frame(&self, frame: usize) -> Option<&[Fragment]> {
        let start = *self.starts.get(frame)?;
        let end = self.starts.get(frame + 1).copied();
        self.fragments
            .get(start..end.unwrap_or(self.fragments.len()))
            .filter(|fragments| !fragments.is_empty())
    }
}

/// The file, its size, when it was changed, where its pixel data begins, and its frames.
type FileState = (PathBuf, u64, SystemTime, u64, usize);

/// The last multi-frame files, newest first: the frames of a cine run are asked for one by one,
/// and each would walk over all fragments again.
static REMEMBERED: Mutex<VecDeque<(FileState, Arc<FrameMap>)>> = Mutex::new(VecDeque::new());

/// Compressed bytes of frame `frame` of `frames`, from pixel data whose value begins at `at`.
pub(crate) fn frame_bytes(
    source: &mut ByteSource,
    path: &Path,
    at: u64,
    frame: usize,
    frames: usize,
) -> Result<Vec<u8>, Problem> {
    let map = frame_map(source, path, at, frames)?;
    let of_frame = map.of_frame(frame).ok_or_else(cut)?;
    let total: u64 = of_frame.iter().map(|fragment| fragment.length).sum();
    let _booked = MEMORY.reserve(total, "the compressed frame")?;
    let mut bytes = vec![0; total as usize];
    let mut rest = bytes.as_mut_slice();
    for fragment in of_frame {
        let (target, after) = rest
            .split_at_mut_checked(fragment.length as usize)
            .unwrap_or_default();
        source.read_into(fragment.offset, target)?;
        rest = after;
    }
    Ok(bytes)
}

/// The remembered map of a multi-frame file that did not change, or a new one.
fn frame_map(
    source: &mut ByteSource,
    path: &Path,
    at: u64,
    frames: usize,
) -> Result<Arc<FrameMap>, Problem> {
    let new = |source: &mut ByteSource| {
        let (offsets, fragments) = fragments(source, at)?;
        let starts = starts_of_frames(source, &offsets, &fragments, frames)?;
        Ok::<_, Problem>(Arc::new(FrameMap { fragments, starts }))
    };
    let Some(modified) = source.modified().filter(|_| frames > 1) else {
        return new(source);
    };
    let state = (path.to_owned(), source.len(), modified, at, frames);
    let remembered = || REMEMBERED.lock().unwrap_or_else(PoisonError::into_inner);
    let known = remembered()
        .iter()
        .find(|(known, _)| *known == state)
        .map(|(_, map)| Arc::clone(map));
    if let Some(map) = known {
        return Ok(map);
    }
    let map = new(source)?;
    if map.fragments.len() <= REMEMBERED_FRAGMENTS {
        let mut files = remembered();
        // Threads that began together have all read it.
        files.retain(|(known, _)| *known != state);
        files.truncate(REMEMBERED_FILES - 1);
        files.push_front((state, Arc::clone(&map)));
    }
    Ok(map)
}

fn cut() -> Problem {
    Problem::Damaged("its compressed pixel data ends too early; copy the file again".to_owned())
}

/// The basic offset table and the fragments after it. A missing end delimiter is forgiven, a
/// fragment that the file does not hold in full is not.
fn fragments(source: &mut ByteSource, start: u64) -> Result<(Vec<u64>, Vec<Fragment>), Problem> {
    let mut at = start;
    let mut all = Vec::new();
    while source.len().saturating_sub(at) >= 8 {
        let &[g0, g1, e0, e1, a, b, c, d] =
            <&[u8; 8]>::try_from(source.bytes(at, 8)?).map_err(|_| cut())?;
        match (u16::from_le_bytes([g0, g1]), u16::from_le_bytes([e0, e1])) {
            (0xFFFE, 0xE000) => {}
            (0xFFFE, 0xE0DD) => break,
            // Garbage after the last fragment: what is there may still be complete.
            _ if !all.is_empty() => break,
            _ => {
                return Err(Problem::Damaged(
                    "its compressed pixel data does not begin with an item; copy the file again"
                        .to_owned(),
                ));
            }
        }
        let fragment = Fragment {
            offset: at + 8,
            length: u64::from(u32::from_le_bytes([a, b, c, d])),
        };
        if fragment.length > source.len() - fragment.offset {
            return Err(Problem::Truncated {
                holds: source.len() - start,
                needs: fragment.offset + fragment.length - start,
            });
        }
        at = fragment.offset + fragment.length;
        all.push(fragment);
    }
    let Some((table, fragments)) = all.split_first() else {
        return Err(cut());
    };
    let _booked = MEMORY.reserve(table.length, "the offset table")?;
    let bytes = source.bytes(table.offset, table.length as usize)?;
    let (entries, _) = bytes.as_chunks::<4>();
    let offsets = entries
        .iter()
        .map(|entry| u64::from(u32::from_le_bytes(*entry)))
        .collect();
    Ok((offsets, fragments.to_vec()))
}

/// Which fragments frames begin with: one each, all of the only frame, by the offset table, or by
/// the marks that a compressed frame begins with.
fn starts_of_frames(
    source: &mut ByteSource,
    offsets: &[u64],
    fragments: &[Fragment],
    frames: usize,
) -> Result<Vec<usize>, Problem> {
    if frames == 1 {
        return Ok(vec![0]);
    }
    if fragments.len() == frames {
        return Ok((0..frames).collect());
    }
    let first_offset = fragments.first().ok_or_else(cut)?.offset - 8;
    let starts: Vec<usize> = if offsets.len() == frames {
        let index_of = |offset: &u64| {
            fragments
                .binary_search_by_key(offset, |fragment| fragment.offset - 8 - first_offset)
                .ok()
        };
        offsets.iter().filter_map(index_of).collect()
    } else {
        let mut starts = Vec::new();
        for (index, fragment) in fragments.iter().enumerate() {
            if begins_a_frame(source, *fragment) {
                starts.push(index);
            }
        }
        starts
    };
    if starts.len() == frames {
        return Ok(starts);
    }
    Err(Problem::Damaged(format!(
        "its {} fragments cannot be told apart into {frames} frames; \
         export the series uncompressed",
        fragments.len()
    )))
}

/// Start of a JPEG, JPEG 2000 or JPEG XL stream.
fn begins_a_frame(source: &mut ByteSource, fragment: Fragment) -> bool {
    fragment.length >= 4
        && matches!(
            source.bytes(fragment.offset, 4),
            Ok([0xFF, 0xD8, 0xFF, _] | [0xFF, 0x4F, 0xFF, 0x51] | [0, 0, 0, 12] | [0xFF, 0x0A, ..])
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(bytes: &[u8]) -> Vec<u8> {
        let mut all = vec![0xFE, 0xFF, 0x00, 0xE0];
        all.extend((bytes.len() as u32).to_le_bytes());
        all.extend(bytes);
        all
    }

    fn frame(items: &[&[u8]], frame: usize, frames: usize) -> Result<Vec<u8>, Problem> {
        let mut bytes: Vec<u8> = items.iter().flat_map(|bytes| item(bytes)).collect();
        bytes.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        let mut source = ByteSource::from_memory(bytes);
        frame_bytes(&mut source, Path::new(""), 0, frame, frames)
    }

    #[test]
    fn frames_are_found_with_and_without_an_offset_table() {
        let a: &[u8] = &[0xFF, 0xD8, 0xFF, 1];
        let b: &[u8] = &[2, 3];
        let c: &[u8] = &[0xFF, 0xD8, 0xFF, 4];
        assert_eq!(frame(&[&[], a, b], 0, 1).unwrap(), [a, b].concat());
        assert_eq!(frame(&[&[], a, c], 1, 2).unwrap(), c);
        assert_eq!(frame(&[&[], a, b, c], 0, 2).unwrap(), [a, b].concat());
        assert_eq!(frame(&[&[], a, b, c], 1, 2).unwrap(), c);
        let table = [0_u32.to_le_bytes(), 12_u32.to_le_bytes()].concat();
        assert_eq!(frame(&[&table, a, b, c], 1, 2).unwrap(), [b, c].concat());
        assert!(frame(&[&[], b, b, b], 0, 2).is_err());
        assert!(frame(&[&[], a, c], 2, 2).is_err());
    }

    #[test]
    fn a_fragment_longer_than_the_file_is_refused_with_both_sizes() {
        let mut bytes = [item(&[]), item(&[1, 2, 3, 4])].concat();
        bytes.truncate(bytes.len() - 2);
        let of_one = |bytes: Vec<u8>| {
            frame_bytes(&mut ByteSource::from_memory(bytes), Path::new(""), 0, 0, 1)
        };
        let error = of_one(bytes).unwrap_err();
        assert!(matches!(
            error,
            Problem::Truncated {
                holds: 18,
                needs: 20
            }
        ));
        assert!(of_one(vec![1; 9]).is_err());
    }

    #[test]
    fn few_files_are_remembered_and_changed_ones_are_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let frame = |name: &str, number: usize| {
            let path = dir.path().join(name);
            let mut source = ByteSource::open(&path).unwrap();
            frame_bytes(&mut source, &path, 0, number, 2).unwrap()
        };
        let write = |name: &str, items: &[&[u8]]| {
            let bytes: Vec<u8> = items.iter().flat_map(|bytes| item(bytes)).collect();
            std::fs::write(dir.path().join(name), bytes).unwrap();
        };
        for file in 0..2 * REMEMBERED_FILES {
            let name = file.to_string();
            write(&name, &[&[], &[1, file as u8], &[2, 3]]);
            assert_eq!(frame(&name, 0), [1, file as u8]);
            assert_eq!(frame(&name, 1), [2, 3]);
        }
        assert!(REMEMBERED.lock().unwrap().len() <= REMEMBERED_FILES);
        write("0", &[&[], &[7, 8, 9, 10], &[5, 6]]);
        assert_eq!(frame("0", 1), [5, 6]);
        write("7", &[&[], &[7, 8, 9, 10], &[5, 6]]);
        assert_eq!(frame("7", 1), [5, 6]);
    }
}
