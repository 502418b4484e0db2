//! Frames of a series → stacks: what belongs together by geometry, in which order, and what a
//! person must know about it. Instance numbers never decide the order of slices.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::grid::{self, SliceSize};
use super::pictures::{Picture, picture_stacks};
use super::slabs::slabs;
use super::split::{same_place, sorted, split};
use super::stack_name::{self, Slab, slice_place};
use crate::geometry::{Lps, Vector};
use crate::study::{
    FrameLabel, FrameRef, ImagePlane, Instance, Repair, Stack, StackKind, StackWarning, WarningCode,
};

/// Direction vectors of slices of one stack may differ by this much (3.4 arc minutes); the grid
/// then has their mean.
const SAME_DIRECTION: f64 = 1e-3;
/// Pixel spacings of slices of one stack differ by rounding only, as a fraction.
const SAME_SPACING: f64 = 1e-4;
/// Directions that are told apart in one series; frames of further ones are shown as pictures, so
/// that a file of a hundred thousand made-up directions costs no more than its reading.
const MOST_DIRECTIONS: usize = 1000;

/// A frame with its place in the patient.
#[derive(Clone, Copy)]
pub(crate) struct Placed<'a> {
    pub at: FrameRef,
    pub instance: &'a Instance,
    pub plane: ImagePlane,
    pub labels: &'a [FrameLabel],
}

/// The stacks of a series whose instances are sorted by path.
pub(crate) fn stacks(instances: &[Arc<Instance>], modality: &str) -> Vec<Stack> {
    let (placed, mut pictures) = sort_out(instances, modality);
    let (clusters, left_over) = clusters(&placed);
    pictures.extend(left_over.into_iter().map(|frame| Picture {
        index: frame.at.instance,
        instance: frame.instance,
        frames: vec![frame.at.frame],
    }));
    let mut named: Vec<(Slab, Vec<Placed<'_>>)> = clusters
        .into_iter()
        .flat_map(slabs_of)
        .filter_map(|frames| Some((slab_of(&frames)?, frames)))
        .collect();
    named.sort_by(|a, b| stack_name::order(&a.0, &b.0));
    let (slabs, groups): (Vec<Slab>, Vec<_>) = named.into_iter().unzip();
    let mut stacks: Vec<Stack> = Vec::new();
    for (name, frames) in stack_name::names(&slabs).iter().zip(groups) {
        for (label, frames) in split(frames) {
            stacks.extend(stacks_of(&joined(name, &label), frames));
        }
    }
    let volumes = stacks.len();
    stacks.extend(picture_stacks(&pictures, modality));
    let (in_space, others) = stacks.split_at_mut(volumes);
    for stack in others {
        if !in_space.is_empty() && stack.name.is_empty() {
            "pictures without position".clone_into(&mut stack.name);
        }
    }
    // The pictures are walked once for each size of image, not for each stack.
    let mut said: HashMap<(usize, usize), Option<StackWarning>> = HashMap::new();
    for stack in in_space {
        let size = (stack.rows, stack.columns);
        let warning = said
            .entry(size)
            .or_insert_with(|| unplaced(size, &pictures));
        stack.warnings.extend(warning.clone());
    }
    let frames_of_reference = slabs
        .iter()
        .map(|slab| &slab.frame_of_reference)
        .collect::<BTreeSet<_>>()
        .len();
    for stack in &mut stacks {
        finish(stack, instances, frames_of_reference);
    }
    stacks
}

/// Frames that lie in the patient and can be cut, and those that are pictures only.
fn sort_out<'a>(
    instances: &'a [Arc<Instance>],
    modality: &str,
) -> (Vec<Placed<'a>>, Vec<Picture<'a>>) {
    let mut placed = Vec::new();
    let mut pictures = Vec::new();
    for (index, instance) in instances.iter().enumerate() {
        let grey = instance.pixel_format.photometric.is_grey()
            && instance.pixel_format.samples_per_pixel == 1;
        // Segmentations mark voxels of another series; they are no volume to plan on.
        let usable = grey && modality != "SEG";
        let mut others = Vec::new();
        for (frame, header) in instance.frames.iter().enumerate() {
            match header.plane.filter(|_| usable) {
                Some(plane) => placed.push(Placed {
                    at: FrameRef {
                        instance: index,
                        frame,
                    },
                    instance,
                    plane,
                    labels: &header.labels,
                }),
                None => others.push(frame),
            }
        }
        if !others.is_empty() {
            pictures.push(Picture {
                index,
                instance,
                frames: others,
            });
        }
    }
    (placed, pictures)
}

