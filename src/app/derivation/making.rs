//! Masks and peak pictures, made from frames that are decoded one by one.

use super::{MaskKey, PeakKey, Run};
use crate::dicom::DicomError;
use crate::study::{Frame, Mask, MaskMean, Peak};

/// A peak picture, and of how many frames it is.
pub(super) type Gathered = (Frame, usize);

/// Decodes frame after frame; `None` where they do not fit together.
pub(super) fn make_mask(
    run: Run<'_>,
    frames: &[usize],
    go_on: &dyn Fn() -> bool,
) -> Result<Option<Mask>, DicomError> {
    let mut mean = MaskMean::default();
    for &frame in frames {
        if !go_on() {
            return Err(DicomError::Cancelled);
        }
        if !mean.add(&run.decode(frame)?) {
            return Ok(None);
        }
    }
    let first = frames.first().copied().unwrap_or_default();
    Ok(mean.mask(run.intensity(first)))
}

/// Decodes frame after frame; `None` where they do not fit together.
pub(super) fn make_peak(
    run: Run<'_>,
    key: PeakKey,
    go_on: &dyn Fn(usize) -> bool,
) -> Result<Option<Gathered>, DicomError> {
    let mut peak = Peak::new(key.kind);
    let mut gathered = 0;
    let mut mask: Option<(MaskKey, Mask)> = None;
    for frame in 0..run.frames.len() {
        if !go_on(frame) {
            return Err(DicomError::Cancelled);
        }
        let mut picture = run.decode(frame)?;
        if let Some(choice) = key.subtracted {
            // Frames without a mask are no part of a subtracted run.
            let Some(wanted) = choice.of(run, frame) else {
                continue;
            };
            if mask.as_ref().is_none_or(|(made, _)| *made != wanted) {
                let made = make_mask(run, &wanted.0, &|| go_on(frame))?;
                let made = made.map(|made| made.moved(wanted.1));
                mask = made.map(|made| (wanted, made));
            }
            let difference = mask
                .as_ref()
                .and_then(|(_, mask)| mask.subtracted_from(&picture));
            match difference {
                Some(difference) => picture = difference,
                None => return Ok(None),
            }
        }
        if !peak.add(picture) {
            return Ok(None);
        }
        gathered += 1;
    }
    Ok(peak.frame().map(|frame| (frame, gathered)))
}
