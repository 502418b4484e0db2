//! Stacks: frames of one series that belong together by their geometry.

use super::warning::StackWarning;
use crate::geometry::{Lps, Point, Transform, Vector, Voxel};

/// One frame of one file of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameRef {
    /// Index into [`super::Series::instances`].
    pub instance: usize,
    /// Frame of that file, 0-based.
    pub frame: usize,
}

/// What the frames of a stack are shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StackKind {
    /// Parallel slices that fill a box: can be cut in any plane.
    Volume,
    /// Pictures that are looked at one by one.
    Images,
    /// Frames that follow one another in time.
    Cine,
}

impl StackKind {
    /// Word of the JSON output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Volume => "volume",
            Self::Images => "images",
            Self::Cine => "cine",
        }
    }
}

/// Grid of a volume stack.
///
/// Slice directions need not be normal to the slices: with a tilted gantry they are not, and the
/// map below stays exact.
#[derive(Debug, Clone, PartialEq)]
pub struct StackGeometry {
    /// Centre of the first voxel (column 0, row 0, slice 0), LPS mm.
    pub origin: Point<Lps>,
    /// Unit direction in which columns count up.
    pub column_direction: Vector<Lps>,
    /// Unit direction in which rows count up.
    pub row_direction: Vector<Lps>,
    /// Unit direction from one slice to the next.
    pub slice_direction: Vector<Lps>,
    /// mm between neighbouring columns, rows and slices.
    pub spacing_mm: [f64; 3],
    /// Slices of the grid. More than the stack has frames where slices are missing.
    pub slices: usize,
    /// For each frame of the stack, the grid slice it fills; ascending. Empty grid slices have no
    /// data and are never interpolated over.
    pub slice_of_frame: Vec<usize>,
    /// Set where frames are unevenly spaced: position of each frame in grid slices (fractional).
    /// The volume is then resampled along the slice direction.
    pub uneven_positions: Option<Vec<f64>>,
}

impl StackGeometry {
    /// Voxel (column, row, slice) → patient, mm.
    pub fn lps_from_voxel(&self) -> Transform<Lps, Voxel> {
        Transform::from_columns(
            (self.column_direction * self.spacing_mm[0]).0,
            (self.row_direction * self.spacing_mm[1]).0,
            (self.slice_direction * self.spacing_mm[2]).0,
            self.origin.0,
        )
    }

    /// Where the values of each grid slice come from; `None` where slices are missing.
    pub fn slice_sources(&self) -> Vec<Option<SliceSource>> {
        let mut sources = vec![None; self.slices];
        let Some(positions) = &self.uneven_positions else {
            for (frame, &slice) in self.slice_of_frame.iter().enumerate() {
                if let Some(source) = sources.get_mut(slice) {
                    *source = Some(SliceSource::Frame(frame));
                }
            }
            return sources;
        };
        let gaps = gaps(positions);
        for (slice, source) in sources.iter_mut().enumerate() {
            let at = slice as f64;
            // The last frame at or below the slice.
            let above = positions.partition_point(|&p| p <= at + SAME_SLICE);
            let Some(before) = above.checked_sub(1) else {
                continue;
            };
            *source = match (positions.get(before), positions.get(above)) {
                (Some(&p), _) if (at - p).abs() <= SAME_SLICE => Some(SliceSource::Frame(before)),
                (Some(&p), Some(&next)) if !gaps.get(before).is_some_and(|&gap| gap) => {
                    Some(SliceSource::Between {
                        before,
                        fraction: (at - p) / (next - p),
                    })
                }
                _ => None,
            };
        }
        sources
    }
}

/// Frames nearer than this to a grid slice (in slices) are that slice.
const SAME_SLICE: f64 = 1e-3;

/// For each step between neighbouring positions, whether slices are missing in it: it is more
/// than 1.5 times as long as the median step, and fewer than three such steps in a row are about
/// as long or longer, so that a change from thin to thick slices is no gap, and a lone slice
/// between two gaps does not hide them.
pub fn gaps(positions: &[f64]) -> Vec<bool> {
    let steps: Vec<f64> = positions
        .iter()
        .zip(positions.iter().skip(1))
        .map(|(a, b)| b - a)
        .collect();
    let mut sorted = steps.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or_default();
    let is_gap = |(index, &step): (usize, &f64)| {
        let similar = |other: &&f64| **other * 1.5 >= step;
        let (before, from) = steps.split_at(index);
        let alike = before.iter().rev().take(3).take_while(similar).count()
            + from.iter().take(3).take_while(similar).count();
        step > 1.5 * median && alike < 3
    };
    steps.iter().enumerate().map(is_gap).collect()
}

