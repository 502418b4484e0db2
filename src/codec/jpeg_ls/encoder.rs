//! Writes streams for the tests, after the procedures of ITU-T T.87 annex A as they are written
//! there and with nothing of the decoder but the parameters.

use super::preset::{Coding, Preset};

const J: [u32; 32] = [
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13,
    14, 15,
];

/// What to write.
#[derive(Debug, Clone, Copy)]
pub(super) struct Task {
    pub rows: usize,
    pub columns: usize,
    pub components: usize,
    pub bits: u8,
    pub near: u8,
    /// ILV of the scan header.
    pub interleave: u8,
    pub restart: u16,
    pub preset: Option<Preset>,
}

struct Writer {
    bytes: Vec<u8>,
    pending: u32,
    room: u32,
}

impl Writer {
    fn put(&mut self, value: u32, count: u32) {
        for bit in (0..count).rev() {
            self.pending = self.pending << 1 | (value >> bit & 1);
            self.room -= 1;
            if self.room == 0 {
                self.bytes.push(self.pending as u8);
                self.room = if self.pending == 0xFF { 7 } else { 8 };
                self.pending = 0;
            }
        }
    }

    fn finish(&mut self) {
        while self.room != 8 {
            self.put(0, 1);
        }
    }

    fn golomb(&mut self, mapped: i32, k: u32, limit: u32, qbpp: u32) {
        let mapped = mapped as u32;
        if mapped >> k < limit - qbpp - 1 {
            self.put(0, mapped >> k);
            self.put(1, 1);
            self.put(mapped, k);
        } else {
            self.put(0, limit - qbpp - 1);
            self.put(1, 1);
            self.put(mapped - 1, qbpp);
        }
    }
}

struct State {
    coding: Coding,
    a: [i32; 367],
    b: [i32; 365],
    c: [i32; 365],
    n: [i32; 367],
    negative: [i32; 2],
}

fn k(n: i32, a: i32) -> u32 {
    (0..).find(|k| n << k >= a).unwrap()
}

impl State {
    fn new(coding: Coding) -> Self {
        Self {
            coding,
            a: [2.max((coding.range + 32) / 64); 367],
            b: [0; 365],
            c: [0; 365],
            n: [1; 367],
            negative: [0; 2],
        }
    }

    /// Quantised and reduced error, and the sample it leads to (A.4.4, A.4.5).
    fn quantized(&self, error: i32, predicted: i32, sign: i32) -> (i32, i32) {
        let Coding { near, range, .. } = self.coding;
        let step = 2 * near + 1;
        let mut error = if error > 0 {
            (error + near) / step
        } else {
            -((near - error) / step)
        };
        let sample = (predicted + sign * error * step).clamp(0, self.coding.max_value);
        if error < 0 {
            error += range;
        }
        if error >= (range + 1) / 2 {
            error -= range;
        }
        (error, sample)
    }

    fn regular(&mut self, out: &mut Writer, q: i32, [a, b, c]: [i32; 3], x: i32) -> i32 {
        let Coding {
            near,
            limit,
            error_bits,
            ..
        } = self.coding;
        let (sign, q) = if q < 0 {
            (-1, -q as usize)
        } else {
            (1, q as usize)
        };
        let edge = if c >= a.max(b) {
            a.min(b)
        } else if c <= a.min(b) {
            a.max(b)
        } else {
            a + b - c
        };
        let predicted = (edge + sign * self.c[q]).clamp(0, self.coding.max_value);
        let (error, sample) = self.quantized(sign * (x - predicted), predicted, sign);
        let k = k(self.n[q], self.a[q]);
        let mapped = if near == 0 && k == 0 && 2 * self.b[q] <= -self.n[q] {
            if error >= 0 {
                2 * error + 1
            } else {
                -2 * (error + 1)
            }
        } else if error >= 0 {
            2 * error
        } else {
            -2 * error - 1
        };
        out.golomb(mapped, k, limit, error_bits);
        self.b[q] += error * (2 * near + 1);
        self.a[q] += error.abs();
        if self.n[q] == self.coding.reset as i32 {
            self.a[q] >>= 1;
            self.b[q] = if self.b[q] >= 0 {
                self.b[q] >> 1
            } else {
                -((1 - self.b[q]) >> 1)
            };
            self.n[q] >>= 1;
        }
        self.n[q] += 1;
        if self.b[q] <= -self.n[q] {
            self.b[q] += self.n[q];
            self.c[q] = (self.c[q] - 1).max(-128);
            self.b[q] = self.b[q].max(1 - self.n[q]);
        } else if self.b[q] > 0 {
            self.b[q] -= self.n[q];
            self.c[q] = (self.c[q] + 1).min(127);
            self.b[q] = self.b[q].min(0);
        }
        sample
    }

