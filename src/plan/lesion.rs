//! What a radiofrequency tip heats.

use super::procedure::SourcedRange;
use super::toml_reader::TableReader;

/// A lesion and the conditions it was made under.
#[derive(Debug, Clone, PartialEq)]
pub struct Lesion {
    /// Set temperature, °C.
    pub temperature_c: SourcedRange,
    /// For how long, s.
    pub time_s: SourcedRange,
    /// Along the axis, mm.
    pub length_mm: SourcedRange,
    /// Across the axis, mm.
    pub diameter_mm: SourcedRange,
    /// How far it reaches beyond the tip, mm, where a figure is known.
    pub ahead_mm: Option<SourcedRange>,
    /// Words that go with it.
    pub note: Option<String>,
}

/// Which end of the reported sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LesionSize {
    /// What is surely reached.
    Smallest,
    /// What may be harmed.
    Largest,
}

/// A lesion as a body of revolution about the needle.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LesionEllipsoid {
    /// Along the axis, mm.
    pub length_mm: f64,
    /// Across the axis, mm.
    pub diameter_mm: f64,
    /// Centre beyond the tip along the axis, mm; negative behind it.
    pub center_beyond_tip_mm: f64,
    /// Without clinical authority: say "proposal". Always so where no figure says how far the
    /// lesion reaches ahead; it is then centred on the active tip.
    pub proposal: bool,
}

impl Lesion {
    /// Its body about a tip with that much active length; `None` where an end has no figure.
    pub fn ellipsoid(&self, active_tip_mm: f64, size: LesionSize) -> Option<LesionEllipsoid> {
        let end = |range: &SourcedRange| match size {
            LesionSize::Smallest => range.bounds.min(),
            LesionSize::Largest => range.bounds.max(),
        };
        let length_mm = end(&self.length_mm)?;
        let center_beyond_tip_mm = match &self.ahead_mm {
            Some(ahead) => end(ahead)? - length_mm / 2.0,
            None => -active_tip_mm / 2.0,
        };
        Some(LesionEllipsoid {
            length_mm,
            diameter_mm: end(&self.diameter_mm)?,
            center_beyond_tip_mm,
            proposal: self.ahead_mm.is_none()
                || self.length_mm.is_proposal()
                || self.diameter_mm.is_proposal(),
        })
    }

    pub(super) fn read(table: TableReader<'_>) -> Option<Self> {
        let range = |key, largest| {
            let Some(range) = table.table(key) else {
                table.fault(format!("{key} is missing"));
                return None;
            };
            SourcedRange::read(range, (0.0, largest))
        };
        let temperature_c = range("temperature_c", 120.0);
        let time_s = range("time_s", 3600.0);
        let length_mm = range("length_mm", 100.0);
        let diameter_mm = range("diameter_mm", 100.0);
        let ahead = table.table("ahead_mm");
        let ahead_mm = ahead.and_then(|range| SourcedRange::read(range, (0.0, 100.0)));
        let note = table.text("note");
        table.finish();
        Some(Self {
            temperature_c: temperature_c?,
            time_s: time_s?,
            length_mm: length_mm?,
            diameter_mm: diameter_mm?,
            ahead_mm,
            note,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::NeedleCatalogue;

    #[test]
    fn lesions_are_those_of_sections_1_9_and_1_10() {
        let catalogue = NeedleCatalogue::builtin();
        let lesion = |id: &str, size| {
            let needle = catalogue.find(id).unwrap();
            let active = needle.active_tip_mm.unwrap();
            needle.lesions[0].ellipsoid(active, size).unwrap()
        };
        // Radius 1.1–2.2 mm, length = tip + 1–5 mm.
        let small = lesion("rf-22g-100", LesionSize::Smallest);
        let large = lesion("rf-22g-100", LesionSize::Largest);
        assert_eq!((small.length_mm, small.diameter_mm), (11.0, 2.2));
        assert_eq!((large.length_mm, large.diameter_mm), (15.0, 4.4));
        assert_eq!(large.center_beyond_tip_mm, -5.0);
        assert!(
            large.proposal,
            "how far it reaches ahead is not in the sheet"
        );
        // Cooled: near-spherical, 8–12 mm, 4 mm tip.
        let cooled = lesion("rf-cooled-17g-100", LesionSize::Largest);
        assert_eq!((cooled.length_mm, cooled.diameter_mm), (12.0, 12.0));
        // No width is known for the wide ones, so nothing is drawn.
        assert!(catalogue.find("rf-16g-100").unwrap().lesions.is_empty());
    }
}
