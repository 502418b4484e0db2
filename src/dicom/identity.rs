//! Whose study a file belongs to: the attributes that every object of the study repeats.

use std::fmt;
use std::path::Path;

use dicom_dictionary_std::tags;
use dicom_object::Tag;

use super::charset::CharacterSet;
use super::elements::{Elements, attribute_name};
use super::parse;
use super::source::ByteSource;
use super::uid::new_uid;
use super::wanted::Wanted;
use super::{DicomError, Problem};
use crate::study::{FrameOfReferenceUid, SeriesUid, StudyUid};

/// Patient and study as a source image states them. `Debug` does not print it, so that no log can.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    /// Patient's Name (0010,0010), groups separated by `=`, components by `^`.
    pub patient_name: String,
    /// Patient ID (0010,0020).
    pub patient_id: String,
    /// Issuer of Patient ID (0010,0021).
    pub patient_id_issuer: String,
    /// Patient's Birth Date (0010,0030), as written.
    pub birth_date: String,
    /// Patient's Sex (0010,0040), as written.
    pub sex: String,
    /// Why the patient is not named: De-identification Method (0012,0063), where Patient Identity
    /// Removed (0012,0062) is YES. Empty where the file says nothing of the kind.
    pub deidentification: String,
    /// Study Instance UID (0020,000D). Never empty.
    pub study: StudyUid,
    /// Study Date (0008,0020), as written.
    pub study_date: String,
    /// Study Time (0008,0030), as written.
    pub study_time: String,
    /// Study ID (0020,0010).
    pub study_id: String,
    /// Accession Number (0008,0050).
    pub accession_number: String,
    /// Referring Physician's Name (0008,0090).
    pub referring_physician: String,
    /// Study Description (0008,1030).
    pub study_description: String,
    /// Series Instance UID (0020,000E) of the source.
    pub series: SeriesUid,
    /// Modality (0008,0060) of the source.
    pub modality: String,
    /// Body Part Examined (0018,0015) of the source.
    pub body_part: String,
    /// Laterality (0020,0060) of the source: `L`, `R` or empty.
    pub laterality: String,
    /// Frame of Reference UID (0020,0052) of the source.
    pub frame_of_reference: Option<FrameOfReferenceUid>,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// What stands in place of a patient's name.
pub const ANONYMOUS_NAME: &str = "ANONYMOUS";
/// What De-identification Method says of an anonymous export.
const METHOD: &str = "Stylet: patient, dates and texts removed, UIDs kept";

impl Identity {
    /// A study of which nothing else is known.
    pub fn of_study(study: StudyUid) -> Self {
        Self {
            patient_name: String::new(),
            patient_id: String::new(),
            patient_id_issuer: String::new(),
            birth_date: String::new(),
            sex: String::new(),
            deidentification: String::new(),
            study,
            study_date: String::new(),
            study_time: String::new(),
            study_id: String::new(),
            accession_number: String::new(),
            referring_physician: String::new(),
            study_description: String::new(),
            series: SeriesUid(String::new()),
            modality: String::new(),
            body_part: String::new(),
            laterality: String::new(),
            frame_of_reference: None,
        }
    }

    /// The same study without the person: name and id replaced, everything else that may tell who
    /// it is emptied. UIDs stay, so that what is exported still joins its images; PS3.15 E calls
    /// that the Retain UIDs option. Call it once for all files that belong together: each call
    /// makes another id.
    pub fn anonymous(&self) -> Self {
        let unique = new_uid();
        let digits = unique.len().saturating_sub(12);
        let id = format!("ANON-{}", unique.get(digits..).unwrap_or_default());
        Self {
            patient_name: ANONYMOUS_NAME.to_owned(),
            patient_id: id,
            deidentification: METHOD.to_owned(),
            series: self.series.clone(),
            modality: self.modality.clone(),
            body_part: self.body_part.clone(),
            laterality: self.laterality.clone(),
            frame_of_reference: self.frame_of_reference.clone(),
            ..Self::of_study(self.study.clone())
        }
    }

