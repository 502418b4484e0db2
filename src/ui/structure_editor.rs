//! The tools that draw structures, and the fields of the drawn one that is chosen.

use std::ops::RangeInclusive;

use egui::{ComboBox, DragValue, Response, RichText, Role, Sense, TextEdit, Ui, WidgetInfo};

use super::theme;
use crate::app::AppState;
use crate::app::command::{Command, CommandQueue, PlanCommand, StructureCommand};
use crate::app::tool::{StructureTool, ToolKind};
use crate::plan::{Color, DrawnShape, DrawnStructure, PlanEdit, StructureEdit};
use crate::volume::structure::StructureTable;

/// Draws the tools and the sizes they draw with.
pub fn tools_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    ui.horizontal_wrapped(|ui| {
        ui.label("Draw");
        for tool in StructureTool::ALL {
            let armed = state.tool == ToolKind::Structure(tool);
            let button = ui.selectable_label(armed, tool.title());
            if button.on_hover_text(tool.hint()).clicked() {
                let next = if armed {
                    ToolKind::Window
                } else {
                    ToolKind::Structure(tool)
                };
                queue.push(Command::Tool(next));
            }
        }
    });
    let ToolKind::Structure(tool) = state.tool else {
        return;
    };
    ui.label(RichText::new(tool.hint()).color(theme::INFO).small());
    let (mut tube, mut brush, mut reach) = (
        state.drawing.tube_radius_mm,
        state.drawing.brush_radius_mm,
        state.drawing.reach_mm,
    );
    let field = match tool {
        StructureTool::Sphere => return,
        StructureTool::Tube => number(ui, "Tube radius", (&mut tube, 0.5..=50.0, " mm")),
        StructureTool::Region => number(ui, "Region reach", (&mut reach, 2.0..=200.0, " mm")),
        StructureTool::Paint | StructureTool::Erase => {
            number(ui, "Brush radius", (&mut brush, 0.5..=50.0, " mm"))
        }
    };
    if field.changed() {
        queue.push(StructureCommand::DrawWith {
            tube_radius_mm: tube,
            brush_radius_mm: brush,
            reach_mm: reach,
        });
    }
}

/// A number with its name before it.
fn number(
    ui: &mut Ui,
    name: &str,
    (value, range, suffix): (&mut f64, RangeInclusive<f64>, &str),
) -> Response {
    ui.horizontal(|ui| {
        let label = ui.label(name);
        // Values of images: a hundredth of their size. Lengths: a tenth of a millimetre.
        let speed = match suffix {
            "" => (value.abs() / 100.0).max(0.01),
            _ => 0.1,
        };
        let drag = DragValue::new(value)
            .range(range)
            .speed(speed)
            .max_decimals(1)
            .suffix(suffix);
        ui.add(drag).labelled_by(label.id)
    })
    .inner
}

fn edit(queue: &mut CommandQueue, label: &'static str, edit: StructureEdit) {
    queue.push(PlanCommand::Edit(label, PlanEdit::Structure(edit)));
}

/// Draws the fields of a drawn structure.
pub fn editor_ui(ui: &mut Ui, drawn: &DrawnStructure, queue: &mut CommandQueue) {
    let id = drawn.id;
    name_ui(ui, drawn, queue);
    ui.horizontal(|ui| {
        let label = ui.label("Kind");
        let table = StructureTable::bundled();
        let words = |key: Option<&str>| match key {
            Some(key) => table.kind(key).map_or(key, |kind| &kind.name).to_owned(),
            None => "not said (no margins)".to_owned(),
        };
        ComboBox::from_id_salt("structure kind")
            .selected_text(words(drawn.kind.as_deref()))
            .width(ui.available_width() - 8.0)
            .show_ui(ui, |ui| {
                let keys = table.kinds().iter().map(|kind| Some(kind.key.as_str()));
                for key in std::iter::once(None).chain(keys) {
                    let chosen = drawn.kind.as_deref() == key;
                    if ui.selectable_label(chosen, words(key)).clicked() {
                        let kind = key.map(str::to_owned);
                        edit(queue, "Kind of structure", StructureEdit::SetKind(id, kind));
                    }
                }
            })
            .response
            .labelled_by(label.id);
    });
    colors_ui(ui, drawn, queue);
    shape_ui(ui, drawn, queue);
    if ui.button("Delete structure").clicked() {
        edit(queue, "Delete structure", StructureEdit::Remove(id));
    }
}

