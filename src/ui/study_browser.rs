//! Patient › study › series, with a small picture of each stack.

use std::collections::HashMap;
use std::path::PathBuf;

use egui::{
    Color32, ColorImage, RichText, Role, ScrollArea, TextureHandle, TextureOptions, Ui, WidgetInfo,
};

use super::{format, glyphs, theme};
use crate::app::AppState;
use crate::app::command::{CommandQueue, StudyCommand};
use crate::app::import::{StackKey, Thumbnail};
use crate::study::{ObjectKind, OtherObject, Series, Stack, StackKind, StackWarning, Study};

/// Edge of a small picture, points.
const PICTURE_POINTS: f32 = 52.0;

/// Textures of the small pictures.
#[derive(Default)]
pub struct StudyBrowser {
    textures: HashMap<StackKey, TextureHandle>,
    /// A report that was asked to be opened as a plan.
    pub as_plan: Option<PathBuf>,
}

impl StudyBrowser {
    /// Draws the tree.
    pub fn ui(&mut self, ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
        ui.add_space(4.0);
        ui.label(RichText::new("Studies").strong());
        if state.catalog.studies.is_empty() {
            ui.add_space(6.0);
            ui.label(
                RichText::new("None open. Drop a folder here, or use the Study menu.")
                    .color(theme::FAINT),
            );
            return;
        }
        ScrollArea::vertical()
            .auto_shrink([false, false])
            .show(ui, |ui| {
                for study in &state.catalog.studies {
                    study_head(ui, study, state);
                    for series in &study.series {
                        for stack in 0..series.stacks.len() {
                            self.stack_ui(ui, (series, stack), state, queue);
                        }
                    }
                    let asked = objects_ui(ui, study, state.settings.hide_patient);
                    self.as_plan = asked.or(self.as_plan.take());
                    ui.add_space(6.0);
                }
            });
    }

    fn stack_ui(
        &mut self,
        ui: &mut Ui,
        (series, index): (&Series, usize),
        state: &AppState,
        queue: &mut CommandQueue,
    ) {
        let Some(stack) = series.stacks.get(index) else {
            return;
        };
        let shown = state
            .stage
            .as_ref()
            .is_some_and(|stage| stage.series.uid == series.uid && stage.stack == index);
        let fill = if shown {
            ui.visuals().selection.bg_fill
        } else {
            Color32::TRANSPARENT
        };
        let title = match stack.name.as_str() {
            "" => series.title(),
            name => format!("{} – {name}", series.title()),
        };
        let title = glyphs::drawable(ui.ctx(), &title).into_owned();
        let counted = match stack.kind {
            StackKind::Volume => format!("{} slices", stack.frames.len()),
            StackKind::Images if stack.frames.len() == 1 => "1 picture".to_owned(),
            StackKind::Images => format!("{} pictures", stack.frames.len()),
            StackKind::Cine => format!("run of {} frames", stack.frames.len()),
        };
        let inner = egui::Frame::new()
            .fill(fill)
            .corner_radius(3.0)
            .inner_margin(4.0)
            .show(ui, |ui| {
                ui.set_width(ui.available_width());
                ui.horizontal(|ui| {
                    self.picture_ui(ui, &(series.uid.clone(), index), state);
                    ui.vertical(|ui| {
                        ui.add(
                            egui::Label::new(RichText::new(series.title()).strong())
                                .truncate()
                                .selectable(false),
                        );
                        if !stack.name.is_empty() {
                            let name = RichText::new(&stack.name).color(theme::LABEL);
                            ui.add(egui::Label::new(name).wrap().selectable(false));
                        }
                        let object = series.object_kind().map(ObjectKind::name);
                        let parts = [Some(series.modality.as_str()), object, Some(&counted)];
                        let line = parts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
                        let line = glyphs::drawable(ui.ctx(), &line).into_owned();
                        ui.add(
                            egui::Label::new(RichText::new(line).color(theme::FAINT))
                                .truncate()
                                .selectable(false),
                        );
                        warnings_ui(ui, stack);
                    });
                });
            });
        let response = inner
            .response
            .interact(egui::Sense::click())
            .on_hover_text(format!("{title}\n{counted}"));
        response.widget_info(|| {
            WidgetInfo::labeled(Role::Button, true, format!("Show series {title}"))
        });
        if response.clicked() && !shown {
            queue.push(StudyCommand::Show {
                series: series.uid.clone(),
                stack: index,
            });
        }
    }

