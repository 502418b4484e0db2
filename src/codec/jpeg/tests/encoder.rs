//! A plain encoder of what the decoder reads, by the procedures of ITU-T T.81 annexes F, G and H.

use crate::codec::jpeg::blocks::ZIGZAG;

/// Category codes of 1 to 14 bits, then three of 16: short, long, and longest ones.
const SKEWED: [u8; 16] = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 3];
/// All symbols but FF with 8 bits.
const FLAT: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0, 0];

/// A marker with its parameters.
pub(super) fn segment(marker: u8, parameters: &[u8]) -> Vec<u8> {
    let length = (parameters.len() as u16 + 2).to_be_bytes();
    [&[0xFF, marker], length.as_slice(), parameters].concat()
}

/// Entropy-coded bits.
#[derive(Default)]
pub(super) struct Writer {
    pub bytes: Vec<u8>,
    pending: u64,
    count: u32,
}

impl Writer {
    pub fn put(&mut self, value: u32, length: u32) {
        self.pending = self.pending << length | u64::from(value) & ((1 << length) - 1);
        self.count += length;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.pending >> self.count) as u8;
            self.bytes.push(byte);
            if byte == 0xFF {
                self.bytes.push(0);
            }
        }
    }

    /// Fills up with ones, F.1.2.3.
    fn finish(&mut self) {
        let missing = (8 - self.count % 8) % 8;
        self.put(0xFF, missing);
    }

    fn restart(&mut self, number: usize) {
        self.finish();
        self.bytes.extend([0xFF, 0xD0 + (number % 8) as u8]);
    }

    /// A symbol of the flat table.
    fn symbol(&mut self, symbol: u8) {
        self.put(u32::from(symbol), 8);
    }

    /// A category of the skewed table.
    fn category(&mut self, category: u32) {
        match category {
            0..14 => self.put(0xFFFE, category + 1),
            _ => self.put(0xFFFC + category - 14, 16),
        }
    }

    /// The bits behind a category, F.1.2.1.
    fn value(&mut self, value: i32) {
        let length = category(value);
        let below = if value < 0 { value - 1 } else { value };
        self.put(below as u32, length);
    }
}

fn category(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}

/// A frame and how to code it.
#[derive(Clone)]
pub(super) struct Coding {
    pub precision: u8,
    pub rows: usize,
    pub columns: usize,
    /// H and V of each component.
    pub factors: Vec<[usize; 2]>,
    /// In units; 0 for none.
    pub restart_interval: usize,
    /// All components in one scan, where there can be.
    pub interleaved: bool,
}

impl Coding {
    pub fn new(precision: u8, rows: usize, columns: usize, components: usize) -> Self {
        Self {
            precision,
            rows,
            columns,
            factors: vec![[1, 1]; components],
            restart_interval: 0,
            interleaved: true,
        }
    }

    fn groups(&self) -> Vec<Vec<usize>> {
        let all = 0..self.factors.len();
        if self.interleaved {
            vec![all.collect()]
        } else {
            all.map(|index| vec![index]).collect()
        }
    }

    pub fn start(&self, marker: u8) -> Vec<u8> {
        let size = [
            (self.rows as u16).to_be_bytes(),
            (self.columns as u16).to_be_bytes(),
        ];
        let mut frame = vec![self.precision];
        frame.extend(size.as_flattened());
        frame.push(self.factors.len() as u8);
        for (index, [h, v]) in self.factors.iter().enumerate() {
            frame.extend([index as u8 + 1, (h << 4 | v) as u8, 0]);
        }
        let restart = (self.restart_interval as u16).to_be_bytes();
        let mut table = vec![0];
        let symbols: Vec<u8> = if marker == 0xC3 {
            table.extend(SKEWED);
            (0..17).collect()
        } else {
            table.extend(FLAT);
            (0..255).collect()
        };
        table.extend(&symbols);
        let dc = segment(0xC4, &table);
        table[0] = 0x10;
        let mut stream = vec![0xFF, 0xD8];
        stream.extend(segment(marker, &frame));
        stream.extend(segment(0xDD, &restart));
        stream.extend([dc, segment(0xC4, &table)].concat());
        stream
    }

    fn scan(group: &[usize], parameters: [u8; 3], writer: Writer) -> Vec<u8> {
        let mut writer = writer;
        writer.finish();
        let mut header = vec![group.len() as u8];
        for index in group {
            header.extend([*index as u8 + 1, 0]);
        }
        header.extend(parameters);
        [segment(0xDA, &header), writer.bytes].concat()
    }

