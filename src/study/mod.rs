//! The DICOM information model as plain types: what was found on disk, before any pixel is read.
//!
//! `Catalog` → [`Study`] → [`Series`] → [`Instance`], and the [`Stack`]s that the geometry of the
//! frames makes of a series. No parsing here (that is `dicom`) and no voxels (that is `volume`).

pub mod anatomy;
pub mod frame;
pub mod frame_timing;
pub mod image_plane;
pub mod lookup_table;
pub mod lut;
pub mod object;
pub mod overlay;
pub mod peak;
pub mod person;
pub mod picture_header;
pub mod pixel_scale;
pub mod playback;
pub mod projection;
pub mod report;
pub mod shutter;
pub mod source_path;
pub mod stack;
pub mod subtraction;
pub mod uid;
pub mod ultrasound_region;
pub mod warning;

use std::fmt;
use std::sync::Arc;

pub use anatomy::{Level, Side, Vertebra};
pub use frame::{Frame, Photometric, PixelFormat, SampleKind, Samples};
pub use frame_timing::{FrameTiming, RateSource, Repeat};
pub use image_plane::ImagePlane;
pub use lookup_table::LookupTable;
pub use lut::{ModalityLut, VoiFunction, VoiLut, WindowLevel};
pub use object::{ObjectKind, OtherObject};
pub use overlay::{OverlayBitmap, OverlayKind, OverlayPlane, OverlaySource};
pub use peak::{Peak, PeakKind};
pub use picture_header::PictureHeader;
pub use pixel_scale::{PixelScale, ScaleSource, SpacingCalibration};
pub use playback::{FrameClock, Showing};
pub use projection::{FieldOfView, FieldShape, ProjectionGeometry};
pub use shutter::{Shutter, ShutterShape};
pub use source_path::SourcePath;
pub use stack::{FrameRef, SliceSource, Stack, StackGeometry, StackKind};
pub use subtraction::{Intensity, Mask, MaskItem, MaskMean, MaskOperation};
pub use uid::{FrameOfReferenceUid, InstanceUid, SeriesUid, StudyUid};
pub use ultrasound_region::UltrasoundRegion;
pub use warning::{Disposition, Repair, StackWarning, WarningCode};

use crate::budget::Reservation;
use crate::geometry::PatientPosition;

/// Everything found by one import.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Studies, newest date first.
    pub studies: Vec<Study>,
}

impl Catalog {
    /// All series with the study each belongs to.
    pub fn series(&self) -> impl Iterator<Item = (&Study, &Arc<Series>)> {
        self.studies
            .iter()
            .flat_map(|study| study.series.iter().map(move |series| (study, series)))
    }

    /// The series of a UID.
    pub fn find_series(&self, uid: &SeriesUid) -> Option<(&Study, &Arc<Series>)> {
        self.series().find(|(_, series)| &series.uid == uid)
    }

    /// The stack with the most voxels that forms a volume, with its series: what is shown first
    /// and what a command without `--series` takes.
    pub fn largest_volume(&self) -> Option<(&Arc<Series>, usize)> {
        self.series()
            .filter_map(|(_, series)| Some((series, series.largest_volume()?)))
            // The first of equals, so that the answer does not depend on the order of the files.
            .reduce(|best, next| if next.1.1 > best.1.1 { next } else { best })
            .map(|(series, (index, _))| (series, index))
    }
}

/// Who was imaged. `Debug` does not print it, so that no log can.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Patient {
    /// Patient's Name (0010,0010) as written, components separated by `^`.
    pub name: String,
    /// Patient ID (0010,0020).
    pub id: String,
    /// Patient's Birth Date (0010,0030), as written.
    pub birth_date: String,
    /// Patient's Sex (0010,0040), as written.
    pub sex: String,
}

impl fmt::Debug for Patient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<redacted>")
    }
}

/// One study: a visit of one patient.
#[derive(Debug, Clone)]
pub struct Study {
    /// Study Instance UID.
    pub uid: StudyUid,
    /// Study Date (0008,0020), `YYYYMMDD`, empty where absent.
    pub date: String,
    /// Study Description (0008,1030).
    pub description: String,
    /// Who was imaged.
    pub patient: Patient,
    /// Its series of images, by number.
    pub series: Vec<Arc<Series>>,
    /// What else it holds: reports, structures, plans …, by series number.
    pub objects: Vec<OtherObject>,
}

/// One series and the stacks its frames make.
#[derive(Debug, Clone)]
pub struct Series {
    /// Series Instance UID.
    pub uid: SeriesUid,
    /// Study Instance UID.
    pub study_uid: StudyUid,
    /// Modality (0008,0060): `CT`, `MR`, `XA` …
    pub modality: String,
    /// Series Number (0020,0011).
    pub number: Option<i32>,
    /// Series Description (0008,103E).
    pub description: String,
    /// Patient Position (0018,5100): annotation and room mapping only.
    pub patient_position: Option<PatientPosition>,
    /// Its files, by path.
    pub instances: Vec<Arc<Instance>>,
    /// What its frames form: volumes, picture lists, cine runs. Never empty for image series.
    pub stacks: Vec<Stack>,
}

