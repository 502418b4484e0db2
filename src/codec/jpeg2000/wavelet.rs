//! Inverse wavelet transforms (ITU-T T.800 Annex F).
//!
//! Low and high samples of a line lie one after the other. Lifting works on them so, where it
//! needs no shuffling, and they are interleaved when they are written back. Several columns are
//! one line of arrays.

use super::structure::Resolution;
use crate::codec::{CodecError, Limits};

/// Columns that are transformed together.
const LANES: usize = 16;
/// Lines between two looks at the clock.
const LINES_PER_CHECK: usize = 256;

/// A coefficient: integers for the 5/3 transform, fractions for the 9/7.
pub(super) trait Coefficient: Copy + Default {
    /// From twice the magnitude with the sign in the highest bit.
    fn from_coded(coded: u32, step: f32) -> Self;

    /// Undoes one decomposition of `low` and `high`, of which the first sample is in `high` where
    /// it lies at an odd place.
    fn invert<const N: usize>(low: &mut [[Self; N]], high: &mut [[Self; N]], odd: bool);

    /// A line of one sample at an odd place.
    fn halved(self) -> Self;
}

impl Coefficient for i32 {
    fn from_coded(coded: u32, _: f32) -> Self {
        let magnitude = (coded << 1 >> 2) as Self;
        if coded >> 31 == 1 {
            -magnitude
        } else {
            magnitude
        }
    }

    fn invert<const N: usize>(low: &mut [[Self; N]], high: &mut [[Self; N]], odd: bool) {
        lift(low, high, odd, |value, a, b| {
            value.wrapping_sub(a.wrapping_add(b).wrapping_add(2) >> 2)
        });
        lift(high, low, !odd, |value, a, b| {
            value.wrapping_add(a.wrapping_add(b) >> 1)
        });
    }

    fn halved(self) -> Self {
        self >> 1
    }
}

impl Coefficient for f32 {
    fn from_coded(coded: u32, step: f32) -> Self {
        let magnitude = (coded << 1 >> 1) as Self * 0.5 * step;
        if coded >> 31 == 1 {
            -magnitude
        } else {
            magnitude
        }
    }

    /// T.800 F.3.8.2 with the parameters of Table F.4.
    fn invert<const N: usize>(low: &mut [[Self; N]], high: &mut [[Self; N]], odd: bool) {
        const ALPHA: f32 = -1.586_134_3;
        const BETA: f32 = -0.052_980_117;
        const GAMMA: f32 = 0.882_911_1;
        const DELTA: f32 = 0.443_506_87;
        const K: f32 = 1.230_174_1;
        low.as_flattened_mut()
            .iter_mut()
            .for_each(|value| *value *= K);
        high.as_flattened_mut()
            .iter_mut()
            .for_each(|value| *value *= 1.0 / K);
        lift(low, high, odd, |value, a, b| value - DELTA * (a + b));
        lift(high, low, !odd, |value, a, b| value - GAMMA * (a + b));
        lift(low, high, odd, |value, a, b| value - BETA * (a + b));
        lift(high, low, !odd, |value, a, b| value - ALPHA * (a + b));
    }

    fn halved(self) -> Self {
        self * 0.5
    }
}

/// Changes each target by its two neighbours: `others` before and at its own number, or one
/// further. Lines are mirrored at their ends.
#[inline]
fn lift<T: Copy, const N: usize>(
    targets: &mut [[T; N]],
    others: &[[T; N]],
    further: bool,
    step: impl Fn(T, T, T) -> T,
) {
    let Some((&first, &last)) = others.first().zip(others.last()) else {
        return;
    };
    let change = |target: &mut [T; N], before: &[T; N], after: &[T; N]| {
        for ((target, before), after) in target.iter_mut().zip(before).zip(after) {
            *target = step(*target, *before, *after);
        }
    };
    let alone = usize::from(!further).min(targets.len());
    let (start, inner) = targets.split_at_mut(alone);
    for target in start {
        change(target, &first, &first);
    }
    let pairs = others.len() - 1;
    let (inner, ends) = inner.split_at_mut(pairs.min(inner.len()));
    let after = others.get(1..).unwrap_or_default();
    for ((target, before), after) in inner.iter_mut().zip(others).zip(after) {
        change(target, before, after);
    }
    for target in ends {
        change(target, &last, &last);
    }
}

