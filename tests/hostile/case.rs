//! One hand-made file and what must become of it.

use std::ops::ControlFlow;
use std::path::Path;

use dicom_dictionary_std::tags;
use stylet::dicom::{ImportReport, decode_frame, scan};
use stylet::study::{Instance, Samples, WarningCode};

use crate::dicom_file::DicomFile;

/// A hand-made file and what must become of it.
pub struct Case {
    /// What is wrong with it.
    pub name: &'static str,
    /// The whole file.
    pub bytes: Vec<u8>,
    /// What must become of it.
    pub expect: Expect,
}

/// What must become of a file. Messages are complete, without the path; `…` stands for any
/// words.
pub enum Expect {
    /// Not DICOM at all, or nothing in it: left out with this reason.
    Rejected(&'static str),
    /// Listed, but its first frame does not decode, with this message.
    Undecodable(&'static str),
    /// The first frame has these values.
    Values(Samples),
    /// It opens, its first frame decodes, and its only stack has this message.
    Opens(&'static str),
    /// The same where nothing says how the file is encoded, and that is said.
    Guessed(Samples),
    /// It opens with the values of [`stored`] and this message.
    Told(&'static str),
    /// A picture without a place in the patient, because of this; the first frame has these values.
    Picture(&'static str, Samples),
}

pub use Expect::{Guessed, Opens, Picture, Rejected, Told, Undecodable, Values};

/// What is said of a file without a transfer syntax.
const GUESSED: &str = "In 1 file, the file does not say how it is encoded; this was found from its \
     bytes. Send the series again from the archive if a picture looks wrong.";

impl Case {
    pub fn new(name: &'static str, bytes: Vec<u8>, expect: Expect) -> Self {
        Self {
            name,
            bytes,
            expect,
        }
    }

    /// From a file whose length fields are right.
    pub fn of(name: &'static str, file: &DicomFile, expect: Expect) -> Self {
        Self::new(name, file.bytes(), expect)
    }

    /// What is wrong with what became of the file at `path`, and the message there was.
    pub fn check(&self, path: &Path) -> (Option<String>, String) {
        let outcome = Outcome::of(path);
        let message = outcome.message();
        let right = match (&self.expect, &outcome) {
            (Rejected(expected), Outcome::Rejected(message))
            | (Undecodable(expected), Outcome::Undecodable(message)) => {
                // What a codec says in between is its own affair.
                let (start, end) = expected.split_once('…').unwrap_or((expected, ""));
                let whole = start == *expected;
                message.starts_with(start) && message.ends_with(end) && (!whole || message == start)
            }
            (Values(expected), Outcome::Decoded(values, warnings)) => {
                values == expected && warnings.is_empty()
            }
            (Guessed(expected), Outcome::Decoded(values, warnings)) => {
                values == expected && *warnings == [GUESSED]
            }
            (Told(message), Outcome::Decoded(values, warnings)) => {
                *values == Samples::I16(STORED.to_vec()) && warnings == &[*message]
            }
            (Opens(message), Outcome::Decoded(_, warnings)) => warnings == &[*message],
            (Picture(warning, expected), Outcome::Decoded(values, warnings)) => {
                let says = format!(
                    "These are pictures without positions and planes, not to plan on: {warning}."
                );
                values == expected && *warnings == [says]
            }
            _ => false,
        };
        let fault = (!right).then(|| format!("{}: {outcome:?}", self.name));
        (fault, message)
    }
}

#[derive(Debug)]
enum Outcome {
    Rejected(String),
    Undecodable(String),
    Decoded(Samples, Vec<String>),
}

impl Outcome {
    fn of(path: &Path) -> Self {
        let report = match scan(&[path.to_owned()], &|_, _| ControlFlow::Continue(())) {
            Ok(report) => report,
            Err(error) => return Self::Rejected(without_path(&error.to_string(), path)),
        };
        if let Some(rejected) = report.rejected.first() {
            return Self::Rejected(rejected.reason.clone());
        }
        let instance = only_instance(&report);
        let warnings = report.catalog.studies[0].series[0]
            .stacks
            .iter()
            .flat_map(|stack| &stack.warnings)
            .filter(|warning| warning.code != WarningCode::Lossy)
            .map(|warning| warning.message.clone())
            .collect();
        match decode_frame(instance, 0) {
            Ok(frame) => Self::Decoded(frame.samples, warnings),
            Err(error) => Self::Undecodable(without_path(&error.to_string(), path)),
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Rejected(message) | Self::Undecodable(message) => message.clone(),
            Self::Decoded(_, warnings) if warnings.is_empty() => "opens".to_owned(),
            Self::Decoded(_, warnings) => format!("opens; {}", warnings.join(" ")),
        }
    }
}

fn only_instance(report: &ImportReport) -> &Instance {
    &report.catalog.studies[0].series[0].instances[0]
}

fn without_path(message: &str, path: &Path) -> String {
    message
        .replace(&path.display().to_string(), "FILE")
        .replace("FILE: ", "")
}

/// Stored values of [`image`].
pub const STORED: [i16; 12] = [-1000, -3, -2, -1, 0, 1, 2, 3, 100, 1000, 2000, 3071];

/// A good CT slice of 4 rows × 3 columns.
pub fn image() -> DicomFile {
    DicomFile::slice(1, 1, 0.0, 0).pixels(&STORED)
}

/// The same of a file whose encoding had to be found from its bytes.
pub fn guessed() -> Expect {
    Guessed(Samples::I16(STORED.to_vec()))
}

/// Its values.
pub fn stored() -> Expect {
    Values(Samples::I16(STORED.to_vec()))
}

/// An image of another pixel format, without place in the patient.
pub fn picture(rows: u16, columns: u16, bits: [u16; 3], signed: bool) -> DicomFile {
    let [allocated, stored, high] = bits;
    DicomFile::slice(1, 1, 0.0, 0)
        .text(tags::MODALITY, *b"CS", "OT")
        .without(tags::IMAGE_POSITION_PATIENT)
        .without(tags::IMAGE_ORIENTATION_PATIENT)
        .without(tags::PIXEL_SPACING)
        .without(tags::RESCALE_INTERCEPT)
        .without(tags::RESCALE_SLOPE)
        .number(tags::ROWS, rows)
        .number(tags::COLUMNS, columns)
        .number(tags::BITS_ALLOCATED, allocated)
        .number(tags::BITS_STORED, stored)
        .number(tags::HIGH_BIT, high)
        .number(tags::PIXEL_REPRESENTATION, u16::from(signed))
}

/// The same in colour, 8 bits a sample.
pub fn color(rows: u16, columns: u16, photometric: &str) -> DicomFile {
    picture(rows, columns, [8, 8, 7], false)
        .number(tags::SAMPLES_PER_PIXEL, 3)
        .number(tags::PLANAR_CONFIGURATION, 0)
        .text(tags::PHOTOMETRIC_INTERPRETATION, *b"CS", photometric)
}

/// Bytes written as hexadecimal digits.
pub fn hex(digits: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    let digits: Vec<u8> = digits
        .bytes()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    let (pairs, _) = digits.as_chunks::<2>();
    pairs
        .iter()
        .map(|[a, b]| digit(*a) << 4 | digit(*b))
        .collect()
}
