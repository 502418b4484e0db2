//! Pages over the window: keys and mouse, skipped files, settings, recovery, about, leaving.

use egui::{ComboBox, DragValue, Grid, Modal, RichText, ScrollArea, Ui};

use super::theme;
use crate::app::AppState;
use crate::app::action::Action;
use crate::app::command::{Command, CommandQueue, FileCommand};
use crate::app::notice::{Notice, Severity};
use crate::app::settings::{BackEnd, DragAction, Settings};
use crate::budget::{MEMORY, default_limit};
use crate::dicom::Rejected;
use crate::ui::menu_bar::Page;

/// What the mouse does, beside the keys of the action table.
const MOUSE: [(&str, &str); 12] = [
    (
        "Left drag",
        "the active tool (window and level at first); takes hold of needle ends, shafts, measurements and crosshair lines",
    ),
    (
        "Measuring tools",
        "click point after point, or drag from one to the next; regions from corner to corner",
    ),
    ("Wheel", "one slice; along a needle in its views"),
    ("Ctrl + wheel", "zoom at the pointer"),
    ("Middle drag", "pan (see Settings)"),
    ("Right drag", "zoom (see Settings)"),
    ("Shift + move", "crosshair follows the pointer"),
    ("Double click", "one viewport over the whole area, and back"),
    (
        "Crosshair line, drag",
        "moves the plane it stands for; the ring on it turns that plane",
    ),
    (
        "Arrow keys",
        "move the selected needle or end by 0.5 mm in the active view (with Shift 5 mm); left and right step through a run",
    ),
    ("Page up, page down", "one slice in the active view"),
    ("+ and −", "zoom the active view"),
];

/// Draws the open page. True where it was closed.
pub fn page_ui(ui: &mut Ui, page: Page, state: &AppState, queue: &mut CommandQueue) -> bool {
    let mut closed = false;
    let modal = Modal::new(egui::Id::unique("page")).show(ui.ctx(), |ui| {
        ui.set_max_width(640.0);
        match page {
            Page::Help => help_ui(ui),
            Page::Skipped => skipped_ui(ui, state),
            Page::Settings => settings_ui(ui, state, queue),
            Page::About => about_ui(ui),
        }
        ui.add_space(8.0);
        closed = ui.button("Close").clicked();
    });
    closed || modal.should_close()
}

fn help_ui(ui: &mut Ui) {
    ui.heading("Keys and mouse");
    ScrollArea::vertical().max_height(520.0).show(ui, |ui| {
        Grid::new("mouse")
            .num_columns(2)
            .striped(true)
            .show(ui, |ui| {
                for (what, does) in MOUSE {
                    ui.label(RichText::new(what).monospace());
                    ui.add(egui::Label::new(does).wrap());
                    ui.end_row();
                }
                for action in Action::all() {
                    let Some(shortcut) = action.shortcut() else {
                        continue;
                    };
                    ui.label(RichText::new(shortcut.text()).monospace());
                    let name = match action {
                        Action::Preset(_) => format!("window: {}", action.label()),
                        Action::Target | Action::Entry => {
                            format!("{} at the pointer", action.label())
                        }
                        _ => action.label().to_owned(),
                    };
                    ui.label(name);
                    ui.end_row();
                }
            });
    });
}

fn skipped_ui(ui: &mut Ui, state: &AppState) {
    ui.heading("Skipped files");
    if state.rejected.is_empty() {
        ui.label("The last import skipped nothing.");
    }
    ScrollArea::vertical().max_height(480.0).show(ui, |ui| {
        for rejected in &state.rejected {
            ui.label(RichText::new(rejected.path.display().to_string()).monospace());
            let reason = format!("{}: {}", Rejected::DISPOSITION.title(), rejected.reason);
            ui.label(RichText::new(reason).color(theme::WARNING));
        }
    });
}

fn settings_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    ui.heading("Settings");
    let mut settings: Settings = state.settings.clone();
    ui.checkbox(
        &mut settings.snap_entry_to_skin,
        "A placed or moved entry goes to the skin along the needle",
    );
    ui.checkbox(
        &mut settings.crosshair_follows_needle,
        "Slice views follow a dragged needle",
    );
    ui.checkbox(&mut settings.hide_patient, "Hide patient names and ids");
    drag_choice(ui, "Middle drag", &mut settings.middle_drag);
    drag_choice(ui, "Right drag", &mut settings.secondary_drag);
    ui.horizontal(|ui| {
        let label = ui.label("Pictures are made by");
        ComboBox::from_id_salt("back end")
            .selected_text(settings.back_end.title())
            .show_ui(ui, |ui| {
                for choice in [BackEnd::Auto, BackEnd::Cpu, BackEnd::Gpu] {
                    ui.selectable_value(&mut settings.back_end, choice, choice.title());
                }
            })
            .response
            .labelled_by(label.id);
    });
    memory_choice(ui, &mut settings);
    ui.horizontal(|ui| {
        let label = ui.label("Needle of new paths");
        let current = state
            .catalogue
            .find(&settings.needle)
            .map_or("", |needle| needle.name.as_str());
        ComboBox::from_id_salt("default needle")
            .selected_text(current)
            .show_ui(ui, |ui| {
                for needle in &state.catalogue.needles {
                    ui.selectable_value(&mut settings.needle, needle.id.clone(), &needle.name);
                }
            })
            .response
            .labelled_by(label.id);
    });
    if settings != state.settings {
        queue.push(Command::Settings(settings));
    }
}

