//! RT structure sets → structures on the grid of the volume.

use super::collect::Collected;
use super::read::{Loaded, Planning, StructureFileError, describe};
use super::{Code, Structure, StructureSource, contours};
use crate::dicom::StructureSet;
use crate::dicom::structure_set::Roi;
use crate::study::SourcePath;

/// Sentences about parts that were left out, of one region; the rest is counted.
const MOST_SENTENCES: usize = 3;

/// Reads a structure set.
pub(super) fn read(
    path: &SourcePath,
    planning: &Planning,
    cancel: &dyn Fn() -> bool,
) -> Result<Loaded, StructureFileError> {
    let file = StructureSet::open(path)?;
    let mut loaded = Loaded::new(Vec::new())?;
    let mut refused = Vec::new();
    for roi in &file.rois {
        if cancel() {
            return Err(StructureFileError::Cancelled);
        }
        let frame = roi.frame_of_reference.as_ref();
        if let Err(reason) = planning.check_frame(frame, &file.referenced_series, false) {
            refused.push((name(roi), reason));
            continue;
        }
        add(roi, &mut loaded, (path, planning))?;
    }
    match refused.as_slice() {
        [(_, reason), ..] if loaded.structures.is_empty() => {
            return Err(StructureFileError::refused(path, reason.clone()));
        }
        [(name, reason), ..] => loaded.warnings.push(format!(
            "{} regions are left out, the first is {name:?}: {reason}",
            refused.len()
        )),
        [] => {}
    }
    Ok(loaded)
}

fn add(
    roi: &Roi,
    loaded: &mut Loaded,
    (path, planning): (&SourcePath, &Planning),
) -> Result<(), StructureFileError> {
    let name = name(roi);
    for sentence in roi.left_out.iter().take(MOST_SENTENCES) {
        loaded
            .warnings
            .push(format!("{name:?} is incomplete: {sentence}"));
    }
    if let Some(more @ 1..) = roi.left_out.len().checked_sub(MOST_SENTENCES) {
        let sentence = format!("{name:?} is incomplete: {more} more contours were not read");
        loaded.warnings.push(sentence);
    }
    let mut collected = Collected::new()?;
    let grid = match contours::grid_for(&roi.contours, &planning.grid) {
        Some(grid) => grid,
        None if roi.contours.is_empty() => planning.grid.clone(),
        None => {
            loaded.warnings.push(format!(
                "{name:?} is left out: its contours are not flat, or not parallel to one another"
            ));
            return Ok(());
        }
    };
    contours::rasterize(&roi.contours, &grid, |run| collected.add(0, run))?;
    let mask = collected.mask(0, &grid, &mut loaded.booked)?;
    if mask.count() == 0 && !roi.contours.is_empty() {
        loaded.warnings.push(format!(
            "{name:?} has contours and no voxel: it lies outside the volume or between its voxels"
        ));
    }
    let codes: Vec<Code> = roi
        .code
        .iter()
        .map(|code| Code {
            value: code.value.clone(),
            scheme: code.scheme.clone(),
            meaning: code.meaning.clone(),
        })
        .collect();
    let source = StructureSource::File(path.display().to_string());
    let mut structure = Structure {
        mask,
        frame_of_reference: (roi.frame_of_reference.clone())
            .or_else(|| planning.frame_of_reference.clone()),
        ..describe(name, &codes, roi.color, source)
    };
    if let Some(kind) = kind_of_type(&roi.interpreted_type) {
        structure.kind = Some(kind.to_owned());
    }
    loaded.push(structure);
    Ok(())
}

fn name(roi: &Roi) -> String {
    let own = [&roi.name, &roi.description];
    let own = own.into_iter().find(|text| !text.is_empty()).cloned();
    own.unwrap_or_else(|| format!("Region {}", roi.number))
}

/// The kind that an RT ROI Interpreted Type says outright (PS3.3 C.8.8.8.1).
fn kind_of_type(interpreted: &str) -> Option<&'static str> {
    match interpreted {
        "EXTERNAL" => Some("body"),
        "GTV" | "CTV" | "PTV" | "TREATED_VOLUME" | "IRRAD_VOLUME" => Some("lesion"),
        _ => None,
    }
}
