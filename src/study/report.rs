//! The content tree of a structured report as plain types (PS3.3 C.17.3).
//!
//! `dicom` reads and writes it, `export` says what it means.

use std::borrow::Cow;

use super::{FrameOfReferenceUid, InstanceUid, SeriesUid};
use crate::geometry::{Lps, Point};

/// A coded concept: value, scheme and meaning (PS3.3 8).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Code {
    /// Code Value, Long Code Value or URN Code Value.
    pub value: Cow<'static, str>,
    /// Coding Scheme Designator: `SCT`, `DCM`, `UCUM`, `99STYLET` …
    pub scheme: Cow<'static, str>,
    /// Code Meaning, for people.
    pub meaning: Cow<'static, str>,
}

impl Code {
    /// A code known when the program is built.
    pub const fn new(value: &'static str, scheme: &'static str, meaning: &'static str) -> Self {
        Self {
            value: Cow::Borrowed(value),
            scheme: Cow::Borrowed(scheme),
            meaning: Cow::Borrowed(meaning),
        }
    }

    /// A code made of text that is only known now.
    pub fn owned(value: String, scheme: &'static str, meaning: String) -> Self {
        Self {
            value: Cow::Owned(value),
            scheme: Cow::Borrowed(scheme),
            meaning: Cow::Owned(meaning),
        }
    }

    /// The same concept: value and scheme agree, whatever the meaning says.
    pub fn is(&self, other: &Self) -> bool {
        self.value == other.value && self.scheme == other.scheme
    }
}

/// What an item is to the one it stands in (PS3.3 C.17.3.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Relationship {
    /// CONTAINS.
    Contains,
    /// HAS OBS CONTEXT.
    HasObservationContext,
    /// HAS CONCEPT MOD.
    HasConceptModifier,
    /// HAS PROPERTIES.
    HasProperties,
    /// HAS ACQ CONTEXT.
    HasAcquisitionContext,
    /// INFERRED FROM.
    InferredFrom,
    /// SELECTED FROM.
    SelectedFrom,
}

impl Relationship {
    const ALL: [Self; 7] = [
        Self::Contains,
        Self::HasObservationContext,
        Self::HasConceptModifier,
        Self::HasProperties,
        Self::HasAcquisitionContext,
        Self::InferredFrom,
        Self::SelectedFrom,
    ];

    /// Its defined term.
    pub fn term(self) -> &'static str {
        match self {
            Self::Contains => "CONTAINS",
            Self::HasObservationContext => "HAS OBS CONTEXT",
            Self::HasConceptModifier => "HAS CONCEPT MOD",
            Self::HasProperties => "HAS PROPERTIES",
            Self::HasAcquisitionContext => "HAS ACQ CONTEXT",
            Self::InferredFrom => "INFERRED FROM",
            Self::SelectedFrom => "SELECTED FROM",
        }
    }

    /// The one of a term; `None` where the standard has none such.
    pub fn of_term(term: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.term() == term)
    }
}

/// Shape of three-dimensional coordinates (PS3.3 C.18.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Graphic3d {
    /// One point.
    Point,
    /// Several points that are not joined.
    Multipoint,
    /// Points joined by straight lines.
    Polyline,
    /// A closed plane polygon.
    Polygon,
    /// A plane ellipse.
    Ellipse,
    /// An ellipsoid.
    Ellipsoid,
}

impl Graphic3d {
    const ALL: [Self; 6] = [
        Self::Point,
        Self::Multipoint,
        Self::Polyline,
        Self::Polygon,
        Self::Ellipse,
        Self::Ellipsoid,
    ];

    /// Its defined term.
    pub fn term(self) -> &'static str {
        match self {
            Self::Point => "POINT",
            Self::Multipoint => "MULTIPOINT",
            Self::Polyline => "POLYLINE",
            Self::Polygon => "POLYGON",
            Self::Ellipse => "ELLIPSE",
            Self::Ellipsoid => "ELLIPSOID",
        }
    }

    /// The one of a term; `None` where the standard has none such.
    pub fn of_term(term: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.term() == term)
    }
}

