//! Which margin of a procedure holds for which segmented structure.

use crate::plan::procedure::{Allowed, Energy, Part, Procedure, ProcedureLibrary, StructureMargin};
use crate::plan::{Intent, Known};
use crate::volume::structure::Structure;

/// Margins of a needle's intent; without one, the shared mechanical margins wherever they are
/// meant to hold.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MarginTable {
    margins: Vec<StructureMargin>,
    /// What keeps the procedure's own margins from being known, in words.
    pub note: Option<String>,
}

impl MarginTable {
    /// The margins for what a needle is meant for.
    pub fn of(library: &ProcedureLibrary, intent: Option<&Intent>) -> Self {
        match procedure_of(library, intent) {
            Ok((procedure, intent)) => match intent.level.or(procedure.levels.first().copied()) {
                Some(level) => Self {
                    margins: library.margins(procedure, level, intent.side),
                    note: None,
                },
                None => Self::shared(library, "The procedure names no level".to_owned()),
            },
            Err(reason) => Self::shared(library, reason),
        }
    }

    fn shared(library: &ProcedureLibrary, note: String) -> Self {
        let mut margins: Vec<StructureMargin> = Vec::new();
        let mechanical = |energy| energy != Some(Energy::Thermal);
        for rule in library
            .shared
            .margins
            .iter()
            .filter(|rule| mechanical(rule.energy))
        {
            for kind in &rule.kinds {
                // Without a level and side, the strictest of all that could hold.
                let margin = StructureMargin {
                    kind: kind.clone(),
                    part: Part::Path,
                    stop_mm: rule.stop_mm,
                    warn_mm: rule.warn_mm,
                    warn_always: rule.warn_always,
                    escalated: rule.escalated,
                    allowed: Allowed::No,
                    named: false,
                    source: rule.source.clone(),
                    why: rule.why.clone(),
                };
                match margins.iter_mut().find(|there| there.kind == *kind) {
                    Some(there) if there.stop_mm < margin.stop_mm => *there = margin,
                    Some(_) => {}
                    None => margins.push(margin),
                }
            }
        }
        Self {
            margins,
            note: Some(note),
        }
    }

    /// Margins for a structure, that of the path before that of the tip; empty where the table
    /// names none for its kind.
    pub fn for_structure(&self, structure: &Structure) -> Vec<&StructureMargin> {
        self.for_kind(structure.kind.as_deref())
    }

    fn for_kind(&self, kind: Option<&str>) -> Vec<&StructureMargin> {
        for kind in margin_kinds(kind) {
            let found: Vec<&StructureMargin> = self
                .margins
                .iter()
                .filter(|margin| margin.kind == kind)
                .collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    /// What a path may do with a kind of structure.
    pub fn allowed(&self, kind: &str) -> Allowed {
        let of_kind = |margin: &&StructureMargin| margin.kind == kind;
        let found = self.margins.iter().find(of_kind);
        found.map_or(Allowed::No, |margin| margin.allowed)
    }

    /// Farthest distance that any margin asks for, mm.
    pub fn farthest_mm(&self) -> f64 {
        self.margins
            .iter()
            .flat_map(|margin| [margin.stop_mm, margin.warn_mm])
            .flatten()
            .fold(0.0, f64::max)
    }
}

/// The procedure an intent names.
pub fn procedure_of<'a, 'b>(
    library: &'a ProcedureLibrary,
    intent: Option<&'b Intent>,
) -> Known<(&'a Procedure, &'b Intent)> {
    let intent = intent.ok_or("No procedure chosen: the shared margins hold")?;
    let procedure = library.find(&intent.procedure).ok_or_else(|| {
        format!(
            "The procedure {:?} is not in the library: the shared margins hold",
            intent.procedure
        )
    })?;
    Ok((procedure, intent))
}

/// Kinds whose margin holds for a structure of a kind, its own first: where a procedure has none
/// for it, that of what it lies in or is counted among.
fn margin_kinds(kind: Option<&str>) -> Vec<&str> {
    let Some(kind) = kind else {
        return Vec::new();
    };
    let stand_in = match kind {
        "cord" | "cauda_equina" => Some("dura"),
        "nerve" => Some("nerve_root"),
        "vertebral_artery" | "vessel" => Some("artery"),
        "stomach" | "bladder" => Some("bowel"),
        _ => None,
    };
    std::iter::once(kind).chain(stand_in).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_structure_without_a_margin_of_its_own_takes_that_of_what_it_is_part_of() {
        let table = MarginTable::of(ProcedureLibrary::builtin(), None);
        for (kind, stop_mm) in [
            ("cord", Some(5.0)),
            ("dura", Some(2.0)),
            ("cauda_equina", Some(2.0)),
            ("vessel", Some(5.0)),
            ("pleura_lung", Some(10.0)),
            ("muscle", None),
        ] {
            let found = table.for_kind(Some(kind));
            let stop = found.first().and_then(|margin| margin.stop_mm);
            assert_eq!(stop, stop_mm, "{kind}");
        }
    }

    #[test]
    fn without_a_procedure_the_shared_margins_hold() {
        let table = MarginTable::of(ProcedureLibrary::builtin(), None);
        assert!(
            table
                .note
                .as_ref()
                .is_some_and(|note| note.contains("No procedure"))
        );
        let dura = table.margins.iter().find(|margin| margin.kind == "dura");
        assert_eq!(dura.and_then(|margin| margin.stop_mm), Some(2.0));
        assert!(table.farthest_mm() >= 20.0, "bowel warns at 20 mm");
    }
}
