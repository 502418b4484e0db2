//! The two CT angles drawn to their true size, to hold a needle against, and a scale to measure.

use super::content::Numbers;
use super::page::{Align, Area, BLACK, DARK, Page, Style};
use super::words::{decimal, degrees};
use crate::export::drawing::{Item, Pen, Xy};
use crate::geometry::{Degrees, NeedleAngles, Vector, letters_of};

/// Length of the bar that shows whether the print is true to scale.
pub const SCALE_BAR_MM: f64 = 50.0;

const HEADING_MM: f64 = 4.2;
const ABOVE_MM: f64 = 4.2;
const BELOW_MM: f64 = 1.2;
const BAR_MM: f64 = 6.0;

/// Height for a radius.
pub fn height_mm(radius: f64) -> f64 {
    HEADING_MM + ABOVE_MM + radius + BELOW_MM + BAR_MM
}

/// One quarter circle: the needle's hub leans from the upright toward one side.
struct Quarter {
    title: String,
    upright: &'static str,
    angle: Degrees,
    /// Patient letter of the side to which the hub leans.
    side: String,
    /// Whether that side is at the right.
    to_right: bool,
}

/// Both quarters side by side, the scale below.
pub fn draw(page: &mut Page, area: Area, numbers: &Numbers, radius: f64) {
    let mut rest = area;
    page.heading(
        rest.cut_top(HEADING_MM, 0.0),
        "ANGLES 1:1, tip below, hub above",
    );
    let bar = rest.cut_bottom(BAR_MM, BELOW_MM);
    scale_bar(page, bar);
    let places = rest.columns(&[1.0, 1.0], 3.0);
    let quarters = numbers.path.and_then(quarters);
    let Some(quarters) = quarters else {
        let style = Style::text(8.5).grey(DARK);
        page.words(rest, style, "– Entry and target are needed for the angles");
        return;
    };
    for (quarter, place) in quarters.into_iter().zip(places) {
        match quarter {
            Some(quarter) => draw_quarter(page, place, &quarter, radius),
            None => page.words(
                place,
                Style::text(8.0).grey(DARK),
                "– along the body axis: no in-plane angle",
            ),
        }
    }
}

/// In-plane and out-of-plane, or `None` for a path of no length.
fn quarters(path: Vector<crate::geometry::Lps>) -> Option<[Option<Quarter>; 2]> {
    let angles = NeedleAngles::of(path)?;
    let hub = (-path).direction()?;
    // Seen from the feet with the side of the entry up: right of the picture is right × down = head.
    let up = if hub.0.y >= 0.0 { 1.0 } else { -1.0 };
    let lean = Vector::new(hub.0.x, 0.0, 0.0);
    let in_plane = angles.in_plane.map(|angle| Quarter {
        title: format!("in plane {}", degrees(angle)),
        upright: if up > 0.0 { "P" } else { "A" },
        angle,
        side: letters_of(lean),
        to_right: -hub.0.x * up >= 0.0,
    });
    // Head at the left, whichever side the needle comes from.
    let toward_feet = hub.0.z <= 0.0;
    let out_of_plane = Quarter {
        title: format!(
            "out of plane {}",
            degrees(Degrees(angles.out_of_plane.0.abs()))
        ),
        upright: "axial",
        angle: Degrees(angles.out_of_plane.0.abs()),
        side: if toward_feet { "F" } else { "H" }.to_owned(),
        to_right: toward_feet,
    };
    Some([in_plane, Some(out_of_plane)])
}

fn draw_quarter(page: &mut Page, area: Area, quarter: &Quarter, radius: f64) {
    let direction = if quarter.to_right { 1.0 } else { -1.0 };
    let base = area.y + area.h;
    let apex = if quarter.to_right {
        [area.x + 2.5, base]
    } else {
        [area.x + area.w - 2.5, base]
    };
    let at = |degrees: f64, r: f64| -> Xy {
        let (sin, cos) = degrees.to_radians().sin_cos();
        [apex[0] + direction * r * sin, apex[1] - r * cos]
    };
    ticks(page, &at, radius);
    let hub = at(quarter.angle.0, radius + 1.0);
    page.items
        .push(Item::Line(vec![apex, hub], Pen::new(1.1, BLACK)));
    page.items.push(Item::Circle {
        center: apex,
        radius: 1.1,
        fill: Some(BLACK),
        edge: None,
    });
    let title = Area {
        x: area.x,
        y: area.y,
        w: area.w,
        h: ABOVE_MM,
    };
    // The words stand at the side away from the upright, where the arc falls.
    let align = if quarter.to_right {
        Align::Right
    } else {
        Align::Left
    };
    page.words(title, Style::bold(9.5).align(align), &quarter.title);
    letter(page, at(0.0, radius + 2.2), (quarter.upright, direction));
    letter(
        page,
        [at(90.0, radius - 3.0)[0], base - 2.4],
        (&quarter.side, -direction),
    );
}

/// Ticks each 5°, longer and with a number each 15°; both edges as lines.
fn ticks(page: &mut Page, at: &impl Fn(f64, f64) -> Xy, radius: f64) {
    for edge in [0.0, 90.0] {
        let line = vec![at(edge, 0.0), at(edge, radius)];
        page.items.push(Item::Line(line, Pen::new(0.25, DARK)));
    }
    let arc = (0..=45)
        .map(|step| at(f64::from(step) * 2.0, radius))
        .collect();
    page.items.push(Item::Line(arc, Pen::new(0.25, DARK)));
    for step in 0..=18 {
        let degrees = f64::from(step) * 5.0;
        let long = step % 3 == 0;
        let inner = radius - if long { 3.0 } else { 1.6 };
        let line = vec![at(degrees, inner), at(degrees, radius)];
        page.items.push(Item::Line(line, Pen::new(0.25, BLACK)));
        if long && step > 0 && step < 18 {
            let [x, y] = at(degrees, radius - 5.0);
            let place = Area {
                x: x - 3.0,
                y: y - 1.5,
                w: 6.0,
                h: 3.0,
            };
            let style = Style::text(6.5).grey(DARK).align(Align::Center);
            page.words(place, style, &format!("{degrees:.0}"));
        }
    }
}

/// Letters at a point, to its right (`direction` 1) or left (−1).
fn letter(page: &mut Page, [x, y]: Xy, (text, direction): (&str, f64)) {
    let (width, height) = (9.0, 4.0);
    let place = Area {
        x: if direction > 0.0 { x } else { x - width },
        y: y - height / 2.0,
        w: width,
        h: height,
    };
    let align = if direction > 0.0 {
        Align::Left
    } else {
        Align::Right
    };
    page.words(place, Style::bold(8.5).align(align), text);
}

fn scale_bar(page: &mut Page, area: Area) {
    let (left, y) = (area.x + 1.0, area.y + 3.6);
    let right = left + SCALE_BAR_MM;
    page.rule([left, y], [right, y], Pen::new(0.5, BLACK));
    for step in 0..=5 {
        let x = left + f64::from(step) * SCALE_BAR_MM / 5.0;
        let half = if step % 5 == 0 { 2.0 } else { 1.0 };
        page.rule([x, y - half], [x, y + half], Pen::new(0.35, BLACK));
    }
    let label = Area {
        x: right + 2.0,
        w: area.x + area.w - right - 2.0,
        ..area
    };
    let text = format!(
        "measure: {} mm, else not 1:1",
        decimal(SCALE_BAR_MM).trim_end_matches(".0")
    );
    page.words(label, Style::bold(8.5), &text);
}
