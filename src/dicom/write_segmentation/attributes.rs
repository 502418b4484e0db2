//! Attributes of a segmentation, module by module, but its frames (PS3.3 A.51).

use dicom_core::header::Length;
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::super::cielab::cielab_from_rgb;
use super::super::write_ct::decimal;
use super::{CodedConcept, NewSegment, NewSegmentation};

pub(super) fn text(object: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    object.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

pub(super) fn decimals(object: &mut InMemDicomObject, tag: Tag, values: &[f64]) {
    let values = values.iter().map(|value| decimal(*value)).collect();
    object.put(DataElement::new(tag, VR::DS, PrimitiveValue::Strs(values)));
}

pub(super) fn shorts(object: &mut InMemDicomObject, tag: Tag, values: &[u16]) {
    let values = PrimitiveValue::U16(values.iter().copied().collect());
    object.put(DataElement::new(tag, VR::US, values));
}

pub(super) fn sequence(object: &mut InMemDicomObject, tag: Tag, items: Vec<InMemDicomObject>) {
    object.put(DataElement::new(
        tag,
        VR::SQ,
        DataSetSequence::new(items, Length::UNDEFINED),
    ));
}

/// An item made by `fill`.
pub(super) fn item(fill: impl FnOnce(&mut InMemDicomObject)) -> InMemDicomObject {
    let mut item = InMemDicomObject::new_empty();
    fill(&mut item);
    item
}

/// A code sequence with one item (PS3.3 8.8).
pub(super) fn code(object: &mut InMemDicomObject, tag: Tag, concept: &CodedConcept) {
    sequence(object, tag, vec![code_item(concept)]);
}

fn code_item(concept: &CodedConcept) -> InMemDicomObject {
    item(|item| {
        text(item, tags::CODE_VALUE, VR::SH, &concept.value);
        text(
            item,
            tags::CODING_SCHEME_DESIGNATOR,
            VR::SH,
            &concept.scheme,
        );
        text(item, tags::CODE_MEANING, VR::LO, &concept.meaning);
    })
}

/// Puts everything that is not said of single frames.
pub(super) fn put(object: &mut InMemDicomObject, new: &NewSegmentation<'_>, frames: usize) {
    put_patient_and_study(object, new);
    put_series(object, new);
    put_content(object, new, frames);
    let segments = new.segments.iter().enumerate();
    let items = segments
        .map(|(index, segment)| segment_item(index, segment, new.algorithm))
        .collect();
    sequence(object, tags::SEGMENT_SEQUENCE, items);
}

fn put_patient_and_study(object: &mut InMemDicomObject, new: &NewSegmentation<'_>) {
    let rows = [
        (tags::PATIENT_NAME, VR::PN, new.patient_name),
        (tags::PATIENT_ID, VR::LO, new.patient_id),
        (tags::PATIENT_BIRTH_DATE, VR::DA, new.patient_birth_date),
        (tags::PATIENT_SEX, VR::CS, new.patient_sex),
        (tags::STUDY_INSTANCE_UID, VR::UI, new.study_instance_uid),
        (tags::STUDY_DATE, VR::DA, new.date),
        (tags::STUDY_TIME, VR::TM, new.time),
        (tags::STUDY_ID, VR::SH, new.study_id),
        (tags::STUDY_DESCRIPTION, VR::LO, new.study_description),
        (tags::ACCESSION_NUMBER, VR::SH, ""),
        (tags::REFERRING_PHYSICIAN_NAME, VR::PN, ""),
    ];
    for (tag, vr, value) in rows {
        text(object, tag, vr, value);
    }
}

fn put_series(object: &mut InMemDicomObject, new: &NewSegmentation<'_>) {
    let number = new.series_number.to_string();
    let version = env!("CARGO_PKG_VERSION");
    let rows = [
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
        (tags::MODALITY, VR::CS, "SEG"),
        (tags::SERIES_INSTANCE_UID, VR::UI, new.series_instance_uid),
        (tags::SERIES_NUMBER, VR::IS, &number),
        (tags::SERIES_DATE, VR::DA, new.date),
        (tags::SERIES_TIME, VR::TM, new.time),
        (tags::SERIES_DESCRIPTION, VR::LO, new.series_description),
        (
            tags::FRAME_OF_REFERENCE_UID,
            VR::UI,
            new.frame_of_reference_uid,
        ),
        (tags::POSITION_REFERENCE_INDICATOR, VR::LO, ""),
        (tags::MANUFACTURER, VR::LO, "Stylet"),
        (tags::MANUFACTURER_MODEL_NAME, VR::LO, "Stylet"),
        (tags::DEVICE_SERIAL_NUMBER, VR::LO, "0"),
        (tags::SOFTWARE_VERSIONS, VR::LO, version),
    ];
    for (tag, vr, value) in rows {
        text(object, tag, vr, value);
    }
    let images = new.image_uids.iter().map(|uid| reference(new, uid));
    let series = item(|item| {
        text(
            item,
            tags::SERIES_INSTANCE_UID,
            VR::UI,
            new.image_series_uid,
        );
        sequence(item, tags::REFERENCED_INSTANCE_SEQUENCE, images.collect());
    });
    sequence(object, tags::REFERENCED_SERIES_SEQUENCE, vec![series]);
}

/// A reference to one image.
pub(super) fn reference(new: &NewSegmentation<'_>, uid: &str) -> InMemDicomObject {
    item(|item| {
        text(
            item,
            tags::REFERENCED_SOP_CLASS_UID,
            VR::UI,
            new.image_class_uid,
        );
        text(item, tags::REFERENCED_SOP_INSTANCE_UID, VR::UI, uid);
    })
}

fn put_content(object: &mut InMemDicomObject, new: &NewSegmentation<'_>, frames: usize) {
    let frames = frames.to_string();
    let rows = [
        (tags::SOP_CLASS_UID, VR::UI, uids::SEGMENTATION_STORAGE),
        (tags::SOP_INSTANCE_UID, VR::UI, new.sop_instance_uid),
        (tags::INSTANCE_NUMBER, VR::IS, "1"),
        (tags::CONTENT_DATE, VR::DA, new.date),
        (tags::CONTENT_TIME, VR::TM, new.time),
        (tags::CONTENT_LABEL, VR::CS, new.content_label),
        (tags::CONTENT_DESCRIPTION, VR::LO, new.content_description),
        (tags::CONTENT_CREATOR_NAME, VR::PN, "Stylet"),
        (tags::NUMBER_OF_FRAMES, VR::IS, &frames),
        (tags::SEGMENTATION_TYPE, VR::CS, "BINARY"),
        (tags::LOSSY_IMAGE_COMPRESSION, VR::CS, "00"),
        (tags::BURNED_IN_ANNOTATION, VR::CS, "NO"),
        (tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "MONOCHROME2"),
    ];
    for (tag, vr, value) in rows {
        text(object, tag, vr, value);
    }
    let image_type = ["DERIVED", "PRIMARY"].map(String::from);
    object.put(DataElement::new(
        tags::IMAGE_TYPE,
        VR::CS,
        PrimitiveValue::Strs(image_type.into_iter().collect()),
    ));
    // `check` holds both sides to 16 bits.
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, new.rows as u16),
        (tags::COLUMNS, new.columns as u16),
        (tags::BITS_ALLOCATED, 1),
        (tags::BITS_STORED, 1),
        (tags::HIGH_BIT, 0),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        shorts(object, tag, &[value]);
    }
}

fn segment_item(index: usize, segment: &NewSegment, algorithm: &str) -> InMemDicomObject {
    item(|item| {
        // `check` holds the count to 16 bits.
        shorts(item, tags::SEGMENT_NUMBER, &[index as u16 + 1]);
        text(item, tags::SEGMENT_LABEL, VR::LO, &segment.label);
        text(item, tags::SEGMENT_ALGORITHM_TYPE, VR::CS, "AUTOMATIC");
        text(item, tags::SEGMENT_ALGORITHM_NAME, VR::LO, algorithm);
        code(
            item,
            tags::SEGMENTED_PROPERTY_CATEGORY_CODE_SEQUENCE,
            &segment.category,
        );
        let mut property = code_item(&segment.property_type);
        if let Some(modifier) = &segment.type_modifier {
            code(
                &mut property,
                tags::SEGMENTED_PROPERTY_TYPE_MODIFIER_CODE_SEQUENCE,
                modifier,
            );
        }
        sequence(
            item,
            tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE,
            vec![property],
        );
        let lab = cielab_from_rgb(segment.color);
        shorts(item, tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE, &lab);
    })
}
