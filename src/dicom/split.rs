//! Frames that cover the same places several times → one part for each echo, phase, b value …

use std::collections::HashMap;
use std::hash::Hash;

use super::grid;
use super::group::Placed;
use super::labels::part_name;

/// Frames that become one stack, with the name that tells them from others.
pub(crate) type Part<'a> = (String, Vec<Placed<'a>>);

/// Sorted along the normal; frames at one place by instance number, then by path.
pub(crate) fn sorted(mut frames: Vec<Placed<'_>>) -> Vec<(f64, Placed<'_>)> {
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
    for run in frames.chunk_by_mut(same_place) {
        run.sort_by_key(|(_, frame)| (frame.instance.number, frame.at));
    }
    frames
}

/// Whether of two neighbours the second lies where the first does.
pub(crate) fn same_place(a: &(f64, Placed<'_>), b: &(f64, Placed<'_>)) -> bool {
    b.0 - a.0 < grid::SAME_PLACE_MM
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
    for run in sorted(frames.to_vec()).chunk_by(same_place) {
        count.frames += run.len() - 1;
        count.places += usize::from(run.len() > 1);
        count.most = count.most.max(run.len());
        count.all_places += 1;
    }
    count
}

/// Splits frames that cover the same places several times (echoes, phases, b values …) by the
/// labels that tell them apart. What no label tells apart stays together as duplicates.
pub(crate) fn split(frames: Vec<Placed<'_>>) -> Vec<Part<'_>> {
    let before = repeats(&frames);
    // A single repeated slice is a duplicate, not a second stack.
    let single = before.places == 1 && before.all_places >= grid::FEWEST_SLICES;
    // One place again and again is a run to scroll through, not a stack for each picture.
    if before.frames == 0 || single || before.all_places == 1 {
        return vec![(String::new(), frames)];
    }
    let mut names: Vec<&'static str> = Vec::new();
    for label in frames.iter().flat_map(|frame| frame.labels) {
        if !names.contains(&label.name) {
            names.push(label.name);
        }
    }
    let labelled = names.into_iter().map(|name| by_label(&frames, name));
    // What a label says comes before the order of files, that before the order of numbers.
    let parts = best_split(labelled, &before)
        .or_else(|| best_split(std::iter::once_with(|| by_file(&frames)), &before))
        .or_else(|| {
            best_split(
                std::iter::once_with(|| by_turn(&frames, before.most)),
                &before,
            )
        });
    let Some(parts) = parts else {
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

/// The first split whose parts cover all places, so that the most telling label names them; where
/// there is none, the one that leaves the fewest frames where another is. `None` where none leaves
/// fewer than before.
fn best_split<'a>(
    splits: impl Iterator<Item = Vec<Part<'a>>>,
    before: &Repeats,
) -> Option<Vec<Part<'a>>> {
    let mut best: Option<(usize, Vec<Part<'a>>)> = None;
    for parts in splits {
        // More values than frames at a place: it counts slices, not stacks.
        if !(2..=before.most).contains(&parts.len()) {
            continue;
        }
        let counts: Vec<Repeats> = parts.iter().map(|(_, part)| repeats(part)).collect();
        let left = counts.iter().map(|count| count.frames).sum();
        let whole = |count: &Repeats| count.all_places == before.all_places;
        if counts.iter().all(whole) {
            return Some(parts);
        }
        if left < best.as_ref().map_or(before.frames, |best| best.0) {
            best = Some((left, parts));
        }
    }
    best.map(|(_, parts)| parts)
}

fn value<'a>(frame: &Placed<'a>, name: &str) -> &'a str {
    frame
        .labels
        .iter()
        .find(|label| label.name == name)
        .map_or("", |label| label.value.as_str())
}

/// Frames with an equal key, keys in the order of their first frame.
fn grouped<'a, K: Copy + Eq + Hash>(
    frames: &[Placed<'a>],
    key: impl Fn(&Placed<'a>) -> K,
) -> Vec<(K, Vec<Placed<'a>>)> {
    let mut index_of: HashMap<K, usize> = HashMap::new();
    let mut parts: Vec<(K, Vec<Placed<'a>>)> = Vec::new();
    for frame in frames {
        let key = key(frame);
        let index = *index_of.entry(key).or_insert_with(|| {
            parts.push((key, Vec::new()));
            parts.len() - 1
        });
        if let Some((_, part)) = parts.get_mut(index) {
            part.push(*frame);
        }
    }
    parts
}

fn by_label<'a>(frames: &[Placed<'a>], name: &str) -> Vec<Part<'a>> {
    // Directions number the images of one b value; b 0 has none and comes apart by its b value.
    if name == "direction" && frames.iter().any(|frame| value(frame, name).is_empty()) {
        return Vec::new();
    }
    let mut parts = grouped(frames, |frame| value(frame, name));
    // By number where they are numbers, so that time point 10 follows 9.
    parts.sort_by(|a, b| match (a.0.parse::<f64>(), b.0.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b),
        _ => a.0.cmp(b.0),
    });
    let values: Vec<&str> = parts.iter().map(|(value, _)| *value).collect();
    let named: Vec<String> = parts
        .iter()
        .enumerate()
        .map(|(index, (_, part))| part_name(name, &values, index, |other| shared(part, other)))
        .collect();
    named
        .into_iter()
        .zip(parts)
        .map(|(name, (_, part))| (name, part))
        .collect()
}

/// The value of a label that all frames have in common.
fn shared<'a>(frames: &[Placed<'a>], name: &str) -> Option<&'a str> {
    let first = value(frames.first()?, name);
    let same = !first.is_empty() && frames.iter().all(|frame| value(frame, name) == first);
    same.then_some(first)
}

/// Sets of different images at the same places that no label tells apart: the first of each place
/// by instance number, the second, and so on. None where the same image is there twice, or not
/// equally many everywhere: those are duplicates.
fn by_turn<'a>(frames: &[Placed<'a>], count: usize) -> Vec<Part<'a>> {
    let ordered = sorted(frames.to_vec());
    let distinct = |run: &[(f64, Placed<'_>)]| {
        let mut images: Vec<_> = run
            .iter()
            .map(|(_, frame)| (&frame.instance.uid, frame.at.frame))
            .collect();
        images.sort();
        images.dedup();
        images.len() == count && run.len() == count
    };
    let places: Vec<_> = ordered.chunk_by(same_place).collect();
    if places.len() < 2 || !places.iter().all(|run| distinct(run)) {
        return Vec::new();
    }
    (0..count)
        .map(|turn| {
            let frames = places.iter().filter_map(|run| Some(run.get(turn)?.1));
            let name = format!("set {} of {count} by instance number", turn + 1);
            (name, frames.collect())
        })
        .collect()
}

/// Multi-frame files are stacks of their own where nothing else tells their frames apart.
fn by_file<'a>(frames: &[Placed<'a>]) -> Vec<Part<'a>> {
    if frames.iter().all(|frame| frame.instance.frames.len() == 1) {
        return Vec::new();
    }
    let mut parts = grouped(frames, |frame| frame.at.instance);
    parts.sort_by_key(|(instance, _)| *instance);
    parts
        .into_iter()
        .enumerate()
        .map(|(index, (_, part))| (format!("file {}", index + 1), part))
        .collect()
}
