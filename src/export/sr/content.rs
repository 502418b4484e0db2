//! The content tree of a plan: TID 1500 with one measurement group (TID 1501) for each needle.

use super::codes;
use crate::export::quantity::{NamedQuantity, Quantity, Unit};
use crate::export::record::{Clearance, NeedleRecord, PlanRecord};
use crate::geometry::{Lps, Point};
use crate::study::report::{
    Code, ContentItem, ContentValue, EvidenceSeries, Graphic3d, Relationship,
};
use crate::study::{FrameOfReferenceUid, Level, Side, Vertebra};

use Relationship::{
    Contains, HasAcquisitionContext, HasConceptModifier, HasObservationContext, InferredFrom,
};

/// What every report says once.
const NOTE: &str = "Planned with Stylet, which is planning and teaching software and not a \
                    certified medical device. Check every number before use.";

fn text(relationship: Relationship, concept: Code, text: &str) -> ContentItem {
    ContentItem::new(relationship, concept, ContentValue::Text(text.to_owned()))
}

fn code(relationship: Relationship, concept: Code, code: Code) -> ContentItem {
    ContentItem::new(relationship, concept, ContentValue::Code(code))
}

fn uid(relationship: Relationship, concept: Code, uid: &str) -> ContentItem {
    ContentItem::new(relationship, concept, ContentValue::Uid(uid.to_owned()))
}

fn number(relationship: Relationship, concept: Code, value: f64, unit: Code) -> ContentItem {
    let value = ContentValue::Number {
        value: Some(value),
        unit: Some(unit),
    };
    ContentItem::new(relationship, concept, value)
}

fn container(concept: Code, children: Vec<ContentItem>) -> ContentItem {
    let value = ContentValue::Container { template: None };
    ContentItem::new(Contains, concept, value).with(children)
}

/// The whole report.
pub(super) fn of(record: &PlanRecord, frame: &FrameOfReferenceUid) -> ContentItem {
    let modality = match &record.identity {
        Some(identity) => identity.modality.as_str(),
        None => "",
    };
    let mut children = vec![code(HasConceptModifier, codes::LANGUAGE, codes::ENGLISH)];
    children.extend(observers(record));
    children.push(code(
        HasConceptModifier,
        codes::PROCEDURE_REPORTED,
        codes::imaging_procedure(modality),
    ));
    if record
        .evidence
        .iter()
        .any(|series| !series.images.is_empty())
    {
        let groups = record
            .evidence
            .iter()
            .filter(|series| !series.images.is_empty())
            .map(|series| library_group(series, frame));
        children.push(container(codes::IMAGE_LIBRARY, groups.collect()));
    }
    let needles = record.needles.iter().map(|needle| group(needle, frame));
    children.push(container(codes::MEASUREMENTS, needles.collect()));
    children.push(container(codes::QUALITATIVE, remarks(record)));
    ContentItem {
        relationship: None,
        concept: Some(codes::REPORT),
        value: ContentValue::Container {
            template: Some("1500".into()),
        },
        children,
    }
}

/// TID 1002: the person, where known, and the program.
fn observers(record: &PlanRecord) -> Vec<ContentItem> {
    let context = HasObservationContext;
    let mut items = Vec::new();
    if let Some(name) = &record.observer {
        items.push(code(context, codes::OBSERVER_TYPE, codes::PERSON));
        let name = ContentValue::PersonName(name.clone());
        items.push(ContentItem::new(context, codes::PERSON_NAME, name));
    }
    items.push(code(context, codes::OBSERVER_TYPE, codes::DEVICE));
    items.push(uid(context, codes::DEVICE_UID, codes::STYLET_UID));
    for (concept, value) in [
        (codes::DEVICE_NAME, "Stylet"),
        (codes::DEVICE_MANUFACTURER, "Stylet"),
        (
            codes::DEVICE_MODEL,
            concat!("Stylet ", env!("CARGO_PKG_VERSION")),
        ),
    ] {
        items.push(text(context, concept, value));
    }
    items
}

