use std::time::Instant;

use super::encoder::{Task, encode};
use super::preset::Preset;
use super::*;

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    deadline: None,
};

const TASK: Task = Task {
    rows: 37,
    columns: 61,
    components: 1,
    bits: 12,
    near: 0,
    interleave: 0,
    restart: 0,
    preset: None,
};

/// Flat areas, smooth ones, noise of all sizes and edges.
fn picture(task: Task) -> Vec<u16> {
    let most = (1_u32 << task.bits) - 1;
    let mut noise = 1_u32;
    let mut sample = |row: usize, x: usize, c: usize| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let random = noise >> 15;
        let value = match (row / 8 + x / 16) % 5 {
            0 => most / 3,
            1 => most / 2 + (row * 3 + x) as u32 / 4 * (c as u32 + 1),
            2 => random,
            3 => most * u32::from(random % 16 == 0),
            _ => most / 4 + random % 7 + 5 * c as u32,
        };
        value.min(most) as u16
    };
    let mut all = Vec::new();
    for row in 0..task.rows {
        for x in 0..task.columns {
            all.extend((0..task.components).map(|c| sample(row, x, c)));
        }
    }
    all
}

fn wide(image: &Image) -> Vec<u16> {
    match &image.samples {
        Plane::U8(samples) => samples.iter().map(|&v| v.into()).collect(),
        Plane::U16(samples) => samples.clone(),
    }
}

fn tasks() -> Vec<Task> {
    let mut tasks = Vec::new();
    for bits in [2, 3, 7, 8, 10, 12, 15, 16] {
        for near in [0, 1, 3, 40, 255] {
            if near <= ((1_u32 << bits) - 1) / 2 {
                for (components, interleave) in
                    [(1, 0), (3, 0), (3, 1), (3, 2), (2, 2), (4, 1), (4, 2)]
                {
                    for restart in [0, 5] {
                        tasks.push(Task {
                            components,
                            bits,
                            near: near as u8,
                            interleave,
                            restart,
                            ..TASK
                        });
                    }
                }
            }
        }
    }
    tasks
}

#[test]
fn what_was_coded_comes_back() {
    let tasks = tasks();
    assert!(tasks.len() > 400);
    for task in tasks {
        let original = picture(task);
        let (stream, expected) = encode(task, &original);
        let near = |(a, b): (&u16, &u16)| a.abs_diff(*b) <= task.near.into();
        assert!(original.iter().zip(&expected).all(near), "{task:?}");
        let image = decode(&stream, &LIMITS).unwrap_or_else(|error| panic!("{task:?}: {error}"));
        assert_eq!(wide(&image), expected, "{task:?}");
        assert_eq!(
            (image.rows, image.columns, image.components, image.bits),
            (task.rows, task.columns, task.components, task.bits.into())
        );
        assert_eq!(matches!(image.samples, Plane::U8(_)), task.bits <= 8);
    }
}

#[test]
fn other_parameters_than_the_defaults_count() {
    for (bits, near, max_value, thresholds, reset) in [
        (8, 0, 200, [2, 9, 40], 3),
        (12, 2, 3000, [4, 9, 3000], 255),
        (16, 0, 40_000, [1, 1, 1], 65),
        (16, 0, 0, [0, 0, 0], 31),
        (5, 0, 1, [1, 1, 1], 64),
    ] {
        let preset = Preset {
            max_value,
            thresholds,
            reset,
        };
        let task = Task {
            bits,
            near,
            preset: Some(preset),
            ..TASK
        };
        let most = if max_value == 0 { u16::MAX } else { max_value };
        let original: Vec<u16> = picture(task).iter().map(|&v| v.min(most)).collect();
        let (stream, expected) = encode(task, &original);
        assert_eq!(
            wide(&decode(&stream, &LIMITS).unwrap()),
            expected,
            "{task:?}"
        );
    }
}

