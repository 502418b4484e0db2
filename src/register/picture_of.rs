//! A decoded frame as a picture to be registered.

use thiserror::Error;

use super::xray_picture::{Intensity, Polarity, XrayPicture, XrayPictureError};
use crate::dicom;
use crate::study::{self, Frame, Instance, Samples};

/// Why a frame cannot be registered.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum PictureOfError {
    /// Colours do not measure radiation.
    #[error("It is in colour: only grey X-ray pictures can be registered")]
    Color,
    /// The values make no picture.
    #[error(transparent)]
    Picture(#[from] XrayPictureError),
}

/// The values of a frame (0-based), without its shutters and padding.
///
/// Pictures in proportion to the intensity become line integrals, bone dark. All others are taken
/// as they are and may be either way round: `Pixel Intensity Relationship` says nothing of the
/// sign, and displays are told to invert for taste.
pub fn picture_of(
    instance: &Instance,
    frame: usize,
    decoded: &Frame,
) -> Result<XrayPicture, PictureOfError> {
    if matches!(decoded.samples, Samples::Rgb8(_)) {
        return Err(PictureOfError::Color);
    }
    let values = dicom::modality_values(instance, frame, decoded);
    let (columns, rows) = (decoded.columns, decoded.rows);
    let mut open = vec![true; values.len()];
    let aspect = instance
        .pixel_aspect
        .map_or(1.0, |[row, column]| row / column);
    instance
        .picture
        .shutter
        .cover(&mut open, columns, aspect, false);
    let look = match instance.picture.intensity {
        // Low values shown bright hold no intensity, whatever they are in proportion to.
        Some(study::Intensity::Linear) if !instance.low_is_bright => {
            (Intensity::Linear, Polarity::BoneDark)
        }
        _ => (Intensity::Displayed, Polarity::Unknown),
    };
    let lut = instance
        .frames
        .get(frame)
        .map(|header| &header.modality_lut);
    let padding = instance
        .padding
        .map(|ends| ends.map(|stored| lut.map_or(stored, |lut| lut.apply(stored)) as f32));
    let counts = |column: usize, row: usize| {
        let at = row * columns + column;
        let value = values.get(at).copied().unwrap_or(f32::NAN);
        let padded = padding.is_some_and(|[a, b]| (a.min(b)..=a.max(b)).contains(&value));
        open.get(at).copied().unwrap_or(false) && !padded
    };
    Ok(XrayPicture::new([columns, rows], &values, look, counts)?)
}
