//! The procedure sheet: one page that is pinned beside the table.
//!
//! [`SheetContent`] says what stands on it, [`layout`] gives the page with the room of every text,
//! `pdf` the finished file. What is not known is printed as a dash with the reason, never left
//! out silently and never 0.

mod clearances;
mod content;
mod figures;
mod header;
mod lists;
mod numbers;
mod page;
mod pdf;
mod protractor;
mod text;
mod words;

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

pub use content::{
    Clearance, Heading, Identity, Lists, Numbers, Origin, RangeCheck, SheetContent, SheetNeedle,
    Verdict,
};
pub use page::{Area, Page, TextBox};

/// Printed on every sheet.
pub const DISCLAIMER: &str =
    "Planning and teaching software, not a certified medical device. Check every number.";

/// White edge that office printers cannot print on, mm.
const MARGIN_MM: f64 = 9.0;

/// Size of the sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Paper {
    /// 210 × 297 mm (ISO 216).
    #[default]
    A4,
    /// 8.5 × 11 inches (ANSI A).
    Letter,
}

impl Paper {
    /// Columns and rows of the figures that fill their places, about 300 pixels an inch.
    pub const fn figure_pixels(self) -> [usize; 2] {
        match self {
            Self::A4 => [740, 662],
            Self::Letter => [762, 590],
        }
    }

    /// Height of the figures, mm.
    const fn figure_mm(self) -> f64 {
        match self {
            Self::A4 => 56.0,
            Self::Letter => 50.0,
        }
    }

    /// Width and height, mm.
    pub const fn size_mm(self) -> [f64; 2] {
        match self {
            Self::A4 => [210.0, 297.0],
            Self::Letter => [215.9, 279.4],
        }
    }
}

/// Why a sheet was not made.
#[derive(Debug, Error)]
pub enum SheetError {
    /// A figure's greys are not as many as its size says.
    #[error("Figure {title:?} has {greys} greys for {} × {} pixels", .size[0], .size[1])]
    Figure {
        /// Its title.
        title: String,
        /// Columns and rows.
        size: [usize; 2],
        /// How many there are.
        greys: usize,
    },
    /// The typeface cannot be cut down to the letters used.
    #[error("The typeface cannot be embedded: {0}")]
    Typeface(String),
    /// The file system refuses.
    #[error("Cannot write {}: {source}. Choose a folder you may write to.", path.display())]
    Write {
        /// File that was to be written.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

/// Writes the sheet as a PDF file, completely or not at all.
pub fn write(path: &Path, content: &SheetContent, paper: Paper) -> Result<(), SheetError> {
    let bytes = to_pdf(content, paper)?;
    crate::dicom::atomic_file::write(path, &bytes).map_err(|source| SheetError::Write {
        path: path.to_owned(),
        source,
    })
}

/// The sheet as a PDF file (ISO 32000-1), one page, letters embedded and extractable.
pub fn to_pdf(content: &SheetContent, paper: Paper) -> Result<Vec<u8>, SheetError> {
    for figure in &content.figures {
        let [width, height] = figure.size;
        if width.checked_mul(height) != Some(figure.greys.len()) || figure.greys.is_empty() {
            return Err(SheetError::Figure {
                title: figure.title.clone(),
                size: figure.size,
                greys: figure.greys.len(),
            });
        }
    }
    pdf::write(
        &layout(content, paper),
        &content.figures,
        &content.origin.program,
    )
}

/// The page before it becomes a file.
///
/// Places and sizes do not depend on the content, so that a number is found where it always was;
/// only the lists in the lower half share their room.
pub fn layout(content: &SheetContent, paper: Paper) -> Page {
    let size = paper.size_mm();
    let mut page = Page::new(size);
    let mut rest = Area {
        x: 0.0,
        y: 0.0,
        w: size[0],
        h: size[1],
    }
    .inset(MARGIN_MM, MARGIN_MM);
    let footer = rest.cut_bottom(6.5, 1.5);
    header::draw(&mut page, rest.cut_top(19.0, 1.5), content);
    header::verdict(&mut page, rest.cut_top(6.3, 1.5), content);
    numbers::draw(&mut page, rest.cut_top(57.0, 2.0), content);
    let row = rest.cut_top(paper.figure_mm() + figures::TITLE_MM, 2.0);
    figures::draw(&mut page, row, &content.figures);
    let columns = rest.columns(&[1.04, 1.0], 3.0);
    if let [mut left, right] = columns[..] {
        let radius = if paper == Paper::A4 { 34.0 } else { 29.0 };
        let angles = left.cut_bottom(protractor::height_mm(radius), 2.0);
        protractor::draw(&mut page, angles, &content.numbers, radius);
        clearances::draw(&mut page, left, content);
        lists::draw(&mut page, right, content);
    }
    header::footer(&mut page, footer, &content.origin);
    page
}

#[cfg(test)]
mod tests;
