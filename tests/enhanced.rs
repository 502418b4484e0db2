//! Proves that the frames of an enhanced multi-frame file are placed and told apart by their
//! functional groups, in whatever order they are written.

#[path = "common/dicom_file.rs"]
mod dicom_file;
#[path = "common/import.rs"]
mod import;

use dicom_dictionary_std::tags;
use dicom_file::{Attribute, DicomFile, items};
use import::{codes, folder, import, only_series};
use stylet::dicom::ImportReport;
use stylet::study::{StackKind, WarningCode};

const AXIAL: &str = "1\\0\\0\\0\\1\\0";
const SAGITTAL: &str = "0\\1\\0\\0\\0\\-1";

fn text(tag: dicom_object::Tag, vr: [u8; 2], text: &str) -> Attribute {
    let mut bytes = text.as_bytes().to_vec();
    if bytes.len() % 2 == 1 {
        bytes.push(b' ');
    }
    (tag, vr, bytes)
}

/// A sequence of one item.
fn group(sequence: dicom_object::Tag, item: Vec<Attribute>) -> Attribute {
    (sequence, *b"SQ", items(&[item]))
}

fn position([x, y, z]: [i32; 3]) -> Attribute {
    let value = format!("{x}\\{y}\\{z}");
    let position = text(tags::IMAGE_POSITION_PATIENT, *b"DS", &value);
    group(tags::PLANE_POSITION_SEQUENCE, vec![position])
}

fn orientation(cosines: &str) -> Attribute {
    let orientation = text(tags::IMAGE_ORIENTATION_PATIENT, *b"DS", cosines);
    group(tags::PLANE_ORIENTATION_SEQUENCE, vec![orientation])
}

fn measures() -> Attribute {
    let spacing = text(tags::PIXEL_SPACING, *b"DS", "0.8\\0.5");
    group(tags::PIXEL_MEASURES_SEQUENCE, vec![spacing])
}

fn content(attributes: Vec<Attribute>) -> Attribute {
    group(tags::FRAME_CONTENT_SEQUENCE, attributes)
}

fn stack_id(id: &str) -> Attribute {
    content(vec![text(tags::STACK_ID, *b"SH", id)])
}

/// An enhanced MR file of such shared groups and frames; frame n has the value n.
fn enhanced(shared: Vec<Attribute>, frames: &[Vec<Attribute>]) -> DicomFile {
    let pixels: Vec<i16> = (0..frames.len() as i16).flat_map(|n| [n; 12]).collect();
    DicomFile::slice(1, 1, 0., 0)
        .text(tags::MODALITY, *b"CS", "MR")
        .without(tags::IMAGE_POSITION_PATIENT)
        .without(tags::IMAGE_ORIENTATION_PATIENT)
        .without(tags::PIXEL_SPACING)
        .text(tags::NUMBER_OF_FRAMES, *b"IS", &frames.len().to_string())
        .raw(
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
            *b"SQ",
            items(&[shared]),
        )
        .raw(
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            *b"SQ",
            items(frames),
        )
        .pixels(&pixels)
}

/// Name and frames of each stack.
fn stacks(report: &ImportReport) -> Vec<(String, Vec<usize>)> {
    let stacks = &only_series(report).stacks;
    let order = |stack: &stylet::study::Stack| stack.frames.iter().map(|f| f.frame).collect();
    let described = stacks
        .iter()
        .map(|stack| (stack.name.clone(), order(stack)));
    described.collect()
}

fn named(name: &str, frames: &[usize]) -> (String, Vec<usize>) {
    (name.to_owned(), frames.to_vec())
}

#[test]
fn stacks_of_different_planes_are_sorted_and_named() {
    let axial = |z: i32| vec![stack_id("1"), position([0, 0, z]), orientation(AXIAL)];
    let sagittal = |x: i32| vec![stack_id("2"), position([x, 0, 0]), orientation(SAGITTAL)];
    let frames = [
        axial(4),
        sagittal(0),
        axial(0),
        sagittal(-6),
        axial(2),
        sagittal(-3),
    ];
    let report = import(&folder(&[enhanced(vec![measures()], &frames)]));
    assert_eq!(
        stacks(&report),
        [named("axial", &[2, 4, 0]), named("sagittal", &[1, 5, 3])]
    );
}

