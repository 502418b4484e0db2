//! Which ranges of a procedure a drawn path keeps.

use super::range::signed;
use super::{Bounds, Laterality, MeasuredPath, Procedure, Quantity, Source, SourcedRange, Unit};
use crate::geometry::OperatorAngles;
use crate::plan::{Known, Needle};
use crate::study::{Level, Side};

/// Needle length beyond the path that must be left, mm (clinical reference sheet, section 5,
/// gate c, a proposal).
pub const NEEDLE_RESERVE_MM: f64 = 10.0;

/// Whether a range is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// ✓
    Kept,
    /// !
    Broken,
    /// The value is not known.
    Unknown,
}

impl Verdict {
    /// `✓`, `!` or `?`.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Kept => "✓",
            Self::Broken => "!",
            Self::Unknown => "?",
        }
    }
}

/// One range and whether the path keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeCheck {
    /// What is bounded; `None` for the length of the needle.
    pub quantity: Option<Quantity>,
    /// As shown.
    pub name: &'static str,
    /// Value of the path in the signs of [`Quantity`], or why there is none.
    pub value: Known<f64>,
    /// Unit of value, min and max.
    pub unit: Unit,
    /// Lower end, if any.
    pub min: Option<f64>,
    /// Upper end, if any.
    pub max: Option<f64>,
    /// Whether it is kept; `Unknown` exactly where the value is.
    pub verdict: Verdict,
    /// Without clinical authority: say "proposal".
    pub proposal: bool,
    /// Marks.
    pub source: Source,
    /// All of it in one line, without the sign.
    pub words: String,
}

impl Procedure {
    /// Checks a path against every range given for the level, and the needle against the path.
    ///
    /// Angles are those of section 0.2: oblique + = receptor on the side of the procedure. Where
    /// the procedure has no side, or none is chosen and none is needed, sizes are compared.
    pub fn check(
        &self,
        level: Level,
        side: Option<Side>,
        path: &MeasuredPath<'_>,
    ) -> Vec<RangeCheck> {
        let mut checks: Vec<_> = Quantity::ALL
            .into_iter()
            .filter_map(|quantity| {
                let range = self.range(quantity, level)?;
                let value = self.value(quantity, side, path);
                Some(RangeCheck::of(quantity, range, value))
            })
            .collect();
        checks.push(needle_check(path));
        checks
    }

    fn value(&self, quantity: Quantity, side: Option<Side>, path: &MeasuredPath<'_>) -> Known<f64> {
        let toward = |value: f64| match (self.laterality, side) {
            (Laterality::Sided, None) => Err("Choose left or right".to_owned()),
            (Laterality::Midline, _) | (_, None) => Ok(value.abs()),
            (_, Some(side)) => Ok(value * side.sign()),
        };
        let tilt = || Ok(path.operator()?.tilt.0);
        match quantity {
            Quantity::EntryLateral => toward(path.entry_from_midline_mm.clone()?),
            Quantity::EntryCaudal => path.entry_caudal_mm.clone(),
            Quantity::Oblique => {
                path.in_plane()?;
                toward(path.operator()?.oblique.0)
            }
            Quantity::Tilt => tilt(),
            Quantity::TiltToEndplate => Ok(tilt()? - path.squared_tilt.clone()?.0),
            Quantity::InPlane => {
                // Running to the other side's x means from lateral to medial.
                let across = path.path.clone()?.0.x;
                toward(path.in_plane()?.copysign(-across))
            }
            Quantity::SkinAngle => Ok(path.skin_angle.clone()?.0),
            Quantity::Depth => path.skin_depth_mm.clone(),
        }
    }
}

impl RangeCheck {
    /// The value with its unit and direction in words, or why there is none.
    pub fn value_words(&self) -> Known<String> {
        let value = self.value.clone()?;
        Ok(match self.quantity {
            Some(quantity) => spoken(quantity, value),
            None => format!(
                "{} {}",
                signed((value * 10.0).round() / 10.0),
                self.unit.symbol()
            ),
        })
    }

