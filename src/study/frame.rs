//! Stored samples of one frame and how they are written in the file.

/// How samples are stored (PS3.3 C.7.6.3, PS3.5 8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PixelFormat {
    /// Bits Allocated (0028,0100).
    pub bits_allocated: u16,
    /// Bits Stored (0028,0101).
    pub bits_stored: u16,
    /// High Bit (0028,0102).
    pub high_bit: u16,
    /// Pixel Representation (0028,0103) is 1.
    pub signed: bool,
    /// Samples per Pixel (0028,0002).
    pub samples_per_pixel: u16,
    /// Planar Configuration (0028,0006).
    pub planar_configuration: u16,
    /// Photometric Interpretation (0028,0004).
    pub photometric: Photometric,
    /// Which of the pixel data elements holds the samples.
    pub kind: SampleKind,
}

impl PixelFormat {
    /// Least and greatest stored value the header allows; `None` for floating point.
    pub fn stored_range(&self) -> Option<(i64, i64)> {
        let bits = u32::from(self.bits_stored.clamp(1, 32));
        match (self.kind, self.signed) {
            (SampleKind::Integer, true) => {
                Some((-(1_i64 << (bits - 1)), (1_i64 << (bits - 1)) - 1))
            }
            (SampleKind::Integer, false) => Some((0, (1_i64 << bits) - 1)),
            _ => None,
        }
    }
}

/// Integer, float or double samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleKind {
    /// Pixel Data (7FE0,0010).
    Integer,
    /// Float Pixel Data (7FE0,0008).
    Float,
    /// Double Float Pixel Data (7FE0,0009).
    Double,
}

/// Photometric Interpretation (0028,0004).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Photometric {
    /// Least value is white.
    Monochrome1,
    /// Least value is black.
    Monochrome2,
    /// Indices into the palette of the header.
    PaletteColor,
    /// Red, green, blue.
    Rgb,
    /// Luma and chroma, any of the YBR family, with its own name.
    Ybr(String),
    /// Anything else, with its name.
    Other(String),
}

impl Photometric {
    /// From the header's word.
    pub fn from_code(code: &str) -> Self {
        match code.trim_matches(|c: char| c.is_whitespace() || c == '\0') {
            "MONOCHROME1" => Self::Monochrome1,
            "MONOCHROME2" => Self::Monochrome2,
            "PALETTE COLOR" => Self::PaletteColor,
            "RGB" => Self::Rgb,
            ybr if ybr.starts_with("YBR") => Self::Ybr(ybr.to_owned()),
            other => Self::Other(other.to_owned()),
        }
    }

    /// One grey sample a pixel.
    pub fn is_grey(&self) -> bool {
        matches!(self, Self::Monochrome1 | Self::Monochrome2)
    }
}

/// Samples of one frame, row by row, as stored (masked and sign-extended), or ready RGB.
#[derive(Debug, Clone, PartialEq)]
pub enum Samples {
    /// 1 or 8 bit unsigned.
    U8(Vec<u8>),
    /// 8 bit signed.
    I8(Vec<i8>),
    /// Up to 16 bit unsigned.
    U16(Vec<u16>),
    /// Up to 16 bit signed.
    I16(Vec<i16>),
    /// Up to 32 bit unsigned.
    U32(Vec<u32>),
    /// Up to 32 bit signed.
    I32(Vec<i32>),
    /// Float pixel data.
    F32(Vec<f32>),
    /// Double float pixel data.
    F64(Vec<f64>),
    /// Colour as displayed, 8 bit a channel.
    Rgb8(Vec<[u8; 3]>),
}

impl Samples {
    /// Pixels in it.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(v) => v.len(),
            Self::I8(v) => v.len(),
            Self::U16(v) => v.len(),
            Self::I16(v) => v.len(),
            Self::U32(v) => v.len(),
            Self::I32(v) => v.len(),
            Self::F32(v) => v.len(),
            Self::F64(v) => v.len(),
            Self::Rgb8(v) => v.len(),
        }
    }

    /// Memory of the samples.
    pub fn bytes(&self) -> usize {
        let sample = match self {
            Self::U8(_) | Self::I8(_) => 1,
            Self::U16(_) | Self::I16(_) => 2,
            Self::Rgb8(_) => 3,
            Self::U32(_) | Self::I32(_) | Self::F32(_) => 4,
            Self::F64(_) => 8,
        };
        sample * self.len()
    }

    /// No pixel at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Stored value of pixel `index`; `None` outside the frame and for colour.
    pub fn value(&self, index: usize) -> Option<f64> {
        match self {
            Self::U8(v) => v.get(index).map(|&s| f64::from(s)),
            Self::I8(v) => v.get(index).map(|&s| f64::from(s)),
            Self::U16(v) => v.get(index).map(|&s| f64::from(s)),
            Self::I16(v) => v.get(index).map(|&s| f64::from(s)),
            Self::U32(v) => v.get(index).map(|&s| f64::from(s)),
            Self::I32(v) => v.get(index).map(|&s| f64::from(s)),
            Self::F32(v) => v.get(index).map(|&s| f64::from(s)),
            Self::F64(v) => v.get(index).copied(),
            Self::Rgb8(_) => None,
        }
    }
}

/// One decoded frame.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// `rows × columns` samples.
    pub samples: Samples,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(bits_stored: u16, signed: bool) -> PixelFormat {
        PixelFormat {
            bits_allocated: 16,
            bits_stored,
            high_bit: bits_stored - 1,
            signed,
            samples_per_pixel: 1,
            planar_configuration: 0,
            photometric: Photometric::Monochrome2,
            kind: SampleKind::Integer,
        }
    }

    #[test]
    fn stored_ranges_follow_bits_and_sign() {
        assert_eq!(format(12, false).stored_range(), Some((0, 4095)));
        assert_eq!(format(12, true).stored_range(), Some((-2048, 2047)));
        assert_eq!(format(16, true).stored_range(), Some((-32768, 32767)));
        let float = PixelFormat {
            kind: SampleKind::Float,
            ..format(16, false)
        };
        assert_eq!(float.stored_range(), None);
    }

    #[test]
    fn photometric_words_are_recognised() {
        assert_eq!(
            Photometric::from_code("MONOCHROME1 "),
            Photometric::Monochrome1
        );
        assert!(Photometric::from_code("MONOCHROME2").is_grey());
        assert_eq!(
            Photometric::from_code("YBR_FULL_422"),
            Photometric::Ybr("YBR_FULL_422".to_owned())
        );
        assert!(!Photometric::from_code("HSV").is_grey());
    }

    #[test]
    fn values_are_read_within_the_frame_only() {
        let samples = Samples::I16(vec![-5, 7]);
        assert_eq!((samples.len(), samples.is_empty()), (2, false));
        assert_eq!(samples.bytes(), 4);
        assert_eq!(samples.value(0), Some(-5.0));
        assert_eq!(samples.value(2), None);
        assert_eq!(Samples::Rgb8(vec![[1, 2, 3]]).value(0), None);
    }
}
