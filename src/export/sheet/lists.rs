//! Views, checklist, stop rules and the other lists, fitted into one column.
//!
//! The type shrinks first; then entries of the least important lists are left out, each list
//! saying how many.

use super::content::Lists;
use super::page::{Area, BLACK, Page, Style};
use super::text::{MM_PER_PT, wrap};
use crate::export::drawing::Pen;
use crate::export::typeface::{CAP_HEIGHT_EM, Weight};

/// Type sizes tried, points.
const SIZES_PT: [f64; 5] = [9.0, 8.5, 8.0, 7.5, 7.0];

/// Distance of lines in parts of the type size.
const LEADING: f64 = 1.22;

const HEADING_MM: f64 = 4.6;
const GAP_MM: f64 = 1.2;
const INDENT_MM: f64 = 5.0;

/// Sign before an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Number,
    Box,
    Dot,
    Warning,
}

/// A list with what was left of it.
struct Section<'a> {
    title: &'static str,
    sign: Sign,
    entries: &'a [String],
    /// How many entries are printed.
    shown: usize,
    /// Less than this many are printed only when nothing else can give way.
    least: usize,
}

impl Section<'_> {
    fn height_mm(&self, pt: f64, width: f64) -> f64 {
        let shown = self.entries.iter().take(self.shown);
        let lines: usize = shown.map(|entry| lines_of(entry, pt, width).len()).sum();
        let more = usize::from(self.shown < self.entries.len());
        HEADING_MM + (lines + more) as f64 * line_mm(pt) + GAP_MM
    }
}

fn line_mm(pt: f64) -> f64 {
    pt * MM_PER_PT * LEADING
}

fn lines_of(entry: &str, pt: f64, width: f64) -> Vec<String> {
    wrap(
        &crate::export::typeface::drawable(entry),
        Weight::Regular,
        pt,
        width - INDENT_MM,
    )
}

/// In the order they are printed.
fn sections(lists: &Lists) -> Vec<Section<'_>> {
    let all: [(&'static str, Sign, &[String]); 7] = [
        ("OVERRIDDEN", Sign::Warning, &lists.overrides),
        ("VIEWS in order", Sign::Number, &lists.views),
        ("STOP IF", Sign::Dot, &lists.stop_rules),
        ("CHECKLIST", Sign::Box, &lists.checklist),
        ("END POINT", Sign::Dot, &lists.end_point),
        ("VOLUME", Sign::Dot, &lists.volumes),
        ("NOTES", Sign::Dot, &lists.notes),
    ];
    all.into_iter()
        .filter(|(.., entries)| !entries.is_empty())
        .map(|(title, sign, entries)| Section {
            title,
            sign,
            entries,
            shown: entries.len(),
            least: if sign == Sign::Warning {
                entries.len()
            } else {
                2.min(entries.len())
            },
        })
        .collect()
}

/// The column.
pub fn draw(page: &mut Page, area: Area, lists: &Lists) {
    let mut sections = sections(lists);
    let pt = fit(&mut sections, area);
    let mut rest = area;
    for section in &sections {
        if rest.h < HEADING_MM + line_mm(pt) {
            break;
        }
        page.heading(rest.cut_top(HEADING_MM, 0.0), section.title);
        draw_entries(page, &mut rest, section, pt);
        rest.cut_top(GAP_MM, 0.0);
    }
}

/// Chooses the type size and, at the smallest, how many entries are printed.
fn fit(sections: &mut [Section<'_>], area: Area) -> f64 {
    let height = |sections: &[Section<'_>], pt: f64| -> f64 {
        let all: f64 = sections.iter().map(|s| s.height_mm(pt, area.w)).sum();
        all - GAP_MM
    };
    for pt in SIZES_PT {
        if height(sections, pt) <= area.h {
            return pt;
        }
    }
    let [.., pt] = SIZES_PT;
    // From the last, least important list upward, the longest first; then below the least.
    for floor in [None, Some(0)] {
        loop {
            if height(sections, pt) <= area.h {
                return pt;
            }
            let longest = sections
                .iter_mut()
                .skip_while(|section| floor.is_some() && section.sign == Sign::Warning)
                .filter(|section| section.shown > floor.unwrap_or(section.least))
                .max_by_key(|section| section.shown);
            match longest {
                Some(section) => section.shown -= 1,
                None => break,
            }
        }
    }
    pt
}

fn draw_entries(page: &mut Page, rest: &mut Area, section: &Section<'_>, pt: f64) {
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
    for (index, entry) in section.entries.iter().take(section.shown).enumerate() {
        let lines = lines_of(entry, pt, rest.w);
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
            let style = if section.sign == Sign::Warning { bold } else { style };
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
