//! Content of Segmentation and Label Map Segmentation files (PS3.3 A.51, A.92, C.8.20): segments,
//! where their frames lie, and the samples of a frame. Knows nothing of grids and masks.

use std::sync::Arc;

use dicom_dictionary_std::tags;
use dicom_object::Tag;

use super::charset::CharacterSet;
use super::coded_concept::CodedConcept;
use super::elements::{Elements, attribute_name};
use super::header::{self, Content};
use super::object::referenced_series;
use super::parse::{Parsed, parse_wanted};
use super::source::ByteSource;
use super::{DicomError, Problem, cielab, decode, wanted};
use crate::budget::{MEMORY, Reservation};
use crate::study::{
    FrameOfReferenceUid, ImagePlane, Instance, ObjectKind, Photometric, Samples, SeriesUid,
    SourcePath,
};

/// Memory of one segment besides its texts, and of one frame.
const SEGMENT_BYTES: u64 = 1 << 10;

/// How the samples of a segmentation are meant (PS3.3 C.8.20.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentationKind {
    /// 1 is inside; a frame is of one segment.
    Binary,
    /// Share or probability of a segment, up to this value; a frame is of one segment.
    Fractional {
        /// Maximum Fractional Value (0062,000E).
        maximum: u32,
    },
    /// The sample is the number of the segment.
    LabelMap,
}

/// One segment.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    /// Segment Number.
    pub number: u32,
    /// Segment Label, empty where missing.
    pub label: String,
    /// Segment Description, empty where missing.
    pub description: String,
    /// Segmented Property Type.
    pub property_type: Option<CodedConcept>,
    /// First modifier of the property type: mostly the side.
    pub type_modifier: Option<CodedConcept>,
    /// Anatomic Region.
    pub anatomic_region: Option<CodedConcept>,
    /// First modifier of the region.
    pub region_modifier: Option<CodedConcept>,
    /// Recommended Display CIELab Value as red, green, blue.
    pub color: Option<[u8; 3]>,
}

/// Where a frame lies and what it is of.
#[derive(Debug, Clone)]
pub struct SegmentFrame {
    /// Its place in the patient, or why it has none.
    pub plane: Result<ImagePlane, Arc<str>>,
    /// Number of its segment; `None` in label maps.
    pub segment: Option<u32>,
}

/// A segmentation file, its header read.
#[derive(Debug)]
pub struct Segmentation {
    /// How samples are meant.
    pub kind: SegmentationKind,
    /// Segments in the order of the file.
    pub segments: Vec<Segment>,
    /// Frames in the order of the file.
    pub frames: Vec<SegmentFrame>,
    /// Rows of a frame.
    pub rows: usize,
    /// Columns of a frame.
    pub columns: usize,
    /// Samples of label maps that mean nothing: Pixel Padding Value, else 0.
    pub background: f64,
    /// Spacing Between Slices, mm; what is not positive counts as missing.
    pub slice_spacing_mm: Option<f64>,
    /// Slice Thickness, mm, likewise.
    pub slice_thickness_mm: Option<f64>,
    /// Frame of reference.
    pub frame_of_reference: Option<FrameOfReferenceUid>,
    /// Series it was drawn on.
    pub referenced_series: Vec<SeriesUid>,
    instance: Instance,
    source: ByteSource,
    _booked: Reservation,
}

impl Segmentation {
    /// Reads the header of a segmentation.
    ///
    /// # Errors
    /// The file names itself: unreadable, no segmentation, frames and functional groups that do
    /// not fit one another, a segment or frame that does not say what it is.
    pub fn open(path: &SourcePath) -> Result<Self, DicomError> {
        Self::read(path).map_err(|problem| DicomError::file(path.shown(), problem))
    }

    fn read(path: &SourcePath) -> Result<Self, Problem> {
        let mut parsed = parse_wanted(ByteSource::open(path)?, wanted::STRUCTURES)?;
        let sop_class = parsed.elements.code(tags::SOP_CLASS_UID);
        if ObjectKind::of(&sop_class) != Some(ObjectKind::Segmentation) {
            return Err(Problem::Unsupported(format!(
                "it is no segmentation (SOP class {sop_class})"
            )));
        }
        let root = std::mem::take(&mut parsed.elements);
        let charset = CharacterSet::of(&root);
        let kind = kind(&root, sop_class.ends_with(".66.7"))?;
        let listed = root.items(tags::SEGMENT_SEQUENCE);
        let booked = MEMORY.reserve(SEGMENT_BYTES * listed.len() as u64, "the segments")?;
        let segments = listed
            .iter()
            .map(|item| segment(item, &charset))
            .collect::<Result<Vec<_>, _>>()?;
        let frame_segments = segments_of_frames(&root, kind)?;
        let slice_spacing_mm = measure(&root, tags::SPACING_BETWEEN_SLICES);
        let slice_thickness_mm = measure(&root, tags::SLICE_THICKNESS);
        let referenced_series = referenced_series(&root);
        let (instance, source) = image(path, parsed, root)?;
        if let Some(segments) = &frame_segments
            && segments.len() != instance.frames.len()
        {
            return Err(Problem::Damaged(format!(
                "it has {} frames and says of {} where they belong; export it again",
                instance.frames.len(),
                segments.len()
            )));
        }
        let of_frame = |index: usize| frame_segments.as_ref()?.get(index).copied();
        let frames = instance
            .frames
            .iter()
            .enumerate()
            .map(|(index, frame)| SegmentFrame {
                plane: frame.plane.ok_or_else(|| {
                    let unplaced = || Arc::from("it does not say where it lies");
                    frame.geometry_problem.clone().unwrap_or_else(unplaced)
                }),
                segment: of_frame(index),
            })
            .collect();
        Ok(Self {
            kind,
            segments,
            frames,
            rows: instance.rows,
            columns: instance.columns,
            background: instance.padding.map_or(0.0, |[low, _]| low),
            slice_spacing_mm,
            slice_thickness_mm,
            frame_of_reference: instance.frame_of_reference.clone(),
            referenced_series,
            instance,
            source,
            _booked: booked,
        })
    }

