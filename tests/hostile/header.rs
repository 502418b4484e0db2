//! Files whose elements do not fit into one another, lie about their lengths, or lack parts.

use dicom_dictionary_std::tags;
use dicom_object::Tag;

use stylet::study::Samples;

use crate::case::{Case, Picture, Rejected, STORED, Told, Undecodable, guessed, image, stored};
use crate::dicom_file::{DicomFile, items};

/// Classic multi-frame files do not say where each frame lies.
const NO_PLACE: &str = "Image Position Patient (0020,0032), Image Orientation Patient \
                        (0020,0037), Pixel Spacing (0028,0030) missing";
const NOT_DICOM: &str = "No DICOM file found in FILE (1 other files). Choose the folder that \
                         holds the exported study.";

pub fn cases() -> Vec<Case> {
    [
        without_parts(),
        lengths(),
        nesting(),
        counts(),
        image_module(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Files without preamble, meta group or tail, and what is none.
fn without_parts() -> Vec<Case> {
    let whole = image().bytes();
    let data_set = image().data_set();
    let mut no_group_length = whole.clone();
    no_group_length.drain(132..144);
    let mut wrong_group_length = whole.clone();
    wrong_group_length[140..144].copy_from_slice(&[0xFF; 4]);
    let mark = [&[0; 128][..], b"DICM"].concat();
    let implicit = image().transfer_syntax("1.2.840.10008.1.2");
    vec![
        Case::new(
            "an empty file",
            vec![],
            Rejected(
                "No DICOM file found in FILE (1 other files). Choose the folder that holds the exported study. the file is empty; copy it again.",
            ),
        ),
        Case::new("131 bytes", mark[..131].to_vec(), Rejected(NOT_DICOM)),
        Case::new(
            "the mark and nothing else",
            mark.clone(),
            Rejected("the file is damaged: nothing of an image is left in it; copy the file again"),
        ),
        Case::new(
            "a text file named .dcm",
            b"Patient did not attend.\n".repeat(40),
            Rejected(NOT_DICOM),
        ),
        Case::new("no preamble", whole[128..].to_vec(), stored()),
        Case::new("no preamble and no mark", whole[132..].to_vec(), stored()),
        Case::new("no preamble, no meta", data_set.clone(), guessed()),
        Case::new(
            "no preamble, no meta, implicit",
            image().implicit_data_set(),
            guessed(),
        ),
        Case::new("no meta", [mark.clone(), data_set].concat(), guessed()),
        Case::new(
            "no meta, implicit",
            [mark, image().implicit_data_set()].concat(),
            guessed(),
        ),
        Case::new("no meta group length", no_group_length, stored()),
        Case::new("a wrong meta group length", wrong_group_length, stored()),
        Case::of(
            "an empty transfer syntax",
            &image().transfer_syntax(""),
            guessed(),
        ),
        Case::new(
            "explicit, said to be implicit",
            [implicit.file_meta(), image().data_set()].concat(),
            stored(),
        ),
        Case::new(
            "implicit, said to be explicit",
            [image().file_meta(), image().implicit_data_set()].concat(),
            stored(),
        ),
        Case::new(
            "the tail is missing",
            whole[..whole.len() - 10].to_vec(),
            Undecodable("the pixel data holds 14 of 24 bytes; copy the file again"),
        ),
        Case::new(
            "cut in the header",
            whole[..whole.len() - 103].to_vec(),
            Rejected(
                "the file is damaged: Pixel Spacing (0028,0030) says it is 8 bytes long, but only 5 are left; copy the file again",
            ),
        ),
        Case::of(
            "no pixel data",
            &image().without(tags::PIXEL_DATA),
            Rejected("no pixel data: CT Image Storage, which should have some; copy it again"),
        ),
    ]
}

/// Lengths near 4 GiB, and undefined ones where none may be.
fn lengths() -> Vec<Case> {
    let of = |tag, vr, length| image().raw(tag, vr, vec![0; 4]).claiming(tag, length);
    let unknown = Tag(0x0009, 0x1010);
    // An unknown sequence of undefined length is in implicit VR: one item with one element.
    let mut inside = items(&[]);
    inside.extend([0xFE, 0xFF, 0x00, 0xE0, 0xFF, 0xFF, 0xFF, 0xFF]);
    inside.extend([0x09, 0, 0x11, 0x10, 4, 0, 0, 0, 1, 2, 3, 4]);
    inside.extend([
        0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0,
    ]);
    let undefined = image()
        .raw(unknown, *b"UN", inside)
        .claiming(unknown, u32::MAX);
    vec![
        Case::of(
            "a header element of nearly 4 GiB",
            &of(unknown, *b"UN", 0xFFFF_FFF0),
            Rejected(
                "the file is damaged: (0009,1010) says it is 4294967280 bytes long, but only 338 are left; copy the file again",
            ),
        ),
        Case::of(
            "a table of nearly 4 GiB",
            &of(tags::LUT_DATA, *b"OW", 0xFFFF_FFFE),
            Rejected(
                "the file is damaged: LUTData (0028,3006) says it is 4294967294 bytes long, but only 40 are left; copy the file again",
            ),
        ),
        Case::of(
            "pixel data of nearly 4 GiB that holds the image",
            &image().claiming(tags::PIXEL_DATA, 0xFFFF_FFF0),
            stored(),
        ),
        Case::of(
            "pixel data of nearly 4 GiB that holds half of it",
            &image()
                .pixels(&[0; 6])
                .claiming(tags::PIXEL_DATA, 0xFFFF_FFF0),
            Undecodable("the pixel data holds 12 of 24 bytes; copy the file again"),
        ),
        Case::of("VR UN of undefined length", &undefined, stored()),
        Case::of(
            "text of undefined length",
            &of(unknown, *b"UT", u32::MAX),
            Rejected(
                "the file is damaged: (0009,1010) says it is 4294967295 bytes long, but only 338 are left; copy the file again",
            ),
        ),
    ]
}

/// A sequence within a sequence, `depth` deep, of defined or undefined lengths.
fn nested(tag: Tag, depth: usize, defined: bool) -> Vec<u8> {
    let mut value = Vec::new();
    for level in 0..depth {
        let mut outer = vec![0xFE, 0xFF, 0x00, 0xE0];
        let length = |bytes: usize| {
            let length = if defined { bytes as u32 } else { u32::MAX };
            length.to_le_bytes()
        };
        outer.extend(length(value.len()));
        outer.append(&mut value);
        if !defined {
            outer.extend([0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0]);
            outer.extend([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
        }
        if level + 1 < depth {
            value.extend(tag.0.to_le_bytes());
            value.extend(tag.1.to_le_bytes());
            value.extend(*b"SQ\0\0");
            value.extend(length(outer.len()));
        }
        value.append(&mut outer);
    }
    value
}

/// Sequences 10,000 deep: two in one file are one too many for a thread's stack.
fn nesting() -> Vec<Case> {
    let private = Tag(0x0009, 0x1020);
    let groups = tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE;
    let of = |tag, defined| {
        let file = image().raw(tag, *b"SQ", nested(tag, 10_000, defined));
        if defined {
            file
        } else {
            file.claiming(tag, u32::MAX)
        }
    };
    const TOO_DEEP: &str =
        "the file is damaged: its sequences nest more than 64 deep; export the series again";
    vec![
        Case::of(
            "10,000 deep, of no use, defined lengths",
            &of(private, true),
            stored(),
        ),
        Case::of(
            "10,000 deep, of no use, undefined lengths",
            &of(private, false),
            Rejected(TOO_DEEP),
        ),
        Case::of(
            "10,000 deep, used, defined lengths",
            &of(groups, true),
            Rejected(TOO_DEEP),
        ),
        Case::of(
            "10,000 deep, used, undefined lengths",
            &of(groups, false),
            Rejected(TOO_DEEP),
        ),
    ]
}

/// A sequence of `count` empty items.
fn empty_items(count: usize) -> Vec<u8> {
    [0xFE, 0xFF, 0x00, 0xE0, 0, 0, 0, 0].repeat(count)
}

/// Counts that cost time or memory.
fn counts() -> Vec<Case> {
    let groups = tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE;
    let frames = |count: &str| image().text(tags::NUMBER_OF_FRAMES, *b"IS", count);
    let mut many_elements = image().data_set();
    let at = many_elements
        .windows(4)
        .position(|w| w == [0x28, 0, 0x02, 0])
        .unwrap();
    let element = [0x28, 0, 0x02, 0, b'U', b'S', 2, 0, 1, 0];
    many_elements.splice(at..at, element.repeat(400_000));
    vec![
        Case::of(
            "half a million empty frame items",
            &image().raw(groups, *b"SQ", empty_items(500_000)),
            stored(),
        ),
        Case::of(
            "half a million empty private items",
            &image().raw(Tag(0x0009, 0x1020), *b"SQ", empty_items(500_000)),
            stored(),
        ),
        Case::new(
            "Samples per Pixel 400,000 times",
            [image().file_meta(), many_elements].concat(),
            stored(),
        ),
        Case::of(
            "1A frames",
            &frames("1A"),
            Told(
                "In 1 file, the number of frames is wrong; its first digits are used, or 1. Send the series again from the archive if a picture looks wrong.",
            ),
        ),
        Case::of(
            "100,000 frames that share one look-up table",
            &many_frames_one_table(),
            Picture(NO_PLACE, Samples::U8(vec![0])),
        ),
        Case::of(
            "0 frames",
            &frames("0"),
            Told(
                "In 1 file, the number of frames is wrong; its first digits are used, or 1. Send the series again from the archive if a picture looks wrong.",
            ),
        ),
        Case::of(
            "-1 frames",
            &frames("-1"),
            Rejected(
                "Number Of Frames (0028,0008) is \"-1\": the 24 bytes of pixel data cannot hold that; export the series again",
            ),
        ),
        Case::of(
            "a billion frames",
            &frames("1000000000"),
            Rejected(
                "Number Of Frames (0028,0008) is \"1000000000\": the 24 bytes of pixel data cannot hold that; export the series again",
            ),
        ),
        Case::of(
            "two frames where one is",
            &frames("2"),
            Picture(NO_PLACE, Samples::I16(STORED.to_vec())),
        ),
        Case::new(
            "a deflate bomb",
            bomb(),
            Rejected(
                "the file is damaged: its data set inflates to more than 256 MB; export the series again",
            ),
        ),
        Case::new(
            "100,000 frames with one attribute 100,000 times",
            lookups(),
            Picture(NO_PLACE, Samples::I16(vec![0; 12])),
        ),
        Case::new(
            "more attributes than an image has",
            attributes(),
            Rejected(
                "the file is damaged: it holds more than 512 attributes of one image; export the series again",
            ),
        ),
    ]
}

/// A thousand different attributes of the image pixel group.
fn attributes() -> Vec<u8> {
    (0x0200..0x0600)
        .fold(image(), |file, element| {
            file.number(Tag(0x0028, element), 1)
        })
        .bytes()
}

/// 280 MiB of zeros, deflated to 280 KiB, after an element that claims them.
fn bomb() -> Vec<u8> {
    use std::io::Write as _;
    let file = image().transfer_syntax("1.2.840.10008.1.2.1.99");
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    let zeros = vec![0; 1 << 20];
    encoder
        .write_all(&[9, 0, 0x10, 0x10, b'O', b'B', 0, 0, 0, 0, 0, 0x7F])
        .unwrap();
    for _ in 0..280 {
        encoder.write_all(&zeros).unwrap();
    }
    [file.file_meta(), encoder.finish().unwrap()].concat()
}

/// 100,000 frames that share functional groups with 100,000 elements.
fn lookups() -> Vec<u8> {
    let measures = (tags::PIXEL_SPACING, *b"DS", b"1\\1 ".to_vec());
    let shared = vec![measures; 100_000];
    image()
        .raw(
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
            *b"SQ",
            items(&[shared]),
        )
        .text(tags::NUMBER_OF_FRAMES, *b"IS", "100000")
        .pixels(&vec![0; 100_000])
        .bytes()
}

/// Image pixel modules that cannot be.
fn image_module() -> Vec<Case> {
    let number = |tag, value| image().number(tag, value);
    let missing = |tag| image().without(tag);
    let text = |tag, text| image().text(tag, *b"DS", text);
    let odd = |name, file: DicomFile, message| Case::of(name, &file, Rejected(message));
    vec![
        odd(
            "Rows 0",
            number(tags::ROWS, 0),
            "Rows (0028,0010) is \"0\": 1 to 65535 was expected; export the series again",
        ),
        odd(
            "no Columns",
            missing(tags::COLUMNS),
            "Columns (0028,0011) is missing; export the series again",
        ),
        odd(
            "Samples per Pixel 0",
            number(tags::SAMPLES_PER_PIXEL, 0),
            "Samples Per Pixel (0028,0002) is \"0\": 1 or 3 was expected; export the series again",
        ),
        odd(
            "Samples per Pixel 2",
            number(tags::SAMPLES_PER_PIXEL, 2),
            "Samples Per Pixel (0028,0002) is \"2\": 1 or 3 was expected; export the series again",
        ),
        odd(
            "Samples per Pixel 4",
            number(tags::SAMPLES_PER_PIXEL, 4),
            "Samples Per Pixel (0028,0002) is \"4\": 1 or 3 was expected; export the series again",
        ),
        odd(
            "Samples per Pixel 3 in grey",
            number(tags::SAMPLES_PER_PIXEL, 3),
            "Photometric Interpretation (0028,0004) is \"MONOCHROME2\": does not go with 3 samples per pixel; export the series again",
        ),
        odd(
            "Bits Allocated 0",
            number(tags::BITS_ALLOCATED, 0),
            "Bits Allocated (0028,0100) is \"0\": Stylet reads 1 to 32 bits; export the series again",
        ),
        odd(
            "Bits Allocated 65535",
            number(tags::BITS_ALLOCATED, 65_535),
            "Bits Allocated (0028,0100) is \"65535\": Stylet reads 1 to 32 bits; export the series again",
        ),
        odd(
            "Bits Stored 0",
            number(tags::BITS_STORED, 0),
            "Bits Stored (0028,0101) is \"0\": 1 to 16 (Bits Allocated) was expected; export the series again",
        ),
        odd(
            "Bits Stored 17 of 16",
            number(tags::BITS_STORED, 17),
            "Bits Stored (0028,0101) is \"17\": 1 to 16 (Bits Allocated) was expected; export the series again",
        ),
        odd(
            "High Bit 99",
            number(tags::HIGH_BIT, 99),
            "High Bit (0028,0102) is \"99\": 15 to 15 was expected; export the series again",
        ),
        odd(
            "no Bits Allocated",
            missing(tags::BITS_ALLOCATED),
            "Bits Allocated (0028,0100) is missing; export the series again",
        ),
        odd(
            "Rescale Slope 0",
            text(tags::RESCALE_SLOPE, "0"),
            "Rescale Slope (0028,1053) is \"0\": a slope of 0 would make all values equal; export the series again",
        ),
        odd(
            "Rescale Slope not a number",
            text(tags::RESCALE_SLOPE, "NaN"),
            "Rescale Slope (0028,1053) is \"NaN\": a finite number was expected; export the series again",
        ),
        odd(
            "Rescale Intercept infinite",
            text(tags::RESCALE_INTERCEPT, "1e999"),
            "Rescale Intercept (0028,1052) is \"1e999\": a finite number was expected; export the series again",
        ),
        odd(
            "Rescale Slope in words",
            text(tags::RESCALE_SLOPE, "one"),
            "Rescale Slope (0028,1053) is \"one\": a number was expected; export the series again",
        ),
        Case::of(
            "Window Width 0",
            &text(tags::WINDOW_WIDTH, "0").text(tags::WINDOW_CENTER, *b"DS", "40"),
            stored(),
        ),
        Case::of(
            "65,535 rows and columns in 24 bytes",
            &number(tags::ROWS, 65_535).number(tags::COLUMNS, 65_535),
            Undecodable(
                "a frame of 65535 × 65535 pixels is larger than Stylet reads (256 MiB); export it smaller",
            ),
        ),
        Case::of(
            "10,000 rows and columns in 24 bytes",
            &number(tags::ROWS, 10_000).number(tags::COLUMNS, 10_000),
            Undecodable("the pixel data holds 24 of 200000000 bytes; copy the file again"),
        ),
    ]
}

/// 100,000 frames of one pixel, a table of 65,536 entries for all, and groups that say nothing.
fn many_frames_one_table() -> DicomFile {
    const FRAMES: usize = 100_000;
    let table = vec![
        (tags::LUT_DESCRIPTOR, *b"US", vec![0, 0, 0, 0, 16, 0]),
        (tags::LUT_DATA, *b"OW", vec![7; 1 << 17]),
    ];
    image()
        .without(tags::IMAGE_POSITION_PATIENT)
        .without(tags::IMAGE_ORIENTATION_PATIENT)
        .without(tags::PIXEL_SPACING)
        .number(tags::ROWS, 1)
        .number(tags::COLUMNS, 1)
        .number(tags::BITS_ALLOCATED, 8)
        .number(tags::BITS_STORED, 8)
        .number(tags::HIGH_BIT, 7)
        .number(tags::PIXEL_REPRESENTATION, 0)
        .text(tags::NUMBER_OF_FRAMES, *b"IS", &FRAMES.to_string())
        .text(tags::RESCALE_TYPE, *b"LO", &"X".repeat(60_000))
        .raw(tags::VOILUT_SEQUENCE, *b"SQ", items(&[table]))
        .raw(
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
            *b"SQ",
            items(&[vec![]]),
        )
        .raw(tags::PIXEL_DATA, *b"OB", vec![0; FRAMES])
}
