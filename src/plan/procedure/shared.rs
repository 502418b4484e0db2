//! What holds for every procedure: default margins, stop rules, checklist, gates.

use super::Statement;
use super::read::statements;
use super::structure::MarginRule;
use crate::plan::toml_reader::{Faults, FileProblem, TableReader};

/// Name of the shared file in a folder of procedures.
pub const FILE_NAME: &str = "shared.toml";

const SCHEMA: &str = "stylet-shared-rules/1";

/// Rules common to all procedures (clinical reference sheet, sections 0.3, 1.0 and 5).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SharedRules {
    /// Default margins; the last that holds for a kind counts.
    pub margins: Vec<MarginRule>,
    /// How the patient lies.
    pub position: Vec<Statement>,
    /// How the level is confirmed.
    pub level_confirmation: Vec<Statement>,
    /// Contrast agent.
    pub contrast: Vec<Statement>,
    /// Steroid.
    pub steroid: Vec<Statement>,
    /// When not to begin.
    pub contraindications: Vec<Statement>,
    /// When to stop.
    pub stop_rules: Vec<Statement>,
    /// What the classes of bleeding risk ask for.
    pub bleeding: Vec<Statement>,
    /// Blocks of the planning checklist.
    pub checklist: Vec<ChecklistBlock>,
    /// What blocks or warns before a plan leaves.
    pub gates: Vec<Statement>,
}

/// A block of the planning checklist.
#[derive(Debug, Clone, PartialEq)]
pub struct ChecklistBlock {
    /// `Identity`.
    pub title: String,
    /// What is ticked off.
    pub items: Vec<Statement>,
}

impl SharedRules {
    /// Reads a shared file; everything that is wrong with it otherwise.
    pub(super) fn parse(file: &str, text: &str) -> Result<Self, Vec<FileProblem>> {
        let faults = Faults::new(file, text);
        let rules = faults.root().map(|root| {
            let table = TableReader::new(root.get_ref(), root.span(), &faults);
            table.schema(SCHEMA);
            let margins = table.tables("margin").into_iter();
            let rules = Self {
                margins: margins.filter_map(MarginRule::read).collect(),
                position: statements(&table, "position"),
                level_confirmation: statements(&table, "level_confirmation"),
                contrast: statements(&table, "contrast"),
                steroid: statements(&table, "steroid"),
                contraindications: statements(&table, "contraindications"),
                stop_rules: statements(&table, "stop_rules"),
                bleeding: statements(&table, "bleeding"),
                checklist: table
                    .tables("checklist")
                    .into_iter()
                    .filter_map(block)
                    .collect(),
                gates: statements(&table, "gates"),
            };
            table.finish();
            rules
        });
        let problems = faults.into_problems();
        rules.filter(|_| problems.is_empty()).ok_or(problems)
    }

    /// The own rules of a site over these: its margins come last and so count, its lists stand in
    /// place of ours where it has them.
    pub(super) fn overridden_by(mut self, own: Self) -> Self {
        self.margins.extend(own.margins);
        let lists = [
            (&mut self.position, own.position),
            (&mut self.level_confirmation, own.level_confirmation),
            (&mut self.contrast, own.contrast),
            (&mut self.steroid, own.steroid),
            (&mut self.contraindications, own.contraindications),
            (&mut self.stop_rules, own.stop_rules),
            (&mut self.bleeding, own.bleeding),
            (&mut self.gates, own.gates),
        ];
        for (ours, theirs) in lists {
            if !theirs.is_empty() {
                *ours = theirs;
            }
        }
        if !own.checklist.is_empty() {
            self.checklist = own.checklist;
        }
        self
    }
}

fn block(table: TableReader<'_>) -> Option<ChecklistBlock> {
    let title = table.required_text("title");
    let items = statements(&table, "items");
    table.finish();
    Some(ChecklistBlock {
        title: title?.value,
        items,
    })
}
