//! What a header says of a picture beside its pixels → [`PictureHeader`].
//!
//! Nothing here can make a file unreadable: what is malformed is left out and told in a sentence.

use dicom_dictionary_std::tags;

use super::elements::{Elements, attribute_name};
use super::frames::FrameSource;
use super::projection::{Problems, patient_is_isocenter, projections};
use super::{frame_timing, mask_subtraction, shutter, spacing};
use crate::study::{Intensity, PictureHeader, SpacingCalibration, UltrasoundRegion};

/// Any spacing of pixels, mm.
const SPACINGS_MM: std::ops::RangeInclusive<f64> = 1e-4..=1e3;
/// Physical unit "cm" of an ultrasound region (C.8.5.5.1.15).
const CENTIMETRES: i64 = 3;
/// Spatial format "2D" of an ultrasound region (C.8.5.5.1.1).
const TWO_DIMENSIONAL: i64 = 1;
/// Regions that are read.
const MOST_REGIONS: usize = 64;
/// Letters of a direction: `LPH` at most.
const MOST_LETTERS: usize = 3;

/// Everything of a header with `count` frames.
pub(crate) fn picture_header(header: &Elements, count: usize) -> PictureHeader {
    let mut problems = Problems::default();
    let modality = header.code(tags::MODALITY);
    let pixel_spacing = (
        &SPACINGS_MM,
        "two spacings between 0.0001 and 1000 mm were expected",
    );
    // Tubes of scanners turn: their distances are not those of a picture.
    let is_section = matches!(modality.as_str(), "CT" | "MR" | "PT" | "NM");
    let localizer = header.code(tags::IMAGE_TYPE).contains("LOCALIZER") && modality == "CT";
    let spacing_calibration = calibration(header);
    let measures = header
        .item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE)
        .and_then(|shared| shared.item(tags::PIXEL_MEASURES_SEQUENCE));
    let spacing_holder = if header.bytes(tags::PIXEL_SPACING).is_some() {
        Some(header)
    } else {
        measures
    };
    let mut unmarked = Problems::default();
    let told = if spacing_calibration.is_some() {
        &mut problems
    } else {
        // Nothing rests on it, so that nobody has to know.
        &mut unmarked
    };
    let pixel_spacing_mm = told.within::<2>(spacing_holder, tags::PIXEL_SPACING, pixel_spacing);
    let pixel_spacing_mm =
        told.of_possible_shape(spacing_holder, tags::PIXEL_SPACING, pixel_spacing_mm);
    let turned = turned_from_receptor(header, count, &mut problems);
    PictureHeader {
        projections: if is_section {
            Vec::new()
        } else {
            projections(header, count, &mut problems)
        },
        pixel_spacing_mm,
        spacing_calibration,
        // Said once for all frames, of which some were turned otherwise.
        patient_orientation: patient_orientation(header).filter(|_| turned != Turned::Unlike),
        turned_from_receptor: turned != Turned::No,
        timing: frame_timing::timing(header, count, &mut problems),
        intensity: intensity(header),
        masks: mask_subtraction::masks(header, count, &mut problems),
        shown_subtracted: mask_subtraction::shown_subtracted(header),
        is_isocentric: patient_is_isocenter(&header.code(tags::SOP_CLASS_UID)),
        shutter: shutter::shutter(header, &mut problems),
        regions: regions(header),
        is_section: is_section && !localizer,
        problems: problems.0,
    }
}

fn calibration(header: &Elements) -> Option<SpacingCalibration> {
    match header.code(tags::PIXEL_SPACING_CALIBRATION_TYPE).as_str() {
        "GEOMETRY" => Some(SpacingCalibration::Geometry),
        "FIDUCIAL" => Some(SpacingCalibration::Fiducial),
        _ => None,
    }
}

fn patient_orientation(header: &Elements) -> Option<[String; 2]> {
    let text = header.code(tags::PATIENT_ORIENTATION);
    let (rows, columns) = text.split_once('\\')?;
    let words = [rows.trim(), columns.trim()];
    let known = |word: &&str| {
        (1..=MOST_LETTERS).contains(&word.len()) && word.chars().all(|c| "ALPRHF".contains(c))
    };
    words.iter().all(known).then(|| words.map(str::to_owned))
}

