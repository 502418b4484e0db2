//! Declaring what a needle is meant for: procedure, level and side, and what goes with them, its
//! name and its kind.

use super::AppState;
use super::command::PlanCommand;
use crate::plan::procedure::Laterality;
use crate::plan::{Intent, Known, PlanEdit, Procedure, Trajectory, TrajectoryId};
use crate::study::{Level, Vertebra};

/// How a procedure speaks of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelUse {
    /// Mostly done there.
    Usual,
    /// Described for it.
    Described,
    /// Not described for it: choose it with a warning.
    NotDescribed,
}

/// A needle that a procedure proposes for a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedNeedle {
    /// Id in the catalogue.
    pub id: String,
    /// Name shown.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// What a needle is meant for once `procedure` is chosen: level and side stay where the procedure
/// has them. Nothing is guessed but what has a single answer.
pub fn intent_of(procedure: &Procedure, former: Option<&Intent>) -> Intent {
    let kept = former
        .and_then(|former| former.level)
        .filter(|level| procedure.applies_to(*level));
    let first = procedure.usual_levels.first().or(procedure.levels.first());
    let only = first.filter(|_| procedure.without_level || procedure.levels.len() == 1);
    Intent {
        procedure: procedure.id.clone(),
        level: kept.or(only.copied()),
        side: former
            .and_then(|former| former.side)
            .filter(|_| procedure.laterality != Laterality::Midline),
    }
}

/// Whether anything of an intent still has to be chosen, in words.
pub fn missing_choice(procedure: &Procedure, intent: &Intent) -> Option<&'static str> {
    let no_side = procedure.laterality == Laterality::Sided && intent.side.is_none();
    match (intent.level.is_none(), no_side) {
        (true, true) => Some("Choose level and side"),
        (true, false) => Some("Choose the level"),
        (false, true) => Some("Choose the side"),
        (false, false) => None,
    }
}

/// A name without the number that tells it from another needle's: `… (2)`.
fn without_number(name: &str) -> &str {
    let base = name.strip_suffix(')').and_then(|rest| {
        let (base, number) = rest.rsplit_once(" (")?;
        let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        digits.then_some(base)
    });
    base.unwrap_or(name)
}

