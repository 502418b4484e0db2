//! What a sheet or the marks on a picture are made of, before it becomes PDF or pixels.
//!
//! Positions are counted from the upper left corner, x to the right, y down, in one unit for the
//! whole drawing (mm on a sheet, hundredths of the picture's side on a picture).

use super::typeface::Weight;

/// x and y.
pub type Xy = [f64; 2];

/// Brightness on paper: 0 black, 1 white.
pub type Grey = f64;

/// How a line is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pen {
    /// Width in the unit of the drawing.
    pub width: f64,
    /// Brightness.
    pub grey: Grey,
    /// Length of the dashes and of the gaps; `None` for a whole line.
    pub dash: Option<[f64; 2]>,
}

impl Pen {
    /// A whole line.
    pub const fn new(width: f64, grey: Grey) -> Self {
        Self {
            width,
            grey,
            dash: None,
        }
    }

    /// The same in dashes.
    pub const fn dashed(self, dash: f64, gap: f64) -> Self {
        Self {
            dash: Some([dash, gap]),
            ..self
        }
    }
}

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub struct Label {
    /// Left end of the base line.
    pub at: Xy,
    /// Type size in the unit of the drawing.
    pub size: f64,
    /// Stroke.
    pub weight: Weight,
    /// Brightness.
    pub grey: Grey,
    /// Width and brightness of a rim around the letters, for text on a picture.
    pub rim: Option<(f64, Grey)>,
    /// Only characters of the typeface.
    pub text: String,
}

/// One thing drawn; later ones lie over earlier ones.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// Straight pieces from point to point.
    Line(Vec<Xy>, Pen),
    /// A closed shape.
    Shape {
        /// Its corners.
        corners: Vec<Xy>,
        /// Brightness inside, if it is filled.
        fill: Option<Grey>,
        /// Its edge, if it is drawn.
        edge: Option<Pen>,
    },
    /// A circle.
    Circle {
        /// Centre.
        center: Xy,
        /// Radius.
        radius: f64,
        /// Brightness inside, if it is filled.
        fill: Option<Grey>,
        /// Its edge, if it is drawn.
        edge: Option<Pen>,
    },
    /// Text.
    Text(Label),
    /// A picture of greys, by its number in the list beside the drawing.
    Picture {
        /// Number in the list, from 0.
        number: usize,
        /// Upper left corner.
        at: Xy,
        /// Width and height.
        size: Xy,
    },
}

impl Item {
    /// A rectangle from its upper left corner, width and height.
    pub fn rectangle(
        [x, y]: Xy,
        [width, height]: Xy,
        fill: Option<Grey>,
        edge: Option<Pen>,
    ) -> Self {
        Self::Shape {
            corners: vec![
                [x, y],
                [x + width, y],
                [x + width, y + height],
                [x, y + height],
            ],
            fill,
            edge,
        }
    }

    /// Enlarged by `scale` about the origin, then moved by `to`.
    pub fn placed(&self, scale: f64, to: Xy) -> Self {
        let at = |[x, y]: Xy| [x * scale + to[0], y * scale + to[1]];
        let all = |points: &[Xy]| points.iter().copied().map(at).collect();
        let pen = |pen: Pen| Pen {
            width: pen.width * scale,
            grey: pen.grey,
            dash: pen.dash.map(|dash| dash.map(|length| length * scale)),
        };
        match self {
            Self::Line(points, line) => Self::Line(all(points), pen(*line)),
            Self::Shape {
                corners,
                fill,
                edge,
            } => Self::Shape {
                corners: all(corners),
                fill: *fill,
                edge: edge.map(pen),
            },
            Self::Circle {
                center,
                radius,
                fill,
                edge,
            } => Self::Circle {
                center: at(*center),
                radius: radius * scale,
                fill: *fill,
                edge: edge.map(pen),
            },
            Self::Text(label) => Self::Text(Label {
                at: at(label.at),
                size: label.size * scale,
                rim: label.rim.map(|(width, grey)| (width * scale, grey)),
                ..label.clone()
            }),
            Self::Picture {
                number,
                at: corner,
                size,
            } => Self::Picture {
                number: *number,
                at: at(*corner),
                size: size.map(|side| side * scale),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placing_scales_lengths_and_moves_points() {
        let pen = Pen::new(1.0, 0.5).dashed(2.0, 3.0);
        let line = Item::Line(vec![[1.0, 2.0], [3.0, 4.0]], pen).placed(10.0, [5.0, 6.0]);
        let thick = Pen::new(10.0, 0.5).dashed(20.0, 30.0);
        assert_eq!(line, Item::Line(vec![[15.0, 26.0], [35.0, 46.0]], thick));
        let label = Label {
            at: [1.0, 1.0],
            size: 2.0,
            weight: Weight::Bold,
            grey: 0.0,
            rim: Some((0.5, 1.0)),
            text: "a".to_owned(),
        };
        let Item::Text(label) = Item::Text(label).placed(2.0, [0.0, 1.0]) else {
            unreachable!("a text stays a text");
        };
        assert_eq!((label.at, label.size), ([2.0, 3.0], 4.0));
        assert_eq!(label.rim, Some((1.0, 1.0)));
    }
}
