//! The angle map as a picture: colours, marks, rings about the bull's-eye, hover and click.

use std::sync::Arc;

use egui::{
    Align2, Color32, ColorImage, FontId, Painter, Pos2, Rect, Role, Sense, Shape, Stroke,
    TextureHandle, TextureOptions, Ui, WidgetInfo, pos2, vec2,
};

use super::angle_map_scale::{MARGIN, span};
use super::theme;

pub use super::angle_map_scale::{MapScale, scale_in};

use crate::app::aim_stage::{MapShade, ShownAngleMap};
use crate::app::score_color::score_color;
use crate::assess::aim::{AngleGrid, Cell, Face};
use crate::geometry::{CArmAngles, Degrees};

/// Label of the picture.
pub const LABEL: &str = "Picture of the angle map";

/// Bone from which a beam is drawn as poor as can be, mm.
const MOST_BONE_MM: f64 = 80.0;

/// Distance from the bull's-eye that is drawn as poor as can be, degrees.
const FARTHEST_DEG: f64 = 60.0;

/// Rings about the bull's-eye, degrees.
const RINGS_DEG: [f64; 4] = [5.0, 10.0, 20.0, 40.0];

/// Nearer than this the pointer means a mark, points.
const SNAP: f32 = 7.0;

/// Text in the map, points.
const TEXT: f32 = 11.0;

/// A view that stands out in the map.
pub struct Mark {
    /// Drawn beside it.
    pub words: &'static str,
    /// Where.
    pub angles: CArmAngles,
}

/// What the pointer does on the map.
#[derive(Debug, Clone, Copy, Default)]
pub struct MapPointing {
    /// The view under the pointer.
    pub hovered: Option<CArmAngles>,
    /// The view that was clicked.
    pub clicked: Option<CArmAngles>,
}

/// Draws the map with its marks; `now` is where the C-arm stands.
pub fn angle_map_ui(
    ui: &mut Ui,
    shown: &Arc<ShownAngleMap>,
    shade: MapShade,
    marks: &[Mark],
    now: Option<CArmAngles>,
) -> MapPointing {
    let [across, along] = span(&shown.map.whole);
    let width = ui.available_width().min(420.0);
    let inner = (width - 2.0 * MARGIN).max(40.0);
    let height = inner * (along / across.max(1.0)) as f32 + 2.0 * MARGIN;
    let (outer, response) = ui.allocate_exact_size(vec2(width, height), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, LABEL));
    let scale = scale_in(shown, outer);
    let painter = ui.painter_at(outer);
    painter.rect_filled(scale.rect, 0.0, theme::VIEW_GROUND);
    let texture = texture_of(ui, shown, shade);
    for (grid, texture) in grids(shown).zip(&texture) {
        draw_grid(&painter, &scale, grid, texture);
    }
    lines(&painter, &scale, shown);
    rings(&painter, &scale, shown);
    for mark in marks {
        draw_mark(&painter, &scale, mark);
    }
    if let Some(now) = now {
        cross(&painter, &scale, scale.place(now));
    }
    let bulls_eye = shown.map.bulls_eye;
    let meant = |at: Pos2| {
        let near = |angles: &CArmAngles| scale.place(*angles).distance(at) <= SNAP;
        let marked = marks.iter().map(|mark| mark.angles);
        let snapped = bulls_eye.into_iter().chain(marked).find(near);
        snapped.or_else(|| scale.angles(at).map(whole_degrees))
    };
    let pointer = response.hover_pos().and_then(meant);
    MapPointing {
        hovered: pointer,
        clicked: response
            .clicked()
            .then(|| response.interact_pointer_pos().and_then(meant))
            .flatten(),
    }
}

/// A view as a person sets it.
fn whole_degrees(angles: CArmAngles) -> CArmAngles {
    CArmAngles {
        primary: Degrees(angles.primary.0.round()),
        secondary: Degrees(angles.secondary.0.round()),
    }
}

fn grids(shown: &ShownAngleMap) -> impl Iterator<Item = &AngleGrid> {
    std::iter::once(&shown.map.whole).chain(&shown.map.fine)
}

/// Colour of a view: light is good. What is out of reach is dimmed.
pub fn cell_color(cell: Option<&Cell>, shade: MapShade, has_bone: bool) -> Color32 {
    let Some(cell) = cell else {
        return theme::VIEW_GROUND;
    };
    let worth = match (shade, has_bone) {
        (MapShade::Bone, true) => cell.bone.map(|bone| 1.0 - bone.mm / MOST_BONE_MM),
        _ => cell
            .from_bulls_eye
            .map(|angle| 1.0 - angle.0.min(180.0) / FARTHEST_DEG),
    };
    let Some(worth) = worth else {
        return Color32::from_gray(70);
    };
    let [r, g, b] = score_color(worth);
    if cell.beyond.is_some_and(|beyond| beyond.0 > 0.0) {
        // A quarter of the light and little colour: seen, and told from what is reached.
        let grey = (u16::from(r) + u16::from(g) + u16::from(b)) / 3;
        let dim = |channel: u8| ((u16::from(channel) + 2 * grey) / 8 + 8) as u8;
        return Color32::from_rgb(dim(r), dim(g), dim(b));
    }
    Color32::from_rgb(r, g, b)
}

