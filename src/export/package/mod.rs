//! All files of an export, made of one audited plan. The window and the `export` command both
//! write here.

mod file_names;
mod writer;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;

pub use self::file_names::{file_stems, sheet_paths};
use self::writer::Writer;
use super::audited::{AuditedNeedle, AuditedPlan, unused_name};
use super::record::{PlanRecord, evidence_of, tracking_uid};
use super::sheet::Paper;
use crate::dicom::identity::{self, Identity};
use crate::plan::NeedleCatalogue;
use crate::study::{Series, VoiFunction, WindowLevel};
use crate::volume::Volume;

/// Which files, and how.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ExportChoice {
    /// DICOM structured report.
    pub sr: Option<PathBuf>,
    /// 3D Slicer markups.
    pub markups: Option<PathBuf>,
    /// Table.
    pub csv: Option<PathBuf>,
    /// Procedure sheet. Where several needles are printed, each has a file of its own with the
    /// needle's name behind that of this file.
    pub pdf: Option<PathBuf>,
    /// Folder of pictures.
    pub png: Option<PathBuf>,
    /// Folder of DICOM Secondary Captures.
    pub captures: Option<PathBuf>,
    /// Size of the sheet.
    pub paper: Paper,
    /// Name of the needle that sheet and pictures show; `None` for all.
    pub needle: Option<String>,
    /// Nothing that tells who the patient is.
    pub anonymous: bool,
    /// The person says that the plan is finished.
    pub complete: bool,
}

impl ExportChoice {
    /// No file is chosen.
    pub fn is_empty(&self) -> bool {
        [
            &self.sr,
            &self.markups,
            &self.csv,
            &self.pdf,
            &self.png,
            &self.captures,
        ]
        .into_iter()
        .all(Option::is_none)
    }
}

/// The images a plan lies on, as exports need them.
#[derive(Debug, Clone)]
pub struct ExportImages {
    /// Voxels.
    pub volume: Arc<Volume>,
    /// The series they come from: evidence, and whose study it is.
    pub series: Arc<Series>,
    /// Window of the pictures, modality values.
    pub window: WindowLevel,
    /// How it is applied.
    pub function: VoiFunction,
}

/// A plan ready to leave.
#[derive(Debug, Clone)]
pub struct Package {
    /// The plan and what is said of it.
    pub audited: AuditedPlan,
    /// What it lies on; without it there are no pictures and no DICOM files.
    pub images: Option<ExportImages>,
    /// Name of the plan file without its folder; empty where it was never saved.
    pub plan_file: String,
    /// Needles to choose from.
    pub catalogue: &'static NeedleCatalogue,
}

/// What was written and what was not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exported {
    /// Complete files.
    pub files: Vec<PathBuf>,
    /// Why others are not there, a sentence each.
    pub failures: Vec<String>,
}

/// Why nothing was written.
#[derive(Debug, Error)]
pub enum ExportError {
    /// The guard.
    #[error(
        "Not exported: {}. Correct the plan, or override in the Plan tab with a reason",
        .0.join("; ")
    )]
    Objections(Vec<String>),
    /// Nothing to write.
    #[error("Not exported: no file is chosen")]
    NothingChosen,
    /// Nothing to write of.
    #[error("Not exported: the plan has no needle with both an entry and a target; place them")]
    NoNeedle,
    /// Another needle is asked for.
    #[error("Not exported: no needle with both ends is called {wanted:?}; there are {there}")]
    NoSuchNeedle {
        /// As asked for.
        wanted: String,
        /// Names there are.
        there: String,
    },
    /// The source images do not say whose they are.
    #[error("Not exported: {0}")]
    Identity(String),
    /// The person stopped it.
    #[error("The export was stopped")]
    Stopped,
}

impl Package {
    /// Writes what is chosen. Nothing is written while an objection stands. A file that fails is
    /// told and does not keep the others from being written; `progress` hears how many of how many
    /// are done.
    ///
    /// # Errors
    /// Why nothing, or no more, was written.
    pub fn write(
        &self,
        choice: &ExportChoice,
        progress: &dyn Fn(usize, usize) -> ControlFlow<()>,
    ) -> Result<Exported, ExportError> {
        let mut writer = self.writer(choice)?;
        let total = writer.steps().len();
        for (index, step) in writer.steps().into_iter().enumerate() {
            if progress(index, total).is_break() {
                return Err(ExportError::Stopped);
            }
            step(&mut writer);
        }
        Ok(writer.done)
    }

    fn writer<'a>(&'a self, choice: &'a ExportChoice) -> Result<Writer<'a>, ExportError> {
        if choice.is_empty() {
            return Err(ExportError::NothingChosen);
        }
        let objections = self.audited.objections();
        if !objections.is_empty() {
            return Err(ExportError::Objections(objections));
        }
        let needles: Vec<&AuditedNeedle> = self.audited.complete().collect();
        if needles.is_empty() {
            return Err(ExportError::NoNeedle);
        }
        let identity = self.identity()?;
        let evidence = self.images.iter().map(|images| evidence_of(&images.series));
        let record = self
            .audited
            .record(identity.clone(), evidence.collect(), self.catalogue);
        let telling = identity.as_ref().map(Identity::telling_words);
        let mut record = if choice.anonymous {
            record.anonymous()
        } else {
            record
        };
        record.complete = choice.complete;
        make_unique(&mut record);
        let names = record.needles.iter().map(|needle| needle.name.clone());
        let wanted = |needle: &&AuditedNeedle| {
            let name = choice.needle.as_ref();
            name.is_none_or(|name| *name == needle.name)
        };
        let there: Vec<&str> = needles.iter().map(|needle| needle.name.as_str()).collect();
        let there = there.join(", ");
        let shown: Vec<_> = needles
            .into_iter()
            .zip(names)
            .filter(|(needle, _)| wanted(needle))
            .collect();
        if shown.is_empty() {
            let wanted = choice.needle.clone().unwrap_or_default();
            return Err(ExportError::NoSuchNeedle { wanted, there });
        }
        Ok(Writer {
            package: self,
            choice,
            record,
            identity: identity.filter(|_| !choice.anonymous),
            telling: telling.filter(|_| choice.anonymous).unwrap_or_default(),
            shown,
            done: Exported::default(),
        })
    }

    fn identity(&self) -> Result<Option<Identity>, ExportError> {
        let Some(images) = &self.images else {
            return Ok(None);
        };
        // Stacks of one series may differ in their frame of reference.
        let frame = &images.volume.frame_of_reference;
        let all = &images.series.instances;
        let first = all.iter().find(|one| one.frame_of_reference == *frame);
        let Some(first) = first.or(all.first()) else {
            return Ok(None);
        };
        identity::read(first.path.as_ref())
            .map(Some)
            .map_err(|error| ExportError::Identity(error.to_string()))
    }

    fn series_title(&self) -> String {
        let images = self.images.as_ref();
        images.map_or_else(String::new, |images| {
            format!("{} {}", images.series.modality, images.series.title())
        })
    }
}

/// Two needles that were given the same name share no tracking UID.
fn make_unique(record: &mut PlanRecord) {
    let frame = record.frame_of_reference.clone();
    let mut taken = HashSet::new();
    for needle in &mut record.needles {
        let name = unused_name(&needle.name, &mut taken);
        if name != needle.name {
            needle.tracking_uid = tracking_uid(frame.as_ref(), &name);
            needle.name = name;
        }
    }
}
