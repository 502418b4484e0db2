//! Needles as a table: RFC 4180, UTF-8, one row for each needle, units in the names of columns.
//!
//! The table names no patient. `docs/exports.md` lists the columns.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::quantity::Quantity;
use super::record::{NeedleRecord, PlanRecord};
use crate::dicom::atomic_file;
use crate::geometry::Point;

/// Why a table was not written.
#[derive(Debug, Error)]
pub enum CsvError {
    /// Nothing to write.
    #[error("The plan has no needle with both an entry and a target; place them, then export")]
    NoNeedle,
    /// The file system refuses.
    #[error("Cannot write {}: {source}. Choose a folder you may write to", path.display())]
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Writes the table.
pub fn export_csv(record: &PlanRecord, path: &Path) -> Result<(), CsvError> {
    if record.needles.is_empty() {
        return Err(CsvError::NoNeedle);
    }
    let text = table(record);
    atomic_file::write(path, text.as_bytes()).map_err(|source| CsvError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Columns that every table has, before the numbers.
const FIXED: [&str; 16] = [
    "needle",
    "tracking_uid",
    "frame_of_reference_uid",
    "patient_position",
    "procedure_id",
    "procedure",
    "level",
    "side",
    "needle_id",
    "needle_type",
    "entry_x_lps_mm",
    "entry_y_lps_mm",
    "entry_z_lps_mm",
    "target_x_lps_mm",
    "target_y_lps_mm",
    "target_z_lps_mm",
];

/// The table as text.
fn table(record: &PlanRecord) -> String {
    let needles = &record.needles;
    // Those that any needle has, in their own order; one quantity may come in two units.
    let mut numbers: Vec<String> = Vec::new();
    for quantity in Quantity::ALL {
        for number in needles.iter().flat_map(|needle| &needle.quantities) {
            if number.quantity == quantity && !numbers.contains(&number.key()) {
                numbers.push(number.key());
            }
        }
    }
    let mut structures: Vec<&str> = Vec::new();
    for clearance in needles.iter().flat_map(|needle| &needle.clearances) {
        if !structures.contains(&clearance.structure.as_str()) {
            structures.push(&clearance.structure);
        }
    }
    let mut header: Vec<String> = FIXED.iter().map(|&name| name.to_owned()).collect();
    header.extend(numbers.iter().cloned());
    for structure in &structures {
        header.push(format!("clearance_to {structure} (mm)"));
        header.push(format!("clearance_depth_to {structure} (mm)"));
    }
    let header = header.iter().map(|name| text(name)).collect::<Vec<_>>();
    let mut lines = vec![header.join(",")];
    for needle in needles {
        let mut cells = fixed(record, needle);
        cells.extend(numbers.iter().map(|key| {
            let number = needle.quantities.iter().find(|one| &one.key() == key);
            number.map(|one| one.value.to_string()).unwrap_or_default()
        }));
        for structure in &structures {
            let own = needle
                .clearances
                .iter()
                .find(|one| one.structure == *structure);
            let depth_mm = own.and_then(|one| one.depth_mm);
            for value in [own.map(|one| one.distance_mm), depth_mm] {
                cells.push(value.map(|mm| mm.to_string()).unwrap_or_default());
            }
        }
        lines.push(cells.join(","));
    }
    // RFC 4180: every line ends with CRLF.
    lines.join("\r\n") + "\r\n"
}

fn fixed(record: &PlanRecord, needle: &NeedleRecord) -> Vec<String> {
    let procedure = needle.procedure.as_ref();
    let frame = record.frame_of_reference.as_ref();
    let position = record.patient_position;
    let words = [
        Some(needle.name.clone()),
        Some(needle.tracking_uid.clone()),
        frame.map(ToString::to_string),
        position.map(|position| position.code().to_owned()),
        procedure.map(|procedure| procedure.id.clone()),
        procedure.map(|procedure| procedure.title.clone()),
        needle.level.map(|level| level.to_string()),
        needle.side.map(|side| side.word().to_owned()),
        needle.needle_id.clone(),
        Some(needle.needle_text.clone()),
    ];
    let words = words.map(|word| text(&word.unwrap_or_default()).into_owned());
    let ends = [needle.entry, needle.target];
    let numbers = ends
        .into_iter()
        .flat_map(Point::to_array)
        .map(|coordinate| coordinate.to_string());
    words.into_iter().chain(numbers).collect()
}

/// A cell of text. What a spreadsheet would run as a formula gets an apostrophe before it, which
/// spreadsheets do not show; quotes are doubled and the cell quoted where RFC 4180 asks for it.
fn text(text: &str) -> Cow<'_, str> {
    let runs = text
        .trim_start()
        .starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
        || text.starts_with(['\t', '\r', '\n']);
    let guarded = if runs {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    };
    if guarded.contains([',', '"', '\r', '\n']) || guarded != guarded.trim() {
        return Cow::Owned(format!("\"{}\"", guarded.replace('"', "\"\"")));
    }
    guarded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_run_as_formulas() {
        for (cell, wanted) in [
            ("L4-5 right", "L4-5 right"),
            ("a,b", "\"a,b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\r\nlines", "\"two\r\nlines\""),
            ("=1+1", "'=1+1"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            (" =1", "\"' =1\""),
            ("\t=1", "\"'\t=1\""),
            ("＝1", "'＝1"),
            ("", ""),
        ] {
            let written = text(cell);
            // A quoted cell holds what is between the quotes.
            let same = written == wanted || written.trim_matches('"') == wanted.trim_matches('"');
            assert!(same, "{cell:?} became {written:?}");
            let inside = written.trim_start_matches('"');
            assert!(
                !inside.starts_with(['=', '+', '-', '@', '\t', '\r']),
                "{written:?}"
            );
        }
    }
}
