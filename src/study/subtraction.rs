//! Digital subtraction: frames of a run less a mask (PS3.3 C.7.6.10).

use std::sync::LazyLock;

use super::{Frame, Samples};

/// What stored values say about the beam: Pixel Intensity Relationship (0028,1040).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intensity {
    /// `LIN`: in proportion to the intensity. Subtracted as logarithms.
    Linear,
    /// `LOG`: to its logarithm. Subtracted as they are.
    Logarithmic,
    /// `DISP`, another word or none. Subtracted as they are.
    Unstated,
}

/// No mask is moved farther, pixels.
pub const FARTHEST_SHIFT: f64 = 1000.0;

/// Which frames a mask is made from: Mask Operation (0028,6101).
#[derive(Debug, Clone, PartialEq)]
pub enum MaskOperation {
    /// `AVG_SUB`: the mean of these frames, 0-based.
    Average(Vec<usize>),
    /// `TID`: the frame so many before the one that is shown.
    Difference(i64),
    /// `REV_TID`: so many frames before the first frame of the range, and one frame farther back
    /// with each frame that follows.
    Reverse(usize),
}

/// One item of the Mask Subtraction Sequence (0028,6100).
#[derive(Debug, Clone, PartialEq)]
pub struct MaskItem {
    /// How the mask is made.
    pub operation: MaskOperation,
    /// First and last frame (0-based) it is for; empty for all.
    pub ranges: Vec<[usize; 2]>,
    /// Pixels that the mask is moved down and to the right.
    pub shift: [f64; 2],
}

impl MaskItem {
    /// Whether it is meant for a frame.
    pub fn covers(&self, frame: usize) -> bool {
        let within = |[first, last]: &[usize; 2]| (*first..=*last).contains(&frame);
        self.ranges.is_empty() || self.ranges.iter().any(within)
    }

    /// Frames (0-based) that the mask of a frame is the mean of.
    pub fn mask_frames(&self, frame: usize) -> Vec<usize> {
        match &self.operation {
            MaskOperation::Average(frames) => frames.clone(),
            MaskOperation::Difference(by) => {
                let mask = i64::try_from(frame).ok().and_then(|at| at.checked_sub(*by));
                let mask = mask.and_then(|mask| usize::try_from(mask).ok());
                mask.into_iter().collect()
            }
            MaskOperation::Reverse(by) => {
                let mask = self.ranges.first().and_then(|[first, _]| {
                    let followed = frame.checked_sub(*first)?;
                    first.checked_sub(*by)?.checked_sub(followed)
                });
                mask.into_iter().collect()
            }
        }
    }

    /// Memory of its lists, bytes.
    pub fn heap_bytes(&self) -> usize {
        let frames = match &self.operation {
            MaskOperation::Average(frames) => frames.len(),
            MaskOperation::Difference(_) | MaskOperation::Reverse(_) => 0,
        };
        frames * size_of::<usize>() + self.ranges.len() * size_of::<[usize; 2]>()
    }
}

/// Steps that the logarithm of the intensity is counted in: a difference of 1000 is a factor e.
pub const LOGARITHM_STEPS: f32 = 1000.0;

/// What is subtracted: the mean of the mask frames, moved, on the scale of [`Intensity`].
#[derive(Debug, Clone, PartialEq)]
pub struct Mask {
    rows: usize,
    columns: usize,
    intensity: Intensity,
    values: Vec<f32>,
}

/// [`scaled`] of whole intensities up to the greatest of 16 bits: as many logarithms as a small
/// picture has pixels, so that they are counted once for all frames.
static LOGARITHMS: LazyLock<Vec<f32>> = LazyLock::new(|| {
    (0..=u16::MAX)
        .map(|stored| scaled(f32::from(stored), Intensity::Linear))
        .collect()
});

/// A stored value on the scale that is subtracted.
fn scaled(stored: f32, intensity: Intensity) -> f32 {
    match intensity {
        // No intensity has no logarithm; less than one step of the detector is not told apart.
        Intensity::Linear => LOGARITHM_STEPS * stored.max(1.0).ln(),
        Intensity::Logarithmic | Intensity::Unstated => stored,
    }
}

