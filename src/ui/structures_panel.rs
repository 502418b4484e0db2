//! The list of structures: shown or hidden, found, opened, searched; and the tools to draw some.

use egui::{
    Align, Button, Checkbox, Layout, RichText, Role, ScrollArea, TextEdit, Ui, UiBuilder,
    WidgetInfo,
};

use super::structure_editor::{editor_ui, tools_ui};
use super::theme;
use crate::app::AppState;
use crate::app::action::Action;
use crate::app::command::{Command, CommandQueue, Selection, StructureCommand};
use crate::app::structure_stage::{ShownStructure, StructureLook};
use crate::volume::structure::StructureTable;

/// Height of a row, points.
const ROW_POINTS: f32 = 21.0;

/// One line of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Row {
    /// A kind, with the places of its structures.
    Kind(String, Vec<usize>),
    /// A structure, by its place.
    Structure(usize),
}

/// Draws the panel.
pub fn structures_panel_ui(
    ui: &mut Ui,
    state: &AppState,
    queue: &mut CommandQueue,
) -> Option<Action> {
    let mut action = None;
    ui.horizontal(|ui| {
        let mut look = state.structure_look;
        let shown = ui.checkbox(&mut look.shown, "Show structures");
        if shown
            .on_hover_text("Outlines, surfaces and names (J)")
            .changed()
        {
            queue.push(StructureCommand::Look(look));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let open = ui.add_enabled(
                Action::OpenStructures.is_enabled(state),
                Button::new("Open structures…"),
            );
            let tip = "DICOM Segmentation, RT Structure Set or NIfTI label map";
            if open.on_hover_text(tip).clicked() {
                action = Some(Action::OpenStructures);
            }
        });
    });
    opacity_ui(ui, state, queue);
    progress_ui(ui, state);
    warnings_ui(ui, state);
    ui.separator();
    if state.plan_fits() {
        tools_ui(ui, state, queue);
        if let Some(drawn) = state.selected_drawn() {
            ui.separator();
            editor_ui(ui, drawn, queue);
        }
    } else {
        let words = "The open plan belongs to other images.";
        ui.label(RichText::new(words).color(theme::WARNING));
    }
    ui.separator();
    list_ui(ui, state, queue);
    action
}

fn opacity_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let mut percent = state.structure_look.opacity * 100.0;
    ui.horizontal(|ui| {
        let label = ui.label("Opacity in 3D");
        let slider = egui::Slider::new(&mut percent, 10.0..=100.0)
            .suffix(" %")
            .fixed_decimals(0);
        if ui.add(slider).labelled_by(label.id).changed() {
            queue.push(StructureCommand::Look(StructureLook {
                opacity: percent / 100.0,
                ..state.structure_look
            }));
        }
    });
}

fn progress_ui(ui: &mut Ui, state: &AppState) {
    if let Some(words) = state.structures.progress() {
        ui.horizontal(|ui| {
            ui.spinner();
            ui.add(egui::Label::new(RichText::new(words).color(theme::INFO)).truncate());
        });
    }
}

fn warnings_ui(ui: &mut Ui, state: &AppState) {
    let warnings = &state.structures.warnings;
    if warnings.is_empty() {
        return;
    }
    ScrollArea::vertical()
        .id_salt("structure warnings")
        .max_height(90.0)
        .show(ui, |ui| {
            for warning in warnings {
                ui.label(RichText::new(warning).color(theme::WARNING).small());
            }
        });
}

