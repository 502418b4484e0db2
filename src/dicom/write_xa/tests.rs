use dicom_core::Tag;
use dicom_dictionary_std::tags;
use dicom_object::{DefaultDicomObject, open_file};

use super::*;
use crate::dicom::write_object::Moment;
use crate::geometry::{CArmAngles, Degrees, Point};
use crate::study::{InstanceUid, SeriesUid, StudyUid};

fn identity() -> Identity {
    Identity {
        patient_name: "Test^Run".to_owned(),
        patient_id: "T-1".to_owned(),
        body_part: "LSPINE".to_owned(),
        ..Identity::of_study(StudyUid::new("2.25.1"))
    }
}

fn new() -> NewInstance {
    NewInstance {
        series: SeriesUid::new("2.25.2"),
        series_number: 7,
        series_description: "Oblique, simulated".to_owned(),
        instance: InstanceUid::new("2.25.3"),
        instance_number: 1,
        made: Moment {
            date: "20260101".to_owned(),
            time: "120000".to_owned(),
        },
    }
}

fn pose() -> CArmPose {
    CArmPose {
        angles: CArmAngles {
            primary: Degrees(153.0),
            secondary: Degrees(-11.5),
        },
        isocenter: Point::new(1.0, 2.0, 3.0),
        source_to_detector_mm: 1000.0,
        source_to_isocenter_mm: 700.0,
    }
}

fn receptor() -> Receptor {
    Receptor {
        pixel_mm: [0.4, 0.5],
        ..Receptor::centered([3, 2], 0.4)
    }
}

