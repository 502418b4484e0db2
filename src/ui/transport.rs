//! The bar under a run or a radiograph: play, step, order, speed, subtraction, shutter, calibration.

use egui::{Button, ComboBox, DragValue, Key, RichText, Slider, Ui};

use super::{format, theme};
use crate::app::AppState;
use crate::app::command::{Command, CommandQueue, StudyCommand};
use crate::app::derivation::MaskChoice;
use crate::app::picture_commands::PictureCommand;
use crate::app::picture_stage::PictureStage;
use crate::app::picture_tool::MarkedObject;
use crate::app::playback::SPEEDS;
use crate::app::stage::Stage;
use crate::app::tool::ToolKind;
use crate::plan::KnownObject;
use crate::study::subtraction::FARTHEST_SHIFT;
use crate::study::{PeakKind, Repeat, Samples, StackKind};

/// Size first offered for an object of known size, mm: a common calibration sphere.
const USUAL_SIZE_MM: f64 = 25.0;

/// Draws the bar.
pub fn transport_ui(ui: &mut Ui, state: &AppState, queue: &mut CommandQueue) {
    let Some(stage) = &state.stage else { return };
    let Some(pictures) = stage.pictures() else {
        return;
    };
    if stage.frame_count() > 1 {
        ui.horizontal(|ui| frames_ui(ui, stage, pictures, queue));
    }
    if is_run(stage) {
        ui.horizontal_wrapped(|ui| {
            rate_ui(ui, pictures, queue);
            ui.separator();
            derivation_ui(ui, stage, pictures, queue);
        });
    }
    ui.horizontal(|ui| {
        calibration_ui(ui, state, pictures, queue);
        shutter_ui(ui, state, pictures, queue);
    });
}

/// Whether the pictures are frames of one file.
fn is_run(stage: &Stage) -> bool {
    let stack = stage.series.stacks.get(stage.stack);
    stack.is_some_and(|stack| stack.kind == StackKind::Cine) && stage.frame_count() > 1
}

fn frames_ui(ui: &mut Ui, stage: &Stage, pictures: &PictureStage, queue: &mut CommandQueue) {
    let playing = pictures.playback.playing;
    let words = if playing { "Pause" } else { "Play" };
    let play = Button::new(words).min_size(egui::vec2(52.0, 0.0));
    if ui.add(play).on_hover_text("Play or stop (Space)").clicked() {
        queue.push(StudyCommand::Play(!playing));
    }
    for (words, by, hint) in [
        ("Step back", -1, "One frame back (left arrow key)"),
        ("Step on", 1, "One frame on (right arrow key)"),
    ] {
        if ui.button(words).on_hover_text(hint).clicked() {
            queue.push(PictureCommand::Step(by));
        }
    }
    let count = stage.frame_count();
    let mut number = pictures.frame + 1;
    let label = ui.label("Frame");
    let of = format!(" of {count}");
    let room = (ui.available_width() - 96.0).max(80.0);
    ui.spacing_mut().slider_width = room;
    let slider = Slider::new(&mut number, 1..=count).suffix(of);
    let response = ui.add(slider).labelled_by(label.id);
    if response.changed() {
        queue.push(StudyCommand::Frame(number - 1));
    }
}

fn rate_ui(ui: &mut Ui, pictures: &PictureStage, queue: &mut CommandQueue) {
    let playback = &pictures.playback;
    let label = ui.label("Order");
    let combo = ComboBox::from_id_salt("order").selected_text(playback.repeat().word());
    let combo = combo.width(70.0).show_ui(ui, |ui| {
        for repeat in Repeat::ALL {
            let chosen = playback.repeat() == repeat;
            if ui.selectable_label(chosen, repeat.word()).clicked() {
                queue.push(PictureCommand::Repeat(repeat));
            }
        }
    });
    combo.response.labelled_by(label.id);
    let label = ui.label("Speed");
    let words = |speed: f64| format!("× {speed}");
    let combo = ComboBox::from_id_salt("speed").selected_text(words(playback.speed));
    let combo = combo.width(64.0).show_ui(ui, |ui| {
        for speed in SPEEDS {
            if ui
                .selectable_label(playback.speed == speed, words(speed))
                .clicked()
            {
                queue.push(PictureCommand::Speed(speed));
            }
        }
    });
    combo.response.labelled_by(label.id);
    let timing = playback.timing();
    let source = timing.source.map_or("not in the file", |_| "file");
    let rate = format!("{} frames/s ({source})", format::decimal(timing.rate()));
    let meaning = match timing.source {
        Some(source) if timing.steps_ms.is_empty() => {
            format!("From {} of the file", source.words())
        }
        Some(source) => format!(
            "Mean of {} of the file; each frame stays as long as it says there",
            source.words()
        ),
        None => "The file gives no time and no rate".to_owned(),
    };
    ui.label(rate).on_hover_text(meaning);
    if let Some(shown) = playback.shown_rate() {
        let shown_words = format!("on screen {}", format::decimal(shown));
        let slow = shown < 0.95 * playback.wanted_rate();
        let color = if slow { theme::WARNING } else { theme::FAINT };
        ui.label(RichText::new(shown_words).color(color))
            .on_hover_text("Pictures per second over the last seconds");
    }
}

