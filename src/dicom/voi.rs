//! How a header asks to show its values: windows, VOI LUT tables, polarity (PS3.3 C.11.2, C.11.6).
//! All of it is for display only: what is malformed is left out.

use std::sync::Arc;

use dicom_dictionary_std::tags;

use super::charset::CharacterSet;
use super::elements::{Elements, trimmed};
use super::lookup;
use crate::study::{ModalityLut, Photometric, VoiFunction, VoiLut, WindowLevel};

/// Windows, and tables, of one header that are offered; real ones have a handful.
const MOST_LOOKS: usize = 64;

/// Usable windows, then usable tables of a data set or functional group; the first is the default.
pub(crate) fn looks(header: &Elements, signed: bool, charset: &CharacterSet) -> Arc<[VoiLut]> {
    let mut all = windows(header, charset);
    all.extend(tables(header, signed, charset));
    all.into()
}

fn windows(header: &Elements, charset: &CharacterSet) -> Vec<VoiLut> {
    let list = |tag| header.numbers(tag).ok().flatten().unwrap_or_default();
    let Some(function) = VoiFunction::from_code(&header.code(tags::VOILUT_FUNCTION)) else {
        return Vec::new();
    };
    let explanations = header.text(tags::WINDOW_CENTER_WIDTH_EXPLANATION, charset);
    let mut explanations = explanations.split('\\').map(trimmed);
    list(tags::WINDOW_CENTER)
        .into_iter()
        .zip(list(tags::WINDOW_WIDTH))
        .take(MOST_LOOKS)
        .map(|(center, width)| VoiLut {
            window: WindowLevel::new(center, width),
            function,
            table: None,
            explanation: explanations.next().unwrap_or_default().to_owned(),
        })
        .filter(|voi| {
            let WindowLevel { center, width } = voi.window;
            center.is_finite() && width.is_finite() && width > 0.0
        })
        .collect()
}

/// Whether tables take signed values. They take modality values: signed where stored values are,
/// or where the rescale makes them negative; those of a Modality LUT are not.
pub(crate) fn tables_are_signed(modality_lut: &ModalityLut, stored_signed: bool) -> bool {
    modality_lut.table.is_none()
        && (stored_signed || modality_lut.intercept < 0.0 || modality_lut.slope < 0.0)
}

fn tables(header: &Elements, signed: bool, charset: &CharacterSet) -> Vec<VoiLut> {
    header
        .items(tags::VOILUT_SEQUENCE)
        .iter()
        .take(MOST_LOOKS)
        .filter_map(|item| {
            let table = lookup::table(item, signed).ok()?;
            let explanation = item.text(tags::LUT_EXPLANATION, charset);
            Some(VoiLut::of_table(table, explanation))
        })
        .collect()
}

/// Whether low values are bright. Presentation LUT Shape goes before the photometric
/// interpretation, which it should agree with.
pub(crate) fn low_is_bright(header: &Elements, photometric: &Photometric) -> bool {
    match header.code(tags::PRESENTATION_LUT_SHAPE).as_str() {
        "INVERSE" => photometric.is_grey(),
        "IDENTITY" => false,
        _ => *photometric == Photometric::Monochrome1,
    }
}

#[cfg(test)]
mod tests {
    use super::super::elements::{Element, Value};
    use super::*;
    use dicom_object::Tag;

    fn header(elements: &[(Tag, &[u8; 2], &[u8])]) -> Elements {
        let element = |&(tag, vr, bytes): &(Tag, &[u8; 2], &[u8])| Element {
            tag,
            vr: Some(*vr),
            value: Value::Bytes(bytes.to_vec()),
        };
        Elements {
            list: elements.iter().map(element).collect(),
            big_endian: false,
        }
    }

    #[test]
    fn windows_come_before_tables_and_impossible_ones_are_left_out() {
        let mut file = header(&[
            (tags::WINDOW_CENTER, b"DS", b"40\\50\\60"),
            (tags::WINDOW_WIDTH, b"DS", b"400\\0\\80"),
            (
                tags::WINDOW_CENTER_WIDTH_EXPLANATION,
                b"LO",
                b"SOFT\\BAD\\BRAIN",
            ),
        ]);
        let item = header(&[
            (tags::LUT_DESCRIPTOR, b"US", &[2, 0, 0, 0xFC, 8, 0]),
            (tags::LUT_EXPLANATION, b"LO", b"HAND"),
            (tags::LUT_DATA, b"OW", &[0, 255]),
        ]);
        file.list.push(Element {
            tag: tags::VOILUT_SEQUENCE,
            vr: Some(*b"SQ"),
            value: Value::Items(vec![item, Elements::default()]),
        });
        let ct = ModalityLut {
            intercept: -1024.0,
            ..ModalityLut::default()
        };
        let all = looks(
            &file,
            tables_are_signed(&ct, false),
            &CharacterSet::default(),
        );
        let names: Vec<&str> = all.iter().map(|voi| voi.explanation.as_str()).collect();
        assert_eq!(names, ["SOFT", "BRAIN", "HAND"]);
        assert_eq!(all[1].window, WindowLevel::new(60.0, 80.0));
        // The input of the table is what the rescale makes.
        assert_eq!(all[2].table.as_ref().unwrap().first(), -1024);
        let plain = looks(
            &file,
            tables_are_signed(&ModalityLut::default(), false),
            &CharacterSet::default(),
        );
        assert_eq!(plain[2].table.as_ref().unwrap().first(), 0xFC00);
    }

    #[test]
    fn the_presentation_lut_shape_goes_before_the_photometric_interpretation() {
        let shape = |shape: &[u8]| header(&[(tags::PRESENTATION_LUT_SHAPE, b"CS", shape)]);
        for (code, one, two) in [
            (&b""[..], true, false),
            (b"INVERSE ", true, true),
            (b"IDENTITY", false, false),
        ] {
            let header = shape(code);
            assert_eq!(
                low_is_bright(&header, &Photometric::Monochrome1),
                one,
                "{code:?}"
            );
            assert_eq!(
                low_is_bright(&header, &Photometric::Monochrome2),
                two,
                "{code:?}"
            );
        }
        assert!(!low_is_bright(&shape(b"INVERSE"), &Photometric::Rgb));
    }
}
