//! The sample study with its MR and fluoroscopy: what is written is complete, conforms, says that
//! it is simulated, and shows what its truth says.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use std::ops::ControlFlow;
use std::path::Path;

use dicom_dictionary_std::tags;
use dicom_object::{DefaultDicomObject, Tag, open_file};
use glam::DVec3;
use stylet::dicom::scan;
use stylet::geometry::{CArmAngles, CArmPose, ConeBeam, Degrees, Lps, Point, Receptor};
use stylet::study::Catalog;
use stylet::volume::phantom::{
    CompleteStudy, PhantomGrid, ProjectionTruth, STUDY_FOLDERS, Side, TargetKind, Truth,
    write_complete_study,
};
use stylet::volume::{Interpolation, Volume, load_volume, value_at};

#[test]
fn the_complete_study_conforms_and_shows_what_its_truth_says() {
    let folder = tempfile::tempdir().unwrap();
    let go = &|_| ControlFlow::Continue(());
    let study = write_complete_study(0, &PhantomGrid::coarse(), folder.path(), go).unwrap();
    let text = std::fs::read_to_string(&study.sample.truth_path).unwrap();
    let truth: Truth = serde_json::from_str(&text).unwrap();
    let catalog = read(folder.path());
    series_are_listed(&catalog, &truth);
    headers_conform(&study);
    mr_signals_have_the_order_of_the_sheet(&catalog, &truth);
    pictures_lie_where_their_headers_say(&study, &truth);
    the_needle_is_end_on_in_the_bulls_eye(&study, &truth);
    contrast_comes_after_the_mask(&study, &truth);
}

#[test]
fn a_complete_study_stops_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    // Late: while the fluoroscopy is made.
    let stop = |share: f64| {
        if share >= 0.84 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    };
    let result = write_complete_study(0, &PhantomGrid::of(48, 12), folder.path(), &stop);
    assert!(result.unwrap_err().to_string().contains("cancelled"));
    assert!(!folder.path().join("XA1").join("IM0001.dcm").exists());
}

fn read(folder: &Path) -> Catalog {
    let parts: Vec<_> = STUDY_FOLDERS.iter().map(|part| folder.join(part)).collect();
    let report = scan(&parts, &|_, _| ControlFlow::Continue(())).unwrap();
    assert_eq!(report.rejected, []);
    report.catalog
}

fn series_are_listed(catalog: &Catalog, truth: &Truth) {
    assert_eq!(catalog.studies.len(), 1);
    let listed: Vec<(i32, &str, usize)> = catalog
        .series()
        .map(|(_, series)| {
            let frames = series.stacks.iter().map(|stack| stack.frames.len()).sum();
            (series.number.unwrap(), series.modality.as_str(), frames)
        })
        .filter(|(_, modality, _)| *modality != "SEG")
        .collect();
    let wanted = [
        (2, "CT", 86),
        (4, "MR", 17),
        (5, "MR", 17),
        (6, "MR", 34),
        (7, "XA", 1),
        (8, "XA", 1),
        (9, "XA", 1),
        (10, "XA", 1),
        (11, "XA", 1),
        (12, "XA", 28),
        (13, "XA", 28),
        (14, "XA", 1),
    ];
    assert_eq!(listed, wanted);
    let descriptions = catalog.series().map(|(_, series)| &series.description);
    for description in descriptions {
        assert!(description.contains("simulated"), "{description}");
    }
    let numbers: Vec<u32> = truth.fluoroscopy.iter().map(|p| p.series_number).collect();
    assert_eq!(numbers, [7, 8, 9, 10, 11, 12, 13, 14]);
    assert_eq!(truth.mr.len(), 3);
}

fn word(object: &DefaultDicomObject, tag: Tag) -> String {
    object.element(tag).unwrap().to_str().unwrap().into_owned()
}

fn number(object: &DefaultDicomObject, tag: Tag) -> f64 {
    object.element(tag).unwrap().to_float64().unwrap()
}

