//! The content of a procedure sheet out of the audit of a needle.

use super::audited::{AuditedNeedle, AuditedPlan};
use super::figure::Figure;
use super::sheet::{
    Clearance, Heading, Identity, Numbers, Origin, RangeCheck, SheetContent, SheetNeedle, Verdict,
};
use super::sheet_lists::lists_of;
use super::typeface::drawable;
use crate::assess::clearance::Verdict as Held;
use crate::dicom::identity::Identity as DicomIdentity;
use crate::geometry::Segment;
use crate::plan::Known;
use crate::plan::procedure::{Allowed, RangeCheck as Checked, Unit, Verdict as Kept};
use crate::study::Level;
use crate::study::person::{date, person_name};

/// Characters of the Frame of Reference UID that a sheet shows.
const FRAME_TAIL: usize = 12;

/// What a sheet says besides its needle.
pub struct SheetScene<'a> {
    /// The plan the needle is of.
    pub audited: &'a AuditedPlan,
    /// Whose plan it is; `None` hides it, with every text in which one of `telling` is found.
    pub identity: Option<&'a DicomIdentity>,
    /// Words that tell who the patient is, in lower case, where the sheet is to hide it.
    pub telling: &'a [String],
    /// Series the plan lies on, in words.
    pub series: &'a str,
    /// Program, plan file, frame of reference, date.
    pub origin: Origin,
}

impl SheetScene<'_> {
    /// The sheet of a needle under a name, with its pictures.
    pub fn content(
        &self,
        needle: &AuditedNeedle,
        name: &str,
        figures: Vec<Figure>,
    ) -> SheetContent {
        let hide = |text: &str| self.hidden(text);
        SheetContent {
            identity: self.identity.map(|identity| self.identity(identity)),
            heading: self.heading(needle, name),
            numbers: numbers(needle),
            clearances: self.clearances(needle),
            checks: needle.audit.ranges.iter().map(check).collect(),
            lists: lists_of(needle, self.audited, &hide),
            figures,
            origin: self.origin.clone(),
        }
    }

    /// The text, or that it is hidden.
    fn hidden(&self, text: &str) -> String {
        let lower = text.to_lowercase();
        if self.telling.iter().any(|word| lower.contains(word)) {
            "(hidden)".to_owned()
        } else {
            text.to_owned()
        }
    }

    fn identity(&self, identity: &DicomIdentity) -> Identity {
        let can_print = |part: &str| drawable(part) == part;
        Identity {
            name: person_name(&identity.patient_name, can_print),
            id: identity.patient_id.clone(),
            birth_date: date(&identity.birth_date),
            sex: identity.sex.clone(),
            study_date: date(&identity.study_date),
            study: identity.study_description.clone(),
            series: self.series.to_owned(),
        }
    }

    fn heading(&self, needle: &AuditedNeedle, name: &str) -> Heading {
        let intent = needle.trajectory.intent.as_ref();
        let level = intent.and_then(|intent| intent.level);
        let procedure = needle.procedure.as_ref();
        let unknown = || intent.map(|intent| intent.procedure.clone());
        Heading {
            procedure: procedure
                .map(|procedure| procedure.title.clone())
                .or_else(unknown)
                .unwrap_or_default(),
            level: level.map(Level::spoken).unwrap_or_default(),
            side: intent.and_then(|intent| intent.side),
            needle: self.hidden(name),
            target: procedure
                .map(|procedure| procedure.target.short.clone())
                .unwrap_or_default(),
            position: self.audited.position,
        }
    }

    fn clearances(&self, needle: &AuditedNeedle) -> Vec<Clearance> {
        let rows = needle.audit.clearances.iter().enumerate();
        rows.filter_map(|(index, found)| {
            let verdict = match found.verdict.as_ref()? {
                Held::Stop => Verdict::Stop,
                Held::Warn => Verdict::Warn,
                Held::Unknown(_) => Verdict::Unknown,
                Held::Clear => Verdict::Kept,
            };
            let margin = found.margin.as_ref();
            let met = margin
                .is_some_and(|margin| margin.allowed != Allowed::No && margin.stop_mm.is_none());
            // What the needle is meant to touch or cross is no margin that is kept.
            if met && verdict == Verdict::Kept {
                return None;
            }
            let known = found.clearance.as_ref();
            let distance_mm = match found.gap_mm() {
                Some(mm) if found.is_bound() => Err(format!("more than {mm:.0} mm")),
                Some(mm) => Ok(mm),
                None => Err(known.err().cloned().unwrap_or_default()),
            };
            let exact = known.ok().filter(|_| !found.is_bound());
            Some(Clearance {
                structure: self.hidden(&needle.structure_name(index)?),
                distance_mm,
                at_depth_mm: exact.map(|known| known.along_mm),
                stop_mm: margin.and_then(|margin| margin.stop_mm),
                warn_mm: margin.and_then(|margin| margin.warn_mm),
                verdict,
            })
        })
        .collect()
    }
}