/// Gathers the frames of a mask one by one; holds one picture, however many there are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MaskMean {
    rows: usize,
    columns: usize,
    sums: Vec<f32>,
    count: usize,
}

impl MaskMean {
    /// Adds a frame. False where it does not fit those before: another size, or colours.
    pub fn add(&mut self, frame: &Frame) -> bool {
        let Some(pixels) = frame.rows.checked_mul(frame.columns) else {
            return false;
        };
        if matches!(frame.samples, Samples::Rgb8(_)) || frame.samples.len() < pixels {
            return false;
        }
        if self.count == 0 {
            (self.rows, self.columns) = (frame.rows, frame.columns);
            self.sums = vec![0.0; pixels];
        } else if (self.rows, self.columns) != (frame.rows, frame.columns) {
            return false;
        }
        for (pixel, sum) in self.sums.iter_mut().enumerate() {
            *sum += frame.samples.value(pixel).unwrap_or_default() as f32;
        }
        self.count += 1;
        true
    }

    /// The mask; `None` without frames.
    pub fn mask(self, intensity: Intensity) -> Option<Mask> {
        let count = self.count as f32;
        let mean = |sum: f32| scaled(sum / count, intensity);
        (self.count > 0).then(|| Mask {
            rows: self.rows,
            columns: self.columns,
            intensity,
            values: self.sums.into_iter().map(mean).collect(),
        })
    }
}

impl Mask {
    /// The mean of some frames; `None` without frames, for colour, and for frames of other sizes.
    pub fn of(frames: &[&Frame], intensity: Intensity) -> Option<Self> {
        if let &[one] = frames {
            return Self::of_one(one, intensity);
        }
        let mut mean = MaskMean::default();
        frames
            .iter()
            .all(|frame| mean.add(frame))
            .then(|| mean.mask(intensity))?
    }

    fn of_one(frame: &Frame, intensity: Intensity) -> Option<Self> {
        let pixels = frame.rows.checked_mul(frame.columns)?;
        let mut values = scaled_samples(&frame.samples, intensity)?;
        values.truncate(pixels);
        (values.len() == pixels).then_some(Self {
            rows: frame.rows,
            columns: frame.columns,
            intensity,
            values,
        })
    }

    /// The same moved down and to the right by fractions of pixels, linearly interpolated; what
    /// comes from outside repeats the edge.
    #[must_use]
    pub fn moved(&self, [down, right]: [f64; 2]) -> Self {
        if [down, right] == [0.0, 0.0] {
            return self.clone();
        }
        let from_rows = sources(self.rows, down);
        let from_columns = sources(self.columns, right);
        let mut values = Vec::with_capacity(self.values.len());
        for &(upper, lower, share) in &from_rows {
            let line = |row: usize| {
                let start = row * self.columns;
                self.values.get(start..start + self.columns)
            };
            let (Some(upper), Some(lower)) = (line(upper), line(lower)) else {
                continue;
            };
            let mixed = |column: usize| {
                let above = upper.get(column).copied().unwrap_or_default();
                let below = lower.get(column).copied().unwrap_or_default();
                above + (below - above) * share
            };
            values.extend(from_columns.iter().map(|&(left, right, share)| {
                let (left, right) = (mixed(left), mixed(right));
                left + (right - left) * share
            }));
        }
        Self {
            values,
            ..self.clone()
        }
    }

    /// A frame less the mask, in [`LOGARITHM_STEPS`] of the intensity or in stored steps: what
    /// absorbs more than in the mask is below zero. `None` where it has another size, or colours.
    pub fn subtracted_from(&self, frame: &Frame) -> Option<Frame> {
        if frame.rows != self.rows || frame.columns != self.columns {
            return None;
        }
        let live = scaled_samples(&frame.samples, self.intensity)?;
        let pairs = live.iter().zip(&self.values);
        let nearest = |(live, mask): (&f32, &f32)| {
            // `round` is a call for every pixel where no instruction does it; what does not fit
            // becomes the greatest or the least that does.
            let difference = live - mask;
            (difference + 0.5_f32.copysign(difference)) as i16
        };
        let values: Vec<i16> = pairs.map(nearest).collect();
        (values.len() == self.values.len()).then_some(Frame {
            rows: frame.rows,
            columns: frame.columns,
            samples: Samples::I16(values),
        })
    }
}

