//! Top and bottom of the sheet: level and side, procedure, patient, verdict, origin.

use super::content::{Clearance, Identity, Origin, SheetContent, Verdict};
use super::page::{Align, Area, BLACK, DARK, Page, RULE, Style, WHITE};
use super::text::{first_lines, wrap};
use super::words::short;
use super::{DISCLAIMER, words};
use crate::export::drawing::Pen;
use crate::export::typeface::Weight;

/// Level and side in the black box, procedure and target, patient.
pub fn draw(page: &mut Page, area: Area, content: &SheetContent) {
    let parts = area.columns(&[0.29, 0.39, 0.32], 2.5);
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
    let pt = 12.0;
    let lines = wrap(title, Weight::Bold, pt, area.w);
    let lines = first_lines(lines, 2, Weight::Bold, (pt, area.w));
    for line in &lines {
        page.words(rest.cut_top(5.0, 0.0), Style::bold(pt), line);
    }
    rest.cut_top(0.4, 0.0);
    let mut small = vec![(heading.needle.clone(), Weight::Bold)];
    small.push((
        match heading.position {
            Some(position) => format!("Patient {} ({})", position.words(), position.code()),
            None => "Patient position not declared".to_owned(),
        },
        Weight::Regular,
    ));
    let target = match heading.target.trim() {
        "" => String::new(),
        target => format!("Target: {target}"),
    };
    small.push((target, Weight::Regular));
    for (text, weight) in small {
        if rest.h < 3.4 {
            break;
        }
        // The target's definition takes what is left.
        let room = ((rest.h / 3.7).floor() as usize).max(1);
        let most = if text.starts_with("Target: ") { room } else { 1 };
        let lines = wrap(&text, weight, 8.0, area.w);
        for line in first_lines(lines, most, weight, (8.0, area.w)) {
            let style = Style {
                weight,
                ..Style::text(8.0)
            };
            page.words(rest.cut_top(3.7, 0.0), style, &line);
        }
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
    for line in lines {
        page.words(rest.cut_top(3.9, 0.3), Style::text(8.5), &line);
    }
}

/// One line that says whether a margin is broken: white on black if so.
pub fn verdict(page: &mut Page, area: Area, clearances: &[Clearance]) {
    let worst = clearances
        .iter()
        .min_by(|a, b| super::clearances::order(a, b));
    let inner = area.inset(2.0, 0.4);
    let style = Style::bold(12.0).align(Align::Center);
    let count = |verdict| clearances.iter().filter(|c| c.verdict == verdict).count();
    let distance = |worst: &Clearance| match &worst.distance_mm {
        Ok(mm) => format!("{} {} mm", worst.structure, words::decimal(*mm)),
        Err(_) => format!("{} –", worst.structure),
    };
    let Some(worst) = worst else {
        page.frame(area, Pen::new(0.5, BLACK));
        page.words(inner, style, "NO STRUCTURE CHECKED: clearances are not known");
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