    /// Annex H. Samples by pixel; the predictor; the point transform.
    pub fn lossless(&self, samples: &[u16], predictor: u8, shift: u8) -> Vec<u8> {
        let mut stream = self.start(0xC3);
        let count = self.factors.len();
        for group in self.groups() {
            let mut writer = Writer::default();
            let mut first_row = 0;
            for unit in 0..self.rows * self.columns {
                let (x, y) = (unit % self.columns, unit / self.columns);
                if self.restart_interval > 0 && unit > 0 && unit % self.restart_interval == 0 {
                    writer.restart(unit / self.restart_interval - 1);
                    first_row = y;
                }
                for &component in &group {
                    let at = |x: usize, y: usize| {
                        i32::from(samples[(y * self.columns + x) * count + component] >> shift)
                    };
                    // Table H.1 and the beginning of rows, H.1.1.
                    let predicted = match (x, y - first_row, predictor) {
                        (0, 0, _) => 1 << (self.precision - shift - 1),
                        (_, 0, _) | (1.., _, 1) => at(x - 1, y),
                        (0, ..) | (_, _, 2) => at(x, y - 1),
                        (_, _, 3) => at(x - 1, y - 1),
                        (_, _, 4) => at(x - 1, y) + at(x, y - 1) - at(x - 1, y - 1),
                        (_, _, 5) => at(x - 1, y) + ((at(x, y - 1) - at(x - 1, y - 1)) >> 1),
                        (_, _, 6) => at(x, y - 1) + ((at(x - 1, y) - at(x - 1, y - 1)) >> 1),
                        _ => (at(x - 1, y) + at(x, y - 1)) >> 1,
                    };
                    let difference = (at(x, y) - predicted) as i16;
                    if difference == i16::MIN {
                        writer.category(16);
                    } else {
                        writer.category(category(difference.into()));
                        writer.value(difference.into());
                    }
                }
            }
            stream.extend(Self::scan(&group, [predictor, 0, shift], writer));
        }
        stream.extend([0xFF, 0xD9]);
        stream
    }

    /// Blocks across and down of a component, filled up to whole units.
    pub fn blocks(&self, component: usize) -> [usize; 2] {
        let [units_x, units_y] = self.units();
        let [h, v] = self.factors[component];
        [units_x * h, units_y * v]
    }

    fn largest(&self) -> [usize; 2] {
        let largest = |axis: usize| self.factors.iter().map(|f| f[axis]).max().unwrap();
        [largest(0), largest(1)]
    }

    fn units(&self) -> [usize; 2] {
        let [h, v] = self.largest();
        [self.columns.div_ceil(8 * h), self.rows.div_ceil(8 * v)]
    }

    /// Component, block and unit of all blocks of a scan in their order, A.2.
    fn order(&self, group: &[usize]) -> Vec<(usize, usize, usize)> {
        let mut order = Vec::new();
        let (largest, [units_x, units_y]) = (self.largest(), self.units());
        if let [single] = *group {
            let [h, v] = self.factors[single];
            let across = (self.columns * h).div_ceil(largest[0]).div_ceil(8);
            let down = (self.rows * v).div_ceil(largest[1]).div_ceil(8);
            let stride = self.blocks(single)[0];
            for unit in 0..across * down {
                order.push((single, unit / across * stride + unit % across, unit));
            }
            return order;
        }
        for unit in 0..units_x * units_y {
            for &component in group {
                let [h, v] = self.factors[component];
                for inner in 0..h * v {
                    let x = unit % units_x * h + inner % h;
                    let y = unit / units_x * v + inner / h;
                    order.push((component, y * units_x * h + x, unit));
                }
            }
        }
        order
    }

    /// One scan: `block` codes a block after it was told whether predictions begin anew, and
    /// writes what it holds back when it gets none.
    fn coded(
        &self,
        group: &[usize],
        parameters: [u8; 3],
        coefficients: &[Vec<[i32; 64]>],
        mut block: impl FnMut(&mut Writer, usize, Option<&[i32; 64]>),
    ) -> Vec<u8> {
        let (mut writer, mut before) = (Writer::default(), 0);
        for (component, at, unit) in self.order(group) {
            let interval = self.restart_interval;
            if interval > 0 && unit != before && unit % interval == 0 {
                block(&mut writer, component, None);
                writer.restart(unit / interval - 1);
            }
            before = unit;
            block(&mut writer, component, Some(&coefficients[component][at]));
        }
        block(&mut writer, 0, None);
        Self::scan(group, parameters, writer)
    }

    /// F.1.2: quantized coefficients of each component's blocks in zigzag order.
    pub fn sequential(&self, coefficients: &[Vec<[i32; 64]>], quantization: &[u8]) -> Vec<u8> {
        let mut stream = self.start(0xC1);
        stream.extend(segment(0xDB, quantization));
        for group in self.groups() {
            let mut predicted = [0; 4];
            let code = |writer: &mut Writer, component: usize, block: Option<&[i32; 64]>| {
                let Some(block) = block else {
                    predicted = [0; 4];
                    return;
                };
                dc(writer, block[0], &mut predicted[component]);
                let mut run = 0;
                ac_first(writer, &block[1..], 0, &mut run);
                end_of_band(writer, &mut run, &mut Vec::new());
            };
            stream.extend(self.coded(&group, [0, 63, 0], coefficients, code));
        }
        stream.extend([0xFF, 0xD9]);
        stream
    }

