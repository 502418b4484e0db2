//! What is known of each frame: place in the patient, rescale, and what tells frames at one place
//! apart. Classic files say it once, enhanced ones in functional groups (PS3.3 C.7.6.16).

use std::sync::Arc;

use dicom_dictionary_std::tags;
use dicom_object::Tag;

use super::charset::CharacterSet;
use super::elements::{Elements, attribute_name};
use super::labels::labels;
use super::modality::ModalityFacts;
use super::{Problem, voi};
use crate::budget::Reservation;
use crate::geometry::{Lps, Point, Vector};
use crate::study::{FrameHeader, ImagePlane, VoiLut};

/// Orientation cosines are written with few digits; beyond this they are wrong, not rounded.
const ORTHONORMAL_TOLERANCE: f64 = 1e-3;
/// Directions of another length than 1 still say where they point; this far they are scaled, and
/// a warning says so.
const SCALED_TOLERANCE: f64 = 0.05;
/// Pixel spacings of any scanner lie between these, in mm.
const SPACINGS_MM: std::ops::RangeInclusive<f64> = 1e-4..=1e3;
/// No position in a patient's frame of reference is farther from its origin, in mm.
const FARTHEST_MM: f64 = 1e5;

/// Where attributes of one frame are looked for, in order.
pub(crate) struct FrameSource<'a> {
    per_frame: Option<&'a Elements>,
    shared: Option<&'a Elements>,
    pub root: &'a Elements,
    /// The root speaks of a single frame.
    single: bool,
}

impl<'a> FrameSource<'a> {
    /// A file without functional groups and with one frame.
    pub(crate) fn of_root(root: &'a Elements) -> Self {
        Self {
            per_frame: None,
            shared: None,
            root,
            single: true,
        }
    }

    /// One of the frames (0-based) of a file, with or without functional groups.
    pub(crate) fn of_frame(root: &'a Elements, frame: usize) -> Self {
        Self {
            per_frame: root
                .items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
                .get(frame),
            shared: root.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE),
            root,
            single: false,
        }
    }

    /// The functional group item of a sequence.
    pub fn group(&self, sequence: Tag) -> Option<&'a Elements> {
        let of = |groups: Option<&'a Elements>| groups.and_then(|groups| groups.item(sequence));
        of(self.per_frame).or_else(|| of(self.shared))
    }

    /// The elements that hold `tag`: the functional group or, where it speaks of this frame, the
    /// root.
    pub(crate) fn holder(
        &self,
        sequence: Tag,
        tag: Tag,
        root_counts: bool,
    ) -> Option<&'a Elements> {
        self.group(sequence)
            .filter(|group| group.get(tag).is_some())
            .or_else(|| (root_counts && self.root.get(tag).is_some()).then_some(self.root))
    }
}

/// Headers of all `count` frames.
pub(crate) fn frame_headers(
    root: &Elements,
    facts: &ModalityFacts,
    charset: &CharacterSet,
    count: usize,
    booked: &mut Reservation,
) -> Result<Vec<FrameHeader>, Problem> {
    let per_frame = root.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let shared = root.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    if per_frame.is_empty() && shared.is_none() {
        // All frames of a file without functional groups are alike.
        let source = FrameSource {
            single: count == 1,
            ..FrameSource::of_root(root)
        };
        let header = frame_header(&source, facts, &mut Looks::new(root, charset))?;
        booked.grow((count * header.modality_lut.unit.len()) as u64)?;
        return Ok(vec![header; count]);
    }
    let mut looks = Looks::new(root, charset);
    (0..count)
        .map(|frame| {
            let source = FrameSource {
                per_frame: per_frame.get(frame),
                shared,
                root,
                single: count == 1,
            };
            let header = frame_header(&source, facts, &mut looks)?;
            booked.grow(heap_bytes(&header) + std::mem::take(&mut looks.bytes))?;
            Ok(header)
        })
        .collect()
}

/// Memory that a header has of its own, besides itself and its looks.
fn heap_bytes(header: &FrameHeader) -> u64 {
    let labels = header.labels.iter().map(|label| 64 + label.value.len());
    let problem = header
        .geometry_problem
        .as_ref()
        .map_or(0, |text| text.len());
    (labels.sum::<usize>() + problem + header.modality_lut.unit.len()) as u64
}

