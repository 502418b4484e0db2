//! Proves that a series which holds several things becomes one stack for each, with a name that
//! says which, and that frames that fit none are not lost.

#[path = "common/dicom_file.rs"]
mod dicom_file;
#[path = "common/import.rs"]
mod import;

use dicom_dictionary_std::tags;
use dicom_file::DicomFile;
use import::{codes, folder, import, only_series, only_stack};
use stylet::dicom::ImportReport;
use stylet::study::{Disposition, StackKind, WarningCode};

fn names(report: &ImportReport) -> Vec<String> {
    let stacks = &only_series(report).stacks;
    stacks.iter().map(|stack| stack.name.clone()).collect()
}

fn kinds(report: &ImportReport) -> Vec<(StackKind, usize)> {
    let stacks = &only_series(report).stacks;
    let kind = stacks.iter().map(|stack| (stack.kind, stack.frames.len()));
    kind.collect()
}

fn mr(number: i32) -> DicomFile {
    DicomFile::slice(1, number, 0., 0).text(tags::MODALITY, *b"CS", "MR")
}

/// Slices of one slab, `spacing` mm apart along their normal, tilted about x.
fn slab(numbers: i32, tilt_degrees: f64, at: [f64; 3], spacing: f64) -> Vec<DicomFile> {
    let (sin, cos) = tilt_degrees.to_radians().sin_cos();
    (0..4)
        .map(|i| {
            let along = f64::from(i) * spacing;
            mr(numbers + i)
                .position([at[0], at[1] - sin * along, at[2] + cos * along])
                .orientation([1., 0., 0., 0., cos, sin])
        })
        .collect()
}

#[test]
fn tilted_disc_slabs_are_stacks_named_from_head_to_feet() {
    let files: Vec<_> = slab(1, 22., [-10., -20., -80.], 4.)
        .into_iter()
        .chain(slab(11, -6., [-10., -20., 0.], 4.))
        .chain(slab(21, 9., [-10., -20., -40.], 4.))
        .collect();
    let report = import(&folder(&files));
    assert_eq!(kinds(&report), [(StackKind::Volume, 4); 3]);
    assert_eq!(
        names(&report),
        [
            "slab 1 of 3, oblique axial at H 5.8 mm",
            "slab 2 of 3, oblique axial at F 33.9 mm",
            "slab 3 of 3, oblique axial at F 74.0 mm"
        ]
    );
    for stack in &only_series(&report).stacks {
        assert_eq!(codes(stack), []);
        let spacing = stack.geometry.as_ref().unwrap().spacing_mm[2];
        assert!((spacing - 4.0).abs() < 1e-5, "{spacing}");
    }
}

#[test]
fn parallel_slabs_beside_one_another_are_told_apart() {
    // Same tilt, heights along the normal that overlap, 30 mm apart in the plane.
    let files: Vec<_> = slab(1, 15., [-10., -20., 0.], 4.)
        .into_iter()
        .chain(slab(11, 15., [-10., 9., 7.], 4.))
        .collect();
    let report = import(&folder(&files));
    assert_eq!(kinds(&report), [(StackKind::Volume, 4); 2]);
    let names = names(&report);
    assert!(
        names[0].starts_with("slab 1 of 2, oblique axial at H"),
        "{names:?}"
    );
}

#[test]
fn localizers_are_named_by_their_planes() {
    let axial = (0..3).map(|i| mr(i).position([0., 0., f64::from(i) * 10.]));
    let coronal = (0..3).map(|i| {
        mr(10 + i)
            .position([0., f64::from(i) * 10., 0.])
            .orientation([1., 0., 0., 0., 0., -1.])
    });
    let sagittal = (0..3).map(|i| {
        mr(20 + i)
            .position([f64::from(i) * 10., 0., 0.])
            .orientation([0., 1., 0., 0., 0., -1.])
    });
    let files: Vec<_> = coronal.chain(axial).chain(sagittal).collect();
    let report = import(&folder(&files));
    assert_eq!(names(&report), ["axial", "sagittal", "coronal"]);
    assert_eq!(kinds(&report), [(StackKind::Volume, 3); 3]);
}

