//! Positions that cannot be, and positions that cost time or memory.

use dicom_dictionary_std::tags;
use stylet::study::Samples;

use crate::case::{Case, Picture, STORED, image};
use crate::dicom_file::{DicomFile, items};

pub fn cases() -> Vec<Case> {
    let text = |tag, text| image().text(tag, *b"DS", text);
    let turned = |cosines| image().orientation(cosines);
    let of = |name, file: DicomFile, reason| {
        Case::of(name, &file, Picture(reason, Samples::I16(STORED.to_vec())))
    };
    vec![
        of("spacing 0", text(tags::PIXEL_SPACING, "0\\0.5"), ""),
        of("spacing negative", text(tags::PIXEL_SPACING, "0.5\\-0.5"), ""),
        of("spacing not a number", text(tags::PIXEL_SPACING, "NaN\\1"), ""),
        of("spacing infinite", text(tags::PIXEL_SPACING, "1e999\\1"), ""),
        of("spacing of one number", text(tags::PIXEL_SPACING, "0.5"), ""),
        of("no spacing", image().without(tags::PIXEL_SPACING), ""),
        of("no position", image().without(tags::IMAGE_POSITION_PATIENT), ""),
        of("position in words", text(tags::IMAGE_POSITION_PATIENT, "left\\0\\0"), ""),
        of("position beyond the building", text(tags::IMAGE_POSITION_PATIENT, "0\\0\\1e300"), ""),
        of("spacing of kilometres", text(tags::PIXEL_SPACING, "1e300\\1"), ""),
        of("spacing of nothing", text(tags::PIXEL_SPACING, "1e-300\\1"), ""),
        of("no orientation", image().without(tags::IMAGE_ORIENTATION_PATIENT), ""),
        of("orientation of zeros", turned([0.0; 6]), ""),
        of("orientation not of unit length", turned([2.0, 0.0, 0.0, 0.0, 2.0, 0.0]), ""),
        of("orientation not perpendicular", turned([1.0, 0.0, 0.0, 0.1, 0.995, 0.0]), ""),
    ]
}

/// Frames at positions along z, in a file of `frames` frames of one pixel.
pub fn run(places: impl Iterator<Item = String>) -> Vec<u8> {
    let groups: Vec<_> = places
        .map(|place| {
            let position = (tags::IMAGE_POSITION_PATIENT, *b"DS", padded(place));
            vec![(tags::PLANE_POSITION_SEQUENCE, *b"SQ", items(&[vec![position]]))]
        })
        .collect();
    file_of(&groups)
}

/// Frames of different orientation.
pub fn turning(count: usize) -> Vec<u8> {
    let groups: Vec<_> = (0..count)
        .map(|frame| {
            let (sine, cosine) = (frame as f64 * 1e-3).sin_cos();
            let text = format!("{cosine:.9}\\{sine:.9}\\0\\{:.9}\\{cosine:.9}\\0", -sine);
            let turn = (tags::IMAGE_ORIENTATION_PATIENT, *b"DS", padded(text));
            vec![(tags::PLANE_ORIENTATION_SEQUENCE, *b"SQ", items(&[vec![turn]]))]
        })
        .collect();
    file_of(&groups)
}

fn padded(mut text: String) -> Vec<u8> {
    if text.len() % 2 == 1 {
        text.push(' ');
    }
    text.into_bytes()
}

fn file_of(groups: &[Vec<crate::dicom_file::Attribute>]) -> Vec<u8> {
    let element = |tag, text: &str| (tag, *b"DS", padded(text.to_owned()));
    let sequence = |tag, element| (tag, *b"SQ", items(&[vec![element]]));
    let shared = vec![
        sequence(
            tags::PLANE_POSITION_SEQUENCE,
            element(tags::IMAGE_POSITION_PATIENT, "0\\0\\0"),
        ),
        sequence(
            tags::PLANE_ORIENTATION_SEQUENCE,
            element(tags::IMAGE_ORIENTATION_PATIENT, "1\\0\\0\\0\\1\\0"),
        ),
        sequence(
            tags::PIXEL_MEASURES_SEQUENCE,
            element(tags::PIXEL_SPACING, "1\\1"),
        ),
    ];
    image()
        .number(tags::ROWS, 1)
        .number(tags::COLUMNS, 1)
        .raw(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, *b"SQ", items(&[shared]))
        .raw(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, *b"SQ", items(groups))
        .text(tags::NUMBER_OF_FRAMES, *b"IS", &groups.len().to_string())
        .pixels(&vec![7; groups.len()])
        .bytes()
}
