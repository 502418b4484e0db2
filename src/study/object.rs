//! Objects of a study that are not images: reports, structures, plans, presentation states.

use super::{FrameOfReferenceUid, InstanceUid, SeriesUid, SourcePath};

/// What a DICOM object is, beside images (PS3.4 B.5, PS3.6 A).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    /// A structured report, measurements and computer findings included.
    StructuredReport,
    /// A selection of images with a reason.
    KeyObjects,
    /// How images were windowed, turned and annotated.
    PresentationState,
    /// Voxels marked as structures; has pixel data.
    Segmentation,
    /// Structures as surfaces.
    SurfaceSegmentation,
    /// Contours of a radiotherapy plan.
    RtStructureSet,
    /// Beams or sources of a radiotherapy plan.
    RtPlan,
    /// Dose of a radiotherapy plan; usually has pixel data.
    RtDose,
    /// Any other object of radiotherapy: records, prescriptions, instructions.
    RtOther,
    /// A transformation between frames of reference.
    Registration,
    /// Points that several image sets share.
    Fiducials,
    /// A document or model inside a DICOM file: PDF, CDA, STL, OBJ …
    EncapsulatedDocument,
    /// ECG, pressure, sound and other curves.
    Waveform,
    /// Data of a scanner in its own format.
    RawData,
    /// Spectra without an image.
    Spectroscopy,
    /// How stored values become physical ones.
    ValueMapping,
    /// Fibres of a diffusion measurement.
    Tractography,
    /// A measured surface.
    SurfaceScan,
    /// How a scan is or was to be made.
    Protocol,
    /// Measurements of the eye.
    EyeMeasurement,
    /// Colour tables, hanging protocols, implant templates: not of a patient.
    Resource,
    /// A class of the standard or of a vendor that none of the others fits.
    Other,
}

/// Storage SOP classes all begin so (PS3.6 A).
const STORAGE: &str = "1.2.840.10008.5.1.4.1.1.";

impl ObjectKind {
    /// The kind of a SOP class; `None` for images and for classes Stylet does not know.
    pub fn of(sop_class: &str) -> Option<Self> {
        let Some(number) = sop_class.strip_prefix(STORAGE) else {
            let resource = [
                "1.2.840.10008.5.1.4.38.",
                "1.2.840.10008.5.1.4.39.",
                "1.2.840.10008.5.1.4.43.",
                "1.2.840.10008.5.1.4.44.",
                "1.2.840.10008.5.1.4.45.",
            ];
            if resource.iter().any(|start| sop_class.starts_with(start)) {
                return Some(Self::Resource);
            }
            return sop_class
                .starts_with("1.2.840.10008.5.1.4.34.")
                .then_some(Self::RtOther);
        };
        let mut parts = number.split('.').map(|part| part.parse::<u32>().ok());
        let (Some(Some(family)), member) = (parts.next(), parts.next().flatten()) else {
            return None;
        };
        Some(match (family, member) {
            (88, Some(59)) => Self::KeyObjects,
            (88, Some(_)) => Self::StructuredReport,
            (11, Some(_)) | (9, Some(100)) => Self::PresentationState,
            (9 | 601, Some(_)) => Self::Waveform,
            (104, Some(_)) => Self::EncapsulatedDocument,
            (66, None) => Self::RawData,
            (66, Some(1 | 3)) => Self::Registration,
            (66, Some(2)) => Self::Fiducials,
            (66, Some(4 | 7 | 8)) => Self::Segmentation,
            (66, Some(5)) => Self::SurfaceSegmentation,
            (66, Some(6)) => Self::Tractography,
            (67, None) => Self::ValueMapping,
            (68, Some(_)) => Self::SurfaceScan,
            (481, Some(2)) => Self::RtDose,
            (481, Some(3)) => Self::RtStructureSet,
            (481, Some(5 | 8)) => Self::RtPlan,
            // 481.1 and 481.23 are images.
            (481, Some(member)) if member != 1 && member != 23 => Self::RtOther,
            (4, Some(2)) => Self::Spectroscopy,
            (200, Some(_)) => Self::Protocol,
            (78, Some(1..=8)) | (79 | 80, Some(1)) => Self::EyeMeasurement,
            (131, None) => Self::Resource,
            // Overlays, curves and tables as objects of their own are retired.
            (8..=11 | 129, None) | (90 | 91, Some(1)) => Self::Other,
            _ => return None,
        })
    }

