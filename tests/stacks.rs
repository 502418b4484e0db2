//! Proves what frames become: order, geometry, stacks and their warnings.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

#[path = "common/dicom_file.rs"]
mod dicom_file;
#[path = "common/import.rs"]
mod import;

use dicom_dictionary_std::tags;
use dicom_file::{DicomFile, items};
use import::{codes, folder, import, only_series, only_stack};
use stylet::dicom::ImportReport;
use stylet::geometry::{Point, Voxel};
use stylet::study::{StackKind, WarningCode};

type Damage = fn(DicomFile) -> DicomFile;

/// Positions of the files in stack order.
fn instance_numbers(report: &ImportReport) -> Vec<i32> {
    let series = only_series(report);
    series.stacks[0]
        .frames
        .iter()
        .map(|frame| series.instances[frame.instance].number.unwrap())
        .collect()
}

#[test]
fn shuffled_slices_are_sorted_along_the_normal() {
    let order = [3, 0, 4, 1, 2];
    let dir = folder(&order.map(|i| DicomFile::slice(1, 100 - i, f64::from(i) * 2.0, 0)));
    let report = import(&dir);
    let stack = only_stack(&report);
    assert_eq!(stack.kind, StackKind::Volume);
    assert_eq!(codes(stack), []);
    assert_eq!(instance_numbers(&report), [100, 99, 98, 97, 96]);
    let grid = stack.geometry.as_ref().unwrap();
    assert_eq!(grid.spacing_mm, [0.5, 0.8, 2.0]);
    assert_eq!(grid.origin, Point::new(-10.0, -20.0, 0.0));
    assert_eq!(grid.slices, 5);
}

#[test]
fn a_tilted_gantry_keeps_an_exact_map_and_is_named() {
    // Slices tilted by 15° about x, the table moving along z.
    let (sin, cos) = 15_f64.to_radians().sin_cos();
    let files: Vec<_> = (0..6)
        .map(|i| {
            DicomFile::slice(1, i, f64::from(i) * 3.0, 0).orientation([1., 0., 0., 0., cos, sin])
        })
        .collect();
    let report = import(&folder(&files));
    let stack = only_stack(&report);
    assert_eq!(codes(stack), [WarningCode::GantryTilt]);
    assert!(
        stack.warnings[0].message.contains("15.0°"),
        "{}",
        stack.warnings[0].message
    );
    let map = stack.geometry.as_ref().unwrap().lps_from_voxel();
    // IPP of slice 4 + 2 columns + 3 rows, by hand (C.7.6.2.1.1).
    let at = map * Point::<Voxel>::new(2.0, 3.0, 4.0);
    let expected = Point::new(-10.0 + 1.0, -20.0 + 2.4 * cos, 12.0 + 2.4 * sin);
    assert!(at.distance(expected) < 1e-6, "{at:?}");
}

#[test]
fn a_gap_stays_empty_at_the_base_spacing() {
    let files: Vec<_> = [0, 1, 2, 5, 6]
        .map(|i| DicomFile::slice(1, i, f64::from(i) * 2.0, 0))
        .into();
    let report = import(&folder(&files));
    let stack = only_stack(&report);
    let grid = stack.geometry.as_ref().unwrap();
    assert_eq!(codes(stack), [WarningCode::MissingSlices]);
    let message = &stack.warnings[0].message;
    assert!(
        message.contains("2 slices between H 4.0 and H 10.0 mm (6.0 mm apart)"),
        "{message}"
    );
    assert_eq!((grid.slices, grid.spacing_mm[2]), (7, 2.0));
    assert_eq!(grid.slice_of_frame, [0, 1, 2, 5, 6]);
}

#[test]
fn duplicates_are_left_out_and_listed() {
    let mut files: Vec<_> = (0..4)
        .map(|i| DicomFile::slice(1, i, f64::from(i), 0))
        .collect();
    files.push(DicomFile::slice(1, 9, 2.0, 0));
    let report = import(&folder(&files));
    let stack = only_stack(&report);
    assert_eq!(codes(stack), [WarningCode::DuplicateSlices]);
    assert!(stack.warnings[0].message.contains("at H 2.0 mm"));
    assert_eq!(instance_numbers(&report), [0, 1, 2, 3]);
}

