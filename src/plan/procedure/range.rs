//! Ranges of a path's numbers, each with its source.

use super::source::Source;
use crate::plan::toml_reader::TableReader;

/// Largest length that any range may name, mm; no needle is longer.
const LONGEST_MM: f64 = 500.0;

/// What half an angle's rounding leaves open, degrees: angles are rounded to 5° when spoken
/// (clinical reference sheet, section 2.9), so a single stated angle is kept within half of that.
pub const SPOKEN_ROUNDING_DEG: f64 = 2.5;

/// Arithmetic slack, so that a path made from a limit keeps it.
const SLACK: f64 = 1e-6;

/// Unit of a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Millimetres.
    Mm,
    /// Degrees.
    Degrees,
    /// Millilitres.
    Ml,
}

impl Unit {
    /// As written behind a number.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Mm => "mm",
            Self::Degrees => "°",
            Self::Ml => "mL",
        }
    }
}

/// A number of a path that a procedure may bound (clinical reference sheet, section 0.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Quantity {
    /// Skin entry to midline in the axial plane, mm, + on the side of the procedure.
    EntryLateral,
    /// Skin entry caudal to the landmark the target names, mm.
    EntryCaudal,
    /// κ, degrees: + receptor on the side of the procedure (ipsilateral), − contralateral.
    Oblique,
    /// τ, degrees: + receptor cephalad, − caudal, from straight posterior.
    Tilt,
    /// τ − τ of the squared end-plate, degrees.
    TiltToEndplate,
    /// φ of a CT slice, degrees: + the needle runs from lateral to medial.
    InPlane,
    /// Between the path and the skin where it enters, degrees; 90 is upright.
    SkinAngle,
    /// Skin to target along the path, mm.
    Depth,
}

impl Quantity {
    /// All, in the order they are shown.
    pub const ALL: [Self; 8] = [
        Self::EntryLateral,
        Self::EntryCaudal,
        Self::Oblique,
        Self::Tilt,
        Self::TiltToEndplate,
        Self::InPlane,
        Self::SkinAngle,
        Self::Depth,
    ];

    /// Key in procedure files.
    pub fn key(self) -> &'static str {
        match self {
            Self::EntryLateral => "entry_lateral_mm",
            Self::EntryCaudal => "entry_caudal_mm",
            Self::Oblique => "oblique_deg",
            Self::Tilt => "tilt_deg",
            Self::TiltToEndplate => "tilt_to_endplate_deg",
            Self::InPlane => "in_plane_deg",
            Self::SkinAngle => "skin_angle_deg",
            Self::Depth => "depth_mm",
        }
    }

    /// As shown.
    pub fn name(self) -> &'static str {
        match self {
            Self::EntryLateral => "Entry from midline",
            Self::EntryCaudal => "Entry caudal to landmark",
            Self::Oblique => "Oblique",
            Self::Tilt => "Tilt",
            Self::TiltToEndplate => "Tilt to squared end-plate",
            Self::InPlane => "CT in-plane angle",
            Self::SkinAngle => "Angle to skin",
            Self::Depth => "Depth",
        }
    }

    /// Its unit.
    pub fn unit(self) -> Unit {
        match self {
            Self::EntryLateral | Self::EntryCaudal | Self::Depth => Unit::Mm,
            _ => Unit::Degrees,
        }
    }

    fn limits(self) -> (f64, f64) {
        match self {
            Self::EntryLateral | Self::EntryCaudal | Self::Depth => (0.0, LONGEST_MM),
            Self::SkinAngle => (0.0, 90.0),
            _ => (-90.0, 90.0),
        }
    }
}

/// What a number is bounded by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bounds {
    /// Both ends, which belong to it.
    Between(f64, f64),
    /// No upper end is given.
    AtLeast(f64),
    /// No lower end is given.
    AtMost(f64),
    /// A single angle is given, no range.
    About(f64),
    /// A single length or volume is given, no range and no tolerance.
    Exactly(f64),
}

impl Bounds {
    /// Lower end, if any. A single angle has [`SPOKEN_ROUNDING_DEG`] on each side.
    pub fn min(self) -> Option<f64> {
        match self {
            Self::Between(min, _) | Self::AtLeast(min) => Some(min),
            Self::AtMost(_) => None,
            Self::About(value) => Some(value - SPOKEN_ROUNDING_DEG),
            Self::Exactly(value) => Some(value),
        }
    }

    /// Upper end, if any.
    pub fn max(self) -> Option<f64> {
        match self {
            Self::Between(_, max) | Self::AtMost(max) => Some(max),
            Self::AtLeast(_) => None,
            Self::About(value) => Some(value + SPOKEN_ROUNDING_DEG),
            Self::Exactly(value) => Some(value),
        }
    }

    /// The middle, where both ends or a single value are given.
    pub fn middle(self) -> Option<f64> {
        match self {
            Self::Between(min, max) => Some(f64::midpoint(min, max)),
            Self::About(value) | Self::Exactly(value) => Some(value),
            Self::AtLeast(_) | Self::AtMost(_) => None,
        }
    }

    /// Whether a value lies within; never for a value that is not finite.
    pub fn keeps(self, value: f64) -> bool {
        value.is_finite()
            && self.min().is_none_or(|min| value >= min - SLACK)
            && self.max().is_none_or(|max| value <= max + SLACK)
    }

