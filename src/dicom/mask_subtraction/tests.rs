use dicom_dictionary_std::uids;
use dicom_object::Tag;

use super::super::elements::{Element, Value};
use super::super::picture_header::picture_header;
use super::*;
use crate::study::{Intensity, PictureHeader};

fn text(tag: Tag, value: &str) -> Element {
    Element {
        tag,
        vr: Some(*b"DS"),
        value: Value::Bytes(value.as_bytes().to_vec()),
    }
}

fn with(list: Vec<Element>) -> Elements {
    Elements {
        list,
        big_endian: false,
    }
}

fn sequence(tag: Tag, items: Vec<Elements>) -> Element {
    Element {
        tag,
        vr: Some(*b"SQ"),
        value: Value::Items(items),
    }
}

fn root(class: &str, values: &[(Tag, &str)]) -> Elements {
    let mut list = vec![text(tags::SOP_CLASS_UID, class), text(tags::MODALITY, "XA")];
    list.extend(values.iter().map(|&(tag, value)| text(tag, value)));
    with(list)
}

const XA: &str = uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE;

fn masked(values: &[(Tag, &str)], count: usize) -> PictureHeader {
    let item = with(
        values
            .iter()
            .map(|&(tag, value)| text(tag, value))
            .collect(),
    );
    let mut header = root(XA, &[(tags::PIXEL_INTENSITY_RELATIONSHIP, "LIN")]);
    header
        .list
        .push(sequence(tags::MASK_SUBTRACTION_SEQUENCE, vec![item]));
    picture_header(&header, count)
}

#[test]
fn masks_are_frames_that_there_are() {
    let mean = masked(
        &[
            (tags::MASK_OPERATION, "AVG_SUB"),
            (tags::MASK_FRAME_NUMBERS, "1\\3"),
            (tags::APPLICABLE_FRAME_RANGE, "4\\9"),
            (tags::MASK_SUB_PIXEL_SHIFT, "1.5\\-2"),
        ],
        9,
    );
    assert_eq!(mean.intensity, Some(Intensity::Linear));
    assert_eq!(mean.mask(2), None);
    let item = mean.mask(3).unwrap();
    assert_eq!(item.mask_frames(3), [0, 2]);
    // Down 1.5; a column offset of −2 leads 2 to the right.
    assert_eq!(item.shift, [1.5, 2.0]);
    let missing = masked(
        &[
            (tags::MASK_OPERATION, "AVG_SUB"),
            (tags::MASK_FRAME_NUMBERS, "1\\12"),
        ],
        9,
    );
    assert!(missing.masks.is_empty());
    assert!(
        missing.problems[0].contains("frames from 1 to 9"),
        "{:?}",
        missing.problems
    );
    let none = masked(
        &[
            (tags::MASK_OPERATION, "NONE"),
            (tags::MASK_FRAME_NUMBERS, "0"),
        ],
        9,
    );
    assert!(none.masks.is_empty() && none.problems.is_empty());
    let other = masked(&[(tags::MASK_OPERATION, "REV_TID")], 9);
    assert!(other.problems[0].contains("REV_TID"));
    let difference = masked(&[(tags::MASK_OPERATION, "TID")], 9);
    assert_eq!(difference.mask(4).unwrap().mask_frames(4), [3]);
    let far = masked(&[(tags::MASK_OPERATION, "TID"), (tags::TID_OFFSET, "9")], 9);
    assert_eq!((far.masks.len(), far.problems.len()), (0, 1));
}

fn ranged(range: &str) -> PictureHeader {
    masked(
        &[
            (tags::MASK_OPERATION, "AVG_SUB"),
            (tags::MASK_FRAME_NUMBERS, "1"),
            (tags::APPLICABLE_FRAME_RANGE, range),
        ],
        9,
    )
}

