//! Writes colour pictures as Secondary Capture images (PS3.3 A.8.1), one file each.

use std::path::Path;

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};

use super::identity::Identity;
use super::value_text::{TextVr, fit};
use super::write_object::{
    NewInstance, Object, WriteObjectError, put_identity, put_instance, put_sources, save, text,
    text_if_any,
};
use crate::study::report::EvidenceSeries;

/// A picture to write.
#[derive(Debug, Clone, Copy)]
pub struct SecondaryCapture<'a> {
    /// Patient and study it belongs to.
    pub identity: &'a Identity,
    /// What it becomes.
    pub new: &'a NewInstance,
    /// Columns and rows.
    pub size: [usize; 2],
    /// Red, green and blue, 8 bits each, pixel by pixel, row by row.
    pub rgb: &'a [u8],
    /// Whether text in the picture may tell who the patient is: Burned In Annotation (0028,0301).
    pub tells_patient: bool,
    /// What it shows and what it was made from: Derivation Description (0008,2111).
    pub derivation: &'a str,
    /// The images it was made from; may be empty.
    pub sources: &'a [EvidenceSeries],
}

/// Body parts that have no side (PS3.16 annex L), for which Laterality must not be asked.
const UNPAIRED: [&str; 12] = [
    "SPINE",
    "SACRUM",
    "COCCYX",
    "ABDOMEN",
    "PELVIS",
    "CHEST",
    "NECK",
    "HEAD",
    "SKULL",
    "BRAIN",
    "THORAX",
    "WHOLEBODY",
];

/// Writes a picture.
pub fn write_secondary_capture(
    picture: &SecondaryCapture<'_>,
    path: &Path,
) -> Result<(), WriteObjectError> {
    check(picture).map_err(|reason| WriteObjectError::Content {
        path: path.to_owned(),
        reason,
    })?;
    let mut object = Object::new_empty();
    put_identity(&mut object, picture.identity);
    let class = uids::SECONDARY_CAPTURE_IMAGE_STORAGE;
    put_instance(&mut object, picture.new, class);
    put_description(&mut object, picture);
    put_pixels(&mut object, picture);
    save(object, picture.new, path)
}

fn check(picture: &SecondaryCapture<'_>) -> Result<(), String> {
    if picture.identity.study.as_str().is_empty() {
        return Err("it has no Study Instance UID; open the images it belongs to".to_owned());
    }
    let [columns, rows] = picture.size;
    let side = |count: usize| (1..=usize::from(u16::MAX)).contains(&count);
    let bytes = columns.saturating_mul(rows).saturating_mul(3);
    if !side(columns) || !side(rows) || bytes != picture.rgb.len() {
        return Err(format!(
            "a picture of {columns} x {rows} pixels cannot be made of {} bytes",
            picture.rgb.len()
        ));
    }
    Ok(())
}

fn put_description(object: &mut Object, picture: &SecondaryCapture<'_>) {
    let made = &picture.new.made;
    let burned_in = if picture.tells_patient { "YES" } else { "NO" };
    for (tag, vr, value) in [
        (tags::MODALITY, VR::CS, "OT"),
        (tags::CONVERSION_TYPE, VR::CS, "WSD"),
        (tags::BURNED_IN_ANNOTATION, VR::CS, burned_in),
        (tags::DERIVATION_DESCRIPTION, VR::ST, picture.derivation),
        (tags::DATE_OF_SECONDARY_CAPTURE, VR::DA, &made.date),
        (tags::TIME_OF_SECONDARY_CAPTURE, VR::TM, &made.time),
        (
            tags::SECONDARY_CAPTURE_DEVICE_MANUFACTURER,
            VR::LO,
            "Stylet",
        ),
        // Type 2C: the picture says its directions itself, or has none.
        (tags::PATIENT_ORIENTATION, VR::CS, ""),
    ] {
        text(object, tag, vr, value);
    }
    let kinds = ["DERIVED", "SECONDARY"].map(String::from);
    let kinds = PrimitiveValue::Strs(kinds.into_iter().collect());
    object.put(DataElement::new(tags::IMAGE_TYPE, VR::CS, kinds));
    put_body_part(object, picture.identity);
    put_sources(object, picture.sources);
}

/// Laterality is type 2C: it must be there, if only empty, where the body part is paired or where
/// nothing says that it is not.
fn put_body_part(object: &mut Object, identity: &Identity) {
    let body_part = fit(TextVr::Cs, &identity.body_part);
    text_if_any(object, tags::BODY_PART_EXAMINED, VR::CS, &body_part);
    let unpaired = UNPAIRED.iter().any(|part| body_part.contains(part));
    if !unpaired {
        let side = match identity.laterality.as_str() {
            side @ ("L" | "R") => side,
            _ => "",
        };
        text(object, tags::LATERALITY, VR::CS, side);
    }
}

fn put_pixels(object: &mut Object, picture: &SecondaryCapture<'_>) {
    let [columns, rows] = picture.size;
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 3),
        (tags::PLANAR_CONFIGURATION, 0),
        (tags::ROWS, rows as u16),
        (tags::COLUMNS, columns as u16),
        (tags::BITS_ALLOCATED, 8),
        (tags::BITS_STORED, 8),
        (tags::HIGH_BIT, 7),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        let value = PrimitiveValue::from(value);
        object.put(DataElement::new(tag, VR::US, value));
    }
    text(object, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, "RGB");
    let mut bytes = picture.rgb.to_vec();
    // Values have an even length (PS3.5 8.1.1).
    if bytes.len() % 2 == 1 {
        bytes.push(0);
    }
    let pixels = PrimitiveValue::U8(bytes.into());
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OB, pixels));
}
