//! What compressed streams say about themselves, read before a codec is let loose on them.

use super::codec::sample_bytes;
use crate::study::Instance;

/// Size, components and precision that a stream states about itself.
#[derive(Debug, PartialEq)]
pub(crate) struct StreamSize {
    pub rows: usize,
    pub columns: usize,
    pub components: usize,
    pub bits: usize,
}

impl StreamSize {
    /// Compares with the header of the image.
    pub fn check(&self, instance: &Instance) -> Result<(), String> {
        let samples = usize::from(instance.pixel_format.samples_per_pixel);
        if (self.rows, self.columns, self.components) != (instance.rows, instance.columns, samples)
        {
            return Err(format!(
                "the stream is {} × {} with {} components, the header says {} × {} with {samples}",
                self.columns, self.rows, self.components, instance.columns, instance.rows
            ));
        }
        if self.bits > 8 * sample_bytes(instance) {
            return Err(format!(
                "the stream has {} bits a sample, the header allocates {}",
                self.bits, instance.pixel_format.bits_allocated
            ));
        }
        Ok(())
    }
}

/// Last marker of a JPEG or JPEG 2000 stream.
pub(crate) const JPEG_END: [u8; 2] = [0xFF, 0xD9];

/// Whether a JPEG or JPEG 2000 stream is marked as complete; otherwise takes its padding away, so
/// that the end can be put where it belongs. Compressed samples cannot hold the mark by chance.
pub(crate) fn has_jpeg_end(stream: &mut Vec<u8>) -> bool {
    let marked = stream.windows(2).rev().any(|pair| pair == JPEG_END);
    while !marked && stream.pop_if(|byte| *byte == 0).is_some() {}
    marked
}

/// What the markers of a JPEG 2000 stream say.
#[derive(Debug, PartialEq)]
pub(crate) struct Jpeg2000Markers {
    pub size: StreamSize,
    /// The COD marker asks for a colour transform, which the decoder undoes.
    pub transformed: bool,
    /// A bare codestream whose components are as large as the image.
    pub plain: bool,
}

/// Reads the main header; `None` where there is none.
pub(crate) fn jpeg_2000_markers(stream: &[u8]) -> Option<Jpeg2000Markers> {
    // A raw codestream, or one inside JP2 boxes.
    let start = stream
        .windows(4)
        .position(|window| window == [0xFF, 0x4F, 0xFF, 0x51])?;
    let siz = stream.get(start + 4..)?;
    let word = |at: usize| -> Option<usize> {
        let bytes = siz.get(at..at + 4)?.first_chunk::<4>()?;
        Some(u32::from_be_bytes(*bytes) as usize)
    };
    let size = StreamSize {
        columns: word(4)?.checked_sub(word(12)?)?,
        rows: word(8)?.checked_sub(word(16)?)?,
        components: usize::from(u16::from_be_bytes(*siz.get(36..38)?.first_chunk()?)),
        bits: usize::from(siz.get(38)? & 0x7F) + 1,
    };
    let length = usize::from(u16::from_be_bytes(*siz.first_chunk()?));
    let (components, _) = siz.get(38..length).unwrap_or_default().as_chunks::<3>();
    let subsampled = components.iter().any(|[_, x, y]| (*x, *y) != (1, 1));
    let plain = start == 0 && !subsampled && components.len() == size.components;
    let mut rest = siz.get(length..)?;
    let mut transformed = false;
    while let [0xFF, marker, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes(*after.first_chunk()?));
        match marker {
            0x52 => {
                transformed = after.get(6).is_some_and(|&transform| transform == 1);
                break;
            }
            0x90 => break,
            _ => rest = after.get(length..)?,
        }
    }
    Some(Jpeg2000Markers {
        size,
        transformed,
        plain,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_goes_only_where_the_end_is_missing() {
        let mut whole = vec![1, 0xFF, 0xD9, 0];
        assert!(has_jpeg_end(&mut whole));
        assert_eq!(whole, [1, 0xFF, 0xD9, 0]);
        let mut open = vec![1, 0xFF, 0, 0];
        assert!(!has_jpeg_end(&mut open));
        assert_eq!(open, [1, 0xFF]);
    }
}