/// What a picture of three frames of 3 × 2 pixels becomes.
fn written(change: impl FnOnce(&mut XaImage<'_>)) -> Result<DefaultDicomObject, String> {
    written_with(pose(), receptor(), change)
}

fn written_with(
    pose: CArmPose,
    receptor: Receptor,
    change: impl FnOnce(&mut XaImage<'_>),
) -> Result<DefaultDicomObject, String> {
    let (identity, new) = (identity(), new());
    let values: Vec<u16> = (0..18).map(|i| i * 200).collect();
    let mut image = XaImage {
        identity: &identity,
        new: &new,
        patient_position: "HFP",
        pose: &pose,
        receptor: &receptor,
        pixels: XaPixels::U16 {
            values: &values,
            bits: 12,
        },
        intensity: PixelIntensity::Displayed,
        window: [2000.0, 1800.0],
        kilovolts: Some(75.0),
        run: Some(XaRun {
            frame_time_ms: 1000.0 / 7.5,
            mask_frames: &[1, 2],
        }),
        contrast: None,
        collimator: Some([1, 3, 1, 2]),
        shutter: None,
        derivation: "Simulated; not a patient",
        sources: &[],
    };
    change(&mut image);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.dcm");
    write_xa(&image, &path).map_err(|error| error.to_string())?;
    Ok(open_file(&path).unwrap())
}

fn numbers(object: &DefaultDicomObject, tag: Tag) -> Vec<f64> {
    object.element(tag).unwrap().to_multi_float64().unwrap()
}

fn words(object: &DefaultDicomObject, tag: Tag) -> String {
    object.element(tag).unwrap().to_str().unwrap().into_owned()
}

#[test]
fn the_geometry_reads_back_as_the_standard_names_it() {
    let object = written(|_| {}).unwrap();
    for (tag, wanted) in [
        (tags::POSITIONER_PRIMARY_ANGLE, &[153.0][..]),
        (tags::POSITIONER_SECONDARY_ANGLE, &[-11.5]),
        (tags::DISTANCE_SOURCE_TO_DETECTOR, &[1000.0]),
        (tags::DISTANCE_SOURCE_TO_PATIENT, &[700.0]),
        (
            tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR,
            &[1.428571],
        ),
        // Row spacing first.
        (tags::IMAGER_PIXEL_SPACING, &[0.5, 0.4]),
        (tags::KVP, &[75.0]),
    ] {
        assert_eq!(numbers(&object, tag), wanted, "{tag}");
    }
    assert_eq!(
        words(&object, tags::SOP_CLASS_UID),
        "1.2.840.10008.5.1.4.1.1.12.1"
    );
    assert_eq!(
        words(&object, tags::IMAGE_TYPE),
        "DERIVED\\SECONDARY\\SINGLE PLANE"
    );
    assert_eq!(words(&object, tags::POSITIONER_MOTION), "STATIC");
    // Receptor behind the left and towards the feet: right is right and back, down is feet and
    // a little to the front (sin 11.5° cos 27° = 0.18).
    assert_eq!(words(&object, tags::PATIENT_ORIENTATION), "RP\\FA");
}

#[test]
fn it_says_that_it_is_simulated() {
    let object = written(|_| {}).unwrap();
    for (tag, wanted) in [
        (tags::IMAGE_TYPE, "DERIVED\\SECONDARY\\SINGLE PLANE"),
        (tags::BURNED_IN_ANNOTATION, "NO"),
        (tags::DERIVATION_DESCRIPTION, "Simulated; not a patient"),
        (tags::IMAGE_COMMENTS, "Simulated; not a patient"),
    ] {
        assert_eq!(words(&object, tag), wanted, "{tag}");
    }
}

#[test]
fn frames_their_rate_and_the_mask_read_back() {
    let object = written(|_| {}).unwrap();
    assert_eq!(numbers(&object, tags::NUMBER_OF_FRAMES), [3.0]);
    assert_eq!(numbers(&object, tags::FRAME_TIME), [133.333333]);
    let pointer = object.element(tags::FRAME_INCREMENT_POINTER).unwrap();
    let pointed = pointer.value().primitive().unwrap().tag().unwrap();
    assert_eq!(pointed, tags::FRAME_TIME);
    let masks = object.element(tags::MASK_SUBTRACTION_SEQUENCE).unwrap();
    let mask = &masks.items().unwrap()[0];
    let list = |tag| mask.element(tag).unwrap().to_multi_int::<u16>().unwrap();
    assert_eq!(list(tags::MASK_FRAME_NUMBERS), [1, 2]);
    assert_eq!(list(tags::APPLICABLE_FRAME_RANGE), [3, 3]);
    let pixels = object.element(tags::PIXEL_DATA).unwrap();
    let values = pixels.to_multi_int::<u16>().unwrap();
    assert_eq!(values.len(), 18);
    assert_eq!(values[17], 3400);
}

#[test]
fn a_still_of_bytes_has_no_frames_and_an_even_length() {
    let object = written(|image| {
        image.pixels = XaPixels::U8(&[1, 2, 3, 4, 5, 250]);
        image.run = None;
        image.contrast = Some(XaContrast {
            agent: "Iohexol",
            route: "EPIDURAL",
            volume_ml: 1.5,
            iodine_mg_per_ml: 240.0,
        });
    })
    .unwrap();
    assert!(object.element(tags::NUMBER_OF_FRAMES).is_err());
    assert_eq!(numbers(&object, tags::BITS_STORED), [8.0]);
    assert_eq!(numbers(&object, tags::CONTRAST_BOLUS_VOLUME), [1.5]);
    let pixels = object
        .element(tags::PIXEL_DATA)
        .unwrap()
        .to_bytes()
        .unwrap();
    assert_eq!(&pixels[..], [1, 2, 3, 4, 5, 250]);
}

#[test]
fn what_the_object_cannot_say_is_refused() {
    let off_center = Receptor {
        center: [1.5, 0.5],
        ..Receptor::centered([3, 2], 0.4)
    };
    let behind = CArmPose {
        source_to_isocenter_mm: 1200.0,
        ..pose()
    };
    let off_center = written_with(pose(), off_center, |_| {}).unwrap_err();
    assert!(off_center.contains("column 1.5, row 0.5"), "{off_center}");
    let behind = written_with(behind, receptor(), |_| {}).unwrap_err();
    assert!(behind.contains("behind each other"), "{behind}");
    let refused = |change: &dyn Fn(&mut XaImage<'_>)| written(|image| change(image)).unwrap_err();
    assert!(refused(&|image| image.run = None).contains("3 frames need a frame time"));
    assert!(refused(&|image| image.pixels = XaPixels::U8(&[0; 7])).contains("7 pixels"));
    let run = |frame_time_ms, mask_frames| {
        Some(XaRun {
            frame_time_ms,
            mask_frames,
        })
    };
    assert!(refused(&|image| image.run = run(0.0, &[])).contains("frame time of 0 ms"));
    assert!(refused(&|image| image.run = run(100.0, &[4])).contains("mask frame 4"));
    let high = XaPixels::U16 {
        values: &[4096; 18],
        bits: 12,
    };
    assert!(refused(&|image| image.pixels = high).contains("4096"));
}

#[test]
fn what_a_reader_would_not_use_is_not_written() {
    let far = CArmPose {
        source_to_detector_mm: 1e20,
        ..pose()
    };
    let far = written_with(far, receptor(), |_| {}).unwrap_err();
    assert!(far.contains("1 to 20000 mm"), "{far}");
    for pixel_mm in [1e-7, 1e3, f64::NAN] {
        let receptor = Receptor {
            pixel_mm: [pixel_mm; 2],
            ..receptor()
        };
        let refused = written_with(pose(), receptor, |_| {}).unwrap_err();
        assert!(refused.contains("0.0001 to 100 mm"), "{refused}");
    }
    let least = Receptor {
        pixel_mm: [1e-4; 2],
        ..receptor()
    };
    let object = written_with(pose(), least, |_| {}).unwrap();
    assert_eq!(numbers(&object, tags::IMAGER_PIXEL_SPACING), [1e-4; 2]);
}

#[test]
fn a_display_shutter_reads_back() {
    let object = written(|image| image.shutter = Some([1, 2, 1, 2])).unwrap();
    assert_eq!(words(&object, tags::SHUTTER_SHAPE), "RECTANGULAR");
    for (tag, edge) in [
        (tags::SHUTTER_LEFT_VERTICAL_EDGE, 1.0),
        (tags::SHUTTER_RIGHT_VERTICAL_EDGE, 2.0),
        (tags::SHUTTER_UPPER_HORIZONTAL_EDGE, 1.0),
        (tags::SHUTTER_LOWER_HORIZONTAL_EDGE, 2.0),
        (tags::SHUTTER_PRESENTATION_VALUE, 0.0),
    ] {
        assert_eq!(numbers(&object, tag), [edge], "{tag}");
    }
    let open = written(|_| {}).unwrap();
    assert!(open.element(tags::SHUTTER_SHAPE).is_err());
}