/// TID 1601: what the images of a series share, then each image with its place.
fn library_group(series: &EvidenceSeries, frame: &FrameOfReferenceUid) -> ContentItem {
    let context = HasAcquisitionContext;
    let mm = || Unit::Millimetre.code();
    let mut items = Vec::new();
    if !series.modality.is_empty() {
        let modality = codes::modality(&series.modality);
        items.push(code(context, codes::MODALITY, modality));
    }
    items.push(uid(context, codes::FRAME_OF_REFERENCE, frame.as_str()));
    if let Some([rows, columns]) = series.size {
        for (concept, count) in [(codes::ROWS, rows), (codes::COLUMNS, columns)] {
            items.push(number(context, concept, count as f64, codes::PIXELS));
        }
    }
    if let Some([row_mm, column_mm]) = series.spacing_mm {
        items.push(number(context, codes::COLUMN_SPACING, column_mm, mm()));
        items.push(number(context, codes::ROW_SPACING, row_mm, mm()));
    }
    if let Some(orientation) = series.orientation {
        for (concept, cosine) in codes::ORIENTATION.into_iter().zip(orientation) {
            items.push(number(context, concept, cosine, codes::COSINE));
        }
    }
    items.extend(series.images.iter().map(|image| {
        let value = ContentValue::Reference {
            sop_class: image.sop_class.clone(),
            instance: image.instance.clone(),
        };
        let place = image.position.map(Point::to_array).into_iter().flatten();
        let place = codes::POSITION
            .into_iter()
            .zip(place)
            .map(|(concept, mm_lps)| number(context, concept, mm_lps, mm()));
        ContentItem::new(Contains, codes::LIBRARY_ENTRY, value).with(place.collect())
    }));
    container(codes::LIBRARY_GROUP, items)
}

/// TID 1501 of one needle.
fn group(needle: &NeedleRecord, frame: &FrameOfReferenceUid) -> ContentItem {
    let context = HasObservationContext;
    let mut items = vec![
        text(context, codes::TRACKING_ID, &needle.name),
        uid(context, codes::TRACKING_UID, &needle.tracking_uid),
        code(Contains, codes::FINDING, codes::NEEDLE_PATH),
    ];
    items.extend(sites(needle.level, needle.side));
    let path = [needle.entry, needle.target];
    let from = |graphic: Graphic3d, points: &[Point<Lps>]| {
        let value = ContentValue::Coordinates3d {
            graphic: Some(graphic),
            points: points.to_vec(),
            frame_of_reference: frame.clone(),
        };
        ContentItem::new(InferredFrom, codes::SOURCE, value)
    };
    let along_path = || from(Graphic3d::Polyline, &path);
    let length_mm = needle.entry.distance(needle.target);
    let is_length = |one: &NamedQuantity| one.quantity == Quantity::PathLength;
    // Without any number there would be no path either.
    let length = (!needle.quantities.iter().any(is_length))
        .then(|| NamedQuantity::mm(Quantity::PathLength, length_mm));
    for quantity in length.iter().chain(&needle.quantities) {
        let concept = quantity.quantity.code();
        let item = number(Contains, concept, quantity.value, quantity.unit.code());
        items.push(item.with(vec![along_path()]));
    }
    // Readers that know points but no lines find both ends under numbers of their own.
    for (concept, point, distance_mm) in [
        (codes::ENTRY, needle.entry, 0.0),
        (codes::TARGET, needle.target, length_mm),
    ] {
        let item = number(Contains, concept, distance_mm, Unit::Millimetre.code());
        items.push(item.with(vec![from(Graphic3d::Point, &[point])]));
    }
    for clearance in &needle.clearances {
        items.extend(clearance_items(clearance, &along_path));
    }
    items.extend(words(needle));
    container(codes::GROUP, items)
}