#[test]
fn uneven_slices_are_resampled_and_named() {
    let at = [0.0, 2.0, 4.3, 6.0, 8.0];
    let files: Vec<_> = (0..5)
        .map(|i| DicomFile::slice(1, i, at[i as usize], 0))
        .collect();
    let report = import(&folder(&files));
    let stack = only_stack(&report);
    let grid = stack.geometry.as_ref().unwrap();
    assert_eq!(codes(stack), [WarningCode::UnevenSpacing]);
    assert!(stack.warnings[0].message.contains("1.70 to 2.30 mm"));
    let positions = grid.uneven_positions.as_ref().unwrap();
    for (position, at) in positions.iter().zip(at) {
        assert!((position * grid.spacing_mm[2] - at).abs() < 1e-9);
    }
}

#[test]
fn positions_rounded_to_a_tenth_of_a_millimetre_are_even() {
    // A real scanner's slices, 7 mm apart along a normal tilted by 7.7°, largest deviation from
    // an even grid 0.071 mm.
    let at = [
        (-78.3063, -72.7575),
        (-79.3063, -65.7575),
        (-80.2063, -58.8575),
        (-81.2063, -51.9575),
        (-82.1063, -44.9575),
        (-83.0063, -38.0575),
        (-84.0063, -31.1575),
        (-84.9063, -24.1575),
    ];
    let files: Vec<_> = (0..8)
        .map(|i| {
            let (y, z) = at[i as usize];
            DicomFile::slice(1, i, 0., 0)
                .position([-110.5, y, z])
                .orientation([1., 0., 0., 0., 0.990_960, 0.134_158])
        })
        .collect();
    let report = import(&folder(&files));
    let grid = only_stack(&report).geometry.as_ref().unwrap();
    assert_eq!(grid.uneven_positions, None);
    assert!(
        (grid.spacing_mm[2] - 7.0).abs() < 0.01,
        "{}",
        grid.spacing_mm[2]
    );
}

#[test]
fn feet_first_and_sagittal_slices_lie_where_their_cosines_say() {
    // Feet first prone as scanners write it: columns to patient left is -x … cosines decide.
    let files: Vec<_> = (0..4)
        .map(|i| {
            DicomFile::slice(1, i, -f64::from(i), 0)
                .text(tags::PATIENT_POSITION, *b"CS", "FFP")
                .orientation([1., 0., 0., 0., -1., 0.])
        })
        .collect();
    let report = import(&folder(&files));
    let grid = only_stack(&report).geometry.as_ref().unwrap();
    assert_eq!(grid.slice_direction.to_array(), [0., 0., -1.]);
    assert_eq!(grid.origin, Point::new(-10., -20., 0.));
    assert_eq!(instance_numbers(&report), [0, 1, 2, 3]);
    // Sagittal: columns to the back, rows to the feet, slices to the left.
    let files: Vec<_> = (0..4)
        .map(|i| {
            DicomFile::slice(1, i, 0., 0)
                .position([f64::from(i) * -4.0, 1., 2.])
                .orientation([0., 1., 0., 0., 0., -1.])
        })
        .collect();
    let report = import(&folder(&files));
    let grid = only_stack(&report).geometry.as_ref().unwrap();
    assert_eq!(grid.slice_direction.to_array(), [-1., 0., 0.]);
    let map = grid.lps_from_voxel();
    let at = map * Point::<Voxel>::new(2.0, 1.0, 3.0);
    assert!(at.distance(Point::new(-12., 2., 1.2)) < 1e-9, "{at:?}");
}

