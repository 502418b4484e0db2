//! Restart intervals, and what is wrong when the bits of one do not suffice (ITU-T T.81 E.2.4).

use super::bits::{Bits, Entropy};
use super::segments::damaged;
use crate::codec::CodecError;

/// The entropy-coded segments of one scan, one after the other.
#[derive(Debug)]
pub(super) struct Intervals<'a> {
    entropy: Entropy<'a>,
    /// How many have begun.
    begun: u32,
    /// What ends the current one.
    ended_by: Option<u8>,
}

impl<'a> Intervals<'a> {
    /// The intervals of a scan whose entropy-coded bytes begin there.
    pub fn new(entropy: Entropy<'a>) -> Self {
        Self {
            entropy,
            begun: 0,
            ended_by: None,
        }
    }

    /// The next interval. The marker before it must be the one that is due: another
    /// one means that samples are missing.
    pub fn begin(&mut self) -> Result<Interval<'_>, CodecError> {
        if let Some(before) = self.begun.checked_sub(1) {
            let due = 0xD0 + (before % 8) as u8;
            match self.ended_by {
                Some(marker) if marker == due => {}
                Some(marker) => {
                    return Err(CodecError::Damaged(format!(
                        "marker {marker:02X} stands where restart {due:02X} is due"
                    )));
                }
                None => return Err(CodecError::Truncated),
            }
        }
        self.begun += 1;
        self.ended_by = self.entropy.advance();
        Ok(Interval {
            bits: self.entropy.bits(),
            ended_by: self.ended_by,
        })
    }
    /// Where in the stream the marker behind the last interval stands.
    pub fn end(&self) -> usize {
        self.entropy.position()
    }
}

/// What lies between two restarts.
#[derive(Debug)]
pub(super) struct Interval<'a> {
    pub bits: Bits<'a>,
    ended_by: Option<u8>,
}

impl Interval<'_> {
    /// An error if the bits did not suffice for what was read of them, or if some of them were
    /// not `known` as a code.
    pub fn check(&self, known: Option<()>) -> Result<(), CodecError> {
        match (self.bits.overrun(), self.ended_by, known) {
            (true, None, _) => Err(CodecError::Truncated),
            (true, Some(marker), _) => Err(CodecError::Damaged(format!(
                "marker {marker:02X} comes before the last sample"
            ))),
            (false, _, None) => Err(damaged("the bits are no Huffman code")),
            (false, _, Some(())) => Ok(()),
        }
    }
}
