//! What is known of each frame: place in the patient, rescale, and what tells frames at one place
//! apart. Classic files say it once, enhanced ones in functional groups (PS3.3 C.7.6.16).

use std::sync::Arc;

use dicom_dictionary_std::tags;
use dicom_object::Tag;

use super::elements::{CharacterSet, Elements, attribute_name};
use super::header::Labels;
use super::modality::ModalityFacts;
use super::{Problem, voi};
use crate::geometry::{Point, Vector};
use crate::study::{FrameHeader, FrameLabel, ImagePlane};

/// Orientation cosines are written with few digits; beyond this they are wrong, not rounded.
const ORTHONORMAL_TOLERANCE: f64 = 1e-3;

/// Where attributes of one frame are looked for, in order.
pub(crate) struct FrameSource<'a> {
    per_frame: Option<&'a Elements>,
    shared: Option<&'a Elements>,
    root: &'a Elements,
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

    /// The functional group item of a sequence.
    fn group(&self, sequence: Tag) -> Option<&'a Elements> {
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
) -> Result<Vec<FrameHeader>, Problem> {
    let per_frame = root.items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE);
    let shared = root.item(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE);
    if per_frame.is_empty() && shared.is_none() {
        // All frames of a file without functional groups are alike.
        let source = FrameSource {
            single: count == 1,
            ..FrameSource::of_root(root)
        };
        return Ok(vec![frame_header(&source, facts, charset)?; count]);
    }
    (0..count)
        .map(|frame| {
            let source = FrameSource {
                per_frame: per_frame.get(frame),
                shared,
                root,
                single: count == 1,
            };
            frame_header(&source, facts, charset)
        })
        .collect()
}

fn frame_header(
    source: &FrameSource<'_>,
    facts: &ModalityFacts,
    charset: &CharacterSet,
) -> Result<FrameHeader, Problem> {
    let (plane, geometry_problem) = match image_plane(source, &facts.modality) {
        Ok(plane) => (plane, None),
        Err(problem) => (None, Some(problem.into())),
    };
    let modality_lut = facts.lut(source)?;
    let look = |elements| voi::looks(elements, &modality_lut, facts.signed, charset);
    // A group without any usable look does not speak for its frame.
    let voi = source
        .group(tags::FRAME_VOILUT_SEQUENCE)
        .map(look)
        .filter(|looks| !looks.is_empty())
        .unwrap_or_else(|| look(source.root));
    Ok(FrameHeader {
        plane,
        geometry_problem,
        labels: labels(source),
        modality_lut,
        voi,
    })
}

/// Place of a frame; `None` where the file does not place it at all, an error where it does so
/// incompletely or impossibly.
fn image_plane(source: &FrameSource<'_>, modality: &str) -> Result<Option<ImagePlane>, String> {
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
        let expected = matches!(modality, "CT" | "MR" | "PT");
        return if placed || expected {
            Err(format!("{} missing", missing.join(", ")))
        } else {
            Ok(None)
        };
    };
    let absent = || "absent".to_owned();
    let text = |problem: Problem| problem.to_string();
    let position = position
        .vector::<3>(tags::IMAGE_POSITION_PATIENT)
        .map_err(text)?
        .ok_or_else(absent)?;
    let [xx, xy, xz, yx, yy, yz] = orientation
        .vector::<6>(tags::IMAGE_ORIENTATION_PATIENT)
        .map_err(text)?
        .ok_or_else(absent)?;
    let [row_spacing_mm, column_spacing_mm] = spacing
        .vector::<2>(tags::PIXEL_SPACING)
        .map_err(text)?
        .ok_or_else(absent)?;
    if row_spacing_mm <= 0.0 || column_spacing_mm <= 0.0 {
        let problem = spacing.malformed(tags::PIXEL_SPACING, "positive distances were expected");
        return Err(problem.to_string());
    }
    let (x, y) = (Vector::new(xx, xy, xz), Vector::new(yx, yy, yz));
    let (column_direction, row_direction) = orthonormal(x, y).ok_or_else(|| {
        orientation
            .malformed(
                tags::IMAGE_ORIENTATION_PATIENT,
                "two perpendicular unit vectors were expected",
            )
            .to_string()
    })?;
    Ok(Some(ImagePlane {
        position: Point::from(position),
        column_direction,
        row_direction,
        column_spacing_mm,
        row_spacing_mm,
    }))
}

