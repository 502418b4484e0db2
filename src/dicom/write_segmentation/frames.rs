//! Functional groups of a segmentation: where frames lie, what they are of and come from
//! (PS3.3 C.7.6.16, C.8.20.3).

use dicom_core::value::PrimitiveValue;
use dicom_core::{DataElement, Tag, VR};
use dicom_dictionary_std::tags;
use dicom_object::InMemDicomObject;

use super::attributes::{code, decimals, item, reference, sequence, shorts, text};
use super::{CodedConcept, FramePlace, NewSegmentation};

/// Puts dimensions, shared and per-frame functional groups.
pub(super) fn put(object: &mut InMemDicomObject, new: &NewSegmentation<'_>, places: &[FramePlace]) {
    put_dimensions(object, new);
    let [column_mm, row_mm, slice_mm] = new.spacing_mm;
    let shared = item(|group| {
        let measures = item(|item| {
            decimals(item, tags::SLICE_THICKNESS, &[slice_mm]);
            decimals(item, tags::SPACING_BETWEEN_SLICES, &[slice_mm]);
            decimals(item, tags::PIXEL_SPACING, &[row_mm, column_mm]);
        });
        let orientation = item(|item| {
            let (x, y) = (new.column_direction, new.row_direction);
            let cosines = [x.x, x.y, x.z, y.x, y.y, y.z];
            decimals(item, tags::IMAGE_ORIENTATION_PATIENT, &cosines);
        });
        sequence(group, tags::PIXEL_MEASURES_SEQUENCE, vec![measures]);
        sequence(group, tags::PLANE_ORIENTATION_SEQUENCE, vec![orientation]);
    });
    sequence(
        object,
        tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
        vec![shared],
    );
    let frames = places.iter().map(|&place| frame(new, place)).collect();
    sequence(object, tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, frames);
}

/// Frames vary by segment, then by position (PS3.3 C.7.6.17).
fn put_dimensions(object: &mut InMemDicomObject, new: &NewSegmentation<'_>) {
    let organization = |item: &mut InMemDicomObject| {
        text(
            item,
            tags::DIMENSION_ORGANIZATION_UID,
            VR::UI,
            new.dimension_organization_uid,
        );
    };
    sequence(
        object,
        tags::DIMENSION_ORGANIZATION_SEQUENCE,
        vec![item(organization)],
    );
    let index = |pointer: Tag, group: Tag, label: &str| {
        item(|item| {
            organization(item);
            for (tag, value) in [
                (tags::DIMENSION_INDEX_POINTER, pointer),
                (tags::FUNCTIONAL_GROUP_POINTER, group),
            ] {
                let value = PrimitiveValue::Tags(std::iter::once(value).collect());
                item.put(DataElement::new(tag, VR::AT, value));
            }
            text(item, tags::DIMENSION_DESCRIPTION_LABEL, VR::LO, label);
        })
    };
    let dimensions = vec![
        index(
            tags::REFERENCED_SEGMENT_NUMBER,
            tags::SEGMENT_IDENTIFICATION_SEQUENCE,
            "Segment Number",
        ),
        index(
            tags::IMAGE_POSITION_PATIENT,
            tags::PLANE_POSITION_SEQUENCE,
            "Image Position (Patient)",
        ),
    ];
    sequence(object, tags::DIMENSION_INDEX_SEQUENCE, dimensions);
}

fn frame(new: &NewSegmentation<'_>, (segment, slice): FramePlace) -> InMemDicomObject {
    let number = segment as u16 + 1;
    let position = new.origin_lps_mm + new.slice_direction * (slice as f64 * new.spacing_mm[2]);
    let content = item(|item| {
        let indices = [u32::from(number), slice as u32 + 1];
        item.put(DataElement::new(
            tags::DIMENSION_INDEX_VALUES,
            VR::UL,
            PrimitiveValue::U32(indices.into_iter().collect()),
        ));
    });
    let place = item(|item| {
        decimals(item, tags::IMAGE_POSITION_PATIENT, &position.to_array());
    });
    let segment = item(|item| shorts(item, tags::REFERENCED_SEGMENT_NUMBER, &[number]));
    item(|group| {
        sequence(group, tags::FRAME_CONTENT_SEQUENCE, vec![content]);
        sequence(group, tags::PLANE_POSITION_SEQUENCE, vec![place]);
        sequence(group, tags::SEGMENT_IDENTIFICATION_SEQUENCE, vec![segment]);
        if let Some(uid) = new.image_uids.get(slice) {
            sequence(
                group,
                tags::DERIVATION_IMAGE_SEQUENCE,
                vec![derivation(new, uid)],
            );
        }
    })
}

/// The image that a frame was drawn on.
fn derivation(new: &NewSegmentation<'_>, uid: &str) -> InMemDicomObject {
    let dcm = |value: &str, meaning: &str| CodedConcept {
        value: value.to_owned(),
        scheme: "DCM".to_owned(),
        meaning: meaning.to_owned(),
    };
    let mut source = reference(new, uid);
    // PS3.16 CID 7202 and CID 7203.
    code(
        &mut source,
        tags::PURPOSE_OF_REFERENCE_CODE_SEQUENCE,
        &dcm("121322", "Source image for image processing operation"),
    );
    item(|item| {
        sequence(item, tags::SOURCE_IMAGE_SEQUENCE, vec![source]);
        code(
            item,
            tags::DERIVATION_CODE_SEQUENCE,
            &dcm("113076", "Segmentation"),
        );
    })
}