/// Adds what concerns every kind of stack.
fn finish(stack: &mut Stack, instances: &[Arc<Instance>], frames_of_reference: usize) {
    let mut files: Vec<usize> = stack.frames.iter().map(|frame| frame.instance).collect();
    files.sort_unstable();
    files.dedup();
    let used: Vec<&Instance> = files
        .iter()
        .filter_map(|&file| instances.get(file).map(|instance| &**instance))
        .collect();
    let any = |is: fn(&Instance) -> bool| used.iter().any(|instance| is(instance));
    let mut warn = |code, message: String| stack.warnings.push(StackWarning { code, message });
    if stack.kind == StackKind::Volume {
        if frames_of_reference > 1 {
            warn(
                WarningCode::MixedFramesOfReference,
                format!(
                    "The series has {frames_of_reference} frames of reference. A position of \
                     this stack means nothing in the others; plan on one of them only."
                ),
            );
        }
        if any(|i| i.frame_of_reference.is_none()) {
            warn(
                WarningCode::NoFrameOfReference,
                "The images name no frame of reference. Positions hold within this series only; \
                 do not carry them to another one."
                    .to_owned(),
            );
        }
    }
    if any(|i| i.lossy) {
        warn(
            WarningCode::Lossy,
            "Lossy compression has changed the values.".to_owned(),
        );
    }
    for repair in Repair::ALL {
        let count = used.iter().filter(|i| i.repairs.contains(&repair)).count();
        if count > 0 {
            let files = if count == 1 {
                "1 file"
            } else {
                &format!("{count} files")
            };
            warn(
                WarningCode::RepairedFiles,
                format!(
                    "In {files}, {}. Send the series again from the archive if a picture looks \
                     wrong.",
                    repair.words()
                ),
            );
        }
    }
}

/// Frames of equal size, frame of reference, direction and pixel spacing; and those left over
/// after too many directions.
fn clusters<'a>(placed: &[Placed<'a>]) -> (Vec<Vec<Placed<'a>>>, Vec<Placed<'a>>) {
    let mut clusters: Vec<Vec<Placed<'a>>> = Vec::new();
    let mut left_over = Vec::new();
    for frame in placed {
        let room = clusters.len() < MOST_DIRECTIONS;
        let home = clusters
            .iter_mut()
            .find(|cluster| cluster.first().is_some_and(|first| alike(first, frame)));
        match home {
            Some(cluster) => cluster.push(*frame),
            None if room => clusters.push(vec![*frame]),
            None => left_over.push(*frame),
        }
    }
    (clusters, left_over)
}

fn alike(a: &Placed<'_>, b: &Placed<'_>) -> bool {
    let direction = |a: Vector<Lps>, b: Vector<Lps>| (a - b).length() <= SAME_DIRECTION;
    let spacing = |a: f64, b: f64| (a - b).abs() <= SAME_SPACING * a;
    a.instance.rows == b.instance.rows
        && a.instance.columns == b.instance.columns
        && direction(a.plane.column_direction, b.plane.column_direction)
        && direction(a.plane.row_direction, b.plane.row_direction)
        && spacing(a.plane.column_spacing_mm, b.plane.column_spacing_mm)
        && spacing(a.plane.row_spacing_mm, b.plane.row_spacing_mm)
        && a.instance.frame_of_reference == b.instance.frame_of_reference
}

