//! A view of simulated fluoroscopy: the C-arm's picture, the plan over it, what the pointer does.

use std::collections::HashMap;
use std::sync::Arc;

use egui::{Align2, Color32, ColorImage, CursorIcon, Painter, PointerButton, Pos2, Rect, Response};
use egui::{Role, Sense, Shape, Stroke, TextureHandle, TextureOptions, Ui, WidgetInfo, pos2, vec2};
use glam::DVec2;

use super::super::gpu::Gpu;
use super::labels::{series_text, sides};
use super::overlay::{line, text};
use super::pictures::Pictures;
use super::screen_picture::{Leveled, ScreenPicture, Slot, ground_about};
use super::title_menu;
use crate::app::AppState;
use crate::app::command::{CommandQueue, ViewCommand};
use crate::app::drr_preset::DrrPreset;
use crate::app::drr_stage::{DrrCommand, DrrPicture, IsocenterChoice};
use crate::app::viewport::ViewportId;
use crate::geometry::{Degrees, Lps, Plane, Point};
use crate::render::{PictureLevel, Pixels};
use crate::ui::{format, theme};
use crate::volume::drr::Film;

/// Degrees of the C-arm for a point of the pointer's way.
const DEGREES_PER_POINT: f64 = 0.3;

/// Radius of the ring around a target, points.
const RING_POINTS: f32 = 6.0;

/// Radius of the dot of an entry, points.
const DOT_POINTS: f32 = 3.0;

/// The picture as greys, and as what the graphics driver holds.
#[derive(Default)]
pub struct DrrTextures {
    shown: Option<(Look, PictureLevel)>,
    /// Grows with every other picture.
    serial: u64,
    /// The greys of that serial number as a texture, where the driver scales it.
    texture: Option<(u64, TextureHandle)>,
    /// By viewport, where the processor scales it.
    on_screen: HashMap<ViewportId, ScreenPicture>,
}

/// What decides how it looks: picture, greys, open columns and rows.
type Look = (Arc<DrrPicture>, Film, Option<[usize; 4]>);

impl DrrTextures {
    /// Takes the picture that there is now, where it is another one or looks otherwise.
    fn hold(&mut self, state: &AppState, picture: &Arc<DrrPicture>) {
        let film = state.drr.film;
        let opening = state.drr.opening(&picture.receptor);
        if let Some(((shown, look, open), _)) = &self.shown
            && Arc::ptr_eq(shown, picture)
            && (*look, *open) == (film, opening)
        {
            return;
        }
        let level = PictureLevel {
            size: picture.receptor.size,
            pixels: Pixels::Grey(picture.greys(film, opening)),
        };
        self.serial += 1;
        self.shown = Some(((Arc::clone(picture), film, opening), level));
    }

    /// Draws it into `place`.
    fn paint(&mut self, painter: &Painter, id: ViewportId, place: Rect, software: Option<&Gpu>) {
        let Some((_, level)) = &self.shown else {
            return;
        };
        if let Some(gpu) = software {
            let leveled = Leveled {
                picture: level,
                level: 0,
                whole: level.size,
                serial: self.serial,
            };
            let on_screen = self.on_screen.entry(id).or_default();
            on_screen.paint(painter, (gpu, Slot::Fluoroscopy(id)), place, leveled);
            return;
        }
        let Pixels::Grey(greys) = &level.pixels else {
            return;
        };
        let held = self.texture.take();
        let texture = match held {
            Some((serial, texture)) if serial == self.serial => texture,
            old => {
                let image = ColorImage::from_gray(level.size, greys);
                let mut texture = old.map_or_else(
                    || {
                        let empty = ColorImage::default();
                        painter
                            .ctx()
                            .load_texture("drr", empty, TextureOptions::LINEAR)
                    },
                    |(_, texture)| texture,
                );
                texture.set(image, TextureOptions::LINEAR);
                texture
            }
        };
        let whole = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
        painter.image(texture.id(), place, whole, Color32::WHITE);
        self.texture = Some((self.serial, texture));
    }
}

/// Where the picture lies, and how its pixels come onto the screen.
#[derive(Clone, Copy)]
struct Place {
    rect: Rect,
    pixels: [usize; 2],
}

impl Place {
    /// As large as the viewport allows, in its middle.
    fn within(area: Rect, pixels: [usize; 2]) -> Self {
        let side = area.width().min(area.height());
        Self {
            rect: Rect::from_center_size(area.center(), vec2(side, side)),
            pixels,
        }
    }

    fn screen(&self, pixel: DVec2) -> Pos2 {
        let share = |at: f64, count: usize| ((at + 0.5) / count.max(1) as f64) as f32;
        let [columns, rows] = self.pixels;
        let across = vec2(share(pixel.x, columns), share(pixel.y, rows));
        self.rect.min + across * self.rect.size()
    }
}

