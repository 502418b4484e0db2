//! Samples of one scan (ITU-T T.87 A.3 to A.7, annex B).

use super::Stop;
use super::bits::Bits;
use super::context::{Context, RunContext};
use super::header::{Interleave, restart};
use super::preset::Coding;
use crate::codec::{CodecError, Limits};

/// Logarithms of the lengths that a one stands for in runs (J, A.2.1).
const RUN_LOGS: [u8; 32] = [
    0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 9, 10, 11, 12, 13,
    14, 15,
];

/// Differences of samples and as many more, so that a mask replaces a check.
const DIFFERENCES: usize = 1 << 17;

/// Sums of weighted classes, signs merged (365), and as many more.
const CONTEXTS: usize = 512;

/// The lines of a component that are needed for the next one. Both have a sample more on the left
/// and on the right.
struct Lines {
    above: Vec<i32>,
    current: Vec<i32>,
    /// Place in `RUN_LOGS` (RUNindex).
    run: usize,
}

impl Lines {
    fn new(columns: usize) -> Self {
        Self {
            above: vec![0; columns + 2],
            current: vec![0; columns + 2],
            run: 0,
        }
    }

    /// Moves on to the next line, with what A.2.1 says about samples beside the image.
    fn advance(&mut self) {
        std::mem::swap(&mut self.above, &mut self.current);
        if let [.., last, beside] = self.above.as_mut_slice() {
            *beside = *last;
        }
        if let ([left, ..], [_, first, ..]) = (self.current.as_mut_slice(), &*self.above) {
            *left = *first;
        }
    }

    fn samples(&self) -> &[i32] {
        let beside = self.current.len() - 1;
        self.current.get(1..beside).unwrap_or_default()
    }
}

/// What is learnt in a scan, and tables for it.
struct Model {
    coding: Coding,
    contexts: Box<[Context; CONTEXTS]>,
    run_contexts: [RunContext; 2],
    /// Classes of differences from −65536 on.
    classes: Box<[i8; DIFFERENCES]>,
}

/// Decodes the scan that `rest` begins with; `rest` becomes what follows it. Each row is given
/// to `put` with the lines of the scan's components.
pub(super) fn decode(
    rest: &mut &[u8],
    coding: Coding,
    shape: (usize, usize, usize),
    interleave: Interleave,
    restart_interval: usize,
    limits: &Limits,
    mut put: impl FnMut(usize, &[&[i32]]),
) -> Result<(), CodecError> {
    let (rows, columns, components) = shape;
    let mut model = Model::new(coding);
    let mut lines: Vec<Lines> = (0..components).map(|_| Lines::new(columns)).collect();
    let mut gradients = vec![0; columns];
    let mut bits = Bits::new(rest);
    for row in 0..rows {
        limits.check_time()?;
        if restart_interval != 0 && row != 0 && row % restart_interval == 0 {
            *rest = bits.finish()?;
            restart(rest, row / restart_interval - 1)?;
            bits = Bits::new(rest);
            model.forget();
            lines.fill_with(|| Lines::new(columns));
        }
        lines.iter_mut().for_each(Lines::advance);
        match interleave {
            Interleave::Line => {
                for line in &mut lines {
                    if coding.is_plain() {
                        model.line::<true>(&mut bits, line, &mut gradients)?;
                    } else {
                        model.line::<false>(&mut bits, line, &mut gradients)?;
                    }
                }
            }
            Interleave::Sample => model.pixels(&mut bits, &mut lines, columns)?,
        }
        let mut samples = [[].as_slice(); 4];
        for (samples, line) in samples.iter_mut().zip(&lines) {
            *samples = line.samples();
        }
        put(row, &samples);
    }
    *rest = bits.finish()?;
    Ok(())
}

impl Model {
    fn new(coding: Coding) -> Self {
        let mut classes = Box::new([4; DIFFERENCES]);
        let (below, above) = classes.split_at_mut(DIFFERENCES / 2);
        below.fill(-4);
        for (difference, class) in (0..=coding.max_value).zip(above) {
            *class = coding.class(difference);
            if *class == 4 {
                break;
            }
        }
        for (difference, class) in (1..=coding.max_value).zip(below.iter_mut().rev()) {
            *class = coding.class(-difference);
            if *class == -4 {
                break;
            }
        }
        Self {
            coding,
            contexts: Box::new([Context::new(&coding); CONTEXTS]),
            run_contexts: [RunContext::new(&coding); 2],
            classes,
        }
    }

