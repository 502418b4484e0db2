//! Proves what becomes of the values of hand-made files: bits, palettes, modality and VOI tables,
//! polarity, padding, overlays, and the looks of single frames.

#![expect(clippy::unwrap_used, reason = "a helper of a test fails like the test")]

#[path = "common/dicom_file.rs"]
mod dicom_file;

use std::ops::ControlFlow;
use std::path::PathBuf;

use dicom_dictionary_std::tags;
use dicom_file::{Attribute, DicomFile, items};
use dicom_object::Tag;
use stylet::app::presentation::Presentation;
use stylet::dicom::{decode_frame, decode_overlays, modality_values, read_instance, scan};
use stylet::render::frame_greys;
use stylet::study::{Instance, Samples, StackKind, WindowLevel};
use stylet::volume::{Voxels, load_volume};

/// A grey file of 2 rows × 3 columns with the given bits, and its samples as bytes.
fn grey(allocated: u16, stored: u16, high: u16, bytes: Vec<u8>) -> DicomFile {
    DicomFile::slice(1, 1, 0.0, 0)
        .number(tags::ROWS, 2)
        .number(tags::COLUMNS, 3)
        .number(tags::BITS_ALLOCATED, allocated)
        .number(tags::BITS_STORED, stored)
        .number(tags::HIGH_BIT, high)
        .number(tags::PIXEL_REPRESENTATION, 0)
        .without(tags::RESCALE_SLOPE)
        .without(tags::RESCALE_INTERCEPT)
        .raw(tags::PIXEL_DATA, *b"OW", bytes)
}

fn of(values: &[u16]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

fn us(values: &[u16]) -> ([u8; 2], Vec<u8>) {
    (*b"US", of(values))
}

fn opened(file: &DicomFile) -> (tempfile::TempDir, Instance) {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = file.write(folder.path(), "image.dcm");
    let instance = read_instance(&path).unwrap();
    (folder, instance)
}

fn samples(file: &DicomFile) -> Samples {
    let (_folder, instance) = opened(file);
    decode_frame(&instance, 0).unwrap().samples
}

fn refused(file: &DicomFile) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = file.write(folder.path(), "image.dcm");
    read_instance(&path)
        .and_then(|instance| decode_frame(&instance, 0))
        .unwrap_err()
        .to_string()
}

/// A look-up table as an item: first input value, bits, entries.
fn lut(first: u16, bits: u16, entries: &[u16]) -> Vec<Attribute> {
    let (vr, descriptor) = us(&[entries.len() as u16, first, bits]);
    vec![
        (tags::LUT_DESCRIPTOR, vr, descriptor),
        (tags::LUT_EXPLANATION, *b"LO", b"TABLE ".to_vec()),
        (tags::LUT_DATA, *b"OW", of(entries)),
    ]
}

fn greys(file: &DicomFile, window: Option<WindowLevel>) -> Vec<u8> {
    let (_folder, instance) = opened(file);
    let frame = decode_frame(&instance, 0).unwrap();
    let unit = &instance.frames[0].modality_lut.unit;
    let range = Presentation::range_of(&instance, 0, &frame);
    let mut look = Presentation::new(instance.voi(0), unit, range);
    if let Some(window) = window {
        look.set_window(window);
    }
    look.invert = instance.low_is_bright;
    frame_greys(&frame, &instance, 0, &look.display()).unwrap()
}

#[test]
fn cells_of_any_width_are_unpacked() {
    // 0x001 0x123 0xFFF 0xABC 0x800 0x7FF, twelve bits each.
    let packed = [0x01, 0x30, 0x12, 0xFF, 0xCF, 0xAB, 0x00, 0xF8, 0x7F];
    let file = grey(12, 12, 11, [&packed[..], &[0]].concat());
    let values = vec![0x001, 0x123, 0xFFF, 0xABC, 0x800, 0x7FF];
    assert_eq!(samples(&file), Samples::U16(values));
    let signed = file.number(tags::PIXEL_REPRESENTATION, 1);
    assert_eq!(
        samples(&signed),
        Samples::I16(vec![1, 0x123, -1, -0x544, -0x800, 0x7FF])
    );
    let wide: Vec<u8> = (0..18).collect();
    let first = u32::from_le_bytes([0, 1, 2, 0]);
    let Samples::U32(values) = samples(&grey(24, 24, 23, wide)) else {
        panic!("24 bits are kept in 32");
    };
    assert_eq!((values[0], values.len()), (first, 6));
    let error = refused(&grey(64, 64, 63, vec![0; 48]));
    assert!(
        error.contains("Bits Allocated") && error.contains("32 bits"),
        "{error}"
    );
}