/// Frames of one direction cut into slabs: side by side, or far apart along the normal.
fn slabs_of(frames: Vec<Placed<'_>>) -> Vec<Vec<Placed<'_>>> {
    let planes: Vec<ImagePlane> = frames.iter().map(|frame| frame.plane).collect();
    let mut all = Vec::new();
    for slab in slabs(&planes) {
        let frames = slab.iter().filter_map(|&i| frames.get(i).copied());
        let frames = sorted(frames.collect());
        let places: Vec<_> = frames.chunk_by(same_place).collect();
        for range in grid::parts(&heights(&places)) {
            let part = places.get(range).unwrap_or_default();
            all.push(part.iter().copied().flatten().map(|f| f.1).collect());
        }
    }
    all
}

/// Position along the normal of each place.
fn heights(places: &[&[(f64, Placed<'_>)]]) -> Vec<f64> {
    places
        .iter()
        .filter_map(|run| run.first())
        .map(|first| first.0)
        .collect()
}

/// What a slab is named by; its frames are sorted.
fn slab_of(frames: &[Placed<'_>]) -> Option<Slab> {
    let (first, last) = (frames.first()?, frames.last()?);
    let middle = |frame: &Placed<'_>| {
        let half = |count: usize| (count.max(1) - 1) as f64 / 2.0;
        let (column, row) = (half(frame.instance.columns), half(frame.instance.rows));
        frame.plane.lps_from_pixel(column, row)
    };
    Some(Slab {
        plane: first.plane,
        middle: middle(first).lerp(middle(last), 0.5),
        size: [first.instance.rows, first.instance.columns],
        frame_of_reference: first.instance.frame_of_reference.clone(),
    })
}

fn joined(name: &str, label: &str) -> String {
    match (name, label) {
        (name, "") => name.to_owned(),
        ("", label) => label.to_owned(),
        (name, label) => format!("{name}, {label}"),
    }
}

/// Volumes of frames of one slab, or pictures where they form none.
fn stacks_of(name: &str, frames: Vec<Placed<'_>>) -> Vec<Stack> {
    let frames = sorted(frames);
    let places: Vec<_> = frames.chunk_by(same_place).collect();
    let parts = grid::parts(&heights(&places));
    let several = parts.len() > 1;
    parts
        .into_iter()
        .enumerate()
        .filter_map(|(index, range)| {
            let part = if several {
                format!("part {}", index + 1)
            } else {
                String::new()
            };
            Some(stack_of(joined(name, &part), places.get(range)?))
        })
        .collect()
}

/// One stack of frames sorted and grouped by place.
fn stack_of(name: String, places: &[&[(f64, Placed<'_>)]]) -> Stack {
    let (mut used, mut repeated) = (Vec::new(), Vec::new());
    for run in places {
        if let Some((first, others)) = run.split_first() {
            used.push(first.1);
            repeated.extend(others);
        }
    }
    let planes: Vec<ImagePlane> = used.iter().map(|frame| frame.plane).collect();
    let size = used
        .first()
        .map_or(SliceSize::default(), |frame| SliceSize {
            rows: frame.instance.rows,
            columns: frame.instance.columns,
        });
    let mut stack = Stack {
        kind: StackKind::Images,
        name,
        frames: places.iter().copied().flatten().map(|f| f.1.at).collect(),
        rows: size.rows,
        columns: size.columns,
        geometry: None,
        warnings: Vec::new(),
    };
    if planes.len() < grid::FEWEST_SLICES {
        return stack;
    }
    match grid::build(&planes, size) {
        Ok((geometry, warnings)) => {
            stack.kind = StackKind::Volume;
            stack.frames = used.iter().map(|frame| frame.at).collect();
            stack.geometry = Some(geometry);
            stack.warnings = warnings;
            if !repeated.is_empty() {
                stack.warnings.push(duplicates(&repeated, size));
            }
            if used.iter().any(|frame| scaled(frame)) {
                stack.warnings.push(StackWarning {
                    code: WarningCode::OrientationCorrected,
                    message: "The slice directions in the header are not of unit length and were \
                              scaled to it. Compare a known distance before you plan."
                        .to_owned(),
                });
            }
        }
        Err(reason) => stack.warnings.push(no_geometry(&reason)),
    }
    stack
}

fn scaled(frame: &Placed<'_>) -> bool {
    let header = frame.instance.frames.get(frame.at.frame);
    header.is_some_and(|header| header.directions_scaled)
}

/// What is said of files of the same size that do not say where they lie.
fn unplaced(size: (usize, usize), pictures: &[Picture<'_>]) -> Option<StackWarning> {
    let same = |picture: &&Picture<'_>| (picture.instance.rows, picture.instance.columns) == size;
    let mut count = 0;
    let mut example = None;
    for picture in pictures.iter().filter(same) {
        for header in picture
            .frames
            .iter()
            .filter_map(|&f| picture.instance.frames.get(f))
        {
            if let Some(problem) = &header.geometry_problem {
                count += 1;
                example.get_or_insert((picture.instance, problem));
            }
        }
    }
    let (instance, problem) = example?;
    let file = instance.path.file_name().unwrap_or_default();
    let images = if count == 1 {
        "1 image of this series does"
    } else {
        &format!("{count} images of this series do")
    };
    Some(StackWarning {
        code: WarningCode::UnplacedSlices,
        message: format!(
            "{images} not say where in the patient they lie ({}: {problem}). They are listed as \
             pictures and are not part of these slices.",
            file.to_string_lossy()
        ),
    })
}

/// Why frames are pictures only.
pub(crate) fn no_geometry(reason: &str) -> StackWarning {
    StackWarning {
        code: WarningCode::NoGeometry,
        message: format!(
            "These are pictures without positions and planes, not to plan on: {reason}."
        ),
    }
}

fn duplicates(repeated: &[&(f64, Placed<'_>)], size: SliceSize) -> StackWarning {
    const LISTED: usize = 8;
    let mut places: Vec<String> = repeated
        .iter()
        .take(LISTED)
        .map(|(_, frame)| {
            let file = frame.instance.path.file_name().unwrap_or_default();
            let place = slice_place(&frame.plane, [size.rows, size.columns]);
            format!("{} at {place} mm", file.to_string_lossy())
        })
        .collect();
    if repeated.len() > LISTED {
        places.push(format!("and {} more", repeated.len() - LISTED));
    }
    let count = match repeated.len() {
        1 => "1 slice lies".to_owned(),
        count => format!("{count} slices lie"),
    };
    StackWarning {
        code: WarningCode::DuplicateSlices,
        message: format!(
            "{count} where another does; the first of each place is used. Left out: {}.",
            places.join(", ")
        ),
    }
}