/// All samples on the scale that is subtracted; `None` for colour.
fn scaled_samples(samples: &Samples, intensity: Intensity) -> Option<Vec<f32>> {
    let table = (intensity == Intensity::Linear).then_some(LOGARITHMS.as_slice());
    let log = |at: usize, table: &[f32]| table.get(at).copied().unwrap_or_default();
    Some(match (samples, table) {
        (Samples::Rgb8(_), _) => return None,
        (Samples::U8(v), Some(table)) => v.iter().map(|&s| log(s.into(), table)).collect(),
        (Samples::U16(v), Some(table)) => v.iter().map(|&s| log(s.into(), table)).collect(),
        // Below zero is less than one step of the detector too.
        (Samples::I16(v), Some(table)) => {
            let intensity = |s: i16| usize::from(s.max(0).unsigned_abs());
            v.iter().map(|&s| log(intensity(s), table)).collect()
        }
        (Samples::U8(v), None) => v.iter().map(|&s| f32::from(s)).collect(),
        (Samples::U16(v), None) => v.iter().map(|&s| f32::from(s)).collect(),
        (Samples::I16(v), None) => v.iter().map(|&s| f32::from(s)).collect(),
        (samples, _) => (0..samples.len())
            .map(|pixel| samples.value(pixel).unwrap_or_default() as f32)
            .map(|stored| scaled(stored, intensity))
            .collect(),
    })
}