fn look_bytes(look: &VoiLut) -> u64 {
    let entries = look.table.as_ref().map_or(0, |table| table.entries().len());
    (size_of::<VoiLut>() + look.explanation.len() + 2 * entries) as u64
}

/// The looks of the root, read once for all frames that share them.
struct Looks<'a> {
    root: &'a Elements,
    charset: &'a CharacterSet,
    /// By whether tables take signed values.
    known: [Option<Arc<[VoiLut]>>; 2],
    /// Memory of looks since it was last asked for.
    bytes: u64,
}

impl<'a> Looks<'a> {
    fn new(root: &'a Elements, charset: &'a CharacterSet) -> Self {
        Self {
            root,
            charset,
            known: [None, None],
            bytes: 0,
        }
    }

    /// Those of a group, or the root's where the group has none that can be used.
    fn of(&mut self, group: Option<&Elements>, signed: bool) -> Arc<[VoiLut]> {
        let own = group.map(|group| voi::looks(group, signed, self.charset));
        if let Some(own) = own.filter(|looks| !looks.is_empty()) {
            self.bytes += own.iter().map(look_bytes).sum::<u64>();
            return own;
        }
        let [unsigned, with_sign] = &mut self.known;
        let known = if signed { with_sign } else { unsigned };
        let root = known.get_or_insert_with(|| voi::looks(self.root, signed, self.charset));
        Arc::clone(root)
    }
}

fn frame_header(
    source: &FrameSource<'_>,
    facts: &ModalityFacts,
    looks: &mut Looks<'_>,
) -> Result<FrameHeader, Problem> {
    let (placed, geometry_problem) = match image_plane(source, &facts.modality) {
        Ok(placed) => (placed, None),
        Err(problem) => (None, Some(problem.into())),
    };
    let modality_lut = facts.lut(source)?;
    let signed = voi::tables_are_signed(&modality_lut, facts.signed);
    let voi = looks.of(source.group(tags::FRAME_VOILUT_SEQUENCE), signed);
    Ok(FrameHeader {
        plane: placed.map(|(plane, _)| plane),
        geometry_problem,
        directions_scaled: placed.is_some_and(|(_, scaled)| scaled),
        labels: labels(source),
        modality_lut,
        voi,
    })
}

/// Place of a frame and whether its directions had to be scaled; `None` where the file does not
/// place it at all, an error where it does so incompletely or impossibly.
fn image_plane(
    source: &FrameSource<'_>,
    modality: &str,
) -> Result<Option<(ImagePlane, bool)>, String> {
    let holders = [
        (tags::PLANE_POSITION_SEQUENCE, tags::IMAGE_POSITION_PATIENT),
        (
            tags::PLANE_ORIENTATION_SEQUENCE,
            tags::IMAGE_ORIENTATION_PATIENT,
        ),
        (tags::PIXEL_MEASURES_SEQUENCE, tags::PIXEL_SPACING),
    ]
    .map(|(sequence, tag)| (tag, source.holder(sequence, tag, source.single)));
    let missing: Vec<String> = holders
        .iter()
        .filter(|(tag, holder)| holder.is_none_or(|h| h.bytes(*tag).is_none()))
        .map(|(tag, _)| attribute_name(*tag))
        .collect();
    let [(_, position), (_, orientation), (_, spacing)] = holders;
    let (Some(position), Some(orientation), Some(spacing), true) =
        (position, orientation, spacing, missing.is_empty())
    else {
        // Pixel Spacing alone is a scale for pictures, not a place in the patient.
        let placed = position.is_some() || orientation.is_some();
        let expected = matches!(modality, "CT" | "MR" | "PT" | "NM");
        return if placed || expected {
            Err(format!("{} missing", missing.join(", ")))
        } else {
            Ok(None)
        };
    };
    let absent = || "absent".to_owned();
    let text = |problem: Problem| problem.to_string();
    let [x, y, z] = position
        .vector::<3>(tags::IMAGE_POSITION_PATIENT)
        .map_err(text)?
        .ok_or_else(absent)?;
    if [x, y, z].iter().any(|mm| mm.abs() > FARTHEST_MM) {
        let expected = "a position within 100 m of the origin was expected";
        let problem = position.malformed(tags::IMAGE_POSITION_PATIENT, expected);
        return Err(problem.to_string());
    }
    let directions = directions(orientation)?;
    let [row_spacing_mm, column_spacing_mm] = spacing
        .vector::<2>(tags::PIXEL_SPACING)
        .map_err(text)?
        .ok_or_else(absent)?;
    if !(SPACINGS_MM.contains(&row_spacing_mm) && SPACINGS_MM.contains(&column_spacing_mm)) {
        let expected = "positive distances between 0.0001 and 1000 mm were expected";
        let problem = spacing.malformed(tags::PIXEL_SPACING, expected);
        return Err(problem.to_string());
    }
    let plane = ImagePlane {
        position: Point::new(x, y, z),
        column_direction: directions.columns,
        row_direction: directions.rows,
        column_spacing_mm,
        row_spacing_mm,
    };
    Ok(Some((plane, directions.scaled)))
}

