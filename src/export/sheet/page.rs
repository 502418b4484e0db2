//! One page while it is laid out: areas, and text that is fitted into them and noted.

use super::text::{MM_PER_PT, shortened, width_mm};
use crate::export::drawing::{Grey, Item, Label, Pen, Xy};
use crate::export::typeface::{CAP_HEIGHT_EM, DESCENT_EM, REPLACEMENT, Weight, drawable};

/// Black on paper.
pub const BLACK: Grey = 0.0;
/// Labels beside numbers: still dark on a worn printer.
pub const DARK: Grey = 0.25;
/// Fine lines.
pub const RULE: Grey = 0.55;
/// Ground behind headings.
pub const TINT: Grey = 0.86;
/// Paper.
pub const WHITE: Grey = 1.0;

/// A part of the page, mm from its upper left corner.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// Left edge.
    pub x: f64,
    /// Upper edge.
    pub y: f64,
    /// Width.
    pub w: f64,
    /// Height.
    pub h: f64,
}

impl Area {
    /// Cuts `h` from the top, leaving `gap` below it.
    pub fn cut_top(&mut self, h: f64, gap: f64) -> Self {
        let cut = Self { h, ..*self };
        self.y += h + gap;
        self.h = (self.h - h - gap).max(0.0);
        cut
    }

    /// Cuts `h` from the bottom, leaving `gap` above it.
    pub fn cut_bottom(&mut self, h: f64, gap: f64) -> Self {
        let y = self.y + self.h - h;
        self.h = (self.h - h - gap).max(0.0);
        Self { y, h, ..*self }
    }

    /// Cuts `w` from the left, leaving `gap` beside it.
    pub fn cut_left(&mut self, w: f64, gap: f64) -> Self {
        let cut = Self { w, ..*self };
        self.x += w + gap;
        self.w = (self.w - w - gap).max(0.0);
        cut
    }

    /// Smaller by `x` at the left and right and `y` above and below.
    pub fn inset(self, x: f64, y: f64) -> Self {
        Self {
            x: self.x + x,
            y: self.y + y,
            w: (self.w - 2.0 * x).max(0.0),
            h: (self.h - 2.0 * y).max(0.0),
        }
    }

    /// Side by side with the given shares of the width.
    pub fn columns(self, shares: &[f64], gap: f64) -> Vec<Self> {
        let all: f64 = shares.iter().sum();
        let room = self.w - gap * (shares.len().max(1) - 1) as f64;
        let mut rest = self;
        let width = |share: &f64| room * share / all;
        shares
            .iter()
            .map(|share| rest.cut_left(width(share), gap))
            .collect()
    }

    /// Whether `inner` lies within, up to a hundredth of a millimetre.
    pub fn holds(self, inner: Self) -> bool {
        const ROUNDING: f64 = 0.01;
        inner.x >= self.x - ROUNDING
            && inner.y >= self.y - ROUNDING
            && inner.x + inner.w <= self.x + self.w + ROUNDING
            && inner.y + inner.h <= self.y + self.h + ROUNDING
    }
}

/// Where a text stands and where it was allowed to.
#[derive(Debug, Clone, PartialEq)]
pub struct TextBox {
    /// The text as printed.
    pub text: String,
    /// Type size, points.
    pub pt: f64,
    /// Room it was given.
    pub area: Area,
    /// Room its capitals, descenders and width take.
    pub used: Area,
}

/// Which end of its area a text touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Left.
    Left,
    /// Middle.
    Center,
    /// Right.
    Right,
}

/// How a line of text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Style {
    /// Type size wanted, points.
    pub pt: f64,
    /// Least type size before the text is shortened, points.
    pub least_pt: f64,
    /// Stroke.
    pub weight: Weight,
    /// Brightness.
    pub grey: Grey,
    /// Place in its area.
    pub align: Align,
}

impl Style {
    /// Black text at the left.
    pub const fn text(pt: f64) -> Self {
        Self {
            pt,
            least_pt: if pt < 8.0 { 6.0 } else { pt * 0.75 },
            weight: Weight::Regular,
            grey: BLACK,
            align: Align::Left,
        }
    }

    /// The same in bold.
    pub const fn bold(pt: f64) -> Self {
        Self {
            weight: Weight::Bold,
            ..Self::text(pt)
        }
    }

    /// In another brightness.
    pub const fn grey(self, grey: Grey) -> Self {
        Self { grey, ..self }
    }

    /// At another place in the area.
    pub const fn align(self, align: Align) -> Self {
        Self { align, ..self }
    }
}

/// More letters than any line of a page holds.
const MOST_LETTERS: usize = 400;

/// What was drawn so far.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Width and height, mm.
    pub size: Xy,
    /// Drawn, from the back to the front; mm.
    pub items: Vec<Item>,
    /// Every text with its room.
    pub boxes: Vec<TextBox>,
}

impl Page {
    /// An empty page.
    pub fn new(size: Xy) -> Self {
        Self {
            size,
            items: Vec::new(),
            boxes: Vec::new(),
        }
    }

    /// A line of words, in the middle of the area's height; shrinks, then ends in an ellipsis.
    pub fn words(&mut self, area: Area, style: Style, text: &str) {
        let text: String = drawable(text).chars().take(MOST_LETTERS).collect();
        let least = style.least_pt.min(style.pt);
        let pt = fitting_pt(&text, style.weight, style.pt, area).max(least);
        let pt = pt.min(highest_pt(area));
        let text = shortened(&text, style.weight, pt, area.w);
        self.place(area, Style { pt, ..style }, text, DESCENT_EM);
    }

