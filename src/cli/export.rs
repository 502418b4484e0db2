//! `stylet export`: the files that leave the room with a plan.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::plan_audit::{AuditArgs, PlanAudit};
use super::plan_images::PlanImages;
use super::{CliError, print_line};
use crate::app::presentation::{Presentation, percentile_range};
use crate::export::package::{ExportChoice, ExportError, ExportImages, Package};
use crate::export::sheet::Paper;
use crate::study::{VoiFunction, WindowLevel};

/// Arguments of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    #[command(flatten)]
    given: AuditArgs,
    /// DICOM structured report (Comprehensive 3D SR)
    #[arg(long, value_name = "FILE")]
    sr: Option<PathBuf>,
    /// 3D Slicer markups (*.mrk.json)
    #[arg(long, value_name = "FILE")]
    markups: Option<PathBuf>,
    /// Table, one row a needle
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Procedure sheet; with several needles one file each, the needle's name behind this one
    #[arg(long, value_name = "FILE")]
    pdf: Option<PathBuf>,
    /// Folder for pictures: three of each needle
    #[arg(long, value_name = "FOLDER")]
    png: Option<PathBuf>,
    /// Folder for the same pictures as DICOM Secondary Captures in the study
    #[arg(long, value_name = "FOLDER")]
    captures: Option<PathBuf>,
    /// Size of the sheet
    #[arg(long, value_enum, default_value_t)]
    paper: PaperName,
    /// The needle that sheet and pictures show; without it all
    #[arg(long, value_name = "NAME")]
    needle: Option<String>,
    /// Leave out everything that tells who the patient is
    #[arg(long)]
    anonymous: bool,
    /// Say in the report that the plan is finished (COMPLETE instead of PARTIAL)
    #[arg(long)]
    complete: bool,
    /// Centre and width of the window of the pictures; without it the header's, else a fitting one
    #[arg(long, value_name = "C,W", value_parser = super::numbers::window, allow_hyphen_values = true)]
    window: Option<WindowLevel>,
}

/// A size of paper by name.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum PaperName {
    /// 210 × 297 mm
    #[default]
    A4,
    /// 8.5 × 11 inches
    Letter,
}

/// Writes the files that are asked for.
///
/// # Errors
/// Exit code 1 while an objection stands, with nothing written, and where a file could not be
/// written; 2 when nothing was asked for or something cannot be read.
pub fn run(args: &ExportArgs) -> Result<(), CliError> {
    let choice = choice(args);
    if choice.is_empty() {
        return Err(CliError::Usage(
            "Say what to write: --sr, --markups, --csv, --pdf, --png or --captures".to_owned(),
        ));
    }
    let PlanAudit {
        audited,
        images,
        catalogue,
        ..
    } = args.given.audit()?;
    let name = args.given.plan.file_name();
    let package = Package {
        audited,
        images: Some(export_images(images, args.window)),
        plan_file: name.unwrap_or_default().to_string_lossy().into_owned(),
        catalogue,
    };
    let done = package
        .write(&choice, &|_, _| ControlFlow::Continue(()))
        .map_err(|error| match error {
            ExportError::NoSuchNeedle { .. } => CliError::Usage(error.to_string()),
            error => CliError::failure(error),
        })?;
    for file in &done.files {
        print_line(&file.display().to_string())?;
    }
    if done.failures.is_empty() {
        Ok(())
    } else {
        Err(CliError::Failure(done.failures.join("\n")))
    }
}

fn choice(args: &ExportArgs) -> ExportChoice {
    ExportChoice {
        sr: args.sr.clone(),
        markups: args.markups.clone(),
        csv: args.csv.clone(),
        pdf: args.pdf.clone(),
        png: args.png.clone(),
        captures: args.captures.clone(),
        paper: match args.paper {
            PaperName::A4 => Paper::A4,
            PaperName::Letter => Paper::Letter,
        },
        needle: args.needle.clone(),
        anonymous: args.anonymous,
        complete: args.complete,
    }
}

fn export_images(images: PlanImages, window: Option<WindowLevel>) -> ExportImages {
    let PlanImages {
        volume,
        series,
        stack,
        ..
    } = images;
    let first = series
        .stacks
        .get(stack)
        .and_then(|stack| stack.frames.first())
        .and_then(|at| series.instances.get(at.instance)?.voi(at.frame));
    let own = Presentation::new(first, volume.unit(), percentile_range(&volume));
    let (window, function) = match window {
        Some(window) => (window, VoiFunction::Linear),
        None => (own.window, own.function),
    };
    ExportImages {
        volume,
        series,
        window,
        function,
    }
}
