//! The pictures in a row.

use super::page::{Align, Area, BLACK, DARK, Page, Style};
use crate::export::drawing::{Item, Pen};
use crate::export::figure::Figure;

/// Height of the titles, mm.
pub const TITLE_MM: f64 = 4.5;

/// How many pictures the row has.
const PLACES: usize = 3;

/// Pictures with their titles above, as large as their places allow.
pub fn draw(page: &mut Page, area: Area, figures: &[Figure]) {
    for (number, mut place) in area.columns(&[1.0; PLACES], 2.0).into_iter().enumerate() {
        let title = place.cut_top(TITLE_MM - 0.5, 0.5);
        let Some(figure) = figures.get(number) else {
            page.frame(place, Pen::new(0.2, DARK));
            let style = Style::text(8.0).grey(DARK).align(Align::Center);
            page.words(place.inset(2.0, 2.0), style, "no picture");
            continue;
        };
        let [width, height] = figure.extent();
        let scale = (place.w / width).min(place.h / height);
        let size = [width * scale, height * scale];
        // The outer pictures end with the other parts of the page.
        let free = (place.w - size[0]) * number as f64 / (PLACES - 1) as f64;
        let at = [place.x + free, place.y];
        let title = Area {
            x: at[0],
            w: size[0],
            ..title
        };
        let style = Style {
            least_pt: 7.0,
            ..Style::bold(9.5)
        };
        page.words(title, style, &figure.title);
        page.items.push(Item::Picture { number, at, size });
        let marks = figure.overlay();
        page.items
            .extend(marks.iter().map(|mark| mark.placed(scale, at)));
        let edge = Pen::new(0.3, BLACK);
        page.items.push(Item::rectangle(at, size, None, Some(edge)));
    }
}
