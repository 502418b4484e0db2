//! Writes MR volumes as classic MR Image Storage series (PS3.3 A.4), one file per slice. Knows
//! nothing of what the voxels show.

use std::path::{Path, PathBuf};

use dicom_core::{DataElement, PrimitiveValue, VR};
use dicom_dictionary_std::{tags, uids};
use rayon::prelude::*;

use super::identity::Identity;
use super::value_text::{TextVr, fit};
use super::write_ct::decimal;
use super::write_object::{
    NewInstance, Object, WriteObjectError, put_derivation, put_identity, put_instance, save, text,
    text_if_any, texts,
};
use crate::geometry::{Lps, Point, Vector};
use crate::study::{FrameOfReferenceUid, InstanceUid};

/// An MR series to write. It is written as DERIVED\SECONDARY: this program has no scanner.
#[derive(Debug, Clone, Copy)]
pub struct MrSeries<'a> {
    /// Patient and study it belongs to.
    pub identity: &'a Identity,
    /// What its first image becomes; the others get its instance UID, a dot and their number.
    pub new: &'a NewInstance,
    /// Frame of Reference UID (0020,0052).
    pub frame_of_reference: &'a FrameOfReferenceUid,
    /// Patient Position (0018,5100).
    pub patient_position: &'a str,
    /// Where its pixels lie.
    pub grid: MrGrid,
    /// How it was taken, or pretends to have been.
    pub sequence: MrSequence<'a>,
    /// Stored values; columns run fastest, then rows, then slices.
    pub values: &'a [u16],
    /// Window Center and Window Width, stored values.
    pub window: [f64; 2],
    /// What it shows and how it was made: Derivation Description and Image Comments.
    pub derivation: &'a str,
}

/// Pixels of a stack of parallel slices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MrGrid {
    /// Centre of the first pixel of the first slice.
    pub origin: Point<Lps>,
    /// Unit direction in which the column index grows.
    pub column_direction: Vector<Lps>,
    /// Unit direction in which the row index grows.
    pub row_direction: Vector<Lps>,
    /// From one slice to the next.
    pub step_mm: Vector<Lps>,
    /// Distance of columns and of rows.
    pub pixel_mm: [f64; 2],
    /// Slice Thickness (0018,0050), without the gap.
    pub thickness_mm: f64,
    /// Columns, rows and slices.
    pub size: [usize; 3],
}

/// A spin echo sequence (PS3.3 C.8.3.1).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MrSequence<'a> {
    /// Sequence Name (0018,0024).
    pub name: &'a str,
    /// Repetition Time (0018,0080), ms.
    pub repetition_ms: f64,
    /// Echo Time (0018,0081), ms; the effective one of a train.
    pub echo_ms: f64,
    /// Echo Train Length (0018,0091): 1 for a plain spin echo.
    pub echo_train: u32,
    /// Magnetic Field Strength (0018,0087), T.
    pub field_tesla: f64,
    /// Whether tissue beside the slices is saturated (Scan Options SP).
    pub is_saturated: bool,
}

