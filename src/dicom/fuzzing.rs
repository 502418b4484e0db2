//! Ways in for the fuzz targets, which must reach what is private. Not part of the program.

use std::path::PathBuf;
use std::sync::Arc;

use dicom_dictionary_std::{tags, uids};
use dicom_object::Tag;

use super::elements::{Element, Elements, Value};
use super::header::{self, Content};
use super::parse::{self, Parsed, PixelElement};
use super::source::ByteSource;
use super::{codec, group};
use crate::study::{Instance, SourcePath};

/// Walks the elements of a file and reads what they say.
pub fn header(bytes: &[u8]) {
    if let Ok(parsed) = parse::parse(ByteSource::from_memory(bytes.to_vec())) {
        header::of_parsed(&path(), parsed).ok();
    }
}

/// Makes stacks of frames whose positions, orientations and spacings are any numbers.
pub fn geometry(bytes: &[u8]) {
    let Some((shared, rest)) = bytes.split_at_checked(20) else {
        return;
    };
    let (frames, _) = rest.as_chunks::<8>();
    let instances: Vec<_> = frames
        .iter()
        .take(64)
        .filter_map(|own| {
            let own_numbers = numbers(own);
            let [position @ .., flags] = &own_numbers[..] else {
                return None;
            };
            let mut shared = numbers(shared);
            // Now and then a frame differs in what all should share.
            if let Some(one) = shared.get_mut(own[7] as usize) {
                one.clone_from(flags);
            }
            placed(position, shared.get(..6)?, shared.get(6..8)?)
        })
        .map(Arc::new)
        .collect();
    for stack in group::stacks(&instances, "CT") {
        if let Some(geometry) = stack.geometry {
            let affine = geometry.lps_from_voxel();
            assert!(affine.inverse().is_some(), "a volume that cannot be cut");
            assert!(
                geometry
                    .spacing_mm
                    .iter()
                    .all(|s| s.is_finite() && *s > 0.0)
            );
            assert_eq!(geometry.slice_sources().len(), geometry.slices);
        }
    }
}

/// Pairs of bytes as decimal text: small numbers, and now and then what no header should hold.
fn numbers(bytes: &[u8]) -> Vec<String> {
    let (pairs, _) = bytes.as_chunks::<2>();
    let text = |pair: &[u8; 2]| match i16::from_le_bytes(*pair) {
        i16::MIN => "NaN".to_owned(),
        i16::MAX => "1e300".to_owned(),
        -32767 => "-1e300".to_owned(),
        -32766 => "inf".to_owned(),
        -32765 => "1e-300".to_owned(),
        -32764 => String::new(),
        -32763 => "one".to_owned(),
        number => (f64::from(number) / 64.0).to_string(),
    };
    pairs.iter().map(text).collect()
}

fn placed(position: &[String], orientation: &[String], spacing: &[String]) -> Option<Instance> {
    of_elements(&[
        (tags::MODALITY, "CT"),
        (tags::IMAGE_POSITION_PATIENT, &position.join("\\")),
        (tags::IMAGE_ORIENTATION_PATIENT, &orientation.join("\\")),
        (tags::PIXEL_SPACING, &spacing.join("\\")),
    ])
}

/// A 16-bit image of 8 × 8 pixels with more elements.
fn of_elements(more: &[(Tag, &str)]) -> Option<Instance> {
    let image = [
        (tags::ROWS, [8, 0]),
        (tags::COLUMNS, [8, 0]),
        (tags::BITS_ALLOCATED, [16, 0]),
        (tags::BITS_STORED, [16, 0]),
    ];
    let image = image.map(|(tag, bytes)| (tag, *b"US", bytes.to_vec()));
    let text = [(tags::PHOTOMETRIC_INTERPRETATION, "MONOCHROME2")];
    let text = text.iter().chain(more);
    let text = text.map(|(tag, text)| (*tag, *b"LO", text.as_bytes().to_vec()));
    parsed(
        image.into_iter().chain(text),
        uids::EXPLICIT_VR_LITTLE_ENDIAN,
    )
}

fn parsed(
    elements: impl Iterator<Item = (Tag, [u8; 2], Vec<u8>)>,
    transfer_syntax: &str,
) -> Option<Instance> {
    let list = elements.map(|(tag, vr, bytes)| Element {
        tag,
        vr: Some(vr),
        value: Value::Bytes(bytes),
    });
    let parsed = Parsed {
        elements: Elements {
            list: list.collect(),
            ..Elements::default()
        },
        transfer_syntax: transfer_syntax.to_owned(),
        pixels: Some(PixelElement {
            tag: tags::PIXEL_DATA,
            vr: Some(*b"OW"),
            offset: 0,
            length: None,
        }),
        overlay_data: Vec::new(),
        source: ByteSource::from_memory(Vec::new()),
        repairs: Vec::new(),
    };
    match header::of_parsed(&path(), parsed) {
        Ok((_, Content::Image(image))) => Some(*image),
        _ => None,
    }
}

fn path() -> SourcePath {
    SourcePath::from(PathBuf::from("fuzzed"))
}

/// Decodes a stream as the frame of a file: rows, columns and the kind of samples in the first
/// three bytes, so that they can be those of the stream.
pub fn stream(transfer_syntax: &str, bytes: &[u8]) {
    let [rows, columns, kind, stream @ ..] = bytes else {
        return;
    };
    let allocated = [8, 16, 32, 16][usize::from(kind & 3)];
    let color = kind & 4 != 0;
    let stored = (kind >> 4) + if allocated == 8 { 1 } else { 9 };
    let elements = [
        (tags::SAMPLES_PER_PIXEL, if color { 3 } else { 1 }),
        (tags::ROWS, *rows),
        (tags::COLUMNS, *columns),
        (tags::BITS_ALLOCATED, allocated),
        (tags::BITS_STORED, stored.min(allocated)),
        (tags::PIXEL_REPRESENTATION, kind >> 3 & 1),
    ];
    let elements = elements.map(|(tag, number)| (tag, *b"US", vec![number, 0]));
    let photometric = if color { "RGB" } else { "MONOCHROME2" };
    let photometric = (
        tags::PHOTOMETRIC_INTERPRETATION,
        *b"CS",
        photometric.as_bytes().to_vec(),
    );
    let all = elements.into_iter().chain([photometric]);
    if let Some(instance) = parsed(all, transfer_syntax) {
        codec::decode(&instance, 0, stream.to_vec()).ok();
    }
}
