//! Patient position codes and the room frame they map to (clinical reference sheet, section 2.2).

use glam::{DMat3, DVec3};
use serde::{Deserialize, Serialize};

use super::{Lps, Vector};

/// Patient Position (0018,5100): how the patient lies and enters the equipment.
///
/// Annotation only: it maps patient directions to the room (C-arm console, gantry) and never
/// takes part in patient geometry (PS3.3 C.7.3.1.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum PatientPosition {
    /// Head first, supine.
    #[serde(rename = "HFS")]
    HeadFirstSupine,
    /// Head first, prone.
    #[serde(rename = "HFP")]
    HeadFirstProne,
    /// Feet first, supine.
    #[serde(rename = "FFS")]
    FeetFirstSupine,
    /// Feet first, prone.
    #[serde(rename = "FFP")]
    FeetFirstProne,
    /// Head first, right side down.
    #[serde(rename = "HFDR")]
    HeadFirstDecubitusRight,
    /// Head first, left side down.
    #[serde(rename = "HFDL")]
    HeadFirstDecubitusLeft,
    /// Feet first, right side down.
    #[serde(rename = "FFDR")]
    FeetFirstDecubitusRight,
    /// Feet first, left side down.
    #[serde(rename = "FFDL")]
    FeetFirstDecubitusLeft,
}

impl PatientPosition {
    /// All eight, in the order of the sheet.
    pub const ALL: [Self; 8] = [
        Self::HeadFirstSupine,
        Self::HeadFirstProne,
        Self::FeetFirstSupine,
        Self::FeetFirstProne,
        Self::HeadFirstDecubitusRight,
        Self::HeadFirstDecubitusLeft,
        Self::FeetFirstDecubitusRight,
        Self::FeetFirstDecubitusLeft,
    ];

