//! Side of the patient.

use serde::{Deserialize, Serialize};

/// Side of the patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// Patient left, +x in LPS.
    Left,
    /// Patient right, −x in LPS.
    Right,
}

impl Side {
    /// Both sides, left first.
    pub const BOTH: [Self; 2] = [Self::Left, Self::Right];

    /// +1 on the left and −1 on the right: the sign of x in LPS.
    pub fn sign(self) -> f64 {
        match self {
            Self::Left => 1.0,
            Self::Right => -1.0,
        }
    }

    /// Side on which a lateral coordinate lies; 0 counts as left.
    pub fn of(x_mm: f64) -> Self {
        if x_mm >= 0.0 { Self::Left } else { Self::Right }
    }

    /// `left` or `right`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }

    /// The other one.
    pub fn opposite(self) -> Self {
        match self {
            Self::Left => Self::Right,
            Self::Right => Self::Left,
        }
    }

    /// SNOMED CT code and meaning (CID 244): what DICOM calls laterality.
    pub fn snomed(self) -> (&'static str, &'static str) {
        match self {
            Self::Left => ("7771000", "Left"),
            Self::Right => ("24028007", "Right"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patient_left_is_plus_x() {
        for side in Side::BOTH {
            assert_eq!(Side::of(10.0 * side.sign()), side);
            assert_ne!(side.opposite(), side);
        }
        assert_eq!(Side::Left.sign(), 1.0);
        assert_eq!(serde_json::to_string(&Side::Right).unwrap(), "\"right\"");
    }
}
