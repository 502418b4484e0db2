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
    /// Field of View Rotation (0018,7032) is not 0, or Field of View Horizontal Flip (0018,7034) is
    /// `YES`: the picture was turned or mirrored after the receptor took it.
    pub turned_from_receptor: bool,
    /// Times of the frames.
    pub timing: FrameTiming,
    /// Pixel Intensity Relationship (0028,1040).
    pub intensity: Option<Intensity>,
    /// Mask Subtraction Sequence (0028,6100), without items that say not to subtract.
    pub masks: Vec<MaskItem>,
    /// Recommended Viewing Mode (0028,1090) is `SUB`: it is meant to be seen subtracted.
    pub shown_subtracted: bool,
    /// Its factor and distances end at the isocentre: X-ray angiography and radiofluoroscopy.
    pub is_isocentric: bool,
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
            + size_of::<MaskItem>() * self.masks.len()
            + self.masks.iter().map(MaskItem::heap_bytes).sum::<usize>()
            + self.shutter.heap_bytes()
            + self.problems.iter().map(String::len).sum::<usize>();
        (size_of::<Self>() + lists) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::super::{MaskOperation, ShutterShape};
    use super::*;

    #[test]
    fn masks_and_shutters_count_as_memory() {
        let empty = PictureHeader::default();
        let full = PictureHeader {
            masks: vec![MaskItem {
                operation: MaskOperation::Average(vec![0; 1000]),
                ranges: vec![[0, 1]; 1000],
                shift: [0.0; 2],
            }],
            shutter: Shutter {
                shapes: vec![ShutterShape::Polygon(vec![[0.0; 2]; 1000])],
                grey: 0,
            },
            ..PictureHeader::default()
        };
        let lists = 1000 * (size_of::<usize>() + size_of::<[usize; 2]>() + size_of::<[f64; 2]>());
        assert!(full.heap_bytes() >= empty.heap_bytes() + lists as u64);
    }
}
