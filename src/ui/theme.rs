//! Every colour and size of the window, made for a dark room.

use egui::{Color32, Stroke, Visuals};

use crate::app::viewport::ViewKind;
use crate::plan::Color;

/// Ground of the viewports.
pub const VIEW_GROUND: Color32 = Color32::BLACK;
/// Ground between panels.
pub const PANEL: Color32 = Color32::from_gray(27);
/// Frame of a viewport that is not active.
pub const FRAME: Color32 = Color32::from_gray(52);
/// Text on pictures.
pub const LABEL: Color32 = Color32::from_gray(222);
/// Weaker text on pictures and in panels.
pub const FAINT: Color32 = Color32::from_gray(160);
/// Axial plane.
pub const AXIAL: Color32 = Color32::from_rgb(0xf0, 0x5a, 0x50);
/// Sagittal plane.
pub const SAGITTAL: Color32 = Color32::from_rgb(0xf2, 0xd0, 0x4a);
/// Coronal plane.
pub const CORONAL: Color32 = Color32::from_rgb(0x5c, 0xd6, 0x6e);
/// Planes of the needle.
pub const NEEDLE_VIEW: Color32 = Color32::from_rgb(0x5a, 0xb4, 0xf5);
/// 3D views.
pub const SPACE_VIEW: Color32 = Color32::from_rgb(0xc8, 0xb6, 0xf0);
/// Warnings.
pub const WARNING: Color32 = Color32::from_rgb(0xff, 0xc0, 0x4d);
/// Errors.
pub const ERROR: Color32 = Color32::from_rgb(0xff, 0x7b, 0x72);
/// Good news.
pub const INFO: Color32 = Color32::from_rgb(0x8c, 0xd9, 0xa0);
/// Line of the slice of a former stack.
pub const REFERENCE: Color32 = Color32::from_rgb(0xd0, 0x8c, 0xf0);
/// Vertebra labels, midline, end-plates.
pub const SPINE: Color32 = Color32::from_rgb(0xc8, 0xb4, 0xff);
/// Plain text in panels.
pub const TEXT: Color32 = Color32::from_gray(215);
/// Measurements.
pub const MEASURE: Color32 = Color32::from_rgb(0xff, 0xe9, 0x8a);
/// What a radiofrequency tip heats.
pub const LESION: Color32 = Color32::from_rgb(0xff, 0x9a, 0x5c);
/// Overlay planes of the images.
pub const OVERLAY: Color32 = Color32::from_rgb(0x3f, 0xf0, 0xe0);
/// Dark edge under lines and text, so that both stand out on white bone and on black air.
pub const HALO: Color32 = Color32::from_black_alpha(190);
/// Ground of banners over pictures.
pub const BANNER_GROUND: Color32 = Color32::from_rgba_premultiplied(58, 40, 4, 235);

/// Text size on pictures, points.
pub const LABEL_POINTS: f32 = 13.0;
/// Width of a panel at the side, points.
pub const SIDE_POINTS: f32 = 292.0;

/// Colour of a plane.
pub fn plane_color(kind: ViewKind) -> Color32 {
    match kind {
        ViewKind::Axial => AXIAL,
        ViewKind::Sagittal => SAGITTAL,
        ViewKind::Coronal => CORONAL,
        ViewKind::Volume3d | ViewKind::Drr => SPACE_VIEW,
        _ => NEEDLE_VIEW,
    }
}

/// Colour of a needle.
pub fn needle_color(color: Color) -> Color32 {
    let [r, g, b] = color.0;
    Color32::from_rgb(r, g, b)
}

/// The dark look.
pub fn visuals() -> Visuals {
    let mut visuals = Visuals::dark();
    visuals.panel_fill = PANEL;
    visuals.window_fill = PANEL;
    visuals.extreme_bg_color = Color32::from_gray(15);
    visuals.override_text_color = Some(TEXT);
    visuals.selection.bg_fill = Color32::from_rgb(0x1f, 0x55, 0x84);
    visuals.selection.stroke = Stroke::new(1.0, Color32::WHITE);
    visuals.widgets.noninteractive.bg_stroke = Stroke::new(1.0, FRAME);
    visuals
}
