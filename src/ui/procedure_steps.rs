//! The steps of the chosen procedure in a window of their own: views in order, end point, volumes,
//! checklist, when to stop, each with what it rests on.

use egui::text::LayoutJob;
use egui::{CollapsingHeader, Context, Id, RichText, Ui, Window};

use super::rows::job_of;
use super::theme;
use crate::app::AppState;
use crate::plan::procedure::{Source, Statement, Unit};
use crate::plan::{Intent, Procedure};

fn open_key() -> Id {
    Id::unique("steps of the procedure are shown")
}

/// The button that opens and closes the window.
pub fn button_ui(ui: &mut Ui) {
    let mut open = ui.data(|data| data.get_temp(open_key()).unwrap_or(false));
    let words = "Views, end point, volumes, checklist and stop rules of the procedure";
    if ui
        .toggle_value(&mut open, "Steps")
        .on_hover_text(words)
        .clicked()
    {
        ui.data_mut(|data| data.insert_temp(open_key(), open));
    }
}

/// The window, while it is open.
pub fn window_ui(ctx: &Context, state: &AppState, (intent, procedure): (&Intent, &Procedure)) {
    if !ctx.data(|data| data.get_temp(open_key()).unwrap_or(false)) {
        return;
    }
    let mut open = true;
    Window::new(format!("Steps: {}", procedure.title))
        .id(Id::unique("steps of the procedure"))
        .open(&mut open)
        .default_pos([240.0, 70.0])
        .default_size([440.0, 560.0])
        .vscroll(true)
        .show(ctx, |ui| steps_ui(ui, state, (intent, procedure)));
    if !open {
        ctx.data_mut(|data| data.insert_temp(open_key(), false));
    }
}

fn steps_ui(ui: &mut Ui, state: &AppState, (intent, procedure): (&Intent, &Procedure)) {
    let shared = &state.library.shared;
    let words = "P, A, D: paper or guideline of the list; K: recall, verify; C: computed; E, ours: proposal \
                 without clinical authority; unmarked: no source given.";
    ui.label(RichText::new(words).color(theme::FAINT).small());
    section(ui, "Target", true, |ui| {
        marked(ui, "", &procedure.target.short, &procedure.target.source);
        marked(ui, "", &procedure.target.long, &procedure.target.source);
    });
    section(ui, "Views in order", true, |ui| views_ui(ui, procedure));
    let lists: [(&str, bool, &[Statement], &[Statement]); 9] = [
        ("Guidance", false, &procedure.guidance, &[]),
        ("Position", false, &[], &shared.position),
        ("Level", false, &[], &shared.level_confirmation),
        ("Entry", true, &procedure.entry_notes, &[]),
        ("End point", true, &procedure.end_point, &[]),
        (
            "Contrast pattern",
            true,
            &procedure.contrast_pattern,
            &shared.contrast,
        ),
        (
            "Stop rules",
            true,
            &procedure.stop_rules,
            &shared.stop_rules,
        ),
        (
            "Contraindications",
            false,
            &procedure.contraindications,
            &shared.contraindications,
        ),
        ("Evidence", false, &procedure.evidence, &[]),
    ];
    for (title, open, own, common) in lists {
        if title == "Stop rules" {
            volumes_ui(ui, procedure, &shared.steroid);
            checklist_ui(ui, state, procedure);
        }
        if own.is_empty() && common.is_empty() {
            continue;
        }
        section(ui, title, open, |ui| {
            for said in own.iter().chain(common) {
                marked(ui, "• ", &said.text, &said.source);
            }
        });
    }
    bleeding_ui(ui, procedure, &shared.bleeding);
    margins_ui(ui, state, (intent, procedure));
}

fn section(ui: &mut Ui, title: &str, open: bool, contents: impl FnOnce(&mut Ui)) {
    CollapsingHeader::new(RichText::new(title).strong())
        .id_salt(title)
        .default_open(open)
        .show(ui, contents);
}

/// A sentence with its marks behind it.
fn marked(ui: &mut Ui, before: &str, text: &str, source: &Source) {
    let proposal = if source.is_proposal() {
        ", proposal"
    } else {
        ""
    };
    let marks = format!("  [{source}{proposal}]");
    let job: LayoutJob = job_of(
        ui,
        &[
            (before, theme::FAINT),
            (text, theme::TEXT),
            (&marks, theme::FAINT),
        ],
    );
    ui.label(job);
}

fn views_ui(ui: &mut Ui, procedure: &Procedure) {
    if procedure.views.is_empty() {
        ui.label(RichText::new("The sheet names none").color(theme::FAINT));
    }
    for (index, view) in procedure.views.iter().enumerate() {
        let number = format!("{}. ", index + 1);
        let text = format!("{}: {}", view.name, view.see);
        marked(ui, &number, &text, &view.source);
        let angles = [("oblique", &view.oblique), ("tilt", &view.tilt)];
        for (what, range) in angles {
            if let Some(range) = range {
                let words = format!("     {what} {}", range.words(Unit::Degrees));
                ui.label(RichText::new(words).color(theme::FAINT))
                    .on_hover_text("Oblique: + on the side of the procedure. Tilt: + cephalad");
            }
        }
    }
}

fn volumes_ui(ui: &mut Ui, procedure: &Procedure, steroid: &[Statement]) {
    if procedure.volumes.is_empty() {
        return;
    }
    section(ui, "Volumes", true, |ui| {
        for volume in &procedure.volumes {
            let mut words = format!("• {} {}", volume.what, volume.ml.words(Unit::Ml));
            words.extend(volume.ml.note.iter().map(|note| format!(", {note}")));
            ui.label(words);
            for other in &volume.ml.also {
                let note = other.note.as_deref().unwrap_or("also");
                let words = format!("     {note}: {}", other.words(Unit::Ml));
                ui.label(RichText::new(words).color(theme::FAINT));
            }
        }
        for said in steroid {
            marked(ui, "• ", &said.text, &said.source);
        }
    });
}

fn checklist_ui(ui: &mut Ui, state: &AppState, procedure: &Procedure) {
    section(ui, "Checklist", true, |ui| {
        for said in &procedure.checklist {
            marked(ui, "[  ] ", &said.text, &said.source);
        }
        for block in &state.library.shared.checklist {
            ui.label(RichText::new(&block.title).color(theme::FAINT));
            for said in &block.items {
                marked(ui, "[  ] ", &said.text, &said.source);
            }
        }
    });
}

fn bleeding_ui(ui: &mut Ui, procedure: &Procedure, shared: &[Statement]) {
    let own = &procedure.bleeding;
    let classes = [
        ("Stated: ", &own.stated),
        ("ASRA: ", &own.asra),
        ("SIR 2019: ", &own.sir),
    ];
    section(ui, "Bleeding risk", false, |ui| {
        for (family, said) in classes {
            if let Some(said) = said {
                marked(ui, family, &said.text, &said.source);
            }
        }
        for said in shared {
            marked(ui, "• ", &said.text, &said.source);
        }
    });
}

/// The margins that hold, as the clearances go by them.
fn margins_ui(ui: &mut Ui, state: &AppState, (intent, procedure): (&Intent, &Procedure)) {
    let Some(level) = intent.level else { return };
    section(ui, "Margins", false, |ui| {
        for margin in state.library.margins(procedure, level, intent.side) {
            let words = super::clearance_list::margin_words(&margin);
            let text = format!("{}: {words}", margin.kind.replace('_', " "));
            marked(ui, "• ", &text, &margin.source);
        }
    });
}
