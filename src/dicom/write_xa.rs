//! Writes projection pictures as X-Ray Angiographic images (PS3.3 A.14), single or multi-frame,
//! with the geometry of the C-arm. Knows nothing of what they show or how they were made.

mod attributes;

use std::path::Path;

use dicom_dictionary_std::uids;
use thiserror::Error;

use super::identity::Identity;
use super::write_object::{
    NewInstance, Object, WriteObjectError, put_identity, put_instance, save,
};
use crate::geometry::{CArmPose, Receptor};
use crate::study::ProjectionGeometry;
use crate::study::report::EvidenceSeries;

/// A still or a run to write.
///
/// It is written as DERIVED\SECONDARY: this program has no detector.
#[derive(Debug, Clone, Copy)]
pub struct XaImage<'a> {
    /// Patient and study it belongs to; its body part is the one shown.
    pub identity: &'a Identity,
    /// What it becomes.
    pub new: &'a NewInstance,
    /// Patient Position (0018,5100); empty where it is not known.
    pub patient_position: &'a str,
    /// Angles and distances. The isocentre has no place in the object: say it in `derivation`.
    pub pose: &'a CArmPose,
    /// Pixels of the receptor. The central ray must meet its middle: the object cannot say more.
    pub receptor: &'a Receptor,
    /// Frame after frame, row by row.
    pub pixels: XaPixels<'a>,
    /// What the stored values are to the intensity.
    pub intensity: PixelIntensity,
    /// Window Center and Window Width, stored values.
    pub window: [f64; 2],
    /// KVP (0018,0060); empty where none.
    pub kilovolts: Option<f64>,
    /// How the frames follow; none for a still of one frame.
    pub run: Option<XaRun<'a>>,
    /// Contrast medium in the picture.
    pub contrast: Option<XaContrast<'a>>,
    /// Collimator blades: first and last open column, first and last open row, counted from 1.
    pub collimator: Option<[u32; 4]>,
    /// Display shutter, black outside, in the same order: viewers cover what lies outside. For
    /// pixels that go on behind the blades.
    pub shutter: Option<[u32; 4]>,
    /// What it shows and how it was made: Derivation Description (0008,2111) and Image Comments.
    pub derivation: &'a str,
    /// The images it was made from; may be empty.
    pub sources: &'a [EvidenceSeries],
}

/// Stored values; larger ones are brighter (MONOCHROME2).
#[derive(Debug, Clone, Copy)]
pub enum XaPixels<'a> {
    /// 8 bits.
    U8(&'a [u8]),
    /// 16 bits allocated.
    U16 {
        /// Stored values.
        values: &'a [u16],
        /// Bits Stored (0028,0101): 10, 12 or 16.
        bits: u16,
    },
}

/// Pixel Intensity Relationship (0028,1040).
///
/// LOG is left out: it asks for a Modality LUT back to intensity, which viewers then take for one
/// to be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelIntensity {
    /// LIN: proportional to the intensity at the receptor.
    Linear,
    /// DISP: a curve for the display was applied.
    Displayed,
}

/// How the frames of a run follow each other.
#[derive(Debug, Clone, Copy)]
pub struct XaRun<'a> {
    /// Frame Time (0018,1063), ms.
    pub frame_time_ms: f64,
    /// Frames, counted from 1, whose mean may be subtracted from the later ones (PS3.3 C.7.6.10);
    /// none for a run without a mask.
    pub mask_frames: &'a [u16],
}

/// Contrast medium (PS3.3 C.7.6.4).
#[derive(Debug, Clone, Copy)]
pub struct XaContrast<'a> {
    /// Contrast/Bolus Agent (0018,0010).
    pub agent: &'a str,
    /// Contrast/Bolus Route (0018,1040).
    pub route: &'a str,
    /// Contrast/Bolus Volume (0018,1041), ml.
    pub volume_ml: f64,
    /// Contrast/Bolus Ingredient Concentration (0018,1049), mg of iodine per ml.
    pub iodine_mg_per_ml: f64,
}