/// Image Orientation (Patient), straightened.
fn directions(orientation: &Elements) -> Result<Directions, String> {
    let [xx, xy, xz, yx, yy, yz] = orientation
        .vector::<6>(tags::IMAGE_ORIENTATION_PATIENT)
        .map_err(|problem| problem.to_string())?
        .ok_or("absent")?;
    let (x, y) = (Vector::new(xx, xy, xz), Vector::new(yx, yy, yz));
    orthonormal(x, y).ok_or_else(|| {
        orientation
            .malformed(
                tags::IMAGE_ORIENTATION_PATIENT,
                "two perpendicular unit vectors were expected",
            )
            .to_string()
    })
}

/// Unit directions of columns and rows, perpendicular.
#[derive(Debug, Clone, Copy)]
struct Directions {
    columns: Vector<Lps>,
    rows: Vector<Lps>,
    /// Their length in the file is off by more than rounding.
    scaled: bool,
}

/// The two directions made exactly unit length and perpendicular; `None` where they are not
/// perpendicular beyond rounding, or of a length that is no direction's.
///
/// Both are turned by half the deviation, so that neither is trusted more than the other.
fn orthonormal(x: Vector<Lps>, y: Vector<Lps>) -> Option<Directions> {
    let off = (x.length() - 1.0).abs().max((y.length() - 1.0).abs());
    let (x, y) = (x.direction()?, y.direction()?);
    if off > SCALED_TOLERANCE || x.dot(y).abs() > ORTHONORMAL_TOLERANCE {
        return None;
    }
    let scaled = off > ORTHONORMAL_TOLERANCE;
    let half = x.dot(y) / 2.0;
    if half == 0.0 {
        let (columns, rows) = (x, y);
        return Some(Directions {
            columns,
            rows,
            scaled,
        });
    }
    let columns = (x - y * half).direction()?;
    // One exact step after the symmetric one removes the second-order remainder.
    let rows = (y - columns * columns.dot(y)).direction()?;
    Some(Directions {
        columns,
        rows,
        scaled,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_directions_are_straightened_and_wrong_ones_refused() {
        let straight = orthonormal(
            Vector::new(0.9999, 0.0003, 0.0),
            Vector::new(0.0002, 1.0, 0.0),
        )
        .unwrap();
        let (x, y) = (straight.columns, straight.rows);
        assert!((x.length() - 1.0).abs() < 1e-15 && (y.length() - 1.0).abs() < 1e-15);
        assert!(x.dot(y).abs() < 1e-15);
        assert!(!straight.scaled);
        assert!(orthonormal(Vector::new(1., 0., 0.), Vector::new(0.01, 1., 0.)).is_none());
        assert!(orthonormal(Vector::new(1., 0., 0.), Vector::new(0., 0.9, 0.)).is_none());
        assert!(orthonormal(Vector::new(0., 0., 0.), Vector::new(0., 1., 0.)).is_none());
    }

    #[test]
    fn directions_of_another_length_are_scaled_and_marked() {
        // 45° written with two digits: length 1.0041, still perpendicular.
        let (x, y) = (Vector::new(0.71, 0.71, 0.), Vector::new(-0.71, 0.71, 0.));
        let scaled = orthonormal(x, y).unwrap();
        assert!(scaled.scaled);
        let half = 0.5_f64.sqrt();
        assert!((scaled.columns - Vector::new(half, half, 0.)).length() < 1e-15);
        assert!((scaled.rows - Vector::new(-half, half, 0.)).length() < 1e-15);
    }
}