fn numbers(needle: &AuditedNeedle) -> Numbers {
    let audit = &needle.audit;
    let kind = match (&needle.kind, &needle.trajectory.needle) {
        (Some(kind), _) => Ok(SheetNeedle {
            gauge: kind.gauge,
            length_mm: kind.length_mm,
            kind: kind.kind.clone(),
        }),
        (None, Some(id)) => Err(format!("{id:?} is not in the needle catalogue")),
        (None, None) => Err("No needle chosen".to_owned()),
    };
    Numbers {
        readout: audit.path.plan.clone(),
        path: needle.trajectory.segment().map(Segment::vector),
        skin_depth_mm: audit.path.skin.clone().map(|skin| skin.depth_mm),
        entry_from_midline_mm: audit.spine.entry_offset_mm.clone(),
        needle: kind,
        tolerance_cone: audit.tolerance.clone().map(|found| found.half_angle),
    }
}

fn check(check: &Checked) -> RangeCheck {
    RangeCheck {
        what: check.name.to_owned(),
        found: found(check),
        range: range(check),
        proposal: check.proposal,
        verdict: match check.verdict {
            Kept::Kept => Verdict::Kept,
            Kept::Broken => Verdict::Warn,
            Kept::Unknown => Verdict::Unknown,
        },
    }
}

fn found(check: &Checked) -> Known<String> {
    check.value.clone().map(|value| number(value, check.unit))
}

/// A value to a tenth with a true minus sign and its unit.
fn number(value: f64, unit: Unit) -> String {
    let gap = if unit == Unit::Degrees { "" } else { " " };
    let tenth = (value * 10.0).round() / 10.0;
    let sign = if tenth < 0.0 { "−" } else { "" };
    format!("{sign}{}{gap}{}", tenth.abs(), unit.symbol())
}

fn range(check: &Checked) -> String {
    let end = |value: f64| number(value, check.unit);
    match (check.min, check.max) {
        (Some(min), Some(max)) if min < max => format!("{} to {}", end(min), end(max)),
        (Some(only), Some(_)) => end(only),
        (Some(min), None) => format!("≥ {}", end(min)),
        (None, Some(max)) => format!("≤ {}", end(max)),
        (None, None) => String::new(),
    }
}

/// The last characters of a UID.
pub(super) fn tail(uid: &str) -> String {
    let skipped = uid.chars().count().saturating_sub(FRAME_TAIL);
    uid.chars().skip(skipped).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_ends_of_ranges_are_printed_with_their_units() {
        assert_eq!(number(-9.96, Unit::Degrees), "−10°");
        assert_eq!(number(-0.04, Unit::Mm), "0 mm");
        assert_eq!(number(62.34, Unit::Mm), "62.3 mm");
        assert_eq!(tail("1.2.840.113619.2.5"), "0.113619.2.5");
        assert_eq!(tail("2.25"), "2.25");
    }
}
