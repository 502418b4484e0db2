//! Sequential DCT: each block complete in one scan (ITU-T T.81 F.2).

use super::bits::{Bits, Entropy};
use super::blocks::{BlockReader, Place, ZIGZAG, read_blocks};
use super::frame::Frame;
use super::huffman::Huffman;
use super::idct::inverse;
use super::planes::{Plane, Planes};
use super::segments::{Scan, Tables, damaged, defined};
use crate::codec::{CodecError, Limits};

/// Decodes a scan into `planes`; returns where in the stream it ends.
pub(super) fn read_scan(
    frame: &Frame,
    scan: &Scan,
    tables: &Tables,
    entropy: Entropy<'_>,
    limits: &Limits,
    planes: &mut Planes,
) -> Result<usize, CodecError> {
    let mut taken: Vec<Option<&mut Plane>> = planes.components.iter_mut().map(Some).collect();
    let mut components = Vec::with_capacity(scan.components.len());
    for component in &scan.components {
        let number = frame.components.get(component.index);
        let number = number.map_or(0, |component| component.quantization);
        let plane = taken.get_mut(component.index).and_then(Option::take);
        let plane = plane.filter(|plane| !plane.is_done);
        components.push(Component {
            dc: defined(&tables.dc, component.tables[0], "DC Huffman")?,
            ac: defined(&tables.ac, component.tables[1], "AC Huffman")?,
            quantization: defined(&tables.quantization, number, "quantization")?,
            plane: plane.ok_or_else(|| damaged("a component comes twice"))?,
            predicted: 0,
        });
    }
    let precision = frame.precision;
    let mut reader = Reader {
        components,
        precision,
    };
    let interval = tables.restart_interval;
    let end = read_blocks(frame, scan, interval, entropy, limits, &mut reader)?;
    for component in reader.components {
        component.plane.is_done = true;
    }
    Ok(end)
}

struct Component<'a> {
    dc: &'a Huffman,
    ac: &'a Huffman,
    quantization: &'a [u16; 64],
    plane: &'a mut Plane,
    /// DC of the block before.
    predicted: i32,
}

struct Reader<'a> {
    components: Vec<Component<'a>>,
    precision: u32,
}

impl BlockReader for Reader<'_> {
    fn restart(&mut self) {
        for component in &mut self.components {
            component.predicted = 0;
        }
    }

    fn read(&mut self, bits: &mut Bits<'_>, place: Place) -> Option<()> {
        let component = self.components.get_mut(place.component)?;
        let coefficients = component.coefficients(bits)?;
        component
            .plane
            .put(place, &inverse(&coefficients, self.precision));
        Some(())
    }
}

impl Component<'_> {
    /// The next block, dequantized, in natural order.
    fn coefficients(&mut self, bits: &mut Bits<'_>) -> Option<[i32; 64]> {
        let mut block = [0; 64];
        self.predicted = self.predicted.wrapping_add(dc_difference(self.dc, bits)?);
        let [quantization, ..] = *self.quantization;
        block[0] = self.predicted.wrapping_mul(i32::from(quantization));
        let mut at = 1;
        while at < 64 {
            bits.refill();
            let symbol = self.ac.symbol(bits)?;
            let (zeros, length) = (usize::from(symbol >> 4), symbol & 15);
            if length == 0 {
                if zeros < 15 {
                    break;
                }
                at += 16;
                continue;
            }
            at += zeros;
            let value = bits.signed(u32::from(length));
            let (place, quantization) = (ZIGZAG.get(at)?, self.quantization.get(at)?);
            block[usize::from(*place & 63)] = value.wrapping_mul(i32::from(*quantization));
            at += 1;
        }
        Some(block)
    }
}

/// The next difference of DC (T.81 F.2.2.1).
pub(super) fn dc_difference(table: &Huffman, bits: &mut Bits<'_>) -> Option<i32> {
    bits.refill();
    let category = table.symbol(bits)?;
    (category <= 15).then(|| bits.signed(u32::from(category)))
}
