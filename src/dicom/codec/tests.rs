use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::tags;
use dicom_encoding::TransferSyntaxIndex as _;
use dicom_pixeldata::Transcode as _;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;

use super::*;

impl Stored {
    /// Little endian samples.
    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Bytes(bytes) | Self::Native(bytes) => bytes,
            Self::Words(words) => words.iter().flat_map(|word| word.to_le_bytes()).collect(),
        }
    }
}

use crate::dicom::read_instance;

const ROWS: usize = 24;
const COLUMNS: usize = 40;

#[test]
fn unread_syntaxes_are_named() {
    for (uid, word) in [
        (uids::MPEG4HP41, "MPEG"),
        (uids::HEVCMP51, "HEVC"),
        ("1.2.3", "1.2.3"),
    ] {
        let message = check_supported(uid).unwrap_err().to_string();
        assert!(message.contains(word) && message.contains(uid), "{message}");
    }
    assert!(check_supported(uids::RLE_LOSSLESS).is_ok());
}

fn layout_of(transfer_syntax: &str, bits: u16, samples: u16) -> Layout<'_> {
    Layout {
        transfer_syntax,
        rows: ROWS,
        columns: COLUMNS,
        samples_per_pixel: samples,
        bits_allocated: bits,
    }
}

/// The header of an image of such a layout.
fn instance(layout: Layout<'_>) -> Instance {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    let object = layout.object(vec![0, 0]).unwrap();
    object.write_to_file(&path).unwrap();
    read_instance(&path).unwrap()
}

/// Samples with edges and all bits in use.
fn samples(bits: u16, samples: u16) -> Vec<u8> {
    let count = ROWS * COLUMNS * usize::from(samples) * usize::from(bits / 8);
    let noise = |i: u32| (i.wrapping_mul(2_654_435_761) >> 21) as u8;
    (0..count as u32)
        .map(|i| noise(i) & if i % 80 < 40 { 0x0F } else { 0xFF })
        .collect()
}

/// The stream that the encoders coming with dicom-pixeldata make of `bytes`.
fn compressed(layout: Layout<'_>, bytes: &[u8]) -> Vec<u8> {
    let native = Layout {
        transfer_syntax: uids::EXPLICIT_VR_LITTLE_ENDIAN,
        ..layout
    };
    let mut object = native.object(Vec::new()).unwrap();
    object.put(DataElement::new(
        tags::PIXEL_DATA,
        VR::OW,
        PrimitiveValue::from(bytes.to_vec()),
    ));
    let target = TransferSyntaxRegistry.get(layout.transfer_syntax).unwrap();
    object.transcode(target).unwrap();
    object.get(tags::PIXEL_DATA).unwrap().fragments().unwrap()[0].clone()
}

#[test]
fn lossless_streams_give_back_what_was_stored() {
    let syntaxes = [
        uids::JPEGXL_LOSSLESS,
        uids::DEFLATED_IMAGE_FRAME_COMPRESSION,
    ];
    for transfer_syntax in syntaxes {
        for (bits, colors) in [(8, 1), (16, 1), (8, 3)] {
            let layout = layout_of(transfer_syntax, bits, colors);
            let bytes = samples(bits, colors);
            let stream = compressed(layout, &bytes);
            let decoded = decode(&instance(layout), 0, stream).unwrap();
            assert_eq!(
                decoded.samples.into_bytes(),
                bytes,
                "{transfer_syntax} {bits} {colors}"
            );
        }
    }
    // A stream of 8 bits in a header of 16.
    let bytes = samples(8, 1);
    let stream = compressed(layout_of(uids::JPEGXL_LOSSLESS, 8, 1), &bytes);
    let wide = instance(layout_of(uids::JPEGXL_LOSSLESS, 16, 1));
    let expected: Vec<u8> = bytes.into_iter().flat_map(|byte| [byte, 0]).collect();
    assert_eq!(
        decode(&wide, 0, stream).unwrap().samples.into_bytes(),
        expected
    );
}