/// Draws a view of simulated fluoroscopy.
pub fn drr_ui(
    ui: &mut Ui,
    rect: Rect,
    id: ViewportId,
    state: &AppState,
    (queue, pictures): (&mut CommandQueue, &mut Pictures),
) {
    let Some(viewport) = state.viewport(id) else {
        return;
    };
    let response = ui.interact(rect, ui.scope_id().with("picture"), Sense::click_and_drag());
    let name = format!("{} view", viewport.kind.title());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, &name));
    let painter = ui.painter_at(rect);
    let place = state
        .drr
        .picture()
        .map(|picture| Place::within(rect, picture.receptor.size));
    let covered = place.map_or(Rect::NOTHING, |place| place.rect);
    let software = pictures.software_driver(state.settings.back_end);
    ground_about(&painter, (rect, covered), software);
    if let Some((picture, place)) = state.drr.picture().zip(place) {
        let mut textures = std::mem::take(&mut pictures.drr);
        let software = pictures.software_driver(state.settings.back_end);
        textures.hold(state, picture);
        textures.paint(&painter, id, place.rect, software);
        pictures.drr = textures;
        if state.drr.show_structures {
            shadows(&painter, place, picture);
        }
        if state.drr.show_plan {
            needles(&painter, place, state, picture);
        }
        let beam = &picture.beam;
        let plane = Plane {
            origin: beam.receptor_center,
            right: beam.right,
            down: beam.down,
        };
        sides(&painter, rect, &plane);
    }
    words(&painter, rect, state);
    series_text(&painter, rect, state);
    handle(ui, &response, id, queue);
    let contents = |ui: &mut Ui, queue: &mut CommandQueue| menu(ui, id, state, queue);
    title_menu(ui, rect, (id, viewport), queue, contents);
}

fn shadows(painter: &Painter, place: Place, picture: &DrrPicture) {
    for shadow in &picture.shadows {
        let [r, g, b] = shadow.color;
        let stroke = Stroke::new(1.3, Color32::from_rgb(r, g, b));
        for line in &shadow.lines {
            let points = line.iter().map(|pixel| place.screen(*pixel)).collect();
            painter.add(Shape::closed_line(points, stroke));
        }
    }
}

/// Needles from entry to target, in the beam of the picture that is shown.
fn needles(painter: &Painter, place: Place, state: &AppState, picture: &DrrPicture) {
    let on_screen = |at: Point<Lps>| {
        let pixel = picture.beam.pixel_of(at, &picture.receptor)?;
        Some(place.screen(pixel))
    };
    let plan = state.plan_fits().then(|| state.plan());
    let all = plan.iter().flat_map(|plan| &plan.trajectories);
    for needle in all.filter(|needle| !needle.hidden) {
        let selected = state.selection.needle() == Some(needle.id);
        let color = theme::needle_color(needle.color);
        let stroke = Stroke::new(if selected { 2.0 } else { 1.3 }, color);
        let entry = needle.entry.and_then(on_screen);
        let target = needle.target.and_then(on_screen);
        if let (Some(entry), Some(target)) = (entry, target) {
            line(painter, entry, target, stroke);
        }
        if let Some(entry) = entry {
            painter.circle(entry, DOT_POINTS, color, Stroke::new(1.0, theme::HALO));
        }
        if let Some(target) = target {
            painter.circle_stroke(target, RING_POINTS, Stroke::new(3.5, theme::HALO));
            painter.circle_stroke(target, RING_POINTS, stroke);
        }
    }
}

/// How the C-arm stood when it took the picture that is shown, which may be one of a moment ago;
/// how it stands now where there is none.
fn stance(state: &AppState, picture: Option<&DrrPicture>) -> Vec<String> {
    let (pose, receptor, model) = match picture {
        Some(picture) => (picture.pose, picture.receptor, picture.model),
        None => (state.drr_pose(), state.drr.receptor(), state.drr.model),
    };
    let about = match state.drr.isocenter {
        IsocenterChoice::Target if state.followed_needle().is_some() => "about the target",
        IsocenterChoice::Target | IsocenterChoice::Crosshair => "about the crosshair",
        IsocenterChoice::Fixed(_) => "about a fixed point",
    };
    let about = (pose.isocenter == state.drr_isocenter()).then(|| about.to_owned());
    let field_mm = receptor.size[0] as f64 * receptor.pixel_mm[0];
    // Short lines: the patient's name stands in the other corner.
    let lines = [
        format!("Simulated, {} keV", model.energy.kev()),
        format::positioner(pose.angles),
        format!(
            "SID {:.0} SOD {:.0} mm",
            pose.source_to_detector_mm, pose.source_to_isocenter_mm
        ),
        format!("field {field_mm:.0} mm"),
    ];
    lines.into_iter().chain(about).collect()
}

