//! Views, checklist, stop rules and the other lists, fitted into one column.
//!
//! The type shrinks first; then entries of the least important lists are left out, each list
//! saying how many.

use super::content::SheetContent;
use super::page::{Area, BLACK, Page, Style};
use super::text::{MM_PER_PT, wrap};
use crate::export::drawing::Pen;
use crate::export::typeface::{CAP_HEIGHT_EM, Weight, drawable};

/// Type sizes tried, points.
const SIZES_PT: [f64; 5] = [9.0, 8.5, 8.0, 7.5, 7.0];

/// Distance of lines in parts of the type size.
const LEADING: f64 = 1.19;

const HEADING_MM: f64 = 4.2;
const BELOW_HEADING_MM: f64 = 0.4;
const GAP_MM: f64 = 0.8;
const INDENT_MM: f64 = 5.0;

/// More entries than the column has lines.
const MOST_ENTRIES: usize = 50;

/// Longest entry, in letters: what is longer is not read beside a table.
const MOST_LETTERS: usize = 500;

/// Sign before an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Number,
    Box,
    Dot,
    Warning,
}

/// A list with what was left of it.
struct Section {
    title: &'static str,
    sign: Sign,
    entries: Vec<String>,
    /// The entries' lines at the type size that was tried last.
    lines: Vec<Vec<String>>,
    /// How many entries are printed.
    shown: usize,
    /// The greater, the longer its entries stay.
    importance: f64,
}

impl Section {
    fn break_lines(&mut self, pt: f64, width: f64) {
        let weight = self.weight();
        let entries = self.entries.iter().take(self.shown);
        self.lines = entries
            .map(|entry| wrap(entry, weight, pt, width - INDENT_MM))
            .collect();
    }

    fn height_mm(&self, pt: f64) -> f64 {
        let lines: usize = self.lines.iter().take(self.shown).map(Vec::len).sum();
        let more = usize::from(self.shown < self.entries.len());
        HEADING_MM + BELOW_HEADING_MM + (lines + more) as f64 * line_mm(pt) + GAP_MM
    }

    fn weight(&self) -> Weight {
        if self.sign == Sign::Warning {
            Weight::Bold
        } else {
            Weight::Regular
        }
    }
}

/// An entry without what cannot be drawn, and not longer than is read.
fn entry_text(entry: &str) -> String {
    let mut letters = entry.chars();
    let mut text: String = letters.by_ref().take(MOST_LETTERS).collect();
    if letters.next().is_some() {
        text.push('…');
    }
    drawable(&text)
}

fn line_mm(pt: f64) -> f64 {
    pt * MM_PER_PT * LEADING
}

/// In the order they are printed.
fn sections(content: &SheetContent) -> Vec<Section> {
    let lists = &content.lists;
    let target = std::slice::from_ref(&content.heading.target);
    let never = f64::INFINITY;
    let all: [(&'static str, Sign, &[String], f64); 8] = [
        ("OVERRIDDEN", Sign::Warning, &lists.overrides, never),
        ("TARGET", Sign::Dot, target, never),
        ("VIEWS in order", Sign::Number, &lists.views, 3.0),
        ("STOP IF", Sign::Dot, &lists.stop_rules, 4.0),
        ("CHECKLIST", Sign::Box, &lists.checklist, 4.0),
        ("END POINT", Sign::Dot, &lists.end_point, 1.5),
        ("VOLUME", Sign::Dot, &lists.volumes, 1.5),
        ("NOTES", Sign::Dot, &lists.notes, 1.0),
    ];
    all.into_iter()
        .filter(|(.., entries, _)| entries.iter().any(|entry| !entry.trim().is_empty()))
        .map(|(title, sign, entries, importance)| Section {
            title,
            sign,
            entries: entries.iter().map(|entry| entry_text(entry)).collect(),
            lines: Vec::new(),
            shown: entries.len().min(MOST_ENTRIES),
            importance,
        })
        .collect()
}

/// The column.
pub fn draw(page: &mut Page, area: Area, content: &SheetContent) {
    let mut sections = sections(content);
    let pt = fit(&mut sections, area);
    let mut rest = area;
    for section in &sections {
        if rest.h < HEADING_MM + BELOW_HEADING_MM + line_mm(pt) {
            break;
        }
        let heading = rest.cut_top(HEADING_MM, 0.0);
        if matches!(section.title, "OVERRIDDEN" | "STOP IF") {
            page.loud_heading(heading, section.title);
        } else {
            page.heading(heading, section.title);
        }
        rest.cut_top(BELOW_HEADING_MM, 0.0);
        draw_entries(page, &mut rest, section, pt);
        rest.cut_top(GAP_MM, 0.0);
    }
}

/// Chooses the type size and, at the smallest, how many entries are printed.
fn fit(sections: &mut [Section], area: Area) -> f64 {
    let height = |sections: &[Section], pt: f64| -> f64 {
        let all: f64 = sections.iter().map(|s| s.height_mm(pt)).sum();
        all - GAP_MM
    };
    for pt in SIZES_PT {
        for section in &mut *sections {
            section.break_lines(pt, area.w);
        }
        if height(sections, pt) <= area.h {
            return pt;
        }
    }
    let [.., pt] = SIZES_PT;
    while height(sections, pt) > area.h {
        let longest = sections
            .iter_mut()
            .filter(|section| section.shown > 1 && section.importance.is_finite())
            .max_by(|a, b| {
                let share = |s: &Section| s.shown as f64 / s.importance;
                share(a).total_cmp(&share(b))
            });
        match longest {
            Some(section) => section.shown -= 1,
            None => break,
        }
    }
    pt
}

fn draw_entries(page: &mut Page, rest: &mut Area, section: &Section, pt: f64) {
    let line = line_mm(pt);
    let style = Style {
        least_pt: pt,
        ..Style::text(pt)
    };
    let bold = Style {
        weight: Weight::Bold,
        ..style
    };
    let mut omitted = section.entries.len() - section.shown;
    for (index, lines) in section.lines.iter().take(section.shown).enumerate() {
        // The last resort: what is printed never leaves its area.
        let more = if omitted > 0 { line } else { 0.0 };
        if rest.h + 1e-6 < lines.len() as f64 * line + more {
            omitted = section.entries.len() - index;
            break;
        }
        for (number, text) in lines.iter().enumerate() {
            let mut row = rest.cut_top(line, 0.0);
            let place = row.cut_left(INDENT_MM, 0.0);
            if number == 0 {
                sign(page, place, section.sign, (index, bold));
            }
            let style = if section.sign == Sign::Warning {
                bold
            } else {
                style
            };
            page.words(row, style, text);
        }
    }
    if omitted > 0 && rest.h + 1e-6 >= line {
        let row = rest.cut_top(line, 0.0);
        page.words(row, bold, &format!("… and {omitted} more: see the plan"));
    }
}

fn sign(page: &mut Page, area: Area, sign: Sign, (index, style): (usize, Style)) {
    let cap = style.pt * MM_PER_PT * CAP_HEIGHT_EM;
    match sign {
        Sign::Number => page.words(area.inset(0.8, 0.0), style, &(index + 1).to_string()),
        Sign::Dot => page.words(area.inset(1.4, 0.0), style, "•"),
        Sign::Warning => page.words(area.inset(1.4, 0.0), style, "!"),
        Sign::Box => {
            let side = cap * 1.15;
            let square = Area {
                x: area.x + 0.8,
                y: area.y + (area.h - side) / 2.0 - 0.1,
                w: side,
                h: side,
            };
            page.frame(square, Pen::new(0.3, BLACK));
        }
    }
}