/// Where the values of one grid slice come from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SliceSource {
    /// One frame of the stack, as it is.
    Frame(usize),
    /// Linear between a frame and the next.
    Between {
        /// Frame below; the other is the next one.
        before: usize,
        /// How far toward the next, 0–1.
        fraction: f64,
    },
}

/// Frames in order, and what they form.
#[derive(Debug, Clone)]
pub struct Stack {
    /// What it is shown as.
    pub kind: StackKind,
    /// What tells it from the other stacks of its series, empty for the only one.
    pub name: String,
    /// Frames, sorted along the slice direction (volumes) or by file order.
    pub frames: Vec<FrameRef>,
    /// Rows of each frame.
    pub rows: usize,
    /// Columns of each frame.
    pub columns: usize,
    /// Grid, for volumes.
    pub geometry: Option<StackGeometry>,
    /// What a person must know before measuring on it.
    pub warnings: Vec<StackWarning>,
}

impl Stack {
    /// Voxels or pixels in all frames.
    pub fn voxels(&self) -> usize {
        self.rows * self.columns * self.frames.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn geometry(slices: usize) -> StackGeometry {
        StackGeometry {
            origin: Point::new(1., 2., 3.),
            column_direction: Vector::new(1., 0., 0.),
            row_direction: Vector::new(0., 1., 0.),
            slice_direction: Vector::new(0., 0., 1.),
            spacing_mm: [0.5, 0.5, 2.0],
            slices,
            slice_of_frame: Vec::new(),
            uneven_positions: None,
        }
    }

    #[test]
    fn a_lone_slice_between_two_gaps_does_not_hide_them() {
        let positions = [0., 1., 2.1, 3., 4., 12., 20., 21., 22., 23.];
        let found: Vec<usize> = gaps(&positions)
            .iter()
            .enumerate()
            .filter_map(|(index, &gap)| gap.then_some(index))
            .collect();
        assert_eq!(found, [4, 5]);
        // Thick slices after thin ones are none.
        let thicker = [0., 1., 2., 3., 4., 9., 14., 19., 24.];
        assert!(gaps(&thicker).iter().all(|gap| !gap));
    }

    #[test]
    fn missing_slices_have_no_source() {
        let mut geometry = geometry(4);
        geometry.slice_of_frame = vec![0, 1, 3];
        assert_eq!(
            geometry.slice_sources(),
            [
                Some(SliceSource::Frame(0)),
                Some(SliceSource::Frame(1)),
                None,
                Some(SliceSource::Frame(2))
            ]
        );
    }

    #[test]
    fn uneven_slices_lie_between_their_neighbours_but_not_in_gaps() {
        let mut geometry = geometry(8);
        geometry.slice_of_frame = vec![0, 1, 2, 6, 7];
        geometry.uneven_positions = Some(vec![0.0, 0.75, 2.0, 6.0, 7.0]);
        let sources = geometry.slice_sources();
        assert_eq!(sources[0], Some(SliceSource::Frame(0)));
        assert_eq!(
            sources[1],
            Some(SliceSource::Between {
                before: 1,
                fraction: 0.2
            })
        );
        assert_eq!(sources[2], Some(SliceSource::Frame(2)));
        assert_eq!(sources[3..6], [None, None, None]);
        assert_eq!(sources[7], Some(SliceSource::Frame(4)));
    }

    #[test]
    fn a_change_of_slice_thickness_is_no_gap() {
        let positions = [0., 3., 6., 9., 12., 19., 26., 33.];
        assert_eq!(gaps(&positions), [false; 7]);
        let positions = [0., 3., 6., 13., 16., 19.];
        assert_eq!(gaps(&positions), [false, false, true, false, false]);
        assert!(gaps(&[0.0]).is_empty());
    }
}