#[test]
fn big_endian_words_hold_bytes_in_pairs() {
    // Three frames of 6 bytes; in an OW of a big endian file each pair is turned.
    let little: Vec<u8> = (1..=18).collect();
    let turned: Vec<u8> = little
        .chunks(2)
        .flat_map(|pair| [pair[1], pair[0]])
        .collect();
    let file = grey(8, 8, 7, turned).text(tags::NUMBER_OF_FRAMES, *b"IS", "3");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("big.dcm");
    std::fs::write(&path, file.big_endian_bytes()).unwrap();
    let instance = read_instance(&path).unwrap();
    for frame in 0..3 {
        let wanted = little[frame * 6..][..6].to_vec();
        assert_eq!(
            decode_frame(&instance, frame).unwrap().samples,
            Samples::U8(wanted)
        );
    }
}

#[test]
fn segmented_palettes_and_colours_that_are_not_read() {
    let file = grey(8, 8, 7, vec![0, 1, 2, 3, 4, 255]).text(
        tags::PHOTOMETRIC_INTERPRETATION,
        *b"CS",
        "PALETTE COLOR",
    );
    // Discrete 0, then four steps up to 0x8000 (red); the same falling (green); black (blue).
    let red = of(&[0, 1, 0, 1, 4, 0x8000]);
    let green = of(&[0, 1, 0x8000, 1, 4, 0]);
    let blue = of(&[0, 5, 0, 0, 0, 0, 0]);
    let (vr, descriptor) = us(&[5, 0, 16]);
    let file = file
        .raw(
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            vr,
            descriptor.clone(),
        )
        .raw(
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            vr,
            descriptor.clone(),
        )
        .raw(
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            vr,
            descriptor,
        )
        .raw(
            tags::SEGMENTED_RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            *b"OW",
            red,
        )
        .raw(
            tags::SEGMENTED_GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            *b"OW",
            green,
        )
        .raw(
            tags::SEGMENTED_BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            *b"OW",
            blue,
        );
    let wanted = [[0, 128], [32, 96], [64, 64], [96, 32], [128, 0], [128, 0]];
    let wanted = wanted.map(|[red, green]| [red, green, 0]).to_vec();
    assert_eq!(samples(&file), Samples::Rgb8(wanted));
    for name in ["ARGB", "CMYK", "HSV"] {
        let file = file
            .clone()
            .text(tags::PHOTOMETRIC_INTERPRETATION, *b"CS", name);
        let error = refused(&file.number(tags::SAMPLES_PER_PIXEL, 4));
        assert!(error.contains(name) && error.contains("RGB"), "{error}");
    }
}

#[test]
fn a_modality_table_goes_before_the_rescale_in_pictures_and_volumes() {
    let table = [
        lut(2, 16, &[100, 200, 400]),
        vec![(tags::MODALITY_LUT_TYPE, *b"LO", b"OD".to_vec())],
    ];
    let table = items(&[table.concat()]);
    let file = |z: i32| {
        DicomFile::slice(1, z, f64::from(z), 3)
            .number(tags::PIXEL_REPRESENTATION, 0)
            .pixels(&[0, 2, 3, 4, 5, 9, 0, 2, 3, 4, 5, 9])
            .raw(tags::MODALITY_LUT_SEQUENCE, *b"SQ", table.clone())
    };
    let (_folder, instance) = opened(&file(1));
    let frame = decode_frame(&instance, 0).unwrap();
    let values = modality_values(&instance, 0, &frame);
    assert_eq!(values[..6], [100., 100., 200., 400., 400., 400.]);
    assert_eq!(instance.frames[0].modality_lut.unit, "OD");

    let folder = tempfile::tempdir().unwrap();
    for z in 0..4 {
        file(z).write(folder.path(), &format!("{z}.dcm"));
    }
    let report = scan(&[folder.path().to_owned()], &|_, _| {
        ControlFlow::Continue(())
    })
    .unwrap();
    let series = &report.catalog.studies[0].series[0];
    assert_eq!(series.stacks[0].kind, StackKind::Volume);
    assert!(series.stacks[0].warnings.is_empty());
    let (volume, _) = load_volume(series, 0).unwrap();
    assert!(matches!(volume.voxels, Voxels::F32(_)));
    assert_eq!(
        (volume.value_at_voxel(2, 0, 1), volume.unit()),
        (Some(200.0), "OD")
    );
    // A table that is cut makes every value wrong.
    let cut = items(&[vec![
        (tags::LUT_DESCRIPTOR, *b"US", of(&[9, 0, 16])),
        (tags::LUT_DATA, *b"OW", of(&[1, 2])),
    ]]);
    let error = refused(&file(1).raw(tags::MODALITY_LUT_SEQUENCE, *b"SQ", cut));
    assert!(error.contains("(0028,3006)"), "{error}");
}

