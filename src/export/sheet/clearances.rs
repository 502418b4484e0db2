//! Clearances and the procedure's ranges, what is broken first.

use std::cmp::Ordering;

use super::content::{Clearance, RangeCheck, SheetContent, Verdict};
use super::page::{Align, Area, BLACK, DARK, Page, RULE, Style, WHITE};
use super::words::{UNKNOWN, decimal, short};
use crate::export::drawing::Pen;

const HEADING_MM: f64 = 4.2;
const GAP_MM: f64 = 1.0;
const TALLEST_ROW_MM: f64 = 4.9;
const LOWEST_ROW_MM: f64 = 3.5;

/// What is broken first, then what is nearest; what is not known before what is kept.
pub fn order(a: &Clearance, b: &Clearance) -> Ordering {
    let mm = |row: &Clearance| row.distance_mm.as_ref().copied().unwrap_or(f64::INFINITY);
    a.verdict
        .cmp(&b.verdict)
        .then(mm(a).total_cmp(&mm(b)))
        .then(a.structure.cmp(&b.structure))
}

/// Both tables; they share the room by what they have to say.
pub fn draw(page: &mut Page, area: Area, content: &SheetContent) {
    let mut rows: Vec<&Clearance> = content.clearances.iter().collect();
    rows.sort_by(|a, b| order(a, b));
    let mut checks: Vec<&RangeCheck> = content.checks.iter().collect();
    checks.sort_by_key(|check| check.verdict);
    let headings = if checks.is_empty() { 1.0 } else { 2.0 };
    let room = area.h - headings * HEADING_MM - (headings - 1.0) * GAP_MM;
    let wanted = rows.len().max(1) + checks.len();
    let row_mm = (room / wanted as f64).clamp(LOWEST_ROW_MM, TALLEST_ROW_MM);
    let fits = (room / row_mm + 1e-6).floor() as usize;
    // Ranges get at most a third of the room where not everything fits.
    let for_checks = checks
        .len()
        .min(fits.saturating_sub(rows.len().max(1)).max(fits / 3));
    let for_rows = fits - for_checks;

    let mut rest = area;
    clearance_heading(page, rest.cut_top(HEADING_MM, 0.0));
    if rows.is_empty() {
        let style = Style::text(8.5);
        page.words(rest.cut_top(row_mm, 0.0), style, "No structure was checked");
    }
    let (shown, omitted) = share(&rows, for_rows);
    for row in shown {
        clearance_row(page, rest.cut_top(row_mm, 0.0), row);
    }
    let heeded = |verdict| verdict != Verdict::Kept;
    if !omitted.is_empty() {
        let heed = omitted.iter().filter(|row| heeded(row.verdict)).count();
        more_row(
            page,
            rest.cut_top(row_mm, 0.0),
            ("clearance", omitted.len()),
            heed,
        );
    }
    if checks.is_empty() {
        return;
    }
    rest.cut_top(GAP_MM, 0.0);
    page.heading(rest.cut_top(HEADING_MM, 0.0), "RANGES of the procedure");
    let (shown, omitted) = share(&checks, for_checks);
    for check in shown {
        check_row(page, rest.cut_top(row_mm, 0.0), check);
    }
    if !omitted.is_empty() {
        let heed = omitted.iter().filter(|row| heeded(row.verdict)).count();
        more_row(
            page,
            rest.cut_top(row_mm, 0.0),
            ("range", omitted.len()),
            heed,
        );
    }
}