    /// `20–30 mm`, `≤ 45°`, `20°`.
    pub fn words(self, unit: Unit) -> String {
        let gap = if unit == Unit::Degrees { "" } else { " " };
        let unit = unit.symbol();
        match self {
            Self::Between(min, max) if min < 0.0 => {
                format!("{} to {}{gap}{unit}", signed(min), signed(max))
            }
            Self::Between(min, max) => format!("{min}–{max}{gap}{unit}"),
            Self::AtLeast(min) => format!("≥ {}{gap}{unit}", signed(min)),
            Self::AtMost(max) => format!("≤ {}{gap}{unit}", signed(max)),
            Self::About(value) => {
                format!(
                    "{}{gap}{unit} ± {SPOKEN_ROUNDING_DEG}{unit} as spoken",
                    signed(value)
                )
            }
            Self::Exactly(value) => format!("{}{gap}{unit}", signed(value)),
        }
    }
}

/// A number with a true minus sign.
pub(super) fn signed(value: f64) -> String {
    if value < 0.0 {
        format!("−{}", -value)
    } else {
        format!("{}", value.abs())
    }
}

/// Bounds with what they rest on.
#[derive(Debug, Clone, PartialEq)]
pub struct SourcedRange {
    /// The bounds that are checked.
    pub bounds: Bounds,
    /// Marks of the bounds.
    pub source: Source,
    /// Words that go with them.
    pub note: Option<String>,
    /// Other figures that are reported; shown, not checked.
    pub also: Vec<Self>,
}

impl SourcedRange {
    /// Reads `{ min, max | value, source, note, also }`; faults are noted, `None` then.
    pub(in crate::plan) fn read(table: TableReader<'_>, limits: (f64, f64)) -> Option<Self> {
        let before = table.faults.count();
        let mut numbers = ["min", "max", "value"].map(|key| table.number(key));
        for (number, key) in numbers.iter_mut().zip(["min", "max", "value"]) {
            let Some(found) = number else { continue };
            if found.value < limits.0 || found.value > limits.1 {
                let reason = format!(
                    "{key} is {}; it must lie within {} and {}",
                    found.value, limits.0, limits.1
                );
                table.faults.add(found.span.clone(), reason);
            }
        }
        let bounds = match numbers.map(|number| number.map(|number| number.value)) {
            [Some(min), Some(max), None] if min > max => {
                table.fault(format!("min {min} is above max {max}"));
                None
            }
            [Some(min), Some(max), None] => Some(Bounds::Between(min, max)),
            [Some(min), None, None] => Some(Bounds::AtLeast(min)),
            [None, Some(max), None] => Some(Bounds::AtMost(max)),
            [None, None, Some(value)] => Some(Bounds::Exactly(value)),
            _ => {
                table.fault("give min and max, one of them, or value alone");
                None
            }
        };
        let source = Source::read(&table);
        let note = table.text("note");
        let also = table.tables("also");
        let also = also
            .into_iter()
            .filter_map(|other| Self::read(other, limits))
            .collect();
        let faults = table.faults;
        table.finish();
        if faults.count() > before {
            return None;
        }
        Some(Self {
            bounds: bounds?,
            source: source?,
            note,
            also,
        })
    }

    /// Reads the range of a quantity.
    pub(super) fn read_quantity(table: TableReader<'_>, quantity: Quantity) -> Option<Self> {
        let range = Self::read(table, quantity.limits())?;
        Some(match quantity.unit() {
            Unit::Degrees => range.of_angle(),
            Unit::Mm | Unit::Ml => range,
        })
    }

    /// Reads the angle of a view.
    pub(super) fn read_angle(table: TableReader<'_>) -> Option<Self> {
        Self::read(table, (-90.0, 90.0)).map(Self::of_angle)
    }

    /// A single angle has the tolerance of its rounding.
    fn of_angle(mut self) -> Self {
        if let Bounds::Exactly(value) = self.bounds {
            self.bounds = Bounds::About(value);
        }
        self.also = self.also.into_iter().map(Self::of_angle).collect();
        self
    }

    /// Without clinical authority: say "proposal".
    pub fn is_proposal(&self) -> bool {
        self.source.is_proposal()
    }

    /// `20–30° (P3 P4)`, with "proposal" where it is one.
    pub fn words(&self, unit: Unit) -> String {
        let proposal = if self.is_proposal() { ", proposal" } else { "" };
        format!("{} ({}{proposal})", self.bounds.words(unit), self.source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_belong_to_a_range_and_nothing_unknown_does() {
        let range = Bounds::Between(20.0, 30.0);
        assert!(range.keeps(20.0) && range.keeps(30.0) && range.keeps(20.0 - 1e-9));
        assert!(!range.keeps(19.99) && !range.keeps(30.01) && !range.keeps(f64::NAN));
        assert_eq!(range.middle(), Some(25.0));
        assert!(Bounds::AtMost(45.0).keeps(-10.0) && !Bounds::AtMost(45.0).keeps(46.0));
        assert!(!Bounds::AtLeast(5.0).keeps(f64::INFINITY));
        assert!(Bounds::About(20.0).keeps(22.4) && !Bounds::About(20.0).keeps(22.6));
        assert_eq!(Bounds::AtMost(45.0).middle(), None);
    }

    #[test]
    fn ranges_are_spoken_with_their_unit() {
        for (bounds, unit, words) in [
            (Bounds::Between(20.0, 30.0), Unit::Degrees, "20–30°"),
            (Bounds::Between(-10.0, 0.0), Unit::Degrees, "−10 to 0°"),
            (Bounds::Between(0.3, 0.5), Unit::Ml, "0.3–0.5 mL"),
            (Bounds::AtMost(45.0), Unit::Degrees, "≤ 45°"),
            (Bounds::AtLeast(3.0), Unit::Mm, "≥ 3 mm"),
            (Bounds::About(-45.0), Unit::Degrees, "−45° ± 2.5° as spoken"),
            (Bounds::Exactly(10.0), Unit::Ml, "10 mL"),
        ] {
            assert_eq!(bounds.words(unit), words);
        }
    }
}
