//! Shape of the pixels of pictures that are not placed in the patient (PS3.3 C.7.6.3.1.7,
//! C.8.5.5.1).

use dicom_dictionary_std::tags;

use super::elements::Elements;
use super::projection::Problems;

/// Heights of any pixel over its width: beyond, a picture would be a line.
const SHAPES: std::ops::RangeInclusive<f64> = 0.05..=20.0;
/// What is told of others.
pub(crate) const SHAPE_EXPECTED: &str =
    "pixels at most 20 times as high as wide, or as wide as high, were expected";
/// Physical unit "cm" of an ultrasound region (C.8.5.5.1.15).
const CENTIMETRES: i64 = 3;
/// Spatial format "2D" of an ultrasound region (C.8.5.5.1.1).
const TWO_DIMENSIONAL: i64 = 1;

/// Height and width of a pixel, mm or relative: the first usable of Pixel Spacing and Imager Pixel
/// Spacing of the functional groups, and of the root Pixel Spacing, Imager Pixel Spacing, Nominal Scanned Pixel Spacing, Pixel Aspect Ratio, and what all two-dimensional
/// ultrasound regions agree on. Shapes that no pixel has are passed over and told.
pub(crate) fn pixel_aspect(header: &Elements, problems: &mut Problems) -> Option<[f64; 2]> {
    let mut usable = |elements: &Elements, tag| {
        let pair = elements.vector::<2>(tag).ok().flatten()?;
        let pair = pair.iter().all(|&v| v > 0.0).then_some(pair)?;
        if !is_possible(&pair) {
            problems.value(elements, tag, SHAPE_EXPECTED);
        }
        is_possible(&pair).then_some(pair)
    };
    let of_group = |(sequence, tag)| {
        let group = [
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
        ]
        .into_iter()
        .find_map(|groups| header.item(groups)?.item(sequence))?;
        usable(group, tag)
    };
    [
        (tags::PIXEL_MEASURES_SEQUENCE, tags::PIXEL_SPACING),
        (
            tags::FRAME_PIXEL_DATA_PROPERTIES_SEQUENCE,
            tags::IMAGER_PIXEL_SPACING,
        ),
    ]
    .into_iter()
    .find_map(of_group)
    .or_else(|| {
        [
            tags::PIXEL_SPACING,
            tags::IMAGER_PIXEL_SPACING,
            tags::NOMINAL_SCANNED_PIXEL_SPACING,
            tags::PIXEL_ASPECT_RATIO,
        ]
        .into_iter()
        .find_map(|tag| usable(header, tag))
    })
    .or_else(|| {
        let agreed = of_regions(header)?;
        if !is_possible(&agreed) {
            problems.add(format!(
                "The ultrasound regions say how large their pixels are, but {SHAPE_EXPECTED}. \
                 That is not used."
            ));
        }
        is_possible(&agreed).then_some(agreed)
    })
}

/// Whether pixels may have this height and width, mm or relative.
pub(crate) fn is_possible([row, column]: &[f64; 2]) -> bool {
    SHAPES.contains(&(row / column))
}

fn of_regions(header: &Elements) -> Option<[f64; 2]> {
    let mut agreed: Option<[f64; 2]> = None;
    for region in header.items(tags::SEQUENCE_OF_ULTRASOUND_REGIONS) {
        let is = |tag, wanted| matches!(region.integer(tag), Ok(Some(value)) if value == wanted);
        if !is(tags::REGION_SPATIAL_FORMAT, TWO_DIMENSIONAL)
            || !is(tags::PHYSICAL_UNITS_X_DIRECTION, CENTIMETRES)
            || !is(tags::PHYSICAL_UNITS_Y_DIRECTION, CENTIMETRES)
        {
            continue;
        }
        // Negative where the axis runs against the rows.
        let delta = |tag| Some(10.0 * region.number(tag).ok()??.abs());
        let pair = [
            delta(tags::PHYSICAL_DELTA_Y)?,
            delta(tags::PHYSICAL_DELTA_X)?,
        ];
        if pair.contains(&0.0) {
            return None;
        }
        let ratio = |[row, column]: [f64; 2]| row / column;
        match agreed {
            Some(other) if (ratio(other) / ratio(pair) - 1.0).abs() > 1e-3 => return None,
            _ => agreed = agreed.or(Some(pair)),
        }
    }
    agreed
}

#[cfg(test)]
mod tests {
    use dicom_object::Tag;

    use super::super::elements::{Element, Value};
    use super::*;

    fn pixel_aspect(header: &Elements) -> Option<[f64; 2]> {
        super::pixel_aspect(header, &mut Problems::default())
    }

    fn element(tag: Tag, vr: [u8; 2], bytes: Vec<u8>) -> Element {
        Element {
            tag,
            vr: Some(vr),
            value: Value::Bytes(bytes),
        }
    }

