//! Progressive DCT: coefficients in bands and bit by bit (ITU-T T.81 annex G).

use super::bits::{Bits, Entropy};
use super::blocks::{BlockReader, Place, ZIGZAG, all_blocks, padded_blocks, read_blocks};
use super::frame::Frame;
use super::huffman::Huffman;
use super::idct::inverse;
use super::planes::Planes;
use super::segments::{Scan, Tables, damaged, defined};
use super::sequential::dc_difference;
use crate::codec::{CodecError, Limits};

/// The coefficients of a frame while its scans are read.
#[derive(Debug)]
pub(super) struct Coefficients {
    components: Vec<Component>,
}

#[derive(Debug)]
struct Component {
    /// Blocks in natural order, row by row.
    blocks: Vec<[i16; 64]>,
    /// Blocks of a row.
    across: usize,
    /// That of the first scan of the component.
    quantization: Option<[u16; 64]>,
    /// For each coefficient in zigzag order the lowest bit that has come.
    known_from: [Option<u32>; 64],
}

impl Coefficients {
    /// Room for a frame, if the limits allow it.
    pub fn new(frame: &Frame, limits: &Limits) -> Result<Self, CodecError> {
        frame.samples(limits)?;
        // 2 bytes a coefficient and 2 a sample of the planes.
        Planes::check_memory(frame, limits, 4 * 64 * all_blocks(frame))?;
        let components = frame.components.iter().map(|component| {
            let [across, down] = padded_blocks(frame, component);
            Component {
                blocks: vec![[0; 64]; across * down],
                across,
                quantization: None,
                known_from: [None; 64],
            }
        });
        Ok(Self {
            components: components.collect(),
        })
    }

    /// Whether every bit of every coefficient has come.
    pub fn is_complete(&self) -> bool {
        let mut all = self.components.iter().flat_map(|c| c.known_from);
        all.all(|lowest| lowest == Some(0))
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
        self.begin_scan(frame, scan, tables)?;
        let mut taken: Vec<Option<&mut Component>> = self.components.iter_mut().map(Some).collect();
        let mut of_scan = Vec::with_capacity(scan.components.len());
        let ([first, last], [before, shift]) = (scan.band, scan.bits);
        for component in &scan.components {
            let table = match (first, before) {
                (0, 0) => Some(defined(&tables.dc, component.tables[0], "DC Huffman")?),
                (0, _) => None,
                _ => Some(defined(&tables.ac, component.tables[1], "AC Huffman")?),
            };
            let taken = taken.get_mut(component.index).and_then(Option::take);
            of_scan.push(InScan {
                component: taken.ok_or_else(|| damaged("a scan has a component twice"))?,
                table,
                predicted: 0,
            });
        }
        let mut reader = Reader {
            components: of_scan,
            band: [first, last],
            is_first: before == 0,
            shift,
            run: 0,
        };
        let interval = tables.restart_interval;
        read_blocks(frame, scan, interval, entropy, limits, &mut reader)
    }

    /// Checks that a scan is the one that can come now (T.81 G.1.1.1), which also limits how many
    /// there can be, and keeps the quantization tables.
    fn begin_scan(
        &mut self,
        frame: &Frame,
        scan: &Scan,
        tables: &Tables,
    ) -> Result<(), CodecError> {
        let ([first, last], [before, after]) = (scan.band, scan.bits);
        let dc_alone = first == 0 && last == 0;
        let ac_alone = first >= 1 && last >= first && scan.components.len() == 1;
        if last > 63 || after > 13 || !(dc_alone || ac_alone) {
            return Err(CodecError::Damaged(format!(
                "a progressive scan cannot have the coefficients {first} to {last} of {} components",
                scan.components.len()
            )));
        }
        for component in &scan.components {
            let number = frame.components.get(component.index);
            let number = number.map_or(0, |component| component.quantization);
            let Some(component) = self.components.get_mut(component.index) else {
                continue;
            };
            if component.quantization.is_none() {
                let table = defined(&tables.quantization, number, "quantization")?;
                component.quantization = Some(*table);
            }
            let band = component.known_from.get_mut(first..=last);
            for lowest in band.unwrap_or_default() {
                let fits = match *lowest {
                    None => before == 0,
                    Some(lowest) => before == lowest && after + 1 == lowest,
                };
                if !fits {
                    return Err(damaged("the progressive scans are not in order"));
                }
                *lowest = Some(after);
            }
        }
        Ok(())
    }

    /// Transforms the blocks.
    pub fn planes(self, frame: &Frame, limits: &Limits) -> Result<Planes, CodecError> {
        let mut planes = Planes::new(frame, limits)?;
        for (component, plane) in self.components.into_iter().zip(&mut planes.components) {
            let quantization = component.quantization.unwrap_or([1; 64]);
            let mut natural = [0_u16; 64];
            for (place, value) in ZIGZAG.iter().zip(quantization) {
                natural[usize::from(*place & 63)] = value;
            }
            for (y, row) in component.blocks.chunks_exact(component.across).enumerate() {
                limits.check_time()?;
                for (x, block) in row.iter().enumerate() {
                    let mut dequantized = [0; 64];
                    let factors = block.iter().zip(&natural);
                    for (value, (coefficient, factor)) in dequantized.iter_mut().zip(factors) {
                        *value = i32::from(*coefficient).wrapping_mul(i32::from(*factor));
                    }
                    let place = Place { component: 0, x, y };
                    plane.put(place, &inverse(&dequantized, frame.precision));
                }
            }
            plane.is_done = true;
        }
        Ok(planes)
    }
}

