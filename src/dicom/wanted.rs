//! Which attributes of a header are kept.

mod projection;
mod structures;

use dicom_dictionary_std::tags;
use dicom_object::Tag;

/// What a reader keeps of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// Values.
    pub value: fn(Tag) -> bool,
    /// Sequences that are looked into.
    pub sequence: fn(Tag) -> bool,
    /// Values with more bytes are not read.
    pub longest_value: u64,
}

/// What catalog and pictures need; the longest value in use is a table of 65,536 entries.
pub(crate) const IMAGES: Wanted = Wanted {
    value: is_value,
    sequence: is_sequence,
    longest_value: 1 << 20,
};

/// That and the content of segmentations and structure sets; the longest value is a contour.
pub(crate) const STRUCTURES: Wanted = Wanted {
    value: |tag| is_value(tag) || structures::is_value(tag),
    sequence: |tag| is_sequence(tag) || structures::is_sequence(tag),
    longest_value: 1 << 26,
};

/// Values that Stylet reads.
fn is_value(tag: Tag) -> bool {
    match tag.0 {
        0x0004 => matches!(tag, tags::RECORD_IN_USE_FLAG | tags::REFERENCED_FILE_ID),
        0x0008 => matches!(
            tag,
            tags::SPECIFIC_CHARACTER_SET
                | tags::IMAGE_TYPE
                | tags::SOP_CLASS_UID
                | tags::SOP_INSTANCE_UID
                | tags::STUDY_DATE
                | tags::ACQUISITION_TIME
                | tags::FRAME_TYPE
                | tags::COMPLEX_IMAGE_COMPONENT
                | tags::MODALITY
                | tags::STUDY_DESCRIPTION
                | tags::SERIES_DESCRIPTION
                | tags::CODE_MEANING
                | tags::RECOMMENDED_DISPLAY_FRAME_RATE
                | tags::RECOMMENDED_DISPLAY_FRAME_RATE_IN_FLOAT
        ),
        0x0010 => matches!(
            tag,
            tags::PATIENT_NAME | tags::PATIENT_ID | tags::PATIENT_BIRTH_DATE | tags::PATIENT_SEX
        ),
        0x0018 | 0x0020 => is_acquisition(tag),
        0x0019 | 0x0043 | 0x2001 => super::labels::is_private_b_value(tag),
        // Image pixel, palette and window attributes; the sequences behind them are not values.
        0x0028 => {
            tag.1 < 0x1300
                || projection::is_mask_value(tag)
                || matches!(
                    tag,
                    tags::LOSSY_IMAGE_COMPRESSION
                        | tags::LUT_DESCRIPTOR
                        | tags::LUT_EXPLANATION
                        | tags::MODALITY_LUT_TYPE
                        | tags::LUT_DATA
                )
        }
        0x0042 => tag == tags::DOCUMENT_TITLE,
        0x0062 => tag == tags::REFERENCED_SEGMENT_NUMBER,
        0x0070 => matches!(tag, tags::CONTENT_LABEL | tags::CONTENT_DESCRIPTION),
        0x3006 => tag == tags::STRUCTURE_SET_LABEL,
        0x300A => tag == tags::RT_PLAN_LABEL,
        0x0054 => matches!(tag, tags::FRAME_REFERENCE_TIME | tags::UNITS),
        0x2050 => tag == tags::PRESENTATION_LUT_SHAPE,
        // Repeating group of overlay planes; their bits (60xx,3000) are only noted.
        0x6000..=0x601E => tag.0.is_multiple_of(2) && tag.1 < 0x3000,
        0x7FE0 => matches!(
            tag,
            tags::EXTENDED_OFFSET_TABLE | tags::EXTENDED_OFFSET_TABLE_LENGTHS
        ),
        _ => false,
    }
}

