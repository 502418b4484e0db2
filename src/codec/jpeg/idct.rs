//! The inverse discrete cosine transform (ITU-T T.81 A.3.3), in integers.
//!
//! Loeffler, Ligtenberg and Moschytz's factorisation (ICASSP 1989) with constants of 13 bits: the
//! arithmetic of the reference decoder's accurate method, so that samples agree with it exactly.

use std::num::Wrapping;

/// Bits behind the point of the constants.
const CONSTANT_BITS: usize = 13;

type Int = Wrapping<i32>;

/// `value` of T.81's cosines with [`CONSTANT_BITS`].
const fn fixed(value: f64) -> Int {
    Wrapping((value * (1 << CONSTANT_BITS) as f64 + 0.5) as i32)
}

/// Coefficients in natural order, dequantized → samples of `precision` bits, row by row.
/// Coefficients that no image has wrap around instead of failing.
pub(super) fn inverse(coefficients: &[i32; 64], precision: u32) -> [u16; 64] {
    let (middle, largest) = (1 << (precision - 1), (1 << precision) - 1);
    let sample = |value: Int| (value + Wrapping(middle)).0.clamp(0, largest) as u16;
    let [mean, waves @ ..] = coefficients;
    if waves.iter().all(|wave| *wave == 0) {
        return [sample(rounded(Wrapping(*mean), 3)); 64];
    }
    // More bits between the passes would overflow 32 bits with samples of 12.
    let kept_bits = if precision > 8 { 1 } else { 2 };
    let mut between = [Wrapping(0); 64];
    for column in 0..8 {
        let mut input = [Wrapping(0); 8];
        for (value, coefficient) in input
            .iter_mut()
            .zip(coefficients.iter().skip(column).step_by(8))
        {
            *value = Wrapping(*coefficient);
        }
        let output = if input.iter().skip(1).all(|value| value.0 == 0) {
            [input[0] << kept_bits; 8]
        } else {
            line(input).map(|value| rounded(value, CONSTANT_BITS - kept_bits))
        };
        for (place, value) in between.iter_mut().skip(column).step_by(8).zip(output) {
            *place = value;
        }
    }
    let mut samples = [0; 64];
    let (rows, _) = between.as_chunks::<8>();
    for (target, row) in samples.as_chunks_mut::<8>().0.iter_mut().zip(rows) {
        let output = line(*row).map(|value| rounded(value, CONSTANT_BITS + kept_bits + 3));
        *target = output.map(sample);
    }
    samples
}

/// Takes `bits` away, rounding.
#[inline]
fn rounded(value: Int, bits: usize) -> Int {
    (value + (Wrapping(1) << (bits - 1))) >> bits
}

/// Eight values in one direction, scaled up by √8 and [`CONSTANT_BITS`].
#[inline]
fn line([v0, v1, v2, v3, v4, v5, v6, v7]: [Int; 8]) -> [Int; 8] {
    // Even part: a rotation by 6π/16 and butterflies.
    let turned = (v2 + v6) * fixed(0.541_196_100);
    let low = turned - v6 * fixed(1.847_759_065);
    let high = turned + v2 * fixed(0.765_366_865);
    let sum = (v0 + v4) << CONSTANT_BITS;
    let difference = (v0 - v4) << CONSTANT_BITS;
    let even = [sum + high, difference + low, difference - low, sum - high];

    // Odd part.
    let shared = (v7 + v3 + v5 + v1) * fixed(1.175_875_602);
    let outer = -((v7 + v1) * fixed(0.899_976_223));
    let inner = -((v5 + v3) * fixed(2.562_915_447));
    let first = shared - (v7 + v3) * fixed(1.961_570_560);
    let second = shared - (v5 + v1) * fixed(0.390_180_644);
    let odd = [
        v1 * fixed(1.501_321_110) + outer + second,
        v3 * fixed(3.072_711_026) + inner + first,
        v5 * fixed(2.053_119_869) + inner + second,
        v7 * fixed(0.298_631_336) + outer + first,
    ];
    [
        even[0] + odd[0],
        even[1] + odd[1],
        even[2] + odd[2],
        even[3] + odd[3],
        even[3] - odd[3],
        even[2] - odd[2],
        even[1] - odd[1],
        even[0] - odd[0],
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f64::consts::{FRAC_1_SQRT_2, PI};

    /// The formula of T.81 A.3.3 as it stands there.
    fn by_formula(coefficients: &[i32; 64], precision: u32) -> [u16; 64] {
        std::array::from_fn(|place| {
            let (x, y) = (place % 8, place / 8);
            let mut sum = 0.0;
            for (at, &coefficient) in coefficients.iter().enumerate() {
                let (u, v) = (at % 8, at / 8);
                let weight = |f: usize| if f == 0 { FRAC_1_SQRT_2 } else { 1.0 };
                let wave = |x: usize, f: usize| ((2 * x + 1) as f64 * f as f64 * PI / 16.0).cos();
                sum += weight(u) * weight(v) * f64::from(coefficient) * wave(x, u) * wave(y, v);
            }
            let level = f64::from(1 << (precision - 1));
            let largest = f64::from((1 << precision) - 1);
            (sum / 4.0 + level).round().clamp(0.0, largest) as u16
        })
    }

    #[test]
    fn samples_are_those_of_the_formula() {
        let mut state = 1_u32;
        let mut noise = |range: i32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as i32 % (2 * range + 1) - range
        };
        // How many samples of a thousand may be rounded the other way.
        for (precision, scale, tolerated) in [(8, 1, 25), (12, 16, 60)] {
            let (mut off, mut worst) = (0, 0);
            for round in 0..400 {
                let coefficients: [i32; 64] = std::array::from_fn(|at| {
                    let range = scale
                        * if at == 0 {
                            1000
                        } else {
                            300 / (1 + at as i32 / 4)
                        };
                    if (at + round) % 3 == 0 {
                        noise(range)
                    } else {
                        0
                    }
                });
                let exact = by_formula(&coefficients, precision);
                let ours = inverse(&coefficients, precision);
                for (ours, exact) in ours.iter().zip(exact) {
                    off += usize::from(*ours != exact);
                    worst = worst.max(ours.abs_diff(exact));
                }
            }
            assert!(worst <= 1, "{precision} bits: {worst}");
            assert!(off * 1000 < 400 * 64 * tolerated, "{precision} bits: {off}");
        }
    }

    #[test]
    fn a_lone_dc_gives_a_flat_block() {
        let mut coefficients = [0; 64];
        assert_eq!(inverse(&coefficients, 12), [2048; 64]);
        coefficients[0] = 80;
        assert_eq!(inverse(&coefficients, 8), [138; 64]);
        coefficients[0] = -40_000;
        assert_eq!(inverse(&coefficients, 12), [0; 64]);
    }

    #[test]
    fn impossible_coefficients_do_no_harm() {
        for value in [i32::MAX, i32::MIN] {
            let largest = inverse(&[value; 64], 12);
            assert!(largest.iter().all(|sample| *sample <= 4095));
        }
    }
}