/// Memory for studies: automatic, or a number.
fn memory_choice(ui: &mut Ui, settings: &mut Settings) {
    const GIBIBYTE: f64 = (1_u64 << 30) as f64;
    ui.horizontal(|ui| {
        let label = ui.label("Memory for studies");
        let mut own = settings.memory_gib.is_some();
        let automatic = default_limit() as f64 / GIBIBYTE;
        ui.checkbox(&mut own, "at most");
        let mut gib = settings.memory_gib.unwrap_or(automatic);
        let value = DragValue::new(&mut gib)
            .range(0.25..=1024.0)
            .speed(0.1)
            .max_decimals(2)
            .suffix(" GB");
        ui.add_enabled(own, value).labelled_by(label.id);
        settings.memory_gib = own.then_some(gib);
        let used = MEMORY.used() as f64 / GIBIBYTE;
        ui.label(RichText::new(format!("{used:.1} GB in use")).color(theme::FAINT));
    });
}

fn drag_choice(ui: &mut Ui, title: &str, choice: &mut DragAction) {
    ui.horizontal(|ui| {
        let label = ui.label(title);
        ComboBox::from_id_salt(title)
            .selected_text(choice.title())
            .show_ui(ui, |ui| {
                for action in DragAction::ALL {
                    ui.selectable_value(choice, action, action.title());
                }
            })
            .response
            .labelled_by(label.id);
    });
}

fn about_ui(ui: &mut Ui) {
    ui.heading(concat!("Stylet ", env!("CARGO_PKG_VERSION")));
    ui.label("Plans needle paths for image-guided spine interventions on CT and MR.");
    ui.add_space(6.0);
    ui.label(
        "Stylet is planning and teaching software, not a certified medical device. Check every \
         number against your own judgement and the images in the room.",
    );
    ui.add_space(6.0);
    ui.label(RichText::new("MIT or Apache-2.0 licence").color(theme::FAINT));
}

/// Offers what a program that died has left behind.
pub fn recovery_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let Some(recovery) = state.store.recoveries.first() else {
        return;
    };
    // A plan is taken back onto its images: they must be there first.
    if state.imports.is_busy() {
        return;
    }
    Modal::new(egui::Id::unique("recovery")).show(ui.ctx(), |ui| {
        ui.set_max_width(480.0);
        ui.heading("Recover a plan?");
        let count = recovery.plan.trajectories.len();
        let from = recovery
            .plan_path
            .as_ref()
            .map_or("It was never saved.".to_owned(), |path| {
                format!("It belongs to {}", path.display())
            });
        ui.label(format!(
            "Stylet ended without saving a plan of {count} needle{}. {from}",
            if count == 1 { "" } else { "s" }
        ));
        if recovery.plan.series.is_some() && state.stage.is_none() {
            ui.label(
                RichText::new("Open its study afterwards to see it on the images.")
                    .color(theme::FAINT),
            );
        }
        let more = state.store.recoveries.len() - 1;
        if more > 0 {
            ui.label(
                RichText::new(format!("{more} older can be recovered after it."))
                    .color(theme::FAINT),
            );
        }
        let refused = |notice: &&Notice| notice.severity == Severity::Error;
        if let Some(notice) = state.notices.latest().filter(refused) {
            ui.label(RichText::new(&notice.text).color(theme::WARNING));
        }
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if ui.button("Recover").clicked() {
                queue.push(FileCommand::Recover(0));
            }
            if ui.button("Later").clicked() {
                queue.push(FileCommand::RecoverLater);
            }
            if ui.button("Discard for good").clicked() {
                queue.push(FileCommand::DiscardRecovery(0));
            }
        });
    });
}

/// Asks before a save replaces another file.
pub fn overwrite_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let Some(path) = &state.store.overwrite else {
        return;
    };
    Modal::new(egui::Id::unique("overwrite")).show(ui.ctx(), |ui| {
        ui.set_max_width(480.0);
        ui.heading("Replace the other file?");
        ui.label(format!("{} is there already.", path.display()));
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            if ui.button("Replace it").clicked() {
                queue.push(FileCommand::SaveOver(path.clone()));
            }
            if ui.button("Keep it").clicked() {
                queue.push(FileCommand::KeepOther);
            }
        });
    });
}

/// What to do with changes when leaving or starting anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeaveChoice {
    /// Save first.
    Save,
    /// Give the changes up.
    Discard,
    /// Stay.
    Stay,
}

/// Asks what to do with unsaved changes.
pub fn leave_ui(ui: &mut Ui) -> Option<LeaveChoice> {
    let mut choice = None;
    Modal::new(egui::Id::unique("leave")).show(ui.ctx(), |ui| {
        ui.heading("Save the plan?");
        ui.label("The plan has changes that are not saved.");
        ui.add_space(8.0);
        ui.horizontal(|ui| {
            for (label, meaning) in [
                ("Save", LeaveChoice::Save),
                ("Discard changes", LeaveChoice::Discard),
                ("Stay", LeaveChoice::Stay),
            ] {
                if ui.button(label).clicked() {
                    choice = Some(meaning);
                }
            }
        });
    });
    choice
}
