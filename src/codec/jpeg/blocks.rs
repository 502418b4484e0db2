//! The order of the blocks in a DCT scan (ITU-T T.81 A.2).

use super::bits::{Bits, Entropy};
use super::frame::{Component, Frame};
use super::restart::Intervals;
use super::segments::Scan;
use crate::codec::{CodecError, Limits};

/// Place in a natural-order block of each coefficient of the zigzag sequence: T.81 figure A.6.
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Which block comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Component of the scan.
    pub component: usize,
    /// Column of blocks.
    pub x: usize,
    /// Row of blocks.
    pub y: usize,
}

/// What reads the blocks of a scan.
pub(super) trait BlockReader {
    /// Forgets predictions.
    fn restart(&mut self);
    /// Reads one block; `None` where bits are no code.
    fn read(&mut self, bits: &mut Bits<'_>, place: Place) -> Option<()>;
}

/// Blocks across and down that a component has with those that fill the last units.
pub(super) fn padded_blocks(frame: &Frame, component: &Component) -> [usize; 2] {
    let ([across, down], [h, v]) = (frame.units(), component.factors);
    [across * h, down * v]
}

/// Blocks of all components, with those that fill the last units.
pub(super) fn all_blocks(frame: &Frame) -> usize {
    let blocks = frame.components.iter().map(|component| {
        let [across, down] = padded_blocks(frame, component);
        across * down
    });
    blocks.sum()
}

/// Lets `reader` read all blocks of a scan; returns where in the stream it ends.
pub(super) fn read_blocks(
    frame: &Frame,
    scan: &Scan,
    restart_interval: usize,
    entropy: Entropy<'_>,
    limits: &Limits,
    reader: &mut impl BlockReader,
) -> Result<usize, CodecError> {
    let (units, factors) = layout(frame, scan);
    let [across, down] = units;
    let total = across * down;
    let interval_units = match restart_interval {
        0 => total,
        units => units,
    };
    let mut intervals = Intervals::new(entropy);
    let mut done = 0;
    while done < total {
        let mut interval = intervals.begin()?;
        reader.restart();
        let end = total.min(done + interval_units);
        for unit in done..end {
            let (x, y) = (unit % across, unit / across);
            let known = read_unit(&factors, [x, y], &mut interval.bits, reader);
            if known.is_none() || x + 1 == across || unit + 1 == end {
                interval.check(known)?;
                limits.check_time()?;
            }
        }
        done = end;
    }
    Ok(intervals.end())
}

/// Units across and down, and blocks of a unit by component: several only where components are
/// interleaved.
fn layout(frame: &Frame, scan: &Scan) -> ([usize; 2], Vec<[usize; 2]>) {
    let of_frame = scan.components.iter();
    let components: Vec<&Component> = of_frame
        .filter_map(|component| frame.components.get(component.index))
        .collect();
    match components.as_slice() {
        [single] => {
            let blocks = frame.size_of(single).map(|samples| samples.div_ceil(8));
            (blocks, vec![[1, 1]])
        }
        several => {
            let factors = several.iter().map(|component| component.factors);
            (frame.units(), factors.collect())
        }
    }
}

#[inline]
fn read_unit(
    factors: &[[usize; 2]],
    [unit_x, unit_y]: [usize; 2],
    bits: &mut Bits<'_>,
    reader: &mut impl BlockReader,
) -> Option<()> {
    for (component, &[h, v]) in factors.iter().enumerate() {
        for y in unit_y * v..(unit_y + 1) * v {
            for x in unit_x * h..(unit_x + 1) * h {
                reader.read(bits, Place { component, x, y })?;
            }
        }
    }
    Some(())
}
