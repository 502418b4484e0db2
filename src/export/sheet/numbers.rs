//! The numbers, large: depth and needle, CT angles, C-arm.

use super::content::{Numbers, SheetContent};
use super::page::{Area, BLACK, DARK, Page, RULE, Style, TINT};
use super::text::{first_lines, wrap};
use super::words::{UNKNOWN, decimal, degrees, or_reason, short, signed_degrees};
use crate::export::drawing::Pen;
use crate::export::typeface::Weight;
use crate::geometry::{Degrees, PatientPosition};
use crate::plan::Known;
use crate::study::anatomy::Side;

/// A number in its box.
struct Tile {
    label: &'static str,
    value: String,
    unit: &'static str,
    note: String,
}

/// The three rows.
pub fn draw(page: &mut Page, area: Area, content: &SheetContent) {
    let mut rest = area;
    let gap = 1.5;
    let row = (area.h - 2.0 * gap) / 3.0;
    let numbers = &content.numbers;
    let depth = named(page, rest.cut_top(row, gap), "DEPTH");
    tiles(page, depth, &depth_tiles(numbers), &SHARES);
    let ct = named(page, rest.cut_top(row, gap), "CT");
    tiles(page, ct, &ct_tiles(content), &SHARES);
    let carm = named(page, rest, "C-ARM");
    carm_row(page, carm, content);
}

/// Shares of a row: the numbers that are needed at the table are the widest.
const SHARES: [f64; 5] = [1.3, 1.3, 0.95, 0.95, 1.0];

/// Gives a row its name at the left; returns the rest.
fn named(page: &mut Page, area: Area, name: &str) -> Area {
    let mut rest = area;
    let tab = rest.cut_left(13.5, 0.0);
    page.fill(tab, TINT);
    let style = Style::bold(11.0).align(super::page::Align::Center);
    page.number(tab.inset(0.8, 0.0), style, name);
    page.frame(area, Pen::new(0.4, BLACK));
    rest
}

fn tiles(page: &mut Page, area: Area, tiles: &[Tile], shares: &[f64]) {
    let columns = area.columns(shares, 0.0);
    for (index, (tile, column)) in tiles.iter().zip(columns).enumerate() {
        if index > 0 {
            let pen = Pen::new(0.2, RULE);
            page.rule([column.x, column.y], [column.x, column.y + column.h], pen);
        }
        let large = if index < 2 { 30.0 } else { 21.0 };
        draw_tile(page, column.inset(1.3, 0.6), tile, large);
    }
}

fn draw_tile(page: &mut Page, area: Area, tile: &Tile, large: f64) {
    let mut rest = area;
    page.words(
        rest.cut_top(2.9, 0.6),
        Style::bold(7.5).grey(DARK),
        tile.label,
    );
    let known = tile.value != UNKNOWN;
    let note = rest.cut_bottom(if known { 3.4 } else { 6.6 }, 0.6);
    let unit_room = if tile.unit.is_empty() || !known {
        0.0
    } else {
        8.0
    };
    let room = Area {
        w: rest.w - unit_room,
        ..rest
    };
    let width = page.number(room, Style::bold(large), &tile.value);
    if known && !tile.unit.is_empty() {
        let unit = Area {
            x: room.x + width + 1.2,
            w: unit_room - 1.2,
            ..rest
        };
        page.number(unit, Style::bold(12.0), tile.unit);
    }
    note_lines(page, note, &tile.note);
}

fn note_lines(page: &mut Page, area: Area, note: &str) {
    let mut rest = area;
    let pt = 7.5;
    let most = if area.h > 5.0 { 2 } else { 1 };
    if most == 1 {
        page.words(
            rest,
            Style {
                least_pt: 6.0,
                ..Style::bold(8.5)
            },
            note,
        );
        return;
    }
    let lines = wrap(note, Weight::Regular, pt, area.w);
    for line in first_lines(lines, most, Weight::Regular, (pt, area.w)) {
        page.words(rest.cut_top(3.2, 0.0), Style::text(pt), &line);
    }
}

fn tile(label: &'static str, unit: &'static str, (value, note): (String, String)) -> Tile {
    Tile {
        label,
        value,
        unit,
        note,
    }
}

fn millimetres(number: &Known<f64>, note: &str) -> (String, String) {
    or_reason(number, |mm| (decimal(*mm), note.to_owned()))
}