    /// Plain name, as in `Structured report`.
    pub fn name(self) -> &'static str {
        match self {
            Self::StructuredReport => "Structured report",
            Self::KeyObjects => "Key object selection",
            Self::PresentationState => "Presentation state",
            Self::Segmentation => "Segmentation",
            Self::SurfaceSegmentation => "Surface segmentation",
            Self::RtStructureSet => "RT structure set",
            Self::RtPlan => "RT plan",
            Self::RtDose => "RT dose",
            Self::RtOther => "Radiotherapy object",
            Self::Registration => "Registration",
            Self::Fiducials => "Fiducials",
            Self::EncapsulatedDocument => "Encapsulated document",
            Self::Waveform => "Waveform",
            Self::RawData => "Raw data",
            Self::Spectroscopy => "MR spectroscopy",
            Self::ValueMapping => "Real world value mapping",
            Self::Tractography => "Tractography results",
            Self::SurfaceScan => "Surface scan",
            Self::Protocol => "Procedure protocol",
            Self::EyeMeasurement => "Eye measurement",
            Self::Resource => "Resource",
            Self::Other => "Other object",
        }
    }

    /// Word in JSON, as in `structured-report`.
    pub fn word(self) -> String {
        self.name().to_lowercase().replace(' ', "-")
    }

    /// Whether an object of this kind without pixel data has lost them.
    pub fn needs_pixels(self) -> bool {
        self == Self::Segmentation
    }
}

/// One file that is no image. It is listed; nothing of its content is read yet.
#[derive(Debug, Clone)]
pub struct OtherObject {
    /// What it is.
    pub kind: ObjectKind,
    /// Kind and variant in words: `Structured report: Basic Text SR`.
    pub type_name: String,
    /// Its own title, label or description; empty where it has none.
    pub title: String,
    /// Its file.
    pub path: SourcePath,
    /// SOP Instance UID.
    pub uid: InstanceUid,
    /// SOP Class UID.
    pub sop_class: String,
    /// Series Instance UID of its own series.
    pub series_uid: SeriesUid,
    /// Series Number (0020,0011) of its own series.
    pub series_number: Option<i32>,
    /// Series Description (0008,103E) of its own series.
    pub series_description: String,
    /// Modality (0008,0060): `SR`, `RTSTRUCT`, `PR` …
    pub modality: String,
    /// Frame of reference its positions are in, where it names one.
    pub frame_of_reference: Option<FrameOfReferenceUid>,
    /// Series it is about, each once, in the order of the file.
    pub referenced_series: Vec<SeriesUid>,
}

impl OtherObject {
    /// Key to sort lists by: series number, series, type, title, file.
    pub fn list_order(&self) -> (Option<i32>, &SeriesUid, &str, &str, &SourcePath) {
        (
            self.series_number,
            &self.series_uid,
            &self.type_name,
            &self.title,
            &self.path,
        )
    }

    /// Title for lists: its own, else the description of its series, else what it is.
    pub fn list_title(&self) -> &str {
        [&self.title, &self.series_description, &self.type_name]
            .into_iter()
            .find(|text| !text.is_empty())
            .map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sop_classes_have_plain_names() {
        // UIDs of PS3.6 table A-1.
        for (number, name) in [
            ("88.11", "Structured report"),
            ("88.33", "Structured report"),
            ("88.59", "Key object selection"),
            ("11.1", "Presentation state"),
            ("66.4", "Segmentation"),
            ("66.5", "Surface segmentation"),
            ("66.1", "Registration"),
            ("66", "Raw data"),
            ("481.2", "RT dose"),
            ("481.3", "RT structure set"),
            ("481.5", "RT plan"),
            ("481.8", "RT plan"),
            ("481.6", "Radiotherapy object"),
            ("104.1", "Encapsulated document"),
            ("104.3", "Encapsulated document"),
            ("9.1.1", "Waveform"),
            ("4.2", "MR spectroscopy"),
        ] {
            let kind = ObjectKind::of(&format!("{STORAGE}{number}"));
            assert_eq!(kind.map(ObjectKind::name), Some(name), "{number}");
        }
        // CT, enhanced MR, RT image, secondary capture, X-ray angiography; and a vendor's own.
        for number in ["2", "4.1", "481.1", "7", "12.1", "77.1.6"] {
            assert_eq!(ObjectKind::of(&format!("{STORAGE}{number}")), None);
        }
        assert_eq!(ObjectKind::of("1.3.12.2.1107.5.9.1"), None);
        assert_eq!(ObjectKind::of(""), None);
        assert_eq!(ObjectKind::StructuredReport.word(), "structured-report");
    }
}
