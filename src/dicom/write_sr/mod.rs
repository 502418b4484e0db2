//! Writes a content tree as a Comprehensive 3D SR (PS3.3 A.35.13). Knows nothing of what the
//! report says.

mod content;

use std::path::Path;

use dicom_core::VR;
use dicom_dictionary_std::{tags, uids};

use super::identity::Identity;
use super::uid::is_uid;
use super::write_object::{
    NewInstance, Object, WriteObjectError, put_identity, put_instance, save, sequence, text,
    text_if_any,
};
use crate::study::report::{ContentItem, EvidenceSeries};

/// A coding scheme that is not the standard's own (PS3.3 C.12.1, table C.12-1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodingScheme {
    /// Coding Scheme Designator.
    pub designator: &'static str,
    /// Coding Scheme UID.
    pub uid: &'static str,
    /// Coding Scheme Name.
    pub name: &'static str,
    /// Coding Scheme Responsible Organization.
    pub responsible: &'static str,
}

/// A report to write.
#[derive(Debug, Clone, Copy)]
pub struct ReportDocument<'a> {
    /// Patient and study it belongs to.
    pub identity: &'a Identity,
    /// What it becomes.
    pub new: &'a NewInstance,
    /// Its content, a container.
    pub root: &'a ContentItem,
    /// Images of the same study that it rests on.
    pub evidence: &'a [EvidenceSeries],
    /// Coding schemes it uses besides those of the standard.
    pub schemes: &'a [CodingScheme],
    /// Completion Flag: COMPLETE, otherwise PARTIAL.
    pub complete: bool,
}

/// Writes a report: preliminary, not verified.
pub fn write_sr(report: &ReportDocument<'_>, path: &Path) -> Result<(), WriteObjectError> {
    check(report).map_err(|reason| WriteObjectError::Content {
        path: path.to_owned(),
        reason,
    })?;
    let mut object = Object::new_empty();
    put_identity(&mut object, report.identity);
    put_instance(&mut object, report.new, uids::COMPREHENSIVE3_DSR_STORAGE);
    let completion = if report.complete {
        "COMPLETE"
    } else {
        "PARTIAL"
    };
    for (tag, vr, value) in [
        (tags::MODALITY, VR::CS, "SR"),
        (tags::PRELIMINARY_FLAG, VR::CS, "PRELIMINARY"),
        (tags::COMPLETION_FLAG, VR::CS, completion),
        (tags::VERIFICATION_FLAG, VR::CS, "UNVERIFIED"),
    ] {
        text(&mut object, tag, vr, value);
    }
    // Type 2: the plan was made outside any ordered procedure step.
    for tag in [
        tags::REFERENCED_PERFORMED_PROCEDURE_STEP_SEQUENCE,
        tags::PERFORMED_PROCEDURE_CODE_SEQUENCE,
    ] {
        sequence(&mut object, tag, Vec::new());
    }
    if !report.schemes.is_empty() {
        let items = report.schemes.iter().map(scheme).collect();
        sequence(
            &mut object,
            tags::CODING_SCHEME_IDENTIFICATION_SEQUENCE,
            items,
        );
    }
    if report
        .evidence
        .iter()
        .any(|series| !series.images.is_empty())
    {
        let tag = tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE;
        let study = evidence(report.identity, report.evidence);
        sequence(&mut object, tag, vec![study]);
    }
    content::put(&mut object, report.root);
    save(object, report.new, path)
}

/// What would make a report that says something wrong, or nothing at all.
fn check(report: &ReportDocument<'_>) -> Result<(), String> {
    let study = report.identity.study.as_str();
    if study.is_empty() {
        return Err("it has no Study Instance UID; open the images it belongs to".to_owned());
    }
    for series in report.evidence {
        for image in &series.images {
            if !is_uid(&image.sop_class) || image.instance.as_str().is_empty() {
                return Err(format!(
                    "image {:?} of series {} has no SOP class or instance UID; \
                     export the series again",
                    image.instance.as_str(),
                    series.series
                ));
            }
        }
    }
    content::check(report.root)
}

fn scheme(scheme: &CodingScheme) -> Object {
    let mut item = Object::new_empty();
    for (tag, vr, value) in [
        (tags::CODING_SCHEME_DESIGNATOR, VR::SH, scheme.designator),
        (tags::CODING_SCHEME_UID, VR::UI, scheme.uid),
        (tags::CODING_SCHEME_NAME, VR::ST, scheme.name),
        (
            tags::CODING_SCHEME_RESPONSIBLE_ORGANIZATION,
            VR::ST,
            scheme.responsible,
        ),
    ] {
        text_if_any(&mut item, tag, vr, value);
    }
    item
}

/// One item of evidence: the study with its series and images (PS3.3 table C.17-3).
fn evidence(identity: &Identity, all: &[EvidenceSeries]) -> Object {
    let series = all
        .iter()
        .filter(|series| !series.images.is_empty())
        .map(|series| {
            let images = series.images.iter().map(|image| {
                let instance = image.instance.as_str();
                content::referenced(&image.sop_class, instance)
            });
            let mut item = Object::new_empty();
            sequence(&mut item, tags::REFERENCED_SOP_SEQUENCE, images.collect());
            let uid = series.series.as_str();
            text(&mut item, tags::SERIES_INSTANCE_UID, VR::UI, uid);
            item
        });
    let mut study = Object::new_empty();
    sequence(
        &mut study,
        tags::REFERENCED_SERIES_SEQUENCE,
        series.collect(),
    );
    let uid = identity.study.as_str();
    text(&mut study, tags::STUDY_INSTANCE_UID, VR::UI, uid);
    study
}