    fn interruption(
        &mut self,
        out: &mut Writer,
        run: usize,
        (a, b): (i32, i32),
        alike: bool,
        x: i32,
    ) -> i32 {
        let kind = i32::from(alike);
        let q = 365 + usize::from(alike);
        let predicted = if alike { a } else { b };
        let sign = if !alike && a > b { -1 } else { 1 };
        let (error, sample) = self.quantized(sign * (x - predicted), predicted, sign);
        let temp = if alike {
            self.a[q] + (self.n[q] >> 1)
        } else {
            self.a[q]
        };
        let k = k(self.n[q], temp);
        let negative = &mut self.negative[usize::from(alike)];
        let map = (k == 0 && error > 0 && 2 * *negative < self.n[q])
            || (error < 0 && 2 * *negative >= self.n[q])
            || (error < 0 && k != 0);
        let mapped = 2 * error.abs() - kind - i32::from(map);
        out.golomb(
            mapped,
            k,
            self.coding.limit - J[run] - 1,
            self.coding.error_bits,
        );
        if error < 0 {
            *negative += 1;
        }
        self.a[q] += (mapped + 1 - kind) >> 1;
        if self.n[q] == self.coding.reset as i32 {
            self.a[q] >>= 1;
            self.n[q] >>= 1;
            *negative >>= 1;
        }
        self.n[q] += 1;
        sample
    }
}

/// Samples of some components, one after the other, as they are decoded.
struct Planes {
    columns: usize,
    first_row: usize,
    values: Vec<Vec<i32>>,
}

impl Planes {
    /// Left, above, left above, right above (A.2.1).
    fn around(&self, component: usize, row: usize, x: usize) -> [i32; 4] {
        let at = |row: usize, x: usize| self.values[component][row * self.columns + x];
        let above = |row: usize, x: usize| {
            if row == self.first_row {
                0
            } else {
                at(row - 1, x)
            }
        };
        let b = above(row, x);
        let left_of = |row: usize| above(row, 0);
        let a = if x > 0 { at(row, x - 1) } else { left_of(row) };
        let c = match x {
            0 if row == self.first_row => 0,
            0 => left_of(row - 1),
            _ => above(row, x - 1),
        };
        let d = if x + 1 < self.columns {
            above(row, x + 1)
        } else {
            b
        };
        [a, b, c, d]
    }
}

fn line(
    out: &mut Writer,
    state: &mut State,
    planes: &mut Planes,
    places: &[usize],
    row: usize,
    run: &mut usize,
) {
    let coding = state.coding;
    let columns = planes.columns;
    let mut x = 0;
    while x < columns {
        let context = |planes: &Planes, place: usize, x: usize| {
            let [a, b, c, d] = planes.around(place, row, x);
            let class = |d: i32| i32::from(coding.class(d));
            81 * class(d - b) + 9 * class(b - c) + class(c - a)
        };
        let contexts: Vec<i32> = places.iter().map(|&p| context(planes, p, x)).collect();
        let at = row * columns;
        if contexts.iter().any(|&q| q != 0) {
            for (&place, q) in places.iter().zip(contexts) {
                let [a, b, c, _] = planes.around(place, row, x);
                let sample = planes.values[place][at + x];
                planes.values[place][at + x] = state.regular(out, q, [a, b, c], sample);
            }
            x += 1;
            continue;
        }
        let starts: Vec<i32> = places
            .iter()
            .map(|&p| planes.around(p, row, x)[0])
            .collect();
        let mut length = 0;
        while x < columns
            && places
                .iter()
                .zip(&starts)
                .all(|(&p, a)| (planes.values[p][at + x] - a).abs() <= coding.near)
        {
            for (&p, a) in places.iter().zip(&starts) {
                planes.values[p][at + x] = *a;
            }
            (x, length) = (x + 1, length + 1);
        }
        while length >= 1 << J[*run] {
            out.put(1, 1);
            length -= 1 << J[*run];
            *run = (*run + 1).min(31);
        }
        if x == columns {
            if length > 0 {
                out.put(1, 1);
            }
            return;
        }
        out.put(0, 1);
        out.put(length, J[*run]);
        for &p in places {
            let [a, b, ..] = planes.around(p, row, x);
            let alike = places.len() == 1 && (a - b).abs() <= coding.near;
            let sample = planes.values[p][at + x];
            planes.values[p][at + x] = state.interruption(out, *run, (a, b), alike, sample);
        }
        *run = run.saturating_sub(1);
        x += 1;
    }
}