/// Undoes a line that lies in `line`, the low samples first.
fn invert_line<T: Coefficient, const N: usize>(line: &mut [[T; N]], low: usize, odd: bool) {
    if let [only] = line {
        if odd {
            *only = only.map(T::halved);
        }
        return;
    }
    let (low, high) = line.split_at_mut(low.min(line.len()));
    T::invert(low, high, odd);
}

/// Samples of a line in their order.
fn interleaved<T: Copy>(line: &[T], low: usize, odd: bool) -> impl Iterator<Item = &T> {
    let (low, high) = line.split_at(low.min(line.len()));
    let (first, second) = if odd { (high, low) } else { (low, high) };
    let mut second = second.iter();
    first
        .iter()
        .flat_map(move |value| [Some(value), second.next()])
        .flatten()
}

/// Undoes all decompositions of a tile-component, `width` coefficients to a row.
pub(super) fn invert<T: Coefficient>(
    coefficients: &mut [T],
    width: usize,
    resolutions: &[Resolution<'_>],
    limits: &Limits,
) -> Result<(), CodecError> {
    let mut line: Vec<[T; 1]> = Vec::new();
    let mut strip: Vec<[T; LANES]> = Vec::new();
    for pair in resolutions.windows(2) {
        let [lower, upper] = pair else {
            continue;
        };
        let (columns, rows) = (upper.area.width(), upper.area.height());
        if columns == 0 || rows == 0 {
            continue;
        }
        let (low, odd) = (lower.area.width(), upper.area.x0 % 2 == 1);
        for (number, row) in coefficients.chunks_mut(width).take(rows).enumerate() {
            if number % LINES_PER_CHECK == 0 {
                limits.check_time()?;
            }
            let row = row.get_mut(..columns).unwrap_or_default();
            line.clear();
            line.extend_from_slice(row.as_chunks::<1>().0);
            invert_line(&mut line, low, odd);
            put_back(row, &line, low, odd);
        }
        let (low, odd) = (lower.area.height(), upper.area.y0 % 2 == 1);
        for left in (0..columns).step_by(LANES) {
            limits.check_time()?;
            let lanes = left..columns.min(left + LANES);
            strip.clear();
            strip.extend(coefficients.chunks(width).take(rows).map(|row| {
                let mut values = [T::default(); LANES];
                let row = row.get(lanes.clone()).unwrap_or_default();
                match <&[T; LANES]>::try_from(row) {
                    Ok(row) => values = *row,
                    Err(_) => values
                        .iter_mut()
                        .zip(row)
                        .for_each(|(to, from)| *to = *from),
                }
                values
            }));
            invert_line(&mut strip, low, odd);
            let rows = coefficients.chunks_mut(width);
            for (row, values) in rows.zip(interleaved(&strip, low, odd)) {
                let row = row.get_mut(lanes.clone()).unwrap_or_default();
                match <&mut [T; LANES]>::try_from(&mut *row) {
                    Ok(row) => *row = *values,
                    Err(_) => row
                        .iter_mut()
                        .zip(values)
                        .for_each(|(to, from)| *to = *from),
                }
            }
        }
    }
    Ok(())
}

/// Writes a line back in the order of its samples.
fn put_back<T: Copy>(row: &mut [T], line: &[[T; 1]], low: usize, odd: bool) {
    let (low, high) = line.as_flattened().split_at(low.min(line.len()));
    let (first, second) = if odd { (high, low) } else { (low, high) };
    let (pairs, end) = row.as_chunks_mut::<2>();
    for ((pair, first), second) in pairs.iter_mut().zip(first).zip(second) {
        *pair = [*first, *second];
    }
    if let ([end], Some(last)) = (end, first.last()) {
        *end = *last;
    }
}