/// Four slices, each with all of `values` of one attribute.
fn repeated(tag: dicom_object::Tag, vr: [u8; 2], values: &[&str]) -> Vec<DicomFile> {
    let count = values.len();
    (0..4 * count)
        .map(|i| {
            mr(i as i32)
                .position([0., 0., (i / count) as f64])
                .text(tag, vr, values[i % count])
        })
        .collect()
}

#[test]
fn echoes_are_named_by_number_and_time() {
    let files: Vec<_> = repeated(tags::ECHO_NUMBERS, *b"IS", &["2", "1"])
        .into_iter()
        .enumerate()
        .map(|(i, file)| file.text(tags::ECHO_TIME, *b"DS", ["80", "12.5"][i % 2]))
        .collect();
    let report = import(&folder(&files));
    assert_eq!(names(&report), ["echo 1 (TE 12.5 ms)", "echo 2 (TE 80 ms)"]);
    assert_eq!(kinds(&report), [(StackKind::Volume, 4); 2]);
}

#[test]
fn time_points_are_in_order_of_time_not_of_letters() {
    let values: Vec<String> = (1..=11).map(|t| t.to_string()).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let files = repeated(tags::TEMPORAL_POSITION_IDENTIFIER, *b"IS", &values);
    let found = names(&import(&folder(&files)));
    assert_eq!(found.len(), 11);
    assert_eq!(found[1], "time point 2 of 11");
    assert_eq!(found[10], "time point 11 of 11");
}

#[test]
fn phases_and_water_and_fat_are_named() {
    let tag = tags::NOMINAL_PERCENTAGE_OF_CARDIAC_PHASE;
    let report = import(&folder(&repeated(tag, *b"DS", &["75", "40"])));
    assert_eq!(names(&report), ["phase 40 %", "phase 75 %"]);
    let types = ["DERIVED\\PRIMARY\\W", "DERIVED\\PRIMARY\\F"];
    let report = import(&folder(&repeated(tags::IMAGE_TYPE, *b"CS", &types)));
    assert_eq!(names(&report), ["fat", "water"]);
}

#[test]
fn b_values_with_several_directions_are_split_twice() {
    let doubles = |values: &[f64]| {
        values
            .iter()
            .flat_map(|v| v.to_le_bytes())
            .collect::<Vec<u8>>()
    };
    let b = |file: DicomFile, b: f64| file.raw(tags::DIFFUSION_B_VALUE, *b"FD", doubles(&[b]));
    let mut files = Vec::new();
    for slice in 0..4 {
        // The time tells all of them apart too, but says less.
        let at = |n: i32| {
            mr(slice * 4 + n).position([0., 0., f64::from(slice)]).text(
                tags::ACQUISITION_TIME,
                *b"TM",
                &format!("12310{n}"),
            )
        };
        files.push(b(at(0), 0.));
        for axis in 0..3_usize {
            let mut direction = [0.0; 3];
            direction[axis] = 1.0;
            let bytes = doubles(&direction);
            let file = b(at(axis as i32 + 1), 1000.);
            files.push(file.raw(tags::DIFFUSION_GRADIENT_ORIENTATION, *b"FD", bytes));
        }
    }
    let report = import(&folder(&files));
    assert_eq!(
        names(&report),
        [
            "b 0",
            "b 1000, direction 1 of 3",
            "b 1000, direction 2 of 3",
            "b 1000, direction 3 of 3"
        ]
    );
    assert_eq!(kinds(&report), [(StackKind::Volume, 4); 4]);
}