    /// Words of three letters or more that tell who the patient is: parts of the name, the id and
    /// the accession number, in lower case.
    pub fn telling_words(&self) -> Vec<String> {
        [
            &self.patient_name,
            &self.patient_id,
            &self.accession_number,
            &self.birth_date,
        ]
        .into_iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| word.chars().count() >= 3)
        .map(str::to_lowercase)
        .collect()
    }

    pub(super) fn of(header: &Elements) -> Result<Self, Problem> {
        let charset = CharacterSet::of(header);
        let name = |tag| charset.decode(header.bytes(tag).unwrap_or_default(), true);
        let text = |tag| header.text(tag, &charset);
        let study = StudyUid::new(&header.code(tags::STUDY_INSTANCE_UID));
        if study.as_str().is_empty() {
            return Err(Problem::Missing(attribute_name(tags::STUDY_INSTANCE_UID)));
        }
        let removed = header.code(tags::PATIENT_IDENTITY_REMOVED) == "YES";
        let method = text(tags::DEIDENTIFICATION_METHOD);
        let frame = header.code(tags::FRAME_OF_REFERENCE_UID);
        Ok(Self {
            patient_name: name(tags::PATIENT_NAME),
            patient_id: text(tags::PATIENT_ID),
            patient_id_issuer: text(tags::ISSUER_OF_PATIENT_ID),
            birth_date: header.code(tags::PATIENT_BIRTH_DATE),
            sex: header.code(tags::PATIENT_SEX),
            deidentification: match (removed, method.is_empty()) {
                (false, _) => String::new(),
                (true, true) => "As in the source images".to_owned(),
                (true, false) => method,
            },
            study,
            study_date: header.code(tags::STUDY_DATE),
            study_time: header.code(tags::STUDY_TIME),
            study_id: text(tags::STUDY_ID),
            accession_number: text(tags::ACCESSION_NUMBER),
            referring_physician: name(tags::REFERRING_PHYSICIAN_NAME),
            study_description: text(tags::STUDY_DESCRIPTION),
            series: SeriesUid::new(&header.code(tags::SERIES_INSTANCE_UID)),
            modality: header.code(tags::MODALITY),
            body_part: header.code(tags::BODY_PART_EXAMINED),
            laterality: header.code(tags::LATERALITY),
            frame_of_reference: Some(frame)
                .filter(|uid| !uid.is_empty())
                .map(|uid| FrameOfReferenceUid::new(&uid)),
        })
    }
}

/// Whether [`Identity`] is made of an attribute.
pub(super) fn is_identifying(tag: Tag) -> bool {
    matches!(
        tag,
        tags::SPECIFIC_CHARACTER_SET
            | tags::PATIENT_NAME
            | tags::PATIENT_ID
            | tags::ISSUER_OF_PATIENT_ID
            | tags::PATIENT_BIRTH_DATE
            | tags::PATIENT_SEX
            | tags::PATIENT_IDENTITY_REMOVED
            | tags::DEIDENTIFICATION_METHOD
            | tags::STUDY_INSTANCE_UID
            | tags::STUDY_DATE
            | tags::STUDY_TIME
            | tags::STUDY_ID
            | tags::ACCESSION_NUMBER
            | tags::REFERRING_PHYSICIAN_NAME
            | tags::STUDY_DESCRIPTION
            | tags::SERIES_INSTANCE_UID
            | tags::MODALITY
            | tags::BODY_PART_EXAMINED
            | tags::LATERALITY
            | tags::FRAME_OF_REFERENCE_UID
    )
}

/// Reads whose study a file of any kind belongs to.
pub fn read(path: &Path) -> Result<Identity, DicomError> {
    const IDENTITY: Wanted = Wanted {
        value: is_identifying,
        sequence: |_| false,
        longest_value: 1 << 20,
    };
    let parsed = ByteSource::open(path)
        .map_err(Problem::from)
        .and_then(|source| parse::parse_wanted(source, IDENTITY))
        .and_then(|parsed| Identity::of(&parsed.elements));
    parsed.map_err(|problem| DicomError::File {
        path: path.to_owned(),
        problem,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anonymous_study_keeps_its_uids_and_nothing_of_the_person() {
        let named = Identity {
            patient_name: "Doe^Jane".to_owned(),
            patient_id: "P-0815".to_owned(),
            patient_id_issuer: "Hospital".to_owned(),
            birth_date: "19700101".to_owned(),
            sex: "F".to_owned(),
            study_date: "20260101".to_owned(),
            study_id: "S".to_owned(),
            accession_number: "ACC1".to_owned(),
            referring_physician: "Smith".to_owned(),
            study_description: "Spine of Doe".to_owned(),
            series: SeriesUid::new("2.25.2"),
            frame_of_reference: Some(FrameOfReferenceUid::new("2.25.3")),
            ..Identity::of_study(StudyUid::new("2.25.1"))
        };
        let hidden = named.anonymous();
        assert!(hidden.patient_id.starts_with("ANON-"));
        assert_ne!(hidden.patient_id, named.anonymous().patient_id);
        let wanted = Identity {
            patient_name: ANONYMOUS_NAME.to_owned(),
            patient_id: hidden.patient_id.clone(),
            deidentification: METHOD.to_owned(),
            series: SeriesUid::new("2.25.2"),
            frame_of_reference: Some(FrameOfReferenceUid::new("2.25.3")),
            ..Identity::of_study(StudyUid::new("2.25.1"))
        };
        assert!(hidden == wanted);
        assert_eq!(
            named.telling_words(),
            ["doe", "jane", "0815", "acc1", "19700101"]
        );
        assert_eq!(format!("{named:?}"), "<redacted>");
    }
}
