//! Greys of one frame as it is stored, pixel for pixel: radiographs, runs, secondary captures.

use super::display::Display;
use crate::study::{Frame, Instance, Samples};

/// Grey of padding, whichever way the greys run (PS3.3 C.7.5.1.1.2).
const PADDING_GREY: u8 = 0;

/// Greys row by row of frame `index` (0-based) of a file; `None` for colour, which has no window.
pub fn frame_greys(
    frame: &Frame,
    instance: &Instance,
    index: usize,
    display: &Display,
) -> Option<Vec<u8>> {
    let lut = instance
        .frames
        .get(index)
        .map(|header| &header.modality_lut);
    let grey = |stored: f64| {
        if instance.is_padding(stored) {
            return PADDING_GREY;
        }
        display.grey_of(lut.map_or(stored, |lut| lut.apply(stored)))
    };
    greys_of(&frame.samples, grey)
}

/// Greys of a subtracted frame, whose values are differences and no stored ones.
pub fn difference_greys(frame: &Frame, display: &Display) -> Option<Vec<u8>> {
    greys_of(&frame.samples, |difference| display.grey_of(difference))
}

fn greys_of(samples: &Samples, grey: impl Fn(f64) -> u8) -> Option<Vec<u8>> {
    // What has at most 16 bits has at most 65,536 greys to compute.
    let by_low_bits = |most: u16, value: fn(u16) -> f64| -> Vec<u8> {
        (0..=most).map(|bits| grey(value(bits))).collect()
    };
    let look_up = |table: &[u8], bits: u16| table.get(usize::from(bits)).copied();
    let greys = match samples {
        Samples::Rgb8(_) => return None,
        Samples::U8(values) => {
            let table = by_low_bits(255, f64::from);
            let greys = values.iter().map(|&bits| look_up(&table, bits.into()));
            greys.map(Option::unwrap_or_default).collect()
        }
        Samples::U16(values) => {
            let table = by_low_bits(u16::MAX, f64::from);
            let greys = values.iter().map(|&bits| look_up(&table, bits));
            greys.map(Option::unwrap_or_default).collect()
        }
        Samples::I16(values) => {
            let table = by_low_bits(u16::MAX, |bits| f64::from(bits as i16));
            let greys = values.iter().map(|&value| look_up(&table, value as u16));
            greys.map(Option::unwrap_or_default).collect()
        }
        samples => (0..samples.len())
            .map(|index| grey(samples.value(index).unwrap_or(f64::NAN)))
            .collect(),
    };
    Some(greys)
}