#[test]
fn b_values_are_found_where_makers_hide_them() {
    /// Maker, group, element, VR, and the values of two b values.
    type Maker = (&'static str, u16, u16, [u8; 2], [&'static [u8]; 2]);
    let makers: [Maker; 3] = [
        (
            "SIEMENS MR HEADER",
            0x0019,
            0x100C,
            *b"IS",
            [b"0 ", b"800 "],
        ),
        (
            "GEMS_PARM_01",
            0x0043,
            0x1039,
            *b"IS",
            [b"0\\8 ", b"1000000800\\8 "],
        ),
        (
            "Philips Imaging DD 001",
            0x2001,
            0x1003,
            *b"UN",
            [&[0, 0, 0, 0], &[0, 0, 0x48, 0x44]],
        ),
    ];
    for (maker, group, element, vr, values) in makers {
        let files: Vec<_> = (0..8)
            .map(|i| {
                mr(i)
                    .position([0., 0., f64::from(i / 2)])
                    .text(dicom_object::Tag(group, 0x0010), *b"LO", maker)
                    .raw(
                        dicom_object::Tag(group, element),
                        vr,
                        values[i as usize % 2].to_vec(),
                    )
            })
            .collect();
        let report = import(&folder(&files));
        assert_eq!(names(&report), ["b 0", "b 800"], "{maker}");
    }
}

#[test]
fn different_images_that_nothing_tells_apart_are_all_shown() {
    let files: Vec<_> = (0..8)
        .map(|i| mr(i).position([0., 0., f64::from(i % 4)]))
        .collect();
    let report = import(&folder(&files));
    assert_eq!(kinds(&report), [(StackKind::Volume, 4); 2]);
    assert_eq!(
        names(&report),
        [
            "set 1 of 2 by instance number",
            "set 2 of 2 by instance number"
        ]
    );
    // The same images twice are duplicates.
    let files: Vec<_> = (0..8)
        .map(|i| mr(i % 4).position([0., 0., f64::from(i % 4)]))
        .collect();
    let report = import(&folder(&files));
    assert_eq!(codes(only_stack(&report)), [WarningCode::DuplicateSlices]);
}

#[test]
fn a_slice_without_position_does_not_take_the_others_with_it() {
    let files: Vec<_> = (0..6)
        .map(|i| {
            let file = DicomFile::slice(1, i, f64::from(i), 0);
            if i == 5 {
                file.without(tags::IMAGE_POSITION_PATIENT)
            } else {
                file
            }
        })
        .collect();
    let report = import(&folder(&files));
    assert_eq!(
        kinds(&report),
        [(StackKind::Volume, 5), (StackKind::Images, 1)]
    );
    assert_eq!(names(&report), ["", "pictures without position"]);
    let stacks = &only_series(&report).stacks;
    assert_eq!(codes(&stacks[0]), [WarningCode::UnplacedSlices]);
    let warning = &stacks[0].warnings[0];
    assert_eq!(warning.code.disposition(), Disposition::NotShown);
    assert!(
        warning.message.contains("(0020,0032) missing"),
        "{}",
        warning.message
    );
    assert_eq!(codes(&stacks[1]), [WarningCode::NoGeometry]);
}

#[test]
fn frames_of_reference_are_never_mixed_in_one_stack() {
    let files: Vec<_> = (0..8)
        .map(|i| {
            DicomFile::slice(1, i, f64::from(i), 0).text(
                tags::FRAME_OF_REFERENCE_UID,
                *b"UI",
                if i < 4 { "1.2.3.9" } else { "1.2.3.10" },
            )
        })
        .collect();
    let report = import(&folder(&files));
    assert_eq!(kinds(&report), [(StackKind::Volume, 4); 2]);
    for stack in &only_series(&report).stacks {
        assert!(stack.name.contains("frame of reference"), "{}", stack.name);
        assert_eq!(codes(stack), [WarningCode::MixedFramesOfReference]);
    }
}

#[test]
fn images_without_a_frame_of_reference_say_so() {
    let files: Vec<_> = (0..3)
        .map(|i| DicomFile::slice(1, i, f64::from(i), 0).without(tags::FRAME_OF_REFERENCE_UID))
        .collect();
    let report = import(&folder(&files));
    assert_eq!(
        codes(only_stack(&report)),
        [WarningCode::NoFrameOfReference]
    );
}