/// Whether pictures were turned or mirrored after the receptor took them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turned {
    No,
    /// All frames alike.
    Alike,
    /// Some frames otherwise than others.
    Unlike,
}

fn turned_from_receptor(header: &Elements, count: usize, problems: &mut Problems) -> Turned {
    let of_field = |field: &Elements| {
        let angle = field.code(tags::FIELD_OF_VIEW_ROTATION).parse::<f64>();
        // So that -0 is 0.
        let degrees = angle.map_or(0.0, |degrees| degrees.rem_euclid(360.0) + 0.0);
        let mirrored = field.code(tags::FIELD_OF_VIEW_HORIZONTAL_FLIP) == "YES";
        (degrees.to_bits(), mirrored)
    };
    let has_groups = !header
        .items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
        .is_empty();
    let frames = if has_groups { count } else { 1 };
    let mut all = (0..frames).map(|frame| {
        let source = FrameSource::of_frame(header, frame);
        of_field(source.group(tags::FIELD_OF_VIEW_SEQUENCE).unwrap_or(header))
    });
    let first = all.next().unwrap_or_default();
    if all.any(|other| other != first) {
        problems.add(format!(
            "Its frames were turned or mirrored in different ways after the receptor took them \
             ({}, {}). Where their sides lie is not known.",
            attribute_name(tags::FIELD_OF_VIEW_ROTATION),
            attribute_name(tags::FIELD_OF_VIEW_HORIZONTAL_FLIP)
        ));
        return Turned::Unlike;
    }
    if first == <(u64, bool)>::default() && of_field(header) == first {
        Turned::No
    } else {
        Turned::Alike
    }
}

fn intensity(header: &Elements) -> Option<Intensity> {
    let tag = tags::PIXEL_INTENSITY_RELATIONSHIP;
    let mut word = header.code(tag);
    if word.is_empty() {
        let properties = [
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
        ]
        .into_iter()
        .find_map(|groups| {
            header
                .item(groups)?
                .item(tags::FRAME_PIXEL_DATA_PROPERTIES_SEQUENCE)
        });
        word = properties.map(|item| item.code(tag)).unwrap_or_default();
    }
    match word.as_str() {
        "" => None,
        "LIN" => Some(Intensity::Linear),
        "LOG" => Some(Intensity::Logarithmic),
        _ => Some(Intensity::Unstated),
    }
}

/// Two-dimensional regions in centimetres; Doppler and M-mode measure other things.
fn regions(header: &Elements) -> Vec<UltrasoundRegion> {
    let items = header.items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS);
    items
        .iter()
        .take(MOST_REGIONS)
        .filter_map(|item| {
            let is = |tag, wanted| matches!(item.integer(tag), Ok(Some(value)) if value == wanted);
            let plane = is(tags::REGION_SPATIAL_FORMAT, TWO_DIMENSIONAL)
                && is(tags::PHYSICAL_UNITS_X_DIRECTION, CENTIMETRES)
                && is(tags::PHYSICAL_UNITS_Y_DIRECTION, CENTIMETRES);
            let number = |tag| item.number(tag).ok().flatten();
            // Negative where the axis runs against the rows.
            let delta = |tag| Some(10.0 * number(tag)?.abs());
            let mm = [
                delta(tags::PHYSICAL_DELTA_Y)?,
                delta(tags::PHYSICAL_DELTA_X)?,
            ];
            let possible =
                plane && mm.iter().all(|mm| SPACINGS_MM.contains(mm)) && spacing::is_possible(&mm);
            Some(UltrasoundRegion {
                first: [
                    number(tags::REGION_LOCATION_MIN_X0)?,
                    number(tags::REGION_LOCATION_MIN_Y0)?,
                ],
                last: [
                    number(tags::REGION_LOCATION_MAX_X1)?,
                    number(tags::REGION_LOCATION_MAX_Y1)?,
                ],
                mm,
            })
            .filter(|_| possible)
        })
        .collect()
}

#[cfg(test)]
mod tests;
