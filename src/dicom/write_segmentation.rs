//! Writes masks as a binary Segmentation (PS3.3 A.51), in one file, Explicit VR Little Endian: the
//! one syntax that every program reads, validators among them. Knows nothing of what the masks show.

mod attributes;
mod frames;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use dicom_dictionary_std::uids;
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use glam::DVec3;

use super::CodedConcept;

/// Identifies this writer in the file meta information (PS3.10 7.1).
const IMPLEMENTATION_UID: &str = "2.25.251287633906574163021486543871249136582";
const IMPLEMENTATION_NAME: &str = "STYLET";
/// Preamble and mark before the file meta group.
const MARK: usize = 132;
/// Head of the group length element and its value.
const GROUP_LENGTH: usize = 12;

/// Why a segmentation could not be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteSegmentationError {
    /// The caller asked to stop.
    #[error("Writing the segmentation was cancelled")]
    Cancelled,
    /// A side is empty or over 65535, there are too many segments, or no frame at all.
    #[error(
        "The segmentation cannot be written: {columns} x {rows} x {slices} voxels, {segments} \
         segments, {frames} frames that are not empty"
    )]
    Size {
        /// Columns.
        columns: usize,
        /// Rows.
        rows: usize,
        /// Slices.
        slices: usize,
        /// Segments.
        segments: usize,
        /// Frames to write.
        frames: usize,
    },
    /// The DICOM encoder refused the header.
    #[error("Cannot encode the segmentation: {message}\nFile: {path}")]
    Encode {
        /// What the encoder said.
        message: String,
        /// Path of the file.
        path: PathBuf,
    },
    /// The file could not be written or renamed.
    #[error("Cannot write the segmentation: {source}\nFile: {path}")]
    File {
        /// What the system said.
        source: io::Error,
        /// Path of the file.
        path: PathBuf,
    },
}

/// One segment to write.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSegment {
    /// Segment Label, at most 64 characters.
    pub label: String,
    /// Segmented Property Category: anatomical structure, tissue …
    pub category: CodedConcept,
    /// Segmented Property Type.
    pub property_type: CodedConcept,
    /// Modifier of the type: the side.
    pub type_modifier: Option<CodedConcept>,
    /// Colour, red green blue.
    pub color: [u8; 3],
}

/// A segmentation to write. Frames lie on the slices of one box.
#[derive(Debug, Clone, Copy)]
pub struct NewSegmentation<'a> {
    /// Patient's Name (0010,0010).
    pub patient_name: &'a str,
    /// Patient ID (0010,0020).
    pub patient_id: &'a str,
    /// Patient's Sex (0010,0040): `M`, `F`, `O` or empty.
    pub patient_sex: &'a str,
    /// Patient's Birth Date (0010,0030), YYYYMMDD or empty.
    pub patient_birth_date: &'a str,
    /// Study Instance UID.
    pub study_instance_uid: &'a str,
    /// Study ID.
    pub study_id: &'a str,
    /// Study Description.
    pub study_description: &'a str,
    /// Study, series and content date, YYYYMMDD.
    pub date: &'a str,
    /// Study, series and content time, HHMMSS.
    pub time: &'a str,
    /// Series Instance UID of the segmentation.
    pub series_instance_uid: &'a str,
    /// SOP Instance UID of the segmentation.
    pub sop_instance_uid: &'a str,
    /// Dimension Organization UID.
    pub dimension_organization_uid: &'a str,
    /// Series Number.
    pub series_number: u32,
    /// Series Description.
    pub series_description: &'a str,
    /// Content Label, a code string: capitals, digits, spaces and `_`, at most 16.
    pub content_label: &'a str,
    /// Content Description.
    pub content_description: &'a str,
    /// What made the segments (Segment Algorithm Name).
    pub algorithm: &'a str,
    /// Frame of Reference UID.
    pub frame_of_reference_uid: &'a str,
    /// Series Instance UID of the images.
    pub image_series_uid: &'a str,
    /// SOP Class UID of the images.
    pub image_class_uid: &'a str,
    /// SOP Instance UID of the image of each slice.
    pub image_uids: &'a [String],
    /// Centre of voxel (0, 0, 0) of the box, LPS mm.
    pub origin_lps_mm: DVec3,
    /// Direction in which the column index grows, unit LPS vector.
    pub column_direction: DVec3,
    /// Direction in which the row index grows, unit LPS vector.
    pub row_direction: DVec3,
    /// Direction in which the slice index grows, unit LPS vector.
    pub slice_direction: DVec3,
    /// Spacing along column, row and slice direction, mm.
    pub spacing_mm: [f64; 3],
    /// Columns of a frame.
    pub columns: usize,
    /// Rows of a frame.
    pub rows: usize,
    /// Segments; they are numbered from 1 in this order and may overlap.
    pub segments: &'a [NewSegment],
}