#[test]
fn slices_without_usable_geometry_are_pictures_with_a_reason() {
    let broken: [(&str, Damage); 10] = [
        ("\"0\\0\"", |f| f.text(tags::PIXEL_SPACING, *b"DS", "0\\0")),
        ("\"nan\\1\"", |f| {
            f.text(tags::PIXEL_SPACING, *b"DS", "nan\\1")
        }),
        ("\"-1\\1\"", |f| {
            f.text(tags::PIXEL_SPACING, *b"DS", "-1\\1")
        }),
        ("\"inf\\1\"", |f| {
            f.text(tags::PIXEL_SPACING, *b"DS", "inf\\1")
        }),
        ("between 0.0001 and 1000 mm", |f| {
            f.text(tags::PIXEL_SPACING, *b"DS", "1e300\\1")
        }),
        ("within 100 m", |f| f.position([1e200, 0., 0.])),
        ("perpendicular", |f| {
            f.orientation([0.8, 0., 0., 0., 0.8, 0.])
        }),
        ("Image Orientation Patient (0020,0037) missing", |f| {
            f.without(tags::IMAGE_ORIENTATION_PATIENT)
        }),
        ("perpendicular", |f| {
            f.orientation([1., 0., 0., 0.1, 1., 0.])
        }),
        ("6 finite numbers", |f| {
            f.text(tags::IMAGE_ORIENTATION_PATIENT, *b"DS", "1\\0\\0")
        }),
    ];
    for (reason, damage) in broken {
        let files: Vec<_> = (0..4)
            .map(|i| damage(DicomFile::slice(1, i, f64::from(i), 0)))
            .collect();
        let report = import(&folder(&files));
        let stack = only_stack(&report);
        assert_eq!((stack.kind, stack.frames.len()), (StackKind::Images, 4));
        let told: &[WarningCode] = match reason {
            // Nor is it used for the shape of the pictures.
            "between 0.0001 and 1000 mm" => &[WarningCode::NoGeometry, WarningCode::HeaderValues],
            _ => &[WarningCode::NoGeometry],
        };
        assert_eq!(codes(stack), told);
        let message = &stack.warnings[0].message;
        assert!(message.contains(reason), "{reason}: {message}");
    }
}

#[test]
fn echoes_at_the_same_places_are_stacks_of_their_own() {
    let files: Vec<_> = (0..8)
        .map(|i| {
            DicomFile::slice(1, i, f64::from(i / 2), 0)
                .text(tags::MODALITY, *b"CS", "MR")
                .text(tags::ECHO_TIME, *b"DS", ["10", "80"][i as usize % 2])
        })
        .collect();
    let report = import(&folder(&files));
    let stacks = &only_series(&report).stacks;
    let names: Vec<_> = stacks.iter().map(|stack| stack.name.as_str()).collect();
    assert_eq!(names, ["TE 10 ms", "TE 80 ms"]);
    for stack in stacks {
        assert_eq!((stack.kind, stack.frames.len()), (StackKind::Volume, 4));
        assert_eq!(codes(stack), []);
    }
}

#[test]
fn localizers_make_one_stack_for_each_direction() {
    let axial = |i: i32| DicomFile::slice(1, i, f64::from(i), 0);
    let coronal = |i: i32| {
        DicomFile::slice(1, 10 + i, 0., 0)
            .position([0., f64::from(i), 0.])
            .orientation([1., 0., 0., 0., 0., -1.])
    };
    let report = import(&folder(&[axial(0), coronal(0), axial(1), coronal(1)]));
    let stacks = &only_series(&report).stacks;
    assert_eq!(stacks.len(), 2);
    for stack in stacks {
        assert_eq!((stack.kind, stack.frames.len()), (StackKind::Images, 2));
    }
}

#[test]
fn far_apart_blocks_do_not_make_one_huge_volume() {
    let files: Vec<_> = (0..10)
        .map(|i| DicomFile::slice(1, i, f64::from(i % 5) + f64::from(i / 5) * 500., 0))
        .collect();
    let report = import(&folder(&files));
    let series = only_series(&report);
    let slices: Vec<_> = series
        .stacks
        .iter()
        .map(|stack| (stack.name.as_str(), stack.geometry.as_ref().unwrap().slices))
        .collect();
    assert_eq!(
        slices,
        [
            ("slab 1 of 2, axial at H 502.0 mm", 5),
            ("slab 2 of 2, axial at H 2.0 mm", 5)
        ]
    );
}

