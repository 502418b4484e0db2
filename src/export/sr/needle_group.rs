//! What one of our own measurement groups says of its needle.

use super::codes;
use crate::export::quantity::{NamedQuantity, Quantity, SCHEME, Unit};
use crate::export::record::ProcedureRecord;
use crate::geometry::{Lps, Point};
use crate::study::report::{Code, ContentItem, ContentValue, Graphic3d};
use crate::study::{FrameOfReferenceUid, Side};

/// Farthest that coordinates of 32 bits may lie from the text they were written with, mm.
const ROUNDING_MM: f64 = 2e-3;

pub(super) fn is_needle(group: &ContentItem) -> bool {
    let finding = group.child(&codes::FINDING).and_then(ContentItem::code);
    finding.is_some_and(|code| code.is(&codes::NEEDLE_PATH))
}

/// Its tracking identifier, else what was found.
pub(super) fn group_name(group: &ContentItem) -> String {
    let text = group.child(&codes::TRACKING_ID).and_then(ContentItem::text);
    let finding = || group.child(&codes::FINDING)?.code();
    match text.filter(|text| !text.trim().is_empty()) {
        Some(text) => text.to_owned(),
        None => finding()
            .map(|code| code.meaning.to_string())
            .unwrap_or_default(),
    }
}

/// The polyline of two points under any of the numbers.
pub(super) fn path_of(group: &ContentItem) -> Option<([Point<Lps>; 2], FrameOfReferenceUid)> {
    let mut graphics = group.children.iter().flat_map(|item| &item.children);
    graphics.find_map(|item| match &item.value {
        ContentValue::Coordinates3d {
            graphic: Some(Graphic3d::Polyline),
            points,
            frame_of_reference,
        } => {
            let ends = <[Point<Lps>; 2]>::try_from(points.as_slice()).ok()?;
            Some((ends, frame_of_reference.clone()))
        }
        _ => None,
    })
}

pub(super) fn exact_ends(group: &ContentItem) -> Option<[Point<Lps>; 2]> {
    let point = |concept: &Code| {
        let numbers = group.child(concept)?.text()?.split_whitespace();
        let numbers: Vec<f64> = numbers.map_while(|number| number.parse().ok()).collect();
        <[f64; 3]>::try_from(numbers).ok().map(Point::from)
    };
    Some([point(&codes::ENTRY_EXACT)?, point(&codes::TARGET_EXACT)?])
}

pub(super) fn agree(exact: [Point<Lps>; 2], rounded: [Point<Lps>; 2]) -> bool {
    exact
        .iter()
        .zip(rounded)
        .all(|(exact, rounded)| exact.is_finite() && exact.distance(rounded) <= ROUNDING_MM)
}

pub(super) fn procedure(group: &ContentItem) -> Option<ProcedureRecord> {
    let code = group.child(&codes::PROCEDURE)?.code()?;
    let id = group
        .child(&codes::PROCEDURE_ID)
        .and_then(ContentItem::text);
    Some(ProcedureRecord {
        id: id.unwrap_or(&code.value).to_owned(),
        title: code.meaning.to_string(),
        code: (code.scheme != SCHEME).then(|| code.clone()),
    })
}

pub(super) fn side(group: &ContentItem) -> Option<Side> {
    let site = group.child(&codes::FINDING_SITE)?;
    let code = site.child(&codes::LATERALITY)?.code()?;
    Side::BOTH.into_iter().find(|side| {
        let (value, meaning) = side.snomed();
        code.is(&Code::new(value, "SCT", meaning))
    })
}

pub(super) fn quantity(item: &ContentItem) -> Option<NamedQuantity> {
    let ContentValue::Number {
        value: Some(value),
        unit: Some(unit),
    } = &item.value
    else {
        return None;
    };
    let units = [Unit::Millimetre, Unit::Degree, Unit::Hounsfield, Unit::One];
    Some(NamedQuantity {
        quantity: Quantity::of_code(item.concept.as_ref()?)?,
        value: *value,
        unit: units.into_iter().find(|one| one.code().is(unit))?,
    })
}