fn list_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let items = state.structures.items();
    if items.is_empty() {
        if !state.structures.is_busy() {
            let hint = "No structures. A DICOM Segmentation or RT Structure Set of the study is \
                        shown by itself; open another file, or draw one.";
            ui.label(RichText::new(hint).color(theme::FAINT));
        }
        return;
    }
    let search = search_ui(ui);
    let by_kind = by_kind_ui(ui, items, queue);
    let found = found(items, &search);
    let shown = items.iter().filter(|item| item.visible).count();
    let count = if search.is_empty() {
        format!("{} structures, {shown} shown", items.len())
    } else {
        format!("{} of {} structures found", found.len(), items.len())
    };
    ui.label(RichText::new(count).color(theme::FAINT));
    let rows = rows(items, found, by_kind);
    ScrollArea::vertical()
        .id_salt("structures")
        .auto_shrink([false, false])
        .show_rows(ui, ROW_POINTS, rows.len(), |ui, range| {
            let first = range.start;
            let seen = rows.get(range).unwrap_or_default();
            for (place, row) in seen.iter().enumerate() {
                one_row(ui, first + place, |ui| match row {
                    Row::Kind(word, places) => kind_row(ui, items, (word, places), queue),
                    Row::Structure(index) => {
                        structure_row(ui, state, (*index, by_kind), queue);
                    }
                });
            }
        });
}

/// Draws a row of exactly the height that the list reckons with.
fn one_row(ui: &mut Ui, place: usize, content: impl FnOnce(&mut Ui)) {
    let size = egui::vec2(ui.available_width(), ROW_POINTS);
    let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
    let builder = UiBuilder::new().id_salt(("row", place)).max_rect(rect);
    let layout = Layout::left_to_right(Align::Center);
    content(&mut ui.new_child(builder.layout(layout)));
}

fn search_ui(ui: &mut Ui) -> String {
    let key = egui::Id::unique("structure search");
    let mut search = ui
        .data(|data| data.get_temp::<String>(key))
        .unwrap_or_default();
    ui.horizontal(|ui| {
        let label = ui.label("Find structure");
        let edit = TextEdit::singleline(&mut search)
            .hint_text("name or kind")
            .desired_width(f32::INFINITY);
        if ui.add(edit).labelled_by(label.id).changed() {
            ui.data_mut(|data| data.insert_temp(key, search.clone()));
        }
    });
    search
}

fn by_kind_ui(ui: &mut Ui, items: &[ShownStructure], queue: &mut CommandQueue) -> bool {
    let key = egui::Id::unique("structures by kind");
    let mut by_kind = ui.data(|data| data.get_temp::<bool>(key)).unwrap_or(true);
    ui.horizontal(|ui| {
        let all = |visible: bool| items.iter().all(|item| item.visible == visible);
        for (words, visible) in [("All on", true), ("All off", false)] {
            if ui.add_enabled(!all(visible), Button::new(words)).clicked() {
                queue.push(StructureCommand::ShowAll(visible));
            }
        }
        if ui.checkbox(&mut by_kind, "By kind").changed() {
            ui.data_mut(|data| data.insert_temp(key, by_kind));
        }
    });
    by_kind
}

/// Places of the structures whose name or kind holds all words of the search.
fn found(items: &[ShownStructure], search: &str) -> Vec<usize> {
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() {
        return (0..items.len()).collect();
    }
    let holds = |item: &ShownStructure| {
        let text = format!("{} {}", item.structure.name, item.kind_word()).to_lowercase();
        words.iter().all(|word| text.contains(word.as_str()))
    };
    let all = items.iter().enumerate();
    all.filter(|(_, item)| holds(item))
        .map(|(index, _)| index)
        .collect()
}

/// What a structure is listed under.
fn group(item: &ShownStructure) -> &str {
    if item.drawn.is_some() {
        "Drawn by hand"
    } else {
        item.kind_word()
    }
}

/// The lines of the list: drawn ones first, then by kind in the order of the table, each by name.
fn rows(items: &[ShownStructure], mut places: Vec<usize>, by_kind: bool) -> Vec<Row> {
    let kinds = StructureTable::bundled().kinds();
    let rank = |item: &ShownStructure| {
        let key = item.structure.kind.as_deref();
        let place = kinds.iter().position(|kind| Some(kind.key.as_str()) == key);
        place.unwrap_or(kinds.len())
    };
    places.sort_by_cached_key(|&index| {
        items.get(index).map(|item| {
            let drawn = item.drawn.is_some();
            let kind = if by_kind && !drawn { rank(item) } else { 0 };
            (!drawn, kind, item.structure.name.to_lowercase())
        })
    });
    if !by_kind {
        return places.into_iter().map(Row::Structure).collect();
    }
    let word = |index: usize| items.get(index).map_or("", group);
    places
        .chunk_by(|&a, &b| word(a) == word(b))
        .flat_map(|members| {
            let name = members.first().map_or("", |&index| word(index));
            let head = Row::Kind(name.to_owned(), members.to_vec());
            let members = members.iter().map(|&index| Row::Structure(index));
            std::iter::once(head).chain(members)
        })
        .collect()
}

