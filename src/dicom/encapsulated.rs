//! Fragments of encapsulated pixel data → the compressed bytes of one frame (PS3.5 A.4).

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use dicom_dictionary_std::tags;

use super::Problem;
use super::elements::Elements;
use super::source::ByteSource;
use crate::budget::MEMORY;

/// Most fragments of a file that are remembered, and of how many files.
const REMEMBERED_FRAGMENTS: usize = 1 << 16;
const REMEMBERED_FILES: usize = 4;

/// More pieces than any run of images has.
const MOST_FRAGMENTS: usize = 1 << 20;

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
///
/// `header` reads the elements before the pixel data; it is asked only where the fragments do not
/// say by themselves which frames they are.
pub(crate) fn frame_bytes(
    source: &mut ByteSource,
    path: &Path,
    at: u64,
    (frame, frames): (usize, usize),
    header: impl FnOnce() -> Result<Elements, Problem>,
) -> Result<Vec<u8>, Problem> {
    let map = frame_map(source, path, at, frames, header)?;
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
    header: impl FnOnce() -> Result<Elements, Problem>,
) -> Result<Arc<FrameMap>, Problem> {
    let new = |source: &mut ByteSource| {
        let (mut offsets, fragments) = fragments(source, at)?;
        // One fragment a frame needs no table; the basic one counts before the extended one,
        // which a file must not have beside it (PS3.5 A.4).
        if offsets.is_empty() && frames > 1 && fragments.len() != frames {
            offsets = extended_offsets(&header()?);
        }
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
    let mut booked = MEMORY.reserve(0, "the list of fragments")?;
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
        if all.len() == MOST_FRAGMENTS {
            return Err(Problem::Damaged(format!(
                "its compressed pixel data is cut into more than {MOST_FRAGMENTS} pieces; \
                 export the series again"
            )));
        }
        if all.len().is_multiple_of(4096) {
            // Twice, because a growing list holds its old memory while it moves.
            booked.grow(2 * 4096 * size_of::<Fragment>() as u64)?;
        }
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

/// Extended Offset Table (7FE0,0001), 64-bit (PS3.3 C.7.6.3.1.8); empty where absent.
fn extended_offsets(header: &Elements) -> Vec<u64> {
    let bytes = header.bytes(tags::EXTENDED_OFFSET_TABLE);
    let (entries, _) = bytes.unwrap_or_default().as_chunks::<8>();
    entries.iter().copied().map(u64::from_le_bytes).collect()
}

/// Which fragments frames begin with: one each; the marks that a compressed frame begins with; an
/// offset table.
///
/// A table is not trusted further than it fits: each entry must be the start of a fragment, in
/// order, the first of them the first. Where the marks make the right number of frames they go
/// before the table, which then at best says the same.
fn starts_of_frames(
    source: &mut ByteSource,
    offsets: &[u64],
    fragments: &[Fragment],
    frames: usize,
) -> Result<Vec<usize>, Problem> {
    if fragments.len() == frames {
        return Ok((0..frames).collect());
    }
    let by_table = starts_by_table(offsets, fragments)?;
    if frames == 1 {
        // A table of several frames says where the only one that is asked for ends.
        let more = by_table.filter(|starts| starts.len() > 1);
        return Ok(more.unwrap_or_else(|| vec![0]));
    }
    if fragments.len() < frames {
        // Fewer than there should be: those that are there can be shown, one fragment each.
        return Ok((0..fragments.len()).collect());
    }
    let mut by_marks = Vec::new();
    for (index, fragment) in fragments.iter().enumerate() {
        if begins_a_frame(source, *fragment) {
            by_marks.push(index);
        }
    }
    let right = |starts: &Vec<usize>| starts.first() == Some(&0) && starts.len() >= frames;
    let exact = |starts: &Vec<usize>| right(starts) && starts.len() == frames;
    if exact(&by_marks) {
        return Ok(by_marks);
    }
    // A table or marks of more frames than the header counts still tell the counted ones apart.
    by_table
        .filter(right)
        .or(Some(by_marks).filter(right))
        .ok_or_else(|| {
            Problem::Damaged(format!(
                "its {} fragments cannot be told apart into {frames} frames; \
                 export the series uncompressed",
                fragments.len()
            ))
        })
}

/// First fragments by a table of offsets from the first fragment's item; `None` where there is no
/// table or one that does not fit.
fn starts_by_table(offsets: &[u64], fragments: &[Fragment]) -> Result<Option<Vec<usize>>, Problem> {
    let first_offset = fragments.first().ok_or_else(cut)?.offset - 8;
    let index_of = |offset: &u64| {
        fragments
            .binary_search_by_key(offset, |fragment| fragment.offset - 8 - first_offset)
            .ok()
    };
    let starts: Option<Vec<usize>> = offsets.iter().map(index_of).collect();
    Ok(starts.filter(|starts| {
        starts.first() == Some(&0) && starts.is_sorted_by(|before, after| before < after)
    }))
}

/// Start of a JPEG, JPEG 2000, JPEG XL or RLE stream.
fn begins_a_frame(source: &mut ByteSource, fragment: Fragment) -> bool {
    let Ok(head) = source.bytes(fragment.offset, fragment.length.min(64) as usize) else {
        return false;
    };
    match head {
        [0xFF, 0xD8, 0xFF, ..]
        | [0xFF, 0x4F, 0xFF, 0x51, ..]
        | [0, 0, 0, 12, ..]
        | [0xFF, 0x0A, _, _, ..] => true,
        // Number of segments, and the first of them after the header of 64 bytes (annex G).
        [1..=15, 0, 0, 0, 64, 0, 0, 0, ..] => head.len() == 64,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::elements::{Element, Value};
    use super::*;

    fn item(bytes: &[u8]) -> Vec<u8> {
        let mut all = vec![0xFE, 0xFF, 0x00, 0xE0];
        all.extend((bytes.len() as u32).to_le_bytes());
        all.extend(bytes);
        all
    }

    fn frame(items: &[&[u8]], frame: usize, frames: usize) -> Result<Vec<u8>, Problem> {
        frame_with(items, &[], frame, frames)
    }

    fn frame_with(
        items: &[&[u8]],
        extended: &[u64],
        frame: usize,
        frames: usize,
    ) -> Result<Vec<u8>, Problem> {
        let table = extended.iter().flat_map(|offset| offset.to_le_bytes());
        let header = Elements {
            list: vec![Element {
                tag: tags::EXTENDED_OFFSET_TABLE,
                vr: Some(*b"OV"),
                value: Value::Bytes(table.collect()),
            }],
            big_endian: false,
        };
        let mut bytes: Vec<u8> = items.iter().flat_map(|bytes| item(bytes)).collect();
        bytes.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        let mut source = ByteSource::from_memory(bytes);
        frame_bytes(&mut source, Path::new(""), 0, (frame, frames), || {
            Ok(header)
        })
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
        assert!(frame(&[&[], b, b, b], 0, 2).is_err());
        assert!(frame(&[&[], a, c], 2, 2).is_err());
    }

    #[test]
    fn offset_tables_are_used_where_they_fit_and_only_there() {
        let table = |offsets: &[u32]| -> Vec<u8> {
            offsets
                .iter()
                .flat_map(|offset| offset.to_le_bytes())
                .collect()
        };
        // Streams without marks: only a table can tell them apart.
        let (x, y, z): (&[u8], &[u8], &[u8]) = (&[1, 1], &[2, 2], &[3, 3]);
        let second = |table: &[u8]| frame(&[table, x, y, z], 1, 2);
        assert_eq!(second(&table(&[0, 10])).unwrap(), [y, z].concat());
        assert_eq!(second(&table(&[0, 20])).unwrap(), z);
        for lie in [&[0, 11][..], &[10, 20], &[0, 0], &[20, 0], &[0]] {
            assert!(second(&table(lie)).is_err(), "{lie:?}");
        }
        let extended = |offsets: &[u64]| frame_with(&[&[], x, y, z], offsets, 1, 2);
        assert_eq!(extended(&[0, 10]).unwrap(), [y, z].concat());
        assert!(extended(&[0, 11]).is_err());
        // Marks know better than a table that points at other fragments.
        let a: &[u8] = &[0xFF, 0xD8, 0xFF, 1];
        let lying = table(&[0, 12]);
        assert_eq!(frame(&[&lying, a, y, a], 1, 2).unwrap(), a);
    }

    #[test]
    fn a_number_of_frames_that_is_wrong_leaves_those_that_are_there() {
        let (x, y): (&[u8], &[u8]) = (&[1, 1], &[2, 2]);
        assert_eq!(frame(&[&[], x, y], 1, 5).unwrap(), y);
        assert!(frame(&[&[], x, y], 2, 5).is_err());
        // One frame by the header, two by the table.
        let table = [0_u32.to_le_bytes(), 10_u32.to_le_bytes()].concat();
        assert_eq!(frame(&[&table, x, y], 0, 1).unwrap(), x);
        assert_eq!(frame(&[&[], x, y], 0, 1).unwrap(), [x, y].concat());
    }

    #[test]
    fn run_length_streams_are_known_by_their_header() {
        let mut head = vec![1, 0, 0, 0, 64, 0, 0, 0];
        head.resize(66, 0);
        let rest: &[u8] = &[9, 9];
        let second = frame(&[&[], &head, rest, &head, rest], 1, 2).unwrap();
        assert_eq!(second, [&head[..], rest].concat());
    }

    #[test]
    fn a_fragment_longer_than_the_file_is_refused_with_both_sizes() {
        let mut bytes = [item(&[]), item(&[1, 2, 3, 4])].concat();
        bytes.truncate(bytes.len() - 2);
        let of_one = |bytes: Vec<u8>| {
            let header = || Ok(Elements::default());
            let mut source = ByteSource::from_memory(bytes);
            frame_bytes(&mut source, Path::new(""), 0, (0, 1), header)
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
            let header = || Ok(Elements::default());
            frame_bytes(&mut source, &path, 0, (number, 2), header).unwrap()
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
