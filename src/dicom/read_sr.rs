//! Reads a structured report of any writer as a content tree (PS3.3 C.17.3).
//!
//! Tolerant: what an item lacks is absent in the tree, and no item makes the others unreadable.
//! `parse` bounds depth, lengths and memory; the count of items is bounded here.

use std::path::Path;

use dicom_dictionary_std::tags;
use dicom_object::Tag;

use super::charset::CharacterSet;
use super::elements::Elements;
use super::identity::{Identity, is_identifying};
use super::parse;
use super::source::ByteSource;
use super::wanted::Wanted;
use super::{DicomError, Problem};
use crate::geometry::{Lps, Point};
use crate::study::report::{Code, ContentItem, ContentValue, Graphic3d, Relationship};
use crate::study::{FrameOfReferenceUid, InstanceUid};

/// More items than any report has; a plan of a hundred needles has some thousand.
const MOST_ITEMS: usize = 200_000;

/// A report as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct StructuredReport {
    /// Patient and study; `None` where it names no study.
    pub identity: Option<Identity>,
    /// SOP Class UID.
    pub sop_class: String,
    /// SOP Instance UID.
    pub instance: InstanceUid,
    /// Completion Flag is COMPLETE.
    pub complete: bool,
    /// Verification Flag is VERIFIED.
    pub verified: bool,
    /// Its content.
    pub root: ContentItem,
}

const REPORT: Wanted = Wanted {
    is_value: is_report_value,
    is_sequence: is_report_sequence,
};

fn is_report_value(tag: Tag) -> bool {
    is_identifying(tag)
        || matches!(
            tag,
            tags::SOP_CLASS_UID
                | tags::SOP_INSTANCE_UID
                | tags::COMPLETION_FLAG
                | tags::VERIFICATION_FLAG
                | tags::RELATIONSHIP_TYPE
                | tags::VALUE_TYPE
                | tags::CODE_VALUE
                | tags::LONG_CODE_VALUE
                | tags::URN_CODE_VALUE
                | tags::CODING_SCHEME_DESIGNATOR
                | tags::CODE_MEANING
                | tags::TEXT_VALUE
                | tags::PERSON_NAME
                | tags::UID
                | tags::NUMERIC_VALUE
                | tags::FLOATING_POINT_VALUE
                | tags::REFERENCED_SOP_CLASS_UID
                | tags::REFERENCED_SOP_INSTANCE_UID
                | tags::GRAPHIC_TYPE
                | tags::GRAPHIC_DATA
                | tags::REFERENCED_FRAME_OF_REFERENCE_UID
                | tags::TEMPLATE_IDENTIFIER
        )
}

fn is_report_sequence(tag: Tag) -> bool {
    matches!(
        tag,
        tags::CONTENT_SEQUENCE
            | tags::CONCEPT_NAME_CODE_SEQUENCE
            | tags::CONCEPT_CODE_SEQUENCE
            | tags::MEASURED_VALUE_SEQUENCE
            | tags::MEASUREMENT_UNITS_CODE_SEQUENCE
            | tags::REFERENCED_SOP_SEQUENCE
            | tags::CONTENT_TEMPLATE_SEQUENCE
    )
}

/// Reads a report.
pub fn read_sr(path: &Path) -> Result<StructuredReport, DicomError> {
    let report = ByteSource::open(path)
        .map_err(Problem::from)
        .and_then(of_source);
    report.map_err(|problem| DicomError::File {
        path: path.to_owned(),
        problem,
    })
}

fn of_source(source: ByteSource) -> Result<StructuredReport, Problem> {
    let header = parse::parse_wanted(source, &REPORT)?.elements;
    let is_report = header.code(tags::VALUE_TYPE) == "CONTAINER"
        || header.get(tags::CONTENT_SEQUENCE).is_some();
    if !is_report {
        return Err(Problem::Unsupported(
            "not a structured report: it has no content; choose a DICOM SR file".to_owned(),
        ));
    }
    let mut reader = Reader {
        charset: CharacterSet::of(&header),
        left: MOST_ITEMS,
    };
    Ok(StructuredReport {
        identity: Identity::of(&header).ok(),
        sop_class: header.code(tags::SOP_CLASS_UID),
        instance: InstanceUid::new(&header.code(tags::SOP_INSTANCE_UID)),
        complete: header.code(tags::COMPLETION_FLAG) == "COMPLETE",
        verified: header.code(tags::VERIFICATION_FLAG) == "VERIFIED",
        root: reader.item(&header)?,
    })
}

