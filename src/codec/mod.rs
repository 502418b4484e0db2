//! Compressed image streams → samples. Knows nothing of DICOM: bytes and limits in, samples out.
//!
//! Streams are not trusted. Every decoder here is safe Rust, returns an error for anything it
//! cannot decode exactly, allocates nothing before the stream's own size is checked against
//! [`Limits`], and looks at the clock at least once a row of samples or of blocks.

pub mod jpeg;
pub mod jpeg_ls;

use std::time::Instant;

use thiserror::Error;

/// What a decoder may spend on one frame.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Most bytes of samples the frame may have when decoded, working memory not counted.
    pub bytes: usize,
    /// When to give up; `None` for never.
    pub deadline: Option<Instant>,
}

impl Limits {
    /// An error once the deadline has passed.
    pub fn check_time(&self) -> Result<(), CodecError> {
        match self.deadline {
            Some(deadline) if Instant::now() >= deadline => Err(CodecError::TooSlow),
            _ => Ok(()),
        }
    }

    /// Samples of a frame as a count, or an error where they would exceed the limit.
    pub fn check_size(
        &self,
        rows: usize,
        columns: usize,
        components: usize,
        sample_bytes: usize,
    ) -> Result<usize, CodecError> {
        let samples = rows
            .checked_mul(columns)
            .and_then(|pixels| pixels.checked_mul(components));
        samples
            .filter(|&count| {
                count
                    .checked_mul(sample_bytes)
                    .is_some_and(|b| b <= self.bytes)
            })
            .ok_or(CodecError::TooLarge { rows, columns })
    }
}

/// Samples of one frame, colours by pixel, row by row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plane {
    /// Precision up to 8 bits.
    U8(Vec<u8>),
    /// Precision of 9 to 16 bits.
    U16(Vec<u16>),
}

/// What a stream holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Samples of a pixel.
    pub components: usize,
    /// Bits of a sample that count, from the lowest. No sign: the caller knows whether the highest
    /// of them is one.
    pub bits: u32,
    /// `rows × columns × components` samples as coded, without any conversion of colours.
    pub samples: Plane,
}

/// Why a stream does not decode.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CodecError {
    /// It contradicts itself or the standard: where and how.
    #[error("the stream is damaged: {0}")]
    Damaged(String),
    /// It ends before the last sample.
    #[error("the stream ends too early")]
    Truncated,
    /// Valid, but not decoded here: what it uses.
    #[error("{0} is not read")]
    Unsupported(String),
    /// More samples than the caller allows.
    #[error("the stream says {columns} × {rows} pixels, more than fit into the memory allowed")]
    TooLarge {
        /// Rows.
        rows: usize,
        /// Columns.
        columns: usize,
    },
    /// The deadline has passed.
    #[error("decoding took longer than allowed and was given up")]
    TooSlow,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_checked_without_overflow() {
        let limits = Limits {
            bytes: 1000,
            deadline: None,
        };
        assert_eq!(limits.check_size(10, 25, 2, 2), Ok(500));
        assert!(limits.check_size(10, 25, 3, 2).is_err());
        assert!(limits.check_size(usize::MAX, 2, 1, 1).is_err());
        assert!(limits.check_size(usize::MAX, 1, 1, 2).is_err());
    }

    #[test]
    fn the_deadline_counts() {
        let at = |deadline| Limits { bytes: 0, deadline }.check_time();
        assert_eq!(at(None), Ok(()));
        assert_eq!(at(Some(Instant::now())), Err(CodecError::TooSlow));
        assert_eq!(
            at(Some(Instant::now() + std::time::Duration::from_mins(1))),
            Ok(())
        );
    }
}