/// The two directions made exactly unit length and perpendicular, `None` beyond rounding.
///
/// Both are turned by half the deviation, so that neither is trusted more than the other.
fn orthonormal(
    x: Vector<crate::geometry::Lps>,
    y: Vector<crate::geometry::Lps>,
) -> Option<(Vector<crate::geometry::Lps>, Vector<crate::geometry::Lps>)> {
    let off = |length: f64| (length - 1.0).abs() > ORTHONORMAL_TOLERANCE;
    if off(x.length()) || off(y.length()) || x.dot(y).abs() > ORTHONORMAL_TOLERANCE {
        return None;
    }
    let (x, y) = (x.direction()?, y.direction()?);
    let half = x.dot(y) / 2.0;
    if half == 0.0 {
        return Some((x, y));
    }
    let x = (x - y * half).direction()?;
    // One exact step after the symmetric one removes the second-order remainder.
    let y = y - x * x.dot(y);
    Some((x, y.direction()?))
}

/// What may tell frames at the same place apart, the most telling first.
fn labels(source: &FrameSource<'_>) -> Labels {
    let content = source.group(tags::FRAME_CONTENT_SEQUENCE);
    let echo = source.group(tags::MR_ECHO_SEQUENCE);
    let diffusion = source.group(tags::MR_DIFFUSION_SEQUENCE);
    let cardiac = source.group(tags::CARDIAC_SYNCHRONIZATION_SEQUENCE);
    let segment = source.group(tags::SEGMENT_IDENTIFICATION_SEQUENCE);
    let root = Some(source.root);
    let candidates = [
        ("time point", content, tags::TEMPORAL_POSITION_INDEX),
        ("time point", root, tags::TEMPORAL_POSITION_IDENTIFIER),
        ("b value", diffusion, tags::DIFFUSION_B_VALUE),
        ("b value", root, tags::DIFFUSION_B_VALUE),
        ("echo", echo, tags::EFFECTIVE_ECHO_TIME),
        ("echo", root, tags::ECHO_NUMBERS),
        ("echo time", root, tags::ECHO_TIME),
        ("phase", cardiac, tags::NOMINAL_PERCENTAGE_OF_CARDIAC_PHASE),
        ("phase", root, tags::NOMINAL_PERCENTAGE_OF_CARDIAC_PHASE),
        ("trigger", cardiac, tags::NOMINAL_CARDIAC_TRIGGER_DELAY_TIME),
        ("trigger", root, tags::TRIGGER_TIME),
        ("reference time", root, tags::FRAME_REFERENCE_TIME),
        ("segment", segment, tags::REFERENCED_SEGMENT_NUMBER),
        ("acquisition", root, tags::ACQUISITION_NUMBER),
        ("type", root, tags::IMAGE_TYPE),
        ("stack", content, tags::STACK_ID),
    ];
    let mut labels: Vec<FrameLabel> = Vec::new();
    for (name, elements, tag) in candidates {
        let Some(elements) = elements.filter(|elements| elements.bytes(tag).is_some()) else {
            continue;
        };
        if labels.iter().any(|label| label.name == name) {
            continue;
        }
        let value = match elements.number(tag) {
            Ok(Some(number)) => number.to_string(),
            _ => elements.code(tag),
        };
        labels.push(FrameLabel { name, value });
    }
    Arc::from(labels)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_directions_are_straightened_and_wrong_ones_refused() {
        let (x, y) = orthonormal(
            Vector::new(0.9999, 0.0003, 0.0),
            Vector::new(0.0002, 1.0, 0.0),
        )
        .unwrap();
        assert!((x.length() - 1.0).abs() < 1e-15 && (y.length() - 1.0).abs() < 1e-15);
        assert!(x.dot(y).abs() < 1e-15);
        assert!(orthonormal(Vector::new(1., 0., 0.), Vector::new(0.01, 1., 0.)).is_none());
        assert!(orthonormal(Vector::new(1., 0., 0.), Vector::new(0., 0.99, 0.)).is_none());
        assert!(orthonormal(Vector::new(0., 0., 0.), Vector::new(0., 1., 0.)).is_none());
    }
}