struct InScan<'a> {
    component: &'a mut Component,
    /// `None` where DC is refined, which has no codes.
    table: Option<&'a Huffman>,
    /// DC of the block before.
    predicted: i32,
}

struct Reader<'a> {
    components: Vec<InScan<'a>>,
    band: [usize; 2],
    is_first: bool,
    /// Bit position: Al.
    shift: u32,
    /// Blocks, this one included, that have no further new coefficients in the band: EOBRUN.
    run: u32,
}

impl BlockReader for Reader<'_> {
    fn restart(&mut self) {
        self.run = 0;
        for component in &mut self.components {
            component.predicted = 0;
        }
    }

    fn read(&mut self, bits: &mut Bits<'_>, place: Place) -> Option<()> {
        let in_scan = self.components.get_mut(place.component)?;
        let at = place.y * in_scan.component.across + place.x;
        let block = in_scan.component.blocks.get_mut(at)?;
        let [first, last] = self.band;
        match (in_scan.table, first, self.is_first) {
            (Some(table), 0, _) => {
                let difference = dc_difference(table, bits)?;
                in_scan.predicted = in_scan.predicted.wrapping_add(difference);
                block[0] = (in_scan.predicted << self.shift) as i16;
            }
            (None, ..) => block[0] |= i16::from(bits.bit()) << self.shift,
            (Some(table), _, is_first) => {
                let places = ZIGZAG.get(first..=last)?;
                let mut band = Band {
                    block,
                    places,
                    table,
                    shift: self.shift,
                };
                if is_first {
                    band.read(bits, &mut self.run)?;
                } else {
                    band.refine(bits, &mut self.run)?;
                }
            }
        }
        Some(())
    }
}

/// A band of AC coefficients of one block.
struct Band<'a> {
    block: &'a mut [i16; 64],
    /// Of the coefficients of the band.
    places: &'a [u8],
    table: &'a Huffman,
    shift: u32,
}

impl Band<'_> {
    /// The first scan of a band: T.81 G.1.2.2.
    fn read(&mut self, bits: &mut Bits<'_>, run: &mut u32) -> Option<()> {
        if *run > 0 {
            *run -= 1;
            return Some(());
        }
        let mut at = 0;
        while at < self.places.len() {
            bits.refill();
            let symbol = self.table.symbol(bits)?;
            let (zeros, length) = (u32::from(symbol >> 4), symbol & 15);
            if length > 0 {
                at += zeros as usize;
                let value = bits.signed(u32::from(length));
                *self.coefficient(at)? = (value << self.shift) as i16;
                at += 1;
            } else if zeros < 15 {
                *run = run_length(zeros, bits) - 1;
                break;
            } else {
                at += 16;
            }
        }
        Some(())
    }

    /// One more bit of a band: T.81 G.1.2.3.
    fn refine(&mut self, bits: &mut Bits<'_>, run: &mut u32) -> Option<()> {
        let mut at = 0;
        while *run == 0 && at < self.places.len() {
            bits.refill();
            let symbol = self.table.symbol(bits)?;
            let (zeros, length) = (u32::from(symbol >> 4), symbol & 15);
            let new = match length {
                0 if zeros < 15 => {
                    *run = run_length(zeros, bits);
                    break;
                }
                0 => None,
                1 => Some(if bits.number(1) == 1 { 1 } else { -1_i16 }),
                _ => return None,
            };
            at = self.correct(at, Some(zeros), bits)?;
            if let Some(new) = new {
                *self.coefficient(at)? = new << self.shift;
            }
            at += 1;
        }
        if *run > 0 {
            self.correct(at, None, bits)?;
            *run -= 1;
        }
        Some(())
    }

    /// Reads a bit for each coefficient that is not zero, from `at` on up to the zero after `zeros`
    /// others, or all; returns where that zero is.
    fn correct(&mut self, at: usize, zeros: Option<u32>, bits: &mut Bits<'_>) -> Option<usize> {
        let mut left = zeros;
        for (index, place) in self.places.iter().enumerate().skip(at) {
            let coefficient = self.block.get_mut(usize::from(*place))?;
            if *coefficient == 0 {
                match &mut left {
                    Some(0) => return Some(index),
                    Some(left) => *left -= 1,
                    None => {}
                }
            } else if bits.bit() && *coefficient & (1 << self.shift) == 0 {
                let step = coefficient.signum() << self.shift;
                *coefficient = coefficient.wrapping_add(step);
            }
        }
        Some(self.places.len())
    }

    fn coefficient(&mut self, at: usize) -> Option<&mut i16> {
        let place = self.places.get(at)?;
        self.block.get_mut(usize::from(*place))
    }
}

/// Blocks of an end-of-band code of category `category`, up to 14.
fn run_length(category: u32, bits: &mut Bits<'_>) -> u32 {
    (1 << category) + bits.number(category)
}
