//! DICOM segmentations → structures: frames on their grid, one mask for each segment, so that
//! segments may overlap.

use std::collections::HashSet;
use std::sync::Arc;

use super::collect::{Collected, MOST_LABELS};
use super::frame_grid::grid_of_frames;
use super::mask::Run;
use super::read::{Loaded, Planning, StructureFileError, describe};
use super::{Code, Structure, StructureSource};
use crate::dicom::CodedConcept;
use crate::dicom::segmentation::{Segment, Segmentation, SegmentationKind};
use crate::study::{ImagePlane, Samples, SourcePath};

/// Share of the maximum from which a voxel of a fractional segmentation is inside.
pub const FRACTION_INSIDE: f64 = 0.5;

/// Reads a segmentation.
pub(super) fn read(
    path: &SourcePath,
    planning: &Planning,
    cancel: &dyn Fn() -> bool,
) -> Result<Loaded, StructureFileError> {
    let mut file = Segmentation::open(path)?;
    let refuse = |reason: String| StructureFileError::refused(path, reason);
    let mut warnings = Vec::new();
    let planes = planes(&file).map_err(refuse)?;
    let found = grid_of_frames(
        &planes,
        [file.columns, file.rows],
        [file.slice_spacing_mm, file.slice_thickness_mm],
        &planning.grid,
    )
    .map_err(refuse)?;
    let frame = file.frame_of_reference.clone();
    let same_grid = Arc::ptr_eq(&found.grid, &planning.grid);
    planning
        .check_frame(frame.as_ref(), &file.referenced_series, same_grid)
        .map_err(refuse)?;
    if found.is_uneven {
        warnings.push(
            "its frames are unevenly spaced; each is continued half way to its neighbours"
                .to_owned(),
        );
    }
    if matches!(file.kind, SegmentationKind::Fractional { .. }) {
        warnings.push(format!(
            "it gives shares; voxels with {:.0} % and more are shown as inside",
            100.0 * FRACTION_INSIDE
        ));
    }
    let mut collected = Collected::new()?;
    for (index, slices) in found.slices.iter().enumerate() {
        if cancel() {
            return Err(StructureFileError::Cancelled);
        }
        let samples = file.samples(index)?;
        add_frame(&mut collected, &file, (index, slices.clone()), &samples)?;
        if collected.len() > MOST_LABELS {
            return Err(refuse(format!(
                "it has more than {MOST_LABELS} different segments"
            )));
        }
    }
    let mut loaded = Loaded::new(warnings)?;
    let segments = segments(&file, &collected, &mut loaded.warnings);
    for segment in &segments {
        let frame_of_reference = frame
            .clone()
            .or_else(|| planning.frame_of_reference.clone());
        let mask = collected.mask(segment.number, &found.grid, &mut loaded.booked)?;
        loaded.push(Structure {
            mask,
            frame_of_reference,
            ..structure(segment, path)
        });
    }
    Ok(loaded)
}

/// Places of all frames, or which of them has none.
fn planes(file: &Segmentation) -> Result<Vec<ImagePlane>, String> {
    file.frames
        .iter()
        .enumerate()
        .map(|(index, frame)| match &frame.plane {
            Ok(plane) => Ok(*plane),
            Err(reason) => Err(format!("frame {}: {reason}", index + 1)),
        })
        .collect()
}

fn add_frame(
    collected: &mut Collected,
    file: &Segmentation,
    (index, slices): (usize, std::ops::Range<usize>),
    samples: &Samples,
) -> Result<(), StructureFileError> {
    let segment = file.frames.get(index).and_then(|frame| frame.segment);
    let columns = file.columns;
    let mut labels = vec![0_u32; columns];
    let background_is_0 = file.kind != SegmentationKind::LabelMap || file.background == 0.0;
    for row in 0..file.rows {
        // Most rows of most frames hold nothing.
        if background_is_0 && is_zero(samples, row * columns..(row + 1) * columns) {
            continue;
        }
        for slice in slices.clone() {
            let place = [slice as u32, row as u32];
            let value = |column: usize| value_at(samples, row * columns + column);
            let least = match file.kind {
                SegmentationKind::Binary => 0.5,
                SegmentationKind::Fractional { maximum } => FRACTION_INSIDE * f64::from(maximum),
                SegmentationKind::LabelMap => {
                    for (column, label) in labels.iter_mut().enumerate() {
                        *label = value(column) as u32;
                    }
                    let background = Some(file.background as u32);
                    collected.add_row(place, &labels, background)?;
                    continue;
                }
            };
            let mut result = Ok(());
            Run::of_row(
                place,
                columns,
                |column| value(column) >= least,
                |run| {
                    if result.is_ok() {
                        result = collected.add(segment.unwrap_or_default(), run);
                    }
                },
            );
            result?;
        }
    }
    Ok(())
}