/// How the C-arm stands in the picture, and what is being done.
fn words(painter: &Painter, rect: Rect, state: &AppState) {
    let corner = pos2(rect.left() + 8.0, rect.top() + 28.0);
    let drr = &state.drr;
    let lines = stance(state, drr.picture().map(|picture| &**picture));
    for (line, words) in lines.iter().enumerate() {
        let at = corner + vec2(0.0, 16.0 * line as f32);
        text(painter, at, Align2::LEFT_TOP, words, theme::LABEL);
    }
    if let Some(status) = drr.status() {
        let at = rect.center();
        text(painter, at, Align2::CENTER_CENTER, status, theme::FAINT);
    }
}

fn handle(ui: &Ui, response: &Response, id: ViewportId, queue: &mut CommandQueue) {
    let pressed = ui.input(|input| input.pointer.any_pressed());
    if pressed && response.contains_pointer() {
        queue.push(ViewCommand::Activate(id));
    }
    let delta = response.drag_delta();
    if response.dragged_by(PointerButton::Primary) && delta != egui::Vec2::ZERO {
        // As if the patient were turned by hand: what is nearer to the receptor goes with the
        // pointer.
        queue.push(DrrCommand::Turn {
            primary: Degrees(-f64::from(delta.x) * DEGREES_PER_POINT),
            secondary: Degrees(f64::from(delta.y) * DEGREES_PER_POINT),
        });
    }
    if response.double_clicked() {
        queue.push(ViewCommand::Maximise(id));
    }
    if response.hovered() {
        let dragged = response.dragged();
        ui.set_cursor_icon(if dragged {
            CursorIcon::Grabbing
        } else {
            CursorIcon::Grab
        });
    }
}

/// The menu of the view, below the kinds of view.
fn menu(ui: &mut Ui, id: ViewportId, state: &AppState, queue: &mut CommandQueue) {
    for preset in DrrPreset::ALL {
        let usable = state.preset_angles(preset);
        let button = ui.add_enabled(usable.is_ok(), egui::Button::new(preset.title()));
        let button = match usable {
            Ok(_) => button,
            Err(why) => button.on_disabled_hover_text(why),
        };
        if button.clicked() {
            queue.push(DrrCommand::Preset(preset));
            ui.close();
        }
    }
    ui.separator();
    let mut film = state.drr.film;
    for (look, title) in [
        (Film::Fluoroscopy, "Fluoroscopy: bone dark"),
        (Film::Radiograph, "Film: bone white"),
    ] {
        if ui.radio_value(&mut film, look, title).changed() {
            queue.push(DrrCommand::Film(look));
        }
    }
    let mut plan = state.drr.show_plan;
    if ui.checkbox(&mut plan, "Needles over it").changed() {
        queue.push(DrrCommand::ShowPlan(plan));
    }
    let mut structures = state.drr.show_structures;
    if ui
        .checkbox(&mut structures, "Structures' outlines over it")
        .changed()
    {
        queue.push(DrrCommand::ShowStructures(structures));
    }
    ui.separator();
    let crosshair = state.crosshair;
    for (choice, title) in [
        (IsocenterChoice::Target, "Turn about the target"),
        (IsocenterChoice::Crosshair, "Turn about the crosshair"),
        (
            IsocenterChoice::Fixed(crosshair),
            "Stay at the crosshair of now",
        ),
    ] {
        if ui.button(title).clicked() {
            queue.push(DrrCommand::Isocenter(choice));
            ui.close();
        }
    }
    ui.separator();
    if ui.button("Maximise / restore").clicked() {
        queue.push(ViewCommand::Maximise(id));
        ui.close();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::job::no_waker;
    use crate::app::settings::Folders;
    use crate::volume::attenuation::Energy;

    #[test]
    fn the_words_are_those_of_the_picture_that_is_shown() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = AppState::new(Folders::under(folder.path()), no_waker());
        let picture = DrrPicture {
            pose: state.drr_pose(),
            beam: state.drr_pose().beam().unwrap(),
            receptor: state.drr.receptor().coarser(4.0),
            model: state.drr.model,
            integrals: Arc::default(),
            shadows: Vec::new(),
            full: false,
        };
        let before = stance(&state, None);
        state.apply(DrrCommand::Turn {
            primary: Degrees(40.0),
            secondary: Degrees(0.0),
        });
        state.apply(DrrCommand::Distances {
            source_to_detector_mm: 1200.0,
            source_to_isocenter_mm: 800.0,
        });
        state.apply(DrrCommand::Field(200.0));
        state.apply(DrrCommand::Energy(Energy::of_kev(100).unwrap()));
        assert_eq!(stance(&state, Some(&picture)), before);
        let now = stance(&state, None);
        let same = now
            .iter()
            .zip(&before)
            .filter(|(now, before)| now == before);
        assert_eq!(same.count(), 1, "what it turns about: {now:?}");
        // Of a point that the C-arm no longer turns about nothing is said.
        let elsewhere = Point::new(1.0, 2.0, 3.0);
        state.apply(DrrCommand::Isocenter(IsocenterChoice::Fixed(elsewhere)));
        assert_eq!(stance(&state, Some(&picture)), before[..4]);
    }
}