#[test]
fn a_jpeg_without_its_end_is_read_if_all_pixels_are_there() {
    let layout = layout_of(uids::JPEG_BASELINE8_BIT, 8, 1);
    let instance = instance(layout);
    let mut stream = compressed(layout, &samples(8, 1));
    let end = stream.windows(2).rposition(|w| w == JPEG_END).unwrap();
    stream.truncate(end + 2);
    let whole = decode(&instance, 0, stream.clone()).unwrap();
    let open = decode(&instance, 0, stream[..end].to_vec()).unwrap();
    assert_eq!(open.samples.into_bytes(), whole.samples.into_bytes());
    for cut in (0..end - 1).rev().step_by(7) {
        let result = decode(&instance, 0, stream[..cut].to_vec());
        assert!(result.is_err(), "{cut} of {end}");
    }
}

/// A grey frame of 12 bits whose differences are all 0: the middle level everywhere (T.81 F.1.1.5,
/// H.1.2.1).
fn middle_grey(start_of_frame: u8) -> Vec<u8> {
    let table = |class| {
        let mut table = vec![0xFF, 0xC4, 0, 20, class, 1];
        // One code, of one bit.
        table.extend([0; 16]);
        table
    };
    let (rows, columns) = (ROWS as u8, COLUMNS as u8);
    let mut stream = vec![0xFF, 0xD8, 0xFF, start_of_frame, 0, 11, 12];
    stream.extend([0, rows, 0, columns, 1, 1, 0x11, 0]);
    stream.extend([table(0), table(0x10), vec![0xFF, 0xDB, 0, 67, 0]].concat());
    stream.extend([1; 64]);
    let lossless = start_of_frame == 0xC3;
    // Predictor 1, or all coefficients.
    stream.extend([0xFF, 0xDA, 0, 8, 1, 1, 0, u8::from(lossless), 63, 0]);
    let bits = if lossless {
        ROWS * COLUMNS
    } else {
        ROWS * COLUMNS / 32
    };
    stream.extend(vec![0; bits.div_ceil(8)]);
    stream.extend(JPEG_END);
    stream
}

#[test]
fn the_stream_says_its_process_and_retired_syntaxes_are_known() {
    let names = ["50", "51", "53", "55", "57", "70"];
    for syntax in names.map(|name| format!("1.2.840.10008.1.2.4.{name}")) {
        assert!(check_supported(&syntax).is_ok());
        let mut instance = instance(layout_of(uids::JPEG_LOSSLESS, 16, 1));
        instance.transfer_syntax.clone_from(&syntax);
        for start_of_frame in [0xC1, 0xC3] {
            let decoded = decode(&instance, 0, middle_grey(start_of_frame)).unwrap();
            assert_eq!(
                decoded.samples.into_bytes(),
                [0, 8].repeat(ROWS * COLUMNS),
                "{syntax}"
            );
        }
        let message = decode(&instance, 0, middle_grey(0xC9)).err().unwrap();
        assert!(message.to_string().contains("arithmetic"), "{message}");
    }
    assert!(!is_jpeg("1.2.840.10008.1.2.4.67") && !is_jpeg("1.2.840.10008.1.2.4.80"));
}

#[test]
fn streams_of_another_size_are_refused_before_they_are_decoded() {
    let layout = layout_of(uids::JPEG_BASELINE8_BIT, 8, 1);
    let stream = compressed(layout, &samples(8, 1));
    let smaller = instance(Layout { rows: 23, ..layout });
    let message = decode(&smaller, 0, stream).err().unwrap().to_string();
    assert!(message.contains("40 × 24"), "{message}");
}

/// The worked example of T.87 H.3, four by four samples.
const JPEG_LS: [u8; 57] = [
    0xFF, 0xD8, 0xFF, 0xF7, 0x00, 0x0B, 0x08, 0x00, 0x04, 0x00, 0x04, 0x01, 0x01, 0x11, 0x00, 0xFF,
    0xDA, 0x00, 0x08, 0x01, 0x01, 0x00, 0x00, 0x00, 0x00, 0xC0, 0x00, 0x00, 0x6C, 0x80, 0x20, 0x8E,
    0x01, 0xC0, 0x00, 0x00, 0x57, 0x40, 0x00, 0x00, 0x6E, 0xE6, 0x00, 0x00, 0x01, 0xBC, 0x18, 0x00,
    0x00, 0x05, 0xD8, 0x00, 0x00, 0x91, 0x60, 0xFF, 0xD9,
];

