//! What a path must keep clear of: kinds of structure and their margins.

use super::source::Source;
use crate::plan::toml_reader::{Placed, TableReader};
use crate::study::{Level, Side, Vertebra};

/// Kinds of structure that margins go by: those of `assets/structures.toml` that a path may meet.
pub const STRUCTURE_KINDS: [&str; 29] = [
    "adrenal",
    "airway",
    "artery",
    "bladder",
    "bone",
    "bowel",
    "cauda_equina",
    "cord",
    "disc",
    "dura",
    "facet",
    "gallbladder",
    "heart",
    "implant",
    "kidney",
    "ligament",
    "liver",
    "nerve",
    "nerve_root",
    "oesophagus",
    "pancreas",
    "pleura_lung",
    "sij",
    "spleen",
    "stomach",
    "ureter",
    "vein",
    "vertebral_artery",
    "vessel",
];

/// Kinds that the sheet names and no structure file does; they are told, and measured only where
/// somebody makes such a structure.
pub const UNSEGMENTED_KINDS: [&str; 6] = [
    "epidural_vein",
    "foramen",
    "foramen_anterosuperior",
    "pedicle_medial_wall",
    "spinal_canal",
    "thoracic_duct",
];

/// What the path may do with a structure in spite of any margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Allowed {
    /// Nothing: the margins hold.
    #[default]
    No,
    /// End in it or on it.
    End,
    /// Go through it.
    Cross,
}

/// What the needle does at its tip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Energy {
    /// It only lies there.
    Mechanical,
    /// It heats.
    Thermal,
}

/// Which part of the needle a margin is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// All of it from the skin to the tip.
    Path,
    /// The active tip where there is one, else the point alone.
    Tip,
}

/// The margins of one kind of structure for a procedure, level and side.
#[derive(Debug, Clone, PartialEq)]
pub struct StructureMargin {
    /// One of [`STRUCTURE_KINDS`] or [`UNSEGMENTED_KINDS`].
    pub kind: String,
    /// What of the needle must keep away: heat spreads from the active tip only, so that a
    /// thermal procedure has margins for both.
    pub part: Part,
    /// Nearer than this stops, mm; `None` where no figure is given.
    pub stop_mm: Option<f64>,
    /// Nearer than this warns, mm; `None` where no figure is given.
    pub warn_mm: Option<f64>,
    /// Entering it warns, whatever the distance.
    pub warn_always: bool,
    /// A warning here is a grave one.
    pub escalated: bool,
    /// What the path may do with it; unless `No`, only margins the procedure itself names hold.
    pub allowed: Allowed,
    /// The procedure names it among what to avoid or may touch.
    pub named: bool,
    /// Marks of the figures.
    pub source: Source,
    /// Why.
    pub why: String,
}

/// A default margin of the shared file (clinical reference sheet, section 0.3).
#[derive(Debug, Clone, PartialEq)]
pub struct MarginRule {
    /// Kinds it is for.
    pub kinds: Vec<String>,
    /// Only with this energy; `None` = with any.
    pub energy: Option<Energy>,
    /// Only from the first to the last; `None` = everywhere.
    pub span: Option<(Vertebra, Vertebra)>,
    /// Only on this side; `None` = on both.
    pub side: Option<Side>,
    /// See [`StructureMargin`].
    pub stop_mm: Option<f64>,
    /// See [`StructureMargin`].
    pub warn_mm: Option<f64>,
    /// See [`StructureMargin`].
    pub warn_always: bool,
    /// See [`StructureMargin`].
    pub escalated: bool,
    /// See [`StructureMargin`].
    pub source: Source,
    /// See [`StructureMargin`].
    pub why: String,
}

/// What a procedure says of one kind of structure.
#[derive(Debug, Clone, PartialEq)]
pub struct StructureRule {
    /// One of [`STRUCTURE_KINDS`] or [`UNSEGMENTED_KINDS`].
    pub kind: String,
    /// Only at these levels; empty = at all.
    pub levels: Vec<Level>,
    /// What of the needle the figures are for.
    pub part: Part,
    /// Replaces the shared margin.
    pub stop_mm: Option<f64>,
    /// Replaces the shared margin.
    pub warn_mm: Option<f64>,
    /// What the path may do with it.
    pub allowed: Allowed,
    /// Marks of the figures.
    pub source: Source,
    /// Why.
    pub why: String,
}

impl MarginRule {
    /// What of the needle it is for.
    pub(super) fn part(&self) -> Part {
        match self.energy {
            Some(Energy::Thermal) => Part::Tip,
            _ => Part::Path,
        }
    }

    /// Whether it holds: the mechanical ones also for what heats, whose shaft does not. Without a
    /// side, the rule of one side holds to be safe.
    pub(super) fn holds(&self, energy: Energy, level: Level, side: Option<Side>) -> bool {
        let there = self
            .span
            .is_none_or(|(first, last)| level.lower() >= first && level.upper() <= last);
        let beside = match (self.side, side) {
            (Some(wanted), Some(side)) => wanted == side,
            _ => true,
        };
        let heats = self.energy == Some(Energy::Thermal);
        (!heats || energy == Energy::Thermal) && there && beside
    }

