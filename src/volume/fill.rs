//! Frames of a stack → slices of a grid, each frame decoded once.
//!
//! Slices between two unevenly spaced frames need both. Frames are therefore handed out one by
//! one, the nearest to the slice that is looked at first, and a frame is kept only until the
//! slices on both its sides are made: few more than there are threads at any time.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::{SliceStore, StoredVoxel};
use crate::study::SliceSource;

/// A file and why it cannot be read.
pub(super) type Failure = (PathBuf, String);

/// Called after each slice with the slice and the slices done; `Break` ends the filling.
pub(super) type OnDone<'a> = dyn Fn(usize, usize) -> ControlFlow<()> + Sync + 'a;

/// Values between two slices.
pub(super) trait Interpolated: StoredVoxel {
    /// The value at `fraction` (0–1) of the way to another.
    fn toward(self, other: Self, fraction: f32) -> Self;
}

impl Interpolated for i16 {
    fn toward(self, other: Self, fraction: f32) -> Self {
        let (a, b) = (f32::from(self), f32::from(other));
        (a + (b - a) * fraction).round() as Self
    }
}

impl Interpolated for u16 {
    fn toward(self, other: Self, fraction: f32) -> Self {
        let (a, b) = (f32::from(self), f32::from(other));
        (a + (b - a) * fraction).round() as Self
    }
}

impl Interpolated for f32 {
    fn toward(self, other: Self, fraction: f32) -> Self {
        self + (other - self) * fraction
    }
}

/// What one frame is needed for.
#[derive(Debug, Clone, Default, PartialEq)]
struct Uses {
    /// The grid slice that it is.
    own: Option<usize>,
    /// Grid slices between it and the next frame, each with its share of the next.
    above: Vec<(usize, f64)>,
}

/// The frames to read, in order, and what for.
#[derive(Debug)]
pub(super) struct FillPlan {
    order: Vec<usize>,
    uses: HashMap<usize, Uses>,
    slices: usize,
}

impl FillPlan {
    /// For the given slices of a grid, nearest to slice `first` first.
    pub fn of(wanted: impl Iterator<Item = (usize, SliceSource)>, first: usize) -> Self {
        let mut uses: HashMap<usize, Uses> = HashMap::new();
        let mut nearest: HashMap<usize, usize> = HashMap::new();
        let mut slices = 0;
        for (slice, source) in wanted {
            slices += 1;
            let mut near = |frame: usize| {
                let far = slice.abs_diff(first);
                let least = nearest.entry(frame).or_insert(far);
                *least = far.min(*least);
            };
            match source {
                SliceSource::Frame(frame) => {
                    near(frame);
                    uses.entry(frame).or_default().own = Some(slice);
                }
                SliceSource::Between { before, fraction } => {
                    near(before);
                    near(before + 1);
                    let before = uses.entry(before).or_default();
                    before.above.push((slice, fraction));
                }
            }
        }
        let mut order: Vec<(usize, usize)> = nearest
            .into_iter()
            .map(|(frame, far)| (far, frame))
            .collect();
        order.sort_unstable();
        Self {
            order: order.into_iter().map(|(_, frame)| frame).collect(),
            uses,
            slices,
        }
    }

    /// Slices it makes.
    pub fn slices(&self) -> usize {
        self.slices
    }

    fn above(&self, frame: usize) -> &[(usize, f64)] {
        self.uses.get(&frame).map_or(&[], |uses| &uses.above)
    }

    fn below(&self, frame: usize) -> &[(usize, f64)] {
        frame
            .checked_sub(1)
            .map_or(&[], |before| self.above(before))
    }
}

type Values<T> = Arc<Result<Vec<T>, Failure>>;

/// A frame that still waits for a neighbour.
struct Kept<T> {
    values: Values<T>,
    /// Sides on which slices are still to be made.
    sides: usize,
}

