//! Content of RT Structure Sets: regions of interest and their contours (PS3.3 A.19, C.8.8.5,
//! C.8.8.6, C.8.8.8).

use std::collections::{BTreeMap, HashMap};

use dicom_dictionary_std::{tags, uids};

use super::charset::CharacterSet;
use super::coded_concept::CodedConcept;
use super::elements::Elements;
use super::object::referenced_series;
use super::parse::parse_wanted;
use super::source::ByteSource;
use super::{DicomError, Problem, wanted};
use crate::budget::{MEMORY, Reservation};
use crate::geometry::{Lps, Point};
use crate::study::{FrameOfReferenceUid, SeriesUid, SourcePath};

/// More contours than any region has, organs drawn on every slice included.
const MOST_CONTOURS: usize = 1 << 17;
/// No position in a patient's frame of reference is farther from its origin, in mm.
const FARTHEST_MM: f64 = 1e5;

/// One region of interest.
#[derive(Debug, Clone, PartialEq)]
pub struct Roi {
    /// ROI Number.
    pub number: i64,
    /// ROI Name, empty where missing.
    pub name: String,
    /// ROI Description, empty where missing.
    pub description: String,
    /// RT ROI Interpreted Type: `ORGAN`, `PTV`, `EXTERNAL` …
    pub interpreted_type: String,
    /// RT ROI Identification Code.
    pub code: Option<CodedConcept>,
    /// ROI Display Color.
    pub color: Option<[u8; 3]>,
    /// Frame of reference of its contours.
    pub frame_of_reference: Option<FrameOfReferenceUid>,
    /// Closed planar contours.
    pub contours: Vec<Vec<Point<Lps>>>,
    /// What of it was not read, each with the reason.
    pub left_out: Vec<String>,
}

/// A structure set.
#[derive(Debug)]
pub struct StructureSet {
    /// Structure Set Label.
    pub label: String,
    /// Regions in the order of the file.
    pub rois: Vec<Roi>,
    /// Series the contours were drawn on.
    pub referenced_series: Vec<SeriesUid>,
    _booked: Reservation,
}

impl StructureSet {
    /// Reads a structure set.
    ///
    /// # Errors
    /// The file names itself: unreadable, damaged, no structure set, or too large.
    pub fn open(path: &SourcePath) -> Result<Self, DicomError> {
        Self::read(path).map_err(|problem| DicomError::file(path.shown(), problem))
    }

    fn read(path: &SourcePath) -> Result<Self, Problem> {
        let root = parse_wanted(ByteSource::open(path)?, wanted::STRUCTURES)?.elements;
        let sop_class = root.code(tags::SOP_CLASS_UID);
        if sop_class != uids::RT_STRUCTURE_SET_STORAGE {
            return Err(Problem::Unsupported(format!(
                "it is no RT structure set (SOP class {sop_class})"
            )));
        }
        let charset = CharacterSet::of(&root);
        let mut booked = MEMORY.reserve(0, "the contours")?;
        let listed = root.items(tags::STRUCTURE_SET_ROI_SEQUENCE);
        let mut rois: Vec<Roi> = listed.iter().map(|item| roi(item, &charset)).collect();
        // The first of equal numbers counts, as everywhere.
        let mut places = HashMap::new();
        for (place, roi) in rois.iter().enumerate() {
            places.entry(roi.number).or_insert(place);
        }
        for item in root.items(tags::RTROI_OBSERVATIONS_SEQUENCE) {
            let Some(roi) = referenced(item, &places).and_then(|place| rois.get_mut(place)) else {
                continue;
            };
            roi.interpreted_type = item.code(tags::RTROI_INTERPRETED_TYPE);
            roi.code = CodedConcept::of(item, tags::RTROI_IDENTIFICATION_CODE_SEQUENCE, &charset);
        }
        for item in root.items(tags::ROI_CONTOUR_SEQUENCE) {
            let Some(roi) = referenced(item, &places).and_then(|place| rois.get_mut(place)) else {
                continue;
            };
            roi.color = color(item);
            add_contours(roi, item, &mut booked)?;
        }
        Ok(Self {
            label: root.text(tags::STRUCTURE_SET_LABEL, &charset),
            referenced_series: referenced_series(&root),
            rois,
            _booked: booked,
        })
    }
}

