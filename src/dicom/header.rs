//! Elements of a header → [`Instance`] and the facts of its series and study.
//!
//! What a number rests on (rescale, image pixel module) must be readable or the file is rejected.
//! Where a slice lies may be wrong or missing: the file is then shown as a picture, with the
//! reason. What is only for display (windows, frame rate) is dropped where it is malformed.

use std::sync::Arc;

use dicom_dictionary_std::{tags, uids};
use dicom_object::Tag;

use super::charset::CharacterSet;
use super::elements::{Elements, attribute_name, trimmed};
use super::modality::ModalityFacts;
use super::parse::{self, Parsed, PixelElement};
use super::projection::Problems;
use super::{Problem, frames, object, overlays, picture_header, spacing, voi};
use crate::budget::MEMORY;
use crate::geometry::PatientPosition;
use crate::study::{
    FrameHeader, FrameOfReferenceUid, Instance, InstanceUid, OtherObject, Patient, Photometric,
    PixelData, PixelFormat, Repair, SampleKind, SeriesUid, SourcePath, StudyUid,
};

/// More frames than any real run has; beyond it a count is a lie that would cost memory.
const MOST_FRAMES: i64 = 1 << 17;

/// What a file is.
#[derive(Debug)]
pub(crate) enum Content {
    /// An image.
    Image(Box<Instance>),
    /// Another object of a study.
    Object(Box<OtherObject>),
    /// The index of a disc.
    Index,
}

/// What a file says about its series, study and patient.
#[derive(Debug)]
pub(crate) struct Facts {
    pub study_uid: StudyUid,
    pub study_date: String,
    pub study_description: String,
    pub patient: Patient,
    pub series_uid: SeriesUid,
    pub modality: String,
    pub series_number: Option<i32>,
    pub series_description: String,
    pub patient_position: Option<PatientPosition>,
}

impl Facts {
    fn of(header: &Elements, charset: &CharacterSet) -> Self {
        Self {
            study_uid: StudyUid::new(&header.code(tags::STUDY_INSTANCE_UID)),
            study_date: header.code(tags::STUDY_DATE),
            study_description: header.text(tags::STUDY_DESCRIPTION, charset),
            patient: Patient {
                name: header.text(tags::PATIENT_NAME, charset),
                id: header.text(tags::PATIENT_ID, charset),
                birth_date: header.code(tags::PATIENT_BIRTH_DATE),
                sex: header.code(tags::PATIENT_SEX),
            },
            series_uid: SeriesUid::new(&header.code(tags::SERIES_INSTANCE_UID)),
            modality: header.code(tags::MODALITY),
            series_number: small_integer(header, tags::SERIES_NUMBER),
            series_description: header.text(tags::SERIES_DESCRIPTION, charset),
            patient_position: PatientPosition::from_code(&header.code(tags::PATIENT_POSITION)),
        }
    }
}

/// Reads the header of a file.
pub(crate) fn read(path: &SourcePath) -> Result<(Facts, Content), Problem> {
    of_parsed(path, parse::parse_file(path)?)
}

/// The same of a file whose elements have been read.
pub(crate) fn of_parsed(path: &SourcePath, parsed: Parsed) -> Result<(Facts, Content), Problem> {
    if parsed.elements.list.is_empty() && parsed.pixels.is_none() {
        return Err(Problem::Damaged(
            "nothing of an image is left in it; copy the file again".to_owned(),
        ));
    }
    let charset = CharacterSet::of(&parsed.elements);
    let facts = Facts::of(&parsed.elements, &charset);
    let content = match parsed.pixels {
        Some(pixels) => Content::Image(Box::new(image(path, parsed, pixels, &charset)?)),
        None => object::content(path, &parsed.elements, &facts, &charset)?,
    };
    Ok((facts, content))
}

