//! Frames of a series → stacks: what belongs together by geometry, in which order, and what a
//! person must know about it. Instance numbers never decide the order of slices.

use std::sync::Arc;

use super::grid;
use super::pictures::picture_stacks;
use crate::study::{
    FrameLabel, FrameRef, ImagePlane, Instance, Stack, StackKind, StackWarning, WarningCode,
};

/// Direction cosines of slices of one stack differ by rounding only.
const SAME_DIRECTION: f64 = 1e-4;
/// Pixel spacings of slices of one stack differ by rounding only, as a fraction.
const SAME_SPACING: f64 = 1e-4;

#[derive(Clone, Copy)]
struct Placed<'a> {
    at: FrameRef,
    instance: &'a Instance,
    plane: ImagePlane,
    labels: &'a [FrameLabel],
}

/// Frames that become one stack or its parts, with the name that tells them from others.
type Part<'a> = (String, Vec<Placed<'a>>);

/// The stacks of a series whose instances are sorted by path.
pub(crate) fn stacks(instances: &[Arc<Instance>], modality: &str) -> Vec<Stack> {
    let mut placed = Vec::new();
    let mut pictures = Vec::new();
    for (index, instance) in instances.iter().enumerate() {
        let grey = instance.pixel_format.photometric.is_grey()
            && instance.pixel_format.samples_per_pixel == 1;
        let planes = instance.frames.iter().filter(|f| f.plane.is_some()).count();
        // Segmentations mark voxels of another series; they are no volume to plan on.
        let segmentation = modality == "SEG";
        if !grey || segmentation || planes < instance.frames.len() {
            pictures.push((index, &**instance));
            continue;
        }
        for (frame, header) in instance.frames.iter().enumerate() {
            if let Some(plane) = header.plane {
                placed.push(Placed {
                    at: FrameRef {
                        instance: index,
                        frame,
                    },
                    instance,
                    plane,
                    labels: &header.labels,
                });
            }
        }
    }
    let mut stacks: Vec<Stack> = clusters(&placed)
        .into_iter()
        .flat_map(split)
        .flat_map(|(name, frames)| stacks_of(&name, frames))
        .collect();
    stacks.extend(picture_stacks(&pictures, modality));
    let frames_of_reference = placed
        .iter()
        .map(|frame| &frame.instance.frame_of_reference)
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    for stack in &mut stacks {
        finish(stack, instances, frames_of_reference);
    }
    stacks
}

/// Adds what concerns every kind of stack.
fn finish(stack: &mut Stack, instances: &[Arc<Instance>], frames_of_reference: usize) {
    if frames_of_reference > 1 && stack.kind == StackKind::Volume {
        stack.warnings.push(StackWarning {
            code: WarningCode::MixedFramesOfReference,
            message: format!(
                "The series has {frames_of_reference} frames of reference; positions of one \
                 stack mean nothing in another."
            ),
        });
    }
    let any = |is: fn(&Instance) -> bool| {
        let mut used = stack
            .frames
            .iter()
            .filter_map(|f| instances.get(f.instance));
        used.any(|instance| is(instance))
    };
    if any(|i| i.lossy) {
        stack.warnings.push(StackWarning {
            code: WarningCode::Lossy,
            message: "Lossy compression has changed the values.".to_owned(),
        });
    }
}

/// Frames of equal size, frame of reference, direction and pixel spacing.
fn clusters<'a>(placed: &[Placed<'a>]) -> Vec<Vec<Placed<'a>>> {
    let mut clusters: Vec<Vec<Placed<'a>>> = Vec::new();
    for frame in placed {
        let home = clusters
            .iter_mut()
            .find(|cluster| cluster.first().is_some_and(|first| alike(first, frame)));
        match home {
            Some(cluster) => cluster.push(*frame),
            None => clusters.push(vec![*frame]),
        }
    }
    clusters
}

