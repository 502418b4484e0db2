//! Clearances and the procedure's ranges, what is broken first.

use std::cmp::Ordering;

use super::content::{Clearance, RangeCheck, SheetContent, Verdict};
use super::page::{Align, Area, BLACK, DARK, Page, RULE, Style, WHITE};
use super::words::{UNKNOWN, decimal, short};
use crate::export::drawing::Pen;

const HEADING_MM: f64 = 4.6;
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
    let room = area.h - headings * HEADING_MM - (headings - 1.0) * 1.5;
    let wanted = rows.len().max(1) + checks.len();
    let row_mm = (room / wanted as f64).clamp(LOWEST_ROW_MM, TALLEST_ROW_MM);
    let fits = (room / row_mm + 1e-6).floor() as usize;
    // Ranges get at most a third of the room where not everything fits.
    let for_checks = checks.len().min(fits.saturating_sub(rows.len().max(1)).max(fits / 3));
    let for_rows = fits - for_checks;

    let mut rest = area;
    page.heading(rest.cut_top(HEADING_MM, 0.0), "CLEARANCE from the needle's surface");
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
        more_row(page, rest.cut_top(row_mm, 0.0), ("clearance", omitted.len()), heed);
    }
    if checks.is_empty() {
        return;
    }
    rest.cut_top(1.5, 0.0);
    page.heading(rest.cut_top(HEADING_MM, 0.0), "RANGES of the procedure");
    let (shown, omitted) = share(&checks, for_checks);
    for check in shown {
        check_row(page, rest.cut_top(row_mm, 0.0), check);
    }
    if !omitted.is_empty() {
        let heed = omitted.iter().filter(|row| heeded(row.verdict)).count();
        more_row(page, rest.cut_top(row_mm, 0.0), ("range", omitted.len()), heed);
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
        page.words(area.inset(1.0, 0.0), Style::bold(8.5).grey(WHITE), text);
    } else {
        if verdict != Verdict::Kept {
            page.frame(area, Pen::new(0.35, BLACK));
        }
        page.words(area.inset(1.0, 0.0), Style::bold(8.5), text);
    }
}

fn ruled(page: &mut Page, area: Area) {
    let y = area.y + area.h;
    page.rule([area.x, y], [area.x + area.w, y], Pen::new(0.12, RULE));
}

fn clearance_row(page: &mut Page, area: Area, row: &Clearance) {
    ruled(page, area);
    let columns = area.columns(&[17.0, 33.0, 19.0, 27.0], 1.0);
    let [sign, name, distance, margins] = columns[..] else {
        return;
    };
    verdict(page, sign, row.verdict);
    page.words(name, Style::bold(9.0), &row.structure);
    let mm = match &row.distance_mm {
        Ok(mm) => format!("{} mm", decimal(*mm)),
        Err(_) => UNKNOWN.to_owned(),
    };
    page.number(distance, Style::bold(10.5).align(Align::Right), &mm);
    let mut notes = Vec::new();
    match &row.distance_mm {
        Ok(_) => {
            let mut margin = |name: &str, mm: Option<f64>| {
                if let Some(mm) = mm {
                    notes.push(format!("{name} {}", short(mm)));
                }
            };
            margin("stop", row.stop_mm);
            margin("warn", row.warn_mm);
            margin("at", row.at_depth_mm);
        }
        Err(reason) => notes.push(reason.clone()),
    }
    let style = Style {
        least_pt: 6.0,
        ..Style::text(8.0)
    };
    page.words(margins.inset(0.6, 0.0), style.grey(DARK), &notes.join(" · "));
}

fn check_row(page: &mut Page, area: Area, check: &RangeCheck) {
    ruled(page, area);
    let columns = area.columns(&[17.0, 28.0, 18.0, 33.0], 1.0);
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
    page.words(place.inset(1.0, 0.0), Style::bold(8.5), text);
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