#[test]
fn the_worked_example_of_the_standard_decodes() {
    // T.87 H.3: four by four samples of eight bits.
    let stream = [
        0xFF, 0xD8, 0xFF, 0xF7, 0x00, 0x0B, 0x08, 0x00, 0x04, 0x00, 0x04, 0x01, 0x01, 0x11, 0x00,
        0xFF, 0xDA, 0x00, 0x08, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x6C, 0x80,
        0x20, 0x8E, 0x01, 0xC0, 0x00, 0x00, 0x57, 0x40, 0x00, 0x00, 0x6E, 0xE6, 0x00, 0x00, 0x01,
        0xBC, 0x18, 0x00, 0x00, 0x05, 0xD8, 0x00, 0x00, 0x91, 0x60, 0xFF, 0xD9,
    ];
    let image = decode(&stream, &LIMITS).unwrap();
    let expected = vec![
        0, 0, 90, 74, 68, 50, 43, 205, 64, 145, 145, 145, 100, 145, 145, 145,
    ];
    assert_eq!(image.samples, Plane::U8(expected));
    let info = read_info(&stream).unwrap();
    assert_eq!(
        (
            info.rows,
            info.columns,
            info.components,
            info.bits,
            info.near
        ),
        (4, 4, 1, 8, 0)
    );
}

#[test]
fn only_the_end_marker_may_be_missing() {
    for interleave in [0, 2] {
        let task = Task {
            components: 3,
            bits: 8,
            interleave,
            ..TASK
        };
        let (stream, expected) = encode(task, &picture(task));
        let end = stream.len() - 2;
        let open = decode(&stream[..end], &LIMITS).unwrap();
        assert_eq!(wide(&open), expected);
        let padded = [&stream[..end], &[0, 0, 0]].concat();
        assert_eq!(wide(&decode(&padded, &LIMITS).unwrap()), expected);
        for cut in 0..end - 1 {
            assert!(decode(&stream[..cut], &LIMITS).is_err(), "{cut} of {end}");
            let ended = [&stream[..cut], &[0xFF, 0xD9]].concat();
            assert!(decode(&ended, &LIMITS).is_err(), "{cut} of {end}, ended");
        }
        let half = decode(&stream[..end / 2], &LIMITS);
        assert_eq!(half, Err(CodecError::Truncated));
    }
}

#[test]
fn more_bits_than_samples_are_damage() {
    let (stream, _) = encode(TASK, &picture(TASK));
    let end = stream.len() - 2;
    let longer = [&stream[..end], &[1, 2, 3], &stream[end..]].concat();
    let error = decode(&longer, &LIMITS).unwrap_err().to_string();
    assert!(error.contains("more than the samples"), "{error}");
}

#[test]
fn restart_markers_must_count() {
    let task = Task { restart: 5, ..TASK };
    let (mut stream, _) = encode(task, &picture(task));
    let second = stream
        .windows(2)
        .position(|pair| pair == [0xFF, 0xD1])
        .unwrap();
    stream[second + 1] = 0xD2;
    let error = decode(&stream, &LIMITS).unwrap_err().to_string();
    assert!(error.contains("restart marker"), "{error}");
}

#[test]
fn limits_hold() {
    let (stream, expected) = encode(TASK, &picture(TASK));
    let bytes = 2 * expected.len();
    let exact = Limits { bytes, ..LIMITS };
    assert!(decode(&stream, &exact).is_ok());
    let tight = Limits {
        bytes: bytes - 1,
        ..LIMITS
    };
    let too_large = CodecError::TooLarge {
        rows: 37,
        columns: 61,
    };
    assert_eq!(decode(&stream, &tight), Err(too_large));
    let late = Limits {
        deadline: Some(Instant::now()),
        ..LIMITS
    };
    assert_eq!(decode(&stream, &late), Err(CodecError::TooSlow));
}

/// A stream with some bytes put in front of its scan header.
fn with_segment(task: Task, segment: &[u8]) -> Vec<u8> {
    let (mut stream, _) = encode(task, &picture(task));
    let scan = stream
        .windows(2)
        .position(|pair| pair == [0xFF, 0xDA])
        .unwrap();
    stream.splice(scan..scan, segment.iter().copied());
    stream
}