#[test]
fn slices_that_are_not_quite_parallel_get_their_mean_direction() {
    // Turned about z by 0 to 0.9 mrad; 301 columns of 0.5 mm make that 68 µm off the mean.
    let turned = |i: i32, radians: f64| {
        let (sin, cos) = radians.sin_cos();
        DicomFile::slice(1, i, f64::from(i), 0)
            .number(tags::COLUMNS, 301)
            .pixels(&[0; 1204])
            .orientation([cos, sin, 0., -sin, cos, 0.])
    };
    let report = import(&folder(
        &[0, 1, 2, 3].map(|i| turned(i, f64::from(i) * 3e-4)),
    ));
    let stack = only_stack(&report);
    assert_eq!(codes(stack), [WarningCode::OrientationCorrected]);
    let mean = stack.geometry.as_ref().unwrap().column_direction.0;
    assert!((mean.y.atan2(mean.x) - 4.5e-4).abs() < 1e-7, "{mean}");
    // A tenth of that is rounding and not worth a word; more than 1 mrad is another direction.
    let report = import(&folder(
        &[0, 1, 2, 3].map(|i| turned(i, f64::from(i) * 3e-5)),
    ));
    assert_eq!(codes(only_stack(&report)), []);
    let report = import(&folder(
        &[0, 1, 2, 3].map(|i| turned(i, f64::from(i / 2) * 2e-3)),
    ));
    assert_eq!(kinds(&report), [(StackKind::Images, 2); 2]);
}

#[test]
fn directions_of_a_wrong_length_are_scaled_and_named() {
    let files = [0, 1, 2].map(|i| {
        DicomFile::slice(1, i, f64::from(i), 0).orientation([0.71, 0.71, 0., -0.71, 0.71, 0.])
    });
    let report = import(&folder(&files));
    let stack = only_stack(&report);
    assert_eq!(codes(stack), [WarningCode::OrientationCorrected]);
    let columns = stack.geometry.as_ref().unwrap().column_direction;
    assert!((columns.length() - 1.0).abs() < 1e-12);
}

#[test]
fn nuclear_medicine_without_positions_is_pictures_with_the_reason() {
    let file = DicomFile::slice(1, 1, 0., 0)
        .text(tags::MODALITY, *b"CS", "NM")
        .without(tags::IMAGE_POSITION_PATIENT)
        .without(tags::IMAGE_ORIENTATION_PATIENT)
        .text(tags::SPACING_BETWEEN_SLICES, *b"DS", "4")
        .text(tags::NUMBER_OF_FRAMES, *b"IS", "5")
        .pixels(&[1; 60]);
    let report = import(&folder(&[file]));
    assert_eq!(kinds(&report), [(StackKind::Images, 5)]);
    let stack = only_stack(&report);
    assert_eq!(codes(stack), [WarningCode::NoGeometry]);
    assert!(stack.warnings[0].message.contains("(0020,0032)"));
}

#[test]
fn files_without_a_meta_group_are_reported_as_repaired() {
    let dir = tempfile::tempdir().unwrap();
    for i in 0..3 {
        let file = DicomFile::slice(1, i, f64::from(i), 0);
        std::fs::write(dir.path().join(format!("{i}")), file.data_set()).unwrap();
    }
    let report = import(&dir);
    let stack = only_stack(&report);
    assert_eq!(codes(stack), [WarningCode::RepairedFiles]);
    assert!(stack.warnings[0].message.starts_with("In 3 files"));
    assert!(
        stack.warnings[0]
            .sentence()
            .starts_with("Repaired: In 3 files")
    );
}

#[test]
fn one_slice_over_time_is_one_list_of_pictures() {
    let files: Vec<_> = (0..5)
        .map(|i| {
            mr(5 - i).text(
                tags::TEMPORAL_POSITION_IDENTIFIER,
                *b"IS",
                &(5 - i).to_string(),
            )
        })
        .collect();
    let report = import(&folder(&files));
    assert_eq!(kinds(&report), [(StackKind::Images, 5)]);
    let series = only_series(&report);
    let numbers: Vec<_> = series.stacks[0]
        .frames
        .iter()
        .map(|at| series.instances[at.instance].number)
        .collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5].map(Some), "in their order");
}
