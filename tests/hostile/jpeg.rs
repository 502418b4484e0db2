//! JPEG and JPEG-LS streams that are damaged, seldom met or at odds with the header.

use stylet::study::Samples;

use crate::case::{Case, Undecodable, Values, color, hex, picture};
use crate::dicom_file::DicomFile;
use crate::streams::with;

const JPEG_BASELINE: &str = "1.2.840.10008.1.2.4.50";
const JPEG_LS: &str = "1.2.840.10008.1.2.4.80";

pub fn cases() -> Vec<Case> {
    [jpeg(), jpeg_of_more_bits(), jpeg_ls()]
        .into_iter()
        .flatten()
        .collect()
}

/// 8 × 8 of 77 in the left half and 177 in the right, made by libjpeg-turbo (Pillow 13, quality
/// 100), which decodes it to just these values.
pub const GREY_JPEG: &str = "
    ffd8ffe000104a46494600010100000100010000ffdb0043000101010101010101010101010101010101010101
    0101010101010101010101010101010101010101010101010101010101010101010101010101010101010101ff
    c0000b080008000801011100ffc40014000100000000000000000000000000000004ffc4001810000203000000
    0000000000000000000000094787c7ffda0008010100003f003a949feaad20ffd9";

/// 8 × 8 of (200, 100, 50), made by libjpeg-turbo (Pillow 13, quality 90) without colour transform
/// and decoded by it to these values; its Adobe marker taken away and its components numbered 1,
/// 2 and 3, so that only the header says that they are red, green and blue.
const RGB_JPEG: &str = "
    ffd8ffdb0043000302020302020303030304030304050805050404050a070706080c0a0c0c0b0a0b0b0d0e1210
    0d0e110e0b0b1016101113141515150c0f171816141812141514ffc0001108000800080301110002110003
    1100ffc4001500010100000000000000000000000000000807ffc4001410010000000000000000000000000000
    0000ffda000c03010002000300003f006026817bffd9";

/// 8 × 8 with 12 bits, 2796 in the left half and 0 in the right, made and decoded by DCMTK's JPEG
/// library for 12 bits.
const DEEP_JPEG: &str = "
    ffd8ffe000104a46494600010100000100010000ffdb0043000302020302020303030304030304050805050404
    050a070706080c0a0c0c0b0a0b0b0d0e12100d0e110e0b0b1016101113141515150c0f171816141812141514ff
    c1000b0c0008000801011100ffc4001400010000000000000000000000000000000bffc4001810000203000000
    00000000000000000000000d4b89c8ffda0008010100003f0013a67971aed94e573fffffd9";

/// A chessboard of 0 and 65535, 4 × 4, lossless: each difference wraps around. Made by DCMTK.
const WRAPPING_JPEG: &str = "
    ffd8ffe000104a46494600010100000100010000ffc3000b100004000401011100ffc400150001010000000000
    0000000000000000000110ffda000801010001000084114411ffd9";

fn jpeg_of_more_bits() -> Vec<Case> {
    let halves = [[2796; 4], [0; 4]].concat().repeat(8);
    let board = [[0, u16::MAX, 0, u16::MAX], [u16::MAX, 0, u16::MAX, 0]];
    let lossless = "1.2.840.10008.1.2.4.70";
    vec![
        Case::of(
            "JPEG of 12 bits",
            &with(
                &picture(8, 8, [16, 12, 11], false),
                "1.2.840.10008.1.2.4.51",
                &hex(DEEP_JPEG),
            ),
            Values(Samples::U16(halves)),
        ),
        Case::of(
            "lossless JPEG whose differences wrap",
            &with(
                &picture(4, 4, [16, 16, 15], false),
                lossless,
                &hex(WRAPPING_JPEG),
            ),
            Values(Samples::U16(board.concat().repeat(2))),
        ),
    ]
}