/// A check box that is named for what it shows.
fn eye(ui: &mut Ui, (mut on, some): (bool, bool), name: &str) -> Option<bool> {
    let part = some && !on;
    let response = ui.add(Checkbox::without_text(&mut on).indeterminate(part));
    response.widget_info(|| WidgetInfo::selected(Role::CheckBox, true, on, format!("Show {name}")));
    response.changed().then_some(on)
}

fn kind_row(
    ui: &mut Ui,
    items: &[ShownStructure],
    (word, places): (&str, &[usize]),
    queue: &mut CommandQueue,
) {
    let visible = |&&index: &&usize| items.get(index).is_some_and(|item| item.visible);
    let shown = places.iter().filter(visible).count();
    ui.horizontal(|ui| {
        let all = shown == places.len();
        if let Some(on) = eye(ui, (all, shown > 0), &format!("all: {word}")) {
            queue.push(StructureCommand::ShowSet(places.to_vec(), on));
        }
        ui.label(RichText::new(word).strong());
        let count = format!("{shown} of {}", places.len());
        ui.label(RichText::new(count).color(theme::FAINT));
    });
}

fn structure_row(
    ui: &mut Ui,
    state: &AppState,
    (index, by_kind): (usize, bool),
    queue: &mut CommandQueue,
) {
    let Some(item) = state.structures.items().get(index) else {
        return;
    };
    let name = &item.structure.name;
    ui.horizontal(|ui| {
        if by_kind {
            ui.add_space(12.0);
        }
        if let Some(on) = eye(ui, (item.visible, false), name) {
            queue.push(StructureCommand::Show(index, on));
        }
        let (rect, _) = ui.allocate_exact_size(egui::vec2(11.0, 11.0), egui::Sense::hover());
        let [r, g, b] = item.structure.color;
        let color = egui::Color32::from_rgb(r, g, b);
        ui.painter().rect_filled(rect, 2.0, color);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let find = ui.add_enabled(item.voxels > 0, Button::new("Find").small());
            let words = format!("Find {name}");
            find.widget_info(|| WidgetInfo::labeled(Role::Button, true, &words));
            if find.on_hover_text("Shows it and goes there").clicked() {
                if !item.visible {
                    queue.push(StructureCommand::Show(index, true));
                }
                queue.push(StructureCommand::GoTo(index));
            }
            if !by_kind {
                let word = RichText::new(item.kind_word()).color(theme::FAINT).small();
                ui.label(word);
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                name_ui(ui, state, item, queue);
            });
        });
    });
}

/// The name; that of a drawn one chooses it.
fn name_ui(ui: &mut Ui, state: &AppState, item: &ShownStructure, queue: &mut CommandQueue) {
    let name = &item.structure.name;
    let color = if item.voxels == 0 || !item.visible {
        theme::FAINT
    } else {
        theme::TEXT
    };
    let text = RichText::new(name).color(color);
    let Some(id) = item.drawn else {
        let why = if item.voxels == 0 {
            "It has no voxels"
        } else {
            item.kind_word()
        };
        ui.add(egui::Label::new(text).truncate()).on_hover_text(why);
        return;
    };
    let selected = state.selection == Selection::Structure(id);
    let button = Button::selectable(selected, text).truncate();
    if ui
        .add(button)
        .on_hover_text("Drawn by hand: choose it to change it")
        .clicked()
    {
        queue.push(Command::Select(Selection::Structure(id)));
    }
}
