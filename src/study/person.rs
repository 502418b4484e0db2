//! Names and dates of DICOM headers as people write them.

/// A DICOM person name as people write it: `Doe^Jane` → `Doe, Jane`.
///
/// The alphabetic group comes first, the ideographic one (else the phonetic one) beside it:
/// `Yamada, Tarou (山田 太郎)`. Groups that `can_draw` refuses are left out where another remains.
pub fn person_name(name: &str, can_draw: impl Fn(&str) -> bool) -> String {
    let mut groups = name.split('=');
    let alphabetic = group(groups.next().unwrap_or_default(), ", ");
    let written: Vec<String> = groups
        .map(|part| group(part, " "))
        .filter(|part| !part.is_empty())
        .collect();
    let other = written.iter().find(|part| can_draw(part));
    let first = (!alphabetic.is_empty()).then_some(&alphabetic);
    match (first, other) {
        (Some(first), Some(other)) if can_draw(first) => format!("{first} ({other})"),
        (Some(first), None) => first.clone(),
        (_, Some(other)) => other.clone(),
        (None, None) => written
            .into_iter()
            .next()
            .unwrap_or_else(|| "(no name)".to_owned()),
    }
}

/// One component group: the family name, then the rest with spaces between.
fn group(text: &str, after_family: &str) -> String {
    let parts: Vec<&str> = text
        .split('^')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    match parts.split_first() {
        Some((family, [])) => (*family).to_owned(),
        Some((family, rest)) => format!("{family}{after_family}{}", rest.join(" ")),
        None => String::new(),
    }
}

/// `20260122` → `2026-01-22`; anything else as it is.
pub fn date(date: &str) -> String {
    match (date.get(0..4), date.get(4..6), date.get(6..8)) {
        (Some(year), Some(month), Some(day)) if date.len() == 8 => format!("{year}-{month}-{day}"),
        _ => date.to_owned(),
    }
}
