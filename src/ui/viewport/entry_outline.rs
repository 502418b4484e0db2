//! The skin in the colours of the entry map, where a plane cuts it.

use std::sync::Arc;

use egui::{Color32, Rect, Stroke, Ui};

use super::screen_of;
use crate::app::AppState;
use crate::app::entry_stage::ShownMap;
use crate::app::view_frame::ViewFrame;
use crate::app::viewport::ViewportId;
use crate::assess::entry_map::OutlinePiece;
use crate::geometry::Plane;
use crate::ui::theme;

/// Width of the line where there are entries, points.
const WIDTH: f32 = 4.0;

/// The pieces of one viewport, kept while map and plane stay.
#[derive(Clone)]
struct Cut {
    map: Arc<ShownMap>,
    plane: Plane,
    pieces: Arc<Vec<OutlinePiece>>,
}

/// Draws the outline over the picture of a viewport.
pub fn paint(ui: &Ui, rect: Rect, id: ViewportId, state: &AppState, frame: &ViewFrame) {
    let Some(map) = state.entries.map() else {
        return;
    };
    let painter = ui.painter_at(rect);
    for piece in pieces(ui, id, map, &frame.plane).iter() {
        let ends = [piece.from, piece.to].map(|end| screen_of(rect, frame, end));
        if !ends.iter().any(|end| rect.expand(WIDTH).contains(*end)) {
            continue;
        }
        let [r, g, b, opacity] = map.color(piece.vertex);
        if opacity == 255 {
            painter.line_segment(ends, Stroke::new(WIDTH + 2.0, theme::HALO));
            painter.line_segment(ends, Stroke::new(WIDTH, Color32::from_rgb(r, g, b)));
        } else {
            let grey = Color32::from_rgba_unmultiplied(r, g, b, opacity);
            painter.line_segment(ends, Stroke::new(1.0, grey));
        }
    }
}

fn pieces(ui: &Ui, id: ViewportId, map: &Arc<ShownMap>, plane: &Plane) -> Arc<Vec<OutlinePiece>> {
    let key = egui::Id::unique(("entry outline", id.0));
    let known = ui.data(|data| data.get_temp::<Cut>(key));
    if let Some(known) = known.filter(|cut| Arc::ptr_eq(&cut.map, map) && cut.plane == *plane) {
        return known.pieces;
    }
    let cut = Cut {
        map: Arc::clone(map),
        plane: *plane,
        pieces: Arc::new(map.skin.outline(plane)),
    };
    let pieces = Arc::clone(&cut.pieces);
    ui.data_mut(|data| data.insert_temp(key, cut));
    pieces
}
