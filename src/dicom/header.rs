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
use super::{Problem, frames, object, parse};
use crate::geometry::PatientPosition;
use crate::study::{
    FrameOfReferenceUid, Instance, InstanceUid, OtherObject, Patient, Photometric, PixelData,
    PixelFormat, SampleKind, SeriesUid, SourcePath, StudyUid, VoiFunction, VoiLut, WindowLevel,
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
    let parsed = parse::parse_file(path)?;
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
    parsed: parse::Parsed,
    pixels: parse::PixelElement,
    charset: &CharacterSet,
) -> Result<Instance, Problem> {
    let header = &parsed.elements;
    let kind = match pixels.tag {
        tags::FLOAT_PIXEL_DATA => SampleKind::Float,
        tags::DOUBLE_FLOAT_PIXEL_DATA => SampleKind::Double,
        _ => SampleKind::Integer,
    };
    let pixel_format = pixel_format(header, kind)?;
    let modality = header.code(tags::MODALITY);
    let left = parsed.source.len().saturating_sub(pixels.offset);
    let count = frame_count(header, left)?;
    let frames = frames::frame_headers(header, &modality, count)?;
    Ok(Instance {
        path: path.clone(),
        uid: InstanceUid::new(&header.code(tags::SOP_INSTANCE_UID)),
        sop_class: header.code(tags::SOP_CLASS_UID),
        lossy: is_lossy(&parsed.transfer_syntax)
            || trimmed(&header.code(tags::LOSSY_IMAGE_COMPRESSION)) == "01",
        modality_lut_ignored: header.item(tags::MODALITY_LUT_SEQUENCE).is_some(),
        transfer_syntax: parsed.transfer_syntax,
        number: small_integer(header, tags::INSTANCE_NUMBER),
        frame_of_reference: Some(header.code(tags::FRAME_OF_REFERENCE_UID))
            .filter(|uid| !uid.is_empty())
            .map(|uid| FrameOfReferenceUid::new(&uid)),
        rows: size(header, tags::ROWS)?,
        columns: size(header, tags::COLUMNS)?,
        padding: padding(header, pixel_format.signed),
        pixel_format,
        pixel_data: PixelData {
            offset: pixels.offset,
            length: pixels.length,
        },
        pixel_aspect: pixel_aspect(header),
        frame_time_ms: frame_time_ms(header),
        windows: windows(frames::voi_source(header), charset),
        frames,
    })
}

