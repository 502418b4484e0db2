//! Uncompressed bytes → stored values (PS3.5 8.1).

use super::Problem;
use super::source::ByteSource;
use crate::study::{Instance, PixelFormat, SampleKind, Samples};

/// 16-bit grey, the usual case, read into its final memory without another copy; `None` for
/// everything else. The caller has checked that the file holds the frame.
pub(crate) fn read_directly(
    source: &mut ByteSource,
    at: u64,
    instance: &Instance,
    big_endian: bool,
) -> Result<Option<Samples>, Problem> {
    let format = &instance.pixel_format;
    let grey = format.samples_per_pixel == 1 && format.photometric.is_grey();
    if !grey || format.bits_allocated != 16 || format.kind != SampleKind::Integer {
        return Ok(None);
    }
    let pixels = instance.rows * instance.columns;
    let in_order = |value: u16| {
        if big_endian {
            u16::from_be(value)
        } else {
            u16::from_le(value)
        }
    };
    if format.signed {
        let mut values = vec![0_i16; pixels];
        source.read_into(at, bytemuck::cast_slice_mut(&mut values))?;
        if big_endian || cfg!(target_endian = "big") {
            for value in &mut values {
                *value = in_order(*value as u16) as i16;
            }
        }
        sign_extend(&mut values, format);
        Ok(Some(Samples::I16(values)))
    } else {
        let mut values = vec![0_u16; pixels];
        source.read_into(at, bytemuck::cast_slice_mut(&mut values))?;
        if big_endian || cfg!(target_endian = "big") {
            for value in &mut values {
                *value = in_order(*value);
            }
        }
        mask(&mut values, format);
        Ok(Some(Samples::U16(values)))
    }
}

/// Keeps the Bits Stored below High Bit; what else a word holds (overlays) is not the image.
fn mask(values: &mut [u16], format: &PixelFormat) {
    if format.bits_stored == 16 {
        return;
    }
    let shift = format.high_bit + 1 - format.bits_stored;
    let mask = (1_u16 << format.bits_stored) - 1;
    for value in values {
        *value = *value >> shift & mask;
    }
}

/// The same with the sign of the highest stored bit.
fn sign_extend(values: &mut [i16], format: &PixelFormat) {
    if format.bits_stored == 16 {
        return;
    }
    let up = 15 - format.high_bit;
    let down = 16 - format.bits_stored;
    for value in values {
        *value = *value << up >> down;
    }
}

/// Swaps bytes within words of `word` bytes.
pub(crate) fn swap_bytes(bytes: &mut [u8], word: usize) {
    if word > 1 {
        for word in bytes.chunks_exact_mut(word) {
            word.reverse();
        }
    }
}

/// Little endian bytes of a frame that begins at bit `first_bit` of them → stored values, colours
/// by pixel.
pub(crate) fn unpack(bytes: &[u8], first_bit: usize, instance: &Instance) -> Samples {
    let format = &instance.pixel_format;
    let pixels = instance.rows * instance.columns;
    let count = pixels * usize::from(format.samples_per_pixel);
    let samples = match format.bits_allocated {
        1 => Samples::U8(unpack_bits(bytes, first_bit, count)),
        8 | 16 | 32 | 64 => {
            let length = count * usize::from(format.bits_allocated / 8);
            let bytes = bytes.get(first_bit / 8..).unwrap_or_default();
            values(bytes.get(..length).unwrap_or(bytes), format)
        }
        allocated => values(&unpack_cells(bytes, first_bit, count, allocated), format),
    };
    if format.samples_per_pixel == 3 && format.planar_configuration == 1 {
        interleaved(samples, pixels)
    } else {
        samples
    }
}

