use std::ops::ControlFlow;

use super::super::Segmentation;
use super::super::segmentation::SegmentationKind;
use super::*;
use crate::study::Samples;

fn concept(value: &str, meaning: &str) -> CodedConcept {
    CodedConcept {
        value: value.to_owned(),
        scheme: "SCT".to_owned(),
        meaning: meaning.to_owned(),
    }
}

fn segments() -> [NewSegment; 2] {
    ["Left kidney", "Aorta"].map(|label| NewSegment {
        label: label.to_owned(),
        category: concept("91723000", "Anatomical Structure"),
        property_type: concept("64033007", "Kidney"),
        type_modifier: label
            .starts_with("Left")
            .then(|| concept("7771000", "Left")),
        color: [185, 102, 83],
    })
}

fn new<'a>(segments: &'a [NewSegment], image_uids: &'a [String]) -> NewSegmentation<'a> {
    NewSegmentation {
        patient_name: "Test^Series",
        patient_id: "T-1",
        patient_sex: "O",
        patient_birth_date: "",
        study_instance_uid: "2.25.1",
        study_id: "1",
        study_description: "Test",
        date: "20260101",
        time: "120000",
        series_instance_uid: "2.25.5",
        sop_instance_uid: "2.25.6",
        dimension_organization_uid: "2.25.7",
        series_number: 3,
        series_description: "Labels",
        content_label: "LABELS",
        content_description: "Labels",
        algorithm: "Test",
        frame_of_reference_uid: "2.25.3",
        image_series_uid: "2.25.2",
        image_class_uid: uids::CT_IMAGE_STORAGE,
        image_uids,
        origin_lps_mm: DVec3::new(10.5, 20.25, -30.125),
        column_direction: -DVec3::X,
        row_direction: -DVec3::Y,
        slice_direction: DVec3::Z,
        spacing_mm: [0.75, 0.5, 2.0],
        columns: 5,
        rows: 3,
        segments,
    }
}

/// 5 × 3 pixels, so that frames begin within a byte. Segment 0 is on slices 0 and 2, 1 on 1.
struct Voxels;

impl SegmentVoxels for Voxels {
    fn is_on_slice(&self, segment: usize, slice: usize) -> bool {
        (segment == 0) == (slice != 1)
    }

    fn fill(&self, segment: usize, slice: usize, frame: &mut [u8]) {
        for (pixel, value) in frame.iter_mut().enumerate() {
            *value = u8::from((pixel + slice + segment) % 3 == 0);
        }
    }
}

#[test]
fn what_is_written_reads_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.dcm");
    let images = ["2.25.4.1", "2.25.4.2", "2.25.4.3"].map(String::from);
    let run = |_: f64| ControlFlow::Continue(());
    write_segmentation(&new(&segments(), &images), &Voxels, &path, &run).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert!(bytes.len().is_multiple_of(2));
    let mut read = Segmentation::open(&path.clone().into()).unwrap();
    assert_eq!(read.kind, SegmentationKind::Binary);
    assert_eq!((read.columns, read.rows, read.frames.len()), (5, 3, 3));
    assert_eq!(read.slice_spacing_mm, Some(2.0));
    assert_eq!(read.referenced_series[0].as_str(), "2.25.2");
    let places: Vec<_> = read
        .frames
        .iter()
        .map(|frame| {
            let plane = frame.plane.as_ref().unwrap();
            assert_eq!((plane.column_spacing_mm, plane.row_spacing_mm), (0.75, 0.5));
            (frame.segment, plane.position.to_array())
        })
        .collect();
    assert_eq!(
        places,
        [
            (Some(1), [10.5, 20.25, -30.125]),
            (Some(1), [10.5, 20.25, -26.125]),
            (Some(2), [10.5, 20.25, -28.125]),
        ]
    );
    for (frame, (segment, slice)) in [(0, 0), (0, 2), (1, 1)].into_iter().enumerate() {
        let mut wanted = vec![0; 15];
        Voxels.fill(segment, slice, &mut wanted);
        assert_eq!(read.samples(frame).unwrap(), Samples::U8(wanted), "{frame}");
    }
    let [kidney, aorta] = read.segments.as_slice() else {
        panic!("two segments")
    };
    assert_eq!(kidney.label, "Left kidney");
    assert_eq!(kidney.color, Some([185, 102, 83]));
    assert_eq!(kidney.property_type, Some(concept("64033007", "Kidney")));
    assert_eq!(kidney.type_modifier, Some(concept("7771000", "Left")));
    assert_eq!((aorta.number, &aorta.type_modifier), (2, &None));
    write_segmentation(&new(&segments(), &images), &Voxels, &path, &run).unwrap();
    assert_eq!(
        std::fs::read(&path).unwrap(),
        bytes,
        "same input, same bytes"
    );
}

#[test]
fn writing_stops_when_asked_and_refuses_nothing_to_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("labels.dcm");
    let images = ["2.25.4.1".to_owned()];
    let stop = |_: f64| ControlFlow::Break(());
    let result = write_segmentation(&new(&segments(), &images), &Voxels, &path, &stop);
    assert!(matches!(result, Err(WriteSegmentationError::Cancelled)));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let result = write_segmentation(&new(&[], &images), &Voxels, &path, &stop);
    let none = WriteSegmentationError::Size {
        columns: 5,
        rows: 3,
        slices: 1,
        segments: 0,
        frames: 0,
    };
    assert_eq!(result.unwrap_err().to_string(), none.to_string());
}
