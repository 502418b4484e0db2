//! Attributes of an X-Ray Angiographic image, module by module (PS3.3 A.14, C.8.7).

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;

use super::super::value_text::{TextVr, fit};
use super::super::write_ct::decimal;
use super::super::write_object::{
    Object, put_derivation, put_sources, sequence, text, text_if_any, texts,
};
use super::{PixelIntensity, XaContrast, XaImage, XaPixels, XaRun};
use crate::geometry::{CArmPose, Vector};

/// Puts everything but identity and instance.
pub(super) fn put(object: &mut Object, image: &XaImage<'_>, frames: usize) {
    put_general(object, image);
    put_acquisition(object, image);
    put_positioner(object, image);
    if let Some(run) = image.run {
        put_run(object, run, frames);
    }
    if let Some(contrast) = image.contrast {
        put_contrast(object, contrast);
    }
    if let Some(edges) = image.collimator {
        put_collimator(object, edges);
    }
    if let Some(edges) = image.shutter {
        put_shutter(object, edges);
    }
    put_pixels(object, image);
}

/// General Series and General Image (PS3.3 C.7.3.1, C.7.6.1).
fn put_general(object: &mut Object, image: &XaImage<'_>) {
    text(object, tags::MODALITY, VR::CS, "XA");
    let position = fit(TextVr::Cs, image.patient_position);
    text_if_any(object, tags::PATIENT_POSITION, VR::CS, &position);
    let body_part = fit(TextVr::Cs, &image.identity.body_part);
    text_if_any(object, tags::BODY_PART_EXAMINED, VR::CS, &body_part);
    let kinds = ["DERIVED", "SECONDARY", "SINGLE PLANE"].map(String::from);
    texts(object, tags::IMAGE_TYPE, VR::CS, &kinds);
    text(object, tags::ACQUISITION_NUMBER, VR::IS, "1");
    put_derivation(object, image.derivation);
    put_sources(object, image.sources);
    let (right, up) = image.pose.angles.image_axes();
    let letters = [right, -up].map(orientation_letters);
    texts(object, tags::PATIENT_ORIENTATION, VR::CS, &letters);
}

/// Where a picture direction points, largest part first (PS3.3 C.7.6.1.1.1).
fn orientation_letters(direction: Vector<crate::geometry::Lps>) -> String {
    /// Parts below sin 10° are left out: the beam is hardly ever quite straight.
    const LEAST: f64 = 0.174;
    let letters = [('L', 'R'), ('P', 'A'), ('H', 'F')];
    let mut parts: Vec<(f64, char)> = direction
        .0
        .to_array()
        .into_iter()
        .zip(letters)
        .map(|(part, (up, down))| (part.abs(), if part < 0.0 { down } else { up }))
        .filter(|(part, _)| *part >= LEAST)
        .collect();
    parts.sort_by(|a, b| b.0.total_cmp(&a.0));
    parts.into_iter().map(|(_, letter)| letter).collect()
}

/// X-Ray Image and X-Ray Acquisition (PS3.3 C.8.7.1, C.8.7.2).
fn put_acquisition(object: &mut Object, image: &XaImage<'_>) {
    let kilovolts = image.kilovolts.map(decimal).unwrap_or_default();
    let relationship = match image.intensity {
        PixelIntensity::Linear => "LIN",
        PixelIntensity::Displayed => "DISP",
    };
    // GR is the setting of stills, SC that of fluoroscopy.
    let setting = if image.run.is_some() { "SC" } else { "GR" };
    let [column_mm, row_mm] = image.receptor.pixel_mm.map(decimal);
    for (tag, vr, value) in [
        (tags::PIXEL_INTENSITY_RELATIONSHIP, VR::CS, relationship),
        (tags::KVP, VR::DS, &kilovolts),
        (tags::RADIATION_SETTING, VR::CS, setting),
        (tags::EXPOSURE, VR::IS, ""),
    ] {
        text(object, tag, vr, value);
    }
    // Rows first, as Pixel Spacing.
    texts(
        object,
        tags::IMAGER_PIXEL_SPACING,
        VR::DS,
        &[row_mm, column_mm],
    );
    let [center, width] = image.window.map(decimal);
    text(object, tags::WINDOW_CENTER, VR::DS, &center);
    text(object, tags::WINDOW_WIDTH, VR::DS, &width);
}

/// XA Positioner (PS3.3 C.8.7.5).
fn put_positioner(object: &mut Object, image: &XaImage<'_>) {
    let CArmPose {
        angles,
        source_to_detector_mm,
        source_to_isocenter_mm,
        ..
    } = *image.pose;
    for (tag, value) in [
        (tags::DISTANCE_SOURCE_TO_DETECTOR, source_to_detector_mm),
        (tags::DISTANCE_SOURCE_TO_PATIENT, source_to_isocenter_mm),
        (
            tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR,
            source_to_detector_mm / source_to_isocenter_mm,
        ),
        (tags::POSITIONER_PRIMARY_ANGLE, angles.primary.0),
        (tags::POSITIONER_SECONDARY_ANGLE, angles.secondary.0),
    ] {
        text(object, tag, VR::DS, &decimal(value));
    }
    text(object, tags::POSITIONER_MOTION, VR::CS, "STATIC");
}