/// Cells of any number of bits, one after the other from the lowest bit on (PS3.5 8.1.1, and
/// annex D of editions before 2008 for cells that are no whole bytes) → 8, 16 or 32 bits each.
fn unpack_cells(bytes: &[u8], first_bit: usize, count: usize, allocated: u16) -> Vec<u8> {
    let allocated = usize::from(allocated);
    let width = match allocated {
        0..=8 => 1,
        9..=16 => 2,
        _ => 4,
    };
    let cell = |index: usize| {
        let bit = first_bit + index * allocated;
        let window = bytes.iter().skip(bit / 8).take(8);
        let bits = window
            .rev()
            .fold(0_u64, |sum, &byte| sum << 8 | u64::from(byte));
        (bits >> (bit % 8) & ((1 << allocated) - 1)) as u32
    };
    (0..count)
        .flat_map(|index| cell(index).to_le_bytes().into_iter().take(width))
        .collect()
}

/// The same for what codecs return: colours by pixel, whatever Planar Configuration says of the
/// compressed file; `bits` count, up to `high_bit`.
pub(crate) fn unpack_decoded(
    bytes: &[u8],
    (bits, high_bit): (u16, u16),
    instance: &Instance,
) -> Samples {
    let format = &instance.pixel_format;
    if format.bits_allocated == 1 {
        return Samples::U8(bytes.to_vec());
    }
    values(
        bytes,
        &PixelFormat {
            bits_stored: bits,
            high_bit,
            ..format.clone()
        },
    )
}

/// The same for samples that are words already: no copy.
pub(crate) fn unpack_words(
    words: Vec<u16>,
    (bits, high_bit): (u16, u16),
    instance: &Instance,
) -> Samples {
    let format = PixelFormat {
        bits_stored: bits,
        high_bit,
        ..instance.pixel_format.clone()
    };
    if format.signed {
        let mut values: Vec<i16> = bytemuck::cast_vec(words);
        sign_extend(&mut values, &format);
        Samples::I16(values)
    } else {
        let mut values = words;
        mask(&mut values, &format);
        Samples::U16(values)
    }
}

/// One bit a pixel, the first in the lowest bit.
pub(crate) fn unpack_bits(bytes: &[u8], first_bit: usize, pixels: usize) -> Vec<u8> {
    (first_bit..first_bit + pixels)
        .map(|bit| bytes.get(bit / 8).map_or(0, |byte| byte >> (bit % 8) & 1))
        .collect()
}

fn values(bytes: &[u8], format: &PixelFormat) -> Samples {
    let up = |bits: u16| u32::from(bits - 1 - format.high_bit);
    let down = |bits: u16| u32::from(bits - format.bits_stored);
    match (format.kind, format.bits_allocated, format.signed) {
        (SampleKind::Float, ..) => Samples::F32(words(bytes, f32::from_le_bytes)),
        (SampleKind::Double, ..) => Samples::F64(words(bytes, f64::from_le_bytes)),
        (SampleKind::Integer, 0..=8, false) => {
            let (up, down) = (up(8), down(8));
            Samples::U8(bytes.iter().map(|v| v << up >> down).collect())
        }
        (SampleKind::Integer, 0..=8, true) => {
            let (up, down) = (up(8), down(8));
            Samples::I8(bytes.iter().map(|&v| (v as i8) << up >> down).collect())
        }
        (SampleKind::Integer, 9..=16, false) => {
            let mut values = words(bytes, u16::from_le_bytes);
            mask(&mut values, format);
            Samples::U16(values)
        }
        (SampleKind::Integer, 9..=16, true) => {
            let mut values = words(bytes, i16::from_le_bytes);
            sign_extend(&mut values, format);
            Samples::I16(values)
        }
        (SampleKind::Integer, _, false) => {
            let (up, down) = (up(32), down(32));
            Samples::U32(words(bytes, |v| u32::from_le_bytes(v) << up >> down))
        }
        (SampleKind::Integer, _, true) => {
            let (up, down) = (up(32), down(32));
            Samples::I32(words(bytes, |v| i32::from_le_bytes(v) << up >> down))
        }
    }
}

fn words<const N: usize, T>(bytes: &[u8], read: impl Fn([u8; N]) -> T) -> Vec<T> {
    let (words, _) = bytes.as_chunks::<N>();
    words.iter().map(|word| read(*word)).collect()
}

