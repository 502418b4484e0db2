//! Procedures as data: what is reached, how, with what, and what is kept clear of.
//!
//! The files are `assets/procedures/*.toml`, after the clinical reference sheet, section 1;
//! `docs/procedures.md` documents their keys. Nothing here is code of one procedure.

pub mod check;
pub mod library;
pub mod measured_path;
pub mod proposal;
pub mod range;
mod read;
pub mod shared;
#[cfg(test)]
mod sheet_values;
pub mod source;
pub mod structure;

use std::collections::BTreeMap;

pub use check::{RangeCheck, Verdict};
pub use library::ProcedureLibrary;
pub use measured_path::MeasuredPath;
pub use proposal::NeedleProposal;
pub use range::{Bounds, Quantity, SourcedRange, Unit};
pub use shared::SharedRules;
pub use source::{Mark, Source};
pub use structure::{
    Allowed, Energy, Part, STRUCTURE_KINDS, StructureMargin, StructureRule, UNSEGMENTED_KINDS,
};

use crate::geometry::PatientPosition;
use crate::study::{Level, Side};

/// One procedure.
#[derive(Debug, Clone, PartialEq)]
pub struct Procedure {
    /// Name in plans and of the file.
    pub id: String,
    /// Name shown.
    pub title: String,
    /// Words behind level and side: `transforaminal, supraneural`.
    pub needle_words: String,
    /// Other words at some levels.
    pub level_words: Vec<(Level, String)>,
    /// The level is not part of the name: one joint, one hiatus.
    pub without_level: bool,
    /// Section of the clinical reference sheet, `1.2`.
    pub section: String,
    /// How it is guided, the usual first.
    pub modalities: Vec<Modality>,
    /// How the patient may lie, the usual first.
    pub positions: Vec<TreatmentPosition>,
    /// Whether it is done on a side.
    pub laterality: Laterality,
    /// Levels it is described for, from the head down.
    pub levels: Vec<Level>,
    /// Levels it is mostly done at; empty where the sheet names none.
    pub usual_levels: Vec<Level>,
    /// What is reached.
    pub target: TargetDefinition,
    /// Ranges, the general ones first; the last that names a quantity for a level holds.
    pub approaches: Vec<Approach>,
    /// What the tip does.
    pub energy: Energy,
    /// Bore that must pass, mm, where the path is a tube and no line.
    pub tube_diameter_mm: Option<SourcedRange>,
    /// Views in the order they are taken.
    pub views: Vec<View>,
    /// Needles, the best first.
    pub needles: Vec<NeedleChoice>,
    /// What it says of structures; the shared margins hold besides.
    pub structures: Vec<StructureRule>,
    /// What is injected.
    pub volumes: Vec<Volume>,
    /// Class of bleeding risk.
    pub bleeding: Bleeding,
    /// How an entry map weighs.
    pub entry_map: EntryWeights,
    /// What must be there before it may be planned.
    pub guard: Option<Guard>,
    /// How it is guided, in sentences.
    pub guidance: Vec<Statement>,
    /// Where the entry lies, in sentences.
    pub entry_notes: Vec<Statement>,
    /// When the target is reached.
    pub end_point: Vec<Statement>,
    /// What contrast should look like.
    pub contrast_pattern: Vec<Statement>,
    /// To be ticked off, besides the shared list.
    pub checklist: Vec<Statement>,
    /// When to stop, besides the shared rules.
    pub stop_rules: Vec<Statement>,
    /// When not to begin, besides the shared ones.
    pub contraindications: Vec<Statement>,
    /// What the figures rest on, disagreements.
    pub evidence: Vec<Statement>,
}

/// What guides the needle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Modality {
    /// C-arm.
    Fluoroscopy,
    /// Computed tomography.
    Ct,
    /// Magnetic resonance.
    Mr,
    /// Ultrasound.
    Ultrasound,
}

/// How the patient lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TreatmentPosition {
    /// Face down.
    Prone,
    /// On a side.
    Decubitus,
    /// Face up.
    Supine,
}

impl TreatmentPosition {
    /// Whether a declared position is this one.
    pub fn is(self, position: PatientPosition) -> bool {
        match self {
            Self::Prone => position.is_prone(),
            Self::Decubitus => position.is_decubitus(),
            Self::Supine => !position.is_prone() && !position.is_decubitus(),
        }
    }
}

/// Whether a procedure has a side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Laterality {
    /// Left or right must be chosen.
    Sided,
    /// In the midline; there is no side.
    Midline,
    /// Left, right or midline.
    Either,
}