fn jpeg() -> Vec<Case> {
    let grey = hex(GREY_JPEG);
    let halves: Vec<u8> = [[77; 4], [177; 4]].concat().repeat(8);
    let image = |rows, columns| picture(rows, columns, [8, 8, 7], false);
    let of = |name, file: DicomFile, stream: &[u8], message| {
        Case::of(
            name,
            &with(&file, JPEG_BASELINE, stream),
            Undecodable(message),
        )
    };
    let open = &grey[..grey.len() - 2];
    vec![
        Case::of(
            "JPEG without its end",
            &with(&image(8, 8), JPEG_BASELINE, open),
            Values(Samples::U8(halves)),
        ),
        of(
            "JPEG cut in the middle",
            image(8, 8),
            &grey[..grey.len() - 4],
            "frame 1 does not decode: …; copy the file again, or export the series uncompressed",
        ),
        of(
            "JPEG larger than the header",
            image(4, 4),
            &grey,
            "frame 1 does not decode: the stream is 8 × 8 with 1 components, the header says 4 × 4 with 1; copy the file again, or export the series uncompressed",
        ),
        of(
            "JPEG smaller than the header",
            image(16, 16),
            &grey,
            "frame 1 does not decode: the stream is 8 × 8 with 1 components, the header says 16 × 16 with 1; copy the file again, or export the series uncompressed",
        ),
        of(
            "grey JPEG in a colour header",
            color(8, 8, "RGB"),
            &grey,
            "frame 1 does not decode: the stream is 8 × 8 with 1 components, the header says 8 × 8 with 3; copy the file again, or export the series uncompressed",
        ),
        of(
            "colour JPEG in a grey header",
            image(8, 8),
            &hex(RGB_JPEG),
            "frame 1 does not decode: the stream is 8 × 8 with 3 components, the header says 8 × 8 with 1; copy the file again, or export the series uncompressed",
        ),
        of(
            "JPEG without a frame header",
            image(8, 8),
            &[0xFF, 0xD8, 0xFF, 0xD9],
            "frame 1 does not decode: …; copy the file again, or export the series uncompressed",
        ),
        Case::of(
            "JPEG in RGB, said only by the header",
            &with(&color(8, 8, "RGB"), JPEG_BASELINE, &hex(RGB_JPEG)),
            Values(Samples::Rgb8(vec![[200, 100, 50]; 64])),
        ),
    ]
}

/// 8 × 8 of the bits 0xC18 in the left half and 0x12C in the right in samples of 16 bits, made by
/// CharLS (GDCM), which pydicom reads back.
const UNSIGNED_JPEG_LS: &str = "
    ffd8fff7000b100008000801011100fff8000d01ffff0012004301140040ffda0008010100000000010be0040100
    000003b100600c01801d003e401e200e20188062018804ffd9";

/// The same as -1000 and 300, made by CharLS (DCMTK).
const SIGNED_JPEG_LS: &str = "
    ffd8fff7000b100008000801011100fff8000d01ffff0012004301140040ffda00080101000000003e7400802000
    024f0140501400e801f200f1007100c403100c4020ffffd9";

fn jpeg_ls() -> Vec<Case> {
    let image = |rows, columns| picture(rows, columns, [16, 12, 11], true);
    let halves = || Values(Samples::I16([[-1000; 4], [300; 4]].concat().repeat(8)));
    let signed = hex(SIGNED_JPEG_LS);
    let of = |name, file: DicomFile, stream: &[u8], message| {
        Case::of(name, &with(&file, JPEG_LS, stream), Undecodable(message))
    };
    vec![
        Case::of(
            "JPEG-LS, 12 signed bits with the sign in bit 12",
            &with(&image(8, 8), JPEG_LS, &hex(UNSIGNED_JPEG_LS)),
            halves(),
        ),
        Case::of(
            "JPEG-LS, 12 signed bits with the sign in bit 16",
            &with(&image(8, 8), JPEG_LS, &signed),
            halves(),
        ),
        of(
            "JPEG-LS cut in the middle",
            image(8, 8),
            &signed[..50],
            "frame 1 does not decode: …; copy the file again, or export the series uncompressed",
        ),
        of(
            "JPEG-LS smaller than the header",
            image(9, 8),
            &signed,
            "frame 1 does not decode: the stream is 8 × 8 with 1 components, the header says 8 × 9 \
             with 1; copy the file again, or export the series uncompressed",
        ),
    ]
}
