//! What is unusual about files and stacks, and what was done about it.

/// What became of the images that a warning is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Disposition {
    /// They are shown as the file has them.
    ShownAsIs,
    /// Something was put right or filled in before they are shown.
    Repaired,
    /// They, or a part of them, are not shown.
    NotShown,
}

impl Disposition {
    /// Word of the JSON output.
    pub fn word(self) -> &'static str {
        match self {
            Self::ShownAsIs => "shown-as-is",
            Self::Repaired => "repaired",
            Self::NotShown => "not-shown",
        }
    }

    /// Words shown to people, at the beginning of a sentence.
    pub fn title(self) -> &'static str {
        match self {
            Self::ShownAsIs => "Shown as is",
            Self::Repaired => "Repaired",
            Self::NotShown => "Not shown",
        }
    }
}

/// Something unusual about a stack, shown as a banner and in `scan --json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackWarning {
    /// Stable name of the kind.
    pub code: WarningCode,
    /// A sentence with the numbers.
    pub message: String,
}

impl StackWarning {
    /// The sentence, with the disposition before it.
    pub fn sentence(&self) -> String {
        format!("{}: {}", self.code.disposition().title(), self.message)
    }
}

/// Kinds of stack warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WarningCode {
    /// The slices are sheared against their normal; handled exactly.
    GantryTilt,
    /// Slices are missing between others; left empty.
    MissingSlices,
    /// Slice distances differ; resampled.
    UnevenSpacing,
    /// Slices at the same place; the first is used.
    DuplicateSlices,
    /// Position, orientation or spacing missing or wrong; no volume.
    NoGeometry,
    /// Files of the series do not say where they lie; they are not part of the volume.
    UnplacedSlices,
    /// Directions that are no unit vectors, or slices not quite parallel; put right.
    OrientationCorrected,
    /// Several frames of reference in one series.
    MixedFramesOfReference,
    /// No frame of reference: the stack cannot be related to other series.
    NoFrameOfReference,
    /// Lossy compression, or another change to the values.
    Lossy,
    /// Slices could not be read; left empty.
    UnreadableSlices,
    /// Values of the header that are for display or measuring cannot be used.
    HeaderValues,
    /// Files were damaged or not quite DICOM, and read all the same.
    RepairedFiles,
}

impl WarningCode {
    /// Word of the JSON output.
    pub fn word(self) -> &'static str {
        match self {
            Self::GantryTilt => "gantry-tilt",
            Self::MissingSlices => "missing-slices",
            Self::UnevenSpacing => "uneven-spacing",
            Self::DuplicateSlices => "duplicate-slices",
            Self::NoGeometry => "no-geometry",
            Self::UnplacedSlices => "unplaced-slices",
            Self::OrientationCorrected => "orientation-corrected",
            Self::MixedFramesOfReference => "mixed-frames-of-reference",
            Self::NoFrameOfReference => "no-frame-of-reference",
            Self::Lossy => "lossy",
            Self::UnreadableSlices => "unreadable-slices",
            Self::HeaderValues => "header-values",
            Self::RepairedFiles => "repaired-files",
        }
    }

    /// What became of the images it is about.
    pub fn disposition(self) -> Disposition {
        match self {
            Self::GantryTilt
            | Self::MissingSlices
            | Self::NoGeometry
            | Self::MixedFramesOfReference
            | Self::NoFrameOfReference
            | Self::HeaderValues
            | Self::Lossy => Disposition::ShownAsIs,
            Self::UnevenSpacing | Self::OrientationCorrected | Self::RepairedFiles => {
                Disposition::Repaired
            }
            Self::DuplicateSlices | Self::UnplacedSlices | Self::UnreadableSlices => {
                Disposition::NotShown
            }
        }
    }
}

/// What was put right while the header of a file was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Repair {
    /// There is no file meta group, or it names no transfer syntax; the encoding was found from
    /// the bytes.
    EncodingGuessed,
    /// The deflated data set ends in damage; what came before it is used.
    InflatedInPart,
    /// Number of Frames is no number, or 0; the digits that it begins with are used, or 1.
    FrameCountRead,
}

impl Repair {
    /// All, as they are told.
    pub const ALL: [Self; 3] = [
        Self::EncodingGuessed,
        Self::InflatedInPart,
        Self::FrameCountRead,
    ];

    /// What was done, to go after "n files: ".
    pub fn words(self) -> &'static str {
        match self {
            Self::EncodingGuessed => {
                "the file does not say how it is encoded; this was found from its bytes"
            }
            Self::FrameCountRead => {
                "the number of frames is wrong; its first digits are used, or 1"
            }
            Self::InflatedInPart => {
                "the compressed data set ends in damage; what came before it is used"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_begins_with_what_became_of_the_images() {
        let warning = StackWarning {
            code: WarningCode::DuplicateSlices,
            message: "2 slices lie where another does.".to_owned(),
        };
        assert_eq!(
            warning.sentence(),
            "Not shown: 2 slices lie where another does."
        );
        assert_eq!(warning.code.disposition().word(), "not-shown");
    }
}
