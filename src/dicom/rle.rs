//! RLE Lossless (PS3.5 annex G): one run-length coded segment for each byte of each sample.

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
    let (header, _) = stream.get(..64)?.as_chunks::<4>();
    let (count, offsets) = header.split_first()?;
    let segments = samples_per_pixel * bytes_per_sample;
    if u32::from_le_bytes(*count) as usize != segments {
        return None;
    }
    let offset = |index: usize| offsets.get(index).map(|&o| u32::from_le_bytes(o) as usize);
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
    }
}
