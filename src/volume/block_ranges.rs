//! Least and greatest stored value of every block of a volume, so that pictures can pass over
//! blocks in which there is nothing to see, and how often values occur.

use rayon::prelude::*;

use super::{SliceStore, StoredVoxel, Volume, Voxels};

/// Cells (between neighbouring voxel centres) along each edge of a block.
pub const BLOCK_CELLS: usize = 8;
/// Bins of the histogram.
pub const HISTOGRAM_BINS: usize = 512;
/// One voxel of so many along each axis is counted.
const COUNTED_STEP: usize = 3;

/// Ranges of the blocks of one volume. A block covers the cells between its own voxels and the
/// first ones of the next block, so that every value interpolated in it lies in its range.
#[derive(Debug, Clone, PartialEq)]
pub struct BlockRanges {
    /// Blocks along columns, rows, slices.
    pub size: [usize; 3],
    /// Least and greatest modality value of each block, columns fastest; the least above the
    /// greatest where no slice is there.
    pub ranges: Vec<[f32; 2]>,
    /// Least and greatest modality value of the volume; the same order.
    pub whole: [f64; 2],
    /// How many of the counted voxels lie in each of [`HISTOGRAM_BINS`] equal bins of `whole`.
    pub histogram: Vec<u64>,
}

/// What nothing has been added to.
const EMPTY: [f32; 2] = [f32::INFINITY, f32::NEG_INFINITY];

impl BlockRanges {
    /// Bytes that the blocks of a volume of a size take, with the distances made from them.
    pub fn bytes_for(size: [usize; 3]) -> u64 {
        let blocks = size.map(|n| n.div_ceil(BLOCK_CELLS) as u64);
        let each = (size_of::<[f32; 2]>() + 1) as u64;
        blocks.into_iter().fold(each, u64::saturating_mul)
    }

    /// Looks through all slices that are there. `None` when stopped.
    pub fn find(volume: &Volume, stop: &(dyn Fn() -> bool + Sync)) -> Option<Self> {
        match &volume.voxels {
            Voxels::I16(store) => Self::of(volume, store, stop),
            Voxels::U16(store) => Self::of(volume, store, stop),
            Voxels::F32(store) => Self::of(volume, store, stop),
        }
    }

    fn of<T: StoredVoxel>(
        volume: &Volume,
        store: &SliceStore<T>,
        stop: &(dyn Fn() -> bool + Sync),
    ) -> Option<Self> {
        let slices = store.all();
        let size = volume
            .size
            .map(|n| n.saturating_sub(1).div_ceil(BLOCK_CELLS).max(1));
        let [columns, rows, _] = volume.size;
        let layer = |block: usize| -> Option<Vec<[f32; 2]>> {
            let mut ranges = vec![EMPTY; size[0] * size[1]];
            let first = block * BLOCK_CELLS;
            let covered = slices.get(first..).unwrap_or_default();
            for slice in covered.iter().take(BLOCK_CELLS + 1).flatten() {
                if stop() {
                    return None;
                }
                for (row, voxels) in slice.chunks_exact(columns.max(1)).enumerate() {
                    // A row between two blocks belongs to both.
                    let below = (row / BLOCK_CELLS).min(size[1] - 1);
                    let above = row.saturating_sub(1) / BLOCK_CELLS;
                    for block_row in above..=below {
                        let at = block_row * size[0];
                        if let Some(ranges) = ranges.get_mut(at..at + size[0]) {
                            add_row(ranges, voxels);
                        }
                    }
                }
            }
            Some(ranges)
        };
        let layers: Option<Vec<_>> = (0..size[2]).into_par_iter().map(layer).collect();
        let lut = &volume.modality_lut;
        let mut ranges = layers?.concat();
        for range in &mut ranges {
            let [a, b] = range.map(|stored| lut.apply(f64::from(stored)) as f32);
            *range = if range[0] <= range[1] {
                [a.min(b), a.max(b)]
            } else {
                EMPTY
            };
        }
        let whole = ranges
            .iter()
            .fold(EMPTY, |a, b| [a[0].min(b[0]), a[1].max(b[1])]);
        let whole = whole.map(f64::from);
        let mut found = Self {
            size,
            ranges,
            whole,
            histogram: vec![0; HISTOGRAM_BINS],
        };
        let (low, per_bin) = (whole[0], (whole[1] - whole[0]) / HISTOGRAM_BINS as f64);
        for slice in slices.iter().step_by(COUNTED_STEP).flatten() {
            if stop() {
                return None;
            }
            for row in slice
                .chunks_exact(columns.max(1))
                .take(rows)
                .step_by(COUNTED_STEP)
            {
                for stored in row.iter().step_by(COUNTED_STEP) {
                    let value = lut.apply(f64::from(stored.to_f32()));
                    let bin =
                        (((value - low) / per_bin.max(1e-12)) as usize).min(HISTOGRAM_BINS - 1);
                    if let Some(count) = found.histogram.get_mut(bin)
                        && !value.is_nan()
                    {
                        *count += 1;
                    }
                }
            }
        }
        Some(found)
    }

