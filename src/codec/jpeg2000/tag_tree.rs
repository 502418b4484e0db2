//! Tag trees (ITU-T T.800 B.10.2): small numbers of a grid, coded by their minima.

use super::packet::HeaderBits;
use crate::codec::CodecError;

/// A tree over a grid, partly decoded.
#[derive(Debug)]
pub(super) struct TagTree {
    /// First node and columns of each level from the leaves up.
    levels: Vec<(usize, usize)>,
    nodes: Vec<Node>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Node {
    /// What is known to be its least value.
    low: u32,
    known: bool,
}

impl TagTree {
    /// A tree over `width` × `height` leaves.
    pub fn new(width: usize, height: usize) -> Self {
        let (mut width, mut height) = (width, height);
        let mut levels = Vec::new();
        let mut count = 0;
        while width > 0 && height > 0 {
            levels.push((count, width));
            count += width * height;
            if width * height == 1 {
                break;
            }
            (width, height) = (width.div_ceil(2), height.div_ceil(2));
        }
        Self {
            levels,
            nodes: vec![Node::default(); count],
        }
    }

    /// Whether the value of a leaf is below `threshold`; reads the bits that are needed to know.
    pub fn is_below(
        &mut self,
        bits: &mut HeaderBits<'_>,
        (x, y): (usize, usize),
        threshold: u32,
    ) -> Result<bool, CodecError> {
        let mut low = 0;
        let mut known = false;
        for (level, &(first, width)) in self.levels.iter().enumerate().rev() {
            let Some(node) = self
                .nodes
                .get_mut(first + (y >> level) * width + (x >> level))
            else {
                return Ok(false);
            };
            node.low = node.low.max(low);
            while !node.known && node.low < threshold {
                if bits.bit()? == 1 {
                    node.known = true;
                } else {
                    node.low += 1;
                }
            }
            (low, known) = (node.low, node.known);
        }
        Ok(known && low < threshold)
    }
}