/// Where the voxels come from.
pub trait SegmentVoxels {
    /// Whether a segment has a voxel on a slice. Frames without one are left out.
    fn is_on_slice(&self, segment: usize, slice: usize) -> bool;
    /// Sets a byte to 1 for each voxel of a segment on a slice, row by row; `frame` is all 0.
    fn fill(&self, segment: usize, slice: usize, frame: &mut [u8]);
}

/// Segment and slice of a frame, from 0.
type FramePlace = (usize, usize);

/// Writes a segmentation. The file appears under its name only once complete; the same input gives
/// the same bytes. `progress` gets a fraction 0..=1 and cancels with `Break`.
///
/// # Errors
/// See [`WriteSegmentationError`].
pub fn write_segmentation(
    segmentation: &NewSegmentation<'_>,
    voxels: &dyn SegmentVoxels,
    path: &Path,
    progress: &(dyn Fn(f64) -> ControlFlow<()> + Sync),
) -> Result<(), WriteSegmentationError> {
    let slices = segmentation.image_uids.len();
    let places: Vec<FramePlace> = (0..segmentation.segments.len())
        .flat_map(|segment| (0..slices).map(move |slice| (segment, slice)))
        .filter(|&(segment, slice)| voxels.is_on_slice(segment, slice))
        .collect();
    let bytes = check(segmentation, places.len())?;
    let header = header(segmentation, &places, path)?;
    let file = |source: io::Error| WriteSegmentationError::File {
        source,
        path: path.to_path_buf(),
    };
    let part = path.with_extension("part");
    let mut target = BufWriter::new(File::create(&part).map_err(file)?);
    target.write_all(&[0; 128]).map_err(file)?;
    target.write_all(b"DICM").map_err(file)?;
    let encode = |message: String| WriteSegmentationError::Encode {
        message,
        path: path.to_path_buf(),
    };
    meta(segmentation, uids::EXPLICIT_VR_LITTLE_ENDIAN)
        .build()
        .and_then(|meta| meta.write(&mut target).map(|()| meta))
        .map_err(|error| encode(error.to_string()))?;
    target.write_all(&header).map_err(file)?;
    // Pixel Data, OB, its length: the last element.
    target
        .write_all(&[0xE0, 0x7F, 0x10, 0x00, b'O', b'B', 0, 0])
        .map_err(file)?;
    target.write_all(&bytes.to_le_bytes()).map_err(file)?;
    let written =
        write_frames(segmentation, voxels, &places, (&mut target, progress)).map_err(file)?;
    if !written {
        drop(target);
        let _ = std::fs::remove_file(&part);
        return Err(WriteSegmentationError::Cancelled);
    }
    target.flush().map_err(file)?;
    drop(target);
    std::fs::rename(&part, path).map_err(file)
}

