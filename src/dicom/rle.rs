//! RLE Lossless (PS3.5 annex G): one run-length coded segment for each byte of each sample.

/// Whether a stream is as regular as it should be: as many segments as the header needs, in order,
/// each holding the pixels and hardly more. Only looks at the control bytes.
pub(crate) fn is_regular(stream: &[u8], pixels: usize, segments: usize) -> bool {
    let Some((count, offsets)) = header(stream) else {
        return false;
    };
    let ends = offsets.iter().take(count).skip(1).copied();
    let ranges = offsets.iter().zip(ends.chain([stream.len()]));
    count == segments
        && count <= offsets.len()
        && ranges
            .take(count)
            .all(|(&start, end)| stream.get(start..end).is_some_and(|s| fills(s, pixels)))
}

/// Whether the operations of a segment are complete and make at least `pixels` bytes, and at most
/// those of one operation more.
fn fills(mut packed: &[u8], pixels: usize) -> bool {
    let mut made = 0;
    while let Some((&control, rest)) = packed.split_first() {
        let control = control as i8;
        let (operands, bytes) = match control {
            0.. => (control as usize + 1, control as usize + 1),
            i8::MIN => (0, 0),
            _ => (1, usize::from(control.unsigned_abs()) + 1),
        };
        // A byte that makes the length even looks like a literal without its operand.
        let padding = rest.is_empty() && control == 0;
        match rest.get(operands..) {
            _ if padding => packed = rest,
            Some(after) if made < pixels || bytes == 0 => {
                made += bytes;
                packed = after;
            }
            _ => return false,
        }
    }
    made >= pixels
}

/// Number of segments and their fifteen offsets.
fn header(stream: &[u8]) -> Option<(usize, [usize; 15])> {
    let (words, _) = stream.get(..64)?.as_chunks::<4>();
    let (count, offsets) = words.split_first()?;
    let offsets = offsets.first_chunk::<15>()?;
    let number = |word: &[u8; 4]| u32::from_le_bytes(*word) as usize;
    Some((number(count), offsets.each_ref().map(number)))
}

/// Decodes one frame to samples of `bytes_per_sample`, little endian, colours by pixel.
///
/// `None` where the stream does not hold all pixels or its segments are not as many as the header
/// needs.
pub(crate) fn decode(
    stream: &[u8],
    pixels: usize,
    samples_per_pixel: usize,
    bytes_per_sample: usize,
) -> Option<Vec<u8>> {
    let (count, offsets) = header(stream)?;
    let segments = samples_per_pixel * bytes_per_sample;
    if count != segments {
        return None;
    }
    let offset = |index: usize| offsets.get(index).copied();
    let stride = segments;
    let mut out = vec![0; pixels.checked_mul(stride)?];
    for segment in 0..segments {
        let start = offset(segment)?;
        let end = if segment + 1 < segments {
            offset(segment + 1)?
        } else {
            stream.len()
        };
        // Segments run from the most significant byte of the first sample.
        let sample = segment / bytes_per_sample;
        let byte = bytes_per_sample - 1 - segment % bytes_per_sample;
        let target = out
            .iter_mut()
            .skip(sample * bytes_per_sample + byte)
            .step_by(stride);
        unpack(stream.get(start..end)?, target)?;
    }
    Some(out)
}

/// `PackBits`: fills the target; `None` where the bytes end first.
fn unpack<'a>(mut packed: &[u8], mut target: impl Iterator<Item = &'a mut u8>) -> Option<()> {
    loop {
        let Some((&control, rest)) = packed.split_first() else {
            return target.next().is_none().then_some(());
        };
        let control = control as i8;
        if control >= 0 {
            let count = control as usize + 1;
            let literal = rest.get(..count.min(rest.len()))?;
            for &value in literal {
                let Some(place) = target.next() else {
                    return Some(());
                };
                *place = value;
            }
            packed = rest.get(count..).unwrap_or_default();
        } else if control != i8::MIN {
            let (&value, rest) = rest.split_first()?;
            for _ in 0..1 - i32::from(control) {
                let Some(place) = target.next() else {
                    return Some(());
                };
                *place = value;
            }
            packed = rest;
        } else {
            packed = rest;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(segments: &[&[u8]]) -> Vec<u8> {
        let mut header = vec![segments.len() as u32];
        let mut at = 64;
        for segment in segments {
            header.push(at);
            at += segment.len() as u32;
        }
        header.resize(16, 0);
        let mut bytes: Vec<u8> = header.iter().flat_map(|v| v.to_le_bytes()).collect();
        bytes.extend(segments.iter().copied().flatten());
        bytes
    }

    #[test]
    fn runs_literals_and_byte_planes_are_put_together() {
        // Two 16-bit pixels 0x0102, 0x0103: high bytes as a run, low bytes as a literal.
        let bytes = stream(&[&[0xFF, 1], &[1, 2, 3]]);
        assert_eq!(decode(&bytes, 2, 1, 2).unwrap(), [2, 1, 3, 1]);
        // RGB: three planes; 0x80 is no operation.
        let bytes = stream(&[&[0x80, 0xFF, 7], &[1, 8, 9], &[0xFF, 5]]);
        assert_eq!(decode(&bytes, 2, 3, 1).unwrap(), [7, 8, 5, 7, 9, 5]);
    }

    #[test]
    fn lies_about_segments_and_missing_pixels_are_refused() {
        assert!(decode(&stream(&[&[0xFF, 1]]), 2, 1, 2).is_none(), "count");
        assert!(decode(&stream(&[&[0xFF, 1]]), 3, 1, 1).is_none(), "short");
        assert!(decode(&stream(&[&[0xFF]]), 2, 1, 1).is_none(), "cut run");
        assert!(decode(&[1, 0, 0, 0], 1, 1, 1).is_none(), "cut header");
        let mut lie = stream(&[&[0xFF, 1]]);
        lie[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(decode(&lie, 2, 1, 1).is_none(), "offset");
        assert!(!is_regular(&lie, 2, 1), "offset");
    }

    #[test]
    fn only_streams_without_surprises_are_regular() {
        let of = |segments: &[&[u8]], pixels| is_regular(&stream(segments), pixels, segments.len());
        assert!(of(&[&[0xFF, 1], &[1, 2, 3]], 2));
        assert!(of(&[&[0xFF, 1, 0x80], &[1, 2, 3, 0]], 2), "padding");
        assert!(of(&[&[0xFE, 1]], 2), "a run too long");
        assert!(!of(&[&[0xFF, 1]], 3), "short");
        assert!(!of(&[&[0xFF, 1, 0xFF]], 2), "a run without its value");
        assert!(!of(&[&[0xFF, 1, 0xFF, 1]], 2), "more than the pixels");
        assert!(!is_regular(&stream(&[&[0xFF, 1]]), 2, 2), "count");
        let run: &[u8] = &[0xFF, 1];
        let many = stream(&[run; 15]);
        assert!(is_regular(&many, 2, 15) && !is_regular(&many, 2, 16));
        assert!(!is_regular(&[1, 0, 0, 0], 1, 1), "cut header");
    }
}
