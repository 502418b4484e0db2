//! A picture with its marks as finished pixels.

use std::path::Path;

use thiserror::Error;
use vello_cpu::color::{AlphaColor, Srgb};
use vello_cpu::kurbo::{BezPath, Cap, Circle, Join, Shape as _, Stroke};
use vello_cpu::{Pixmap, RenderContext, Resources};

use super::Figure;
use crate::export::drawing::{Grey, Item, Label, Pen, Xy};
use crate::export::png::{PngError, write_png_grey};
use crate::export::typeface::{self, CAP_HEIGHT_EM, Weight, drawable, width_em};

/// Why a picture was not made.
#[derive(Debug, Error)]
pub enum FigureError {
    /// Too small for the marks, or too large.
    #[error("A picture of a needle must be 16 to 4096 pixels wide and high, not {} × {}", .0[0], .0[1])]
    Size([usize; 2]),
    /// Entry and target are the same point, or not finite.
    #[error("The needle has no direction: entry and target must be two different points")]
    NoNeedle,
    /// The greys are not as many as the size says.
    #[error("{greys} greys do not fill a picture of {} × {} pixels", .size[0], .size[1])]
    Greys {
        /// Columns and rows.
        size: [usize; 2],
        /// How many there are.
        greys: usize,
    },
    /// The file was not written.
    #[error(transparent)]
    Write(#[from] PngError),
}

impl Figure {
    /// The greys with marks, letters, scale and title drawn in, row by row, as many as
    /// [`Figure::size`] says. The marks are white and black: the picture stays a picture of greys.
    pub fn burned_in(&self) -> Result<Vec<u8>, FigureError> {
        let [width, height] = self.size;
        if width.checked_mul(height) != Some(self.greys.len()) {
            return Err(FigureError::Greys {
                size: self.size,
                greys: self.greys.len(),
            });
        }
        let side = |side: usize| u16::try_from(side).map_err(|_| FigureError::Size(self.size));
        let (columns, rows) = (side(width)?, side(height)?);
        let mut items = self.overlay();
        items.push(self.title_label());
        let scale = width.min(height) as f64 / 100.0;
        let mut canvas = RenderContext::new(columns, rows);
        for item in &items {
            draw(&item.placed(scale, [0.0, 0.0]), &mut canvas);
        }
        canvas.flush();
        let mut drawn = Pixmap::new(columns, rows);
        canvas.render(&mut drawn, &mut Resources::new());
        // Marks are grey and premultiplied: what shines through of the picture is 1 − alpha.
        let over = |(under, mark): (&u8, &vello_cpu::color::PremulRgba8)| {
            let shines = u32::from(*under) * u32::from(255 - mark.a);
            (u32::from(mark.r) + (shines + 127) / 255).min(255) as u8
        };
        Ok(self.greys.iter().zip(drawn.data()).map(over).collect())
    }

    /// Writes [`Figure::burned_in`] as a PNG file, completely or not at all.
    pub fn write_png(&self, path: &Path) -> Result<(), FigureError> {
        Ok(write_png_grey(path, self.size, &self.burned_in()?)?)
    }

