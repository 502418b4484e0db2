//! Compressed pixel data that is damaged, mislabelled or at odds with the header.

use dicom_dictionary_std::tags;
use stylet::study::Samples;

use crate::case::{Case, Undecodable, Values, color, hex, image, picture};
use crate::dicom_file::DicomFile;

const RLE: &str = "1.2.840.10008.1.2.5";
const JPEG_2000: &str = "1.2.840.10008.1.2.4.90";

pub fn cases() -> Vec<Case> {
    [run_lengths(), fragments(), jpeg_2000(), names()]
        .into_iter()
        .flatten()
        .collect()
}

/// An RLE stream of packed segments (PS3.5 G.3).
pub fn rle(segments: &[&[u8]]) -> Vec<u8> {
    let mut words = vec![segments.len() as u32];
    let mut at = 64;
    for segment in segments {
        words.push(at);
        at += segment.len() as u32;
    }
    words.resize(16, 0);
    let mut bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend(segments.concat());
    bytes
}

/// The image with one fragment.
pub fn with(file: &DicomFile, syntax: &str, stream: &[u8]) -> DicomFile {
    file.clone().fragments(syntax, &[], &[stream])
}

fn run_lengths() -> Vec<Case> {
    let grey = picture(2, 2, [8, 8, 7], false);
    let good = rle(&[&[3, 1, 2, 3, 4]]);
    let changed = |at: usize, bytes: &[u8]| {
        let mut stream = good.clone();
        stream.splice(at..at + bytes.len(), bytes.iter().copied());
        stream
    };
    let of = |name, stream: &[u8], message| {
        Case::of(name, &with(&grey, RLE, stream), Undecodable(message))
    };
    // Nothing is as regular as a square that shrank more than 32-fold.
    let large = rle(&[&[0x81, 9].repeat(3072 * 3072 / 128)]);
    vec![
        of(
            "RLE: three bytes",
            &[1, 0, 0],
            "frame 1 does not decode: the RLE segments do not hold the image; copy the file again, or export the series uncompressed",
        ),
        of(
            "RLE: a million segments",
            &changed(0, &[0x40, 0x42, 0x0F, 0]),
            "frame 1 does not decode: the RLE segments do not hold the image; copy the file again, or export the series uncompressed",
        ),
        of(
            "RLE: a segment beyond the end",
            &changed(4, &[0xFF; 4]),
            "frame 1 does not decode: the RLE segments do not hold the image; copy the file again, or export the series uncompressed",
        ),
        of(
            "RLE: pixels are missing",
            &rle(&[&[2, 1, 2, 3]]),
            "frame 1 does not decode: the RLE segments do not hold the image; copy the file again, or export the series uncompressed",
        ),
        of(
            "RLE: a run without its value",
            &rle(&[&[1, 1, 2, 0xFF]]),
            "frame 1 does not decode: the RLE segments do not hold the image; copy the file again, or export the series uncompressed",
        ),
        of(
            "JPEG, said to be RLE",
            &hex(crate::jpeg::GREY_JPEG),
            "frame 1 does not decode: the RLE segments do not hold the image; copy the file again, or export the series uncompressed",
        ),
        Case::of(
            "RLE: 3072 × 3072, 32 times smaller than the image",
            &with(&picture(3072, 3072, [8, 8, 7], false), RLE, &large),
            Values(Samples::U8(vec![9; 3072 * 3072])),
        ),
        Case::of(
            "RLE of 32 bits",
            &with(
                &picture(1, 2, [32, 32, 31], false),
                RLE,
                &rle(&[&[1, 1, 5], &[1, 2, 6], &[1, 3, 7], &[1, 4, 8]]),
            ),
            Values(Samples::U32(vec![0x0102_0304, 0x0506_0708])),
        ),
    ]
}