/// The rows that are printed and those that are not; a row is kept to say so.
fn share<'a, T>(rows: &'a [&'a T], room: usize) -> (&'a [&'a T], &'a [&'a T]) {
    if rows.len() <= room {
        (rows, &[])
    } else {
        rows.split_at_checked(room.saturating_sub(1))
            .unwrap_or((rows, &[]))
    }
}

fn more_row(page: &mut Page, area: Area, (what, count): (&str, usize), heed: usize) {
    let plural = if count == 1 { "" } else { "s" };
    let heed = match heed {
        0 => "all kept".to_owned(),
        n => format!("{n} of them to heed: see the plan"),
    };
    let text = format!("… and {count} more {what}{plural}, {heed}");
    page.words(area.inset(1.0, 0.0), Style::bold(8.0), &text);
}

/// Sign and word of a verdict; white on black for a stop.
fn verdict(page: &mut Page, area: Area, verdict: Verdict) {
    let text = match verdict {
        Verdict::Stop => "✗ STOP",
        Verdict::Warn => "! close",
        Verdict::Unknown => "? unknown",
        Verdict::Kept => "✓ kept",
    };
    let area = area.inset(0.0, 0.25);
    if verdict == Verdict::Stop {
        page.fill(area, BLACK);
        page.number(area.inset(1.0, 0.0), Style::bold(8.5).grey(WHITE), text);
    } else if verdict == Verdict::Kept {
        page.words(area.inset(1.0, 0.0), Style::bold(8.5), text);
    } else {
        page.frame(area, Pen::new(0.35, BLACK));
        page.number(area.inset(1.0, 0.0), Style::bold(8.5), text);
    }
}

fn ruled(page: &mut Page, area: Area) {
    let y = area.y + area.h;
    page.rule([area.x, y], [area.x + area.w, y], Pen::new(0.12, RULE));
}

/// Verdict, structure, distance, then stop margin, warning margin and depth, mm.
const COLUMNS: [f64; 6] = [16.0, 39.0, 14.0, 8.0, 9.0, 10.0];

fn clearance_heading(page: &mut Page, area: Area) {
    page.heading(area, "CLEARANCE of the shaft");
    let columns = area.columns(&COLUMNS, 1.0);
    let captions = ["mm", "stop", "warn", "depth"];
    for (caption, column) in captions.into_iter().zip(columns.into_iter().skip(2)) {
        let style = Style {
            least_pt: 6.5,
            ..Style::bold(8.0)
        };
        page.words(column, style.align(Align::Right), caption);
    }
}

fn clearance_row(page: &mut Page, area: Area, row: &Clearance) {
    ruled(page, area);
    let columns = area.columns(&COLUMNS, 1.0);
    let [sign, name, distance, stop, warn, depth] = columns[..] else {
        return;
    };
    verdict(page, sign, row.verdict);
    let narrow = Style {
        least_pt: 6.5,
        ..Style::bold(9.0)
    };
    match &row.distance_mm {
        Ok(mm) => {
            page.words(name, narrow, &row.structure);
            let style = Style::bold(10.5).align(Align::Right);
            page.number(distance, style, &decimal(*mm));
        }
        Err(reason) => {
            let wide = Area {
                w: distance.x + distance.w - name.x,
                ..name
            };
            let text = format!("{} {UNKNOWN} {reason}", row.structure);
            page.words(wide, narrow, &text);
        }
    }
    for (place, mm) in [
        (stop, row.stop_mm),
        (warn, row.warn_mm),
        (depth, row.at_depth_mm.map(f64::round)),
    ] {
        let style = Style::text(8.5).grey(DARK).align(Align::Right);
        page.number(place, style, &mm.map_or_else(String::new, short));
    }
}

fn check_row(page: &mut Page, area: Area, check: &RangeCheck) {
    ruled(page, area);
    let columns = area.columns(&[16.0, 31.0, 17.0, 32.0], 1.0);
    let [sign, what, found, range] = columns[..] else {
        return;
    };
    let text = match check.verdict {
        Verdict::Stop | Verdict::Warn => "! outside",
        Verdict::Unknown => "? unknown",
        Verdict::Kept => "✓ within",
    };
    let place = sign.inset(0.0, 0.25);
    if check.verdict != Verdict::Kept {
        page.frame(place, Pen::new(0.35, BLACK));
    }
    page.number(place.inset(1.0, 0.0), Style::bold(8.5), text);
    page.words(what, Style::text(8.5), &check.what);
    let value = check.found.as_ref().map_or(UNKNOWN, String::as_str);
    page.number(found, Style::bold(9.5).align(Align::Right), value);
    let mut note = match &check.found {
        Ok(_) => check.range.clone(),
        Err(reason) => reason.clone(),
    };
    if check.proposal {
        note.push_str(" (proposal)");
    }
    let style = Style {
        least_pt: 6.0,
        ..Style::text(8.0)
    };
    page.words(range.inset(0.6, 0.0), style.grey(DARK), &note);
}