/// Cine, Multi-frame and Mask (PS3.3 C.7.6.5, C.7.6.6, C.7.6.10).
fn put_run(object: &mut Object, run: XaRun<'_>, frames: usize) {
    text(object, tags::NUMBER_OF_FRAMES, VR::IS, &frames.to_string());
    let pointer = PrimitiveValue::Tags([tags::FRAME_TIME].into_iter().collect());
    object.put(DataElement::new(
        tags::FRAME_INCREMENT_POINTER,
        VR::AT,
        pointer,
    ));
    text(
        object,
        tags::FRAME_TIME,
        VR::DS,
        &decimal(run.frame_time_ms),
    );
    let looping = PrimitiveValue::from(0_u16);
    object.put(DataElement::new(
        tags::PREFERRED_PLAYBACK_SEQUENCING,
        VR::US,
        looping,
    ));
    let Some(last_mask) = run.mask_frames.iter().max() else {
        return;
    };
    let mut mask = Object::new_empty();
    text(&mut mask, tags::MASK_OPERATION, VR::CS, "AVG_SUB");
    let first_live = u16::try_from(frames).unwrap_or(u16::MAX).min(last_mask + 1);
    let last_live = u16::try_from(frames).unwrap_or(u16::MAX);
    for (tag, values) in [
        (tags::MASK_FRAME_NUMBERS, run.mask_frames),
        (tags::APPLICABLE_FRAME_RANGE, &[first_live, last_live]),
        (tags::CONTRAST_FRAME_AVERAGING, &[1]),
    ] {
        let values = PrimitiveValue::U16(values.iter().copied().collect());
        mask.put(DataElement::new(tag, VR::US, values));
    }
    sequence(object, tags::MASK_SUBTRACTION_SEQUENCE, vec![mask]);
    text(object, tags::RECOMMENDED_VIEWING_MODE, VR::CS, "NAT");
}

/// Contrast/Bolus (PS3.3 C.7.6.4).
fn put_contrast(object: &mut Object, contrast: XaContrast<'_>) {
    let [volume, concentration] = [contrast.volume_ml, contrast.iodine_mg_per_ml].map(decimal);
    for (tag, vr, value) in [
        (tags::CONTRAST_BOLUS_AGENT, VR::LO, contrast.agent),
        (tags::CONTRAST_BOLUS_ROUTE, VR::LO, contrast.route),
        (tags::CONTRAST_BOLUS_VOLUME, VR::DS, &volume),
        (tags::CONTRAST_BOLUS_INGREDIENT, VR::CS, "IODINE"),
        (
            tags::CONTRAST_BOLUS_INGREDIENT_CONCENTRATION,
            VR::DS,
            &concentration,
        ),
    ] {
        text(object, tag, vr, value);
    }
}

/// X-Ray Collimator (PS3.3 C.8.7.3).
fn put_collimator(object: &mut Object, edges: [u32; 4]) {
    text(object, tags::COLLIMATOR_SHAPE, VR::CS, "RECTANGULAR");
    let sides = [
        tags::COLLIMATOR_LEFT_VERTICAL_EDGE,
        tags::COLLIMATOR_RIGHT_VERTICAL_EDGE,
        tags::COLLIMATOR_UPPER_HORIZONTAL_EDGE,
        tags::COLLIMATOR_LOWER_HORIZONTAL_EDGE,
    ];
    for (tag, edge) in sides.into_iter().zip(edges) {
        text(object, tag, VR::IS, &edge.to_string());
    }
}

/// Display Shutter (PS3.3 C.7.6.11).
fn put_shutter(object: &mut Object, edges: [u32; 4]) {
    text(object, tags::SHUTTER_SHAPE, VR::CS, "RECTANGULAR");
    let sides = [
        tags::SHUTTER_LEFT_VERTICAL_EDGE,
        tags::SHUTTER_RIGHT_VERTICAL_EDGE,
        tags::SHUTTER_UPPER_HORIZONTAL_EDGE,
        tags::SHUTTER_LOWER_HORIZONTAL_EDGE,
    ];
    for (tag, edge) in sides.into_iter().zip(edges) {
        text(object, tag, VR::IS, &edge.to_string());
    }
    let black = PrimitiveValue::from(0_u16);
    let tag = tags::SHUTTER_PRESENTATION_VALUE;
    object.put(DataElement::new(tag, VR::US, black));
}

/// Image Pixel (PS3.3 C.7.6.3).
fn put_pixels(object: &mut Object, image: &XaImage<'_>) {
    let [columns, rows] = image.receptor.size.map(|count| count as u16);
    let (allocated, stored) = match image.pixels {
        XaPixels::U8(_) => (8, 8),
        XaPixels::U16 { bits, .. } => (16, bits),
    };
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, rows),
        (tags::COLUMNS, columns),
        (tags::BITS_ALLOCATED, allocated),
        (tags::BITS_STORED, stored),
        (tags::HIGH_BIT, stored - 1),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    let kind = "MONOCHROME2";
    text(object, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, kind);
    let (vr, values) = match image.pixels {
        XaPixels::U8(values) => {
            let mut bytes = values.to_vec();
            // Values have an even length (PS3.5 8.1.1).
            if bytes.len() % 2 == 1 {
                bytes.push(0);
            }
            (VR::OB, PrimitiveValue::U8(bytes.into()))
        }
        XaPixels::U16 { values, .. } => (VR::OW, PrimitiveValue::U16(values.to_vec().into())),
    };
    object.put(DataElement::new(tags::PIXEL_DATA, vr, values));
}