/// Writes one file per slice into an existing folder: `IM0001.dcm` and so on. `go_on` is asked
/// before each; where it says false, `None` comes back.
pub fn write_mr_series(
    series: &MrSeries<'_>,
    folder: &Path,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Vec<PathBuf>>, WriteObjectError> {
    check(series).map_err(|reason| WriteObjectError::Content {
        path: folder.to_owned(),
        reason,
    })?;
    let [columns, rows, _] = series.grid.size;
    let slices = series.values.par_chunks(columns * rows).enumerate();
    slices
        .map(|(slice, values)| {
            if !go_on() {
                return Ok(None);
            }
            let path = folder.join(format!("IM{:04}.dcm", slice + 1));
            write_image(series, slice, values, &path)?;
            Ok(Some(path))
        })
        .collect()
}

fn check(series: &MrSeries<'_>) -> Result<(), String> {
    let [columns, rows, slices] = series.grid.size;
    let side = |count: usize| (1..=usize::from(u16::MAX)).contains(&count);
    let pixels = columns.saturating_mul(rows).saturating_mul(slices);
    if !side(columns) || !side(rows) || pixels == 0 || pixels != series.values.len() {
        let found = series.values.len();
        return Err(format!(
            "the MR series says {columns} x {rows} x {slices} pixels but has {found}"
        ));
    }
    if series.identity.study.as_str().is_empty() {
        return Err("it has no Study Instance UID; say which study it belongs to".to_owned());
    }
    Ok(())
}

fn write_image(
    series: &MrSeries<'_>,
    slice: usize,
    values: &[u16],
    path: &Path,
) -> Result<(), WriteObjectError> {
    let number = slice + 1;
    let new = NewInstance {
        instance: InstanceUid::new(&format!("{}.{number}", series.new.instance.as_str())),
        instance_number: number as u32,
        ..series.new.clone()
    };
    let mut object = Object::new_empty();
    put_identity(&mut object, series.identity);
    put_instance(&mut object, &new, uids::MR_IMAGE_STORAGE);
    put_series(&mut object, series);
    put_plane(&mut object, &series.grid, slice);
    put_sequence(&mut object, &series.sequence);
    put_pixels(&mut object, series, values);
    save(object, &new, path)
}

fn put_series(object: &mut Object, series: &MrSeries<'_>) {
    let body_part = fit(TextVr::Cs, &series.identity.body_part);
    text_if_any(object, tags::BODY_PART_EXAMINED, VR::CS, &body_part);
    for (tag, vr, value) in [
        (tags::MODALITY, VR::CS, "MR"),
        (tags::PATIENT_POSITION, VR::CS, series.patient_position),
        (
            tags::FRAME_OF_REFERENCE_UID,
            VR::UI,
            series.frame_of_reference.as_str(),
        ),
        (tags::POSITION_REFERENCE_INDICATOR, VR::LO, ""),
        (tags::ACQUISITION_NUMBER, VR::IS, "1"),
    ] {
        text(object, tag, vr, value);
    }
    let kinds = ["DERIVED", "SECONDARY", "OTHER"].map(String::from);
    texts(object, tags::IMAGE_TYPE, VR::CS, &kinds);
    put_derivation(object, series.derivation);
}

/// Image Plane (PS3.3 C.7.6.2).
fn put_plane(object: &mut Object, grid: &MrGrid, slice: usize) {
    let decimals = |values: &[f64]| values.iter().map(|v| decimal(*v)).collect::<Vec<_>>();
    let position = (grid.origin + grid.step_mm * slice as f64).0;
    let normal = grid.column_direction.cross(grid.row_direction);
    let orientation: Vec<f64> = [grid.column_direction, grid.row_direction]
        .into_iter()
        .flat_map(|direction| direction.0.to_array())
        .collect();
    // Rows first.
    let spacing = [grid.pixel_mm[1], grid.pixel_mm[0]];
    for (tag, values) in [
        (tags::IMAGE_POSITION_PATIENT, &position.to_array()[..]),
        (tags::IMAGE_ORIENTATION_PATIENT, &orientation),
        (tags::PIXEL_SPACING, &spacing),
        (tags::SLICE_THICKNESS, &[grid.thickness_mm]),
        (tags::SPACING_BETWEEN_SLICES, &[grid.step_mm.length()]),
        (tags::SLICE_LOCATION, &[position.dot(normal.0)]),
    ] {
        texts(object, tag, VR::DS, &decimals(values));
    }
}

/// MR Image (PS3.3 C.8.3.1).
fn put_sequence(object: &mut Object, sequence: &MrSequence<'_>) {
    // Segmented k-space: several echoes of one train fill it.
    let variant = if sequence.echo_train > 1 {
        "SK"
    } else {
        "NONE"
    };
    let options = if sequence.is_saturated { "SP" } else { "" };
    let name = fit(TextVr::Sh, sequence.name);
    let train = sequence.echo_train.to_string();
    let [repetition, echo, field] = [
        sequence.repetition_ms,
        sequence.echo_ms,
        sequence.field_tesla,
    ]
    .map(decimal);
    for (tag, vr, value) in [
        (tags::SCANNING_SEQUENCE, VR::CS, "SE"),
        (tags::SEQUENCE_VARIANT, VR::CS, variant),
        (tags::SCAN_OPTIONS, VR::CS, options),
        (tags::MR_ACQUISITION_TYPE, VR::CS, "2D"),
        (tags::SEQUENCE_NAME, VR::SH, &name),
        (tags::REPETITION_TIME, VR::DS, &repetition),
        (tags::ECHO_TIME, VR::DS, &echo),
        (tags::ECHO_TRAIN_LENGTH, VR::IS, &train),
        (tags::MAGNETIC_FIELD_STRENGTH, VR::DS, &field),
    ] {
        text(object, tag, vr, value);
    }
}

/// Image Pixel and VOI LUT (PS3.3 C.7.6.3, C.11.2).
fn put_pixels(object: &mut Object, series: &MrSeries<'_>, values: &[u16]) {
    let [columns, rows, _] = series.grid.size;
    for (tag, value) in [
        (tags::SAMPLES_PER_PIXEL, 1),
        (tags::ROWS, rows as u16),
        (tags::COLUMNS, columns as u16),
        (tags::BITS_ALLOCATED, 16),
        (tags::BITS_STORED, 16),
        (tags::HIGH_BIT, 15),
        (tags::PIXEL_REPRESENTATION, 0),
    ] {
        object.put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
    }
    let kind = "MONOCHROME2";
    text(object, tags::PHOTOMETRIC_INTERPRETATION, VR::CS, kind);
    let [center, width] = series.window.map(decimal);
    text(object, tags::WINDOW_CENTER, VR::DS, &center);
    text(object, tags::WINDOW_WIDTH, VR::DS, &width);
    let pixels = PrimitiveValue::U16(values.to_vec().into());
    object.put(DataElement::new(tags::PIXEL_DATA, VR::OW, pixels));
}

#[cfg(test)]
mod tests {
    use dicom_object::open_file;

    use super::*;
    use crate::dicom::write_object::Moment;
    use crate::study::{SeriesUid, StudyUid};

    /// Two sagittal slices of 3 × 2 pixels; what is written of the second, or why nothing is.
    fn second(values: &[u16]) -> Result<dicom_object::DefaultDicomObject, String> {
        let identity = Identity {
            patient_name: "Test^Series".to_owned(),
            body_part: "LSPINE".to_owned(),
            ..Identity::of_study(StudyUid::new("2.25.1"))
        };
        let new = NewInstance {
            series: SeriesUid::new("2.25.2"),
            series_number: 4,
            series_description: "T2, simulated".to_owned(),
            instance: InstanceUid::new("2.25.3"),
            instance_number: 1,
            made: Moment {
                date: "20260101".to_owned(),
                time: "120000".to_owned(),
            },
        };
        let series = MrSeries {
            identity: &identity,
            new: &new,
            frame_of_reference: &FrameOfReferenceUid::new("2.25.4"),
            patient_position: "HFP",
            grid: MrGrid {
                origin: Point::new(-20.0, -30.0, 40.0),
                column_direction: Vector::new(0.0, 1.0, 0.0),
                row_direction: Vector::new(0.0, 0.0, -1.0),
                step_mm: Vector::new(4.4, 0.0, 0.0),
                pixel_mm: [0.6, 0.7],
                thickness_mm: 4.0,
                size: [3, 2, 2],
            },
            sequence: MrSequence {
                name: "T2 FSE",
                repetition_ms: 3500.0,
                echo_ms: 100.0,
                echo_train: 16,
                field_tesla: 1.5,
                is_saturated: true,
            },
            values,
            window: [500.0, 900.0],
            derivation: "Simulated; not a patient",
        };
        let folder = tempfile::tempdir().unwrap();
        let files = write_mr_series(&series, folder.path(), &|| true);
        let files = files.map_err(|error| error.to_string())?.unwrap();
        assert_eq!(files.len(), 2);
        Ok(open_file(&files[1]).unwrap())
    }

    #[test]
    fn planes_sequence_and_values_read_back() {
        let values: Vec<u16> = (0..12).map(|i| i * 7).collect();
        let image = second(&values).unwrap();
        let numbers = |tag| -> Vec<f64> { image.element(tag).unwrap().to_multi_float64().unwrap() };
        for (tag, wanted) in [
            (tags::IMAGE_POSITION_PATIENT, &[-15.6, -30.0, 40.0][..]),
            (
                tags::IMAGE_ORIENTATION_PATIENT,
                &[0.0, 1.0, 0.0, 0.0, 0.0, -1.0],
            ),
            (tags::PIXEL_SPACING, &[0.7, 0.6]),
            (tags::SLICE_THICKNESS, &[4.0]),
            (tags::SPACING_BETWEEN_SLICES, &[4.4]),
            // The normal of anterior-posterior and head-foot is to the right.
            (tags::SLICE_LOCATION, &[15.6]),
            (tags::REPETITION_TIME, &[3500.0]),
            (tags::ECHO_TIME, &[100.0]),
            (tags::ECHO_TRAIN_LENGTH, &[16.0]),
            (tags::INSTANCE_NUMBER, &[2.0]),
        ] {
            assert_eq!(numbers(tag), wanted, "{tag}");
        }
        let words = |tag| image.element(tag).unwrap().to_str().unwrap().into_owned();
        assert_eq!(words(tags::SOP_CLASS_UID), "1.2.840.10008.5.1.4.1.1.4");
        assert_eq!(words(tags::SOP_INSTANCE_UID), "2.25.3.2");
        assert_eq!(words(tags::IMAGE_TYPE), "DERIVED\\SECONDARY\\OTHER");
        assert_eq!(
            words(tags::DERIVATION_DESCRIPTION),
            "Simulated; not a patient"
        );
        let pixels = image.element(tags::PIXEL_DATA).unwrap();
        assert_eq!(pixels.to_multi_int::<u16>().unwrap(), values[6..]);
    }

    #[test]
    fn a_wrong_number_of_pixels_is_refused() {
        let refused = second(&[0; 11]).unwrap_err();
        assert!(refused.contains("3 x 2 x 2 pixels but has 11"), "{refused}");
    }
}
