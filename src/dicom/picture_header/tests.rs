use dicom_dictionary_std::uids;
use dicom_object::Tag;

use super::super::elements::{Element, Value};
use super::*;
use crate::study::{FieldShape, ShutterShape};

fn text(tag: Tag, value: &str) -> Element {
    Element {
        tag,
        vr: Some(*b"DS"),
        value: Value::Bytes(value.as_bytes().to_vec()),
    }
}

fn with(list: Vec<Element>) -> Elements {
    Elements {
        list,
        big_endian: false,
    }
}

fn sequence(tag: Tag, items: Vec<Elements>) -> Element {
    Element {
        tag,
        vr: Some(*b"SQ"),
        value: Value::Items(items),
    }
}

fn root(class: &str, values: &[(Tag, &str)]) -> Elements {
    let mut list = vec![text(tags::SOP_CLASS_UID, class), text(tags::MODALITY, "XA")];
    list.extend(values.iter().map(|&(tag, value)| text(tag, value)));
    with(list)
}

const XA: &str = uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE;

fn degrees(header: &PictureHeader, frame: usize) -> Option<(f64, f64)> {
    let angles = header.projection(frame)?.angles?;
    Some((angles.primary.0, angles.secondary.0))
}

#[test]
fn distance_to_the_patient_ends_at_the_isocentre_in_angiography_only() {
    let values = [
        (tags::DISTANCE_SOURCE_TO_DETECTOR, "1000"),
        (tags::DISTANCE_SOURCE_TO_PATIENT, "700"),
        (tags::IMAGER_PIXEL_SPACING, "0.2\\0.3"),
    ];
    let angiography = picture_header(&root(XA, &values), 1);
    let taken = angiography.projection(0).unwrap();
    assert_eq!(taken.source_to_isocenter_mm, Some(700.0));
    assert_eq!(taken.imager_spacing_mm, Some([0.2, 0.3]));
    let digital = uids::DIGITAL_X_RAY_IMAGE_STORAGE_FOR_PRESENTATION;
    let radiograph = picture_header(&root(digital, &values), 1);
    let taken = radiograph.projection(0).unwrap();
    assert_eq!(taken.source_to_isocenter_mm, None);
    assert_eq!(taken.source_to_detector_mm, Some(1000.0));
    assert!(radiograph.problems.is_empty() && angiography.problems.is_empty());
}

#[test]
fn absent_is_nothing_and_malformed_is_told() {
    let nothing = picture_header(&root(XA, &[]), 5);
    assert!(nothing.projections.is_empty() && nothing.problems.is_empty());
    let empty = [
        (tags::POSITIONER_PRIMARY_ANGLE, ""),
        (tags::IMAGER_PIXEL_SPACING, " "),
    ];
    assert!(picture_header(&root(XA, &empty), 5).problems.is_empty());
    for (tag, value, part) in [
        (
            tags::POSITIONER_PRIMARY_ANGLE,
            "270",
            "Positioner Primary Angle",
        ),
        (
            tags::POSITIONER_SECONDARY_ANGLE,
            "-91",
            "Positioner Secondary Angle",
        ),
        (
            tags::DISTANCE_SOURCE_TO_DETECTOR,
            "0",
            "Distance Source To Detector",
        ),
        (tags::IMAGER_PIXEL_SPACING, "0\\0", "Imager Pixel Spacing"),
        (
            tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR,
            "0.7",
            "Magnification Factor",
        ),
    ] {
        let mut values = vec![(tags::FRAME_TIME, "40"), (tag, value)];
        if tag == tags::POSITIONER_SECONDARY_ANGLE {
            values.push((tags::POSITIONER_PRIMARY_ANGLE, "10"));
        }
        let header = picture_header(&root(XA, &values), 5);
        assert_eq!(header.problems.len(), 1, "{:?}", header.problems);
        assert!(header.problems[0].contains(part), "{:?}", header.problems);
        assert!(header.problems[0].contains(value));
        assert_eq!(degrees(&header, 0), None);
        assert_eq!(header.timing.step_ms, Some(40.0), "the rest is read");
    }
}