impl Series {
    /// The stack with the most voxels that forms a volume, the first of equals: its index and its
    /// voxels.
    pub fn largest_volume(&self) -> Option<(usize, usize)> {
        self.stacks
            .iter()
            .enumerate()
            .filter(|(_, stack)| stack.kind == StackKind::Volume)
            .map(|(index, stack)| (index, stack.voxels()))
            .reduce(|best, next| if next.1 > best.1 { next } else { best })
    }

    /// What its files are where they are not plain images, though they hold pixels:
    /// `Segmentation`, `RT dose`.
    pub fn object_kind(&self) -> Option<ObjectKind> {
        self.instances
            .first()
            .and_then(|instance| ObjectKind::of(&instance.sop_class))
    }

    /// Transfer syntax UIDs in it, each once.
    pub fn transfer_syntaxes(&self) -> Vec<String> {
        let mut all: Vec<String> = self
            .instances
            .iter()
            .map(|instance| instance.transfer_syntax.clone())
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// Frames in all its files.
    pub fn frame_count(&self) -> usize {
        self.instances
            .iter()
            .map(|instance| instance.frames.len())
            .sum()
    }

    /// Number and description as shown in lists.
    pub fn title(&self) -> String {
        let description = if self.description.is_empty() {
            "(no description)"
        } else {
            &self.description
        };
        match self.number {
            Some(number) => format!("{number} · {description}"),
            None => description.to_owned(),
        }
    }
}

/// One file: its header, without pixels.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Where it lies, and what it is called.
    pub path: SourcePath,
    /// SOP Instance UID.
    pub uid: InstanceUid,
    /// SOP Class UID.
    pub sop_class: String,
    /// Transfer Syntax UID.
    pub transfer_syntax: String,
    /// Instance Number (0020,0013).
    pub number: Option<i32>,
    /// Frame of Reference UID (0020,0052).
    pub frame_of_reference: Option<FrameOfReferenceUid>,
    /// Rows (0028,0010).
    pub rows: usize,
    /// Columns (0028,0011).
    pub columns: usize,
    /// How its samples are stored.
    pub pixel_format: PixelFormat,
    /// Where its samples lie in the file.
    pub pixel_data: PixelData,
    /// Lossy compression changed its values, by transfer syntax or Lossy Image Compression
    /// (0028,2110).
    pub lossy: bool,
    /// Low values are to be shown bright: Presentation LUT Shape (2050,0020) INVERSE or, where it
    /// is not stated, MONOCHROME1.
    pub low_is_bright: bool,
    /// What is known of each frame; one entry for a single-frame file.
    pub frames: Vec<FrameHeader>,
    /// Pixel Aspect Ratio or calibrated spacing for pictures without patient geometry:
    /// (row, column) mm or relative, `None` for square.
    pub pixel_aspect: Option<[f64; 2]>,
    /// Frame time in ms for cine runs, where stated.
    pub frame_time_ms: Option<f64>,
    /// How it was taken, its times, masks, shutters and calibration.
    pub picture: Arc<PictureHeader>,
    /// What was put right while the header was read.
    pub repairs: Vec<Repair>,
    /// Least and greatest stored value that marks pixels without an image: Pixel Padding Value
    /// and its range limit (0028,0120/0121), or those of floating point (0028,0122–0125).
    pub padding: Option<[f64; 2]>,
    /// Overlay planes (60xx) of the header, without their bits.
    pub overlays: Vec<OverlayPlane>,
    /// Memory of its header.
    pub booked: Option<Arc<Reservation>>,
}

impl Instance {
    /// Whether a stored value marks a pixel without an image.
    pub fn is_padding(&self, stored: f64) -> bool {
        self.padding
            .is_some_and(|[least, most]| (least..=most).contains(&stored))
    }

    /// The look that the header gives a frame: its first window or, where there is none, its
    /// first table.
    pub fn voi(&self, frame: usize) -> Option<&VoiLut> {
        self.frames.get(frame)?.voi.first()
    }
}

/// Header of one frame.
#[derive(Debug, Clone, PartialEq)]
pub struct FrameHeader {
    /// Where it lies in the patient; `None` where the file does not say or says it wrongly.
    pub plane: Option<ImagePlane>,
    /// Why there is no plane, where the file tries to place the frame or should.
    pub geometry_problem: Option<Arc<str>>,
    /// The directions in the file are no unit vectors; the plane has them scaled.
    pub directions_scaled: bool,
    /// What may tell it from other frames at the same place: time point, echo, b value …
    pub labels: Arc<[FrameLabel]>,
    /// Stored values → modality values.
    pub modality_lut: ModalityLut,
    /// Windows (0028,1050/1051/1055), then tables (0028,3010); the first is the default.
    pub voi: Arc<[VoiLut]>,
}

/// Position of the samples in a file, so that a frame is read without parsing the header again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PixelData {
    /// First byte of the value of the pixel data element, from the start of the file (of the
    /// inflated data set for deflated files).
    pub offset: u64,
    /// Length of the value in bytes; `None` where it is encapsulated (compressed).
    pub length: Option<u64>,
}

/// One property of a frame that stacks can be told apart by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrameLabel {
    /// What it is: `time point`, `echo`, `b value` …
    pub name: &'static str,
    /// Its value as text.
    pub value: String,
}