/// Those of the groups that say how, when and where an image was taken.
fn is_acquisition(tag: Tag) -> bool {
    match tag.0 {
        0x0018 => {
            matches!(
                tag,
                tags::CINE_RATE
                    | tags::ECHO_TIME
                    | tags::ECHO_NUMBERS
                    | tags::EFFECTIVE_ECHO_TIME
                    | tags::INVERSION_TIME
                    | tags::FLIP_ANGLE
                    | tags::KVP
                    | tags::CONVOLUTION_KERNEL
                    | tags::SEQUENCE_NAME
                    | tags::TRIGGER_TIME
                    | tags::FRAME_TIME
                    | tags::FRAME_TIME_VECTOR
                    | tags::IMAGER_PIXEL_SPACING
                    | tags::NOMINAL_SCANNED_PIXEL_SPACING
                    | tags::REGION_SPATIAL_FORMAT
                    | tags::PHYSICAL_UNITS_X_DIRECTION
                    | tags::PHYSICAL_UNITS_Y_DIRECTION
                    | tags::PHYSICAL_DELTA_X
                    | tags::PHYSICAL_DELTA_Y
                    | tags::PATIENT_POSITION
                    | tags::DIFFUSION_B_VALUE
                    | tags::DIFFUSION_GRADIENT_ORIENTATION
            ) || projection::is_value(tag)
        }
        0x0020 => matches!(
            tag,
            tags::STUDY_INSTANCE_UID
                | tags::SERIES_INSTANCE_UID
                | tags::SERIES_NUMBER
                | tags::ACQUISITION_NUMBER
                | tags::INSTANCE_NUMBER
                | tags::IMAGE_POSITION_PATIENT
                | tags::IMAGE_ORIENTATION_PATIENT
                | tags::FRAME_OF_REFERENCE_UID
                | tags::TEMPORAL_POSITION_IDENTIFIER
                | tags::TEMPORAL_POSITION_INDEX
                | tags::STACK_ID
                | tags::DIMENSION_INDEX_VALUES
                | tags::NOMINAL_CARDIAC_TRIGGER_DELAY_TIME
                | tags::NOMINAL_PERCENTAGE_OF_CARDIAC_PHASE
                | tags::PATIENT_ORIENTATION
        ),
        _ => false,
    }
}

/// Bits of an overlay plane (60xx,3000), of which only the place is kept.
pub(crate) fn is_overlay_data(tag: Tag) -> bool {
    (0x6000..=0x601E).contains(&tag.0) && tag.0.is_multiple_of(2) && tag.1 == 0x3000
}

/// Sequences that Stylet looks into.
fn is_sequence(tag: Tag) -> bool {
    matches!(
        tag,
        tags::SHARED_FUNCTIONAL_GROUPS_SEQUENCE
            | tags::PER_FRAME_FUNCTIONAL_GROUPS_SEQUENCE
            | tags::PLANE_POSITION_SEQUENCE
            | tags::PLANE_ORIENTATION_SEQUENCE
            | tags::PIXEL_MEASURES_SEQUENCE
            | tags::PIXEL_VALUE_TRANSFORMATION_SEQUENCE
            | tags::FRAME_VOILUT_SEQUENCE
            | tags::FRAME_CONTENT_SEQUENCE
            | tags::MR_ECHO_SEQUENCE
            | tags::MR_DIFFUSION_SEQUENCE
            | tags::DIFFUSION_GRADIENT_DIRECTION_SEQUENCE
            | tags::MR_IMAGE_FRAME_TYPE_SEQUENCE
            | tags::CARDIAC_SYNCHRONIZATION_SEQUENCE
            | tags::MODALITY_LUT_SEQUENCE
            | tags::VOILUT_SEQUENCE
            | tags::SEQUENCE_OF_ULTRASOUND_REGIONS
            | tags::SEGMENT_IDENTIFICATION_SEQUENCE
            | tags::DIRECTORY_RECORD_SEQUENCE
            | tags::CONCEPT_NAME_CODE_SEQUENCE
            | tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE
            | tags::REFERENCED_SERIES_SEQUENCE
            | tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE
            | tags::RT_REFERENCED_STUDY_SEQUENCE
            | tags::RT_REFERENCED_SERIES_SEQUENCE
    ) || projection::is_sequence(tag)
}