#[test]
fn distances_that_contradict_one_another_are_told() {
    let values = [
        (tags::DISTANCE_SOURCE_TO_DETECTOR, "700"),
        (tags::DISTANCE_SOURCE_TO_PATIENT, "1000"),
    ];
    let header = picture_header(&root(XA, &values), 1);
    assert_eq!(header.projection(0).unwrap().source_to_isocenter_mm, None);
    assert!(
        header.problems[0].contains("1000 mm"),
        "{:?}",
        header.problems
    );
    let values = [
        (tags::DISTANCE_SOURCE_TO_DETECTOR, "1000"),
        (tags::DISTANCE_SOURCE_TO_PATIENT, "700"),
        (tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR, "1.2"),
    ];
    let header = picture_header(&root(XA, &values), 1);
    assert!(
        header.problems[0].contains("1.429"),
        "{:?}",
        header.problems
    );
    assert_eq!(header.projection(0).unwrap().magnification, Some(1.2));
}

#[test]
fn increments_are_steps_or_offsets_from_the_first_angle() {
    // C.8.7.5.1.3: one value is the change from frame to frame, more are offsets.
    let still = [
        (tags::POSITIONER_PRIMARY_ANGLE, "170"),
        (tags::POSITIONER_SECONDARY_ANGLE, "5"),
    ];
    let read = |more: &[(Tag, &str)]| {
        let values: Vec<(Tag, &str)> = still.iter().chain(more).copied().collect();
        picture_header(&root(XA, &values), 3)
    };
    let one = read(&[]);
    assert_eq!(
        (one.projections.len(), degrees(&one, 2)),
        (1, Some((170.0, 5.0)))
    );
    let primary = tags::POSITIONER_PRIMARY_ANGLE_INCREMENT;
    let steps = read(&[(primary, "8")]);
    assert_eq!(degrees(&steps, 2), Some((-174.0, 5.0)), "wrapped at 180°");
    let offsets = read(&[(primary, "0\\-10\\-30")]);
    assert_eq!(degrees(&offsets, 1), Some((160.0, 5.0)));
    assert_eq!(degrees(&offsets, 2), Some((140.0, 5.0)));
    let wrong = read(&[(primary, "0\\1")]);
    assert_eq!(degrees(&wrong, 0), Some((170.0, 5.0)));
    assert_eq!(degrees(&wrong, 1), None);
    assert!(
        wrong.problems[0].contains("2 values for 3 frames"),
        "{:?}",
        wrong.problems
    );
    let moved = read(&[(tags::POSITIONER_MOTION, "DYNAMIC")]);
    assert_eq!(
        (degrees(&moved, 0), degrees(&moved, 1)),
        (Some((170.0, 5.0)), None)
    );
    assert!(
        moved.problems[0].contains("first frame only"),
        "{:?}",
        moved.problems
    );
}

#[test]
fn enhanced_files_say_it_in_functional_groups() {
    let group = |primary: &str| {
        with(vec![sequence(
            tags::POSITIONER_POSITION_SEQUENCE,
            vec![with(vec![
                text(tags::POSITIONER_PRIMARY_ANGLE, primary),
                text(tags::POSITIONER_SECONDARY_ANGLE, "0"),
            ])],
        )])
    };
    let shared = with(vec![
        sequence(
            tags::X_RAY_GEOMETRY_SEQUENCE,
            vec![with(vec![
                text(tags::DISTANCE_SOURCE_TO_DETECTOR, "1200"),
                text(tags::DISTANCE_SOURCE_TO_ISOCENTER, "800"),
            ])],
        ),
        sequence(
            tags::FRAME_PIXEL_DATA_PROPERTIES_SEQUENCE,
            vec![with(vec![
                text(tags::IMAGER_PIXEL_SPACING, "0.154\\0.154"),
                text(tags::PIXEL_INTENSITY_RELATIONSHIP, "LOG"),
            ])],
        ),
        sequence(
            tags::FIELD_OF_VIEW_SEQUENCE,
            vec![with(vec![
                text(tags::FIELD_OF_VIEW_SHAPE, "RECTANGLE"),
                text(tags::FIELD_OF_VIEW_DIMENSIONS_IN_FLOAT, "300\\400"),
            ])],
        ),
    ]);
    let mut enhanced = root(uids::ENHANCED_XA_IMAGE_STORAGE, &[]);
    let shared = sequence(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, vec![shared]);
    let per_frame = sequence(
        tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
        vec![group("10"), group("12")],
    );
    let display = sequence(
        tags::FRAME_DISPLAY_SEQUENCE,
        vec![with(vec![text(
            tags::RECOMMENDED_DISPLAY_FRAME_RATE_IN_FLOAT,
            "12.5",
        )])],
    );
    enhanced.list.extend([shared, per_frame, display]);
    let header = picture_header(&enhanced, 2);
    assert_eq!(degrees(&header, 1), Some((12.0, 0.0)));
    let taken = header.projection(1).unwrap();
    assert_eq!(taken.distance_ratio(), Some(1.5));
    let field = taken.field_of_view.unwrap();
    assert_eq!(
        (field.shape, field.size_mm),
        (FieldShape::Rectangle, [300.0, 400.0])
    );
    assert_eq!(header.intensity, Some(Intensity::Logarithmic));
    assert_eq!(header.timing.step_ms, Some(80.0));
    assert!(header.problems.is_empty(), "{:?}", header.problems);
}

