//! Objects without pixel data: told apart, named, and listed with what they are about.

use dicom_core::dictionary::UidDictionary as _;
use dicom_dictionary_std::{sop_class, tags, uids};

use super::Problem;
use super::charset::CharacterSet;
use super::elements::{Elements, Value};
use super::header::{Content, Facts};
use crate::study::{
    FrameOfReferenceUid, InstanceUid, ObjectKind, OtherObject, SeriesUid, SourcePath,
};

/// What a file without pixel data is. An image that lost them is a problem of its file.
pub(crate) fn content(
    path: &SourcePath,
    header: &Elements,
    facts: &Facts,
    charset: &CharacterSet,
) -> Result<Content, Problem> {
    let sop_class = header.code(tags::SOP_CLASS_UID);
    let is_index = sop_class == uids::MEDIA_STORAGE_DIRECTORY_STORAGE
        || header.get(tags::DIRECTORY_RECORD_SEQUENCE).is_some();
    if is_index {
        return Ok(Content::Index);
    }
    let standard = standard_name(&sop_class);
    let kind = match ObjectKind::of(&sop_class) {
        Some(kind) => kind,
        None if standard.is_none() && !sop_class.is_empty() => ObjectKind::Other,
        None => return Err(without_pixels(&sop_class, header)),
    };
    // Text and presentation objects have no Rows.
    if header.get(tags::ROWS).is_some() && (kind.needs_pixels() || kind == ObjectKind::RtDose) {
        return Err(without_pixels(&sop_class, header));
    }
    Ok(Content::Object(Box::new(OtherObject {
        kind,
        type_name: type_name(kind, standard),
        title: title(header, charset),
        path: path.clone(),
        uid: InstanceUid::new(&header.code(tags::SOP_INSTANCE_UID)),
        sop_class,
        series_uid: facts.series_uid.clone(),
        series_number: facts.series_number,
        series_description: facts.series_description.clone(),
        modality: facts.modality.clone(),
        frame_of_reference: frame_of_reference(header),
        referenced_series: referenced_series(header),
    })))
}

fn without_pixels(sop_class: &str, header: &Elements) -> Problem {
    let known = standard_name(sop_class);
    let name = match known {
        Some(name) => name,
        None if sop_class.is_empty() => "object without SOP Class UID",
        None => sop_class,
    };
    if known.is_some() || header.get(tags::ROWS).is_some() {
        return Problem::NoPixelData(format!("{name}, which should have some; copy it again"));
    }
    Problem::NoPixelData(name.to_owned())
}

/// Name of a SOP class of the standard.
fn standard_name(uid: &str) -> Option<&'static str> {
    sop_class::StandardSopClassDictionary
        .by_uid(uid)
        .map(|entry| entry.name)
}

/// Kind and variant in words.
fn type_name(kind: ObjectKind, standard: Option<&str>) -> String {
    let Some(standard) = standard else {
        return kind.name().to_owned();
    };
    let variant = ["(Retired)", "- Trial", "Storage"]
        .into_iter()
        .fold(standard, |name, end| {
            name.trim_end().strip_suffix(end).unwrap_or(name)
        })
        .trim();
    match kind {
        ObjectKind::StructuredReport => format!("{}: {variant}", kind.name()),
        ObjectKind::PresentationState => {
            let variant = variant
                .strip_suffix("Presentation State")
                .unwrap_or(variant);
            format!("{}: {}", kind.name(), variant.trim_end())
        }
        ObjectKind::KeyObjects
        | ObjectKind::Segmentation
        | ObjectKind::RtStructureSet
        | ObjectKind::RtDose
        | ObjectKind::RawData => kind.name().to_owned(),
        _ => variant.to_owned(),
    }
}

/// The object's own title, the first of those that its kind has.
fn title(header: &Elements, charset: &CharacterSet) -> String {
    let of = |tag| Some(header.text(tag, charset)).filter(|text: &String| !text.is_empty());
    let concept = || {
        let name = header.item(tags::CONCEPT_NAME_CODE_SEQUENCE)?;
        Some(name.text(tags::CODE_MEANING, charset)).filter(|text| !text.is_empty())
    };
    of(tags::DOCUMENT_TITLE)
        .or_else(|| of(tags::STRUCTURE_SET_LABEL))
        .or_else(|| of(tags::RT_PLAN_LABEL))
        .or_else(|| of(tags::CONTENT_DESCRIPTION))
        .or_else(|| of(tags::CONTENT_LABEL))
        .or_else(concept)
        .unwrap_or_default()
}

/// Frame of Reference UID, of a structure set that of its references (PS3.3 C.8.8.5).
fn frame_of_reference(header: &Elements) -> Option<FrameOfReferenceUid> {
    let of = |elements: &Elements| {
        Some(elements.code(tags::FRAME_OF_REFERENCE_UID)).filter(|uid| !uid.is_empty())
    };
    of(header)
        .or_else(|| of(header.item(tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE)?))
        .map(|uid| FrameOfReferenceUid::new(&uid))
}

/// Series Instance UIDs in the sequences of references, each once.
pub(crate) fn referenced_series(header: &Elements) -> Vec<SeriesUid> {
    fn collect(elements: &Elements, found: &mut Vec<SeriesUid>) {
        for element in &elements.list {
            let Value::Items(items) = &element.value else {
                continue;
            };
            for item in items {
                let uid = SeriesUid::new(&item.code(tags::SERIES_INSTANCE_UID));
                if !uid.as_str().is_empty() && !found.contains(&uid) {
                    found.push(uid);
                }
                collect(item, found);
            }
        }
    }
    let mut found = Vec::new();
    collect(header, &mut found);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_named_as_people_name_them() {
        for (uid, name) in [
            (
                uids::BASIC_TEXT_SR_STORAGE,
                "Structured report: Basic Text SR",
            ),
            (
                uids::GRAYSCALE_SOFTCOPY_PRESENTATION_STATE_STORAGE,
                "Presentation state: Grayscale Softcopy",
            ),
            (
                uids::KEY_OBJECT_SELECTION_DOCUMENT_STORAGE,
                "Key object selection",
            ),
            (uids::SEGMENTATION_STORAGE, "Segmentation"),
            (uids::RT_STRUCTURE_SET_STORAGE, "RT structure set"),
            (uids::RT_PLAN_STORAGE, "RT Plan"),
            (uids::ENCAPSULATED_PDF_STORAGE, "Encapsulated PDF"),
            (uids::ENCAPSULATED_STL_STORAGE, "Encapsulated STL"),
            ("1.2.840.10008.5.1.4.1.1.9.1.1", "12-lead ECG Waveform"),
            (uids::SPATIAL_REGISTRATION_STORAGE, "Spatial Registration"),
            (uids::RAW_DATA_STORAGE, "Raw data"),
            ("1.2.840.10008.5.1.4.1.1.88.1", "Structured report: Text SR"),
        ] {
            let kind = ObjectKind::of(uid).unwrap();
            assert_eq!(type_name(kind, standard_name(uid)), name, "{uid}");
        }
        assert_eq!(type_name(ObjectKind::Other, None), "Other object");
    }
}
