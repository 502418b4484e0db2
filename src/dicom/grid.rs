//! Slice positions → the grid of a volume, with what is unusual about it.

use crate::geometry::{Lps, Vector};
use crate::study::stack::gaps;
use crate::study::{ImagePlane, StackGeometry, StackWarning, WarningCode};

/// Fewer slices say too little about their spacing to be cut in other planes.
pub(crate) const FEWEST_SLICES: usize = 3;
/// Slices nearer than this are at the same place.
pub(crate) const SAME_PLACE_MM: f64 = 0.01;
/// Slices may lie this far beside the line through the first and the last.
const SIDEWAYS_MM: f64 = 0.1;
/// Slice positions may deviate this much from an even grid: of the spacing, or in mm.
const UNEVEN_FRACTION: f64 = 0.01;
const UNEVEN_MM: f64 = 0.01;
/// Slices are called tilted from here; below it is rounding.
const TILT_DEGREES: f64 = 0.1;
/// More tilt than any gantry has: the slices do not form a stack.
const MOST_TILT_DEGREES: f64 = 60.0;

/// Parts that one series may fall into; positions that are cut further have no spacing at all.
const MOST_PARTS: usize = 64;

/// Positions (mm along the normal, ascending) cut where more slices are missing than present, so
/// that two small blocks far apart do not become one huge empty volume. Returns ranges.
///
/// After [`MOST_PARTS`] the rest is left as it is; [`build`] refuses it.
pub(crate) fn parts(positions: &[f64]) -> Vec<std::ops::Range<usize>> {
    let mut all = Vec::new();
    // No recursion: positions that come apart one by one would overflow the stack.
    let mut open: Vec<_> = std::iter::once(0..positions.len()).collect();
    while let Some(range) = open.pop() {
        let within = positions.get(range.clone()).unwrap_or_default();
        let cut = (all.len() + open.len() + 1 < MOST_PARTS && is_scattered(within))
            .then(|| widest_step(within))
            .flatten();
        match cut {
            Some(cut) => {
                let middle = range.start + cut + 1;
                open.push(middle..range.end);
                open.push(range.start..middle);
            }
            None => all.push(range),
        }
    }
    all
}

/// Whether more slices are missing than present.
fn is_scattered(positions: &[f64]) -> bool {
    let steps = sorted_steps(positions);
    let Some(&median) = steps.get(steps.len() / 2).filter(|&&m| m > 0.0) else {
        return false;
    };
    let missing: f64 = steps.iter().map(|s| (s / median).round() - 1.0).sum();
    missing > (positions.len() as f64).max(8.0)
}

/// The step after which position the next is farthest away; the last of several.
fn widest_step(positions: &[f64]) -> Option<usize> {
    let steps = positions.windows(2).map(step).enumerate();
    steps.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(at, _)| at)
}

fn step(pair: &[f64]) -> f64 {
    match pair {
        [a, b] => b - a,
        _ => 0.0,
    }
}

/// The grid of slices sorted along their normal, at different places.
///
/// The slice direction and spacing come from the positions, so that the map is exact for a tilted
/// gantry too. An error says why they form no volume.
pub(crate) fn build(planes: &[ImagePlane]) -> Result<(StackGeometry, Vec<StackWarning>), String> {
    let [first, .., last] = planes else {
        return Err("there is only one slice".to_owned());
    };
    let normal = first.normal();
    let extent = last.position - first.position;
    let slice_direction = extent
        .direction()
        .ok_or("the slices are all at one place")?;
    let tilt_degrees = tilt_degrees(slice_direction, normal);
    if tilt_degrees > MOST_TILT_DEGREES {
        return Err(format!(
            "the slices are shifted sideways by {tilt_degrees:.0}° against their normal"
        ));
    }
    let along = |plane: &ImagePlane| (plane.position - first.position).dot(slice_direction);
    let positions: Vec<f64> = planes.iter().map(along).collect();
    if is_scattered(&positions) {
        return Err("the slices have no spacing in common".to_owned());
    }
    let sideways_mm = planes
        .iter()
        .zip(&positions)
        .map(|(plane, &at)| {
            plane
                .position
                .distance(first.position + slice_direction * at)
        })
        .fold(0.0, f64::max);
    if sideways_mm > SIDEWAYS_MM {
        return Err(format!(
            "the slices do not lie on a line, one is {sideways_mm:.1} mm beside it"
        ));
    }
    // Distances shown to people are along the normal, which for axial slices is the table axis.
    let shown = |index: usize| {
        planes
            .get(index)
            .map_or(0.0, |plane| plane.position.0.dot(normal.0))
    };
    let mut warnings = Vec::new();
    if tilt_degrees > TILT_DEGREES {
        warnings.push(StackWarning {
            code: WarningCode::GantryTilt,
            message: format!(
                "The gantry was tilted: slices are sheared by {tilt_degrees:.1}° against their \
                 normal. Positions and distances are exact."
            ),
        });
    }
    let layout = even_layout(&positions).unwrap_or_else(|| uneven_layout(&positions));
    warnings.extend(layout_warnings(&positions, &layout, shown));
    let geometry = StackGeometry {
        origin: first.position,
        column_direction: first.column_direction,
        row_direction: first.row_direction,
        slice_direction,
        spacing_mm: [
            first.column_spacing_mm,
            first.row_spacing_mm,
            layout.spacing_mm,
        ],
        slices: layout.slice_of_frame.last().map_or(0, |last| last + 1),
        slice_of_frame: layout.slice_of_frame,
        uneven_positions: layout.uneven_positions,
    };
    Ok((geometry, warnings))
}

