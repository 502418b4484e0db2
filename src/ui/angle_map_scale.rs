//! Where the views of an angle map lie on the screen.

use egui::{Pos2, Rect, pos2, vec2};

use crate::app::aim_stage::ShownAngleMap;
use crate::assess::aim::{AngleGrid, Face};
use crate::geometry::CArmAngles;

/// Margin around the map for its words, points.
pub(super) const MARGIN: f32 = 15.0;

/// Where oblique and tilt lie on the screen.
#[derive(Debug, Clone, Copy)]
pub struct MapScale {
    /// The map without its margin.
    pub rect: Rect,
    pub(super) face: Face,
    /// Oblique and tilt of the picture's lower left corner in its own directions.
    least: [f64; 2],
    per_degree: f32,
}

impl MapScale {
    fn of(grid: &AngleGrid, face: Face, outer: Rect) -> Self {
        let rect = Rect::from_min_max(
            outer.min + vec2(MARGIN, MARGIN),
            outer.max - vec2(MARGIN, MARGIN),
        );
        let [across, _] = span(grid);
        let per_degree = rect.width() / across.max(1.0) as f32;
        let half = grid.step / 2.0;
        let last = grid.at(grid.size[0].max(1) - 1, 0)[0];
        let left = match face {
            // Seen from behind, the patient's left is at the picture's left.
            Face::Posterior => -(last + half),
            Face::Anterior => grid.first[0] - half,
        };
        Self {
            rect,
            face,
            least: [left, grid.first[1] - half],
            per_degree,
        }
    }

    /// +1 where the patient's left is at the picture's right.
    pub(super) fn sign(&self) -> f64 {
        match self.face {
            Face::Posterior => -1.0,
            Face::Anterior => 1.0,
        }
    }

    /// Where a view lies.
    pub fn place(&self, angles: CArmAngles) -> Pos2 {
        self.at(self.face.place(angles))
    }

    /// Where an oblique and tilt lie.
    pub(super) fn at(&self, [oblique, tilt]: [f64; 2]) -> Pos2 {
        let right = (self.sign() * oblique - self.least[0]) as f32 * self.per_degree;
        let up = (tilt - self.least[1]) as f32 * self.per_degree;
        pos2(self.rect.left() + right, self.rect.bottom() - up)
    }

    /// The view at a place of the screen; `None` beside the map.
    pub fn angles(&self, at: Pos2) -> Option<CArmAngles> {
        if !self.rect.contains(at) {
            return None;
        }
        let right = f64::from((at.x - self.rect.left()) / self.per_degree) + self.least[0];
        let up = f64::from((self.rect.bottom() - at.y) / self.per_degree) + self.least[1];
        Some(
            self.face
                .angles([self.sign() * right, up.clamp(-90.0, 90.0)]),
        )
    }
}

/// Degrees that a grid covers, to the outer edges of its views.
pub(super) fn span(grid: &AngleGrid) -> [f64; 2] {
    grid.size.map(|count| count as f64 * grid.step)
}

/// The scale of a map drawn in the room it takes, for tests and marks.
pub fn scale_in(shown: &ShownAngleMap, outer: Rect) -> MapScale {
    MapScale::of(&shown.map.whole, shown.map.face, outer)
}
