//! Uncompressed values that are seldom met, and colours that decoders get wrong.

use dicom_dictionary_std::tags;
use dicom_object::Tag;
use stylet::study::Samples;

use crate::case::{Case, Undecodable, Values, color, image, picture};

pub fn cases() -> Vec<Case> {
    numbers().into_iter().chain(colors()).collect()
}

fn bytes<const N: usize, T: Copy>(values: &[T], to: impl Fn(T) -> [u8; N]) -> Vec<u8> {
    values.iter().flat_map(|&value| to(value)).collect()
}

/// 28 of 32 bits, 32 bits, float and double.
fn numbers() -> Vec<Case> {
    let wide = [0xF800_0001_u32, 0x0FFF_FFFF, 0x0800_0000];
    let raw = |file: crate::dicom_file::DicomFile, vr, bytes| file.raw(tags::PIXEL_DATA, vr, bytes);
    let of_32 = |bits, signed| {
        let file = picture(1, 3, bits, signed);
        raw(file, *b"OW", bytes(&wide, u32::to_le_bytes))
    };
    let floats = [f32::MIN_POSITIVE, -1.5, 3.25e20];
    let doubles = [f64::MIN_POSITIVE, -1.5, 3.25e200];
    vec![
        Case::of(
            "28 stored bits of 32",
            &of_32([32, 28, 27], false),
            Values(Samples::U32(vec![0x0800_0001, 0x0FFF_FFFF, 0x0800_0000])),
        ),
        Case::of(
            "28 stored bits of 32, signed",
            &of_32([32, 28, 27], true),
            Values(Samples::I32(vec![-0x07FF_FFFF, -1, -0x0800_0000])),
        ),
        Case::of(
            "32 bits",
            &of_32([32, 32, 31], false),
            Values(Samples::U32(wide.to_vec())),
        ),
        Case::of(
            "float",
            &picture(1, 3, [32, 32, 31], false)
                .without(tags::PIXEL_DATA)
                .raw(
                    tags::FLOAT_PIXEL_DATA,
                    *b"OF",
                    bytes(&floats, f32::to_le_bytes),
                ),
            Values(Samples::F32(floats.to_vec())),
        ),
        Case::of(
            "double",
            &picture(1, 3, [64, 64, 63], false)
                .without(tags::PIXEL_DATA)
                .raw(
                    tags::DOUBLE_FLOAT_PIXEL_DATA,
                    *b"OD",
                    bytes(&doubles, f64::to_le_bytes),
                ),
            Values(Samples::F64(doubles.to_vec())),
        ),
        Case::of(
            "12 bits in the upper part of 16, overlay below",
            &raw(
                picture(1, 2, [16, 12, 15], true),
                *b"OW",
                vec![0x1A, 0x80, 0x0F, 0x00],
            ),
            Values(Samples::I16(vec![-2047, 0])),
        ),
        Case::of(
            "an overlay in an unused bit, much larger than the image",
            &raw(
                picture(1, 2, [16, 12, 11], true),
                *b"OW",
                vec![0x01, 0xF8, 0x0F, 0x00],
            )
            .number(Tag(0x6000, 0x0010), 65_535)
            .number(Tag(0x6000, 0x0011), 65_535)
            .number(Tag(0x6000, 0x0100), 16)
            .number(Tag(0x6000, 0x0102), 15),
            Values(Samples::I16(vec![-2047, 15])),
        ),
        Case::of(
            "single bits across bytes",
            &raw(
                picture(3, 3, [1, 1, 0], false),
                *b"OB",
                vec![0b1000_0001, 0b1],
            ),
            Values(Samples::U8(vec![1, 0, 0, 0, 0, 0, 0, 1, 1])),
        ),
        Case::new(
            "big endian words that frames share",
            odd_words(),
            Values(Samples::U8(vec![1, 2, 3])),
        ),
        Case::of(
            "uncompressed, said to be JPEG 2000",
            &image().transfer_syntax("1.2.840.10008.1.2.4.90"),
            Undecodable(
                "the file is damaged: its pixel data is not encapsulated as the transfer syntax 1.2.840.10008.1.2.4.90 demands; export the series uncompressed",
            ),
        ),
        Case::of(
            "compressed, said not to be",
            &image().fragments("1.2.840.10008.1.2.1", &[], &[&[1, 2, 3, 4]]),
            Undecodable(
                "the file is damaged: its pixel data is compressed, but the transfer syntax says it is not; export the series uncompressed",
            ),
        ),
    ]
}

