//! Which blocks of an attenuation volume are not empty, so that rays pass over the rest.

/// Cells along each side of a block.
const BLOCK: usize = 8;

/// Sums of occupied blocks from the corner on, one more than blocks each way: any box is asked
/// with eight numbers.
#[derive(Debug)]
pub struct Occupancy {
    size: [usize; 3],
    sums: Vec<u32>,
}

impl Occupancy {
    /// Of cells in the order of `size`, slowest axis first.
    pub(crate) fn of(cells: &[u16], cell_size: [usize; 3]) -> Self {
        let size = cell_size.map(|n| n.div_ceil(BLOCK) + 1);
        let mut found = Self {
            size,
            sums: vec![0; size.iter().product()],
        };
        let rows = cells.chunks_exact(cell_size[2].max(1));
        for (row, cells) in rows.enumerate() {
            let (slow, middle) = (row / cell_size[1], row % cell_size[1]);
            for (block, cells) in cells.chunks(BLOCK).enumerate() {
                if cells.iter().any(|&cell| cell != 0) {
                    let at = found.index([slow / BLOCK + 1, middle / BLOCK + 1, block + 1]);
                    if let Some(block) = found.sums.get_mut(at) {
                        *block = 1;
                    }
                }
            }
        }
        found.add_up();
        found
    }

    fn index(&self, at: [usize; 3]) -> usize {
        (at[0] * self.size[1] + at[1]) * self.size[2] + at[2]
    }

    fn add_up(&mut self) {
        let strides = [self.size[1] * self.size[2], self.size[2], 1];
        for (axis, stride) in strides.into_iter().enumerate() {
            for index in stride..self.sums.len() {
                if index / stride % self.size[axis] != 0 {
                    let before = self.sums[index - stride];
                    self.sums[index] += before;
                }
            }
        }
    }

    /// Whether a box of cells, first and last index of each axis inclusive, holds anything;
    /// indices beyond the volume count as its border.
    pub(crate) fn any(&self, first: [usize; 3], last: [usize; 3]) -> bool {
        let bound = |at: [usize; 3], more: usize| -> [usize; 3] {
            std::array::from_fn(|axis| (at[axis] / BLOCK + more).min(self.size[axis] - 1))
        };
        let (low, high) = (bound(first, 0), bound(last, 1));
        let sum = |corner: usize| {
            let at = std::array::from_fn(|axis| {
                if corner >> axis & 1 == 1 {
                    high[axis]
                } else {
                    low[axis]
                }
            });
            self.sums.get(self.index(at)).copied().unwrap_or(0)
        };
        // Inclusion and exclusion: corners with an odd number of lower bounds count negative.
        let (plus, minus) = (
            sum(7) + sum(1) + sum(2) + sum(4),
            sum(6) + sum(5) + sum(3) + sum(0),
        );
        plus > minus
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_are_empty_just_where_no_block_is_occupied() {
        let size = [20, 33, 17];
        let mut cells = vec![0; 20 * 33 * 17];
        cells[(9 * 33 + 20) * 17 + 3] = 5;
        cells[(19 * 33 + 32) * 17 + 16] = 1;
        let occupancy = Occupancy::of(&cells, size);
        assert!(occupancy.any([0; 3], [19, 32, 16]));
        assert!(occupancy.any([8, 16, 0], [8, 16, 0]), "the same block");
        assert!(!occupancy.any([0, 0, 0], [7, 32, 16]));
        assert!(!occupancy.any([8, 16, 8], [15, 23, 15]));
        assert!(!occupancy.any([16, 0, 0], [19, 31, 16]));
        assert!(occupancy.any([16, 32, 16], [30, 40, 20]), "beyond the end");
        assert!(!occupancy.any([0, 0, 0], [0, 0, 0]));
    }
}