/// A sentence and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The sentence.
    pub text: String,
    /// Its marks.
    pub source: Source,
}

/// What is reached.
#[derive(Debug, Clone, PartialEq)]
pub struct TargetDefinition {
    /// In one line.
    pub short: String,
    /// So that it can be found on images.
    pub long: String,
    /// Marks of both.
    pub source: Source,
    /// How far from the point still counts, mm; `None` where the sheet gives no figure.
    pub radius_mm: Option<f64>,
    /// Marks of the radius.
    pub radius_source: Option<Source>,
}

/// Ranges that hold at some levels.
#[derive(Debug, Clone, PartialEq)]
pub struct Approach {
    /// Empty = all levels of the procedure.
    pub levels: Vec<Level>,
    /// By quantity.
    pub ranges: BTreeMap<Quantity, SourcedRange>,
    /// The end-plates that [`Quantity::TiltToEndplate`] counts from.
    pub endplate: Option<String>,
}

/// One view.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// `Scotty-dog oblique`.
    pub name: String,
    /// What must be seen.
    pub see: String,
    /// κ: + ipsilateral, − contralateral.
    pub oblique: Option<SourcedRange>,
    /// τ.
    pub tilt: Option<SourcedRange>,
    /// Marks of the sentence.
    pub source: Source,
}

/// A needle that suits.
#[derive(Debug, Clone, PartialEq)]
pub struct NeedleChoice {
    /// Id in the needle catalogue.
    pub id: String,
    /// Why, and when.
    pub reason: String,
    /// Marks.
    pub source: Source,
}

/// What is injected.
#[derive(Debug, Clone, PartialEq)]
pub struct Volume {
    /// `contrast`, `local anaesthetic` …
    pub what: String,
    /// How much, mL.
    pub ml: SourcedRange,
}

/// Class of bleeding risk by family of guidelines: they differ (clinical reference sheet, 1.0).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bleeding {
    /// As the procedure's own row says.
    pub stated: Option<Statement>,
    /// ASRA family.
    pub asra: Option<Statement>,
    /// SIR 2019.
    pub sir: Option<Statement>,
}

/// How an entry map weighs its terms; only their proportion counts, 0 leaves a term out.
#[derive(Debug, Clone, PartialEq)]
pub struct EntryWeights {
    /// Distance to structures.
    pub clearance: f64,
    /// Length of the path.
    pub length: f64,
    /// Departure from the angle ranges.
    pub angle: f64,
    /// Bone on the way.
    pub bone_crossing: f64,
    /// Marks.
    pub source: Source,
}

/// What must be there before planning.
#[derive(Debug, Clone, PartialEq)]
pub struct Guard {
    /// For the person.
    pub text: String,
    /// Kinds of structure that must be segmented.
    pub requires: Vec<String>,
    /// Marks.
    pub source: Source,
}

impl Procedure {
    /// Whether the procedure is described for a level. Transitional vertebrae (L6, T13) never
    /// are: warn then, do not refuse.
    pub fn applies_to(&self, level: Level) -> bool {
        self.levels.contains(&level)
    }

    /// The range of a quantity at a level; `None` where the sheet gives no figure.
    pub fn range(&self, quantity: Quantity, level: Level) -> Option<&SourcedRange> {
        self.approaches
            .iter()
            .rev()
            .filter(|approach| approach.levels.is_empty() || approach.levels.contains(&level))
            .find_map(|approach| approach.ranges.get(&quantity))
    }

    /// The end-plate that [`Quantity::TiltToEndplate`] counts from, in words.
    pub fn endplate(&self, level: Level) -> Option<&str> {
        self.approaches
            .iter()
            .rev()
            .filter(|approach| approach.levels.is_empty() || approach.levels.contains(&level))
            .find_map(|approach| approach.endplate.as_deref())
    }

    /// Name of a needle: `L4-5 right, transforaminal, supraneural`; `Sacroiliac joint, right` where
    /// the level says nothing.
    pub fn needle_name(&self, level: Level, side: Option<Side>) -> String {
        let words = self
            .level_words
            .iter()
            .find(|(at, _)| *at == level)
            .map_or(self.needle_words.as_str(), |(_, words)| words);
        if self.without_level {
            let mut letters = words.chars();
            let first: String = letters
                .next()
                .into_iter()
                .flat_map(char::to_uppercase)
                .collect();
            let side = side.map_or(String::new(), |side| format!(", {}", side.word()));
            return format!("{first}{}{side}", letters.as_str());
        }
        let side = side.map_or("midline", Side::word);
        format!("{} {side}, {words}", level.spoken())
    }
}