fn tilt_degrees(slice_direction: Vector<Lps>, normal: Vector<Lps>) -> f64 {
    // atan2 keeps its precision near 0, where acos has none.
    let sine = slice_direction.cross(normal).length();
    sine.atan2(slice_direction.dot(normal)).to_degrees()
}

struct Layout {
    spacing_mm: f64,
    slice_of_frame: Vec<usize>,
    uneven_positions: Option<Vec<f64>>,
}

fn sorted_steps(positions: &[f64]) -> Vec<f64> {
    let mut steps: Vec<f64> = positions.windows(2).map(step).collect();
    steps.sort_by(f64::total_cmp);
    steps
}

/// An even grid that every position lies on, possibly with slices missing.
fn even_layout(positions: &[f64]) -> Option<Layout> {
    let steps = sorted_steps(positions);
    let median = *steps.get(steps.len() / 2)?;
    let mut slice = 0;
    let mut slice_of_frame = vec![0];
    for pair in positions.windows(2) {
        let count = (step(pair) / median).round();
        if !(1.0..1e6).contains(&count) {
            return None;
        }
        slice += count as usize;
        slice_of_frame.push(slice);
    }
    let spacing_mm = positions.last()? / slice as f64;
    let tolerance = (UNEVEN_FRACTION * spacing_mm).max(UNEVEN_MM);
    let fits = positions
        .iter()
        .zip(&slice_of_frame)
        .all(|(at, &slice)| (at - slice as f64 * spacing_mm).abs() <= tolerance);
    fits.then_some(Layout {
        spacing_mm,
        slice_of_frame,
        uneven_positions: None,
    })
}

/// A grid as fine as the closest slices (but at most four times as fine as most are), onto which
/// the frames are resampled.
fn uneven_layout(positions: &[f64]) -> Layout {
    let steps = sorted_steps(positions);
    let median = steps.get(steps.len() / 2).copied().unwrap_or(1.0);
    let closest = steps.first().copied().unwrap_or(1.0);
    let extent = positions.last().copied().unwrap_or(1.0);
    let intervals = (extent / closest.max(median / 4.0)).round().max(1.0);
    let spacing_mm = extent / intervals;
    let in_slices: Vec<f64> = positions.iter().map(|at| at / spacing_mm).collect();
    Layout {
        spacing_mm,
        slice_of_frame: in_slices.iter().map(|at| at.round() as usize).collect(),
        uneven_positions: Some(in_slices),
    }
}

fn layout_warnings(
    positions: &[f64],
    layout: &Layout,
    shown: impl Fn(usize) -> f64,
) -> Vec<StackWarning> {
    let mut warnings = Vec::new();
    let mut missing = Vec::new();
    if layout.uneven_positions.is_some() {
        let gaps = gaps(positions);
        let even = positions.windows(2).zip(&gaps).filter(|(_, gap)| !**gap);
        let (least, most) = even.fold((f64::INFINITY, 0.0_f64), |(least, most), (pair, _)| {
            (least.min(step(pair)), most.max(step(pair)))
        });
        warnings.push(StackWarning {
            code: WarningCode::UnevenSpacing,
            message: format!(
                "Slices are {least:.2} to {most:.2} mm apart; the volume is interpolated to \
                 {:.2} mm.",
                layout.spacing_mm
            ),
        });
        for (index, _) in gaps.iter().enumerate().filter(|(_, gap)| **gap) {
            missing.push((shown(index), shown(index + 1), None));
        }
    } else {
        for (index, pair) in layout.slice_of_frame.windows(2).enumerate() {
            if let [a, b] = pair
                && b - a > 1
            {
                missing.push((shown(index), shown(index + 1), Some(b - a - 1)));
            }
        }
    }
    if !missing.is_empty() {
        warnings.push(missing_warning(&missing));
    }
    warnings
}

fn missing_warning(missing: &[(f64, f64, Option<usize>)]) -> StackWarning {
    const LISTED: usize = 8;
    let mut places: Vec<String> = missing
        .iter()
        .take(LISTED)
        .map(|(from, to, count)| match count {
            Some(1) => format!("1 between {from:.1} and {to:.1} mm"),
            Some(count) => format!("{count} between {from:.1} and {to:.1} mm"),
            None => format!("between {from:.1} and {to:.1} mm"),
        })
        .collect();
    if missing.len() > LISTED {
        places.push(format!("and in {} other places", missing.len() - LISTED));
    }
    StackWarning {
        code: WarningCode::MissingSlices,
        message: format!(
            "Slices are missing: {} (along the slice normal). They are left empty.",
            places.join(", ")
        ),
    }
}