/// Pictures of the grids, made once for a map and a shade.
#[derive(Clone)]
struct Kept {
    shown: Arc<ShownAngleMap>,
    shade: MapShade,
    textures: Vec<TextureHandle>,
}

fn texture_of(ui: &Ui, shown: &Arc<ShownAngleMap>, shade: MapShade) -> Vec<TextureHandle> {
    let id = egui::Id::unique("angle map pictures");
    let kept: Option<Kept> = ui.data(|data| data.get_temp(id));
    if let Some(kept) = kept
        && Arc::ptr_eq(&kept.shown, shown)
        && kept.shade == shade
    {
        return kept.textures;
    }
    let textures: Vec<TextureHandle> = grids(shown)
        .map(|grid| {
            let image = picture(grid, shown, shade);
            let nearest = TextureOptions::NEAREST;
            ui.ctx().load_texture("angle map", image, nearest)
        })
        .collect();
    let kept = Kept {
        shown: Arc::clone(shown),
        shade,
        textures: textures.clone(),
    };
    ui.data_mut(|data| data.insert_temp(id, kept));
    textures
}

/// A grid from its upper left corner as it is drawn.
fn picture(grid: &AngleGrid, shown: &ShownAngleMap, shade: MapShade) -> ColorImage {
    let [columns, rows] = grid.size;
    let mirrored = shown.map.face == Face::Posterior;
    let pixels = (0..rows).rev().flat_map(|row| {
        (0..columns).map(move |column| {
            let column = if mirrored {
                columns - 1 - column
            } else {
                column
            };
            let cell = grid.cells.get(row * columns + column);
            cell_color(cell.and_then(Option::as_ref), shade, shown.has_bone)
        })
    });
    ColorImage::new([columns, rows], pixels.collect())
}

fn draw_grid(painter: &Painter, scale: &MapScale, grid: &AngleGrid, texture: &TextureHandle) {
    let half = grid.step / 2.0;
    let [columns, rows] = grid.size;
    let last = grid.at(columns.max(1) - 1, rows.max(1) - 1);
    let corners = [
        scale.at([grid.first[0] - half, grid.first[1] - half]),
        scale.at([last[0] + half, last[1] + half]),
    ];
    let rect = Rect::from_points(&corners);
    let uv = Rect::from_min_max(pos2(0.0, 0.0), pos2(1.0, 1.0));
    painter
        .with_clip_rect(scale.rect)
        .image(texture.id(), rect, uv, Color32::WHITE);
}

/// Lines each 30°, and what the sides of the map are.
fn lines(painter: &Painter, scale: &MapScale, shown: &ShownAngleMap) {
    let font = FontId::proportional(TEXT);
    let faint = Stroke::new(1.0, Color32::from_white_alpha(26));
    for step in -6..=6 {
        let angle = f64::from(step) * 30.0;
        let across = scale.at([scale.sign() * angle, 0.0]);
        if scale.rect.x_range().contains(across.x) {
            painter.vline(across.x, scale.rect.y_range(), faint);
            let words = format!("{:.0}", angle.abs());
            let at = pos2(across.x, scale.rect.bottom() + 1.0);
            painter.text(at, Align2::CENTER_TOP, words, font.clone(), theme::FAINT);
        }
        let up = scale.at([0.0, angle]);
        if scale.rect.y_range().contains(up.y) {
            painter.hline(scale.rect.x_range(), up.y, faint);
        }
    }
    let (left, right) = match shown.map.face {
        Face::Posterior => ("left oblique", "right oblique"),
        Face::Anterior => ("RAO", "LAO"),
    };
    let rect = scale.rect;
    for (at, align, words) in [
        (rect.left_top(), Align2::LEFT_BOTTOM, left),
        (rect.right_top(), Align2::RIGHT_BOTTOM, right),
        (rect.center_top(), Align2::CENTER_BOTTOM, "CRA"),
    ] {
        painter.text(at, align, words, font.clone(), theme::FAINT);
    }
    let below = rect.left_bottom() + vec2(2.0, -1.0);
    painter.text(below, Align2::LEFT_BOTTOM, "CAU", font, theme::FAINT);
}