fn derivation_ui(ui: &mut Ui, stage: &Stage, pictures: &PictureStage, queue: &mut CommandQueue) {
    let derivation = &pictures.derivation;
    let grey = pictures
        .picture()
        .is_none_or(|(_, picture)| !matches!(picture.frame.samples, Samples::Rgb8(_)));
    let mut subtract = derivation.subtract;
    let hint = "Shows the frames less a mask: what is not in the mask stays";
    let check = ui.add_enabled(grey, egui::Checkbox::new(&mut subtract, "Subtract"));
    if check.on_hover_text(hint).changed() {
        queue.push(PictureCommand::Subtract(subtract));
    }
    if derivation.subtract {
        mask_ui(ui, stage, pictures, queue);
    }
    if grey {
        peak_ui(ui, derivation.peak, queue);
    }
    if let Some((done, all)) = derivation.progress() {
        ui.label(format!("gathering {done} of {all}"));
    }
    if let Some(trouble) = derivation.trouble() {
        ui.label(RichText::new(trouble).color(theme::WARNING));
    }
}

fn peak_ui(ui: &mut Ui, now: Option<PeakKind>, queue: &mut CommandQueue) {
    let label = ui.label("Peak");
    let words = |peak: Option<PeakKind>| peak.map_or("off", PeakKind::words);
    let combo = ComboBox::from_id_salt("peak").selected_text(words(now));
    let combo = combo.width(112.0).show_ui(ui, |ui| {
        for peak in [None, Some(PeakKind::Minimum), Some(PeakKind::Maximum)] {
            if ui.selectable_label(now == peak, words(peak)).clicked() {
                queue.push(PictureCommand::Peak(peak));
            }
        }
    });
    combo.response.labelled_by(label.id).on_hover_text(
        "Peak opacification: the least or greatest value of each pixel over the whole run",
    );
}

fn mask_ui(ui: &mut Ui, stage: &Stage, pictures: &PictureStage, queue: &mut CommandQueue) {
    let choice = pictures.derivation.mask;
    let words = match choice.frame {
        None => "of the file".to_owned(),
        Some(frame) => format!("frame {}", frame + 1),
    };
    ui.menu_button(format!("Mask {words}"), |ui| {
        if ui.button("Mask of the file").clicked() {
            queue.push(PictureCommand::Mask(MaskChoice::default()));
            ui.close();
        }
        if ui.button("This frame").clicked() {
            queue.push(PictureCommand::Mask(MaskChoice {
                frame: Some(pictures.frame),
                shift: choice.shift,
            }));
            ui.close();
        }
    })
    .response
    .on_hover_text("Which frame is subtracted from the others");
    let [mut down, mut right] = stage.mask_shift();
    let mut moved = false;
    for (words, name, value) in [
        ("right", "Mask to the right, pixels", &mut right),
        ("down", "Mask down, pixels", &mut down),
    ] {
        ui.label(words);
        let drag = DragValue::new(value)
            .speed(0.05)
            .max_decimals(2)
            .range(-FARTHEST_SHIFT..=FARTHEST_SHIFT);
        let response = ui.add(drag).on_hover_text(name);
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::SpinButton, true, name));
        moved |= response.changed();
    }
    if moved {
        queue.push(PictureCommand::Mask(MaskChoice {
            shift: Some([down, right]),
            ..choice
        }));
    }
}

fn shutter_ui(ui: &mut Ui, state: &AppState, pictures: &PictureStage, queue: &mut CommandQueue) {
    let has_shutter = state
        .shown_image()
        .is_some_and(|(instance, _)| !instance.picture.shutter.shapes.is_empty());
    if !has_shutter {
        return;
    }
    let mut shown = pictures.show_shutter;
    let hint = "Covers what the file says lies outside the collimated field";
    if ui
        .checkbox(&mut shown, "Shutter")
        .on_hover_text(hint)
        .changed()
    {
        queue.push(PictureCommand::ShowShutter(shown));
    }
}

fn calibration_ui(
    ui: &mut Ui,
    state: &AppState,
    pictures: &PictureStage,
    queue: &mut CommandQueue,
) {
    if let Some(marked) = &pictures.tool.marked {
        size_ui(ui, marked, queue);
        return;
    }
    let enabled = state.marks_pictures();
    ui.label("Calibrate on");
    for (words, object, hint) in [
        (
            "a length",
            KnownObject::Length,
            "Click the two ends of something whose length in the patient is known",
        ),
        (
            "a sphere",
            KnownObject::Sphere,
            "Click two points on opposite sides of a sphere of known diameter",
        ),
    ] {
        let tool = ToolKind::Calibrate(object);
        let chosen = state.tool == tool;
        let button = Button::selectable(chosen, words).frame(true);
        let button = ui.add_enabled(enabled, button).on_hover_text(hint);
        let name = format!("Calibrate on {words}");
        button
            .widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, enabled, chosen, &name));
        if button.clicked() {
            let next = if chosen { ToolKind::Window } else { tool };
            queue.push(Command::Tool(next));
        }
    }
    let own = state.shown_image().is_some_and(|(instance, _)| {
        let made = state.plan().pictures.calibration(&instance.uid);
        made.is_some() && state.pictures_fit()
    });
    if own && ui.button("Remove calibration").clicked() {
        queue.push(PictureCommand::RemoveCalibration);
    }
}

/// Asks for the size of the object that is marked.
fn size_ui(ui: &mut Ui, marked: &MarkedObject, queue: &mut CommandQueue) {
    let key = ui.scope_id().with("known size");
    let mut size_mm = ui
        .data(|data| data.get_temp::<f64>(key))
        .unwrap_or(USUAL_SIZE_MM);
    let label = ui.label(marked.object.words());
    let drag = DragValue::new(&mut size_mm)
        .speed(0.1)
        .max_decimals(2)
        .range(0.1..=2000.0)
        .suffix(" mm");
    let response = ui.add(drag).labelled_by(label.id);
    if response.changed() {
        ui.data_mut(|data| data.insert_temp(key, size_mm));
    }
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    if ui.button("Calibrate").clicked() || entered {
        queue.push(PictureCommand::Calibrate(size_mm));
    }
    if ui.button("Cancel").clicked() {
        queue.push(Command::Tool(ToolKind::Window));
    }
}
