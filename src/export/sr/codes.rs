//! Concepts of the report. Numbers in parentheses are those of PS3.16 Annex D unless a scheme is
//! named.

use crate::dicom::write_sr::CodingScheme;
pub(super) use crate::export::quantity::SCHEME;
use crate::study::report::Code;

const fn dcm(value: &'static str, meaning: &'static str) -> Code {
    Code::new(value, "DCM", meaning)
}

const fn own(value: &'static str, meaning: &'static str) -> Code {
    Code::new(value, SCHEME, meaning)
}

/// Who defines the codes that no standard has.
pub(super) const OWN_SCHEME: CodingScheme = CodingScheme {
    designator: SCHEME,
    uid: "2.25.121265133884283218443767465909804563073",
    name: "Stylet needle planning codes",
    responsible: "Stylet",
};

/// Device Observer UID: every copy of the program is the same device.
pub(super) const STYLET_UID: &str = "2.25.18928506497612762390303042182809041277";

pub(super) const REPORT: Code = dcm("126000", "Imaging Measurement Report");
pub(super) const LANGUAGE: Code = dcm("121049", "Language of Content Item and Descendants");
pub(super) const ENGLISH: Code = Code::new("en", "RFC5646", "English");
pub(super) const OBSERVER_TYPE: Code = dcm("121005", "Observer Type");
pub(super) const PERSON: Code = dcm("121006", "Person");
pub(super) const DEVICE: Code = dcm("121007", "Device");
pub(super) const PERSON_NAME: Code = dcm("121008", "Person Observer Name");
pub(super) const DEVICE_UID: Code = dcm("121012", "Device Observer UID");
pub(super) const DEVICE_NAME: Code = dcm("121013", "Device Observer Name");
pub(super) const DEVICE_MANUFACTURER: Code = dcm("121014", "Device Observer Manufacturer");
pub(super) const DEVICE_MODEL: Code = dcm("121015", "Device Observer Model Name");
pub(super) const PROCEDURE_REPORTED: Code = dcm("121058", "Procedure reported");
pub(super) const IMAGE_LIBRARY: Code = dcm("111028", "Image Library");
pub(super) const LIBRARY_GROUP: Code = dcm("126200", "Image Library Group");
pub(super) const LIBRARY_ENTRY: Code = Code::new("260753009", "SCT", "Source");
pub(super) const MODALITY: Code = dcm("121139", "Modality");
pub(super) const FRAME_OF_REFERENCE: Code = dcm("112227", "Frame of Reference UID");
pub(super) const ROWS: Code = dcm("110910", "Pixel Data Rows");
pub(super) const COLUMNS: Code = dcm("110911", "Pixel Data Columns");
pub(super) const COLUMN_SPACING: Code = dcm("111026", "Horizontal Pixel Spacing");
pub(super) const ROW_SPACING: Code = dcm("111066", "Vertical Pixel Spacing");
pub(super) const POSITION: [Code; 3] = [
    dcm("110901", "Image Position (Patient) X"),
    dcm("110902", "Image Position (Patient) Y"),
    dcm("110903", "Image Position (Patient) Z"),
];
pub(super) const ORIENTATION: [Code; 6] = [
    dcm("110904", "Image Orientation (Patient) Row X"),
    dcm("110905", "Image Orientation (Patient) Row Y"),
    dcm("110906", "Image Orientation (Patient) Row Z"),
    dcm("110907", "Image Orientation (Patient) Column X"),
    dcm("110908", "Image Orientation (Patient) Column Y"),
    dcm("110909", "Image Orientation (Patient) Column Z"),
];
pub(super) const PIXELS: Code = Code::new("{pixels}", "UCUM", "pixels");
pub(super) const COSINE: Code = Code::new("{-1:1}", "UCUM", "{-1:1}");
pub(super) const MEASUREMENTS: Code = dcm("126010", "Imaging Measurements");
pub(super) const GROUP: Code = dcm("125007", "Measurement Group");
pub(super) const TRACKING_ID: Code = dcm("112039", "Tracking Identifier");
pub(super) const TRACKING_UID: Code = dcm("112040", "Tracking Unique Identifier");
pub(super) const FINDING: Code = dcm("121071", "Finding");
pub(super) const FINDING_SITE: Code = Code::new("363698007", "SCT", "Finding Site");
pub(super) const LATERALITY: Code = Code::new("272741003", "SCT", "Laterality");
pub(super) const SPINE: Code = Code::new("421060004", "SCT", "Spine");
pub(super) const SOURCE: Code = Code::new("260753009", "SCT", "Source");
pub(super) const QUALITATIVE: Code = Code::new("C0034375", "UMLS", "Qualitative Evaluations");
pub(super) const COMMENT: Code = dcm("121106", "Comment");

pub(super) const NEEDLE_PATH: Code = own("planned-needle", "Planned needle trajectory");
pub(super) const ENTRY: Code = own("entry-point", "Entry point, distance from the entry");
pub(super) const TARGET: Code = own("target-point", "Target point, distance from the entry");
pub(super) const ENTRY_EXACT: Code = own("entry-lps-mm", "Entry point, LPS mm as decimal text");
pub(super) const TARGET_EXACT: Code = own("target-lps-mm", "Target point, LPS mm as decimal text");
pub(super) const CLEARANCE: Code = own("clearance", "Clearance from the shaft surface");
pub(super) const CLEARANCE_DEPTH: Code = own("clearance-depth", "Depth of the smallest clearance");
pub(super) const PROCEDURE: Code = own("procedure", "Planned procedure");
pub(super) const PROCEDURE_ID: Code = own("procedure-id", "Id of the planned procedure");
pub(super) const LEVEL: Code = own("level", "Spinal level");
pub(super) const NEEDLE: Code = own("needle", "Needle");
pub(super) const NEEDLE_ID: Code = own("needle-id", "Id of the needle");
pub(super) const PATIENT_POSITION: Code = own("patient-position", "Patient position declared");
/// Attribute of a structure that is named but not coded.
pub(super) const STRUCTURE_NAME: Code = own("structure", "Structure");

/// The imaging procedure of a modality (PS3.16 CID 100 and its like).
pub(super) fn imaging_procedure(modality: &str) -> Code {
    match modality {
        "CT" => Code::new("77477000", "SCT", "Computed tomography"),
        "MR" => Code::new("113091000", "SCT", "Magnetic resonance imaging"),
        "XA" | "RF" => Code::new("44491008", "SCT", "Fluoroscopy"),
        _ => Code::new("363679005", "SCT", "Imaging procedure"),
    }
}

/// A modality as a code (CID 29, whose values are those of Modality).
pub(super) fn modality(modality: &str) -> Code {
    let meaning = match modality {
        "CT" => "Computed Tomography",
        "MR" => "Magnetic Resonance",
        "XA" => "X-Ray Angiography",
        "RF" => "Radiofluoroscopy",
        other => other,
    };
    Code {
        value: modality.to_owned().into(),
        scheme: "DCM".into(),
        meaning: meaning.to_owned().into(),
    }
}
