//! Files with an expected result of their own.

use stylet::dicom::{decode_overlays, read_instance};

use super::collection::Collection;
use super::comparison::{decoded, hash};

/// Lossy JPEG of 12 bits in all its processes, and what DCMTK 3.6.7 decodes it to
/// (`dcmdjpeg +cn`): few decoders read it, and ours has the same integer arithmetic.
const LOSSY_12_BIT: [(&str, &str); 9] = [
    (
        "cornerstone3D/CT0012.fragmented_no_bot_jpeg_baseline.51.dcm",
        "a62ceec7a17a",
    ),
    (
        "cornerstone3D/CTImage.dcm_JPEGProcess2_4TransferSyntax_1.2.840.10008.1.2.4.51.dcm",
        "85e3b617e00d",
    ),
    (
        "cornerstone3D/CTImage.dcm_JPEGProcess6_8TransferSyntax_1.2.840.10008.1.2.4.53.dcm",
        "85e3b617e00d",
    ),
    (
        "cornerstone3D/CTImage.dcm_JPEGProcess10_12TransferSyntax_1.2.840.10008.1.2.4.55.dcm",
        "85e3b617e00d",
    ),
    (
        "dcm4che/dcm4che-test-data/src/main/resources/NM1_JPLY",
        "d30242775a41",
    ),
    (
        "orthanc-tests/TransferSyntaxes/1.2.840.10008.1.2.4.51.dcm",
        "5da33a3a0886",
    ),
    (
        "robyoung_dicom-test-files_WG04/JPLY/MR2_JPLY",
        "4454a6f4a51e",
    ),
    (
        "robyoung_dicom-test-files_WG04/JPLY/MR4_JPLY",
        "05ea6ae7a49c",
    ),
    (
        "robyoung_dicom-test-files_WG04/JPLY/XA1_JPLY",
        "d5f60be5c70a",
    ),
];

fn collection() -> Option<Collection> {
    Collection::find("STYLET_TEST_DATA", "../shared/data/real")
}

#[test]
fn lossy_jpeg_of_12_bits_equals_dcmtk() {
    let Some(collection) = collection() else {
        return;
    };
    for (path, expected) in LOSSY_12_BIT {
        let samples = decoded(&collection.folder.join(path)).unwrap();
        assert_eq!(hash(&samples, false), expected, "{path}");
    }
}

/// Overlay planes in unused bits (counted by hand from the words of the file) and in elements of
/// their own (pydicom's `overlay_array`).
#[test]
fn overlays_have_as_many_pixels_as_an_independent_reader_finds() {
    let Some(collection) = collection() else {
        return;
    };
    let path = collection
        .folder
        .join("weasis-dicom-tools/org/dcm4che3/img/overlay.dcm");
    let instance = read_instance(&path).unwrap();
    let overlays = decode_overlays(&instance, 0).unwrap();
    let drawn: Vec<_> = overlays
        .iter()
        .map(|overlay| (overlay.group, overlay.drawn_pixels()))
        .collect();
    assert_eq!(
        drawn,
        [(0x6000, 532), (0x6002, 537), (0x6004, 603), (0x6006, 606)]
    );
}