/// `Needle 3`.
fn is_numbered(name: &str) -> bool {
    name.strip_prefix("Needle ").is_some_and(|number| {
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

impl AppState {
    /// Commands that declare what a needle is meant for, as one step: with it go its name, where
    /// nobody typed one, and, where the procedure is another one, the needle it proposes.
    pub fn declare(&self, needle: &Trajectory, intent: Option<Intent>) -> Vec<PlanCommand> {
        const LABEL: &str = "Choose procedure";
        let id = needle.id;
        let mut edits = Vec::new();
        if self.is_named_automatically(needle) {
            let name = self.automatic_name(id, intent.as_ref());
            let name = name.or_else(|| {
                let numbered = is_numbered(&needle.name);
                (!numbered).then(|| self.plan().unused_needle_name())
            });
            edits.extend(name.map(|name| PlanEdit::Rename { id, name }));
        }
        let chosen = |intent: Option<&Intent>| intent.map(|intent| intent.procedure.clone());
        if chosen(intent.as_ref()) != chosen(needle.intent.as_ref()) {
            let procedure = intent
                .as_ref()
                .and_then(|intent| self.library.find(&intent.procedure));
            let proposed = procedure.and_then(|it| self.proposed_needle(it, needle).ok());
            edits.extend(proposed.map(|proposed| PlanEdit::SetNeedle {
                id,
                needle: Some(proposed.id),
            }));
        }
        edits.push(PlanEdit::SetIntent { id, intent });
        let mut commands = vec![PlanCommand::Begin(LABEL)];
        commands.extend(edits.into_iter().map(|edit| PlanCommand::Edit(LABEL, edit)));
        commands.push(PlanCommand::Commit);
        commands
    }

    /// The needle a procedure proposes: the first listed that reaches along the path, or the first
    /// listed at all while the path is not drawn.
    ///
    /// # Errors
    /// Why none is proposed.
    pub fn proposed_needle(
        &self,
        procedure: &Procedure,
        needle: &Trajectory,
    ) -> Known<ProposedNeedle> {
        let audit = self.audit_of(needle.id);
        let path = audit.as_ref().map(|audit| &audit.path);
        let length_mm = path.and_then(|path| path.plan.length_mm.clone().ok());
        if let Some(length_mm) = length_mm {
            let skin_mm = path.and_then(|path| Some(path.skin.as_ref().ok()?.depth_mm));
            let reach_mm = skin_mm.map_or(length_mm, |skin_mm| skin_mm.max(length_mm));
            let found = procedure.propose_needle(self.catalogue, reach_mm)?;
            return Ok(ProposedNeedle {
                id: found.needle.id.clone(),
                name: found.needle.name.clone(),
                reason: found.reason,
            });
        }
        procedure
            .needles
            .iter()
            .find_map(|choice| {
                let found = self.catalogue.find(&choice.id)?;
                Some(ProposedNeedle {
                    id: found.id.clone(),
                    name: found.name.clone(),
                    reason: choice.reason.clone(),
                })
            })
            .ok_or_else(|| "The procedure lists no needle".to_owned())
    }

    /// Whether nobody typed the needle's name.
    fn is_named_automatically(&self, needle: &Trajectory) -> bool {
        let of_intent = || self.intended_name(needle.intent.as_ref());
        is_numbered(&needle.name)
            || of_intent().is_some_and(|name| without_number(&needle.name) == name)
    }

    /// The name that an intent gives; `None` until it is complete.
    fn intended_name(&self, intent: Option<&Intent>) -> Option<String> {
        let intent = intent?;
        let procedure = self.library.find(&intent.procedure)?;
        if missing_choice(procedure, intent).is_some() {
            return None;
        }
        Some(procedure.needle_name(intent.level?, intent.side))
    }

    /// The same with a number behind it where another needle has that name.
    fn automatic_name(&self, id: TrajectoryId, intent: Option<&Intent>) -> Option<String> {
        let name = self.intended_name(intent)?;
        let needles = &self.plan().trajectories;
        let taken = |name: &str| {
            let mut others = needles.iter().filter(|needle| needle.id != id);
            others.any(|needle| needle.name == name)
        };
        let numbered = (2..=needles.len() + 1).map(|number| format!("{name} ({number})"));
        std::iter::once(name.clone())
            .chain(numbered)
            .find(|name| !taken(name))
    }

    /// Levels to choose from: the usual ones first, then the others described, then every other of
    /// the same sort that the declared spine has.
    pub fn level_choices(&self, procedure: &Procedure) -> Vec<(Level, LevelUse)> {
        let mut choices: Vec<(Level, LevelUse)> = Vec::new();
        let mut add = |level: Level, use_of: LevelUse| {
            if !choices.iter().any(|(there, _)| *there == level) {
                choices.push((level, use_of));
            }
        };
        for &level in &procedure.usual_levels {
            add(level, LevelUse::Usual);
        }
        for &level in &procedure.levels {
            add(level, LevelUse::Described);
        }
        let count = self.plan().spine.count_or_usual();
        let all: Vec<Vertebra> =
            std::iter::successors("C1".parse().ok(), |&at| count.below(at)).collect();
        let mut levels = procedure.levels.iter();
        if levels.any(|level| matches!(level, Level::Between(..))) {
            for pair in all.windows(2) {
                if let &[upper, lower] = pair {
                    add(Level::Between(upper, lower), LevelUse::NotDescribed);
                }
            }
        }
        let mut levels = procedure.levels.iter();
        if levels.any(|level| matches!(level, Level::At(_))) {
            for &vertebra in &all {
                add(Level::At(vertebra), LevelUse::NotDescribed);
            }
        }
        choices
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::ProcedureLibrary;
    use crate::study::Side;

    fn procedure(id: &str) -> &'static Procedure {
        ProcedureLibrary::builtin().find(id).unwrap()
    }

    fn intent(id: &str, level: Option<&str>, side: Option<Side>) -> Intent {
        Intent {
            procedure: id.to_owned(),
            level: level.map(|level| level.parse().unwrap()),
            side,
        }
    }

    #[test]
    fn level_and_side_stay_where_the_next_procedure_has_them() {
        let former = intent("discography", Some("L4-L5"), Some(Side::Right));
        let next = |id: &str| intent_of(procedure(id), Some(&former));
        let kept = next("transforaminal-supraneural");
        assert_eq!(kept.level, former.level);
        assert_eq!(kept.side, Some(Side::Right));
        // A vertebra is asked for: L4-5 does not say which.
        assert_eq!(next("medial-branch-block").level, None);
        // One level only, or a level that means nothing.
        assert_eq!(next("transforaminal-s1").level, "S1".parse().ok());
        assert_eq!(
            next("caudal"),
            intent("caudal", Some("S4"), None),
            "the midline has no side"
        );
        let first = intent_of(procedure("discography"), None);
        assert_eq!((first.level, first.side), (None, None));
        let words = missing_choice(procedure("discography"), &first);
        assert_eq!(words, Some("Choose level and side"));
        assert_eq!(
            missing_choice(procedure("caudal"), &next("caudal")),
            None,
            "no side to choose"
        );
    }

    #[test]
    fn only_names_nobody_typed_count_as_automatic() {
        assert!(is_numbered("Needle 12"));
        for typed in ["Needle", "Needle ", "Needle two", "My needle 1"] {
            assert!(!is_numbered(typed), "{typed}");
        }
        assert_eq!(without_number("L4-5 left, facet (2)"), "L4-5 left, facet");
        for whole in ["L4-5 left, facet", "Note (old)", "x ()", "(2)"] {
            assert_eq!(without_number(whole), whole);
        }
    }
}
