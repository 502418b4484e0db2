//! The frame header: process, size, components (ITU-T T.81 B.2.2).

use super::segments::damaged;
use crate::codec::{CodecError, Limits};

/// How a frame is coded, of the processes read here; all with Huffman codes, none hierarchical.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    /// Baseline or extended sequential DCT (SOF0, SOF1).
    Sequential,
    /// Progressive DCT (SOF2).
    Progressive,
    /// Lossless (SOF3).
    Lossless,
}

/// One component of a frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Component {
    /// Its name in scan headers.
    pub id: u8,
    /// Samples of it across and down, for one of the coarsest component: H and V, 1 to 4.
    pub factors: [usize; 2],
    /// Its quantization table; of no meaning where there is none, in lossless frames.
    pub quantization: usize,
}

/// What the frame header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    pub process: Process,
    /// Bits of a sample: P.
    pub precision: u32,
    pub rows: usize,
    pub columns: usize,
    pub components: Vec<Component>,
}

impl Frame {
    /// Reads the segment of a start-of-frame `marker`; rows may be 0, for later.
    pub fn read(marker: u8, segment: &[u8]) -> Result<Self, CodecError> {
        let process = match marker {
            0xC0 | 0xC1 => Process::Sequential,
            0xC2 => Process::Progressive,
            0xC3 => Process::Lossless,
            0xC5..=0xC7 => return unsupported("hierarchical JPEG"),
            0xC9..=0xCB => return unsupported("JPEG with arithmetic coding"),
            0xCD..=0xCF => return unsupported("hierarchical JPEG with arithmetic coding"),
            _ => return unsupported("a stream that is not JPEG (ITU-T T.81)"),
        };
        let [precision, r0, r1, c0, c1, count, ref table @ ..] = *segment else {
            return Err(damaged("the frame header is cut"));
        };
        let (rows_of_table, _) = table.as_chunks::<3>();
        if rows_of_table.len() < usize::from(count) {
            return Err(damaged("the frame header is cut"));
        }
        if !(1..=4).contains(&count) {
            return unsupported(&format!("JPEG with {count} components"));
        }
        let known = match process {
            Process::Lossless => (2..=16).contains(&precision),
            _ => precision == 8 || precision == 12,
        };
        if !known {
            return Err(damaged(&format!(
                "samples of {precision} bits do not exist in this process"
            )));
        }
        let components = rows_of_table.iter().take(usize::from(count));
        let frame = Self {
            process,
            precision: u32::from(precision),
            rows: usize::from(u16::from_be_bytes([r0, r1])),
            columns: usize::from(u16::from_be_bytes([c0, c1])),
            components: components
                .map(|&[id, factors, quantization]| Component {
                    id,
                    factors: [usize::from(factors >> 4), usize::from(factors & 15)],
                    quantization: usize::from(quantization),
                })
                .collect(),
        };
        frame.check()?;
        Ok(frame)
    }

    fn check(&self) -> Result<(), CodecError> {
        if self.columns == 0 {
            return Err(damaged("the frame has no columns"));
        }
        for (index, component) in self.components.iter().enumerate() {
            if !component.factors.iter().all(|f| (1..=4).contains(f)) {
                return Err(damaged("a sampling factor is not between 1 and 4"));
            }
            let mut before = self.components.iter().take(index);
            if before.any(|other| other.id == component.id) {
                return Err(damaged("two components have the same number"));
            }
        }
        Ok(())
    }

    /// Bytes of a decoded sample.
    pub fn sample_bytes(&self) -> usize {
        if self.precision > 8 { 2 } else { 1 }
    }

    /// Samples of the decoded image, if the limits allow them.
    pub fn samples(&self, limits: &Limits) -> Result<usize, CodecError> {
        let count = self.components.len();
        limits.check_size(self.rows, self.columns, count, self.sample_bytes())
    }

    /// The largest sampling factors across and down.
    pub fn largest_factors(&self) -> [usize; 2] {
        let largest = |axis: fn(&Component) -> usize| self.components.iter().map(axis).max();
        [|c: &Component| c.factors[0], |c: &Component| c.factors[1]]
            .map(|axis| largest(axis).unwrap_or(1))
    }

    /// Minimum coded units across and down of a scan with several components: T.81 A.2.3.
    pub fn units(&self) -> [usize; 2] {
        let [h, v] = self.largest_factors();
        [self.columns.div_ceil(8 * h), self.rows.div_ceil(8 * v)]
    }

    /// Columns and rows of a component's own samples: T.81 A.1.1.
    pub fn size_of(&self, component: &Component) -> [usize; 2] {
        let [h, v] = self.largest_factors();
        let [own_h, own_v] = component.factors;
        [
            (self.columns * own_h).div_ceil(h),
            (self.rows * own_v).div_ceil(v),
        ]
    }
}

fn unsupported<T>(what: &str) -> Result<T, CodecError> {
    Err(CodecError::Unsupported(what.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLOR: [u8; 15] = [8, 0, 33, 0, 50, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1];

    #[test]
    fn a_colour_frame_has_the_sizes_of_annex_a() {
        let frame = Frame::read(0xC0, &COLOR).unwrap();
        assert_eq!(frame.units(), [4, 3]);
        let sizes = frame.components.iter().map(|c| frame.size_of(c));
        assert_eq!(sizes.collect::<Vec<_>>(), [[50, 33], [25, 17], [25, 17]]);
        assert_eq!(frame.sample_bytes(), 1);
    }

    #[test]
    fn what_the_standard_forbids_is_refused() {
        let with = |at: usize, value: u8| {
            let mut segment = COLOR;
            segment[at] = value;
            Frame::read(0xC1, &segment)
        };
        assert!(with(0, 12).is_ok());
        for (at, value) in [(0, 16), (7, 0x51), (7, 0x01), (9, 1), (4, 0)] {
            assert!(
                matches!(with(at, value), Err(CodecError::Damaged(_))),
                "{at}"
            );
        }
        assert!(matches!(with(5, 5), Err(CodecError::Damaged(_))));
        assert!(Frame::read(0xC0, &COLOR[..14]).is_err());
        for marker in [0xC5, 0xC9, 0xCF, 0xF7] {
            let refused = Frame::read(marker, &COLOR);
            assert!(
                matches!(refused, Err(CodecError::Unsupported(_))),
                "{marker:X}"
            );
        }
    }
}
