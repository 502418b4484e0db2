mod encoder;

use std::time::Instant;

use self::encoder::{Coding, Writer, dequantized, segment};
use super::idct::inverse;
use super::*;

const ROOMY: Limits = Limits {
    bytes: 1 << 20,
    deadline: None,
};

/// Numbers that look like noise, always the same ones.
struct Noise(u32);

impl Noise {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        self.0 >> 12
    }
}

/// Smooth parts, edges over the full range, and noise.
fn picture(coding: &Coding) -> Vec<u16> {
    let mut noise = Noise(7);
    let largest = u32::from(u16::MAX >> (16 - coding.precision));
    let count = coding.rows * coding.columns * coding.factors.len();
    let sample = |at: usize| match at / 37 % 4 {
        0 => (at as u32 * 3) & largest,
        1 => largest,
        2 => noise.next() & largest,
        _ => noise.next() & 3 & largest,
    };
    (0..count).map(sample).map(|value| value as u16).collect()
}

fn words(image: Image) -> Vec<u16> {
    match image.samples {
        Plane::U8(samples) => samples.into_iter().map(u16::from).collect(),
        Plane::U16(samples) => samples,
    }
}

#[test]
fn lossless_gives_back_every_sample_of_all_predictors_and_precisions() {
    for predictor in 1..=7 {
        for precision in 2..=16 {
            for (components, restart_rows, shift) in [(1, 0, 0), (3, 2, 0), (2, 0, 1), (4, 3, 0)] {
                let mut coding = Coding::new(precision, 13, 29, components);
                coding.restart_interval = restart_rows * 29;
                let samples = picture(&coding);
                let stream = coding.lossless(&samples, predictor, shift);
                let image = decode(&stream, &ROOMY).unwrap();
                assert_eq!(image.bits, u32::from(precision));
                assert_eq!(matches!(image.samples, Plane::U8(_)), precision <= 8);
                let cut: Vec<u16> = samples.iter().map(|s| s >> shift << shift).collect();
                let case = (predictor, precision, components, shift);
                assert_eq!(words(image), cut, "{case:?}");
            }
        }
    }
}

/// T.81 H.1.2.1: differences count modulo 2¹⁶, and 32768 has category 16 without further bits.
#[test]
fn lossless_differences_wrap_around() {
    let coding = Coding::new(16, 2, 4, 1);
    let samples = [0, 0xFFFF, 0, 0x8000, 1, 0x8001, 0x7FFF, 0];
    let stream = coding.lossless(&samples, 1, 0);
    assert_eq!(words(decode(&stream, &ROOMY).unwrap()), samples);
}

#[test]
fn lossless_components_may_come_one_by_one() {
    let mut coding = Coding::new(10, 9, 31, 3);
    let samples = picture(&coding);
    let together = decode(&coding.lossless(&samples, 4, 0), &ROOMY).unwrap();
    coding.interleaved = false;
    let apart = decode(&coding.lossless(&samples, 4, 0), &ROOMY).unwrap();
    assert_eq!(apart, together);
    assert_eq!(words(apart), samples);
}

#[test]
fn lossless_scans_that_do_not_exist_are_refused() {
    let coding = Coding::new(8, 4, 4, 1);
    let stream = coding.lossless(&picture(&coding), 1, 0);
    let scan = stream.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap();
    // Predictor 0 and 8, a point transform of all bits, a table that is not there.
    for (at, value) in [(7, 0), (7, 8), (9, 8), (6, 0x20)] {
        let mut wrong = stream.clone();
        wrong[scan + at] = value;
        assert!(
            matches!(decode(&wrong, &ROOMY), Err(CodecError::Damaged(_))),
            "{at} {value}"
        );
    }
}