#[test]
fn shutters_of_every_shape_are_read() {
    let header = picture_header(
        &root(
            XA,
            &[
                (tags::SHUTTER_SHAPE, "RECTANGULAR\\CIRCULAR\\POLYGONAL"),
                (tags::SHUTTER_LEFT_VERTICAL_EDGE, "10"),
                (tags::SHUTTER_RIGHT_VERTICAL_EDGE, "90"),
                (tags::SHUTTER_UPPER_HORIZONTAL_EDGE, "20"),
                (tags::SHUTTER_LOWER_HORIZONTAL_EDGE, "80"),
                (tags::CENTER_OF_CIRCULAR_SHUTTER, "50\\51"),
                (tags::RADIUS_OF_CIRCULAR_SHUTTER, "40"),
                (tags::VERTICES_OF_THE_POLYGONAL_SHUTTER, "1\\1\\1\\9\\9\\9"),
                (tags::SHUTTER_PRESENTATION_VALUE, "32768"),
            ],
        ),
        1,
    );
    assert!(header.problems.is_empty(), "{:?}", header.problems);
    let shapes = header.shutter.shapes.as_slice();
    assert_eq!(
        shapes,
        [
            ShutterShape::Rectangle {
                rows: [20, 80],
                columns: [10, 90]
            },
            ShutterShape::Circle {
                center: [50.0, 51.0],
                radius: 40.0
            },
            ShutterShape::Polygon(vec![[1.0, 1.0], [1.0, 9.0], [9.0, 9.0]]),
        ]
    );
    assert_eq!(header.shutter.grey, 128);
    let again = [
        (tags::SHUTTER_SHAPE, "CIRCULAR\\CIRCULAR\\CIRCULAR"),
        (tags::CENTER_OF_CIRCULAR_SHUTTER, "50\\51"),
        (tags::RADIUS_OF_CIRCULAR_SHUTTER, "40"),
    ];
    let shapes = picture_header(&root(XA, &again), 1).shutter.shapes;
    assert_eq!(shapes.len(), 1, "its attributes are there once");
    for wrong in ["RECTANGULAR", "CIRCULAR", "POLYGONAL", "BITMAP"] {
        let header = picture_header(&root(XA, &[(tags::SHUTTER_SHAPE, wrong)]), 1);
        assert!(header.shutter.shapes.is_empty());
        assert_eq!(header.problems.len(), 1, "{wrong}");
    }
}

#[test]
fn calibration_and_orientation_are_kept_as_stated() {
    let header = picture_header(
        &root(
            uids::COMPUTED_RADIOGRAPHY_IMAGE_STORAGE,
            &[
                (tags::PIXEL_SPACING, "0.143\\0.143"),
                (tags::PIXEL_SPACING_CALIBRATION_TYPE, "FIDUCIAL"),
                (tags::PATIENT_ORIENTATION, "L\\F"),
            ],
        ),
        1,
    );
    assert_eq!(
        header.spacing_calibration,
        Some(SpacingCalibration::Fiducial)
    );
    assert_eq!(header.pixel_spacing_mm, Some([0.143; 2]));
    assert_eq!(
        header.patient_orientation,
        Some(["L".to_owned(), "F".to_owned()])
    );
    // A spacing of zero matters only where the file says that it is calibrated.
    let zero = |calibrated: &str| {
        let values = [
            (tags::PIXEL_SPACING, "0.000\\0.000"),
            (tags::PIXEL_SPACING_CALIBRATION_TYPE, calibrated),
        ];
        picture_header(&root(XA, &values), 1).problems.len()
    };
    assert_eq!((zero(""), zero("GEOMETRY")), (0, 1));
}

