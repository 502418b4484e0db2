//! Display shutter of a header (PS3.3 C.7.6.11; C.8.19.7 for enhanced files) → [`Shutter`].

use dicom_dictionary_std::tags;

use super::elements::Elements;
use super::projection::Problems;
use crate::study::{Shutter, ShutterShape};

/// Corners of a polygon that are read.
const MOST_CORNERS: usize = 4096;
/// Words of Shutter Shape that are read: each of the shapes once, and one that is not known.
const MOST_SHAPES: usize = 4;
/// Letters of a word that are shown.
const LONGEST_WORD: usize = 16;

/// The shutter of the root or, in enhanced files, of the first frame.
pub(crate) fn shutter(header: &Elements, problems: &mut Problems) -> Shutter {
    let grouped = [
        tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
        tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
    ]
    .into_iter()
    .find_map(|groups| {
        header
            .item(groups)?
            .item(tags::FRAME_DISPLAY_SHUTTER_SEQUENCE)
    });
    let holder = grouped.unwrap_or(header);
    let text = holder.code(tags::SHUTTER_SHAPE);
    let mut words: Vec<&str> = Vec::new();
    for word in text.split('\\').map(str::trim) {
        // The attributes of a shape are there once, so that it cannot come again.
        if !word.is_empty() && words.len() < MOST_SHAPES && !words.contains(&word) {
            words.push(word);
        }
    }
    let shapes: Vec<ShutterShape> = words
        .into_iter()
        .filter_map(|word| shape(holder, word, problems))
        .collect();
    // P-values run from 0 to 65535 whatever the image has.
    let value = holder.integer(tags::SHUTTER_PRESENTATION_VALUE);
    let grey = value.ok().flatten().unwrap_or_default();
    Shutter {
        shapes,
        grey: (grey.clamp(0, 0xFFFF) >> 8) as u8,
    }
}

fn shape(holder: &Elements, word: &str, problems: &mut Problems) -> Option<ShutterShape> {
    let found = match word {
        "RECTANGULAR" => rectangle(holder),
        "CIRCULAR" => circle(holder),
        "POLYGONAL" => polygon(holder),
        other => {
            let other: String = other.chars().take(LONGEST_WORD).collect();
            problems.add(format!(
                "The display shutter {other:?} of the file is not drawn."
            ));
            return None;
        }
    };
    if found.is_none() {
        problems.add(format!(
            "The {} display shutter of the file is incomplete or has no area. It is not drawn.",
            word.to_lowercase()
        ));
    }
    found
}

fn rectangle(holder: &Elements) -> Option<ShutterShape> {
    let edge = |tag| holder.integer(tag).ok().flatten();
    let rows = [
        edge(tags::SHUTTER_UPPER_HORIZONTAL_EDGE)?,
        edge(tags::SHUTTER_LOWER_HORIZONTAL_EDGE)?,
    ];
    let columns = [
        edge(tags::SHUTTER_LEFT_VERTICAL_EDGE)?,
        edge(tags::SHUTTER_RIGHT_VERTICAL_EDGE)?,
    ];
    let open = |[first, last]: [i64; 2]| first < last;
    (open(rows) && open(columns)).then_some(ShutterShape::Rectangle { rows, columns })
}

fn circle(holder: &Elements) -> Option<ShutterShape> {
    let center = holder
        .vector::<2>(tags::CENTER_OF_CIRCULAR_SHUTTER)
        .ok()??;
    let radius = holder.number(tags::RADIUS_OF_CIRCULAR_SHUTTER).ok()??;
    (radius > 0.0).then_some(ShutterShape::Circle { center, radius })
}

fn polygon(holder: &Elements) -> Option<ShutterShape> {
    let tag = tags::VERTICES_OF_THE_POLYGONAL_SHUTTER;
    let numbers = holder.numbers(tag).ok()??;
    let (corners, rest) = numbers.as_chunks::<2>();
    let usable = rest.is_empty()
        && (3..=MOST_CORNERS).contains(&corners.len())
        && numbers.iter().all(|number| number.is_finite());
    usable.then(|| ShutterShape::Polygon(corners.to_vec()))
}
