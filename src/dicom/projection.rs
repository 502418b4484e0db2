//! Angles, distances and spacing of projection pictures, classic and enhanced (PS3.3 C.8.7.5,
//! C.8.19.6; clinical reference sheet, 2.4).

use std::ops::RangeInclusive;

use dicom_dictionary_std::{tags, uids};
use dicom_object::Tag;

use super::elements::{Elements, attribute_name};
use super::frames::FrameSource;
use super::spacing;
use crate::geometry::{CArmAngles, Degrees, wrap_180};
use crate::study::{FieldOfView, FieldShape, ProjectionGeometry};

/// Any side of a receptor, mm.
const FIELDS_MM: RangeInclusive<f64> = 1.0..=5000.0;
/// Magnification of what lies between tube and receptor; rounding may put it just below 1.
const MAGNIFICATIONS: RangeInclusive<f64> = 0.99..=50.0;
/// Sentences that are kept: each frame of a file may have its own wrong values.
const MOST_PROBLEMS: usize = 64;
/// Bytes of one number that is meant; longer values are not read at every frame.
const LONGEST_NUMBER: usize = 64;

/// Sentences about what could not be used, each once, and no more than can be told.
#[derive(Debug, Default)]
pub(crate) struct Problems(pub Vec<String>);

impl Problems {
    /// Adds a sentence.
    pub fn add(&mut self, sentence: String) {
        if self.0.len() < MOST_PROBLEMS && !self.0.contains(&sentence) {
            self.0.push(sentence);
        }
    }

    /// Adds what is wrong with a value, and what that means.
    pub fn value(&mut self, holder: &Elements, tag: Tag, expected: &str) {
        if self.0.len() >= MOST_PROBLEMS {
            return;
        }
        let (name, value) = (attribute_name(tag), holder.shown(tag));
        self.add(format!(
            "{name} is \"{value}\": {expected}. It is not used."
        ));
    }

    /// Exactly `N` numbers in a range; `None` where absent, and told where malformed.
    pub fn within<const N: usize>(
        &mut self,
        holder: Option<&Elements>,
        tag: Tag,
        (range, expected): (&RangeInclusive<f64>, &str),
    ) -> Option<[f64; N]> {
        let holder = holder?;
        let length = holder.bytes(tag).map_or(0, <[u8]>::len);
        if length <= N * LONGEST_NUMBER
            && let Ok(numbers) = holder.vector::<N>(tag)
        {
            let numbers = numbers?;
            if numbers.iter().all(|number| range.contains(number)) {
                return Some(numbers);
            }
        }
        self.value(holder, tag, expected);
        None
    }

    /// Spacings of pixels that may be; `None` where they are lines, which is told.
    pub fn of_possible_shape(
        &mut self,
        holder: Option<&Elements>,
        tag: Tag,
        mm: Option<[f64; 2]>,
    ) -> Option<[f64; 2]> {
        let (holder, mm) = (holder?, mm?);
        if !spacing::is_possible(&mm) {
            self.value(holder, tag, spacing::SHAPE_EXPECTED);
            return None;
        }
        Some(mm)
    }

    fn one(
        &mut self,
        holder: Option<&Elements>,
        tag: Tag,
        range: (&RangeInclusive<f64>, &str),
    ) -> Option<f64> {
        self.within::<1>(holder, tag, range).map(|[number]| number)
    }
}

/// Whether Distance Source to Patient (0018,1111) of a class ends at the isocentre; in the
/// families of digital X-ray it ends at the table or the support.
pub(crate) fn patient_is_isocenter(sop_class: &str) -> bool {
    matches!(
        sop_class,
        uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE
            | uids::X_RAY_RADIOFLUOROSCOPIC_IMAGE_STORAGE
            | uids::ENHANCED_XA_IMAGE_STORAGE
            | uids::ENHANCED_XRF_IMAGE_STORAGE
    )
}

/// What is known of each of `count` frames: one entry where all are alike, none where nothing is.
pub(crate) fn projections(
    root: &Elements,
    count: usize,
    problems: &mut Problems,
) -> Vec<ProjectionGeometry> {
    let angles = classic_angles(root, count, problems);
    let has_groups = !root
        .items(tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE)
        .is_empty();
    let known = if has_groups || angles.len() > 1 {
        count
    } else {
        1
    };
    let isocentric = patient_is_isocenter(&root.code(tags::SOP_CLASS_UID));
    let mut all: Vec<ProjectionGeometry> = (0..known)
        .map(|frame| {
            let source = FrameSource::of_frame(root, frame);
            let classic = match angles.as_slice() {
                [one] => *one,
                each => each.get(frame).copied().flatten(),
            };
            of_frame(&source, classic, isocentric, problems)
        })
        .collect();
    let alike = all.iter().zip(all.iter().skip(1)).all(|(a, b)| a == b);
    if alike {
        all.truncate(1);
    }
    all.retain(|first| !alike || *first != ProjectionGeometry::default());
    all
}

