//! Top and bottom of the sheet: level and side, procedure, patient, verdict, origin.

use super::content::{Clearance, Identity, Origin, SheetContent, Verdict};
use super::page::{Align, Area, BLACK, DARK, Page, RULE, Style, WHITE};
use super::text::{first_lines, width_mm, wrap};
use super::words::short;
use super::{DISCLAIMER, words};
use crate::export::drawing::Pen;
use crate::export::typeface::{Weight, drawable};

/// Height of the lines below the procedure, mm.
const SMALL_LINE_MM: f64 = 3.9;

/// Longest name of a procedure that is laid out, in letters.
const LONGEST_TITLE: usize = 200;

/// Level and side in the black box, procedure and target, patient.
pub fn draw(page: &mut Page, area: Area, content: &SheetContent) {
    let parts = area.columns(&[0.28, 0.37, 0.35], 2.5);
    let [place, what, who] = parts[..] else {
        return;
    };
    level_and_side(page, place, content);
    procedure(page, what, content);
    patient(page, who, content.identity.as_ref());
}

fn level_and_side(page: &mut Page, area: Area, content: &SheetContent) {
    page.fill(area, BLACK);
    let heading = &content.heading;
    let mut rest = area.inset(1.5, 1.2);
    let level = match heading.level.trim() {
        "" => "NO LEVEL",
        level => level,
    };
    let style = Style::bold(27.0).grey(WHITE).align(Align::Center);
    if let Some(side) = heading.side {
        page.number(rest.cut_top(rest.h * 0.5, 0.4), style, level);
        page.number(rest, style, &side.word().to_uppercase());
    } else {
        page.number(rest.cut_top(rest.h * 0.72, 0.4), style, level);
        let small = Style::text(8.0).grey(WHITE).align(Align::Center);
        page.words(rest, small, "no side declared");
    }
}

fn procedure(page: &mut Page, area: Area, content: &SheetContent) {
    let heading = &content.heading;
    let mut rest = area;
    let title = match heading.procedure.trim() {
        "" => "No procedure chosen",
        procedure => procedure,
    };
    // As large as two lines allow, then three small ones.
    let title: String = drawable(title).chars().take(LONGEST_TITLE).collect();
    let wrapped = |pt: f64| wrap(&title, Weight::Bold, pt, area.w);
    let (pt, most) = [(13.0, 2), (12.0, 2), (11.0, 2), (10.0, 2)]
        .into_iter()
        .find(|(pt, most)| wrapped(*pt).len() <= *most)
        .unwrap_or((8.5, 3));
    let line_mm = (rest.h - 2.0 * SMALL_LINE_MM - 0.2) / most as f64;
    for line in first_lines(wrapped(pt), most, Weight::Bold, (pt, area.w)) {
        page.words(rest.cut_top(line_mm, 0.0), Style::bold(pt), &line);
    }
    let mut small = vec![(heading.needle.clone(), Weight::Bold)];
    small.push((
        match heading.position {
            Some(position) => format!("Patient {} ({})", position.words(), position.code()),
            None => "Patient position not declared".to_owned(),
        },
        Weight::Regular,
    ));
    for (text, weight) in small {
        let style = Style {
            weight,
            ..Style::text(9.0)
        };
        page.words(rest.cut_top(SMALL_LINE_MM, 0.0), style, &text);
    }
}

fn patient(page: &mut Page, area: Area, identity: Option<&Identity>) {
    page.frame(area, Pen::new(0.2, RULE));
    let mut rest = area.inset(1.5, 0.8);
    let Some(identity) = identity else {
        let style = Style::text(9.0).grey(DARK).align(Align::Center);
        page.words(rest, style, "Patient and study hidden");
        return;
    };
    let joined = |parts: &[&str]| {
        let parts: Vec<&str> = parts
            .iter()
            .map(|part| part.trim())
            .filter(|part| !part.is_empty())
            .collect();
        parts.join(" · ")
    };
    let labelled = |label: &str, text: &str| match text.trim() {
        "" => String::new(),
        text => format!("{label} {text}"),
    };
    let name = match identity.name.trim() {
        "" => "(no name)",
        name => name,
    };
    page.words(rest.cut_top(4.8, 0.0), Style::bold(11.0), name);
    let lines = [
        joined(&[
            &labelled("ID", &identity.id),
            &labelled("born", &identity.birth_date),
            &identity.sex,
        ]),
        joined(&[&labelled("Study", &identity.study_date), &identity.study]),
        labelled("Series", &identity.series),
    ];
    // One size for all lines: as large as the longest allows.
    let widest = lines
        .iter()
        .map(|line| width_mm(&drawable(line), Weight::Regular, 9.0))
        .fold(rest.w, f64::max);
    let pt = (9.0 * rest.w / widest).max(7.0);
    for line in lines {
        page.words(rest.cut_top(3.9, 0.3), Style::text(pt), &line);
    }
}