#[test]
fn stacks_at_the_same_places_are_told_apart_by_their_id() {
    let frames: Vec<_> = (0..6)
        .map(|n| vec![stack_id(["7", "3"][n % 2]), position([0, 0, n as i32 / 2])])
        .collect();
    let file = enhanced(vec![measures(), orientation(AXIAL)], &frames);
    let report = import(&folder(&[file]));
    assert_eq!(
        stacks(&report),
        [named("stack 3", &[1, 3, 5]), named("stack 7", &[0, 2, 4])]
    );
}

#[test]
fn time_points_and_echoes_of_one_file_are_split_by_both() {
    let mut frames = Vec::new();
    for z in [2, 0, 1] {
        for (time, te) in [(1_u32, 90_f64), (1, 10.), (2, 10.), (2, 90.)] {
            let index = (
                tags::TEMPORAL_POSITION_INDEX,
                *b"UL",
                time.to_le_bytes().to_vec(),
            );
            let te = (tags::EFFECTIVE_ECHO_TIME, *b"FD", te.to_le_bytes().to_vec());
            let echo = group(tags::MR_ECHO_SEQUENCE, vec![te]);
            frames.push(vec![content(vec![index]), echo, position([0, 0, z])]);
        }
    }
    let file = enhanced(vec![measures(), orientation(AXIAL)], &frames);
    let report = import(&folder(&[file]));
    assert_eq!(
        stacks(&report),
        [
            named("time point 1 of 2, TE 10 ms", &[5, 9, 1]),
            named("time point 1 of 2, TE 90 ms", &[4, 8, 0]),
            named("time point 2 of 2, TE 10 ms", &[6, 10, 2]),
            named("time point 2 of 2, TE 90 ms", &[7, 11, 3]),
        ]
    );
}

#[test]
fn a_frame_without_position_leaves_the_rest_a_volume() {
    let mut frames: Vec<_> = (0..5).map(|z| vec![position([0, 0, z])]).collect();
    frames[3] = vec![stack_id("1")];
    let file = enhanced(vec![measures(), orientation(AXIAL)], &frames);
    let report = import(&folder(&[file]));
    assert_eq!(
        stacks(&report),
        [
            named("", &[0, 1, 2, 4]),
            named("pictures without position", &[3])
        ]
    );
    let stack = &only_series(&report).stacks[0];
    assert_eq!(stack.kind, StackKind::Volume);
    assert_eq!(
        codes(stack),
        [WarningCode::MissingSlices, WarningCode::UnplacedSlices]
    );
}

#[test]
fn an_orientation_of_one_frame_overrides_the_shared_one() {
    let mut frames: Vec<_> = (0..4).map(|z| vec![position([0, 0, z])]).collect();
    frames.push(vec![position([0, 0, 9]), orientation(SAGITTAL)]);
    let file = enhanced(vec![measures(), orientation(AXIAL)], &frames);
    let report = import(&folder(&[file]));
    assert_eq!(
        stacks(&report),
        [named("axial", &[0, 1, 2, 3]), named("sagittal", &[4])]
    );
}

#[test]
fn dimension_indices_tell_apart_what_nothing_else_does() {
    let frames: Vec<_> = (0..6_u32)
        .map(|n| {
            let (slice, set) = (n / 2, n % 2);
            let indices = [1, slice + 1, set + 1]
                .into_iter()
                .flat_map(u32::to_le_bytes);
            let indices = (tags::DIMENSION_INDEX_VALUES, *b"UL", indices.collect());
            vec![content(vec![indices]), position([0, 0, slice as i32])]
        })
        .collect();
    let file = enhanced(vec![measures(), orientation(AXIAL)], &frames);
    assert_eq!(
        stacks(&import(&folder(&[file]))),
        [
            named("dimension 3: 1 of 2", &[0, 2, 4]),
            named("dimension 3: 2 of 2", &[1, 3, 5])
        ]
    );
}

#[test]
fn files_that_cover_the_same_places_are_stacks_of_their_own() {
    let file = || {
        let frames: Vec<_> = [2, 0, 1].map(|z| vec![position([0, 0, z])]).into();
        enhanced(vec![measures(), orientation(AXIAL)], &frames)
    };
    let report = import(&folder(&[file(), file()]));
    assert_eq!(
        stacks(&report),
        [named("file 1", &[1, 2, 0]), named("file 2", &[1, 2, 0])]
    );
}
