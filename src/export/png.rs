//! Pictures as PNG files.

use std::io;
use std::path::{Path, PathBuf};

use image::codecs::png::PngEncoder;
use image::{ExtendedColorType, ImageEncoder as _, ImageError};
use thiserror::Error;

use crate::dicom::atomic_file;

/// Why a picture was not written.
#[derive(Debug, Error)]
pub enum PngError {
    /// The greys do not fill the picture, or it is larger than the format allows.
    #[error("{}: the picture cannot be encoded: {source}", path.display())]
    Encode {
        /// File that was to be written.
        path: PathBuf,
        /// What the encoder says.
        source: ImageError,
    },
    /// The file system refuses.
    #[error("Cannot write {}: {source}. Choose a folder you may write to.", path.display())]
    Write {
        /// File that was to be written.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Writes 8 bit greys row by row, `size` columns and rows. The file is there completely or not at
/// all.
pub fn write_png_grey(path: &Path, size: [usize; 2], greys: &[u8]) -> Result<(), PngError> {
    write_png(path, size, (greys, 1), ExtendedColorType::L8)
}

/// The same for red, green and blue of 8 bits each, pixel by pixel.
pub fn write_png_rgb(path: &Path, size: [usize; 2], colors: &[u8]) -> Result<(), PngError> {
    write_png(path, size, (colors, 3), ExtendedColorType::Rgb8)
}

fn write_png(
    path: &Path,
    size: [usize; 2],
    (samples, per_pixel): (&[u8], u64),
    color: ExtendedColorType,
) -> Result<(), PngError> {
    let [width, height] = size.map(|n| u32::try_from(n).unwrap_or(u32::MAX));
    let mut bytes = Vec::new();
    if u64::from(width) * u64::from(height) * per_pixel == samples.len() as u64 {
        PngEncoder::new(&mut bytes).write_image(samples, width, height, color)
    } else {
        let kind = image::error::ParameterErrorKind::DimensionMismatch;
        Err(ImageError::Parameter(
            image::error::ParameterError::from_kind(kind),
        ))
    }
    .map_err(|source| PngError::Encode {
        path: path.to_owned(),
        source,
    })?;
    atomic_file::write(path, &bytes).map_err(|source| PngError::Write {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greys_come_back_as_they_were() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        let greys: Vec<u8> = (0..=255).collect();
        write_png_grey(&path, [32, 8], &greys).unwrap();
        let back = image::open(&path).unwrap().into_luma8();
        assert_eq!(back.dimensions(), (32, 8));
        assert_eq!(back.into_raw(), greys);
    }

    #[test]
    fn what_cannot_be_written_is_an_error_with_the_path() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        let short = write_png_grey(&path, [32, 8], &[1, 2]).unwrap_err();
        assert!(short.to_string().contains("a.png"), "{short}");
        let nowhere = dir.path().join("missing").join("b.png");
        let error = write_png_grey(&nowhere, [1, 1], &[7]).unwrap_err();
        assert!(error.to_string().contains("b.png"), "{error}");
    }
}