fn of_frame(
    source: &FrameSource<'_>,
    classic: Option<CArmAngles>,
    isocentric: bool,
    problems: &mut Problems,
) -> ProjectionGeometry {
    let held = |sequence, tag| source.holder(sequence, tag, true);
    let distance = "a distance between 1 and 20000 mm was expected";
    let spacing = "two spacings between 0.0001 and 100 mm were expected";
    let factor = "a factor of 1 or more was expected";
    let mut distance_of = |tag| {
        let holder = held(tags::X_RAY_GEOMETRY_SEQUENCE, tag);
        problems.one(holder, tag, (&ProjectionGeometry::DISTANCES_MM, distance))
    };
    let sid = distance_of(tags::DISTANCE_SOURCE_TO_DETECTOR);
    let isocenter = distance_of(tags::DISTANCE_SOURCE_TO_ISOCENTER);
    let sod =
        isocenter.or_else(|| isocentric.then(|| distance_of(tags::DISTANCE_SOURCE_TO_PATIENT))?);
    let sod = sod.filter(|&sod| {
        let possible = sid.is_none_or(|sid| sod <= sid);
        if !possible {
            problems.add(format!(
                "The distance from the source to the isocentre ({sod} mm) is greater than that to \
                 the detector ({} mm). It is not used.",
                sid.unwrap_or_default()
            ));
        }
        possible
    });
    let factor_tag = tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR;
    let holder = held(tags::X_RAY_GEOMETRY_SEQUENCE, factor_tag);
    let magnification = problems.one(holder, factor_tag, (&MAGNIFICATIONS, factor));
    if let (Some(factor), Some(sid), Some(sod)) = (magnification, sid, sod)
        && (factor * sod / sid - 1.0).abs() > 0.02
    {
        problems.add(format!(
            "The magnification factor of the file is {factor:.3}, but its distances give {:.3}. \
             Lengths rest on the factor.",
            sid / sod
        ));
    }
    let mut spacing_of = |sequence, tag| {
        let holder = held(sequence, tag);
        let found = problems.within::<2>(holder, tag, (&ProjectionGeometry::SPACINGS_MM, spacing));
        problems.of_possible_shape(holder, tag, found)
    };
    let imager_spacing_mm = spacing_of(
        tags::FRAME_PIXEL_DATA_PROPERTIES_SEQUENCE,
        tags::IMAGER_PIXEL_SPACING,
    );
    let object_spacing_mm = spacing_of(
        tags::PROJECTION_PIXEL_CALIBRATION_SEQUENCE,
        tags::OBJECT_PIXEL_SPACING_IN_CENTER_OF_BEAM,
    );
    let position = source.group(tags::POSITIONER_POSITION_SEQUENCE);
    let own = position.and_then(|group| angles(group, problems));
    ProjectionGeometry {
        angles: own.or(classic),
        source_to_detector_mm: sid,
        source_to_isocenter_mm: sod,
        magnification: magnification.map(|factor| factor.max(1.0)),
        imager_spacing_mm,
        object_spacing_mm,
        field_of_view: field_of_view(source, problems),
    }
}

/// Both angles of a holder; `None` unless both are there and possible.
fn angles(holder: &Elements, problems: &mut Problems) -> Option<CArmAngles> {
    let mut angle = |tag, most: f64, expected| {
        let range = -most..=most;
        problems.one(Some(holder), tag, (&range, expected))
    };
    let primary = tags::POSITIONER_PRIMARY_ANGLE;
    let primary = angle(primary, 180.0, "an angle from -180 to 180 was expected");
    let secondary = tags::POSITIONER_SECONDARY_ANGLE;
    let secondary = angle(secondary, 90.0, "an angle from -90 to 90 was expected");
    Some(CArmAngles {
        primary: Degrees(primary?),
        secondary: Degrees(secondary?),
    })
}