fn alike(a: &Placed<'_>, b: &Placed<'_>) -> bool {
    let direction = |a: crate::geometry::Vector<crate::geometry::Lps>, b| {
        crate::geometry::Vector::length(a - b) <= SAME_DIRECTION
    };
    let spacing = |a: f64, b: f64| (a - b).abs() <= SAME_SPACING * a;
    a.instance.rows == b.instance.rows
        && a.instance.columns == b.instance.columns
        && a.instance.frame_of_reference == b.instance.frame_of_reference
        && direction(a.plane.column_direction, b.plane.column_direction)
        && direction(a.plane.row_direction, b.plane.row_direction)
        && spacing(a.plane.column_spacing_mm, b.plane.column_spacing_mm)
        && spacing(a.plane.row_spacing_mm, b.plane.row_spacing_mm)
}

/// Sorted along the normal; frames at one place by instance number, then by path.
fn sorted(mut frames: Vec<Placed<'_>>) -> Vec<(f64, Placed<'_>)> {
    let Some(normal) = frames.first().map(|first| first.plane.normal()) else {
        return Vec::new();
    };
    frames.sort_by_key(|frame| (frame.instance.number, frame.at));
    let mut frames: Vec<_> = frames
        .into_iter()
        .map(|frame| (frame.plane.position.0.dot(normal.0), frame))
        .collect();
    frames.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Rounding must not decide which of two frames at one place is the first.
    for run in frames.chunk_by_mut(|a, b| b.0 - a.0 < grid::SAME_PLACE_MM) {
        run.sort_by_key(|(_, frame)| (frame.instance.number, frame.at));
    }
    frames
}

/// How often places repeat: frames that lie where another does, places that have several frames,
/// and the most frames at one place.
struct Repeats {
    frames: usize,
    places: usize,
    most: usize,
    all_places: usize,
}

fn repeats(frames: &[Placed<'_>]) -> Repeats {
    let mut count = Repeats {
        frames: 0,
        places: 0,
        most: 0,
        all_places: 0,
    };
    for run in sorted(frames.to_vec()).chunk_by(|a, b| b.0 - a.0 < grid::SAME_PLACE_MM) {
        count.frames += run.len() - 1;
        count.places += usize::from(run.len() > 1);
        count.most = count.most.max(run.len());
        count.all_places += 1;
    }
    count
}

/// Splits frames that cover the same places several times (echoes, phases, b values …) by the
/// labels that tell them apart. What no label tells apart stays together as duplicates.
fn split(frames: Vec<Placed<'_>>) -> Vec<Part<'_>> {
    let before = repeats(&frames);
    // A single repeated slice is a duplicate, not a second stack.
    let single = before.places == 1 && before.all_places >= grid::FEWEST_SLICES;
    if before.frames == 0 || single {
        return vec![(String::new(), frames)];
    }
    let mut names: Vec<&'static str> = Vec::new();
    for label in frames.iter().flat_map(|frame| frame.labels) {
        if !names.contains(&label.name) {
            names.push(label.name);
        }
    }
    let mut best: Option<(usize, Vec<Part<'_>>)> = None;
    let splits = names
        .into_iter()
        .map(|name| by_label(&frames, name))
        .chain(std::iter::once_with(|| by_file(&frames)));
    for parts in splits {
        // More values than frames at a place: it counts slices, not stacks.
        if !(2..=before.most).contains(&parts.len()) {
            continue;
        }
        let left = parts.iter().map(|(_, part)| repeats(part).frames).sum();
        if left < best.as_ref().map_or(before.frames, |best| best.0) {
            best = Some((left, parts));
        }
    }
    let Some((_, parts)) = best else {
        return vec![(String::new(), frames)];
    };
    parts
        .into_iter()
        .flat_map(|(name, part)| {
            split(part).into_iter().map(move |(inner, part)| {
                let name = if inner.is_empty() {
                    name.clone()
                } else {
                    format!("{name}, {inner}")
                };
                (name, part)
            })
        })
        .collect()
}

fn by_label<'a>(frames: &[Placed<'a>], name: &str) -> Vec<Part<'a>> {
    let value = |frame: &Placed<'a>| {
        frame
            .labels
            .iter()
            .find(|label| label.name == name)
            .map_or("", |label| label.value.as_str())
    };
    let mut parts: Vec<(&str, Vec<Placed<'a>>)> = Vec::new();
    for frame in frames {
        let value = value(frame);
        match parts.iter_mut().find(|part| part.0 == value) {
            Some(part) => part.1.push(*frame),
            None => parts.push((value, vec![*frame])),
        }
    }
    // By number where they are numbers, so that time point 10 follows 9.
    parts.sort_by(|a, b| match (a.0.parse::<f64>(), b.0.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b),
        _ => a.0.cmp(b.0),
    });
    parts
        .into_iter()
        .map(|(value, part)| (format!("{name} {value}").trim_end().to_owned(), part))
        .collect()
}

