//! X-ray angiographic images of the sample study whose C-arm stood elsewhere than their header says.

#![allow(
    dead_code,
    clippy::allow_attributes,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test program uses its own part, and may fail loudly anywhere"
)]

use std::ops::ControlFlow;
use std::path::Path;

use dicom_dictionary_std::tags;
use stylet::dicom;
use stylet::geometry::{
    CArmAngles, CArmPose, ConeBeam, Correction, Degrees, Lps, Point, Receptor, Vector,
};
use stylet::study::{Series, Study};
use stylet::volume::attenuation::{Attenuation, AttenuationModel};
use stylet::volume::drr::line_integrals;
use stylet::volume::load_volume;

use crate::dicom_file::DicomFile;

/// Pixels of a side, and mm between them on the receptor.
pub const SIDE: usize = 256;
pub const PIXEL_MM: f64 = 0.8;

/// The CT of a folder: its study, series and attenuation.
pub fn ct(folder: &Path) -> (Study, Series, Attenuation) {
    let report = dicom::scan(&[folder.to_owned()], &|_, _| ControlFlow::Continue(())).unwrap();
    let (study, series) = report.catalog.series().next().unwrap();
    let stack = series
        .stacks
        .iter()
        .position(|stack| stack.geometry.is_some())
        .unwrap();
    let (volume, _) = load_volume(series, stack).unwrap();
    let attenuation = Attenuation::of(&volume, AttenuationModel::default()).unwrap();
    (study.clone(), (**series).clone(), attenuation)
}

/// The beam that the header says: receptor behind a prone patient.
pub fn header_beam(isocenter: Point<Lps>) -> ConeBeam {
    CArmPose {
        angles: CArmAngles {
            primary: Degrees(180.0),
            secondary: Degrees(0.0),
        },
        isocenter,
        source_to_detector_mm: 1000.0,
        source_to_isocenter_mm: 700.0,
    }
    .beam()
    .unwrap()
}

/// How the C-arm really stood: turned by about 3.5° and shifted by about 8 mm.
pub fn displaced(pivot: Point<Lps>) -> Correction {
    Correction {
        pivot,
        rotation_rad: Vector::new(0.035, -0.03, 0.04),
        shift_mm: Vector::new(5.0, 3.0, -6.0),
    }
}

pub fn receptor() -> Receptor {
    Receptor::centered([SIDE, SIDE], PIXEL_MM)
}

/// A picture of the CT by a beam, in proportion to the intensity, with the geometry of
/// [`header_beam`] in its header, as a series of its own in the CT's study.
pub fn picture(study: &Study, attenuation: &Attenuation, beam: &ConeBeam) -> DicomFile {
    let integrals = line_integrals(attenuation, beam, &receptor(), &|| false).unwrap();
    let least = integrals.iter().copied().fold(f32::INFINITY, f32::min);
    let value = |integral: &f32| (60_000.0 * (least - integral).exp()).round() as u16;
    let pixels = integrals
        .iter()
        .flat_map(|integral| value(integral).to_le_bytes())
        .collect();
    let patient = &study.patient;
    DicomFile::empty("1.2.840.10008.5.1.4.1.1.12.1")
        .text(tags::SOP_INSTANCE_UID, *b"UI", "1.2.3.78.1")
        .text(tags::STUDY_INSTANCE_UID, *b"UI", study.uid.as_str())
        .text(tags::SERIES_INSTANCE_UID, *b"UI", "1.2.3.78")
        .text(tags::SERIES_NUMBER, *b"IS", "90")
        .text(tags::SERIES_DESCRIPTION, *b"LO", "Frontal")
        .text(tags::PATIENT_NAME, *b"PN", &patient.name)
        .text(tags::PATIENT_ID, *b"LO", &patient.id)
        .text(tags::MODALITY, *b"CS", "XA")
        .text(tags::PIXEL_INTENSITY_RELATIONSHIP, *b"CS", "LIN")
        .text(tags::PHOTOMETRIC_INTERPRETATION, *b"CS", "MONOCHROME2")
        .text(tags::IMAGER_PIXEL_SPACING, *b"DS", "0.8\\0.8")
        .text(tags::DISTANCE_SOURCE_TO_DETECTOR, *b"DS", "1000")
        .text(tags::DISTANCE_SOURCE_TO_PATIENT, *b"DS", "700")
        .text(tags::POSITIONER_PRIMARY_ANGLE, *b"DS", "180")
        .text(tags::POSITIONER_SECONDARY_ANGLE, *b"DS", "0")
        .number(tags::SAMPLES_PER_PIXEL, 1)
        .number(tags::ROWS, SIDE as u16)
        .number(tags::COLUMNS, SIDE as u16)
        .number(tags::BITS_ALLOCATED, 16)
        .number(tags::BITS_STORED, 16)
        .number(tags::HIGH_BIT, 15)
        .number(tags::PIXEL_REPRESENTATION, 0)
        .raw(tags::PIXEL_DATA, *b"OW", pixels)
}