    fn with(list: Vec<Element>) -> Elements {
        Elements {
            list,
            big_endian: false,
        }
    }

    fn region(delta_x: f64, delta_y: f64) -> Elements {
        let word = |tag, value: u16| element(tag, *b"US", value.to_le_bytes().to_vec());
        let delta = |tag, value: f64| element(tag, *b"FD", value.to_le_bytes().to_vec());
        with(vec![
            word(tags::REGION_SPATIAL_FORMAT, 1),
            word(tags::PHYSICAL_UNITS_X_DIRECTION, 3),
            word(tags::PHYSICAL_UNITS_Y_DIRECTION, 3),
            delta(tags::PHYSICAL_DELTA_X, delta_x),
            delta(tags::PHYSICAL_DELTA_Y, delta_y),
        ])
    }

    fn ultrasound(regions: Vec<Elements>) -> Elements {
        with(vec![Element {
            tag: tags::SEQUENCE_OF_ULTRASOUND_REGIONS,
            vr: Some(*b"SQ"),
            value: Value::Items(regions),
        }])
    }

    #[test]
    fn spacing_goes_before_the_ratio_and_nonsense_is_passed_over() {
        let text = |tag, text: &str| element(tag, *b"DS", text.as_bytes().to_vec());
        let ratio = text(tags::PIXEL_ASPECT_RATIO, "3\\2");
        let imager = text(tags::IMAGER_PIXEL_SPACING, "0.1\\0.2");
        assert_eq!(pixel_aspect(&with(vec![ratio.clone()])), Some([3.0, 2.0]));
        assert_eq!(
            pixel_aspect(&with(vec![ratio.clone(), imager])),
            Some([0.1, 0.2])
        );
        let zero = text(tags::PIXEL_SPACING, "0\\0");
        assert_eq!(pixel_aspect(&with(vec![zero, ratio])), Some([3.0, 2.0]));
        assert_eq!(pixel_aspect(&with(Vec::new())), None);
    }

    #[test]
    fn shapes_that_no_pixel_has_are_passed_over_and_told() {
        let text = |tag, text: &str| element(tag, *b"DS", text.as_bytes().to_vec());
        let read = |list| {
            let mut told = Problems::default();
            (super::pixel_aspect(&with(list), &mut told), told.0)
        };
        let line = text(tags::PIXEL_SPACING, "1e30\\1e-30");
        let ratio = text(tags::PIXEL_ASPECT_RATIO, "3\\2");
        let (aspect, told) = read(vec![line.clone(), ratio]);
        assert_eq!(aspect, Some([3.0, 2.0]), "the next that is usable");
        assert!(told[0].contains("Pixel Spacing (0028,0030)"), "{told:?}");
        let sliver = text(tags::PIXEL_ASPECT_RATIO, "1\\1000000");
        let (aspect, told) = read(vec![line, sliver]);
        assert_eq!((aspect, told.len()), (None, 2));
        for ends in ["20\\1", "1\\20"] {
            let (aspect, told) = read(vec![text(tags::PIXEL_ASPECT_RATIO, ends)]);
            assert!(aspect.is_some() && told.is_empty());
        }
        let regions = ultrasound(vec![region(0.001, 0.1)]);
        let (aspect, told) = read(regions.list);
        assert_eq!((aspect, told.len()), (None, 1));
    }

    #[test]
    fn enhanced_files_say_it_in_their_functional_groups() {
        let sequence = |tag, item: Elements| Element {
            tag,
            vr: Some(*b"SQ"),
            value: Value::Items(vec![item]),
        };
        let imager = element(tags::IMAGER_PIXEL_SPACING, *b"DS", b"0.3\\0.2".to_vec());
        let properties = tags::FRAME_PIXEL_DATA_PROPERTIES_SEQUENCE;
        let group = with(vec![sequence(properties, with(vec![imager]))]);
        let shared = sequence(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, group);
        assert_eq!(pixel_aspect(&with(vec![shared])), Some([0.3, 0.2]));
    }

    #[test]
    fn ultrasound_regions_count_where_they_agree() {
        assert_eq!(
            pixel_aspect(&ultrasound(vec![region(0.02, -0.04)])),
            Some([0.4, 0.2])
        );
        let same = ultrasound(vec![region(0.02, 0.04), region(0.01, 0.02)]);
        assert_eq!(pixel_aspect(&same), Some([0.4, 0.2]));
        let other = ultrasound(vec![region(0.02, 0.04), region(0.02, 0.02)]);
        assert_eq!(pixel_aspect(&other), None);
        assert_eq!(pixel_aspect(&ultrasound(vec![region(0.0, 0.02)])), None);
    }
}