/// Whether bytes of a frame are all 0; other samples are looked at one by one.
fn is_zero(samples: &Samples, range: std::ops::Range<usize>) -> bool {
    match samples {
        Samples::U8(v) => v
            .get(range)
            .is_some_and(|row| row.iter().all(|&byte| byte == 0)),
        _ => false,
    }
}

/// Samples beyond the frame cannot be asked for: a decoded frame is as large as its header says.
fn value_at(samples: &Samples, index: usize) -> f64 {
    match samples {
        Samples::U8(v) => v.get(index).copied().map_or(0.0, f64::from),
        Samples::U16(v) => v.get(index).copied().map_or(0.0, f64::from),
        Samples::U32(v) => v.get(index).copied().map_or(0.0, f64::from),
        Samples::I8(v) => v.get(index).copied().map_or(0.0, f64::from),
        Samples::I16(v) => v.get(index).copied().map_or(0.0, f64::from),
        Samples::I32(v) => v.get(index).copied().map_or(0.0, f64::from),
        Samples::F32(v) => v.get(index).copied().map_or(0.0, f64::from),
        Samples::F64(v) => v.get(index).copied().unwrap_or_default(),
        Samples::Rgb8(_) => 0.0,
    }
}

/// The segments that are listed, the first of each number, and those that only frames name.
fn segments(
    file: &Segmentation,
    collected: &Collected,
    warnings: &mut Vec<String>,
) -> Vec<Segment> {
    let mut listed = Vec::new();
    let mut numbers = HashSet::new();
    for segment in &file.segments {
        let is_background =
            file.kind == SegmentationKind::LabelMap && f64::from(segment.number) == file.background;
        if is_background {
            continue;
        }
        if numbers.insert(segment.number) {
            listed.push(segment.clone());
        } else {
            warnings.push(format!(
                "segment number {} is given twice; {:?} is taken for part of the first",
                segment.number, segment.label
            ));
        }
    }
    let mut unlisted: Vec<u32> = collected
        .labels()
        .filter(|n| !numbers.contains(n))
        .collect();
    unlisted.sort_unstable();
    for &number in &unlisted {
        listed.push(Segment {
            number,
            label: format!("Segment {number}"),
            description: String::new(),
            property_type: None,
            type_modifier: None,
            anatomic_region: None,
            region_modifier: None,
            color: None,
        });
    }
    if let Some(first) = unlisted.first() {
        warnings.push(format!(
            "{} segments have voxels and no description, the first is number {first}; they are \
             shown without a kind",
            unlisted.len()
        ));
    }
    listed
}

/// Name, code, kind and colour of a segment; its mask comes later.
fn structure(segment: &Segment, path: &SourcePath) -> Structure {
    let meaning = |concept: &Option<CodedConcept>| {
        let concept = concept.as_ref()?;
        Some(concept.meaning.clone()).filter(|meaning| !meaning.is_empty())
    };
    let own = [&segment.label, &segment.description];
    let own = own.into_iter().find(|text| !text.is_empty()).cloned();
    let name = own
        .or_else(|| meaning(&segment.property_type))
        .unwrap_or_else(|| format!("Segment {}", segment.number));
    let side = meaning(&segment.type_modifier).or_else(|| meaning(&segment.region_modifier));
    let side = side.filter(|side| matches!(side.to_lowercase().as_str(), "left" | "right"));
    let name = match side {
        Some(side) if !name.to_lowercase().contains(&side.to_lowercase()) => {
            format!("{name}, {}", side.to_lowercase())
        }
        _ => name,
    };
    let code = |concept: &CodedConcept| Code {
        value: concept.value.clone(),
        scheme: concept.scheme.clone(),
        meaning: concept.meaning.clone(),
    };
    // A type says what it is; where that is general (Tissue, Organ), the region says more.
    let codes: Vec<Code> = [&segment.property_type, &segment.anatomic_region]
        .into_iter()
        .flatten()
        .map(code)
        .collect();
    let source = StructureSource::File(path.display().to_string());
    describe(name, &codes, segment.color, source)
}