struct Reader {
    charset: CharacterSet,
    left: usize,
}

impl Reader {
    fn item(&mut self, item: &Elements) -> Result<ContentItem, Problem> {
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            Problem::Damaged(format!(
                "it has more than {MOST_ITEMS} content items; export the report again"
            ))
        })?;
        let children = item.items(tags::CONTENT_SEQUENCE);
        Ok(ContentItem {
            relationship: Relationship::of_term(&item.code(tags::RELATIONSHIP_TYPE)),
            concept: self.code(item, tags::CONCEPT_NAME_CODE_SEQUENCE),
            value: self.value(item),
            children: children
                .iter()
                .map(|child| self.item(child))
                .collect::<Result<_, _>>()?,
        })
    }

    fn code(&self, item: &Elements, sequence: Tag) -> Option<Code> {
        let code = item.item(sequence)?;
        let value = [
            tags::CODE_VALUE,
            tags::LONG_CODE_VALUE,
            tags::URN_CODE_VALUE,
        ]
        .into_iter()
        .map(|tag| code.text(tag, &self.charset))
        .find(|value| !value.is_empty())?;
        Some(Code {
            value: value.into(),
            scheme: code
                .text(tags::CODING_SCHEME_DESIGNATOR, &self.charset)
                .into(),
            meaning: code.text(tags::CODE_MEANING, &self.charset).into(),
        })
    }

    fn value(&self, item: &Elements) -> ContentValue {
        let value_type = item.code(tags::VALUE_TYPE);
        let other = || ContentValue::Other(value_type.clone());
        match value_type.as_str() {
            "CONTAINER" => ContentValue::Container {
                template: item
                    .item(tags::CONTENT_TEMPLATE_SEQUENCE)
                    .map(|template| template.code(tags::TEMPLATE_IDENTIFIER).into()),
            },
            "TEXT" => ContentValue::Text(item.text(tags::TEXT_VALUE, &self.charset)),
            "CODE" => self
                .code(item, tags::CONCEPT_CODE_SEQUENCE)
                .map_or_else(other, ContentValue::Code),
            "NUM" => self.number(item),
            "PNAME" => {
                let bytes = item.bytes(tags::PERSON_NAME).unwrap_or_default();
                ContentValue::PersonName(self.charset.decode(bytes, true))
            }
            "UIDREF" => ContentValue::Uid(item.code(tags::UID)),
            "IMAGE" | "COMPOSITE" => {
                let referenced = item.item(tags::REFERENCED_SOP_SEQUENCE);
                let uid = |tag| referenced.map(|item| item.code(tag)).unwrap_or_default();
                ContentValue::Reference {
                    sop_class: uid(tags::REFERENCED_SOP_CLASS_UID),
                    instance: InstanceUid::new(&uid(tags::REFERENCED_SOP_INSTANCE_UID)),
                }
            }
            "SCOORD3D" => ContentValue::Coordinates3d {
                graphic: Graphic3d::of_term(&item.code(tags::GRAPHIC_TYPE)),
                points: points(item),
                frame_of_reference: FrameOfReferenceUid::new(
                    &item.code(tags::REFERENCED_FRAME_OF_REFERENCE_UID),
                ),
            },
            "SCOORD" => ContentValue::Coordinates2d,
            _ => other(),
        }
    }

    /// The double where there is one, else the decimal text.
    fn number(&self, item: &Elements) -> ContentValue {
        let measured = item.item(tags::MEASURED_VALUE_SEQUENCE);
        let number = |tag| measured?.number(tag).ok().flatten();
        ContentValue::Number {
            value: number(tags::FLOATING_POINT_VALUE).or_else(|| number(tags::NUMERIC_VALUE)),
            unit: measured.and_then(|item| self.code(item, tags::MEASUREMENT_UNITS_CODE_SEQUENCE)),
        }
    }
}

/// The points of Graphic Data; none where a number is not finite or one is missing.
fn points(item: &Elements) -> Vec<Point<Lps>> {
    let numbers = item.numbers(tags::GRAPHIC_DATA).ok().flatten();
    let numbers = numbers.unwrap_or_default();
    let (points, rest) = numbers.as_chunks::<3>();
    if !rest.is_empty() || !numbers.iter().all(|number| number.is_finite()) {
        return Vec::new();
    }
    points.iter().map(|point| Point::from(*point)).collect()
}