    /// The range alone: `20–30°`, `≥ 84.3 mm`; empty where neither end is given.
    pub fn range_words(&self) -> String {
        let tenth = |value: f64| (value * 10.0).round() / 10.0;
        let bounds = match (self.min.map(tenth), self.max.map(tenth)) {
            (Some(min), Some(max)) if min == max => Bounds::Exactly(min),
            (Some(min), Some(max)) => Bounds::Between(min, max),
            (Some(min), None) => Bounds::AtLeast(min),
            (None, Some(max)) => Bounds::AtMost(max),
            (None, None) => return String::new(),
        };
        bounds.words(self.unit)
    }

    fn of(quantity: Quantity, range: &SourcedRange, value: Known<f64>) -> Self {
        let unit = quantity.unit();
        let finite = |value: f64| {
            let lost = || "The value is not a number".to_owned();
            value.is_finite().then_some(value).ok_or_else(lost)
        };
        let value = value.and_then(finite);
        let verdict = verdict(range.bounds, &value);
        let said = match &value {
            Ok(value) => spoken(quantity, *value),
            Err(reason) => format!("not known ({reason})"),
        };
        Self {
            quantity: Some(quantity),
            name: quantity.name(),
            unit,
            min: range.bounds.min(),
            max: range.bounds.max(),
            verdict,
            proposal: range.is_proposal(),
            source: range.source.clone(),
            words: format!("{} {said}; {}", quantity.name(), range.words(unit)),
            value,
        }
    }
}

fn verdict(bounds: Bounds, value: &Known<f64>) -> Verdict {
    match value {
        Ok(value) if bounds.keeps(*value) => Verdict::Kept,
        Ok(_) => Verdict::Broken,
        Err(_) => Verdict::Unknown,
    }
}

/// A value with its direction in words.
fn spoken(quantity: Quantity, value: f64) -> String {
    let tenth = (value * 10.0).round() / 10.0;
    let word = match quantity {
        Quantity::Oblique if tenth > 0.0 => " ipsilateral",
        Quantity::Oblique if tenth < 0.0 => " contralateral",
        Quantity::Tilt | Quantity::TiltToEndplate if tenth > 0.0 => " cephalad",
        Quantity::Tilt | Quantity::TiltToEndplate if tenth < 0.0 => " caudal",
        Quantity::InPlane if tenth > 0.0 => " toward midline",
        Quantity::InPlane if tenth < 0.0 => " away from midline",
        _ => "",
    };
    if word.is_empty() {
        let gap = if quantity.unit() == Unit::Mm { " " } else { "" };
        return format!("{}{gap}{}", signed(tenth), quantity.unit().symbol());
    }
    format!("{}°{word}", tenth.abs())
}

fn needle_check(path: &MeasuredPath<'_>) -> RangeCheck {
    let source = Source {
        marks: vec![super::Mark::Engineering],
    };
    let reach = path.reach_mm();
    let value = match (&reach, path.needle) {
        (Err(reason), _) => Err(reason.clone()),
        (Ok(_), None) => Err("No needle chosen".to_owned()),
        (Ok(_), Some(needle)) => Ok(needle.length_mm),
    };
    let least = reach.ok().map(|reach| reach + NEEDLE_RESERVE_MM);
    let verdict = match (&value, least) {
        (Ok(length), Some(least)) => verdict(Bounds::AtLeast(least), &Ok(*length)),
        _ => Verdict::Unknown,
    };
    let words = match (&value, path.needle) {
        (Ok(_), Some(needle)) => too_short(needle, least.unwrap_or_default() - NEEDLE_RESERVE_MM)
            .unwrap_or_else(|| format!("{} reaches", needle.name)),
        (Err(reason), _) => format!("Needle length not known ({reason})"),
        (Ok(_), None) => String::new(),
    };
    RangeCheck {
        quantity: None,
        name: "Needle length",
        value,
        unit: Unit::Mm,
        min: least,
        max: None,
        verdict,
        proposal: source.is_proposal(),
        source,
        words,
    }
}

/// Why a needle is too short for a path, if it is: path + 10 mm exceeds its length.
pub fn too_short(needle: &Needle, path_mm: f64) -> Option<String> {
    let wanted = path_mm + NEEDLE_RESERVE_MM;
    if Bounds::AtLeast(wanted).keeps(needle.length_mm) {
        return None;
    }
    Some(format!(
        "Too short: path {path_mm:.1} mm + {NEEDLE_RESERVE_MM} mm exceeds the {} mm of {}",
        needle.length_mm, needle.name
    ))
}