#[test]
fn a_voi_table_is_the_look_until_a_window_is_chosen() {
    let table = items(&[lut(1, 8, &[0, 51, 255]), lut(0, 8, &[9, 9])]);
    let file =
        grey(16, 16, 15, of(&[0, 1, 2, 3, 4, 60_000])).raw(tags::VOILUT_SEQUENCE, *b"SQ", table);
    assert_eq!(greys(&file, None), [0, 0, 51, 255, 255, 255]);
    let window = WindowLevel::new(2.5, 3.0);
    // The window of the table itself keeps it; any other is linear from there on.
    assert_eq!(greys(&file, Some(window)), [0, 0, 51, 255, 255, 255]);
    let wider = WindowLevel::new(2.5, 5.0);
    assert_eq!(greys(&file, Some(wider)), [0, 64, 128, 191, 255, 255]);
    let (_folder, instance) = opened(&file);
    assert_eq!(instance.frames[0].voi.len(), 2);
    assert_eq!(instance.frames[0].voi[0].explanation, "TABLE");
    // A window of the header is the default before the tables.
    let both = file
        .text(tags::WINDOW_CENTER, *b"DS", "2.5")
        .text(tags::WINDOW_WIDTH, *b"DS", "5");
    assert_eq!(greys(&both, None), [0, 64, 128, 191, 255, 255]);
}

#[test]
fn polarity_and_padding() {
    // 7 to 9 are padding, given from the upper end; the range of the rest is 100 to 104.
    let file = grey(16, 16, 15, of(&[8, 100, 101, 102, 104, 9]))
        .number(tags::PIXEL_PADDING_VALUE, 9)
        .number(tags::PIXEL_PADDING_RANGE_LIMIT, 7)
        .text(tags::WINDOW_CENTER, *b"DS", "102.5")
        .text(tags::WINDOW_WIDTH, *b"DS", "5");
    let upright = [0, 0, 64, 128, 255, 0];
    let turned = [0, 255, 191, 128, 0, 0];
    let near = |found: Vec<u8>, wanted: [u8; 6]| {
        let close = found
            .iter()
            .zip(wanted)
            .all(|(found, wanted)| found.abs_diff(wanted) <= 1);
        assert!(close, "{found:?} for {wanted:?}");
    };
    near(greys(&file, None), upright);
    let shape = |file: DicomFile, shape| file.text(tags::PRESENTATION_LUT_SHAPE, *b"CS", shape);
    near(greys(&shape(file.clone(), "INVERSE"), None), turned);
    near(greys(&shape(file.clone(), "IDENTITY"), None), upright);
    let one = file.text(tags::PHOTOMETRIC_INTERPRETATION, *b"CS", "MONOCHROME1");
    near(greys(&one, None), turned);
    near(greys(&shape(one.clone(), "INVERSE"), None), turned);
    // Without a window of the header: padding does not widen the range.
    let own = greys(&one.without(tags::WINDOW_CENTER), None);
    assert_eq!((own[0], own[1], own[5]), (0, 255, 0));
}

#[test]
fn padding_of_signed_and_of_float_values() {
    let signed = grey(16, 12, 11, of(&[0xF830, 0, 1, 2, 3, 4]))
        .number(tags::PIXEL_REPRESENTATION, 1)
        .number(tags::PIXEL_PADDING_VALUE, 0xF830);
    let (_folder, instance) = opened(&signed);
    assert_eq!(instance.padding, Some([-2000.0, -2000.0]));
    let floats: Vec<u8> = [f32::MIN, 0.5, 1.0, 2.0, 3.0, 4.0]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let float = grey(32, 32, 31, Vec::new())
        .without(tags::PIXEL_DATA)
        .raw(
            tags::FLOAT_PIXEL_PADDING_VALUE,
            *b"FL",
            f32::MIN.to_le_bytes().to_vec(),
        )
        .raw(tags::FLOAT_PIXEL_DATA, *b"OF", floats);
    let (_folder, instance) = opened(&float);
    let frame = decode_frame(&instance, 0).unwrap();
    assert!(instance.is_padding(frame.samples.value(0).unwrap()));
    let range = Presentation::range_of(&instance, 0, &frame);
    assert_eq!(range, Some((0.5, 3.0)));
}