/// Angles of the root: one entry for all frames, or one for each with those that are unknown.
fn classic_angles(
    root: &Elements,
    count: usize,
    problems: &mut Problems,
) -> Vec<Option<CArmAngles>> {
    let Some(first) = angles(root, problems) else {
        return vec![None];
    };
    let tags = [
        tags::POSITIONER_PRIMARY_ANGLE_INCREMENT,
        tags::POSITIONER_SECONDARY_ANGLE_INCREMENT,
    ];
    let increments = tags.map(|tag| increments(root, tag, count, problems));
    let moves = root.code(tags::POSITIONER_MOTION) == "DYNAMIC";
    let stated = tags.iter().any(|&tag| root.bytes(tag).is_some());
    if count == 1 || (!moves && !stated) {
        return vec![Some(first)];
    }
    if !stated {
        problems.add(
            "The C-arm moved during the run, but the file does not say how: its angles are known \
             for the first frame only."
                .to_owned(),
        );
    }
    let [primary, secondary] = increments;
    (0..count)
        .map(|frame| {
            let offset = |increments: &Option<Vec<f64>>| match increments.as_deref() {
                Some([each]) => Some(each * frame as f64),
                Some(offsets) => offsets.get(frame).copied(),
                None => (frame == 0).then_some(0.0),
            };
            let turned = CArmAngles {
                primary: wrap_180(Degrees(first.primary.0 + offset(&primary)?)),
                secondary: Degrees(first.secondary.0 + offset(&secondary)?),
            };
            (turned.secondary.0.abs() <= 90.0).then_some(turned)
        })
        .collect()
}

/// One increment for each frame, or offsets from the first angle, one a frame (C.8.7.5.1.3).
/// `None` where they cannot be used; where absent, the angle stays.
fn increments(
    root: &Elements,
    tag: Tag,
    count: usize,
    problems: &mut Problems,
) -> Option<Vec<f64>> {
    match root.numbers(tag) {
        Ok(None) => (root.code(tags::POSITIONER_MOTION) != "DYNAMIC" || other_is_stated(root, tag))
            .then(|| vec![0.0]),
        Ok(Some(numbers)) if matches!(numbers.len(), 1) || numbers.len() == count => {
            let finite = numbers.iter().all(|number| number.is_finite());
            finite.then_some(numbers)
        }
        Ok(Some(numbers)) => {
            problems.add(format!(
                "{} has {} values for {count} frames: the angles are known for the first frame \
                 only.",
                attribute_name(tag),
                numbers.len()
            ));
            None
        }
        Err(_) => {
            problems.value(root, tag, "numbers were expected");
            None
        }
    }
}

fn other_is_stated(root: &Elements, tag: Tag) -> bool {
    let other = if tag == tags::POSITIONER_PRIMARY_ANGLE_INCREMENT {
        tags::POSITIONER_SECONDARY_ANGLE_INCREMENT
    } else {
        tags::POSITIONER_PRIMARY_ANGLE_INCREMENT
    };
    root.bytes(other).is_some()
}

fn field_of_view(source: &FrameSource<'_>, problems: &mut Problems) -> Option<FieldOfView> {
    let held = |tag| {
        let holder = source.holder(tags::FIELD_OF_VIEW_SEQUENCE, tag, true)?;
        let length = holder.bytes(tag).map_or(0, <[u8]>::len);
        (length <= 2 * LONGEST_NUMBER).then_some(holder)
    };
    let shape = match held(tags::FIELD_OF_VIEW_SHAPE)?
        .code(tags::FIELD_OF_VIEW_SHAPE)
        .as_str()
    {
        "RECTANGLE" => FieldShape::Rectangle,
        "ROUND" => FieldShape::Round,
        "HEXAGONAL" => FieldShape::Hexagonal,
        _ => return None,
    };
    let tag = [
        tags::FIELD_OF_VIEW_DIMENSIONS_IN_FLOAT,
        tags::FIELD_OF_VIEW_DIMENSIONS,
    ]
    .into_iter()
    .find(|&tag| held(tag).is_some())?;
    let holder = held(tag)?;
    let size_mm = match holder.numbers(tag).ok()?.as_deref() {
        Some(&[both]) => [both, both],
        Some(&[row, column]) => [row, column],
        _ => return None,
    };
    if !size_mm.iter().all(|side| FIELDS_MM.contains(side)) {
        problems.value(holder, tag, "sides between 1 and 5000 mm were expected");
        return None;
    }
    Some(FieldOfView { shape, size_mm })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_end_where_nobody_would_read_on() {
        let mut problems = Problems::default();
        for frame in 0..10 * MOST_PROBLEMS {
            problems.add(format!("Frame {frame} is wrong."));
            problems.add("Always the same.".to_owned());
        }
        assert_eq!(problems.0.len(), MOST_PROBLEMS);
        assert_eq!(problems.0[1], "Always the same.");
    }
}