    /// The title at the left, below the letter of the upper edge.
    fn title_label(&self) -> Item {
        let text = drawable(&self.title);
        let room = self.extent()[0] - 4.0;
        let size = (room / width_em(Weight::Bold, &text).max(1e-3)).min(4.5);
        Item::Text(Label {
            at: [2.0, 8.0 + 4.5 * CAP_HEIGHT_EM],
            size,
            weight: Weight::Bold,
            grey: 1.0,
            rim: Some((size * 0.28, 0.0)),
            text,
        })
    }
}

fn draw(item: &Item, canvas: &mut RenderContext) {
    match item {
        Item::Line(points, pen) => stroke(&path_of(points), *pen, canvas),
        Item::Shape {
            corners,
            fill,
            edge,
        } => {
            let mut path = path_of(corners);
            path.close_path();
            fill_and_edge(&path, *fill, *edge, canvas);
        }
        Item::Circle {
            center,
            radius,
            fill,
            edge,
        } => {
            let path = Circle::new((center[0], center[1]), *radius).to_path(0.02);
            fill_and_edge(&path, *fill, *edge, canvas);
        }
        Item::Text(label) => draw_text(label, canvas),
        // The picture itself lies under the marks; marks hold no pictures.
        Item::Picture { .. } => {}
    }
}

fn path_of(points: &[Xy]) -> BezPath {
    let mut path = BezPath::new();
    for (index, [x, y]) in points.iter().enumerate() {
        if index == 0 {
            path.move_to((*x, *y));
        } else {
            path.line_to((*x, *y));
        }
    }
    path
}

fn paint(grey: Grey) -> AlphaColor<Srgb> {
    let level = grey.clamp(0.0, 1.0) as f32;
    AlphaColor::new([level, level, level, 1.0])
}

fn stroke(path: &BezPath, pen: Pen, canvas: &mut RenderContext) {
    let mut stroke = Stroke::new(pen.width)
        .with_caps(Cap::Butt)
        .with_join(Join::Round);
    if let Some(dash) = pen.dash {
        stroke = stroke.with_dashes(0.0, dash);
    }
    canvas.set_stroke(stroke);
    canvas.set_paint(paint(pen.grey));
    canvas.stroke_path(path);
}

fn fill_and_edge(
    path: &BezPath,
    fill: Option<Grey>,
    edge: Option<Pen>,
    canvas: &mut RenderContext,
) {
    if let Some(grey) = fill {
        canvas.set_paint(paint(grey));
        canvas.fill_path(path);
    }
    if let Some(pen) = edge {
        stroke(path, pen, canvas);
    }
}

fn draw_text(label: &Label, canvas: &mut RenderContext) {
    let mut pen = GlyphPen {
        path: BezPath::new(),
        origin: label.at,
        size: label.size,
    };
    for letter in label.text.chars() {
        let Some(glyph) = typeface::glyph(label.weight, letter) else {
            continue;
        };
        typeface::outline(label.weight, glyph, &mut pen);
        pen.origin[0] += label.size * typeface::advance_em(label.weight, glyph);
    }
    if let Some((width, grey)) = label.rim {
        stroke(&pen.path, Pen::new(width, grey), canvas);
    }
    canvas.set_paint(paint(label.grey));
    canvas.fill_path(&pen.path);
}

/// Takes outlines in parts of the type size, y up, to pixels, y down.
struct GlyphPen {
    path: BezPath,
    origin: Xy,
    size: f64,
}

impl GlyphPen {
    fn at(&self, x: f32, y: f32) -> (f64, f64) {
        let [left, base] = self.origin;
        (
            left + f64::from(x) * self.size,
            base - f64::from(y) * self.size,
        )
    }
}

impl skrifa::outline::OutlinePen for GlyphPen {
    fn move_to(&mut self, x: f32, y: f32) {
        self.path.move_to(self.at(x, y));
    }
    fn line_to(&mut self, x: f32, y: f32) {
        self.path.line_to(self.at(x, y));
    }
    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        self.path.quad_to(self.at(cx, cy), self.at(x, y));
    }
    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        self.path
            .curve_to(self.at(ax, ay), self.at(bx, by), self.at(x, y));
    }
    fn close(&mut self) {
        self.path.close_path();
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Lies, Mark};
    use super::*;
    use crate::geometry::{OrientationLetters, Plane};

    fn grey_square() -> Figure {
        Figure {
            title: "Title".to_owned(),
            size: [200, 200],
            mm_per_pixel: 0.5,
            greys: vec![100; 200 * 200],
            letters: OrientationLetters::of(&Plane::axial([0., 0., 0.].into())),
            marks: vec![
                Mark::Shaft {
                    from: [60.0, 20.0],
                    to: [60.0, 120.0],
                    lies: Lies::InPlane,
                },
                Mark::Target([60.0, 120.0]),
            ],
        }
    }

    #[test]
    fn the_needle_is_white_with_a_black_rim_and_the_rest_untouched() {
        let figure = grey_square();
        let pixels = figure.burned_in().unwrap();
        let at = |x: usize, y: usize| pixels[y * 200 + x];
        assert!(at(60, 70) > 225 && at(59, 70) > 225, "on the needle");
        assert!(at(61, 70) < 40 && at(58, 70) < 40, "rim");
        assert_eq!(at(70, 70), 100, "beside it");
        assert!(at(60, 119) > 250 && at(63, 119) > 250, "target disc");
        assert_eq!(at(150, 60), 100, "picture");
    }

    #[test]
    fn letters_scale_and_title_are_drawn() {
        let blank = Figure {
            marks: Vec::new(),
            ..grey_square()
        };
        let pixels = blank.burned_in().unwrap();
        let white_in = |columns: std::ops::Range<usize>, rows: std::ops::Range<usize>| {
            rows.flat_map(|y| columns.clone().map(move |x| (x, y)))
                .filter(|(x, y)| pixels[y * 200 + x] > 200)
                .count()
        };
        assert!(white_in(0..20, 90..110) > 5, "R at the left edge");
        assert!(white_in(180..200, 90..110) > 5, "L at the right edge");
        assert!(white_in(95..105, 0..15) > 5, "A at the top");
        assert!(white_in(0..60, 14..24) > 15, "title");
        // 20 mm = 40 pixels, from pixel 6 to 46 near the lower edge.
        let row = 200 - 7;
        let bar = (0..100).filter(|x| pixels[row * 200 + x] > 150).count();
        assert!((39..=41).contains(&bar), "{bar}");
    }

    #[test]
    fn greys_that_do_not_fill_the_picture_are_refused() {
        let mut figure = grey_square();
        figure.greys.pop();
        let error = figure.burned_in().unwrap_err();
        assert!(error.to_string().contains("39999 greys"), "{error}");
    }
}
