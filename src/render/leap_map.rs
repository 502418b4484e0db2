//! How far a ray may leap: for each block of a volume, how many blocks away the nearest one lies
//! in which a transfer function shows anything.
//!
//! Distances count like a king's moves on a board (Deakin and Knackstedt: Accelerated volume
//! ray-casting using Chebyshev distance maps, 2019): at distance n the cube of 2n − 1 blocks about
//! a block is clear.

use super::transfer_table::TransferTable;
use crate::volume::block_ranges::BlockRanges;

/// Distances of the blocks of a volume for one transfer function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeapMap {
    /// Blocks along columns, rows, slices.
    pub size: [usize; 3],
    /// Blocks to the nearest visible one, 0 for a visible one; columns fastest.
    pub distances: Vec<u8>,
}

impl LeapMap {
    /// For the blocks of a volume.
    pub fn new(ranges: &BlockRanges, table: &TransferTable) -> Self {
        let clear = |range: &[f32; 2]| table.is_clear(range.map(f64::from));
        let distances = ranges.ranges.iter();
        let distances = distances.map(|range| if clear(range) { u8::MAX } else { 0 });
        let mut map = Self {
            size: ranges.size,
            distances: distances.collect(),
        };
        map.spread(false);
        map.spread(true);
        map
    }

    /// Whether nothing is seen anywhere.
    pub fn is_clear(&self) -> bool {
        self.distances.iter().all(|distance| *distance > 0)
    }

    /// One sweep of a two-sweep distance transform, exact for this distance: each block takes one
    /// more than the least of its neighbours that were swept before it.
    fn spread(&mut self, backwards: bool) {
        let [columns, rows, slices] = self.size;
        let count = self.distances.len();
        for number in 0..count {
            let index = if backwards {
                count - 1 - number
            } else {
                number
            };
            let here = [
                index % columns,
                index / columns % rows,
                index / columns / rows,
            ];
            let mut least = self.distances.get(index).copied().unwrap_or(0);
            let near = |at: usize, count: usize| at.saturating_sub(1)..(at + 2).min(count);
            for slice in near(here[2], slices) {
                for row in near(here[1], rows) {
                    for column in near(here[0], columns) {
                        let other = (slice * rows + row) * columns + column;
                        let before = if backwards {
                            other > index
                        } else {
                            other < index
                        };
                        let distance = self.distances.get(other).filter(|_| before);
                        least = least.min(distance.map_or(u8::MAX, |d| d.saturating_add(1)));
                    }
                }
            }
            if let Some(distance) = self.distances.get_mut(index) {
                *distance = least;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::transfer_function::{TransferFunction, TransferPoint};

    #[test]
    fn distances_are_those_of_a_search_of_all_blocks() {
        let size = [9, 7, 11];
        let count: usize = size.iter().product();
        let bright = [17, 18, 300, 650];
        let ranges = (0..count).map(|n| {
            if bright.contains(&n) {
                [0.0, 900.0]
            } else {
                [-1000.0, 50.0]
            }
        });
        let ranges = BlockRanges {
            size,
            ranges: ranges.collect(),
            whole: [-1000.0, 900.0],
            histogram: Vec::new(),
        };
        let points = vec![
            TransferPoint::new(100.0, [0; 3], 0.0),
            TransferPoint::new(900.0, [255; 3], 0.9),
        ];
        let function = TransferFunction::new(points, 50.0).unwrap();
        let map = LeapMap::new(&ranges, &TransferTable::new(&function, ranges.whole));
        let place = |n: usize| [n % 9, n / 9 % 7, n / 63];
        for (index, &found) in map.distances.iter().enumerate() {
            let away = |to: usize| {
                let (a, b) = (place(index), place(to));
                (0..3).map(|axis| a[axis].abs_diff(b[axis])).max().unwrap()
            };
            let wanted = bright.iter().map(|&to| away(to)).min().unwrap();
            assert_eq!(usize::from(found), wanted, "{index}");
        }
        assert!(!map.is_clear());
    }
}