/// Attributes of type 1 have a value, those of type 2 are there (PS3.3 A.4, A.14).
fn headers_conform(study: &CompleteStudy) {
    let shared = [
        tags::SOP_CLASS_UID,
        tags::SOP_INSTANCE_UID,
        tags::STUDY_INSTANCE_UID,
        tags::SERIES_INSTANCE_UID,
        tags::MODALITY,
        tags::MANUFACTURER,
        tags::PHOTOMETRIC_INTERPRETATION,
        tags::BITS_STORED,
        tags::DERIVATION_DESCRIPTION,
        tags::IMAGE_COMMENTS,
    ];
    let of_mr = [
        tags::FRAME_OF_REFERENCE_UID,
        tags::SCANNING_SEQUENCE,
        tags::SEQUENCE_VARIANT,
        tags::IMAGE_POSITION_PATIENT,
        tags::PIXEL_SPACING,
    ];
    let of_xa = [
        tags::PIXEL_INTENSITY_RELATIONSHIP,
        tags::RADIATION_SETTING,
        tags::IMAGER_PIXEL_SPACING,
        tags::PATIENT_ORIENTATION,
    ];
    let mr_empty = [
        tags::POSITION_REFERENCE_INDICATOR,
        tags::SCAN_OPTIONS,
        tags::MR_ACQUISITION_TYPE,
        tags::ECHO_TIME,
        tags::ECHO_TRAIN_LENGTH,
        tags::REPETITION_TIME,
    ];
    let xa_empty = [tags::KVP, tags::EXPOSURE, tags::POSITIONER_PRIMARY_ANGLE];
    let check = |path: &Path, full: &[Tag], present: &[Tag], image_type: &str| {
        let object = open_file(path).unwrap();
        for tag in shared.iter().chain(full) {
            assert!(
                !word(&object, *tag).trim().is_empty(),
                "{tag} in {}",
                path.display()
            );
        }
        for tag in present {
            assert!(object.element(*tag).is_ok(), "{tag} in {}", path.display());
        }
        assert_eq!(word(&object, tags::IMAGE_TYPE), image_type);
        let comment = word(&object, tags::IMAGE_COMMENTS);
        assert!(comment.starts_with("Simulated by Stylet") && comment.contains("not a patient"));
        assert_eq!(word(&object, tags::BURNED_IN_ANNOTATION), "NO");
    };
    for path in study.mr_files.iter().flatten() {
        check(path, &of_mr, &mr_empty, "DERIVED\\SECONDARY\\OTHER");
    }
    for path in &study.fluoroscopy_files {
        check(path, &of_xa, &xa_empty, "DERIVED\\SECONDARY\\SINGLE PLANE");
    }
    let frame = |path: &Path| word(&open_file(path).unwrap(), tags::FRAME_OF_REFERENCE_UID);
    let ct = frame(&study.sample.ct_files[0]);
    assert!(
        study
            .mr_files
            .iter()
            .flatten()
            .all(|path| frame(path) == ct)
    );
}

/// Section 4.2: T2 of fluid over nucleus over marrow, T1 of fat over marrow over fluid.
fn mr_signals_have_the_order_of_the_sheet(catalog: &Catalog, truth: &Truth) {
    let volume = |number: i32| -> Volume {
        let mut all = catalog.series().map(|(_, series)| series);
        let series = all.find(|series| series.number == Some(number)).unwrap();
        load_volume(series, 0).unwrap().0
    };
    let (t2, t1, axial) = (volume(4), volume(5), volume(6));
    let value = |volume: &Volume, p: DVec3| {
        value_at(volume, Point::from(p.to_array()), Interpolation::Linear).unwrap()
    };
    let l3 = &truth.vertebrae[4];
    let marrow = l3.centre_lps_mm + DVec3::Z * 6.0;
    let nucleus = truth
        .target(TargetKind::Disc, "L3-L4", Some(Side::Left))
        .unwrap()
        .point_lps_mm;
    let [left, right] = l3.pedicle_isthmus_lps_mm;
    // Somewhere in the sac it is fluid without roots.
    let fluid: Vec<DVec3> = (-2..=10)
        .map(|y| left.midpoint(right) + DVec3::Y * f64::from(y))
        .collect();
    let back = truth
        .target(TargetKind::InterlaminarMidline, "L3-L4", None)
        .unwrap();
    let entry = back.path.unwrap().entry_lps_mm;
    let fat = entry + (back.point_lps_mm - entry).normalize_or_zero() * 6.0;
    for volume in [&t2, &axial] {
        let bright = fluid.iter().map(|p| value(volume, *p)).fold(0.0, f64::max);
        let (disc, bone) = (value(volume, nucleus), value(volume, marrow));
        assert!(bright > disc && disc > bone, "{bright} {disc} {bone}");
    }
    let dark = fluid.iter().map(|p| value(&t1, *p)).fold(1e9, f64::min);
    let (fat, bone) = (value(&t1, fat), value(&t1, marrow));
    assert!(fat > bone && bone > dark, "{fat} {bone} {dark}");
}

fn beam_of(object: &DefaultDicomObject, isocenter_lps_mm: DVec3) -> ConeBeam {
    let pose = CArmPose {
        angles: CArmAngles {
            primary: Degrees(number(object, tags::POSITIONER_PRIMARY_ANGLE)),
            secondary: Degrees(number(object, tags::POSITIONER_SECONDARY_ANGLE)),
        },
        isocenter: Point::from(isocenter_lps_mm.to_array()),
        source_to_detector_mm: number(object, tags::DISTANCE_SOURCE_TO_DETECTOR),
        source_to_isocenter_mm: number(object, tags::DISTANCE_SOURCE_TO_PATIENT),
    };
    pose.beam().unwrap()
}