#[test]
fn a_range_that_cannot_be_is_told_and_never_becomes_all_frames() {
    for wrong in ["8\\5", "0\\0", "4", "4\\5\\6", "12\\14", "2.5\\4", "x\\y"] {
        let header = ranged(wrong);
        assert!(header.masks.is_empty(), "{wrong}");
        assert_eq!(header.problems.len(), 1, "{wrong}");
        let told = &header.problems[0];
        assert!(told.contains("Applicable Frame Range"), "{told}");
        assert!(told.contains(wrong), "{told}");
    }
    let beyond = ranged("4\\99");
    assert!(beyond.problems.is_empty() && beyond.mask(2).is_none());
    assert!(beyond.mask(8).is_some());
    let all = ranged("");
    assert!(all.mask(0).is_some() && all.mask(8).is_some());
}

#[test]
fn mask_frames_are_counted_once_and_are_not_endless() {
    let average = |frames: &str, count| {
        masked(
            &[
                (tags::MASK_OPERATION, "AVG_SUB"),
                (tags::MASK_FRAME_NUMBERS, frames),
            ],
            count,
        )
    };
    let twice = average(&vec!["3\\1"; 5000].join("\\"), 9);
    assert_eq!(twice.mask(4).unwrap().mask_frames(4), [0, 2]);
    assert!(twice.heap_bytes() < 4096, "{}", twice.heap_bytes());
    let numbers: Vec<String> = (1..=5000).map(|n: i32| n.to_string()).collect();
    let many = average(&numbers.join("\\"), 6000);
    assert!(many.masks.is_empty());
    assert!(
        many.problems[0].contains("5000 frames"),
        "{:?}",
        many.problems
    );
    assert!(average("1\\1.5", 9).masks.is_empty(), "no frame 1.5");
}

#[test]
fn what_a_mask_asks_for_and_is_not_done_is_told() {
    let usual = [
        (tags::MASK_OPERATION, "AVG_SUB"),
        (tags::MASK_FRAME_NUMBERS, "1"),
    ];
    let mean = [usual[0], usual[1], (tags::CONTRAST_FRAME_AVERAGING, "4")];
    let header = masked(&mean, 9);
    assert_eq!((header.masks.len(), header.problems.len()), (1, 1));
    assert!(header.problems[0].contains("mean of 4 frames"));
    let one = [usual[0], usual[1], (tags::CONTRAST_FRAME_AVERAGING, "1")];
    assert!(masked(&one, 9).problems.is_empty());
    let shift = |by: &str| {
        let group = with(vec![sequence(
            tags::FRAME_PIXEL_SHIFT_SEQUENCE,
            vec![with(vec![text(tags::MASK_SUB_PIXEL_SHIFT, by)])],
        )]);
        let item = with(usual.map(|(tag, value)| text(tag, value)).to_vec());
        let mut header = root(uids::ENHANCED_XA_IMAGE_STORAGE, &[]);
        header.list.extend([
            sequence(tags::MASK_SUBTRACTION_SEQUENCE, vec![item]),
            sequence(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, vec![group]),
        ]);
        picture_header(&header, 1).problems
    };
    assert!(shift("0\\0").is_empty());
    assert!(shift("0\\1.5")[0].contains("Frame Pixel Shift"));
    let reverse = masked(
        &[
            (tags::MASK_OPERATION, "REV_TID"),
            (tags::TID_OFFSET, "1"),
            (tags::APPLICABLE_FRAME_RANGE, "5\\8"),
        ],
        9,
    );
    assert!(reverse.problems.is_empty(), "{:?}", reverse.problems);
    // Frame 5 less frame 4, frame 6 less frame 3 …
    assert_eq!(reverse.mask(4).unwrap().mask_frames(4), [3]);
    assert_eq!(reverse.mask(6).unwrap().mask_frames(6), [1]);
}

#[test]
fn files_that_are_meant_to_be_subtracted_say_so() {
    let mode =
        |value: &str| picture_header(&root(XA, &[(tags::RECOMMENDED_VIEWING_MODE, value)]), 9);
    assert!(mode("SUB").shown_subtracted && !mode("NAT").shown_subtracted);
    assert!(mode("SUB").problems[0].contains("choose a mask frame"));
    assert!(mode("NAT").problems.is_empty());
}
