//! Lossless coding: differences from a predictor (ITU-T T.81 annex H).

use super::bits::{Bits, Entropy};
use super::frame::Frame;
use super::huffman::Differences;
use super::restart::Intervals;
use super::segments::{Scan, Tables, damaged, defined};
use crate::codec::{CodecError, Limits};

/// The samples of a lossless frame while its scans are read.
#[derive(Debug)]
pub(super) struct Samples {
    /// By pixel, row by row.
    pub samples: Vec<u16>,
    /// Which components have come.
    done: [bool; 4],
}

impl Samples {
    /// Room for a frame, whose size the limits allow.
    pub fn new(frame: &Frame, limits: &Limits) -> Result<Self, CodecError> {
        let factors = frame.components.first().map(|c| c.factors);
        if frame.components.iter().any(|c| Some(c.factors) != factors) {
            return Err(CodecError::Unsupported(
                "lossless JPEG with subsampled components".to_owned(),
            ));
        }
        frame.samples(limits)?;
        Ok(Self {
            samples: Vec::new(),
            done: [false; 4],
        })
    }

    /// Whether every component has come.
    pub fn is_complete(&self, frame: &Frame) -> bool {
        let mut components = self.done.iter().take(frame.components.len());
        components.all(|done| *done)
    }

    /// Decodes a scan; returns where in the stream it ends.
    pub fn read_scan(
        &mut self,
        frame: &Frame,
        scan: &Scan,
        tables: &Tables,
        entropy: Entropy<'_>,
        limits: &Limits,
    ) -> Result<usize, CodecError> {
        for component in &scan.components {
            match self.done.get_mut(component.index) {
                Some(done) if !*done => *done = true,
                _ => return Err(damaged("a component comes twice")),
            }
        }
        let count = scan.components.len();
        let interleaved = count > 1;
        let subsampled = frame.largest_factors() != [1, 1];
        if interleaved && subsampled {
            return Err(CodecError::Unsupported(
                "lossless JPEG with several samples in a unit".to_owned(),
            ));
        }
        let mut plane = vec![0; frame.rows * frame.columns * count];
        let end = match count {
            1 => Plane::<1>::new(frame, scan, tables)?.read(&mut plane, entropy, limits),
            2 => Plane::<2>::new(frame, scan, tables)?.read(&mut plane, entropy, limits),
            3 => Plane::<3>::new(frame, scan, tables)?.read(&mut plane, entropy, limits),
            _ => Plane::<4>::new(frame, scan, tables)?.read(&mut plane, entropy, limits),
        }?;
        let shift = scan.bits[1];
        if shift > 0 {
            for sample in &mut plane {
                *sample <<= shift;
            }
        }
        self.put(plane, frame, scan);
        Ok(end)
    }

    /// Puts the samples of a scan to those of the frame.
    fn put(&mut self, plane: Vec<u16>, frame: &Frame, scan: &Scan) {
        let all = frame.components.len();
        let in_order = (0..all).eq(scan.components.iter().map(|c| c.index));
        if in_order {
            self.samples = plane;
            return;
        }
        self.samples.resize(frame.rows * frame.columns * all, 0);
        let pixels = self.samples.chunks_exact_mut(all);
        for (pixel, values) in pixels.zip(plane.chunks_exact(scan.components.len())) {
            for (component, value) in scan.components.iter().zip(values) {
                if let Some(sample) = pixel.get_mut(component.index) {
                    *sample = *value;
                }
            }
        }
    }
}

/// A scan of `N` components.
struct Plane<'a, const N: usize> {
    differences: [Differences<'a>; N],
    /// T.81 table H.1.
    predictor: usize,
    /// Prediction of the first sample after a restart.
    initial: u16,
    columns: usize,
    restart_interval: usize,
}

impl<'a, const N: usize> Plane<'a, N> {
    fn new(frame: &Frame, scan: &Scan, tables: &'a Tables) -> Result<Self, CodecError> {
        let predictor = scan.band[0];
        if !(1..=7).contains(&predictor) {
            return Err(CodecError::Damaged(format!(
                "there is no lossless predictor {predictor}"
            )));
        }
        let Some(high) = frame.precision.checked_sub(scan.bits[1] + 1) else {
            return Err(damaged("the point transform leaves no bits"));
        };
        if !tables.restart_interval.is_multiple_of(frame.columns) {
            return Err(damaged("restarts are not at the beginning of a row"));
        }
        let mut found = Vec::with_capacity(N);
        for component in &scan.components {
            let table = defined(&tables.dc, component.tables[0], "Huffman")?;
            found.push(Differences::new(table));
        }
        let differences = found.try_into();
        Ok(Self {
            differences: differences.map_err(|_| damaged("a scan has too many components"))?,
            predictor,
            initial: 1 << high,
            columns: frame.columns,
            restart_interval: tables.restart_interval,
        })
    }