/// The stream, and the samples that come out of it.
pub(super) fn encode(task: Task, samples: &[u16]) -> (Vec<u8>, Vec<u16>) {
    let Task {
        rows,
        columns,
        components,
        ..
    } = task;
    let plane = |c: usize| {
        samples
            .iter()
            .skip(c)
            .step_by(components)
            .map(|&v| v.into())
            .collect()
    };
    let mut planes = Planes {
        columns,
        first_row: 0,
        values: (0..components).map(plane).collect(),
    };
    let mut bytes = vec![
        0xFF,
        0xD8,
        0xFF,
        0xF7,
        0,
        8 + 3 * components as u8,
        task.bits,
    ];
    bytes.extend((rows as u16).to_be_bytes());
    bytes.extend((columns as u16).to_be_bytes());
    bytes.push(components as u8);
    bytes.extend((1..=components as u8).flat_map(|id| [id, 0x11, 0]));
    if let Some(preset) = task.preset {
        bytes.extend([0xFF, 0xF8, 0, 13, 1]);
        let [t1, t2, t3] = preset.thresholds;
        bytes.extend(
            [preset.max_value, t1, t2, t3, preset.reset]
                .map(u16::to_be_bytes)
                .as_flattened(),
        );
    }
    if task.restart != 0 {
        bytes.extend([0xFF, 0xDD, 0, 4]);
        bytes.extend(task.restart.to_be_bytes());
    }
    let coding = Coding::new(task.preset.unwrap_or_default(), task.bits.into(), task.near).unwrap();
    let scans: Vec<Vec<usize>> = match task.interleave {
        0 => (0..components).map(|c| vec![c]).collect(),
        _ => vec![(0..components).collect()],
    };
    for places in scans {
        bytes.extend([
            0xFF,
            0xDA,
            0,
            6 + 2 * places.len() as u8,
            places.len() as u8,
        ]);
        bytes.extend(places.iter().flat_map(|&p| [p as u8 + 1, 0]));
        bytes.extend([task.near, task.interleave, 0]);
        let mut out = Writer {
            bytes,
            pending: 0,
            room: 8,
        };
        let mut state = State::new(coding);
        let mut runs = [0; 4];
        planes.first_row = 0;
        for row in 0..rows {
            let interval = usize::from(task.restart);
            if interval != 0 && row != 0 && row % interval == 0 {
                out.finish();
                out.bytes
                    .extend([0xFF, 0xD0 + ((row / interval - 1) % 8) as u8]);
                (state, runs, planes.first_row) = (State::new(coding), [0; 4], row);
            }
            if task.interleave == 2 {
                line(
                    &mut out,
                    &mut state,
                    &mut planes,
                    &places,
                    row,
                    &mut runs[0],
                );
            } else {
                for &place in &places {
                    line(
                        &mut out,
                        &mut state,
                        &mut planes,
                        &[place],
                        row,
                        &mut runs[place],
                    );
                }
            }
        }
        out.finish();
        bytes = out.bytes;
    }
    bytes.extend([0xFF, 0xD9]);
    let pixel = |i: usize| planes.values.iter().map(move |plane| plane[i] as u16);
    (bytes, (0..rows * columns).flat_map(pixel).collect())
}