/// Offset tables and fragments that lie.
fn fragments() -> Vec<Case> {
    let a = rle(&[&[3, 1, 2, 3, 4]]);
    let b = rle(&[&[3, 5, 6, 7, 8]]);
    let grey = picture(2, 2, [8, 8, 7], false);
    let two = grey.clone().text(tags::NUMBER_OF_FRAMES, *b"IS", "2");
    let first = || Values(Samples::U8(vec![1, 2, 3, 4]));
    let of =
        |file: &DicomFile, table: &[u32], list: &[&[u8]]| file.clone().fragments(RLE, table, list);
    // The first fragment's length stands behind the head of the pixel data and an empty table.
    let changed = |file: &DicomFile, skip: usize, length: u32| {
        let mut bytes = of(file, &[], &[&a]).bytes();
        let head = [0xE0, 0x7F, 0x10, 0x00, b'O', b'B'];
        let at = bytes.windows(6).position(|w| w == head).unwrap() + 12 + skip;
        bytes.splice(at + 4..at + 8, length.to_le_bytes());
        bytes
    };
    vec![
        Case::of(
            "an offset table that lies",
            &of(&two, &[0, 7], &[&a, &b]),
            first(),
        ),
        Case::of(
            "an offset table near 4 GiB",
            &of(&two, &[0, u32::MAX - 1], &[&a, &b]),
            first(),
        ),
        Case::of(
            "an offset table that lies about three fragments",
            &of(&two, &[0, 7], &[&a, &b, &[1, 2]]),
            first(),
        ),
        Case::of(
            "no fragments",
            &of(&grey, &[], &[]),
            Undecodable(
                "the file is damaged: its compressed pixel data ends too early; copy the file again",
            ),
        ),
        Case::of(
            "an empty fragment",
            &of(&grey, &[], &[&[]]),
            Undecodable(
                "frame 1 does not decode: the RLE segments do not hold the image; copy the file again, or export the series uncompressed",
            ),
        ),
        Case::new(
            "a fragment of nearly 4 GiB",
            changed(&grey, 8, 0xFFFF_FFF0),
            Undecodable("the pixel data holds 94 of 4294967296 bytes; copy the file again"),
        ),
        Case::new(
            "a table of nearly 4 GiB before the fragments",
            changed(&grey, 0, 0xFFFF_FFF0),
            Undecodable("the pixel data holds 94 of 4294967288 bytes; copy the file again"),
        ),
        Case::of(
            "a hundred frames in one fragment",
            &of(
                &grey.clone().text(tags::NUMBER_OF_FRAMES, *b"IS", "100"),
                &[],
                &[&a],
            ),
            first(),
        ),
    ]
}

/// 32 × 32 with 12 signed bits, -1000 in the left half and 300 in the right, made by OpenJPEG
/// 2.5.2 (pylibjpeg-openjpeg 2.6).
const SIGNED_J2K: &str = "
    ff4fff5100290000000000200000002000000000000000000000002000000020000000000000000000018b0101
    ff52000c00000001000504040001ff5c00134060686870686870686870686870686870ff64002500014372656174
    6564206279204f70656e4a5045472076657273696f6e20322e352e32ff90000a00000000005f0001ff93c7ec04
    05dac7f204000472c3f6070008f12626cace25c3f60b00172c737531e538cc25ff2fc3f61200216e0cc3cc8092
    8eb4556a8b98b62d1a971fc3f6120035f23fe2d40cd848498be860b58f281efc95ffd9";

/// The same bits as unsigned numbers, 3096 and 300.
const UNSIGNED_J2K: &str = "
    ff4fff5100290000000000200000002000000000000000000000002000000020000000000000000000010b0101
    ff52000c00000001000504040001ff5c00134060686870686870686870686870686870ff64002500014372656174
    6564206279204f70656e4a5045472076657273696f6e20322e352e32ff90000a0000000000650001ff93c3f302
    004bcff0040006efc7f20e00016c0bd487ce27c7f21a0017d8757616bfa113d3c3025b21c7f22800221a09a05f
    9342cc873a0e59574765e700f4322bc7f22800369e41e2d40cd83c33f09357e8c153e21113383fffd9";

/// 32 × 32 of (200, 100, 50) with the reversible colour transform, made by OpenJPEG 2.5.2.
const COLOR_J2K: &str = "
    ff4fff51002f000000000020000000200000000000000000000000200000002000000000000000000003070101
    070101070101ff52000c00000001010504040001ff5c00134040484850484850484850484850484850ff640025
    000143726561746564206279204f70656e4a5045472076657273696f6e20322e352e32ff90000a00000000002b
    0001ff93c3e70207c7d404087fcfb40801cf808080808080808080808080808080ffd9";