/// Coefficients like those of images, and some of the largest.
fn coefficients(coding: &Coding) -> Vec<Vec<[i32; 64]>> {
    let mut noise = Noise(3);
    let scale = 1 << (coding.precision - 8);
    let mut block = |_| {
        let mut block = [0; 64];
        let count = noise.next() as usize % 64;
        for (at, value) in block.iter_mut().enumerate() {
            let range = scale
                * if at == 0 {
                    200
                } else {
                    1 + 60 / (at as i32 + 1)
                };
            if at == 0 || noise.next() as usize % 64 < count {
                *value = noise.next() as i32 % (2 * range + 1) - range;
            }
        }
        block
    };
    let of = |component| {
        let [across, down] = coding.blocks(component);
        (0..across * down).map(&mut block).collect()
    };
    (0..coding.factors.len()).map(of).collect()
}

/// A table of 8 bits with those factors in zigzag order, and as a segment.
fn quantization() -> ([i32; 64], Vec<u8>) {
    let factors: [i32; 64] = std::array::from_fn(|at| 3 + at as i32 / 4);
    let segment = std::iter::once(0).chain(factors.iter().map(|factor| *factor as u8));
    (factors, segment.collect())
}

/// What a frame without subsampling must come out as.
fn expected(coding: &Coding, all: &[Vec<[i32; 64]>], factors: &[i32; 64]) -> Vec<u16> {
    let count = all.len();
    let mut samples = vec![0; coding.rows * coding.columns * count];
    for (component, blocks) in all.iter().enumerate() {
        let across = coding.blocks(component)[0];
        for (at, block) in blocks.iter().enumerate() {
            let block = inverse(&dequantized(block, factors), coding.precision.into());
            for (inner, value) in block.into_iter().enumerate() {
                let x = at % across * 8 + inner % 8;
                let y = at / across * 8 + inner / 8;
                if x < coding.columns && y < coding.rows {
                    samples[(y * coding.columns + x) * count + component] = value;
                }
            }
        }
    }
    samples
}

#[test]
fn sequential_blocks_come_out_where_they_belong() {
    let (factors, table) = quantization();
    for (precision, components, restart_interval, interleaved) in [
        (8, 1, 0, true),
        (12, 1, 2, true),
        (8, 3, 3, true),
        (12, 3, 0, false),
        (8, 4, 1, true),
    ] {
        let mut coding = Coding::new(precision, 21, 35, components);
        coding.restart_interval = restart_interval;
        coding.interleaved = interleaved;
        let all = coefficients(&coding);
        let image = decode(&coding.sequential(&all, &table), &ROOMY).unwrap();
        assert_eq!((image.rows, image.columns), (21, 35));
        assert_eq!(
            words(image),
            expected(&coding, &all, &factors),
            "{precision} {components}"
        );
    }
}

#[test]
fn progressive_scans_add_up_to_the_sequential_image() {
    let (_, table) = quantization();
    for precision in [8, 12] {
        for (components, restart_interval) in [(1, 0), (3, 0), (3, 2)] {
            for first in [[1, 1], [2, 1], [2, 2], [1, 2], [4, 1]] {
                let mut coding = Coding::new(precision, 37, 51, components);
                coding.factors[0] = first;
                coding.restart_interval = restart_interval;
                let all = coefficients(&coding);
                let sequential = decode(&coding.sequential(&all, &table), &ROOMY).unwrap();
                let progressive = decode(&coding.progressive(&all, &table), &ROOMY).unwrap();
                assert_eq!(
                    progressive, sequential,
                    "{precision} {components} {first:?}"
                );
            }
        }
    }
}

#[test]
fn quantization_tables_may_have_16_bits_and_change_between_scans() {
    let mut coding = Coding::new(12, 8, 8, 2);
    coding.interleaved = false;
    let mut block = [0; 64];
    block[0] = 1;
    let all = vec![vec![block], vec![block]];
    let wide: Vec<u8> = [0x10, 0x10, 0x00].into_iter().chain([1; 126]).collect();
    let mut stream = coding.sequential(&all, &wide);
    let second = stream.windows(2).rposition(|w| w == [0xFF, 0xDA]).unwrap();
    let narrow = segment(0xDB, &[&[0, 80], [1; 63].as_slice()].concat());
    stream.splice(second..second, narrow);
    // One eighth of DC and the middle level: 4096 / 8 and 80 / 8.
    let image = decode(&stream, &ROOMY).unwrap();
    assert_eq!(words(image), [2048 + 512, 2048 + 10].repeat(64));
}