/// For each of `count` places the two it comes from when all are moved by `by`, and how far from
/// the first to the second.
fn sources(count: usize, by: f64) -> Vec<(usize, usize, f32)> {
    let last = count.saturating_sub(1) as f64;
    (0..count)
        .map(|place| {
            let from = (place as f64 - by).clamp(0.0, last);
            let floor = from.floor();
            let next = (floor + 1.0).min(last);
            (floor as usize, next as usize, (from - floor) as f32)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(rows: usize, values: &[u16]) -> Frame {
        Frame {
            rows,
            columns: values.len() / rows,
            samples: Samples::U16(values.to_vec()),
        }
    }

    fn values(frame: &Frame) -> Vec<i16> {
        match &frame.samples {
            Samples::I16(values) => values.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn linear_values_are_subtracted_as_logarithms() {
        // By hand: 1000 ln(500/1000) = −693, 1000 ln(2) = 693; 0 counts as 1: −1000 ln(1000).
        let mask = Mask::of(&[&frame(1, &[1000, 1000, 500, 1000])], Intensity::Linear).unwrap();
        let less = mask.subtracted_from(&frame(1, &[1000, 500, 1000, 0]));
        assert_eq!(values(&less.unwrap()), [0, -693, 693, -6908]);
        // The same absorption gives the same difference, however bright the beam: 0.5 of 3000.
        let other = Mask::of(&[&frame(1, &[3000])], Intensity::Linear).unwrap();
        let less = other.subtracted_from(&frame(1, &[1500])).unwrap();
        assert_eq!(values(&less), [-693]);
    }

    #[test]
    fn logarithmic_values_are_subtracted_as_they_are_and_masks_are_means() {
        let (a, b) = (frame(1, &[100, 40000]), frame(1, &[200, 40001]));
        let mask = Mask::of(&[&a, &b], Intensity::Logarithmic).unwrap();
        let less = mask.subtracted_from(&frame(1, &[100, 50])).unwrap();
        // 40 000.5 does not fit the result: its end.
        assert_eq!(values(&less), [-50, -32768]);
        let eight = Frame {
            samples: Samples::U8(vec![10, 20]),
            ..frame(1, &[0, 0])
        };
        let less = mask.subtracted_from(&eight).unwrap();
        assert_eq!(values(&less)[0], -140);
        assert!(Mask::of(&[], Intensity::Linear).is_none());
        assert!(Mask::of(&[&a, &frame(2, &[1, 2])], Intensity::Linear).is_none());
        assert!(mask.subtracted_from(&frame(2, &[1, 2])).is_none());
    }

    #[test]
    fn one_frame_is_the_mean_of_itself_however_it_is_stored() {
        let stored = [
            Samples::U8(vec![0, 1, 7, 255]),
            Samples::U16(vec![0, 1, 4095, 65535]),
            Samples::I16(vec![-300, 0, 1, 32767]),
            Samples::I32(vec![-5, 0, 70000, 3]),
        ];
        for samples in stored {
            let one = Frame {
                rows: 2,
                columns: 2,
                samples,
            };
            for intensity in [Intensity::Linear, Intensity::Unstated] {
                let mut mean = MaskMean::default();
                assert!(mean.add(&one) && mean.add(&one));
                let mask = Mask::of(&[&one], intensity).unwrap();
                assert_eq!(Some(&mask), mean.mask(intensity).as_ref());
                assert_eq!(values(&mask.subtracted_from(&one).unwrap()), [0; 4]);
            }
        }
        let color = Frame {
            samples: Samples::Rgb8(vec![[0; 3]]),
            ..frame(1, &[0])
        };
        assert!(Mask::of(&[&color], Intensity::Linear).is_none());
    }

    #[test]
    fn differences_are_rounded_to_the_nearest_step() {
        let frames = [frame(1, &[0, 10, 10]), frame(1, &[1, 11, 10])];
        let mask = Mask::of(&[&frames[0], &frames[1]], Intensity::Unstated).unwrap();
        // 3 − 0.5, 8 − 10.5, 10 − 10.
        let less = mask.subtracted_from(&frame(1, &[3, 8, 10])).unwrap();
        assert_eq!(values(&less), [3, -3, 0]);
    }

    #[test]
    fn a_mask_is_moved_by_whole_and_part_pixels() {
        let picture = frame(3, &[0, 0, 0, 0, 80, 0, 0, 0, 0]);
        let mask = Mask::of(&[&picture], Intensity::Logarithmic).unwrap();
        let moved = |shift| mask.moved(shift).values;
        assert_eq!(moved([1.0, 0.0]), [0., 0., 0., 0., 0., 0., 0., 80., 0.]);
        assert_eq!(moved([0.0, -1.0]), [0., 0., 0., 80., 0., 0., 0., 0., 0.]);
        // A quarter right and half down: shares ¾·½ and ¼·½ of both rows.
        assert_eq!(moved([0.5, 0.25]), [0., 0., 0., 0., 30., 10., 0., 30., 10.]);
        assert_eq!(moved([0.0, 0.0]), mask.values);
        // The edge repeats: far moves bring no values from nowhere.
        let far = mask.moved([99.0, 0.0]).values;
        assert!(far.iter().all(|&v| v == 0.0));
    }

    #[test]
    fn items_know_their_frames() {
        let item = MaskItem {
            operation: MaskOperation::Difference(2),
            ranges: vec![[2, 5], [8, 9]],
            shift: [0.0; 2],
        };
        assert_eq!(
            [1, 2, 6, 9].map(|f| item.covers(f)),
            [false, true, false, true]
        );
        assert_eq!(item.mask_frames(5), [3]);
        assert_eq!(item.mask_frames(1), [0; 0]);
        let average = MaskItem {
            operation: MaskOperation::Average(vec![0, 1]),
            ranges: Vec::new(),
            shift: [0.0; 2],
        };
        assert!(average.covers(7));
        assert_eq!(average.mask_frames(7), [0, 1]);
        // C.7.6.10.1: the first contrast frame n has the mask n − offset, n + i has n − offset − i.
        let reverse = MaskItem {
            operation: MaskOperation::Reverse(1),
            ranges: vec![[4, 8]],
            shift: [0.0; 2],
        };
        assert_eq!(
            [4, 5, 7].map(|frame| reverse.mask_frames(frame)),
            [[3], [2], [0]]
        );
        assert_eq!(reverse.mask_frames(8), [0; 0], "before the first frame");
        assert_eq!(average.heap_bytes(), 2 * size_of::<usize>());
    }
}
