//! What a header says of a picture beside its pixels: how it was taken, how long its frames stay,
//! what is subtracted from it, and what covers it.

use super::frame_timing::FrameTiming;
use super::pixel_scale::SpacingCalibration;
use super::projection::ProjectionGeometry;
use super::shutter::Shutter;
use super::subtraction::{Intensity, MaskItem};
use super::ultrasound_region::UltrasoundRegion;

/// All of it. What was absent is empty; what was malformed is empty and told in `problems`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PictureHeader {
    /// One for all frames, or one for each; empty where nothing is known.
    pub projections: Vec<ProjectionGeometry>,
    /// Pixel Spacing (0028,0030): mm between rows and between columns.
    pub pixel_spacing_mm: Option<[f64; 2]>,
    /// How Pixel Spacing was calibrated, where the file says that it was.
    pub spacing_calibration: Option<SpacingCalibration>,
    /// Patient Orientation (0020,0020): where rows and columns lead to, such as `L` and `F`.
    pub patient_orientation: Option<[String; 2]>,
    /// Times of the frames.
    pub timing: FrameTiming,
    /// Pixel Intensity Relationship (0028,1040).
    pub intensity: Option<Intensity>,
    /// Mask Subtraction Sequence (0028,6100), without items that say not to subtract.
    pub masks: Vec<MaskItem>,
    /// Display shutter.
    pub shutter: Shutter,
    /// Calibrated regions of an ultrasound picture.
    pub regions: Vec<UltrasoundRegion>,
    /// A slice through the patient, no projection.
    pub is_section: bool,
    /// Sentences about what could not be used.
    pub problems: Vec<String>,
}

impl PictureHeader {
    /// How a frame (0-based) was taken.
    pub fn projection(&self, frame: usize) -> Option<&ProjectionGeometry> {
        match self.projections.as_slice() {
            [all] => Some(all),
            each => each.get(frame),
        }
    }

    /// Imager Pixel Spacing of a frame: mm on the receptor between rows and between columns.
    pub fn imager_spacing_mm(&self, frame: usize) -> Option<[f64; 2]> {
        self.projection(frame)?.imager_spacing_mm
    }

    /// The mask item for a frame (0-based), the first that is.
    pub fn mask(&self, frame: usize) -> Option<&MaskItem> {
        self.masks.iter().find(|item| item.covers(frame))
    }

    /// Memory of its lists, bytes.
    pub fn heap_bytes(&self) -> u64 {
        let lists = size_of::<ProjectionGeometry>() * self.projections.len()
            + size_of::<f64>() * self.timing.steps_ms.len()
            + size_of::<UltrasoundRegion>() * self.regions.len()
            + self.problems.iter().map(String::len).sum::<usize>();
        (size_of::<Self>() + lists) as u64
    }
}
