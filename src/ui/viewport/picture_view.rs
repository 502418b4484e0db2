//! Where the pixels of a picture lie on the screen.

use egui::{Pos2, Rect, Vec2, vec2};

use crate::plan::PixelPlace;

/// A picture placed on the screen. All drawn over a picture goes through this.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PictureView {
    /// Where all of it lies; may reach beyond the viewport.
    pub place: Rect,
    /// Its columns and rows.
    pub size: [usize; 2],
}

impl PictureView {
    /// Screen points between columns and between rows.
    pub fn points_per_pixel(&self) -> Vec2 {
        let [columns, rows] = self.size;
        vec2(
            self.place.width() / columns.max(1) as f32,
            self.place.height() / rows.max(1) as f32,
        )
    }

    /// Where a place (column, row; the centre of the first pixel is 0, 0) appears.
    pub fn screen(&self, [column, row]: PixelPlace) -> Pos2 {
        let from_edge = vec2(column as f32 + 0.5, row as f32 + 0.5);
        self.place.min + from_edge * self.points_per_pixel()
    }

    /// The place under a point of the screen.
    pub fn place_at(&self, at: Pos2) -> PixelPlace {
        let from_edge = (at - self.place.min) / self.points_per_pixel();
        [f64::from(from_edge.x) - 0.5, f64::from(from_edge.y) - 0.5]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use egui::pos2;

    #[test]
    fn places_are_pixel_centres() {
        let view = PictureView {
            place: Rect::from_min_size(pos2(100.0, 50.0), vec2(400.0, 400.0)),
            size: [200, 100],
        };
        assert_eq!(view.points_per_pixel(), vec2(2.0, 4.0));
        assert_eq!(view.screen([0.0, 0.0]), pos2(101.0, 52.0));
        assert_eq!(view.place_at(pos2(101.0, 52.0)), [0.0, 0.0]);
        assert_eq!(view.place_at(view.screen([17.0, 42.0])), [17.0, 42.0]);
    }
}
