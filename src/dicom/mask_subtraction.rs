//! Mask module of a header (PS3.3 C.7.6.10): what is subtracted from which frames → [`MaskItem`].

use dicom_dictionary_std::tags;

use super::elements::{Elements, attribute_name};
use super::projection::Problems;
use crate::study::subtraction::FARTHEST_SHIFT;
use crate::study::{MaskItem, MaskOperation};

/// Items of a Mask Subtraction Sequence that are read.
const MOST_MASKS: usize = 256;
/// Frames that a mask is the mean of, at most: sums of so many 16-bit values are exact in 32-bit
/// floats.
const MOST_MASK_FRAMES: usize = 256;
/// Ranges of frames that a mask is for, at most.
const MOST_RANGES: usize = 256;

/// Whether a file is meant to be seen subtracted: Recommended Viewing Mode (0028,1090).
pub(crate) fn shown_subtracted(header: &Elements) -> bool {
    header.code(tags::RECOMMENDED_VIEWING_MODE) == "SUB"
}

/// Items that say to subtract something that there is.
pub(crate) fn masks(header: &Elements, count: usize, problems: &mut Problems) -> Vec<MaskItem> {
    let items = header.items(tags::MASK_SUBTRACTION_SEQUENCE);
    if items.len() > MOST_MASKS {
        problems.add(format!(
            "The file has {} masks: the first {MOST_MASKS} are used.",
            items.len()
        ));
    }
    let masks: Vec<MaskItem> = items
        .iter()
        .take(MOST_MASKS)
        .filter_map(|item| mask(item, count, problems))
        .collect();
    if !masks.is_empty() && moves_frame_by_frame(header) {
        problems.add(format!(
            "The file moves its mask frame by frame ({}). That is not done: move the mask by hand.",
            attribute_name(tags::FRAME_PIXEL_SHIFT_SEQUENCE)
        ));
    }
    if masks.is_empty() && shown_subtracted(header) {
        problems.add(
            "The file is meant to be seen subtracted, but has no mask that can be used: choose a \
             mask frame."
                .to_owned(),
        );
    }
    masks
}

fn mask(item: &Elements, count: usize, problems: &mut Problems) -> Option<MaskItem> {
    let word = item.code(tags::MASK_OPERATION);
    if matches!(word.as_str(), "NONE" | "") {
        return None;
    }
    let Some(ranges) = ranges(item, count) else {
        let expected = format!(
            "pairs of a first and a last frame from 1 to {count} were expected, so that the mask \
             has no frames; choose a mask frame"
        );
        problems.value(item, tags::APPLICABLE_FRAME_RANGE, &expected);
        return None;
    };
    let operation = match word.as_str() {
        "AVG_SUB" => average(item, count, problems)?,
        "TID" => difference(item, count, problems)?,
        "REV_TID" => reverse(item, ranges.len(), problems)?,
        _ => {
            problems.add(format!(
                "The mask operation \"{}\" of the file is not done: choose a mask frame.",
                item.shown(tags::MASK_OPERATION)
            ));
            return None;
        }
    };
    if let Ok(Some(frames @ 2..)) = item.integer(tags::CONTRAST_FRAME_AVERAGING) {
        problems.add(format!(
            "The file asks for the mean of {frames} frames less the mask ({}). That is not done: \
             the mask is subtracted from each frame alone.",
            attribute_name(tags::CONTRAST_FRAME_AVERAGING)
        ));
    }
    let shifts = -FARTHEST_SHIFT..=FARTHEST_SHIFT;
    let expected = (&shifts, "two shifts within 1000 pixels were expected");
    let shift = problems.within::<2>(Some(item), tags::MASK_SUB_PIXEL_SHIFT, expected);
    Some(MaskItem {
        operation,
        ranges,
        // C.7.6.10.1.2: a positive row offset leads to lower rows, a positive column offset to
        // the left.
        shift: shift.map_or([0.0; 2], |[row, column]| [row, 0.0 - column]),
    })
}

