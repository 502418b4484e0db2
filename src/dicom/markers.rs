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

/// What the markers of a JPEG stream say.
#[derive(Debug, PartialEq)]
pub(crate) struct JpegMarkers {
    pub size: StreamSize,
    pub lossless: bool,
    /// Color transform of the Adobe marker.
    pub adobe_transform: Option<u8>,
    pub jfif: bool,
}

/// Reads the markers up to the frame header; `None` where there is none.
pub(crate) fn jpeg_markers(stream: &[u8]) -> Option<JpegMarkers> {
    let (mut adobe_transform, mut jfif) = (None, false);
    let mut rest = stream.strip_prefix(&[0xFF, 0xD8])?;
    loop {
        let [0xFF, marker, after @ ..] = rest else {
            return None;
        };
        if matches!(marker, 0xFF) {
            rest = rest.get(1..)?;
            continue;
        }
        let (length, _) = after.split_first_chunk::<2>()?;
        let length = usize::from(u16::from_be_bytes(*length));
        let segment = after.get(2..length)?;
        match marker {
            0xC0..=0xC3 => {
                let [bits, r0, r1, c0, c1, components, ..] = *segment else {
                    return None;
                };
                return Some(JpegMarkers {
                    size: StreamSize {
                        rows: usize::from(u16::from_be_bytes([r0, r1])),
                        columns: usize::from(u16::from_be_bytes([c0, c1])),
                        components: usize::from(components),
                        bits: usize::from(bits),
                    },
                    lossless: *marker == 0xC3,
                    adobe_transform,
                    jfif,
                });
            }
            0xE0 => jfif |= segment.starts_with(b"JFIF\0"),
            0xEE if segment.starts_with(b"Adobe") => {
                adobe_transform = segment.get(11).copied();
            }
            0xD9 | 0xDA => return None,
            _ => {}
        }
        rest = after.get(length..)?;
    }
}

/// Size from the SIZ marker, and whether the COD marker asks for a colour transform.
pub(crate) fn jpeg_2000_markers(stream: &[u8]) -> Option<(StreamSize, bool)> {
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
    let mut rest = siz.get(length..)?;
    while let [0xFF, marker, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes(*after.first_chunk()?));
        match marker {
            0x52 => return Some((size, after.get(6).is_some_and(|&transform| transform == 1))),
            0x90 => break,
            _ => rest = after.get(length..)?,
        }
    }
    Some((size, false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jpeg_markers_are_read_and_cut_streams_are_not() {
        let mut stream = vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 7];
        stream.extend(b"JFIF\0");
        stream.extend([0xFF, 0xC3, 0, 11, 16, 2, 0, 1, 0, 1, 1, 0x11, 0]);
        let markers = jpeg_markers(&stream).unwrap();
        assert_eq!(
            markers,
            JpegMarkers {
                size: StreamSize {
                    rows: 512,
                    columns: 256,
                    components: 1,
                    bits: 16
                },
                lossless: true,
                adobe_transform: None,
                jfif: true
            }
        );
        for cut in 0..stream.len() - 6 {
            assert!(jpeg_markers(&stream[..cut]).is_none(), "{cut}");
        }
    }
}