/// Transfer syntaxes that change the values; those that may do either are told apart by Lossy
/// Image Compression.
fn is_lossy(transfer_syntax: &str) -> bool {
    matches!(
        transfer_syntax,
        uids::JPEG_BASELINE8_BIT
            | uids::JPEG_EXTENDED12_BIT
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
    let samples_per_pixel = header.integer(tags::SAMPLES_PER_PIXEL)?.unwrap_or(1);
    if !matches!(samples_per_pixel, 1 | 3) {
        return Err(header.malformed(tags::SAMPLES_PER_PIXEL, "1 or 3 was expected"));
    }
    let (allocated, stored, high_bit) = match kind {
        SampleKind::Float => (32, 32, 31),
        SampleKind::Double => (64, 64, 63),
        SampleKind::Integer => {
            let allocated = required(tags::BITS_ALLOCATED)?;
            if !matches!(allocated, 1 | 8 | 16 | 32) {
                let expected = "Stylet reads 1, 8, 16 and 32 bits; \
                                convert the file to one of them";
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
    let photometric = Photometric::from_code(&header.code(tags::PHOTOMETRIC_INTERPRETATION));
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
    match header.integer(tags::NUMBER_OF_FRAMES)? {
        None | Some(1) => Ok(1),
        Some(count @ 2..=MOST_FRAMES) if count as u64 <= bytes_left.saturating_mul(8) => {
            Ok(count as usize)
        }
        Some(_) => {
            let expected = format!("the {bytes_left} bytes of pixel data cannot hold that");
            Err(header.malformed(tags::NUMBER_OF_FRAMES, &expected))
        }
    }
}

/// An integer for display and order; a malformed one is as good as none.
pub(crate) fn small_integer(header: &Elements, tag: Tag) -> Option<i32> {
    header
        .integer(tag)
        .ok()
        .flatten()
        .and_then(|number| i32::try_from(number).ok())
}

/// Pixel Padding Value and its range limit as stored values (PS3.3 C.7.5.1.1.2).
fn padding(header: &Elements, signed: bool) -> Option<[i64; 2]> {
    let read = |tag| {
        let value = header.integer(tag).ok()??;
        // US and SS are told apart by Pixel Representation, not by what the writer put.
        Some(if signed {
            i64::from(value as u16 as i16)
        } else {
            i64::from(value as u16)
        })
    };
    let value = read(tags::PIXEL_PADDING_VALUE)?;
    let limit = read(tags::PIXEL_PADDING_RANGE_LIMIT).unwrap_or(value);
    Some([value.min(limit), value.max(limit)])
}

/// Spacing or aspect (row, column) of pictures: Pixel Spacing, Imager Pixel Spacing, Pixel Aspect
/// Ratio, the first that is usable.
fn pixel_aspect(header: &Elements) -> Option<[f64; 2]> {
    [
        tags::PIXEL_SPACING,
        tags::IMAGER_PIXEL_SPACING,
        tags::PIXEL_ASPECT_RATIO,
    ]
    .into_iter()
    .find_map(|tag| {
        let pair = header.vector::<2>(tag).ok().flatten()?;
        pair.iter().all(|&v| v > 0.0).then_some(pair)
    })
}

/// Time from frame to frame, ms: Frame Time, the mean of Frame Time Vector, or from a rate.
fn frame_time_ms(header: &Elements) -> Option<f64> {
    let positive = |tag| {
        let value = header.number(tag).ok().flatten()?;
        (value > 0.0).then_some(value)
    };
    let of_vector = || {
        let times = header.numbers(tags::FRAME_TIME_VECTOR).ok().flatten()?;
        // The first entry is the start, always 0 (PS3.3 C.7.6.5.1.2).
        let (_, steps) = times.split_first()?;
        let mean = steps.iter().sum::<f64>() / steps.len() as f64;
        (mean.is_finite() && mean > 0.0).then_some(mean)
    };
    positive(tags::FRAME_TIME)
        .or_else(of_vector)
        .or_else(|| positive(tags::RECOMMENDED_DISPLAY_FRAME_RATE).map(|rate| 1000.0 / rate))
        .or_else(|| positive(tags::CINE_RATE).map(|rate| 1000.0 / rate))
}

/// Usable windows of the header, first is the default (PS3.3 C.11.2).
fn windows(header: &Elements, charset: &CharacterSet) -> Vec<VoiLut> {
    let list = |tag| header.numbers(tag).ok().flatten().unwrap_or_default();
    let Some(function) = VoiFunction::from_code(&header.code(tags::VOILUT_FUNCTION)) else {
        return Vec::new();
    };
    let explanations = header.text(tags::WINDOW_CENTER_WIDTH_EXPLANATION, charset);
    let mut explanations = explanations.split('\\').map(trimmed);
    list(tags::WINDOW_CENTER)
        .into_iter()
        .zip(list(tags::WINDOW_WIDTH))
        .map(|(center, width)| VoiLut {
            window: WindowLevel::new(center, width),
            function,
            explanation: explanations.next().unwrap_or_default().to_owned(),
        })
        .filter(|voi| {
            let WindowLevel { center, width } = voi.window;
            center.is_finite() && width.is_finite() && width > 0.0
        })
        .collect()
}

/// Shares equal labels between the frames of a file.
pub(crate) type Labels = Arc<[crate::study::FrameLabel]>;
