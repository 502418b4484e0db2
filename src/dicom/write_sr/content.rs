//! Content items of a report as data elements (PS3.3 C.17.3, C.18).

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::tags;

use crate::dicom::value_text::decimal_string;
use crate::dicom::write_object::{Object, sequence, text};
use crate::study::report::{Code, ContentItem, ContentValue, Graphic3d};

/// Longest Code Value; longer ones go into Long Code Value (PS3.3 8.1).
const LONGEST_CODE_VALUE: usize = 16;

/// What would make an item that no reader understands.
pub(super) fn check(item: &ContentItem) -> Result<(), String> {
    let name = || match &item.concept {
        Some(concept) => concept.meaning.to_string(),
        None => "an item without a name".to_owned(),
    };
    match &item.value {
        ContentValue::Number { value, unit } => {
            if value.is_some_and(|value| !value.is_finite()) {
                return Err(format!("{} is not a finite number", name()));
            }
            if value.is_some() && unit.is_none() {
                return Err(format!("{} has no unit", name()));
            }
        }
        ContentValue::Coordinates3d {
            points,
            frame_of_reference,
            ..
        } => {
            let reach = |point: &crate::geometry::Point<_>| {
                point.is_finite() && point.0.abs().max_element() < f64::from(f32::MAX)
            };
            if points.is_empty() || !points.iter().all(reach) {
                return Err(format!("{} is not placed", name()));
            }
            if frame_of_reference.as_str().is_empty() {
                return Err(format!(
                    "{} has no Frame of Reference UID; open the images the plan was drawn on",
                    name()
                ));
            }
        }
        ContentValue::Coordinates2d | ContentValue::Other(_) => {
            return Err(format!("{} has a value that is not written", name()));
        }
        _ => {}
    }
    item.children.iter().try_for_each(check)
}

/// Puts an item, or the root of the document, and all in it.
pub(super) fn put(object: &mut Object, item: &ContentItem) {
    if let Some(relationship) = item.relationship {
        let term = relationship.term();
        text(object, tags::RELATIONSHIP_TYPE, VR::CS, term);
    }
    if let Some(concept) = &item.concept {
        put_code(object, tags::CONCEPT_NAME_CODE_SEQUENCE, concept);
    }
    put_value(object, &item.value);
    if !item.children.is_empty() {
        let children = item.children.iter().map(|child| {
            let mut object = Object::new_empty();
            put(&mut object, child);
            object
        });
        sequence(object, tags::CONTENT_SEQUENCE, children.collect());
    }
}

fn put_code(object: &mut Object, tag: Tag, code: &Code) {
    let mut item = Object::new_empty();
    if code.value.len() > LONGEST_CODE_VALUE {
        text(&mut item, tags::LONG_CODE_VALUE, VR::UC, &code.value);
    } else {
        text(&mut item, tags::CODE_VALUE, VR::SH, &code.value);
    }
    let scheme = &code.scheme;
    text(&mut item, tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme);
    text(&mut item, tags::CODE_MEANING, VR::LO, &code.meaning);
    sequence(object, tag, vec![item]);
}

/// One item of a Referenced SOP Sequence.
pub(super) fn referenced(sop_class: &str, instance: &str) -> Object {
    let mut item = Object::new_empty();
    for (tag, value) in [
        (tags::REFERENCED_SOP_CLASS_UID, sop_class),
        (tags::REFERENCED_SOP_INSTANCE_UID, instance),
    ] {
        text(&mut item, tag, VR::UI, value);
    }
    item
}

fn put_value(object: &mut Object, value: &ContentValue) {
    let (value_type, tag, vr, written) = match value {
        ContentValue::Text(written) => ("TEXT", tags::TEXT_VALUE, VR::UT, written),
        ContentValue::PersonName(written) => ("PNAME", tags::PERSON_NAME, VR::PN, written),
        ContentValue::Uid(written) => ("UIDREF", tags::UID, VR::UI, written),
        ContentValue::Container { template } => {
            text(object, tags::CONTINUITY_OF_CONTENT, VR::CS, "CONTINUOUS");
            if let Some(template) = template {
                let mut item = Object::new_empty();
                text(&mut item, tags::MAPPING_RESOURCE, VR::CS, "DCMR");
                text(&mut item, tags::TEMPLATE_IDENTIFIER, VR::CS, template);
                sequence(object, tags::CONTENT_TEMPLATE_SEQUENCE, vec![item]);
            }
            return put_type(object, "CONTAINER");
        }
        ContentValue::Code(code) => {
            put_code(object, tags::CONCEPT_CODE_SEQUENCE, code);
            return put_type(object, "CODE");
        }
        ContentValue::Number { value, unit } => {
            return put_number(object, *value, unit.as_ref());
        }
        ContentValue::Reference {
            sop_class,
            instance,
        } => {
            let item = referenced(sop_class, instance.as_str());
            sequence(object, tags::REFERENCED_SOP_SEQUENCE, vec![item]);
            return put_type(object, "IMAGE");
        }
        ContentValue::Coordinates3d {
            graphic,
            points,
            frame_of_reference,
        } => {
            let graphic = graphic.unwrap_or(Graphic3d::Multipoint).term();
            text(object, tags::GRAPHIC_TYPE, VR::CS, graphic);
            let uid = frame_of_reference.as_str();
            let tag = tags::REFERENCED_FRAME_OF_REFERENCE_UID;
            text(object, tag, VR::UI, uid);
            let numbers: Vec<f32> = points
                .iter()
                .flat_map(|point| point.to_array())
                .map(|coordinate| coordinate as f32)
                .collect();
            let numbers = PrimitiveValue::F32(numbers.into());
            object.put(DataElement::new(tags::GRAPHIC_DATA, VR::FL, numbers));
            return put_type(object, "SCOORD3D");
        }
        // `check` has refused them.
        ContentValue::Coordinates2d | ContentValue::Other(_) => return,
    };
    text(object, tag, vr, written);
    put_type(object, value_type);
}

fn put_type(object: &mut Object, value_type: &str) {
    text(object, tags::VALUE_TYPE, VR::CS, value_type);
}

/// A number as text of 16 characters and, so that nothing is lost, as a double
/// (PS3.3 C.18.1: Floating Point Value).
fn put_number(object: &mut Object, value: Option<f64>, unit: Option<&Code>) {
    put_type(object, "NUM");
    let mut item = Object::new_empty();
    if let (Some(value), Some(unit)) = (value, unit) {
        let written = decimal_string(value);
        text(&mut item, tags::NUMERIC_VALUE, VR::DS, &written);
        if written.parse() != Ok(value) {
            let exact = PrimitiveValue::from(value);
            item.put(DataElement::new(tags::FLOATING_POINT_VALUE, VR::FD, exact));
        }
        put_code(&mut item, tags::MEASUREMENT_UNITS_CODE_SEQUENCE, unit);
        sequence(object, tags::MEASURED_VALUE_SEQUENCE, vec![item]);
    } else {
        sequence(object, tags::MEASURED_VALUE_SEQUENCE, Vec::new());
    }
}
