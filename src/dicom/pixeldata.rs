//! One frame decoded by dicom-pixeldata.
//!
//! The frame is handed over as a data set of its own, so that files never get near the library's
//! file reader and one frame never costs the memory of all. Only stored bytes are taken back:
//! look-up tables, rescaling and colours are ours.

use dicom_core::value::PixelFragmentSequence;
use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileDicomObject, FileMetaTableBuilder, InMemDicomObject};
use dicom_pixeldata::PixelDecoder as _;

/// Smallest frame that the library's ratio guard looks at.
const GUARDED_FRAME_BYTES: usize = 1 << 24;

/// What the decoder is told of a frame; what it does not need is not said.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout<'a> {
    pub transfer_syntax: &'a str,
    pub rows: usize,
    pub columns: usize,
    pub samples_per_pixel: u16,
    /// Bits Allocated of the decoded samples, 8 or 16: that of the stream, not of the header.
    pub bits_allocated: u16,
}

impl Layout<'_> {
    /// Bytes of the decoded frame.
    pub fn frame_bytes(&self) -> usize {
        self.rows
            * self.columns
            * usize::from(self.samples_per_pixel)
            * usize::from(self.bits_allocated / 8)
    }

    /// The library refuses large frames that were compressed better than this, though plain
    /// backgrounds are.
    pub fn trips_ratio_guard(&self, stream_bytes: usize, ratio: usize) -> bool {
        let frame = self.frame_bytes();
        frame >= GUARDED_FRAME_BYTES && stream_bytes < frame / ratio
    }

    /// Stored samples, colours by pixel, little endian. The caller has compared the stream's own
    /// size with this layout and catches panics.
    pub fn decode(&self, stream: Vec<u8>) -> Result<Vec<u8>, String> {
        let object = self.object(stream)?;
        let decoded = object
            .decode_pixel_data_frame(0)
            .map_err(|error| reason(&error))?;
        Ok(decoded.into_data())
    }

    /// The frame as a data set of its own.
    pub fn object(&self, stream: Vec<u8>) -> Result<FileDicomObject<InMemDicomObject>, String> {
        let side = |length: usize| {
            u16::try_from(length).map_err(|_| format!("{length} rows or columns are too many"))
        };
        let photometric = if self.samples_per_pixel == 1 {
            "MONOCHROME2"
        } else {
            "RGB"
        };
        let mut image = InMemDicomObject::new_empty();
        let numbers = [
            (tags::SAMPLES_PER_PIXEL, self.samples_per_pixel),
            (tags::PLANAR_CONFIGURATION, 0),
            (tags::ROWS, side(self.rows)?),
            (tags::COLUMNS, side(self.columns)?),
            (tags::BITS_ALLOCATED, self.bits_allocated),
            (tags::BITS_STORED, self.bits_allocated),
            (tags::HIGH_BIT, self.bits_allocated - 1),
            (tags::PIXEL_REPRESENTATION, 0),
        ];
        for (tag, value) in numbers {
            image.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
        }
        image.put(DataElement::new(
            tags::PHOTOMETRIC_INTERPRETATION,
            VR::CS,
            photometric,
        ));
        image.put(DataElement::new(
            tags::PIXEL_DATA,
            VR::OB,
            PixelFragmentSequence::new_fragments(vec![stream]),
        ));
        let meta = FileMetaTableBuilder::new()
            .media_storage_sop_class_uid(uids::SECONDARY_CAPTURE_IMAGE_STORAGE)
            .media_storage_sop_instance_uid("")
            .transfer_syntax(self.transfer_syntax)
            .build()
            .map_err(|error| error.to_string())?;
        Ok(image.with_exact_meta(meta))
    }
}

/// The innermost cause: the outer ones only say that decoding failed.
fn reason(error: &dyn std::error::Error) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
