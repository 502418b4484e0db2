//! Peak opacification: the least or greatest value of each pixel over a run.

use super::{Frame, Samples};

/// Which value of each pixel counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeakKind {
    /// The least: contrast medium where high values are bright.
    Minimum,
    /// The greatest.
    Maximum,
}

impl PeakKind {
    /// Words shown.
    pub fn words(self) -> &'static str {
        match self {
            Self::Minimum => "least values",
            Self::Maximum => "greatest values",
        }
    }
}

/// Gathers frames one by one; holds one picture, however long the run.
#[derive(Debug, Clone, PartialEq)]
pub struct Peak {
    kind: PeakKind,
    reached: Option<Frame>,
}

impl Peak {
    /// Without frames yet.
    pub fn new(kind: PeakKind) -> Self {
        Self {
            kind,
            reached: None,
        }
    }

    /// Adds a frame. False where it does not fit those before: another size, kind of samples, or
    /// colours.
    pub fn add(&mut self, frame: Frame) -> bool {
        if matches!(frame.samples, Samples::Rgb8(_)) {
            return false;
        }
        let Some(reached) = &mut self.reached else {
            self.reached = Some(frame);
            return true;
        };
        if (reached.rows, reached.columns) != (frame.rows, frame.columns) {
            return false;
        }
        let kind = self.kind;
        match (&mut reached.samples, &frame.samples) {
            (Samples::U8(a), Samples::U8(b)) => extremes(a, b, kind),
            (Samples::I8(a), Samples::I8(b)) => extremes(a, b, kind),
            (Samples::U16(a), Samples::U16(b)) => extremes(a, b, kind),
            (Samples::I16(a), Samples::I16(b)) => extremes(a, b, kind),
            (Samples::U32(a), Samples::U32(b)) => extremes(a, b, kind),
            (Samples::I32(a), Samples::I32(b)) => extremes(a, b, kind),
            (Samples::F32(a), Samples::F32(b)) => extremes(a, b, kind),
            (Samples::F64(a), Samples::F64(b)) => extremes(a, b, kind),
            _ => return false,
        }
        true
    }

    /// The picture; `None` without frames.
    pub fn frame(self) -> Option<Frame> {
        self.reached
    }
}

fn extremes<T: PartialOrd + Copy>(reached: &mut [T], next: &[T], kind: PeakKind) {
    for (reached, &next) in reached.iter_mut().zip(next) {
        let further = match kind {
            PeakKind::Minimum => next < *reached,
            PeakKind::Maximum => next > *reached,
        };
        if further {
            *reached = next;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(values: &[i16]) -> Frame {
        Frame {
            rows: 1,
            columns: values.len(),
            samples: Samples::I16(values.to_vec()),
        }
    }

    #[test]
    fn every_pixel_keeps_its_own_extreme() {
        let run = [[5, -3, 0], [4, 9, 0], [6, -7, 0]];
        for (kind, expected) in [
            (PeakKind::Minimum, [4, -7, 0]),
            (PeakKind::Maximum, [6, 9, 0]),
        ] {
            let mut peak = Peak::new(kind);
            assert!(run.iter().all(|values| peak.add(frame(values))));
            assert_eq!(peak.frame(), Some(frame(&expected)));
        }
        assert_eq!(Peak::new(PeakKind::Minimum).frame(), None);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let mut peak = Peak::new(PeakKind::Minimum);
        assert!(peak.add(frame(&[1, 2])));
        assert!(!peak.add(frame(&[1])));
        let bytes = Frame {
            samples: Samples::U8(vec![0, 0]),
            ..frame(&[1, 2])
        };
        assert!(!peak.add(bytes));
        let color = Frame {
            samples: Samples::Rgb8(vec![[0; 3]; 2]),
            ..frame(&[1, 2])
        };
        assert!(!peak.add(color));
        assert_eq!(peak.frame(), Some(frame(&[1, 2])));
    }
}