#[test]
fn regions_in_centimetres_are_read_and_doppler_is_not() {
    let region = |units: &str, format: &str| {
        with(vec![
            text(tags::REGION_SPATIAL_FORMAT, format),
            text(tags::PHYSICAL_UNITS_X_DIRECTION, units),
            text(tags::PHYSICAL_UNITS_Y_DIRECTION, units),
            text(tags::PHYSICAL_DELTA_X, "0.02"),
            text(tags::PHYSICAL_DELTA_Y, "-0.03"),
            text(tags::REGION_LOCATION_MIN_X0, "10"),
            text(tags::REGION_LOCATION_MIN_Y0, "20"),
            text(tags::REGION_LOCATION_MAX_X1, "110"),
            text(tags::REGION_LOCATION_MAX_Y1, "120"),
        ])
    };
    let mut header = root(uids::ULTRASOUND_IMAGE_STORAGE, &[]);
    header.list.push(sequence(
        tags::SEQUENCE_OF_ULTRASOUND_REGIONS,
        vec![region("4", "3"), region("3", "1")],
    ));
    let regions = picture_header(&header, 1).regions;
    assert_eq!(regions.len(), 1);
    let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
    assert!(near(regions[0].mm[0], 0.3) && near(regions[0].mm[1], 0.2));
    assert!(regions[0].contains([10.0, 20.0]) && !regions[0].contains([9.0, 20.0]));
}

#[test]
fn a_picture_turned_after_the_receptor_took_it_is_known() {
    let turned = |values: &[(Tag, &str)]| picture_header(&root(XA, values), 1).turned_from_receptor;
    assert!(turned(&[(tags::FIELD_OF_VIEW_HORIZONTAL_FLIP, "YES")]));
    assert!(turned(&[(tags::FIELD_OF_VIEW_ROTATION, "180")]));
    assert!(!turned(&[
        (tags::FIELD_OF_VIEW_HORIZONTAL_FLIP, "NO"),
        (tags::FIELD_OF_VIEW_ROTATION, "0"),
    ]));
    let field = with(vec![text(tags::FIELD_OF_VIEW_HORIZONTAL_FLIP, "YES")]);
    let shared = with(vec![sequence(tags::FIELD_OF_VIEW_SEQUENCE, vec![field])]);
    let mut enhanced = root(uids::ENHANCED_XA_IMAGE_STORAGE, &[]);
    enhanced.list.push(sequence(
        tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE,
        vec![shared],
    ));
    assert!(picture_header(&enhanced, 1).turned_from_receptor);
}

#[test]
fn frames_that_were_turned_in_different_ways_have_no_known_sides() {
    let frame = |rotation: &str| {
        let field = with(vec![text(tags::FIELD_OF_VIEW_ROTATION, rotation)]);
        with(vec![sequence(tags::FIELD_OF_VIEW_SEQUENCE, vec![field])])
    };
    let read = |rotations: [&str; 2]| {
        let mut enhanced = root(
            uids::ENHANCED_XA_IMAGE_STORAGE,
            &[(tags::PATIENT_ORIENTATION, "L\\F")],
        );
        enhanced.list.push(sequence(
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            rotations.map(frame).to_vec(),
        ));
        picture_header(&enhanced, 2)
    };
    // That of the first frame says nothing of the second.
    let unlike = read(["0", "180"]);
    assert!(unlike.turned_from_receptor);
    assert_eq!(unlike.patient_orientation, None);
    assert!(
        unlike.problems[0].contains("Field Of View Rotation"),
        "{:?}",
        unlike.problems
    );
    let alike = read(["180", "180.0"]);
    assert!(alike.turned_from_receptor && alike.problems.is_empty());
    assert!(alike.patient_orientation.is_some());
    let plain = read(["0", "-0"]);
    assert!(!plain.turned_from_receptor && plain.problems.is_empty());
}
