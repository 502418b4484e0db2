//! Slice positions → the grid of a volume, with what is unusual about it.

use super::stack_name::slice_place;
use crate::geometry::{Lps, Vector};
use crate::study::stack::gaps;
use crate::study::{ImagePlane, StackGeometry, StackWarning, WarningCode};

/// Fewer slices say too little about their spacing to be cut in other planes.
pub(crate) const FEWEST_SLICES: usize = 3;
/// Slices nearer than this are at the same place.
pub(crate) const SAME_PLACE_MM: f64 = 0.01;
/// Slices may lie this far beside the line through the first and the last.
pub(crate) const SIDEWAYS_MM: f64 = 0.1;
/// Slice positions may deviate this much from an even grid: a fraction of the spacing, within
/// limits in mm. Scanners write positions rounded to 0.1 mm.
const UNEVEN_FRACTION: f64 = 0.02;
const UNEVEN_MM: f64 = 0.01;
const MOST_UNEVEN_MM: f64 = 0.1;
/// Slices are called tilted from here; below it is rounding.
const TILT_DEGREES: f64 = 0.1;
/// More tilt than any gantry has: the slices do not form a stack.
const MOST_TILT_DEGREES: f64 = 60.0;
/// Pixels may lie this far from where their own slice's directions put them before it is said.
const TURNED_MM: f64 = 0.05;
/// An uneven stack becomes a grid of at most so many slices for each of its own.
const FINEST: usize = 4;

/// Rows and columns of every slice of a stack.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SliceSize {
    pub rows: usize,
    pub columns: usize,
}

/// Positions (mm along the normal, ascending) cut where more slices are missing than present, so
/// that two small blocks far apart do not become one huge empty volume. Returns ranges.
///
/// Cuts at the widest steps, down to half as wide as the widest, until few enough are missing:
/// the widest step halves each time, which bounds the work for any header.
pub(crate) fn parts(positions: &[f64]) -> Vec<std::ops::Range<usize>> {
    let mut done = Vec::new();
    let mut todo: Vec<std::ops::Range<usize>> = std::iter::once(0..positions.len()).collect();
    while let Some(range) = todo.pop() {
        let within = positions.get(range.clone()).unwrap_or_default();
        let cuts = cuts(within);
        if cuts.is_empty() {
            done.push(range);
            continue;
        }
        let mut start = range.start;
        for cut in cuts {
            todo.push(start..range.start + cut);
            start = range.start + cut;
        }
        todo.push(start..range.end);
    }
    done.sort_by_key(|range| range.start);
    done
}

