//! Frames of a segmentation, or planes of contours → the grid they lie on.
//!
//! Positions decide: frames may come in any order, lie on some slices only, be tilted or sheared.

use std::ops::Range;
use std::sync::Arc;

use super::MaskGrid;
use crate::geometry::{Lps, Point, Transform, Vector};
use crate::study::ImagePlane;

/// Directions of frames of one grid may differ by this much, as those of a volume.
const SAME_DIRECTION: f64 = 1e-3;
/// Pixel spacings differ by rounding only, as a fraction.
const SAME_SPACING: f64 = 1e-4;
/// Positions nearer than this are one, in mm.
const SAME_PLACE_MM: f64 = 0.01;
/// Positions may lie this far beside their line, in mm.
const BESIDE_MM: f64 = 0.1;
/// Positions may lie this far from a slice of a regular grid, as a fraction of its spacing.
const OFF_SLICE: f64 = 0.02;
/// A step more than this many times the median is a gap.
const GAP: f64 = 1.5;
/// More slices than any grid has.
const MOST_SLICES: usize = 1 << 15;
/// Corners of frames lie this near to those of the volume's slices, in voxels.
const SAME_VOXEL: f64 = 0.02;

/// A grid and the slices of it that each frame covers.
#[derive(Debug)]
pub(super) struct FrameGrid {
    pub grid: Arc<MaskGrid>,
    /// Slices of each frame, in the order of the frames.
    pub slices: Vec<Range<usize>>,
    /// The distances of the frames are uneven: each is continued half way to its neighbours.
    pub is_uneven: bool,
}

/// The grid of frames of one size, which is `planning` where they lie on its slices.
///
/// `spacing_mm` is what the file says of the distance of slices, and of the thickness of a single
/// one. The error says which frame does not fit, counted from 1.
pub(super) fn grid_of_frames(
    planes: &[ImagePlane],
    [columns, rows]: [usize; 2],
    [spacing_mm, thickness_mm]: [Option<f64>; 2],
    planning: &Arc<MaskGrid>,
) -> Result<FrameGrid, String> {
    let first = planes.first().ok_or("it has no frames")?;
    check_parallel(first, planes)?;
    if let Some(slices) = slices_of(planning, planes, [columns, rows]) {
        return Ok(FrameGrid {
            grid: Arc::clone(planning),
            slices: slices.into_iter().map(|slice| slice..slice + 1).collect(),
            is_uneven: false,
        });
    }
    let normal = first.normal();
    let along = |plane: &ImagePlane| (plane.position - first.position).dot(normal);
    let mut sorted: Vec<f64> = planes.iter().map(along).collect();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup_by(|next, kept| *next - *kept < SAME_PLACE_MM);
    let (Some(&low), Some(&high)) = (sorted.first(), sorted.last()) else {
        return Err("it has no frames".to_owned());
    };
    let at = |mm: f64| {
        let near = |plane: &&ImagePlane| (along(plane) - mm).abs() < SAME_PLACE_MM;
        planes
            .iter()
            .find(near)
            .map_or(first.position, |p| p.position)
    };
    let (bottom, top) = (at(low), at(high));
    // From one position to the next; with a tilted gantry it is not the normal.
    let direction = if high > low {
        (top - bottom) * (1.0 / (high - low))
    } else {
        normal
    };
    check_line(planes, bottom, direction, normal)?;
    let spread = Spread::of(
        &sorted,
        spacing_mm,
        thickness_mm.unwrap_or(planning.spacing_mm[2]),
    )?;
    let to_lps = Transform::from_columns(
        (first.column_direction * first.column_spacing_mm).0,
        (first.row_direction * first.row_spacing_mm).0,
        (direction * spread.step_mm).0,
        bottom.0,
    );
    let grid =
        MaskGrid::new([columns, rows, spread.slices], to_lps).ok_or("its frames span no box")?;
    let slices = planes
        .iter()
        .map(|plane| spread.slices_at(along(plane) - low))
        .collect();
    Ok(FrameGrid {
        grid: Arc::new(grid),
        slices,
        is_uneven: spread.is_uneven,
    })
}

fn check_parallel(first: &ImagePlane, planes: &[ImagePlane]) -> Result<(), String> {
    let turned = |a: Vector<Lps>, b: Vector<Lps>| (a - b).length() > SAME_DIRECTION;
    let scaled = |a: f64, b: f64| (a / b - 1.0).abs() > SAME_SPACING;
    for (index, plane) in planes.iter().enumerate() {
        if turned(plane.column_direction, first.column_direction)
            || turned(plane.row_direction, first.row_direction)
        {
            return Err(format!("frame {} is not parallel to frame 1", index + 1));
        }
        if scaled(plane.column_spacing_mm, first.column_spacing_mm)
            || scaled(plane.row_spacing_mm, first.row_spacing_mm)
        {
            return Err(format!(
                "frame {} has another pixel spacing than frame 1",
                index + 1
            ));
        }
    }
    Ok(())
}

