//! What all written objects share: the modules of patient, study, series and equipment, and the
//! file around them (PS3.3 C.7.1.1, C.7.2.1, C.7.5.1, C.12.1, PS3.10 7).

use std::path::{Path, PathBuf};

use dicom_core::chrono::Local;
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use thiserror::Error;

use super::atomic_file;
use super::identity::Identity;
use super::uid::is_uid;
use super::value_text::{TextVr, fit};
use super::write_ct::{IMPLEMENTATION_NAME, IMPLEMENTATION_UID};
use crate::study::report::EvidenceSeries;
use crate::study::{InstanceUid, SeriesUid};

/// Why a DICOM object was not written.
#[derive(Debug, Error)]
pub enum WriteObjectError {
    /// Something that must be in it is not, or cannot be what it says.
    #[error("Cannot write {}: {reason}", path.display())]
    Content {
        /// File that was to be written.
        path: PathBuf,
        /// What, and what to do.
        reason: String,
    },
    /// The encoder refuses.
    #[error("{}: the DICOM object cannot be encoded: {message}", path.display())]
    Encode {
        /// File that was to be written.
        path: PathBuf,
        /// What the encoder says.
        message: String,
    },
    /// The file system refuses.
    #[error("Cannot write {}: {source}. Choose a folder you may write to", path.display())]
    File {
        /// File that was to be written.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Date and time as DICOM writes them, in local time as its other dates are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// `YYYYMMDD`.
    pub date: String,
    /// `HHMMSS`.
    pub time: String,
}

impl Moment {
    /// Now.
    pub fn now() -> Self {
        let now = Local::now();
        Self {
            date: now.format("%Y%m%d").to_string(),
            time: now.format("%H%M%S").to_string(),
        }
    }
}

/// The series and the instance that an object becomes.
#[derive(Debug, Clone, PartialEq)]
pub struct NewInstance {
    /// Series Instance UID.
    pub series: SeriesUid,
    /// Series Number (0020,0011).
    pub series_number: u32,
    /// Series Description (0008,103E).
    pub series_description: String,
    /// SOP Instance UID.
    pub instance: InstanceUid,
    /// Instance Number (0020,0013), from 1.
    pub instance_number: u32,
    /// When it is made.
    pub made: Moment,
}

pub(super) type Object = InMemDicomObject;

/// Puts text, cut and cleaned to its representation; other representations as they are.
pub(super) fn text(object: &mut Object, tag: Tag, vr: VR, value: &str) {
    let fitted = match vr {
        VR::LO => fit(TextVr::Lo, value),
        VR::SH => fit(TextVr::Sh, value),
        VR::PN => fit(TextVr::Pn, value),
        VR::ST => fit(TextVr::St, value),
        VR::UT | VR::UC => fit(TextVr::Ut, value),
        VR::DA => fit(TextVr::Da, value),
        VR::TM => fit(TextVr::Tm, value),
        _ => value.to_owned(),
    };
    object.put(DataElement::new(tag, vr, PrimitiveValue::from(fitted)));
}

/// Puts text where there is some.
pub(super) fn text_if_any(object: &mut Object, tag: Tag, vr: VR, value: &str) {
    if !value.trim().is_empty() {
        text(object, tag, vr, value);
    }
}

/// Puts a sequence.
pub(super) fn sequence(object: &mut Object, tag: Tag, items: Vec<Object>) {
    let element: DataElement<Object> = DataElement::new(tag, VR::SQ, DataSetSequence::from(items));
    object.put(element);
}

/// Puts several values, as they are.
pub(super) fn texts(object: &mut Object, tag: Tag, vr: VR, values: &[String]) {
    let values = PrimitiveValue::Strs(values.iter().cloned().collect());
    object.put(DataElement::new(tag, vr, values));
}

/// Says that a picture was computed and no exposure was made: Synthetic Data (0008,001C), and
/// Burned In Annotation (0028,0301) for nothing is written into it.
pub(super) fn put_simulated(object: &mut Object) {
    text(object, tags::SYNTHETIC_DATA, VR::CS, "YES");
    text(object, tags::BURNED_IN_ANNOTATION, VR::CS, "NO");
}

/// Puts what a picture shows and was made from, where programs and where people look for it.
pub(super) fn put_derivation(object: &mut Object, derivation: &str) {
    text(object, tags::DERIVATION_DESCRIPTION, VR::ST, derivation);
    let comment = fit(TextVr::St, derivation);
    text(object, tags::IMAGE_COMMENTS, VR::LT, &comment);
}

/// Most images named as sources of one picture; a picture cut from a volume rests on all slices,
/// which the report lists.
const MOST_SOURCES: usize = 1000;

/// Names the images that a picture was made from, where there are some: Source Image Sequence
/// (0008,2112).
pub(super) fn put_sources(object: &mut Object, sources: &[EvidenceSeries]) {
    let items: Vec<Object> = sources
        .iter()
        .flat_map(|series| &series.images)
        .take(MOST_SOURCES)
        .map(|image| {
            let mut item = Object::new_empty();
            for (tag, value) in [
                (tags::REFERENCED_SOP_CLASS_UID, image.sop_class.as_str()),
                (tags::REFERENCED_SOP_INSTANCE_UID, image.instance.as_str()),
            ] {
                text(&mut item, tag, VR::UI, value);
            }
            item
        })
        .collect();
    if !items.is_empty() {
        sequence(object, tags::SOURCE_IMAGE_SEQUENCE, items);
    }
}

/// Puts the patient and the study. An id that is missing stays empty: it is type 2.
pub(super) fn put_identity(object: &mut Object, identity: &Identity) {
    let sex = fit(TextVr::Cs, &identity.sex);
    let sex = if matches!(sex.as_str(), "M" | "F" | "O") {
        sex
    } else {
        String::new()
    };
    for (tag, vr, value) in [
        (tags::PATIENT_NAME, VR::PN, &identity.patient_name),
        (tags::PATIENT_ID, VR::LO, &identity.patient_id),
        (tags::PATIENT_BIRTH_DATE, VR::DA, &identity.birth_date),
        (tags::PATIENT_SEX, VR::CS, &sex),
        (tags::STUDY_INSTANCE_UID, VR::UI, &identity.study.0),
        (tags::STUDY_DATE, VR::DA, &identity.study_date),
        (tags::STUDY_TIME, VR::TM, &identity.study_time),
        (tags::STUDY_ID, VR::SH, &identity.study_id),
        (tags::ACCESSION_NUMBER, VR::SH, &identity.accession_number),
        (
            tags::REFERRING_PHYSICIAN_NAME,
            VR::PN,
            &identity.referring_physician,
        ),
    ] {
        text(object, tag, vr, value);
    }
    for (tag, vr, value) in [
        (
            tags::ISSUER_OF_PATIENT_ID,
            VR::LO,
            &identity.patient_id_issuer,
        ),
        (tags::STUDY_DESCRIPTION, VR::LO, &identity.study_description),
    ] {
        text_if_any(object, tag, vr, value);
    }
    if !identity.deidentification.is_empty() {
        text(object, tags::PATIENT_IDENTITY_REMOVED, VR::CS, "YES");
        text(
            object,
            tags::DEIDENTIFICATION_METHOD,
            VR::LO,
            &identity.deidentification,
        );
    }
}

/// Puts series, instance, equipment and what every object begins with.
pub(super) fn put_instance(object: &mut Object, new: &NewInstance, sop_class: &str) {
    let series_number = new.series_number.to_string();
    let instance_number = new.instance_number.to_string();
    for (tag, vr, value) in [
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
        (tags::INSTANCE_CREATION_DATE, VR::DA, &new.made.date),
        (tags::INSTANCE_CREATION_TIME, VR::TM, &new.made.time),
        (tags::SOP_CLASS_UID, VR::UI, sop_class),
        (tags::SOP_INSTANCE_UID, VR::UI, new.instance.as_str()),
        (tags::SERIES_DATE, VR::DA, &new.made.date),
        (tags::SERIES_TIME, VR::TM, &new.made.time),
        (tags::CONTENT_DATE, VR::DA, &new.made.date),
        (tags::CONTENT_TIME, VR::TM, &new.made.time),
        (tags::MANUFACTURER, VR::LO, "Stylet"),
        (tags::MANUFACTURER_MODEL_NAME, VR::LO, "Stylet"),
        (tags::DEVICE_SERIAL_NUMBER, VR::LO, "none"),
        (tags::SOFTWARE_VERSIONS, VR::LO, env!("CARGO_PKG_VERSION")),
        (tags::SERIES_INSTANCE_UID, VR::UI, new.series.as_str()),
        (tags::SERIES_NUMBER, VR::IS, &series_number),
        (tags::INSTANCE_NUMBER, VR::IS, &instance_number),
        (tags::SERIES_DESCRIPTION, VR::LO, &new.series_description),
    ] {
        text(object, tag, vr, value);
    }
}

/// Writes the object as a file, explicit VR little endian, completely or not at all.
pub(super) fn save(object: Object, new: &NewInstance, path: &Path) -> Result<(), WriteObjectError> {
    for uid in [new.series.as_str(), new.instance.as_str()] {
        if !is_uid(uid) {
            return Err(WriteObjectError::Content {
                path: path.to_owned(),
                reason: format!("{uid:?} is no UID; make one for each new object"),
            });
        }
    }
    let encode = |message: String| WriteObjectError::Encode {
        path: path.to_owned(),
        message,
    };
    let meta = FileMetaTableBuilder::new()
        .transfer_syntax(uids::EXPLICIT_VR_LITTLE_ENDIAN)
        .implementation_class_uid(IMPLEMENTATION_UID)
        .implementation_version_name(IMPLEMENTATION_NAME);
    let file = object
        .with_meta(meta)
        .map_err(|error| encode(error.to_string()))?;
    let mut bytes = Vec::new();
    file.write_all(&mut bytes)
        .map_err(|error| encode(error.to_string()))?;
    atomic_file::write(path, &bytes).map_err(|source| WriteObjectError::File {
        path: path.to_owned(),
        source,
    })
}
