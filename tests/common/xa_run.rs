//! Synthetic X-ray runs of any length, made when a test runs.
#![allow(
    dead_code,
    clippy::allow_attributes,
    reason = "not every user needs every part"
)]

use dicom_dictionary_std::tags;
use dicom_object::Tag;

use crate::dicom_file::{DicomFile, items};

/// X-Ray Angiographic Image Storage.
pub const XA: &str = "1.2.840.10008.5.1.4.1.1.12.1";

/// A run of `frames` square frames of 8 bits: each pixel of frame `n` (from 0) holds 200, but for
/// a bar of 100 in row `n` modulo the rows.
pub fn run(frames: usize, side: usize) -> DicomFile {
    let mut pixels = vec![200_u8; frames * side * side];
    for (frame, picture) in pixels.chunks_mut(side * side).enumerate() {
        let row = frame % side;
        picture[row * side..(row + 1) * side].fill(100);
    }
    let word = |text: &'static str| move |file: DicomFile, tag| file.text(tag, *b"CS", text);
    let file = DicomFile::empty(XA)
        .text(tags::SOP_INSTANCE_UID, *b"UI", "1.2.3.77.1")
        .text(tags::STUDY_INSTANCE_UID, *b"UI", "1.2.3")
        .text(tags::SERIES_INSTANCE_UID, *b"UI", "1.2.3.77")
        .text(tags::PATIENT_NAME, *b"PN", "Phantom^Lumbar")
        .text(tags::PATIENT_ID, *b"LO", "P1")
        .text(tags::NUMBER_OF_FRAMES, *b"IS", &frames.to_string())
        .number(tags::SAMPLES_PER_PIXEL, 1)
        .number(tags::ROWS, side as u16)
        .number(tags::COLUMNS, side as u16)
        .number(tags::BITS_ALLOCATED, 8)
        .number(tags::BITS_STORED, 8)
        .number(tags::HIGH_BIT, 7)
        .number(tags::PIXEL_REPRESENTATION, 0)
        .raw(tags::PIXEL_DATA, *b"OB", pixels);
    let file = word("XA")(file, tags::MODALITY);
    let file = word("LIN")(file, tags::PIXEL_INTENSITY_RELATIONSHIP);
    word("MONOCHROME2")(file, tags::PHOTOMETRIC_INTERPRETATION)
}

/// The same with a number written as text.
pub fn stating(file: DicomFile, values: &[(Tag, &str)]) -> DicomFile {
    let set = |file: DicomFile, &(tag, value): &(Tag, &str)| file.text(tag, *b"DS", value);
    values.iter().fold(file, set)
}

/// Known geometry: 0.2 mm on the receptor, SID 1000 mm, SOD 700 mm, LAO 20°, CAU 5°.
pub const GEOMETRY: [(Tag, &str); 5] = [
    (tags::IMAGER_PIXEL_SPACING, "0.2\\0.2"),
    (tags::DISTANCE_SOURCE_TO_DETECTOR, "1000"),
    (tags::DISTANCE_SOURCE_TO_PATIENT, "700"),
    (tags::POSITIONER_PRIMARY_ANGLE, "20"),
    (tags::POSITIONER_SECONDARY_ANGLE, "-5"),
];

/// The same with a Mask Subtraction Sequence: the mean of frames (from 1) for frames from `first`
/// to `last` (from 1).
pub fn masked(file: DicomFile, frames: &[u16], range: [u16; 2]) -> DicomFile {
    masked_by(file, &[(frames, range)])
}

/// The same with an item for each of the masks.
pub fn masked_by(file: DicomFile, masks: &[(&[u16], [u16; 2])]) -> DicomFile {
    let words = |numbers: &[u16]| numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
    let item = |&(frames, range): &(&[u16], [u16; 2])| {
        vec![
            (tags::MASK_OPERATION, *b"CS", b"AVG_SUB ".to_vec()),
            (tags::APPLICABLE_FRAME_RANGE, *b"US", words(&range)),
            (tags::MASK_FRAME_NUMBERS, *b"US", words(frames)),
        ]
    };
    let all: Vec<_> = masks.iter().map(item).collect();
    file.raw(tags::MASK_SUBTRACTION_SEQUENCE, *b"SQ", items(&all))
}
