//! The pictures in a row.

use super::page::{Align, Area, BLACK, DARK, Page, Style};
use crate::export::drawing::{Item, Pen};
use crate::export::figure::Figure;

/// How many pictures the row has.
const PLACES: usize = 3;

/// Pictures with their titles above, as large as their places allow.
pub fn draw(page: &mut Page, area: Area, figures: &[Figure]) {
    for (number, mut place) in area.columns(&[1.0; PLACES], 2.0).into_iter().enumerate() {
        let title = place.cut_top(4.0, 0.5);
        let Some(figure) = figures.get(number) else {
            page.frame(place, Pen::new(0.2, DARK));
            let style = Style::text(8.0).grey(DARK).align(Align::Center);
            page.words(place.inset(2.0, 2.0), style, "no picture");
            continue;
        };
        page.words(title, Style::bold(9.0), &figure.title);
        let [width, height] = figure.extent();
        let scale = (place.w / width).min(place.h / height);
        let size = [width * scale, height * scale];
        let at = [place.x + (place.w - size[0]) / 2.0, place.y];
        page.items.push(Item::Picture { number, at, size });
        let marks = figure.overlay();
        page.items
            .extend(marks.iter().map(|mark| mark.placed(scale, at)));
        let edge = Pen::new(0.3, BLACK);
        page.items.push(Item::rectangle(at, size, None, Some(edge)));
    }
}
