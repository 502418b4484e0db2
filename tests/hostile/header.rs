//! Files whose elements do not fit into one another, lie about their lengths, or lack parts.

use dicom_dictionary_std::tags;
use dicom_object::Tag;

use crate::case::{Case, Rejected, Undecodable, image, stored};
use crate::dicom_file::{DicomFile, items};

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
        Case::new("an empty file", vec![], Rejected("")),
        Case::new("131 bytes", mark[..131].to_vec(), Rejected(NOT_DICOM)),
        Case::new("the mark and nothing else", mark.clone(), Rejected("")),
        Case::new(
            "a text file named .dcm",
            b"Patient did not attend.\n".repeat(40),
            Rejected(NOT_DICOM),
        ),
        Case::new("no preamble", whole[128..].to_vec(), stored()),
        Case::new("no preamble and no mark", whole[132..].to_vec(), stored()),
        Case::new("no preamble, no meta", data_set.clone(), stored()),
        Case::new(
            "no preamble, no meta, implicit",
            image().implicit_data_set(),
            stored(),
        ),
        Case::new("no meta", [mark.clone(), data_set].concat(), stored()),
        Case::new(
            "no meta, implicit",
            [mark, image().implicit_data_set()].concat(),
            stored(),
        ),
        Case::new("no meta group length", no_group_length, stored()),
        Case::new("a wrong meta group length", wrong_group_length, stored()),
        Case::of("an empty transfer syntax", &image().transfer_syntax(""), stored()),
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
            Undecodable(""),
        ),
        Case::new(
            "cut in the header",
            whole[..whole.len() - 100].to_vec(),
            Rejected(""),
        ),
        Case::of(
            "no pixel data",
            &image().without(tags::PIXEL_DATA),
            Rejected(""),
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
    inside.extend([0xFE, 0xFF, 0x0D, 0xE0, 0, 0, 0, 0, 0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]);
    let undefined = image().raw(unknown, *b"UN", inside).claiming(unknown, u32::MAX);
    vec![
        Case::of(
            "a header element of nearly 4 GiB",
            &of(unknown, *b"UN", 0xFFFF_FFF0),
            Rejected(""),
        ),
        Case::of(
            "a table of nearly 4 GiB",
            &of(tags::LUT_DATA, *b"OW", 0xFFFF_FFFE),
            Rejected(""),
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
            Undecodable(""),
        ),
        Case::of("VR UN of undefined length", &undefined, stored()),
        Case::of(
            "text of undefined length",
            &of(unknown, *b"UT", u32::MAX),
            Rejected(""),
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
        if defined { file } else { file.claiming(tag, u32::MAX) }
    };
    const TOO_DEEP: &str = "";
    vec![
        Case::of("10,000 deep, of no use, defined lengths", &of(private, true), stored()),
        Case::of("10,000 deep, of no use, undefined lengths", &of(private, false), Rejected(TOO_DEEP)),
        Case::of("10,000 deep, used, defined lengths", &of(groups, true), Rejected(TOO_DEEP)),
        Case::of("10,000 deep, used, undefined lengths", &of(groups, false), Rejected(TOO_DEEP)),
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
            Rejected(""),
        ),
        Case::of("0 frames", &frames("0"), Rejected("")),
        Case::of("-1 frames", &frames("-1"), Rejected("")),
        Case::of("a billion frames", &frames("1000000000"), Rejected("")),
        Case::of("two frames where one is", &frames("2"), stored()),
        Case::new("a deflate bomb", bomb(), Rejected("")),
        Case::new("many frames that look up in many elements", lookups(), Rejected("")),
    ]
}

/// 1 GiB of zeros, deflated to 1 MiB, after an element that claims them.
fn bomb() -> Vec<u8> {
    use std::io::Write as _;
    let file = image().transfer_syntax("1.2.840.10008.1.2.1.99");
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![0; 1 << 20];
    encoder.write_all(&[9, 0, 0x10, 0x10, b'O', b'B', 0, 0, 0, 0, 0, 0x7F]).unwrap();
    for _ in 0..2040 {
        encoder.write_all(&zeros).unwrap();
    }
    [file.file_meta(), encoder.finish().unwrap()].concat()
}

/// 100,000 frames that share functional groups with 100,000 elements.
fn lookups() -> Vec<u8> {
    let measures = (tags::PIXEL_SPACING, *b"DS", b"1\\1 ".to_vec());
    let shared = vec![measures; 100_000];
    image()
        .raw(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, *b"SQ", items(&[shared]))
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
        odd("Rows 0", number(tags::ROWS, 0), ""),
        odd("no Columns", missing(tags::COLUMNS), ""),
        odd("Samples per Pixel 0", number(tags::SAMPLES_PER_PIXEL, 0), ""),
        odd("Samples per Pixel 2", number(tags::SAMPLES_PER_PIXEL, 2), ""),
        odd("Samples per Pixel 4", number(tags::SAMPLES_PER_PIXEL, 4), ""),
        odd("Samples per Pixel 3 in grey", number(tags::SAMPLES_PER_PIXEL, 3), ""),
        odd("Bits Allocated 0", number(tags::BITS_ALLOCATED, 0), ""),
        odd("Bits Allocated 65535", number(tags::BITS_ALLOCATED, 65_535), ""),
        odd("Bits Stored 0", number(tags::BITS_STORED, 0), ""),
        odd("Bits Stored 17 of 16", number(tags::BITS_STORED, 17), ""),
        odd("High Bit 99", number(tags::HIGH_BIT, 99), ""),
        odd("no Bits Allocated", missing(tags::BITS_ALLOCATED), ""),
        odd("Rescale Slope 0", text(tags::RESCALE_SLOPE, "0"), ""),
        odd("Rescale Slope not a number", text(tags::RESCALE_SLOPE, "NaN"), ""),
        odd("Rescale Intercept infinite", text(tags::RESCALE_INTERCEPT, "1e999"), ""),
        odd("Rescale Slope in words", text(tags::RESCALE_SLOPE, "one"), ""),
        Case::of(
            "Window Width 0",
            &text(tags::WINDOW_WIDTH, "0").text(tags::WINDOW_CENTER, *b"DS", "40"),
            stored(),
        ),
        Case::of(
            "65,535 rows and columns in 24 bytes",
            &number(tags::ROWS, 65_535).number(tags::COLUMNS, 65_535),
            Undecodable(""),
        ),
        Case::of(
            "10,000 rows and columns in 24 bytes",
            &number(tags::ROWS, 10_000).number(tags::COLUMNS, 10_000),
            Undecodable(""),
        ),
    ]
}