/// One stream of each process, each with restarts.
fn streams() -> [Vec<u8>; 3] {
    let mut coding = Coding::new(12, 24, 40, 1);
    coding.restart_interval = 5;
    let all = coefficients(&coding);
    let (_, table) = quantization();
    let dct = [
        coding.sequential(&all, &table),
        coding.progressive(&all, &table),
    ];
    coding.restart_interval = 80;
    let [sequential, progressive] = dct;
    [
        sequential,
        progressive,
        coding.lossless(&picture(&coding), 7, 0),
    ]
}

#[test]
fn a_missing_end_is_accepted_and_a_missing_sample_is_not() {
    for stream in streams() {
        let whole = decode(&stream, &ROOMY).unwrap();
        let end = stream.len() - 2;
        assert_eq!(decode(&stream[..end], &ROOMY).as_ref(), Ok(&whole));
        let padded = [&stream[..end], &[0; 5]].concat();
        assert_eq!(decode(&padded, &ROOMY), Ok(whole));
        for cut in 0..end {
            let result = decode(&stream[..cut], &ROOMY);
            assert!(result.is_err(), "{cut} of {end}");
            let closed = [&stream[..cut], &[0xFF, 0xD9]].concat();
            assert!(decode(&closed, &ROOMY).is_err(), "{cut} of {end}, closed");
        }
        let cut = decode(&stream[..end - 3], &ROOMY);
        assert_eq!(cut, Err(CodecError::Truncated));
    }
}

#[test]
fn lost_and_exchanged_restart_intervals_are_noticed() {
    for stream in streams() {
        let is_restart = |pair: &[u8]| pair[0] == 0xFF && (0xD0..0xD8).contains(&pair[1]);
        let restarts: Vec<usize> = (0..stream.len() - 1)
            .filter(|&at| is_restart(&stream[at..at + 2]))
            .collect();
        let mut lost = stream.clone();
        lost.drain(restarts[0]..restarts[1]);
        assert!(matches!(decode(&lost, &ROOMY), Err(CodecError::Damaged(_))));
        let mut wrong = stream.clone();
        wrong[restarts[0] + 1] ^= 3;
        assert!(matches!(
            decode(&wrong, &ROOMY),
            Err(CodecError::Damaged(_))
        ));
    }
}

#[test]
fn what_stands_between_segments_does_no_harm() {
    for stream in streams() {
        let whole = decode(&stream, &ROOMY);
        let frame = stream
            .windows(2)
            .position(|w| w[0] == 0xFF && w[1] & 0xF0 == 0xC0)
            .unwrap();
        let application = segment(0xE1, &[0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 0xFF, 0xDA]);
        let comment = segment(0xFE, b"comment");
        let scan = stream.windows(2).rposition(|w| w == [0xFF, 0xDA]).unwrap();
        let mut around = stream.clone();
        around.splice(
            scan..scan,
            [comment.as_slice(), &[0xFF, 0xFF, 0xFF]].concat(),
        );
        around.splice(
            frame..frame,
            [&[0, 17, 0xFF, 0xD3], application.as_slice()].concat(),
        );
        around.extend([0xFF, 0xD8, 1, 2, 3]);
        assert_eq!(decode(&around, &ROOMY), whole);
    }
}

#[test]
fn the_number_of_rows_may_come_behind_the_first_scan() {
    for stream in streams() {
        let whole = decode(&stream, &ROOMY);
        let frame = stream
            .windows(2)
            .position(|w| w[0] == 0xFF && w[1] & 0xF0 == 0xC0)
            .unwrap();
        let mut open = stream.clone();
        open[frame + 5..frame + 7].fill(0);
        assert!(decode(&open, &ROOMY).is_err());
        assert_eq!(header(&open).unwrap().rows, 0);
        let scan = open.windows(2).position(|w| w == [0xFF, 0xDA]).unwrap();
        let is_marker = |w: &[u8]| w[0] == 0xFF && !matches!(w[1], 0 | 0xD0..=0xD7);
        let behind = open[scan + 2..].windows(2).position(is_marker).unwrap() + scan + 2;
        open.splice(behind..behind, segment(0xDC, &[0, 24]));
        assert_eq!(decode(&open, &ROOMY), whole);
    }
}

