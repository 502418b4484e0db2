//! What exported files are called.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// Names as parts of file names, no two alike even where case does not count.
pub fn file_stems(names: &[&str]) -> Vec<String> {
    const LONGEST: usize = 60;
    let mut taken = HashSet::new();
    let stem = |name: &&str| {
        let mut stem = String::new();
        for letter in name.chars().take(LONGEST) {
            if letter.is_alphanumeric() {
                stem.push(letter);
            } else if !stem.is_empty() && !stem.ends_with('-') {
                stem.push('-');
            }
        }
        let stem = match stem.trim_end_matches('-') {
            "" => "needle",
            stem => stem,
        };
        let mut free = stem.to_owned();
        let mut number = 2_usize;
        while !taken.insert(free.to_lowercase()) {
            free = format!("{stem}-{number}");
            number += 1;
        }
        free
    };
    names.iter().map(stem).collect()
}

/// Files of the sheets: the one asked for, or one a needle.
pub fn sheet_paths(pdf: &Path, names: &[&str]) -> Vec<PathBuf> {
    if names.len() <= 1 {
        return vec![pdf.to_owned()];
    }
    let stem = pdf.file_stem().unwrap_or_default().to_string_lossy();
    file_stems(names)
        .into_iter()
        .map(|name| pdf.with_file_name(format!("{stem}-{name}.pdf")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_file_names_that_differ() {
        let names = ["L4-5 right, facet", "l4 5 right/facet", "..", "左", ""];
        assert_eq!(
            file_stems(&names),
            [
                "L4-5-right-facet",
                "l4-5-right-facet-2",
                "needle",
                "左",
                "needle-2"
            ]
        );
        let pdf = Path::new("out/sheet.pdf");
        assert_eq!(sheet_paths(pdf, &["a"]), [pdf]);
        let two = sheet_paths(pdf, &["a", "b"]);
        assert_eq!(
            two,
            [
                Path::new("out/sheet-a.pdf").to_owned(),
                Path::new("out/sheet-b.pdf").to_owned()
            ]
        );
    }
}