/// Where the entry must lie: |x of the target| + depth · sin κ · cos τ, mm from the midline
/// (clinical reference sheet, section 0.2).
pub fn expected_entry_lateral_mm(
    target_lateral_mm: f64,
    depth_mm: f64,
    angles: OperatorAngles,
) -> f64 {
    let across = angles.oblique.abs().to_radians().sin() * angles.tilt.to_radians().cos();
    target_lateral_mm.abs() + depth_mm * across
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::{Degrees, Point, Vector};
    use crate::plan::NeedleCatalogue;
    use crate::plan::procedure::ProcedureLibrary;

    fn procedure(id: &str) -> &'static Procedure {
        ProcedureLibrary::builtin().find(id).unwrap()
    }

    /// A path of section 2.8, its entry on the skin and the midline at x = 0.
    fn row(entry: [f64; 3], target: [f64; 3]) -> MeasuredPath<'static> {
        let path = Point::from(target) - Point::from(entry);
        MeasuredPath {
            skin_depth_mm: Ok(path.length()),
            entry_from_midline_mm: Ok(entry[0]),
            ..MeasuredPath::drawn(Ok(path))
        }
    }

    fn value(checks: &[RangeCheck], quantity: Quantity) -> f64 {
        let of = checks.iter().find(|check| check.quantity == Some(quantity));
        of.unwrap().value.clone().unwrap()
    }

    fn verdict_of(checks: &[RangeCheck], quantity: Quantity) -> Verdict {
        let of = checks.iter().find(|check| check.quantity == Some(quantity));
        of.unwrap().verdict
    }

    #[test]
    fn row_1_of_section_2_8_keeps_the_left_transforaminal_ranges() {
        let level: Level = "L4-L5".parse().unwrap();
        let mut path = row([53.3, 111.4, -13.9], [20., 40., 0.]);
        path.squared_tilt = Ok(Degrees(-5.0));
        path.needle = NeedleCatalogue::builtin().find("quincke-22g-90");
        let checks = procedure("transforaminal-supraneural").check(level, Some(Side::Left), &path);
        let near = |quantity, wanted: f64| {
            let value = value(&checks, quantity);
            assert!((value - wanted).abs() < 0.06, "{quantity:?} {value}");
        };
        near(Quantity::Oblique, 25.0);
        near(Quantity::TiltToEndplate, -5.0);
        near(Quantity::EntryLateral, 53.3);
        near(Quantity::Depth, 80.0);
        assert!(
            checks
                .iter()
                .all(|check| check.verdict == Verdict::Kept || check.quantity.is_none())
        );
        // The path is a hair over 80 mm, so that 90 mm is a hair too short.
        let needle = checks.last().unwrap();
        assert!(needle.proposal && (needle.min.unwrap() - 90.0).abs() < 0.05);
        let oblique = &checks[1];
        assert!(
            oblique.words.contains("25° ipsilateral; 20–30° (P3)"),
            "{}",
            oblique.words
        );
        assert!(!oblique.proposal);
    }

    #[test]
    fn row_1_on_the_wrong_side_is_contralateral_and_broken() {
        let level: Level = "L4-L5".parse().unwrap();
        let path = row([53.3, 111.4, -13.9], [20., 40., 0.]);
        let right = procedure("transforaminal-supraneural").check(level, Some(Side::Right), &path);
        assert!((value(&right, Quantity::Oblique) + 25.0).abs() < 0.06);
        for quantity in [Quantity::Oblique, Quantity::EntryLateral] {
            assert_eq!(verdict_of(&right, quantity), Verdict::Broken);
        }
        let none = procedure("transforaminal-supraneural").check(level, None, &path);
        assert_eq!(verdict_of(&none, Quantity::Oblique), Verdict::Unknown);
        assert!(
            none[0]
                .value
                .as_ref()
                .unwrap_err()
                .contains("left or right")
        );
    }

    #[test]
    fn row_2_keeps_the_right_l5_s1_disc() {
        let level: Level = "L5-S1".parse().unwrap();
        let mut path = row([-76.4, 76.4, 39.3], [0., 0., 0.]);
        path.squared_tilt = Ok(Degrees(20.0));
        let checks = procedure("discography").check(level, Some(Side::Right), &path);
        assert!((value(&checks, Quantity::Oblique) - 45.0).abs() < 0.06);
        assert!((value(&checks, Quantity::TiltToEndplate)).abs() < 0.06);
        for quantity in [
            Quantity::Oblique,
            Quantity::TiltToEndplate,
            Quantity::EntryLateral,
            Quantity::Depth,
        ] {
            assert_eq!(verdict_of(&checks, quantity), Verdict::Kept, "{quantity:?}");
        }
        // τ is 19.98°; the sheet wants at least 20° there.
        assert!((value(&checks, Quantity::Tilt) - 20.0).abs() < 0.06);
        let parallel = checks
            .iter()
            .find(|check| check.quantity == Some(Quantity::TiltToEndplate));
        assert!(parallel.unwrap().proposal, "±5° is [E]");
    }

    #[test]
    fn row_5_keeps_the_right_l4_neurotomy() {
        let level: Level = "L4".parse().unwrap();
        let mut path = row([-45.8, 119.8, -63.6], [-24., 60., 0.]);
        path.squared_tilt = Ok(Degrees(-2.0));
        path.needle = NeedleCatalogue::builtin().find("rf-18g-100");
        let procedure = procedure("medial-branch-rf");
        let checks = procedure.check(level, Some(Side::Right), &path);
        assert!((value(&checks, Quantity::Oblique) - 20.0).abs() < 0.06);
        assert!((value(&checks, Quantity::TiltToEndplate) + 43.0).abs() < 0.06);
        let kept = |check: &RangeCheck| check.verdict == Verdict::Kept;
        assert!(checks[..checks.len() - 1].iter().all(kept), "{checks:?}");
    }

    #[test]
    fn what_is_not_known_is_never_kept() {
        let level: Level = "L4-L5".parse().unwrap();
        for path in [
            MeasuredPath::drawn(Err("No entry yet".to_owned())),
            MeasuredPath::drawn(Ok(Vector::new(0., 0., 0.))),
            MeasuredPath::drawn(Ok(Vector::new(0., 0., -80.))),
            MeasuredPath::drawn(Ok(Vector::new(f64::NAN, -80., 0.))),
        ] {
            for procedure in &ProcedureLibrary::builtin().procedures {
                for check in procedure.check(level, Some(Side::Left), &path) {
                    let unknown = check.verdict == Verdict::Unknown;
                    assert_eq!(unknown, check.value.is_err(), "{check:?}");
                    let across = matches!(
                        check.quantity,
                        Some(Quantity::Oblique | Quantity::InPlane | Quantity::EntryLateral)
                    );
                    assert!(!across || unknown, "{check:?}");
                }
            }
        }
    }

    #[test]
    fn a_needle_needs_ten_millimetres_more_than_the_path() {
        let needle = NeedleCatalogue::builtin().find("quincke-22g-90").unwrap();
        assert_eq!(too_short(needle, 80.0), None);
        let told = too_short(needle, 80.5).unwrap();
        assert_eq!(
            told,
            "Too short: path 80.5 mm + 10 mm exceeds the 90 mm of Quincke 22G × 90 mm"
        );
        // The skin lies beyond the drawn entry: the needle must reach from there.
        let mut path = MeasuredPath::drawn(Ok(Vector::new(0., -70., 0.)));
        path.needle = Some(needle);
        assert_eq!(needle_check(&path).verdict, Verdict::Kept);
        path.skin_depth_mm = Ok(81.0);
        assert_eq!(needle_check(&path).verdict, Verdict::Broken);
        assert_eq!(needle_check(&path).min, Some(91.0));
    }

    #[test]
    fn the_identity_of_section_0_2_holds_for_row_1() {
        let angles = OperatorAngles {
            oblique: Degrees(25.0),
            tilt: Degrees(-10.0),
        };
        assert!((expected_entry_lateral_mm(20.0, 80.0, angles) - 53.3).abs() < 0.05);
    }
}