/// 8-bit frames of 3 bytes in big endian words of two: frames begin and end inside a word
/// (PS3.5 8.1.1, annex D.3).
fn odd_words() -> Vec<u8> {
    let file = picture(1, 3, [8, 8, 7], false)
        .text(tags::NUMBER_OF_FRAMES, *b"IS", "3")
        .raw(tags::PIXEL_DATA, *b"OW", vec![2, 1, 4, 3, 6, 5, 8, 7, 0, 9])
        .transfer_syntax("1.2.840.10008.1.2.2");
    [file.file_meta(), file.big_endian_data_set()].concat()
}

#[test]
fn big_endian_frames_may_begin_and_end_inside_a_word() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("odd.dcm");
    std::fs::write(&path, odd_words()).unwrap();
    let instance = stylet::dicom::read_instance(&path).unwrap();
    for (frame, values) in [[1, 2, 3], [4, 5, 6], [7, 8, 9]].iter().enumerate() {
        let decoded = stylet::dicom::decode_frame(&instance, frame).unwrap();
        assert_eq!(decoded.samples, Samples::U8(values.to_vec()), "{frame}");
    }
}

/// Pure red and pure blue as luma and chroma: by the matrix of PS3.3 C.7.6.3.1.2, rounded.
fn colors() -> Vec<Case> {
    let red_and_blue = || Values(Samples::Rgb8(vec![[254, 0, 0], [0, 0, 254]]));
    let of = |photometric, bytes: &[u8]| {
        color(1, 2, photometric).raw(tags::PIXEL_DATA, *b"OB", bytes.to_vec())
    };
    let lut = |data: &[u8]| data.iter().flat_map(|&v| [0, v]).collect::<Vec<_>>();
    let descriptor: Vec<u8> = [2_u16, 10, 16]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let palette = picture(1, 4, [8, 8, 7], false)
        .text(tags::PHOTOMETRIC_INTERPRETATION, *b"CS", "PALETTE COLOR")
        .raw(
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            *b"US",
            descriptor.clone(),
        )
        .raw(
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            *b"US",
            descriptor.clone(),
        )
        .raw(
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DESCRIPTOR,
            *b"US",
            descriptor,
        )
        .raw(
            tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            *b"OW",
            lut(&[11, 12]),
        )
        .raw(
            tags::GREEN_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            *b"OW",
            lut(&[21, 22]),
        )
        .raw(
            tags::BLUE_PALETTE_COLOR_LOOKUP_TABLE_DATA,
            *b"OW",
            lut(&[31, 32]),
        )
        .raw(tags::PIXEL_DATA, *b"OB", vec![0, 10, 11, 255]);
    let short = palette
        .clone()
        .raw(tags::RED_PALETTE_COLOR_LOOKUP_TABLE_DATA, *b"OW", vec![1]);
    vec![
        Case::of(
            "planar configuration 1",
            &of("RGB", &[1, 2, 3, 4, 5, 6]).number(tags::PLANAR_CONFIGURATION, 1),
            Values(Samples::Rgb8(vec![[1, 3, 5], [2, 4, 6]])),
        ),
        Case::of(
            "YBR_FULL, native",
            &of("YBR_FULL", &[76, 85, 255, 29, 255, 107]),
            red_and_blue(),
        ),
        Case::of(
            "YBR_FULL_422, native",
            &of("YBR_FULL_422", &[76, 29, 128, 128]),
            Values(Samples::Rgb8(vec![[76; 3], [29; 3]])),
        ),
        Case::of(
            "YBR_FULL_422, native, with an odd number of columns",
            &color(2, 3, "YBR_FULL_422").raw(
                tags::PIXEL_DATA,
                *b"OB",
                vec![
                    1, 2, 128, 128, 3, 3, 128, 128, 4, 5, 128, 128, 6, 6, 128, 128,
                ],
            ),
            Undecodable(
                "the file is damaged: its 3 columns cannot share colours in pairs; export the series as RGB",
            ),
        ),
        Case::of(
            "YBR_FULL in RLE",
            &color(1, 2, "YBR_FULL").fragments(
                "1.2.840.10008.1.2.5",
                &[],
                &[&super::streams::rle(&[
                    &[1, 76, 29],
                    &[1, 85, 255],
                    &[1, 255, 107],
                ])],
            ),
            red_and_blue(),
        ),
        Case::of(
            "palette indices outside the table",
            &palette,
            Values(Samples::Rgb8(vec![
                [11, 21, 31],
                [11, 21, 31],
                [12, 22, 32],
                [12, 22, 32],
            ])),
        ),
        Case::of(
            "a palette shorter than it says",
            &short,
            Undecodable(
                "Red Palette Color Lookup Table Data (0028,1201) is \"1 entries\": the descriptor says 2; export the series again",
            ),
        ),
    ]
}