    /// Reads one `[[margin]]` of the shared file.
    pub(super) fn read(table: TableReader<'_>) -> Option<Self> {
        let before = table.faults.count();
        let kinds: Vec<_> = table
            .texts("kinds")
            .into_iter()
            .filter_map(|kind| known_kind(kind, &table))
            .collect();
        if kinds.is_empty() {
            table.fault("kinds names no structure");
        }
        let energy = table
            .placed_text("energy")
            .and_then(|word| match word.value.as_str() {
                "mechanical" => Some(Energy::Mechanical),
                "thermal" => Some(Energy::Thermal),
                _ => refuse(&table, word, "mechanical or thermal"),
            });
        let side = table
            .placed_text("side")
            .and_then(|word| match word.value.as_str() {
                "left" => Some(Side::Left),
                "right" => Some(Side::Right),
                _ => refuse(&table, word, "left or right"),
            });
        let ends = [
            table.placed_text("from_level"),
            table.placed_text("to_level"),
        ];
        let span = match ends {
            [None, None] => None,
            [Some(first), Some(last)] => vertebra(&table, first).zip(vertebra(&table, last)),
            _ => {
                table.fault("from_level and to_level go together");
                None
            }
        };
        let (stop_mm, warn_mm) = stop_and_warn(&table);
        let rule = Self {
            kinds,
            energy,
            span,
            side,
            stop_mm,
            warn_mm,
            warn_always: table.flag("warn_always"),
            escalated: table.flag("escalated"),
            why: table.required_text("why").map(|text| text.value)?,
            source: Source::read(&table)?,
        };
        let faults = table.faults;
        table.finish();
        (faults.count() == before).then_some(rule)
    }
}

impl StructureRule {
    /// Reads one `[[structure]]` of a procedure.
    pub(super) fn read(table: TableReader<'_>) -> Option<Self> {
        let before = table.faults.count();
        let kind = known_kind(table.required_text("kind")?, &table);
        let allowed = match table.placed_text("allowed") {
            None => Allowed::No,
            Some(word) => match word.value.as_str() {
                "end" => Allowed::End,
                "cross" => Allowed::Cross,
                _ => refuse(&table, word, "end or cross").unwrap_or_default(),
            },
        };
        let part = match table.placed_text("at") {
            None => Part::Path,
            Some(word) if word.value == "tip" => Part::Tip,
            Some(word) => refuse(&table, word, "tip").unwrap_or(Part::Path),
        };
        let (stop_mm, warn_mm) = stop_and_warn(&table);
        let rule = Self {
            kind: kind?,
            part,
            levels: super::read::levels(&table, "levels"),
            stop_mm,
            warn_mm,
            allowed,
            why: table.required_text("why").map(|text| text.value)?,
            source: Source::read(&table)?,
        };
        let faults = table.faults;
        table.finish();
        (faults.count() == before).then_some(rule)
    }

    /// Whether it is for this level.
    pub(super) fn is_for(&self, level: Level) -> bool {
        self.levels.is_empty() || self.levels.contains(&level)
    }
}

/// Notes that a word is none of those wanted.
pub(super) fn refuse<T>(table: &TableReader<'_>, word: Placed<String>, wanted: &str) -> Option<T> {
    let reason = format!("{:?} is not known here; write {wanted}", word.value);
    table.faults.add(word.span, reason);
    None
}

/// A kind's key, if it is one.
pub(super) fn known_kind(kind: Placed<String>, table: &TableReader<'_>) -> Option<String> {
    let mut known = STRUCTURE_KINDS.iter().chain(&UNSEGMENTED_KINDS);
    if known.any(|known| *known == kind.value) {
        return Some(kind.value);
    }
    let reason = format!(
        "{:?} is no kind of structure; write one of {}",
        kind.value,
        [&STRUCTURE_KINDS[..], &UNSEGMENTED_KINDS[..]]
            .concat()
            .join(", ")
    );
    table.faults.add(kind.span, reason);
    None
}

fn vertebra(table: &TableReader<'_>, text: Placed<String>) -> Option<Vertebra> {
    match text.value.parse() {
        Ok(vertebra) => Some(vertebra),
        Err(reason) => {
            table.faults.add(text.span, reason);
            None
        }
    }
}

fn stop_and_warn(table: &TableReader<'_>) -> (Option<f64>, Option<f64>) {
    let stop = table.positive_if_any("stop_mm");
    let warn = table.positive_if_any("warn_mm");
    if let (Some(stop), Some(warn)) = (stop, warn)
        && warn < stop
    {
        table.fault(format!("warn_mm {warn} is below stop_mm {stop}"));
    }
    (stop, warn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_those_that_structures_are_given() {
        // Another key here and a margin would silently never hold.
        let text = include_str!("../../../assets/structures.toml");
        let given = |kind: &str| text.contains(&format!("[[kind]]\nkey = \"{kind}\"\n"));
        for kind in STRUCTURE_KINDS {
            assert!(given(kind), "{kind}");
        }
        for kind in UNSEGMENTED_KINDS {
            assert!(!given(kind), "{kind}");
        }
    }
}