#[test]
fn limits_hold_before_anything_is_allocated() {
    for stream in streams() {
        let small = Limits {
            bytes: 24 * 40 * 2 - 1,
            ..ROOMY
        };
        let refused = decode(&stream, &small);
        assert_eq!(
            refused,
            Err(CodecError::TooLarge {
                rows: 24,
                columns: 40
            })
        );
        let exact = Limits {
            bytes: 24 * 40 * 2,
            ..ROOMY
        };
        assert!(decode(&stream, &exact).is_ok());
        let late = Limits {
            deadline: Some(Instant::now()),
            ..ROOMY
        };
        assert_eq!(decode(&stream, &late), Err(CodecError::TooSlow));
        let mut huge = stream.clone();
        let frame = stream
            .windows(2)
            .position(|w| w[0] == 0xFF && w[1] & 0xF0 == 0xC0)
            .unwrap();
        huge[frame + 5..frame + 9].fill(0xFF);
        assert!(matches!(
            decode(&huge, &ROOMY),
            Err(CodecError::TooLarge { .. })
        ));
    }
}

#[test]
fn other_processes_are_refused_by_name() {
    for (marker, name) in [
        (0xC5, "hierarchical"),
        (0xC9, "arithmetic"),
        (0xCF, "hierarchical"),
    ] {
        let mut stream = Coding::new(8, 8, 8, 1).start(marker);
        stream.extend(Writer::default().bytes);
        let error = decode(&stream, &ROOMY).unwrap_err();
        assert!(
            matches!(&error, CodecError::Unsupported(what) if what.contains(name)),
            "{error}"
        );
        assert_eq!(header(&stream), Err(error));
    }
}

#[test]
fn progressive_scans_out_of_order_are_refused() {
    let [_, stream, _] = streams();
    let scans: Vec<usize> = (0..stream.len() - 1)
        .filter(|&at| stream[at..at + 2] == [0xFF, 0xDA])
        .collect();
    let mut twice = stream.clone();
    twice.splice(scans[1]..scans[1], stream[scans[0]..scans[1]].to_vec());
    assert!(matches!(
        decode(&twice, &ROOMY),
        Err(CodecError::Damaged(_))
    ));
    let mut missing = stream.clone();
    missing.drain(scans[2]..scans[3]);
    assert!(matches!(
        decode(&missing, &ROOMY),
        Err(CodecError::Damaged(_))
    ));
}

#[test]
fn the_header_says_what_comes() {
    let mut stream = Coding::new(8, 24, 40, 3).start(0xC2);
    let adobe = [b"Adobe".as_slice(), &[0, 100, 0, 0, 0, 0, 1]].concat();
    stream.splice(
        2..2,
        [segment(0xE0, b"JFIF\0"), segment(0xEE, &adobe)].concat(),
    );
    let header = header(&stream).unwrap();
    assert_eq!(header.process, Process::Progressive);
    assert_eq!((header.rows, header.columns, header.bits), (24, 40, 8));
    assert_eq!(header.components, 3);
    assert_eq!((header.adobe_transform, header.jfif), (Some(1), true));
}

#[test]
fn damage_never_panics() {
    let limits = Limits {
        bytes: 1 << 18,
        deadline: None,
    };
    let mut noise = Noise(11);
    for stream in streams() {
        for _ in 0..1500 {
            let mut damaged = stream.clone();
            for _ in 0..=noise.next() % 3 {
                let at = noise.next() as usize % damaged.len();
                damaged[at] = match noise.next() % 3 {
                    0 => noise.next() as u8,
                    1 => 0xFF,
                    _ => damaged[at] ^ 1 << (noise.next() % 8),
                };
            }
            if let Ok(image) = decode(&damaged, &limits) {
                let count = image.rows * image.columns * image.components;
                assert_eq!(words(image).len(), count);
            }
        }
    }
}