fn depth_tiles(numbers: &Numbers) -> [Tile; 5] {
    let readout = &numbers.readout;
    let of_needle = match &numbers.needle {
        Ok(needle) => format!("of {} mm, stays outside", short(needle.length_mm)),
        Err(_) => "stays outside".to_owned(),
    };
    let reserve = or_reason(&readout.needle_reserve_mm, |mm| {
        if *mm < 0.0 {
            (decimal(*mm), "NEEDLE TOO SHORT".to_owned())
        } else {
            (decimal(*mm), of_needle)
        }
    });
    let from_midline = or_reason(&numbers.entry_from_midline_mm, |mm| {
        let side = Side::of(*mm).word().to_uppercase();
        let note = match decimal(mm.abs()).as_str() {
            "0.0" => "on the midline".to_owned(),
            _ => format!("{side} of midline"),
        };
        (decimal(mm.abs()), note)
    });
    let needle = or_reason(&numbers.needle, |needle| {
        let value = format!("{}G × {}", needle.gauge, short(needle.length_mm));
        (value, needle.kind.clone())
    });
    [
        tile(
            "PATH LENGTH",
            "mm",
            millimetres(&readout.length_mm, "entry to target"),
        ),
        tile(
            "SKIN TO TARGET",
            "mm",
            millimetres(&numbers.skin_depth_mm, "along the needle"),
        ),
        tile("RESERVE", "mm", reserve),
        tile("ENTRY", "mm", from_midline),
        tile("NEEDLE", "mm", needle),
    ]
}

fn ct_tiles(content: &SheetContent) -> [Tile; 5] {
    let readout = &content.numbers.readout;
    let lying_on_side = content
        .heading
        .position
        .is_some_and(PatientPosition::is_decubitus);
    // Section 2.6 counts from the sagittal plane, which is vertical only for supine and prone.
    let from = if lying_on_side {
        "from the sagittal plane"
    } else {
        "from vertical"
    };
    let direction = readout
        .in_plane_direction
        .as_ref()
        .copied()
        .unwrap_or_default();
    let in_plane = or_reason(&readout.in_plane, |angle| {
        let note = match direction {
            "vertical" | "" => from.to_owned(),
            toward => format!(
                "{from}, tip to {}",
                toward.trim_start_matches("toward ").to_uppercase()
            ),
        };
        (degrees(*angle), note)
    });
    let cranial = |angle: &Degrees| {
        let note = match decimal(angle.0).as_str() {
            "0.0" => "in the axial plane".to_owned(),
            text if text.starts_with('−') => "tip CAUDAL".to_owned(),
            _ => "tip CRANIAL".to_owned(),
        };
        (degrees(Degrees(angle.0.abs())), note)
    };
    let tilt = or_reason(&readout.gantry_tilt, |angle| {
        (signed_degrees(*angle), "DICOM sign".to_owned())
    });
    let cone = or_reason(&content.numbers.tolerance_cone, |angle| {
        (
            format!("±{}", degrees(*angle)),
            "at the hub, margins hold".to_owned(),
        )
    });
    [
        tile("IN-PLANE ANGLE", "", in_plane),
        tile(
            "OUT OF PLANE",
            "",
            or_reason(&readout.out_of_plane, cranial),
        ),
        tile(
            "ON LATERAL VIEW",
            "",
            or_reason(&readout.sagittal_projected, cranial),
        ),
        tile("GANTRY TILT", "", tilt),
        tile("TOLERANCE CONE", "", cone),
    ]
}

fn carm_row(page: &mut Page, area: Area, content: &SheetContent) {
    let carm = &content.numbers.readout.carm;
    let mut rest = area;
    let spoken = rest.cut_top(area.h * 0.5, 0.0).inset(1.3, 0.4);
    match &carm.phrase {
        Ok(phrase) => page.words(spoken, Style::bold(19.0), phrase),
        Err(reason) => page.words(spoken, Style::bold(12.0), &format!("– {reason}")),
    }
    let pen = Pen::new(0.2, RULE);
    page.rule([rest.x, rest.y], [rest.x + rest.w, rest.y], pen);
    let code = content.heading.position.map_or("?", PatientPosition::code);
    let pair = |a: Degrees, b: Degrees| format!("{} / {}", signed_degrees(a), signed_degrees(b));
    let pairs = [
        (
            "DICOM positioner: primary / secondary".to_owned(),
            or_reason(&carm.dicom, |c| {
                (pair(c.primary, c.secondary), String::new())
            }),
        ),
        (
            format!("Console set for HFS, patient {code}: LAO+ / CRA+"),
            or_reason(&carm.console, |c| {
                (pair(c.primary, c.secondary), String::new())
            }),
        ),
        (
            "C-arm at table side: orbital / tilt".to_owned(),
            or_reason(&carm.side, |c| (pair(c.orbital, c.tilt), String::new())),
        ),
    ];
    for (index, ((label, (value, reason)), column)) in pairs
        .into_iter()
        .zip(rest.columns(&[1.0, 1.06, 0.94], 0.0))
        .enumerate()
    {
        if index > 0 {
            page.rule([column.x, column.y], [column.x, column.y + column.h], pen);
        }
        let mut column = column.inset(1.3, 0.5);
        page.words(
            column.cut_top(3.0, 0.2),
            Style::text(7.5).grey(DARK),
            &label,
        );
        if reason.is_empty() {
            page.number(column, Style::bold(14.0), &value);
        } else {
            page.words(column, Style::text(7.0), &format!("{value} {reason}"));
        }
    }
}