/// The name: typed text becomes one step when the field is left.
fn name_ui(ui: &mut Ui, drawn: &DrawnStructure, queue: &mut CommandQueue) {
    let key = egui::Id::unique(("structure name", drawn.id.0));
    let mut name = ui
        .data(|data| data.get_temp::<String>(key))
        .unwrap_or_else(|| drawn.name.clone());
    ui.horizontal(|ui| {
        let label = ui.label("Structure name");
        let field = TextEdit::singleline(&mut name).desired_width(f32::INFINITY);
        let response = ui.add(field).labelled_by(label.id);
        if response.changed() {
            ui.data_mut(|data| data.insert_temp(key, name.clone()));
        }
        if response.lost_focus() {
            ui.data_mut(|data| data.remove::<String>(key));
            let name = name.trim().to_owned();
            if !name.is_empty() && name != drawn.name {
                let rename = StructureEdit::Rename(drawn.id, name);
                edit(queue, "Rename structure", rename);
            }
        }
    });
}

fn colors_ui(ui: &mut Ui, drawn: &DrawnStructure, queue: &mut CommandQueue) {
    ui.horizontal(|ui| {
        for color in Color::PALETTE {
            let (rect, response) = ui.allocate_exact_size(egui::vec2(18.0, 18.0), Sense::click());
            let name = format!("Structure colour {}", String::from(color));
            response.widget_info(|| WidgetInfo::labeled(Role::Button, true, &name));
            let swatch = theme::needle_color(color);
            ui.painter().rect_filled(rect.shrink(2.0), 3.0, swatch);
            if color == drawn.color {
                let edge = egui::Stroke::new(2.0, egui::Color32::WHITE);
                ui.painter()
                    .rect_stroke(rect, 3.0, edge, egui::StrokeKind::Inside);
            }
            if response.clicked() {
                let edit_color = StructureEdit::SetColor(drawn.id, color);
                edit(queue, "Colour of structure", edit_color);
            }
        }
    });
}

/// Radius, or the bounds and the reach of a region; a drag over a number is one step.
fn shape_ui(ui: &mut Ui, drawn: &DrawnStructure, queue: &mut CommandQueue) {
    let mut shape = drawn.shape.clone();
    let fields = match &mut shape {
        DrawnShape::Sphere { radius_mm, .. } | DrawnShape::Tube { radius_mm, .. } => {
            vec![number(ui, "Radius", (radius_mm, 0.1..=200.0, " mm"))]
        }
        DrawnShape::Region {
            low,
            high,
            reach_mm,
            strokes,
            ..
        } => {
            let (least, most) = (*low, *high);
            let strokes = strokes.len();
            let fields = vec![
                number(ui, "Lower value", (low, -1e5..=most, "")),
                number(ui, "Upper value", (high, least..=1e5, "")),
                number(ui, "Reach", (reach_mm, 0.1..=200.0, " mm")),
            ];
            let words = format!("{strokes} brush strokes");
            ui.label(RichText::new(words).color(theme::FAINT));
            fields
        }
    };
    let label = "Reshape structure";
    if fields.iter().any(Response::drag_started) {
        queue.push(PlanCommand::Begin(label));
    }
    if fields.iter().any(Response::changed) && shape != drawn.shape {
        edit(queue, label, StructureEdit::SetShape(drawn.id, shape));
    }
    if fields.iter().any(Response::drag_stopped) {
        queue.push(PlanCommand::Commit);
    }
}
