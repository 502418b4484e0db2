//! Attributes of one CT image, module by module (PS3.3 A.3).

use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_dictionary_std::{tags, uids};
use dicom_object::InMemDicomObject;

use super::{CtSeries, RESCALE_INTERCEPT, Window};

fn text(image: &mut InMemDicomObject, tag: Tag, vr: VR, value: &str) {
    image.put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
}

fn texts(image: &mut InMemDicomObject, tag: Tag, vr: VR, values: &[String]) {
    image.put(DataElement::new(
        tag,
        vr,
        PrimitiveValue::Strs(values.iter().cloned().collect()),
    ));
}

/// Puts all attributes of an image but its pixels.
pub(super) fn put(image: &mut InMemDicomObject, series: &CtSeries<'_>, slice: usize, uid: &str) {
    put_patient_and_study(image, series);
    put_series(image, series);
    put_plane(image, series, slice, uid);
}

fn put_patient_and_study(image: &mut InMemDicomObject, series: &CtSeries<'_>) {
    let rows = [
        (tags::PATIENT_NAME, VR::PN, series.patient_name),
        (tags::PATIENT_ID, VR::LO, series.patient_id),
        (tags::PATIENT_BIRTH_DATE, VR::DA, series.patient_birth_date),
        (tags::PATIENT_SEX, VR::CS, series.patient_sex),
        (tags::STUDY_INSTANCE_UID, VR::UI, series.study_instance_uid),
        (tags::STUDY_DATE, VR::DA, series.date),
        (tags::STUDY_TIME, VR::TM, series.time),
        (tags::STUDY_ID, VR::SH, series.study_id),
        (tags::ACCESSION_NUMBER, VR::SH, ""),
        (tags::REFERRING_PHYSICIAN_NAME, VR::PN, ""),
        (tags::STUDY_DESCRIPTION, VR::LO, series.study_description),
    ];
    for (tag, vr, value) in rows {
        text(image, tag, vr, value);
    }
}

fn put_series(image: &mut InMemDicomObject, series: &CtSeries<'_>) {
    let number = series.series_number.to_string();
    let rows = [
        (tags::SPECIFIC_CHARACTER_SET, VR::CS, "ISO_IR 192"),
        (tags::MODALITY, VR::CS, "CT"),
        (
            tags::SERIES_INSTANCE_UID,
            VR::UI,
            series.series_instance_uid,
        ),
        (tags::SERIES_NUMBER, VR::IS, &number),
        (tags::SERIES_DATE, VR::DA, series.date),
        (tags::SERIES_TIME, VR::TM, series.time),
        (tags::SERIES_DESCRIPTION, VR::LO, series.series_description),
        (tags::BODY_PART_EXAMINED, VR::CS, series.body_part),
        (tags::PATIENT_POSITION, VR::CS, series.patient_position),
        (
            tags::FRAME_OF_REFERENCE_UID,
            VR::UI,
            series.frame_of_reference_uid,
        ),
        (tags::POSITION_REFERENCE_INDICATOR, VR::LO, ""),
        (tags::MANUFACTURER, VR::LO, "Stylet"),
        (tags::MANUFACTURER_MODEL_NAME, VR::LO, "Phantom"),
        (tags::SOFTWARE_VERSIONS, VR::LO, "1"),
        (tags::KVP, VR::DS, "120"),
        (tags::GANTRY_DETECTOR_TILT, VR::DS, "0"),
        (tags::CONVOLUTION_KERNEL, VR::SH, "STANDARD"),
    ];
    for (tag, vr, value) in rows {
        text(image, tag, vr, value);
    }
}

/// Decimal string of at most 16 characters (PS3.5 6.2, VR DS).
pub(crate) fn decimal(value: f64) -> String {
    let mut text = format!("{value:.6}");
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    if text == "-0" { "0".into() } else { text }
}