fn jpeg_2000() -> Vec<Case> {
    let halves = |left: i16, right: i16| [[left; 16], [right; 16]].concat().repeat(32);
    let unsigned = || halves(3096, 300).into_iter().map(|v| v as u16).collect();
    let image = |rows, columns, signed| picture(rows, columns, [16, 12, 11], signed);
    let signed = hex(SIGNED_J2K);
    let of = |name, file: DicomFile, stream: &[u8], message| {
        Case::of(name, &with(&file, JPEG_2000, stream), Undecodable(message))
    };
    let values = |name, file: DicomFile, stream: &str, samples| {
        Case::of(name, &with(&file, JPEG_2000, &hex(stream)), Values(samples))
    };
    vec![
        values(
            "signed JPEG 2000",
            image(32, 32, true),
            SIGNED_J2K,
            Samples::I16(halves(-1000, 300)),
        ),
        values(
            "unsigned JPEG 2000 in a signed header",
            image(32, 32, true),
            UNSIGNED_J2K,
            Samples::I16(halves(-1000, 300)),
        ),
        values(
            "signed JPEG 2000 in an unsigned header",
            image(32, 32, false),
            SIGNED_J2K,
            Samples::U16(unsigned()),
        ),
        values(
            "JPEG 2000 with the reversible transform, called RGB",
            color(32, 32, "RGB"),
            COLOR_J2K,
            Samples::Rgb8(vec![[200, 100, 50]; 1024]),
        ),
        of(
            "JPEG 2000 smaller than the header",
            image(33, 32, true),
            &signed,
            "frame 1 does not decode: the stream is 32 × 32 with 1 components, the header says 32 × 33 with 1; copy the file again, or export the series uncompressed",
        ),
        of(
            "JPEG 2000 larger than the header",
            image(31, 32, true),
            &signed,
            "frame 1 does not decode: the stream is 32 × 32 with 1 components, the header says 32 × 31 with 1; copy the file again, or export the series uncompressed",
        ),
        of(
            "JPEG 2000 of three components in a grey header",
            picture(32, 32, [8, 8, 7], false),
            &hex(COLOR_J2K),
            "frame 1 does not decode: the stream is 32 × 32 with 3 components, the header says 32 × 32 with 1; copy the file again, or export the series uncompressed",
        ),
        of(
            "JPEG 2000 of 12 bits in 8",
            picture(32, 32, [8, 8, 7], false),
            &signed,
            "frame 1 does not decode: the stream has 12 bits a sample, the header allocates 8; copy the file again, or export the series uncompressed",
        ),
        of(
            "JPEG 2000 cut in the middle",
            image(32, 32, true),
            &signed[..160],
            "frame 1 does not decode: …; copy the file again, or export the series uncompressed",
        ),
        of(
            "JPEG 2000 of nothing but its mark",
            image(32, 32, true),
            &signed[..4],
            "frame 1 does not decode: the JPEG 2000 stream has no size marker; copy the file again, or export the series uncompressed",
        ),
    ]
}

/// What is not read is named.
fn names() -> Vec<Case> {
    let of = |name, syntax, message| {
        let file = image().fragments(syntax, &[], &[&[1, 2, 3, 4]]);
        Case::of(name, &file, Undecodable(message))
    };
    vec![
        of(
            "MPEG-4 video",
            "1.2.840.10008.1.2.4.102",
            "MPEG video compression (transfer syntax 1.2.840.10008.1.2.4.102) is not read; export the series uncompressed",
        ),
        of(
            "HEVC video",
            "1.2.840.10008.1.2.4.107",
            "HEVC video compression (transfer syntax 1.2.840.10008.1.2.4.107) is not read; export the series uncompressed",
        ),
        of(
            "a transfer syntax that does not exist",
            "1.2.3.4",
            "this compression (transfer syntax 1.2.3.4) is not read; export the series uncompressed",
        ),
    ]
}
