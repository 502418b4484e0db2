//! The page that asks what is to leave with the plan, and where to.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Button, ComboBox, Modal, RichText, ScrollArea, Ui};

use super::theme;
use crate::app::AppState;
use crate::app::command::{Command, CommandQueue, ExportCommand};
use crate::export::audited::AuditedPlan;
use crate::export::package::{ExportChoice, sheet_paths};
use crate::export::sheet::Paper;
use crate::plan::Plan;

/// Kinds of file: label, what it is good for, end of the name.
const KINDS: [(&str, &str, &str); 6] = [
    (
        "DICOM report (SR)",
        "for the archive; opens here again as a plan",
        "-sr.dcm",
    ),
    ("Slicer markups", "for 3D Slicer", ".mrk.json"),
    ("Table (CSV)", "for spreadsheets and scripts", ".csv"),
    ("Procedure sheet (PDF)", "to print", "-sheet.pdf"),
    ("Pictures (PNG)", "three of each needle", "-pictures"),
    ("DICOM pictures", "the same, for the archive", "-captures"),
];
const SHEET: usize = 3;

/// Longest list of objections, points.
const OBJECTIONS_POINTS: f32 = 110.0;

/// What is ticked.
pub struct ExportPage {
    ticked: [bool; KINDS.len()],
    paper: Paper,
    /// Unique name of the needle of sheet and pictures; `None` for all.
    needle: Option<String>,
    anonymous: bool,
    complete: bool,
    /// Where to.
    pub folder: Option<PathBuf>,
    /// Export was pressed and is not through yet.
    running: bool,
    held: Option<Held>,
}

/// The audit the page shows, and what it was made of: it is not made for every frame.
struct Held {
    plan: Arc<Plan>,
    structures: u64,
    waits: bool,
    audited: Arc<AuditedPlan>,
}

/// What the page asks of the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageAnswer {
    /// Ask for a folder.
    ChooseFolder,
    /// The page is done with.
    Close,
}

impl ExportPage {
    /// Report, table and sheet, beside the plan's own file.
    pub fn new(state: &AppState) -> Self {
        let beside = state.store.path.as_ref().and_then(|path| path.parent());
        Self {
            ticked: [true, false, false, true, false, false],
            paper: Paper::default(),
            needle: None,
            anonymous: state.settings.hide_patient,
            complete: false,
            folder: beside.map(Path::to_owned),
            running: false,
            held: None,
        }
    }

    /// Draws the page.
    pub fn ui(
        &mut self,
        ui: &mut Ui,
        state: &AppState,
        queue: &mut CommandQueue,
    ) -> Option<PageAnswer> {
        let busy = state.exports.is_busy();
        if self.running && !busy {
            self.running = false;
            let last = state.exports.last.as_ref();
            if last.is_some_and(|done| done.failures.is_empty()) {
                return Some(PageAnswer::Close);
            }
        }
        let mut answer = None;
        let modal = Modal::new(egui::Id::unique("export")).show(ui.ctx(), |ui| {
            ui.set_width(520.0);
            ui.heading("Export the plan");
            let audited = self.audited(state);
            let blocked = objections_ui(ui, &audited, state);
            ui.add_enabled_ui(!busy, |ui| {
                self.files_ui(ui);
                self.choices_ui(ui, &audited);
                if self.folder_ui(ui) {
                    answer = Some(PageAnswer::ChooseFolder);
                }
            });
            let choice = self.choice(state);
            self.replaced_ui(ui, choice.as_ref(), &audited);
            failures_ui(ui, state);
            ui.add_space(8.0);
            ui.horizontal(|ui| {
                let ready = !blocked && !busy && choice.as_ref().is_some_and(|c| !c.is_empty());
                let label = RichText::new("Export").strong();
                if ui.add_enabled(ready, Button::new(label)).clicked()
                    && let Some(choice) = choice
                {
                    self.running = true;
                    let write = ExportCommand::Write(Box::new(choice));
                    queue.push(Command::Export(write));
                }
                if let Some((done, all)) = state.exports.progress {
                    if ui.button("Stop").clicked() {
                        queue.push(Command::Export(ExportCommand::Cancel));
                    }
                    ui.label(format!("Writing {} of {}", done + 1, all.max(1)));
                } else if ui.button("Close").clicked() {
                    answer = Some(PageAnswer::Close);
                }
            });
        });
        if modal.should_close() && !busy && answer.is_none() {
            answer = Some(PageAnswer::Close);
        }
        answer
    }

    /// The audit of the plan as it is now.
    fn audited(&mut self, state: &AppState) -> Arc<AuditedPlan> {
        let plan = state.history.plan();
        let (structures, waits) = (
            state.structures.generation(),
            state.export_waits_for().is_some(),
        );
        if let Some(held) = &self.held
            && Arc::ptr_eq(&held.plan, plan)
            && (held.structures, held.waits) == (structures, waits)
        {
            return Arc::clone(&held.audited);
        }
        let audited = Arc::new(state.audited_plan());
        self.held = Some(Held {
            plan: Arc::clone(plan),
            structures,
            waits,
            audited: Arc::clone(&audited),
        });
        audited
    }

    fn files_ui(&mut self, ui: &mut Ui) {
        for ((label, what, _), ticked) in KINDS.iter().zip(&mut self.ticked) {
            ui.horizontal(|ui| {
                ui.checkbox(ticked, *label);
                ui.label(RichText::new(*what).color(theme::FAINT));
            });
        }
    }