    /// G.1.2: DC in two scans, AC in two bands and three steps.
    pub fn progressive(&self, coefficients: &[Vec<[i32; 64]>], quantization: &[u8]) -> Vec<u8> {
        let mut stream = self.start(0xC2);
        stream.extend(segment(0xDB, quantization));
        for group in self.groups() {
            let mut predicted = [0; 4];
            let first =
                |writer: &mut Writer, component: usize, block: Option<&[i32; 64]>| match block {
                    Some(block) => dc(writer, block[0] >> 1, &mut predicted[component]),
                    None => predicted = [0; 4],
                };
            stream.extend(self.coded(&group, [0, 0, 1], coefficients, first));
        }
        for component in 0..self.factors.len() {
            let bands = [(1, 5, 0, 2), (6, 63, 0, 2), (1, 63, 2, 1), (1, 63, 1, 0)];
            for (from, to, before, shift) in bands {
                let (mut run, mut held) = (0, Vec::new());
                let band = |writer: &mut Writer, _: usize, block: Option<&[i32; 64]>| match block {
                    None => end_of_band(writer, &mut run, &mut held),
                    Some(block) if before == 0 => {
                        ac_first(writer, &block[from..=to], shift, &mut run);
                    }
                    Some(block) => {
                        ac_refine(writer, &block[from..=to], shift, &mut run, &mut held);
                    }
                };
                let parameters = [from as u8, to as u8, before << 4 | shift];
                stream.extend(self.coded(&[component], parameters, coefficients, band));
            }
        }
        for group in self.groups() {
            let refine = |writer: &mut Writer, _: usize, block: Option<&[i32; 64]>| {
                if let Some(block) = block {
                    writer.put(block[0] as u32 & 1, 1);
                }
            };
            stream.extend(self.coded(&group, [0, 0, 0x10], coefficients, refine));
        }
        stream.extend([0xFF, 0xD9]);
        stream
    }
}

fn dc(writer: &mut Writer, value: i32, predicted: &mut i32) {
    let difference = value - *predicted;
    *predicted = value;
    writer.symbol(category(difference) as u8);
    writer.value(difference);
}

/// Figure G.3; figure F.2 where the run of blocks is written at once.
fn ac_first(writer: &mut Writer, band: &[i32], shift: u8, run: &mut u32) {
    let mut zeros = 0;
    for value in band {
        let value = value / (1 << shift);
        if value == 0 {
            zeros += 1;
            continue;
        }
        end_of_band(writer, run, &mut Vec::new());
        while zeros > 15 {
            writer.symbol(0xF0);
            zeros -= 16;
        }
        writer.symbol(zeros << 4 | category(value) as u8);
        writer.value(value);
        zeros = 0;
    }
    *run += u32::from(zeros > 0);
}

/// Figure G.7.
fn ac_refine(writer: &mut Writer, band: &[i32], shift: u8, run: &mut u32, held: &mut Vec<u32>) {
    let size = |value: &i32| value.unsigned_abs() >> shift;
    let last_new = band.iter().rposition(|value| size(value) == 1);
    let (mut zeros, mut corrections) = (0, Vec::new());
    for (at, value) in band.iter().enumerate() {
        let size = size(value);
        if size == 0 {
            zeros += 1;
            continue;
        }
        while zeros > 15 && last_new.is_some_and(|last| at <= last) {
            end_of_band(writer, run, held);
            writer.symbol(0xF0);
            corrections.drain(..).for_each(|bit| writer.put(bit, 1));
            zeros -= 16;
        }
        if size > 1 {
            corrections.push(size & 1);
            continue;
        }
        end_of_band(writer, run, held);
        writer.symbol(zeros << 4 | 1);
        writer.put(u32::from(*value > 0), 1);
        corrections.drain(..).for_each(|bit| writer.put(bit, 1));
        zeros = 0;
    }
    if zeros > 0 || !corrections.is_empty() {
        *run += 1;
        held.append(&mut corrections);
    }
}

/// The blocks since the last coefficient, and the bits held back for them.
fn end_of_band(writer: &mut Writer, run: &mut u32, held: &mut Vec<u32>) {
    if let Some(category) = run.checked_ilog2() {
        writer.symbol((category as u8) << 4);
        writer.put(*run, category);
    }
    *run = 0;
    held.drain(..).for_each(|bit| writer.put(bit, 1));
}

/// A block in zigzag order → natural order, each times its quantization.
pub(super) fn dequantized(block: &[i32; 64], quantization: &[i32; 64]) -> [i32; 64] {
    let mut natural = [0; 64];
    for ((place, value), factor) in ZIGZAG.iter().zip(block).zip(quantization) {
        natural[usize::from(*place)] = value * factor;
    }
    natural
}