/// Where positions are cut at once; nowhere where few enough slices are missing.
fn cuts(positions: &[f64]) -> Vec<usize> {
    let steps: Vec<f64> = positions.windows(2).map(step).collect();
    let sorted = sorted_steps(positions);
    let Some(&median) = sorted.get(sorted.len() / 2).filter(|&&m| m > 0.0) else {
        return Vec::new();
    };
    let missing: f64 = steps.iter().map(|s| (s / median).round() - 1.0).sum();
    let allowed = (positions.len() as f64).max(8.0);
    if missing <= allowed {
        return Vec::new();
    }
    let widest = sorted.last().copied().unwrap_or_default();
    steps
        .iter()
        .enumerate()
        .filter(|(_, step)| **step * 2.0 >= widest)
        .map(|(index, _)| index + 1)
        .collect()
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
pub(crate) fn build(
    planes: &[ImagePlane],
    size: SliceSize,
) -> Result<(StackGeometry, Vec<StackWarning>), String> {
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
    let mut warnings = Vec::new();
    if tilt_degrees > TILT_DEGREES {
        warnings.push(StackWarning {
            code: WarningCode::GantryTilt,
            message: format!(
                "Slices are sheared by {tilt_degrees:.1}° against their normal, as by a tilted \
                 gantry. Positions and distances are exact."
            ),
        });
    }
    let (columns, rows) = mean_directions(planes, first);
    let turned_mm = turned_mm(planes, (columns, rows), size);
    if turned_mm > TURNED_MM {
        warnings.push(StackWarning {
            code: WarningCode::OrientationCorrected,
            message: format!(
                "The slices are not quite parallel; their mean direction is used. Pixels are up \
                 to {turned_mm:.2} mm from where the header puts them."
            ),
        });
    }
    let layout = even_layout(&positions).unwrap_or_else(|| uneven_layout(&positions));
    warnings.extend(layout_warnings(&positions, &layout, |index| {
        let place = planes.get(index).unwrap_or(first);
        slice_place(place, [size.rows, size.columns])
    }));
    let geometry = StackGeometry {
        origin: first.position,
        column_direction: columns,
        row_direction: rows,
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

/// The mean directions of columns and rows, perpendicular; those of the first slice where all are
/// the same.
fn mean_directions(planes: &[ImagePlane], first: &ImagePlane) -> (Vector<Lps>, Vector<Lps>) {
    let own = (first.column_direction, first.row_direction);
    if planes
        .iter()
        .all(|plane| (plane.column_direction, plane.row_direction) == own)
    {
        return own;
    }
    let nothing = Vector::new(0., 0., 0.);
    let sum =
        |of: fn(&ImagePlane) -> Vector<Lps>| planes.iter().map(of).fold(nothing, |a, b| a + b);
    let columns = sum(|plane| plane.column_direction).direction();
    let rows = sum(|plane| plane.row_direction);
    let mean = columns.and_then(|columns| {
        let rows = (rows - columns * columns.dot(rows)).direction()?;
        Some((columns, rows))
    });
    mean.unwrap_or(own)
}

/// How far the pixels of a slice, its first one held, lie at most from where the slice's own
/// directions put them.
fn turned_mm(
    planes: &[ImagePlane],
    (columns, rows): (Vector<Lps>, Vector<Lps>),
    size: SliceSize,
) -> f64 {
    let last = |count: usize| count.saturating_sub(1) as f64;
    let (last_column, last_row) = (last(size.columns), last(size.rows));
    planes
        .iter()
        .map(|plane| {
            let across = last_column * plane.column_spacing_mm;
            let down = last_row * plane.row_spacing_mm;
            let (dx, dy) = (plane.column_direction - columns, plane.row_direction - rows);
            let corners = [dx * across, dy * down, dx * across + dy * down];
            corners.map(Vector::length).into_iter().fold(0.0, f64::max)
        })
        .fold(0.0, f64::max)
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
    let tolerance = (UNEVEN_FRACTION * spacing_mm).clamp(UNEVEN_MM, MOST_UNEVEN_MM);
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

/// A grid onto which unevenly spaced frames are resampled: the coarsest one that has a slice
/// where every frame is, so that acquired slices stay as they are; where there is none, one as
/// fine as the closest slices. At most four times as many slices as frames, gaps apart.
fn uneven_layout(positions: &[f64]) -> Layout {
    let steps = sorted_steps(positions);
    let median = steps.get(steps.len() / 2).copied().unwrap_or(1.0);
    let closest = steps.first().copied().unwrap_or(1.0);
    let extent = positions.last().copied().unwrap_or(1.0);
    let finest = median / FINEST as f64;
    let fewest = (extent / closest.max(finest)).round().max(1.0);
    let most = (extent / finest).round().max(fewest);
    let spacing_mm = common_spacing(positions, fewest as usize..=most as usize)
        .unwrap_or_else(|| extent / fewest);
    let in_slices: Vec<f64> = positions.iter().map(|at| at / spacing_mm).collect();
    Layout {
        spacing_mm,
        slice_of_frame: in_slices.iter().map(|at| at.round() as usize).collect(),
        uneven_positions: Some(in_slices),
    }
}

/// The widest spacing that puts a grid slice on every position, among those that cut the extent
/// into so many intervals.
fn common_spacing(positions: &[f64], intervals: std::ops::RangeInclusive<usize>) -> Option<f64> {
    /// Enough for any real stack; beyond it a hostile header would cost time.
    const MOST_TRIED: usize = 20_000;
    let extent = *positions.last()?;
    let fits = |spacing: f64| {
        positions
            .iter()
            .all(|at| (at / spacing - (at / spacing).round()).abs() * spacing <= UNEVEN_MM)
    };
    // The first interval alone rules most of them out.
    intervals
        .take(MOST_TRIED)
        .map(|count| extent / count as f64)
        .find(|&spacing| fits(spacing))
}

fn layout_warnings(
    positions: &[f64],
    layout: &Layout,
    place: impl Fn(usize) -> String,
) -> Vec<StackWarning> {
    let mut warnings = Vec::new();
    let mut missing = Vec::new();
    let steps: Vec<f64> = positions.windows(2).map(step).collect();
    if layout.uneven_positions.is_some() {
        let gaps = gaps(positions);
        let even = steps.iter().zip(&gaps).filter(|(_, gap)| !**gap);
        let (least, most) = even.fold((f64::INFINITY, 0.0_f64), |(least, most), (&step, _)| {
            (least.min(step), most.max(step))
        });
        warnings.push(StackWarning {
            code: WarningCode::UnevenSpacing,
            message: format!(
                "Slices are {least:.2} to {most:.2} mm apart. Each is where it was acquired; what \
                 is shown between them is interpolated, every {:.2} mm.",
                layout.spacing_mm
            ),
        });
        for (index, _) in gaps.iter().enumerate().filter(|(_, gap)| **gap) {
            missing.push((index, None));
        }
    } else {
        for (index, pair) in layout.slice_of_frame.windows(2).enumerate() {
            if let [a, b] = pair
                && b - a > 1
            {
                missing.push((index, Some(b - a - 1)));
            }
        }
    }
    if !missing.is_empty() {
        let places: Vec<String> = missing
            .iter()
            .take(LISTED)
            .map(|&(index, count)| {
                let step_mm = steps.get(index).copied().unwrap_or_default();
                missing_words(count, [place(index), place(index + 1)], step_mm)
            })
            .collect();
        warnings.push(missing_warning(places, missing.len()));
    }
    warnings
}

/// Places that are listed one by one in a warning.
const LISTED: usize = 8;

fn missing_words(count: Option<usize>, [from, to]: [String; 2], step_mm: f64) -> String {
    let between = format!("between {from} and {to} mm ({step_mm:.1} mm apart)");
    match count {
        Some(1) => format!("1 slice {between}"),
        Some(count) => format!("{count} slices {between}"),
        None => between,
    }
}

fn missing_warning(mut places: Vec<String>, count: usize) -> StackWarning {
    if count > LISTED {
        places.push(format!("and in {} other places", count - LISTED));
    }
    StackWarning {
        code: WarningCode::MissingSlices,
        message: format!(
            "Slices are missing: {}. The gap is striped and has no values; do not plan through it.",
            places.join(", ")
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_far_apart_are_parts_and_small_gaps_are_not() {
        let block = |at: f64| (0..5).map(move |i| at + f64::from(i));
        let three: Vec<f64> = block(0.).chain(block(60.)).chain(block(110.)).collect();
        assert_eq!(parts(&three), [0..5, 5..10, 10..15]);
        // 6 missing between 10 present.
        let gap: Vec<f64> = block(0.).chain(block(11.)).collect();
        assert_eq!(parts(&gap).len(), 1);
        assert_eq!(parts(&[3.0]).len(), 1);
    }

    #[test]
    fn positions_made_to_be_cut_over_and_over_end_soon() {
        // Half the steps tiny, half growing: cutting one at a time would take 30,000 rounds.
        let mut at = 0.0;
        let positions: Vec<f64> = (0..60_000)
            .map(|i| {
                at += if i % 2 == 0 {
                    0.011
                } else {
                    f64::from(i) * 1e-4
                };
                at
            })
            .collect();
        let found = parts(&positions);
        assert!(found.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert_eq!(found.last().map(|range| range.end), Some(60_000));
    }

    #[test]
    fn the_widest_common_spacing_is_found() {
        let positions = [0., 3., 6., 9., 16., 23.];
        assert!((common_spacing(&positions, 8..=40).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(common_spacing(&[0., 2., 4.3, 6., 8.], 5..=16), None);
    }
}
