//! Attributes of segmentations (PS3.3 C.8.20) and structure sets (C.8.8.5, C.8.8.6, C.8.8.8).

use dicom_dictionary_std::tags;
use dicom_object::Tag;

pub(super) fn is_value(tag: Tag) -> bool {
    matches!(
        tag,
        tags::CODE_VALUE
            | tags::LONG_CODE_VALUE
            | tags::URN_CODE_VALUE
            | tags::CODING_SCHEME_DESIGNATOR
            | tags::SLICE_THICKNESS
            | tags::SPACING_BETWEEN_SLICES
            | tags::SEGMENTATION_TYPE
            | tags::SEGMENTATION_FRACTIONAL_TYPE
            | tags::MAXIMUM_FRACTIONAL_VALUE
            | tags::SEGMENT_NUMBER
            | tags::SEGMENT_LABEL
            | tags::SEGMENT_DESCRIPTION
            | tags::RECOMMENDED_DISPLAY_CIE_LAB_VALUE
            | tags::ROI_NUMBER
            | tags::ROI_NAME
            | tags::ROI_DESCRIPTION
            | tags::REFERENCED_FRAME_OF_REFERENCE_UID
            | tags::ROI_DISPLAY_COLOR
            | tags::REFERENCED_ROI_NUMBER
            | tags::CONTOUR_GEOMETRIC_TYPE
            | tags::NUMBER_OF_CONTOUR_POINTS
            | tags::CONTOUR_DATA
            | tags::RTROI_INTERPRETED_TYPE
    )
}

pub(super) fn is_sequence(tag: Tag) -> bool {
    matches!(
        tag,
        tags::SEGMENT_SEQUENCE
            | tags::SEGMENTED_PROPERTY_TYPE_CODE_SEQUENCE
            | tags::SEGMENTED_PROPERTY_TYPE_MODIFIER_CODE_SEQUENCE
            | tags::ANATOMIC_REGION_SEQUENCE
            | tags::ANATOMIC_REGION_MODIFIER_SEQUENCE
            | tags::STRUCTURE_SET_ROI_SEQUENCE
            | tags::ROI_CONTOUR_SEQUENCE
            | tags::CONTOUR_SEQUENCE
            | tags::RTROI_OBSERVATIONS_SEQUENCE
            | tags::RTROI_IDENTIFICATION_CODE_SEQUENCE
    )
}
