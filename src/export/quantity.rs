//! Named numbers of a plan, each with its concept code and unit, so that every export says the
//! same under the same name.

use crate::study::report::Code;

/// Designator of the codes that no standard scheme has.
pub const SCHEME: &str = "99STYLET";

const fn own(value: &'static str, meaning: &'static str) -> Code {
    Code::new(value, SCHEME, meaning)
}

/// Unit of a number (UCUM).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// mm.
    Millimetre,
    /// deg.
    Degree,
    /// [hnsf'U].
    Hounsfield,
    /// 1: a number without a unit.
    One,
}

impl Unit {
    /// Its UCUM code.
    pub fn code(self) -> Code {
        match self {
            Self::Millimetre => Code::new("mm", "UCUM", "mm"),
            Self::Degree => Code::new("deg", "UCUM", "degree"),
            Self::Hounsfield => Code::new("[hnsf'U]", "UCUM", "Hounsfield unit"),
            Self::One => Code::new("1", "UCUM", "no units"),
        }
    }

    /// End of a name that says the unit: `_mm`.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Millimetre => "_mm",
            Self::Degree => "_deg",
            Self::Hounsfield => "_hu",
            Self::One => "",
        }
    }
}

/// What a number of a needle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Quantity {
    /// Entry to target.
    PathLength,
    /// Skin to target along the needle.
    SkinDepth,
    /// Needle length left outside, negative where the needle is too short.
    NeedleReserve,
    /// DICOM positioner primary angle of the bull's-eye view, LAO +.
    CArmPrimary,
    /// DICOM positioner secondary angle of the bull's-eye view, CRA +.
    CArmSecondary,
    /// Primary angle as the console shows it for the declared patient position.
    ConsolePrimary,
    /// Secondary angle as the console shows it for the declared patient position.
    ConsoleSecondary,
    /// Operator's oblique from straight posterior, left +.
    Oblique,
    /// Operator's tilt, cephalad +.
    Tilt,
    /// In the axial plane from vertical.
    InPlane,
    /// Out of the axial plane, + tip cranial.
    OutOfPlane,
    /// Gantry tilt that holds the needle in one slice.
    GantryTilt,
    /// Modality value at the target.
    TargetValue,
    /// Radius within which the target counts as reached.
    TargetRadius,
    /// Largest angular error at the hub that still reaches the target and clears every margin.
    ToleranceCone,
}

impl Quantity {
    /// All of them, in the order they are listed.
    pub const ALL: [Self; 15] = [
        Self::PathLength,
        Self::SkinDepth,
        Self::NeedleReserve,
        Self::CArmPrimary,
        Self::CArmSecondary,
        Self::ConsolePrimary,
        Self::ConsoleSecondary,
        Self::Oblique,
        Self::Tilt,
        Self::InPlane,
        Self::OutOfPlane,
        Self::GantryTilt,
        Self::TargetValue,
        Self::TargetRadius,
        Self::ToleranceCone,
    ];

    /// Concept name; a standard code where there is one.
    pub fn code(self) -> Code {
        match self {
            Self::PathLength => Code::new("410668003", "SCT", "Length"),
            Self::SkinDepth => own("skin-depth", "Skin to target along the needle"),
            Self::NeedleReserve => own("needle-reserve", "Needle length left outside"),
            Self::CArmPrimary => Code::new("112011", "DCM", "Positioner Primary Angle"),
            Self::CArmSecondary => Code::new("112012", "DCM", "Positioner Secondary Angle"),
            Self::ConsolePrimary => own("console-primary", "Console primary angle"),
            Self::ConsoleSecondary => own("console-second", "Console secondary angle"),
            Self::Oblique => own("carm-oblique", "Oblique from posterior, left positive"),
            Self::Tilt => own("carm-tilt", "C-arm tilt, cephalad positive"),
            Self::InPlane => own("ct-in-plane", "In-plane angle from vertical"),
            Self::OutOfPlane => own("ct-out-of-plane", "Out-of-plane angle, cranial positive"),
            Self::GantryTilt => own("gantry-tilt", "Gantry tilt that holds the needle"),
            Self::TargetValue => own("target-value", "Value at the target"),
            Self::TargetRadius => own("target-radius", "Target radius"),
            Self::ToleranceCone => own("tolerance-cone", "Tolerance cone, half angle at the hub"),
        }
    }

    /// Name in tables, without the unit.
    pub fn key(self) -> &'static str {
        match self {
            Self::PathLength => "path_length",
            Self::SkinDepth => "skin_depth",
            Self::NeedleReserve => "needle_reserve",
            Self::CArmPrimary => "carm_primary",
            Self::CArmSecondary => "carm_secondary",
            Self::ConsolePrimary => "console_primary",
            Self::ConsoleSecondary => "console_secondary",
            Self::Oblique => "carm_oblique",
            Self::Tilt => "carm_tilt",
            Self::InPlane => "ct_in_plane",
            Self::OutOfPlane => "ct_out_of_plane",
            Self::GantryTilt => "gantry_tilt",
            Self::TargetValue => "target_value",
            Self::TargetRadius => "target_radius",
            Self::ToleranceCone => "tolerance_cone",
        }
    }

    /// The one of a concept name.
    pub fn of_code(code: &Code) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code().is(code))
    }
}

/// One number of a needle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NamedQuantity {
    /// What it is.
    pub quantity: Quantity,
    /// Its value, in `unit`. Finite.
    pub value: f64,
    /// Its unit.
    pub unit: Unit,
}

impl NamedQuantity {
    /// A length in mm.
    pub fn mm(quantity: Quantity, value: f64) -> Self {
        let unit = Unit::Millimetre;
        Self {
            quantity,
            value,
            unit,
        }
    }

    /// An angle in degrees.
    pub fn deg(quantity: Quantity, value: f64) -> Self {
        let unit = Unit::Degree;
        Self {
            quantity,
            value,
            unit,
        }
    }

    /// Name with the unit, as columns and keys are called: `path_length_mm`.
    pub fn key(&self) -> String {
        format!("{}{}", self.quantity.key(), self.unit.suffix())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_and_keys_are_unique_and_short_enough() {
        let keys: HashSet<_> = Quantity::ALL.map(Quantity::key).into_iter().collect();
        assert_eq!(keys.len(), Quantity::ALL.len());
        for one in Quantity::ALL {
            let code = one.code();
            assert!(
                code.value.len() <= 16 && code.meaning.chars().count() <= 64,
                "{code:?}"
            );
            assert_eq!(Quantity::of_code(&code), Some(one));
        }
        let length = NamedQuantity::mm(Quantity::PathLength, 1.0);
        assert_eq!(length.key(), "path_length_mm");
    }
}
