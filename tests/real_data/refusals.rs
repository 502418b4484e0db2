//! Images of the collections that are not read, each for its reason.

/// End of the path, part of the message, and why it cannot be read.
const LIST: &[(&str, &str, &str)] = &[
    (
        "3gb-bulk-data-truncated",
        "Bits Stored (0028,0101) is \"16\"",
        "16 bits in 8, and 3 GB of pixel data in a file of a few kilobytes",
    ),
    (
        "Benchmark/Data/multiframe.dcm",
        "frame 14 does not decode",
        "the stream of this frame is smaller than the image; the other frames are read",
    ),
    (
        "GH1146.dcm",
        "holds 0 of 524288 bytes",
        "the pixel data is empty",
    ),
    (
        "GH340.dcm",
        "Bits Allocated (0028,0100)",
        "12 bits allocated, of 1985",
    ),
    (
        "genFile.dcm",
        "does not decode",
        "the fragment is no JPEG stream",
    ),
    (
        "2026-05-06-Deeply-Nested-Sequence.dcm",
        "nest more than 64 deep",
        "made to overflow the stack of readers",
    ),
    (
        "oob-monochrome-46341.dcm",
        "larger than Stylet reads",
        "2 billion pixels in 10 kB",
    ),
    (
        "oob-monochrome-65535.dcm",
        "larger than Stylet reads",
        "4 billion pixels in 1 kB",
    ),
    (
        "MR_truncated.dcm",
        "holds 8130 of 8192 bytes",
        "the file ends before its image",
    ),
    (
        "JPEG2000-embedded-sequence-delimiter.dcm",
        "the stream is",
        "something else stands where the size of the image should",
    ),
    (
        "meta_missing_tsyntax.dcm",
        "Bits Allocated (0028,0100) is missing",
        "no image",
    ),
    (
        "nested_priv_SQ.dcm",
        "Bits Allocated (0028,0100) is missing",
        "no image",
    ),
];

/// Why a file is refused, if it is in the list.
pub fn why(path: &str, message: &str) -> Option<&'static str> {
    let found = LIST
        .iter()
        .find(|(file, part, _)| path.ends_with(file) && message.contains(part));
    found.map(|(_, _, why)| *why)
}