#[test]
fn frames_of_an_enhanced_file_are_placed_by_their_functional_groups() {
    let text = |text: &str| text.as_bytes().to_vec();
    let frame = |z: i32| {
        let position = items(&[vec![(
            tags::IMAGE_POSITION_PATIENT,
            *b"DS",
            text(&format!("0\\0\\{z} ")),
        )]]);
        let rescale = items(&[vec![
            (tags::RESCALE_INTERCEPT, *b"DS", text("-5")),
            (tags::RESCALE_SLOPE, *b"DS", text("2 ")),
        ]]);
        vec![
            (tags::PLANE_POSITION_SEQUENCE, *b"SQ", position),
            (tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE, *b"SQ", rescale),
        ]
    };
    let orientation = items(&[vec![(
        tags::IMAGE_ORIENTATION_PATIENT,
        *b"DS",
        text("1\\0\\0\\0\\1\\0 "),
    )]]);
    let measures = items(&[vec![(tags::PIXEL_SPACING, *b"DS", text("0.8\\0.5 "))]]);
    let shared = items(&[vec![
        (tags::PLANE_ORIENTATION_SEQUENCE, *b"SQ", orientation),
        (tags::PIXEL_MEASURES_SEQUENCE, *b"SQ", measures),
    ]]);
    let file = DicomFile::slice(1, 1, 0., 0)
        .without(tags::IMAGE_POSITION_PATIENT)
        .without(tags::IMAGE_ORIENTATION_PATIENT)
        .without(tags::PIXEL_SPACING)
        .without(tags::RESCALE_SLOPE)
        .without(tags::RESCALE_INTERCEPT)
        .text(tags::NUMBER_OF_FRAMES, *b"IS", "4")
        .raw(tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE, *b"SQ", shared)
        .raw(
            tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE,
            *b"SQ",
            items(&[frame(6), frame(0), frame(2), frame(4)]),
        )
        .pixels(&[7; 48]);
    let report = import(&folder(&[file]));
    let stack = only_stack(&report);
    assert_eq!(stack.kind, StackKind::Volume);
    let order: Vec<_> = stack.frames.iter().map(|frame| frame.frame).collect();
    assert_eq!(order, [1, 2, 3, 0]);
    assert_eq!(stack.geometry.as_ref().unwrap().spacing_mm, [0.5, 0.8, 2.0]);
    let lut = &only_series(&report).instances[0].frames[0].modality_lut;
    assert_eq!(
        (lut.slope, lut.intercept, lut.unit.as_str()),
        (2.0, -5.0, "HU")
    );
}

#[test]
fn colour_and_lossy_pictures_are_never_volumes() {
    let files: Vec<_> = (0..4)
        .map(|i| {
            DicomFile::slice(1, i, f64::from(i), 0)
                .text(tags::PHOTOMETRIC_INTERPRETATION, *b"CS", "RGB")
                .number(tags::SAMPLES_PER_PIXEL, 3)
                .number(tags::BITS_ALLOCATED, 8)
                .number(tags::BITS_STORED, 8)
                .number(tags::HIGH_BIT, 7)
                .text(tags::LOSSY_IMAGE_COMPRESSION, *b"CS", "01")
        })
        .collect();
    let report = import(&folder(&files));
    let stack = only_stack(&report);
    assert_eq!(stack.kind, StackKind::Images);
    assert_eq!(codes(stack), [WarningCode::Lossy]);
}

#[test]
fn a_run_without_geometry_is_cine() {
    let file = DicomFile::slice(1, 1, 0., 0)
        .text(tags::MODALITY, *b"CS", "XA")
        .without(tags::IMAGE_POSITION_PATIENT)
        .without(tags::IMAGE_ORIENTATION_PATIENT)
        .without(tags::PIXEL_SPACING)
        .text(tags::IMAGER_PIXEL_SPACING, *b"DS", "0.2\\0.2")
        .text(tags::FRAME_TIME, *b"DS", "66.7")
        .text(tags::NUMBER_OF_FRAMES, *b"IS", "5")
        .pixels(&[1; 60]);
    let report = import(&folder(&[file]));
    let stack = only_stack(&report);
    assert_eq!((stack.kind, stack.frames.len()), (StackKind::Cine, 5));
    assert_eq!(codes(stack), []);
    let instance = &only_series(&report).instances[0];
    assert_eq!(instance.frame_time_ms, Some(66.7));
    assert_eq!(instance.pixel_aspect, Some([0.2, 0.2]));
}

#[test]
fn segmentations_are_no_volumes_to_plan_on() {
    let files: Vec<_> = (0..4)
        .map(|i| DicomFile::slice(1, i, f64::from(i), 0).text(tags::MODALITY, *b"CS", "SEG"))
        .collect();
    let report = import(&folder(&files));
    assert_eq!(only_stack(&report).kind, StackKind::Images);
    assert!(report.catalog.largest_volume().is_none());
}
