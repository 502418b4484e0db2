//! What a header says of a picture beside its pixels → [`PictureHeader`].
//!
//! Nothing here can make a file unreadable: what is malformed is left out and told in a sentence.

use dicom_dictionary_std::tags;
use dicom_object::Tag;

use super::elements::Elements;
use super::projection::{Problems, projections};
use super::{frame_timing, shutter};
use crate::study::{
    Intensity, MaskItem, MaskOperation, PictureHeader, SpacingCalibration, UltrasoundRegion,
};

/// Any spacing of pixels, mm.
const SPACINGS_MM: std::ops::RangeInclusive<f64> = 1e-4..=1e3;
/// No mask is moved farther, pixels.
const SHIFTS: std::ops::RangeInclusive<f64> = -1000.0..=1000.0;
/// Physical unit "cm" of an ultrasound region (C.8.5.5.1.15).
const CENTIMETRES: i64 = 3;
/// Spatial format "2D" of an ultrasound region (C.8.5.5.1.1).
const TWO_DIMENSIONAL: i64 = 1;
/// Regions that are read.
const MOST_REGIONS: usize = 64;
/// Items of a Mask Subtraction Sequence that are read.
const MOST_MASKS: usize = 1024;

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
    PictureHeader {
        projections: if is_section {
            Vec::new()
        } else {
            projections(header, count, &mut problems)
        },
        pixel_spacing_mm,
        spacing_calibration,
        patient_orientation: patient_orientation(header),
        timing: frame_timing::timing(header, count, &mut problems),
        intensity: intensity(header),
        masks: masks(header, count, &mut problems),
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
    let known = |word: &&str| !word.is_empty() && word.chars().all(|c| "ALPRHF".contains(c));
    words.iter().all(known).then(|| words.map(str::to_owned))
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

/// Items that say to subtract something that there is.
fn masks(header: &Elements, count: usize, problems: &mut Problems) -> Vec<MaskItem> {
    let items = header.items(tags::MASK_SUBTRACTION_SEQUENCE);
    let items = items.iter().take(MOST_MASKS);
    items
        .filter_map(|item| mask(item, count, problems))
        .collect()
}

fn mask(item: &Elements, count: usize, problems: &mut Problems) -> Option<MaskItem> {
    let operation = item.code(tags::MASK_OPERATION);
    let operation = match operation.as_str() {
        "NONE" | "" => return None,
        "AVG_SUB" => {
            let numbers = whole_numbers(item, tags::MASK_FRAME_NUMBERS);
            let frames: Vec<usize> = numbers
                .iter()
                .filter_map(|number| number.checked_sub(1))
                .filter(|&frame| frame < count)
                .collect();
            if frames.len() < numbers.len() || frames.is_empty() {
                problems.value(
                    item,
                    tags::MASK_FRAME_NUMBERS,
                    &format!("frames from 1 to {count} were expected; choose a mask frame"),
                );
                return None;
            }
            MaskOperation::Average(frames)
        }
        "TID" => match item.integer(tags::TID_OFFSET) {
            Ok(None) => MaskOperation::Difference(1),
            Ok(Some(by)) if by != 0 && by.unsigned_abs() < count as u64 => {
                MaskOperation::Difference(by)
            }
            _ => {
                problems.value(
                    item,
                    tags::TID_OFFSET,
                    &format!("an offset within the {count} frames was expected"),
                );
                return None;
            }
        },
        other => {
            problems.add(format!(
                "The mask operation {other:?} of the file is not done: choose a mask frame."
            ));
            return None;
        }
    };
    let expected = (&SHIFTS, "two shifts within 1000 pixels were expected");
    let shift = problems.within::<2>(Some(item), tags::MASK_SUB_PIXEL_SHIFT, expected);
    let ranges = whole_numbers(item, tags::APPLICABLE_FRAME_RANGE);
    let (pairs, _) = ranges.as_chunks::<2>();
    let range = |&[first, last]: &[usize; 2]| {
        Some([first.checked_sub(1)?, last.checked_sub(1)?]).filter(|[a, b]| a <= b)
    };
    Some(MaskItem {
        operation,
        ranges: pairs.iter().filter_map(range).collect(),
        // C.7.6.10.1.2: a positive row offset leads to lower rows, a positive column offset to
        // the left.
        shift: shift.map_or([0.0; 2], |[row, column]| [row, 0.0 - column]),
    })
}

fn whole_numbers(item: &Elements, tag: Tag) -> Vec<usize> {
    let numbers = item.numbers(tag).ok().flatten().unwrap_or_default();
    let whole = |&number: &f64| number.fract() == 0.0 && (0.0..1e9).contains(&number);
    let numbers = numbers.iter().filter(|number| whole(number));
    numbers.map(|&number| number as usize).collect()
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
            let possible = plane && mm.iter().all(|mm| SPACINGS_MM.contains(mm));
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