    fn read(
        &self,
        plane: &mut [u16],
        entropy: Entropy<'_>,
        limits: &Limits,
    ) -> Result<usize, CodecError> {
        let width = N * self.columns;
        let rows_between = match self.restart_interval / self.columns {
            0 => (plane.len() / width).max(1),
            rows => rows,
        };
        let mut intervals = Intervals::new(entropy);
        for group in plane.chunks_mut(rows_between * width) {
            let mut interval = intervals.begin()?;
            let mut above: &[u16] = &[];
            for row in group.chunks_exact_mut(width) {
                limits.check_time()?;
                let known = match self.differences.as_slice() {
                    [one] => read_row(one, &mut interval.bits, row),
                    _ => self.read_pixels(&mut interval.bits, row),
                };
                interval.check(known)?;
                self.undo(row, above);
                above = row;
            }
        }
        Ok(intervals.end())
    }

    /// Differences of one row of several components.
    fn read_pixels(&self, bits: &mut Bits<'_>, row: &mut [u16]) -> Option<()> {
        let (pixels, _) = row.as_chunks_mut::<N>();
        for pixel in pixels {
            bits.refill();
            for (sample, table) in pixel.iter_mut().zip(&self.differences) {
                *sample = table.next(bits)?;
            }
        }
        Some(())
    }

    /// Differences of a row → samples. Nothing is above the first row behind a restart.
    fn undo(&self, row: &mut [u16], above: &[u16]) {
        let (pixels, _) = row.as_chunks_mut::<N>();
        let (above, _) = above.as_chunks::<N>();
        let Some(first_above) = above.first() else {
            predict(pixels, &[], [self.initial; N], |left, _, _| left);
            return;
        };
        let start = *first_above;
        match self.predictor {
            1 => predict(pixels, above, start, |a, _, _| a),
            2 => predict(pixels, above, start, |_, b, _| b),
            3 => predict(pixels, above, start, |_, _, c| c),
            4 => predict(pixels, above, start, |a, b, c| a + b - c),
            5 => predict(pixels, above, start, |a, b, c| a + ((b - c) >> 1)),
            6 => predict(pixels, above, start, |a, b, c| b + ((a - c) >> 1)),
            _ => predict(pixels, above, start, |a, b, _| (a + b) >> 1),
        }
    }
}

/// Differences of one row of one component: four for each filling of the bits, since a difference
/// takes 12 bits at most from those that are ready.
#[inline]
fn read_row(table: &Differences<'_>, bits: &mut Bits<'_>, row: &mut [u16]) -> Option<()> {
    let mut local = *bits;
    let (fours, rest) = row.as_chunks_mut::<4>();
    for four in fours {
        local.refill();
        for sample in four {
            *sample = table.next(&mut local)?;
        }
    }
    local.refill();
    for sample in rest {
        *sample = table.next(&mut local)?;
    }
    *bits = local;
    Some(())
}

/// Adds to the differences of a row what `prediction` makes of the samples to the left, above, and
/// above to the left: modulo 2¹⁶ (T.81 H.1.2.1). The first pixel is predicted by `start`.
#[inline]
fn predict<const N: usize>(
    pixels: &mut [[u16; N]],
    above: &[[u16; N]],
    start: [u16; N],
    prediction: impl Fn(i32, i32, i32) -> i32,
) {
    let Some((first, rest)) = pixels.split_first_mut() else {
        return;
    };
    for (sample, start) in first.iter_mut().zip(start) {
        *sample = sample.wrapping_add(start);
    }
    let mut left = *first;
    let mut step = |pixel: &mut [u16; N], up: &[u16; N], corner: &[u16; N]| {
        let around = left.iter_mut().zip(up.iter().zip(corner));
        for (sample, (left, (&up, &corner))) in pixel.iter_mut().zip(around) {
            let predicted = prediction(i32::from(*left), i32::from(up), i32::from(corner));
            *sample = sample.wrapping_add(predicted as u16);
            *left = *sample;
        }
    };
    match above.split_first() {
        Some((first_above, rest_above)) => {
            let mut corner = first_above;
            for (pixel, up) in rest.iter_mut().zip(rest_above) {
                step(pixel, up, corner);
                corner = up;
            }
        }
        None => {
            for pixel in rest {
                step(pixel, &[0; N], &[0; N]);
            }
        }
    }
}