/// Fills slices as planned. Returns the slices that stay empty with the reason, ascending; `None`
/// where `on_done` said stop.
pub(super) fn fill<T: Interpolated>(
    store: &SliceStore<T>,
    plan: &FillPlan,
    read: &(dyn Fn(usize) -> Result<Vec<T>, Failure> + Sync),
    on_done: &OnDone<'_>,
) -> Option<Vec<(usize, PathBuf, String)>> {
    let filling = Filling {
        store,
        plan,
        kept: Mutex::new(HashMap::new()),
        failed: Mutex::new(Vec::new()),
        done: AtomicUsize::new(0),
        cancelled: AtomicBool::new(false),
        on_done,
    };
    let next = AtomicUsize::new(0);
    let worker = |_| {
        // Frames are taken one at a time, because rayon's own splitting would give the second
        // thread the far half first.
        while !filling.cancelled.load(Ordering::Relaxed) {
            let Some(&frame) = plan.order.get(next.fetch_add(1, Ordering::Relaxed)) else {
                return;
            };
            filling.put(frame, read(frame));
        }
    };
    (0..rayon::current_num_threads())
        .into_par_iter()
        .with_max_len(1)
        .for_each(worker);
    if filling.cancelled.into_inner() {
        return None;
    }
    let mut failed = filling
        .failed
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner);
    failed.sort();
    Some(failed)
}

struct Filling<'a, T> {
    store: &'a SliceStore<T>,
    plan: &'a FillPlan,
    kept: Mutex<HashMap<usize, Kept<T>>>,
    failed: Mutex<Vec<(usize, PathBuf, String)>>,
    done: AtomicUsize,
    cancelled: AtomicBool,
    on_done: &'a OnDone<'a>,
}