fn referenced(item: &Elements, places: &HashMap<i64, usize>) -> Option<usize> {
    let number = item.integer(tags::REFERENCED_ROI_NUMBER).ok()??;
    places.get(&number).copied()
}

fn roi(item: &Elements, charset: &CharacterSet) -> Roi {
    let frame = item.code(tags::REFERENCED_FRAME_OF_REFERENCE_UID);
    Roi {
        number: item.integer(tags::ROI_NUMBER).ok().flatten().unwrap_or(-1),
        name: item.text(tags::ROI_NAME, charset),
        description: item.text(tags::ROI_DESCRIPTION, charset),
        interpreted_type: String::new(),
        code: None,
        color: None,
        frame_of_reference: (!frame.is_empty()).then(|| FrameOfReferenceUid::new(&frame)),
        contours: Vec::new(),
        left_out: Vec::new(),
    }
}

fn color(item: &Elements) -> Option<[u8; 3]> {
    let numbers = item.numbers(tags::ROI_DISPLAY_COLOR).ok().flatten()?;
    let [red, green, blue] = <[f64; 3]>::try_from(numbers).ok()?;
    Some([red, green, blue].map(|value| value.clamp(0.0, 255.0) as u8))
}

fn add_contours(roi: &mut Roi, item: &Elements, booked: &mut Reservation) -> Result<(), Problem> {
    let items = item.items(tags::CONTOUR_SEQUENCE);
    if items.len() > MOST_CONTOURS {
        return Err(Problem::Damaged(format!(
            "region {:?} has {} contours, more than Stylet reads ({MOST_CONTOURS}); export it again",
            roi.name,
            items.len()
        )));
    }
    // Sorted, so that the same file gives the same words.
    let mut other_kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (place, contour) in items.iter().enumerate() {
        let kind = contour.code(tags::CONTOUR_GEOMETRIC_TYPE);
        // CLOSEDPLANAR_XOR says outright what is done with all contours of one plane.
        if !matches!(kind.as_str(), "CLOSED_PLANAR" | "CLOSEDPLANAR_XOR") {
            *other_kinds.entry(kind).or_default() += 1;
            continue;
        }
        match points(contour) {
            Ok(points) => {
                booked.grow((points.len() * size_of::<Point<Lps>>() + 64) as u64)?;
                roi.contours.push(points);
            }
            Err(reason) => roi
                .left_out
                .push(format!("contour {}: {reason}", place + 1)),
        }
    }
    for (kind, count) in other_kinds.into_iter().take(8) {
        let kind = if kind.is_empty() { "unnamed" } else { &kind };
        roi.left_out
            .push(format!("{count} of type {kind}, which enclose nothing"));
    }
    Ok(())
}

fn points(contour: &Elements) -> Result<Vec<Point<Lps>>, String> {
    let numbers = contour
        .numbers(tags::CONTOUR_DATA)
        .map_err(|problem| problem.to_string())?
        .ok_or("it has no points, or more than 64 MB of them")?;
    let (triples, rest) = numbers.as_chunks::<3>();
    if !rest.is_empty() {
        return Err(format!(
            "its {} coordinates are no triples of x, y and z",
            numbers.len()
        ));
    }
    if triples.len() < 3 {
        return Err(format!("its {} points enclose nothing", triples.len()));
    }
    let stated = contour
        .integer(tags::NUMBER_OF_CONTOUR_POINTS)
        .ok()
        .flatten();
    if stated.is_some_and(|count| count != triples.len() as i64) {
        return Err(format!(
            "it says {} points and has {}",
            stated.unwrap_or_default(),
            triples.len()
        ));
    }
    if triples
        .iter()
        .flatten()
        .any(|mm| !(mm.abs() <= FARTHEST_MM))
    {
        return Err("a coordinate lies beyond 100 m or is no number".to_owned());
    }
    Ok(triples.iter().map(|&xyz| Point::from(xyz)).collect())
}