    /// A number or code with its unit, which has no letters below the base line: in the middle of
    /// the area's height, shrinks as far as it must and is never shortened. Returns the width it
    /// takes, mm.
    pub fn number(&mut self, area: Area, style: Style, text: &str) -> f64 {
        let text = drawable(text);
        let pt = fitting_pt(&text, style.weight, style.pt, area);
        let width = width_mm(&text, style.weight, pt);
        self.place(area, Style { pt, ..style }, text, 0.0);
        width
    }

    /// Whether a character was replaced that the typeface lacks.
    pub fn has_replacement(&self) -> bool {
        self.boxes
            .iter()
            .any(|text| text.text.contains(REPLACEMENT))
    }

    fn place(&mut self, area: Area, style: Style, text: String, descent_em: f64) {
        if text.is_empty() {
            return;
        }
        let size = style.pt * MM_PER_PT;
        let width = width_mm(&text, style.weight, style.pt);
        let (rise, fall) = (CAP_HEIGHT_EM * size, descent_em * size);
        let x = match style.align {
            Align::Left => area.x,
            Align::Center => area.x + (area.w - width) / 2.0,
            Align::Right => area.x + area.w - width,
        };
        // In the middle of the area by its capitals, so that words and numbers of a row share
        // their base line; higher where the descenders need the room.
        let base = (area.y + area.h - (area.h - rise) / 2.0).min(area.y + area.h - fall);
        self.boxes.push(TextBox {
            text: text.clone(),
            pt: style.pt,
            area,
            used: Area {
                x,
                y: base - rise,
                w: width,
                h: rise + fall,
            },
        });
        self.items.push(Item::Text(Label {
            at: [x, base],
            size,
            weight: style.weight,
            grey: style.grey,
            rim: None,
            text,
        }));
    }

    /// A filled rectangle.
    pub fn fill(&mut self, area: Area, grey: Grey) {
        self.items.push(Item::rectangle(
            [area.x, area.y],
            [area.w, area.h],
            Some(grey),
            None,
        ));
    }

    /// The outline of a rectangle.
    pub fn frame(&mut self, area: Area, pen: Pen) {
        self.items.push(Item::rectangle(
            [area.x, area.y],
            [area.w, area.h],
            None,
            Some(pen),
        ));
    }

    /// A straight line.
    pub fn rule(&mut self, from: Xy, to: Xy, pen: Pen) {
        self.items.push(Item::Line(vec![from, to], pen));
    }

    /// A heading on a grey ground. White on black is kept for what must not be overlooked.
    pub fn heading(&mut self, area: Area, text: &str) {
        self.fill(area, TINT);
        self.words(area.inset(1.2, 0.0), Style::bold(area.h * 1.9), text);
    }

    /// The heading of what must not be overlooked.
    pub fn loud_heading(&mut self, area: Area, text: &str) {
        self.fill(area, BLACK);
        let style = Style::bold(area.h * 1.9).grey(WHITE);
        self.words(area.inset(1.2, 0.0), style, text);
    }
}

fn highest_pt(area: Area) -> f64 {
    area.h / ((CAP_HEIGHT_EM + DESCENT_EM) * MM_PER_PT)
}

/// The largest size up to `pt` at which the text fits the area.
fn fitting_pt(text: &str, weight: Weight, pt: f64, area: Area) -> f64 {
    let width = width_mm(text, weight, pt);
    let by_width = if width > area.w {
        pt * area.w / width * (1.0 - 1e-6)
    } else {
        pt
    };
    by_width.min(highest_pt(area))
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Area = Area {
        x: 10.0,
        y: 20.0,
        w: 30.0,
        h: 8.0,
    };

    #[test]
    fn numbers_shrink_and_stay_whole_words_shrink_and_end() {
        let mut page = Page::new([100.0, 100.0]);
        page.number(AREA, Style::bold(30.0), "−1234567.8 mm");
        page.words(AREA, Style::text(12.0), &"long ".repeat(20));
        page.words(AREA, Style::text(12.0), "short");
        let texts: Vec<&str> = page.boxes.iter().map(|text| text.text.as_str()).collect();
        assert_eq!(texts[0], "−1234567.8 mm");
        assert!(texts[1].ends_with('…') && page.boxes[1].pt == 9.0);
        assert_eq!((texts[2], page.boxes[2].pt), ("short", 12.0));
        for text in &page.boxes {
            assert!(text.area.holds(text.used), "{text:?}");
        }
    }

    #[test]
    fn text_stands_where_it_is_aligned() {
        let mut page = Page::new([100.0, 100.0]);
        for align in [Align::Left, Align::Center, Align::Right] {
            page.words(AREA, Style::text(8.0).align(align), "L4");
        }
        let used: Vec<Area> = page.boxes.iter().map(|text| text.used).collect();
        assert_eq!(used[0].x, 10.0);
        assert!((used[1].x + used[1].w / 2.0 - 25.0).abs() < 1e-9);
        assert!((used[2].x + used[2].w - 40.0).abs() < 1e-9);
    }

    #[test]
    fn areas_are_cut_without_loss() {
        let mut rest = AREA;
        assert_eq!(rest.cut_top(3.0, 1.0), Area { h: 3.0, ..AREA });
        assert_eq!((rest.y, rest.h), (24.0, 4.0));
        assert_eq!(rest.cut_bottom(1.0, 0.5).y, 27.0);
        assert_eq!((rest.y, rest.h), (24.0, 2.5));
        let columns = AREA.columns(&[1.0, 3.0], 2.0);
        assert_eq!((columns[0].x, columns[0].w), (10.0, 7.0));
        assert_eq!((columns[1].x, columns[1].w), (19.0, 21.0));
        assert!(!AREA.holds(Area { w: 31.0, ..AREA }));
    }
}
