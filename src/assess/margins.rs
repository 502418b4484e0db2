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
        let kinds = margin_kinds(structure.kind.as_deref(), &structure.name);
        for kind in kinds {
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

/// Kinds that procedures name their margins by, the most particular first, for a structure of a
/// kind of `assets/structures.toml`.
fn margin_kinds(kind: Option<&str>, name: &str) -> Vec<&'static str> {
    let name = name.to_lowercase();
    let named = |word: &str| name.contains(word);
    match kind.unwrap_or_default() {
        "cord" => vec!["spinal_cord", "dura"],
        "dura" => vec!["dura", "spinal_canal"],
        "cauda_equina" => vec!["cauda_equina", "dura"],
        "nerve_root" => vec!["nerve_root", "nerve"],
        "nerve" => vec!["nerve", "nerve_root"],
        "artery" if named("aorta") => vec!["aorta", "artery"],
        "artery" if named("iliac") => vec!["iliac_artery", "artery"],
        "artery" => vec!["artery"],
        "vein" if named("cava") => vec!["inferior_vena_cava", "vein"],
        "vein" if named("iliac") => vec!["iliac_vein", "vein"],
        "vein" if named("epidural") => vec!["epidural_vein"],
        "vein" => vec!["vein"],
        // Nobody says which: the stricter of the two has the same figures.
        "vessel" => vec!["artery", "vein"],
        "vertebral_artery" => vec!["vertebral_artery", "artery"],
        "kidney" => vec!["kidney"],
        "ureter" => vec!["ureter"],
        "bladder" => vec!["bladder", "bowel"],
        "bowel" | "stomach" => vec!["bowel"],
        "pleura_lung" => vec!["lung", "pleura"],
        "liver" => vec!["liver"],
        "spleen" => vec!["spleen"],
        "pancreas" => vec!["pancreas"],
        "adrenal" => vec!["adrenal"],
        "bone" => vec!["bone"],
        "disc" => vec!["disc"],
        "facet" => vec!["facet_joint"],
        "sij" => vec!["sacroiliac_joint"],
        "ligament" if named("flavum") => vec!["ligamentum_flavum"],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::procedure::STRUCTURE_KINDS;
    use crate::volume::structure::StructureTable;

    #[test]
    fn every_kind_that_margins_go_by_is_one_of_the_procedures() {
        let names = ["", "aorta", "iliac", "cava", "epidural", "flavum"];
        for kind in StructureTable::bundled().kinds() {
            for name in names {
                for wanted in margin_kinds(Some(&kind.key), name) {
                    assert!(STRUCTURE_KINDS.contains(&wanted), "{} {wanted}", kind.key);
                }
            }
        }
    }

    #[test]
    fn every_structure_of_the_default_margins_can_be_segmented() {
        // The ones that are places rather than structures.
        let places = ["foramen_anterosuperior", "pedicle_medial_wall"];
        let library = ProcedureLibrary::builtin();
        let mut reached = Vec::new();
        for kind in StructureTable::bundled().kinds() {
            for name in ["", "aorta", "iliac", "cava", "epidural", "flavum"] {
                reached.extend(margin_kinds(Some(&kind.key), name));
            }
        }
        for rule in &library.shared.margins {
            for kind in &rule.kinds {
                let known = reached.contains(&kind.as_str()) || places.contains(&kind.as_str());
                assert!(known, "no structure has margins of {kind}");
            }
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