#[test]
fn frames_of_an_enhanced_file_have_looks_of_their_own() {
    let look = |center: &str| {
        let window = vec![
            (tags::WINDOW_CENTER, *b"DS", center.as_bytes().to_vec()),
            (tags::WINDOW_WIDTH, *b"DS", b"20".to_vec()),
        ];
        vec![(tags::FRAME_VOILUT_SEQUENCE, *b"SQ", items(&[window]))]
    };
    let groups = items(&[look("10"), Vec::new(), look("30")]);
    let file = grey(16, 16, 15, of(&[0; 18]))
        .text(tags::NUMBER_OF_FRAMES, *b"IS", "3")
        .text(tags::WINDOW_CENTER, *b"DS", "99")
        .text(tags::WINDOW_WIDTH, *b"DS", "20")
        .raw(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE, *b"SQ", groups);
    let (_folder, instance) = opened(&file);
    let centers: Vec<f64> = (0..3)
        .map(|f| instance.voi(f).unwrap().window.center)
        .collect();
    assert_eq!(centers, [10.0, 99.0, 30.0]);
}

/// Overlay of 2 × 3 in a group, with an origin.
fn overlay(file: DicomFile, group: u16, origin: [i16; 2], data: &[u8]) -> DicomFile {
    let origin: Vec<u8> = origin.iter().flat_map(|v| v.to_le_bytes()).collect();
    file.number(Tag(group, 0x0010), 2)
        .number(Tag(group, 0x0011), 3)
        .text(Tag(group, 0x0040), *b"CS", "R")
        .raw(Tag(group, 0x0050), *b"SS", origin)
        .number(Tag(group, 0x0100), 1)
        .number(Tag(group, 0x0102), 0)
        .text(Tag(group, 0x1500), *b"LO", "lesion")
        .raw(Tag(group, 0x3000), *b"OW", data.to_vec())
}

#[test]
fn overlays_of_their_own_data() {
    let file = grey(16, 16, 15, of(&[0; 12]));
    let file = file.text(tags::NUMBER_OF_FRAMES, *b"IS", "2");
    let file = overlay(file, 0x6000, [1, 1], &[0b0010_1001, 0]);
    // Two bitmaps of six bits without a gap, over image frames 2 and 3.
    let file = overlay(file, 0x601E, [-1, 2], &[0b1100_0001, 0b0000_1000])
        .text(Tag(0x601E, 0x0015), *b"IS", "2")
        .number(Tag(0x601E, 0x0051), 2);
    // Says more pixels than it holds.
    let file = overlay(file, 0x6002, [1, 1], &[1, 0]).number(Tag(0x6002, 0x0010), 9);
    let (_folder, instance) = opened(&file);
    let groups: Vec<u16> = instance.overlays.iter().map(|plane| plane.group).collect();
    assert_eq!(groups, [0x6000, 0x601E]);
    assert_eq!(instance.overlays[0].label, "lesion");
    let first = decode_overlays(&instance, 0).unwrap();
    assert_eq!(first.len(), 1);
    assert_eq!(first[0].bits, [1, 0, 0, 1, 0, 1]);
    let second = decode_overlays(&instance, 1).unwrap();
    assert_eq!(
        (second[1].bits.as_slice(), second[1].origin),
        (&[1, 0, 0, 0, 0, 0][..], [-1, 2])
    );
}

#[test]
fn overlays_in_unused_bits_are_not_the_image() {
    let words = of(&[0x1005, 0x0FFF, 0x2001, 0x3002, 0x0003, 0x1004]);
    let file = grey(16, 12, 11, words);
    let plane = |file: DicomFile, group: u16, bit: u16| {
        file.number(Tag(group, 0x0010), 2)
            .number(Tag(group, 0x0011), 3)
            .number(Tag(group, 0x0100), 16)
            .number(Tag(group, 0x0102), bit)
    };
    // Bit 3 is the image's own.
    let file = plane(plane(plane(file, 0x6000, 12), 0x6002, 13), 0x6004, 3);
    let (_folder, instance) = opened(&file);
    let overlays = decode_overlays(&instance, 0).unwrap();
    let bits: Vec<&[u8]> = overlays
        .iter()
        .map(|overlay| overlay.bits.as_slice())
        .collect();
    assert_eq!(bits, [[1, 0, 0, 1, 0, 1], [0, 0, 1, 1, 0, 0]]);
    let wanted = Samples::U16(vec![5, 0xFFF, 1, 2, 3, 4]);
    assert_eq!(decode_frame(&instance, 0).unwrap().samples, wanted);
    // The same in a compressed file: one RLE segment a byte, the high bytes first.
    let mut stream = vec![0_u8; 64];
    let segments = [[0x10, 0x0F, 0x20, 0x30, 0x00, 0x10], [5, 0xFF, 1, 2, 3, 4]];
    for (at, word) in [2_u32, 64, 72].into_iter().enumerate() {
        stream[4 * at..][..4].copy_from_slice(&word.to_le_bytes());
    }
    for segment in segments {
        stream.push(5);
        stream.extend(segment);
        stream.push(0x80);
    }
    let file = file.encapsulated("1.2.840.10008.1.2.5", &[&[][..], &stream]);
    let (_folder, instance) = opened(&file);
    assert_eq!(decode_frame(&instance, 0).unwrap().samples, wanted);
    let again = decode_overlays(&instance, 0).unwrap();
    assert_eq!(again, overlays);
}