#[test]
fn jpeg_ls_is_read_into_the_width_of_the_header() {
    let samples = [
        0, 0, 90, 74, 68, 50, 43, 205, 64, 145, 145, 145, 100, 145, 145, 145,
    ];
    for (syntax, bits) in [(uids::JPEGLS_LOSSLESS, 8), (uids::JPEGLS_NEAR_LOSSLESS, 16)] {
        let layout = Layout {
            rows: 4,
            columns: 4,
            ..layout_of(syntax, bits, 1)
        };
        let decoded = decode(&instance(layout), 0, JPEG_LS.to_vec()).unwrap();
        let expected: Vec<u8> = match bits {
            8 => samples.to_vec(),
            _ => samples.iter().flat_map(|&sample| [sample, 0]).collect(),
        };
        assert_eq!(decoded.samples.into_bytes(), expected);
        assert_eq!((decoded.bits, decoded.is_ybr), (bits, false));
        let other = instance(Layout { rows: 5, ..layout });
        let message = decode(&other, 0, JPEG_LS.to_vec()).err().unwrap();
        assert!(message.to_string().contains("4 × 4"), "{message}");
        let cut = decode(&instance(layout), 0, JPEG_LS[..50].to_vec()).err();
        assert!(cut.unwrap().to_string().contains("ends too early"));
    }
}

#[test]
fn near_lossless_samples_above_bits_stored_do_not_wrap() {
    let layout = Layout {
        rows: 4,
        columns: 4,
        ..layout_of(uids::JPEGLS_NEAR_LOSSLESS, 8, 1)
    };
    let mut instance = instance(layout);
    instance.pixel_format.bits_stored = 7;
    assert_eq!(decode(&instance, 0, JPEG_LS.to_vec()).unwrap().bits, 7);
    // NEAR is 1, and nine ones are runs of zeros to the end of all four lines.
    let mut near = [&JPEG_LS[..25], &[0xFF, 0x40, 0xFF, 0xD9]].concat();
    near[22] = 1;
    let decoded = decode(&instance, 0, near.clone()).unwrap();
    assert_eq!(
        (decoded.samples.into_bytes(), decoded.bits),
        (vec![0; 16], 8)
    );
    instance.pixel_format.signed = true;
    assert_eq!(decode(&instance, 0, near).unwrap().bits, 7);
}

#[test]
fn large_plain_frames_are_read_although_they_shrank_a_lot() {
    let layout = Layout {
        rows: 4096,
        columns: 4096,
        ..layout_of(uids::RLE_LOSSLESS, 8, 1)
    };
    let mut stream = [1_u32.to_le_bytes(), 64_u32.to_le_bytes()].concat();
    stream.resize(64, 0);
    stream.extend([0x81, 9].repeat(4096 * 4096 / 128));
    assert!(layout.trips_ratio_guard(stream.len(), 32));
    let decoded = decode(&instance(layout), 0, stream).unwrap();
    assert!(
        decoded
            .samples
            .clone()
            .into_bytes()
            .iter()
            .all(|&byte| byte == 9)
    );
}

#[test]
fn lossy_colors_are_not_converted_by_the_codec() {
    let layout = layout_of(uids::JPEG_BASELINE8_BIT, 8, 3);
    let grey = vec![200; ROWS * COLUMNS * 3];
    let decoded = decode(&instance(layout), 0, compressed(layout, &grey)).unwrap();
    assert!(decoded.is_ybr);
    let near = |value: u8, wanted: u8| value.abs_diff(wanted) < 3;
    let bytes = decoded.samples.into_bytes();
    let (pixels, _) = bytes.as_chunks::<3>();
    let unconverted = |&[y, b, r]: &[u8; 3]| near(y, 200) && near(b, 128) && near(r, 128);
    assert!(pixels.iter().all(unconverted));
}
