//! Where one frame lies in the patient (PS3.3 C.7.6.2.1.1).

use crate::geometry::{Lps, Plane, Point, Vector};

/// Position, directions and spacing of one frame. Checked: finite, orthonormal, positive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ImagePlane {
    /// Image Position (Patient): centre of the top-left pixel, LPS mm.
    pub position: Point<Lps>,
    /// First half of Image Orientation (Patient): unit direction in which columns count up.
    pub column_direction: Vector<Lps>,
    /// Second half: unit direction in which rows count up.
    pub row_direction: Vector<Lps>,
    /// Distance between neighbouring columns, mm (second value of Pixel Spacing).
    pub column_spacing_mm: f64,
    /// Distance between neighbouring rows, mm (first value of Pixel Spacing).
    pub row_spacing_mm: f64,
}

impl ImagePlane {
    /// Unit normal, columns × rows.
    pub fn normal(&self) -> Vector<Lps> {
        self.column_direction.cross(self.row_direction)
    }

    /// Patient position of a pixel centre.
    pub fn lps_from_pixel(&self, column: f64, row: f64) -> Point<Lps> {
        self.position
            + self.column_direction * (column * self.column_spacing_mm)
            + self.row_direction * (row * self.row_spacing_mm)
    }

    /// Pixel coordinates (column, row) of the foot of `point` on this frame.
    pub fn pixel_from_lps(&self, point: Point<Lps>) -> [f64; 2] {
        let from = point - self.position;
        [
            from.dot(self.column_direction) / self.column_spacing_mm,
            from.dot(self.row_direction) / self.row_spacing_mm,
        ]
    }

    /// The plane with picture axes along columns and rows.
    pub fn plane(&self) -> Option<Plane> {
        Plane::new(self.position, self.column_direction, self.row_direction)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pixels_map_as_the_standards_equation_says() {
        // C.7.6.2.1.1 by hand: prone slice, row spacing 0.8, column spacing 0.5.
        let plane = ImagePlane {
            position: Point::new(100., 60., 5.),
            column_direction: Vector::new(-1., 0., 0.),
            row_direction: Vector::new(0., -1., 0.),
            column_spacing_mm: 0.5,
            row_spacing_mm: 0.8,
        };
        let at = plane.lps_from_pixel(10., 20.);
        assert_eq!(at, Point::new(95., 44., 5.));
        assert_eq!(plane.pixel_from_lps(at), [10., 20.]);
        assert_eq!(plane.normal(), Vector::new(0., 0., 1.));
        assert_eq!(plane.plane().unwrap().right, Vector::new(-1., 0., 0.));
    }
}