#[test]
fn what_is_not_read_is_named() {
    let message = |stream: &[u8]| decode(stream, &LIMITS).unwrap_err().to_string();
    let refused = |change: &dyn Fn(&mut Vec<u8>, usize), word: &str| {
        let mut stream = with_segment(TASK, &[]);
        let scan = stream
            .windows(2)
            .position(|pair| pair == [0xFF, 0xDA])
            .unwrap();
        change(&mut stream, scan);
        let message = message(&stream);
        assert!(message.contains(word), "{message}");
    };
    refused(&|stream, scan| stream[scan + 6] = 1, "mapping table");
    refused(&|stream, scan| stream[scan + 9] = 1, "point transform");
    refused(&|stream, scan| stream[scan + 8] = 3, "unknown order");
    refused(&|stream, scan| stream[scan + 5] = 9, "component of its own");
    refused(&|stream, _| stream[3] = 0xC3, "another JPEG process");
    refused(&|stream, _| stream[3] = 0xF9, "part 2");
    refused(&|stream, _| stream[6] = 17, "17 bits");
    refused(&|stream, _| stream[7..9].fill(0), "height");
    refused(&|stream, _| stream[9..11].fill(0), "no columns");
    refused(&|stream, _| stream[0] = 0, "does not begin");
    let bad = message(&with_segment(TASK, &[0xFF, 0xF8, 0, 4, 5, 0]));
    assert!(bad.contains("type 5"), "{bad}");
    let bad = message(&with_segment(
        TASK,
        &[0xFF, 0xF8, 0, 13, 1, 0, 9, 0, 9, 0, 9, 0, 9, 0, 2],
    ));
    assert!(bad.contains("RESET"), "{bad}");
}

#[test]
fn segments_without_meaning_are_skipped() {
    let expected = wide(&decode(&with_segment(TASK, &[]), &LIMITS).unwrap());
    let comment: &[u8] = &[0xFF, 0xFF, 0xFE, 0, 4, 1, 2];
    let unused_table: &[u8] = &[0xFF, 0xF8, 0, 6, 2, 1, 1, 7];
    for segment in [comment, unused_table] {
        let stream = with_segment(TASK, segment);
        assert_eq!(wide(&decode(&stream, &LIMITS).unwrap()), expected);
    }
}

#[test]
fn an_oversize_image_has_its_size_in_another_segment() {
    let expected = wide(&decode(&with_segment(TASK, &[]), &LIMITS).unwrap());
    let mut stream = with_segment(TASK, &[0xFF, 0xF8, 0, 10, 4, 3, 0, 0, 37, 0, 0, 61]);
    stream[7..11].fill(0);
    assert_eq!(wide(&decode(&stream, &LIMITS).unwrap()), expected);
}

#[test]
fn colors_are_transformed_back() {
    let task = Task {
        components: 3,
        bits: 8,
        interleave: 1,
        ..TASK
    };
    let colors = picture(task);
    // The transforms of HP's reference software, modulo 256.
    type Forward = fn([i32; 3]) -> [i32; 3];
    let forward: [Forward; 3] = [
        |[r, g, b]| [r - g + 128, g, b - g + 128],
        |[r, g, b]| [r - g + 128, g, b - ((r + g) >> 1) + 128],
        |[r, g, b]| {
            let (v2, v3) = ((b - g + 128) & 255, (r - g + 128) & 255);
            [g + ((v2 + v3) >> 2) - 64, v2, v3]
        },
    ];
    for (number, transform) in forward.iter().enumerate() {
        let (pixels, _) = colors.as_chunks::<3>();
        let coded: Vec<u16> = pixels
            .iter()
            .flat_map(|pixel| transform(pixel.map(i32::from)).map(|v| (v & 255) as u16))
            .collect();
        let (mut stream, _) = encode(task, &coded);
        let marker = [0xFF, 0xE8, 0, 7, b'm', b'r', b'f', b'x', number as u8 + 1];
        stream.splice(2..2, marker);
        let image = decode(&stream, &LIMITS).unwrap();
        assert_eq!(wide(&image), colors, "transform {}", number + 1);
    }
}
