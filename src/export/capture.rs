//! Pictures of a plan as DICOM Secondary Capture images: one series in the study of the images.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::record::PlanRecord;
use crate::dicom::uid::new_uid;
use crate::dicom::write_object::{NewInstance, WriteObjectError};
use crate::dicom::write_secondary_capture::{SecondaryCapture, write_secondary_capture};
use crate::study::{InstanceUid, SeriesUid};

/// Series Number of pictures; far from those of scanners, after that of reports.
const SERIES_NUMBER: u32 = 9102;

/// A picture in memory.
#[derive(Debug, Clone, Copy)]
pub struct Picture<'a> {
    /// What it shows: `Axial through the needle`.
    pub title: &'a str,
    /// Columns and rows.
    pub size: [usize; 2],
    /// Red, green and blue, 8 bits each, pixel by pixel, row by row.
    pub rgb: &'a [u8],
    /// Text in it tells who the patient is. Draw it without, where the record is anonymous.
    pub tells_patient: bool,
}

/// Why pictures were not written.
#[derive(Debug, Error)]
pub enum CaptureError {
    /// There is nobody they could belong to.
    #[error(
        "DICOM pictures belong to a study, and no study is open; open the images the plan was \
         drawn on, or save the pictures as PNG"
    )]
    NoStudy,
    /// A picture would undo what the person asked for.
    #[error(
        "The picture {0:?} has the patient's name in it and the export is anonymous; hide the \
         name, then export"
    )]
    TellsPatient(String),
    /// Writing failed.
    #[error(transparent)]
    Write(#[from] WriteObjectError),
}

/// Writes `picture-01.dcm` and so on into an existing folder.
pub fn export_captures(
    record: &PlanRecord,
    pictures: &[Picture<'_>],
    folder: &Path,
) -> Result<Vec<PathBuf>, CaptureError> {
    let identity = record.identity.as_ref().ok_or(CaptureError::NoStudy)?;
    let anonymous = !identity.deidentification.is_empty();
    if let Some(picture) = pictures.iter().find(|one| anonymous && one.tells_patient) {
        return Err(CaptureError::TellsPatient(picture.title.to_owned()));
    }
    let series = SeriesUid(new_uid());
    let write = |(number, picture): (u32, &Picture<'_>)| {
        let path = folder.join(format!("picture-{number:02}.dcm"));
        let new = NewInstance {
            series: series.clone(),
            series_number: SERIES_NUMBER,
            series_description: "Stylet pictures".to_owned(),
            instance: InstanceUid(new_uid()),
            instance_number: number,
            made: record.made.clone(),
        };
        let capture = SecondaryCapture {
            identity,
            new: &new,
            size: picture.size,
            rgb: picture.rgb,
            tells_patient: picture.tells_patient,
            derivation: picture.title,
            sources: &record.evidence,
        };
        write_secondary_capture(&capture, &path)?;
        Ok(path)
    };
    (1..).zip(pictures).map(write).collect()
}