    /// Stored samples of a frame (0-based), row by row.
    pub fn samples(&mut self, frame: usize) -> Result<Samples, DicomError> {
        decode::samples_in(&mut self.source, &self.instance, frame)
            .map_err(|problem| DicomError::file(self.instance.path.shown(), problem))
    }

    /// The file as shown to the person.
    pub fn path(&self) -> &SourcePath {
        &self.instance.path
    }
}

/// The image part of the header, without its colours: a palette only says how labels are shown.
fn image(
    path: &SourcePath,
    mut parsed: Parsed,
    root: Elements,
) -> Result<(Instance, ByteSource), Problem> {
    parsed.elements = root;
    // The header asks the source for its length only.
    let length = parsed.source.len();
    let source = std::mem::replace(&mut parsed.source, ByteSource::of_length(length));
    let (_, Content::Image(instance)) = header::of_parsed(path, parsed)? else {
        return Err(Problem::NoPixelData("segmentation".to_owned()));
    };
    let mut instance = *instance;
    if instance.pixel_format.samples_per_pixel != 1 {
        return Err(Problem::Unsupported(
            "its samples are colours, not segments; export it again".to_owned(),
        ));
    }
    instance.pixel_format.photometric = Photometric::Monochrome2;
    Ok((instance, source))
}

fn kind(root: &Elements, is_label_map: bool) -> Result<SegmentationKind, Problem> {
    match root.code(tags::SEGMENTATION_TYPE).as_str() {
        "BINARY" => Ok(SegmentationKind::Binary),
        "LABELMAP" => Ok(SegmentationKind::LabelMap),
        "FRACTIONAL" => match root.integer(tags::MAXIMUM_FRACTIONAL_VALUE)? {
            Some(maximum @ 1..=0xFFFF_FFFF) => Ok(SegmentationKind::Fractional {
                maximum: maximum as u32,
            }),
            Some(_) => {
                Err(root.malformed(tags::MAXIMUM_FRACTIONAL_VALUE, "1 or more was expected"))
            }
            None => Err(Problem::Missing(attribute_name(
                tags::MAXIMUM_FRACTIONAL_VALUE,
            ))),
        },
        "" if is_label_map => Ok(SegmentationKind::LabelMap),
        _ => Err(root.malformed(
            tags::SEGMENTATION_TYPE,
            "BINARY, FRACTIONAL or LABELMAP was expected",
        )),
    }
}

fn segment(item: &Elements, charset: &CharacterSet) -> Result<Segment, Problem> {
    let number = match item.integer(tags::SEGMENT_NUMBER)? {
        Some(number @ 0..=0xFFFF_FFFF) => number as u32,
        Some(_) => return Err(item.malformed(tags::SEGMENT_NUMBER, "0 or more was expected")),
        None => return Err(Problem::Missing(attribute_name(tags::SEGMENT_NUMBER))),
    };
    let concept = |sequence| CodedConcept::of(item, sequence, charset);
    // A modifier lies inside the item it modifies.
    let modifier = |of, sequence| CodedConcept::of(item.item(of)?, sequence, charset);
    let lab = item.numbers(tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE);
    let color = match lab.ok().flatten().as_deref() {
        Some(&[l, a, b]) => Some(cielab::rgb_from_cielab([l as u16, a as u16, b as u16])),
        _ => None,
    };
    Ok(Segment {
        number,
        label: item.text(tags::SEGMENT_LABEL, charset),
        description: item.text(tags::SEGMENT_DESCRIPTION, charset),
        property_type: concept(tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE),
        type_modifier: modifier(
            tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE,
            tags::SEGMENTED_PROPERTY_TYPE_MODIFIER_CODE_SEQUENCE,
        ),
        anatomic_region: concept(tags::ANATOMIC_REGION_SEQUENCE),
        region_modifier: modifier(
            tags::ANATOMIC_REGION_SEQUENCE,
            tags::ANATOMIC_REGION_MODIFIER_SEQUENCE,
        ),
        color,
    })
}

/// Segment of each frame that has an item of its own; `None` for label maps.
fn segments_of_frames(
    root: &Elements,
    kind: SegmentationKind,
) -> Result<Option<Vec<u32>>, Problem> {
    if kind == SegmentationKind::LabelMap {
        return Ok(None);
    }
    let shared = root.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    let shared = shared.and_then(|group| group.item(tags::SEGMENT_IDENTIFICATION_SEQUENCE));
    root.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
        .iter()
        .map(|group| {
            let own = group.item(tags::SEGMENT_IDENTIFICATION_SEQUENCE);
            let tag = tags::REFERENCED_SEGMENT_NUMBER;
            let holder = own.or(shared);
            match holder.map(|holder| holder.integer(tag)).transpose()? {
                Some(Some(number @ 0..=0xFFFF_FFFF)) => Ok(number as u32),
                _ => Err(Problem::Missing(attribute_name(tag))),
            }
        })
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
}

/// A positive measure of the first frame that states it, mm.
fn measure(root: &Elements, tag: Tag) -> Option<f64> {
    let groups = [
        root.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE),
        root.item(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE),
    ];
    groups
        .into_iter()
        .flatten()
        .filter_map(|group| group.item(tags::PIXEL_MEASURES_SEQUENCE))
        .filter_map(|measures| measures.number(tag).ok().flatten())
        .find(|&mm| mm > 1e-4 && mm < 1e3)
}