fn put_plane(image: &mut InMemDicomObject, series: &CtSeries<'_>, slice: usize, uid: &str) {
    let [column_mm, row_mm, slice_mm] = series.spacing_mm;
    let position = series.origin_lps_mm + series.slice_direction * (slice as f64 * slice_mm);
    let decimals = |values: &[f64]| values.iter().map(|v| decimal(*v)).collect::<Vec<_>>();
    let orientation: Vec<f64> = series
        .column_direction
        .to_array()
        .into_iter()
        .chain(series.row_direction.to_array())
        .collect();
    let location = position.dot(series.column_direction.cross(series.row_direction));
    let number = (slice + 1).to_string();
    let rows = [
        (tags::SOP_CLASS_UID, VR::UI, uids::CT_IMAGE_STORAGE),
        (tags::SOP_INSTANCE_UID, VR::UI, uid),
        (tags::INSTANCE_NUMBER, VR::IS, &number),
        (tags::ACQUISITION_NUMBER, VR::IS, "1"),
        (tags::ACQUISITION_DATE, VR::DA, series.date),
        (tags::ACQUISITION_TIME, VR::TM, series.time),
        (tags::CONTENT_DATE, VR::DA, series.date),
        (tags::CONTENT_TIME, VR::TM, series.time),
        (tags::DERIVATION_DESCRIPTION, VR::ST, series.derivation),
        (tags::IMAGE_COMMENTS, VR::LT, series.derivation),
        (tags::BURNED_IN_ANNOTATION, VR::CS, "NO"),
    ];
    for (tag, vr, value) in rows {
        text(image, tag, vr, value);
    }
    let image_type = ["DERIVED", "SECONDARY", "AXIAL"].map(String::from);
    texts(image, tags::IMAGE_TYPE, VR::CS, &image_type);
    texts(
        image,
        tags::PIXEL_SPACING,
        VR::DS,
        &decimals(&[row_mm, column_mm]),
    );
    texts(
        image,
        tags::IMAGE_ORIENTATION_PATIENT,
        VR::DS,
        &decimals(&orientation),
    );
    texts(
        image,
        tags::IMAGE_POSITION_PATIENT,
        VR::DS,
        &decimals(&position.to_array()),
    );
    text(image, tags::SLICE_THICKNESS, VR::DS, &decimal(slice_mm));
    text(
        image,
        tags::SPACING_BETWEEN_SLICES,
        VR::DS,
        &decimal(slice_mm),
    );
    text(image, tags::SLICE_LOCATION, VR::DS, &decimal(location));
}

/// Puts the pixels and how to read them (PS3.3 C.7.6.3, C.8.2.1).
pub(super) fn put_pixels(image: &mut InMemDicomObject, series: &CtSeries<'_>, hu: &[i16]) {
    let shorts = [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, series.rows as u16),
        (tags::COLUMNS, series.columns as u16),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 16),
        (tags::HIGH_BIT, 15),
        (tags::PIXEL_REPRESENTATION, 0),
    ];
    for (tag, value) in shorts {
        image.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    text(
        image,
        tags::PHOTOMETRIC_INTERPRETATION,
        VR::CS,
        "MONOCHROME2",
    );
    text(
        image,
        tags::RESCALE_INTERCEPT,
        VR::DS,
        &RESCALE_INTERCEPT.to_string(),
    );
    text(image, tags::RESCALE_SLOPE, VR::DS, "1");
    text(image, tags::RESCALE_TYPE, VR::LO, "HU");
    if !series.windows.is_empty() {
        let list = |value: &dyn Fn(&Window<'_>) -> String| {
            series.windows.iter().map(value).collect::<Vec<_>>()
        };
        texts(
            image,
            tags::WINDOW_CENTER,
            VR::DS,
            &list(&|w| decimal(w.center_hu)),
        );
        texts(
            image,
            tags::WINDOW_WIDTH,
            VR::DS,
            &list(&|w| decimal(w.width_hu)),
        );
        let explanations = list(&|w| w.explanation.to_owned());
        texts(
            image,
            tags::WINDOW_CENTER_WIDTH_EXPLANATION,
            VR::LO,
            &explanations,
        );
    }
    // `check` holds every value at or above the intercept, so the difference fits 16 bits unsigned.
    let stored: Vec<u16> = hu
        .iter()
        .map(|value| (i32::from(*value) - RESCALE_INTERCEPT) as u16)
        .collect();
    image.put(DataElement::new(
        tags::PIXEL_DATA,
        VR::OW,
        PrimitiveValue::U16(stored.into()),
    ));
}