    fn picture_ui(&mut self, ui: &mut Ui, key: &StackKey, state: &AppState) {
        let size = egui::Vec2::splat(PICTURE_POINTS);
        let (rect, _) = ui.allocate_exact_size(size, egui::Sense::hover());
        ui.painter().rect_filled(rect, 2.0, theme::VIEW_GROUND);
        let Some(thumbnail) = state.imports.pictures.get(key) else {
            return;
        };
        let texture = self
            .textures
            .entry(key.clone())
            .or_insert_with(|| upload(ui, thumbnail));
        let fitted = fit(thumbnail.size, PICTURE_POINTS);
        egui::Image::from_texture((texture.id(), fitted))
            .paint_at(ui, egui::Rect::from_center_size(rect.center(), fitted));
    }
}

/// The first warning, and all of them while the pointer rests on it.
fn warnings_ui(ui: &mut Ui, stack: &Stack) {
    let sentences: Vec<String> = stack.warnings.iter().map(StackWarning::sentence).collect();
    let Some(first) = sentences.first() else {
        return;
    };
    let shown = match sentences.len() {
        1 => first.clone(),
        more => format!("({more}) {first}"),
    };
    let words = RichText::new(shown).color(theme::WARNING).small();
    ui.add(egui::Label::new(words).truncate().selectable(false))
        .on_hover_text(sentences.join("\n"));
}

fn upload(ui: &Ui, thumbnail: &Thumbnail) -> TextureHandle {
    let flat: Vec<u8> = thumbnail.rgb.iter().flatten().copied().collect();
    let whole = thumbnail.size[0] * thumbnail.size[1] * 3 == flat.len();
    let image = if whole {
        ColorImage::from_rgb(thumbnail.size, &flat)
    } else {
        ColorImage::filled([1, 1], Color32::BLACK)
    };
    ui.ctx()
        .load_texture("thumbnail", image, TextureOptions::LINEAR)
}

fn fit(size: [usize; 2], edge: f32) -> egui::Vec2 {
    let size = egui::vec2(size[0].max(1) as f32, size[1].max(1) as f32);
    size * (edge / size.max_elem())
}

fn study_head(ui: &mut Ui, study: &Study, state: &AppState) {
    let who = if state.settings.hide_patient {
        "Patient hidden".to_owned()
    } else {
        let name =
            format::person_name(&study.patient.name, |part| glyphs::can_draw(ui.ctx(), part));
        let parts = [name.as_str(), &study.patient.id];
        let parts = parts.into_iter().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(" · ")
    };
    let who = glyphs::drawable(ui.ctx(), &who);
    let label = egui::Label::new(RichText::new(&*who).strong().color(theme::LABEL)).truncate();
    ui.add(label).on_hover_text(&*who);
    let what = format!("{}  {}", format::date(&study.date), study.description);
    let what = glyphs::drawable(ui.ctx(), what.trim());
    ui.add(egui::Label::new(RichText::new(&*what).color(theme::FAINT)).truncate());
}

/// Reports, structures, plans and the like: listed, greyed, with what they are. Equal ones of one
/// series share a line, but for reports, each of which can be opened. Gives the report that is to be opened as a plan.
fn objects_ui(ui: &mut Ui, study: &Study, hide_patient: bool) -> Option<PathBuf> {
    let mut as_plan = None;
    let same = |a: &OtherObject, b: &OtherObject| {
        a.kind != ObjectKind::StructuredReport
            && a.series_uid == b.series_uid
            && a.type_name == b.type_name
            && a.title == b.title
    };
    for group in study.objects.chunk_by(same) {
        let Some(first) = group.first() else { continue };
        let number = first
            .series_number
            .map(|number| format!("{number} · "))
            .unwrap_or_default();
        let title = format!("{number}{}", first.list_title());
        let mut line = first.modality.clone();
        if first.list_title() != first.type_name {
            line = format!("{line} · {}", first.type_name);
        }
        if group.len() > 1 {
            line = format!("{line} · {} files", group.len());
        }
        let report = first.kind == ObjectKind::StructuredReport;
        let does = if report {
            "Listed only; its points and lines can be opened as a plan."
        } else {
            "Listed only: Stylet does not show it."
        };
        let mut hover = format!("{title}\n{}\n{does}", first.type_name);
        // Folders are often named after patients.
        if !hide_patient {
            hover = format!("{hover}\n{}", first.path.display());
        }
        let [title, line, hover] =
            [&title, &line, &hover].map(|text| glyphs::drawable(ui.ctx(), text).into_owned());
        let inner = egui::Frame::new().inner_margin(4.0).show(ui, |ui| {
            ui.set_width(ui.available_width());
            for text in [&title, &line] {
                let faint = RichText::new(text).color(theme::FAINT);
                ui.add(egui::Label::new(faint).truncate().selectable(false));
            }
            if report && ui.small_button("Open as plan").clicked() {
                as_plan = Some(first.path.as_ref().to_owned());
            }
        });
        let response = inner.response.interact(egui::Sense::hover());
        response.widget_info(|| {
            WidgetInfo::labeled(Role::Label, false, format!("{title}, {line}, listed only"))
        });
        response.on_hover_text(hover);
    }
    as_plan
}