/// Length of the pixel data, where everything fits.
fn check(segmentation: &NewSegmentation<'_>, frames: usize) -> Result<u32, WriteSegmentationError> {
    let (columns, rows) = (segmentation.columns, segmentation.rows);
    let side = |count: usize| (1..=usize::from(u16::MAX)).contains(&count);
    let segments = segmentation.segments.len();
    let bits = (columns as u64 * rows as u64).saturating_mul(frames as u64);
    let bytes = u32::try_from(bits.div_ceil(8).next_multiple_of(2));
    match bytes {
        Ok(bytes) if side(columns) && side(rows) && side(segments) && frames > 0 => Ok(bytes),
        _ => Err(WriteSegmentationError::Size {
            columns,
            rows,
            slices: segmentation.image_uids.len(),
            segments,
            frames,
        }),
    }
}

fn meta(segmentation: &NewSegmentation<'_>, syntax: &str) -> FileMetaTableBuilder {
    FileMetaTableBuilder::new()
        .media_storage_sop_class_uid(uids::SEGMENTATION_STORAGE)
        .media_storage_sop_instance_uid(segmentation.sop_instance_uid)
        .transfer_syntax(syntax)
        .implementation_class_uid(IMPLEMENTATION_UID)
        .implementation_version_name(IMPLEMENTATION_NAME)
}

/// All elements before the pixel data, encoded.
fn header(
    segmentation: &NewSegmentation<'_>,
    places: &[FramePlace],
    path: &Path,
) -> Result<Vec<u8>, WriteSegmentationError> {
    let encode = |message: String| WriteSegmentationError::Encode {
        message,
        path: path.to_path_buf(),
    };
    let mut object = InMemDicomObject::new_empty();
    attributes::put(&mut object, segmentation, places.len());
    frames::put(&mut object, segmentation, places);
    let whole = object
        .with_meta(meta(segmentation, uids::EXPLICIT_VR_LITTLE_ENDIAN))
        .map_err(|error| encode(error.to_string()))?;
    let mut bytes = Vec::new();
    whole
        .write_all(&mut bytes)
        .map_err(|error| encode(error.to_string()))?;
    // The pixels are written behind it without being held in memory, so that the data set is cut
    // from a whole file: File Meta Information Group Length (0002,0000) says where it begins.
    let length = bytes
        .get(MARK + 8..MARK + GROUP_LENGTH)
        .and_then(|value| <[u8; 4]>::try_from(value).ok())
        .map(u32::from_le_bytes);
    let start = length.map(|length| MARK + GROUP_LENGTH + length as usize);
    match start.filter(|&start| start <= bytes.len()) {
        Some(start) => Ok(bytes.split_off(start)),
        None => Err(encode("the file meta group has no length".to_owned())),
    }
}

type Progress<'a> = dyn Fn(f64) -> ControlFlow<()> + Sync + 'a;

/// The bits of all frames, one after the other without gaps, the first pixel in the lowest bit
/// (PS3.5 8.1.1), and a byte more where their number is odd. False where `progress` said stop.
fn write_frames(
    segmentation: &NewSegmentation<'_>,
    voxels: &dyn SegmentVoxels,
    places: &[FramePlace],
    (target, progress): (&mut dyn Write, &Progress<'_>),
) -> io::Result<bool> {
    let pixels = segmentation.columns * segmentation.rows;
    let mut frame = vec![0_u8; pixels];
    let mut packed = Vec::with_capacity(pixels / 8 + 1);
    let (mut byte, mut filled, mut written) = (0_u8, 0_u32, 0_usize);
    for (done, &(segment, slice)) in places.iter().enumerate() {
        frame.fill(0);
        voxels.fill(segment, slice, &mut frame);
        packed.clear();
        for &voxel in &frame {
            byte |= u8::from(voxel != 0) << filled;
            filled += 1;
            if filled == 8 {
                packed.push(byte);
                (byte, filled) = (0, 0);
            }
        }
        target.write_all(&packed)?;
        written += packed.len();
        if progress((done + 1) as f64 / places.len() as f64).is_break() {
            return Ok(false);
        }
    }
    if filled > 0 {
        target.write_all(&[byte])?;
        written += 1;
    }
    if written % 2 == 1 {
        target.write_all(&[0])?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