/// Value of one content item.
#[derive(Debug, Clone, PartialEq)]
pub enum ContentValue {
    /// A heading: items stand in it.
    Container {
        /// Template Identifier in mapping resource DCMR, where the container is the root of one.
        template: Option<Cow<'static, str>>,
    },
    /// Text.
    Text(String),
    /// A code.
    Code(Code),
    /// A number and its unit; `None` where the report says that there is none.
    Number {
        /// The most precise form that the report holds.
        value: Option<f64>,
        /// UCUM unit.
        unit: Option<Code>,
    },
    /// A person name, components separated by `^`.
    PersonName(String),
    /// A unique identifier.
    Uid(String),
    /// An image, or another object.
    Reference {
        /// SOP Class UID.
        sop_class: String,
        /// SOP Instance UID.
        instance: InstanceUid,
    },
    /// Coordinates in patient space.
    Coordinates3d {
        /// Shape; `None` for one that the standard does not know.
        graphic: Option<Graphic3d>,
        /// LPS mm. As 32 bit floating point in the file.
        points: Vec<Point<Lps>>,
        /// Referenced Frame of Reference UID (3006,0024).
        frame_of_reference: FrameOfReferenceUid,
    },
    /// Coordinates on an image, in its pixels.
    Coordinates2d,
    /// Another kind of value, by its Value Type: `DATE`, `WAVEFORM`, or empty for a reference to
    /// another item.
    Other(String),
}

/// One item of a report and what stands in it.
#[derive(Debug, Clone, PartialEq)]
pub struct ContentItem {
    /// To the item it stands in; `None` at the root, and for terms the standard does not know.
    pub relationship: Option<Relationship>,
    /// What the value is: Concept Name.
    pub concept: Option<Code>,
    /// The value.
    pub value: ContentValue,
    /// Items in it, in order.
    pub children: Vec<Self>,
}

impl ContentItem {
    /// An item without others in it.
    pub fn new(relationship: Relationship, concept: Code, value: ContentValue) -> Self {
        Self {
            relationship: Some(relationship),
            concept: Some(concept),
            value,
            children: Vec::new(),
        }
    }

    /// The same with items in it.
    pub fn with(self, children: Vec<Self>) -> Self {
        Self { children, ..self }
    }

    /// The first item of a concept directly in it.
    pub fn child(&self, concept: &Code) -> Option<&Self> {
        self.children.iter().find(|item| item.names(concept))
    }

    /// Whether its concept name is this one.
    pub fn names(&self, concept: &Code) -> bool {
        self.concept.as_ref().is_some_and(|own| own.is(concept))
    }

    /// Its text, where it is text.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            ContentValue::Text(text) | ContentValue::Uid(text) => Some(text),
            _ => None,
        }
    }

    /// Its code, where it is one.
    pub fn code(&self) -> Option<&Code> {
        match &self.value {
            ContentValue::Code(code) => Some(code),
            _ => None,
        }
    }

    /// Its number, where it is one and the report states it.
    pub fn number(&self) -> Option<f64> {
        match &self.value {
            ContentValue::Number { value, .. } => *value,
            _ => None,
        }
    }
}

/// An image that a report rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct EvidenceImage {
    /// SOP Class UID.
    pub sop_class: String,
    /// SOP Instance UID.
    pub instance: InstanceUid,
    /// Image Position (Patient), LPS mm, where it is one slice with a place.
    pub position: Option<Point<Lps>>,
}

/// The images of one series that a report rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct EvidenceSeries {
    /// Series Instance UID.
    pub series: SeriesUid,
    /// Modality: `CT`, `MR` …
    pub modality: String,
    /// Rows and columns, where all images agree.
    pub size: Option<[usize; 2]>,
    /// Row and column spacing, mm, where all images agree.
    pub spacing_mm: Option<[f64; 2]>,
    /// Image Orientation (Patient), where all images agree.
    pub orientation: Option<[f64; 6]>,
    /// The images, in the order of the series.
    pub images: Vec<EvidenceImage>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_as_they_are_written() {
        for one in Relationship::ALL {
            assert_eq!(Relationship::of_term(one.term()), Some(one));
        }
        for one in Graphic3d::ALL {
            assert_eq!(Graphic3d::of_term(one.term()), Some(one));
        }
        assert_eq!(Relationship::of_term("HAS"), None);
    }

    #[test]
    fn a_concept_is_found_by_value_and_scheme() {
        let name = Code::new("112039", "DCM", "Tracking Identifier");
        let other = Code::new("112039", "99X", "Tracking Identifier");
        let item = ContentItem::new(
            Relationship::HasObservationContext,
            Code::owned("112039".to_owned(), "DCM", "in other words".to_owned()),
            ContentValue::Text("T1".to_owned()),
        );
        let group = ContentItem::new(
            Relationship::Contains,
            Code::new("125007", "DCM", "Measurement Group"),
            ContentValue::Container { template: None },
        )
        .with(vec![item]);
        assert_eq!(group.child(&name).and_then(ContentItem::text), Some("T1"));
        assert_eq!(group.child(&other), None);
    }
}