/// Planes RRR…GGG…BBB → pixels RGBRGB…
fn interleaved(samples: Samples, pixels: usize) -> Samples {
    fn of<T: Copy>(planes: &[T], pixels: usize) -> Vec<T> {
        let plane = |index: usize| planes.iter().skip(index * pixels).take(pixels);
        plane(0)
            .zip(plane(1))
            .zip(plane(2))
            .flat_map(|((&r, &g), &b)| [r, g, b])
            .collect()
    }
    match samples {
        Samples::U8(v) => Samples::U8(of(&v, pixels)),
        Samples::U16(v) => Samples::U16(of(&v, pixels)),
        Samples::I8(v) => Samples::I8(of(&v, pixels)),
        Samples::I16(v) => Samples::I16(of(&v, pixels)),
        Samples::U32(v) => Samples::U32(of(&v, pixels)),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::Photometric;

    fn format(allocated: u16, stored: u16, high_bit: u16, signed: bool) -> PixelFormat {
        PixelFormat {
            bits_allocated: allocated,
            bits_stored: stored,
            high_bit,
            signed,
            samples_per_pixel: 1,
            planar_configuration: 0,
            photometric: Photometric::Monochrome2,
            kind: SampleKind::Integer,
        }
    }

    #[test]
    fn bits_beside_the_stored_ones_are_masked_and_the_sign_is_extended() {
        // 0xF801 in 12 bits: -2047 signed, 2049 unsigned; overlay bits above are dropped.
        let bytes = [0x01, 0xF8];
        assert_eq!(
            values(&bytes, &format(16, 12, 11, true)),
            Samples::I16(vec![-2047])
        );
        assert_eq!(
            values(&bytes, &format(16, 12, 11, false)),
            Samples::U16(vec![2049])
        );
        // The same value written into the upper 12 bits.
        assert_eq!(
            values(&[0x1A, 0x80], &format(16, 12, 15, true)),
            Samples::I16(vec![-2047])
        );
        assert_eq!(
            values(&[0x1A, 0x80], &format(16, 12, 15, false)),
            Samples::U16(vec![2049])
        );
        assert_eq!(
            values(&[0x83], &format(8, 4, 3, true)),
            Samples::I8(vec![3])
        );
        assert_eq!(
            values(&[0x88], &format(8, 4, 3, true)),
            Samples::I8(vec![-8])
        );
        assert_eq!(
            values(&[0xFF, 0xFF, 0xFF, 0x80], &format(32, 31, 30, true)),
            Samples::I32(vec![0x00FF_FFFF])
        );
        assert_eq!(
            values(&[0, 0, 0, 0x80], &format(32, 32, 31, false)),
            Samples::U32(vec![1 << 31])
        );
    }

    #[test]
    fn single_bits_begin_in_the_lowest_and_anywhere() {
        assert_eq!(
            unpack_bits(&[0b1000_0001, 0b10], 0, 10),
            [1, 0, 0, 0, 0, 0, 0, 1, 0, 1]
        );
        assert_eq!(unpack_bits(&[0b1000_0000, 0b1], 7, 2), [1, 1]);
    }

    #[test]
    fn cells_of_twelve_bits_follow_one_another() {
        // Two cells in three bytes: 0xABC, 0x123.
        let packed = [0xBC, 0x3A, 0x12];
        assert_eq!(unpack_cells(&packed, 0, 2, 12), [0xBC, 0x0A, 0x23, 0x01]);
        assert_eq!(unpack_cells(&packed, 12, 1, 12), [0x23, 0x01]);
        assert_eq!(unpack_cells(&[1, 2, 3, 4, 5, 6], 24, 1, 24), [4, 5, 6, 0]);
        assert_eq!(unpack_cells(&[0b1110_0100], 0, 4, 2), [0, 1, 2, 3]);
    }

    #[test]
    fn words_swap_and_planes_interleave() {
        let mut bytes = [1, 2, 3, 4];
        swap_bytes(&mut bytes, 2);
        assert_eq!(bytes, [2, 1, 4, 3]);
        assert_eq!(
            interleaved(Samples::U8(vec![1, 2, 3, 4, 5, 6]), 2),
            Samples::U8(vec![1, 3, 5, 2, 4, 6])
        );
    }
}
