//! Positions that cannot be, and positions that cost time or memory.

use dicom_dictionary_std::tags;
use stylet::study::Samples;

use crate::case::{Case, Opens, Picture, STORED, image};
use crate::dicom_file::{DicomFile, items};

pub fn cases() -> Vec<Case> {
    let text = |tag, text| image().text(tag, *b"DS", text);
    let turned = |cosines| image().orientation(cosines);
    let of = |name, file: DicomFile, reason| {
        Case::of(name, &file, Picture(reason, Samples::I16(STORED.to_vec())))
    };
    let scattered = Opens(
        "Slices are 0.02 to 0.93 mm apart. Each is where it was acquired; what is shown between them is interpolated, every 0.03 mm.",
    );
    vec![
        Case::new(
            "10,000 positions that come apart one by one",
            scattered_run(10_000),
            scattered,
        ),
        of(
            "spacing 0",
            text(tags::PIXEL_SPACING, "0\\0.5"),
            "Pixel Spacing (0028,0030) is \"0\\0.5\": positive distances between 0.0001 and 1000 mm were expected; export the series again",
        ),
        of(
            "spacing negative",
            text(tags::PIXEL_SPACING, "0.5\\-0.5"),
            "Pixel Spacing (0028,0030) is \"0.5\\-0.5\": positive distances between 0.0001 and 1000 mm were expected; export the series again",
        ),
        of(
            "spacing not a number",
            text(tags::PIXEL_SPACING, "NaN\\1"),
            "Pixel Spacing (0028,0030) is \"NaN\\1\": 2 finite numbers were expected; export the series again",
        ),
        of(
            "spacing infinite",
            text(tags::PIXEL_SPACING, "1e999\\1"),
            "Pixel Spacing (0028,0030) is \"1e999\\1\": 2 finite numbers were expected; export the series again",
        ),
        of(
            "spacing of one number",
            text(tags::PIXEL_SPACING, "0.5"),
            "Pixel Spacing (0028,0030) is \"0.5\": 2 finite numbers were expected; export the series again",
        ),
        of(
            "no spacing",
            image().without(tags::PIXEL_SPACING),
            "Pixel Spacing (0028,0030) missing",
        ),
        of(
            "no position",
            image().without(tags::IMAGE_POSITION_PATIENT),
            "Image Position Patient (0020,0032) missing",
        ),
        of(
            "position in words",
            text(tags::IMAGE_POSITION_PATIENT, "left\\0\\0"),
            "Image Position Patient (0020,0032) is \"left\\0\\0\": a number was expected; export the series again",
        ),
        of(
            "no orientation",
            image().without(tags::IMAGE_ORIENTATION_PATIENT),
            "Image Orientation Patient (0020,0037) missing",
        ),
        of(
            "orientation of zeros",
            turned([0.0; 6]),
            "Image Orientation Patient (0020,0037) is \"0.000000000\\0.000000000\\0.000000000\\0.000000000\\…\": two perpendicular unit vectors were expected; export the series again",
        ),
        of(
            "orientation not of unit length",
            turned([2.0, 0.0, 0.0, 0.0, 2.0, 0.0]),
            "Image Orientation Patient (0020,0037) is \"2.000000000\\0.000000000\\0.000000000\\0.000000000\\…\": two perpendicular unit vectors were expected; export the series again",
        ),
        of(
            "orientation not perpendicular",
            turned([1.0, 0.0, 0.0, 0.1, 0.995, 0.0]),
            "Image Orientation Patient (0020,0037) is \"1.000000000\\0.000000000\\0.000000000\\0.100000000\\…\": two perpendicular unit vectors were expected; export the series again",
        ),
    ]
}

/// Frames of one pixel at distances that grow from 0.02 mm to metres.
fn scattered_run(count: usize) -> Vec<u8> {
    let mut height = 0.0;
    let groups: Vec<_> = (0..count)
        .map(|frame| {
            height += 0.02 * (frame as f64 / count as f64 * 8.0).exp();
            let place = padded(format!("0\\0\\{height:.3}"));
            let position = (tags::IMAGE_POSITION_PATIENT, *b"DS", place);
            vec![(
                tags::PLANE_POSITION_SEQUENCE,
                *b"SQ",
                items(&[vec![position]]),
            )]
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
        .raw(
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
            *b"SQ",
            items(&[shared]),
        )
        .raw(
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            *b"SQ",
            items(groups),
        )
        .text(tags::NUMBER_OF_FRAMES, *b"IS", &groups.len().to_string())
        .pixels(&vec![7; groups.len()])
        .bytes()
}