/// A picture with its geometry as the header has it.
struct Picture {
    beam: ConeBeam,
    receptor: Receptor,
    values: Vec<u16>,
}

impl Picture {
    fn of(path: &Path, truth: &ProjectionTruth) -> Self {
        let object = open_file(path).unwrap();
        let size = [tags::COLUMNS, tags::ROWS].map(|tag| number(&object, tag) as usize);
        let spacing = object.element(tags::IMAGER_PIXEL_SPACING).unwrap();
        let spacing = spacing.to_multi_float64().unwrap();
        assert_eq!(spacing, [truth.pixel_mm; 2]);
        assert_eq!(size, truth.size);
        let pixels = object.element(tags::PIXEL_DATA).unwrap();
        Self {
            beam: beam_of(&object, truth.isocenter_lps_mm),
            receptor: Receptor::centered(size, spacing[0]),
            values: pixels.to_multi_int().unwrap(),
        }
    }

    /// Mean of three by three pixels of a frame, some pixels beside where a point falls.
    fn at(&self, frame: usize, point: DVec3, beside: [f64; 2]) -> f64 {
        let at: Point<Lps> = Point::from(point.to_array());
        let pixel = self.beam.pixel_of(at, &self.receptor).unwrap();
        let [columns, rows] = self.receptor.size;
        let (column, row) = (
            (pixel.x + beside[0]).round() as usize,
            (pixel.y + beside[1]).round() as usize,
        );
        let near = (row - 1..=row + 1).flat_map(|r| (column - 1..=column + 1).map(move |c| (c, r)));
        let sum: f64 = near
            .map(|(c, r)| f64::from(self.values[(frame * rows + r) * columns + c]))
            .sum();
        sum / 9.0
    }
}

fn picture<'a>(
    study: &CompleteStudy,
    truth: &'a Truth,
    number: u32,
) -> (Picture, &'a ProjectionTruth) {
    let index = (number - 7) as usize;
    let one = &truth.fluoroscopy[index];
    (Picture::of(&study.fluoroscopy_files[index], one), one)
}

fn pictures_lie_where_their_headers_say(study: &CompleteStudy, truth: &Truth) {
    for one in &truth.fluoroscopy {
        let (picture, _) = picture(study, truth, one.series_number);
        assert!((picture.beam.source.0 - one.source_lps_mm).length() < 1e-3);
        assert_eq!(picture.values.len(), one.size[0] * one.size[1] * one.frames);
    }
    // The bullet of gas, bone and air apart: a needle is a dark line where the truth has it.
    let (picture, one) = picture(study, truth, 11);
    let needle = one.needle.as_ref().unwrap();
    for share in [0.2, 0.4, 0.6] {
        let point = needle.tip_lps_mm.lerp(needle.entry_lps_mm, share);
        let on = picture.at(0, point, [0.0; 2]);
        for beside in [-7.0, 7.0] {
            let off = picture.at(0, point, [0.0, beside]);
            assert!(
                on < off - 80.0,
                "at {share}: {on} on the needle, {off} beside it"
            );
        }
    }
}

fn the_needle_is_end_on_in_the_bulls_eye(study: &CompleteStudy, truth: &Truth) {
    let (picture, one) = picture(study, truth, 10);
    let needle = one.needle.as_ref().unwrap();
    let place = |p: DVec3| {
        let at = Point::from(p.to_array());
        picture.beam.project(at).unwrap().receptor_mm
    };
    let (tip, entry) = (place(needle.tip_lps_mm), place(needle.entry_lps_mm));
    assert!(tip.length() < 1e-6, "{tip}");
    // Angles are written in tenths of a degree.
    assert!((tip - entry).length() < 0.2, "{entry}");
    let on = picture.at(0, needle.tip_lps_mm, [0.0; 2]);
    for beside in [[-14.0, 0.0], [14.0, 0.0], [0.0, 14.0]] {
        let off = picture.at(0, needle.tip_lps_mm, beside);
        assert!(on < off - 150.0, "{on} on the needle, {off} beside it");
    }
}

fn contrast_comes_after_the_mask(study: &CompleteStudy, truth: &Truth) {
    for series in [12, 13] {
        let (picture, one) = picture(study, truth, series);
        let last = one.frames - 1;
        let darker = |frame: usize, point: DVec3| {
            let mask = (1..=3).map(|mask| picture.at(mask, point, [0.0; 2]));
            mask.sum::<f64>() / 3.0 - picture.at(frame, point, [0.0; 2])
        };
        // The tip lies under the needle, which hides the medium there.
        let mut reached = 0;
        for place in one.contrast.iter().filter(|place| place.arrives_s > 0.11) {
            let before = darker(0, place.point_lps_mm);
            assert!(before.abs() < 60.0, "{series} {}: {before}", place.place);
            reached += usize::from(darker(last, place.point_lps_mm) > 60.0);
        }
        assert!(reached >= 3, "{series}: medium seen at {reached} places");
    }
}