fn check_line(
    planes: &[ImagePlane],
    bottom: Point<Lps>,
    direction: Vector<Lps>,
    normal: Vector<Lps>,
) -> Result<(), String> {
    for (index, plane) in planes.iter().enumerate() {
        let along = (plane.position - bottom).dot(normal);
        let beside = (bottom + direction * along).distance(plane.position);
        if beside > BESIDE_MM {
            return Err(format!(
                "frame {} lies {beside:.1} mm beside the line of the others",
                index + 1
            ));
        }
    }
    Ok(())
}

/// The slice of `grid` that each frame lies on exactly; `None` where one does not.
fn slices_of(
    grid: &MaskGrid,
    planes: &[ImagePlane],
    [columns, rows]: [usize; 2],
) -> Option<Vec<usize>> {
    if grid.size[..2] != [columns, rows] {
        return None;
    }
    let corners = [(0, 0), (columns - 1, 0), (0, rows - 1)].map(|(c, r)| (c as f64, r as f64));
    let slice_of = |plane: &ImagePlane| {
        let mut slices = corners.iter().map(|&(column, row)| {
            let voxel = (grid.voxel_from_lps * plane.lps_from_pixel(column, row)).0;
            let slice = voxel.z.round();
            let off = (voxel - glam::DVec3::new(column, row, slice))
                .abs()
                .max_element();
            let inside = slice >= 0.0 && slice < grid.size[2] as f64;
            (off < SAME_VOXEL && inside).then_some(slice as usize)
        });
        let slice = slices.next()??;
        slices.all(|other| other == Some(slice)).then_some(slice)
    };
    planes.iter().map(slice_of).collect()
}

/// How positions along a line fall on slices.
#[derive(Debug)]
pub(super) struct Spread {
    /// Distance of slices, mm.
    pub step_mm: f64,
    /// Slices.
    pub slices: usize,
    /// Positions are no multiples of the step.
    pub is_uneven: bool,
    /// For uneven positions: place, and how far each is continued before and after, mm.
    reach: Vec<[f64; 3]>,
}

impl Spread {
    /// For positions that ascend. `stated` is what the file says of their distance, `other` what
    /// is taken for a single position.
    pub fn of(sorted: &[f64], stated: Option<f64>, other: f64) -> Result<Self, String> {
        let low = sorted.first().copied().unwrap_or_default();
        let places: Vec<f64> = sorted.iter().map(|mm| mm - low).collect();
        let extent = places.last().copied().unwrap_or_default();
        let steps: Vec<f64> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let smallest = steps.iter().copied().fold(f64::INFINITY, f64::min);
        let regular = |step: f64| {
            let off = |mm: &f64| ((mm / step).round() - mm / step).abs() * step;
            step.is_finite()
                && places
                    .iter()
                    .all(|mm| off(mm) <= BESIDE_MM.min(OFF_SLICE * step))
        };
        let slices = |step: f64| (extent / step).round() as usize + 1;
        let stated = stated.filter(|&step| steps.is_empty() || regular(step));
        let even = |step_mm: f64| Self {
            step_mm,
            slices: slices(step_mm),
            is_uneven: false,
            reach: Vec::new(),
        };
        let spread = if let Some(step) = stated {
            even(step)
        } else if steps.is_empty() {
            even(other)
        } else if regular(smallest) {
            // The mean over all steps is exacter than one of them.
            even(extent / (extent / smallest).round())
        } else {
            Self {
                step_mm: smallest,
                slices: slices(smallest),
                is_uneven: true,
                reach: reaches(&places, GAP),
            }
        };
        if spread.slices > MOST_SLICES {
            return Err(format!(
                "its positions, {:.3} to {extent:.0} mm apart, make {} slices, more than Stylet \
                 reads ({MOST_SLICES})",
                spread.step_mm, spread.slices
            ));
        }
        Ok(spread)
    }

    /// The slices of a position, mm from the first.
    pub fn slices_at(&self, mm: f64) -> Range<usize> {
        let near = |[place, ..]: &&[f64; 3]| (place - mm).abs() < SAME_PLACE_MM;
        let (before, after) = match self.reach.iter().find(near) {
            Some([_, before, after]) => (*before, *after),
            None => {
                let slice = (mm / self.step_mm).round().max(0.0) as usize;
                return slice..slice + 1;
            }
        };
        // Every position has the slice next to it; half-way slices belong to the later one.
        let own = (mm / self.step_mm).round();
        let from = ((mm - before) / self.step_mm).ceil().min(own).max(0.0);
        let to = ((mm + after) / self.step_mm).ceil().max(own + 1.0);
        from as usize..(to as usize).min(self.slices)
    }
}

/// Each place with half the way to its neighbours; at the ends, and over a step more than `gap`
/// times the median, half the median step. A single place has no step and reaches nowhere.
pub(super) fn reaches(places: &[f64], gap: f64) -> Vec<[f64; 3]> {
    let steps: Vec<f64> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
    let mut sorted = steps.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let half = |step: Option<&f64>| match step {
        Some(&step) if step <= gap * median => step / 2.0,
        _ => median / 2.0,
    };
    places
        .iter()
        .enumerate()
        .map(|(index, &place)| {
            let before = index.checked_sub(1).and_then(|index| steps.get(index));
            [place, half(before), half(steps.get(index))]
        })
        .collect()
}

#[cfg(test)]
mod tests;
