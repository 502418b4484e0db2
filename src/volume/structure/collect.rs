//! Voxels of structures while a file is read: runs of each label, their memory booked.

use std::collections::HashMap;
use std::sync::Arc;

use super::mask::runs::{Run, box_of_runs, bytes_of_box};
use super::{Mask, MaskGrid};
use crate::budget::{MEMORY, OverBudget, Reservation};

/// More labels than any label map has; beyond it a file is an image.
pub(super) const MOST_LABELS: usize = 1 << 16;
/// Memory is booked for this many runs at once; twice, because a growing vector holds its old
/// memory while it moves.
const BOOKED_RUNS: usize = 1 << 12;

/// Runs by label.
#[derive(Debug)]
pub(super) struct Collected {
    runs: HashMap<u32, Vec<Run>>,
    count: usize,
    booked: Reservation,
}

impl Collected {
    pub fn new() -> Result<Self, OverBudget> {
        Ok(Self {
            runs: HashMap::new(),
            count: 0,
            booked: MEMORY.reserve(0, "the voxels of the structures")?,
        })
    }

    /// Adds a run of a label.
    pub fn add(&mut self, label: u32, run: Run) -> Result<(), OverBudget> {
        if self.count.is_multiple_of(BOOKED_RUNS) {
            self.booked
                .grow((2 * BOOKED_RUNS * size_of::<Run>()) as u64)?;
        }
        self.count += 1;
        self.runs.entry(label).or_default().push(run);
        Ok(())
    }

    /// Adds the runs of a row of labels, those equal to `background` left out.
    pub fn add_row(
        &mut self,
        [slice, row]: [u32; 2],
        labels: &[u32],
        background: Option<u32>,
    ) -> Result<(), OverBudget> {
        let mut first = 0;
        for same in labels.chunk_by(|a, b| a == b) {
            let end = first + same.len();
            if let Some(&label) = same.first().filter(|&&label| Some(label) != background) {
                let run = Run {
                    slice,
                    row,
                    first: first as u32,
                    end: end as u32,
                };
                self.add(label, run)?;
            }
            first = end;
        }
        Ok(())
    }

    /// Labels that have voxels.
    pub fn labels(&self) -> impl Iterator<Item = u32> + '_ {
        self.runs.keys().copied()
    }

    /// Different labels.
    pub fn len(&self) -> usize {
        self.runs.len()
    }

    /// The mask of a label, its memory booked on `booked`; empty for a label without voxels.
    pub fn mask(
        &mut self,
        label: u32,
        grid: &Arc<MaskGrid>,
        booked: &mut Reservation,
    ) -> Result<Arc<Mask>, OverBudget> {
        let runs = self.runs.remove(&label).unwrap_or_default();
        let (_, size) = box_of_runs(grid, &runs);
        booked.grow(bytes_of_box(size))?;
        Ok(Arc::new(Mask::from_runs(Arc::clone(grid), &runs)))
    }
}