/// The vertebra or both vertebrae of the level, each with the side; the spine where only the side
/// is known.
fn sites(level: Option<Level>, side: Option<Side>) -> Vec<ContentItem> {
    let vertebra = |vertebra: Vertebra| {
        let coded = vertebra.snomed();
        coded.map(|(value, meaning)| Code::owned(value.to_owned(), "SCT", meaning))
    };
    let mut found: Vec<Code> = Vec::new();
    if let Some(level) = level {
        for site in [level.upper(), level.lower()].map(vertebra) {
            let site = site.unwrap_or(codes::SPINE);
            if !found.iter().any(|one| one.is(&site)) {
                found.push(site);
            }
        }
    } else if side.is_some() {
        found.push(codes::SPINE);
    }
    let laterality = side.map(|side| {
        let (value, meaning) = side.snomed();
        let side = Code::new(value, "SCT", meaning);
        code(HasConceptModifier, codes::LATERALITY, side)
    });
    let site = |site| {
        let item = code(HasConceptModifier, codes::FINDING_SITE, site);
        item.with(laterality.clone().into_iter().collect())
    };
    found.into_iter().map(site).collect()
}

fn clearance_items(clearance: &Clearance, path: &dyn Fn() -> ContentItem) -> Vec<ContentItem> {
    let mut about = vec![text(
        HasConceptModifier,
        codes::STRUCTURE_NAME,
        &clearance.structure,
    )];
    if let Some(structure) = &clearance.code {
        let site = code(HasConceptModifier, codes::FINDING_SITE, structure.clone());
        about.push(site);
    }
    let item = |concept, value| {
        let mut children = about.clone();
        children.push(path());
        number(Contains, concept, value, Unit::Millimetre.code()).with(children)
    };
    let mut items = vec![item(codes::CLEARANCE, clearance.distance_mm)];
    items.extend(
        clearance
            .depth_mm
            .map(|mm| item(codes::CLEARANCE_DEPTH, mm)),
    );
    items
}

/// What is no number: procedure, level, needle, and both ends as decimal text, because
/// coordinates are written with 32 bits.
fn words(needle: &NeedleRecord) -> Vec<ContentItem> {
    let mut items = Vec::new();
    if let Some(procedure) = &needle.procedure {
        let own = || Code::owned(procedure.id.clone(), codes::SCHEME, procedure.title.clone());
        let coded = procedure.code.clone().unwrap_or_else(own);
        items.push(code(Contains, codes::PROCEDURE, coded));
        items.push(text(Contains, codes::PROCEDURE_ID, &procedure.id));
    }
    if let Some(level) = needle.level {
        let level = Code::owned(level.to_string(), codes::SCHEME, level.spoken());
        items.push(code(Contains, codes::LEVEL, level));
    }
    if !needle.needle_text.is_empty() {
        items.push(text(Contains, codes::NEEDLE, &needle.needle_text));
    }
    if let Some(id) = &needle.needle_id {
        items.push(text(Contains, codes::NEEDLE_ID, id));
    }
    for (concept, point) in [
        (codes::ENTRY_EXACT, needle.entry),
        (codes::TARGET_EXACT, needle.target),
    ] {
        items.push(text(Contains, concept, &exact(point)));
    }
    items
}

/// Three numbers, each the shortest that reads back as the same double.
fn exact(point: Point<Lps>) -> String {
    let [x, y, z] = point.to_array();
    format!("{x} {y} {z}")
}

fn remarks(record: &PlanRecord) -> Vec<ContentItem> {
    let mut items = Vec::new();
    if let Some(position) = record.patient_position {
        let position = position.code();
        let position = Code::owned(position.to_owned(), codes::SCHEME, position.to_owned());
        items.push(code(Contains, codes::PATIENT_POSITION, position));
    }
    items.push(text(Contains, codes::COMMENT, NOTE));
    items
}