    /// The value below which a share (0–1) of the counted voxels lies, to half a bin.
    pub fn percentile(&self, share: f64) -> f64 {
        let total: u64 = self.histogram.iter().sum();
        let wanted = share.clamp(0.0, 1.0) * total as f64;
        let [low, high] = self.whole;
        let mut below = 0.0;
        for (bin, &count) in self.histogram.iter().enumerate() {
            let after = below + count as f64;
            if after >= wanted && count > 0 {
                let within = (wanted - below) / count as f64;
                return low + (high - low) * (bin as f64 + within) / HISTOGRAM_BINS as f64;
            }
            below = after;
        }
        high
    }
}

/// Adds a row of voxels to the blocks along it.
fn add_row<T: StoredVoxel>(ranges: &mut [[f32; 2]], voxels: &[T]) {
    for (block, range) in ranges.iter_mut().enumerate() {
        let cells = voxels.get(block * BLOCK_CELLS..).unwrap_or_default();
        let mut found = *range;
        for voxel in cells.iter().take(BLOCK_CELLS + 1) {
            let value = voxel.to_f32();
            found = [found[0].min(value), found[1].max(value)];
        }
        *range = found;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::synthetic::SyntheticVolume;

    #[test]
    fn a_block_knows_every_value_interpolated_in_it() {
        // 20 × 9 × 18 voxels: 3 × 1 × 3 blocks; one bright voxel on the border of four.
        let volume = SyntheticVolume::new([20, 9, 18], [1., 1., 1.])
            .rescaled(-1.0, 0.0)
            .build(|p| {
                if p.0 == glam::DVec3::new(8., 4., 16.) {
                    700.0
                } else {
                    10.0
                }
            });
        let found = BlockRanges::find(&volume, &|| false).unwrap();
        assert_eq!((found.size, found.ranges.len()), ([3, 1, 3], 9));
        let bright: Vec<usize> = (0..9)
            .filter(|&n| found.ranges[n] == [-700.0, -10.0])
            .collect();
        // Columns 0–8 and 8–16, slices 8–16 and 16–17.
        assert_eq!(bright, [3, 4, 6, 7]);
        assert!(found.ranges.iter().all(|range| range[1] == -10.0));
        assert_eq!(found.whole, [-700.0, -10.0]);
        assert_eq!(BlockRanges::find(&volume, &|| true), None);
    }

    #[test]
    fn missing_slices_leave_their_blocks_empty() {
        let volume = SyntheticVolume::new([4, 4, 3], [1., 1., 1.])
            .without_slice(0)
            .without_slice(1)
            .without_slice(2)
            .build(|_| 5.0);
        let found = BlockRanges::find(&volume, &|| false).unwrap();
        assert_eq!(found.ranges, [EMPTY]);
        assert_eq!(found.histogram.iter().sum::<u64>(), 0);
    }

    #[test]
    fn percentiles_follow_the_counts() {
        let volume = SyntheticVolume::new([300, 4, 4], [1., 1., 1.]).build(|p| p.0.x);
        let found = BlockRanges::find(&volume, &|| false).unwrap();
        assert_eq!(found.histogram.iter().sum::<u64>(), 100 * 2 * 2);
        for share in [0.1, 0.5, 0.9] {
            assert!(
                (found.percentile(share) - 299.0 * share).abs() < 4.0,
                "{share}"
            );
        }
        assert_eq!(found.percentile(2.0).round(), 297.0);
    }
}