/// One line that says whether a margin is broken or a guard overridden: white on black if so.
pub fn verdict(page: &mut Page, area: Area, content: &SheetContent) {
    let clearances = &content.clearances;
    let worst = clearances
        .iter()
        .min_by(|a, b| super::clearances::order(a, b));
    let inner = area.inset(2.0, 0.4);
    let style = Style::bold(12.0).align(Align::Center);
    let count = |verdict| clearances.iter().filter(|c| c.verdict == verdict).count();
    let distance = |worst: &Clearance| match &worst.distance_mm {
        Ok(mm) => format!("{}, {} mm", worst.structure, words::decimal(*mm)),
        Err(_) => format!("{}, –", worst.structure),
    };
    let overrides = &content.lists.overrides;
    let broken = matches!(worst, Some(worst) if worst.verdict == Verdict::Stop);
    if !overrides.is_empty() && !broken {
        // A kept margin must not hide that the side is not the declared one.
        let title = |entry: &String| entry.split(':').next().unwrap_or_default().to_owned();
        let titles: Vec<String> = overrides.iter().map(title).collect();
        page.fill(area, BLACK);
        let text = format!("OVERRIDDEN: {}", titles.join(", "));
        page.words(inner, style.grey(WHITE), &text);
        return;
    }
    let Some(worst) = worst else {
        page.frame(area, Pen::new(0.5, BLACK));
        page.words(
            inner,
            style,
            "NO STRUCTURE CHECKED: clearances are not known",
        );
        return;
    };
    let margin = |name: &str, mm: Option<f64>| {
        mm.map_or_else(String::new, |mm| format!(" ({name} {} mm)", short(mm)))
    };
    let more = |verdict| match count(verdict) {
        0 | 1 => String::new(),
        n => format!(", and {} more", n - 1),
    };
    match worst.verdict {
        Verdict::Stop => {
            page.fill(area, BLACK);
            let text = format!(
                "✗ STOP: {}{}{}",
                distance(worst),
                margin("stop below", worst.stop_mm),
                more(Verdict::Stop)
            );
            page.words(inner, style.grey(WHITE), &text);
        }
        Verdict::Warn => {
            page.frame(area, Pen::new(0.9, BLACK));
            let text = format!(
                "! CLOSE: {}{}{}",
                distance(worst),
                margin("warn below", worst.warn_mm),
                more(Verdict::Warn)
            );
            page.words(inner, style, &text);
        }
        Verdict::Unknown => {
            page.frame(area, Pen::new(0.9, BLACK));
            let text = format!(
                "? NOT CHECKED: {}{}",
                worst.structure,
                more(Verdict::Unknown)
            );
            page.words(inner, style, &text);
        }
        Verdict::Kept => {
            page.frame(area, Pen::new(0.3, BLACK));
            let text = format!(
                "✓ Margins kept to {} structures; nearest: {}",
                clearances.len(),
                distance(worst)
            );
            page.words(inner, style, &text);
        }
    }
}

/// Program, plan, date, and what the sheet is not.
pub fn footer(page: &mut Page, area: Area, origin: &Origin) {
    page.rule(
        [area.x, area.y],
        [area.x + area.w, area.y],
        Pen::new(0.2, RULE),
    );
    let mut rest = area.inset(0.0, 0.3);
    let mut parts = vec![origin.program.clone()];
    let mut add = |label: &str, text: &str| {
        if !text.trim().is_empty() {
            parts.push(format!("{label} {}", text.trim()));
        }
    };
    add("plan", &origin.plan_file);
    add("frame of reference …", &origin.frame_tail);
    add("printed", &origin.date);
    let line = parts.join(" · ").replace("… ", "…");
    let mut lower = rest.cut_bottom(3.0, 0.0);
    if page.has_replacement() {
        let note = "□ stands for a character this sheet cannot print";
        let room = lower.cut_left(lower.w * 0.38, 2.0);
        page.words(room, Style::text(7.0), note);
    }
    page.words(rest, Style::bold(7.0), DISCLAIMER);
    page.words(lower, Style::text(7.0).align(Align::Right), &line);
}