/// Rings of equal distance from the bull's-eye, and its mark.
fn rings(painter: &Painter, scale: &MapScale, shown: &ShownAngleMap) {
    let Some(bulls_eye) = shown.map.bulls_eye else {
        return;
    };
    let painter = painter.with_clip_rect(scale.rect);
    let d = bulls_eye.receptor_direction();
    let (right, up) = bulls_eye.image_axes();
    for radius in RINGS_DEG {
        let (sin, cos) = radius.to_radians().sin_cos();
        let points: Vec<Pos2> = (0..=72)
            .filter_map(|step| {
                let (s, c) = (f64::from(step) * 5.0_f64.to_radians()).sin_cos();
                let ray = d * cos + (right * c + up * s) * sin;
                CArmAngles::of_receptor(ray).map(|angles| scale.place(angles))
            })
            .collect();
        // A ring that passes a pole or the far side would be drawn across the whole map.
        let whole = points.windows(2).all(|pair| match pair {
            [a, b] => a.distance(*b) < scale.rect.width() / 3.0,
            _ => true,
        });
        if whole {
            painter.add(Shape::line(
                points.clone(),
                Stroke::new(2.5, Color32::from_black_alpha(110)),
            ));
            painter.add(Shape::line(points, Stroke::new(1.0, theme::LABEL)));
        }
    }
    let at = scale.place(bulls_eye);
    painter.circle_stroke(at, 5.0, Stroke::new(3.0, theme::HALO));
    painter.circle_stroke(at, 5.0, Stroke::new(1.5, Color32::WHITE));
    painter.circle_filled(at, 1.8, Color32::WHITE);
}

fn draw_mark(painter: &Painter, scale: &MapScale, mark: &Mark) {
    let at = scale.place(mark.angles);
    if !scale.rect.expand(2.0).contains(at) {
        return;
    }
    painter.circle_filled(at, 3.5, theme::HALO);
    painter.circle_filled(at, 2.5, Color32::WHITE);
    // Beside it, on the side that has room.
    let (align, off) = if at.x > scale.rect.right() - 40.0 {
        (Align2::RIGHT_CENTER, vec2(-5.0, 0.0))
    } else {
        (Align2::LEFT_CENTER, vec2(5.0, 0.0))
    };
    let font = FontId::proportional(TEXT);
    for shift in [
        vec2(1.0, 1.0),
        vec2(-1.0, -1.0),
        vec2(1.0, -1.0),
        vec2(-1.0, 1.0),
    ] {
        painter.text(
            at + off + shift,
            align,
            mark.words,
            font.clone(),
            theme::HALO,
        );
    }
    painter.text(at + off, align, mark.words, font, Color32::WHITE);
}

/// Where the C-arm stands.
fn cross(painter: &Painter, scale: &MapScale, at: Pos2) {
    let at = at.clamp(scale.rect.min, scale.rect.max);
    for (width, color) in [(4.0, theme::HALO), (2.0, theme::NEEDLE_VIEW)] {
        let stroke = Stroke::new(width, color);
        painter.line_segment([at - vec2(8.0, 0.0), at + vec2(8.0, 0.0)], stroke);
        painter.line_segment([at - vec2(0.0, 8.0), at + vec2(0.0, 8.0)], stroke);
    }
}

/// The scale of colours with its ends.
pub fn legend_ui(ui: &mut Ui, shade: MapShade, has_bone: bool) {
    let (words, good, poor) = match (shade, has_bone) {
        (MapShade::Bone, true) => (
            "Colours of the angle map: yellow is no bone over the target, dark blue 80 mm or more",
            "no bone over the target",
            "80 mm",
        ),
        _ => (
            "Colours of the angle map: yellow is the bull's-eye, dark blue 60° from it or more",
            "bull's-eye",
            "60° from it",
        ),
    };
    let width = ui.available_width().min(420.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 8.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(Role::Image, true, words));
    let steps = 64_u8;
    for step in 0..steps {
        let share = f32::from(step) / f32::from(steps);
        let [r, g, b] = score_color(1.0 - f64::from(share));
        let left = rect.left() + width * share;
        let right = left + width / f32::from(steps) + 0.5;
        let piece = Rect::from_x_y_ranges(left..=right.min(rect.right()), rect.y_range());
        ui.painter()
            .rect_filled(piece, 0.0, Color32::from_rgb(r, g, b));
    }
    ui.horizontal(|ui| {
        ui.set_width(width);
        ui.small(good);
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            ui.small(poor);
        });
    });
    let dim = "Dimmed: out of reach of the C-arm. Rings: 5, 10, 20 and 40° from the bull's-eye.";
    ui.label(egui::RichText::new(dim).color(theme::FAINT).small());
}

#[cfg(test)]
mod tests;
