//! Stored values → modality values: Modality LUT Sequence or rescale, and the unit (PS3.3 C.11.1,
//! C.7.6.16.2.9).

use std::sync::Arc;

use dicom_dictionary_std::{tags, uids};

use super::elements::{Elements, attribute_name, trimmed};
use super::frames::FrameSource;
use super::{Problem, lookup};
use crate::study::{LookupTable, ModalityLut};

/// Characters of a unit that are kept; the standard's have 16 at most.
const LONGEST_UNIT: usize = 64;

/// What the modality values of all frames of a file rest on.
pub(crate) struct ModalityFacts {
    /// Modality (0008,0060).
    pub modality: String,
    /// Stored values are signed.
    pub signed: bool,
    table: Option<(Arc<LookupTable>, String)>,
    /// Values are for processing only; those shown are the stored ones.
    is_stored: bool,
    /// CT whose rescaled values are HU unless the file says otherwise.
    is_hounsfield: bool,
    /// Units (0054,1001) of PET.
    units: String,
}

impl ModalityFacts {
    /// From the root of a header; a table that cannot be read is an error, because every value
    /// rests on it.
    pub fn of(root: &Elements, signed: bool) -> Result<Self, Problem> {
        let modality = root.code(tags::MODALITY);
        let sop_class = root.code(tags::SOP_CLASS_UID);
        // C.8.7.1.1.2: the table of an X-ray run leads back to intensities; it is not for viewing
        // where the pixels are made for that.
        let is_stored = matches!(
            sop_class.as_str(),
            uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE | uids::X_RAY_RADIOFLUOROSCOPIC_IMAGE_STORAGE
        ) && matches!(
            root.code(tags::PIXEL_INTENSITY_RELATIONSHIP).as_str(),
            "LOG" | "DISP"
        );
        let table = match root.item(tags::MODALITY_LUT_SEQUENCE) {
            Some(item) if !is_stored && !item.list.is_empty() => {
                let unit = item.code(tags::MODALITY_LUT_TYPE);
                Some((Arc::new(lookup::table(item, signed)?), unit))
            }
            _ => None,
        };
        let image_type = root.code(tags::IMAGE_TYPE);
        let localizer = image_type
            .split('\\')
            .any(|word| word.trim() == "LOCALIZER");
        // Screen shots of a CT are secondary captures; their greys are no HU.
        let captured = sop_class.starts_with("1.2.840.10008.5.1.4.1.1.7");
        Ok(Self {
            is_hounsfield: modality == "CT" && !localizer && !captured,
            units: if modality == "PT" {
                root.code(tags::UNITS)
            } else {
                String::new()
            },
            modality,
            signed,
            table,
            is_stored,
        })
    }

    /// The modality LUT of one frame.
    pub fn lut(&self, source: &FrameSource<'_>) -> Result<ModalityLut, Problem> {
        if self.is_stored {
            return Ok(ModalityLut::default());
        }
        if let Some((table, unit)) = &self.table {
            return Ok(ModalityLut {
                unit: self.stated_unit(unit).chars().take(LONGEST_UNIT).collect(),
                table: Some(Arc::clone(table)),
                ..ModalityLut::default()
            });
        }
        let sequence = tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE;
        let read = |tag| match source.holder(sequence, tag, true) {
            Some(holder) => holder.number(tag),
            None => Ok(None),
        };
        let slope = read(tags::RESCALE_SLOPE)?;
        let intercept = read(tags::RESCALE_INTERCEPT)?;
        if slope == Some(0.0) {
            return Err(Problem::Malformed {
                attribute: attribute_name(tags::RESCALE_SLOPE),
                value: "0".to_owned(),
                expected: "a slope of 0 would make all values equal".to_owned(),
            });
        }
        let rescale_type = source
            .holder(sequence, tags::RESCALE_TYPE, true)
            .and_then(|holder| holder.bytes(tags::RESCALE_TYPE))
            // Only the beginning: this is done for each frame.
            .map(|bytes| String::from_utf8_lossy(bytes.get(..LONGEST_UNIT).unwrap_or(bytes)))
            .unwrap_or_default();
        let rescale_type = trimmed(&rescale_type);
        // Without slope and intercept the values are what the detector gave, not HU.
        let rescaled = slope.is_some() || intercept.is_some();
        let unit = match rescale_type {
            "" if self.is_hounsfield && rescaled => "HU",
            "" => self.stated_unit(&self.units),
            stated => self.stated_unit(stated),
        };
        Ok(ModalityLut {
            slope: slope.unwrap_or(1.0),
            intercept: intercept.unwrap_or(0.0),
            unit: unit.chars().take(LONGEST_UNIT).collect(),
            table: None,
        })
    }

    /// A unit as stated, unless it is none: `US` is the standard's word for unspecified, and HU
    /// are of CT only.
    fn stated_unit<'a>(&self, word: &'a str) -> &'a str {
        match word {
            "US" => "",
            "HU" if self.modality != "CT" => "",
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use dicom_object::Tag;

    use super::super::elements::{Element, Value};
    use super::*;

    fn lut(elements: &[(Tag, &str)]) -> ModalityLut {
        let element = |&(tag, text): &(Tag, &str)| Element {
            tag,
            vr: Some(*b"CS"),
            value: Value::Bytes(text.as_bytes().to_vec()),
        };
        let root = Elements {
            list: elements.iter().map(element).collect(),
            big_endian: false,
        };
        let source = FrameSource::of_root(&root);
        ModalityFacts::of(&root, false)
            .unwrap()
            .lut(&source)
            .unwrap()
    }

    #[test]
    fn nothing_but_ct_is_called_hu() {
        const RESCALED: (Tag, &str) = (tags::RESCALE_INTERCEPT, "-1024");
        let unit = |elements: &[(Tag, &str)]| lut(elements).unit;
        let ct = (tags::MODALITY, "CT");
        assert_eq!(unit(&[ct, RESCALED]), "HU");
        assert_eq!(unit(&[ct]), "");
        let localizer = (tags::IMAGE_TYPE, "ORIGINAL\\PRIMARY\\LOCALIZER");
        assert_eq!(unit(&[ct, RESCALED, localizer]), "");
        let hu = (tags::RESCALE_TYPE, "HU");
        assert_eq!(unit(&[ct, RESCALED, localizer, hu]), "HU");
        let capture = (tags::SOP_CLASS_UID, uids::SECONDARY_CAPTURE_IMAGE_STORAGE);
        assert_eq!(unit(&[ct, RESCALED, capture]), "");
        for modality in ["MR", "XA", "PT", "DX"] {
            assert_eq!(unit(&[(tags::MODALITY, modality), RESCALED, hu]), "");
        }
        let us = (tags::RESCALE_TYPE, "US");
        assert_eq!(unit(&[ct, RESCALED, us]), "");
        let pet = (tags::MODALITY, "PT");
        assert_eq!(unit(&[pet, RESCALED, (tags::UNITS, "BQML")]), "BQML");
        let mr = (tags::MODALITY, "MR");
        assert_eq!(unit(&[mr, RESCALED, (tags::RESCALE_TYPE, "MS")]), "MS");
    }

    #[test]
    fn runs_made_for_viewing_are_shown_as_stored() {
        let class = (tags::SOP_CLASS_UID, uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE);
        let slope = (tags::RESCALE_SLOPE, "2");
        let relation = |word| (tags::PIXEL_INTENSITY_RELATIONSHIP, word);
        assert_eq!(lut(&[class, slope, relation("LOG")]).slope, 1.0);
        assert_eq!(lut(&[class, slope, relation("LIN")]).slope, 2.0);
    }
}
