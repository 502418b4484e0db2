//! Attributes of projection pictures and runs: geometry, times, masks, shutters.

use dicom_dictionary_std::tags;
use dicom_object::Tag;

/// Values of group 0018.
pub(super) fn is_value(tag: Tag) -> bool {
    matches!(
        tag,
        tags::DISTANCE_SOURCE_TO_DETECTOR
            | tags::DISTANCE_SOURCE_TO_PATIENT
            | tags::DISTANCE_SOURCE_TO_ISOCENTER
            | tags::ESTIMATED_RADIOGRAPHIC_MAGNIFICATION_FACTOR
            | tags::OBJECT_PIXEL_SPACING_IN_CENTER_OF_BEAM
            | tags::FIELD_OF_VIEW_SHAPE
            | tags::FIELD_OF_VIEW_DIMENSIONS
            | tags::FIELD_OF_VIEW_DIMENSIONS_IN_FLOAT
            | tags::FIELD_OF_VIEW_ROTATION
            | tags::FIELD_OF_VIEW_HORIZONTAL_FLIP
            | tags::POSITIONER_MOTION
            | tags::POSITIONER_PRIMARY_ANGLE
            | tags::POSITIONER_SECONDARY_ANGLE
            | tags::POSITIONER_PRIMARY_ANGLE_INCREMENT
            | tags::POSITIONER_SECONDARY_ANGLE_INCREMENT
            | tags::PREFERRED_PLAYBACK_SEQUENCING
            | tags::SHUTTER_SHAPE
            | tags::SHUTTER_LEFT_VERTICAL_EDGE
            | tags::SHUTTER_RIGHT_VERTICAL_EDGE
            | tags::SHUTTER_UPPER_HORIZONTAL_EDGE
            | tags::SHUTTER_LOWER_HORIZONTAL_EDGE
            | tags::CENTER_OF_CIRCULAR_SHUTTER
            | tags::RADIUS_OF_CIRCULAR_SHUTTER
            | tags::VERTICES_OF_THE_POLYGONAL_SHUTTER
            | tags::SHUTTER_PRESENTATION_VALUE
            | tags::REGION_LOCATION_MIN_X0
            | tags::REGION_LOCATION_MIN_Y0
            | tags::REGION_LOCATION_MAX_X1
            | tags::REGION_LOCATION_MAX_Y1
    )
}

/// Values of the items of the Mask Subtraction Sequence.
pub(super) fn is_mask_value(tag: Tag) -> bool {
    matches!(
        tag,
        tags::MASK_OPERATION
            | tags::APPLICABLE_FRAME_RANGE
            | tags::MASK_FRAME_NUMBERS
            | tags::MASK_SUB_PIXEL_SHIFT
            | tags::TID_OFFSET
            | tags::CONTRAST_FRAME_AVERAGING
    )
}

/// Sequences that hold them.
pub(super) fn is_sequence(tag: Tag) -> bool {
    matches!(
        tag,
        tags::MASK_SUBTRACTION_SEQUENCE
            | tags::FRAME_PIXEL_SHIFT_SEQUENCE
            | tags::POSITIONER_POSITION_SEQUENCE
            | tags::X_RAY_GEOMETRY_SEQUENCE
            | tags::FIELD_OF_VIEW_SEQUENCE
            | tags::PROJECTION_PIXEL_CALIBRATION_SEQUENCE
            | tags::FRAME_PIXEL_DATA_PROPERTIES_SEQUENCE
            | tags::FRAME_DISPLAY_SEQUENCE
            | tags::FRAME_DISPLAY_SHUTTER_SEQUENCE
    )
}