/// `AVG_SUB`: the mean of frames that there are, each once.
fn average(item: &Elements, count: usize, problems: &mut Problems) -> Option<MaskOperation> {
    let tag = tags::MASK_FRAME_NUMBERS;
    let numbers = item.numbers(tag).ok().flatten().unwrap_or_default();
    let frames: Option<Vec<usize>> = numbers.iter().map(|&n| frame_of(n, count)).collect();
    let mut frames = frames.unwrap_or_default();
    frames.sort_unstable();
    frames.dedup();
    if frames.is_empty() {
        let expected = format!("frames from 1 to {count} were expected; choose a mask frame");
        problems.value(item, tag, &expected);
        return None;
    }
    if frames.len() > MOST_MASK_FRAMES {
        problems.add(format!(
            "A mask of the file is the mean of {} frames, more than {MOST_MASK_FRAMES}. It is not \
             made: choose a mask frame.",
            frames.len()
        ));
        return None;
    }
    Some(MaskOperation::Average(frames))
}

/// `TID`: the frame so many before, 1 where nothing is stated.
fn difference(item: &Elements, count: usize, problems: &mut Problems) -> Option<MaskOperation> {
    match item.integer(tags::TID_OFFSET) {
        Ok(None) => Some(MaskOperation::Difference(1)),
        Ok(Some(by)) if by != 0 && by.unsigned_abs() < count as u64 => {
            Some(MaskOperation::Difference(by))
        }
        _ => {
            let expected = format!("an offset within the {count} frames was expected");
            problems.value(item, tags::TID_OFFSET, &expected);
            None
        }
    }
}

/// `REV_TID`: counted back from the first frame of the one range.
fn reverse(item: &Elements, ranges: usize, problems: &mut Problems) -> Option<MaskOperation> {
    let offset = item.integer(tags::TID_OFFSET).ok().flatten();
    let by = offset.and_then(|by| usize::try_from(by).ok());
    let usable = by.filter(|&by| by >= 1 && ranges == 1);
    if usable.is_none() {
        problems.add(format!(
            "The mask operation REV_TID of the file needs a {} of 1 or more and one range of \
             frames. It is not done: choose a mask frame.",
            attribute_name(tags::TID_OFFSET)
        ));
    }
    usable.map(MaskOperation::Reverse)
}

/// Applicable Frame Range (0028,6102), 0-based; empty where all frames are meant, `None` where it
/// cannot be used.
fn ranges(item: &Elements, count: usize) -> Option<Vec<[usize; 2]>> {
    let Some(numbers) = item.numbers(tags::APPLICABLE_FRAME_RANGE).ok()? else {
        return Some(Vec::new());
    };
    let (pairs, rest) = numbers.as_chunks::<2>();
    if !rest.is_empty() || pairs.len() > MOST_RANGES {
        return None;
    }
    let range = |&[first, last]: &[f64; 2]| {
        // Some writers end a range with a frame that a shortened run no longer has.
        let last = if last > count as f64 {
            count as f64
        } else {
            last
        };
        let last = frame_of(last, count)?;
        Some([frame_of(first, count)?, last]).filter(|[first, last]| first <= last)
    };
    pairs.iter().map(range).collect()
}

/// The frame (0-based) of a number from 1 to `count`.
fn frame_of(number: f64, count: usize) -> Option<usize> {
    let is_one = number.fract() == 0.0 && (1.0..=count as f64).contains(&number);
    is_one.then(|| (number as usize).saturating_sub(1))
}

/// Whether a functional group moves the mask of its frame.
fn moves_frame_by_frame(header: &Elements) -> bool {
    let groups = [
        tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
        tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
    ]
    .into_iter()
    .flat_map(|groups| header.items(groups));
    groups
        .flat_map(|group| group.items(tags::FRAME_PIXEL_SHIFT_SEQUENCE))
        .any(|item| {
            let shift = item.vector::<2>(tags::MASK_SUB_PIXEL_SHIFT);
            matches!(shift, Ok(Some(by)) if by != [0.0; 2])
        })
}

#[cfg(test)]
mod tests;
