//! Colour samples → RGB with 8 bits a channel (PS3.3 C.7.6.3.1.2, C.7.6.3.1.5).

use crate::study::{Photometric, Samples};

/// Samples with 8 bits: those stored in more lose their lowest bits.
pub(crate) fn to_8_bit(samples: &Samples, bits_stored: u16) -> Vec<u8> {
    let shift = bits_stored.saturating_sub(8);
    match samples {
        Samples::U8(v) => v.clone(),
        Samples::I8(v) => v.iter().map(|&s| s as u8).collect(),
        Samples::U16(v) => v.iter().map(|&s| (s >> shift) as u8).collect(),
        Samples::I16(v) => v.iter().map(|&s| (s as u16 >> shift) as u8).collect(),
        Samples::U32(v) => v.iter().map(|&s| (s >> shift) as u8).collect(),
        _ => Vec::new(),
    }
}

/// Bytes by pixel → pixels.
pub(crate) fn triples(bytes: &[u8]) -> Vec<[u8; 3]> {
    bytes.as_chunks::<3>().0.to_vec()
}

/// Luma and chroma by pixel → RGB.
pub(crate) fn from_ybr(bytes: &[u8], photometric: &Photometric) -> Vec<[u8; 3]> {
    let partial = is_partial(photometric);
    let (pixels, _) = bytes.as_chunks::<3>();
    pixels.iter().map(|pixel| rgb_of(*pixel, partial)).collect()
}

/// Pairs of pixels with one chroma (Y1 Y2 Cb Cr) → RGB.
pub(crate) fn from_ybr_422(bytes: &[u8], photometric: &Photometric) -> Vec<[u8; 3]> {
    let partial = is_partial(photometric);
    let (pairs, _) = bytes.as_chunks::<4>();
    pairs
        .iter()
        .flat_map(|&[y1, y2, cb, cr]| {
            [rgb_of([y1, cb, cr], partial), rgb_of([y2, cb, cr], partial)]
        })
        .collect()
}

fn is_partial(photometric: &Photometric) -> bool {
    matches!(photometric, Photometric::Ybr(name) if name.starts_with("YBR_PARTIAL"))
}

fn rgb_of([y, cb, cr]: [u8; 3], partial: bool) -> [u8; 3] {
    let [y, cb, cr] = [f32::from(y), f32::from(cb) - 128.0, f32::from(cr) - 128.0];
    let rgb = if partial {
        let y = 1.1644 * (y - 16.0);
        [
            y + 1.5960 * cr,
            y - 0.3917 * cb - 0.8130 * cr,
            y + 2.0173 * cb,
        ]
    } else {
        [
            y + 1.402 * cr,
            y - 0.344_136 * cb - 0.714_136 * cr,
            y + 1.772 * cb,
        ]
    };
    rgb.map(|v| v.round().clamp(0.0, 255.0) as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn luma_and_chroma_become_the_colours_of_the_standard() {
        let full = Photometric::Ybr("YBR_FULL".to_owned());
        assert_eq!(from_ybr(&[128, 128, 128], &full), [[128; 3]]);
        assert_eq!(from_ybr(&[76, 85, 255], &full), [[254, 0, 0]]);
        assert_eq!(from_ybr_422(&[10, 20, 128, 128], &full), [[10; 3], [20; 3]]);
        let partial = Photometric::Ybr("YBR_PARTIAL_422".to_owned());
        assert_eq!(
            from_ybr_422(&[16, 235, 128, 128], &partial),
            [[0; 3], [255; 3]]
        );
    }

    #[test]
    fn deep_colours_keep_their_upper_bits() {
        assert_eq!(
            to_8_bit(&Samples::U16(vec![0x0FFF, 0x0800]), 12),
            [255, 128]
        );
    }
}