    /// As at the start of the scan.
    fn forget(&mut self) {
        self.contexts.fill(Context::new(&self.coding));
        self.run_contexts.fill(RunContext::new(&self.coding));
    }

    #[inline]
    fn class(&self, difference: i32) -> i32 {
        let place = difference + DIFFERENCES as i32 / 2;
        i32::from(self.classes[place as usize & (DIFFERENCES - 1)])
    }

    /// One line of one component.
    fn line<const PLAIN: bool>(
        &mut self,
        bits: &mut Bits<'_>,
        lines: &mut Lines,
        gradients: &mut [i32],
    ) -> Result<(), Stop> {
        weigh_gradients(&self.coding, &lines.above, gradients);
        let (above, current) = (&*lines.above, &mut *lines.current);
        let columns = gradients.len();
        let mut reader = *bits;
        let mut x = 0;
        while x < columns {
            let [mut c, mut b, ref beyond @ ..] = above[x..] else {
                break;
            };
            let [mut a, ref mut samples @ ..] = current[x..] else {
                break;
            };
            let known = beyond.iter().zip(&gradients[x..]);
            for (sample, (&d, &gradient)) in samples.iter_mut().zip(known) {
                let context = gradient + self.class(c - a);
                if context == 0 {
                    break;
                }
                a = self.sample::<PLAIN>(&mut reader, context, [a, b, c])?;
                *sample = a;
                (b, c) = (d, b);
                x += 1;
            }
            if x == columns {
                break;
            }
            // In the loop above the bits live in registers, unless they are lent to a function.
            let mut lent = reader;
            let length = run_length(&mut lent, &mut lines.run, columns - x)?;
            current[x + 1..=x + length].fill(a);
            x += length;
            if x < columns {
                let b = above[x + 1];
                let alike = (a - b).abs() <= self.coding.near;
                current[x + 1] = self.interruption(&mut lent, lines.run, a, b, alike)?;
                lines.run = lines.run.saturating_sub(1);
                x += 1;
            }
            reader = lent;
        }
        *bits = reader;
        Ok(())
    }

    /// One line of all components, pixel by pixel (B.3).
    fn pixels(
        &mut self,
        bits: &mut Bits<'_>,
        lines: &mut [Lines],
        columns: usize,
    ) -> Result<(), Stop> {
        let mut reader = *bits;
        let mut run = lines.first().map_or(0, |line| line.run);
        let mut x = 0;
        while x < columns {
            let mut contexts = [0; 4];
            for (context, line) in contexts.iter_mut().zip(lines.iter()) {
                let [c, b, d] = [0, 1, 2].map(|i| line.above[x + i]);
                let a = line.current[x];
                *context = 81 * self.class(d - b) + 9 * self.class(b - c) + self.class(c - a);
            }
            if contexts != [0; 4] {
                for (context, line) in contexts.iter().zip(lines.iter_mut()) {
                    let around = [line.current[x], line.above[x + 1], line.above[x]];
                    line.current[x + 1] = self.sample::<false>(&mut reader, *context, around)?;
                }
                x += 1;
                continue;
            }
            let length = run_length(&mut reader, &mut run, columns - x)?;
            for line in lines.iter_mut() {
                let a = line.current[x];
                line.current[x + 1..=x + length].fill(a);
            }
            x += length;
            if x < columns {
                for line in lines.iter_mut() {
                    let (a, b) = (line.current[x], line.above[x + 1]);
                    line.current[x + 1] = self.interruption(&mut reader, run, a, b, false)?;
                }
                run = run.saturating_sub(1);
                x += 1;
            }
        }
        if let Some(line) = lines.first_mut() {
            line.run = run;
        }
        *bits = reader;
        Ok(())
    }

