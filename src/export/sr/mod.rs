//! A plan as a DICOM structured report: Comprehensive 3D SR, template TID 1500 of PS3.16, and
//! back. `docs/exports.md` shows the tree.

mod codes;
mod content;
mod import;
mod needle_group;

use std::path::Path;

use thiserror::Error;

pub use import::import_sr;

use crate::dicom::uid::new_uid;
use crate::dicom::write_object::{NewInstance, WriteObjectError};
use crate::dicom::write_sr::{ReportDocument, write_sr};
use crate::export::record::PlanRecord;
use crate::study::{InstanceUid, SeriesUid};

/// Series Number of reports; far from those of scanners.
const SERIES_NUMBER: u32 = 9101;

/// Why a plan was not written as a report.
#[derive(Debug, Error)]
pub enum PlanSrError {
    /// There is nobody it could belong to.
    #[error(
        "A DICOM report belongs to a study, and no study is open; open the images the plan was \
         drawn on, then export"
    )]
    NoStudy,
    /// Its points lie nowhere.
    #[error(
        "The images have no Frame of Reference UID, so that a DICOM report cannot say where its \
         points lie; export markups or a table instead"
    )]
    NoFrameOfReference,
    /// The open images are in another frame of reference than the plan.
    #[error(
        "The plan lies in frame of reference {plan}, the open images in {images}; open the \
         images the plan was drawn on"
    )]
    OtherFrameOfReference {
        /// Of the plan.
        plan: String,
        /// Of the images.
        images: String,
    },
    /// It would be empty.
    #[error("The plan has no needle with both an entry and a target; place them, then export")]
    NoNeedle,
    /// Writing failed.
    #[error(transparent)]
    Write(#[from] WriteObjectError),
}

/// Writes the plan as a report of a series of its own in the study of the images.
pub fn export_sr(record: &PlanRecord, path: &Path) -> Result<NewInstance, PlanSrError> {
    let identity = record.identity.as_ref().ok_or(PlanSrError::NoStudy)?;
    let frame = record.frame_of_reference.as_ref();
    let frame = frame
        .filter(|frame| !frame.as_str().is_empty())
        .ok_or(PlanSrError::NoFrameOfReference)?;
    if let Some(images) = &identity.frame_of_reference
        && images != frame
    {
        return Err(PlanSrError::OtherFrameOfReference {
            plan: frame.to_string(),
            images: images.to_string(),
        });
    }
    if record.needles.is_empty() {
        return Err(PlanSrError::NoNeedle);
    }
    let new = NewInstance {
        series: SeriesUid(new_uid()),
        series_number: SERIES_NUMBER,
        series_description: "Stylet needle plan".to_owned(),
        instance: InstanceUid(new_uid()),
        instance_number: 1,
        made: record.made.clone(),
    };
    let root = content::of(record, frame);
    let document = ReportDocument {
        identity,
        new: &new,
        root: &root,
        evidence: &record.evidence,
        schemes: &[codes::OWN_SCHEME],
        complete: record.complete,
    };
    write_sr(&document, path)?;
    Ok(new)
}
