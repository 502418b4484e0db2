//! Which attributes of a header are kept.

use dicom_dictionary_std::tags;
use dicom_object::Tag;

/// Values that Stylet reads.
pub(crate) fn is_value(tag: Tag) -> bool {
    match tag.0 {
        0x0004 => matches!(tag, tags::RECORD_IN_USE_FLAG | tags::REFERENCED_FILE_ID),
        0x0008 => matches!(
            tag,
            tags::SPECIFIC_CHARACTER_SET
                | tags::IMAGE_TYPE
                | tags::SOP_CLASS_UID
                | tags::SOP_INSTANCE_UID
                | tags::STUDY_DATE
                | tags::MODALITY
                | tags::STUDY_DESCRIPTION
                | tags::SERIES_DESCRIPTION
                | tags::CODE_MEANING
                | tags::RECOMMENDED_DISPLAY_FRAME_RATE
        ),
        0x0010 => matches!(
            tag,
            tags::PATIENT_NAME | tags::PATIENT_ID | tags::PATIENT_BIRTH_DATE | tags::PATIENT_SEX
        ),
        0x0018 => matches!(
            tag,
            tags::CINE_RATE
                | tags::ECHO_TIME
                | tags::ECHO_NUMBERS
                | tags::EFFECTIVE_ECHO_TIME
                | tags::TRIGGER_TIME
                | tags::FRAME_TIME
                | tags::FRAME_TIME_VECTOR
                | tags::IMAGER_PIXEL_SPACING
                | tags::PATIENT_POSITION
                | tags::DIFFUSION_B_VALUE
        ),
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
                | tags::NOMINAL_CARDIAC_TRIGGER_DELAY_TIME
                | tags::NOMINAL_PERCENTAGE_OF_CARDIAC_PHASE
        ),
        // Image pixel, palette and window attributes; the sequences behind them are not values.
        0x0028 => tag.1 < 0x1300 || tag == tags::LOSSY_IMAGE_COMPRESSION,
        0x0042 => tag == tags::DOCUMENT_TITLE,
        0x0062 => tag == tags::REFERENCED_SEGMENT_NUMBER,
        0x0070 => matches!(tag, tags::CONTENT_LABEL | tags::CONTENT_DESCRIPTION),
        0x3006 => tag == tags::STRUCTURE_SET_LABEL,
        0x300A => tag == tags::RT_PLAN_LABEL,
        0x0054 => matches!(tag, tags::FRAME_REFERENCE_TIME),
        0x7FE0 => matches!(
            tag,
            tags::EXTENDED_OFFSET_TABLE | tags::EXTENDED_OFFSET_TABLE_LENGTHS
        ),
        _ => false,
    }
}

/// Sequences that Stylet looks into.
pub(crate) fn is_sequence(tag: Tag) -> bool {
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
            | tags::CARDIAC_SYNCHRONIZATION_SEQUENCE
            | tags::MODALITY_LUT_SEQUENCE
            | tags::SEGMENT_IDENTIFICATION_SEQUENCE
            | tags::DIRECTORY_RECORD_SEQUENCE
            | tags::CONCEPT_NAME_CODE_SEQUENCE
            | tags::CURRENT_REQUESTED_PROCEDURE_EVIDENCE_SEQUENCE
            | tags::REFERENCED_SERIES_SEQUENCE
            | tags::REFERENCED_FRAME_OF_REFERENCE_SEQUENCE
            | tags::RT_REFERENCED_STUDY_SEQUENCE
            | tags::RT_REFERENCED_SERIES_SEQUENCE
    )
}