    /// The DICOM code.
    pub fn code(self) -> &'static str {
        match self {
            Self::HeadFirstSupine => "HFS",
            Self::HeadFirstProne => "HFP",
            Self::FeetFirstSupine => "FFS",
            Self::FeetFirstProne => "FFP",
            Self::HeadFirstDecubitusRight => "HFDR",
            Self::HeadFirstDecubitusLeft => "HFDL",
            Self::FeetFirstDecubitusRight => "FFDR",
            Self::FeetFirstDecubitusLeft => "FFDL",
        }
    }

    /// The position in words, for a label.
    pub fn words(self) -> &'static str {
        match self {
            Self::HeadFirstSupine => "head first, supine",
            Self::HeadFirstProne => "head first, prone",
            Self::FeetFirstSupine => "feet first, supine",
            Self::FeetFirstProne => "feet first, prone",
            Self::HeadFirstDecubitusRight => "head first, right side down",
            Self::HeadFirstDecubitusLeft => "head first, left side down",
            Self::FeetFirstDecubitusRight => "feet first, right side down",
            Self::FeetFirstDecubitusLeft => "feet first, left side down",
        }
    }

    /// The position of a DICOM code; `None` for any other text.
    pub fn from_code(code: &str) -> Option<Self> {
        let code = code.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        Self::ALL
            .into_iter()
            .find(|position| position.code() == code)
    }

    /// Face toward gravity.
    pub fn is_prone(self) -> bool {
        matches!(self, Self::HeadFirstProne | Self::FeetFirstProne)
    }

    /// Lying on a side.
    pub fn is_decubitus(self) -> bool {
        matches!(
            self,
            Self::HeadFirstDecubitusRight
                | Self::HeadFirstDecubitusLeft
                | Self::FeetFirstDecubitusRight
                | Self::FeetFirstDecubitusLeft
        )
    }

    /// Rotation M of section 2.2: `room = M · lps`.
    ///
    /// Room: X to the right of an observer at the table foot who looks into the gantry, Y down,
    /// Z into the gantry. All eight are proper rotations.
    pub fn room_from_lps(self) -> DMat3 {
        let rows = match self {
            Self::HeadFirstSupine => [[1., 0., 0.], [0., 1., 0.], [0., 0., 1.]],
            Self::HeadFirstProne => [[-1., 0., 0.], [0., -1., 0.], [0., 0., 1.]],
            Self::FeetFirstSupine => [[-1., 0., 0.], [0., 1., 0.], [0., 0., -1.]],
            Self::FeetFirstProne => [[1., 0., 0.], [0., -1., 0.], [0., 0., -1.]],
            Self::HeadFirstDecubitusRight => [[0., 1., 0.], [-1., 0., 0.], [0., 0., 1.]],
            Self::HeadFirstDecubitusLeft => [[0., -1., 0.], [1., 0., 0.], [0., 0., 1.]],
            Self::FeetFirstDecubitusRight => [[0., -1., 0.], [-1., 0., 0.], [0., 0., -1.]],
            Self::FeetFirstDecubitusLeft => [[0., 1., 0.], [1., 0., 0.], [0., 0., -1.]],
        };
        DMat3::from_cols_array_2d(&rows).transpose()
    }

    /// A patient direction in the room frame.
    pub fn to_room(self, direction: Vector<Lps>) -> DVec3 {
        self.room_from_lps() * direction.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Patient letter of a unit LPS axis.
    fn letter(v: DVec3) -> char {
        match v.to_array().map(|c| c as i8) {
            [1, 0, 0] => 'L',
            [-1, 0, 0] => 'R',
            [0, 1, 0] => 'P',
            [0, -1, 0] => 'A',
            [0, 0, 1] => 'S',
            [0, 0, -1] => 'I',
            _ => '?',
        }
    }

    #[test]
    fn every_position_matches_the_table_of_section_2_2() {
        // Code, observer's right, down, into the gantry.
        let table = [
            ("HFS", 'L', 'P', 'S'),
            ("HFP", 'R', 'A', 'S'),
            ("FFS", 'R', 'P', 'I'),
            ("FFP", 'L', 'A', 'I'),
            ("HFDR", 'P', 'R', 'S'),
            ("HFDL", 'A', 'L', 'S'),
            ("FFDR", 'A', 'R', 'I'),
            ("FFDL", 'P', 'L', 'I'),
        ];
        for (code, right, down, into) in table {
            let position = PatientPosition::from_code(code).unwrap();
            assert_eq!(position.code(), code);
            let lps_from_room = position.room_from_lps().transpose();
            assert_eq!(letter(lps_from_room.x_axis), right, "{code} right");
            assert_eq!(letter(lps_from_room.y_axis), down, "{code} down");
            assert_eq!(letter(lps_from_room.z_axis), into, "{code} into the gantry");
            assert_eq!(position.room_from_lps().determinant(), 1.0, "{code}");
        }
    }

    #[test]
    fn a_prone_entry_right_of_the_midline_is_at_the_observers_right() {
        // Section 2.8 hand check of row 7: E at x = -68 is at X = +68.
        let room = PatientPosition::HeadFirstProne.to_room(Vector::new(-68.0, 150.0, -12.0));
        assert_eq!(room.to_array(), [68.0, -150.0, -12.0]);
    }

    #[test]
    fn codes_are_read_with_padding_and_refused_otherwise() {
        assert_eq!(
            PatientPosition::from_code("HFDL "),
            Some(PatientPosition::HeadFirstDecubitusLeft)
        );
        assert_eq!(PatientPosition::from_code("LFP"), None);
        assert!(PatientPosition::FeetFirstProne.is_prone());
        assert!(PatientPosition::FeetFirstDecubitusLeft.is_decubitus());
        assert!(!PatientPosition::HeadFirstSupine.is_decubitus());
        assert_eq!(PatientPosition::HeadFirstProne.words(), "head first, prone");
        assert_eq!(
            serde_json::to_string(&PatientPosition::HeadFirstProne).unwrap(),
            "\"HFP\""
        );
    }
}