#[test]
fn frames_are_found_by_the_extended_offset_table() {
    let offsets: Vec<u8> = [0_u64, 16].iter().flat_map(|v| v.to_le_bytes()).collect();
    let file = grey(8, 8, 7, Vec::new())
        .text(tags::NUMBER_OF_FRAMES, *b"IS", "2")
        .raw(tags::EXTENDED_OFFSET_TABLE, *b"OV", offsets)
        .encapsulated(
            "1.2.840.10008.1.2.1.98",
            &[
                &[][..],
                &[1, 2, 3, 4, 5, 6, 0, 0],
                &[7, 8, 9, 10],
                &[11, 12],
            ],
        );
    let (_folder, instance) = opened(&file);
    assert_eq!(
        decode_frame(&instance, 0).unwrap().samples,
        Samples::U8((1..=6).collect())
    );
    assert_eq!(
        decode_frame(&instance, 1).unwrap().samples,
        Samples::U8((7..=12).collect())
    );
}

#[test]
fn uncompressed_colours_are_what_their_bytes_are() {
    let file = |photometric: &str, bytes: Vec<u8>| {
        grey(8, 8, 7, bytes)
            .number(tags::SAMPLES_PER_PIXEL, 3)
            .text(tags::PHOTOMETRIC_INTERPRETATION, *b"CS", photometric)
    };
    // Says 4:2:2 and holds the chroma of every pixel.
    let full = file("YBR_FULL_422", [100, 128, 128].repeat(6));
    assert_eq!(samples(&full), Samples::Rgb8(vec![[100; 3]; 6]));
    let half = file("YBR_FULL_422", [100, 50, 128, 128].repeat(3))
        .number(tags::ROWS, 3)
        .number(tags::COLUMNS, 2);
    assert_eq!(samples(&half), Samples::Rgb8([[100; 3], [50; 3]].repeat(3)));
    // Left over from a JPEG 2000 stream that was decoded to RGB.
    let rct = file("YBR_RCT", [1, 2, 3].repeat(6));
    assert_eq!(samples(&rct), Samples::Rgb8(vec![[1, 2, 3]; 6]));
    let video = refused(&file("YBR_PARTIAL_420", vec![0; 18]));
    assert!(video.contains("YBR_PARTIAL_420"), "{video}");
}

#[test]
fn high_bit_counts_in_compressed_cells_too() {
    // 12 bits in the upper part of 16: 5, 205 and 405 shifted by four.
    let words: Vec<u16> = [5_u16, 205, 405, 5, 205, 405]
        .iter()
        .map(|v| v << 4)
        .collect();
    let file = grey(
        16,
        12,
        15,
        words.iter().flat_map(|w| w.to_le_bytes()).collect(),
    );
    let expected = Samples::U16(vec![5, 205, 405, 5, 205, 405]);
    assert_eq!(samples(&file), expected);
    // RLE: a header of 64 bytes, then the high and the low bytes as literal runs.
    let plane = |shift: u16| -> Vec<u8> {
        let bytes = words.iter().map(|w| (w >> shift) as u8);
        std::iter::once(5).chain(bytes).chain([0x80]).collect()
    };
    let mut stream: Vec<u8> = [2_u32, 64, 72]
        .iter()
        .flat_map(|n| n.to_le_bytes())
        .collect();
    stream.resize(64, 0);
    stream.extend(plane(8));
    stream.extend(plane(0));
    let packed = file.encapsulated("1.2.840.10008.1.2.5", &[&[], &stream]);
    assert_eq!(samples(&packed), expected);
}
