//! Fragments of encapsulated pixel data → the compressed bytes of one frame (PS3.5 A.4).

use super::Problem;
use super::source::ByteSource;

/// One fragment: position and length of its bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Fragment {
    offset: u64,
    length: u64,
}

/// Compressed bytes of frame `frame` of `frames`, from pixel data whose value begins at `at`.
pub(crate) fn frame_bytes(
    source: &mut ByteSource,
    at: u64,
    frame: usize,
    frames: usize,
) -> Result<Vec<u8>, Problem> {
    let (offsets, fragments) = fragments(source, at)?;
    let of_frame = fragments_of_frame(source, &offsets, &fragments, frame, frames)?;
    let total: u64 = of_frame.iter().map(|fragment| fragment.length).sum();
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
                    "its compressed pixel data does not begin with an item".to_owned(),
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
    let bytes = source.bytes(table.offset, table.length as usize)?;
    let (entries, _) = bytes.as_chunks::<4>();
    let offsets = entries
        .iter()
        .map(|entry| u64::from(u32::from_le_bytes(*entry)))
        .collect();
    Ok((offsets, fragments.to_vec()))
}

/// Which fragments make up a frame: one each, all of the only frame, by the offset table, or by
/// the marks that a compressed frame begins with.
fn fragments_of_frame<'a>(
    source: &mut ByteSource,
    offsets: &[u64],
    fragments: &'a [Fragment],
    frame: usize,
    frames: usize,
) -> Result<&'a [Fragment], Problem> {
    if frames == 1 {
        return Ok(fragments);
    }
    if fragments.len() == frames {
        return fragments
            .get(frame..=frame)
            .ok_or(Problem::NoSuchFrame { frame, frames });
    }
    let first_offset = fragments.first().ok_or_else(cut)?.offset - 8;
    let starts: Vec<usize> = if offsets.len() == frames {
        let index_of = |offset: &u64| {
            fragments
                .iter()
                .position(|fragment| fragment.offset - 8 - first_offset == *offset)
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
    let Some(&start) = starts.get(frame).filter(|_| starts.len() == frames) else {
        return Err(Problem::Damaged(format!(
            "its {} fragments cannot be told apart into {frames} frames",
            fragments.len()
        )));
    };
    let end = starts.get(frame + 1).copied().unwrap_or(fragments.len());
    fragments
        .get(start..end)
        .filter(|fragments| !fragments.is_empty())
        .ok_or_else(cut)
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
        frame_bytes(&mut ByteSource::from_memory(bytes), 0, frame, frames)
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
        let error = frame_bytes(&mut ByteSource::from_memory(bytes), 0, 0, 1).unwrap_err();
        assert!(matches!(
            error,
            Problem::Truncated {
                holds: 18,
                needs: 20
            }
        ));
        assert!(frame_bytes(&mut ByteSource::from_memory(vec![1; 9]), 0, 0, 1).is_err());
    }
}