    /// A sample outside runs, from those to the left, above, and to the left above (A.4 to A.6).
    #[inline]
    fn sample<const PLAIN: bool>(
        &mut self,
        bits: &mut Bits<'_>,
        context: i32,
        [a, b, c]: [i32; 3],
    ) -> Result<i32, Stop> {
        let coding = &self.coding;
        let sign = context >> 31;
        let with_sign = |value: i32| (value ^ sign) - sign;
        let context = &mut self.contexts[with_sign(context) as usize & (CONTEXTS - 1)];
        let edge = (a + b - c).max(a.min(b)).min(a.max(b));
        let correction = with_sign(i32::from(context.correction));
        let predicted = (edge + correction).max(0).min(coding.max_value);
        let most_zeros = coding.limit - coding.error_bits - 1;
        let mapped = bits.golomb(context.k(), most_zeros, coding.error_bits)?;
        if mapped > coding.range as u32 {
            return Err(OUT_OF_RANGE);
        }
        let error = context.unmap::<PLAIN>(mapped, coding);
        context.update::<PLAIN>(error, coding);
        Ok(reconstruct::<PLAIN>(coding, predicted, with_sign(error)))
    }

    /// The sample that ends a run (A.7.2).
    #[inline(never)]
    fn interruption(
        &mut self,
        bits: &mut Bits<'_>,
        run: usize,
        a: i32,
        b: i32,
        alike: bool,
    ) -> Result<i32, Stop> {
        let coding = &self.coding;
        let context = &mut self.run_contexts[usize::from(alike)];
        let like_above = u32::from(alike);
        let k = context.k(like_above);
        let most_zeros = coding.limit - coding.error_bits - 2 - run_log(run);
        let mapped = bits.golomb(k, most_zeros, coding.error_bits)?;
        if mapped > coding.range as u32 {
            return Err(OUT_OF_RANGE);
        }
        let error = context.unmap(mapped, k, like_above);
        context.update(error, mapped, like_above, coding);
        let predicted = if alike { a } else { b };
        let error = if !alike && a > b { -error } else { error };
        Ok(reconstruct::<false>(coding, predicted, error))
    }
}

const OUT_OF_RANGE: Stop = Stop::Damaged("a sample is out of range");

/// Sums of the two gradients that are known before a line is, by their weights.
fn weigh_gradients(coding: &Coding, above: &[i32], gradients: &mut [i32]) {
    let [t1, t2, t3] = coding.thresholds;
    let near = coding.near;
    // As `Coding::class`, in a form that is done for several samples at once.
    let class = |difference: i32| {
        let size = difference.abs();
        let class = i32::from(size > near)
            + i32::from(size >= t1)
            + i32::from(size >= t2)
            + i32::from(size >= t3);
        let sign = difference >> 31;
        (class ^ sign) - sign
    };
    let corners = above.iter();
    let tops = above.iter().skip(1);
    let beyond = above.iter().skip(2);
    for (((gradient, c), b), d) in gradients.iter_mut().zip(corners).zip(tops).zip(beyond) {
        *gradient = 81 * class(d - b) + 9 * class(b - c);
    }
}

/// Predicted sample and error → sample (A.4.5).
#[inline]
fn reconstruct<const PLAIN: bool>(coding: &Coding, predicted: i32, error: i32) -> i32 {
    if PLAIN {
        return (predicted + error) & coding.max_value;
    }
    let value = predicted + error * coding.step();
    let span = coding.range * coding.step();
    let wrapped = if value < -coding.near {
        value + span
    } else if value > coding.max_value + coding.near {
        value - span
    } else {
        value
    };
    wrapped.max(0).min(coding.max_value)
}

#[inline]
fn run_log(run: usize) -> u32 {
    u32::from(RUN_LOGS[run & 31])
}

/// How often the sample before is repeated, at most `left` times (A.7.1).
#[inline(never)]
fn run_length(bits: &mut Bits<'_>, run: &mut usize, left: usize) -> Result<usize, Stop> {
    let mut length = 0;
    while bits.take(1)? == 1 {
        let whole = 1 << run_log(*run);
        if whole > left - length {
            return Ok(left);
        }
        length += whole;
        *run = (*run + 1).min(31);
        if length == left {
            return Ok(left);
        }
    }
    length += bits.take(run_log(*run))? as usize;
    if length >= left {
        return Err(Stop::Damaged("a run is longer than its line"));
    }
    Ok(length)
}