fn image(
    path: &SourcePath,
    parsed: Parsed,
    pixels: PixelElement,
    charset: &CharacterSet,
) -> Result<Instance, Problem> {
    let header = &parsed.elements;
    let kind = match pixels.tag {
        tags::FLOAT_PIXEL_DATA => SampleKind::Float,
        tags::DOUBLE_FLOAT_PIXEL_DATA => SampleKind::Double,
        _ => SampleKind::Integer,
    };
    let pixel_format = pixel_format(header, kind)?;
    let left = parsed.source.len().saturating_sub(pixels.offset);
    let count = frame_count(header, left)?;
    let mut repairs = parsed.repairs;
    if !matches!(header.integer(tags::NUMBER_OF_FRAMES), Ok(None | Some(1..))) {
        repairs.push(Repair::FrameCountRead);
    }
    let mut booked = MEMORY.reserve(
        (size_of::<Facts>() + size_of::<Instance>() + count * size_of::<FrameHeader>()) as u64,
        "the header",
    )?;
    let facts = ModalityFacts::of(header, pixel_format.signed)?;
    let frames = frames::frame_headers(header, &facts, charset, count, &mut booked)?;
    let mut picture = picture_header::picture_header(header, count);
    let pixel_aspect = pixel_aspect(header, &frames, &mut picture.problems);
    booked.grow(picture.heap_bytes())?;
    Ok(Instance {
        path: path.clone(),
        uid: InstanceUid::new(&header.code(tags::SOP_INSTANCE_UID)),
        sop_class: header.code(tags::SOP_CLASS_UID),
        lossy: is_lossy(&parsed.transfer_syntax)
            || trimmed(&header.code(tags::LOSSY_IMAGE_COMPRESSION)) == "01",
        low_is_bright: voi::low_is_bright(header, &pixel_format.photometric),
        transfer_syntax: parsed.transfer_syntax,
        number: small_integer(header, tags::INSTANCE_NUMBER),
        frame_of_reference: Some(header.code(tags::FRAME_OF_REFERENCE_UID))
            .filter(|uid| !uid.is_empty())
            .map(|uid| FrameOfReferenceUid::new(&uid)),
        rows: size(header, tags::ROWS)?,
        columns: size(header, tags::COLUMNS)?,
        padding: padding(header, &pixel_format),
        overlays: overlays::planes(header, &parsed.overlay_data, &pixel_format, charset),
        pixel_format,
        pixel_data: PixelData {
            offset: pixels.offset,
            length: pixels.length,
        },
        pixel_aspect,
        frame_time_ms: picture.timing.step_ms,
        picture: Arc::new(picture),
        repairs,
        frames,
        booked: Some(Arc::new(booked)),
    })
}

/// Shape of the pixels; what is wrong with it is added to the problems where anything rests on it.
fn pixel_aspect(
    header: &Elements,
    frames: &[FrameHeader],
    problems: &mut Vec<String>,
) -> Option<[f64; 2]> {
    let mut told = Problems(std::mem::take(problems));
    let known = told.0.len();
    let aspect = spacing::pixel_aspect(header, &mut told);
    if frames.iter().all(|frame| frame.plane.is_some()) {
        // Placed in the patient they have their spacing from there.
        told.0.truncate(known);
    }
    *problems = told.0;
    aspect
}

/// Transfer syntaxes that change the values; those that may do either are told apart by Lossy
/// Image Compression.
fn is_lossy(transfer_syntax: &str) -> bool {
    // The retired JPEG processes 6, 8, 10 and 12.
    const SPECTRAL_SELECTION: &str = "1.2.840.10008.1.2.4.53";
    const FULL_PROGRESSION: &str = "1.2.840.10008.1.2.4.55";
    matches!(
        transfer_syntax,
        uids::JPEG_BASELINE8_BIT
            | uids::JPEG_EXTENDED12_BIT
            | SPECTRAL_SELECTION
            | FULL_PROGRESSION
            | uids::JPEGLS_NEAR_LOSSLESS
            | uids::JPEGXLJPEG_RECOMPRESSION
    ) || transfer_syntax.starts_with("1.2.840.10008.1.2.4.10")
}

fn size(header: &Elements, tag: Tag) -> Result<usize, Problem> {
    match header.integer(tag)? {
        Some(size @ 1..=65_535) => Ok(size as usize),
        Some(_) => Err(header.malformed(tag, "1 to 65535 was expected")),
        None => Err(Problem::Missing(attribute_name(tag))),
    }
}