impl<T: Interpolated> Filling<'_, T> {
    fn put(&self, frame: usize, values: Result<Vec<T>, Failure>) {
        let own = self.plan.uses.get(&frame).and_then(|uses| uses.own);
        let sides = usize::from(!self.plan.above(frame).is_empty())
            + usize::from(!self.plan.below(frame).is_empty());
        if sides == 0 {
            if let Some(slice) = own {
                self.finish(slice, values);
            }
            return;
        }
        if let Some(slice) = own {
            self.finish(slice, values.clone());
        }
        let values: Values<T> = Arc::new(values);
        let (below, above) = self.keep(frame, &values, sides);
        if let (Some(below), Some(before)) = (below, frame.checked_sub(1)) {
            self.between(before, &below, &values);
        }
        if let Some(above) = above {
            self.between(frame, &values, &above);
        }
    }

    /// Keeps a frame for neighbours to come; gives those that are there. Whichever of two
    /// neighbours comes second finds the first.
    fn keep(
        &self,
        frame: usize,
        values: &Values<T>,
        sides: usize,
    ) -> (Option<Values<T>>, Option<Values<T>>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut take = |neighbour: Option<usize>, needed: bool| {
            let neighbour = neighbour.filter(|_| needed)?;
            let found = kept.get_mut(&neighbour)?;
            found.sides -= 1;
            let (values, left) = (Arc::clone(&found.values), found.sides);
            if left == 0 {
                kept.remove(&neighbour);
            }
            Some(values)
        };
        let below = take(frame.checked_sub(1), !self.plan.below(frame).is_empty());
        let above = take(Some(frame + 1), !self.plan.above(frame).is_empty());
        let sides = sides - usize::from(below.is_some()) - usize::from(above.is_some());
        if sides > 0 {
            let values = Arc::clone(values);
            kept.insert(frame, Kept { values, sides });
        }
        (below, above)
    }

    /// Makes the slices between a frame and the next.
    fn between(
        &self,
        before: usize,
        values: &Result<Vec<T>, Failure>,
        next: &Result<Vec<T>, Failure>,
    ) {
        for &(slice, fraction) in self.plan.above(before) {
            if self.cancelled.load(Ordering::Relaxed) {
                return;
            }
            let values = match (values, next) {
                (Ok(values), Ok(next)) => Ok(values
                    .iter()
                    .zip(next)
                    .map(|(value, next)| value.toward(*next, fraction as f32))
                    .collect()),
                (Err(failure), _) | (_, Err(failure)) => Err(failure.clone()),
            };
            self.finish(slice, values);
        }
    }

    fn finish(&self, slice: usize, values: Result<Vec<T>, Failure>) {
        match values {
            Ok(values) => {
                self.store.fill(slice, values.into_boxed_slice());
            }
            Err((path, reason)) => {
                let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.push((slice, path, reason));
            }
        }
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        if (self.on_done)(slice, done).is_break() {
            self.cancelled.store(true, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames at 0, 2.5, 4 and 6.5 slices; slice 5 of 7 lies between the last two.
    fn sources() -> Vec<(usize, SliceSource)> {
        let between = |before, fraction| SliceSource::Between { before, fraction };
        vec![
            (0, SliceSource::Frame(0)),
            (1, between(0, 0.4)),
            (2, between(0, 0.8)),
            (3, between(1, 1.0 / 3.0)),
            (4, SliceSource::Frame(2)),
            (5, between(2, 0.4)),
            (6, between(2, 0.8)),
        ]
    }

    fn values(store: &SliceStore<f32>) -> Vec<Option<f32>> {
        store.all().iter().map(|s| s.map(|s| s[0])).collect()
    }

    #[test]
    fn every_frame_is_decoded_once_and_none_is_kept() {
        for first in [0, 3, 6] {
            let store = SliceStore::<f32>::new(7, 1);
            let plan = FillPlan::of(sources().into_iter(), first);
            let reads = Mutex::new(Vec::new());
            let positions = [0.0, 25.0, 40.0, 65.0];
            let read = |frame: usize| {
                reads.lock().unwrap().push(frame);
                Ok(vec![positions[frame]])
            };
            let done = Mutex::new(Vec::new());
            let failed = fill(&store, &plan, &read, &|slice, count| {
                done.lock().unwrap().push((count, slice));
                ControlFlow::Continue(())
            });
            assert_eq!(failed, Some(Vec::new()));
            let mut reads = reads.into_inner().unwrap();
            reads.sort_unstable();
            assert_eq!(reads, [0, 1, 2, 3]);
            for (slice, value) in values(&store).into_iter().enumerate() {
                // Values rise by 10 a slice, so interpolation gives them back.
                assert!(
                    (value.unwrap() - slice as f32 * 10.0).abs() < 1e-5,
                    "{slice}"
                );
            }
            assert_eq!(done.into_inner().unwrap().len(), plan.slices());
        }
    }

    #[test]
    fn few_frames_are_kept_at_any_time() {
        let wanted = (0..200).map(|slice| {
            let source = SliceSource::Between {
                before: slice / 2,
                fraction: 0.5,
            };
            (slice, source)
        });
        let plan = FillPlan::of(wanted, 100);
        let store = SliceStore::<f32>::new(200, 1);
        let filling = Filling {
            store: &store,
            plan: &plan,
            kept: Mutex::new(HashMap::new()),
            failed: Mutex::new(Vec::new()),
            done: AtomicUsize::new(0),
            cancelled: AtomicBool::new(false),
            on_done: &|_, _| ControlFlow::Continue(()),
        };
        for &frame in &plan.order {
            filling.put(frame, Ok(vec![0.0]));
            // One at each end of what is done.
            assert!(filling.kept.lock().unwrap().len() <= 3);
        }
        assert!(filling.kept.lock().unwrap().is_empty());
        assert_eq!(filling.done.into_inner(), 200);
    }

    #[test]
    fn a_frame_that_cannot_be_read_leaves_its_neighbourhood_empty() {
        let store = SliceStore::<f32>::new(7, 1);
        let plan = FillPlan::of(sources().into_iter(), 0);
        let read = |frame: usize| match frame {
            1 => Err((PathBuf::from("b.dcm"), "damaged".to_owned())),
            _ => Ok(vec![1.0]),
        };
        let failed = fill(&store, &plan, &read, &|_, _| ControlFlow::Continue(())).unwrap();
        let slices: Vec<usize> = failed.iter().map(|(slice, ..)| *slice).collect();
        assert_eq!(slices, [1, 2, 3]);
        let there: Vec<bool> = values(&store).iter().map(Option::is_some).collect();
        assert_eq!(there, [true, false, false, false, true, true, true]);
    }

    #[test]
    fn a_break_ends_the_filling() {
        let store = SliceStore::<f32>::new(7, 1);
        let plan = FillPlan::of(sources().into_iter(), 0);
        let read = |_: usize| Ok(vec![1.0]);
        assert_eq!(
            fill(&store, &plan, &read, &|_, _| ControlFlow::Break(())),
            None
        );
    }
}
