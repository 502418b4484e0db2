//! Coded concepts of a header (PS3.3 8.8).

use dicom_dictionary_std::tags;
use dicom_object::Tag;

use super::charset::CharacterSet;
use super::elements::Elements;

/// What a code sequence item says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodedConcept {
    /// Code Value, Long Code Value or URN Code Value.
    pub value: String,
    /// Coding Scheme Designator: `SCT`, `FMA`, `99…`; empty for a URN.
    pub scheme: String,
    /// Code Meaning.
    pub meaning: String,
}

impl CodedConcept {
    /// The first item of a code sequence; `None` where there is none or it holds no code.
    pub(crate) fn of(holder: &Elements, sequence: Tag, charset: &CharacterSet) -> Option<Self> {
        let item = holder.item(sequence)?;
        let values = [
            tags::CODE_VALUE,
            tags::LONG_CODE_VALUE,
            tags::URN_CODE_VALUE,
        ];
        let value = values
            .into_iter()
            .map(|tag| item.code(tag))
            .find(|value| !value.is_empty())?;
        Some(Self {
            value,
            scheme: item.code(tags::CODING_SCHEME_DESIGNATOR),
            meaning: item.text(tags::CODE_MEANING, charset),
        })
    }
}