/// What of a picture cannot be written.
#[derive(Debug, Clone, PartialEq, Error)]
enum Unfit {
    #[error("it has no Study Instance UID; open the images it belongs to")]
    NoStudy,
    #[error("{found} pixels are no frames of {columns} x {rows}")]
    Size {
        columns: usize,
        rows: usize,
        found: usize,
    },
    #[error("{0} bits stored are not 8, 10, 12 or 16")]
    Bits(u16),
    #[error("stored value {value} does not fit {bits} bits")]
    Value { value: u16, bits: u16 },
    #[error("source, isocentre and receptor do not lie behind each other")]
    Distances,
    #[error("distances of {} and {} mm from the source are not within 1 to 20000 mm", .0[0], .0[1])]
    FarDistances([f64; 2]),
    #[error("a pixel of {} x {} mm is not within 0.0001 to 100 mm", .0[0], .0[1])]
    PixelSize([f64; 2]),
    #[error(
        "the central ray meets column {column:.1}, row {row:.1}, not the middle; centre the receptor"
    )]
    OffCenter { column: f64, row: f64 },
    #[error("{0} frames need a frame time")]
    NoFrameTime(usize),
    #[error("a frame time of {0} ms is none")]
    FrameTime(f64),
    #[error("mask frame {frame} is not among the {frames} frames")]
    MaskFrame { frame: u16, frames: usize },
    #[error("the window of width {0} is none")]
    Window(f64),
}

/// Most pixels that the central ray may miss the middle by: rounding, not geometry.
const CENTER_TOLERANCE: f64 = 0.01;

/// Writes a picture.
pub fn write_xa(image: &XaImage<'_>, path: &Path) -> Result<(), WriteObjectError> {
    let frames = check(image).map_err(|reason| WriteObjectError::Content {
        path: path.to_owned(),
        reason: reason.to_string(),
    })?;
    let mut object = Object::new_empty();
    put_identity(&mut object, image.identity);
    let class = uids::X_RAY_ANGIOGRAPHIC_IMAGE_STORAGE;
    put_instance(&mut object, image.new, class);
    attributes::put(&mut object, image, frames);
    save(object, image.new, path)
}

/// The number of frames, where everything can be written.
fn check(image: &XaImage<'_>) -> Result<usize, Unfit> {
    if image.identity.study.as_str().is_empty() {
        return Err(Unfit::NoStudy);
    }
    let frames = check_pixels(image)?;
    let receptor = image.receptor;
    if image.pose.beam().is_none() {
        return Err(Unfit::Distances);
    }
    let distances = [
        image.pose.source_to_isocenter_mm,
        image.pose.source_to_detector_mm,
    ];
    let known = ProjectionGeometry::DISTANCES_MM;
    if !distances.iter().all(|mm| known.contains(mm)) {
        return Err(Unfit::FarDistances(distances));
    }
    let known = ProjectionGeometry::SPACINGS_MM;
    if !receptor.pixel_mm.iter().all(|mm| known.contains(mm)) {
        return Err(Unfit::PixelSize(receptor.pixel_mm));
    }
    let [column, row] = receptor.center;
    let middle = receptor.size.map(|count| (count as f64 - 1.0) / 2.0);
    let missed = [column - middle[0], row - middle[1]];
    if !missed.iter().all(|pixels| pixels.abs() <= CENTER_TOLERANCE) {
        return Err(Unfit::OffCenter { column, row });
    }
    if !image.window.iter().all(|value| value.is_finite()) || image.window[1] < 1.0 {
        return Err(Unfit::Window(image.window[1]));
    }
    match image.run {
        None if frames > 1 => Err(Unfit::NoFrameTime(frames)),
        None => Ok(frames),
        Some(run) => check_run(run, frames),
    }
}

fn check_run(run: XaRun<'_>, frames: usize) -> Result<usize, Unfit> {
    if !(run.frame_time_ms.is_finite() && run.frame_time_ms > 0.0) {
        return Err(Unfit::FrameTime(run.frame_time_ms));
    }
    let outside = |frame: &&u16| !(1..=frames).contains(&usize::from(**frame));
    match run.mask_frames.iter().find(outside) {
        Some(&frame) => Err(Unfit::MaskFrame { frame, frames }),
        None => Ok(frames),
    }
}

fn check_pixels(image: &XaImage<'_>) -> Result<usize, Unfit> {
    let [columns, rows] = image.receptor.size;
    let side = |count: usize| (1..=usize::from(u16::MAX)).contains(&count);
    let found = match image.pixels {
        XaPixels::U8(values) => values.len(),
        XaPixels::U16 { values, bits } => {
            if !matches!(bits, 10 | 12 | 16) {
                return Err(Unfit::Bits(bits));
            }
            let most = u16::MAX >> (16 - bits);
            if let Some(&value) = values.iter().find(|value| **value > most) {
                return Err(Unfit::Value { value, bits });
            }
            values.len()
        }
    };
    let per_frame = columns.saturating_mul(rows);
    let whole = side(columns) && side(rows) && found > 0 && found.is_multiple_of(per_frame);
    if !whole {
        return Err(Unfit::Size {
            columns,
            rows,
            found,
        });
    }
    Ok(found / per_frame)
}

#[cfg(test)]
mod tests;