/// The image pixel module, checked (PS3.3 C.7.6.3).
fn pixel_format(header: &Elements, kind: SampleKind) -> Result<PixelFormat, Problem> {
    let required = |tag| {
        header
            .integer(tag)?
            .ok_or_else(|| Problem::Missing(attribute_name(tag)))
    };
    let photometric = Photometric::from_code(&header.code(tags::PHOTOMETRIC_INTERPRETATION));
    if let Photometric::Other(name) = &photometric
        && matches!(name.as_str(), "ARGB" | "CMYK" | "HSV")
    {
        return Err(Problem::Unsupported(format!(
            "{name} colours (retired in 2001) are not read; convert the file to RGB"
        )));
    }
    let samples_per_pixel = header.integer(tags::SAMPLES_PER_PIXEL)?.unwrap_or(1);
    if !matches!(samples_per_pixel, 1 | 3) {
        return Err(header.malformed(tags::SAMPLES_PER_PIXEL, "1 or 3 was expected"));
    }
    let (allocated, stored, high_bit) = match kind {
        SampleKind::Float => (32, 32, 31),
        SampleKind::Double => (64, 64, 63),
        SampleKind::Integer => {
            let allocated = required(tags::BITS_ALLOCATED)?;
            if !(1..=32).contains(&allocated) {
                let expected = "Stylet reads 1 to 32 bits";
                return Err(header.malformed(tags::BITS_ALLOCATED, expected));
            }
            let stored = header.integer(tags::BITS_STORED)?.unwrap_or(allocated);
            if !(1..=allocated).contains(&stored) {
                let expected = format!("1 to {allocated} (Bits Allocated) was expected");
                return Err(header.malformed(tags::BITS_STORED, &expected));
            }
            let high_bit = header.integer(tags::HIGH_BIT)?.unwrap_or(stored - 1);
            if !(stored - 1..allocated).contains(&high_bit) {
                let expected = format!("{} to {} was expected", stored - 1, allocated - 1);
                return Err(header.malformed(tags::HIGH_BIT, &expected));
            }
            (allocated, stored, high_bit)
        }
    };
    let colors = matches!(photometric, Photometric::Rgb | Photometric::Ybr(_));
    if colors != (samples_per_pixel == 3) && !matches!(photometric, Photometric::Other(_)) {
        let expected = format!("does not go with {samples_per_pixel} samples per pixel");
        return Err(header.malformed(tags::PHOTOMETRIC_INTERPRETATION, &expected));
    }
    Ok(PixelFormat {
        bits_allocated: allocated as u16,
        bits_stored: stored as u16,
        high_bit: high_bit as u16,
        signed: header.integer(tags::PIXEL_REPRESENTATION)? == Some(1),
        samples_per_pixel: samples_per_pixel as u16,
        planar_configuration: u16::from(
            header.integer(tags::PLANAR_CONFIGURATION).ok().flatten() == Some(1),
        ),
        photometric,
        kind,
    })
}

/// Number of Frames, checked against what the file can hold.
fn frame_count(header: &Elements, bytes_left: u64) -> Result<usize, Problem> {
    let stated = header.integer(tags::NUMBER_OF_FRAMES).or_else(|problem| {
        leading_digits(header, tags::NUMBER_OF_FRAMES)
            .map(Some)
            .ok_or(problem)
    })?;
    match stated {
        // A file with pixel data has a frame, whatever it says.
        None | Some(0 | 1) => Ok(1),
        Some(count @ 2..=MOST_FRAMES) if count as u64 <= bytes_left.saturating_mul(8) => {
            Ok(count as usize)
        }
        Some(_) => {
            let expected = format!("the {bytes_left} bytes of pixel data cannot hold that");
            Err(header.malformed(tags::NUMBER_OF_FRAMES, &expected))
        }
    }
}

/// The number that a value begins with, where it goes on with something else.
fn leading_digits(header: &Elements, tag: Tag) -> Option<i64> {
    let text = header.code(tag);
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    text.strip_suffix(rest)?.parse().ok()
}

/// An integer for display and order; a malformed one is as good as none.
pub(crate) fn small_integer(header: &Elements, tag: Tag) -> Option<i32> {
    header
        .integer(tag)
        .ok()
        .flatten()
        .and_then(|number| i32::try_from(number).ok())
}

/// Least and greatest value of padding, as stored values (PS3.3 C.7.5.1.1.2, C.7.6.24).
fn padding(header: &Elements, format: &PixelFormat) -> Option<[f64; 2]> {
    let integer = |tag| {
        let value = header.integer(tag).ok()??;
        // US and SS are told apart by Pixel Representation, not by what the writer put.
        Some(if format.signed {
            f64::from(value as u16 as i16)
        } else {
            f64::from(value as u16)
        })
    };
    let number = |tag| header.number(tag).ok().flatten();
    let (value, limit) = match format.kind {
        SampleKind::Integer => (
            integer(tags::PIXEL_PADDING_VALUE)?,
            integer(tags::PIXEL_PADDING_RANGE_LIMIT),
        ),
        SampleKind::Float => (
            number(tags::FLOAT_PIXEL_PADDING_VALUE)?,
            number(tags::FLOAT_PIXEL_PADDING_RANGE_LIMIT),
        ),
        SampleKind::Double => (
            number(tags::DOUBLE_FLOAT_PIXEL_PADDING_VALUE)?,
            number(tags::DOUBLE_FLOAT_PIXEL_PADDING_RANGE_LIMIT),
        ),
    };
    // The range may be given from either end.
    let limit = limit.unwrap_or(value);
    Some([value.min(limit), value.max(limit)])
}

/// Shares equal labels between the frames of a file.
pub(crate) type Labels = Arc<[crate::study::FrameLabel]>;
