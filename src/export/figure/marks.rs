//! The marks of a picture as lines and letters.
//!
//! Everything is drawn white with a black rim, so that it is seen on bone, on air and in greyscale.
//! The unit is a hundredth of the picture's shorter side.

use super::{Figure, Lies, Mark};
use crate::export::drawing::{Item, Label, Pen, Xy};
use crate::export::typeface::{CAP_HEIGHT_EM, Weight, drawable, width_em};

/// Type size of the letters at the edges.
const LETTER: f64 = 6.0;

/// Type size of depths and of the scale.
const SMALL: f64 = 4.0;

const WHITE: f64 = 1.0;
const BLACK: f64 = 0.0;

impl Figure {
    /// Width and height in hundredths of the shorter side.
    pub fn extent(&self) -> Xy {
        let shorter = self.size[0].min(self.size[1]).max(1) as f64;
        self.size.map(|side| side as f64 * 100.0 / shorter)
    }

    /// Marks, orientation letters and scale; positions in hundredths of the picture's shorter
    /// side from its upper left corner.
    pub fn overlay(&self) -> Vec<Item> {
        let unit = 100.0 / self.size[0].min(self.size[1]).max(1) as f64;
        let mut items = Vec::new();
        for mark in &self.marks {
            draw(mark, unit, &mut items);
        }
        self.edge_letters(&mut items);
        self.scale_bar(&mut items);
        items
    }

    fn edge_letters(&self, items: &mut Vec<Item>) {
        let [width, height] = self.extent();
        let cap = LETTER * CAP_HEIGHT_EM;
        let places: [(&str, f64, f64, f64); 4] = [
            (&self.letters.left, 1.5, 0.0, height / 2.0 + cap / 2.0),
            (
                &self.letters.right,
                width - 1.5,
                1.0,
                height / 2.0 + cap / 2.0,
            ),
            (&self.letters.up, width / 2.0, 0.5, 1.5 + cap),
            (&self.letters.down, width / 2.0, 0.5, height - 1.5),
        ];
        for (letters, x, share, y) in places {
            text(letters, LETTER, (x, share), y, items);
        }
    }

    /// A bar of 5, 10, 20, 50 … mm, a fifth to a half of the picture wide.
    fn scale_bar(&self, items: &mut Vec<Item>) {
        let shorter_mm = self.size[0].min(self.size[1]) as f64 * self.mm_per_pixel;
        let Some(bar_mm) = [100u32, 50, 20, 10, 5, 2, 1]
            .into_iter()
            .find(|mm| f64::from(*mm) <= 0.4 * shorter_mm)
        else {
            return;
        };
        let [_, height] = self.extent();
        let length = f64::from(bar_mm) / shorter_mm * 100.0;
        let (left, y) = (3.0, height - 3.5);
        // The outer edges of the ends are the length apart.
        let (width, half) = (0.7, 0.35);
        let (first, last) = (left + half, left + length - half);
        let ends = [[first, y - 1.5], [first, y], [last, y], [last, y - 1.5]];
        let pens = [Pen::new(width + 0.9, BLACK), Pen::new(width, WHITE)];
        for pen in pens {
            items.push(Item::Line(ends.to_vec(), pen));
        }
        text(&format!("{bar_mm} mm"), SMALL, (left, 0.0), y - 2.2, items);
    }
}

fn draw(mark: &Mark, unit: f64, items: &mut Vec<Item>) {
    let at = |[x, y]: Xy| [x * unit, y * unit];
    match mark {
        Mark::Shaft { from, to, lies } => {
            let dash = (*lies == Lies::Beside).then_some([2.2, 1.6]);
            rimmed_line(&[at(*from), at(*to)], 0.9, dash, items);
        }
        Mark::Entry(point) => {
            let [x, y] = at(*point);
            let half = 1.9;
            for (grow, fill) in [(0.5, BLACK), (0.0, WHITE), (-1.1, BLACK)] {
                let corner = [x - half - grow, y - half - grow];
                items.push(Item::rectangle(
                    corner,
                    [2.0 * (half + grow); 2],
                    Some(fill),
                    None,
                ));
            }
        }
        Mark::Target(point) => {
            for (radius, fill) in [(2.6, BLACK), (2.1, WHITE)] {
                disc(at(*point), radius, fill, items);
            }
        }
        Mark::BullsEye(point) => {
            let [x, y] = at(*point);
            for (radius, grey, width) in [(6.0, BLACK, 1.7), (6.0, WHITE, 0.8)] {
                items.push(Item::Circle {
                    center: [x, y],
                    radius,
                    fill: None,
                    edge: Some(Pen::new(width, grey)),
                });
            }
            for [dx, dy] in [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]] {
                let ends = [[x + 6.0 * dx, y + 6.0 * dy], [x + 11.0 * dx, y + 11.0 * dy]];
                rimmed_line(&ends, 0.7, None, items);
            }
            disc([x, y], 1.3, BLACK, items);
            disc([x, y], 0.9, WHITE, items);
        }
        Mark::Depth { at: point, mm } => {
            let [x, y] = at(*point);
            let long = mm % 50 == 0 || mm % 20 == 0;
            let half = if long { 2.2 } else { 1.3 };
            rimmed_line(&[[x - half, y], [x + half, y]], 0.6, None, items);
            if mm % 20 == 0 {
                let cap = SMALL * CAP_HEIGHT_EM;
                text(&mm.to_string(), SMALL, (x + 3.4, 0.0), y + cap / 2.0, items);
            }
        }
    }
}

fn disc(center: Xy, radius: f64, fill: f64, items: &mut Vec<Item>) {
    items.push(Item::Circle {
        center,
        radius,
        fill: Some(fill),
        edge: None,
    });
}

fn rimmed_line(points: &[Xy], width: f64, dash: Option<[f64; 2]>, items: &mut Vec<Item>) {
    for (width, grey) in [(width + 0.9, BLACK), (width, WHITE)] {
        let pen = Pen { width, grey, dash };
        items.push(Item::Line(points.to_vec(), pen));
    }
}

/// Text whose left end, middle or right end (`share` 0, 0.5, 1) is at `x`.
fn text(letters: &str, size: f64, (x, share): (f64, f64), y: f64, items: &mut Vec<Item>) {
    let letters = drawable(letters);
    if letters.is_empty() {
        return;
    }
    items.push(Item::Text(Label {
        at: [x - share * size * width_em(Weight::Bold, &letters), y],
        size,
        weight: Weight::Bold,
        grey: WHITE,
        rim: Some((size * 0.28, BLACK)),
        text: letters,
    }));
}
