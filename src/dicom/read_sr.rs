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
    value: is_report_value,
    sequence: is_report_sequence,
    longest_value: 1 << 20,
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
    let header = parse::parse_wanted(source, REPORT)?.elements;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dicom::identity::Identity;
    use crate::dicom::uid::new_uid;
    use crate::dicom::write_object::{Moment, NewInstance};
    use crate::dicom::write_sr::{ReportDocument, write_sr};
    use crate::study::{SeriesUid, StudyUid};

    fn item(relationship: Option<Relationship>, value: ContentValue) -> ContentItem {
        ContentItem {
            relationship,
            concept: Some(Code::new("a-code-of-more-than-16", "99X", "Größe")),
            value,
            children: Vec::new(),
        }
    }

    fn tree() -> ContentItem {
        let contains = Some(Relationship::Contains);
        let template = Some("1500".into());
        let graphic = ContentValue::Coordinates3d {
            graphic: Some(Graphic3d::Polyline),
            points: vec![Point::new(0.5, -2.0, 3.25), Point::new(1.0, 2.0, 3.0)],
            frame_of_reference: FrameOfReferenceUid::new("2.25.3"),
        };
        let number = |value| ContentValue::Number {
            value,
            unit: value.map(|_| Code::new("mm", "UCUM", "mm")),
        };
        let inferred = item(Some(Relationship::InferredFrom), graphic);
        let reference = ContentValue::Reference {
            sop_class: "1.2.840.10008.5.1.4.1.1.2".to_owned(),
            instance: InstanceUid::new("2.25.4.1"),
        };
        let code = Code::new("L4-L5", "99X", "L4-5");
        item(None, ContentValue::Container { template }).with(vec![
            item(contains, number(Some(1.0 / 3.0))).with(vec![inferred]),
            item(contains, number(None)),
            item(contains, ContentValue::Text("a \\ \"b\" 漢字".to_owned())),
            item(contains, ContentValue::Code(code)),
            item(contains, ContentValue::PersonName("Ä^Ö=漢^字".to_owned())),
            item(contains, ContentValue::Uid("2.25.7".to_owned())),
            item(contains, reference),
        ])
    }

    fn write(root: &ContentItem, path: &Path) -> Result<(), String> {
        let new = NewInstance {
            series: SeriesUid(new_uid()),
            series_number: 1,
            series_description: "Test".to_owned(),
            instance: InstanceUid(new_uid()),
            instance_number: 1,
            made: Moment::now(),
        };
        let document = ReportDocument {
            identity: &Identity::of_study(StudyUid::new("2.25.1")),
            new: &new,
            root,
            evidence: &[],
            schemes: &[],
            complete: true,
        };
        write_sr(&document, path).map_err(|error| error.to_string())
    }

    #[test]
    fn a_tree_comes_back_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.dcm");
        write(&tree(), &path).unwrap();
        let report = read_sr(&path).unwrap();
        assert_eq!(report.root, tree());
        assert!(report.complete && !report.verified);
        assert_eq!(report.identity.unwrap().study.as_str(), "2.25.1");
    }

    #[test]
    fn a_file_cut_off_anywhere_is_an_error_or_a_shorter_tree() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.dcm");
        write(&tree(), &path).unwrap();
        let whole = std::fs::read(&path).unwrap();
        let mut refused = 0;
        for length in 0..whole.len() {
            let source = ByteSource::from_memory(whole[..length].to_vec());
            refused += usize::from(of_source(source).is_err());
        }
        assert!(refused > whole.len() / 2, "{refused} of {}", whole.len());
    }

    #[test]
    fn what_no_reader_would_understand_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.dcm");
        let contains = Some(Relationship::Contains);
        let unplaced = |points, frame: &str| ContentValue::Coordinates3d {
            graphic: Some(Graphic3d::Point),
            points,
            frame_of_reference: FrameOfReferenceUid::new(frame),
        };
        let number = |value, unit| ContentValue::Number {
            value: Some(value),
            unit,
        };
        let mm = || Some(Code::new("mm", "UCUM", "mm"));
        for (value, told) in [
            (number(f64::NAN, mm()), "not a finite number"),
            (number(1.0, None), "no unit"),
            (unplaced(vec![], "1"), "not placed"),
            (
                unplaced(vec![Point::new(f64::INFINITY, 0., 0.)], "1"),
                "not placed",
            ),
            (
                unplaced(vec![Point::new(0., 0., 0.)], ""),
                "Frame of Reference",
            ),
            (ContentValue::Coordinates2d, "not written"),
        ] {
            let root = tree().with(vec![item(contains, value)]);
            let error = write(&root, &path).unwrap_err();
            assert!(error.contains(told) && error.contains("Größe"), "{error}");
            assert!(!path.exists());
        }
    }

    #[test]
    fn an_image_is_no_report() {
        let source = ByteSource::from_memory(b"\x08\0\x60\0CS\x02\0CT".to_vec());
        let error = of_source(source).unwrap_err().to_string();
        assert!(error.contains("not a structured report"), "{error}");
    }
}
