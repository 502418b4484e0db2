//! One export under way: each kind of file in its turn.

use std::path::{Path, PathBuf};

use super::file_names::{file_stems, sheet_paths};
use super::{ExportChoice, Exported, Package};
use crate::dicom::identity::Identity;
use crate::export::audited::AuditedNeedle;
use crate::export::capture::{Picture, export_captures};
use crate::export::csv::export_csv;
use crate::export::figure::{Figure, FigureKind, NeedleScene, needle_figure};
use crate::export::markups::export_markups;
use crate::export::record::PlanRecord;
use crate::export::sheet::{self, Origin};
use crate::export::sheet_of::{SheetScene, tail};
use crate::export::sr::export_sr;

/// Columns and rows of pictures that are files of their own.
const PICTURE_PIXELS: [usize; 2] = [1024, 1024];

/// What one export is made of.
pub(super) struct Writer<'a> {
    pub(super) package: &'a Package,
    pub(super) choice: &'a ExportChoice,
    pub(super) record: PlanRecord,
    /// As in the images, for the sheet; `None` hides it.
    pub(super) identity: Option<Identity>,
    pub(super) telling: Vec<String>,
    /// Needles of sheet and pictures, each with its name in this export.
    pub(super) shown: Vec<(&'a AuditedNeedle, String)>,
    pub(super) done: Exported,
}

pub(super) type Step<'a> = fn(&mut Writer<'a>);

impl<'a> Writer<'a> {
    /// What is to be done, in its order.
    pub(super) fn steps(&self) -> Vec<Step<'a>> {
        let choice = self.choice;
        let all: [(bool, Step<'a>); 6] = [
            (choice.sr.is_some(), Self::sr),
            (choice.markups.is_some(), Self::markups),
            (choice.csv.is_some(), Self::csv),
            (choice.pdf.is_some(), Self::sheets),
            (choice.png.is_some(), Self::pictures),
            (choice.captures.is_some(), Self::captures),
        ];
        let wanted = all.into_iter().filter(|(wanted, _)| *wanted);
        wanted.map(|(_, step)| step).collect()
    }

    fn note<T>(&mut self, path: &Path, result: Result<T, impl std::fmt::Display>) {
        match result {
            Ok(_) => self.done.files.push(path.to_owned()),
            Err(error) => self
                .done
                .failures
                .push(format!("Not written: {}: {error}", path.display())),
        }
    }

    fn sr(&mut self) {
        if let Some(path) = &self.choice.sr {
            let result = export_sr(&self.record, path);
            self.note(path, result);
        }
    }

    fn markups(&mut self) {
        if let Some(path) = &self.choice.markups {
            let result = export_markups(&self.record, path);
            self.note(path, result);
        }
    }

    fn csv(&mut self) {
        if let Some(path) = &self.choice.csv {
            let result = export_csv(&self.record, path);
            self.note(path, result);
        }
    }

    fn sheets(&mut self) {
        let Some(pdf) = &self.choice.pdf else { return };
        let frame = self.record.frame_of_reference.as_ref();
        let plan_file = if self.choice.anonymous {
            String::new()
        } else {
            self.package.plan_file.clone()
        };
        let series = self.package.series_title();
        let scene = SheetScene {
            audited: &self.package.audited,
            identity: self.identity.as_ref(),
            telling: &self.telling,
            series: &series,
            origin: Origin {
                program: concat!("Stylet ", env!("CARGO_PKG_VERSION")).to_owned(),
                plan_file,
                frame_tail: frame.map(|frame| tail(frame.as_str())).unwrap_or_default(),
                date: crate::study::person::date(&self.record.made.date),
            },
        };
        let paths = sheet_paths(pdf, &self.names());
        let paper = self.choice.paper;
        let made: Vec<_> = self
            .shown
            .iter()
            .zip(paths)
            .map(|((needle, name), path)| {
                // A sheet without pictures is still a sheet; why there are none is told.
                let (figures, why) = match self.figures(needle, paper.figure_pixels()) {
                    Ok(figures) => (figures, None),
                    Err(why) => (Vec::new(), Some(format!("No pictures on the sheet: {why}"))),
                };
                let content = scene.content(needle, name, figures);
                (sheet::write(&path, &content, paper), path, why)
            })
            .collect();
        for (result, path, why) in made {
            self.note(&path, result);
            self.done.failures.extend(why);
        }
    }

    fn pictures(&mut self) {
        let Some(folder) = &self.choice.png else {
            return;
        };
        if let Err(error) = std::fs::create_dir_all(folder) {
            self.note(folder, Err::<(), _>(error));
            return;
        }
        let stems = file_stems(&self.names());
        let shown: Vec<_> = self.shown.iter().map(|(needle, _)| *needle).collect();
        for (needle, stem) in shown.into_iter().zip(stems) {
            let figures = match self.figures(needle, PICTURE_PIXELS) {
                Ok(figures) => figures,
                Err(why) => {
                    self.note(folder, Err::<(), _>(why));
                    continue;
                }
            };
            for (figure, kind) in figures.iter().zip(FigureKind::ALL) {
                let word = match kind {
                    FigureKind::Axial => "axial",
                    FigureKind::Along => "along",
                    FigureKind::Down => "down",
                };
                let path = folder.join(format!("{stem}-{word}.png"));
                let result = figure.write_png(&path);
                self.note(&path, result);
            }
        }
    }

    fn captures(&mut self) {
        let Some(folder) = &self.choice.captures else {
            return;
        };
        let made = std::fs::create_dir_all(folder)
            .map_err(|error| error.to_string())
            .and_then(|()| self.write_captures(folder));
        match made {
            Ok(files) => self.done.files.extend(files),
            Err(error) => self.note(folder, Err::<(), _>(error)),
        }
    }

    fn write_captures(&self, folder: &Path) -> Result<Vec<PathBuf>, String> {
        let mut drawn: Vec<(String, [usize; 2], Vec<u8>)> = Vec::new();
        for (needle, name) in &self.shown {
            for figure in self.figures(needle, PICTURE_PIXELS)? {
                let greys = figure.burned_in().map_err(|error| error.to_string())?;
                let rgb = greys.into_iter().flat_map(|grey| [grey; 3]).collect();
                drawn.push((format!("{name}: {}", figure.title), figure.size, rgb));
            }
        }
        let pictures: Vec<Picture<'_>> = drawn
            .iter()
            .map(|(title, size, rgb)| Picture {
                title,
                size: *size,
                rgb,
                tells_patient: false,
            })
            .collect();
        export_captures(&self.record, &pictures, folder).map_err(|error| error.to_string())
    }

    fn names(&self) -> Vec<&str> {
        self.shown.iter().map(|(_, name)| name.as_str()).collect()
    }

    fn figures(&self, needle: &AuditedNeedle, size: [usize; 2]) -> Result<Vec<Figure>, String> {
        let images = self.package.images.as_ref();
        let images = images.ok_or("No images: open the study the plan was drawn on")?;
        let path = needle
            .trajectory
            .segment()
            .ok_or("No target and entry yet")?;
        let scene = NeedleScene {
            volume: &images.volume,
            needle: path,
            position: self.package.audited.position,
            window: images.window,
            function: images.function,
        };
        FigureKind::ALL
            .into_iter()
            .map(|kind| needle_figure(kind, &scene, size).map_err(|error| error.to_string()))
            .collect()
    }
}