/// Multi-frame files are stacks of their own where nothing else tells their frames apart.
fn by_file<'a>(frames: &[Placed<'a>]) -> Vec<Part<'a>> {
    if frames.iter().all(|frame| frame.instance.frames.len() == 1) {
        return Vec::new();
    }
    let mut parts: Vec<(usize, Vec<Placed<'a>>)> = Vec::new();
    for frame in frames {
        match parts.iter_mut().find(|part| part.0 == frame.at.instance) {
            Some(part) => part.1.push(*frame),
            None => parts.push((frame.at.instance, vec![*frame])),
        }
    }
    parts
        .into_iter()
        .enumerate()
        .map(|(index, (_, part))| (format!("file {}", index + 1), part))
        .collect()
}

/// Volumes of frames of one geometry, or pictures where they form none.
fn stacks_of(name: &str, frames: Vec<Placed<'_>>) -> Vec<Stack> {
    let frames = sorted(frames);
    let places: Vec<_> = frames
        .chunk_by(|a, b| b.0 - a.0 < grid::SAME_PLACE_MM)
        .collect();
    let positions: Vec<f64> = places
        .iter()
        .filter_map(|run| run.first())
        .map(|first| first.0)
        .collect();
    let parts = grid::parts(&positions);
    let several = parts.len() > 1;
    parts
        .into_iter()
        .enumerate()
        .filter_map(|(index, range)| {
            let name = match (several, name) {
                (false, name) => name.to_owned(),
                (true, "") => format!("part {}", index + 1),
                (true, name) => format!("{name}, part {}", index + 1),
            };
            Some(stack_of(name, places.get(range)?))
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
    let mut stack = Stack {
        kind: StackKind::Images,
        name,
        frames: places.iter().copied().flatten().map(|f| f.1.at).collect(),
        rows: used.first().map_or(0, |frame| frame.instance.rows),
        columns: used.first().map_or(0, |frame| frame.instance.columns),
        geometry: None,
        warnings: Vec::new(),
    };
    if planes.len() < grid::FEWEST_SLICES {
        return stack;
    }
    match grid::build(&planes) {
        Ok((geometry, warnings)) => {
            stack.kind = StackKind::Volume;
            stack.frames = used.iter().map(|frame| frame.at).collect();
            stack.geometry = Some(geometry);
            stack.warnings = warnings;
            if !repeated.is_empty() {
                stack.warnings.push(duplicates(&repeated));
            }
        }
        Err(reason) => stack.warnings.push(no_geometry(&reason)),
    }
    stack
}

/// Why frames are pictures only.
pub(crate) fn no_geometry(reason: &str) -> StackWarning {
    StackWarning {
        code: WarningCode::NoGeometry,
        message: format!("Shown as pictures only, without positions and planes: {reason}."),
    }
}

fn duplicates(repeated: &[&(f64, Placed<'_>)]) -> StackWarning {
    const LISTED: usize = 8;
    let mut places: Vec<String> = repeated
        .iter()
        .take(LISTED)
        .map(|(at, frame)| {
            let file = frame.instance.path.file_name().unwrap_or_default();
            format!("{} at {at:.1} mm", file.to_string_lossy())
        })
        .collect();
    if repeated.len() > LISTED {
        places.push(format!("and {} more", repeated.len() - LISTED));
    }
    StackWarning {
        code: WarningCode::DuplicateSlices,
        message: format!(
            "Slices lie where another does; the first of each is used. Left out: {}.",
            places.join(", ")
        ),
    }
}