    fn choices_ui(&mut self, ui: &mut Ui, audited: &AuditedPlan) {
        ui.add_space(4.0);
        let names: Vec<&str> = audited
            .complete()
            .map(|needle| needle.name.as_str())
            .collect();
        if names.len() > 1 {
            ui.horizontal(|ui| {
                let label = ui.label("Sheet and pictures of");
                let all = "all needles, a sheet each";
                ComboBox::from_id_salt("export needle")
                    .width(260.0)
                    .selected_text(self.needle.as_deref().unwrap_or(all))
                    .show_ui(ui, |ui| {
                        ui.selectable_value(&mut self.needle, None, all);
                        for name in &names {
                            let value = Some((*name).to_owned());
                            ui.selectable_value(&mut self.needle, value, *name);
                        }
                    })
                    .response
                    .labelled_by(label.id);
            });
        }
        ui.add_enabled_ui(self.ticked.get(SHEET) == Some(&true), |ui| {
            ui.horizontal(|ui| {
                ui.label("Paper");
                ui.radio_value(&mut self.paper, Paper::A4, "A4");
                ui.radio_value(&mut self.paper, Paper::Letter, "Letter");
            });
        });
        ui.checkbox(&mut self.anonymous, "Hide the patient in all files");
        ui.checkbox(
            &mut self.complete,
            "The plan is finished (report says COMPLETE)",
        );
    }

    /// True where a folder is to be chosen.
    fn folder_ui(&self, ui: &mut Ui) -> bool {
        ui.add_space(4.0);
        let mut asked = false;
        ui.horizontal(|ui| {
            asked = ui.button("Folder…").clicked();
            let (text, color) = match &self.folder {
                Some(folder) => (folder.display().to_string(), theme::LABEL),
                None => ("Choose where the files go".to_owned(), theme::WARNING),
            };
            let label = egui::Label::new(RichText::new(&text).color(color));
            ui.add(label.truncate()).on_hover_text(text);
        });
        asked
    }

    /// Says which files are there already.
    fn replaced_ui(&self, ui: &mut Ui, choice: Option<&ExportChoice>, audited: &AuditedPlan) {
        let Some(choice) = choice else { return };
        let names: Vec<&str> = audited
            .complete()
            .map(|needle| needle.name.as_str())
            .filter(|name| self.needle.as_deref().is_none_or(|wanted| wanted == *name))
            .collect();
        let sheets = choice.pdf.iter().flat_map(|pdf| sheet_paths(pdf, &names));
        let others = [
            &choice.sr,
            &choice.markups,
            &choice.csv,
            &choice.png,
            &choice.captures,
        ];
        let there: Vec<String> = others
            .into_iter()
            .flatten()
            .cloned()
            .chain(sheets)
            .filter(|path| path.exists())
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect();
        if !there.is_empty() {
            let text = format!("There already, will be replaced: {}", there.join(", "));
            ui.label(RichText::new(text).color(theme::WARNING));
        }
    }

    /// The files with their names; `None` without a folder.
    fn choice(&self, state: &AppState) -> Option<ExportChoice> {
        let folder = self.folder.as_ref()?;
        let stem = if self.anonymous {
            // A file is often named after its patient.
            "plan".to_owned()
        } else {
            plan_stem(state.store.path.as_deref())
        };
        let file = |index: usize| {
            let ticked = self.ticked.get(index).copied().unwrap_or_default();
            let (.., end) = KINDS.get(index)?;
            ticked.then(|| folder.join(format!("{stem}{end}")))
        };
        Some(ExportChoice {
            sr: file(0),
            markups: file(1),
            csv: file(2),
            pdf: file(SHEET),
            png: file(4),
            captures: file(5),
            paper: self.paper,
            needle: self.needle.clone(),
            anonymous: self.anonymous,
            complete: self.complete,
        })
    }
}

fn plan_stem(path: Option<&Path>) -> String {
    let name = path.and_then(Path::file_name).unwrap_or_default();
    let name = name.to_string_lossy();
    let stem = name.strip_suffix(".json").unwrap_or(&name);
    let stem = stem.strip_suffix(".stylet").unwrap_or(stem);
    if stem.is_empty() { "plan" } else { stem }.to_owned()
}

/// What stands against the export and what it must wait for; true where it is blocked.
fn objections_ui(ui: &mut Ui, audited: &AuditedPlan, state: &AppState) -> bool {
    let objections = audited.objections();
    if !objections.is_empty() {
        let title = RichText::new("Blocked").color(theme::ERROR).strong();
        ui.label(title);
        ScrollArea::vertical()
            .id_salt("objections")
            .max_height(OBJECTIONS_POINTS)
            .show(ui, |ui| {
                for objection in &objections {
                    ui.label(RichText::new(objection).color(theme::ERROR));
                }
            });
        ui.label("Correct the plan, or override in the Plan tab with a reason.");
        ui.separator();
    }
    let waits = state.export_waits_for();
    if let Some(why) = &waits {
        ui.label(RichText::new(format!("Wait: {why}")).color(theme::WARNING));
    }
    for warning in state.structures.warnings.iter().take(3) {
        ui.label(RichText::new(warning).color(theme::WARNING));
    }
    if state.structures.items().is_empty() {
        let text = "No structures are open: the sheet will say that clearances are not known.";
        ui.label(RichText::new(text).color(theme::WARNING));
    }
    !objections.is_empty() || waits.is_some()
}

/// Why files of the last export are missing.
fn failures_ui(ui: &mut Ui, state: &AppState) {
    let failures = state.exports.last.iter().flat_map(|done| &done.failures);
    for failure in failures.take(4) {
        ui.label(RichText::new(failure).color(theme::ERROR));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_named_after_the_plan() {
        for (path, stem) in [
            (Some("a/l4.stylet.json"), "l4"),
            (Some("x.json"), "x"),
            (Some(".stylet.json"), "plan"),
            (None, "plan"),
        ] {
            assert_eq!(plan_stem(path.map(Path::new)), stem, "{path:?}");
        }
    }
}
